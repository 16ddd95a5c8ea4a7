/* The experiment Move (tests; docs/design/frame.md): at every instruction the whole state of the
 * store is written and read into contents made afresh, and the run goes on there to the same end.
 * So no state hides in the native stack or in pointers. */
#include "core/assert.h"
#include "engine/store.h"
#include "snapshot/move.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"
#include "tests/walks/scene.h"
#include "tests/walks/walk.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- real programs ---- */

static void move_run(struct rp_walk_run *run)
{
    rp_report report = {0};
    uint64_t before = rp_walk_fingerprint(run);
    const struct rp_func *const *old = (const struct rp_func *const *)run->store->funcs;
    assert_int_equal(rp_store_move(run->store, &report), RP_OK);
    assert_ptr_not_equal(run->store->funcs, old);
    assert_true(rp_walk_fingerprint(run) == before);
}

static uint64_t undisturbed(const struct rp_walk_program *program)
{
    struct rp_walk_run run;
    struct rp_walk_limits limits = {.gas_limit = RP_GAS_UNLIMITED, .until_gas = RP_GAS_UNLIMITED};
    rp_walk_begin(&run, program, &limits);
    assert_true(rp_walk_is_right(&run));
    uint64_t print = rp_walk_fingerprint(&run);
    rp_walk_end(&run);
    return print;
}

/* One run, stopped at each boundary and moved at those of the sample. */
static void move_along(const struct rp_walk_program *program, const struct rp_walk_path *path,
                       bool metered, const struct rp_walk_sample *sample, uint64_t end_print)
{
    struct rp_walk_run run;
    struct rp_walk_limits limits = {.metered = metered, .gas_limit = RP_GAS_UNLIMITED};
    rp_walk_begin(&run, program, &limits);
    for (size_t i = 0; i < path->count; i++) {
        assert_int_equal(rp_store_gas_used(run.store), path->positions[i]);
        if (rp_walk_takes(sample, i)) {
            move_run(&run);
        }
        rp_walk_resume(&run, RP_GAS_UNLIMITED,
                       i + 1 == path->count ? RP_GAS_UNLIMITED : path->positions[i + 1]);
    }
    assert_true(rp_walk_is_right(&run));
    move_run(&run); /* what has returned can be moved too */
    assert_true(rp_walk_fingerprint(&run) == end_print);
    rp_walk_end(&run);
}

/* Runs to k, moves, and runs to the end without a stop. */
static void move_once(const struct rp_walk_program *program, bool metered, int64_t k,
                      uint64_t end_print)
{
    struct rp_walk_run run;
    struct rp_walk_limits limits = {
        .metered = metered, .gas_limit = RP_GAS_UNLIMITED, .until_gas = k};
    rp_walk_begin(&run, program, &limits);
    assert_true(rp_walk_is_stopped(&run));
    move_run(&run);
    rp_walk_resume(&run, RP_GAS_UNLIMITED, RP_GAS_UNLIMITED);
    assert_true(rp_walk_is_right(&run));
    assert_true(rp_walk_fingerprint(&run) == end_print);
    rp_walk_end(&run);
}

/* The first program is moved at all of its boundaries, the others at some. */
static void moves_at_every_boundary(void **state)
{
    const struct rp_walk_program *program = *state;
    uint64_t end_print = undisturbed(program);
    struct rp_walk_path path;
    rp_walk_find_path(program, &path);
    char what[64];
    (void)snprintf(what, sizeof what, "moves of %s along one run", program->name);
    struct rp_walk_sample sample =
        rp_walk_sample_of(what, path.count, program == rp_walk_programs ? 30000 : 2000);
    move_along(program, &path, false, &sample, end_print);
    move_along(program, &path, true, &sample, end_print);
    (void)snprintf(what, sizeof what, "moves of %s, one in a run", program->name);
    sample = rp_walk_sample_of(what, path.count, 200);
    for (size_t i = 0; i < path.count; i++) {
        if (i == 0 || rp_walk_takes(&sample, i)) {
            move_once(program, false, path.positions[i], end_print);
            move_once(program, true, path.positions[i], end_print);
        }
    }
    rp_walk_free_path(&path);
}

/* ---- the scene: linked instances and every kind of object ---- */

/* Runs the scene, stopped before each instruction; `move` moves it there. Answers the state at the
 * end. */
