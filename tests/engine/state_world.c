/* A store with every kind of object and value (tests). */
#include "tests/engine/state_world.h"

#include "core/assert.h"
#include "engine/gas.h"
#include "engine/store.h"

#include <stdio.h>
#include <string.h>

const char *const rp_world_stop_texts[RP_WORLD_STOP_COUNT] = {
#define X(name, text) text,
    RP_WORLD_STOPS(X)
#undef X
};

static void require(rp_status status, const rp_report *report)
{
    if (status != RP_OK) {
        (void)fprintf(stderr, "%s: %s\n", rp_status_name(status), report->text);
    }
    RP_ASSERT(status == RP_OK);
}

/* ---- the module ---- */

enum { INT_TYPE, VOID_TYPE };
enum { MIDDLE_LONG = 1, MIDDLE_FLOAT, MIDDLE_DOUBLE, MIDDLE_FUNC, MIDDLE_EXTERN };

static void get(struct rp_wasm *wasm, uint32_t local)
{
    rp_wasm_op_index(wasm, RP_OP_local_get, local);
}

static void set(struct rp_wasm *wasm, uint32_t local)
{
    rp_wasm_op_index(wasm, RP_OP_local_set, local);
}

static void build_leaf(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, INT_TYPE, "");
    get(wasm, 0);
    rp_wasm_i32_const(wasm, 300);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op(wasm, RP_OP_return);
    rp_wasm_i32_const(wasm, 1); /* dead */
    rp_wasm_func_end(wasm);
}

static void build_middle(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, INT_TYPE, "lfdrx");
    rp_wasm_i64_const(wasm, -1);
    set(wasm, MIDDLE_LONG);
    rp_wasm_f32_const(wasm, 0xffc00000u);
    set(wasm, MIDDLE_FLOAT);
    rp_wasm_f64_const(wasm, 0xfff8000000000000u);
    set(wasm, MIDDLE_DOUBLE);
    rp_wasm_op_index(wasm, RP_OP_ref_func, RP_WORLD_LEAF);
    set(wasm, MIDDLE_FUNC);
    rp_wasm_op_index(wasm, RP_OP_global_get, 4);
    set(wasm, MIDDLE_EXTERN);
    rp_wasm_i64_const(wasm, 7);
    get(wasm, MIDDLE_EXTERN);
    rp_wasm_ref_null(wasm, 'r');
    get(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_call, RP_WORLD_LEAF);
    set(wasm, 0);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_op(wasm, RP_OP_drop);
    get(wasm, 0);
    rp_wasm_func_end(wasm);
}

/* run(n) = 5 + table[0](n) */
static void build_run(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, INT_TYPE, "");
    rp_wasm_i32_const(wasm, 5);
    get(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_indices(wasm, RP_OP_call_indirect, INT_TYPE, 0);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
}

/* ask(n) = n + relay(table[3](n)), which is add */
static void build_ask(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, INT_TYPE, "");
    get(wasm, 0);
    get(wasm, 0);
    rp_wasm_i32_const(wasm, 3);
    rp_wasm_op_indices(wasm, RP_OP_call_indirect, INT_TYPE, 0);
    rp_wasm_op_index(wasm, RP_OP_call, RP_WORLD_RELAY);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
}

static void build_objects(struct rp_wasm *wasm)
{
    rp_wasm_table(wasm, 'r', 4, 8);
    rp_wasm_table(wasm, 'x', 2, RP_WASM_NO_MAX);
    rp_wasm_memory(wasm, 1, 4);
    rp_wasm_global_i32(wasm, true, -1);
    rp_wasm_global_i64(wasm, true, -1);
    rp_wasm_global(wasm, false, (rp_value){.kind = RP_F64, .of.f64_bits = 0x3ff0000000000000u});
    rp_wasm_global(wasm, true, (rp_value){.kind = RP_FUNCREF, .of.ref = RP_WORLD_RUN});
    rp_wasm_global(wasm, true, (rp_value){.kind = RP_EXTERNREF, .of.ref = RP_REF_NULL});
    rp_wasm_elem(wasm, 0, 0, (uint32_t[]){RP_WORLD_MIDDLE, RP_WORLD_LEAF}, 2);
    rp_wasm_elem(wasm, 0, 3, (uint32_t[]){RP_WORLD_ADD}, 1);
    rp_wasm_elem_passive(wasm, (uint32_t[]){RP_WORLD_LEAF, RP_WORLD_NOBODY}, 2);
    rp_wasm_data(wasm, 4090, "across pages", 12);
    rp_wasm_data(wasm, 65535, "z", 1);
    rp_wasm_data_passive(wasm, "passive", 7);
}

static struct rp_span build(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    rp_wasm_type(wasm, "i", "i");
    rp_wasm_type(wasm, "", "");
    rp_wasm_import_func(wasm, "host", "add", INT_TYPE);
    rp_wasm_import_func(wasm, "nobody", "there", VOID_TYPE);
    rp_wasm_import_func(wasm, "host", "relay", INT_TYPE);
    build_objects(wasm);
    build_leaf(wasm);
    build_middle(wasm);
    build_run(wasm);
    build_ask(wasm);
    rp_wasm_func_begin(wasm, INT_TYPE, "");
    get(wasm, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, VOID_TYPE, "");
    rp_wasm_func_end(wasm);
    return rp_wasm_finish(wasm);
}

