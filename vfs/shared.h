/* Objects with a count of owners (layer 2): the pieces of a file tree that clones share until
 * one of them writes.
 *
 * Invariant: an object with more than one owner never changes; whoever wants to change it makes
 * a copy first ("owns" it). The counts are plain: a tree and its clones use one allocator and
 * belong to one thread. */
#ifndef RP_VFS_SHARED_H
#define RP_VFS_SHARED_H

#include "core/alloc.h"
#include "core/assert.h"

#include <stdbool.h>
#include <stdint.h>

/* The first member of every shared object. */
struct rp_shared {
    uint32_t owners;
};

static inline void rp_shared_keep(void *object)
{
    struct rp_shared *shared = object;
    RP_ASSERT(shared->owners > 0 && shared->owners < UINT32_MAX);
    shared->owners++;
}

/* Gives one ownership back; true if it was the last and the object must go. */
static inline bool rp_shared_drop(void *object)
{
    struct rp_shared *shared = object;
    RP_ASSERT(shared->owners > 0);
    shared->owners--;
    return shared->owners == 0;
}

static inline bool rp_shared_is_own(const void *object)
{
    const struct rp_shared *shared = object;
    return shared->owners == 1;
}

#endif
