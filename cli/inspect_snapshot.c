/* reprise inspect of a snapshot (layer 7). */
#include "cli/cli.h"

#include "core/hash.h"
#include "snapshot/wsnp.h"

#include <string.h>

struct inspection {
    struct rp_cli *cli;
    struct rp_cli_snapshot snapshot;
    struct rp_buffer scratch; /* the canonical bytes, if they had to be decoded */
    struct rp_span canonical;
    struct rp_span module; /* in the envelope */
    struct rp_wsnp wsnp;
    rp_snapshot_config config;
    uint8_t root[RP_ROOT_BYTES];
    uint8_t roots[RP_WSNP_SECTIONS_MAX][RP_ROOT_BYTES];
    uint32_t root_count;
};

static void take_root(void *user, const char *component, const uint8_t root[RP_ROOT_BYTES])
{
    struct inspection *inspection = user;
    (void)component; /* in order of the sections */
    memcpy(inspection->roots[inspection->root_count++], root, RP_ROOT_BYTES);
}

static rp_status read_all(struct inspection *inspection, rp_report *report)
{
    const struct rp_cli_file *file = &inspection->snapshot.file;
    const rp_restore_options *options = &inspection->snapshot.options;
    rp_status status = rp_wsnp_unwrap(file->data, file->size, options, &inspection->scratch,
                                      &inspection->canonical, &inspection->module, report);
    if (status == RP_OK) {
        status = rp_wsnp_open(&inspection->wsnp, inspection->canonical.data,
                              inspection->canonical.size, report);
    }
    if (status == RP_OK) {
        status =
            rp_snapshot_read_config(file->data, file->size, options, &inspection->config, report);
    }
    return status == RP_OK ? rp_snapshot_root(file->data, file->size, options, inspection->root,
                                              take_root, inspection, report)
                           : status;
}

static void print(const struct inspection *inspection, const char *path, struct rp_buffer *out)
{
    char hex[RP_HASH_HEX_BYTES];
    const struct rp_cli_file *file = &inspection->snapshot.file;
    const rp_store_config *store = &inspection->config.store;
    rp_cli_append_plain(out, path, strlen(path));
    rp_buffer_printf(out, "\n  bytes      %zu%s\n  canonical  %zu\n", file->size,
                     file->size == inspection->canonical.size ? "" : ", in an envelope",
                     inspection->canonical.size);
    if (inspection->module.size != 0) {
        uint8_t hash[RP_HASH_BYTES];
        rp_hash(inspection->module.data, inspection->module.size, hash);
        rp_hash_hex(hash, hex);
        rp_buffer_printf(out, "  module     %zu bytes, hash %s\n", inspection->module.size, hex);
    } else {
        rp_buffer_printf(out, "  module     not in the file\n");
    }
    rp_hash_hex(inspection->root, hex);
    rp_buffer_printf(out, "  root       %s\n", hex);
    rp_hash_hex(inspection->config.schedule_hash, hex);
    rp_buffer_printf(out,
                     "  semantics  version %u, gas schedule %s\n"
                     "  limits     memory %llu bytes, tables %llu elements, %u calls, %llu slots\n"
                     "  seed       0x%llx\n  time       %llu ns at the start, %llu ns per gas\n",
                     inspection->config.semantics_version, hex,
                     (unsigned long long)store->memory_max_bytes,
                     (unsigned long long)store->table_max_elements, store->call_depth_max,
                     (unsigned long long)store->stack_slots_max, (unsigned long long)store->seed,
                     (unsigned long long)store->time_ns, (unsigned long long)store->ns_per_gas);
    rp_buffer_printf(out, "sections\n");
    for (uint32_t i = 0; i < inspection->wsnp.section_count; i++) {
        rp_hash_hex(inspection->roots[i], hex);
        rp_buffer_printf(out, "  %-10s %10zu bytes  %s\n", inspection->wsnp.sections[i].name,
                         inspection->wsnp.sections[i].body.size, hex);
    }
}

static void put_json(const struct inspection *inspection, const char *path,
                     struct rp_cli_result *result)
{
    rp_cli_put_text(result, "file", path);
    rp_cli_put_number(result, "bytes", inspection->snapshot.file.size);
    rp_cli_put_number(result, "canonical_bytes", inspection->canonical.size);
    rp_cli_put_number(result, "module_bytes", inspection->module.size);
    if (inspection->module.size != 0) {
        uint8_t hash[RP_HASH_BYTES];
        rp_hash(inspection->module.data, inspection->module.size, hash);
        rp_cli_put_hash(result, "module_hash", hash);
    } else {
        rp_cli_put_text(result, "module_hash", NULL);
    }
    rp_cli_put_hash(result, "state_root", inspection->root);
    rp_cli_put_hash(result, "schedule_hash", inspection->config.schedule_hash);
    rp_cli_put_number(result, "semantics_version", inspection->config.semantics_version);
    struct rp_json *sections = rp_json_new_array();
    for (uint32_t i = 0; i < inspection->wsnp.section_count; i++) {
        struct rp_cli_result section;
        rp_cli_result_init(&section, NULL);
        rp_cli_put_text(&section, "section", inspection->wsnp.sections[i].name);
        rp_cli_put_number(&section, "bytes", inspection->wsnp.sections[i].body.size);
        rp_cli_put_hash(&section, "root", inspection->roots[i]);
        rp_cli_put_item(result, sections, &section);
    }
    rp_cli_put(result, "sections", sections);
}

static rp_status open_and_read(struct inspection *inspection, const struct rp_cli_file *file,
                               const char **out_option, rp_report *report)
{
    rp_status status = rp_cli_open_snapshot_file(inspection->cli, NULL, file, &inspection->snapshot,
                                                 out_option, report);
    return status == RP_OK ? read_all(inspection, report) : status;
}

int rp_cli_inspect_snapshot(struct rp_cli *cli, struct rp_cli_file *file, int descriptor)
{
    struct rp_cli_result result;
    struct rp_buffer out;
    const char *path = file->path;
    const char *option = NULL;
    rp_report report = {0};
    struct inspection *inspection = rp_alloc_zero(&cli->allocator, 1, sizeof(*inspection));
    if (!inspection) {
        rp_cli_free_file(cli, file);
        rp_cli_say("out of memory");
        return RP_EXIT_HOST;
    }
    inspection->cli = cli;
    rp_buffer_init(&inspection->scratch, &cli->allocator);
    rp_buffer_init(&out, &cli->allocator);
    rp_cli_result_init(&result, "reprise.inspect.snapshot.v1");
    rp_status status = open_and_read(inspection, file, &option, &report);
    int code = rp_cli_open_exit(status, option != NULL);
    if (status == RP_OK) {
        print(inspection, path, &out);
        put_json(inspection, path, &result);
        rp_cli_put_text(&result, "error", NULL);
    } else {
        char text[1024];
        rp_cli_format_snapshot_report(cli, path, option, &report, text, sizeof(text));
        rp_cli_say("%s", text);
        rp_cli_put_error(&result, status, report.text);
    }
    rp_wsnp_close(&inspection->wsnp);
    rp_cli_close_snapshot(cli, &inspection->snapshot);
    rp_buffer_deinit(&inspection->scratch);
    rp_free(&cli->allocator, inspection, sizeof(*inspection));
    int flushed = rp_cli_flush(&out);
    bool written = rp_cli_write_json(cli, &result, descriptor);
    return code != RP_EXIT_OK      ? code
           : flushed != RP_EXIT_OK ? flushed
           : written               ? RP_EXIT_OK
                                   : RP_EXIT_HOST;
}
