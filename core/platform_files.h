/* Reading files and folders of the host (layer 0; platform_files_posix.c). For imports by copy and
 * for reading inputs; nothing here follows a symlink at the end of a path, and nothing depends on
 * the order in which the host lists a folder. Failures are ERROR_IO with a report that names the
 * path. */
#ifndef RP_CORE_PLATFORM_FILES_H
#define RP_CORE_PLATFORM_FILES_H

#include "core/alloc.h"
#include "reprise/reprise.h"

enum rp_disk_kind {
    RP_DISK_REGULAR,
    RP_DISK_DIRECTORY,
    RP_DISK_SYMLINK,
    RP_DISK_DEVICE,
    RP_DISK_SOCKET,
    RP_DISK_PIPE,
    RP_DISK_OTHER,
};

const char *rp_disk_kind_text(enum rp_disk_kind kind); /* "a device" */

/* What is at a path; `follow`: behind a symlink. */
rp_status rp_disk_stat(const char *path, bool follow, enum rp_disk_kind *out_kind,
                       uint64_t *out_size, rp_report *report) RP_NODISCARD;

/* The names in a folder without `.` and `..`, sorted byte-wise. */
struct rp_disk_names {
    char **names;
    uint32_t count;
    uint32_t capacity;
};
rp_status rp_disk_list(struct rp_allocator *allocator, const char *path,
                       struct rp_disk_names *out_names, rp_report *report) RP_NODISCARD;
void rp_disk_names_deinit(struct rp_allocator *allocator, struct rp_disk_names *names);

/* The target of a symlink into `target`, terminated; ERROR_LIMIT if it does not fit. */
rp_status rp_disk_read_link(const char *path, char *target, size_t size, size_t *out_size,
                            rp_report *report) RP_NODISCARD;

/* A regular file, opened for reading. */
struct rp_disk_file;
rp_status rp_disk_open(const char *path, struct rp_disk_file **out_file,
                       rp_report *report) RP_NODISCARD;
/* Up to `size` bytes; *out_count 0 only at the end. */
rp_status rp_disk_read(struct rp_disk_file *file, void *data, size_t size, size_t *out_count,
                       rp_report *report) RP_NODISCARD;
void rp_disk_close(struct rp_disk_file *file);

#endif
