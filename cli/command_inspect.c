/* reprise inspect (layer 7). */
#include "cli/cli.h"

#include "core/hash.h"
#include "engine/summary.h"

#include <string.h>

#define TYPE_BYTES 512u

static const char *const kind_names[] = {"function", "table", "memory", "global", "tag"};

struct inspection {
    struct rp_cli *cli;
    const char *path;
    const rp_module *module;
    struct rp_module_summary summary;
    uint8_t hash[32];
    struct rp_buffer out; /* for people */
};

/* ---- for people ---- */

static void put_quoted(struct rp_buffer *out, rp_name name)
{
    rp_buffer_byte(out, '"');
    rp_cli_append_plain(out, name.data, name.size);
    rp_buffer_byte(out, '"');
}

static void print_head(struct inspection *inspection)
{
    char hex[RP_HASH_HEX_BYTES];
    struct rp_buffer *out = &inspection->out;
    const struct rp_module_summary *summary = &inspection->summary;
    rp_hash_hex(inspection->hash, hex);
    rp_cli_append_plain(out, inspection->path, strlen(inspection->path));
    rp_buffer_printf(out, "\n  bytes      %llu\n  hash       %s\n  load gas   %llu\n  features  ",
                     (unsigned long long)summary->size_bytes, hex,
                     (unsigned long long)rp_module_load_gas(inspection->module));
    for (unsigned i = 0; i < RP_FEATURE_COUNT; i++) {
        if (summary->features >> i & 1) {
            rp_buffer_printf(out, " %s", rp_feature_names[i]);
        }
    }
    rp_buffer_printf(out, "%s\n", summary->features ? "" : " none beyond the first version");
    rp_buffer_printf(out,
                     "  functions  %u imported, %u defined, %u named; %llu bytes of code\n"
                     "  globals    %u imported, %u defined\n",
                     summary->func_import_count, summary->func_count - summary->func_import_count,
                     summary->named_count, (unsigned long long)summary->code_bytes,
                     summary->global_import_count,
                     summary->global_count - summary->global_import_count);
    if (summary->has_start) {
        rp_buffer_printf(out, "  start      function %u ", summary->start_func);
        put_quoted(out, rp_module_func_name(inspection->module, summary->start_func));
        rp_buffer_byte(out, '\n');
    }
}

static void print_objects(struct inspection *inspection)
{
    char type[TYPE_BYTES];
    const struct rp_module_summary *summary = &inspection->summary;
    for (uint32_t i = 0; i < summary->memory_count; i++) {
        rp_module_memory_type(inspection->module, i, type, sizeof(type));
        rp_buffer_printf(&inspection->out, "  memory %-3u %s (pages of 64 KiB)%s\n", i,
                         type + strlen("memory "),
                         i < summary->memory_import_count ? ", imported" : "");
    }
    for (uint32_t i = 0; i < summary->table_count; i++) {
        rp_module_table_type(inspection->module, i, type, sizeof(type));
        rp_buffer_printf(&inspection->out, "  table %-4u %s%s\n", i, type + strlen("table "),
                         i < summary->table_import_count ? ", imported" : "");
    }
}

static void print_sections(struct inspection *inspection)
{
    struct rp_section_info section;
    struct rp_buffer *out = &inspection->out;
    rp_buffer_printf(out, "sections\n");
    for (uint64_t cursor = 0; rp_module_next_section(inspection->module, &cursor, &section);) {
        rp_buffer_printf(out, "  %-10s %llu bytes at 0x%llx", section.name,
                         (unsigned long long)section.size, (unsigned long long)section.offset);
        if (section.id == 0) {
            rp_buffer_byte(out, ' ');
            put_quoted(out, section.custom_name);
        } else if (section.count != 0) {
            rp_buffer_printf(out, ", %u", section.count);
        }
        rp_buffer_byte(out, '\n');
    }
}

