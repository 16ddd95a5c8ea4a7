/* Binary floating-point numbers as exact rationals (layer 7, test support). Rounding is integer
 * division with remainder: the quotient counts units in the last place, the remainder against half
 * a unit decides. */
#include "tests/engine/exact_float.h"

#include "core/assert.h"

const struct rp_float_format rp_format_f32 = {32, 23, -149, 0xff};
const struct rp_float_format rp_format_f64 = {64, 52, -1074, 0x7ff};

void rp_exact_float_init(struct rp_exact_float *number)
{
    number->class = RP_FLOAT_FINITE;
    number->negative = false;
    mpq_init(number->value);
}

void rp_exact_float_deinit(struct rp_exact_float *number)
{
    mpq_clear(number->value);
}

static uint64_t sign_bit(const struct rp_float_format *format, bool negative)
{
    return (uint64_t)negative << (format->bits - 1);
}

uint64_t rp_float_nan(const struct rp_float_format *format)
{
    return format->exponent_max << format->fraction_bits | (uint64_t)1
                                                               << (format->fraction_bits - 1);
}

uint64_t rp_float_infinity(const struct rp_float_format *format, bool negative)
{
    return sign_bit(format, negative) | format->exponent_max << format->fraction_bits;
}

uint64_t rp_float_zero(const struct rp_float_format *format, bool negative)
{
    return sign_bit(format, negative);
}

void rp_exact_float_decode(struct rp_exact_float *number, const struct rp_float_format *format,
                           uint64_t bits)
{
    const uint64_t implicit = (uint64_t)1 << format->fraction_bits;
    const uint64_t fraction = bits & (implicit - 1);
    const uint64_t exponent = bits >> format->fraction_bits & format->exponent_max;
    number->negative = (bits >> (format->bits - 1) & 1) != 0;
    mpq_set_ui(number->value, 0, 1);
    if (exponent == format->exponent_max) {
        number->class = fraction == 0 ? RP_FLOAT_INFINITE : RP_FLOAT_NAN;
        return;
    }
    number->class = RP_FLOAT_FINITE;
    const uint64_t units = exponent == 0 ? fraction : fraction | implicit;
    const int unit = format->exponent_min + (exponent == 0 ? 0 : (int)exponent - 1);
    mpq_set_ui(number->value, units, 1);
    if (unit < 0) {
        mpq_div_2exp(number->value, number->value, (mp_bitcnt_t)-unit);
    } else {
        mpq_mul_2exp(number->value, number->value, (mp_bitcnt_t)unit);
    }
    if (number->negative) {
        mpq_neg(number->value, number->value);
    }
}

static int infinite_sign(const struct rp_exact_float *number)
{
    if (number->class != RP_FLOAT_INFINITE) {
        return 0;
    }
    return number->negative ? -1 : 1;
}

int rp_exact_float_compare(const struct rp_exact_float *a, const struct rp_exact_float *b)
{
    if (a->class == RP_FLOAT_NAN || b->class == RP_FLOAT_NAN) {
        return 2;
    }
    const int infinite = infinite_sign(a) - infinite_sign(b);
    const int order = infinite != 0 ? infinite : mpq_cmp(a->value, b->value);
    return (order > 0) - (order < 0);
}

/* The exponent e with 2^e <= value < 2^(e+1), for value > 0. */
static int find_exponent(mpq_srcptr value)
{
    const long num_bits = (long)mpz_sizeinbase(mpq_numref(value), 2);
    const long den_bits = (long)mpz_sizeinbase(mpq_denref(value), 2);
    const long guess = num_bits - den_bits; /* value < 2^(guess + 1), value > 2^(guess - 1) */
    mpq_t power;
    mpq_init(power);
    mpq_set_ui(power, 1, 1);
    if (guess < 0) {
        mpq_div_2exp(power, power, (mp_bitcnt_t)-guess);
    } else {
        mpq_mul_2exp(power, power, (mp_bitcnt_t)guess);
    }
    const bool below = mpq_cmp(value, power) < 0;
    mpq_clear(power);
    return (int)(below ? guess - 1 : guess);
}

