/* Executing actions (layer 4; docs/sandbox.md): `__alloc`, the payload, the action, its answer; and
 * what becomes of an execution that a limit stops or that fails. */
#include "core/assert.h"
#include "core/limits.h"
#include "sandbox/sandbox_state.h"

#include <string.h>

#define FEW_VALUES 16

/* ---- values of a numeric action: few lie on the native stack ---- */

struct values {
    rp_value few[FEW_VALUES];
    rp_value *data;
    size_t count;
};

static bool init_values(rp_sandbox *sandbox, struct values *values, size_t count)
{
    values->count = count;
    values->data = count <= FEW_VALUES
                       ? values->few
                       : rp_alloc_zero(&sandbox->allocator, count, sizeof *values->data);
    return values->data != NULL;
}

static void deinit_values(rp_sandbox *sandbox, struct values *values)
{
    if (values->data != values->few) {
        rp_free(&sandbox->allocator, values->data, values->count * sizeof *values->data);
    }
}

static rp_sandbox_error_code no_memory(rp_sandbox_error *error)
{
    return rp_sandbox_fail(error, RP_SANDBOX_HOST_FAILURE, "no memory for an execution");
}

/* ---- the parts of a run ---- */

/* The guest has made room: the payload goes into it. */
static rp_sandbox_error_code place_payload(rp_sandbox *sandbox, uint32_t address, rp_value args[2],
                                           rp_sandbox_error *error)
{
    struct rp_sandbox_run *run = &sandbox->run;
    size_t size = run->payload.size;
    rp_store *store = sandbox->live.store;
    uint64_t end = rp_store_memory_size(store, run->action.memory_index);
    if (address > end || size > end - address) {
        return rp_sandbox_fail(error, RP_SANDBOX_BAD_RESULT,
                               "__alloc(%zu) answered %u: outside of the memory of %llu bytes",
                               size, address, (unsigned long long)end);
    }
    rp_status status =
        rp_store_memory_write(store, run->action.memory_index, address, run->payload.data, size);
    if (status != RP_OK) {
        rp_report report = {.status = status};
        return rp_sandbox_fail_below(error, RP_SANDBOX_HOST_FAILURE, &report);
    }
    args[0] = (rp_value){.kind = RP_I32, .of.i32 = (int32_t)address};
    args[1] = (rp_value){.kind = RP_I32, .of.i32 = (int32_t)(uint32_t)size};
    rp_buffer_deinit(&run->payload);
    rp_buffer_init(&run->payload, &sandbox->allocator);
    run->phase = RP_PHASE_ACTION;
    return RP_SANDBOX_OK;
}

/* A snapshot may have a record that does not fit the call that it stopped in. */
static bool kinds_fit(const rp_functype *type, const rp_value *results)
{
    for (size_t i = 0; i < type->result_count; i++) {
        if (results[i].kind != type->results[i]) {
            return false;
        }
    }
    return true;
}

/* Calls or resumes the function of the present phase. */
static rp_sandbox_error_code call_phase(rp_sandbox *sandbox, bool resume, const rp_value *args,
                                        rp_value *results, rp_status *out_status,
                                        rp_outcome *outcome, rp_report *report)
{
    const struct rp_sandbox_run *run = &sandbox->run;
    bool is_alloc = run->phase == RP_PHASE_ALLOC;
    uint32_t func = is_alloc ? run->action.alloc_index : run->action.func_index;
    rp_functype type = rp_store_func_type(sandbox->live.store, func);
    rp_store *store = sandbox->live.store;
    *out_status = resume ? rp_store_resume(store, results, type.result_count, outcome, report)
                         : rp_store_call(store, func, args, type.param_count, results,
                                         type.result_count, outcome, report);
    bool returned = *out_status == RP_OK && outcome->kind == RP_OUTCOME_RETURNED;
    return returned && !kinds_fit(&type, results) ? RP_SANDBOX_BAD_RESULT : RP_SANDBOX_OK;
}

/* Runs all phases that are left. `args`: of the action, if it is numeric and begins; room for two
 * values in any case. */
