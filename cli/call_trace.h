/* The lines of --trace=calls (layer 7; docs/profile.md): every function that is entered and left,
 * with gas position and depth, and how the run ended.
 *
 * Takes part in the trace of trace.h, whose order and failures it shares. */
#ifndef RP_CLI_CALL_TRACE_H
#define RP_CLI_CALL_TRACE_H

#include "cli/func_names.h"
#include "cli/trace.h"

#define RP_CALL_TRACE_DEPTH_MAX 40u /* deeper calls are no further indented; text only */

struct rp_call_trace {
    struct rp_cli_trace *trace;
    struct rp_func_names names;
    struct rp_buffer line;
};

void rp_call_trace_init(struct rp_call_trace *calls, struct rp_cli_trace *trace,
                        struct rp_allocator *allocator);
void rp_call_trace_deinit(struct rp_call_trace *calls);

/* As in rp_call_observer. Failures are kept by the trace. */
void rp_call_trace_enter(struct rp_call_trace *calls, const rp_call_info *info);
void rp_call_trace_leave(struct rp_call_trace *calls, const rp_call_info *info, bool returned);
/* The last line, at gas position `gas`. `outcome` is one of the words of reprise.run.v1; `detail`
 * says more about it, or is NULL. */
void rp_call_trace_end(struct rp_call_trace *calls, uint64_t gas, const char *outcome,
                       const char *detail);

#endif
