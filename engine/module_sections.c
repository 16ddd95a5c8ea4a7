/* The sections of a module (layer 2; core specification 5.5). One pass: whatever a section refers
 * to is known when it is read. */
#include "engine/module_decode.h"

#include "core/assert.h"
#include "core/limits.h"
#include "engine/engine.h"

#include <string.h>

static rp_status fail_memory(struct rp_decoder *decoder, const char *what)
{
    return rp_decoder_fail(decoder, RP_ERROR_NO_MEMORY, rp_reader_offset(&decoder->reader),
                           "no memory for %s", what);
}

static rp_status fail_index(struct rp_decoder *decoder, uint64_t offset, const char *what,
                            uint32_t index, uint32_t count)
{
    return rp_decoder_fail(decoder, RP_ERROR_INVALID, offset, "unknown %s %u, the module has %u",
                           what, index, count);
}

/* ---- types ---- */

static rp_status decode_type_list(struct rp_decoder *decoder, const char *what, uint32_t limit,
                                  uint32_t *types, uint32_t *out_count)
{
    rp_status status = rp_decoder_count(decoder, what, 0, limit, out_count);
    for (uint32_t i = 0; status == RP_OK && i < *out_count; i++) {
        status = rp_decoder_value_type(decoder, &types[i]);
    }
    return status;
}

static rp_status decode_func_type(struct rp_decoder *decoder, const struct rp_func_type **out_type)
{
    uint32_t types[RP_LIMIT_PARAMS + RP_LIMIT_RESULTS];
    uint32_t param_count = 0;
    uint32_t result_count = 0;
    uint64_t offset = rp_reader_offset(&decoder->reader);
    uint8_t form = rp_read_byte(&decoder->reader);
    if (decoder->reader.error == NULL && form != 0x60) {
        if (form == 0x5f || form == 0x5e || form == 0x50 || form == 0x4f || form == 0x4e) {
            return rp_module_refuse_feature(decoder->report, offset, RP_FEATURE_GC);
        }
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, offset, "malformed type form 0x%02x",
                               form);
    }
    rp_status status =
        decode_type_list(decoder, "parameters", RP_LIMIT_PARAMS, types, &param_count);
    if (status == RP_OK) {
        status = decode_type_list(decoder, "results", RP_LIMIT_RESULTS, types + param_count,
                                  &result_count);
    }
    if (status != RP_OK) {
        return status;
    }
    if (result_count > 1) {
        decoder->module->features |= 1u << RP_FEATURE_MULTI_VALUE;
    }
    *out_type = rp_type_intern(&decoder->module->engine->types, types, param_count, result_count);
    return *out_type == NULL ? fail_memory(decoder, "types") : RP_OK;
}

rp_status rp_decode_types(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    rp_status status = rp_decoder_count(decoder, "types", 0, RP_LIMIT_TYPES, &module->type_count);
    if (status != RP_OK) {
        return status;
    }
    module->types = rp_arena_alloc(&module->arena, module->type_count, sizeof *module->types);
    if (module->types == NULL) {
        return fail_memory(decoder, "types");
    }
    for (uint32_t i = 0; status == RP_OK && i < module->type_count; i++) {
        status = decode_func_type(decoder, &module->types[i]);
    }
    return status;
}

/* ---- imports ---- */

/* The index spaces are arrays in the arena that the import section starts and their own section
 * continues. */
static void *extend_space(struct rp_decoder *decoder, void *space, uint32_t old_count,
                          uint64_t new_count, size_t size)
{
    void *larger = rp_arena_alloc(&decoder->module->arena, new_count, size);
    if (larger != NULL && old_count != 0) {
        memcpy(larger, space, old_count * size);
    }
    return larger;
}

static rp_status decode_import_func(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    uint64_t offset = rp_reader_offset(&decoder->reader);
    uint32_t type_index = rp_read_u32(&decoder->reader);
    rp_status status = rp_decoder_check(decoder);
    if (status == RP_OK && type_index >= module->type_count) {
        return fail_index(decoder, offset, "type", type_index, module->type_count);
    }
    module->func_types[module->func_count++] = type_index;
    return status;
}

