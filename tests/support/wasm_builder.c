/* The assembler of test modules (layer 7, test support). */
#include "tests/support/wasm_builder.h"

#include "core/assert.h"

#include <string.h>

static uint8_t find_type_byte(char letter)
{
    static const struct {
        char letter;
        uint8_t byte;
    } types[] = {{'i', RP_I32},  {'l', RP_I64},     {'f', RP_F32},      {'d', RP_F64},
                 {'v', RP_V128}, {'r', RP_FUNCREF}, {'x', RP_EXTERNREF}};
    size_t i = 0;
    while (i < RP_ARRAY_COUNT(types) && types[i].letter != letter) {
        i++;
    }
    RP_ASSERT(i < RP_ARRAY_COUNT(types));
    return types[i].byte;
}

static void write_string(struct rp_buffer *out, const char *text)
{
    size_t size = strlen(text);
    rp_buffer_leb_u(out, size);
    rp_buffer_append(out, text, size);
}

static void write_types(struct rp_buffer *out, const char *letters)
{
    rp_buffer_leb_u(out, strlen(letters));
    for (const char *letter = letters; *letter != 0; letter++) {
        rp_buffer_byte(out, find_type_byte(*letter));
    }
}

static void write_limits(struct rp_buffer *out, uint64_t min, uint64_t max)
{
    rp_buffer_byte(out, max != RP_WASM_NO_MAX);
    rp_buffer_leb_u(out, min);
    if (max != RP_WASM_NO_MAX) {
        rp_buffer_leb_u(out, max);
    }
}

static void write_op(struct rp_buffer *out, enum rp_op op)
{
    RP_ASSERT(op < RP_OP_COUNT);
    const struct rp_op_info *info = &rp_op_infos[op];
    if (info->prefix != 0) {
        rp_buffer_byte(out, info->prefix);
        rp_buffer_leb_u(out, info->code);
    } else {
        rp_buffer_byte(out, (uint8_t)info->code);
    }
}

void rp_wasm_init(struct rp_wasm *wasm)
{
    *wasm = (struct rp_wasm){0};
    rp_allocator_init(&wasm->allocator, UINT64_MAX);
    for (size_t i = 0; i < RP_WASM_SECTION_COUNT; i++) {
        rp_buffer_init(&wasm->sections[i], &wasm->allocator);
    }
    rp_buffer_init(&wasm->code, &wasm->allocator);
    rp_buffer_init(&wasm->names, &wasm->allocator);
    rp_buffer_init(&wasm->module, &wasm->allocator);
}

void rp_wasm_deinit(struct rp_wasm *wasm)
{
    for (size_t i = 0; i < RP_WASM_SECTION_COUNT; i++) {
        rp_buffer_deinit(&wasm->sections[i]);
    }
    rp_buffer_deinit(&wasm->code);
    rp_buffer_deinit(&wasm->names);
    rp_buffer_deinit(&wasm->module);
    RP_ASSERT(wasm->allocator.used_bytes == 0);
}

/* Counts a new object and answers its index; definitions close the imports of their kind. */
static uint32_t count_import(struct rp_wasm *wasm, rp_extern_kind kind)
{
    RP_ASSERT(wasm->defined[kind] == 0);
    wasm->counts[RP_WASM_IMPORT]++;
    return wasm->imports[kind]++;
}

static uint32_t count_definition(struct rp_wasm *wasm, rp_extern_kind kind,
                                 enum rp_wasm_section section)
{
    wasm->counts[section]++;
    return wasm->imports[kind] + wasm->defined[kind]++;
}

static struct rp_buffer *write_import(struct rp_wasm *wasm, const char *module, const char *name,
                                      rp_extern_kind kind)
{
    struct rp_buffer *out = &wasm->sections[RP_WASM_IMPORT];
    write_string(out, module);
    write_string(out, name);
    rp_buffer_byte(out, (uint8_t)kind);
    return out;
}

uint32_t rp_wasm_type(struct rp_wasm *wasm, const char *params, const char *results)
{
    struct rp_buffer *out = &wasm->sections[RP_WASM_TYPE];
    rp_buffer_byte(out, 0x60);
    write_types(out, params);
    write_types(out, results);
    return wasm->counts[RP_WASM_TYPE]++;
}

uint32_t rp_wasm_import_func(struct rp_wasm *wasm, const char *module, const char *name,
                             uint32_t type_index)
{
    rp_buffer_leb_u(write_import(wasm, module, name, RP_EXTERN_FUNC), type_index);
    return count_import(wasm, RP_EXTERN_FUNC);
}

