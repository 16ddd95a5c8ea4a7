/* The names of a directory in byte-wise order, copy-on-write (layer 2).
 *
 * A crit-bit tree: each node branches at the first bit in which the names below it differ, so
 * the shape depends on the names alone, not on the history. Names are compared as if a zero byte
 * followed; they hold none. Depth is at most 8 bits for each byte of a name. */
#ifndef RP_VFS_NAME_TREE_H
#define RP_VFS_NAME_TREE_H

#include "vfs/shared.h"

#include <stddef.h>

/* What entries and nodes of the tree begin with. */
struct rp_tree_item {
    struct rp_shared shared;
    uint32_t is_leaf; /* 1: an entry */
};

/* An entry never changes after it was made; the same object may be in several trees. */
struct rp_dirent {
    struct rp_tree_item item;
    uint64_t inode;
    /* its place for a reader that goes on behind it; never used twice in a directory */
    uint64_t cookie;
    uint16_t name_size;
    uint8_t kind; /* enum rp_vfs_kind of the inode: what a listing says without looking it up */
    char name[];
};

/* An entry with one owner and of kind 0, NULL without memory. */
struct rp_dirent *rp_dirent_create(struct rp_allocator *allocator, const char *name,
                                   uint32_t name_size, uint64_t inode,
                                   uint64_t cookie) RP_NODISCARD;
/* Gives one ownership back. */
void rp_dirent_release(struct rp_allocator *allocator, struct rp_dirent *entry);
/* Frees an entry whose last owner is gone (an rp_radix_release_leaf). */
void rp_dirent_free(struct rp_allocator *allocator, void *entry);

struct rp_name_tree {
    void *root; /* a node, an entry, or NULL */
};

/* Borrowed; NULL if there is none. */
const struct rp_dirent *rp_name_tree_find(const struct rp_name_tree *tree, const char *name,
                                          uint32_t name_size);
const struct rp_dirent *rp_name_tree_first(const struct rp_name_tree *tree);
/* The first entry whose name is greater; the name itself need not be there. */
const struct rp_dirent *rp_name_tree_after(const struct rp_name_tree *tree, const char *name,
                                           uint32_t name_size);

/* Adds an entry whose name is absent and takes its own ownership of it. False: no memory, the
 * contents are as they were. */
bool rp_name_tree_insert(struct rp_name_tree *tree, struct rp_allocator *allocator,
                         struct rp_dirent *entry) RP_NODISCARD;

/* Makes the path to a name that is there belong to this tree alone, so that the two functions
 * below cannot fail. */
bool rp_name_tree_reserve(struct rp_name_tree *tree, struct rp_allocator *allocator,
                          const char *name, uint32_t name_size) RP_NODISCARD;
/* Puts `entry` (its own ownership) in the place of the entry of the same name, whose ownership
 * is given back. */
void rp_name_tree_replace(struct rp_name_tree *tree, struct rp_allocator *allocator,
                          struct rp_dirent *entry);
void rp_name_tree_remove(struct rp_name_tree *tree, struct rp_allocator *allocator,
                         const char *name, uint32_t name_size);

struct rp_name_tree rp_name_tree_clone(const struct rp_name_tree *tree);
void rp_name_tree_release(struct rp_name_tree *tree, struct rp_allocator *allocator);

#endif