static rp_status add_memory(struct rp_decoder *decoder, uint64_t offset,
                            const struct rp_limits *limits)
{
    struct rp_module *module = decoder->module;
    if (module->memory_count == 1) {
        return rp_module_refuse_feature(decoder->report, offset, RP_FEATURE_MULTI_MEMORY);
    }
    module->memories[module->memory_count++] = *limits;
    return RP_OK;
}

static rp_status decode_import_type(struct rp_decoder *decoder, struct rp_import *import)
{
    struct rp_module *module = decoder->module;
    uint64_t offset = rp_reader_offset(&decoder->reader);
    import->kind = rp_read_byte(&decoder->reader);
    rp_status status = rp_decoder_check(decoder);
    if (status != RP_OK) {
        return status;
    }
    struct rp_limits limits;
    switch (import->kind) {
    case RP_EXTERN_FUNC:
        import->index = module->func_count;
        return decode_import_func(decoder);
    case RP_EXTERN_TABLE:
        import->index = module->table_count;
        if (module->table_count >= RP_LIMIT_TABLES) {
            return rp_decoder_fail(decoder, RP_ERROR_LIMIT, offset,
                                   "too many tables, the limit is %u", RP_LIMIT_TABLES);
        }
        return rp_decoder_table_type(decoder, &module->tables[module->table_count++]);
    case RP_EXTERN_MEMORY:
        import->index = module->memory_count;
        status = rp_decoder_limits(decoder, "memory", RP_LIMIT_MEMORY_PAGES, &limits);
        return status != RP_OK ? status : add_memory(decoder, offset, &limits);
    case RP_EXTERN_GLOBAL:
        import->index = module->global_count;
        return rp_decoder_global_type(decoder, &module->globals[module->global_count++].type);
    case RP_EXTERN_TAG:
        return rp_module_refuse_feature(decoder->report, offset, RP_FEATURE_EXCEPTIONS);
    default:
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, offset, "malformed import kind %u",
                               import->kind);
    }
}

rp_status rp_decode_imports(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    rp_status status =
        rp_decoder_count(decoder, "imports", 0, RP_LIMIT_IMPORTS, &module->import_count);
    if (status != RP_OK) {
        return status;
    }
    module->imports = rp_arena_alloc(&module->arena, module->import_count, sizeof *module->imports);
    module->func_types =
        rp_arena_alloc(&module->arena, module->import_count, sizeof *module->func_types);
    uint32_t table_room =
        module->import_count < RP_LIMIT_TABLES ? module->import_count : RP_LIMIT_TABLES;
    module->tables = rp_arena_alloc(&module->arena, table_room, sizeof *module->tables);
    module->memories = rp_arena_alloc(&module->arena, 1, sizeof *module->memories);
    module->globals = rp_arena_alloc(&module->arena, module->import_count, sizeof *module->globals);
    if (module->imports == NULL || module->func_types == NULL || module->tables == NULL ||
        module->memories == NULL || module->globals == NULL) {
        return fail_memory(decoder, "imports");
    }
    for (uint32_t i = 0; status == RP_OK && i < module->import_count; i++) {
        struct rp_import *import = &module->imports[i];
        status = rp_decoder_name(decoder, &import->module);
        if (status == RP_OK) {
            status = rp_decoder_name(decoder, &import->name);
        }
        if (status == RP_OK) {
            status = decode_import_type(decoder, import);
        }
    }
    module->func_import_count = module->func_count;
    module->table_import_count = module->table_count;
    module->memory_import_count = module->memory_count;
    module->global_import_count = module->global_count;
    for (uint32_t i = 0; i < module->global_count; i++) {
        module->features |= (uint32_t)module->globals[i].type.is_mutable
                            << RP_FEATURE_MUTABLE_GLOBALS;
    }
    return status;
}

/* ---- functions, tables, memories, globals ---- */

rp_status rp_decode_functions(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    uint32_t count = 0;
    rp_status status =
        rp_decoder_count(decoder, "functions", module->func_count, RP_LIMIT_FUNCTIONS, &count);
    if (status != RP_OK) {
        return status;
    }
    module->func_types =
        extend_space(decoder, module->func_types, module->func_count,
                     (uint64_t)module->func_count + count, sizeof *module->func_types);
    module->codes = rp_arena_alloc(&module->arena, count, sizeof *module->codes);
    if (module->func_types == NULL || module->codes == NULL) {
        return fail_memory(decoder, "functions");
    }
    for (uint32_t i = 0; status == RP_OK && i < count; i++) {
        status = decode_import_func(decoder);
    }
    decoder->declared_func_count = count;
    return status;
}

