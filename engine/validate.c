/* Validation of function bodies (layer 2; core specification 3.3 and the appendix "Validation Algorithm"): one pass, linear in what it charges for. */
#include "engine/validator.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* pop and push check against RP_LIMIT_OPERANDS; lists are at most RP_LIMIT_RESULTS long. */
#define OPERAND_ROOM (RP_LIMIT_OPERANDS + 1)

bool rp_validator_fail(struct rp_validator *v, rp_status status, const uint8_t *at, const char *format, ...)
{
    if (v->status != RP_OK) {
        return false;
    }
    char text[320];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    uint64_t offset = (uint64_t)(at - v->module->bytes);
    if (v->body == NULL) {
        v->status = rp_report_fail_at(v->report, status, offset, "%s", text);
    } else {
        v->status = rp_report_fail_at(v->report, status, offset, "function %u: %s", v->func_index, text);
    }
    return false;
}

bool rp_validator_fail_reader(struct rp_validator *v)
{
    return rp_validator_fail(v, RP_ERROR_MALFORMED, v->reader.error_at, "%s", v->reader.error);
}

bool rp_validator_fail_feature(struct rp_validator *v, enum rp_feature feature)
{
    return rp_validator_fail(v, RP_ERROR_UNSUPPORTED, v->at, "needs the feature \"%s\"", rp_feature_names[feature]);
}

bool rp_validator_fail_index(struct rp_validator *v, const char *what, uint32_t index, uint32_t count)
{
    return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "unknown %s %u, there are %u", what, index, count);
}

/* ---- operands ---- */

bool rp_validator_pop_slow(struct rp_validator *v, uint32_t expected)
{
    const char *name = v->at < v->reader.end ? rp_op_infos[rp_code_op_at(v->at)].text : "expression";
    if (v->height == v->base) {
        if (v->controls[v->control_count - 1].unreachable) {
            return true;
        }
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "type mismatch: %s needs %s, the operand stack is empty",
                                 name, rp_type_name(expected));
    }
    uint32_t actual = v->types[v->height - 1];
    if (actual != RP_TYPE_BOTTOM && expected != RP_TYPE_BOTTOM) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "type mismatch: %s needs %s, found %s", name,
                                 rp_type_name(expected), rp_type_name(actual));
    }
    v->height--;
    return true;
}

/* Pops anything; in polymorphic stacks that is BOTTOM. */
bool rp_validator_pop_any(struct rp_validator *v, uint32_t *out_type)
{
    *out_type = v->height > v->base ? v->types[v->height - 1] : RP_TYPE_BOTTOM;
    return rp_validator_pop(v, *out_type);
}

bool rp_validator_pop_list(struct rp_validator *v, const uint32_t *types, uint32_t count)
{
    v->steps += count;
    for (uint32_t i = count; i-- > 0;) {
        if (!rp_validator_pop(v, types[i])) {
            return false;
        }
    }
    return true;
}

bool rp_validator_push_list(struct rp_validator *v, const uint32_t *types, uint32_t count)
{
    v->steps += count;
    for (uint32_t i = 0; i < count; i++) {
        if (!rp_validator_push(v, types[i])) {
            return false;
        }
    }
    return true;
}

/* ---- other instructions typed here ---- */

static bool validate_select(struct rp_validator *v)
{
    uint32_t first = 0;
    uint32_t second = 0;
    if (!rp_validator_pop(v, RP_TYPE_I32) || !rp_validator_pop_any(v, &second) || !rp_validator_pop_any(v, &first)) {
        return false;
    }
    if (rp_type_is_reference(first) || rp_type_is_reference(second)) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "type mismatch: select without a type takes numbers only");
    }
    if (first != second && first != RP_TYPE_BOTTOM && second != RP_TYPE_BOTTOM) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "type mismatch: select of %s and %s", rp_type_name(first),
                                 rp_type_name(second));
    }
    return rp_validator_push(v, first == RP_TYPE_BOTTOM ? second : first);
}

