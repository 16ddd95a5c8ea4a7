/* The tour of all WASI functions (tests): each is called by both names, rightly and wrongly, and
 * answers as planned; when the host cannot take output or bring input, nothing has changed; when it
 * cannot take a line of the trace, the run ends with that call.
 *
 * The walks by gas and by allocation take the tour as one of their programs. */
#include "core/assert.h"
#include "tests/support/unit.h"
#include "tests/support/wasi_print.h"
#include "tests/support/wasm_builder.h"
#include "tests/walks/walk.h"
#include "tests/walks/wasi_tour.h"

#include <stdio.h>

static struct rp_tour tour;

/* Functions that cannot be refused, or can only be; and a program ends only once, by either name
 * (the programs of tests/wasi end by the other). */
static bool may_miss(unsigned version, unsigned function, bool success)
{
    bool is_socket =
        function >= RP_WASI_INDEX_sock_accept && function <= RP_WASI_INDEX_sock_shutdown;
    if (success) {
        return is_socket || (function == RP_WASI_INDEX_proc_exit && version == RP_WASI_UNSTABLE);
    }
    return function == RP_WASI_INDEX_sched_yield || function == RP_WASI_INDEX_proc_exit;
}

static void every_row_is_called_by_both_names(void **state)
{
    (void)state;
    static unsigned counts[RP_WASI_VERSION_COUNT][RP_WASI_FUNCTION_COUNT][2];
    for (uint32_t i = 0; i < tour.count; i++) {
        const struct rp_tour_call *call = &tour.calls[i];
        counts[call->version][call->function][call->expected == RP_WASI_ERRNO_SUCCESS]++;
    }
    for (unsigned version = 0; version < RP_WASI_VERSION_COUNT; version++) {
        for (unsigned i = 0; i < RP_WASI_FUNCTION_COUNT; i++) {
            bool offered = version == RP_WASI_PREVIEW1 || !rp_wasi_functions[i].preview1_only;
            for (unsigned success = 0; success < 2; success++) {
                bool called = counts[version][i][success] > 0;
                if (offered && !called && !may_miss(version, i, success == 1)) {
                    fail_msg("%s is not called %s", rp_wasi_functions[i].name,
                             success == 1 ? "rightly" : "wrongly");
                }
                assert_false(called && !offered);
            }
        }
    }
}

static uint32_t answer_at(const rp_store *store, uint32_t index)
{
    uint32_t answer = 0;
    rp_status status = rp_store_memory_read(store, 0, RP_TOUR_ANSWERS + 4u * index, &answer, 4);
    assert_int_equal(status, RP_OK);
    return answer;
}

static void every_call_answers_as_planned(void **state)
{
    (void)state;
    for (int metered = 0; metered < 2; metered++) {
        struct rp_walk_run run;
        struct rp_walk_limits limits = {
            .metered = metered == 1, .gas_limit = RP_GAS_UNLIMITED, .until_gas = RP_GAS_UNLIMITED};
        rp_walk_begin(&run, rp_walk_find("tour"), &limits);
        assert_int_equal(run.status, RP_OK);
        assert_int_equal(run.outcome.kind, RP_OUTCOME_EXITED);
        for (uint32_t i = 0; i < tour.count && tour.calls[i].function != RP_WASI_INDEX_proc_exit;
             i++) {
            uint32_t answer = answer_at(run.store, i);
            if (answer != tour.calls[i].expected) {
                fail_msg("call %u, %s (%s): %s, expected %s", i,
                         rp_wasi_functions[tour.calls[i].function].name,
                         tour.calls[i].version == RP_WASI_UNSTABLE ? "unstable" : "preview 1",
                         rp_wasi_errno_names[answer], rp_wasi_errno_names[tour.calls[i].expected]);
            }
        }
        assert_int_equal(run.input_given, 10); /* 3 + 2 bytes, twice */
        assert_null(rp_print_check_wasi(run.wasi));
        rp_walk_end(&run);
    }
}

/* ---- host call k fails ---- */

/* The tour in a world whose k-th transfer, or line of the trace, fails. */
struct world {
    unsigned fail_transfer; /* from 1; 0: none */
    unsigned fail_line;
    bool watched;
    rp_wasi_trace_format format;
    unsigned transfers;
    unsigned lines;
    uint64_t gas_at_fail;
    rp_store *store;
    rp_wasi *wasi;
    rp_status status;
    rp_outcome outcome;
    rp_report report;
};

static rp_status count_one(struct world *world, unsigned *count, unsigned fail_at)
{
    if (++*count != fail_at) {
        return RP_OK;
    }
    world->gas_at_fail = rp_store_gas_used(world->store);
    return RP_ERROR_IO;
}

