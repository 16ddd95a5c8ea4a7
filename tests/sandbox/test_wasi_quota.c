/* Tests of the limits that a guest can meet, each hit exactly. */
#include "tests/sandbox/guest.h"

#define PAGE RP_VFS_PAGE_BYTES

static void bytes_of_the_tree_end_with_nospc(void **state)
{
    (void)state;
    static struct guest guest;
    rp_wasi_config config;
    guest_config(&guest, &config);
    uint64_t entry = RP_VFS_ENTRY_BYTES + 1;
    config.vfs_bytes_max = 2 * PAGE + 3 * entry + 10;
    guest_init(&guest, &config);
    uint32_t fd = guest_open(&guest, "f", RP_OFLAG_CREAT);
    guest_text(&guest, 10, "fgh");
    guest_text(&guest, 100, "0123456789");
    assert_int_equal(call(&guest, path_symlink, 100, 10, 3, 11, 1), SUCCESS); /* 10 of target */
    guest_vector(&guest, 0, 20000, 3 * PAGE);
    assert_int_equal(call(&guest, fd_write, fd, 0, 1, 200), SUCCESS);
    assert_int_equal(guest_u32(&guest, 200), 2 * PAGE); /* what fits */
    assert_int_equal(call(&guest, fd_write, fd, 0, 1, 200), RP_WASI_ERRNO_NOSPC);
    assert_int_equal(call(&guest, fd_pwrite, fd, 0, 1, 2 * PAGE, 200), RP_WASI_ERRNO_NOSPC);
    assert_int_equal(call(&guest, fd_allocate, fd, 0, 2 * PAGE + 1), RP_WASI_ERRNO_NOSPC);
    assert_int_equal(call(&guest, fd_pwrite, fd, 0, 1, 0, 200), SUCCESS); /* pages it has */
    assert_int_equal(rp_wasi_vfs_bytes(guest.wasi), config.vfs_bytes_max - entry);
    assert_int_equal(call(&guest, path_symlink, 100, 1, 3, 12, 1), RP_WASI_ERRNO_NOSPC);
    assert_int_equal(call(&guest, path_create_directory, 3, 12, 1), SUCCESS);
    assert_int_equal(rp_wasi_vfs_bytes(guest.wasi), config.vfs_bytes_max);
    uint32_t other = UINT32_MAX;
    assert_int_equal(guest_open_rights(&guest, 3, "i", RP_OFLAG_CREAT, 0, &other),
                     RP_WASI_ERRNO_NOSPC);
    assert_int_equal(call(&guest, path_link, 3, 0, 10, 1, 3, 100, 1), RP_WASI_ERRNO_NOSPC);
    assert_int_equal(call(&guest, path_rename, 3, 10, 1, 3, 100, 1), SUCCESS);    /* takes none */
    assert_int_equal(call(&guest, fd_filestat_set_size, fd, INT64_MAX), SUCCESS); /* a hole */
    assert_int_equal(call(&guest, fd_filestat_set_size, fd, 0), SUCCESS);
    assert_int_equal(rp_wasi_vfs_bytes(guest.wasi), 3 * entry + 10);
    guest_deinit(&guest);
}

static void inodes_end_with_dquot(void **state)
{
    (void)state;
    static struct guest guest;
    rp_wasi_config config;
    guest_config(&guest, &config);
    config.inodes_max = 4; /* the root is one */
    guest_init(&guest, &config);
    uint32_t fd = guest_open(&guest, "f", RP_OFLAG_CREAT);
    guest_text(&guest, 10, "fghij");
    assert_int_equal(call(&guest, path_symlink, 10, 1, 3, 11, 1), SUCCESS);
    assert_int_equal(call(&guest, path_create_directory, 3, 12, 1), SUCCESS);
    uint32_t other = UINT32_MAX;
    memcpy(guest.memory + 60000, "i", 1);
    uint64_t before = guest_digest(&guest);
    assert_int_equal(call(&guest, path_symlink, 10, 1, 3, 13, 1), RP_WASI_ERRNO_DQUOT);
    assert_int_equal(call(&guest, path_create_directory, 3, 13, 1), RP_WASI_ERRNO_DQUOT);
    assert_int_equal(guest_open_rights(&guest, 3, "i", RP_OFLAG_CREAT, 0, &other),
                     RP_WASI_ERRNO_DQUOT);
    assert_int_equal(guest_digest(&guest), before);
    assert_int_equal(call(&guest, path_link, 3, 0, 10, 1, 3, 13, 1), SUCCESS); /* no inode */
    assert_int_equal(call(&guest, path_unlink_file, 3, 10, 1), SUCCESS);
    assert_int_equal(call(&guest, path_unlink_file, 3, 13, 1), SUCCESS);
    assert_int_equal(call(&guest, path_symlink, 10, 1, 3, 13, 1), RP_WASI_ERRNO_DQUOT); /* open */
    assert_int_equal(call(&guest, fd_close, fd), SUCCESS);
    assert_int_equal(call(&guest, path_symlink, 10, 1, 3, 13, 1), SUCCESS);
    guest_deinit(&guest);
}