rp_status rp_decode_tables(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    uint32_t count = 0;
    rp_status status =
        rp_decoder_count(decoder, "tables", module->table_count, RP_LIMIT_TABLES, &count);
    if (status != RP_OK) {
        return status;
    }
    module->tables = extend_space(decoder, module->tables, module->table_count,
                                  (uint64_t)module->table_count + count, sizeof *module->tables);
    if (module->tables == NULL) {
        return fail_memory(decoder, "tables");
    }
    for (uint32_t i = 0; status == RP_OK && i < count; i++) {
        if (rp_reader_left(&decoder->reader) != 0 && *decoder->reader.pos == 0x40) {
            return rp_module_refuse_feature(decoder->report, rp_reader_offset(&decoder->reader),
                                            RP_FEATURE_FUNCTION_REFERENCES);
        }
        status = rp_decoder_table_type(decoder, &module->tables[module->table_count++]);
    }
    if (module->table_count > 1) {
        module->features |= 1u << RP_FEATURE_REFERENCE_TYPES;
    }
    return status;
}

rp_status rp_decode_memories(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    uint32_t count = 0;
    rp_status status =
        rp_decoder_count(decoder, "memories", module->memory_count, RP_LIMIT_MEMORIES, &count);
    if (status == RP_OK && module->memories == NULL) {
        module->memories = rp_arena_alloc(&module->arena, 1, sizeof *module->memories);
        status = module->memories == NULL ? fail_memory(decoder, "memories") : RP_OK;
    }
    for (uint32_t i = 0; status == RP_OK && i < count; i++) {
        uint64_t offset = rp_reader_offset(&decoder->reader);
        struct rp_limits limits;
        status = rp_decoder_limits(decoder, "memory", RP_LIMIT_MEMORY_PAGES, &limits);
        if (status == RP_OK) {
            status = add_memory(decoder, offset, &limits);
        }
    }
    return status;
}

rp_status rp_decode_globals(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    uint32_t count = 0;
    rp_status status =
        rp_decoder_count(decoder, "globals", module->global_count, RP_LIMIT_GLOBALS, &count);
    if (status != RP_OK) {
        return status;
    }
    module->globals = extend_space(decoder, module->globals, module->global_count,
                                   (uint64_t)module->global_count + count, sizeof *module->globals);
    if (module->globals == NULL) {
        return fail_memory(decoder, "globals");
    }
    for (uint32_t i = 0; status == RP_OK && i < count; i++) {
        struct rp_global_def *global = &module->globals[module->global_count];
        status = rp_decoder_global_type(decoder, &global->type);
        if (status == RP_OK) {
            status =
                rp_validator_const_expr(decoder->validator, &decoder->reader, global->type.type,
                                        module->global_count, &global->init);
            module->global_count++;
        }
    }
    return status;
}

/* ---- exports and start ---- */

static int compare_names(struct rp_span left, struct rp_span right)
{
    size_t common = left.size < right.size ? left.size : right.size;
    int order = common == 0 ? 0 : memcmp(left.data, right.data, common);
    return order != 0 ? order : (left.size > right.size) - (left.size < right.size);
}

static bool export_before(const struct rp_module *module, uint32_t left, uint32_t right)
{
    return compare_names(module->exports[left].name, module->exports[right].name) < 0;
}

static void sift_down(const struct rp_module *module, uint32_t *order, uint32_t root,
                      uint32_t count)
{
    for (uint32_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && export_before(module, order[child], order[child + 1])) {
            child++;
        }
        if (!export_before(module, order[root], order[child])) {
            return;
        }
        uint32_t held = order[root];
        order[root] = order[child];
        order[child] = held;
    }
}

/* Heap sort of the exports by name: n log n whatever the input. */
static void sort_exports(struct rp_module *module)
{
    uint32_t *order = module->export_order;
    uint32_t count = module->export_count;
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (uint32_t i = count / 2; i-- > 0;) {
        sift_down(module, order, i, count);
    }
    for (uint32_t last = count; last-- > 1;) {
        uint32_t held = order[0];
        order[0] = order[last];
        order[last] = held;
        sift_down(module, order, 0, last);
    }
}

