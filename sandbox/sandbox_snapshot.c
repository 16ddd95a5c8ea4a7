/* Saving and restoring a sandbox (layer 4; docs/sandbox.md). */
#include "core/assert.h"
#include "sandbox/sandbox_state.h"

#include <string.h>

rp_sandbox_error_code rp_sandbox_snapshot(rp_sandbox *sandbox, rp_bytes *bytes,
                                          rp_sandbox_error *error)
{
    if (!rp_sandbox_is_in(sandbox, RP_SANDBOX_BIT(LOADED) | RP_SANDBOX_BIT(SUSPENDED))) {
        return rp_sandbox_refuse(sandbox, "snapshot", error);
    }
    if (!rp_sandbox_record_is_whole(sandbox)) {
        return rp_sandbox_fail(error, RP_SANDBOX_SNAPSHOT_ERROR,
                               "the execution is suspended in __alloc and its payload of %zu bytes "
                               "is larger than %u",
                               sandbox->run.payload.size, RP_SANDBOX_PAYLOAD_KEPT_MAX);
    }
    rp_sandbox_error_code code = RP_SANDBOX_OK;
    if (sandbox->status == RP_SANDBOX_SUSPENDED) {
        code = rp_sandbox_save_record(sandbox, error);
    }
    if (code != RP_SANDBOX_OK) {
        return code;
    }
    rp_report report = {0};
    if (rp_store_snapshot(sandbox->live.store, bytes, &report) != RP_OK) {
        return rp_sandbox_fail_below(error, RP_SANDBOX_SNAPSHOT_ERROR, &report);
    }
    return RP_SANDBOX_OK;
}

/* The configuration of the snapshot's store, checked against the sandbox's. */
static rp_sandbox_error_code check_config(const rp_sandbox *sandbox, const void *snapshot,
                                          size_t size, rp_snapshot_config *out_config,
                                          rp_sandbox_error *error)
{
    rp_report report = {0};
    if (rp_snapshot_read_config(snapshot, size, NULL, out_config, &report) != RP_OK) {
        return rp_sandbox_fail_below(error, RP_SANDBOX_SNAPSHOT_ERROR, &report);
    }
    uint64_t bytes = out_config->store.memory_max_bytes;
    if (bytes != sandbox->config.memory_max_bytes) {
        rp_sandbox_fail(error, RP_SANDBOX_SNAPSHOT_ERROR,
                        "the snapshot has a memory limit of %llu bytes, the sandbox %llu",
                        (unsigned long long)bytes,
                        (unsigned long long)sandbox->config.memory_max_bytes);
        if (error != NULL) {
            error->status = RP_ERROR_SNAPSHOT_CONFIG;
        }
        return RP_SANDBOX_SNAPSHOT_ERROR;
    }
    return RP_SANDBOX_OK;
}

/* The restored store's own module, with a handle of its own. */
static rp_sandbox_error_code find_module(const rp_sandbox *sandbox, struct rp_sandbox_world *world,
                                         rp_sandbox_error *error)
{
    world->instance = rp_store_instance(world->store, 0);
    if (world->instance == NULL) {
        return rp_sandbox_fail(error, RP_SANDBOX_SNAPSHOT_ERROR, "the snapshot has no instance");
    }
    uint8_t hash[32];
    rp_module_hash(rp_instance_module(world->instance), hash);
    rp_status status = rp_engine_find_module(sandbox->engine, hash, &world->module);
    RP_ASSERT(status == RP_OK); /* the store uses it */
    return RP_SANDBOX_OK;
}

/* Fills a store made for it; on failure the caller ends the world. */
static rp_sandbox_error_code restore_world(rp_sandbox *sandbox, const void *snapshot, size_t size,
                                           struct rp_sandbox_world *world,
                                           struct rp_sandbox_run *out_run, rp_sandbox_error *error)
{
    rp_restore_options options = {.struct_size = sizeof options};
    if (sandbox->live.module != NULL) {
        options.modules = &sandbox->live.module;
        options.module_count = 1;
    }
    rp_report report = {0};
    if (rp_store_restore(world->store, snapshot, size, &options, &report) != RP_OK) {
        return rp_sandbox_fail_below(error, RP_SANDBOX_SNAPSHOT_ERROR, &report);
    }
    rp_sandbox_error_code code = find_module(sandbox, world, error);
    return code == RP_SANDBOX_OK ? rp_sandbox_load_record(sandbox, world, out_run, error) : code;
}

/* Puts a restored world and the run that is suspended in it, if any, in the place of what was
 * there. */
static rp_sandbox_error_code take_restored(rp_sandbox *sandbox,
                                           const struct rp_sandbox_world *world,
                                           const struct rp_sandbox_run *run,
                                           rp_sandbox_error *error)
{
    struct rp_sandbox_world before = sandbox->live;
    struct rp_sandbox_action action = {0};
    sandbox->live = *world;
    if (run->phase != RP_PHASE_NONE) {
        rp_sandbox_error_code code =
            rp_sandbox_find_action(sandbox, (const char *)run->name.data, &action, error);
        if (code != RP_SANDBOX_OK || (run->phase == RP_PHASE_ALLOC && !action.is_json)) {
            sandbox->live = before;
            return rp_sandbox_fail(error, RP_SANDBOX_SNAPSHOT_ERROR,
                                   "the snapshot is of a suspended action that its module lacks");
        }
    }
    rp_sandbox_clear_run(sandbox);
    rp_sandbox_end_world(&before);
    sandbox->run = *run;
    sandbox->run.action = action;
    sandbox->status = run->phase == RP_PHASE_NONE ? RP_SANDBOX_LOADED : RP_SANDBOX_SUSPENDED;
    memset(&sandbox->last, 0, sizeof sandbox->last);
    sandbox->last.executions = run->phase != RP_PHASE_NONE;
    return RP_SANDBOX_OK;
}

rp_sandbox_error_code rp_sandbox_restore(rp_sandbox *sandbox, const void *snapshot, size_t size,
                                         rp_sandbox_error *error)
{
    const unsigned allowed =
        RP_SANDBOX_BIT(CREATED) | RP_SANDBOX_BIT(LOADED) | RP_SANDBOX_BIT(SUSPENDED);
    if (!rp_sandbox_is_in(sandbox, allowed)) {
        return rp_sandbox_refuse(sandbox, "restore", error);
    }
    rp_snapshot_config config;
    rp_sandbox_error_code code = check_config(sandbox, snapshot, size, &config, error);
    if (code != RP_SANDBOX_OK) {
        return code;
    }
    struct rp_sandbox_world world = sandbox->spare;
    memset(&sandbox->spare, 0, sizeof sandbox->spare);
    if (world.store == NULL || world.seed != config.store.seed ||
        world.time_ns != config.store.time_ns) {
        rp_sandbox_end_world(&world);
        code =
            rp_sandbox_make_world(sandbox, config.store.seed, config.store.time_ns, &world, error);
    }
    struct rp_sandbox_run run = {.phase = RP_PHASE_NONE};
    rp_buffer_init(&run.name, &sandbox->allocator);
    rp_buffer_init(&run.payload, &sandbox->allocator);
    if (code == RP_SANDBOX_OK) {
        code = restore_world(sandbox, snapshot, size, &world, &run, error);
    }
    if (code == RP_SANDBOX_OK) {
        code = take_restored(sandbox, &world, &run, error);
    }
    if (code != RP_SANDBOX_OK) {
        rp_buffer_deinit(&run.name);
        rp_buffer_deinit(&run.payload);
        rp_sandbox_end_world(&world);
    }
    return code;
}
