/* Calls from the embedder (layer 2): running, stopping, resuming, and how a run's end is told. */
#ifndef RP_ENGINE_CALL_H
#define RP_ENGINE_CALL_H

#include "engine/interp.h"

/* Sets the text of an outcome, printf style. */
void rp_outcome_describe(rp_outcome *outcome, const char *format, ...) RP_PRINTF(2, 3);

/* Tells how a run has ended or stopped; the frames are still there. */
void rp_outcome_write(rp_outcome *out_outcome, const struct rp_store *store, enum rp_event event);

/* The call instruction that ends at `behind`: where a waiting frame waits. Linear in the function's
 * size; for backtraces. */
const uint8_t *rp_code_call_before(const struct rp_code *code, const uint8_t *behind);

/* ERROR_NOT_FOUND, ERROR_TYPE: whether the store's function can be called so. */
rp_status rp_call_check_args(const struct rp_store *store, uint32_t func_index,
                             const rp_value *args, size_t arg_count, rp_report *report);

/* The position at which a share of `gas_max`, begun now, ends: inside the share around it. */
int64_t rp_store_share_end(const struct rp_store *store, uint64_t gas_max);

/* Drops the outermost call, or what is left of it: frames, host frames, the host call that waits.
 */
void rp_call_clear(struct rp_store *store);

#endif
