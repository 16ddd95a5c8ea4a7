/* Validation of instructions whose types depend on their immediates: select, references, tables,
 * globals, bulk (layer 2; core specification 3.3). */
#include "engine/validator.h"

#include "core/assert.h"

bool rp_validate_select(struct rp_validator *v)
{
    uint32_t first = 0;
    uint32_t second = 0;
    if (!rp_validator_pop(v, RP_TYPE_I32) || !rp_validator_pop_any(v, &second) ||
        !rp_validator_pop_any(v, &first)) {
        return false;
    }
    if (rp_type_is_reference(first) || rp_type_is_reference(second)) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                                 "type mismatch: select without a type takes numbers only");
    }
    if (first != second && first != RP_TYPE_BOTTOM && second != RP_TYPE_BOTTOM) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "type mismatch: select of %s and %s",
                                 rp_type_name(first), rp_type_name(second));
    }
    return rp_validator_push(v, first == RP_TYPE_BOTTOM ? second : first);
}

bool rp_validator_value_type(struct rp_validator *v, uint32_t *out_type)
{
    uint8_t byte = rp_read_byte(&v->reader);
    if (v->reader.error != NULL) {
        return rp_validator_fail_reader(v);
    }
    *out_type = byte;
    switch (byte) {
    case RP_TYPE_I32:
    case RP_TYPE_I64:
    case RP_TYPE_F32:
    case RP_TYPE_F64:
        return true;
    case RP_TYPE_FUNCREF:
    case RP_TYPE_EXTERNREF:
        v->features |= 1u << RP_FEATURE_REFERENCE_TYPES;
        return true;
    case RP_TYPE_V128:
        return rp_validator_fail_feature(v, RP_FEATURE_SIMD);
    case 0x63:
    case 0x64:
        return rp_validator_fail_feature(v, RP_FEATURE_FUNCTION_REFERENCES);
    case 0x69:
    case 0x74:
        return rp_validator_fail_feature(v, RP_FEATURE_EXCEPTIONS);
    default:
        break;
    }
    if (byte >= 0x6a && byte <= 0x73) {
        return rp_validator_fail_feature(v, RP_FEATURE_GC);
    }
    return rp_validator_fail(v, RP_ERROR_MALFORMED, v->reader.pos - 1,
                             "malformed value type 0x%02x", byte);
}

bool rp_validate_select_typed(struct rp_validator *v)
{
    uint32_t count = rp_read_u32(&v->reader);
    if (v->reader.error != NULL) {
        return rp_validator_fail_reader(v);
    }
    if (count != 1) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                                 "invalid result arity: select of %u types", count);
    }
    uint32_t type = 0;
    v->features |= 1u << RP_FEATURE_REFERENCE_TYPES;
    return rp_validator_value_type(v, &type) && rp_validator_pop(v, RP_TYPE_I32) &&
           rp_validator_pop(v, type) && rp_validator_pop(v, type) && rp_validator_push(v, type);
}

/* A heap type of `ref.null`. */
bool rp_validator_heap_type(struct rp_validator *v, uint32_t *out_type)
{
    const uint8_t *at = v->reader.pos;
    int64_t type = rp_read_s33(&v->reader);
    if (v->reader.error != NULL) {
        return rp_validator_fail_reader(v);
    }
    if (type >= 0) {
        return (uint64_t)type < v->module->type_count
                   ? rp_validator_fail_feature(v, RP_FEATURE_FUNCTION_REFERENCES)
                   : rp_validator_fail_index(v, "type", (uint32_t)type, v->module->type_count);
    }
    if (v->reader.pos - at !=
        1) { /* abstract heap types are bytes; only an index may be padded (5.3.3) */
        return rp_validator_fail(v, RP_ERROR_MALFORMED, at, "malformed heap type");
    }
    *out_type = (uint32_t)(type & 0x7f);
    if (type == -0x10 || type == -0x11) {
        return true;
    }
    if (type == -0x17 || type == -0x0c) {
        return rp_validator_fail_feature(v, RP_FEATURE_EXCEPTIONS);
    }
    if (type >= -0x16 && type <= -0x0d) {
        return rp_validator_fail_feature(v, RP_FEATURE_GC);
    }
    return rp_validator_fail(v, RP_ERROR_MALFORMED, at, "malformed heap type");
}

static bool check_declared(struct rp_validator *v, uint32_t func_index)
{
    if (v->locating) {
        return true;
    }
    if (v->declared_funcs == NULL ||
        (v->declared_funcs[func_index / 8] >> func_index % 8 & 1) == 0) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                                 "undeclared function reference: function %u", func_index);
    }
    return true;
}

bool rp_validate_reference(struct rp_validator *v, enum rp_op op)
{
    uint32_t type = RP_TYPE_BOTTOM;
    uint32_t func_index = 0;
    v->features |= 1u << RP_FEATURE_REFERENCE_TYPES;
    switch (op) {
    case RP_OP_ref_null:
        return rp_validator_heap_type(v, &type) && rp_validator_push(v, type);
    case RP_OP_ref_is_null:
        if (!rp_validator_pop_any(v, &type)) {
            return false;
        }
        if (type != RP_TYPE_BOTTOM && !rp_type_is_reference(type)) {
            return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "type mismatch: ref.is_null of %s",
                                     rp_type_name(type));
        }
        return rp_validator_push(v, RP_TYPE_I32);
    default:
        RP_ASSERT(op == RP_OP_ref_func);
        return rp_validator_index(v, "function", v->module->func_count, &func_index) &&
               check_declared(v, func_index) && rp_validator_push(v, RP_TYPE_FUNCREF);
    }
}

