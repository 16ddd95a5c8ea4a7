/* The floating-point operations of the WebAssembly specification (4.3.3) in its deterministic
 * profile (layer 1).
 *
 * Operands and results are bit patterns, so that no NaN is changed by being carried in a C float.
 * Invariants:
 * - every NaN that is computed is the positive canonical one, whatever the operands' NaNs were and
 * whatever the host would make;
 * - neg, abs and copysign move bits only: their NaNs keep their payload;
 * - every result is correctly rounded, to nearest, ties to even, provided that the host's mode is
 * that of determinism/float_env.h;
 * - nothing calls libm, and nothing is undefined behaviour in C.
 * The conversions to integers are defined where the trap function of the same instruction answers
 * RP_TRAP_NONE. No effect on gas. */
#ifndef RP_DETERMINISM_FLOAT_RULES_H
#define RP_DETERMINISM_FLOAT_RULES_H

#include "core/compiler.h"
#include "reprise/reprise.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static_assert(__FINITE_MATH_ONLY__ == 0,
              "NaN and infinity are values: no -ffast-math, no -ffinite-math-only");
static_assert(FLT_MANT_DIG == 24 && DBL_MANT_DIG == 53,
              "float and double must be binary32 and binary64");

/* The positive canonical NaN, and infinity: magnitudes above it are NaNs. */
#define RP_F32_NAN 0x7fc00000u
#define RP_F64_NAN 0x7ff8000000000000u
#define RP_F32_INFINITY 0x7f800000u
#define RP_F64_INFINITY 0x7ff0000000000000u

/* ---- f32 ---- */

static RP_ALWAYS_INLINE float rp_f32_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static RP_ALWAYS_INLINE uint32_t rp_f32_to_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* The bits of a computed value. */
static RP_ALWAYS_INLINE uint32_t rp_f32_computed(float value)
{
    return RP_UNLIKELY(value != value) ? RP_F32_NAN : rp_f32_to_bits(value);
}

static RP_ALWAYS_INLINE uint32_t rp_f32_abs(uint32_t a)
{
    return a & 0x7fffffffu;
}

static RP_ALWAYS_INLINE uint32_t rp_f32_neg(uint32_t a)
{
    return a ^ 0x80000000u;
}

static RP_ALWAYS_INLINE uint32_t rp_f32_copysign(uint32_t a, uint32_t b)
{
    return (a & 0x7fffffffu) | (b & 0x80000000u);
}

