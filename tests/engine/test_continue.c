/* Claims about host functions that call the guest and continue (docs/host-functions.md, "Calling
 * and continuing"). */
#include "snapshot/move.h"
#include "tests/engine/host_guest.h"

/* What play does: it calls `name` with its last argument, `rounds` times one after the other, in a
 * share of `gas_max`, natively or by RP_HOST_CALL; then it answers as `last` says. */
struct plan {
    const char *name;
    bool native;
    uint64_t gas_max;
    int32_t rounds;
    rp_host_result last;
    rp_outcome outcome; /* of the latest call */
    unsigned ended;
    int32_t sum; /* of what was returned */
};

/* The state between two rounds. */
struct progress {
    int32_t round;
    int32_t sum;
};

static rp_host_result finish(struct plan *plan, rp_caller *caller, const struct progress *progress,
                             rp_value *results)
{
    plan->sum = progress->sum;
    results[0].of.i32 = progress->sum;
    rp_caller_message(caller, "play is over");
    rp_caller_set_exit_code(caller, 9);
    return plan->last;
}

static void note(struct plan *plan, struct progress *progress, const rp_outcome *outcome,
                 const rp_value *returned)
{
    plan->outcome = *outcome;
    plan->ended++;
    progress->round++;
    progress->sum += outcome->kind == RP_OUTCOME_RETURNED ? returned[0].of.i32 : 1000000;
}

static rp_host_result begin_round(struct host_guest *guest, rp_caller *caller,
                                  const struct progress *progress, const rp_value *args)
{
    const struct plan *plan = guest->plan;
    const rp_value pair[2] = {args[1], args[1]};
    size_t count = strcmp(plan->name, "play") == 0 ? 2 : 1;
    rp_status status = rp_caller_call_then(caller, host_guest_index(guest, plan->name), pair, count,
                                           plan->gas_max, progress, sizeof *progress, NULL);
    assert_true(status == RP_OK || status == RP_ERROR_NO_MEMORY);
    return status == RP_OK ? RP_HOST_CALL : RP_HOST_FAIL;
}

static rp_host_result play_plan(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                                rp_value *results)
{
    struct plan *plan = guest->plan;
    struct progress progress = {0};
    if (!plan->native && plan->rounds != 0) {
        return begin_round(guest, caller, &progress, args);
    }
    while (progress.round < plan->rounds) {
        rp_outcome outcome;
        rp_value returned;
        assert_int_equal(rp_caller_call(caller, host_guest_index(guest, plan->name), &args[1], 1,
                                        plan->gas_max, false, &returned, 1, &outcome, NULL),
                         RP_OK);
        note(plan, &progress, &outcome, &returned);
    }
    return finish(plan, caller, &progress, results);
}

static rp_host_result continue_plan(void *user, rp_caller *caller, const rp_value *args,
                                    const void *state, size_t state_size, const rp_outcome *outcome,
                                    const rp_value *returned, size_t returned_count,
                                    rp_value *results)
{
    struct host_guest *guest = user;
    struct plan *plan = guest->plan;
    struct progress progress;
    assert_int_equal(state_size, sizeof progress);
    assert_int_equal(returned_count, outcome->kind == RP_OUTCOME_RETURNED ? 1 : 0);
    memcpy(&progress, state, sizeof progress);
    note(plan, &progress, outcome, returned);
    return progress.round < plan->rounds ? begin_round(guest, caller, &progress, args)
                                         : finish(plan, caller, &progress, results);
}

static void begin_plan(struct host_guest *guest, struct plan *plan)
{
    guest->plan = plan;
    guest->play = play_plan;
    guest->continue_play = continue_plan;
}

/* ---- against native calls ---- */

struct figures {
    rp_outcome_kind kind;
    rp_trap_code trap;
    int32_t result;
    uint64_t gas;
    uint64_t host_gas;
    int32_t memory;
    rp_outcome_kind inner;
    rp_trap_code inner_trap;
    unsigned ended;
};

static struct figures read_figures(const struct host_guest *guest)
{
    const struct plan *plan = guest->plan;
    bool returned = guest->outcome.kind == RP_OUTCOME_RETURNED;
    return (struct figures){.kind = guest->outcome.kind,
                            .trap = guest->outcome.trap,
                            .result = returned ? guest->result.of.i32 : 0,
                            .gas = rp_store_gas_used(guest->store),
                            .host_gas = rp_store_gas(guest->store).host,
                            .memory = host_guest_memory(guest),
                            .inner = plan->outcome.kind,
                            .inner_trap = plan->outcome.trap,
                            .ended = plan->ended};
}