uint32_t rp_wasm_import_table(struct rp_wasm *wasm, const char *module, const char *name, char type,
                              uint64_t min, uint64_t max)
{
    struct rp_buffer *out = write_import(wasm, module, name, RP_EXTERN_TABLE);
    rp_buffer_byte(out, find_type_byte(type));
    write_limits(out, min, max);
    return count_import(wasm, RP_EXTERN_TABLE);
}

uint32_t rp_wasm_import_memory(struct rp_wasm *wasm, const char *module, const char *name,
                               uint64_t min, uint64_t max)
{
    write_limits(write_import(wasm, module, name, RP_EXTERN_MEMORY), min, max);
    return count_import(wasm, RP_EXTERN_MEMORY);
}

uint32_t rp_wasm_import_global(struct rp_wasm *wasm, const char *module, const char *name,
                               char type, bool is_mutable)
{
    struct rp_buffer *out = write_import(wasm, module, name, RP_EXTERN_GLOBAL);
    rp_buffer_byte(out, find_type_byte(type));
    rp_buffer_byte(out, is_mutable);
    return count_import(wasm, RP_EXTERN_GLOBAL);
}

uint32_t rp_wasm_table(struct rp_wasm *wasm, char type, uint64_t min, uint64_t max)
{
    struct rp_buffer *out = &wasm->sections[RP_WASM_TABLE];
    rp_buffer_byte(out, find_type_byte(type));
    write_limits(out, min, max);
    return count_definition(wasm, RP_EXTERN_TABLE, RP_WASM_TABLE);
}

uint32_t rp_wasm_memory(struct rp_wasm *wasm, uint64_t min, uint64_t max)
{
    write_limits(&wasm->sections[RP_WASM_MEMORY], min, max);
    return count_definition(wasm, RP_EXTERN_MEMORY, RP_WASM_MEMORY);
}

static void write_constant(struct rp_buffer *out, rp_value value)
{
    switch (value.kind) {
    case RP_I32:
        write_op(out, RP_OP_i32_const);
        rp_buffer_leb_s(out, value.of.i32);
        break;
    case RP_I64:
        write_op(out, RP_OP_i64_const);
        rp_buffer_leb_s(out, value.of.i64);
        break;
    case RP_F32:
        write_op(out, RP_OP_f32_const);
        rp_buffer_u32le(out, value.of.f32_bits);
        break;
    case RP_F64:
        write_op(out, RP_OP_f64_const);
        rp_buffer_u64le(out, value.of.f64_bits);
        break;
    case RP_V128:
        write_op(out, RP_OP_v128_const);
        rp_buffer_append(out, value.of.v128, sizeof value.of.v128);
        break;
    case RP_FUNCREF:
    case RP_EXTERNREF:
        if (value.of.ref == RP_REF_NULL) {
            write_op(out, RP_OP_ref_null);
            rp_buffer_byte(out, (uint8_t)value.kind);
        } else {
            RP_ASSERT(value.kind == RP_FUNCREF);
            write_op(out, RP_OP_ref_func);
            rp_buffer_leb_u(out, value.of.ref);
        }
        break;
    }
    write_op(out, RP_OP_end);
}

uint32_t rp_wasm_global(struct rp_wasm *wasm, bool is_mutable, rp_value initial)
{
    struct rp_buffer *out = &wasm->sections[RP_WASM_GLOBAL];
    rp_buffer_byte(out, (uint8_t)initial.kind);
    rp_buffer_byte(out, is_mutable);
    write_constant(out, initial);
    return count_definition(wasm, RP_EXTERN_GLOBAL, RP_WASM_GLOBAL);
}

uint32_t rp_wasm_global_i32(struct rp_wasm *wasm, bool is_mutable, int32_t initial)
{
    return rp_wasm_global(wasm, is_mutable, (rp_value){.kind = RP_I32, .of.i32 = initial});
}

uint32_t rp_wasm_global_i64(struct rp_wasm *wasm, bool is_mutable, int64_t initial)
{
    return rp_wasm_global(wasm, is_mutable, (rp_value){.kind = RP_I64, .of.i64 = initial});
}