static rp_status world_write(void *user, unsigned stream, const void *data, size_t size,
                             rp_report *report)
{
    (void)stream;
    (void)data;
    (void)size;
    (void)report;
    struct world *world = user;
    return count_one(world, &world->transfers, world->fail_transfer);
}

static rp_status world_read(void *user, void *data, size_t size, size_t *out_count,
                            rp_report *report)
{
    (void)report;
    struct world *world = user;
    memset(data, 'x', size);
    *out_count = size;
    return count_one(world, &world->transfers, world->fail_transfer);
}

static rp_status world_line(void *user, const char *line, size_t size, rp_report *report)
{
    (void)report;
    struct world *world = user;
    assert_true(size > 0 && line != NULL);
    return count_one(world, &world->lines, world->fail_line);
}

/* Runs `plan` up to `until_gas`. */
static void run_world(struct world *world, const struct world *plan, bool metered,
                      int64_t until_gas)
{
    const struct rp_walk_program *program = rp_walk_find("tour");
    rp_store_config store_config;
    rp_wasi_config config;
    rp_instance *instance = NULL;
    rp_extern start;
    *world = *plan;
    rp_store_config_init(&store_config);
    store_config.metered = metered;
    rp_wasi_config_init(&config);
    config.read = world_read;
    config.write = world_write;
    config.user = world;
    assert_int_equal(rp_store_create(program->engine, &store_config, &world->store, NULL), RP_OK);
    assert_int_equal(rp_wasi_create(&config, &world->wasi, NULL), RP_OK);
    assert_int_equal(rp_wasi_default_tree(world->wasi, NULL), RP_OK);
    assert_int_equal(rp_wasi_define(world->wasi, world->store, NULL), RP_OK);
    rp_wasi_set_trace(world->wasi, world->format, world->watched ? world_line : NULL, world);
    assert_int_equal(
        rp_store_instantiate(world->store, program->module, &instance, &world->outcome, NULL),
        RP_OK);
    assert_int_equal(rp_instance_export(instance, (rp_name){"_start", 6}, &start), RP_OK);
    rp_store_set_until_gas(world->store, until_gas);
    world->status =
        rp_store_call(world->store, start.index, NULL, 0, NULL, 0, &world->outcome, &world->report);
    assert_null(rp_print_check_wasi(world->wasi));
}

static void end_world(struct world *world)
{
    rp_store_destroy(world->store);
    rp_wasi_destroy(world->wasi);
}

/* The files, descriptors and answers are those of the run that stopped before the call. */
static void transfers_that_fail_leave_everything(void **state)
{
    (void)state;
    static const struct world plain;
    struct world whole;
    run_world(&whole, &plain, false, RP_GAS_UNLIMITED);
    assert_int_equal(whole.outcome.kind, RP_OUTCOME_EXITED);
    assert_int_equal(whole.transfers, 6); /* two outputs and an input, twice */
    for (unsigned k = 1; k <= whole.transfers; k++) {
        uint64_t gas[2];
        for (int metered = 0; metered < 2; metered++) {
            struct world failed, stopped;
            run_world(&failed, &(struct world){.fail_transfer = k}, metered == 1, RP_GAS_UNLIMITED);
            assert_int_equal(failed.status, RP_ERROR_HOST);
            assert_non_null(strstr(failed.report.text, "standard "));
            assert_int_equal(failed.transfers, k);
            gas[metered] = failed.gas_at_fail;
            assert_int_equal(rp_store_gas_used(failed.store), failed.gas_at_fail);
            run_world(&stopped, &plain, metered == 1, (int64_t)failed.gas_at_fail - 1);
            assert_int_equal(stopped.transfers, k - 1);
            assert_true(rp_print_wasi(failed.wasi) == rp_print_wasi(stopped.wasi));
            for (uint32_t i = 0; i < tour.count; i++) {
                assert_int_equal(answer_at(failed.store, i), answer_at(stopped.store, i));
            }
            end_world(&stopped);
            end_world(&failed);
        }
        assert_true(gas[0] == gas[1]);
    }
    end_world(&whole);
}

