/* Claims about checkpoints in memory and nested calls that fall back to one (docs/embedding.md,
 * "Checkpoints"). */
#include "engine/store.h"
#include "engine/store_part.h"
#include "tests/engine/host_guest.h"

#include <stdlib.h>

/* ---- outside of host functions ---- */

/* What a guest can see. */
struct view {
    int32_t memory;
    int32_t global;
    uint64_t memory_bytes;
    uint64_t table[3];
    uint64_t time_ns;
};

static struct view read_view(const struct host_guest *guest)
{
    struct view view = {.memory = host_guest_memory(guest),
                        .global = host_guest_global(guest),
                        .memory_bytes = rp_store_memory_bytes(guest->store),
                        .time_ns = rp_store_time_ns(guest->store)};
    for (uint64_t i = 0; i < 3; i++) {
        rp_value value;
        assert_int_equal(rp_store_table_get(guest->store, 0, i, &value), RP_OK);
        view.table[i] = value.of.ref;
    }
    return view;
}

static void change_everything(struct host_guest *guest)
{
    const rp_value null = {.kind = RP_FUNCREF, .of.ref = RP_REF_NULL};
    const uint8_t far = 99;
    host_guest_call(guest, "bump", 5);
    assert_int_equal(host_guest_call(guest, "grow", 2), RP_OUTCOME_RETURNED);
    uint64_t end = rp_store_memory_size(guest->store, 0);
    assert_int_equal(rp_store_memory_write(guest->store, 0, end - 1, &far, 1), RP_OK);
    assert_int_equal(rp_store_table_set(guest->store, 0, 1, &null), RP_OK);
    rp_store_sleep_ns(guest->store, 1000);
}

static void check_rollback(struct host_guest *guest)
{
    rp_checkpoint *checkpoint;
    host_guest_call(guest, "bump", 7);
    const struct view before = read_view(guest);
    assert_int_equal(rp_store_checkpoint(guest->store, &checkpoint, NULL), RP_OK);
    uint64_t number = rp_store_random_u64(guest->store);
    for (int i = 0; i < 3; i++) {
        change_everything(guest);
        uint64_t gas = rp_store_gas_used(guest->store);
        uint64_t events = rp_store_host_events(guest->store);
        assert_int_equal(rp_store_rollback(guest->store, checkpoint, NULL), RP_OK);
        const struct view after = read_view(guest);
        assert_memory_equal(&after, &before, sizeof before);
        assert_int_equal(rp_store_random_u64(guest->store), number);
        assert_int_equal(rp_store_gas_used(guest->store), gas);
        assert_int_equal(rp_store_host_events(guest->store), events + 2);
    }
    /* What is behind the end reads as zeros when the memory grows again. */
    assert_int_equal(host_guest_call(guest, "grow", 2), RP_OUTCOME_RETURNED);
    uint64_t end = rp_store_memory_size(guest->store, 0);
    uint8_t far = 1;
    assert_int_equal(rp_store_memory_read(guest->store, 0, end - 1, &far, 1), RP_OK);
    assert_int_equal(far, 0);
    rp_checkpoint_destroy(checkpoint);
}

static void rolling_back_undoes_everything_but_gas_and_counts(void **state)
{
    (void)state;
    host_guest_both(check_rollback);
}

static void an_older_and_a_younger_checkpoint_can_both_be_used(void **state)
{
    (void)state;
    struct host_guest guest;
    rp_checkpoint *older;
    rp_checkpoint *younger;
    host_guest_begin(&guest, false);
    const struct view first = read_view(&guest);
    assert_int_equal(rp_store_checkpoint(guest.store, &older, NULL), RP_OK);
    change_everything(&guest);
    const struct view second = read_view(&guest);
    assert_int_equal(rp_store_checkpoint(guest.store, &younger, NULL), RP_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rp_store_rollback(guest.store, older, NULL), RP_OK);
        struct view view = read_view(&guest);
        assert_memory_equal(&view, &first, sizeof first);
        assert_int_equal(rp_store_rollback(guest.store, younger, NULL), RP_OK);
        view = read_view(&guest);
        assert_memory_equal(&view, &second, sizeof second);
    }
    rp_checkpoint_destroy(older);
    rp_checkpoint_destroy(younger);
    host_guest_end(&guest);
}

