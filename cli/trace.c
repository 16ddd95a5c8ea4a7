/* Where the lines of --trace go (layer 7). See trace.h. */
#include "cli/trace.h"

#include "core/assert.h"
#include "core/platform_process.h"
#include "core/report.h"

#include <string.h>

#define PENDING_BYTES 65536u /* from so many on, lines are written */
#define WASI_BIT 1u          /* the places of the words of --trace */
#define CALLS_BIT 2u

static const struct rp_cli_value *option(const struct rp_cli *cli, enum rp_cli_option id)
{
    return &cli->arguments.values[id];
}

static bool is_stdout(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

bool rp_cli_open_trace(struct rp_cli *cli, struct rp_cli_trace *out_trace)
{
    const struct rp_cli_value *trace = option(cli, RP_OPTION_TRACE);
    const struct rp_cli_value *format = option(cli, RP_OPTION_TRACE_FORMAT);
    const char *path = option(cli, RP_OPTION_TRACE_FILE)->text;
    *out_trace = (struct rp_cli_trace){0};
    if (!trace->given && (path || format->given)) {
        rp_cli_say("--%s needs --trace; say what is to be traced, as in --trace=wasi",
                   path ? "trace-file" : "trace-format");
        return false;
    }
    if (!trace->given) {
        return true;
    }
    int descriptor = is_stdout(path) ? RP_STREAM_OUT : RP_STREAM_ERR;
    if (path && !is_stdout(path)) {
        const char *error = rp_file_create(path, &descriptor);
        if (error) {
            rp_cli_say("--trace-file %s: %s", path, error);
            return false;
        }
    }
    *out_trace = (struct rp_cli_trace){
        .wasi = (trace->number & WASI_BIT) != 0,
        .calls = (trace->number & CALLS_BIT) != 0,
        .format = format->number == 1 ? RP_WASI_TRACE_JSON : RP_WASI_TRACE_TEXT,
        .path = path,
        .descriptor = descriptor,
    };
    rp_buffer_init(&out_trace->pending, &cli->allocator);
    return true;
}

/* Keeps the first failure, asks the run to stop, and tells the caller. */
static rp_status fail(struct rp_cli_trace *trace, rp_status status, const char *error,
                      rp_report *report)
{
    bool is_first = trace->failure.status == RP_OK;
    rp_report_fail(&trace->failure, status, "the trace cannot be written%s%s: %s",
                   trace->path ? " to " : "", trace->path ? trace->path : "", error);
    rp_store *store = trace->control ? atomic_load(&trace->control->store) : NULL;
    if (is_first && store) {
        rp_store_interrupt(store, RP_STOP_INTERRUPT);
    }
    return rp_report_fail(report, trace->failure.status, "%s", trace->failure.text);
}

void rp_cli_trace_fail(struct rp_cli_trace *trace, rp_status status, const char *error)
{
    (void)fail(trace, status, error, NULL);
}

static rp_status tell_failure(const struct rp_cli_trace *trace, rp_report *report)
{
    return trace->failure.status == RP_OK
               ? RP_OK
               : rp_report_fail(report, trace->failure.status, "%s", trace->failure.text);
}

rp_status rp_cli_trace_flush(struct rp_cli_trace *trace, rp_report *report)
{
    if (trace->failure.status != RP_OK || trace->pending.size == 0) {
        return tell_failure(trace, report);
    }
    rp_run_control_clear_present();
    const char *error =
        is_stdout(trace->path)
            ? rp_cli_write_quietly(trace->pending.data, trace->pending.size)
            : rp_stream_write(trace->descriptor, trace->pending.data, trace->pending.size);
    trace->pending.size = 0;
    return error ? fail(trace, RP_ERROR_IO, error, report) : RP_OK;
}

rp_status rp_cli_trace_line(struct rp_cli_trace *trace, const char *line, size_t size,
                            rp_report *report)
{
    RP_ASSERT(trace->wasi || trace->calls);
    if (trace->failure.status != RP_OK) {
        return tell_failure(trace, report);
    }
    rp_buffer_append(&trace->pending, line, size);
    rp_buffer_byte(&trace->pending, '\n');
    if (trace->pending.failed) {
        return fail(trace, RP_ERROR_NO_MEMORY, "out of memory", report);
    }
    return trace->pending.size < PENDING_BYTES ? RP_OK : rp_cli_trace_flush(trace, report);
}

rp_status rp_cli_close_trace(struct rp_cli_trace *trace, rp_report *report)
{
    if (!trace->wasi && !trace->calls) {
        return RP_OK;
    }
    rp_status status = rp_cli_trace_flush(trace, report);
    if (trace->path && !is_stdout(trace->path)) {
        const char *error = rp_file_close(trace->descriptor);
        if (error) {
            status = fail(trace, RP_ERROR_IO, error, report);
        }
    }
    rp_buffer_deinit(&trace->pending);
    *trace = (struct rp_cli_trace){0};
    return status;
}

rp_status rp_cli_trace_wasi(void *user, const char *line, size_t size, rp_report *report)
{
    struct rp_cli_trace *trace = user;
    rp_status status = rp_cli_trace_line(trace, line, size, report);
    return status == RP_OK ? rp_cli_trace_flush(trace, report) : status;
}
