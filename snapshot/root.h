/* State roots (layer 3; docs/wsnp.md, "Roots"; include/reprise/snapshot.h).
 *
 *   state root = BLAKE2b-256 as "reprise.root" of, in the order of the file:
 *                each component's name as MessagePack text, and its root
 *
 * and the root of a component is the hash that its part gives (engine/store_part.h), else
 * BLAKE2b-256 as "reprise.comp" of its name as MessagePack text and
 *   of a memory: its head (all but the pages) and the root of the tree over its pages;
 *   of another:  the bytes of its section.
 *
 * A store keeps what makes its next root cheap, the trees of its memories first of all, with its
 * contents: a restore that exchanges the contents exchanges that too. */
#ifndef RP_SNAPSHOT_ROOT_H
#define RP_SNAPSHOT_ROOT_H

#include "engine/store.h"
#include "reprise/snapshot.h"
#include "snapshot/memory_root.h"

/* For tests. How the roots that follow find what has changed; forgets what is known. False: no
 * memory. */
bool rp_root_set_method(struct rp_store *store, enum rp_root_method method) RP_NODISCARD;
/* By which way the memory's tree follows it since the latest root; AUTO: there was none. */
enum rp_root_method rp_root_get_method(const struct rp_store *store, uint32_t memory_index);
/* How many pages of all memories the latest root looked at one by one. */
uint64_t rp_root_hashed_pages(const struct rp_store *store);

#endif
