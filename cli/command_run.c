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

/* A failure that the library has described. */
static bool refuse_report(struct rp_cli_run *run, rp_status status, int code,
                          const rp_report *report)
{
    char text[1024];
    rp_cli_format_report(run->path, report, text, sizeof(text));
    return rp_run_refuse(run, status, code, "%s", text);
}

/* ---- streams ---- */

static rp_status read_input(void *user, void *data, size_t size, size_t *out_count,
                            rp_report *report)
{
    struct rp_cli_run *run = user;
    const char *error = rp_stream_read(RP_STREAM_IN, data, size, &run->control.stop, out_count);
    return error ? rp_report_fail(report, RP_ERROR_IO, "stdin cannot be read: %s", error) : RP_OK;
}

static rp_status write_output(void *user, unsigned stream, const void *data, size_t size,
                              rp_report *report)
{
    struct rp_cli_run *run = user;
    bool is_out = stream == 1;
    rp_run_control_clear_line(&run->control);
    const char *error =
        is_out ? rp_cli_write_quietly(data, size) : rp_stream_write(RP_STREAM_ERR, data, size);
    return error ? rp_report_fail(report, RP_ERROR_IO, "%s cannot be written: %s",
                                  is_out ? "stdout" : "stderr", error)
                 : RP_OK;
}

/* ---- configuration ---- */

static const struct rp_cli_value *option(const struct rp_cli_run *run, enum rp_cli_option id)
{
    return &run->cli->arguments.values[id];
}

static bool read_time(struct rp_cli_run *run, uint64_t *out_ns)
{
    const char *text = option(run, RP_OPTION_TIME)->text;
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
    const struct rp_cli_value *memory_max = option(run, RP_OPTION_MEMORY_MAX);
    if (memory_max->given) { /* 0 would be the default: less than a page is no memory as well */
        config->memory_max_bytes = memory_max->number == 0 ? 1 : memory_max->number;
    }
    if (option(run, RP_OPTION_SEED)->given) {
        config->seed = option(run, RP_OPTION_SEED)->number;
    }
    config->ns_per_gas = option(run, RP_OPTION_NS_PER_GAS)->number;
    config->metered = option(run, RP_OPTION_DISPATCH)->number == 1;
    return read_time(run, &config->time_ns);
}

/* The variables in the order of their first mention, each with its last value. */
static bool collect_env(struct rp_cli_run *run, const char **env, size_t *out_count)
{
    const struct rp_cli_value *given = option(run, RP_OPTION_ENV);
    size_t count = 0;
    for (uint32_t i = 0; i < given->item_count; i++) {
        const char *item = given->items[i];
        size_t name_size = strcspn(item, "=");
        if (name_size == 0 || item[name_size] == 0) {
            return rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
                                 "--env %s: must be NAME=VALUE", item);
        }
        size_t place = 0;
        while (place < count && strncmp(env[place], item, name_size + 1) != 0) {
            place++;
        }
        env[place] = item;
        count += place == count;
    }
    *out_count = count;
    return true;
}

/* HOST::GUEST[:ro], or HOST alone. */
static bool import_folder(struct rp_cli_run *run, const char *item)
{
    char host[4096];
    char guest[4096];
    const char *separator = strstr(item, "::");
    size_t host_size = separator ? (size_t)(separator - item) : strlen(item);
    const char *guest_text = separator ? separator + 2 : item;
    size_t guest_size = strlen(guest_text);
    bool read_only =
        separator && guest_size >= 3 && strcmp(guest_text + guest_size - 3, ":ro") == 0;
    guest_size -= read_only ? 3 : 0;
    if (host_size == 0 || guest_size == 0) {
        return rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
                             "--dir %s: must be HOST::GUEST or HOST", item);
    }
    if (host_size >= sizeof(host) || guest_size >= sizeof(guest)) {
        return rp_run_refuse(run, RP_ERROR_LIMIT, RP_EXIT_MISUSE, "--dir %.64s...: path too long",
                             item);
    }
    memcpy(host, item, host_size);
    host[host_size] = 0;
    memcpy(guest, guest_text, guest_size);
    guest[guest_size] = 0;
    rp_report report = {0};
    rp_status status = rp_wasi_import_dir(run->wasi, host, guest, read_only, &report);
    return status == RP_OK ||
           rp_run_refuse(run, status, status == RP_ERROR_NO_MEMORY ? RP_EXIT_HOST : RP_EXIT_MISUSE,
                         "--dir %s: %s", item, report.text);
}

