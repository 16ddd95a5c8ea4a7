/* A guest that calls host functions which the test plays (tests). */
#include "tests/engine/host_guest.h"

enum { ASK, PLAY, DIRECT, INDIRECT, SUM, TWICE, BUMP, BUMP_TRAP, SPIN, GROW, DEEP };

static void build_callers(struct rp_wasm *wasm, uint32_t type)
{
    rp_wasm_func_begin(wasm, type, ""); /* DIRECT */
    rp_wasm_op(wasm, RP_OP_nop);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_call, ASK);
    rp_wasm_i32_const(wasm, 100);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, ""); /* INDIRECT */
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_indices(wasm, RP_OP_call_indirect, type, 0);
    rp_wasm_i32_const(wasm, 100);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, "i"); /* SUM */
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_call, ASK);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_local_set, 1);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_sub);
    rp_wasm_op_index(wasm, RP_OP_local_tee, 0);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, ""); /* TWICE */
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_call, PLAY);
    rp_wasm_op_index(wasm, RP_OP_call, PLAY);
    rp_wasm_func_end(wasm);
}

static void build_workers(struct rp_wasm *wasm, uint32_t type)
{
    rp_wasm_func_begin(wasm, type, ""); /* BUMP */
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_memory(wasm, RP_OP_i32_store, 2, 0);
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_global_set, 0);
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, ""); /* BUMP_TRAP */
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_call, BUMP);
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, ""); /* SPIN */
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_call, BUMP);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_op_index(wasm, RP_OP_br, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, ""); /* GROW */
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_memory_grow, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, ""); /* DEEP */
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_block(wasm, RP_OP_if, 'i');
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_sub);
    rp_wasm_op_index(wasm, RP_OP_call, DEEP);
    rp_wasm_op(wasm, RP_OP_else);
    rp_wasm_i32_const(wasm, 5);
    rp_wasm_op_index(wasm, RP_OP_call, ASK);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
}

static struct rp_span build(struct rp_wasm *wasm)
{
    static const char *const names[] = {"ask",  "play",      "direct", "indirect", "sum", "twice",
                                        "bump", "bump_trap", "spin",   "grow",     "deep"};
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "i", "i");
    uint32_t play_type = rp_wasm_type(wasm, "ii", "i");
    rp_wasm_import_func(wasm, "host", "ask", type);
    rp_wasm_import_func(wasm, "host", "play", play_type);
    rp_wasm_memory(wasm, 1, 4);
    rp_wasm_table(wasm, 'r', 3, 3);
    rp_wasm_global_i32(wasm, true, 0);
    build_callers(wasm, type);
    build_workers(wasm, type);
    for (uint32_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        rp_wasm_export(wasm, names[i], RP_EXTERN_FUNC, i);
    }
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, 0);
    rp_wasm_export(wasm, "table", RP_EXTERN_TABLE, 0);
    rp_wasm_export(wasm, "g", RP_EXTERN_GLOBAL, 0);
    rp_wasm_elem(wasm, 0, 0, (uint32_t[]){ASK, PLAY, BUMP}, 3);
    return rp_wasm_finish(wasm);
}

rp_host_result host_guest_triple(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                                 rp_value *results)
{
    (void)guest;
    (void)caller;
    results[0].of.i32 = 3 * args[0].of.i32;
    return RP_HOST_RETURN;
}

rp_host_result host_guest_same(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                               rp_value *results)
{
    (void)guest;
    (void)caller;
    results[0].of.i32 = args[1].of.i32;
    return RP_HOST_RETURN;
}

rp_host_result host_guest_pending(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                                  rp_value *results)
{
    (void)guest;
    (void)caller;
    (void)args;
    results[0].of.i32 = 77; /* nobody may read it */
    return RP_HOST_PENDING;
}

static rp_host_result call_ask(void *user, rp_caller *caller, const rp_value *args,
                               rp_value *results)
{
    struct host_guest *guest = user;
    guest->asked++;
    return guest->ask(guest, caller, args, results);
}

static rp_host_result call_play(void *user, rp_caller *caller, const rp_value *args,
                                rp_value *results)
{
    struct host_guest *guest = user;
    guest->played++;
    return guest->play(guest, caller, args, results);
}

static rp_host_result continue_play(void *user, rp_caller *caller, const rp_value *args,
                                    const void *state, size_t state_size, const rp_outcome *outcome,
                                    const rp_value *returned, size_t returned_count,
                                    rp_value *results)
{
    const struct host_guest *guest = user;
    return guest->continue_play(user, caller, args, state, state_size, outcome, returned,
                                returned_count, results);
}

