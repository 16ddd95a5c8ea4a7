/* Claims about engine/builtins.c: the host functions of docs/host-functions.md, called by a guest.
 */
#include "core/compiler.h"
#include "determinism/float_rules.h"
#include "determinism/pcg64.h"
#include "tests/determinism/host_mode.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#define START_NS 1234567890123456789u
#define HOST_CALL_GAS 50 /* flat price host_call of schedule 0 */

/* A store with the builtins and an instance whose export "f" calls one import. */
struct builtin_rig {
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance;
    uint32_t func;
    rp_status status; /* of instantiation */
    rp_report report;
};

/* Answers the gas position at which it is called, as an embedder's function may. */
static rp_host_result call_position(void *user, rp_caller *caller, const rp_value *args,
                                    rp_value *results)
{
    (void)user;
    (void)args;
    const rp_store *store = rp_caller_store(caller);
    assert_int_equal(rp_store_gas(store).host, HOST_CALL_GAS);
    results[0].of.i64 = (int64_t)rp_store_gas_used(store);
    return RP_HOST_RETURN;
}

static void define_position(struct builtin_rig *rig)
{
    static const rp_valkind result = RP_I64;
    const rp_host_func func = {
        .struct_size = sizeof(rp_host_func),
        .module = "test",
        .name = "position",
        .type = {.results = &result, .result_count = 1},
        .callback = call_position,
    };
    assert_int_equal(rp_store_define_func(rig->store, &func, &rig->report), RP_OK);
}

static void init_rig(struct builtin_rig *rig, const rp_store_config *config, const char *module,
                     const char *name, const char *results)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    const uint32_t type = rp_wasm_type(&wasm, "", results);
    const uint32_t import = rp_wasm_import_func(&wasm, module, name, type);
    const uint32_t func = rp_wasm_func_begin(&wasm, type, "");
    rp_wasm_op_index(&wasm, RP_OP_call, import);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "f", RP_EXTERN_FUNC, func);
    const struct rp_span bytes = rp_wasm_finish(&wasm);
    *rig = (struct builtin_rig){0};
    assert_int_equal(rp_engine_create(NULL, &rig->engine, &rig->report), RP_OK);
    assert_int_equal(
        rp_module_load(rig->engine, bytes.data, bytes.size, &rig->module, &rig->report), RP_OK);
    rp_wasm_deinit(&wasm);
    assert_int_equal(rp_store_create(rig->engine, config, &rig->store, &rig->report), RP_OK);
    assert_int_equal(rp_store_define_builtins(rig->store, &rig->report), RP_OK);
    define_position(rig);
    rp_outcome outcome;
    rig->status =
        rp_store_instantiate(rig->store, rig->module, &rig->instance, &outcome, &rig->report);
    if (rig->status == RP_OK) {
        rp_extern export;
        assert_int_equal(rp_instance_export(rig->instance, (rp_name){"f", 1}, &export), RP_OK);
        rig->func = export.index;
    }
}

static void deinit_rig(struct builtin_rig *rig)
{
    rp_store_destroy(rig->store);
    rp_module_destroy(rig->module);
    rp_engine_destroy(rig->engine);
}

static rp_value call(struct builtin_rig *rig)
{
    rp_value result;
    rp_outcome outcome;
    assert_int_equal(rig->status, RP_OK);
    assert_int_equal(
        rp_store_call(rig->store, rig->func, NULL, 0, &result, 1, &outcome, &rig->report), RP_OK);
    assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
    return result;
}

static rp_store_config make_config(uint64_t seed, uint64_t ns_per_gas)
{
    rp_store_config config;
    rp_store_config_init(&config);
    config.seed = seed;
    config.time_ns = START_NS;
    config.ns_per_gas = ns_per_gas;
    return config;
}

static void time_is_the_stores_virtual_time(void **state)
{
    (void)state;
    static const struct {
        const char *module, *name, *results;
        uint64_t expected;
    } cases[] = {
        {"reprise", "time_ns", "l", START_NS},
        {"env", "__get_time", "l", START_NS / 1000000},
        {"env", "__get_time", "d", 0x4271f71fb04cb000},
    };
    assert_int_equal(cases[2].expected, rp_f64_to_bits((double)(START_NS / 1000000)));
    const rp_store_config config = make_config(1, 0);
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct builtin_rig rig;
        init_rig(&rig, &config, cases[i].module, cases[i].name, cases[i].results);
        const rp_value value = call(&rig);
        assert_int_equal(value.kind, cases[i].results[0] == 'l' ? RP_I64 : RP_F64);
        assert_int_equal(value.of.i64, cases[i].expected);
        assert_int_equal(call(&rig).of.i64, cases[i].expected);
        deinit_rig(&rig);
    }
}

static void time_moves_with_gas_and_sleeps_in_both_tables_alike(void **state)
{
    (void)state;
    int64_t times[2][2];
    for (int metered = 0; metered < 2; metered++) {
        rp_store_config config = make_config(1, 1000);
        config.metered = metered == 1;
        struct builtin_rig rig;
        init_rig(&rig, &config, "reprise", "time_ns", "l");
        times[metered][0] = call(&rig).of.i64;
        const uint64_t gas = rp_store_gas_used(rig.store);
        rp_store_sleep_ns(rig.store, 7);
        times[metered][1] = call(&rig).of.i64;
        assert_int_equal(times[metered][1] - times[metered][0], gas * 1000 + 7);
        deinit_rig(&rig);
    }
    assert_true(times[0][0] > (int64_t)START_NS);
    assert_memory_equal(times[0], times[1], sizeof(times[0]));
}

