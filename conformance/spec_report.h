/* The report of a suite's run as JSON and as lines of text (layer 7).
 *
 * {"schema":"reprise.conformance.v1","suite":"spec","mode":"fast",
 *  "files":[{"file":"address","commands":260,"passed":260,"failed":0,"out_of_scope":0,
 *            "features":{},"gas_used":9123,"moves":0,"boundaries":0}, …],
 *  "totals":{the same without "file"}}
 *
 * `features` divides out_of_scope by the feature that is missing; `gas_used` is the same in every
 * mode; in the modes `move` and `snapshot`, `moves` counts the stores copied, `boundaries` the
 * stops. */
#ifndef RP_CONFORMANCE_SPEC_REPORT_H
#define RP_CONFORMANCE_SPEC_REPORT_H

#include "conformance/spec_runner.h"

struct rp_spec_report {
    struct rp_json *root;
    struct rp_json *files; /* borrowed by root once finished */
    struct rp_spec_counts totals;
};

/* Creation that fails for want of memory shows in rp_spec_report_finish. */
void rp_spec_report_init(struct rp_spec_report *report, enum rp_spec_mode mode);
void rp_spec_report_deinit(struct rp_spec_report *report);
void rp_spec_report_add(struct rp_spec_report *report, const char *file,
                        const struct rp_spec_counts *counts);
/* Appends the JSON text and a newline. False if memory ran out. */
bool rp_spec_report_finish(struct rp_spec_report *report, struct rp_buffer *out_text);

/* "simd 25, gc 3"; nothing if all is in scope. */
void rp_spec_counts_print_features(const struct rp_spec_counts *counts, struct rp_buffer *out_text);

#endif
