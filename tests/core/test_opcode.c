/* Tests of core/opcode.c: the opcode table against itself and against rules that the mnemonics
 * imply. */
#include "core/opcode.h"
#include "tests/support/unit.h"

#include <stdio.h>

static_assert(RP_OP_COUNT == 499,
              "WebAssembly 3.0 has 499 opcodes (select, ref.test, ref.cast twice)");
static_assert(RP_OP_NONE == RP_OP_COUNT, "no opcode is RP_OP_NONE");
static_assert(RP_FEATURE_COUNT <= 32, "features must fit into a 32-bit set");
static_assert(RP_OP_COUNT <= UINT16_MAX && RP_SIG_COUNT <= UINT8_MAX, "fields of rp_op_info");

static const uint8_t prefixes[] = {0x00, 0xfb, 0xfc, 0xfd};

static void every_row_is_found_by_its_code(void **state)
{
    (void)state;
    for (unsigned op = 0; op < RP_OP_COUNT; op++) {
        const struct rp_op_info *info = &rp_op_infos[op];
        assert_int_equal(rp_op_find(info->prefix, info->code), op);
        assert_non_null(info->text);
    }
}

static void every_other_code_is_unassigned(void **state)
{
    (void)state;
    unsigned found = 0;
    for (unsigned prefix = 0; prefix < 256; prefix++) {
        for (uint32_t code = 0; code < 70000; code++) {
            enum rp_op op = rp_op_find((uint8_t)prefix, code);
            if (op == RP_OP_NONE) {
                continue;
            }
            assert_true(op < RP_OP_COUNT);
            assert_int_equal(rp_op_infos[op].prefix, prefix);
            assert_int_equal(rp_op_infos[op].code, code);
            found++;
        }
    }
    assert_int_equal(found, RP_OP_COUNT);
    for (size_t i = 0; i < RP_ARRAY_COUNT(prefixes); i++) {
        assert_int_equal(rp_op_find(prefixes[i], UINT32_MAX), RP_OP_NONE);
        assert_int_equal(rp_op_find(prefixes[i], 0x80000000u), RP_OP_NONE);
    }
}

static void known_holes_are_unassigned(void **state)
{
    (void)state;
    static const struct {
        uint8_t prefix;
        uint32_t code;
    } holes[] = {
        {0, 0x06},    {0, 0x07},    {0, 0x09},    {0, 0x16},    {0, 0x18},    {0, 0x19},
        {0, 0x1d},    {0, 0x1e},    {0, 0x27},    {0, 0xc5},    {0, 0xd7},    {0, 0xfb},
        {0, 0xfc},    {0, 0xfd},    {0, 0xfe},    {0, 0xff},    {0xfb, 31},   {0xfc, 18},
        {0xfd, 0x9a}, {0xfd, 0xa2}, {0xfd, 0xbb}, {0xfd, 0xc2}, {0xfd, 0xee}, {0xfd, 0x114},
        {0xfe, 0x00}, {0xfe, 0x10}, {0x01, 0x00}, {0x6a, 0x6a},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(holes); i++) {
        assert_int_equal(rp_op_find(holes[i].prefix, holes[i].code), RP_OP_NONE);
    }
}

static void rows_are_in_order_of_their_codes(void **state)
{
    (void)state;
    for (unsigned op = 1; op < RP_OP_COUNT; op++) {
        const struct rp_op_info *before = &rp_op_infos[op - 1];
        const struct rp_op_info *info = &rp_op_infos[op];
        uint32_t before_key = (uint32_t)before->prefix << 16 | before->code;
        assert_true(before_key < ((uint32_t)info->prefix << 16 | info->code));
    }
}

static void only_three_texts_occur_twice(void **state)
{
    (void)state;
    static const char *const twice[] = {"select", "ref.test", "ref.cast"};
    unsigned pairs = 0;
    for (unsigned a = 0; a < RP_OP_COUNT; a++) {
        for (unsigned b = a + 1; b < RP_OP_COUNT; b++) {
            if (strcmp(rp_op_infos[a].text, rp_op_infos[b].text) != 0) {
                continue;
            }
            bool expected = false;
            for (size_t i = 0; i < RP_ARRAY_COUNT(twice); i++) {
                expected |= strcmp(rp_op_infos[a].text, twice[i]) == 0;
            }
            assert_true(expected);
            pairs++;
        }
    }
    assert_int_equal(pairs, RP_ARRAY_COUNT(twice));
}

static void features_have_the_published_numbers_of_instructions(void **state)
{
    (void)state;
    static const unsigned expected[RP_FEATURE_COUNT] = {
        [RP_FEATURE_MVP] = 172,
        [RP_FEATURE_SIGN_EXTENSION] = 5,
        [RP_FEATURE_SATURATING_CONVERSION] = 8,
        [RP_FEATURE_BULK_MEMORY] = 7,
        [RP_FEATURE_REFERENCE_TYPES] = 9,
        [RP_FEATURE_SIMD] = 236,
        [RP_FEATURE_RELAXED_SIMD] = 20,
        [RP_FEATURE_TAIL_CALL] = 2,
        [RP_FEATURE_EXCEPTIONS] = 3,
        [RP_FEATURE_FUNCTION_REFERENCES] = 5,
        [RP_FEATURE_GC] = 32,
    };
    unsigned counts[RP_FEATURE_COUNT] = {0};
    for (unsigned op = 0; op < RP_OP_COUNT; op++) {
        assert_true(rp_op_infos[op].feature < RP_FEATURE_COUNT);
        counts[rp_op_infos[op].feature]++;
    }
    for (unsigned feature = 0; feature < RP_FEATURE_COUNT; feature++) {
        assert_int_equal(counts[feature], expected[feature]);
        assert_non_null(rp_feature_names[feature]);
    }
}

