/* Tests of core/assert.c: a failed assertion ends the process, whatever the build. */
#define _POSIX_C_SOURCE 200809L

#include "core/assert.h"
#include "tests/support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail_an_assertion(int answer)
{
    RP_ASSERT(answer == 42);
}

/* Runs the assertion in a child; gives its wait status and what it wrote to stderr. */
static int run_in_child(int answer, char *text, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit no_core = {0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)dup2(ends[1], STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL);
        fail_an_assertion(answer);
        _exit(0);
    }
    (void)close(ends[1]);
    size_t length = 0;
    ssize_t got;
    while (length < size - 1 && (got = read(ends[0], text + length, size - 1 - length)) > 0) {
        length += (size_t)got;
    }
    text[length] = '\0';
    (void)close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void failed_assertion_aborts_and_names_its_place(void **state)
{
    (void)state;
    char text[4096];
    int status = run_in_child(41, text, sizeof text);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "test_assert.c:"));
    assert_non_null(strstr(text, "answer == 42"));
}

static void kept_assertion_does_nothing(void **state)
{
    (void)state;
    char text[4096];
    int status = run_in_child(42, text, sizeof text);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_assertion_aborts_and_names_its_place),
        cmocka_unit_test(kept_assertion_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
