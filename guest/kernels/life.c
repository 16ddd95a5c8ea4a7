/* Conway's game of life on a torus of 32 by 32 cells, n generations: byte loads and small sums. */
#include "kernel.h"

#define SIDE 32

static uint8_t boards[2][SIDE][SIDE];

KERNEL_EXPORT int64_t run(int32_t n)
{
    uint64_t state = 23;
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            boards[0][y][x] = kernel_random(&state) % 3 == 0;
        }
    }
    for (int32_t step = 0; step < n; step++) {
        const uint8_t(*from)[SIDE] = boards[step & 1];
        uint8_t(*to)[SIDE] = boards[~step & 1];
        for (int y = 0; y < SIDE; y++) {
            const uint8_t *up = from[(y + SIDE - 1) % SIDE], *here = from[y],
                          *down = from[(y + 1) % SIDE];
            for (int x = 0; x < SIDE; x++) {
                int left = (x + SIDE - 1) % SIDE, right = (x + 1) % SIDE;
                int around = up[left] + up[x] + up[right] + here[left] + here[right] + down[left] +
                             down[x] + down[right];
                to[y][x] = around == 3 || (around == 2 && here[x]);
            }
        }
    }
    uint64_t sum = 0;
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            sum = kernel_mix(sum, boards[kernel_clamp(n, INT32_MAX) & 1][y][x]);
        }
    }
    return (int64_t)sum;
}
