/* reprise run (layer 7; INTERFACE: docs/command.md). */
#include "cli/parse.h"
#include "cli/run.h"

#include "core/hash.h"
#include "core/platform.h"
#include "core/platform_process.h"
#include "core/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rp_run_refuse(struct rp_cli_run *run, rp_status status, int code, const char *format, ...)
{
    if (run->status != RP_OK) {
        return false;
    }
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    run->status = status;
    run->code = code;
    rp_buffer_append(&run->error, text, strlen(text));
    return false;
}

void rp_run_say_error(struct rp_cli_run *run)
{
    rp_buffer_byte(&run->error, 0);
    rp_cli_say("%s", run->error.failed ? "out of memory" : (const char *)run->error.data);
}

/* A failure that the library has described. */
static bool refuse_report(struct rp_cli_run *run, rp_status status, int code,
                          const rp_report *report)
{
    char text[1024];
    rp_cli_format_report(run->path, report, text, sizeof(text));
    return rp_run_refuse(run, status, code, "%s", text);
}

/* ---- configuration ---- */

static bool read_time(struct rp_cli_run *run, uint64_t *out_ns)
{
    const char *text = rp_run_option(run, RP_OPTION_TIME)->text;
    if (!text) {
        return true;
    }
    if (strcmp(text, "now") == 0) {
        *out_ns = rp_platform_realtime_ns();
        return true;
    }
    const char *error = rp_parse_time(text, out_ns);
    return !error ||
           rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE, "--time %s: %s", text, error);
}

static bool configure_store(struct rp_cli_run *run, rp_store_config *config)
{
    rp_store_config_init(config);
    const struct rp_cli_value *memory_max = rp_run_option(run, RP_OPTION_MEMORY_MAX);
    if (memory_max->given) { /* 0 would be the default: less than a page is no memory as well */
        config->memory_max_bytes = memory_max->number == 0 ? 1 : memory_max->number;
    }
    if (rp_run_option(run, RP_OPTION_SEED)->given) {
        config->seed = rp_run_option(run, RP_OPTION_SEED)->number;
    }
    config->ns_per_gas = rp_run_option(run, RP_OPTION_NS_PER_GAS)->number;
    config->metered = rp_run_option(run, RP_OPTION_DISPATCH)->number == 1;
    return read_time(run, &config->time_ns);
}

bool rp_run_make_store(struct rp_cli_run *run, const rp_store_config *config)
{
    rp_report report = {0};
    rp_status status = rp_store_create(run->engine, config, &run->store, &report);
    if (status == RP_OK) {
        status = rp_store_define_builtins(run->store, &report);
    }
    if (status == RP_OK && run->wasi && !rp_run_option(run, RP_OPTION_STRICT)->given) {
        status = rp_wasi_define(run->wasi, run->store, &report);
    }
    if (status != RP_OK) {
        return rp_run_refuse(run, status, RP_EXIT_HOST, "the store cannot be made: %s",
                             report.text);
    }
    if (run->trace.wasi && run->wasi) {
        rp_wasi_set_trace(run->wasi, run->trace.format, rp_cli_trace_wasi, &run->trace);
    }
    rp_store_trap_unknown_imports(run->store, rp_run_option(run, RP_OPTION_UNKNOWN_IMPORTS)->given);
    return true;
}

static void set_gas(struct rp_cli_run *run)
{
    if (rp_run_option(run, RP_OPTION_GAS)->given) {
        rp_store_set_gas_limit(run->store, (int64_t)rp_run_option(run, RP_OPTION_GAS)->number);
    }
    if (rp_run_option(run, RP_OPTION_UNTIL_GAS)->given) {
        rp_store_set_until_gas(run->store,
                               (int64_t)rp_run_option(run, RP_OPTION_UNTIL_GAS)->number);
    }
}