/* The same run after a roll back gives the same, at any state in which it is rolled back. */
static void check_states(struct host_guest *guest)
{
    rp_checkpoint *checkpoint;
    assert_int_equal(rp_store_checkpoint(guest->store, &checkpoint, NULL), RP_OK);
    const struct view before = read_view(guest);
    for (int i = 0; i < 3; i++) {
        if (i == 0) {
            rp_store_set_gas_limit(guest->store, (int64_t)rp_store_gas_used(guest->store) + 200);
            assert_int_equal(host_guest_call(guest, "spin", 1), RP_OUTCOME_OUT_OF_GAS);
            rp_store_set_gas_limit(guest->store, RP_GAS_UNLIMITED);
        } else if (i == 1) {
            rp_store_interrupt(guest->store, RP_STOP_TIMEOUT);
            assert_int_equal(host_guest_call(guest, "spin", 1), RP_OUTCOME_TIMED_OUT);
            assert_int_equal(rp_store_get_state(guest->store), RP_STORE_CUT);
        } else {
            guest->ask = host_guest_pending;
            assert_int_equal(host_guest_call(guest, "direct", 1), RP_OUTCOME_SUSPENDED);
            host_guest_complete(guest, 3);
        }
        assert_int_equal(rp_store_rollback(guest->store, checkpoint, NULL), RP_OK);
        assert_int_equal(rp_store_get_state(guest->store), RP_STORE_IDLE);
        const struct view after = read_view(guest);
        assert_memory_equal(&after, &before, sizeof before);
    }
    guest->ask = host_guest_triple;
    assert_int_equal(host_guest_call(guest, "direct", 1), RP_OUTCOME_RETURNED);
    assert_int_equal(guest->result.of.i32, 103);
    rp_checkpoint_destroy(checkpoint);
}

static void stopped_pending_and_cut_stores_become_idle(void **state)
{
    (void)state;
    host_guest_both(check_states);
}

/* ---- instances ---- */

static rp_instance *add_instance(struct host_guest *guest)
{
    rp_instance *instance = NULL;
    assert_int_equal(
        rp_store_instantiate(guest->store, guest->module, &instance, &guest->outcome, NULL), RP_OK);
    assert_non_null(instance);
    return instance;
}

