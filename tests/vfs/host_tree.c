/* A folder of the host as the oracle for the file tree (layer 7, test support). */
#define _GNU_SOURCE /* O_PATH, mkdtemp */

#include "tests/vfs/host_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Folders above the one that paths start in. */
#define ABOVE "above"

enum rp_vfs_error host_error(long result)
{
    static const struct {
        int number;
        enum rp_vfs_error error;
    } rows[] = {
        {EPERM, RP_VFS_PERM},         {ENOENT, RP_VFS_NOENT}, {EEXIST, RP_VFS_EXIST},
        {ENOTDIR, RP_VFS_NOTDIR},     {EISDIR, RP_VFS_ISDIR}, {ELOOP, RP_VFS_LOOP},
        {ENOTEMPTY, RP_VFS_NOTEMPTY}, {EINVAL, RP_VFS_INVAL}, {EBUSY, RP_VFS_BUSY},
        {EMLINK, RP_VFS_MLINK},       {ENOSPC, RP_VFS_NOSPC}, {EFBIG, RP_VFS_FBIG},
        {EROFS, RP_VFS_ROFS},         {EXDEV, RP_VFS_XDEV},   {ENAMETOOLONG, RP_VFS_NAMETOOLONG},
    };
    if (result >= 0) {
        return RP_VFS_OK;
    }
    for (unsigned i = 0; i < RP_ARRAY_COUNT(rows); i++) {
        if (rows[i].number == errno) {
            return rows[i].error;
        }
    }
    (void)fprintf(stderr, "the host answers errno %d\n", errno);
    return RP_VFS_ERROR_COUNT;
}

/* Removes what is in a directory, and closes it. */
static void empty_directory(int directory)
{
    DIR *listing = fdopendir(directory);
    const struct dirent *entry;
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        int inside =
            openat(directory, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inside >= 0) {
            empty_directory(inside);
        }
        (void)unlinkat(directory, entry->d_name, inside >= 0 ? AT_REMOVEDIR : 0);
    }
    if (listing != NULL) {
        (void)closedir(listing);
    }
}