static bool read_value_type(struct rp_validator *v, uint32_t *out_type)
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
    case RP_TYPE_FUNCREF:
    case RP_TYPE_EXTERNREF: return true;
    case RP_TYPE_V128: return rp_validator_fail_feature(v, RP_FEATURE_SIMD);
    case 0x63:
    case 0x64: return rp_validator_fail_feature(v, RP_FEATURE_FUNCTION_REFERENCES);
    case 0x69:
    case 0x74: return rp_validator_fail_feature(v, RP_FEATURE_EXCEPTIONS);
    default: break;
    }
    if (byte >= 0x6a && byte <= 0x73) {
        return rp_validator_fail_feature(v, RP_FEATURE_GC);
    }
    return rp_validator_fail(v, RP_ERROR_MALFORMED, v->reader.pos - 1, "malformed value type 0x%02x", byte);
}

static bool validate_select_typed(struct rp_validator *v)
{
    uint32_t count = rp_read_u32(&v->reader);
    if (v->reader.error != NULL) {
        return rp_validator_fail_reader(v);
    }
    if (count != 1) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "invalid result arity: select of %u types", count);
    }
    uint32_t type = 0;
    v->features |= 1u << RP_FEATURE_REFERENCE_TYPES;
    return read_value_type(v, &type) && rp_validator_pop(v, RP_TYPE_I32) && rp_validator_pop(v, type) && rp_validator_pop(v, type) && rp_validator_push(v, type);
}

/* A heap type of `ref.null`. */
static bool read_heap_type(struct rp_validator *v, uint32_t *out_type)
{
    const uint8_t *at = v->reader.pos;
    int64_t type = rp_read_s33(&v->reader);
    if (v->reader.error != NULL) {
        return rp_validator_fail_reader(v);
    }
    if (type >= 0) {
        return (uint64_t)type < v->module->type_count ? rp_validator_fail_feature(v, RP_FEATURE_FUNCTION_REFERENCES)
                                                      : rp_validator_fail_index(v, "type", (uint32_t)type, v->module->type_count);
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
    if (v->declared_funcs == NULL || (v->declared_funcs[func_index / 8] >> func_index % 8 & 1) == 0) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "undeclared function reference: function %u", func_index);
    }
    return true;
}

static bool validate_reference(struct rp_validator *v, enum rp_op op)
{
    uint32_t type = RP_TYPE_BOTTOM;
    uint32_t func_index = 0;
    v->features |= 1u << RP_FEATURE_REFERENCE_TYPES;
    switch (op) {
    case RP_OP_ref_null: return read_heap_type(v, &type) && rp_validator_push(v, type);
    case RP_OP_ref_is_null:
        if (!rp_validator_pop_any(v, &type)) {
            return false;
        }
        if (type != RP_TYPE_BOTTOM && !rp_type_is_reference(type)) {
            return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "type mismatch: ref.is_null of %s", rp_type_name(type));
        }
        return rp_validator_push(v, RP_TYPE_I32);
    default:
        RP_ASSERT(op == RP_OP_ref_func);
        return rp_validator_index(v, "function", v->module->func_count, &func_index) && check_declared(v, func_index) &&
               rp_validator_push(v, RP_TYPE_FUNCREF);
    }
}

static bool need_memory(struct rp_validator *v, uint32_t memory)
{
    if (RP_UNLIKELY(v->module->memory_count == 0)) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "unknown memory %u: %s needs a memory, the module has none",
                                 memory, rp_op_infos[rp_code_op_at(v->at)].text);
    }
    return true;
}

/* A memory index: one byte 0 without the multi-memory feature. */
static bool read_memory(struct rp_validator *v)
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

static inline bool read_memarg(struct rp_validator *v, uint32_t natural_alignment)
{
    const uint8_t *at = v->reader.pos;
    uint32_t flags = rp_read_u32(&v->reader);
    if (RP_UNLIKELY(flags >= 64 && v->reader.error == NULL)) {
        return flags < 128 ? rp_validator_fail_feature(v, RP_FEATURE_MULTI_MEMORY)
                           : rp_validator_fail(v, RP_ERROR_MALFORMED, at, "malformed memop flags 0x%x", flags);
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
        return rp_validator_fail(v, RP_ERROR_INVALID, at, "alignment must not be larger than natural: 2^%u", flags);
    }
    if (RP_UNLIKELY(offset > UINT32_MAX)) {
        return rp_validator_fail(v, RP_ERROR_INVALID, offset_at, "offset out of range for a 32-bit memory");
    }
    return true;
}

