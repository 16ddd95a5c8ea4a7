/* Watching calls (tests; include/reprise/reprise.h, "watching calls"): every enter has its leave,
 * at the exact gas position and depth, and nothing else changes. */
#include "core/assert.h"
#include "core/compiler.h"
#include "engine/store.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"
#include "tests/walks/scene.h"
#include "tests/walks/walk.h"

#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- what was told ---- */

#define EVENTS_KEPT 4096
#define STACK_MAX 100000

struct event {
    bool is_enter;
    bool returned;
    bool is_host;
    uint32_t func_index;
    uint32_t depth;
    uint64_t gas;
};

/* Checks every event against the stack of those before, as they come. */
struct record {
    struct event events[EVENTS_KEPT]; /* the first ones */
    size_t count;
    uint64_t hash;     /* of all */
    uint64_t gas;      /* of the latest */
    uint64_t self_sum; /* gas between events, while something is entered */
    struct event stack[STACK_MAX];
    uint32_t depth;
    size_t upward; /* events in the mode FE_UPWARD */
};

static struct record the_record;

/* By computing: fegetround reads another register than the one that decides. */
static bool rounds_upward(void)
{
    static volatile float one = 1, tiny = 1e-20f;
    return one + tiny > one;
}

static void add_event(struct record *record, const struct event *event)
{
    if (record->count < EVENTS_KEPT) {
        record->events[record->count] = *event;
    }
    record->count++;
    uint64_t parts[] = {event->is_enter,   event->returned, event->is_host,
                        event->func_index, event->depth,    event->gas};
    for (size_t i = 0; i < RP_ARRAY_COUNT(parts); i++) {
        record->hash = (record->hash ^ parts[i]) * 0x9e3779b97f4a7c15u;
        record->hash ^= record->hash >> 29;
    }
    record->upward += rounds_upward();
}

static void pass_gas(struct record *record, uint64_t gas)
{
    assert_true(gas >= record->gas);
    if (record->depth != 0) {
        record->self_sum += gas - record->gas;
        record->gas = gas;
    }
}

static struct event read_info(const rp_call_info *info)
{
    assert_int_equal(info->module == NULL, info->host_module.size != 0);
    assert_int_equal(info->module == NULL, info->host_name.size != 0);
    return (struct event){.is_host = info->module == NULL,
                          .func_index = info->func_index,
                          .depth = info->depth,
                          .gas = info->gas};
}

static void enter(void *user, const rp_call_info *info)
{
    struct record *record = user;
    struct event event = read_info(info);
    event.is_enter = true;
    assert_int_equal(event.depth, record->depth);
    assert_true(record->depth < STACK_MAX);
    pass_gas(record, event.gas);
    record->stack[record->depth++] = event;
    pass_gas(record, event.gas); /* the frame of an outermost call is its own */
    add_event(record, &event);
}

static void leave(void *user, const rp_call_info *info, bool returned)
{
    struct record *record = user;
    struct event event = read_info(info);
    event.returned = returned;
    assert_true(record->depth > 0);
    pass_gas(record, event.gas);
    const struct event *entered = &record->stack[--record->depth];
    assert_int_equal(event.depth, record->depth);
    assert_int_equal(event.is_host, entered->is_host);
    assert_int_equal(event.func_index, entered->func_index);
    add_event(record, &event);
}

static void observe(rp_store *store)
{
    const rp_call_observer observer = {.user = &the_record, .enter = enter, .leave = leave};
    the_record.count = 0;
    the_record.upward = 0;
    the_record.depth = 0;
    the_record.hash = 1;
    the_record.self_sum = 0;
    the_record.gas = rp_store_gas_used(store);
    assert_int_equal(rp_store_observe(store, &observer, NULL), RP_OK);
}

/* ---- a guest that dives ---- */

enum { HOST, NOBODY, LEAF, BRANCHER, DIVE, STARTED }; /* functions */
enum {                                                /* what dive does at its bottom */
       AT_LEAF,
       AT_TRAP,
       AT_HOST,
       AT_NOBODY,
       AT_BRANCHER,
       AT_SELF, /* without end */
       AT_COUNT
};

/* What the host function does. */
struct plan {
    rp_host_result answer;
    uint64_t price;
    uint32_t nested; /* calls of `func` inside, each with the plan of one fewer */
    uint32_t func;
    int32_t n, at; /* its arguments */
    int64_t nested_limit;
    rp_outcome outcome; /* of the latest nested call */
    rp_status observe_status;
    uint32_t calls;
};

