/* Guest calls of a sandbox under its limits, and what their outcomes mean (layer 4). */
#include "core/assert.h"
#include "sandbox/sandbox_state.h"

#include <stdio.h>
#include <string.h>

/* ---- limits ---- */

static void stop_store(void *store)
{
    rp_store_interrupt(store, RP_STOP_TIMEOUT);
}

void rp_sandbox_begin_limits(rp_sandbox *sandbox, struct rp_sandbox_world *world,
                             struct rp_watch *watch, uint64_t gas, int64_t timeout_ms)
{
    uint64_t position = rp_store_gas_used(world->store);
    bool bounded = gas <= (uint64_t)INT64_MAX - position;
    sandbox->run.part_begin = position;
    sandbox->run.gas = gas;
    sandbox->run.timeout_ms = timeout_ms;
    sandbox->failed_host = NULL;
    rp_store_set_gas_limit(world->store, bounded ? (int64_t)(position + gas) : RP_GAS_UNLIMITED);
    sandbox->run.unwatched = !rp_watch_begin(watch, timeout_ms, stop_store, world->store);
    if (sandbox->run.unwatched) {
        /* Without a thread the limit cannot be kept: the execution ends before it begins. */
        stop_store(world->store);
    }
}

void rp_sandbox_end_limits(rp_sandbox *sandbox, struct rp_sandbox_world *world,
                           struct rp_watch *watch)
{
    sandbox->run.part_ns = rp_watch_end(watch);
    sandbox->run.ns += sandbox->run.part_ns;
    rp_store_interrupt(world->store, RP_STOP_NONE);
    rp_store_set_gas_limit(world->store, RP_GAS_UNLIMITED);
}

/* ---- judging ---- */

static rp_sandbox_error_code judge_host(const rp_sandbox *sandbox, const char *message,
                                        rp_status status, rp_sandbox_error *error)
{
    rp_sandbox_fail(error, RP_SANDBOX_HOST_FUNCTION_ERROR, "%s", message);
    if (error != NULL) {
        error->status = status;
        if (sandbox->failed_host != NULL) {
            const rp_sandbox_host_func *func = sandbox->failed_host->func;
            snprintf(error->function, sizeof error->function, "%s.%s", func->module, func->name);
        }
    }
    return RP_SANDBOX_HOST_FUNCTION_ERROR;
}

static rp_sandbox_error_code judge_trap(const rp_sandbox *sandbox, const rp_outcome *outcome,
                                        rp_sandbox_error *error)
{
    rp_sandbox_error_code code = RP_SANDBOX_WASM_TRAP;
    if (outcome->trap == RP_TRAP_HOST) {
        code = judge_host(sandbox, outcome->message, RP_OK, error);
    } else {
        rp_sandbox_fail(error, code, "%s", outcome->message);
    }
    if (error != NULL) {
        error->trap = outcome->trap;
        if (outcome->frame_count != 0) {
            error->frame = outcome->frames[0];
        }
    }
    return code;
}

static rp_sandbox_error_code tell_limit(rp_sandbox_error *error, rp_sandbox_error_code code,
                                        const char *what, uint64_t used, uint64_t limit)
{
    rp_sandbox_fail(error, code, "%s: %llu of %llu", what, (unsigned long long)used,
                    (unsigned long long)limit);
    if (error != NULL) {
        error->used = used;
        error->limit = limit;
    }
    return code;
}

static rp_sandbox_error_code judge_suspended(const rp_sandbox *sandbox, const rp_store *store,
                                             const rp_outcome *outcome, rp_sandbox_error *error)
{
    switch (outcome->reason) {
    case RP_REASON_GROW_DENIED:
        return tell_limit(error, RP_SANDBOX_MEMORY_EXCEEDED,
                          "bytes of memory held, and more wanted", rp_store_memory_bytes(store),
                          sandbox->config.memory_max_bytes);
    case RP_REASON_PENDING:
        return rp_sandbox_fail(error, RP_SANDBOX_HOST_PENDING,
                               "a host function answers later: complete its call, then resume");
    default:
        return rp_sandbox_fail(error, RP_SANDBOX_INTERRUPTED, "the embedder stopped the store");
    }
}

rp_sandbox_error_code rp_sandbox_judge(rp_sandbox *sandbox, const struct rp_sandbox_world *world,
                                       rp_status status, const rp_outcome *outcome,
                                       const rp_report *report, rp_sandbox_error *error)
{
    const struct rp_sandbox_run *run = &sandbox->run;
    if (status == RP_ERROR_HOST || (status == RP_ERROR_TYPE && sandbox->failed_host != NULL)) {
        return judge_host(sandbox, report->text, status, error);
    }
    if (status != RP_OK) {
        return rp_sandbox_fail_below(error, RP_SANDBOX_HOST_FAILURE, report);
    }
    uint64_t gas = rp_store_gas_used(world->store) - run->part_begin;
    switch (outcome->kind) {
    case RP_OUTCOME_RETURNED:
        return RP_SANDBOX_OK;
    case RP_OUTCOME_TRAPPED:
        return judge_trap(sandbox, outcome, error);
    case RP_OUTCOME_OUT_OF_GAS:
        return tell_limit(error, RP_SANDBOX_GAS_EXHAUSTED, "gas", gas, run->gas);
    case RP_OUTCOME_TIMED_OUT:
        if (run->unwatched) {
            return rp_sandbox_fail(error, RP_SANDBOX_HOST_FAILURE,
                                   "the host has no thread for the limit in milliseconds");
        }
        return tell_limit(error, RP_SANDBOX_TIMEOUT, "milliseconds", run->part_ns / 1000000u,
                          run->timeout_ms < 0 ? UINT64_MAX : (uint64_t)run->timeout_ms);
    case RP_OUTCOME_SUSPENDED:
        return judge_suspended(sandbox, world->store, outcome, error);
    default:
        RP_ASSERT(outcome->kind == RP_OUTCOME_EXITED);
        return rp_sandbox_fail(error, RP_SANDBOX_BAD_RESULT,
                               "the guest exited with code %u instead of answering",
                               outcome->exit_code);
    }
}

/* ---- the run ---- */

void rp_sandbox_clear_run(rp_sandbox *sandbox)
{
    struct rp_sandbox_run *run = &sandbox->run;
    rp_buffer_deinit(&run->name);
    rp_buffer_deinit(&run->payload);
    memset(run, 0, sizeof *run);
    rp_buffer_init(&run->name, &sandbox->allocator);
    rp_buffer_init(&run->payload, &sandbox->allocator);
}
