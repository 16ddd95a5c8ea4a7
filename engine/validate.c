/* Validation of function bodies (layer 2; core specification 3.3 and the appendix "Validation
 * Algorithm"): one pass, linear in what it charges for. */
#include "engine/validator.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* pop and push check against RP_LIMIT_OPERANDS; lists are at most RP_LIMIT_RESULTS long. */
#define OPERAND_ROOM (RP_LIMIT_OPERANDS + 1)

bool rp_validator_fail(struct rp_validator *v, rp_status status, const uint8_t *at,
                       const char *format, ...)
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
        v->status =
            rp_report_fail_at(v->report, status, offset, "function %u: %s", v->func_index, text);
    }
    return false;
}

bool rp_validator_fail_reader(struct rp_validator *v)
{
    return rp_validator_fail(v, RP_ERROR_MALFORMED, v->reader.error_at, "%s", v->reader.error);
}

bool rp_validator_fail_feature(struct rp_validator *v, enum rp_feature feature)
{
    return rp_validator_fail(v, RP_ERROR_UNSUPPORTED, v->at, "needs the feature \"%s\"",
                             rp_feature_names[feature]);
}

bool rp_validator_fail_index(struct rp_validator *v, const char *what, uint32_t index,
                             uint32_t count)
{
    return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "unknown %s %u, there are %u", what, index,
                             count);
}

/* ---- operands ---- */

bool rp_validator_pop_slow(struct rp_validator *v, uint32_t expected)
{
    const char *name =
        v->at < v->reader.end ? rp_op_infos[rp_code_op_at(v->at)].text : "expression";
    if (v->height == v->base) {
        if (v->controls[v->control_count - 1].unreachable) {
            return true;
        }
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                                 "type mismatch: %s needs %s, the operand stack is empty", name,
                                 rp_type_name(expected));
    }
    uint32_t actual = v->types[v->height - 1];
    if (actual != RP_TYPE_BOTTOM && expected != RP_TYPE_BOTTOM) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at, "type mismatch: %s needs %s, found %s",
                                 name, rp_type_name(expected), rp_type_name(actual));
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

/* ---- instructions typed by the table ---- */

enum { I = RP_TYPE_I32, L = RP_TYPE_I64, F = RP_TYPE_F32, D = RP_TYPE_F64, V = RP_TYPE_V128 };

/* The letters of rp_signature_names as types; addresses are i32 in 32-bit memories. */
static const struct rp_validator_signature signatures[RP_SIG_COUNT] = {
    [RP_SIG__] = {0, 0, 0, {0}},
    [RP_SIG__a] = {0, 1, 1, {I}},
    [RP_SIG__d] = {0, 1, 1, {D}},
    [RP_SIG__f] = {0, 1, 1, {F}},
    [RP_SIG__i] = {0, 1, 1, {I}},
    [RP_SIG__l] = {0, 1, 1, {L}},
    [RP_SIG__v] = {0, 1, 1, {V}},
    [RP_SIG_a_a] = {1, 1, 2, {I, I}},
    [RP_SIG_a_d] = {1, 1, 2, {I, D}},
    [RP_SIG_a_f] = {1, 1, 2, {I, F}},
    [RP_SIG_a_i] = {1, 1, 2, {I, I}},
    [RP_SIG_a_l] = {1, 1, 2, {I, L}},
    [RP_SIG_a_v] = {1, 1, 2, {I, V}},
    [RP_SIG_ad_] = {2, 0, 2, {I, D}},
    [RP_SIG_af_] = {2, 0, 2, {I, F}},
    [RP_SIG_ai_] = {2, 0, 2, {I, I}},
    [RP_SIG_al_] = {2, 0, 2, {I, L}},
    [RP_SIG_av_] = {2, 0, 2, {I, V}},
    [RP_SIG_av_v] = {2, 1, 3, {I, V, V}},
    [RP_SIG_d_d] = {1, 1, 2, {D, D}},
    [RP_SIG_d_f] = {1, 1, 2, {D, F}},
    [RP_SIG_d_i] = {1, 1, 2, {D, I}},
    [RP_SIG_d_l] = {1, 1, 2, {D, L}},
    [RP_SIG_d_v] = {1, 1, 2, {D, V}},
    [RP_SIG_dd_d] = {2, 1, 3, {D, D, D}},
    [RP_SIG_dd_i] = {2, 1, 3, {D, D, I}},
    [RP_SIG_f_d] = {1, 1, 2, {F, D}},
    [RP_SIG_f_f] = {1, 1, 2, {F, F}},
    [RP_SIG_f_i] = {1, 1, 2, {F, I}},
    [RP_SIG_f_l] = {1, 1, 2, {F, L}},
    [RP_SIG_f_v] = {1, 1, 2, {F, V}},
    [RP_SIG_ff_f] = {2, 1, 3, {F, F, F}},
    [RP_SIG_ff_i] = {2, 1, 3, {F, F, I}},
    [RP_SIG_i_d] = {1, 1, 2, {I, D}},
    [RP_SIG_i_f] = {1, 1, 2, {I, F}},
    [RP_SIG_i_i] = {1, 1, 2, {I, I}},
    [RP_SIG_i_l] = {1, 1, 2, {I, L}},
    [RP_SIG_i_v] = {1, 1, 2, {I, V}},
    [RP_SIG_ii_i] = {2, 1, 3, {I, I, I}},
    [RP_SIG_l_d] = {1, 1, 2, {L, D}},
    [RP_SIG_l_f] = {1, 1, 2, {L, F}},
    [RP_SIG_l_i] = {1, 1, 2, {L, I}},
    [RP_SIG_l_l] = {1, 1, 2, {L, L}},
    [RP_SIG_l_v] = {1, 1, 2, {L, V}},
    [RP_SIG_ll_i] = {2, 1, 3, {L, L, I}},
    [RP_SIG_ll_l] = {2, 1, 3, {L, L, L}},
    [RP_SIG_v_d] = {1, 1, 2, {V, D}},
    [RP_SIG_v_f] = {1, 1, 2, {V, F}},
    [RP_SIG_v_i] = {1, 1, 2, {V, I}},
    [RP_SIG_v_l] = {1, 1, 2, {V, L}},
    [RP_SIG_v_v] = {1, 1, 2, {V, V}},
    [RP_SIG_vd_v] = {2, 1, 3, {V, D, V}},
    [RP_SIG_vf_v] = {2, 1, 3, {V, F, V}},
    [RP_SIG_vi_v] = {2, 1, 3, {V, I, V}},
    [RP_SIG_vl_v] = {2, 1, 3, {V, L, V}},
    [RP_SIG_vv_v] = {2, 1, 3, {V, V, V}},
    [RP_SIG_vvv_v] = {3, 1, 4, {V, V, V, V}},
};