static bool validate_table_op(struct rp_validator *v, enum rp_op op)
{
    const struct rp_module *module = v->module;
    uint32_t table = 0;
    if (!rp_validator_index(v, "table", module->table_count, &table)) {
        return false;
    }
    uint32_t type = module->tables[table].element_type;
    switch (op) {
    case RP_OP_table_get: return rp_validator_pop(v, RP_TYPE_I32) && rp_validator_push(v, type);
    case RP_OP_table_set: return rp_validator_pop(v, type) && rp_validator_pop(v, RP_TYPE_I32);
    case RP_OP_table_size: return rp_validator_push(v, RP_TYPE_I32);
    case RP_OP_table_grow: return rp_validator_pop(v, RP_TYPE_I32) && rp_validator_pop(v, type) && rp_validator_push(v, RP_TYPE_I32);
    default:
        RP_ASSERT(op == RP_OP_table_fill);
        return rp_validator_pop(v, RP_TYPE_I32) && rp_validator_pop(v, type) && rp_validator_pop(v, RP_TYPE_I32);
    }
}

static bool pop_three_i32(struct rp_validator *v)
{
    return rp_validator_pop(v, RP_TYPE_I32) && rp_validator_pop(v, RP_TYPE_I32) && rp_validator_pop(v, RP_TYPE_I32);
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
    return data < v->module->data_count || rp_validator_fail_index(v, "data segment", data, v->module->data_count);
}

