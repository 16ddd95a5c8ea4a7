/* Tests of vfs/change.c and vfs/resolve.c: which operation answers what, in tables. */
#include "tests/vfs/tree.h"

/* d/ (sub/ (deep), f), e/ (empty), f, full/ (x), l -> f, ld -> d, dangling -> nowhere, loop ->
 * loop, up -> d/../f, abs -> /f, top -> // */
static void make_scene(struct tree *tree)
{
    tree_init(tree);
    tree_mkdir(tree, "d");
    tree_mkdir(tree, "d/sub");
    tree_file(tree, "d/sub/deep");
    tree_file(tree, "d/f");
    tree_mkdir(tree, "e");
    tree_file(tree, "f");
    tree_mkdir(tree, "full");
    tree_file(tree, "full/x");
    tree_symlink(tree, "l", "f");
    tree_symlink(tree, "ld", "d");
    tree_symlink(tree, "dangling", "nowhere");
    tree_symlink(tree, "loop", "loop");
    tree_symlink(tree, "up", "d/../f");
    tree_symlink(tree, "abs", "/f");
    tree_symlink(tree, "top", "//");
}

enum action {
    LOOK,
    LOOK_FOLLOW,
    MKDIR,
    UNLINK,
    RMDIR,
    SYMLINK,
    OPEN,
    CREATE,
    EXCLUSIVE,
    OPEN_DIR,
    OPEN_FOLLOW,
    CREATE_FOLLOW,
    OPEN_WRITE,
    CREATE_DIRECTORY
};

static enum rp_vfs_error act(struct tree *tree, enum action action, struct rp_vfs_start start,
                             const char *text)
{
    static const unsigned flags[] = {
        [OPEN] = 0,
        [CREATE] = RP_VFS_OPEN_CREATE,
        [EXCLUSIVE] = RP_VFS_OPEN_CREATE | RP_VFS_OPEN_EXCLUSIVE,
        [OPEN_DIR] = RP_VFS_OPEN_DIRECTORY,
        [OPEN_FOLLOW] = RP_VFS_OPEN_FOLLOW,
        [CREATE_FOLLOW] = RP_VFS_OPEN_FOLLOW | RP_VFS_OPEN_CREATE,
        [OPEN_WRITE] = RP_VFS_OPEN_FOLLOW | RP_VFS_OPEN_WRITE,
        [CREATE_DIRECTORY] = RP_VFS_OPEN_CREATE | RP_VFS_OPEN_DIRECTORY,
    };
    struct rp_vfs_path path = path_of(text);
    uint64_t inode = RP_VFS_NONE;
    switch (action) {
    case LOOK:
    case LOOK_FOLLOW:
        return rp_vfs_resolve(tree->vfs, start, path, action == LOOK_FOLLOW, &inode);
    case MKDIR:
        return rp_vfs_make_directory(tree->vfs, start, path);
    case UNLINK:
        return rp_vfs_unlink(tree->vfs, start, path);
    case RMDIR:
        return rp_vfs_remove_directory(tree->vfs, start, path);
    case SYMLINK:
        return rp_vfs_make_symlink(tree->vfs, start, path, path_of("t"));
    case OPEN:
    case CREATE:
    case EXCLUSIVE:
    case OPEN_DIR:
    case OPEN_FOLLOW:
    case CREATE_FOLLOW:
    case OPEN_WRITE:
    case CREATE_DIRECTORY:
        break;
    }
    enum rp_vfs_error error = rp_vfs_open(tree->vfs, start, path, flags[action], &inode);
    if (error == RP_VFS_OK) {
        must(rp_vfs_drop(tree->vfs, inode));
    }
    return error;
}

struct action_case {
    enum action action;
    const char *path;
    enum rp_vfs_error expected;
};

