/* Host calls that are answered later (layer 2; docs/design/frame.md, section 9). */
#include "core/assert.h"
#include "core/report.h"
#include "engine/host_call.h"
#include "engine/store_check.h"

#include <stdio.h>
#include <string.h>

static rp_name name_of(const struct rp_span *span)
{
    return (rp_name){(const char *)span->data, span->size};
}

/* ---- where the call stands ---- */

static uint32_t read_index(const uint8_t **pc)
{
    uint32_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = *(*pc)++;
        value |= (uint32_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte >= 0x80);
    return value;
}

/* The function that the instruction at the position calls; NULL if it calls none. */
static const struct rp_func *find_called(const struct rp_machine *vm)
{
    const struct rp_instance *instance = vm->frame->func->instance;
    enum rp_op op = rp_code_op_at(vm->pc);
    const uint8_t *pc = vm->pc + 1;
    if (op == RP_OP_call) {
        return instance->funcs[read_index(&pc)];
    }
    if (op != RP_OP_call_indirect) {
        return NULL;
    }
    const struct rp_func_type *type = instance->module->types[read_index(&pc)];
    const struct rp_table *table = instance->tables[read_index(&pc)];
    uint32_t element = (uint32_t)vm->sp[-1].lo;
    if (element >= table->count || table->elements[element] == 0) {
        return NULL;
    }
    const struct rp_func *func = vm->store->funcs[table->elements[element] - 1];
    return func->type == type ? func : NULL;
}

const struct rp_func *rp_pending_find(const struct rp_store *store)
{
    const struct rp_machine *vm = &store->machine;
    const struct rp_func *func = NULL;
    if (!store->stopped) {
        return NULL;
    }
    if (store->entry_pending) {
        func = store->entry;
    } else if (vm->frame->func->code != NULL) {
        func = find_called(vm);
    } else {
        const struct rp_host_frame *top = &store->host_frames[store->host_frame_count - 1];
        func = top->callee != NULL ? top->callee : vm->frame->func;
    }
    bool is_host = func != NULL && func->code == NULL && func->host->callback != NULL;
    return is_host ? func : NULL;
}

/* The arguments of the call that waits. */
static const struct rp_slot *find_args(const struct rp_store *store, const struct rp_func *func)
{
    const struct rp_machine *vm = &store->machine;
    bool by_instruction = !store->entry_pending && vm->frame->func->code != NULL;
    if (by_instruction) {
        bool is_indirect = rp_code_op_at(vm->pc) == RP_OP_call_indirect;
        return vm->sp - (is_indirect ? 1 : 0) - func->type->param_count;
    }
    return vm->sp - func->type->param_count;
}

/* ---- stopping and going on ---- */

enum rp_slow rp_pending_begin(struct rp_machine *vm, const struct rp_func *func)
{
    struct rp_store *store = vm->store;
    if (store->host_depth != 0) {
        return rp_host_fail(vm, func, RP_ERROR_PINNED,
                            " answers later, which cannot be inside of a nested call");
    }
    if (func->host->is_pure) {
        return rp_host_fail(vm, func, RP_ERROR_HOST, " answers later, but is said to be pure");
    }
    rp_pending_clear(store);
    store->pending = (struct rp_pending_call){.waits = true, .request = ++store->request_count};
    store->stop_kind = RP_OUTCOME_SUSPENDED;
    store->stop_reason = RP_REASON_PENDING;
    store->share_spent = false;
    vm->event = RP_EVENT_STOP;
    return RP_SLOW_EVENT;
}

bool rp_pending_is_completed(const struct rp_store *store)
{
    return store->pending.waits && store->pending.completed;
}

rp_host_result rp_pending_take(struct rp_store *store, const struct rp_func *func,
                               rp_value *results)
{
    const struct rp_pending_call *pending = &store->pending;
    const struct rp_func_type *type = func->type;
    rp_host_result result = pending->result;
    RP_ASSERT(rp_pending_is_completed(store));
    if (result == RP_HOST_RETURN) {
        RP_ASSERT(pending->result_count == type->result_count);
        for (uint32_t i = 0; i < type->result_count; i++) {
            rp_value_from_slot(&results[i], type->types[type->param_count + i],
                               pending->results[i]);
        }
    }
    memcpy(store->message, pending->message, sizeof store->message);
    if (result == RP_HOST_EXIT) {
        store->exit_code = pending->exit_code;
    }
    rp_pending_clear(store);
    return result;
}

static void free_args(struct rp_store *store)
{
    rp_free(&store->allocator, store->pending.args,
            store->pending.arg_count * sizeof *store->pending.args);
    store->pending.args = NULL;
    store->pending.arg_count = 0;
}

