/* Tests of the WASI functions: what each does and answers. */
#include "tests/sandbox/guest.h"

static void fd_write_takes_all_its_vectors_unbuffered(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    guest_text(&guest, 1000, "hello world");
    guest_vector(&guest, 0, 1000, 6);
    guest_vector(&guest, 8, 1000, 0);
    guest_vector(&guest, 16, 1006, 5);
    guest_vector(&guest, 24, 1000, 5); /* overlapping what is only read is fine */
    assert_int_equal(call(&guest, fd_write, 1, 0, 4, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 16);
    assert_int_equal(guest.output_size, 16);
    assert_memory_equal(guest.output, "hello worldhello", 16);
    assert_int_equal(rp_wasi_output_bytes(guest.wasi), 16);
    assert_int_equal(call(&guest, fd_write, 0, 0, 4, 100), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_read, 1, 0, 1, 100), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_seek, 1, 0, 0, 100), RP_WASI_ERRNO_SPIPE);
    assert_int_equal(call(&guest, fd_pwrite, 1, 0, 1, 0, 100), RP_WASI_ERRNO_SPIPE);
    guest_deinit(&guest);
}

static void output_stops_exactly_at_its_limit(void **state)
{
    (void)state;
    static struct guest guest;
    rp_wasi_config config;
    guest_config(&guest, &config);
    config.output_bytes_max = 10;
    guest_init(&guest, &config);
    guest_vector(&guest, 0, 1000, 7);
    assert_int_equal(call(&guest, fd_write, 1, 0, 1, 100), SUCCESS);
    assert_int_equal(call(&guest, fd_write, 2, 0, 1, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 3);
    assert_int_equal(call(&guest, fd_write, 1, 0, 1, 100), RP_WASI_ERRNO_DQUOT);
    guest_vector(&guest, 0, 1000, 0);
    assert_int_equal(call(&guest, fd_write, 1, 0, 1, 100), SUCCESS);
    assert_int_equal(guest.output_size, 10);
    guest_deinit(&guest);
}

static void streams_that_fail_are_host_failures(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    guest.write_fails = true;
    guest.input = NULL;
    guest_vector(&guest, 0, 1000, 7);
    assert_int_equal(call(&guest, fd_write, 1, 0, 1, 100), RP_WASI_FAILS);
    assert_int_equal(call(&guest, fd_read, 0, 0, 1, 100), RP_WASI_FAILS);
    assert_int_equal(rp_wasi_output_bytes(guest.wasi), 0);
    guest_deinit(&guest);
}

static void input_fills_vectors_with_what_is_there(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    guest.input = "abcdefgh";
    guest.input_piece = 5;
    guest_vector(&guest, 0, 1000, 0);
    guest_vector(&guest, 8, 1000, 2);
    guest_vector(&guest, 16, 2000, 100);
    assert_int_equal(call(&guest, fd_read, 0, 0, 3, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 5);
    assert_memory_equal(guest.memory + 1000, "ab", 2);
    assert_memory_equal(guest.memory + 2000, "cde", 4);
    guest_vector(&guest, 0, 1000, 50);
    assert_int_equal(call(&guest, fd_read, 0, 0, 1, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 3);
    assert_int_equal(call(&guest, fd_read, 0, 0, 1, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 0);
    guest_deinit(&guest);
}

static unsigned input_count;

static void count_input(void *context)
{
    assert_non_null(context);
    input_count++;
}

/* The end of the input is an answer too; what fails, and what asks for nothing, is none. */
static void each_read_of_input_is_a_host_event(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    guest.host.count_input = count_input;
    guest.input = "abc";
    input_count = 0;
    guest_vector(&guest, 0, 1000, 10);
    assert_int_equal(call(&guest, fd_read, 0, 0, 1, 100), SUCCESS);
    assert_int_equal(input_count, 1);
    assert_int_equal(call(&guest, fd_read, 0, 0, 1, 100), SUCCESS);
    assert_int_equal(input_count, 2);
    guest_vector(&guest, 0, 1000, 0);
    assert_int_equal(call(&guest, fd_read, 0, 0, 1, 100), SUCCESS);
    guest_vector(&guest, 0, 1000, 10);
    assert_int_equal(call(&guest, fd_write, 1, 0, 1, 100), SUCCESS);
    assert_int_equal(input_count, 2);
    guest.input = NULL; /* fails */
    assert_int_equal(call(&guest, fd_read, 0, 0, 1, 100), RP_WASI_FAILS);
    assert_int_equal(input_count, 2);
    guest_deinit(&guest);
}

static const struct {
    uint32_t first[2];
    uint32_t second[2];
    uint32_t expected;
} vector_cases[] = {
    {{1000, 10}, {1010, 10}, RP_WASI_ERRNO_SUCCESS},
    {{1010, 10}, {1000, 10}, RP_WASI_ERRNO_SUCCESS},
    {{1000, 10}, {1009, 1}, RP_WASI_ERRNO_INVAL},
    {{1000, 10}, {1000, 10}, RP_WASI_ERRNO_INVAL},
    {{1000, 10}, {1005, 0}, RP_WASI_ERRNO_SUCCESS},
    {{1000, 10}, {GUEST_BYTES, 0}, RP_WASI_ERRNO_SUCCESS},
    {{1000, 10}, {GUEST_BYTES - 1, 1}, RP_WASI_ERRNO_SUCCESS},
    {{1000, 10}, {GUEST_BYTES - 1, 2}, RP_WASI_ERRNO_FAULT},
    {{1000, 10}, {GUEST_BYTES + 1, 0}, RP_WASI_ERRNO_FAULT},
    {{1000, UINT32_MAX}, {0, 1}, RP_WASI_ERRNO_FAULT},
    {{UINT32_MAX, UINT32_MAX}, {0, 1}, RP_WASI_ERRNO_FAULT},
};

static void vectors_that_overlap_or_leave_memory_are_refused(void **state)
{
    (void)state;
    static struct guest guest;
    for (size_t i = 0; i < RP_ARRAY_COUNT(vector_cases); i++) {
        guest_init_plain(&guest);
        guest.input = "0123456789abcdefghij";
        guest_vector(&guest, 0, vector_cases[i].first[0], vector_cases[i].first[1]);
        guest_vector(&guest, 8, vector_cases[i].second[0], vector_cases[i].second[1]);
        assert_int_equal(call(&guest, fd_read, 0, 0, 2, 100), vector_cases[i].expected);
        bool taken = guest.input[0] != '0';
        assert_int_equal(taken, vector_cases[i].expected == RP_WASI_ERRNO_SUCCESS);
        guest_deinit(&guest);
    }
}

static void files_are_written_sought_and_read(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    uint32_t fd = guest_open(&guest, "f", RP_OFLAG_CREAT);
    assert_int_equal(fd, 4);
    guest_text(&guest, 1000, "0123456789");
    guest_vector(&guest, 0, 1000, 10);
    assert_int_equal(call(&guest, fd_write, fd, 0, 1, 100), SUCCESS);
    assert_int_equal(call(&guest, fd_seek, fd, (uint64_t)-4, RP_WHENCE_END, 200), SUCCESS);
    assert_int_equal(guest_u64(&guest, 200), 6);
    guest_vector(&guest, 0, 2000, 10);
    assert_int_equal(call(&guest, fd_read, fd, 0, 1, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 4);
    assert_memory_equal(guest.memory + 2000, "6789", 4);
    assert_int_equal(call(&guest, fd_tell, fd, 200), SUCCESS);
    assert_int_equal(guest_u64(&guest, 200), 10);
    assert_int_equal(call(&guest, fd_seek, fd, 0, 3, 200), RP_WASI_ERRNO_INVAL);
    assert_int_equal(call(&guest, fd_seek, fd, (uint64_t)-11, RP_WHENCE_CUR, 200),
                     RP_WASI_ERRNO_INVAL);
    assert_int_equal(call(&guest, fd_seek, fd, INT64_MAX, RP_WHENCE_CUR, 200),
                     RP_WASI_ERRNO_OVERFLOW);
    assert_int_equal(call(&guest, fd_seek, fd, INT64_MAX, RP_WHENCE_SET, 200), SUCCESS);
    assert_int_equal(call(&guest, fd_write, fd, 0, 1, 100), RP_WASI_ERRNO_FBIG);
    assert_int_equal(call(&guest, fd_pread, fd, 0, 1, 3, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 7);
    assert_int_equal(call(&guest, fd_pread, fd, 0, 1, UINT64_MAX, 100), RP_WASI_ERRNO_INVAL);
    assert_int_equal(call(&guest, fd_fdstat_set_flags, fd, RP_FDFLAG_APPEND), SUCCESS);
    assert_int_equal(call(&guest, fd_write, fd, 0, 1, 100), SUCCESS);
    assert_int_equal(call(&guest, fd_tell, fd, 200), SUCCESS);
    assert_int_equal(guest_u64(&guest, 200), 20);
    assert_int_equal(call(&guest, fd_fdstat_set_flags, fd, 32), RP_WASI_ERRNO_INVAL);
    assert_int_equal(call(&guest, fd_filestat_set_size, fd, UINT64_MAX), RP_WASI_ERRNO_INVAL);
    guest_deinit(&guest);
}

/* Lists `fd` with buffers of `size` bytes as a C library would; removes each portion before the
 * next. Returns how many names it saw. */
static unsigned list_and_remove(struct guest *guest, uint32_t fd, uint32_t size)
{
    unsigned seen = 0;
    uint64_t cookie = 0;
    for (;;) {
        assert_int_equal(call(guest, fd_readdir, fd, 10000, size, cookie, 100), SUCCESS);
        uint32_t used = guest_u32(guest, 100);
        uint32_t at = 0;
        while (used - at >= RP_WASI_DIRENT_BYTES &&
               used - at >= RP_WASI_DIRENT_BYTES + guest_u32(guest, 10000 + at + 16)) {
            uint32_t name_size = guest_u32(guest, 10000 + at + 16);
            const char *name = (const char *)guest->memory + 10000 + at + RP_WASI_DIRENT_BYTES;
            cookie = guest_u64(guest, 10000 + at);
            if (name[0] != '.') {
                assert_int_equal(
                    call(guest, path_unlink_file, fd, 10000 + at + RP_WASI_DIRENT_BYTES, name_size),
                    SUCCESS);
            }
            seen++;
            at += RP_WASI_DIRENT_BYTES + name_size;
        }
        if (used < size) {
            return seen;
        }
    }
}

static void a_listing_sees_every_entry_while_it_deletes_them(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {32, 100, 256, 4096};
    static struct guest guest;
    for (size_t i = 0; i < RP_ARRAY_COUNT(sizes); i++) {
        guest_init_plain(&guest);
        for (unsigned k = 0; k < 200; k++) {
            char name[16];
            (void)snprintf(name, sizeof name, "n%u", k);
            assert_int_equal(call(&guest, fd_close, guest_open(&guest, name, RP_OFLAG_CREAT)),
                             SUCCESS);
        }
        uint32_t fd = guest_open(&guest, ".", RP_OFLAG_DIRECTORY);
        assert_int_equal(list_and_remove(&guest, fd, sizes[i]), 202);
        assert_int_equal(list_and_remove(&guest, fd, sizes[i]), 2);
        assert_int_equal(rp_wasi_vfs_bytes(guest.wasi), 0); /* starting again forgets */
        assert_int_equal(call(&guest, fd_readdir, fd, 10000, 100, 12345, 100), RP_WASI_ERRNO_INVAL);
        assert_int_equal(call(&guest, fd_close, fd), SUCCESS);
        assert_int_equal(rp_wasi_vfs_bytes(guest.wasi), 0);
        guest_deinit(&guest);
    }
}

static void descriptors_get_the_lowest_free_number_up_to_their_limit(void **state)
{
    (void)state;
    static struct guest guest;
    rp_wasi_config config;
    guest_config(&guest, &config);
    config.descriptors_max = 6;
    guest_init(&guest, &config);
    assert_int_equal(guest_open(&guest, "a", RP_OFLAG_CREAT), 4);
    assert_int_equal(guest_open(&guest, "b", RP_OFLAG_CREAT), 5);
    uint32_t fd = 0;
    assert_int_equal(guest_open_rights(&guest, 3, "c", RP_OFLAG_CREAT, 0, &fd),
                     RP_WASI_ERRNO_MFILE);
    assert_int_equal(tree_find(&(struct tree){.vfs = guest.wasi->vfs}, "c"), RP_VFS_NONE);
    assert_int_equal(call(&guest, fd_close, 1), SUCCESS);
    assert_int_equal(call(&guest, fd_close, 4), SUCCESS);
    assert_int_equal(call(&guest, fd_close, 4), RP_WASI_ERRNO_BADF);
    assert_int_equal(guest_open(&guest, "c", RP_OFLAG_CREAT), 1);
    assert_int_equal(guest_open(&guest, "d", RP_OFLAG_CREAT), 4);
    guest_deinit(&guest);
}

static void rights_bound_what_a_descriptor_may_do(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    uint32_t reader = 0;
    uint32_t writer = 0;
    assert_int_equal(guest_open_rights(&guest, 3, "f", RP_OFLAG_CREAT, RP_RIGHT_FD_READ, &reader),
                     SUCCESS);
    assert_int_equal(guest_open_rights(&guest, 3, "f", 0, RP_RIGHT_FD_WRITE, &writer), SUCCESS);
    guest_vector(&guest, 0, 1000, 10);
    assert_int_equal(call(&guest, fd_write, reader, 0, 1, 100), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_read, writer, 0, 1, 100), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_seek, reader, 0, 0, 200), RP_WASI_ERRNO_NOTCAPABLE);
    assert_int_equal(call(&guest, fd_filestat_set_size, writer, 0), RP_WASI_ERRNO_NOTCAPABLE);
    assert_int_equal(call(&guest, fd_fdstat_get, writer, 200), SUCCESS);
    assert_int_equal(guest_u64(&guest, 208), RP_RIGHT_FD_WRITE);
    uint32_t directory = 0;
    assert_int_equal(
        guest_open_rights(&guest, 3, ".", RP_OFLAG_DIRECTORY, RP_RIGHT_FD_WRITE, &directory),
        RP_WASI_ERRNO_ISDIR);
    assert_int_equal(guest_open_rights(&guest, 3, ".", RP_OFLAG_DIRECTORY,
                                       RP_RIGHT_PATH_OPEN | RP_RIGHT_FD_SEEK, &directory),
                     SUCCESS);
    uint32_t fd = 0;
    assert_int_equal(guest_open_rights(&guest, directory, "g", RP_OFLAG_CREAT, 0, &fd),
                     RP_WASI_ERRNO_NOTCAPABLE);
    assert_int_equal(guest_open_rights(&guest, directory, "f", RP_OFLAG_TRUNC, 0, &fd),
                     RP_WASI_ERRNO_NOTCAPABLE);
    assert_int_equal(guest_open_rights(&guest, directory, "f", 0, RP_RIGHT_FD_READ, &fd), SUCCESS);
    assert_int_equal(call(&guest, fd_readdir, directory, 1000, 100, 0, 100),
                     RP_WASI_ERRNO_NOTCAPABLE);
    assert_int_equal(call(&guest, fd_fdstat_get, directory, 200), SUCCESS);
    assert_int_equal(guest_u64(&guest, 208), RP_RIGHT_PATH_OPEN);
    assert_int_equal(call(&guest, fd_read, 3, 0, 1, 100), RP_WASI_ERRNO_ISDIR);
    assert_int_equal(call(&guest, fd_seek, 3, 0, 0, 200), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_readdir, fd, 1000, 100, 0, 100), RP_WASI_ERRNO_NOTDIR);
    assert_int_equal(guest_open_rights(&guest, fd, "x", 0, 0, &fd), RP_WASI_ERRNO_NOTDIR);
    guest_deinit(&guest);
}

static void read_only_preopens_answer_rofs(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    rp_report report = {0};
    assert_int_equal(rp_wasi_write_file(guest.wasi, "/ro/f", "data", 4, &report), RP_OK);
    assert_int_equal(rp_wasi_preopen(guest.wasi, "/ro", true, &report), RP_OK);
    uint64_t before = vfs_digest(guest.wasi->vfs);
    uint32_t fd = 0;
    uint64_t rights = RP_RIGHTS_FILE & ~RP_RIGHT_FD_WRITE;
    assert_int_equal(guest_open_rights(&guest, 4, "f", 0, RP_RIGHTS_FILE, &fd), RP_WASI_ERRNO_ROFS);
    assert_int_equal(guest_open_rights(&guest, 4, "f", 0, rights, &fd), SUCCESS);
    assert_int_equal(call(&guest, fd_filestat_set_size, fd, 0), RP_WASI_ERRNO_NOTCAPABLE);
    assert_int_equal(call(&guest, fd_allocate, fd, 0, 10), RP_WASI_ERRNO_NOTCAPABLE);
    guest_vector(&guest, 0, 1000, 4);
    assert_int_equal(call(&guest, fd_read, fd, 0, 1, 100), SUCCESS);
    assert_int_equal(call(&guest, fd_write, fd, 0, 1, 100), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_filestat_set_times, fd, 1, 1, RP_FSTFLAG_MTIM),
                     RP_WASI_ERRNO_ROFS);
    assert_int_equal(call(&guest, fd_close, fd), SUCCESS);
    uint32_t size = guest_text(&guest, 1000, "new");
    guest_text(&guest, 1010, "f");
    assert_int_equal(guest_open_rights(&guest, 4, "new", RP_OFLAG_CREAT, 0, &fd),
                     RP_WASI_ERRNO_ROFS);
    assert_int_equal(guest_open_rights(&guest, 4, "f", RP_OFLAG_TRUNC, 0, &fd), RP_WASI_ERRNO_ROFS);
    assert_int_equal(call(&guest, path_create_directory, 4, 1000, size), RP_WASI_ERRNO_ROFS);
    assert_int_equal(call(&guest, path_unlink_file, 4, 1010, 1), RP_WASI_ERRNO_ROFS);
    assert_int_equal(call(&guest, path_symlink, 1010, 1, 4, 1000, size), RP_WASI_ERRNO_ROFS);
    assert_int_equal(call(&guest, path_rename, 4, 1010, 1, 4, 1000, size), RP_WASI_ERRNO_ROFS);
    assert_int_equal(call(&guest, path_rename, 4, 1010, 1, 3, 1000, size), RP_WASI_ERRNO_XDEV);
    assert_int_equal(call(&guest, path_link, 4, 0, 1010, 1, 3, 1000, size), RP_WASI_ERRNO_XDEV);
    assert_int_equal(call(&guest, path_filestat_set_times, 4, 0, 1010, 1, 1, 1, RP_FSTFLAG_MTIM),
                     RP_WASI_ERRNO_ROFS);
    assert_int_equal(vfs_digest(guest.wasi->vfs), before);
    guest_deinit(&guest);
}

static const struct {
    uint32_t clock;
    uint16_t flags;
    uint64_t timeout;
    uint64_t slept;
    uint32_t error;
} sleep_cases[] = {
    {RP_CLOCK_MONOTONIC, 0, 200, 200, 0},
    {RP_CLOCK_REALTIME, 0, 200, 200, 0},
    {RP_CLOCK_MONOTONIC, RP_SUBCLOCKFLAG_ABSTIME, RP_WASI_MONOTONIC_START_NS + 300, 300, 0},
    {RP_CLOCK_MONOTONIC, RP_SUBCLOCKFLAG_ABSTIME, RP_WASI_MONOTONIC_START_NS, 0, 0},
    {RP_CLOCK_MONOTONIC, RP_SUBCLOCKFLAG_ABSTIME, 300, 0, 0},
    {RP_CLOCK_REALTIME, RP_SUBCLOCKFLAG_ABSTIME, GUEST_TIME_NS + 400, 400, 0},
    {RP_CLOCK_REALTIME, RP_SUBCLOCKFLAG_ABSTIME, 5, 0, 0},
    {RP_CLOCK_MONOTONIC, 0, 0, 0, 0},
    {RP_CLOCK_MONOTONIC, 0, UINT64_MAX, UINT64_MAX - GUEST_TIME_NS, 0},
    {RP_CLOCK_PROCESS_CPUTIME, 0, 100, 100, 0},
    {RP_CLOCK_THREAD_CPUTIME, 0, 100, 100, 0},
    {RP_CLOCK_PROCESS_CPUTIME, RP_SUBCLOCKFLAG_ABSTIME, 0, 0, 0},
    {RP_CLOCK_THREAD_CPUTIME, RP_SUBCLOCKFLAG_ABSTIME, 7, 7, 0},
    {77, 0, 100, 0, RP_WASI_ERRNO_INVAL},
};

static void sleeps_advance_virtual_time_and_end(void **state)
{
    (void)state;
    static struct guest guest;
    for (size_t i = 0; i < RP_ARRAY_COUNT(sleep_cases); i++) {
        guest_init_plain(&guest);
        guest_subscribe(&guest, 0, RP_EVENTTYPE_CLOCK, sleep_cases[i].clock, sleep_cases[i].timeout,
                        sleep_cases[i].flags);
        assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 1, 2000), SUCCESS);
        assert_int_equal(guest_u32(&guest, 2000), 1);
        assert_int_equal(guest_u64(&guest, 1000), 1000);
        assert_int_equal(rp_get_u16(guest.memory + 1008), sleep_cases[i].error);
        assert_int_equal(guest.now_ns - GUEST_TIME_NS, sleep_cases[i].slept);
        guest_deinit(&guest);
    }
}

