/* See instrument_run.h (tests). */
#include "tests/instrument/instrument_run.h"

#include "core/assert.h"

#include <stdio.h>
#include <string.h>

static void require(rp_status status, const rp_report *report)
{
    if (status != RP_OK) {
        (void)fprintf(stderr, "%s: %s\n", rp_status_name(status), report->text);
    }
    RP_ASSERT(status == RP_OK);
}

static rp_host_result count_gas(void *user, rp_caller *caller, const rp_value *args,
                                rp_value *results)
{
    (void)caller;
    (void)results;
    uint64_t *counted = user;
    *counted += (uint64_t)args[0].of.i64;
    return RP_HOST_RETURN;
}

static rp_host_result exit_program(void *user, rp_caller *caller, const rp_value *args,
                                   rp_value *results)
{
    (void)user;
    (void)results;
    rp_caller_set_exit_code(caller, (uint32_t)args[0].of.i32);
    return RP_HOST_EXIT;
}

static void define_imports(rp_store *store, uint64_t *counted)
{
    static const rp_valkind i32 = RP_I32, i64 = RP_I64;
    rp_report report = {0};
    rp_host_func gas = {.struct_size = sizeof(rp_host_func),
                        .module = "reprise",
                        .name = "gas",
                        .type = {.params = &i64, .param_count = 1},
                        .callback = count_gas,
                        .user = counted};
    rp_host_func leave = {.struct_size = sizeof(rp_host_func),
                          .module = "wasi_snapshot_preview1",
                          .name = "proc_exit",
                          .type = {.params = &i32, .param_count = 1},
                          .callback = exit_program};
    require(rp_store_define_func(store, &gas, &report), &report);
    require(rp_store_define_func(store, &leave, &report), &report);
}

static bool find_export(const rp_instance *instance, const char *name, rp_extern *out)
{
    rp_name export_name = {.data = name, .size = strlen(name)};
    return rp_instance_export(instance, export_name, out) == RP_OK;
}

static void call_program(rp_store *store, const rp_instance *instance, int32_t argument,
                         rp_outcome *out_outcome, int64_t *out_result)
{
    rp_extern func;
    rp_report report = {0};
    rp_value result = {.kind = RP_I64};
    const rp_value arg = {.kind = RP_I32, .of.i32 = argument};
    bool is_command = find_export(instance, "_start", &func);
    bool is_found = is_command || find_export(instance, "run", &func);
    RP_ASSERT(is_found);
    require(rp_store_call(store, func.index, &arg, is_command ? 0 : 1, &result, is_command ? 0 : 1,
                          out_outcome, &report),
            &report);
    *out_result = result.of.i64;
}

struct rp_instrument_run rp_instrument_run(rp_engine *engine, struct rp_span module_bytes,
                                           int32_t argument)
{
    rp_report report = {0};
    rp_module *module;
    rp_store *store;
    rp_instance *instance;
    rp_extern counter;
    rp_outcome outcome = {0};
    struct rp_instrument_run run = {0};
    require(rp_module_load(engine, module_bytes.data, module_bytes.size, &module, &report),
            &report);
    require(rp_store_create(engine, NULL, &store, &report), &report);
    define_imports(store, &run.counted);
    require(rp_store_instantiate(store, module, &instance, &outcome, &report), &report);
    RP_ASSERT(outcome.kind == RP_OUTCOME_RETURNED);
    call_program(store, instance, argument, &outcome, &run.result);
    run.kind = outcome.kind;
    run.trap = outcome.trap;
    run.instructions = rp_store_gas(store).instructions;
    if (find_export(instance, "reprise_gas", &counter)) {
        rp_value value;
        require(rp_store_global_get(store, counter.index, &value), &report);
        run.counted = (uint64_t)value.of.i64;
    }
    rp_store_destroy(store);
    rp_module_destroy(module);
    return run;
}
