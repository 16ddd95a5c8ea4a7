/* Claims about which functions may be called in which state of a store (docs/embedding.md,
 * "States"): every function of the embedder that can be refused, in every state. */
#include "tests/engine/host_guest.h"

struct world {
    struct host_guest guest;
    rp_checkpoint *checkpoint; /* made when the store was idle */
};

/* ---- the functions ---- */

static rp_status try_instantiate(struct world *world)
{
    rp_instance *instance = NULL;
    rp_outcome outcome;
    return rp_store_instantiate(world->guest.store, world->guest.module, &instance, &outcome, NULL);
}

static rp_status try_upgrade(struct world *world)
{
    rp_instance *instance = NULL;
    rp_outcome outcome;
    return rp_store_upgrade(world->guest.store, world->guest.instance, world->guest.module,
                            &instance, &outcome, NULL);
}

static rp_status try_call(struct world *world)
{
    const rp_value n = {.kind = RP_I32};
    rp_value result;
    rp_outcome outcome;
    return rp_store_call(world->guest.store, host_guest_index(&world->guest, "bump"), &n, 1,
                         &result, 1, &outcome, NULL);
}

static rp_status try_resume(struct world *world)
{
    rp_value result;
    rp_outcome outcome;
    return rp_store_resume(world->guest.store, &result, 1, &outcome, NULL);
}

static rp_status try_abandon(struct world *world)
{
    return rp_store_abandon(world->guest.store, NULL);
}

static rp_status try_register(struct world *world)
{
    return rp_store_register(world->guest.store, (rp_name){"a", 1}, world->guest.instance, NULL);
}

static rp_status try_observe(struct world *world)
{
    return rp_store_observe(world->guest.store, NULL, NULL);
}

static rp_status try_checkpoint(struct world *world)
{
    rp_checkpoint *checkpoint = NULL;
    rp_status status = rp_store_checkpoint(world->guest.store, &checkpoint, NULL);
    rp_checkpoint_destroy(checkpoint);
    return status;
}

static rp_status try_checkpoint_again(struct world *world)
{
    return rp_store_checkpoint_again(world->guest.store, world->checkpoint, NULL);
}

static rp_status try_rollback(struct world *world)
{
    return rp_store_rollback(world->guest.store, world->checkpoint, NULL);
}

static rp_status try_set_time(struct world *world)
{
    return rp_store_set_time_ns(world->guest.store, 1, NULL);
}

static rp_status try_set_seed(struct world *world)
{
    return rp_store_set_seed(world->guest.store, 1, NULL);
}

static rp_status try_complete(struct world *world)
{
    const rp_value answer = {.kind = RP_I32, .of.i32 = 1};
    return rp_store_complete(world->guest.store, 1, RP_HOST_RETURN, &answer, 1, NULL, 0, NULL);
}

static rp_status try_pending(struct world *world)
{
    rp_pending pending;
    rp_status status = rp_store_pending(world->guest.store, &pending);
    return status == RP_ERROR_NOT_FOUND ? RP_ERROR_STATE : status;
}

static rp_status try_global_set(struct world *world)
{
    const rp_value value = {.kind = RP_I32};
    return rp_store_global_set(world->guest.store, 0, &value);
}

static rp_status try_memory_write(struct world *world)
{
    return rp_store_memory_write(world->guest.store, 0, 100, "x", 1);
}

static rp_status try_table_set(struct world *world)
{
    const rp_value null = {.kind = RP_FUNCREF, .of.ref = RP_REF_NULL};
    return rp_store_table_set(world->guest.store, 0, 2, &null);
}

static rp_status try_borrow(struct world *world)
{
    uint8_t *data;
    rp_status status = rp_store_memory_begin(world->guest.store, 0, 0, 8, &data, NULL);
    return status == RP_OK ? rp_store_memory_end(world->guest.store, NULL) : status;
}

static rp_status try_memory_end(struct world *world)
{
    return rp_store_memory_end(world->guest.store, NULL);
}

static rp_status try_memory_read(struct world *world)
{
    uint8_t byte;
    return rp_store_memory_read(world->guest.store, 0, 0, &byte, 1);
}

static rp_status try_global_get(struct world *world)
{
    rp_value value;
    return rp_store_global_get(world->guest.store, 0, &value);
}

static rp_status try_table_get(struct world *world)
{
    rp_value value;
    return rp_store_table_get(world->guest.store, 0, 0, &value);
}

