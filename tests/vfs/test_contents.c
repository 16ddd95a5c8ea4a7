/* Tests of vfs/contents.c: sparse pages, quotas, truncation, clones. */
#include "tests/vfs/tree.h"

#define PAGE RP_VFS_PAGE_BYTES

static size_t read_at(const struct rp_vfs *vfs, uint64_t inode, uint64_t offset, void *data,
                      size_t size)
{
    size_t count = 0;
    must(rp_vfs_read(vfs, inode, offset, data, size, &count));
    return count;
}

static uint64_t make_held(struct tree *tree, const char *path)
{
    uint64_t inode = RP_VFS_NONE;
    must(rp_vfs_open(tree->vfs, at_root, path_of(path), RP_VFS_OPEN_CREATE | RP_VFS_OPEN_WRITE,
                     &inode));
    return inode;
}

static void holes_read_as_zeros_and_cost_nothing(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    uint64_t file = make_held(&tree, "f");
    uint64_t before = rp_vfs_bytes_used(tree.vfs);
    size_t count = 0;
    uint64_t far = UINT64_C(1) << 50;
    must(rp_vfs_write(tree.vfs, file, far, "end", 3, &count));
    assert_int_equal(rp_vfs_bytes_used(tree.vfs) - before, PAGE);
    assert_int_equal(tree_stat(&tree, file).size, far + 3);
    char data[8] = "junk...";
    assert_int_equal(read_at(tree.vfs, file, far - 2, data, 8), 5);
    assert_memory_equal(data, "\0\0end", 5);
    assert_int_equal(read_at(tree.vfs, file, 1000, data, 8), 8);
    assert_memory_equal(data, "\0\0\0\0\0\0\0\0", 8);
    assert_int_equal(read_at(tree.vfs, file, far + 3, data, 8), 0);
    assert_int_equal(read_at(tree.vfs, file, UINT64_MAX, data, 8), 0);
    must(rp_vfs_drop(tree.vfs, file));
    tree_deinit(&tree);
}

static void data_is_found_behind_holes(void **state)
{
    (void)state;
    static const uint64_t cases[][2] = {
        {0, 2 * PAGE},
        {2 * PAGE, 2 * PAGE},
        {2 * PAGE + 5, 2 * PAGE + 5},
        {3 * PAGE, 70 * PAGE},
        {70 * PAGE + 1, 70 * PAGE + 1},
        {71 * PAGE, 100 * PAGE + 7},
        {100 * PAGE + 7, 100 * PAGE + 7},
        {UINT64_MAX, 100 * PAGE + 7},
    };
    struct tree tree;
    tree_init(&tree);
    uint64_t file = tree_write(&tree, "f", "", 0);
    size_t count = 0;
    must(rp_vfs_write(tree.vfs, file, 2 * PAGE + 100, "x", 1, &count));
    must(rp_vfs_write(tree.vfs, file, 70 * PAGE, "x", 1, &count));
    must(rp_vfs_truncate(tree.vfs, file, 100 * PAGE + 7));
    for (unsigned i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        uint64_t found = 0;
        must(rp_vfs_next_data(tree.vfs, file, cases[i][0], &found));
        assert_int_equal(found, cases[i][1]);
    }
    uint64_t found = 77;
    assert_int_equal(rp_vfs_next_data(tree.vfs, RP_VFS_ROOT, 0, &found), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_next_data(tree.vfs, 99, 0, &found), RP_VFS_INVAL);
    assert_int_equal(found, 77);
    tree_deinit(&tree);
}

