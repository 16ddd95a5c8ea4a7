/* An engine, a store and one instance (layer 7, test support). */
#include "tests/support/rig.h"

#include "core/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Aborts with the report's text if a request failed that a test takes for granted. */
static void require(rp_status status, const rp_report *report)
{
    if (status != RP_OK) {
        (void)fprintf(stderr, "%s: %s\n", rp_status_name(status), report->text);
    }
    RP_ASSERT(status == RP_OK);
}

void rp_rig_init(struct rp_rig *rig, struct rp_span module, const rp_store_config *config)
{
    *rig = (struct rp_rig){0};
    rp_store_config defaults;
    rp_store_config_init(&defaults);
    require(rp_engine_create(NULL, &rig->engine, &rig->report), &rig->report);
    require(rp_module_load(rig->engine, module.data, module.size, &rig->module, &rig->report),
            &rig->report);
    require(rp_store_create(rig->engine, config != NULL ? config : &defaults, &rig->store,
                            &rig->report),
            &rig->report);
    require(
        rp_store_instantiate(rig->store, rig->module, &rig->instance, &rig->outcome, &rig->report),
        &rig->report);
}

void rp_rig_deinit(struct rp_rig *rig)
{
    rp_store_destroy(rig->store);
    rp_module_destroy(rig->module);
    rp_engine_destroy(rig->engine);
}

uint32_t rp_rig_export(const struct rp_rig *rig, const char *name, rp_extern_kind kind)
{
    rp_extern object;
    rp_name export_name = {.data = name, .size = strlen(name)};
    rp_status status = rp_instance_export(rig->instance, export_name, &object);
    RP_ASSERT(status == RP_OK && object.kind == kind);
    return object.index;
}

static rp_value take_argument(char type, va_list *list)
{
    switch (type) {
    case 'i':
        return (rp_value){.kind = RP_I32, .of.i32 = va_arg(*list, int32_t)};
    case 'l':
        return (rp_value){.kind = RP_I64, .of.i64 = va_arg(*list, int64_t)};
    case 'f':
        return (rp_value){.kind = RP_F32, .of.f32_bits = va_arg(*list, uint32_t)};
    case 'd':
        return (rp_value){.kind = RP_F64, .of.f64_bits = va_arg(*list, uint64_t)};
    case 'r':
        return (rp_value){.kind = RP_FUNCREF, .of.ref = va_arg(*list, uint64_t)};
    default:
        RP_ASSERT(type == 'x');
        return (rp_value){.kind = RP_EXTERNREF, .of.ref = va_arg(*list, uint64_t)};
    }
}

rp_outcome_kind rp_rig_call(struct rp_rig *rig, const char *name, const char *types, ...)
{
    rp_value args[RP_RIG_VALUES_MAX];
    size_t count = strlen(types);
    uint32_t func = rp_rig_export(rig, name, RP_EXTERN_FUNC);
    rig->result_count = rp_store_func_type(rig->store, func).result_count;
    RP_ASSERT(count <= RP_RIG_VALUES_MAX && rig->result_count <= RP_RIG_VALUES_MAX);
    va_list list;
    va_start(list, types);
    for (size_t i = 0; i < count; i++) {
        args[i] = take_argument(types[i], &list);
    }
    va_end(list);
    rig->report = (rp_report){0};
    rig->status = rp_store_call(rig->store, func, args, count, rig->results, rig->result_count,
                                &rig->outcome, &rig->report);
    require(rig->status, &rig->report);
    return rig->outcome.kind;
}

rp_outcome_kind rp_rig_resume(struct rp_rig *rig)
{
    rig->report = (rp_report){0};
    rig->status =
        rp_store_resume(rig->store, rig->results, rig->result_count, &rig->outcome, &rig->report);
    require(rig->status, &rig->report);
    return rig->outcome.kind;
}
