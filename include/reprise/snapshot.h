/* Snapshots, state roots and their comparison for Reprise (docs/wsnp.md).
 *
 * A snapshot is the whole state of a store that is not running, with everything attached to it
 * (WASI's files and descriptors): complete, canonical (one state has one encoding), the same on
 * every machine, build and dispatch table. The state root is a hash of the same state that changes
 * with it and costs what changed since it was last computed.
 *
 * Not part of the state: gas limit, until-gas, timeouts, the dispatch table, host paths, observers.
 * Saving, verifying and computing a root have no effect on gas, results or later roots. Threads: as
 * the store. */
#ifndef REPRISE_SNAPSHOT_H
#define REPRISE_SNAPSHOT_H

#include "reprise/reprise.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that the library has allocated; released with rp_bytes_release. */
typedef struct rp_bytes {
    uint8_t *data;
    size_t size;
    size_t capacity;
} rp_bytes;
RP_API void rp_bytes_release(rp_bytes *bytes); /* afterwards {0}; {0} is a no-op */

/* ---- saving and restoring ---- */

/* Writes the canonical snapshot into `bytes`, whose contents are replaced and whose capacity is
 * used again; empty after a failure. ERROR_STATE (running), ERROR_PINNED (inside of a nested call),
 * ERROR_EXTERNAL, ERROR_LIMIT (more than about 4,000 memories), ERROR_NO_MEMORY. */
RP_API rp_status rp_store_snapshot(const rp_store *store, rp_bytes *bytes, rp_report *report);

typedef struct rp_restore_options {
    size_t struct_size;        /* sizeof(rp_restore_options) */
    rp_module *const *modules; /* looked at first; then the store's own, then the engine's cache */
    size_t module_count;
    const void *parent; /* canonical or packed bytes of a delta's parent */
    size_t parent_size;
    uint64_t size_max; /* what an envelope may unfold to; 0: RP_SNAPSHOT_BYTES_MAX */
} rp_restore_options;
/* Canonical bytes that a compressed snapshot may unfold to, if the caller sets no limit: 8 GiB. */
#define RP_SNAPSHOT_BYTES_MAX UINT64_C(8589934592)

/* Replaces the store's state by the snapshot's, all or nothing: everything is verified before
 * anything changes. The store must have the snapshot's limits (rp_snapshot_read_config), with the
 * host functions that the state refers to and the parts that it contains defined, and the external
 * references that it holds registered; seed, start time and nanoseconds per gas are taken over.
 * Bytes may be canonical or in an envelope; a module in the envelope is used. Instances that the
 * embedder holds are gone: rp_store_instance gives the new ones, by the same index. May be called
 * after a timeout. ERROR_SNAPSHOT_*, ERROR_NOT_SNAPSHOT, ERROR_EXTERNAL, ERROR_STATE (running),
 * ERROR_NO_MEMORY. `options` may be NULL. Counted as no host event: the count is part of what is
 * restored. */
RP_API rp_status rp_store_restore(rp_store *store, const void *snapshot, size_t size,
                                  const rp_restore_options *options, rp_report *report);

/* The configuration that a store must have for rp_store_restore, and what it is engine-wide. */
typedef struct rp_snapshot_config {
    rp_store_config store; /* initialised, with the snapshot's limits, seed and times */
    uint32_t semantics_version;
    uint8_t schedule_hash[32];
} rp_snapshot_config;
RP_API rp_status rp_snapshot_read_config(const void *snapshot, size_t size,
                                         const rp_restore_options *options,
                                         rp_snapshot_config *out_config, rp_report *report);

/* Checks a snapshot as far as it can be checked without its modules: framing, checksums, canonical
 * encoding of every section. With an engine and the modules (in the envelope, the options or the
 * engine's cache) everything that rp_store_restore checks of the store itself is checked, frames
 * included, and of WASI the tree of files; *out_complete says whether that was possible and whether
 * it was all: it is false if there are sections of a part that only its own layer knows (WASI's
 * descriptors), of which the encoding is checked. Restoring into a store with the part checks
 * those. */
RP_API rp_status rp_snapshot_verify(rp_engine *engine, const void *snapshot, size_t size,
                                    const rp_restore_options *options, bool *out_complete,
                                    rp_report *report);

/* ---- roots ---- */

#define RP_ROOT_BYTES 32
/* A component and its root; components come in order of the file. */
typedef void (*rp_root_visitor)(void *user, const char *component,
                                const uint8_t root[RP_ROOT_BYTES]);
/* The root of a store that is not running. `visitor` may be NULL. ERROR_STATE, ERROR_PINNED,
 * ERROR_EXTERNAL, ERROR_NO_MEMORY. */
RP_API rp_status rp_store_root(rp_store *store, uint8_t out_root[RP_ROOT_BYTES],
                               rp_root_visitor visitor, void *user, rp_report *report);
/* The same of a snapshot; equal to that of the store it was made from. Framing, checksums and the
 * encoding of what is hashed are checked. */
RP_API rp_status rp_snapshot_root(const void *snapshot, size_t size,
                                  const rp_restore_options *options,
                                  uint8_t out_root[RP_ROOT_BYTES], rp_root_visitor visitor,
                                  void *user, rp_report *report);

/* ---- transport ---- */

typedef struct rp_pack_options {
    size_t struct_size;      /* sizeof(rp_pack_options) */
    const rp_module *module; /* embedded; NULL: none */
    bool compress;           /* zstd */
    int level;               /* of zstd, 1 to 19; 0: 3 */
    const void *parent;      /* a snapshot to write a delta against; implies compress */
    size_t parent_size;
} rp_pack_options;
/* Puts an envelope around a snapshot (canonical, or in another envelope, which is taken off). A
 * module that is embedded must be one of the snapshot's. */
RP_API rp_status rp_snapshot_pack(const void *snapshot, size_t size, const rp_pack_options *options,
                                  rp_bytes *out_bytes, rp_report *report);
/* The canonical bytes. */
RP_API rp_status rp_snapshot_unpack(const void *snapshot, size_t size,
                                    const rp_restore_options *options, rp_bytes *out_bytes,
                                    rp_report *report);
/* The module in an envelope: borrowed from `snapshot`, size 0 if there is none. */
RP_API rp_status rp_snapshot_module(const void *snapshot, size_t size, const uint8_t **out_data,
                                    size_t *out_size, rp_report *report);

/* ---- comparing ---- */

/* A difference of two snapshots in a component: a line for people, of `memory0` for example "page 3
 * (bytes 12288 to 16383): 2 bytes differ, the first at 0x3010: 00 and 2a". */
typedef void (*rp_difference_visitor)(void *user, const char *component, const char *text);
/* Tells what differs, at most `difference_max` lines for each component and how many more there
 * are; *out_count is the number of components that differ: 0, if and only if the roots are equal.
 * Function names come from the modules in envelopes, options and engine (which may be NULL). */
RP_API rp_status rp_snapshot_compare(rp_engine *engine, const void *a, size_t a_size, const void *b,
                                     size_t b_size, const rp_restore_options *options,
                                     uint32_t difference_max, rp_difference_visitor visitor,
                                     void *user, uint32_t *out_count, rp_report *report);

#ifdef __cplusplus
}
#endif

#endif
