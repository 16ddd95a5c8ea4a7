/* The interpreter (layer 2; docs/design/frame.md): runs the bytes in place. Handlers are written
 * once (interp_ops.inc) and compiled into the fast and the metered table; whatever is unusual is a
 * function here, on a machine whose registers are written back. */
#ifndef RP_ENGINE_INTERP_H
#define RP_ENGINE_INTERP_H

#include "engine/store.h"

/* Runs until an event other than RP_EVENT_SWITCH. The machine's registers are valid before and
 * after. */
enum rp_event rp_interp_run(struct rp_store *store);

/* The two tables; they return with machine.event set. */
void rp_interp_fast(struct rp_machine *vm);
void rp_interp_metered(struct rp_machine *vm);

/* What an instruction out of line answers. */
enum rp_slow {
    RP_SLOW_DONE,
    RP_SLOW_TRAP,  /* machine.trap */
    RP_SLOW_UNFIT, /* machine.want gas does not fit into the budget; nothing has changed */
    RP_SLOW_EVENT  /* machine.event */
};

/* Out-of-line instructions: pc stands behind the opcode; on DONE behind the immediates, operands
 * popped, results pushed. */
enum rp_slow rp_slow_memory_grow(struct rp_machine *vm);
enum rp_slow rp_slow_memory_init(struct rp_machine *vm);
enum rp_slow rp_slow_memory_copy(struct rp_machine *vm);
enum rp_slow rp_slow_memory_fill(struct rp_machine *vm);
enum rp_slow rp_slow_data_drop(struct rp_machine *vm);
enum rp_slow rp_slow_table_init(struct rp_machine *vm);
enum rp_slow rp_slow_table_copy(struct rp_machine *vm);
enum rp_slow rp_slow_table_fill(struct rp_machine *vm);
enum rp_slow rp_slow_table_grow(struct rp_machine *vm);
enum rp_slow rp_slow_elem_drop(struct rp_machine *vm);

/* Calls host function machine.callee with the operands as arguments: charges the account *host*,
 * leaves the results. */
enum rp_slow rp_slow_host_call(struct rp_machine *vm);

/* Makes the frame of `callee`: arguments are on the operand stack, the limits and the price have
 * been checked. pc and st of the caller's frame are saved; the registers are those of the callee's
 * first instruction. */
void rp_frame_enter(struct rp_machine *vm, const struct rp_func *callee);
/* Whether the frame would pass the call depth or the slots. */
static inline bool rp_frame_fits(const struct rp_machine *vm, const struct rp_code *code,
                                 uint64_t slots_used)
{
    return vm->frame + 1 < vm->frame_end && slots_used + code->frame_slots <= vm->slots_max;
}

/* Makes `instance` the current one. */
static inline void rp_machine_set_instance(struct rp_machine *vm, struct rp_instance *instance)
{
    vm->instance = instance;
    vm->globals = instance->globals;
    vm->memory0 = instance->memory0;
}

/* Gas on the cold edge. All expect that nothing is prepaid. */

/* A run of machine.run_price begins at pc (behind a `loop` of run_back bytes): refills and pays for
 * it (true), or sets event to SWITCH or STOP and goes back to the `loop`. */
bool rp_gas_begin_run(struct rp_machine *vm);
/* From the metered table: pays for the run and sets event to SWITCH if it fits into one portion;
 * else false. */
bool rp_gas_rejoin_run(struct rp_machine *vm);
/* Makes the budget hold at least `want`; else false with event STOP. */
bool rp_gas_refill(struct rp_machine *vm, uint64_t want);
/* The current instruction at pc needs machine.want beside its static price: gives everything
 * unexecuted back. In the fast table the event is then SWITCH; in the metered one either true (try
 * again) or STOP. */
bool rp_gas_unfit(struct rp_machine *vm, bool metered);
/* The static prices behind the instruction at pc, which stays charged. */
void rp_gas_give_back_rest(struct rp_machine *vm);

#endif
