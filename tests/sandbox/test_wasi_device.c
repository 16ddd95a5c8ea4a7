/* Tests of devices, the default tree, and pipes behind descriptors. */
#include "sandbox/device.h"
#include "tests/sandbox/guest.h"

static void init_default(struct guest *guest, uint64_t output_bytes_max)
{
    rp_wasi_config config;
    rp_report report = {0};
    guest_config(guest, &config);
    config.output_bytes_max = output_bytes_max;
    assert_int_equal(rp_wasi_create(&config, &guest->wasi, &report), RP_OK);
    assert_int_equal(rp_wasi_default_tree(guest->wasi, &report), RP_OK);
}

static void the_default_tree_has_the_usual_places(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        rp_wasi_kind kind;
    } places[] = {
        {"/tmp", RP_WASI_DIRECTORY},      {"/home/user", RP_WASI_DIRECTORY},
        {"/bin", RP_WASI_DIRECTORY},      {"/usr/bin", RP_WASI_DIRECTORY},
        {"/dev/null", RP_WASI_DEVICE},    {"/dev/zero", RP_WASI_DEVICE},
        {"/dev/full", RP_WASI_DEVICE},    {"/dev/random", RP_WASI_DEVICE},
        {"/dev/urandom", RP_WASI_DEVICE}, {"/dev/stdin", RP_WASI_DEVICE},
        {"/dev/stdout", RP_WASI_DEVICE},  {"/dev/stderr", RP_WASI_DEVICE},
    };
    static struct guest guest;
    init_default(&guest, 0);
    for (size_t i = 0; i < RP_ARRAY_COUNT(places); i++) {
        rp_wasi_kind kind = RP_WASI_SYMLINK;
        uint64_t size = 1;
        assert_int_equal(rp_wasi_stat(guest.wasi, places[i].path, &kind, &size, NULL), RP_OK);
        assert_int_equal(kind, places[i].kind);
    }
    char byte = 0;
    size_t count = 0;
    assert_int_equal(rp_wasi_read_file(guest.wasi, "/dev/zero", 0, &byte, 1, &count, NULL),
                     RP_ERROR_ARGUMENT);
    assert_int_equal(rp_wasi_write_file(guest.wasi, "/dev/null", "x", 1, NULL), RP_ERROR_ARGUMENT);
    assert_int_equal(call(&guest, fd_prestat_dir_name, 3, 100, 1), SUCCESS);
    assert_int_equal(guest.memory[100], '/');
    assert_int_equal(call(&guest, fd_prestat_get, 4, 100), RP_WASI_ERRNO_BADF);
    guest_deinit(&guest);
}

static void the_default_tree_keeps_what_exists(void **state)
{
    (void)state;
    static struct guest guest;
    rp_report report = {0};
    guest_init_plain(&guest);
    assert_int_equal(rp_wasi_write_file(guest.wasi, "/dev/null", "mine", 4, NULL), RP_OK);
    assert_int_equal(rp_wasi_write_file(guest.wasi, "/tmp/x", "y", 1, NULL), RP_OK);
    assert_int_equal(rp_wasi_default_tree(guest.wasi, &report), RP_OK);
    assert_int_equal(rp_wasi_default_tree(guest.wasi, &report), RP_OK);
    char data[8];
    size_t count = 0;
    assert_int_equal(rp_wasi_read_file(guest.wasi, "/dev/null", 0, data, 8, &count, NULL), RP_OK);
    assert_int_equal(count, 4);
    assert_int_equal(call(&guest, fd_prestat_get, 4, 100), RP_WASI_ERRNO_BADF);
    guest_deinit(&guest);
    guest_init_plain(&guest);
    assert_int_equal(rp_wasi_write_file(guest.wasi, "/usr", "a file", 6, NULL), RP_OK);
    uint64_t before = guest_digest(&guest);
    assert_int_equal(rp_wasi_default_tree(guest.wasi, &report), RP_ERROR_ARGUMENT);
    assert_non_null(strstr(report.text, "usr/bin"));
    assert_int_equal(guest_digest(&guest), before);
    guest_deinit(&guest);
}

