/* Creating, loading, configuring and ending sandboxes (tests; sandbox/sandbox.c). */
#include "tests/sandbox/box.h"

static void a_new_sandbox_is_created_and_empty(void **state)
{
    (void)state;
    rp_sandbox *sandbox;
    rp_sandbox_error error = {0};
    assert_int_equal(rp_sandbox_create(NULL, NULL, &sandbox, &error), RP_SANDBOX_OK);
    assert_int_equal(rp_sandbox_get_status(sandbox), RP_SANDBOX_CREATED);
    assert_null(rp_sandbox_store(sandbox));
    rp_sandbox_metrics metrics;
    assert_int_equal(rp_sandbox_get_metrics(sandbox, &metrics, &error), RP_SANDBOX_OK);
    assert_int_equal(metrics.memory_bytes, 0);
    assert_int_equal(metrics.memory_max_bytes, RP_SANDBOX_DEFAULT_MEMORY_BYTES);
    assert_int_equal(metrics.gas_max, RP_SANDBOX_DEFAULT_GAS);
    assert_true(metrics.duration_max_ms == UINT64_MAX);
    assert_int_equal(metrics.gas_total, 0);
    rp_sandbox_free(sandbox);
    rp_sandbox_free(NULL);
}

static void ids_are_hex_and_differ(void **state)
{
    (void)state;
    char seen[8][40];
    for (int i = 0; i < 8; i++) {
        rp_sandbox *sandbox;
        assert_int_equal(rp_sandbox_create(NULL, NULL, &sandbox, NULL), RP_SANDBOX_OK);
        const char *id = rp_sandbox_id(sandbox);
        assert_int_equal(strlen(id), 32);
        assert_int_equal(strspn(id, "0123456789abcdef"), 32);
        strcpy(seen[i], id);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(seen[i], seen[j]);
        }
        rp_sandbox_free(sandbox);
    }
}

static void memory_limit_is_rounded_up_to_pages(void **state)
{
    (void)state;
    const struct {
        uint64_t given;
        uint64_t rounded;
    } cases[] = {{1, 65536},        {65535, 65536},         {65536, 65536},
                 {65537, 131072},   {65 * 1024, 2 * 65536}, {0, RP_SANDBOX_DEFAULT_MEMORY_BYTES},
                 {1048576, 1048576}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct box box;
        rp_sandbox_config config;
        rp_sandbox_config_init(&config);
        config.memory_max_bytes = cases[i].given;
        box_init(&box, &config);
        assert_int_equal(box_metrics(&box).memory_max_bytes, cases[i].rounded);
        char pages[16];
        (void)snprintf(pages, sizeof pages, "%u", (unsigned)(cases[i].rounded / 65536));
        box_expect(&box, "hog", NULL, pages);
        assert_int_equal(box_metrics(&box).memory_bytes, cases[i].rounded);
        box_deinit(&box);
    }
}

static void wrong_configurations_are_refused(void **state)
{
    (void)state;
    static const rp_valkind i32[] = {RP_I32};
    const rp_sandbox_host_func nameless = {.handler = box_ask};
    const rp_sandbox_host_func handlerless = {.name = "f"};
    const rp_sandbox_host_func twice[] = {
        {.name = "f", .type = {i32, 1, NULL, 0}, .handler = box_ask},
        {.module = "env", .name = "f", .type = {i32, 1, NULL, 0}, .handler = box_ask}};
    const rp_policy policy = {.struct_size = 3};
    rp_sandbox_config good;
    rp_sandbox_config_init(&good);
    rp_sandbox_config cases[9];
    for (size_t i = 0; i < 9; i++) {
        cases[i] = good;
    }
    cases[0].struct_size = 8;
    cases[1].on_stop = (rp_on_stop)3;
    cases[2].on_grow_denied = (rp_on_grow_denied)2;
    cases[3].timestamp_ms = UINT64_MAX / 1000000u + 1;
    cases[4].memory_max_bytes = UINT64_MAX;
    cases[5].host_funcs = &nameless;
    cases[5].host_func_count = 1;
    cases[6].host_funcs = &handlerless;
    cases[6].host_func_count = 1;
    cases[7].host_funcs = twice;
    cases[7].host_func_count = 2;
    cases[8].policy = &policy;
    for (size_t i = 0; i < 9; i++) {
        rp_sandbox *sandbox = NULL;
        rp_sandbox_error error = {0};
        if (rp_sandbox_create(NULL, &cases[i], &sandbox, &error) != RP_SANDBOX_INVALID_ARGUMENT) {
            fail_msg("case %zu: %s", i, error.message);
        }
        assert_int_equal(error.code, RP_SANDBOX_INVALID_ARGUMENT);
        assert_true(error.message[0] != 0);
        assert_null(sandbox);
    }
}

