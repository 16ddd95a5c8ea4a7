/* The gas walk (tests): with gas limit k, and with until-gas k, for every k, a program stops in
 * exactly the state that the undisturbed run has at its last boundary not past k, in both tables;
 * refilled, it goes on to the same end (docs/gas.md).
 *
 * The reference is the metered table, stopped before every single instruction. */
#include "core/assert.h"
#include "tests/support/unit.h"
#include "tests/walks/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The boundaries of the undisturbed run. Prints are 0 where no limit of the sample stops. */
struct reference {
    const struct rp_walk_program *program;
    struct rp_walk_sample sample;
    int64_t *positions; /* rising */
    uint64_t *prints;
    size_t count, capacity;
    int64_t total; /* gas at the end */
    uint64_t end_print;
};

static void add_boundary(struct reference *reference, int64_t position)
{
    if (reference->count == reference->capacity) {
        reference->capacity = reference->capacity * 2 + 1024;
        reference->positions =
            realloc(reference->positions, reference->capacity * sizeof *reference->positions);
        RP_ASSERT(reference->positions != NULL);
    }
    reference->positions[reference->count++] = position;
}

/* Limits that are always walked: both ends, and the borders around them. */
static bool takes_limit(const struct reference *reference, int64_t k)
{
    return k <= 2 || k >= reference->total - 2 || rp_walk_takes(&reference->sample, (uint64_t)k);
}

static bool takes_boundary(const struct reference *reference, size_t index)
{
    int64_t next =
        index + 1 == reference->count ? reference->total : reference->positions[index + 1];
    bool taken = false;
    for (int64_t k = reference->positions[index]; !taken && k < next; k++) {
        taken = takes_limit(reference, k);
    }
    return taken;
}

/* Single steps to the end; the visitor is told of each boundary. */
static void step_through(struct reference *reference,
                         void (*visit)(struct reference *, const struct rp_walk_run *, int64_t))
{
    struct rp_walk_run run;
    struct rp_walk_limits limits = {.metered = true, .gas_limit = RP_GAS_UNLIMITED};
    rp_walk_begin(&run, reference->program, &limits);
    int64_t seen = -1;
    for (int64_t until = 0; rp_walk_is_stopped(&run);) {
        assert_int_equal(run.outcome.kind, RP_OUTCOME_SUSPENDED);
        assert_int_equal(run.outcome.reason, RP_REASON_UNTIL_GAS);
        int64_t position = (int64_t)rp_store_gas_used(run.store);
        assert_true(position <= until);
        if (position != seen) {
            assert_int_equal(position,
                             until); /* the first limit that reaches a boundary meets it */
            visit(reference, &run, position);
            seen = position;
        }
        rp_walk_resume(&run, RP_GAS_UNLIMITED, ++until);
    }
    assert_true(rp_walk_is_right(&run));
    reference->total = (int64_t)rp_store_gas_used(run.store);
    reference->end_print = rp_walk_fingerprint(&run);
    rp_walk_end(&run);
}

static void note_position(struct reference *reference, const struct rp_walk_run *run,
                          int64_t position)
{
    (void)run;
    add_boundary(reference, position);
}

