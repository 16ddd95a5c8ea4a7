/* reprise resume (layer 7): a run that was saved goes on. See run.h. */
#include "cli/run.h"

static bool refuse_snapshot(struct rp_cli_run *run, rp_status status, const char *option,
                            const rp_report *report)
{
    char text[1024];
    rp_cli_format_snapshot_report(run->cli, run->path, option, report, text, sizeof(text));
    return rp_run_refuse(
        run, status, rp_cli_open_exit(status, option != NULL), "%s%s", text,
        status == RP_ERROR_SNAPSHOT_MODULE && !run->module ? "; --module FILE gives it" : "");
}

/* The store that the snapshot wants, with the state of the snapshot. */
static bool restore(struct rp_cli_run *run, const struct rp_cli_snapshot *snapshot)
{
    rp_report report = {0};
    rp_snapshot_config config;
    rp_status status = rp_snapshot_read_config(snapshot->file.data, snapshot->file.size,
                                               &snapshot->options, &config, &report);
    if (status != RP_OK) {
        return refuse_snapshot(run, status, NULL, &report);
    }
    config.store.metered = rp_run_option(run, RP_OPTION_DISPATCH)->number == 1;
    if (!rp_run_restore_wasi(run, snapshot) || !rp_run_make_store(run, &config.store)) {
        return false;
    }
    status = rp_store_restore(run->store, snapshot->file.data, snapshot->file.size,
                              &snapshot->options, &report);
    return status == RP_OK || refuse_snapshot(run, status, NULL, &report);
}

static bool open_and_restore(struct rp_cli_run *run)
{
    struct rp_cli_snapshot snapshot;
    const char *option = NULL;
    rp_report report = {0};
    rp_status status =
        rp_cli_open_snapshot(run->cli, run->engine, run->path, &snapshot, &option, &report);
    if (status != RP_OK) {
        return refuse_snapshot(run, status, option, &report);
    }
    run->module = snapshot.module;
    if (run->module) {
        rp_module_hash(run->module, run->module_hash);
        run->has_module_hash = true;
    }
    bool restored = restore(run, &snapshot);
    snapshot.module = NULL; /* the run's now */
    rp_cli_close_snapshot(run->cli, &snapshot);
    return restored;
}

static void resume_program(struct rp_cli_run *run)
{
    rp_report report = {0};
    if (run->cli->arguments.operand_count > 1) {
        (void)rp_run_refuse(
            run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
            "%s: the arguments of the program are part of the state: they come from "
            "the snapshot",
            run->cli->arguments.operands[1]);
        return;
    }
    if (!rp_run_check_snapshot(run) || !open_and_restore(run) || !rp_run_recall_state(run) ||
        !rp_run_check_exports(run) || !rp_run_attach(run) || run->phase == RP_PHASE_ENDED) {
        return;
    }
    size_t result_count = run->phase == RP_PHASE_ENTRY ? run->result_count : 0;
    rp_status status =
        rp_store_resume(run->store, run->results, result_count, &run->outcome, &report);
    if (rp_run_finish_call(run, status, result_count, &report) && run->phase != RP_PHASE_ENTRY) {
        rp_run_go_on(run, rp_store_instance(run->store, 0));
    }
}

int rp_cli_resume(struct rp_cli *cli)
{
    return cli->arguments.operand_count == 0
               ? rp_cli_misuse("no snapshot is given; see `reprise help resume`")
               : rp_run_command(cli, resume_program);
}
