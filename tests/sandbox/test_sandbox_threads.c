/* Ten sandboxes at once (tests). */
#include "tests/sandbox/box.h"

#include <pthread.h>

#define SANDBOXES 10
#define ACTIONS 30

struct job {
    pthread_t thread;
    rp_engine *engine; /* NULL: of its own */
    bool is_endless;
    bool failed;
    char digest[RP_ROOT_BYTES];
    char last[32];
};

/* No cmocka in threads: what fails is noted. */
static bool run_actions(struct box *box, struct job *job)
{
    for (int i = 0; i < ACTIONS; i++) {
        char payload[32];
        (void)snprintf(payload, sizeof payload, "[%d]", i);
        if (box_execute(box, "mixed", payload) != RP_SANDBOX_OK) {
            return false;
        }
    }
    (void)snprintf(job->last, sizeof job->last, "%s", box->result.value);
    return rp_store_root(rp_sandbox_store(box->sandbox), (uint8_t *)job->digest, NULL, NULL,
                         NULL) == RP_OK;
}

static void *run_job(void *argument)
{
    struct job *job = argument;
    struct box box;
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    config.gas_per_execution = UINT64_MAX;
    config.timeout_ms = job->is_endless ? 50 : 60000;
    box_create(&box, job->engine, &config);
    job->failed = box_load(&box, NULL) != RP_SANDBOX_OK || !run_actions(&box, job);
    if (job->is_endless && !job->failed) {
        job->failed = box_execute(&box, "spin", NULL) != RP_SANDBOX_TIMEOUT;
    }
    box_deinit(&box);
    return NULL;
}

static void ten_sandboxes_at_once_do_what_one_does(void **state)
{
    (void)state;
    rp_engine *engine;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    struct job alone = {0};
    run_job(&alone);
    assert_false(alone.failed);
    struct job jobs[SANDBOXES];
    for (int i = 0; i < SANDBOXES; i++) {
        jobs[i] = (struct job){.engine = i % 2 == 0 ? engine : NULL, .is_endless = i % 3 == 0};
        assert_int_equal(pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]), 0);
    }
    for (int i = 0; i < SANDBOXES; i++) {
        assert_int_equal(pthread_join(jobs[i].thread, NULL), 0);
    }
    for (int i = 0; i < SANDBOXES; i++) {
        assert_false(jobs[i].failed);
        assert_string_equal(jobs[i].last, alone.last);
        assert_memory_equal(jobs[i].digest, alone.digest, RP_ROOT_BYTES);
    }
    rp_engine_destroy(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_sandboxes_at_once_do_what_one_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
