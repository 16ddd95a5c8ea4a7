/* The tree against a real folder of the host: random operations, equal results and errors.
 *
 * usage: test_tree_model [OPERATIONS [SEED]]; 10,000 operations by default. One line reproduces
 * a failure. Where the tree answers PERM (the path leaves its start, or a directory is to be
 * linked) the host is not asked. */
#define _GNU_SOURCE /* linkat with flags, mkdtemp */

#include "tests/vfs/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECKS 1000u /* of all invariants in a run */

struct model {
    struct tree tree;
    int folder;
    uint64_t random;
    unsigned step;
    char log[512]; /* the operation under way */
};

static unsigned long operations = 10000;
static unsigned long seed = 20261121;

static unsigned pick(struct model *model, unsigned count)
{
    model->random = model->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(model->random >> 33) % count;
}

/* A path of one to four steps over a few names. */
static void pick_path(struct model *model, char path[64])
{
    static const char *const steps[] = {"a", "b", "c", "d", "e", "a", "b", "c", ".", ".."};
    unsigned count = 1 + pick(model, 4);
    path[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        (void)strcat(path, steps[pick(model, RP_ARRAY_COUNT(steps))]);
        if (i + 1 < count || pick(model, 8) == 0) {
            (void)strcat(path, pick(model, 10) == 0 ? "//" : "/");
        }
    }
}

static enum rp_vfs_error error_of_host(int result)
{
    if (result >= 0) {
        return RP_VFS_OK;
    }
    switch (errno) {
    case ENOENT:
        return RP_VFS_NOENT;
    case EEXIST:
        return RP_VFS_EXIST;
    case ENOTDIR:
        return RP_VFS_NOTDIR;
    case EISDIR:
        return RP_VFS_ISDIR;
    case ENOTEMPTY:
        return RP_VFS_NOTEMPTY;
    case ELOOP:
        return RP_VFS_LOOP;
    case EINVAL:
        return RP_VFS_INVAL;
    case EBUSY:
        return RP_VFS_BUSY;
    case EMLINK:
        return RP_VFS_MLINK;
    case EPERM:
        return RP_VFS_PERM;
    default:
        return RP_VFS_ERROR_COUNT;
    }
}

static void compare(struct model *model, enum rp_vfs_error ours, int host)
{
    enum rp_vfs_error theirs = error_of_host(host);
    if (ours != theirs) {
        fail_msg("seed %lu, operation %u, %s: the tree answers %s, the host %s (errno %d)", seed,
                 model->step, model->log, rp_vfs_error_name(ours), rp_vfs_error_name(theirs),
                 host < 0 ? errno : 0);
    }
}

static void compare_contents(struct model *model, uint64_t inode, int file)
{
    static uint8_t ours[20000];
    static uint8_t theirs[20000];
    size_t count = 0;
    must(rp_vfs_read(model->tree.vfs, inode, 0, ours, sizeof ours, &count));
    ssize_t host = pread(file, theirs, sizeof theirs, 0);
    if (host < 0 || (size_t)host != count || memcmp(ours, theirs, count) != 0) {
        fail_msg("seed %lu, operation %u, %s: contents differ (%zu bytes, host %zd)", seed,
                 model->step, model->log, count, host);
    }
}

