/* Tests of corners: bad memory in every function, the order of results, listings in tiny buffers,
 * paths, clocks and descriptors together, signals, exit codes, sockets. */
#include "tests/sandbox/guest.h"

#define FAULT RP_WASI_ERRNO_FAULT
#define INVAL RP_WASI_ERRNO_INVAL
#define NOTSOCK RP_WASI_ERRNO_NOTSOCK
#define FILE_FD 4
#define DIR_FD 5

static void init_world(struct guest *guest)
{
    static const char *const args[] = {"prog", "x"};
    static const char *const env[] = {"A=1"};
    rp_wasi_config config;
    guest_config(guest, &config);
    config.args = args;
    config.arg_count = 2;
    config.env = env;
    config.env_count = 1;
    guest_init(guest, &config);
    assert_int_equal(rp_wasi_write_file(guest->wasi, "/file", "0123456789", 10, NULL), RP_OK);
    assert_int_equal(rp_wasi_write_file(guest->wasi, "/dir/x", "", 0, NULL), RP_OK);
    assert_int_equal(guest_open(guest, "file", 0), FILE_FD);
    assert_int_equal(guest_open(guest, "dir", RP_OFLAG_DIRECTORY), DIR_FD);
    guest_text(guest, 100, "file");
    guest_text(guest, 110, "new");
    guest_text(guest, 120, "link");
    guest_text(guest, 130, "gone");
    assert_int_equal(call(guest, path_symlink, 100, 4, 3, 120, 4), SUCCESS);
    assert_int_equal(call(guest, path_create_directory, 3, 130, 4), SUCCESS);
    guest_vector(guest, 0, 64, 4);
    guest_subscribe(guest, 10, RP_EVENTTYPE_FD_READ, FILE_FD, 0, 0); /* at 480 */
}

/* A call that succeeds, and its parameters that are pointers and lengths. */
static const struct {
    enum rp_wasi_index index;
    unsigned pointers;
    unsigned lengths;
    uint32_t too_long; /* the answer to a length near 2^32 */
    uint64_t args[RP_WASI_PARAMS_MAX];
} memory_cases[] = {
#define CASE(name, pointers, lengths, too_long, ...)       \
    {                                                      \
        RP_WASI_INDEX_##name, pointers, lengths, too_long, \
        {                                                  \
            __VA_ARGS__                                    \
        }                                                  \
    }
    CASE(args_get, 3, 0, 0, 200, 300),
    CASE(args_sizes_get, 3, 0, 0, 200, 300),
    CASE(environ_get, 3, 0, 0, 200, 300),
    CASE(environ_sizes_get, 3, 0, 0, 200, 300),
    CASE(clock_res_get, 2, 0, 0, 0, 200),
    CASE(clock_time_get, 4, 0, 0, 0, 0, 200),
    CASE(fd_fdstat_get, 2, 0, 0, 4, 200),
    CASE(fd_filestat_get, 2, 0, 0, 4, 200),
    CASE(fd_pread, 18, 4, INVAL, 4, 0, 1, 0, 200),
    CASE(fd_prestat_get, 2, 0, 0, 3, 200),
    CASE(fd_prestat_dir_name, 2, 4, FAULT, 3, 200, 5),
    CASE(fd_pwrite, 18, 4, INVAL, 4, 0, 1, 0, 200),
    CASE(fd_read, 10, 4, INVAL, 4, 0, 1, 200),
    CASE(fd_readdir, 18, 4, FAULT, 3, 300, 100, 0, 200),
    CASE(fd_seek, 8, 0, 0, 4, 1, 0, 200),
    CASE(fd_tell, 2, 0, 0, 4, 200),
    CASE(fd_write, 10, 4, INVAL, 4, 0, 1, 200),
    CASE(path_create_directory, 2, 4, FAULT, 3, 110, 3),
    CASE(path_filestat_get, 20, 8, FAULT, 3, 0, 100, 4, 200),
    CASE(path_filestat_set_times, 4, 8, FAULT, 3, 0, 100, 4, 1, 1, 5),
    CASE(path_link, 36, 72, FAULT, 3, 0, 100, 4, 5, 110, 3),
    CASE(path_open, 260, 8, FAULT, 3, 0, 100, 4, 0, 0, 0, 0, 200),
    CASE(path_readlink, 42, 20, FAULT, 3, 120, 4, 300, 10, 200),
    CASE(path_remove_directory, 2, 4, FAULT, 3, 130, 4),
    CASE(path_rename, 18, 36, FAULT, 3, 100, 4, 5, 110, 3),
    CASE(path_symlink, 9, 18, FAULT, 100, 4, 3, 110, 3),
    CASE(path_unlink_file, 2, 4, FAULT, 3, 100, 4),
    CASE(poll_oneoff, 11, 4, INVAL, 480, 1000, 1, 200),
    CASE(random_get, 1, 2, FAULT, 200, 10),
#undef CASE
};

