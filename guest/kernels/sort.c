/* Quicksort with insertion sort of short parts over n generated keys: compares, swaps,
 * unpredictable branches. */
#include "kernel.h"

#define KEYS 2000000

static uint32_t keys[KEYS];

static void sort_short(int32_t from, int32_t to)
{
    for (int32_t i = from + 1; i < to; i++) {
        uint32_t key = keys[i];
        int32_t j = i;
        for (; j > from && keys[j - 1] > key; j--) {
            keys[j] = keys[j - 1];
        }
        keys[j] = key;
    }
}

static void sort(int32_t from, int32_t to)
{
    while (to - from > 12) {
        uint32_t a = keys[from], b = keys[from + (to - from) / 2], c = keys[to - 1];
        uint32_t low = a < b ? a : b, high = a < b ? b : a;
        uint32_t pivot = c < low ? low : c > high ? high : c;
        int32_t i = from, j = to - 1;
        while (i <= j) {
            while (keys[i] < pivot) {
                i++;
            }
            while (keys[j] > pivot) {
                j--;
            }
            if (i <= j) {
                uint32_t key = keys[i];
                keys[i++] = keys[j];
                keys[j--] = key;
            }
        }
        sort(from, j + 1);
        from = i;
    }
    sort_short(from, to);
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    n = kernel_clamp(n, KEYS);
    uint64_t state = 3;
    for (int32_t i = 0; i < n; i++) {
        keys[i] = kernel_random(&state);
    }
    sort(0, n);
    uint64_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        if (i > 0 && keys[i - 1] > keys[i]) {
            return -1;
        }
        sum = kernel_mix(sum, keys[i]);
    }
    return (int64_t)sum;
}
