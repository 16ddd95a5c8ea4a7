/* Reading the section of a memory without a store (layer 3; docs/wsnp.md, "memoryN"; the grammar
 * stands in engine/state_memory.c). Strict: what the writer would not write is refused. */
#ifndef RP_SNAPSHOT_MEMORY_BODY_H
#define RP_SNAPSHOT_MEMORY_BODY_H

#include "core/msgpack.h"

#include <stdbool.h>

struct rp_memory_body {
    struct rp_msgpack *in;
    struct rp_span head; /* type and size */
    uint64_t min;        /* of the type, in pages of 64 KiB */
    uint64_t max;
    bool has_max;
    uint64_t page_count; /* of 4 KiB */
    uint64_t next;       /* the page behind the latest run */
    bool next_is_free;   /* whether a run may begin there */
};

/* Whether this is the name of a memory's section. */
bool rp_memory_body_is_named(const char *name);
/* Reads the head. Failures are the reader's. */
void rp_memory_body_begin(struct rp_memory_body *body, struct rp_msgpack *in);
/* The next run of pages, whole pages none of which is zero. False: there is none, the reader stands
 * behind the section's last value; or it failed. */
bool rp_memory_body_next(struct rp_memory_body *body, uint64_t *out_first,
                         struct rp_span *out_bytes);

#endif
