/* Tests of metering/schedule.c. The hashes were computed by another program, from docs/gas.md
 * alone. */
#include "metering/schedule.h"

#include "tests/support/unit.h"

#include <stdio.h>

/* Whoever changes a price, or the class of an instruction, changes what programs cost: a new
 * version. */
#define BUILTIN_HASH "909b31d5cb4f5481754a90bc0c463955299b4b6a9a37fec481b426c6870449e1"
#define CHANGED_HASH "a958dd866f1240bd76777dddedd79c0b8e17b63997787510d43f7028fe79231a"
#define CLASSES_HASH "b714454610cd6543e3cb722ffaa219e8cc371004ab39a5821890a033223c2624"

static void assert_hash(const struct rp_schedule *schedule, const char *expected)
{
    char hex[RP_HASH_HEX_BYTES];
    rp_hash_hex(schedule->hash, hex);
    assert_string_equal(hex, expected);
}

static void builtin_schedule_has_its_published_hash(void **state)
{
    (void)state;
    struct rp_schedule schedule;
    rp_schedule_init(&schedule);
    assert_int_equal(schedule.version, 0);
    assert_hash(&schedule, BUILTIN_HASH);
}

static void class_of_every_instruction_is_pinned(void **state)
{
    (void)state;
    static const char *const keys[RP_GAS_CLASS_COUNT] = {
#define RP_GAS_CLASS(name, key, price) [RP_GAS_##name] = key,
#define RP_GAS_TERM(name, key, unit, price)
#define RP_GAS_FLAT(name, key, price)
#include "metering/gas_schedule.def"
#undef RP_GAS_CLASS
#undef RP_GAS_TERM
#undef RP_GAS_FLAT
    };
    struct rp_hash_state hash;
    rp_hash_init(&hash);
    for (unsigned op = 0; op < RP_OP_COUNT; op++) {
        const char *key = keys[rp_op_gas_class((enum rp_op)op)];
        rp_hash_update(&hash, &rp_op_infos[op].prefix, 1);
        rp_hash_update(&hash, &rp_op_infos[op].code, 2);
        rp_hash_update(&hash, key, strlen(key) + 1);
    }
    uint8_t bytes[RP_HASH_BYTES];
    char hex[RP_HASH_HEX_BYTES];
    rp_hash_final(&hash, bytes);
    rp_hash_hex(bytes, hex);
    assert_string_equal(hex, CLASSES_HASH);
}

static void no_instruction_is_free(void **state)
{
    (void)state;
    struct rp_schedule schedule;
    rp_schedule_init(&schedule);
    for (unsigned op = 0; op < RP_OP_COUNT; op++) {
        assert_in_range(schedule.op_prices[op], 1, RP_GAS_PRICE_MAX);
        assert_int_equal(schedule.op_prices[op],
                         schedule.class_prices[rp_op_gas_class((enum rp_op)op)]);
    }
    for (unsigned term = 0; term < RP_GAS_TERM_COUNT; term++) {
        assert_in_range(schedule.terms[term].unit, 1, RP_GAS_PRICE_MAX);
        assert_in_range(schedule.terms[term].price, 1, RP_GAS_PRICE_MAX);
    }
    for (unsigned flat = 0; flat < RP_GAS_FLAT_COUNT; flat++) {
        assert_in_range(schedule.flat_prices[flat], 1, RP_GAS_PRICE_MAX);
    }
}

static void classes_follow_from_the_mnemonics(void **state)
{
    (void)state;
    static const struct {
        enum rp_op op;
        enum rp_gas_class gas_class;
    } cases[] = {
        {RP_OP_nop, RP_GAS_SIMPLE},
        {RP_OP_end, RP_GAS_SIMPLE},
        {RP_OP_br_table, RP_GAS_BRANCH_TABLE},
        {RP_OP_call_indirect, RP_GAS_CALL_INDIRECT},
        {RP_OP_i64_load32_u, RP_GAS_LOAD},
        {RP_OP_i32_store8, RP_GAS_STORE},
        {RP_OP_i64_div_s, RP_GAS_DIV},
        {RP_OP_i32_rem_u, RP_GAS_DIV},
        {RP_OP_f64_div, RP_GAS_FLOAT_DIV},
        {RP_OP_f32_sqrt, RP_GAS_SQRT},
        {RP_OP_memory_grow, RP_GAS_MEMORY_GROW},
        {RP_OP_memory_copy, RP_GAS_BULK},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        assert_int_equal(rp_op_gas_class(cases[i].op), cases[i].gas_class);
    }
}

