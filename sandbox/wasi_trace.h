/* The line that a trace tells of one WASI call (layer 4; docs/wasi.md, "Trace").
 *
 * Everything that a line shows stands in the row of wasi.def. Nothing here changes the guest or its
 * gas, nothing outside of its memory is read, and the arguments are read before the call, which may
 * write over them. A line is valid UTF-8 without a line end, and never longer than the bound of its
 * format. */
#ifndef RP_SANDBOX_WASI_TRACE_H
#define RP_SANDBOX_WASI_TRACE_H

#include "sandbox/trace_writer.h"
#include "sandbox/wasi_call.h"

#define RP_WASI_TRACE_TEXT_MAX 40960u   /* bytes of a line of text */
#define RP_WASI_TRACE_JSON_MAX 1048576u /* bytes of a line of JSON */

/* One line while its call is executed. */
struct rp_wasi_trace_line {
    const struct rp_wasi_call *call;
    const struct rp_wasi_function *function;
    uint64_t cost;
    struct rp_trace_writer writer;
    struct rp_buffer vectors; /* those that the call fills, as they were before it */
};

/* Begins the line: position and arguments. `gas` is the position before the call, `cost` its price.
 */
void rp_wasi_trace_begin(struct rp_wasi_trace_line *line, const struct rp_wasi_call *call,
                         const struct rp_wasi_function *function, uint64_t gas, uint64_t cost);
/* Ends it with what the call answered (an error number, RP_WASI_EXITS or RP_WASI_FAILS), hands it
 * out and frees it. Returns the answer, or RP_WASI_FAILS with call->report if the line could not be
 * told. */
uint32_t rp_wasi_trace_end(struct rp_wasi_trace_line *line, struct rp_wasi_call *call,
                           uint32_t answer);

#endif