/* Some file systems answer 1, or do not count. */
static bool probe_link_counts(int folder)
{
    struct stat before;
    struct stat with;
    struct stat gone;
    bool counts =
        fstat(folder, &before) == 0 && before.st_nlink == 2 && mkdirat(folder, "probe", 0755) == 0;
    int probe = openat(folder, "probe", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    counts = counts && fstat(folder, &with) == 0 && with.st_nlink == 3;
    (void)unlinkat(folder, "probe", AT_REMOVEDIR);
    counts = counts && fstat(probe, &gone) == 0 && gone.st_nlink == 0;
    (void)close(probe);
    return counts;
}

bool host_tree_init(struct host_tree *tree)
{
    const char *folder = getenv("TMPDIR");
    (void)umask(022);
    (void)snprintf(tree->path, sizeof tree->path, "%s/reprise-test-XXXXXX",
                   folder != NULL && folder[0] == '/' ? folder : "/tmp");
    char inside[sizeof tree->path + sizeof "/" ABOVE];
    tree->folder = -1;
    if (mkdtemp(tree->path) != NULL) {
        (void)snprintf(inside, sizeof inside, "%s/" ABOVE, tree->path);
        if (mkdir(inside, 0755) == 0) {
            tree->folder = open(inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }
    }
    if (tree->folder < 0) {
        (void)fprintf(stderr, "%s: %s\n", tree->path, strerror(errno));
        return false;
    }
    tree->counts_subdirectories = probe_link_counts(tree->folder);
    return true;
}

void host_tree_deinit(struct host_tree *tree)
{
    (void)close(tree->folder);
    int folder = open(tree->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        empty_directory(folder);
        (void)rmdir(tree->path);
    }
}

/* ---- escapes ---- */

#define PATH_BYTES 4096
#define REST_BYTES ((RP_VFS_SYMLINK_DEPTH_MAX + 2) * PATH_BYTES)

struct escape {
    int at; /* the directory that the next step is taken in */
    struct stat start;
    unsigned symlinks;
    const char *rest;
    char *buffers[2]; /* `rest` points into the first one */
};

static void step_to(struct escape *escape, int directory)
{
    (void)close(escape->at);
    escape->at = directory;
}

/* Enters a symlink: its target comes before the rest. False: the walk ends in an error. */
static bool enter_link(struct escape *escape, const char *name, bool *out_escapes)
{
    char target[PATH_BYTES + 1];
    ssize_t size = readlinkat(escape->at, name, target, PATH_BYTES);
    escape->symlinks++;
    if (size <= 0 || escape->symlinks > RP_VFS_SYMLINK_DEPTH_MAX) {
        return false;
    }
    target[size] = '\0';
    *out_escapes = target[0] == '/';
    (void)snprintf(escape->buffers[1], REST_BYTES, "%s%s", target, escape->rest);
    char *buffer = escape->buffers[0];
    escape->buffers[0] = escape->buffers[1];
    escape->buffers[1] = buffer;
    escape->rest = escape->buffers[0];
    return !*out_escapes;
}

/* Takes one step. False: the walk is over. */
static bool take_step(struct escape *escape, enum host_follow follow, bool *out_escapes)
{
    char name[PATH_BYTES];
    size_t size = strcspn(escape->rest, "/");
    memcpy(name, escape->rest, size);
    name[size] = '\0';
    escape->rest += size;
    bool slash = escape->rest[0] == '/';
    bool last = escape->rest[strspn(escape->rest, "/")] == '\0';
    struct stat found;
    if (strcmp(name, "..") == 0) {
        (void)fstat(escape->at, &found);
        *out_escapes = found.st_ino == escape->start.st_ino && found.st_dev == escape->start.st_dev;
    }
    if (*out_escapes || fstatat(escape->at, name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
        return false;
    }
    bool follows = !last || follow == HOST_FOLLOW_LAST || (follow == HOST_FOLLOW_SLASH && slash) ||
                   (follow == HOST_FOLLOW_PLAIN && !slash);
    if (S_ISLNK(found.st_mode)) {
        return follows && enter_link(escape, name, out_escapes);
    }
    escape->rest += strspn(escape->rest, "/");
    if (escape->rest[0] == '\0' || !S_ISDIR(found.st_mode)) {
        return false;
    }
    step_to(escape, openat(escape->at, name, O_PATH | O_DIRECTORY | O_CLOEXEC));
    return escape->at >= 0;
}

bool host_escapes(int start, const char *path, enum host_follow follow)
{
    if (path[0] == '/') {
        return true;
    }
    if (strlen(path) >= PATH_BYTES) {
        return false;
    }
    struct escape escape = {.at = dup(start), .rest = path};
    escape.buffers[0] = malloc(REST_BYTES);
    escape.buffers[1] = malloc(REST_BYTES);
    bool escapes = false;
    bool ready = escape.at >= 0 && escape.buffers[0] != NULL && escape.buffers[1] != NULL &&
                 fstat(start, &escape.start) == 0;
    while (ready && escape.rest[0] != '\0' && take_step(&escape, follow, &escapes)) {}
    free(escape.buffers[0]);
    free(escape.buffers[1]);
    (void)close(escape.at);
    return escapes;
}

/* ---- operations ---- */

enum rp_vfs_error host_open(int start, const char *path, unsigned flags, int *out_file)
{
    int mode = O_CLOEXEC;
    mode |= (flags & RP_VFS_OPEN_WRITE) != 0 ? O_RDWR : O_RDONLY;
    mode |= (flags & RP_VFS_OPEN_CREATE) != 0 ? O_CREAT : 0;
    mode |= (flags & RP_VFS_OPEN_DIRECTORY) != 0 ? O_DIRECTORY : 0;
    mode |= (flags & RP_VFS_OPEN_EXCLUSIVE) != 0 ? O_EXCL : 0;
    mode |= (flags & RP_VFS_OPEN_TRUNCATE) != 0 ? O_TRUNC : 0;
    mode |= (flags & RP_VFS_OPEN_FOLLOW) != 0 ? 0 : O_NOFOLLOW;
    *out_file = openat(start, path, mode, 0644);
    return host_error(*out_file);
}

enum rp_vfs_error host_stat(int start, const char *path, bool follow, struct stat *out_stat)
{
    return host_error(fstatat(start, path, out_stat, follow ? 0 : AT_SYMLINK_NOFOLLOW));
}

enum rp_vfs_error host_make_directory(int start, const char *path)
{
    return host_error(mkdirat(start, path, 0755));
}

enum rp_vfs_error host_make_symlink(int start, const char *path, const char *target)
{
    return host_error(symlinkat(target, start, path));
}

enum rp_vfs_error host_read_link(int start, const char *path, char *data, size_t size,
                                 size_t *out_count)
{
    ssize_t count = readlinkat(start, path, data, size);
    *out_count = count >= 0 ? (size_t)count : 0;
    return host_error(count);
}

enum rp_vfs_error host_link(int old_start, const char *old_path, bool follow, int new_start,
                            const char *new_path)
{
    return host_error(
        linkat(old_start, old_path, new_start, new_path, follow ? AT_SYMLINK_FOLLOW : 0));
}

enum rp_vfs_error host_unlink(int start, const char *path)
{
    return host_error(unlinkat(start, path, 0));
}

enum rp_vfs_error host_remove_directory(int start, const char *path)
{
    return host_error(unlinkat(start, path, AT_REMOVEDIR));
}

enum rp_vfs_error host_rename(int old_start, const char *old_path, int new_start,
                              const char *new_path)
{
    return host_error(renameat(old_start, old_path, new_start, new_path));
}

enum rp_vfs_error host_read(int file, uint64_t offset, void *data, size_t size, size_t *out_count)
{
    ssize_t count = pread(file, data, size, (off_t)offset);
    *out_count = count >= 0 ? (size_t)count : 0;
    return host_error(count);
}

enum rp_vfs_error host_write(int file, uint64_t offset, const void *data, size_t size,
                             size_t *out_count)
{
    ssize_t count = pwrite(file, data, size, (off_t)offset);
    *out_count = count >= 0 ? (size_t)count : 0;
    return host_error(count);
}

enum rp_vfs_error host_append(int file, const void *data, size_t size, size_t *out_count)
{
    int mode = fcntl(file, F_GETFL);
    ssize_t count = -1;
    if (mode >= 0 && fcntl(file, F_SETFL, mode | O_APPEND) == 0) {
        count = write(file, data, size);
        (void)fcntl(file, F_SETFL, mode);
    }
    *out_count = count >= 0 ? (size_t)count : 0;
    return host_error(count);
}

enum rp_vfs_error host_truncate(int file, uint64_t size)
{
    return host_error(ftruncate(file, (off_t)size));
}

enum rp_vfs_error host_allocate(int file, uint64_t offset, uint64_t size)
{
    errno = posix_fallocate(file, (off_t)offset, (off_t)size);
    return host_error(errno != 0 ? -1 : 0);
}

enum rp_vfs_error host_list(int directory, void (*see)(void *user, const char *name), void *user)
{
    int second = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = second >= 0 ? fdopendir(second) : NULL;
    if (listing == NULL) {
        return host_error(-1);
    }
    const struct dirent *entry;
    while ((entry = readdir(listing)) != NULL) {
        see(user, entry->d_name);
    }
    return host_error(closedir(listing));
}
