/* Tests of imports, preopens and the embedder's access to the tree. */
#define _DEFAULT_SOURCE /* mkdtemp, symlink, mkfifo, mknod, utimes */

#include "tests/sandbox/guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

struct folder {
    char path[64];
};

static void folder_init(struct folder *folder)
{
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/reprise-test-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

static void folder_deinit(const struct folder *folder)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder->path);
    assert_int_equal(system(command), 0);
}

static const char *inside(const struct folder *folder, const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, 256, "%s/%s", folder->path, name);
    return path;
}

static void put_host_file(const struct folder *folder, const char *name, const char *text)
{
    FILE *file = fopen(inside(folder, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* The same tree, made in one order or in the other, with other times, modes, umask and owners. */
static void fill_folder(const struct folder *folder, bool backwards)
{
    static const char *const names[] = {"b", "a", "sub/x", "sub/a", "Z"};
    mode_t before = umask(backwards ? 0077 : 0002);
    assert_int_equal(mkdir(inside(folder, "sub"), backwards ? 0700 : 0755), 0);
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        const char *name = names[backwards ? RP_ARRAY_COUNT(names) - 1 - i : i];
        put_host_file(folder, name, name);
        if (backwards) {
            struct timeval times[2] = {{1000, 0}, {2000, 5}};
            assert_int_equal(utimes(inside(folder, name), times), 0);
            assert_int_equal(chmod(inside(folder, name), 0700), 0);
            if (geteuid() == 0) {
                assert_int_equal(chown(inside(folder, name), 12345, 54321), 0);
            }
        }
    }
    assert_int_equal(symlink("sub/../a", inside(folder, "link")), 0);
    assert_int_equal(symlink("..", inside(folder, "sub/up")), 0);
    (void)umask(before);
}

static void imports_depend_on_contents_alone(void **state)
{
    (void)state;
    struct folder folders[2];
    static struct guest guests[2];
    for (unsigned i = 0; i < 2; i++) {
        folder_init(&folders[i]);
        fill_folder(&folders[i], i != 0);
        rp_wasi_config config;
        guest_config(&guests[i], &config);
        rp_report report = {0};
        assert_int_equal(rp_wasi_create(&config, &guests[i].wasi, &report), RP_OK);
        assert_int_equal(rp_wasi_import_dir(guests[i].wasi, folders[i].path, "/in", false, &report),
                         RP_OK);
    }
    assert_int_equal(vfs_digest(guests[0].wasi->vfs), vfs_digest(guests[1].wasi->vfs));
    static const char *const in_order[] = {"in/Z", "in/a", "in/b", "in/link", "in/sub", "in/sub/a"};
    for (size_t i = 1; i < RP_ARRAY_COUNT(in_order); i++) {
        struct tree tree = {.vfs = guests[0].wasi->vfs};
        assert_true(tree_find(&tree, in_order[i - 1]) < tree_find(&tree, in_order[i]));
    }
    rp_wasi_import_info first = rp_wasi_import(guests[0].wasi, 0);
    rp_wasi_import_info second = rp_wasi_import(guests[1].wasi, 0);
    assert_memory_equal(first.hash, second.hash, sizeof first.hash);
    assert_string_equal(first.guest, "/in");
    assert_string_equal(first.host, folders[0].path);
    char data[16];
    size_t count = 0;
    assert_int_equal(
        rp_wasi_read_file(guests[0].wasi, "/in/sub/x", 0, data, sizeof data, &count, NULL), RP_OK);
    assert_int_equal(count, 5);
    assert_memory_equal(data, "sub/x", 5);
    assert_int_equal(
        rp_wasi_read_file(guests[0].wasi, "in/link", 0, data, sizeof data, &count, NULL), RP_OK);
    assert_memory_equal(data, "sub/../a", 8);
    put_host_file(&folders[1], "b", "c");
    assert_int_equal(rp_wasi_import_dir(guests[1].wasi, folders[1].path, "/again", false, NULL),
                     RP_OK);
    rp_wasi_import_info third = rp_wasi_import(guests[1].wasi, 1);
    assert_memory_not_equal(third.hash, first.hash, sizeof first.hash);
    for (unsigned i = 0; i < 2; i++) {
        guest_deinit(&guests[i]);
        folder_deinit(&folders[i]);
    }
}

/* Lists the preopen in descriptor 3 to standard output:
 *   (drop (call $fd_readdir (i32.const 3) (i32.const 1024) (i32.const 4096) (i64.const 0)
 *     (i32.const 4)))
 *   (i32.store (i32.const 0) (i32.const 1024))
 *   (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) */
static const uint8_t lister[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x15, 0x03, 0x60, 0x05, 0x7f, 0x7f, 0x7f,
    0x7e, 0x7f, 0x01, 0x7f, 0x60, 0x04, 0x7f, 0x7f, 0x7f, 0x7f, 0x01, 0x7f, 0x60, 0x00, 0x00, 0x02,
    0x47, 0x02, 0x16, 0x77, 0x61, 0x73, 0x69, 0x5f, 0x73, 0x6e, 0x61, 0x70, 0x73, 0x68, 0x6f, 0x74,
    0x5f, 0x70, 0x72, 0x65, 0x76, 0x69, 0x65, 0x77, 0x31, 0x0a, 0x66, 0x64, 0x5f, 0x72, 0x65, 0x61,
    0x64, 0x64, 0x69, 0x72, 0x00, 0x00, 0x16, 0x77, 0x61, 0x73, 0x69, 0x5f, 0x73, 0x6e, 0x61, 0x70,
    0x73, 0x68, 0x6f, 0x74, 0x5f, 0x70, 0x72, 0x65, 0x76, 0x69, 0x65, 0x77, 0x31, 0x08, 0x66, 0x64,
    0x5f, 0x77, 0x72, 0x69, 0x74, 0x65, 0x00, 0x01, 0x03, 0x02, 0x01, 0x02, 0x05, 0x03, 0x01, 0x00,
    0x01, 0x07, 0x13, 0x02, 0x06, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 0x02, 0x00, 0x06, 0x5f, 0x73,
    0x74, 0x61, 0x72, 0x74, 0x00, 0x02, 0x0a, 0x26, 0x01, 0x24, 0x00, 0x41, 0x03, 0x41, 0x80, 0x08,
    0x41, 0x80, 0x20, 0x42, 0x00, 0x41, 0x04, 0x10, 0x00, 0x1a, 0x41, 0x00, 0x41, 0x80, 0x08, 0x36,
    0x02, 0x00, 0x41, 0x01, 0x41, 0x00, 0x41, 0x01, 0x41, 0x08, 0x10, 0x01, 0x1a, 0x0b};

/* Runs `lister` on the guest's tree; the gas that it used. */
static uint64_t run_lister(struct guest *guest)
{
    rp_engine *engine = NULL;
    rp_module *module = NULL;
    rp_store *store = NULL;
    rp_instance *instance = NULL;
    rp_outcome outcome;
    rp_extern start;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(engine, lister, sizeof lister, &module, NULL), RP_OK);
    assert_int_equal(rp_store_create(engine, NULL, &store, NULL), RP_OK);
    assert_int_equal(rp_wasi_define(guest->wasi, store, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(store, module, &instance, &outcome, NULL), RP_OK);
    assert_int_equal(rp_instance_export(instance, (rp_name){"_start", 6}, &start), RP_OK);
    assert_int_equal(rp_store_call(store, start.index, NULL, 0, NULL, 0, &outcome, NULL), RP_OK);
    assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
    uint64_t gas = rp_store_gas_used(store);
    rp_store_destroy(store);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    return gas;
}

static void equal_imports_give_equal_runs(void **state)
{
    (void)state;
    static struct guest guests[2];
    uint64_t gas[2];
    for (unsigned i = 0; i < 2; i++) {
        struct folder folder;
        rp_wasi_config config;
        folder_init(&folder);
        fill_folder(&folder, i != 0);
        guest_config(&guests[i], &config);
        assert_int_equal(rp_wasi_create(&config, &guests[i].wasi, NULL), RP_OK);
        assert_int_equal(rp_wasi_import_dir(guests[i].wasi, folder.path, "/", false, NULL), RP_OK);
        folder_deinit(&folder);
        gas[i] = run_lister(&guests[i]);
    }
    /* ".", "..", "Z", "a", "b", "link", "sub" */
    assert_int_equal(guests[0].output_size, 7 * RP_WASI_DIRENT_BYTES + 1 + 2 + 1 + 1 + 1 + 4 + 3);
    assert_int_equal(guests[1].output_size, guests[0].output_size);
    assert_memory_equal(guests[1].output, guests[0].output, guests[0].output_size);
    assert_int_equal(gas[1], gas[0]);
    assert_int_equal(vfs_digest(guests[1].wasi->vfs), vfs_digest(guests[0].wasi->vfs));
    guest_deinit(&guests[0]);
    guest_deinit(&guests[1]);
}

enum trouble {
    DEVICE,
    FIFO,
    SOCKET,
    SELF_LOOP,
    PAIR_LOOP,
    TOO_LARGE,
    EXISTS,
    MISSING,
    NOT_A_FOLDER,
    DOTDOT
};

static void make_trouble(const struct folder *folder, enum trouble trouble)
{
    if (trouble == DEVICE) {
        assert_int_equal(mknod(inside(folder, "sub/trouble"), S_IFCHR | 0600, makedev(1, 3)), 0);
    } else if (trouble == FIFO) {
        assert_int_equal(mkfifo(inside(folder, "sub/trouble"), 0600), 0);
    } else if (trouble == SOCKET) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/sub/trouble", folder->path);
        int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(bind(descriptor, (const struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(close(descriptor), 0);
    } else if (trouble == SELF_LOOP) {
        assert_int_equal(symlink("trouble", inside(folder, "sub/trouble")), 0);
    } else if (trouble == PAIR_LOOP) {
        assert_int_equal(symlink("../z", inside(folder, "sub/trouble")), 0);
        assert_int_equal(symlink("sub/trouble", inside(folder, "z")), 0);
    }
}

static const struct {
    enum trouble trouble;
    const char *host; /* below the folder */
    const char *guest;
    rp_status status;
    const char *named; /* in the report */
} trouble_cases[] = {
    {DEVICE, "", "/", RP_ERROR_ARGUMENT, "sub/trouble: it is a device"},
    {FIFO, "", "/", RP_ERROR_ARGUMENT, "sub/trouble: it is a pipe"},
    {SOCKET, "", "/", RP_ERROR_ARGUMENT, "sub/trouble: it is a socket"},
    {SELF_LOOP, "", "/", RP_ERROR_ARGUMENT, "sub/trouble: a loop of symbolic links"},
    {PAIR_LOOP, "", "/in", RP_ERROR_ARGUMENT, "sub/trouble: a loop of symbolic links"},
    {TOO_LARGE, "", "/", RP_ERROR_LIMIT, "the limit is 12288"},
    {EXISTS, "", "/have", RP_ERROR_ARGUMENT, "a: the name exists"},
    {MISSING, "nowhere", "/", RP_ERROR_IO, "nowhere"},
    {NOT_A_FOLDER, "a", "/", RP_ERROR_ARGUMENT, "a: it is a file, not a folder"},
    {DOTDOT, "", "../x", RP_ERROR_ARGUMENT, "'../x'"},
};

static void refused_imports_name_the_trouble_and_leave_nothing(void **state)
{
    (void)state;
    static struct guest guest;
    for (size_t i = 0; i < RP_ARRAY_COUNT(trouble_cases); i++) {
        if (trouble_cases[i].trouble == DEVICE && geteuid() != 0) {
            continue; /* nobody else may make one */
        }
        struct folder folder;
        folder_init(&folder);
        fill_folder(&folder, false);
        make_trouble(&folder, trouble_cases[i].trouble);
        rp_wasi_config config;
        guest_config(&guest, &config);
        config.vfs_bytes_max = trouble_cases[i].trouble == TOO_LARGE ? 3 * RP_VFS_PAGE_BYTES : 0;
        guest_init(&guest, &config);
        assert_int_equal(rp_wasi_write_file(guest.wasi, "/have/a", "x", 1, NULL), RP_OK);
        uint64_t before = guest_digest(&guest);
        rp_report report = {0};
        assert_int_equal(rp_wasi_import_dir(guest.wasi, inside(&folder, trouble_cases[i].host),
                                            trouble_cases[i].guest, false, &report),
                         trouble_cases[i].status);
        if (strstr(report.text, trouble_cases[i].named) == NULL) {
            fail_msg("'%s' does not say '%s'", report.text, trouble_cases[i].named);
        }
        assert_int_equal(guest_digest(&guest), before);
        assert_int_equal(rp_wasi_import_count(guest.wasi), 0);
        guest_deinit(&guest);
        folder_deinit(&folder);
    }
}

static void every_allocation_of_an_import_may_fail(void **state)
{
    (void)state;
    struct folder folder;
    folder_init(&folder);
    fill_folder(&folder, false);
    static struct guest guest;
    rp_status status = RP_ERROR_NO_MEMORY;
    uint64_t k = 0;
    while (status == RP_ERROR_NO_MEMORY) {
        k++;
        guest_init_plain(&guest);
        uint64_t before = guest_digest(&guest);
        struct rp_allocator *allocator = &guest.wasi->allocator;
        uint64_t used = allocator->used_bytes;
        allocator->fail_call = allocator->calls + k;
        status = rp_wasi_import_dir(guest.wasi, folder.path, "/in", false, NULL);
        allocator->fail_call = 0;
        if (status != RP_OK) {
            assert_int_equal(status, RP_ERROR_NO_MEMORY);
            assert_int_equal(guest_digest(&guest), before);
            assert_true(allocator->used_bytes < used + 4096); /* tables may have grown */
        }
        guest_deinit(&guest);
    }
    assert_int_equal(status, RP_OK);
    assert_true(k > 40);
    folder_deinit(&folder);
}

static void every_allocation_of_creation_may_fail(void **state)
{
    (void)state;
    static const char *const args[] = {"a"};
    static const char *const env[] = {"A=b"};
    rp_wasi_config config;
    rp_wasi_config_init(&config);
    config.args = args;
    config.arg_count = 1;
    config.env = env;
    config.env_count = 1;
    rp_status status = RP_ERROR_NO_MEMORY;
    for (uint64_t limit = 1; status != RP_OK; limit += 8) {
        rp_wasi *wasi = NULL;
        config.allocation_limit_bytes = limit;
        status = rp_wasi_create(&config, &wasi, NULL);
        assert_true(status == RP_OK || status == RP_ERROR_NO_MEMORY);
        assert_int_equal(wasi != NULL, status == RP_OK);
        rp_wasi_destroy(wasi);
    }
}

static void bad_configurations_are_refused_by_name(void **state)
{
    (void)state;
    static const char *const bad_env[] = {"NOVALUE", "=x", ""};
    for (size_t i = 0; i < RP_ARRAY_COUNT(bad_env); i++) {
        rp_wasi_config config;
        rp_wasi *wasi = NULL;
        rp_report report = {0};
        rp_wasi_config_init(&config);
        config.env = &bad_env[i];
        config.env_count = 1;
        assert_int_equal(rp_wasi_create(&config, &wasi, &report), RP_ERROR_ARGUMENT);
        assert_non_null(strstr(report.text, "NAME=value"));
        assert_null(wasi);
    }
}

static void files_are_put_in_and_read_back(void **state)
{
    (void)state;
    static struct guest guest;
    static char large[3 * RP_VFS_PAGE_BYTES];
    rp_wasi_config config;
    guest_config(&guest, &config);
    config.vfs_bytes_max = 3 * RP_VFS_PAGE_BYTES;
    guest_init(&guest, &config);
    rp_report report = {0};
    assert_int_equal(rp_wasi_write_file(guest.wasi, "/a/b/c", "text", 4, &report), RP_OK);
    rp_wasi_kind kind = RP_WASI_SYMLINK;
    uint64_t size = 0;
    assert_int_equal(rp_wasi_stat(guest.wasi, "a/b", &kind, &size, NULL), RP_OK);
    assert_int_equal(kind, RP_WASI_DIRECTORY);
    assert_int_equal(rp_wasi_stat(guest.wasi, "a/b/c", &kind, &size, NULL), RP_OK);
    assert_int_equal(kind, RP_WASI_FILE);
    assert_int_equal(size, 4);
    uint64_t before = guest_digest(&guest);
    assert_int_equal(rp_wasi_write_file(guest.wasi, "/x/y", large, sizeof large, &report),
                     RP_ERROR_LIMIT);
    assert_int_equal(guest_digest(&guest), before);
    assert_int_equal(rp_wasi_write_file(guest.wasi, "/a/b/c", "new", 3, NULL), RP_OK);
    char data[8];
    size_t count = 0;
    assert_int_equal(rp_wasi_read_file(guest.wasi, "/a/b/c", 1, data, sizeof data, &count, NULL),
                     RP_OK);
    assert_int_equal(count, 2);
    assert_memory_equal(data, "ew", 2);
    assert_int_equal(rp_wasi_read_file(guest.wasi, "/nope", 0, data, 1, &count, NULL),
                     RP_ERROR_NOT_FOUND);
    assert_int_equal(rp_wasi_read_file(guest.wasi, "/a", 0, data, 1, &count, NULL),
                     RP_ERROR_ARGUMENT);
    assert_int_equal(rp_wasi_write_file(guest.wasi, "/a/../b", "", 0, NULL), RP_ERROR_ARGUMENT);
    assert_int_equal(rp_wasi_write_file(guest.wasi, "/a", "", 0, NULL), RP_ERROR_ARGUMENT);
    guest_deinit(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imports_depend_on_contents_alone),
        cmocka_unit_test(equal_imports_give_equal_runs),
        cmocka_unit_test(refused_imports_name_the_trouble_and_leave_nothing),
        cmocka_unit_test(every_allocation_of_an_import_may_fail),
        cmocka_unit_test(every_allocation_of_creation_may_fail),
        cmocka_unit_test(bad_configurations_are_refused_by_name),
        cmocka_unit_test(files_are_put_in_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
