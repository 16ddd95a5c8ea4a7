/* An engine, a store and one instance of a module, to call its exports from tests (layer 7, test
 * support).
 *
 * Whatever must succeed does or aborts with its report: loading in rp_rig_init, finding exports.
 * How a run ends is data for the test to judge. */
#ifndef RP_TESTS_SUPPORT_RIG_H
#define RP_TESTS_SUPPORT_RIG_H

#include "core/reader.h"
#include "reprise/reprise.h"

#define RP_RIG_VALUES_MAX 32

struct rp_rig {
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance;
    rp_outcome outcome;                  /* of the latest instantiation, call or resumption */
    rp_value results[RP_RIG_VALUES_MAX]; /* of the latest call, if it returned */
    size_t result_count;
    rp_status status; /* of the latest request that may fail */
    rp_report report;
};

/* Makes the engine, the store with `config` (NULL: the defaults) and the instance; `outcome` says
 * how `start` ended. */
void rp_rig_init(struct rp_rig *rig, struct rp_span module, const rp_store_config *config);
void rp_rig_deinit(struct rp_rig *rig);

/* Calls an export. `types` has a letter per argument: i int32_t, l int64_t, f float bits as
 * uint32_t, d double bits as uint64_t, r and x a reference as uint64_t. Answers how it ended; a
 * refused call aborts. */
rp_outcome_kind rp_rig_call(struct rp_rig *rig, const char *name, const char *types, ...);
rp_outcome_kind rp_rig_resume(struct rp_rig *rig);

/* The store's index of an exported object. */
uint32_t rp_rig_export(const struct rp_rig *rig, const char *name, rp_extern_kind kind);

#endif