static void every_allocation_of_the_default_tree_may_fail(void **state)
{
    (void)state;
    static struct guest guest;
    rp_status status = RP_ERROR_NO_MEMORY;
    for (uint64_t k = 1; status == RP_ERROR_NO_MEMORY; k++) {
        rp_wasi_config config;
        guest_config(&guest, &config);
        assert_int_equal(rp_wasi_create(&config, &guest.wasi, NULL), RP_OK);
        uint64_t before = guest_digest(&guest);
        struct rp_allocator *allocator = &guest.wasi->allocator;
        allocator->fail_call = allocator->calls + k;
        status = rp_wasi_default_tree(guest.wasi, NULL);
        allocator->fail_call = 0;
        assert_true(status == RP_OK ? k > 30 : guest_digest(&guest) == before);
        guest_deinit(&guest);
    }
    assert_int_equal(status, RP_OK);
}

static uint32_t open_device(struct guest *guest, const char *path)
{
    uint32_t fd = UINT32_MAX;
    assert_int_equal(guest_open_rights(guest, 3, path, 0, ALL_RIGHTS, &fd), SUCCESS);
    return fd;
}

#define NOBODY RP_WASI_ERRNO_BADF
#define FULL RP_WASI_ERRNO_NOSPC
#define SPIPE RP_WASI_ERRNO_SPIPE

/* What Linux answers for each. */
static const struct {
    const char *path;
    uint8_t type;
    uint32_t read;  /* the answer to reading 6 bytes in two vectors */
    uint32_t count; /* how many come */
    uint32_t write; /* the answer to writing them */
    uint32_t pread; /* and at an offset */
    uint32_t pwrite;
    uint32_t seek;
    uint32_t advise;
    uint32_t allocate;
} device_cases[] = {
    {"dev/null", 2, 0, 0, 0, 0, 0, 0, 0, RP_WASI_ERRNO_NODEV},
    {"dev/zero", 2, 0, 6, 0, 0, 0, 0, 0, RP_WASI_ERRNO_NODEV},
    {"dev/full", 2, 0, 6, FULL, 0, FULL, 0, 0, RP_WASI_ERRNO_NODEV},
    {"dev/random", 2, 0, 6, 0, 0, 0, 0, 0, RP_WASI_ERRNO_NODEV},
    {"dev/urandom", 2, 0, 6, 0, 0, 0, 0, 0, RP_WASI_ERRNO_NODEV},
    {"dev/stdin", 0, 0, 5, NOBODY, SPIPE, NOBODY, SPIPE, SPIPE, SPIPE},
    {"dev/stdout", 0, NOBODY, 0, 0, NOBODY, SPIPE, SPIPE, SPIPE, SPIPE},
    {"dev/stderr", 0, NOBODY, 0, 0, NOBODY, SPIPE, SPIPE, SPIPE, SPIPE},
};

