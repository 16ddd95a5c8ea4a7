/* Facts about a module for tools (layer 2). See summary.h. */
#include "engine/summary.h"

#include "core/assert.h"
#include "engine/module.h"

#include <string.h>

static const char *const section_names[] = {"custom", "type",   "import",     "function", "table",
                                            "memory", "global", "export",     "start",    "element",
                                            "code",   "data",   "data count", "tag"};
#define SECTION_START 8u
#define NAMES_OF_FUNCTIONS 1u

static uint32_t count_named(const struct rp_module *module)
{
    if (module->name_section.size == 0) {
        return 0;
    }
    struct rp_reader reader;
    size_t start = (size_t)(module->name_section.data - module->bytes);
    rp_reader_init(&reader, module->bytes, start, start + module->name_section.size);
    while (!reader.error && rp_reader_left(&reader) != 0) {
        uint8_t id = rp_read_byte(&reader);
        struct rp_span contents = rp_read_bytes(&reader, rp_read_u32(&reader));
        if (!reader.error && id == NAMES_OF_FUNCTIONS) {
            struct rp_reader names;
            start = (size_t)(contents.data - module->bytes);
            rp_reader_init(&names, module->bytes, start, start + contents.size);
            uint32_t count = rp_read_u32(&names);
            return names.error ? 0 : count;
        }
    }
    return 0;
}

void rp_module_summarize(const rp_module *module, struct rp_module_summary *out_summary)
{
    *out_summary = (struct rp_module_summary){
        .size_bytes = module->size,
        .func_count = module->func_count,
        .func_import_count = module->func_import_count,
        .named_count = count_named(module),
        .type_count = module->type_count,
        .table_count = module->table_count,
        .table_import_count = module->table_import_count,
        .memory_count = module->memory_count,
        .memory_import_count = module->memory_import_count,
        .global_count = module->global_count,
        .global_import_count = module->global_import_count,
        .element_count = module->element_count,
        .data_count = module->data_count,
        .features = module->features,
        .has_start = module->has_start,
        .start_func = module->start_func,
    };
    for (uint32_t i = 0; i < module->func_count - module->func_import_count; i++) {
        out_summary->code_bytes += module->codes[i].body_size;
    }
}

static void copy_type(const struct rp_module *module, rp_extern_kind kind, uint32_t index,
                      char *out_text, size_t size)
{
    RP_ASSERT(size != 0);
    struct rp_allocator allocator;
    struct rp_buffer text;
    rp_allocator_init(&allocator, UINT64_MAX);
    rp_buffer_init(&text, &allocator);
    rp_module_print_type(module, kind, index, &text);
    size_t length = text.failed ? 0 : text.size < size ? text.size : size - 1;
    if (length != 0) {
        memcpy(out_text, text.data, length);
    }
    out_text[length] = 0;
    rp_buffer_deinit(&text);
}

void rp_module_memory_type(const rp_module *module, uint32_t index, char *out_text, size_t size)
{
    RP_ASSERT(index < module->memory_count);
    copy_type(module, RP_EXTERN_MEMORY, index, out_text, size);
}

void rp_module_table_type(const rp_module *module, uint32_t index, char *out_text, size_t size)
{
    RP_ASSERT(index < module->table_count);
    copy_type(module, RP_EXTERN_TABLE, index, out_text, size);
}

bool rp_module_next_section(const rp_module *module, uint64_t *cursor,
                            struct rp_section_info *out_section)
{
    size_t start = *cursor == 0 ? 8 : (size_t)*cursor;
    if (start >= module->size) {
        return false;
    }
    struct rp_reader reader;
    rp_reader_init(&reader, module->bytes, start, module->size);
    uint8_t id = rp_read_byte(&reader);
    struct rp_span contents = rp_read_bytes(&reader, rp_read_u32(&reader));
    RP_ASSERT(!reader.error && id < RP_ARRAY_COUNT(section_names));
    *cursor = rp_reader_offset(&reader);
    *out_section = (struct rp_section_info){
        .id = id,
        .name = section_names[id],
        .offset = (uint64_t)(contents.data - module->bytes),
        .size = contents.size,
    };
    size_t offset = (size_t)out_section->offset;
    rp_reader_init(&reader, module->bytes, offset, offset + contents.size);
    if (id == 0) {
        struct rp_span name = rp_read_name(&reader);
        out_section->custom_name = (rp_name){(const char *)name.data, name.size};
    } else if (id != SECTION_START) {
        out_section->count = rp_read_u32(&reader);
    }
    return true;
}

bool rp_module_export_signature(const rp_module *module, size_t export_index, rp_valkind *out_types,
                                size_t capacity, size_t *out_param_count, size_t *out_result_count)
{
    RP_ASSERT(export_index < module->export_count);
    const struct rp_export *export = &module->exports[export_index];
    if (export->kind != RP_EXTERN_FUNC) {
        return false;
    }
    const struct rp_func_type *type = rp_module_func_type(module, export->index);
    *out_param_count = type->param_count;
    *out_result_count = type->result_count;
    for (size_t i = 0; i < (size_t)type->param_count + type->result_count && i < capacity; i++) {
        out_types[i] = (rp_valkind)type->types[i];
    }
    return true;
}
