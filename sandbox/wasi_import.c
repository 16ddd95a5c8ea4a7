/* Host folders copied into the guest's tree (layer 4).
 *
 * A clone of the tree is kept while the copy is made and takes the tree's place again if it is
 * refused: nothing is left half done. Entries are taken in byte-wise order of their names, times
 * are virtual, owners and permissions are not looked at, so that equal contents give equal
 * trees. The hash is BLAKE2b-256 of this listing (integers little-endian), the folder itself
 * being the first:
 *
 *   folder  = 'd' entry* 'e'                entry  = name (folder | file | symlink)
 *   file    = 'f' content 'F' u64 size      name   = 'n' u32 size, bytes
 *   symlink = 'l' u32 size, bytes */
#include "core/hash.h"
#include "core/platform_files.h"
#include "sandbox/wasi_call.h"

#define PIECE_BYTES 65536u
#define HOST_PATH_BYTES 8192u

/* The paths grow and shrink with the folders that the copy is in. */
struct importer {
    struct rp_allocator *allocator;
    struct rp_vfs *vfs;
    struct rp_hash_state hash;
    rp_report *report;
    bool over_quota; /* of bytes */
    char *host;      /* HOST_PATH_BYTES each */
    size_t host_size;
    char *guest;
    size_t guest_size;
    uint8_t *piece; /* PIECE_BYTES */
};

static const struct rp_vfs_start root_start = {.directory = RP_VFS_ROOT};

static struct rp_vfs_path guest_path(const struct importer *importer)
{
    return importer->guest_size > 0 ? (struct rp_vfs_path){importer->guest, importer->guest_size}
                                    : (struct rp_vfs_path){".", 1};
}

static rp_status check_vfs(struct importer *importer, enum rp_vfs_error error)
{
    importer->over_quota = error == RP_VFS_NOSPC;
    return error == RP_VFS_OK ? RP_OK : rp_wasi_report_vfs(importer->report, importer->host, error);
}

static void hash_sized(struct importer *importer, char tag, const char *bytes, uint32_t size)
{
    uint8_t head[5] = {(uint8_t)tag};
    rp_put_u32(head + 1, size);
    rp_hash_update(&importer->hash, head, sizeof head);
    rp_hash_update(&importer->hash, bytes, size);
}

static void hash_tag(struct importer *importer, char tag)
{
    rp_hash_update(&importer->hash, &tag, 1);
}

/* Appends `/name` (`name` if nothing is there yet); false if it does not fit. */
static bool push_name(char *path, size_t *size, const char *name)
{
    size_t name_size = strlen(name);
    bool slash = *size > 0 && path[*size - 1] != '/';
    if (*size + name_size + 2 > HOST_PATH_BYTES) {
        return false;
    }
    if (slash) {
        path[*size] = '/';
        *size += 1;
    }
    memcpy(path + *size, name, name_size + 1);
    *size += name_size;
    return true;
}

static rp_status write_piece(struct importer *importer, uint64_t inode, uint64_t offset,
                             size_t size)
{
    size_t written = 0;
    enum rp_vfs_error error =
        rp_vfs_write(importer->vfs, inode, offset, importer->piece, size, &written);
    if (error == RP_VFS_OK && written < size) {
        error = RP_VFS_NOSPC;
    }
    return check_vfs(importer, error);
}

static rp_status copy_contents(struct importer *importer, struct rp_disk_file *file, uint64_t inode)
{
    uint64_t size = 0;
    for (;;) {
        size_t count = 0;
        rp_status status =
            rp_disk_read(file, importer->piece, PIECE_BYTES, &count, importer->report);
        if (status == RP_OK && count > 0) {
            rp_hash_update(&importer->hash, importer->piece, count);
            status = write_piece(importer, inode, size, count);
        }
        if (status != RP_OK) {
            return status;
        }
        if (count == 0) {
            break;
        }
        size += count;
    }
    uint8_t tail[9] = {'F'};
    rp_put_u64(tail + 1, size);
    rp_hash_update(&importer->hash, tail, sizeof tail);
    return RP_OK;
}

