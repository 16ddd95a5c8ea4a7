/* The engine object (layer 2): what modules and stores share. Immutable after creation but for the
 * type table and the allocator, which are locked. */
#ifndef RP_ENGINE_ENGINE_H
#define RP_ENGINE_ENGINE_H

#include "engine/types.h"
#include "metering/schedule.h"

struct rp_engine {
    struct rp_allocator type_allocator; /* under the type table's mutex */
    struct rp_type_table types;
    struct rp_schedule schedule;
    uint32_t byte_prices[256]; /* of one-byte opcodes without the MOVED term; 0 for all others */
    uint64_t allocation_limit_bytes; /* of each module */
    uint32_t features;               /* bit per enum rp_feature that modules may use */
};

#endif
