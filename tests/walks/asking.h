/* A guest for the walks whose host answers later (tests): every host call waits, or calls the guest
 * and continues, or both; some begin in the start function. So that the walk stops before a call,
 * in the wait, behind the completion, and inside of what a host function has called. */
#ifndef RP_TESTS_WALKS_ASKING_H
#define RP_TESTS_WALKS_ASKING_H

#include "reprise/reprise.h"
#include "tests/support/wasm_builder.h"

#define RP_ASKING_ROUNDS 150

/* One run of it. Fields are read only. */
struct rp_asking {
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    bool was_called; /* `run`, behind the start function */
    bool has_ended;
    uint32_t waits; /* answered so far */
    rp_value result;
    rp_outcome outcome;
    rp_report report;
};

/* Makes the store and runs up to `until_gas`; `asking` must not move. */
void rp_asking_begin(struct rp_asking *asking, bool metered, int64_t until_gas);
/* One step: completes what waits and stays there; or goes on, up to `until_gas` or the next wait.
 */
void rp_asking_go(struct rp_asking *asking, int64_t until_gas);
/* Puts a store made afresh in the place of this one, with the state of a snapshot. */
rp_status rp_asking_restore(struct rp_asking *asking, const void *snapshot, size_t size,
                            bool metered);
void rp_asking_end(struct rp_asking *asking);

#endif
