/* Tests of the border of a run: all input comes through rp_wasi_bring_input and all output leaves
 * through rp_wasi_take_output (sandbox/wasi_call.h). This program has its own two in their place,
 * so sandbox/wasi_border.c is not linked: nothing may reach the embedder's callbacks any more. */
#include "sandbox/device.h"
#include "tests/sandbox/guest.h"

static unsigned brought;
static unsigned taken;

uint32_t rp_wasi_bring_input(struct rp_wasi_call *call, void *data, size_t size, size_t *out_count)
{
    (void)call;
    brought++;
    memset(data, 'i', size);
    *out_count = size;
    return RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_take_output(struct rp_wasi_call *call, unsigned stream, const void *data,
                             size_t size, size_t *out_count)
{
    (void)call;
    (void)data;
    assert_true(stream == 1 || stream == 2);
    taken++;
    *out_count = size;
    return RP_WASI_ERRNO_SUCCESS;
}

static rp_status read_nothing(void *user, void *data, size_t size, size_t *out_count,
                              rp_report *report)
{
    (void)user;
    (void)data;
    (void)size;
    (void)out_count;
    (void)report;
    fail_msg("input that does not come through the border");
    return RP_ERROR_IO;
}

static rp_status write_nothing(void *user, unsigned stream, const void *data, size_t size,
                               rp_report *report)
{
    (void)user;
    (void)stream;
    (void)data;
    (void)size;
    (void)report;
    fail_msg("output that does not leave through the border");
    return RP_ERROR_IO;
}

#define STREAM_COUNT 8u

/* The standard streams by number and by path, and moved to other numbers. */
static void open_streams(struct guest *guest, enum rp_wasi_version version,
                         uint32_t streams[STREAM_COUNT])
{
    static const char *const paths[] = {"dev/stdin", "dev/stdout", "dev/stderr"};
    rp_wasi_config config;
    guest_config(guest, &config);
    config.read = read_nothing;
    config.write = write_nothing;
    guest->version = version;
    assert_int_equal(rp_wasi_create(&config, &guest->wasi, NULL), RP_OK);
    assert_int_equal(rp_wasi_default_tree(guest->wasi, NULL), RP_OK);
    for (uint32_t i = 0; i < 3; i++) {
        streams[i] = i;
        assert_int_equal(guest_open_rights(guest, 3, paths[i], 0, ALL_RIGHTS, &streams[3 + i]),
                         SUCCESS);
    }
    assert_int_equal(guest_open_rights(guest, 3, paths[0], 0, ALL_RIGHTS, &streams[6]), SUCCESS);
    assert_int_equal(guest_open_rights(guest, 3, paths[1], 0, ALL_RIGHTS, &streams[7]), SUCCESS);
    assert_int_equal(call(guest, fd_renumber, 0, streams[6]), SUCCESS);
    assert_int_equal(call(guest, fd_renumber, 1, streams[7]), SUCCESS);
    streams[0] = streams[3];
    streams[1] = streams[4];
    guest_vector(guest, 0, 1000, 4);
    guest_vector(guest, 8, 1010, 4);
}

/* Every function, by both names, on every stream: reading brings input once, writing takes output
 * once for each vector, nothing else moves anything. */
static void bytes_cross_in_reading_and_writing_alone(void **state)
{
    (void)state;
    static struct guest guest;
    for (unsigned version = 0; version < RP_WASI_VERSION_COUNT; version++) {
        uint32_t streams[STREAM_COUNT];
        open_streams(&guest, (enum rp_wasi_version)version, streams);
        unsigned brought_by[RP_WASI_FUNCTION_COUNT] = {0};
        unsigned taken_by[RP_WASI_FUNCTION_COUNT] = {0};
        for (size_t k = 0; k < STREAM_COUNT * RP_WASI_FUNCTION_COUNT; k++) {
            unsigned index = (unsigned)(k % RP_WASI_FUNCTION_COUNT);
            bool closes = index == RP_WASI_INDEX_fd_close || index == RP_WASI_INDEX_fd_renumber ||
                          index == RP_WASI_INDEX_fd_fdstat_set_rights;
            if (closes || (version == RP_WASI_UNSTABLE && rp_wasi_functions[index].preview1_only)) {
                continue;
            }
            const uint64_t args[RP_WASI_PARAMS_MAX] = {
                streams[k / RP_WASI_FUNCTION_COUNT], 0, 2, 2000, 2000, 2000};
            brought = taken = 0;
            (void)call_args(&guest, (enum rp_wasi_index)index, args);
            brought_by[index] += brought;
            taken_by[index] += taken;
            guest_vector(&guest, 0, 1000, 4);
            guest_vector(&guest, 8, 1010, 4);
        }
        for (unsigned i = 0; i < RP_WASI_FUNCTION_COUNT; i++) {
            /* stdin by path twice and by its new number; five outputs, two vectors each */
            assert_int_equal(brought_by[i], i == RP_WASI_INDEX_fd_read ? 3 : 0);
            assert_int_equal(taken_by[i], i == RP_WASI_INDEX_fd_write ? 10 : 0);
        }
        guest_deinit(&guest);
    }
}

/* What the border brings and takes is what the guest sees. */
static void guests_see_what_the_border_says(void **state)
{
    (void)state;
    static struct guest guest;
    uint32_t streams[STREAM_COUNT];
    open_streams(&guest, RP_WASI_PREVIEW1, streams);
    assert_int_equal(call(&guest, fd_read, streams[3], 0, 2, 2000), SUCCESS);
    assert_int_equal(guest_u32(&guest, 2000), 8);
    assert_memory_equal(guest.memory + 1000, "iiii", 4);
    assert_memory_equal(guest.memory + 1010, "iiii", 4);
    assert_int_equal(call(&guest, fd_write, streams[4], 0, 2, 2000), SUCCESS);
    assert_int_equal(guest_u32(&guest, 2000), 8);
    assert_int_equal(rp_wasi_output_bytes(guest.wasi), 0); /* the border counts, nobody else */
    guest_deinit(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_cross_in_reading_and_writing_alone),
        cmocka_unit_test(guests_see_what_the_border_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
