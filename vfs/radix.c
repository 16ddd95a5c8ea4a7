/* Sparse arrays of shared objects, copy-on-write (layer 2).
 *
 * Invariant of a node: bit i of `present` is set if and only if children[i] is not NULL; bit i
 * of `full` if and only if every index below children[i] has a leaf. Nodes without children
 * exist only between `reserve` and the next `exchange` on their path. */
#include "vfs/radix.h"

#include <string.h>

#define FAN_BITS 6u
#define FAN 64u
#define HEIGHT_MAX 11u /* 11 * 6 bits cover 64-bit indices */

struct node {
    struct rp_shared shared;
    uint64_t present;
    uint64_t full;
    void *children[FAN];
};

static unsigned slot_of(uint64_t index, uint32_t level)
{
    return (unsigned)(index >> (FAN_BITS * (level - 1))) & (FAN - 1);
}

static bool height_covers(uint32_t height, uint64_t index)
{
    return height >= HEIGHT_MAX || index >> (FAN_BITS * height) == 0;
}

/* The value of a child's bit in its parent's `full`; `level` is the child's. */
static bool is_full(const void *child, uint32_t level)
{
    if (child == NULL) {
        return false;
    }
    const struct node *node = child;
    return level == 0 || node->full == UINT64_MAX;
}

static void set_child(struct node *node, unsigned slot, void *child, uint32_t child_level)
{
    uint64_t bit = UINT64_C(1) << slot;
    node->children[slot] = child;
    node->present = child != NULL ? node->present | bit : node->present & ~bit;
    node->full = is_full(child, child_level) ? node->full | bit : node->full & ~bit;
}

static struct node *new_node(struct rp_allocator *allocator)
{
    struct node *node = rp_alloc_zero(allocator, 1, sizeof *node);
    if (node != NULL) {
        node->shared.owners = 1;
    }
    return node;
}

/* A copy of a shared node that owns the same children; the caller's ownership of `node` passes
 * into the copy. */
static struct node *copy_node(struct rp_allocator *allocator, struct node *node)
{
    struct node *copy = rp_alloc(allocator, sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, node, sizeof *copy);
    copy->shared.owners = 1;
    for (uint64_t left = copy->present; left != 0; left &= left - 1) {
        rp_shared_keep(copy->children[__builtin_ctzll(left)]);
    }
    bool was_last = rp_shared_drop(node);
    RP_ASSERT(!was_last);
    return copy;
}

static void release_tree(struct rp_allocator *allocator, void *tree, uint32_t level,
                         rp_radix_release_leaf release_leaf)
{
    if (tree == NULL || !rp_shared_drop(tree)) {
        return;
    }
    if (level == 0) {
        release_leaf(allocator, tree);
        return;
    }
    struct node *node = tree;
    for (uint64_t left = node->present; left != 0; left &= left - 1) {
        release_tree(allocator, node->children[__builtin_ctzll(left)], level - 1, release_leaf);
    }
    rp_free(allocator, node, sizeof *node);
}

static uint64_t count_leaves(const void *tree, uint32_t level)
{
    if (tree == NULL) {
        return 0;
    }
    if (level == 0) {
        return 1;
    }
    const struct node *node = tree;
    uint64_t count = 0;
    for (uint64_t left = node->present; left != 0; left &= left - 1) {
        count += count_leaves(node->children[__builtin_ctzll(left)], level - 1);
    }
    return count;
}

void *rp_radix_get(const struct rp_radix *radix, uint64_t index)
{
    if (!height_covers(radix->height, index)) {
        return NULL;
    }
    void *item = radix->root;
    for (uint32_t level = radix->height; level > 0 && item != NULL; level--) {
        const struct node *node = item;
        item = node->children[slot_of(index, level)];
    }
    return item;
}

static bool grow_height(struct rp_radix *radix, struct rp_allocator *allocator, uint64_t index)
{
    while (!height_covers(radix->height, index)) {
        if (radix->root != NULL) {
            struct node *node = new_node(allocator);
            if (node == NULL) {
                return false;
            }
            set_child(node, 0, radix->root, radix->height);
            radix->root = node;
        }
        radix->height++;
    }
    return true;
}

bool rp_radix_reserve(struct rp_radix *radix, struct rp_allocator *allocator, uint64_t index)
{
    if (!grow_height(radix, allocator, index)) {
        return false;
    }
    struct node *parent = NULL;
    for (uint32_t level = radix->height; level > 0; level--) {
        unsigned slot = level < radix->height ? slot_of(index, level + 1) : 0;
        struct node *node = parent != NULL ? parent->children[slot] : radix->root;
        if (node == NULL || !rp_shared_is_own(node)) {
            node = node == NULL ? new_node(allocator) : copy_node(allocator, node);
            if (node == NULL) {
                return false;
            }
            if (parent != NULL) {
                set_child(parent, slot, node, level);
            } else {
                radix->root = node;
            }
        }
        parent = node;
    }
    return true;
}

/* Brings the bits on the path of `index` up to date and frees nodes that became empty. */
static void refresh_path(struct rp_radix *radix, struct rp_allocator *allocator, struct node **path,
                         uint64_t index)
{
    for (uint32_t level = 1; level <= radix->height; level++) {
        struct node *node = path[level];
        struct node *child = node;
        if (node->present == 0) {
            rp_free(allocator, node, sizeof *node);
            child = NULL;
        }
        if (level < radix->height) {
            set_child(path[level + 1], slot_of(index, level + 1), child, level);
        } else {
            radix->root = child;
        }
    }
    if (radix->root == NULL) {
        radix->height = 0;
    }
}

