/* The watchdog by way of POSIX threads (layer 0). See watchdog.h.
 *
 * The thread sleeps until the earliest deadline that was known when it fell asleep. A watch that
 * ends wakes nobody, and a watch that begins wakes the thread only if its deadline is earlier than
 * that: short runs with one limit cost one wake-up in the time of a limit. */
#define _DEFAULT_SOURCE /* POSIX under -std=c17 */

#include "core/assert.h"
#include "core/platform.h"
#include "core/watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u

/* All under `mutex`. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool has_changed; /* `changed` is made, for the process's life */
    bool has_thread;
    uint64_t generation; /* of the thread; one of an earlier generation ends */
    uint64_t users;
    uint64_t asleep_until_ns;
    struct rp_watch *watches;
} watchdog = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void lock(void)
{
    int failed = pthread_mutex_lock(&watchdog.mutex);
    RP_ASSERT(failed == 0);
}

static void unlock(void)
{
    int failed = pthread_mutex_unlock(&watchdog.mutex);
    RP_ASSERT(failed == 0);
}

static void unlist(struct rp_watch *watch)
{
    if (!watch->listed) {
        return;
    }
    if (watch->previous == NULL) {
        watchdog.watches = watch->next;
    } else {
        watch->previous->next = watch->next;
    }
    if (watch->next != NULL) {
        watch->next->previous = watch->previous;
    }
    watch->listed = false;
}

/* Fires what is due; the earliest deadline of the others. */
static uint64_t fire_due(void)
{
    uint64_t now = rp_platform_monotonic_ns();
    uint64_t earliest = UINT64_MAX;
    for (struct rp_watch *watch = watchdog.watches; watch != NULL;) {
        struct rp_watch *next = watch->next;
        if (watch->deadline_ns <= now) {
            unlist(watch);
            watch->fire(watch->user);
        } else if (watch->deadline_ns < earliest) {
            earliest = watch->deadline_ns;
        }
        watch = next;
    }
    return earliest;
}

static void *run_watchdog(void *generation)
{
    lock();
    while ((uint64_t)(uintptr_t)generation == watchdog.generation) {
        uint64_t until = fire_due();
        watchdog.asleep_until_ns = until;
        if (until == UINT64_MAX) {
            (void)pthread_cond_wait(&watchdog.changed, &watchdog.mutex);
        } else {
            struct timespec deadline = {.tv_sec = (time_t)(until / NS_PER_S),
                                        .tv_nsec = (long)(until % NS_PER_S)};
            (void)pthread_cond_timedwait(&watchdog.changed, &watchdog.mutex, &deadline);
        }
    }
    unlock();
    return NULL;
}

static void make_condition(void)
{
    pthread_condattr_t attributes;
    int failed = pthread_condattr_init(&attributes);
    failed |= pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    failed |= pthread_cond_init(&watchdog.changed, &attributes);
    RP_ASSERT(failed == 0);
    (void)pthread_condattr_destroy(&attributes);
    watchdog.has_changed = true;
}

/* Starts the thread if there is none; it gets no signals. */
static bool start_thread(void)
{
    if (watchdog.has_thread) {
        return true;
    }
    if (!watchdog.has_changed) {
        make_condition();
    }
    watchdog.asleep_until_ns = 0;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    watchdog.has_thread = pthread_create(&watchdog.thread, NULL, run_watchdog,
                                         (void *)(uintptr_t)watchdog.generation) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return watchdog.has_thread;
}

void rp_watchdog_acquire(void)
{
    lock();
    watchdog.users++;
    unlock();
}

void rp_watchdog_release(void)
{
    lock();
    RP_ASSERT(watchdog.users != 0);
    bool ends = --watchdog.users == 0 && watchdog.has_thread;
    pthread_t thread = watchdog.thread;
    if (ends) {
        RP_ASSERT(watchdog.watches == NULL);
        watchdog.generation++;
        watchdog.has_thread = false;
        (void)pthread_cond_broadcast(&watchdog.changed);
    }
    unlock();
    if (ends) {
        int failed = pthread_join(thread, NULL);
        RP_ASSERT(failed == 0);
    }
}

bool rp_watch_begin(struct rp_watch *watch, int64_t timeout_ms, void (*fire)(void *user),
                    void *user)
{
    *watch = (struct rp_watch){.began_ns = rp_platform_monotonic_ns(), .fire = fire, .user = user};
    if (timeout_ms == 0) {
        fire(user);
        return true;
    }
    if (timeout_ms < 0 || (uint64_t)timeout_ms > (UINT64_MAX - watch->began_ns) / NS_PER_MS) {
        return true;
    }
    watch->deadline_ns = watch->began_ns + (uint64_t)timeout_ms * NS_PER_MS;
    lock();
    RP_ASSERT(watchdog.users != 0);
    bool started = start_thread();
    if (started) {
        watch->next = watchdog.watches;
        if (watch->next != NULL) {
            watch->next->previous = watch;
        }
        watchdog.watches = watch;
        watch->listed = true;
        if (watch->deadline_ns < watchdog.asleep_until_ns) {
            (void)pthread_cond_broadcast(&watchdog.changed);
        }
    }
    unlock();
    return started;
}

uint64_t rp_watch_end(struct rp_watch *watch)
{
    if (watch->deadline_ns != 0) {
        lock();
        unlist(watch);
        unlock();
    }
    return rp_platform_monotonic_ns() - watch->began_ns;
}
