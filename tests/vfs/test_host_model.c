/* The tree against a real folder of the host: random operations on both, equal answers, errors,
 * contents, kinds, sizes, link counts, names, identities; every invariant after each operation.
 *
 * usage: test_host_model [OPERATIONS [SEED]]; 10,000 operations, with REPRISE_TEST_LONG=1 a
 * million. The line that is printed first reproduces a failure. Runs alike for root and others and
 * on every common file system.
 *
 * Where the tree deliberately differs from Linux, and what is compared instead:
 *
 *   case                               Linux                   the tree        here
 *   `..` in the start of a path        goes up                 PERM            host_escapes says so
 *   a path that begins with /          the root                PERM            likewise
 *   a symlink to /…, start not `/`     the root                PERM            likewise
 *   a symlink to /…, start `/`         the root                the tree's `/`  test_change.c
 *   CREATE with DIRECTORY              EINVAL since 6.4        INVAL           test_change.c
 *   EXCLUSIVE without CREATE           unspecified             ignored         not asked
 *   reading                            may set atime           never does      not compared
 *   order of a listing                 unspecified             byte-wise       order is checked
 *   an entry made or removed while     may be seen or not,     likewise, but   seen, if there the
 *     a listing is under way             may be seen twice       never twice     whole time
 *   links of a directory               2 + subdirectories,     2 + subdirs     if the host does
 *                                        on some hosts 1
 *   size of a directory                the host's matter       0               not compared
 *   largest file, links to a file      the host's matter       fixed           test_quota.c */
#define _GNU_SOURCE /* the host's types */

#include "tests/vfs/host_compare.h"

#include <stdlib.h>
#include <unistd.h>

#define CLONE_EVERY 200u
#define COMPARE_EVERY 500u
#define INODES_AT_MOST 60u /* about */

static char long_name[LONG_NAME_BYTES + 1];
static char too_long_name[LONG_NAME_BYTES + 2];

static unsigned long operations;
static unsigned long seed = 20261121;

static unsigned pick(struct model *model, unsigned count)
{
    model->random = model->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(model->random >> 33) % count;
}

static void compare(struct model *model, enum rp_vfs_error ours, enum rp_vfs_error theirs)
{
    if (ours != theirs) {
        DIFFER(model, "the tree answers %s, the host %s\n", rp_vfs_error_name(ours),
               rp_vfs_error_name(theirs));
    }
    model->compared++;
    model->failed += ours != RP_VFS_OK;
}

/* The host is not asked: the path escapes. */
static void expect_escape(struct model *model, enum rp_vfs_error ours)
{
    if (ours != RP_VFS_PERM) {
        DIFFER(model, "the path escapes, the tree answers %s\n", rp_vfs_error_name(ours));
    }
    model->escaped++;
}

/* ---- arguments ---- */

/* One step of a path: mostly of the names that are mostly directories, or mostly files. */
static const char *pick_step(struct model *model, bool directory)
{
    unsigned which = pick(model, 60);
    if (which < 4) {
        return "..";
    }
    if (which < 8) {
        return ".";
    }
    return which == 8   ? too_long_name
           : which == 9 ? long_name
           : which < 18 ? model_names[pick(model, NAMES - 1)]
           : directory  ? model_names[pick(model, 2)]
                        : model_names[2 + pick(model, 4)];
}

/* A path of one to four steps over a few names; sometimes one that is special. */
static void pick_path(struct model *model, bool directory, char path[PATH_ROOM])
{
    static const unsigned char counts[] = {1, 1, 1, 1, 2, 2, 2, 3, 3, 4};
    unsigned special = pick(model, 200);
    unsigned count = counts[pick(model, RP_ARRAY_COUNT(counts))];
    path[0] = '\0';
    if (special == 0) {
        return;
    }
    if (special == 1) {
        (void)strcat(path, "/");
    }
    for (unsigned i = 0; i < count; i++) {
        (void)strcat(path, pick_step(model, directory || i + 1 < count));
        if (i + 1 < count || pick(model, directory ? 8 : 30) == 0) {
            (void)strcat(path, pick(model, 10) == 0 ? "//" : "/");
        }
    }
    if (special == 2) { /* 4095 or 4096 bytes */
        size_t size = strlen(path);
        size_t wanted = RP_VFS_PATH_BYTES_MAX + pick(model, 2);
        memmove(path + wanted - size, path, size + 1);
        memset(path, '/', wanted - size);
        path[0] = '.';
    }
}

