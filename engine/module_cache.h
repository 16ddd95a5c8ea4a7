/* The engine's modules by hash (layer 2): bytes that are loaded already are not loaded twice, and a
 * module lives as long as a handle or an instance needs it.
 *
 * Locked; may be used from any thread. Which module comes first has no influence on a result: equal
 * bytes give equal modules.
 *
 * Invariant: a module is in the cache from the end of its loading until its last reference goes. */
#ifndef RP_ENGINE_MODULE_CACHE_H
#define RP_ENGINE_MODULE_CACHE_H

#include "engine/engine.h"
#include "engine/module.h"

rp_status rp_module_cache_init(struct rp_module_cache *cache);
/* Nothing is in it. */
void rp_module_cache_deinit(struct rp_module_cache *cache);

/* The module of this hash with one more reference; NULL if there is none. */
struct rp_module *rp_module_cache_find(struct rp_module_cache *cache,
                                       const uint8_t hash[RP_HASH_BYTES]);
/* Adds a module that has one reference; if another thread was faster, destroys it and gives that
 * thread's module with one more. */
struct rp_module *rp_module_cache_add(struct rp_module_cache *cache, struct rp_module *module);

/* One more reference, one less; the last one destroys the module. */
void rp_module_retain(const struct rp_module *module);
void rp_module_release(const struct rp_module *module);

#endif
