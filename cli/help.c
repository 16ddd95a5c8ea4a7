/* Help in all its forms, from the table of options.def (layer 7): for people, as a man page, as
 * Markdown. */
#include "cli/help.h"

#include "cli/cli.h"
#include "core/buffer.h"

#include <stdio.h>
#include <string.h>

#define TEXT_COLUMNS 80u
#define MEANING_COLUMN 26u
#define ROFF_COLUMNS 64u

static void put(struct rp_buffer *out, const char *text)
{
    rp_buffer_append(out, text, strlen(text));
}

static void put_spaces(struct rp_buffer *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rp_buffer_byte(out, ' ');
    }
}

/* Words of a text, broken before the last column; `column` is where the line stands. Ends the line.
 */
static void put_wrapped(struct rp_buffer *out, const char *text, size_t column, size_t indent)
{
    bool first = true;
    while (*text) {
        size_t size = strcspn(text, " ");
        if (!first && column + 1 + size > TEXT_COLUMNS) {
            rp_buffer_byte(out, '\n');
            put_spaces(out, indent);
            column = indent;
            first = true;
        }
        if (!first) {
            rp_buffer_byte(out, ' ');
            column++;
        }
        rp_buffer_append(out, text, size);
        column += size;
        first = false;
        text += size;
        text += strspn(text, " ");
    }
    rp_buffer_byte(out, '\n');
}

/* "run", or for the default command "[run]". */
static void put_usage(struct rp_buffer *out, enum rp_cli_command command)
{
    const struct rp_cli_command_info *info = &rp_cli_commands[command];
    bool is_default = command == RP_CLI_RUN;
    bool has_options = false;
    for (unsigned i = 0; i < RP_OPTION_HELP; i++) {
        has_options = has_options || rp_cli_option_in((enum rp_cli_option)i, command);
    }
    rp_buffer_printf(out, "reprise %s%s%s%s%s%s", is_default ? "[" : "", info->name,
                     is_default ? "]" : "", has_options ? " [options]" : "",
                     info->synopsis[0] ? " " : "", info->synopsis);
}

static void put_option_head(struct rp_buffer *out, const struct rp_cli_option_info *option)
{
    if (option->letter) {
        rp_buffer_printf(out, "-%c, ", option->letter);
    }
    rp_buffer_printf(out, "--%s%s%s", option->name, option->argument ? " " : "",
                     option->argument ? option->argument : "");
}

static void put_option_lines(struct rp_buffer *out, const struct rp_cli_option_info *option)
{
    size_t start = out->size;
    char text[512];
    put(out, "  ");
    put_option_head(out, option);
    size_t column = out->size - start;
    if (column + 2 > MEANING_COLUMN) {
        rp_buffer_byte(out, '\n');
        column = 0;
    }
    put_spaces(out, MEANING_COLUMN - column);
    (void)snprintf(text, sizeof(text), "%s%s%s%s", option->meaning, option->preset ? " [" : "",
                   option->preset ? option->preset : "", option->preset ? "]" : "");
    put_wrapped(out, text, MEANING_COLUMN, MEANING_COLUMN);
}

static void put_command_help(struct rp_buffer *out, enum rp_cli_command command)
{
    const struct rp_cli_command_info *info = &rp_cli_commands[command];
    rp_buffer_printf(out, "reprise %s: %s\n\nusage: ", info->name, info->summary);
    put_usage(out, command);
    put(out, "\n\n");
    put_wrapped(out, info->details, 0, 0);
    put(out, "\noptions ([what holds without them]):\n");
    for (unsigned i = 0; i < RP_OPTION_COUNT; i++) {
        if (rp_cli_option_in((enum rp_cli_option)i, command)) {
            put_option_lines(out, &rp_cli_options[i]);
        }
    }
}

static void put_general_help(struct rp_buffer *out)
{
    put(out, "Reprise runs WebAssembly programs deterministically and metered: run it again,\n"
             "exactly.\n"
             "\nusage:\n");
    for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
        put(out, "  ");
        put_usage(out, (enum rp_cli_command)i);
        rp_buffer_byte(out, '\n');
    }
    put(out, "\ncommands:\n");
    for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
        rp_buffer_printf(out, "  %-12s %s\n", rp_cli_commands[i].name, rp_cli_commands[i].summary);
    }
    put(out, "\nexit codes (run: else the program's own):\n");
    for (size_t i = 0; i < rp_cli_exit_count; i++) {
        rp_buffer_printf(out, "  %-12d %s\n", rp_cli_exits[i].value, rp_cli_exits[i].meaning);
    }
    put(out, "\n`reprise help COMMAND` lists the options of a command.\n");
}

int rp_cli_print_help(struct rp_cli *cli, enum rp_cli_command command)
{
    struct rp_buffer out;
    rp_buffer_init(&out, &cli->allocator);
    if (command == RP_CLI_COMMAND_COUNT) {
        put_general_help(&out);
    } else {
        put_command_help(&out, command);
    }
    return rp_cli_flush(&out);
}

/* ---- the man page ---- */

/* One word of text in which troff finds no request and no escape. */
static void put_roff_word(struct rp_buffer *out, const char *word, size_t size)
{
    if (word[0] == '.') {
        put(out, "\\&");
    }
    for (size_t i = 0; i < size; i++) {
        switch (word[i]) {
        case '\\':
            put(out, "\\e");
            break;
        case '-':
            put(out, "\\-");
            break;
        case '\'':
            put(out, "\\(aq");
            break;
        case '`':
            put(out, "\\(ga");
            break;
        default:
            rp_buffer_byte(out, (uint8_t)word[i]);
        }
    }
}

