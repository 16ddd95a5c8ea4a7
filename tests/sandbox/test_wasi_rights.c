/* Tests of rights: which each function needs (the specification's `rights`), what path_open gives,
 * what fd_fdstat_set_rights takes away. */
#include "tests/sandbox/guest.h"

#define FILE_FD 4 /* "file", 10 bytes */
#define DIR_FD 5  /* "dir", empty */
#define NOTCAPABLE RP_WASI_ERRNO_NOTCAPABLE
#define BADF RP_WASI_ERRNO_BADF

/* Memory: 0 a vector of 4 bytes at 64; 100 "file", 110 "new", 120 "link", 130 "gone", 200 results.
 */
static void init_world(struct guest *guest)
{
    guest_init_plain(guest);
    assert_int_equal(rp_wasi_write_file(guest->wasi, "/file", "0123456789", 10, NULL), RP_OK);
    assert_int_equal(guest_open(guest, "file", 0), FILE_FD);
    guest_text(guest, 100, "dir");
    assert_int_equal(call(guest, path_create_directory, 3, 100, 3), SUCCESS);
    assert_int_equal(guest_open(guest, "dir", RP_OFLAG_DIRECTORY), DIR_FD);
    guest_text(guest, 120, "link");
    guest_text(guest, 100, "file");
    assert_int_equal(call(guest, path_symlink, 100, 4, 3, 120, 4), SUCCESS);
    guest_text(guest, 110, "new");
    guest_text(guest, 130, "gone");
    assert_int_equal(call(guest, path_create_directory, 3, 130, 4), SUCCESS);
    guest_vector(guest, 0, 64, 4);
}

static const struct {
    enum rp_wasi_index index;
    uint32_t fd;
    uint64_t right;
    uint32_t without;
    uint64_t args[RP_WASI_PARAMS_MAX];
} right_cases[] = {
#define CASE(name, fd, right, without, ...)                  \
    {                                                        \
        RP_WASI_INDEX_##name, fd, RP_RIGHT_##right, without, \
        {                                                    \
            __VA_ARGS__                                      \
        }                                                    \
    }
    CASE(fd_datasync, FILE_FD, FD_DATASYNC, NOTCAPABLE, 4),
    CASE(fd_sync, FILE_FD, FD_SYNC, NOTCAPABLE, 4),
    CASE(fd_sync, DIR_FD, FD_SYNC, NOTCAPABLE, 5),
    CASE(fd_read, FILE_FD, FD_READ, BADF, 4, 0, 1, 200),
    CASE(fd_pread, FILE_FD, FD_READ, BADF, 4, 0, 1, 0, 200),
    CASE(fd_pread, FILE_FD, FD_SEEK, NOTCAPABLE, 4, 0, 1, 0, 200),
    CASE(fd_write, FILE_FD, FD_WRITE, BADF, 4, 0, 1, 200),
    CASE(fd_pwrite, FILE_FD, FD_WRITE, BADF, 4, 0, 1, 0, 200),
    CASE(fd_pwrite, FILE_FD, FD_SEEK, NOTCAPABLE, 4, 0, 1, 0, 200),
    CASE(fd_seek, FILE_FD, FD_SEEK, NOTCAPABLE, 4, 1, 0, 200),
    CASE(fd_fdstat_set_flags, FILE_FD, FD_FDSTAT_SET_FLAGS, NOTCAPABLE, 4, 1),
    CASE(fd_fdstat_set_flags, 1, FD_FDSTAT_SET_FLAGS, NOTCAPABLE, 1, 1),
    CASE(fd_advise, FILE_FD, FD_ADVISE, NOTCAPABLE, 4, 0, 0, 0),
    CASE(fd_allocate, FILE_FD, FD_ALLOCATE, NOTCAPABLE, 4, 0, 9),
    CASE(fd_filestat_get, FILE_FD, FD_FILESTAT_GET, NOTCAPABLE, 4, 200),
    CASE(fd_filestat_get, 1, FD_FILESTAT_GET, NOTCAPABLE, 1, 200),
    CASE(fd_filestat_set_size, FILE_FD, FD_FILESTAT_SET_SIZE, NOTCAPABLE, 4, 5),
    CASE(fd_filestat_set_times, FILE_FD, FD_FILESTAT_SET_TIMES, NOTCAPABLE, 4, 1, 1, 5),
    CASE(fd_readdir, 3, FD_READDIR, NOTCAPABLE, 3, 300, 100, 0, 200),
    CASE(path_create_directory, 3, PATH_CREATE_DIRECTORY, NOTCAPABLE, 3, 110, 3),
    CASE(path_filestat_get, 3, PATH_FILESTAT_GET, NOTCAPABLE, 3, 0, 100, 4, 200),
    CASE(path_filestat_set_times, 3, PATH_FILESTAT_SET_TIMES, NOTCAPABLE, 3, 0, 100, 4, 1, 1, 5),
    CASE(path_link, 3, PATH_LINK_SOURCE, NOTCAPABLE, 3, 0, 100, 4, 5, 110, 3),
    CASE(path_link, DIR_FD, PATH_LINK_TARGET, NOTCAPABLE, 3, 0, 100, 4, 5, 110, 3),
    CASE(path_open, 3, PATH_OPEN, NOTCAPABLE, 3, 0, 100, 4, 0, 0, 0, 0, 200),
    CASE(path_open, 3, PATH_CREATE_FILE, NOTCAPABLE, 3, 0, 110, 3, RP_OFLAG_CREAT, 0, 0, 0, 200),
    CASE(path_open, 3, PATH_FILESTAT_SET_SIZE, NOTCAPABLE, 3, 0, 100, 4, RP_OFLAG_TRUNC, 0, 0, 0,
         200),
    CASE(path_readlink, 3, PATH_READLINK, NOTCAPABLE, 3, 120, 4, 300, 10, 200),
    CASE(path_remove_directory, 3, PATH_REMOVE_DIRECTORY, NOTCAPABLE, 3, 130, 4),
    CASE(path_rename, 3, PATH_RENAME_SOURCE, NOTCAPABLE, 3, 100, 4, 5, 110, 3),
    CASE(path_rename, DIR_FD, PATH_RENAME_TARGET, NOTCAPABLE, 3, 100, 4, 5, 110, 3),
    CASE(path_symlink, 3, PATH_SYMLINK, NOTCAPABLE, 100, 4, 3, 110, 3),
    CASE(path_unlink_file, 3, PATH_UNLINK_FILE, NOTCAPABLE, 3, 100, 4),
#undef CASE
};