/* A module that imports bump of "second". */
static rp_status instantiate_user(struct host_guest *guest)
{
    struct rp_wasm wasm;
    rp_module *module;
    rp_instance *instance;
    rp_wasm_init(&wasm);
    rp_wasm_import_func(&wasm, "second", "bump", rp_wasm_type(&wasm, "i", "i"));
    struct rp_span bytes = rp_wasm_finish(&wasm);
    assert_int_equal(rp_module_load(guest->engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    rp_status status = rp_store_instantiate(guest->store, module, &instance, &guest->outcome, NULL);
    rp_module_destroy(module);
    rp_wasm_deinit(&wasm);
    return status;
}

static void instances_made_since_are_dropped(void **state)
{
    (void)state;
    struct host_guest guest;
    rp_checkpoint *one;
    rp_checkpoint *two;
    rp_extern found;
    host_guest_begin(&guest, false);
    assert_int_equal(rp_store_checkpoint(guest.store, &one, NULL), RP_OK);
    rp_instance *second = add_instance(&guest);
    assert_int_equal(instantiate_user(&guest), RP_ERROR_IMPORT);
    assert_int_equal(rp_instance_export(second, (rp_name){"bump", 4}, &found), RP_OK);
    assert_int_equal(rp_store_register(guest.store, (rp_name){"second", 6}, second, NULL), RP_OK);
    assert_int_equal(rp_store_checkpoint(guest.store, &two, NULL), RP_OK);
    uint64_t bytes = rp_store_memory_bytes(guest.store);
    assert_int_equal(rp_store_rollback(guest.store, one, NULL), RP_OK);
    assert_null(rp_store_instance(guest.store, 1));
    assert_int_equal(rp_store_memory_bytes(guest.store), bytes / 2);
    rp_value n = {.kind = RP_I32};
    assert_int_equal(rp_store_call(guest.store, found.index, &n, 1, &n, 1, &guest.outcome, NULL),
                     RP_ERROR_NOT_FOUND);
    assert_int_equal(instantiate_user(&guest), RP_ERROR_IMPORT); /* its name is gone with it */
    /* The younger checkpoint speaks of an instance that is gone, also when another takes its place.
     */
    assert_int_equal(rp_store_rollback(guest.store, two, NULL), RP_ERROR_STATE);
    add_instance(&guest);
    assert_int_equal(rp_store_rollback(guest.store, two, NULL), RP_ERROR_STATE);
    assert_int_equal(rp_store_rollback(guest.store, one, NULL), RP_OK);
    assert_int_equal(host_guest_call(&guest, "bump", 2), RP_OUTCOME_RETURNED);
    rp_checkpoint_destroy(one);
    rp_checkpoint_destroy(two);
    host_guest_end(&guest);
}

static void dropped_segments_come_back_and_tables_shrink(void **state)
{
    (void)state;
    struct host_guest guest;
    struct rp_wasm wasm;
    host_guest_begin(&guest, false);
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "", "");
    rp_wasm_memory(&wasm, 1, 1);
    rp_wasm_table(&wasm, 'r', 4, 100);
    rp_wasm_data_passive(&wasm, "data", 4);
    rp_wasm_elem_passive(&wasm, (uint32_t[]){0, 1}, 2);
    rp_wasm_export(&wasm, "drop", RP_EXTERN_FUNC, rp_wasm_func_begin(&wasm, type, ""));
    rp_wasm_op_index(&wasm, RP_OP_data_drop, 0);
    rp_wasm_op_index(&wasm, RP_OP_elem_drop, 0);
    rp_wasm_ref_null(&wasm, 'r');
    rp_wasm_i32_const(&wasm, 50);
    rp_wasm_op_index(&wasm, RP_OP_table_grow, 0);
    rp_wasm_op(&wasm, RP_OP_drop);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "init", RP_EXTERN_FUNC, rp_wasm_func_begin(&wasm, type, ""));
    for (int i = 0; i < 2; i++) {
        rp_wasm_i32_const(&wasm, 1);
        rp_wasm_i32_const(&wasm, 0);
        rp_wasm_i32_const(&wasm, 2);
        rp_wasm_op_indices(&wasm, i == 0 ? RP_OP_memory_init : RP_OP_table_init, 0, 0);
    }
    rp_wasm_func_end(&wasm);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    rp_module *module;
    rp_instance *instance;
    rp_checkpoint *checkpoint;
    assert_int_equal(rp_module_load(guest.engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(guest.store, module, &instance, &guest.outcome, NULL),
                     RP_OK);
    assert_int_equal(rp_store_checkpoint(guest.store, &checkpoint, NULL), RP_OK);
    rp_extern drop;
    rp_extern init;
    assert_int_equal(rp_instance_export(instance, (rp_name){"drop", 4}, &drop), RP_OK);
    assert_int_equal(rp_instance_export(instance, (rp_name){"init", 4}, &init), RP_OK);
    static const rp_outcome_kind wanted[] = {RP_OUTCOME_RETURNED, RP_OUTCOME_TRAPPED,
                                             RP_OUTCOME_RETURNED};
    for (size_t i = 0; i < RP_ARRAY_COUNT(wanted); i++) {
        rp_store *store = guest.store;
        if (i == 1) {
            assert_int_equal(
                rp_store_call(store, drop.index, NULL, 0, NULL, 0, &guest.outcome, NULL), RP_OK);
        }
        if (i == 2) {
            assert_int_equal(rp_store_rollback(store, checkpoint, NULL), RP_OK);
        }
        assert_int_equal(rp_store_table_size(store, 1), i == 1 ? 54 : 4);
        assert_int_equal(rp_store_call(store, init.index, NULL, 0, NULL, 0, &guest.outcome, NULL),
                         RP_OK);
        assert_int_equal(guest.outcome.kind, wanted[i]);
    }
    rp_checkpoint_destroy(checkpoint);
    rp_wasm_deinit(&wasm);
    rp_module_destroy(module);
    host_guest_end(&guest);
}

/* ---- nested calls that fall back ---- */

struct attempt {
    const char *name;
    uint64_t gas_max;
    bool fall_back;
    rp_outcome outcome;
};

static rp_host_result attempt_call(struct host_guest *guest, rp_caller *caller,
                                   const rp_value *args, rp_value *results)
{
    struct attempt *attempt = guest->plan;
    assert_int_equal(rp_caller_call(caller, host_guest_index(guest, attempt->name), &args[1], 1,
                                    attempt->gas_max, attempt->fall_back, results, 1,
                                    &attempt->outcome, NULL),
                     RP_OK);
    if (attempt->outcome.kind != RP_OUTCOME_RETURNED) {
        results[0].of.i32 = -1;
    }
    return RP_HOST_RETURN;
}

static rp_host_result ask_to_exit(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                                  rp_value *results)
{
    host_guest_triple(guest, caller, args, results);
    rp_caller_set_exit_code(caller, 3);
    return RP_HOST_EXIT;
}

#define SOME INT32_MAX /* more than nothing */

static void check_fall_back(struct host_guest *guest)
{
    static const struct {
        const char *name;
        uint64_t gas_max;
        rp_outcome_kind kind;
        int32_t kept;
        int32_t undone;
    } cases[] = {
        {"bump", 1000, RP_OUTCOME_RETURNED, 4, 4},
        {"bump_trap", 1000, RP_OUTCOME_TRAPPED, 4, 0},
        {"spin", 500, RP_OUTCOME_OUT_OF_GAS, SOME, 0},
        {"direct", 1000, RP_OUTCOME_EXITED, 0, 0},
    };
    struct attempt attempt;
    guest->play = attempt_call;
    guest->plan = &attempt;
    guest->ask = ask_to_exit;
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        uint64_t gas[2];
        for (int fall_back = 0; fall_back < 2; fall_back++) {
            int32_t memory = host_guest_memory(guest);
            int32_t global = host_guest_global(guest);
            uint64_t before = rp_store_gas_used(guest->store);
            attempt = (struct attempt){cases[i].name, cases[i].gas_max, fall_back == 1, {0}};
            assert_int_equal(host_guest_call(guest, "play", 4), RP_OUTCOME_RETURNED);
            assert_int_equal(attempt.outcome.kind, cases[i].kind);
            int32_t wanted = fall_back == 1 ? cases[i].undone : cases[i].kept;
            int32_t change = host_guest_memory(guest) - memory;
            assert_int_equal(host_guest_global(guest) - global, change);
            assert_true(wanted == SOME ? change > 0 : change == wanted);
            gas[fall_back] = rp_store_gas_used(guest->store) - before;
        }
        assert_int_equal(gas[0], gas[1]); /* gas stays spent */
    }
}

