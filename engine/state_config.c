/* The configuration in a state (layer 2; docs/wsnp.md, "config"):
 *
 *   config = [semantics_version, features, schedule:bin32, memory_max_bytes, table_max_elements,
 *             call_depth_max, stack_slots_max, host_depth_max, seed, time_ns, ns_per_gas]
 *
 * Limits, features, schedule and version must be those of the store and its engine; seed, start
 * time and nanoseconds per gas are taken over. */
#include "core/limits.h"
#include "core/report.h"
#include "engine/state_loader.h"

#include <string.h>

/* The limits of a store, in the order of the section. X(member of rp_store_config, most) */
#define LIMITS(X)                            \
    X(memory_max_bytes, UINT64_MAX)          \
    X(table_max_elements, UINT64_MAX)        \
    X(call_depth_max, RP_LIMIT_CALL_DEPTH)   \
    X(stack_slots_max, RP_LIMIT_STACK_SLOTS) \
    X(host_depth_max, RP_LIMIT_HOST_DEPTH)

static void read_config(struct rp_msgpack *in, struct rp_state_config *config, uint64_t *limits)
{
    rp_store_config_init(&config->store);
    if (!rp_msgpack_tuple(in, 11)) {
        return;
    }
    config->semantics_version = (uint32_t)rp_msgpack_uint(in, UINT32_MAX);
    config->features = (uint32_t)rp_msgpack_uint(in, UINT32_MAX);
    const uint8_t *hash = rp_msgpack_fixed_bytes(in, RP_HASH_BYTES);
    if (hash != NULL) {
        memcpy(config->schedule_hash, hash, RP_HASH_BYTES);
    }
    for (unsigned i = 0; i < 5; i++) {
        limits[i] = rp_msgpack_uint(in, UINT64_MAX);
    }
    config->store.seed = rp_msgpack_uint(in, UINT64_MAX);
    config->store.time_ns = rp_msgpack_uint(in, UINT64_MAX);
    config->store.ns_per_gas = rp_msgpack_uint(in, UINT64_MAX);
}

static rp_status check_limit(const char *name, uint64_t value, uint64_t most, rp_report *report)
{
    if (value == 0 || value > most) {
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_CONFIG,
                              "snapshot section config: %s is %llu, a store has 1 to %llu", name,
                              (unsigned long long)value, (unsigned long long)most);
    }
    return RP_OK;
}

rp_status rp_state_read_config(struct rp_msgpack *in, struct rp_state_config *out_config,
                               rp_report *report)
{
    struct rp_state_config config = {0};
    uint64_t limits[5] = {0};
    read_config(in, &config, limits);
    if (in->error == NULL && in->pos != in->end) {
        rp_msgpack_fail(in, in->pos, "bytes behind the section's end");
    }
    if (in->error != NULL) {
        return rp_state_tell_bytes(in, "config", report);
    }
    unsigned next = 0;
#define X(name, most)                                              \
    if (check_limit(#name, limits[next], most, report) != RP_OK) { \
        return RP_ERROR_SNAPSHOT_CONFIG;                           \
    }                                                              \
    config.store.name = (__typeof__(config.store.name))limits[next++];
    LIMITS(X)
#undef X
    *out_config = config;
    return RP_OK;
}

static rp_store_config limits_of(const struct rp_store *store)
{
    return (rp_store_config){.memory_max_bytes = store->memory_max_bytes,
                             .table_max_elements = store->table_max_elements,
                             .call_depth_max = store->call_depth_max,
                             .stack_slots_max = store->machine.slots_max,
                             .host_depth_max = store->host_depth_max};
}

static bool check_config(struct rp_state_loader *loader, const struct rp_state_config *config)
{
    const struct rp_engine *engine = loader->from->engine;
    if (config->semantics_version != RP_SEMANTICS_VERSION) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_SEMANTICS,
                               "semantics version %u, this build has %u", config->semantics_version,
                               RP_SEMANTICS_VERSION);
    }
    if (config->features != engine->features) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_SEMANTICS,
                               "features 0x%x, the engine has 0x%x", config->features,
                               engine->features);
    }
    if (memcmp(config->schedule_hash, engine->schedule.hash, RP_HASH_BYTES) != 0) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_SCHEDULE,
                               "the hash of the gas schedule is not the engine's");
    }
    const rp_store_config own = limits_of(loader->from);
#define X(name, most)                                                                \
    if (config->store.name != own.name) {                                            \
        return rp_state_refuse(                                                      \
            loader, RP_ERROR_SNAPSHOT_CONFIG, #name " is %llu, the store's is %llu", \
            (unsigned long long)config->store.name, (unsigned long long)own.name);   \
    }
    LIMITS(X)
#undef X
    return true;
}

bool rp_state_load_config(struct rp_state_loader *loader)
{
    struct rp_state_config config;
    rp_status status = rp_state_read_config(loader->in, &config, loader->report);
    if (status != RP_OK) {
        loader->status = status;
        return false;
    }
    if (!check_config(loader, &config)) {
        return false;
    }
    struct rp_store *store = loader->store;
    store->seed = config.store.seed;
    store->time_ns = config.store.time_ns;
    store->clock.ns_per_gas = config.store.ns_per_gas;
    return true;
}
