/* Virtual time (layer 1). Sums are made in 128 bits, which no operands overflow, and cut to 64 at
 * the end. */
#include "determinism/virtual_clock.h"

#include "core/assert.h"
#include "core/compiler.h"

static uint64_t saturate_u64(unsigned __int128 value)
{
    return value > UINT64_MAX ? UINT64_MAX : (uint64_t)value;
}

uint64_t rp_virtual_clock_now(const struct rp_virtual_clock *clock, uint64_t gas_position)
{
    RP_ASSERT(gas_position >= clock->start_gas);
    const uint64_t gas = gas_position - clock->start_gas;
    const unsigned __int128 gas_ns = (unsigned __int128)gas * clock->ns_per_gas;
    return saturate_u64(gas_ns + clock->start_ns + clock->slept_ns);
}

void rp_virtual_clock_set(struct rp_virtual_clock *clock, uint64_t time_ns, uint64_t gas_position)
{
    clock->start_ns = time_ns;
    clock->start_gas = gas_position;
    clock->slept_ns = 0;
}

void rp_virtual_clock_sleep(struct rp_virtual_clock *clock, uint64_t ns)
{
    clock->slept_ns = saturate_u64((unsigned __int128)clock->slept_ns + ns);
}
