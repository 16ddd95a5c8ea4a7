/* Payloads, answers and numbers of actions (tests; sandbox/sandbox_action.c). */
#include "tests/sandbox/box.h"

static void numbers_go_in_and_out_exactly(void **state)
{
    (void)state;
    const struct {
        const char *action;
        const char *payload;
        const char *value;
    } cases[] = {
        {"add", "[2,3]", "5"},
        {"add", " [ 2 , 3 ] ", "5"},
        {"add", "[-1,-2]", "-3"},
        {"add", "[2147483647,1]", "-2147483648"},
        {"add", "[4294967295,2]", "1"},
        {"add64", "[9007199254740993,0]", "9007199254740993"},
        {"add64", "[9223372036854775807,0]", "9223372036854775807"},
        {"add64", "[-9223372036854775808,0]", "-9223372036854775808"},
        {"add64", "[9223372036854775807,1]", "-9223372036854775808"},
        {"divide", "[1,4]", "0.25"},
        {"divide", "[1,3]", "0.3333333333333333"},
        {"divide", "[2,1]", "2.0"},
        {"divide", "[-0.0,1]", "-0.0"},
        {"divide", "[5e-324,1]", "4.94065645841247e-324"},
        {"divide", "[1.7976931348623157e308,1]", "1.7976931348623157e308"},
        {"divide", "[1e23,1]", "1e23"},
        {"divide", "[0.1,1]", "0.1"},
        {"sum", "[1,0.5,0.25]", "1.75"},
        {"sum", "[-3,0.1,0]", "-2.899999998509884"},
        {"pair", "[-7]", "[-7,-7]"},
        {"nothing", NULL, "null"},
        {"nothing", "[]", "null"},
        {"nothing", "null", "null"},
        {"bump", NULL, "1"},
    };
    struct box box;
    box_init(&box, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        box_expect(&box, cases[i].action, cases[i].payload, cases[i].value);
    }
    box_deinit(&box);
}

static void payloads_that_do_not_fit_run_nothing(void **state)
{
    (void)state;
    const struct {
        const char *action;
        const char *payload;
    } cases[] = {
        {"add", NULL},
        {"add", "[]"},
        {"add", "[1]"},
        {"add", "[1,2,3]"},
        {"add", "{\"a\":1,\"b\":2}"},
        {"add", "[1,\"2\"]"},
        {"add", "[1,2.5]"},
        {"add", "[1,true]"},
        {"add", "[1,null]"},
        {"add", "[1,[2]]"},
        {"add", "[1,4294967296]"},
        {"add", "[1,-2147483649]"},
        {"add", "[1,2"},
        {"add", "[1,2] x"},
        {"add64", "[9223372036854775808,0]"},
        {"divide", "[1,NaN]"},
        {"divide", "[1,1e400]"},
        {"sum", "[1,1e39,0]"},
        {"nothing", "[1]"},
        {"echo", "{"},
        {"echo", "{\"a\":1,\"a\":2}"},
        {"echo", "\"\xff\""},
        {"echo", "nul"},
    };
    struct box box;
    box_init(&box, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        box_expect_error(&box, cases[i].action, cases[i].payload, RP_SANDBOX_BAD_PAYLOAD);
    }
    assert_int_equal(box_metrics(&box).executions, 0);
    assert_int_equal(box_metrics(&box).gas_total, 0);
    box_deinit(&box);
}

static void numbers_that_json_lacks_are_bad_results(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    box_expect_error(&box, "divide", "[0,0]", RP_SANDBOX_BAD_RESULT);
    box_expect_error(&box, "divide", "[1,0]", RP_SANDBOX_BAD_RESULT);
    box_expect_error(&box, "divide", "[-1,0]", RP_SANDBOX_BAD_RESULT);
    assert_int_equal(rp_sandbox_get_status(box.sandbox), RP_SANDBOX_LOADED);
    box_deinit(&box);
}

static void unknown_actions_are_named(void **state)
{
    (void)state;
    char endless[2000];
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = 0;
    const char *names[] = {"", "missing", "memory", "ref", "add ", "ADD", endless};
    struct box box;
    box_init(&box, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        box_expect_error(&box, names[i], "[]", RP_SANDBOX_UNKNOWN_ACTION);
        assert_memory_equal(box.error.function, names[i],
                            strlen(names[i]) < 127 ? strlen(names[i]) : 127);
    }
    box_deinit(&box);
}

static void json_comes_back_byte_for_byte(void **state)
{
    (void)state;
    const char *texts[] = {"{}",
                           "[]",
                           "null",
                           "true",
                           "\"\"",
                           "\"\\u0000\"",
                           "0",
                           "-1.5e3",
                           "9007199254740993",
                           " { \"a\" : [ 1 , { } ] } ",
                           "\"\xc3\xa9\xe2\x82\xac\""};
    struct box box;
    box_init(&box, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        box_expect(&box, "echo", texts[i], texts[i]);
    }
    box_expect(&box, "echo", NULL, "null");
    box_expect(&box, "fixed", "{\"ignored\":1}", "{\"ok\":true}");
    box_deinit(&box);
}

