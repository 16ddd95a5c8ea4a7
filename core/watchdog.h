/* Wall-clock limits of runs (layer 0; platform_watchdog_posix.c): one thread of the process, shared
 * by all who use it, that calls a function when a time has passed. No signals.
 *
 * The thread exists from the first watch with a limit until the last user has released the
 * watchdog, which joins it. All functions may be called from any thread; a watch belongs to one. */
#ifndef RP_CORE_WATCHDOG_H
#define RP_CORE_WATCHDOG_H

#include "core/compiler.h"

#include <stdbool.h>
#include <stdint.h>

#define RP_WATCH_NO_LIMIT (-1)

/* In the storage of who waits, from begin to end. */
struct rp_watch {
    struct rp_watch *previous;
    struct rp_watch *next;
    uint64_t began_ns;
    uint64_t deadline_ns;
    void (*fire)(void *user);
    void *user;
    bool listed;
};

/* Says that watches will be begun; released as often as acquired. */
void rp_watchdog_acquire(void);
void rp_watchdog_release(void);

/* Calls `fire` once, `timeout_ms` from now, on the watchdog's thread, or at once, on this one, if
 * that is 0; RP_WATCH_NO_LIMIT: never. `fire` must be short and must not use the watchdog. False:
 * the host gives no thread. */
bool rp_watch_begin(struct rp_watch *watch, int64_t timeout_ms, void (*fire)(void *user),
                    void *user) RP_NODISCARD;
/* Afterwards `fire` is not running and will not be called. Answers the nanoseconds since begin. */
uint64_t rp_watch_end(struct rp_watch *watch);

#endif
