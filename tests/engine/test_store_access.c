/* Claims about what the embedder reads and changes from outside, and what counts as a host event
 * (docs/embedding.md). */
#include "engine/store.h"
#include "tests/engine/host_guest.h"

/* ---- host events ---- */

static rp_host_result answer_trap(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                                  rp_value *results)
{
    (void)guest;
    (void)caller;
    (void)args;
    (void)results;
    return RP_HOST_TRAP;
}

static rp_host_result change_inside(struct host_guest *guest, rp_caller *caller,
                                    const rp_value *args, rp_value *results)
{
    rp_store *store = rp_caller_store(caller);
    const rp_value n = {.kind = RP_I32, .of.i32 = 1};
    assert_int_equal(rp_store_memory_write(store, 0, 50, "x", 1), RP_OK);
    assert_int_equal(rp_store_global_set(store, 0, &n), RP_OK);
    rp_store_random_u64(store);
    rp_store_sleep_ns(store, 1);
    return host_guest_triple(guest, caller, args, results);
}

static void check_events(struct host_guest *guest)
{
    rp_store *store = guest->store;
    const rp_value n = {.kind = RP_I32, .of.i32 = 1};
    const rp_value null = {.kind = RP_FUNCREF, .of.ref = RP_REF_NULL};
    uint8_t byte[2] = {0, 0};
    assert_int_equal(rp_store_host_events(store), 0);
    host_guest_call(guest, "bump", 1); /* calls are no events, and neither is reading */
    assert_int_equal(rp_store_memory_read(store, 0, 0, byte, 2), RP_OK);
    rp_store_set_gas_limit(store, 1000000);
    rp_store_set_until_gas(store, RP_GAS_UNLIMITED);
    rp_store_refill(store, 2000000);
    assert_int_equal(rp_store_host_events(store), 0);
    host_guest_call(guest, "sum", 4); /* four answers */
    assert_int_equal(rp_store_host_events(store), 4);
    guest->ask = answer_trap;
    host_guest_call(guest, "direct", 4);
    assert_int_equal(rp_store_host_events(store), 5);
    guest->ask = change_inside; /* what it changes is part of its answer */
    host_guest_call(guest, "direct", 4);
    assert_int_equal(rp_store_host_events(store), 6);
    assert_int_equal(rp_store_memory_write(store, 0, 8, byte, 2), RP_OK);
    assert_int_equal(rp_store_global_set(store, 0, &n), RP_OK);
    assert_int_equal(rp_store_table_set(store, 0, 2, &null), RP_OK);
    assert_int_equal(rp_store_set_time_ns(store, 5, NULL), RP_OK);
    assert_int_equal(rp_store_set_seed(store, 5, NULL), RP_OK);
    rp_store_sleep_ns(store, 5);
    rp_store_random_bytes(store, byte, 2);
    rp_store_random_u64(store);
    assert_int_equal(rp_store_host_events(store), 14);
    /* What is refused is none. */
    assert_int_equal(rp_store_memory_write(store, 0, UINT64_MAX, byte, 2), RP_ERROR_ARGUMENT);
    assert_int_equal(rp_store_memory_write(store, 9, 0, byte, 2), RP_ERROR_ARGUMENT);
    assert_int_equal(rp_store_global_set(store, 0, &null), RP_ERROR_TYPE);
    assert_int_equal(rp_store_table_set(store, 0, 3, &null), RP_ERROR_ARGUMENT);
    assert_int_equal(rp_store_table_set(store, 0, 0, &n), RP_ERROR_TYPE);
    assert_int_equal(rp_store_table_set(store, 1, 0, &null), RP_ERROR_NOT_FOUND);
    assert_int_equal(rp_store_host_events(store), 14);
    rp_store_set_gas_limit(store, (int64_t)rp_store_gas_used(store) + 20);
    host_guest_call(guest, "spin", 1);
    assert_int_equal(rp_store_abandon(store, NULL), RP_OK); /* drops frames */
    assert_int_equal(rp_store_host_events(store), 15);
    assert_int_equal(rp_store_abandon(store, NULL), RP_OK); /* drops nothing */
    assert_int_equal(rp_store_host_events(store), 15);
}

static void answers_and_changes_of_the_embedder_are_counted(void **state)
{
    (void)state;
    host_guest_both(check_events);
}

/* ---- builtins ---- */

#define BEHIND_CALL 2 /* gas of the last `end`, which moves one value */

/* A guest that calls one function of the namespace `reprise`. */
struct reader {
    struct host_guest guest;
    rp_module *module;
    uint32_t func;
};