static rp_status import_file(struct importer *importer)
{
    struct rp_disk_file *file = NULL;
    rp_status status = rp_disk_open(importer->host, &file, importer->report);
    if (status != RP_OK) {
        return status;
    }
    uint64_t inode = RP_VFS_NONE;
    unsigned flags = RP_VFS_OPEN_CREATE | RP_VFS_OPEN_EXCLUSIVE | RP_VFS_OPEN_WRITE;
    status = check_vfs(importer,
                       rp_vfs_open(importer->vfs, root_start, guest_path(importer), flags, &inode));
    if (status == RP_OK) {
        hash_tag(importer, 'f');
        status = copy_contents(importer, file, inode);
        enum rp_vfs_error dropped = rp_vfs_drop(importer->vfs, inode);
        if (status == RP_OK) {
            status = check_vfs(importer, dropped);
        }
    }
    rp_disk_close(file);
    return status;
}

static rp_status import_symlink(struct importer *importer)
{
    char target[RP_VFS_PATH_BYTES_MAX + 1];
    size_t size = 0;
    rp_status status =
        rp_disk_read_link(importer->host, target, sizeof target, &size, importer->report);
    if (status != RP_OK) {
        return status;
    }
    hash_sized(importer, 'l', target, (uint32_t)size);
    return check_vfs(importer, rp_vfs_make_symlink(importer->vfs, root_start, guest_path(importer),
                                                   (struct rp_vfs_path){target, size}));
}

static rp_status import_folder(struct importer *importer);

/* What is at the present host path, to the present guest path. */
static rp_status import_entry(struct importer *importer)
{
    enum rp_disk_kind kind = RP_DISK_OTHER;
    uint64_t size = 0;
    rp_status status = rp_disk_stat(importer->host, false, &kind, &size, importer->report);
    if (status != RP_OK) {
        return status;
    }
    switch (kind) {
    case RP_DISK_REGULAR:
        return import_file(importer);
    case RP_DISK_SYMLINK:
        return import_symlink(importer);
    case RP_DISK_DIRECTORY:
        return import_folder(importer);
    case RP_DISK_DEVICE:
    case RP_DISK_SOCKET:
    case RP_DISK_PIPE:
    case RP_DISK_OTHER:
        break;
    }
    return rp_report_fail(importer->report, RP_ERROR_ARGUMENT,
                          "%s: it is %s; only files, folders and symbolic links can be imported",
                          importer->host, rp_disk_kind_text(kind));
}

/* Steps into a name of the present folder; the sizes to step back to. */
struct step {
    size_t host_size;
    size_t guest_size;
};

static rp_status step_in(struct importer *importer, const char *name, struct step *out_step)
{
    *out_step = (struct step){importer->host_size, importer->guest_size};
    if (!push_name(importer->host, &importer->host_size, name) ||
        !push_name(importer->guest, &importer->guest_size, name)) {
        return rp_report_fail(importer->report, RP_ERROR_LIMIT,
                              "%s: the path of '%s' in it is too long", importer->host, name);
    }
    return RP_OK;
}

static void step_back(struct importer *importer, const struct step *step)
{
    importer->host_size = step->host_size;
    importer->host[step->host_size] = '\0';
    importer->guest_size = step->guest_size;
    importer->guest[step->guest_size] = '\0';
}

static rp_status import_name(struct importer *importer, const char *name)
{
    struct step step;
    rp_status status = step_in(importer, name, &step);
    if (status == RP_OK) {
        hash_sized(importer, 'n', name, (uint32_t)strlen(name));
        status = import_entry(importer);
    }
    step_back(importer, &step);
    return status;
}

