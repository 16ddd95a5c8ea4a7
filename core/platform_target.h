/* The place that a stage is put at: an inside of core/platform_stage.h (layer 0;
 * platform_target_posix.c). For POSIX alone. */
#ifndef RP_CORE_PLATFORM_TARGET_H
#define RP_CORE_PLATFORM_TARGET_H

#include "core/compiler.h"
#include "reprise/reprise.h"

#include <fcntl.h>
#include <limits.h>

#define RP_DISK_NONE (-1) /* no descriptor */
#define RP_DISK_BESIDE_BYTES 300u
#define RP_DISK_OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* Where a path leads: its folder, open, and the name in it. */
struct rp_disk_target {
    int folder;
    const char *path;
    size_t folder_size; /* bytes of `path` that name the folder; 0: the present one */
    char name[NAME_MAX + 1];
};

/* A failure at a path, by errno. */
rp_status rp_disk_fail(const char *path, const char *doing, int error, rp_report *report);
void rp_disk_close_descriptor(
    int *descriptor); /* nothing if it is RP_DISK_NONE, which it becomes */

/* Opens the folder that the path ends in; to be closed. `path` is borrowed. */
rp_status rp_disk_target_open(const char *path, struct rp_disk_target *target,
                              rp_report *report) RP_NODISCARD;
/* Whether what stands at the target may be replaced. *out_exists: something does. */
rp_status rp_disk_target_check(const struct rp_disk_target *target, bool replace, bool *out_exists,
                               rp_report *report) RP_NODISCARD;
/* Makes a folder of its own beside the target; its name into `name`. */
rp_status rp_disk_target_make_beside(const struct rp_disk_target *target,
                                     char name[RP_DISK_BESIDE_BYTES],
                                     rp_report *report) RP_NODISCARD;

#endif