uint32_t rp_wasm_global_from(struct rp_wasm *wasm, char type, bool is_mutable,
                             uint32_t global_index)
{
    struct rp_buffer *out = &wasm->sections[RP_WASM_GLOBAL];
    rp_buffer_byte(out, find_type_byte(type));
    rp_buffer_byte(out, is_mutable);
    write_op(out, RP_OP_global_get);
    rp_buffer_leb_u(out, global_index);
    write_op(out, RP_OP_end);
    return count_definition(wasm, RP_EXTERN_GLOBAL, RP_WASM_GLOBAL);
}

void rp_wasm_export(struct rp_wasm *wasm, const char *name, rp_extern_kind kind, uint32_t index)
{
    struct rp_buffer *out = &wasm->sections[RP_WASM_EXPORT];
    write_string(out, name);
    rp_buffer_byte(out, (uint8_t)kind);
    rp_buffer_leb_u(out, index);
    wasm->counts[RP_WASM_EXPORT]++;
}

void rp_wasm_start(struct rp_wasm *wasm, uint32_t func_index)
{
    RP_ASSERT(wasm->sections[RP_WASM_START].size == 0);
    rp_buffer_leb_u(&wasm->sections[RP_WASM_START], func_index);
}

static void write_offset(struct rp_buffer *out, int32_t offset)
{
    write_constant(out, (rp_value){.kind = RP_I32, .of.i32 = offset});
}

uint32_t rp_wasm_data(struct rp_wasm *wasm, int32_t address, const void *data, size_t size)
{
    struct rp_buffer *out = &wasm->sections[RP_WASM_DATA];
    rp_buffer_leb_u(out, 0);
    write_offset(out, address);
    rp_buffer_leb_u(out, size);
    rp_buffer_append(out, data, size);
    return wasm->counts[RP_WASM_DATA]++;
}

uint32_t rp_wasm_data_passive(struct rp_wasm *wasm, const void *data, size_t size)
{
    struct rp_buffer *out = &wasm->sections[RP_WASM_DATA];
    rp_buffer_leb_u(out, 1);
    rp_buffer_leb_u(out, size);
    rp_buffer_append(out, data, size);
    wasm->needs_data_count = true;
    return wasm->counts[RP_WASM_DATA]++;
}

void rp_wasm_data_count(struct rp_wasm *wasm)
{
    wasm->needs_data_count = true;
}

static uint32_t write_funcs(struct rp_wasm *wasm, const uint32_t *funcs, size_t count)
{
    struct rp_buffer *out = &wasm->sections[RP_WASM_ELEMENT];
    rp_buffer_leb_u(out, count);
    for (size_t i = 0; i < count; i++) {
        rp_buffer_leb_u(out, funcs[i]);
    }
    return wasm->counts[RP_WASM_ELEMENT]++;
}

uint32_t rp_wasm_elem(struct rp_wasm *wasm, uint32_t table, int32_t offset, const uint32_t *funcs,
                      size_t count)
{
    struct rp_buffer *out = &wasm->sections[RP_WASM_ELEMENT];
    rp_buffer_leb_u(out, table == 0 ? 0 : 2);
    if (table != 0) {
        rp_buffer_leb_u(out, table);
    }
    write_offset(out, offset);
    if (table != 0) {
        rp_buffer_byte(out, 0); /* elemkind funcref */
    }
    return write_funcs(wasm, funcs, count);
}

uint32_t rp_wasm_elem_passive(struct rp_wasm *wasm, const uint32_t *funcs, size_t count)
{
    rp_buffer_append(&wasm->sections[RP_WASM_ELEMENT], "\x01\x00", 2);
    return write_funcs(wasm, funcs, count);
}

uint32_t rp_wasm_elem_declare(struct rp_wasm *wasm, const uint32_t *funcs, size_t count)
{
    rp_buffer_append(&wasm->sections[RP_WASM_ELEMENT], "\x03\x00", 2);
    return write_funcs(wasm, funcs, count);
}

void rp_wasm_name_func(struct rp_wasm *wasm, uint32_t func_index, const char *name)
{
    rp_buffer_leb_u(&wasm->names, func_index);
    write_string(&wasm->names, name);
    wasm->name_count++;
}

static uint32_t write_function(struct rp_wasm *wasm, uint32_t type_index)
{
    rp_buffer_leb_u(&wasm->sections[RP_WASM_FUNCTION], type_index);
    return count_definition(wasm, RP_EXTERN_FUNC, RP_WASM_FUNCTION);
}

