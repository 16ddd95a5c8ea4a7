/* reprise: the command (layer 7). Reads the command line and calls the command. */
#include "cli/cli.h"
#include "cli/run_control.h"
#include "core/platform_process.h"

#define MESSAGE_BYTES 1024u

static int (*const commands[RP_CLI_COMMAND_COUNT])(struct rp_cli *cli) = {
    [RP_CLI_RUN] = rp_cli_run,
    [RP_CLI_RESUME] = rp_cli_resume,
    [RP_CLI_COMPARE] = rp_cli_compare,
    [RP_CLI_VERIFY] = rp_cli_verify,
    [RP_CLI_SNAPSHOT] = rp_cli_snapshot,
    [RP_CLI_VALIDATE] = rp_cli_validate,
    [RP_CLI_INSPECT] = rp_cli_inspect,
    [RP_CLI_DISASM] = rp_cli_disasm,
    [RP_CLI_INSTRUMENT] = rp_cli_instrument,
    [RP_CLI_VERSION] = rp_cli_version,
    [RP_CLI_HELP] = rp_cli_help,
};

/* Commands that may take long over a large module, and what they do meanwhile. */
static const char *const phases[RP_CLI_COMMAND_COUNT] = {
    [RP_CLI_COMPARE] = "comparing",        [RP_CLI_VERIFY] = "verifying",
    [RP_CLI_SNAPSHOT] = "packing",         [RP_CLI_VALIDATE] = "validating",
    [RP_CLI_INSPECT] = "inspecting",       [RP_CLI_DISASM] = "disassembling",
    [RP_CLI_INSTRUMENT] = "instrumenting",
};

static int call_command(struct rp_cli *cli)
{
    const struct rp_cli_arguments *arguments = &cli->arguments;
    if (arguments->values[RP_OPTION_HELP].given) {
        return rp_cli_print_help(cli,
                                 arguments->is_default ? RP_CLI_COMMAND_COUNT : arguments->command);
    }
    if (arguments->values[RP_OPTION_VERSION].given) {
        return rp_cli_version(cli);
    }
    const char *phase = phases[arguments->command];
    if (!phase) {
        return commands[arguments->command](cli);
    }
    struct rp_run_control control;
    rp_run_control_watch(&control, phase);
    int code = commands[arguments->command](cli);
    rp_run_control_finish(&control);
    return code;
}

int main(int argc, char **argv)
{
    rp_process_init();
    struct rp_cli cli = {0};
    char message[MESSAGE_BYTES];
    rp_allocator_init(&cli.allocator, UINT64_MAX);
    const char *const *words = (const char *const *)(argc > 0 ? argv + 1 : argv);
    size_t count = argc > 0 ? (size_t)argc - 1 : 0;
    int code = RP_EXIT_MISUSE;
    if (rp_cli_parse(words, count, &cli.allocator, &cli.arguments, message, sizeof(message))) {
        code = call_command(&cli);
    } else {
        rp_cli_say("%s", message);
    }
    rp_cli_arguments_deinit(&cli.arguments, &cli.allocator);
    return code;
}