const struct rp_export *rp_module_find_export(const struct rp_module *module, const char *name,
                                              size_t size)
{
    struct rp_span wanted = {(const uint8_t *)name, size};
    uint32_t low = 0;
    uint32_t high = module->export_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct rp_export *candidate = &module->exports[module->export_order[middle]];
        int order = compare_names(candidate->name, wanted);
        if (order == 0) {
            return candidate;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static rp_status decode_export(struct rp_decoder *decoder, struct rp_export *export)
{
    struct rp_module *module = decoder->module;
    rp_status status = rp_decoder_name(decoder, &export->name);
    uint64_t kind_offset = rp_reader_offset(&decoder->reader);
    export->kind = rp_read_byte(&decoder->reader);
    uint64_t offset = rp_reader_offset(&decoder->reader);
    export->index = rp_read_u32(&decoder->reader);
    if (status == RP_OK) {
        status = rp_decoder_check(decoder);
    }
    if (status != RP_OK) {
        return status;
    }
    static const char *const names[] = {"function", "table", "memory", "global"};
    const uint32_t counts[] = {module->func_count, module->table_count, module->memory_count,
                               module->global_count};
    if (export->kind == RP_EXTERN_TAG) {
        return rp_module_refuse_feature(decoder->report, kind_offset, RP_FEATURE_EXCEPTIONS);
    }
    if (export->kind > RP_EXTERN_GLOBAL) {
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, kind_offset, "malformed export kind %u",
                               export->kind);
    }
    if (export->index >= counts[export->kind]) {
        return fail_index(decoder, offset, names[export->kind], export->index,
                          counts[export->kind]);
    }
    if (export->kind == RP_EXTERN_FUNC &&
        rp_validator_declare_func(decoder->validator, export->index) != RP_OK) {
        return fail_memory(decoder, "declared functions");
    }
    if (export->kind == RP_EXTERN_GLOBAL && module->globals[export->index].type.is_mutable) {
        module->features |= 1u << RP_FEATURE_MUTABLE_GLOBALS;
    }
    return RP_OK;
}

rp_status rp_decode_exports(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    uint64_t offset = rp_reader_offset(&decoder->reader);
    rp_status status =
        rp_decoder_count(decoder, "exports", 0, RP_LIMIT_EXPORTS, &module->export_count);
    if (status != RP_OK) {
        return status;
    }
    module->exports = rp_arena_alloc(&module->arena, module->export_count, sizeof *module->exports);
    module->export_order =
        rp_arena_alloc(&module->arena, module->export_count, sizeof *module->export_order);
    if (module->exports == NULL || module->export_order == NULL) {
        return fail_memory(decoder, "exports");
    }
    for (uint32_t i = 0; status == RP_OK && i < module->export_count; i++) {
        status = decode_export(decoder, &module->exports[i]);
    }
    if (status != RP_OK) {
        return status;
    }
    sort_exports(module);
    for (uint32_t i = 1; i < module->export_count; i++) {
        struct rp_span name = module->exports[module->export_order[i]].name;
        if (compare_names(module->exports[module->export_order[i - 1]].name, name) == 0) {
            return rp_decoder_fail(decoder, RP_ERROR_INVALID, offset,
                                   "duplicate export name \"%.*s\"",
                                   (int)(name.size < 80 ? name.size : 80), (const char *)name.data);
        }
    }
    return RP_OK;
}

rp_status rp_decode_start(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    uint64_t offset = rp_reader_offset(&decoder->reader);
    module->start_func = rp_read_u32(&decoder->reader);
    module->has_start = true;
    rp_status status = rp_decoder_check(decoder);
    if (status == RP_OK && module->start_func >= module->func_count) {
        return fail_index(decoder, offset, "function", module->start_func, module->func_count);
    }
    if (status == RP_OK) {
        const struct rp_func_type *type = rp_module_func_type(module, module->start_func);
        if (type->param_count + type->result_count != 0) {
            return rp_decoder_fail(decoder, RP_ERROR_INVALID, offset,
                                   "start function %u must have type () -> ()", module->start_func);
        }
    }
    return status;
}

/* ---- segments ---- */

static rp_status decode_active_table(struct rp_decoder *decoder, uint32_t flags,
                                     struct rp_element_segment *segment)
{
    struct rp_module *module = decoder->module;
    uint64_t offset = rp_reader_offset(&decoder->reader);
    segment->table = (flags & 2) != 0 ? rp_read_u32(&decoder->reader) : 0;
    rp_status status = rp_decoder_check(decoder);
    if (status == RP_OK && segment->table >= module->table_count) {
        return fail_index(decoder, offset, "table", segment->table, module->table_count);
    }
    return status != RP_OK
               ? status
               : rp_validator_const_expr(decoder->validator, &decoder->reader, RP_TYPE_I32,
                                         module->global_count, &segment->table_offset);
}

static rp_status decode_element_type(struct rp_decoder *decoder, uint32_t flags,
                                     struct rp_element_segment *segment)
{
    segment->type = RP_TYPE_FUNCREF;
    if ((flags & 3) == 0) {
        return RP_OK;
    }
    uint64_t offset = rp_reader_offset(&decoder->reader);
    if (segment->uses_expressions) {
        return rp_decoder_reference_type(decoder, &segment->type);
    }
    uint8_t kind = rp_read_byte(&decoder->reader);
    if (decoder->reader.error == NULL && kind != 0) {
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, offset, "malformed element kind 0x%02x",
                               kind);
    }
    return rp_decoder_check(decoder);
}

