/* States as bytes (tests): what is saved, loaded and saved again is the same, whatever the store is
 * doing, and goes on to the same end; who cannot save or load is told why, and nothing is changed.
 */
#include "engine/store_state.h"
#include "reprise/snapshot.h"
#include "snapshot/move.h"
#include "tests/engine/state_world.h"
#include "tests/support/rig.h"
#include "tests/support/state_copy.h"
#include "tests/support/unit.h"
#include "tests/walks/scene.h"
#include "tests/walks/walk.h"

#include <stdio.h>

/* ---- there and back ---- */

static void expect_ok(rp_status status, const rp_report *report)
{
    if (status != RP_OK) {
        fail_msg("%s: %s", rp_status_name(status), report->text);
    }
}

static void expect_same(const struct rp_state_copy *a, const struct rp_state_copy *b)
{
    const char *difference = rp_state_copy_difference(a, b);
    if (difference != NULL) {
        fail_msg("section %s differs", difference);
    }
}

/* Saves, loads beside, saves that and compares; `out_beside` NULL: the store beside is destroyed.
 */
static void copy_store(const rp_store *store, rp_store **out_beside)
{
    rp_report report = {0};
    rp_store *beside = NULL;
    struct rp_state_copy first;
    struct rp_state_copy second;
    rp_state_copy_init(&first);
    rp_state_copy_init(&second);
    expect_ok(rp_state_copy_save(&first, store, &report), &report);
    expect_ok(rp_state_copy_load(&first, store, &beside, &report), &report);
    expect_ok(rp_state_copy_save(&second, beside, &report), &report);
    expect_same(&first, &second);
    rp_state_copy_deinit(&first);
    rp_state_copy_deinit(&second);
    if (out_beside == NULL) {
        rp_store_destroy(beside);
    } else {
        *out_beside = beside;
    }
}

static void every_stop_saves_and_loads_to_the_same_bytes(void **state)
{
    (void)state;
    for (unsigned stop = 0; stop < RP_WORLD_STOP_COUNT; stop++) {
        struct rp_world world;
        print_message("stopped %s\n", rp_world_stop_texts[stop]);
        rp_world_begin(&world, (enum rp_world_stop)stop);
        copy_store(world.store, NULL);
        rp_world_end(&world);
    }
}

/* Both stores come to the same end, and their states are the same then. */
static void loaded_store_goes_on_to_the_same_end(void **state)
{
    (void)state;
    for (unsigned stop = 0; stop < RP_WORLD_STOP_COUNT; stop++) {
        struct rp_world world;
        struct rp_state_copy ends[2];
        rp_store *beside = NULL;
        print_message("stopped %s\n", rp_world_stop_texts[stop]);
        rp_world_begin(&world, (enum rp_world_stop)stop);
        copy_store(world.store, &beside);
        int64_t end = rp_world_finish(&world, world.store);
        rp_state_copy_init(&ends[0]);
        rp_state_copy_init(&ends[1]);
        expect_ok(rp_state_copy_save(&ends[0], world.store, &world.report), &world.report);
        assert_int_equal(rp_world_finish(&world, beside), end);
        expect_ok(rp_state_copy_save(&ends[1], beside, &world.report), &world.report);
        expect_same(&ends[0], &ends[1]);
        rp_state_copy_deinit(&ends[0]);
        rp_state_copy_deinit(&ends[1]);
        rp_store_destroy(beside);
        rp_world_end(&world);
    }
}

/* The handle has new contents, and all that is configured is still there. */
static void exchanged_store_goes_on_with_its_own_limits_and_host_functions(void **state)
{
    (void)state;
    for (unsigned stop = 0; stop < RP_WORLD_STOP_COUNT; stop++) {
        struct rp_world world;
        struct rp_world other;
        rp_store *beside = NULL;
        rp_world_begin(&other, (enum rp_world_stop)stop);
        int64_t end = rp_world_finish(&other, other.store);
        rp_world_end(&other);
        rp_world_begin(&world, (enum rp_world_stop)stop);
        copy_store(world.store, &beside);
        rp_store_interrupt(world.store, RP_STOP_TIMEOUT);
        world.store->machine.only_metered = true;
        rp_store_exchange(world.store, beside);
        assert_true(world.store->machine.only_metered);
        assert_false(beside->machine.only_metered);
        assert_ptr_equal(rp_store_instance(world.store, 0)->store, world.store);
        assert_ptr_equal(rp_store_instance(beside, 0)->store, beside);
        rp_store_destroy(beside);
        assert_int_equal(world.store->stop_word, RP_STOP_TIMEOUT);
        rp_store_interrupt(world.store, RP_STOP_NONE);
        assert_int_equal(rp_world_finish(&world, world.store), end);
        /* Names and host functions: another instance is linked. */
        expect_ok(rp_store_instantiate(world.store, world.module, &world.instance, &world.outcome,
                                       &world.report),
                  &world.report);
        copy_store(world.store, NULL);
        rp_world_end(&world);
    }
}

