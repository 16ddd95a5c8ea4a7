/* In which states of a store a function may be called (layer 2; docs/embedding.md, "States"), and
 * the count of host events.
 *
 * Every function of the embedder that can be refused asks here first and changes nothing if it is.
 * Nothing here costs gas. */
#ifndef RP_ENGINE_STORE_CHECK_H
#define RP_ENGINE_STORE_CHECK_H

#include "engine/store.h"

/* Sets of states. */
#define RP_WHILE_IDLE (1u << RP_STORE_IDLE)
#define RP_WHILE_RUNNING (1u << RP_STORE_RUNNING)
#define RP_WHILE_STOPPED (1u << RP_STORE_STOPPED)
#define RP_WHILE_PENDING (1u << RP_STORE_PENDING)
#define RP_WHILE_CUT (1u << RP_STORE_CUT)
#define RP_WHILE_ANY 0x1fu
/* Where a stop depends on real time, the embedder must not change the state: where it would do so
 * is no fact of the run. */
#define RP_UNLESS_CUT (RP_WHILE_ANY & ~RP_WHILE_CUT)

/* ERROR_STATE with the state and the remedy unless the store is in one of `states`, or while guest
 * memory is borrowed. `function` is the caller's name. */
rp_status rp_store_require(const struct rp_store *store, unsigned states, const char *function,
                           rp_report *report) RP_NODISCARD;

/* The embedder has changed the state: a host event, unless it did so inside of a host function,
 * whose answer is the event. */
void rp_store_count_change(struct rp_store *store);

/* ERROR_ARGUMENT unless a structure of `size` bytes can be read: at least `least` (its first
 * layout), at most `known` (today's). What a smaller one lacks is zero. */
rp_status rp_struct_size_check(const char *name, size_t size, size_t least, size_t known,
                               rp_report *report) RP_NODISCARD;

#endif