/* ---- host functions ---- */

static rp_host_result host_add(void *user, rp_caller *caller, const rp_value *args,
                               rp_value *results)
{
    const struct rp_world *world = user;
    (void)caller;
    results[0].of.i32 = args[0].of.i32 + 1;
    return world->answers_later ? RP_HOST_PENDING : RP_HOST_RETURN;
}

static rp_host_result host_relay(void *user, rp_caller *caller, const rp_value *args,
                                 rp_value *results)
{
    struct rp_world *world = user;
    (void)results;
    bool again = world->relays > 0;
    world->relays -= again;
    uint64_t share = again ? RP_GAS_UNLIMITED : 100000;
    rp_status status =
        rp_caller_call_then(caller, again ? RP_WORLD_RELAY : RP_WORLD_RUN, args, 1, share,
                            "to be continued", again ? 15 : 0, &world->report);
    require(status, &world->report);
    return RP_HOST_CALL;
}

static rp_host_result continue_relay(void *user, rp_caller *caller, const rp_value *args,
                                     const void *state, size_t state_size,
                                     const rp_outcome *outcome, const rp_value *returned,
                                     size_t returned_count, rp_value *results)
{
    const struct rp_world *world = user;
    const uint8_t *bytes = state;
    (void)caller;
    results[0].of.i32 = args[0].of.i32 / 2 + 1000 * (int32_t)outcome->kind;
    if (returned_count == 1) {
        results[0].of.i32 ^= returned[0].of.i32;
    }
    for (size_t i = 0; i < state_size; i++) {
        results[0].of.i32 ^= bytes[i] << i % 16;
    }
    return world->relay_waits ? RP_HOST_PENDING : RP_HOST_RETURN;
}

static void define(struct rp_world *world)
{
    static const rp_valkind kinds[] = {RP_I32};
    const rp_functype type = {
        .params = kinds, .param_count = 1, .results = kinds, .result_count = 1};
    rp_host_func add = {.struct_size = sizeof add,
                        .module = "host",
                        .name = "add",
                        .type = type,
                        .callback = host_add,
                        .user = world};
    rp_host_func relay = add;
    relay.name = "relay";
    relay.callback = host_relay;
    relay.continue_callback = continue_relay;
    require(rp_store_define_func(world->store, &add, &world->report), &world->report);
    require(rp_store_define_func(world->store, &relay, &world->report), &world->report);
}

/* ---- stopping ---- */

static void call(struct rp_world *world, uint32_t func)
{
    rp_value arg = {.kind = RP_I32, .of.i32 = 20};
    rp_value result;
    require(rp_store_call(world->store, func, &arg, 1, &result, 1, &world->outcome, &world->report),
            &world->report);
    RP_ASSERT(rp_store_is_stopped(world->store));
}

static void resume(struct rp_world *world, rp_store *store)
{
    rp_value result;
    require(rp_store_resume(store, &result, 1, &world->outcome, &world->report), &world->report);
    if (world->outcome.kind == RP_OUTCOME_RETURNED) {
        world->result = result.of.i32;
    }
}

static bool is_at_leaf_add(const rp_store *store)
{
    const struct rp_machine *vm = &store->machine;
    return store->stopped && !store->entry_pending && vm->frame->func->code != NULL &&
           vm->frame->func->index == RP_WORLD_LEAF && rp_code_op_at(vm->pc) == RP_OP_i32_add;
}

/* Calls and stops before leaf's addition. */
static void call_to_leaf(struct rp_world *world, uint32_t func)
{
    int64_t until = (int64_t)rp_store_gas_used(world->store);
    rp_store_set_until_gas(world->store, until);
    call(world, func);
    while (!is_at_leaf_add(world->store)) {
        rp_store_set_until_gas(world->store, ++until);
        resume(world, world->store);
    }
    rp_store_set_until_gas(world->store, RP_GAS_UNLIMITED);
}

static void complete(struct rp_world *world, rp_host_result result)
{
    rp_value value = {.kind = RP_I32, .of.i32 = 77};
    rp_pending pending;
    require(rp_store_pending(world->store, &pending), &world->report);
    require(rp_store_complete(world->store, pending.request, result, &value,
                              result == RP_HOST_RETURN ? 1 : 0, "it failed", 42, &world->report),
            &world->report);
}

static void stop_pending(struct rp_world *world, enum rp_world_stop stop)
{
    world->answers_later = true;
    call(world, stop == RP_WORLD_HOST_ENTRY ? RP_WORLD_ADD : RP_WORLD_ASK);
    RP_ASSERT(world->outcome.reason == RP_REASON_PENDING);
    world->answers_later = false;
    if (stop == RP_WORLD_RETURNED) {
        complete(world, RP_HOST_RETURN);
    } else if (stop == RP_WORLD_TRAPPED) {
        complete(world, RP_HOST_TRAP);
    } else if (stop == RP_WORLD_EXITED) {
        complete(world, RP_HOST_EXIT);
    }
}

