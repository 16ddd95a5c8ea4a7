/* Tests of core/report.c. */
#include "core/reader.h"
#include "core/report.h"
#include "tests/support/unit.h"

static void first_failure_wins(void **state)
{
    (void)state;
    rp_report report = {0};
    assert_int_equal(rp_report_fail_at(&report, RP_ERROR_INVALID, 17, "first %d", 1),
                     RP_ERROR_INVALID);
    assert_int_equal(rp_report_fail(&report, RP_ERROR_LIMIT, "second"), RP_ERROR_LIMIT);
    assert_int_equal(rp_report_fail_at(&report, RP_ERROR_IO, 5, "third"), RP_ERROR_IO);
    assert_int_equal(report.status, RP_ERROR_INVALID);
    assert_true(report.has_offset);
    assert_int_equal(report.offset, 17);
    assert_string_equal(report.text, "first 1");
}

static void failure_without_offset_has_none(void **state)
{
    (void)state;
    rp_report report = {0};
    rp_report_fail(&report, RP_ERROR_LIMIT, "no place");
    assert_false(report.has_offset);
}

static void null_report_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(rp_report_fail(NULL, RP_ERROR_STATE, "%d", 1), RP_ERROR_STATE);
    assert_int_equal(rp_report_fail_at(NULL, RP_ERROR_STATE, 1, "%d", 1), RP_ERROR_STATE);
}

static void long_text_is_cut_between_characters(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    for (size_t c = 0; c < RP_ARRAY_COUNT(characters); c++) {
        for (size_t lead = 0; lead < 5; lead++) {
            char text[2048] = "";
            memset(text, 'a', lead);
            text[lead] = '\0';
            while (strlen(text) < 1000) {
                strcat(text, characters[c]);
            }
            rp_report report = {0};
            rp_report_fail(&report, RP_ERROR_LIMIT, "%s", text);
            size_t size = strlen(report.text);
            assert_true(size < sizeof report.text);
            assert_true(size + 4 >= sizeof report.text);
            assert_true(rp_utf8_valid((const uint8_t *)report.text, size));
            assert_memory_equal(report.text, text, size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_failure_wins),
        cmocka_unit_test(failure_without_offset_has_none),
        cmocka_unit_test(null_report_is_allowed),
        cmocka_unit_test(long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
