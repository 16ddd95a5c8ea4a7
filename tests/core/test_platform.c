/* Tests of core/platform_posix.c. */
#define _POSIX_C_SOURCE 200809L

#include "core/platform.h"
#include "tests/support/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether a read of the byte ends a child process. */
static bool read_faults(const volatile uint8_t *address)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGSEGV, SIG_DFL); /* not cmocka's handler, nor a sanitizer's */
        (void)signal(SIGBUS, SIG_DFL);
        (void)*address;
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void reserved_memory_faults_until_committed(void **state)
{
    (void)state;
    size_t page = rp_platform_page_bytes();
    size_t size = (size_t)8 << 30;
    uint8_t *memory = rp_platform_reserve(size);
    assert_non_null(memory);
    assert_true(rp_platform_commit(memory, 0));
    assert_true(rp_platform_commit(memory, 2 * page));
    for (size_t i = 0; i < 2 * page; i++) {
        assert_int_equal(memory[i], 0);
    }
    memory[2 * page - 1] = 7;
    assert_false(read_faults(memory + 2 * page - 1));
    assert_true(read_faults(memory + 2 * page));
    assert_true(rp_platform_commit(memory + 2 * page, page));
    assert_int_equal(memory[2 * page], 0);
    assert_int_equal(memory[2 * page - 1], 7);
    rp_platform_release(memory, size);
    rp_platform_release(NULL, size);
}

static void reserve_and_commit_refuse_what_cannot_be(void **state)
{
    (void)state;
    assert_null(rp_platform_reserve((size_t)1 << 62));
    assert_null(rp_platform_reserve(0));
    uint8_t *memory = rp_platform_reserve(rp_platform_page_bytes());
    assert_non_null(memory);
    assert_false(rp_platform_commit(memory + 1, 16)); /* not page aligned */
    assert_false(rp_platform_make_executable(memory + 1, 16));
    rp_platform_release(memory, rp_platform_page_bytes());
}

static void made_executable_code_runs(void **state)
{
    (void)state;
#if defined(__x86_64__)
    static const uint8_t code[] = {0xb8, 0x2a, 0x00, 0x00, 0x00, 0xc3}; /* mov eax, 42; ret */
#elif defined(__aarch64__)
    static const uint8_t code[] = {0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6};
#else
    skip();
#endif
    size_t page = rp_platform_page_bytes();
    uint8_t *memory = rp_platform_reserve(page);
    assert_non_null(memory);
    assert_true(rp_platform_commit(memory, page));
    uint8_t *entry = memory + 64; /* UBSan reads the bytes before a function that is called */
    memcpy(entry, code, sizeof code);
    assert_true(rp_platform_make_executable(memory, page));
    int (*function)(void);
    memcpy(&function, &entry, sizeof function);
    assert_int_equal(function(), 42);
    rp_platform_release(memory, page);
}

static void clocks_go_forward(void **state)
{
    (void)state;
    uint64_t monotonic = rp_platform_monotonic_ns();
    uint64_t cpu = rp_platform_cpu_ns();
    assert_true(rp_platform_realtime_ns() > 1600000000000000000u);
    for (volatile int i = 0; i < 1000000; i++) {}
    assert_true(rp_platform_monotonic_ns() > monotonic);
    assert_true(rp_platform_cpu_ns() > cpu);
}

struct counter {
    struct rp_mutex *mutex;
    unsigned count;
};

static void *count_under_lock(void *argument)
{
    struct counter *counter = argument;
    for (unsigned i = 0; i < 20000; i++) {
        rp_mutex_lock(counter->mutex);
        counter->count++;
        rp_mutex_unlock(counter->mutex);
    }
    return NULL;
}

static void mutex_excludes(void **state)
{
    (void)state;
    struct counter counter = {.mutex = rp_mutex_create()};
    assert_non_null(counter.mutex);
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, count_under_lock, &counter), 0);
    count_under_lock(&counter);
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_int_equal(counter.count, 40000);
    rp_mutex_destroy(counter.mutex);
    rp_mutex_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserved_memory_faults_until_committed),
        cmocka_unit_test(reserve_and_commit_refuse_what_cannot_be),
        cmocka_unit_test(made_executable_code_runs),
        cmocka_unit_test(clocks_go_forward),
        cmocka_unit_test(mutex_excludes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
