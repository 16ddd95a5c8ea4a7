/* Reading the command line by its table (layer 7). See options.h. */
#include "cli/options.h"

#include "cli/parse.h"
#include "core/assert.h"

#include <stdio.h>
#include <string.h>

#define IN_RUN (1u << RP_CLI_RUN)
#define IN_RESUME (1u << RP_CLI_RESUME)
#define IN_COMPARE (1u << RP_CLI_COMPARE)
#define IN_VERIFY (1u << RP_CLI_VERIFY)
#define IN_SNAPSHOT (1u << RP_CLI_SNAPSHOT)
#define IN_VALIDATE (1u << RP_CLI_VALIDATE)
#define IN_INSPECT (1u << RP_CLI_INSPECT)
#define IN_INSTRUMENT (1u << RP_CLI_INSTRUMENT)
#define IN_VERSION (1u << RP_CLI_VERSION)
#define IN_HELP (1u << RP_CLI_HELP)
#define IN_ALL ((1u << RP_CLI_COMMAND_COUNT) - 1)

#define WORD_MAX 32u /* bytes of a word that guessing looks at */

const struct rp_cli_command_info rp_cli_commands[RP_CLI_COMMAND_COUNT] = {
#define RP_COMMAND(id, name, synopsis, summary, details) {name, synopsis, summary, details},
#include "cli/options.def"
};

const struct rp_cli_option_info rp_cli_options[RP_OPTION_COUNT] = {
#define RP_OPTION(id, commands, name, letter, kind, argument, maximum, preset, meaning) \
    {commands, name, letter, RP_KIND_##kind, argument, maximum, preset, meaning},
#include "cli/options.def"
};

const struct rp_cli_exit_info rp_cli_exits[] = {
#define RP_EXIT_CODE(name, value, meaning) {#name, value, meaning},
#include "cli/options.def"
};
const size_t rp_cli_exit_count = RP_ARRAY_COUNT(rp_cli_exits);

struct parser {
    const char *const *argv;
    size_t count;
    size_t next;
    struct rp_allocator *allocator;
    struct rp_cli_arguments *arguments;
    char *message;
    size_t message_size;
};

bool rp_cli_option_in(enum rp_cli_option option, enum rp_cli_command command)
{
    return rp_cli_options[option].commands >> command & 1;
}

/* Insertions, deletions, exchanges and swaps of neighbours between two words; WORD_MAX if one is
 * too long. */
static unsigned edit_distance(const char *left, const char *right)
{
    unsigned rows[3][WORD_MAX + 1];
    size_t left_size = strlen(left);
    size_t right_size = strlen(right);
    if (left_size > WORD_MAX || right_size > WORD_MAX) {
        return WORD_MAX;
    }
    for (unsigned j = 0; j <= right_size; j++) {
        rows[0][j] = j;
    }
    for (unsigned i = 1; i <= left_size; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= right_size; j++) {
            unsigned best = above[j - 1] + (left[i - 1] != right[j - 1]);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] &&
                two_above[j - 2] + 1 < best) {
                best = two_above[j - 2] + 1;
            }
            row[j] = best;
        }
    }
    return rows[left_size % 3][right_size];
}

/* Near enough to be meant: a third of the letters may be wrong, and a beginning counts as one
 * mistake. */
static unsigned guess_cost(const char *given, const char *word)
{
    size_t size = strlen(given);
    if (size >= 2 && strncmp(given, word, size) == 0) {
        return 1;
    }
    unsigned distance = edit_distance(given, word);
    return distance <= (strlen(word) + 1) / 3 ? distance : WORD_MAX;
}

enum rp_cli_command rp_cli_find_command(const char *name)
{
    unsigned i = 0;
    while (i < RP_CLI_COMMAND_COUNT && strcmp(rp_cli_commands[i].name, name) != 0) {
        i++;
    }
    return (enum rp_cli_command)i;
}

const char *rp_cli_guess_command(const char *name)
{
    const char *guess = NULL;
    unsigned best = WORD_MAX;
    for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
        unsigned cost = guess_cost(name, rp_cli_commands[i].name);
        if (cost < best) {
            best = cost;
            guess = rp_cli_commands[i].name;
        }
    }
    return guess;
}

static const char *guess_option(const char *name, enum rp_cli_command command)
{
    const char *guess = NULL;
    unsigned best = WORD_MAX;
    for (unsigned i = 0; i < RP_OPTION_COUNT; i++) {
        unsigned cost = rp_cli_option_in((enum rp_cli_option)i, command)
                            ? guess_cost(name, rp_cli_options[i].name)
                            : WORD_MAX;
        if (cost < best) {
            best = cost;
            guess = rp_cli_options[i].name;
        }
    }
    return guess;
}

/* Says how an option was misused; always false. */
static bool refuse_value(struct parser *parser, const struct rp_cli_option_info *option,
                         const char *value, const char *what)
{
    (void)snprintf(parser->message, parser->message_size, "--%s %s: %s", option->name, value, what);
    return false;
}

