/* Validation of structured control, and what it leaves in the side table (layer 2; core
 * specification 3.3.8; docs/design/frame.md). */
#include "engine/validator.h"

#include "core/assert.h"

#include <string.h>

void rp_validate_dead(struct rp_validator *v)
{
    v->height = v->base;
    v->controls[v->control_count - 1].unreachable = true;
    if (!v->dead) {
        v->dead = true;
        v->height_max = v->height_watch;
        v->height_watch = UINT32_MAX;
    }
}

static void become_live(struct rp_validator *v)
{
    if (v->dead) {
        v->dead = false;
        v->height_watch = v->height_max;
        v->run_price = 0;
    }
}

static bool read_block_type(struct rp_validator *v, struct rp_control *control)
{
    static const uint32_t single[] = {RP_TYPE_I32, RP_TYPE_I64,     RP_TYPE_F32,
                                      RP_TYPE_F64, RP_TYPE_FUNCREF, RP_TYPE_EXTERNREF};
    if (rp_reader_left(&v->reader) != 0) {
        uint8_t byte = *v->reader.pos;
        if (byte == 0x40) {
            v->reader.pos++;
            return true;
        }
        for (uint32_t i = 0; i < RP_ARRAY_COUNT(single); i++) {
            if (byte == single[i]) {
                v->reader.pos++;
                control->results = &single[i];
                control->result_count = 1;
                return true;
            }
        }
        if (byte == RP_TYPE_V128) {
            return rp_validator_fail_feature(v, RP_FEATURE_SIMD);
        }
        if (byte == 0x63 || byte == 0x64) {
            return rp_validator_fail_feature(v, RP_FEATURE_FUNCTION_REFERENCES);
        }
        if (byte == 0x69 || byte == 0x74) {
            return rp_validator_fail_feature(v, RP_FEATURE_EXCEPTIONS);
        }
        if (byte >= 0x6a && byte <= 0x73) {
            return rp_validator_fail_feature(v, RP_FEATURE_GC);
        }
    }
    int64_t index = rp_read_s33(&v->reader);
    if (v->reader.error != NULL) {
        return rp_validator_fail_reader(v);
    }
    if (index < 0) {
        return rp_validator_fail(v, RP_ERROR_MALFORMED, v->at, "malformed block type");
    }
    if ((uint64_t)index >= v->module->type_count) {
        return rp_validator_fail_index(v, "type", (uint32_t)index, v->module->type_count);
    }
    const struct rp_func_type *type = v->module->types[index];
    v->features |= 1u << RP_FEATURE_MULTI_VALUE;
    control->params = type->types;
    control->param_count = type->param_count;
    control->results = type->types + type->param_count;
    control->result_count = type->result_count;
    return true;
}

static bool push_control(struct rp_validator *v, const struct rp_control *control)
{
    if (v->control_count >= RP_LIMIT_BLOCK_DEPTH) {
        return rp_validator_fail(v, RP_ERROR_LIMIT, v->at, "blocks nested deeper than %u",
                                 RP_LIMIT_BLOCK_DEPTH);
    }
    struct rp_control *controls = rp_grow(v->allocator, v->controls, &v->control_capacity,
                                          (uint64_t)v->control_count + 1, sizeof *controls);
    if (controls == NULL) {
        return rp_validator_fail(v, RP_ERROR_NO_MEMORY, v->at, "no memory for nested blocks");
    }
    v->controls = controls;
    struct rp_control *top = &controls[v->control_count++];
    *top = *control;
    top->base = v->height;
    v->base = v->height;
    return rp_validator_push_list(v, top->params, top->param_count);
}

/* The i32 that decides a branch or names a function. */
static bool pop_selector(struct rp_validator *v)
{
    v->steps++;
    return rp_validator_pop(v, RP_TYPE_I32);
}

bool rp_validate_block(struct rp_validator *v, enum rp_op op)
{
    struct rp_control control = {.kind = (uint8_t)op, .dead_outside = v->dead};
    const uint8_t *base = v->reader.pos;
    if (!read_block_type(v, &control)) {
        return false;
    }
    if (op == RP_OP_if && !pop_selector(v)) {
        return false;
    }
    if (!rp_validator_pop_list(v, control.params, control.param_count)) {
        return false;
    }
    rp_run_add(v, op, 0);
    if (!v->dead && op == RP_OP_loop) {
        rp_run_close(v);
        control.entry = v->word_count;
        control.body_offset = (uint32_t)(v->reader.pos - v->body);
        control.header_size = (uint32_t)(v->reader.pos - base) + 1;
        if (!rp_table_next(v)) {
            return false;
        }
    } else if (!v->dead && op == RP_OP_if) {
        rp_run_close(v);
        control.entry = 0;
        if (!rp_table_forward(v, base, &control.entry) || !rp_table_next(v)) {
            return false;
        }
    }
    return push_control(v, &control);
}

