/* Tests of the structures in guest memory, byte by byte, for both module names. The bytes are
 * written out from the specification's typenames.witx, not from our tables. */
#include "tests/sandbox/guest.h"

static const char *const version_texts[] = {"wasi_snapshot_preview1", "wasi_unstable"};

static void check_bytes(const struct guest *guest, uint32_t at, const uint8_t *expected,
                        size_t size, const char *what)
{
    for (size_t i = 0; i < size; i++) {
        if (guest->memory[at + i] != expected[i]) {
            fail_msg("%s of %s: byte %zu is %02x, not %02x", what, version_texts[guest->version], i,
                     guest->memory[at + i], expected[i]);
        }
    }
}

#define LE2(value) (value) & 0xff, (value) >> 8
#define LE4(value) (value) & 0xff, (value) >> 8 & 0xff, (value) >> 16 & 0xff, (value) >> 24
#define ZERO4 0, 0, 0, 0
#define SMALL8(value) (value), 0, 0, 0, ZERO4

/* dev 1, inode 2, a file with 3 links of 513 bytes, times 17, 34, and GUEST_TIME_NS (5e9). */
static const uint8_t filestat_preview1[64] = {
    SMALL8(1), SMALL8(2), SMALL8(4), SMALL8(3), LE4(513), ZERO4, SMALL8(17), SMALL8(34),
    0x00,      0xf2,      0x05,      0x2a,      0x01,     0,     0,          0};
static const uint8_t filestat_unstable[56] = {
    SMALL8(1),  SMALL8(2), 4,    0,    0,    0,    LE4(3), LE4(513), ZERO4, SMALL8(17),
    SMALL8(34), 0x00,      0xf2, 0x05, 0x2a, 0x01, 0,      0,        0};

static void filestats_have_64_or_56_bytes(void **state)
{
    (void)state;
    static struct guest guest;
    for (unsigned version = 0; version < RP_WASI_VERSION_COUNT; version++) {
        guest_init_plain(&guest);
        guest.version = (enum rp_wasi_version)version;
        uint32_t fd = guest_open(&guest, "f", RP_OFLAG_CREAT);
        assert_int_equal(call(&guest, fd_filestat_set_size, fd, 513), SUCCESS);
        guest_text(&guest, 100, "fgh");
        assert_int_equal(call(&guest, path_link, 3, 0, 100, 1, 3, 101, 1), SUCCESS);
        assert_int_equal(call(&guest, path_link, 3, 0, 100, 1, 3, 102, 1), SUCCESS);
        assert_int_equal(
            call(&guest, fd_filestat_set_times, fd, 17, 34, RP_FSTFLAG_ATIM | RP_FSTFLAG_MTIM),
            SUCCESS);
        uint8_t expected[66];
        memset(expected, 0xaa, sizeof expected);
        size_t size = version == 0 ? sizeof filestat_preview1 : sizeof filestat_unstable;
        memcpy(expected, version == 0 ? filestat_preview1 : filestat_unstable, size);
        for (unsigned by_path = 0; by_path < 2; by_path++) {
            memset(guest.memory + 1000, 0xaa, 80);
            assert_int_equal(by_path != 0 ? call(&guest, path_filestat_get, 3, 0, 100, 1, 1000)
                                          : call(&guest, fd_filestat_get, fd, 1000),
                             SUCCESS);
            check_bytes(&guest, 1000, expected, sizeof expected, "filestat");
            uint32_t last = (uint32_t)(GUEST_BYTES - size);
            assert_int_equal(call(&guest, fd_filestat_get, fd, last), SUCCESS);
            assert_int_equal(call(&guest, fd_filestat_get, fd, last + 1), RP_WASI_ERRNO_FAULT);
            assert_int_equal(call(&guest, path_filestat_get, 3, 0, 100, 1, last), SUCCESS);
            assert_int_equal(call(&guest, path_filestat_get, 3, 0, 100, 1, last + 1),
                             RP_WASI_ERRNO_FAULT);
        }
        guest_deinit(&guest);
    }
}