static void loading_what_does_not_fit_is_invalid_module(void **state)
{
    (void)state;
    const struct {
        struct guest_options options;
        rp_sandbox_error_code code;
        const char *function;
    } cases[] = {
        {{.pages = 5}, RP_SANDBOX_INVALID_MODULE, ""},
        {{.pages = 5, .imports_memory = true}, RP_SANDBOX_INVALID_MODULE, ""},
        {{.imports_missing = true}, RP_SANDBOX_INVALID_MODULE, "env.missing"},
        {{.start = GUEST_START_TRAPS}, RP_SANDBOX_WASM_TRAP, ""},
        {{.start = GUEST_START_SPINS}, RP_SANDBOX_GAS_EXHAUSTED, ""},
        {{.pages = 4}, RP_SANDBOX_OK, NULL},
        {{.pages = 4, .imports_memory = true}, RP_SANDBOX_OK, NULL},
        {{.start = GUEST_START_ASKS}, RP_SANDBOX_OK, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct box box;
        rp_sandbox_config config;
        rp_sandbox_config_init(&config);
        config.memory_max_bytes = 4 * 65536;
        config.gas_per_execution = 100000;
        box_create(&box, NULL, &config);
        rp_sandbox_error_code code = box_load(&box, &cases[i].options);
        if (code != cases[i].code) {
            fail_msg("case %zu: %s: %s", i, rp_sandbox_error_name(code), box.error.message);
        }
        if (code != RP_SANDBOX_OK) {
            assert_string_equal(box.error.function, cases[i].function);
            assert_int_equal(rp_sandbox_get_status(box.sandbox), RP_SANDBOX_CREATED);
            assert_null(rp_sandbox_store(box.sandbox));
            assert_int_equal(box_load(&box, NULL), RP_SANDBOX_OK);
        }
        box_expect(&box, "add", "[2,3]", "5");
        box_deinit(&box);
    }
}

static void bytes_that_are_no_module_are_refused(void **state)
{
    (void)state;
    struct box box;
    box_create(&box, NULL, NULL);
    assert_int_equal(rp_sandbox_load(box.sandbox, "", 0, &box.error), RP_SANDBOX_INVALID_MODULE);
    assert_int_equal(rp_sandbox_load(box.sandbox, "\0asm\1\0\0\0x", 9, &box.error),
                     RP_SANDBOX_INVALID_MODULE);
    assert_int_equal(box.error.status, RP_ERROR_MALFORMED);
    assert_non_null(strstr(box.error.message, "byte 0x"));
    box_deinit(&box);
}

static void start_that_does_not_end_is_stopped_by_time(void **state)
{
    (void)state;
    struct box box;
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    config.gas_per_execution = UINT64_MAX;
    config.timeout_ms = 30;
    box_create(&box, NULL, &config);
    struct guest_options options = {.start = GUEST_START_SPINS};
    assert_int_equal(box_load(&box, &options), RP_SANDBOX_TIMEOUT);
    assert_int_equal(box.error.limit, 30);
    assert_true(box.error.used >= 30);
    assert_int_equal(rp_sandbox_get_status(box.sandbox), RP_SANDBOX_CREATED);
    box_deinit(&box);
}

static void failed_load_leaves_the_loaded_module(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    box_expect(&box, "bump", NULL, "1");
    struct guest_options traps = {.start = GUEST_START_TRAPS};
    assert_int_equal(box_load(&box, &traps), RP_SANDBOX_WASM_TRAP);
    assert_int_equal(rp_sandbox_load(box.sandbox, "x", 1, &box.error), RP_SANDBOX_INVALID_MODULE);
    assert_int_equal(rp_sandbox_get_status(box.sandbox), RP_SANDBOX_LOADED);
    box_expect(&box, "bump", NULL, "2");
    assert_int_equal(box_load(&box, NULL), RP_SANDBOX_OK);
    box_expect(&box, "bump", NULL, "1");
    assert_int_equal(box_metrics(&box).executions, 1);
    box_deinit(&box);
}

static void imported_memory_is_offered_and_used(void **state)
{
    (void)state;
    struct box box;
    box_create(&box, NULL, NULL);
    struct guest_options options = {.imports_memory = true, .pages = 3};
    assert_int_equal(box_load(&box, &options), RP_SANDBOX_OK);
    assert_int_equal(box_metrics(&box).memory_bytes, 3 * 65536);
    box_expect(&box, "echo", "{\"a\":[1,2]}", "{\"a\":[1,2]}");
    box_expect(&box, "fixed", "{}", "{\"ok\":true}");
    box_expect(&box, "hog", NULL, "256");
    box_deinit(&box);
}

static void policy_is_kept_and_applied(void **state)
{
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        char prefix[] = "env.*";
        char export[] = "add";
        const char *imports[] = {prefix, "reprise.*"};
        const char *exports[] = {export};
        rp_policy policy = {.struct_size = sizeof policy,
                            .imports = imports,
                            .import_count = 2,
                            .exports = exports,
                            .export_count = 1,
                            .globals_max = strict ? 1 : 2};
        struct box box;
        rp_sandbox_config config;
        rp_sandbox_config_init(&config);
        config.policy = &policy;
        box_create(&box, NULL, &config);
        memset(&policy, 0, sizeof policy); /* it was copied, deeply */
        memset(prefix, 'x', sizeof prefix - 1);
        memset(export, 'x', sizeof export - 1);
        imports[1] = exports[0] = prefix;
        if (strict) {
            assert_int_equal(box_load(&box, NULL), RP_SANDBOX_INVALID_MODULE);
            assert_int_equal(box.error.status, RP_ERROR_POLICY);
            assert_non_null(strstr(box.error.message, "global"));
        } else {
            assert_int_equal(box_load(&box, NULL), RP_SANDBOX_OK);
        }
        box_deinit(&box);
    }
}

