/* Static prices of instructions (layer 2; docs/gas.md): the one place where a price is computed
 * from an instruction. */
#ifndef RP_ENGINE_GAS_H
#define RP_ENGINE_GAS_H

#include "engine/module.h"

/* The words of the side table that are no prices: docs/design/frame.md, section 5. */
#define RP_RUN_PRICE_MAX 0x7fffffffu
#define RP_FUNCTION_END 0xffffffffu

/* Class price plus, for instructions that move values, the MOVED term of `arity`: the label's arity
 * for branches, the number of results for `return` and the function's last `end` (0 for any other
 * `end`), the number of parameters for calls. */
static inline uint64_t rp_gas_static_price(const struct rp_schedule *schedule, enum rp_op op,
                                           uint32_t arity)
{
    uint64_t price = schedule->op_prices[op];
    if (arity != 0 && (rp_op_infos[op].flags & RP_OP_MOVES) != 0) {
        price += rp_schedule_term(schedule, RP_GAS_TERM_MOVED, arity);
    }
    return price;
}

/* The static price of the instruction at `pc` in a function's code, `st` being its place in the
 * side table. */
uint64_t rp_code_price_at(const struct rp_module *module, const struct rp_code *code,
                          const uint8_t *pc, const uint32_t *st);

/* The sum of the static prices of the instructions behind the one at `pc`, to the end of its
 * straight-line run. */
uint64_t rp_code_rest_price(const struct rp_module *module, const struct rp_code *code,
                            const uint8_t *pc, const uint32_t *st);

/* The row of the instruction at `pc`. Only for validated code, like all below. */
enum rp_op rp_code_op_at(const uint8_t *pc);

/* The instruction at `pc`, and the position behind its immediates. */
enum rp_op rp_code_decode(const struct rp_code *code, const uint8_t *pc, const uint8_t **out_next);

/* Whether the run that contains the instruction ends with it. */
bool rp_code_ends_run(enum rp_op op, const uint32_t *st);

#endif
