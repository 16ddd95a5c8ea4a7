/* Values of the official suite's scripts (layer 7; format: the suite's README, "Values"). */
#include "conformance/spec_value.h"

#include "core/assert.h"
#include "core/report.h"

#include <inttypes.h>
#include <string.h>

#define CANONICAL_NAN_F32 UINT64_C(0x7fc00000)
#define CANONICAL_NAN_F64 UINT64_C(0x7ff8000000000000)

/* Kinds of values: the name in the scripts, the engine's kind (0: none yet), bytes of a number (0:
 * a reference). `always_null` marks the kinds whose only value is null. */
struct value_kind {
    const char *name;
    int kind;
    unsigned size_bytes;
    bool is_float;
    bool always_null;
};

static const struct value_kind value_kinds[] = {
    {"i32", RP_I32, 4, false, false},
    {"i64", RP_I64, 8, false, false},
    {"f32", RP_F32, 4, true, false},
    {"f64", RP_F64, 8, true, false},
    {"v128", RP_V128, 16, false, false},
    {"funcref", RP_FUNCREF, 0, false, false},
    {"externref", RP_EXTERNREF, 0, false, false},
    {"anyref", 0, 0, false, false},
    {"eqref", 0, 0, false, false},
    {"i31ref", 0, 0, false, false},
    {"structref", 0, 0, false, false},
    {"arrayref", 0, 0, false, false},
    {"exnref", 0, 0, false, false},
    {"refnull", 0, 0, false, true},
    {"nullref", 0, 0, false, true},
    {"nullfuncref", RP_FUNCREF, 0, false, true},
    {"nullexternref", RP_EXTERNREF, 0, false, true},
    {"nullexnref", 0, 0, false, true},
};

struct lane_kind {
    const char *name;
    unsigned size_bytes;
    bool is_float;
};

static const struct lane_kind lane_kinds[] = {
    {"i8", 1, false},  {"i16", 2, false}, {"i32", 4, false},
    {"i64", 8, false}, {"f32", 4, true},  {"f64", 8, true},
};

static bool equals_text(const struct rp_json *json, const char *text)
{
    const char *data;
    size_t size;
    return rp_json_string(json, &data, &size) && size == strlen(text) &&
           memcmp(data, text, size) == 0;
}

static const struct value_kind *find_kind(const struct rp_json *name)
{
    for (size_t i = 0; i < RP_ARRAY_COUNT(value_kinds); i++) {
        if (equals_text(name, value_kinds[i].name)) {
            return &value_kinds[i];
        }
    }
    return NULL;
}

/* A decimal number, with a sign if it is negative, as the low `size_bytes` bytes of two's
 * complement. */
static bool parse_decimal(const struct rp_json *json, unsigned size_bytes, uint64_t *out_bits)
{
    const char *data;
    size_t size;
    if (!rp_json_string(json, &data, &size) || size == 0 || size > 21) {
        return false;
    }
    bool negative = data[0] == '-';
    size_t pos = negative ? 1 : 0;
    if (pos == size) {
        return false;
    }
    unsigned __int128 magnitude = 0;
    for (; pos < size; pos++) {
        if (data[pos] < '0' || data[pos] > '9') {
            return false;
        }
        magnitude = magnitude * 10 + (unsigned)(data[pos] - '0');
    }
    unsigned __int128 limit = (unsigned __int128)1 << (8 * size_bytes);
    if (negative ? magnitude > limit / 2 : magnitude >= limit) {
        return false;
    }
    uint64_t mask = (uint64_t)(limit - 1);
    *out_bits = (negative ? 0 - (uint64_t)magnitude : (uint64_t)magnitude) & mask;
    return true;
}

static bool parse_number(const struct rp_json *json, unsigned size_bytes, bool is_float,
                         uint8_t *out_bytes)
{
    uint64_t bits;
    if (is_float && (equals_text(json, "nan:canonical") || equals_text(json, "nan:arithmetic"))) {
        bits = size_bytes == 4 ? CANONICAL_NAN_F32 : CANONICAL_NAN_F64;
    } else if (!parse_decimal(json, size_bytes, &bits)) {
        return false;
    }
    memcpy(out_bytes, &bits, size_bytes);
    return true;
}

static bool parse_vector(const struct rp_json *json, uint8_t out_bytes[16])
{
    const struct rp_json *lane_name = rp_json_get(json, "lane_type");
    const struct rp_json *lanes = rp_json_get(json, "value");
    for (size_t k = 0; k < RP_ARRAY_COUNT(lane_kinds); k++) {
        const struct lane_kind *kind = &lane_kinds[k];
        if (!equals_text(lane_name, kind->name)) {
            continue;
        }
        size_t count = 16 / kind->size_bytes;
        bool good = rp_json_is_array(lanes) && rp_json_count(lanes) == count;
        for (size_t i = 0; good && i < count; i++) {
            good = parse_number(rp_json_at(lanes, i), kind->size_bytes, kind->is_float,
                                out_bytes + i * kind->size_bytes);
        }
        return good;
    }
    return false;
}

static bool parse_reference(const struct rp_json *json, const struct value_kind *kind,
                            struct rp_spec_value *value)
{
    const struct rp_json *content = rp_json_get(json, "value");
    if (kind->always_null || (content != NULL && equals_text(content, "null"))) {
        value->form = RP_SPEC_NULL_REF;
        return true;
    }
    if (content == NULL) {
        value->form = RP_SPEC_SOME_REF;
        return true;
    }
    value->form = RP_SPEC_HOST_REF;
    return parse_decimal(content, 8, &value->ref) && value->ref != RP_REF_NULL;
}

