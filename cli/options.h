/* The command line as data: the table of options.def, and the parser that reads arguments by it
 * (layer 7). */
#ifndef RP_CLI_OPTIONS_H
#define RP_CLI_OPTIONS_H

#include "core/alloc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rp_cli_command {
#define RP_COMMAND(id, name, synopsis, summary, details) RP_CLI_##id,
#include "cli/options.def"
    RP_CLI_COMMAND_COUNT
};

enum rp_cli_option {
#define RP_OPTION(id, commands, name, letter, kind, argument, maximum, preset, meaning) \
    RP_OPTION_##id,
#include "cli/options.def"
    RP_OPTION_COUNT
};

enum rp_cli_exit {
#define RP_EXIT_CODE(name, value, meaning) RP_EXIT_##name = value,
#include "cli/options.def"
};

enum rp_cli_kind {
    RP_KIND_FLAG,
    RP_KIND_NUMBER,
    RP_KIND_SIZE,
    RP_KIND_TEXT,
    RP_KIND_LIST,
    RP_KIND_FILE_PATH,
    RP_KIND_FOLDER_LIST,
    RP_KIND_CHOICE,
    RP_KIND_CHOICES
};

struct rp_cli_command_info {
    const char *name;
    const char *synopsis;
    const char *summary;
    const char *details;
};

struct rp_cli_option_info {
    unsigned commands; /* bit per enum rp_cli_command */
    const char *name;
    char letter; /* 0: none */
    enum rp_cli_kind kind;
    const char *argument;
    uint64_t maximum;
    const char *preset;
    const char *meaning;
};

struct rp_cli_exit_info {
    const char *name;
    int value;
    const char *meaning;
};

extern const struct rp_cli_command_info rp_cli_commands[RP_CLI_COMMAND_COUNT];
extern const struct rp_cli_option_info rp_cli_options[RP_OPTION_COUNT];
extern const struct rp_cli_exit_info rp_cli_exits[];
extern const size_t rp_cli_exit_count;

bool rp_cli_option_in(enum rp_cli_option option, enum rp_cli_command command);

/* What was given for one option. Texts are borrowed from the arguments. */
struct rp_cli_value {
    bool given;
    const char *text;   /* the argument; NULL for flags */
    uint64_t number;    /* NUMBER and SIZE; CHOICE: which one, from 0; CHOICES: a bit for each */
    const char **items; /* LIST and FOLDER_LIST, in order */
    uint32_t item_count;
    uint32_t item_capacity;
};

struct rp_cli_arguments {
    enum rp_cli_command command;
    bool is_default; /* no command was named: `run` is meant */
    struct rp_cli_value values[RP_OPTION_COUNT];
    const char **operands; /* what is left: files and, for run, the guest's arguments */
    size_t operand_count;
    size_t argument_count; /* of all; `operands` has room for them */
};

/* Reads argv without the program's name. False on misuse, with a line for people in `message`,
 * which names the argument and, where there is one, the nearest right word. */
bool rp_cli_parse(const char *const *argv, size_t count, struct rp_allocator *allocator,
                  struct rp_cli_arguments *out_arguments, char *message, size_t message_size);
void rp_cli_arguments_deinit(struct rp_cli_arguments *arguments, struct rp_allocator *allocator);

/* The command of a name; RP_CLI_COMMAND_COUNT if there is none. */
enum rp_cli_command rp_cli_find_command(const char *name);
/* The nearest command's name, NULL if none is near. */
const char *rp_cli_guess_command(const char *name);

#endif
