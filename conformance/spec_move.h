/* Moving a store (layer 7): the internal interface of snapshot/, behind one name while it may be
 * missing from the build. */
#ifndef RP_CONFORMANCE_SPEC_MOVE_H
#define RP_CONFORMANCE_SPEC_MOVE_H

#include "reprise/reprise.h"

/* Copies the whole state into a freshly made store, which takes the place of the old one. */
rp_status rp_spec_move_store(rp_store **store, rp_report *report);

#endif
