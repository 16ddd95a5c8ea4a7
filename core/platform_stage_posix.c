/* Stages by way of POSIX (layer 0). See platform_stage.h.
 *
 * The stage's folder holds `tree`, the target to be; `links`, a folder with one name for each
 * number that is remembered; and for a moment `old`, what was replaced. */
#define _GNU_SOURCE /* renameat2; POSIX otherwise */

#include "core/platform_stage.h"

#include "core/assert.h"
#include "core/platform_target.h"
#include "core/report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHOWN_BYTES 300 /* of a path, in a report */
#define NS_PER_S 1000000000u

#define TREE "tree"
#define LINKS "links"
#define OLD "old"

/* A folder above the present one, to be found again by `..`. */
struct level {
    dev_t device;
    ino_t inode;
    size_t shown_size;
};

struct rp_disk_stage {
    struct rp_allocator *allocator;
    struct rp_disk_target target;
    bool replace;
    bool rename_only;
    bool committed; /* the target is in place */
    bool keeps_old; /* what stood there could not be brought back: it stays in the stage */
    char name[RP_DISK_BESIDE_BYTES];
    int folder;             /* the stage's own */
    int links;              /* RP_DISK_NONE until something is remembered */
    int present;            /* the folder that the stage is in */
    int file;               /* being written; else RP_DISK_NONE */
    size_t file_shown_size; /* to go back to after the file */
    struct level *levels;
    uint32_t level_count;
    uint32_t level_capacity;
    char *shown; /* the present folder's path as people know it */
    size_t shown_size;
    uint32_t shown_capacity;
};

/* ---- reports ---- */

/* A failure at `name` in the present folder (NULL: the folder itself), by errno. */
static rp_status fail_entry(const struct rp_disk_stage *stage, const char *name, const char *doing,
                            rp_report *report)
{
    int error = errno;
    size_t cut = stage->shown_size > SHOWN_BYTES ? stage->shown_size - SHOWN_BYTES : 0;
    bool is_target = stage->level_count == 0; /* its name in the stage is nobody's business */
    return rp_report_fail(report, RP_ERROR_IO, "%s%.*s%s%s: %s: %s", cut > 0 ? "..." : "",
                          (int)(stage->shown_size - cut), stage->shown + cut,
                          name && !is_target ? "/" : "", name && !is_target ? name : "", doing,
                          strerror(error));
}

static rp_status fail_memory(const struct rp_disk_stage *stage, rp_report *report)
{
    return rp_report_fail(report, RP_ERROR_NO_MEMORY, "%s: no memory to write it",
                          stage->target.path);
}

/* ---- life ---- */

static bool show(struct rp_disk_stage *stage, const char *text)
{
    size_t size = strlen(text);
    size_t needed = stage->shown_size + size + 2;
    char *grown = needed > UINT32_MAX
                      ? NULL
                      : rp_grow(stage->allocator, stage->shown, &stage->shown_capacity, needed, 1);
    if (!grown) {
        return false;
    }
    stage->shown = grown;
    if (stage->shown_size > 0) {
        stage->shown[stage->shown_size] = '/';
        stage->shown_size++;
    }
    memcpy(stage->shown + stage->shown_size, text, size);
    stage->shown_size += size;
    return true;
}

rp_status rp_disk_stage_create(struct rp_allocator *allocator, const char *path, bool replace,
                               struct rp_disk_stage **out_stage, rp_report *report)
{
    struct rp_disk_target target;
    bool exists = false;
    rp_status status = rp_disk_target_open(path, &target, report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_disk_stage *stage = rp_alloc_zero(allocator, 1, sizeof *stage);
    if (!stage) {
        (void)close(target.folder);
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "%s: no memory to write it", path);
    }
    *stage = (struct rp_disk_stage){.allocator = allocator,
                                    .target = target,
                                    .replace = replace,
                                    .folder = RP_DISK_NONE,
                                    .links = RP_DISK_NONE,
                                    .present = RP_DISK_NONE,
                                    .file = RP_DISK_NONE};
    if (!show(stage, path)) {
        status = fail_memory(stage, report);
    }
    if (status == RP_OK) {
        status = rp_disk_target_check(&target, replace, &exists, report);
    }
    if (status == RP_OK) {
        status = rp_disk_target_make_beside(&target, stage->name, report);
    }
    if (status == RP_OK) {
        stage->folder = openat(target.folder, stage->name, RP_DISK_OPEN_FOLDER);
        stage->present =
            stage->folder < 0 ? RP_DISK_NONE : fcntl(stage->folder, F_DUPFD_CLOEXEC, 0);
        if (stage->present < 0) {
            status = rp_disk_fail(path, "what was made beside it cannot be opened", errno, report);
        }
    }
    if (status != RP_OK) {
        rp_disk_stage_destroy(stage);
        return status;
    }
    *out_stage = stage;
    return RP_OK;
}

