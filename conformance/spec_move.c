/* Moving a store by way of snapshot/ (layer 7). */
#include "conformance/spec_move.h"

#include "snapshot/move.h"

rp_status rp_spec_move_store(rp_store **store, rp_report *report)
{
    return rp_store_move(store, report);
}