static void bad_memory_answers_fault_and_changes_nothing(void **state)
{
    (void)state;
    static const uint32_t bad[] = {GUEST_BYTES + 1, 0x7fffffff, 0x80000000, UINT32_MAX - 3,
                                   UINT32_MAX};
    static struct guest guest;
    for (size_t i = 0; i < RP_ARRAY_COUNT(memory_cases); i++) {
        const char *name = rp_wasi_functions[memory_cases[i].index].name;
        init_world(&guest);
        uint64_t before = guest_digest(&guest);
        for (unsigned k = 0; k < RP_WASI_PARAMS_MAX; k++) {
            bool pointer = (memory_cases[i].pointers >> k & 1u) != 0;
            bool length = (memory_cases[i].lengths >> k & 1u) != 0;
            for (unsigned b = 0; b < RP_ARRAY_COUNT(bad) && (pointer || length); b++) {
                uint64_t args[RP_WASI_PARAMS_MAX];
                memcpy(args, memory_cases[i].args, sizeof args);
                args[k] = bad[b];
                uint32_t expected = pointer ? FAULT : memory_cases[i].too_long;
                uint32_t answer = call_args(&guest, memory_cases[i].index, args);
                if (answer != expected || guest_digest(&guest) != before) {
                    fail_msg("%s: parameter %u is %#x: %s", name, k, bad[b],
                             rp_wasi_errno_names[answer]);
                }
            }
        }
        uint32_t answer = call_args(&guest, memory_cases[i].index, memory_cases[i].args);
        if (answer != SUCCESS) {
            fail_msg("%s with good memory: %s", name, rp_wasi_errno_names[answer]);
        }
        guest_deinit(&guest);
    }
}

/* Results that lie in one another: each is written in the order of the parameters, the last one
 * stays. What a call reads it reads before. */
static void later_results_lie_over_earlier_ones(void **state)
{
    (void)state;
    static struct guest guest;
    init_world(&guest);
    assert_int_equal(call(&guest, fd_read, FILE_FD, 0, 1, 64), SUCCESS); /* over what was read */
    assert_int_equal(guest_u32(&guest, 64), 4);
    assert_int_equal(call(&guest, fd_pread, FILE_FD, 0, 1, 0, 0), SUCCESS); /* over the vector */
    assert_int_equal(guest_u32(&guest, 0), 4);
    assert_memory_equal(guest.memory + 64, "0123", 4);
    guest_vector(&guest, 0, 0, 8); /* the vector itself receives */
    assert_int_equal(call(&guest, fd_pread, FILE_FD, 0, 1, 0, 200), SUCCESS);
    assert_memory_equal(guest.memory, "01234567", 8);
    assert_int_equal(call(&guest, args_sizes_get, 200, 200), SUCCESS);
    assert_int_equal(guest_u32(&guest, 200), 7); /* "prog\0x\0" behind the count */
    assert_int_equal(call(&guest, args_get, 300, 304), SUCCESS);
    assert_int_equal(guest_u32(&guest, 300), 304);
    assert_memory_equal(guest.memory + 304, "prog\0x", 7);
    assert_int_equal(call(&guest, path_readlink, 3, 120, 4, 120, 10, 122), SUCCESS);
    assert_memory_equal(guest.memory + 120, "fi\4\0\0", 6);
    assert_int_equal(call(&guest, fd_readdir, 3, 1000, 100, 0, 1000), SUCCESS);
    assert_int_equal(guest_u32(&guest, 1000), 100);
    assert_int_equal(call(&guest, path_filestat_get, 3, 0, 100, 4, 100), SUCCESS);
    assert_int_equal(guest_u64(&guest, 100), 1);
    assert_int_equal(call(&guest, poll_oneoff, 480, 1000, 1, 480), SUCCESS);
    assert_int_equal(guest_u32(&guest, 480), 1); /* over the subscription */
    guest_deinit(&guest);
}

