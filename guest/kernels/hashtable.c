/* An open-addressing table of n keys: insertions, hits, misses, deletions with backward shift. */
#include "kernel.h"

#define SLOTS (1 << 20)

struct slot {
    uint64_t key; /* 0: empty */
    uint64_t value;
};

static struct slot slots[SLOTS];

static uint32_t home(uint64_t key, uint32_t mask)
{
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdu;
    return (uint32_t)(key >> 32) & mask;
}

static uint32_t find(uint64_t key, uint32_t mask)
{
    uint32_t at = home(key, mask);
    while (slots[at].key != 0 && slots[at].key != key) {
        at = (at + 1) & mask;
    }
    return at;
}

static void erase(uint32_t hole, uint32_t mask)
{
    for (uint32_t at = (hole + 1) & mask; slots[at].key != 0; at = (at + 1) & mask) {
        uint32_t wish = home(slots[at].key, mask);
        if (((at - wish) & mask) >= ((at - hole) & mask)) {
            slots[hole] = slots[at];
            hole = at;
        }
    }
    slots[hole].key = 0;
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    n = kernel_clamp(n, SLOTS / 2);
    uint32_t mask = 15;
    while (mask < 2 * (uint32_t)n) {
        mask = 2 * mask + 1;
    }
    for (uint32_t i = 0; i <= mask; i++) {
        slots[i] = (struct slot){0, 0};
    }
    uint64_t state = 13, sum = 0;
    for (int32_t i = 0; i < 4 * n; i++) {
        uint64_t key = kernel_random(&state) % (uint32_t)n + 1;
        uint32_t at = find(key, mask);
        if (slots[at].key == 0) {
            slots[at] = (struct slot){key, (uint64_t)i};
        } else if ((i & 3) == 0) {
            sum = kernel_mix(sum, slots[at].value);
            erase(at, mask);
        } else {
            sum += slots[at].value++;
        }
    }
    return (int64_t)sum;
}