uint32_t rp_wasm_func_begin(struct rp_wasm *wasm, uint32_t type_index, const char *locals)
{
    RP_ASSERT(!wasm->func_open);
    wasm->func_open = true;
    wasm->code.size = 0;
    size_t groups = 0;
    for (const char *local = locals; *local != 0; local++) {
        groups += local == locals || local[0] != local[-1];
    }
    rp_buffer_leb_u(&wasm->code, groups);
    for (const char *local = locals; *local != 0;) {
        size_t same = 1;
        while (local[same] == *local) {
            same++;
        }
        rp_buffer_leb_u(&wasm->code, same);
        rp_buffer_byte(&wasm->code, find_type_byte(*local));
        local += same;
    }
    return write_function(wasm, type_index);
}

static void write_body(struct rp_wasm *wasm, const void *body, size_t size)
{
    struct rp_buffer *out = &wasm->sections[RP_WASM_CODE];
    rp_buffer_leb_u(out, size);
    rp_buffer_append(out, body, size);
    wasm->counts[RP_WASM_CODE]++;
}

void rp_wasm_func_end(struct rp_wasm *wasm)
{
    rp_wasm_op(wasm, RP_OP_end);
    RP_ASSERT(!wasm->code.failed);
    write_body(wasm, wasm->code.data, wasm->code.size);
    wasm->func_open = false;
}

uint32_t rp_wasm_func_bytes(struct rp_wasm *wasm, uint32_t type_index, const void *body,
                            size_t size)
{
    RP_ASSERT(!wasm->func_open);
    write_body(wasm, body, size);
    return write_function(wasm, type_index);
}

static struct rp_buffer *get_code(struct rp_wasm *wasm)
{
    RP_ASSERT(wasm->func_open);
    return &wasm->code;
}

void rp_wasm_op(struct rp_wasm *wasm, enum rp_op op)
{
    write_op(get_code(wasm), op);
}

void rp_wasm_op_index(struct rp_wasm *wasm, enum rp_op op, uint32_t index)
{
    rp_wasm_op(wasm, op);
    rp_buffer_leb_u(&wasm->code, index);
}

void rp_wasm_op_indices(struct rp_wasm *wasm, enum rp_op op, uint32_t first, uint32_t second)
{
    rp_wasm_op_index(wasm, op, first);
    rp_buffer_leb_u(&wasm->code, second);
}

void rp_wasm_op_memory(struct rp_wasm *wasm, enum rp_op op, uint32_t align_log2, uint64_t offset)
{
    rp_wasm_op_index(wasm, op, align_log2);
    rp_buffer_leb_u(&wasm->code, offset);
}

void rp_wasm_i32_const(struct rp_wasm *wasm, int32_t value)
{
    rp_wasm_op(wasm, RP_OP_i32_const);
    rp_buffer_leb_s(&wasm->code, value);
}

void rp_wasm_i64_const(struct rp_wasm *wasm, int64_t value)
{
    rp_wasm_op(wasm, RP_OP_i64_const);
    rp_buffer_leb_s(&wasm->code, value);
}

void rp_wasm_f32_const(struct rp_wasm *wasm, uint32_t bits)
{
    rp_wasm_op(wasm, RP_OP_f32_const);
    rp_buffer_u32le(&wasm->code, bits);
}

void rp_wasm_f64_const(struct rp_wasm *wasm, uint64_t bits)
{
    rp_wasm_op(wasm, RP_OP_f64_const);
    rp_buffer_u64le(&wasm->code, bits);
}

void rp_wasm_block(struct rp_wasm *wasm, enum rp_op op, int type)
{
    rp_wasm_op(wasm, op);
    rp_buffer_byte(&wasm->code, type == RP_WASM_VOID ? 0x40 : find_type_byte((char)type));
}

void rp_wasm_block_type(struct rp_wasm *wasm, enum rp_op op, uint32_t type_index)
{
    rp_wasm_op(wasm, op);
    rp_buffer_leb_s(&wasm->code, type_index);
}

void rp_wasm_br_table(struct rp_wasm *wasm, const uint32_t *labels, size_t count,
                      uint32_t default_label)
{
    rp_wasm_op(wasm, RP_OP_br_table);
    rp_buffer_leb_u(&wasm->code, count);
    for (size_t i = 0; i < count; i++) {
        rp_buffer_leb_u(&wasm->code, labels[i]);
    }
    rp_buffer_leb_u(&wasm->code, default_label);
}