static void time_is_that_of_the_call_its_price_included(void **state)
{
    (void)state;
    const rp_store_config config = make_config(1, 1000);
    struct builtin_rig time;
    struct builtin_rig position;
    init_rig(&time, &config, "reprise", "time_ns", "l");
    init_rig(&position, &config, "test", "position", "l");
    const int64_t expected = call(&position).of.i64 * 1000 + (int64_t)START_NS;
    assert_int_equal(call(&time).of.i64, expected);
    deinit_rig(&time);
    deinit_rig(&position);
}

static void random_numbers_are_those_of_the_seeded_generator(void **state)
{
    (void)state;
    static const struct {
        const char *module, *name, *results;
    } cases[] = {
        {"reprise", "random_u64", "l"},
        {"env", "__get_random", "l"},
        {"env", "__get_random", "i"},
        {"env", "__get_random", "d"},
    };
    const rp_store_config config = make_config(99, 0);
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct rp_pcg64 pcg;
        rp_pcg64_seed_u64(&pcg, 99);
        struct builtin_rig rig;
        init_rig(&rig, &config, cases[i].module, cases[i].name, cases[i].results);
        for (int k = 0; k < 100; k++) {
            const uint64_t number = rp_pcg64_next(&pcg);
            const rp_value value = call(&rig);
            switch (cases[i].results[0]) {
            case 'i':
                assert_int_equal((uint32_t)value.of.i32, (uint32_t)number);
                break;
            case 'l':
                assert_int_equal(value.of.i64, number);
                break;
            default:
                assert_int_equal(value.of.f64_bits,
                                 rp_f64_to_bits((double)(number >> 11) * 0x1p-53));
                break;
            }
        }
        deinit_rig(&rig);
    }
}

static void floats_do_not_depend_on_the_hosts_mode(void **state)
{
    (void)state;
    static const char *const names[] = {"__get_random", "__get_time"};
    const rp_store_config config = make_config(5, 0);
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        struct builtin_rig plain;
        struct builtin_rig hostile;
        init_rig(&plain, &config, "env", names[i], "d");
        init_rig(&hostile, &config, "env", names[i], "d");
        for (int k = 0; k < 100; k++) {
            const rp_value expected = call(&plain);
            const uint64_t host = rp_host_mode_read();
            rp_host_mode_write(rp_host_mode_hostile());
            const rp_value value = call(&hostile);
            rp_host_mode_write(host);
            assert_int_equal(value.of.f64_bits, expected.of.f64_bits);
        }
        deinit_rig(&plain);
        deinit_rig(&hostile);
    }
}

static void every_call_costs_the_price_of_a_host_call(void **state)
{
    (void)state;
    static const char *const names[] = {"__get_random", "__get_time"};
    const rp_store_config config = make_config(1, 0);
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        struct builtin_rig rig;
        init_rig(&rig, &config, "env", names[i], "l");
        for (unsigned k = 1; k < 4; k++) {
            (void)call(&rig);
            assert_int_equal(rp_store_gas(rig.store).host, k * HOST_CALL_GAS);
        }
        deinit_rig(&rig);
    }
}

static void other_types_are_refused_naming_all_that_are_offered(void **state)
{
    (void)state;
    static const struct {
        const char *module, *name, *results, *offered[3];
    } cases[] = {
        {"env", "__get_time", "i", {"i64", "f64", "__get_time"}},
        {"env", "__get_time", "f", {"i64", "f64", "f32"}},
        {"env", "__get_random", "f", {"i32", "i64", "f64"}},
        {"env", "__get_random", "", {"i32", "i64", "f64"}},
        {"reprise", "time_ns", "d", {"i64", "f64", "time_ns"}},
        {"reprise", "random_u64", "i", {"i64", "i32", "random_u64"}},
    };
    const rp_store_config config = make_config(1, 0);
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct builtin_rig rig;
        init_rig(&rig, &config, cases[i].module, cases[i].name, cases[i].results);
        assert_int_equal(rig.status, RP_ERROR_IMPORT);
        for (size_t k = 0; k < RP_ARRAY_COUNT(cases[i].offered); k++) {
            if (strstr(rig.report.text, cases[i].offered[k]) == NULL) {
                fail_msg("case %zu: no %s in: %s", i, cases[i].offered[k], rig.report.text);
            }
        }
        deinit_rig(&rig);
    }
}

static void builtins_are_defined_once(void **state)
{
    (void)state;
    const rp_store_config config = make_config(1, 0);
    struct builtin_rig rig;
    init_rig(&rig, &config, "reprise", "time_ns", "l");
    assert_int_equal(rp_store_define_builtins(rig.store, &rig.report), RP_ERROR_ARGUMENT);
    deinit_rig(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_the_stores_virtual_time),
        cmocka_unit_test(time_moves_with_gas_and_sleeps_in_both_tables_alike),
        cmocka_unit_test(time_is_that_of_the_call_its_price_included),
        cmocka_unit_test(random_numbers_are_those_of_the_seeded_generator),
        cmocka_unit_test(floats_do_not_depend_on_the_hosts_mode),
        cmocka_unit_test(every_call_costs_the_price_of_a_host_call),
        cmocka_unit_test(other_types_are_refused_naming_all_that_are_offered),
        cmocka_unit_test(builtins_are_defined_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
