/* Instrumented function bodies (layer 2; docs/gas.md, docs/design/frame.md section 4).
 *
 * A body is cut into straight-line runs at every place where control may split or join; each run
 * begins with the addition of its static price. A run of ours never contains a place where the
 * engine's begins, so the sums agree however the engine cuts. What depends on operands is added
 * behind the instruction, from a copy of the operand in a local of our own. */
#include "engine/instrument_code.h"

#include "core/assert.h"
#include "core/limits.h"
#include "core/report.h"
#include "engine/instruction.h"

#include <string.h>

/* A block that is open at the cursor. */
struct rp_instrument_label {
    enum rp_op op;     /* block, loop, if; RP_OP_else in an else-arm; RP_OP_NONE: the function */
    uint32_t arity;    /* values that a branch to it moves */
    bool is_reachable; /* control reaches the block's first instruction */
    bool is_target;    /* some branch goes on behind its end */
};

size_t rp_instrument_label_bytes(void)
{
    return sizeof(struct rp_instrument_label);
}

uint32_t rp_instrument_func_index(const struct rp_instrumenter *instrumenter, uint32_t func_index)
{
    bool is_shifted = instrumenter->counter == RP_INSTRUMENT_IMPORT &&
                      func_index >= instrumenter->module->func_import_count;
    return func_index + is_shifted;
}

static void put_op(struct rp_buffer *out, enum rp_op op)
{
    const struct rp_op_info *info = &rp_op_infos[op];
    RP_ASSERT(info->prefix == 0);
    rp_buffer_byte(out, (uint8_t)info->code);
}

static void put_indexed(struct rp_buffer *out, enum rp_op op, uint32_t index)
{
    put_op(out, op);
    rp_buffer_leb_u(out, index);
}

static void put_i64_const(struct rp_buffer *out, uint64_t value)
{
    put_op(out, RP_OP_i64_const);
    rp_buffer_leb_s(out, (int64_t)value);
}

/* What stands around the expression of an i64 that is to be counted. */
static void open_charge(const struct rp_instrumenter *instrumenter, struct rp_buffer *out)
{
    if (instrumenter->counter == RP_INSTRUMENT_GLOBAL) {
        put_indexed(out, RP_OP_global_get, instrumenter->counter_index);
    }
}

static void close_charge(const struct rp_instrumenter *instrumenter, struct rp_buffer *out)
{
    if (instrumenter->counter == RP_INSTRUMENT_GLOBAL) {
        put_op(out, RP_OP_i64_add);
        put_indexed(out, RP_OP_global_set, instrumenter->counter_index);
    } else {
        put_indexed(out, RP_OP_call, instrumenter->counter_index);
    }
}

static void begin_run(struct rp_instrumenter *instrumenter)
{
    instrumenter->run_start = instrumenter->code.size;
    instrumenter->run_price = 0;
    instrumenter->is_reachable = true;
}

/* Puts the increment before the run. Moves the run's own bytes only, so all of it is linear. */
static void close_run(struct rp_instrumenter *instrumenter)
{
    struct rp_buffer *code = &instrumenter->code;
    struct rp_buffer *increment = &instrumenter->scratch;
    if (instrumenter->run_price == 0) {
        return;
    }
    increment->size = 0;
    open_charge(instrumenter, increment);
    put_i64_const(increment, instrumenter->run_price);
    close_charge(instrumenter, increment);
    size_t run_size = code->size - instrumenter->run_start;
    rp_buffer_append(code, increment->data, increment->size); /* for its room */
    if (code->failed || increment->failed) {
        return;
    }
    uint8_t *run = code->data + instrumenter->run_start;
    memmove(run + increment->size, run, run_size);
    memcpy(run, increment->data, increment->size);
}

static void split_run(struct rp_instrumenter *instrumenter)
{
    close_run(instrumenter);
    begin_run(instrumenter);
}

static void end_reachable(struct rp_instrumenter *instrumenter)
{
    close_run(instrumenter);
    instrumenter->is_reachable = false;
}

static void add_price(struct rp_instrumenter *instrumenter, enum rp_op op, uint32_t arity)
{
    instrumenter->run_price += rp_gas_static_price(instrumenter->schedule, op, arity);
}

/* price * ceil(local / unit) as i64. */
static void put_term(struct rp_buffer *out, const struct rp_gas_term_price *term, uint32_t local)
{
    put_indexed(out, RP_OP_local_get, local);
    put_op(out, RP_OP_i64_extend_i32_u);
    if (term->unit > 1) {
        put_i64_const(out, term->unit - 1);
        put_op(out, RP_OP_i64_add);
        put_i64_const(out, term->unit);
        put_op(out, RP_OP_i64_div_u);
    }
    put_i64_const(out, term->price);
    put_op(out, RP_OP_i64_mul);
}

