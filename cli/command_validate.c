/* reprise validate (layer 7). */
#include "cli/cli.h"

#include <stdio.h>

/* How bad an exit code is: the worst of all files is the command's. */
static int worse_exit(int left, int right)
{
    static const int order[] = {RP_EXIT_OK, RP_EXIT_INVALID, RP_EXIT_UNREADABLE,
                                RP_EXIT_HOST_CHECK};
    for (size_t i = RP_ARRAY_COUNT(order); i-- > 0;) {
        if (left == order[i] || right == order[i]) {
            return order[i];
        }
    }
    return RP_EXIT_HOST_CHECK;
}

struct verdict {
    int code;
    rp_status status;
    rp_report report;
    uint64_t load_gas;
    uint8_t hash[32];
};

static void validate_file(struct rp_cli *cli, rp_engine *engine, const char *path,
                          struct verdict *verdict)
{
    struct rp_cli_file file;
    const char *error = rp_cli_read_file(cli, path, &file);
    *verdict = (struct verdict){.code = RP_EXIT_OK};
    if (error) {
        verdict->code = RP_EXIT_UNREADABLE;
        verdict->status = RP_ERROR_IO;
        (void)snprintf(verdict->report.text, sizeof(verdict->report.text), "%s", error);
        return;
    }
    rp_module *module = NULL;
    verdict->status = rp_module_load(engine, file.data, file.size, &module, &verdict->report);
    if (verdict->status == RP_OK) {
        verdict->load_gas = rp_module_load_gas(module);
        rp_module_hash(module, verdict->hash);
    } else {
        verdict->code = rp_cli_load_exit(verdict->status) == RP_EXIT_HOST ? RP_EXIT_HOST_CHECK
                                                                          : RP_EXIT_INVALID;
    }
    rp_module_destroy(module);
    rp_cli_free_file(cli, &file);
}

static void put_verdict(struct rp_cli_result *result, struct rp_json *files, const char *path,
                        const struct verdict *verdict)
{
    struct rp_cli_result file;
    rp_cli_result_init(&file, NULL);
    rp_cli_put_text(&file, "file", path);
    rp_cli_put(&file, "valid",
               verdict->code == RP_EXIT_OK || verdict->code == RP_EXIT_INVALID
                   ? rp_json_new_bool(verdict->code == RP_EXIT_OK)
                   : rp_json_new_null());
    if (verdict->code == RP_EXIT_OK) {
        rp_cli_put_text(&file, "error", NULL);
        rp_cli_put_hash(&file, "module_hash", verdict->hash);
        rp_cli_put_number(&file, "load_gas", verdict->load_gas);
    } else {
        rp_cli_put_error(&file, verdict->status, verdict->report.text);
        rp_cli_put_text(&file, "module_hash", NULL);
        rp_cli_put_text(&file, "load_gas", NULL);
    }
    rp_cli_put_item(result, files, &file);
}

int rp_cli_validate(struct rp_cli *cli)
{
    const struct rp_cli_arguments *arguments = &cli->arguments;
    if (arguments->operand_count == 0) {
        return rp_cli_misuse("no module is given; see `reprise help validate`");
    }
    int descriptor = -1;
    rp_engine *engine = NULL;
    if (!rp_cli_open_json(cli, &descriptor)) {
        return RP_EXIT_MISUSE;
    }
    if (rp_cli_create_engine(cli, &engine) != RP_EXIT_OK) {
        return RP_EXIT_HOST_CHECK;
    }
    int code = RP_EXIT_OK;
    struct rp_cli_result result;
    rp_cli_result_init(&result, "reprise.validate.v1");
    struct rp_json *files = rp_json_new_array();
    for (size_t i = 0; i < arguments->operand_count; i++) {
        struct verdict verdict;
        const char *path = arguments->operands[i];
        validate_file(cli, engine, path, &verdict);
        if (verdict.code != RP_EXIT_OK) {
            char text[1024];
            rp_cli_format_report(path, &verdict.report, text, sizeof(text));
            rp_cli_say("%s", text);
        }
        put_verdict(&result, files, path, &verdict);
        code = worse_exit(code, verdict.code);
    }
    rp_engine_destroy(engine);
    rp_cli_put(&result, "files", files);
    return rp_cli_write_json(cli, &result, descriptor) ? code : RP_EXIT_HOST_CHECK;
}
