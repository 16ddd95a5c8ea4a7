/* How a run ended: for people and as the object reprise.run.v1 (layer 7). See run.h. */
#include "cli/parse.h"
#include "cli/run.h"

#include "core/hash.h"

#include <stdio.h>
#include <string.h>

int rp_run_exit_code(const rp_outcome *outcome)
{
    switch (outcome->kind) {
    case RP_OUTCOME_RETURNED:
        return RP_EXIT_OK;
    case RP_OUTCOME_EXITED:
        return outcome->exit_code > 255 ? 255 : (int)outcome->exit_code;
    case RP_OUTCOME_TRAPPED:
        return RP_EXIT_TRAP;
    case RP_OUTCOME_OUT_OF_GAS:
    case RP_OUTCOME_TIMED_OUT:
        return RP_EXIT_EXHAUSTED;
    case RP_OUTCOME_SUSPENDED:
        return outcome->reason == RP_REASON_UNTIL_GAS ? RP_EXIT_OK : RP_EXIT_INTERRUPTED;
    }
    return RP_EXIT_HOST;
}

/* ---- for people ---- */

static void say_trap(struct rp_cli_run *run)
{
    const rp_outcome *outcome = &run->outcome;
    struct rp_buffer text;
    rp_buffer_init(&text, &run->cli->allocator);
    uint32_t shown =
        outcome->frame_count < RP_BACKTRACE_MAX ? outcome->frame_count : RP_BACKTRACE_MAX;
    for (uint32_t i = 0; i < shown; i++) {
        const rp_backtrace_frame *frame = &outcome->frames[i];
        rp_name name = rp_module_func_name(frame->module, frame->func_index);
        rp_buffer_printf(&text, "\n  %u: function %u", i, frame->func_index);
        if (name.size != 0) {
            rp_buffer_printf(&text, " \"");
            rp_cli_append_plain(&text, name.data, name.size);
            rp_buffer_printf(&text, "\"");
        }
        rp_buffer_printf(&text, " at byte 0x%llx", (unsigned long long)frame->offset);
    }
    if (outcome->frame_count > shown) {
        rp_buffer_printf(&text, "\n  and %u more", outcome->frame_count - shown);
    }
    rp_buffer_byte(&text, 0);
    rp_cli_say("%s: trap: %s%s", run->path, outcome->message,
               text.failed ? "" : (const char *)text.data);
    rp_buffer_deinit(&text);
}

void rp_run_say_outcome(struct rp_cli_run *run)
{
    const struct rp_cli_value *values = run->cli->arguments.values;
    unsigned long long used = rp_store_gas_used(run->store);
    switch (run->outcome.kind) {
    case RP_OUTCOME_RETURNED:
    case RP_OUTCOME_EXITED:
        break;
    case RP_OUTCOME_TRAPPED:
        say_trap(run);
        break;
    case RP_OUTCOME_OUT_OF_GAS:
        rp_cli_say("%s: out of gas: used %llu of %llu, and the next instruction does not fit; run "
                   "again with a larger --gas",
                   run->path, used, (unsigned long long)values[RP_OPTION_GAS].number);
        break;
    case RP_OUTCOME_TIMED_OUT:
        rp_cli_say("%s: timed out after %llu ms, at gas %llu; run again with a larger --timeout-ms",
                   run->path, (unsigned long long)values[RP_OPTION_TIMEOUT_MS].number, used);
        break;
    case RP_OUTCOME_SUSPENDED:
        if (run->outcome.reason == RP_REASON_UNTIL_GAS) {
            rp_cli_say("%s: stopped at gas %llu by --until-gas %llu", run->path, used,
                       (unsigned long long)values[RP_OPTION_UNTIL_GAS].number);
        } else {
            rp_cli_say("%s: interrupted at gas %llu", run->path, used);
        }
        break;
    }
}

/* ---- reprise.run.v1 ---- */

/* Whether the outcome is that of the run: nothing failed, or only what came after it. */
static bool has_outcome(const struct rp_cli_run *run)
{
    return run->status == RP_OK || (run->has_ended && run->code != RP_EXIT_HOST);
}

const char *rp_run_outcome_name(const struct rp_cli_run *run)
{
    if (!has_outcome(run)) {
        return run->code == RP_EXIT_HOST ? "host_failure" : NULL;
    }
    switch (run->outcome.kind) {
    case RP_OUTCOME_RETURNED:
        return "returned";
    case RP_OUTCOME_EXITED:
        return "exited";
    case RP_OUTCOME_TRAPPED:
        return "trapped";
    case RP_OUTCOME_OUT_OF_GAS:
        return "out_of_gas";
    case RP_OUTCOME_SUSPENDED:
        return "suspended";
    case RP_OUTCOME_TIMED_OUT:
        return "timed_out";
    }
    return NULL;
}

