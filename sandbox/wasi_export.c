/* The guest's tree, or a part of it, written to the host (layer 4).
 *
 * Everything host-side is core/platform_stage.h's: written aside, put in place in one step. The
 * tree is walked with a stack of its own, as it may be deeper than the native stack. */
#include "core/platform_stage.h"
#include "sandbox/wasi_call.h"

#define PIECE_BYTES 65536u

_Static_assert(PIECE_BYTES % RP_VFS_PAGE_BYTES == 0, "pieces are whole pages");

/* A directory that is being written, and the entry that its listing goes on behind. */
struct level {
    uint64_t directory;
    uint64_t cookie;
};

struct exporter {
    const struct rp_wasi *wasi;
    struct rp_allocator *allocator;
    struct rp_disk_stage *stage;
    const char *host;
    rp_report *report;
    struct level *levels;
    uint32_t level_count;
    uint32_t level_capacity;
    uint8_t *piece; /* PIECE_BYTES */
};

static rp_status check_stop(const struct exporter *exporter)
{
    return atomic_load(&exporter->wasi->export_stopped)
               ? rp_report_fail(exporter->report, RP_ERROR_STATE, "%s: stopped; nothing is written",
                                exporter->host)
               : RP_OK;
}

static rp_status fail_memory(const struct exporter *exporter)
{
    return rp_report_fail(exporter->report, RP_ERROR_NO_MEMORY, "%s: no memory to write it",
                          exporter->host);
}

static struct rp_disk_times times_of(const struct rp_vfs_stat *stat)
{
    return (struct rp_disk_times){.accessed_ns = stat->accessed_ns,
                                  .modified_ns = stat->modified_ns};
}

/* The bytes from `start` on that lie in pages without a gap, at most a piece. */
static size_t measure_piece(const struct rp_vfs *vfs, const struct rp_vfs_stat *stat,
                            uint64_t start)
{
    uint64_t end = start;
    while (end < stat->size && end - start < PIECE_BYTES) {
        uint64_t data = 0;
        enum rp_vfs_error error = rp_vfs_next_data(vfs, stat->inode, end, &data);
        RP_ASSERT(error == RP_VFS_OK);
        if (data != end) {
            break;
        }
        end += RP_VFS_PAGE_BYTES;
    }
    return (size_t)((end < stat->size ? end : stat->size) - start);
}

static rp_status export_contents(const struct exporter *exporter, const struct rp_vfs_stat *stat)
{
    const struct rp_vfs *vfs = exporter->wasi->vfs;
    uint64_t offset = 0;
    rp_status status = RP_OK;
    while (status == RP_OK) {
        enum rp_vfs_error error = rp_vfs_next_data(vfs, stat->inode, offset, &offset);
        RP_ASSERT(error == RP_VFS_OK);
        if (offset == stat->size) {
            break;
        }
        size_t size = measure_piece(vfs, stat, offset);
        size_t count = 0;
        error = rp_vfs_read(vfs, stat->inode, offset, exporter->piece, size, &count);
        RP_ASSERT(error == RP_VFS_OK && count == size && size > 0);
        status = check_stop(exporter);
        if (status == RP_OK) {
            status = rp_disk_stage_write(exporter->stage, offset, exporter->piece, size,
                                         exporter->report);
        }
        offset += size;
    }
    return status;
}

static rp_status export_file(const struct exporter *exporter, const char *name,
                             const struct rp_vfs_stat *stat)
{
    struct rp_disk_times times = times_of(stat);
    rp_status status = rp_disk_stage_begin_file(exporter->stage, name, exporter->report);
    if (status == RP_OK) {
        status = export_contents(exporter, stat);
    }
    return status == RP_OK
               ? rp_disk_stage_end_file(exporter->stage, stat->size, &times, exporter->report)
               : status;
}

static rp_status export_symlink(const struct exporter *exporter, const char *name,
                                const struct rp_vfs_stat *stat)
{
    struct rp_disk_times times = times_of(stat);
    char target[RP_VFS_PATH_BYTES_MAX + 1];
    size_t size = 0;
    enum rp_vfs_error error =
        rp_vfs_read_link(exporter->wasi->vfs, stat->inode, target, sizeof target - 1, &size);
    RP_ASSERT(error == RP_VFS_OK && size == stat->size);
    target[size] = '\0';
    return rp_disk_stage_symlink(exporter->stage, name, target, &times, exporter->report);
}

/* A file or symlink: written once, linked where it comes again. */
static rp_status export_leaf(const struct exporter *exporter, const char *name,
                             const struct rp_vfs_stat *stat)
{
    bool done = false;
    rp_status status = RP_OK;
    if (stat->link_count > 1) {
        status = rp_disk_stage_link(exporter->stage, name, stat->inode, &done, exporter->report);
    }
    if (status != RP_OK || done) {
        return status;
    }
    status = stat->kind == RP_VFS_FILE ? export_file(exporter, name, stat)
                                       : export_symlink(exporter, name, stat);
    if (status == RP_OK && stat->link_count > 1) {
        status = rp_disk_stage_remember(exporter->stage, name, stat->inode, exporter->report);
    }
    return status;
}

