/* Reading WebAssembly's binary format (layer 0; core specification, 5.2). The error texts are those
 * of the official tests. */
#include "core/reader.h"

#include "core/assert.h"

#include <string.h>

static const char error_end[] = "unexpected end";
static const char error_long[] = "integer representation too long";
static const char error_large[] = "integer too large";

bool rp_span_equal(struct rp_span left, struct rp_span right)
{
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

int rp_span_compare(struct rp_span left, struct rp_span right)
{
    size_t common = left.size < right.size ? left.size : right.size;
    int order = common == 0 ? 0 : memcmp(left.data, right.data, common);
    return order != 0 ? order : (left.size > right.size) - (left.size < right.size);
}

void rp_reader_fail(struct rp_reader *reader, const uint8_t *at, const char *error)
{
    RP_ASSERT(error != NULL);
    if (reader->error == NULL) {
        reader->error = error;
        reader->error_at = at;
    }
    reader->pos = reader->end;
}

uint8_t rp_read_byte(struct rp_reader *reader)
{
    if (reader->pos >= reader->end) {
        rp_reader_fail(reader, reader->end, error_end);
        return 0;
    }
    return *reader->pos++;
}

/* A LEB128 of at most `bits` significant bits, sign-extended to 64 if `is_signed`. */
static uint64_t read_leb(struct rp_reader *reader, unsigned bits, bool is_signed)
{
    uint64_t value = 0;
    unsigned shift = 0;
    for (;;) {
        const uint8_t *at = reader->pos;
        if (at >= reader->end) {
            rp_reader_fail(reader, reader->end, error_end);
            return 0;
        }
        uint8_t byte = *reader->pos++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        unsigned left = bits - shift; /* bits of this byte that count, if fewer than 7 */
        if (left <= 7) {
            if (byte & 0x80) {
                rp_reader_fail(reader, at, error_long);
                return 0;
            }
            /* Bits behind the last significant one are 0, or copies of the sign. */
            unsigned kept = is_signed ? left - 1 : left;
            unsigned rest = (unsigned)(byte & 0x7f) >> kept;
            if (rest != 0 && !(is_signed && rest == 0x7fu >> kept)) {
                rp_reader_fail(reader, at, error_large);
                return 0;
            }
        }
        shift += 7;
        if (!(byte & 0x80)) {
            if (is_signed && shift < 64 && (byte & 0x40)) {
                value |= UINT64_MAX << shift;
            }
            return value;
        }
    }
}

uint32_t rp_read_u32_slow(struct rp_reader *reader)
{
    return (uint32_t)read_leb(reader, 32, false);
}

uint64_t rp_read_u64(struct rp_reader *reader)
{
    return read_leb(reader, 64, false);
}

int32_t rp_read_s32(struct rp_reader *reader)
{
    return (int32_t)(uint32_t)read_leb(reader, 32, true);
}

int64_t rp_read_s33(struct rp_reader *reader)
{
    return (int64_t)read_leb(reader, 33, true);
}

int64_t rp_read_s64(struct rp_reader *reader)
{
    return (int64_t)read_leb(reader, 64, true);
}

uint32_t rp_read_f32_bits(struct rp_reader *reader)
{
    uint32_t bits = 0;
    struct rp_span span = rp_read_bytes(reader, sizeof bits);
    if (span.data != NULL) {
        memcpy(&bits, span.data, sizeof bits);
    }
    return bits;
}

uint64_t rp_read_f64_bits(struct rp_reader *reader)
{
    uint64_t bits = 0;
    struct rp_span span = rp_read_bytes(reader, sizeof bits);
    if (span.data != NULL) {
        memcpy(&bits, span.data, sizeof bits);
    }
    return bits;
}

struct rp_span rp_read_bytes(struct rp_reader *reader, size_t size)
{
    if (size > rp_reader_left(reader)) {
        rp_reader_fail(reader, reader->end, error_end);
        return (struct rp_span){0};
    }
    struct rp_span span = {.data = reader->pos, .size = size};
    reader->pos += size;
    return span;
}

struct rp_span rp_read_name(struct rp_reader *reader)
{
    uint32_t size = rp_read_u32(reader);
    struct rp_span name = rp_read_bytes(reader, size);
    if (!rp_utf8_valid(name.data, name.size)) {
        rp_reader_fail(reader, name.data, "malformed UTF-8 encoding");
        return (struct rp_span){0};
    }
    return name;
}

/* Unicode 15, table 3-7: lead byte, then the range of the second; all later bytes are 0x80..0xbf.
 */
size_t rp_utf8_sequence(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    uint8_t lead = data[0];
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (size < length) {
        return 0;
    }
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (data[1] < low || data[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (data[i] < 0x80 || data[i] > 0xbf) {
            return 0;
        }
    }
    return length;
}

bool rp_utf8_valid(const uint8_t *data, size_t size)
{
    size_t at = 0;
    while (at < size) {
        size_t length = rp_utf8_sequence(data + at, size - at);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}