static inline bool apply_signature(struct rp_validator *v, const struct rp_validator_signature *s)
{
    const uint8_t *types = s->types;
    v->steps += s->steps;
    switch (s->operand_count) {
    case 3:
        if (RP_UNLIKELY(!rp_validator_pop(v, types[2]))) {
            return false;
        }
        RP_FALLTHROUGH;
    case 2:
        if (RP_UNLIKELY(!rp_validator_pop(v, types[1]))) {
            return false;
        }
        RP_FALLTHROUGH;
    case 1:
        if (RP_UNLIKELY(!rp_validator_pop(v, types[0]))) {
            return false;
        }
        RP_FALLTHROUGH;
    default:
        return s->result_count == 0 || rp_validator_push(v, types[s->operand_count]);
    }
}

/* ---- the pass ---- */

/* Memory arguments are mostly two bytes: an alignment that is allowed, and a short offset. */
static inline bool read_memarg(struct rp_validator *v, uint8_t byte)
{
    static const uint8_t alignments[] = {2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1,
                                         2, 2, 2, 3, 2, 3, 0, 1, 0, 1, 2};
    const uint8_t *pos = v->reader.pos;
    uint8_t alignment = alignments[byte - 0x28];
    if (RP_LIKELY(v->reader.end - pos >= 2 && pos[0] <= alignment && pos[1] < 0x80 &&
                  v->module->memory_count != 0)) {
        v->reader.pos = pos + 2;
        return true;
    }
    return rp_validator_memarg_slow(v, alignment);
}

static inline bool read_constant(struct rp_validator *v, enum rp_op op)
{
    if (RP_LIKELY(op <= RP_OP_i64_const && v->reader.pos < v->reader.end &&
                  *v->reader.pos < 0x80)) {
        v->reader.pos++;
        return true;
    }
    return rp_validator_constant(v, op);
}