static void copy_bytes(const struct rp_instrumenter *instrumenter,
                       const struct rp_instruction *instruction, const struct rp_reader *reader,
                       struct rp_buffer *out)
{
    const uint8_t *at = instrumenter->module->bytes + instruction->offset;
    rp_buffer_append(out, at, (size_t)(reader->pos - at));
}

/* The instruction as it stands, its function index translated. */
static void copy_instruction(const struct rp_instrumenter *instrumenter,
                             const struct rp_instruction *instruction,
                             const struct rp_reader *reader, struct rp_buffer *out)
{
    if (rp_op_infos[instruction->op].immediate == RP_IMM_FUNC) {
        put_indexed(out, instruction->op,
                    rp_instrument_func_index(instrumenter, instruction->index[0]));
    } else {
        copy_bytes(instrumenter, instruction, reader, out);
    }
}

void rp_instrument_const_expr(struct rp_instrumenter *instrumenter, struct rp_reader *reader,
                              struct rp_buffer *out)
{
    struct rp_instruction instruction;
    do {
        bool is_read = rp_instruction_read(reader, &instruction);
        RP_ASSERT(is_read);
        copy_instruction(instrumenter, &instruction, reader, out);
    } while (instruction.op != RP_OP_end);
}

/* The term that an instruction adds for its size, which is the operand on top. */
static bool find_size_term(enum rp_op op, enum rp_gas_term *out_term)
{
    switch (op) {
    case RP_OP_memory_copy:
    case RP_OP_memory_fill:
    case RP_OP_memory_init:
        *out_term = RP_GAS_TERM_BYTES;
        return true;
    case RP_OP_table_copy:
    case RP_OP_table_fill:
    case RP_OP_table_init:
    case RP_OP_table_grow:
        *out_term = RP_GAS_TERM_ELEMENTS;
        return true;
    case RP_OP_memory_grow:
        *out_term = RP_GAS_TERM_PAGES;
        return true;
    default:
        return false;
    }
}

/* Keeps the size in a local, executes, and counts the term: for growth only if it succeeded. */
static void copy_sized(struct rp_instrumenter *instrumenter,
                       const struct rp_instruction *instruction, const struct rp_reader *reader,
                       enum rp_gas_term term)
{
    struct rp_buffer *code = &instrumenter->code;
    bool is_growth = instruction->op == RP_OP_memory_grow || instruction->op == RP_OP_table_grow;
    uint32_t size_local = instrumenter->scratch_local, result_local = size_local + 1;
    instrumenter->uses_scratch = true;
    put_indexed(code, RP_OP_local_tee, size_local);
    copy_instruction(instrumenter, instruction, reader, code);
    if (is_growth) {
        put_indexed(code, RP_OP_local_tee, result_local);
    }
    open_charge(instrumenter, code);
    put_term(code, &instrumenter->schedule->terms[term], size_local);
    if (is_growth) {
        put_indexed(code, RP_OP_local_get, result_local);
        put_op(code, RP_OP_i32_const);
        rp_buffer_leb_s(code, -1);
        put_op(code, RP_OP_i32_ne);
        put_op(code, RP_OP_i64_extend_i32_u);
        put_op(code, RP_OP_i64_mul);
    }
    close_charge(instrumenter, code);
}

/* Parameters and results of a block type (core specification, 5.4.1). */
static void count_block_type(const struct rp_module *module, struct rp_span span,
                             uint32_t *out_params, uint32_t *out_results)
{
    struct rp_reader reader;
    rp_reader_init(&reader, span.data, 0, span.size);
    int64_t code = rp_read_s33(&reader);
    *out_params = code < 0 ? 0 : module->types[code]->param_count;
    *out_results = code < 0 ? *span.data != 0x40 : module->types[code]->result_count;
}

static void push_label(struct rp_instrumenter *instrumenter, enum rp_op op, uint32_t arity)
{
    struct rp_instrument_label *labels =
        rp_grow(&instrumenter->allocator, instrumenter->labels, &instrumenter->label_capacity,
                (uint64_t)instrumenter->label_count + 1, sizeof *labels);
    if (labels == NULL) {
        instrumenter->code.failed = true; /* label_count stays: the walk ends at once */
        return;
    }
    instrumenter->labels = labels;
    labels[instrumenter->label_count++] = (struct rp_instrument_label){
        .op = op, .arity = arity, .is_reachable = instrumenter->is_reachable};
}

static void open_block(struct rp_instrumenter *instrumenter,
                       const struct rp_instruction *instruction, const struct rp_reader *reader)
{
    uint32_t params, results;
    enum rp_op op = instruction->op;
    count_block_type(instrumenter->module, instruction->type, &params, &results);
    bool is_reachable = instrumenter->is_reachable;
    if (is_reachable && op != RP_OP_loop) {
        add_price(instrumenter, op, 0);
    }
    copy_instruction(instrumenter, instruction, reader, &instrumenter->code);
    push_label(instrumenter, op, op == RP_OP_loop ? params : results);
    if (is_reachable && op != RP_OP_block) {
        split_run(instrumenter);
        if (op == RP_OP_loop) { /* executed again by each branch to it: part of the run behind it */
            add_price(instrumenter, op, 0);
        }
    }
}

