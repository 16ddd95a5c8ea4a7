/* Calls of host functions by guest code and by the embedder (layer 2). See host_call.h. */
#include "engine/host_call.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/observe.h"

#include <string.h>

/* ---- asking ---- */

void rp_host_leave_guest(struct rp_machine *vm, struct rp_machine *out_saved)
{
    *out_saved = *vm;
    rp_float_env_leave(&vm->store->float_env);
}

void rp_host_enter_guest(struct rp_machine *vm, const struct rp_machine *saved)
{
    rp_float_env_enter(&vm->store->float_env);
    int64_t budget = vm->budget; /* what nested calls left of it */
    *vm = *saved;
    vm->budget = budget;
}

static rp_host_result ask(struct rp_machine *vm, rp_caller *caller, const rp_value *args,
                          rp_value *results)
{
    const struct rp_host_binding *binding = caller->func->host;
    struct rp_machine saved;
    rp_host_leave_guest(vm, &saved);
    rp_host_result answer = binding->callback(binding->user, caller, args, results);
    rp_host_enter_guest(vm, &saved);
    return answer;
}

/* UINT64_MAX: no budget is so large. */
static uint64_t ask_price(struct rp_machine *vm, rp_caller *caller, const rp_value *args)
{
    const struct rp_host_binding *binding = caller->func->host;
    uint64_t base = binding->base_price;
    if (base == 0) {
        base = vm->store->engine->schedule.flat_prices[RP_GAS_FLAT_HOST_CALL];
    }
    uint64_t extra = binding->price == NULL ? 0 : binding->price(binding->user, caller, args);
    bool overflows = base > (uint64_t)INT64_MAX || extra > (uint64_t)INT64_MAX - base;
    return overflows ? UINT64_MAX : base + extra;
}

/* ---- answers ---- */

void rp_host_count_answer(struct rp_store *store, const struct rp_func *func, rp_host_result answer)
{
    if (!func->host->is_pure && answer != RP_HOST_FAIL) {
        rp_store_count_host_event(store);
    }
}

enum rp_slow rp_host_fail(struct rp_machine *vm, const struct rp_func *func, rp_status status,
                          const char *text)
{
    vm->store->host_status =
        rp_report_fail(vm->store->report, status, "host function \"%.*s\".\"%.*s\"%s",
                       (int)func->host->module.size, (const char *)func->host->module.data,
                       (int)func->host->name.size, (const char *)func->host->name.data, text);
    vm->event = RP_EVENT_FAIL;
    return RP_SLOW_EVENT;
}

enum rp_slow rp_host_fail_as_told(struct rp_machine *vm, const struct rp_func *func)
{
    char text[280] = " failed";
    const char *message = vm->store->message;
    if (message[0] != 0) {
        memcpy(text + strlen(text), ": ", 3);
        memcpy(text + strlen(text), message, strlen(message) + 1);
    }
    return rp_host_fail(vm, func, RP_ERROR_HOST, text);
}

enum rp_slow rp_host_write_results(struct rp_machine *vm, const struct rp_func *func,
                                   const rp_value *results, struct rp_slot *to)
{
    const struct rp_func_type *type = func->type;
    for (uint32_t i = 0; i < type->result_count; i++) {
        if (!rp_value_check(vm->store, &results[i], type->types[type->param_count + i])) {
            vm->store->host_status =
                rp_report_fail(vm->store->report, RP_ERROR_TYPE,
                               "host function \"%.*s\".\"%.*s\": result %u is not of type %s",
                               (int)func->host->module.size, (const char *)func->host->module.data,
                               (int)func->host->name.size, (const char *)func->host->name.data, i,
                               rp_type_name(type->types[type->param_count + i]));
            vm->event = RP_EVENT_FAIL;
            return RP_SLOW_EVENT;
        }
    }
    for (uint32_t i = 0; i < type->result_count; i++) {
        to[i].lo = rp_value_to_slot(&results[i]);
    }
    vm->sp = to + type->result_count;
    return RP_SLOW_DONE;
}

/* The call is as if it had not begun: its price, and that of the instruction, are given back. */
static enum rp_slow stop_before(struct rp_machine *vm, const struct rp_func *func, uint64_t price)
{
    enum rp_slow answer = rp_pending_begin(vm, func);
    if (vm->event == RP_EVENT_STOP) {
        vm->budget += (int64_t)price;
        vm->store->host_gas -= price;
        if (vm->instance != NULL) {
            const struct rp_func *caller = vm->frame->func;
            vm->pc = vm->at;
            vm->budget +=
                (int64_t)rp_code_price_at(caller->instance->module, caller->code, vm->pc, vm->st);
        }
    }
    return answer;
}

