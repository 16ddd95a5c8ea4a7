/* Saving, restoring and checking determinism (tests; sandbox/sandbox_snapshot.c,
 * sandbox_record.c, sandbox_determinism.c). */
#include "tests/sandbox/box.h"

/* Executes `mixed` from..to and keeps the values. */
static void run_mixed(struct box *box, int from, int to, char values[][32])
{
    for (int i = from; i < to; i++) {
        char payload[32];
        (void)snprintf(payload, sizeof payload, "[%d]", i * 7919);
        if (box_execute(box, "mixed", payload) != RP_SANDBOX_OK) {
            fail_msg("mixed: %s", box->error.message);
        }
        (void)snprintf(values[i], 32, "%s", box->result.value);
    }
}

static void five_actions_after_a_restore_are_the_same_five(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    char values[15][32];
    char again[15][32];
    run_mixed(&box, 0, 10, values);
    rp_bytes at_ten = {0};
    rp_bytes at_end[2] = {{0}, {0}};
    box_snapshot(&box, &at_ten);
    run_mixed(&box, 10, 15, values);
    box_snapshot(&box, &at_end[0]);
    box_restore(&box, &at_ten);
    run_mixed(&box, 10, 15, again);
    box_snapshot(&box, &at_end[1]);
    for (int i = 10; i < 15; i++) {
        assert_string_equal(values[i], again[i]);
    }
    assert_int_equal(at_end[0].size, at_end[1].size);
    assert_memory_equal(at_end[0].data, at_end[1].data, at_end[0].size);
    rp_bytes_release(&at_ten);
    rp_bytes_release(&at_end[0]);
    rp_bytes_release(&at_end[1]);
    box_deinit(&box);
}

static void a_hundred_repetitions_have_one_result(void **state)
{
    (void)state;
    rp_bytes first = {0};
    rp_bytes other = {0};
    char expected[4][32];
    for (int i = 0; i < 100; i++) {
        struct box box;
        char values[4][32];
        box_init(&box, NULL);
        run_mixed(&box, 0, 4, values);
        box_snapshot(&box, i == 0 ? &first : &other);
        if (i == 0) {
            memcpy(expected, values, sizeof expected);
        } else {
            assert_memory_equal(first.data, other.data, first.size);
            for (int j = 0; j < 4; j++) {
                assert_string_equal(values[j], expected[j]);
            }
        }
        box_deinit(&box);
    }
    rp_bytes_release(&first);
    rp_bytes_release(&other);
}

/* The one that takes it was only created: the module comes from the engine. */
static void move_to_another_config(rp_engine *engine, const rp_sandbox_config *config)
{
    struct box from;
    struct box to;
    char values[6][32];
    char again[6][32];
    box_create(&from, engine, NULL);
    assert_int_equal(box_load(&from, NULL), RP_SANDBOX_OK);
    box_create(&to, engine, config);
    run_mixed(&from, 0, 3, values);
    rp_bytes bytes = {0};
    rp_bytes ends[2] = {{0}, {0}};
    box_snapshot(&from, &bytes);
    box_restore(&to, &bytes);
    assert_int_equal(rp_sandbox_get_status(to.sandbox), RP_SANDBOX_LOADED);
    run_mixed(&from, 3, 6, values);
    run_mixed(&to, 3, 6, again);
    for (int i = 3; i < 6; i++) {
        assert_string_equal(values[i], again[i]);
    }
    box_snapshot(&from, &ends[0]);
    box_snapshot(&to, &ends[1]);
    assert_int_equal(ends[0].size, ends[1].size);
    assert_memory_equal(ends[0].data, ends[1].data, ends[0].size);
    rp_bytes_release(&bytes);
    rp_bytes_release(&ends[0]);
    rp_bytes_release(&ends[1]);
    box_deinit(&from);
    box_deinit(&to);
}