static bool need_memory(struct rp_validator *v, uint32_t memory)
{
    if (RP_UNLIKELY(v->module->memory_count == 0)) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                                 "unknown memory %u: %s needs a memory, the module has none",
                                 memory, rp_op_infos[rp_code_op_at(v->at)].text);
    }
    return true;
}

/* A memory index: one byte 0 without the multi-memory feature. */
bool rp_validator_memory(struct rp_validator *v)
{
    uint32_t memory = rp_read_u32(&v->reader);
    if (v->reader.error != NULL) {
        return rp_validator_fail_reader(v);
    }
    if (!need_memory(v, memory)) {
        return false;
    }
    return memory == 0 || rp_validator_fail_index(v, "memory", memory, v->module->memory_count);
}

bool rp_validator_memarg_slow(struct rp_validator *v, uint32_t natural_alignment)
{
    const uint8_t *at = v->reader.pos;
    uint32_t flags = rp_read_u32(&v->reader);
    if (RP_UNLIKELY(flags >= 64 && v->reader.error == NULL)) {
        return flags < 128 ? rp_validator_fail_feature(v, RP_FEATURE_MULTI_MEMORY)
                           : rp_validator_fail(v, RP_ERROR_MALFORMED, at,
                                               "malformed memop flags 0x%x", flags);
    }
    const uint8_t *offset_at = v->reader.pos;
    uint64_t offset = rp_read_u64(&v->reader);
    if (RP_UNLIKELY(v->reader.error != NULL)) {
        return rp_validator_fail_reader(v);
    }
    if (!need_memory(v, 0)) {
        return false;
    }
    if (RP_UNLIKELY(flags > natural_alignment)) {
        return rp_validator_fail(v, RP_ERROR_INVALID, at,
                                 "alignment must not be larger than natural: 2^%u", flags);
    }
    if (RP_UNLIKELY(offset > UINT32_MAX)) {
        return rp_validator_fail(v, RP_ERROR_INVALID, offset_at,
                                 "offset out of range for a 32-bit memory");
    }
    return true;
}

bool rp_validate_table_op(struct rp_validator *v, enum rp_op op)
{
    const struct rp_module *module = v->module;
    uint32_t table = 0;
    if (!rp_validator_index(v, "table", module->table_count, &table)) {
        return false;
    }
    uint32_t type = module->tables[table].element_type;
    switch (op) {
    case RP_OP_table_get:
        return rp_validator_pop(v, RP_TYPE_I32) && rp_validator_push(v, type);
    case RP_OP_table_set:
        return rp_validator_pop(v, type) && rp_validator_pop(v, RP_TYPE_I32);
    case RP_OP_table_size:
        return rp_validator_push(v, RP_TYPE_I32);
    case RP_OP_table_grow:
        return rp_validator_pop(v, RP_TYPE_I32) && rp_validator_pop(v, type) &&
               rp_validator_push(v, RP_TYPE_I32);
    default:
        RP_ASSERT(op == RP_OP_table_fill);
        return rp_validator_pop(v, RP_TYPE_I32) && rp_validator_pop(v, type) &&
               rp_validator_pop(v, RP_TYPE_I32);
    }
}

static bool pop_three_i32(struct rp_validator *v)
{
    return rp_validator_pop(v, RP_TYPE_I32) && rp_validator_pop(v, RP_TYPE_I32) &&
           rp_validator_pop(v, RP_TYPE_I32);
}

static bool read_data(struct rp_validator *v)
{
    uint32_t data = rp_read_u32(&v->reader);
    if (v->reader.error != NULL) {
        return rp_validator_fail_reader(v);
    }
    if (!v->module->has_data_count) {
        return rp_validator_fail(v, RP_ERROR_MALFORMED, v->at, "data count section required");
    }
    return data < v->module->data_count ||
           rp_validator_fail_index(v, "data segment", data, v->module->data_count);
}

bool rp_validate_bulk(struct rp_validator *v, enum rp_op op)
{
    const struct rp_module *module = v->module;
    uint32_t first = 0;
    uint32_t second = 0;
    switch (op) {
    case RP_OP_memory_init:
        return read_data(v) && rp_validator_memory(v) && pop_three_i32(v);
    case RP_OP_data_drop:
        return read_data(v);
    case RP_OP_memory_copy:
        return rp_validator_memory(v) && rp_validator_memory(v) && pop_three_i32(v);
    case RP_OP_memory_fill:
        return rp_validator_memory(v) && pop_three_i32(v);
    case RP_OP_elem_drop:
        return rp_validator_index(v, "element segment", module->element_count, &first);
    case RP_OP_table_init:
        if (!rp_validator_index(v, "element segment", module->element_count, &first) ||
            !rp_validator_index(v, "table", module->table_count, &second)) {
            return false;
        }
        if (module->elements[first].type != module->tables[second].element_type) {
            return rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                                     "type mismatch: table.init of another element type");
        }
        return pop_three_i32(v);
    default:
        RP_ASSERT(op == RP_OP_table_copy);
        if (!rp_validator_index(v, "table", module->table_count, &first) ||
            !rp_validator_index(v, "table", module->table_count, &second)) {
            return false;
        }
        if (module->tables[first].element_type != module->tables[second].element_type) {
            return rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                                     "type mismatch: table.copy between other element types");
        }
        return pop_three_i32(v);
    }
}

bool rp_validate_global(struct rp_validator *v, bool set)
{
    uint32_t index = 0;
    if (!rp_validator_index(v, "global", v->module->global_count, &index)) {
        return false;
    }
    const struct rp_global_type *type = &v->module->globals[index].type;
    if (!set) {
        return rp_validator_push(v, type->type);
    }
    if (!type->is_mutable) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "global %u is immutable", index);
    }
    return rp_validator_pop(v, type->type);
}
