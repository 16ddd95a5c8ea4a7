/* Calls from the embedder (layer 2).
 *
 * A call takes its arguments at the top of the value stack. A call that stops stays on the stack; a
 * nested call (from a host function) that stops is dropped, its gas spent. */
#include "engine/call.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/interp.h"
#include "engine/observe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void rp_outcome_describe(rp_outcome *outcome, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(outcome->message, sizeof outcome->message, format, args);
    va_end(args);
}

/* ---- how a run ended ---- */

/* The offset of the instruction that ends at `behind`: a waiting frame's call. */
static uint64_t offset_before(const struct rp_module *module, const struct rp_code *code,
                              const uint8_t *behind)
{
    const uint8_t *pc = code->body;
    for (;;) {
        const uint8_t *next = pc;
        rp_code_decode(code, pc, &next);
        if (next >= behind) {
            RP_ASSERT(next == behind);
            return (uint64_t)(pc - module->bytes);
        }
        pc = next;
    }
}

static void write_backtrace(const struct rp_store *store, rp_outcome *outcome)
{
    const struct rp_machine *vm = &store->machine;
    const struct rp_frame *frame = vm->frame;
    outcome->frame_count = (uint32_t)(frame - store->stack.frames) + 1;
    uint32_t count =
        outcome->frame_count < RP_BACKTRACE_MAX ? outcome->frame_count : RP_BACKTRACE_MAX;
    for (uint32_t i = 0; i < count; i++, frame--) {
        const struct rp_func *func = frame->func;
        const struct rp_module *module = func->instance->module;
        outcome->frames[i] = (rp_backtrace_frame){
            .module = module,
            .func_index = func->module_index,
            .offset = i == 0 ? (uint64_t)(vm->pc - module->bytes)
                             : offset_before(module, func->code, frame->pc),
        };
    }
}

static void write_trap(const struct rp_store *store, rp_outcome *outcome)
{
    rp_trap_code code = store->machine.trap;
    outcome->kind = RP_OUTCOME_TRAPPED;
    outcome->trap = code;
    bool has_message =
        (code == RP_TRAP_HOST || code == RP_TRAP_UNKNOWN_IMPORT) && store->message[0] != 0;
    rp_outcome_describe(outcome, "%s", has_message ? store->message : rp_trap_text(code));
    if (store->machine.frame != NULL) {
        write_backtrace(store, outcome);
    }
}

void rp_store_describe_unknown_import(struct rp_store *store, const struct rp_host_binding *binding)
{
    snprintf(store->message, sizeof store->message,
             "call of \"%.*s\".\"%.*s\", an import that is not offered",
             (int)(binding->module.size < 80 ? binding->module.size : 80),
             (const char *)binding->module.data,
             (int)(binding->name.size < 80 ? binding->name.size : 80),
             (const char *)binding->name.data);
}

/* ---- running ---- */

/* Calls the host function that the embedder named; its arguments are on the stack. */
static enum rp_event run_host_entry(struct rp_store *store)
{
    struct rp_machine *vm = &store->machine;
    vm->callee = store->entry;
    vm->popped = 0;
    struct rp_instance *instance = vm->instance;
    vm->instance = NULL;
    enum rp_slow answer;
    do {
        answer = rp_slow_host_call(vm);
    } while (answer == RP_SLOW_UNFIT && rp_gas_refill(vm, vm->want));
    vm->instance = instance;
    switch (answer) {
    case RP_SLOW_DONE:
        return RP_EVENT_DONE;
    case RP_SLOW_TRAP:
        vm->pc = vm->at;
        return RP_EVENT_TRAP;
    case RP_SLOW_UNFIT:
        store->entry_pending = true;
        return RP_EVENT_STOP;
    default:
        return vm->event;
    }
}