static void assert_figures_equal(const struct figures *left, const struct figures *right)
{
    assert_int_equal(left->kind, right->kind);
    assert_int_equal(left->trap, right->trap);
    assert_int_equal(left->result, right->result);
    assert_int_equal(left->gas, right->gas);
    assert_int_equal(left->host_gas, right->host_gas);
    assert_int_equal(left->memory, right->memory);
    assert_int_equal(left->inner, right->inner);
    assert_int_equal(left->inner_trap, right->inner_trap);
    assert_int_equal(left->ended, right->ended);
}

/* Writes the state and reads it again. */
static void move(struct host_guest *guest)
{
    assert_int_equal(rp_store_move(guest->store, &guest->report), RP_OK);
    guest->instance = rp_store_instance(guest->store, 0);
}

/* Runs `entry` until it ends; it is stopped every `slice` gas, if that is not 0, and moved. */
static struct figures run_sliced(struct plan plan, const char *entry, int32_t n, bool metered,
                                 int64_t slice, bool moved)
{
    struct host_guest guest;
    host_guest_begin(&guest, metered);
    begin_plan(&guest, &plan);
    int64_t until = slice;
    if (slice != 0) {
        rp_store_set_until_gas(guest.store, until);
    }
    rp_outcome_kind kind = host_guest_call(&guest, entry, n);
    while (kind == RP_OUTCOME_SUSPENDED) {
        assert_int_equal(guest.outcome.reason, RP_REASON_UNTIL_GAS);
        assert_true((int64_t)rp_store_gas_used(guest.store) <= until);
        until += slice;
        rp_store_set_until_gas(guest.store, until);
        if (moved) {
            move(&guest);
        }
        kind = host_guest_resume(&guest);
    }
    struct figures figures = read_figures(&guest);
    host_guest_end(&guest);
    return figures;
}

static struct figures run_plan(struct plan plan, const char *entry, int32_t n, bool metered,
                               int64_t slice)
{
    return run_sliced(plan, entry, n, metered, slice, false);
}

static const struct plan plans[] = {
    {.name = "bump", .gas_max = 1000, .rounds = 1},
    {.name = "bump", .gas_max = 1000, .rounds = 3},
    {.name = "bump_trap", .gas_max = 1000, .rounds = 2},
    {.name = "spin", .gas_max = 500, .rounds = 2},
    {.name = "spin", .gas_max = 0, .rounds = 1},
    {.name = "direct", .gas_max = 1000, .rounds = 2},
    {.name = "indirect", .gas_max = 1000, .rounds = 2},
    {.name = "ask", .gas_max = 1000, .rounds = 2},
    {.name = "deep", .gas_max = 10000, .rounds = 2},
    {.name = "bump", .gas_max = 1000, .rounds = 1, .last = RP_HOST_TRAP},
    {.name = "bump_trap", .gas_max = 1000, .rounds = 1, .last = RP_HOST_EXIT},
    {.name = "grow", .gas_max = 100000, .rounds = 2},
    {.name = "bump", .gas_max = 1000, .rounds = 0},
};

static void it_ends_as_a_native_call_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(plans); i++) {
        struct plan native = plans[i];
        native.native = true;
        for (int metered = 0; metered < 2; metered++) {
            static const char *const entries[] = {"twice", "play"};
            for (size_t j = 0; j < RP_ARRAY_COUNT(entries); j++) {
                struct figures wanted = run_plan(native, entries[j], 3, metered == 1, 0);
                struct figures got = run_plan(plans[i], entries[j], 3, metered == 1, 0);
                assert_figures_equal(&got, &wanted);
            }
        }
    }
}

static void it_can_stop_at_every_boundary(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(plans); i++) {
        for (int metered = 0; metered < 2; metered++) {
            struct figures wanted = run_plan(plans[i], "twice", 3, metered == 0, 0);
            for (int64_t slice = 30; slice < 70; slice++) {
                struct figures got = run_plan(plans[i], "twice", 3, metered == 1, slice);
                assert_figures_equal(&got, &wanted);
            }
        }
    }
}

static void it_can_be_moved_at_every_boundary(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(plans); i++) {
        static const char *const entries[] = {"twice", "play"};
        for (size_t j = 0; j < RP_ARRAY_COUNT(entries); j++) {
            struct figures wanted = run_plan(plans[i], entries[j], 3, false, 0);
            for (int64_t slice = 51; slice < 56; slice++) {
                struct figures got =
                    run_sliced(plans[i], entries[j], 3, slice % 2 == 0, slice, true);
                assert_figures_equal(&got, &wanted);
            }
        }
    }
}

/* The share is exact: with one unit less than the call takes its last instruction does not execute.
 */
