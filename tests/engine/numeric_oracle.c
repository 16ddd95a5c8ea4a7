/* The numeric instructions by their definitions in the specification (layer 7, test support).
 * Instructions are told apart by their text, "i32.shr_s": the type before the dot, the operator and
 * a suffix for signedness behind it. */
#include "tests/engine/numeric_oracle.h"

#include "core/assert.h"
#include "tests/engine/exact_float.h"

#include <string.h>

static const struct rp_float_format *find_format(char letter)
{
    return letter == 'f' ? &rp_format_f32 : &rp_format_f64;
}

static bool is_float(char letter)
{
    return letter == 'f' || letter == 'd';
}

static unsigned count_bits(char letter)
{
    return letter == 'i' || letter == 'f' ? 32 : 64;
}

bool rp_oracle_signature(enum rp_op op, struct rp_oracle_signature *out_signature)
{
    const bool numeric = op >= RP_OP_i32_eqz && op <= RP_OP_i64_extend32_s;
    const bool saturating = op >= RP_OP_i32_trunc_sat_f32_s && op <= RP_OP_i64_trunc_sat_f64_u;
    if (!numeric && !saturating) {
        return false;
    }
    const char *letters = rp_signature_names[rp_op_infos[op].signature];
    const size_t count = strlen(letters) - 2;
    RP_ASSERT((count == 1 || count == 2) && letters[count] == '_');
    *out_signature = (struct rp_oracle_signature){
        .operand_count = (unsigned)count,
        .operands = {letters[0], count == 2 ? letters[1] : 0},
        .result = letters[count + 1],
    };
    return true;
}

/* ---- integers: 4.3.2 ---- */

struct int_case {
    unsigned bits;
    mpz_t a; /* as unsigned */
    mpz_t b;
    mpz_t signed_a;
    mpz_t signed_b;
    mpz_t result; /* cut to `bits` bits afterwards */
    rp_trap_code trap;
};

static void set_signed(mpz_ptr result, mpz_srcptr value, unsigned bits)
{
    mpz_fdiv_r_2exp(result, value, bits);
    if (mpz_tstbit(result, bits - 1)) {
        mpz_t modulus;
        mpz_init(modulus);
        mpz_ui_pow_ui(modulus, 2, bits);
        mpz_sub(result, result, modulus);
        mpz_clear(modulus);
    }
}

static unsigned find_distance(const struct int_case *c)
{
    return (unsigned)mpz_fdiv_ui(c->b, c->bits);
}

static void int_clz(struct int_case *c)
{
    const size_t used = mpz_sgn(c->a) == 0 ? 0 : mpz_sizeinbase(c->a, 2);
    mpz_set_ui(c->result, c->bits - used);
}

static void int_ctz(struct int_case *c)
{
    mpz_set_ui(c->result, mpz_sgn(c->a) == 0 ? c->bits : mpz_scan1(c->a, 0));
}

static void int_popcnt(struct int_case *c)
{
    mpz_set_ui(c->result, mpz_popcount(c->a));
}

static void int_add(struct int_case *c)
{
    mpz_add(c->result, c->a, c->b);
}

static void int_sub(struct int_case *c)
{
    mpz_sub(c->result, c->a, c->b);
}

static void int_mul(struct int_case *c)
{
    mpz_mul(c->result, c->a, c->b);
}

static bool divides_by_zero(struct int_case *c)
{
    if (mpz_sgn(c->b) == 0) {
        c->trap = RP_TRAP_INTEGER_DIVIDE_BY_ZERO;
    }
    return c->trap != RP_TRAP_NONE;
}

static void int_div_s(struct int_case *c)
{
    if (divides_by_zero(c)) {
        return;
    }
    mpz_tdiv_q(c->result, c->signed_a, c->signed_b);
    if (mpz_sgn(c->result) > 0 && mpz_sizeinbase(c->result, 2) == c->bits) {
        c->trap = RP_TRAP_INTEGER_OVERFLOW;
    }
}

static void int_div_u(struct int_case *c)
{
    if (!divides_by_zero(c)) {
        mpz_tdiv_q(c->result, c->a, c->b);
    }
}

static void int_rem_s(struct int_case *c)
{
    if (!divides_by_zero(c)) {
        mpz_tdiv_r(c->result, c->signed_a, c->signed_b);
    }
}

static void int_rem_u(struct int_case *c)
{
    if (!divides_by_zero(c)) {
        mpz_tdiv_r(c->result, c->a, c->b);
    }
}

static void int_and(struct int_case *c)
{
    mpz_and(c->result, c->a, c->b);
}