/* Makes the entry's frame, if it fits, and runs. */
static enum rp_event run_entry(struct rp_store *store)
{
    struct rp_machine *vm = &store->machine;
    const struct rp_func *entry = store->entry;
    const struct rp_code *code = entry->code;
    store->entry_pending = false;
    if (code == NULL) {
        return run_host_entry(store);
    }
    uint64_t below = vm->frame == NULL ? 0 : vm->frame->slots_used;
    bool depth_fits = vm->frame == NULL || vm->frame + 1 < vm->frame_end;
    if (!depth_fits || below + code->frame_slots > vm->slots_max) {
        vm->pc = vm->at; /* a frame that waits does so in the call of the host function */
        vm->trap = RP_TRAP_STACK_EXHAUSTED;
        return RP_EVENT_TRAP;
    }
    if (!rp_gas_refill(vm, code->frame_price)) {
        store->entry_pending = true;
        return RP_EVENT_STOP;
    }
    vm->budget -= (int64_t)code->frame_price;
    rp_frame_enter(vm, entry);
    vm->base_frame = vm->frame;
    if (vm->observed) {
        rp_observe_enter(vm);
    }
    vm->run_price = code->run_price;
    vm->run_back = 0;
    vm->event = RP_EVENT_NONE;
    if (!rp_gas_begin_run(vm) && vm->event == RP_EVENT_STOP) {
        return RP_EVENT_STOP;
    }
    return rp_interp_run(store);
}

static void read_results(struct rp_store *store, rp_value *results)
{
    const struct rp_func_type *type = store->entry->type;
    const struct rp_slot *slots = store->machine.sp - type->result_count;
    for (uint32_t i = 0; i < type->result_count; i++) {
        rp_value_from_slot(&results[i], type->types[type->param_count + i], slots[i].lo);
    }
}

/* Tells the outcome; false if the call stays on the stack. */
static bool tell_outcome(struct rp_store *store, enum rp_event event, rp_value *results,
                         rp_outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    switch (event) {
    case RP_EVENT_DONE:
        outcome->kind = RP_OUTCOME_RETURNED;
        read_results(store, results);
        return true;
    case RP_EVENT_TRAP:
        write_trap(store, outcome);
        return true;
    case RP_EVENT_EXIT:
        outcome->kind = RP_OUTCOME_EXITED;
        outcome->exit_code = store->exit_code;
        return true;
    case RP_EVENT_STOP:
        outcome->kind = store->stop_kind;
        outcome->reason = store->stop_reason;
        return false;
    default:
        RP_ASSERT(event == RP_EVENT_FAIL);
        return true;
    }
}

/* Ends the outermost call. */
static void clear_stack(struct rp_store *store)
{
    struct rp_machine *vm = &store->machine;
    store->stopped = false;
    store->entry_pending = false;
    store->entry = NULL;
    vm->frame = NULL;
    vm->base_frame = NULL;
    vm->sp = store->stack.slots;
}

/* Runs the outermost call from its start (`resume` false) or from where it stopped. */
static rp_status run_outermost(struct rp_store *store, bool resume, rp_value *results,
                               rp_outcome *out_outcome, rp_report *report)
{
    struct rp_machine *vm = &store->machine;
    rp_store_end_portion(store);
    store->running = true;
    store->stopped = false;
    store->host_status = RP_OK;
    store->report = report;
    rp_float_env_enter(&store->float_env);
    enum rp_event event;
    if (resume && !store->entry_pending) {
        vm->use_metered = true;
        event = rp_interp_run(store);
    } else {
        event = run_entry(store);
    }
    rp_float_env_leave(&store->float_env);
    store->running = false;
    store->report = NULL;
    if (tell_outcome(store, event, results, out_outcome)) {
        if (event != RP_EVENT_DONE) {
            rp_observe_drop(vm, NULL);
        }
        clear_stack(store);
    } else {
        store->stopped = true;
    }
    return store->host_status;
}

/* A nested call that was asked to stop is dropped; the request stays for the call around it. */
static void keep_stop_request(struct rp_store *store)
{
    bool interrupted =
        store->stop_kind == RP_OUTCOME_SUSPENDED && store->stop_reason == RP_REASON_INTERRUPT;
    if (interrupted || store->stop_kind == RP_OUTCOME_TIMED_OUT) {
        rp_store_interrupt(store, interrupted ? RP_STOP_INTERRUPT : RP_STOP_TIMEOUT);
    }
    rp_store_end_portion(store);
}

static rp_status run_nested(struct rp_store *store, const struct rp_func *entry, rp_value *results,
                            rp_outcome *out_outcome, rp_report *report)
{
    const struct rp_func *outer = store->entry;
    const struct rp_frame *outer_frame = store->machine.frame;
    rp_report *outer_report = store->report;
    store->entry = entry;
    store->report = report;
    store->host_depth++;
    rp_store_end_portion(store);
    rp_float_env_enter(&store->float_env);
    enum rp_event event = run_entry(store);
    rp_float_env_leave(&store->float_env);
    tell_outcome(store, event, results, out_outcome);
    if (event != RP_EVENT_DONE) {
        rp_observe_drop(&store->machine, outer_frame);
    }
    store->host_depth--;
    store->report = outer_report;
    if (event == RP_EVENT_STOP) {
        keep_stop_request(store);
    }
    store->entry = outer;
    store->entry_pending = false;
    rp_status status = store->host_status;
    store->host_status = RP_OK;
    return status;
}

