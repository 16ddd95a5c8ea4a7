/* Host functions at work (layer 2; docs/design/frame.md, section 9): how they are asked, what
 * becomes of their answers, and the frames of those that want a call and then to continue.
 *
 * A host function that answers RP_HOST_CALL leaves a frame; nothing of it is on the native stack.
 * So guest code, host frames and again guest code alternate on the store's stack, and one native
 * loop, rp_activation_run, drives them: the interpreter runs a segment of guest frames and comes
 * back when its first frame returns. */
#ifndef RP_ENGINE_HOST_CALL_H
#define RP_ENGINE_HOST_CALL_H

#include "engine/interp.h"

/* What runs on one native stack frame: an outermost call, or a nested one. */
struct rp_activation {
    uint32_t base_index;       /* of its first frame in the stack */
    uint32_t host_frame_count; /* host frames below, which are not its own */
    int64_t share_end;         /* of the share of gas around its own host frames */
};

/* The activation that begins above the frames that are there. */
struct rp_activation rp_activation_begin(const struct rp_store *store, int64_t share_end);

/* Calls `func`, whose arguments are on top of the stack, by no instruction: the embedder's entry,
 * or the callee of a host frame. *out_begun is false if the store stopped before: nothing was
 * charged. After RP_EVENT_DONE the results are on top of the stack. */
enum rp_event rp_activation_call(struct rp_store *store, const struct rp_func *func,
                                 bool *out_begun);

/* Goes on from `event` with the calls of host frames, until the activation's first frame has ended
 * or the store stops. `ended`: after DONE, the function that returned. */
enum rp_event rp_activation_run(struct rp_store *store, const struct rp_activation *activation,
                                enum rp_event event, const struct rp_func *ended);

/* Goes on where the outermost call stopped, behind its entry. */
enum rp_event rp_activation_resume(struct rp_store *store, const struct rp_activation *activation);

/* Makes the frame of host function `func`, called by the topmost frame with the operands at `args`,
 * and puts the arguments of what it wants to call above; takes what the caller said. DONE: the
 * event is RP_EVENT_CALL. TRAP: the stack is exhausted. EVENT: no memory. */
enum rp_slow rp_host_frame_enter(struct rp_machine *vm, const struct rp_func *func,
                                 struct rp_slot *args, rp_caller *caller);

/* Slots that such a frame counts: as a guest function's without locals and operands. */
uint64_t rp_host_frame_slots(const struct rp_func_type *type);

/* Whether a host function's answer counts as a host event, and counts it. */
void rp_host_count_answer(struct rp_store *store, const struct rp_func *func,
                          rp_host_result answer);

/* Asks are surrounded by these: the host's floating-point mode, and the machine's registers, which
 * calls from inside change. */
void rp_host_leave_guest(struct rp_machine *vm, struct rp_machine *out_saved);
void rp_host_enter_guest(struct rp_machine *vm, const struct rp_machine *saved);

/* Ends the run with a status: "host function "m"."n": <text>". */
enum rp_slow rp_host_fail(struct rp_machine *vm, const struct rp_func *func, rp_status status,
                          const char *text);
/* For RP_HOST_FAIL: ERROR_HOST with the message that the host function left. */
enum rp_slow rp_host_fail_as_told(struct rp_machine *vm, const struct rp_func *func);

/* Writes results to `to`, which is the top of the stack then; a result of another type fails. */
enum rp_slow rp_host_write_results(struct rp_machine *vm, const struct rp_func *func,
                                   const rp_value *results, struct rp_slot *to);

/* Notes that the host function answers later and makes the event a stop; refused inside of a nested
 * call and from a pure function. */
enum rp_slow rp_pending_begin(struct rp_machine *vm, const struct rp_func *func);
/* Whether the next host call has its answer already, and takes it. */
bool rp_pending_is_completed(const struct rp_store *store);
rp_host_result rp_pending_take(struct rp_store *store, const struct rp_func *func,
                               rp_value *results);

/* Frees what rp_caller_call_then noted and nobody took. */
void rp_caller_forget(rp_caller *caller);

#endif
