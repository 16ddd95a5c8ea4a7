/* The walk over allocations: in a scenario that uses everything, allocation k fails; the
 * operation answers NOMEM, nothing has changed, and the rest of the scenario runs as if nothing
 * had been. With and without a clone that shares all of it. */
#include "tests/vfs/tree.h"

struct scene {
    struct tree tree;
    uint64_t file;
};

static enum rp_vfs_error write_some(struct scene *scene, uint64_t offset)
{
    static uint8_t data[3 * RP_VFS_PAGE_BYTES];
    size_t count = 0;
    memset(data, 7, sizeof data);
    return rp_vfs_write(scene->tree.vfs, scene->file, offset, data, sizeof data, &count);
}

static enum rp_vfs_error do_step(struct scene *scene, unsigned step)
{
    struct rp_vfs *vfs = scene->tree.vfs;
    uint64_t time = 5;
    switch (step) {
    case 0:
        return rp_vfs_make_directory(vfs, at_root, path_of("d/new"));
    case 1:
        return rp_vfs_open(vfs, at_root, path_of("d/file"), RP_VFS_OPEN_CREATE | RP_VFS_OPEN_WRITE,
                           &scene->file);
    case 2:
        return write_some(scene, 100);
    case 3:
        return write_some(scene, UINT64_C(1) << 33);
    case 4:
        return rp_vfs_allocate(vfs, scene->file, 1000000, 10000);
    case 5:
        return rp_vfs_truncate(vfs, scene->file, 5000);
    case 6:
        return rp_vfs_make_symlink(vfs, at_root, path_of("link"), path_of("d/file"));
    case 7:
        return rp_vfs_link(vfs, at_root, path_of("d/file"), false, at_root, path_of("hard"));
    case 8:
        return rp_vfs_rename(vfs, at_root, path_of("d/file"), at_root, path_of("d/new/moved"));
    case 9:
        return rp_vfs_rename(vfs, at_root, path_of("hard"), at_root, path_of("old"));
    case 10:
        return rp_vfs_rename(vfs, at_root, path_of("d/new"), at_root, path_of("empty"));
    case 11:
        return rp_vfs_reader_begin(vfs, RP_VFS_ROOT);
    case 12:
        return rp_vfs_reader_gave(vfs, RP_VFS_ROOT, 100);
    case 13:
        return rp_vfs_unlink(vfs, at_root, path_of("link"));
    case 14:
        return rp_vfs_set_times(vfs, scene->file, &(struct rp_vfs_times){.modified_ns = &time});
    case 15:
        return rp_vfs_reader_end(vfs, RP_VFS_ROOT);
    case 16:
        return rp_vfs_unlink(vfs, at_root, path_of("empty/moved"));
    case 17:
        return rp_vfs_remove_directory(vfs, at_root, path_of("empty"));
    case 18:
        return rp_vfs_drop(vfs, scene->file);
    default:
        return RP_VFS_OK;
    }
}

#define STEPS 19u

/* Runs the scenario with the k-th allocation failing (0: none); returns the digest at the end.
 * *out_failed: an allocation did fail. */
static uint64_t run_scenario(uint64_t k, bool shared, bool *out_failed)
{
    struct scene scene = {.file = RP_VFS_NONE};
    struct tree *tree = &scene.tree;
    tree_init(tree);
    tree_mkdir(tree, "d");
    tree_mkdir(tree, "empty");
    tree_file(tree, "old");
    struct rp_vfs *clone = NULL;
    uint64_t clone_digest = vfs_digest(tree->vfs);
    if (shared) {
        clone = rp_vfs_clone(tree->vfs);
        assert_non_null(clone);
    }
    tree->allocator.fail_call = k != 0 ? tree->allocator.calls + k : 0;
    *out_failed = false;
    for (unsigned step = 0; step < STEPS; step++) {
        uint64_t before = vfs_digest(tree->vfs);
        enum rp_vfs_error error = do_step(&scene, step);
        if (error == RP_VFS_NOMEM) {
            assert_false(*out_failed);
            *out_failed = true;
            assert_int_equal(vfs_digest(tree->vfs), before);
            assert_null(rp_vfs_check(tree->vfs));
            error = do_step(&scene, step);
        }
        must(error);
        assert_null(rp_vfs_check(tree->vfs));
    }
    tree->allocator.fail_call = 0;
    uint64_t digest = vfs_digest(tree->vfs);
    if (clone != NULL) {
        assert_int_equal(vfs_digest(clone), clone_digest);
        rp_vfs_destroy(clone);
    }
    tree_deinit(tree);
    return digest;
}

static void every_allocation_may_fail_and_nothing_is_half_done(void **state)
{
    (void)state;
    for (unsigned shared = 0; shared < 2; shared++) {
        bool failed = false;
        uint64_t undisturbed = run_scenario(0, shared != 0, &failed);
        uint64_t k = 0;
        do {
            k++;
            assert_int_equal(run_scenario(k, shared != 0, &failed), undisturbed);
        } while (failed);
        assert_true(k > 20);
    }
}

static void a_tree_without_memory_is_not_made(void **state)
{
    (void)state;
    struct rp_vfs_limits limits = {.bytes_max = 1000, .inodes_max = 10};
    for (uint64_t k = 1; k <= 2; k++) {
        struct rp_allocator allocator;
        rp_allocator_init(&allocator, 0);
        allocator.fail_call = k;
        assert_null(rp_vfs_create(&allocator, &limits, 0));
        assert_int_equal(allocator.used_bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail_and_nothing_is_half_done),
        cmocka_unit_test(a_tree_without_memory_is_not_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