static bool create_store(struct rp_cli_run *run)
{
    rp_store_config config;
    return configure_store(run, &config) && rp_run_create_wasi(run, config.time_ns) &&
           rp_run_make_store(run, &config);
}

static bool load_program(struct rp_cli_run *run)
{
    struct rp_cli_file file;
    const char *error = rp_cli_read_file(run->cli, run->path, &file);
    if (error) {
        const char *guess = run->cli->arguments.is_default ? rp_cli_guess_command(run->path) : NULL;
        return rp_run_refuse(run, RP_ERROR_IO, RP_EXIT_MISSING, "%s: %s%s%s%s", run->path, error,
                             guess ? " (and no command; did you mean `reprise " : "",
                             guess ? guess : "", guess ? "`?)" : "");
    }
    rp_hash(file.data, file.size, run->module_hash);
    run->has_module_hash = true;
    rp_report report = {0};
    rp_status status = rp_module_load(run->engine, file.data, file.size, &run->module, &report);
    rp_cli_free_file(run->cli, &file);
    return status == RP_OK || refuse_report(run, status, rp_cli_load_exit(status), &report);
}

/* ---- imports ---- */

static void put_import(struct rp_cli_run *run, struct rp_buffer *out, size_t index)
{
    char type[512];
    rp_import_info import = rp_module_import(run->module, index);
    rp_module_import_type(run->module, index, type, sizeof(type));
    rp_buffer_printf(out, "\"");
    rp_cli_append_plain(out, import.module.data, import.module.size);
    rp_buffer_printf(out, "\".\"");
    rp_cli_append_plain(out, import.name.data, import.name.size);
    rp_buffer_printf(out, "\" %s", type);
}

static bool traps_when_called(const struct rp_cli_run *run, size_t index)
{
    return rp_run_option(run, RP_OPTION_UNKNOWN_IMPORTS)->given &&
           rp_module_import(run->module, index).kind == RP_EXTERN_FUNC;
}

static void log_import(void *user, size_t index, bool linked, const char *offered)
{
    struct rp_cli_run *run = user;
    struct rp_buffer line;
    rp_buffer_init(&line, &run->cli->allocator);
    put_import(run, &line, index);
    rp_buffer_byte(&line, 0);
    if (!line.failed) {
        rp_cli_say("import %s: %s%s", (const char *)line.data,
                   linked                          ? "linked"
                   : traps_when_called(run, index) ? "traps when called; offered: "
                                                   : "refused; offered: ",
                   linked ? "" : offered);
    }
    rp_buffer_deinit(&line);
}

static void list_refused_import(void *user, size_t index, bool linked, const char *offered)
{
    struct rp_cli_run *run = user;
    if (!linked && !traps_when_called(run, index)) {
        rp_buffer_printf(&run->error, "\n  ");
        put_import(run, &run->error, index);
        rp_buffer_printf(&run->error, ", offered: %s", offered);
    }
}

static bool refuse_imports(struct rp_cli_run *run)
{
    bool strict = rp_run_option(run, RP_OPTION_STRICT)->given;
    bool traps = rp_run_option(run, RP_OPTION_UNKNOWN_IMPORTS)->given;
    (void)rp_run_refuse(run, RP_ERROR_IMPORT, RP_EXIT_INVALID,
                        "%s: imports that are not offered%s%s:", run->path,
                        strict ? " (--strict offers no WASI)" : "",
                        traps ? "" : "; --unknown-imports trap lets functions trap when called");
    rp_status status = rp_store_visit_imports(run->store, run->module, list_refused_import, run);
    (void)status; /* without memory the list is shorter, and the text says so where it is used */
    return false;
}

/* ---- running ---- */

