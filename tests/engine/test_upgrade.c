/* Claims about code upgrades with memory kept (docs/embedding.md, "Upgrading code"). */
#include "snapshot/move.h"
#include "tests/support/rig.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

/* Version `version` of a program: "add" adds n * version to the i32 at 0 and to global "sum";
 * "version" answers; "fresh" is a global that begins with the version. */
struct program {
    uint32_t version;
    uint64_t min, max;
    bool wide_sum; /* the global "sum" is of another type */
    bool traps;    /* in its start function, after a write */
    bool spins;
    bool writes; /* a data segment at 100 */
    bool needs_import;
};

static struct rp_span build(struct rp_wasm *wasm, const struct program *program)
{
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "i", "i");
    uint32_t version_type = rp_wasm_type(wasm, "", "i");
    uint32_t start_type = rp_wasm_type(wasm, "", "");
    if (program->needs_import) {
        rp_wasm_import_func(wasm, "nobody", "offers", start_type);
    }
    rp_wasm_memory(wasm, program->min, program->max);
    rp_wasm_global_i32(wasm, true, (int32_t)program->version);
    if (program->wide_sum) {
        rp_wasm_global_i64(wasm, true, 5);
    } else {
        rp_wasm_global_i32(wasm, true, 5);
    }
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, 0);
    rp_wasm_export(wasm, "fresh", RP_EXTERN_GLOBAL, rp_wasm_global_i32(wasm, false, 1));
    rp_wasm_export(wasm, "sum", RP_EXTERN_GLOBAL, 1);
    rp_wasm_export(wasm, "add", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, type, ""));
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, (int32_t)program->version);
    rp_wasm_op(wasm, RP_OP_i32_mul);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_memory(wasm, RP_OP_i32_store, 2, 0);
    if (!program->wide_sum) {
        rp_wasm_op_index(wasm, RP_OP_global_get, 1);
        rp_wasm_op_index(wasm, RP_OP_local_get, 0);
        rp_wasm_op(wasm, RP_OP_i32_add);
        rp_wasm_op_index(wasm, RP_OP_global_set, 1);
    }
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "version", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, version_type, ""));
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_func_end(wasm);
    if (program->traps || program->spins) {
        rp_wasm_start(wasm, rp_wasm_func_begin(wasm, start_type, ""));
        rp_wasm_i32_const(wasm, 0);
        rp_wasm_i32_const(wasm, -1);
        rp_wasm_op_memory(wasm, RP_OP_i32_store, 2, 0);
        if (program->spins) {
            rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
            rp_wasm_op_index(wasm, RP_OP_br, 0);
            rp_wasm_op(wasm, RP_OP_end);
        }
        rp_wasm_op(wasm, RP_OP_unreachable);
        rp_wasm_func_end(wasm);
    }
    if (program->writes) {
        rp_wasm_data(wasm, 100, "new", 3);
    }
    return rp_wasm_finish(wasm);
}

static const struct program first = {.version = 1, .min = 1, .max = 3};

struct upgrade {
    struct rp_rig rig;
    rp_module *module; /* the new one */
    rp_instance *instance;
    rp_outcome outcome;
    rp_report report;
};

static void begin(struct upgrade *upgrade, const struct program *program)
{
    struct rp_wasm wasm;
    *upgrade = (struct upgrade){0};
    rp_rig_init(&upgrade->rig, build(&wasm, &first), NULL);
    rp_wasm_deinit(&wasm);
    struct rp_span bytes = build(&wasm, program);
    assert_int_equal(
        rp_module_load(upgrade->rig.engine, bytes.data, bytes.size, &upgrade->module, NULL), RP_OK);
    rp_wasm_deinit(&wasm);
    assert_int_equal(
        rp_store_register(upgrade->rig.store, (rp_name){"app", 3}, upgrade->rig.instance, NULL),
        RP_OK);
    rp_rig_call(&upgrade->rig, "add", "i", 40);
}

static rp_status run(struct upgrade *upgrade)
{
    return rp_store_upgrade(upgrade->rig.store, upgrade->rig.instance, upgrade->module,
                            &upgrade->instance, &upgrade->outcome, &upgrade->report);
}

static void end(struct upgrade *upgrade)
{
    rp_store_destroy(upgrade->rig.store);
    upgrade->rig.store = NULL;
    rp_module_destroy(upgrade->module);
    rp_rig_deinit(&upgrade->rig);
}

static int32_t global(const struct upgrade *upgrade, const rp_instance *instance, const char *name)
{
    rp_extern found;
    rp_value value;
    assert_int_equal(rp_instance_export(instance, (rp_name){name, strlen(name)}, &found), RP_OK);
    assert_int_equal(rp_store_global_get(upgrade->rig.store, found.index, &value), RP_OK);
    return value.of.i32;
}

