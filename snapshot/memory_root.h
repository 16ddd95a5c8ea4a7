/* The tree of a memory and how it follows the memory (layer 3; docs/design/snapshot.md, section 5).
 *
 * Three ways to know which pages may have changed since the tree was computed last; each gives the
 * same root:
 * - SCAN: the kernel notes writes (core/platform_dirty.h);
 * - COPY: the pages as they were hashed last are kept and compared;
 * - ALL: nothing is known; every page is hashed.
 * Whatever is in doubt (another mapping, a smaller one, a scan that fails) is hashed anew. */
#ifndef RP_SNAPSHOT_MEMORY_ROOT_H
#define RP_SNAPSHOT_MEMORY_ROOT_H

#include "snapshot/page_tree.h"

/* AUTO: SCAN for a memory of RP_ROOT_SCAN_BYTES or more where the host permits it; else ALL the
 * first time and COPY from the second on, because a copy is of no use to whoever asks once. A way
 * that fails is replaced by the next one. */
#define RP_ROOT_SCAN_BYTES (1u << 20)
enum rp_root_method { RP_ROOT_AUTO, RP_ROOT_SCAN, RP_ROOT_COPY, RP_ROOT_ALL };

struct rp_memory_root {
    bool may_scan;              /* set by the owner, who has had true from rp_dirty_open */
    struct rp_tree *tree;       /* NULL: nothing is known */
    enum rp_root_method method; /* by which the tree follows; AUTO: nothing is known */
    const uint8_t *data;        /* the memory that the tree is of */
    uint64_t size_bytes;
    uint64_t watched_bytes; /* SCAN: from the start */
    uint64_t ticket;
    uint8_t *copy; /* COPY: of the pages that were hashed; a reservation */
    uint64_t copy_bytes;
    uint64_t copy_reserved_bytes;
    uint64_t hashed_pages; /* that the latest update looked at one by one; for tests */
};

/* Brings the tree up to date with the memory [data, data + size_bytes), which may grow to
 * `reserved_bytes`, and computes its root. False: no memory; what was known is then forgotten. */
bool rp_memory_root_update(struct rp_memory_root *root, struct rp_allocator *allocator,
                           enum rp_root_method method, uint8_t *data, uint64_t size_bytes,
                           uint64_t reserved_bytes, uint8_t out_root[RP_HASH_BYTES]) RP_NODISCARD;
/* Forgets the memory, and may_scan. */
void rp_memory_root_clear(struct rp_memory_root *root);

#endif