/* Operands popped and pushed by the instructions that validate_other types by hand. */
static uint32_t other_steps(enum rp_op op)
{
    switch (op) {
    case RP_OP_select_t:
        return 4;
    case RP_OP_data_drop:
    case RP_OP_elem_drop:
        return 0;
    case RP_OP_table_size:
    case RP_OP_ref_null:
    case RP_OP_ref_func:
        return 1;
    case RP_OP_table_get:
    case RP_OP_table_set:
    case RP_OP_ref_is_null:
        return 2;
    default:
        return 3; /* bulk instructions, table.grow, table.fill */
    }
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
    v->steps += other_steps(op);
    switch (op) {
    case RP_OP_select_t:
        return rp_validate_select_typed(v);
    case RP_OP_table_get:
    case RP_OP_table_set:
    case RP_OP_table_size:
    case RP_OP_table_grow:
    case RP_OP_table_fill:
        return rp_validate_table_op(v, op);
    case RP_OP_ref_null:
    case RP_OP_ref_is_null:
    case RP_OP_ref_func:
        return rp_validate_reference(v, op);
    default:
        return rp_validate_bulk(v, op);
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
        return rp_validator_fail(v, RP_ERROR_MALFORMED, v->at, "illegal opcode 0x%02x%s",
                                 prefix == 0 ? byte : prefix,
                                 prefix == 0 ? "" : " with an unknown second part");
    }
    return validate_other(v, op);
}

/* What the table says of a one-byte opcode: its price is added, its operands are popped and its
 * result pushed. */
static inline bool apply_row(struct rp_validator *v, uint8_t byte)
{
    const struct rp_validator_row *row = &v->rows[byte];
    v->run_price += row->price;
    return apply_signature(v, &row->signature);
}

static inline bool validate_local(struct rp_validator *v, uint8_t byte)
{
    uint32_t index = 0;
    v->run_price += v->rows[byte].price;
    if (!rp_validator_index(v, "local", v->local_count, &index)) {
        return false;
    }
    uint32_t type = v->locals[index];
    v->steps += 1 + (byte == 0x22 ? 1u : 0u);
    if (byte == 0x20) {
        return rp_validator_push(v, type);
    }
    if (RP_UNLIKELY(!rp_validator_pop(v, type))) {
        return false;
    }
    return byte == 0x21 || rp_validator_push(v, type);
}

/* Instructions with a price of their own and no effect on control, beside those that the table
 * types. */
static bool validate_simple(struct rp_validator *v, uint8_t byte)
{
    uint32_t dropped = 0;
    v->run_price += v->rows[byte].price;
    switch (byte) {
    case 0x00:
        if (!v->dead) {
            rp_run_close(v);
        }
        rp_validate_dead(v);
        return true;
    case 0x01:
        return true;
    case 0x1a:
        v->steps++;
        return rp_validator_pop_any(v, &dropped);
    case 0x1b:
        v->steps += 4;
        return rp_validate_select(v);
    default:
        v->steps++;
        return rp_validate_global(v, byte == 0x24);
    }
}

/* One instruction whose opcode byte has been read. */
static inline bool validate_instruction(struct rp_validator *v, uint8_t byte)
{
    switch (byte) {
    case 0x20:
        return validate_local(v, 0x20);
    case 0x21:
        return validate_local(v, 0x21);
    case 0x22:
        return validate_local(v, 0x22);
    case 0x41:
        return read_constant(v, RP_OP_i32_const) && apply_row(v, byte);
    case 0x42:
        return read_constant(v, RP_OP_i64_const) && apply_row(v, byte);
    case 0x43:
        return read_constant(v, RP_OP_f32_const) && apply_row(v, byte);
    case 0x44:
        return read_constant(v, RP_OP_f64_const) && apply_row(v, byte);
    case 0x02:
        return rp_validate_block(v, RP_OP_block);
    case 0x03:
        return rp_validate_block(v, RP_OP_loop);
    case 0x04:
        return rp_validate_block(v, RP_OP_if);
    case 0x05:
        return rp_validate_else(v);
    case 0x0b:
        return rp_validate_end(v);
    case 0x0c:
        return rp_validate_br(v, false);
    case 0x0d:
        return rp_validate_br(v, true);
    case 0x0e:
        return rp_validate_br_table(v);
    case 0x0f:
        return rp_validate_return(v);
    case 0x10:
        return rp_validate_call(v);
    case 0x11:
        return rp_validate_call_indirect(v);
    case 0x00:
    case 0x01:
    case 0x1a:
    case 0x1b:
    case 0x23:
    case 0x24:
        return validate_simple(v, byte);
    case 0x3f:
    case 0x40:
        return rp_validator_memory(v) && apply_row(v, byte);
    default:
        break;
    }
    if (byte >= 0x28 && byte <= 0x3e) {
        return read_memarg(v, byte) && apply_row(v, byte);
    }
    return byte >= 0x45 && byte <= 0xbf ? apply_row(v, byte) : validate_prefixed(v, byte);
}

