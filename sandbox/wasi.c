/* An rp_wasi: configuration, preopens, the embedder's access to the guest's tree (layer 4). */
#include "engine/store_check.h"
#include "sandbox/device.h"
#include "sandbox/shared_text.h"
#include "sandbox/wasi_call.h"

void rp_wasi_config_init(rp_wasi_config *config)
{
    *config = (rp_wasi_config){.struct_size = sizeof *config, .time_ns = RP_DEFAULT_TIME_NS};
}

char *rp_wasi_copy_string(struct rp_allocator *allocator, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = rp_alloc(allocator, size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

void rp_wasi_free_string(struct rp_allocator *allocator, char *text)
{
    if (text != NULL) {
        rp_free(allocator, text, strlen(text) + 1);
    }
}

/* All strings behind one another, each with its zero. */
static rp_status copy_strings(struct rp_allocator *allocator, const char *const *texts,
                              size_t count, const char *what, struct rp_wasi_strings *out_strings,
                              rp_report *report)
{
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += strlen(texts[i]) + 1;
    }
    if (size > RP_WASI_STRINGS_BYTES_MAX) {
        return rp_report_fail(report, RP_ERROR_LIMIT, "the %s has %llu bytes; the limit is %u",
                              what, (unsigned long long)size, RP_WASI_STRINGS_BYTES_MAX);
    }
    if (size == 0) {
        return RP_OK;
    }
    char *bytes = rp_shared_text_create(allocator, NULL, (size_t)size);
    if (bytes == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the %s", what);
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t part = strlen(texts[i]) + 1;
        memcpy(bytes + at, texts[i], part);
        at += part;
    }
    *out_strings =
        (struct rp_wasi_strings){.bytes = bytes, .size = (uint32_t)size, .count = (uint32_t)count};
    return RP_OK;
}

static rp_status check_config(const rp_wasi_config *config, rp_report *report)
{
    if (config->struct_size != sizeof *config) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "rp_wasi_config: struct_size is %zu, not %zu", config->struct_size,
                              sizeof *config);
    }
    for (size_t i = 0; i < config->env_count; i++) {
        const char *equals = strchr(config->env[i], '=');
        if (equals == NULL || equals == config->env[i]) {
            return rp_report_fail(report, RP_ERROR_ARGUMENT,
                                  "environment entry '%s': it must be NAME=value", config->env[i]);
        }
    }
    if (config->descriptors_max != 0 && config->descriptors_max < 3) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "descriptors_max is %u; the three standard streams need 3",
                              config->descriptors_max);
    }
    return RP_OK;
}

static bool add_streams(struct rp_wasi *wasi)
{
    static const uint32_t devices[3] = {RP_DEVICE_STDIN, RP_DEVICE_STDOUT, RP_DEVICE_STDERR};
    for (uint32_t stream = 0; stream < 3; stream++) {
        if (rp_descriptor_reserve(&wasi->descriptors, 1) != RP_DESCRIPTOR_ROOM) {
            return false;
        }
        struct rp_descriptor descriptor = {
            .kind = RP_DESCRIPTOR_STREAM,
            .device = devices[stream],
            .rights_base = RP_RIGHTS_STREAM | (stream == 0 ? RP_RIGHT_FD_READ : RP_RIGHT_FD_WRITE),
        };
        uint32_t number = rp_descriptor_add(&wasi->descriptors, &descriptor);
        RP_ASSERT(number == stream);
    }
    return true;
}

static struct rp_wasi *new_wasi(const rp_wasi_config *config)
{
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, config->allocation_limit_bytes != 0
                                      ? config->allocation_limit_bytes
                                      : UINT64_MAX);
    struct rp_wasi *wasi = rp_alloc_zero(&allocator, 1, sizeof *wasi);
    if (wasi == NULL) {
        return NULL;
    }
    wasi->allocator = allocator;
    struct rp_vfs_limits limits = {
        .bytes_max = config->vfs_bytes_max != 0 ? config->vfs_bytes_max : RP_WASI_DEFAULT_VFS_BYTES,
        .inodes_max = config->inodes_max != 0 ? config->inodes_max : RP_WASI_DEFAULT_INODES,
    };
    uint32_t descriptors =
        config->descriptors_max != 0 ? config->descriptors_max : RP_WASI_DEFAULT_DESCRIPTORS;
    rp_descriptor_table_init(&wasi->descriptors, &wasi->allocator, descriptors);
    wasi->output_bytes_max = config->output_bytes_max != 0 ? config->output_bytes_max : UINT64_MAX;
    wasi->start_ns = config->time_ns;
    wasi->read = config->read;
    wasi->write = config->write;
    wasi->user = config->user;
    wasi->vfs = rp_vfs_create(&wasi->allocator, &limits, config->time_ns);
    if (wasi->vfs == NULL || !add_streams(wasi)) {
        rp_wasi_destroy(wasi);
        return NULL;
    }
    return wasi;
}