/* Text in lines short enough for readers of the source. */
static void put_roff(struct rp_buffer *out, const char *text)
{
    size_t start = out->size;
    for (bool first = true; *text; first = false) {
        size_t size = strcspn(text, " ");
        if (!first && out->size - start + size > ROFF_COLUMNS) {
            rp_buffer_byte(out, '\n');
            start = out->size;
        } else if (!first) {
            rp_buffer_byte(out, ' ');
        }
        put_roff_word(out, text, size);
        text += size;
        text += *text == ' ';
    }
}

static void put_roff_option(struct rp_buffer *out, const struct rp_cli_option_info *option)
{
    put(out, ".TP\n\\fB");
    if (option->letter) {
        rp_buffer_printf(out, "\\-%c\\fR, \\fB", option->letter);
    }
    put(out, "\\-\\-");
    put_roff(out, option->name);
    put(out, "\\fR");
    if (option->argument) {
        put(out, " \\fI");
        put_roff(out, option->argument);
        put(out, "\\fR");
    }
    rp_buffer_byte(out, '\n');
    put_roff(out, option->meaning);
    if (option->preset) {
        put(out, "\n[");
        put_roff(out, option->preset);
        put(out, "]");
    }
    rp_buffer_byte(out, '\n');
}

static void put_roff_command(struct rp_buffer *out, enum rp_cli_command command)
{
    const struct rp_cli_command_info *info = &rp_cli_commands[command];
    rp_buffer_printf(out, ".SS %s\n", info->name);
    put_roff(out, info->summary);
    put(out, ".\n");
    put_roff(out, info->details);
    rp_buffer_byte(out, '\n');
    for (unsigned i = 0; i < RP_OPTION_HELP; i++) {
        if (rp_cli_option_in((enum rp_cli_option)i, command)) {
            put_roff_option(out, &rp_cli_options[i]);
        }
    }
}

void rp_cli_put_man(struct rp_buffer *out)
{
    put(out, ".TH REPRISE 1 \"January 1, 2026\" \"Reprise " RP_VERSION "\" \"User Commands\"\n"
             ".SH NAME\nreprise \\- run WebAssembly programs deterministically and metered\n"
             ".SH SYNOPSIS\n.nf\n");
    for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
        struct rp_buffer usage;
        rp_buffer_init(&usage, out->allocator);
        put_usage(&usage, (enum rp_cli_command)i);
        rp_buffer_byte(&usage, 0);
        put_roff(out, usage.failed ? "" : (const char *)usage.data);
        rp_buffer_byte(out, '\n');
        rp_buffer_deinit(&usage);
    }
    put(out, ".fi\n.SH DESCRIPTION\n"
             "The same module, the same inputs and the same configuration give the same\n"
             "state, the same gas and the same output, bit for bit.\n"
             "Every instruction is charged; a run can be stopped at any of\n"
             "them.\n.SH COMMANDS\nWhat holds without an option stands in brackets.\n");
    for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
        put_roff_command(out, (enum rp_cli_command)i);
    }
    put(out, ".SH EXIT STATUS\nThe code of a program that ends by itself is passed on, 255 for all "
             "above it.\n");
    for (size_t i = 0; i < rp_cli_exit_count; i++) {
        rp_buffer_printf(out, ".TP\n\\fB%d\\fR\n", rp_cli_exits[i].value);
        put_roff(out, rp_cli_exits[i].meaning);
        rp_buffer_byte(out, '\n');
    }
    put(out,
        ".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\nIf set and not empty, the progress line has no "
        "colour.\n");
}

/* ---- Markdown ---- */

static void put_cell(struct rp_buffer *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at == '|') {
            rp_buffer_byte(out, '\\');
        }
        rp_buffer_byte(out, (uint8_t)*at);
    }
}

static void put_markdown_options(struct rp_buffer *out, enum rp_cli_command command)
{
    bool first = true;
    for (unsigned i = 0; i < RP_OPTION_HELP; i++) {
        const struct rp_cli_option_info *option = &rp_cli_options[i];
        if (!rp_cli_option_in((enum rp_cli_option)i, command)) {
            continue;
        }
        put(out, first ? "\n| option | meaning | without it |\n|---|---|---|\n" : "");
        first = false;
        struct rp_buffer head;
        rp_buffer_init(&head, out->allocator);
        put_option_head(&head, option);
        rp_buffer_byte(&head, 0);
        put(out, "| `");
        put_cell(out, head.failed ? "" : (const char *)head.data);
        rp_buffer_deinit(&head);
        put(out, "` | ");
        put_cell(out, option->meaning);
        put(out, " | ");
        put_cell(out, option->preset ? option->preset : "");
        put(out, " |\n");
    }
}

void rp_cli_put_markdown(struct rp_buffer *out)
{
    for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
        enum rp_cli_command command = (enum rp_cli_command)i;
        const struct rp_cli_command_info *info = &rp_cli_commands[i];
        rp_buffer_printf(out, "### %s\n\n```\n", info->name);
        put_usage(out, command);
        rp_buffer_printf(out, "\n```\n\nTo %s. %s\n", info->summary, info->details);
        put_markdown_options(out, command);
        rp_buffer_byte(out, '\n');
    }
    put(out, "### Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (size_t i = 0; i < rp_cli_exit_count; i++) {
        rp_buffer_printf(out, "| %d | %s |\n", rp_cli_exits[i].value, rp_cli_exits[i].meaning);
    }
}
