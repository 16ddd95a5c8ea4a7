/* A file or folder of the host that is made aside and then put in place in one step (layer 0;
 * platform_stage_posix.c). For exports.
 *
 * Everything is written below one folder beside the target, of a name of its own and open to nobody
 * else; every name is looked up in the descriptor of the folder that it is made in, never through a
 * path, and no symlink is followed. So nothing else of the host can be written, whatever the names
 * and the targets of symlinks are. Trees may be of any depth: one descriptor is open for the folder
 * that the stage is in.
 *
 * Failures are ERROR_IO (the host's), ERROR_NO_MEMORY or ERROR_ARGUMENT (what stands at the target)
 * with a report that names the place. A stage that failed can only be destroyed. */
#ifndef RP_CORE_PLATFORM_STAGE_H
#define RP_CORE_PLATFORM_STAGE_H

#include "core/alloc.h"
#include "reprise/reprise.h"

/* Whether a stage could be put at `path` now: its folder exists and can be written to, its last
 * step is a name, and there is nothing, or an empty folder, or (`replace`) anything but a mount
 * point. Leaves nothing behind. */
rp_status rp_disk_check_target(const char *path, bool replace, rp_report *report) RP_NODISCARD;

/* `path` with its folder free of symlinks, from the root; two paths of one place are equal. The
 * folder must exist. ERROR_LIMIT if it does not fit. */
rp_status rp_disk_locate(const char *path, char *out_path, size_t size,
                         rp_report *report) RP_NODISCARD;

struct rp_disk_times {
    uint64_t accessed_ns;
    uint64_t modified_ns;
};

struct rp_disk_stage;

rp_status rp_disk_stage_create(struct rp_allocator *allocator, const char *path, bool replace,
                               struct rp_disk_stage **out_stage, rp_report *report) RP_NODISCARD;
/* Removes what is not put in place. NULL is a no-op. */
void rp_disk_stage_destroy(struct rp_disk_stage *stage);

/* ---- entries of the folder that the stage is in ----
 *
 * The first entry is the target itself; its name is not looked at. If it is a folder the others are
 * made in it. ERROR_IO if a name exists already, also where the host takes two names for one. */

/* Makes a folder and steps into it; `leave` steps out. */
rp_status rp_disk_stage_enter(struct rp_disk_stage *stage, const char *name,
                              rp_report *report) RP_NODISCARD;
rp_status rp_disk_stage_leave(struct rp_disk_stage *stage, const struct rp_disk_times *times,
                              rp_report *report) RP_NODISCARD;
/* Begins a file; `write` puts bytes at an offset, `end_file` makes it exactly `size` bytes long;
 * what was not written is a hole. */
rp_status rp_disk_stage_begin_file(struct rp_disk_stage *stage, const char *name,
                                   rp_report *report) RP_NODISCARD;
rp_status rp_disk_stage_write(struct rp_disk_stage *stage, uint64_t offset, const void *data,
                              size_t size, rp_report *report) RP_NODISCARD;
rp_status rp_disk_stage_end_file(struct rp_disk_stage *stage, uint64_t size,
                                 const struct rp_disk_times *times, rp_report *report) RP_NODISCARD;
/* `target` is kept as it is. */
rp_status rp_disk_stage_symlink(struct rp_disk_stage *stage, const char *name, const char *target,
                                const struct rp_disk_times *times, rp_report *report) RP_NODISCARD;
/* Remembers the file or symlink of this name, just made, under a number. */
rp_status rp_disk_stage_remember(struct rp_disk_stage *stage, const char *name, uint64_t number,
                                 rp_report *report) RP_NODISCARD;
/* Makes a name a hard link of what is remembered under the number; *out_done false: nothing is. */
rp_status rp_disk_stage_link(struct rp_disk_stage *stage, const char *name, uint64_t number,
                             bool *out_done, rp_report *report) RP_NODISCARD;

/* Puts the target in place. What was there is replaced in the same step where the host can exchange
 * two names, and removed afterwards; a failure of that alone is told as such, with the new target
 * in place. */
rp_status rp_disk_stage_commit(struct rp_disk_stage *stage, rp_report *report) RP_NODISCARD;

/* For tests: as on a host that can only rename. */
void rp_disk_stage_rename_only(struct rp_disk_stage *stage);

#endif