rp_status rp_wasi_create(const rp_wasi_config *config, rp_wasi **out_wasi, rp_report *report)
{
    rp_status status = check_config(config, report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_wasi *wasi = new_wasi(config);
    if (wasi == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the guest's file tree");
    }
    status = copy_strings(&wasi->allocator, config->args, config->arg_count, "argument list",
                          &wasi->args, report);
    if (status == RP_OK) {
        status = copy_strings(&wasi->allocator, config->env, config->env_count, "environment",
                              &wasi->env, report);
    }
    if (status != RP_OK) {
        rp_wasi_destroy(wasi);
        return status;
    }
    *out_wasi = wasi;
    return RP_OK;
}

void rp_wasi_destroy(rp_wasi *wasi)
{
    if (wasi == NULL) {
        return;
    }
    struct rp_allocator *allocator = &wasi->allocator;
    rp_descriptor_table_deinit(&wasi->descriptors);
    rp_vfs_destroy(wasi->vfs);
    rp_shared_text_release(allocator, wasi->args.bytes, wasi->args.size);
    rp_shared_text_release(allocator, wasi->env.bytes, wasi->env.size);
    for (uint32_t i = 0; i < wasi->import_count; i++) {
        rp_wasi_free_string(allocator, wasi->imports[i].host);
        rp_wasi_free_string(allocator, wasi->imports[i].guest);
    }
    rp_free(allocator, wasi->imports, wasi->import_capacity * sizeof *wasi->imports);
    if (wasi->bindings != NULL) {
        rp_free(allocator, wasi->bindings, RP_WASI_BINDING_COUNT * sizeof *wasi->bindings);
    }
    struct rp_allocator last = wasi->allocator;
    rp_free(&last, wasi, sizeof *wasi);
    RP_ASSERT(last.used_bytes == 0);
}

/* ---- the guest's tree, from outside ---- */

rp_status rp_wasi_report_vfs(rp_report *report, const char *path, enum rp_vfs_error error)
{
    rp_status status = RP_ERROR_ARGUMENT;
    if (error == RP_VFS_NOENT) {
        status = RP_ERROR_NOT_FOUND;
    } else if (error == RP_VFS_NOMEM) {
        status = RP_ERROR_NO_MEMORY;
    } else if (error == RP_VFS_NOSPC || error == RP_VFS_DQUOT || error == RP_VFS_NAMETOOLONG ||
               error == RP_VFS_MLINK || error == RP_VFS_FBIG) {
        status = RP_ERROR_LIMIT;
    }
    return rp_report_fail(report, status, "%s: %s", path, rp_vfs_error_text(error));
}

rp_status rp_wasi_guest_path(const char *guest_path, struct rp_vfs_path *out_path,
                             rp_report *report)
{
    if (guest_path[0] == '\0') {
        return rp_report_fail(report, RP_ERROR_ARGUMENT, "the guest path is empty");
    }
    const char *at = guest_path;
    while (*at == '/') {
        at++;
    }
    for (const char *step = at; *step != '\0';
         step += strcspn(step, "/"), step += strspn(step, "/")) {
        if (strcspn(step, "/") == 2 && memcmp(step, "..", 2) == 0) {
            return rp_report_fail(
                report, RP_ERROR_ARGUMENT,
                "guest path '%s': '..' is not allowed; name the folder from the root, as in "
                "HOST::/name",
                guest_path);
        }
    }
    *out_path = *at != '\0' ? (struct rp_vfs_path){at, strlen(at)} : (struct rp_vfs_path){".", 1};
    return RP_OK;
}

static const struct rp_vfs_start root_start = {.directory = RP_VFS_ROOT};

enum rp_vfs_error rp_wasi_make_directories(struct rp_vfs *vfs, struct rp_vfs_path path)
{
    for (size_t end = 0; end < path.size;) {
        while (end < path.size && path.bytes[end] == '/') {
            end++;
        }
        while (end < path.size && path.bytes[end] != '/') {
            end++;
        }
        struct rp_vfs_path prefix = {path.bytes, end};
        uint64_t inode = RP_VFS_NONE;
        enum rp_vfs_error error = rp_vfs_resolve(vfs, root_start, prefix, true, &inode);
        if (error == RP_VFS_NOENT) {
            error = rp_vfs_make_directory(vfs, root_start, prefix);
        } else if (error == RP_VFS_OK && !rp_vfs_is_directory(vfs, inode)) {
            error = RP_VFS_NOTDIR;
        }
        if (error != RP_VFS_OK) {
            return error;
        }
    }
    return RP_VFS_OK;
}

rp_status rp_wasi_add_preopen(struct rp_wasi *wasi, const char *guest_path, bool read_only,
                              rp_report *report)
{
    struct rp_vfs_path path;
    rp_status status = rp_wasi_guest_path(guest_path, &path, report);
    if (status != RP_OK) {
        return status;
    }
    enum rp_descriptor_room room = rp_descriptor_reserve(&wasi->descriptors, 1);
    if (room == RP_DESCRIPTOR_NO_ROOM) {
        return rp_report_fail(report, RP_ERROR_LIMIT,
                              "%s: no descriptor left for this preopen; the limit is %u",
                              guest_path, wasi->descriptors.max);
    }
    size_t name_size = strlen(guest_path);
    char *name = room == RP_DESCRIPTOR_ROOM
                     ? rp_shared_text_create(&wasi->allocator, guest_path, name_size)
                     : NULL;
    if (name == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "%s: no memory for this preopen",
                              guest_path);
    }
    uint64_t inode = RP_VFS_NONE;
    enum rp_vfs_error error = rp_vfs_open(wasi->vfs, root_start, path,
                                          RP_VFS_OPEN_DIRECTORY | RP_VFS_OPEN_FOLLOW, &inode);
    if (error != RP_VFS_OK) {
        rp_shared_text_release(&wasi->allocator, name, name_size);
        return rp_wasi_report_vfs(report, guest_path, error);
    }
    struct rp_descriptor descriptor = {.kind = RP_DESCRIPTOR_DIRECTORY,
                                       .read_only = read_only,
                                       .rights_base = RP_RIGHTS_DIRECTORY,
                                       .rights_inheriting = RP_RIGHTS_INHERITED,
                                       .inode = inode,
                                       .preopen_name = name,
                                       .preopen_name_size = name_size};
    (void)rp_descriptor_add(&wasi->descriptors, &descriptor);
    return RP_OK;
}