static rp_status import_folder(struct importer *importer)
{
    struct rp_disk_names names;
    rp_status status = rp_disk_list(importer->allocator, importer->host, &names, importer->report);
    if (status != RP_OK) {
        return status;
    }
    status = check_vfs(importer, rp_wasi_make_directories(importer->vfs, guest_path(importer)));
    hash_tag(importer, 'd');
    for (uint32_t i = 0; status == RP_OK && i < names.count; i++) {
        status = import_name(importer, names.names[i]);
    }
    hash_tag(importer, 'e');
    rp_disk_names_deinit(importer->allocator, &names);
    return status;
}

/* ---- loops of symbolic links ---- */

static rp_status refuse_loops(struct importer *importer, uint64_t directory);

static rp_status check_entry(struct importer *importer, const struct rp_vfs_entry *entry)
{
    char name[RP_VFS_NAME_BYTES_MAX + 1];
    memcpy(name, entry->name, entry->name_size);
    name[entry->name_size] = '\0';
    struct step step;
    rp_status status = step_in(importer, name, &step);
    uint64_t inode = RP_VFS_NONE;
    if (status == RP_OK && entry->kind == RP_VFS_DIRECTORY) {
        status = refuse_loops(importer, entry->inode);
    } else if (status == RP_OK && entry->kind == RP_VFS_SYMLINK &&
               rp_vfs_resolve(importer->vfs, root_start, guest_path(importer), true, &inode) ==
                   RP_VFS_LOOP) {
        status = rp_report_fail(
            importer->report, RP_ERROR_ARGUMENT,
            "%s: a loop of symbolic links (or a chain of more than %u) cannot be imported",
            importer->host, RP_VFS_SYMLINK_DEPTH_MAX);
    }
    step_back(importer, &step);
    return status;
}

/* Below a directory of the tree, whose paths are the present ones. */
static rp_status refuse_loops(struct importer *importer, uint64_t directory)
{
    uint64_t cookie = RP_VFS_COOKIE_FIRST;
    for (;;) {
        bool found = false;
        struct rp_vfs_entry entry;
        enum rp_vfs_error error = rp_vfs_list(importer->vfs, directory, cookie, &found, &entry);
        RP_ASSERT(error == RP_VFS_OK);
        if (!found) {
            return RP_OK;
        }
        rp_status status = check_entry(importer, &entry);
        if (status != RP_OK) {
            return status;
        }
        cookie = entry.cookie;
    }
}

/* ---- what a folder needs ---- */

static rp_status measure_folder(struct importer *importer, uint64_t *need);

/* Adds what the entry at the present paths will be charged, if it is not in the tree. */
static void measure_entry(const struct importer *importer, uint64_t *need)
{
    uint64_t inode = RP_VFS_NONE;
    const char *slash = strrchr(importer->guest, '/');
    if (rp_vfs_resolve(importer->vfs, root_start, guest_path(importer), false, &inode) !=
        RP_VFS_OK) {
        *need += RP_VFS_ENTRY_BYTES + strlen(slash != NULL ? slash + 1 : importer->guest);
    }
}

static rp_status measure_name(struct importer *importer, const char *name, uint64_t *need)
{
    struct step step;
    enum rp_disk_kind kind = RP_DISK_OTHER;
    uint64_t size = 0;
    rp_status status = step_in(importer, name, &step);
    if (status == RP_OK) {
        status = rp_disk_stat(importer->host, false, &kind, &size, NULL);
    }
    if (status == RP_OK) {
        measure_entry(importer, need);
    }
    if (status == RP_OK && kind == RP_DISK_DIRECTORY) {
        status = measure_folder(importer, need);
    } else if (status == RP_OK) {
        *need += kind == RP_DISK_SYMLINK
                     ? size
                     : (size + RP_VFS_PAGE_BYTES - 1) / RP_VFS_PAGE_BYTES * RP_VFS_PAGE_BYTES;
    }
    step_back(importer, &step);
    return status;
}

