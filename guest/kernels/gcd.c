/* Greatest common divisors and Collatz lengths of 1 to n: 64-bit division and loops whose length
 * the data decides. */
#include "kernel.h"

static uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static uint32_t collatz(uint64_t value)
{
    uint32_t steps = 0;
    for (; value > 1; steps++) {
        value = value & 1 ? 3 * value + 1 : value / 2;
    }
    return steps;
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    uint64_t sum = 0, state = 19;
    for (int32_t i = 1; i <= n && i > 0; i++) {
        uint64_t a = kernel_random(&state), b = kernel_random(&state);
        sum = kernel_mix(sum, gcd(a * a, b * 6) + collatz((uint64_t)i));
    }
    return (int64_t)sum;
}