static const struct action_case action_cases[] = {
    {LOOK, "f", RP_VFS_OK},
    {LOOK, ".", RP_VFS_OK},
    {LOOK, "./d/.//sub/../f", RP_VFS_OK},
    {LOOK, "", RP_VFS_NOENT},
    {LOOK, "/f", RP_VFS_PERM},
    {LOOK, "..", RP_VFS_PERM},
    {LOOK, "d/../../f", RP_VFS_PERM},
    {LOOK, "f/", RP_VFS_NOTDIR},
    {LOOK, "f/.", RP_VFS_NOTDIR},
    {LOOK, "f/x", RP_VFS_NOTDIR},
    {LOOK, "d/", RP_VFS_OK},
    {LOOK, "d///", RP_VFS_OK},
    {LOOK, "nowhere", RP_VFS_NOENT},
    {LOOK, "nowhere/..", RP_VFS_NOENT},
    {LOOK, "l", RP_VFS_OK},
    {LOOK, "l/", RP_VFS_NOTDIR},
    {LOOK, "dangling", RP_VFS_OK},
    {LOOK_FOLLOW, "dangling", RP_VFS_NOENT},
    {LOOK, "dangling/", RP_VFS_NOENT},
    {LOOK, "loop", RP_VFS_OK},
    {LOOK_FOLLOW, "loop", RP_VFS_LOOP},
    {LOOK, "loop/x", RP_VFS_LOOP},
    {LOOK_FOLLOW, "ld/sub/deep", RP_VFS_OK},
    {LOOK_FOLLOW, "up", RP_VFS_OK},
    {LOOK_FOLLOW, "abs", RP_VFS_OK},
    {MKDIR, "new", RP_VFS_OK},
    {MKDIR, "new/", RP_VFS_OK},
    {MKDIR, "d", RP_VFS_EXIST},
    {MKDIR, "f", RP_VFS_EXIST},
    {MKDIR, ".", RP_VFS_EXIST},
    {MKDIR, "d/..", RP_VFS_EXIST},
    {MKDIR, "dangling", RP_VFS_EXIST},
    {MKDIR, "dangling/", RP_VFS_EXIST},
    {MKDIR, "no/new", RP_VFS_NOENT},
    {MKDIR, "f/new", RP_VFS_NOTDIR},
    {UNLINK, "f", RP_VFS_OK},
    {UNLINK, "l", RP_VFS_OK},
    {UNLINK, "loop", RP_VFS_OK},
    {UNLINK, "f/", RP_VFS_NOTDIR},
    {UNLINK, "l/", RP_VFS_NOTDIR},
    {UNLINK, "ld/", RP_VFS_NOTDIR},
    {UNLINK, "d", RP_VFS_ISDIR},
    {UNLINK, "d/", RP_VFS_ISDIR},
    {UNLINK, ".", RP_VFS_ISDIR},
    {UNLINK, "d/..", RP_VFS_ISDIR},
    {UNLINK, "no", RP_VFS_NOENT},
    {UNLINK, "no/", RP_VFS_NOENT},
    {RMDIR, "e", RP_VFS_OK},
    {RMDIR, "e/", RP_VFS_OK},
    {RMDIR, "d/sub", RP_VFS_NOTEMPTY},
    {RMDIR, "d", RP_VFS_NOTEMPTY},
    {RMDIR, "f", RP_VFS_NOTDIR},
    {RMDIR, "f/", RP_VFS_NOTDIR},
    {RMDIR, "ld", RP_VFS_NOTDIR},
    {RMDIR, "ld/", RP_VFS_NOTDIR},
    {RMDIR, ".", RP_VFS_INVAL},
    {RMDIR, "e/.", RP_VFS_INVAL},
    {RMDIR, "e/..", RP_VFS_NOTEMPTY},
    {RMDIR, "no", RP_VFS_NOENT},
    {SYMLINK, "new", RP_VFS_OK},
    {SYMLINK, "new/", RP_VFS_NOENT},
    {SYMLINK, "f", RP_VFS_EXIST},
    {SYMLINK, "d/", RP_VFS_EXIST},
    {SYMLINK, "dangling", RP_VFS_EXIST},
    {OPEN, "f", RP_VFS_OK},
    {OPEN, "d", RP_VFS_OK},
    {OPEN, "f/", RP_VFS_NOTDIR},
    {OPEN, "no", RP_VFS_NOENT},
    {OPEN, "l", RP_VFS_LOOP},
    {OPEN, "ld/", RP_VFS_OK},
    {OPEN, "dangling", RP_VFS_LOOP},
    {OPEN_DIR, "l", RP_VFS_NOTDIR},
    {OPEN_DIR, "ld", RP_VFS_NOTDIR},
    {OPEN_DIR, "f", RP_VFS_NOTDIR},
    {OPEN_DIR, "d", RP_VFS_OK},
    {OPEN_FOLLOW, "l", RP_VFS_OK},
    {OPEN_FOLLOW, "ld", RP_VFS_OK},
    {OPEN_FOLLOW, "loop", RP_VFS_LOOP},
    {OPEN_FOLLOW, "dangling", RP_VFS_NOENT},
    {CREATE, "new", RP_VFS_OK},
    {CREATE, "new/", RP_VFS_ISDIR},
    {CREATE, "f", RP_VFS_OK},
    {CREATE, "d", RP_VFS_ISDIR},
    {CREATE, ".", RP_VFS_ISDIR},
    {CREATE, "dangling", RP_VFS_LOOP},
    {CREATE_FOLLOW, "dangling", RP_VFS_OK},
    {EXCLUSIVE, "new", RP_VFS_OK},
    {EXCLUSIVE, "f", RP_VFS_EXIST},
    {EXCLUSIVE, "d", RP_VFS_EXIST},
    {EXCLUSIVE, "dangling", RP_VFS_EXIST},
    {EXCLUSIVE, "loop", RP_VFS_EXIST},
    {CREATE_DIRECTORY, "new", RP_VFS_INVAL},
    {CREATE_DIRECTORY, "d", RP_VFS_INVAL},
    {LOOK_FOLLOW, "top", RP_VFS_OK},
    {LOOK_FOLLOW, "top/d", RP_VFS_OK},
    {RMDIR, "top", RP_VFS_NOTDIR},
    {OPEN_WRITE, "f", RP_VFS_OK},
    {OPEN_WRITE, "d", RP_VFS_ISDIR},
    {OPEN_WRITE, "ld", RP_VFS_ISDIR},
};

