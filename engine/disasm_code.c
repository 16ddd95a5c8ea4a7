/* The disassembler's functions and instructions (layer 2; core specification, 5.4, 5.5.13,
 * 6.5). See disasm_context.h. */
#include "engine/disasm_context.h"

#include "core/assert.h"
#include "core/limits.h"

/* Where a function body stands: nesting, and how many labels were opened so far. */
struct body_state {
    uint32_t depth;
    uint32_t label_count;
};

static struct rp_reader open_type(const struct rp_disasm *disasm, struct rp_span type)
{
    struct rp_reader reader;
    size_t offset = (size_t)(type.data - disasm->bytes);
    rp_reader_init(&reader, disasm->bytes, offset, offset + type.size);
    return reader;
}

/* Types are checked here for the first time; the error is the body's. */
static void pass_error(struct rp_reader *body, const struct rp_reader *type)
{
    if (type->error) {
        rp_reader_fail(body, type->error_at, type->error);
    }
}

static void put_block_type(struct rp_disasm *disasm, struct rp_reader *body, struct rp_span type)
{
    if (type.size == 1 && *type.data == 0x40) {
        return;
    }
    struct rp_reader reader = open_type(disasm, type);
    struct rp_reader ahead = reader;
    int64_t code = rp_read_s33(&ahead);
    if (code >= 0) {
        rp_disasm_type_use(disasm, (uint32_t)code, false);
        return;
    }
    rp_text_put(&disasm->text, " (result");
    rp_disasm_value_type(disasm, &reader);
    rp_text_byte(&disasm->text, ')');
    pass_error(body, &reader);
}

/* A label is numbered from the function's outermost, 0. */
static void put_label_comment(struct rp_disasm *disasm, uint32_t level)
{
    rp_text_put(&disasm->text, " (;@");
    rp_text_u64(&disasm->text, level);
    rp_text_put(&disasm->text, ";)");
}

static void put_label(struct rp_disasm *disasm, uint32_t depth, uint32_t label)
{
    rp_text_byte(&disasm->text, ' ');
    rp_text_u64(&disasm->text, label);
    if (label <= depth) {
        put_label_comment(disasm, depth - label);
    }
}

static void put_labels(struct rp_disasm *disasm, const struct rp_instruction *instruction,
                       uint32_t depth)
{
    struct rp_reader reader = open_type(disasm, instruction->list);
    for (uint32_t i = 0; i < instruction->list_count; i++) {
        if (disasm->text.column > RP_DISASM_WRAP_COLUMN) {
            rp_text_put(&disasm->text, "\n     ");
        }
        put_label(disasm, depth, rp_read_u32(&reader));
    }
}

static void put_clauses(struct rp_disasm *disasm, const struct rp_instruction *instruction,
                        uint32_t depth)
{
    static const char *const words[] = {" (catch", " (catch_ref", " (catch_all", " (catch_all_ref"};
    struct rp_reader reader = open_type(disasm, instruction->list);
    for (uint32_t i = 0; i < instruction->list_count; i++) {
        uint8_t kind = rp_read_byte(&reader);
        RP_ASSERT(kind < RP_ARRAY_COUNT(words));
        rp_text_put(&disasm->text, words[kind]);
        if (kind < 2) {
            rp_disasm_put_index(disasm, RP_NAME_TAG, rp_read_u32(&reader));
        }
        put_label(disasm, depth, rp_read_u32(&reader));
        rp_text_byte(&disasm->text, ')');
    }
}

static void put_memory(struct rp_disasm *disasm, uint32_t memory_index)
{
    if (memory_index != 0) {
        rp_disasm_put_index(disasm, RP_NAME_MEMORY, memory_index);
    }
}

static void put_memarg(struct rp_disasm *disasm, const struct rp_instruction *instruction)
{
    put_memory(disasm, instruction->memory_index);
    if (instruction->memory_offset != 0) {
        rp_text_put(&disasm->text, " offset=");
        rp_text_u64(&disasm->text, instruction->memory_offset);
    }
    if (instruction->align_log2 != rp_instruction_natural_align(instruction->op)) {
        rp_text_put(&disasm->text, " align=");
        rp_text_u64(&disasm->text, (uint64_t)1 << instruction->align_log2);
    }
}

