/* Tests of devices as mount points. */
#include "tests/vfs/tree.h"

#define NULL_DEVICE 3u

/* dev/ (null: a device), d/ (empty), full/ (x), f, l -> dev/null */
static void make_scene(struct tree *tree)
{
    tree_init(tree);
    tree_mkdir(tree, "dev");
    tree_mkdir(tree, "d");
    tree_mkdir(tree, "full");
    tree_file(tree, "full/x");
    tree_file(tree, "f");
    tree_symlink(tree, "l", "dev/null");
    must(rp_vfs_mount_device(tree->vfs, at_root, path_of("dev/null"), NULL_DEVICE));
}

static void a_device_has_a_number_and_no_contents(void **state)
{
    (void)state;
    struct tree tree;
    make_scene(&tree);
    uint64_t device = tree_find(&tree, "dev/null");
    struct rp_vfs_stat stat = tree_stat(&tree, device);
    assert_int_equal(stat.kind, RP_VFS_DEVICE);
    assert_int_equal(stat.device, NULL_DEVICE);
    assert_int_equal(stat.size, 0);
    assert_int_equal(stat.link_count, 1);
    assert_int_equal(tree_stat(&tree, tree_find(&tree, "f")).device, 0);
    char data[4] = {0};
    size_t count = 0;
    uint64_t before = vfs_digest(tree.vfs);
    assert_int_equal(rp_vfs_read(tree.vfs, device, 0, data, 4, &count), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_write(tree.vfs, device, 0, data, 4, &count), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_truncate(tree.vfs, device, 4), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_allocate(tree.vfs, device, 0, 4), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_read_link(tree.vfs, device, data, 4, &count), RP_VFS_INVAL);
    assert_int_equal(vfs_digest(tree.vfs), before);
    uint64_t time = 9;
    must(rp_vfs_set_times(tree.vfs, device, &(struct rp_vfs_times){.modified_ns = &time}));
    assert_int_equal(tree_stat(&tree, device).modified_ns, 9);
    tree_deinit(&tree);
}

struct mount_case {
    const char *path;
    bool read_only;
    enum rp_vfs_error expected;
};

static const struct mount_case mount_cases[] = {
    {"zero", false, RP_VFS_OK},
    {"zero", true, RP_VFS_ROFS},
    {"dev/zero", false, RP_VFS_OK},
    {"dev/null", false, RP_VFS_EXIST},
    {"dev", false, RP_VFS_EXIST},
    {"f", false, RP_VFS_EXIST},
    {"l", false, RP_VFS_EXIST},
    {".", false, RP_VFS_EXIST},
    {"dev/null/x", false, RP_VFS_NOTDIR},
    {"nowhere/x", false, RP_VFS_NOENT},
    {"zero/", false, RP_VFS_NOENT},
    {"../zero", false, RP_VFS_PERM},
    {"", false, RP_VFS_NOENT},
};

static void a_device_is_put_where_nothing_is(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RP_ARRAY_COUNT(mount_cases); i++) {
        const struct mount_case *row = &mount_cases[i];
        struct tree tree;
        make_scene(&tree);
        uint64_t before = vfs_digest(tree.vfs);
        struct rp_vfs_start start = {.directory = RP_VFS_ROOT, .read_only = row->read_only};
        assert_int_equal(rp_vfs_mount_device(tree.vfs, start, path_of(row->path), 1),
                         row->expected);
        assert_int_equal(vfs_digest(tree.vfs) != before, row->expected == RP_VFS_OK);
        tree_deinit(&tree);
    }
}

struct open_case {
    const char *path;
    unsigned flags;
    bool read_only;
    enum rp_vfs_error expected;
};

#define CREATE RP_VFS_OPEN_CREATE
#define EXCLUSIVE RP_VFS_OPEN_EXCLUSIVE
#define TRUNCATE RP_VFS_OPEN_TRUNCATE
#define FOLLOW RP_VFS_OPEN_FOLLOW
#define WRITE RP_VFS_OPEN_WRITE

static const struct open_case open_cases[] = {
    {"dev/null", 0, false, RP_VFS_OK},
    {"dev/null", WRITE, false, RP_VFS_OK},
    {"dev/null", WRITE | CREATE | TRUNCATE, false, RP_VFS_OK},
    {"dev/null", TRUNCATE, false, RP_VFS_OK},
    {"dev/null", CREATE | EXCLUSIVE, false, RP_VFS_EXIST},
    {"dev/null", RP_VFS_OPEN_DIRECTORY, false, RP_VFS_NOTDIR},
    {"dev/null/", 0, false, RP_VFS_NOTDIR},
    {"dev/null/.", 0, false, RP_VFS_NOTDIR},
    {"dev/null/x", CREATE, false, RP_VFS_NOTDIR},
    {"dev/null/..", 0, false, RP_VFS_NOTDIR},
    {"l", FOLLOW | WRITE | TRUNCATE | CREATE, false, RP_VFS_OK},
    {"l", 0, false, RP_VFS_LOOP},
    /* writing to a device does not change the tree */
    {"dev/null", WRITE | TRUNCATE | CREATE, true, RP_VFS_OK},
    {"f", WRITE, true, RP_VFS_ROFS},
};

