/* One run of a program by the command (layer 7): what its parts share. */
#ifndef RP_CLI_RUN_H
#define RP_CLI_RUN_H

#include "cli/cli.h"
#include "cli/run_control.h"
#include "reprise/wasi.h"

#define RP_INVOKE_VALUES_MAX                                             \
    2000u /* parameters and results of a function: the limits of modules \
           */

struct rp_cli_run {
    struct rp_cli *cli;
    const char *path;
    struct rp_run_control control;
    int json_descriptor;

    rp_engine *engine;
    rp_module *module;
    rp_wasi *wasi;
    rp_store *store;
    uint8_t module_hash[32];
    bool has_module_hash;

    /* What is called. */
    rp_name entry;
    rp_valkind types[RP_INVOKE_VALUES_MAX];
    rp_value arguments[RP_INVOKE_VALUES_MAX];
    rp_value results[RP_INVOKE_VALUES_MAX];
    size_t param_count;
    size_t result_count;
    bool is_invoked; /* by --invoke: its results are shown */

    /* How it ended: a failure, or else an outcome. */
    rp_status status;
    struct rp_buffer error; /* its text */
    rp_outcome outcome;
    int code;
};

/* Notes a failure and the exit code; the first one counts. Answers false. */
bool rp_run_refuse(struct rp_cli_run *run, rp_status status, int code, const char *format, ...)
    RP_PRINTF(4, 5);

/* ---- the entry, run_entry.c ---- */

/* Finds what is to be called and reads its arguments. */
bool rp_run_find_entry(struct rp_cli_run *run);
/* Prints the results of --invoke, one a line. */
bool rp_run_print_results(struct rp_cli_run *run);

/* ---- the end, run_result.c ---- */

/* Says on stderr how the run ended, where that is not obvious. */
void rp_run_say_outcome(struct rp_cli_run *run);
/* Writes the result object reprise.run.v1. */
bool rp_run_write_json(struct rp_cli_run *run);
/* The exit code of an outcome. */
int rp_run_exit_code(const rp_outcome *outcome);

#endif
