/* rp_validate_determinism: execute, restore, execute again, compare (layer 4; docs/sandbox.md). */
#include "sandbox/sandbox_state.h"

#include <stdio.h>
#include <string.h>

/* One of the two executions and the state that it left. */
struct trial {
    rp_sandbox_error_code code;
    rp_sandbox_error error;
    rp_sandbox_result result;
    rp_bytes state;
    uint64_t gas;
    uint8_t root[RP_ROOT_BYTES];
};

static void release_trial(struct trial *trial)
{
    rp_sandbox_result_release(&trial->result);
    rp_bytes_release(&trial->state);
}

/* An execution that fails is an answer too; what cannot be judged is an error. */
static rp_sandbox_error_code run_trial(rp_sandbox *sandbox, const char *action, const char *payload,
                                       size_t payload_size, const rp_execute_options *options,
                                       struct trial *trial, rp_sandbox_error *error)
{
    trial->code = rp_sandbox_execute(sandbox, action, payload, payload_size, options,
                                     &trial->result, &trial->error);
    switch (trial->code) {
    case RP_SANDBOX_TIMEOUT:
    case RP_SANDBOX_INTERRUPTED:
    case RP_SANDBOX_HOST_FAILURE:
    case RP_SANDBOX_INVALID_ARGUMENT:
    case RP_SANDBOX_UNKNOWN_ACTION:
    case RP_SANDBOX_BAD_PAYLOAD:
        if (error != NULL) {
            *error = trial->error;
        }
        return trial->code;
    default:
        break;
    }
    trial->gas = trial->code == RP_SANDBOX_OK ? trial->result.gas_used : trial->error.gas_used;
    rp_sandbox_error_code code = rp_sandbox_snapshot(sandbox, &trial->state, error);
    rp_report report = {0};
    if (code == RP_SANDBOX_OK &&
        rp_store_root(sandbox->live.store, trial->root, NULL, NULL, &report) != RP_OK) {
        code = rp_sandbox_fail_below(error, RP_SANDBOX_SNAPSHOT_ERROR, &report);
    }
    return code;
}

static void keep_first(void *user, const char *component, const char *text)
{
    rp_determinism *found = user;
    if (found->difference[0] == 0) {
        snprintf(found->difference, sizeof found->difference, "state: %s: %s", component, text);
    }
}

static bool errors_differ(const struct trial trials[2])
{
    const rp_sandbox_error *a = &trials[0].error;
    const rp_sandbox_error *b = &trials[1].error;
    return trials[0].code != trials[1].code || a->trap != b->trap || a->used != b->used ||
           a->frame.func_index != b->frame.func_index || a->frame.offset != b->frame.offset ||
           strcmp(a->function, b->function) != 0 || strcmp(a->message, b->message) != 0;
}

static bool values_differ(const struct trial trials[2])
{
    return trials[0].result.value_size != trials[1].result.value_size ||
           (trials[0].result.value_size != 0 &&
            memcmp(trials[0].result.value, trials[1].result.value, trials[0].result.value_size) !=
                0);
}

static bool states_differ(const struct trial trials[2])
{
    return trials[0].state.size != trials[1].state.size ||
           memcmp(trials[0].state.data, trials[1].state.data, trials[0].state.size) != 0 ||
           memcmp(trials[0].root, trials[1].root, RP_ROOT_BYTES) != 0;
}

static rp_sandbox_error_code compare_states(const rp_sandbox *sandbox, const struct trial trials[2],
                                            rp_determinism *found, rp_sandbox_error *error)
{
    rp_report report = {0};
    uint32_t count;
    rp_status status = rp_snapshot_compare(
        sandbox->engine, trials[0].state.data, trials[0].state.size, trials[1].state.data,
        trials[1].state.size, NULL, 1, keep_first, found, &count, &report);
    return status == RP_OK ? RP_SANDBOX_OK
                           : rp_sandbox_fail_below(error, RP_SANDBOX_SNAPSHOT_ERROR, &report);
}

static rp_sandbox_error_code compare_trials(const rp_sandbox *sandbox, const struct trial trials[2],
                                            rp_determinism *out_report, rp_sandbox_error *error)
{
    rp_determinism found = {.gas = {trials[0].gas, trials[1].gas}};
    memcpy(found.root[0], trials[0].root, RP_ROOT_BYTES);
    memcpy(found.root[1], trials[1].root, RP_ROOT_BYTES);
    rp_sandbox_error_code code = RP_SANDBOX_OK;
    if (errors_differ(trials)) {
        snprintf(found.difference, sizeof found.difference, "error: %s (%.180s) and %s (%.180s)",
                 rp_sandbox_error_name(trials[0].code), trials[0].error.message,
                 rp_sandbox_error_name(trials[1].code), trials[1].error.message);
    } else if (values_differ(trials)) {
        snprintf(found.difference, sizeof found.difference, "value: %.200s and %.200s",
                 trials[0].result.value, trials[1].result.value);
    } else if (trials[0].gas != trials[1].gas) {
        snprintf(found.difference, sizeof found.difference, "gas: %llu and %llu",
                 (unsigned long long)trials[0].gas, (unsigned long long)trials[1].gas);
    } else if (states_differ(trials)) {
        code = compare_states(sandbox, trials, &found, error);
    } else {
        found.equal = true;
    }
    if (code == RP_SANDBOX_OK) {
        *out_report = found;
    }
    return code;
}

rp_sandbox_error_code rp_validate_determinism(rp_sandbox *sandbox, const char *action,
                                              const char *payload_json, size_t payload_size,
                                              const rp_execute_options *options,
                                              rp_determinism *out_report, rp_sandbox_error *error)
{
    if (!rp_sandbox_is_in(sandbox, RP_SANDBOX_BIT(LOADED))) {
        return rp_sandbox_refuse(sandbox, "validate_determinism", error);
    }
    rp_bytes before = {0};
    rp_sandbox_metrics metrics = sandbox->last;
    rp_sandbox_error_code code = rp_sandbox_snapshot(sandbox, &before, error);
    struct trial trials[2];
    memset(trials, 0, sizeof trials);
    for (int i = 0; i < 2 && code == RP_SANDBOX_OK; i++) {
        code = run_trial(sandbox, action, payload_json, payload_size, options, &trials[i], error);
        rp_sandbox_error restore_error = {0};
        rp_sandbox_error_code restored =
            rp_sandbox_restore(sandbox, before.data, before.size, &restore_error);
        sandbox->last = metrics;
        if (restored != RP_SANDBOX_OK) { /* more serious than how the trial failed */
            code = restored;
            if (error != NULL) {
                *error = restore_error;
            }
        }
    }
    if (code == RP_SANDBOX_OK) {
        code = compare_trials(sandbox, trials, out_report, error);
    }
    release_trial(&trials[0]);
    release_trial(&trials[1]);
    rp_bytes_release(&before);
    return code;
}