/* Adds what the entries of the folder at the present paths will be charged. */
static rp_status measure_folder(struct importer *importer, uint64_t *need)
{
    struct rp_disk_names names;
    rp_status status = rp_disk_list(importer->allocator, importer->host, &names, NULL);
    if (status != RP_OK) {
        return status;
    }
    for (uint32_t i = 0; status == RP_OK && i < names.count; i++) {
        status = measure_name(importer, names.names[i], need);
    }
    rp_disk_names_deinit(importer->allocator, &names);
    return status;
}

/* The folders on the guest path, one after the other. */
static void measure_guest_path(struct importer *importer, struct rp_vfs_path guest, uint64_t *need)
{
    for (size_t end = 0; end < guest.size;) {
        size_t start = end + strspn(guest.bytes + end, "/");
        end = start + strcspn(guest.bytes + start, "/");
        if (end == start || (end == start + 1 && guest.bytes[start] == '.')) {
            continue;
        }
        memcpy(importer->guest, guest.bytes, end);
        importer->guest[end] = '\0';
        importer->guest_size = end;
        measure_entry(importer, need);
    }
}

/* ---- the whole import ---- */

static rp_status check_root(const struct importer *importer)
{
    enum rp_disk_kind kind = RP_DISK_OTHER;
    uint64_t size = 0;
    rp_status status = rp_disk_stat(importer->host, true, &kind, &size, importer->report);
    if (status == RP_OK && kind != RP_DISK_DIRECTORY) {
        status = rp_report_fail(importer->report, RP_ERROR_ARGUMENT, "%s: it is %s, not a folder",
                                importer->host, rp_disk_kind_text(kind));
    }
    return status;
}

/* Copies the folder at the importer's paths and checks what came in. */
static rp_status import_tree(struct importer *importer)
{
    rp_status status = check_root(importer);
    if (status == RP_OK) {
        status = import_folder(importer);
    }
    uint64_t inode = RP_VFS_NONE;
    if (status == RP_OK) {
        status = check_vfs(importer, rp_vfs_resolve(importer->vfs, root_start, guest_path(importer),
                                                    true, &inode));
    }
    return status == RP_OK ? refuse_loops(importer, inode) : status;
}

static rp_status start_paths(struct importer *importer, const char *host, struct rp_vfs_path guest)
{
    bool root = guest.size == 1 && guest.bytes[0] == '.';
    if (strlen(host) + 2 > HOST_PATH_BYTES || guest.size + 2 > HOST_PATH_BYTES) {
        return rp_report_fail(importer->report, RP_ERROR_LIMIT, "%s: the path is too long", host);
    }
    importer->host_size = strlen(host);
    memcpy(importer->host, host, importer->host_size + 1);
    importer->guest_size = root ? 0 : guest.size;
    memcpy(importer->guest, guest.bytes, importer->guest_size);
    importer->guest[importer->guest_size] = '\0';
    return RP_OK;
}

static rp_status import_at(struct rp_wasi *wasi, struct importer *importer, const char *host,
                           struct rp_vfs_path guest, uint8_t out_hash[RP_HASH_BYTES])
{
    rp_status status = start_paths(importer, host, guest);
    if (status != RP_OK) {
        return status;
    }
    importer->vfs = wasi->vfs;
    rp_hash_init(&importer->hash);
    status = import_tree(importer);
    if (status == RP_OK) {
        rp_hash_final(&importer->hash, out_hash);
    }
    return status;
}

/* The three buffers of an importer in one block. */
#define BUFFERS_BYTES (2 * HOST_PATH_BYTES + PIECE_BYTES)

static rp_status add_import(struct rp_wasi *wasi, const char *host, const char *guest,
                            const uint8_t hash[RP_HASH_BYTES], rp_report *report)
{
    struct rp_wasi_import *grown = rp_grow(&wasi->allocator, wasi->imports, &wasi->import_capacity,
                                           (uint64_t)wasi->import_count + 1, sizeof *grown);
    if (grown == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "%s: no memory to import it", host);
    }
    wasi->imports = grown;
    struct rp_wasi_import import = {.host = rp_wasi_copy_string(&wasi->allocator, host),
                                    .guest = rp_wasi_copy_string(&wasi->allocator, guest)};
    if (import.host == NULL || import.guest == NULL) {
        rp_wasi_free_string(&wasi->allocator, import.host);
        rp_wasi_free_string(&wasi->allocator, import.guest);
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "%s: no memory to import it", host);
    }
    memcpy(import.hash, hash, sizeof import.hash);
    wasi->imports[wasi->import_count] = import;
    wasi->import_count++;
    return RP_OK;
}

