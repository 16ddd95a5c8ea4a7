/* PCG64 XSL-RR 128/64 (layer 1; O'Neill, "PCG: A Family of Simple Fast Space-Efficient
 * Statistically Good Algorithms for Random Number Generation", 2014), the generator of all guest
 * randomness. Its state is part of the store. */
#ifndef RP_DETERMINISM_PCG64_H
#define RP_DETERMINISM_PCG64_H

#include "core/compiler.h"

#include <stddef.h>
#include <stdint.h>

struct rp_pcg64 {
    unsigned __int128 state;
    unsigned __int128 increment; /* odd: the stream */
};

/* As pcg64_srandom: state and stream selector of 128 bits each. */
void rp_pcg64_seed(struct rp_pcg64 *pcg, unsigned __int128 state, unsigned __int128 stream);
/* The store's seeding: state `seed`, stream 0xda3e39cb94b95bdb (documented constant). */
void rp_pcg64_seed_u64(struct rp_pcg64 *pcg, uint64_t seed);
uint64_t rp_pcg64_next(struct rp_pcg64 *pcg);
/* Fills with the little-endian bytes of successive numbers; the rest of the last number is
 * discarded. */
void rp_pcg64_bytes(struct rp_pcg64 *pcg, void *data, size_t size);
/* 53 random bits / 2^53: in [0, 1). */
double rp_pcg64_f64(struct rp_pcg64 *pcg);

#endif