static rp_status parse_text(struct rp_schedule *schedule, const char *json, rp_report *report)
{
    return rp_schedule_parse(schedule, json, strlen(json), report);
}

static void empty_object_is_the_builtin_schedule(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{\"version\":0,\"classes\":{},\"terms\":{},\"flat\":{}}",
        "{\"terms\":{\"bytes\":{}}}",
        "{\"flat\":{\"host_call\":50},\"classes\":{\"div\":4}}",
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(texts); i++) {
        struct rp_schedule schedule;
        assert_int_equal(parse_text(&schedule, texts[i], NULL), RP_OK);
        assert_hash(&schedule, BUILTIN_HASH);
    }
}

static void parsed_prices_take_the_place_of_the_builtin_ones(void **state)
{
    (void)state;
    struct rp_schedule schedule;
    rp_report report = {0};
    static const char text[] =
        "{\"version\":7, \"flat\":{\"host_call\":77}, \"classes\":{\"div\":9},"
        " \"terms\":{\"bytes\":{\"price\":3,\"unit\":32}}}";
    assert_int_equal(parse_text(&schedule, text, &report), RP_OK);
    assert_int_equal(schedule.version, 7);
    assert_int_equal(schedule.op_prices[RP_OP_i32_div_u], 9);
    assert_int_equal(schedule.op_prices[RP_OP_i32_mul], 1);
    assert_int_equal(schedule.flat_prices[RP_GAS_FLAT_HOST_CALL], 77);
    assert_int_equal(rp_schedule_term(&schedule, RP_GAS_TERM_BYTES, 33), 6);
    assert_hash(&schedule, CHANGED_HASH);
}

static void every_price_reaches_the_hash(void **state)
{
    (void)state;
    static const char *const texts[] = {
#define RP_GAS_CLASS(name, key, price) "{\"classes\":{\"" key "\":999}}",
#define RP_GAS_TERM(name, key, unit, price) \
    "{\"terms\":{\"" key "\":{\"unit\":999}}}", "{\"terms\":{\"" key "\":{\"price\":999}}}",
#define RP_GAS_FLAT(name, key, price) "{\"flat\":{\"" key "\":999}}",
#include "metering/gas_schedule.def"
#undef RP_GAS_CLASS
#undef RP_GAS_TERM
#undef RP_GAS_FLAT
        "{\"version\":1}",
    };
    static uint8_t hashes[RP_ARRAY_COUNT(texts)][RP_HASH_BYTES];
    for (size_t i = 0; i < RP_ARRAY_COUNT(texts); i++) {
        struct rp_schedule schedule;
        assert_int_equal(parse_text(&schedule, texts[i], NULL), RP_OK);
        memcpy(hashes[i], schedule.hash, RP_HASH_BYTES);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(hashes[i], hashes[j], RP_HASH_BYTES);
        }
    }
}

static void prices_at_the_limits_are_accepted(void **state)
{
    (void)state;
    struct rp_schedule schedule;
    assert_int_equal(parse_text(&schedule, "{\"classes\":{\"div\":1000000,\"simple\":1}}", NULL),
                     RP_OK);
    assert_int_equal(schedule.op_prices[RP_OP_i32_div_s], RP_GAS_PRICE_MAX);
    assert_int_equal(parse_text(&schedule, "{\"version\":4294967295}", NULL), RP_OK);
}