static void watching_changes_nothing(void **state)
{
    (void)state;
    static const struct world plans[] = {{.watched = false},
                                         {.watched = true, .format = RP_WASI_TRACE_TEXT},
                                         {.watched = true, .format = RP_WASI_TRACE_JSON}};
    struct world worlds[RP_ARRAY_COUNT(plans)];
    for (size_t i = 0; i < RP_ARRAY_COUNT(plans); i++) {
        run_world(&worlds[i], &plans[i], false, RP_GAS_UNLIMITED);
        assert_int_equal(worlds[i].outcome.kind, RP_OUTCOME_EXITED);
        assert_int_equal(worlds[i].lines, plans[i].watched ? tour.count : 0);
        assert_int_equal(worlds[i].transfers, worlds[0].transfers);
        assert_true(rp_store_gas_used(worlds[i].store) == rp_store_gas_used(worlds[0].store));
        assert_true(rp_walk_store_print(worlds[i].store) == rp_walk_store_print(worlds[0].store));
        assert_true(rp_print_wasi(worlds[i].wasi) == rp_print_wasi(worlds[0].wasi));
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(plans); i++) {
        end_world(&worlds[i]);
    }
}

/* Every host call fails once, behind what it does: files and descriptors are those of the run that
 * stopped behind the call, and the program has not seen the answer. */
static void lines_that_cannot_be_told_end_the_run_at_their_call(void **state)
{
    (void)state;
    static const struct world plain;
    for (unsigned k = 1; k <= tour.count; k++) {
        struct world plan = {.watched = true, .fail_line = k};
        uint64_t gas[2];
        for (int metered = 0; metered < 2; metered++) {
            struct world failed, stopped;
            run_world(&failed, &plan, metered == 1, RP_GAS_UNLIMITED);
            assert_int_equal(failed.status, RP_ERROR_HOST);
            assert_int_equal(failed.lines, k);
            gas[metered] = failed.gas_at_fail;
            assert_int_equal(rp_store_gas_used(failed.store), failed.gas_at_fail);
            run_world(&stopped, &plain, metered == 1, (int64_t)failed.gas_at_fail);
            assert_true(rp_print_wasi(failed.wasi) == rp_print_wasi(stopped.wasi));
            assert_int_equal(failed.transfers, stopped.transfers);
            assert_int_equal(answer_at(failed.store, k - 1), 0);
            end_world(&stopped);
            end_world(&failed);
        }
        assert_true(gas[0] == gas[1]);
    }
}

/* ---- no memory ---- */

/* run(size) = random_get(0, size) in a module that has no memory. */
static void build_bare(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t get_type = rp_wasm_type(wasm, "ii", "i");
    uint32_t run_type = rp_wasm_type(wasm, "i", "i");
    uint32_t get = rp_wasm_import_func(wasm, "wasi_unstable", "random_get", get_type);
    rp_wasm_export(wasm, "run", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, run_type, ""));
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_call, get);
    rp_wasm_func_end(wasm);
}

static void modules_without_memory_may_name_empty_ranges_alone(void **state)
{
    (void)state;
    rp_engine *engine = rp_walk_find("tour")->engine;
    struct rp_wasm wasm;
    rp_module *module;
    rp_store *store;
    rp_wasi *wasi;
    rp_instance *instance;
    rp_outcome outcome;
    rp_extern run;
    rp_wasi_config config;
    rp_wasi_config_init(&config);
    build_bare(&wasm);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    assert_int_equal(rp_module_load(engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    assert_int_equal(rp_store_create(engine, NULL, &store, NULL), RP_OK);
    assert_int_equal(rp_wasi_create(&config, &wasi, NULL), RP_OK);
    assert_int_equal(rp_wasi_define(wasi, store, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(store, module, &instance, &outcome, NULL), RP_OK);
    assert_int_equal(rp_instance_export(instance, (rp_name){"run", 3}, &run), RP_OK);
    for (int32_t size = 0; size < 2; size++) {
        rp_value arg = {.kind = RP_I32, .of.i32 = size};
        rp_value answer;
        assert_int_equal(rp_store_call(store, run.index, &arg, 1, &answer, 1, &outcome, NULL),
                         RP_OK);
        assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
        assert_int_equal(answer.of.i32, size == 0 ? RP_WASI_ERRNO_SUCCESS : RP_WASI_ERRNO_FAULT);
    }
    rp_store_destroy(store);
    rp_wasi_destroy(wasi);
    rp_module_destroy(module);
    rp_wasm_deinit(&wasm);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_called_by_both_names),
        cmocka_unit_test(every_call_answers_as_planned),
        cmocka_unit_test(transfers_that_fail_leave_everything),
        cmocka_unit_test(watching_changes_nothing),
        cmocka_unit_test(lines_that_cannot_be_told_end_the_run_at_their_call),
        cmocka_unit_test(modules_without_memory_may_name_empty_ranges_alone),
    };
    if (!rp_walk_open_programs()) {
        return 77;
    }
    rp_tour_plan(&tour);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rp_walk_close_programs();
    return failed;
}
