/* Moving a store (layer 3): its whole state is copied into a freshly made store and the old one is
 * destroyed. Proves that no state hides in the native stack or in pointers (docs/design/frame.md).
 */
#ifndef RP_SNAPSHOT_MOVE_H
#define RP_SNAPSHOT_MOVE_H

#include "reprise/reprise.h"

/* *store must not be running. On success it is the new store, equal in every observable way; the
 * old handle and those of its instances are gone. On failure (NO_MEMORY, STATE) *store is
 * unchanged. No effect on gas. */
rp_status rp_store_move(rp_store **store, rp_report *report);

#endif