static void each_function_needs_its_right(void **state)
{
    (void)state;
    static struct guest guest;
    for (size_t i = 0; i < RP_ARRAY_COUNT(right_cases); i++) {
        init_world(&guest);
        uint32_t fd = right_cases[i].fd;
        const char *name = rp_wasi_functions[right_cases[i].index].name;
        assert_int_equal(call(&guest, fd_fdstat_get, fd, 400), SUCCESS);
        uint64_t all = guest_u64(&guest, 408);
        uint64_t inheriting = guest_u64(&guest, 416);
        if ((all & right_cases[i].right) == 0) {
            fail_msg("case %zu: %s: the right is not there", i, name);
        }
        assert_int_equal(
            call(&guest, fd_fdstat_set_rights, fd, all & ~right_cases[i].right, inheriting),
            SUCCESS);
        uint64_t before = guest_digest(&guest);
        uint32_t answer = call_args(&guest, right_cases[i].index, right_cases[i].args);
        if (answer != right_cases[i].without || guest_digest(&guest) != before) {
            fail_msg("case %zu: %s without its right answers %s", i, name,
                     rp_wasi_errno_names[answer]);
        }
        guest_deinit(&guest);
        init_world(&guest);
        answer = call_args(&guest, right_cases[i].index, right_cases[i].args);
        if (answer != SUCCESS) {
            fail_msg("case %zu: %s with its right answers %s", i, name,
                     rp_wasi_errno_names[answer]);
        }
        guest_deinit(&guest);
    }
}

