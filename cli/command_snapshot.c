/* reprise compare, verify, snapshot pack|unpack (layer 7). */
#include "cli/cli.h"

#include "core/hash.h"
#include "core/platform_process.h"
#include "core/report.h"
#include "reprise/wasi.h"

#include <stdio.h>
#include <string.h>

#define DIFFERENCES_MAX 20u /* lines for each component */

static void say_failure(struct rp_cli *cli, const char *path, const char *option,
                        const rp_report *report)
{
    char text[1024];
    rp_cli_format_snapshot_report(cli, path, option, report, text, sizeof(text));
    rp_cli_say("%s", text);
}

/* ---- compare ---- */

struct comparison {
    struct rp_cli *cli;
    rp_engine *engine;
    struct rp_cli_snapshot snapshots[2];
    uint8_t roots[2][RP_ROOT_BYTES];
    uint32_t count; /* of components that differ */
    struct rp_buffer out;
    struct rp_json *differences;
    struct rp_cli_result *result;
};

static void take_difference(void *user, const char *component, const char *text)
{
    struct comparison *comparison = user;
    struct rp_cli_result difference;
    rp_buffer_printf(&comparison->out, "%s: ", component);
    rp_cli_append_plain(&comparison->out, text, strlen(text));
    rp_buffer_byte(&comparison->out, '\n');
    rp_cli_result_init(&difference, NULL);
    rp_cli_put_text(&difference, "component", component);
    rp_cli_put_text(&difference, "text", text);
    rp_cli_put_item(comparison->result, comparison->differences, &difference);
}

/* Opens both files and compares them; says what fails. The exit code. */
static int compare_files(struct comparison *comparison)
{
    struct rp_cli *cli = comparison->cli;
    for (unsigned i = 0; i < 2; i++) {
        const char *option = NULL;
        const char *path = cli->arguments.operands[i];
        struct rp_cli_snapshot *snapshot = &comparison->snapshots[i];
        rp_report report = {0};
        rp_status status =
            rp_cli_open_snapshot(cli, comparison->engine, path, snapshot, &option, &report);
        if (status == RP_OK) {
            status = rp_snapshot_root(snapshot->file.data, snapshot->file.size, &snapshot->options,
                                      comparison->roots[i], NULL, NULL, &report);
        }
        if (status != RP_OK) {
            say_failure(cli, path, option, &report);
            return rp_cli_check_exit(status);
        }
    }
    rp_report report = {0};
    const struct rp_cli_snapshot *a = &comparison->snapshots[0];
    const struct rp_cli_snapshot *b = &comparison->snapshots[1];
    rp_status status = rp_snapshot_compare(
        comparison->engine, a->file.data, a->file.size, b->file.data, b->file.size, &a->options,
        DIFFERENCES_MAX, take_difference, comparison, &comparison->count, &report);
    if (status != RP_OK) {
        rp_cli_say("%s", report.text);
        return rp_cli_check_exit(status);
    }
    return comparison->count == 0 ? RP_EXIT_OK : RP_EXIT_MISMATCH;
}

static void put_comparison(struct comparison *comparison, int code)
{
    struct rp_cli_result *result = comparison->result;
    bool is_done = code == RP_EXIT_OK || code == RP_EXIT_MISMATCH;
    rp_cli_put(result, "equal",
               is_done ? rp_json_new_bool(code == RP_EXIT_OK) : rp_json_new_null());
    struct rp_json *roots = rp_json_new_array();
    for (unsigned i = 0; i < 2 && is_done; i++) {
        char hex[RP_HASH_HEX_BYTES];
        rp_hash_hex(comparison->roots[i], hex);
        result->failed =
            result->failed || !roots || !rp_json_add(roots, rp_json_new_string(hex, strlen(hex)));
    }
    rp_cli_put(result, "roots", roots);
    rp_cli_put_number(result, "components", comparison->count);
    rp_cli_put(result, "differences", comparison->differences);
}

int rp_cli_compare(struct rp_cli *cli)
{
    struct rp_cli_result result;
    struct comparison comparison = {.cli = cli, .result = &result};
    int descriptor = -1;
    if (cli->arguments.operand_count != 2) {
        return rp_cli_misuse("two snapshots are compared; see `reprise help compare`");
    }
    if (!rp_cli_open_json(cli, &descriptor)) {
        return RP_EXIT_MISUSE;
    }
    if (rp_cli_create_engine(cli, &comparison.engine) != RP_EXIT_OK) {
        return RP_EXIT_HOST_CHECK;
    }
    rp_buffer_init(&comparison.out, &cli->allocator);
    rp_cli_result_init(&result, "reprise.compare.v1");
    comparison.differences = rp_json_new_array();
    int code = compare_files(&comparison);
    if (code == RP_EXIT_OK) {
        rp_buffer_printf(&comparison.out, "equal\n");
    }
    put_comparison(&comparison, code);
    rp_cli_close_snapshot(cli, &comparison.snapshots[0]);
    rp_cli_close_snapshot(cli, &comparison.snapshots[1]);
    rp_engine_destroy(comparison.engine);
    if (rp_cli_flush(&comparison.out) != RP_EXIT_OK ||
        !rp_cli_write_json(cli, &result, descriptor)) {
        return RP_EXIT_HOST_CHECK;
    }
    return code;
}