rp_status rp_wasi_preopen(rp_wasi *wasi, const char *guest_path, bool read_only, rp_report *report)
{
    if (wasi->bindings != NULL) {
        return rp_report_fail(report, RP_ERROR_STATE, "preopens come before rp_wasi_define");
    }
    struct rp_vfs_path path;
    rp_status status = rp_wasi_guest_path(guest_path, &path, report);
    if (status != RP_OK) {
        return status;
    }
    enum rp_vfs_error error = rp_wasi_make_directories(wasi->vfs, path);
    return error == RP_VFS_OK ? rp_wasi_add_preopen(wasi, guest_path, read_only, report)
                              : rp_wasi_report_vfs(report, guest_path, error);
}

/* Writes a whole file into the tree; the directories on its path exist. */
static enum rp_vfs_error put_file(struct rp_vfs *vfs, struct rp_vfs_path path, const void *data,
                                  size_t size)
{
    uint64_t inode = RP_VFS_NONE;
    unsigned flags =
        RP_VFS_OPEN_CREATE | RP_VFS_OPEN_TRUNCATE | RP_VFS_OPEN_WRITE | RP_VFS_OPEN_FOLLOW;
    enum rp_vfs_error error = rp_vfs_open(vfs, root_start, path, flags, &inode);
    if (error != RP_VFS_OK) {
        return error;
    }
    for (size_t done = 0; error == RP_VFS_OK && done < size;) {
        size_t count = 0;
        error = rp_vfs_write(vfs, inode, done, (const uint8_t *)data + done, size - done, &count);
        done += error == RP_VFS_OK ? count : 0;
    }
    enum rp_vfs_error dropped = rp_vfs_drop(vfs, inode);
    return error != RP_VFS_OK ? error : dropped;
}