static void polls_answer_what_is_ready_in_order(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    assert_int_equal(rp_wasi_write_file(guest.wasi, "f", "12345", 5, NULL), RP_OK);
    uint32_t fd = guest_open(&guest, "f", 0);
    guest_subscribe(&guest, 0, RP_EVENTTYPE_CLOCK, RP_CLOCK_MONOTONIC, 100, 0);
    guest_subscribe(&guest, 1, RP_EVENTTYPE_FD_READ, fd, 0, 0);
    guest_subscribe(&guest, 2, RP_EVENTTYPE_FD_WRITE, 1, 0, 0);
    guest_subscribe(&guest, 3, RP_EVENTTYPE_FD_READ, 99, 0, 0);
    guest_subscribe(&guest, 4, RP_EVENTTYPE_FD_READ, 1, 0, 0);
    assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 5, 2000), SUCCESS);
    assert_int_equal(guest_u32(&guest, 2000), 4);
    static const uint32_t errors[] = {0, 0, RP_WASI_ERRNO_BADF, RP_WASI_ERRNO_BADF};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(guest_u64(&guest, 1000 + i * 32), 1001 + i);
        assert_int_equal(rp_get_u16(guest.memory + 1000 + i * 32 + 8), errors[i]);
    }
    assert_int_equal(guest_u64(&guest, 1016), 5);
    assert_int_equal(guest.now_ns, GUEST_TIME_NS);
    guest_subscribe(&guest, 1, RP_EVENTTYPE_CLOCK, RP_CLOCK_MONOTONIC, 50, 0);
    assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 2, 2000), SUCCESS);
    assert_int_equal(guest_u32(&guest, 2000), 1);
    assert_int_equal(guest_u64(&guest, 1000), 1001);
    assert_int_equal(guest.now_ns, GUEST_TIME_NS + 50);
    assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 0, 2000), RP_WASI_ERRNO_INVAL);
    assert_int_equal(call(&guest, poll_oneoff, 0, 40, 1, 2000), RP_WASI_ERRNO_INVAL);
    guest_subscribe(&guest, 1, 3, 0, 0, 0);
    assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 2, 2000), RP_WASI_ERRNO_INVAL);
    guest_deinit(&guest);
}