static void devices_answer_as_linux_has_them(void **state)
{
    (void)state;
    static struct guest guest;
    for (size_t i = 0; i < RP_ARRAY_COUNT(device_cases); i++) {
        init_default(&guest, 0);
        guest.input = "input";
        uint32_t fd = open_device(&guest, device_cases[i].path);
        guest_vector(&guest, 0, 1000, 2);
        guest_vector(&guest, 8, 1010, 4);
        memset(guest.memory + 1000, 0xaa, 20);
        assert_int_equal(call(&guest, fd_pread, fd, 0, 2, 9, 100), device_cases[i].pread);
        assert_int_equal(call(&guest, fd_pwrite, fd, 0, 2, 9, 100), device_cases[i].pwrite);
        guest.memory[100] = 0;
        assert_int_equal(call(&guest, fd_read, fd, 0, 2, 100), device_cases[i].read);
        assert_int_equal(guest_u32(&guest, 100), device_cases[i].count);
        assert_int_equal(guest.memory[1014], 0xaa);
        guest.memory[100] = 0;
        assert_int_equal(call(&guest, fd_write, fd, 0, 2, 100), device_cases[i].write);
        assert_int_equal(guest_u32(&guest, 100), device_cases[i].write == 0 ? 6 : 0);
        assert_int_equal(call(&guest, fd_seek, fd, 5, RP_WHENCE_SET, 200), device_cases[i].seek);
        assert_int_equal(guest_u64(&guest, 200), 0);
        assert_int_equal(call(&guest, fd_tell, fd, 200), device_cases[i].seek);
        assert_int_equal(call(&guest, fd_advise, fd, 0, 0, 0), device_cases[i].advise);
        assert_int_equal(call(&guest, fd_allocate, fd, 0, 1), device_cases[i].allocate);
        assert_int_equal(call(&guest, fd_filestat_set_size, fd, 0), RP_WASI_ERRNO_INVAL);
        assert_int_equal(call(&guest, fd_sync, fd), RP_WASI_ERRNO_INVAL);
        assert_int_equal(call(&guest, fd_datasync, fd), RP_WASI_ERRNO_INVAL);
        assert_int_equal(call(&guest, fd_readdir, fd, 1000, 100, 0, 100), RP_WASI_ERRNO_NOTDIR);
        assert_int_equal(call(&guest, fd_fdstat_get, fd, 200), SUCCESS);
        assert_int_equal(guest.memory[200], device_cases[i].type);
        assert_int_equal(call(&guest, fd_filestat_get, fd, 200), SUCCESS);
        assert_int_equal(guest.memory[216], RP_FILETYPE_CHARACTER_DEVICE);
        assert_int_equal(call(&guest, fd_filestat_set_times, fd, 8, 9, RP_FSTFLAG_MTIM), SUCCESS);
        assert_int_equal(call(&guest, fd_filestat_get, fd, 200), SUCCESS);
        assert_int_equal(guest_u64(&guest, 248), 9);
        assert_int_equal(call(&guest, sock_recv, fd, 0, 1, 0, 100, 104), RP_WASI_ERRNO_NOTSOCK);
        assert_int_equal(call(&guest, fd_close, fd), SUCCESS);
        guest_deinit(&guest);
    }
}

static void devices_are_mount_points(void **state)
{
    (void)state;
    static struct guest guest;
    init_default(&guest, 0);
    uint32_t fd = UINT32_MAX;
    uint64_t before = vfs_digest(guest.wasi->vfs);
    uint32_t size = guest_text(&guest, 100, "dev/null");
    uint32_t other = guest_text(&guest, 200, "tmp/x");
    assert_int_equal(call(&guest, path_unlink_file, 3, 100, size), RP_WASI_ERRNO_BUSY);
    assert_int_equal(call(&guest, path_rename, 3, 100, size, 3, 200, other), RP_WASI_ERRNO_BUSY);
    assert_int_equal(call(&guest, path_link, 3, 0, 100, size, 3, 200, other), RP_WASI_ERRNO_XDEV);
    assert_int_equal(call(&guest, path_remove_directory, 3, 100, size), RP_WASI_ERRNO_NOTDIR);
    assert_int_equal(guest_open_rights(&guest, 3, "dev/null", RP_OFLAG_DIRECTORY, 0, &fd),
                     RP_WASI_ERRNO_NOTDIR);
    assert_int_equal(guest_open_rights(&guest, 3, "dev/null/", 0, 0, &fd), RP_WASI_ERRNO_NOTDIR);
    assert_int_equal(
        guest_open_rights(&guest, 3, "dev/null", RP_OFLAG_CREAT | RP_OFLAG_EXCL, 0, &fd),
        RP_WASI_ERRNO_EXIST);
    assert_int_equal(vfs_digest(guest.wasi->vfs), before);
    assert_int_equal(guest_open_rights(&guest, 3, "dev/null", RP_OFLAG_CREAT | RP_OFLAG_TRUNC,
                                       RP_RIGHT_FD_WRITE, &fd),
                     SUCCESS);
    assert_int_equal(call(&guest, path_filestat_get, 3, 0, 100, size, 300), SUCCESS);
    assert_int_equal(guest.memory[316], RP_FILETYPE_CHARACTER_DEVICE);
    guest_deinit(&guest);
}

