/* Stores (tests): limits of the stack in wasm terms, imports that are not offered, access to
 * objects from outside, configurations, many stores at once. */
#include "core/limits.h"
#include "tests/support/rig.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the stack ---- */

/* f() counts in a global and calls itself: 2 slots, the locals, and 2 operands. */
static void build_recursion(struct rp_wasm *wasm, const char *locals)
{
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "", "");
    rp_wasm_export(wasm, "count", RP_EXTERN_GLOBAL, rp_wasm_global_i32(wasm, true, 0));
    rp_wasm_export(wasm, "f", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, type, locals));
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_global_set, 0);
    rp_wasm_op_index(wasm, RP_OP_call, 0);
    rp_wasm_func_end(wasm);
}

struct stack_case {
    uint32_t locals;
    uint32_t depth_max;
    uint64_t slots_max;
    int32_t calls;  /* that succeed */
    uint64_t frame; /* price of a frame */
};

static const struct stack_case stacks[] = {
    {0, 1, 0, 1, 1},
    {0, 100, 0, 100, 1},
    {0, 0, 0, (int32_t)RP_DEFAULT_CALL_DEPTH, 1},
    {0, 0, 4, 1, 1},
    {0, 0, 7, 1, 1},
    {0, 0, 8, 2, 1},
    {0, 0, 4 * 5000 + 3, 5000, 1},
    {10, 0, 14 * 77, 77, 2},
    {10, 77, 14 * 78, 77, 2},
    {0, 0, 3, 0, 1}, /* not even the first */
    {49000, 0, 0, (int32_t)(RP_DEFAULT_STACK_SLOTS / 49004), 6126},
    {49000, 0, 49003, 0, 6126},
    {49000, 0, 49004, 1, 6126},
};

static void check_stack(const struct stack_case *test, bool metered)
{
    struct rp_wasm wasm;
    struct rp_rig rig;
    rp_store_config config;
    rp_value count;
    char *locals = malloc(test->locals + 1);
    assert_non_null(locals);
    memset(locals, 'l', test->locals);
    locals[test->locals] = 0;
    rp_store_config_init(&config);
    config.call_depth_max = test->depth_max;
    config.stack_slots_max = test->slots_max;
    config.metered = metered;
    build_recursion(&wasm, locals);
    rp_rig_init(&rig, rp_wasm_finish(&wasm), &config);
    assert_int_equal(rp_rig_call(&rig, "f", ""), RP_OUTCOME_TRAPPED);
    assert_int_equal(rig.outcome.trap, RP_TRAP_STACK_EXHAUSTED);
    assert_int_equal(rig.outcome.frame_count, test->calls);
    assert_int_equal(
        rp_store_global_get(rig.store, rp_rig_export(&rig, "count", RP_EXTERN_GLOBAL), &count),
        RP_OK);
    assert_int_equal(count.of.i32, test->calls);
    /* Four simple instructions and the call; the call that fails pays no frame. */
    assert_int_equal(rp_store_gas_used(rig.store), (uint64_t)test->calls * (test->frame + 4 + 5));
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
    free(locals);
}

static void stack_is_exhausted_at_exactly_the_limit(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * RP_ARRAY_COUNT(stacks); i++) {
        check_stack(&stacks[i / 2], i % 2 == 1);
    }
}

/* Behind exhaustion the store is as good as before. */
static void exhausted_store_goes_on(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    build_recursion(&wasm, "");
    rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rp_rig_call(&rig, "f", ""), RP_OUTCOME_TRAPPED);
        assert_int_equal(rig.outcome.frame_count, RP_DEFAULT_CALL_DEPTH);
    }
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

/* ---- imports that are not offered ---- */

static struct rp_span build_imports(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "i", "l");
    uint32_t void_type = rp_wasm_type(wasm, "", "");
    rp_wasm_import_func(wasm, "env", "first", type);
    rp_wasm_import_func(wasm, "env", "second", void_type);
    rp_wasm_import_memory(wasm, "env", "memory", 1, RP_WASM_NO_MAX);
    rp_wasm_import_global(wasm, "other", "g", 'i', true);
    rp_wasm_import_table(wasm, "other", "t", 'r', 5, RP_WASM_NO_MAX);
    return rp_wasm_finish(wasm);
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

