/* Frames of host functions that want a call and then to continue (layer 2). See host_call.h. */
#include "engine/host_call.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/call.h"
#include "engine/observe.h"

#include <string.h>

/* ---- the host frames of a store ---- */

static struct rp_host_frame *top_host_frame(const struct rp_store *store)
{
    RP_ASSERT(store->host_frame_count != 0);
    return &store->host_frames[store->host_frame_count - 1];
}

static void free_state(struct rp_store *store, struct rp_host_frame *host_frame)
{
    rp_free(&store->allocator, host_frame->state, host_frame->state_size);
    host_frame->state = NULL;
    host_frame->state_size = 0;
}

struct rp_host_frame *rp_host_frames_push(struct rp_store *store, uint32_t frame_index)
{
    struct rp_host_frame *frames =
        rp_grow(&store->allocator, store->host_frames, &store->host_frame_capacity,
                (uint64_t)store->host_frame_count + 1, sizeof *frames);
    if (frames == NULL) {
        return NULL;
    }
    store->host_frames = frames;
    struct rp_host_frame *host_frame = &frames[store->host_frame_count++];
    *host_frame = (struct rp_host_frame){.frame_index = frame_index};
    return host_frame;
}

void rp_host_frames_drop(struct rp_store *store, uint32_t count)
{
    RP_ASSERT(count <= store->host_frame_count);
    while (store->host_frame_count > count) {
        free_state(store, top_host_frame(store));
        store->host_frame_count--;
    }
}

/* ---- shares of gas ---- */

/* The share in which the activation's innermost frames run; `count` host frames are there. */
static int64_t share_of(const struct rp_store *store, const struct rp_activation *activation,
                        uint32_t count)
{
    return count > activation->host_frame_count ? store->host_frames[count - 1].share_end
                                                : activation->share_end;
}

static void set_share(struct rp_store *store, int64_t share_end)
{
    store->share_end = share_end;
    rp_store_end_portion(store);
}

int64_t rp_store_share_end(const struct rp_store *store, uint64_t gas_max)
{
    uint64_t position = (uint64_t)rp_store_position(store);
    uint64_t room = (uint64_t)store->share_end - position;
    return gas_max < room ? (int64_t)(position + gas_max) : store->share_end;
}

/* ---- entering ---- */

uint64_t rp_host_frame_slots(const struct rp_func_type *type)
{
    uint64_t slots = 2;
    for (uint32_t i = 0; i < type->param_count; i++) {
        slots += rp_type_slots(type->types[i]);
    }
    return slots;
}

/* Makes what the caller said the host frame's next call; its arguments go on top of the stack. */
static void take_call(struct rp_machine *vm, struct rp_host_frame *host_frame, rp_caller *caller)
{
    struct rp_store *store = vm->store;
    struct rp_call_then *then = &caller->then;
    uint32_t count = then->func->type->param_count;
    free_state(store, host_frame);
    host_frame->callee = then->func;
    host_frame->share_end = rp_store_share_end(store, then->gas_max);
    host_frame->state = then->state;
    host_frame->state_size = then->state_size;
    then->state = NULL;
    then->state_size = 0;
    for (uint32_t i = 0; i < count; i++) {
        vm->sp[i].lo = then->args[i];
    }
    vm->sp += count;
    vm->event = RP_EVENT_CALL;
}

