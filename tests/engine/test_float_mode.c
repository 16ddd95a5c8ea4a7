/* Where guest code and the host take turns, each runs in its own floating-point mode: after host
 * functions, in nested calls, after a trap, and when a stopped run is resumed by a host in another
 * mode. */
#include "determinism/float_rules.h"
#include "tests/determinism/host_mode.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#define SUBNORMAL 0x000012688b70e62bu /* flushed to zero in the hostile mode */
#define GAS_MAX 100

struct mode_rig {
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance;
    uint32_t multiply; /* (f64) -> (f64): the argument * 1, twice, with a host call between */
    uint32_t trap;     /* multiplies, then traps */
    uint32_t plain;    /* the argument * 1 */
    uint64_t seen;     /* the mode in which the host function ran */
    uint64_t change;   /* the mode that it sets, if not 0 */
    uint64_t nested;   /* result of the nested call, if asked for */
    bool nests;
    rp_report report;
};

static uint64_t call_bits(struct mode_rig *rig, uint32_t func, rp_outcome *out_outcome)
{
    const rp_value argument = {.kind = RP_F64, .of.f64_bits = SUBNORMAL};
    rp_value result = {.kind = RP_F64};
    assert_int_equal(
        rp_store_call(rig->store, func, &argument, 1, &result, 1, out_outcome, &rig->report),
        RP_OK);
    return result.of.f64_bits;
}

static rp_host_result call_host(void *user, rp_caller *caller, const rp_value *args,
                                rp_value *results)
{
    (void)caller;
    (void)args;
    (void)results;
    struct mode_rig *rig = user;
    rig->seen = rp_host_mode_read();
    if (rig->nests) {
        rp_outcome outcome;
        rig->nested = call_bits(rig, rig->plain, &outcome);
    }
    if (rig->change != 0) {
        rp_host_mode_write(rig->change);
    }
    return RP_HOST_RETURN;
}

static void write_product(struct rp_wasm *wasm)
{
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_f64_const(wasm, 0x3ff0000000000000);
    rp_wasm_op(wasm, RP_OP_f64_mul);
    rp_wasm_op_index(wasm, RP_OP_local_set, 0);
}

static void write_functions(struct rp_wasm *wasm)
{
    const uint32_t host = rp_wasm_import_func(wasm, "test", "host", rp_wasm_type(wasm, "", ""));
    const uint32_t type = rp_wasm_type(wasm, "d", "d");
    static const char *const names[] = {"multiply", "trap", "plain"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        const uint32_t func = rp_wasm_func_begin(wasm, type, "");
        write_product(wasm);
        if (i == 0) {
            rp_wasm_op_index(wasm, RP_OP_call, host);
            write_product(wasm);
        }
        if (i == 1) {
            rp_wasm_op(wasm, RP_OP_unreachable);
        }
        rp_wasm_op_index(wasm, RP_OP_local_get, 0);
        rp_wasm_func_end(wasm);
        rp_wasm_export(wasm, names[i], RP_EXTERN_FUNC, func);
    }
}

static uint32_t find_export(const struct mode_rig *rig, const char *name)
{
    rp_extern found;
    assert_int_equal(rp_instance_export(rig->instance, (rp_name){name, strlen(name)}, &found),
                     RP_OK);
    return found.index;
}

static void init_rig(struct mode_rig *rig, bool metered)
{
    *rig = (struct mode_rig){0};
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    write_functions(&wasm);
    const struct rp_span bytes = rp_wasm_finish(&wasm);
    assert_int_equal(rp_engine_create(NULL, &rig->engine, &rig->report), RP_OK);
    assert_int_equal(
        rp_module_load(rig->engine, bytes.data, bytes.size, &rig->module, &rig->report), RP_OK);
    rp_wasm_deinit(&wasm);
    rp_store_config config;
    rp_store_config_init(&config);
    config.metered = metered;
    assert_int_equal(rp_store_create(rig->engine, &config, &rig->store, &rig->report), RP_OK);
    const rp_host_func func = {.struct_size = sizeof(rp_host_func),
                               .module = "test",
                               .name = "host",
                               .callback = call_host,
                               .user = rig};
    assert_int_equal(rp_store_define_func(rig->store, &func, &rig->report), RP_OK);
    rp_outcome outcome;
    assert_int_equal(
        rp_store_instantiate(rig->store, rig->module, &rig->instance, &outcome, &rig->report),
        RP_OK);
    rig->multiply = find_export(rig, "multiply");
    rig->trap = find_export(rig, "trap");
    rig->plain = find_export(rig, "plain");
}

