/* The names of a directory in byte-wise order, copy-on-write (layer 2).
 *
 * Invariant: on every path from the root the `bit` of the nodes grows; below children[0] that
 * bit of each name is 0, below children[1] it is 1; both children exist. */
#include "vfs/name_tree.h"

#include <string.h>

struct node {
    struct rp_tree_item item;
    uint32_t bit; /* byte * 8 + position, the highest bit of a byte first */
    void *children[2];
};

static bool item_is_leaf(const void *item)
{
    return ((const struct rp_tree_item *)item)->is_leaf != 0;
}

static unsigned bit_of(const char *name, uint32_t name_size, uint32_t bit)
{
    uint32_t byte = bit >> 3;
    return byte < name_size ? ((unsigned)(unsigned char)name[byte] >> (7 - (bit & 7))) & 1u : 0;
}

static bool entry_has_name(const struct rp_dirent *entry, const char *name, uint32_t name_size)
{
    return entry->name_size == name_size && memcmp(entry->name, name, name_size) == 0;
}

/* The first bit in which two different names differ. */
static uint32_t first_difference(const char *a, uint32_t a_size, const char *b, uint32_t b_size)
{
    uint32_t byte = 0;
    while (byte < a_size && byte < b_size && a[byte] == b[byte]) {
        byte++;
    }
    unsigned char left = byte < a_size ? (unsigned char)a[byte] : 0;
    unsigned char right = byte < b_size ? (unsigned char)b[byte] : 0;
    RP_ASSERT(left != right);
    unsigned leading = (unsigned)__builtin_clz((unsigned)(left ^ right)) - 24u;
    return byte * 8 + leading;
}

/* The entry that shares the path of `name`; the tree is not empty. */
static const struct rp_dirent *nearest_entry(const struct rp_name_tree *tree, const char *name,
                                             uint32_t name_size)
{
    const void *item = tree->root;
    while (!item_is_leaf(item)) {
        const struct node *node = item;
        item = node->children[bit_of(name, name_size, node->bit)];
    }
    return item;
}

static const struct rp_dirent *leftmost(const void *item)
{
    while (!item_is_leaf(item)) {
        const struct node *node = item;
        item = node->children[0];
    }
    return item;
}

static size_t dirent_bytes(uint32_t name_size)
{
    size_t size = offsetof(struct rp_dirent, name) + name_size;
    return size > sizeof(struct rp_dirent) ? size : sizeof(struct rp_dirent);
}

struct rp_dirent *rp_dirent_create(struct rp_allocator *allocator, const char *name,
                                   uint32_t name_size, uint64_t inode, uint64_t cookie)
{
    RP_ASSERT(name_size <= UINT16_MAX);
    struct rp_dirent *entry = rp_alloc(allocator, dirent_bytes(name_size));
    if (entry == NULL) {
        return NULL;
    }
    *entry = (struct rp_dirent){.item = {.shared = {1}, .is_leaf = 1},
                                .inode = inode,
                                .cookie = cookie,
                                .name_size = (uint16_t)name_size};
    memcpy(entry->name, name, name_size);
    return entry;
}

void rp_dirent_free(struct rp_allocator *allocator, void *entry)
{
    const struct rp_dirent *dirent = entry;
    rp_free(allocator, entry, dirent_bytes(dirent->name_size));
}

void rp_dirent_release(struct rp_allocator *allocator, struct rp_dirent *entry)
{
    if (rp_shared_drop(entry)) {
        rp_dirent_free(allocator, entry);
    }
}

const struct rp_dirent *rp_name_tree_find(const struct rp_name_tree *tree, const char *name,
                                          uint32_t name_size)
{
    if (tree->root == NULL) {
        return NULL;
    }
    const struct rp_dirent *entry = nearest_entry(tree, name, name_size);
    return entry_has_name(entry, name, name_size) ? entry : NULL;
}

const struct rp_dirent *rp_name_tree_first(const struct rp_name_tree *tree)
{
    return tree->root != NULL ? leftmost(tree->root) : NULL;
}

/* Follows the bits of `name` up to and including `border`; *out_greater: the last subtree
 * passed whose names are all greater, or NULL. */
static const void *descend(const struct rp_name_tree *tree, const char *name, uint32_t name_size,
                           uint32_t border, const void **out_greater)
{
    const void *greater = NULL;
    const void *item = tree->root;
    while (!item_is_leaf(item)) {
        const struct node *node = item;
        if (node->bit > border) {
            break;
        }
        unsigned side = bit_of(name, name_size, node->bit);
        if (side == 0) {
            greater = node->children[1];
        }
        item = node->children[side];
    }
    *out_greater = greater;
    return item;
}

const struct rp_dirent *rp_name_tree_after(const struct rp_name_tree *tree, const char *name,
                                           uint32_t name_size)
{
    if (tree->root == NULL) {
        return NULL;
    }
    const void *greater = NULL;
    const void *item = descend(tree, name, name_size, UINT32_MAX, &greater);
    const struct rp_dirent *near = item;
    if (!entry_has_name(near, name, name_size)) {
        uint32_t border = first_difference(near->name, near->name_size, name, name_size);
        item = descend(tree, name, name_size, border, &greater);
        if (bit_of(name, name_size, border) == 0) {
            /* everything here agrees with the name up to the border and has a 1 there */
            greater = item;
        }
    }
    return greater != NULL ? leftmost(greater) : NULL;
}