static void what_did_not_return_is_undone_and_paid(void **state)
{
    (void)state;
    host_guest_both(check_fall_back);
}

/* ---- inside of host functions ---- */

struct inside {
    rp_checkpoint *outside;
    rp_checkpoint *made;
    rp_status with_outside;
    rp_status deeper;
};

static rp_host_result ask_rollback(struct host_guest *guest, rp_caller *caller,
                                   const rp_value *args, rp_value *results)
{
    struct inside *inside = guest->plan;
    inside->deeper = rp_store_rollback(rp_caller_store(caller), inside->made, NULL);
    return host_guest_triple(guest, caller, args, results);
}

static rp_host_result roll_back_inside(struct host_guest *guest, rp_caller *caller,
                                       const rp_value *args, rp_value *results)
{
    struct inside *inside = guest->plan;
    rp_store *store = rp_caller_store(caller);
    rp_outcome outcome;
    inside->with_outside = rp_store_rollback(store, inside->outside, NULL);
    assert_int_equal(rp_store_checkpoint(store, &inside->made, NULL), RP_OK);
    uint32_t bump = host_guest_index(guest, "bump");
    assert_int_equal(rp_store_call(store, bump, &args[1], 1, results, 1, &outcome, NULL), RP_OK);
    uint32_t direct = host_guest_index(guest, "direct");
    assert_int_equal(rp_store_call(store, direct, &args[1], 1, results, 1, &outcome, NULL), RP_OK);
    uint64_t events = rp_store_host_events(store);
    assert_int_equal(rp_store_rollback(store, inside->made, NULL), RP_OK);
    assert_int_equal(rp_store_host_events(store), events); /* part of this answer */
    rp_checkpoint_destroy(inside->made);
    inside->made = NULL;
    return RP_HOST_RETURN;
}