void rp_disk_stage_rename_only(struct rp_disk_stage *stage)
{
    stage->rename_only = true;
}

/* ---- removing ---- */

static bool push_level(struct rp_disk_stage *stage, const struct stat *info)
{
    struct level *grown = rp_grow(stage->allocator, stage->levels, &stage->level_capacity,
                                  (uint64_t)stage->level_count + 1, sizeof *grown);
    if (!grown) {
        return false;
    }
    stage->levels = grown;
    stage->levels[stage->level_count] = (struct level){
        .device = info->st_dev, .inode = info->st_ino, .shown_size = stage->shown_size};
    stage->level_count++;
    return true;
}

/* The present folder becomes `child`, which is open. False, with errno: no memory, or the host
 * fails; `child` is closed then. */
static bool step_into(struct rp_disk_stage *stage, int child)
{
    struct stat info;
    bool ok = fstat(stage->present, &info) == 0;
    if (ok && !push_level(stage, &info)) {
        errno = ENOMEM;
        ok = false;
    }
    if (!ok) {
        int error = errno;
        (void)close(child);
        errno = error;
        return false;
    }
    (void)close(stage->present);
    stage->present = child;
    return true;
}

/* The present folder becomes the one above. False, with errno: the host fails, or somebody moved
 * it. */
static bool step_out(struct rp_disk_stage *stage)
{
    RP_ASSERT(stage->level_count > 0);
    const struct level *level = &stage->levels[stage->level_count - 1];
    struct stat info;
    int above = openat(stage->present, "..", RP_DISK_OPEN_FOLDER);
    if (above < 0) {
        return false;
    }
    if (fstat(above, &info) != 0 || info.st_dev != level->device || info.st_ino != level->inode) {
        (void)close(above);
        errno = ESTALE;
        return false;
    }
    (void)close(stage->present);
    stage->present = above;
    stage->shown_size = level->shown_size;
    stage->level_count--;
    return true;
}

enum removal { REMOVED, HAS_ENTRIES, REMOVAL_FAILS };

static enum removal remove_entry(int folder, const char *name)
{
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) {
        return REMOVED;
    }
    if (errno != EISDIR && errno != EPERM) {
        return REMOVAL_FAILS;
    }
    if (unlinkat(folder, name, AT_REMOVEDIR) == 0) {
        return REMOVED;
    }
    return errno == ENOTEMPTY || errno == EEXIST ? HAS_ENTRIES : REMOVAL_FAILS;
}

/* Opens a folder in the present one, if it is of the same file system: what is mounted inside a
 * tree is not removed with it. */
static int open_same_device(const struct rp_disk_stage *stage, const char *name)
{
    struct stat above;
    struct stat info;
    int child = openat(stage->present, name, RP_DISK_OPEN_FOLDER);
    if (child < 0) {
        return RP_DISK_NONE;
    }
    if (fstat(stage->present, &above) != 0 || fstat(child, &info) != 0 ||
        above.st_dev != info.st_dev) {
        (void)close(child);
        errno = EXDEV;
        return RP_DISK_NONE;
    }
    return child;
}

/* Removes entries of the present folder until one is found that has entries itself; then that
 * becomes the present folder. *out_done: none is left. False, with errno: it fails. */