bool rp_run_finish_call(struct rp_cli_run *run, rp_status status, size_t result_count,
                        rp_report *report)
{
    while (status == RP_OK && run->trace.failure.status == RP_OK &&
           rp_run_control_goes_on(&run->control, &run->outcome)) {
        status = rp_store_resume(run->store, run->results, result_count, &run->outcome, report);
    }
    if (status == RP_OK && run->trace.failure.status != RP_OK) {
        return rp_run_refuse(run, run->trace.failure.status, RP_EXIT_HOST, "%s: %s", run->path,
                             run->trace.failure.text);
    }
    if (status == RP_OK) {
        return run->outcome.kind == RP_OUTCOME_RETURNED;
    }
    if (atomic_load(&run->control.stop)) { /* stopped while it waited for input */
        bool timed_out = atomic_load(&run->control.timed_out);
        run->outcome = (rp_outcome){.kind = timed_out ? RP_OUTCOME_TIMED_OUT : RP_OUTCOME_SUSPENDED,
                                    .reason = timed_out ? RP_REASON_NONE : RP_REASON_INTERRUPT};
        return false;
    }
    return rp_run_refuse(run, status, RP_EXIT_HOST, "%s: %s", run->path, report->text);
}

static bool instantiate(struct rp_cli_run *run, rp_instance **out_instance)
{
    rp_report report = {0};
    rp_status status =
        rp_store_instantiate(run->store, run->module, out_instance, &run->outcome, &report);
    switch (status) {
    case RP_ERROR_IMPORT:
        return refuse_imports(run);
    case RP_ERROR_LIMIT:
    case RP_ERROR_TYPE:
    case RP_ERROR_UNSUPPORTED:
        return refuse_report(run, status, RP_EXIT_INVALID, &report);
    default:
        return rp_run_finish_call(run, status, 0, &report);
    }
}

static bool call_export(struct rp_cli_run *run, const rp_instance *instance, rp_name name,
                        size_t param_count, size_t result_count)
{
    rp_extern found;
    rp_report report = {0};
    rp_status status = rp_instance_export(instance, name, &found);
    if (status == RP_OK) {
        status = rp_store_call(run->store, found.index, run->arguments, param_count, run->results,
                               result_count, &run->outcome, &report);
    }
    return rp_run_finish_call(run, status, result_count, &report);
}

/* A library is made ready before one of its functions is invoked. */
static bool initialize(struct rp_cli_run *run, const rp_instance *instance)
{
    rp_extern found;
    rp_name name = {"_initialize", 11};
    bool is_entry = run->entry.size == name.size && memcmp(run->entry.data, name.data, 11) == 0;
    if (!run->is_invoked || is_entry || rp_instance_export(instance, name, &found) != RP_OK ||
        found.kind != RP_EXTERN_FUNC) {
        return true;
    }
    rp_functype type = rp_store_func_type(run->store, found.index);
    return type.param_count != 0 || type.result_count != 0 ||
           (rp_run_keep_state(run, RP_PHASE_INITIALIZE) && call_export(run, instance, name, 0, 0));
}

void rp_run_go_on(struct rp_cli_run *run, const rp_instance *instance)
{
    if ((run->phase == RP_PHASE_INITIALIZE || initialize(run, instance)) &&
        rp_run_keep_state(run, RP_PHASE_ENTRY)) {
        (void)call_export(run, instance, run->entry, run->param_count, run->result_count);
    }
}

bool rp_run_attach(struct rp_cli_run *run)
{
    const struct rp_cli_value *timeout = rp_run_option(run, RP_OPTION_TIMEOUT_MS);
    set_gas(run);
    return (rp_run_control_attach(&run->control, run->store,
                                  timeout->given ? &timeout->number : NULL) ||
            rp_run_refuse(run, RP_ERROR_HOST, RP_EXIT_HOST, "the host refuses a timer")) &&
           rp_run_observe(run);
}

