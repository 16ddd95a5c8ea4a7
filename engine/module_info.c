/* What the public API tells about a module (layer 2). */
#include "core/assert.h"
#include "core/report.h"
#include "engine/module.h"

#include <string.h>

void rp_module_hash(const rp_module *module, uint8_t out_hash[32])
{
    memcpy(out_hash, module->hash, RP_HASH_BYTES);
}

uint64_t rp_module_load_gas(const rp_module *module)
{
    return module->load_gas;
}

static rp_name name_of(struct rp_span span)
{
    return (rp_name){(const char *)span.data, span.size};
}

size_t rp_module_import_count(const rp_module *module)
{
    return module->import_count;
}

rp_import_info rp_module_import(const rp_module *module, size_t index)
{
    RP_ASSERT(index < module->import_count);
    const struct rp_import *import = &module->imports[index];
    return (rp_import_info){name_of(import->module), name_of(import->name),
                            (rp_extern_kind)import->kind};
}

size_t rp_module_export_count(const rp_module *module)
{
    return module->export_count;
}

rp_export_info rp_module_export(const rp_module *module, size_t index)
{
    RP_ASSERT(index < module->export_count);
    const struct rp_export *export = &module->exports[index];
    return (rp_export_info){name_of(export->name), (rp_extern_kind) export->kind, export->index};
}

static void print_limits(struct rp_buffer *out, const struct rp_limits *limits)
{
    rp_buffer_printf(out, " %llu", (unsigned long long)limits->min);
    if (limits->has_max) {
        rp_buffer_printf(out, " %llu", (unsigned long long)limits->max);
    }
}

void rp_module_print_type(const struct rp_module *module, rp_extern_kind kind, uint32_t index,
                          struct rp_buffer *out)
{
    switch (kind) {
    case RP_EXTERN_FUNC:
        rp_func_type_print(out, rp_module_func_type(module, index));
        break;
    case RP_EXTERN_TABLE:
        rp_buffer_printf(out, "table");
        print_limits(out, &module->tables[index].limits);
        rp_buffer_printf(out, " %s", rp_type_name(module->tables[index].element_type));
        break;
    case RP_EXTERN_MEMORY:
        rp_buffer_printf(out, "memory");
        print_limits(out, &module->memories[index]);
        break;
    default:
        rp_buffer_printf(out, "global %s%s", module->globals[index].type.is_mutable ? "mut " : "",
                         rp_type_name(module->globals[index].type.type));
        break;
    }
}

static void copy_type(const struct rp_module *module, rp_extern_kind kind, uint32_t index,
                      char *out_text, size_t size)
{
    struct rp_allocator allocator;
    struct rp_buffer text;
    rp_allocator_init(&allocator, UINT64_MAX);
    rp_buffer_init(&text, &allocator);
    rp_module_print_type(module, kind, index, &text);
    if (size != 0) {
        size_t length = text.failed ? 0 : text.size < size ? text.size : size - 1;
        memcpy(out_text, text.data == NULL ? (const uint8_t *)"" : text.data, length);
        out_text[length] = 0;
    }
    rp_buffer_deinit(&text);
}

void rp_module_import_type(const rp_module *module, size_t index, char *out_text, size_t size)
{
    RP_ASSERT(index < module->import_count);
    copy_type(module, (rp_extern_kind)module->imports[index].kind, module->imports[index].index,
              out_text, size);
}

void rp_module_export_type(const rp_module *module, size_t index, char *out_text, size_t size)
{
    RP_ASSERT(index < module->export_count);
    copy_type(module, (rp_extern_kind)module->exports[index].kind, module->exports[index].index,
              out_text, size);
}

/* ---- function names ---- */

/* The name of `func_index` in the function subsection of the name section; it is read anew each
 * time, because it is needed for messages only. Names of a malformed section are absent. */
static struct rp_span find_section_name(const struct rp_module *module, uint32_t func_index)
{
    struct rp_span none = {0};
    if (module->name_section.data == NULL) {
        return none;
    }
    struct rp_reader section;
    size_t start = (size_t)(module->name_section.data - module->bytes);
    rp_reader_init(&section, module->bytes, start, start + module->name_section.size);
    while (section.error == NULL && rp_reader_left(&section) != 0) {
        uint8_t id = rp_read_byte(&section);
        uint32_t size = rp_read_u32(&section);
        struct rp_span contents = rp_read_bytes(&section, size);
        if (section.error != NULL || id != 1) {
            continue;
        }
        struct rp_reader names;
        start = (size_t)(contents.data - module->bytes);
        rp_reader_init(&names, module->bytes, start, start + contents.size);
        for (uint32_t count = rp_read_u32(&names); count != 0 && names.error == NULL; count--) {
            uint32_t index = rp_read_u32(&names);
            struct rp_span name = rp_read_name(&names);
            if (names.error == NULL && index == func_index) {
                return name;
            }
        }
        return none;
    }
    return none;
}

rp_name rp_module_func_name(const rp_module *module, uint32_t func_index)
{
    struct rp_span name = find_section_name(module, func_index);
    if (name.size != 0) {
        return name_of(name);
    }
    for (uint32_t i = 0; i < module->export_count; i++) {
        if (module->exports[i].kind == RP_EXTERN_FUNC && module->exports[i].index == func_index) {
            return name_of(module->exports[i].name);
        }
    }
    for (uint32_t i = 0; i < module->import_count; i++) {
        if (module->imports[i].kind == RP_EXTERN_FUNC && module->imports[i].index == func_index) {
            return name_of(module->imports[i].name);
        }
    }
    return (rp_name){"", 0};
}
