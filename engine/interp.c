/* The interpreter's cold edge (layer 2; docs/design/frame.md, section 4): switching tables, gas
 * that does not fit, frames. */
#include "engine/interp.h"

#include "core/assert.h"
#include "core/limits.h"

enum rp_event rp_interp_run(struct rp_store *store)
{
    struct rp_machine *vm = &store->machine;
    do {
        vm->event = RP_EVENT_NONE;
        if (vm->use_metered) {
            rp_interp_metered(vm);
        } else {
            rp_interp_fast(vm);
        }
    } while (vm->event == RP_EVENT_SWITCH);
    RP_ASSERT(vm->event != RP_EVENT_NONE);
    return vm->event;
}

void rp_frame_enter(struct rp_machine *vm, const struct rp_func *callee)
{
    const struct rp_code *code = callee->code;
    struct rp_frame *frame = vm->frame == NULL ? vm->store->stack.frames : vm->frame + 1;
    uint64_t below = vm->frame == NULL ? 0 : vm->frame->slots_used;
    struct rp_slot *fp = vm->sp - code->type->param_count;
    for (uint32_t i = code->type->param_count; i < code->local_count; i++) {
        fp[i].lo = 0;
    }
    *frame = (struct rp_frame){.func = vm->store->funcs[callee->index],
                               .fp = fp,
                               .slots_used = (uint32_t)(below + code->frame_slots),
                               .result_count = code->type->result_count};
    vm->frame = frame;
    vm->fp = fp;
    vm->sp = fp + code->local_count;
    vm->pc = code->body;
    vm->st = code->side_table;
    rp_machine_set_instance(vm, callee->instance);
}

/* ---- gas ---- */

static uint64_t gas_until(const struct rp_store *store, int64_t limit)
{
    int64_t position = rp_store_position(store);
    return limit > position ? (uint64_t)(limit - position) : 0;
}

/* What the limits and the share leave beyond the present position. */
static uint64_t gas_available(const struct rp_store *store)
{
    int64_t limit = store->gas_limit < store->until_gas ? store->gas_limit : store->until_gas;
    return gas_until(store, limit < store->share_end ? limit : store->share_end);
}

static void set_budget(struct rp_store *store, uint64_t budget)
{
    int64_t position = rp_store_position(store);
    store->machine.budget = (int64_t)budget;
    store->portion_end = position + (int64_t)budget;
}

static bool stop(struct rp_machine *vm, rp_outcome_kind kind, rp_suspend_reason reason)
{
    vm->store->stop_kind = kind;
    vm->store->stop_reason = reason;
    vm->store->share_spent = false;
    vm->event = RP_EVENT_STOP;
    return false;
}

/* Whether nobody asks the store to stop. */
static bool may_go_on(struct rp_machine *vm)
{
    if (RP_LIKELY(vm->store->stop_word == RP_STOP_NONE)) {
        return true;
    }
    int word = __atomic_exchange_n(&vm->store->stop_word, (int)RP_STOP_NONE, __ATOMIC_RELAXED);
    return word == RP_STOP_TIMEOUT ? stop(vm, RP_OUTCOME_TIMED_OUT, RP_REASON_NONE)
                                   : stop(vm, RP_OUTCOME_SUSPENDED, RP_REASON_INTERRUPT);
}

/* A share is state, a limit of the embedder is not: where both leave too little it is the share
 * that is spent, whatever the limit. */
static bool stop_at_limit(struct rp_machine *vm, uint64_t want)
{
    struct rp_store *store = vm->store;
    if (want > gas_until(store, store->share_end)) {
        stop(vm, RP_OUTCOME_OUT_OF_GAS, RP_REASON_NONE);
        store->share_spent = true;
        return false;
    }
    bool is_until = store->until_gas != RP_GAS_UNLIMITED && store->until_gas <= store->gas_limit;
    return is_until ? stop(vm, RP_OUTCOME_SUSPENDED, RP_REASON_UNTIL_GAS)
                    : stop(vm, RP_OUTCOME_OUT_OF_GAS, RP_REASON_NONE);
}

/* A portion, or as much more as is wanted at once. */
static uint64_t portion_for(uint64_t available, uint64_t want)
{
    uint64_t portion = want > RP_GAS_PORTION ? want : RP_GAS_PORTION;
    return portion < available ? portion : available;
}

bool rp_gas_refill(struct rp_machine *vm, uint64_t want)
{
    if (!may_go_on(vm)) {
        return false;
    }
    uint64_t available = gas_available(vm->store);
    if (want > available) {
        return stop_at_limit(vm, want);
    }
    set_budget(vm->store, portion_for(available, want));
    return true;
}

/* Pays for the run of machine.run_price if it fits into one portion. */
static bool pay_run(struct rp_machine *vm)
{
    uint64_t budget = portion_for(gas_available(vm->store), 0);
    if (vm->run_price > budget) {
        return false;
    }
    set_budget(vm->store, budget);
    vm->budget -= (int64_t)vm->run_price;
    return true;
}

bool rp_gas_begin_run(struct rp_machine *vm)
{
    bool go_on = may_go_on(vm);
    if (go_on && !vm->only_metered && !vm->observed && pay_run(vm)) {
        vm->use_metered = false;
        return true;
    }
    if (vm->run_back != 0) {
        vm->pc -= vm->run_back;
        vm->st--;
    }
    vm->use_metered = true;
    if (go_on) {
        vm->event = RP_EVENT_SWITCH;
    }
    return false;
}

bool rp_gas_rejoin_run(struct rp_machine *vm)
{
    if (vm->only_metered || vm->observed || !pay_run(vm)) {
        return false;
    }
    vm->use_metered = false;
    vm->event = RP_EVENT_SWITCH;
    return true;
}

bool rp_gas_unfit(struct rp_machine *vm, bool metered)
{
    const struct rp_func *func = vm->frame->func;
    const struct rp_module *module = func->instance->module;
    uint64_t price = rp_code_price_at(module, func->code, vm->pc, vm->st);
    vm->budget += (int64_t)price;
    if (metered) {
        bool overflows = vm->want > (uint64_t)INT64_MAX - price;
        return rp_gas_refill(vm, overflows ? UINT64_MAX : vm->want + price);
    }
    vm->budget += (int64_t)rp_code_rest_price(module, func->code, vm->pc, vm->st);
    vm->use_metered = true;
    vm->event = RP_EVENT_SWITCH;
    return false;
}

void rp_gas_give_back_rest(struct rp_machine *vm)
{
    const struct rp_func *func = vm->frame->func;
    vm->budget += (int64_t)rp_code_rest_price(func->instance->module, func->code, vm->pc, vm->st);
}
