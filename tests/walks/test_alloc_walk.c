/* The allocation walk (tests): allocation k fails, alone or with all behind it, from the creation
 * of an engine to the end of a run. Every time the answer is a clean failure of the host, nothing
 * leaks (the sanitizers watch), and what is left can be used again or destroyed.
 *
 * Counted are the calls of the allocators and the reservations and commitments of address space. */
#include "core/assert.h"
#include "engine/store.h"
#include "snapshot/move.h"
#include "tests/support/unit.h"
#include "tests/support/wasi_print.h"
#include "tests/walks/scene.h"
#include "tests/walks/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static rp_store_config config_for(bool metered)
{
    rp_store_config config;
    rp_store_config_init(&config);
    config.metered = metered;
    return config;
}

static void expect_refusal(rp_status status, const rp_report *report)
{
    if (status != RP_ERROR_NO_MEMORY) {
        (void)printf("%s: %s\n", rp_status_name(status), report->text);
    }
    assert_int_equal(status, RP_ERROR_NO_MEMORY);
    assert_true(report->text[0] != 0);
}

/* ---- making, linking ---- */

struct scene_end {
    uint64_t made;   /* the store's state before the call */
    uint64_t called; /* and behind it */
    int64_t result;
    uint64_t memory_bytes; /* counted against the limits before the call */
    uint64_t table_elements;
    uint64_t make_calls; /* allocations of rp_scene_make */
    uint64_t call_calls; /* of rp_scene_call */
    uint64_t move_calls; /* of rp_store_move half way */
};

static void call_scene(struct rp_scene *scene, int32_t rounds)
{
    assert_int_equal(rp_scene_call(scene, rounds), RP_OK);
    assert_int_equal(scene->outcome.kind, RP_OUTCOME_RETURNED);
}

static struct scene_end undisturbed_scene(bool metered)
{
    struct rp_scene scene;
    struct scene_end end;
    rp_store_config config = config_for(metered);
    rp_scene_init(&scene);
    rp_alloc_inject(0, 0);
    assert_int_equal(rp_scene_make(&scene, &config), RP_OK);
    end.make_calls = rp_alloc_injected_calls();
    end.made = rp_walk_store_print(scene.store);
    end.memory_bytes = scene.store->memory_used_bytes;
    end.table_elements = scene.store->table_used_elements;
    rp_alloc_inject(0, 0);
    assert_int_equal(rp_store_move(scene.store, NULL), RP_OK);
    end.move_calls = rp_alloc_injected_calls();
    rp_alloc_inject(0, 0);
    call_scene(&scene, RP_SCENE_ROUNDS);
    end.call_calls = rp_alloc_injected_calls();
    end.called = rp_walk_store_print(scene.store);
    end.result = scene.results[0].of.i64;
    rp_scene_deinit(&scene);
    return end;
}

/* The step that failed is done again, and all is as if nothing had been. */
static void every_failure_of_loading_and_linking_is_clean(void **state)
{
    (void)state;
    struct scene_end end = undisturbed_scene(false);
    assert_true(end.make_calls > 40);
    for (uint64_t k = 1; k <= end.make_calls; k++) {
        for (int onward = 0; onward < 2; onward++) {
            struct rp_scene scene;
            rp_store_config config = config_for(false);
            rp_scene_init(&scene);
            rp_alloc_inject(k, onward);
            rp_status status = rp_scene_make(&scene, &config);
            rp_alloc_inject(0, 0);
            if (status != RP_OK) { /* giving memory back may be refused without harm */
                expect_refusal(status, &scene.report);
                assert_int_equal(rp_scene_make(&scene, &config), RP_OK);
            }
            assert_true(rp_walk_store_print(scene.store) == end.made);
            assert_true(scene.store->memory_used_bytes == end.memory_bytes);
            assert_true(scene.store->table_used_elements == end.table_elements);
            call_scene(&scene, RP_SCENE_ROUNDS);
            assert_true(scene.results[0].of.i64 == end.result);
            assert_true(rp_walk_store_print(scene.store) == end.called);
            rp_scene_deinit(&scene);
        }
    }
}

