/* MessagePack, one form for each value (layer 0; adapter for msgpack-c; the MessagePack
 * specification).
 *
 * Written: unsigned integers, booleans, nil, text, bytes, arrays, each in its shortest form. Read:
 * the same and nothing else. A failed read sets `error` to a constant text and `error_at` to the
 * byte at fault; the cursor then stands still and further reads give 0 and empty spans, so a parser
 * may check at the end of a group. Nothing is copied or allocated: a count is bounded by the
 * bytes that are left before anybody sees it. */
#ifndef RP_CORE_MSGPACK_H
#define RP_CORE_MSGPACK_H

#include "core/buffer.h"
#include "core/reader.h"
#include "reprise/reprise.h"

/* ---- writing: failures are the buffer's ---- */

void rp_msgpack_put_uint(struct rp_buffer *out, uint64_t value);
void rp_msgpack_put_bool(struct rp_buffer *out, bool value);
void rp_msgpack_put_nil(struct rp_buffer *out);
void rp_msgpack_put_text(struct rp_buffer *out, const void *data, uint32_t size); /* UTF-8 */
void rp_msgpack_put_bytes(struct rp_buffer *out, const void *data, uint32_t size);
/* The head of bytes that the caller appends, exactly `size` of them. */
void rp_msgpack_put_bytes_head(struct rp_buffer *out, uint32_t size);
void rp_msgpack_put_array(struct rp_buffer *out, uint32_t count);

/* ---- reading ---- */

struct rp_msgpack {
    const uint8_t *start; /* byte 0, for offsets */
    const uint8_t *pos;
    const uint8_t *end;
    const char *error;
    const uint8_t *error_at;
    bool ended; /* the error is that the bytes end inside of a value */
};

void rp_msgpack_init(struct rp_msgpack *reader, const uint8_t *start, size_t offset,
                     size_t end_offset);
/* The first error wins. `error` is a constant. */
void rp_msgpack_fail(struct rp_msgpack *reader, const uint8_t *at, const char *error);

uint64_t rp_msgpack_uint(struct rp_msgpack *reader, uint64_t max);
bool rp_msgpack_bool(struct rp_msgpack *reader);
/* Takes nil if it is next. */
bool rp_msgpack_is_nil(struct rp_msgpack *reader);
/* Whether bytes are next; takes nothing. */
bool rp_msgpack_next_is_bytes(const struct rp_msgpack *reader);
struct rp_span rp_msgpack_text(struct rp_msgpack *reader, uint32_t size_max); /* valid UTF-8 */
struct rp_span rp_msgpack_bytes(struct rp_msgpack *reader, uint32_t size_max);
/* Bytes of exactly this size, NULL on failure. */
const uint8_t *rp_msgpack_fixed_bytes(struct rp_msgpack *reader, uint32_t size);
/* The count of an array: at most `count_max` and at most the bytes that are left. */
uint32_t rp_msgpack_array(struct rp_msgpack *reader, uint32_t count_max);
/* An array of exactly this count; false on failure. */
bool rp_msgpack_tuple(struct rp_msgpack *reader, uint32_t count);

/* What an error means for who trusts nobody: the bytes end too early, or are not the one form. */
static inline rp_status rp_msgpack_status(const struct rp_msgpack *reader)
{
    return reader->error == NULL ? RP_OK
           : reader->ended       ? RP_ERROR_SNAPSHOT_TRUNCATED
                                 : RP_ERROR_SNAPSHOT_ENCODING;
}

static inline uint64_t rp_msgpack_offset(const struct rp_msgpack *reader)
{
    return (uint64_t)(reader->pos - reader->start);
}

#endif