/* The operands at the end of a block or arm are exactly its results. */
static bool pop_block_end(struct rp_validator *v, const struct rp_control *control)
{
    if (!rp_validator_pop_list(v, control->results, control->result_count)) {
        return false;
    }
    if (v->height != v->base) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                                 "type mismatch: %u operands more than the block's results",
                                 v->height - v->base);
    }
    return true;
}

bool rp_validate_else(struct rp_validator *v)
{
    struct rp_control *control = &v->controls[v->control_count - 1];
    if (control->kind != RP_OP_if) {
        return rp_validator_fail(v, RP_ERROR_MALFORMED, v->at, "else without if");
    }
    if (!pop_block_end(v, control)) {
        return false;
    }
    if (!v->dead) {
        rp_run_add(v, RP_OP_else, 0);
        rp_run_close(v);
        if (!rp_table_forward(v, v->reader.pos, &control->pending)) {
            return false;
        }
    }
    if (!control->dead_outside) {
        become_live(v);
        v->run_price = 0;
        rp_table_resolve(v, control->entry, v->reader.pos);
    }
    control->kind = RP_OP_else;
    control->entry = 0;
    control->unreachable = false;
    return rp_validator_push_list(v, control->params, control->param_count);
}

/* `if` without `else`: the missing arm passes the parameters on. */
static bool check_missing_else(struct rp_validator *v, const struct rp_control *control)
{
    v->steps += control->param_count;
    if (control->param_count != control->result_count ||
        (control->param_count != 0 &&
         memcmp(control->params, control->results,
                control->param_count * sizeof *control->params) != 0)) {
        return rp_validator_fail(
            v, RP_ERROR_INVALID, v->at,
            "type mismatch: if without else must have equal parameters and results");
    }
    return true;
}

static bool end_block(struct rp_validator *v, struct rp_control *control)
{
    bool is_if = control->kind == RP_OP_if;
    bool live_inside = !v->dead;
    bool targeted = control->pending != 0 || (is_if && !control->dead_outside);
    if (live_inside) {
        rp_run_add(v, RP_OP_end, 0);
        if (targeted) {
            rp_run_close(v);
        }
        if (!(targeted ? rp_table_next(v) : rp_table_word(v, 0))) {
            return false;
        }
    }
    if (!control->dead_outside) {
        become_live(v);
        rp_table_resolve(v, control->pending, v->reader.pos);
        if (is_if) {
            rp_table_resolve(v, control->entry, v->reader.pos);
        }
    }
    v->control_count--;
    v->base = v->controls[v->control_count - 1].base;
    return rp_validator_push_list(v, control->results, control->result_count);
}

bool rp_validate_end(struct rp_validator *v)
{
    struct rp_control *control = &v->controls[v->control_count - 1];
    if (!pop_block_end(v, control) ||
        (control->kind == RP_OP_if && !check_missing_else(v, control))) {
        return false;
    }
    if (v->control_count > 1) {
        return end_block(v, control);
    }
    if (!v->dead) {
        rp_run_add(v, RP_OP_end, control->result_count);
        rp_run_close(v);
        if (!rp_table_word(v, RP_FUNCTION_END)) {
            return false;
        }
    }
    v->control_count = 0;
    if (rp_reader_left(&v->reader) != 0) {
        return rp_validator_fail(v, RP_ERROR_MALFORMED, v->reader.pos,
                                 "operators remaining after the end of the function");
    }
    return true;
}

static inline void label_types(const struct rp_control *label, const uint32_t **out_types,
                               uint32_t *out_count)
{
    bool is_loop = label->kind == RP_OP_loop;
    *out_types = is_loop ? label->params : label->results;
    *out_count = is_loop ? label->param_count : label->result_count;
}

bool rp_validate_br(struct rp_validator *v, bool conditional)
{
    const uint8_t *base = v->reader.pos;
    uint32_t depth = 0;
    if (!rp_validator_index(v, "label", v->control_count, &depth) ||
        (conditional && !pop_selector(v))) {
        return false;
    }
    const uint32_t *types;
    uint32_t arity = 0;
    label_types(&v->controls[v->control_count - 1 - depth], &types, &arity);
    uint32_t height = v->height;
    if (!rp_validator_pop_list(v, types, arity)) {
        return false;
    }
    if (!v->dead) {
        rp_run_add(v, conditional ? RP_OP_br_if : RP_OP_br, arity);
        rp_run_close(v);
        if (!rp_table_branch(v, depth, base, height)) {
            return false;
        }
    }
    if (!conditional) {
        rp_validate_dead(v);
        return true;
    }
    return rp_validator_push_list(v, types, arity) && (v->dead || rp_table_next(v));
}

