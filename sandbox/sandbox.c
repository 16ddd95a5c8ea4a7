/* The life of a sandbox: create, load, metrics, destroy (layer 4; docs/sandbox.md). */
#include "core/assert.h"
#include "sandbox/sandbox_state.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* ---- create ---- */

static void make_id(char id[RP_SANDBOX_ID_BYTES])
{
    static atomic_ullong count;
    unsigned long long number = atomic_fetch_add(&count, 1) + 1;
    snprintf(id, RP_SANDBOX_ID_BYTES, "%032llx", number);
}

static rp_sandbox_error_code fill_sandbox(rp_sandbox *sandbox, rp_engine *engine,
                                          const rp_sandbox_config *config, rp_sandbox_error *error)
{
    rp_sandbox_error_code code = rp_sandbox_take_config(sandbox, config, error);
    if (code != RP_SANDBOX_OK) {
        return code;
    }
    sandbox->engine = engine;
    if (engine == NULL) {
        rp_report report = {0};
        if (rp_engine_create(NULL, &sandbox->engine, &report) != RP_OK) {
            return rp_sandbox_fail_below(error, RP_SANDBOX_HOST_FAILURE, &report);
        }
        sandbox->owns_engine = true;
    }
    return rp_sandbox_make_world(sandbox, sandbox->config.seed,
                                 sandbox->config.timestamp_ms * 1000000u, &sandbox->spare, error);
}

rp_sandbox_error_code rp_sandbox_create(rp_engine *engine, const rp_sandbox_config *config,
                                        rp_sandbox **out_sandbox, rp_sandbox_error *error)
{
    rp_sandbox_config defaults;
    if (config == NULL) {
        rp_sandbox_config_init(&defaults);
        config = &defaults;
    }
    struct rp_allocator boot;
    rp_allocator_init(&boot, 0);
    rp_sandbox *sandbox = rp_alloc_zero(&boot, 1, sizeof *sandbox);
    if (sandbox == NULL) {
        return rp_sandbox_fail(error, RP_SANDBOX_HOST_FAILURE, "no memory for a sandbox");
    }
    sandbox->allocator = boot;
    rp_arena_init(&sandbox->arena, &sandbox->allocator);
    rp_sandbox_clear_run(sandbox);
    make_id(sandbox->id);
    rp_watchdog_acquire();
    rp_sandbox_error_code code = fill_sandbox(sandbox, engine, config, error);
    if (code != RP_SANDBOX_OK) {
        rp_sandbox_free(sandbox);
        return code;
    }
    *out_sandbox = sandbox;
    return RP_SANDBOX_OK;
}

const char *rp_sandbox_id(const rp_sandbox *sandbox)
{
    return sandbox->id;
}

rp_sandbox_status rp_sandbox_get_status(const rp_sandbox *sandbox)
{
    return sandbox->status;
}

rp_store *rp_sandbox_store(rp_sandbox *sandbox)
{
    return sandbox->live.store;
}

/* ---- load ---- */

struct missing {
    const rp_module *module;
    size_t index;
    bool found;
};

static void note_missing(void *user, size_t import_index, bool linked, const char *offered)
{
    struct missing *missing = user;
    (void)offered;
    if (!linked && !missing->found) {
        missing->found = true;
        missing->index = import_index;
    }
}

/* INVALID_MODULE with the report's text and, if an import is missing, the first one's name. */
static rp_sandbox_error_code refuse_module(rp_store *store, const rp_module *module,
                                           const rp_report *report, rp_sandbox_error *error)
{
    rp_sandbox_error_code code = rp_sandbox_fail_below(error, RP_SANDBOX_INVALID_MODULE, report);
    struct missing missing = {.module = module};
    if (report->status == RP_ERROR_IMPORT && error != NULL &&
        rp_store_visit_imports(store, module, note_missing, &missing) == RP_OK && missing.found) {
        rp_import_info import = rp_module_import(module, missing.index);
        snprintf(error->function, sizeof error->function, "%.*s.%.*s", (int)import.module.size,
                 import.module.data, (int)import.name.size, import.name.data);
    }
    return code;
}

static rp_sandbox_error_code load_module(const rp_sandbox *sandbox, const void *bytes, size_t size,
                                         rp_module **out_module, rp_sandbox_error *error)
{
    rp_report report = {0};
    rp_status status = rp_module_load(sandbox->engine, bytes, size, out_module, &report);
    if (status == RP_OK && sandbox->config.policy != NULL) {
        status = rp_module_check_policy(*out_module, sandbox->config.policy, &report);
    }
    return status == RP_OK ? RP_SANDBOX_OK
                           : rp_sandbox_fail_below(error, RP_SANDBOX_INVALID_MODULE, &report);
}

/* A WASI module without `_start` is set up by its export `_initialize`, if it has one. */
static rp_status call_initialize(const rp_sandbox *sandbox, const struct rp_sandbox_world *world,
                                 rp_outcome *outcome, rp_report *report)
{
    static const char text[] = "_initialize";
    rp_extern found;
    rp_name name = {.data = text, .size = sizeof text - 1};
    if (!sandbox->config.wasi || rp_instance_export(world->instance, name, &found) != RP_OK ||
        found.kind != RP_EXTERN_FUNC) {
        return RP_OK;
    }
    rp_functype type = rp_store_func_type(world->store, found.index);
    if (type.param_count != 0 || type.result_count != 0) {
        return RP_OK;
    }
    return rp_store_call(world->store, found.index, NULL, 0, NULL, 0, outcome, report);
}