static void put_number(struct rp_disasm *disasm, uint64_t number)
{
    rp_text_byte(&disasm->text, ' ');
    rp_text_u64(&disasm->text, number);
}

static void put_lanes(struct rp_disasm *disasm, const struct rp_instruction *instruction)
{
    bool is_const = rp_op_infos[instruction->op].immediate == RP_IMM_V128;
    if (!is_const) {
        for (size_t i = 0; i < 16; i++) {
            put_number(disasm, instruction->list.data[i]);
        }
        return;
    }
    rp_text_put(&disasm->text, " i32x4");
    for (size_t i = 0; i < 16; i += 4) {
        const uint8_t *lane = &instruction->list.data[i];
        uint32_t bits = (uint32_t)lane[0] | (uint32_t)lane[1] << 8 | (uint32_t)lane[2] << 16 |
                        (uint32_t)lane[3] << 24;
        rp_text_byte(&disasm->text, ' ');
        rp_text_hex(&disasm->text, bits);
    }
}

/* " (ref null func)" */
static void put_reference(struct rp_disasm *disasm, struct rp_reader *body, struct rp_span type,
                          bool nullable)
{
    struct rp_reader reader = open_type(disasm, type);
    rp_text_put(&disasm->text, nullable ? " (ref null" : " (ref");
    rp_disasm_heap_type(disasm, &reader);
    rp_text_byte(&disasm->text, ')');
    pass_error(body, &reader);
}

static void put_heap_type(struct rp_disasm *disasm, struct rp_reader *body,
                          const struct rp_instruction *instruction)
{
    if (instruction->op == RP_OP_ref_null) {
        struct rp_reader reader = open_type(disasm, instruction->type);
        rp_disasm_heap_type(disasm, &reader);
        pass_error(body, &reader);
    } else {
        bool nullable =
            instruction->op == RP_OP_ref_test_null || instruction->op == RP_OP_ref_cast_null;
        put_reference(disasm, body, instruction->type, nullable);
    }
}

static void put_select_types(struct rp_disasm *disasm, struct rp_reader *body,
                             const struct rp_instruction *instruction)
{
    struct rp_reader reader = open_type(disasm, instruction->type);
    rp_text_put(&disasm->text, " (result");
    for (uint32_t i = 0; i < instruction->list_count; i++) {
        rp_disasm_value_type(disasm, &reader);
    }
    rp_text_byte(&disasm->text, ')');
    pass_error(body, &reader);
}

/* Two indices that text leaves out when both are 0: tables or memories. */
static void put_pair(struct rp_disasm *disasm, enum rp_name_kind kind,
                     const struct rp_instruction *instruction)
{
    if (instruction->index[0] != 0 || instruction->index[1] != 0) {
        rp_disasm_put_index(disasm, kind, instruction->index[0]);
        rp_disasm_put_index(disasm, kind, instruction->index[1]);
    }
}

static void put_block(struct rp_disasm *disasm, struct rp_reader *body,
                      const struct rp_instruction *instruction, struct body_state *state)
{
    struct rp_name_map *labels = &disasm->maps[RP_NAME_LABEL];
    struct rp_span name = rp_name_map_get(labels, state->label_count++);
    if (name.size != 0) { /* labels may shadow each other, so any name will do */
        rp_text_byte(&disasm->text, ' ');
        rp_text_identifier(&disasm->text, name);
    } else if (name.data) {
        rp_text_put(&disasm->text, " (@name \"\")");
    }
    put_block_type(disasm, body, instruction->type);
    if (rp_op_infos[instruction->op].immediate == RP_IMM_TRY_TABLE) {
        put_clauses(disasm, instruction, state->depth);
    }
    put_label_comment(disasm, ++state->depth);
}

