/* Tests of core/platform_process.c. */
#define _POSIX_C_SOURCE 200809L

#include "core/platform_process.h"

#include "core/platform.h"
#include "tests/support/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static struct rp_allocator allocator;

static int enter_new_folder(void **state)
{
    (void)state;
    rp_allocator_init(&allocator, 0);
    (void)snprintf(folder, sizeof folder, "/tmp/reprise-test-XXXXXX");
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

/* The names that the tests of this file make; anything else left behind makes rmdir fail. */
static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"file", "link", "dir", "pipe"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        (void)remove(names[i]);
    }
    assert_int_equal(allocator.used_bytes, 0);
    return chdir("/") != 0 || rmdir(folder) != 0;
}

static void assert_contents(const char *path, const char *expected)
{
    uint8_t *data = NULL;
    size_t size = 0;
    assert_null(rp_file_read(path, &allocator, 1 << 20, &data, &size));
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(data == NULL ? (const uint8_t *)"" : data, expected, size);
    rp_free(&allocator, data, size);
}

static void file_is_replaced_in_one_step(void **state)
{
    (void)state;
    assert_null(rp_file_replace("file", "first", 5));
    assert_contents("file", "first");
    assert_int_equal(symlink("file", "link"), 0);
    assert_null(rp_file_replace("link", "second, longer", 14));
    assert_contents("file", "second, longer");
    struct stat info;
    assert_int_equal(lstat("link", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_null(rp_file_replace("file", "", 0));
    assert_contents("file", "");
    assert_null(rp_file_replace("/dev/null", "gone", 4));
}

static void failed_replacement_changes_nothing(void **state)
{
    (void)state;
    assert_non_null(rp_file_replace("nowhere/file", "x", 1));
    assert_int_equal(mkdir("dir", 0755), 0);
    assert_non_null(rp_file_replace("dir", "x", 1));
    assert_non_null(rp_file_replace("/dev/full", "x", 1));
}

static void replacement_in_pieces_is_seen_at_its_end_or_never(void **state)
{
    (void)state;
    struct rp_file_replacement replacement;
    assert_null(rp_file_replace("file", "old", 3));
    assert_null(rp_file_begin_replace("file", &replacement));
    assert_null(rp_stream_write(replacement.descriptor, "one ", 4));
    assert_null(rp_stream_write(replacement.descriptor, "two", 3));
    assert_contents("file", "old");
    assert_contents(replacement.name, "one two");
    assert_null(rp_file_end_replace(&replacement, false));
    assert_contents("file", "old");
    assert_int_equal(access(replacement.name, F_OK), -1);
    assert_null(rp_file_begin_replace("file", &replacement));
    assert_null(rp_stream_write(replacement.descriptor, "new", 3));
    assert_null(rp_file_end_replace(&replacement, true));
    assert_contents("file", "new");
    assert_int_equal(access(replacement.name, F_OK), -1);
    assert_non_null(rp_file_begin_replace("nowhere/file", &replacement));
}

static void whether_a_file_can_be_replaced_is_known_beforehand(void **state)
{
    (void)state;
    assert_null(rp_file_replace("file", "kept", 4));
    assert_null(rp_file_check_replace("file"));
    assert_contents("file", "kept");
    assert_null(rp_file_check_replace("not there"));
    assert_int_equal(access("not there", F_OK), -1);
    assert_null(rp_file_check_replace("/dev/null"));
    assert_non_null(rp_file_check_replace("nowhere/file"));
    assert_non_null(rp_file_check_replace("file/below"));
    assert_non_null(rp_file_check_replace("."));
}

static void opened_output_keeps_its_contents_until_written(void **state)
{
    (void)state;
    assert_null(rp_file_replace("file", "old contents", 12));
    int descriptor = -1;
    assert_null(rp_file_open_output("file", &descriptor));
    assert_contents("file", "old contents");
    assert_null(rp_file_write(descriptor, "new", 3));
    assert_contents("file", "new");
    assert_non_null(rp_file_open_output("nowhere/file", &descriptor));
    assert_null(rp_file_open_output("/dev/full", &descriptor));
    assert_non_null(rp_file_write(descriptor, "x", 1));
}

static void created_file_is_emptied_and_written_piece_by_piece(void **state)
{
    (void)state;
    int descriptor = -1;
    assert_null(rp_file_replace("file", "old contents", 12));
    assert_null(rp_file_create("file", &descriptor));
    assert_contents("file", "");
    assert_null(rp_stream_write(descriptor, "one ", 4));
    assert_null(rp_stream_write(descriptor, "two", 3));
    assert_contents("file", "one two");
    assert_null(rp_file_close(descriptor));
    assert_non_null(rp_file_close(descriptor));
    assert_non_null(rp_file_create("nowhere/file", &descriptor));
}

static void reading_keeps_the_limit(void **state)
{
    (void)state;
    uint8_t *data = NULL;
    size_t size = 0;
    assert_null(rp_file_replace("file", "12345678", 8));
    assert_string_equal(rp_file_read("file", &allocator, 7, &data, &size), "file too large");
    assert_null(rp_file_read("file", &allocator, 8, &data, &size));
    assert_int_equal(size, 8);
    rp_free(&allocator, data, size);
    data = NULL;
    assert_string_equal(rp_file_read("/dev/zero", &allocator, 100000, &data, &size),
                        "file too large");
    assert_non_null(rp_file_read("nowhere", &allocator, 8, &data, &size));
    assert_non_null(rp_file_read(".", &allocator, 8, &data, &size));
    assert_null(data);
}

static void reading_without_memory_fails_cleanly(void **state)
{
    (void)state;
    assert_null(rp_file_replace("file", "12345678", 8));
    struct rp_allocator failing;
    rp_allocator_init(&failing, 0);
    failing.fail_call = 1;
    uint8_t *data = NULL;
    size_t size = 0;
    assert_string_equal(rp_file_read("file", &failing, 8, &data, &size), "out of memory");
    assert_null(data);
    assert_int_equal(failing.used_bytes, 0);
}

static void stream_read_gives_what_is_there_and_then_the_end(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    atomic_bool stop = false;
    char data[16];
    size_t size = 0;
    assert_null(rp_stream_write(ends[1], "abc", 3));
    assert_null(rp_stream_read(ends[0], data, sizeof data, &stop, &size));
    assert_int_equal(size, 3);
    (void)close(ends[1]);
    assert_null(rp_stream_read(ends[0], data, sizeof data, &stop, &size));
    assert_int_equal(size, 0);
    (void)close(ends[0]);
    assert_non_null(rp_stream_read(ends[0], data, sizeof data, &stop, &size));
}

static void stream_read_stops_on_request(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    atomic_bool stop = true;
    char data[16];
    size_t size = 77;
    const char *error = rp_stream_read(ends[0], data, sizeof data, &stop, &size);
    assert_ptr_equal(error, rp_stream_stopped);
    assert_int_equal(size, 77);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void stream_write_waits_for_a_slow_reader(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[1]);
        static char data[4096];
        size_t total = 0;
        ssize_t count;
        while ((count = read(ends[0], data, sizeof data)) > 0) {
            total += (size_t)count;
        }
        _exit(total == 1000000 ? 0 : 1);
    }
    (void)close(ends[0]);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    char *data = calloc(1, 1000000);
    assert_non_null(data);
    assert_null(rp_stream_write(ends[1], data, 1000000));
    free(data);
    (void)close(ends[1]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Runs in a child, which ends with the value that `check` gives. */
static int run_in_child(int (*check)(void))
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(check());
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static int write_into_closed_pipe(void)
{
    int ends[2];
    rp_process_init();
    if (pipe(ends) != 0 || close(ends[0]) != 0) {
        return 1;
    }
    return rp_stream_write(ends[1], "x", 1) != NULL ? 0 : 2;
}

static int open_with_closed_streams(void)
{
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    rp_process_init();
    int descriptor = open("/dev/null", O_RDONLY);
    if (descriptor <= STDERR_FILENO) {
        return 1;
    }
    return rp_stream_write(RP_STREAM_OUT, "x", 1) != NULL ? 0 : 2;
}

static void closed_streams_fail_without_a_signal(void **state)
{
    (void)state;
    assert_int_equal(run_in_child(write_into_closed_pipe), 0);
    assert_int_equal(run_in_child(open_with_closed_streams), 0);
}

static volatile sig_atomic_t interrupts;

static void note_interrupt(void)
{
    interrupts++;
}

static int interrupt_twice(void)
{
    rp_process_on_interrupt(note_interrupt);
    (void)raise(SIGINT);
    if (interrupts != 1) {
        return 1;
    }
    (void)raise(SIGINT);
    return 2;
}

static int interrupt_without_handler(void)
{
    rp_process_on_interrupt(note_interrupt);
    rp_process_on_interrupt(NULL);
    (void)raise(SIGINT);
    return 1;
}

static void second_interrupt_ends_the_process(void **state)
{
    (void)state;
    int status = run_in_child(interrupt_twice);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
    status = run_in_child(interrupt_without_handler);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
}

static void count_tick(void *user)
{
    atomic_int *ticks = user;
    atomic_fetch_add(ticks, 1);
}

static bool wait_for_ticks(atomic_int *ticks, int count)
{
    uint64_t began = rp_platform_monotonic_ns();
    while (atomic_load(ticks) < count) {
        if (rp_platform_monotonic_ns() - began > 20000000000u) {
            return false;
        }
    }
    return true;
}

static void timer_ticks_until_it_is_stopped(void **state)
{
    (void)state;
    atomic_int ticks = 0;
    struct rp_timer *timer = rp_timer_start(1000, 1000000, count_tick, &ticks);
    assert_non_null(timer);
    assert_true(wait_for_ticks(&ticks, 3));
    rp_timer_stop(timer);
    int seen = atomic_load(&ticks);
    uint64_t began = rp_platform_monotonic_ns();
    while (rp_platform_monotonic_ns() - began < 5000000) {}
    assert_int_equal(atomic_load(&ticks), seen);
    rp_timer_stop(NULL);
}

static void timer_without_interval_ticks_once(void **state)
{
    (void)state;
    atomic_int ticks = 0;
    struct rp_timer *timer = rp_timer_start(0, 0, count_tick, &ticks);
    assert_true(wait_for_ticks(&ticks, 1));
    rp_timer_stop(timer);
    assert_int_equal(atomic_load(&ticks), 1);
    timer = rp_timer_start(UINT64_MAX, 0, count_tick, &ticks);
    rp_timer_stop(timer);
    assert_int_equal(atomic_load(&ticks), 1);
}

static void variable_is_null_when_not_set(void **state)
{
    (void)state;
    assert_int_equal(setenv("REPRISE_TEST_VARIABLE", "v", 1), 0);
    assert_string_equal(rp_process_variable("REPRISE_TEST_VARIABLE"), "v");
    assert_int_equal(unsetenv("REPRISE_TEST_VARIABLE"), 0);
    assert_null(rp_process_variable("REPRISE_TEST_VARIABLE"));
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, enter_new_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(file_is_replaced_in_one_step),
        FOLDER_TEST(failed_replacement_changes_nothing),
        FOLDER_TEST(replacement_in_pieces_is_seen_at_its_end_or_never),
        FOLDER_TEST(whether_a_file_can_be_replaced_is_known_beforehand),
        FOLDER_TEST(opened_output_keeps_its_contents_until_written),
        FOLDER_TEST(created_file_is_emptied_and_written_piece_by_piece),
        FOLDER_TEST(reading_keeps_the_limit),
        FOLDER_TEST(reading_without_memory_fails_cleanly),
        cmocka_unit_test(stream_read_gives_what_is_there_and_then_the_end),
        cmocka_unit_test(stream_read_stops_on_request),
        cmocka_unit_test(stream_write_waits_for_a_slow_reader),
        cmocka_unit_test(closed_streams_fail_without_a_signal),
        cmocka_unit_test(second_interrupt_ends_the_process),
        cmocka_unit_test(timer_ticks_until_it_is_stopped),
        cmocka_unit_test(timer_without_interval_ticks_once),
        cmocka_unit_test(variable_is_null_when_not_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
