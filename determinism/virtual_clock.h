/* Virtual time (layer 1): start + (gas position - position of the start) * ns_per_gas + sleeps,
 * saturating at 2^64-1. No real clock is reachable from here. */
#ifndef RP_DETERMINISM_VIRTUAL_CLOCK_H
#define RP_DETERMINISM_VIRTUAL_CLOCK_H

#include <stdint.h>

struct rp_virtual_clock {
    uint64_t start_ns;
    uint64_t ns_per_gas;
    uint64_t slept_ns;
    uint64_t start_gas; /* position at which it was start_ns; 0 until the time is set anew */
};

uint64_t rp_virtual_clock_now(const struct rp_virtual_clock *clock, uint64_t gas_position);
/* From now on it is `time_ns`. */
void rp_virtual_clock_set(struct rp_virtual_clock *clock, uint64_t time_ns, uint64_t gas_position);
void rp_virtual_clock_sleep(struct rp_virtual_clock *clock, uint64_t ns);

#endif