/* The frame of run costs gas, which is not there. */
static void stop_relaying(struct rp_world *world)
{
    int64_t limit = (int64_t)rp_store_gas_used(world->store);
    rp_store_set_gas_limit(world->store, limit);
    call(world, RP_WORLD_ASK);
    while (world->store->host_frame_count < 2) {
        rp_store_set_gas_limit(world->store, ++limit);
        resume(world, world->store);
    }
    RP_ASSERT(world->store->host_frames[1].callee != NULL);
    rp_store_set_gas_limit(world->store, RP_GAS_UNLIMITED);
}

static void stop_at(struct rp_world *world, enum rp_world_stop stop)
{
    switch (stop) {
    case RP_WORLD_IDLE:
        break;
    case RP_WORLD_DEEP:
        call_to_leaf(world, RP_WORLD_RUN);
        break;
    case RP_WORLD_ENTRY:
        rp_store_set_gas_limit(world->store, 0);
        call(world, RP_WORLD_RUN);
        rp_store_set_gas_limit(world->store, RP_GAS_UNLIMITED);
        break;
    case RP_WORLD_RELAYED:
        world->relays = 1;
        call_to_leaf(world, RP_WORLD_ASK);
        RP_ASSERT(world->store->host_frame_count == 2);
        break;
    case RP_WORLD_RELAYING:
        world->relays = 1;
        stop_relaying(world);
        break;
    case RP_WORLD_RELAY_WAITS:
        world->relay_waits = true;
        call(world, RP_WORLD_ASK);
        RP_ASSERT(world->outcome.reason == RP_REASON_PENDING);
        break;
    default:
        stop_pending(world, stop);
        break;
    }
}

/* ---- life ---- */

static void fill(struct rp_world *world)
{
    bool grown = rp_memory_grow(world->store->memories[0], world->store, 2);
    RP_ASSERT(grown);
    const rp_value external = {.kind = RP_EXTERNREF, .of.ref = RP_WORLD_EXTERNAL};
    const rp_value zero = {.kind = RP_EXTERNREF, .of.ref = 0};
    rp_store *store = world->store;
    require(rp_store_register_external(store, RP_WORLD_EXTERNAL, &world->report), &world->report);
    require(rp_store_register_external(store, 0, &world->report), &world->report);
    require(rp_store_global_set(store, 4, &external), &world->report);
    require(rp_store_table_set(store, 1, 1, &zero), &world->report);
    require(rp_store_register(store, (rp_name){"world", 5}, world->instance, &world->report),
            &world->report);
    require(rp_store_register(store, (rp_name){"", 0}, world->instance, &world->report),
            &world->report);
    require(rp_store_register(store, (rp_name){"world", 5}, world->instance, &world->report),
            &world->report);
    require(rp_store_set_embedder_data(store, "mine", 4, &world->report), &world->report);
    rp_store_sleep_ns(store, 1000);
    (void)rp_store_random_u64(store);
}

void rp_world_begin(struct rp_world *world, enum rp_world_stop stop)
{
    memset(world, 0, sizeof *world);
    struct rp_span bytes = build(&world->wasm);
    rp_store_config config;
    rp_store_config_init(&config);
    config.memory_max_bytes = 3 * RP_PAGE_BYTES;
    config.table_max_elements = 16;
    config.call_depth_max = 8;
    config.stack_slots_max = 36;
    config.ns_per_gas = 3;
    require(rp_engine_create(NULL, &world->engine, &world->report), &world->report);
    require(rp_module_load(world->engine, bytes.data, bytes.size, &world->module, &world->report),
            &world->report);
    require(rp_store_create(world->engine, &config, &world->store, &world->report), &world->report);
    define(world);
    rp_store_trap_unknown_imports(world->store, true);
    require(rp_store_instantiate(world->store, world->module, &world->instance, &world->outcome,
                                 &world->report),
            &world->report);
    RP_ASSERT(world->store->func_count == RP_WORLD_FUNC_COUNT);
    fill(world);
    stop_at(world, stop);
}

void rp_world_end(struct rp_world *world)
{
    rp_store_destroy(world->store);
    rp_module_destroy(world->module);
    rp_engine_destroy(world->engine);
    rp_wasm_deinit(&world->wasm);
}

int64_t rp_world_finish(struct rp_world *world, rp_store *store)
{
    world->relays = 0;
    world->relay_waits = false;
    world->result = 0;
    world->outcome = (rp_outcome){0};
    while (rp_store_is_stopped(store)) {
        rp_pending pending;
        if (rp_store_pending(store, &pending) == RP_OK && !pending.completed) {
            rp_value value = {.kind = RP_I32, .of.i32 = 500};
            require(rp_store_complete(store, pending.request, RP_HOST_RETURN, &value, 1, NULL, 0,
                                      &world->report),
                    &world->report);
        }
        resume(world, store);
    }
    return world->result + (int64_t)world->outcome.exit_code * 100000 +
           ((int64_t)world->outcome.kind << 40);
}
