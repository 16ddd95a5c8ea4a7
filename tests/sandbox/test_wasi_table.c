/* Tests of the table of WASI functions: rows, prices, the document, and that refused calls
 * change nothing. */
#include "tests/sandbox/guest.h"

#include <stdio.h>
#include <stdlib.h>

static void rows_agree_with_themselves(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RP_WASI_FUNCTION_COUNT; i++) {
        const struct rp_wasi_function *row = &rp_wasi_functions[i];
        size_t count = strlen(row->params);
        assert_true(count <= RP_WASI_PARAMS_MAX);
        assert_int_equal(strspn(row->params, "iI"), count);
        assert_int_equal(row->lengths >> count, 0);
        assert_int_equal(row->lengths != 0, row->offer == RP_OFFER_LENGTHS);
        for (unsigned k = 0; k < i; k++) {
            assert_string_not_equal(row->name, rp_wasi_functions[k].name);
        }
    }
    assert_int_equal(RP_WASI_FUNCTION_COUNT, 46);
}

static void error_numbers_are_the_specifications(void **state)
{
    (void)state;
    assert_int_equal(RP_WASI_ERRNO_BADF, 8);
    assert_int_equal(RP_WASI_ERRNO_EXIST, 20);
    assert_int_equal(RP_WASI_ERRNO_INVAL, 28);
    assert_int_equal(RP_WASI_ERRNO_NOENT, 44);
    assert_int_equal(RP_WASI_ERRNO_NOTDIR, 54);
    assert_int_equal(RP_WASI_ERRNO_NOTSOCK, 57);
    assert_int_equal(RP_WASI_ERRNO_PERM, 63);
    assert_int_equal(RP_WASI_ERRNO_SPIPE, 70);
    assert_int_equal(RP_WASI_ERRNO_NOTCAPABLE, 76);
    assert_int_equal(RP_WASI_ERRNO_COUNT, 77);
}

/* Every function stands in docs/wasi.md as `name`. */
static void the_document_lists_every_function(void **state)
{
    (void)state;
    const char *source = getenv("REPRISE_SOURCE_DIR");
    if (source == NULL) {
        skip();
    }
    char path[4096];
    static char text[262144];
    (void)snprintf(path, sizeof path, "%s/docs/wasi.md", source);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    for (unsigned i = 0; i < RP_WASI_FUNCTION_COUNT; i++) {
        char word[64];
        (void)snprintf(word, sizeof word, "`%s`", rp_wasi_functions[i].name);
        if (strstr(text, word) == NULL) {
            fail_msg("docs/wasi.md does not list %s", word);
        }
    }
}

static uint64_t offered(struct guest *guest, enum rp_wasi_index index, const uint64_t *args)
{
    struct rp_wasi_call request = {
        .wasi = guest->wasi, .memory = guest->memory, .memory_size = GUEST_BYTES, .args = args};
    return rp_wasi_offered_bytes(&rp_wasi_functions[index], &request);
}