static void random_devices_continue_the_seeded_stream(void **state)
{
    (void)state;
    static struct guest guests[2];
    for (unsigned i = 0; i < 2; i++) {
        init_default(&guests[i], 0);
        guest_vector(&guests[i], 0, 1000, 16);
    }
    uint32_t fd = open_device(&guests[0], "dev/random");
    assert_int_equal(call(&guests[0], fd_read, fd, 0, 1, 100), SUCCESS);
    fd = open_device(&guests[0], "dev/urandom");
    guest_vector(&guests[0], 0, 1016, 16);
    assert_int_equal(call(&guests[0], fd_read, fd, 0, 1, 100), SUCCESS);
    assert_int_equal(call(&guests[1], random_get, 1000, 32), SUCCESS);
    assert_memory_equal(guests[0].memory + 1000, guests[1].memory + 1000, 32);
    assert_int_equal(guests[0].random, guests[1].random);
    guest_deinit(&guests[0]);
    guest_deinit(&guests[1]);
}

/* /dev/stdout and descriptor 1 are one border: one order, one limit. */
static void standard_streams_by_path_are_the_same_border(void **state)
{
    (void)state;
    static struct guest guest;
    init_default(&guest, 10);
    guest_text(&guest, 1000, "abcdef");
    guest_vector(&guest, 0, 1000, 4);
    uint32_t out = open_device(&guest, "dev/stdout");
    uint32_t err = open_device(&guest, "dev/stderr");
    assert_int_equal(call(&guest, fd_write, 1, 0, 1, 100), SUCCESS);
    assert_int_equal(guest.last_stream, 1);
    assert_int_equal(call(&guest, fd_write, out, 0, 1, 100), SUCCESS);
    assert_int_equal(guest.last_stream, 1);
    assert_int_equal(call(&guest, fd_write, err, 0, 1, 100), SUCCESS);
    assert_int_equal(guest.last_stream, 2);
    assert_int_equal(guest_u32(&guest, 100), 2);
    assert_int_equal(call(&guest, fd_write, out, 0, 1, 100), RP_WASI_ERRNO_DQUOT);
    assert_int_equal(call(&guest, fd_write, 2, 0, 1, 100), RP_WASI_ERRNO_DQUOT);
    assert_int_equal(rp_wasi_output_bytes(guest.wasi), 10);
    assert_memory_equal(guest.output, "abcdabcdab", 10);
    guest.input = "0123456789";
    uint32_t in = open_device(&guest, "dev/stdin");
    assert_int_equal(call(&guest, fd_read, 0, 0, 1, 100), SUCCESS);
    assert_int_equal(call(&guest, fd_close, 0), SUCCESS);
    assert_int_equal(call(&guest, fd_read, in, 0, 1, 100), SUCCESS);
    assert_memory_equal(guest.memory + 1000, "4567", 4);
    guest.input = NULL;
    assert_int_equal(call(&guest, fd_read, in, 0, 1, 100), RP_WASI_FAILS);
    guest_deinit(&guest);
}

static void devices_are_ready_for_what_they_can(void **state)
{
    (void)state;
    static struct guest guest;
    init_default(&guest, 0);
    for (size_t i = 0; i < RP_ARRAY_COUNT(device_cases); i++) {
        uint32_t fd = open_device(&guest, device_cases[i].path);
        guest_subscribe(&guest, 0, RP_EVENTTYPE_FD_READ, fd, 0, 0);
        guest_subscribe(&guest, 1, RP_EVENTTYPE_FD_WRITE, fd, 0, 0);
        assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 2, 2000), SUCCESS);
        assert_int_equal(guest_u32(&guest, 2000), 2);
        bool reads = device_cases[i].read == 0;
        bool writes = device_cases[i].write != NOBODY;
        assert_int_equal(rp_get_u16(guest.memory + 1008), reads ? 0 : RP_WASI_ERRNO_BADF);
        assert_int_equal(rp_get_u16(guest.memory + 1040), writes ? 0 : RP_WASI_ERRNO_BADF);
        assert_int_equal(guest_u64(&guest, 1016), 0);
    }
    guest_deinit(&guest);
}

static void devices_can_be_written_through_read_only_preopens(void **state)
{
    (void)state;
    static struct guest guest;
    init_default(&guest, 0);
    assert_int_equal(rp_wasi_preopen(guest.wasi, "/dev", true, NULL), RP_OK);
    uint32_t fd = UINT32_MAX;
    assert_int_equal(guest_open_rights(&guest, 4, "null", 0, RP_RIGHT_FD_WRITE, &fd), SUCCESS);
    guest_vector(&guest, 0, 1000, 4);
    assert_int_equal(call(&guest, fd_write, fd, 0, 1, 100), SUCCESS);
    assert_int_equal(call(&guest, fd_fdstat_get, fd, 200), SUCCESS);
    assert_int_equal(guest_u64(&guest, 208), RP_RIGHT_FD_WRITE);
    guest_deinit(&guest);
}

