/* Operands that tell right numeric instructions from almost right ones (layer 7, test support).
 * Values are slots, as in numeric_oracle.h. */
#ifndef RP_TESTS_ENGINE_NUMERIC_INPUTS_H
#define RP_TESTS_ENGINE_NUMERIC_INPUTS_H

#include "determinism/pcg64.h"

#include <stddef.h>
#include <stdint.h>

#define RP_NUMERIC_SPECIAL_MAX 512

/* Fills `out_values` (RP_NUMERIC_SPECIAL_MAX of them) with the special values of a type (letter i l
 * f d) without repetition: all classes of floats, boundaries of every conversion and of every
 * rounding with their neighbours, in both signs. Returns the number. */
size_t rp_numeric_specials(char type, uint64_t *out_values);

/* Random operands of one instruction. For a pair of floats they are often chosen against each
 * other: cancelling, tying, near overflow or subnormal in the result. */
void rp_numeric_random(struct rp_pcg64 *pcg, const char *types, unsigned count,
                       uint64_t *out_operands);

/* How the tests of numeric instructions are driven: REPRISE_TEST_LONG=1 multiplies the random
 * inputs by 100 and takes a seed from the clock; REPRISE_TEST_SEED=N sets the seed; else it is
 * constant. */
struct rp_numeric_plan {
    uint64_t seed;
    uint64_t random_count; /* per instruction */
};
struct rp_numeric_plan rp_numeric_plan(uint64_t random_count);

#endif
