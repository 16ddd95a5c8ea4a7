/* The Merkle tree over the pages of a memory (layer 3; docs/wsnp.md, "Roots"): BLAKE2b-256 with
 * personalisations, arity 2, leaves of 4 KiB (core/page_hash.h), depth 20 for memories addressed by
 * 32 bits and 36 for 64. A page that is absent and a page of zeros are the same leaf; a subtree of
 * zero pages is a constant of its height.
 *
 * Only nodes above pages that are not zero are kept, so the memory used is proportional to those.
 */
#ifndef RP_SNAPSHOT_PAGE_TREE_H
#define RP_SNAPSHOT_PAGE_TREE_H

#include "core/alloc.h"
#include "core/hash.h"

#include <stdbool.h>

#define RP_TREE_PAGE_BYTES 4096u
#define RP_TREE_DEPTH_32 20u
#define RP_TREE_DEPTH_64 36u

/* "reprise.node", padded with zeros: a node is the hash of its left and right child, 64 bytes. */
extern const uint8_t rp_personal_node[RP_HASH_PERSONAL_BYTES];

struct rp_tree;
/* An all-zero tree; `depth` is one of the two. NULL: no memory. */
struct rp_tree *rp_tree_create(struct rp_allocator *allocator, unsigned depth);
void rp_tree_destroy(struct rp_tree *tree); /* NULL is a no-op */
/* Sets leaves; the inner nodes above are computed by the next rp_tree_root. `page` is below
 * 2^depth. False: no memory; that leaf is as it was. */
bool rp_tree_set_page(struct rp_tree *tree, uint64_t page,
                      const uint8_t bytes[RP_TREE_PAGE_BYTES]) RP_NODISCARD;
void rp_tree_set_zero(struct rp_tree *tree, uint64_t page);
void rp_tree_clear(struct rp_tree *tree); /* all pages zero */
/* The first page at or behind `from` that is not zero; false: there is none. */
bool rp_tree_next(const struct rp_tree *tree, uint64_t from, uint64_t *out_page);
/* Costs what was set since the last time. */
void rp_tree_root(struct rp_tree *tree, uint8_t out_root[RP_HASH_BYTES]);

#endif
