/* The engine's modules by hash (layer 2). See module_cache.h. */
#include "engine/module_cache.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/module_decode.h"
#include "engine/store.h"

#include <string.h>

rp_status rp_module_cache_init(struct rp_module_cache *cache)
{
    *cache = (struct rp_module_cache){.mutex = rp_mutex_create()};
    return cache->mutex == NULL ? RP_ERROR_NO_MEMORY : RP_OK;
}

void rp_module_cache_deinit(struct rp_module_cache *cache)
{
    for (uint32_t i = 0; i < RP_MODULE_CACHE_BUCKETS; i++) {
        RP_ASSERT(cache->buckets[i] == NULL); /* modules are destroyed before their engine */
    }
    if (cache->mutex != NULL) {
        rp_mutex_destroy(cache->mutex);
    }
}

static struct rp_module_share **bucket_of(struct rp_module_cache *cache,
                                          const uint8_t hash[RP_HASH_BYTES])
{
    return &cache->buckets[hash[0] % RP_MODULE_CACHE_BUCKETS];
}

/* Under the lock. */
static struct rp_module *find_locked(struct rp_module_cache *cache,
                                     const uint8_t hash[RP_HASH_BYTES])
{
    struct rp_module_share *share = *bucket_of(cache, hash);
    while (share != NULL && memcmp(share->module->hash, hash, RP_HASH_BYTES) != 0) {
        share = share->next;
    }
    if (share == NULL) {
        return NULL;
    }
    RP_ASSERT(share->references != 0);
    share->references++;
    return share->module;
}

struct rp_module *rp_module_cache_find(struct rp_module_cache *cache,
                                       const uint8_t hash[RP_HASH_BYTES])
{
    rp_mutex_lock(cache->mutex);
    struct rp_module *module = find_locked(cache, hash);
    rp_mutex_unlock(cache->mutex);
    return module;
}

struct rp_module *rp_module_cache_add(struct rp_module_cache *cache, struct rp_module *module)
{
    RP_ASSERT(module->share->references == 1);
    rp_mutex_lock(cache->mutex);
    struct rp_module *present = find_locked(cache, module->hash);
    if (present == NULL) {
        struct rp_module_share **bucket = bucket_of(cache, module->hash);
        module->share->next = *bucket;
        *bucket = module->share;
    }
    rp_mutex_unlock(cache->mutex);
    if (present != NULL) {
        rp_module_free(module);
        return present;
    }
    return module;
}

void rp_module_retain(const struct rp_module *module)
{
    struct rp_module_cache *cache = &module->engine->modules;
    rp_mutex_lock(cache->mutex);
    RP_ASSERT(module->share->references != 0);
    module->share->references++;
    rp_mutex_unlock(cache->mutex);
}

void rp_module_release(const struct rp_module *module)
{
    struct rp_module_cache *cache = &module->engine->modules;
    struct rp_module_share *share = module->share;
    rp_mutex_lock(cache->mutex);
    RP_ASSERT(share->references != 0);
    bool last = --share->references == 0;
    if (last) {
        struct rp_module_share **link = bucket_of(cache, module->hash);
        while (*link != share) {
            RP_ASSERT(*link != NULL);
            link = &(*link)->next;
        }
        *link = share->next;
    }
    rp_mutex_unlock(cache->mutex);
    if (last) {
        rp_module_free(share->module);
    }
}

void rp_module_destroy(rp_module *module)
{
    if (module != NULL) {
        rp_module_release(module);
    }
}

rp_status rp_engine_find_module(rp_engine *engine, const uint8_t hash[32], rp_module **out_module)
{
    struct rp_module *module = rp_module_cache_find(&engine->modules, hash);
    if (module == NULL) {
        return RP_ERROR_NOT_FOUND;
    }
    *out_module = module;
    return RP_OK;
}

void rp_instance_release_module(struct rp_instance *instance)
{
    if (instance->holds_module) {
        instance->holds_module = false;
        rp_module_release(instance->module);
    }
}
