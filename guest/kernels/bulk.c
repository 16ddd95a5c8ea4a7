/* A gap buffer that is edited n times and grows by copying: block moves and fills of changing size.
 */
#include "kernel.h"

#define CAPACITY (1 << 18)

static uint8_t space[2][CAPACITY];
static uint8_t *text;
static size_t capacity, gap_start, gap_end;

static void move_gap(size_t to)
{
    if (to < gap_start) {
        size_t size = gap_start - to;
        __builtin_memmove(text + gap_end - size, text + to, size);
        gap_start -= size, gap_end -= size;
    } else if (to > gap_start) {
        size_t size = to - gap_start;
        __builtin_memmove(text + gap_start, text + gap_end, size);
        gap_start += size, gap_end += size;
    }
}

static void grow(void)
{
    uint8_t *next = text == space[0] ? space[1] : space[0];
    size_t tail = capacity - gap_end;
    __builtin_memcpy(next, text, gap_start);
    __builtin_memcpy(next + 2 * capacity - tail, text + gap_end, tail);
    text = next;
    gap_end += capacity;
    capacity *= 2;
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    uint64_t state = 37, sum = 0;
    text = space[0];
    capacity = gap_end = 64;
    gap_start = 0;
    for (int32_t i = 0; i < n; i++) {
        size_t used = capacity - (gap_end - gap_start);
        size_t size = kernel_random(&state) % 40 + 1;
        move_gap(kernel_random(&state) % (used + 1));
        if (gap_end - gap_start <= size && 2 * capacity <= CAPACITY) {
            grow();
        }
        if (gap_end - gap_start <= size || (i & 15) == 15) {
            gap_start -= gap_start / 2; /* erases half of what lies before the gap */
            continue;
        }
        __builtin_memset(text + gap_start, (int)(i & 255), size);
        gap_start += size;
        sum = kernel_mix(sum, text[(uint32_t)i * 31u % gap_start] + used);
    }
    return (int64_t)sum;
}
