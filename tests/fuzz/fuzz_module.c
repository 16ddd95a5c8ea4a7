/* Fuzz target: arbitrary bytes as a module, and what it does as a program (tests).
 *
 * Loading must answer with a status and text. A module that is valid runs three times under a small
 * gas limit: in the fast table, in the metered table, and stopped and resumed on the way; outcomes,
 * results, gas and memories must be equal. */
#include "core/assert.h"
#include "core/hash.h"
#include "reprise/reprise.h"
#include "tests/support/fuzz.h"

#include <string.h>

#define GAS_LIMIT 100000
#define CALLS_MAX 8
#define VALUES_MAX 16
#define BLOCK_BYTES 65536

enum way { WAY_FAST, WAY_METERED, WAY_STOPPED, WAY_COUNT };

/* The running digest of everything that a run shows. */
struct trace {
    struct rp_hash_state hash;
    enum way way;
    int64_t stop_at;
    rp_store *store;
};

static void add_number(struct trace *trace, uint64_t number)
{
    rp_hash_update(&trace->hash, &number, sizeof number);
}

static void add_value(struct trace *trace, const rp_value *value)
{
    add_number(trace, (uint64_t)value->kind);
    switch (value->kind) {
    case RP_I32:
        add_number(trace, (uint32_t)value->of.i32);
        break;
    case RP_F32:
        add_number(trace, value->of.f32_bits);
        break;
    case RP_V128:
        rp_hash_update(&trace->hash, value->of.v128, sizeof value->of.v128);
        break;
    default:
        add_number(trace, value->of.f64_bits);
        break;
    }
}

static void add_outcome(struct trace *trace, const rp_outcome *outcome)
{
    add_number(trace, (uint64_t)outcome->kind);
    add_number(trace, outcome->exit_code);
    add_number(trace, outcome->kind == RP_OUTCOME_TRAPPED ? (uint64_t)outcome->trap : 0);
    add_number(trace, rp_store_gas_used(trace->store));
}

static void add_memory(struct trace *trace, uint32_t memory)
{
    static uint8_t block[BLOCK_BYTES];
    uint64_t size = rp_store_memory_size(trace->store, memory);
    add_number(trace, size);
    for (uint64_t address = 0; address < size; address += BLOCK_BYTES) {
        rp_status status = rp_store_memory_read(trace->store, memory, address, block, sizeof block);
        RP_ASSERT(status == RP_OK);
        rp_hash_update(&trace->hash, block, sizeof block);
    }
}

/* Resumes a run that was stopped on the way. */
static rp_status finish_run(struct trace *trace, rp_value *results, size_t result_count,
                            rp_outcome *outcome)
{
    rp_status status = RP_OK;
    while (status == RP_OK && outcome->kind == RP_OUTCOME_SUSPENDED) {
        RP_ASSERT(trace->way == WAY_STOPPED);
        RP_ASSERT(rp_store_gas_used(trace->store) <= (uint64_t)trace->stop_at);
        trace->stop_at += trace->stop_at / 2 + 1;
        rp_store_set_until_gas(trace->store, trace->stop_at);
        status = rp_store_resume(trace->store, results, result_count, outcome, NULL);
    }
    return status;
}

static void call_export(struct trace *trace, const rp_instance *instance, rp_name name)
{
    rp_value args[VALUES_MAX] = {{.kind = RP_I32}};
    rp_value results[VALUES_MAX] = {{.kind = RP_I32}};
    rp_outcome outcome;
    rp_extern object;
    rp_status status = rp_instance_export(instance, name, &object);
    RP_ASSERT(status == RP_OK);
    rp_functype type = rp_store_func_type(trace->store, object.index);
    if (type.param_count > VALUES_MAX || type.result_count > VALUES_MAX) {
        return;
    }
    for (size_t i = 0; i < type.param_count; i++) {
        args[i].kind = type.params[i];
        if (args[i].kind == RP_FUNCREF || args[i].kind == RP_EXTERNREF) {
            args[i].of.ref = RP_REF_NULL;
        }
    }
    status = rp_store_call(trace->store, object.index, args, type.param_count, results,
                           type.result_count, &outcome, NULL);
    if (status == RP_OK) {
        status = finish_run(trace, results, type.result_count, &outcome);
    }
    add_number(trace, (uint64_t)status);
    if (status != RP_OK) {
        return;
    }
    add_outcome(trace, &outcome);
    for (size_t i = 0; outcome.kind == RP_OUTCOME_RETURNED && i < type.result_count; i++) {
        add_value(trace, &results[i]);
    }
    rp_store_abandon(trace->store, NULL);
}

static void run_exports(struct trace *trace, const rp_module *module, const rp_instance *instance)
{
    unsigned calls = 0;
    for (size_t i = 0; i < rp_module_export_count(module); i++) {
        rp_export_info info = rp_module_export(module, i);
        rp_extern object;
        if (info.kind == RP_EXTERN_FUNC && calls++ < CALLS_MAX) {
            call_export(trace, instance, info.name);
        } else if (info.kind == RP_EXTERN_MEMORY &&
                   rp_instance_export(instance, info.name, &object) == RP_OK) {
            add_memory(trace, object.index);
        }
    }
}

/* One run in one way; `out_hash` is the digest of what it shows. */
static void run_module(rp_engine *engine, const rp_module *module, enum way way, int64_t stop_at,
                       uint8_t out_hash[RP_HASH_BYTES])
{
    struct trace trace = {.way = way, .stop_at = stop_at};
    rp_store_config config;
    rp_store_config_init(&config);
    config.memory_max_bytes = 16 * BLOCK_BYTES;
    config.table_max_elements = 10000;
    config.call_depth_max = 500;
    config.stack_slots_max = 20000;
    config.metered = way == WAY_METERED;
    rp_status status = rp_store_create(engine, &config, &trace.store, NULL);
    RP_ASSERT(status == RP_OK);
    rp_store_trap_unknown_imports(trace.store, true);
    rp_store_set_gas_limit(trace.store, GAS_LIMIT);
    if (way == WAY_STOPPED) {
        rp_store_set_until_gas(trace.store, stop_at);
    }
    rp_hash_init(&trace.hash);
    rp_instance *instance = NULL;
    rp_outcome outcome;
    status = rp_store_instantiate(trace.store, module, &instance, &outcome, NULL);
    if (status == RP_OK) {
        status = finish_run(&trace, NULL, 0, &outcome);
    }
    add_number(&trace, (uint64_t)status);
    if (status == RP_OK) {
        add_outcome(&trace, &outcome);
        if (outcome.kind == RP_OUTCOME_RETURNED) {
            run_exports(&trace, module, instance);
        }
    }
    rp_hash_final(&trace.hash, out_hash);
    rp_store_destroy(trace.store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rp_engine_config config = {.struct_size = sizeof config, .allocation_limit_bytes = 1u << 26};
    rp_engine *engine = NULL;
    rp_module *module = NULL;
    rp_report report = {0};
    rp_status status = rp_engine_create(&config, &engine, &report);
    RP_ASSERT(status == RP_OK);
    status = rp_module_load(engine, data, size, &module, &report);
    RP_ASSERT((status == RP_OK) == (report.text[0] == 0));
    if (status == RP_OK) {
        uint8_t hashes[WAY_COUNT][RP_HASH_BYTES];
        for (unsigned way = 0; way < WAY_COUNT; way++) {
            run_module(engine, module, (enum way)way, (int64_t)(size % 61), hashes[way]);
            RP_ASSERT(memcmp(hashes[way], hashes[WAY_FAST], RP_HASH_BYTES) == 0);
        }
    }
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    return 0;
}
