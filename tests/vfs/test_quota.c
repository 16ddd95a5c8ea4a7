/* Every limit of the tree, hit exactly: what uses all of it works, one byte, inode, link or step
 * more has its error, and nothing has changed. */
#include "tests/vfs/tree.h"

#define PAGE RP_VFS_PAGE_BYTES

enum action {
    MKDIR,
    CREATE,
    SYMLINK,
    LINK,
    MOUNT,
    PIPE,
    WRITE_ONE,
    WRITE_ACROSS,
    WRITE_TWO_OF_A_HOLE,
    ALLOCATE,
    RENAME_LONGER,
    RENAME_AWAY,
    ACTIONS
};

/* d/, f (one page), sparse (a hole of three pages and a page), both held by nobody. */
static void make_scene(struct tree *tree, uint64_t bytes_max, uint32_t inodes_max)
{
    tree_init_limited(tree, bytes_max, inodes_max);
    tree_mkdir(tree, "d");
    tree_file(tree, "f");
    uint64_t sparse = tree_write(tree, "sparse", "", 0);
    size_t count = 0;
    must(rp_vfs_write(tree->vfs, sparse, 3 * PAGE, "x", 1, &count));
}

static enum rp_vfs_error write_all(struct rp_vfs *vfs, uint64_t inode, uint64_t offset, size_t size)
{
    static const uint8_t zeros[3 * PAGE];
    size_t count = 0;
    enum rp_vfs_error error = rp_vfs_write(vfs, inode, offset, zeros, size, &count);
    return error == RP_VFS_OK && count < size ? RP_VFS_NOSPC : error;
}

static enum rp_vfs_error act(struct tree *tree, enum action action)
{
    struct rp_vfs *vfs = tree->vfs;
    uint64_t inode = RP_VFS_NONE;
    switch (action) {
    case MKDIR:
        return rp_vfs_make_directory(vfs, at_root, path_of("new"));
    case CREATE: {
        enum rp_vfs_error error =
            rp_vfs_open(vfs, at_root, path_of("d/new"), RP_VFS_OPEN_CREATE, &inode);
        return error == RP_VFS_OK ? rp_vfs_drop(vfs, inode) : error;
    }
    case SYMLINK:
        return rp_vfs_make_symlink(vfs, at_root, path_of("new"), path_of("where/it/points"));
    case LINK:
        return rp_vfs_link(vfs, at_root, path_of("f"), false, at_root, path_of("new"));
    case MOUNT:
        return rp_vfs_mount_device(vfs, at_root, path_of("new"), 1);
    case PIPE:
        return rp_vfs_make_pipe(vfs, 777, &inode);
    case WRITE_ONE:
        return write_all(vfs, tree_find(tree, "sparse"), 0, 1);
    case WRITE_ACROSS:
        return write_all(vfs, tree_find(tree, "f"), PAGE - 1, 2);
    case WRITE_TWO_OF_A_HOLE:
        return write_all(vfs, tree_find(tree, "sparse"), PAGE, 3 * PAGE);
    case ALLOCATE:
        return rp_vfs_allocate(vfs, tree_find(tree, "sparse"), 1, 5 * PAGE);
    case RENAME_LONGER:
        return rp_vfs_rename(vfs, at_root, path_of("f"), at_root, path_of("longer"));
    case RENAME_AWAY:
        return rp_vfs_rename(vfs, at_root, path_of("sparse"), at_root, path_of("d/sparse"));
    case ACTIONS:
        break;
    }
    fail();
    return RP_VFS_INVAL;
}

