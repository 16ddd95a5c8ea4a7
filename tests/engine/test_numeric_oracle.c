/* Every expression of engine/numeric.def against the oracle: all special values in all pairs, then
 * random operands.
 *
 * The seed is printed; `REPRISE_TEST_SEED=N test_numeric_oracle` reproduces a run,
 * REPRISE_TEST_LONG=1 lengthens it. */
#include "determinism/float_rules.h"
#include "determinism/int_rules.h"
#include "tests/engine/numeric_inputs.h"
#include "tests/engine/numeric_oracle.h"
#include "tests/support/unit.h"

#include <inttypes.h>
#include <stdio.h>

#define RANDOM_COUNT 10000

#define BITS_i32 uint32_t
#define BITS_i64 uint64_t
#define BITS_f32 uint32_t
#define BITS_f64 uint64_t

#define RP_UNARY(id, result, operand, expr)                                      \
    static rp_trap_code run_##id(const uint64_t *operands, uint64_t *out_result) \
    {                                                                            \
        const BITS_##operand a = (BITS_##operand)operands[0];                    \
        const BITS_##result value = expr;                                        \
        *out_result = value;                                                     \
        return RP_TRAP_NONE;                                                     \
    }
#define RP_BINARY(id, result, left, right, expr)                                 \
    static rp_trap_code run_##id(const uint64_t *operands, uint64_t *out_result) \
    {                                                                            \
        const BITS_##left a = (BITS_##left)operands[0];                          \
        const BITS_##right b = (BITS_##right)operands[1];                        \
        const BITS_##result value = expr;                                        \
        *out_result = value;                                                     \
        return RP_TRAP_NONE;                                                     \
    }
#define RP_UNARY_TRAP(id, result, operand, trap_expr, expr)                      \
    static rp_trap_code run_##id(const uint64_t *operands, uint64_t *out_result) \
    {                                                                            \
        const BITS_##operand a = (BITS_##operand)operands[0];                    \
        const rp_trap_code trap = trap_expr;                                     \
        if (trap == RP_TRAP_NONE) {                                              \
            const BITS_##result value = expr;                                    \
            *out_result = value;                                                 \
        }                                                                        \
        return trap;                                                             \
    }
#define RP_BINARY_TRAP(id, result, left, right, trap_expr, expr)                 \
    static rp_trap_code run_##id(const uint64_t *operands, uint64_t *out_result) \
    {                                                                            \
        const BITS_##left a = (BITS_##left)operands[0];                          \
        const BITS_##right b = (BITS_##right)operands[1];                        \
        const rp_trap_code trap = trap_expr;                                     \
        if (trap == RP_TRAP_NONE) {                                              \
            const BITS_##result value = expr;                                    \
            *out_result = value;                                                 \
        }                                                                        \
        return trap;                                                             \
    }
#include "engine/numeric.def"

static const struct {
    enum rp_op op;
    rp_trap_code (*run)(const uint64_t *operands, uint64_t *out_result);
} rows[] = {
#define RP_UNARY(id, result, operand, expr) {RP_OP_##id, run_##id},
#define RP_BINARY(id, result, left, right, expr) {RP_OP_##id, run_##id},
#define RP_UNARY_TRAP(id, result, operand, trap, expr) {RP_OP_##id, run_##id},
#define RP_BINARY_TRAP(id, result, left, right, trap, expr) {RP_OP_##id, run_##id},
#include "engine/numeric.def"
};

static void check_row(size_t row, const uint64_t *operands)
{
    const enum rp_op op = rows[row].op;
    uint64_t expected = 0;
    uint64_t result = 0;
    rp_trap_code expected_trap;
    assert_true(rp_oracle_eval(op, operands, &expected, &expected_trap));
    const rp_trap_code trap = rows[row].run(operands, &result);
    if (trap != expected_trap || (trap == RP_TRAP_NONE && result != expected)) {
        fail_msg("%s(0x%" PRIx64 ", 0x%" PRIx64 ") = 0x%" PRIx64 " trap %s, expected 0x%" PRIx64
                 " trap %s",
                 rp_op_infos[op].text, operands[0], operands[1], result, rp_trap_name(trap),
                 expected, rp_trap_name(expected_trap));
    }
}

static void special_values_in_all_pairs_agree_with_the_oracle(void **state)
{
    (void)state;
    uint64_t checks = 0;
    for (size_t row = 0; row < RP_ARRAY_COUNT(rows); row++) {
        struct rp_oracle_signature signature;
        uint64_t left[RP_NUMERIC_SPECIAL_MAX];
        uint64_t right[RP_NUMERIC_SPECIAL_MAX] = {0};
        assert_true(rp_oracle_signature(rows[row].op, &signature));
        const size_t left_count = rp_numeric_specials(signature.operands[0], left);
        const size_t right_count =
            signature.operand_count == 2 ? rp_numeric_specials(signature.operands[1], right) : 1;
        for (size_t i = 0; i < left_count; i++) {
            for (size_t j = 0; j < right_count; j++) {
                const uint64_t operands[2] = {left[i], right[j]};
                check_row(row, operands);
                checks++;
            }
        }
    }
    print_message("%" PRIu64 " checks of special values\n", checks);
}

