/* The watchdog (tests; core/watchdog.h). */
#include "tests/support/unit.h"

#include "core/platform.h"
#include "core/watchdog.h"

#include <pthread.h>
#include <stdatomic.h>

static void count(void *user)
{
    atomic_fetch_add((atomic_int *)user, 1);
}

static bool wait_for(const atomic_int *counter, int value)
{
    uint64_t began = rp_platform_monotonic_ns();
    while (atomic_load(counter) != value) {
        if (rp_platform_monotonic_ns() - began > 5000000000u) {
            return false;
        }
    }
    return true;
}

static void zero_fires_at_once_and_no_limit_never(void **state)
{
    (void)state;
    atomic_int fired = 0;
    struct rp_watch watch;
    rp_watchdog_acquire();
    assert_true(rp_watch_begin(&watch, 0, count, &fired));
    assert_int_equal(atomic_load(&fired), 1);
    rp_watch_end(&watch);
    assert_true(rp_watch_begin(&watch, RP_WATCH_NO_LIMIT, count, &fired));
    rp_watch_end(&watch);
    assert_true(rp_watch_begin(&watch, INT64_MAX, count, &fired));
    rp_watch_end(&watch);
    assert_int_equal(atomic_load(&fired), 1);
    rp_watchdog_release();
}

static void a_watch_fires_once_after_its_time(void **state)
{
    (void)state;
    atomic_int fired = 0;
    struct rp_watch watch;
    rp_watchdog_acquire();
    assert_true(rp_watch_begin(&watch, 20, count, &fired));
    assert_true(wait_for(&fired, 1));
    assert_true(rp_watch_end(&watch) >= 20000000u);
    assert_int_equal(atomic_load(&fired), 1);
    rp_watchdog_release();
}

static void a_later_watch_may_be_due_earlier(void **state)
{
    (void)state;
    atomic_int slow = 0;
    atomic_int quick = 0;
    struct rp_watch watches[2];
    rp_watchdog_acquire();
    assert_true(rp_watch_begin(&watches[0], 60000, count, &slow));
    assert_true(rp_watch_begin(&watches[1], 10, count, &quick));
    assert_true(wait_for(&quick, 1));
    assert_int_equal(atomic_load(&slow), 0);
    rp_watch_end(&watches[0]);
    rp_watch_end(&watches[1]);
    rp_watchdog_release();
}

static void an_ended_watch_does_not_fire(void **state)
{
    (void)state;
    atomic_int ended = 0;
    atomic_int other = 0;
    struct rp_watch watches[2];
    rp_watchdog_acquire();
    assert_true(rp_watch_begin(&watches[0], 5, count, &ended));
    rp_watch_end(&watches[0]);
    int before = atomic_load(&ended);
    assert_true(rp_watch_begin(&watches[1], 20, count, &other));
    assert_true(wait_for(&other, 1));
    rp_watch_end(&watches[1]);
    assert_int_equal(atomic_load(&ended), before);
    rp_watchdog_release();
}

/* Releases that join the thread and begins that start it meet. */
static void *come_and_go(void *failed)
{
    for (int i = 0; i < 200; i++) {
        atomic_int fired = 0;
        struct rp_watch watch;
        rp_watchdog_acquire();
        bool begun = rp_watch_begin(&watch, i % 10 == 0 ? 1 : 10000, count, &fired);
        if (!begun || (i % 10 == 0 && !wait_for(&fired, 1))) {
            atomic_store((atomic_int *)failed, 1);
        }
        rp_watch_end(&watch);
        rp_watchdog_release();
    }
    return NULL;
}

static void users_come_and_go_from_many_threads(void **state)
{
    (void)state;
    atomic_int failed = 0;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &failed), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&failed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_fires_at_once_and_no_limit_never),
        cmocka_unit_test(a_watch_fires_once_after_its_time),
        cmocka_unit_test(a_later_watch_may_be_due_earlier),
        cmocka_unit_test(an_ended_watch_does_not_fire),
        cmocka_unit_test(users_come_and_go_from_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