static struct handle *pick_handle(struct model *model, bool directory)
{
    unsigned from = pick(model, HANDLES);
    for (unsigned i = 0; i < HANDLES; i++) {
        struct handle *handle = &model->handles[(from + i) % HANDLES];
        if (handle->inode != RP_VFS_NONE && handle->directory == directory) {
            return handle;
        }
    }
    return NULL;
}

/* Where a path starts: mostly the top, else a directory that is open (it may be removed). */
static struct rp_vfs_start pick_start(struct model *model, int *out_file)
{
    const struct handle *handle = pick(model, 4) == 0 ? pick_handle(model, true) : NULL;
    *out_file = handle != NULL ? handle->file : model->host.folder;
    return (struct rp_vfs_start){.directory = handle != NULL ? handle->inode : model->top};
}

/* ---- operations on paths ---- */

/* Of a free handle: nothing. */
static void close_handle(struct model *model, struct handle *handle)
{
    if (handle->inode == RP_VFS_NONE) {
        return;
    }
    (void)snprintf(model->log, sizeof model->log, "close %lu", (unsigned long)handle->inode);
    if (handle->listing) {
        must(rp_vfs_reader_end(model->tree.vfs, handle->inode));
    }
    must(rp_vfs_drop(model->tree.vfs, handle->inode));
    assert_int_equal(close(handle->file), 0);
    *handle = (struct handle){0};
}

static void do_open(struct model *model, const char *path)
{
    static const unsigned modes[] = {0,
                                     RP_VFS_OPEN_CREATE,
                                     RP_VFS_OPEN_TRUNCATE,
                                     RP_VFS_OPEN_DIRECTORY,
                                     RP_VFS_OPEN_CREATE | RP_VFS_OPEN_EXCLUSIVE,
                                     RP_VFS_OPEN_CREATE | RP_VFS_OPEN_TRUNCATE,
                                     RP_VFS_OPEN_CREATE | RP_VFS_OPEN_EXCLUSIVE |
                                         RP_VFS_OPEN_TRUNCATE,
                                     RP_VFS_OPEN_DIRECTORY | RP_VFS_OPEN_TRUNCATE};
    unsigned flags = modes[pick(model, RP_ARRAY_COUNT(modes))];
    flags |= pick(model, 2) != 0 ? RP_VFS_OPEN_WRITE : 0;
    flags |= pick(model, 2) != 0 ? RP_VFS_OPEN_FOLLOW : 0;
    bool creates = (flags & RP_VFS_OPEN_CREATE) != 0;
    bool follows = (flags & RP_VFS_OPEN_FOLLOW) != 0 && (flags & RP_VFS_OPEN_EXCLUSIVE) == 0;
    enum host_follow follow = creates   ? (follows ? HOST_FOLLOW_PLAIN : HOST_FOLLOW_NEVER)
                              : follows ? HOST_FOLLOW_LAST
                                        : HOST_FOLLOW_SLASH;
    int directory = -1;
    struct rp_vfs_start start = pick_start(model, &directory);
    (void)snprintf(model->log, sizeof model->log, "open '%.300s' in %lu, flags %u", path,
                   (unsigned long)start.directory, flags);
    bool escapes = host_escapes(directory, path, follow);
    uint64_t inode = RP_VFS_NONE;
    enum rp_vfs_error error = rp_vfs_open(model->tree.vfs, start, path_of(path), flags, &inode);
    if (escapes) {
        expect_escape(model, error);
        return;
    }
    int file = -1;
    compare(model, error, host_open(directory, path, flags, &file));
    if (error != RP_VFS_OK) {
        return;
    }
    struct handle *handle = &model->handles[pick(model, HANDLES)];
    close_handle(model, handle);
    *handle = (struct handle){.inode = inode,
                              .file = file,
                              .directory = rp_vfs_is_directory(model->tree.vfs, inode),
                              .writable = (flags & RP_VFS_OPEN_WRITE) != 0};
    struct stat host;
    assert_int_equal(fstat(file, &host), 0);
    compare_stat(model, inode, &host);
}

