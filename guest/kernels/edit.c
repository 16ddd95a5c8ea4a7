/* Levenshtein distance of two generated strings of n letters: a table filled row by row with
 * three-way minima. */
#include "kernel.h"

#define LENGTH 8192

static uint8_t first[LENGTH], second[LENGTH];
static int32_t row[LENGTH + 1];

static int32_t min(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    n = kernel_clamp(n, LENGTH);
    uint64_t state = 29;
    for (int32_t i = 0; i < n; i++) {
        first[i] = (uint8_t)(kernel_random(&state) % 5);
        second[i] =
            kernel_random(&state) % 3 == 0 ? (uint8_t)(kernel_random(&state) % 5) : first[i];
    }
    for (int32_t j = 0; j <= n; j++) {
        row[j] = j;
    }
    uint64_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t diagonal = row[0];
        row[0] = i + 1;
        for (int32_t j = 0; j < n; j++) {
            int32_t changed = diagonal + (first[i] != second[j]);
            diagonal = row[j + 1];
            row[j + 1] = min(changed, min(diagonal, row[j]) + 1);
        }
        sum = kernel_mix(sum, (uint64_t)row[n]);
    }
    return (int64_t)sum;
}