static uint64_t price(void *user, rp_caller *caller, const rp_value *args)
{
    const struct host_guest *guest = user;
    (void)caller;
    (void)args;
    return guest->extra_price;
}

void host_guest_begin_with(struct host_guest *guest, const rp_store_config *config)
{
    static const rp_valkind kinds[2] = {RP_I32, RP_I32};
    struct rp_wasm wasm;
    *guest = (struct host_guest){.ask = host_guest_triple, .play = host_guest_same};
    struct rp_span bytes = build(&wasm);
    const rp_host_func ask = {.struct_size = sizeof ask,
                              .module = "host",
                              .name = "ask",
                              .type = {kinds, 1, kinds, 1},
                              .callback = call_ask,
                              .price = price,
                              .base_price = 7,
                              .user = guest};
    const rp_host_func play = {.struct_size = sizeof play,
                               .module = "host",
                               .name = "play",
                               .type = {kinds, 2, kinds, 1},
                               .callback = call_play,
                               .price = price,
                               .base_price = 7,
                               .user = guest,
                               .continue_callback = continue_play};
    assert_int_equal(rp_engine_create(NULL, &guest->engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(guest->engine, bytes.data, bytes.size, &guest->module, NULL),
                     RP_OK);
    assert_int_equal(rp_store_create(guest->engine, config, &guest->store, NULL), RP_OK);
    assert_int_equal(rp_store_define_func(guest->store, &ask, NULL), RP_OK);
    assert_int_equal(rp_store_define_func(guest->store, &play, NULL), RP_OK);
    assert_int_equal(
        rp_store_instantiate(guest->store, guest->module, &guest->instance, &guest->outcome, NULL),
        RP_OK);
    rp_wasm_deinit(&wasm);
}

void host_guest_begin(struct host_guest *guest, bool metered)
{
    rp_store_config config;
    rp_store_config_init(&config);
    config.metered = metered;
    host_guest_begin_with(guest, &config);
}

void host_guest_end(struct host_guest *guest)
{
    rp_store_destroy(guest->store);
    rp_module_destroy(guest->module);
    rp_engine_destroy(guest->engine);
}

void host_guest_both(void (*test)(struct host_guest *guest))
{
    for (int metered = 0; metered < 2; metered++) {
        struct host_guest guest;
        host_guest_begin(&guest, metered == 1);
        test(&guest);
        host_guest_end(&guest);
    }
}

uint32_t host_guest_index(const struct host_guest *guest, const char *name)
{
    rp_extern found;
    assert_int_equal(rp_instance_export(guest->instance, (rp_name){name, strlen(name)}, &found),
                     RP_OK);
    return found.index;
}

rp_outcome_kind host_guest_call(struct host_guest *guest, const char *name, int32_t n)
{
    const rp_value args[2] = {{.kind = RP_I32, .of.i32 = n}, {.kind = RP_I32, .of.i32 = n}};
    size_t count = strcmp(name, "play") == 0 ? 2 : 1;
    guest->report = (rp_report){0};
    guest->status = rp_store_call(guest->store, host_guest_index(guest, name), args, count,
                                  &guest->result, 1, &guest->outcome, &guest->report);
    assert_int_equal(guest->status, RP_OK);
    return guest->outcome.kind;
}

rp_outcome_kind host_guest_resume(struct host_guest *guest)
{
    guest->report = (rp_report){0};
    guest->status =
        rp_store_resume(guest->store, &guest->result, 1, &guest->outcome, &guest->report);
    assert_int_equal(guest->status, RP_OK);
    return guest->outcome.kind;
}

void host_guest_complete(struct host_guest *guest, int32_t answer)
{
    rp_pending pending;
    const rp_value value = {.kind = RP_I32, .of.i32 = answer};
    assert_int_equal(rp_store_pending(guest->store, &pending), RP_OK);
    assert_int_equal(rp_store_complete(guest->store, pending.request, RP_HOST_RETURN, &value, 1,
                                       NULL, 0, &guest->report),
                     RP_OK);
}

int32_t host_guest_memory(const struct host_guest *guest)
{
    rp_extern memory;
    int32_t value;
    assert_int_equal(rp_instance_export(guest->instance, (rp_name){"memory", 6}, &memory), RP_OK);
    assert_int_equal(rp_store_memory_read(guest->store, memory.index, 0, &value, sizeof value),
                     RP_OK);
    return value;
}

int32_t host_guest_global(const struct host_guest *guest)
{
    rp_extern global;
    rp_value value;
    assert_int_equal(rp_instance_export(guest->instance, (rp_name){"g", 1}, &global), RP_OK);
    assert_int_equal(rp_store_global_get(guest->store, global.index, &value), RP_OK);
    return value.of.i32;
}