/* Takes the place of a shared node; the caller's ownership of it passes into the copy. */
static struct node *copy_node(struct rp_allocator *allocator, struct node *node)
{
    struct node *copy = rp_alloc(allocator, sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *node;
    copy->item.shared.owners = 1;
    rp_shared_keep(copy->children[0]);
    rp_shared_keep(copy->children[1]);
    bool was_last = rp_shared_drop(node);
    RP_ASSERT(!was_last);
    return copy;
}

/* Walks down the path of `name` while the nodes' bits are below `border`, owning each node.
 * NULL: no memory. */
static void **own_path(struct rp_name_tree *tree, struct rp_allocator *allocator, const char *name,
                       uint32_t name_size, uint32_t border)
{
    void **place = &tree->root;
    while (!item_is_leaf(*place)) {
        struct node *node = *place;
        if (node->bit >= border) {
            break;
        }
        if (!rp_shared_is_own(node)) {
            node = copy_node(allocator, node);
            if (node == NULL) {
                return NULL;
            }
            *place = node;
        }
        place = &node->children[bit_of(name, name_size, node->bit)];
    }
    return place;
}

bool rp_name_tree_insert(struct rp_name_tree *tree, struct rp_allocator *allocator,
                         struct rp_dirent *entry)
{
    if (tree->root == NULL) {
        rp_shared_keep(entry);
        tree->root = entry;
        return true;
    }
    const struct rp_dirent *near = nearest_entry(tree, entry->name, entry->name_size);
    uint32_t border = first_difference(near->name, near->name_size, entry->name, entry->name_size);
    struct node *node = rp_alloc(allocator, sizeof *node);
    if (node == NULL) {
        return false;
    }
    void **place = own_path(tree, allocator, entry->name, entry->name_size, border);
    if (place == NULL) {
        rp_free(allocator, node, sizeof *node);
        return false;
    }
    unsigned side = bit_of(entry->name, entry->name_size, border);
    *node = (struct node){.item = {.shared = {1}}, .bit = border};
    rp_shared_keep(entry);
    node->children[side] = entry;
    node->children[1 - side] = *place;
    *place = node;
    return true;
}

bool rp_name_tree_reserve(struct rp_name_tree *tree, struct rp_allocator *allocator,
                          const char *name, uint32_t name_size)
{
    RP_ASSERT(rp_name_tree_find(tree, name, name_size) != NULL);
    return own_path(tree, allocator, name, name_size, UINT32_MAX) != NULL;
}

void rp_name_tree_replace(struct rp_name_tree *tree, struct rp_allocator *allocator,
                          struct rp_dirent *entry)
{
    void **place = &tree->root;
    while (!item_is_leaf(*place)) {
        struct node *node = *place;
        RP_ASSERT(rp_shared_is_own(node));
        place = &node->children[bit_of(entry->name, entry->name_size, node->bit)];
    }
    struct rp_dirent *old = *place;
    RP_ASSERT(entry_has_name(old, entry->name, entry->name_size));
    rp_shared_keep(entry);
    *place = entry;
    rp_dirent_release(allocator, old);
}

void rp_name_tree_remove(struct rp_name_tree *tree, struct rp_allocator *allocator,
                         const char *name, uint32_t name_size)
{
    void **place = &tree->root;
    void **above = NULL; /* the place of the node over the entry */
    unsigned side = 0;
    while (!item_is_leaf(*place)) {
        struct node *node = *place;
        RP_ASSERT(rp_shared_is_own(node));
        side = bit_of(name, name_size, node->bit);
        above = place;
        place = &node->children[side];
    }
    struct rp_dirent *entry = *place;
    RP_ASSERT(entry_has_name(entry, name, name_size));
    if (above == NULL) {
        tree->root = NULL;
    } else {
        struct node *node = *above;
        *above = node->children[1 - side];
        rp_free(allocator, node, sizeof *node);
    }
    rp_dirent_release(allocator, entry);
}

struct rp_name_tree rp_name_tree_clone(const struct rp_name_tree *tree)
{
    if (tree->root != NULL) {
        rp_shared_keep(tree->root);
    }
    return *tree;
}

static void release_item(struct rp_allocator *allocator, void *item)
{
    if (!rp_shared_drop(item)) {
        return;
    }
    if (item_is_leaf(item)) {
        rp_dirent_free(allocator, item);
        return;
    }
    struct node *node = item;
    release_item(allocator, node->children[0]);
    release_item(allocator, node->children[1]);
    rp_free(allocator, node, sizeof *node);
}

void rp_name_tree_release(struct rp_name_tree *tree, struct rp_allocator *allocator)
{
    if (tree->root != NULL) {
        release_item(allocator, tree->root);
    }
    tree->root = NULL;
}