/* Whatever the size of the buffer, it receives a prefix of the listing. */
static void listings_fill_buffers_of_every_size(void **state)
{
    (void)state;
    static struct guest guest;
    init_world(&guest);
    assert_int_equal(call(&guest, fd_readdir, 3, 1000, 2000, 0, 200), SUCCESS);
    uint32_t whole = guest_u32(&guest, 200);
    static uint8_t listing[2000];
    memcpy(listing, guest.memory + 1000, whole);
    assert_int_equal(whole, 6 * RP_WASI_DIRENT_BYTES + 1 + 2 + 3 + 4 + 4 + 4);
    for (uint32_t size = 0; size <= whole + 1; size++) {
        memset(guest.memory + 1000, 0xaa, whole + 8);
        assert_int_equal(call(&guest, fd_readdir, 3, 1000, size, 0, 200), SUCCESS);
        uint32_t used = size < whole ? size : whole;
        assert_int_equal(guest_u32(&guest, 200), used);
        assert_memory_equal(guest.memory + 1000, listing, used);
        assert_int_equal(guest.memory[1000 + used], 0xaa);
    }
    guest_deinit(&guest);
}

static void listings_name_the_inodes_of_the_directory_and_its_parent(void **state)
{
    (void)state;
    static struct guest guest;
    init_world(&guest);
    uint64_t inodes[2];
    assert_int_equal(call(&guest, fd_filestat_get, DIR_FD, 200), SUCCESS);
    inodes[0] = guest_u64(&guest, 208);
    assert_int_equal(call(&guest, fd_filestat_get, 3, 200), SUCCESS);
    inodes[1] = guest_u64(&guest, 208);
    assert_int_equal(call(&guest, fd_readdir, DIR_FD, 1000, 51, 0, 200), SUCCESS);
    assert_int_equal(guest_u64(&guest, 1008), inodes[0]);
    assert_int_equal(guest_u64(&guest, 1008 + 25), inodes[1]);
    assert_int_equal(guest.memory[1020], RP_FILETYPE_DIRECTORY);
    assert_int_equal(guest.memory[1045], RP_FILETYPE_DIRECTORY);
    assert_int_equal(call(&guest, fd_readdir, 3, 1000, 51, 0, 200), SUCCESS);
    assert_int_equal(guest_u64(&guest, 1008 + 25), inodes[1]); /* the root's parent is the root */
    guest_deinit(&guest);
}

/* Removes everything below `fd` as `rm -r` does, one entry for each reading of the directory. */
static void remove_below(struct guest *guest, uint32_t fd)
{
    uint64_t cookie = 0;
    for (;;) {
        assert_int_equal(call(guest, fd_readdir, fd, 1000, 40, cookie, 200), SUCCESS);
        if (guest_u32(guest, 200) <= RP_WASI_DIRENT_BYTES) {
            return;
        }
        cookie = guest_u64(guest, 1000);
        uint32_t size = guest_u32(guest, 1016);
        const uint8_t *name = guest->memory + 1000 + RP_WASI_DIRENT_BYTES;
        if (name[0] == '.') {
            continue;
        }
        char text[16] = {0};
        memcpy(text, name, size);
        if (guest->memory[1020] == RP_FILETYPE_DIRECTORY) {
            uint32_t child = UINT32_MAX;
            assert_int_equal(
                guest_open_rights(guest, fd, text, RP_OFLAG_DIRECTORY, RP_RIGHTS_DIRECTORY, &child),
                SUCCESS);
            remove_below(guest, child);
            assert_int_equal(call(guest, fd_close, child), SUCCESS);
            size = guest_text(guest, 900, text);
            assert_int_equal(call(guest, path_remove_directory, fd, 900, size), SUCCESS);
        } else {
            size = guest_text(guest, 900, text);
            assert_int_equal(call(guest, path_unlink_file, fd, 900, size), SUCCESS);
        }
    }
}

