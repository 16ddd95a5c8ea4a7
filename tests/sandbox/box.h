/* A sandbox with the module of sandbox_guest.h, for tests (tests). What must succeed does or fails
 * the test with the error's text. */
#ifndef RP_TESTS_SANDBOX_BOX_H
#define RP_TESTS_SANDBOX_BOX_H

#include "tests/support/unit.h"

#include "tests/sandbox/sandbox_guest.h"

#include <stdio.h>

struct box {
    rp_sandbox *sandbox;
    rp_sandbox_error error;
    rp_sandbox_result result; /* of the latest execution that answered */
    int asked;                /* calls of env.ask */
    rp_host_result answer;    /* what env.ask answers */
    bool answers_i64;         /* another type than it should */
    int drift;                /* added to env.ask's result, and raised by it by `drift_step` */
    int drift_step;
    void (*inside)(struct box *box); /* called from env.ask; NULL: none */
};

/* env.ask(n) answers n * 2. */
static inline rp_host_result box_ask(void *user, rp_caller *caller, const rp_value *args,
                                     rp_value *results)
{
    struct box *box = user;
    box->asked++;
    if (box->inside != NULL) {
        box->inside(box);
    }
    if (box->answer != RP_HOST_RETURN) {
        rp_caller_message(caller, "the oracle is closed");
        return box->answer;
    }
    results[0].kind = box->answers_i64 ? RP_I64 : RP_I32;
    results[0].of.i32 = args[0].of.i32 * 2 + box->drift;
    box->drift += box->drift_step;
    return RP_HOST_RETURN;
}

static const rp_valkind box_i32[] = {RP_I32};

static inline void box_create(struct box *box, rp_engine *engine, const rp_sandbox_config *config)
{
    rp_sandbox_config copy;
    rp_sandbox_config_init(&copy);
    if (config != NULL) {
        copy = *config;
    }
    char name[] = "ask";
    rp_sandbox_host_func ask = {
        .name = name, .type = {box_i32, 1, box_i32, 1}, .handler = box_ask, .user = box};
    copy.host_funcs = &ask;
    copy.host_func_count = 1;
    *box = (struct box){.answer = RP_HOST_RETURN};
    if (rp_sandbox_create(engine, &copy, &box->sandbox, &box->error) != RP_SANDBOX_OK) {
        fail_msg("create: %s", box->error.message);
    }
    memset(name, 'x', sizeof name - 1); /* the configuration was copied */
    memset(&ask, 0, sizeof ask);
}

static inline rp_sandbox_error_code box_load(struct box *box, const struct guest_options *options)
{
    static const struct guest_options defaults;
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    struct rp_span bytes = guest_build(&wasm, options == NULL ? &defaults : options);
    rp_sandbox_error_code code = rp_sandbox_load(box->sandbox, bytes.data, bytes.size, &box->error);
    rp_wasm_deinit(&wasm);
    return code;
}

/* Created and loaded with the usual guest. */
static inline void box_init(struct box *box, const rp_sandbox_config *config)
{
    box_create(box, NULL, config);
    if (box_load(box, NULL) != RP_SANDBOX_OK) {
        fail_msg("load: %s", box->error.message);
    }
}

static inline void box_deinit(struct box *box)
{
    rp_sandbox_result_release(&box->result);
    rp_sandbox_free(box->sandbox);
}

static inline rp_sandbox_error_code box_execute_with(struct box *box, const char *action,
                                                     const char *payload,
                                                     const rp_execute_options *options)
{
    rp_sandbox_result_release(&box->result);
    return rp_sandbox_execute(box->sandbox, action, payload, payload == NULL ? 0 : strlen(payload),
                              options, &box->result, &box->error);
}

static inline rp_sandbox_error_code box_execute(struct box *box, const char *action,
                                                const char *payload)
{
    return box_execute_with(box, action, payload, NULL);
}

static inline rp_sandbox_error_code box_resume(struct box *box, const rp_execute_options *options)
{
    rp_sandbox_result_release(&box->result);
    return rp_sandbox_resume(box->sandbox, options, &box->result, &box->error);
}

/* Executes an action that must answer `value`. */
static inline void box_expect(struct box *box, const char *action, const char *payload,
                              const char *value)
{
    if (box_execute(box, action, payload) != RP_SANDBOX_OK) {
        fail_msg("%s(%s): %s: %s", action, payload == NULL ? "" : payload,
                 rp_sandbox_error_name(box->error.code), box->error.message);
    }
    assert_string_equal(box->result.value, value);
    assert_int_equal(box->result.value_size, strlen(value));
}

/* Executes an action that must end with `code`. */
static inline void box_expect_error(struct box *box, const char *action, const char *payload,
                                    rp_sandbox_error_code code)
{
    rp_sandbox_error_code found = box_execute(box, action, payload);
    if (found != code) {
        fail_msg("%s(%s): %s (%s), expected %s", action, payload == NULL ? "" : payload,
                 rp_sandbox_error_name(found), found == RP_SANDBOX_OK ? "" : box->error.message,
                 rp_sandbox_error_name(code));
    }
    assert_int_equal(box->error.code, code);
}

static inline void box_snapshot(struct box *box, rp_bytes *bytes)
{
    if (rp_sandbox_snapshot(box->sandbox, bytes, &box->error) != RP_SANDBOX_OK) {
        fail_msg("snapshot: %s", box->error.message);
    }
}

static inline void box_restore(struct box *box, const rp_bytes *bytes)
{
    if (rp_sandbox_restore(box->sandbox, bytes->data, bytes->size, &box->error) != RP_SANDBOX_OK) {
        fail_msg("restore: %s", box->error.message);
    }
}

static inline rp_sandbox_metrics box_metrics(struct box *box)
{
    rp_sandbox_metrics metrics;
    assert_int_equal(rp_sandbox_get_metrics(box->sandbox, &metrics, &box->error), RP_SANDBOX_OK);
    return metrics;
}

#endif