/* What it does to the tree when it fails is undone by the caller. */
static rp_status import_and_preopen(struct rp_wasi *wasi, struct importer *importer,
                                    const char *host, const char *guest, bool read_only)
{
    struct rp_vfs_path path;
    uint8_t hash[RP_HASH_BYTES];
    rp_status status = rp_wasi_guest_path(guest, &path, importer->report);
    if (status == RP_OK) {
        status = import_at(wasi, importer, host, path, hash);
    }
    if (status == RP_OK) {
        status = add_import(wasi, host, guest, hash, importer->report);
    }
    if (status == RP_OK) {
        status = rp_wasi_add_preopen(wasi, guest, read_only, importer->report);
        if (status != RP_OK) {
            wasi->import_count--;
            rp_wasi_free_string(&wasi->allocator, wasi->imports[wasi->import_count].host);
            rp_wasi_free_string(&wasi->allocator, wasi->imports[wasi->import_count].guest);
        }
    }
    return status;
}

/* What the import said; where it met the quota of bytes, with the folder's need. */
static rp_status report_failure(struct importer *importer, const char *host, const char *guest,
                                rp_status status, rp_report *report)
{
    struct rp_vfs_path path;
    uint64_t need = 0;
    if (!importer->over_quota || rp_wasi_guest_path(guest, &path, NULL) != RP_OK ||
        start_paths(importer, host, path) != RP_OK) {
        return rp_report_fail(report, status, "%s", importer->report->text);
    }
    measure_guest_path(importer, path, &need);
    if (start_paths(importer, host, path) != RP_OK || measure_folder(importer, &need) != RP_OK) {
        return rp_report_fail(report, status, "%s", importer->report->text);
    }
    return rp_report_fail(report, status,
                          "%s: it needs %llu bytes in the guest's tree, of which %llu are used; "
                          "the limit is %llu",
                          host, (unsigned long long)need,
                          (unsigned long long)rp_vfs_bytes_used(importer->vfs),
                          (unsigned long long)rp_vfs_bytes_max(importer->vfs));
}

rp_status rp_wasi_import_dir(rp_wasi *wasi, const char *host_path, const char *guest,
                             bool read_only, rp_report *report)
{
    if (wasi->bindings != NULL) {
        return rp_report_fail(report, RP_ERROR_STATE, "imports come before rp_wasi_define");
    }
    struct rp_vfs *before = rp_vfs_clone(wasi->vfs);
    uint8_t *buffers = rp_alloc(&wasi->allocator, BUFFERS_BYTES);
    if (before == NULL || buffers == NULL) {
        rp_vfs_destroy(before);
        rp_free(&wasi->allocator, buffers, buffers != NULL ? BUFFERS_BYTES : 0);
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "%s: no memory to import it", host_path);
    }
    struct importer importer = {.allocator = &wasi->allocator,
                                .report = &(rp_report){0},
                                .host = (char *)buffers,
                                .guest = (char *)buffers + HOST_PATH_BYTES,
                                .piece = buffers + 2 * (size_t)HOST_PATH_BYTES};
    rp_status status = import_and_preopen(wasi, &importer, host_path, guest, read_only);
    if (status != RP_OK) {
        importer.vfs = before;
        status = report_failure(&importer, host_path, guest, status, report);
    }
    rp_free(&wasi->allocator, buffers, BUFFERS_BYTES);
    struct rp_vfs *loser = before;
    if (status != RP_OK) {
        loser = wasi->vfs;
        wasi->vfs = before;
    }
    rp_vfs_destroy(loser);
    return status;
}