static void check_inside(struct host_guest *guest)
{
    struct inside inside = {0};
    guest->plan = &inside;
    guest->play = roll_back_inside;
    guest->ask = ask_rollback;
    host_guest_call(guest, "bump", 11);
    assert_int_equal(rp_store_checkpoint(guest->store, &inside.outside, NULL), RP_OK);
    assert_int_equal(host_guest_call(guest, "twice", 4), RP_OUTCOME_RETURNED);
    assert_int_equal(inside.with_outside, RP_ERROR_STATE);
    assert_int_equal(inside.deeper, RP_ERROR_STATE);
    assert_int_equal(host_guest_memory(guest), 11);
    assert_int_equal(host_guest_global(guest), 11);
    rp_checkpoint_destroy(inside.outside);
}

static void inside_of_a_host_function_only_its_own_depth_is_taken_back(void **state)
{
    (void)state;
    host_guest_both(check_inside);
}

static rp_host_result keep_checkpoint(struct host_guest *guest, rp_caller *caller,
                                      const rp_value *args, rp_value *results)
{
    struct inside *inside = guest->plan;
    rp_store *store = rp_caller_store(caller);
    if (inside->made == NULL) {
        assert_int_equal(rp_store_checkpoint(store, &inside->made, NULL), RP_OK);
    } else {
        inside->deeper = rp_store_rollback(store, inside->made, NULL);
    }
    return host_guest_same(guest, caller, args, results);
}

/* The guest that calls may be one of the instances that would go. */
static void check_running_instances(struct host_guest *guest)
{
    struct inside inside = {.deeper = RP_ERROR_HOST};
    guest->plan = &inside;
    guest->play = keep_checkpoint;
    assert_int_equal(host_guest_call(guest, "play", 4), RP_OUTCOME_RETURNED);
    assert_int_equal(host_guest_call(guest, "play", 4), RP_OUTCOME_RETURNED);
    assert_int_equal(inside.deeper, RP_OK);
    guest->instance = add_instance(guest);
    assert_int_equal(host_guest_call(guest, "twice", 4), RP_OUTCOME_RETURNED);
    assert_int_equal(inside.deeper, RP_ERROR_STATE);
    assert_int_equal(rp_store_rollback(guest->store, inside.made, NULL), RP_OK);
    rp_checkpoint_destroy(inside.made);
}

static void instances_that_may_be_running_are_not_dropped(void **state)
{
    (void)state;
    host_guest_both(check_running_instances);
}

/* ---- what is attached ---- */

static void *copy_number(void *user)
{
    uint64_t *copy = malloc(sizeof *copy);
    *copy = *(uint64_t *)user;
    return copy;
}

static void restore_number(void *user, void *checkpoint)
{
    *(uint64_t *)user = *(uint64_t *)checkpoint;
}