static rp_sandbox_error_code run_phases(rp_sandbox *sandbox, bool resume, rp_value *args,
                                        rp_value *results, const rp_execute_options *options,
                                        rp_sandbox_error *error)
{
    struct rp_sandbox_run *run = &sandbox->run;
    const rp_sandbox_config *config = &sandbox->config;
    uint64_t gas =
        options != NULL && options->gas != NULL ? *options->gas : config->gas_per_execution;
    int64_t timeout_ms =
        options != NULL && options->timeout_ms != NULL ? *options->timeout_ms : config->timeout_ms;
    struct rp_watch watch;
    rp_outcome outcome;
    rp_report report = {0};
    rp_status status;
    rp_sandbox_error_code code;
    sandbox->status = RP_SANDBOX_RUNNING;
    rp_sandbox_begin_limits(sandbox, &sandbox->live, &watch, gas, timeout_ms);
    for (;;) {
        enum rp_sandbox_phase phase = run->phase;
        code = call_phase(sandbox, resume, args, results, &status, &outcome, &report);
        resume = false;
        if (code != RP_SANDBOX_OK) {
            rp_sandbox_fail(error, code, "the call that was suspended is another one");
            break;
        }
        if (status != RP_OK || outcome.kind != RP_OUTCOME_RETURNED || phase == RP_PHASE_ACTION) {
            break;
        }
        code = place_payload(sandbox, (uint32_t)results[0].of.i32, args, error);
        if (code != RP_SANDBOX_OK) {
            break;
        }
    }
    rp_sandbox_end_limits(sandbox, &sandbox->live, &watch);
    return code != RP_SANDBOX_OK
               ? code
               : rp_sandbox_judge(sandbox, &sandbox->live, status, &outcome, &report, error);
}

/* ---- how it ends ---- */

/* Whether a stopped store is one that depends on real time. */
static bool is_real_time(const rp_sandbox *sandbox)
{
    return rp_store_get_state(sandbox->live.store) == RP_STORE_CUT;
}

/* What on_stop says, as far as it can be done. */
static rp_on_stop decide_end(const rp_sandbox *sandbox, rp_sandbox_error_code code)
{
    bool stopped = rp_store_is_stopped(sandbox->live.store);
    rp_on_stop way = sandbox->config.on_stop;
    if (code == RP_SANDBOX_HOST_PENDING) {
        return RP_ON_STOP_SUSPEND;
    }
    if (way == RP_ON_STOP_SUSPEND) {
        return stopped ? RP_ON_STOP_SUSPEND : RP_ON_STOP_KEEP;
    }
    if (way == RP_ON_STOP_KEEP && !is_real_time(sandbox)) {
        return RP_ON_STOP_KEEP;
    }
    if (sandbox->run.can_roll_back) {
        return RP_ON_STOP_ROLLBACK;
    }
    return is_real_time(sandbox) ? RP_ON_STOP_SUSPEND : RP_ON_STOP_KEEP;
}

static void note_metrics(rp_sandbox *sandbox)
{
    sandbox->last.gas_used = rp_store_gas_used(sandbox->live.store) - sandbox->run.gas_begin;
    sandbox->last.duration_ms = sandbox->run.ns / 1000000u;
}

/* Ends or suspends a run that did not answer; answers the run's code. */
static rp_sandbox_error_code end_failed(rp_sandbox *sandbox, rp_sandbox_error_code code,
                                        rp_sandbox_error *error)
{
    rp_store *store = sandbox->live.store;
    rp_report report = {0};
    rp_status status = RP_OK;
    note_metrics(sandbox);
    if (error != NULL) {
        error->gas_used = sandbox->last.gas_used;
    }
    switch (decide_end(sandbox, code)) {
    case RP_ON_STOP_SUSPEND:
        sandbox->status = RP_SANDBOX_SUSPENDED;
        (void)rp_sandbox_save_record(sandbox, NULL); /* a snapshot tries again */
        return code;
    case RP_ON_STOP_ROLLBACK:
        status = rp_store_rollback(store, sandbox->live.checkpoint, &report);
        break;
    case RP_ON_STOP_KEEP:
    default:
        if (rp_store_is_stopped(store)) {
            status = rp_store_abandon(store, &report);
        }
        break;
    }
    RP_ASSERT(status == RP_OK);
    sandbox->status = RP_SANDBOX_LOADED;
    rp_sandbox_clear_run(sandbox);
    rp_sandbox_error_code cleared = rp_sandbox_clear_record(sandbox, NULL);
    RP_ASSERT(cleared == RP_SANDBOX_OK);
    return code;
}