static const struct {
    const char *json;
    const char *text; /* of the report */
} refusals[] = {
    {"", "gas schedule: JSON: line 1"},
    {"{", "gas schedule: JSON: line 1"},
    {"[]", "gas schedule: the outermost value is no object"},
    {"{\"prices\":{}}", "gas schedule: there is no key \"prices\""},
    {"{\"version\":-1}", "gas schedule: version must be an integer from 0 to 4294967295"},
    {"{\"version\":4294967296}", "gas schedule: version must be an integer"},
    {"{\"version\":\"1\"}", "gas schedule: version must be an integer"},
    {"{\"classes\":[]}", "gas schedule: classes is no object"},
    {"{\"classes\":{\"divide\":1}}", "gas schedule: classes has no key \"divide\""},
    {"{\"classes\":{\"div\":0}}", "gas schedule: classes.div is 0; it must be from 1 to 1000000"},
    {"{\"classes\":{\"div\":-5}}", "gas schedule: classes.div is -5; it must be from 1 to"},
    {"{\"classes\":{\"div\":1000001}}", "gas schedule: classes.div is 1000001; it must be"},
    {"{\"classes\":{\"div\":4294967297}}", "gas schedule: classes.div is 4294967297; it must be"},
    {"{\"classes\":{\"div\":1.5}}", "gas schedule: classes.div is no integer"},
    {"{\"classes\":{\"div\":null}}", "gas schedule: classes.div is no integer"},
    {"{\"classes\":{\"div\":1,\"div\":2}}", "gas schedule: JSON: line 1"},
    {"{\"flat\":{\"host_call\":0}}", "gas schedule: flat.host_call is 0; it must be from 1"},
    {"{\"flat\":{\"div\":1}}", "gas schedule: flat has no key \"div\""},
    {"{\"flat\":1}", "gas schedule: flat is no object"},
    {"{\"terms\":1}", "gas schedule: terms is no object"},
    {"{\"terms\":{\"byte\":{}}}", "gas schedule: terms has no key \"byte\""},
    {"{\"terms\":{\"bytes\":5}}", "gas schedule: terms.bytes is no object"},
    {"{\"terms\":{\"bytes\":{\"unit\":0}}}", "gas schedule: terms.bytes.unit is 0; it must be"},
    {"{\"terms\":{\"bytes\":{\"price\":0}}}", "gas schedule: terms.bytes.price is 0; it must be"},
    {"{\"terms\":{\"bytes\":{\"size\":1}}}", "gas schedule: terms.bytes has no key \"size\""},
};

static void bad_schedules_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(refusals); i++) {
        struct rp_schedule schedule;
        memset(&schedule, 0xa5, sizeof schedule);
        rp_report report = {0};
        assert_int_equal(parse_text(&schedule, refusals[i].json, &report), RP_ERROR_SCHEDULE);
        if (strncmp(report.text, refusals[i].text, strlen(refusals[i].text)) != 0) {
            fail_msg("%s: %s", refusals[i].json, report.text);
        }
        assert_int_equal(report.status, RP_ERROR_SCHEDULE);
        assert_int_equal(schedule.version, 0xa5a5a5a5); /* untouched */
    }
}

static void term_rounds_up_and_saturates(void **state)
{
    (void)state;
    struct rp_schedule schedule;
    rp_schedule_init(&schedule);
    struct rp_gas_term_price *term = &schedule.terms[RP_GAS_TERM_BYTES];
    static const struct {
        uint32_t unit;
        uint32_t price;
        uint64_t count;
        uint64_t gas;
    } cases[] = {
        {16, 1, 0, 0},
        {16, 1, 1, 1},
        {16, 1, 16, 1},
        {16, 1, 17, 2},
        {1, 2000, 65536, 131072000},
        {1, 1, INT64_MAX, INT64_MAX},
        {1, 1, (uint64_t)INT64_MAX + 1, UINT64_MAX},
        {2, 2, UINT64_MAX, UINT64_MAX},
        {3, 1, UINT64_MAX, UINT64_MAX / 3},
        {1000000, 1000000, (uint64_t)INT64_MAX, UINT64_MAX},
        {1000000, 1000000, (uint64_t)INT64_MAX / 1000000 * 1000000,
         (uint64_t)INT64_MAX / 1000000 * 1000000},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        *term = (struct rp_gas_term_price){cases[i].unit, cases[i].price};
        assert_true(rp_schedule_term(&schedule, RP_GAS_TERM_BYTES, cases[i].count) == cases[i].gas);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builtin_schedule_has_its_published_hash),
        cmocka_unit_test(class_of_every_instruction_is_pinned),
        cmocka_unit_test(no_instruction_is_free),
        cmocka_unit_test(classes_follow_from_the_mnemonics),
        cmocka_unit_test(empty_object_is_the_builtin_schedule),
        cmocka_unit_test(parsed_prices_take_the_place_of_the_builtin_ones),
        cmocka_unit_test(every_price_reaches_the_hash),
        cmocka_unit_test(prices_at_the_limits_are_accepted),
        cmocka_unit_test(bad_schedules_are_refused_by_name),
        cmocka_unit_test(term_rounds_up_and_saturates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