rp_status rp_spec_value_parse(const struct rp_json *json, struct rp_spec_value *out_value,
                              rp_report *report)
{
    const struct rp_json *name = rp_json_get(json, "type");
    struct rp_spec_value value = {.form = RP_SPEC_EITHER, .kind_name = "either"};
    if (equals_text(name, "either")) {
        *out_value = value;
        return RP_OK;
    }
    const struct value_kind *kind = find_kind(name);
    if (kind == NULL) {
        return rp_report_fail(report, RP_ERROR_MALFORMED, "a value of an unknown type");
    }
    value.kind_name = kind->name;
    value.kind = kind->kind;
    bool good;
    if (kind->size_bytes == 0) {
        good = parse_reference(json, kind, &value);
    } else {
        value.form = RP_SPEC_BITS;
        good = kind->kind == RP_V128 ? parse_vector(json, value.bits)
                                     : parse_number(rp_json_get(json, "value"), kind->size_bytes,
                                                    kind->is_float, value.bits);
    }
    if (!good) {
        return rp_report_fail(report, RP_ERROR_MALFORMED, "a value of type %s cannot be read",
                              kind->name);
    }
    *out_value = value;
    return RP_OK;
}

/* The bits of a number or vector, as rp_spec_value has them. */
static void copy_bits(const rp_value *value, uint8_t out_bits[16])
{
    memset(out_bits, 0, 16);
    switch (value->kind) {
    case RP_I32:
        memcpy(out_bits, &value->of.i32, 4);
        break;
    case RP_I64:
        memcpy(out_bits, &value->of.i64, 8);
        break;
    case RP_F32:
        memcpy(out_bits, &value->of.f32_bits, 4);
        break;
    case RP_F64:
        memcpy(out_bits, &value->of.f64_bits, 8);
        break;
    case RP_V128:
        memcpy(out_bits, value->of.v128, 16);
        break;
    case RP_FUNCREF:
    case RP_EXTERNREF:
        memcpy(out_bits, &value->of.ref, 8);
        break;
    }
}

bool rp_spec_value_argument(const struct rp_spec_value *value, rp_value *out_value)
{
    if (value->kind == 0 || value->form == RP_SPEC_EITHER || value->form == RP_SPEC_SOME_REF) {
        return false;
    }
    rp_value argument = {.kind = (rp_valkind)value->kind};
    switch (value->form) {
    case RP_SPEC_BITS:
        memcpy(&argument.of, value->bits, sizeof argument.of);
        break;
    case RP_SPEC_HOST_REF:
        argument.of.ref = value->ref;
        break;
    default:
        argument.of.ref = RP_REF_NULL;
        break;
    }
    *out_value = argument;
    return true;
}

bool rp_spec_value_matches(const struct rp_spec_value *expected, const rp_value *got)
{
    bool is_reference = got->kind == RP_FUNCREF || got->kind == RP_EXTERNREF;
    uint8_t got_bits[16];
    switch (expected->form) {
    case RP_SPEC_BITS:
        copy_bits(got, got_bits);
        return (int)got->kind == expected->kind && memcmp(got_bits, expected->bits, 16) == 0;
    case RP_SPEC_NULL_REF:
        return is_reference && got->of.ref == RP_REF_NULL &&
               (expected->kind == 0 || (int)got->kind == expected->kind);
    case RP_SPEC_HOST_REF:
        return (int)got->kind == expected->kind && got->of.ref == expected->ref;
    case RP_SPEC_SOME_REF:
        return is_reference && (int)got->kind == expected->kind && got->of.ref != RP_REF_NULL;
    case RP_SPEC_EITHER:
        return false;
    }
    return false;
}

static void print_bits(struct rp_buffer *out, unsigned size_bytes, const uint8_t *bits)
{
    rp_buffer_printf(out, " 0x");
    for (unsigned i = size_bytes; i > 0; i--) {
        rp_buffer_printf(out, "%02x", bits[i - 1]);
    }
}

static unsigned find_size(int kind)
{
    for (size_t i = 0; i < RP_ARRAY_COUNT(value_kinds); i++) {
        if (value_kinds[i].kind == kind) {
            return value_kinds[i].size_bytes;
        }
    }
    return 0;
}

void rp_spec_value_print(struct rp_buffer *out, const struct rp_spec_value *value)
{
    rp_buffer_printf(out, "%s", value->kind_name);
    switch (value->form) {
    case RP_SPEC_BITS:
        print_bits(out, find_size(value->kind), value->bits);
        break;
    case RP_SPEC_HOST_REF:
        rp_buffer_printf(out, " %" PRIu64, value->ref);
        break;
    case RP_SPEC_NULL_REF:
        rp_buffer_printf(out, " null");
        break;
    case RP_SPEC_SOME_REF:
        rp_buffer_printf(out, " not null");
        break;
    case RP_SPEC_EITHER:
        rp_buffer_printf(out, " without a row in deterministic.tsv");
        break;
    }
}

void rp_spec_value_print_got(struct rp_buffer *out, const rp_value *value)
{
    uint8_t bits[16];
    const char *name = "unknown";
    for (size_t i = 0; i < RP_ARRAY_COUNT(value_kinds) && name[0] == 'u'; i++) {
        if (value_kinds[i].kind == (int)value->kind) {
            name = value_kinds[i].name;
        }
    }
    rp_buffer_printf(out, "%s", name);
    unsigned size_bytes = find_size((int)value->kind);
    if (size_bytes != 0) {
        copy_bits(value, bits);
        print_bits(out, size_bytes, bits);
    } else if (value->of.ref == RP_REF_NULL) {
        rp_buffer_printf(out, " null");
    } else {
        rp_buffer_printf(out, " %" PRIu64, value->of.ref);
    }
}