static void refusal_lists_all_that_is_missing(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance = NULL;
    rp_outcome outcome;
    rp_report report = {0};
    struct rp_span bytes = build_imports(&wasm);
    rp_host_func second = {.struct_size = sizeof(rp_host_func),
                           .module = "env",
                           .name = "first",
                           .callback = do_nothing};
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    assert_int_equal(rp_store_create(engine, NULL, &store, NULL), RP_OK);
    assert_int_equal(rp_store_define_func(store, &second, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(store, module, &instance, &outcome, &report),
                     RP_ERROR_IMPORT);
    assert_null(instance);
    static const char *const parts[] = {
        "5 imports",          "\"env\".\"first\"", "(i32) -> (i64)",  "\"env\".\"second\"",
        "\"env\".\"memory\"", "\"other\".\"g\"",   "\"other\".\"t\"", "nothing"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(parts); i++) {
        assert_non_null(strstr(report.text, parts[i]));
    }
    rp_store_destroy(store);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    rp_wasm_deinit(&wasm);
}

static void unknown_import_traps_by_name(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance = NULL;
    rp_outcome outcome;
    rp_extern func;
    rp_value arg = {.kind = RP_I32};
    rp_value result;
    rp_wasm_init(&wasm);
    rp_wasm_import_func(&wasm, "some where", "named_thing", rp_wasm_type(&wasm, "i", "l"));
    rp_wasm_export(&wasm, "f", RP_EXTERN_FUNC, 0);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    assert_int_equal(rp_store_create(engine, NULL, &store, NULL), RP_OK);
    rp_store_trap_unknown_imports(store, true);
    assert_int_equal(rp_store_instantiate(store, module, &instance, &outcome, NULL), RP_OK);
    assert_int_equal(rp_instance_export(instance, (rp_name){"f", 1}, &func), RP_OK);
    assert_int_equal(rp_store_call(store, func.index, &arg, 1, &result, 1, &outcome, NULL), RP_OK);
    assert_int_equal(outcome.kind, RP_OUTCOME_TRAPPED);
    assert_int_equal(outcome.trap, RP_TRAP_UNKNOWN_IMPORT);
    assert_non_null(strstr(outcome.message, "\"some where\".\"named_thing\""));
    assert_int_equal(rp_store_gas_used(store), 0);
    rp_store_destroy(store);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    rp_wasm_deinit(&wasm);
}

/* ---- objects from outside ---- */

static void build_objects(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    rp_wasm_memory(wasm, 1, 2);
    rp_wasm_export(wasm, "c", RP_EXTERN_GLOBAL, rp_wasm_global_i32(wasm, false, 5));
    rp_wasm_export(wasm, "v", RP_EXTERN_GLOBAL, rp_wasm_global_i64(wasm, true, 6));
    rp_wasm_data(wasm, 65532, "last", 4);
}

static void memory_is_reached_within_its_bounds_only(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    build_objects(&wasm);
    rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
    static const struct {
        uint32_t memory;
        uint64_t address;
        size_t size;
        rp_status status;
    } cases[] = {
        {0, 65532, 4, RP_OK},
        {0, 65536, 0, RP_OK},
        {0, 0, 0, RP_OK},
        {0, 65533, 4, RP_ERROR_ARGUMENT},
        {0, 65537, 0, RP_ERROR_ARGUMENT},
        {0, UINT64_MAX, 1, RP_ERROR_ARGUMENT},
        {0, UINT64_MAX - 3, 4, RP_ERROR_ARGUMENT},
        {0, 1, SIZE_MAX, RP_ERROR_ARGUMENT},
        {1, 0, 1, RP_ERROR_ARGUMENT},
        {UINT32_MAX, 0, 1, RP_ERROR_ARGUMENT},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        char bytes[4] = "none";
        assert_int_equal(rp_store_memory_read(rig.store, cases[i].memory, cases[i].address, bytes,
                                              cases[i].size),
                         cases[i].status);
        assert_memory_equal(bytes, i == 0 ? "last" : "none", 4);
        assert_int_equal(rp_store_memory_write(rig.store, cases[i].memory, cases[i].address, bytes,
                                               cases[i].size),
                         cases[i].status);
    }
    assert_int_equal(rp_store_memory_size(rig.store, 0), 65536);
    assert_int_equal(rp_store_memory_size(rig.store, 1), 0);
    assert_int_equal(rp_store_memory_bytes(rig.store), 65536);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

static void globals_are_set_by_their_type_only(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    build_objects(&wasm);
    rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
    uint32_t constant = rp_rig_export(&rig, "c", RP_EXTERN_GLOBAL);
    uint32_t variable = rp_rig_export(&rig, "v", RP_EXTERN_GLOBAL);
    rp_value i32 = {.kind = RP_I32, .of.i32 = 9};
    rp_value i64 = {.kind = RP_I64, .of.i64 = -9};
    rp_value seen;
    assert_int_equal(rp_store_global_set(rig.store, constant, &i32), RP_ERROR_ARGUMENT);
    assert_int_equal(rp_store_global_set(rig.store, variable, &i32), RP_ERROR_TYPE);
    assert_int_equal(rp_store_global_set(rig.store, variable, &i64), RP_OK);
    assert_int_equal(rp_store_global_set(rig.store, 2, &i64), RP_ERROR_NOT_FOUND);
    assert_int_equal(rp_store_global_get(rig.store, 2, &seen), RP_ERROR_NOT_FOUND);
    assert_int_equal(rp_store_global_get(rig.store, constant, &seen), RP_OK);
    assert_true(seen.kind == RP_I32 && seen.of.i32 == 5);
    assert_int_equal(rp_store_global_get(rig.store, variable, &seen), RP_OK);
    assert_true(seen.kind == RP_I64 && seen.of.i64 == -9);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

static void names_that_are_not_exported_are_not_found(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    rp_extern found;
    build_objects(&wasm);
    rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
    assert_int_equal(rp_instance_export(rig.instance, (rp_name){"x", 1}, &found),
                     RP_ERROR_NOT_FOUND);
    assert_int_equal(rp_instance_export(rig.instance, (rp_name){"c", 0}, &found),
                     RP_ERROR_NOT_FOUND);
    assert_int_equal(rp_instance_export(rig.instance, (rp_name){"cc", 2}, &found),
                     RP_ERROR_NOT_FOUND);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

/* ---- configurations ---- */

static void configurations_outside_of_the_limits_are_refused(void **state)
{
    (void)state;
    rp_engine *engine;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    for (int i = 0; i < 4; i++) {
        rp_store_config config;
        rp_store *store = NULL;
        rp_report report = {0};
        rp_store_config_init(&config);
        config.struct_size -= i == 0 ? 1 : 0;
        config.call_depth_max = i == 1 ? UINT32_MAX : 0;
        config.stack_slots_max = i == 2 ? UINT64_MAX : 0;
        config.host_depth_max = i == 3 ? UINT32_MAX : 0;
        rp_status status = rp_store_create(engine, &config, &store, &report);
        assert_int_equal(status, i == 0 ? RP_ERROR_ARGUMENT : RP_ERROR_LIMIT);
        assert_null(store);
        assert_true(report.text[0] != 0);
    }
    rp_engine_destroy(engine);
}

/* What a module wants at once is checked before anything is made; growth beyond answers -1. */
static void limits_of_memory_and_tables_hold(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "i", "i");
    rp_wasm_memory(&wasm, 2, 9);
    rp_wasm_table(&wasm, 'r', 10, 90);
    rp_wasm_export(&wasm, "grow", RP_EXTERN_FUNC, rp_wasm_func_begin(&wasm, type, ""));
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(&wasm, RP_OP_memory_grow, 0);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "grow_table", RP_EXTERN_FUNC, rp_wasm_func_begin(&wasm, type, ""));
    rp_wasm_ref_null(&wasm, 'r');
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(&wasm, RP_OP_table_grow, 0);
    rp_wasm_func_end(&wasm);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    rp_store_config config;
    for (int i = 0; i < 2; i++) {
        rp_store *store;
        rp_instance *instance = NULL;
        rp_outcome outcome;
        rp_store_config_init(&config);
        config.memory_max_bytes = i == 0 ? 2 * 65536 - 1 : 0;
        config.table_max_elements = i == 1 ? 9 : 0;
        assert_int_equal(rp_store_create(engine, &config, &store, NULL), RP_OK);
        assert_int_equal(rp_store_instantiate(store, module, &instance, &outcome, NULL),
                         RP_ERROR_LIMIT);
        assert_int_equal(rp_store_memory_bytes(store), 0);
        rp_store_destroy(store);
    }
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    rp_store_config_init(&config);
    config.memory_max_bytes = 4 * 65536 + 65535;
    config.table_max_elements = 20;
    struct rp_rig rig;
    rp_rig_init(&rig, bytes, &config);
    static const struct {
        const char *name;
        int32_t delta, answer;
    } calls[] = {{"grow", 3, -1},        {"grow", 2, 2},        {"grow", 1, -1},
                 {"grow", 0, 4},         {"grow", -1, -1},      {"grow_table", 11, -1},
                 {"grow_table", 10, 10}, {"grow_table", 1, -1}, {"grow_table", -1, -1}};
    for (size_t i = 0; i < RP_ARRAY_COUNT(calls); i++) {
        assert_int_equal(rp_rig_call(&rig, calls[i].name, "i", calls[i].delta),
                         RP_OUTCOME_RETURNED);
        assert_int_equal(rig.results[0].of.i32, calls[i].answer);
    }
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

/* ---- start ---- */

static void stopped_start_function_is_resumed(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance = NULL;
    rp_outcome outcome;
    rp_wasm_init(&wasm);
    rp_wasm_start(&wasm, rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), ""));
    rp_wasm_op(&wasm, RP_OP_nop);
    rp_wasm_func_end(&wasm);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    assert_int_equal(rp_store_create(engine, NULL, &store, NULL), RP_OK);
    for (int64_t limit = 0; limit < 3; limit++) {
        uint64_t before = rp_store_gas_used(store);
        rp_store_set_gas_limit(store, (int64_t)before + limit);
        assert_int_equal(rp_store_instantiate(store, module, &instance, &outcome, NULL), RP_OK);
        assert_int_equal(outcome.kind, RP_OUTCOME_OUT_OF_GAS);
        assert_non_null(instance);
        assert_int_equal(rp_store_gas_used(store), before + (uint64_t)limit);
        rp_store_set_gas_limit(store, RP_GAS_UNLIMITED);
        assert_int_equal(rp_store_resume(store, NULL, 0, &outcome, NULL), RP_OK);
        assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
        assert_int_equal(rp_store_gas_used(store), before + 3);
    }
    rp_store_destroy(store);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    rp_wasm_deinit(&wasm);
}

/* ---- many ---- */

/* Kilobytes of memory of this process; 0 where the host does not say. */
static long resident_kilobytes(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long kilobytes = 0;
    while (file != NULL && kilobytes == 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kilobytes = strtol(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kilobytes;
}

#define MANY 10000

static void ten_thousand_stores_fit_in_a_gigabyte(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    rp_store **stores = calloc(MANY, sizeof(rp_store *));
    assert_non_null(stores);
    build_objects(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "", "i");
    rp_wasm_export(&wasm, "f", RP_EXTERN_FUNC, rp_wasm_func_begin(&wasm, type, ""));
    rp_wasm_i32_const(&wasm, 65532);
    rp_wasm_op_memory(&wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_func_end(&wasm);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    long before = resident_kilobytes();
    for (size_t i = 0; i < MANY; i++) {
        rp_instance *instance;
        rp_outcome outcome;
        rp_extern f;
        rp_value result;
        assert_int_equal(rp_store_create(engine, NULL, &stores[i], NULL), RP_OK);
        assert_int_equal(rp_store_instantiate(stores[i], module, &instance, &outcome, NULL), RP_OK);
        assert_int_equal(rp_instance_export(instance, (rp_name){"f", 1}, &f), RP_OK);
        assert_int_equal(rp_store_call(stores[i], f.index, NULL, 0, &result, 1, &outcome, NULL),
                         RP_OK);
        assert_int_equal(result.of.i32, 0x7473616c); /* "last" */
    }
    long used = resident_kilobytes() - before;
    (void)printf("%d stores: %ld MiB\n", MANY, used / 1024);
    assert_true(used < 1024 * 1024);
    for (size_t i = 0; i < MANY; i++) {
        rp_store_destroy(stores[i]);
    }
    free(stores);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    rp_wasm_deinit(&wasm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stack_is_exhausted_at_exactly_the_limit),
        cmocka_unit_test(exhausted_store_goes_on),
        cmocka_unit_test(refusal_lists_all_that_is_missing),
        cmocka_unit_test(unknown_import_traps_by_name),
        cmocka_unit_test(memory_is_reached_within_its_bounds_only),
        cmocka_unit_test(globals_are_set_by_their_type_only),
        cmocka_unit_test(names_that_are_not_exported_are_not_found),
        cmocka_unit_test(configurations_outside_of_the_limits_are_refused),
        cmocka_unit_test(limits_of_memory_and_tables_hold),
        cmocka_unit_test(stopped_start_function_is_resumed),
        cmocka_unit_test(ten_thousand_stores_fit_in_a_gigabyte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
