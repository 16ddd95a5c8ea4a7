/* Everything Reprise asks of the operating system (layer 0; platform_*.c). The deterministic layers
 * call nothing else of the host. */
#ifndef RP_CORE_PLATFORM_H
#define RP_CORE_PLATFORM_H

#include "core/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t rp_platform_page_bytes(void);

/* Address space without memory behind it: reading or writing it before rp_platform_commit faults.
 * NULL if the host refuses. */
void *rp_platform_reserve(size_t size);
void rp_platform_release(void *address, size_t size);

/* Makes [address, address + size) readable and writable; new pages read as zeros and cost nothing
 * until written. Page aligned. */
bool rp_platform_commit(void *address, size_t size) RP_NODISCARD;

/* Says that most of [address, address + size) is about to be written, so that the host may back it
 * by large pages. It changes what that costs and nothing else. */
void rp_platform_expect_writes(void *address, size_t size);

/* Writable code for the stencil experiment: pages that are first written, then made executable. */
bool rp_platform_make_executable(void *address, size_t size) RP_NODISCARD;

/* For the command and benchmarks only; the engine has no clock. Nanoseconds of the monotonic and of
 * the real-time clock. */
uint64_t rp_platform_monotonic_ns(void);
uint64_t rp_platform_realtime_ns(void);
uint64_t rp_platform_cpu_ns(void); /* CPU time of the process */

/* Whether a file descriptor is a terminal: progress is shown on those only. */
bool rp_platform_is_terminal(int descriptor);

struct rp_mutex;
struct rp_mutex *rp_mutex_create(void);
void rp_mutex_destroy(struct rp_mutex *mutex);
void rp_mutex_lock(struct rp_mutex *mutex);
void rp_mutex_unlock(struct rp_mutex *mutex);

#endif