/* Opens on both sides and, when it is a file, changes it alike. */
static void do_open(struct model *model, const char *path)
{
    static const unsigned ours[] = {0, RP_VFS_OPEN_CREATE, RP_VFS_OPEN_TRUNCATE,
                                    RP_VFS_OPEN_DIRECTORY,
                                    RP_VFS_OPEN_CREATE | RP_VFS_OPEN_EXCLUSIVE};
    static const int theirs[] = {0, O_CREAT, O_TRUNC, O_DIRECTORY, O_CREAT | O_EXCL};
    unsigned which = pick(model, RP_ARRAY_COUNT(ours));
    bool writes = pick(model, 2) != 0 || (theirs[which] & O_TRUNC) != 0;
    bool follows = pick(model, 2) != 0;
    unsigned flags =
        ours[which] | (writes ? RP_VFS_OPEN_WRITE : 0) | (follows ? RP_VFS_OPEN_FOLLOW : 0);
    (void)snprintf(model->log, sizeof model->log, "open '%s' flags %u", path, flags);
    uint64_t inode = RP_VFS_NONE;
    enum rp_vfs_error error = rp_vfs_open(model->tree.vfs, at_root, path_of(path), flags, &inode);
    if (error == RP_VFS_PERM) {
        return;
    }
    int file =
        openat(model->folder, path,
               theirs[which] | (writes ? O_RDWR : O_RDONLY) | (follows ? 0 : O_NOFOLLOW), 0644);
    compare(model, error, file);
    if (file < 0) {
        return;
    }
    if (writes) {
        uint64_t offset = pick(model, 9000);
        char data[300];
        size_t count = 0;
        memset(data, (int)('a' + pick(model, 26)), sizeof data);
        must(rp_vfs_write(model->tree.vfs, inode, offset, data, sizeof data, &count));
        assert_int_equal(pwrite(file, data, sizeof data, (off_t)offset), count);
        if (pick(model, 3) == 0) {
            uint64_t size = pick(model, 12000);
            must(rp_vfs_truncate(model->tree.vfs, inode, size));
            assert_int_equal(ftruncate(file, (off_t)size), 0);
        }
    }
    if (!rp_vfs_is_directory(model->tree.vfs, inode)) {
        compare_contents(model, inode, file);
    }
    assert_int_equal(close(file), 0);
    must(rp_vfs_drop(model->tree.vfs, inode));
}

static void do_stat(struct model *model, const char *path)
{
    bool follow = pick(model, 2) != 0;
    (void)snprintf(model->log, sizeof model->log, "stat '%s' follow %d", path, follow);
    uint64_t inode = RP_VFS_NONE;
    enum rp_vfs_error error =
        rp_vfs_resolve(model->tree.vfs, at_root, path_of(path), follow, &inode);
    if (error == RP_VFS_PERM) {
        return;
    }
    struct stat host;
    int result = fstatat(model->folder, path, &host, follow ? 0 : AT_SYMLINK_NOFOLLOW);
    compare(model, error, result);
    if (result != 0) {
        return;
    }
    struct rp_vfs_stat ours = tree_stat(&model->tree, inode);
    bool directory = S_ISDIR(host.st_mode);
    assert_int_equal(ours.kind, directory               ? RP_VFS_DIRECTORY
                                : S_ISLNK(host.st_mode) ? RP_VFS_SYMLINK
                                                        : RP_VFS_FILE);
    if (!directory && (ours.size != (uint64_t)host.st_size || ours.link_count != host.st_nlink)) {
        fail_msg("seed %lu, operation %u, %s: size or links differ", seed, model->step, model->log);
    }
}

static void do_pair(struct model *model, unsigned kind, const char *from, const char *to)
{
    static const char *const words[] = {"rename", "link", "link following", "symlink"};
    struct rp_vfs *vfs = model->tree.vfs;
    enum rp_vfs_error error = RP_VFS_OK;
    (void)snprintf(model->log, sizeof model->log, "%s '%s' '%s'", words[kind], from, to);
    if (kind == 0) {
        error = rp_vfs_rename(vfs, at_root, path_of(from), at_root, path_of(to));
    } else if (kind == 3) {
        error = rp_vfs_make_symlink(vfs, at_root, path_of(to), path_of(from));
    } else {
        error = rp_vfs_link(vfs, at_root, path_of(from), kind == 2, at_root, path_of(to));
    }
    if (error == RP_VFS_PERM) {
        return;
    }
    int result = -1;
    if (kind == 0) {
        result = renameat(model->folder, from, model->folder, to);
    } else if (kind == 3) {
        result = symlinkat(from, model->folder, to);
    } else {
        result = linkat(model->folder, from, model->folder, to, kind == 2 ? AT_SYMLINK_FOLLOW : 0);
    }
    compare(model, error, result);
}