struct guest {
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance;
    rp_outcome outcome;
    struct plan plan;
};

static rp_host_result host_call(void *user, rp_caller *caller, const rp_value *args,
                                rp_value *results)
{
    (void)args;
    (void)results;
    struct plan *plan = user;
    rp_store *store = rp_caller_store(caller);
    plan->calls++;
    plan->observe_status = rp_store_observe(store, NULL, NULL);
    rp_caller_set_exit_code(caller, 3);
    if (plan->nested == 0) {
        return plan->answer;
    }
    plan->nested--;
    if (plan->nested_limit != 0) {
        rp_store_set_gas_limit(store, (int64_t)rp_store_gas_used(store) + plan->nested_limit);
    }
    rp_value values[] = {{.kind = RP_I32, .of.i32 = plan->n}, {.kind = RP_I32, .of.i32 = plan->at}};
    size_t count = rp_store_func_type(store, plan->func).param_count;
    rp_status status =
        rp_store_call(store, plan->func, values, count, NULL, 0, &plan->outcome, NULL);
    assert_true(status == RP_OK || status == RP_ERROR_HOST);
    rp_store_set_gas_limit(store, RP_GAS_UNLIMITED);
    return RP_HOST_RETURN;
}

static uint64_t host_price(void *user, rp_caller *caller, const rp_value *args)
{
    (void)caller;
    (void)args;
    return ((const struct plan *)user)->price;
}

/* dive(n, at): n calls of itself, then what `at` says. */
static void build_dive(struct rp_wasm *wasm, uint32_t type)
{
    static const uint32_t labels[] = {0, 1, 2, 3, 4};
    static const uint32_t callees[] = {LEAF, UINT32_MAX, HOST, NOBODY, BRANCHER};
    rp_wasm_export(wasm, "dive", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, type, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_block(wasm, RP_OP_if, RP_WASM_VOID);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_sub);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op_index(wasm, RP_OP_call, DIVE);
    rp_wasm_op(wasm, RP_OP_return);
    rp_wasm_op(wasm, RP_OP_end);
    for (size_t i = 0; i < 6; i++) {
        rp_wasm_block(wasm, RP_OP_block, RP_WASM_VOID);
    }
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_br_table(wasm, labels, RP_ARRAY_COUNT(labels), 5);
    for (size_t i = 0; i < RP_ARRAY_COUNT(callees); i++) {
        rp_wasm_op(wasm, RP_OP_end);
        if (callees[i] == UINT32_MAX) {
            rp_wasm_op(wasm, RP_OP_unreachable);
        } else {
            rp_wasm_op_index(wasm, RP_OP_call, callees[i]);
            rp_wasm_op(wasm, RP_OP_return);
        }
    }
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op_index(wasm, RP_OP_call, DIVE);
    rp_wasm_func_end(wasm);
}

static struct rp_span build(struct rp_wasm *wasm, bool with_start)
{
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "", "");
    uint32_t dive_type = rp_wasm_type(wasm, "ii", "");
    rp_wasm_import_func(wasm, "host", "call", type);
    rp_wasm_import_func(wasm, "nobody", "there", type);
    rp_wasm_export(wasm, "host", RP_EXTERN_FUNC, HOST);
    rp_wasm_export(wasm, "leaf", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, type, "i"));
    rp_wasm_op(wasm, RP_OP_nop);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, ""); /* BRANCHER */
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_func_end(wasm);
    build_dive(wasm, dive_type);
    rp_wasm_func_begin(wasm, type, ""); /* STARTED */
    rp_wasm_i32_const(wasm, 2);
    rp_wasm_i32_const(wasm, AT_HOST);
    rp_wasm_op_index(wasm, RP_OP_call, DIVE);
    rp_wasm_func_end(wasm);
    if (with_start) {
        rp_wasm_start(wasm, STARTED);
    }
    return rp_wasm_finish(wasm);
}