static void sandboxes_of_one_engine_share_its_modules(void **state)
{
    (void)state;
    rp_engine *engine;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    struct box boxes[3];
    for (int i = 0; i < 3; i++) {
        box_create(&boxes[i], engine, NULL);
        assert_int_equal(box_load(&boxes[i], NULL), RP_SANDBOX_OK);
        assert_ptr_equal(
            rp_instance_module(rp_store_instance(rp_sandbox_store(boxes[i].sandbox), 0)),
            rp_instance_module(rp_store_instance(rp_sandbox_store(boxes[0].sandbox), 0)));
    }
    box_expect(&boxes[0], "bump", NULL, "1");
    box_expect(&boxes[1], "bump", NULL, "1");
    for (int i = 0; i < 3; i++) {
        box_deinit(&boxes[i]);
    }
    rp_engine_destroy(engine);
}

static void names_are_those_of_the_tables(void **state)
{
    (void)state;
#define X(name, value, code, text) \
    assert_string_equal(rp_sandbox_error_name(RP_SANDBOX_##name), code);
#include "reprise/sandbox_error.def"
#undef X
    assert_string_equal(rp_sandbox_error_name((rp_sandbox_error_code)1000), "UNKNOWN");
    const char *names[] = {"created", "loaded", "running", "suspended", "destroyed", "unknown"};
    for (int i = 0; i < 6; i++) {
        assert_string_equal(rp_sandbox_status_name((rp_sandbox_status)i), names[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_sandbox_is_created_and_empty),
        cmocka_unit_test(ids_are_hex_and_differ),
        cmocka_unit_test(memory_limit_is_rounded_up_to_pages),
        cmocka_unit_test(wrong_configurations_are_refused),
        cmocka_unit_test(loading_what_does_not_fit_is_invalid_module),
        cmocka_unit_test(bytes_that_are_no_module_are_refused),
        cmocka_unit_test(start_that_does_not_end_is_stopped_by_time),
        cmocka_unit_test(failed_load_leaves_the_loaded_module),
        cmocka_unit_test(imported_memory_is_offered_and_used),
        cmocka_unit_test(policy_is_kept_and_applied),
        cmocka_unit_test(sandboxes_of_one_engine_share_its_modules),
        cmocka_unit_test(names_are_those_of_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