/* Immediates of two indices, in the order of the text. */
static void put_two_indices(struct rp_disasm *disasm, const struct rp_instruction *instruction)
{
    const uint32_t *index = instruction->index;
    switch ((enum rp_immediate)rp_op_infos[instruction->op].immediate) {
    case RP_IMM_CALL_INDIRECT:
        if (index[1] != 0) {
            rp_disasm_put_index(disasm, RP_NAME_TABLE, index[1]);
        }
        rp_disasm_type_use(disasm, index[0], false);
        break;
    case RP_IMM_TYPE_FIELD:
    case RP_IMM_TYPE_U32:
        rp_disasm_put_index(disasm, RP_NAME_TYPE, index[0]);
        put_number(disasm, index[1]);
        break;
    case RP_IMM_TYPE_DATA:
        rp_disasm_put_index(disasm, RP_NAME_TYPE, index[0]);
        rp_disasm_put_index(disasm, RP_NAME_DATA, index[1]);
        break;
    case RP_IMM_TYPE_ELEM:
        rp_disasm_put_index(disasm, RP_NAME_TYPE, index[0]);
        rp_disasm_put_index(disasm, RP_NAME_ELEMENT, index[1]);
        break;
    case RP_IMM_TYPE_TYPE:
        rp_disasm_put_index(disasm, RP_NAME_TYPE, index[0]);
        rp_disasm_put_index(disasm, RP_NAME_TYPE, index[1]);
        break;
    case RP_IMM_TABLE_TABLE:
        put_pair(disasm, RP_NAME_TABLE, instruction);
        break;
    case RP_IMM_MEMORY_MEMORY:
        put_pair(disasm, RP_NAME_MEMORY, instruction);
        break;
    case RP_IMM_ELEM_TABLE:
        if (index[1] != 0) {
            rp_disasm_put_index(disasm, RP_NAME_TABLE, index[1]);
        }
        rp_disasm_put_index(disasm, RP_NAME_ELEMENT, index[0]);
        break;
    case RP_IMM_DATA_MEMORY:
        put_memory(disasm, index[1]);
        rp_disasm_put_index(disasm, RP_NAME_DATA, index[0]);
        break;
    default:
        RP_ASSERT(false);
    }
}

/* The index space of an immediate that is one index; RP_NAME_KIND_COUNT for other immediates. */
static enum rp_name_kind find_index_space(enum rp_immediate immediate)
{
    switch (immediate) {
    case RP_IMM_FUNC:
        return RP_NAME_FUNCTION;
    case RP_IMM_TYPE:
        return RP_NAME_TYPE;
    case RP_IMM_TAG:
        return RP_NAME_TAG;
    case RP_IMM_LOCAL:
        return RP_NAME_LOCAL;
    case RP_IMM_GLOBAL:
        return RP_NAME_GLOBAL;
    case RP_IMM_TABLE:
        return RP_NAME_TABLE;
    case RP_IMM_ELEM:
        return RP_NAME_ELEMENT;
    case RP_IMM_DATA:
        return RP_NAME_DATA;
    default:
        return RP_NAME_KIND_COUNT;
    }
}

/* " 0 (ref null any) (ref i31)" */
static void put_cast_branch(struct rp_disasm *disasm, struct rp_reader *body,
                            const struct rp_instruction *instruction, uint32_t depth)
{
    put_label(disasm, depth, instruction->index[0]);
    put_reference(disasm, body, instruction->type, instruction->lane & 1);
    put_reference(disasm, body, instruction->type_2, instruction->lane & 2);
}

static void put_immediates(struct rp_disasm *disasm, struct rp_reader *body,
                           const struct rp_instruction *instruction, struct body_state *state)
{
    struct rp_text *text = &disasm->text;
    enum rp_immediate immediate = (enum rp_immediate)rp_op_infos[instruction->op].immediate;
    switch (immediate) {
    case RP_IMM_NONE:
        break;
    case RP_IMM_BLOCK:
    case RP_IMM_TRY_TABLE:
        put_block(disasm, body, instruction, state);
        break;
    case RP_IMM_LABEL:
        put_label(disasm, state->depth, instruction->index[0]);
        break;
    case RP_IMM_BR_TABLE:
        put_labels(disasm, instruction, state->depth);
        break;
    case RP_IMM_BR_ON_CAST:
        put_cast_branch(disasm, body, instruction, state->depth);
        break;
    case RP_IMM_MEMORY:
        put_memory(disasm, instruction->index[0]);
        break;
    case RP_IMM_MEMARG:
        put_memarg(disasm, instruction);
        break;
    case RP_IMM_MEMARG_LANE:
        put_memarg(disasm, instruction);
        put_number(disasm, instruction->lane);
        break;
    case RP_IMM_I32:
    case RP_IMM_I64:
        rp_text_byte(text, ' ');
        rp_text_i64(text, (int64_t)instruction->number);
        break;
    case RP_IMM_F32:
        rp_text_byte(text, ' ');
        rp_text_float(text, instruction->number, 8, 23);
        break;
    case RP_IMM_F64:
        rp_text_byte(text, ' ');
        rp_text_float(text, instruction->number, 11, 52);
        break;
    case RP_IMM_V128:
    case RP_IMM_LANES16:
        put_lanes(disasm, instruction);
        break;
    case RP_IMM_LANE:
        put_number(disasm, instruction->lane);
        break;
    case RP_IMM_SELECT_T:
        put_select_types(disasm, body, instruction);
        break;
    case RP_IMM_HEAPTYPE:
        put_heap_type(disasm, body, instruction);
        break;
    default:
        if (find_index_space(immediate) != RP_NAME_KIND_COUNT) {
            rp_disasm_put_index(disasm, find_index_space(immediate), instruction->index[0]);
        } else {
            put_two_indices(disasm, instruction);
        }
    }
}