static void linked_instances_save_and_load_to_the_same_bytes_at_every_boundary(void **state)
{
    (void)state;
    struct rp_scene scene;
    rp_scene_init(&scene);
    assert_int_equal(rp_scene_make(&scene, NULL), RP_OK);
    int64_t until = (int64_t)rp_store_gas_used(scene.store);
    rp_store_set_until_gas(scene.store, until);
    assert_int_equal(rp_scene_call(&scene, RP_SCENE_ROUNDS), RP_OK);
    while (rp_store_is_stopped(scene.store)) {
        copy_store(scene.store, NULL);
        rp_store_set_until_gas(scene.store, ++until);
        assert_int_equal(rp_scene_resume(&scene), RP_OK);
    }
    assert_int_equal(scene.outcome.kind, RP_OUTCOME_RETURNED);
    copy_store(scene.store, NULL);
    rp_scene_deinit(&scene);
}

/* Slots and frames are counted on from where they were. */
static void loaded_store_exhausts_its_stack_at_the_same_call(void **state)
{
    (void)state;
    for (int by_slots = 0; by_slots < 2; by_slots++) {
        struct rp_wasm wasm;
        struct rp_rig rig;
        rp_store *beside;
        rp_outcome outcome;
        rp_store_config config;
        rp_store_config_init(&config);
        config.call_depth_max = by_slots == 1 ? 1000 : 50;
        config.stack_slots_max = by_slots == 1 ? 200 : 10000;
        rp_wasm_init(&wasm);
        uint32_t type = rp_wasm_type(&wasm, "", "");
        uint32_t func = rp_wasm_func_begin(&wasm, type, "l");
        rp_wasm_export(&wasm, "run", RP_EXTERN_FUNC, func);
        rp_wasm_op_index(&wasm, RP_OP_call, func);
        rp_wasm_func_end(&wasm);
        rp_rig_init(&rig, rp_wasm_finish(&wasm), &config);
        rp_store_set_gas_limit(rig.store, (int64_t)rp_store_gas_used(rig.store) + 60);
        assert_int_equal(rp_rig_call(&rig, "run", ""), RP_OUTCOME_OUT_OF_GAS);
        assert_true(rig.store->machine.frame - rig.store->stack.frames > 5);
        rp_store_set_gas_limit(rig.store, RP_GAS_UNLIMITED);
        copy_store(rig.store, &beside);
        assert_int_equal(rp_rig_resume(&rig), RP_OUTCOME_TRAPPED);
        assert_int_equal(rig.outcome.trap, RP_TRAP_STACK_EXHAUSTED);
        assert_int_equal(rp_store_resume(beside, NULL, 0, &outcome, NULL), RP_OK);
        assert_int_equal(outcome.trap, RP_TRAP_STACK_EXHAUSTED);
        assert_int_equal(outcome.frame_count, rig.outcome.frame_count);
        assert_int_equal(rp_store_gas_used(beside), rp_store_gas_used(rig.store));
        rp_store_destroy(beside);
        rp_rig_deinit(&rig);
        rp_wasm_deinit(&wasm);
    }
}

/* ---- real programs ---- */

/* One run, stopped at the boundaries of a sample. */
static void programs_save_and_load_to_the_same_bytes(void **state)
{
    const struct rp_walk_program *program = *state;
    struct rp_walk_path path;
    rp_walk_find_path(program, &path);
    char what[64];
    (void)snprintf(what, sizeof what, "states of %s", program->name);
    struct rp_walk_sample sample = rp_walk_sample_of(what, path.count, 400);
    struct rp_walk_run run;
    struct rp_walk_limits limits = {.gas_limit = RP_GAS_UNLIMITED};
    rp_walk_begin(&run, program, &limits);
    for (size_t i = 0; i < path.count; i++) {
        if (rp_walk_takes(&sample, i)) {
            rp_walk_resume(&run, RP_GAS_UNLIMITED, path.positions[i]);
            assert_true(rp_walk_is_stopped(&run));
            copy_store(run.store, NULL);
        }
    }
    rp_walk_resume(&run, RP_GAS_UNLIMITED, RP_GAS_UNLIMITED);
    assert_true(rp_walk_is_right(&run));
    copy_store(run.store, NULL);
    rp_walk_end(&run);
    rp_walk_free_path(&path);
}

