/* What the files that read a state share (layer 2): state_loader.c (life), state_config.c,
 * state_load.c (modules to functions), state_objects.c (tables, globals, memories, counters),
 * state_memory.c (pages), state_frames_load.c.
 *
 * Everything is read into a store that nobody else knows yet. Functions that read answer false with
 * `status` set; a failed read of the bytes counts more than what is wrong with the zeros that it
 * gives. */
#ifndef RP_ENGINE_STATE_LOADER_H
#define RP_ENGINE_STATE_LOADER_H

#include "engine/store_state.h"

/* What an instance's entry says of objects that are read later: indices in the store, by index in
 * the module. */
struct rp_state_instance {
    uint32_t module; /* number */
    uint32_t *funcs; /* imports only */
    uint32_t *tables;
    uint32_t *memories;
    uint32_t *globals;
};

struct rp_state_loader {
    struct rp_allocator allocator; /* of what is needed while loading, this structure included */
    struct rp_arena arena;
    const struct rp_store *from;
    struct rp_store *store; /* in work */
    rp_module *const *offered;
    size_t offered_count;

    const rp_module **modules; /* by number */
    rp_module **retained;      /* handles to give back, by number; NULL: not ours */
    uint32_t module_count;
    const struct rp_host_binding **hosts; /* by number */
    uint32_t host_count;
    struct rp_state_instance *instances;
    uint32_t memory_count;
    uint32_t frame_count; /* of the stopped call */

    /* The section in work. */
    unsigned next_section;
    struct rp_msgpack *in;
    const char *section;
    rp_report *report;
    rp_status status;
    bool finished;
};

/* Sets the status and reports "snapshot section frames: …", unless a failure is set already or the
 * bytes themselves could not be read, which is then told. Answers false. */
bool rp_state_refuse(struct rp_state_loader *loader, rp_status status, const char *format, ...)
    RP_PRINTF(3, 4) RP_COLD;
/* What the reader says of the bytes: ERROR_SNAPSHOT_TRUNCATED or _ENCODING. */
rp_status rp_state_tell_bytes(const struct rp_msgpack *in, const char *section,
                              rp_report *report) RP_COLD;
bool rp_state_no_memory(struct rp_state_loader *loader) RP_COLD;

/* Scratch memory, zeroed, until the loader is destroyed; NULL: refused. `count` was bounded by the
 * bytes of the section. */
void *rp_state_scratch(struct rp_state_loader *loader, uint64_t count, size_t size);

/* A value of `type`; refused with `status` at the place that the text names. */
bool rp_state_take(struct rp_state_loader *loader, uint32_t type, rp_status status,
                   uint64_t *out_slot, const char *place, ...) RP_PRINTF(5, 6);

/* A uint or nil; `out_given` says which. */
uint64_t rp_state_take_optional(struct rp_state_loader *loader, bool *out_given);

/* The sections: state_config.c, state_load.c, state_objects.c, state_frames_load.c. */
#define X(name) bool rp_state_load_##name(struct rp_state_loader *loader);
#include "engine/section.def"
#undef X
bool rp_state_load_one_memory(struct rp_state_loader *loader); /* the next one; state_objects.c */
bool rp_state_load_pages(struct rp_state_loader *loader, struct rp_memory *memory);

#endif
