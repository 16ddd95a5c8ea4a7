/* The validator's state (layer 2), shared by the files that make it up: validate.c (instructions),
 * side_table.c (control flow's table and runs).
 *
 * Dead code runs from an unconditional branch to the `end` or `else` of its block; it is validated,
 * but has no entries, no price and no height. */
#ifndef RP_ENGINE_VALIDATOR_H
#define RP_ENGINE_VALIDATOR_H

#include "core/limits.h"
#include "engine/gas.h"
#include "engine/validate.h"

struct rp_control {
    uint8_t
        kind; /* RP_OP_block, RP_OP_loop, RP_OP_if, RP_OP_else; RP_OP_block also for the function */
    bool unreachable;  /* the operand stack is polymorphic from here */
    bool dead_outside; /* the block itself stands in dead code */
    const uint32_t *params;
    const uint32_t *results;
    uint32_t param_count;
    uint32_t result_count;
    uint32_t base;    /* operand height without the parameters */
    uint32_t pending; /* chain of side-table entries that branch behind the `end`: index + 1, 0 ends
                         it */
    uint32_t entry;   /* if, loop: index of the entry in the side table */
    uint32_t body_offset; /* loop: offset behind the instruction */
    uint32_t header_size; /* loop: bytes of the instruction */
};

/* A signature of core/opcode.def as types. */
struct rp_validator_signature {
    uint8_t operand_count;
    uint8_t result_count;
    uint8_t steps;    /* both together */
    uint8_t types[4]; /* operands, then the result */
};

struct rp_validator_row {
    uint32_t price;
    struct rp_validator_signature signature;
};

struct rp_validator {
    const struct rp_module *module;
    struct rp_allocator *allocator;
    const struct rp_schedule *schedule;
    rp_report *report;

    struct rp_reader reader;
    const uint8_t *body; /* first instruction of the function */
    const uint8_t *at;   /* the instruction in work, for messages */
    uint32_t func_index;
    rp_status status; /* of the first failure */

    uint32_t *types; /* operand stack */
    uint32_t height;
    uint32_t base;         /* of the innermost control */
    uint32_t height_watch; /* largest height so far in live code; UINT32_MAX while dead */
    uint32_t height_max;   /* kept while dead */
    bool dead;

    struct rp_control *controls;
    uint32_t control_count;
    uint32_t control_capacity;

    uint32_t *locals;
    uint32_t local_count;
    uint8_t *declared_funcs; /* bit per function */
    uint32_t declared_bytes;

    /* The side table in work: the module's, or a scratch one while locating. */
    uint32_t *words;
    uint32_t word_count;
    uint32_t word_capacity;
    uint32_t first_word;  /* of the function */
    uint64_t run_price;   /* of the open run */
    uint32_t run_waiting; /* chain of words that wait for it: index + 1 */
    uint32_t first_run_price;
    bool first_run_open;
    uint64_t steps;

    uint32_t features;                 /* bit per enum rp_feature met */
    uint32_t entry_offset;             /* of the function: its locals */
    bool locating;                     /* a validated function is walked again */
    const uint8_t *previous;           /* while locating: the instruction walked last */
    struct rp_validator_row rows[256]; /* of one-byte opcodes */
};

/* Fails at byte `at` and returns false; the first failure wins. */
bool rp_validator_fail(struct rp_validator *v, rp_status status, const uint8_t *at,
                       const char *format, ...) RP_PRINTF(4, 5) RP_COLD;

bool rp_validator_fail_reader(struct rp_validator *v) RP_COLD;
bool rp_validator_fail_feature(struct rp_validator *v, enum rp_feature feature) RP_COLD;
bool rp_validator_fail_index(struct rp_validator *v, const char *what, uint32_t index,
                             uint32_t count) RP_COLD;

/* ---- operands (validate.c) ---- */

static inline bool rp_validator_index(struct rp_validator *v, const char *what, uint32_t count,
                                      uint32_t *out_index)
{
    uint32_t index = rp_read_u32(&v->reader);
    *out_index = index;
    if (RP_UNLIKELY(v->reader.error != NULL)) {
        return rp_validator_fail_reader(v);
    }
    return RP_LIKELY(index < count) ? true : rp_validator_fail_index(v, what, index, count);
}

