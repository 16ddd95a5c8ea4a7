/* Tests of core/platform_stage_posix.c. */
#define _POSIX_C_SOURCE 200809L

#include "core/platform_stage.h"
#include "tests/support/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct rp_allocator allocator;
static const struct rp_disk_times times = {1000000007, 2000000009};

static int enter_new_folder(void **state)
{
    (void)state;
    rp_allocator_init(&allocator, 0);
    (void)snprintf(folder, sizeof folder, "/tmp/reprise-test-XXXXXX");
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "chmod -R u+rwx '%s'; rm -rf '%s'", folder, folder);
    assert_int_equal(allocator.used_bytes, 0);
    return chdir("/") != 0 || system(command) != 0;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void assert_file(const char *name, const char *text)
{
    char data[64] = "";
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    assert_int_equal(fread(data, 1, sizeof data - 1, file), strlen(text));
    assert_int_equal(fclose(file), 0);
    assert_string_equal(data, text);
}

static unsigned count_entries(const char *path)
{
    unsigned count = 0;
    DIR *listing = opendir(path);
    assert_non_null(listing);
    for (const struct dirent *entry = readdir(listing); entry; entry = readdir(listing)) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    assert_int_equal(closedir(listing), 0);
    return count;
}

#define OK(call)                                                           \
    do {                                                                   \
        rp_report ok_report = {0};                                         \
        rp_status ok_status = call;                                        \
        if (ok_status != RP_OK) {                                          \
            fail_msg("%s: %s", rp_status_name(ok_status), ok_report.text); \
        }                                                                  \
    } while (0)

static struct rp_disk_stage *begin(const char *path, bool replace)
{
    struct rp_disk_stage *stage = NULL;
    OK(rp_disk_stage_create(&allocator, path, replace, &stage, &ok_report));
    return stage;
}

static void add_file(struct rp_disk_stage *stage, const char *name, const char *text)
{
    OK(rp_disk_stage_begin_file(stage, name, &ok_report));
    OK(rp_disk_stage_write(stage, 0, text, strlen(text), &ok_report));
    OK(rp_disk_stage_end_file(stage, strlen(text), &times, &ok_report));
}

static void enter(struct rp_disk_stage *stage, const char *name)
{
    OK(rp_disk_stage_enter(stage, name, &ok_report));
}

static void leave(struct rp_disk_stage *stage)
{
    OK(rp_disk_stage_leave(stage, &times, &ok_report));
}

static void assert_times(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    assert_int_equal(info.st_atim.tv_sec, 1);
    assert_int_equal(info.st_atim.tv_nsec, 7);
    assert_int_equal(info.st_mtim.tv_sec, 2);
    assert_int_equal(info.st_mtim.tv_nsec, 9);
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777;
}

