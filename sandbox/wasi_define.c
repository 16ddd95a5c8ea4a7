/* WASI as host functions of a store (layer 4): signatures, prices and calls derive from the
 * table of wasi.def. */
#include "engine/store.h"
#include "metering/schedule.h"
#include "sandbox/wasi_call.h"
#include "sandbox/wasi_part.h"
#include "sandbox/wasi_trace.h"

static uint64_t store_time_ns(void *context)
{
    return rp_store_time_ns(context);
}

static void store_sleep_ns(void *context, uint64_t ns)
{
    rp_store_sleep_ns(context, ns);
}

static void store_random_bytes(void *context, void *data, size_t size)
{
    rp_store_random_bytes(context, data, size);
}

static void store_count_input(void *context)
{
    rp_store_count_host_event(context);
}

/* A call as the implementations see it; `numbers` receives the arguments. */
static void begin_call(struct rp_wasi_call *call, const struct rp_wasi_binding *binding,
                       rp_caller *caller, const rp_value *args,
                       uint64_t numbers[RP_WASI_PARAMS_MAX])
{
    for (unsigned i = 0; binding->function->params[i] != '\0'; i++) {
        numbers[i] = binding->function->params[i] == 'I' ? (uint64_t)args[i].of.i64
                                                         : (uint32_t)args[i].of.i32;
    }
    *call =
        (struct rp_wasi_call){.wasi = binding->wasi, .version = binding->version, .args = numbers};
    if (!rp_caller_memory(caller, &call->memory, &call->memory_size)) {
        call->memory = NULL;
        call->memory_size = 0;
    }
}

/* The price that a call has beside the flat one. */
static uint64_t price_call(void *user, rp_caller *caller, const rp_value *args)
{
    const struct rp_wasi_binding *binding = user;
    uint64_t numbers[RP_WASI_PARAMS_MAX] = {0};
    struct rp_wasi_call call;
    begin_call(&call, binding, caller, args, numbers);
    uint64_t bytes = rp_wasi_offered_bytes(binding->function, &call);
    return rp_schedule_term(rp_store_schedule(rp_caller_store(caller)), RP_GAS_TERM_HOST_BYTES,
                            bytes);
}

/* The call with its line in the trace. The engine has charged the price before: it is computed
 * again from the same arguments. */
static RP_NOINLINE uint32_t run_traced(void *user, rp_caller *caller, const rp_value *args,
                                       struct rp_wasi_call *call)
{
    const struct rp_wasi_binding *binding = user;
    const rp_store *store = rp_caller_store(caller);
    uint64_t cost = rp_store_schedule(store)->flat_prices[RP_GAS_FLAT_HOST_CALL] +
                    price_call(user, caller, args);
    struct rp_wasi_trace_line line;
    rp_wasi_trace_begin(&line, call, binding->function, rp_store_gas_used(store) - cost, cost);
    return rp_wasi_trace_end(&line, call, binding->function->implementation(call));
}

static rp_host_result run_call(void *user, rp_caller *caller, const rp_value *args,
                               rp_value *results)
{
    const struct rp_wasi_binding *binding = user;
    uint64_t numbers[RP_WASI_PARAMS_MAX] = {0};
    struct rp_wasi_host host = {.context = rp_caller_store(caller),
                                .time_ns = store_time_ns,
                                .sleep_ns = store_sleep_ns,
                                .random_bytes = store_random_bytes,
                                .count_input = store_count_input};
    struct rp_wasi_call call;
    begin_call(&call, binding, caller, args, numbers);
    call.host = &host;
    uint32_t answer = binding->wasi->trace == NULL ? binding->function->implementation(&call)
                                                   : run_traced(user, caller, args, &call);
    if (answer == RP_WASI_EXITS) {
        rp_caller_set_exit_code(caller, call.exit_code);
        return RP_HOST_EXIT;
    }
    if (answer == RP_WASI_FAILS) {
        rp_caller_message(caller, call.report.text);
        return RP_HOST_FAIL;
    }
    RP_ASSERT(answer < RP_WASI_ERRNO_COUNT && binding->function->returns);
    results[0].of.i32 = (int32_t)answer;
    return RP_HOST_RETURN;
}

/* The store ends before its rp_wasi. */
static void forget_store(void *user)
{
    struct rp_wasi_binding *binding = user;
    binding->wasi->store = NULL;
}

static rp_status define_function(rp_store *store, struct rp_wasi_binding *binding,
                                 rp_report *report)
{
    static const rp_valkind result = RP_I32;
    rp_valkind params[RP_WASI_PARAMS_MAX];
    size_t count = strlen(binding->function->params);
    for (size_t i = 0; i < count; i++) {
        params[i] = binding->function->params[i] == 'I' ? RP_I64 : RP_I32;
    }
    rp_host_func func = {.struct_size = sizeof(rp_host_func),
                         .module = rp_wasi_version_names[binding->version],
                         .name = binding->function->name,
                         .type = {.params = params,
                                  .param_count = count,
                                  .results = &result,
                                  .result_count = binding->function->returns ? 1 : 0},
                         .callback = run_call,
                         .price = price_call,
                         .user = binding,
                         .finalize = forget_store,
                         .is_pure = true}; /* input is counted where it comes in */
    return rp_store_define_func(store, &func, report);
}

static rp_status define_version(rp_wasi *wasi, rp_store *store, enum rp_wasi_version version,
                                rp_report *report)
{
    for (unsigned i = 0; i < RP_WASI_FUNCTION_COUNT; i++) {
        const struct rp_wasi_function *function = &rp_wasi_functions[i];
        if (function->preview1_only && version != RP_WASI_PREVIEW1) {
            continue;
        }
        struct rp_wasi_binding *binding =
            &wasi->bindings[(size_t)version * RP_WASI_FUNCTION_COUNT + i];
        *binding = (struct rp_wasi_binding){.wasi = wasi, .function = function, .version = version};
        rp_status status = define_function(store, binding, report);
        if (status != RP_OK) {
            return status;
        }
    }
    return RP_OK;
}

rp_status rp_wasi_define(rp_wasi *wasi, rp_store *store, rp_report *report)
{
    if (wasi->bindings != NULL) {
        return rp_report_fail(report, RP_ERROR_STATE,
                              "this rp_wasi is defined for a store already");
    }
    struct rp_wasi_binding *bindings =
        rp_alloc_zero(&wasi->allocator, RP_WASI_BINDING_COUNT, sizeof *bindings);
    if (bindings == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory to offer the WASI functions");
    }
    wasi->bindings = bindings;
    wasi->start_ns = rp_store_time_ns(store);
    for (unsigned version = 0; version < RP_WASI_VERSION_COUNT; version++) {
        rp_status status = define_version(wasi, store, (enum rp_wasi_version)version, report);
        if (status != RP_OK) {
            return status;
        }
    }
    wasi->store = store;
    rp_wasi_part_init(wasi);
    rp_store_add_part(store, &wasi->part);
    return RP_OK;
}
