/* One run of a program by the command (layer 7): what its parts share. */
#ifndef RP_CLI_RUN_H
#define RP_CLI_RUN_H

#include "cli/call_trace.h"
#include "cli/cli.h"
#include "cli/profile.h"
#include "cli/run_control.h"
#include "cli/trace.h"
#include "core/hash.h"
#include "reprise/wasi.h"

#define RP_INVOKE_VALUES_MAX                                             \
    2000u /* parameters and results of a function: the limits of modules \
           */

/* Which of the command's calls is on the stack. */
enum rp_run_phase { RP_PHASE_START, RP_PHASE_INITIALIZE, RP_PHASE_ENTRY, RP_PHASE_ENDED };

struct rp_cli_run {
    struct rp_cli *cli;
    const char *path;
    struct rp_run_control control;
    struct rp_cli_trace trace;
    struct rp_call_trace call_trace; /* with trace.calls */
    struct rp_profile profile;       /* if has_profile */
    bool has_profile;
    int json_descriptor;

    rp_engine *engine;
    rp_module *module;
    rp_wasi *wasi;
    rp_store *store;
    uint8_t module_hash[32];
    bool has_module_hash;
    int input_descriptor; /* of --stdin; else RP_STREAM_IN */

    /* What is called. */
    rp_name entry;
    rp_valkind types[RP_INVOKE_VALUES_MAX];
    rp_value arguments[RP_INVOKE_VALUES_MAX];
    rp_value results[RP_INVOKE_VALUES_MAX];
    size_t param_count;
    size_t result_count;
    bool is_invoked; /* by --invoke: its results are shown */
    enum rp_run_phase phase;
    char *entry_text; /* of a run that is resumed: owned */
    size_t entry_text_size;

    struct rp_hash_state output_hashes[2]; /* of what the guest wrote to stdout and stderr */

    /* How it ended: a failure, or else an outcome. */
    rp_status status;
    struct rp_buffer error; /* its text */
    rp_outcome outcome;
    bool has_ended; /* by itself: `outcome` holds, whatever failed after it */
    int code;
};

/* Notes a failure and the exit code; the first one counts. Answers false. */
bool rp_run_refuse(struct rp_cli_run *run, rp_status status, int code, const char *format, ...)
    RP_PRINTF(4, 5);

/* Says on stderr what was refused. */
void rp_run_say_error(struct rp_cli_run *run);

static inline const struct rp_cli_value *rp_run_option(const struct rp_cli_run *run,
                                                       enum rp_cli_option id)
{
    return &run->cli->arguments.values[id];
}

/* ---- the guest's surroundings, run_wasi.c ---- */

/* Makes `run->wasi`: arguments, environment, streams, the tree with everything that is imported.
 * `time_ns`: virtual time at the start. */
bool rp_run_create_wasi(struct rp_cli_run *run, uint64_t time_ns);
void rp_run_close_input(struct rp_cli_run *run);

/* Makes `run->wasi` as a snapshot wants it; none if the snapshot has no WASI state. */
bool rp_run_restore_wasi(struct rp_cli_run *run, const struct rp_cli_snapshot *snapshot);

/* ---- the command's part of the state, and saving, run_state.c ---- */

/* Notes in the store what is called now. ENDED: with the outcome. */
bool rp_run_keep_state(struct rp_cli_run *run, enum rp_run_phase phase);
/* Reads it back from a store that was restored, with entry, arguments and, if it ended, outcome. */
bool rp_run_recall_state(struct rp_cli_run *run);
/* Whether --snapshot can be written, before anything runs. */
bool rp_run_check_snapshot(struct rp_cli_run *run);
/* Writes the snapshot of --snapshot unless the run failed. Says what fails; false then. */
bool rp_run_save(struct rp_cli_run *run);

/* ---- the calls, command_run.c ---- */

/* Goes on with the program: `instance` is there, and the call of `run->phase` has ended well. */
void rp_run_go_on(struct rp_cli_run *run, const rp_instance *instance);
/* Resumes what was stopped only to show progress, and tells how the call ended: true, it returned.
 */
bool rp_run_finish_call(struct rp_cli_run *run, rp_status status, size_t result_count,
                        rp_report *report);
/* Makes the store with `run->wasi`, if there is one, and lets its calls be told. */
bool rp_run_make_store(struct rp_cli_run *run, const rp_store_config *config);
/* Lets the clock of --timeout-ms run. */
bool rp_run_attach(struct rp_cli_run *run);
/* Everything that `run` and `resume` have in common: makes the run, lets `body` fill it, tells the
 * end. The exit code. */
int rp_run_command(struct rp_cli *cli, void (*body)(struct rp_cli_run *run));

/* ---- exports, run_export.c ---- */

/* Refuses what could not be exported, before anything runs. */
bool rp_run_check_exports(struct rp_cli_run *run);
/* Writes the exports if the program returned or exited; else says why not. Says what fails. */
void rp_run_export(struct rp_cli_run *run);

/* ---- the entry, run_entry.c ---- */

/* Finds what is to be called and reads its arguments. */
bool rp_run_find_entry(struct rp_cli_run *run);
/* Prints the results of --invoke, one a line. */
bool rp_run_print_results(struct rp_cli_run *run);

/* ---- what is told of its calls, run_observe.c ---- */

/* Whether --profile can be written; says what is wrong. */
bool rp_run_check_profile(const struct rp_cli *cli);
/* Lets the store tell its calls to --trace=calls and --profile. */
bool rp_run_observe(struct rp_cli_run *run);
/* Ends the trace and writes the profile, unless the module was refused. */
void rp_run_end_observation(struct rp_cli_run *run);
void rp_run_deinit_observation(struct rp_cli_run *run);

/* ---- the end, run_result.c ---- */

/* As in reprise.run.v1: NULL if the module was refused; NULL if nothing was suspended. */
const char *rp_run_outcome_name(const struct rp_cli_run *run);
const char *rp_run_reason_name(const struct rp_cli_run *run);

/* Says on stderr how the run ended, where that is not obvious. */
void rp_run_say_outcome(struct rp_cli_run *run);
/* Writes the result object reprise.run.v1. */
bool rp_run_write_json(struct rp_cli_run *run);
/* The exit code of an outcome. */
int rp_run_exit_code(const rp_outcome *outcome);

#endif