static void clocks_are_virtual(void **state)
{
    (void)state;
    static const uint64_t expected[] = {GUEST_TIME_NS + 70, RP_WASI_MONOTONIC_START_NS + 70, 20,
                                        20};
    static struct guest guest;
    guest_init_plain(&guest);
    guest.now_ns += 20;
    guest_subscribe(&guest, 0, RP_EVENTTYPE_CLOCK, RP_CLOCK_MONOTONIC, 50, 0);
    assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 1, 2000), SUCCESS);
    for (uint32_t clock = 0; clock < RP_ARRAY_COUNT(expected); clock++) {
        assert_int_equal(call(&guest, clock_time_get, clock, 0, 100), SUCCESS);
        assert_int_equal(guest_u64(&guest, 100), expected[clock]);
        assert_int_equal(call(&guest, clock_res_get, clock, 100), SUCCESS);
        assert_int_equal(guest_u64(&guest, 100), 1);
    }
    assert_int_equal(call(&guest, clock_time_get, 4, 0, 100), RP_WASI_ERRNO_INVAL);
    guest_deinit(&guest);
}

static void arguments_and_environment_are_laid_out(void **state)
{
    (void)state;
    static const char *const args[] = {"prog", "", "x y"};
    static const char *const env[] = {"A=1", "EMPTY="};
    static struct guest guest;
    rp_wasi_config config;
    guest_config(&guest, &config);
    config.args = args;
    config.arg_count = 3;
    config.env = env;
    config.env_count = 2;
    guest_init(&guest, &config);
    assert_int_equal(call(&guest, args_sizes_get, 0, 4), SUCCESS);
    assert_int_equal(guest_u32(&guest, 0), 3);
    assert_int_equal(guest_u32(&guest, 4), 10);
    assert_int_equal(call(&guest, args_get, 100, 200), SUCCESS);
    assert_int_equal(guest_u32(&guest, 100), 200);
    assert_int_equal(guest_u32(&guest, 104), 205);
    assert_int_equal(guest_u32(&guest, 108), 206);
    assert_memory_equal(guest.memory + 200, "prog\0\0x y", 10);
    assert_int_equal(call(&guest, environ_get, 100, GUEST_BYTES - 10), RP_WASI_ERRNO_FAULT);
    assert_int_equal(guest_u32(&guest, 100), 200);
    assert_int_equal(call(&guest, environ_get, 100, GUEST_BYTES - 11), SUCCESS);
    assert_memory_equal(guest.memory + GUEST_BYTES - 11, "A=1\0EMPTY=", 11);
    guest_deinit(&guest);
}

