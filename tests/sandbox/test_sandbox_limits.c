/* Limits, failures, and what on_stop does with them (tests; sandbox/sandbox_execute.c). */
#include "tests/sandbox/box.h"

static rp_sandbox_config make_config(rp_on_stop on_stop)
{
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    config.on_stop = on_stop;
    return config;
}

static const char *bumps(struct box *box)
{
    assert_int_equal(box_execute(box, "bump", NULL), RP_SANDBOX_OK);
    return box->result.value;
}

static void little_gas_stops_fibonacci_exactly(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    box_expect(&box, "fib", "[12]", "144");
    uint64_t needed = box.result.gas_used;
    for (int less = 0; less < 2; less++) {
        uint64_t gas = needed - (uint64_t)less;
        rp_execute_options options = {.struct_size = sizeof options, .gas = &gas};
        rp_sandbox_error_code code = box_execute_with(&box, "fib", "[12]", &options);
        assert_int_equal(code, less ? RP_SANDBOX_GAS_EXHAUSTED : RP_SANDBOX_OK);
        if (less) {
            assert_int_equal(box.error.limit, gas);
            assert_true(box.error.used <= gas && box.error.used + 10 > gas);
            assert_int_equal(box.error.gas_used, box.error.used);
            assert_int_equal(box_metrics(&box).gas_used, box.error.used);
        }
    }
    box_deinit(&box);
}

static void memory_hog_is_answered_or_stopped(void **state)
{
    (void)state;
    for (int stops = 0; stops < 2; stops++) {
        struct box box;
        rp_sandbox_config config = make_config(RP_ON_STOP_ROLLBACK);
        config.memory_max_bytes = 7 * 65536;
        config.on_grow_denied = stops ? RP_ON_GROW_STOP : RP_ON_GROW_ANSWER;
        box_init(&box, &config);
        if (stops) {
            box_expect_error(&box, "hog", NULL, RP_SANDBOX_MEMORY_EXCEEDED);
            assert_int_equal(box.error.used, 7 * 65536);
            assert_int_equal(box.error.limit, 7 * 65536);
            assert_int_equal(box_metrics(&box).memory_bytes, 65536);
        } else {
            box_expect(&box, "hog", NULL, "7");
        }
        box_deinit(&box);
    }
}

static void denied_growth_is_resumable(void **state)
{
    (void)state;
    struct box box;
    rp_sandbox_config config = make_config(RP_ON_STOP_SUSPEND);
    config.memory_max_bytes = 3 * 65536;
    config.on_grow_denied = RP_ON_GROW_STOP;
    box_init(&box, &config);
    for (int i = 0; i < 3; i++) {
        rp_sandbox_error_code code =
            i == 0 ? box_execute(&box, "hog", NULL) : box_resume(&box, NULL);
        assert_int_equal(code, RP_SANDBOX_MEMORY_EXCEEDED);
        assert_int_equal(rp_sandbox_get_status(box.sandbox), RP_SANDBOX_SUSPENDED);
        assert_int_equal(box_metrics(&box).memory_bytes, 3 * 65536);
    }
    box_deinit(&box);
}

static void endless_loop_is_stopped_by_time(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct box box;
        rp_sandbox_config config = make_config((rp_on_stop)way);
        config.gas_per_execution = UINT64_MAX;
        config.timeout_ms = 100;
        box_init(&box, &config);
        assert_string_equal(bumps(&box), "1");
        box_expect_error(&box, "spin", NULL, RP_SANDBOX_TIMEOUT);
        assert_int_equal(box.error.limit, 100);
        assert_true(box.error.used >= 100 && box.error.used < 5000);
        assert_true(box_metrics(&box).duration_ms >= 100);
        if (way == RP_ON_STOP_SUSPEND) {
            assert_int_equal(rp_sandbox_get_status(box.sandbox), RP_SANDBOX_SUSPENDED);
            assert_int_equal(box_resume(&box, NULL), RP_SANDBOX_TIMEOUT);
        } else {
            assert_int_equal(rp_sandbox_get_status(box.sandbox), RP_SANDBOX_LOADED);
            assert_string_equal(bumps(&box), "2");
        }
        box_deinit(&box);
    }
}