static void signatures_count_their_letters(void **state)
{
    (void)state;
    assert_int_equal(rp_signature_operands(RP_SIG_poly), 0);
    assert_int_equal(rp_signature_results(RP_SIG_poly), 0);
    for (unsigned i = 0; i < RP_SIG_COUNT; i++) {
        const char *name = rp_signature_names[i];
        if (i == RP_SIG_poly) {
            continue;
        }
        const char *bar = strchr(name, '_');
        assert_non_null(bar);
        assert_int_equal(rp_signature_operands((enum rp_signature)i), bar - name);
        assert_int_equal(rp_signature_results((enum rp_signature)i), strlen(bar + 1));
        assert_int_equal(strspn(name, "ilfdva_"), strlen(name));
    }
}

/* The letter of "i32", "i64", "f32", "f64" at the start of a text. */
static char type_letter(const char *text)
{
    if (text[0] == 'i') {
        return text[1] == '3' ? 'i' : 'l';
    }
    return text[1] == '3' ? 'f' : 'd';
}

static bool is_one_of(const char *word, const char *list)
{
    char pattern[64];
    (void)snprintf(pattern, sizeof pattern, " %s ", word);
    return strstr(list, pattern) != NULL;
}

/* The signature that the mnemonic of a scalar numeric instruction implies. */
static void imply_signature(const char *text, char *out_signature)
{
    const char *name = strchr(text, '.') + 1;
    char type = type_letter(text);
    const char *from = strstr(name, "_i");
    from = from == NULL ? strstr(name, "_f") : from;
    if (from != NULL && (from[2] == '3' || from[2] == '6')) { /* i32.wrap_i64 */
        (void)snprintf(out_signature, 8, "%c_%c", type_letter(from + 1), type);
    } else if (strcmp(name, "eqz") == 0) {
        (void)snprintf(out_signature, 8, "%c_i", type);
    } else if (is_one_of(name, " eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u lt gt le ge ")) {
        (void)snprintf(out_signature, 8, "%c%c_i", type, type);
    } else if (is_one_of(name, " clz ctz popcnt abs neg ceil floor trunc nearest sqrt extend8_s "
                               "extend16_s extend32_s ")) {
        (void)snprintf(out_signature, 8, "%c_%c", type, type);
    } else {
        (void)snprintf(out_signature, 8, "%c%c_%c", type, type, type);
    }
}

static void numeric_signatures_follow_from_the_mnemonics(void **state)
{
    (void)state;
    unsigned checked = 0;
    for (unsigned op = 0; op < RP_OP_COUNT; op++) {
        const struct rp_op_info *info = &rp_op_infos[op];
        bool is_plain = info->prefix == 0 && info->code >= 0x45 && info->code <= 0xc4;
        bool is_saturating = info->prefix == 0xfc && info->code <= 7;
        if (is_plain || is_saturating) {
            char expected[8];
            imply_signature(info->text, expected);
            assert_string_equal(rp_signature_names[info->signature], expected);
            assert_int_equal(info->immediate, RP_IMM_NONE);
            checked++;
        }
    }
    assert_int_equal(checked, 128 + 8);
}

static void loads_and_stores_follow_from_the_mnemonics(void **state)
{
    (void)state;
    unsigned checked = 0;
    for (unsigned op = 0; op < RP_OP_COUNT; op++) {
        const struct rp_op_info *info = &rp_op_infos[op];
        if (info->immediate != RP_IMM_MEMARG) {
            continue;
        }
        char type = info->text[0] == 'v' ? 'v' : type_letter(info->text);
        bool is_load = strstr(info->text, ".load") != NULL;
        bool is_store = strstr(info->text, ".store") != NULL;
        assert_true(is_load != is_store);
        char expected[8];
        (void)snprintf(expected, sizeof expected, is_load ? "a_%c" : "a%c_", type);
        assert_string_equal(rp_signature_names[info->signature], expected);
        assert_true(info->flags & RP_OP_TRAPS);
        checked++;
    }
    assert_int_equal(checked, 23 + 14); /* MVP, and v128 without lanes */
}

static void instructions_that_may_trap_say_so(void **state)
{
    (void)state;
    for (unsigned op = 0; op < RP_OP_COUNT; op++) {
        const struct rp_op_info *info = &rp_op_infos[op];
        bool is_scalar = info->prefix == 0 && info->code >= 0x45 && info->code <= 0xc4;
        const char *name = strchr(info->text, '.');
        if (!is_scalar || name == NULL) {
            continue;
        }
        bool divides = type_letter(info->text) == 'i' || type_letter(info->text) == 'l'
                           ? strncmp(name, ".div", 4) == 0 || strncmp(name, ".rem", 4) == 0
                           : false;
        bool truncates = strncmp(name, ".trunc_f", 8) == 0;
        assert_int_equal((info->flags & RP_OP_TRAPS) != 0, divides || truncates);
        assert_int_equal(info->flags & ~RP_OP_TRAPS, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_found_by_its_code),
        cmocka_unit_test(every_other_code_is_unassigned),
        cmocka_unit_test(known_holes_are_unassigned),
        cmocka_unit_test(rows_are_in_order_of_their_codes),
        cmocka_unit_test(only_three_texts_occur_twice),
        cmocka_unit_test(features_have_the_published_numbers_of_instructions),
        cmocka_unit_test(signatures_count_their_letters),
        cmocka_unit_test(numeric_signatures_follow_from_the_mnemonics),
        cmocka_unit_test(loads_and_stores_follow_from_the_mnemonics),
        cmocka_unit_test(instructions_that_may_trap_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