static bool validate_bulk(struct rp_validator *v, enum rp_op op)
{
    const struct rp_module *module = v->module;
    uint32_t first = 0;
    uint32_t second = 0;
    switch (op) {
    case RP_OP_memory_init: return read_data(v) && read_memory(v) && pop_three_i32(v);
    case RP_OP_data_drop: return read_data(v);
    case RP_OP_memory_copy: return read_memory(v) && read_memory(v) && pop_three_i32(v);
    case RP_OP_memory_fill: return read_memory(v) && pop_three_i32(v);
    case RP_OP_elem_drop: return rp_validator_index(v, "element segment", module->element_count, &first);
    case RP_OP_table_init:
        if (!rp_validator_index(v, "element segment", module->element_count, &first) ||
            !rp_validator_index(v, "table", module->table_count, &second)) {
            return false;
        }
        if (module->elements[first].type != module->tables[second].element_type) {
            return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "type mismatch: table.init of another element type");
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

static bool validate_global(struct rp_validator *v, bool set)
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

/* ---- instructions typed by the table ---- */

struct signature {
    uint8_t operand_count;
    uint8_t result_count;
    uint8_t types[4]; /* operands, then the result */
};

enum { I = RP_TYPE_I32, L = RP_TYPE_I64, F = RP_TYPE_F32, D = RP_TYPE_F64, V = RP_TYPE_V128 };

/* The letters of rp_signature_names as types; addresses are i32 in 32-bit memories. */
static const struct signature signatures[RP_SIG_COUNT] = {
    [RP_SIG__] = {0, 0, {0}},
    [RP_SIG__a] = {0, 1, {I}},
    [RP_SIG__d] = {0, 1, {D}},
    [RP_SIG__f] = {0, 1, {F}},
    [RP_SIG__i] = {0, 1, {I}},
    [RP_SIG__l] = {0, 1, {L}},
    [RP_SIG__v] = {0, 1, {V}},
    [RP_SIG_a_a] = {1, 1, {I, I}},
    [RP_SIG_a_d] = {1, 1, {I, D}},
    [RP_SIG_a_f] = {1, 1, {I, F}},
    [RP_SIG_a_i] = {1, 1, {I, I}},
    [RP_SIG_a_l] = {1, 1, {I, L}},
    [RP_SIG_a_v] = {1, 1, {I, V}},
    [RP_SIG_ad_] = {2, 0, {I, D}},
    [RP_SIG_af_] = {2, 0, {I, F}},
    [RP_SIG_ai_] = {2, 0, {I, I}},
    [RP_SIG_al_] = {2, 0, {I, L}},
    [RP_SIG_av_] = {2, 0, {I, V}},
    [RP_SIG_av_v] = {2, 1, {I, V, V}},
    [RP_SIG_d_d] = {1, 1, {D, D}},
    [RP_SIG_d_f] = {1, 1, {D, F}},
    [RP_SIG_d_i] = {1, 1, {D, I}},
    [RP_SIG_d_l] = {1, 1, {D, L}},
    [RP_SIG_d_v] = {1, 1, {D, V}},
    [RP_SIG_dd_d] = {2, 1, {D, D, D}},
    [RP_SIG_dd_i] = {2, 1, {D, D, I}},
    [RP_SIG_f_d] = {1, 1, {F, D}},
    [RP_SIG_f_f] = {1, 1, {F, F}},
    [RP_SIG_f_i] = {1, 1, {F, I}},
    [RP_SIG_f_l] = {1, 1, {F, L}},
    [RP_SIG_f_v] = {1, 1, {F, V}},
    [RP_SIG_ff_f] = {2, 1, {F, F, F}},
    [RP_SIG_ff_i] = {2, 1, {F, F, I}},
    [RP_SIG_i_d] = {1, 1, {I, D}},
    [RP_SIG_i_f] = {1, 1, {I, F}},
    [RP_SIG_i_i] = {1, 1, {I, I}},
    [RP_SIG_i_l] = {1, 1, {I, L}},
    [RP_SIG_i_v] = {1, 1, {I, V}},
    [RP_SIG_ii_i] = {2, 1, {I, I, I}},
    [RP_SIG_l_d] = {1, 1, {L, D}},
    [RP_SIG_l_f] = {1, 1, {L, F}},
    [RP_SIG_l_i] = {1, 1, {L, I}},
    [RP_SIG_l_l] = {1, 1, {L, L}},
    [RP_SIG_l_v] = {1, 1, {L, V}},
    [RP_SIG_ll_i] = {2, 1, {L, L, I}},
    [RP_SIG_ll_l] = {2, 1, {L, L, L}},
    [RP_SIG_v_d] = {1, 1, {V, D}},
    [RP_SIG_v_f] = {1, 1, {V, F}},
    [RP_SIG_v_i] = {1, 1, {V, I}},
    [RP_SIG_v_l] = {1, 1, {V, L}},
    [RP_SIG_v_v] = {1, 1, {V, V}},
    [RP_SIG_vd_v] = {2, 1, {V, D, V}},
    [RP_SIG_vf_v] = {2, 1, {V, F, V}},
    [RP_SIG_vi_v] = {2, 1, {V, I, V}},
    [RP_SIG_vl_v] = {2, 1, {V, L, V}},
    [RP_SIG_vv_v] = {2, 1, {V, V, V}},
    [RP_SIG_vvv_v] = {3, 1, {V, V, V, V}},
};

static inline bool apply_signature(struct rp_validator *v, const struct signature *s)
{
    v->steps += s->operand_count + s->result_count;
    for (uint32_t i = s->operand_count; i-- > 0;) {
        if (!rp_validator_pop(v, s->types[i])) {
            return false;
        }
    }
    return s->result_count == 0 || rp_validator_push(v, s->types[s->operand_count]);
}

/* ---- the pass ---- */

static bool validate_memory_access(struct rp_validator *v, enum rp_op op)
{
    static const uint8_t alignments[] = {2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 3, 2, 3, 0, 1, 0, 1, 2};
    return read_memarg(v, alignments[op - RP_OP_i32_load]) &&
           apply_signature(v, &signatures[rp_op_infos[op].signature]);
}

static bool read_constant(struct rp_validator *v, enum rp_op op)
{
    switch (op) {
    case RP_OP_i32_const: rp_read_s32(&v->reader); break;
    case RP_OP_i64_const: rp_read_s64(&v->reader); break;
    case RP_OP_f32_const: rp_read_f32_bits(&v->reader); break;
    default: rp_read_f64_bits(&v->reader); break;
    }
    return RP_LIKELY(v->reader.error == NULL) ? true : rp_validator_fail_reader(v);
}

/* Instructions behind a prefix byte, and those that are not in the MVP. */
static bool validate_other(struct rp_validator *v, enum rp_op op)
{
    const struct rp_op_info *info = &rp_op_infos[op];
    uint32_t engine_features = v->module->engine->features;
    if ((engine_features >> info->feature & 1) == 0) {
        return rp_validator_fail_feature(v, info->feature);
    }
    v->features |= 1u << info->feature;
    v->run_price += v->schedule->op_prices[op];
    if (info->signature != RP_SIG_poly && info->immediate == RP_IMM_NONE) {
        return apply_signature(v, &signatures[info->signature]);
    }
    v->steps += 3;
    switch (op) {
    case RP_OP_select_t: return validate_select_typed(v);
    case RP_OP_table_get:
    case RP_OP_table_set:
    case RP_OP_table_size:
    case RP_OP_table_grow:
    case RP_OP_table_fill: return validate_table_op(v, op);
    case RP_OP_ref_null:
    case RP_OP_ref_is_null:
    case RP_OP_ref_func: return validate_reference(v, op);
    default: return validate_bulk(v, op);
    }
}

static bool validate_prefixed(struct rp_validator *v, uint8_t byte)
{
    uint8_t prefix = byte >= 0xfb && byte <= 0xfe ? byte : 0;
    uint32_t code = prefix == 0 ? byte : rp_read_u32(&v->reader);
    if (v->reader.error != NULL) {
        return rp_validator_fail_reader(v);
    }
    if (prefix == 0xfe) {
        return rp_validator_fail_feature(v, RP_FEATURE_THREADS);
    }
    enum rp_op op = rp_op_find(prefix, code);
    if (op == RP_OP_NONE) {
        return rp_validator_fail(v, RP_ERROR_MALFORMED, v->at, "illegal opcode 0x%02x%s", prefix == 0 ? byte : prefix,
                                 prefix == 0 ? "" : " with an unknown second part");
    }
    return validate_other(v, op);
}

static inline bool validate_local(struct rp_validator *v, uint8_t byte)
{
    uint32_t index = 0;
    if (!rp_validator_index(v, "local", v->local_count, &index)) {
        return false;
    }
    uint32_t type = v->locals[index];
    v->steps += 1 + (byte == 0x22);
    if (byte == 0x20) {
        return rp_validator_push(v, type);
    }
    return rp_validator_pop(v, type) && (byte == 0x21 || rp_validator_push(v, type));
}

/* One instruction whose opcode byte has been read. The row of a one-byte opcode of the MVP is found without a table: the switch covers
 * control and what has immediates, everything from i32.eqz to f64.reinterpret_i64 is typed by the table. */
static inline bool validate_instruction(struct rp_validator *v, uint8_t byte)
{
    enum rp_op op = v->ops[byte];
    if (byte >= 0x45 && byte <= 0xbf) {
        v->run_price += v->schedule->op_prices[op];
        return apply_signature(v, &signatures[rp_op_infos[op].signature]);
    }
    switch (byte) {
    case 0x02:
    case 0x03:
    case 0x04: return rp_validate_block(v, op);
    case 0x05: return rp_validate_else(v);
    case 0x0b: return rp_validate_end(v);
    case 0x0c: return rp_validate_br(v, false);
    case 0x0d: return rp_validate_br(v, true);
    case 0x0e: return rp_validate_br_table(v);
    case 0x0f: return rp_validate_return(v);
    case 0x10: return rp_validate_call(v);
    case 0x11: return rp_validate_call_indirect(v);
    case 0x00: case 0x01: case 0x1a: case 0x1b: case 0x20: case 0x21: case 0x22: case 0x23: case 0x24: case 0x3f:
    case 0x40: case 0x41: case 0x42: case 0x43: case 0x44: v->run_price += v->schedule->op_prices[op]; break;
    default: break;
    }
    uint32_t dropped = 0;
    switch (byte) {
    case 0x00:
        if (!v->dead) {
            rp_run_close(v);
        }
        rp_validate_dead(v);
        return true;
    case 0x01: return true;
    case 0x1a: v->steps++; return rp_validator_pop_any(v, &dropped);
    case 0x1b: v->steps += 4; return validate_select(v);
    case 0x20:
    case 0x21:
    case 0x22: return validate_local(v, byte);
    case 0x23:
    case 0x24: v->steps++; return validate_global(v, byte == 0x24);
    case 0x3f:
    case 0x40: return read_memory(v) && apply_signature(v, &signatures[rp_op_infos[op].signature]);
    case 0x41:
    case 0x42:
    case 0x43:
    case 0x44: return read_constant(v, op) && apply_signature(v, &signatures[rp_op_infos[op].signature]);
    default:
        if (byte >= 0x28 && byte <= 0x3e) {
            v->run_price += v->schedule->op_prices[op];
            return validate_memory_access(v, op);
        }
        return validate_prefixed(v, byte);
    }
}

static RP_ALWAYS_INLINE bool validate_expression(struct rp_validator *v, const uint8_t *stop_at)
{
    while (v->control_count != 0) {
        const uint8_t *at = v->reader.pos;
        v->at = at;
        if (stop_at != NULL && at == stop_at) {
            return true;
        }
        if (RP_UNLIKELY(at >= v->reader.end)) {
            return rp_validator_fail(v, RP_ERROR_MALFORMED, at, "unexpected end: the function has no final end");
        }
        v->reader.pos = at + 1;
        if (RP_UNLIKELY(!validate_instruction(v, *at))) {
            return false;
        }
    }
    return true;
}

/* The specification's bound on the number of locals is 2^32 - 1 (malformed beyond), ours is RP_LIMIT_LOCALS. */
static bool check_local_count(struct rp_validator *v, uint64_t count)
{
    if (count > UINT32_MAX) {
        return rp_validator_fail(v, RP_ERROR_MALFORMED, v->at, "too many locals: %llu", (unsigned long long)count);
    }
    return count <= RP_LIMIT_LOCALS || rp_validator_fail(v, RP_ERROR_LIMIT, v->at, "too many locals: %llu, the limit is %u",
                                                         (unsigned long long)count, RP_LIMIT_LOCALS);
}

static bool read_locals(struct rp_validator *v, const struct rp_func_type *type)
{
    uint64_t total = type->param_count;
    if (total != 0) {
        memcpy(v->locals, type->types, type->param_count * sizeof *v->locals);
    }
    uint32_t group_count = rp_read_u32(&v->reader);
    for (uint32_t i = 0; i < group_count; i++) {
        uint32_t count = rp_read_u32(&v->reader);
        uint32_t local_type = 0;
        if (v->reader.error != NULL) {
            return rp_validator_fail_reader(v);
        }
        if (!read_value_type(v, &local_type)) {
            return false;
        }
        if (total + count <= RP_LIMIT_LOCALS) {
            for (uint32_t j = 0; j < count; j++) {
                v->locals[total + j] = local_type;
            }
        }
        total += count;
        v->steps += 1 + count / 16;
    }
    if (v->reader.error != NULL) {
        return rp_validator_fail_reader(v);
    }
    v->local_count = (uint32_t)total;
    return check_local_count(v, total);
}

static bool begin_function(struct rp_validator *v, uint32_t func_index, uint32_t offset, uint32_t size)
{
    const struct rp_func_type *type = rp_module_func_type(v->module, func_index);
    rp_reader_init(&v->reader, v->module->bytes, offset, (size_t)offset + size);
    v->func_index = func_index;
    v->entry_offset = offset;
    v->body = v->reader.pos;
    v->at = v->body;
    v->height = 0;
    v->height_watch = 0;
    v->dead = false;
    v->control_count = 0;
    v->first_word = v->word_count;
    if (!read_locals(v, type)) {
        return false;
    }
    v->body = v->reader.pos;
    rp_run_begin_function(v);
    return rp_validate_function_block(v, type->types + type->param_count, type->result_count);
}

static void finish_function(struct rp_validator *v, struct rp_code *code, const struct rp_func_type *type)
{
    uint32_t height = v->dead ? v->height_max : v->height_watch;
    uint32_t slots = 2 + v->local_count + height;
    uint64_t frame_price = rp_schedule_term(v->schedule, RP_GAS_TERM_FRAME, slots);
    *code = (struct rp_code){
        .body = v->body,
        .type = type,
        .entry_offset = v->entry_offset,
        .body_size = (uint32_t)(v->reader.pos - v->body),
        .local_count = v->local_count,
        .operand_max = height,
        .frame_slots = slots,
        .frame_price = frame_price > RP_RUN_PRICE_MAX ? RP_RUN_PRICE_MAX : (uint32_t)frame_price,
        .run_price = v->first_run_price,
        .side_table_words = v->word_count - v->first_word,
    };
}

rp_status rp_validator_function(struct rp_validator *v, uint32_t func_index, uint32_t offset, uint32_t size,
                                struct rp_code *out_code)
{
    if (!begin_function(v, func_index, offset, size) || !validate_expression(v, NULL)) {
        return v->status;
    }
    finish_function(v, out_code, rp_module_func_type(v->module, func_index));
    v->body = NULL;
    return RP_OK;
}

/* ---- constant expressions ---- */

static bool validate_const_instruction(struct rp_validator *v, enum rp_op op, uint32_t global_limit)
{
    uint32_t index = 0;
    uint32_t type = 0;
    v->steps++;
    switch (op) {
    case RP_OP_i32_const: return read_constant(v, op) && rp_validator_push(v, RP_TYPE_I32);
    case RP_OP_i64_const: return read_constant(v, op) && rp_validator_push(v, RP_TYPE_I64);
    case RP_OP_f32_const: return read_constant(v, op) && rp_validator_push(v, RP_TYPE_F32);
    case RP_OP_f64_const: return read_constant(v, op) && rp_validator_push(v, RP_TYPE_F64);
    case RP_OP_ref_null:
        v->features |= 1u << RP_FEATURE_REFERENCE_TYPES;
        return read_heap_type(v, &type) && rp_validator_push(v, type);
    case RP_OP_ref_func:
        if (!rp_validator_index(v, "function", v->module->func_count, &index)) {
            return false;
        }
        v->features |= 1u << RP_FEATURE_REFERENCE_TYPES;
        if (rp_validator_declare_func(v, index) != RP_OK) {
            return rp_validator_fail(v, RP_ERROR_NO_MEMORY, v->at, "no memory for declared functions");
        }
        return rp_validator_push(v, RP_TYPE_FUNCREF);
    case RP_OP_global_get:
        if (!rp_validator_index(v, "global", global_limit, &index)) {
            return false;
        }
        if (v->module->globals[index].type.is_mutable) {
            return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "constant expression required: global %u is mutable",
                                     index);
        }
        if (index >= v->module->global_import_count) {
            return rp_validator_fail_feature(v, RP_FEATURE_GC);
        }
        return rp_validator_push(v, v->module->globals[index].type.type);
    case RP_OP_i32_add: case RP_OP_i32_sub: case RP_OP_i32_mul:
    case RP_OP_i64_add: case RP_OP_i64_sub: case RP_OP_i64_mul: return rp_validator_fail_feature(v, RP_FEATURE_EXTENDED_CONST);
    case RP_OP_v128_const: return rp_validator_fail_feature(v, RP_FEATURE_SIMD);
    default: break;
    }
    if (op != RP_OP_NONE && rp_op_infos[op].feature == RP_FEATURE_GC) {
        return rp_validator_fail_feature(v, RP_FEATURE_GC);
    }
    if (op == RP_OP_NONE) {
        return rp_validator_fail(v, RP_ERROR_MALFORMED, v->at, "illegal opcode 0x%02x", *v->at);
    }
    return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "constant expression required: %s is not constant",
                             rp_op_infos[op].text);
}

