/* Values of the official suite's scripts: arguments and expectations (layer 7).
 *
 * Expectations are judged by the deterministic profile: `nan:canonical` and `nan:arithmetic` both
 * stand for the positive canonical NaN, bit for bit; an `either` has no answer of its own, the
 * table of exceptions gives it (spec_exceptions.h). */
#ifndef RP_CONFORMANCE_SPEC_VALUE_H
#define RP_CONFORMANCE_SPEC_VALUE_H

#include "core/arena.h"
#include "core/buffer.h"
#include "core/json.h"
#include "reprise/reprise.h"

enum rp_spec_form {
    RP_SPEC_BITS,     /* a number or vector with exactly these bits */
    RP_SPEC_HOST_REF, /* the host reference `ref` */
    RP_SPEC_NULL_REF, /* a null reference of any kind */
    RP_SPEC_SOME_REF, /* a reference of kind `kind_name` that is not null */
    RP_SPEC_EITHER    /* an answer that only the table of exceptions knows */
};

struct rp_spec_value {
    enum rp_spec_form form;
    const char *kind_name; /* as in the script: "i32", "v128", "refnull" …; constant */
    int kind;              /* enum rp_valkind, or 0 if the engine has no such kind yet */
    uint64_t ref;
    uint8_t bits[16]; /* little-endian; what the kind does not use is zero */
};

/* Parses one value of an `args` or `expected` list. ERROR_MALFORMED with the reason in the report.
 */
rp_status rp_spec_value_parse(const struct rp_json *json, struct rp_spec_value *out_value,
                              rp_report *report);

/* The argument for a call; false if the engine has no such kind of value. */
bool rp_spec_value_argument(const struct rp_spec_value *value, rp_value *out_value);

bool rp_spec_value_matches(const struct rp_spec_value *expected, const rp_value *got);

/* For people: "f32 0x7fc00000", "externref 1", "funcref null". */
void rp_spec_value_print(struct rp_buffer *out, const struct rp_spec_value *value);
void rp_spec_value_print_got(struct rp_buffer *out, const rp_value *value);

#endif
