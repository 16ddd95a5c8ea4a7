/* The official WASI preview 1 suite (layer 7; ../shared/wasi-testsuite, its README tells the
 * format). */
#ifndef RP_CONFORMANCE_WASI_RUNNER_H
#define RP_CONFORMANCE_WASI_RUNNER_H

#define RP_CONFORMANCE_ENV_MAX 16

struct rp_conformance_wasi_options {
    const char *dir;
    const char *json_path;                   /* NULL: no report; "-": stdout */
    const char *env[RP_CONFORMANCE_ENV_MAX]; /* "NAME=value", beside what a test asks for */
    unsigned env_count;
};

/* Runs every test of DIR/MANIFEST.tsv, each with its own copy of its folder, writes what failed
 * to stdout, the report, and the totals as the last line. A test whose module is refused for an
 * import that is still to come is out of scope, by name. Answers the exit code: 0 all in scope
 * passed, 1 something failed, 3 the data are missing. */
int rp_conformance_wasi(const struct rp_conformance_wasi_options *options);

#endif