static void begin_store(struct guest *guest, bool with_start, uint32_t call_depth_max)
{
    *guest = (struct guest){0};
    struct rp_span bytes = build(&guest->wasm, with_start);
    rp_store_config config;
    rp_store_config_init(&config);
    config.call_depth_max = call_depth_max;
    rp_host_func call = {.struct_size = sizeof(rp_host_func),
                         .module = "host",
                         .name = "call",
                         .callback = host_call,
                         .price = host_price,
                         .user = &guest->plan};
    assert_int_equal(rp_engine_create(NULL, &guest->engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(guest->engine, bytes.data, bytes.size, &guest->module, NULL),
                     RP_OK);
    assert_int_equal(rp_store_create(guest->engine, &config, &guest->store, NULL), RP_OK);
    assert_int_equal(rp_store_define_func(guest->store, &call, NULL), RP_OK);
    rp_store_trap_unknown_imports(guest->store, true);
}

static void make_instance(struct guest *guest)
{
    rp_status status =
        rp_store_instantiate(guest->store, guest->module, &guest->instance, &guest->outcome, NULL);
    assert_int_equal(status, RP_OK);
}

static void begin(struct guest *guest)
{
    begin_store(guest, false, 0);
    make_instance(guest);
}

static void end(struct guest *guest)
{
    rp_store_destroy(guest->store);
    rp_module_destroy(guest->module);
    rp_engine_destroy(guest->engine);
    rp_wasm_deinit(&guest->wasm);
}

static uint32_t find(const struct guest *guest, const char *name)
{
    rp_extern found;
    rp_status status = rp_instance_export(guest->instance, (rp_name){name, strlen(name)}, &found);
    assert_int_equal(status, RP_OK);
    return found.index;
}

static rp_status dive(struct guest *guest, int32_t n, int32_t at)
{
    rp_value args[] = {{.kind = RP_I32, .of.i32 = n}, {.kind = RP_I32, .of.i32 = at}};
    return rp_store_call(guest->store, find(guest, "dive"), args, 2, NULL, 0, &guest->outcome,
                         NULL);
}

/* ---- the order of events ---- */

struct expected {
    char what; /* > entered, < returned, ! dropped */
    uint32_t func_index;
    bool is_host;
};

static void assert_events(const struct expected *expected, size_t count)
{
    assert_int_equal(the_record.count, count);
    for (size_t i = 0; i < count; i++) {
        const struct event *event = &the_record.events[i];
        char what = event->is_enter ? '>' : event->returned ? '<' : '!';
        assert_int_equal(what, expected[i].what);
        assert_int_equal(event->is_host, expected[i].is_host);
        if (!event->is_host) {
            assert_int_equal(event->func_index, expected[i].func_index);
        }
    }
}

static void every_way_to_leave_is_told(void **state)
{
    (void)state;
    static const struct {
        int32_t at;
        rp_host_result answer;
        rp_status status;
        size_t count;
        struct expected events[6];
    } cases[] = {
        {AT_LEAF,
         RP_HOST_RETURN,
         RP_OK,
         6,
         {{'>', DIVE, 0},
          {'>', DIVE, 0},
          {'>', LEAF, 0},
          {'<', LEAF, 0},
          {'<', DIVE, 0},
          {'<', DIVE, 0}}},
        {AT_BRANCHER,
         RP_HOST_RETURN,
         RP_OK,
         6,
         {{'>', DIVE, 0},
          {'>', DIVE, 0},
          {'>', BRANCHER, 0},
          {'<', BRANCHER, 0},
          {'<', DIVE, 0},
          {'<', DIVE, 0}}},
        {AT_HOST,
         RP_HOST_RETURN,
         RP_OK,
         6,
         {{'>', DIVE, 0},
          {'>', DIVE, 0},
          {'>', 0, 1},
          {'<', 0, 1},
          {'<', DIVE, 0},
          {'<', DIVE, 0}}},
        {AT_HOST,
         RP_HOST_TRAP,
         RP_OK,
         6,
         {{'>', DIVE, 0},
          {'>', DIVE, 0},
          {'>', 0, 1},
          {'!', 0, 1},
          {'!', DIVE, 0},
          {'!', DIVE, 0}}},
        {AT_HOST,
         RP_HOST_EXIT,
         RP_OK,
         6,
         {{'>', DIVE, 0},
          {'>', DIVE, 0},
          {'>', 0, 1},
          {'!', 0, 1},
          {'!', DIVE, 0},
          {'!', DIVE, 0}}},
        {AT_HOST,
         RP_HOST_FAIL,
         RP_ERROR_HOST,
         6,
         {{'>', DIVE, 0},
          {'>', DIVE, 0},
          {'>', 0, 1},
          {'!', 0, 1},
          {'!', DIVE, 0},
          {'!', DIVE, 0}}},
        {AT_NOBODY,
         RP_HOST_RETURN,
         RP_OK,
         6,
         {{'>', DIVE, 0},
          {'>', DIVE, 0},
          {'>', 0, 1},
          {'!', 0, 1},
          {'!', DIVE, 0},
          {'!', DIVE, 0}}},
        {AT_TRAP,
         RP_HOST_RETURN,
         RP_OK,
         4,
         {{'>', DIVE, 0}, {'>', DIVE, 0}, {'!', DIVE, 0}, {'!', DIVE, 0}}},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct guest guest;
        begin(&guest);
        guest.plan.answer = cases[i].answer;
        observe(guest.store);
        assert_int_equal(dive(&guest, 1, cases[i].at), cases[i].status);
        assert_events(cases[i].events, cases[i].count);
        assert_int_equal(the_record.depth, 0);
        assert_int_equal(the_record.self_sum, rp_store_gas_used(guest.store));
        end(&guest);
    }
}

static void trap_at_any_depth_drops_all_frames(void **state)
{
    (void)state;
    static const int32_t depths[] = {0, 1, 2, 7, 100, 5000};
    for (size_t i = 0; i < RP_ARRAY_COUNT(depths); i++) {
        for (int32_t at = AT_LEAF; at < AT_SELF; at++) {
            struct guest guest;
            begin(&guest);
            observe(guest.store);
            assert_int_equal(dive(&guest, depths[i], at), RP_OK);
            bool in_callee = at != AT_TRAP;
            assert_int_equal(the_record.count, 2u * ((size_t)depths[i] + 1 + in_callee));
            assert_int_equal(the_record.depth, 0);
            assert_int_equal(the_record.self_sum, rp_store_gas_used(guest.store));
            end(&guest);
        }
    }
}

static void call_that_passes_the_depth_is_not_entered(void **state)
{
    (void)state;
    struct guest guest;
    begin_store(&guest, false, 50);
    make_instance(&guest);
    observe(guest.store);
    assert_int_equal(dive(&guest, 0, AT_SELF), RP_OK);
    assert_int_equal(guest.outcome.trap, RP_TRAP_STACK_EXHAUSTED);
    assert_int_equal(the_record.count, 2u * guest.outcome.frame_count);
    assert_int_equal(the_record.self_sum, rp_store_gas_used(guest.store));
    end(&guest);
}

static void start_function_is_told(void **state)
{
    (void)state;
    struct guest guest;
    begin_store(&guest, true, 0);
    observe(guest.store);
    make_instance(&guest);
    const struct expected events[] = {
        {'>', STARTED, 0}, {'>', DIVE, 0}, {'>', DIVE, 0}, {'>', DIVE, 0}, {'>', 0, 1},
        {'<', 0, 1},       {'<', DIVE, 0}, {'<', DIVE, 0}, {'<', DIVE, 0}, {'<', STARTED, 0}};
    assert_events(events, RP_ARRAY_COUNT(events));
    assert_int_equal(the_record.self_sum, rp_store_gas_used(guest.store));
    end(&guest);
}

static void host_function_called_by_the_embedder_is_told(void **state)
{
    (void)state;
    struct guest guest;
    begin(&guest);
    guest.plan.nested = 1;
    guest.plan.func = find(&guest, "leaf");
    observe(guest.store);
    assert_int_equal(
        rp_store_call(guest.store, find(&guest, "host"), NULL, 0, NULL, 0, &guest.outcome, NULL),
        RP_OK);
    const struct expected events[] = {{'>', 0, 1}, {'>', LEAF, 0}, {'<', LEAF, 0}, {'<', 0, 1}};
    assert_events(events, RP_ARRAY_COUNT(events));
    assert_int_equal(the_record.self_sum, rp_store_gas_used(guest.store));
    end(&guest);
}

static void nested_calls_count_the_depth_on(void **state)
{
    (void)state;
    struct guest guest;
    begin(&guest);
    guest.plan = (struct plan){.nested = 5, .func = find(&guest, "dive"), .n = 2, .at = AT_HOST};
    observe(guest.store);
    assert_int_equal(dive(&guest, 2, AT_HOST), RP_OK);
    uint32_t deepest = 0;
    for (size_t i = 0; i < the_record.count; i++) {
        deepest = the_record.events[i].depth > deepest ? the_record.events[i].depth : deepest;
    }
    assert_int_equal(deepest, 6 * 4 - 1); /* three frames and a host function each */
    assert_int_equal(the_record.count, 2 * 6 * 4);
    assert_int_equal(the_record.depth, 0);
    assert_int_equal(the_record.self_sum, rp_store_gas_used(guest.store));
    end(&guest);
}

/* Nested calls that trap, exit, fail or are stopped are dropped down to the host function, which
 * then returns. */
static void nested_call_that_does_not_return_is_dropped_to_its_host_function(void **state)
{
    (void)state;
    static const struct {
        int32_t at;
        int64_t limit;
        rp_outcome_kind kind;
    } cases[] = {{AT_TRAP, 0, RP_OUTCOME_TRAPPED},
                 {AT_NOBODY, 0, RP_OUTCOME_TRAPPED},
                 {AT_SELF, 0, RP_OUTCOME_TRAPPED},
                 {AT_SELF, 300, RP_OUTCOME_OUT_OF_GAS},
                 {AT_SELF, 1, RP_OUTCOME_OUT_OF_GAS}};
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct guest guest;
        begin_store(&guest, false, 60);
        make_instance(&guest);
        guest.plan = (struct plan){.nested = 1,
                                   .func = find(&guest, "dive"),
                                   .n = 3,
                                   .at = cases[i].at,
                                   .nested_limit = cases[i].limit};
        observe(guest.store);
        assert_int_equal(dive(&guest, 1, AT_HOST), RP_OK);
        assert_int_equal(guest.outcome.kind, RP_OUTCOME_RETURNED);
        assert_int_equal(guest.plan.outcome.kind, cases[i].kind);
        assert_int_equal(the_record.depth, 0);
        size_t last = the_record.count - 3;
        assert_true(the_record.events[last].is_host && the_record.events[last].returned);
        assert_true(the_record.events[last + 1].returned && the_record.events[last + 2].returned);
        assert_int_equal(the_record.self_sum, rp_store_gas_used(guest.store));
        end(&guest);
    }
}

