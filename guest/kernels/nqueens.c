/* Number of ways to place n queens on a board of n rows: recursion with bit masks. */
#include "kernel.h"

static int64_t place(uint32_t free_columns, uint32_t columns, uint32_t left, uint32_t right)
{
    if (columns == free_columns) {
        return 1;
    }
    int64_t count = 0;
    uint32_t places = free_columns & ~(columns | left | right);
    while (places != 0) {
        uint32_t bit = places & -places;
        places ^= bit;
        count += place(free_columns, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    n = kernel_clamp(n, 16);
    return place((1u << n) - 1, 0, 0, 0);
}