static void the_share_is_exact(void **state)
{
    (void)state;
    static const char *const names[] = {"bump", "direct", "indirect", "ask", "deep", "bump_trap"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        for (uint64_t share = 0; share < 150; share++) {
            struct plan plan = {.name = names[i], .gas_max = share, .rounds = 1};
            struct figures got = run_plan(plan, "play", 3, share % 2 == 0, 0);
            plan.native = true;
            struct figures wanted = run_plan(plan, "play", 3, share % 2 != 0, 0);
            assert_figures_equal(&got, &wanted);
            assert_true(got.gas <= 7 + share);
            plan.gas_max = 1000;
            struct figures whole = run_plan(plan, "play", 3, false, 0);
            uint64_t needed = whole.gas - 7;
            bool fits = share >= needed;
            assert_int_equal(got.inner, fits ? whole.inner : RP_OUTCOME_OUT_OF_GAS);
        }
    }
}

/* ---- what is inside of a share ---- */

/* play inside of play: each round has a smaller share; shares never reach beyond the one around. */
struct nest {
    int32_t depth, deepest;
    uint64_t gas_max;
    rp_outcome_kind first; /* of the calls that ended */
    unsigned ended;
};

static rp_host_result play_nest(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                                rp_value *results)
{
    struct nest *nest = guest->plan;
    if (nest->depth >= nest->deepest) {
        results[0].of.i32 = args[1].of.i32;
        return RP_HOST_RETURN;
    }
    nest->depth++;
    assert_int_equal(rp_caller_call_then(caller, host_guest_index(guest, "twice"), &args[1], 1,
                                         nest->gas_max, NULL, 0, NULL),
                     RP_OK);
    return RP_HOST_CALL;
}

static rp_host_result continue_nest(void *user, rp_caller *caller, const rp_value *args,
                                    const void *state, size_t state_size, const rp_outcome *outcome,
                                    const rp_value *returned, size_t returned_count,
                                    rp_value *results)
{
    struct host_guest *guest = user;
    struct nest *nest = guest->plan;
    (void)caller;
    (void)state;
    assert_int_equal(state_size, 0);
    assert_true(returned_count <= 1);
    if (nest->ended++ == 0) {
        nest->first = outcome->kind;
    }
    results[0].of.i32 = returned_count == 1 ? returned[0].of.i32 + 1 : args[1].of.i32;
    return RP_HOST_RETURN;
}

static void begin_nest(struct host_guest *guest, struct nest *nest)
{
    guest->plan = nest;
    guest->play = play_nest;
    guest->continue_play = continue_nest;
}

static void check_nest(struct host_guest *guest)
{
    struct nest nest = {.deepest = 30, .gas_max = 1000000};
    begin_nest(guest, &nest);
    assert_int_equal(host_guest_call(guest, "twice", 1), RP_OUTCOME_RETURNED);
    assert_int_equal(nest.ended, 30);
    assert_int_equal(guest->result.of.i32, 31);
}

static void calls_may_be_nested_deeper_than_native_ones(void **state)
{
    (void)state;
    rp_store_config config;
    rp_store_config_init(&config);
    config.host_depth_max = 1;
    struct host_guest guest;
    host_guest_begin_with(&guest, &config);
    check_nest(&guest);
    host_guest_end(&guest);
    host_guest_both(check_nest);
}

static void check_inner_share(struct host_guest *guest)
{
    struct nest nest = {.deepest = INT32_MAX, .gas_max = 400};
    begin_nest(guest, &nest);
    assert_int_equal(host_guest_call(guest, "play", 1), RP_OUTCOME_RETURNED);
    assert_true(nest.ended == (unsigned)nest.depth && nest.depth > 3);
    assert_int_equal(nest.first, RP_OUTCOME_OUT_OF_GAS);
    /* All of them together have spent the outermost share, and the first price. */
    assert_true(rp_store_gas_used(guest->store) <= 407);
    assert_true(rp_store_gas_used(guest->store) > 300);
}

static void a_share_ends_where_the_one_around_it_ends(void **state)
{
    (void)state;
    host_guest_both(check_inner_share);
}

/* ---- limits of the stack ---- */

static void the_call_depth_counts_frames_of_host_functions(void **state)
{
    (void)state;
    for (uint32_t depth = 1; depth < 12; depth++) {
        struct host_guest guest;
        rp_store_config config;
        rp_store_config_init(&config);
        config.call_depth_max = depth;
        host_guest_begin_with(&guest, &config);
        struct nest nest = {.deepest = INT32_MAX, .gas_max = UINT64_MAX};
        begin_nest(&guest, &nest);
        rp_outcome_kind kind = host_guest_call(&guest, "twice", 1);
        /* twice, play, twice, play, ...: a frame each. */
        if (depth < 2) {
            assert_int_equal(kind, RP_OUTCOME_TRAPPED);
            assert_int_equal(guest.outcome.trap, RP_TRAP_STACK_EXHAUSTED);
        } else {
            assert_int_equal(nest.first, RP_OUTCOME_TRAPPED);
        }
        assert_int_equal(rp_store_get_state(guest.store), RP_STORE_IDLE);
        host_guest_end(&guest);
    }
}