static void tree_is_there_whole_with_times_modes_and_links(void **state)
{
    (void)state;
    static const mode_t masks[] = {022, 027, 077};
    for (size_t i = 0; i < RP_ARRAY_COUNT(masks); i++) {
        mode_t before = umask(masks[i]);
        bool done = true;
        struct stat first;
        struct stat second;
        struct rp_disk_stage *stage = begin("out", i > 0);
        enter(stage, "out");
        add_file(stage, "a", "text");
        OK(rp_disk_stage_link(stage, "again", 7, &done, &ok_report));
        assert_false(done);
        OK(rp_disk_stage_remember(stage, "a", 7, &ok_report));
        enter(stage, "sub");
        OK(rp_disk_stage_link(stage, "again", 7, &done, &ok_report));
        assert_true(done);
        OK(rp_disk_stage_symlink(stage, "link", "../../..", &times, &ok_report));
        leave(stage);
        assert_int_not_equal(access("out/a", F_OK), i > 0 ? -1 : 0);
        leave(stage);
        OK(rp_disk_stage_commit(stage, &ok_report));
        rp_disk_stage_destroy(stage);
        assert_int_equal(count_entries("."), 1);
        assert_int_equal(count_entries("out"), 2);
        assert_file("out/sub/again", "text");
        assert_int_equal(stat("out/a", &first), 0);
        assert_int_equal(stat("out/sub/again", &second), 0);
        assert_int_equal(first.st_ino, second.st_ino);
        assert_int_equal(first.st_nlink, 2);
        static const char *const paths[] = {"out", "out/a", "out/sub", "out/sub/link"};
        for (size_t j = 0; j < RP_ARRAY_COUNT(paths); j++) {
            struct stat info;
            assert_int_equal(lstat(paths[j], &info), 0);
            assert_true(info.st_atim.tv_sec == 1 || !S_ISLNK(info.st_mode));
            if (j != 1 && j != 3) { /* those were read just now */
                assert_int_equal(info.st_mtim.tv_sec, 2);
                assert_int_equal(info.st_mtim.tv_nsec, 9);
            }
        }
        assert_times("out/sub/link");
        assert_int_equal(mode_of("out"), 0755 & ~masks[i]);
        assert_int_equal(mode_of("out/sub"), 0755 & ~masks[i]);
        assert_int_equal(mode_of("out/a"), 0644 & ~masks[i]);
        (void)umask(before);
    }
}

static void file_has_its_size_and_keeps_its_holes(void **state)
{
    (void)state;
    struct rp_disk_stage *stage = begin("sparse", false);
    OK(rp_disk_stage_begin_file(stage, "", &ok_report));
    OK(rp_disk_stage_write(stage, 1 << 20, "x", 1, &ok_report));
    OK(rp_disk_stage_end_file(stage, UINT64_C(3) << 30, &times, &ok_report));
    OK(rp_disk_stage_commit(stage, &ok_report));
    rp_disk_stage_destroy(stage);
    struct stat info;
    assert_int_equal(stat("sparse", &info), 0);
    assert_int_equal(info.st_size, INT64_C(3) << 30);
    assert_true(info.st_blocks * 512 < 1 << 20);
    assert_times("sparse");
    int descriptor = open("sparse", O_RDONLY);
    char byte = 0;
    assert_int_equal(pread(descriptor, &byte, 1, 1 << 20), 1);
    assert_int_equal(byte, 'x');
    assert_int_equal(close(descriptor), 0);
}

