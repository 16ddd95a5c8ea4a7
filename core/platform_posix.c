/* The operating system by way of POSIX (layer 0): address space, clocks, mutexes. Linux and macOS.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, MAP_NORESERVE */

#include "core/platform.h"

#include "core/alloc.h"
#include "core/assert.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LARGE_BYTES ((size_t)4 << 20) /* a range that large pages are worth having for */

struct rp_mutex {
    pthread_mutex_t native;
};

size_t rp_platform_page_bytes(void)
{
    long size = sysconf(_SC_PAGESIZE);
    RP_ASSERT(size > 0);
    return (size_t)size;
}

void *rp_platform_reserve(size_t size)
{
    if (!rp_alloc_admit()) {
        return NULL;
    }
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *address = mmap(NULL, size, PROT_NONE, flags, -1, 0);
    return address == MAP_FAILED ? NULL : address;
}

void rp_platform_release(void *address, size_t size)
{
    if (address != NULL) {
        int failed = munmap(address, size);
        RP_ASSERT(failed == 0);
    }
}

bool rp_platform_commit(void *address, size_t size)
{
    if (size == 0) {
        return true;
    }
    return rp_alloc_admit() && mprotect(address, size, PROT_READ | PROT_WRITE) == 0;
}

void rp_platform_expect_writes(void *address, size_t size)
{
#if defined(MADV_HUGEPAGE)
    if (size >= LARGE_BYTES) {
        (void)madvise(address, size, MADV_HUGEPAGE);
    }
#else
    (void)address;
    (void)size;
#endif
}

bool rp_platform_make_executable(void *address, size_t size)
{
    if (mprotect(address, size, PROT_READ | PROT_EXEC) != 0) {
        return false;
    }
    __builtin___clear_cache((char *)address, (char *)address + size);
    return true;
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;
    int failed = clock_gettime(clock, &now);
    RP_ASSERT(failed == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t rp_platform_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t rp_platform_realtime_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t rp_platform_cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

bool rp_platform_is_terminal(int descriptor)
{
    return isatty(descriptor) == 1;
}

struct rp_mutex *rp_mutex_create(void)
{
    struct rp_mutex *mutex = malloc(sizeof *mutex);
    if (mutex != NULL && pthread_mutex_init(&mutex->native, NULL) != 0) {
        free(mutex);
        mutex = NULL;
    }
    return mutex;
}

void rp_mutex_destroy(struct rp_mutex *mutex)
{
    if (mutex != NULL) {
        int failed = pthread_mutex_destroy(&mutex->native);
        RP_ASSERT(failed == 0);
        free(mutex);
    }
}

void rp_mutex_lock(struct rp_mutex *mutex)
{
    int failed = pthread_mutex_lock(&mutex->native);
    RP_ASSERT(failed == 0);
}

void rp_mutex_unlock(struct rp_mutex *mutex)
{
    int failed = pthread_mutex_unlock(&mutex->native);
    RP_ASSERT(failed == 0);
}
