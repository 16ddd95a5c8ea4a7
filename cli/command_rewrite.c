/* The commands that turn a module into something else: disasm, instrument (layer 7). */
#include "cli/cli.h"

#include "core/platform_process.h"
#include "engine/disasm.h"
#include "engine/instrument.h"

/* The one file that these commands work on; NULL after a word about what is wrong. */
static const char *find_operand(const struct rp_cli *cli)
{
    const struct rp_cli_arguments *arguments = &cli->arguments;
    const char *command = rp_cli_commands[arguments->command].name;
    if (arguments->operand_count == 1) {
        return arguments->operands[0];
    }
    if (arguments->operand_count == 0) {
        rp_cli_say("no module is given; see `reprise help %s`", command);
    } else {
        rp_cli_say("%s works on one module: %s is one too many", command, arguments->operands[1]);
    }
    return NULL;
}

static int read_operand(struct rp_cli *cli, const char *path, struct rp_cli_file *out_file)
{
    const char *error = rp_cli_read_file(cli, path, out_file);
    if (error) {
        rp_cli_say("%s: %s", path, error);
        return RP_EXIT_MISSING;
    }
    return RP_EXIT_OK;
}

static int say_failure(const char *path, rp_status status, const rp_report *report)
{
    char text[1024];
    rp_cli_format_report(path, report, text, sizeof(text));
    rp_cli_say("%s", text);
    return rp_cli_load_exit(status);
}

static bool write_text(void *user, const void *data, size_t size)
{
    const char **error = user;
    *error = rp_cli_write_quietly(data, size);
    return !*error;
}

/* Valid modules, and those that need a feature that the engine does not have yet: text needs no
 * engine. */
static int print_text(struct rp_cli *cli, rp_engine *engine, const struct rp_cli_file *file)
{
    rp_module *module = NULL;
    rp_report report = {0};
    rp_status status = rp_module_load(engine, file->data, file->size, &module, &report);
    rp_module_destroy(module);
    if (status != RP_OK && status != RP_ERROR_UNSUPPORTED) {
        return say_failure(file->path, status, &report);
    }
    const char *error = NULL;
    struct rp_text_sink sink = {.write = write_text, .user = (void *)&error};
    report = (rp_report){0};
    status = rp_disasm_print(file->data, file->size, &cli->allocator, sink, &report);
    if (error) {
        rp_cli_say("stdout cannot be written: %s", error);
        return RP_EXIT_HOST;
    }
    return status == RP_OK ? RP_EXIT_OK : say_failure(file->path, status, &report);
}

int rp_cli_disasm(struct rp_cli *cli)
{
    const char *path = find_operand(cli);
    if (!path) {
        return RP_EXIT_MISUSE;
    }
    struct rp_cli_file file;
    rp_engine *engine = NULL;
    int code = read_operand(cli, path, &file);
    if (code != RP_EXIT_OK) {
        return code;
    }
    code = rp_cli_create_engine(cli, &engine);
    if (code == RP_EXIT_OK) {
        code = print_text(cli, engine, &file);
    }
    rp_engine_destroy(engine);
    rp_cli_free_file(cli, &file);
    return code;
}

static int write_instrumented(struct rp_cli *cli, rp_engine *engine, const struct rp_cli_file *file)
{
    const struct rp_cli_value *values = cli->arguments.values;
    struct rp_instrument_options options = {.counter = values[RP_OPTION_COUNTER].number == 1
                                                           ? RP_INSTRUMENT_IMPORT
                                                           : RP_INSTRUMENT_GLOBAL};
    const char *path = values[RP_OPTION_OUTPUT].text;
    struct rp_buffer out;
    rp_buffer_init(&out, &cli->allocator);
    rp_report report = {0};
    rp_status status =
        rp_module_instrument(engine, file->data, file->size, &options, &out, &report);
    int code = RP_EXIT_OK;
    if (status != RP_OK) {
        code = say_failure(file->path, status, &report);
    } else {
        const char *error = rp_file_replace(path, out.data, out.size);
        if (error) {
            rp_cli_say("--output %s: %s", path, error);
            code = RP_EXIT_HOST;
        }
    }
    rp_buffer_deinit(&out);
    return code;
}

int rp_cli_instrument(struct rp_cli *cli)
{
    const char *path = find_operand(cli);
    if (!path) {
        return RP_EXIT_MISUSE;
    }
    if (!cli->arguments.values[RP_OPTION_OUTPUT].given) {
        return rp_cli_misuse("instrument needs a file to write: -o out.wasm");
    }
    struct rp_cli_file file;
    rp_engine *engine = NULL;
    int code = rp_cli_create_engine(cli, &engine);
    if (code == RP_EXIT_OK) {
        code = read_operand(cli, path, &file);
    }
    if (code == RP_EXIT_OK) {
        code = write_instrumented(cli, engine, &file);
        rp_cli_free_file(cli, &file);
    }
    rp_engine_destroy(engine);
    return code;
}
