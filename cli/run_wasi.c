/* What a run brings to its guest: arguments, environment, streams, folders (layer 7). See run.h. */
#include "cli/run.h"

#include "core/platform_process.h"
#include "core/report.h"

#include <string.h>

/* ---- streams ---- */

static rp_status read_input(void *user, void *data, size_t size, size_t *out_count,
                            rp_report *report)
{
    struct rp_cli_run *run = user;
    rp_status status = rp_cli_trace_flush(&run->trace, report);
    if (status != RP_OK) {
        return status;
    }
    const char *error =
        rp_stream_read(run->input_descriptor, data, size, &run->control.stop, out_count);
    if (!error) {
        return RP_OK;
    }
    bool is_file = run->input_descriptor != RP_STREAM_IN;
    return rp_report_fail(report, RP_ERROR_IO, "%s%s cannot be read: %s",
                          is_file ? "--stdin " : "stdin",
                          is_file ? rp_run_option(run, RP_OPTION_STDIN)->text : "", error);
}

/* The file of --stdin, if it is given and not `-`. */
static bool open_input(struct rp_cli_run *run)
{
    const char *path = rp_run_option(run, RP_OPTION_STDIN)->text;
    if (!path || strcmp(path, "-") == 0) {
        return true;
    }
    const char *error = rp_file_open_input(path, &run->input_descriptor);
    if (!error) {
        return true;
    }
    bool interrupted = atomic_load(&run->control.interrupted); /* while it waited for a pipe */
    return rp_run_refuse(run, RP_ERROR_IO, interrupted ? RP_EXIT_INTERRUPTED : RP_EXIT_MISUSE,
                         "--stdin %s: %s", path, error);
}

void rp_run_close_input(struct rp_cli_run *run)
{
    if (run->input_descriptor != RP_STREAM_IN) {
        rp_file_close_input(run->input_descriptor);
        run->input_descriptor = RP_STREAM_IN;
    }
}

static rp_status write_output(void *user, unsigned stream, const void *data, size_t size,
                              rp_report *report)
{
    struct rp_cli_run *run = user;
    bool is_out = stream == 1;
    rp_status status = rp_cli_trace_flush(&run->trace, report);
    if (status != RP_OK) {
        return status;
    }
    rp_run_control_clear_line(&run->control);
    const char *error =
        is_out ? rp_cli_write_quietly(data, size) : rp_stream_write(RP_STREAM_ERR, data, size);
    if (error) {
        return rp_report_fail(report, RP_ERROR_IO, "%s cannot be written: %s",
                              is_out ? "stdout" : "stderr", error);
    }
    rp_hash_update(&run->output_hashes[is_out ? 0 : 1], data, size);
    return RP_OK;
}

/* ---- the guest's tree ---- */

/* The variables in the order of their first mention, each with its last value. */
static bool collect_env(struct rp_cli_run *run, const char **env, size_t *out_count)
{
    const struct rp_cli_value *given = rp_run_option(run, RP_OPTION_ENV);
    size_t count = 0;
    for (uint32_t i = 0; i < given->item_count; i++) {
        const char *item = given->items[i];
        size_t name_size = strcspn(item, "=");
        if (name_size == 0 || item[name_size] == 0) {
            return rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
                                 "--env %s: must be NAME=VALUE", item);
        }
        size_t place = 0;
        while (place < count && strncmp(env[place], item, name_size + 1) != 0) {
            place++;
        }
        env[place] = item;
        count += place == count;
    }
    *out_count = count;
    return true;
}

/* What an option would put into the guest's tree does not go in. */
static bool refuse_tree(struct rp_cli_run *run, const char *name, const char *value,
                        rp_status status, const rp_report *report)
{
    int code = status == RP_ERROR_NO_MEMORY ? RP_EXIT_HOST : RP_EXIT_MISUSE;
    return rp_run_refuse(run, status, code, "--%s%s: %s%s", name, value, report->text,
                         status == RP_ERROR_LIMIT ? "; --vfs-max BYTES sets the limit of the tree"
                                                  : "");
}

/* HOST::GUEST[:ro], or HOST alone. */
static bool import_folder(struct rp_cli_run *run, const char *item)
{
    char host[4096];
    char guest[4096];
    const char *separator = strstr(item, "::");
    size_t host_size = separator ? (size_t)(separator - item) : strlen(item);
    const char *guest_text = separator ? separator + 2 : item;
    size_t guest_size = strlen(guest_text);
    bool read_only =
        separator && guest_size >= 3 && strcmp(guest_text + guest_size - 3, ":ro") == 0;
    guest_size -= read_only ? 3 : 0;
    if (host_size == 0 || guest_size == 0) {
        return rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
                             "--dir %s: must be HOST::GUEST or HOST", item);
    }
    if (host_size >= sizeof(host) || guest_size >= sizeof(guest)) {
        return rp_run_refuse(run, RP_ERROR_LIMIT, RP_EXIT_MISUSE, "--dir %.64s...: path too long",
                             item);
    }
    memcpy(host, item, host_size);
    host[host_size] = 0;
    memcpy(guest, guest_text, guest_size);
    guest[guest_size] = 0;
    rp_report report = {0};
    rp_status status = rp_wasi_import_dir(run->wasi, host, guest, read_only, &report);
    return status == RP_OK || refuse_tree(run, "dir ", item, status, &report);
}

