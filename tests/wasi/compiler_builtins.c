/* Multiplications of 128 bits, which wasi-libc takes from a compiler's library that Debian has not
 * for WebAssembly (tests). */
#include <stdint.h>

typedef __int128 wide;
typedef unsigned __int128 unsigned_wide;

wide __multi3(wide a, wide b);
wide __muloti4(wide a, wide b, int *overflow);

/* The whole product of two numbers of 64 bits. */
static unsigned_wide multiply(uint64_t a, uint64_t b)
{
    uint64_t a_low = (uint32_t)a, a_high = a >> 32;
    uint64_t b_low = (uint32_t)b, b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32);
    uint64_t other = a_low * b_high + (uint32_t)middle;
    uint64_t high = a_high * b_high + (middle >> 32) + (other >> 32);
    return (unsigned_wide)high << 64 | other << 32 | (uint32_t)low;
}

wide __multi3(wide a, wide b)
{
    unsigned_wide product = multiply((uint64_t)a, (uint64_t)b);
    uint64_t high = (uint64_t)((unsigned_wide)a >> 64) * (uint64_t)b +
                    (uint64_t)((unsigned_wide)b >> 64) * (uint64_t)a;
    return (wide)(product + ((unsigned_wide)high << 64));
}

wide __muloti4(wide a, wide b, int *overflow)
{
    unsigned_wide x = a < 0 ? 0 - (unsigned_wide)a : (unsigned_wide)a;
    unsigned_wide y = b < 0 ? 0 - (unsigned_wide)b : (unsigned_wide)b;
    uint64_t x_high = (uint64_t)(x >> 64), y_high = (uint64_t)(y >> 64);
    unsigned_wide cross = multiply(x_high, (uint64_t)y);
    cross += multiply((uint64_t)x, y_high); /* one of them is 0, or it overflows */
    unsigned_wide low = multiply((uint64_t)x, (uint64_t)y);
    unsigned_wide magnitude = low + (cross << 64);
    int negative = (a < 0) != (b < 0);
    unsigned_wide most = ((unsigned_wide)1 << 127) - (negative ? 0 : 1);
    *overflow =
        (x_high != 0 && y_high != 0) || cross >> 64 != 0 || magnitude < low || magnitude > most;
    return (wide)(negative ? 0 - magnitude : magnitude);
}