static void print_externs(struct inspection *inspection)
{
    char type[TYPE_BYTES];
    struct rp_buffer *out = &inspection->out;
    const rp_module *module = inspection->module;
    rp_buffer_printf(out, "imports%s\n", rp_module_import_count(module) ? "" : " none");
    for (size_t i = 0; i < rp_module_import_count(module); i++) {
        rp_import_info import = rp_module_import(module, i);
        rp_module_import_type(module, i, type, sizeof(type));
        rp_buffer_printf(out, "  %-10s ", kind_names[import.kind]);
        put_quoted(out, import.module);
        rp_buffer_byte(out, '.');
        put_quoted(out, import.name);
        rp_buffer_printf(out, " %s\n", type);
    }
    rp_buffer_printf(out, "exports%s\n", rp_module_export_count(module) ? "" : " none");
    for (size_t i = 0; i < rp_module_export_count(module); i++) {
        rp_export_info export = rp_module_export(module, i);
        rp_module_export_type(module, i, type, sizeof(type));
        rp_buffer_printf(out, "  %-10s ", kind_names[export.kind]);
        put_quoted(out, export.name);
        rp_buffer_printf(out, " %s\n", type);
    }
}

/* ---- reprise.inspect.v1 ---- */

static void put_name(struct rp_cli_result *result, const char *member, rp_name name)
{
    rp_cli_put(result, member, rp_json_new_string(name.data, name.size));
}

static void put_counts(struct rp_cli_result *result, const char *member, uint32_t count,
                       uint32_t imported)
{
    struct rp_cli_result counts;
    rp_cli_result_init(&counts, NULL);
    rp_cli_put_number(&counts, "imported", imported);
    rp_cli_put_number(&counts, "defined", count - imported);
    result->failed = result->failed || counts.failed;
    rp_cli_put(result, member, counts.object);
}

static void put_features(struct rp_cli_result *result, uint32_t features)
{
    struct rp_json *names = rp_json_new_array();
    for (unsigned i = 0; i < RP_FEATURE_COUNT; i++) {
        if (features >> i & 1) {
            const char *name = rp_feature_names[i];
            result->failed = result->failed || !names ||
                             !rp_json_add(names, rp_json_new_string(name, strlen(name)));
        }
    }
    rp_cli_put(result, "features", names);
}

static void put_sections(struct rp_cli_result *result, const rp_module *module)
{
    struct rp_section_info info;
    struct rp_json *sections = rp_json_new_array();
    for (uint64_t cursor = 0; rp_module_next_section(module, &cursor, &info);) {
        struct rp_cli_result section;
        rp_cli_result_init(&section, NULL);
        rp_cli_put_text(&section, "section", info.name);
        if (info.id == 0) {
            put_name(&section, "name", info.custom_name);
        } else {
            rp_cli_put_text(&section, "name", NULL);
        }
        rp_cli_put_number(&section, "offset", info.offset);
        rp_cli_put_number(&section, "bytes", info.size);
        rp_cli_put_number(&section, "count", info.count);
        rp_cli_put_item(result, sections, &section);
    }
    rp_cli_put(result, "sections", sections);
}

static void put_externs(struct rp_cli_result *result, const rp_module *module)
{
    char type[TYPE_BYTES];
    struct rp_json *imports = rp_json_new_array();
    for (size_t i = 0; i < rp_module_import_count(module); i++) {
        rp_import_info info = rp_module_import(module, i);
        struct rp_cli_result import;
        rp_cli_result_init(&import, NULL);
        rp_module_import_type(module, i, type, sizeof(type));
        put_name(&import, "module", info.module);
        put_name(&import, "name", info.name);
        rp_cli_put_text(&import, "kind", kind_names[info.kind]);
        rp_cli_put_text(&import, "type", type);
        rp_cli_put_item(result, imports, &import);
    }
    rp_cli_put(result, "imports", imports);
    struct rp_json *exports = rp_json_new_array();
    for (size_t i = 0; i < rp_module_export_count(module); i++) {
        rp_export_info info = rp_module_export(module, i);
        struct rp_cli_result export;
        rp_cli_result_init(&export, NULL);
        rp_module_export_type(module, i, type, sizeof(type));
        put_name(&export, "name", info.name);
        rp_cli_put_text(&export, "kind", kind_names[info.kind]);
        rp_cli_put_number(&export, "index", info.index);
        rp_cli_put_text(&export, "type", type);
        rp_cli_put_item(result, exports, &export);
    }
    rp_cli_put(result, "exports", exports);
}

