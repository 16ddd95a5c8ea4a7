/* A file tree for a test (layer 7, test support): paths as C strings, the root as their start. */
#ifndef RP_TESTS_VFS_TREE_H
#define RP_TESTS_VFS_TREE_H

#include "core/alloc.h"
#include "tests/support/unit.h"
#include "vfs/vfs.h"

#include <stdio.h>
#include <string.h>

struct tree {
    struct rp_allocator allocator;
    struct rp_vfs *vfs;
};

#define TREE_TIME_NS 1000u

static const struct rp_vfs_start at_root = {.directory = RP_VFS_ROOT};

static inline struct rp_vfs_path path_of(const char *text)
{
    return (struct rp_vfs_path){text, strlen(text)};
}

static inline void tree_init_limited(struct tree *tree, uint64_t bytes_max, uint32_t inodes_max)
{
    rp_allocator_init(&tree->allocator, 0);
    struct rp_vfs_limits limits = {.bytes_max = bytes_max, .inodes_max = inodes_max};
    tree->vfs = rp_vfs_create(&tree->allocator, &limits, TREE_TIME_NS);
    assert_non_null(tree->vfs);
}

static inline void tree_init(struct tree *tree)
{
    tree_init_limited(tree, UINT64_C(1) << 30, 100000);
}

/* Checks the invariants and that nothing leaks. */
static inline void tree_deinit(struct tree *tree)
{
    const char *broken = rp_vfs_check(tree->vfs);
    if (broken != NULL) {
        fail_msg("%s", broken);
    }
    rp_vfs_destroy(tree->vfs);
    assert_int_equal(tree->allocator.used_bytes, 0);
}

static inline void must(enum rp_vfs_error error)
{
    if (error != RP_VFS_OK) {
        fail_msg("unexpected %s", rp_vfs_error_name(error));
    }
}

static inline void tree_mkdir(struct tree *tree, const char *path)
{
    must(rp_vfs_make_directory(tree->vfs, at_root, path_of(path)));
}

static inline void tree_symlink(struct tree *tree, const char *path, const char *target)
{
    must(rp_vfs_make_symlink(tree->vfs, at_root, path_of(path), path_of(target)));
}

/* Makes or replaces a file; not held afterwards. Returns its number. */
static inline uint64_t tree_write(struct tree *tree, const char *path, const void *data,
                                  size_t size)
{
    uint64_t inode = RP_VFS_NONE;
    size_t count = 0;
    must(rp_vfs_open(tree->vfs, at_root, path_of(path),
                     RP_VFS_OPEN_CREATE | RP_VFS_OPEN_TRUNCATE | RP_VFS_OPEN_WRITE, &inode));
    must(rp_vfs_write(tree->vfs, inode, 0, data, size, &count));
    assert_int_equal(count, size);
    must(rp_vfs_drop(tree->vfs, inode));
    return inode;
}

static inline void tree_file(struct tree *tree, const char *path)
{
    (void)tree_write(tree, path, "x", 1);
}

/* The number of what is at a path, RP_VFS_NONE if nothing is. */
static inline uint64_t tree_find(const struct tree *tree, const char *path)
{
    uint64_t inode = RP_VFS_NONE;
    (void)rp_vfs_resolve(tree->vfs, at_root, path_of(path), false, &inode);
    return inode;
}

static inline struct rp_vfs_stat tree_stat(const struct tree *tree, uint64_t inode)
{
    struct rp_vfs_stat stat;
    must(rp_vfs_stat(tree->vfs, inode, &stat));
    return stat;
}

/* A number that stands for the whole state, in canonical order. */
struct tree_digest {
    uint64_t value;
};

static inline void digest_bytes(struct tree_digest *digest, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint64_t word = 0;
    for (; size >= sizeof word; size -= sizeof word, bytes += sizeof word) {
        memcpy(&word, bytes, sizeof word);
        digest->value = (digest->value ^ word) * UINT64_C(1099511628211);
        digest->value ^= digest->value >> 29;
    }
    word = size;
    memcpy(&word, bytes, size);
    digest->value = (digest->value ^ word) * UINT64_C(1099511628211);
}

static inline bool digest_inode(void *user, const struct rp_vfs_stat *stat, uint32_t holds)
{
    uint64_t numbers[] = {
        stat->inode,       (uint64_t)stat->kind, stat->link_count, stat->size,   stat->accessed_ns,
        stat->modified_ns, stat->changed_ns,     stat->page_count, stat->device, holds};
    digest_bytes(user, numbers, sizeof numbers);
    return true;
}

static inline bool digest_page(void *user, uint64_t inode, uint64_t index, const uint8_t *bytes)
{
    uint64_t numbers[] = {inode, index};
    digest_bytes(user, numbers, sizeof numbers);
    digest_bytes(user, bytes, RP_VFS_PAGE_BYTES);
    return true;
}

static inline bool digest_directory(void *user, uint64_t inode, uint64_t parent,
                                    uint64_t cookie_last, uint64_t cookie_given, uint32_t readers)
{
    uint64_t numbers[] = {inode, parent, cookie_last, cookie_given, readers};
    digest_bytes(user, numbers, sizeof numbers);
    return true;
}

static inline bool digest_entry(void *user, uint64_t inode, const struct rp_vfs_entry *entry)
{
    uint64_t numbers[] = {inode, entry->inode, entry->cookie, entry->name_size};
    digest_bytes(user, numbers, sizeof numbers);
    digest_bytes(user, entry->name, entry->name_size);
    return true;
}

static inline bool digest_target(void *user, uint64_t inode, const char *target, size_t size)
{
    digest_bytes(user, &inode, sizeof inode);
    digest_bytes(user, target, size);
    return true;
}

static inline bool digest_pipe(void *user, uint64_t inode, const struct rp_vfs_pipe_state *state)
{
    uint64_t numbers[] = {inode, state->capacity, state->waiting, state->readers, state->writers};
    digest_bytes(user, numbers, sizeof numbers);
    return true;
}

static inline bool digest_waiting(void *user, uint64_t inode, const uint8_t *bytes, size_t size)
{
    digest_bytes(user, &inode, sizeof inode);
    digest_bytes(user, bytes, size);
    return true;
}

static inline uint64_t vfs_digest(const struct rp_vfs *vfs)
{
    struct tree_digest digest = {UINT64_C(14695981039346656037)};
    struct rp_vfs_visitor visitor = {.user = &digest,
                                     .inode = digest_inode,
                                     .page = digest_page,
                                     .directory = digest_directory,
                                     .entry = digest_entry,
                                     .gone = digest_entry,
                                     .target = digest_target,
                                     .pipe = digest_pipe,
                                     .waiting = digest_waiting};
    assert_true(rp_vfs_walk(vfs, &visitor));
    return digest.value;
}

#endif