void rp_disasm_const_expr(struct rp_disasm *disasm, struct rp_reader *reader)
{
    struct body_state state = {0};
    struct rp_instruction instruction;
    while (rp_instruction_read(reader, &instruction) && instruction.op != RP_OP_end) {
        rp_text_byte(&disasm->text, ' ');
        rp_text_put(&disasm->text, rp_op_infos[instruction.op].text);
        put_immediates(disasm, reader, &instruction, &state);
        if (state.depth != 0) {
            rp_reader_fail(reader, disasm->bytes + instruction.offset,
                           "a block in a constant expression");
        }
    }
}

static void put_indent(struct rp_disasm *disasm, uint32_t depth)
{
    rp_text_spaces(&disasm->text,
                   4 + 2 * (size_t)(depth < RP_DISASM_INDENT_MAX ? depth : RP_DISASM_INDENT_MAX));
}

/* The instructions of a body, and the parenthesis that stands for its last `end`. */
static void print_instructions(struct rp_disasm *disasm, struct rp_reader *body)
{
    struct body_state state = {0};
    struct rp_instruction instruction;
    while (rp_instruction_read(body, &instruction) && !disasm->text.failed) {
        if (instruction.op == RP_OP_end && state.depth == 0) {
            rp_text_put(&disasm->text, "  )");
            rp_disasm_end_line(disasm, instruction.offset);
            break;
        }
        if (instruction.op == RP_OP_end) {
            state.depth--;
        }
        bool is_else = instruction.op == RP_OP_else;
        if (is_else && state.depth == 0) {
            rp_reader_fail(body, disasm->bytes + instruction.offset, "else without if");
            break;
        }
        put_indent(disasm, is_else ? state.depth - 1 : state.depth);
        rp_text_put(&disasm->text, rp_op_infos[instruction.op].text);
        put_immediates(disasm, body, &instruction, &state);
        rp_disasm_end_line(disasm, instruction.offset);
    }
    if (!body->error && body->pos != body->end && !disasm->text.failed) {
        rp_reader_fail(body, body->pos, "operators remaining after end of function");
    }
}

/* Begins a clause of locals, on a line of its own if the present one is new or full. */
static void open_locals(struct rp_disasm *disasm)
{
    if (disasm->text.column > RP_DISASM_WRAP_COLUMN) {
        rp_text_byte(&disasm->text, '\n');
    }
    rp_text_put(&disasm->text, disasm->text.column == 0 ? "    (local" : " (local");
}

/* One clause per group of unnamed locals, one per named one. */
static void put_locals(struct rp_disasm *disasm, struct rp_reader *type, uint32_t first,
                       uint32_t count)
{
    bool open = false;
    for (uint32_t i = first; i < first + count && !type->error; i++) {
        struct rp_reader reader = *type;
        bool named = rp_name_map_get(&disasm->maps[RP_NAME_LOCAL], i).data != NULL;
        if (open && (named || disasm->text.column > RP_DISASM_WRAP_COLUMN)) {
            rp_text_byte(&disasm->text, ')');
            open = false;
        }
        if (!open) {
            open_locals(disasm);
        }
        if (named) {
            rp_disasm_put_name(disasm, RP_NAME_LOCAL, i);
        }
        rp_disasm_value_type(disasm, &reader);
        if (named) {
            rp_text_byte(&disasm->text, ')');
        }
        open = !named;
        pass_error(type, &reader);
    }
    if (open) {
        rp_text_byte(&disasm->text, ')');
    }
}

