/* A power modulo an odd number of n limbs by Montgomery multiplication: carries and 32 by 32 bit
 * products, as in RSA. */
#include "kernel.h"

#define LIMBS 1024
#define EXPONENT 0xc0ffee1234567891u

static uint32_t modulus[LIMBS], base[LIMBS], power[LIMBS], product[LIMBS + 2];

/* value -= modulus; answers the borrow. */
static uint32_t subtract_modulus(uint32_t *value, int32_t n)
{
    uint32_t borrow = 0;
    for (int32_t i = 0; i < n; i++) {
        uint64_t difference = (uint64_t)value[i] - modulus[i] - borrow;
        value[i] = (uint32_t)difference;
        borrow = (uint32_t)(difference >> 63);
    }
    return borrow;
}

/* value = 2 * value mod modulus, for value < modulus. */
static void double_value(uint32_t *value, int32_t n)
{
    uint32_t carry = 0;
    for (int32_t i = 0; i < n; i++) {
        uint32_t high = value[i] >> 31;
        value[i] = value[i] << 1 | carry;
        carry = high;
    }
    int is_above = 1; /* value >= modulus, unless a limb decides otherwise */
    for (int32_t i = n - 1; i >= 0 && carry == 0; i--) {
        if (value[i] != modulus[i]) {
            is_above = value[i] > modulus[i];
            break;
        }
    }
    if (is_above) {
        subtract_modulus(value, n);
    }
}

/* out = x * y / 2^(32n) mod modulus; `inverse` is -1/modulus mod 2^32. */
static void multiply(uint32_t *out, const uint32_t *x, const uint32_t *y, uint32_t inverse,
                     int32_t n)
{
    for (int32_t i = 0; i <= n + 1; i++) {
        product[i] = 0;
    }
    for (int32_t i = 0; i < n; i++) {
        uint64_t carry = 0;
        for (int32_t j = 0; j < n; j++) {
            carry += (uint64_t)x[j] * y[i] + product[j];
            product[j] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += product[n];
        product[n] = (uint32_t)carry;
        product[n + 1] = (uint32_t)(carry >> 32);
        uint32_t factor = product[0] * inverse;
        carry = ((uint64_t)modulus[0] * factor + product[0]) >> 32;
        for (int32_t j = 1; j < n; j++) {
            carry += (uint64_t)modulus[j] * factor + product[j];
            product[j - 1] = (uint32_t)carry;
            carry >>= 32;
        }
        carry += product[n];
        product[n - 1] = (uint32_t)carry;
        product[n] = product[n + 1] + (uint32_t)(carry >> 32);
    }
    for (int32_t i = 0; i < n; i++) {
        out[i] = product[i];
    }
    if (product[n] != 0) {
        subtract_modulus(out, n);
    }
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    n = kernel_clamp(n, LIMBS - 1) + 1;
    uint64_t state = 7;
    for (int32_t i = 0; i < n; i++) {
        modulus[i] = kernel_random(&state) | (i == 0);
        base[i] = kernel_random(&state);
        power[i] = 0;
    }
    modulus[n - 1] |= 0x80000000u;
    base[n - 1] &= 0x7fffffffu;
    uint32_t inverse = 1; /* Newton: each step doubles the bits that are right */
    for (int i = 0; i < 5; i++) {
        inverse *= 2 - modulus[0] * inverse;
    }
    power[0] = 1; /* power and base are kept times 2^(32n), the form that `multiply` preserves */
    for (int32_t i = 0; i < 32 * n; i++) {
        double_value(power, n);
        double_value(base, n);
    }
    for (int bit = 63; bit >= 0; bit--) {
        multiply(power, power, power, -inverse, n);
        if (EXPONENT >> bit & 1) {
            multiply(power, power, base, -inverse, n);
        }
    }
    uint64_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum = kernel_mix(sum, power[i]);
    }
    return (int64_t)sum;
}