/* ---- who watches ---- */

struct watch {
    int depth; /* functions entered and not left */
    int entered;
    int left;
};

static void note_enter(void *user, const rp_call_info *info)
{
    struct watch *watch = user;
    assert_int_equal(info->depth, watch->depth);
    watch->depth++;
    watch->entered++;
}

static void note_leave(void *user, const rp_call_info *info, bool returned)
{
    struct watch *watch = user;
    (void)returned;
    watch->depth--;
    watch->left++;
    assert_int_equal(info->depth, watch->depth);
}

/* What was entered is left, and what comes is entered: no more and no less. */
static void observer_is_told_of_a_restore_and_of_no_move(void **state)
{
    (void)state;
    struct rp_world world;
    struct watch watch = {0};
    rp_bytes snapshot = {0};
    rp_call_observer observer = {.user = &watch, .enter = note_enter, .leave = note_leave};
    rp_world_begin(&world, RP_WORLD_DEEP);
    expect_ok(rp_store_snapshot(world.store, &snapshot, &world.report), &world.report);
    expect_ok(rp_store_observe(world.store, &observer, &world.report), &world.report);
    assert_int_equal(watch.depth, 3);
    expect_ok(rp_store_move(world.store, &world.report), &world.report);
    assert_int_equal(watch.entered, 3);
    assert_int_equal(watch.left, 0);
    expect_ok(rp_store_restore(world.store, snapshot.data, snapshot.size, NULL, &world.report),
              &world.report);
    assert_int_equal(watch.entered, 6);
    assert_int_equal(watch.left, 3);
    (void)rp_world_finish(&world, world.store);
    assert_int_equal(watch.depth, 0);
    expect_ok(rp_store_restore(world.store, snapshot.data, snapshot.size, NULL, &world.report),
              &world.report);
    assert_int_equal(watch.depth, 3);
    rp_bytes_release(&snapshot);
    rp_world_end(&world);
}

/* ---- who cannot ---- */

static struct {
    bool nested;
    rp_status status;
    rp_report report;
} inside;

static rp_host_result save_inside(void *user, rp_caller *caller, const rp_value *args,
                                  rp_value *results)
{
    (void)user;
    (void)args;
    (void)results;
    rp_store *store = rp_caller_store(caller);
    if (inside.nested) {
        rp_outcome outcome;
        inside.nested = false;
        (void)rp_store_call(store, 1, NULL, 0, NULL, 0, &outcome, NULL);
        return RP_HOST_RETURN;
    }
    struct rp_state_copy copy;
    rp_state_copy_init(&copy);
    inside.report = (rp_report){0};
    inside.status = rp_state_copy_save(&copy, store, &inside.report);
    rp_state_copy_deinit(&copy);
    return RP_HOST_RETURN;
}

static void running_store_cannot_be_saved(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "", "");
    rp_wasm_import_func(&wasm, "host", "save", type);
    rp_wasm_func_begin(&wasm, type, "");
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
    rp_host_func func = {
        .struct_size = sizeof func, .module = "host", .name = "save", .callback = save_inside};
    assert_int_equal(rp_store_define_func(store, &func, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(store, module, &instance, &outcome, NULL), RP_OK);
    for (int nested = 0; nested < 2; nested++) {
        inside.nested = nested == 1;
        inside.status = RP_OK;
        assert_int_equal(rp_store_call(store, 1, NULL, 0, NULL, 0, &outcome, NULL), RP_OK);
        assert_int_equal(inside.status, nested == 1 ? RP_ERROR_PINNED : RP_ERROR_STATE);
        assert_true(inside.report.text[0] != 0);
    }
    rp_store_destroy(store);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    rp_wasm_deinit(&wasm);
}