static void nested_exit_is_told_once_for_each_frame(void **state)
{
    (void)state;
    struct guest guest;
    begin(&guest);
    guest.plan = (struct plan){
        .nested = 1, .func = find(&guest, "dive"), .n = 2, .at = AT_HOST, .answer = RP_HOST_EXIT};
    observe(guest.store);
    assert_int_equal(dive(&guest, 1, AT_HOST), RP_OK);
    assert_int_equal(guest.plan.outcome.kind, RP_OUTCOME_EXITED);
    const struct expected events[] = {
        {'>', DIVE, 0}, {'>', DIVE, 0}, {'>', 0, 1},    {'>', DIVE, 0}, {'>', DIVE, 0},
        {'>', DIVE, 0}, {'>', 0, 1},    {'!', 0, 1},    {'!', DIVE, 0}, {'!', DIVE, 0},
        {'!', DIVE, 0}, {'<', 0, 1},    {'<', DIVE, 0}, {'<', DIVE, 0}};
    assert_events(events, RP_ARRAY_COUNT(events));
    end(&guest);
}

/* ---- requests ---- */

static void observing_from_inside_of_a_host_function_is_refused(void **state)
{
    (void)state;
    struct guest guest;
    begin(&guest);
    observe(guest.store);
    assert_int_equal(dive(&guest, 1, AT_HOST), RP_OK);
    assert_int_equal(guest.plan.observe_status, RP_ERROR_STATE);
    assert_int_equal(the_record.count, 6); /* and nothing has changed */
    end(&guest);
}

