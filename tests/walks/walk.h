/* What the walks share (tests): real programs that can be begun again, stopped anywhere, compared
 * bit by bit, and picked by a seed.
 *
 * A program is a kernel of guest/kernels, called once with a small argument, or a WASI program of
 * guest/programs, whose output is kept as count and hash. Its fingerprint covers the whole state of
 * the store (engine/store_state.h: frames, locals, operands, memories, globals, tables, gas,
 * randomness, time), the file tree, the descriptors, and what it has read and written. */
#ifndef RP_TESTS_WALKS_WALK_H
#define RP_TESTS_WALKS_WALK_H

#include "core/buffer.h"
#include "reprise/reprise.h"
#include "reprise/wasi.h"

struct rp_walk_program {
    const char *name;
    void (*build)(struct rp_buffer *out); /* makes the module; NULL: it is read from guest/ */
    int32_t n;                            /* a kernel's argument */
    bool is_wasi;                         /* else a kernel */
    uint64_t value;                       /* a kernel's checksum; a WASI program's exit code */
    uint8_t *bytes;
    size_t size;
    rp_engine *engine;
    rp_module *module;
};

/* Kernels, then WASI programs: `files` writes from the bottom of a recursion, `leave` exits there;
 * `tour` calls every WASI function, in the default tree (tests/walks/wasi_tour.h). */
extern struct rp_walk_program rp_walk_programs[];
extern const size_t rp_walk_program_count;

/* Reads and loads every program; answers false, with a word on stdout, if they are not built. */
bool rp_walk_open_programs(void);
void rp_walk_close_programs(void);
struct rp_walk_program *rp_walk_find(const char *name); /* one of the list */

struct rp_walk_output {
    uint64_t size;
    uint64_t hash;
};

/* One run of a program, in a store of its own. */
struct rp_walk_run {
    const struct rp_walk_program *program;
    rp_store *store;
    rp_wasi *wasi; /* NULL: a kernel */
    struct rp_walk_output output;
    size_t input_given; /* bytes of the tour's standard input */
    rp_value result;
    size_t result_count;
    rp_outcome outcome;
    rp_status status;
    rp_report report;
};

struct rp_walk_limits {
    bool metered;
    int64_t gas_limit;
    int64_t until_gas;
};

/* Makes a store and calls the program; `run` must not move until rp_walk_end. A failed request is
 * in `status`, with `store` and `wasi` as far as they came. */
void rp_walk_begin(struct rp_walk_run *run, const struct rp_walk_program *program,
                   const struct rp_walk_limits *limits);
/* Goes on from a stop under other limits. */
void rp_walk_resume(struct rp_walk_run *run, int64_t gas_limit, int64_t until_gas);
void rp_walk_end(struct rp_walk_run *run);
/* Puts a store, and a file tree, made afresh in the place of the run's, with the state of a
 * snapshot; what was written and read so far stays. `status` says how that went. */
void rp_walk_restore(struct rp_walk_run *run, const void *snapshot, size_t size, bool metered);

bool rp_walk_is_stopped(const struct rp_walk_run *run);
/* Whether the program came to its known end. */
bool rp_walk_is_right(const struct rp_walk_run *run);
/* Asserts that tree and descriptors are sound. */
uint64_t rp_walk_fingerprint(const struct rp_walk_run *run);
uint64_t rp_walk_store_print(const rp_store *store); /* of the store alone */

/* The boundaries of a program's undisturbed run, by their gas positions: a limit of gas stops at
 * the last one that is not past it. */
struct rp_walk_path {
    int64_t *positions; /* rising */
    size_t count, capacity;
    int64_t total; /* gas at the end */
};

/* Found by single steps; an instruction that costs much (a host call is priced by the bytes that it
 * offers) is passed by bisection. */
void rp_walk_find_path(const struct rp_walk_program *program, struct rp_walk_path *out_path);
void rp_walk_free_path(struct rp_walk_path *path);
/* The boundary at which limit `gas` stops. */
size_t rp_walk_boundary(const struct rp_walk_path *path, int64_t gas);

/* Which of `count` things are walked. */
struct rp_walk_sample {
    uint64_t seed;
    uint64_t divisor; /* one in so many; 1: all */
};

/* Takes about `most` of `count`, all with REPRISE_TEST_LONG=1, and says so on stdout with the seed
 * (REPRISE_TEST_SEED, else 1). */
struct rp_walk_sample rp_walk_sample_of(const char *what, uint64_t count, uint64_t most);
bool rp_walk_takes(const struct rp_walk_sample *sample, uint64_t k);

#endif
