/* Small modules that meet every rule of counting, for the tests of the instrumenter (tests).
 *
 * Each exports `run: (i32) -> i64`, imports nothing but wasi_snapshot_preview1.proc_exit, and ends
 * normally for the argument given here. */
#ifndef RP_TESTS_INSTRUMENT_INSTRUMENT_MODULES_H
#define RP_TESTS_INSTRUMENT_INSTRUMENT_MODULES_H

#include "tests/support/wasm_builder.h"

struct rp_instrument_case {
    const char *name;
    void (*build)(struct rp_wasm *wasm);
    int32_t argument;
    bool exits; /* the run ends by proc_exit(0) */
};

#define RP_INSTRUMENT_CASES 7

extern const struct rp_instrument_case rp_instrument_cases[RP_INSTRUMENT_CASES];

#endif