bool rp_validator_pop_slow(struct rp_validator *v, uint32_t expected) RP_COLD;
/* Pops anything; in polymorphic stacks that is BOTTOM. */
bool rp_validator_pop_any(struct rp_validator *v, uint32_t *out_type);
bool rp_validator_pop_list(struct rp_validator *v, const uint32_t *types, uint32_t count);
bool rp_validator_push_list(struct rp_validator *v, const uint32_t *types, uint32_t count);

static inline bool rp_validator_push(struct rp_validator *v, uint32_t type)
{
    uint32_t height = v->height;
    if (RP_UNLIKELY(height >= RP_LIMIT_OPERANDS)) {
        return rp_validator_fail(v, RP_ERROR_LIMIT, v->at, "more than %u operands",
                                 RP_LIMIT_OPERANDS);
    }
    v->types[height] = type;
    v->height = ++height;
    if (height > v->height_watch) {
        v->height_watch = height;
    }
    return true;
}

static inline bool rp_validator_pop(struct rp_validator *v, uint32_t expected)
{
    if (RP_LIKELY(v->height > v->base && v->types[v->height - 1] == expected)) {
        v->height--;
        return true;
    }
    return rp_validator_pop_slow(v, expected);
}

/* ---- control (validate_control.c) ---- */

bool rp_validate_block(struct rp_validator *v, enum rp_op op);
bool rp_validate_else(struct rp_validator *v);
bool rp_validate_end(struct rp_validator *v);
bool rp_validate_br(struct rp_validator *v, bool conditional);
bool rp_validate_br_table(struct rp_validator *v);
bool rp_validate_return(struct rp_validator *v);
bool rp_validate_call(struct rp_validator *v);
bool rp_validate_call_indirect(struct rp_validator *v);
/* What follows an unconditional branch is dead. */
void rp_validate_dead(struct rp_validator *v);
/* Opens the control frame of a function's expression. */
bool rp_validate_function_block(struct rp_validator *v, const uint32_t *results,
                                uint32_t result_count);

/* ---- typed by immediates (validate_typed.c); the opcode has been read, its price is added ---- */

bool rp_validate_select(struct rp_validator *v);
bool rp_validate_select_typed(struct rp_validator *v);
bool rp_validate_reference(struct rp_validator *v, enum rp_op op);
bool rp_validate_table_op(struct rp_validator *v, enum rp_op op);
bool rp_validate_bulk(struct rp_validator *v, enum rp_op op);
bool rp_validate_global(struct rp_validator *v, bool set);
bool rp_validator_value_type(struct rp_validator *v, uint32_t *out_type);
bool rp_validator_heap_type(struct rp_validator *v, uint32_t *out_type);
/* A memory index; a memory argument of any form. */
bool rp_validator_memory(struct rp_validator *v);
bool rp_validator_memarg_slow(struct rp_validator *v, uint32_t natural_alignment);
/* The immediate of a constant (validate_const.c). */
bool rp_validator_constant(struct rp_validator *v, enum rp_op op);

/* ---- the side table (side_table.c) ---- */

/* All return false when the table cannot grow. */

static inline void rp_run_add(struct rp_validator *v, enum rp_op op, uint32_t arity)
{
    v->run_price += rp_gas_static_price(v->schedule, op, arity);
}

void rp_run_begin_function(struct rp_validator *v);
/* Ends the open run, and gives its price to the words that wait for it. */
void rp_run_close(struct rp_validator *v);
/* Appends a word that waits for the open run's price. */
bool rp_table_next(struct rp_validator *v);
bool rp_table_word(struct rp_validator *v, uint32_t word);
/* An entry of a branch to the label `depth` levels out from an instruction whose opcode ends at
 * `base`; `height` operands are on the stack. */
bool rp_table_branch(struct rp_validator *v, uint32_t depth, const uint8_t *base, uint32_t height);
/* An entry [target_pc, target_st, price] of `if` or `else` that goes forward; joins a chain. */
bool rp_table_forward(struct rp_validator *v, const uint8_t *base, uint32_t *chain);
/* The entries of a chain get the present position as their target, and wait for the open run. */
void rp_table_resolve(struct rp_validator *v, uint32_t chain, const uint8_t *target);

#endif