static rp_status enter_directory(struct exporter *exporter, const char *name, uint64_t inode)
{
    struct level *grown = rp_grow(exporter->allocator, exporter->levels, &exporter->level_capacity,
                                  (uint64_t)exporter->level_count + 1, sizeof *grown);
    if (grown == NULL) {
        return fail_memory(exporter);
    }
    exporter->levels = grown;
    rp_status status = rp_disk_stage_enter(exporter->stage, name, exporter->report);
    if (status == RP_OK) {
        exporter->levels[exporter->level_count] =
            (struct level){.directory = inode, .cookie = RP_VFS_COOKIE_FIRST};
        exporter->level_count++;
    }
    return status;
}

static struct rp_vfs_stat stat_of(const struct exporter *exporter, uint64_t inode)
{
    struct rp_vfs_stat stat;
    enum rp_vfs_error error = rp_vfs_stat(exporter->wasi->vfs, inode, &stat);
    RP_ASSERT(error == RP_VFS_OK);
    return stat;
}

static rp_status export_inode(struct exporter *exporter, const char *name, uint64_t inode)
{
    struct rp_vfs_stat stat = stat_of(exporter, inode);
    switch (stat.kind) {
    case RP_VFS_DIRECTORY:
        return enter_directory(exporter, name, inode);
    case RP_VFS_FILE:
    case RP_VFS_SYMLINK:
        return export_leaf(exporter, name, &stat);
    case RP_VFS_DEVICE:
    case RP_VFS_FIFO:
        break; /* nothing that a host could keep */
    }
    return RP_OK;
}

/* The next entry of the innermost directory, or the way out of it. */
static rp_status export_next(struct exporter *exporter)
{
    struct level *level = &exporter->levels[exporter->level_count - 1];
    bool found = false;
    struct rp_vfs_entry entry;
    enum rp_vfs_error error =
        rp_vfs_list(exporter->wasi->vfs, level->directory, level->cookie, &found, &entry);
    RP_ASSERT(error == RP_VFS_OK);
    rp_status status = check_stop(exporter);
    if (status != RP_OK) {
        return status;
    }
    if (!found) {
        struct rp_vfs_stat stat = stat_of(exporter, level->directory);
        struct rp_disk_times times = times_of(&stat);
        exporter->level_count--;
        return rp_disk_stage_leave(exporter->stage, &times, exporter->report);
    }
    level->cookie = entry.cookie;
    char name[RP_VFS_NAME_BYTES_MAX + 1];
    memcpy(name, entry.name, entry.name_size);
    name[entry.name_size] = '\0';
    return export_inode(exporter, name, entry.inode);
}

/* Everything below an inode, into the stage and from there into place. */
static rp_status export_tree(struct exporter *exporter, uint64_t inode, bool replace)
{
    exporter->piece = rp_alloc(exporter->allocator, PIECE_BYTES);
    if (exporter->piece == NULL) {
        return fail_memory(exporter);
    }
    rp_status status = rp_disk_stage_create(exporter->allocator, exporter->host, replace,
                                            &exporter->stage, exporter->report);
    if (status == RP_OK) {
        status = export_inode(exporter, "", inode);
        while (status == RP_OK && exporter->level_count > 0) {
            status = export_next(exporter);
        }
        if (status == RP_OK) {
            status = check_stop(exporter);
        }
        if (status == RP_OK) {
            status = rp_disk_stage_commit(exporter->stage, exporter->report);
        }
        rp_disk_stage_destroy(exporter->stage);
    }
    rp_free(exporter->allocator, exporter->levels,
            exporter->level_capacity * sizeof *exporter->levels);
    rp_free(exporter->allocator, exporter->piece, PIECE_BYTES);
    return status;
}

rp_status rp_wasi_export(const rp_wasi *wasi, const char *guest_path, const char *host_path,
                         bool replace, rp_report *report)
{
    static const struct rp_vfs_start root_start = {.directory = RP_VFS_ROOT};
    struct rp_vfs_path path;
    rp_status status = rp_wasi_guest_path(guest_path, &path, report);
    if (status != RP_OK) {
        return status;
    }
    uint64_t inode = RP_VFS_NONE;
    enum rp_vfs_error error = rp_vfs_resolve(wasi->vfs, root_start, path, true, &inode);
    if (error != RP_VFS_OK) {
        return rp_wasi_report_vfs(report, guest_path, error);
    }
    /* the same limit and injected failures, without a change of what is const */
    struct rp_allocator allocator = wasi->allocator;
    struct exporter exporter = {
        .wasi = wasi, .allocator = &allocator, .host = host_path, .report = report};
    enum rp_vfs_kind kind = stat_of(&exporter, inode).kind;
    if (kind == RP_VFS_DEVICE || kind == RP_VFS_FIFO) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "%s: it is %s; only files and folders can be exported", guest_path,
                              kind == RP_VFS_DEVICE ? "a device" : "a pipe");
    }
    status = export_tree(&exporter, inode, replace);
    RP_ASSERT(allocator.used_bytes == wasi->allocator.used_bytes);
    return status;
}

rp_status rp_wasi_check_export(const char *host_path, bool replace, rp_report *report)
{
    return rp_disk_check_target(host_path, replace, report);
}

void rp_wasi_stop_export(rp_wasi *wasi)
{
    atomic_store(&wasi->export_stopped, true);
}