static void random_operands_agree_with_the_oracle(void **state)
{
    (void)state;
    const struct rp_numeric_plan plan = rp_numeric_plan(RANDOM_COUNT);
    print_message("%" PRIu64
                  " random operands per instruction; to reproduce: REPRISE_TEST_SEED=%" PRIu64
                  "%s test_numeric_oracle\n",
                  plan.random_count, plan.seed,
                  plan.random_count == RANDOM_COUNT ? "" : " REPRISE_TEST_LONG=1");
    struct rp_pcg64 pcg;
    rp_pcg64_seed(&pcg, plan.seed, 0);
    for (size_t row = 0; row < RP_ARRAY_COUNT(rows); row++) {
        struct rp_oracle_signature signature;
        assert_true(rp_oracle_signature(rows[row].op, &signature));
        for (uint64_t i = 0; i < plan.random_count; i++) {
            uint64_t operands[2] = {0, 0};
            rp_numeric_random(&pcg, signature.operands, signature.operand_count, operands);
            check_row(row, operands);
        }
    }
}

/* The oracle itself, against values that can be checked by hand or stand in the specification's own
 * tests. */
static void the_oracle_knows_hand_checked_values(void **state)
{
    (void)state;
    static const struct {
        enum rp_op op;
        uint64_t operands[2];
        uint64_t result;
        rp_trap_code trap;
    } cases[] = {
        {RP_OP_i32_div_s, {0x80000000, 0xffffffff}, 0, RP_TRAP_INTEGER_OVERFLOW},
        {RP_OP_i32_rem_s, {0x80000000, 0xffffffff}, 0, RP_TRAP_NONE},
        {RP_OP_i32_rem_s, {0xfffffff9, 3}, 0xffffffff, RP_TRAP_NONE},
        {RP_OP_i64_div_u, {1, 0}, 0, RP_TRAP_INTEGER_DIVIDE_BY_ZERO},
        {RP_OP_i32_rotl, {0xabcd9876, 1}, 0x579b30ed, RP_TRAP_NONE},
        {RP_OP_i32_rotr, {0xb0c1d2e3, 0xff05}, 0x1d860e97, RP_TRAP_NONE},
        {RP_OP_i64_shr_s, {0x8000000000000000, 65}, 0xc000000000000000, RP_TRAP_NONE},
        {RP_OP_i64_extend8_s, {0x0123456780}, 0xffffffffffffff80, RP_TRAP_NONE},
        {RP_OP_f64_add, {0x3ff0000000000000, 0x3ca0000000000000}, 0x3ff0000000000000, RP_TRAP_NONE},
        {RP_OP_f64_add, {0x3ff0000000000001, 0x3ca0000000000000}, 0x3ff0000000000002, RP_TRAP_NONE},
        {RP_OP_f64_sub, {0x3ff0000000000000, 0x3ff0000000000000}, 0, RP_TRAP_NONE},
        {RP_OP_f64_add, {0x8000000000000000, 0x8000000000000000}, 0x8000000000000000, RP_TRAP_NONE},
        {RP_OP_f64_sub, {0x7ff0000000000000, 0x7ff0000000000000}, 0x7ff8000000000000, RP_TRAP_NONE},
        {RP_OP_f64_div, {0x3ff0000000000000, 0x4008000000000000}, 0x3fd5555555555555, RP_TRAP_NONE},
        {RP_OP_f64_sqrt, {0x4000000000000000}, 0x3ff6a09e667f3bcd, RP_TRAP_NONE},
        {RP_OP_f32_sqrt, {0x40000000}, 0x3fb504f3, RP_TRAP_NONE},
        {RP_OP_f64_sqrt, {0x8000000000000000}, 0x8000000000000000, RP_TRAP_NONE},
        {RP_OP_f32_mul, {0x00000001, 0x3f000000}, 0, RP_TRAP_NONE},
        {RP_OP_f32_mul, {0x00000003, 0xbf000000}, 0x80000002, RP_TRAP_NONE},
        {RP_OP_f32_mul, {0x7f7fffff, 0x40000000}, 0x7f800000, RP_TRAP_NONE},
        {RP_OP_f32_min, {0x00000000, 0x80000000}, 0x80000000, RP_TRAP_NONE},
        {RP_OP_f32_max, {0x00000000, 0x80000000}, 0x00000000, RP_TRAP_NONE},
        {RP_OP_f32_max, {0xffc00001, 0x3f800000}, 0x7fc00000, RP_TRAP_NONE},
        {RP_OP_f32_neg, {0x7fa00000}, 0xffa00000, RP_TRAP_NONE},
        {RP_OP_f32_copysign, {0x7fa00000, 0x80000000}, 0xffa00000, RP_TRAP_NONE},
        {RP_OP_f64_nearest, {0x4004000000000000}, 0x4000000000000000, RP_TRAP_NONE},
        {RP_OP_f64_nearest, {0xbfe0000000000000}, 0x8000000000000000, RP_TRAP_NONE},
        {RP_OP_f64_ceil, {0xbfe0000000000000}, 0x8000000000000000, RP_TRAP_NONE},
        {RP_OP_f64_floor, {0x0000000000000001}, 0, RP_TRAP_NONE},
        {RP_OP_f32_ceil, {0x00000001}, 0x3f800000, RP_TRAP_NONE},
        {RP_OP_i32_trunc_f32_s, {0x7fa00000}, 0, RP_TRAP_INVALID_CONVERSION},
        {RP_OP_i32_trunc_f64_s, {0xc1e00000001fffff}, 0x80000000, RP_TRAP_NONE},
        {RP_OP_i32_trunc_f64_s, {0xc1e0000000200000}, 0, RP_TRAP_INTEGER_OVERFLOW},
        {RP_OP_i32_trunc_f64_u, {0xbfefffffffffffff}, 0, RP_TRAP_NONE},
        {RP_OP_i64_trunc_f32_u, {0x5f7fffff}, 0xffffff0000000000, RP_TRAP_NONE},
        {RP_OP_i64_trunc_f32_u, {0x5f800000}, 0, RP_TRAP_INTEGER_OVERFLOW},
        {RP_OP_i64_trunc_sat_f64_s, {0xfff0000000000000}, 0x8000000000000000, RP_TRAP_NONE},
        {RP_OP_i64_trunc_sat_f64_u, {0xfff8000000000000}, 0, RP_TRAP_NONE},
        {RP_OP_f32_convert_i64_u, {0x8000008000000001}, 0x5f000001, RP_TRAP_NONE},
        {RP_OP_f64_convert_i64_u, {0xffffffffffffffff}, 0x43f0000000000000, RP_TRAP_NONE},
        {RP_OP_f32_convert_i32_s, {0xffffffff}, 0xbf800000, RP_TRAP_NONE},
        {RP_OP_f32_demote_f64, {0x36a0000000000000}, 0x00000001, RP_TRAP_NONE},
        {RP_OP_f32_demote_f64, {0x3690000000000000}, 0x00000000, RP_TRAP_NONE},
        {RP_OP_f32_demote_f64, {0x47effffff0000000}, 0x7f800000, RP_TRAP_NONE},
        {RP_OP_f32_demote_f64, {0xfff4000000000000}, 0x7fc00000, RP_TRAP_NONE},
        {RP_OP_f64_promote_f32, {0xff800001}, 0x7ff8000000000000, RP_TRAP_NONE},
        {RP_OP_f64_promote_f32, {0x80000001}, 0xb6a0000000000000, RP_TRAP_NONE},
        {RP_OP_i32_lt_s, {0xffffffff, 0}, 1, RP_TRAP_NONE},
        {RP_OP_i32_lt_u, {0xffffffff, 0}, 0, RP_TRAP_NONE},
        {RP_OP_f64_ne, {0x7ff8000000000000, 0x7ff8000000000000}, 1, RP_TRAP_NONE},
        {RP_OP_f64_ge, {0x7ff8000000000000, 0}, 0, RP_TRAP_NONE},
        {RP_OP_f64_eq, {0x8000000000000000, 0}, 1, RP_TRAP_NONE},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        uint64_t result = 0;
        rp_trap_code trap;
        assert_true(rp_oracle_eval(cases[i].op, cases[i].operands, &result, &trap));
        if (trap != cases[i].trap || (trap == RP_TRAP_NONE && result != cases[i].result)) {
            fail_msg("case %zu, %s: 0x%" PRIx64 " trap %s", i, rp_op_infos[cases[i].op].text,
                     result, rp_trap_name(trap));
        }
    }
}

static void the_oracle_refuses_what_is_not_numeric(void **state)
{
    (void)state;
    const uint64_t operands[2] = {0, 0};
    unsigned numeric = 0;
    for (int op = 0; op < RP_OP_COUNT; op++) {
        uint64_t result;
        rp_trap_code trap;
        numeric += rp_oracle_eval((enum rp_op)op, operands, &result, &trap);
    }
    assert_int_equal(numeric, RP_ARRAY_COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oracle_knows_hand_checked_values),
        cmocka_unit_test(the_oracle_refuses_what_is_not_numeric),
        cmocka_unit_test(special_values_in_all_pairs_agree_with_the_oracle),
        cmocka_unit_test(random_operands_agree_with_the_oracle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