static rp_status try_define(struct world *world)
{
    const rp_valkind kind = RP_F64; /* a type that the store has not offered */
    const rp_host_func func = {.struct_size = sizeof func,
                               .module = "host",
                               .name = "late",
                               .type = {&kind, 1, NULL, 0},
                               .callback = (rp_host_callback)NULL};
    rp_status status = rp_store_define_func(world->guest.store, &func, NULL);
    return status == RP_ERROR_ARGUMENT ? RP_OK : status; /* it got as far as its arguments */
}

static rp_status try_external(struct world *world)
{
    return rp_store_register_external(world->guest.store, 4, NULL);
}

/* ---- the table ---- */

#define I 1u  /* idle */
#define R 2u  /* running */
#define S 4u  /* stopped */
#define P 8u  /* pending */
#define C 16u /* cut */

static const struct {
    const char *name;
    rp_status (*attempt)(struct world *world);
    unsigned allowed;
} rows[] = {
    {"rp_store_instantiate", try_instantiate, I},
    {"rp_store_upgrade", try_upgrade, I},
    {"rp_store_call", try_call, I | R},
    {"rp_store_resume", try_resume, S | C},
    {"rp_store_abandon", try_abandon, I | S | P},
    {"rp_store_register", try_register, I | R | S | P},
    {"rp_store_observe", try_observe, I | S | P | C},
    {"rp_store_checkpoint", try_checkpoint, I | R},
    {"rp_store_checkpoint_again", try_checkpoint_again, I | R},
    {"rp_store_rollback", try_rollback, I | S | P | C}, /* inside: of the same depth only */
    {"rp_store_set_time_ns", try_set_time, I},
    {"rp_store_set_seed", try_set_seed, I},
    {"rp_store_complete", try_complete, P},
    {"rp_store_pending", try_pending, P},
    {"rp_store_global_set", try_global_set, I | R | S | P},
    {"rp_store_memory_write", try_memory_write, I | R | S | P},
    {"rp_store_table_set", try_table_set, I | R | S},
    {"rp_store_memory_begin", try_borrow, I | S | P},
    {"rp_store_memory_end", try_memory_end, 0},
    {"rp_store_memory_read", try_memory_read, I | R | S | P | C},
    {"rp_store_global_get", try_global_get, I | R | S | P | C},
    {"rp_store_table_get", try_table_get, I | R | S | P | C},
    {"rp_store_define_func", try_define, I | R | S | P | C},
    {"rp_store_register_external", try_external, I | R | S | P | C},
};

struct attempt {
    struct world *world;
    size_t row;
    rp_status status;
    rp_store_state seen;
};

static rp_host_result ask_inside(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                                 rp_value *results)
{
    struct attempt *attempt = guest->plan;
    attempt->seen = rp_store_get_state(rp_caller_store(caller));
    attempt->status = rows[attempt->row].attempt(attempt->world);
    return host_guest_triple(guest, caller, args, results);
}

/* Brings the store into a state and attempts there. */
static void attempt_in(rp_store_state state, struct attempt *attempt)
{
    struct host_guest *guest = &attempt->world->guest;
    guest->plan = attempt;
    if (state == RP_STORE_RUNNING) {
        guest->ask = ask_inside;
        assert_int_equal(host_guest_call(guest, "direct", 1), RP_OUTCOME_RETURNED);
        return;
    }
    if (state == RP_STORE_STOPPED) {
        rp_store_set_gas_limit(guest->store, (int64_t)rp_store_gas_used(guest->store) + 50);
        host_guest_call(guest, "spin", 1);
    } else if (state == RP_STORE_PENDING) {
        guest->ask = host_guest_pending;
        host_guest_call(guest, "direct", 1);
    } else if (state == RP_STORE_CUT) {
        rp_store_interrupt(guest->store, RP_STOP_INTERRUPT);
        host_guest_call(guest, "spin", 1);
        rp_store_set_gas_limit(guest->store, (int64_t)rp_store_gas_used(guest->store) + 50);
    }
    attempt->seen = rp_store_get_state(guest->store);
    attempt->status = rows[attempt->row].attempt(attempt->world);
}

struct counts {
    uint64_t gas, events, bytes, state;
};

static struct counts read_counts(const struct host_guest *guest)
{
    return (struct counts){rp_store_gas_used(guest->store), rp_store_host_events(guest->store),
                           rp_store_memory_bytes(guest->store), rp_store_get_state(guest->store)};
}

