/* JSON (adapter for jansson, layer 0): exact 64-bit integers, strings may hold U+0000. For the gas
 * schedule, results and test scripts. */
#ifndef RP_CORE_JSON_H
#define RP_CORE_JSON_H

#include "core/buffer.h"
#include "reprise/reprise.h"

struct rp_json; /* a value; children are borrowed from their parent */

/* Parses one JSON text (duplicate names refused). The root is owned by the caller and released with
 * rp_json_release. */
rp_status rp_json_parse(const void *data, size_t size, struct rp_json **out_root,
                        rp_report *report);
void rp_json_release(struct rp_json *root);

bool rp_json_is_object(const struct rp_json *value);
bool rp_json_is_array(const struct rp_json *value);
bool rp_json_is_null(const struct rp_json *value); /* also for NULL */
size_t rp_json_count(const struct rp_json *value); /* members or items; 0 for everything else */
const struct rp_json *rp_json_get(const struct rp_json *object,
                                  const char *name); /* NULL if absent */
const struct rp_json *rp_json_at(const struct rp_json *array, size_t index);
const char *rp_json_name_at(const struct rp_json *object,
                            size_t index); /* member names in the order of the text */
const struct rp_json *rp_json_value_at(const struct rp_json *object, size_t index);
bool rp_json_string(const struct rp_json *value, const char **out_data,
                    size_t *out_size);                             /* false if no string */
bool rp_json_int(const struct rp_json *value, int64_t *out_value); /* false if no integer */
/* The bits of the binary64 nearest to a number, which may be an integer; false if no number. The
 * host's floating-point mode must be the default one. */
bool rp_json_f64(const struct rp_json *value, uint64_t *out_bits);

/* Building. Setters consume their value, also on failure; a NULL value makes the call fail. */
struct rp_json *rp_json_new_object(void);
struct rp_json *rp_json_new_array(void);
struct rp_json *rp_json_new_string(const char *data,
                                   size_t size); /* invalid UTF-8 is replaced by U+FFFD */
struct rp_json *rp_json_new_int(int64_t value);
struct rp_json *rp_json_new_bool(bool value);
struct rp_json *rp_json_new_null(void);
bool rp_json_set(struct rp_json *object, const char *name, struct rp_json *value);
bool rp_json_add(struct rp_json *array, struct rp_json *value);
/* Appends a string with its quotes, for a line that is written without building it first. Controls
 * are escaped, invalid UTF-8 is replaced by U+FFFD. */
void rp_json_append_string(struct rp_buffer *out_text, const char *data, size_t size);
/* Appends a finite binary64 with 15 to 17 digits, as few as give the same number again, with a
 * fraction or an exponent. Mode as above. */
void rp_json_append_f64(struct rp_buffer *out_text, uint64_t bits);
bool rp_json_write(const struct rp_json *root,
                   struct rp_buffer *out_text); /* one line, no final newline */

#endif
