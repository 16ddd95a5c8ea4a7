/* The walk over allocations: in a scenario that uses everything, allocation k fails; the
 * operation answers NOMEM, nothing has changed, and the rest of the scenario runs as if nothing
 * had been. Without a clone, with one that shares all of it, and with one that is made again
 * before each operation. */
#include "tests/vfs/tree.h"

struct scene {
    struct tree tree;
    uint64_t file;
    uint64_t pipe; /* of five pages; a few bytes wait in it */
};

static enum rp_vfs_error write_pipe(struct scene *scene, size_t size)
{
    static uint8_t data[5 * RP_VFS_PAGE_BYTES];
    size_t count = 0;
    memset(data, 9, sizeof data);
    return rp_vfs_pipe_write(scene->tree.vfs, scene->pipe, data, size, &count);
}

static enum rp_vfs_error read_pipe(struct scene *scene, size_t size)
{
    static uint8_t data[5 * RP_VFS_PAGE_BYTES];
    size_t count = 0;
    return rp_vfs_pipe_read(scene->tree.vfs, scene->pipe, data, size, &count);
}

static enum rp_vfs_error write_some(struct scene *scene, uint64_t offset)
{
    static uint8_t data[3 * RP_VFS_PAGE_BYTES];
    size_t count = 0;
    memset(data, 7, sizeof data);
    return rp_vfs_write(scene->tree.vfs, scene->file, offset, data, sizeof data, &count);
}

static enum rp_vfs_error do_pipe_step(struct scene *scene, unsigned step)
{
    struct rp_vfs *vfs = scene->tree.vfs;
    uint64_t inode = RP_VFS_NONE;
    switch (step) {
    case 0:
        return write_pipe(scene, 5000);
    case 1:
        return rp_vfs_pipe_hold(vfs, scene->pipe, RP_VFS_END_READ);
    case 2:
        return read_pipe(scene, 2000);
    case 3:
        return write_pipe(scene, 15000);
    case 4:
        return rp_vfs_pipe_drop(vfs, scene->pipe, RP_VFS_END_READ);
    case 5:
        return read_pipe(scene, 20000);
    case 6:
        return write_pipe(scene, 15000); /* into an empty one */
    case 7:
        return rp_vfs_pipe_drop(vfs, scene->pipe, RP_VFS_END_READ);
    case 8:
        return rp_vfs_pipe_drop(vfs, scene->pipe, RP_VFS_END_WRITE);
    case 9:
        return rp_vfs_make_pipe(vfs, 1000, &inode);
    case 10:
        return rp_vfs_mount_device(vfs, at_root, path_of("d/null"), 3);
    default:
        return rp_vfs_open(vfs, at_root, path_of("d/null"), RP_VFS_OPEN_TRUNCATE, &inode);
    }
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
        return do_pipe_step(scene, step - 19);
    }
}

#define STEPS 31u

enum sharing { SHARED_NEVER, SHARED_ONCE, SHARED_ALWAYS };

/* Another clone of the tree as it is; it does not count as an allocation of the scenario. */
static void clone_again(struct tree *tree, struct rp_vfs **clone, uint64_t *clone_digest)
{
    uint64_t fail_call = tree->allocator.fail_call;
    bool waits = fail_call > tree->allocator.calls;
    tree->allocator.fail_call = 0;
    rp_vfs_destroy(*clone);
    *clone = rp_vfs_clone(tree->vfs);
    assert_non_null(*clone);
    *clone_digest = vfs_digest(*clone);
    tree->allocator.fail_call = waits ? fail_call + 1 : 0;
}

/* Runs the scenario with the k-th allocation failing (0: none); returns the digest at the end.
 * *out_failed: an allocation did fail. */
static uint64_t run_scenario(uint64_t k, enum sharing sharing, bool *out_failed)
{
    struct scene scene = {.file = RP_VFS_NONE};
    struct tree *tree = &scene.tree;
    tree_init(tree);
    tree_mkdir(tree, "d");
    tree_mkdir(tree, "empty");
    tree_file(tree, "old");
    must(rp_vfs_make_pipe(tree->vfs, 5 * RP_VFS_PAGE_BYTES, &scene.pipe));
    must(write_pipe(&scene, 10));
    struct rp_vfs *clone = NULL;
    uint64_t clone_digest = 0;
    if (sharing != SHARED_NEVER) {
        clone_again(tree, &clone, &clone_digest);
    }
    tree->allocator.fail_call = k != 0 ? tree->allocator.calls + k : 0;
    *out_failed = false;
    for (unsigned step = 0; step < STEPS; step++) {
        if (sharing == SHARED_ALWAYS) {
            assert_int_equal(vfs_digest(clone), clone_digest);
            clone_again(tree, &clone, &clone_digest);
        }
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
    for (enum sharing sharing = SHARED_NEVER; sharing <= SHARED_ALWAYS; sharing++) {
        bool failed = false;
        uint64_t undisturbed = run_scenario(0, sharing, &failed);
        uint64_t k = 0;
        do {
            k++;
            assert_int_equal(run_scenario(k, sharing, &failed), undisturbed);
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
