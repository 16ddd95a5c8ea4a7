/* Running modules, instrumented or not, in Reprise itself (tests). */
#ifndef RP_TESTS_INSTRUMENT_INSTRUMENT_RUN_H
#define RP_TESTS_INSTRUMENT_INSTRUMENT_RUN_H

#include "core/reader.h"
#include "reprise/reprise.h"

struct rp_instrument_run {
    rp_outcome_kind kind;
    rp_trap_code trap;
    int64_t result;        /* if it returned */
    uint64_t instructions; /* the account, `start` included */
    uint64_t counted;      /* by the module itself; 0 if it is not instrumented */
};

/* Instantiates the module in a new store, which offers proc_exit and the counter's import, and
 * calls `run(argument)`, or `_start` if it has that. Whatever fails but the run itself aborts. */
struct rp_instrument_run rp_instrument_run(rp_engine *engine, struct rp_span module,
                                           int32_t argument);

#endif