static void int_or(struct int_case *c)
{
    mpz_ior(c->result, c->a, c->b);
}

static void int_xor(struct int_case *c)
{
    mpz_xor(c->result, c->a, c->b);
}

static void int_shl(struct int_case *c)
{
    mpz_mul_2exp(c->result, c->a, find_distance(c));
}

static void int_shr_s(struct int_case *c)
{
    mpz_fdiv_q_2exp(c->result, c->signed_a, find_distance(c));
}

static void int_shr_u(struct int_case *c)
{
    mpz_fdiv_q_2exp(c->result, c->a, find_distance(c));
}

/* Shifted left, what leaves at the top is added at the bottom. */
static void rotate_left(struct int_case *c, unsigned distance)
{
    mpz_t top;
    mpz_init(top);
    mpz_mul_2exp(c->result, c->a, distance);
    mpz_fdiv_q_2exp(top, c->result, c->bits);
    mpz_add(c->result, c->result, top);
    mpz_clear(top);
}

static void int_rotl(struct int_case *c)
{
    rotate_left(c, find_distance(c));
}

static void int_rotr(struct int_case *c)
{
    rotate_left(c, c->bits - find_distance(c));
}

static void int_extend8_s(struct int_case *c)
{
    set_signed(c->result, c->a, 8);
}

static void int_extend16_s(struct int_case *c)
{
    set_signed(c->result, c->a, 16);
}

static void int_extend32_s(struct int_case *c)
{
    set_signed(c->result, c->a, 32);
}

static const struct int_row {
    const char *name;
    void (*eval)(struct int_case *c);
} int_rows[] = {
    {"clz", int_clz},
    {"ctz", int_ctz},
    {"popcnt", int_popcnt},
    {"add", int_add},
    {"sub", int_sub},
    {"mul", int_mul},
    {"div_s", int_div_s},
    {"div_u", int_div_u},
    {"rem_s", int_rem_s},
    {"rem_u", int_rem_u},
    {"and", int_and},
    {"or", int_or},
    {"xor", int_xor},
    {"shl", int_shl},
    {"shr_s", int_shr_s},
    {"shr_u", int_shr_u},
    {"rotl", int_rotl},
    {"rotr", int_rotr},
    {"extend8_s", int_extend8_s},
    {"extend16_s", int_extend16_s},
    {"extend32_s", int_extend32_s},
};

/* "lt", "lt_s", "lt_u" and their like, for the order of two numbers; -1 if `name` is no relation.
 * Unordered (2): only ne holds. */
static int find_relation(const char *name, int order)
{
    static const struct {
        char name[3];
        bool less, equal, greater, unordered;
    } relations[] = {
        {"eq", 0, 1, 0, 0}, {"ne", 1, 0, 1, 1}, {"lt", 1, 0, 0, 0},
        {"gt", 0, 0, 1, 0}, {"le", 1, 1, 0, 0}, {"ge", 0, 1, 1, 0},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(relations); i++) {
        if (strncmp(name, relations[i].name, 2) == 0 && (name[2] == 0 || name[2] == '_')) {
            return order == 2  ? relations[i].unordered
                   : order < 0 ? relations[i].less
                   : order > 0 ? relations[i].greater
                               : relations[i].equal;
        }
    }
    return -1;
}

static bool eval_int_name(const char *name, struct int_case *c)
{
    const bool is_signed = strcmp(name + strlen(name) - 2, "_s") == 0;
    const int relation =
        find_relation(name, is_signed ? mpz_cmp(c->signed_a, c->signed_b) : mpz_cmp(c->a, c->b));
    if (relation >= 0) {
        mpz_set_ui(c->result, (unsigned)relation);
        return true;
    }
    if (strcmp(name, "eqz") == 0) {
        mpz_set_ui(c->result, mpz_sgn(c->a) == 0);
        return true;
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(int_rows); i++) {
        if (strcmp(name, int_rows[i].name) == 0) {
            int_rows[i].eval(c);
            return true;
        }
    }
    return false;
}

static bool eval_int(const char *name, const struct rp_oracle_signature *signature,
                     const uint64_t *operands, uint64_t *out_result, rp_trap_code *out_trap)
{
    struct int_case c = {.bits = count_bits(signature->operands[0]), .trap = RP_TRAP_NONE};
    mpz_inits(c.a, c.b, c.signed_a, c.signed_b, c.result, NULL);
    mpz_set_ui(c.a, operands[0]);
    mpz_set_ui(c.b, signature->operand_count == 2 ? operands[1] : 0);
    set_signed(c.signed_a, c.a, c.bits);
    set_signed(c.signed_b, c.b, c.bits);
    const bool found = eval_int_name(name, &c);
    mpz_fdiv_r_2exp(c.result, c.result, count_bits(signature->result));
    *out_result = mpz_get_ui(c.result);
    *out_trap = c.trap;
    mpz_clears(c.a, c.b, c.signed_a, c.signed_b, c.result, NULL);
    return found;
}

