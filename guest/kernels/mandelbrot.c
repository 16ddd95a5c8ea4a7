/* Escape times of the Mandelbrot set on an n by n grid: float compares in a short loop. */
#include "kernel.h"

KERNEL_EXPORT int64_t run(int32_t n)
{
    n = kernel_clamp(n, 4096);
    uint64_t sum = 0;
    for (int32_t row = 0; row < n; row++) {
        double ci = 2.0 * row / n - 1.0;
        for (int32_t column = 0; column < n; column++) {
            double cr = 3.0 * column / n - 2.0;
            double zr = 0, zi = 0;
            uint32_t steps = 0;
            while (steps < 100 && zr * zr + zi * zi <= 4.0) {
                double next = zr * zr - zi * zi + cr;
                zi = 2.0 * zr * zi + ci;
                zr = next;
                steps++;
            }
            sum = kernel_mix(sum, steps);
        }
    }
    return (int64_t)sum;
}