static void the_byte_quota_strikes_exactly_for_every_operation(void **state)
{
    (void)state;
    for (unsigned action = 0; action < ACTIONS; action++) {
        struct tree tree;
        make_scene(&tree, 1u << 20, 100);
        uint64_t before = rp_vfs_bytes_used(tree.vfs);
        must(act(&tree, action));
        uint64_t after = rp_vfs_bytes_used(tree.vfs);
        rp_vfs_destroy(tree.vfs);
        if (action == RENAME_AWAY) {
            assert_int_equal(after, before);
        } else {
            assert_true(after > before);
        }

        make_scene(&tree, after, 100);
        must(act(&tree, action));
        assert_int_equal(rp_vfs_bytes_used(tree.vfs), after);
        assert_null(rp_vfs_check(tree.vfs));
        rp_vfs_destroy(tree.vfs);

        if (after == before) {
            continue;
        }
        make_scene(&tree, after - 1, 100);
        uint64_t digest = vfs_digest(tree.vfs);
        if (act(&tree, action) != RP_VFS_NOSPC) {
            fail_msg("action %u fits into a byte less than it uses", action);
        }
        bool may_do_a_part = action == WRITE_ACROSS || action == WRITE_TWO_OF_A_HOLE;
        assert_true(may_do_a_part || vfs_digest(tree.vfs) == digest);
        tree_deinit(&tree);
    }
}

/* A reader may go on behind the old name: it stays charged, so the new one needs room of its own.
 */
static void a_rename_pays_for_a_name_that_a_reader_keeps(void **state)
{
    (void)state;
    const uint64_t new_entry = RP_VFS_ENTRY_BYTES + 6;
    for (unsigned missing = 0; missing < 2; missing++) {
        struct tree tree;
        make_scene(&tree, 3 * RP_VFS_ENTRY_BYTES + 8 + 2 * PAGE + new_entry - missing, 100);
        must(rp_vfs_reader_begin(tree.vfs, RP_VFS_ROOT));
        must(rp_vfs_reader_gave(tree.vfs, RP_VFS_ROOT, 100));
        assert_int_equal(act(&tree, RENAME_AWAY), missing == 0 ? RP_VFS_OK : RP_VFS_NOSPC);
        must(rp_vfs_reader_end(tree.vfs, RP_VFS_ROOT));
        must(rp_vfs_unlink(tree.vfs, at_root, path_of("f")));
        tree_deinit(&tree);
    }
}

static void the_inode_quota_strikes_exactly_for_everything_that_makes_one(void **state)
{
    (void)state;
    static const enum action makers[] = {MKDIR, CREATE, SYMLINK, MOUNT, PIPE};
    for (unsigned i = 0; i < RP_ARRAY_COUNT(makers); i++) {
        struct tree tree;
        make_scene(&tree, 1u << 20, 5);
        must(act(&tree, makers[i]));
        assert_int_equal(rp_vfs_inode_count(tree.vfs), 5);
        rp_vfs_destroy(tree.vfs);
        make_scene(&tree, 1u << 20, 4);
        uint64_t digest = vfs_digest(tree.vfs);
        assert_int_equal(act(&tree, makers[i]), RP_VFS_DQUOT);
        assert_int_equal(vfs_digest(tree.vfs), digest);
        must(act(&tree, LINK)); /* makes none */
        tree_deinit(&tree);
    }
}

struct name_case {
    size_t size;
    enum rp_vfs_error expected;
};

static void names_end_at_their_limit_for_everything_that_takes_one(void **state)
{
    (void)state;
    static const struct name_case cases[] = {{255, RP_VFS_OK}, {256, RP_VFS_NAMETOOLONG}};
    char name[256];
    memset(name, 'n', sizeof name);
    for (unsigned i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct rp_vfs_path path = {name, cases[i].size};
        for (unsigned maker = 0; maker < 6; maker++) {
            struct tree tree;
            uint64_t inode = RP_VFS_NONE;
            make_scene(&tree, 1u << 20, 100);
            struct rp_vfs *vfs = tree.vfs;
            enum rp_vfs_error error =
                maker == 0   ? rp_vfs_make_directory(vfs, at_root, path)
                : maker == 1 ? rp_vfs_open(vfs, at_root, path, RP_VFS_OPEN_CREATE, &inode)
                : maker == 2 ? rp_vfs_make_symlink(vfs, at_root, path, path_of("x"))
                : maker == 3 ? rp_vfs_mount_device(vfs, at_root, path, 1)
                : maker == 4 ? rp_vfs_link(vfs, at_root, path_of("f"), false, at_root, path)
                             : rp_vfs_rename(vfs, at_root, path_of("f"), at_root, path);
            assert_int_equal(error, cases[i].expected);
            tree_deinit(&tree);
        }
    }
}

