/* Instantiation (layer 2), as far as upgrades share it. */
#ifndef RP_ENGINE_INSTANTIATE_H
#define RP_ENGINE_INSTANTIATE_H

#include "engine/store.h"

/* Objects of the store that take the place of a module's own: by index in the module, NULL where it
 * makes its own; NULL arrays: nowhere. */
struct rp_takeover {
    struct rp_memory **memories;
    struct rp_global **globals;
};

/* rp_store_instantiate; what is taken over is neither made, initialised nor charged. */
rp_status rp_store_instantiate_with(struct rp_store *store, const struct rp_module *module,
                                    const struct rp_takeover *taken,
                                    struct rp_instance **out_instance, rp_outcome *out_outcome,
                                    rp_report *report);

#endif