static void begin_reader(struct reader *reader, const char *name)
{
    struct rp_wasm wasm;
    rp_instance *instance;
    rp_extern found;
    host_guest_begin(&reader->guest, false);
    assert_int_equal(rp_store_define_builtins(reader->guest.store, NULL), RP_OK);
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "", "l");
    uint32_t import = rp_wasm_import_func(&wasm, "reprise", name, type);
    rp_wasm_export(&wasm, "f", RP_EXTERN_FUNC, rp_wasm_func_begin(&wasm, type, ""));
    rp_wasm_op_index(&wasm, RP_OP_call, import);
    rp_wasm_func_end(&wasm);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    assert_int_equal(
        rp_module_load(reader->guest.engine, bytes.data, bytes.size, &reader->module, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(reader->guest.store, reader->module, &instance,
                                          &reader->guest.outcome, NULL),
                     RP_OK);
    assert_int_equal(rp_instance_export(instance, (rp_name){"f", 1}, &found), RP_OK);
    reader->func = found.index;
    rp_wasm_deinit(&wasm);
}

static int64_t read_number(struct reader *reader)
{
    rp_value result;
    assert_int_equal(rp_store_call(reader->guest.store, reader->func, NULL, 0, &result, 1,
                                   &reader->guest.outcome, NULL),
                     RP_OK);
    assert_int_equal(reader->guest.outcome.kind, RP_OUTCOME_RETURNED);
    return result.of.i64;
}

static void end_reader(struct reader *reader)
{
    rp_module_destroy(reader->module);
    host_guest_end(&reader->guest);
}

static void gas_left_is_limit_minus_used_and_a_host_event(void **state)
{
    (void)state;
    struct reader reader;
    begin_reader(&reader, "gas_left");
    rp_store *store = reader.guest.store;
    assert_true(read_number(&reader) == INT64_MAX);
    assert_int_equal(rp_store_host_events(store), 1);
    uint64_t used = rp_store_gas_used(store);
    rp_store_set_gas_limit(store, (int64_t)used + 1000);
    int64_t left = read_number(&reader);
    assert_int_equal(left, (int64_t)used + 1000 - (int64_t)rp_store_gas_used(store) + BEHIND_CALL);
    assert_int_equal(rp_store_host_events(store), 2);
    end_reader(&reader);
}

static rp_host_result read_in_share(struct host_guest *guest, rp_caller *caller,
                                    const rp_value *args, rp_value *results)
{
    rp_outcome outcome;
    rp_value left;
    uint64_t before = rp_store_gas_used(guest->store);
    (void)args;
    assert_int_equal(rp_caller_call(caller, *(uint32_t *)guest->plan, NULL, 0, 700, false, &left, 1,
                                    &outcome, NULL),
                     RP_OK);
    assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(left.of.i64,
                     700 - (int64_t)(rp_store_gas_used(guest->store) - before) + BEHIND_CALL);
    results[0].of.i32 = 1;
    return RP_HOST_RETURN;
}

static void gas_left_ends_with_the_share(void **state)
{
    (void)state;
    struct reader reader;
    begin_reader(&reader, "gas_left");
    reader.guest.play = read_in_share;
    reader.guest.plan = &reader.func;
    assert_int_equal(host_guest_call(&reader.guest, "play", 1), RP_OUTCOME_RETURNED);
    end_reader(&reader);
}

static void time_and_randomness_are_no_host_events(void **state)
{
    (void)state;
    static const char *const names[] = {"time_ns", "random_u64"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        struct reader reader;
        begin_reader(&reader, names[i]);
        int64_t first = read_number(&reader);
        assert_int_equal(rp_store_host_events(reader.guest.store), 0);
        assert_int_equal(rp_store_set_seed(reader.guest.store, RP_DEFAULT_SEED, NULL), RP_OK);
        assert_int_equal(rp_store_set_time_ns(reader.guest.store, RP_DEFAULT_TIME_NS, NULL), RP_OK);
        assert_true(read_number(&reader) == first);
        assert_int_equal(rp_store_set_seed(reader.guest.store, 1, NULL), RP_OK);
        assert_int_equal(rp_store_set_time_ns(reader.guest.store, 1, NULL), RP_OK);
        assert_true(read_number(&reader) != first);
        end_reader(&reader);
    }
}