#define offer(name, ...) \
    offered(&guest, RP_WASI_INDEX_##name, (const uint64_t[RP_WASI_PARAMS_MAX]){__VA_ARGS__})

static void bytes_are_priced_as_they_are_offered(void **state)
{
    (void)state;
    static struct guest guest;
    guest_init_plain(&guest);
    guest_vector(&guest, 100, 0, 1000);
    guest_vector(&guest, 108, 0, UINT32_MAX);
    assert_int_equal(offer(fd_close, 3), 0);
    assert_int_equal(offer(random_get, 0, 12345), 12345);
    assert_int_equal(offer(random_get, 0, UINT32_MAX), UINT32_MAX);
    assert_int_equal(offer(fd_write, 1, 100, 1, 0), 8 + 1000);
    assert_int_equal(offer(fd_write, 1, 100, 2, 0), 16 + 1000 + UINT64_C(4294967295));
    assert_int_equal(offer(fd_write, 1, GUEST_BYTES - 4, 1, 0), 0);
    assert_int_equal(offer(fd_write, 1, 100, RP_WASI_VECTORS_MAX + 1, 0), 0);
    assert_int_equal(offer(fd_allocate, 3, 0, UINT64_MAX), UINT64_MAX);
    assert_int_equal(offer(path_rename, 3, 0, 7, 3, 0, 9), 16);
    assert_int_equal(offer(poll_oneoff, 0, 0, 3, 0), 3 * 48);
    assert_int_equal(offer(args_get, 0, 0), 0);
    guest_deinit(&guest);
}

/* What a hostile guest would pass: borders of memory, of numbers, and plausible small values. */
static uint64_t pick_number(uint64_t *seed)
{
    static const uint64_t numbers[] = {0,
                                       1,
                                       2,
                                       3,
                                       4,
                                       5,
                                       6,
                                       8,
                                       64,
                                       100,
                                       1024,
                                       4096,
                                       GUEST_BYTES - 64,
                                       GUEST_BYTES - 8,
                                       GUEST_BYTES - 1,
                                       GUEST_BYTES,
                                       GUEST_BYTES + 1,
                                       0x7fffffff,
                                       0x80000000u,
                                       UINT32_MAX - 7,
                                       UINT32_MAX,
                                       INT64_MAX,
                                       (uint64_t)INT64_MAX + 1,
                                       UINT64_MAX};
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return numbers[(*seed >> 33) % RP_ARRAY_COUNT(numbers)];
}

static void make_descriptors(struct guest *guest)
{
    uint32_t fd = guest_open(guest, "file", RP_OFLAG_CREAT);
    assert_int_equal(fd, 4);
    guest_text(guest, 1024, "dir/../file");
    guest_text(guest, 4096, "other");
    assert_int_equal(call(guest, path_create_directory, 3, 1024, 3), SUCCESS);
    assert_int_equal(guest_open(guest, "dir", RP_OFLAG_DIRECTORY), 5);
    uint32_t ends[2];
    assert_int_equal(guest_pipe(guest, 5000, ends), SUCCESS);
    assert_int_equal(ends[0], 6);
    assert_int_equal(rp_wasi_default_tree(guest->wasi, NULL), RP_OK);
    assert_int_equal(guest_open_rights(guest, 3, "dev/full", 0, UINT64_MAX, &fd), SUCCESS);
    assert_int_equal(fd, 8);
    guest_vector(guest, 64, 2048, 100);
    guest_vector(guest, 72, 2100, 100); /* overlaps the one before */
    guest_vector(guest, 100, 3000, 10);
}

/* Whatever is passed: an error number that exists, and if it is one, nothing has changed. */
static void refused_calls_change_nothing(void **state)
{
    (void)state;
    static struct guest guest;
    uint64_t seed = 20261121;
    guest_init_plain(&guest);
    make_descriptors(&guest);
    unsigned refused = 0;
    unsigned done = 0;
    for (unsigned round = 0; round < 40000; round++) {
        unsigned index = round % RP_WASI_FUNCTION_COUNT;
        uint64_t args[RP_WASI_PARAMS_MAX];
        for (unsigned i = 0; i < RP_WASI_PARAMS_MAX; i++) {
            uint64_t number = pick_number(&seed);
            bool wide = i < strlen(rp_wasi_functions[index].params) &&
                        rp_wasi_functions[index].params[i] == 'I';
            args[i] = wide ? number : (uint32_t)number;
        }
        if (index == RP_WASI_INDEX_fd_allocate && args[2] > 1000000) {
            args[2] = UINT64_MAX;
        }
        guest.version = (enum rp_wasi_version)(round / RP_WASI_FUNCTION_COUNT % 2);
        uint64_t before = guest_digest(&guest);
        uint32_t answer = call_args(&guest, index, args);
        if (answer == RP_WASI_EXITS) {
            continue;
        }
        assert_true(answer < RP_WASI_ERRNO_COUNT);
        if (answer == SUCCESS) {
            done++;
            guest_deinit(&guest);
            guest_init_plain(&guest);
            make_descriptors(&guest);
            continue;
        }
        refused++;
        if (guest_digest(&guest) != before) {
            fail_msg("%s answered %s and changed something (round %u)",
                     rp_wasi_functions[index].name, rp_wasi_errno_names[answer], round);
        }
    }
    assert_true(refused > 8000 && done > 700);
    guest_deinit(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_agree_with_themselves),
        cmocka_unit_test(error_numbers_are_the_specifications),
        cmocka_unit_test(the_document_lists_every_function),
        cmocka_unit_test(bytes_are_priced_as_they_are_offered),
        cmocka_unit_test(refused_calls_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