static void deinit_rig(struct mode_rig *rig)
{
    rp_store_destroy(rig->store);
    rp_module_destroy(rig->module);
    rp_engine_destroy(rig->engine);
}

/* Calls in the hostile mode; *out_after is the mode that the host has afterwards. */
static uint64_t call_hostile(struct mode_rig *rig, uint32_t func, rp_outcome *out_outcome,
                             uint64_t *out_after)
{
    const uint64_t host = rp_host_mode_read();
    rp_host_mode_write(rp_host_mode_hostile());
    const uint64_t result = call_bits(rig, func, out_outcome);
    *out_after = rp_host_mode_read();
    rp_host_mode_write(host);
    return result;
}

static void a_host_function_runs_in_the_hosts_mode_and_the_guest_in_its_own(void **state)
{
    (void)state;
    for (int metered = 0; metered < 2; metered++) {
        struct mode_rig rig;
        init_rig(&rig, metered == 1);
        rp_outcome outcome;
        uint64_t after;
        assert_int_equal(call_hostile(&rig, rig.multiply, &outcome, &after), SUBNORMAL);
        assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
        assert_int_equal(rig.seen, rp_host_mode_hostile());
        assert_int_equal(after, rp_host_mode_hostile());
        deinit_rig(&rig);
    }
}

static void a_host_function_that_changes_the_mode_does_not_reach_the_guest(void **state)
{
    (void)state;
    const uint64_t host = rp_host_mode_read();
    struct mode_rig rig;
    init_rig(&rig, false);
    rig.change = rp_host_mode_hostile();
    rp_outcome outcome;
    const uint64_t result = call_bits(&rig, rig.multiply, &outcome);
    rp_host_mode_write(host);
    assert_int_equal(result, SUBNORMAL);
    deinit_rig(&rig);
}

static void nested_calls_change_modes_twice(void **state)
{
    (void)state;
    struct mode_rig rig;
    init_rig(&rig, false);
    rig.nests = true;
    rp_outcome outcome;
    uint64_t after;
    assert_int_equal(call_hostile(&rig, rig.multiply, &outcome, &after), SUBNORMAL);
    assert_int_equal(rig.nested, SUBNORMAL);
    assert_int_equal(after, rp_host_mode_hostile());
    deinit_rig(&rig);
}

static void a_trap_gives_the_mode_back(void **state)
{
    (void)state;
    struct mode_rig rig;
    init_rig(&rig, false);
    rp_outcome outcome;
    uint64_t after;
    (void)call_hostile(&rig, rig.trap, &outcome, &after);
    assert_int_equal(outcome.kind, RP_OUTCOME_TRAPPED);
    assert_int_equal(after, rp_host_mode_hostile());
    deinit_rig(&rig);
}

/* Started in a plain mode, stopped before each instruction in turn, resumed in the hostile one. */
static void a_run_may_be_resumed_in_another_mode(void **state)
{
    (void)state;
    const uint64_t host = rp_host_mode_read();
    unsigned stops = 0;
    for (int64_t gas = 0; gas < GAS_MAX; gas++) {
        struct mode_rig rig;
        init_rig(&rig, false);
        rp_store_set_gas_limit(rig.store, gas);
        rp_outcome outcome;
        uint64_t result = call_bits(&rig, rig.multiply, &outcome);
        assert_int_equal(rp_host_mode_read(), host);
        if (outcome.kind == RP_OUTCOME_OUT_OF_GAS) {
            stops++;
            rp_store_set_gas_limit(rig.store, RP_GAS_UNLIMITED);
            rp_value value = {.kind = RP_F64};
            rp_host_mode_write(rp_host_mode_hostile());
            const rp_status status = rp_store_resume(rig.store, &value, 1, &outcome, &rig.report);
            const uint64_t after = rp_host_mode_read();
            rp_host_mode_write(host);
            assert_int_equal(status, RP_OK);
            assert_int_equal(after, rp_host_mode_hostile());
            result = value.of.f64_bits;
        }
        assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
        assert_int_equal(result, SUBNORMAL);
        deinit_rig(&rig);
    }
    assert_true(stops > 20 && stops < GAS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_function_runs_in_the_hosts_mode_and_the_guest_in_its_own),
        cmocka_unit_test(a_host_function_that_changes_the_mode_does_not_reach_the_guest),
        cmocka_unit_test(nested_calls_change_modes_twice),
        cmocka_unit_test(a_trap_gives_the_mode_back),
        cmocka_unit_test(a_run_may_be_resumed_in_another_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
