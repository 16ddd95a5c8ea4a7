/* Claims about the refusals of a section's reader (tests). */
#include "core/section_reader.h"
#include "tests/support/unit.h"

#include <string.h>

static const uint8_t bytes[] = {0x01, 0xcc, 0x05, 0xcd, 0x01};

static void a_refusal_names_section_byte_and_thing(void **state)
{
    (void)state;
    struct rp_msgpack in;
    rp_report report = {0};
    rp_msgpack_init(&in, bytes, 0, sizeof bytes);
    struct rp_section_reader reader = {
        .in = &in, .section = "vfs", .thing = "inode", .number = 7, .report = &report};
    assert_int_equal(rp_msgpack_uint(&in, UINT64_MAX), 1);
    assert_true(rp_section_read_well(&reader));
    assert_false(rp_section_refuse_state(&reader, "no such thing"));
    assert_int_equal(reader.status, RP_ERROR_SNAPSHOT_STATE);
    assert_string_equal(report.text, "vfs, byte 1, inode 7: no such thing");
    assert_false(rp_section_no_memory(&reader)); /* the first one counts */
    assert_int_equal(reader.status, RP_ERROR_SNAPSHOT_STATE);
    assert_false(rp_section_read_well(&reader));
}

static void what_the_bytes_lack_is_told_apart_from_what_they_say(void **state)
{
    (void)state;
    static const struct {
        size_t offset, size;
        rp_status status;
    } cases[] = {
        {1, 3, RP_ERROR_SNAPSHOT_ENCODING},  /* 5 in two bytes */
        {3, 5, RP_ERROR_SNAPSHOT_TRUNCATED}, /* a byte is missing */
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct rp_msgpack in;
        rp_report report = {0};
        rp_msgpack_init(&in, bytes, cases[i].offset, cases[i].size);
        struct rp_section_reader reader = {.in = &in, .section = "wasi", .report = &report};
        assert_int_equal(rp_msgpack_status(&in), RP_OK);
        (void)rp_msgpack_uint(&in, UINT64_MAX);
        assert_int_equal(rp_msgpack_status(&in), cases[i].status);
        assert_false(rp_section_read_well(&reader));
        assert_int_equal(reader.status, cases[i].status);
        assert_memory_equal(report.text, "wasi, byte ", 11);
        assert_null(strstr(report.text, ", inode"));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_names_section_byte_and_thing),
        cmocka_unit_test(what_the_bytes_lack_is_told_apart_from_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