static void expect_error(enum rp_vfs_error actual, enum rp_vfs_error expected, unsigned action,
                         const char *path)
{
    if (actual != expected) {
        fail_msg("action %u on '%s': %s, expected %s", action, path, rp_vfs_error_name(actual),
                 rp_vfs_error_name(expected));
    }
}

static void paths_answer_as_posix_has_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(action_cases); i++) {
        const struct action_case *row = &action_cases[i];
        struct tree tree;
        make_scene(&tree);
        uint64_t before = vfs_digest(tree.vfs);
        enum rp_vfs_error error = act(&tree, row->action, at_root, row->path);
        expect_error(error, row->expected, row->action, row->path);
        if (error != RP_VFS_OK) {
            assert_int_equal(vfs_digest(tree.vfs), before);
        }
        tree_deinit(&tree);
    }
}

static void read_only_starts_change_nothing(void **state)
{
    (void)state;
    struct rp_vfs_start start = {.directory = RP_VFS_ROOT, .read_only = true};
    for (size_t i = 0; i < RP_ARRAY_COUNT(action_cases); i++) {
        const struct action_case *row = &action_cases[i];
        struct tree tree;
        make_scene(&tree);
        uint64_t before = vfs_digest(tree.vfs);
        bool exists = tree_find(&tree, row->path) != RP_VFS_NONE;
        bool looks = row->action == LOOK || row->action == LOOK_FOLLOW || row->action == OPEN ||
                     row->action == OPEN_DIR || row->action == OPEN_FOLLOW ||
                     (row->action == CREATE && exists);
        enum rp_vfs_error expected =
            row->expected == RP_VFS_OK && !looks ? RP_VFS_ROFS : row->expected;
        expect_error(act(&tree, row->action, start, row->path), expected, row->action, row->path);
        assert_int_equal(vfs_digest(tree.vfs), before);
        tree_deinit(&tree);
    }
}

static void what_a_read_only_start_forbids_to_two_paths(void **state)
{
    (void)state;
    static const struct rp_vfs_start read_only = {.directory = RP_VFS_ROOT, .read_only = true};
    struct tree tree;
    make_scene(&tree);
    struct rp_vfs_path from = path_of("f");
    struct rp_vfs_path to = path_of("new");
    uint64_t before = vfs_digest(tree.vfs);
    assert_int_equal(rp_vfs_rename(tree.vfs, read_only, from, read_only, to), RP_VFS_ROFS);
    assert_int_equal(rp_vfs_rename(tree.vfs, read_only, from, at_root, to), RP_VFS_XDEV);
    assert_int_equal(rp_vfs_rename(tree.vfs, at_root, from, read_only, to), RP_VFS_XDEV);
    assert_int_equal(rp_vfs_link(tree.vfs, read_only, from, false, at_root, to), RP_VFS_XDEV);
    assert_int_equal(rp_vfs_link(tree.vfs, at_root, from, false, read_only, to), RP_VFS_ROFS);
    struct rp_vfs_path zero = {"a\0b", 3};
    assert_int_equal(rp_vfs_make_symlink(tree.vfs, at_root, to, zero), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_make_directory(tree.vfs, at_root, zero), RP_VFS_INVAL);
    assert_int_equal(vfs_digest(tree.vfs), before);
    tree_deinit(&tree);
}

