/* Primes below n by the sieve of Eratosthenes: byte stores with growing strides. */
#include "kernel.h"

#define LIMIT 4000000

static uint8_t composite[LIMIT];

KERNEL_EXPORT int64_t run(int32_t n)
{
    n = kernel_clamp(n, LIMIT);
    for (int32_t i = 0; i < n; i++) {
        composite[i] = 0;
    }
    uint64_t sum = 0;
    for (int32_t i = 2; i < n; i++) {
        if (composite[i]) {
            continue;
        }
        sum = kernel_mix(sum, (uint64_t)i);
        for (int64_t j = (int64_t)i * i; j < n; j += i) {
            composite[j] = 1;
        }
    }
    return (int64_t)sum;
}