void rp_pending_clear(struct rp_store *store)
{
    struct rp_pending_call *pending = &store->pending;
    free_args(store);
    rp_free(&store->allocator, pending->results, pending->result_count * sizeof *pending->results);
    *pending = (struct rp_pending_call){0};
}

/* ---- the embedder's side ---- */

rp_status rp_store_pending(rp_store *store, rp_pending *out_pending)
{
    struct rp_pending_call *pending = &store->pending;
    if (!store->stopped || !pending->waits) {
        return RP_ERROR_NOT_FOUND;
    }
    const struct rp_func *func = rp_pending_find(store);
    RP_ASSERT(func != NULL);
    const struct rp_func_type *type = func->type;
    if (pending->args == NULL) {
        pending->args = rp_alloc(&store->allocator, type->param_count * sizeof *pending->args);
        if (pending->args == NULL) {
            return RP_ERROR_NO_MEMORY;
        }
        pending->arg_count = type->param_count;
        const struct rp_slot *args = find_args(store, func);
        for (uint32_t i = 0; i < type->param_count; i++) {
            rp_value_from_slot(&pending->args[i], type->types[i], args[i].lo);
        }
    }
    *out_pending = (rp_pending){.request = pending->request,
                                .module = name_of(&func->host->module),
                                .name = name_of(&func->host->name),
                                .args = pending->args,
                                .arg_count = type->param_count,
                                .completed = pending->completed};
    return RP_OK;
}

static rp_status check_request(const struct rp_store *store, uint64_t request, rp_report *report)
{
    const struct rp_pending_call *pending = &store->pending;
    rp_status status = rp_store_require(store, RP_WHILE_STOPPED | RP_WHILE_PENDING | RP_WHILE_CUT,
                                        "rp_store_complete", report);
    if (status != RP_OK) {
        return status;
    }
    if (!pending->waits) {
        return rp_report_fail(report, RP_ERROR_STATE, "rp_store_complete: no host call waits");
    }
    if (pending->request != request) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "rp_store_complete: request %llu, the call that waits is %llu",
                              (unsigned long long)request, (unsigned long long)pending->request);
    }
    if (pending->completed) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "rp_store_complete: request %llu is completed already",
                              (unsigned long long)request);
    }
    return RP_OK;
}

static rp_status check_answer(const struct rp_store *store, const struct rp_func_type *type,
                              rp_host_result result, const rp_value *results, size_t result_count,
                              rp_report *report)
{
    if (result != RP_HOST_RETURN) {
        return result == RP_HOST_TRAP || result == RP_HOST_EXIT
                   ? RP_OK
                   : rp_report_fail(report, RP_ERROR_ARGUMENT,
                                    "rp_store_complete: a call is completed by RETURN, TRAP or "
                                    "EXIT");
    }
    if (result_count != type->result_count) {
        return rp_report_fail(report, RP_ERROR_TYPE,
                              "rp_store_complete: the function gives %u values, not %zu",
                              type->result_count, result_count);
    }
    for (uint32_t i = 0; i < result_count; i++) {
        uint32_t wanted = type->types[type->param_count + i];
        if (!rp_value_check(store, &results[i], wanted)) {
            return rp_report_fail(report, RP_ERROR_TYPE,
                                  "rp_store_complete: result %u is not of type %s", i,
                                  rp_type_name(wanted));
        }
    }
    return RP_OK;
}

rp_status rp_store_complete(rp_store *store, uint64_t request, rp_host_result result,
                            const rp_value *results, size_t result_count, const char *message,
                            uint32_t exit_code, rp_report *report)
{
    rp_status status = check_request(store, request, report);
    if (status != RP_OK) {
        return status;
    }
    const struct rp_func *func = rp_pending_find(store);
    RP_ASSERT(func != NULL);
    status = check_answer(store, func->type, result, results, result_count, report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_pending_call *pending = &store->pending;
    if (result == RP_HOST_RETURN) {
        pending->results = rp_alloc(&store->allocator, result_count * sizeof *pending->results);
        if (pending->results == NULL) {
            return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no native memory for %zu results",
                                  result_count);
        }
        pending->result_count = (uint32_t)result_count;
        for (size_t i = 0; i < result_count; i++) {
            pending->results[i] = rp_value_to_slot(&results[i]);
        }
    }
    if (result == RP_HOST_TRAP && message != NULL) {
        snprintf(pending->message, sizeof pending->message, "%s", message);
    }
    pending->exit_code = result == RP_HOST_EXIT ? exit_code : 0;
    pending->result = result;
    pending->completed = true;
    rp_store_count_change(store);
    return RP_OK;
}
