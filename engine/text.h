/* Writing WebAssembly text: a buffered sink, numbers and strings in the forms of the text format
 * (layer 2; core specification, chapter 6).
 *
 * Invariant: the output is ASCII. A sink that refuses sets `failed`; later writes are no-ops, so a
 * printer checks once at the end. */
#ifndef RP_ENGINE_TEXT_H
#define RP_ENGINE_TEXT_H

#include "core/reader.h"

#define RP_TEXT_CHUNK 16384u

struct rp_text_sink {
    /* Takes `size` bytes of text; false stops the printing. */
    bool (*write)(void *user, const void *data, size_t size);
    void *user;
};

struct rp_text {
    struct rp_text_sink sink;
    size_t used;
    size_t column; /* bytes on the present line */
    bool failed;
    char chunk[RP_TEXT_CHUNK];
};

void rp_text_init(struct rp_text *text, struct rp_text_sink sink);
/* Hands the rest to the sink. False if anything was refused. */
bool rp_text_finish(struct rp_text *text);

void rp_text_bytes(struct rp_text *text, const void *data, size_t size);
void rp_text_put(struct rp_text *text, const char *string);
void rp_text_byte(struct rp_text *text, char byte);
void rp_text_spaces(struct rp_text *text, size_t count);
void rp_text_u64(struct rp_text *text, uint64_t number);
void rp_text_i64(struct rp_text *text, int64_t number);
void rp_text_hex(struct rp_text *text, uint64_t number); /* 0x1f */

/* Exact: 0x1.8p+1, -inf, nan, nan:0x200000. `exponent_bits` and `mantissa_bits` tell the format. */
void rp_text_float(struct rp_text *text, uint64_t bits, unsigned exponent_bits,
                   unsigned mantissa_bits);

/* "quoted", everything outside of printable ASCII as \hh. */
void rp_text_quoted(struct rp_text *text, struct rp_span string);

/* $name, or $"quoted" when a character is none of an identifier's. The name is not empty. */
void rp_text_identifier(struct rp_text *text, struct rp_span name);

#endif
