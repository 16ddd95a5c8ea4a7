/* SipHash-2-4 (Aumasson, Bernstein 2012) of n short messages: 64-bit rotations and additions. */
#include "kernel.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void mix(struct state *s)
{
    s->v0 += s->v1, s->v1 = rotate(s->v1, 13) ^ s->v0, s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3, s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3, s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1, s->v1 = rotate(s->v1, 17) ^ s->v2, s->v2 = rotate(s->v2, 32);
}

static uint64_t hash(const uint8_t *data, size_t size, uint64_t k0, uint64_t k1)
{
    struct state s = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                      k1 ^ 0x7465646279746573u};
    size_t whole = size / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word = 0;
        for (size_t j = 0; j < 8; j++) {
            word |= (uint64_t)data[i + j] << 8 * j;
        }
        s.v3 ^= word;
        mix(&s);
        mix(&s);
        s.v0 ^= word;
    }
    uint64_t last = (uint64_t)size << 56;
    for (size_t i = whole; i < size; i++) {
        last |= (uint64_t)data[i] << 8 * (i - whole);
    }
    s.v3 ^= last;
    mix(&s);
    mix(&s);
    s.v0 ^= last;
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; i++) {
        mix(&s);
    }
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    static uint8_t message[64];
    for (int i = 0; i < 64; i++) {
        message[i] = (uint8_t)i;
    }
    uint64_t sum =
        hash(message, 15, 0x0706050403020100u, 0x0f0e0d0c0b0a0908u); /* the paper's vector */
    if (sum != 0xa129ca6149be45e5u) {
        return -1;
    }
    for (int32_t i = 0; i < n; i++) {
        message[i & 63] ^= (uint8_t)sum;
        sum = hash(message, (size_t)(i & 63), sum, (uint64_t)i);
    }
    return (int64_t)sum;
}