static const struct {
    const char *from;
    const char *to;
    enum rp_vfs_error expected;
} rename_cases[] = {
    {"f", "new", RP_VFS_OK},         {"f", "new/", RP_VFS_NOTDIR},
    {"f/", "new", RP_VFS_NOTDIR},    {"f", "d/f", RP_VFS_OK},
    {"f", "f", RP_VFS_OK},           {"f", "l", RP_VFS_OK},
    {"f", "d", RP_VFS_ISDIR},        {"f", "e", RP_VFS_ISDIR},
    {"f", "no/new", RP_VFS_NOENT},   {"no", "new", RP_VFS_NOENT},
    {"d", "new", RP_VFS_OK},         {"d", "new/", RP_VFS_OK},
    {"d/", "new", RP_VFS_OK},        {"d/", "new/", RP_VFS_OK},
    {"d", "e", RP_VFS_OK},           {"d", "e/", RP_VFS_OK},
    {"d", "full", RP_VFS_NOTEMPTY},  {"d", "f", RP_VFS_NOTDIR},
    {"d", "l", RP_VFS_NOTDIR},       {"d", "d", RP_VFS_OK},
    {"d", "d/new", RP_VFS_INVAL},    {"d", "d/sub/new", RP_VFS_INVAL},
    {"d/sub", "d", RP_VFS_NOTEMPTY}, {"d/sub/deep", "d", RP_VFS_NOTEMPTY},
    {"d/sub", "sub", RP_VFS_OK},     {"l", "new", RP_VFS_OK},
    {"l", "f", RP_VFS_OK},           {"ld/", "new", RP_VFS_NOTDIR},
    {"ld", "new", RP_VFS_OK},        {"dangling", "new", RP_VFS_OK},
    {"f", "dangling", RP_VFS_OK},    {".", "new", RP_VFS_BUSY},
    {"d/..", "new", RP_VFS_BUSY},    {"d", ".", RP_VFS_BUSY},
    {"d", "d/.", RP_VFS_BUSY},
};

static void rename_covers_every_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(rename_cases); i++) {
        const char *from = rename_cases[i].from;
        const char *to = rename_cases[i].to;
        enum rp_vfs_error expected = rename_cases[i].expected;
        struct tree tree;
        make_scene(&tree);
        uint64_t before = vfs_digest(tree.vfs);
        uint64_t moved = tree_find(&tree, from);
        enum rp_vfs_error error =
            rp_vfs_rename(tree.vfs, at_root, path_of(from), at_root, path_of(to));
        if (error != expected) {
            fail_msg("rename '%s' to '%s': %s, expected %s", from, to, rp_vfs_error_name(error),
                     rp_vfs_error_name(expected));
        }
        if (error != RP_VFS_OK) {
            assert_int_equal(vfs_digest(tree.vfs), before);
        } else {
            assert_int_equal(tree_find(&tree, to), moved);
            assert_true(strcmp(from, to) == 0 || tree_find(&tree, from) == RP_VFS_NONE);
        }
        tree_deinit(&tree);
    }
}

static void rename_between_links_of_one_file_does_nothing(void **state)
{
    (void)state;
    struct tree tree;
    make_scene(&tree);
    must(rp_vfs_link(tree.vfs, at_root, path_of("f"), false, at_root, path_of("g")));
    uint64_t before = vfs_digest(tree.vfs);
    must(rp_vfs_rename(tree.vfs, at_root, path_of("f"), at_root, path_of("g")));
    assert_int_equal(vfs_digest(tree.vfs), before);
    tree_deinit(&tree);
}

