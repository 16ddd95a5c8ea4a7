/* Tests of rp_vfs_root and rp_vfs_become: the root is one of a tree, its clones and its bytes, and
 * changes with everything that is state. */
#include "core/page_hash.h"
#include "tests/support/pack_text.h"
#include "tests/vfs/vfs_scene.h"

static void get_root(const struct rp_vfs *vfs, uint8_t root[RP_HASH_BYTES])
{
    assert_true(rp_vfs_root(vfs, root));
}

/* By hand: the grammar with 32 bytes in the place of a page's. */
static void the_root_is_the_hash_of_the_bytes_with_hashed_pages(void **state)
{
    (void)state;
    struct tree tree;
    make_runs(&tree);
    struct saved expected;
    rp_allocator_init(&expected.allocator, 0);
    rp_buffer_init(&expected.bytes, &expected.allocator);
    struct rp_buffer *bytes = &expected.bytes;
    rp_msgpack_put_array(bytes, 4);
    rp_pack_text(bytes, "1000 100000 50");
    rp_msgpack_put_array(bytes, 2);
    rp_pack_text(bytes, "[1 0 1000 1000 1000 0 1 3 0 0 [['f' 2 3]] []]");
    rp_msgpack_put_array(bytes, 8);
    rp_pack_text(bytes, "2 1 1000 1000 1000 0 40967");
    rp_msgpack_put_array(bytes, 4);
    static const struct {
        uint32_t page;
        uint32_t count;
        size_t filled;
    } runs[] = {{0, 2, 4096}, {2, 0, 0}, {4, 1, 3}, {10, 1, 7}};
    for (size_t i = 0; i < RP_ARRAY_COUNT(runs); i++) {
        rp_msgpack_put_array(bytes, 2);
        rp_msgpack_put_uint(bytes, runs[i].page);
        if (runs[i].count == 0) {
            rp_msgpack_put_uint(bytes, 1);
            continue;
        }
        uint8_t page[RP_VFS_PAGE_BYTES] = {0};
        uint8_t hash[RP_HASH_BYTES];
        memset(page, 'x', runs[i].filled);
        rp_page_hash(page, hash);
        rp_msgpack_put_bytes_head(bytes, runs[i].count * RP_HASH_BYTES);
        for (uint32_t at = 0; at < runs[i].count; at++) {
            rp_buffer_append(bytes, hash, sizeof hash);
        }
    }
    uint8_t root[RP_HASH_BYTES];
    uint8_t by_hand[RP_HASH_BYTES];
    get_root(tree.vfs, root);
    rp_component_hash(bytes->data, bytes->size, by_hand);
    assert_memory_equal(root, by_hand, RP_HASH_BYTES);
    free_saved(&expected);
    free_tree(&tree);
}

/* Each change of what make_scene made; the root differs from all before it. */
static void change_scene(struct tree *tree, unsigned which)
{
    struct rp_vfs *vfs = tree->vfs;
    uint64_t hello = tree_find(tree, "d/hello");
    uint64_t time_ns = 5;
    size_t count = 0;
    uint64_t inode = RP_VFS_NONE;
    switch (which) {
    case 0:
        must(rp_vfs_write(vfs, hello, 1, "a", 1, &count));
        break;
    case 1: /* from a page of zeros to one that is not */
        must(rp_vfs_write(vfs, tree_find(tree, "sparse"), 5000, "a", 1, &count));
        break;
    case 2: /* and back: the page is there */
        must(rp_vfs_write(vfs, tree_find(tree, "sparse"), 5000, "", 1, &count));
        break;
    case 3: /* a hole becomes a page of zeros */
        must(rp_vfs_allocate(vfs, tree_find(tree, "sparse"), 0, 1));
        break;
    case 4: /* the same bytes, cut and grown: the pages are gone */
        must(rp_vfs_truncate(vfs, tree_find(tree, "sparse"), 20481));
        break;
    case 5:
        must(rp_vfs_set_times(vfs, hello, &(struct rp_vfs_times){.accessed_ns = &time_ns}));
        break;
    case 6:
        must(rp_vfs_rename(vfs, at_root, path_of("again"), at_root, path_of("agaio")));
        break;
    case 7:
        must(rp_vfs_unlink(vfs, at_root, path_of("link")));
        break;
    case 8:
        tree_symlink(tree, "link", "d/hellp");
        break;
    case 9:
        must(rp_vfs_hold(vfs, hello));
        break;
    case 10:
        must(rp_vfs_reader_begin(vfs, tree_find(tree, "d/e")));
        break;
    case 11:
        must(rp_vfs_reader_end(vfs, tree_find(tree, "d")));
        break;
    case 12:
        must(rp_vfs_pipe_write(vfs, 8, "u", 1, &count));
        break;
    case 13:
        must(rp_vfs_pipe_hold(vfs, 8, RP_VFS_END_WRITE));
        break;
    case 14:
        must(rp_vfs_drop(vfs, 9));
        break;
    case 15:
        must(rp_vfs_open(vfs, at_root, path_of("new"), RP_VFS_OPEN_CREATE, &inode));
        break;
    case 16:
        rp_vfs_set_time(vfs, 71000);
        break;
    default:
        fail();
    }
}
#define CHANGES 17u