static void copy_else(struct rp_instrumenter *instrumenter,
                      const struct rp_instruction *instruction, const struct rp_reader *reader)
{
    struct rp_instrument_label *label = &instrumenter->labels[instrumenter->label_count - 1];
    if (instrumenter->is_reachable) { /* ends the then-arm and goes on behind the end */
        add_price(instrumenter, RP_OP_else, 0);
        label->is_target = true;
        end_reachable(instrumenter);
    }
    label->op = RP_OP_else;
    copy_instruction(instrumenter, instruction, reader, &instrumenter->code);
    if (label->is_reachable) {
        begin_run(instrumenter);
    }
}

static void copy_end(struct rp_instrumenter *instrumenter, const struct rp_instruction *instruction,
                     const struct rp_reader *reader)
{
    struct rp_instrument_label label = instrumenter->labels[--instrumenter->label_count];
    if (instrumenter->is_reachable) {
        add_price(instrumenter, RP_OP_end, label.op == RP_OP_NONE ? label.arity : 0);
    }
    copy_instruction(instrumenter, instruction, reader, &instrumenter->code);
    bool is_joined = label.is_target || (label.op == RP_OP_if && label.is_reachable);
    if (instrumenter->is_reachable && (is_joined || label.op == RP_OP_NONE)) {
        end_reachable(instrumenter);
    }
    if (is_joined && label.op != RP_OP_loop && label.op != RP_OP_NONE) {
        RP_ASSERT(!instrumenter->is_reachable);
        begin_run(instrumenter);
    }
}

static struct rp_instrument_label *find_label(struct rp_instrumenter *instrumenter, uint32_t depth)
{
    RP_ASSERT(depth < instrumenter->label_count);
    return &instrumenter->labels[instrumenter->label_count - 1 - depth];
}

static void copy_branch(struct rp_instrumenter *instrumenter,
                        const struct rp_instruction *instruction, const struct rp_reader *reader)
{
    if (instrumenter->is_reachable) {
        struct rp_instrument_label *label = find_label(instrumenter, instruction->index[0]);
        label->is_target |= label->op != RP_OP_loop;
        add_price(instrumenter, instruction->op, label->arity);
    }
    copy_instruction(instrumenter, instruction, reader, &instrumenter->code);
    if (instrumenter->is_reachable && instruction->op == RP_OP_br_if) {
        split_run(instrumenter);
    } else if (instrumenter->is_reachable) {
        end_reachable(instrumenter);
    }
}

static void copy_branch_table(struct rp_instrumenter *instrumenter,
                              const struct rp_instruction *instruction,
                              const struct rp_reader *reader)
{
    if (instrumenter->is_reachable) {
        struct rp_reader labels;
        rp_reader_init(&labels, instruction->list.data, 0, instruction->list.size);
        uint32_t arity = 0;
        for (uint32_t i = 0; i < instruction->list_count; i++) {
            struct rp_instrument_label *label = find_label(instrumenter, rp_read_u32(&labels));
            label->is_target |= label->op != RP_OP_loop;
            arity = label->arity; /* valid code has the same for all of them */
        }
        add_price(instrumenter, instruction->op, arity);
    }
    copy_instruction(instrumenter, instruction, reader, &instrumenter->code);
    if (instrumenter->is_reachable) {
        end_reachable(instrumenter);
    }
}

static void copy_call(struct rp_instrumenter *instrumenter,
                      const struct rp_instruction *instruction, const struct rp_reader *reader)
{
    const struct rp_module *module = instrumenter->module;
    const struct rp_func_type *type = instruction->op == RP_OP_call
                                          ? rp_module_func_type(module, instruction->index[0])
                                          : module->types[instruction->index[0]];
    if (instrumenter->is_reachable) {
        add_price(instrumenter, instruction->op, type->param_count);
    }
    copy_instruction(instrumenter, instruction, reader, &instrumenter->code);
    if (instrumenter->is_reachable) {
        split_run(instrumenter);
    }
}

static void copy_plain(struct rp_instrumenter *instrumenter,
                       const struct rp_instruction *instruction, const struct rp_reader *reader)
{
    enum rp_gas_term term;
    if (!instrumenter->is_reachable) {
        copy_instruction(instrumenter, instruction, reader, &instrumenter->code);
        return;
    }
    add_price(instrumenter, instruction->op, 0);
    if (find_size_term(instruction->op, &term)) {
        copy_sized(instrumenter, instruction, reader, term);
        return;
    }
    unsigned flags = rp_op_infos[instruction->op].flags;
    RP_ASSERT((flags & (RP_OP_ENDS_RUN | RP_OP_MOVES | RP_OP_SIZED)) == 0);
    copy_instruction(instrumenter, instruction, reader, &instrumenter->code);
}

