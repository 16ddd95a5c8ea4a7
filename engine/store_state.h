/* The state of a store in sections, written and read (layer 2; docs/wsnp.md, docs/design/frame.md,
 * sections 1 and 7).
 *
 * A section holds values and indices only, never an address, a side-table position or an operand
 * height: those are found again by validating each frame's function up to its offset. One state has
 * one encoding. Reading trusts nothing: counts are bounded by the bytes that are left, indices by
 * what was read before, values by their types, frames by the code of their functions. */
#ifndef RP_ENGINE_STORE_STATE_H
#define RP_ENGINE_STORE_STATE_H

#include "core/msgpack.h"
#include "engine/store.h"

/* In the order of the file. Memories stand behind RP_SECTION_MEMORIES, a section each, "memory0",
 * "memory1", ... */
enum rp_section {
#define X(name) RP_SECTION_##name,
#include "engine/section.def"
#undef X
    RP_SECTION_COUNT
};
extern const char *const rp_section_names[RP_SECTION_COUNT]; /* "config", "modules", ... */

/* Appends a section of a store that is not running (a host call that waits is not running).
 * ERROR_STATE, ERROR_PINNED, ERROR_EXTERNAL (by place), ERROR_NO_MEMORY. */
rp_status rp_store_save_section(const struct rp_store *store, enum rp_section section,
                                struct rp_buffer *out, rp_report *report);
rp_status rp_store_save_memory(const struct rp_store *store, uint32_t memory_index,
                               struct rp_buffer *out, rp_report *report);
/* What that begins with, before the pages: type and size. Failure is the buffer's. */
void rp_store_save_memory_head(const struct rp_store *store, uint32_t memory_index,
                               struct rp_buffer *out);

/* Reads into a new store beside `from`, with its limits. Host functions and registered externals
 * are borrowed from it, so the new store is exchanged with `from` or destroyed before anything is
 * defined or registered there; what else is configured, gas limits and observer for instance, is
 * the default until then. Modules are found in `modules` by hash, then in the engine's cache, where
 * those of all stores are.
 *
 * The limits in `config` must be those of `from`; seed, start time and nanoseconds per gas are
 * taken over. Time and memory are linear in the bytes and in the functions on the stack, with the
 * logarithm of sorting the frames; memories, tables and the stack keep to the limits. */
struct rp_state_loader;
rp_status rp_state_loader_create(const struct rp_store *from, rp_module *const *modules,
                                 size_t module_count, struct rp_state_loader **out_loader,
                                 rp_report *report);
/* Each section once, in order, the memories in theirs; the reader must end with the section.
 * ERROR_SNAPSHOT_*, ERROR_EXTERNAL, ERROR_NO_MEMORY; then the loader can only be destroyed. */
rp_status rp_state_load_section(struct rp_state_loader *loader, enum rp_section section,
                                struct rp_msgpack *in, rp_report *report);
rp_status rp_state_load_memory(struct rp_state_loader *loader, uint32_t memory_index,
                               struct rp_msgpack *in, rp_report *report);
/* How many memories the sections read so far say. */
uint32_t rp_state_loader_memory_count(const struct rp_state_loader *loader);
/* After the last section. The new store is the loader's until taken. */
rp_status rp_state_loader_finish(struct rp_state_loader *loader, rp_report *report);
struct rp_store *rp_state_loader_take(struct rp_state_loader *loader); /* after finish */
void rp_state_loader_destroy(struct rp_state_loader *loader);

/* Exchanges the contents of a store and one that was loaded beside it, neither running; each handle
 * keeps its address, parts, observer, host functions, limits, and requests to stop. Instances go
 * with the contents. Observers are told nothing. Cannot fail. */
void rp_store_exchange(struct rp_store *a, struct rp_store *b);

/* What the `config` section says, for who makes a store that fits. Strict as loading is. */
struct rp_state_config {
    uint32_t semantics_version;
    uint32_t features;
    uint8_t schedule_hash[32];
    rp_store_config store; /* limits, seed, start time, ns per gas */
};
rp_status rp_state_read_config(struct rp_msgpack *in, struct rp_state_config *out_config,
                               rp_report *report);

#endif
