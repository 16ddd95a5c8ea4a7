/* Tests of what is written to the host, and of what is said about room for imports. */
#define _DEFAULT_SOURCE /* mkdtemp, symlink */

#include "tests/sandbox/guest.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct guest guest;

static int enter_new_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/reprise-test-XXXXXX");
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("/") != 0 || system(command) != 0;
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

static uint64_t find(const char *path)
{
    uint64_t inode = RP_VFS_NONE;
    assert_int_equal(rp_vfs_resolve(guest.wasi->vfs, at_root, path_of(path), false, &inode),
                     RP_VFS_OK);
    return inode;
}

static void put(const char *path, const char *text)
{
    assert_int_equal(rp_wasi_write_file(guest.wasi, path, text, strlen(text), NULL), RP_OK);
}

static void export_ok(const char *guest_path, const char *host, bool replace)
{
    rp_report report = {0};
    if (rp_wasi_export(guest.wasi, guest_path, host, replace, &report) != RP_OK) {
        fail_msg("%s", report.text);
    }
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

/* Files, links of both kinds, odd names, holes, a device, a symlink that leads out. */
static void fill_tree(void)
{
    put("/out/a", "text");
    put("/out/sub/ \n\xff'*", "odd");
    put("/out/empty", "");
    struct rp_vfs *vfs = guest.wasi->vfs; /* putting files exchanges it */
    assert_int_equal(rp_vfs_make_directory(vfs, at_root, path_of("out/void")), RP_VFS_OK);
    assert_int_equal(
        rp_vfs_make_symlink(vfs, at_root, path_of("out/sub/away"), path_of("../../../etc")),
        RP_VFS_OK);
    assert_int_equal(
        rp_vfs_link(vfs, at_root, path_of("out/a"), false, at_root, path_of("out/sub/b")),
        RP_VFS_OK);
    assert_int_equal(
        rp_vfs_link(vfs, at_root, path_of("out/sub/away"), false, at_root, path_of("out/zz")),
        RP_VFS_OK);
    assert_int_equal(rp_vfs_mount_device(vfs, at_root, path_of("out/null"), 1), RP_VFS_OK);
    assert_int_equal(rp_vfs_make_symlink(vfs, at_root, path_of("way"), path_of("out/sub")),
                     RP_VFS_OK);
    uint64_t accessed_ns = 1000000007;
    uint64_t modified_ns = UINT64_C(4000000000123456789);
    struct rp_vfs_times times = {&accessed_ns, &modified_ns};
    assert_int_equal(rp_vfs_set_times(vfs, find("out/a"), &times), RP_VFS_OK);
    assert_int_equal(rp_vfs_set_times(vfs, find("out/sub"), &times), RP_VFS_OK);
    assert_int_equal(rp_vfs_set_times(vfs, find("out/zz"), &times), RP_VFS_OK);
    assert_int_equal(rp_vfs_set_times(vfs, find("out"), &times), RP_VFS_OK);
}

static void tree_is_written_as_the_guest_has_it(void **state)
{
    (void)state;
    guest_init_plain(&guest);
    fill_tree();
    export_ok("/out", "host", false);
    assert_int_equal(count_entries("."), 1);
    assert_int_equal(count_entries("host"), 5); /* the device is left out */
    assert_int_equal(count_entries("host/sub"), 3);
    assert_int_equal(count_entries("host/void"), 0);
    static const char *const timed[] = {"host", "host/a", "host/sub", "host/zz"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(timed); i++) {
        struct stat info;
        assert_int_equal(lstat(timed[i], &info), 0);
        assert_int_equal(info.st_mtim.tv_sec, 4000000000);
        assert_int_equal(info.st_mtim.tv_nsec, 123456789);
    }
    assert_file("host/a", "text");
    assert_file("host/sub/ \n\xff'*", "odd");
    assert_file("host/empty", "");
    char target[64] = "";
    assert_int_equal(readlink("host/sub/away", target, sizeof target), 12);
    assert_string_equal(target, "../../../etc");
    static const char *const pairs[][2] = {{"host/a", "host/sub/b"}, {"host/sub/away", "host/zz"}};
    for (size_t i = 0; i < RP_ARRAY_COUNT(pairs); i++) {
        struct stat info[2];
        assert_int_equal(lstat(pairs[i][0], &info[0]), 0);
        assert_int_equal(lstat(pairs[i][1], &info[1]), 0);
        assert_int_equal(info[0].st_ino, info[1].st_ino);
        assert_int_equal(info[0].st_nlink, 2);
    }
    guest_deinit(&guest);
}

static void file_root_and_symlink_can_be_named(void **state)
{
    (void)state;
    guest_init_plain(&guest);
    fill_tree();
    export_ok("out/a", "file", false);
    assert_file("file", "text");
    export_ok("/way", "sub", false);
    struct stat info;
    assert_int_equal(lstat("sub", &info), 0);
    assert_true(S_ISDIR(info.st_mode));
    assert_file("sub/b", "text");
    export_ok("/", "all", false);
    assert_file("all/out/a", "text");
    export_ok("out/sub/", "all", true);
    assert_int_equal(count_entries("all"), 3);
    guest_deinit(&guest);
}

static void what_comes_back_in_is_the_same(void **state)
{
    (void)state;
    guest_init_plain(&guest);
    fill_tree();
    export_ok("/out", "first", false);
    guest_deinit(&guest);
    rp_wasi_config config;
    guest_config(&guest, &config);
    rp_report report = {0};
    assert_int_equal(rp_wasi_create(&config, &guest.wasi, NULL), RP_OK);
    assert_int_equal(rp_wasi_import_dir(guest.wasi, "first", "/x", false, &report), RP_OK);
    export_ok("/x", "second", false);
    assert_int_equal(rp_wasi_import_dir(guest.wasi, "second", "/y", false, NULL), RP_OK);
    rp_wasi_import_info imports[] = {rp_wasi_import(guest.wasi, 0), rp_wasi_import(guest.wasi, 1)};
    assert_memory_equal(imports[0].hash, imports[1].hash, 32);
    guest_deinit(&guest);
}

static void holes_stay_holes(void **state)
{
    (void)state;
    guest_init_plain(&guest);
    put("/sparse", "");
    struct rp_vfs *vfs = guest.wasi->vfs;
    uint64_t inode = find("sparse");
    static const uint64_t starts[] = {4096, 8192, 1 << 20, UINT64_C(1) << 32};
    size_t count = 0;
    static const uint8_t page[RP_VFS_PAGE_BYTES] = {1, 2, 3};
    for (size_t i = 0; i < RP_ARRAY_COUNT(starts); i++) {
        assert_int_equal(rp_vfs_write(vfs, inode, starts[i], page, sizeof page, &count), RP_VFS_OK);
    }
    uint64_t size = (UINT64_C(1) << 32) + 10000;
    assert_int_equal(rp_vfs_truncate(vfs, inode, size), RP_VFS_OK);
    static const struct {
        uint64_t offset;
        uint64_t next;
    } cases[] = {
        {0, 4096},
        {4095, 4096},
        {4096, 4096},
        {8191, 8191},
        {12287, 12287},
        {12288, 1 << 20},
        {(1 << 20) + 4096, UINT64_C(1) << 32},
        {(UINT64_C(1) << 32) + 4096, (UINT64_C(1) << 32) + 10000},
        {UINT64_C(1) << 40, (UINT64_C(1) << 32) + 10000},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        uint64_t next = 0;
        assert_int_equal(rp_vfs_next_data(vfs, inode, cases[i].offset, &next), RP_VFS_OK);
        assert_int_equal(next, cases[i].next);
    }
    assert_int_equal(rp_vfs_next_data(vfs, RP_VFS_ROOT, 0, &size), RP_VFS_INVAL);
    export_ok("/sparse", "sparse", false);
    struct stat info;
    assert_int_equal(stat("sparse", &info), 0);
    assert_int_equal(info.st_size, (INT64_C(1) << 32) + 10000);
    assert_true(info.st_blocks * 512 < 1 << 19);
    int descriptor = open("sparse", O_RDONLY);
    for (size_t i = 0; i < RP_ARRAY_COUNT(starts); i++) {
        uint8_t data[RP_VFS_PAGE_BYTES];
        assert_int_equal(pread(descriptor, data, sizeof data, (off_t)starts[i]), sizeof data);
        assert_memory_equal(data, page, sizeof page);
    }
    assert_int_equal(close(descriptor), 0);
    guest_deinit(&guest);
}

static void small_holes_stay_holes_too(void **state)
{
    (void)state;
    guest_init_plain(&guest);
    put("/comb", "");
    struct rp_vfs *vfs = guest.wasi->vfs;
    size_t count = 0;
    for (uint64_t i = 0; i < 64; i++) {
        assert_int_equal(rp_vfs_write(vfs, find("comb"), i * 16384, "x", 1, &count), RP_VFS_OK);
    }
    export_ok("/comb", "comb", false);
    struct stat info;
    assert_int_equal(stat("comb", &info), 0);
    assert_int_equal(info.st_size, 63 * 16384 + 1);
    assert_true(info.st_blocks * 512 <= 2 * 64 * 4096);
    guest_deinit(&guest);
}

static void deep_trees_are_written(void **state)
{
    (void)state;
    unsigned depth = getenv("REPRISE_TEST_LONG") != NULL ? 20000 : 200;
    char name[101];
    memset(name, 'd', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    guest_init_plain(&guest);
    uint64_t inode = RP_VFS_ROOT;
    for (unsigned i = 0; i < depth; i++) {
        struct rp_vfs_start start = {.directory = inode};
        assert_int_equal(rp_vfs_make_directory(guest.wasi->vfs, start, path_of(name)), RP_VFS_OK);
        assert_int_equal(rp_vfs_resolve(guest.wasi->vfs, start, path_of(name), false, &inode),
                         RP_VFS_OK);
    }
    export_ok("/", "deep", false);
    int descriptor = open("deep", O_RDONLY | O_DIRECTORY);
    for (unsigned i = 0; i < depth; i++) {
        int below = openat(descriptor, name, O_RDONLY | O_DIRECTORY);
        assert_true(below >= 0);
        assert_int_equal(close(descriptor), 0);
        descriptor = below;
    }
    assert_int_equal(close(descriptor), 0);
    guest_deinit(&guest);
}

static void refused_exports_are_named_and_leave_nothing(void **state)
{
    (void)state;
    guest_init_plain(&guest);
    fill_tree();
    assert_int_equal(mkdir("full", 0755), 0);
    assert_int_equal(mkdir("full/x", 0755), 0);
    static const struct {
        const char *guest;
        const char *host;
        bool replace;
        rp_status status;
        const char *text;
    } cases[] = {
        {"/nope", "new", false, RP_ERROR_NOT_FOUND, "/nope: there is nothing of that name"},
        {"", "new", false, RP_ERROR_ARGUMENT, "the guest path is empty"},
        {"/out/../out", "new", false, RP_ERROR_ARGUMENT, "'..' is not allowed"},
        {"/out/a/b", "new", false, RP_ERROR_ARGUMENT, "/out/a/b: "},
        {"/out/null", "new", false, RP_ERROR_ARGUMENT, "/out/null: it is a device"},
        {"/out/zz", "new", false, RP_ERROR_ARGUMENT, "/out/zz: "}, /* leads out of the tree */
        {"/out", "full", false, RP_ERROR_ARGUMENT, "full: it exists and is not empty"},
        {"/out", "nowhere/new", true, RP_ERROR_IO, "nowhere/new: its folder"},
        {"/out", "full/..", true, RP_ERROR_ARGUMENT, "full/..: "},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        rp_report report = {0};
        assert_int_equal(
            rp_wasi_export(guest.wasi, cases[i].guest, cases[i].host, cases[i].replace, &report),
            cases[i].status);
        if (strstr(report.text, cases[i].text) == NULL) {
            fail_msg("'%s' does not say '%s'", report.text, cases[i].text);
        }
        assert_int_equal(count_entries("."), 1);
        assert_int_equal(count_entries("full"), 1);
    }
    assert_int_equal(rp_wasi_check_export("full", false, NULL), RP_ERROR_ARGUMENT);
    assert_int_equal(rp_wasi_check_export("full", true, NULL), RP_OK);
    assert_int_equal(rp_wasi_check_export("new", false, NULL), RP_OK);
    assert_int_equal(count_entries("."), 1);
    guest_deinit(&guest);
}

static void stopped_export_leaves_nothing(void **state)
{
    (void)state;
    guest_init_plain(&guest);
    fill_tree();
    uint64_t before = guest_digest(&guest);
    rp_wasi_stop_export(guest.wasi);
    rp_report report = {0};
    assert_int_equal(rp_wasi_export(guest.wasi, "/out", "host", false, &report), RP_ERROR_STATE);
    assert_string_equal(report.text, "host: stopped; nothing is written");
    assert_int_equal(rp_wasi_export(guest.wasi, "/out/a", "host", false, NULL), RP_ERROR_STATE);
    assert_int_equal(count_entries("."), 0);
    assert_int_equal(guest_digest(&guest), before);
    guest_deinit(&guest);
}

static void every_allocation_of_an_export_may_fail(void **state)
{
    (void)state;
    guest_init_plain(&guest);
    fill_tree();
    uint64_t before = guest_digest(&guest);
    rp_status status = RP_ERROR_NO_MEMORY;
    uint64_t k = 0;
    for (; status == RP_ERROR_NO_MEMORY; k++) {
        rp_report report = {0};
        rp_alloc_inject(k + 1, 0);
        status = rp_wasi_export(guest.wasi, "/out", "host", false, &report);
        rp_alloc_inject(0, 0);
        assert_int_equal(count_entries("."), status == RP_OK);
        assert_true(status == RP_OK || strstr(report.text, "host: no memory") == report.text);
    }
    assert_int_equal(status, RP_OK);
    assert_true(k > 4);
    assert_int_equal(guest_digest(&guest), before);
    guest_deinit(&guest);
}

static void import_that_is_too_large_says_what_it_needs(void **state)
{
    (void)state;
    static const char *const paths[] = {"/", "/in", "/have/b/c/", "./have"};
    assert_int_equal(mkdir("host", 0755), 0);
    assert_int_equal(mkdir("host/have", 0755), 0);
    static const char *const names[] = {"host/empty", "host/have/a", "host/have/b"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        FILE *file = fopen(names[i], "wb");
        assert_non_null(file);
        assert_int_equal(fseek(file, (long)(i * 4096), SEEK_SET), 0);
        assert_int_equal(i == 0 ? 0 : fputc('x', file), i == 0 ? 0 : 'x');
        assert_int_equal(fclose(file), 0);
    }
    assert_int_equal(symlink("12345", "host/link"), 0);
    for (size_t i = 0; i < RP_ARRAY_COUNT(paths); i++) {
        uint64_t need = 0;
        uint64_t used = 0;
        for (int round = 0; round < 3; round++) { /* without limit, exact, one less */
            rp_wasi_config config;
            guest_config(&guest, &config);
            config.vfs_bytes_max = round == 0 ? 0 : used + need - (round == 2);
            rp_report report = {0};
            assert_int_equal(rp_wasi_create(&config, &guest.wasi, NULL), RP_OK);
            put("/have/x", "x");
            used = rp_wasi_vfs_bytes(guest.wasi);
            rp_status status = rp_wasi_import_dir(guest.wasi, "host", paths[i], false, &report);
            if (round < 2) {
                assert_int_equal(status, RP_OK);
                need = rp_wasi_vfs_bytes(guest.wasi) - used;
            } else {
                char text[256];
                (void)snprintf(text, sizeof text,
                               "host: it needs %llu bytes in the guest's tree, of which %llu are "
                               "used; the limit is %llu",
                               (unsigned long long)need, (unsigned long long)used,
                               (unsigned long long)(used + need - 1));
                assert_int_equal(status, RP_ERROR_LIMIT);
                assert_string_equal(report.text, text);
                assert_int_equal(rp_wasi_vfs_bytes(guest.wasi), used);
            }
            guest_deinit(&guest);
        }
    }
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, enter_new_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(tree_is_written_as_the_guest_has_it),
        FOLDER_TEST(file_root_and_symlink_can_be_named),
        FOLDER_TEST(what_comes_back_in_is_the_same),
        FOLDER_TEST(holes_stay_holes),
        FOLDER_TEST(small_holes_stay_holes_too),
        FOLDER_TEST(deep_trees_are_written),
        FOLDER_TEST(refused_exports_are_named_and_leave_nothing),
        FOLDER_TEST(stopped_export_leaves_nothing),
        FOLDER_TEST(every_allocation_of_an_export_may_fail),
        FOLDER_TEST(import_that_is_too_large_says_what_it_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
