/* What the stencils, the code made of them and its driver share (tests; docs/design/frame.md,
 * section 8). */
#ifndef RP_TESTS_STENCILS_STENCIL_H
#define RP_TESTS_STENCILS_STENCIL_H

#include "engine/store.h"

/* The native code of one module. `entries` has an address for each byte of the module: where the
 * run that begins at this instruction is charged and goes on, or the stencil `leave` where there is
 * no such code. It is what a return looks its target up in: the frame needs no native address. */
struct rp_tier {
    const uint8_t *bytes;
    const void **entries;
};

/* The stencil `enter`, the only one with the C calling convention: loads the registers from the
 * machine and goes on at `code` until a side exit has written them back. */
typedef void rp_tier_enter(struct rp_machine *vm, const struct rp_tier *tier, const void *code);

#endif