static void put_types(struct rp_cli_result *result, const rp_module *module, const char *member,
                      uint32_t count, void (*print)(const rp_module *, uint32_t, char *, size_t))
{
    char type[TYPE_BYTES];
    struct rp_json *types = rp_json_new_array();
    for (uint32_t i = 0; i < count; i++) {
        print(module, i, type, sizeof(type));
        result->failed =
            result->failed || !types || !rp_json_add(types, rp_json_new_string(type, strlen(type)));
    }
    rp_cli_put(result, member, types);
}

static void build_result(struct inspection *inspection, struct rp_cli_result *result)
{
    const struct rp_module_summary *summary = &inspection->summary;
    const rp_module *module = inspection->module;
    rp_cli_result_init(result, "reprise.inspect.v1");
    rp_cli_put_text(result, "file", inspection->path);
    rp_cli_put_number(result, "bytes", summary->size_bytes);
    rp_cli_put_hash(result, "module_hash", inspection->hash);
    rp_cli_put_number(result, "load_gas", rp_module_load_gas(module));
    put_features(result, summary->features);
    put_counts(result, "functions", summary->func_count, summary->func_import_count);
    rp_cli_put_number(result, "functions_named", summary->named_count);
    rp_cli_put_number(result, "code_bytes", summary->code_bytes);
    put_counts(result, "globals", summary->global_count, summary->global_import_count);
    put_types(result, module, "memories", summary->memory_count, rp_module_memory_type);
    put_types(result, module, "tables", summary->table_count, rp_module_table_type);
    rp_cli_put_number(result, "types", summary->type_count);
    rp_cli_put_number(result, "element_segments", summary->element_count);
    rp_cli_put_number(result, "data_segments", summary->data_count);
    if (summary->has_start) {
        rp_cli_put_number(result, "start", summary->start_func);
    } else {
        rp_cli_put_text(result, "start", NULL);
    }
    put_sections(result, module);
    put_externs(result, module);
}

static int inspect_module(struct rp_cli *cli, const char *path, const rp_module *module,
                          int descriptor)
{
    struct inspection inspection = {.cli = cli, .path = path, .module = module};
    rp_buffer_init(&inspection.out, &cli->allocator);
    rp_module_summarize(module, &inspection.summary);
    rp_module_hash(module, inspection.hash);
    print_head(&inspection);
    print_objects(&inspection);
    print_sections(&inspection);
    print_externs(&inspection);
    int code = rp_cli_flush(&inspection.out);
    struct rp_cli_result result;
    build_result(&inspection, &result);
    return rp_cli_write_json(cli, &result, descriptor) ? code : RP_EXIT_HOST;
}

int rp_cli_inspect(struct rp_cli *cli)
{
    const struct rp_cli_arguments *arguments = &cli->arguments;
    if (arguments->operand_count != 1) {
        return rp_cli_misuse("inspect works on one module; see `reprise help inspect`");
    }
    int descriptor = -1;
    rp_engine *engine = NULL;
    rp_module *module = NULL;
    const char *path = arguments->operands[0];
    struct rp_cli_file file = {0};
    if (!rp_cli_open_json(cli, &descriptor)) {
        return RP_EXIT_MISUSE;
    }
    int code = rp_cli_create_engine(cli, &engine);
    const char *error = code == RP_EXIT_OK ? rp_cli_read_input(cli, path, &file) : NULL;
    if (error) {
        rp_cli_say("%s: %s", path, error);
        code = RP_EXIT_MISSING;
    } else if (code == RP_EXIT_OK && rp_cli_is_snapshot(&file)) {
        code = rp_cli_inspect_snapshot(cli, &file, descriptor);
    } else if (code == RP_EXIT_OK) {
        code = rp_cli_load_file(cli, engine, &file, &module);
        if (code == RP_EXIT_OK) {
            code = inspect_module(cli, path, module, descriptor);
        }
    }
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    return code;
}
