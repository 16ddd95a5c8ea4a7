/* Properties of snapshots over programs, positions and edits at random (tests): saved, restored and
 * saved again a state has the same bytes and the same root, whichever table and store it is
 * restored into and whatever transport its bytes went through; and the rest of the run is that of a
 * run which was never looked at.
 *
 * Each program runs twice, with the same stops and the same changes by the embedder. One run is
 * saved and restored at every stop, the other not. REPRISE_TEST_SEED picks the programs,
 * REPRISE_TEST_LONG=1 takes many more. */
#include "core/assert.h"
#include "reprise/snapshot.h"
#include "tests/snapshot/random_module.h"
#include "tests/support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define GAS_LIMIT 20000 /* many programs run longer */
#define STOPS 6u
#define GLOBALS 8u
#define EXTERNAL_ID 7777u

/* ---- a program ---- */

struct program {
    uint64_t seed;
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    int64_t stops[STOPS]; /* rising */
    bool edits;
};

static void fail_program(const struct program *program, const char *what, rp_status status,
                         const rp_report *report)
{
    fail_msg("REPRISE_TEST_SEED=%" PRIu64 ": %s: %s: %s", program->seed, what,
             rp_status_name(status), report->text);
}

static void require(const struct program *program, const char *what, rp_status status,
                    const rp_report *report)
{
    if (status != RP_OK) {
        fail_program(program, what, status, report);
    }
}

/* ---- its host ---- */

static rp_host_result mix(void *user, rp_caller *caller, const rp_value *args, rp_value *results)
{
    (void)user;
    rp_store *store = rp_caller_store(caller);
    rp_store_sleep_ns(store, (uint64_t)args[0].of.i64 & 1023);
    results[0].of.i64 =
        args[0].of.i64 ^ (int64_t)rp_store_random_u64(store) ^ (int64_t)rp_store_time_ns(store);
    return RP_HOST_RETURN;
}

/* Answers at once or later. */
static rp_host_result ask(void *user, rp_caller *caller, const rp_value *args, rp_value *results)
{
    (void)user;
    (void)caller;
    results[0].of.i32 = args[0].of.i32 ^ 1;
    return args[0].of.i32 % 2 == 0 ? RP_HOST_RETURN : RP_HOST_PENDING;
}

static rp_store *make_store(const struct program *program, const rp_store_config *config)
{
    static const rp_valkind kinds[] = {RP_I64, RP_I32};
    rp_report report = {0};
    rp_store *store = NULL;
    require(program, "create", rp_store_create(program->engine, config, &store, &report), &report);
    rp_host_func func = {
        .struct_size = sizeof func, .module = "host", .name = "mix", .callback = mix};
    func.type = (rp_functype){kinds, 1, kinds, 1};
    require(program, "define", rp_store_define_func(store, &func, &report), &report);
    func.name = "ask";
    func.callback = ask;
    func.type = (rp_functype){kinds + 1, 1, kinds + 1, 1};
    require(program, "define", rp_store_define_func(store, &func, &report), &report);
    require(program, "register", rp_store_register_external(store, EXTERNAL_ID, &report), &report);
    return store;
}

/* ---- a run ---- */

struct run {
    const struct program *program;
    struct rp_pcg64 random; /* of the edits: the same for both runs */
    struct rp_pcg64 ways;   /* of saving and restoring */
    rp_store *store;
    bool metered;
    bool looks;     /* saves and restores */
    rp_bytes saved; /* at the stop before */
    rp_value result;
    rp_outcome outcome;
    uint32_t hops;
};

static uint64_t below(struct rp_pcg64 *random, uint64_t count)
{
    return rp_pcg64_next(random) % count;
}

/* Replaces a piece of memory, copied or borrowed, by bytes or by zeros. */
static void edit_memory(struct run *run)
{
    static uint8_t bytes[9000];
    uint8_t *borrowed = NULL;
    rp_report report = {0};
    size_t size = 1 + (size_t)below(&run->random, sizeof bytes);
    uint64_t address = below(&run->random, rp_store_memory_size(run->store, 0) - size);
    memset(bytes, 0, size);
    if (below(&run->random, 2) == 0) {
        rp_pcg64_bytes(&run->random, bytes, size);
    }
    if (below(&run->random, 2) == 0) {
        assert_int_equal(rp_store_memory_write(run->store, 0, address, bytes, size), RP_OK);
        return;
    }
    require(run->program, "borrow",
            rp_store_memory_begin(run->store, 0, address, size, &borrowed, &report), &report);
    memcpy(borrowed, bytes, size);
    require(run->program, "give back", rp_store_memory_end(run->store, &report), &report);
}