static RP_ALWAYS_INLINE uint32_t rp_f32_add(uint32_t a, uint32_t b)
{
    return rp_f32_computed(rp_f32_from_bits(a) + rp_f32_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f32_sub(uint32_t a, uint32_t b)
{
    return rp_f32_computed(rp_f32_from_bits(a) - rp_f32_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f32_mul(uint32_t a, uint32_t b)
{
    return rp_f32_computed(rp_f32_from_bits(a) * rp_f32_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f32_div(uint32_t a, uint32_t b)
{
    return rp_f32_computed(rp_f32_from_bits(a) / rp_f32_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f32_sqrt(uint32_t a)
{
    return rp_f32_computed(rp_sqrt_f32(rp_f32_from_bits(a)));
}

/* Each of the two selections is one machine instruction that answers its second operand if they are
 * equal, so that their disjunction is right for zeros of different sign. */
static RP_ALWAYS_INLINE uint32_t rp_f32_min(uint32_t a, uint32_t b)
{
    const float x = rp_f32_from_bits(a);
    const float y = rp_f32_from_bits(b);
    if (RP_UNLIKELY(__builtin_isunordered(x, y))) {
        return RP_F32_NAN;
    }
    return rp_f32_to_bits(x < y ? x : y) | rp_f32_to_bits(y < x ? y : x);
}

static RP_ALWAYS_INLINE uint32_t rp_f32_max(uint32_t a, uint32_t b)
{
    const float x = rp_f32_from_bits(a);
    const float y = rp_f32_from_bits(b);
    if (RP_UNLIKELY(__builtin_isunordered(x, y))) {
        return RP_F32_NAN;
    }
    return rp_f32_to_bits(x > y ? x : y) & rp_f32_to_bits(y > x ? y : x);
}

/* Rounding to an integer works on the bits: faster than the conversions that hosts without a
 * rounding instruction need, and independent of the host's mode. Below 1 the answer is a zero or
 * `one_or_zero` with the sign kept; from 2^23 on there is no fraction; between, the bits of the
 * fraction are cleared after `bias` was added, whose carry goes into the exponent as it must. */
static RP_ALWAYS_INLINE uint32_t rp_f32_without_fraction(uint32_t a)
{
    return RP_UNLIKELY(rp_f32_abs(a) > RP_F32_INFINITY) ? RP_F32_NAN : a;
}

/* `away` all ones: a fraction makes the magnitude larger; 0: smaller. */
static RP_ALWAYS_INLINE uint32_t rp_f32_round_directed(uint32_t a, uint32_t away)
{
    const uint32_t exponent = (a >> 23) & 0xffu;
    if (RP_UNLIKELY(exponent >= 150u)) {
        return rp_f32_without_fraction(a);
    }
    if (exponent < 127u) {
        const uint32_t one_or_zero = away & (rp_f32_abs(a) != 0 ? 0x3f800000u : 0u);
        return rp_f32_copysign(one_or_zero, a);
    }
    const uint32_t fraction = 0x007fffffu >> ((exponent - 127u) & 31u);
    return (a + (fraction & away)) & ~fraction;
}

/* All ones for a negative sign, else 0. */
static RP_ALWAYS_INLINE uint32_t rp_f32_sign_mask(uint32_t a)
{
    return 0u - (a >> 31);
}

static RP_ALWAYS_INLINE uint32_t rp_f32_ceil(uint32_t a)
{
    return rp_f32_round_directed(a, ~rp_f32_sign_mask(a));
}

static RP_ALWAYS_INLINE uint32_t rp_f32_floor(uint32_t a)
{
    return rp_f32_round_directed(a, rp_f32_sign_mask(a));
}

static RP_ALWAYS_INLINE uint32_t rp_f32_trunc(uint32_t a)
{
    return rp_f32_round_directed(a, 0);
}

/* Ties to even: half a unit less one, and one more if the unit's bit is set. For 1 <= |a| < 2 that
 * bit is the lowest of the exponent, which is odd as the implicit bit is. */
static RP_ALWAYS_INLINE uint32_t rp_f32_nearest(uint32_t a)
{
    const uint32_t exponent = (a >> 23) & 0xffu;
    if (RP_UNLIKELY(exponent >= 150u)) {
        return rp_f32_without_fraction(a);
    }
    if (exponent < 127u) {
        const uint32_t one_or_zero = rp_f32_abs(a) > 0x3f000000u ? 0x3f800000u : 0u;
        return rp_f32_copysign(one_or_zero, a);
    }
    const uint32_t shift = (150u - exponent) & 31u;
    const uint32_t fraction = 0x007fffffu >> ((exponent - 127u) & 31u);
    const uint32_t odd = (a >> shift) & 1u;
    return (a + (fraction >> 1) + odd) & ~fraction;
}

static RP_ALWAYS_INLINE uint32_t rp_f32_eq(uint32_t a, uint32_t b)
{
    return (uint32_t)(rp_f32_from_bits(a) == rp_f32_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f32_ne(uint32_t a, uint32_t b)
{
    return (uint32_t)(rp_f32_from_bits(a) != rp_f32_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f32_lt(uint32_t a, uint32_t b)
{
    return (uint32_t)(rp_f32_from_bits(a) < rp_f32_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f32_gt(uint32_t a, uint32_t b)
{
    return (uint32_t)(rp_f32_from_bits(a) > rp_f32_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f32_le(uint32_t a, uint32_t b)
{
    return (uint32_t)(rp_f32_from_bits(a) <= rp_f32_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f32_ge(uint32_t a, uint32_t b)
{
    return (uint32_t)(rp_f32_from_bits(a) >= rp_f32_from_bits(b));
}

/* ---- f64 ---- */

static RP_ALWAYS_INLINE double rp_f64_from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static RP_ALWAYS_INLINE uint64_t rp_f64_to_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* The bits of a computed value. */
static RP_ALWAYS_INLINE uint64_t rp_f64_computed(double value)
{
    return RP_UNLIKELY(value != value) ? RP_F64_NAN : rp_f64_to_bits(value);
}

static RP_ALWAYS_INLINE uint64_t rp_f64_abs(uint64_t a)
{
    return a & 0x7fffffffffffffffu;
}

static RP_ALWAYS_INLINE uint64_t rp_f64_neg(uint64_t a)
{
    return a ^ 0x8000000000000000u;
}

static RP_ALWAYS_INLINE uint64_t rp_f64_copysign(uint64_t a, uint64_t b)
{
    return (a & 0x7fffffffffffffffu) | (b & 0x8000000000000000u);
}

static RP_ALWAYS_INLINE uint64_t rp_f64_add(uint64_t a, uint64_t b)
{
    return rp_f64_computed(rp_f64_from_bits(a) + rp_f64_from_bits(b));
}

static RP_ALWAYS_INLINE uint64_t rp_f64_sub(uint64_t a, uint64_t b)
{
    return rp_f64_computed(rp_f64_from_bits(a) - rp_f64_from_bits(b));
}

static RP_ALWAYS_INLINE uint64_t rp_f64_mul(uint64_t a, uint64_t b)
{
    return rp_f64_computed(rp_f64_from_bits(a) * rp_f64_from_bits(b));
}

static RP_ALWAYS_INLINE uint64_t rp_f64_div(uint64_t a, uint64_t b)
{
    return rp_f64_computed(rp_f64_from_bits(a) / rp_f64_from_bits(b));
}

static RP_ALWAYS_INLINE uint64_t rp_f64_sqrt(uint64_t a)
{
    return rp_f64_computed(rp_sqrt_f64(rp_f64_from_bits(a)));
}

/* Each of the two selections is one machine instruction that answers its second operand if they are
 * equal, so that their disjunction is right for zeros of different sign. */
static RP_ALWAYS_INLINE uint64_t rp_f64_min(uint64_t a, uint64_t b)
{
    const double x = rp_f64_from_bits(a);
    const double y = rp_f64_from_bits(b);
    if (RP_UNLIKELY(__builtin_isunordered(x, y))) {
        return RP_F64_NAN;
    }
    return rp_f64_to_bits(x < y ? x : y) | rp_f64_to_bits(y < x ? y : x);
}

static RP_ALWAYS_INLINE uint64_t rp_f64_max(uint64_t a, uint64_t b)
{
    const double x = rp_f64_from_bits(a);
    const double y = rp_f64_from_bits(b);
    if (RP_UNLIKELY(__builtin_isunordered(x, y))) {
        return RP_F64_NAN;
    }
    return rp_f64_to_bits(x > y ? x : y) & rp_f64_to_bits(y > x ? y : x);
}

/* Rounding to an integer works on the bits: faster than the conversions that hosts without a
 * rounding instruction need, and independent of the host's mode. Below 1 the answer is a zero or
 * `one_or_zero` with the sign kept; from 2^52 on there is no fraction; between, the bits of the
 * fraction are cleared after `bias` was added, whose carry goes into the exponent as it must. */
static RP_ALWAYS_INLINE uint64_t rp_f64_without_fraction(uint64_t a)
{
    return RP_UNLIKELY(rp_f64_abs(a) > RP_F64_INFINITY) ? RP_F64_NAN : a;
}

/* `away` all ones: a fraction makes the magnitude larger; 0: smaller. */
static RP_ALWAYS_INLINE uint64_t rp_f64_round_directed(uint64_t a, uint64_t away)
{
    const uint64_t exponent = (a >> 52) & 0x7ffu;
    if (RP_UNLIKELY(exponent >= 1075u)) {
        return rp_f64_without_fraction(a);
    }
    if (exponent < 1023u) {
        const uint64_t one_or_zero = away & (rp_f64_abs(a) != 0 ? 0x3ff0000000000000u : 0u);
        return rp_f64_copysign(one_or_zero, a);
    }
    const uint64_t fraction = 0x000fffffffffffffu >> ((exponent - 1023u) & 63u);
    return (a + (fraction & away)) & ~fraction;
}

/* All ones for a negative sign, else 0. */
static RP_ALWAYS_INLINE uint64_t rp_f64_sign_mask(uint64_t a)
{
    return 0u - (a >> 63);
}

static RP_ALWAYS_INLINE uint64_t rp_f64_ceil(uint64_t a)
{
    return rp_f64_round_directed(a, ~rp_f64_sign_mask(a));
}

static RP_ALWAYS_INLINE uint64_t rp_f64_floor(uint64_t a)
{
    return rp_f64_round_directed(a, rp_f64_sign_mask(a));
}

static RP_ALWAYS_INLINE uint64_t rp_f64_trunc(uint64_t a)
{
    return rp_f64_round_directed(a, 0);
}

/* Ties to even: half a unit less one, and one more if the unit's bit is set. For 1 <= |a| < 2 that
 * bit is the lowest of the exponent, which is odd as the implicit bit is. */
static RP_ALWAYS_INLINE uint64_t rp_f64_nearest(uint64_t a)
{
    const uint64_t exponent = (a >> 52) & 0x7ffu;
    if (RP_UNLIKELY(exponent >= 1075u)) {
        return rp_f64_without_fraction(a);
    }
    if (exponent < 1023u) {
        const uint64_t one_or_zero = rp_f64_abs(a) > 0x3fe0000000000000u ? 0x3ff0000000000000u : 0u;
        return rp_f64_copysign(one_or_zero, a);
    }
    const uint64_t shift = (1075u - exponent) & 63u;
    const uint64_t fraction = 0x000fffffffffffffu >> ((exponent - 1023u) & 63u);
    const uint64_t odd = (a >> shift) & 1u;
    return (a + (fraction >> 1) + odd) & ~fraction;
}

static RP_ALWAYS_INLINE uint32_t rp_f64_eq(uint64_t a, uint64_t b)
{
    return (uint32_t)(rp_f64_from_bits(a) == rp_f64_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f64_ne(uint64_t a, uint64_t b)
{
    return (uint32_t)(rp_f64_from_bits(a) != rp_f64_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f64_lt(uint64_t a, uint64_t b)
{
    return (uint32_t)(rp_f64_from_bits(a) < rp_f64_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f64_gt(uint64_t a, uint64_t b)
{
    return (uint32_t)(rp_f64_from_bits(a) > rp_f64_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f64_le(uint64_t a, uint64_t b)
{
    return (uint32_t)(rp_f64_from_bits(a) <= rp_f64_from_bits(b));
}

static RP_ALWAYS_INLINE uint32_t rp_f64_ge(uint64_t a, uint64_t b)
{
    return (uint32_t)(rp_f64_from_bits(a) >= rp_f64_from_bits(b));
}

/* ---- conversions ---- */

/* Why a value that an integer type does not hold cannot be converted to it. */
static inline rp_trap_code rp_f32_trunc_trap(uint32_t a)
{
    return rp_f32_abs(a) > RP_F32_INFINITY ? RP_TRAP_INVALID_CONVERSION : RP_TRAP_INTEGER_OVERFLOW;
}

/* Why a value that an integer type does not hold cannot be converted to it. */
static inline rp_trap_code rp_f64_trunc_trap(uint64_t a)
{
    return rp_f64_abs(a) > RP_F64_INFINITY ? RP_TRAP_INVALID_CONVERSION : RP_TRAP_INTEGER_OVERFLOW;
}

static RP_ALWAYS_INLINE bool rp_i32_holds_f32_s(float value)
{
    return RP_LIKELY(value >= -0x1p31F && value < 0x1p31F);
}

static RP_ALWAYS_INLINE rp_trap_code rp_i32_trunc_f32_s_trap(uint32_t a)
{
    return rp_i32_holds_f32_s(rp_f32_from_bits(a)) ? RP_TRAP_NONE : rp_f32_trunc_trap(a);
}

static RP_ALWAYS_INLINE uint32_t rp_i32_trunc_f32_s(uint32_t a)
{
    const float value = rp_f32_from_bits(a);
    return (uint32_t)(int32_t)value;
}

static RP_ALWAYS_INLINE uint32_t rp_i32_trunc_sat_f32_s(uint32_t a)
{
    const float value = rp_f32_from_bits(a);
    if (rp_i32_holds_f32_s(value)) {
        return (uint32_t)(int32_t)value;
    }
    return value > 0.0F ? INT32_MAX : value < 0.0F ? (uint32_t)INT32_MIN : 0;
}

static RP_ALWAYS_INLINE bool rp_i32_holds_f32_u(float value)
{
    return RP_LIKELY(value > -1.0F && value < 0x1p32F);
}

static RP_ALWAYS_INLINE rp_trap_code rp_i32_trunc_f32_u_trap(uint32_t a)
{
    return rp_i32_holds_f32_u(rp_f32_from_bits(a)) ? RP_TRAP_NONE : rp_f32_trunc_trap(a);
}

static RP_ALWAYS_INLINE uint32_t rp_i32_trunc_f32_u(uint32_t a)
{
    const float value = rp_f32_from_bits(a);
    return (uint32_t)value;
}

static RP_ALWAYS_INLINE uint32_t rp_i32_trunc_sat_f32_u(uint32_t a)
{
    const float value = rp_f32_from_bits(a);
    if (rp_i32_holds_f32_u(value)) {
        return (uint32_t)value;
    }
    return value > 0.0F ? UINT32_MAX : 0;
}

static RP_ALWAYS_INLINE bool rp_i32_holds_f64_s(double value)
{
    return RP_LIKELY(value > -0x1.00000002p31 && value < 0x1p31);
}

static RP_ALWAYS_INLINE rp_trap_code rp_i32_trunc_f64_s_trap(uint64_t a)
{
    return rp_i32_holds_f64_s(rp_f64_from_bits(a)) ? RP_TRAP_NONE : rp_f64_trunc_trap(a);
}

static RP_ALWAYS_INLINE uint32_t rp_i32_trunc_f64_s(uint64_t a)
{
    const double value = rp_f64_from_bits(a);
    return (uint32_t)(int32_t)value;
}

static RP_ALWAYS_INLINE uint32_t rp_i32_trunc_sat_f64_s(uint64_t a)
{
    const double value = rp_f64_from_bits(a);
    if (rp_i32_holds_f64_s(value)) {
        return (uint32_t)(int32_t)value;
    }
    return value > 0.0 ? INT32_MAX : value < 0.0 ? (uint32_t)INT32_MIN : 0;
}

static RP_ALWAYS_INLINE bool rp_i32_holds_f64_u(double value)
{
    return RP_LIKELY(value > -1.0 && value < 0x1p32);
}

static RP_ALWAYS_INLINE rp_trap_code rp_i32_trunc_f64_u_trap(uint64_t a)
{
    return rp_i32_holds_f64_u(rp_f64_from_bits(a)) ? RP_TRAP_NONE : rp_f64_trunc_trap(a);
}

static RP_ALWAYS_INLINE uint32_t rp_i32_trunc_f64_u(uint64_t a)
{
    const double value = rp_f64_from_bits(a);
    return (uint32_t)value;
}

static RP_ALWAYS_INLINE uint32_t rp_i32_trunc_sat_f64_u(uint64_t a)
{
    const double value = rp_f64_from_bits(a);
    if (rp_i32_holds_f64_u(value)) {
        return (uint32_t)value;
    }
    return value > 0.0 ? UINT32_MAX : 0;
}

static RP_ALWAYS_INLINE bool rp_i64_holds_f32_s(float value)
{
    return RP_LIKELY(value >= -0x1p63F && value < 0x1p63F);
}

static RP_ALWAYS_INLINE rp_trap_code rp_i64_trunc_f32_s_trap(uint32_t a)
{
    return rp_i64_holds_f32_s(rp_f32_from_bits(a)) ? RP_TRAP_NONE : rp_f32_trunc_trap(a);
}

static RP_ALWAYS_INLINE uint64_t rp_i64_trunc_f32_s(uint32_t a)
{
    const float value = rp_f32_from_bits(a);
    return (uint64_t)(int64_t)value;
}

static RP_ALWAYS_INLINE uint64_t rp_i64_trunc_sat_f32_s(uint32_t a)
{
    const float value = rp_f32_from_bits(a);
    if (rp_i64_holds_f32_s(value)) {
        return (uint64_t)(int64_t)value;
    }
    return value > 0.0F ? INT64_MAX : value < 0.0F ? (uint64_t)INT64_MIN : 0;
}

static RP_ALWAYS_INLINE bool rp_i64_holds_f32_u(float value)
{
    return RP_LIKELY(value > -1.0F && value < 0x1p64F);
}

static RP_ALWAYS_INLINE rp_trap_code rp_i64_trunc_f32_u_trap(uint32_t a)
{
    return rp_i64_holds_f32_u(rp_f32_from_bits(a)) ? RP_TRAP_NONE : rp_f32_trunc_trap(a);
}

static RP_ALWAYS_INLINE uint64_t rp_i64_trunc_f32_u(uint32_t a)
{
    const float value = rp_f32_from_bits(a);
    return (uint64_t)value;
}

static RP_ALWAYS_INLINE uint64_t rp_i64_trunc_sat_f32_u(uint32_t a)
{
    const float value = rp_f32_from_bits(a);
    if (rp_i64_holds_f32_u(value)) {
        return (uint64_t)value;
    }
    return value > 0.0F ? UINT64_MAX : 0;
}

static RP_ALWAYS_INLINE bool rp_i64_holds_f64_s(double value)
{
    return RP_LIKELY(value >= -0x1p63 && value < 0x1p63);
}

static RP_ALWAYS_INLINE rp_trap_code rp_i64_trunc_f64_s_trap(uint64_t a)
{
    return rp_i64_holds_f64_s(rp_f64_from_bits(a)) ? RP_TRAP_NONE : rp_f64_trunc_trap(a);
}

static RP_ALWAYS_INLINE uint64_t rp_i64_trunc_f64_s(uint64_t a)
{
    const double value = rp_f64_from_bits(a);
    return (uint64_t)(int64_t)value;
}

static RP_ALWAYS_INLINE uint64_t rp_i64_trunc_sat_f64_s(uint64_t a)
{
    const double value = rp_f64_from_bits(a);
    if (rp_i64_holds_f64_s(value)) {
        return (uint64_t)(int64_t)value;
    }
    return value > 0.0 ? INT64_MAX : value < 0.0 ? (uint64_t)INT64_MIN : 0;
}

static RP_ALWAYS_INLINE bool rp_i64_holds_f64_u(double value)
{
    return RP_LIKELY(value > -1.0 && value < 0x1p64);
}

static RP_ALWAYS_INLINE rp_trap_code rp_i64_trunc_f64_u_trap(uint64_t a)
{
    return rp_i64_holds_f64_u(rp_f64_from_bits(a)) ? RP_TRAP_NONE : rp_f64_trunc_trap(a);
}

static RP_ALWAYS_INLINE uint64_t rp_i64_trunc_f64_u(uint64_t a)
{
    const double value = rp_f64_from_bits(a);
    return (uint64_t)value;
}

static RP_ALWAYS_INLINE uint64_t rp_i64_trunc_sat_f64_u(uint64_t a)
{
    const double value = rp_f64_from_bits(a);
    if (rp_i64_holds_f64_u(value)) {
        return (uint64_t)value;
    }
    return value > 0.0 ? UINT64_MAX : 0;
}

static RP_ALWAYS_INLINE uint32_t rp_f32_convert_i32_s(uint32_t a)
{
    return rp_f32_to_bits((float)(int32_t)a);
}

static RP_ALWAYS_INLINE uint32_t rp_f32_convert_i32_u(uint32_t a)
{
    return rp_f32_to_bits((float)a);
}

static RP_ALWAYS_INLINE uint32_t rp_f32_convert_i64_s(uint64_t a)
{
    return rp_f32_to_bits((float)(int64_t)a);
}

static RP_ALWAYS_INLINE uint32_t rp_f32_convert_i64_u(uint64_t a)
{
    return rp_f32_to_bits((float)a);
}

static RP_ALWAYS_INLINE uint64_t rp_f64_convert_i32_s(uint32_t a)
{
    return rp_f64_to_bits((double)(int32_t)a);
}

static RP_ALWAYS_INLINE uint64_t rp_f64_convert_i32_u(uint32_t a)
{
    return rp_f64_to_bits((double)a);
}

static RP_ALWAYS_INLINE uint64_t rp_f64_convert_i64_s(uint64_t a)
{
    return rp_f64_to_bits((double)(int64_t)a);
}

static RP_ALWAYS_INLINE uint64_t rp_f64_convert_i64_u(uint64_t a)
{
    return rp_f64_to_bits((double)a);
}

static RP_ALWAYS_INLINE uint32_t rp_f32_demote_f64(uint64_t a)
{
    return rp_f32_computed((float)rp_f64_from_bits(a));
}

static RP_ALWAYS_INLINE uint64_t rp_f64_promote_f32(uint32_t a)
{
    return rp_f64_computed((double)rp_f32_from_bits(a));
}

#endif
