/* The adapter for msgpack-c, and the bounded reader (layer 0).
 *
 * msgpack-c writes the shortest form of each value. It is not used to read: it accepts every form,
 * and builds a tree of what a file claims to hold. */
#include "core/msgpack.h"

#include "core/assert.h"

#include <msgpack.h>
#include <string.h>

/* ---- writing ---- */

static int append(void *data, const char *bytes, size_t size)
{
    rp_buffer_append(data, bytes, size);
    return 0;
}

static msgpack_packer packer_to(struct rp_buffer *out)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, append);
    return packer;
}

void rp_msgpack_put_uint(struct rp_buffer *out, uint64_t value)
{
    msgpack_packer packer = packer_to(out);
    msgpack_pack_uint64(&packer, value);
}

void rp_msgpack_put_bool(struct rp_buffer *out, bool value)
{
    msgpack_packer packer = packer_to(out);
    if (value) {
        msgpack_pack_true(&packer);
    } else {
        msgpack_pack_false(&packer);
    }
}

void rp_msgpack_put_nil(struct rp_buffer *out)
{
    msgpack_packer packer = packer_to(out);
    msgpack_pack_nil(&packer);
}

void rp_msgpack_put_text(struct rp_buffer *out, const void *data, uint32_t size)
{
    RP_ASSERT(rp_utf8_valid(data, size));
    msgpack_packer packer = packer_to(out);
    msgpack_pack_str(&packer, size);
    rp_buffer_append(out, data, size);
}

void rp_msgpack_put_bytes(struct rp_buffer *out, const void *data, uint32_t size)
{
    rp_msgpack_put_bytes_head(out, size);
    rp_buffer_append(out, data, size);
}

void rp_msgpack_put_bytes_head(struct rp_buffer *out, uint32_t size)
{
    msgpack_packer packer = packer_to(out);
    msgpack_pack_bin(&packer, size);
}

void rp_msgpack_put_array(struct rp_buffer *out, uint32_t count)
{
    msgpack_packer packer = packer_to(out);
    msgpack_pack_array(&packer, count);
}

/* ---- reading ---- */

static const char text_truncated[] = "ends in the middle of a value";
static const char text_type[] = "value of another type than the format has here";
static const char text_padded[] = "value that is not in its shortest form";
static const char text_large[] = "number beyond its limit";
static const char text_count[] = "count beyond its limit";
static const char text_utf8[] = "text that is not UTF-8";
static const char text_size[] = "array or bytes of another size than the format has here";

void rp_msgpack_init(struct rp_msgpack *reader, const uint8_t *start, size_t offset,
                     size_t end_offset)
{
    *reader = (struct rp_msgpack){.start = start, .pos = start + offset, .end = start + end_offset};
}

void rp_msgpack_fail(struct rp_msgpack *reader, const uint8_t *at, const char *error)
{
    if (reader->error == NULL) {
        reader->error = error;
        reader->error_at = at;
        reader->ended = error == text_truncated;
    }
    reader->pos = reader->end;
}

/* How the head of a value names its number: in the byte itself or in 1, 2, 4 or 8 bytes behind it.
 */
struct head {
    uint8_t fix_first; /* heads that hold the number: from here … */
    uint8_t fix_last;  /* … to here; first > last: none */
    uint8_t wide[4];   /* heads in front of 1, 2, 4, 8 bytes; 0: none */
};

static const struct head head_uint = {0x00, 0x7f, {0xcc, 0xcd, 0xce, 0xcf}};
static const struct head head_text = {0xa0, 0xbf, {0xd9, 0xda, 0xdb, 0}};
static const struct head head_bytes = {1, 0, {0xc4, 0xc5, 0xc6, 0}};
static const struct head head_array = {0x90, 0x9f, {0, 0xdc, 0xdd, 0}};

/* The least number that needs the wide form `form`. */
static uint64_t wide_least(const struct head *head, unsigned form)
{
    static const uint64_t beyond[4] = {0, UINT64_C(1) << 8, UINT64_C(1) << 16, UINT64_C(1) << 32};
    uint64_t fixed =
        head->fix_first > head->fix_last ? 0 : (uint64_t)(head->fix_last - head->fix_first) + 1;
    uint64_t narrower = form > 0 && head->wide[form - 1] != 0 ? beyond[form] : 0;
    return narrower > fixed ? narrower : fixed;
}

