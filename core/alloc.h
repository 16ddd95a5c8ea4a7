/* The one allocator interface (layer 0). No other file of the library calls malloc, realloc, calloc
 * or free.
 *
 * Every allocation states its old and new size, so that the bytes held are known exactly, a limit
 * can be kept and a test can make allocation k fail. An allocator is used by one thread at a time,
 * except that of an engine, which is locked by its user.
 *
 * Invariant: `used_bytes` is the sum of the sizes of the live blocks and never exceeds
 * `limit_bytes`. */
#ifndef RP_CORE_ALLOC_H
#define RP_CORE_ALLOC_H

#include "core/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_allocator {
    uint64_t used_bytes;
    uint64_t peak_bytes;
    uint64_t limit_bytes;
    uint64_t calls;     /* allocations and growths asked for so far */
    uint64_t fail_call; /* the call of this number (from 1) fails, and all behind it if
                           `fail_onward`; 0: none */
    int fail_onward;
};

/* `limit_bytes` 0: no limit. */
void rp_allocator_init(struct rp_allocator *allocator, uint64_t limit_bytes);

/* Returns a block of `new_size` bytes with the old contents kept up to the smaller size, or NULL
 * (the old block stays valid). `block` NULL and `old_size` 0: allocate. `new_size` 0: free, returns
 * NULL. New bytes are not initialised. */
void *rp_realloc(struct rp_allocator *allocator, void *block, size_t old_size, size_t new_size);

/* A new block; NULL on failure. A block of 0 bytes is not NULL, takes no memory and is freed with
 * size 0. rp_alloc_zero fills it with zeros and checks count * size for overflow. */
void *rp_alloc(struct rp_allocator *allocator, size_t size) RP_NODISCARD;
void *rp_alloc_zero(struct rp_allocator *allocator, size_t count, size_t size) RP_NODISCARD;
void rp_free(struct rp_allocator *allocator, void *block, size_t size);

/* Failure on demand across all allocators and reservations of the calling thread, for tests: of the
 * calls from now on, call `call` (from 1; 0: none) fails, and all behind it if `onward`. */
void rp_alloc_inject(uint64_t call, int onward);
uint64_t rp_alloc_injected_calls(void); /* calls since rp_alloc_inject */
/* Counts a call; false if it must fail. For the allocator and core/platform_*.c. */
bool rp_alloc_admit(void) RP_NODISCARD;

/* Grows an array in steps of half its size: makes room for `needed` items, updates *capacity.
 * Returns the (moved) array, or NULL with the old one untouched. */
void *rp_grow(struct rp_allocator *allocator, void *array, uint32_t *capacity, uint64_t needed,
              size_t item_size) RP_NODISCARD;

#endif