static void a_tree_is_removed_while_it_is_listed(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    for (unsigned i = 0; i < 300; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "/top/d%u/e%u/f%u", i % 7, i % 5, i);
        assert_int_equal(rp_wasi_write_file(guest.wasi, path, "x", 1, NULL), RP_OK);
    }
    uint32_t fd = guest_open(&guest, "top", RP_OFLAG_DIRECTORY);
    remove_below(&guest, fd);
    guest_text(&guest, 900, "top/");
    assert_int_equal(call(&guest, path_remove_directory, 3, 900, 4), SUCCESS);
    assert_int_equal(call(&guest, fd_readdir, fd, 1000, 100, 0, 200), SUCCESS);
    assert_int_equal(guest_u32(&guest, 200), 0); /* gone, though open */
    assert_int_equal(call(&guest, fd_close, fd), SUCCESS);
    assert_int_equal(rp_wasi_vfs_bytes(guest.wasi), 0);
    assert_int_equal(rp_vfs_inode_count(guest.wasi->vfs), 1);
    guest_deinit(&guest);
}

enum path_call { OPEN, OPEN_NOFOLLOW, STAT, LSTAT, MKDIR, RMDIR, UNLINK, READLINK, CREATE };

/* "/dir/x" and "/file" are files, "/dir/up" points to "..", "/loop" to itself, "/link" to "file",
 * "/todir" to "dir", "/gone" is an empty directory. */
static const struct {
    uint32_t fd; /* 3 is the root, DIR_FD is /dir */
    enum path_call call;
    const char *path;
    uint32_t expected;
} path_cases[] = {
    {3, STAT, "dir/x", SUCCESS},
    {3, STAT, "dir/../file", SUCCESS},
    {3, STAT, "dir/up/file", SUCCESS},
    {3, STAT, "dir/up/dir/up/dir/x", SUCCESS},
    {3, STAT, "todir/x", SUCCESS},
    {3, STAT, "todir/../file", SUCCESS},
    {3, STAT, "file/", RP_WASI_ERRNO_NOTDIR},
    {3, STAT, "file/.", RP_WASI_ERRNO_NOTDIR},
    {3, STAT, "file/..", RP_WASI_ERRNO_NOTDIR},
    {3, STAT, "link/", RP_WASI_ERRNO_NOTDIR},
    {3, LSTAT, "todir/", SUCCESS},
    {3, STAT, "", RP_WASI_ERRNO_NOENT},
    {3, STAT, ".", SUCCESS},
    {3, STAT, "./", SUCCESS},
    {3, STAT, "..", RP_WASI_ERRNO_PERM},
    {3, STAT, "/file", RP_WASI_ERRNO_PERM},
    {3, STAT, "/", RP_WASI_ERRNO_PERM},
    {3, STAT, "dir/../../file", RP_WASI_ERRNO_PERM},
    {DIR_FD, STAT, "up/file", RP_WASI_ERRNO_PERM}, /* leaves what it was opened for */
    {DIR_FD, STAT, "../file", RP_WASI_ERRNO_PERM},
    {DIR_FD, STAT, "../dir/x", RP_WASI_ERRNO_PERM},
    {DIR_FD, STAT, "./x", SUCCESS},
    {DIR_FD, LSTAT, "up", SUCCESS},
    {3, STAT, "loop", RP_WASI_ERRNO_LOOP},
    {3, LSTAT, "loop", SUCCESS},
    {3, OPEN, "loop", RP_WASI_ERRNO_LOOP},
    {3, OPEN_NOFOLLOW, "link", RP_WASI_ERRNO_LOOP},
    {3, OPEN_NOFOLLOW, "todir/x", SUCCESS},
    {3, OPEN, "link", SUCCESS},
    {3, OPEN, "file/", RP_WASI_ERRNO_NOTDIR},
    {3, OPEN, "none", RP_WASI_ERRNO_NOENT},
    {3, CREATE, "none/", RP_WASI_ERRNO_ISDIR},
    {3, CREATE, "none/x", RP_WASI_ERRNO_NOENT},
    {3, CREATE, "file/x", RP_WASI_ERRNO_NOTDIR},
    {3, MKDIR, "a/", SUCCESS},
    {3, MKDIR, "a/b", RP_WASI_ERRNO_NOENT},
    {3, MKDIR, "dir", RP_WASI_ERRNO_EXIST},
    {3, MKDIR, "dir/.", RP_WASI_ERRNO_EXIST},
    {3, RMDIR, "gone/", SUCCESS},
    {3, RMDIR, "gone///", SUCCESS},
    {3, RMDIR, "gone/.", INVAL},
    {3, RMDIR, "dir", RP_WASI_ERRNO_NOTEMPTY},
    {3, RMDIR, "dir/..", RP_WASI_ERRNO_NOTEMPTY},
    {3, RMDIR, "file", RP_WASI_ERRNO_NOTDIR},
    {3, RMDIR, "todir", RP_WASI_ERRNO_NOTDIR},
    {3, RMDIR, "todir/", RP_WASI_ERRNO_NOTDIR},
    {3, UNLINK, "dir", RP_WASI_ERRNO_ISDIR},
    {3, UNLINK, "file/", RP_WASI_ERRNO_NOTDIR},
    {3, UNLINK, "link", SUCCESS},
    {3, READLINK, "link", SUCCESS},
    {3, READLINK, "file", INVAL},
    {3, READLINK, "todir/up", SUCCESS},
    {3, READLINK, "todir/", INVAL},
    {FILE_FD, STAT, "x", RP_WASI_ERRNO_NOTDIR},
    {1, STAT, "x", RP_WASI_ERRNO_NOTDIR},
    {77, STAT, "x", RP_WASI_ERRNO_BADF},
};