static void edit_global(struct run *run)
{
    uint32_t index = (uint32_t)below(&run->random, GLOBALS);
    uint64_t bits = rp_pcg64_next(&run->random);
    rp_value value;
    assert_int_equal(rp_store_global_get(run->store, index, &value), RP_OK);
    if (value.kind == RP_I32 || value.kind == RP_F32) {
        value.of.f32_bits = (uint32_t)bits;
    } else {
        value.of.f64_bits = bits;
    }
    assert_int_equal(rp_store_global_set(run->store, index, &value), RP_OK);
}

/* Any function, of any type: a call through the table may trap for it. */
static void edit_table(struct run *run)
{
    uint32_t table = (uint32_t)below(&run->random, 2);
    uint64_t element = below(&run->random, rp_store_table_size(run->store, table));
    rp_value value = {.kind = table == 0 ? RP_FUNCREF : RP_EXTERNREF, .of.ref = RP_REF_NULL};
    if (below(&run->random, 3) != 0) {
        value.of.ref = table == 0 ? below(&run->random, 7) : EXTERNAL_ID;
    }
    assert_int_equal(rp_store_table_set(run->store, table, element, &value), RP_OK);
}

static void edit(struct run *run)
{
    uint8_t data[300];
    rp_report report = {0};
    for (uint64_t left = below(&run->random, 4); left > 0; left--) {
        switch (below(&run->random, 4)) {
        case 0:
            edit_memory(run);
            break;
        case 1:
            edit_global(run);
            break;
        case 2:
            edit_table(run);
            break;
        default:
            rp_pcg64_bytes(&run->random, data, sizeof data);
            require(run->program, "embedder's data",
                    rp_store_set_embedder_data(run->store, data,
                                               (size_t)below(&run->random, sizeof data), &report),
                    &report);
            break;
        }
    }
}

/* ---- saving and restoring ---- */

static void root_of(const struct run *run, uint8_t out_root[RP_ROOT_BYTES])
{
    rp_report report = {0};
    require(run->program, "root", rp_store_root(run->store, out_root, NULL, NULL, &report),
            &report);
}

static void save(const struct run *run, rp_bytes *bytes)
{
    rp_report report = {0};
    require(run->program, "snapshot", rp_store_snapshot(run->store, bytes, &report), &report);
}

static void expect_same(const struct run *run, const char *what, const rp_bytes *a,
                        const rp_bytes *b)
{
    if (a->size != b->size || memcmp(a->data, b->data, a->size) != 0) {
        fail_msg("REPRISE_TEST_SEED=%" PRIu64 ": %s: other bytes, after %u restores",
                 run->program->seed, what, run->hops);
    }
}

/* Through an envelope and out of it again, as a delta against the stop before if there was one. */
static void travel(struct run *run, const rp_bytes *bytes, rp_bytes *out_packed,
                   rp_restore_options *out_options)
{
    rp_report report = {0};
    rp_bytes back = {0};
    rp_pack_options options = {.struct_size = sizeof options,
                               .compress = below(&run->ways, 2) == 0,
                               .module = below(&run->ways, 2) == 0 ? run->program->module : NULL};
    *out_options = (rp_restore_options){.struct_size = sizeof *out_options};
    if (run->saved.size != 0 && below(&run->ways, 2) == 0) {
        options.parent = run->saved.data;
        options.parent_size = run->saved.size;
        out_options->parent = run->saved.data;
        out_options->parent_size = run->saved.size;
    }
    require(run->program, "pack",
            rp_snapshot_pack(bytes->data, bytes->size, &options, out_packed, &report), &report);
    require(run->program, "unpack",
            rp_snapshot_unpack(out_packed->data, out_packed->size, out_options, &back, &report),
            &report);
    expect_same(run, "packed and unpacked", bytes, &back);
    rp_bytes_release(&back);
}

/* Into the same store, or one made afresh. */
static void restore(struct run *run, const rp_bytes *bytes, const rp_restore_options *options)
{
    rp_report report = {0};
    if (below(&run->ways, 3) != 0) {
        rp_snapshot_config config;
        require(run->program, "read the configuration",
                rp_snapshot_read_config(bytes->data, bytes->size, options, &config, &report),
                &report);
        run->metered = !run->metered;
        config.store.metered = run->metered;
        rp_store_destroy(run->store);
        run->store = make_store(run->program, &config.store);
    }
    require(run->program, "restore",
            rp_store_restore(run->store, bytes->data, bytes->size, options, &report), &report);
}

