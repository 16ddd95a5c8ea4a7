/* The host call walk (tests): host call k traps, exits or fails. The gas is exact inside and
 * afterwards, in both tables; the backtrace names the call; the store can be used again. */
#include "core/assert.h"
#include "tests/support/unit.h"
#include "tests/walks/scene.h"
#include "tests/walks/walk.h"

#include <stdio.h>
#include <stdlib.h>

/* What a bent host call leaves. */
struct bent {
    rp_status status;
    rp_outcome outcome;
    uint64_t gas;
    uint64_t print;
    struct rp_scene_host host;
};

static void bend_call(struct bent *bent, bool metered, uint32_t k, rp_host_result answer)
{
    struct rp_scene scene;
    rp_store_config config;
    rp_store_config_init(&config);
    config.metered = metered;
    rp_scene_init(&scene);
    assert_int_equal(rp_scene_make(&scene, &config), RP_OK);
    scene.host.bend_call = k;
    scene.host.bend = answer;
    bent->status = rp_scene_call(&scene, RP_SCENE_ROUNDS);
    bent->outcome = scene.outcome;
    bent->gas = rp_store_gas_used(scene.store);
    bent->print = rp_walk_store_print(scene.store);
    bent->host = scene.host;
    if (answer == RP_HOST_FAIL) { /* mix and tell take turns */
        assert_non_null(strstr(scene.report.text, k % 2 == 1 ? "\"mix\"" : "\"tell\""));
        assert_non_null(strstr(scene.report.text, "bent"));
    }
    assert_false(rp_store_is_stopped(scene.store));
    scene.host.bend_call = 0;
    assert_int_equal(rp_scene_call(&scene, 1), RP_OK);
    assert_int_equal(scene.outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(scene.host.calls, k + 2);
    rp_scene_deinit(&scene);
}

/* mix is called with the rounds that are left, tell without arguments: 11 + 7 * round and 50. */
static uint64_t host_price_up_to(uint32_t k)
{
    uint64_t price = 0;
    for (uint32_t call = 1; call <= k; call++) {
        uint32_t round = RP_SCENE_ROUNDS - (call - 1) / 2;
        price += call % 2 == 1 ? 11 + 7 * round : 50;
    }
    return price;
}

static void check_outcome(const struct bent *bent, uint32_t k, rp_host_result answer)
{
    const rp_outcome *outcome = &bent->outcome;
    if (answer == RP_HOST_FAIL) {
        assert_int_equal(bent->status, RP_ERROR_HOST);
        return;
    }
    assert_int_equal(bent->status, RP_OK);
    if (answer == RP_HOST_EXIT) {
        assert_int_equal(outcome->kind, RP_OUTCOME_EXITED);
        assert_int_equal(outcome->exit_code, 300 + k);
        return;
    }
    assert_int_equal(outcome->kind, RP_OUTCOME_TRAPPED);
    assert_int_equal(outcome->trap, RP_TRAP_HOST);
    assert_string_equal(outcome->message, "bent");
    assert_int_equal(outcome->frame_count, 1);
    assert_int_equal(outcome->frames[0].func_index, 5); /* behind five imports */
}

static void every_bent_host_call_is_clean(void **state)
{
    (void)state;
    static const rp_host_result answers[] = {RP_HOST_TRAP, RP_HOST_EXIT, RP_HOST_FAIL};
    for (size_t i = 0; i < RP_ARRAY_COUNT(answers); i++) {
        for (uint32_t k = 1; k <= RP_SCENE_HOST_CALLS; k++) {
            struct bent bent[2];
            for (int metered = 0; metered < 2; metered++) {
                bend_call(&bent[metered], metered == 1, k, answers[i]);
                check_outcome(&bent[metered], k, answers[i]);
                assert_int_equal(bent[metered].host.calls, k);
                assert_int_equal(bent[metered].host.host_at_bend, host_price_up_to(k));
                assert_int_equal(bent[metered].gas, bent[metered].host.gas_at_bend);
            }
            assert_true(bent[0].gas == bent[1].gas);
            assert_true(bent[0].print == bent[1].print);
            assert_true(bent[0].outcome.frames[0].offset == bent[1].outcome.frames[0].offset);
        }
    }
}

/* The offsets of the two calls in the code, from the traps of the first round. */
static void backtrace_names_the_call_that_trapped(void **state)
{
    (void)state;
    struct bent bent;
    bend_call(&bent, false, 1, RP_HOST_TRAP);
    uint64_t mix = bent.outcome.frames[0].offset;
    bend_call(&bent, false, 2, RP_HOST_TRAP);
    uint64_t tell = bent.outcome.frames[0].offset;
    struct rp_scene scene;
    rp_scene_init(&scene);
    const uint8_t *bytes = scene.bytes[1].data;
    assert_int_equal(bytes[mix], 0x10); /* call */
    assert_int_equal(bytes[mix + 1], 0);
    assert_int_equal(bytes[tell], 0x10);
    assert_int_equal(bytes[tell + 1], 1);
    rp_scene_deinit(&scene);
}

/* The output of a WASI program cannot be written, from write k on. */
struct failing_output {
    uint32_t writes;
    uint32_t fail_write;
};

static rp_status write_until(void *user, unsigned stream, const void *data, size_t size,
                             rp_report *report)
{
    (void)stream;
    (void)data;
    (void)size;
    (void)report;
    struct failing_output *output = user;
    return ++output->writes == output->fail_write ? RP_ERROR_IO : RP_OK;
}

static rp_status run_with_output(const struct rp_walk_program *program,
                                 struct failing_output *output, bool metered, uint64_t *out_gas)
{
    rp_store *store;
    rp_wasi *wasi;
    rp_instance *instance;
    rp_outcome outcome;
    rp_extern start;
    const char *args[] = {program->name, "/"};
    rp_store_config store_config;
    rp_wasi_config config;
    rp_store_config_init(&store_config);
    store_config.metered = metered;
    rp_wasi_config_init(&config);
    config.args = args;
    config.arg_count = 2;
    config.write = write_until;
    config.user = output;
    assert_int_equal(rp_store_create(program->engine, &store_config, &store, NULL), RP_OK);
    assert_int_equal(rp_wasi_create(&config, &wasi, NULL), RP_OK);
    assert_int_equal(rp_wasi_preopen(wasi, "/", false, NULL), RP_OK);
    assert_int_equal(rp_wasi_define(wasi, store, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(store, program->module, &instance, &outcome, NULL),
                     RP_OK);
    assert_int_equal(rp_instance_export(instance, (rp_name){"_start", 6}, &start), RP_OK);
    rp_status status = rp_store_call(store, start.index, NULL, 0, NULL, 0, &outcome, NULL);
    *out_gas = rp_store_gas_used(store);
    rp_store_destroy(store);
    rp_wasi_destroy(wasi);
    return status;
}

static void output_that_fails_is_a_failure_of_the_host(void **state)
{
    (void)state;
    const struct rp_walk_program *program = rp_walk_find("files");
    struct failing_output output = {0};
    uint64_t gas[2];
    assert_int_equal(run_with_output(program, &output, false, &gas[0]), RP_OK);
    uint32_t count = output.writes;
    assert_true(count >= 1);
    for (uint32_t k = 1; k <= count; k++) {
        for (int metered = 0; metered < 2; metered++) {
            output = (struct failing_output){.fail_write = k};
            assert_int_not_equal(run_with_output(program, &output, metered == 1, &gas[metered]),
                                 RP_OK);
            assert_int_equal(output.writes, k);
        }
        assert_true(gas[0] == gas[1]);
    }
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_bent_host_call_is_clean),
        cmocka_unit_test(backtrace_names_the_call_that_trapped),
    };
    static const struct CMUnitTest programs[] = {
        cmocka_unit_test(output_that_fails_is_a_failure_of_the_host),
    };
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    if (!rp_walk_open_programs()) {
        return failed == 0 ? 77 : failed;
    }
    failed += cmocka_run_group_tests(programs, NULL, NULL);
    rp_walk_close_programs();
    return failed;
}
