/* Claims about engine/numeric.def as a table: it covers exactly the numeric instructions on
 * scalars, in the order of their opcodes, with the types and the traps that core/opcode.def says.
 * Completeness and order are compile-time checks. */
#include "core/opcode.h"
#include "reprise/reprise.h"
#include "tests/support/unit.h"

#include <stdio.h>

/* The position of each row. */
enum numeric_index {
#define RP_UNARY(id, result, operand, expr) NUMERIC_##id,
#define RP_BINARY(id, result, left, right, expr) NUMERIC_##id,
#define RP_UNARY_TRAP(id, result, operand, trap, expr) NUMERIC_##id,
#define RP_BINARY_TRAP(id, result, left, right, trap, expr) NUMERIC_##id,
#include "engine/numeric.def"
    NUMERIC_COUNT
};

/* Rows of core/opcode.def stand in the order of prefix and code, so two ranges without gaps are
 * told by their ends. */
#define PLAIN_COUNT ((int)RP_OP_i64_extend32_s - (int)RP_OP_i32_eqz + 1)
#define SATURATING_COUNT ((int)RP_OP_i64_trunc_sat_f64_u - (int)RP_OP_i32_trunc_sat_f32_s + 1)

static_assert(PLAIN_COUNT == 0xc4 - 0x45 + 1, "the opcode table has every code from 0x45 to 0xc4");
static_assert(SATURATING_COUNT == 8, "the opcode table has every code from 0xfc 0 to 0xfc 7");
static_assert((int)NUMERIC_COUNT == PLAIN_COUNT + SATURATING_COUNT, "one row per instruction");

#define CHECK_POSITION(id)                                                                      \
    static_assert((int)RP_OP_##id ==                                                            \
                      ((int)NUMERIC_##id < PLAIN_COUNT                                          \
                           ? (int)RP_OP_i32_eqz + (int)NUMERIC_##id                             \
                           : (int)RP_OP_i32_trunc_sat_f32_s + (int)NUMERIC_##id - PLAIN_COUNT), \
                  "numeric.def: " #id " stands where the opcode table has another instruction");
#define RP_UNARY(id, result, operand, expr) CHECK_POSITION(id)
#define RP_BINARY(id, result, left, right, expr) CHECK_POSITION(id)
#define RP_UNARY_TRAP(id, result, operand, trap, expr) CHECK_POSITION(id)
#define RP_BINARY_TRAP(id, result, left, right, trap, expr) CHECK_POSITION(id)
#include "engine/numeric.def"

#define LETTER_i32 "i"
#define LETTER_i64 "l"
#define LETTER_f32 "f"
#define LETTER_f64 "d"

static const struct {
    enum rp_op op;
    bool traps;
    const char *signature;
} rows[] = {
#define RP_UNARY(id, result, operand, expr) \
    {RP_OP_##id, false, LETTER_##operand "_" LETTER_##result},
#define RP_BINARY(id, result, left, right, expr) \
    {RP_OP_##id, false, LETTER_##left LETTER_##right "_" LETTER_##result},
#define RP_UNARY_TRAP(id, result, operand, trap, expr) \
    {RP_OP_##id, true, LETTER_##operand "_" LETTER_##result},
#define RP_BINARY_TRAP(id, result, left, right, trap, expr) \
    {RP_OP_##id, true, LETTER_##left LETTER_##right "_" LETTER_##result},
#include "engine/numeric.def"
};

static void rows_have_the_types_of_the_opcode_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(rows); i++) {
        const struct rp_op_info *info = &rp_op_infos[rows[i].op];
        assert_string_equal(rows[i].signature, rp_signature_names[info->signature]);
    }
}

static void rows_trap_where_the_opcode_table_says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(rows); i++) {
        const struct rp_op_info *info = &rp_op_infos[rows[i].op];
        if (rows[i].traps != ((info->flags & RP_OP_TRAPS) != 0)) {
            fail_msg("%s", info->text);
        }
    }
}

static void the_ranges_have_the_codes_of_the_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(rows); i++) {
        const struct rp_op_info *info = &rp_op_infos[rows[i].op];
        const bool plain = i < (size_t)PLAIN_COUNT;
        assert_int_equal(info->prefix, plain ? 0 : 0xfc);
        assert_int_equal(info->code, plain ? 0x45 + i : i - (size_t)PLAIN_COUNT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_the_types_of_the_opcode_table),
        cmocka_unit_test(rows_trap_where_the_opcode_table_says_so),
        cmocka_unit_test(the_ranges_have_the_codes_of_the_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