/* ---- floats: 4.3.3; every NaN that is computed is the canonical one ---- */

struct float_case {
    const struct rp_float_format *format;
    uint64_t a_bits;
    uint64_t b_bits;
    struct rp_exact_float a;
    struct rp_exact_float b;
    mpq_t value;
};

static bool has_nan(const struct float_case *c)
{
    return c->a.class == RP_FLOAT_NAN || c->b.class == RP_FLOAT_NAN;
}

static bool is_zero(const struct rp_exact_float *number)
{
    return number->class == RP_FLOAT_FINITE && mpq_sgn(number->value) == 0;
}

static uint64_t find_sign_bit(const struct float_case *c)
{
    return (uint64_t)1 << (c->format->bits - 1);
}

static uint64_t float_abs(struct float_case *c)
{
    return c->a_bits & ~find_sign_bit(c);
}

static uint64_t float_neg(struct float_case *c)
{
    return c->a.negative ? c->a_bits - find_sign_bit(c) : c->a_bits + find_sign_bit(c);
}

static uint64_t float_copysign(struct float_case *c)
{
    return c->a.negative == c->b.negative ? c->a_bits : float_neg(c);
}

enum direction { DIRECTION_UP, DIRECTION_DOWN, DIRECTION_TO_ZERO, DIRECTION_NEAREST };

static void round_to_integer(mpz_ptr result, mpq_srcptr value, enum direction direction)
{
    switch (direction) {
    case DIRECTION_UP:
        mpz_cdiv_q(result, mpq_numref(value), mpq_denref(value));
        return;
    case DIRECTION_DOWN:
        mpz_fdiv_q(result, mpq_numref(value), mpq_denref(value));
        return;
    case DIRECTION_TO_ZERO:
        mpz_tdiv_q(result, mpq_numref(value), mpq_denref(value));
        return;
    case DIRECTION_NEAREST:
        break;
    }
    /* The floor of value + 1/2, and one less if that was a tie and went to an odd number. */
    mpq_t half;
    mpq_init(half);
    mpq_set_ui(half, 1, 2);
    mpq_add(half, half, value);
    mpz_fdiv_q(result, mpq_numref(half), mpq_denref(half));
    if (mpz_cmp_ui(mpq_denref(half), 1) == 0 && mpz_odd_p(result)) {
        mpz_sub_ui(result, result, 1);
    }
    mpq_clear(half);
}

static uint64_t round_float(struct float_case *c, enum direction direction)
{
    if (has_nan(c)) {
        return rp_float_nan(c->format);
    }
    if (c->a.class == RP_FLOAT_INFINITE) {
        return c->a_bits;
    }
    mpz_t integer;
    mpz_init(integer);
    round_to_integer(integer, c->a.value, direction);
    mpq_set_z(c->value, integer);
    mpz_clear(integer);
    return rp_float_round(c->format, c->value, c->a.negative);
}

static uint64_t float_ceil(struct float_case *c)
{
    return round_float(c, DIRECTION_UP);
}

static uint64_t float_floor(struct float_case *c)
{
    return round_float(c, DIRECTION_DOWN);
}

static uint64_t float_trunc(struct float_case *c)
{
    return round_float(c, DIRECTION_TO_ZERO);
}

static uint64_t float_nearest(struct float_case *c)
{
    return round_float(c, DIRECTION_NEAREST);
}

static uint64_t float_sqrt(struct float_case *c)
{
    if (has_nan(c)) {
        return rp_float_nan(c->format);
    }
    if (is_zero(&c->a)) {
        return c->a_bits;
    }
    if (c->a.negative) {
        return rp_float_nan(c->format);
    }
    return c->a.class == RP_FLOAT_INFINITE ? c->a_bits : rp_float_round_sqrt(c->format, c->a.value);
}

