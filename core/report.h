/* Text for people about a failed request (layer 0): what happened, to what, where, and the limit or
 * the remedy.
 *
 * The caller owns the report. The first failure wins: writing to a report that holds one is a
 * no-op, so code on an exit path need not look. The text is never compared, hashed or stored. A
 * NULL report is allowed everywhere. */
#ifndef RP_CORE_REPORT_H
#define RP_CORE_REPORT_H

#include "core/compiler.h"
#include "reprise/reprise.h"

/* Records `status` with a printf-style text (cut at the buffer's end) unless a failure is recorded
 * already. Returns `status`. */
rp_status rp_report_fail(rp_report *report, rp_status status, const char *format, ...)
    RP_PRINTF(3, 4);

/* Same, with the byte offset in the module that is at fault. */
rp_status rp_report_fail_at(rp_report *report, rp_status status, uint64_t offset,
                            const char *format, ...) RP_PRINTF(4, 5);

#endif