void rp_wasm_ref_null(struct rp_wasm *wasm, char type)
{
    rp_wasm_op(wasm, RP_OP_ref_null);
    rp_buffer_byte(&wasm->code, find_type_byte(type));
}

void rp_wasm_select_t(struct rp_wasm *wasm, char type)
{
    rp_wasm_op_index(wasm, RP_OP_select_t, 1);
    rp_buffer_byte(&wasm->code, find_type_byte(type));
}

void rp_wasm_code_bytes(struct rp_wasm *wasm, const void *data, size_t size)
{
    rp_buffer_append(get_code(wasm), data, size);
}

void rp_wasm_entry(struct rp_wasm *wasm, enum rp_wasm_section section, const void *data,
                   size_t size, uint32_t entries)
{
    rp_buffer_append(&wasm->sections[section], data, size);
    wasm->counts[section] += entries;
}

void rp_wasm_write_preamble(struct rp_buffer *out)
{
    rp_buffer_append(out, "\0asm\1\0\0\0", 8);
}

void rp_wasm_write_section(struct rp_buffer *out, unsigned id, const void *contents, size_t size)
{
    rp_buffer_byte(out, (uint8_t)id);
    rp_buffer_leb_u(out, size);
    rp_buffer_append(out, contents, size);
}

void rp_wasm_write_leb_padded(struct rp_buffer *out, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        uint8_t low = 7 * i < 64 ? (value >> (7 * i)) & 0x7f : 0;
        rp_buffer_byte(out, i + 1 < width ? low | 0x80 : low);
    }
}

static size_t measure_leb(uint64_t value)
{
    size_t size = 1;
    while (value >>= 7) {
        size++;
    }
    return size;
}

static void write_section(struct rp_wasm *wasm, enum rp_wasm_section section)
{
    const struct rp_buffer *contents = &wasm->sections[section];
    RP_ASSERT(!contents->failed);
    bool is_start = section == RP_WASM_START;
    if (contents->size == 0 && (is_start || wasm->counts[section] == 0)) {
        return;
    }
    rp_buffer_byte(&wasm->module, (uint8_t)section);
    rp_buffer_leb_u(&wasm->module,
                    contents->size + (is_start ? 0 : measure_leb(wasm->counts[section])));
    if (!is_start) {
        rp_buffer_leb_u(&wasm->module, wasm->counts[section]);
    }
    rp_buffer_append(&wasm->module, contents->data, contents->size);
}

/* custom section "name", subsection 1: function names */
static void write_names(struct rp_wasm *wasm)
{
    struct rp_buffer *out = &wasm->module;
    size_t map_size = measure_leb(wasm->name_count) + wasm->names.size;
    rp_buffer_byte(out, RP_WASM_CUSTOM);
    rp_buffer_leb_u(out, 5 + 1 + measure_leb(map_size) + map_size);
    write_string(out, "name");
    rp_buffer_byte(out, 1);
    rp_buffer_leb_u(out, map_size);
    rp_buffer_leb_u(out, wasm->name_count);
    rp_buffer_append(out, wasm->names.data, wasm->names.size);
}

struct rp_span rp_wasm_finish(struct rp_wasm *wasm)
{
    static const enum rp_wasm_section order[] = {
        RP_WASM_TYPE, RP_WASM_IMPORT, RP_WASM_FUNCTION, RP_WASM_TABLE, RP_WASM_MEMORY,
        RP_WASM_TAG,  RP_WASM_GLOBAL, RP_WASM_EXPORT,   RP_WASM_START, RP_WASM_ELEMENT};
    RP_ASSERT(!wasm->func_open);
    wasm->module.size = 0;
    rp_wasm_write_preamble(&wasm->module);
    for (size_t i = 0; i < RP_ARRAY_COUNT(order); i++) {
        write_section(wasm, order[i]);
    }
    if (wasm->needs_data_count) {
        rp_buffer_byte(&wasm->module, RP_WASM_DATA_COUNT);
        rp_buffer_leb_u(&wasm->module, measure_leb(wasm->counts[RP_WASM_DATA]));
        rp_buffer_leb_u(&wasm->module, wasm->counts[RP_WASM_DATA]);
    }
    write_section(wasm, RP_WASM_CODE);
    write_section(wasm, RP_WASM_DATA);
    if (wasm->name_count != 0) {
        write_names(wasm);
    }
    RP_ASSERT(!wasm->module.failed);
    return (struct rp_span){.data = wasm->module.data, .size = wasm->module.size};
}