static void zero_milliseconds_stop_before_the_first_instruction(void **state)
{
    (void)state;
    const char *actions[] = {"add", "echo", "spin", "bump"};
    const char *payloads[] = {"[1,2]", "{}", NULL, NULL};
    for (size_t i = 0; i < 4; i++) {
        struct box box;
        rp_sandbox_config config = make_config(RP_ON_STOP_ROLLBACK);
        box_init(&box, &config);
        int64_t none = 0;
        rp_execute_options options = {.struct_size = sizeof options, .timeout_ms = &none};
        assert_int_equal(box_execute_with(&box, actions[i], payloads[i], &options),
                         RP_SANDBOX_TIMEOUT);
        assert_int_equal(box.error.gas_used, 0);
        assert_int_equal(box_metrics(&box).gas_total, 0);
        assert_string_equal(bumps(&box), "1");
        box_deinit(&box);
    }
}

static void the_limit_that_is_hit_first_wins(void **state)
{
    (void)state;
    const struct {
        uint64_t pages;
        uint64_t gas;
        int64_t timeout_ms;
        rp_sandbox_error_code code;
    } cases[] = {
        {2, 10000000, 60000, RP_SANDBOX_MEMORY_EXCEEDED},
        {1000, 50000, 60000, RP_SANDBOX_GAS_EXHAUSTED},
        {1000, 10000000000, 0, RP_SANDBOX_TIMEOUT},
        {2, 100, 60000, RP_SANDBOX_GAS_EXHAUSTED},
        {2, 100, 0, RP_SANDBOX_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct box box;
        rp_sandbox_config config = make_config(RP_ON_STOP_ROLLBACK);
        config.memory_max_bytes = cases[i].pages * 65536;
        config.on_grow_denied = RP_ON_GROW_STOP;
        box_init(&box, &config);
        rp_execute_options options = {.struct_size = sizeof options,
                                      .gas = &cases[i].gas,
                                      .timeout_ms = &cases[i].timeout_ms};
        rp_sandbox_error_code code = box_execute_with(&box, "rush", NULL, &options);
        if (code != cases[i].code) {
            fail_msg("case %zu: %s", i, rp_sandbox_error_name(code));
        }
        assert_int_equal(box_metrics(&box).memory_bytes, 65536);
        box_deinit(&box);
    }
}

static void on_stop_decides_what_stays(void **state)
{
    (void)state;
    /* `ask` adds 1 to the i64 at address 8 and then fails in the host; `value` is what is there
     * afterwards. */
    const struct {
        rp_on_stop on_stop;
        int64_t value;
    } cases[] = {{RP_ON_STOP_ROLLBACK, 1}, {RP_ON_STOP_SUSPEND, 2}, {RP_ON_STOP_KEEP, 2}};
    const rp_host_result answers[] = {RP_HOST_TRAP, RP_HOST_FAIL};
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 2; j++) {
            struct box box;
            rp_sandbox_config config = make_config(cases[i].on_stop);
            box_init(&box, &config);
            box_expect(&box, "ask", "[21]", "42");
            box.answer = answers[j];
            uint64_t gas = box_metrics(&box).gas_total;
            box_expect_error(&box, "ask", "[21]", RP_SANDBOX_HOST_FUNCTION_ERROR);
            assert_string_equal(box.error.function, "env.ask");
            assert_non_null(strstr(box.error.message, "the oracle is closed"));
            assert_int_equal(rp_sandbox_get_status(box.sandbox), RP_SANDBOX_LOADED);
            assert_int_equal(box_metrics(&box).gas_total, gas + box.error.gas_used);
            assert_true(box.error.gas_used > 0);
            int64_t value = 0;
            assert_int_equal(rp_store_memory_read(rp_sandbox_store(box.sandbox), 0, 8, &value, 8),
                             RP_OK);
            assert_int_equal(value, cases[i].value);
            box.answer = RP_HOST_RETURN;
            box_expect(&box, "ask", "[4]", "8");
            box_deinit(&box);
        }
    }
}