static uint32_t call_path(struct guest *guest, uint32_t fd, enum path_call name, const char *path)
{
    uint32_t size = guest_text(guest, 500, path);
    switch (name) {
    case OPEN:
        return call(guest, path_open, fd, 1, 500, size, 0, 0, 0, 0, 600);
    case OPEN_NOFOLLOW:
        return call(guest, path_open, fd, 0, 500, size, 0, 0, 0, 0, 600);
    case CREATE:
        return call(guest, path_open, fd, 1, 500, size, RP_OFLAG_CREAT, 0, 0, 0, 600);
    case STAT:
        return call(guest, path_filestat_get, fd, 1, 500, size, 600);
    case LSTAT:
        return call(guest, path_filestat_get, fd, 0, 500, size, 600);
    case MKDIR:
        return call(guest, path_create_directory, fd, 500, size);
    case RMDIR:
        return call(guest, path_remove_directory, fd, 500, size);
    case UNLINK:
        return call(guest, path_unlink_file, fd, 500, size);
    case READLINK:
        break;
    }
    return call(guest, path_readlink, fd, 500, size, 700, 10, 600);
}

static void make_link(struct guest *guest, const char *target, const char *path)
{
    uint32_t target_size = guest_text(guest, 500, target);
    uint32_t path_size = guest_text(guest, 600, path);
    assert_int_equal(call(guest, path_symlink, 500, target_size, 3, 600, path_size), SUCCESS);
}

static void paths_are_walked_as_posix_has_them(void **state)
{
    (void)state;
    static struct guest guest;
    for (size_t i = 0; i < RP_ARRAY_COUNT(path_cases); i++) {
        init_world(&guest);
        make_link(&guest, "..", "dir/up");
        make_link(&guest, "loop", "loop");
        make_link(&guest, "dir", "todir");
        uint32_t answer =
            call_path(&guest, path_cases[i].fd, path_cases[i].call, path_cases[i].path);
        if (answer != path_cases[i].expected) {
            fail_msg("case %zu, '%s': %s, not %s", i, path_cases[i].path,
                     rp_wasi_errno_names[answer], rp_wasi_errno_names[path_cases[i].expected]);
        }
        guest_deinit(&guest);
    }
}

static void absolute_and_relative_sleeps_end_on_every_clock(void **state)
{
    (void)state;
    static struct guest guest;
    for (uint32_t clock = 0; clock <= RP_CLOCK_THREAD_CPUTIME; clock++) {
        for (unsigned absolute = 0; absolute < 2; absolute++) {
            init_world(&guest);
            guest.now_ns += 40; /* spent, not slept */
            assert_int_equal(call(&guest, clock_time_get, clock, 0, 2000), SUCCESS);
            uint64_t from = guest_u64(&guest, 2000);
            guest_subscribe(&guest, 0, RP_EVENTTYPE_CLOCK, clock, absolute != 0 ? from + 25 : 25,
                            absolute != 0 ? RP_SUBCLOCKFLAG_ABSTIME : 0);
            assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 1, 2000), SUCCESS);
            assert_int_equal(guest_u32(&guest, 2000), 1);
            assert_int_equal(call(&guest, clock_time_get, clock, 0, 2000), SUCCESS);
            assert_int_equal(guest_u64(&guest, 2000), from + 25);
            assert_int_equal(guest.wasi->slept_ns, clock > RP_CLOCK_MONOTONIC ? 0 : 25);
            guest_deinit(&guest);
        }
    }
}

