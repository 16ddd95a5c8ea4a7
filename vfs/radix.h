/* Sparse arrays of shared objects, copy-on-write (layer 2): inodes by number, pages by index,
 * directory entries by cookie.
 *
 * A tree with 64 children per node and only the levels that its largest index needs. Leaves are
 * objects that begin with struct rp_shared; the array holds one ownership of each. Changing an
 * index takes two steps, so that callers can do all that may fail before they change anything:
 * `reserve` (allocates, may fail) and `exchange` (cannot). */
#ifndef RP_VFS_RADIX_H
#define RP_VFS_RADIX_H

#include "vfs/shared.h"

struct rp_radix {
    void *root;      /* height 0: the leaf of index 0; else a node; or NULL */
    uint32_t height; /* levels of nodes */
};

/* Releases a leaf whose last owner is gone. */
typedef void (*rp_radix_release_leaf)(struct rp_allocator *allocator, void *leaf);

/* The leaf, borrowed, or NULL. */
void *rp_radix_get(const struct rp_radix *radix, uint64_t index);

/* Makes the path to `index` exist and belong to this tree alone. False: no memory, the contents
 * are as they were. */
bool rp_radix_reserve(struct rp_radix *radix, struct rp_allocator *allocator,
                      uint64_t index) RP_NODISCARD;

/* Puts `leaf` (ownership passes; NULL: removes) and returns what was there (ownership passes).
 * The index must be reserved. */
void *rp_radix_exchange(struct rp_radix *radix, struct rp_allocator *allocator, uint64_t index,
                        void *leaf);

/* The first leaf at or after `from`; false if there is none. */
bool rp_radix_next(const struct rp_radix *radix, uint64_t from, uint64_t *out_index,
                   void **out_leaf);

/* The lowest index without a leaf. */
uint64_t rp_radix_lowest_free(const struct rp_radix *radix);

/* Removes every leaf at or after `from`; returns their number. `from` must be reserved unless
 * the tree shares nothing. */
uint64_t rp_radix_cut(struct rp_radix *radix, struct rp_allocator *allocator, uint64_t from,
                      rp_radix_release_leaf release_leaf);

/* The number of leaves; linear. */
uint64_t rp_radix_count(const struct rp_radix *radix);

/* A second owner of the same contents, in constant time. */
struct rp_radix rp_radix_clone(const struct rp_radix *radix);

/* Gives everything back and leaves an empty array. */
void rp_radix_release(struct rp_radix *radix, struct rp_allocator *allocator,
                      rp_radix_release_leaf release_leaf);

#endif
