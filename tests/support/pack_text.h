/* MessagePack from a text that can be read (layer 7, test support): "[1 [] 'name' nil true x4096]"
 * is an array of a number, an empty array, four bytes, nil, a truth value and 4096 bytes 'x';
 * z4096 are as many bytes of zero, x3.4096 are 3 bytes 'x' and then zeros up to 4096. */
#ifndef RP_TESTS_SUPPORT_PACK_TEXT_H
#define RP_TESTS_SUPPORT_PACK_TEXT_H

#include "core/assert.h"
#include "core/msgpack.h"

#include <stdlib.h>
#include <string.h>

/* The values from `text` to its end or to the bracket that closes: how many they are. */
static inline uint32_t rp_pack_count(const char *text)
{
    uint32_t count = 0;
    unsigned depth = 0;
    bool inside = false;
    for (; *text != '\0' && !(*text == ']' && depth == 0); text++) {
        bool is_space = *text == ' ' || *text == '\n';
        if (*text == '\'') {
            text = strchr(text + 1, '\'');
            RP_ASSERT(text != NULL);
        }
        count += depth == 0 && !is_space && !inside;
        depth += *text == '[';
        depth -= *text == ']';
        inside = depth > 0 || !(is_space || *text == ']' || *text == '\'');
    }
    return count;
}

/* x4096, z4096 or x3.4096; returns what is behind it. */
static inline const char *rp_pack_fill(struct rp_buffer *out, const char *text)
{
    char *end = NULL;
    uint32_t filled = (uint32_t)strtoul(text + 1, &end, 10);
    uint32_t size = *end == '.' ? (uint32_t)strtoul(end + 1, &end, 10) : filled;
    rp_msgpack_put_bytes_head(out, size);
    for (uint32_t i = 0; i < size; i++) {
        rp_buffer_byte(out, *text == 'x' && i < filled ? 'x' : 0);
    }
    return end;
}

static inline void rp_pack_text(struct rp_buffer *out, const char *text)
{
    while (*text != '\0') {
        char *end = NULL;
        if (*text == ' ' || *text == '\n' || *text == ']') {
            text++;
        } else if (*text == '[') {
            rp_msgpack_put_array(out, rp_pack_count(text + 1));
            text++;
        } else if (*text == '\'') {
            const char *close = strchr(text + 1, '\'');
            RP_ASSERT(close != NULL);
            rp_msgpack_put_bytes(out, text + 1, (uint32_t)(close - text - 1));
            text = close + 1;
        } else if (*text == 'x' || *text == 'z') {
            text = rp_pack_fill(out, text);
        } else if (strncmp(text, "nil", 3) == 0) {
            rp_msgpack_put_nil(out);
            text += 3;
        } else if (strncmp(text, "true", 4) == 0 || strncmp(text, "false", 5) == 0) {
            rp_msgpack_put_bool(out, *text == 't');
            text += *text == 't' ? 4 : 5;
        } else {
            RP_ASSERT(*text >= '0' && *text <= '9');
            rp_msgpack_put_uint(out, strtoull(text, &end, 10));
            text = end;
        }
    }
}

/* ---- the values in bytes, for changing one at a time ---- */

struct rp_pack_value {
    size_t at;   /* its first byte */
    size_t size; /* of its head; of a number: of all */
    uint8_t kind;
    uint64_t number; /* of bytes and arrays: how many */
};
#define RP_PACK_NUMBER 'n'
#define RP_PACK_BYTES 'b'
#define RP_PACK_ARRAY 'a'
#define RP_PACK_OTHER 'o' /* nil, false, true */

/* The value at `at`, which must be one that rp_msgpack_put_* writes; returns where the next
 * begins: inside of an array, behind bytes. */
static inline size_t rp_pack_value_at(const uint8_t *data, size_t at, struct rp_pack_value *out)
{
    uint8_t head = data[at];
    unsigned wide = head == 0xcc || head == 0xc4                   ? 1
                    : head == 0xcd || head == 0xc5 || head == 0xdc ? 2
                    : head == 0xce || head == 0xc6 || head == 0xdd ? 4
                    : head == 0xcf                                 ? 8
                                                                   : 0;
    bool is_array = (head & 0xf0) == 0x90 || head == 0xdc || head == 0xdd;
    bool is_bytes = head >= 0xc4 && head <= 0xc6;
    bool is_other = head == 0xc0 || head == 0xc2 || head == 0xc3;
    out->at = at;
    out->size = 1 + wide;
    out->kind = is_array   ? RP_PACK_ARRAY
                : is_bytes ? RP_PACK_BYTES
                : is_other ? RP_PACK_OTHER
                           : RP_PACK_NUMBER;
    out->number = wide > 0 ? 0 : is_array ? head & 0x0f : is_other ? 0 : head;
    for (unsigned i = 0; i < wide; i++) {
        out->number = out->number << 8 | data[at + 1 + i];
    }
    return at + out->size + (is_bytes ? (size_t)out->number : 0);
}

#endif
