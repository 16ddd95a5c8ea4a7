/* What the command keeps beside the guest's state, and saving all of it (layer 7). See run.h.
 *
 * The command's own part of a state says what it was about to do: which call is on the stack and
 * which comes next. It stands in the embedder's data as MessagePack:
 *
 *   state   = ["reprise.run", phase:uint, entry:text, is_invoked:bool, [value...], ended|nil]
 *   ended   = [outcome:uint, exit_code:uint, trap:uint, message:text, [value...]]
 *   value   = [kind:uint, low:uint, high:uint]      the bits; high is 0 but for v128 */
#include "cli/run.h"

#include "core/msgpack.h"
#include "core/platform_process.h"

#include <stdio.h>
#include <string.h>

static const char state_name[] = "reprise.run";

/* ---- writing ---- */

static void put_values(struct rp_buffer *out, const rp_value *values, size_t count)
{
    rp_msgpack_put_array(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        uint64_t halves[2] = {0, 0};
        bool is_short = values[i].kind == RP_I32 || values[i].kind == RP_F32;
        size_t size = values[i].kind == RP_V128 ? 16 : is_short ? 4 : 8;
        memcpy(halves, &values[i].of, size);
        rp_msgpack_put_array(out, 3);
        rp_msgpack_put_uint(out, (uint64_t)values[i].kind);
        rp_msgpack_put_uint(out, halves[0]);
        rp_msgpack_put_uint(out, halves[1]);
    }
}

static void put_ended(struct rp_buffer *out, const struct rp_cli_run *run)
{
    const rp_outcome *outcome = &run->outcome;
    bool has_results = run->is_invoked && outcome->kind == RP_OUTCOME_RETURNED;
    rp_msgpack_put_array(out, 5);
    rp_msgpack_put_uint(out, (uint64_t)outcome->kind);
    rp_msgpack_put_uint(out, outcome->exit_code);
    rp_msgpack_put_uint(out, (uint64_t)outcome->trap);
    size_t size = strlen(outcome->message);
    rp_msgpack_put_bytes(out, outcome->message, (uint32_t)size);
    put_values(out, run->results, has_results ? run->result_count : 0);
}

bool rp_run_keep_state(struct rp_cli_run *run, enum rp_run_phase phase)
{
    struct rp_buffer out;
    rp_report report = {0};
    run->phase = phase;
    rp_buffer_init(&out, &run->cli->allocator);
    rp_msgpack_put_array(&out, 6);
    rp_msgpack_put_text(&out, state_name, sizeof(state_name) - 1);
    rp_msgpack_put_uint(&out, (uint64_t)phase);
    rp_msgpack_put_text(&out, run->entry.data, (uint32_t)run->entry.size);
    rp_msgpack_put_bool(&out, run->is_invoked);
    put_values(&out, run->arguments, run->is_invoked ? run->param_count : 0);
    if (phase == RP_PHASE_ENDED) {
        put_ended(&out, run);
    } else {
        rp_msgpack_put_nil(&out);
    }
    rp_status status = out.failed
                           ? RP_ERROR_NO_MEMORY
                           : rp_store_set_embedder_data(run->store, out.data, out.size, &report);
    rp_buffer_deinit(&out);
    return status == RP_OK ||
           rp_run_refuse(run, status, RP_EXIT_HOST, "%s: %s", run->path,
                         status == RP_ERROR_NO_MEMORY ? "out of memory" : report.text);
}

/* ---- reading ---- */

static size_t get_values(struct rp_msgpack *in, rp_value *values)
{
    size_t count = rp_msgpack_array(in, RP_INVOKE_VALUES_MAX);
    for (size_t i = 0; i < count; i++) {
        uint64_t halves[2];
        (void)rp_msgpack_tuple(in, 3);
        uint64_t kind = rp_msgpack_uint(in, UINT8_MAX);
        values[i] = (rp_value){.kind = (rp_valkind)kind};
        halves[0] = rp_msgpack_uint(in, UINT64_MAX);
        halves[1] = rp_msgpack_uint(in, UINT64_MAX);
        memcpy(&values[i].of, halves, sizeof(values[i].of));
    }
    return count;
}

static void get_ended(struct rp_msgpack *in, struct rp_cli_run *run)
{
    rp_outcome *outcome = &run->outcome;
    (void)rp_msgpack_tuple(in, 5);
    uint64_t kind = rp_msgpack_uint(in, RP_OUTCOME_TRAPPED);
    uint64_t exit_code = rp_msgpack_uint(in, UINT32_MAX);
    uint64_t trap = rp_msgpack_uint(in, RP_TRAP_HOST);
    *outcome = (rp_outcome){.kind = (rp_outcome_kind)kind,
                            .exit_code = (uint32_t)exit_code,
                            .trap = (rp_trap_code)trap};
    struct rp_span message = rp_msgpack_bytes(in, sizeof(outcome->message) - 1);
    if (message.size != 0) {
        memcpy(outcome->message, message.data, message.size);
    }
    run->result_count = get_values(in, run->results);
}

static bool has_type(const rp_value *values, size_t count, const rp_valkind *kinds,
                     size_t kind_count)
{
    bool fits = count == kind_count;
    for (size_t i = 0; fits && i < count; i++) {
        fits = values[i].kind == kinds[i];
    }
    return fits;
}