static void traps_are_told_with_their_place(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    box_expect_error(&box, "fail", NULL, RP_SANDBOX_WASM_TRAP);
    assert_int_equal(box.error.trap, RP_TRAP_UNREACHABLE);
    assert_string_equal(box.error.message, "unreachable");
    assert_ptr_equal(box.error.frame.module,
                     rp_instance_module(rp_store_instance(rp_sandbox_store(box.sandbox), 0)));
    assert_true(box.error.frame.offset > 8);
    box_deinit(&box);
}

static void suspended_execution_goes_on_with_another_portion(void **state)
{
    (void)state;
    struct box box;
    rp_sandbox_config config = make_config(RP_ON_STOP_SUSPEND);
    box_init(&box, &config);
    box_expect(&box, "fib", "[15]", "610");
    uint64_t needed = box.result.gas_used;
    uint64_t gas = 997;
    rp_execute_options options = {.struct_size = sizeof options, .gas = &gas};
    rp_sandbox_error_code code = box_execute_with(&box, "fib", "[15]", &options);
    unsigned parts = 1;
    while (code == RP_SANDBOX_GAS_EXHAUSTED) {
        assert_int_equal(rp_sandbox_get_status(box.sandbox), RP_SANDBOX_SUSPENDED);
        assert_int_equal(box.error.limit, gas);
        assert_in_range(box.error.used, gas - 100, gas); /* of this part */
        code = box_resume(&box, &options);
        parts++;
    }
    assert_int_equal(code, RP_SANDBOX_OK);
    assert_string_equal(box.result.value, "610");
    assert_int_equal(box.result.gas_used, needed);
    assert_true(parts > needed / 997);
    assert_int_equal(box_metrics(&box).executions, 2);
    box_deinit(&box);
}

static void json_action_can_be_suspended_at_every_gas(void **state)
{
    (void)state;
    struct box box;
    rp_sandbox_config config = make_config(RP_ON_STOP_SUSPEND);
    box_init(&box, &config);
    box_expect(&box, "echo", "[1,2,3]", "[1,2,3]");
    uint64_t needed = box.result.gas_used;
    for (uint64_t gas = 0; gas < needed; gas++) {
        uint64_t rest = needed;
        rp_execute_options options = {.struct_size = sizeof options, .gas = &gas};
        assert_int_equal(box_execute_with(&box, "echo", "[1,2,3]", &options),
                         RP_SANDBOX_GAS_EXHAUSTED);
        options.gas = &rest;
        assert_int_equal(box_resume(&box, &options), RP_SANDBOX_OK);
        assert_string_equal(box.result.value, "[1,2,3]");
        assert_int_equal(box.result.gas_used, needed);
    }
    box_deinit(&box);
}

static void kept_stop_leaves_its_effects(void **state)
{
    (void)state;
    struct box box;
    rp_sandbox_config config = make_config(RP_ON_STOP_KEEP);
    config.memory_max_bytes = 4 * 65536;
    config.on_grow_denied = RP_ON_GROW_STOP;
    box_init(&box, &config);
    box_expect_error(&box, "hog", NULL, RP_SANDBOX_MEMORY_EXCEEDED);
    assert_int_equal(rp_sandbox_get_status(box.sandbox), RP_SANDBOX_LOADED);
    assert_int_equal(box_metrics(&box).memory_bytes, 4 * 65536);
    box_expect(&box, "add", "[1,1]", "2");
    box_deinit(&box);
}

static void pending_host_call_is_completed_by_the_embedder(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    box.answer = RP_HOST_PENDING;
    box_expect_error(&box, "ask", "[20]", RP_SANDBOX_HOST_PENDING);
    assert_int_equal(rp_sandbox_get_status(box.sandbox), RP_SANDBOX_SUSPENDED);
    assert_int_equal(box_resume(&box, NULL), RP_SANDBOX_INVALID_STATE);
    rp_store *store = rp_sandbox_store(box.sandbox);
    rp_pending pending;
    assert_int_equal(rp_store_pending(store, &pending), RP_OK);
    assert_int_equal(pending.args[0].of.i32, 20);
    rp_value value = {.kind = RP_I32, .of.i32 = 99};
    assert_int_equal(
        rp_store_complete(store, pending.request, RP_HOST_RETURN, &value, 1, NULL, 0, NULL), RP_OK);
    assert_int_equal(box_resume(&box, NULL), RP_SANDBOX_OK);
    assert_string_equal(box.result.value, "99");
    assert_int_equal(box.asked, 1);
    box_deinit(&box);
}