static bool validate_const(struct rp_validator *v, uint32_t expected_type, uint32_t global_limit)
{
    for (;;) {
        v->at = v->reader.pos;
        uint8_t byte = rp_read_byte(&v->reader);
        uint8_t prefix = byte >= 0xfb && byte <= 0xfd ? byte : 0;
        uint32_t code = prefix == 0 ? byte : rp_read_u32(&v->reader);
        if (v->reader.error != NULL) {
            return rp_validator_fail_reader(v);
        }
        if (byte == 0x0b) {
            break;
        }
        if (!validate_const_instruction(v, rp_op_find(prefix, code), global_limit)) {
            return false;
        }
    }
    if (!rp_validator_pop(v, expected_type)) {
        return false;
    }
    return v->height == 0 ||
           rp_validator_fail(v, RP_ERROR_INVALID, v->at, "type mismatch: a constant expression leaves one value");
}

rp_status rp_validator_const_expr(struct rp_validator *v, struct rp_reader *reader, uint32_t expected_type,
                                  uint32_t global_limit, struct rp_const_expr *out_expr)
{
    struct rp_control control = {.kind = RP_OP_block};
    struct rp_control *outer = v->controls;
    v->body = NULL;
    v->reader = *reader;
    v->height = 0;
    v->height_watch = 0;
    v->base = 0;
    v->controls = &control;
    v->control_count = 1;
    bool valid = validate_const(v, expected_type, global_limit);
    v->controls = outer;
    v->control_count = 0;
    if (!valid) {
        return v->status;
    }
    *out_expr = (struct rp_const_expr){(uint32_t)rp_reader_offset(reader),
                                       (uint32_t)(v->reader.pos - reader->pos)};
    *reader = v->reader;
    return RP_OK;
}