const char *rp_run_reason_name(const struct rp_cli_run *run)
{
    if (run->status != RP_OK || run->outcome.kind != RP_OUTCOME_SUSPENDED) {
        return NULL;
    }
    switch (run->outcome.reason) {
    case RP_REASON_NONE:
        break;
    case RP_REASON_UNTIL_GAS:
        return "until_gas";
    case RP_REASON_INTERRUPT:
        return "interrupt";
    case RP_REASON_PENDING:
        return "pending";
    case RP_REASON_GROW_DENIED:
        return "grow_denied";
    }
    return NULL;
}

static void put_exit_code(struct rp_cli_result *result, const struct rp_cli_run *run)
{
    bool ok = has_outcome(run);
    if (ok && run->outcome.kind == RP_OUTCOME_RETURNED) {
        rp_cli_put_number(result, "exit_code", 0);
    } else if (ok && run->outcome.kind == RP_OUTCOME_EXITED) {
        rp_cli_put_number(result, "exit_code", run->outcome.exit_code);
    } else {
        rp_cli_put_text(result, "exit_code", NULL);
    }
}

static void put_results(struct rp_cli_result *result, const struct rp_cli_run *run)
{
    if (!has_outcome(run) || !run->is_invoked || run->outcome.kind != RP_OUTCOME_RETURNED) {
        rp_cli_put_text(result, "results", NULL);
        return;
    }
    struct rp_json *results = rp_json_new_array();
    for (size_t i = 0; i < run->result_count; i++) {
        char text[RP_VALUE_TEXT_BYTES];
        struct rp_cli_result value;
        rp_cli_result_init(&value, NULL);
        rp_print_value_exact(&run->results[i], text);
        rp_cli_put_text(&value, "type", rp_print_valkind(run->results[i].kind));
        rp_cli_put_text(&value, "value", text);
        rp_cli_put_item(result, results, &value);
    }
    rp_cli_put(result, "results", results);
}

static void put_name(struct rp_cli_result *result, const rp_backtrace_frame *frame)
{
    rp_name name = rp_module_func_name(frame->module, frame->func_index);
    rp_cli_put(result, "name",
               name.size ? rp_json_new_string(name.data, name.size) : rp_json_new_null());
}

static void put_backtrace(struct rp_cli_result *trap, const rp_outcome *outcome)
{
    struct rp_json *backtrace = rp_json_new_array();
    for (uint32_t i = 0; i < outcome->frame_count && i < RP_BACKTRACE_MAX; i++) {
        struct rp_cli_result frame;
        rp_cli_result_init(&frame, NULL);
        rp_cli_put_number(&frame, "index", outcome->frames[i].func_index);
        put_name(&frame, &outcome->frames[i]);
        rp_cli_put_number(&frame, "offset", outcome->frames[i].offset);
        rp_cli_put_item(trap, backtrace, &frame);
    }
    rp_cli_put(trap, "backtrace", backtrace);
}

static void put_trap(struct rp_cli_result *result, const struct rp_cli_run *run)
{
    const rp_outcome *outcome = &run->outcome;
    if (run->status != RP_OK || outcome->kind != RP_OUTCOME_TRAPPED) {
        rp_cli_put_text(result, "trap", NULL);
        return;
    }
    struct rp_cli_result trap;
    rp_cli_result_init(&trap, NULL);
    rp_cli_put_text(&trap, "code", rp_trap_name(outcome->trap));
    rp_cli_put_text(&trap, "message", outcome->message);
    if (outcome->frame_count != 0) {
        struct rp_cli_result function;
        rp_cli_result_init(&function, NULL);
        rp_cli_put_number(&function, "index", outcome->frames[0].func_index);
        put_name(&function, &outcome->frames[0]);
        trap.failed = trap.failed || function.failed;
        rp_cli_put(&trap, "function", function.object);
        rp_cli_put_number(&trap, "offset", outcome->frames[0].offset);
    } else { /* while segments were copied: no function runs */
        rp_cli_put_text(&trap, "function", NULL);
        rp_cli_put_text(&trap, "offset", NULL);
    }
    put_backtrace(&trap, outcome);
    result->failed = result->failed || trap.failed;
    rp_cli_put(result, "trap", trap.object);
}

