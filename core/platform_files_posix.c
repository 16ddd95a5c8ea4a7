/* Files and folders of the host by way of POSIX (layer 0). */
#define _POSIX_C_SOURCE 200809L /* O_NOFOLLOW, O_CLOEXEC, lstat, readlink */

#include "core/platform_files.h"

#include "core/report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct rp_disk_file {
    int descriptor;
    char path[]; /* for reports */
};

static rp_status fail_errno(const char *path, const char *doing, rp_report *report)
{
    return rp_report_fail(report, RP_ERROR_IO, "%s: %s: %s", path, doing, strerror(errno));
}

const char *rp_disk_kind_text(enum rp_disk_kind kind)
{
    static const char *const texts[] = {
        "a file",
        "a folder",
        "a symbolic link",
        "a device",
        "a socket",
        "a pipe",
        "of a kind that is not supported",
    };
    return texts[kind];
}

static enum rp_disk_kind kind_of(mode_t mode)
{
    if (S_ISREG(mode)) {
        return RP_DISK_REGULAR;
    }
    if (S_ISDIR(mode)) {
        return RP_DISK_DIRECTORY;
    }
    if (S_ISLNK(mode)) {
        return RP_DISK_SYMLINK;
    }
    if (S_ISCHR(mode) || S_ISBLK(mode)) {
        return RP_DISK_DEVICE;
    }
    if (S_ISSOCK(mode)) {
        return RP_DISK_SOCKET;
    }
    return S_ISFIFO(mode) ? RP_DISK_PIPE : RP_DISK_OTHER;
}

rp_status rp_disk_stat(const char *path, bool follow, enum rp_disk_kind *out_kind,
                       uint64_t *out_size, rp_report *report)
{
    struct stat info;
    if ((follow ? stat(path, &info) : lstat(path, &info)) != 0) {
        return fail_errno(path, "cannot be examined", report);
    }
    *out_kind = kind_of(info.st_mode);
    *out_size = (uint64_t)info.st_size;
    return RP_OK;
}

static int compare_names(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right); /* as unsigned bytes */
}

static bool add_name(struct rp_allocator *allocator, struct rp_disk_names *names, const char *name)
{
    char **grown = rp_grow(allocator, names->names, &names->capacity, (uint64_t)names->count + 1,
                           sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    names->names = grown;
    size_t size = strlen(name) + 1;
    char *copy = rp_alloc(allocator, size);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, name, size);
    names->names[names->count] = copy;
    names->count++;
    return true;
}

/* Reads all names; false: no memory, or errno is set. */
static rp_status read_names(struct rp_allocator *allocator, DIR *folder, const char *path,
                            struct rp_disk_names *names, rp_report *report)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            return errno == 0 ? RP_OK : fail_errno(path, "cannot be listed", report);
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (!add_name(allocator, names, entry->d_name)) {
            return rp_report_fail(report, RP_ERROR_NO_MEMORY, "%s: no memory for the names in it",
                                  path);
        }
    }
}

rp_status rp_disk_list(struct rp_allocator *allocator, const char *path,
                       struct rp_disk_names *out_names, rp_report *report)
{
    struct rp_disk_names names = {0};
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return fail_errno(path, "cannot be listed", report);
    }
    rp_status status = read_names(allocator, folder, path, &names, report);
    closedir(folder);
    if (status != RP_OK) {
        rp_disk_names_deinit(allocator, &names);
        return status;
    }
    if (names.count > 0) {
        qsort(names.names, names.count, sizeof *names.names, compare_names);
    }
    *out_names = names;
    return RP_OK;
}

void rp_disk_names_deinit(struct rp_allocator *allocator, struct rp_disk_names *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        rp_free(allocator, names->names[i], strlen(names->names[i]) + 1);
    }
    rp_free(allocator, names->names, names->capacity * sizeof *names->names);
    *names = (struct rp_disk_names){0};
}

rp_status rp_disk_read_link(const char *path, char *target, size_t size, size_t *out_size,
                            rp_report *report)
{
    ssize_t count = readlink(path, target, size);
    if (count < 0) {
        return fail_errno(path, "the symbolic link cannot be read", report);
    }
    if ((size_t)count >= size) {
        return rp_report_fail(report, RP_ERROR_LIMIT,
                              "%s: the symbolic link's target is longer than %zu bytes", path,
                              size - 1);
    }
    target[count] = '\0';
    *out_size = (size_t)count;
    return RP_OK;
}

rp_status rp_disk_open(const char *path, struct rp_disk_file **out_file, rp_report *report)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) {
        return fail_errno(path, "cannot be opened", report);
    }
    struct stat info;
    if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(descriptor);
        return rp_report_fail(report, RP_ERROR_IO, "%s: not a regular file", path);
    }
    size_t size = strlen(path) + 1;
    struct rp_disk_file *file = malloc(sizeof *file + size);
    if (file == NULL) {
        close(descriptor);
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "%s: no memory to open it", path);
    }
    file->descriptor = descriptor;
    memcpy(file->path, path, size);
    *out_file = file;
    return RP_OK;
}

rp_status rp_disk_read(struct rp_disk_file *file, void *data, size_t size, size_t *out_count,
                       rp_report *report)
{
    ssize_t count;
    do {
        count = read(file->descriptor, data, size);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return fail_errno(file->path, "cannot be read", report);
    }
    *out_count = (size_t)count;
    return RP_OK;
}

void rp_disk_close(struct rp_disk_file *file)
{
    if (file != NULL) {
        close(file->descriptor);
        free(file);
    }
}