static void clocks_and_descriptors_are_polled_together(void **state)
{
    (void)state;
    static struct guest guest;
    init_world(&guest);
    guest_subscribe(&guest, 0, RP_EVENTTYPE_CLOCK, RP_CLOCK_MONOTONIC, 0, 0);
    guest_subscribe(&guest, 1, RP_EVENTTYPE_FD_READ, 0, 0, 0);
    guest_subscribe(&guest, 2, RP_EVENTTYPE_CLOCK, RP_CLOCK_REALTIME, 90, 0);
    guest_subscribe(&guest, 3, RP_EVENTTYPE_CLOCK, RP_CLOCK_THREAD_CPUTIME, 60, 0);
    guest_subscribe(&guest, 4, RP_EVENTTYPE_CLOCK, RP_CLOCK_MONOTONIC, 60, 0);
    assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 5, 2000), SUCCESS);
    assert_int_equal(guest_u32(&guest, 2000), 2); /* input is always ready, and time 0 is over */
    assert_int_equal(guest_u64(&guest, 1000), 1000);
    assert_int_equal(guest_u64(&guest, 1032), 1001);
    assert_int_equal(guest.now_ns, GUEST_TIME_NS);
    assert_int_equal(call(&guest, poll_oneoff, 96, 1000, 3, 2000), SUCCESS);
    assert_int_equal(guest_u32(&guest, 2000), 2); /* both that end at 60 */
    assert_int_equal(guest_u64(&guest, 1000), 1003);
    assert_int_equal(guest_u64(&guest, 1032), 1004);
    assert_int_equal(guest.now_ns, GUEST_TIME_NS + 60);
    assert_int_equal(guest.wasi->slept_ns, 0); /* waiting for processor time spends it */
    guest_subscribe(&guest, 0, RP_EVENTTYPE_CLOCK, 4, 0, 0);
    assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 1, 2000), SUCCESS);
    assert_int_equal(rp_get_u16(guest.memory + 1008), INVAL);
    guest_deinit(&guest);
}

static void exit_codes_from_0_to_255_and_above_pass(void **state)
{
    (void)state;
    static struct guest guest;
    init_world(&guest);
    for (uint32_t code = 0; code <= 256; code++) {
        assert_int_equal(call(&guest, proc_exit, code), RP_WASI_EXITS);
        assert_int_equal(guest.exit_code, code);
    }
    assert_int_equal(call(&guest, proc_exit, UINT32_MAX), RP_WASI_EXITS);
    assert_int_equal(guest.exit_code, UINT32_MAX);
    guest_deinit(&guest);
}

/* The specification's actions, from `none` on: T terminates, I is ignored, S stops, - is none. */
static void signals_do_what_the_specification_says(void **state)
{
    (void)state;
    static const char actions[] = "-TTTTTTTTTTTTITTIISSSSITTTTITTT-";
    static struct guest guest;
    init_world(&guest);
    for (uint32_t signal = 0; signal < sizeof actions - 1; signal++) {
        uint32_t answer = call(&guest, proc_raise, signal);
        switch (actions[signal]) {
        case 'T':
            assert_int_equal(answer, RP_WASI_EXITS);
            assert_int_equal(guest.exit_code, 128 + signal);
            break;
        case 'I':
            assert_int_equal(answer, SUCCESS);
            break;
        case 'S':
            assert_int_equal(answer, RP_WASI_ERRNO_NOTSUP);
            break;
        default:
            assert_int_equal(answer, INVAL);
            break;
        }
    }
    assert_int_equal(call(&guest, proc_raise, UINT32_MAX), INVAL);
    assert_int_equal(call(&guest, sched_yield, 0), SUCCESS);
    guest_deinit(&guest);
}