static void rename_moves_a_directory_with_its_parent_and_link_counts(void **state)
{
    (void)state;
    struct tree tree;
    make_scene(&tree);
    uint64_t sub = tree_find(&tree, "d/sub");
    assert_int_equal(tree_stat(&tree, tree_find(&tree, "d")).link_count, 3);
    must(rp_vfs_rename(tree.vfs, at_root, path_of("d/sub"), at_root, path_of("e")));
    assert_int_equal(tree_find(&tree, "e"), sub);
    assert_int_equal(tree_find(&tree, "e/.."), RP_VFS_ROOT);
    assert_int_equal(tree_stat(&tree, tree_find(&tree, "d")).link_count, 2);
    assert_int_equal(tree_stat(&tree, RP_VFS_ROOT).link_count, 5);
    tree_deinit(&tree);
}

static const struct {
    const char *from;
    const char *to;
    bool follow;
    enum rp_vfs_error expected;
} link_cases[] = {
    {"f", "new", false, RP_VFS_OK},        {"f", "new/", false, RP_VFS_NOENT},
    {"f", "l", false, RP_VFS_EXIST},       {"f", "f", false, RP_VFS_EXIST},
    {"f", "d", false, RP_VFS_EXIST},       {"d", "new", false, RP_VFS_PERM},
    {"no", "new", false, RP_VFS_NOENT},    {"f/", "new", false, RP_VFS_NOTDIR},
    {"l", "new", false, RP_VFS_OK},        {"l", "new", true, RP_VFS_OK},
    {"dangling", "new", false, RP_VFS_OK}, {"dangling", "new", true, RP_VFS_NOENT},
    {"loop", "new", true, RP_VFS_LOOP},    {"f", "dangling", false, RP_VFS_EXIST},
    {"f", "no/new", false, RP_VFS_NOENT},
};

static void link_answers_as_posix_has_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(link_cases); i++) {
        struct tree tree;
        make_scene(&tree);
        uint64_t before = vfs_digest(tree.vfs);
        enum rp_vfs_error error =
            rp_vfs_link(tree.vfs, at_root, path_of(link_cases[i].from), link_cases[i].follow,
                        at_root, path_of(link_cases[i].to));
        expect_error(error, link_cases[i].expected, (unsigned)i, link_cases[i].from);
        if (error != RP_VFS_OK) {
            assert_int_equal(vfs_digest(tree.vfs), before);
        }
        tree_deinit(&tree);
    }
}

static void unlinked_files_live_while_they_are_held(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    uint64_t file = tree_write(&tree, "f", "hello", 5);
    must(rp_vfs_hold(tree.vfs, file));
    uint64_t used = rp_vfs_bytes_used(tree.vfs);
    must(rp_vfs_unlink(tree.vfs, at_root, path_of("f")));
    assert_int_equal(tree_find(&tree, "f"), RP_VFS_NONE);
    assert_int_equal(tree_stat(&tree, file).link_count, 0);
    char data[8];
    size_t count = 0;
    must(rp_vfs_read(tree.vfs, file, 0, data, sizeof data, &count));
    assert_int_equal(count, 5);
    assert_null(rp_vfs_check(tree.vfs));
    tree_file(&tree, "g");
    assert_int_not_equal(tree_find(&tree, "g"), file);
    must(rp_vfs_drop(tree.vfs, file));
    struct rp_vfs_stat stat;
    assert_int_equal(rp_vfs_stat(tree.vfs, file, &stat), RP_VFS_NOENT);
    assert_int_equal(rp_vfs_bytes_used(tree.vfs), used);
    tree_file(&tree, "h");
    assert_int_equal(tree_find(&tree, "h"), file);
    tree_deinit(&tree);
}

static void removed_directories_hold_nothing_and_take_nothing(void **state)
{
    (void)state;
    struct tree tree;
    make_scene(&tree);
    uint64_t removed = tree_find(&tree, "e");
    must(rp_vfs_hold(tree.vfs, removed));
    must(rp_vfs_remove_directory(tree.vfs, at_root, path_of("e")));
    struct rp_vfs_start start = {.directory = removed};
    assert_int_equal(act(&tree, CREATE, start, "x"), RP_VFS_NOENT);
    assert_int_equal(act(&tree, MKDIR, start, "x"), RP_VFS_NOENT);
    assert_int_equal(act(&tree, LOOK, start, "x"), RP_VFS_NOENT);
    assert_int_equal(act(&tree, LOOK, start, "."), RP_VFS_OK);
    assert_int_equal(rp_vfs_rename(tree.vfs, at_root, path_of("f"), start, path_of("x")),
                     RP_VFS_NOENT);
    bool found = true;
    struct rp_vfs_entry entry;
    must(rp_vfs_list(tree.vfs, removed, RP_VFS_COOKIE_START, &found, &entry));
    assert_false(found);
    must(rp_vfs_drop(tree.vfs, removed));
    tree_deinit(&tree);
}

