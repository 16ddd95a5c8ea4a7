/* Validation of function bodies in one pass that also writes the side table (layer 2; core
 * specification 3.3, appendix "Validation Algorithm"). */
#ifndef RP_ENGINE_VALIDATE_H
#define RP_ENGINE_VALIDATE_H

#include "engine/module.h"

struct rp_validator;

/* Working memory for the functions of one module, reused between them. */
rp_status rp_validator_create(const struct rp_module *module, struct rp_allocator *allocator,
                              struct rp_validator **out_validator, rp_report *report);
void rp_validator_destroy(struct rp_validator *validator);

/* Validates the body (locals and expression) of function `func_index` at [offset, offset + size)
 * and describes it. */
rp_status rp_validator_function(struct rp_validator *validator, uint32_t func_index,
                                uint32_t offset, uint32_t size, struct rp_code *out_code);

/* Validates a constant expression of the expected type at the reader's position and advances it.
 * Global indices below `global_limit` are in scope. */
rp_status rp_validator_const_expr(struct rp_validator *validator, struct rp_reader *reader,
                                  uint32_t expected_type, uint32_t global_limit,
                                  struct rp_const_expr *out_expr);

/* Validation steps so far (operand pops and pushes, label types compared), for the account *load*.
 */
uint64_t rp_validator_steps(const struct rp_validator *validator);

/* Gives the side table of the functions validated so far, and the features met, to the module. */
void rp_validator_finish(struct rp_validator *validator, struct rp_module *module);

/* Marks a function as declared: `ref.func` may name it (core specification 3.4.9, C.refs). Once the
 * function section is known. ERROR_NO_MEMORY. */
rp_status rp_validator_declare_func(struct rp_validator *validator, uint32_t func_index);

/* What the validator knows at one instruction of a validated function. The types are borrowed from
 * the validator until its next call. */
struct rp_code_location {
    uint32_t side_table_index; /* in words from the function's first */
    uint32_t operand_count;
    const uint32_t *operand_types;
    uint32_t local_count; /* parameters included */
    const uint32_t *local_types;
    const uint8_t *previous; /* the instruction that ends here; NULL: there is none */
};

/* The location of the instruction at `offset` bytes behind the body's start; ERROR_INVALID if no
 * reachable instruction begins there, ERROR_NO_MEMORY. This is how a frame is rebuilt from its
 * offset and verified. */
rp_status rp_code_locate(struct rp_validator *validator, uint32_t func_index, uint32_t offset,
                         struct rp_code_location *out_location);

/* The same for several offsets of one function, which ascend: its code is walked once. An offset
 * that is ERROR_INVALID ends the walk. */
rp_status rp_code_locate_begin(struct rp_validator *validator, uint32_t func_index);
rp_status rp_code_locate_next(struct rp_validator *validator, uint32_t offset,
                              struct rp_code_location *out_location);

#endif
