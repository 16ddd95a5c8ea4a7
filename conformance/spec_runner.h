/* Running one script of the official suite (layer 7; the suite's README, "Commands").
 *
 * Every command has one verdict. Scope is decided per module: a module that the engine refuses with
 * ERROR_UNSUPPORTED, naming a feature, is out of scope; so are the commands on its instances, its
 * registrations, and the modules that import from it. */
#ifndef RP_CONFORMANCE_SPEC_RUNNER_H
#define RP_CONFORMANCE_SPEC_RUNNER_H

#include "conformance/spec_drive.h"
#include "conformance/spec_exceptions.h"
#include "conformance/spec_script.h"
#include "core/opcode.h"

struct rp_spec_counts {
    uint32_t commands;
    uint32_t passed;
    uint32_t failed;
    uint32_t out_of_scope;
    uint32_t by_feature[RP_FEATURE_COUNT]; /* of out_of_scope */
    uint64_t gas_used;                     /* by the stores; the same in every mode */
    uint64_t moves;                        /* of stores, in the modes `move`, `snapshot` */
    uint64_t boundaries;                   /* that were stopped at, in these modes */
};

/* What all files of a run share. */
struct rp_spec_settings {
    struct rp_allocator *allocator;
    rp_engine *engine;
    enum rp_spec_mode mode;
    uint32_t every;
    uint32_t sample;
    const char *spectest_path;
    const struct rp_spec_exceptions *exceptions;
    /* Takes one line, without newline, about a failed command. */
    void (*tell)(void *user, const char *line);
    void *user;
};

/* Runs a script. `file` is its name in the manifest, `folder` holds its modules. A failed command
 * is counted and told; a status other than OK means that the script could not be run. */
rp_status rp_spec_script_run(const struct rp_spec_settings *settings,
                             const struct rp_spec_script *script, const char *file,
                             const char *folder, struct rp_spec_counts *out_counts,
                             rp_report *report);

#endif
