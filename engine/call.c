/* Calls from the embedder (layer 2).
 *
 * A call takes its arguments at the top of the value stack. A call that stops stays on the stack; a
 * nested call (from a host function) that stops is dropped, its gas spent. */
#include "engine/call.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/checkpoint.h"
#include "engine/host_call.h"
#include "engine/observe.h"
#include "engine/store_check.h"

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

const uint8_t *rp_code_call_before(const struct rp_code *code, const uint8_t *behind)
{
    const uint8_t *pc = code->body;
    for (;;) {
        const uint8_t *next = pc;
        rp_code_decode(code, pc, &next);
        if (next >= behind) {
            RP_ASSERT(next == behind);
            return pc;
        }
        pc = next;
    }
}

static rp_backtrace_frame describe_frame(const struct rp_store *store, const struct rp_frame *frame)
{
    const struct rp_func *func = frame->func;
    if (func->code == NULL) {
        return (rp_backtrace_frame){.func_index = func->index};
    }
    const struct rp_machine *vm = &store->machine;
    const struct rp_module *module = func->instance->module;
    const uint8_t *pc = frame == vm->frame ? vm->pc : rp_code_call_before(func->code, frame->pc);
    return (rp_backtrace_frame){.module = module,
                                .func_index = func->module_index,
                                .offset = (uint64_t)(pc - module->bytes)};
}

