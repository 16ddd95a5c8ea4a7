/* The copy of a memory in a checkpoint (layer 2): its pages of 4 KiB that are not all zero.
 *
 * Invariant: slots[page] is 0, or 1 and the place in `pages` of that page's bytes; where it is 0,
 * the page is all zero in the copy. Pages from size_bytes on are not in the copy, whatever their
 * slots say. */
#ifndef RP_ENGINE_CHECKPOINT_MEMORY_H
#define RP_ENGINE_CHECKPOINT_MEMORY_H

#include "engine/store.h"

struct rp_memory_copy {
    uint64_t size_bytes;
    uint32_t *slots;
    uint32_t slot_capacity;
    uint8_t *pages;
    uint32_t page_count;
    uint32_t page_capacity;
};

/* Makes the copy, which may be {0} or one of an earlier time, that of the memory now: looks at each
 * byte, writes what differs. False: no native memory, and the copy is good for nothing but
 * release. */
bool rp_memory_copy_update(struct rp_memory_copy *copy, struct rp_allocator *allocator,
                           const struct rp_memory *memory) RP_NODISCARD;
/* The other way; what lies in the memory behind the copy's end is zero afterwards. Writes only what
 * differs. */
void rp_memory_copy_restore(const struct rp_memory_copy *copy, struct rp_store *store,
                            struct rp_memory *memory);
void rp_memory_copy_release(struct rp_memory_copy *copy, struct rp_allocator *allocator);

#endif
