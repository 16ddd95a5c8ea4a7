/* Each status against each call (tests; docs/sandbox.md, "Status"). */
#include "tests/sandbox/box.h"

enum call {
    CALL_LOAD,
    CALL_EXECUTE,
    CALL_RESUME,
    CALL_SNAPSHOT,
    CALL_RESTORE,
    CALL_METRICS,
    CALL_VALIDATE,
    CALL_DESTROY,
    CALL_COUNT
};
static const char *const call_names[CALL_COUNT] = {"load",    "execute", "resume",   "snapshot",
                                                   "restore", "metrics", "validate", "destroy"};

#define OK RP_SANDBOX_OK
#define STATE RP_SANDBOX_INVALID_STATE
#define GONE RP_SANDBOX_INSTANCE_DESTROYED

/* The answer, and the status afterwards where it is not the one before. */
static const rp_sandbox_error_code answers[5][CALL_COUNT] = {
    /*             load   execute resume snapshot restore metrics validate destroy */
    /* created */ {OK, STATE, STATE, STATE, OK, OK, STATE, OK},
    /* loaded  */ {OK, OK, STATE, OK, OK, OK, OK, OK},
    /* running */ {STATE, STATE, STATE, STATE, STATE, OK, STATE, STATE},
    /* suspend */ {OK, STATE, OK, OK, OK, OK, STATE, OK},
    /* destroy */ {GONE, GONE, GONE, GONE, GONE, GONE, GONE, GONE},
};
#undef OK
#undef STATE
#undef GONE

static rp_bytes saved;

static rp_sandbox_error_code do_call(struct box *box, enum call call)
{
    rp_bytes bytes = {0};
    rp_sandbox_metrics metrics;
    rp_determinism report;
    rp_sandbox_error_code code;
    box->error = (rp_sandbox_error){0};
    switch (call) {
    case CALL_LOAD:
        return box_load(box, NULL);
    case CALL_EXECUTE:
        return box_execute(box, "add", "[1,2]");
    case CALL_RESUME:
        return box_resume(box, NULL);
    case CALL_SNAPSHOT:
        code = rp_sandbox_snapshot(box->sandbox, &bytes, &box->error);
        rp_bytes_release(&bytes);
        return code;
    case CALL_RESTORE:
        return rp_sandbox_restore(box->sandbox, saved.data, saved.size, &box->error);
    case CALL_METRICS:
        return rp_sandbox_get_metrics(box->sandbox, &metrics, &box->error);
    case CALL_VALIDATE:
        return rp_validate_determinism(box->sandbox, "add", "[1,2]", 5, NULL, &report, &box->error);
    default:
        return rp_sandbox_destroy(box->sandbox, &box->error);
    }
}

static rp_sandbox_status status_after(rp_sandbox_status before, enum call call,
                                      rp_sandbox_error_code code)
{
    if (code != RP_SANDBOX_OK) {
        return before;
    }
    switch (call) {
    case CALL_LOAD:
    case CALL_EXECUTE:
    case CALL_RESUME:
    case CALL_RESTORE:
        return RP_SANDBOX_LOADED;
    case CALL_DESTROY:
        return RP_SANDBOX_DESTROYED;
    default:
        return before;
    }
}

/* A box in a status; running is made by the caller. */
static void bring(struct box *box, rp_sandbox_status status)
{
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    config.on_stop = RP_ON_STOP_SUSPEND;
    config.gas_per_execution = 100000;
    box_create(box, NULL, &config);
    if (status == RP_SANDBOX_CREATED) {
        return;
    }
    assert_int_equal(box_load(box, NULL), RP_SANDBOX_OK);
    uint64_t little = 50;
    rp_execute_options options = {.struct_size = sizeof options, .gas = &little};
    if (status == RP_SANDBOX_SUSPENDED) {
        assert_int_equal(box_execute_with(box, "fib", "[9]", &options), RP_SANDBOX_GAS_EXHAUSTED);
    } else if (status == RP_SANDBOX_DESTROYED) {
        assert_int_equal(rp_sandbox_destroy(box->sandbox, NULL), RP_SANDBOX_OK);
    }
    assert_int_equal(rp_sandbox_get_status(box->sandbox), status);
}

