/* What the files that compare two snapshots share (layer 3; include/reprise/snapshot.h,
 * rp_snapshot_compare): compare.c (the two files, the lines), compare_values.c (sections that are
 * values with names), compare_memory.c, compare_frames.c (with the names of functions),
 * compare_files.c (the tree of files).
 *
 * Each compares the bodies of one component that are known to differ, by their grammar. What does
 * not follow it fails its reader; the caller looks at both readers afterwards. Lines say what the
 * first file has "and" what the second has. */
#ifndef RP_SNAPSHOT_COMPARE_H
#define RP_SNAPSHOT_COMPARE_H

#include "core/arena.h"
#include "snapshot/opened.h"

#define RP_COMPARE_TEXT_BYTES 512u /* of a line, and of what is in it */

/* A function of a snapshot, as section `functions` tells it. */
struct rp_compare_func {
    uint32_t kind; /* enum rp_state_func_kind */
    uint32_t owner;
    uint32_t index;
};

/* One of the two snapshots. */
struct rp_compare_side {
    struct rp_opened opened;
    struct rp_module_list list;
    struct rp_arena arena;     /* of what follows */
    const rp_module **modules; /* by number; NULL: not at hand */
    rp_module **found;         /* by number; handles from the engine's cache */
    uint32_t module_count;
    uint32_t *instance_modules; /* numbers, by instance */
    uint32_t instance_count;
    struct rp_span (*hosts)[2]; /* module and name, by number */
    uint32_t host_count;
    struct rp_compare_func *funcs;
    uint32_t func_count;
};

struct rp_comparing {
    rp_difference_visitor visitor;
    void *user;
    uint32_t difference_max;
    const char *component;
    uint64_t told; /* lines of this component, those beyond the most included */
    bool no_memory;
    struct rp_allocator allocator; /* of working memory */
    struct rp_compare_side sides[2];
};

/* A line about the component. */
void rp_compare_tell(struct rp_comparing *comparing, const char *format, ...) RP_PRINTF(2, 3);
/* Whether lines are only counted by now: their text need not be made. */
static inline bool rp_compare_is_full(const struct rp_comparing *comparing)
{
    return comparing->told >= comparing->difference_max;
}

/* "3 bytes differ, the first at 0x10: 00 and 2a", for two pieces of one size that differ; `base` is
 * the place of the first byte. */
void rp_compare_describe_bytes(const uint8_t *a, const uint8_t *b, size_t size, uint64_t base,
                               char out_text[RP_COMPARE_TEXT_BYTES]);

/* What is known of a side's functions; what is not there is left out. False: no memory. */
bool rp_compare_side_init(struct rp_compare_side *side, rp_engine *engine,
                          const rp_restore_options *options);
void rp_compare_side_deinit(struct rp_compare_side *side);
/* "function 12 (fib)", "host function 3 (env.log)". */
void rp_compare_describe_func(const struct rp_compare_side *side, uint64_t func_index,
                              char out_text[RP_COMPARE_TEXT_BYTES]);
/* Code of a function whose module is at hand, else NULL. */
struct rp_code;
const struct rp_code *rp_compare_find_code(const struct rp_compare_side *side, uint64_t func_index);

/* Passes over a value. */
void rp_compare_skip(struct rp_msgpack *in);

/* The readers stand at the bodies. */
typedef void (*rp_comparer)(struct rp_comparing *comparing, struct rp_msgpack in[2]);
void rp_compare_memory(struct rp_comparing *comparing, struct rp_msgpack in[2]);
void rp_compare_frames(struct rp_comparing *comparing, struct rp_msgpack in[2]);
void rp_compare_files(struct rp_comparing *comparing, struct rp_msgpack in[2]);
/* Values of any kind; those of sections that are known by name have names in the lines. */
void rp_compare_values(struct rp_comparing *comparing, struct rp_msgpack in[2]);
/* One value on each side, under a name. */
void rp_compare_one(struct rp_comparing *comparing, const char *path, struct rp_msgpack in[2]);

#endif