static rp_status decode_element_items(struct rp_decoder *decoder,
                                      struct rp_element_segment *segment)
{
    struct rp_module *module = decoder->module;
    rp_status status =
        rp_decoder_count(decoder, "elements", 0, RP_LIMIT_SEGMENT_ELEMENTS, &segment->count);
    segment->items_offset = (uint32_t)rp_reader_offset(&decoder->reader);
    for (uint32_t i = 0; status == RP_OK && i < segment->count; i++) {
        if (segment->uses_expressions) {
            struct rp_const_expr expr;
            status = rp_validator_const_expr(decoder->validator, &decoder->reader, segment->type,
                                             module->global_count, &expr);
            continue;
        }
        uint64_t offset = rp_reader_offset(&decoder->reader);
        uint32_t func_index = rp_read_u32(&decoder->reader);
        status = rp_decoder_check(decoder);
        if (status == RP_OK && func_index >= module->func_count) {
            return fail_index(decoder, offset, "function", func_index, module->func_count);
        }
        if (status == RP_OK && rp_validator_declare_func(decoder->validator, func_index) != RP_OK) {
            return fail_memory(decoder, "declared functions");
        }
    }
    return status;
}

static rp_status decode_element(struct rp_decoder *decoder, struct rp_element_segment *segment)
{
    struct rp_module *module = decoder->module;
    uint64_t offset = rp_reader_offset(&decoder->reader);
    uint32_t flags = rp_read_u32(&decoder->reader);
    rp_status status = rp_decoder_check(decoder);
    if (status != RP_OK) {
        return status;
    }
    if (flags > 7) {
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, offset,
                               "malformed elements segment kind %u", flags);
    }
    segment->mode = (flags & 1) == 0   ? RP_SEGMENT_ACTIVE
                    : (flags & 2) == 0 ? RP_SEGMENT_PASSIVE
                                       : RP_SEGMENT_DECLARED;
    segment->uses_expressions = (flags & 4) != 0;
    if (flags != 0) {
        module->features |=
            1u << (flags < 4 && flags != 2 ? RP_FEATURE_BULK_MEMORY : RP_FEATURE_REFERENCE_TYPES);
    }
    if (segment->mode == RP_SEGMENT_ACTIVE) {
        status = decode_active_table(decoder, flags, segment);
    }
    if (status == RP_OK) {
        status = decode_element_type(decoder, flags, segment);
    }
    if (status == RP_OK && segment->mode == RP_SEGMENT_ACTIVE &&
        module->tables[segment->table].element_type != segment->type) {
        return rp_decoder_fail(decoder, RP_ERROR_INVALID, offset,
                               "type mismatch: segment of %s for table %u of %s",
                               rp_type_name(segment->type), segment->table,
                               rp_type_name(module->tables[segment->table].element_type));
    }
    return status != RP_OK ? status : decode_element_items(decoder, segment);
}

