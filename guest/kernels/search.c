/* Boyer-Moore-Horspool: words of a generated text searched in it: byte loads, a skip table,
 * compares. */
#include "kernel.h"

#define TEXT (1 << 20)

static uint8_t text[TEXT];

static int32_t count_word(const uint8_t *word, int32_t size, int32_t length)
{
    int32_t skip[256], found = 0;
    for (int i = 0; i < 256; i++) {
        skip[i] = size;
    }
    for (int32_t i = 0; i < size - 1; i++) {
        skip[word[i]] = size - 1 - i;
    }
    for (int32_t at = 0; at + size <= length; at += skip[text[at + size - 1]]) {
        int32_t i = size;
        while (i > 0 && text[at + i - 1] == word[i - 1]) {
            i--;
        }
        found += i == 0;
    }
    return found;
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    int32_t length = kernel_clamp(n, TEXT / 64) * 64;
    uint64_t state = 11;
    for (int32_t i = 0; i < length; i++) {
        uint32_t draw = kernel_random(&state);
        text[i] = (draw & 7) == 0 ? ' ' : (uint8_t)('a' + (draw >> 3 & draw >> 7 & 15));
    }
    uint64_t sum = 0;
    for (int32_t word = 0; word < 16; word++) {
        uint8_t copy[12];
        int32_t size = 3 + word % 9;
        int32_t at = length > 12 ? (int32_t)(kernel_random(&state) % (uint32_t)(length - 12)) : 0;
        for (int32_t i = 0; i < size; i++) {
            copy[i] = text[at + i];
        }
        sum = kernel_mix(sum, (uint64_t)count_word(copy, size, length));
    }
    return (int64_t)sum;
}
