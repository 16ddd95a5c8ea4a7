/* Copies of memories in checkpoints (layer 2). See checkpoint_memory.h. */
#include "engine/checkpoint_memory.h"

#include "core/assert.h"

#include <string.h>

#define COPY_PAGE 4096u

static const uint8_t zeros[COPY_PAGE];

static bool is_zero(const uint8_t *page)
{
    return memcmp(page, zeros, COPY_PAGE) == 0;
}

static uint8_t *page_in(const struct rp_memory_copy *copy, uint32_t slot)
{
    RP_ASSERT(slot >= 1 && slot <= copy->page_count);
    return copy->pages + (size_t)(slot - 1) * COPY_PAGE;
}

static void copy_if_other(uint8_t *to, const uint8_t *from)
{
    if (memcmp(to, from, COPY_PAGE) != 0) {
        memcpy(to, from, COPY_PAGE);
    }
}

/* A slot for every page, 0 where there was none. */
static bool make_slots(struct rp_memory_copy *copy, struct rp_allocator *allocator, uint64_t pages)
{
    uint32_t before = copy->slot_capacity;
    if (pages <= before) {
        return true;
    }
    uint32_t *slots =
        rp_grow(allocator, copy->slots, &copy->slot_capacity, pages, sizeof *copy->slots);
    if (slots == NULL) {
        return false;
    }
    copy->slots = slots;
    memset(slots + before, 0, (size_t)(copy->slot_capacity - before) * sizeof *slots);
    return true;
}

/* Updates the pages that the copy has, and numbers the slots of those that it lacks. */
static uint32_t update_known(struct rp_memory_copy *copy, const struct rp_memory *memory,
                             uint64_t pages)
{
    uint32_t count = copy->page_count;
    for (uint64_t i = 0; i < pages; i++) {
        const uint8_t *page = memory->data + i * COPY_PAGE;
        if (copy->slots[i] != 0) {
            copy_if_other(page_in(copy, copy->slots[i]), page);
        } else if (!is_zero(page)) {
            copy->slots[i] = ++count;
        }
    }
    return count;
}

bool rp_memory_copy_update(struct rp_memory_copy *copy, struct rp_allocator *allocator,
                           const struct rp_memory *memory)
{
    uint64_t pages = memory->size_bytes / COPY_PAGE;
    if (!make_slots(copy, allocator, pages)) {
        return false;
    }
    uint32_t known = copy->page_count;
    uint32_t count = update_known(copy, memory, pages);
    if (count > known) {
        uint8_t *grown = rp_grow(allocator, copy->pages, &copy->page_capacity, count, COPY_PAGE);
        if (grown == NULL) {
            return false;
        }
        copy->pages = grown;
        copy->page_count = count;
        for (uint64_t i = 0; i < pages; i++) {
            if (copy->slots[i] > known) {
                memcpy(page_in(copy, copy->slots[i]), memory->data + i * COPY_PAGE, COPY_PAGE);
            }
        }
    }
    copy->size_bytes = memory->size_bytes;
    return true;
}

/* Pages stay committed; what is behind the end reads as zeros when the memory grows again. */
void rp_memory_copy_restore(const struct rp_memory_copy *copy, struct rp_store *store,
                            struct rp_memory *memory)
{
    uint64_t end = memory->size_bytes > copy->size_bytes ? memory->size_bytes : copy->size_bytes;
    for (uint64_t at = 0; at < end; at += COPY_PAGE) {
        uint8_t *page = memory->data + at;
        uint32_t slot = at < copy->size_bytes ? copy->slots[at / COPY_PAGE] : 0;
        if (slot != 0) {
            copy_if_other(page, page_in(copy, slot));
        } else if (!is_zero(page)) {
            memset(page, 0, COPY_PAGE);
        }
    }
    store->memory_used_bytes += copy->size_bytes;
    store->memory_used_bytes -= memory->size_bytes;
    memory->size_bytes = copy->size_bytes;
}

void rp_memory_copy_release(struct rp_memory_copy *copy, struct rp_allocator *allocator)
{
    rp_free(allocator, copy->slots, copy->slot_capacity * sizeof *copy->slots);
    rp_free(allocator, copy->pages, (size_t)copy->page_capacity * COPY_PAGE);
    *copy = (struct rp_memory_copy){0};
}
