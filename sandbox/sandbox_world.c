/* The store of a sandbox with everything that a module may import (layer 4). */
#include "sandbox/sandbox_state.h"

#include <string.h>

/* Asks the handler and notes who failed, for the error's data. */
static rp_host_result call_handler(void *user, rp_caller *caller, const rp_value *args,
                                   rp_value *results)
{
    struct rp_sandbox_host *host = user;
    const rp_sandbox_host_func *func = host->func;
    rp_host_result answer = func->handler(func->user, caller, args, results);
    bool failed = answer == RP_HOST_TRAP || answer == RP_HOST_FAIL;
    for (size_t i = 0; i < func->type.result_count && !failed; i++) {
        failed = results[i].kind != func->type.results[i];
    }
    if (failed) {
        host->sandbox->failed_host = host;
    }
    return answer;
}

static rp_status define_hosts(rp_sandbox *sandbox, rp_store *store, rp_report *report)
{
    for (size_t i = 0; i < sandbox->config.host_func_count; i++) {
        const rp_sandbox_host_func *func = sandbox->hosts[i].func;
        rp_host_func definition = {.struct_size = sizeof definition,
                                   .module = func->module,
                                   .name = func->name,
                                   .type = func->type,
                                   .callback = call_handler,
                                   .user = &sandbox->hosts[i]};
        rp_status status = rp_store_define_func(store, &definition, report);
        if (status != RP_OK) {
            return status;
        }
    }
    return RP_OK;
}

static rp_status make_wasi(struct rp_sandbox_world *world, rp_report *report)
{
    rp_wasi_config config;
    rp_wasi_config_init(&config);
    config.time_ns = world->time_ns;
    rp_status status = rp_wasi_create(&config, &world->wasi, report);
    if (status == RP_OK) {
        status = rp_wasi_preopen(world->wasi, "/", false, report);
    }
    return status == RP_OK ? rp_wasi_define(world->wasi, world->store, report) : status;
}

static rp_status fill_world(rp_sandbox *sandbox, struct rp_sandbox_world *world, rp_report *report)
{
    rp_store_config config;
    rp_store_config_init(&config);
    config.memory_max_bytes = sandbox->config.memory_max_bytes;
    config.seed = world->seed;
    config.time_ns = world->time_ns;
    config.stop_on_grow_denied = sandbox->config.on_grow_denied == RP_ON_GROW_STOP;
    rp_status status = rp_store_create(sandbox->engine, &config, &world->store, report);
    if (status == RP_OK) {
        status = rp_store_define_builtins(world->store, report);
    }
    if (status == RP_OK) {
        status = rp_store_offer_memory(world->store, "env", "memory", report);
    }
    if (status == RP_OK) {
        status = define_hosts(sandbox, world->store, report);
    }
    if (status == RP_OK && sandbox->config.wasi) {
        status = make_wasi(world, report);
    }
    return status;
}

rp_sandbox_error_code rp_sandbox_make_world(rp_sandbox *sandbox, uint64_t seed, uint64_t time_ns,
                                            struct rp_sandbox_world *out_world,
                                            rp_sandbox_error *error)
{
    rp_report report = {0};
    struct rp_sandbox_world world = {.seed = seed, .time_ns = time_ns};
    if (fill_world(sandbox, &world, &report) != RP_OK) {
        rp_sandbox_end_world(&world);
        return rp_sandbox_fail_below(error, RP_SANDBOX_INVALID_ARGUMENT, &report);
    }
    *out_world = world;
    return RP_SANDBOX_OK;
}

rp_status rp_sandbox_make_checkpoint(struct rp_sandbox_world *world, rp_report *report)
{
    return world->checkpoint == NULL
               ? rp_store_checkpoint(world->store, &world->checkpoint, report)
               : rp_store_checkpoint_again(world->store, world->checkpoint, report);
}

void rp_sandbox_end_world(struct rp_sandbox_world *world)
{
    rp_checkpoint_destroy(world->checkpoint);
    rp_store_destroy(world->store);
    rp_wasi_destroy(world->wasi);
    rp_module_destroy(world->module);
    memset(world, 0, sizeof *world);
}