static void truncation_zeros_what_it_cuts(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0,        1,        PAGE - 1,     PAGE,
                                     PAGE + 1, 3 * PAGE, 3 * PAGE + 5, 70 * PAGE};
    static uint8_t data[70 * PAGE];
    static uint8_t back[70 * PAGE];
    for (size_t i = 0; i < RP_ARRAY_COUNT(sizes); i++) {
        struct tree tree;
        tree_init(&tree);
        uint64_t file = make_held(&tree, "f");
        memset(data, 0xab, sizeof data);
        size_t count = 0;
        must(rp_vfs_write(tree.vfs, file, 0, data, sizeof data, &count));
        must(rp_vfs_truncate(tree.vfs, file, sizes[i]));
        assert_int_equal(tree_stat(&tree, file).page_count, (sizes[i] + PAGE - 1) / PAGE);
        assert_null(rp_vfs_check(tree.vfs));
        must(rp_vfs_truncate(tree.vfs, file, sizeof data));
        memset(data + sizes[i], 0, sizeof data - sizes[i]);
        assert_int_equal(read_at(tree.vfs, file, 0, back, sizeof back), sizeof back);
        assert_memory_equal(back, data, sizeof data);
        must(rp_vfs_drop(tree.vfs, file));
        tree_deinit(&tree);
    }
}

static void writes_stop_exactly_at_the_byte_quota(void **state)
{
    (void)state;
    static uint8_t data[4 * PAGE];
    struct tree tree;
    tree_init_limited(&tree, RP_VFS_ENTRY_BYTES + 1 + 3 * PAGE, 10);
    uint64_t file = make_held(&tree, "f");
    size_t count = 0;
    must(rp_vfs_write(tree.vfs, file, 100, data, sizeof data, &count));
    assert_int_equal(count, 3 * PAGE - 100);
    assert_int_equal(rp_vfs_write(tree.vfs, file, 3 * PAGE, data, 1, &count), RP_VFS_NOSPC);
    must(rp_vfs_write(tree.vfs, file, 0, data, 3 * PAGE, &count));
    assert_int_equal(count, 3 * PAGE);
    assert_int_equal(rp_vfs_allocate(tree.vfs, file, 0, 3 * PAGE + 1), RP_VFS_NOSPC);
    must(rp_vfs_truncate(tree.vfs, file, PAGE));
    must(rp_vfs_allocate(tree.vfs, file, 5 * PAGE, 2 * PAGE));
    assert_int_equal(tree_stat(&tree, file).size, 7 * PAGE);
    assert_int_equal(rp_vfs_bytes_used(tree.vfs), RP_VFS_ENTRY_BYTES + 1 + 3 * PAGE);
    must(rp_vfs_drop(tree.vfs, file));
    tree_deinit(&tree);
}

static void allocated_pages_can_be_written_when_the_quota_is_met(void **state)
{
    (void)state;
    struct tree tree;
    tree_init_limited(&tree, RP_VFS_ENTRY_BYTES + 1 + 2 * PAGE, 10);
    uint64_t file = make_held(&tree, "f");
    must(rp_vfs_allocate(tree.vfs, file, 10, PAGE));
    assert_int_equal(tree_stat(&tree, file).size, PAGE + 10);
    size_t count = 0;
    must(rp_vfs_write(tree.vfs, file, PAGE, "0123456789", 10, &count));
    assert_int_equal(count, 10);
    must(rp_vfs_drop(tree.vfs, file));
    tree_deinit(&tree);
}

static void sizes_beyond_the_largest_file_are_refused(void **state)
{
    (void)state;
    uint64_t largest = RP_VFS_FILE_BYTES_MAX;
    struct tree tree;
    tree_init(&tree);
    uint64_t file = make_held(&tree, "f");
    size_t count = 0;
    must(rp_vfs_write(tree.vfs, file, largest - 2, "abc", 3, &count));
    assert_int_equal(count, 2);
    assert_int_equal(rp_vfs_write(tree.vfs, file, largest, "a", 1, &count), RP_VFS_FBIG);
    assert_int_equal(rp_vfs_write(tree.vfs, file, UINT64_MAX, "a", 1, &count), RP_VFS_FBIG);
    assert_int_equal(rp_vfs_truncate(tree.vfs, file, largest + 1), RP_VFS_FBIG);
    assert_int_equal(rp_vfs_allocate(tree.vfs, file, largest, 1), RP_VFS_FBIG);
    assert_int_equal(rp_vfs_allocate(tree.vfs, file, UINT64_MAX, UINT64_MAX), RP_VFS_FBIG);
    assert_int_equal(rp_vfs_allocate(tree.vfs, file, 0, 0), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_write(tree.vfs, RP_VFS_ROOT, 0, "a", 1, &count), RP_VFS_INVAL);
    must(rp_vfs_truncate(tree.vfs, file, 0));
    must(rp_vfs_drop(tree.vfs, file));
    tree_deinit(&tree);
}