static void time_set_anew_goes_on_by_gas(void **state)
{
    (void)state;
    struct host_guest guest;
    rp_store_config config;
    rp_store_config_init(&config);
    config.ns_per_gas = 10;
    host_guest_begin_with(&guest, &config);
    host_guest_call(&guest, "sum", 9);
    assert_int_equal(rp_store_set_time_ns(guest.store, 500, NULL), RP_OK);
    assert_int_equal(rp_store_time_ns(guest.store), 500);
    uint64_t gas = rp_store_gas_used(guest.store);
    host_guest_call(&guest, "bump", 1);
    assert_int_equal(rp_store_time_ns(guest.store),
                     500 + 10 * (rp_store_gas_used(guest.store) - gas));
    host_guest_end(&guest);
}

/* ---- borrowed memory ---- */

static void check_borrow(struct host_guest *guest)
{
    rp_store *store = guest->store;
    uint8_t *data = NULL;
    int32_t value = 123;
    assert_int_equal(rp_store_memory_begin(store, 0, 0, 65536, &data, NULL), RP_OK);
    assert_int_equal(rp_store_memory_begin(store, 0, 0, 8, &data, NULL), RP_ERROR_STATE);
    assert_int_equal(rp_store_memory_end(store, NULL), RP_OK);
    assert_int_equal(rp_store_host_events(store), 0); /* nothing was changed */
    assert_int_equal(rp_store_memory_begin(store, 0, 0, 65536, &data, NULL), RP_OK);
    memcpy(data, &value, sizeof value);
    data[65535] = 1;
    assert_int_equal(rp_store_memory_end(store, NULL), RP_OK);
    assert_int_equal(rp_store_host_events(store), 1); /* two pages, one event */
    assert_int_equal(host_guest_memory(guest), 123);
    assert_int_equal(rp_store_memory_begin(store, 0, 65536, 0, &data, NULL), RP_OK);
    assert_int_equal(rp_store_memory_end(store, NULL), RP_OK);
    assert_int_equal(rp_store_memory_begin(store, 0, 65536, 1, &data, NULL), RP_ERROR_ARGUMENT);
    assert_int_equal(rp_store_memory_begin(store, 0, UINT64_MAX, 2, &data, NULL),
                     RP_ERROR_ARGUMENT);
    assert_int_equal(rp_store_memory_begin(store, 1, 0, 1, &data, NULL), RP_ERROR_ARGUMENT);
    assert_int_equal(rp_store_memory_end(store, NULL), RP_ERROR_STATE);
    /* A store may be destroyed with a borrow open. */
    assert_int_equal(rp_store_memory_begin(store, 0, 4, 4, &data, NULL), RP_OK);
}

static void a_borrow_is_one_event_if_it_changed_something(void **state)
{
    (void)state;
    host_guest_both(check_borrow);
}

/* ---- tables, instances ---- */

static void tables_are_read_and_written_by_index(void **state)
{
    (void)state;
    struct host_guest guest;
    rp_value value;
    host_guest_begin(&guest, false);
    assert_int_equal(rp_store_table_size(guest.store, 0), 3);
    assert_int_equal(rp_store_table_size(guest.store, 1), 0);
    assert_int_equal(rp_store_table_get(guest.store, 0, 2, &value), RP_OK);
    assert_int_equal(value.kind, RP_FUNCREF);
    assert_int_equal(value.of.ref, host_guest_index(&guest, "bump"));
    assert_int_equal(rp_store_table_get(guest.store, 0, 3, &value), RP_ERROR_ARGUMENT);
    assert_int_equal(rp_store_table_get(guest.store, 1, 0, &value), RP_ERROR_NOT_FOUND);
    assert_int_equal(rp_store_table_set(guest.store, 0, 0, &value), RP_OK); /* was ask */
    assert_int_equal(host_guest_call(&guest, "indirect", 6), RP_OUTCOME_RETURNED);
    assert_int_equal(guest.result.of.i32, 106);
    assert_int_equal(guest.asked, 0);
    value.of.ref = 1000; /* no such function */
    assert_int_equal(rp_store_table_set(guest.store, 0, 0, &value), RP_ERROR_TYPE);
    assert_ptr_equal(rp_store_instance(guest.store, 0), guest.instance);
    assert_null(rp_store_instance(guest.store, 1));
    assert_ptr_equal(rp_instance_module(guest.instance), guest.module);
    host_guest_end(&guest);
}

static rp_host_result note_caller(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                                  rp_value *results)
{
    *(rp_instance **)guest->plan = rp_caller_instance(caller);
    return host_guest_triple(guest, caller, args, results);
}