static rp_status check_call(struct rp_store *store, uint32_t func_index, const rp_value *args,
                            size_t arg_count, size_t result_count, rp_report *report)
{
    if (store->stopped) {
        return rp_report_fail(report, RP_ERROR_STATE,
                              "the store has a stopped call: resume or abandon it");
    }
    if (store->running && store->host_depth >= store->host_depth_max) {
        return rp_report_fail(report, RP_ERROR_LIMIT,
                              "calls from host functions nested deeper than %u",
                              store->host_depth_max);
    }
    if (func_index >= store->func_count) {
        return rp_report_fail(report, RP_ERROR_NOT_FOUND, "function %u, the store has %u",
                              func_index, store->func_count);
    }
    const struct rp_func_type *type = store->funcs[func_index]->type;
    if (arg_count != type->param_count || result_count != type->result_count) {
        return rp_report_fail(report, RP_ERROR_TYPE,
                              "the function takes %u values and gives %u, not %zu and %zu",
                              type->param_count, type->result_count, arg_count, result_count);
    }
    for (uint32_t i = 0; i < arg_count; i++) {
        if (!rp_value_check(store, &args[i], type->types[i])) {
            return rp_report_fail(report, RP_ERROR_TYPE, "argument %u is not of type %s", i,
                                  rp_type_name(type->types[i]));
        }
    }
    return RP_OK;
}

rp_status rp_store_call(rp_store *store, uint32_t func_index, const rp_value *args,
                        size_t arg_count, rp_value *results, size_t result_count,
                        rp_outcome *out_outcome, rp_report *report)
{
    rp_status status = check_call(store, func_index, args, arg_count, result_count, report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_machine *vm = &store->machine;
    const struct rp_func *entry = store->funcs[func_index];
    if (!store->running) {
        clear_stack(store);
        store->entry = entry;
    }
    for (size_t i = 0; i < arg_count; i++) {
        vm->sp->lo = rp_value_to_slot(&args[i]);
        vm->sp++;
    }
    if (!store->running) {
        return run_outermost(store, false, results, out_outcome, report);
    }
    struct rp_machine saved = *vm;
    saved.sp -= arg_count;
    status = run_nested(store, entry, results, out_outcome, report);
    saved.budget = vm->budget;
    *vm = saved;
    return status;
}

rp_status rp_store_resume(rp_store *store, rp_value *results, size_t result_count,
                          rp_outcome *out_outcome, rp_report *report)
{
    if (!store->stopped || store->running) {
        return rp_report_fail(report, RP_ERROR_STATE, "the store has no stopped call");
    }
    if (result_count != store->entry->type->result_count) {
        return rp_report_fail(report, RP_ERROR_TYPE, "the stopped call gives %u values, not %zu",
                              store->entry->type->result_count, result_count);
    }
    return run_outermost(store, true, results, out_outcome, report);
}

void rp_store_abandon(rp_store *store)
{
    RP_ASSERT(!store->running);
    rp_observe_drop(&store->machine, NULL);
    clear_stack(store);
}

/* ---- inside a host function ---- */

rp_store *rp_caller_store(rp_caller *caller)
{
    return caller->store;
}

bool rp_caller_memory(rp_caller *caller, uint8_t **out_data, uint64_t *out_size)
{
    const struct rp_instance *instance = caller->instance;
    if (instance == NULL) {
        return false;
    }
    const struct rp_export *export = rp_module_find_export(instance->module, "memory", 6);
    const struct rp_memory *memory = NULL;
    if (export != NULL && export->kind == RP_EXTERN_MEMORY) {
        memory = instance->memories[export->index];
    } else if (instance->module->memory_count != 0) {
        memory = instance->memories[0];
    }
    if (memory == NULL) {
        return false;
    }
    *out_data = memory->data;
    *out_size = memory->size_bytes;
    return true;
}

void rp_caller_set_exit_code(rp_caller *caller, uint32_t exit_code)
{
    caller->store->exit_code = exit_code;
}

void rp_caller_message(rp_caller *caller, const char *text)
{
    snprintf(caller->store->message, sizeof caller->store->message, "%s", text);
}