static void opening_a_device_does_not_change_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RP_ARRAY_COUNT(open_cases); i++) {
        const struct open_case *row = &open_cases[i];
        struct tree tree;
        make_scene(&tree);
        uint64_t before = vfs_digest(tree.vfs);
        uint64_t inode = RP_VFS_NONE;
        struct rp_vfs_start start = {.directory = RP_VFS_ROOT, .read_only = row->read_only};
        assert_int_equal(rp_vfs_open(tree.vfs, start, path_of(row->path), row->flags, &inode),
                         row->expected);
        if (row->expected == RP_VFS_OK) {
            assert_int_equal(inode, tree_find(&tree, "dev/null"));
            must(rp_vfs_drop(tree.vfs, inode));
        }
        assert_int_equal(vfs_digest(tree.vfs), before);
        tree_deinit(&tree);
    }
}

enum action { UNLINK, RMDIR, MKDIR, RENAME, LINK };

struct change_case {
    enum action action;
    const char *path;
    const char *other;
    enum rp_vfs_error expected;
};

static const struct change_case change_cases[] = {
    {UNLINK, "dev/null", "", RP_VFS_BUSY},
    {UNLINK, "dev/null/", "", RP_VFS_NOTDIR},
    {UNLINK, "dev/null/x", "", RP_VFS_NOTDIR},
    {RMDIR, "dev/null", "", RP_VFS_NOTDIR},
    {RMDIR, "dev", "", RP_VFS_NOTEMPTY},
    {MKDIR, "dev/null", "", RP_VFS_EXIST},
    {MKDIR, "dev/null/x", "", RP_VFS_NOTDIR},
    {RENAME, "dev/null", "dev/other", RP_VFS_BUSY},
    {RENAME, "dev/null", "f", RP_VFS_BUSY},
    {RENAME, "dev/null", "d", RP_VFS_ISDIR},
    {RENAME, "dev/null", "dev/null/x", RP_VFS_NOTDIR},
    {RENAME, "dev/null/", "other", RP_VFS_NOTDIR},
    {RENAME, "f", "dev/null", RP_VFS_BUSY},
    {RENAME, "l", "dev/null", RP_VFS_BUSY},
    {RENAME, "d", "dev/null", RP_VFS_NOTDIR},
    {RENAME, "dev/null", "dev/null", RP_VFS_OK}, /* the same name: nothing is renamed */
    {RENAME, "dev", "devices", RP_VFS_OK},       /* above a mount point */
    {LINK, "dev/null", "other", RP_VFS_XDEV},
    {LINK, "dev/null", "f", RP_VFS_EXIST},
    {LINK, "f", "dev/null", RP_VFS_EXIST},
    {LINK, "f", "dev/null/x", RP_VFS_NOTDIR},
};

static void a_mount_point_stays_where_it_is(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RP_ARRAY_COUNT(change_cases); i++) {
        const struct change_case *row = &change_cases[i];
        struct tree tree;
        make_scene(&tree);
        struct rp_vfs_path path = path_of(row->path);
        struct rp_vfs_path other = path_of(row->other);
        uint64_t before = vfs_digest(tree.vfs);
        enum rp_vfs_error error =
            row->action == UNLINK   ? rp_vfs_unlink(tree.vfs, at_root, path)
            : row->action == RMDIR  ? rp_vfs_remove_directory(tree.vfs, at_root, path)
            : row->action == MKDIR  ? rp_vfs_make_directory(tree.vfs, at_root, path)
            : row->action == RENAME ? rp_vfs_rename(tree.vfs, at_root, path, at_root, other)
                                    : rp_vfs_link(tree.vfs, at_root, path, true, at_root, other);
        if (error != row->expected) {
            fail_msg("case %u (%s): %s", i, row->path, rp_vfs_error_name(error));
        }
        if (error != RP_VFS_OK) {
            assert_int_equal(vfs_digest(tree.vfs), before);
        }
        tree_deinit(&tree);
    }
}

static void a_device_is_listed_and_followed_with_its_kind(void **state)
{
    (void)state;
    struct tree tree;
    make_scene(&tree);
    struct rp_vfs_entry entry;
    bool found = false;
    uint64_t inode = RP_VFS_NONE;
    must(rp_vfs_list(tree.vfs, tree_find(&tree, "dev"), RP_VFS_COOKIE_FIRST, &found, &entry));
    assert_true(found);
    assert_int_equal(entry.kind, RP_VFS_DEVICE);
    assert_int_equal(entry.inode, tree_find(&tree, "dev/null"));
    must(rp_vfs_resolve(tree.vfs, at_root, path_of("l"), true, &inode));
    assert_int_equal(inode, entry.inode);
    struct rp_vfs_start inside = {.directory = inode};
    assert_int_equal(rp_vfs_resolve(tree.vfs, inside, path_of("."), true, &inode), RP_VFS_NOTDIR);
    tree_deinit(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_has_a_number_and_no_contents),
        cmocka_unit_test(a_device_is_put_where_nothing_is),
        cmocka_unit_test(opening_a_device_does_not_change_it),
        cmocka_unit_test(a_mount_point_stays_where_it_is),
        cmocka_unit_test(a_device_is_listed_and_followed_with_its_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
