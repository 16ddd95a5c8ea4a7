/* Lies about a state (tests). See state_edit.h. */
#include "tests/engine/state_edit.h"

#include "core/assert.h"

#include <stdlib.h>
#include <string.h>

/* Behind the head of the value at `at`: the number of elements of an array, else 0 with the value
 * read whole. */
static uint32_t enter(struct rp_msgpack *in)
{
    uint8_t byte = *in->pos;
    if ((byte & 0xf0) == 0x90 || byte == 0xdc || byte == 0xdd) {
        return rp_msgpack_array(in, UINT32_MAX);
    }
    if (byte == 0xc2 || byte == 0xc3) {
        (void)rp_msgpack_bool(in);
    } else if ((byte & 0xe0) == 0xa0 || (byte >= 0xd9 && byte <= 0xdb)) {
        (void)rp_msgpack_text(in, UINT32_MAX);
    } else if (byte >= 0xc4 && byte <= 0xc6) {
        (void)rp_msgpack_bytes(in, UINT32_MAX);
    } else if (!rp_msgpack_is_nil(in)) {
        (void)rp_msgpack_uint(in, UINT64_MAX);
    }
    RP_ASSERT(in->error == NULL);
    return 0;
}

static void skip(struct rp_msgpack *in)
{
    for (uint64_t left = 1; left != 0; left--) {
        left += enter(in);
    }
}

static struct rp_msgpack reader_of(const struct rp_state_copy *copy, uint32_t place)
{
    struct rp_msgpack in;
    rp_msgpack_init(&in, copy->bytes.data, rp_state_copy_start(copy, place), copy->ends[place]);
    return in;
}

struct rp_state_spot rp_state_find(const struct rp_state_copy *copy, uint32_t place,
                                   const char *path)
{
    struct rp_msgpack in = reader_of(copy, place);
    uint32_t count = UINT32_MAX; /* values of the section */
    for (;;) {
        char *rest;
        uint32_t index = (uint32_t)strtoul(path, &rest, 10);
        RP_ASSERT(rest != path && index < count);
        for (; index != 0; index--) {
            skip(&in);
        }
        RP_ASSERT(in.pos < in.end);
        if (*rest == 0) {
            break;
        }
        path = rest + 1;
        count = enter(&in);
    }
    const uint8_t *start = in.pos;
    skip(&in);
    return (struct rp_state_spot){(size_t)(start - copy->bytes.data), (size_t)(in.pos - start)};
}

void rp_state_replace(struct rp_state_copy *copy, uint32_t place, const char *path,
                      const void *data, size_t size)
{
    struct rp_state_spot spot = rp_state_find(copy, place, path);
    size_t start = rp_state_copy_start(copy, place);
    size_t before = spot.start - start;
    size_t behind = copy->ends[place] - spot.start - spot.size;
    uint8_t *section = malloc(before + size + behind + 1);
    RP_ASSERT(section != NULL);
    memcpy(section, copy->bytes.data + start, before);
    memcpy(section + before, data, size);
    memcpy(section + before + size, copy->bytes.data + spot.start + spot.size, behind);
    rp_state_copy_replace(copy, place, section, before + size + behind);
    free(section);
}

void rp_state_visit(const struct rp_state_copy *copy, uint32_t place,
                    void (*visit)(void *user, struct rp_state_spot spot), void *user)
{
    struct rp_msgpack in = reader_of(copy, place);
    while (in.pos < in.end) {
        struct rp_msgpack whole = in;
        skip(&whole);
        visit(user, (struct rp_state_spot){(size_t)(in.pos - copy->bytes.data),
                                           (size_t)(whole.pos - in.pos)});
        (void)enter(&in);
    }
}