static bool remove_some(struct rp_disk_stage *stage, bool *out_done)
{
    int descriptor = openat(stage->present, ".", RP_DISK_OPEN_FOLDER);
    DIR *listing = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (!listing) {
        rp_disk_close_descriptor(&descriptor);
        return false;
    }
    int child = RP_DISK_NONE;
    enum removal removal = REMOVED;
    errno = 0;
    for (const struct dirent *entry = readdir(listing); entry && removal == REMOVED;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            removal = remove_entry(stage->present, entry->d_name);
        }
        if (removal == HAS_ENTRIES) {
            child = open_same_device(stage, entry->d_name);
        } else if (removal == REMOVED) {
            errno = 0;
            entry = readdir(listing);
        }
    }
    int error = errno;
    (void)closedir(listing);
    *out_done = removal == REMOVED && error == 0;
    if (child != RP_DISK_NONE) {
        return step_into(stage, child);
    }
    errno = error;
    return *out_done;
}

/* Empties the stage's folder, however deep it is, and removes it. False, with errno: not all of it
 * could be. */
static bool remove_stage(struct rp_disk_stage *stage)
{
    rp_disk_close_descriptor(&stage->present);
    stage->present = fcntl(stage->folder, F_DUPFD_CLOEXEC, 0);
    stage->level_count = 0;
    if (stage->present < 0) {
        return false;
    }
    for (;;) {
        bool done = false;
        if (!remove_some(stage, &done)) {
            return false;
        }
        if (done && stage->level_count == 0) {
            break;
        }
        if (done && !step_out(stage)) {
            return false;
        }
    }
    return unlinkat(stage->target.folder, stage->name, AT_REMOVEDIR) == 0;
}

void rp_disk_stage_destroy(struct rp_disk_stage *stage)
{
    if (!stage) {
        return;
    }
    rp_disk_close_descriptor(&stage->file);
    rp_disk_close_descriptor(&stage->links);
    if (stage->folder != RP_DISK_NONE && !stage->committed && !stage->keeps_old) {
        (void)remove_stage(stage); /* the failure that led here is the one to tell */
    } else if (stage->folder == RP_DISK_NONE && stage->name[0] != '\0') {
        (void)unlinkat(stage->target.folder, stage->name, AT_REMOVEDIR);
    }
    rp_disk_close_descriptor(&stage->present);
    rp_disk_close_descriptor(&stage->folder);
    rp_disk_close_descriptor(&stage->target.folder);
    rp_free(stage->allocator, stage->levels, stage->level_capacity * sizeof *stage->levels);
    rp_free(stage->allocator, stage->shown, stage->shown_capacity);
    rp_free(stage->allocator, stage, sizeof *stage);
}

/* ---- entries ---- */

