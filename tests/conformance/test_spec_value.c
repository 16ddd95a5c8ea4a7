/* Values of the official suite's scripts (tests): what is read, what is refused, what matches. */
#include "conformance/spec_value.h"

#include "tests/support/unit.h"

static rp_status parse(const char *text, struct rp_spec_value *out_value)
{
    struct rp_json *json = NULL;
    rp_report report = {0};
    assert_int_equal(rp_json_parse(text, strlen(text), &json, &report), RP_OK);
    rp_status status = rp_spec_value_parse(json, out_value, &report);
    rp_json_release(json);
    return status;
}

#define CANONICAL_F32 0x7fc00000u
#define CANONICAL_F64 UINT64_C(0x7ff8000000000000)

/* An expectation, a value, and whether they match. */
static const struct {
    const char *expected;
    rp_value got;
    bool matches;
} matches[] = {
    {"{\"type\":\"i32\",\"value\":\"-1\"}", {RP_I32, {.i32 = -1}}, true},
    {"{\"type\":\"i32\",\"value\":\"4294967295\"}", {RP_I32, {.i32 = -1}}, true},
    {"{\"type\":\"i32\",\"value\":\"1\"}", {RP_I32, {.i32 = -1}}, false},
    {"{\"type\":\"i32\",\"value\":\"1\"}", {RP_I64, {.i64 = 1}}, false},
    {"{\"type\":\"i64\",\"value\":\"-9223372036854775808\"}", {RP_I64, {.i64 = INT64_MIN}}, true},
    {"{\"type\":\"f32\",\"value\":\"1065353216\"}", {RP_F32, {.f32_bits = 0x3f800000u}}, true},
    {"{\"type\":\"f32\",\"value\":\"2147483648\"}", {RP_F32, {.f32_bits = 0}}, false},
    {"{\"type\":\"f32\",\"value\":\"nan:canonical\"}", {RP_F32, {.f32_bits = CANONICAL_F32}}, true},
    {"{\"type\":\"f32\",\"value\":\"nan:canonical\"}", {RP_F32, {.f32_bits = 0xffc00000u}}, false},
    {"{\"type\":\"f32\",\"value\":\"nan:arithmetic\"}", {RP_F32, {.f32_bits = 0x7fc00001u}}, false},
    {"{\"type\":\"f64\",\"value\":\"nan:arithmetic\"}",
     {RP_F64, {.f64_bits = CANONICAL_F64}},
     true},
    {"{\"type\":\"f64\",\"value\":\"nan:canonical\"}",
     {RP_F64, {.f64_bits = CANONICAL_F64 | UINT64_C(1) << 63}},
     false},
    {"{\"type\":\"v128\",\"lane_type\":\"i16\",\"value\":[\"0\",\"-1\",\"2\",\"3\",\"4\",\"5\","
     "\"6\",\"7\"]}",
     {RP_V128, {.v128 = {0, 0, 255, 255, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0}}},
     true},
    {"{\"type\":\"v128\",\"lane_type\":\"f64\",\"value\":[\"nan:canonical\",\"0\"]}",
     {RP_V128, {.v128 = {0, 0, 0, 0, 0, 0, 0xf8, 0x7f}}},
     true},
    {"{\"type\":\"externref\",\"value\":\"7\"}", {RP_EXTERNREF, {.ref = 7}}, true},
    {"{\"type\":\"externref\",\"value\":\"7\"}", {RP_EXTERNREF, {.ref = RP_REF_NULL}}, false},
    {"{\"type\":\"externref\",\"value\":\"0\"}", {RP_FUNCREF, {.ref = 0}}, false},
    {"{\"type\":\"externref\",\"value\":\"null\"}", {RP_EXTERNREF, {.ref = RP_REF_NULL}}, true},
    {"{\"type\":\"externref\",\"value\":\"null\"}", {RP_FUNCREF, {.ref = RP_REF_NULL}}, false},
    {"{\"type\":\"refnull\"}", {RP_FUNCREF, {.ref = RP_REF_NULL}}, true},
    {"{\"type\":\"refnull\"}", {RP_EXTERNREF, {.ref = 3}}, false},
    {"{\"type\":\"refnull\"}", {RP_I64, {.i64 = -1}}, false},
    {"{\"type\":\"funcref\"}", {RP_FUNCREF, {.ref = 0}}, true},
    {"{\"type\":\"funcref\"}", {RP_FUNCREF, {.ref = RP_REF_NULL}}, false},
    {"{\"type\":\"structref\"}", {RP_FUNCREF, {.ref = 0}}, false},
    {"{\"type\":\"either\",\"values\":[{\"type\":\"i32\",\"value\":\"0\"}]}",
     {RP_I32, {.i32 = 0}},
     false},
};