static void a_host_function_knows_the_instance_that_calls(void **state)
{
    (void)state;
    struct host_guest guest;
    host_guest_begin(&guest, false);
    rp_instance *seen = NULL;
    guest.plan = &seen;
    guest.ask = note_caller;
    host_guest_call(&guest, "direct", 1);
    assert_ptr_equal(seen, guest.instance);
    host_guest_call(&guest, "ask", 1);
    assert_null(seen);
    host_guest_end(&guest);
}

/* ---- external references ---- */

static void external_references_form_a_set(void **state)
{
    (void)state;
    static const uint64_t ids[] = {5, 1, UINT64_MAX - 1, 0, 5, 3, 1};
    struct host_guest guest;
    host_guest_begin(&guest, false);
    for (size_t i = 0; i < RP_ARRAY_COUNT(ids); i++) {
        assert_int_equal(rp_store_register_external(guest.store, ids[i], NULL), RP_OK);
    }
    assert_int_equal(rp_store_register_external(guest.store, RP_REF_NULL, NULL), RP_ERROR_ARGUMENT);
    static const uint64_t sorted[] = {0, 1, 3, 5, UINT64_MAX - 1};
    assert_int_equal(guest.store->external_count, RP_ARRAY_COUNT(sorted));
    assert_memory_equal(guest.store->externals, sorted, sizeof sorted);
    assert_true(rp_store_has_external(guest.store, 3));
    assert_false(rp_store_has_external(guest.store, 2));
    assert_false(rp_store_has_external(guest.store, 6));
    assert_int_equal(rp_store_host_events(guest.store), 0);
    host_guest_end(&guest);
}

/* ---- gas ---- */

static void refill_raises_the_limit_above_what_is_used(void **state)
{
    (void)state;
    struct host_guest guest;
    host_guest_begin(&guest, false);
    rp_store_set_gas_limit(guest.store, 100);
    assert_int_equal(host_guest_call(&guest, "spin", 1), RP_OUTCOME_OUT_OF_GAS);
    uint64_t used = rp_store_gas_used(guest.store);
    rp_store_refill(guest.store, 50);
    assert_int_equal(host_guest_resume(&guest), RP_OUTCOME_OUT_OF_GAS);
    assert_true(rp_store_gas_used(guest.store) <= used + 50);
    assert_true(rp_store_gas_used(guest.store) > used + 30);
    assert_int_equal(guest.store->gas_limit, (int64_t)used + 50);
    used = rp_store_gas_used(guest.store);
    rp_store_refill(guest.store, 5000);
    rp_store_refill(guest.store, 1); /* it never takes away */
    assert_int_equal(guest.store->gas_limit, (int64_t)used + 5000);
    rp_store_refill(guest.store, UINT64_MAX);
    assert_int_equal(guest.store->gas_limit, RP_GAS_UNLIMITED);
    host_guest_end(&guest);
}

/* ---- denied growth ---- */

static void begin_small(struct host_guest *guest, bool metered, bool stop)
{
    rp_store_config config;
    rp_store_config_init(&config);
    config.metered = metered;
    config.memory_max_bytes = 2 * 65536;
    config.stop_on_grow_denied = stop;
    host_guest_begin_with(guest, &config);
}

static void denied_growth_stops_before_the_instruction(void **state)
{
    (void)state;
    for (int metered = 0; metered < 2; metered++) {
        struct host_guest plain;
        struct host_guest guest;
        begin_small(&plain, metered == 0, false);
        begin_small(&guest, metered == 1, true);
        assert_int_equal(host_guest_call(&plain, "grow", 2), RP_OUTCOME_RETURNED);
        assert_int_equal(plain.result.of.i32, -1);
        assert_int_equal(host_guest_call(&guest, "grow", 2), RP_OUTCOME_SUSPENDED);
        assert_int_equal(guest.outcome.reason, RP_REASON_GROW_DENIED);
        assert_int_equal(rp_store_get_state(guest.store), RP_STORE_STOPPED);
        uint64_t gas = rp_store_gas_used(guest.store);
        assert_int_equal(host_guest_resume(&guest), RP_OUTCOME_SUSPENDED); /* tried again */
        assert_int_equal(rp_store_gas_used(guest.store), gas);
        rp_store_stop_on_grow_denied(guest.store, false);
        assert_int_equal(host_guest_resume(&guest), RP_OUTCOME_RETURNED);
        assert_int_equal(guest.result.of.i32, -1);
        assert_int_equal(rp_store_gas_used(guest.store), rp_store_gas_used(plain.store));
        /* The instruction is the boundary at which a run can be stopped. */
        rp_store_set_until_gas(plain.store, (int64_t)(rp_store_gas_used(plain.store) + gas));
        host_guest_call(&plain, "grow", 2);
        assert_int_equal(rp_store_gas_used(plain.store), rp_store_gas_used(guest.store) + gas);
        host_guest_end(&plain);
        host_guest_end(&guest);
    }
}