/* ---- life ---- */

rp_status rp_validator_create(const struct rp_module *module, struct rp_allocator *allocator,
                              struct rp_validator **out_validator, rp_report *report)
{
    struct rp_validator *v = rp_alloc_zero(allocator, 1, sizeof *v);
    if (v == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the validator");
    }
    v->module = module;
    v->allocator = allocator;
    v->schedule = &module->engine->schedule;
    v->report = report;
    for (uint32_t byte = 0; byte < 256; byte++) {
        enum rp_op op = rp_op_find(0, byte);
        v->ops[byte] = (uint16_t)op;
    }
    v->types = rp_alloc(allocator, OPERAND_ROOM * sizeof *v->types);
    v->locals = rp_alloc(allocator, RP_LIMIT_LOCALS * sizeof *v->locals);
    if (v->types == NULL || v->locals == NULL) {
        rp_validator_destroy(v);
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the validator");
    }
    *out_validator = v;
    return RP_OK;
}

void rp_validator_destroy(struct rp_validator *v)
{
    rp_free(v->allocator, v->types, v->types == NULL ? 0 : OPERAND_ROOM * sizeof *v->types);
    rp_free(v->allocator, v->locals, v->locals == NULL ? 0 : RP_LIMIT_LOCALS * sizeof *v->locals);
    rp_free(v->allocator, v->controls, v->control_capacity * sizeof *v->controls);
    rp_free(v->allocator, v->declared_funcs, v->declared_bytes);
    rp_free(v->allocator, v->words, v->word_capacity * sizeof *v->words);
    rp_free(v->allocator, v, sizeof *v);
}