/* argv[0] and, unless they are a function's, the arguments behind the file. */
static size_t collect_args(const struct rp_cli_run *run, const char **args)
{
    const struct rp_cli_arguments *given = &run->cli->arguments;
    const char *slash = strrchr(run->path, '/');
    const char *argv0 = given->values[RP_OPTION_ARGV0].text;
    args[0] = argv0 ? argv0 : slash ? slash + 1 : run->path;
    size_t count = given->values[RP_OPTION_INVOKE].given ? 1 : given->operand_count;
    for (size_t i = 1; i < count; i++) {
        args[i] = given->operands[i];
    }
    return count;
}

static bool create_wasi(struct rp_cli_run *run, const rp_store_config *store_config)
{
    struct rp_allocator *allocator = &run->cli->allocator;
    const struct rp_cli_value *dirs = option(run, RP_OPTION_DIR);
    size_t words = run->cli->arguments.operand_count + option(run, RP_OPTION_ENV)->item_count;
    const char **args = rp_alloc(allocator, words * sizeof(*args));
    if (!args) {
        return rp_run_refuse(run, RP_ERROR_NO_MEMORY, RP_EXIT_HOST, "out of memory");
    }
    rp_wasi_config config;
    rp_wasi_config_init(&config);
    config.args = args;
    config.arg_count = collect_args(run, args);
    config.env = args + config.arg_count;
    config.time_ns = store_config->time_ns;
    config.read = read_input;
    config.write = write_output;
    config.user = run;
    bool ok = collect_env(run, args + config.arg_count, &config.env_count);
    if (ok) {
        rp_report report = {0};
        rp_status status = rp_wasi_create(&config, &run->wasi, &report);
        ok =
            status == RP_OK ||
            rp_run_refuse(run, status, status == RP_ERROR_NO_MEMORY ? RP_EXIT_HOST : RP_EXIT_MISUSE,
                          "%s", report.text);
    }
    rp_free(allocator, args, words * sizeof(*args));
    for (uint32_t i = 0; ok && i < dirs->item_count; i++) {
        ok = import_folder(run, dirs->items[i]);
    }
    return ok;
}

static bool create_store(struct rp_cli_run *run)
{
    rp_store_config config;
    if (!configure_store(run, &config) || !create_wasi(run, &config)) {
        return false;
    }
    rp_report report = {0};
    rp_status status = rp_store_create(run->engine, &config, &run->store, &report);
    if (status == RP_OK) {
        status = rp_store_define_builtins(run->store, &report);
    }
    if (status == RP_OK && !option(run, RP_OPTION_STRICT)->given) {
        status = rp_wasi_define(run->wasi, run->store, &report);
    }
    if (status != RP_OK) {
        return rp_run_refuse(run, status, RP_EXIT_HOST, "the store cannot be made: %s",
                             report.text);
    }
    rp_store_trap_unknown_imports(run->store, option(run, RP_OPTION_UNKNOWN_IMPORTS)->given);
    if (option(run, RP_OPTION_GAS)->given) {
        rp_store_set_gas_limit(run->store, (int64_t)option(run, RP_OPTION_GAS)->number);
    }
    if (option(run, RP_OPTION_UNTIL_GAS)->given) {
        rp_store_set_until_gas(run->store, (int64_t)option(run, RP_OPTION_UNTIL_GAS)->number);
    }
    return true;
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
    return option(run, RP_OPTION_UNKNOWN_IMPORTS)->given &&
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
    bool strict = option(run, RP_OPTION_STRICT)->given;
    bool traps = option(run, RP_OPTION_UNKNOWN_IMPORTS)->given;
    (void)rp_run_refuse(run, RP_ERROR_IMPORT, RP_EXIT_INVALID,
                        "%s: imports that are not offered%s%s:", run->path,
                        strict ? " (--strict offers no WASI)" : "",
                        traps ? "" : "; --unknown-imports trap lets functions trap when called");
    rp_status status = rp_store_visit_imports(run->store, run->module, list_refused_import, run);
    (void)status; /* without memory the list is shorter, and the text says so where it is used */
    return false;
}

