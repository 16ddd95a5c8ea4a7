/* Stores worth a snapshot (layer 7, tests): every kind of state in small programs, each stopped
 * where its name says. Making one takes for granted what must succeed, and aborts with its report.
 */
#ifndef RP_TESTS_SNAPSHOT_SAMPLE_H
#define RP_TESTS_SNAPSHOT_SAMPLE_H

#include "reprise/snapshot.h"
#include "reprise/wasi.h"
#include "tests/support/wasm_builder.h"

enum rp_sample_kind {
    RP_SAMPLE_EMPTY,        /* nothing is instantiated */
    RP_SAMPLE_COUNTER,      /* idle after three calls */
    RP_SAMPLE_RECURSION,    /* stopped some dozen frames deep */
    RP_SAMPLE_FILES,        /* stopped with files open, one of them unlinked */
    RP_SAMPLE_PENDING,      /* a host call waits for its answer */
    RP_SAMPLE_COMPLETED,    /* the same, answered and not resumed */
    RP_SAMPLE_CONTINUATION, /* stopped in a call that a host function asked for */
    RP_SAMPLE_OBJECTS, /* two linked instances: tables, references, segments, an unknown import */
    RP_SAMPLE_COUNT
};
extern const char *const rp_sample_names[RP_SAMPLE_COUNT];

#define RP_SAMPLE_MODULES 8u

struct rp_sample {
    enum rp_sample_kind kind;
    rp_engine *engine;
    rp_module *modules[RP_SAMPLE_MODULES];
    size_t module_count;
    rp_store *store;
    rp_wasi *wasi; /* NULL: none */
    rp_outcome outcome;
    rp_report report;
};

/* Makes the store and runs it to where it stops. `metered`: in that dispatch table. */
void rp_sample_make(struct rp_sample *sample, enum rp_sample_kind kind, bool metered);
/* Makes an engine and a store that a snapshot of the kind can be restored into: host functions and
 * WASI defined, modules loaded, nothing instantiated. */
void rp_sample_make_empty(struct rp_sample *sample, enum rp_sample_kind kind, bool metered);
/* Loads the modules of all samples into an empty one. */
void rp_sample_load_all(struct rp_sample *sample);
void rp_sample_end(struct rp_sample *sample);

/* Runs what the sample is about to its end and answers its result. */
int64_t rp_sample_finish(struct rp_sample *sample);

#endif