static void rewrite_instruction(struct rp_instrumenter *instrumenter,
                                const struct rp_instruction *instruction,
                                const struct rp_reader *reader, uint32_t result_count)
{
    switch (instruction->op) {
    case RP_OP_block:
    case RP_OP_loop:
    case RP_OP_if:
        open_block(instrumenter, instruction, reader);
        break;
    case RP_OP_else:
        copy_else(instrumenter, instruction, reader);
        break;
    case RP_OP_end:
        copy_end(instrumenter, instruction, reader);
        break;
    case RP_OP_br:
    case RP_OP_br_if:
        copy_branch(instrumenter, instruction, reader);
        break;
    case RP_OP_br_table:
        copy_branch_table(instrumenter, instruction, reader);
        break;
    case RP_OP_return:
    case RP_OP_unreachable:
        if (instrumenter->is_reachable) {
            add_price(instrumenter, instruction->op,
                      instruction->op == RP_OP_return ? result_count : 0);
            end_reachable(instrumenter);
        }
        copy_instruction(instrumenter, instruction, reader, &instrumenter->code);
        break;
    case RP_OP_call:
    case RP_OP_call_indirect:
        copy_call(instrumenter, instruction, reader);
        break;
    default:
        copy_plain(instrumenter, instruction, reader);
        break;
    }
}

/* Fills instrumenter->code. */
static void rewrite_code(struct rp_instrumenter *instrumenter, const struct rp_code *code)
{
    const struct rp_module *module = instrumenter->module;
    struct rp_reader reader;
    size_t offset = (size_t)(code->body - module->bytes);
    rp_reader_init(&reader, module->bytes, offset, offset + code->body_size);
    instrumenter->code.size = 0;
    instrumenter->label_count = 0;
    instrumenter->scratch_local = code->local_count;
    instrumenter->uses_scratch = false;
    begin_run(instrumenter);
    instrumenter->run_price =
        rp_schedule_term(instrumenter->schedule, RP_GAS_TERM_FRAME, code->frame_slots);
    push_label(instrumenter, RP_OP_NONE, code->type->result_count);
    while (instrumenter->label_count > 0 && !instrumenter->code.failed) {
        struct rp_instruction instruction;
        bool is_read = rp_instruction_read(&reader, &instruction);
        RP_ASSERT(is_read);
        rewrite_instruction(instrumenter, &instruction, &reader, code->type->result_count);
    }
    RP_ASSERT(instrumenter->code.failed || reader.pos == reader.end);
}

rp_status rp_instrument_body(struct rp_instrumenter *instrumenter, uint32_t func_index,
                             struct rp_reader *reader, struct rp_buffer *out)
{
    const struct rp_code *code = rp_module_code(instrumenter->module, func_index);
    rewrite_code(instrumenter, code);
    uint32_t group_count = rp_read_u32(reader);
    size_t groups_size = (size_t)(code->body - reader->pos);
    if (instrumenter->uses_scratch && code->local_count > RP_LIMIT_LOCALS - 2) {
        return rp_report_fail(
            instrumenter->report, RP_ERROR_LIMIT,
            "instrument: function %u has %u locals and needs two more, the limit is %u", func_index,
            code->local_count, RP_LIMIT_LOCALS);
    }
    struct rp_buffer *head = &instrumenter->scratch;
    head->size = 0;
    rp_buffer_leb_u(head, (uint64_t)group_count + instrumenter->uses_scratch);
    rp_buffer_append(head, reader->pos, groups_size);
    if (instrumenter->uses_scratch) {
        rp_buffer_byte(head, 2);
        rp_buffer_byte(head, (uint8_t)RP_TYPE_I32);
    }
    uint64_t body_size = (uint64_t)head->size + instrumenter->code.size;
    if (body_size > RP_LIMIT_FUNCTION_BYTES) {
        return rp_report_fail(instrumenter->report, RP_ERROR_LIMIT,
                              "instrument: function %u grows to %llu bytes, the limit is %u",
                              func_index, (unsigned long long)body_size, RP_LIMIT_FUNCTION_BYTES);
    }
    if (head->failed || instrumenter->code.failed) {
        return rp_report_fail(instrumenter->report, RP_ERROR_NO_MEMORY,
                              "instrument: no memory for function %u", func_index);
    }
    rp_buffer_leb_u(out, body_size);
    rp_buffer_append(out, head->data, head->size);
    rp_buffer_append(out, instrumenter->code.data, instrumenter->code.size);
    reader->pos = code->body + code->body_size;
    return RP_OK;
}