static uint64_t float_add(struct float_case *c)
{
    const bool infinite_a = c->a.class == RP_FLOAT_INFINITE;
    const bool infinite_b = c->b.class == RP_FLOAT_INFINITE;
    if (has_nan(c) || (infinite_a && infinite_b && c->a.negative != c->b.negative)) {
        return rp_float_nan(c->format);
    }
    if (infinite_a || infinite_b) {
        return infinite_a ? c->a_bits : rp_float_infinity(c->format, c->b.negative);
    }
    mpq_add(c->value, c->a.value, c->b.value);
    return rp_float_round(c->format, c->value, c->a.negative && c->b.negative);
}

static uint64_t float_sub(struct float_case *c)
{
    c->b.negative = !c->b.negative;
    mpq_neg(c->b.value, c->b.value);
    return float_add(c);
}

static uint64_t float_mul(struct float_case *c)
{
    const bool infinite = c->a.class == RP_FLOAT_INFINITE || c->b.class == RP_FLOAT_INFINITE;
    const bool negative = c->a.negative != c->b.negative;
    if (has_nan(c) || (infinite && (is_zero(&c->a) || is_zero(&c->b)))) {
        return rp_float_nan(c->format);
    }
    if (infinite) {
        return rp_float_infinity(c->format, negative);
    }
    mpq_mul(c->value, c->a.value, c->b.value);
    return rp_float_round(c->format, c->value, negative);
}

static uint64_t float_div(struct float_case *c)
{
    const bool infinite_a = c->a.class == RP_FLOAT_INFINITE;
    const bool infinite_b = c->b.class == RP_FLOAT_INFINITE;
    const bool negative = c->a.negative != c->b.negative;
    if (has_nan(c) || (infinite_a && infinite_b) || (is_zero(&c->a) && is_zero(&c->b))) {
        return rp_float_nan(c->format);
    }
    if (infinite_a || is_zero(&c->b)) {
        return rp_float_infinity(c->format, negative);
    }
    if (infinite_b) {
        return rp_float_zero(c->format, negative);
    }
    mpq_div(c->value, c->a.value, c->b.value);
    return rp_float_round(c->format, c->value, negative);
}

/* The operand on the given side; of zeros of both signs the one of that sign. */
static uint64_t select_float(struct float_case *c, int side)
{
    if (has_nan(c)) {
        return rp_float_nan(c->format);
    }
    const int order = rp_exact_float_compare(&c->a, &c->b);
    if (order == 0) {
        return c->a.negative == (side < 0) ? c->a_bits : c->b_bits;
    }
    return order == side ? c->a_bits : c->b_bits;
}

static uint64_t float_min(struct float_case *c)
{
    return select_float(c, -1);
}

static uint64_t float_max(struct float_case *c)
{
    return select_float(c, 1);
}

static const struct float_row {
    const char *name;
    uint64_t (*eval)(struct float_case *c);
} float_rows[] = {
    {"abs", float_abs},     {"neg", float_neg},           {"ceil", float_ceil},
    {"floor", float_floor}, {"trunc", float_trunc},       {"nearest", float_nearest},
    {"sqrt", float_sqrt},   {"add", float_add},           {"sub", float_sub},
    {"mul", float_mul},     {"div", float_div},           {"min", float_min},
    {"max", float_max},     {"copysign", float_copysign},
};

static bool eval_float_name(const char *name, struct float_case *c, uint64_t *out_result)
{
    const int relation = find_relation(name, rp_exact_float_compare(&c->a, &c->b));
    if (relation >= 0) {
        *out_result = (uint64_t)relation;
        return true;
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(float_rows); i++) {
        if (strcmp(name, float_rows[i].name) == 0) {
            *out_result = float_rows[i].eval(c);
            return true;
        }
    }
    return false;
}

static bool eval_float(const char *name, const struct rp_oracle_signature *signature,
                       const uint64_t *operands, uint64_t *out_result)
{
    struct float_case c = {
        .format = find_format(signature->operands[0]),
        .a_bits = operands[0],
        .b_bits = signature->operand_count == 2 ? operands[1] : 0,
    };
    rp_exact_float_init(&c.a);
    rp_exact_float_init(&c.b);
    mpq_init(c.value);
    rp_exact_float_decode(&c.a, c.format, c.a_bits);
    rp_exact_float_decode(&c.b, c.format, c.b_bits);
    const bool found = eval_float_name(name, &c, out_result);
    mpq_clear(c.value);
    rp_exact_float_deinit(&c.b);
    rp_exact_float_deinit(&c.a);
    return found;
}

/* ---- conversions: 4.3.4 ---- */

static void find_range(mpz_ptr low, mpz_ptr high, unsigned bits, bool is_signed)
{
    mpz_ui_pow_ui(high, 2, is_signed ? bits - 1 : bits);
    mpz_neg(low, high);
    if (!is_signed) {
        mpz_set_ui(low, 0);
    }
    mpz_sub_ui(high, high, 1);
}