/* Everything up to the end of the guest. */
static void run_program(struct rp_cli_run *run)
{
    rp_instance *instance = NULL;
    if (!rp_run_check_snapshot(run) || !load_program(run) || !rp_run_find_entry(run) ||
        !create_store(run)) {
        return;
    }
    if (rp_run_option(run, RP_OPTION_LOG_IMPORTS)->given) {
        rp_status status = rp_store_visit_imports(run->store, run->module, log_import, run);
        if (status != RP_OK) {
            (void)rp_run_refuse(run, status, RP_EXIT_HOST, "out of memory");
            return;
        }
    }
    if (rp_run_attach(run) && rp_run_keep_state(run, RP_PHASE_START) &&
        instantiate(run, &instance)) {
        rp_run_go_on(run, instance);
    }
}

static void destroy_run(struct rp_cli_run *run)
{
    (void)rp_cli_close_trace(&run->trace, NULL);
    rp_run_deinit_observation(run);
    rp_run_close_input(run);
    rp_store_destroy(run->store);
    rp_wasi_destroy(run->wasi);
    rp_module_destroy(run->module);
    rp_engine_destroy(run->engine);
    rp_buffer_deinit(&run->error);
    rp_free(&run->cli->allocator, run->entry_text, run->entry_text_size);
}

/* The outcome is part of the state once the program has ended. */
static void keep_outcome(struct rp_cli_run *run)
{
    bool has_ended = run->outcome.kind == RP_OUTCOME_RETURNED ||
                     run->outcome.kind == RP_OUTCOME_EXITED ||
                     run->outcome.kind == RP_OUTCOME_TRAPPED;
    if (run->status == RP_OK && run->phase != RP_PHASE_ENDED && has_ended) {
        (void)rp_run_keep_state(run, RP_PHASE_ENDED);
    }
}

static int finish_run(struct rp_cli_run *run)
{
    rp_report report = {0};
    rp_run_control_finish(&run->control);
    keep_outcome(run);
    rp_run_end_observation(run);
    rp_status trace_status = rp_cli_close_trace(&run->trace, &report);
    if (trace_status != RP_OK) {
        (void)rp_run_refuse(run, trace_status, RP_EXIT_HOST, "%s: %s", run->path, report.text);
    }
    if (run->status != RP_OK) {
        rp_run_say_error(run);
    } else {
        run->code = rp_run_exit_code(&run->outcome);
        rp_run_say_outcome(run);
        if (run->is_invoked && run->outcome.kind == RP_OUTCOME_RETURNED &&
            !rp_run_print_results(run)) {
            run->code = RP_EXIT_HOST;
        }
    }
    (void)rp_run_save(run);
    rp_run_export(run);
    if (!rp_run_write_json(run) && run->code != RP_EXIT_HOST) {
        run->code = RP_EXIT_HOST;
    }
    return run->code;
}

int rp_run_command(struct rp_cli *cli, void (*body)(struct rp_cli_run *run))
{
    struct rp_cli_run *run = rp_alloc_zero(&cli->allocator, 1, sizeof(*run));
    if (!run) {
        rp_cli_say("out of memory");
        return RP_EXIT_HOST;
    }
    run->cli = cli;
    run->path = cli->arguments.operands[0];
    run->input_descriptor = RP_STREAM_IN;
    rp_buffer_init(&run->error, &cli->allocator);
    rp_hash_init(&run->output_hashes[0]);
    rp_hash_init(&run->output_hashes[1]);
    int code = RP_EXIT_MISUSE;
    if (rp_cli_open_json(cli, &run->json_descriptor) && rp_cli_open_trace(cli, &run->trace) &&
        rp_run_check_profile(cli)) {
        run->trace.control = &run->control;
        code = rp_cli_create_engine(cli, &run->engine);
    }
    if (run->engine) {
        rp_run_control_start(&run->control);
        body(run);
        code = finish_run(run);
    }
    destroy_run(run);
    rp_free(&cli->allocator, run, sizeof(*run));
    return code;
}

int rp_cli_run(struct rp_cli *cli)
{
    return cli->arguments.operand_count == 0
               ? rp_cli_misuse("no program is given; see `reprise help`")
               : rp_run_command(cli, run_program);
}