static void walks_do_not_leave_the_directory_they_start_from(void **state)
{
    (void)state;
    static const char *const escapes[] = {"..",  "../f",  "sub/../..", "sub/../../f",
                                          "out", "out/x", "absolute",  "deep"};
    struct tree tree;
    make_scene(&tree);
    tree_symlink(&tree, "d/out", "../full");
    tree_symlink(&tree, "d/absolute", "/f");
    tree_symlink(&tree, "d/deep", "sub/../../f");
    struct rp_vfs_start start = {.directory = tree_find(&tree, "d")};
    for (size_t i = 0; i < RP_ARRAY_COUNT(escapes); i++) {
        expect_error(act(&tree, LOOK_FOLLOW, start, escapes[i]), RP_VFS_PERM, LOOK_FOLLOW,
                     escapes[i]);
        enum rp_vfs_error opened = act(&tree, CREATE_FOLLOW, start, escapes[i]);
        expect_error(opened, RP_VFS_PERM, CREATE_FOLLOW, escapes[i]);
    }
    must(act(&tree, LOOK_FOLLOW, at_root, "d/out/x"));
    must(act(&tree, LOOK_FOLLOW, at_root, "d/absolute"));
    tree_deinit(&tree);
}

static void symlink_chains_end_at_the_limit(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    tree_file(&tree, "s0");
    char name[8];
    char target[8];
    for (unsigned i = 1; i <= RP_VFS_SYMLINK_DEPTH_MAX + 1; i++) {
        (void)snprintf(name, sizeof name, "s%u", i);
        (void)snprintf(target, sizeof target, "s%u", i - 1);
        tree_symlink(&tree, name, target);
    }
    uint64_t inode = RP_VFS_NONE;
    must(rp_vfs_resolve(tree.vfs, at_root, path_of("s40"), true, &inode));
    assert_int_equal(inode, tree_find(&tree, "s0"));
    assert_int_equal(rp_vfs_resolve(tree.vfs, at_root, path_of("s41"), true, &inode), RP_VFS_LOOP);
    tree_deinit(&tree);
}

static void names_and_paths_are_taken_up_to_their_limits(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    char name[RP_VFS_NAME_BYTES_MAX + 2];
    memset(name, 'n', sizeof name);
    struct rp_vfs_path longest = {name, RP_VFS_NAME_BYTES_MAX};
    struct rp_vfs_path longer = {name, RP_VFS_NAME_BYTES_MAX + 1};
    must(rp_vfs_make_directory(tree.vfs, at_root, longest));
    assert_int_equal(rp_vfs_make_directory(tree.vfs, at_root, longer), RP_VFS_NAMETOOLONG);
    static char path[RP_VFS_PATH_BYTES_MAX + 1];
    memset(path, '/', sizeof path);
    path[0] = '.';
    uint64_t inode = RP_VFS_NONE;
    must(rp_vfs_resolve(tree.vfs, at_root, (struct rp_vfs_path){path, RP_VFS_PATH_BYTES_MAX}, false,
                        &inode));
    assert_int_equal(rp_vfs_resolve(tree.vfs, at_root,
                                    (struct rp_vfs_path){path, RP_VFS_PATH_BYTES_MAX + 1}, false,
                                    &inode),
                     RP_VFS_NAMETOOLONG);
    assert_int_equal(rp_vfs_make_symlink(tree.vfs, at_root, path_of("s"),
                                         (struct rp_vfs_path){path, RP_VFS_PATH_BYTES_MAX + 1}),
                     RP_VFS_NAMETOOLONG);
    assert_int_equal(rp_vfs_make_symlink(tree.vfs, at_root, path_of("s"), path_of("")),
                     RP_VFS_NOENT);
    assert_int_equal(rp_vfs_make_directory(tree.vfs, at_root, (struct rp_vfs_path){"a\0b", 3}),
                     RP_VFS_INVAL);
    tree_deinit(&tree);
}