static bool refuse_option(struct parser *parser, const char *argument, const char *name)
{
    enum rp_cli_command command = parser->arguments->command;
    const char *guess = guess_option(name, command);
    char end[96] = "";
    for (unsigned i = 0; i < RP_OPTION_COUNT; i++) {
        if (strcmp(rp_cli_options[i].name, name) == 0) {
            if (command == RP_CLI_RESUME && rp_cli_option_in((enum rp_cli_option)i, RP_CLI_RUN)) {
                (void)snprintf(parser->message, parser->message_size,
                               "%s is part of the state: it comes from the snapshot", argument);
                return false;
            }
            (void)snprintf(parser->message, parser->message_size,
                           "%s is no option of `reprise %s`; see `reprise help %s`", argument,
                           rp_cli_commands[command].name, rp_cli_commands[command].name);
            return false;
        }
    }
    if (guess) {
        (void)snprintf(end, sizeof(end), "; did you mean --%s?", guess);
    } else {
        (void)snprintf(end, sizeof(end), "; see `reprise help %s`", rp_cli_commands[command].name);
    }
    (void)snprintf(parser->message, parser->message_size, "there is no option %s%s", argument, end);
    return false;
}

/* The place of a word among the words of "a|b|c", UINT32_MAX if it is none; and their number. */
static unsigned find_choice(const char *choices, const char *word, size_t size, size_t *out_count)
{
    unsigned index = 0;
    unsigned found = UINT32_MAX;
    for (const char *at = choices;; at++) {
        size_t length = strcspn(at, "|");
        if (length == size && strncmp(at, word, size) == 0) {
            found = index;
        }
        index++;
        at += length;
        if (*at == 0) {
            break;
        }
    }
    *out_count = index;
    return found;
}

static bool set_choice(struct parser *parser, const struct rp_cli_option_info *option,
                       struct rp_cli_value *value)
{
    size_t count = 0;
    unsigned index = find_choice(option->argument, value->text, strlen(value->text), &count);
    if (index == UINT32_MAX) {
        char what[128];
        (void)snprintf(what, sizeof(what), "must be %s%s", count > 1 ? "one of " : "",
                       option->argument);
        return refuse_value(parser, option, value->text, what);
    }
    value->number = index;
    return true;
}

/* Words with commas between them; what is repeated counts as well. */
static bool add_choices(struct parser *parser, const struct rp_cli_option_info *option,
                        struct rp_cli_value *value)
{
    const char *at = value->text;
    for (;;) {
        size_t count = 0;
        size_t size = strcspn(at, ",");
        unsigned index = find_choice(option->argument, at, size, &count);
        if (index == UINT32_MAX) {
            char what[128];
            (void)snprintf(what, sizeof(what), "must be one or several of %s, with commas between",
                           option->argument);
            return refuse_value(parser, option, value->text, what);
        }
        value->number |= UINT64_C(1) << index;
        if (at[size] == 0) {
            return true;
        }
        at += size + 1;
    }
}

static bool set_number(struct parser *parser, const struct rp_cli_option_info *option,
                       struct rp_cli_value *value)
{
    const char *error = option->kind == RP_KIND_SIZE ? rp_parse_size(value->text, &value->number)
                                                     : rp_parse_number(value->text, &value->number);
    if (error) {
        return refuse_value(parser, option, value->text, error);
    }
    if (value->number > option->maximum) {
        char what[96];
        (void)snprintf(what, sizeof(what), "is above the largest value, %llu",
                       (unsigned long long)option->maximum);
        return refuse_value(parser, option, value->text, what);
    }
    return true;
}

static bool add_item(struct parser *parser, struct rp_cli_value *value)
{
    const char **items = rp_grow(parser->allocator, value->items, &value->item_capacity,
                                 (uint64_t)value->item_count + 1, sizeof(*items));
    if (!items) {
        (void)snprintf(parser->message, parser->message_size, "out of memory");
        return false;
    }
    items[value->item_count++] = value->text;
    value->items = items;
    return true;
}

static bool set_value(struct parser *parser, enum rp_cli_option id, const char *text)
{
    const struct rp_cli_option_info *option = &rp_cli_options[id];
    struct rp_cli_value *value = &parser->arguments->values[id];
    bool repeatable = option->kind == RP_KIND_LIST || option->kind == RP_KIND_FOLDER_LIST ||
                      option->kind == RP_KIND_CHOICES;
    if (value->given && !repeatable && option->kind != RP_KIND_FLAG) {
        return refuse_value(parser, option, text, "the option is given twice");
    }
    value->given = true;
    value->text = text;
    switch (option->kind) {
    case RP_KIND_NUMBER:
    case RP_KIND_SIZE:
        return set_number(parser, option, value);
    case RP_KIND_CHOICE:
        return set_choice(parser, option, value);
    case RP_KIND_CHOICES:
        return add_choices(parser, option, value);
    case RP_KIND_LIST:
    case RP_KIND_FOLDER_LIST:
        return add_item(parser, value);
    case RP_KIND_FILE_PATH:
        return text[0] != 0 || refuse_value(parser, option, "\"\"", "the path is empty");
    case RP_KIND_FLAG:
    case RP_KIND_TEXT:
        break;
    }
    return true;
}

