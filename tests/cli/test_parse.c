/* Claims about cli/parse.c: what is read, what is refused, what is printed. */
#include "cli/parse.h"

#include "core/compiler.h"
#include "tests/support/unit.h"

#include <stdio.h>

static void numbers_are_decimal_or_hexadecimal_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        uint64_t number;
    } cases[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"0x1F", true, 31},
        {"0Xff", true, 255},
        {"18446744073709551615", true, UINT64_MAX},
        {"0xffffffffffffffff", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"0x10000000000000000", false, 0},
        {"99999999999999999999999", false, 0},
        {"", false, 0},
        {"0x", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1_000", false, 0},
        {"0b1", false, 0},
        {"1e3", false, 0},
        {"12a", false, 0},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        uint64_t number = 12345;
        const char *error = rp_parse_number(cases[i].text, &number);
        assert_int_equal(error == NULL, cases[i].ok);
        assert_int_equal(number, cases[i].ok ? cases[i].number : 12345);
    }
}

static void sizes_have_units_of_1024_and_of_1000(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        uint64_t bytes;
    } cases[] = {
        {"65536", true, 65536},
        {"1B", true, 1},
        {"64KiB", true, 65536},
        {"64K", true, 65536},
        {"64kB", true, 64000},
        {"0x10MiB", true, 16u << 20},
        {"4GiB", true, UINT64_C(4) << 30},
        {"4G", true, UINT64_C(4) << 30},
        {"1GB", true, 1000000000},
        {"16777215TiB", true, UINT64_C(16777215) << 40},
        {"16777216TiB", false, 0},
        {"1KB", false, 0},
        {"1 KiB", false, 0},
        {"1kib", false, 0},
        {"1.5GiB", false, 0},
        {"KiB", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        uint64_t bytes = 0;
        assert_int_equal(rp_parse_size(cases[i].text, &bytes) == NULL, cases[i].ok);
        if (cases[i].ok) {
            assert_int_equal(bytes, cases[i].bytes);
        }
    }
}

static void times_are_numbers_or_dates(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        uint64_t ns;
    } cases[] = {
        {"0", true, 0},
        {"18446744073709551615", true, UINT64_MAX},
        {"1970-01-01T00:00:00Z", true, 0},
        {"1970-01-01T00:00:00.000000001Z", true, 1},
        {"1970-01-01t01:00:00+01:00", true, 0},
        {"1970-01-01T00:00:00-00:01", true, UINT64_C(60000000000)},
        {"2000-02-29T12:34:56.5z", true, UINT64_C(951827696500000000)},
        {"2026-01-01T00:00:00Z", true, UINT64_C(1767225600000000000)},
        {"2100-03-01T00:00:00Z", true, UINT64_C(4107542400000000000)},
        {"2554-07-21T23:34:33.709551615Z", true, UINT64_MAX},
        {"1970-01-01T00:00:00.1234567899Z", true, 123456789}, /* finer than the clock: cut */
        {"2554-07-21T23:34:33.709551616Z", false, 0},
        {"1970-01-01T00:00:00+00:01", false, 0},
        {"1969-12-31T23:59:59Z", false, 0},
        {"2100-02-29T00:00:00Z", false, 0},
        {"2026-13-01T00:00:00Z", false, 0},
        {"2026-00-01T00:00:00Z", false, 0},
        {"2026-01-00T00:00:00Z", false, 0},
        {"2026-04-31T00:00:00Z", false, 0},
        {"2026-01-01T24:00:00Z", false, 0},
        {"2026-01-01T00:60:00Z", false, 0},
        {"2026-01-01T00:00:60Z", false, 0},
        {"2026-01-01T00:00:00", false, 0},
        {"2026-01-01T00:00:00.Z", false, 0},
        {"2026-01-01T00:00:00+1:00", false, 0},
        {"2026-01-01T00:00:00Zx", false, 0},
        {"2026-01-01", false, 0},
        {"2026-1-1T00:00:00Z", false, 0},
        {"-1", false, 0},
        {"now", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        uint64_t ns = 0;
        assert_int_equal(rp_parse_time(cases[i].text, &ns) == NULL, cases[i].ok);
        if (cases[i].ok) {
            assert_int_equal(ns, cases[i].ns);
        }
    }
}