/* The second frame, of play, has 4 slots; the first, of twice, 2 + 1 + 3. */
static void the_slots_count_those_of_host_functions(void **state)
{
    (void)state;
    for (uint64_t slots = 6; slots < 12; slots++) {
        struct host_guest guest;
        rp_store_config config;
        rp_store_config_init(&config);
        config.stack_slots_max = slots;
        host_guest_begin_with(&guest, &config);
        struct plan plan = {.name = "ask", .gas_max = 1000, .rounds = 1};
        begin_plan(&guest, &plan);
        rp_outcome_kind kind = host_guest_call(&guest, "twice", 1);
        assert_int_equal(kind, slots < 10 ? RP_OUTCOME_TRAPPED : RP_OUTCOME_RETURNED);
        host_guest_end(&guest);
    }
}

/* ---- several instances ---- */

struct elsewhere {
    uint32_t func; /* bump of another instance */
};

static rp_host_result play_elsewhere(struct host_guest *guest, rp_caller *caller,
                                     const rp_value *args, rp_value *results)
{
    const struct elsewhere *elsewhere = guest->plan;
    (void)results;
    assert_int_equal(rp_caller_call_then(caller, elsewhere->func, &args[1], 1, 1000, NULL, 0, NULL),
                     RP_OK);
    return RP_HOST_CALL;
}

static rp_host_result continue_elsewhere(void *user, rp_caller *caller, const rp_value *args,
                                         const void *state, size_t state_size,
                                         const rp_outcome *outcome, const rp_value *returned,
                                         size_t returned_count, rp_value *results)
{
    const struct host_guest *guest = user;
    (void)state;
    (void)state_size;
    (void)returned;
    (void)returned_count;
    assert_int_equal(outcome->kind, RP_OUTCOME_RETURNED);
    assert_ptr_equal(rp_caller_instance(caller), guest->instance);
    results[0].of.i32 = args[1].of.i32;
    return RP_HOST_RETURN;
}