/* userdata 0x11, clock, monotonic, timeout 50, precision 7, relative; then userdata 0x22,
 * fd_read of 3 that has no such right. */
static const uint8_t subscriptions_preview1[96] = {
    SMALL8(0x11), SMALL8(0),    LE4(1),    ZERO4,  SMALL8(50), SMALL8(7), LE2(0), 0, 0,
    ZERO4,        SMALL8(0x22), SMALL8(1), LE4(77)};
static const uint8_t subscriptions_unstable[112] = {
    SMALL8(0x11), SMALL8(0),    SMALL8(0x99), LE4(1), ZERO4, SMALL8(50), SMALL8(7), LE2(0), 0, 0,
    ZERO4,        SMALL8(0x22), SMALL8(1),    LE4(77)};

static void subscriptions_have_48_or_56_bytes(void **state)
{
    (void)state;
    static const uint8_t event_clock[32] = {SMALL8(0x11), LE2(0), 0};
    static const uint8_t event_fd[32] = {SMALL8(0x22), LE2(RP_WASI_ERRNO_BADF), 1};
    static struct guest guest;
    for (unsigned version = 0; version < RP_WASI_VERSION_COUNT; version++) {
        guest_init_plain(&guest);
        guest.version = (enum rp_wasi_version)version;
        size_t size = version == 0 ? 48 : 56;
        memcpy(guest.memory, version == 0 ? subscriptions_preview1 : subscriptions_unstable,
               2 * size);
        memset(guest.memory + 1000, 0xaa, 64);
        assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 1, 2000), SUCCESS);
        assert_int_equal(guest.now_ns, GUEST_TIME_NS + 50);
        assert_int_equal(guest_u32(&guest, 2000), 1);
        check_bytes(&guest, 1000, event_clock, sizeof event_clock, "event of a clock");
        assert_int_equal(guest.memory[1032], 0xaa);
        assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 2, 2000), SUCCESS);
        check_bytes(&guest, 1000, event_fd, sizeof event_fd, "event of a descriptor");
        uint32_t last = (uint32_t)(GUEST_BYTES - size);
        memcpy(guest.memory + last, guest.memory, size);
        assert_int_equal(call(&guest, poll_oneoff, last, 1000, 1, 2000), SUCCESS);
        assert_int_equal(call(&guest, poll_oneoff, last, 1000, 2, 2000), RP_WASI_ERRNO_FAULT);
        /* exactly behind one subscription is no overlap */
        assert_int_equal(call(&guest, poll_oneoff, 0, (uint32_t)size, 1, 2000), SUCCESS);
        assert_int_equal(call(&guest, poll_oneoff, 0, (uint32_t)size - 1, 1, 2000),
                         RP_WASI_ERRNO_INVAL);
        guest_deinit(&guest);
    }
}

static void absolute_deadlines_are_read_where_the_version_has_them(void **state)
{
    (void)state;
    static struct guest guest;
    for (unsigned version = 0; version < RP_WASI_VERSION_COUNT; version++) {
        guest_init_plain(&guest);
        guest.version = (enum rp_wasi_version)version;
        size_t flags = version == 0 ? 40 : 48;
        size_t id = version == 0 ? 16 : 24;
        size_t timeout = version == 0 ? 24 : 32;
        memset(guest.memory, 0, 56);
        memset(guest.memory + 16, 0xff, id - 16); /* an identifier that looks like a clock */
        rp_put_u64(guest.memory + timeout, GUEST_TIME_NS + 123);
        guest.memory[flags] = 1;
        assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 1, 2000), SUCCESS);
        assert_int_equal(guest.now_ns, GUEST_TIME_NS + 123);
        guest.memory[flags] = 2;
        assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 1, 2000), RP_WASI_ERRNO_INVAL);
        guest_deinit(&guest);
    }
}

