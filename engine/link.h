/* Linking by name (layer 2; core specification 4.5.4): what a store offers to the imports of a
 * module. */
#ifndef RP_ENGINE_LINK_H
#define RP_ENGINE_LINK_H

#include "engine/store.h"

/* What an import is linked to: one pointer is set, by the import's kind; a function may be a host
 * binding that has no rp_func yet. */
struct rp_link {
    const struct rp_host_binding *host;
    struct rp_func *func;
    struct rp_table *table;
    struct rp_memory *memory;
    struct rp_global *global;
    bool offered_memory; /* a new memory with the import's limits; no pointer is set */
};

/* Finds what import `index` is linked to; false if nothing of its name and type is offered. */
bool rp_link_find(const struct rp_store *store, const struct rp_module *module, uint32_t index,
                  struct rp_link *out_link);

/* Whether an object of type `offered` that has `present` pages or elements now may be imported as
 * `wanted`. */
bool rp_limits_match(uint64_t present, const struct rp_limits *offered,
                     const struct rp_limits *wanted);

#endif