static void forget_number(void *user, void *checkpoint)
{
    (void)user;
    free(checkpoint);
}

static void *copy_nothing(void *user)
{
    (void)user;
    return NULL;
}

static void attached_parts_are_taken_along(void **state)
{
    (void)state;
    uint64_t numbers[2] = {1, 2};
    struct rp_store_part parts[2];
    struct host_guest guest;
    rp_checkpoint *checkpoint;
    host_guest_begin(&guest, false);
    for (size_t i = 0; i < 2; i++) {
        parts[i] = (struct rp_store_part){.user = &numbers[i],
                                          .checkpoint = copy_number,
                                          .rollback = restore_number,
                                          .forget = forget_number};
        rp_store_add_part(guest.store, &parts[i]);
    }
    assert_int_equal(rp_store_checkpoint(guest.store, &checkpoint, NULL), RP_OK);
    for (int i = 0; i < 2; i++) {
        numbers[0] = 10;
        numbers[1] = 20;
        assert_int_equal(rp_store_rollback(guest.store, checkpoint, NULL), RP_OK);
        assert_int_equal(numbers[0], 1);
        assert_int_equal(numbers[1], 2);
    }
    rp_checkpoint_destroy(checkpoint);
    parts[1].checkpoint = copy_nothing;
    assert_int_equal(rp_store_checkpoint(guest.store, &checkpoint, NULL), RP_ERROR_NO_MEMORY);
    host_guest_end(&guest);
}

/* ---- native memory ---- */

static void a_checkpoint_that_finds_no_memory_changes_nothing(void **state)
{
    (void)state;
    struct host_guest guest;
    rp_checkpoint *checkpoint = NULL;
    host_guest_begin(&guest, false);
    host_guest_call(&guest, "bump", 7);
    const struct view before = read_view(&guest);
    rp_status status = RP_ERROR_NO_MEMORY;
    uint64_t failed = 0;
    while (status != RP_OK) {
        rp_alloc_inject(++failed, 0);
        status = rp_store_checkpoint(guest.store, &checkpoint, NULL);
        rp_alloc_inject(0, 0);
        assert_true(status == RP_OK || status == RP_ERROR_NO_MEMORY);
    }
    assert_true(failed > 8);
    const struct view after = read_view(&guest);
    assert_memory_equal(&after, &before, sizeof before);
    rp_checkpoint_destroy(checkpoint);
    rp_checkpoint_destroy(NULL);
    host_guest_end(&guest);
}

static void a_checkpoint_of_another_store_is_refused(void **state)
{
    (void)state;
    struct host_guest guests[2];
    rp_checkpoint *checkpoint;
    host_guest_begin(&guests[0], false);
    host_guest_begin(&guests[1], false);
    assert_int_equal(rp_store_checkpoint(guests[0].store, &checkpoint, NULL), RP_OK);
    assert_int_equal(rp_store_rollback(guests[1].store, checkpoint, NULL), RP_ERROR_ARGUMENT);
    rp_checkpoint_destroy(checkpoint);
    host_guest_end(&guests[0]);
    host_guest_end(&guests[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rolling_back_undoes_everything_but_gas_and_counts),
        cmocka_unit_test(an_older_and_a_younger_checkpoint_can_both_be_used),
        cmocka_unit_test(stopped_pending_and_cut_stores_become_idle),
        cmocka_unit_test(instances_made_since_are_dropped),
        cmocka_unit_test(dropped_segments_come_back_and_tables_shrink),
        cmocka_unit_test(what_did_not_return_is_undone_and_paid),
        cmocka_unit_test(inside_of_a_host_function_only_its_own_depth_is_taken_back),
        cmocka_unit_test(instances_that_may_be_running_are_not_dropped),
        cmocka_unit_test(attached_parts_are_taken_along),
        cmocka_unit_test(a_checkpoint_that_finds_no_memory_changes_nothing),
        cmocka_unit_test(a_checkpoint_of_another_store_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