/* The exponent of the unit in the last place of a number of exponent `exponent`. */
static int find_unit(const struct rp_float_format *format, int exponent)
{
    const int unit = exponent - (int)format->fraction_bits;
    return unit < format->exponent_min ? format->exponent_min : unit;
}

/* value / 2^exponent */
static void scale_down(mpq_ptr result, mpq_srcptr value, int exponent)
{
    if (exponent < 0) {
        mpq_mul_2exp(result, value, (mp_bitcnt_t)-exponent);
    } else {
        mpq_div_2exp(result, value, (mp_bitcnt_t)exponent);
    }
}

/* The bits of `units` * 2^unit, with units at most 2^(fraction_bits + 1). */
static uint64_t pack_units(const struct rp_float_format *format, uint64_t units, int unit)
{
    const uint64_t implicit = (uint64_t)1 << format->fraction_bits;
    RP_ASSERT(units <= implicit << 1);
    if (units == implicit << 1) {
        units = implicit;
        unit++;
    }
    if (units < implicit) {
        RP_ASSERT(unit == format->exponent_min);
        return units;
    }
    const uint64_t exponent = (uint64_t)(unit - format->exponent_min) + 1;
    if (exponent >= format->exponent_max) {
        return rp_float_infinity(format, false);
    }
    return exponent << format->fraction_bits | (units - implicit);
}

uint64_t rp_float_round(const struct rp_float_format *format, mpq_srcptr value, bool zero_negative)
{
    const int sign = mpq_sgn(value);
    if (sign == 0) {
        return rp_float_zero(format, zero_negative);
    }
    mpq_t scaled;
    mpz_t quotient;
    mpz_t remainder;
    mpq_init(scaled);
    mpz_inits(quotient, remainder, NULL);
    mpq_abs(scaled, value);
    const int unit = find_unit(format, find_exponent(scaled));
    scale_down(scaled, scaled, unit);
    mpz_fdiv_qr(quotient, remainder, mpq_numref(scaled), mpq_denref(scaled));
    mpz_mul_2exp(remainder, remainder, 1);
    const int half = mpz_cmp(remainder, mpq_denref(scaled));
    if (half > 0 || (half == 0 && mpz_odd_p(quotient))) {
        mpz_add_ui(quotient, quotient, 1);
    }
    const uint64_t magnitude = pack_units(format, mpz_get_ui(quotient), unit);
    mpz_clears(quotient, remainder, NULL);
    mpq_clear(scaled);
    return sign_bit(format, sign < 0) | magnitude;
}

uint64_t rp_float_round_sqrt(const struct rp_float_format *format, mpq_srcptr value)
{
    RP_ASSERT(mpq_sgn(value) > 0);
    const int exponent = find_exponent(value);
    const int unit = find_unit(format, exponent >= 0 ? exponent / 2 : -((1 - exponent) / 2));
    mpq_t square; /* of the root in units */
    mpq_t middle;
    mpz_t root;
    mpq_inits(square, middle, NULL);
    mpz_init(root);
    scale_down(square, value, 2 * unit);
    mpz_fdiv_q(root, mpq_numref(square), mpq_denref(square));
    mpz_sqrt(root, root);
    mpz_mul_2exp(mpq_numref(middle), root, 1);
    mpz_add_ui(mpq_numref(middle), mpq_numref(middle), 1);
    mpz_set_ui(mpq_denref(middle), 2);
    mpq_mul(middle, middle, middle);
    const int half = mpq_cmp(square, middle);
    if (half > 0 || (half == 0 && mpz_odd_p(root))) {
        mpz_add_ui(root, root, 1);
    }
    const uint64_t bits = pack_units(format, mpz_get_ui(root), unit);
    mpz_clear(root);
    mpq_clears(square, middle, NULL);
    return bits;
}
