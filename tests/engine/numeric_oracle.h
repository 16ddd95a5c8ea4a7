/* What the specification says of every pure numeric instruction on scalars (layer 7, test support;
 * specification 4.3, deterministic profile).
 *
 * The oracle computes with exact integers and rationals and rounds once, by itself; it shares no
 * code with determinism/ and engine/ but the opcode table. Values are slots: i32 and f32 in the low
 * half, the high half zero. */
#ifndef RP_TESTS_ENGINE_NUMERIC_ORACLE_H
#define RP_TESTS_ENGINE_NUMERIC_ORACLE_H

#include "core/opcode.h"
#include "reprise/reprise.h"

/* Letters of the operands and of the result (i l f d) of a numeric instruction; false if `op` is
 * none. */
struct rp_oracle_signature {
    unsigned operand_count;
    char operands[2];
    char result;
};
bool rp_oracle_signature(enum rp_op op, struct rp_oracle_signature *out_signature);

/* False if `op` is no numeric instruction. Else *out_trap says whether it traps on these operands,
 * and if it does not *out_result is its one allowed result. */
bool rp_oracle_eval(enum rp_op op, const uint64_t *operands, uint64_t *out_result,
                    rp_trap_code *out_trap);

#endif
