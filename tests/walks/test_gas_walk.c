/* The gas walk (tests): with gas limit k, and with until-gas k, a program stops in exactly the
 * state that the undisturbed run has at its last boundary not past k, in both tables; refilled, it
 * goes on to the same end (docs/gas.md). Walked is every k at a boundary or beside one: within what
 * one instruction costs, all limits stop before it.
 *
 * The reference is the metered table, stopped before every single instruction. */
#include "core/assert.h"
#include "tests/support/unit.h"
#include "tests/walks/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The undisturbed run. Prints are 0 where no limit of the sample stops. */
struct reference {
    const struct rp_walk_program *program;
    struct rp_walk_path path;
    struct rp_walk_sample sample; /* of boundaries */
    uint64_t *prints;             /* one for each boundary */
    uint64_t end_print;
};

/* Always walked: both ends. */
static bool takes_boundary(const struct reference *reference, size_t index)
{
    return index < 2 || index + 2 >= reference->path.count ||
           rp_walk_takes(&reference->sample, index);
}

/* A limit beside a boundary that is taken may stop at the one before or behind it. */
static bool wants_print(const struct reference *reference, size_t index)
{
    return takes_boundary(reference, index) || takes_boundary(reference, index + 1) ||
           takes_boundary(reference, index - (index > 0));
}

/* From boundary to boundary, each of which is met exactly. */
static void note_prints(struct reference *reference)
{
    const struct rp_walk_path *path = &reference->path;
    struct rp_walk_run run;
    struct rp_walk_limits limits = {.metered = true, .gas_limit = RP_GAS_UNLIMITED};
    rp_walk_begin(&run, reference->program, &limits);
    for (size_t i = 0; i < path->count; i++) {
        assert_true(rp_walk_is_stopped(&run));
        assert_int_equal(rp_store_gas_used(run.store), path->positions[i]);
        if (wants_print(reference, i)) {
            reference->prints[i] = rp_walk_fingerprint(&run);
        }
        bool last = i + 1 == path->count;
        rp_walk_resume(&run, RP_GAS_UNLIMITED, last ? RP_GAS_UNLIMITED : path->positions[i + 1]);
    }
    assert_true(rp_walk_is_right(&run));
    reference->end_print = rp_walk_fingerprint(&run);
    rp_walk_end(&run);
}

/* About how many boundaries are walked in a second or two. */
static uint64_t boundaries_for(uint64_t count)
{
    uint64_t most = 8000000u / count;
    return most < 30 ? 30 : most > 1500 ? 1500 : most;
}

static void make_reference(struct reference *reference, const struct rp_walk_program *program)
{
    *reference = (struct reference){.program = program};
    rp_walk_find_path(program, &reference->path);
    char what[64];
    (void)snprintf(what, sizeof what, "boundaries of %s", program->name);
    uint64_t count = reference->path.count;
    reference->sample = rp_walk_sample_of(what, count, boundaries_for(count));
    reference->prints = calloc(count, sizeof *reference->prints);
    RP_ASSERT(reference->prints != NULL);
    note_prints(reference);
}

static void free_reference(struct reference *reference)
{
    rp_walk_free_path(&reference->path);
    free(reference->prints);
}

static void check_end(const struct reference *reference, const struct rp_walk_run *run)
{
    assert_true(rp_walk_is_right(run));
    assert_int_equal(rp_store_gas_used(run->store), reference->path.total);
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
    if (k < reference->path.total) {
        size_t index = rp_walk_boundary(&reference->path, k);
        assert_true(rp_walk_is_stopped(&run));
        assert_int_equal(run.outcome.kind, until ? RP_OUTCOME_SUSPENDED : RP_OUTCOME_OUT_OF_GAS);
        assert_int_equal(run.outcome.reason, until ? RP_REASON_UNTIL_GAS : RP_REASON_NONE);
        assert_int_equal(rp_store_gas_used(run.store), reference->path.positions[index]);
        assert_true(reference->prints[index] != 0);
        assert_true(rp_walk_fingerprint(&run) == reference->prints[index]);
        rp_walk_resume(&run, RP_GAS_UNLIMITED, RP_GAS_UNLIMITED);
    }
    check_end(reference, &run);
    rp_walk_end(&run);
}

static void walk_limit_all_ways(const struct reference *reference, int64_t k)
{
    for (int way = 0; way < 4; way++) {
        walk_limit(reference, k, (way & 1) != 0, (way & 2) != 0);
    }
}

static void stops_at_every_limit(void **state)
{
    struct reference reference;
    make_reference(&reference, *state);
    uint64_t walked = 0;
    int64_t next = 0; /* all below it are done, or not taken */
    for (size_t i = 0; i < reference.path.count; i++) {
        int64_t position = reference.path.positions[i];
        for (int64_t k = position - 1; takes_boundary(&reference, i) && k <= position + 1; k++) {
            if (k >= next) {
                walk_limit_all_ways(&reference, k);
                walked++;
                next = k + 1;
            }
        }
    }
    for (int64_t k = reference.path.total - 1; k <= reference.path.total + 2; k++) {
        walk_limit_all_ways(&reference, k);
    }
    walk_limit_all_ways(&reference, INT64_MAX);
    (void)printf("%s: %zu boundaries, %" PRId64 " gas, %" PRIu64 " limits in both tables\n",
                 reference.program->name, reference.path.count, reference.path.total, walked);
    free_reference(&reference);
}

/* Raises the limit again and again, by steps of all sizes, twice as far where nothing fitted: the
 * run goes on from each stop as if nothing had been. */
static void goes_on_after_every_refill(void **state)
{
    const struct rp_walk_program *program = *state;
    uint64_t prints[2];
    for (int table = 0; table < 2; table++) {
        struct rp_walk_run run;
        struct rp_walk_limits limits = {.metered = table != 0, .until_gas = RP_GAS_UNLIMITED};
        rp_walk_begin(&run, program, &limits);
        uint64_t random = 88172645463325252u;
        uint64_t seen = UINT64_MAX;
        unsigned idle = 0; /* stops at the same place */
        for (int64_t limit = 0; rp_walk_is_stopped(&run);) {
            uint64_t position = rp_store_gas_used(run.store);
            assert_true((int64_t)position <= limit);
            idle = position == seen ? idle + 1 : 0;
            seen = position;
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            unsigned bits = (random & 15) + idle;
            bits = bits < 58 ? bits : 58;
            limit += 1 + (int64_t)(random >> 4 & ((UINT64_C(1) << bits) - 1));
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
