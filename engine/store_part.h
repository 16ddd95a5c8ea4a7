/* State that a layer above attaches to a store (layer 2): the sandbox's files and descriptors. The
 * snapshot writes and reads parts without knowing them; a checkpoint and a rollback take them
 * along.
 *
 * A part has one or more sections, each with a name of its own and one canonical encoding, and is
 * rebuilt beside the live one: load every section in order, finish, then exchange or discard. */
#ifndef RP_ENGINE_STORE_PART_H
#define RP_ENGINE_STORE_PART_H

#include "core/hash.h"
#include "core/msgpack.h"
#include "reprise/reprise.h"

#define RP_PART_SECTIONS_MAX 4u

struct rp_store_part {
    struct rp_store_part *next; /* the store's list, in order of registration */
    void *user;
    unsigned section_count;
    const char *sections[RP_PART_SECTIONS_MAX]; /* constants, in the order of the file */

    /* Appends a section's canonical bytes. ERROR_NO_MEMORY. */
    rp_status (*save)(void *user, unsigned section, struct rp_buffer *out, rp_report *report);
    /* The hash that stands for the section in the state root (docs/wsnp.md). It must be a function
     * of the bytes that `save` writes, but may remember what did not change. ERROR_NO_MEMORY. */
    rp_status (*root)(void *user, unsigned section, uint8_t out_root[RP_HASH_BYTES],
                      rp_report *report);
    /* The same hash from a section's bytes, for a file; the bytes are checked as by `load` as far
     * as that is needed. */
    rp_status (*root_of)(struct rp_allocator *allocator, unsigned section, struct rp_span bytes,
                         uint8_t out_root[RP_HASH_BYTES], rp_report *report);
    /* Reads a section; the first one with *beside NULL, which it makes. Reports ERROR_SNAPSHOT_*.
     * On failure the caller discards *beside if it is not NULL. */
    rp_status (*load)(void *user, unsigned section, struct rp_msgpack *in, void **beside,
                      rp_report *report);
    /* Checks the sections against each other. */
    rp_status (*finish)(void *user, void *beside, rp_report *report);
    /* The live state and the one beside change places; cannot fail. Then `discard` frees the old
     * one. */
    void (*exchange)(void *user, void *beside);
    void (*discard)(void *user, void *beside);
    /* A copy in memory to return to, cheap where it can be; NULL: no memory. `rollback` makes it
     * the live state and may be called again with the same copy; cannot fail once `checkpoint` has
     * reserved what it needs. `forget` frees it. */
    void *(*checkpoint)(void *user);
    void (*rollback)(void *user, void *checkpoint);
    void (*forget)(void *user, void *checkpoint);
};

struct rp_store;
/* `part` lives as long as the store. */
void rp_store_add_part(struct rp_store *store, struct rp_store_part *part);

#endif
