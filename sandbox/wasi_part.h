/* WASI as a part of a store's state (layer 4; engine/store_part.h; docs/wsnp.md, "wasi"): the
 * sections "vfs" and "wasi".
 *
 * State are the tree, the descriptors, arguments, environment, the counts of output and of sleep,
 * the time of the start and the quotas. Not state: the streams' callbacks, the trace, and the list
 * of imports, which says where a run began and not where it is (what was imported is in the
 * tree). */
#ifndef RP_SANDBOX_WASI_PART_H
#define RP_SANDBOX_WASI_PART_H

#include "sandbox/wasi_call.h"

enum rp_wasi_section { RP_WASI_SECTION_VFS, RP_WASI_SECTION_WASI, RP_WASI_SECTION_COUNT };

/* What an rp_wasi exchanges: read beside it, or kept as a checkpoint. */
struct rp_wasi_copy {
    struct rp_vfs *vfs;
    struct rp_descriptor_table descriptors;
    struct rp_wasi_strings args;
    struct rp_wasi_strings env;
    uint64_t output_bytes;
    uint64_t start_ns;
    uint64_t slept_ns;
};

/* How many values a descriptor has in the section. */
uint32_t rp_descriptor_value_count(enum rp_descriptor_kind kind);

/* Fills in wasi->part, for rp_store_add_part. */
void rp_wasi_part_init(struct rp_wasi *wasi);

/* ---- reading (wasi_part_load.c) ---- */

struct rp_wasi_quotas {
    uint64_t output_bytes_max;
    uint32_t descriptors_max;
};

/* Fills in all but the tree of an empty copy; on failure a part of it, to be released. `quotas`
 * NULL: those of the section, whatever they are, and the copy is good for nothing but being
 * released: memory is then linear in the bytes. ERROR_SNAPSHOT_*, ERROR_NO_MEMORY. */
rp_status rp_wasi_copy_load(struct rp_wasi_copy *copy, struct rp_allocator *allocator,
                            const struct rp_wasi_quotas *quotas, struct rp_msgpack *in,
                            rp_report *report);
/* What the section says the quotas are; nothing else is looked at. */
rp_status rp_wasi_read_quotas(struct rp_msgpack *in, struct rp_wasi_quotas *out_quotas,
                              rp_report *report);
void rp_wasi_copy_release(struct rp_wasi_copy *copy, struct rp_allocator *allocator);

/* ---- agreement (wasi_part_check.c) ---- */

/* Checks tree and descriptors against each other: each descriptor's inode is there and of its
 * kind, each inode is held, each directory read and each end of a pipe open as often as descriptors
 * say, each device is one that exists. Fills in the descriptors' devices. ERROR_SNAPSHOT_STATE,
 * ERROR_NO_MEMORY. */
rp_status rp_wasi_copy_check(struct rp_wasi_copy *copy, struct rp_allocator *allocator,
                             rp_report *report);

#endif