/* ---- verify ---- */

/* Checks the section of WASI too, which the library's verification does not know: by restoring into
 * a store made for it. A host function or module that is not at hand is no fault of the file. */
static rp_status verify_by_restoring(rp_engine *engine, const struct rp_cli_snapshot *snapshot,
                                     bool *out_complete, rp_report *report)
{
    bool found = false;
    rp_wasi *wasi = NULL;
    rp_store *store = NULL;
    rp_wasi_config wasi_config;
    rp_snapshot_config config;
    rp_report reason = {0};
    const void *data = snapshot->file.data;
    size_t size = snapshot->file.size;
    rp_wasi_config_init(&wasi_config);
    rp_status status =
        rp_wasi_config_from_snapshot(data, size, &snapshot->options, &wasi_config, &found, &reason);
    if (status != RP_OK || !found) {
        return status == RP_OK ? status : rp_report_fail(report, status, "%s", reason.text);
    }
    status = rp_snapshot_read_config(data, size, &snapshot->options, &config, &reason);
    if (status == RP_OK) {
        status = rp_wasi_create(&wasi_config, &wasi, &reason);
    }
    if (status == RP_OK) {
        status = rp_store_create(engine, &config.store, &store, &reason);
    }
    if (status == RP_OK) {
        status = rp_store_define_builtins(store, &reason);
    }
    if (status == RP_OK) {
        status = rp_wasi_define(wasi, store, &reason);
    }
    if (status == RP_OK) {
        status = rp_store_restore(store, data, size, &snapshot->options, &reason);
    }
    rp_store_destroy(store);
    rp_wasi_destroy(wasi);
    *out_complete = status == RP_OK;
    /* What is not here; which external references mean something is for who restores to say. */
    bool is_lacking = status == RP_ERROR_SNAPSHOT_HOST || status == RP_ERROR_SNAPSHOT_MODULE ||
                      status == RP_ERROR_EXTERNAL;
    if (status == RP_OK || is_lacking) {
        return RP_OK;
    }
    return rp_report_fail(report, status, "%s", reason.text);
}

/* *out_lack: what a check that is not complete lacked. */
static rp_status verify_file(struct rp_cli *cli, rp_engine *engine, const char *path,
                             bool *out_complete, const char **out_lack,
                             uint8_t out_root[RP_ROOT_BYTES], const char **out_option,
                             rp_report *report)
{
    struct rp_cli_snapshot snapshot;
    rp_status status = rp_cli_open_snapshot(cli, engine, path, &snapshot, out_option, report);
    if (status != RP_OK) {
        return status;
    }
    *out_lack = snapshot.module ? "the host that it was saved by" : "its module";
    status = rp_snapshot_verify(engine, snapshot.file.data, snapshot.file.size, &snapshot.options,
                                out_complete, report);
    if (status == RP_OK && !*out_complete) {
        status = verify_by_restoring(engine, &snapshot, out_complete, report);
    }
    if (status == RP_OK) {
        status = rp_snapshot_root(snapshot.file.data, snapshot.file.size, &snapshot.options,
                                  out_root, NULL, NULL, report);
    }
    rp_cli_close_snapshot(cli, &snapshot);
    return status;
}

/* One file's line and object. The exit code. */
static int verify_and_tell(struct rp_cli *cli, rp_engine *engine, const char *path,
                           struct rp_cli_result *result, struct rp_json *files,
                           struct rp_buffer *out)
{
    bool complete = false;
    uint8_t root[RP_ROOT_BYTES];
    const char *option = NULL;
    const char *lack = "";
    rp_report report = {0};
    struct rp_cli_result file;
    rp_cli_result_init(&file, NULL);
    rp_cli_put_text(&file, "file", path);
    rp_status status = verify_file(cli, engine, path, &complete, &lack, root, &option, &report);
    if (status == RP_OK) {
        char hex[RP_HASH_HEX_BYTES];
        rp_hash_hex(root, hex);
        rp_cli_append_plain(out, path, strlen(path));
        rp_buffer_printf(out, ": ok%s%s, state root %s\n",
                         complete ? "" : " as far as can be told without ", complete ? "" : lack,
                         hex);
        rp_cli_put_hash(&file, "state_root", root);
        rp_cli_put_text(&file, "error", NULL);
    } else {
        say_failure(cli, path, option, &report);
        rp_cli_put_text(&file, "state_root", NULL);
        rp_cli_put_error(&file, status, report.text);
    }
    rp_cli_put(&file, "valid", rp_json_new_bool(status == RP_OK));
    rp_cli_put(&file, "complete", rp_json_new_bool(complete));
    rp_cli_put_item(result, files, &file);
    return rp_cli_check_exit(status);
}