static uint64_t read_wide(struct rp_msgpack *reader, const struct head *head, unsigned form)
{
    const uint8_t *at = reader->pos;
    size_t size = (size_t)1 << form;
    if ((size_t)(reader->end - at) < 1 + size) {
        rp_msgpack_fail(reader, at, text_truncated);
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 1; i <= size; i++) {
        value = value << 8 | at[i];
    }
    if (value < wide_least(head, form)) {
        rp_msgpack_fail(reader, at, text_padded);
        return 0;
    }
    reader->pos += 1 + size;
    return value;
}

static uint64_t read_head(struct rp_msgpack *reader, const struct head *head)
{
    if (reader->pos == reader->end) {
        rp_msgpack_fail(reader, reader->pos, text_truncated);
        return 0;
    }
    uint8_t byte = *reader->pos;
    if (byte >= head->fix_first && byte <= head->fix_last) {
        reader->pos++;
        return (uint64_t)(byte - head->fix_first);
    }
    for (unsigned form = 0; form < 4; form++) {
        if (head->wide[form] != 0 && byte == head->wide[form]) {
            return read_wide(reader, head, form);
        }
    }
    rp_msgpack_fail(reader, reader->pos, text_type);
    return 0;
}

uint64_t rp_msgpack_uint(struct rp_msgpack *reader, uint64_t max)
{
    const uint8_t *at = reader->pos;
    uint64_t value = read_head(reader, &head_uint);
    if (value > max) {
        rp_msgpack_fail(reader, at, text_large);
        return 0;
    }
    return value;
}

static bool take(struct rp_msgpack *reader, uint8_t byte)
{
    bool is_next = reader->pos < reader->end && *reader->pos == byte;
    reader->pos += is_next;
    return is_next;
}

bool rp_msgpack_bool(struct rp_msgpack *reader)
{
    if (take(reader, 0xc3)) {
        return true;
    }
    if (!take(reader, 0xc2)) {
        rp_msgpack_fail(reader, reader->pos,
                        reader->pos == reader->end ? text_truncated : text_type);
    }
    return false;
}

bool rp_msgpack_is_nil(struct rp_msgpack *reader)
{
    return take(reader, 0xc0);
}

bool rp_msgpack_next_is_bytes(const struct rp_msgpack *reader)
{
    return reader->pos < reader->end && *reader->pos >= 0xc4 && *reader->pos <= 0xc6;
}

static struct rp_span read_span(struct rp_msgpack *reader, const struct head *head,
                                uint32_t size_max)
{
    const uint8_t *at = reader->pos;
    uint64_t size = read_head(reader, head);
    if (size > size_max || size > (size_t)(reader->end - reader->pos)) {
        rp_msgpack_fail(reader, at, size > size_max ? text_count : text_truncated);
        size = 0;
    }
    struct rp_span span = {reader->pos, (size_t)size};
    reader->pos += size;
    return span;
}

struct rp_span rp_msgpack_text(struct rp_msgpack *reader, uint32_t size_max)
{
    const uint8_t *at = reader->pos;
    struct rp_span span = read_span(reader, &head_text, size_max);
    if (!rp_utf8_valid(span.data, span.size)) {
        rp_msgpack_fail(reader, at, text_utf8);
        span.size = 0;
    }
    return span;
}

struct rp_span rp_msgpack_bytes(struct rp_msgpack *reader, uint32_t size_max)
{
    return read_span(reader, &head_bytes, size_max);
}

const uint8_t *rp_msgpack_fixed_bytes(struct rp_msgpack *reader, uint32_t size)
{
    const uint8_t *at = reader->pos;
    struct rp_span span = read_span(reader, &head_bytes, UINT32_MAX);
    if (reader->error == NULL && span.size != size) {
        rp_msgpack_fail(reader, at, text_size);
    }
    return reader->error == NULL ? span.data : NULL;
}

uint32_t rp_msgpack_array(struct rp_msgpack *reader, uint32_t count_max)
{
    const uint8_t *at = reader->pos;
    uint64_t count = read_head(reader, &head_array);
    /* Every element has at least one byte. */
    if (count > count_max || count > (size_t)(reader->end - reader->pos)) {
        rp_msgpack_fail(reader, at, count > count_max ? text_count : text_truncated);
        return 0;
    }
    return (uint32_t)count;
}

bool rp_msgpack_tuple(struct rp_msgpack *reader, uint32_t count)
{
    const uint8_t *at = reader->pos;
    uint32_t found = rp_msgpack_array(reader, UINT32_MAX);
    if (reader->error == NULL && found != count) {
        rp_msgpack_fail(reader, at, text_size);
    }
    return reader->error == NULL;
}