static void do_single(struct model *model, unsigned kind, const char *path)
{
    static const char *const words[] = {"mkdir", "rmdir", "unlink"};
    struct rp_vfs *vfs = model->tree.vfs;
    (void)snprintf(model->log, sizeof model->log, "%s '%s'", words[kind], path);
    enum rp_vfs_error error = kind == 0   ? rp_vfs_make_directory(vfs, at_root, path_of(path))
                              : kind == 1 ? rp_vfs_remove_directory(vfs, at_root, path_of(path))
                                          : rp_vfs_unlink(vfs, at_root, path_of(path));
    if (error == RP_VFS_PERM) {
        return;
    }
    int result = kind == 0 ? mkdirat(model->folder, path, 0755)
                           : unlinkat(model->folder, path, kind == 1 ? AT_REMOVEDIR : 0);
    compare(model, error, result);
}

/* Both sides list the same names. */
static void do_list(struct model *model, const char *path)
{
    (void)snprintf(model->log, sizeof model->log, "list '%s'", path);
    uint64_t inode = RP_VFS_NONE;
    enum rp_vfs_error error = rp_vfs_open(model->tree.vfs, at_root, path_of(path),
                                          RP_VFS_OPEN_DIRECTORY | RP_VFS_OPEN_FOLLOW, &inode);
    if (error != RP_VFS_OK) {
        return;
    }
    int descriptor = openat(model->folder, path, O_DIRECTORY | O_RDONLY);
    compare(model, error, descriptor);
    uint64_t cookie = RP_VFS_COOKIE_START;
    bool found = false;
    unsigned ours = 0;
    struct rp_vfs_entry entry;
    must(rp_vfs_list(model->tree.vfs, inode, cookie, &found, &entry));
    while (found) {
        char name[256] = {0};
        struct stat host;
        memcpy(name, entry.name, entry.name_size);
        assert_int_equal(fstatat(descriptor, name, &host, AT_SYMLINK_NOFOLLOW), 0);
        ours++;
        must(rp_vfs_list(model->tree.vfs, inode, entry.cookie, &found, &entry));
    }
    unsigned theirs = 0;
    DIR *folder = fdopendir(descriptor);
    while (readdir(folder) != NULL) {
        theirs++;
    }
    assert_int_equal(closedir(folder), 0);
    assert_int_equal(ours, theirs);
    must(rp_vfs_drop(model->tree.vfs, inode));
}

static void do_operation(struct model *model)
{
    char path[64];
    char other[64];
    pick_path(model, path);
    pick_path(model, other);
    unsigned which = pick(model, 20);
    if (which < 6) {
        do_open(model, path);
    } else if (which < 11) {
        do_single(model, which == 6 || which == 7 ? 0 : which == 8 ? 1 : 2, path);
    } else if (which < 17) {
        do_pair(model, which < 14 ? 0 : which - 13, path, other);
    } else if (which < 19) {
        do_stat(model, path);
    } else {
        do_list(model, path);
    }
}

static void the_tree_answers_as_a_real_folder_does(void **state)
{
    (void)state;
    char top[] = "/tmp/reprise-test-XXXXXX";
    char deep[128];
    char command[128];
    assert_non_null(mkdtemp(top));
    (void)snprintf(command, sizeof command, "mkdir -p '%s/1/2/3/4/5/6'", top);
    assert_int_equal(system(command), 0);
    (void)snprintf(deep, sizeof deep, "%s/1/2/3/4/5/6", top);
    struct model model = {.random = seed, .folder = open(deep, O_DIRECTORY | O_RDONLY)};
    assert_true(model.folder >= 0);
    tree_init(&model.tree);
    for (model.step = 0; model.step < operations; model.step++) {
        do_operation(&model);
        if (model.step % (operations / CHECKS + 1) == 0) {
            const char *broken = rp_vfs_check(model.tree.vfs);
            if (broken != NULL) {
                fail_msg("seed %lu, operation %u, %s: %s", seed, model.step, model.log, broken);
            }
        }
    }
    tree_deinit(&model.tree);
    assert_int_equal(close(model.folder), 0);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", top);
    assert_int_equal(system(command), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_answers_as_a_real_folder_does),
    };
    operations = argc > 1 ? strtoul(argv[1], NULL, 10) : operations;
    seed = argc > 2 ? strtoul(argv[2], NULL, 10) : seed;
    (void)printf("%lu operations, seed %lu\n", operations, seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