static void descriptors_end_with_mfile(void **state)
{
    (void)state;
    static struct guest guest;
    rp_wasi_config config;
    guest_config(&guest, &config);
    config.descriptors_max = 5;
    guest_init(&guest, &config);
    assert_int_equal(guest_open(&guest, ".", RP_OFLAG_DIRECTORY), 4);
    uint32_t fd = UINT32_MAX;
    memcpy(guest.memory + 60000, "new", 3);
    uint64_t before = guest_digest(&guest);
    assert_int_equal(guest_open_rights(&guest, 3, "new", RP_OFLAG_CREAT, 0, &fd),
                     RP_WASI_ERRNO_MFILE);
    assert_int_equal(guest_digest(&guest), before); /* nothing was made */
    assert_int_equal(call(&guest, fd_renumber, 4, 0), SUCCESS);
    assert_int_equal(guest_open(&guest, "new", RP_OFLAG_CREAT), 4);
    guest_deinit(&guest);
}

/* Names of 255 bytes and paths of 4,095 are the longest. */
static void names_and_paths_end_with_nametoolong(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    memset(guest.memory + 1000, 'n', 5000);
    assert_int_equal(call(&guest, path_create_directory, 3, 1000, 256), RP_WASI_ERRNO_NAMETOOLONG);
    assert_int_equal(call(&guest, path_create_directory, 3, 1000, 255), SUCCESS);
    for (uint32_t i = 0; i < 4096; i += 2) {
        memcpy(guest.memory + 1000 + i, "./", 2);
    }
    assert_int_equal(call(&guest, path_filestat_get, 3, 0, 1000, 4095, 100), SUCCESS);
    assert_int_equal(call(&guest, path_filestat_get, 3, 0, 1000, 4096, 100),
                     RP_WASI_ERRNO_NAMETOOLONG);
    guest_text(&guest, 6000, "lm");
    assert_int_equal(call(&guest, path_symlink, 1000, 4095, 3, 6000, 1), SUCCESS);
    assert_int_equal(call(&guest, path_symlink, 1000, 4096, 3, 6001, 1), RP_WASI_ERRNO_NAMETOOLONG);
    guest_deinit(&guest);
}

/* Forty symbolic links may be followed on one walk. */
static void symlinks_end_with_loop(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    (void)guest_open(&guest, "s00", RP_OFLAG_CREAT);
    for (unsigned i = 1; i <= RP_VFS_SYMLINK_DEPTH_MAX + 1; i++) {
        char text[8];
        (void)snprintf(text, sizeof text, "s%02u", i - 1);
        guest_text(&guest, 100, text);
        (void)snprintf(text, sizeof text, "s%02u", i);
        guest_text(&guest, 110, text);
        assert_int_equal(call(&guest, path_symlink, 100, 3, 3, 110, 3), SUCCESS);
    }
    guest_text(&guest, 100, "s40");
    assert_int_equal(call(&guest, path_filestat_get, 3, 1, 100, 3, 200), SUCCESS);
    guest_text(&guest, 100, "s41");
    assert_int_equal(call(&guest, path_filestat_get, 3, 1, 100, 3, 200), RP_WASI_ERRNO_LOOP);
    assert_int_equal(call(&guest, path_filestat_get, 3, 0, 100, 3, 200), SUCCESS);
    uint32_t fd = UINT32_MAX;
    assert_int_equal(guest_open_rights(&guest, 3, "s40", 0, RP_RIGHT_FD_READ, &fd), SUCCESS);
    assert_int_equal(guest_open_rights(&guest, 3, "s41", 0, RP_RIGHT_FD_READ, &fd),
                     RP_WASI_ERRNO_LOOP);
    guest_deinit(&guest);
}

