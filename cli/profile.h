/* The exact gas of each function in each context of calls (layer 7; docs/profile.md), from the
 * events of rp_store_observe.
 *
 * A context is a path of functions from the outermost call. Gas between two events belongs to the
 * context that was the innermost meanwhile, so that the sum of all contexts is the gas used, to the
 * unit. The tree is bounded in two ways that keep the sum, and the gas of each function, exact:
 * below RP_PROFILE_DEPTH_MAX functions a call is counted under the node `[deeper]` of its
 * RP_PROFILE_DEPTH_MAX-th function, whatever lies between; and when there are
 * RP_PROFILE_NODES_MAX nodes, a new context is counted under the node `[other contexts]`. */
#ifndef RP_CLI_PROFILE_H
#define RP_CLI_PROFILE_H

#include "cli/func_names.h"

#define RP_PROFILE_DEPTH_MAX 256u
#define RP_PROFILE_NODES_MAX 1048576u

enum rp_profile_format { RP_PROFILE_COLLAPSED, RP_PROFILE_SPEEDSCOPE };

/* Invariant: node 0 is the root, which has no gas; a parent stands before its children. */
struct rp_profile {
    struct rp_allocator *allocator;
    enum rp_profile_format format;
    struct rp_func_names names;
    struct rp_profile_node *nodes;
    uint32_t node_count;
    uint32_t node_capacity;
    uint32_t *table; /* open addressing: node numbers by parent and name; 0 is free */
    uint32_t table_size;
    struct rp_profile_frame *stack;
    uint32_t depth;
    uint32_t stack_capacity;
    uint64_t gas; /* position up to which gas is attributed */
    uint32_t deeper_name;
    uint32_t others; /* the node `[other contexts]` */
    bool failed;     /* out of memory: nothing is counted any more */
};

/* Format of a file's name: speedscope for `.json`, else collapsed stacks. */
enum rp_profile_format rp_profile_format_of(const char *path);

void rp_profile_init(struct rp_profile *profile, struct rp_allocator *allocator,
                     enum rp_profile_format format);
void rp_profile_deinit(struct rp_profile *profile);

/* As in rp_call_observer. */
void rp_profile_enter(struct rp_profile *profile, const rp_call_info *info);
void rp_profile_leave(struct rp_profile *profile, const rp_call_info *info);
/* The run has ended or stopped at position `gas`; what is entered and not left got the rest. */
void rp_profile_end(struct rp_profile *profile, uint64_t gas);

/* Takes a part of the file's text. NULL, or what is wrong. */
typedef const char *(*rp_profile_sink)(void *user, const void *data, size_t size);
/* Writes the file's text; `title` names the run. NULL, or what is wrong: out of memory, or the
 * sink's word. */
const char *rp_profile_write(const struct rp_profile *profile, const char *title,
                             rp_profile_sink sink, void *user) RP_NODISCARD;

#endif