static void put_gas(struct rp_cli_result *result, const struct rp_cli_run *run)
{
    rp_gas_accounts accounts = {0};
    if (run->store) {
        accounts = rp_store_gas(run->store);
    }
    if (run->module) {
        accounts.load = rp_module_load_gas(run->module);
    }
    struct rp_cli_result gas;
    rp_cli_result_init(&gas, NULL);
    rp_cli_put_number(&gas, "load", accounts.load);
    rp_cli_put_number(&gas, "instantiation", accounts.instantiation);
    rp_cli_put_number(&gas, "instructions", accounts.instructions);
    rp_cli_put_number(&gas, "host", accounts.host);
    result->failed = result->failed || gas.failed;
    rp_cli_put_number(result, "gas_used", run->store ? rp_store_gas_used(run->store) : 0);
    rp_cli_put(result, "gas", gas.object);
    const struct rp_cli_value *limit = &run->cli->arguments.values[RP_OPTION_GAS];
    if (limit->given) {
        rp_cli_put_number(result, "gas_limit", limit->number);
    } else {
        rp_cli_put_text(result, "gas_limit", NULL);
    }
}

static void put_imports(struct rp_cli_result *result, const struct rp_cli_run *run)
{
    struct rp_json *imports = rp_json_new_array();
    for (size_t i = 0; run->wasi && i < rp_wasi_import_count(run->wasi); i++) {
        rp_wasi_import_info info = rp_wasi_import(run->wasi, i);
        struct rp_cli_result import;
        rp_cli_result_init(&import, NULL);
        rp_cli_put_text(&import, "host", info.host);
        rp_cli_put_text(&import, "guest", info.guest);
        rp_cli_put_hash(&import, "hash", info.hash);
        rp_cli_put_item(result, imports, &import);
    }
    rp_cli_put(result, "imports", imports);
}

/* ---- roots ---- */

static void put_root(void *user, const char *component, const uint8_t root[RP_ROOT_BYTES])
{
    rp_cli_put_hash(user, component, root);
}

/* null where there is no state, or one that cannot be saved. */
static void put_roots(struct rp_cli_result *result, const struct rp_cli_run *run)
{
    static const char *const names[] = {"stdout_hash", "stderr_hash"};
    uint8_t root[RP_ROOT_BYTES];
    struct rp_cli_result roots;
    rp_cli_result_init(&roots, NULL);
    bool has_root = run->store && has_outcome(run) &&
                    rp_store_root(run->store, root, put_root, &roots, NULL) == RP_OK;
    if (has_root) {
        rp_cli_put_hash(result, "state_root", root);
        result->failed = result->failed || roots.failed;
        rp_cli_put(result, "roots", roots.object);
    } else {
        rp_json_release(roots.object);
        rp_cli_put_text(result, "state_root", NULL);
        rp_cli_put_text(result, "roots", NULL);
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        struct rp_hash_state state = run->output_hashes[i];
        uint8_t hash[RP_HASH_BYTES];
        rp_hash_final(&state, hash);
        rp_cli_put_hash(result, names[i], hash);
    }
}

bool rp_run_write_json(struct rp_cli_run *run)
{
    uint8_t schedule_hash[RP_HASH_BYTES];
    struct rp_cli_result result;
    rp_cli_result_init(&result, "reprise.run.v1");
    rp_cli_put_text(&result, "outcome", rp_run_outcome_name(run));
    rp_cli_put_text(&result, "reason", rp_run_reason_name(run));
    if (run->status != RP_OK) {
        rp_cli_put_error(&result, run->status,
                         run->error.failed ? "out of memory" : (const char *)run->error.data);
    } else {
        rp_cli_put_text(&result, "error", NULL);
    }
    put_exit_code(&result, run);
    put_results(&result, run);
    put_trap(&result, run);
    put_gas(&result, run);
    rp_cli_put_number(&result, "memory_bytes", run->store ? rp_store_memory_bytes(run->store) : 0);
    if (run->has_module_hash) {
        rp_cli_put_hash(&result, "module_hash", run->module_hash);
    } else {
        rp_cli_put_text(&result, "module_hash", NULL);
    }
    rp_engine_schedule_hash(run->engine, schedule_hash);
    rp_cli_put_hash(&result, "schedule_hash", schedule_hash);
    rp_cli_put_number(&result, "semantics_version", RP_SEMANTICS_VERSION);
    put_imports(&result, run);
    put_roots(&result, run);
    return rp_cli_write_json(run->cli, &result, run->json_descriptor);
}