enum rp_slow rp_host_frame_enter(struct rp_machine *vm, const struct rp_func *func,
                                 struct rp_slot *args, rp_caller *caller)
{
    struct rp_store *store = vm->store;
    if (caller->then.func == NULL) {
        return rp_host_fail(vm, func, RP_ERROR_HOST, " did not say what it wants to call");
    }
    struct rp_frame *frame = vm->frame == NULL ? store->stack.frames : vm->frame + 1;
    uint64_t slots = vm->frame == NULL ? 0 : vm->frame->slots_used;
    slots += rp_host_frame_slots(func->type);
    if (frame >= vm->frame_end || slots > vm->slots_max) {
        vm->trap = RP_TRAP_STACK_EXHAUSTED;
        return RP_SLOW_TRAP;
    }
    struct rp_host_frame *host_frame =
        rp_host_frames_push(store, (uint32_t)(frame - store->stack.frames));
    if (host_frame == NULL) {
        return rp_host_fail(vm, func, RP_ERROR_NO_MEMORY, ": no native memory for its frame");
    }
    *frame = (struct rp_frame){.func = store->funcs[func->index],
                               .fp = args,
                               .slots_used = (uint32_t)slots,
                               .result_count = func->type->result_count};
    vm->frame = frame;
    vm->fp = args;
    vm->sp = args + func->type->param_count;
    take_call(vm, host_frame, caller);
    return RP_SLOW_DONE;
}

/* ---- calls by no instruction ---- */

/* What traps is the call in which the topmost frame waits: for the backtrace. */
static void point_at_call(struct rp_machine *vm)
{
    const struct rp_frame *frame = vm->frame;
    if (frame != NULL && frame->func->code != NULL) {
        vm->pc = rp_code_call_before(frame->func->code, frame->pc);
    }
}

static enum rp_event call_host(struct rp_store *store, const struct rp_func *func, bool *out_begun)
{
    struct rp_machine *vm = &store->machine;
    struct rp_instance *instance = vm->instance;
    vm->callee = func;
    vm->popped = 0;
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
        point_at_call(vm);
        return RP_EVENT_TRAP;
    case RP_SLOW_UNFIT:
        *out_begun = false;
        return RP_EVENT_STOP;
    default:
        *out_begun = vm->event != RP_EVENT_STOP;
        return vm->event;
    }
}