static const struct {
    uint32_t fdflags;
    uint64_t passed; /* of the two rights to synchronise */
    uint32_t expected;
} sync_cases[] = {
    {RP_FDFLAG_DSYNC, RP_RIGHT_FD_DATASYNC, SUCCESS},
    {RP_FDFLAG_DSYNC, RP_RIGHT_FD_SYNC, SUCCESS},
    {RP_FDFLAG_DSYNC, 0, NOTCAPABLE},
    {RP_FDFLAG_SYNC, RP_RIGHT_FD_SYNC, SUCCESS},
    {RP_FDFLAG_SYNC, RP_RIGHT_FD_DATASYNC, NOTCAPABLE},
    {RP_FDFLAG_RSYNC, RP_RIGHT_FD_SYNC, SUCCESS},
    {RP_FDFLAG_RSYNC, RP_RIGHT_FD_DATASYNC, NOTCAPABLE},
    {RP_FDFLAG_APPEND | RP_FDFLAG_NONBLOCK, 0, SUCCESS},
};

static void synchronised_opening_needs_the_rights_to_synchronise(void **state)
{
    (void)state;
    static struct guest guest;
    uint64_t both = RP_RIGHT_FD_DATASYNC | RP_RIGHT_FD_SYNC;
    for (size_t i = 0; i < RP_ARRAY_COUNT(sync_cases); i++) {
        init_world(&guest);
        assert_int_equal(call(&guest, fd_fdstat_set_rights, 3, RP_RIGHTS_DIRECTORY,
                              (ALL_RIGHTS & ~both) | sync_cases[i].passed),
                         SUCCESS);
        assert_int_equal(call(&guest, path_open, 3, 0, 100, 4, 0, RP_RIGHT_FD_READ, 0,
                              sync_cases[i].fdflags, 200),
                         sync_cases[i].expected);
        guest_deinit(&guest);
    }
}

/* Fewer rights than asked for only if they do not apply to what is opened. */
static void opening_gives_the_rights_that_apply(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        uint64_t base;
        uint64_t inheriting;
    } cases[] = {
        {"file", RP_RIGHTS_FILE, 0},
        {"dir", RP_RIGHTS_DIRECTORY, RP_RIGHTS_INHERITED},
    };
    static struct guest guest;
    init_world(&guest);
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        uint64_t asked = i == 0 ? UINT64_MAX : UINT64_MAX & ~RP_RIGHT_FD_WRITE;
        uint32_t size = guest_text(&guest, 500, cases[i].path);
        assert_int_equal(call(&guest, path_open, 3, 0, 500, size, 0, asked, UINT64_MAX, 0, 200),
                         SUCCESS);
        assert_int_equal(call(&guest, fd_fdstat_get, guest_u32(&guest, 200), 400), SUCCESS);
        assert_int_equal(guest_u64(&guest, 408), cases[i].base);
        assert_int_equal(guest_u64(&guest, 416), cases[i].inheriting);
    }
    guest_deinit(&guest);
}

static void what_a_directory_does_not_pass_on_cannot_be_asked_for(void **state)
{
    (void)state;
    static struct guest guest;
    init_world(&guest);
    assert_int_equal(call(&guest, fd_fdstat_set_rights, DIR_FD, RP_RIGHTS_DIRECTORY,
                          ALL_RIGHTS & ~RP_RIGHT_FD_WRITE),
                     SUCCESS);
    uint32_t fd = UINT32_MAX;
    uint64_t before = guest_digest(&guest);
    assert_int_equal(
        call(&guest, path_open, DIR_FD, 0, 100, 4, RP_OFLAG_CREAT, RP_RIGHT_FD_WRITE, 0, 0, 200),
        NOTCAPABLE);
    assert_int_equal(
        call(&guest, path_open, DIR_FD, 0, 100, 4, RP_OFLAG_CREAT, 0, RP_RIGHT_FD_WRITE, 0, 200),
        NOTCAPABLE);
    assert_int_equal(guest_digest(&guest), before);
    assert_int_equal(
        guest_open_rights(&guest, 3, "dir", RP_OFLAG_DIRECTORY, RP_RIGHTS_DIRECTORY, &fd), SUCCESS);
    assert_int_equal(
        call(&guest, path_open, DIR_FD, 0, 100, 4, RP_OFLAG_CREAT, RP_RIGHT_FD_READ, 0, 0, 200),
        SUCCESS);
    guest_deinit(&guest);
}

