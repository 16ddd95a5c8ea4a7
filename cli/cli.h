/* What the parts of the command share (layer 7): its context, its words to people, reading modules.
 *
 * Every line for people goes to stderr and begins with "reprise: "; what a command is asked for
 * goes to stdout. Texts from outside (names, paths) are printed with control characters escaped. */
#ifndef RP_CLI_CLI_H
#define RP_CLI_CLI_H

#include "cli/options.h"
#include "core/buffer.h"
#include "core/json.h"
#include "reprise/reprise.h"
#include "reprise/snapshot.h"

struct rp_cli {
    struct rp_allocator allocator;
    struct rp_cli_arguments arguments;
};

/* ---- commands: each answers the exit code ---- */

int rp_cli_run(struct rp_cli *cli);
int rp_cli_resume(struct rp_cli *cli);
int rp_cli_compare(struct rp_cli *cli);
int rp_cli_verify(struct rp_cli *cli);
int rp_cli_snapshot(struct rp_cli *cli);
int rp_cli_validate(struct rp_cli *cli);
int rp_cli_inspect(struct rp_cli *cli);
int rp_cli_disasm(struct rp_cli *cli);
int rp_cli_instrument(struct rp_cli *cli);
int rp_cli_version(struct rp_cli *cli);
int rp_cli_help(struct rp_cli *cli);

/* Help as text: of all (command RP_CLI_COMMAND_COUNT) or one command. */
int rp_cli_print_help(struct rp_cli *cli, enum rp_cli_command command);

/* ---- words ---- */

/* "reprise: …" and a line end, to stderr. */
void rp_cli_say(const char *format, ...) RP_PRINTF(1, 2);
/* Misuse: says it and answers its exit code. */
int rp_cli_misuse(const char *format, ...) RP_PRINTF(1, 2);
/* Writes to stdout. NULL, or what is wrong; a failure is remembered, so that it is told once. */
const char *rp_cli_write_quietly(const void *data, size_t size) RP_NODISCARD;
/* Writes to stdout; on the first failure says so. */
bool rp_cli_write(const void *data, size_t size) RP_NODISCARD;
/* Writes a buffer to stdout and frees it. The exit code: 0 or that of a host failure. */
int rp_cli_flush(struct rp_buffer *buffer);
/* Appends with control characters and what is no UTF-8 as \xNN. */
void rp_cli_append_plain(struct rp_buffer *buffer, const char *data, size_t size);

/* ---- results ---- */

/* Opens the file of --json, if it is given, so that a bad path is known before anything runs.
 * *out_descriptor -1: none. */
bool rp_cli_open_json(const struct rp_cli *cli, int *out_descriptor);
/* An object that is being built; `failed` once memory was short. */
struct rp_cli_result {
    struct rp_json *object;
    bool failed;
};

void rp_cli_result_init(struct rp_cli_result *result,
                        const char *schema); /* NULL: none, a part of a result */
void rp_cli_put(struct rp_cli_result *result, const char *name, struct rp_json *value);
void rp_cli_put_text(struct rp_cli_result *result, const char *name,
                     const char *text); /* NULL: null */
/* Above 2^63-1: the largest number that JSON keeps exactly here. */
void rp_cli_put_number(struct rp_cli_result *result, const char *name, uint64_t number);
void rp_cli_put_hash(struct rp_cli_result *result, const char *name, const uint8_t hash[32]);
/* {"code":"ERROR_INVALID","message":"..."} */
void rp_cli_put_error(struct rp_cli_result *result, rp_status status, const char *message);
/* Adds a part to an array of `result`, and takes it over. */
void rp_cli_put_item(struct rp_cli_result *result, struct rp_json *array,
                     struct rp_cli_result *item);
/* Writes the object as one line where --json says, releases it and closes the descriptor. Says what
 * fails; false then. */
bool rp_cli_write_json(struct rp_cli *cli, struct rp_cli_result *result, int descriptor);

/* ---- modules ---- */

struct rp_cli_file {
    const char *path;
    uint8_t *data;
    size_t size;
};

/* An engine with the schedule of --schedule. On failure says why; the answer is the exit code, 0
 * for success. */
int rp_cli_create_engine(struct rp_cli *cli, rp_engine **out_engine);
/* Reads a file with modules' limit of size. NULL, or the error. */
const char *rp_cli_read_file(struct rp_cli *cli, const char *path, struct rp_cli_file *out_file);
void rp_cli_free_file(struct rp_cli *cli, struct rp_cli_file *file);
/* The line for a report on a file: "prog.wasm: text at byte 0x3f1". */
void rp_cli_format_report(const char *path, const rp_report *report, char *out_text, size_t size);
/* Exit code of a failure to load: invalid, or the host's. */
int rp_cli_load_exit(rp_status status);
/* Loads a module, says what fails, and frees the file. The exit code. */
int rp_cli_load_file(struct rp_cli *cli, rp_engine *engine, struct rp_cli_file *file,
                     rp_module **out_module);
/* Reads and loads the one module that a command works on. Says what fails and answers the exit
 * code. */
int rp_cli_load_module(struct rp_cli *cli, rp_engine *engine, const char *path,
                       rp_module **out_module);

/* ---- snapshots, snapshot_file.c ---- */

/* Reads a module or a snapshot, once: what comes from a pipe cannot be looked at before. NULL, or
 * the error. */
const char *rp_cli_read_input(struct rp_cli *cli, const char *path, struct rp_cli_file *out_file);
bool rp_cli_is_snapshot(const struct rp_cli_file *file); /* begins as a snapshot does */
/* A snapshot with what is needed to open it: the parent of --parent and the module of --module, or
 * the one in its envelope, loaded into `engine`. */
struct rp_cli_snapshot {
    struct rp_cli_file file;
    struct rp_cli_file parent;
    rp_module *module; /* NULL: none is at hand */
    rp_restore_options options;
};
/* What is wrong is in `report`: ERROR_IO for a
 * file that is missing or unreadable. `*out_option` is the option whose file it is, NULL for
 * `path`. */
rp_status rp_cli_open_snapshot(struct rp_cli *cli, rp_engine *engine, const char *path,
                               struct rp_cli_snapshot *out_snapshot, const char **out_option,
                               rp_report *report);
/* The same for a file that was read, which is taken over. */
rp_status rp_cli_open_snapshot_file(struct rp_cli *cli, rp_engine *engine,
                                    const struct rp_cli_file *file,
                                    struct rp_cli_snapshot *out_snapshot, const char **out_option,
                                    rp_report *report);
/* `inspect` of a snapshot, which is taken over; --json goes to `descriptor`. The exit code. */
int rp_cli_inspect_snapshot(struct rp_cli *cli, struct rp_cli_file *file, int descriptor);
void rp_cli_close_snapshot(struct rp_cli *cli, struct rp_cli_snapshot *snapshot);
/* The line for what could not be opened: the file at `path`, or the one of an option. */
void rp_cli_format_snapshot_report(const struct rp_cli *cli, const char *path, const char *option,
                                   const rp_report *report, char *out_text, size_t size);
/* Exit codes of commands that run or describe: the host's, missing, misuse of an option, invalid.
 */
int rp_cli_open_exit(rp_status status, bool is_option);
/* Exit codes 3 or 4. */
int rp_cli_check_exit(rp_status status);

#endif