rp_status rp_wasi_write_file(rp_wasi *wasi, const char *guest_path, const void *data, size_t size,
                             rp_report *report)
{
    struct rp_vfs_path path;
    rp_status status = RP_OK;
    if (wasi->store != NULL) {
        status = rp_store_require(wasi->store, RP_UNLESS_CUT, "rp_wasi_write_file", report);
    }
    if (status == RP_OK) {
        status = rp_wasi_guest_path(guest_path, &path, report);
    }
    if (status != RP_OK) {
        return status;
    }
    size_t parent_size = path.size;
    while (parent_size > 0 && path.bytes[parent_size - 1] != '/') {
        parent_size--;
    }
    /* so that a quota met half way leaves nothing behind */
    struct rp_vfs *trial = rp_vfs_clone(wasi->vfs);
    if (trial == NULL) {
        return rp_wasi_report_vfs(report, guest_path, RP_VFS_NOMEM);
    }
    enum rp_vfs_error error =
        rp_wasi_make_directories(trial, (struct rp_vfs_path){path.bytes, parent_size});
    if (error == RP_VFS_OK) {
        error = put_file(trial, path, data, size);
    }
    struct rp_vfs *loser = error == RP_VFS_OK ? wasi->vfs : trial;
    if (error == RP_VFS_OK) {
        wasi->vfs = trial;
        if (wasi->store != NULL) {
            rp_store_count_change(wasi->store);
        }
    }
    rp_vfs_destroy(loser);
    return error == RP_VFS_OK ? RP_OK : rp_wasi_report_vfs(report, guest_path, error);
}

static rp_status find_inode(const struct rp_wasi *wasi, const char *guest_path, bool follow,
                            struct rp_vfs_stat *out_stat, rp_report *report)
{
    struct rp_vfs_path path;
    rp_status status = rp_wasi_guest_path(guest_path, &path, report);
    if (status != RP_OK) {
        return status;
    }
    uint64_t inode = RP_VFS_NONE;
    enum rp_vfs_error error = rp_vfs_resolve(wasi->vfs, root_start, path, follow, &inode);
    if (error == RP_VFS_OK) {
        error = rp_vfs_stat(wasi->vfs, inode, out_stat);
    }
    return error == RP_VFS_OK ? RP_OK : rp_wasi_report_vfs(report, guest_path, error);
}

rp_status rp_wasi_stat(const rp_wasi *wasi, const char *guest_path, rp_wasi_kind *out_kind,
                       uint64_t *out_size, rp_report *report)
{
    static const rp_wasi_kind kinds[] = {[RP_VFS_DIRECTORY] = RP_WASI_DIRECTORY,
                                         [RP_VFS_FILE] = RP_WASI_FILE,
                                         [RP_VFS_SYMLINK] = RP_WASI_SYMLINK,
                                         [RP_VFS_DEVICE] = RP_WASI_DEVICE};
    struct rp_vfs_stat stat;
    rp_status status = find_inode(wasi, guest_path, false, &stat, report);
    if (status == RP_OK) {
        RP_ASSERT(stat.kind != RP_VFS_FIFO); /* a pipe has no path */
        *out_kind = kinds[stat.kind];
        *out_size = stat.size;
    }
    return status;
}

rp_status rp_wasi_read_file(const rp_wasi *wasi, const char *guest_path, uint64_t offset,
                            void *data, size_t size, size_t *out_count, rp_report *report)
{
    struct rp_vfs_stat stat;
    rp_status status = find_inode(wasi, guest_path, false, &stat, report);
    if (status != RP_OK) {
        return status;
    }
    if (stat.kind == RP_VFS_DIRECTORY) {
        return rp_wasi_report_vfs(report, guest_path, RP_VFS_ISDIR);
    }
    if (stat.kind == RP_VFS_DEVICE) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT, "%s: a device has no contents",
                              guest_path);
    }
    enum rp_vfs_error error = RP_VFS_OK;
    if (stat.kind == RP_VFS_FILE) {
        error = rp_vfs_read(wasi->vfs, stat.inode, offset, data, size, out_count);
    } else if (offset == 0) {
        error = rp_vfs_read_link(wasi->vfs, stat.inode, data, size, out_count);
    } else {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "%s: a symlink's target is read from offset 0", guest_path);
    }
    return error == RP_VFS_OK ? RP_OK : rp_wasi_report_vfs(report, guest_path, error);
}

uint64_t rp_wasi_output_bytes(const rp_wasi *wasi)
{
    return wasi->output_bytes;
}

uint64_t rp_wasi_vfs_bytes(const rp_wasi *wasi)
{
    return rp_vfs_bytes_used(wasi->vfs);
}

size_t rp_wasi_import_count(const rp_wasi *wasi)
{
    return wasi->import_count;
}

rp_wasi_import_info rp_wasi_import(const rp_wasi *wasi, size_t index)
{
    RP_ASSERT(index < wasi->import_count);
    const struct rp_wasi_import *import = &wasi->imports[index];
    rp_wasi_import_info info = {.host = import->host, .guest = import->guest};
    memcpy(info.hash, import->hash, sizeof info.hash);
    return info;
}