static void a_snapshot_moves_to_a_sandbox_of_another_seed_or_time(void **state)
{
    (void)state;
    rp_engine *engine;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    for (int i = 0; i < 4; i++) {
        rp_sandbox_config config;
        rp_sandbox_config_init(&config);
        config.seed += (uint64_t)i % 2;
        config.timestamp_ms += (uint64_t)i / 2;
        move_to_another_config(engine, &config);
    }
    rp_engine_destroy(engine);
}

/* In every part of a JSON action: before `__alloc`, in it, behind it, in the action. */
static void a_suspended_execution_moves_at_every_gas(void **state)
{
    (void)state;
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    config.on_stop = RP_ON_STOP_SUSPEND;
    const char *const actions[][3] = {{"echo", "{\"a\":1}", "{\"a\":1}"}, {"fib", "[4]", "3"}};
    for (int a = 0; a < 2; a++) {
        struct box from;
        box_init(&from, &config);
        box_expect(&from, actions[a][0], actions[a][1], actions[a][2]);
        uint64_t needed = from.result.gas_used;
        for (uint64_t gas = 0; gas < needed; gas++) {
            rp_bytes canonical = {0};
            rp_bytes packed = {0};
            struct box to;
            rp_execute_options options = {.struct_size = sizeof options, .gas = &gas};
            assert_int_equal(box_execute_with(&from, actions[a][0], actions[a][1], &options),
                             RP_SANDBOX_GAS_EXHAUSTED);
            box_snapshot(&from, &canonical);
            rp_pack_options pack = {
                .struct_size = sizeof pack,
                .module = rp_instance_module(rp_store_instance(rp_sandbox_store(from.sandbox), 0))};
            assert_int_equal(rp_snapshot_pack(canonical.data, canonical.size, &pack, &packed, NULL),
                             RP_OK);
            box_create(&to, NULL, &config);
            box_restore(&to, &packed);
            assert_int_equal(rp_sandbox_get_status(to.sandbox), RP_SANDBOX_SUSPENDED);
            assert_int_equal(box_resume(&to, NULL), RP_SANDBOX_OK);
            assert_string_equal(to.result.value, actions[a][2]);
            assert_int_equal(to.result.gas_used, needed);
            assert_int_equal(box_resume(&from, NULL), RP_SANDBOX_OK);
            rp_bytes ends[2] = {{0}, {0}};
            box_snapshot(&from, &ends[0]);
            box_snapshot(&to, &ends[1]);
            assert_int_equal(ends[0].size, ends[1].size);
            assert_memory_equal(ends[0].data, ends[1].data, ends[0].size);
            rp_bytes_release(&ends[0]);
            rp_bytes_release(&ends[1]);
            rp_bytes_release(&canonical);
            rp_bytes_release(&packed);
            box_deinit(&to);
        }
        box_deinit(&from);
    }
}

static void a_restored_failure_has_nothing_to_roll_back_to(void **state)
{
    (void)state;
    struct box box;
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    box_init(&box, &config);
    box.answer = RP_HOST_PENDING;
    box_expect_error(&box, "ask", "[1]", RP_SANDBOX_HOST_PENDING);
    rp_bytes bytes = {0};
    box_snapshot(&box, &bytes);
    box_restore(&box, &bytes);
    rp_store *store = rp_sandbox_store(box.sandbox);
    rp_pending pending;
    assert_int_equal(rp_store_pending(store, &pending), RP_OK);
    assert_int_equal(
        rp_store_complete(store, pending.request, RP_HOST_TRAP, NULL, 0, "no", 0, NULL), RP_OK);
    assert_int_equal(box_resume(&box, NULL), RP_SANDBOX_HOST_FUNCTION_ERROR);
    assert_int_equal(rp_sandbox_get_status(box.sandbox), RP_SANDBOX_LOADED);
    int64_t value = 0;
    assert_int_equal(rp_store_memory_read(rp_sandbox_store(box.sandbox), 0, 8, &value, 8), RP_OK);
    assert_int_equal(value, 1);
    rp_bytes_release(&bytes);
    box_deinit(&box);
}