/* Takes an option whose name is known; `inline_text` is what stood behind `=`, NULL if nothing. */
static bool take_option(struct parser *parser, enum rp_cli_option id, const char *inline_text)
{
    const struct rp_cli_option_info *option = &rp_cli_options[id];
    if (option->kind == RP_KIND_FLAG) {
        return inline_text ? refuse_value(parser, option, inline_text, "the option takes no value")
                           : set_value(parser, id, NULL);
    }
    if (inline_text) {
        return set_value(parser, id, inline_text);
    }
    if (parser->next == parser->count) {
        (void)snprintf(parser->message, parser->message_size, "--%s needs a value: --%s %s",
                       option->name, option->name, option->argument);
        return false;
    }
    return set_value(parser, id, parser->argv[parser->next++]);
}

static bool take_long(struct parser *parser, const char *argument)
{
    char name[WORD_MAX + 1];
    const char *text = argument + 2;
    size_t size = strcspn(text, "=");
    if (size <= WORD_MAX) {
        memcpy(name, text, size);
        name[size] = 0;
        for (unsigned i = 0; i < RP_OPTION_COUNT; i++) {
            enum rp_cli_option id = (enum rp_cli_option)i;
            if (rp_cli_option_in(id, parser->arguments->command) &&
                strcmp(rp_cli_options[i].name, name) == 0) {
                return take_option(parser, id, text[size] ? text + size + 1 : NULL);
            }
        }
    }
    return refuse_option(parser, argument, size <= WORD_MAX ? name : "");
}

static bool take_short(struct parser *parser, const char *argument)
{
    for (unsigned i = 0; i < RP_OPTION_COUNT; i++) {
        enum rp_cli_option id = (enum rp_cli_option)i;
        if (rp_cli_option_in(id, parser->arguments->command) && rp_cli_options[i].letter != 0 &&
            rp_cli_options[i].letter == argument[1]) {
            const char *rest = argument[2] ? argument + 2 : NULL;
            return take_option(parser, id, rest);
        }
    }
    return refuse_option(parser, argument, argument + 1);
}

/* Whether options may stand behind the first operand: not where what follows is the guest's. */
static bool options_anywhere(enum rp_cli_command command)
{
    return command != RP_CLI_RUN;
}

/* Operands may stand between options, so they are collected at the front of `operands`. */
static bool take_arguments(struct parser *parser, const char **operands, size_t *out_count)
{
    size_t count = 0;
    bool only_operands = false;
    while (parser->next < parser->count) {
        const char *argument = parser->argv[parser->next++];
        bool is_option = !only_operands && argument[0] == '-' && argument[1] != 0;
        if (!is_option) {
            operands[count++] = argument;
            only_operands = only_operands || !options_anywhere(parser->arguments->command);
        } else if (strcmp(argument, "--") == 0) {
            only_operands = true;
        } else if (!(argument[1] == '-' ? take_long(parser, argument)
                                        : take_short(parser, argument))) {
            return false;
        }
    }
    *out_count = count;
    return true;
}

bool rp_cli_parse(const char *const *argv, size_t count, struct rp_allocator *allocator,
                  struct rp_cli_arguments *out_arguments, char *message, size_t message_size)
{
    *out_arguments = (struct rp_cli_arguments){.command = RP_CLI_RUN, .is_default = true};
    struct parser parser = {.argv = argv,
                            .count = count,
                            .allocator = allocator,
                            .arguments = out_arguments,
                            .message = message,
                            .message_size = message_size};
    if (count != 0) {
        enum rp_cli_command command = rp_cli_find_command(argv[0]);
        if (command != RP_CLI_COMMAND_COUNT) {
            out_arguments->command = command;
            out_arguments->is_default = false;
            parser.next = 1;
        }
    }
    const char **operands = rp_alloc(allocator, (count + 1) * sizeof(*operands));
    if (!operands) {
        (void)snprintf(message, message_size, "out of memory");
        return false;
    }
    operands[count] = NULL;
    out_arguments->operands = operands;
    out_arguments->argument_count = count;
    return take_arguments(&parser, operands, &out_arguments->operand_count);
}

void rp_cli_arguments_deinit(struct rp_cli_arguments *arguments, struct rp_allocator *allocator)
{
    for (unsigned i = 0; i < RP_OPTION_COUNT; i++) {
        struct rp_cli_value *value = &arguments->values[i];
        if (value->items) {
            rp_free(allocator, value->items, value->item_capacity * sizeof(*value->items));
        }
    }
    if (arguments->operands) {
        rp_free(allocator, arguments->operands,
                (arguments->argument_count + 1) * sizeof(*arguments->operands));
    }
    *arguments = (struct rp_cli_arguments){0};
}