static void targets_are_checked_and_nothing_is_left(void **state)
{
    (void)state;
    write_file("file", "old");
    assert_int_equal(mkdir("empty", 0755), 0);
    assert_int_equal(mkdir("full", 0755), 0);
    write_file("full/x", "");
    assert_int_equal(symlink("empty", "link"), 0);
    assert_int_equal(symlink("nowhere", "broken"), 0);
    char long_name[300];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const struct {
        const char *path;
        rp_status plain;
        rp_status replacing;
        const char *text;
    } cases[] = {
        {"new", RP_OK, RP_OK, ""},
        {"new/", RP_OK, RP_OK, ""},
        {"link/new", RP_OK, RP_OK, ""},
        {"empty", RP_OK, RP_OK, ""},
        {"empty///", RP_OK, RP_OK, ""},
        {"full", RP_ERROR_ARGUMENT, RP_OK, "full: it exists and is not empty"},
        {"file", RP_ERROR_ARGUMENT, RP_OK, "file: it exists"},
        {"link", RP_ERROR_ARGUMENT, RP_OK, "link: it exists"},
        {"broken", RP_ERROR_ARGUMENT, RP_OK, "broken: it exists"},
        {"", RP_ERROR_ARGUMENT, RP_ERROR_ARGUMENT, "does not end in the name"},
        {".", RP_ERROR_ARGUMENT, RP_ERROR_ARGUMENT, "does not end in the name"},
        {"..", RP_ERROR_ARGUMENT, RP_ERROR_ARGUMENT, "does not end in the name"},
        {"/", RP_ERROR_ARGUMENT, RP_ERROR_ARGUMENT, "does not end in the name"},
        {"full/..", RP_ERROR_ARGUMENT, RP_ERROR_ARGUMENT, "does not end in the name"},
        {"full/./", RP_ERROR_ARGUMENT, RP_ERROR_ARGUMENT, "does not end in the name"},
        {"/proc", RP_ERROR_ARGUMENT, RP_ERROR_ARGUMENT, "/proc: it is a mount point"},
        {"nowhere/new", RP_ERROR_IO, RP_ERROR_IO, "its folder nowhere/ cannot be opened: No such"},
        {"file/new", RP_ERROR_IO, RP_ERROR_IO, "its folder file/ cannot be opened: Not a dir"},
        {"/proc/new", RP_ERROR_IO, RP_ERROR_IO, "nothing can be made in its folder"},
        {long_name, RP_ERROR_IO, RP_ERROR_IO, "File name too long"},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        for (int replace = 0; replace < 2; replace++) {
            rp_report report = {0};
            rp_status expected = replace ? cases[i].replacing : cases[i].plain;
            rp_status status = rp_disk_check_target(cases[i].path, replace != 0, &report);
            if (status != expected ||
                (status != RP_OK && strstr(report.text, cases[i].text) == NULL)) {
                fail_msg("'%s', replace %d: %s '%s'", cases[i].path, replace,
                         rp_status_name(status), report.text);
            }
            struct rp_disk_stage *stage = NULL;
            status = rp_disk_stage_create(&allocator, cases[i].path, replace != 0, &stage, NULL);
            assert_int_equal(status, expected);
            if (status == RP_OK) {
                add_file(stage, "x", "text");
                rp_disk_stage_destroy(stage);
            }
            assert_int_equal(count_entries("."), 5);
            assert_int_equal(count_entries("empty"), 0);
        }
    }
}

static void what_stands_there_is_replaced_and_removed(void **state)
{
    (void)state;
    static const char *const olds[] = {"file", "folder", "link", "empty"};
    assert_int_equal(mkdir("other", 0755), 0);
    write_file("other/keep", "kept");
    for (unsigned i = 0; i < 2 * RP_ARRAY_COUNT(olds); i++) {
        for (int makes_folder = 0; makes_folder < 2; makes_folder++) {
            const char *old = olds[i / 2];
            if (strcmp(old, "file") == 0) {
                write_file(old, "old");
            } else if (strcmp(old, "link") == 0) {
                assert_int_equal(symlink("other", old), 0);
            } else {
                assert_int_equal(mkdir(old, 0755), 0);
            }
            if (strcmp(old, "folder") == 0) {
                assert_int_equal(mkdir("folder/sub", 0755), 0);
                assert_int_equal(symlink("../../other", "folder/sub/away"), 0);
                write_file("folder/sub/x", "");
            }
            struct rp_disk_stage *stage = begin(old, strcmp(old, "empty") != 0);
            if (i % 2 != 0) {
                rp_disk_stage_rename_only(stage);
            }
            if (makes_folder) {
                enter(stage, old);
                add_file(stage, "new", "new");
                leave(stage);
            } else {
                add_file(stage, old, "new");
            }
            OK(rp_disk_stage_commit(stage, &ok_report));
            rp_disk_stage_destroy(stage);
            char path[64];
            (void)snprintf(path, sizeof path, "%s%s", old, makes_folder ? "/new" : "");
            assert_file(path, "new");
            assert_file("other/keep", "kept");
            assert_int_equal(count_entries("."), 2);
            assert_int_equal(unlink(path), 0);
            assert_int_equal(makes_folder ? rmdir(old) : 0, 0);
        }
    }
}