static void exit_codes_pass_through_in_full(void **state)
{
    (void)state;
    static const uint32_t codes[] = {0, 1, 125, 126, 255, 256, UINT32_MAX};
    static struct guest guest;
    guest_init_plain(&guest);
    for (size_t i = 0; i < RP_ARRAY_COUNT(codes); i++) {
        assert_int_equal(call(&guest, proc_exit, codes[i]), RP_WASI_EXITS);
        assert_int_equal(guest.exit_code, codes[i]);
    }
    guest_deinit(&guest);
}

static void sockets_and_preopens_answer_by_descriptor(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    assert_int_equal(call(&guest, sock_shutdown, 1, 0), RP_WASI_ERRNO_NOTSOCK);
    assert_int_equal(call(&guest, sock_recv, 9, 0, 0, 0, 0, 0), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_prestat_get, 3, 100), SUCCESS);
    assert_int_equal(guest_u32(&guest, 104), 1);
    assert_int_equal(call(&guest, fd_prestat_dir_name, 3, 100, 0), RP_WASI_ERRNO_NAMETOOLONG);
    assert_int_equal(call(&guest, fd_prestat_dir_name, 3, 100, 5), SUCCESS);
    assert_int_equal(guest.memory[100], '/');
    assert_int_equal(call(&guest, fd_prestat_get, 2, 100), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_prestat_get, guest_open(&guest, ".", RP_OFLAG_DIRECTORY), 100),
                     RP_WASI_ERRNO_BADF);
    guest_deinit(&guest);
}

