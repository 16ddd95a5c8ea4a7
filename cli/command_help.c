/* reprise help, reprise version (layer 7). */
#include "cli/cli.h"
#include "cli/errors.h"
#include "cli/help.h"

#include "core/hash.h"

#include <string.h>

static void (*const completions[])(struct rp_buffer *out) = {rp_cli_put_bash, rp_cli_put_zsh,
                                                             rp_cli_put_fish};

static int explain(struct rp_cli *cli, const struct rp_error_info *info)
{
    static const char *const kinds[] = {[RP_ERROR_KIND_STATUS] = "status",
                                        [RP_ERROR_KIND_TRAP] = "trap",
                                        [RP_ERROR_KIND_SANDBOX] = "error of a sandbox"};
    struct rp_buffer out;
    rp_buffer_init(&out, &cli->allocator);
    rp_buffer_printf(&out, "%s (%s): %s\n\nLikely causes: %s\n\nRemedy: %s\n", info->code,
                     kinds[info->kind], info->meaning, info->causes, info->remedy);
    return rp_cli_flush(&out);
}

int rp_cli_help(struct rp_cli *cli)
{
    const struct rp_cli_arguments *arguments = &cli->arguments;
    const struct rp_cli_value *completion = &arguments->values[RP_OPTION_COMPLETION];
    bool man = arguments->values[RP_OPTION_MAN].given;
    bool markdown = arguments->values[RP_OPTION_MARKDOWN].given;
    bool errors = arguments->values[RP_OPTION_ERRORS].given;
    size_t asked = arguments->operand_count + man + markdown + errors + completion->given;
    if (asked > 1) {
        return rp_cli_misuse(
            "help explains one thing at a time: a command, an error's code, --man, "
            "--completion, --markdown or --errors");
    }
    if (arguments->operand_count == 1) {
        const char *name = arguments->operands[0];
        enum rp_cli_command command = rp_cli_find_command(name);
        const char *guess = rp_cli_guess_command(name);
        if (command != RP_CLI_COMMAND_COUNT) {
            return rp_cli_print_help(cli, command);
        }
        struct rp_error_info info;
        if (rp_error_find(name, &info)) {
            return explain(cli, &info);
        }
        return rp_cli_misuse("there is no command %s%s%s", name, guess ? "; did you mean " : "",
                             guess ? guess : "; see `reprise help`");
    }
    if (asked == 0) {
        return rp_cli_print_help(cli, RP_CLI_COMMAND_COUNT);
    }
    struct rp_buffer out;
    rp_buffer_init(&out, &cli->allocator);
    if (man) {
        rp_cli_put_man(&out);
    } else if (markdown) {
        rp_cli_put_markdown(&out);
    } else if (errors) {
        rp_cli_put_errors(&out);
    } else {
        completions[completion->number](&out);
    }
    return rp_cli_flush(&out);
}

int rp_cli_version(struct rp_cli *cli)
{
    if (cli->arguments.command == RP_CLI_VERSION && cli->arguments.operand_count != 0) {
        return rp_cli_misuse("version takes no argument: %s", cli->arguments.operands[0]);
    }
    rp_engine *engine = NULL;
    int descriptor = -1;
    int code = RP_EXIT_OK;
    if (!rp_cli_open_json(cli, &descriptor)) {
        return RP_EXIT_MISUSE;
    }
    rp_status status = rp_engine_create(NULL, &engine, NULL);
    if (status != RP_OK) {
        rp_cli_say("the engine cannot be made: %s", rp_status_text(status));
        return RP_EXIT_HOST;
    }
    uint8_t hash[RP_HASH_BYTES];
    char hex[RP_HASH_HEX_BYTES];
    rp_engine_schedule_hash(engine, hash);
    rp_engine_destroy(engine);
    rp_hash_hex(hash, hex);
    struct rp_buffer out;
    rp_buffer_init(&out, &cli->allocator);
    rp_buffer_printf(&out, "reprise %s\nsemantics version %d\nschedule %s\n", RP_VERSION,
                     RP_SEMANTICS_VERSION, hex);
    code = rp_cli_flush(&out);
    struct rp_cli_result result;
    rp_cli_result_init(&result, "reprise.version.v1");
    rp_cli_put_text(&result, "version", RP_VERSION);
    rp_cli_put_number(&result, "semantics_version", RP_SEMANTICS_VERSION);
    rp_cli_put_text(&result, "schedule_hash", hex);
    return rp_cli_write_json(cli, &result, descriptor) ? code : RP_EXIT_HOST;
}
