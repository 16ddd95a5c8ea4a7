/* The pages of memories, both ways (layer 2; docs/wsnp.md, "memoryN"):
 *
 *   memory = min:uint max pages:uint run* nil
 *   max    = uint | nil
 *   run    = [first:uint, bin]            pages of 4 KiB, none all zero
 *
 * Runs ascend. A run ends at a page of zeros, at the end of the memory or behind 16,384 pages; so a
 * run begins right behind another exactly if that one is full. */
#include "core/page_hash.h"
#include "engine/state_loader.h"
#include "engine/state_save.h"
#include "engine/state_value.h"

#include <string.h>

#define PAGE RP_STATE_PAGE_BYTES

void rp_state_save_pages(const struct rp_memory *memory, struct rp_buffer *out)
{
    uint64_t count = memory->size_bytes / PAGE;
    for (uint64_t page = 0; page < count;) {
        if (rp_page_is_zero(memory->data + page * PAGE)) {
            page++;
            continue;
        }
        uint64_t end = page + 1;
        while (end < count && end - page < RP_STATE_RUN_PAGES_MAX &&
               !rp_page_is_zero(memory->data + end * PAGE)) {
            end++;
        }
        rp_msgpack_put_array(out, 2);
        rp_msgpack_put_uint(out, page);
        rp_msgpack_put_bytes(out, memory->data + page * PAGE, (uint32_t)((end - page) * PAGE));
        page = end;
    }
    rp_msgpack_put_nil(out);
}

static bool load_run(struct rp_state_loader *loader, struct rp_memory *memory, uint64_t *next,
                     bool *next_is_free)
{
    struct rp_msgpack *in = loader->in;
    if (!rp_msgpack_tuple(in, 2)) {
        return false;
    }
    uint64_t first = rp_msgpack_uint(in, UINT64_MAX);
    struct rp_span bytes = rp_msgpack_bytes(in, RP_STATE_RUN_PAGES_MAX * PAGE);
    uint64_t count = bytes.size / PAGE;
    uint64_t size = memory->size_bytes / PAGE;
    if (first < *next || (first == *next && !*next_is_free)) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_ENCODING,
                               "pages from %llu on, behind those that end at %llu",
                               (unsigned long long)first, (unsigned long long)*next);
    }
    if (count == 0 || bytes.size % PAGE != 0) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_ENCODING,
                               "pages from %llu on: %zu bytes are no whole pages",
                               (unsigned long long)first, bytes.size);
    }
    if (first > size || count > size - first) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "pages %llu to %llu, the memory has %llu", (unsigned long long)first,
                               (unsigned long long)(first + count - 1), (unsigned long long)size);
    }
    for (uint64_t i = 0; i < count; i++) {
        if (rp_page_is_zero(bytes.data + i * PAGE)) {
            return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_ENCODING,
                                   "page %llu is all zero and should be absent",
                                   (unsigned long long)(first + i));
        }
    }
    memcpy(memory->data + first * PAGE, bytes.data, bytes.size);
    *next = first + count;
    *next_is_free = count == RP_STATE_RUN_PAGES_MAX;
    return true;
}

bool rp_state_load_pages(struct rp_state_loader *loader, struct rp_memory *memory)
{
    uint64_t next = 0;
    bool next_is_free = true; /* whether a run may begin right at `next` */
    if ((uint64_t)(loader->in->end - loader->in->pos) >= memory->size_bytes / 8 * 7) {
        rp_platform_expect_writes(memory->data, (size_t)memory->size_bytes);
    }
    while (!rp_msgpack_is_nil(loader->in)) {
        if (!load_run(loader, memory, &next, &next_is_free)) {
            return false;
        }
    }
    return true;
}