static void clones_share_until_one_writes(void **state)
{
    (void)state;
    static uint8_t data[200 * PAGE];
    struct tree tree;
    tree_init(&tree);
    memset(data, 1, sizeof data);
    uint64_t file = tree_write(&tree, "f", data, sizeof data);
    tree_mkdir(&tree, "d");
    uint64_t before = vfs_digest(tree.vfs);
    uint64_t native = tree.allocator.used_bytes;
    struct rp_vfs *clone = rp_vfs_clone(tree.vfs);
    assert_non_null(clone);
    assert_true(tree.allocator.used_bytes - native < 1000);
    size_t count = 0;
    must(rp_vfs_write(clone, file, 5 * PAGE - 1, "\2\2", 2, &count));
    assert_true(tree.allocator.used_bytes - native < 20 * PAGE);
    assert_int_equal(vfs_digest(tree.vfs), before);
    must(rp_vfs_truncate(clone, file, 100 * PAGE + 7));
    must(rp_vfs_make_directory(clone, at_root, path_of("d/new")));
    must(rp_vfs_rename(clone, at_root, path_of("f"), at_root, path_of("d/g")));
    assert_int_equal(vfs_digest(tree.vfs), before);
    assert_null(rp_vfs_check(clone));
    uint64_t changed = vfs_digest(clone);
    must(rp_vfs_truncate(tree.vfs, file, 0));
    must(rp_vfs_unlink(tree.vfs, at_root, path_of("f")));
    must(rp_vfs_remove_directory(tree.vfs, at_root, path_of("d")));
    assert_int_equal(vfs_digest(clone), changed);
    assert_null(rp_vfs_check(clone));
    rp_vfs_destroy(clone);
    tree_deinit(&tree);
}

static void clones_of_clones_a_thousand_deep_stay_right(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    tree_file(&tree, "f");
    uint64_t file = tree_find(&tree, "f");
    static struct rp_vfs *clones[1000];
    for (uint32_t i = 0; i < RP_ARRAY_COUNT(clones); i++) {
        clones[i] = rp_vfs_clone(i == 0 ? tree.vfs : clones[i - 1]);
        assert_non_null(clones[i]);
        size_t count = 0;
        must(rp_vfs_write(clones[i], file, 0, &i, sizeof i, &count));
    }
    for (uint32_t i = 0; i < RP_ARRAY_COUNT(clones); i++) {
        uint32_t value = 0;
        assert_int_equal(read_at(clones[i], file, 0, &value, sizeof value), sizeof value);
        assert_int_equal(value, i);
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(clones); i++) {
        rp_vfs_destroy(clones[i]);
    }
    tree_deinit(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holes_read_as_zeros_and_cost_nothing),
        cmocka_unit_test(data_is_found_behind_holes),
        cmocka_unit_test(truncation_zeros_what_it_cuts),
        cmocka_unit_test(writes_stop_exactly_at_the_byte_quota),
        cmocka_unit_test(allocated_pages_can_be_written_when_the_quota_is_met),
        cmocka_unit_test(sizes_beyond_the_largest_file_are_refused),
        cmocka_unit_test(clones_share_until_one_writes),
        cmocka_unit_test(clones_of_clones_a_thousand_deep_stay_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
