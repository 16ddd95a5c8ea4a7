/* The walk of allocations: allocation k of a sandbox's life fails, cleanly (tests). */
#include "tests/sandbox/box.h"

#include "core/alloc.h"

/* Only these may come of missing memory. */
static bool is_clean(rp_sandbox_error_code code, rp_sandbox_error_code expected)
{
    return code == expected || code == RP_SANDBOX_HOST_FAILURE;
}

static const rp_valkind i32[] = {RP_I32};

struct life {
    struct box box;
    rp_bytes bytes;
    rp_engine *engine;
    rp_on_stop on_stop;
    struct rp_span module;
};

static void expect(struct life *life, rp_sandbox_error_code code, rp_sandbox_error_code expected)
{
    if (!is_clean(code, expected)) {
        rp_alloc_inject(0, 0);
        fail_msg("%s: %s", rp_sandbox_error_name(code), life->box.error.message);
    }
}

static rp_sandbox_error_code create(struct life *life)
{
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    const rp_sandbox_host_func ask = {
        .name = "ask", .type = {i32, 1, i32, 1}, .handler = box_ask, .user = &life->box};
    config.host_funcs = &ask;
    config.host_func_count = 1;
    config.on_stop = life->on_stop;
    return rp_sandbox_create(life->engine, &config, &life->box.sandbox, &life->box.error);
}

/* Everything that a sandbox does; ends early where a step has failed that the rest builds on. */
static void live(struct life *life)
{
    struct box *box = &life->box;
    uint64_t little = 5;
    rp_execute_options options = {.struct_size = sizeof options, .gas = &little};
    rp_sandbox_error_code code = create(life);
    expect(life, code, RP_SANDBOX_OK);
    if (code != RP_SANDBOX_OK) {
        return;
    }
    code = rp_sandbox_load(box->sandbox, life->module.data, life->module.size, &box->error);
    expect(life, code, RP_SANDBOX_OK);
    if (code != RP_SANDBOX_OK) {
        return;
    }
    expect(life, box_execute(box, "echo", "{\"a\":1}"), RP_SANDBOX_OK);
    expect(life, box_execute(box, "add", "[1,2]"), RP_SANDBOX_OK);
    code = box_execute_with(box, "echo", "[1,2]", &options);
    expect(life, code, RP_SANDBOX_GAS_EXHAUSTED);
    if (rp_sandbox_get_status(box->sandbox) == RP_SANDBOX_SUSPENDED) {
        code = rp_sandbox_snapshot(box->sandbox, &life->bytes, &box->error);
        expect(life, code, RP_SANDBOX_OK);
        if (code == RP_SANDBOX_OK) {
            code =
                rp_sandbox_restore(box->sandbox, life->bytes.data, life->bytes.size, &box->error);
            expect(life, code, RP_SANDBOX_OK);
        }
        if (rp_sandbox_get_status(box->sandbox) == RP_SANDBOX_SUSPENDED) {
            expect(life, box_resume(box, NULL), RP_SANDBOX_OK);
        }
    }
}

/* Without failures it still does what it should. */
static void check_after(struct life *life)
{
    struct box *box = &life->box;
    if (box->sandbox == NULL) {
        return;
    }
    if (rp_sandbox_get_status(box->sandbox) == RP_SANDBOX_SUSPENDED) {
        assert_int_equal(box_resume(box, NULL), RP_SANDBOX_OK);
    }
    if (rp_sandbox_get_status(box->sandbox) == RP_SANDBOX_CREATED) {
        assert_int_equal(
            rp_sandbox_load(box->sandbox, life->module.data, life->module.size, &box->error),
            RP_SANDBOX_OK);
    }
    box_expect(box, "add", "[1,2]", "3");
    box_snapshot(box, &life->bytes);
    box_restore(box, &life->bytes);
    box_expect(box, "fixed", "{}", "{\"ok\":true}");
}

/* Allocation k fails, or all from k on. */
static void walk(rp_on_stop on_stop, int onward)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    const struct guest_options defaults = {.pages = 1};
    struct rp_span module = guest_build(&wasm, &defaults);
    uint64_t failures = 0;
    for (uint64_t k = 1;; k++) {
        struct life life = {.module = module, .box.answer = RP_HOST_RETURN, .on_stop = on_stop};
        assert_int_equal(rp_engine_create(NULL, &life.engine, NULL), RP_OK);
        rp_alloc_inject(k, onward);
        live(&life);
        uint64_t calls = rp_alloc_injected_calls();
        rp_alloc_inject(0, 0);
        check_after(&life);
        rp_bytes_release(&life.bytes);
        box_deinit(&life.box);
        rp_engine_destroy(life.engine);
        if (calls < k) {
            break;
        }
        failures++;
    }
    assert_true(failures > 30);
    rp_wasm_deinit(&wasm);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        walk((rp_on_stop)way, 0);
        walk((rp_on_stop)way, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
