/* Validation of constant expressions (layer 2; core specification 3.4.10). */
#include "engine/validator.h"

bool rp_validator_constant(struct rp_validator *v, enum rp_op op)
{
    switch (op) {
    case RP_OP_i32_const:
        rp_read_s32(&v->reader);
        break;
    case RP_OP_i64_const:
        rp_read_s64(&v->reader);
        break;
    case RP_OP_f32_const:
        rp_read_f32_bits(&v->reader);
        break;
    default:
        rp_read_f64_bits(&v->reader);
        break;
    }
    return RP_LIKELY(v->reader.error == NULL) ? true : rp_validator_fail_reader(v);
}

static bool validate_const_instruction(struct rp_validator *v, enum rp_op op, uint32_t global_limit)
{
    uint32_t index = 0;
    uint32_t type = 0;
    v->steps++;
    switch (op) {
    case RP_OP_i32_const:
        return rp_validator_constant(v, op) && rp_validator_push(v, RP_TYPE_I32);
    case RP_OP_i64_const:
        return rp_validator_constant(v, op) && rp_validator_push(v, RP_TYPE_I64);
    case RP_OP_f32_const:
        return rp_validator_constant(v, op) && rp_validator_push(v, RP_TYPE_F32);
    case RP_OP_f64_const:
        return rp_validator_constant(v, op) && rp_validator_push(v, RP_TYPE_F64);
    case RP_OP_ref_null:
        v->features |= 1u << RP_FEATURE_REFERENCE_TYPES;
        return rp_validator_heap_type(v, &type) && rp_validator_push(v, type);
    case RP_OP_ref_func:
        if (!rp_validator_index(v, "function", v->module->func_count, &index)) {
            return false;
        }
        v->features |= 1u << RP_FEATURE_REFERENCE_TYPES;
        if (rp_validator_declare_func(v, index) != RP_OK) {
            return rp_validator_fail(v, RP_ERROR_NO_MEMORY, v->at,
                                     "no memory for declared functions");
        }
        return rp_validator_push(v, RP_TYPE_FUNCREF);
    case RP_OP_global_get:
        if (!rp_validator_index(v, "global", global_limit, &index)) {
            return false;
        }
        if (v->module->globals[index].type.is_mutable) {
            return rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                                     "constant expression required: global %u is mutable", index);
        }
        if (index >= v->module->global_import_count) {
            return rp_validator_fail_feature(v, RP_FEATURE_GC);
        }
        return rp_validator_push(v, v->module->globals[index].type.type);
    case RP_OP_i32_add:
    case RP_OP_i32_sub:
    case RP_OP_i32_mul:
    case RP_OP_i64_add:
    case RP_OP_i64_sub:
    case RP_OP_i64_mul:
        return rp_validator_fail_feature(v, RP_FEATURE_EXTENDED_CONST);
    case RP_OP_v128_const:
        return rp_validator_fail_feature(v, RP_FEATURE_SIMD);
    default:
        break;
    }
    if (op != RP_OP_NONE && rp_op_infos[op].feature == RP_FEATURE_GC) {
        return rp_validator_fail_feature(v, RP_FEATURE_GC);
    }
    if (op == RP_OP_NONE) {
        return rp_validator_fail(v, RP_ERROR_MALFORMED, v->at, "illegal opcode 0x%02x", *v->at);
    }
    return rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                             "constant expression required: %s is not constant",
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
           rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                             "type mismatch: a constant expression leaves one value");
}

rp_status rp_validator_const_expr(struct rp_validator *v, struct rp_reader *reader,
                                  uint32_t expected_type, uint32_t global_limit,
                                  struct rp_const_expr *out_expr)
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