static void what_failed_half_way_can_be_destroyed(void **state)
{
    (void)state;
    struct scene_end end = undisturbed_scene(false);
    uint64_t refused = 0;
    for (uint64_t k = 1; k <= end.make_calls; k++) {
        struct rp_scene scene;
        rp_scene_init(&scene);
        rp_alloc_inject(k, 1);
        refused += rp_scene_make(&scene, NULL) == RP_ERROR_NO_MEMORY;
        rp_alloc_inject(0, 0);
        rp_scene_deinit(&scene);
    }
    assert_true(refused + 4 > end.make_calls);
}

/* ---- calls ---- */

/* Growth that the host refuses is a failure of the host, which the guest never sees; the gas is the
 * same in both tables. */
static void every_failure_of_a_call_is_clean(void **state)
{
    (void)state;
    struct scene_end end = undisturbed_scene(false);
    assert_true(end.call_calls >= 4); /* memory.grow and table.grow */
    for (uint64_t k = 1; k <= end.call_calls; k++) {
        uint64_t gas[2];
        uint64_t prints[2];
        for (int metered = 0; metered < 2; metered++) {
            struct rp_scene scene;
            rp_store_config config = config_for(metered == 1);
            rp_scene_init(&scene);
            assert_int_equal(rp_scene_make(&scene, &config), RP_OK);
            rp_alloc_inject(k, 0);
            rp_status status = rp_scene_call(&scene, RP_SCENE_ROUNDS);
            rp_alloc_inject(0, 0);
            expect_refusal(status, &scene.report);
            assert_false(rp_store_is_stopped(scene.store));
            gas[metered] = rp_store_gas_used(scene.store);
            prints[metered] = rp_walk_store_print(scene.store);
            call_scene(&scene, 1);
            rp_scene_deinit(&scene);
        }
        assert_true(gas[0] == gas[1]);
        assert_true(prints[0] == prints[1]);
    }
}

/* ---- moves ---- */

static void failed_move_leaves_the_store(void **state)
{
    (void)state;
    struct scene_end end = undisturbed_scene(false);
    uint64_t last = end.move_calls + 20; /* half way there are frames to look up as well */
    for (uint64_t k = 1; k <= last; k++) {
        struct rp_scene scene;
        rp_scene_init(&scene);
        assert_int_equal(rp_scene_make(&scene, NULL), RP_OK);
        rp_store_set_until_gas(scene.store, (int64_t)rp_store_gas_used(scene.store) + 6000);
        assert_int_equal(rp_scene_call(&scene, RP_SCENE_ROUNDS), RP_OK);
        assert_int_equal(scene.outcome.kind, RP_OUTCOME_SUSPENDED);
        uint64_t before = rp_walk_store_print(scene.store);
        const struct rp_instance *old = scene.store->instances[0];
        rp_alloc_inject(k, 0);
        rp_status status = rp_store_move(scene.store, &scene.report);
        rp_alloc_inject(0, 0);
        if (status != RP_OK) {
            expect_refusal(status, &scene.report);
            assert_ptr_equal(scene.store->instances[0], old);
        }
        assert_true(rp_walk_store_print(scene.store) == before);
        rp_store_set_until_gas(scene.store, RP_GAS_UNLIMITED);
        assert_int_equal(rp_scene_resume(&scene), RP_OK);
        assert_true(rp_walk_store_print(scene.store) == end.called);
        rp_scene_deinit(&scene);
    }
}

/* ---- real programs ---- */

/* A host function that had no memory has done nothing: files and descriptors are those of a run
 * that stopped before the call. */