static void damaged_and_foreign_snapshots_are_refused(void **state)
{
    (void)state;
    struct box box;
    struct box smaller;
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    box_init(&box, &config);
    config.memory_max_bytes = 65536;
    box_init(&smaller, &config);
    box_expect(&box, "bump", NULL, "1");
    rp_bytes bytes = {0};
    box_snapshot(&box, &bytes);
    assert_int_equal(rp_sandbox_restore(smaller.sandbox, bytes.data, bytes.size, &smaller.error),
                     RP_SANDBOX_SNAPSHOT_ERROR);
    assert_int_equal(smaller.error.status, RP_ERROR_SNAPSHOT_CONFIG);
    assert_int_equal(rp_sandbox_restore(box.sandbox, "", 0, &box.error), RP_SANDBOX_SNAPSHOT_ERROR);
    for (size_t size = 0; size < bytes.size; size += 97) {
        assert_int_equal(rp_sandbox_restore(box.sandbox, bytes.data, size, &box.error),
                         RP_SANDBOX_SNAPSHOT_ERROR);
    }
    for (size_t at = 0; at < bytes.size; at += 61) {
        bytes.data[at] ^= 4;
        assert_int_equal(rp_sandbox_restore(box.sandbox, bytes.data, bytes.size, &box.error),
                         RP_SANDBOX_SNAPSHOT_ERROR);
        assert_int_not_equal(box.error.status, RP_OK);
        bytes.data[at] ^= 4;
    }
    box_expect(&box, "bump", NULL, "2");
    box_expect(&smaller, "bump", NULL, "1");
    rp_bytes_release(&bytes);
    box_deinit(&box);
    box_deinit(&smaller);
}

static void refuse_own_snapshot(struct box *box)
{
    rp_bytes bytes = {0};
    assert_int_equal(rp_store_snapshot(rp_sandbox_store(box->sandbox), &bytes, NULL), RP_OK);
    assert_int_equal(rp_sandbox_restore(box->sandbox, bytes.data, bytes.size, &box->error),
                     RP_SANDBOX_SNAPSHOT_ERROR);
    assert_non_null(strstr(box->error.message, "record"));
    rp_bytes_release(&bytes);
}

static void a_record_that_lies_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } records[] = {
        {"\x95\x01\x02\xa3" /* right, but no call is stopped */
         "fib\x00\xc0",
         9},
        {"x", 1},
        {"\xc0", 1},
    };
    struct box box;
    box_init(&box, NULL);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        assert_int_equal(rp_store_set_embedder_data(rp_sandbox_store(box.sandbox), records[i].bytes,
                                                    records[i].size, NULL),
                         RP_OK);
        refuse_own_snapshot(&box);
    }
    box_deinit(&box);
}

static void a_record_that_does_not_fit_the_stopped_call_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } records[] = {
        {"", 0}, /* none */
        {"\x95\x02\x02\xa3"
         "fib\x00\xc0",
         9}, /* another version */
        {"\x95\x01\x00\xa3"
         "fib\x00\xc0",
         9}, /* no phase */
        {"\x95\x01\x03\xa3"
         "fib\x00\xc0",
         9}, /* no phase */
        {"\x95\x01\x01\xa3"
         "fib\x00\xc0",
         9}, /* in `__alloc`, without a payload */
        {"\x95\x01\x02\xa3"
         "fib\x00\xc4\x00",
         10}, /* behind it, with one */
        {"\x95\x01\x02\xa3"
         "f\x00"
         "b\x00\xc0",
         9}, /* a name that ends too early */
        {"\x95\x01\x02\xa3"
         "fib\x7f\xc0",
         9}, /* began after what is used */
        {"\x95\x01\x02\xa3"
         "fib\x00\xc0\xc0",
         10}, /* more behind it */
        {"\x94\x01\x02\xa3"
         "fib\x00",
         8}, /* too short */
        {"\x95\x01\x02\xa3"
         "fob\x00\xc0",
         9}, /* no such action */
        {"\x95\x01\x01\xa3"
         "fib\x00\xc4\x00",
         10}, /* a numeric action has no `__alloc` */
    };
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    config.on_stop = RP_ON_STOP_SUSPEND;
    struct box box;
    box_init(&box, &config);
    uint64_t gas = 100;
    rp_execute_options options = {.struct_size = sizeof options, .gas = &gas};
    assert_int_equal(box_execute_with(&box, "fib", "[9]", &options), RP_SANDBOX_GAS_EXHAUSTED);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        assert_int_equal(rp_store_set_embedder_data(rp_sandbox_store(box.sandbox), records[i].bytes,
                                                    records[i].size, NULL),
                         RP_OK);
        rp_bytes bytes = {0};
        assert_int_equal(rp_store_snapshot(rp_sandbox_store(box.sandbox), &bytes, NULL), RP_OK);
        if (rp_sandbox_restore(box.sandbox, bytes.data, bytes.size, &box.error) !=
            RP_SANDBOX_SNAPSHOT_ERROR) {
            fail_msg("record %zu was taken", i);
        }
        rp_bytes_release(&bytes);
    }
    assert_int_equal(box_resume(&box, NULL), RP_SANDBOX_OK);
    assert_string_equal(box.result.value, "34");
    box_deinit(&box);
}