static void do_look(struct model *model, const char *path)
{
    bool follow = pick(model, 2) != 0;
    int directory = -1;
    struct rp_vfs_start start = pick_start(model, &directory);
    (void)snprintf(model->log, sizeof model->log, "stat '%.300s' in %lu, follow %d", path,
                   (unsigned long)start.directory, follow);
    uint64_t inode = RP_VFS_NONE;
    struct stat host;
    enum rp_vfs_error error = rp_vfs_resolve(model->tree.vfs, start, path_of(path), follow, &inode);
    if (host_escapes(directory, path, follow ? HOST_FOLLOW_LAST : HOST_FOLLOW_SLASH)) {
        expect_escape(model, error);
        return;
    }
    compare(model, error, host_stat(directory, path, follow, &host));
    if (error != RP_VFS_OK) {
        return;
    }
    compare_stat(model, inode, &host);
    if (S_ISLNK(host.st_mode)) {
        compare_link(model, inode, directory, path);
    } else if (S_ISDIR(host.st_mode)) {
        int file = -1;
        must(host_open(directory, path, RP_VFS_OPEN_FOLLOW, &file));
        compare_names(model, inode, file);
        assert_int_equal(close(file), 0);
    }
}

enum single { MKDIR, RMDIR, UNLINK };

static void do_single(struct model *model, enum single kind, const char *path)
{
    static const char *const words[] = {"mkdir", "rmdir", "unlink"};
    struct rp_vfs *vfs = model->tree.vfs;
    int directory = -1;
    struct rp_vfs_start start = pick_start(model, &directory);
    (void)snprintf(model->log, sizeof model->log, "%s '%.300s' in %lu", words[kind], path,
                   (unsigned long)start.directory);
    bool escapes = host_escapes(directory, path, HOST_FOLLOW_NEVER);
    enum rp_vfs_error error = kind == MKDIR   ? rp_vfs_make_directory(vfs, start, path_of(path))
                              : kind == RMDIR ? rp_vfs_remove_directory(vfs, start, path_of(path))
                                              : rp_vfs_unlink(vfs, start, path_of(path));
    if (escapes) {
        expect_escape(model, error);
        return;
    }
    compare(model, error,
            kind == MKDIR   ? host_make_directory(directory, path)
            : kind == RMDIR ? host_remove_directory(directory, path)
                            : host_unlink(directory, path));
}

static void do_symlink(struct model *model, const char *target, const char *path)
{
    int directory = -1;
    struct rp_vfs_start start = pick_start(model, &directory);
    (void)snprintf(model->log, sizeof model->log, "symlink '%.300s' in %lu to '%.300s'", path,
                   (unsigned long)start.directory, target);
    bool escapes = host_escapes(directory, path, HOST_FOLLOW_NEVER);
    bool plain = target[0] != '\0' && strlen(target) < 1000; /* hosts have other limits */
    enum rp_vfs_error error =
        rp_vfs_make_symlink(model->tree.vfs, start, path_of(path), path_of(plain ? target : ""));
    if (escapes && plain) {
        expect_escape(model, error);
        return;
    }
    compare(model, error, host_make_symlink(directory, path, plain ? target : ""));
}

enum pair { RENAME, LINK, LINK_FOLLOW };