uint64_t rp_validator_steps(const struct rp_validator *v)
{
    return v->steps;
}

void rp_validator_finish(struct rp_validator *v, struct rp_module *module)
{
    module->side_table = v->words;
    module->side_table_count = v->word_count;
    module->side_table_capacity = v->word_capacity;
    module->features |= v->features;
    v->words = NULL;
    v->word_count = 0;
    v->word_capacity = 0;
}

rp_status rp_validator_declare_func(struct rp_validator *v, uint32_t func_index)
{
    if (v->declared_funcs == NULL) {
        uint32_t bytes = v->module->func_count / 8 + 1;
        v->declared_funcs = rp_alloc_zero(v->allocator, bytes, 1);
        if (v->declared_funcs == NULL) {
            return RP_ERROR_NO_MEMORY;
        }
        v->declared_bytes = bytes;
    }
    v->declared_funcs[func_index / 8] |= (uint8_t)(1u << func_index % 8);
    return RP_OK;
}

rp_status rp_code_locate(struct rp_validator *v, uint32_t func_index, uint32_t offset,
                         struct rp_code_location *out_location)
{
    const struct rp_module *module = v->module;
    const struct rp_code *code = rp_module_code(module, func_index);
    if (code == NULL || offset >= code->body_size) {
        return RP_ERROR_INVALID;
    }
    v->status = RP_OK;
    v->word_count = 0;
    v->locating = true;
    bool valid = begin_function(v, func_index, code->entry_offset,
                                (uint32_t)(code->body + code->body_size - module->bytes) - code->entry_offset) &&
                 validate_expression(v, code->body + offset);
    v->locating = false;
    if (!valid || v->at != code->body + offset || v->dead || v->control_count == 0) {
        return RP_ERROR_INVALID;
    }
    *out_location = (struct rp_code_location){v->word_count, v->height, v->types};
    return RP_OK;
}