static bool check_table_label(struct rp_validator *v, uint32_t depth, uint32_t arity)
{
    const uint32_t *types;
    uint32_t count = 0;
    label_types(&v->controls[v->control_count - 1 - depth], &types, &count);
    if (count != arity) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                                 "type mismatch: labels of br_table take %u and %u values", arity,
                                 count);
    }
    uint32_t height = v->height;
    uint32_t kept[RP_LIMIT_RESULTS];
    uint32_t present = height - v->base < count ? height - v->base : count;
    memcpy(kept, v->types + height - present, present * sizeof *kept);
    if (!rp_validator_pop_list(v, types, count)) {
        return false;
    }
    memcpy(v->types + height - present, kept, present * sizeof *kept);
    v->height = height;
    return true;
}

bool rp_validate_br_table(struct rp_validator *v)
{
    const uint8_t *base = v->reader.pos;
    uint32_t count = rp_read_u32(&v->reader);
    if (v->reader.error != NULL) {
        return rp_validator_fail_reader(v);
    }
    if (count > RP_LIMIT_BR_TABLE) {
        return rp_validator_fail(v, RP_ERROR_LIMIT, v->at, "br_table of %u labels, the limit is %u",
                                 count, RP_LIMIT_BR_TABLE);
    }
    if (!pop_selector(v)) {
        return false;
    }
    struct rp_reader ahead = v->reader;
    for (uint32_t i = 0; i < count; i++) {
        rp_read_u32(&ahead);
    }
    uint32_t last = rp_read_u32(&ahead);
    if (ahead.error != NULL) {
        v->reader = ahead;
        return rp_validator_fail_reader(v);
    }
    if (last >= v->control_count) {
        return rp_validator_fail_index(v, "label", last, v->control_count);
    }
    const uint32_t *types;
    uint32_t arity = 0;
    label_types(&v->controls[v->control_count - 1 - last], &types, &arity);
    if (!v->dead) {
        rp_run_add(v, RP_OP_br_table, arity);
        rp_run_close(v);
    }
    uint32_t previous = UINT32_MAX;
    for (uint32_t i = 0; i <= count; i++) {
        uint32_t depth = 0;
        if (!rp_validator_index(v, "label", v->control_count, &depth) ||
            (depth != previous && !check_table_label(v, depth, arity)) ||
            (!v->dead && !rp_table_branch(v, depth, base, v->height))) {
            return false;
        }
        previous = depth;
        v->steps++;
    }
    rp_validate_dead(v);
    return true;
}

bool rp_validate_return(struct rp_validator *v)
{
    const struct rp_control *function = &v->controls[0];
    if (!rp_validator_pop_list(v, function->results, function->result_count)) {
        return false;
    }
    rp_run_add(v, RP_OP_return, function->result_count);
    if (!v->dead) {
        rp_run_close(v);
    }
    rp_validate_dead(v);
    return true;
}

static bool validate_call_type(struct rp_validator *v, enum rp_op op,
                               const struct rp_func_type *type)
{
    if (!rp_validator_pop_list(v, type->types, type->param_count)) {
        return false;
    }
    if (!v->dead) {
        rp_run_add(v, op, type->param_count);
        rp_run_close(v);
    }
    return rp_validator_push_list(v, type->types + type->param_count, type->result_count) &&
           (v->dead || rp_table_next(v));
}

bool rp_validate_call(struct rp_validator *v)
{
    uint32_t func_index = 0;
    return rp_validator_index(v, "function", v->module->func_count, &func_index) &&
           validate_call_type(v, RP_OP_call, rp_module_func_type(v->module, func_index));
}

bool rp_validate_call_indirect(struct rp_validator *v)
{
    uint32_t type_index = 0;
    uint32_t table = 0;
    if (!rp_validator_index(v, "type", v->module->type_count, &type_index) ||
        !rp_validator_index(v, "table", v->module->table_count, &table)) {
        return false;
    }
    if (v->module->tables[table].element_type != RP_TYPE_FUNCREF) {
        return rp_validator_fail(v, RP_ERROR_INVALID, v->at,
                                 "type mismatch: call_indirect needs a table of funcref");
    }
    return pop_selector(v) &&
           validate_call_type(v, RP_OP_call_indirect, v->module->types[type_index]);
}

bool rp_validate_function_block(struct rp_validator *v, const uint32_t *results,
                                uint32_t result_count)
{
    struct rp_control control = {
        .kind = RP_OP_block, .results = results, .result_count = result_count};
    return push_control(v, &control);
}