static void do_pair(struct model *model, enum pair kind, const char *from, const char *to)
{
    static const char *const words[] = {"rename", "link", "link following"};
    struct rp_vfs *vfs = model->tree.vfs;
    int old_directory = -1;
    int new_directory = -1;
    struct rp_vfs_start old_start = pick_start(model, &old_directory);
    struct rp_vfs_start new_start = pick_start(model, &new_directory);
    (void)snprintf(model->log, sizeof model->log, "%s '%.300s' in %lu to '%.300s' in %lu",
                   words[kind], from, (unsigned long)old_start.directory, to,
                   (unsigned long)new_start.directory);
    enum host_follow follow = kind == RENAME ? HOST_FOLLOW_NEVER
                              : kind == LINK ? HOST_FOLLOW_SLASH
                                             : HOST_FOLLOW_LAST;
    bool from_escapes = host_escapes(old_directory, from, follow);
    bool to_escapes = host_escapes(new_directory, to, HOST_FOLLOW_NEVER);
    enum rp_vfs_error error =
        kind == RENAME ? rp_vfs_rename(vfs, old_start, path_of(from), new_start, path_of(to))
                       : rp_vfs_link(vfs, old_start, path_of(from), kind == LINK_FOLLOW, new_start,
                                     path_of(to));
    if (from_escapes) {
        expect_escape(model, error);
        return;
    }
    if (to_escapes) { /* if the first path is in order, this is the second one's error */
        if (error == RP_VFS_OK) {
            DIFFER(model, "the second path escapes, the tree answers OK\n");
        }
        model->escaped++;
        return;
    }
    compare(model, error,
            kind == RENAME
                ? host_rename(old_directory, from, new_directory, to)
                : host_link(old_directory, from, kind == LINK_FOLLOW, new_directory, to));
}

/* ---- operations on what is open ---- */

static uint64_t pick_offset(struct model *model)
{
    unsigned which = pick(model, 20);
    uint64_t offset = pick(model, 20000);
    return which == 0 ? (UINT64_C(1) << 32) + offset : which == 1 ? offset * 1000 : offset;
}

static void do_write(struct model *model, const struct handle *handle, bool append)
{
    static uint8_t data[9000];
    size_t size = pick(model, pick(model, 3) == 0 ? sizeof data : 100);
    uint64_t end = tree_stat(&model->tree, handle->inode).size;
    uint64_t offset = append ? end : pick_offset(model);
    size_t count = 0;
    size_t host_count = 0;
    memset(data, (int)('a' + pick(model, 26)), size);
    (void)snprintf(model->log, sizeof model->log, "%s of %zu bytes at %lu",
                   append ? "append" : "write", size, (unsigned long)offset);
    must(rp_vfs_write(model->tree.vfs, handle->inode, offset, data, size, &count));
    must(append ? host_append(handle->file, data, size, &host_count)
                : host_write(handle->file, offset, data, size, &host_count));
    assert_int_equal(count, host_count);
}

static void do_file(struct model *model)
{
    const struct handle *handle = pick_handle(model, false);
    if (handle == NULL) {
        return;
    }
    struct rp_vfs *vfs = model->tree.vfs;
    unsigned which = handle->writable ? pick(model, 8) : 7;
    uint64_t offset = pick_offset(model);
    if (which < 3) {
        do_write(model, handle, false);
    } else if (which == 3) {
        do_write(model, handle, true);
    } else if (which < 6) {
        (void)snprintf(model->log, sizeof model->log, "truncate to %lu", (unsigned long)offset);
        must(rp_vfs_truncate(vfs, handle->inode, offset));
        must(host_truncate(handle->file, offset));
    } else if (which == 6) {
        uint64_t size = pick(model, 20000);
        (void)snprintf(model->log, sizeof model->log, "allocate %lu at %lu", (unsigned long)size,
                       (unsigned long)offset);
        compare(model, rp_vfs_allocate(vfs, handle->inode, offset, size),
                host_allocate(handle->file, offset, size));
    } else {
        (void)snprintf(model->log, sizeof model->log, "read at %lu", (unsigned long)offset);
        compare_range(model, handle->inode, handle->file, offset, pick(model, CONTENTS_BYTES));
    }
    struct stat host;
    assert_int_equal(fstat(handle->file, &host), 0);
    compare_stat(model, handle->inode, &host);
    compare_contents(model, handle->inode, handle->file);
}