static RP_ALWAYS_INLINE bool validate_expression(struct rp_validator *v, const uint8_t *stop_at)
{
    while (v->control_count != 0) {
        const uint8_t *at = v->reader.pos;
        v->at = at;
        if (stop_at != NULL) {
            if (at == stop_at) {
                return true;
            }
            v->previous = at;
        }
        if (RP_UNLIKELY(at >= v->reader.end)) {
            return rp_validator_fail(v, RP_ERROR_MALFORMED, at,
                                     "unexpected end: the function has no final end");
        }
        v->reader.pos = at + 1;
        if (RP_UNLIKELY(!validate_instruction(v, *at))) {
            return false;
        }
    }
    return true;
}

/* The specification's bound on the number of locals is 2^32 - 1 (malformed beyond), ours is
 * RP_LIMIT_LOCALS. */
static bool check_local_count(struct rp_validator *v, uint64_t count)
{
    if (count > UINT32_MAX) {
        return rp_validator_fail(v, RP_ERROR_MALFORMED, v->at, "too many locals: %llu",
                                 (unsigned long long)count);
    }
    return count <= RP_LIMIT_LOCALS ||
           rp_validator_fail(v, RP_ERROR_LIMIT, v->at, "too many locals: %llu, the limit is %u",
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
        if (!rp_validator_value_type(v, &local_type)) {
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

static bool begin_function(struct rp_validator *v, uint32_t func_index, uint32_t offset,
                           uint32_t size)
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

static void finish_function(struct rp_validator *v, struct rp_code *code,
                            const struct rp_func_type *type)
{
    uint32_t height = v->dead ? v->height_max : v->height_watch;
    uint32_t slots = 2 + v->local_count + height;
    *code = (struct rp_code){
        .body = v->body,
        .type = type,
        .entry_offset = v->entry_offset,
        .body_size = (uint32_t)(v->reader.pos - v->body),
        .local_count = v->local_count,
        .operand_max = height,
        .frame_slots = slots,
        .frame_price = rp_schedule_term(v->schedule, RP_GAS_TERM_FRAME, slots),
        .run_price = v->first_run_price,
        .side_table_words = v->word_count - v->first_word,
    };
}

rp_status rp_validator_function(struct rp_validator *v, uint32_t func_index, uint32_t offset,
                                uint32_t size, struct rp_code *out_code)
{
    if (!begin_function(v, func_index, offset, size) || !validate_expression(v, NULL)) {
        return v->status;
    }
    finish_function(v, out_code, rp_module_func_type(v->module, func_index));
    v->body = NULL;
    return RP_OK;
}

/* ---- life ---- */

static void fill_rows(struct rp_validator *v)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        enum rp_op op = rp_op_find(0, byte);
        if (op != RP_OP_NONE) {
            v->rows[byte] = (struct rp_validator_row){v->schedule->op_prices[op],
                                                      signatures[rp_op_infos[op].signature]};
        }
    }
}

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
    fill_rows(v);
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

rp_status rp_code_locate_begin(struct rp_validator *v, uint32_t func_index)
{
    const struct rp_code *code = rp_module_code(v->module, func_index);
    if (code == NULL) {
        return RP_ERROR_INVALID;
    }
    v->status = RP_OK;
    v->word_count = 0;
    v->previous = NULL;
    v->locating = true;
    bool valid = begin_function(v, func_index, code->entry_offset,
                                (uint32_t)(code->body + code->body_size - v->module->bytes) -
                                    code->entry_offset);
    v->locating = false;
    RP_ASSERT(valid || v->status == RP_ERROR_NO_MEMORY);
    return v->status;
}

rp_status rp_code_locate_next(struct rp_validator *v, uint32_t offset,
                              struct rp_code_location *out_location)
{
    const struct rp_code *code = rp_module_code(v->module, v->func_index);
    if (offset >= code->body_size) {
        return RP_ERROR_INVALID;
    }
    v->locating = true;
    bool valid = validate_expression(v, code->body + offset);
    v->locating = false;
    if (v->status == RP_ERROR_NO_MEMORY) {
        return v->status;
    }
    if (!valid || v->at != code->body + offset || v->dead || v->control_count == 0) {
        return RP_ERROR_INVALID;
    }
    *out_location = (struct rp_code_location){
        .side_table_index = v->word_count,
        .operand_count = v->height,
        .operand_types = v->types,
        .local_count = v->local_count,
        .local_types = v->locals,
        .previous = v->previous,
    };
    return RP_OK;
}

rp_status rp_code_locate(struct rp_validator *v, uint32_t func_index, uint32_t offset,
                         struct rp_code_location *out_location)
{
    rp_status status = rp_code_locate_begin(v, func_index);
    return status == RP_OK ? rp_code_locate_next(v, offset, out_location) : status;
}