/* Float to integer. A trap code is for the trapping kind; the saturating kind has the result that
 * is given with it. */
static rp_trap_code truncate_float(const struct rp_exact_float *number, unsigned bits,
                                   bool is_signed, uint64_t *out_result)
{
    mpz_t low;
    mpz_t high;
    mpz_t integer;
    mpz_inits(low, high, integer, NULL);
    find_range(low, high, bits, is_signed);
    round_to_integer(integer, number->value, DIRECTION_TO_ZERO);
    const bool infinite = number->class == RP_FLOAT_INFINITE;
    const bool above = (infinite && !number->negative) || mpz_cmp(integer, high) > 0;
    const bool below = (infinite && number->negative) || mpz_cmp(integer, low) < 0;
    mpz_srcptr result = above ? high : below ? low : integer;
    mpz_fdiv_r_2exp(integer, result, bits);
    *out_result = mpz_get_ui(integer);
    mpz_clears(low, high, integer, NULL);
    if (number->class == RP_FLOAT_NAN) {
        return RP_TRAP_INVALID_CONVERSION;
    }
    return above || below ? RP_TRAP_INTEGER_OVERFLOW : RP_TRAP_NONE;
}

static uint64_t convert_int(uint64_t bits, unsigned width, bool is_signed,
                            const struct rp_float_format *format)
{
    mpz_t integer;
    mpq_t value;
    mpz_init_set_ui(integer, bits);
    mpq_init(value);
    if (is_signed) {
        set_signed(integer, integer, width);
    }
    mpq_set_z(value, integer);
    const uint64_t result = rp_float_round(format, value, false);
    mpq_clear(value);
    mpz_clear(integer);
    return result;
}

static uint64_t convert_float(const struct rp_exact_float *number,
                              const struct rp_float_format *format)
{
    switch (number->class) {
    case RP_FLOAT_NAN:
        return rp_float_nan(format);
    case RP_FLOAT_INFINITE:
        return rp_float_infinity(format, number->negative);
    case RP_FLOAT_FINITE:
        break;
    }
    return rp_float_round(format, number->value, number->negative);
}

static bool has_prefix(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool eval_conversion(const char *name, const struct rp_oracle_signature *signature,
                            uint64_t operand, uint64_t *out_result, rp_trap_code *out_trap)
{
    const char from = signature->operands[0];
    const char to = signature->result;
    const bool is_signed = strcmp(name + strlen(name) - 2, "_s") == 0;
    *out_trap = RP_TRAP_NONE;
    if (has_prefix(name, "reinterpret_")) {
        *out_result = operand;
        return true;
    }
    if (!is_float(from)) {
        if (is_float(to)) {
            *out_result = convert_int(operand, count_bits(from), is_signed, find_format(to));
            return has_prefix(name, "convert_");
        }
        mpz_t integer;
        mpz_init_set_ui(integer, operand);
        if (is_signed) {
            set_signed(integer, integer, count_bits(from));
        }
        mpz_fdiv_r_2exp(integer, integer, count_bits(to));
        *out_result = mpz_get_ui(integer);
        mpz_clear(integer);
        return has_prefix(name, "wrap_") || has_prefix(name, "extend_");
    }
    struct rp_exact_float number;
    rp_exact_float_init(&number);
    rp_exact_float_decode(&number, find_format(from), operand);
    if (is_float(to)) {
        *out_result = convert_float(&number, find_format(to));
    } else {
        const rp_trap_code trap = truncate_float(&number, count_bits(to), is_signed, out_result);
        *out_trap = has_prefix(name, "trunc_sat_") ? RP_TRAP_NONE : trap;
    }
    rp_exact_float_deinit(&number);
    return has_prefix(name, "trunc_") || has_prefix(name, "demote_") ||
           has_prefix(name, "promote_");
}

bool rp_oracle_eval(enum rp_op op, const uint64_t *operands, uint64_t *out_result,
                    rp_trap_code *out_trap)
{
    struct rp_oracle_signature signature;
    if (!rp_oracle_signature(op, &signature)) {
        return false;
    }
    const char *name = rp_op_infos[op].text + strlen("i32.");
    *out_trap = RP_TRAP_NONE;
    const bool found = is_float(signature.operands[0])
                           ? eval_float(name, &signature, operands, out_result)
                           : eval_int(name, &signature, operands, out_result, out_trap);
    return found || eval_conversion(name, &signature, operands[0], out_result, out_trap);
}