/* One entry further in a listing, or its end. */
static void step_listing(struct model *model, struct handle *handle)
{
    struct rp_vfs *vfs = model->tree.vfs;
    struct rp_vfs_entry entry;
    bool found = false;
    must(rp_vfs_list(vfs, handle->inode, handle->cookie, &found, &entry));
    if (!found) {
        if ((handle->always & ~handle->seen) != 0) {
            DIFFER(model, "names %x were there all the time and were not listed\n",
                   handle->always & ~handle->seen);
        }
        must(rp_vfs_reader_end(vfs, handle->inode));
        handle->listing = false;
        return;
    }
    handle->cookie = entry.cookie;
    must(rp_vfs_reader_gave(vfs, handle->inode, entry.cookie));
    if (entry.cookie <= RP_VFS_COOKIE_FIRST) {
        return;
    }
    char name[LONG_NAME_BYTES + 1] = {0};
    memcpy(name, entry.name, entry.name_size);
    if (strcmp(handle->last, name) >= 0) {
        DIFFER(model, "'%s' is listed behind '%s'\n", name, handle->last);
    }
    if ((present_names(model, handle->inode) & name_bit(name)) == 0) {
        DIFFER(model, "'%s' is listed and is not there\n", name);
    }
    memcpy(handle->last, name, sizeof name);
    handle->seen |= name_bit(name);
}

static void do_directory(struct model *model)
{
    struct handle *handle = pick_handle(model, true);
    if (handle == NULL) {
        return;
    }
    (void)snprintf(model->log, sizeof model->log, "list %lu", (unsigned long)handle->inode);
    if (!handle->listing) {
        must(rp_vfs_reader_begin(model->tree.vfs, handle->inode));
        handle->listing = true;
        handle->cookie = RP_VFS_COOKIE_START;
        handle->seen = 0;
        handle->always = present_names(model, handle->inode);
        handle->last[0] = '\0';
    }
    for (unsigned steps = 1 + pick(model, 3); steps > 0 && handle->listing; steps--) {
        step_listing(model, handle);
    }
    struct stat host;
    assert_int_equal(fstat(handle->file, &host), 0);
    compare_stat(model, handle->inode, &host);
    compare_names(model, handle->inode, handle->file);
}

/* A clone is kept aside and must stay as it was; either of the two goes on as the tree. */
static void do_clone(struct model *model)
{
    (void)snprintf(model->log, sizeof model->log, "clone");
    if (model->clone != NULL && vfs_digest(model->clone) != model->clone_digest) {
        DIFFER(model, "a clone has changed with its original\n");
    }
    rp_vfs_destroy(model->clone);
    model->clone = rp_vfs_clone(model->tree.vfs);
    assert_non_null(model->clone);
    model->clone_digest = vfs_digest(model->clone);
    if (pick(model, 2) != 0) {
        struct rp_vfs *original = model->tree.vfs;
        model->tree.vfs = model->clone;
        model->clone = original;
    }
}

/* `rm -r` on both sides, in the order of our listing, which goes on while its entries go. */
static void remove_below(struct model *model, uint64_t directory, int file)
{
    struct rp_vfs *vfs = model->tree.vfs;
    struct rp_vfs_start start = {.directory = directory};
    struct rp_vfs_entry entry;
    bool found = false;
    must(rp_vfs_reader_begin(vfs, directory));
    must(rp_vfs_list(vfs, directory, RP_VFS_COOKIE_FIRST, &found, &entry));
    while (found) {
        char name[LONG_NAME_BYTES + 1] = {0};
        uint64_t cookie = entry.cookie;
        memcpy(name, entry.name, entry.name_size);
        must(rp_vfs_reader_gave(vfs, directory, cookie));
        if (entry.kind == RP_VFS_DIRECTORY) {
            int inside = -1;
            must(host_open(file, name, RP_VFS_OPEN_DIRECTORY, &inside));
            remove_below(model, entry.inode, inside);
            assert_int_equal(close(inside), 0);
            compare(model, rp_vfs_remove_directory(vfs, start, path_of(name)),
                    host_remove_directory(file, name));
        } else {
            compare(model, rp_vfs_unlink(vfs, start, path_of(name)), host_unlink(file, name));
        }
        must(rp_vfs_list(vfs, directory, cookie, &found, &entry));
    }
    must(rp_vfs_reader_end(vfs, directory));
}