static void value_matches_bit_for_bit(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(matches); i++) {
        struct rp_spec_value value;
        assert_int_equal(parse(matches[i].expected, &value), RP_OK);
        if (rp_spec_value_matches(&value, &matches[i].got) != matches[i].matches) {
            print_error("%s\n", matches[i].expected);
        }
        assert_int_equal(rp_spec_value_matches(&value, &matches[i].got), matches[i].matches);
    }
}

static void value_that_cannot_be_read_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "{\"type\":\"i33\",\"value\":\"0\"}",
        "{\"type\":\"i32\"}",
        "{\"type\":\"i32\",\"value\":0}",
        "{\"type\":\"i32\",\"value\":\"\"}",
        "{\"type\":\"i32\",\"value\":\"-\"}",
        "{\"type\":\"i32\",\"value\":\"1x\"}",
        "{\"type\":\"i32\",\"value\":\"0x1\"}",
        "{\"type\":\"i32\",\"value\":\"4294967296\"}",
        "{\"type\":\"i32\",\"value\":\"-2147483649\"}",
        "{\"type\":\"i32\",\"value\":\"nan:canonical\"}",
        "{\"type\":\"i64\",\"value\":\"18446744073709551616\"}",
        "{\"type\":\"i64\",\"value\":\"99999999999999999999999999999999999999999999\"}",
        "{\"type\":\"f32\",\"value\":\"nan\"}",
        "{\"type\":\"v128\",\"value\":[\"0\",\"0\"]}",
        "{\"type\":\"v128\",\"lane_type\":\"i64\",\"value\":[\"0\"]}",
        "{\"type\":\"v128\",\"lane_type\":\"i8\",\"value\":\"0\"}",
        "{\"type\":\"externref\",\"value\":\"x\"}",
        "{\"type\":\"externref\",\"value\":\"18446744073709551615\"}",
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(texts); i++) {
        struct rp_spec_value value;
        if (parse(texts[i], &value) != RP_ERROR_MALFORMED) {
            print_error("%s\n", texts[i]);
        }
        assert_int_equal(parse(texts[i], &value), RP_ERROR_MALFORMED);
    }
}

static void argument_keeps_the_bits(void **state)
{
    (void)state;
    struct rp_spec_value value;
    rp_value argument;
    assert_int_equal(parse("{\"type\":\"f64\",\"value\":\"18444492273895866368\"}", &value), RP_OK);
    assert_true(rp_spec_value_argument(&value, &argument));
    assert_int_equal(argument.kind, RP_F64);
    assert_true(argument.of.f64_bits == UINT64_C(18444492273895866368));
    assert_int_equal(parse("{\"type\":\"externref\",\"value\":\"1\"}", &value), RP_OK);
    assert_true(rp_spec_value_argument(&value, &argument));
    assert_true(argument.kind == RP_EXTERNREF && argument.of.ref == 1);
    assert_int_equal(parse("{\"type\":\"funcref\",\"value\":\"null\"}", &value), RP_OK);
    assert_true(rp_spec_value_argument(&value, &argument));
    assert_true(argument.kind == RP_FUNCREF && argument.of.ref == RP_REF_NULL);
    assert_int_equal(parse("{\"type\":\"anyref\",\"value\":\"1\"}", &value), RP_OK);
    assert_false(rp_spec_value_argument(&value, &argument)); /* a kind that the engine lacks */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_matches_bit_for_bit),
        cmocka_unit_test(value_that_cannot_be_read_is_refused),
        cmocka_unit_test(argument_keeps_the_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
