/* The tree of a memory (layer 3; docs/design/snapshot.md, section 5).
 *
 * Invariant: while `method` is SCAN or COPY, a page of the memory that the kernel does not report,
 * or that equals its copy, has in the tree the leaf of its bytes. Whatever breaks off half way
 * clears the whole, because scanning takes the kernel's notes away. */
#include "snapshot/memory_root.h"

#include "core/assert.h"
#include "core/platform.h"
#include "core/platform_dirty.h"

#include <string.h>

static void drop_copy(struct rp_memory_root *root)
{
    rp_platform_release(root->copy, (size_t)root->copy_reserved_bytes);
    root->copy = NULL;
    root->copy_bytes = 0;
    root->copy_reserved_bytes = 0;
}

void rp_memory_root_clear(struct rp_memory_root *root)
{
    drop_copy(root);
    rp_tree_destroy(root->tree);
    *root = (struct rp_memory_root){0};
}

/* Hashes pages [first, end). */
static bool hash_pages(struct rp_memory_root *root, uint64_t first, uint64_t end)
{
    for (uint64_t page = first; page < end; page++) {
        root->hashed_pages++;
        if (!rp_tree_set_page(root->tree, page, root->data + page * RP_TREE_PAGE_BYTES)) {
            return false;
        }
    }
    return true;
}

/* ---- SCAN ---- */

struct scan {
    struct rp_memory_root *root;
    bool failed; /* no memory */
};

static void visit_written(void *user, size_t start, size_t end)
{
    struct scan *scan = user;
    if (!scan->failed) {
        scan->failed =
            !hash_pages(scan->root, start / RP_TREE_PAGE_BYTES, end / RP_TREE_PAGE_BYTES);
    }
}

/* Pages without memory behind them matter where the tree says that they are not zero. */
static void visit_absent(void *user, size_t start, size_t end)
{
    struct scan *scan = user;
    uint64_t page = start / RP_TREE_PAGE_BYTES;
    while (!scan->failed && rp_tree_next(scan->root->tree, page, &page) &&
           page < end / RP_TREE_PAGE_BYTES) {
        scan->failed = !hash_pages(scan->root, page, page + 1);
        page++;
    }
}

/* False: the host does not tell, or no memory. */
static bool update_by_scan(struct rp_memory_root *root, uint8_t *data)
{
    if (root->size_bytes > root->watched_bytes) {
        uint8_t *added = data + root->watched_bytes;
        if (!rp_dirty_watch(added, (size_t)(root->size_bytes - root->watched_bytes),
                            &root->ticket)) {
            return false;
        }
        root->watched_bytes = root->size_bytes;
    }
    struct scan scan = {.root = root};
    size_t size = (size_t)root->size_bytes;
    return rp_dirty_scan(root->ticket, data, size, visit_written, &scan) &&
           rp_dirty_scan_absent(root->ticket, data, size, visit_absent, &scan) && !scan.failed;
}

/* ---- COPY ---- */

/* Makes the copy as large as the memory, zero where it is new. A new copy is all zero, and so is
 * the tree then. */
static bool grow_copy(struct rp_memory_root *root, uint64_t reserved_bytes)
{
    if (root->copy == NULL && root->size_bytes > 0) {
        root->copy = rp_platform_reserve((size_t)reserved_bytes);
        if (root->copy == NULL) {
            return false;
        }
        root->copy_reserved_bytes = reserved_bytes;
    }
    if (root->size_bytes > root->copy_bytes) {
        if (!rp_platform_commit(root->copy + root->copy_bytes,
                                (size_t)(root->size_bytes - root->copy_bytes))) {
            return false;
        }
        root->copy_bytes = root->size_bytes;
    }
    return true;
}

static bool update_by_copy(struct rp_memory_root *root, uint64_t reserved_bytes)
{
    if (!grow_copy(root, reserved_bytes)) {
        return false;
    }
    for (uint64_t at = 0; at < root->size_bytes; at += RP_TREE_PAGE_BYTES) {
        if (memcmp(root->data + at, root->copy + at, RP_TREE_PAGE_BYTES) != 0) {
            uint64_t page = at / RP_TREE_PAGE_BYTES;
            if (!hash_pages(root, page, page + 1)) {
                return false;
            }
            memcpy(root->copy + at, root->data + at, RP_TREE_PAGE_BYTES);
        }
    }
    return true;
}

/* ---- the whole ---- */

/* Forgets what was known of the memory, but keeps the tree for another try. */
static void begin_anew(struct rp_memory_root *root)
{
    drop_copy(root);
    rp_tree_clear(root->tree);
    root->method = RP_ROOT_AUTO;
    root->watched_bytes = 0;
}

static bool try_method(struct rp_memory_root *root, enum rp_root_method method, uint8_t *data,
                       uint64_t reserved_bytes)
{
    bool done = false;
    if (root->method != method && root->method != RP_ROOT_AUTO) {
        begin_anew(root);
    }
    if (method == RP_ROOT_SCAN) {
        done = update_by_scan(root, data);
    } else if (method == RP_ROOT_COPY) {
        done = update_by_copy(root, reserved_bytes);
    } else {
        done = hash_pages(root, 0, root->size_bytes / RP_TREE_PAGE_BYTES);
    }
    if (!done) {
        begin_anew(root);
        return false;
    }
    root->method = method;
    return true;
}

static bool update(struct rp_memory_root *root, enum rp_root_method method, uint8_t *data,
                   uint64_t reserved_bytes)
{
    bool again = root->method != RP_ROOT_AUTO;
    bool is_large = root->size_bytes >= RP_ROOT_SCAN_BYTES;
    bool may_scan =
        root->may_scan && (method == RP_ROOT_SCAN || (method == RP_ROOT_AUTO && is_large));
    bool may_copy = method == RP_ROOT_COPY || (method != RP_ROOT_ALL && again);
    /* A scan of another mapping in the old one's place fails; a new watch can be had for that. */
    for (unsigned tries = may_scan ? 1u + again : 0; tries > 0; tries--) {
        if (try_method(root, RP_ROOT_SCAN, data, reserved_bytes)) {
            return true;
        }
    }
    return (may_copy && try_method(root, RP_ROOT_COPY, data, reserved_bytes)) ||
           try_method(root, RP_ROOT_ALL, data, reserved_bytes);
}

bool rp_memory_root_update(struct rp_memory_root *root, struct rp_allocator *allocator,
                           enum rp_root_method method, uint8_t *data, uint64_t size_bytes,
                           uint64_t reserved_bytes, uint8_t out_root[RP_HASH_BYTES])
{
    RP_ASSERT(size_bytes % RP_TREE_PAGE_BYTES == 0 && size_bytes <= reserved_bytes);
    if (root->tree == NULL) {
        root->tree = rp_tree_create(allocator, RP_TREE_DEPTH_32);
        if (root->tree == NULL) {
            return false;
        }
    }
    if (root->data != data || root->size_bytes > size_bytes) {
        begin_anew(root);
    }
    root->data = data;
    root->size_bytes = size_bytes;
    root->hashed_pages = 0;
    if (!update(root, method, data, reserved_bytes)) {
        bool may_scan = root->may_scan;
        rp_memory_root_clear(root);
        root->may_scan = may_scan;
        return false;
    }
    rp_tree_root(root->tree, out_root);
    return true;
}