static void memory_and_mutable_globals_are_taken_over(void **state)
{
    (void)state;
    const struct program second = {.version = 10, .min = 1, .max = 3};
    struct upgrade upgrade;
    begin(&upgrade, &second);
    rp_instance *old = upgrade.rig.instance;
    uint64_t bytes = rp_store_memory_bytes(upgrade.rig.store);
    uint64_t events = rp_store_host_events(upgrade.rig.store);
    rp_gas_accounts gas = rp_store_gas(upgrade.rig.store);
    assert_int_equal(run(&upgrade), RP_OK);
    assert_int_equal(upgrade.outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(rp_store_memory_bytes(upgrade.rig.store), bytes);
    assert_int_equal(rp_store_host_events(upgrade.rig.store), events + 1);
    assert_true(rp_store_gas(upgrade.rig.store).load > gas.load);
    assert_true(rp_store_gas(upgrade.rig.store).instantiation > gas.instantiation);
    assert_int_equal(rp_store_gas(upgrade.rig.store).instructions, gas.instructions);
    upgrade.rig.instance = upgrade.instance;
    rp_rig_call(&upgrade.rig, "add", "i", 1);
    assert_int_equal(upgrade.rig.results[0].of.i32, 50);
    assert_int_equal(global(&upgrade, upgrade.instance, "sum"), 46);
    rp_rig_call(&upgrade.rig, "version", "");
    assert_int_equal(upgrade.rig.results[0].of.i32, 10); /* what is not exported is new */
    upgrade.rig.instance = old;
    rp_rig_call(&upgrade.rig, "add", "i", 2); /* the old code works on the same memory */
    assert_int_equal(upgrade.rig.results[0].of.i32, 52);
    assert_int_equal(global(&upgrade, upgrade.instance, "sum"), 48);
    end(&upgrade);
}

static void an_upgraded_store_can_be_moved(void **state)
{
    (void)state;
    const struct program second = {.version = 10, .min = 1, .max = 3};
    struct upgrade upgrade;
    begin(&upgrade, &second);
    assert_int_equal(run(&upgrade), RP_OK);
    assert_int_equal(rp_store_set_time_ns(upgrade.rig.store, 77, NULL), RP_OK);
    uint64_t events = rp_store_host_events(upgrade.rig.store);
    assert_int_equal(rp_store_move(upgrade.rig.store, NULL), RP_OK);
    assert_int_equal(rp_store_host_events(upgrade.rig.store), events);
    assert_int_equal(rp_store_time_ns(upgrade.rig.store), 77);
    for (uint32_t i = 0; i < 2; i++) { /* the old one adds 1, the new one 10, to the same memory */
        upgrade.rig.instance = rp_store_instance(upgrade.rig.store, i);
        rp_rig_call(&upgrade.rig, "add", "i", 1);
        assert_int_equal(upgrade.rig.results[0].of.i32, i == 0 ? 41 : 51);
        assert_int_equal(global(&upgrade, upgrade.rig.instance, "sum"), 46 + (int32_t)i);
    }
    end(&upgrade);
}

static void data_segments_are_written_as_ever(void **state)
{
    (void)state;
    const struct program second = {.version = 2, .min = 1, .max = 3, .writes = true};
    struct upgrade upgrade;
    char text[4] = "";
    begin(&upgrade, &second);
    assert_int_equal(run(&upgrade), RP_OK);
    assert_int_equal(rp_store_memory_read(upgrade.rig.store, 0, 100, text, 3), RP_OK);
    assert_string_equal(text, "new");
    end(&upgrade);
}

static void names_mean_the_new_instance(void **state)
{
    (void)state;
    const struct program second = {.version = 2, .min = 1, .max = 3};
    struct upgrade upgrade;
    struct rp_wasm wasm;
    begin(&upgrade, &second);
    rp_store *store = upgrade.rig.store;
    /* Another name means another instance since, though it was the old one's before. */
    rp_instance *other = NULL;
    assert_int_equal(
        rp_store_instantiate(store, upgrade.rig.module, &other, &upgrade.outcome, NULL), RP_OK);
    assert_int_equal(rp_store_register(store, (rp_name){"x", 1}, upgrade.rig.instance, NULL),
                     RP_OK);
    assert_int_equal(rp_store_register(store, (rp_name){"x", 1}, other, NULL), RP_OK);
    assert_int_equal(run(&upgrade), RP_OK);
    static const char *const modules[] = {"app", "x"};
    for (int32_t i = 0; i < 2; i++) {
        rp_module *user = NULL;
        rp_instance *instance = NULL;
        rp_wasm_init(&wasm);
        uint32_t type = rp_wasm_type(&wasm, "", "i");
        rp_wasm_import_func(&wasm, modules[i], "version", type);
        rp_wasm_export(&wasm, "version", RP_EXTERN_FUNC, 0);
        struct rp_span bytes = rp_wasm_finish(&wasm);
        assert_int_equal(rp_module_load(upgrade.rig.engine, bytes.data, bytes.size, &user, NULL),
                         RP_OK);
        assert_int_equal(rp_store_instantiate(store, user, &instance, &upgrade.outcome, NULL),
                         RP_OK);
        upgrade.rig.instance = instance;
        rp_rig_call(&upgrade.rig, "version", "");
        assert_int_equal(upgrade.rig.results[0].of.i32, i == 0 ? 2 : 1);
        rp_module_destroy(user);
        rp_wasm_deinit(&wasm);
    }
    end(&upgrade);
}

static const struct {
    struct program program;
    rp_status status;
    rp_outcome_kind kind;
} refused[] = {
    {{.version = 2, .min = 2, .max = 3}, RP_ERROR_TYPE, RP_OUTCOME_RETURNED}, /* 1 page is there */
    {{.version = 2, .min = 1, .max = 2}, RP_ERROR_TYPE, RP_OUTCOME_RETURNED}, /* it may have 3 */
    {{.version = 2, .min = 1, .max = 3, .needs_import = true},
     RP_ERROR_IMPORT,
     RP_OUTCOME_RETURNED},
    {{.version = 2, .min = 1, .max = 3, .traps = true}, RP_OK, RP_OUTCOME_TRAPPED},
    {{.version = 2, .min = 1, .max = 3, .spins = true}, RP_OK, RP_OUTCOME_OUT_OF_GAS},
};

static void a_failed_upgrade_leaves_everything_as_it_was(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(refused); i++) {
        struct upgrade upgrade;
        begin(&upgrade, &refused[i].program);
        rp_store *store = upgrade.rig.store;
        uint64_t before = rp_store_gas_used(store);
        uint64_t events = rp_store_host_events(store);
        rp_store_set_gas_limit(store, (int64_t)before + 500);
        assert_int_equal(run(&upgrade), refused[i].status);
        assert_int_equal(upgrade.outcome.kind, refused[i].kind);
        assert_null(upgrade.instance);
        assert_null(rp_store_instance(store, 1));
        assert_int_equal(rp_store_get_state(store), RP_STORE_IDLE);
        assert_int_equal(rp_store_host_events(store), events);
        if (refused[i].status == RP_OK) {
            assert_true(rp_store_gas_used(store) > before); /* spent */
        } else {
            assert_true(upgrade.report.text[0] != 0);
        }
        rp_store_set_gas_limit(store, RP_GAS_UNLIMITED);
        rp_rig_call(&upgrade.rig, "add", "i", 1);
        assert_int_equal(upgrade.rig.results[0].of.i32, 41);
        end(&upgrade);
    }
}