static void every_day_of_four_centuries_follows_the_one_before(void **state)
{
    (void)state;
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t expected = 0;
    for (int year = 1970; year < 2370; year++) {
        for (int month = 1; month <= 12; month++) {
            bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            int count = days[month - 1] + (month == 2 && leap);
            for (int day = 1; day <= count; day++, expected += UINT64_C(86400000000000)) {
                char text[32];
                uint64_t ns = 1;
                (void)snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00Z", year, month, day);
                assert_null(rp_parse_time(text, &ns));
                assert_int_equal(ns, expected);
            }
        }
    }
}

static void values_are_read_exactly_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        rp_valkind kind;
        bool ok;
        uint64_t bits;
    } cases[] = {
        {"-2147483648", RP_I32, true, 0x80000000},
        {"4294967295", RP_I32, true, 0xffffffff},
        {"-0x1", RP_I32, true, 0xffffffff},
        {"+5", RP_I32, true, 5},
        {"-2147483649", RP_I32, false, 0},
        {"4294967296", RP_I32, false, 0},
        {"--1", RP_I32, false, 0},
        {"-", RP_I32, false, 0},
        {"", RP_I32, false, 0},
        {"1.0", RP_I32, false, 0},
        {"-9223372036854775808", RP_I64, true, UINT64_C(1) << 63},
        {"18446744073709551615", RP_I64, true, UINT64_MAX},
        {"-9223372036854775809", RP_I64, false, 0},
        {"18446744073709551616", RP_I64, false, 0},
        {"1", RP_F32, true, 0x3f800000},
        {"-0", RP_F32, true, 0x80000000},
        {".5", RP_F32, true, 0x3f000000},
        {"0x1.8p1", RP_F32, true, 0x40400000},
        {"16777217", RP_F32, true, 0x4b800000},         /* ties to even */
        {"16777217.0000001", RP_F32, true, 0x4b800001}, /* rounded once, not by way of f64 */
        {"1e-46", RP_F32, true, 0},
        {"nan", RP_F32, true, 0x7fc00000},
        {"-nan:0x1", RP_F32, true, 0xff800001},
        {"inf", RP_F32, true, 0x7f800000},
        {"nan:0x0", RP_F32, false, 0},
        {"nan:0x800000", RP_F32, false, 0},
        {"nan:", RP_F32, false, 0},
        {"nan(1)", RP_F32, false, 0},
        {"infinity", RP_F32, false, 0},
        {"INF", RP_F32, false, 0},
        {"3.5e38", RP_F32, false, 0},
        {" 1", RP_F32, false, 0},
        {"+-1", RP_F32, false, 0},
        {"1f", RP_F32, false, 0},
        {"", RP_F32, false, 0},
        {"0.1", RP_F64, true, UINT64_C(0x3fb999999999999a)},
        {"-inf", RP_F64, true, UINT64_C(0xfff0000000000000)},
        {"nan:0x8000000000001", RP_F64, true, UINT64_C(0x7ff8000000000001)},
        {"5e-324", RP_F64, true, 1},
        {"1e309", RP_F64, false, 0},
        {"null", RP_FUNCREF, true, RP_REF_NULL},
        {"0", RP_FUNCREF, false, 0},
        {"null", RP_EXTERNREF, true, RP_REF_NULL},
        {"0", RP_EXTERNREF, true, 0},
        {"18446744073709551614", RP_EXTERNREF, true, UINT64_MAX - 1},
        {"18446744073709551615", RP_EXTERNREF, false, 0}, /* would be null */
        {"0", RP_V128, false, 0},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        rp_value value = {.kind = RP_I32};
        assert_int_equal(rp_parse_value(cases[i].text, cases[i].kind, &value) == NULL, cases[i].ok);
        if (cases[i].ok) {
            assert_int_equal(value.kind, cases[i].kind);
            assert_int_equal(value.of.ref, cases[i].bits);
        }
    }
}

