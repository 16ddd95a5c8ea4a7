/* Watching calls (layer 2). See observe.h. */
#include "engine/observe.h"

#include "core/assert.h"
#include "engine/store_check.h"

static rp_name name_of(const struct rp_span *span)
{
    return (rp_name){(const char *)span->data, span->size};
}

static rp_call_info describe(const struct rp_store *store, const struct rp_func *func,
                             uint32_t depth)
{
    rp_call_info info = {.depth = depth, .gas = (uint64_t)rp_store_position(store)};
    if (func->code != NULL) {
        info.module = func->instance->module;
        info.func_index = func->module_index;
    } else {
        info.func_index = func->index;
        info.host_module = name_of(&func->host->module);
        info.host_name = name_of(&func->host->name);
    }
    return info;
}

static uint32_t frame_depth(const struct rp_store *store, const struct rp_frame *frame)
{
    return (uint32_t)(frame - store->stack.frames) + store->host_depth;
}

static uint32_t host_depth(const struct rp_machine *vm)
{
    return vm->frame == NULL ? vm->store->host_depth : frame_depth(vm->store, vm->frame) + 1;
}

static void tell_enter(const struct rp_store *store, const struct rp_func *func, uint32_t depth)
{
    if (store->observer.enter != NULL) {
        rp_call_info info = describe(store, func, depth);
        store->observer.enter(store->observer.user, &info);
    }
}

static void tell_leave(const struct rp_store *store, const struct rp_func *func, uint32_t depth,
                       bool returned)
{
    if (store->observer.leave != NULL) {
        rp_call_info info = describe(store, func, depth);
        store->observer.leave(store->observer.user, &info, returned);
    }
}

void rp_observe_enter(const struct rp_machine *vm)
{
    struct rp_store *store = vm->store;
    RP_ASSERT(vm->observed && store->running);
    rp_float_env_leave(&store->float_env);
    tell_enter(store, vm->frame->func, frame_depth(store, vm->frame));
    rp_float_env_enter(&store->float_env);
}

void rp_observe_return(const struct rp_machine *vm)
{
    struct rp_store *store = vm->store;
    RP_ASSERT(vm->observed && store->running);
    rp_float_env_leave(&store->float_env);
    tell_leave(store, vm->frame->func, frame_depth(store, vm->frame), true);
    rp_float_env_enter(&store->float_env);
}

void rp_observe_host_enter(const struct rp_machine *vm, const struct rp_func *callee)
{
    struct rp_store *store = vm->store;
    RP_ASSERT(vm->observed && callee->code == NULL);
    rp_float_env_leave(&store->float_env);
    tell_enter(store, callee, host_depth(vm));
    rp_float_env_enter(&store->float_env);
}

void rp_observe_host_leave(const struct rp_machine *vm, const struct rp_func *callee, bool returned)
{
    struct rp_store *store = vm->store;
    RP_ASSERT(vm->observed && callee->code == NULL);
    rp_float_env_leave(&store->float_env);
    tell_leave(store, callee, host_depth(vm), returned);
    rp_float_env_enter(&store->float_env);
}

void rp_observe_host_end(const struct rp_machine *vm, bool returned)
{
    struct rp_store *store = vm->store;
    RP_ASSERT(vm->observed && vm->frame->func->code == NULL);
    rp_float_env_leave(&store->float_env);
    tell_leave(store, vm->frame->func, frame_depth(store, vm->frame), returned);
    rp_float_env_enter(&store->float_env);
}

void rp_observe_drop(const struct rp_machine *vm, const struct rp_frame *below)
{
    const struct rp_store *store = vm->store;
    const struct rp_frame *frame = vm->frame;
    if (!vm->observed || frame == NULL) {
        return;
    }
    size_t keep = below == NULL ? 0 : (size_t)(below - store->stack.frames) + 1;
    size_t count = (size_t)(frame - store->stack.frames) + 1;
    RP_ASSERT(count >= keep);
    for (; count > keep; count--, frame--) {
        tell_leave(store, frame->func, frame_depth(store, frame), false);
    }
}

void rp_observe_announce(const struct rp_store *store)
{
    if (!store->machine.observed || store->machine.frame == NULL) {
        return;
    }
    const struct rp_frame *frame = store->stack.frames;
    for (; frame <= store->machine.frame; frame++) {
        tell_enter(store, frame->func, frame_depth(store, frame));
    }
}

rp_status rp_store_observe(rp_store *store, const rp_call_observer *observer, rp_report *report)
{
    rp_status status =
        rp_store_require(store, RP_WHILE_ANY & ~RP_WHILE_RUNNING, "rp_store_observe", report);
    if (status != RP_OK) {
        return status;
    }
    RP_ASSERT(store->stopped || store->machine.frame == NULL);
    store->machine.observed = observer != NULL;
    store->observer = observer != NULL ? *observer : (rp_call_observer){0};
    rp_observe_announce(store);
    return RP_OK;
}