static void globals_of_another_type_are_new(void **state)
{
    (void)state;
    const struct program second = {.version = 2, .min = 1, .max = 3, .wide_sum = true};
    struct upgrade upgrade;
    begin(&upgrade, &second);
    assert_int_equal(run(&upgrade), RP_OK);
    assert_int_equal(global(&upgrade, upgrade.instance, "sum"), 5);
    assert_int_equal(global(&upgrade, upgrade.rig.instance, "sum"), 45);
    end(&upgrade);
}

static void an_upgrade_that_finds_no_memory_changes_nothing(void **state)
{
    (void)state;
    const struct program second = {.version = 2, .min = 1, .max = 3};
    struct upgrade upgrade;
    begin(&upgrade, &second);
    rp_status status = RP_ERROR_NO_MEMORY;
    uint64_t failed = 0;
    while (status != RP_OK) {
        rp_alloc_inject(++failed, 0);
        status = run(&upgrade);
        rp_alloc_inject(0, 0);
        if (status != RP_OK) {
            assert_int_equal(status, RP_ERROR_NO_MEMORY);
            assert_null(rp_store_instance(upgrade.rig.store, 1));
        }
    }
    assert_true(failed > 5);
    assert_non_null(upgrade.instance);
    end(&upgrade);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_and_mutable_globals_are_taken_over),
        cmocka_unit_test(an_upgraded_store_can_be_moved),
        cmocka_unit_test(data_segments_are_written_as_ever),
        cmocka_unit_test(names_mean_the_new_instance),
        cmocka_unit_test(a_failed_upgrade_leaves_everything_as_it_was),
        cmocka_unit_test(globals_of_another_type_are_new),
        cmocka_unit_test(an_upgrade_that_finds_no_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