/* The record names an action of another type than the call that is stopped. */
static void a_record_of_another_action_is_found_when_it_answers(void **state)
{
    (void)state;
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    config.on_stop = RP_ON_STOP_SUSPEND;
    const char *const records[] = {"\x95\x01\x02\xa4"
                                   "bump\x00\xc0",
                                   "\x95\x01\x02\xa4"
                                   "pair\x00\xc0"};
    for (int i = 0; i < 2; i++) {
        struct box box;
        box_init(&box, &config);
        uint64_t gas = 100;
        rp_execute_options options = {.struct_size = sizeof options, .gas = &gas};
        assert_int_equal(box_execute_with(&box, "fib", "[9]", &options), RP_SANDBOX_GAS_EXHAUSTED);
        assert_int_equal(
            rp_store_set_embedder_data(rp_sandbox_store(box.sandbox), records[i], 10, NULL), RP_OK);
        rp_bytes bytes = {0};
        assert_int_equal(rp_store_snapshot(rp_sandbox_store(box.sandbox), &bytes, NULL), RP_OK);
        box_restore(&box, &bytes);
        assert_int_not_equal(box_resume(&box, NULL), RP_SANDBOX_OK);
        rp_bytes_release(&bytes);
        box_deinit(&box);
    }
}

static void a_large_payload_in_alloc_cannot_be_saved(void **state)
{
    (void)state;
    static char text[70000];
    memset(text, 'x', sizeof text - 1);
    text[0] = text[sizeof text - 2] = '"';
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    config.on_stop = RP_ON_STOP_SUSPEND;
    struct box box;
    box_create(&box, NULL, &config);
    struct guest_options options = {.pages = 3};
    assert_int_equal(box_load(&box, &options), RP_SANDBOX_OK);
    uint64_t none = 0;
    rp_execute_options stop = {.struct_size = sizeof stop, .gas = &none};
    assert_int_equal(box_execute_with(&box, "echo", text, &stop), RP_SANDBOX_GAS_EXHAUSTED);
    rp_bytes bytes = {0};
    assert_int_equal(rp_sandbox_snapshot(box.sandbox, &bytes, &box.error),
                     RP_SANDBOX_SNAPSHOT_ERROR);
    assert_int_equal(box_resume(&box, NULL), RP_SANDBOX_OK);
    assert_string_equal(box.result.value, text);
    box_snapshot(&box, &bytes);
    rp_bytes_release(&bytes);
    box_deinit(&box);
}