static void interrupt_inside(struct box *box)
{
    rp_store_interrupt(rp_sandbox_store(box->sandbox), RP_STOP_INTERRUPT);
}

static void an_interrupt_is_told_as_such(void **state)
{
    (void)state;
    struct box box;
    rp_sandbox_config config = make_config(RP_ON_STOP_SUSPEND);
    box_init(&box, &config);
    box.inside = interrupt_inside;
    rp_sandbox_error_code code = box_execute(&box, "ask", "[3]");
    if (code == RP_SANDBOX_OK) { /* the call ended within the portion of gas */
        assert_string_equal(box.result.value, "6");
    } else {
        assert_int_equal(code, RP_SANDBOX_INTERRUPTED);
        assert_int_equal(box_resume(&box, NULL), RP_SANDBOX_OK);
    }
    box.inside = NULL;
    box_expect(&box, "add", "[1,2]", "3"); /* the interrupt does not linger */
    box_deinit(&box);
}

static void an_exit_instead_of_an_answer_is_a_bad_result(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    box.answer = RP_HOST_EXIT;
    box_expect_error(&box, "ask", "[1]", RP_SANDBOX_BAD_RESULT);
    assert_non_null(strstr(box.error.message, "exited"));
    box_deinit(&box);
}

static void the_store_has_no_limit_between_executions(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    uint64_t gas = 50;
    rp_execute_options options = {.struct_size = sizeof options, .gas = &gas};
    assert_int_equal(box_execute_with(&box, "add", "[1,2]", &options), RP_SANDBOX_OK);
    rp_store *store = rp_sandbox_store(box.sandbox);
    rp_extern fib;
    assert_int_equal(rp_instance_export(rp_store_instance(store, 0), (rp_name){"fib", 3}, &fib),
                     RP_OK);
    rp_value arg = {.kind = RP_I32, .of.i32 = 10};
    rp_value result;
    rp_outcome outcome;
    assert_int_equal(rp_store_call(store, fib.index, &arg, 1, &result, 1, &outcome, NULL), RP_OK);
    assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(result.of.i32, 55);
    box_deinit(&box);
}

static void a_result_of_another_type_is_a_host_function_error(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    box.answers_i64 = true;
    box_expect_error(&box, "ask", "[1]", RP_SANDBOX_HOST_FUNCTION_ERROR);
    assert_string_equal(box.error.function, "env.ask");
    assert_int_equal(box.error.status, RP_ERROR_TYPE);
    box_deinit(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(little_gas_stops_fibonacci_exactly),
        cmocka_unit_test(memory_hog_is_answered_or_stopped),
        cmocka_unit_test(denied_growth_is_resumable),
        cmocka_unit_test(endless_loop_is_stopped_by_time),
        cmocka_unit_test(zero_milliseconds_stop_before_the_first_instruction),
        cmocka_unit_test(the_limit_that_is_hit_first_wins),
        cmocka_unit_test(on_stop_decides_what_stays),
        cmocka_unit_test(traps_are_told_with_their_place),
        cmocka_unit_test(suspended_execution_goes_on_with_another_portion),
        cmocka_unit_test(json_action_can_be_suspended_at_every_gas),
        cmocka_unit_test(kept_stop_leaves_its_effects),
        cmocka_unit_test(pending_host_call_is_completed_by_the_embedder),
        cmocka_unit_test(an_interrupt_is_told_as_such),
        cmocka_unit_test(the_store_has_no_limit_between_executions),
        cmocka_unit_test(a_result_of_another_type_is_a_host_function_error),
        cmocka_unit_test(an_exit_instead_of_an_answer_is_a_bad_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
