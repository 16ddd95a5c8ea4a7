/* Product of two n by n matrices of doubles, row by column: float multiplication, addition, loads.
 */
#include "kernel.h"

#define SIDE 512

/* Rows of n, not of SIDE: a stride of 4096 bytes would measure the cache's sets. */
static double a[SIDE * SIDE], b[SIDE * SIDE], c[SIDE * SIDE];

KERNEL_EXPORT int64_t run(int32_t n)
{
    n = kernel_clamp(n, SIDE);
    uint64_t state = 1;
    for (int32_t i = 0; i < n; i++) {
        for (int32_t j = 0; j < n; j++) {
            a[i * n + j] = (double)(kernel_random(&state) & 0xffff) / 256.0;
            b[i * n + j] = (double)(kernel_random(&state) & 0xffff) / 1024.0 - 8.0;
        }
    }
    for (int32_t i = 0; i < n; i++) {
        for (int32_t j = 0; j < n; j++) {
            double sum = 0;
            for (int32_t k = 0; k < n; k++) {
                sum += a[i * n + k] * b[k * n + j];
            }
            c[i * n + j] = sum;
        }
    }
    uint64_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum = kernel_mix(sum, kernel_bits(c[i * n + i]));
        sum = kernel_mix(sum, kernel_bits(c[i * n + n - 1 - i]));
    }
    return (int64_t)sum;
}
