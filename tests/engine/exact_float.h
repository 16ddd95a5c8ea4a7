/* Binary floating-point numbers as exact rationals (layer 7, test support; specification 4.3.3,
 * IEEE 754-2019 section 4.3.1).
 *
 * This header is the one that includes GMP in the tests of the engine. */
#ifndef RP_TESTS_ENGINE_EXACT_FLOAT_H
#define RP_TESTS_ENGINE_EXACT_FLOAT_H

#include <gmp.h>
#include <stdbool.h>
#include <stdint.h>

struct rp_float_format {
    unsigned bits;
    unsigned fraction_bits; /* stored ones */
    int exponent_min;       /* of the unit of subnormal numbers */
    uint64_t exponent_max;  /* the field of infinities and NaNs */
};

extern const struct rp_float_format rp_format_f32;
extern const struct rp_float_format rp_format_f64;

enum rp_float_class { RP_FLOAT_FINITE, RP_FLOAT_INFINITE, RP_FLOAT_NAN };

/* Invariant: `value` is the exact value if finite, else 0. */
struct rp_exact_float {
    enum rp_float_class class;
    bool negative;
    mpq_t value;
};

void rp_exact_float_init(struct rp_exact_float *number);
void rp_exact_float_deinit(struct rp_exact_float *number);
void rp_exact_float_decode(struct rp_exact_float *number, const struct rp_float_format *format,
                           uint64_t bits);
/* -1, 0, 1; 2 if either is a NaN. Zeros are equal. */
int rp_exact_float_compare(const struct rp_exact_float *a, const struct rp_exact_float *b);

uint64_t rp_float_nan(const struct rp_float_format *format); /* positive, canonical */
uint64_t rp_float_infinity(const struct rp_float_format *format, bool negative);
uint64_t rp_float_zero(const struct rp_float_format *format, bool negative);
/* `value` rounded to nearest, ties to even; `zero_negative` is the sign of an exact zero. */
uint64_t rp_float_round(const struct rp_float_format *format, mpq_srcptr value, bool zero_negative);
/* The square root of `value` > 0, rounded the same way. */
uint64_t rp_float_round_sqrt(const struct rp_float_format *format, mpq_srcptr value);

#endif