static void write_backtrace(const struct rp_store *store, rp_outcome *outcome)
{
    const struct rp_frame *frame = store->machine.frame;
    outcome->frame_count = (uint32_t)(frame - store->stack.frames) + 1;
    uint32_t count =
        outcome->frame_count < RP_BACKTRACE_MAX ? outcome->frame_count : RP_BACKTRACE_MAX;
    for (uint32_t i = 0; i < count; i++, frame--) {
        outcome->frames[i] = describe_frame(store, frame);
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

void rp_outcome_write(rp_outcome *out_outcome, const struct rp_store *store, enum rp_event event)
{
    memset(out_outcome, 0, sizeof *out_outcome);
    switch (event) {
    case RP_EVENT_DONE:
        out_outcome->kind = RP_OUTCOME_RETURNED;
        break;
    case RP_EVENT_TRAP:
        write_trap(store, out_outcome);
        break;
    case RP_EVENT_EXIT:
        out_outcome->kind = RP_OUTCOME_EXITED;
        out_outcome->exit_code = store->exit_code;
        break;
    case RP_EVENT_STOP:
        out_outcome->kind = store->stop_kind;
        out_outcome->reason = store->stop_reason;
        break;
    default:
        RP_ASSERT(event == RP_EVENT_FAIL);
        break;
    }
}

/* ---- running ---- */

static void read_results(struct rp_store *store, const struct rp_func *entry, rp_value *results)
{
    const struct rp_func_type *type = entry->type;
    const struct rp_slot *slots = store->machine.sp - type->result_count;
    for (uint32_t i = 0; i < type->result_count; i++) {
        rp_value_from_slot(&results[i], type->types[type->param_count + i], slots[i].lo);
    }
}

void rp_call_clear(struct rp_store *store)
{
    struct rp_machine *vm = &store->machine;
    RP_ASSERT(!store->running);
    store->stopped = false;
    store->cut = false;
    store->entry_pending = false;
    store->entry = NULL;
    rp_host_frames_drop(store, 0);
    rp_pending_clear(store);
    store->share_end = RP_GAS_UNLIMITED;
    vm->frame = NULL;
    vm->base_frame = NULL;
    vm->sp = store->stack.slots;
}

/* Whether real time decided where the run stopped. */
static bool was_cut(const struct rp_store *store)
{
    return store->stop_kind == RP_OUTCOME_TIMED_OUT ||
           (store->stop_kind == RP_OUTCOME_SUSPENDED && store->stop_reason == RP_REASON_INTERRUPT);
}

/* Runs the outermost call from its start (`resume` false) or from where it stopped. */
static rp_status run_outermost(struct rp_store *store, bool resume, rp_value *results,
                               rp_outcome *out_outcome, rp_report *report)
{
    const struct rp_activation activation = {.share_end = RP_GAS_UNLIMITED};
    store->share_end = RP_GAS_UNLIMITED;
    rp_store_end_portion(store);
    store->running = true;
    store->stopped = false;
    store->cut = false;
    store->host_status = RP_OK;
    store->report = report;
    rp_float_env_enter(&store->float_env);
    enum rp_event event;
    if (resume && !store->entry_pending) {
        event = rp_activation_resume(store, &activation);
    } else {
        bool begun;
        event = rp_activation_call(store, store->entry, &begun);
        store->entry_pending = !begun;
        event = rp_activation_run(store, &activation, event, store->entry);
    }
    rp_float_env_leave(&store->float_env);
    store->running = false;
    store->report = NULL;
    rp_outcome_write(out_outcome, store, event);
    if (event == RP_EVENT_STOP) {
        store->stopped = true;
        store->cut = was_cut(store);
    } else {
        if (event == RP_EVENT_DONE) {
            read_results(store, store->entry, results);
        } else {
            rp_observe_drop(&store->machine, NULL);
        }
        rp_call_clear(store);
    }
    return store->host_status;
}

/* Runs a nested call in a share of gas. If it stops it is dropped, its gas spent; a request to stop
 * stays for the call around it. */
static rp_status run_nested(struct rp_store *store, const struct rp_func *func, int64_t share_end,
                            rp_value *results, rp_outcome *out_outcome, rp_report *report)
{
    const struct rp_frame *outer_frame = store->machine.frame;
    const struct rp_activation activation = rp_activation_begin(store, share_end);
    const int64_t outer_share_end = store->share_end;
    rp_report *outer_report = store->report;
    store->report = report;
    store->host_depth++;
    store->share_end = share_end;
    rp_store_end_portion(store);
    rp_float_env_enter(&store->float_env);
    bool begun;
    enum rp_event event = rp_activation_call(store, func, &begun);
    event = rp_activation_run(store, &activation, event, func);
    rp_float_env_leave(&store->float_env);
    rp_outcome_write(out_outcome, store, event);
    if (event == RP_EVENT_DONE) {
        read_results(store, func, results);
    } else {
        rp_observe_drop(&store->machine, outer_frame);
    }
    rp_host_frames_drop(store, activation.host_frame_count);
    store->host_depth--;
    store->report = outer_report;
    store->share_end = outer_share_end;
    if (event == RP_EVENT_STOP && was_cut(store)) {
        bool timed_out = store->stop_kind == RP_OUTCOME_TIMED_OUT;
        rp_store_interrupt(store, timed_out ? RP_STOP_TIMEOUT : RP_STOP_INTERRUPT);
    }
    rp_store_end_portion(store);
    rp_status status = store->host_status;
    store->host_status = RP_OK;
    return status;
}

/* ---- requests ---- */

rp_status rp_call_check_args(const struct rp_store *store, uint32_t func_index,
                             const rp_value *args, size_t arg_count, rp_report *report)
{
    if (func_index >= store->func_count) {
        return rp_report_fail(report, RP_ERROR_NOT_FOUND, "function %u, the store has %u",
                              func_index, store->func_count);
    }
    const struct rp_func_type *type = store->funcs[func_index]->type;
    if (arg_count != type->param_count) {
        return rp_report_fail(report, RP_ERROR_TYPE, "the function takes %u values, not %zu",
                              type->param_count, arg_count);
    }
    for (uint32_t i = 0; i < arg_count; i++) {
        if (!rp_value_check(store, &args[i], type->types[i])) {
            return rp_report_fail(report, RP_ERROR_TYPE, "argument %u is not of type %s", i,
                                  rp_type_name(type->types[i]));
        }
    }
    return RP_OK;
}

static rp_status check_call(struct rp_store *store, uint32_t func_index, const rp_value *args,
                            size_t arg_count, size_t result_count, rp_report *report)
{
    rp_status status =
        rp_store_require(store, RP_WHILE_IDLE | RP_WHILE_RUNNING, "rp_store_call", report);
    if (status != RP_OK) {
        return status;
    }
    if (store->running && store->host_depth >= store->host_depth_max) {
        return rp_report_fail(report, RP_ERROR_LIMIT,
                              "calls from host functions nested deeper than %u",
                              store->host_depth_max);
    }
    status = rp_call_check_args(store, func_index, args, arg_count, report);
    if (status != RP_OK) {
        return status;
    }
    const struct rp_func_type *type = store->funcs[func_index]->type;
    if (result_count != type->result_count) {
        return rp_report_fail(report, RP_ERROR_TYPE, "the function gives %u values, not %zu",
                              type->result_count, result_count);
    }
    return RP_OK;
}

static void push_args(struct rp_machine *vm, const rp_value *args, size_t arg_count)
{
    for (size_t i = 0; i < arg_count; i++) {
        vm->sp->lo = rp_value_to_slot(&args[i]);
        vm->sp++;
    }
}

/* A call from inside of a host function. */
static rp_status call_nested(struct rp_store *store, uint32_t func_index, const rp_value *args,
                             size_t arg_count, int64_t share_end, rp_value *results,
                             rp_outcome *out_outcome, rp_report *report)
{
    struct rp_machine *vm = &store->machine;
    struct rp_machine saved = *vm;
    push_args(vm, args, arg_count);
    rp_status status =
        run_nested(store, store->funcs[func_index], share_end, results, out_outcome, report);
    saved.budget = vm->budget;
    *vm = saved;
    return status;
}

rp_status rp_store_call(rp_store *store, uint32_t func_index, const rp_value *args,
                        size_t arg_count, rp_value *results, size_t result_count,
                        rp_outcome *out_outcome, rp_report *report)
{
    rp_status status = check_call(store, func_index, args, arg_count, result_count, report);
    if (status != RP_OK) {
        return status;
    }
    if (store->running) {
        return call_nested(store, func_index, args, arg_count, store->share_end, results,
                           out_outcome, report);
    }
    rp_call_clear(store);
    store->entry = store->funcs[func_index];
    push_args(&store->machine, args, arg_count);
    return run_outermost(store, false, results, out_outcome, report);
}

rp_status rp_store_resume(rp_store *store, rp_value *results, size_t result_count,
                          rp_outcome *out_outcome, rp_report *report)
{
    rp_status status =
        rp_store_require(store, RP_WHILE_STOPPED | RP_WHILE_CUT, "rp_store_resume", report);
    if (status != RP_OK) {
        return status;
    }
    if (result_count != store->entry->type->result_count) {
        return rp_report_fail(report, RP_ERROR_TYPE, "the stopped call gives %u values, not %zu",
                              store->entry->type->result_count, result_count);
    }
    return run_outermost(store, true, results, out_outcome, report);
}

rp_status rp_store_abandon(rp_store *store, rp_report *report)
{
    rp_status status = rp_store_require(store, RP_WHILE_IDLE | RP_WHILE_STOPPED | RP_WHILE_PENDING,
                                        "rp_store_abandon", report);
    if (status == RP_OK && store->stopped) {
        rp_store_count_change(store);
        rp_observe_drop(&store->machine, NULL);
        rp_call_clear(store);
    }
    return status;
}

/* ---- inside a host function ---- */

rp_status rp_caller_call(rp_caller *caller, uint32_t func_index, const rp_value *args,
                         size_t arg_count, uint64_t gas_max, bool fall_back, rp_value *results,
                         size_t result_count, rp_outcome *out_outcome, rp_report *report)
{
    struct rp_store *store = caller->store;
    rp_status status = check_call(store, func_index, args, arg_count, result_count, report);
    struct rp_checkpoint *before = NULL;
    if (status == RP_OK && fall_back) {
        status = rp_store_checkpoint(store, &before, report);
    }
    if (status != RP_OK) {
        return status;
    }
    int64_t share_end = rp_store_share_end(store, gas_max);
    status =
        call_nested(store, func_index, args, arg_count, share_end, results, out_outcome, report);
    if (before != NULL) {
        if (status != RP_OK || out_outcome->kind != RP_OUTCOME_RETURNED) {
            rp_checkpoint_restore(store, before);
        }
        rp_checkpoint_destroy(before);
    }
    return status;
}

rp_instance *rp_caller_instance(rp_caller *caller)
{
    return caller->instance;
}

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