static void rights_are_given_up_never_taken_back(void **state)
{
    (void)state;
    static struct guest guest;
    init_world(&guest);
    uint64_t before = guest_digest(&guest);
    assert_int_equal(call(&guest, fd_fdstat_set_rights, FILE_FD, UINT64_MAX, 0), NOTCAPABLE);
    assert_int_equal(call(&guest, fd_fdstat_set_rights, FILE_FD, 0, 1), NOTCAPABLE);
    assert_int_equal(call(&guest, fd_fdstat_set_rights, 99, 0, 0), BADF);
    assert_int_equal(guest_digest(&guest), before);
    assert_int_equal(call(&guest, fd_fdstat_set_rights, FILE_FD, RP_RIGHT_FD_READ, 0), SUCCESS);
    assert_int_equal(call(&guest, fd_fdstat_set_rights, FILE_FD, RP_RIGHT_FD_WRITE, 0), NOTCAPABLE);
    assert_int_equal(call(&guest, fd_fdstat_set_rights, FILE_FD, 0, 0), SUCCESS);
    assert_int_equal(call(&guest, fd_fdstat_set_rights, FILE_FD, RP_RIGHT_FD_READ, 0), NOTCAPABLE);
    assert_int_equal(call(&guest, fd_read, FILE_FD, 0, 1, 200), BADF);
    assert_int_equal(call(&guest, fd_close, FILE_FD), SUCCESS); /* needs none */
    guest_deinit(&guest);
}

static void polling_needs_its_rights_and_says_so_in_the_event(void **state)
{
    (void)state;
    static const struct {
        uint32_t fd;
        uint64_t dropped;
        uint8_t type;
        uint32_t expected;
    } cases[] = {
        {FILE_FD, 0, RP_EVENTTYPE_FD_READ, SUCCESS},
        {FILE_FD, RP_RIGHT_FD_READ, RP_EVENTTYPE_FD_READ, BADF},
        {FILE_FD, RP_RIGHT_FD_READ, RP_EVENTTYPE_FD_WRITE, SUCCESS},
        {FILE_FD, RP_RIGHT_POLL_FD_READWRITE, RP_EVENTTYPE_FD_READ, NOTCAPABLE},
        {FILE_FD, RP_RIGHT_POLL_FD_READWRITE, RP_EVENTTYPE_FD_WRITE, NOTCAPABLE},
        {DIR_FD, 0, RP_EVENTTYPE_FD_READ, BADF},
        {0, 0, RP_EVENTTYPE_FD_READ, SUCCESS},
        {0, 0, RP_EVENTTYPE_FD_WRITE, BADF},
        {2, 0, RP_EVENTTYPE_FD_WRITE, SUCCESS},
        {2, RP_RIGHT_POLL_FD_READWRITE, RP_EVENTTYPE_FD_WRITE, NOTCAPABLE},
        {99, 0, RP_EVENTTYPE_FD_WRITE, BADF},
    };
    static struct guest guest;
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        init_world(&guest);
        if (cases[i].dropped != 0) {
            assert_int_equal(call(&guest, fd_fdstat_get, cases[i].fd, 400), SUCCESS);
            assert_int_equal(call(&guest, fd_fdstat_set_rights, cases[i].fd,
                                  guest_u64(&guest, 408) & ~cases[i].dropped, 0),
                             SUCCESS);
        }
        guest_subscribe(&guest, 0, cases[i].type, cases[i].fd, 0, 0);
        assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 1, 2000), SUCCESS);
        assert_int_equal(guest_u32(&guest, 2000), 1);
        assert_int_equal(rp_get_u16(guest.memory + 1008), cases[i].expected);
        guest_deinit(&guest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_function_needs_its_right),
        cmocka_unit_test(synchronised_opening_needs_the_rights_to_synchronise),
        cmocka_unit_test(opening_gives_the_rights_that_apply),
        cmocka_unit_test(what_a_directory_does_not_pass_on_cannot_be_asked_for),
        cmocka_unit_test(rights_are_given_up_never_taken_back),
        cmocka_unit_test(polling_needs_its_rights_and_says_so_in_the_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