/* Runs to an answer, or ends as on_stop says. */
static rp_sandbox_error_code run_to_answer(rp_sandbox *sandbox, bool resume, struct values *args,
                                           struct values *results,
                                           const rp_execute_options *options,
                                           rp_sandbox_result *out_result, rp_sandbox_error *error)
{
    rp_sandbox_result result = {0};
    rp_sandbox_error_code code =
        run_phases(sandbox, resume, args->data, results->data, options, error);
    if (code == RP_SANDBOX_OK) {
        code = rp_sandbox_read_answer(sandbox, &sandbox->run.action, results->data, &result.value,
                                      &result.value_size, error);
    }
    if (code != RP_SANDBOX_OK) {
        return end_failed(sandbox, code, error);
    }
    note_metrics(sandbox);
    result.gas_used = sandbox->last.gas_used;
    result.duration_ns = sandbox->run.ns;
    sandbox->status = RP_SANDBOX_LOADED;
    rp_sandbox_clear_run(sandbox);
    code = rp_sandbox_clear_record(sandbox, error);
    RP_ASSERT(code == RP_SANDBOX_OK);
    code = rp_sandbox_get_metrics(sandbox, &result.metrics, error);
    RP_ASSERT(code == RP_SANDBOX_OK);
    *out_result = result;
    return RP_SANDBOX_OK;
}

/* ---- beginning ---- */

static rp_sandbox_error_code check_options(const rp_execute_options *options,
                                           rp_sandbox_error *error)
{
    if (options != NULL && options->struct_size != sizeof *options) {
        return rp_sandbox_fail(error, RP_SANDBOX_INVALID_ARGUMENT,
                               "rp_execute_options: struct_size is %zu, this library's is %zu",
                               options->struct_size, sizeof *options);
    }
    if (options != NULL && options->timestamp_ms != NULL &&
        *options->timestamp_ms > UINT64_MAX / 1000000u) {
        return rp_sandbox_fail(error, RP_SANDBOX_INVALID_ARGUMENT,
                               "timestamp_ms is %llu, at most %llu",
                               (unsigned long long)*options->timestamp_ms,
                               (unsigned long long)(UINT64_MAX / 1000000u));
    }
    return RP_SANDBOX_OK;
}

static rp_status set_inputs(rp_store *store, const rp_execute_options *options, rp_report *report)
{
    rp_status status = RP_OK;
    if (options != NULL && options->timestamp_ms != NULL) {
        status = rp_store_set_time_ns(store, *options->timestamp_ms * 1000000u, report);
    }
    if (status == RP_OK && options != NULL && options->seed != NULL) {
        status = rp_store_set_seed(store, *options->seed, report);
    }
    return status;
}

/* Whether the state before the execution may be asked for again. */
static bool needs_checkpoint(const rp_sandbox *sandbox, const rp_execute_options *options)
{
    int64_t timeout_ms = options != NULL && options->timeout_ms != NULL
                             ? *options->timeout_ms
                             : sandbox->config.timeout_ms;
    return sandbox->config.on_stop == RP_ON_STOP_ROLLBACK ||
           (sandbox->config.on_stop == RP_ON_STOP_KEEP && timeout_ms >= 0);
}

/* From here on the run exists and must be ended. */
static rp_sandbox_error_code begin_run(rp_sandbox *sandbox, const char *name,
                                       const struct rp_sandbox_action *action,
                                       const rp_execute_options *options, rp_sandbox_error *error)
{
    struct rp_sandbox_run *run = &sandbox->run;
    rp_store *store = sandbox->live.store;
    rp_report report = {0};
    rp_buffer_append(&run->name, name, strlen(name) + 1);
    if (run->name.failed || run->payload.failed) {
        return no_memory(error);
    }
    run->can_roll_back = needs_checkpoint(sandbox, options);
    if (run->can_roll_back && rp_sandbox_make_checkpoint(&sandbox->live, &report) != RP_OK) {
        return rp_sandbox_fail_below(error, RP_SANDBOX_HOST_FAILURE, &report);
    }
    if (set_inputs(store, options, &report) != RP_OK) {
        return rp_sandbox_fail_below(error, RP_SANDBOX_HOST_FAILURE, &report);
    }
    run->action = *action;
    run->phase = action->is_json ? RP_PHASE_ALLOC : RP_PHASE_ACTION;
    run->gas_begin = rp_store_gas_used(store);
    sandbox->last.executions++;
    return RP_SANDBOX_OK;
}