static void the_root_changes_with_each_kind_of_change(void **state)
{
    (void)state;
    struct tree tree;
    uint8_t roots[CHANGES + 1][RP_HASH_BYTES];
    make_scene(&tree);
    get_root(tree.vfs, roots[0]);
    for (unsigned i = 0; i < CHANGES; i++) {
        struct rp_vfs *before = rp_vfs_clone(tree.vfs);
        assert_non_null(before);
        change_scene(&tree, i);
        get_root(tree.vfs, roots[i + 1]);
        for (unsigned j = 0; j <= i; j++) {
            assert_memory_not_equal(roots[i + 1], roots[j], RP_HASH_BYTES);
        }
        uint8_t root[RP_HASH_BYTES];
        get_root(before, root);
        assert_memory_equal(root, roots[i], RP_HASH_BYTES);
        rp_vfs_destroy(assert_round_trip(&tree.allocator, tree.vfs));
        rp_vfs_destroy(before);
    }
    free_tree(&tree);
}

/* Trees of other histories, with other pieces shared, are one tree. */
static void equal_trees_have_one_root(void **state)
{
    (void)state;
    struct tree trees[2];
    uint8_t roots[2][RP_HASH_BYTES];
    static uint8_t page[RP_VFS_PAGE_BYTES] = {7};
    for (unsigned i = 0; i < 2; i++) {
        size_t count = 0;
        tree_init(&trees[i]);
        uint64_t file = tree_write(&trees[i], "f", page, sizeof page);
        if (i == 1) {
            /* written over, hashed, and written back */
            struct rp_vfs *clone = rp_vfs_clone(trees[i].vfs);
            must(rp_vfs_write(trees[i].vfs, file, 10, "xyz", 3, &count));
            get_root(trees[i].vfs, roots[i]);
            must(rp_vfs_write(trees[i].vfs, file, 0, page, sizeof page, &count));
            must(rp_vfs_truncate(trees[i].vfs, file, 9000));
            must(rp_vfs_truncate(trees[i].vfs, file, sizeof page));
            rp_vfs_destroy(clone);
        }
        tree_mkdir(&trees[i], "d");
        get_root(trees[i].vfs, roots[i]);
    }
    assert_memory_equal(roots[0], roots[1], RP_HASH_BYTES);
    for (unsigned i = 0; i < 2; i++) {
        tree_deinit(&trees[i]);
    }
}

static void becoming_another_tree_is_as_cloning_it(void **state)
{
    (void)state;
    struct tree tree;
    make_scene(&tree);
    uint64_t digest = vfs_digest(tree.vfs);
    struct rp_vfs *kept = rp_vfs_clone(tree.vfs);
    assert_non_null(kept);
    for (unsigned round = 0; round < 3; round++) {
        change_scene(&tree, round);
        assert_true(vfs_digest(tree.vfs) != digest);
        rp_alloc_inject(1, 1); /* nothing is allocated */
        rp_vfs_become(tree.vfs, kept);
        rp_alloc_inject(0, 0);
        assert_true(vfs_digest(tree.vfs) == digest);
        assert_true(vfs_digest(kept) == digest);
        assert_sound(tree.vfs);
    }
    rp_vfs_destroy(kept);
    must(rp_vfs_drop(tree.vfs, 9));
    free_tree(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_root_is_the_hash_of_the_bytes_with_hashed_pages),
        cmocka_unit_test(the_root_changes_with_each_kind_of_change),
        cmocka_unit_test(equal_trees_have_one_root),
        cmocka_unit_test(becoming_another_tree_is_as_cloning_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
