/* Where a path leads, by way of POSIX (layer 0). See platform_target.h and platform_stage.h. */
#define _GNU_SOURCE /* O_PATH; POSIX otherwise */

#include "core/platform_target.h"

#include "core/platform_stage.h"
#include "core/report.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_TRIES 1000u

/* A folder that is only stepped through need not be readable. */
#ifdef O_PATH
#define OPEN_TARGET (O_PATH | O_DIRECTORY | O_CLOEXEC)
#else
#define OPEN_TARGET (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif

rp_status rp_disk_fail(const char *path, const char *doing, int error, rp_report *report)
{
    return rp_report_fail(report, RP_ERROR_IO, "%s: %s: %s", path, doing, strerror(error));
}

void rp_disk_close_descriptor(int *descriptor)
{
    if (*descriptor != RP_DISK_NONE) {
        (void)close(*descriptor);
        *descriptor = RP_DISK_NONE;
    }
}

/* Finds the last step of a path; slashes behind it do not count. */
static rp_status split_path(const char *path, struct rp_disk_target *target, rp_report *report)
{
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/') {
        end--;
    }
    size_t start = end;
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    size_t size = end - start;
    bool is_dots = (size == 1 && path[start] == '.') ||
                   (size == 2 && path[start] == '.' && path[start + 1] == '.');
    if (size == 0 || is_dots) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "%s: it does not end in the name of a file or folder that can be "
                              "made",
                              path[0] ? path : "\"\"");
    }
    if (size > NAME_MAX) {
        return rp_disk_fail(path, "cannot be made", ENAMETOOLONG, report);
    }
    *target = (struct rp_disk_target){.folder = RP_DISK_NONE, .path = path, .folder_size = start};
    memcpy(target->name, path + start, size);
    target->name[size] = '\0';
    return RP_OK;
}

/* The folder part of a target's path into `out_path`; false if it does not fit. */
static bool copy_folder_path(const struct rp_disk_target *target, char *out_path, size_t size)
{
    if (target->folder_size == 0) {
        (void)snprintf(out_path, size, ".");
        return true;
    }
    if (target->folder_size >= size) {
        return false;
    }
    memcpy(out_path, target->path, target->folder_size);
    out_path[target->folder_size] = '\0';
    return true;
}

rp_status rp_disk_target_open(const char *path, struct rp_disk_target *target, rp_report *report)
{
    char folder[PATH_MAX];
    rp_status status = split_path(path, target, report);
    if (status != RP_OK) {
        return status;
    }
    if (!copy_folder_path(target, folder, sizeof folder)) {
        return rp_disk_fail(path, "cannot be made", ENAMETOOLONG, report);
    }
    /* the folder is named by the user: symlinks in its path are the user's */
    target->folder = open(folder, OPEN_TARGET);
    if (target->folder < 0) {
        int error = errno;
        return rp_report_fail(report, RP_ERROR_IO, "%s: its folder %s cannot be opened: %s", path,
                              folder, strerror(error));
    }
    return RP_OK;
}

/* Whether the folder `name` has no entry. False also if it cannot be listed. */
static bool is_empty_folder(int folder, const char *name)
{
    int descriptor = openat(folder, name, RP_DISK_OPEN_FOLDER);
    DIR *listing = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (!listing) {
        rp_disk_close_descriptor(&descriptor);
        return false;
    }
    bool empty = true;
    errno = 0;
    for (const struct dirent *entry = readdir(listing); entry && empty; entry = readdir(listing)) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    empty = empty && errno == 0;
    (void)closedir(listing);
    return empty;
}

/* Whether what stands at the target may be replaced. *out_exists: something does. */
rp_status rp_disk_target_check(const struct rp_disk_target *target, bool replace, bool *out_exists,
                               rp_report *report)
{
    struct stat above;
    struct stat info;
    *out_exists = fstatat(target->folder, target->name, &info, AT_SYMLINK_NOFOLLOW) == 0;
    if (!*out_exists) {
        return errno == ENOENT ? RP_OK
                               : rp_disk_fail(target->path, "cannot be examined", errno, report);
    }
    if (fstat(target->folder, &above) != 0) {
        return rp_disk_fail(target->path, "its folder cannot be examined", errno, report);
    }
    if (S_ISDIR(info.st_mode) && above.st_dev != info.st_dev) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "%s: it is a mount point, which cannot be replaced; name a folder "
                              "in it",
                              target->path);
    }
    if (replace || (S_ISDIR(info.st_mode) && is_empty_folder(target->folder, target->name))) {
        return RP_OK;
    }
    return rp_report_fail(report, RP_ERROR_ARGUMENT, "%s: it exists%s", target->path,
                          S_ISDIR(info.st_mode) ? " and is not empty" : "");
}

/* Makes a folder of its own beside the target; its name into `name`. */
rp_status rp_disk_target_make_beside(const struct rp_disk_target *target,
                                     char name[RP_DISK_BESIDE_BYTES], rp_report *report)
{
    int error = EEXIST; /* another run's, or one that was killed: theirs */
    for (unsigned i = 0; i < NAME_TRIES && error == EEXIST; i++) {
        (void)snprintf(name, RP_DISK_BESIDE_BYTES, ".%.200s.reprise-%ld-%u", target->name,
                       (long)getpid(), i);
        error = mkdirat(target->folder, name, 0700) == 0 ? 0 : errno;
    }
    return error == 0
               ? RP_OK
               : rp_disk_fail(target->path, "nothing can be made in its folder", error, report);
}

rp_status rp_disk_check_target(const char *path, bool replace, rp_report *report)
{
    struct rp_disk_target target;
    bool exists = false;
    char name[RP_DISK_BESIDE_BYTES];
    rp_status status = rp_disk_target_open(path, &target, report);
    if (status != RP_OK) {
        return status;
    }
    status = rp_disk_target_check(&target, replace, &exists, report);
    if (status == RP_OK) {
        status = rp_disk_target_make_beside(&target, name, report);
        if (status == RP_OK && unlinkat(target.folder, name, AT_REMOVEDIR) != 0) {
            status = rp_disk_fail(path, "nothing can be removed from its folder", errno, report);
        }
    }
    (void)close(target.folder);
    return status;
}

rp_status rp_disk_locate(const char *path, char *out_path, size_t size, rp_report *report)
{
    struct rp_disk_target target;
    char folder[PATH_MAX];
    rp_status status = split_path(path, &target, report);
    if (status != RP_OK) {
        return status;
    }
    if (!copy_folder_path(&target, folder, sizeof folder)) {
        return rp_disk_fail(path, "cannot be located", ENAMETOOLONG, report);
    }
    char *real = realpath(folder, NULL);
    if (!real) {
        return rp_disk_fail(path, "its folder cannot be located", errno, report);
    }
    bool is_root = strcmp(real, "/") == 0;
    int length = snprintf(out_path, size, "%s/%s", is_root ? "" : real, target.name);
    free(real);
    return length > 0 && (size_t)length < size
               ? RP_OK
               : rp_report_fail(report, RP_ERROR_LIMIT, "%s: the path is too long", path);
}