/* Empties a directory of the top. */
static void do_remove_below(struct model *model)
{
    const char *name = model_names[pick(model, NAMES)];
    struct rp_vfs_start start = {.directory = model->top};
    uint64_t directory = RP_VFS_NONE;
    int file = -1;
    (void)snprintf(model->log, sizeof model->log, "remove what is in '%s'", name);
    if (rp_vfs_resolve(model->tree.vfs, start, path_of(name), false, &directory) == RP_VFS_OK &&
        rp_vfs_is_directory(model->tree.vfs, directory)) {
        must(host_open(model->host.folder, name, RP_VFS_OPEN_DIRECTORY, &file));
        remove_below(model, directory, file);
        compare_names(model, directory, file);
        assert_int_equal(close(file), 0);
    }
}

static void do_operation(struct model *model)
{
    static char path[PATH_ROOM];
    static char other[PATH_ROOM];
    unsigned which = pick(model, 32);
    bool pairs = which >= 15 && which < 22;
    bool directory = (which >= 8 && which < 12) || (pairs && pick(model, 3) == 0);
    pick_path(model, directory, path);
    pick_path(model, directory, other);
    if (rp_vfs_inode_count(model->tree.vfs) > INODES_AT_MOST) {
        do_remove_below(model);
    } else if (which < 8) {
        do_open(model, path);
    } else if (which < 15) {
        do_single(model, which < 10 ? MKDIR : which < 12 ? RMDIR : UNLINK, path);
    } else if (which < 22) {
        do_pair(model, which < 20 ? RENAME : which == 20 ? LINK : LINK_FOLLOW, path, other);
    } else if (which < 24) {
        do_symlink(model, path, other);
    } else if (which < 26) {
        do_look(model, path);
    } else if (which < 29) {
        do_file(model);
    } else if (which < 31) {
        do_directory(model);
    } else {
        close_handle(model, &model->handles[pick(model, HANDLES)]);
    }
}

static void check_after(struct model *model)
{
    for (unsigned i = 0; i < HANDLES; i++) {
        struct handle *handle = &model->handles[i];
        if (handle->listing) {
            handle->always &= present_names(model, handle->inode);
        }
    }
    const char *broken = rp_vfs_check(model->tree.vfs);
    if (broken != NULL) {
        DIFFER(model, "%s\n", broken);
    }
    if (model->step % COMPARE_EVERY == 0) {
        compare_trees(model);
    }
    if (model->step % CLONE_EVERY == 0) {
        do_clone(model);
    }
}

static struct model *started; /* for the teardown */

static int remove_host_folder(void **state)
{
    (void)state;
    if (started != NULL) {
        host_tree_deinit(&started->host);
    }
    return 0;
}

static void the_tree_answers_as_a_real_folder_does(void **state)
{
    (void)state;
    static struct model model;
    model.random = seed;
    model.seed = seed;
    assert_true(host_tree_init(&model.host));
    started = &model;
    tree_init_limited(&model.tree, UINT64_C(1) << 32, 100000);
    tree_mkdir(&model.tree, "top");
    model.top = tree_find(&model.tree, "top");
    for (model.step = 0; model.step < operations; model.step++) {
        do_operation(&model);
        check_after(&model);
    }
    compare_trees(&model);
    for (unsigned i = 0; i < HANDLES; i++) {
        close_handle(&model, &model.handles[i]);
    }
    print_message("%lu answers compared, %lu of them errors; %lu paths escaped; %u inodes left\n",
                  model.compared, model.failed, model.escaped, rp_vfs_inode_count(model.tree.vfs));
    rp_vfs_destroy(model.clone);
    tree_deinit(&model.tree);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_tree_answers_as_a_real_folder_does, remove_host_folder),
    };
    const char *is_long = getenv("REPRISE_TEST_LONG");
    operations = is_long != NULL && strcmp(is_long, "1") == 0 ? 1000000 : 10000;
    operations = argc > 1 ? strtoul(argv[1], NULL, 10) : operations;
    seed = argc > 2 ? strtoul(argv[2], NULL, 10) : seed;
    memset(long_name, 'l', LONG_NAME_BYTES);
    model_names[NAMES - 1] = long_name;
    memset(too_long_name, 't', LONG_NAME_BYTES + 1);
    (void)printf("%s %lu %lu\n", argv[0], operations, seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
