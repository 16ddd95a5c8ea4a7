/* Numbers, sizes, times and WebAssembly values as text (layer 7). Nothing depends on a locale: the
 * command never sets one. */
#ifndef RP_CLI_PARSE_H
#define RP_CLI_PARSE_H

#include "reprise/reprise.h"

/* Decimal or 0x; no sign, no space, nothing behind it. NULL, or what is wrong: "is not a number",
 * "does not fit into 64 bits". */
const char *rp_parse_number(const char *text, uint64_t *out_number);
/* A number, or one with KiB, MiB, GiB, TiB (K, M, G, T for short): powers of 1024; or kB, MB, GB,
 * TB: powers of 1000; or B. */
const char *rp_parse_size(const char *text, uint64_t *out_bytes);
/* Nanoseconds since 1970: a number, or 2026-01-31T12:00:00[.123456789](Z|+01:00). */
const char *rp_parse_time(const char *text, uint64_t *out_ns);

/* A value of a type, as --invoke takes it. NULL, or what is wrong. */
const char *rp_parse_value(const char *text, rp_valkind kind, rp_value *out_value);

#define RP_VALUE_TEXT_BYTES 64
/* As --invoke prints it: integers decimal and signed, floats in the shortest decimal that reads
 * back the same. */
void rp_print_value(const rp_value *value, char out_text[RP_VALUE_TEXT_BYTES]);
/* As results in JSON: integers decimal and signed, floats as bit patterns, references "null" or a
 * number. */
void rp_print_value_exact(const rp_value *value, char out_text[RP_VALUE_TEXT_BYTES]);

const char *rp_print_valkind(rp_valkind kind);

#endif