static size_t find_boundary(const struct reference *reference, int64_t limit)
{
    size_t low = 0;
    size_t high = reference->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (reference->positions[middle] <= limit) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static void note_print(struct reference *reference, const struct rp_walk_run *run, int64_t position)
{
    size_t index = find_boundary(reference, position);
    assert_int_equal(reference->positions[index], position);
    if (takes_boundary(reference, index)) {
        reference->prints[index] = rp_walk_fingerprint(run);
    }
}

/* About how many limits are walked in a second or two. */
static uint64_t limits_for(uint64_t total)
{
    uint64_t most = 60000000u / total;
    return most < 100 ? 100 : most > 2500 ? 2500 : most;
}

static void make_reference(struct reference *reference, const struct rp_walk_program *program)
{
    *reference = (struct reference){.program = program};
    step_through(reference, note_position);
    char what[64];
    (void)snprintf(what, sizeof what, "gas limits of %s", program->name);
    uint64_t total = (uint64_t)reference->total;
    reference->sample = rp_walk_sample_of(what, total, limits_for(total));
    reference->prints = calloc(reference->count, sizeof *reference->prints);
    RP_ASSERT(reference->prints != NULL);
    step_through(reference, note_print);
}

static void free_reference(struct reference *reference)
{
    free(reference->positions);
    free(reference->prints);
}

static void check_end(const struct reference *reference, const struct rp_walk_run *run)
{
    assert_true(rp_walk_is_right(run));
    assert_int_equal(rp_store_gas_used(run->store), reference->total);
    assert_true(rp_walk_fingerprint(run) == reference->end_print);
}

/* One limit, in one table. `until`: as until-gas, else as gas limit. */
static void walk_limit(const struct reference *reference, int64_t k, bool metered, bool until)
{
    struct rp_walk_run run;
    struct rp_walk_limits limits = {.metered = metered,
                                    .gas_limit = until ? RP_GAS_UNLIMITED : k,
                                    .until_gas = until ? k : RP_GAS_UNLIMITED};
    rp_walk_begin(&run, reference->program, &limits);
    if (k < reference->total) {
        size_t index = find_boundary(reference, k);
        assert_true(rp_walk_is_stopped(&run));
        assert_int_equal(run.outcome.kind, until ? RP_OUTCOME_SUSPENDED : RP_OUTCOME_OUT_OF_GAS);
        assert_int_equal(run.outcome.reason, until ? RP_REASON_UNTIL_GAS : RP_REASON_NONE);
        assert_int_equal(rp_store_gas_used(run.store), reference->positions[index]);
        assert_true(reference->prints[index] != 0);
        assert_true(rp_walk_fingerprint(&run) == reference->prints[index]);
        rp_walk_resume(&run, RP_GAS_UNLIMITED, RP_GAS_UNLIMITED);
    }
    check_end(reference, &run);
    rp_walk_end(&run);
}

static void stops_at_every_limit(void **state)
{
    struct reference reference;
    make_reference(&reference, *state);
    uint64_t walked = 0;
    for (int64_t k = 0; k <= reference.total + 2; k++) {
        if (takes_limit(&reference, k)) {
            for (int way = 0; way < 4; way++) {
                walk_limit(&reference, k, (way & 1) != 0, (way & 2) != 0);
            }
            walked++;
        }
    }
    for (int way = 0; way < 4; way++) {
        walk_limit(&reference, INT64_MAX, (way & 1) != 0, (way & 2) != 0);
    }
    (void)printf("%s: %zu boundaries, %" PRId64 " gas, %" PRIu64 " limits in both tables\n",
                 reference.program->name, reference.count, reference.total, walked);
    free_reference(&reference);
}

/* Raises the limit again and again, by steps of all sizes: the run goes on from each stop as if
 * nothing had been. */
static void goes_on_after_every_refill(void **state)
{
    const struct rp_walk_program *program = *state;
    uint64_t prints[2];
    for (int table = 0; table < 2; table++) {
        struct rp_walk_run run;
        struct rp_walk_limits limits = {.metered = table != 0, .until_gas = RP_GAS_UNLIMITED};
        rp_walk_begin(&run, program, &limits);
        uint64_t random = 88172645463325252u;
        for (int64_t limit = 0; rp_walk_is_stopped(&run);) {
            assert_true((int64_t)rp_store_gas_used(run.store) <= limit);
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            limit += 1 + (int64_t)(random >> 32 & ((1u << (random & 15)) - 1));
            rp_walk_resume(&run, limit, RP_GAS_UNLIMITED);
        }
        assert_true(rp_walk_is_right(&run));
        prints[table] = rp_walk_fingerprint(&run);
        rp_walk_end(&run);
    }
    assert_true(prints[0] == prints[1]);
}

int main(void)
{
    if (!rp_walk_open_programs()) {
        return 77;
    }
    struct CMUnitTest *tests = calloc(2 * rp_walk_program_count, sizeof *tests);
    char(*names)[64] = calloc(2 * rp_walk_program_count, sizeof *names);
    RP_ASSERT(tests != NULL && names != NULL);
    for (size_t i = 0; i < 2 * rp_walk_program_count; i++) {
        struct rp_walk_program *program = &rp_walk_programs[i / 2];
        bool limits = i % 2 == 0;
        (void)snprintf(names[i], sizeof names[i], "%s_%s", program->name,
                       limits ? "stops_at_every_gas_limit" : "goes_on_after_every_refill");
        tests[i] = (struct CMUnitTest){
            .name = names[i],
            .test_func = limits ? stops_at_every_limit : goes_on_after_every_refill,
            .initial_state = program,
        };
    }
    int failed = _cmocka_run_group_tests("gas_walk", tests, 2 * rp_walk_program_count, NULL, NULL);
    free(names);
    free(tests);
    rp_walk_close_programs();
    return failed;
}