static void expect_nothing_done(const struct rp_walk_run *failed)
{
    struct rp_walk_run stopped;
    struct rp_walk_limits limits = {.gas_limit = RP_GAS_UNLIMITED,
                                    .until_gas = (int64_t)rp_store_gas_used(failed->store) - 1};
    rp_walk_begin(&stopped, failed->program, &limits);
    assert_true(rp_walk_is_stopped(&stopped));
    assert_null(rp_print_check_wasi(failed->wasi));
    assert_true(rp_print_wasi(failed->wasi) == rp_print_wasi(stopped.wasi));
    assert_true(failed->output.hash == stopped.output.hash);
    assert_int_equal(failed->input_given, stopped.input_given);
    rp_walk_end(&stopped);
}

/* A failed allocation shows as a refusal of the request, never in what the guest sees. */
static void walk_program(const struct rp_walk_program *program, uint64_t most)
{
    struct rp_walk_limits limits = {.gas_limit = RP_GAS_UNLIMITED, .until_gas = RP_GAS_UNLIMITED};
    struct rp_walk_run run;
    rp_alloc_inject(0, 0);
    rp_walk_begin(&run, program, &limits);
    uint64_t count = rp_alloc_injected_calls();
    assert_true(rp_walk_is_right(&run));
    uint64_t print = rp_walk_fingerprint(&run);
    rp_walk_end(&run);
    char what[64];
    (void)snprintf(what, sizeof what, "allocations of %s", program->name);
    struct rp_walk_sample sample = rp_walk_sample_of(what, count, most);
    uint64_t refused = 0; /* by host functions */
    for (uint64_t k = 1; k <= count; k++) {
        if (!rp_walk_takes(&sample, k)) {
            continue;
        }
        rp_alloc_inject(k, (int)(k & 1));
        rp_walk_begin(&run, program, &limits);
        rp_alloc_inject(0, 0);
        if (run.status == RP_OK) {
            assert_true(rp_walk_is_right(&run));
            assert_true(rp_walk_fingerprint(&run) == print);
        } else if (run.status == RP_ERROR_HOST) { /* a host function had no memory */
            assert_non_null(strstr(run.report.text, "no memory"));
            expect_nothing_done(&run);
            refused++;
        } else {
            expect_refusal(run.status, &run.report);
        }
        rp_walk_end(&run);
    }
    assert_true(program->build == NULL || refused >= 10); /* the tour makes files of every kind */
}

static void programs_never_see_a_failed_allocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < rp_walk_program_count; i++) {
        walk_program(&rp_walk_programs[i], rp_walk_programs[i].is_wasi ? 200 : 50);
    }
}

static void loading_of_real_modules_fails_cleanly(void **state)
{
    (void)state;
    for (size_t i = 0; i < rp_walk_program_count; i++) {
        const struct rp_walk_program *program = &rp_walk_programs[i];
        uint64_t calls = UINT64_MAX;
        for (uint64_t k = 0; k <= calls; k++) {
            rp_engine *engine = NULL;
            rp_module *module = NULL;
            rp_report report = {0};
            rp_alloc_inject(k, 0);
            rp_status status = rp_engine_create(NULL, &engine, &report);
            if (status == RP_OK) {
                status = rp_module_load(engine, program->bytes, program->size, &module, &report);
            }
            calls = k == 0 ? rp_alloc_injected_calls() : calls;
            if (status != RP_OK) {
                expect_refusal(status, &report);
                assert_null(module);
            }
            rp_alloc_inject(0, 0);
            rp_module_destroy(module);
            rp_engine_destroy(engine);
        }
    }
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_failure_of_loading_and_linking_is_clean),
        cmocka_unit_test(what_failed_half_way_can_be_destroyed),
        cmocka_unit_test(every_failure_of_a_call_is_clean),
        cmocka_unit_test(failed_move_leaves_the_store),
    };
    static const struct CMUnitTest programs[] = {
        cmocka_unit_test(programs_never_see_a_failed_allocation),
        cmocka_unit_test(loading_of_real_modules_fails_cleanly),
    };
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    if (!rp_walk_open_programs()) {
        return failed == 0 ? 77 : failed;
    }
    failed += cmocka_run_group_tests(programs, NULL, NULL);
    rp_walk_close_programs();
    return failed;
}