/* Parameters and declared locals together; sets the body's error if they are malformed or too many
 * to be printed. */
static uint32_t count_locals(struct rp_reader *body, uint32_t param_count)
{
    uint64_t total = param_count;
    struct rp_reader reader = *body;
    uint32_t groups = rp_read_u32(&reader);
    for (uint32_t i = 0; i < groups && !reader.error; i++) {
        const uint8_t *at = reader.pos;
        total += rp_read_u32(&reader);
        rp_instruction_skip_type(&reader);
        if (total > RP_LIMIT_LOCALS) {
            rp_reader_fail(&reader, at, "too many locals");
        }
    }
    pass_error(body, &reader);
    return (uint32_t)total;
}

/* Locals in order; the cursor ends on the first instruction. */
static void print_locals(struct rp_disasm *disasm, struct rp_reader *body, uint32_t param_count)
{
    const uint8_t *at = body->pos;
    uint32_t first = param_count;
    uint32_t groups = rp_read_u32(body);
    for (uint32_t i = 0; i < groups && !body->error; i++) {
        uint32_t count = rp_read_u32(body);
        struct rp_reader type = *body;
        put_locals(disasm, &type, first, count);
        pass_error(body, &type);
        rp_instruction_skip_type(body);
        first += count;
    }
    if (first != param_count) {
        rp_disasm_end_line(disasm, (uint64_t)(at - disasm->bytes));
    }
}

static bool fill_map(struct rp_disasm *disasm, enum rp_name_kind kind, uint32_t func_index,
                     uint32_t count)
{
    struct rp_span *splits = disasm->splits[kind];
    struct rp_span names = splits ? splits[func_index] : (struct rp_span){0};
    return rp_name_map_fill(&disasm->maps[kind], disasm->allocator, disasm->bytes, names, count);
}

/* Labels that a body may have: as many as the highest index that its names give. */
static uint32_t count_label_names(const struct rp_disasm *disasm, uint32_t func_index)
{
    struct rp_span *splits = disasm->splits[RP_NAME_LABEL];
    if (!splits || splits[func_index].size == 0) {
        return 0;
    }
    struct rp_reader reader = open_type(disasm, splits[func_index]);
    uint32_t entries = rp_read_u32(&reader);
    uint32_t count = 0;
    for (uint32_t i = 0; i < entries; i++) {
        uint32_t index = rp_read_u32(&reader);
        (void)rp_read_name(&reader);
        count = index >= count && index < RP_LIMIT_FUNCTION_BYTES ? index + 1 : count;
    }
    return count;
}

static void print_function(struct rp_disasm *disasm, uint32_t func_index, struct rp_reader *body)
{
    uint64_t offset = rp_reader_offset(body);
    uint32_t type_index = disasm->func_types[func_index];
    uint32_t param_count = rp_disasm_param_count(disasm, type_index);
    uint32_t local_count = count_locals(body, param_count);
    if (body->error) {
        return;
    }
    if (!fill_map(disasm, RP_NAME_LOCAL, func_index, local_count) ||
        !fill_map(disasm, RP_NAME_LABEL, func_index, count_label_names(disasm, func_index))) {
        disasm->out_of_memory = true;
        return;
    }
    rp_text_put(&disasm->text, "  (func");
    rp_disasm_put_definition(disasm, RP_NAME_FUNCTION, func_index);
    rp_disasm_type_use(disasm, type_index, true);
    rp_disasm_end_line(disasm, offset);
    print_locals(disasm, body, param_count);
    print_instructions(disasm, body);
}

void rp_disasm_print_code(struct rp_disasm *disasm, struct rp_reader *reader)
{
    const uint8_t *at = reader->pos;
    uint32_t count = rp_read_u32(reader);
    if (count != disasm->func_count - disasm->func_import_count) {
        rp_reader_fail(reader, at, "function and code section have inconsistent lengths");
    }
    for (uint32_t i = 0; i < count && !reader->error; i++) {
        struct rp_span span = rp_read_bytes(reader, rp_read_u32(reader));
        if (reader->error) {
            return;
        }
        struct rp_reader body = *reader;
        body.pos = span.data;
        body.end = span.data + span.size;
        print_function(disasm, disasm->func_import_count + i, &body);
        pass_error(reader, &body);
        if (disasm->text.failed || disasm->out_of_memory) {
            return;
        }
    }
}