static void check(struct box *box, rp_sandbox_status status, enum call call)
{
    rp_sandbox_error_code code = do_call(box, call);
    if (code != answers[status][call]) {
        fail_msg("%s in status %s: %s (%s)", call_names[call], rp_sandbox_status_name(status),
                 rp_sandbox_error_name(code), box->error.message);
    }
    assert_int_equal(box->error.code, code);
    assert_int_equal(rp_sandbox_get_status(box->sandbox), status_after(status, call, code));
    bool has_store = rp_sandbox_get_status(box->sandbox) != RP_SANDBOX_CREATED &&
                     rp_sandbox_get_status(box->sandbox) != RP_SANDBOX_DESTROYED;
    assert_int_equal(rp_sandbox_store(box->sandbox) != NULL, has_store);
}

static void each_call_answers_by_status(void **state)
{
    (void)state;
    const rp_sandbox_status statuses[] = {RP_SANDBOX_CREATED, RP_SANDBOX_LOADED,
                                          RP_SANDBOX_SUSPENDED, RP_SANDBOX_DESTROYED};
    for (size_t i = 0; i < 4; i++) {
        for (int call = 0; call < CALL_COUNT; call++) {
            struct box box;
            bring(&box, statuses[i]);
            check(&box, statuses[i], (enum call)call);
            box_deinit(&box);
        }
    }
}

static enum call inside_call;

static void call_inside(struct box *box)
{
    assert_int_equal(rp_sandbox_get_status(box->sandbox), RP_SANDBOX_RUNNING);
    check(box, RP_SANDBOX_RUNNING, inside_call);
}

static void each_call_answers_inside_of_a_host_function(void **state)
{
    (void)state;
    for (int call = 0; call < CALL_COUNT; call++) {
        struct box box;
        bring(&box, RP_SANDBOX_LOADED);
        inside_call = (enum call)call;
        box.inside = call_inside;
        box_expect(&box, "ask", "[4]", "8");
        assert_int_equal(box.asked, 1);
        box_deinit(&box);
    }
}

static void refused_calls_change_nothing(void **state)
{
    (void)state;
    struct box box;
    bring(&box, RP_SANDBOX_SUSPENDED);
    rp_bytes before = {0};
    rp_bytes after = {0};
    box_snapshot(&box, &before);
    for (int call = 0; call < CALL_COUNT; call++) {
        if (answers[RP_SANDBOX_SUSPENDED][call] != RP_SANDBOX_OK) {
            check(&box, RP_SANDBOX_SUSPENDED, (enum call)call);
        }
    }
    box_snapshot(&box, &after);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, after.size);
    assert_int_equal(box_resume(&box, NULL), RP_SANDBOX_OK);
    assert_string_equal(box.result.value, "34");
    rp_bytes_release(&before);
    rp_bytes_release(&after);
    box_deinit(&box);
}

/* Every row of `answers` restores this; the module is loaded by a box that stays. */
static struct box keeper;

static int make_saved(void **state)
{
    (void)state;
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    box_init(&keeper, &config);
    rp_bytes canonical = {0};
    box_snapshot(&keeper, &canonical);
    rp_pack_options options = {
        .struct_size = sizeof options,
        .module = rp_instance_module(rp_store_instance(rp_sandbox_store(keeper.sandbox), 0))};
    int failed = rp_snapshot_pack(canonical.data, canonical.size, &options, &saved, NULL) != RP_OK;
    rp_bytes_release(&canonical);
    return failed;
}

static int drop_saved(void **state)
{
    (void)state;
    rp_bytes_release(&saved);
    box_deinit(&keeper);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_answers_by_status),
        cmocka_unit_test(each_call_answers_inside_of_a_host_function),
        cmocka_unit_test(refused_calls_change_nothing),
    };
    return cmocka_run_group_tests(tests, make_saved, drop_saved);
}