static enum rp_slow act_on_answer(struct rp_machine *vm, rp_caller *caller, rp_host_result answer,
                                  const rp_value *results, uint64_t price)
{
    const struct rp_func *func = caller->func;
    struct rp_slot *args = vm->sp - vm->popped - func->type->param_count;
    switch (answer) {
    case RP_HOST_RETURN:
        return rp_host_write_results(vm, func, results, args);
    case RP_HOST_TRAP:
        vm->trap = RP_TRAP_HOST;
        return RP_SLOW_TRAP;
    case RP_HOST_EXIT:
        vm->event = RP_EVENT_EXIT;
        return RP_SLOW_EVENT;
    case RP_HOST_PENDING:
        return stop_before(vm, func, price);
    case RP_HOST_CALL: {
        enum rp_slow entered = rp_host_frame_enter(vm, func, args, caller);
        return entered == RP_SLOW_DONE ? RP_SLOW_EVENT : entered;
    }
    case RP_HOST_FAIL:
    default:
        return rp_host_fail_as_told(vm, func);
    }
}

/* ---- the call ---- */

static enum rp_slow call_unknown(struct rp_machine *vm, const struct rp_func *func)
{
    rp_store_describe_unknown_import(vm->store, func->host);
    if (vm->observed) {
        rp_observe_host_enter(vm, func);
        rp_observe_host_leave(vm, func, false);
    }
    vm->trap = RP_TRAP_UNKNOWN_IMPORT;
    return RP_SLOW_TRAP;
}

static enum rp_slow call_with(struct rp_machine *vm, rp_value *values)
{
    struct rp_store *store = vm->store;
    const struct rp_func *func = vm->callee;
    const struct rp_func_type *type = func->type;
    if (func->host->callback == NULL) {
        return call_unknown(vm, func);
    }
    rp_value *results = values + type->param_count;
    const struct rp_slot *args = vm->sp - vm->popped - type->param_count;
    for (uint32_t i = 0; i < type->param_count; i++) {
        rp_value_from_slot(&values[i], type->types[i], args[i].lo);
    }
    for (uint32_t i = 0; i < type->result_count; i++) {
        rp_value_from_slot(&results[i], type->types[type->param_count + i], 0);
    }
    rp_caller caller = {.store = store, .instance = vm->instance, .func = func};
    uint64_t price = ask_price(vm, &caller, values);
    if (price > (uint64_t)vm->budget) {
        vm->want = price;
        return RP_SLOW_UNFIT;
    }
    if (vm->observed) {
        rp_observe_host_enter(vm, func);
    }
    vm->budget -= (int64_t)price;
    store->host_gas += price;
    store->message[0] = 0;
    /* The frame waits at the call: for a backtrace from inside, and for a host frame above it. */
    if (vm->instance != NULL) {
        vm->frame->pc = vm->pc;
        vm->frame->st = vm->st;
    }
    rp_host_result result;
    if (rp_pending_is_completed(store)) {
        result = rp_pending_take(store, func, results);
    } else {
        result = ask(vm, &caller, values, results);
        rp_host_count_answer(store, func, result);
    }
    enum rp_slow answer = act_on_answer(vm, &caller, result, results, price);
    rp_caller_forget(&caller);
    if (vm->observed && (answer != RP_SLOW_EVENT || vm->event != RP_EVENT_CALL)) {
        rp_observe_host_leave(vm, func, answer == RP_SLOW_DONE);
    }
    return answer;
}

/* Most host functions have few values: nested calls then take little of the native stack. */
#define FEW_VALUES 24

static RP_NOINLINE enum rp_slow call_with_few(struct rp_machine *vm)
{
    rp_value values[FEW_VALUES];
    return call_with(vm, values);
}

static RP_NOINLINE enum rp_slow call_with_many(struct rp_machine *vm, size_t count)
{
    struct rp_allocator *allocator = &vm->store->allocator;
    rp_value *values = rp_alloc(allocator, count * sizeof *values);
    if (values == NULL) {
        vm->store->host_status =
            rp_report_fail(vm->store->report, RP_ERROR_NO_MEMORY,
                           "the host has no native memory for the values of a host call");
        vm->event = RP_EVENT_FAIL;
        return RP_SLOW_EVENT;
    }
    enum rp_slow answer = call_with(vm, values);
    rp_free(allocator, values, count * sizeof *values);
    return answer;
}

enum rp_slow rp_slow_host_call(struct rp_machine *vm)
{
    const struct rp_func_type *type = vm->callee->type;
    size_t count = (size_t)type->param_count + type->result_count;
    return count <= FEW_VALUES ? call_with_few(vm) : call_with_many(vm, count);
}