/* argv[0] and, unless they are a function's, the arguments behind the file. */
static size_t collect_args(const struct rp_cli_run *run, const char **args)
{
    const struct rp_cli_arguments *given = &run->cli->arguments;
    const char *slash = strrchr(run->path, '/');
    const char *argv0 = given->values[RP_OPTION_ARGV0].text;
    args[0] = argv0 ? argv0 : slash ? slash + 1 : run->path;
    size_t count = given->values[RP_OPTION_INVOKE].given ? 1 : given->operand_count;
    for (size_t i = 1; i < count; i++) {
        args[i] = given->operands[i];
    }
    return count;
}

/* --vfs-max and --output-max; 0 has another meaning in the configuration. */
static bool set_limits(struct rp_cli_run *run, rp_wasi_config *config)
{
    const struct rp_cli_value *vfs_max = rp_run_option(run, RP_OPTION_VFS_MAX);
    const struct rp_cli_value *output_max = rp_run_option(run, RP_OPTION_OUTPUT_MAX);
    if (vfs_max->given) { /* less than the smallest entry needs is nothing as well */
        config->vfs_bytes_max = vfs_max->number == 0 ? 1 : vfs_max->number;
    }
    if (output_max->given && output_max->number == 0) {
        return rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
                             "--output-max %s: must be at least 1", output_max->text);
    }
    config->output_bytes_max = output_max->number;
    return true;
}

/* The usual places first, so that `/` is the first preopen; then the imports in their order. */
static bool fill_tree(struct rp_cli_run *run)
{
    const struct rp_cli_value *dirs = rp_run_option(run, RP_OPTION_DIR);
    if (rp_run_option(run, RP_OPTION_DEFAULT_TREE)->given) {
        rp_report report = {0};
        rp_status status = rp_wasi_default_tree(run->wasi, &report);
        if (status != RP_OK) {
            return refuse_tree(run, "default-tree", "", status, &report);
        }
    }
    for (uint32_t i = 0; i < dirs->item_count; i++) {
        if (!import_folder(run, dirs->items[i])) {
            return false;
        }
    }
    return true;
}

bool rp_run_create_wasi(struct rp_cli_run *run, uint64_t time_ns)
{
    struct rp_allocator *allocator = &run->cli->allocator;
    size_t words =
        run->cli->arguments.operand_count + rp_run_option(run, RP_OPTION_ENV)->item_count;
    const char **args = rp_alloc(allocator, words * sizeof(*args));
    if (!args) {
        return rp_run_refuse(run, RP_ERROR_NO_MEMORY, RP_EXIT_HOST, "out of memory");
    }
    rp_wasi_config config;
    rp_wasi_config_init(&config);
    config.args = args;
    config.arg_count = collect_args(run, args);
    config.env = args + config.arg_count;
    config.time_ns = time_ns;
    config.read = read_input;
    config.write = write_output;
    config.user = run;
    bool ok =
        set_limits(run, &config) && collect_env(run, args + config.arg_count, &config.env_count);
    if (ok) {
        rp_report report = {0};
        rp_status status = rp_wasi_create(&config, &run->wasi, &report);
        ok =
            status == RP_OK ||
            rp_run_refuse(run, status, status == RP_ERROR_NO_MEMORY ? RP_EXIT_HOST : RP_EXIT_MISUSE,
                          "%s", report.text);
    }
    rp_free(allocator, args, words * sizeof(*args));
    return ok && open_input(run) && rp_run_check_exports(run) && fill_tree(run);
}

bool rp_run_restore_wasi(struct rp_cli_run *run, const struct rp_cli_snapshot *snapshot)
{
    bool found = false;
    rp_wasi_config config;
    rp_report report = {0};
    rp_wasi_config_init(&config);
    rp_status status = rp_wasi_config_from_snapshot(snapshot->file.data, snapshot->file.size,
                                                    &snapshot->options, &config, &found, &report);
    if (status == RP_OK && found) {
        config.read = read_input;
        config.write = write_output;
        config.user = run;
        status = rp_wasi_create(&config, &run->wasi, &report);
    }
    if (status != RP_OK) {
        char text[1024];
        rp_cli_format_report(run->path, &report, text, sizeof(text));
        return rp_run_refuse(run, status, rp_cli_open_exit(status, false), "%s", text);
    }
    return open_input(run);
}