static void answers_that_are_no_json_in_memory_are_bad_results(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    box_expect_error(&box, "garbage", "1", RP_SANDBOX_BAD_RESULT);
    box_expect_error(&box, "outside", "1", RP_SANDBOX_BAD_RESULT);
    assert_non_null(strstr(box.error.message, "outside of the memory"));
    box_expect_error(&box, "empty", "1", RP_SANDBOX_BAD_RESULT);
    box_deinit(&box);
}

static void an_alloc_that_breaks_its_contract_is_told(void **state)
{
    (void)state;
    const struct {
        enum guest_alloc alloc;
        rp_sandbox_error_code code;
    } cases[] = {{GUEST_ALLOC_OUTSIDE, RP_SANDBOX_BAD_RESULT},
                 {GUEST_ALLOC_TRAPS, RP_SANDBOX_WASM_TRAP},
                 {GUEST_ALLOC_SPINS, RP_SANDBOX_GAS_EXHAUSTED},
                 {GUEST_ALLOC_NONE, RP_SANDBOX_BAD_PAYLOAD}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct box box;
        rp_sandbox_config config;
        rp_sandbox_config_init(&config);
        config.gas_per_execution = 10000;
        box_create(&box, NULL, &config);
        struct guest_options options = {.alloc = cases[i].alloc};
        assert_int_equal(box_load(&box, &options), RP_SANDBOX_OK);
        box_expect_error(&box, "echo", "{}", cases[i].code);
        box_expect(&box, "add", "[1,1]", "2");
        box_deinit(&box);
    }
}

static void without_alloc_every_action_is_numeric(void **state)
{
    (void)state;
    const enum guest_alloc kinds[] = {GUEST_ALLOC_NONE, GUEST_ALLOC_LONG};
    for (int i = 0; i < 2; i++) {
        struct box box;
        box_create(&box, NULL, NULL);
        struct guest_options options = {.alloc = kinds[i]};
        assert_int_equal(box_load(&box, &options), RP_SANDBOX_OK);
        box_expect(&box, "echo", "[1,2]", "4294967298");
        box_deinit(&box);
    }
}

static void large_payloads_are_placed_whole(void **state)
{
    (void)state;
    enum { SIZE = 60000 };
    static char text[SIZE + 1];
    memset(text, 'x', SIZE);
    text[0] = text[SIZE - 1] = '"';
    struct box box;
    box_init(&box, NULL);
    box_expect(&box, "echo", text, text);
    box_expect_error(&box, "echo", text, RP_SANDBOX_BAD_RESULT); /* the bump is beyond the page */
    box_deinit(&box);
}

static void results_tell_gas_and_metrics(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    uint64_t total = 0;
    for (uint64_t i = 1; i <= 3; i++) {
        box_expect(&box, "fib", "[10]", "55");
        total += box.result.gas_used;
        assert_int_equal(box.result.metrics.gas_used, box.result.gas_used);
        assert_int_equal(box.result.metrics.gas_total, total);
        assert_int_equal(box.result.metrics.executions, i);
        assert_int_equal(box.result.metrics.memory_bytes, 65536);
        assert_true(box.result.duration_ns > 0);
        assert_true(box.result.gas_used > 1000);
    }
    rp_sandbox_result_release(&box.result);
    assert_null(box.result.value);
    box_deinit(&box);
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    rp_execute_options options = {.struct_size = 1};
    assert_int_equal(box_execute_with(&box, "add", "[1,2]", &options), RP_SANDBOX_INVALID_ARGUMENT);
    uint64_t late = UINT64_MAX;
    options = (rp_execute_options){.struct_size = sizeof options, .timestamp_ms = &late};
    assert_int_equal(box_execute_with(&box, "add", "[1,2]", &options), RP_SANDBOX_INVALID_ARGUMENT);
    box_deinit(&box);
}

static void time_and_seed_are_the_executions(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    uint64_t timestamp = 1000;
    uint64_t seed = 7;
    rp_execute_options options = {
        .struct_size = sizeof options, .timestamp_ms = &timestamp, .seed = &seed};
    rp_bytes before = {0};
    box_snapshot(&box, &before);
    char first[64];
    assert_int_equal(box_execute_with(&box, "mixed", "[1]", &options), RP_SANDBOX_OK);
    strcpy(first, box.result.value);
    for (int i = 0; i < 3; i++) {
        box_restore(&box, &before);
        timestamp = i == 1 ? 1001 : 1000;
        seed = i == 2 ? 8 : 7;
        assert_int_equal(box_execute_with(&box, "mixed", "[1]", &options), RP_SANDBOX_OK);
        assert_int_equal(strcmp(box.result.value, first) == 0, i == 0);
    }
    rp_bytes_release(&before);
    box_deinit(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_go_in_and_out_exactly),
        cmocka_unit_test(payloads_that_do_not_fit_run_nothing),
        cmocka_unit_test(numbers_that_json_lacks_are_bad_results),
        cmocka_unit_test(unknown_actions_are_named),
        cmocka_unit_test(json_comes_back_byte_for_byte),
        cmocka_unit_test(answers_that_are_no_json_in_memory_are_bad_results),
        cmocka_unit_test(an_alloc_that_breaks_its_contract_is_told),
        cmocka_unit_test(without_alloc_every_action_is_numeric),
        cmocka_unit_test(large_payloads_are_placed_whole),
        cmocka_unit_test(results_tell_gas_and_metrics),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(time_and_seed_are_the_executions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
