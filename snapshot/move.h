/* Moving a store (layer 3): its whole state is written, read into contents made afresh, and the old
 * ones are destroyed. Proves that no state hides in the native stack or in pointers
 * (docs/design/frame.md), and that the reader of snapshots takes what their writer writes.
 *
 * Parts that a layer above has attached stay as they are. */
#ifndef RP_SNAPSHOT_MOVE_H
#define RP_SNAPSHOT_MOVE_H

#include "reprise/reprise.h"

/* *store must not be running. On success the handle holds new contents, equal in every observable
 * way, limits and requests to stop included; handles of its instances are gone (rp_store_instance
 * gives the new ones). External references need not be registered. On failure (NO_MEMORY, STATE,
 * PINNED) the store is unchanged. No effect on gas. */
rp_status rp_store_move(rp_store *store, rp_report *report);

#endif