/* The store forgets what is registered; the report names the first place that the section holds. */
static void external_that_is_not_registered_is_told_by_its_place(void **state)
{
    (void)state;
    static const struct {
        enum rp_section section;
        const char *place;
    } places[] = {
        {RP_SECTION_tables, "table 1 element 1: 0 "},
        {RP_SECTION_globals, "global 4: 9223372036854775808 "},
        {RP_SECTION_frames, "frame 1 local 5: 9223372036854775808 "},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(places); i++) {
        struct rp_world world;
        struct rp_state_copy copy;
        rp_world_begin(&world, RP_WORLD_DEEP);
        rp_state_copy_init(&copy);
        uint32_t count = world.store->external_count;
        world.store->external_count = 0;
        rp_status status =
            rp_store_save_section(world.store, places[i].section, &copy.bytes, &world.report);
        world.store->external_count = count;
        assert_int_equal(status, RP_ERROR_EXTERNAL);
        assert_memory_equal(world.report.text, places[i].place, strlen(places[i].place));
        /* Who loads it where it is not registered is told as well. */
        world.report = (rp_report){0};
        expect_ok(rp_state_copy_save(&copy, world.store, &world.report), &world.report);
        world.store->external_count = 0;
        rp_store *beside = NULL;
        status = rp_state_copy_load(&copy, world.store, &beside, &world.report);
        world.store->external_count = count;
        assert_int_equal(status, RP_ERROR_EXTERNAL);
        rp_state_copy_deinit(&copy);
        rp_world_end(&world);
    }
}

static void every_failed_allocation_of_a_load_is_clean(void **state)
{
    (void)state;
    for (unsigned stop = 0; stop < RP_WORLD_STOP_COUNT; stop++) {
        struct rp_world world;
        struct rp_state_copy copy;
        rp_world_begin(&world, (enum rp_world_stop)stop);
        rp_state_copy_init(&copy);
        expect_ok(rp_state_copy_save(&copy, world.store, &world.report), &world.report);
        uint64_t refused = 0;
        rp_status status = RP_ERROR_NO_MEMORY;
        for (uint64_t k = 1; status != RP_OK; k++) {
            rp_store *beside = NULL;
            world.report = (rp_report){0};
            rp_alloc_inject(k, 0);
            status = rp_state_copy_load(&copy, world.store, &beside, &world.report);
            uint64_t calls = rp_alloc_injected_calls();
            rp_alloc_inject(0, 0);
            if (status == RP_OK) {
                assert_true(calls < k);
                rp_store_destroy(beside);
            } else {
                assert_int_equal(status, RP_ERROR_NO_MEMORY);
                assert_true(world.report.text[0] != 0);
                refused++;
            }
        }
        assert_true(refused > 12);
        rp_state_copy_deinit(&copy);
        copy_store(world.store, NULL); /* as before */
        rp_world_end(&world);
    }
}

static void every_failed_allocation_of_a_save_is_told(void **state)
{
    (void)state;
    struct rp_world world;
    struct rp_state_copy copy;
    rp_world_begin(&world, RP_WORLD_DEEP);
    rp_status status = RP_ERROR_NO_MEMORY;
    for (uint64_t k = 1; status != RP_OK; k++) {
        rp_state_copy_init(&copy);
        world.report = (rp_report){0};
        rp_alloc_inject(k, 1);
        status = rp_state_copy_save(&copy, world.store, &world.report);
        rp_alloc_inject(0, 0);
        rp_state_copy_deinit(&copy);
        assert_true(status == RP_OK || status == RP_ERROR_NO_MEMORY);
        assert_true(k < 200);
    }
    rp_world_end(&world);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        cmocka_unit_test(every_stop_saves_and_loads_to_the_same_bytes),
        cmocka_unit_test(loaded_store_goes_on_to_the_same_end),
        cmocka_unit_test(exchanged_store_goes_on_with_its_own_limits_and_host_functions),
        cmocka_unit_test(linked_instances_save_and_load_to_the_same_bytes_at_every_boundary),
        cmocka_unit_test(loaded_store_exhausts_its_stack_at_the_same_call),
        cmocka_unit_test(observer_is_told_of_a_restore_and_of_no_move),
        cmocka_unit_test(running_store_cannot_be_saved),
        cmocka_unit_test(external_that_is_not_registered_is_told_by_its_place),
        cmocka_unit_test(every_failed_allocation_of_a_load_is_clean),
        cmocka_unit_test(every_failed_allocation_of_a_save_is_told),
    };
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    if (!rp_walk_open_programs()) {
        return failed == 0 ? 77 : failed;
    }
    for (size_t i = 0; i < rp_walk_program_count; i++) {
        const struct CMUnitTest program[] = {
            {.name = rp_walk_programs[i].name,
             .test_func = programs_save_and_load_to_the_same_bytes,
             .initial_state = &rp_walk_programs[i]},
        };
        failed += cmocka_run_group_tests(program, NULL, NULL);
    }
    rp_walk_close_programs();
    return failed;
}
