/* Shell completion, from the table of options.def (layer 7). See help.h. */
#include "cli/cli.h"
#include "cli/help.h"

#include <string.h>

static void put(struct rp_buffer *out, const char *text)
{
    rp_buffer_append(out, text, strlen(text));
}

/* "a|b|c" with another separator. */
static void put_choices(struct rp_buffer *out, const char *choices, char separator)
{
    for (const char *at = choices; *at; at++) {
        rp_buffer_byte(out, (uint8_t)(*at == '|' ? separator : *at));
    }
}

/* Text within single quotes of a shell, without what the completion systems would read in it. */
static void put_quoted(struct rp_buffer *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at == '\'') {
            put(out, "'\\''");
        } else if (*at == '[' || *at == ']') {
            rp_buffer_byte(out, *at == '[' ? '(' : ')');
        } else if (*at == ':') {
            put(out, " -");
        } else {
            rp_buffer_byte(out, (uint8_t)*at);
        }
    }
}

static bool is_choice(const struct rp_cli_option_info *option)
{
    return option->kind == RP_KIND_CHOICE || option->kind == RP_KIND_CHOICES;
}

static bool is_file(const struct rp_cli_option_info *option)
{
    return option->kind == RP_KIND_FILE_PATH;
}

/* ---- bash ---- */

static void put_bash_options(struct rp_buffer *out, enum rp_cli_command command)
{
    rp_buffer_printf(out, "    %s) options='", rp_cli_commands[command].name);
    for (unsigned i = 0; i < RP_OPTION_COUNT; i++) {
        if (rp_cli_option_in((enum rp_cli_option)i, command)) {
            rp_buffer_printf(out, "--%s ", rp_cli_options[i].name);
        }
    }
    put(out, "' ;;\n");
}

/* What may stand behind an option: the cases of `previous`. */
static void put_bash_values(struct rp_buffer *out)
{
    for (unsigned i = 0; i < RP_OPTION_COUNT; i++) {
        const struct rp_cli_option_info *option = &rp_cli_options[i];
        if (option->kind == RP_KIND_FLAG) {
            continue;
        }
        rp_buffer_printf(out, "    --%s", option->name);
        if (option->letter) {
            rp_buffer_printf(out, " | -%c", option->letter);
        }
        put(out, ") ");
        if (is_choice(option)) {
            put(out, "COMPREPLY=($(compgen -W '");
            put_choices(out, option->argument, ' ');
            put(out, "' -- \"$current\")); return ;;\n");
        } else if (is_file(option)) {
            put(out, "COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n");
        } else if (option->kind == RP_KIND_FOLDER_LIST) {
            put(out, "COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n");
        } else {
            put(out, "return ;;\n");
        }
    }
}

void rp_cli_put_bash(struct rp_buffer *out)
{
    put(out,
        "# bash completion of reprise, printed by `reprise help --completion bash`\n"
        "_reprise() {\n"
        "    local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
        "    local command=run options=\n"
        "    COMPREPLY=()\n"
        "    case \"${COMP_WORDS[1]}\" in\n    ");
    for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
        rp_buffer_printf(out, "%s%s", i ? " | " : "", rp_cli_commands[i].name);
    }
    put(out, ") command=\"${COMP_WORDS[1]}\" ;;\n    esac\n    case \"$previous\" in\n");
    put_bash_values(out);
    put(out, "    esac\n    case \"$command\" in\n");
    for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
        put_bash_options(out, (enum rp_cli_command)i);
    }
    put(out, "    esac\n    case \"$current\" in\n"
             "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")); return ;;\n    esac\n"
             "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
             "    if [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY+=($(compgen -W '");
    for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
        rp_buffer_printf(out, "%s ", rp_cli_commands[i].name);
    }
    put(out, "' -- \"$current\"))\n    fi\n}\ncomplete -o filenames -F _reprise reprise\n");
}

/* ---- zsh ---- */