/* Several vectors, and both streams, up to the last byte. */
static void output_ends_with_dquot_after_its_last_byte(void **state)
{
    (void)state;
    static struct guest guest;
    rp_wasi_config config;
    guest_config(&guest, &config);
    config.output_bytes_max = 10;
    guest_init(&guest, &config);
    guest_text(&guest, 1000, "abcdefgh");
    guest_vector(&guest, 0, 1000, 4);
    guest_vector(&guest, 8, 1004, 0);
    guest_vector(&guest, 16, 1004, 4);
    assert_int_equal(call(&guest, fd_write, 2, 0, 3, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 8);
    assert_int_equal(call(&guest, fd_write, 1, 0, 3, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 2); /* the first vector in part, the others not */
    uint64_t before = guest_digest(&guest);
    assert_int_equal(call(&guest, fd_write, 1, 0, 3, 100), RP_WASI_ERRNO_DQUOT);
    assert_int_equal(call(&guest, fd_write, 2, 16, 1, 100), RP_WASI_ERRNO_DQUOT);
    assert_int_equal(guest_digest(&guest), before);
    assert_int_equal(call(&guest, fd_write, 1, 8, 1, 100), SUCCESS); /* nothing fits */
    assert_int_equal(guest_u32(&guest, 100), 0);
    assert_memory_equal(guest.output, "abcdefghab", 10);
    assert_int_equal(rp_wasi_output_bytes(guest.wasi), 10);
    guest_deinit(&guest);
    guest_config(&guest, &config);
    config.output_bytes_max = 8;
    guest_init(&guest, &config);
    guest_vector(&guest, 0, 1000, 4);
    guest_vector(&guest, 8, 1000, 4);
    guest_vector(&guest, 16, 1000, 4);
    assert_int_equal(call(&guest, fd_write, 1, 0, 3, 100), SUCCESS); /* met between vectors */
    assert_int_equal(guest_u32(&guest, 100), 8);
    guest_deinit(&guest);
}

static void files_end_with_fbig(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    uint32_t fd = guest_open(&guest, "f", RP_OFLAG_CREAT);
    guest_vector(&guest, 0, 1000, 2);
    assert_int_equal(call(&guest, fd_pwrite, fd, 0, 1, (uint64_t)INT64_MAX, 100),
                     RP_WASI_ERRNO_FBIG);
    assert_int_equal(call(&guest, fd_pwrite, fd, 0, 1, (uint64_t)INT64_MAX - 1, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 1);
    assert_int_equal(call(&guest, fd_pwrite, fd, 0, 1, (uint64_t)INT64_MAX + 1, 100),
                     RP_WASI_ERRNO_INVAL);
    assert_int_equal(call(&guest, fd_allocate, fd, INT64_MAX, 1), RP_WASI_ERRNO_FBIG);
    assert_int_equal(call(&guest, fd_allocate, fd, 0, 0), RP_WASI_ERRNO_INVAL);
    assert_int_equal(call(&guest, fd_allocate, fd, 0, (uint64_t)INT64_MAX + 1),
                     RP_WASI_ERRNO_INVAL);
    guest_deinit(&guest);
}

static void calls_take_so_many_vectors_bytes_and_subscriptions(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    for (uint32_t i = 0; i <= RP_WASI_VECTORS_MAX; i++) {
        guest_vector(&guest, i * 8, 40000 + i, 1);
    }
    assert_int_equal(call(&guest, fd_write, 1, 0, RP_WASI_VECTORS_MAX + 1, 30000),
                     RP_WASI_ERRNO_INVAL);
    assert_int_equal(call(&guest, fd_write, 1, 0, RP_WASI_VECTORS_MAX, 30000), SUCCESS);
    assert_int_equal(guest_u32(&guest, 30000), RP_WASI_VECTORS_MAX);
    assert_int_equal(call(&guest, poll_oneoff, 0, 0, RP_WASI_SUBSCRIPTIONS_MAX + 1, 30000),
                     RP_WASI_ERRNO_INVAL);
    assert_int_equal(call(&guest, poll_oneoff, 0, 0, 0, 30000), RP_WASI_ERRNO_INVAL);
    guest_deinit(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_the_tree_end_with_nospc),
        cmocka_unit_test(inodes_end_with_dquot),
        cmocka_unit_test(descriptors_end_with_mfile),
        cmocka_unit_test(names_and_paths_end_with_nametoolong),
        cmocka_unit_test(symlinks_end_with_loop),
        cmocka_unit_test(output_ends_with_dquot_after_its_last_byte),
        cmocka_unit_test(files_end_with_fbig),
        cmocka_unit_test(calls_take_so_many_vectors_bytes_and_subscriptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
