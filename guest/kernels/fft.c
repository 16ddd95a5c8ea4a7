/* Fast Fourier transform of 2^n points and back, twiddles by repeated square roots: float products
 * over strides. */
#include "kernel.h"

#define POINTS 256

static double re[POINTS], im[POINTS];

static void swap_bits(int32_t count)
{
    for (int32_t i = 1, j = 0; i < count; i++) {
        int32_t bit = count >> 1;
        for (; j & bit; bit >>= 1) {
            j ^= bit;
        }
        j ^= bit;
        if (i < j) {
            double r = re[i], m = im[i];
            re[i] = re[j], im[i] = im[j];
            re[j] = r, im[j] = m;
        }
    }
}

static void transform(int32_t count, double sign)
{
    swap_bits(count);
    double step_re = -1, step_im = 0; /* e^(i * sign * pi), halved in angle with each pass */
    for (int32_t half = 1; half < count; half *= 2) {
        double w_re = 1, w_im = 0;
        for (int32_t k = 0; k < half; k++) {
            for (int32_t i = k; i < count; i += 2 * half) {
                int32_t j = i + half;
                double r = re[j] * w_re - im[j] * w_im, m = re[j] * w_im + im[j] * w_re;
                re[j] = re[i] - r, im[j] = im[i] - m;
                re[i] += r, im[i] += m;
            }
            double next = w_re * step_re - w_im * step_im;
            w_im = w_re * step_im + w_im * step_re;
            w_re = next;
        }
        step_im = sign * __builtin_sqrt((1 - step_re) / 2);
        step_re = __builtin_sqrt((1 + step_re) / 2);
    }
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    uint64_t state = 31, sum = 0;
    for (int32_t round = 0; round < n; round++) {
        for (int32_t i = 0; i < POINTS; i++) {
            re[i] = (double)(kernel_random(&state) & 1023) - 512.0;
            im[i] = 0;
        }
        transform(POINTS, 1);
        sum = kernel_mix(sum, kernel_bits(re[POINTS / 3]));
        transform(POINTS, -1);
        for (int32_t i = 0; i < POINTS; i++) {
            sum = kernel_mix(sum, (uint64_t)(int64_t)(re[i] / POINTS * 16.0 + 8192.5));
        }
    }
    return (int64_t)sum;
}
