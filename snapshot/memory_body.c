/* Reading the section of a memory (layer 3). */
#include "snapshot/memory_body.h"

#include "core/limits.h"
#include "core/page_hash.h"
#include "engine/state_value.h"

#include <string.h>

#define PAGES_PER_WASM_PAGE (RP_PAGE_BYTES / RP_STATE_PAGE_BYTES)

bool rp_memory_body_is_named(const char *name)
{
    static const char word[] = "memory";
    size_t size = sizeof word - 1;
    return strncmp(name, word, size) == 0 && name[size] >= '0' && name[size] <= '9';
}

void rp_memory_body_begin(struct rp_memory_body *body, struct rp_msgpack *in)
{
    *body = (struct rp_memory_body){.in = in, .next_is_free = true};
    const uint8_t *start = in->pos;
    body->min = rp_msgpack_uint(in, RP_LIMIT_MEMORY_PAGES);
    body->has_max = !rp_msgpack_is_nil(in);
    body->max = body->has_max ? rp_msgpack_uint(in, RP_LIMIT_MEMORY_PAGES) : 0;
    body->page_count = rp_msgpack_uint(in, RP_LIMIT_MEMORY_PAGES) * PAGES_PER_WASM_PAGE;
    body->head = (struct rp_span){start, (size_t)(in->pos - start)};
}

static const char *check_run(const struct rp_memory_body *body, uint64_t first,
                             struct rp_span bytes)
{
    uint64_t count = bytes.size / RP_STATE_PAGE_BYTES;
    if (count == 0 || bytes.size % RP_STATE_PAGE_BYTES != 0) {
        return "bytes that are no whole pages";
    }
    if (first < body->next || (first == body->next && !body->next_is_free)) {
        return "pages that do not stand behind those before them";
    }
    if (first > body->page_count || count > body->page_count - first) {
        return "pages behind the end of the memory";
    }
    for (uint64_t i = 0; i < count; i++) {
        if (rp_page_is_zero(bytes.data + i * RP_STATE_PAGE_BYTES)) {
            return "a page that is all zero and should be absent";
        }
    }
    return NULL;
}

bool rp_memory_body_next(struct rp_memory_body *body, uint64_t *out_first,
                         struct rp_span *out_bytes)
{
    struct rp_msgpack *in = body->in;
    if (in->error != NULL || rp_msgpack_is_nil(in)) {
        return false;
    }
    const uint8_t *at = in->pos;
    rp_msgpack_tuple(in, 2);
    uint64_t first = rp_msgpack_uint(in, UINT64_MAX);
    struct rp_span bytes = rp_msgpack_bytes(in, RP_STATE_RUN_PAGES_MAX * RP_STATE_PAGE_BYTES);
    const char *error = in->error == NULL ? check_run(body, first, bytes) : NULL;
    if (error != NULL) {
        rp_msgpack_fail(in, at, error);
    }
    if (in->error != NULL) {
        return false;
    }
    uint64_t count = bytes.size / RP_STATE_PAGE_BYTES;
    body->next = first + count;
    body->next_is_free = count == RP_STATE_RUN_PAGES_MAX;
    *out_first = first;
    *out_bytes = bytes;
    return true;
}
