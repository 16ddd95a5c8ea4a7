/* Saving and loading a tree in a test (layer 7, test support). */
#ifndef RP_TESTS_VFS_VFS_STATE_H
#define RP_TESTS_VFS_VFS_STATE_H

#include "tests/vfs/tree.h"

#include <stdlib.h>

struct saved {
    struct rp_allocator allocator;
    struct rp_buffer bytes;
};

static inline void save_tree(const struct rp_vfs *vfs, struct saved *out_saved)
{
    rp_allocator_init(&out_saved->allocator, 0);
    rp_buffer_init(&out_saved->bytes, &out_saved->allocator);
    rp_vfs_save(vfs, &out_saved->bytes);
    assert_false(out_saved->bytes.failed);
}

static inline void free_saved(struct saved *saved)
{
    rp_buffer_deinit(&saved->bytes);
    assert_int_equal(saved->allocator.used_bytes, 0);
}

/* Reads a copy of exactly this size, so that a sanitizer sees every byte beyond. On success the
 * reader must stand at the end. */
static inline rp_status load_bytes(struct rp_allocator *allocator,
                                   const struct rp_vfs_limits *limits, const uint8_t *bytes,
                                   size_t size, struct rp_vfs **out_vfs, rp_report *report)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    struct rp_msgpack in;
    rp_msgpack_init(&in, copy, 0, size);
    rp_status status = rp_vfs_load(allocator, limits, &in, out_vfs, report);
    if (status == RP_OK) {
        assert_null(in.error);
    }
    bool whole = in.pos == in.end;
    free(copy);
    if (status == RP_OK && !whole) {
        rp_vfs_destroy(*out_vfs);
        *out_vfs = NULL;
        return RP_ERROR_SNAPSHOT_ENCODING;
    }
    return status;
}

static inline rp_status root_of_bytes(const uint8_t *bytes, size_t size,
                                      uint8_t out_root[RP_HASH_BYTES])
{
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    struct rp_msgpack in;
    rp_msgpack_init(&in, bytes, 0, size);
    rp_status status = rp_vfs_root_of(&allocator, &in, out_root, NULL);
    assert_int_equal(allocator.used_bytes, 0);
    return status == RP_OK && in.pos != in.end ? RP_ERROR_SNAPSHOT_ENCODING : status;
}

static inline void assert_sound(const struct rp_vfs *vfs)
{
    const char *broken = rp_vfs_check(vfs);
    if (broken != NULL) {
        fail_msg("%s", broken);
    }
}

/* Saves, loads and saves: the same bytes, the same state, the same root. Returns the second tree,
 * made with `allocator`. */
static inline struct rp_vfs *assert_round_trip(struct rp_allocator *allocator,
                                               const struct rp_vfs *vfs)
{
    struct saved first;
    save_tree(vfs, &first);
    rp_report report = {0};
    struct rp_vfs *again = NULL;
    if (load_bytes(allocator, NULL, first.bytes.data, first.bytes.size, &again, &report) != RP_OK) {
        fail_msg("%s", report.text);
    }
    assert_sound(again);
    assert_true(vfs_digest(again) == vfs_digest(vfs));
    assert_int_equal(rp_vfs_bytes_used(again), rp_vfs_bytes_used(vfs));
    assert_int_equal(rp_vfs_inode_count(again), rp_vfs_inode_count(vfs));
    struct saved second;
    save_tree(again, &second);
    assert_int_equal(second.bytes.size, first.bytes.size);
    assert_memory_equal(second.bytes.data, first.bytes.data, first.bytes.size);
    uint8_t roots[3][RP_HASH_BYTES];
    assert_true(rp_vfs_root(vfs, roots[0]));
    assert_true(rp_vfs_root(again, roots[1]));
    assert_int_equal(root_of_bytes(first.bytes.data, first.bytes.size, roots[2]), RP_OK);
    assert_memory_equal(roots[1], roots[0], RP_HASH_BYTES);
    assert_memory_equal(roots[2], roots[0], RP_HASH_BYTES);
    free_saved(&second);
    free_saved(&first);
    return again;
}

#endif