static void inode_quota_strikes_exactly_at_its_limit(void **state)
{
    (void)state;
    struct tree tree;
    tree_init_limited(&tree, 1u << 20, 3);
    tree_mkdir(&tree, "a");
    tree_file(&tree, "b");
    assert_int_equal(act(&tree, MKDIR, at_root, "c"), RP_VFS_DQUOT);
    assert_int_equal(act(&tree, CREATE, at_root, "c"), RP_VFS_DQUOT);
    assert_int_equal(act(&tree, SYMLINK, at_root, "c"), RP_VFS_DQUOT);
    must(rp_vfs_link(tree.vfs, at_root, path_of("b"), false, at_root, path_of("c")));
    must(act(&tree, RMDIR, at_root, "a"));
    must(act(&tree, SYMLINK, at_root, "d"));
    tree_deinit(&tree);
}

static void byte_quota_counts_names_targets_and_pages_exactly(void **state)
{
    (void)state;
    uint64_t name = RP_VFS_ENTRY_BYTES + 1;
    struct tree tree;
    tree_init_limited(&tree, 2 * name + 1 + RP_VFS_PAGE_BYTES, 100);
    must(act(&tree, SYMLINK, at_root, "s")); /* with its target, one byte */
    tree_file(&tree, "f");
    assert_int_equal(rp_vfs_bytes_used(tree.vfs), 2 * name + 1 + RP_VFS_PAGE_BYTES);
    assert_int_equal(act(&tree, CREATE, at_root, "g"), RP_VFS_NOSPC);
    assert_int_equal(act(&tree, MKDIR, at_root, "g"), RP_VFS_NOSPC);
    must(rp_vfs_unlink(tree.vfs, at_root, path_of("s")));
    assert_int_equal(act(&tree, CREATE, at_root, "ggg"), RP_VFS_NOSPC);
    assert_int_equal(act(&tree, CREATE, at_root, "gg"), RP_VFS_OK);
    assert_int_equal(act(&tree, CREATE, at_root, "h"), RP_VFS_NOSPC);
    tree_deinit(&tree);
}

static void times_follow_the_clock_that_is_set(void **state)
{
    (void)state;
    struct tree tree;
    make_scene(&tree);
    uint64_t file = tree_find(&tree, "f");
    rp_vfs_set_time(tree.vfs, 5000);
    must(rp_vfs_link(tree.vfs, at_root, path_of("f"), false, at_root, path_of("d/new")));
    assert_int_equal(tree_stat(&tree, file).modified_ns, TREE_TIME_NS);
    assert_int_equal(tree_stat(&tree, file).changed_ns, 5000);
    assert_int_equal(tree_stat(&tree, tree_find(&tree, "d")).modified_ns, 5000);
    assert_int_equal(tree_stat(&tree, RP_VFS_ROOT).modified_ns, TREE_TIME_NS);
    uint64_t accessed = 123456789;
    rp_vfs_set_time(tree.vfs, 6000);
    must(rp_vfs_set_times(tree.vfs, file, &(struct rp_vfs_times){.accessed_ns = &accessed}));
    assert_int_equal(tree_stat(&tree, file).accessed_ns, 123456789);
    assert_int_equal(tree_stat(&tree, file).modified_ns, TREE_TIME_NS);
    assert_int_equal(tree_stat(&tree, file).changed_ns, 6000);
    tree_deinit(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_answer_as_posix_has_it),
        cmocka_unit_test(read_only_starts_change_nothing),
        cmocka_unit_test(what_a_read_only_start_forbids_to_two_paths),
        cmocka_unit_test(rename_covers_every_case),
        cmocka_unit_test(rename_between_links_of_one_file_does_nothing),
        cmocka_unit_test(rename_moves_a_directory_with_its_parent_and_link_counts),
        cmocka_unit_test(link_answers_as_posix_has_it),
        cmocka_unit_test(unlinked_files_live_while_they_are_held),
        cmocka_unit_test(removed_directories_hold_nothing_and_take_nothing),
        cmocka_unit_test(walks_do_not_leave_the_directory_they_start_from),
        cmocka_unit_test(symlink_chains_end_at_the_limit),
        cmocka_unit_test(names_and_paths_are_taken_up_to_their_limits),
        cmocka_unit_test(inode_quota_strikes_exactly_at_its_limit),
        cmocka_unit_test(byte_quota_counts_names_targets_and_pages_exactly),
        cmocka_unit_test(times_follow_the_clock_that_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