static const struct {
    enum rp_wasi_version version;
    uint32_t whence;
    uint32_t expected;
    uint64_t offset; /* of 2 from an offset of 10 in a file of 100 bytes */
} whence_cases[] = {
    {RP_WASI_PREVIEW1, 0, SUCCESS, 2},
    {RP_WASI_PREVIEW1, 1, SUCCESS, 12},
    {RP_WASI_PREVIEW1, 2, SUCCESS, 102},
    {RP_WASI_PREVIEW1, 3, RP_WASI_ERRNO_INVAL, 0},
    {RP_WASI_UNSTABLE, 0, SUCCESS, 12},
    {RP_WASI_UNSTABLE, 1, SUCCESS, 102},
    {RP_WASI_UNSTABLE, 2, SUCCESS, 2},
    {RP_WASI_UNSTABLE, 3, RP_WASI_ERRNO_INVAL, 0},
    {RP_WASI_UNSTABLE, UINT32_MAX, RP_WASI_ERRNO_INVAL, 0},
};

static void whence_has_the_numbers_of_its_version(void **state)
{
    (void)state;
    static struct guest guest;
    for (size_t i = 0; i < RP_ARRAY_COUNT(whence_cases); i++) {
        guest_init_plain(&guest);
        uint32_t fd = guest_open(&guest, "f", RP_OFLAG_CREAT);
        assert_int_equal(call(&guest, fd_filestat_set_size, fd, 100), SUCCESS);
        assert_int_equal(call(&guest, fd_seek, fd, 10, RP_WHENCE_SET, 8), SUCCESS);
        guest.version = whence_cases[i].version;
        assert_int_equal(call(&guest, fd_seek, fd, 2, whence_cases[i].whence, 16),
                         whence_cases[i].expected);
        assert_int_equal(guest_u64(&guest, 16), whence_cases[i].offset);
        guest_deinit(&guest);
    }
}

/* The right to tell is enough for the whence that tells, whatever its number. */
static void telling_by_seeking_needs_the_right_to_tell(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    uint32_t fd = 0;
    assert_int_equal(guest_open_rights(&guest, 3, "f", RP_OFLAG_CREAT, RP_RIGHT_FD_TELL, &fd),
                     SUCCESS);
    for (unsigned version = 0; version < RP_WASI_VERSION_COUNT; version++) {
        guest.version = (enum rp_wasi_version)version;
        uint32_t current = version == 0 ? 1 : 0;
        assert_int_equal(call(&guest, fd_seek, fd, 0, current, 16), SUCCESS);
        assert_int_equal(call(&guest, fd_seek, fd, 1, current, 16), RP_WASI_ERRNO_NOTCAPABLE);
        assert_int_equal(call(&guest, fd_seek, fd, 0, 2, 16), RP_WASI_ERRNO_NOTCAPABLE);
        assert_int_equal(call(&guest, fd_tell, fd, 16), SUCCESS);
    }
    guest_deinit(&guest);
}

/* An event of a descriptor: 5 bytes to be read, the hangup flag of a pipe without a writer. */
static void events_tell_bytes_and_hangup(void **state)
{
    (void)state;
    static const uint8_t file_event[32] = {LE4(1000), ZERO4,  LE2(0), 1, 0,    ZERO4,
                                           SMALL8(5), LE2(0), 0,      0, ZERO4};
    static const uint8_t pipe_event[32] = {LE4(1001), ZERO4,  LE2(0), 1, 0,    ZERO4,
                                           SMALL8(3), LE2(1), 0,      0, ZERO4};
    static struct guest guest;
    for (unsigned version = 0; version < RP_WASI_VERSION_COUNT; version++) {
        guest_init_plain(&guest);
        guest.version = (enum rp_wasi_version)version;
        uint32_t ends[2];
        assert_int_equal(guest_pipe(&guest, 100, ends), SUCCESS);
        guest_vector(&guest, 500, 600, 3);
        assert_int_equal(call(&guest, fd_write, ends[1], 500, 1, 700), SUCCESS);
        assert_int_equal(call(&guest, fd_close, ends[1]), SUCCESS);
        uint32_t fd = guest_open(&guest, "f", RP_OFLAG_CREAT);
        assert_int_equal(call(&guest, fd_filestat_set_size, fd, 5), SUCCESS);
        guest_subscribe(&guest, 0, RP_EVENTTYPE_FD_READ, fd, 0, 0);
        guest_subscribe(&guest, 1, RP_EVENTTYPE_FD_READ, ends[0], 0, 0);
        memset(guest.memory + 1000, 0xaa, 64);
        assert_int_equal(call(&guest, poll_oneoff, 0, 1000, 2, 2000), SUCCESS);
        check_bytes(&guest, 1000, file_event, sizeof file_event, "event of a file");
        check_bytes(&guest, 1032, pipe_event, sizeof pipe_event, "event of a pipe");
        guest_deinit(&guest);
    }
}