static const char *print_f64(uint64_t bits)
{
    static char text[RP_VALUE_TEXT_BYTES];
    rp_value value = {.kind = RP_F64, .of.f64_bits = bits};
    rp_print_value(&value, text);
    return text;
}

static const char *print_f32(uint32_t bits)
{
    static char text[RP_VALUE_TEXT_BYTES];
    rp_value value = {.kind = RP_F32, .of.f32_bits = bits};
    rp_print_value(&value, text);
    return text;
}

static uint64_t bits_of(double number)
{
    uint64_t bits = 0;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

static void floats_are_printed_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {100, "100"},
        {123456789, "123456789"},
        {0.0000001, "0.0000001"},
        {0.00000001, "1e-8"},
        {0.000123, "0.000123"},
        {1e20, "100000000000000000000"},
        {1e21, "1e21"},
        {1.25e300, "1.25e300"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e308"},
        {1.0 / 3, "0.3333333333333333"},
        {2251799813685248.5, "2251799813685248.5"},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        assert_string_equal(print_f64(bits_of(cases[i].number)), cases[i].text);
    }
    assert_string_equal(print_f32(0x3dcccccd), "0.1");
    assert_string_equal(print_f32(0x7f7fffff), "3.4028235e38");
    assert_string_equal(print_f32(0x00000001), "1e-45");
    assert_string_equal(print_f32(0x7fc00000), "nan");
    assert_string_equal(print_f32(0xffc00000), "-nan");
    assert_string_equal(print_f32(0x7f800001), "nan:0x1");
    assert_string_equal(print_f32(0xff800000), "-inf");
    assert_string_equal(print_f64(UINT64_C(0x7ff8000000000001)), "nan:0x8000000000001");
}

static void printed_floats_read_back_as_the_same_bits(void **state)
{
    (void)state;
    uint64_t bits = 0x9e3779b97f4a7c15;
    for (int i = 0; i < 20000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        rp_value value = {.kind = RP_I32};
        assert_null(rp_parse_value(print_f64(bits), RP_F64, &value));
        assert_int_equal(value.of.f64_bits, bits);
        assert_null(rp_parse_value(print_f32((uint32_t)bits), RP_F32, &value));
        assert_int_equal(value.of.f32_bits, (uint32_t)bits);
    }
}

static void exact_forms_are_bit_patterns(void **state)
{
    (void)state;
    static const struct {
        rp_value value;
        const char *text;
    } cases[] = {
        {{.kind = RP_I32, .of.i32 = INT32_MIN}, "-2147483648"},
        {{.kind = RP_I64, .of.i64 = INT64_MIN}, "-9223372036854775808"},
        {{.kind = RP_F32, .of.f32_bits = 0xffc00000}, "4290772992"},
        {{.kind = RP_F64, .of.f64_bits = UINT64_MAX}, "18446744073709551615"},
        {{.kind = RP_EXTERNREF, .of.ref = RP_REF_NULL}, "null"},
        {{.kind = RP_EXTERNREF, .of.ref = RP_REF_NULL - 1}, "18446744073709551614"},
        {{.kind = RP_FUNCREF, .of.ref = 0}, "0"},
        {{.kind = RP_V128, .of.v128 = {1, 2, [15] = 0xff}}, "0xff000000000000000000000000000201"},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        char text[RP_VALUE_TEXT_BYTES];
        rp_print_value_exact(&cases[i].value, text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_decimal_or_hexadecimal_and_nothing_else),
        cmocka_unit_test(sizes_have_units_of_1024_and_of_1000),
        cmocka_unit_test(times_are_numbers_or_dates),
        cmocka_unit_test(every_day_of_four_centuries_follows_the_one_before),
        cmocka_unit_test(values_are_read_exactly_or_refused),
        cmocka_unit_test(floats_are_printed_as_people_write_them),
        cmocka_unit_test(printed_floats_read_back_as_the_same_bits),
        cmocka_unit_test(exact_forms_are_bit_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
