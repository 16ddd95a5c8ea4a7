/* Running actions of the official suite in a mode (layer 7).
 *
 * fast     the engine as it comes
 * metered  always the metered table
 * move     at boundaries of an action the whole state is copied into a freshly made store, which
 * goes on; so no state hides outside of it. Boundaries are counted one by one within an action: the
 * first 1,000, then every 97th; or every K-th.
 * snapshot at the same boundaries the store is saved, restored from the saved bytes, and saved
 * again; bytes and state root must be the same before and after.
 *
 * A sample of the boundaries to be moved at is taken by `sample`, in MiB: each time the moves of a
 * script have copied so much (counting 1 for the store itself and 1/8 for each instance), the moves
 * become half as frequent. Deterministic; 0 takes all. */
#ifndef RP_CONFORMANCE_SPEC_DRIVE_H
#define RP_CONFORMANCE_SPEC_DRIVE_H

#include "reprise/reprise.h"

#define RP_SPEC_MODES(X) \
    X(FAST, "fast") X(METERED, "metered") X(MOVE, "move") X(SNAPSHOT, "snapshot")

enum rp_spec_mode {
#define X(name, text) RP_SPEC_MODE_##name,
    RP_SPEC_MODES(X)
#undef X
        RP_SPEC_MODE_COUNT
};

extern const char *const rp_spec_mode_names[RP_SPEC_MODE_COUNT];

/* Invariant: `store` is the live store; a move replaces it, so nobody else keeps a handle into it.
 */
struct rp_spec_drive {
    enum rp_spec_mode mode;
    uint32_t every;  /* 0: the default of the mode */
    uint32_t sample; /* 0: all */
    rp_store *store;
    uint32_t instance_count;
    uint64_t action_boundaries; /* of the present action */
    uint64_t candidate_count;   /* boundaries that `every` picks, in all actions */
    uint64_t next_candidate;    /* the number of the next one to move at, from 1 */
    uint64_t spent;             /* by the moves, in eighths of a MiB */
    uint64_t boundary_count;    /* in all actions */
    uint64_t move_count;        /* in all actions */
};

/* As rp_store_instantiate; `out_index` is the new instance's index in the store. */
rp_status rp_spec_drive_instantiate(struct rp_spec_drive *drive, const rp_module *module,
                                    uint32_t *out_index, rp_outcome *out_outcome,
                                    rp_report *report);
/* As rp_store_call. */
rp_status rp_spec_drive_call(struct rp_spec_drive *drive, uint32_t func_index, const rp_value *args,
                             size_t arg_count, rp_value *results, size_t result_count,
                             rp_outcome *out_outcome, rp_report *report);
/* The instance of an index; good until the next action. */
rp_instance *rp_spec_drive_instance(const struct rp_spec_drive *drive, uint32_t index);

#endif
