/* A folder of the host as the oracle for the file tree (layer 7, test support): POSIX *at calls in
 * a fresh temporary folder, with the errors in the tree's words. */
#ifndef RP_TESTS_VFS_HOST_TREE_H
#define RP_TESTS_VFS_HOST_TREE_H

#include "vfs/vfs.h"

#include <sys/stat.h>

struct host_tree {
    int folder;                 /* where paths start */
    bool counts_subdirectories; /* whether a directory's links are 2 + its subdirectories */
    char path[256];
};

/* Which symlink at the end of a path is entered. */
enum host_follow {
    HOST_FOLLOW_NEVER,
    HOST_FOLLOW_SLASH, /* only with a slash behind it */
    HOST_FOLLOW_PLAIN, /* only without */
    HOST_FOLLOW_LAST,
};

/* In $TMPDIR or /tmp. False with a message on stderr. */
bool host_tree_init(struct host_tree *tree);
/* Removes the folder with all that is in it. */
void host_tree_deinit(struct host_tree *tree);

/* The error of the last call that answered `result` (negative: errno). */
enum rp_vfs_error host_error(long result);

/* Whether a walk along the path steps above `start` or to the host's root, found step by step. */
bool host_escapes(int start, const char *path, enum host_follow follow);

/* As rp_vfs_open, with its flags; *out_file is a descriptor. */
enum rp_vfs_error host_open(int start, const char *path, unsigned flags, int *out_file);
enum rp_vfs_error host_stat(int start, const char *path, bool follow, struct stat *out_stat);
enum rp_vfs_error host_make_directory(int start, const char *path);
enum rp_vfs_error host_make_symlink(int start, const char *path, const char *target);
enum rp_vfs_error host_read_link(int start, const char *path, char *data, size_t size,
                                 size_t *out_count);
enum rp_vfs_error host_link(int old_start, const char *old_path, bool follow, int new_start,
                            const char *new_path);
enum rp_vfs_error host_unlink(int start, const char *path);
enum rp_vfs_error host_remove_directory(int start, const char *path);
enum rp_vfs_error host_rename(int old_start, const char *old_path, int new_start,
                              const char *new_path);
enum rp_vfs_error host_read(int file, uint64_t offset, void *data, size_t size, size_t *out_count);
enum rp_vfs_error host_write(int file, uint64_t offset, const void *data, size_t size,
                             size_t *out_count);
/* At the end, in the host's append mode. */
enum rp_vfs_error host_append(int file, const void *data, size_t size, size_t *out_count);
enum rp_vfs_error host_truncate(int file, uint64_t size);
enum rp_vfs_error host_allocate(int file, uint64_t offset, uint64_t size);

/* Calls `see` with each name in a directory, `.` and `..` included, in the host's order. */
enum rp_vfs_error host_list(int directory, void (*see)(void *user, const char *name), void *user);

#endif
