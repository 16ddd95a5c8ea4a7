/* A bounds-checked cursor over WebAssembly's binary format (layer 0; core specification, chapter
 * 5).
 *
 * A failed read sets `error` to a constant text in the specification's words and `error_at` to the
 * byte at fault; the cursor then stands still and further reads give 0, so a parser may check at
 * the end of a group. Nothing is copied: spans point into the bytes. */
#ifndef RP_CORE_READER_H
#define RP_CORE_READER_H

#include "core/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_span {
    const uint8_t *data;
    size_t size;
};

bool rp_span_equal(struct rp_span left, struct rp_span right);
/* The order of the bytes, the shorter one first where one begins the other: below, at or above 0.
 */
int rp_span_compare(struct rp_span left, struct rp_span right);

struct rp_reader {
    const uint8_t *start; /* byte 0 of the module, for offsets */
    const uint8_t *pos;
    const uint8_t *end;
    const char *error;
    const uint8_t *error_at;
};

static inline void rp_reader_init(struct rp_reader *reader, const uint8_t *start, size_t offset,
                                  size_t end_offset)
{
    *reader = (struct rp_reader){.start = start, .pos = start + offset, .end = start + end_offset};
}

static inline uint64_t rp_reader_offset(const struct rp_reader *reader)
{
    return (uint64_t)(reader->pos - reader->start);
}

static inline size_t rp_reader_left(const struct rp_reader *reader)
{
    return (size_t)(reader->end - reader->pos);
}

/* Sets the error (the first one wins) and moves the cursor to the end. */
void rp_reader_fail(struct rp_reader *reader, const uint8_t *at, const char *error);

uint8_t rp_read_byte(struct rp_reader *reader);
uint32_t rp_read_u32_slow(struct rp_reader *reader);
uint64_t rp_read_u64(struct rp_reader *reader); /* LEB128, at most 10 bytes, unused bits zero */
int32_t rp_read_s32(struct rp_reader *reader);
int64_t rp_read_s33(struct rp_reader *reader);
int64_t rp_read_s64(struct rp_reader *reader);
uint32_t rp_read_f32_bits(struct rp_reader *reader);
uint64_t rp_read_f64_bits(struct rp_reader *reader);
struct rp_span rp_read_bytes(struct rp_reader *reader, size_t size);
struct rp_span rp_read_name(struct rp_reader *reader); /* length and valid UTF-8 */

static inline uint32_t rp_read_u32(struct rp_reader *reader)
{
    if (RP_LIKELY(reader->pos < reader->end && *reader->pos < 0x80)) {
        return *reader->pos++;
    }
    return rp_read_u32_slow(reader);
}

bool rp_utf8_valid(const uint8_t *data, size_t size);
/* The length of the valid UTF-8 sequence that `data` begins with; 0 if there is none. */
size_t rp_utf8_sequence(const uint8_t *data, size_t size);

#endif
