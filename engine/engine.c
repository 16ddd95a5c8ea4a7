/* Creation of engines (layer 2). */
#include "engine/engine.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/module_cache.h"

#include <string.h>

static uint32_t features_in_scope(void)
{
    uint32_t features = 0;
#define X(name, text, here) features |= (uint32_t)(here) << RP_FEATURE_##name;
    RP_FEATURES(X)
#undef X
    return features;
}

static void fill_byte_prices(struct rp_engine *engine)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        enum rp_op op = rp_op_find(0, byte);
        bool fixed = op != RP_OP_NONE && (rp_op_infos[op].flags & RP_OP_MOVES) == 0;
        engine->byte_prices[byte] = fixed ? engine->schedule.op_prices[op] : 0;
    }
}

rp_status rp_engine_create(const rp_engine_config *config, rp_engine **out_engine,
                           rp_report *report)
{
    if (config != NULL && config->struct_size != sizeof *config) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "rp_engine_config: struct_size is %zu, this library's is %zu",
                              config->struct_size, sizeof *config);
    }
    struct rp_allocator boot;
    rp_allocator_init(&boot, UINT64_MAX);
    struct rp_engine *engine = rp_alloc_zero(&boot, 1, sizeof *engine);
    if (engine == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "engine: no memory for %zu bytes",
                              sizeof *engine);
    }
    engine->allocation_limit_bytes = UINT64_MAX;
    engine->features = features_in_scope();
    rp_schedule_init(&engine->schedule);
    rp_status status = RP_OK;
    if (config != NULL) {
        if (config->allocation_limit_bytes != 0) {
            engine->allocation_limit_bytes = config->allocation_limit_bytes;
        }
        if (config->schedule_json != NULL) {
            status = rp_schedule_parse(&engine->schedule, config->schedule_json,
                                       config->schedule_json_size, report);
        }
    }
    rp_allocator_init(&engine->type_allocator, engine->allocation_limit_bytes);
    if (status == RP_OK) {
        status = rp_module_cache_init(&engine->modules);
        if (status != RP_OK) {
            rp_report_fail(report, status, "engine: no memory for its modules");
        }
    }
    if (status == RP_OK) {
        status = rp_type_table_init(&engine->types, &engine->type_allocator);
        if (status != RP_OK) {
            rp_report_fail(report, status, "engine: no memory for its type table");
        }
    }
    if (status != RP_OK) {
        rp_module_cache_deinit(&engine->modules);
        rp_free(&boot, engine, sizeof *engine);
        return status;
    }
    fill_byte_prices(engine);
    *out_engine = engine;
    return RP_OK;
}

void rp_engine_destroy(rp_engine *engine)
{
    if (engine != NULL) {
        rp_module_cache_deinit(&engine->modules);
        rp_type_table_deinit(&engine->types);
        RP_ASSERT(engine->type_allocator.used_bytes == 0);
        struct rp_allocator boot;
        rp_allocator_init(&boot, UINT64_MAX);
        boot.used_bytes = sizeof *engine;
        rp_free(&boot, engine, sizeof *engine);
    }
}

void rp_engine_schedule_hash(const rp_engine *engine, uint8_t out_hash[32])
{
    memcpy(out_hash, engine->schedule.hash, RP_HASH_BYTES);
}
