/* What clones cost, counted in calls of the allocator and in bytes, not in time. */
#include "tests/vfs/tree.h"

#define DEPTH 1000u
#define FILES 3000u

struct cost {
    uint64_t calls;
    uint64_t bytes; /* held afterwards */
};

static struct cost cost_now(const struct tree *tree)
{
    return (struct cost){tree->allocator.calls, tree->allocator.used_bytes};
}

static struct cost cost_since(const struct tree *tree, struct cost before)
{
    return (struct cost){tree->allocator.calls - before.calls,
                         tree->allocator.used_bytes - before.bytes};
}

static void assert_same_cost(struct cost first, struct cost now, const char *what, unsigned depth)
{
    if (first.calls != now.calls || first.bytes != now.bytes) {
        fail_msg("%s, %u clones deep: %lu calls and %lu bytes, at first %lu and %lu", what, depth,
                 (unsigned long)now.calls, (unsigned long)now.bytes, (unsigned long)first.calls,
                 (unsigned long)first.bytes);
    }
}

/* What is done in every generation, always the same work on a tree that is all shared. */
static void change_tree(struct rp_vfs *vfs, unsigned which, uint64_t file, uint64_t pipe)
{
    uint64_t inode = RP_VFS_NONE;
    size_t count = 0;
    char data[100] = {0};
    switch (which) {
    case 0:
        must(rp_vfs_write(vfs, file, 5 * RP_VFS_PAGE_BYTES, "y", 1, &count));
        break;
    case 1:
        must(rp_vfs_open(vfs, at_root, path_of("d/new"), RP_VFS_OPEN_CREATE, &inode));
        must(rp_vfs_drop(vfs, inode));
        must(rp_vfs_unlink(vfs, at_root, path_of("d/new")));
        break;
    case 2:
        must(rp_vfs_pipe_write(vfs, pipe, data, sizeof data, &count));
        must(rp_vfs_pipe_read(vfs, pipe, data, sizeof data, &count));
        break;
    default:
        break;
    }
}

static void a_clone_a_thousand_deep_costs_what_the_first_one_cost(void **state)
{
    (void)state;
    static struct rp_vfs *generations[DEPTH];
    /* A write, making and unlinking, a pipe: nodes of 528 bytes, and at most two pages. */
    static const uint64_t calls_max[] = {12, 60, 12};
    static const uint64_t bytes_max[] = {8192, 8192, 16384};
    struct tree tree;
    tree_init(&tree);
    tree_mkdir(&tree, "d");
    for (unsigned i = 0; i < FILES; i++) {
        char name[24];
        (void)snprintf(name, sizeof name, "d/file%u", i);
        tree_file(&tree, name);
    }
    static const uint8_t data[10 * RP_VFS_PAGE_BYTES] = {1};
    uint64_t file = tree_write(&tree, "d/big", data, sizeof data);
    uint64_t pipe = RP_VFS_NONE;
    size_t count = 0;
    must(rp_vfs_make_pipe(tree.vfs, RP_VFS_PIPE_BYTES_MAX, &pipe));
    must(rp_vfs_pipe_write(tree.vfs, pipe, data, sizeof data, &count));
    struct cost first_clone = {0};
    struct cost first_write = {0};
    for (unsigned depth = 0; depth < DEPTH; depth++) {
        struct cost before = cost_now(&tree);
        generations[depth] = rp_vfs_clone(depth == 0 ? tree.vfs : generations[depth - 1]);
        assert_non_null(generations[depth]);
        struct cost clone = cost_since(&tree, before);
        first_clone = depth == 0 ? clone : first_clone;
        assert_same_cost(first_clone, clone, "a clone", depth);
        for (unsigned which = 0; which < RP_ARRAY_COUNT(calls_max); which++) {
            before = cost_now(&tree);
            change_tree(generations[depth], which, file, pipe);
            struct cost now = cost_since(&tree, before);
            assert_in_range(now.calls, 1, calls_max[which]);
            assert_in_range(now.bytes, 0, bytes_max[which]);
            if (which == 0) { /* cookies and the place in a ring move on, so only this is equal */
                first_write = depth == 0 ? now : first_write;
                assert_same_cost(first_write, now, "a write", depth);
            }
        }
    }
    assert_int_equal(first_clone.calls, 1);
    assert_in_range(first_clone.bytes, 1, 256);
    assert_null(rp_vfs_check(generations[DEPTH - 1]));
    for (unsigned depth = 0; depth < DEPTH; depth++) {
        rp_vfs_destroy(generations[depth]);
    }
    tree_deinit(&tree);
}

static void a_clone_costs_the_same_for_any_tree(void **state)
{
    (void)state;
    struct cost costs[2];
    for (unsigned i = 0; i < 2; i++) {
        struct tree tree;
        tree_init(&tree);
        for (unsigned file = 0; file < i * FILES; file++) {
            char name[24];
            (void)snprintf(name, sizeof name, "file%u", file);
            tree_file(&tree, name);
        }
        struct cost before = cost_now(&tree);
        struct rp_vfs *clone = rp_vfs_clone(tree.vfs);
        costs[i] = cost_since(&tree, before);
        rp_vfs_destroy(clone);
        tree_deinit(&tree);
    }
    assert_same_cost(costs[0], costs[1], "a clone of the large tree", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clone_a_thousand_deep_costs_what_the_first_one_cost),
        cmocka_unit_test(a_clone_costs_the_same_for_any_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
