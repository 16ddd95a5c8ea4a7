/* Native code for a module, made of stencils function by function, and its driver (tests).
 *
 * The smallest thing that stands where a compiled tier would: it shows what such a tier needs of
 * the frame (docs/design/frame.md, section 8), and is in no way fast. */
#ifndef RP_TESTS_STENCILS_STENCIL_CODE_H
#define RP_TESTS_STENCILS_STENCIL_CODE_H

#include "core/opcode.h"
#include "engine/validate.h"
#include "tests/stencils/stencil.h"
#include "tests/stencils/stencil_object.h"

struct rp_stencil_code {
    struct rp_allocator allocator;
    const struct rp_module *module;
    struct rp_validator *validator;
    uint8_t *memory; /* main code, and from the middle on what is apart: side exits, edges */
    size_t memory_bytes;
    struct rp_stencil stencils[RP_OP_COUNT]; /* of instructions */
    struct rp_stencil enter_stencil;
    struct rp_stencil exit_stencil;
    struct rp_stencil leave_stencil;
    struct rp_stencil charge_stencil;
    bool *is_compiled; /* by index of the module's own functions */
    const void **entries;
    const void *leave;
    struct rp_tier tier;
    rp_tier_enter *enter;
    /* Counted by the driver. */
    uint64_t run_exits;             /* a run did not fit into the budget */
    uint64_t op_exits[RP_OP_COUNT]; /* an instruction left its happy path */
    uint64_t leaves;                /* a return to a frame without native code */
    uint64_t entered;
};

/* Compiles every function that consists of instructions with stencils; the others are left to the
 * interpreter. */
void rp_stencil_code_init(struct rp_stencil_code *code, const struct rp_stencil_object *object,
                          const struct rp_module *module);
void rp_stencil_code_deinit(struct rp_stencil_code *code);

/* The code of a run that begins at this instruction; NULL if there is none. */
const void *rp_stencil_code_entry(const struct rp_stencil_code *code, const uint8_t *pc);

/* Goes on in native code from a stopped store whose next instruction begins a run with code, until
 * a side exit that is not for a new portion of gas. True: the outermost call has returned, results
 * at machine.sp. False: the frame is canonical and the interpreter may go on. */
bool rp_stencil_code_run(struct rp_stencil_code *code, struct rp_store *store);

#endif