void *rp_radix_exchange(struct rp_radix *radix, struct rp_allocator *allocator, uint64_t index,
                        void *leaf)
{
    RP_ASSERT(height_covers(radix->height, index));
    if (radix->height == 0) {
        void *old = radix->root;
        radix->root = leaf;
        return old;
    }
    struct node *path[HEIGHT_MAX + 1];
    struct node *node = radix->root;
    for (uint32_t level = radix->height; level > 0; level--) {
        RP_ASSERT(node != NULL && rp_shared_is_own(node));
        path[level] = node;
        if (level > 1) {
            node = node->children[slot_of(index, level)];
        }
    }
    unsigned slot = slot_of(index, 1);
    void *old = node->children[slot];
    set_child(node, slot, leaf, 0);
    refresh_path(radix, allocator, path, index);
    return old;
}

/* The first leaf at or after `from` below `tree`, whose first index is `base`. */
static bool next_below(void *tree, uint32_t level, uint64_t base, uint64_t from,
                       uint64_t *out_index, void **out_leaf)
{
    if (level == 0) {
        *out_index = base;
        *out_leaf = tree;
        return true;
    }
    const struct node *node = tree;
    unsigned shift = FAN_BITS * (level - 1);
    unsigned slot = from > base ? (unsigned)((from - base) >> shift) : 0;
    uint64_t left = node->present & (UINT64_MAX << slot);
    while (left != 0) {
        unsigned next = (unsigned)__builtin_ctzll(left);
        uint64_t child_base = base + ((uint64_t)next << shift);
        if (next_below(node->children[next], level - 1, child_base, from, out_index, out_leaf)) {
            return true;
        }
        left &= left - 1;
    }
    return false;
}

bool rp_radix_next(const struct rp_radix *radix, uint64_t from, uint64_t *out_index,
                   void **out_leaf)
{
    if (radix->root == NULL || !height_covers(radix->height, from)) {
        return false;
    }
    return next_below(radix->root, radix->height, 0, from, out_index, out_leaf);
}

uint64_t rp_radix_lowest_free(const struct rp_radix *radix)
{
    if (radix->root == NULL) {
        return 0;
    }
    if (is_full(radix->root, radix->height)) {
        /* a tree of height 11 is never full: it would hold 2^64 objects */
        return UINT64_C(1) << (FAN_BITS * radix->height);
    }
    uint64_t index = 0;
    const struct node *node = radix->root;
    for (uint32_t level = radix->height; level > 0 && node != NULL; level--) {
        unsigned slot = (unsigned)__builtin_ctzll(~node->full);
        index |= (uint64_t)slot << (FAN_BITS * (level - 1));
        node = node->children[slot];
    }
    return index;
}

/* Removes what is at or after `from` below `node`, which contains `from`. The node may end
 * without children. */
static uint64_t cut_below(struct rp_allocator *allocator, struct node *node, uint32_t level,
                          uint64_t from, rp_radix_release_leaf release_leaf)
{
    RP_ASSERT(rp_shared_is_own(node));
    unsigned border = slot_of(from, level);
    uint64_t count = 0;
    for (unsigned slot = level == 1 ? border : border + 1; slot < FAN; slot++) {
        count += count_leaves(node->children[slot], level - 1);
        release_tree(allocator, node->children[slot], level - 1, release_leaf);
        set_child(node, slot, NULL, level - 1);
    }
    if (level > 1 && node->children[border] != NULL) {
        struct node *child = node->children[border];
        count += cut_below(allocator, child, level - 1, from, release_leaf);
        if (child->present == 0) {
            rp_free(allocator, child, sizeof *child);
            child = NULL;
        }
        set_child(node, border, child, level - 1);
    }
    return count;
}

uint64_t rp_radix_cut(struct rp_radix *radix, struct rp_allocator *allocator, uint64_t from,
                      rp_radix_release_leaf release_leaf)
{
    if (radix->root == NULL || !height_covers(radix->height, from)) {
        return 0;
    }
    if (from == 0) {
        uint64_t count = count_leaves(radix->root, radix->height);
        rp_radix_release(radix, allocator, release_leaf);
        return count;
    }
    struct node *root = radix->root;
    uint64_t count = cut_below(allocator, root, radix->height, from, release_leaf);
    if (root->present == 0) {
        rp_free(allocator, root, sizeof *root);
        *radix = (struct rp_radix){0};
    }
    return count;
}

uint64_t rp_radix_count(const struct rp_radix *radix)
{
    return count_leaves(radix->root, radix->height);
}

struct rp_radix rp_radix_clone(const struct rp_radix *radix)
{
    if (radix->root != NULL) {
        rp_shared_keep(radix->root);
    }
    return *radix;
}

void rp_radix_release(struct rp_radix *radix, struct rp_allocator *allocator,
                      rp_radix_release_leaf release_leaf)
{
    release_tree(allocator, radix->root, radix->height, release_leaf);
    *radix = (struct rp_radix){0};
}
