/* Reading snapshots for the command, with their modules and parents (layer 7). See cli.h. */
#include "cli/cli.h"

#include "core/limits.h"
#include "core/platform_process.h"
#include "core/report.h"

#include <stdio.h>
#include <string.h>

#define SNAPSHOT_BYTES_MAX (UINT64_C(1) << 40)

static const char magic[4] = "WSNP";

bool rp_cli_is_snapshot(const struct rp_cli_file *file)
{
    return file->size >= sizeof(magic) && memcmp(file->data, magic, sizeof(magic)) == 0;
}

static bool begins_as_snapshot(const char *path)
{
    char begin[sizeof(magic)];
    size_t count = 0;
    int descriptor = -1;
    atomic_bool never = false;
    if (rp_file_open_input(path, &descriptor) != NULL) {
        return false;
    }
    const char *error = rp_stream_read(descriptor, begin, sizeof(begin), &never, &count);
    rp_file_close_input(descriptor);
    return !error && count == sizeof(magic) && memcmp(begin, magic, sizeof(magic)) == 0;
}

const char *rp_cli_read_input(struct rp_cli *cli, const char *path, struct rp_cli_file *out_file)
{
    bool is_snapshot = rp_file_is_regular(path) && begins_as_snapshot(path);
    *out_file = (struct rp_cli_file){.path = path};
    return rp_file_read(path, &cli->allocator,
                        is_snapshot ? SNAPSHOT_BYTES_MAX : RP_LIMIT_MODULE_BYTES, &out_file->data,
                        &out_file->size);
}

void rp_cli_format_snapshot_report(const struct rp_cli *cli, const char *path, const char *option,
                                   const rp_report *report, char *out_text, size_t size)
{
    if (!option) {
        rp_cli_format_report(path, report, out_text, size);
        return;
    }
    bool is_module = strcmp(option, "module") == 0;
    (void)snprintf(out_text, size, "--%s %s: %s", option,
                   cli->arguments.values[is_module ? RP_OPTION_MODULE : RP_OPTION_PARENT].text,
                   report->text);
}

int rp_cli_open_exit(rp_status status, bool is_option)
{
    if (status == RP_ERROR_NO_MEMORY || status == RP_ERROR_HOST) {
        return RP_EXIT_HOST;
    }
    if (status == RP_ERROR_IO) {
        return is_option ? RP_EXIT_MISUSE : RP_EXIT_MISSING;
    }
    return status == RP_OK ? RP_EXIT_OK : RP_EXIT_INVALID;
}

int rp_cli_check_exit(rp_status status)
{
    return status == RP_OK                                           ? RP_EXIT_OK
           : status == RP_ERROR_NO_MEMORY || status == RP_ERROR_HOST ? RP_EXIT_HOST_CHECK
                                                                     : RP_EXIT_UNREADABLE;
}

static rp_status read_file(struct rp_cli *cli, const char *path, struct rp_cli_file *out_file,
                           rp_report *report)
{
    *out_file = (struct rp_cli_file){.path = path};
    const char *error =
        rp_file_read(path, &cli->allocator, SNAPSHOT_BYTES_MAX, &out_file->data, &out_file->size);
    return error ? rp_report_fail(report, RP_ERROR_IO, "%s", error) : RP_OK;
}

/* The file of --module, else the module in the envelope, else none. */
static rp_status load_module(struct rp_cli *cli, rp_engine *engine,
                             struct rp_cli_snapshot *snapshot, const char **out_option,
                             rp_report *report)
{
    const char *path = cli->arguments.values[RP_OPTION_MODULE].text;
    if (path) {
        struct rp_cli_file file;
        *out_option = "module";
        const char *error = rp_cli_read_file(cli, path, &file);
        if (error) {
            return rp_report_fail(report, RP_ERROR_IO, "%s", error);
        }
        rp_status status = rp_module_load(engine, file.data, file.size, &snapshot->module, report);
        rp_cli_free_file(cli, &file);
        return status;
    }
    const uint8_t *data = NULL;
    size_t size = 0;
    rp_status status =
        rp_snapshot_module(snapshot->file.data, snapshot->file.size, &data, &size, report);
    if (status != RP_OK || size == 0) {
        return status;
    }
    return rp_module_load(engine, data, size, &snapshot->module, report);
}

rp_status rp_cli_open_snapshot(struct rp_cli *cli, rp_engine *engine, const char *path,
                               struct rp_cli_snapshot *out_snapshot, const char **out_option,
                               rp_report *report)
{
    struct rp_cli_file file;
    *out_snapshot = (struct rp_cli_snapshot){0};
    *out_option = NULL;
    rp_status status = read_file(cli, path, &file, report);
    return status == RP_OK
               ? rp_cli_open_snapshot_file(cli, engine, &file, out_snapshot, out_option, report)
               : status;
}

rp_status rp_cli_open_snapshot_file(struct rp_cli *cli, rp_engine *engine,
                                    const struct rp_cli_file *file,
                                    struct rp_cli_snapshot *out_snapshot, const char **out_option,
                                    rp_report *report)
{
    const char *parent = cli->arguments.values[RP_OPTION_PARENT].text;
    *out_snapshot = (struct rp_cli_snapshot){.file = *file};
    *out_option = NULL;
    rp_status status = RP_OK;
    if (parent) {
        *out_option = "parent";
        status = read_file(cli, parent, &out_snapshot->parent, report);
    }
    if (status == RP_OK && engine) {
        *out_option = NULL;
        status = load_module(cli, engine, out_snapshot, out_option, report);
    }
    if (status != RP_OK) {
        rp_cli_close_snapshot(cli, out_snapshot);
        return status;
    }
    *out_option = NULL;
    out_snapshot->options = (rp_restore_options){.struct_size = sizeof(rp_restore_options),
                                                 .parent = out_snapshot->parent.data,
                                                 .parent_size = out_snapshot->parent.size};
    if (out_snapshot->module) {
        out_snapshot->options.modules = &out_snapshot->module;
        out_snapshot->options.module_count = 1;
    }
    return RP_OK;
}

void rp_cli_close_snapshot(struct rp_cli *cli, struct rp_cli_snapshot *snapshot)
{
    rp_module_destroy(snapshot->module);
    rp_cli_free_file(cli, &snapshot->file);
    rp_cli_free_file(cli, &snapshot->parent);
    *snapshot = (struct rp_cli_snapshot){0};
}
