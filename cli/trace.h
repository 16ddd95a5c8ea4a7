/* Where the lines of --trace go (layer 7): stderr, stdout or the file of --trace-file, for every
 * kind of trace.
 *
 * A text line begins with the gas position, right-aligned in RP_TRACE_GAS_COLUMNS columns and a
 * blank; a JSON line is an object whose first members are `trace` ("wasi" or "calls") and `gas`.
 * Lines go out whole and in the order in which they come, also between lines of several kinds and
 * the guest's output, if rp_cli_trace_flush is called before that is written.
 *
 * The first failure is kept: later lines are dropped, and each function answers it. It also asks
 * the run to stop, so that a kind of trace that cannot fail by itself need not look. */
#ifndef RP_CLI_TRACE_H
#define RP_CLI_TRACE_H

#include "cli/cli.h"
#include "cli/run_control.h"
#include "reprise/wasi.h"

#define RP_TRACE_GAS_COLUMNS 12

struct rp_cli_trace {
    bool wasi;  /* --trace=wasi */
    bool calls; /* --trace=calls */
    rp_wasi_trace_format format;
    const char *path; /* of --trace-file; NULL: stderr */
    int descriptor;
    struct rp_run_control *control; /* of the run; NULL: none yet */
    struct rp_buffer pending;       /* whole lines that are not written yet */
    rp_report failure;
};

/* Reads --trace, --trace-file and --trace-format, and opens the file: made, or emptied. Says what
 * is wrong; false then: misuse. Without --trace nothing is opened and both kinds are off. */
bool rp_cli_open_trace(struct rp_cli *cli, struct rp_cli_trace *out_trace);
/* Takes a line without its end. It may stay here for a while: rp_cli_trace_flush. */
rp_status rp_cli_trace_line(struct rp_cli_trace *trace, const char *line, size_t size,
                            rp_report *report);
/* A line could not be made. */
void rp_cli_trace_fail(struct rp_cli_trace *trace, rp_status status, const char *error);
/* Writes what is pending. */
rp_status rp_cli_trace_flush(struct rp_cli_trace *trace, rp_report *report);
/* Writes what is pending, closes the file and frees the rest; whoever sends lines has ended before.
 * The first failure, RP_OK if there was none. A trace that is all zeros was never opened; then it
 * does nothing. */
rp_status rp_cli_close_trace(struct rp_cli_trace *trace, rp_report *report);
/* A rp_wasi_trace: takes and writes the line at once. `user` is the struct rp_cli_trace. */
rp_status rp_cli_trace_wasi(void *user, const char *line, size_t size, rp_report *report);

#endif
