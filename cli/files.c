/* Reading files and loading modules for the command (layer 7). See cli.h. */
#include "cli/cli.h"

#include "core/limits.h"
#include "core/platform_process.h"

#include <stdio.h>
#include <string.h>

#define SCHEDULE_BYTES_MAX 1048576u

int rp_cli_create_engine(struct rp_cli *cli, rp_engine **out_engine)
{
    const char *path = cli->arguments.values[RP_OPTION_SCHEDULE].text;
    rp_engine_config config = {.struct_size = sizeof(config)};
    uint8_t *schedule = NULL;
    size_t size = 0;
    if (path) {
        const char *error =
            rp_file_read(path, &cli->allocator, SCHEDULE_BYTES_MAX, &schedule, &size);
        if (error) {
            return rp_cli_misuse("--schedule %s: %s", path, error);
        }
        config.schedule_json = size == 0 ? "" : (const char *)schedule;
        config.schedule_json_size = size;
    }
    rp_report report = {0};
    rp_status status = rp_engine_create(&config, out_engine, &report);
    rp_free(&cli->allocator, schedule, size);
    if (status == RP_ERROR_SCHEDULE) {
        return rp_cli_misuse("--schedule %s: %s", path ? path : "", report.text);
    }
    if (status != RP_OK) {
        rp_cli_say("the engine cannot be made: %s", report.text);
        return RP_EXIT_HOST;
    }
    return RP_EXIT_OK;
}

const char *rp_cli_read_file(struct rp_cli *cli, const char *path, struct rp_cli_file *out_file)
{
    *out_file = (struct rp_cli_file){.path = path};
    return rp_file_read(path, &cli->allocator, RP_LIMIT_MODULE_BYTES, &out_file->data,
                        &out_file->size);
}

void rp_cli_free_file(struct rp_cli *cli, struct rp_cli_file *file)
{
    rp_free(&cli->allocator, file->data, file->size);
    *file = (struct rp_cli_file){0};
}

void rp_cli_format_report(const char *path, const rp_report *report, char *out_text, size_t size)
{
    if (report->has_offset) {
        (void)snprintf(out_text, size, "%s: at byte 0x%llx: %s", path,
                       (unsigned long long)report->offset, report->text);
    } else {
        (void)snprintf(out_text, size, "%s: %s", path, report->text);
    }
}

int rp_cli_load_exit(rp_status status)
{
    return status == RP_ERROR_NO_MEMORY || status == RP_ERROR_HOST || status == RP_ERROR_IO
               ? RP_EXIT_HOST
               : RP_EXIT_INVALID;
}

int rp_cli_load_module(struct rp_cli *cli, rp_engine *engine, const char *path,
                       rp_module **out_module)
{
    struct rp_cli_file file;
    const char *error = rp_cli_read_file(cli, path, &file);
    if (error) {
        rp_cli_say("%s: %s", path, error);
        return RP_EXIT_MISSING;
    }
    return rp_cli_load_file(cli, engine, &file, out_module);
}

int rp_cli_load_file(struct rp_cli *cli, rp_engine *engine, struct rp_cli_file *file,
                     rp_module **out_module)
{
    rp_report report = {0};
    const char *path = file->path;
    rp_status status = rp_module_load(engine, file->data, file->size, out_module, &report);
    rp_cli_free_file(cli, file);
    if (status != RP_OK) {
        char text[1024];
        rp_cli_format_report(path, &report, text, sizeof(text));
        rp_cli_say("%s", text);
        return rp_cli_load_exit(status);
    }
    return RP_EXIT_OK;
}