/* What is the same in both: fdstat, prestat, dirent. */
static void the_other_structures_are_the_same(void **state)
{
    (void)state;
    static const uint8_t fdstat[24] = {4, 0, LE2(5), ZERO4, 0x42, 0, 0, 0, ZERO4, SMALL8(0)};
    static const uint8_t prestat[8] = {0, 0, 0, 0, LE4(1)};
    static const uint8_t entries[24 + 1 + 24 + 2 + 24 + 3] = {
        SMALL8(1), SMALL8(1), LE4(1), 3, 0, 0, 0, '.',      /* next, inode, size, type */
        SMALL8(2), SMALL8(1), LE4(2), 3, 0, 0, 0, '.', '.', /* */
        SMALL8(3), SMALL8(2), LE4(3), 4, 0, 0, 0, 'a', 'b', 'c'};
    static struct guest guest;
    for (unsigned version = 0; version < RP_WASI_VERSION_COUNT; version++) {
        guest_init_plain(&guest);
        guest.version = (enum rp_wasi_version)version;
        uint32_t size = guest_text(&guest, 100, "abc");
        assert_int_equal(call(&guest, path_open, 3, 0, 100, size, RP_OFLAG_CREAT,
                              RP_RIGHT_FD_READ | RP_RIGHT_FD_WRITE, 0,
                              RP_FDFLAG_APPEND | RP_FDFLAG_NONBLOCK, 200),
                         SUCCESS);
        memset(guest.memory + 1000, 0xaa, 200);
        assert_int_equal(call(&guest, fd_fdstat_get, 4, 1000), SUCCESS);
        check_bytes(&guest, 1000, fdstat, sizeof fdstat, "fdstat");
        assert_int_equal(guest.memory[1024], 0xaa);
        assert_int_equal(call(&guest, fd_prestat_get, 3, 1000), SUCCESS);
        check_bytes(&guest, 1000, prestat, sizeof prestat, "prestat");
        assert_int_equal(call(&guest, fd_readdir, 3, 1000, 200, 0, 300), SUCCESS);
        assert_int_equal(guest_u32(&guest, 300), sizeof entries);
        check_bytes(&guest, 1000, entries, sizeof entries, "dirents");
        guest_deinit(&guest);
    }
}

static void subscriptions_are_priced_with_their_size(void **state)
{
    (void)state;
    static const uint64_t args[RP_WASI_PARAMS_MAX] = {0, 0, 3, 0};
    const struct rp_wasi_function *row = &rp_wasi_functions[RP_WASI_INDEX_poll_oneoff];
    struct rp_wasi_call request = {.args = args};
    assert_int_equal(rp_wasi_offered_bytes(row, &request), 3 * 48);
    request.version = RP_WASI_UNSTABLE;
    assert_int_equal(rp_wasi_offered_bytes(row, &request), 3 * 56);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filestats_have_64_or_56_bytes),
        cmocka_unit_test(subscriptions_have_48_or_56_bytes),
        cmocka_unit_test(absolute_deadlines_are_read_where_the_version_has_them),
        cmocka_unit_test(whence_has_the_numbers_of_its_version),
        cmocka_unit_test(telling_by_seeking_needs_the_right_to_tell),
        cmocka_unit_test(events_tell_bytes_and_hangup),
        cmocka_unit_test(the_other_structures_are_the_same),
        cmocka_unit_test(subscriptions_are_priced_with_their_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