/* The payload of a JSON action, kept until the guest has room for it. */
static rp_sandbox_error_code take_payload(rp_sandbox *sandbox, const char *payload, size_t size,
                                          rp_sandbox_error *error)
{
    static const char null_text[] = "null";
    payload = size == 0 ? null_text : payload;
    size = size == 0 ? strlen(null_text) : size;
    if (size > INT32_MAX) {
        return rp_sandbox_fail(error, RP_SANDBOX_BAD_PAYLOAD, "a payload of %zu bytes, at most %d",
                               size, INT32_MAX);
    }
    rp_sandbox_error_code code = rp_sandbox_check_payload(payload, size, error);
    if (code == RP_SANDBOX_OK) {
        rp_buffer_append(&sandbox->run.payload, payload, size);
    }
    return code;
}

/* The values that an action needs, with the two of `__alloc` and its caller. */
static bool init_all_values(rp_sandbox *sandbox, const struct rp_sandbox_action *action,
                            struct values *args, struct values *results)
{
    size_t params = action->type.param_count < 2 ? 2 : action->type.param_count;
    size_t answers = action->type.result_count < 1 ? 1 : action->type.result_count;
    if (!init_values(sandbox, args, params)) {
        return false;
    }
    if (!init_values(sandbox, results, answers)) {
        deinit_values(sandbox, args);
        return false;
    }
    return true;
}

rp_sandbox_error_code rp_sandbox_execute(rp_sandbox *sandbox, const char *name,
                                         const char *payload_json, size_t payload_size,
                                         const rp_execute_options *options,
                                         rp_sandbox_result *out_result, rp_sandbox_error *error)
{
    struct rp_sandbox_action action;
    struct values args;
    struct values results;
    if (!rp_sandbox_is_in(sandbox, RP_SANDBOX_BIT(LOADED))) {
        return rp_sandbox_refuse(sandbox, "execute", error);
    }
    rp_sandbox_error_code code = check_options(options, error);
    if (code == RP_SANDBOX_OK) {
        code = rp_sandbox_find_action(sandbox, name, &action, error);
    }
    if (code != RP_SANDBOX_OK) {
        return code;
    }
    if (!init_all_values(sandbox, &action, &args, &results)) {
        return no_memory(error);
    }
    if (action.is_json) {
        args.data[0] = (rp_value){.kind = RP_I32};
        code = take_payload(sandbox, payload_json, payload_size, error);
        args.data[0].of.i32 = (int32_t)(uint32_t)sandbox->run.payload.size;
    } else {
        code = rp_sandbox_read_args(&action, payload_json, payload_size, args.data, error);
    }
    if (code == RP_SANDBOX_OK) {
        code = begin_run(sandbox, name, &action, options, error);
    }
    if (code == RP_SANDBOX_OK) {
        code = run_to_answer(sandbox, false, &args, &results, options, out_result, error);
    } else {
        rp_sandbox_clear_run(sandbox);
    }
    deinit_values(sandbox, &args);
    deinit_values(sandbox, &results);
    return code;
}

/* ---- going on ---- */

rp_sandbox_error_code rp_sandbox_resume(rp_sandbox *sandbox, const rp_execute_options *options,
                                        rp_sandbox_result *out_result, rp_sandbox_error *error)
{
    struct values args;
    struct values results;
    if (!rp_sandbox_is_in(sandbox, RP_SANDBOX_BIT(SUSPENDED))) {
        return rp_sandbox_refuse(sandbox, "resume", error);
    }
    rp_sandbox_error_code code = check_options(options, error);
    if (code != RP_SANDBOX_OK) {
        return code;
    }
    if (options != NULL && (options->timestamp_ms != NULL || options->seed != NULL)) {
        return rp_sandbox_fail(error, RP_SANDBOX_INVALID_ARGUMENT,
                               "timestamp and seed belong to the beginning of an execution");
    }
    rp_pending pending;
    if (rp_store_pending(sandbox->live.store, &pending) == RP_OK && !pending.completed) {
        return rp_sandbox_fail(error, RP_SANDBOX_INVALID_STATE,
                               "request %llu to \"%.*s\".\"%.*s\" waits for rp_store_complete",
                               (unsigned long long)pending.request, (int)pending.module.size,
                               pending.module.data, (int)pending.name.size, pending.name.data);
    }
    if (!init_all_values(sandbox, &sandbox->run.action, &args, &results)) {
        return no_memory(error);
    }
    code = run_to_answer(sandbox, true, &args, &results, options, out_result, error);
    deinit_values(sandbox, &args);
    deinit_values(sandbox, &results);
    return code;
}