static void sockets_are_nowhere(void **state)
{
    (void)state;
    static const struct {
        uint32_t fd;
        uint32_t expected;
    } cases[] = {{0, NOTSOCK},       {1, NOTSOCK},      {3, NOTSOCK},
                 {FILE_FD, NOTSOCK}, {DIR_FD, NOTSOCK}, {77, RP_WASI_ERRNO_BADF}};
    static struct guest guest;
    init_world(&guest);
    uint64_t before = guest_digest(&guest);
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        assert_int_equal(call(&guest, sock_accept, cases[i].fd, 0, 200), cases[i].expected);
        assert_int_equal(call(&guest, sock_recv, cases[i].fd, 0, 1, 0, 200, 204),
                         cases[i].expected);
        assert_int_equal(call(&guest, sock_send, cases[i].fd, 0, 1, 0, 200), cases[i].expected);
        assert_int_equal(call(&guest, sock_shutdown, cases[i].fd, 1), cases[i].expected);
    }
    assert_int_equal(guest_digest(&guest), before);
    guest_deinit(&guest);
}

static void preopens_are_closed_and_renumbered_like_others(void **state)
{
    (void)state;
    static struct guest guest;
    init_world(&guest);
    assert_int_equal(call(&guest, fd_renumber, 3, 77), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_renumber, 77, 3), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_renumber, 3, 3), SUCCESS);
    assert_int_equal(call(&guest, fd_renumber, 3, DIR_FD), SUCCESS);
    assert_int_equal(call(&guest, fd_prestat_get, 3, 200), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_prestat_get, DIR_FD, 200), SUCCESS); /* moves with it */
    assert_int_equal(call(&guest, fd_renumber, FILE_FD, DIR_FD), SUCCESS);
    assert_int_equal(call(&guest, fd_prestat_get, DIR_FD, 200), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_tell, DIR_FD, 200), SUCCESS);
    assert_int_equal(call(&guest, fd_close, DIR_FD), SUCCESS);
    assert_int_equal(call(&guest, fd_close, 0), SUCCESS);
    assert_int_equal(call(&guest, fd_read, 0, 0, 1, 200), RP_WASI_ERRNO_BADF);
    guest_deinit(&guest);
}

static void flags_of_descriptors_are_kept_and_told(void **state)
{
    (void)state;
    static const uint32_t fds[] = {0, 1, 3, FILE_FD};
    static struct guest guest;
    init_world(&guest);
    for (size_t i = 0; i < RP_ARRAY_COUNT(fds); i++) {
        for (uint32_t flags = 0; flags <= RP_FDFLAGS_ALL; flags++) {
            assert_int_equal(call(&guest, fd_fdstat_set_flags, fds[i], flags), SUCCESS);
            assert_int_equal(call(&guest, fd_fdstat_get, fds[i], 200), SUCCESS);
            assert_int_equal(rp_get_u16(guest.memory + 202), flags);
        }
        assert_int_equal(call(&guest, fd_fdstat_set_flags, fds[i], RP_FDFLAGS_ALL + 1), INVAL);
        assert_int_equal(call(&guest, fd_fdstat_set_flags, fds[i], 0x10000), INVAL);
    }
    assert_int_equal(call(&guest, fd_fdstat_set_flags, FILE_FD, RP_FDFLAG_APPEND), SUCCESS);
    assert_int_equal(call(&guest, fd_pwrite, FILE_FD, 0, 1, 0, 200), SUCCESS); /* as Linux has it */
    assert_int_equal(call(&guest, fd_filestat_get, FILE_FD, 200), SUCCESS);
    assert_int_equal(guest_u64(&guest, 232), 14);
    guest_deinit(&guest);
}

static void advice_and_allocation_answer_by_kind(void **state)
{
    (void)state;
    static struct guest guest;
    init_world(&guest);
    for (uint32_t advice = 0; advice <= RP_ADVICE_MAX; advice++) {
        assert_int_equal(call(&guest, fd_advise, FILE_FD, 0, 0, advice), SUCCESS);
    }
    assert_int_equal(call(&guest, fd_advise, FILE_FD, 0, 0, RP_ADVICE_MAX + 1), INVAL);
    assert_int_equal(call(&guest, fd_advise, FILE_FD, UINT64_MAX, 0, 0), INVAL);
    assert_int_equal(call(&guest, fd_advise, FILE_FD, 0, UINT64_MAX, 0), INVAL);
    assert_int_equal(call(&guest, fd_advise, DIR_FD, 0, 0, 0), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_advise, 1, 0, 0, 0), RP_WASI_ERRNO_SPIPE);
    assert_int_equal(call(&guest, fd_advise, 77, 0, 0, 0), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_allocate, DIR_FD, 0, 1), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_allocate, 1, 0, 1), RP_WASI_ERRNO_SPIPE);
    assert_int_equal(call(&guest, fd_allocate, 77, 0, 1), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_allocate, FILE_FD, 20, 5), SUCCESS);
    assert_int_equal(call(&guest, fd_filestat_get, FILE_FD, 200), SUCCESS);
    assert_int_equal(guest_u64(&guest, 232), 25);
    assert_int_equal(call(&guest, fd_filestat_set_size, DIR_FD, 1), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_filestat_set_size, 1, 1), INVAL);
    assert_int_equal(call(&guest, fd_sync, 1), INVAL);
    assert_int_equal(call(&guest, fd_datasync, 77), RP_WASI_ERRNO_BADF);
    assert_int_equal(call(&guest, fd_datasync, DIR_FD), SUCCESS);
    guest_deinit(&guest);
}