static void paths_and_targets_end_at_their_limit(void **state)
{
    (void)state;
    static const struct name_case cases[] = {{4095, RP_VFS_OK}, {4096, RP_VFS_NAMETOOLONG}};
    char text[4096];
    memset(text, '/', sizeof text);
    for (unsigned i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct tree tree;
        make_scene(&tree, 1u << 20, 100);
        struct rp_vfs_path path = {text, cases[i].size};
        uint64_t inode = RP_VFS_NONE;
        text[0] = 'd';
        text[cases[i].size - 1] = '.';
        assert_int_equal(rp_vfs_resolve(tree.vfs, at_root, path, true, &inode), cases[i].expected);
        text[cases[i].size - 1] = '/';
        assert_int_equal(rp_vfs_open(tree.vfs, at_root, path, 0, &inode), cases[i].expected);
        assert_int_equal(rp_vfs_make_symlink(tree.vfs, at_root, path_of("long"), path),
                         cases[i].expected);
        if (cases[i].expected == RP_VFS_OK) {
            assert_int_equal(tree_stat(&tree, tree_find(&tree, "long")).size, 4095);
            must(rp_vfs_resolve(tree.vfs, at_root, path_of("long/."), true, &inode));
        }
        tree_deinit(&tree);
    }
}

static void symlinks_are_followed_forty_times(void **state)
{
    (void)state;
    struct tree tree;
    make_scene(&tree, 1u << 20, 100);
    char name[8];
    char target[8] = "d";
    uint64_t inode = RP_VFS_NONE;
    for (unsigned depth = 1; depth <= 41; depth++) {
        (void)snprintf(name, sizeof name, "s%u", depth);
        tree_symlink(&tree, name, target);
        memcpy(target, name, sizeof target);
        enum rp_vfs_error expected = depth <= 40 ? RP_VFS_OK : RP_VFS_LOOP;
        char inside[16];
        (void)snprintf(inside, sizeof inside, "%s/.", name);
        assert_int_equal(rp_vfs_resolve(tree.vfs, at_root, path_of(name), true, &inode), expected);
        assert_int_equal(rp_vfs_resolve(tree.vfs, at_root, path_of(inside), false, &inode),
                         expected);
    }
    /* the depth is that of the whole path, not of one step */
    assert_int_equal(rp_vfs_resolve(tree.vfs, at_root, path_of("s20/../s20/."), true, &inode),
                     RP_VFS_OK);
    assert_int_equal(rp_vfs_resolve(tree.vfs, at_root, path_of("s20/../s21/."), true, &inode),
                     RP_VFS_LOOP);
    tree_deinit(&tree);
}

static void a_file_has_65000_links_and_no_more(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    tree_file(&tree, "f");
    char name[16];
    for (unsigned i = 1; i <= RP_VFS_LINKS_MAX; i++) {
        (void)snprintf(name, sizeof name, "l%u", i);
        assert_int_equal(
            rp_vfs_link(tree.vfs, at_root, path_of("f"), false, at_root, path_of(name)),
            i < RP_VFS_LINKS_MAX ? RP_VFS_OK : RP_VFS_MLINK);
    }
    assert_int_equal(tree_stat(&tree, tree_find(&tree, "f")).link_count, RP_VFS_LINKS_MAX);
    must(rp_vfs_unlink(tree.vfs, at_root, path_of("l5")));
    must(rp_vfs_link(tree.vfs, at_root, path_of("f"), false, at_root, path_of(name)));
    tree_deinit(&tree);
}

