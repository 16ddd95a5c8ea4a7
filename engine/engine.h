/* The engine object (layer 2): what modules and stores share. Immutable after creation but for the
 * type table with its allocator and the modules, which are locked, and a counter that is atomic. */
#ifndef RP_ENGINE_ENGINE_H
#define RP_ENGINE_ENGINE_H

#include "engine/types.h"
#include "metering/schedule.h"

#define RP_MODULE_CACHE_BUCKETS 64u
struct rp_module_share;

/* The modules that are loaded, by hash (module_cache.h). */
struct rp_module_cache {
    struct rp_mutex *mutex;
    struct rp_module_share *buckets[RP_MODULE_CACHE_BUCKETS];
};

struct rp_engine {
    struct rp_allocator type_allocator; /* under the type table's mutex */
    struct rp_type_table types;
    struct rp_schedule schedule;
    uint32_t byte_prices[256]; /* of one-byte opcodes without the MOVED term; 0 for all others */
    uint64_t allocation_limit_bytes; /* of each module */
    uint32_t features;               /* bit per enum rp_feature that modules may use */
    struct rp_module_cache modules;
    uint64_t instance_serial; /* of the latest instance of all stores; atomic, no state */
};

#endif
