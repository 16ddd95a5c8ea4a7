/* A program for the walks that calls every WASI function (tests): by both names, rightly and
 * wrongly, with the answers that it must get. Built with tests/support/wasm_builder.h. */
#ifndef RP_TESTS_WALKS_WASI_TOUR_H
#define RP_TESTS_WALKS_WASI_TOUR_H

#include "core/buffer.h"
#include "sandbox/wasi_call.h"

#define RP_TOUR_CALLS_MAX 400u
#define RP_TOUR_ANSWERS 32768u /* in memory: the answer of each call, a u32 each, in order */
#define RP_TOUR_INPUT "some input for the tour"

struct rp_tour_call {
    enum rp_wasi_version version;
    enum rp_wasi_index function;
    uint64_t args[RP_WASI_PARAMS_MAX];
    uint32_t expected; /* error number; of proc_exit: the exit code */
};

struct rp_tour {
    struct rp_tour_call calls[RP_TOUR_CALLS_MAX];
    uint32_t count;
    uint8_t data[8192]; /* of memory, from address 0 */
    uint32_t data_size;
};

/* The calls, in order. The program runs in the default tree, with `/` as descriptor 3 and
 * RP_TOUR_INPUT as standard input. */
void rp_tour_plan(struct rp_tour *tour);
/* The module: exports `memory` and `_start`, which makes the calls. Appended to `out`. */
void rp_tour_build(const struct rp_tour *tour, struct rp_buffer *out);

#endif