static void filestats_and_links_show_the_tree(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    uint32_t fd = guest_open(&guest, "f", RP_OFLAG_CREAT);
    guest_text(&guest, 1000, "f");
    uint32_t size = guest_text(&guest, 1010, "link");
    assert_int_equal(call(&guest, path_symlink, 1000, 1, 3, 1010, size), SUCCESS);
    guest_text(&guest, 1020, "/f");
    assert_int_equal(call(&guest, path_symlink, 1020, 2, 3, 1021, 1), RP_WASI_ERRNO_PERM);
    assert_int_equal(call(&guest, path_readlink, 3, 1010, size, 1100, 10, 1200), SUCCESS);
    assert_int_equal(guest_u32(&guest, 1200), 1);
    assert_int_equal(call(&guest, path_readlink, 3, 1000, 1, 1100, 10, 1200), RP_WASI_ERRNO_INVAL);
    assert_int_equal(
        call(&guest, fd_filestat_set_times, fd, 11, 22, RP_FSTFLAG_ATIM | RP_FSTFLAG_MTIM_NOW),
        SUCCESS);
    assert_int_equal(call(&guest, path_filestat_get, 3, 1, 1010, size, 2000), SUCCESS);
    assert_int_equal(guest.memory[2016], RP_FILETYPE_REGULAR_FILE);
    assert_int_equal(guest_u64(&guest, 2024), 1);
    assert_int_equal(guest_u64(&guest, 2040), 11);
    assert_int_equal(guest_u64(&guest, 2048), GUEST_TIME_NS);
    assert_int_equal(call(&guest, path_filestat_get, 3, 0, 1010, size, 2000), SUCCESS);
    assert_int_equal(guest.memory[2016], RP_FILETYPE_SYMBOLIC_LINK);
    assert_int_equal(guest_u64(&guest, 2032), 1);
    assert_int_equal(call(&guest, path_filestat_get, 3, 2, 1010, size, 2000), RP_WASI_ERRNO_INVAL);
    assert_int_equal(
        call(&guest, fd_filestat_set_times, fd, 1, 1, RP_FSTFLAG_ATIM | RP_FSTFLAG_ATIM_NOW),
        RP_WASI_ERRNO_INVAL);
    assert_int_equal(call(&guest, fd_filestat_get, 0, 2000), SUCCESS);
    assert_int_equal(guest.memory[2016], RP_FILETYPE_UNKNOWN);
    guest_deinit(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fd_write_takes_all_its_vectors_unbuffered),
        cmocka_unit_test(output_stops_exactly_at_its_limit),
        cmocka_unit_test(streams_that_fail_are_host_failures),
        cmocka_unit_test(input_fills_vectors_with_what_is_there),
        cmocka_unit_test(each_read_of_input_is_a_host_event),
        cmocka_unit_test(vectors_that_overlap_or_leave_memory_are_refused),
        cmocka_unit_test(files_are_written_sought_and_read),
        cmocka_unit_test(a_listing_sees_every_entry_while_it_deletes_them),
        cmocka_unit_test(descriptors_get_the_lowest_free_number_up_to_their_limit),
        cmocka_unit_test(rights_bound_what_a_descriptor_may_do),
        cmocka_unit_test(read_only_preopens_answer_rofs),
        cmocka_unit_test(sleeps_advance_virtual_time_and_end),
        cmocka_unit_test(polls_answer_what_is_ready_in_order),
        cmocka_unit_test(clocks_are_virtual),
        cmocka_unit_test(arguments_and_environment_are_laid_out),
        cmocka_unit_test(exit_codes_pass_through_in_full),
        cmocka_unit_test(sockets_and_preopens_answer_by_descriptor),
        cmocka_unit_test(filestats_and_links_show_the_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