static void validation_finds_a_host_that_answers_differently(void **state)
{
    (void)state;
    const struct {
        const char *action;
        int drift_step;
        rp_host_result answer;
        bool equal;
        const char *difference;
    } cases[] = {
        {"mixed", 0, RP_HOST_RETURN, true, ""},
        {"mixed", 1, RP_HOST_RETURN, false, "value: "},
        {"ask", 1, RP_HOST_RETURN, false, "value: "},
        {"ask", 0, RP_HOST_TRAP, true, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct box box;
        box_init(&box, NULL);
        box_expect(&box, "bump", NULL, "1");
        rp_bytes before = {0};
        rp_bytes after = {0};
        box_snapshot(&box, &before);
        box.drift_step = cases[i].drift_step;
        box.answer = cases[i].answer;
        rp_determinism report;
        rp_sandbox_error_code code = rp_validate_determinism(box.sandbox, cases[i].action, "[3]", 3,
                                                             NULL, &report, &box.error);
        if (code != RP_SANDBOX_OK) {
            fail_msg("case %zu: %s", i, box.error.message);
        }
        assert_int_equal(report.equal, cases[i].equal);
        assert_memory_equal(report.difference, cases[i].difference, strlen(cases[i].difference));
        assert_int_equal(report.gas[0], report.gas[1]);
        assert_int_equal(memcmp(report.root[0], report.root[1], RP_ROOT_BYTES) == 0,
                         cases[i].equal || strcmp(cases[i].action, "ask") == 0);
        box_snapshot(&box, &after);
        assert_int_equal(before.size, after.size);
        assert_memory_equal(before.data, after.data, before.size);
        assert_int_equal(box_metrics(&box).executions, 1);
        rp_bytes_release(&before);
        rp_bytes_release(&after);
        box_deinit(&box);
    }
}

static int writes; /* of write_inside, over the life of the test */

static void write_inside(struct box *box)
{
    uint8_t byte = (uint8_t)++writes;
    assert_int_equal(rp_store_memory_write(rp_sandbox_store(box->sandbox), 0, 5000, &byte, 1),
                     RP_OK);
}

static void validation_finds_a_difference_of_state_alone(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    box.inside = write_inside;
    rp_determinism report;
    assert_int_equal(
        rp_validate_determinism(box.sandbox, "ask", "[3]", 3, NULL, &report, &box.error),
        RP_SANDBOX_OK);
    assert_false(report.equal);
    assert_non_null(strstr(report.difference, "state: memory0: "));
    assert_int_not_equal(memcmp(report.root[0], report.root[1], RP_ROOT_BYTES), 0);
    box_deinit(&box);
}

static void validation_of_what_real_time_stops_gives_no_verdict(void **state)
{
    (void)state;
    struct box box;
    box_init(&box, NULL);
    int64_t none = 0;
    rp_execute_options options = {.struct_size = sizeof options, .timeout_ms = &none};
    rp_determinism report;
    assert_int_equal(
        rp_validate_determinism(box.sandbox, "add", "[3,4]", 5, &options, &report, &box.error),
        RP_SANDBOX_TIMEOUT);
    assert_int_equal(
        rp_validate_determinism(box.sandbox, "nix", "[3,4]", 5, NULL, &report, &box.error),
        RP_SANDBOX_UNKNOWN_ACTION);
    box_expect(&box, "add", "[3,4]", "7");
    box_deinit(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_actions_after_a_restore_are_the_same_five),
        cmocka_unit_test(a_hundred_repetitions_have_one_result),
        cmocka_unit_test(a_snapshot_moves_to_a_sandbox_of_another_seed_or_time),
        cmocka_unit_test(a_suspended_execution_moves_at_every_gas),
        cmocka_unit_test(a_restored_failure_has_nothing_to_roll_back_to),
        cmocka_unit_test(damaged_and_foreign_snapshots_are_refused),
        cmocka_unit_test(a_record_that_lies_is_refused),
        cmocka_unit_test(a_record_that_does_not_fit_the_stopped_call_is_refused),
        cmocka_unit_test(a_record_of_another_action_is_found_when_it_answers),
        cmocka_unit_test(a_large_payload_in_alloc_cannot_be_saved),
        cmocka_unit_test(validation_finds_a_host_that_answers_differently),
        cmocka_unit_test(validation_finds_a_difference_of_state_alone),
        cmocka_unit_test(validation_of_what_real_time_stops_gives_no_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
