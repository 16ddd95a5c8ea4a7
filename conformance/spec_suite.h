/* The official suite as a whole: files by the manifest, totals, the report (layer 7). */
#ifndef RP_CONFORMANCE_SPEC_SUITE_H
#define RP_CONFORMANCE_SPEC_SUITE_H

#include "conformance/spec_runner.h"

/* Exit codes of the runner. */
enum { RP_SUITE_PASSED = 0, RP_SUITE_FAILED = 1, RP_SUITE_NO_DATA = 3 };

struct rp_spec_options {
    const char *root;   /* the folder that holds core/ */
    const char *folder; /* below it: "core", or "custom" */
    enum rp_spec_mode mode;
    uint32_t every;        /* 0: the mode's default */
    uint32_t sample;       /* spec_drive.h; 0: all */
    const char *json_path; /* NULL: none; "-": stdout */
    const char *filter;    /* NULL: all; a file, or a group of files, of the manifest */
};

/* Runs the suite, writes what failed and what is out of scope to stdout, the JSON report, and the
 * totals as the last line. The exit code of the runner. */
int rp_spec_suite_run(const struct rp_spec_options *options);

#endif