static rp_sandbox_error_code instantiate(rp_sandbox *sandbox, struct rp_sandbox_world *world,
                                         rp_sandbox_error *error)
{
    rp_report report = {0};
    rp_outcome outcome = {0};
    struct rp_watch watch;
    rp_sandbox_status before = sandbox->status;
    sandbox->status = RP_SANDBOX_RUNNING;
    rp_sandbox_begin_limits(sandbox, world, &watch, sandbox->config.gas_per_execution,
                            sandbox->config.timeout_ms);
    rp_status status =
        rp_store_instantiate(world->store, world->module, &world->instance, &outcome, &report);
    if (status == RP_OK && outcome.kind == RP_OUTCOME_RETURNED) {
        status = call_initialize(sandbox, world, &outcome, &report);
    }
    rp_sandbox_end_limits(sandbox, world, &watch);
    sandbox->status = before;
    if (status == RP_ERROR_IMPORT || status == RP_ERROR_LIMIT) {
        return refuse_module(world->store, world->module, &report, error);
    }
    return rp_sandbox_judge(sandbox, world, status, &outcome, &report, error);
}

/* A module that was loaded takes the place of what was there. */
static void take_world(rp_sandbox *sandbox, const struct rp_sandbox_world *world)
{
    rp_sandbox_clear_run(sandbox);
    rp_sandbox_end_world(&sandbox->live);
    sandbox->live = *world;
    sandbox->status = RP_SANDBOX_LOADED;
    if (sandbox->config.on_stop == RP_ON_STOP_ROLLBACK) {
        /* So that the first execution finds it made; without memory it makes its own. */
        (void)rp_sandbox_make_checkpoint(&sandbox->live, NULL);
    }
    memset(&sandbox->last, 0, sizeof sandbox->last);
}

rp_sandbox_error_code rp_sandbox_load(rp_sandbox *sandbox, const void *bytes, size_t size,
                                      rp_sandbox_error *error)
{
    const unsigned allowed =
        RP_SANDBOX_BIT(CREATED) | RP_SANDBOX_BIT(LOADED) | RP_SANDBOX_BIT(SUSPENDED);
    if (!rp_sandbox_is_in(sandbox, allowed)) {
        return rp_sandbox_refuse(sandbox, "load", error);
    }
    rp_module *module = NULL;
    rp_sandbox_error_code code = load_module(sandbox, bytes, size, &module, error);
    struct rp_sandbox_world world = sandbox->spare;
    memset(&sandbox->spare, 0, sizeof sandbox->spare);
    if (code == RP_SANDBOX_OK && world.store == NULL) {
        code = rp_sandbox_make_world(sandbox, sandbox->config.seed,
                                     sandbox->config.timestamp_ms * 1000000u, &world, error);
    }
    world.module = module;
    struct rp_sandbox_run suspended = sandbox->run;
    if (code == RP_SANDBOX_OK) {
        sandbox->run = (struct rp_sandbox_run){.phase = RP_PHASE_NONE};
        code = instantiate(sandbox, &world, error);
        sandbox->run = suspended;
    }
    if (code != RP_SANDBOX_OK) {
        rp_sandbox_end_world(&world);
        return code;
    }
    take_world(sandbox, &world);
    return RP_SANDBOX_OK;
}

/* ---- metrics ---- */

rp_sandbox_error_code rp_sandbox_get_metrics(const rp_sandbox *sandbox,
                                             rp_sandbox_metrics *out_metrics,
                                             rp_sandbox_error *error)
{
    if (rp_sandbox_is_in(sandbox, RP_SANDBOX_BIT(DESTROYED))) {
        return rp_sandbox_refuse(sandbox, "get_metrics", error);
    }
    const rp_store *store = sandbox->live.store;
    const rp_sandbox_config *config = &sandbox->config;
    *out_metrics = sandbox->last;
    out_metrics->memory_max_bytes = config->memory_max_bytes;
    out_metrics->gas_max = config->gas_per_execution;
    out_metrics->duration_max_ms =
        config->timeout_ms < 0 ? UINT64_MAX : (uint64_t)config->timeout_ms;
    if (store != NULL) {
        out_metrics->memory_bytes = rp_store_memory_bytes(store);
        out_metrics->gas_total = rp_store_gas_used(store);
    }
    return RP_SANDBOX_OK;
}

/* ---- destroy ---- */

rp_sandbox_error_code rp_sandbox_destroy(rp_sandbox *sandbox, rp_sandbox_error *error)
{
    if (rp_sandbox_is_in(sandbox, RP_SANDBOX_BIT(RUNNING) | RP_SANDBOX_BIT(DESTROYED))) {
        return rp_sandbox_refuse(sandbox, "destroy", error);
    }
    rp_sandbox_clear_run(sandbox);
    rp_sandbox_end_world(&sandbox->live);
    rp_sandbox_end_world(&sandbox->spare);
    if (sandbox->owns_engine) {
        rp_engine_destroy(sandbox->engine);
    }
    sandbox->engine = NULL;
    rp_arena_deinit(&sandbox->arena);
    rp_watchdog_release();
    sandbox->status = RP_SANDBOX_DESTROYED;
    return RP_SANDBOX_OK;
}

void rp_sandbox_free(rp_sandbox *sandbox)
{
    if (sandbox == NULL) {
        return;
    }
    RP_ASSERT(sandbox->status != RP_SANDBOX_RUNNING);
    if (sandbox->status != RP_SANDBOX_DESTROYED) {
        rp_sandbox_error_code code = rp_sandbox_destroy(sandbox, NULL);
        RP_ASSERT(code == RP_SANDBOX_OK);
    }
    struct rp_allocator allocator = sandbox->allocator;
    rp_free(&allocator, sandbox, sizeof *sandbox);
    RP_ASSERT(allocator.used_bytes == 0);
}
