/* What every kernel of this folder includes: freestanding C, one function `run`, no library behind
 * it.
 *
 * A kernel is a real algorithm in one file. It computes a checksum from `n` alone, keeps its data
 * in static arrays (so it is built equally to wasm and natively), and works for every n from 0 to
 * its own maximum, to which larger n are cut. A second call of `run` with the same n gives the same
 * checksum. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__
#define KERNEL_EXPORT __attribute__((export_name("run")))
#else
#define KERNEL_EXPORT __attribute__((noinline))
#endif

/* The checksum of the kernel at size n. */
int64_t run(int32_t n);

/* Knuth's multiplicative step over a 64-bit state: the input data of kernels that need some. */
static inline uint32_t kernel_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Folds a value into a checksum (FNV-1a with 64-bit steps). */
static inline uint64_t kernel_mix(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * 1099511628211u;
}

/* The bits of a float, for checksums that are exact. */
static inline uint64_t kernel_bits(double value)
{
    union {
        double number;
        uint64_t bits;
    } view = {.number = value};
    return view.bits;
}

static inline int32_t kernel_clamp(int32_t n, int32_t max)
{
    return n < 0 ? 0 : n > max ? max : n;
}

#endif