static void every_function_is_allowed_or_refused_by_name_in_every_state(void **state)
{
    (void)state;
    for (size_t row = 0; row < RP_ARRAY_COUNT(rows); row++) {
        for (rp_store_state s = RP_STORE_IDLE; s <= RP_STORE_CUT; s++) {
            struct world world;
            struct attempt attempt = {.world = &world, .row = row};
            host_guest_begin(&world.guest, row % 2 == 0);
            assert_int_equal(rp_store_checkpoint(world.guest.store, &world.checkpoint, NULL),
                             RP_OK);
            attempt_in(s, &attempt);
            assert_int_equal(attempt.seen, s);
            bool allowed = (rows[row].allowed >> s & 1u) != 0;
            if (attempt.status != (allowed ? RP_OK : RP_ERROR_STATE)) {
                fail_msg("%s in state %d: %s", rows[row].name, (int)s,
                         rp_status_name(attempt.status));
            }
            rp_checkpoint_destroy(world.checkpoint);
            host_guest_end(&world.guest);
        }
    }
}

static void what_is_refused_changes_nothing(void **state)
{
    (void)state;
    for (size_t row = 0; row < RP_ARRAY_COUNT(rows); row++) {
        for (rp_store_state s = RP_STORE_IDLE; s <= RP_STORE_CUT; s++) {
            if ((rows[row].allowed >> s & 1u) != 0 || s == RP_STORE_RUNNING) {
                continue;
            }
            struct world world;
            struct attempt attempt = {.world = &world, .row = row};
            host_guest_begin(&world.guest, false);
            assert_int_equal(rp_store_checkpoint(world.guest.store, &world.checkpoint, NULL),
                             RP_OK);
            attempt_in(s, &attempt);
            struct counts before = read_counts(&world.guest);
            assert_int_equal(rows[row].attempt(&world), RP_ERROR_STATE);
            struct counts after = read_counts(&world.guest);
            assert_memory_equal(&after, &before, sizeof before);
            rp_checkpoint_destroy(world.checkpoint);
            host_guest_end(&world.guest);
        }
    }
}

/* While memory is borrowed nothing else is allowed. */
static void a_borrow_excludes_everything_else(void **state)
{
    (void)state;
    for (size_t row = 0; row < RP_ARRAY_COUNT(rows); row++) {
        bool reads = (rows[row].allowed & C) != 0 && (rows[row].allowed & R) != 0;
        if (reads || rows[row].attempt == try_memory_end) {
            continue;
        }
        struct world world;
        uint8_t *data;
        host_guest_begin(&world.guest, false);
        assert_int_equal(rp_store_checkpoint(world.guest.store, &world.checkpoint, NULL), RP_OK);
        assert_int_equal(rp_store_memory_begin(world.guest.store, 0, 8, 8, &data, NULL), RP_OK);
        if (rows[row].attempt(&world) != RP_ERROR_STATE) {
            fail_msg("%s during a borrow", rows[row].name);
        }
        assert_int_equal(rp_store_memory_end(world.guest.store, NULL), RP_OK);
        rp_checkpoint_destroy(world.checkpoint);
        host_guest_end(&world.guest);
    }
}

/* A call that was cut can be resumed to its end, and only then is the store free again. */
static void a_cut_call_can_only_go_on_or_be_taken_back(void **state)
{
    (void)state;
    struct host_guest guest;
    host_guest_begin(&guest, false);
    rp_store_interrupt(guest.store, RP_STOP_TIMEOUT);
    assert_int_equal(host_guest_call(&guest, "sum", 3), RP_OUTCOME_TIMED_OUT);
    assert_int_equal(rp_store_get_state(guest.store), RP_STORE_CUT);
    rp_report report = {0};
    assert_int_equal(rp_store_abandon(guest.store, &report), RP_ERROR_STATE);
    assert_non_null(strstr(report.text, "rp_store_abandon"));
    rp_store_set_gas_limit(guest.store, 3);
    assert_int_equal(host_guest_resume(&guest), RP_OUTCOME_OUT_OF_GAS);
    assert_int_equal(rp_store_get_state(guest.store), RP_STORE_STOPPED); /* by a fact of the run */
    rp_store_set_gas_limit(guest.store, RP_GAS_UNLIMITED);
    assert_int_equal(host_guest_resume(&guest), RP_OUTCOME_RETURNED);
    assert_int_equal(rp_store_get_state(guest.store), RP_STORE_IDLE);
    host_guest_end(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_is_allowed_or_refused_by_name_in_every_state),
        cmocka_unit_test(what_is_refused_changes_nothing),
        cmocka_unit_test(a_borrow_excludes_everything_else),
        cmocka_unit_test(a_cut_call_can_only_go_on_or_be_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
