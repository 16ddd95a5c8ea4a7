/* Watching calls (layer 2; include/reprise/reprise.h, "watching calls"): where the engine tells an
 * observer that a function is entered or left.
 *
 * Nothing here changes the store: results and gas are those of an unobserved run. Whether a call is
 * observed is read from `machine.observed`; only the metered table and the cold paths do so, the
 * fast table is not run meanwhile.
 *
 * Invariant: a function that was told as entered and not yet as left is a frame of the stack, or a
 * host function in work. So the depth of an event is counted, not kept: frames below, and host
 * functions around (`host_depth`). */
#ifndef RP_ENGINE_OBSERVE_H
#define RP_ENGINE_OBSERVE_H

#include "engine/store.h"

/* The topmost frame is entered, or about to be left by returning. The budget is written back. Only
 * while observed, and while guest code runs: the host's floating-point mode is set meanwhile. */
void rp_observe_enter(const struct rp_machine *vm);
void rp_observe_return(const struct rp_machine *vm);

/* Host function `callee` is entered or left by the topmost frame, or the embedder. As above. */
void rp_observe_host_enter(const struct rp_machine *vm, const struct rp_func *callee);
void rp_observe_host_leave(const struct rp_machine *vm, const struct rp_func *callee,
                           bool returned);

/* The frame of a host function on top is about to go. As above. */
void rp_observe_host_end(const struct rp_machine *vm, bool returned);

/* The frames above `below` (NULL: all) are dropped, innermost first; they are still on the stack.
 * In the host's floating-point mode. No-op if not observed. */
void rp_observe_drop(const struct rp_machine *vm, const struct rp_frame *below);

/* The frames of a stopped call are there all at once, outermost first. No-op if not observed. */
void rp_observe_announce(const struct rp_store *store);

#endif