int rp_cli_verify(struct rp_cli *cli)
{
    const struct rp_cli_arguments *arguments = &cli->arguments;
    int descriptor = -1;
    rp_engine *engine = NULL;
    if (arguments->operand_count == 0) {
        return rp_cli_misuse("no snapshot is given; see `reprise help verify`");
    }
    if (!rp_cli_open_json(cli, &descriptor)) {
        return RP_EXIT_MISUSE;
    }
    if (rp_cli_create_engine(cli, &engine) != RP_EXIT_OK) {
        return RP_EXIT_HOST_CHECK;
    }
    int worst = RP_EXIT_OK;
    struct rp_cli_result result;
    struct rp_buffer out;
    struct rp_json *files = rp_json_new_array();
    rp_buffer_init(&out, &cli->allocator);
    rp_cli_result_init(&result, "reprise.verify.v1");
    for (size_t i = 0; i < arguments->operand_count; i++) {
        int code = verify_and_tell(cli, engine, arguments->operands[i], &result, files, &out);
        worst = code > worst ? code : worst; /* 0, 3, 4: the host's failure is the worst */
    }
    rp_engine_destroy(engine);
    rp_cli_put(&result, "files", files);
    if (rp_cli_flush(&out) != RP_EXIT_OK || !rp_cli_write_json(cli, &result, descriptor)) {
        return RP_EXIT_HOST_CHECK;
    }
    return worst;
}

/* ---- snapshot pack|unpack ---- */

static rp_status rewrite(struct rp_cli *cli, bool packs, const struct rp_cli_snapshot *in,
                         rp_bytes *out_bytes, rp_report *report)
{
    if (!packs) {
        return rp_snapshot_unpack(in->file.data, in->file.size, &in->options, out_bytes, report);
    }
    const struct rp_cli_value *values = cli->arguments.values;
    const rp_pack_options options = {
        .struct_size = sizeof(options),
        .module = values[RP_OPTION_NO_MODULE].given ? NULL : in->module,
        .compress = true,
        .level = (int)values[RP_OPTION_LEVEL].number,
        .parent = in->parent.data,
        .parent_size = in->parent.size,
    };
    return rp_snapshot_pack(in->file.data, in->file.size, &options, out_bytes, report);
}

/* Unpacking needs no module. */
static int rewrite_file(struct rp_cli *cli, rp_engine *engine, bool packs, const char *in,
                        const char *out)
{
    struct rp_cli_snapshot snapshot;
    const char *option = NULL;
    rp_report report = {0};
    rp_bytes bytes = {0};
    rp_status status =
        rp_cli_open_snapshot(cli, packs ? engine : NULL, in, &snapshot, &option, &report);
    if (status == RP_OK) {
        status = rewrite(cli, packs, &snapshot, &bytes, &report);
        rp_cli_close_snapshot(cli, &snapshot);
    }
    if (status != RP_OK) {
        say_failure(cli, in, option, &report);
        return rp_cli_check_exit(status);
    }
    const char *error = rp_file_replace(out, bytes.data, bytes.size);
    rp_bytes_release(&bytes);
    if (error) {
        rp_cli_say("%s: %s", out, error);
        return RP_EXIT_HOST_CHECK;
    }
    return RP_EXIT_OK;
}

int rp_cli_snapshot(struct rp_cli *cli)
{
    const char *const *operands = cli->arguments.operands;
    if (cli->arguments.operand_count != 3) {
        return rp_cli_misuse("needs pack or unpack and two files; see `reprise help snapshot`");
    }
    bool packs = strcmp(operands[0], "pack") == 0;
    if (!packs && strcmp(operands[0], "unpack") != 0) {
        return rp_cli_misuse("%s: must be pack or unpack; see `reprise help snapshot`",
                             operands[0]);
    }
    static const enum rp_cli_option of_pack[] = {RP_OPTION_MODULE, RP_OPTION_NO_MODULE,
                                                 RP_OPTION_LEVEL};
    for (size_t i = 0; i < RP_ARRAY_COUNT(of_pack) && !packs; i++) {
        if (cli->arguments.values[of_pack[i]].given) {
            return rp_cli_misuse("--%s is for `snapshot pack`", rp_cli_options[of_pack[i]].name);
        }
    }
    if (!cli->arguments.values[RP_OPTION_FORCE].given && rp_file_exists(operands[2])) {
        return rp_cli_misuse("%s: there is such a file already; --force replaces it", operands[2]);
    }
    rp_engine *engine = NULL;
    rp_report report = {0};
    rp_status status = rp_engine_create(NULL, &engine, &report);
    if (status != RP_OK) {
        rp_cli_say("the engine cannot be made: %s", report.text);
        return RP_EXIT_HOST_CHECK;
    }
    int code = rewrite_file(cli, engine, packs, operands[1], operands[2]);
    rp_engine_destroy(engine);
    return code;
}
