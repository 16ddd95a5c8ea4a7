/* What a run tells of its calls: --trace=calls and --profile (layer 7). See run.h. */
#include "cli/run.h"

#include "core/platform_process.h"

#include <stdio.h>
#include <string.h>

static bool is_stdout(const char *path)
{
    return strcmp(path, "-") == 0;
}

bool rp_run_check_profile(const struct rp_cli *cli)
{
    const char *path = cli->arguments.values[RP_OPTION_PROFILE].text;
    if (!path) {
        if (cli->arguments.values[RP_OPTION_PROFILE_FORMAT].given) {
            rp_cli_say("--profile-format needs --profile; say where the profile goes");
            return false;
        }
        return true;
    }
    const char *error = is_stdout(path) ? NULL : rp_file_check_replace(path);
    if (error) {
        rp_cli_say("--profile %s: %s", path, error);
    }
    return !error;
}

/* ---- the observer ---- */

static void enter(void *user, const rp_call_info *info)
{
    struct rp_cli_run *run = user;
    if (run->trace.calls) {
        rp_call_trace_enter(&run->call_trace, info);
    }
    if (run->has_profile) {
        rp_profile_enter(&run->profile, info);
    }
}

static void leave(void *user, const rp_call_info *info, bool returned)
{
    struct rp_cli_run *run = user;
    if (run->trace.calls) {
        rp_call_trace_leave(&run->call_trace, info, returned);
    }
    if (run->has_profile) {
        rp_profile_leave(&run->profile, info);
    }
}

bool rp_run_observe(struct rp_cli_run *run)
{
    struct rp_allocator *allocator = &run->cli->allocator;
    const struct rp_cli_value *profile = rp_run_option(run, RP_OPTION_PROFILE);
    const struct rp_cli_value *format = rp_run_option(run, RP_OPTION_PROFILE_FORMAT);
    if (run->trace.calls) {
        rp_call_trace_init(&run->call_trace, &run->trace, allocator);
    }
    if (profile->given) {
        run->has_profile = true;
        rp_profile_init(&run->profile, allocator,
                        !format->given        ? rp_profile_format_of(profile->text)
                        : format->number == 0 ? RP_PROFILE_COLLAPSED
                                              : RP_PROFILE_SPEEDSCOPE);
    }
    if (!run->trace.calls && !run->has_profile) {
        return true;
    }
    rp_report report = {0};
    const rp_call_observer observer = {.user = run, .enter = enter, .leave = leave};
    rp_status status = rp_store_observe(run->store, &observer, &report);
    return status == RP_OK || rp_run_refuse(run, status, RP_EXIT_HOST, "%s", report.text);
}

/* ---- the end ---- */

static void end_trace(struct rp_cli_run *run)
{
    char detail[sizeof(run->outcome.message)] = "";
    const rp_outcome *outcome = &run->outcome;
    if (run->status != RP_OK) {
        (void)snprintf(detail, sizeof(detail), "%s", rp_status_name(run->status));
    } else if (outcome->kind == RP_OUTCOME_TRAPPED) {
        (void)snprintf(detail, sizeof(detail), "%s", outcome->message);
    } else if (outcome->kind == RP_OUTCOME_EXITED) {
        (void)snprintf(detail, sizeof(detail), "%u", outcome->exit_code);
    } else if (outcome->kind == RP_OUTCOME_SUSPENDED) {
        (void)snprintf(detail, sizeof(detail), "%s", rp_run_reason_name(run));
    }
    rp_call_trace_end(&run->call_trace, rp_store_gas_used(run->store), rp_run_outcome_name(run),
                      detail[0] == 0 ? NULL : detail);
}

static const char *write_stdout(void *user, const void *data, size_t size)
{
    (void)user;
    return rp_cli_write_quietly(data, size);
}

static const char *write_part(void *user, const void *data, size_t size)
{
    const struct rp_file_replacement *file = user;
    return rp_stream_write(file->descriptor, data, size);
}

/* NULL, or what is wrong. */
static const char *write_profile(struct rp_cli_run *run, const char *path)
{
    const char *slash = strrchr(run->path, '/');
    const char *title = slash ? slash + 1 : run->path;
    rp_profile_end(&run->profile, rp_store_gas_used(run->store));
    if (is_stdout(path)) {
        return rp_profile_write(&run->profile, title, write_stdout, NULL);
    }
    struct rp_file_replacement file;
    const char *error = rp_file_begin_replace(path, &file);
    if (error) {
        return error;
    }
    error = rp_profile_write(&run->profile, title, write_part, &file);
    const char *end_error = rp_file_end_replace(&file, !error);
    return error ? error : end_error;
}

void rp_run_end_observation(struct rp_cli_run *run)
{
    bool is_refused = !rp_run_outcome_name(run);
    if (run->trace.calls && run->call_trace.trace && !is_refused) {
        end_trace(run);
    }
    if (run->has_profile && !is_refused) {
        const char *path = rp_run_option(run, RP_OPTION_PROFILE)->text;
        const char *error = write_profile(run, path);
        if (error) {
            (void)rp_run_refuse(run, RP_ERROR_IO, RP_EXIT_HOST, "--profile %s: %s", path, error);
        }
    }
}

void rp_run_deinit_observation(struct rp_cli_run *run)
{
    if (run->call_trace.trace) {
        rp_call_trace_deinit(&run->call_trace);
    }
    if (run->has_profile) {
        rp_profile_deinit(&run->profile);
    }
}