static void times_keep_their_nanoseconds(void **state)
{
    (void)state;
    static const uint64_t atim = UINT64_C(1234567890123456789);
    static const uint64_t mtim = UINT64_C(987654321987654321);
    static struct guest guest;
    init_world(&guest);
    uint32_t both = RP_FSTFLAG_ATIM | RP_FSTFLAG_MTIM;
    for (uint32_t follow = 0; follow < 2; follow++) {
        assert_int_equal(call(&guest, path_filestat_set_times, 3, follow, 120, 4, atim, mtim, both),
                         SUCCESS);
        assert_int_equal(call(&guest, path_filestat_get, 3, follow, 120, 4, 200), SUCCESS);
        assert_int_equal(guest_u64(&guest, 240), atim);
        assert_int_equal(guest_u64(&guest, 248), mtim);
        assert_int_equal(guest_u64(&guest, 256), GUEST_TIME_NS);
    }
    guest.now_ns += 3;
    assert_int_equal(call(&guest, fd_filestat_set_times, DIR_FD, atim, UINT64_MAX,
                          RP_FSTFLAG_ATIM | RP_FSTFLAG_MTIM_NOW),
                     SUCCESS);
    assert_int_equal(call(&guest, fd_filestat_get, DIR_FD, 200), SUCCESS);
    assert_int_equal(guest_u64(&guest, 240), atim);
    assert_int_equal(guest_u64(&guest, 248), GUEST_TIME_NS + 3);
    guest_vector(&guest, 0, 64, 4);
    guest.now_ns += 5;
    assert_int_equal(call(&guest, fd_read, FILE_FD, 0, 1, 300), SUCCESS);
    assert_int_equal(call(&guest, fd_filestat_get, FILE_FD, 200), SUCCESS);
    assert_int_equal(guest_u64(&guest, 240), atim); /* reading changes nothing */
    static const uint32_t wrong[] = {3, 12, 16};
    for (size_t i = 0; i < RP_ARRAY_COUNT(wrong); i++) {
        assert_int_equal(call(&guest, fd_filestat_set_times, FILE_FD, 0, 0, wrong[i]), INVAL);
        assert_int_equal(call(&guest, path_filestat_set_times, 3, 0, 100, 4, 0, 0, wrong[i]),
                         INVAL);
    }
    assert_int_equal(call(&guest, fd_filestat_set_times, 0, 0, 0, 1), RP_WASI_ERRNO_NOTCAPABLE);
    guest_deinit(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_memory_answers_fault_and_changes_nothing),
        cmocka_unit_test(later_results_lie_over_earlier_ones),
        cmocka_unit_test(listings_fill_buffers_of_every_size),
        cmocka_unit_test(listings_name_the_inodes_of_the_directory_and_its_parent),
        cmocka_unit_test(a_tree_is_removed_while_it_is_listed),
        cmocka_unit_test(paths_are_walked_as_posix_has_them),
        cmocka_unit_test(absolute_and_relative_sleeps_end_on_every_clock),
        cmocka_unit_test(clocks_and_descriptors_are_polled_together),
        cmocka_unit_test(exit_codes_from_0_to_255_and_above_pass),
        cmocka_unit_test(signals_do_what_the_specification_says),
        cmocka_unit_test(sockets_are_nowhere),
        cmocka_unit_test(preopens_are_closed_and_renumbered_like_others),
        cmocka_unit_test(flags_of_descriptors_are_kept_and_told),
        cmocka_unit_test(advice_and_allocation_answer_by_kind),
        cmocka_unit_test(times_keep_their_nanoseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