/* ---- pipes ---- */

static void pipes_carry_bytes_between_their_ends(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    uint32_t ends[2];
    assert_int_equal(guest_pipe(&guest, 8192, ends), SUCCESS);
    assert_int_equal(ends[0], 4);
    assert_int_equal(ends[1], 5);
    guest_text(&guest, 1000, "abcdef");
    guest_vector(&guest, 0, 1000, 2);
    guest_vector(&guest, 8, 1002, 4);
    guest_vector(&guest, 16, 2000, 1);
    guest_vector(&guest, 24, 2010, 100);
    assert_int_equal(call(&guest, fd_read, ends[0], 16, 2, 100), RP_WASI_ERRNO_AGAIN);
    assert_int_equal(call(&guest, fd_write, ends[1], 0, 2, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 6);
    assert_int_equal(call(&guest, fd_read, ends[0], 16, 2, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 6);
    assert_int_equal(guest.memory[2000], 'a');
    assert_memory_equal(guest.memory + 2010, "bcdef", 6);
    assert_int_equal(call(&guest, fd_write, ends[0], 0, 1, 100), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_read, ends[1], 16, 1, 100), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_pread, ends[0], 16, 1, 0, 100), RP_WASI_ERRNO_SPIPE);
    assert_int_equal(call(&guest, fd_pwrite, ends[1], 0, 1, 0, 100), RP_WASI_ERRNO_SPIPE);
    assert_int_equal(call(&guest, fd_seek, ends[0], 0, 0, 200), RP_WASI_ERRNO_SPIPE);
    assert_int_equal(call(&guest, fd_tell, ends[0], 200), RP_WASI_ERRNO_SPIPE);
    assert_int_equal(call(&guest, fd_advise, ends[0], 0, 0, 0), RP_WASI_ERRNO_SPIPE);
    assert_int_equal(call(&guest, fd_allocate, ends[1], 0, 1), RP_WASI_ERRNO_SPIPE);
    assert_int_equal(call(&guest, fd_filestat_set_size, ends[1], 1), RP_WASI_ERRNO_INVAL);
    assert_int_equal(call(&guest, fd_sync, ends[1]), RP_WASI_ERRNO_INVAL);
    assert_int_equal(call(&guest, fd_readdir, ends[0], 0, 10, 0, 100), RP_WASI_ERRNO_NOTDIR);
    assert_int_equal(call(&guest, fd_fdstat_set_flags, ends[0], RP_FDFLAG_NONBLOCK), SUCCESS);
    assert_int_equal(call(&guest, fd_write, ends[1], 0, 2, 100), SUCCESS);
    assert_int_equal(call(&guest, fd_filestat_get, ends[0], 200), SUCCESS);
    assert_int_equal(guest.memory[216], RP_FILETYPE_UNKNOWN);
    assert_int_equal(guest_u64(&guest, 232), 6);
    assert_int_equal(call(&guest, fd_fdstat_get, ends[0], 200), SUCCESS);
    assert_int_equal(guest.memory[200], RP_FILETYPE_UNKNOWN);
    assert_int_equal(rp_get_u16(guest.memory + 202), RP_FDFLAG_NONBLOCK);
    guest_deinit(&guest);
}

/* At most PIPE_BUF bytes go whole or not at all, though they are in several vectors; more go as far
 * as there is room. */