static void growth_that_the_type_denies_is_answered(void **state)
{
    (void)state;
    for (int metered = 0; metered < 2; metered++) {
        struct host_guest guest;
        begin_small(&guest, metered == 1, true);
        assert_int_equal(host_guest_call(&guest, "grow", 4), RP_OUTCOME_RETURNED);
        assert_int_equal(guest.result.of.i32, -1);
        assert_int_equal(host_guest_call(&guest, "grow", -1), RP_OUTCOME_RETURNED);
        assert_int_equal(host_guest_call(&guest, "grow", 1), RP_OUTCOME_RETURNED);
        assert_int_equal(guest.result.of.i32, 1);
        host_guest_end(&guest);
    }
}

/* ---- defining host functions ---- */

static void count_finalized(void *user)
{
    ++*(unsigned *)user;
}

static rp_host_result do_nothing(void *user, rp_caller *caller, const rp_value *args,
                                 rp_value *results)
{
    (void)user;
    (void)caller;
    (void)args;
    (void)results;
    return RP_HOST_RETURN;
}

static void host_functions_are_finalized_once_with_their_store(void **state)
{
    (void)state;
    struct host_guest guest;
    unsigned finalized[2] = {0, 0};
    host_guest_begin(&guest, false);
    for (size_t i = 0; i < 2; i++) {
        const rp_host_func func = {.struct_size = sizeof func,
                                   .module = "m",
                                   .name = i == 0 ? "a" : "b",
                                   .callback = do_nothing,
                                   .user = &finalized[i],
                                   .finalize = count_finalized};
        assert_int_equal(rp_store_define_func(guest.store, &func, NULL), RP_OK);
        assert_int_equal(rp_store_define_func(guest.store, &func, NULL), RP_ERROR_ARGUMENT);
    }
    assert_int_equal(finalized[0] + finalized[1], 0);
    host_guest_end(&guest);
    assert_int_equal(finalized[0], 1);
    assert_int_equal(finalized[1], 1);
}

static void older_layouts_of_the_structure_are_read(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        rp_status status;
    } cases[] = {
        {0, RP_ERROR_ARGUMENT},
        {8, RP_ERROR_ARGUMENT},
        {offsetof(rp_host_func, user), RP_ERROR_ARGUMENT},
        {offsetof(rp_host_func, finalize), RP_OK},
        {sizeof(rp_host_func), RP_OK},
        {sizeof(rp_host_func) + 1, RP_ERROR_ARGUMENT},
        {SIZE_MAX, RP_ERROR_ARGUMENT},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct host_guest guest;
        unsigned finalized = 0;
        rp_report report = {0};
        host_guest_begin(&guest, false);
        const rp_host_func func = {.struct_size = cases[i].size,
                                   .module = "m",
                                   .name = "f",
                                   .callback = do_nothing,
                                   .user = &finalized,
                                   .finalize = count_finalized,
                                   .is_pure = true};
        assert_int_equal(rp_store_define_func(guest.store, &func, &report), cases[i].status);
        if (cases[i].status != RP_OK) {
            assert_non_null(strstr(report.text, "rp_host_func: struct_size"));
        }
        host_guest_end(&guest);
        assert_int_equal(finalized, cases[i].size == sizeof func);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_and_changes_of_the_embedder_are_counted),
        cmocka_unit_test(gas_left_is_limit_minus_used_and_a_host_event),
        cmocka_unit_test(gas_left_ends_with_the_share),
        cmocka_unit_test(time_and_randomness_are_no_host_events),
        cmocka_unit_test(time_set_anew_goes_on_by_gas),
        cmocka_unit_test(a_borrow_is_one_event_if_it_changed_something),
        cmocka_unit_test(tables_are_read_and_written_by_index),
        cmocka_unit_test(a_host_function_knows_the_instance_that_calls),
        cmocka_unit_test(external_references_form_a_set),
        cmocka_unit_test(refill_raises_the_limit_above_what_is_used),
        cmocka_unit_test(denied_growth_stops_before_the_instruction),
        cmocka_unit_test(growth_that_the_type_denies_is_answered),
        cmocka_unit_test(host_functions_are_finalized_once_with_their_store),
        cmocka_unit_test(older_layouts_of_the_structure_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
