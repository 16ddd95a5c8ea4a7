/* The configuration of a sandbox, checked and copied (layer 4). */
#include "core/limits.h"
#include "sandbox/sandbox_state.h"

#include <string.h>

#define PAGE_BYTES 65536u

void rp_sandbox_config_init(rp_sandbox_config *config)
{
    *config = (rp_sandbox_config){
        .struct_size = sizeof *config,
        .memory_max_bytes = RP_SANDBOX_DEFAULT_MEMORY_BYTES,
        .gas_per_execution = RP_SANDBOX_DEFAULT_GAS,
        .timeout_ms = RP_WATCH_NO_LIMIT,
        .seed = RP_DEFAULT_SEED,
        .timestamp_ms = RP_DEFAULT_TIME_NS / 1000000u,
        .on_stop = RP_ON_STOP_ROLLBACK,
        .on_grow_denied = RP_ON_GROW_ANSWER,
    };
}

static rp_sandbox_error_code no_memory(rp_sandbox_error *error)
{
    return rp_sandbox_fail(error, RP_SANDBOX_HOST_FAILURE, "no memory for the configuration");
}

static const char *copy_text(rp_sandbox *sandbox, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = rp_arena_alloc(&sandbox->arena, size, 1);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

/* A list of texts; NULL stays NULL. False: no memory. */
static bool copy_texts(rp_sandbox *sandbox, const char *const **texts, size_t count)
{
    if (*texts == NULL) {
        return true;
    }
    const char **copies = (const char **)rp_arena_alloc(&sandbox->arena, count, sizeof *copies);
    for (size_t i = 0; copies != NULL && i < count; i++) {
        copies[i] = copy_text(sandbox, (*texts)[i]);
        if (copies[i] == NULL) {
            return false;
        }
    }
    *texts = copies;
    return copies != NULL;
}

static rp_sandbox_error_code copy_policy(rp_sandbox *sandbox, const rp_policy *policy,
                                         rp_sandbox_error *error)
{
    if (policy->struct_size != sizeof *policy) {
        return rp_sandbox_fail(error, RP_SANDBOX_INVALID_ARGUMENT,
                               "rp_policy: struct_size is %zu, this library's is %zu",
                               policy->struct_size, sizeof *policy);
    }
    sandbox->policy = *policy;
    sandbox->config.policy = &sandbox->policy;
    bool copied = copy_texts(sandbox, &sandbox->policy.features, policy->feature_count) &&
                  copy_texts(sandbox, &sandbox->policy.imports, policy->import_count) &&
                  copy_texts(sandbox, &sandbox->policy.exports, policy->export_count);
    return copied ? RP_SANDBOX_OK : no_memory(error);
}

static const rp_valkind *copy_kinds(rp_sandbox *sandbox, const rp_valkind *kinds, size_t count)
{
    rp_valkind *copy = rp_arena_alloc(&sandbox->arena, count, sizeof *copy);
    if (copy != NULL && count != 0) {
        memcpy(copy, kinds, count * sizeof *copy);
    }
    return copy;
}

static rp_sandbox_error_code copy_host_func(rp_sandbox *sandbox, const rp_sandbox_host_func *from,
                                            rp_sandbox_host_func *to, rp_sandbox_error *error)
{
    if (from->name == NULL || from->handler == NULL) {
        return rp_sandbox_fail(error, RP_SANDBOX_INVALID_ARGUMENT,
                               "a host function needs a name and a handler");
    }
    if (from->type.param_count > RP_LIMIT_PARAMS || from->type.result_count > RP_LIMIT_RESULTS) {
        return rp_sandbox_fail(error, RP_SANDBOX_INVALID_ARGUMENT,
                               "host function %s: more than %u parameters or results", from->name,
                               RP_LIMIT_PARAMS);
    }
    *to = *from;
    to->module = copy_text(sandbox, from->module == NULL ? "env" : from->module);
    to->name = copy_text(sandbox, from->name);
    to->type.params = copy_kinds(sandbox, from->type.params, from->type.param_count);
    to->type.results = copy_kinds(sandbox, from->type.results, from->type.result_count);
    bool copied = to->module != NULL && to->name != NULL && to->type.params != NULL &&
                  to->type.results != NULL;
    return copied ? RP_SANDBOX_OK : no_memory(error);
}

static rp_sandbox_error_code copy_host_funcs(rp_sandbox *sandbox, const rp_sandbox_config *config,
                                             rp_sandbox_error *error)
{
    size_t count = config->host_func_count;
    rp_sandbox_host_func *funcs = rp_arena_alloc(&sandbox->arena, count, sizeof *funcs);
    sandbox->hosts = rp_arena_alloc(&sandbox->arena, count, sizeof *sandbox->hosts);
    if (funcs == NULL || sandbox->hosts == NULL) {
        return no_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        rp_sandbox_error_code code =
            copy_host_func(sandbox, &config->host_funcs[i], &funcs[i], error);
        if (code != RP_SANDBOX_OK) {
            return code;
        }
        sandbox->hosts[i] = (struct rp_sandbox_host){.sandbox = sandbox, .func = &funcs[i]};
    }
    sandbox->config.host_funcs = funcs;
    return RP_SANDBOX_OK;
}

rp_sandbox_error_code rp_sandbox_take_config(rp_sandbox *sandbox, const rp_sandbox_config *config,
                                             rp_sandbox_error *error)
{
    if (config->struct_size != sizeof *config) {
        return rp_sandbox_fail(error, RP_SANDBOX_INVALID_ARGUMENT,
                               "rp_sandbox_config: struct_size is %zu, this library's is %zu",
                               config->struct_size, sizeof *config);
    }
    if ((unsigned)config->on_stop > RP_ON_STOP_KEEP ||
        (unsigned)config->on_grow_denied > RP_ON_GROW_STOP ||
        config->timestamp_ms > UINT64_MAX / 1000000u ||
        config->memory_max_bytes > UINT64_MAX - PAGE_BYTES) {
        return rp_sandbox_fail(error, RP_SANDBOX_INVALID_ARGUMENT,
                               "rp_sandbox_config: on_stop, on_grow_denied, timestamp_ms or "
                               "memory_max_bytes is out of range");
    }
    sandbox->config = *config;
    uint64_t bytes =
        config->memory_max_bytes == 0 ? RP_SANDBOX_DEFAULT_MEMORY_BYTES : config->memory_max_bytes;
    sandbox->config.memory_max_bytes = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    if (config->gas_per_execution == 0) {
        sandbox->config.gas_per_execution = RP_SANDBOX_DEFAULT_GAS;
    }
    if (config->policy != NULL) {
        rp_sandbox_error_code code = copy_policy(sandbox, config->policy, error);
        if (code != RP_SANDBOX_OK) {
            return code;
        }
    }
    return copy_host_funcs(sandbox, config, error);
}
