/* Tests of core/names.c: the lists of statuses and traps are pinned here a second time, on purpose.
 */
#include "core/compiler.h"
#include "reprise/reprise.h"
#include "tests/support/unit.h"

static const char *const status_names[] = {
    "OK",
    "ERROR_NO_MEMORY",
    "ERROR_ARGUMENT",
    "ERROR_STATE",
    "ERROR_MALFORMED",
    "ERROR_INVALID",
    "ERROR_UNSUPPORTED",
    "ERROR_LIMIT",
    "ERROR_IMPORT",
    "ERROR_NOT_FOUND",
    "ERROR_TYPE",
    "ERROR_HOST",
    "ERROR_IO",
    "ERROR_SCHEDULE",
    "ERROR_NOT_SNAPSHOT",
    "ERROR_SNAPSHOT_VERSION",
    "ERROR_SNAPSHOT_TRUNCATED",
    "ERROR_SNAPSHOT_CHECKSUM",
    "ERROR_SNAPSHOT_ENCODING",
    "ERROR_SNAPSHOT_MODULE",
    "ERROR_SNAPSHOT_SCHEDULE",
    "ERROR_SNAPSHOT_SEMANTICS",
    "ERROR_SNAPSHOT_CONFIG",
    "ERROR_SNAPSHOT_HOST",
    "ERROR_SNAPSHOT_STATE",
    "ERROR_SNAPSHOT_OFFSET",
    "ERROR_SNAPSHOT_OPERANDS",
    "ERROR_SNAPSHOT_FRAMES",
    "ERROR_SNAPSHOT_PARENT",
    "ERROR_PINNED",
    "ERROR_EXTERNAL",
    "ERROR_EXISTS",
    "ERROR_POLICY",
};

static const char *const trap_names[] = {
    "none",
    "unreachable",
    "integer_divide_by_zero",
    "integer_overflow",
    "invalid_conversion_to_integer",
    "out_of_bounds_memory_access",
    "out_of_bounds_table_access",
    "undefined_element",
    "uninitialized_element",
    "indirect_call_type_mismatch",
    "call_stack_exhausted",
    "unknown_import",
    "host_trap",
};

static void status_values_are_pinned(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(status_names); i++) {
        assert_string_equal(rp_status_name((rp_status)i), status_names[i]);
        assert_true(strlen(rp_status_text((rp_status)i)) > 0);
    }
}

static void trap_values_are_pinned(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(trap_names); i++) {
        assert_string_equal(rp_trap_name((rp_trap_code)i), trap_names[i]);
        assert_true(strlen(rp_trap_text((rp_trap_code)i)) > 0);
    }
}

/* "unknown import" and "trap raised by a host function" are ours; the other texts are the
 * specification's. */
static void trap_codes_are_their_texts_in_snake_case(void **state)
{
    (void)state;
    for (int value = RP_TRAP_UNREACHABLE; value <= RP_TRAP_STACK_EXHAUSTED; value++) {
        const char *code = rp_trap_name((rp_trap_code)value);
        const char *text = rp_trap_text((rp_trap_code)value);
        size_t size = strlen(text);
        for (size_t i = 0; i < size && code[i] != '\0'; i++) {
            assert_int_equal(code[i], text[i] == ' ' ? '_' : text[i]);
        }
    }
}

static void values_that_are_none_are_unknown(void **state)
{
    (void)state;
    assert_string_equal(rp_status_name((rp_status)RP_ARRAY_COUNT(status_names)), "unknown");
    assert_string_equal(rp_status_text((rp_status)1000), "unknown");
    assert_string_equal(rp_trap_name((rp_trap_code)RP_ARRAY_COUNT(trap_names)), "unknown");
    assert_string_equal(rp_trap_text((rp_trap_code)1000), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_values_are_pinned),
        cmocka_unit_test(trap_values_are_pinned),
        cmocka_unit_test(trap_codes_are_their_texts_in_snake_case),
        cmocka_unit_test(values_that_are_none_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