rp_status rp_decode_elements(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    rp_status status = rp_decoder_count(decoder, "element segments", 0, RP_LIMIT_ELEMENT_SEGMENTS,
                                        &module->element_count);
    if (status != RP_OK) {
        return status;
    }
    module->elements =
        rp_arena_alloc(&module->arena, module->element_count, sizeof *module->elements);
    if (module->elements == NULL) {
        return fail_memory(decoder, "element segments");
    }
    for (uint32_t i = 0; status == RP_OK && i < module->element_count; i++) {
        status = decode_element(decoder, &module->elements[i]);
    }
    return status;
}

rp_status rp_decode_data_count(struct rp_decoder *decoder)
{
    decoder->module->has_data_count = true;
    decoder->expected_data_count = rp_read_u32(&decoder->reader);
    decoder->module->data_count =
        decoder->expected_data_count; /* for memory.init; the data section checks it */
    return rp_decoder_check(decoder);
}

static rp_status decode_data_segment(struct rp_decoder *decoder, struct rp_data_segment *segment)
{
    struct rp_module *module = decoder->module;
    uint64_t offset = rp_reader_offset(&decoder->reader);
    uint32_t flags = rp_read_u32(&decoder->reader);
    if (decoder->reader.error == NULL && flags > 2) {
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, offset,
                               "malformed data segment kind %u", flags);
    }
    segment->mode = flags == 1 ? RP_SEGMENT_PASSIVE : RP_SEGMENT_ACTIVE;
    segment->memory = flags == 2 ? rp_read_u32(&decoder->reader) : 0;
    module->features |= (uint32_t)(flags != 0) << RP_FEATURE_BULK_MEMORY;
    rp_status status = rp_decoder_check(decoder);
    if (status == RP_OK && segment->mode == RP_SEGMENT_ACTIVE) {
        if (segment->memory >= module->memory_count) {
            return fail_index(decoder, offset, "memory", segment->memory, module->memory_count);
        }
        status = rp_validator_const_expr(decoder->validator, &decoder->reader, RP_TYPE_I32,
                                         module->global_count, &segment->memory_offset);
    }
    if (status != RP_OK) {
        return status;
    }
    uint32_t size = rp_read_u32(&decoder->reader);
    segment->bytes = rp_read_bytes(&decoder->reader, size);
    return rp_decoder_check(decoder);
}

rp_status rp_decode_data(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    uint32_t count = 0;
    rp_status status =
        rp_decoder_count(decoder, "data segments", 0, RP_LIMIT_DATA_SEGMENTS, &count);
    if (status != RP_OK) {
        return status;
    }
    module->data_count = count;
    module->data = rp_arena_alloc(&module->arena, count, sizeof *module->data);
    if (module->data == NULL) {
        return fail_memory(decoder, "data segments");
    }
    for (uint32_t i = 0; status == RP_OK && i < count; i++) {
        status = decode_data_segment(decoder, &module->data[i]);
    }
    return status;
}

/* ---- code ---- */

rp_status rp_decode_code(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    uint64_t offset = rp_reader_offset(&decoder->reader);
    rp_status status =
        rp_decoder_count(decoder, "function bodies", 0, RP_LIMIT_FUNCTIONS, &decoder->code_count);
    if (status == RP_OK && decoder->code_count != decoder->declared_func_count) {
        return rp_decoder_fail(
            decoder, RP_ERROR_MALFORMED, offset,
            "function and code section have inconsistent lengths: %u functions, %u bodies",
            decoder->declared_func_count, decoder->code_count);
    }
    for (uint32_t i = 0; status == RP_OK && i < decoder->code_count; i++) {
        offset = rp_reader_offset(&decoder->reader);
        uint32_t size = rp_read_u32(&decoder->reader);
        struct rp_span body = rp_read_bytes(&decoder->reader, size);
        status = rp_decoder_check(decoder);
        if (status == RP_OK && size > RP_LIMIT_FUNCTION_BYTES) {
            return rp_decoder_fail(decoder, RP_ERROR_LIMIT, offset,
                                   "function %u has %u bytes, the limit is %u",
                                   module->func_import_count + i, size, RP_LIMIT_FUNCTION_BYTES);
        }
        if (status == RP_OK) {
            status = rp_validator_function(decoder->validator, module->func_import_count + i,
                                           (uint32_t)(body.data - module->bytes), size,
                                           &module->codes[i]);
        }
    }
    return status;
}