static void put_zsh_option(struct rp_buffer *out, const struct rp_cli_option_info *option)
{
    bool repeatable = option->kind == RP_KIND_LIST || option->kind == RP_KIND_FOLDER_LIST ||
                      option->kind == RP_KIND_CHOICES;
    rp_buffer_printf(out, "            '%s--%s%s[", repeatable ? "*" : "", option->name,
                     option->argument ? "=" : "");
    put_quoted(out, option->meaning);
    rp_buffer_byte(out, ']');
    if (option->argument) {
        rp_buffer_byte(out, ':');
        put_quoted(out, option->name);
        rp_buffer_byte(out, ':');
    }
    if (is_choice(option)) {
        rp_buffer_byte(out, '(');
        put_choices(out, option->argument, ' ');
        rp_buffer_byte(out, ')');
    } else if (is_file(option)) {
        put(out, "_files");
    } else if (option->kind == RP_KIND_FOLDER_LIST) {
        put(out, "_files -/");
    }
    put(out, "' \\\n");
}

void rp_cli_put_zsh(struct rp_buffer *out)
{
    put(out, "#compdef reprise\n# zsh completion of reprise, printed by `reprise help --completion "
             "zsh`\n"
             "_reprise() {\n    local -a commands\n    commands=(\n");
    for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
        rp_buffer_printf(out, "        '%s:", rp_cli_commands[i].name);
        put_quoted(out, rp_cli_commands[i].summary);
        put(out, "'\n");
    }
    put(out, "    )\n    if (( CURRENT == 2 )) && [[ ${words[2]} != -* ]]; then\n"
             "        _describe command commands\n        _files\n        return\n    fi\n"
             "    case ${words[2]} in\n");
    for (unsigned i = RP_CLI_COMMAND_COUNT; i-- > 0;) { /* run last: it is the default */
        rp_buffer_printf(out, "        %s)\n        _arguments \\\n",
                         i == RP_CLI_RUN ? "*" : rp_cli_commands[i].name);
        for (unsigned j = 0; j < RP_OPTION_COUNT; j++) {
            if (rp_cli_option_in((enum rp_cli_option)j, (enum rp_cli_command)i)) {
                put_zsh_option(out, &rp_cli_options[j]);
            }
        }
        put(out, "            '*:file:_files'\n        ;;\n");
    }
    put(out, "    esac\n}\n_reprise \"$@\"\n");
}

/* ---- fish ---- */

static void put_fish_option(struct rp_buffer *out, enum rp_cli_option id)
{
    const struct rp_cli_option_info *option = &rp_cli_options[id];
    put(out, "complete -c reprise -n '");
    if (rp_cli_option_in(id, RP_CLI_RUN)) { /* the default: unless another command was named */
        put(out, "not __fish_seen_subcommand_from");
        for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
            if (!rp_cli_option_in(id, (enum rp_cli_command)i)) {
                rp_buffer_printf(out, " %s", rp_cli_commands[i].name);
            }
        }
    } else {
        put(out, "__fish_seen_subcommand_from");
        for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
            if (rp_cli_option_in(id, (enum rp_cli_command)i)) {
                rp_buffer_printf(out, " %s", rp_cli_commands[i].name);
            }
        }
    }
    rp_buffer_printf(out, "' -l %s", option->name);
    if (option->letter) {
        rp_buffer_printf(out, " -s %c", option->letter);
    }
    if (is_choice(option)) {
        put(out, " -x -a '");
        put_choices(out, option->argument, ' ');
        put(out, "'");
    } else if (is_file(option) || option->kind == RP_KIND_FOLDER_LIST) {
        put(out, " -r");
    } else if (option->argument) {
        put(out, " -x");
    }
    put(out, " -d '");
    put_quoted(out, option->meaning);
    put(out, "'\n");
}

void rp_cli_put_fish(struct rp_buffer *out)
{
    put(out, "# fish completion of reprise, printed by `reprise help --completion fish`\n");
    for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
        rp_buffer_printf(out, "complete -c reprise -n __fish_use_subcommand -a %s -d '",
                         rp_cli_commands[i].name);
        put_quoted(out, rp_cli_commands[i].summary);
        put(out, "'\n");
    }
    for (unsigned i = 0; i < RP_OPTION_COUNT; i++) {
        if (rp_cli_options[i].commands == (1u << RP_CLI_COMMAND_COUNT) - 1) {
            rp_buffer_printf(out, "complete -c reprise -l %s -d '%s'\n", rp_cli_options[i].name,
                             rp_cli_options[i].meaning);
        } else {
            put_fish_option(out, (enum rp_cli_option)i);
        }
    }
}
