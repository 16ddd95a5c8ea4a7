/* Builds without snapshot/move.h (layer 7): the mode `move` fails, and says why. */
#include "conformance/spec_move.h"

#include "core/report.h"

rp_status rp_spec_move_store(rp_store **store, rp_report *report)
{
    (void)store;
    return rp_report_fail(report, RP_ERROR_UNSUPPORTED, "this build cannot move a store");
}