static void observing_a_stopped_call_announces_its_frames(void **state)
{
    (void)state;
    struct guest guest;
    begin(&guest);
    rp_store_set_until_gas(guest.store, 200);
    assert_int_equal(dive(&guest, 1000, AT_LEAF), RP_OK);
    assert_int_equal(guest.outcome.kind, RP_OUTCOME_SUSPENDED);
    uint32_t frames = (uint32_t)(guest.store->machine.frame - guest.store->stack.frames) + 1;
    assert_true(frames > 5);
    uint64_t position = rp_store_gas_used(guest.store);
    observe(guest.store);
    assert_int_equal(the_record.count, frames);
    assert_int_equal(the_record.events[0].gas, position);
    rp_store_set_until_gas(guest.store, RP_GAS_UNLIMITED);
    assert_int_equal(rp_store_resume(guest.store, NULL, 0, &guest.outcome, NULL), RP_OK);
    assert_int_equal(the_record.depth, 0);
    assert_int_equal(the_record.self_sum, rp_store_gas_used(guest.store) - position);
    end(&guest);
}

static void call_that_has_no_frame_yet_is_not_announced(void **state)
{
    (void)state;
    struct guest guest;
    begin(&guest);
    rp_store_set_gas_limit(guest.store, 0);
    assert_int_equal(dive(&guest, 1, AT_LEAF), RP_OK);
    assert_int_equal(guest.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
    observe(guest.store);
    assert_int_equal(the_record.count, 0);
    rp_store_set_gas_limit(guest.store, RP_GAS_UNLIMITED);
    assert_int_equal(rp_store_resume(guest.store, NULL, 0, &guest.outcome, NULL), RP_OK);
    assert_int_equal(the_record.count, 6);
    assert_int_equal(the_record.self_sum, rp_store_gas_used(guest.store));
    end(&guest);
}

static void abandoned_call_is_left(void **state)
{
    (void)state;
    struct guest guest;
    begin(&guest);
    observe(guest.store);
    rp_store_set_until_gas(guest.store, 200);
    assert_int_equal(dive(&guest, 1000, AT_LEAF), RP_OK);
    uint32_t depth = the_record.depth;
    assert_int_equal(the_record.count, depth); /* a stopped call is not left */
    rp_store_abandon(guest.store, NULL);
    assert_int_equal(the_record.depth, 0);
    assert_int_equal(the_record.count, 2 * depth);
    assert_false(the_record.events[depth].returned);
    rp_store_abandon(guest.store, NULL);
    assert_int_equal(the_record.count, 2 * depth);
    end(&guest);
}

static void observing_ends_with_null(void **state)
{
    (void)state;
    struct guest guest;
    begin(&guest);
    observe(guest.store);
    assert_int_equal(rp_store_observe(guest.store, NULL, NULL), RP_OK);
    assert_int_equal(dive(&guest, 1, AT_LEAF), RP_OK);
    assert_int_equal(the_record.count, 0);
    assert_false(guest.store->machine.use_metered); /* the fast table again */
    const rp_call_observer deaf = {0};
    assert_int_equal(rp_store_observe(guest.store, &deaf, NULL), RP_OK);
    assert_int_equal(dive(&guest, 1, AT_TRAP), RP_OK);
    assert_true(guest.store->machine.use_metered);
    end(&guest);
}

static void host_call_that_must_wait_for_gas_is_entered_once(void **state)
{
    (void)state;
    struct guest guest;
    begin(&guest);
    guest.plan.price = 5000;
    observe(guest.store);
    rp_store_set_gas_limit(guest.store, 1000);
    assert_int_equal(dive(&guest, 1, AT_HOST), RP_OK);
    assert_int_equal(guest.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
    assert_int_equal(the_record.count, 2);
    rp_store_set_gas_limit(guest.store, 100000);
    assert_int_equal(rp_store_resume(guest.store, NULL, 0, &guest.outcome, NULL), RP_OK);
    assert_int_equal(the_record.count, 6);
    assert_true(the_record.events[3].gas - the_record.events[2].gas >= 5000); /* its own */
    end(&guest);
}

static void observer_has_the_floating_point_mode_of_the_host(void **state)
{
    (void)state;
    static const int32_t ats[] = {AT_LEAF, AT_HOST, AT_TRAP};
    assert_int_equal(fesetround(FE_UPWARD), 0);
    for (size_t i = 0; i < RP_ARRAY_COUNT(ats); i++) {
        struct guest guest;
        begin(&guest);
        rp_store_set_until_gas(guest.store, 8);
        observe(guest.store);
        assert_int_equal(dive(&guest, 1, ats[i]), RP_OK); /* stopped in the first frame */
        assert_int_equal(the_record.count, 1);
        assert_int_equal(the_record.upward, the_record.count);
        rp_store_set_until_gas(guest.store, RP_GAS_UNLIMITED);
        assert_int_equal(rp_store_resume(guest.store, NULL, 0, &guest.outcome, NULL), RP_OK);
        assert_true(the_record.count >= 4);
        assert_int_equal(the_record.upward, the_record.count);
        end(&guest);
    }
    assert_true(rounds_upward());
    assert_int_equal(fesetround(FE_TONEAREST), 0);
}

/* ---- positions ---- */

/* Frames of an unobserved run that is stopped at a position; 0: none, or it has ended. */
static uint32_t frames_at(int32_t n, int32_t at, uint64_t position, uint64_t *out_position)
{
    struct guest guest;
    begin(&guest);
    rp_store_set_until_gas(guest.store, (int64_t)position);
    assert_int_equal(dive(&guest, n, at), RP_OK);
    const struct rp_machine *vm = &guest.store->machine;
    uint32_t count = vm->frame == NULL ? 0 : (uint32_t)(vm->frame - guest.store->stack.frames) + 1;
    *out_position = rp_store_gas_used(guest.store);
    end(&guest);
    return count;
}

/* A frame exists from the position of its enter on, and is gone from that of its leave on. */
static void position_is_where_the_frame_comes_and_goes(void **state)
{
    (void)state;
    static const int32_t ats[] = {AT_LEAF, AT_BRANCHER, AT_HOST};
    for (size_t i = 0; i < RP_ARRAY_COUNT(ats); i++) {
        struct guest guest;
        begin(&guest);
        observe(guest.store);
        assert_int_equal(dive(&guest, 3, ats[i]), RP_OK);
        end(&guest);
        for (size_t k = 0; k < the_record.count; k++) {
            const struct event *event = &the_record.events[k];
            uint64_t position;
            uint32_t frames = frames_at(3, ats[i], event->gas, &position);
            if (event->is_host) {
                continue;
            }
            assert_int_equal(position, event->gas); /* a boundary */
            assert_int_equal(frames, event->depth + event->is_enter);
            if (event->gas != 0) {
                frames = frames_at(3, ats[i], event->gas - 1, &position);
                assert_int_equal(frames, event->depth + !event->is_enter);
            }
        }
    }
}

/* ---- nothing else changes ---- */

static uint64_t random_state;

static uint64_t next_random(uint64_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % below;
}

struct ending {
    uint64_t print;
    uint64_t gas;
    uint64_t hash;
    size_t count;
};

/* Runs a program observed, stopped `cuts` times on the way. */
static struct ending run_observed(const struct rp_walk_program *program, unsigned cuts,
                                  uint64_t total)
{
    struct rp_walk_run run;
    struct rp_walk_limits limits = {.gas_limit = RP_GAS_UNLIMITED, .until_gas = 0};
    rp_walk_begin(&run, program, &limits);
    assert_true(rp_walk_is_stopped(&run));
    observe(run.store);
    uint64_t position = 0;
    for (unsigned i = 0; i < cuts && rp_walk_is_stopped(&run); i++) {
        position += next_random(2 * total / cuts + 1);
        rp_walk_resume(&run, RP_GAS_UNLIMITED, (int64_t)position);
        if (rp_walk_is_stopped(&run)) {
            uint64_t used = rp_store_gas_used(run.store);
            assert_int_equal(
                the_record.self_sum + (the_record.depth == 0 ? 0 : used - the_record.gas), used);
        }
    }
    if (rp_walk_is_stopped(&run)) {
        rp_walk_resume(&run, RP_GAS_UNLIMITED, RP_GAS_UNLIMITED);
    }
    assert_true(rp_walk_is_right(&run));
    assert_int_equal(the_record.depth, 0);
    assert_int_equal(the_record.self_sum, rp_store_gas_used(run.store));
    struct ending ending = {.print = rp_walk_fingerprint(&run),
                            .gas = rp_store_gas_used(run.store),
                            .hash = the_record.hash,
                            .count = the_record.count};
    rp_walk_end(&run);
    return ending;
}

static void observed_programs_end_as_unobserved_ones(void **state)
{
    (void)state;
    if (!rp_walk_open_programs()) {
        skip();
    }
    random_state = 1;
    for (size_t i = 0; i < rp_walk_program_count; i++) {
        const struct rp_walk_program *program = &rp_walk_programs[i];
        struct rp_walk_run plain;
        struct rp_walk_limits limits = {.gas_limit = RP_GAS_UNLIMITED,
                                        .until_gas = RP_GAS_UNLIMITED};
        rp_walk_begin(&plain, program, &limits);
        uint64_t print = rp_walk_fingerprint(&plain);
        uint64_t gas = rp_store_gas_used(plain.store);
        rp_walk_end(&plain);
        struct ending whole = run_observed(program, 0, gas);
        assert_int_equal(whole.gas, gas);
        assert_int_equal(whole.print, print);
        for (unsigned cuts = 1; cuts <= 256; cuts *= 16) {
            struct ending cut = run_observed(program, cuts, gas);
            assert_int_equal(cut.gas, gas);
            assert_int_equal(cut.print, print);
            assert_int_equal(cut.hash, whole.hash);
            assert_int_equal(cut.count, whole.count);
        }
    }
    rp_walk_close_programs();
}

/* The scene: calls between instances, indirect ones, host functions. `every`: gas between stops; 0:
 * none. `bend` is the answer of host call `bend_call`. */
static struct ending run_scene(bool is_observed, uint64_t every, uint32_t bend_call,
                               rp_host_result bend)
{
    struct rp_scene scene;
    rp_scene_init(&scene);
    assert_int_equal(rp_scene_make(&scene, NULL), RP_OK);
    scene.host.bend_call = bend_call;
    scene.host.bend = bend;
    uint64_t begun = rp_store_gas_used(scene.store);
    if (is_observed) {
        observe(scene.store);
    }
    uint64_t until = begun + every;
    if (every != 0) {
        rp_store_set_until_gas(scene.store, (int64_t)until);
    }
    rp_status status = rp_scene_call(&scene, RP_SCENE_ROUNDS);
    while (rp_store_is_stopped(scene.store)) {
        until += every;
        rp_store_set_until_gas(scene.store, (int64_t)until);
        status = rp_scene_resume(&scene);
    }
    assert_true(status == RP_OK || bend == RP_HOST_FAIL);
    rp_store_set_until_gas(scene.store, RP_GAS_UNLIMITED);
    struct ending ending = {.print = rp_walk_store_print(scene.store),
                            .gas = rp_store_gas_used(scene.store)};
    if (is_observed) {
        assert_int_equal(the_record.depth, 0);
        assert_int_equal(the_record.self_sum, ending.gas - begun);
        ending.hash = the_record.hash;
        ending.count = the_record.count;
    }
    rp_scene_deinit(&scene);
    return ending;
}

static void observed_scene_ends_as_unobserved_one_however_it_is_cut(void **state)
{
    (void)state;
    static const rp_host_result bends[] = {RP_HOST_RETURN, RP_HOST_TRAP, RP_HOST_EXIT,
                                           RP_HOST_FAIL};
    static const uint64_t steps[] = {1, 2, 3, 7, 50, 333};
    for (size_t i = 0; i < RP_ARRAY_COUNT(bends); i++) {
        for (uint32_t call = 1; call <= RP_SCENE_HOST_CALLS; call++) {
            struct ending plain = run_scene(false, 0, call, bends[i]);
            struct ending whole = run_scene(true, 0, call, bends[i]);
            assert_int_equal(whole.gas, plain.gas);
            assert_int_equal(whole.print, plain.print);
            for (size_t k = 0; k < RP_ARRAY_COUNT(steps); k++) {
                struct ending cut = run_scene(true, steps[k], call, bends[i]);
                assert_int_equal(cut.gas, plain.gas);
                assert_int_equal(cut.print, plain.print);
                assert_int_equal(cut.hash, whole.hash);
                assert_int_equal(cut.count, whole.count);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_leave_is_told),
        cmocka_unit_test(trap_at_any_depth_drops_all_frames),
        cmocka_unit_test(call_that_passes_the_depth_is_not_entered),
        cmocka_unit_test(start_function_is_told),
        cmocka_unit_test(host_function_called_by_the_embedder_is_told),
        cmocka_unit_test(nested_calls_count_the_depth_on),
        cmocka_unit_test(nested_call_that_does_not_return_is_dropped_to_its_host_function),
        cmocka_unit_test(nested_exit_is_told_once_for_each_frame),
        cmocka_unit_test(observing_from_inside_of_a_host_function_is_refused),
        cmocka_unit_test(observing_a_stopped_call_announces_its_frames),
        cmocka_unit_test(call_that_has_no_frame_yet_is_not_announced),
        cmocka_unit_test(abandoned_call_is_left),
        cmocka_unit_test(observing_ends_with_null),
        cmocka_unit_test(host_call_that_must_wait_for_gas_is_entered_once),
        cmocka_unit_test(observer_has_the_floating_point_mode_of_the_host),
        cmocka_unit_test(position_is_where_the_frame_comes_and_goes),
        cmocka_unit_test(observed_programs_end_as_unobserved_ones),
        cmocka_unit_test(observed_scene_ends_as_unobserved_one_however_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
