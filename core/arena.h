/* Bump allocation for objects that die together (layer 0). Blocks are 16-byte aligned, never moved,
 * freed all at once. */
#ifndef RP_CORE_ARENA_H
#define RP_CORE_ARENA_H

#include "core/alloc.h"

struct rp_arena_chunk;

struct rp_arena {
    struct rp_allocator *allocator;
    struct rp_arena_chunk *chunks; /* newest first */
    size_t chunk_used;
};

void rp_arena_init(struct rp_arena *arena, struct rp_allocator *allocator);
void rp_arena_deinit(struct rp_arena *arena);

/* `count` items of `size` bytes, zeroed; NULL when the allocator refuses or the product overflows.
 * count 0 gives a non-NULL pointer. */
void *rp_arena_alloc(struct rp_arena *arena, uint64_t count, size_t size) RP_NODISCARD;

#endif