/* The entry and its values fit the module that is in the store. */
static bool check_entry(struct rp_cli_run *run, size_t argument_count)
{
    rp_extern found;
    rp_instance *instance = rp_store_instance(run->store, 0);
    if (!instance || rp_instance_export(instance, run->entry, &found) != RP_OK ||
        found.kind != RP_EXTERN_FUNC) {
        return false;
    }
    rp_functype type = rp_store_func_type(run->store, found.index);
    bool is_right = run->is_invoked
                        ? has_type(run->arguments, argument_count, type.params, type.param_count)
                        : type.param_count == 0 && type.result_count == 0;
    if (run->phase == RP_PHASE_ENDED && run->is_invoked &&
        run->outcome.kind == RP_OUTCOME_RETURNED) {
        is_right =
            is_right && has_type(run->results, run->result_count, type.results, type.result_count);
    }
    run->param_count = type.param_count;
    run->result_count = type.result_count;
    return is_right && type.result_count <= RP_INVOKE_VALUES_MAX;
}

bool rp_run_recall_state(struct rp_cli_run *run)
{
    size_t size = 0;
    struct rp_msgpack in;
    const uint8_t *data = rp_store_embedder_data(run->store, &size);
    rp_msgpack_init(&in, data, 0, size);
    (void)rp_msgpack_tuple(&in, 6);
    struct rp_span name = rp_msgpack_text(&in, sizeof(state_name));
    bool is_ours = name.size == sizeof(state_name) - 1 &&
                   memcmp(name.data, state_name, sizeof(state_name) - 1) == 0;
    uint64_t phase = rp_msgpack_uint(&in, RP_PHASE_ENDED);
    run->phase = (enum rp_run_phase)phase;
    struct rp_span entry = rp_msgpack_text(&in, RP_EMBEDDER_BYTES_MAX);
    run->is_invoked = rp_msgpack_bool(&in);
    size_t argument_count = get_values(&in, run->arguments);
    if (run->phase == RP_PHASE_ENDED) {
        get_ended(&in, run);
    } else if (!rp_msgpack_is_nil(&in)) {
        rp_msgpack_fail(&in, in.pos, "value of another type than the format has here");
    }
    if (!is_ours || in.error || in.pos != in.end) {
        return rp_run_refuse(
            run, RP_ERROR_SNAPSHOT_STATE, RP_EXIT_INVALID,
            "%s: the snapshot is not one of `reprise run --snapshot`: its embedder "
            "data is another program's",
            run->path);
    }
    run->entry_text = rp_alloc(&run->cli->allocator, entry.size + 1);
    if (!run->entry_text) {
        return rp_run_refuse(run, RP_ERROR_NO_MEMORY, RP_EXIT_HOST, "out of memory");
    }
    memcpy(run->entry_text, entry.data, entry.size); /* the embedder data is replaced later */
    run->entry_text_size = entry.size + 1;
    run->entry = (rp_name){run->entry_text, entry.size};
    bool is_stopped = rp_store_is_stopped(run->store);
    if (!check_entry(run, argument_count) || is_stopped != (run->phase != RP_PHASE_ENDED)) {
        return rp_run_refuse(run, RP_ERROR_SNAPSHOT_STATE, RP_EXIT_INVALID,
                             "%s: what the command was to call does not fit the module", run->path);
    }
    return true;
}

/* ---- saving ---- */

bool rp_run_check_snapshot(struct rp_cli_run *run)
{
    const char *path = rp_run_option(run, RP_OPTION_SNAPSHOT)->text;
    if (!path) {
        return !rp_run_option(run, RP_OPTION_NO_MODULE)->given ||
               rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
                             "--no-module: there is no --snapshot that it could be left out of");
    }
    if (!rp_run_option(run, RP_OPTION_FORCE)->given && rp_file_exists(path)) {
        return rp_run_refuse(run, RP_ERROR_EXISTS, RP_EXIT_MISUSE,
                             "--snapshot %s: there is such a file already; --force replaces it",
                             path);
    }
    const char *error = rp_file_check_replace(path);
    return !error ||
           rp_run_refuse(run, RP_ERROR_IO, RP_EXIT_MISUSE, "--snapshot %s: %s", path, error);
}

static bool fail_save(struct rp_cli_run *run, rp_status status, const char *text)
{
    (void)rp_run_refuse(run, status, RP_EXIT_HOST, "--snapshot %s: %s",
                        rp_run_option(run, RP_OPTION_SNAPSHOT)->text, text);
    rp_run_say_error(run);
    return false;
}

bool rp_run_save(struct rp_cli_run *run)
{
    const char *path = rp_run_option(run, RP_OPTION_SNAPSHOT)->text;
    if (!path || !run->store || run->status != RP_OK) {
        return true;
    }
    if (run->phase != RP_PHASE_ENDED && !rp_store_is_stopped(run->store)) {
        return fail_save(run, RP_ERROR_STATE,
                         "nothing is saved: the program was stopped while it waited for input");
    }
    rp_bytes canonical = {0};
    rp_bytes packed = {0};
    rp_report report = {0};
    const rp_pack_options options = {
        .struct_size = sizeof(options),
        .module = rp_run_option(run, RP_OPTION_NO_MODULE)->given ? NULL : run->module,
    };
    rp_status status = rp_store_snapshot(run->store, &canonical, &report);
    if (status == RP_OK && options.module) {
        status = rp_snapshot_pack(canonical.data, canonical.size, &options, &packed, &report);
        rp_bytes_release(&canonical);
        canonical = packed;
    }
    if (status != RP_OK) {
        rp_bytes_release(&canonical);
        return fail_save(run, status, report.text);
    }
    const char *error = rp_file_replace(path, canonical.data, canonical.size);
    rp_bytes_release(&canonical);
    if (error) {
        return fail_save(run, RP_ERROR_IO, error);
    }
    if (rp_store_is_stopped(run->store)) {
        rp_cli_say("%s: saved to %s; `reprise resume %s` goes on", run->path, path, path);
    }
    return true;
}