static void what_comes_meanwhile_is_not_replaced_unasked(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct rp_disk_stage *stage = begin("out", false);
        enter(stage, "out");
        leave(stage);
        if (kind == 0) {
            write_file("out", "mine");
        } else {
            assert_int_equal(mkdir("out", 0755), 0);
        }
        if (kind == 1) {
            write_file("out/x", "mine");
        }
        rp_report report = {0};
        assert_int_equal(rp_disk_stage_commit(stage, &report),
                         kind == 2 ? RP_OK : RP_ERROR_ARGUMENT);
        rp_disk_stage_destroy(stage);
        assert_int_equal(count_entries("."), 1);
        assert_int_equal(system("rm -r out"), 0);
    }
}

static void stages_of_others_are_not_confused(void **state)
{
    (void)state;
    char stale[128];
    (void)snprintf(stale, sizeof stale, ".out.reprise-%ld-0", (long)getpid());
    assert_int_equal(mkdir(stale, 0755), 0);
    (void)snprintf(stale, sizeof stale, ".out.reprise-%ld-0/tree", (long)getpid());
    write_file(stale, "stale");
    struct rp_disk_stage *first = begin("out", false);
    struct rp_disk_stage *second = begin("out", true);
    add_file(first, "", "first");
    add_file(second, "", "second");
    OK(rp_disk_stage_commit(first, &ok_report));
    assert_file("out", "first");
    OK(rp_disk_stage_commit(second, &ok_report));
    rp_disk_stage_destroy(first);
    rp_disk_stage_destroy(second);
    assert_file("out", "second");
    assert_file(stale, "stale");
    assert_int_equal(count_entries("."), 2);
}

static void names_that_the_host_takes_for_one_are_refused(void **state)
{
    (void)state;
    struct rp_disk_stage *stage = begin("out", false);
    rp_report report = {0};
    enter(stage, "out");
    add_file(stage, "a", "first");
    assert_int_equal(rp_disk_stage_begin_file(stage, "a", &report), RP_ERROR_IO);
    assert_string_equal(report.text, "out/a: the file cannot be made: File exists");
    assert_int_equal(rp_disk_stage_enter(stage, "a", NULL), RP_ERROR_IO);
    assert_int_equal(rp_disk_stage_symlink(stage, "a", "x", &times, NULL), RP_ERROR_IO);
    rp_disk_stage_destroy(stage);
    assert_int_equal(count_entries("."), 0);
}

static void symlinks_in_the_stage_are_not_followed(void **state)
{
    (void)state;
    assert_int_equal(mkdir("other", 0755), 0);
    struct rp_disk_stage *stage = begin("out", false);
    enter(stage, "out");
    OK(rp_disk_stage_symlink(stage, "away", "../../other", &times, &ok_report));
    assert_int_equal(rp_disk_stage_enter(stage, "away", NULL), RP_ERROR_IO);
    assert_int_equal(rp_disk_stage_begin_file(stage, "away", NULL), RP_ERROR_IO);
    rp_disk_stage_destroy(stage);
    assert_int_equal(count_entries("other"), 0);
    assert_int_equal(count_entries("."), 1);
}

/* The deepest path is longer than any that the host takes. */
#define DEEP_NAME "a-folder-with-a-name-that-is-as-long-as-it-is-because-paths-add-up"
#define DEPTH 80

static void trees_of_any_depth_are_made_replaced_and_removed(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) { /* made, replaced by one of its kind, given up */
        struct rp_disk_stage *stage = begin("out", true);
        for (int i = 0; i < DEPTH; i++) {
            enter(stage, DEEP_NAME);
        }
        add_file(stage, "file", "x");
        for (int i = 0; i < DEPTH && round < 2; i++) {
            leave(stage);
        }
        if (round < 2) {
            OK(rp_disk_stage_commit(stage, &ok_report));
        }
        rp_disk_stage_destroy(stage);
        assert_int_equal(count_entries("."), 1);
    }
    int descriptor = open("out", O_RDONLY | O_DIRECTORY);
    for (int i = 1; i < DEPTH; i++) {
        int below = openat(descriptor, DEEP_NAME, O_RDONLY | O_DIRECTORY);
        assert_true(below >= 0);
        assert_int_equal(close(descriptor), 0);
        descriptor = below;
    }
    assert_int_not_equal(faccessat(descriptor, DEEP_NAME, F_OK, 0), 0);
    assert_int_equal(close(descriptor), 0);
}