static void writes_to_pipes_are_atomic_up_to_4096_bytes(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    uint32_t ends[2];
    assert_int_equal(guest_pipe(&guest, 6000, ends), SUCCESS);
    guest_vector(&guest, 0, 10000, 2000);
    guest_vector(&guest, 8, 20000, 2096);
    guest_vector(&guest, 16, 30000, 1);
    memset(guest.memory + 10000, 'a', 2000);
    memset(guest.memory + 20000, 'b', 2096);
    guest.memory[30000] = 'c';
    assert_int_equal(call(&guest, fd_write, ends[1], 0, 2, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 4096);
    assert_int_equal(call(&guest, fd_write, ends[1], 0, 2, 100), RP_WASI_ERRNO_AGAIN);
    assert_int_equal(call(&guest, fd_write, ends[1], 0, 3, 100), SUCCESS); /* 4097: in parts */
    assert_int_equal(guest_u32(&guest, 100), 6000 - 4096);
    assert_int_equal(call(&guest, fd_write, ends[1], 0, 3, 100), RP_WASI_ERRNO_AGAIN);
    guest_vector(&guest, 32, 40000, 8000);
    assert_int_equal(call(&guest, fd_read, ends[0], 32, 1, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 6000);
    assert_int_equal(guest.memory[40000 + 1999], 'a');
    assert_int_equal(guest.memory[40000 + 2000], 'b');
    assert_int_equal(guest.memory[40000 + 4096], 'a');
    assert_int_equal(guest.memory[40000 + 5999], 'a');
    assert_int_equal(call(&guest, fd_write, ends[1], 0, 3, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 4097);
    guest_deinit(&guest);
}

static void pipes_tell_when_the_other_end_is_gone(void **state)
{
    (void)state;
    static struct guest guest;
    uint32_t ends[2];
    guest_init_plain(&guest);
    guest_vector(&guest, 0, 1000, 4);
    assert_int_equal(guest_pipe(&guest, 100, ends), SUCCESS);
    assert_int_equal(call(&guest, fd_write, ends[1], 0, 1, 100), SUCCESS);
    assert_int_equal(call(&guest, fd_close, ends[1]), SUCCESS);
    assert_int_equal(call(&guest, fd_read, ends[0], 0, 1, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 4);
    assert_int_equal(call(&guest, fd_read, ends[0], 0, 1, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 0);
    assert_int_equal(call(&guest, fd_close, ends[0]), SUCCESS);
    assert_int_equal(rp_vfs_bytes_used(guest.wasi->vfs), 0);
    assert_int_equal(guest_pipe(&guest, 100, ends), SUCCESS);
    assert_int_equal(call(&guest, fd_close, ends[0]), SUCCESS);
    assert_int_equal(call(&guest, fd_write, ends[1], 0, 1, 100), RP_WASI_ERRNO_PIPE);
    guest_vector(&guest, 8, 1000, 0);
    assert_int_equal(call(&guest, fd_write, ends[1], 8, 1, 100), SUCCESS);
    guest_vector(&guest, 8, 1000, 5000);
    assert_int_equal(call(&guest, fd_write, ends[1], 8, 1, 100), RP_WASI_ERRNO_PIPE);
    guest_deinit(&guest);
}

/* Renumbering drops the end that is overwritten, and moves the other. */
static void renumbering_moves_and_drops_ends(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    uint32_t first[2];
    uint32_t second[2];
    assert_int_equal(guest_pipe(&guest, 100, first), SUCCESS);
    assert_int_equal(guest_pipe(&guest, 200, second), SUCCESS);
    assert_int_equal(call(&guest, fd_renumber, second[1], first[1]), SUCCESS);
    assert_int_equal(call(&guest, fd_renumber, first[1], 1), SUCCESS);
    guest_vector(&guest, 0, 1000, 4);
    assert_int_equal(call(&guest, fd_read, first[0], 0, 1, 100), SUCCESS); /* no writer */
    assert_int_equal(guest_u32(&guest, 100), 0);
    assert_int_equal(call(&guest, fd_write, 1, 0, 1, 100), SUCCESS);
    assert_int_equal(call(&guest, fd_read, second[0], 0, 1, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 4);
    assert_int_equal(guest.output_size, 0);
    assert_int_equal(call(&guest, fd_write, first[1], 0, 1, 100), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_close, 1), SUCCESS);
    assert_int_equal(call(&guest, fd_read, second[0], 0, 1, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 0);
    guest_deinit(&guest);
}

static void polls_wait_for_pipes_with_the_clock(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    uint32_t ends[2];
    assert_int_equal(guest_pipe(&guest, 5000, ends), SUCCESS);
    guest_subscribe(&guest, 0, RP_EVENTTYPE_FD_READ, ends[0], 0, 0);
    guest_subscribe(&guest, 1, RP_EVENTTYPE_CLOCK, RP_CLOCK_MONOTONIC, 70, 0);
    guest_subscribe(&guest, 2, RP_EVENTTYPE_FD_WRITE, ends[1], 0, 0);
    uint64_t before = guest_digest(&guest);
    assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 1, 2000), RP_WASI_ERRNO_AGAIN);
    assert_int_equal(guest_digest(&guest), before);
    assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 2, 2000), SUCCESS);
    assert_int_equal(guest_u32(&guest, 2000), 1);
    assert_int_equal(guest_u64(&guest, 1000), 1001);
    assert_int_equal(guest.now_ns, GUEST_TIME_NS + 70);
    assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 3, 2000), SUCCESS);
    assert_int_equal(guest_u32(&guest, 2000), 1); /* room, at once */
    assert_int_equal(guest_u64(&guest, 1000), 1002);
    assert_int_equal(guest_u64(&guest, 1016), 5000);
    guest_vector(&guest, 3000, 10000, 905);
    assert_int_equal(call(&guest, fd_write, ends[1], 3000, 1, 100), SUCCESS);
    assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 3, 2000), SUCCESS);
    assert_int_equal(guest_u32(&guest, 2000), 1); /* 4095 of room are not enough */
    assert_int_equal(guest_u64(&guest, 1000), 1000);
    assert_int_equal(guest_u64(&guest, 1016), 905);
    assert_int_equal(guest.now_ns, GUEST_TIME_NS + 70);
    assert_int_equal(call(&guest, fd_close, ends[0]), SUCCESS);
    guest_subscribe(&guest, 0, RP_EVENTTYPE_FD_WRITE, ends[1], 0, 0);
    assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 1, 2000), SUCCESS);
    assert_int_equal(rp_get_u16(guest.memory + 1024), RP_EVENTRWFLAG_HANGUP);
    guest_deinit(&guest);
}