static void hop(struct run *run)
{
    uint8_t roots[3][RP_ROOT_BYTES];
    bool complete = false;
    rp_bytes before = {0};
    rp_bytes after = {0};
    rp_bytes packed = {0};
    rp_restore_options options;
    rp_report report = {0};
    root_of(run, roots[0]);
    save(run, &before);
    travel(run, &before, &packed, &options);
    require(run->program, "verify",
            rp_snapshot_verify(run->program->engine, packed.data, packed.size, &options, &complete,
                               &report),
            &report);
    assert_true(complete);
    restore(run, &packed, &options);
    root_of(run, roots[1]);
    save(run, &after);
    expect_same(run, "saved, restored, saved", &before, &after);
    require(run->program, "root of the snapshot",
            rp_snapshot_root(after.data, after.size, NULL, roots[2], NULL, NULL, &report), &report);
    assert_memory_equal(roots[0], roots[1], RP_ROOT_BYTES);
    assert_memory_equal(roots[0], roots[2], RP_ROOT_BYTES);
    rp_bytes_release(&run->saved);
    rp_bytes_release(&before);
    rp_bytes_release(&packed);
    run->saved = after;
    run->hops++;
}

/* ---- running ---- */

static void begin(struct run *run, const struct program *program, bool looks)
{
    rp_report report = {0};
    rp_instance *instance = NULL;
    rp_extern func;
    rp_store_config config;
    *run = (struct run){.program = program, .looks = looks, .metered = looks};
    rp_pcg64_seed_u64(&run->random, program->seed);
    rp_pcg64_seed_u64(&run->ways, ~program->seed);
    rp_store_config_init(&config);
    config.metered = run->metered;
    config.ns_per_gas = program->seed % 3;
    config.seed = program->seed;
    run->store = make_store(program, &config);
    require(program, "instantiate",
            rp_store_instantiate(run->store, program->module, &instance, &run->outcome, &report),
            &report);
    assert_int_equal(run->outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(rp_instance_export(instance, (rp_name){"run", 3}, &func), RP_OK);
    rp_store_set_gas_limit(run->store, GAS_LIMIT);
    rp_store_set_until_gas(run->store, program->stops[0]);
    require(program, "call",
            rp_store_call(run->store, func.index, NULL, 0, &run->result, 1, &run->outcome, &report),
            &report);
}

static void answer(struct run *run)
{
    rp_pending pending;
    rp_report report = {0};
    assert_int_equal(rp_store_pending(run->store, &pending), RP_OK);
    rp_value value = {.kind = RP_I32, .of.i32 = pending.args[0].of.i32 ^ (int32_t)pending.request};
    require(
        run->program, "complete",
        rp_store_complete(run->store, pending.request, RP_HOST_RETURN, &value, 1, NULL, 0, &report),
        &report);
}

/* Goes on to the end or out of gas, by all stops and waits. */
static void go_on(struct run *run)
{
    rp_report report = {0};
    unsigned stop = 0;
    while (run->outcome.kind == RP_OUTCOME_SUSPENDED) {
        bool waits = run->outcome.reason == RP_REASON_PENDING;
        if (run->looks && (!waits || below(&run->ways, 4) == 0)) {
            hop(run);
        }
        if (waits) {
            answer(run);
        } else if (run->program->edits) {
            edit(run);
        }
        if (run->looks && below(&run->ways, 3) == 0) {
            hop(run); /* once more: answered, or changed by the embedder */
        }
        stop += waits ? 0 : 1;
        rp_store_set_gas_limit(run->store, GAS_LIMIT);
        rp_store_set_until_gas(run->store,
                               stop < STOPS ? run->program->stops[stop] : RP_GAS_UNLIMITED);
        require(run->program, "resume",
                rp_store_resume(run->store, &run->result, 1, &run->outcome, &report), &report);
    }
    if (run->looks) {
        hop(run);
    }
}

static void end(struct run *run)
{
    rp_store_destroy(run->store);
    rp_bytes_release(&run->saved);
}

/* ---- the properties ---- */

static int compare_numbers(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void make_program(struct program *program, uint64_t seed, bool edits)
{
    struct rp_pcg64 random;
    rp_report report = {0};
    *program = (struct program){.seed = seed, .edits = edits};
    rp_pcg64_seed_u64(&random, seed);
    struct rp_span bytes = rp_random_module(&program->wasm, &random);
    require(program, "engine", rp_engine_create(NULL, &program->engine, &report), &report);
    require(program, "load",
            rp_module_load(program->engine, bytes.data, bytes.size, &program->module, &report),
            &report);
    struct run run;
    program->stops[0] = RP_GAS_UNLIMITED;
    for (unsigned i = 0; i < STOPS; i++) {
        program->stops[i] = RP_GAS_UNLIMITED;
    }
    begin(&run, program, false); /* how long it is, without edits */
    go_on(&run);
    uint64_t total = rp_store_gas_used(run.store);
    end(&run);
    for (unsigned i = 0; i < STOPS; i++) {
        program->stops[i] = (int64_t)below(&random, total + 1);
    }
    qsort(program->stops, STOPS, sizeof program->stops[0], compare_numbers);
}

struct totals {
    uint64_t kinds[RP_OUTCOME_TIMED_OUT + 1];
    uint64_t hops;
    uint64_t gas;
};

static void run_program(uint64_t seed, bool edits, struct totals *totals)
{
    struct program program;
    struct run runs[2];
    uint8_t roots[2][RP_ROOT_BYTES];
    rp_bytes ends[2] = {{0}, {0}};
    make_program(&program, seed, edits);
    for (unsigned i = 0; i < 2; i++) {
        begin(&runs[i], &program, i == 1);
        go_on(&runs[i]);
        root_of(&runs[i], roots[i]);
        save(&runs[i], &ends[i]);
    }
    assert_int_equal(runs[0].outcome.kind, runs[1].outcome.kind);
    assert_int_equal(runs[0].outcome.trap, runs[1].outcome.trap);
    assert_true(runs[0].result.of.i64 == runs[1].result.of.i64);
    assert_int_equal(rp_store_gas_used(runs[0].store), rp_store_gas_used(runs[1].store));
    assert_int_equal(rp_store_host_events(runs[0].store), rp_store_host_events(runs[1].store));
    expect_same(&runs[1], "at the end", &ends[0], &ends[1]);
    assert_memory_equal(roots[0], roots[1], RP_ROOT_BYTES);
    totals->kinds[runs[0].outcome.kind]++;
    totals->hops += runs[1].hops;
    totals->gas += rp_store_gas_used(runs[0].store);
    for (unsigned i = 0; i < 2; i++) {
        end(&runs[i]);
        rp_bytes_release(&ends[i]);
    }
    rp_module_destroy(program.module);
    rp_engine_destroy(program.engine);
    rp_wasm_deinit(&program.wasm);
}

static void run_programs(bool edits)
{
    const char *first = getenv("REPRISE_TEST_SEED");
    const char *is_long = getenv("REPRISE_TEST_LONG");
    uint64_t seed = first == NULL ? 1 : strtoull(first, NULL, 0);
    uint64_t count = is_long != NULL && is_long[0] == '1' ? 20000 : 200;
    struct totals totals = {0};
    (void)printf("%" PRIu64 " programs from REPRISE_TEST_SEED=%" PRIu64 " on\n", count, seed);
    for (uint64_t i = 0; i < count; i++) {
        run_program(seed + i, edits, &totals);
    }
    (void)printf("%" PRIu64 " gas, %" PRIu64 " restores; returned %" PRIu64 ", trapped %" PRIu64
                 ", out of gas %" PRIu64 "\n",
                 totals.gas, totals.hops, totals.kinds[RP_OUTCOME_RETURNED],
                 totals.kinds[RP_OUTCOME_TRAPPED], totals.kinds[RP_OUTCOME_OUT_OF_GAS]);
    assert_true(totals.kinds[RP_OUTCOME_RETURNED] > count / 10); /* programs of every kind */
    assert_true(totals.kinds[RP_OUTCOME_OUT_OF_GAS] > count / 50);
    assert_true(totals.hops > 2 * count);
}

static void saving_and_restoring_change_nothing(void **state)
{
    (void)state;
    run_programs(false);
}

static void edited_states_are_saved_and_restored(void **state)
{
    (void)state;
    run_programs(true);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(saving_and_restoring_change_nothing),
        cmocka_unit_test(edited_states_are_saved_and_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