/* play_bump(n): play(0, n), then bump of the same instance. */
static void check_instances(struct host_guest *guest)
{
    struct rp_wasm wasm;
    struct elsewhere elsewhere;
    rp_module *module;
    rp_instance *first = guest->instance;
    rp_extern found;
    assert_int_equal(rp_instance_export(first, (rp_name){"bump", 4}, &found), RP_OK);
    elsewhere.func = found.index;
    guest->plan = &elsewhere;
    guest->play = play_elsewhere;
    guest->continue_play = continue_elsewhere;
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "i", "i");
    uint32_t play = rp_wasm_import_func(&wasm, "host", "play", rp_wasm_type(&wasm, "ii", "i"));
    rp_wasm_memory(&wasm, 1, 1);
    rp_wasm_export(&wasm, "g", RP_EXTERN_GLOBAL, rp_wasm_global_i32(&wasm, true, 0));
    rp_wasm_export(&wasm, "memory", RP_EXTERN_MEMORY, 0);
    rp_wasm_export(&wasm, "f", RP_EXTERN_FUNC, rp_wasm_func_begin(&wasm, type, ""));
    rp_wasm_i32_const(&wasm, 0);
    rp_wasm_i32_const(&wasm, 7);
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(&wasm, RP_OP_call, play);
    rp_wasm_op_memory(&wasm, RP_OP_i32_store, 2, 0);
    rp_wasm_i32_const(&wasm, 9);
    rp_wasm_op_index(&wasm, RP_OP_global_set, 0);
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_func_end(&wasm);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    assert_int_equal(rp_module_load(guest->engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    assert_int_equal(
        rp_store_instantiate(guest->store, module, &guest->instance, &guest->outcome, NULL), RP_OK);
    assert_int_equal(host_guest_call(guest, "f", 4), RP_OUTCOME_RETURNED);
    assert_int_equal(host_guest_memory(guest), 4);
    assert_int_equal(host_guest_global(guest), 9);
    guest->instance = first;
    assert_int_equal(host_guest_memory(guest), 4);
    assert_int_equal(host_guest_global(guest), 4);
    rp_module_destroy(module);
    rp_wasm_deinit(&wasm);
}

static void the_caller_goes_on_in_its_own_instance(void **state)
{
    (void)state;
    host_guest_both(check_instances);
}

/* ---- stopping ---- */

/* Where the share and the limit end at one position it is the share that is spent. */
static void check_share_first(struct host_guest *guest)
{
    struct plan plan = {.name = "spin", .gas_max = 300, .rounds = 1};
    begin_plan(guest, &plan);
    rp_store_set_gas_limit(guest->store, 307); /* the price of play, and the share */
    assert_int_equal(host_guest_call(guest, "play", 1), RP_OUTCOME_RETURNED);
    assert_int_equal(plan.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
    assert_int_equal(plan.ended, 1);
    uint64_t gas = rp_store_gas_used(guest->store);
    rp_store_set_gas_limit(guest->store, RP_GAS_UNLIMITED);
    rp_store_set_until_gas(guest->store, (int64_t)gas + 307);
    assert_int_equal(host_guest_call(guest, "play", 1), RP_OUTCOME_RETURNED);
    assert_int_equal(plan.ended, 2);
}

static void a_share_is_spent_whatever_the_limit(void **state)
{
    (void)state;
    host_guest_both(check_share_first);
}

/* A native call is dropped with the host frames above it. */
static rp_host_result ask_natively(struct host_guest *guest, rp_caller *caller,
                                   const rp_value *args, rp_value *results)
{
    rp_outcome outcome;
    const struct plan *plan = guest->plan;
    rp_status status = rp_store_call(rp_caller_store(caller), host_guest_index(guest, "twice"),
                                     args, 1, results, 1, &outcome, NULL);
    assert_int_equal(status, strcmp(plan->name, "direct") == 0 ? RP_ERROR_PINNED : RP_OK);
    if (status == RP_OK) {
        assert_int_equal(outcome.kind, RP_OUTCOME_OUT_OF_GAS);
    }
    rp_store_set_gas_limit(rp_caller_store(caller), RP_GAS_UNLIMITED);
    results[0] = (rp_value){.kind = RP_I32, .of.i32 = 8};
    return RP_HOST_RETURN;
}

static rp_host_result ask_natively_then_wait(struct host_guest *guest, rp_caller *caller,
                                             const rp_value *args, rp_value *results)
{
    return guest->asked == 1 ? ask_natively(guest, caller, args, results) : RP_HOST_PENDING;
}

static void check_native(struct host_guest *guest)
{
    struct plan plan = {.name = "spin", .gas_max = 100000, .rounds = 1};
    begin_plan(guest, &plan);
    guest->ask = ask_natively_then_wait;
    rp_store_set_gas_limit(guest->store, 2000);
    assert_int_equal(host_guest_call(guest, "direct", 1), RP_OUTCOME_RETURNED);
    assert_int_equal(guest->result.of.i32, 108);
    plan.name = "direct"; /* which asks again, and has to wait inside of the native call */
    guest->asked = 0;
    assert_int_equal(host_guest_call(guest, "direct", 1), RP_OUTCOME_RETURNED);
    assert_int_equal(guest->result.of.i32, 108);
    assert_int_equal(plan.ended, 0);
    /* With a host frame left over this one would continue the wrong call. */
    plan.name = "bump";
    assert_int_equal(host_guest_call(guest, "twice", 1), RP_OUTCOME_RETURNED);
    assert_int_equal(plan.ended, 2);
}

static void a_native_call_that_is_dropped_takes_host_frames_along(void **state)
{
    (void)state;
    host_guest_both(check_native);
}

static void check_outer_limit(struct host_guest *guest)
{
    struct plan plan = {.name = "spin", .gas_max = 2000, .rounds = 1};
    begin_plan(guest, &plan);
    rp_store_set_gas_limit(guest->store, 300);
    assert_int_equal(host_guest_call(guest, "twice", 1), RP_OUTCOME_OUT_OF_GAS);
    assert_int_equal(rp_store_get_state(guest->store), RP_STORE_STOPPED);
    assert_int_equal(plan.ended, 0);
    rp_store_refill(guest->store, 300);
    assert_int_equal(host_guest_resume(guest), RP_OUTCOME_OUT_OF_GAS);
    rp_store_set_gas_limit(guest->store, RP_GAS_UNLIMITED);
    assert_int_equal(host_guest_resume(guest), RP_OUTCOME_RETURNED);
    assert_int_equal(plan.ended, 2);
    assert_int_equal(plan.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
}

static void the_limit_around_stops_the_store_and_not_the_call(void **state)
{
    (void)state;
    host_guest_both(check_outer_limit);
}

static void check_abandon(struct host_guest *guest)
{
    struct plan plan = {.name = "spin", .gas_max = 2000, .rounds = 1};
    begin_plan(guest, &plan);
    rp_store_set_gas_limit(guest->store, 300);
    host_guest_call(guest, "twice", 1);
    assert_int_equal(rp_store_abandon(guest->store, NULL), RP_OK);
    rp_store_set_gas_limit(guest->store, RP_GAS_UNLIMITED);
    plan.name = "bump";
    assert_int_equal(host_guest_call(guest, "twice", 1), RP_OUTCOME_RETURNED);
    rp_store_set_gas_limit(guest->store, (int64_t)rp_store_gas_used(guest->store) + 60);
    plan.name = "spin";
    host_guest_call(guest, "twice", 1); /* destroyed while it is stopped */
}

static void a_stopped_continuation_can_be_dropped(void **state)
{
    (void)state;
    host_guest_both(check_abandon);
}

/* ---- answers later ---- */

static rp_host_result play_pending(void *user, rp_caller *caller, const rp_value *args,
                                   const void *state, size_t state_size, const rp_outcome *outcome,
                                   const rp_value *returned, size_t returned_count,
                                   rp_value *results)
{
    (void)user;
    (void)caller;
    (void)args;
    (void)state;
    (void)state_size;
    (void)outcome;
    (void)returned;
    (void)returned_count;
    (void)results;
    return RP_HOST_PENDING;
}

/* First what play calls waits, then its continuation. */
static void check_pending(struct host_guest *guest, const char *entry, const char *name)
{
    rp_pending pending;
    struct plan plan = {.name = name, .gas_max = 2000, .rounds = 1};
    begin_plan(guest, &plan);
    guest->ask = host_guest_pending;
    guest->continue_play = play_pending;
    uint64_t first = rp_store_host_events(guest->store);
    unsigned plays = strcmp(entry, "twice") == 0 ? 2 : 1;
    rp_outcome_kind kind = host_guest_call(guest, entry, 3);
    for (unsigned i = 0; i < plays; i++) {
        assert_int_equal(kind, RP_OUTCOME_SUSPENDED);
        move(guest);
        assert_int_equal(rp_store_pending(guest->store, &pending), RP_OK);
        assert_memory_equal(pending.name.data, "ask", 3);
        host_guest_complete(guest, 50);
        move(guest);
        assert_int_equal(host_guest_resume(guest), RP_OUTCOME_SUSPENDED);
        move(guest);
        assert_int_equal(rp_store_pending(guest->store, &pending), RP_OK);
        assert_memory_equal(pending.name.data, "play", 4);
        assert_int_equal(pending.arg_count, 2);
        uint64_t gas = rp_store_gas_used(guest->store);
        host_guest_complete(guest, 60 + (int32_t)i);
        move(guest);
        kind = host_guest_resume(guest);
        assert_true(rp_store_gas_used(guest->store) > gas || plays == 1);
    }
    assert_int_equal(kind, RP_OUTCOME_RETURNED);
    assert_int_equal(guest->result.of.i32, 60 + (int32_t)plays - 1);
    /* Of each play: asked, ask waits, completed, continuation waits, completed. */
    assert_int_equal(rp_store_host_events(guest->store) - first, 5 * plays);
}

static void check_pending_all(struct host_guest *guest)
{
    check_pending(guest, "twice", "direct");
    check_pending(guest, "play", "direct");
    check_pending(guest, "twice", "ask");
    check_pending(guest, "play", "ask");
}

/* What a share did not suffice to begin is not what waits afterwards. */
static void check_pending_after_share(struct host_guest *guest)
{
    rp_pending pending;
    struct plan plan = {.name = "ask", .gas_max = 3, .rounds = 1};
    begin_plan(guest, &plan);
    guest->continue_play = play_pending;
    assert_int_equal(host_guest_call(guest, "twice", 1), RP_OUTCOME_SUSPENDED);
    assert_int_equal(guest->asked, 0);
    assert_int_equal(rp_store_pending(guest->store, &pending), RP_OK);
    assert_memory_equal(pending.name.data, "play", 4);
}

static void a_continuation_may_wait_after_its_share_is_spent(void **state)
{
    (void)state;
    host_guest_both(check_pending_after_share);
}

static void callees_and_continuations_may_answer_later(void **state)
{
    (void)state;
    host_guest_both(check_pending_all);
}

static void check_pending_trap(struct host_guest *guest)
{
    rp_pending pending;
    struct plan plan = {.name = "bump", .gas_max = 2000, .rounds = 1};
    begin_plan(guest, &plan);
    guest->continue_play = play_pending;
    host_guest_call(guest, "twice", 3);
    assert_int_equal(rp_store_pending(guest->store, &pending), RP_OK);
    assert_int_equal(
        rp_store_complete(guest->store, pending.request, RP_HOST_TRAP, NULL, 0, "no", 0, NULL),
        RP_OK);
    assert_int_equal(host_guest_resume(guest), RP_OUTCOME_TRAPPED);
    assert_string_equal(guest->outcome.message, "no");
    assert_int_equal(guest->outcome.frame_count, 1);
    assert_int_equal(guest->outcome.frames[0].func_index, host_guest_index(guest, "twice"));
    assert_int_equal(host_guest_memory(guest), 3);
}

static void a_continuation_that_waits_may_be_made_to_trap(void **state)
{
    (void)state;
    host_guest_both(check_pending_trap);
}

/* ---- endings ---- */

static void check_backtrace(struct host_guest *guest)
{
    struct plan plan = {.name = "bump_trap", .gas_max = 2000, .rounds = 1, .last = RP_HOST_TRAP};
    begin_plan(guest, &plan);
    assert_int_equal(host_guest_call(guest, "twice", 3), RP_OUTCOME_TRAPPED);
    assert_string_equal(guest->outcome.message, "play is over");
    assert_int_equal(guest->outcome.frame_count, 1);
    assert_int_equal(plan.outcome.frame_count, 3);
    assert_ptr_equal(plan.outcome.frames[0].module, guest->module);
    assert_null(plan.outcome.frames[1].module);
    assert_int_equal(plan.outcome.frames[1].func_index, host_guest_index(guest, "play"));
    assert_ptr_equal(plan.outcome.frames[2].module, guest->module);
    /* Both name the same call in `twice`. */
    assert_int_equal(plan.outcome.frames[2].offset, guest->outcome.frames[0].offset);
}

static void backtraces_tell_frames_of_host_functions(void **state)
{
    (void)state;
    host_guest_both(check_backtrace);
}

static void check_failure(struct host_guest *guest)
{
    const rp_value n = {.kind = RP_I32};
    struct plan plan = {.name = "bump", .gas_max = 2000, .rounds = 1, .last = RP_HOST_FAIL};
    begin_plan(guest, &plan);
    uint32_t twice = host_guest_index(guest, "twice");
    assert_int_equal(rp_store_call(guest->store, twice, &n, 1, &guest->result, 1, &guest->outcome,
                                   &guest->report),
                     RP_ERROR_HOST);
    assert_non_null(strstr(guest->report.text, "play is over"));
    assert_int_equal(rp_store_get_state(guest->store), RP_STORE_IDLE);
    plan.last = RP_HOST_CALL; /* and says nothing */
    guest->report = (rp_report){0};
    assert_int_equal(rp_store_call(guest->store, twice, &n, 1, &guest->result, 1, &guest->outcome,
                                   &guest->report),
                     RP_ERROR_HOST);
    assert_non_null(strstr(guest->report.text, "did not say"));
    plan.rounds = 0;
    assert_int_equal(
        rp_store_call(guest->store, twice, &n, 1, &guest->result, 1, &guest->outcome, NULL),
        RP_ERROR_HOST);
    assert_int_equal(rp_store_get_state(guest->store), RP_STORE_IDLE);
    plan = (struct plan){.name = "bump", .gas_max = 2000, .rounds = 1};
    assert_int_equal(host_guest_call(guest, "twice", 3), RP_OUTCOME_RETURNED);
}

static void failures_end_the_run_by_name(void **state)
{
    (void)state;
    host_guest_both(check_failure);
}

static void native_memory_that_runs_out_is_a_failure_of_the_host(void **state)
{
    (void)state;
    struct host_guest guest;
    struct plan plan = {.name = "ask", .gas_max = 2000, .rounds = 2};
    const rp_value n = {.kind = RP_I32, .of.i32 = 3};
    rp_status status = RP_ERROR_NO_MEMORY;
    uint64_t failed = 0;
    host_guest_begin(&guest, false);
    begin_plan(&guest, &plan);
    while (status != RP_OK) {
        rp_alloc_inject(++failed, 0);
        status = rp_store_call(guest.store, host_guest_index(&guest, "twice"), &n, 1, &guest.result,
                               1, &guest.outcome, NULL);
        rp_alloc_inject(0, 0);
        assert_true(status == RP_OK || status == RP_ERROR_NO_MEMORY || status == RP_ERROR_HOST);
        assert_int_equal(rp_store_get_state(guest.store), RP_STORE_IDLE);
    }
    assert_true(failed > 6);
    assert_int_equal(guest.outcome.kind, RP_OUTCOME_RETURNED);
    host_guest_end(&guest);
}

/* A guest call that exits ends the program, not the call. */
static rp_host_result ask_exit(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                               rp_value *results)
{
    (void)guest;
    (void)args;
    (void)results;
    rp_caller_set_exit_code(caller, 33);
    return RP_HOST_EXIT;
}

static void check_exit(struct host_guest *guest)
{
    struct plan plan = {.name = "direct", .gas_max = 2000, .rounds = 1};
    begin_plan(guest, &plan);
    guest->ask = ask_exit;
    assert_int_equal(host_guest_call(guest, "twice", 3), RP_OUTCOME_EXITED);
    assert_int_equal(guest->outcome.exit_code, 33);
    assert_int_equal(plan.ended, 0);
}

static void an_exit_inside_ends_the_program(void **state)
{
    (void)state;
    host_guest_both(check_exit);
}

/* ---- refusals ---- */

static rp_host_result refuse(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                             rp_value *results)
{
    static const uint8_t big[RP_CONTINUE_BYTES_MAX + 1];
    const rp_value wrong = {.kind = RP_I64};
    uint32_t bump = host_guest_index(guest, "bump");
    assert_int_equal(rp_caller_call_then(caller, 1000, args, 1, 0, NULL, 0, NULL),
                     RP_ERROR_NOT_FOUND);
    assert_int_equal(rp_caller_call_then(caller, bump, &wrong, 1, 0, NULL, 0, NULL), RP_ERROR_TYPE);
    assert_int_equal(rp_caller_call_then(caller, bump, args, 2, 0, NULL, 0, NULL), RP_ERROR_TYPE);
    assert_int_equal(rp_caller_call_then(caller, bump, args, 1, 0, big, sizeof big, NULL),
                     RP_ERROR_LIMIT);
    /* What was said is forgotten when the function answers something else; the last word counts. */
    assert_int_equal(rp_caller_call_then(caller, bump, args, 1, 0, big, sizeof big - 1, NULL),
                     RP_OK);
    assert_int_equal(rp_caller_call_then(caller, bump, args, 1, 0, big, 7, NULL), RP_OK);
    results[0].of.i32 = 4;
    return RP_HOST_RETURN;
}

static rp_host_result ask_refused(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                                  rp_value *results)
{
    uint32_t bump = host_guest_index(guest, "bump");
    assert_int_equal(rp_caller_call_then(caller, bump, args, 1, 0, NULL, 0, NULL),
                     RP_ERROR_ARGUMENT);
    results[0].of.i32 = 5;
    return RP_HOST_RETURN;
}

static void check_refusals(struct host_guest *guest)
{
    guest->play = refuse;
    guest->ask = ask_refused;
    assert_int_equal(host_guest_call(guest, "twice", 3), RP_OUTCOME_RETURNED);
    assert_int_equal(guest->result.of.i32, 4);
    assert_int_equal(host_guest_call(guest, "ask", 3), RP_OUTCOME_RETURNED);
    assert_int_equal(host_guest_memory(guest), 0);
}

static void wrong_wishes_are_refused_by_name(void **state)
{
    (void)state;
    host_guest_both(check_refusals);
}

/* ---- observers ---- */

struct watch {
    int depth;
    unsigned entered, returned, dropped;
};

static void on_enter(void *user, const rp_call_info *info)
{
    struct watch *watch = user;
    assert_int_equal(info->depth, watch->depth);
    watch->depth++;
    watch->entered++;
}

static void on_leave(void *user, const rp_call_info *info, bool returned)
{
    struct watch *watch = user;
    watch->depth--;
    assert_int_equal(info->depth, watch->depth);
    watch->returned += returned;
    watch->dropped += !returned;
}

static void observers_see_each_function_entered_and_left_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(plans); i++) {
        struct watch watches[2] = {{0}, {0}};
        for (int native = 0; native < 2; native++) {
            struct host_guest guest;
            struct plan plan = plans[i];
            struct watch *watch = &watches[native];
            const rp_call_observer observer = {watch, on_enter, on_leave};
            plan.native = native == 1;
            host_guest_begin(&guest, false);
            begin_plan(&guest, &plan);
            assert_int_equal(rp_store_observe(guest.store, &observer, NULL), RP_OK);
            host_guest_call(&guest, "twice", 3);
            assert_int_equal(watch->depth, 0);
            assert_int_equal(watch->entered, watch->returned + watch->dropped);
            host_guest_end(&guest);
        }
        assert_memory_equal(&watches[0], &watches[1], sizeof watches[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_as_a_native_call_does),
        cmocka_unit_test(it_can_stop_at_every_boundary),
        cmocka_unit_test(it_can_be_moved_at_every_boundary),
        cmocka_unit_test(the_share_is_exact),
        cmocka_unit_test(calls_may_be_nested_deeper_than_native_ones),
        cmocka_unit_test(a_share_ends_where_the_one_around_it_ends),
        cmocka_unit_test(the_call_depth_counts_frames_of_host_functions),
        cmocka_unit_test(the_slots_count_those_of_host_functions),
        cmocka_unit_test(the_caller_goes_on_in_its_own_instance),
        cmocka_unit_test(a_share_is_spent_whatever_the_limit),
        cmocka_unit_test(a_native_call_that_is_dropped_takes_host_frames_along),
        cmocka_unit_test(a_continuation_may_wait_after_its_share_is_spent),
        cmocka_unit_test(the_limit_around_stops_the_store_and_not_the_call),
        cmocka_unit_test(a_stopped_continuation_can_be_dropped),
        cmocka_unit_test(callees_and_continuations_may_answer_later),
        cmocka_unit_test(a_continuation_that_waits_may_be_made_to_trap),
        cmocka_unit_test(backtraces_tell_frames_of_host_functions),
        cmocka_unit_test(failures_end_the_run_by_name),
        cmocka_unit_test(native_memory_that_runs_out_is_a_failure_of_the_host),
        cmocka_unit_test(an_exit_inside_ends_the_program),
        cmocka_unit_test(wrong_wishes_are_refused_by_name),
        cmocka_unit_test(observers_see_each_function_entered_and_left_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
