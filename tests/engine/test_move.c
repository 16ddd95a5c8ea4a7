/* The experiment Move (tests; docs/design/frame.md): at every instruction the whole state of the
 * store is copied into a freshly made store, and the run goes on there to the same end. So no state
 * hides in the native stack or in pointers. */
#include "core/assert.h"
#include "engine/store.h"
#include "snapshot/move.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"
#include "tests/walks/walk.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- real programs ---- */

static void move_run(struct rp_walk_run *run)
{
    rp_report report = {0};
    uint64_t before = rp_walk_fingerprint(run);
    const rp_store *old = run->store;
    assert_int_equal(rp_store_move(&run->store, &report), RP_OK);
    assert_ptr_not_equal(run->store, old);
    assert_true(rp_walk_fingerprint(run) == before);
}

static uint64_t undisturbed(const struct rp_walk_program *program, uint64_t *out_gas)
{
    struct rp_walk_run run;
    struct rp_walk_limits limits = {.gas_limit = RP_GAS_UNLIMITED, .until_gas = RP_GAS_UNLIMITED};
    rp_walk_begin(&run, program, &limits);
    assert_true(rp_walk_is_right(&run));
    uint64_t print = rp_walk_fingerprint(&run);
    *out_gas = rp_store_gas_used(run.store);
    rp_walk_end(&run);
    return print;
}

/* One run, moved at each boundary of the sample; between them it is stopped before each
 * instruction. */
static void move_along(const struct rp_walk_program *program, bool metered,
                       const struct rp_walk_sample *sample, uint64_t end_print)
{
    struct rp_walk_run run;
    struct rp_walk_limits limits = {.metered = metered, .gas_limit = RP_GAS_UNLIMITED};
    rp_walk_begin(&run, program, &limits);
    uint64_t seen = UINT64_MAX;
    for (int64_t until = 0; rp_walk_is_stopped(&run); until++) {
        uint64_t position = rp_store_gas_used(run.store);
        if (position != seen && rp_walk_takes(sample, position)) {
            move_run(&run);
        }
        seen = position;
        rp_walk_resume(&run, RP_GAS_UNLIMITED, until + 1);
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

static void moves_at_every_boundary(void **state)
{
    const struct rp_walk_program *program = *state;
    uint64_t gas = 0;
    uint64_t end_print = undisturbed(program, &gas);
    char what[64];
    (void)snprintf(what, sizeof what, "moves of %s along one run", program->name);
    struct rp_walk_sample sample = rp_walk_sample_of(what, gas, 4000);
    move_along(program, false, &sample, end_print);
    move_along(program, true, &sample, end_print);
    (void)snprintf(what, sizeof what, "moves of %s, one in a run", program->name);
    sample = rp_walk_sample_of(what, gas, 300);
    for (int64_t k = 0; k < (int64_t)gas; k++) {
        if (k == 0 || rp_walk_takes(&sample, (uint64_t)k)) {
            move_once(program, false, k, end_print);
            move_once(program, true, k, end_print);
        }
    }
}