/* The name of an entry in the present folder. Asserts what the user of a stage promises. */
static const char *entry_name(const struct rp_disk_stage *stage, const char *name)
{
    RP_ASSERT(!stage->committed && stage->file == RP_DISK_NONE);
    if (stage->level_count == 0) {
        return TREE;
    }
    RP_ASSERT(name[0] != '\0' && strchr(name, '/') == NULL);
    RP_ASSERT(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    return name;
}

static struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

static void fill_times(const struct rp_disk_times *times, struct timespec out_pair[2])
{
    out_pair[0] = timespec_of(times->accessed_ns);
    out_pair[1] = timespec_of(times->modified_ns);
}

rp_status rp_disk_stage_enter(struct rp_disk_stage *stage, const char *name, rp_report *report)
{
    const char *entry = entry_name(stage, name);
    size_t shown_size = stage->shown_size;
    bool is_target = stage->level_count == 0;
    if (mkdirat(stage->present, entry, 0755) != 0) {
        return fail_entry(stage, entry, "the folder cannot be made", report);
    }
    int child = openat(stage->present, entry, RP_DISK_OPEN_FOLDER);
    if (child < 0) {
        return fail_entry(stage, entry, "the folder cannot be opened", report);
    }
    if (!is_target && !show(stage, name)) {
        (void)close(child);
        return fail_memory(stage, report);
    }
    if (!step_into(stage, child)) {
        stage->shown_size = shown_size;
        return errno == ENOMEM ? fail_memory(stage, report)
                               : fail_entry(stage, entry, "the folder cannot be examined", report);
    }
    stage->levels[stage->level_count - 1].shown_size = shown_size;
    return RP_OK;
}

rp_status rp_disk_stage_leave(struct rp_disk_stage *stage, const struct rp_disk_times *times,
                              rp_report *report)
{
    struct timespec pair[2];
    fill_times(times, pair);
    if (futimens(stage->present, pair) != 0) {
        return fail_entry(stage, NULL, "its times cannot be set", report);
    }
    return step_out(stage) ? RP_OK : fail_entry(stage, NULL, "the folder above it is gone", report);
}

rp_status rp_disk_stage_begin_file(struct rp_disk_stage *stage, const char *name, rp_report *report)
{
    const char *entry = entry_name(stage, name);
    int file =
        openat(stage->present, entry, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file < 0) {
        return fail_entry(stage, entry, "the file cannot be made", report);
    }
    stage->file_shown_size = stage->shown_size;
    if (stage->level_count > 0 && !show(stage, name)) {
        (void)close(file);
        return fail_memory(stage, report);
    }
    stage->file = file;
    return RP_OK;
}

rp_status rp_disk_stage_write(struct rp_disk_stage *stage, uint64_t offset, const void *data,
                              size_t size, rp_report *report)
{
    RP_ASSERT(stage->file != RP_DISK_NONE);
    const uint8_t *bytes = data;
    for (size_t done = 0; done < size;) {
        if (offset + done > INT64_MAX) {
            errno = EFBIG;
            return fail_entry(stage, NULL, "the file cannot be written", report);
        }
        ssize_t count = pwrite(stage->file, bytes + done, size - done, (off_t)(offset + done));
        if (count < 0 && errno != EINTR) {
            return fail_entry(stage, NULL, "the file cannot be written", report);
        }
        done += count > 0 ? (size_t)count : 0;
    }
    return RP_OK;
}

rp_status rp_disk_stage_end_file(struct rp_disk_stage *stage, uint64_t size,
                                 const struct rp_disk_times *times, rp_report *report)
{
    RP_ASSERT(stage->file != RP_DISK_NONE && size <= INT64_MAX);
    struct timespec pair[2];
    fill_times(times, pair);
    const char *doing = NULL;
    if (ftruncate(stage->file, (off_t)size) != 0) {
        doing = "the file cannot be made as long as it is";
    } else if (futimens(stage->file, pair) != 0) {
        doing = "its times cannot be set";
    }
    int error = errno;
    if (close(stage->file) != 0 && !doing) {
        doing = "the file cannot be written";
        error = errno;
    }
    stage->file = RP_DISK_NONE;
    errno = error;
    if (doing) {
        return fail_entry(stage, NULL, doing, report);
    }
    stage->shown_size = stage->file_shown_size;
    return RP_OK;
}

rp_status rp_disk_stage_symlink(struct rp_disk_stage *stage, const char *name, const char *target,
                                const struct rp_disk_times *times, rp_report *report)
{
    const char *entry = entry_name(stage, name);
    struct timespec pair[2];
    fill_times(times, pair);
    if (symlinkat(target, stage->present, entry) != 0) {
        return fail_entry(stage, entry, "the symbolic link cannot be made", report);
    }
    if (utimensat(stage->present, entry, pair, AT_SYMLINK_NOFOLLOW) != 0) {
        return fail_entry(stage, entry, "its times cannot be set", report);
    }
    return RP_OK;
}

static void print_number(uint64_t number, char out[24])
{
    (void)snprintf(out, 24, "%llu", (unsigned long long)number);
}

rp_status rp_disk_stage_remember(struct rp_disk_stage *stage, const char *name, uint64_t number,
                                 rp_report *report)
{
    const char *entry = entry_name(stage, name);
    char link_name[24];
    print_number(number, link_name);
    if (stage->links == RP_DISK_NONE) {
        if (mkdirat(stage->folder, LINKS, 0700) == 0) {
            stage->links = openat(stage->folder, LINKS, RP_DISK_OPEN_FOLDER);
        }
        if (stage->links < 0) {
            stage->links = RP_DISK_NONE;
            return fail_entry(stage, entry, "it cannot be linked", report);
        }
    }
    return linkat(stage->present, entry, stage->links, link_name, 0) == 0
               ? RP_OK
               : fail_entry(stage, entry, "it cannot be linked", report);
}

rp_status rp_disk_stage_link(struct rp_disk_stage *stage, const char *name, uint64_t number,
                             bool *out_done, rp_report *report)
{
    const char *entry = entry_name(stage, name);
    char link_name[24];
    print_number(number, link_name);
    *out_done = true;
    if (stage->links == RP_DISK_NONE) {
        *out_done = false;
        return RP_OK;
    }
    if (linkat(stage->links, link_name, stage->present, entry, 0) == 0) {
        return RP_OK;
    }
    if (errno == EMLINK) { /* the name in LINKS is one too many */
        struct stat info;
        if (fstatat(stage->present, entry, &info, AT_SYMLINK_NOFOLLOW) != 0 &&
            renameat(stage->links, link_name, stage->present, entry) == 0) {
            return RP_OK;
        }
        errno = EMLINK;
    }
    if (errno == ENOENT) {
        *out_done = false;
        return RP_OK;
    }
    return fail_entry(stage, entry, "it cannot be linked", report);
}

/* ---- putting in place ---- */

/* Exchanges the new target with what stands there. ENOSYS or EINVAL: the host cannot. */
static int exchange_names(const struct rp_disk_stage *stage)
{
#ifdef RENAME_EXCHANGE
    if (!stage->rename_only) {
        return renameat2(stage->folder, TREE, stage->target.folder, stage->target.name,
                         RENAME_EXCHANGE);
    }
#endif
    (void)stage;
    errno = ENOSYS;
    return -1;
}

/* Renames the new target to where nothing stands. */
static int rename_to_nothing(const struct rp_disk_stage *stage)
{
    const struct rp_disk_target *target = &stage->target;
#ifdef RENAME_NOREPLACE
    if (!stage->rename_only) {
        if (renameat2(stage->folder, TREE, target->folder, target->name, RENAME_NOREPLACE) == 0) {
            return 0;
        }
        if (errno != ENOSYS && errno != EINVAL) {
            return -1;
        }
    }
#endif
    struct stat info;
    if (fstatat(target->folder, target->name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat(stage->folder, TREE, target->folder, target->name);
}

/* Takes what stands there aside and brings it back if the new target cannot follow. */
static int swap_names(struct rp_disk_stage *stage)
{
    const struct rp_disk_target *target = &stage->target;
    if (exchange_names(stage) == 0) {
        return 0;
    }
    if (errno != ENOSYS && errno != EINVAL) {
        return -1;
    }
    if (renameat(target->folder, target->name, stage->folder, OLD) != 0) {
        return -1;
    }
    if (renameat(stage->folder, TREE, target->folder, target->name) == 0) {
        return 0;
    }
    int error = errno;
    stage->keeps_old = renameat(stage->folder, OLD, target->folder, target->name) != 0;
    errno = error;
    return -1;
}

static int put_in_place(struct rp_disk_stage *stage, bool exists)
{
    const struct rp_disk_target *target = &stage->target;
    if (!exists) {
        return rename_to_nothing(stage);
    }
    if (stage->replace) {
        return swap_names(stage);
    }
    /* an empty folder: a folder replaces it only if it is still empty, a file comes after it */
    if (renameat(stage->folder, TREE, target->folder, target->name) == 0) {
        return 0;
    }
    return errno == EISDIR && unlinkat(target->folder, target->name, AT_REMOVEDIR) == 0
               ? rename_to_nothing(stage)
               : -1;
}

rp_status rp_disk_stage_commit(struct rp_disk_stage *stage, rp_report *report)
{
    RP_ASSERT(stage->level_count == 0 && stage->file == RP_DISK_NONE && !stage->committed);
    const char *path = stage->target.path;
    bool exists = false;
    /* what has come there meanwhile is not replaced unasked */
    rp_status status = rp_disk_target_check(&stage->target, stage->replace, &exists, report);
    if (status != RP_OK) {
        return status;
    }
    if (put_in_place(stage, exists) != 0) {
        int error = errno;
        return rp_report_fail(report, RP_ERROR_IO, "%s: it cannot be put in place: %s%s%s%s", path,
                              strerror(error), stage->keeps_old ? "; what stood there is " : "",
                              stage->keeps_old ? stage->name : "",
                              stage->keeps_old ? "/" OLD " beside it" : "");
    }
    stage->committed = true;
    rp_disk_close_descriptor(&stage->links);
    if (!remove_stage(stage)) {
        int error = errno;
        return rp_report_fail(report, RP_ERROR_IO,
                              "%s: it is written, but what stood there cannot all be removed: %s; "
                              "the rest is in %s beside it",
                              path, strerror(error), stage->name);
    }
    return RP_OK;
}
