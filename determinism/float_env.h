/* The host's floating-point mode (layer 1): rounding to nearest even, no flush to zero, no
 * denormals-are-zero, no traps while guest code runs.
 *
 * Enter before guest code, leave on the way out and around every host function; leave gives the
 * host back exactly what it had (control bits; the sticky exception flags of the host are restored
 * too). */
#ifndef RP_DETERMINISM_FLOAT_ENV_H
#define RP_DETERMINISM_FLOAT_ENV_H

#include <stdint.h>

struct rp_float_env {
    uint64_t saved; /* MXCSR on x86-64; FPCR, and FPSR in the high half, on arm64 */
};

void rp_float_env_enter(struct rp_float_env *env);
void rp_float_env_leave(const struct rp_float_env *env);

#endif