enum rp_event rp_activation_call(struct rp_store *store, const struct rp_func *func,
                                 bool *out_begun)
{
    struct rp_machine *vm = &store->machine;
    const struct rp_code *code = func->code;
    *out_begun = true;
    if (code == NULL) {
        return call_host(store, func, out_begun);
    }
    uint64_t below = vm->frame == NULL ? 0 : vm->frame->slots_used;
    bool depth_fits = vm->frame == NULL || vm->frame + 1 < vm->frame_end;
    if (!depth_fits || below + code->frame_slots > vm->slots_max) {
        vm->trap = RP_TRAP_STACK_EXHAUSTED;
        point_at_call(vm);
        return RP_EVENT_TRAP;
    }
    if (!rp_gas_refill(vm, code->frame_price)) {
        *out_begun = false;
        return RP_EVENT_STOP;
    }
    vm->budget -= (int64_t)code->frame_price;
    rp_frame_enter(vm, func);
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

/* ---- activations ---- */

struct rp_activation rp_activation_begin(const struct rp_store *store, int64_t share_end)
{
    const struct rp_frame *frame = store->machine.frame;
    return (struct rp_activation){
        .base_index = frame == NULL ? 0 : (uint32_t)(frame - store->stack.frames) + 1,
        .host_frame_count = store->host_frame_count,
        .share_end = share_end};
}

/* The first frame of the innermost segment of guest frames. */
static struct rp_frame *segment_base(const struct rp_store *store,
                                     const struct rp_activation *activation)
{
    bool inside = store->host_frame_count > activation->host_frame_count;
    return store->stack.frames +
           (inside ? top_host_frame(store)->frame_index + 1 : activation->base_index);
}

/* Calls the callee of the host frame on top. */
static enum rp_event call_callee(struct rp_store *store, const struct rp_func **out_ended)
{
    uint32_t place = store->host_frame_count - 1;
    const struct rp_func *func = top_host_frame(store)->callee;
    set_share(store, top_host_frame(store)->share_end);
    bool begun;
    enum rp_event event = rp_activation_call(store, func, &begun);
    bool share_spent = event == RP_EVENT_STOP && store->share_spent;
    if (begun || share_spent) {
        store->host_frames[place].callee = NULL;
    }
    *out_ended = func;
    return event;
}

/* Goes on behind the call of a host function whose frame, `frame`, is gone and whose results are on
 * top of the stack. */
static enum rp_event go_on_below(struct rp_store *store, const struct rp_activation *activation,
                                 struct rp_frame *frame)
{
    struct rp_machine *vm = &store->machine;
    struct rp_frame *base = segment_base(store, activation);
    set_share(store, share_of(store, activation, store->host_frame_count));
    vm->frame = frame == store->stack.frames ? NULL : frame - 1;
    if (frame == base) {
        return RP_EVENT_DONE;
    }
    const struct rp_frame *below = vm->frame;
    RP_ASSERT(below->func->code != NULL);
    vm->base_frame = base;
    vm->pc = below->pc;
    vm->fp = below->fp;
    vm->st = below->st + 1;
    rp_machine_set_instance(vm, below->func->instance);
    vm->run_price = below->st[0];
    vm->run_back = 0;
    vm->event = RP_EVENT_NONE;
    if (!rp_gas_begin_run(vm) && vm->event == RP_EVENT_STOP) {
        return RP_EVENT_STOP;
    }
    return rp_interp_run(store);
}

/* The host function of a frame that is gone has trapped: so does the call of it. */
static enum rp_event trap_below(struct rp_store *store, const struct rp_activation *activation,
                                struct rp_frame *frame, rp_trap_code trap)
{
    struct rp_machine *vm = &store->machine;
    set_share(store, share_of(store, activation, store->host_frame_count));
    vm->frame = frame == store->stack.frames ? NULL : frame - 1;
    vm->trap = trap;
    point_at_call(vm);
    return RP_EVENT_TRAP;
}

/* Ends the host frame on top as `answer` says, or lets it call or wait again. `caller` is NULL for
 * an answer that was supplied later. */
static enum rp_event act_on_answer(struct rp_store *store, const struct rp_activation *activation,
                                   rp_host_result answer, const rp_value *results,
                                   rp_caller *caller)
{
    struct rp_machine *vm = &store->machine;
    struct rp_host_frame *host_frame = top_host_frame(store);
    struct rp_frame *frame = store->stack.frames + host_frame->frame_index;
    const struct rp_func *func = frame->func;
    if (answer == RP_HOST_CALL && caller->then.func != NULL) {
        take_call(vm, host_frame, caller);
        return RP_EVENT_CALL;
    }
    if (answer == RP_HOST_PENDING) {
        free_state(store, host_frame);
        host_frame->share_end = share_of(store, activation, store->host_frame_count - 1);
        rp_pending_begin(vm, func);
        return vm->event;
    }
    bool returns = answer == RP_HOST_RETURN &&
                   rp_host_write_results(vm, func, results, frame->fp) == RP_SLOW_DONE;
    if (vm->observed) {
        rp_observe_host_end(vm, returns);
    }
    rp_host_frames_drop(store, store->host_frame_count - 1);
    switch (answer) {
    case RP_HOST_RETURN:
        return returns ? go_on_below(store, activation, frame) : RP_EVENT_FAIL;
    case RP_HOST_TRAP:
        return trap_below(store, activation, frame, RP_TRAP_HOST);
    case RP_HOST_EXIT:
        break;
    case RP_HOST_CALL:
        rp_host_fail(vm, func, RP_ERROR_HOST, " did not say what it wants to call");
        break;
    case RP_HOST_PENDING:
    case RP_HOST_FAIL:
    default:
        rp_host_fail_as_told(vm, func);
        break;
    }
    vm->frame = frame == store->stack.frames ? NULL : frame - 1;
    return answer == RP_HOST_EXIT ? RP_EVENT_EXIT : RP_EVENT_FAIL;
}

/* What a continuation is given, on the heap: little of the native stack is used. */
struct ended_call {
    rp_outcome outcome;
    size_t size_bytes;
    rp_value *args;
    rp_value *results;
    rp_value *returned;
    uint32_t returned_count;
    rp_value values[];
};

static void read_values(rp_value *out_values, const uint32_t *types, uint32_t count,
                        const struct rp_slot *slots)
{
    for (uint32_t i = 0; i < count; i++) {
        rp_value_from_slot(&out_values[i], types[i], slots == NULL ? 0 : slots[i].lo);
    }
}

/* `ended`: the function that returned, if the event says so. */
static struct ended_call *create_ended_call(struct rp_store *store, const struct rp_frame *frame,
                                            enum rp_event event, const struct rp_func *ended)
{
    const struct rp_func_type *type = frame->func->type;
    uint32_t returned_count = event == RP_EVENT_DONE ? ended->type->result_count : 0;
    size_t count = (size_t)type->param_count + type->result_count + returned_count;
    size_t size_bytes = sizeof(struct ended_call) + count * sizeof(rp_value);
    struct ended_call *call = rp_alloc(&store->allocator, size_bytes);
    if (call == NULL) {
        return NULL;
    }
    call->size_bytes = size_bytes;
    call->args = call->values;
    call->results = call->args + type->param_count;
    call->returned = call->results + type->result_count;
    call->returned_count = returned_count;
    read_values(call->args, type->types, type->param_count, frame->fp);
    read_values(call->results, type->types + type->param_count, type->result_count, NULL);
    if (event == RP_EVENT_DONE) {
        read_values(call->returned, ended->type->types + ended->type->param_count, returned_count,
                    store->machine.sp - returned_count);
    }
    rp_outcome_write(&call->outcome, store, event);
    return call;
}

/* What the host frame on top has called has ended: asks its function to continue. */
static enum rp_event continue_host_frame(struct rp_store *store,
                                         const struct rp_activation *activation,
                                         enum rp_event event, const struct rp_func *ended)
{
    struct rp_machine *vm = &store->machine;
    uint32_t place = store->host_frame_count - 1;
    struct rp_frame *frame = store->stack.frames + top_host_frame(store)->frame_index;
    const struct rp_func *func = frame->func;
    bool is_outermost = frame == store->stack.frames + activation->base_index;
    bool is_called_by_guest = !is_outermost && frame[-1].func->code != NULL;
    struct ended_call *call = create_ended_call(store, frame, event, ended);
    if (call == NULL) {
        rp_host_fail(vm, func, RP_ERROR_NO_MEMORY, ": no native memory to continue it");
        return RP_EVENT_FAIL;
    }
    if (event != RP_EVENT_DONE) {
        rp_observe_drop(vm, frame);
    }
    vm->frame = frame;
    vm->fp = frame->fp;
    vm->sp = frame->fp + func->type->param_count;
    set_share(store, share_of(store, activation, place));
    store->message[0] = 0;
    rp_caller caller = {.store = store,
                        .instance = is_called_by_guest ? frame[-1].func->instance : NULL,
                        .func = func};
    const struct rp_host_frame *host_frame = &store->host_frames[place];
    struct rp_machine saved;
    rp_host_leave_guest(vm, &saved);
    rp_host_result answer = func->host->continue_callback(
        func->host->user, &caller, call->args, host_frame->state, host_frame->state_size,
        &call->outcome, call->returned, call->returned_count, call->results);
    rp_host_enter_guest(vm, &saved);
    rp_host_count_answer(store, func, answer);
    enum rp_event next = act_on_answer(store, activation, answer, call->results, &caller);
    rp_caller_forget(&caller);
    rp_free(&store->allocator, call, call->size_bytes);
    return next;
}

enum rp_event rp_activation_run(struct rp_store *store, const struct rp_activation *activation,
                                enum rp_event event, const struct rp_func *ended)
{
    for (;;) {
        bool inside = store->host_frame_count > activation->host_frame_count;
        bool has_ended = event == RP_EVENT_DONE || event == RP_EVENT_TRAP ||
                         (event == RP_EVENT_STOP && store->share_spent);
        if (event == RP_EVENT_CALL) {
            event = call_callee(store, &ended);
        } else if (inside && has_ended) {
            const struct rp_frame *frame = store->stack.frames + top_host_frame(store)->frame_index;
            if (event == RP_EVENT_DONE && store->machine.frame != frame) {
                ended = store->machine.frame->func; /* the segment's first frame */
            }
            const struct rp_func *func = frame->func;
            event = continue_host_frame(store, activation, event, ended);
            ended = func;
        } else {
            return event;
        }
    }
}

enum rp_event rp_activation_resume(struct rp_store *store, const struct rp_activation *activation)
{
    struct rp_machine *vm = &store->machine;
    const struct rp_func *func = vm->frame->func;
    set_share(store, share_of(store, activation, store->host_frame_count));
    vm->base_frame = segment_base(store, activation);
    if (func->code != NULL) {
        vm->use_metered = true;
        return rp_activation_run(store, activation, rp_interp_run(store), NULL);
    }
    if (top_host_frame(store)->callee != NULL) {
        return rp_activation_run(store, activation, RP_EVENT_CALL, NULL);
    }
    RP_ASSERT(rp_pending_is_completed(store));
    const struct rp_func_type *type = func->type;
    size_t size = ((size_t)type->result_count + 1) * sizeof(rp_value);
    rp_value *results = rp_alloc(&store->allocator, size);
    if (results == NULL) {
        rp_host_fail(vm, func, RP_ERROR_NO_MEMORY, ": no native memory for its results");
        return RP_EVENT_FAIL;
    }
    read_values(results, type->types + type->param_count, type->result_count, NULL);
    store->message[0] = 0;
    rp_host_result answer = rp_pending_take(store, func, results);
    enum rp_event event = act_on_answer(store, activation, answer, results, NULL);
    rp_free(&store->allocator, results, size);
    return rp_activation_run(store, activation, event, func);
}

/* ---- what a host function says ---- */

void rp_caller_forget(rp_caller *caller)
{
    struct rp_call_then *then = &caller->then;
    if (then->func != NULL) {
        struct rp_allocator *allocator = &caller->store->allocator;
        rp_free(allocator, then->args, then->func->type->param_count * sizeof *then->args);
        rp_free(allocator, then->state, then->state_size);
        *then = (struct rp_call_then){0};
    }
}

rp_status rp_caller_call_then(rp_caller *caller, uint32_t func_index, const rp_value *args,
                              size_t arg_count, uint64_t gas_max, const void *state,
                              size_t state_size, rp_report *report)
{
    struct rp_store *store = caller->store;
    if (caller->func->host->continue_callback == NULL) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "rp_caller_call_then: the host function has no continue_callback");
    }
    if (state_size > RP_CONTINUE_BYTES_MAX) {
        return rp_report_fail(report, RP_ERROR_LIMIT,
                              "rp_caller_call_then: a state of %zu bytes, at most %u", state_size,
                              RP_CONTINUE_BYTES_MAX);
    }
    rp_status status = rp_call_check_args(store, func_index, args, arg_count, report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_call_then then = {
        .func = store->funcs[func_index], .gas_max = gas_max, .state_size = (uint32_t)state_size};
    size_t args_bytes = arg_count * sizeof *then.args;
    then.args = rp_alloc(&store->allocator, args_bytes);
    then.state = rp_alloc(&store->allocator, state_size);
    if (then.args == NULL || then.state == NULL) {
        rp_free(&store->allocator, then.args, then.args == NULL ? 0 : args_bytes);
        rp_free(&store->allocator, then.state, then.state == NULL ? 0 : state_size);
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no native memory for a call");
    }
    for (size_t i = 0; i < arg_count; i++) {
        then.args[i] = rp_value_to_slot(&args[i]);
    }
    if (state_size != 0) {
        memcpy(then.state, state, state_size);
    }
    rp_caller_forget(caller);
    caller->then = then;
    return RP_OK;
}
