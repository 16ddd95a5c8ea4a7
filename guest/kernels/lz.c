/* LZ77 with a hash table of positions: n KiB of generated text compressed, expanded again and
 * compared. */
#include "kernel.h"

#define INPUT (1 << 20)
#define WINDOW 65535

static uint8_t input[INPUT], packed[2 * INPUT + 16], output[INPUT];
static int32_t heads[4096];

static uint32_t hash_at(int32_t at)
{
    uint32_t word = (uint32_t)input[at] | (uint32_t)input[at + 1] << 8 |
                    (uint32_t)input[at + 2] << 16 | (uint32_t)input[at + 3] << 24;
    return word * 2654435761u >> 20;
}

/* Tokens: 0, byte: a literal; length 4 to 255, distance low, distance high: a copy. */
static int32_t compress(int32_t size)
{
    int32_t out = 0;
    for (int i = 0; i < 4096; i++) {
        heads[i] = -1;
    }
    for (int32_t at = 0; at < size;) {
        int32_t length = 0, from = -1;
        if (at + 4 <= size) {
            uint32_t slot = hash_at(at);
            from = heads[slot];
            heads[slot] = at;
        }
        if (from >= 0 && at - from <= WINDOW) {
            while (length < 255 && at + length < size &&
                   input[from + length] == input[at + length]) {
                length++;
            }
        }
        if (length < 4) {
            packed[out++] = 0;
            packed[out++] = input[at++];
            continue;
        }
        packed[out++] = (uint8_t)length;
        packed[out++] = (uint8_t)(at - from);
        packed[out++] = (uint8_t)((at - from) >> 8);
        at += length;
    }
    return out;
}

static int32_t expand(int32_t packed_size)
{
    int32_t out = 0;
    for (int32_t at = 0; at < packed_size;) {
        int32_t length = packed[at++];
        if (length == 0) {
            output[out++] = packed[at++];
            continue;
        }
        int32_t from = out - (packed[at] | packed[at + 1] << 8);
        at += 2;
        for (int32_t i = 0; i < length; i++) {
            output[out++] = output[from + i];
        }
    }
    return out;
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    int32_t size = kernel_clamp(n, INPUT / 1024) * 1024;
    uint64_t state = 5;
    for (int32_t at = 0; at < size;) {
        uint32_t word = kernel_random(&state) % 97;
        for (uint32_t i = 0; i <= word % 7 && at < size; i++) {
            input[at++] = (uint8_t)('a' + (word * (i + 3)) % 26);
        }
    }
    int32_t packed_size = compress(size);
    if (expand(packed_size) != size) {
        return -1;
    }
    uint64_t sum = (uint64_t)packed_size;
    for (int32_t i = 0; i < size; i++) {
        if (input[i] != output[i]) {
            return -1;
        }
        sum = kernel_mix(sum, i < packed_size ? packed[i] : 0);
    }
    return (int64_t)sum;
}