static uint64_t run_scene(bool metered, bool move, uint64_t *out_gas)
{
    struct rp_scene scene;
    rp_store_config config;
    rp_store_config_init(&config);
    config.metered = metered;
    rp_scene_init(&scene);
    assert_int_equal(rp_scene_make(&scene, &config), RP_OK);
    uint64_t start = rp_store_gas_used(scene.store);
    rp_store_set_until_gas(scene.store, 0);
    assert_int_equal(rp_scene_call(&scene, RP_SCENE_ROUNDS), RP_OK);
    for (int64_t until = (int64_t)start; rp_store_is_stopped(scene.store); until++) {
        if (move) {
            uint64_t before = rp_walk_store_print(scene.store);
            assert_int_equal(rp_store_move(scene.store, NULL), RP_OK);
            assert_true(rp_walk_store_print(scene.store) == before);
        }
        rp_store_set_until_gas(scene.store, until);
        assert_int_equal(rp_scene_resume(&scene), RP_OK);
    }
    assert_int_equal(scene.outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(scene.host.calls, RP_SCENE_HOST_CALLS);
    *out_gas = rp_store_gas_used(scene.store) - start;
    uint64_t print = rp_walk_store_print(scene.store) ^ (uint64_t)scene.results[0].of.i64 ^
                     (uint64_t)scene.results[1].of.i32;
    rp_scene_deinit(&scene);
    return print;
}

static void linked_instances_move_at_every_boundary(void **state)
{
    (void)state;
    uint64_t gas[3];
    uint64_t expected = run_scene(false, false, &gas[0]);
    assert_true(run_scene(false, true, &gas[1]) == expected);
    assert_true(run_scene(true, true, &gas[2]) == expected);
    assert_true(gas[0] == gas[1] && gas[0] == gas[2]);
}

/* ---- single cases ---- */

static void entry_that_has_no_frame_yet_moves(void **state)
{
    (void)state;
    struct rp_scene scene;
    rp_scene_init(&scene);
    assert_int_equal(rp_scene_make(&scene, NULL), RP_OK);
    uint64_t start = rp_store_gas_used(scene.store);
    rp_store_set_gas_limit(scene.store, 0);
    assert_int_equal(rp_scene_call(&scene, RP_SCENE_ROUNDS), RP_OK);
    assert_int_equal(scene.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
    assert_true(scene.store->entry_pending);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rp_store_move(scene.store, NULL), RP_OK);
        assert_int_equal(rp_scene_resume(&scene), RP_OK); /* the limits move too */
        assert_int_equal(scene.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
        assert_int_equal(rp_store_gas_used(scene.store), start);
    }
    rp_store_set_gas_limit(scene.store, RP_GAS_UNLIMITED);
    assert_int_equal(rp_scene_resume(&scene), RP_OK);
    assert_int_equal(scene.outcome.kind, RP_OUTCOME_RETURNED);
    rp_scene_deinit(&scene);
}

/* What can be asked for from another thread while nothing runs. */
static void stop_request_moves(void **state)
{
    (void)state;
    struct rp_scene scene;
    rp_scene_init(&scene);
    assert_int_equal(rp_scene_make(&scene, NULL), RP_OK);
    rp_store_interrupt(scene.store, RP_STOP_TIMEOUT);
    assert_int_equal(rp_store_move(scene.store, NULL), RP_OK);
    assert_int_equal(rp_scene_call(&scene, RP_SCENE_ROUNDS), RP_OK);
    assert_int_equal(scene.outcome.kind, RP_OUTCOME_TIMED_OUT);
    rp_scene_deinit(&scene);
}

/* Names registered and host functions defined go along: another instance can be linked. */
static void moved_store_links_further_instances(void **state)
{
    (void)state;
    struct rp_scene scene;
    rp_scene_init(&scene);
    assert_int_equal(rp_scene_make(&scene, NULL), RP_OK);
    assert_int_equal(rp_store_move(scene.store, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(scene.store, scene.program, &scene.instance,
                                          &scene.outcome, &scene.report),
                     RP_OK);
    assert_int_equal(rp_scene_call(&scene, RP_SCENE_ROUNDS), RP_OK);
    assert_int_equal(scene.outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(scene.host.calls, RP_SCENE_HOST_CALLS);
    rp_scene_deinit(&scene);
}

static rp_status move_from_inside;
static rp_host_result host_move(void *user, rp_caller *caller, const rp_value *args,
                                rp_value *results)
{
    (void)user;
    (void)args;
    (void)results;
    rp_store *store = rp_caller_store(caller);
    move_from_inside = rp_store_move(store, NULL);
    return RP_HOST_RETURN;
}

static void running_store_refuses_to_move(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "", "");
    rp_wasm_import_func(&wasm, "host", "move", type);
    rp_wasm_start(&wasm, rp_wasm_func_begin(&wasm, type, ""));
    rp_wasm_op_index(&wasm, RP_OP_call, 0);
    rp_wasm_func_end(&wasm);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance;
    rp_outcome outcome;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    assert_int_equal(rp_store_create(engine, NULL, &store, NULL), RP_OK);
    rp_host_func func = {.struct_size = sizeof(rp_host_func),
                         .module = "host",
                         .name = "move",
                         .callback = host_move};
    assert_int_equal(rp_store_define_func(store, &func, NULL), RP_OK);
    move_from_inside = RP_OK;
    assert_int_equal(rp_store_instantiate(store, module, &instance, &outcome, NULL), RP_OK);
    assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(move_from_inside, RP_ERROR_STATE);
    rp_store_destroy(store);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    rp_wasm_deinit(&wasm);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        cmocka_unit_test(linked_instances_move_at_every_boundary),
        cmocka_unit_test(entry_that_has_no_frame_yet_moves),
        cmocka_unit_test(stop_request_moves),
        cmocka_unit_test(moved_store_links_further_instances),
        cmocka_unit_test(running_store_refuses_to_move),
    };
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    if (!rp_walk_open_programs()) {
        return failed == 0 ? 77 : failed;
    }
    struct CMUnitTest *tests = calloc(rp_walk_program_count, sizeof *tests);
    char(*names)[64] = calloc(rp_walk_program_count, sizeof *names);
    RP_ASSERT(tests != NULL && names != NULL);
    for (size_t i = 0; i < rp_walk_program_count; i++) {
        (void)snprintf(names[i], sizeof names[i], "%s_moves_at_every_boundary",
                       rp_walk_programs[i].name);
        tests[i] = (struct CMUnitTest){.name = names[i],
                                       .test_func = moves_at_every_boundary,
                                       .initial_state = &rp_walk_programs[i]};
    }
    failed += _cmocka_run_group_tests("programs", tests, rp_walk_program_count, NULL, NULL);
    free(names);
    free(tests);
    rp_walk_close_programs();
    return failed;
}
