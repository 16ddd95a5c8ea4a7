/* Prices of single instructions and of the rest of a run, from the bytes (layer 2; docs/gas.md).
 * Off the hot path: traps, size terms that do not fit, the metered table. */
#include "engine/gas.h"

#include "core/assert.h"
#include "engine/engine.h"
#include "engine/instruction.h"

enum rp_op rp_code_op_at(const uint8_t *pc)
{
    if (*pc < 0xfb) {
        return rp_op_find(0, *pc);
    }
    struct rp_reader reader = {.start = pc, .pos = pc + 1, .end = pc + 6};
    return rp_op_find(*pc, rp_read_u32(&reader));
}

enum rp_op rp_code_decode(const struct rp_code *code, const uint8_t *pc, const uint8_t **out_next)
{
    struct rp_reader reader = {.start = code->body, .pos = pc, .end = code->body + code->body_size};
    struct rp_instruction instruction;
    bool read = rp_instruction_read(&reader, &instruction);
    RP_ASSERT(read);
    *out_next = reader.pos;
    return instruction.op;
}

bool rp_code_ends_run(enum rp_op op, const uint32_t *st)
{
    return op == RP_OP_end ? *st != 0 : (rp_op_infos[op].flags & RP_OP_ENDS_RUN) != 0;
}

/* The values that an instruction with the MOVED term moves. */
static uint32_t moved_values(const struct rp_module *module, const struct rp_code *code,
                             enum rp_op op, const uint8_t *pc, const uint32_t *st)
{
    struct rp_reader reader = {.start = pc, .pos = pc + 1, .end = code->body + code->body_size};
    switch (op) {
    case RP_OP_end:
        return *st == RP_FUNCTION_END ? code->type->result_count : 0;
    case RP_OP_return:
        return code->type->result_count;
    case RP_OP_br:
    case RP_OP_br_if:
    case RP_OP_br_table:
        return st[0] == 0 ? code->type->result_count : st[3] & 0x3ff;
    case RP_OP_call:
        return rp_module_func_type(module, rp_read_u32(&reader))->param_count;
    case RP_OP_call_indirect:
        return module->types[rp_read_u32(&reader)]->param_count;
    default:
        return 0;
    }
}

uint64_t rp_code_price_at(const struct rp_module *module, const struct rp_code *code,
                          const uint8_t *pc, const uint32_t *st)
{
    enum rp_op op = rp_code_op_at(pc);
    RP_ASSERT(op != RP_OP_NONE);
    uint32_t moved =
        (rp_op_infos[op].flags & RP_OP_MOVES) != 0 ? moved_values(module, code, op, pc, st) : 0;
    return rp_gas_static_price(&module->engine->schedule, op, moved);
}

uint64_t rp_code_rest_price(const struct rp_module *module, const struct rp_code *code,
                            const uint8_t *pc, const uint32_t *st)
{
    uint64_t price = 0;
    for (;;) {
        const uint8_t *next = pc;
        enum rp_op op = rp_code_decode(code, pc, &next);
        if (rp_code_ends_run(op, st)) {
            return price;
        }
        st += op == RP_OP_end;
        pc = next;
        price += rp_code_price_at(module, code, pc, st);
    }
}