static void failing_write_is_named_and_leaves_nothing(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    static char data[8192];
    rp_report reports[2] = {0};
    struct rp_disk_stage *stage = begin("out", false);
    enter(stage, "out");
    OK(rp_disk_stage_begin_file(stage, "large", &ok_report));
    rp_status written = rp_disk_stage_write(stage, 0, data, sizeof data, &reports[0]);
    rp_disk_stage_destroy(stage);
    stage = begin("out", false);
    OK(rp_disk_stage_begin_file(stage, "", &ok_report));
    rp_status ended = rp_disk_stage_end_file(stage, 5000, &times, &reports[1]);
    rp_disk_stage_destroy(stage);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(written, RP_ERROR_IO);
    assert_int_equal(ended, RP_ERROR_IO);
    assert_string_equal(reports[0].text, "out/large: the file cannot be written: File too large");
    assert_string_equal(reports[1].text,
                        "out: the file cannot be made as long as it is: File too large");
    assert_int_equal(count_entries("."), 0);
}

static void old_target_that_cannot_be_removed_is_told(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        skip(); /* who may do everything removes everything */
    }
    assert_int_equal(mkdir("out", 0755), 0);
    assert_int_equal(mkdir("out/sub", 0755), 0);
    write_file("out/sub/x", "old");
    assert_int_equal(chmod("out/sub", 0500), 0);
    struct rp_disk_stage *stage = begin("out", true);
    add_file(stage, "", "new");
    rp_report report = {0};
    assert_int_equal(rp_disk_stage_commit(stage, &report), RP_ERROR_IO);
    rp_disk_stage_destroy(stage);
    assert_non_null(strstr(report.text, "it is written, but what stood there cannot all be"));
    assert_file("out", "new");
    assert_int_equal(count_entries("."), 2);
}

static void places_are_located_without_symlinks(void **state)
{
    (void)state;
    char first[256];
    char second[256];
    assert_int_equal(mkdir("dir", 0755), 0);
    assert_int_equal(symlink("dir", "link"), 0);
    OK(rp_disk_locate("dir/new", first, sizeof first, &ok_report));
    OK(rp_disk_locate("link/../link//new/", second, sizeof second, &ok_report));
    assert_string_equal(first, second);
    assert_int_equal(first[0], '/');
    OK(rp_disk_locate("/x", first, sizeof first, &ok_report));
    assert_string_equal(first, "/x");
    assert_int_equal(rp_disk_locate("dir/new", first, 8, NULL), RP_ERROR_LIMIT);
    assert_int_equal(rp_disk_locate("nowhere/new", first, sizeof first, NULL), RP_ERROR_IO);
    assert_int_equal(rp_disk_locate("dir/..", first, sizeof first, NULL), RP_ERROR_ARGUMENT);
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, enter_new_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(tree_is_there_whole_with_times_modes_and_links),
        FOLDER_TEST(file_has_its_size_and_keeps_its_holes),
        FOLDER_TEST(targets_are_checked_and_nothing_is_left),
        FOLDER_TEST(what_stands_there_is_replaced_and_removed),
        FOLDER_TEST(what_comes_meanwhile_is_not_replaced_unasked),
        FOLDER_TEST(stages_of_others_are_not_confused),
        FOLDER_TEST(names_that_the_host_takes_for_one_are_refused),
        FOLDER_TEST(symlinks_in_the_stage_are_not_followed),
        FOLDER_TEST(trees_of_any_depth_are_made_replaced_and_removed),
        FOLDER_TEST(failing_write_is_named_and_leaves_nothing),
        FOLDER_TEST(old_target_that_cannot_be_removed_is_told),
        FOLDER_TEST(places_are_located_without_symlinks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