static void a_directory_has_64998_subdirectories_and_no_more(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    tree_mkdir(&tree, "other");
    tree_mkdir(&tree, "other/moves");
    tree_mkdir(&tree, "full");
    char name[24];
    for (unsigned i = 1; i <= RP_VFS_LINKS_MAX - 1; i++) {
        (void)snprintf(name, sizeof name, "full/%u", i);
        assert_int_equal(rp_vfs_make_directory(tree.vfs, at_root, path_of(name)),
                         i <= RP_VFS_LINKS_MAX - 2 ? RP_VFS_OK : RP_VFS_MLINK);
    }
    struct rp_vfs_path moves = path_of("other/moves");
    assert_int_equal(rp_vfs_rename(tree.vfs, at_root, moves, at_root, path_of("full/moves")),
                     RP_VFS_MLINK);
    tree_file(&tree, "full/file"); /* is no link to its directory */
    must(rp_vfs_rename(tree.vfs, at_root, path_of("full/1"), at_root, path_of("full/one")));
    must(rp_vfs_rename(tree.vfs, at_root, moves, at_root, path_of("full/2"))); /* in its place */
    tree_deinit(&tree);
}

static void a_file_ends_at_the_largest_offset(void **state)
{
    (void)state;
    struct tree tree;
    make_scene(&tree, 1u << 20, 100);
    uint64_t file = tree_find(&tree, "f");
    size_t count = 0;
    const uint64_t largest = RP_VFS_FILE_BYTES_MAX;
    must(rp_vfs_write(tree.vfs, file, largest - 1, "ab", 2, &count));
    assert_int_equal(count, 1);
    assert_int_equal(tree_stat(&tree, file).size, largest);
    assert_int_equal(rp_vfs_write(tree.vfs, file, largest, "a", 1, &count), RP_VFS_FBIG);
    assert_int_equal(rp_vfs_write(tree.vfs, file, UINT64_MAX, "a", 1, &count), RP_VFS_FBIG);
    must(rp_vfs_truncate(tree.vfs, file, largest));
    assert_int_equal(rp_vfs_truncate(tree.vfs, file, largest + 1), RP_VFS_FBIG);
    must(rp_vfs_allocate(tree.vfs, file, largest - 5, 5));
    assert_int_equal(rp_vfs_allocate(tree.vfs, file, largest - 5, 6), RP_VFS_FBIG);
    assert_int_equal(rp_vfs_allocate(tree.vfs, file, UINT64_MAX, 2), RP_VFS_FBIG);
    must(rp_vfs_truncate(tree.vfs, file, 0));
    tree_deinit(&tree);
}

static void limits_and_errors_have_names(void **state)
{
    (void)state;
    struct tree tree;
    tree_init_limited(&tree, 12345, 0); /* the root is always there */
    assert_int_equal(rp_vfs_bytes_max(tree.vfs), 12345);
    assert_int_equal(rp_vfs_inode_count(tree.vfs), 1);
    assert_int_equal(rp_vfs_make_directory(tree.vfs, at_root, path_of("d")), RP_VFS_DQUOT);
    tree_deinit(&tree);
    for (unsigned error = 0; error < RP_VFS_ERROR_COUNT; error++) {
        assert_true(strlen(rp_vfs_error_name(error)) > 1);
        assert_string_not_equal(rp_vfs_error_text(error), "unknown");
    }
    assert_string_equal(rp_vfs_error_name(RP_VFS_BUSY), "BUSY");
    assert_string_equal(rp_vfs_error_name(RP_VFS_ERROR_COUNT), "unknown");
    assert_string_equal(rp_vfs_error_text(RP_VFS_ERROR_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_byte_quota_strikes_exactly_for_every_operation),
        cmocka_unit_test(a_rename_pays_for_a_name_that_a_reader_keeps),
        cmocka_unit_test(the_inode_quota_strikes_exactly_for_everything_that_makes_one),
        cmocka_unit_test(names_end_at_their_limit_for_everything_that_takes_one),
        cmocka_unit_test(paths_and_targets_end_at_their_limit),
        cmocka_unit_test(symlinks_are_followed_forty_times),
        cmocka_unit_test(a_file_has_65000_links_and_no_more),
        cmocka_unit_test(a_directory_has_64998_subdirectories_and_no_more),
        cmocka_unit_test(a_file_ends_at_the_largest_offset),
        cmocka_unit_test(limits_and_errors_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
