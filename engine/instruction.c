/* Reading single instructions (layer 2; core specification, 5.4). See instruction.h. */
#include "engine/instruction.h"

#include "core/assert.h"

#define MEMARG_HAS_MEMORY 0x40u
#define TYPE_REF_NULL 0x63u
#define TYPE_REF 0x64u

/* Catch clauses: whether a tag stands before the label (core specification, 5.4.1). */
#define CATCH_KINDS 4u
#define CATCH_ALL 2u

void rp_instruction_skip_type(struct rp_reader *reader)
{
    const uint8_t *at = reader->pos;
    int64_t code = rp_read_s33(reader);
    if (code == -(int64_t)(0x80 - TYPE_REF_NULL) || code == -(int64_t)(0x80 - TYPE_REF)) {
        int64_t heap = rp_read_s33(reader);
        if (heap < -64) {
            rp_reader_fail(reader, at, "malformed heap type");
        }
    } else if (code < -64) {
        rp_reader_fail(reader, at, "malformed value type");
    }
}

static struct rp_span read_type(struct rp_reader *reader)
{
    struct rp_span span = {.data = reader->pos};
    rp_instruction_skip_type(reader);
    span.size = reader->error ? 0 : (size_t)(reader->pos - span.data);
    return span;
}

/* A list of `count` elements that are each at least a byte long. */
static bool check_count(struct rp_reader *reader, uint64_t count)
{
    if (count > rp_reader_left(reader)) {
        rp_reader_fail(reader, reader->pos, "length out of bounds");
        return false;
    }
    return true;
}

static void read_labels(struct rp_reader *reader, struct rp_instruction *out)
{
    uint64_t count = (uint64_t)rp_read_u32(reader) + 1;
    if (!check_count(reader, count)) {
        return;
    }
    out->list.data = reader->pos;
    for (uint64_t i = 0; i < count; i++) {
        (void)rp_read_u32(reader);
    }
    out->list_count = (uint32_t)count;
}

static void read_clauses(struct rp_reader *reader, struct rp_instruction *out)
{
    out->type = read_type(reader);
    uint32_t count = rp_read_u32(reader);
    if (!check_count(reader, count)) {
        return;
    }
    out->list.data = reader->pos;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = reader->pos;
        uint8_t kind = rp_read_byte(reader);
        if (kind >= CATCH_KINDS) {
            rp_reader_fail(reader, at, "malformed catch clause");
            return;
        }
        if (kind < CATCH_ALL) {
            (void)rp_read_u32(reader);
        }
        (void)rp_read_u32(reader);
    }
    out->list_count = count;
}

static void read_select_types(struct rp_reader *reader, struct rp_instruction *out)
{
    uint32_t count = rp_read_u32(reader);
    if (!check_count(reader, count)) {
        return;
    }
    out->type.data = reader->pos;
    for (uint32_t i = 0; i < count; i++) {
        rp_instruction_skip_type(reader);
    }
    out->type.size = reader->error ? 0 : (size_t)(reader->pos - out->type.data);
    out->list_count = count;
}

static void read_memarg(struct rp_reader *reader, struct rp_instruction *out)
{
    const uint8_t *at = reader->pos;
    uint32_t flags = rp_read_u32(reader);
    if (flags >= 2 * MEMARG_HAS_MEMORY) {
        rp_reader_fail(reader, at, "malformed memop flags");
    }
    if (flags & MEMARG_HAS_MEMORY) {
        out->memory_index = rp_read_u32(reader);
    }
    out->align_log2 = flags & (MEMARG_HAS_MEMORY - 1);
    out->memory_offset = rp_read_u64(reader);
}

static void read_cast_branch(struct rp_reader *reader, struct rp_instruction *out)
{
    const uint8_t *at = reader->pos;
    out->lane = rp_read_byte(reader);
    if (out->lane > 3) {
        rp_reader_fail(reader, at, "malformed cast flags");
    }
    out->index[0] = rp_read_u32(reader);
    out->type = read_type(reader);
    out->type_2 = read_type(reader);
}