static void pipes_meet_their_quotas_exactly(void **state)
{
    (void)state;
    static struct guest guest;
    rp_wasi_config config;
    uint32_t ends[2];
    guest_config(&guest, &config);
    config.descriptors_max = 6;
    config.vfs_bytes_max = 1000;
    config.inodes_max = 2;
    guest_init(&guest, &config);
    uint64_t before = guest_digest(&guest);
    assert_int_equal(guest_pipe(&guest, 1001, ends), RP_WASI_ERRNO_NOSPC);
    assert_int_equal(guest_pipe(&guest, 0, ends), RP_WASI_ERRNO_INVAL);
    assert_int_equal(guest_pipe(&guest, RP_VFS_PIPE_BYTES_MAX + 1, ends), RP_WASI_ERRNO_INVAL);
    assert_int_equal(guest_digest(&guest), before);
    assert_int_equal(guest_pipe(&guest, 1000, ends), SUCCESS);
    assert_int_equal(rp_wasi_vfs_bytes(guest.wasi), 1000);
    assert_int_equal(guest_pipe(&guest, 1, ends), RP_WASI_ERRNO_MFILE);
    assert_int_equal(call(&guest, fd_close, 0), SUCCESS);
    assert_int_equal(guest_pipe(&guest, 1, ends), RP_WASI_ERRNO_MFILE); /* one is not enough */
    assert_int_equal(call(&guest, fd_close, 1), SUCCESS);
    assert_int_equal(guest_pipe(&guest, 1, ends), RP_WASI_ERRNO_DQUOT);
    assert_int_equal(call(&guest, fd_close, 4), SUCCESS);
    assert_int_equal(call(&guest, fd_close, 5), SUCCESS);
    assert_int_equal(guest_pipe(&guest, 1, ends), SUCCESS);
    assert_int_equal(ends[0], 0); /* the two lowest free numbers */
    assert_int_equal(ends[1], 1);
    guest_deinit(&guest);
}

