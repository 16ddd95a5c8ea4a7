/* Tests of core/platform_files_posix.c. */
#define _POSIX_C_SOURCE 200809L

#include "core/platform_files.h"
#include "tests/support/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

/* The names that the tests of this file make. */
static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"b",    "a",      "B",    "\xc3\xa9", "dir/x", "dir",
                                        "link", "broken", "pipe", "socket",   "self"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        (void)remove(names[i]);
    }
    assert_int_equal(allocator.used_bytes, 0);
    return chdir("/") != 0 || rmdir(folder) != 0;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void make_socket(const char *name)
{
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(descriptor >= 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    (void)close(descriptor);
}

static void kinds_are_told_apart(void **state)
{
    (void)state;
    write_file("a", "12345");
    assert_int_equal(mkdir("dir", 0755), 0);
    assert_int_equal(symlink("a", "link"), 0);
    assert_int_equal(symlink("nowhere", "broken"), 0);
    assert_int_equal(mkfifo("pipe", 0644), 0);
    make_socket("socket");
    static const struct {
        const char *path;
        bool follow;
        enum rp_disk_kind kind;
        const char *text;
    } cases[] = {
        {"a", false, RP_DISK_REGULAR, "a file"},
        {"dir", false, RP_DISK_DIRECTORY, "a folder"},
        {"link", false, RP_DISK_SYMLINK, "a symbolic link"},
        {"link", true, RP_DISK_REGULAR, "a file"},
        {"broken", false, RP_DISK_SYMLINK, "a symbolic link"},
        {"pipe", false, RP_DISK_PIPE, "a pipe"},
        {"socket", false, RP_DISK_SOCKET, "a socket"},
        {"/dev/null", false, RP_DISK_DEVICE, "a device"},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        enum rp_disk_kind kind = RP_DISK_OTHER;
        uint64_t size = 0;
        assert_int_equal(rp_disk_stat(cases[i].path, cases[i].follow, &kind, &size, NULL), RP_OK);
        assert_int_equal(kind, cases[i].kind);
        assert_string_equal(rp_disk_kind_text(kind), cases[i].text);
        if (kind == RP_DISK_REGULAR) {
            assert_int_equal(size, 5);
        }
    }
}

static void list_is_sorted_byte_wise(void **state)
{
    (void)state;
    static const char *const made[] = {"b", "\xc3\xa9", "a", "B"};
    static const char *const expected[] = {"B", "a", "b", "\xc3\xa9"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(made); i++) {
        write_file(made[i], "");
    }
    struct rp_disk_names names;
    assert_int_equal(rp_disk_list(&allocator, ".", &names, NULL), RP_OK);
    assert_int_equal(names.count, RP_ARRAY_COUNT(expected));
    for (size_t i = 0; i < RP_ARRAY_COUNT(expected); i++) {
        assert_string_equal(names.names[i], expected[i]);
    }
    rp_disk_names_deinit(&allocator, &names);
    assert_int_equal(names.count, 0);
    assert_int_equal(mkdir("dir", 0755), 0);
    assert_int_equal(rp_disk_list(&allocator, "dir", &names, NULL), RP_OK);
    assert_int_equal(names.count, 0);
    rp_disk_names_deinit(&allocator, &names);
}

static void list_fails_cleanly_at_every_allocation(void **state)
{
    (void)state;
    write_file("a", "");
    write_file("b", "");
    rp_status status = RP_ERROR_NO_MEMORY;
    for (uint64_t k = 1; status != RP_OK; k++) {
        struct rp_allocator failing;
        struct rp_disk_names names;
        rp_report report = {0};
        rp_allocator_init(&failing, 0);
        failing.fail_call = k;
        status = rp_disk_list(&failing, ".", &names, &report);
        if (status == RP_OK) {
            assert_true(k > 3);
            rp_disk_names_deinit(&failing, &names);
        } else {
            assert_int_equal(status, RP_ERROR_NO_MEMORY);
            assert_non_null(strstr(report.text, ".: no memory"));
        }
        assert_int_equal(failing.used_bytes, 0);
    }
}

static void link_is_read_or_refused_as_too_long(void **state)
{
    (void)state;
    assert_int_equal(symlink("12345", "link"), 0);
    char target[8];
    size_t size = 0;
    rp_report report = {0};
    assert_int_equal(rp_disk_read_link("link", target, 6, &size, NULL), RP_OK);
    assert_int_equal(size, 5);
    assert_string_equal(target, "12345");
    assert_int_equal(rp_disk_read_link("link", target, 5, &size, &report), RP_ERROR_LIMIT);
    assert_non_null(strstr(report.text, "link: the symbolic link's target is longer than 4 bytes"));
}

static void file_is_read_to_its_end(void **state)
{
    (void)state;
    write_file("a", "hello");
    struct rp_disk_file *file = NULL;
    char data[8];
    size_t count = 0;
    assert_int_equal(rp_disk_open("a", &file, NULL), RP_OK);
    assert_int_equal(rp_disk_read(file, data, 3, &count, NULL), RP_OK);
    assert_int_equal(count, 3);
    assert_memory_equal(data, "hel", 3);
    assert_int_equal(rp_disk_read(file, data, sizeof data, &count, NULL), RP_OK);
    assert_int_equal(count, 2);
    assert_int_equal(rp_disk_read(file, data, sizeof data, &count, NULL), RP_OK);
    assert_int_equal(count, 0);
    rp_disk_close(file);
    rp_disk_close(NULL);
}

static void only_regular_files_are_opened(void **state)
{
    (void)state;
    write_file("a", "");
    assert_int_equal(mkdir("dir", 0755), 0);
    assert_int_equal(symlink("a", "link"), 0);
    assert_int_equal(mkfifo("pipe", 0644), 0);
    static const char *const paths[] = {"dir", "link", "pipe", "/dev/null", "nowhere", "a/b"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(paths); i++) {
        struct rp_disk_file *file = NULL;
        rp_report report = {0};
        assert_int_equal(rp_disk_open(paths[i], &file, &report), RP_ERROR_IO);
        assert_null(file);
        assert_memory_equal(report.text, paths[i], strlen(paths[i]));
    }
}

static void what_is_not_there_is_named(void **state)
{
    (void)state;
    enum rp_disk_kind kind;
    uint64_t size;
    struct rp_disk_names names;
    char target[8];
    size_t target_size;
    rp_report reports[3] = {0};
    assert_int_equal(rp_disk_stat("nowhere", true, &kind, &size, &reports[0]), RP_ERROR_IO);
    assert_int_equal(rp_disk_list(&allocator, "nowhere", &names, &reports[1]), RP_ERROR_IO);
    assert_int_equal(rp_disk_read_link("nowhere", target, 8, &target_size, &reports[2]),
                     RP_ERROR_IO);
    for (size_t i = 0; i < RP_ARRAY_COUNT(reports); i++) {
        assert_memory_equal(reports[i].text, "nowhere: ", 9);
    }
    assert_int_equal(symlink("self", "self"), 0);
    assert_int_equal(rp_disk_stat("self", true, &kind, &size, NULL), RP_ERROR_IO);
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, enter_new_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(kinds_are_told_apart),
        FOLDER_TEST(list_is_sorted_byte_wise),
        FOLDER_TEST(list_fails_cleanly_at_every_allocation),
        FOLDER_TEST(link_is_read_or_refused_as_too_long),
        FOLDER_TEST(file_is_read_to_its_end),
        FOLDER_TEST(only_regular_files_are_opened),
        FOLDER_TEST(what_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