static void read_immediates(struct rp_reader *reader, struct rp_instruction *out)
{
    switch ((enum rp_immediate)rp_op_infos[out->op].immediate) {
    case RP_IMM_NONE:
        break;
    case RP_IMM_BLOCK:
    case RP_IMM_HEAPTYPE:
        out->type = read_type(reader);
        break;
    case RP_IMM_TRY_TABLE:
        read_clauses(reader, out);
        break;
    case RP_IMM_BR_TABLE:
        read_labels(reader, out);
        break;
    case RP_IMM_BR_ON_CAST:
        read_cast_branch(reader, out);
        break;
    case RP_IMM_LABEL:
    case RP_IMM_FUNC:
    case RP_IMM_TYPE:
    case RP_IMM_TAG:
    case RP_IMM_LOCAL:
    case RP_IMM_GLOBAL:
    case RP_IMM_TABLE:
    case RP_IMM_ELEM:
    case RP_IMM_DATA:
    case RP_IMM_MEMORY:
        out->index[0] = rp_read_u32(reader);
        break;
    case RP_IMM_CALL_INDIRECT:
    case RP_IMM_TYPE_FIELD:
    case RP_IMM_TYPE_U32:
    case RP_IMM_TYPE_DATA:
    case RP_IMM_TYPE_ELEM:
    case RP_IMM_TYPE_TYPE:
    case RP_IMM_TABLE_TABLE:
    case RP_IMM_ELEM_TABLE:
    case RP_IMM_DATA_MEMORY:
    case RP_IMM_MEMORY_MEMORY:
        out->index[0] = rp_read_u32(reader);
        out->index[1] = rp_read_u32(reader);
        break;
    case RP_IMM_MEMARG:
        read_memarg(reader, out);
        break;
    case RP_IMM_MEMARG_LANE:
        read_memarg(reader, out);
        out->lane = rp_read_byte(reader);
        break;
    case RP_IMM_I32:
        out->number = (uint64_t)(int64_t)rp_read_s32(reader);
        break;
    case RP_IMM_I64:
        out->number = (uint64_t)rp_read_s64(reader);
        break;
    case RP_IMM_F32:
        out->number = rp_read_f32_bits(reader);
        break;
    case RP_IMM_F64:
        out->number = rp_read_f64_bits(reader);
        break;
    case RP_IMM_V128:
    case RP_IMM_LANES16:
        out->list = rp_read_bytes(reader, 16);
        break;
    case RP_IMM_LANE:
        out->lane = rp_read_byte(reader);
        break;
    case RP_IMM_SELECT_T:
        read_select_types(reader, out);
        break;
    }
}

bool rp_instruction_read(struct rp_reader *reader, struct rp_instruction *out_instruction)
{
    const uint8_t *at = reader->pos;
    *out_instruction = (struct rp_instruction){.offset = rp_reader_offset(reader)};
    uint8_t prefix = 0;
    uint32_t code = rp_read_byte(reader);
    if (code >= 0xfb && code <= 0xfe) {
        prefix = (uint8_t)code;
        code = rp_read_u32(reader);
    }
    if (reader->error) {
        return false;
    }
    out_instruction->op = rp_op_find(prefix, code);
    if (out_instruction->op == RP_OP_NONE) {
        rp_reader_fail(reader, at, "illegal opcode");
        return false;
    }
    read_immediates(reader, out_instruction);
    const uint8_t *list = out_instruction->list.data;
    if (list && !reader->error) {
        out_instruction->list.size = (size_t)(reader->pos - list);
    }
    return !reader->error;
}

/* Log2 of a power of two up to 128 bits, in bytes. */
static unsigned log2_bytes(unsigned bits)
{
    unsigned log2 = 0;
    while (bits > 8) {
        bits /= 2;
        log2++;
    }
    return log2;
}

unsigned rp_instruction_natural_align(enum rp_op op)
{
    const char *text = rp_op_infos[op].text;
    const char *dot = text;
    while (*dot && *dot != '.') {
        dot++;
    }
    const char *digits = dot;
    while (*digits && !(*digits >= '1' && *digits <= '9')) {
        digits++;
    }
    if (!*digits) { /* i32.load: the whole type, "v128" included */
        digits = text + 1;
    }
    unsigned bits = 0;
    const char *end = digits;
    while (*end >= '0' && *end <= '9') {
        bits = bits * 10 + (unsigned)(*end++ - '0');
    }
    if (*end == 'x') { /* v128.load8x8_s: always 8 bytes */
        bits = 64;
    }
    RP_ASSERT(bits >= 8 && bits <= 128);
    return log2_bytes(bits);
}
