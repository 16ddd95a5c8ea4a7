/* PCG64 XSL-RR 128/64 (layer 1): a linear congruential generator modulo 2^128 whose state is folded
 * to 64 bits and rotated by its six highest bits. The state advances before it is put out, as the
 * author's 128-bit generators do. */
#include "determinism/pcg64.h"

#include "core/assert.h"

#include <string.h>

/* The increments' selector of the store's stream; part of the semantics version
 * (docs/determinism.md). */
#define STORE_STREAM 0xda3e39cb94b95bdbu

static unsigned __int128 step_state(const struct rp_pcg64 *pcg)
{
    const unsigned __int128 multiplier =
        (unsigned __int128)2549297995355413924u << 64 | 4865540595714422341u;
    return pcg->state * multiplier + pcg->increment;
}

void rp_pcg64_seed(struct rp_pcg64 *pcg, unsigned __int128 state, unsigned __int128 stream)
{
    pcg->state = 0;
    pcg->increment = stream << 1 | 1;
    pcg->state = step_state(pcg) + state;
    pcg->state = step_state(pcg);
}

void rp_pcg64_seed_u64(struct rp_pcg64 *pcg, uint64_t seed)
{
    rp_pcg64_seed(pcg, seed, STORE_STREAM);
}

uint64_t rp_pcg64_next(struct rp_pcg64 *pcg)
{
    RP_ASSERT((pcg->increment & 1) != 0);
    pcg->state = step_state(pcg);
    const uint64_t folded = (uint64_t)(pcg->state >> 64) ^ (uint64_t)pcg->state;
    const unsigned distance = (unsigned)(pcg->state >> 122);
    return folded >> distance | folded << ((0u - distance) & 63u);
}

void rp_pcg64_bytes(struct rp_pcg64 *pcg, void *data, size_t size)
{
    uint8_t *bytes = data;
    while (size > 0) {
        const uint64_t number = rp_pcg64_next(pcg);
        const size_t taken = size < sizeof(number) ? size : sizeof(number);
        memcpy(bytes, &number, taken);
        bytes += taken;
        size -= taken;
    }
}

double rp_pcg64_f64(struct rp_pcg64 *pcg)
{
    const int64_t bits = (int64_t)(rp_pcg64_next(pcg) >> 11);
    return (double)bits * 0x1p-53; /* exact, so the same in every mode of the host */
}
