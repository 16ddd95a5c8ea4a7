/* Checkpoints in memory (layer 2; include/reprise/reprise.h, "checkpoints"). */
#ifndef RP_ENGINE_CHECKPOINT_H
#define RP_ENGINE_CHECKPOINT_H

#include "engine/store.h"

/* Makes the state that of the checkpoint, gas, counts and the stack apart; cannot fail. The
 * checkpoint fits (rp_store_rollback says when), and no frame belongs to an instance made since. */
void rp_checkpoint_restore(struct rp_store *store, const struct rp_checkpoint *checkpoint);

/* How many objects a store has. */
struct rp_object_counts {
    uint32_t funcs, tables, memories, globals, instances;
};
struct rp_object_counts rp_store_count_objects(const struct rp_store *store);
/* Takes back the objects added since; what is left must not refer to them. */
void rp_store_remove_objects(struct rp_store *store, const struct rp_object_counts *before);

#endif