static void every_allocation_of_a_pipe_may_fail(void **state)
{
    (void)state;
    static struct guest guest;
    uint32_t answer = RP_WASI_FAILS;
    for (uint64_t k = 1; answer == RP_WASI_FAILS; k++) {
        uint32_t ends[2];
        guest_init_plain(&guest);
        for (unsigned i = 0; i < 4; i++) {
            (void)guest_open(&guest, ".", RP_OFLAG_DIRECTORY);
        }
        uint64_t before = guest_digest(&guest);
        struct rp_allocator *allocator = &guest.wasi->allocator;
        allocator->fail_call = allocator->calls + k;
        answer = guest_pipe(&guest, 5000, ends);
        allocator->fail_call = 0;
        assert_true(answer == SUCCESS ? k > 1 : guest_digest(&guest) == before);
        guest_deinit(&guest);
    }
    assert_int_equal(answer, SUCCESS);
}

/* By both names, and wherever a type is told; tests/sandbox/test_wasi_layout.c has the structures.
 */
static void devices_and_pipes_have_their_types_by_both_names(void **state)
{
    (void)state;
    static struct guest guest;
    for (unsigned version = 0; version < RP_WASI_VERSION_COUNT; version++) {
        init_default(&guest, 0);
        guest.version = (enum rp_wasi_version)version;
        uint32_t size = guest_text(&guest, 100, "dev/null");
        assert_int_equal(call(&guest, path_filestat_get, 3, 0, 100, size, 300), SUCCESS);
        assert_int_equal(guest.memory[316], RP_FILETYPE_CHARACTER_DEVICE);
        uint32_t device = open_device(&guest, "dev/null");
        assert_int_equal(call(&guest, fd_filestat_get, device, 300), SUCCESS);
        assert_int_equal(guest.memory[316], RP_FILETYPE_CHARACTER_DEVICE);
        assert_int_equal(call(&guest, fd_fdstat_get, device, 300), SUCCESS);
        assert_int_equal(guest.memory[300], RP_FILETYPE_CHARACTER_DEVICE);
        uint32_t folder = guest_open(&guest, "dev", RP_OFLAG_DIRECTORY);
        assert_int_equal(call(&guest, fd_readdir, folder, 1000, 4000, 0, 300), SUCCESS);
        uint32_t devices = 0;
        for (uint32_t at = 1000; at < 1000 + guest_u32(&guest, 300);) {
            devices += guest.memory[at + 20] == RP_FILETYPE_CHARACTER_DEVICE;
            at += RP_WASI_DIRENT_BYTES + guest_u32(&guest, at + 16);
        }
        assert_int_equal(devices, 8);
        uint32_t ends[2];
        assert_int_equal(guest_pipe(&guest, 100, ends), SUCCESS);
        for (unsigned i = 0; i < 2; i++) {
            memset(guest.memory + 300, 0xff, 64);
            assert_int_equal(call(&guest, fd_filestat_get, ends[i], 300), SUCCESS);
            assert_int_equal(guest.memory[316], RP_FILETYPE_UNKNOWN);
            assert_int_equal(call(&guest, fd_fdstat_get, ends[i], 300), SUCCESS);
            assert_int_equal(guest.memory[300], RP_FILETYPE_UNKNOWN);
        }
        guest_deinit(&guest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_tree_has_the_usual_places),
        cmocka_unit_test(the_default_tree_keeps_what_exists),
        cmocka_unit_test(every_allocation_of_the_default_tree_may_fail),
        cmocka_unit_test(devices_answer_as_linux_has_them),
        cmocka_unit_test(devices_are_mount_points),
        cmocka_unit_test(random_devices_continue_the_seeded_stream),
        cmocka_unit_test(standard_streams_by_path_are_the_same_border),
        cmocka_unit_test(devices_are_ready_for_what_they_can),
        cmocka_unit_test(devices_can_be_written_through_read_only_preopens),
        cmocka_unit_test(pipes_carry_bytes_between_their_ends),
        cmocka_unit_test(writes_to_pipes_are_atomic_up_to_4096_bytes),
        cmocka_unit_test(pipes_tell_when_the_other_end_is_gone),
        cmocka_unit_test(renumbering_moves_and_drops_ends),
        cmocka_unit_test(polls_wait_for_pipes_with_the_clock),
        cmocka_unit_test(pipes_meet_their_quotas_exactly),
        cmocka_unit_test(every_allocation_of_a_pipe_may_fail),
        cmocka_unit_test(devices_and_pipes_have_their_types_by_both_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