/* ---- running ---- */

/* Resumes what was stopped only to show progress, and tells how the call ended. */
static bool finish_call(struct rp_cli_run *run, rp_status status, size_t result_count,
                        rp_report *report)
{
    while (status == RP_OK && rp_run_control_goes_on(&run->control, &run->outcome)) {
        status = rp_store_resume(run->store, run->results, result_count, &run->outcome, report);
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
        return finish_call(run, status, 0, &report);
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
    return finish_call(run, status, result_count, &report);
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
           call_export(run, instance, name, 0, 0);
}

/* Everything up to the end of the guest. */
static void run_program(struct rp_cli_run *run)
{
    rp_instance *instance = NULL;
    const struct rp_cli_value *timeout = option(run, RP_OPTION_TIMEOUT_MS);
    if (!load_program(run) || !rp_run_find_entry(run) || !create_store(run)) {
        return;
    }
    if (option(run, RP_OPTION_LOG_IMPORTS)->given) {
        rp_status status = rp_store_visit_imports(run->store, run->module, log_import, run);
        if (status != RP_OK) {
            (void)rp_run_refuse(run, status, RP_EXIT_HOST, "out of memory");
            return;
        }
    }
    if (!rp_run_control_attach(&run->control, run->store,
                               timeout->given ? &timeout->number : NULL)) {
        (void)rp_run_refuse(run, RP_ERROR_HOST, RP_EXIT_HOST, "the host refuses a timer");
        return;
    }
    if (instantiate(run, &instance) && initialize(run, instance)) {
        (void)call_export(run, instance, run->entry, run->param_count, run->result_count);
    }
}

static void destroy_run(struct rp_cli_run *run)
{
    rp_store_destroy(run->store);
    rp_wasi_destroy(run->wasi);
    rp_module_destroy(run->module);
    rp_engine_destroy(run->engine);
    rp_buffer_deinit(&run->error);
}

static int finish_run(struct rp_cli_run *run)
{
    rp_run_control_finish(&run->control);
    if (run->status != RP_OK) {
        rp_buffer_byte(&run->error, 0);
        rp_cli_say("%s", run->error.failed ? "out of memory" : (const char *)run->error.data);
    } else {
        run->code = rp_run_exit_code(&run->outcome);
        rp_run_say_outcome(run);
        if (run->is_invoked && run->outcome.kind == RP_OUTCOME_RETURNED &&
            !rp_run_print_results(run)) {
            run->code = RP_EXIT_HOST;
        }
    }
    if (!rp_run_write_json(run) && run->code != RP_EXIT_HOST) {
        run->code = RP_EXIT_HOST;
    }
    return run->code;
}

int rp_cli_run(struct rp_cli *cli)
{
    if (cli->arguments.operand_count == 0) {
        return rp_cli_misuse("no program is given; see `reprise help`");
    }
    struct rp_cli_run *run = rp_alloc_zero(&cli->allocator, 1, sizeof(*run));
    if (!run) {
        rp_cli_say("out of memory");
        return RP_EXIT_HOST;
    }
    run->cli = cli;
    run->path = cli->arguments.operands[0];
    rp_buffer_init(&run->error, &cli->allocator);
    int code = RP_EXIT_MISUSE;
    if (rp_cli_open_json(cli, &run->json_descriptor)) {
        code = rp_cli_create_engine(cli, &run->engine);
    }
    if (run->engine) {
        rp_run_control_start(&run->control);
        run_program(run);
        code = finish_run(run);
    }
    destroy_run(run);
    rp_free(&cli->allocator, run, sizeof(*run));
    return code;
}
