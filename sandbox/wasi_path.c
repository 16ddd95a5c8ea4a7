/* Paths: opening, making, removing, renaming, examining (layer 4). */
#include "sandbox/device.h"
#include "sandbox/wasi_call.h"

/* A directory descriptor with a right, and a path of (pointer, length) parameters. */
struct path_arg {
    struct rp_vfs_start start;
    struct rp_vfs_path path;
    const struct rp_descriptor *descriptor;
};

static uint32_t load_path(const struct rp_wasi_call *call, unsigned index,
                          struct rp_vfs_path *out_path)
{
    uint32_t size = rp_arg_u32(call, index + 1);
    const uint8_t *bytes = rp_guest_bytes(call, rp_arg_u32(call, index), size);
    if (bytes == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    *out_path = (struct rp_vfs_path){(const char *)bytes, size};
    return RP_WASI_ERRNO_SUCCESS;
}

static uint32_t load_path_arg(const struct rp_wasi_call *call, unsigned fd_index,
                              unsigned path_index, uint64_t right, struct path_arg *out_arg)
{
    const struct rp_descriptor *descriptor = rp_wasi_descriptor(call, fd_index);
    if (descriptor == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    if (descriptor->kind != RP_DESCRIPTOR_DIRECTORY) {
        return RP_WASI_ERRNO_NOTDIR;
    }
    if ((descriptor->rights_base & right) != right) {
        return RP_WASI_ERRNO_NOTCAPABLE;
    }
    out_arg->descriptor = descriptor;
    out_arg->start =
        (struct rp_vfs_start){.directory = descriptor->inode, .read_only = descriptor->read_only};
    return load_path(call, path_index, &out_arg->path);
}

static uint32_t check_lookup(uint32_t flags)
{
    return (flags & ~RP_LOOKUP_SYMLINK_FOLLOW) == 0 ? RP_WASI_ERRNO_SUCCESS : RP_WASI_ERRNO_INVAL;
}

uint32_t rp_wasi_path_create_directory(struct rp_wasi_call *call)
{
    struct path_arg arg;
    uint32_t answer = load_path_arg(call, 0, 1, RP_RIGHT_PATH_CREATE_DIRECTORY, &arg);
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    rp_wasi_touch_clock(call);
    return rp_wasi_from_vfs(call, rp_vfs_make_directory(call->wasi->vfs, arg.start, arg.path));
}

uint32_t rp_wasi_path_filestat_get(struct rp_wasi_call *call)
{
    struct path_arg arg;
    uint32_t flags = rp_arg_u32(call, 1);
    uint32_t answer = load_path_arg(call, 0, 2, RP_RIGHT_PATH_FILESTAT_GET, &arg);
    uint8_t *result =
        rp_guest_bytes(call, rp_arg_u32(call, 4), rp_wasi_layout_of(call)->filestat_bytes);
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer = result == NULL ? RP_WASI_ERRNO_FAULT : check_lookup(flags);
    }
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    uint64_t inode = RP_VFS_NONE;
    struct rp_vfs_stat stat;
    enum rp_vfs_error error =
        rp_vfs_resolve(call->wasi->vfs, arg.start, arg.path, flags != 0, &inode);
    if (error == RP_VFS_OK) {
        error = rp_vfs_stat(call->wasi->vfs, inode, &stat);
    }
    if (error == RP_VFS_OK) {
        rp_wasi_store_filestat(call, result, &stat);
    }
    return rp_wasi_from_vfs(call, error);
}

uint32_t rp_wasi_path_filestat_set_times(struct rp_wasi_call *call)
{
    struct path_arg arg;
    uint32_t lookup = rp_arg_u32(call, 1);
    uint32_t flags = rp_arg_u32(call, 6);
    uint32_t both_accessed = RP_FSTFLAG_ATIM | RP_FSTFLAG_ATIM_NOW;
    uint32_t both_modified = RP_FSTFLAG_MTIM | RP_FSTFLAG_MTIM_NOW;
    uint32_t answer = load_path_arg(call, 0, 2, RP_RIGHT_PATH_FILESTAT_SET_TIMES, &arg);
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer = check_lookup(lookup);
    }
    if (answer == RP_WASI_ERRNO_SUCCESS &&
        ((flags & ~RP_FSTFLAGS_ALL) != 0 || (flags & both_accessed) == both_accessed ||
         (flags & both_modified) == both_modified)) {
        answer = RP_WASI_ERRNO_INVAL;
    }
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    uint64_t inode = RP_VFS_NONE;
    enum rp_vfs_error error =
        rp_vfs_resolve(call->wasi->vfs, arg.start, arg.path, lookup != 0, &inode);
    if (error != RP_VFS_OK || arg.start.read_only) {
        return error != RP_VFS_OK ? rp_wasi_from_vfs(call, error) : RP_WASI_ERRNO_ROFS;
    }
    return rp_wasi_set_times(call, inode, call->args[4], call->args[5], flags);
}

uint32_t rp_wasi_path_link(struct rp_wasi_call *call)
{
    struct path_arg old_arg;
    struct path_arg new_arg;
    uint32_t flags = rp_arg_u32(call, 1);
    uint32_t answer = load_path_arg(call, 0, 2, RP_RIGHT_PATH_LINK_SOURCE, &old_arg);
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer = load_path_arg(call, 4, 5, RP_RIGHT_PATH_LINK_TARGET, &new_arg);
    }
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer = check_lookup(flags);
    }
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    rp_wasi_touch_clock(call);
    return rp_wasi_from_vfs(call, rp_vfs_link(call->wasi->vfs, old_arg.start, old_arg.path,
                                              flags != 0, new_arg.start, new_arg.path));
}

/* ---- path_open ---- */

struct open_request {
    struct path_arg arg;
    uint8_t *result;
    uint32_t fdflags;
    unsigned vfs_flags;
};

/* The rights that the directory needs for the flags, its own and those that it passes on. Rights
 * that have a meaning and that it does not pass on cannot be asked for. */
static bool has_open_rights(const struct rp_wasi_call *call, const struct rp_descriptor *directory,
                            uint32_t oflags, uint32_t fdflags)
{
    uint64_t base = (oflags & RP_OFLAG_CREAT) != 0 ? RP_RIGHT_PATH_CREATE_FILE : 0;
    base |= (oflags & RP_OFLAG_TRUNC) != 0 ? RP_RIGHT_PATH_FILESTAT_SET_SIZE : 0;
    uint64_t passed = directory->rights_inheriting;
    bool syncs = (passed & RP_RIGHT_FD_SYNC) != 0;
    bool syncs_data = syncs || (passed & RP_RIGHT_FD_DATASYNC) != 0;
    uint64_t asked = (call->args[5] | call->args[6]) & RP_RIGHTS_KNOWN;
    return (directory->rights_base & base) == base && (asked & ~passed) == 0 &&
           ((fdflags & (RP_FDFLAG_RSYNC | RP_FDFLAG_SYNC)) == 0 || syncs) &&
           ((fdflags & RP_FDFLAG_DSYNC) == 0 || syncs_data);
}

static uint32_t load_open_request(const struct rp_wasi_call *call, struct open_request *out_request)
{
    uint32_t lookup = rp_arg_u32(call, 1);
    uint32_t oflags = rp_arg_u32(call, 4);
    uint32_t fdflags = rp_arg_u32(call, 7);
    uint32_t answer = load_path_arg(call, 0, 2, RP_RIGHT_PATH_OPEN, &out_request->arg);
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    out_request->result = rp_guest_bytes(call, rp_arg_u32(call, 8), 4);
    if (out_request->result == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    if (check_lookup(lookup) != RP_WASI_ERRNO_SUCCESS || (oflags & ~RP_OFLAGS_ALL) != 0 ||
        (fdflags & ~RP_FDFLAGS_ALL) != 0) {
        return RP_WASI_ERRNO_INVAL;
    }
    if (!has_open_rights(call, out_request->arg.descriptor, oflags, fdflags)) {
        return RP_WASI_ERRNO_NOTCAPABLE;
    }
    out_request->fdflags = fdflags;
    unsigned flags = (oflags & RP_OFLAG_CREAT) != 0 ? RP_VFS_OPEN_CREATE : 0;
    flags |= (oflags & RP_OFLAG_DIRECTORY) != 0 ? RP_VFS_OPEN_DIRECTORY : 0;
    flags |= (oflags & RP_OFLAG_EXCL) != 0 ? RP_VFS_OPEN_EXCLUSIVE : 0;
    flags |= (oflags & RP_OFLAG_TRUNC) != 0 ? RP_VFS_OPEN_TRUNCATE : 0;
    flags |= lookup != 0 ? RP_VFS_OPEN_FOLLOW : 0;
    flags |= (call->args[5] & RP_RIGHT_FD_WRITE) != 0 ? RP_VFS_OPEN_WRITE : 0;
    out_request->vfs_flags = flags;
    return RP_WASI_ERRNO_SUCCESS;
}

/* Those of its kind, and only to do what it can. */
uint64_t rp_wasi_device_rights(const struct rp_device *device)
{
    uint64_t rights = rp_device_is_stream(device)
                          ? RP_RIGHTS_PIPE | RP_RIGHT_FD_READ | RP_RIGHT_FD_WRITE
                          : RP_RIGHTS_DEVICE;
    rights &= ~(device->source == RP_SOURCE_NONE ? RP_RIGHT_FD_READ : 0);
    rights &= ~(device->sink == RP_SINK_NONE ? RP_RIGHT_FD_WRITE : 0);
    return rights;
}

/* Says what was opened, its inode, is, and which of the rights asked for apply to it. */
static void describe_opened(const struct rp_wasi_call *call, struct rp_descriptor *opened)
{
    struct rp_vfs_stat stat;
    enum rp_vfs_error error = rp_vfs_stat(call->wasi->vfs, opened->inode, &stat);
    RP_ASSERT(error == RP_VFS_OK);
    uint64_t applying = RP_RIGHTS_FILE;
    opened->kind = RP_DESCRIPTOR_FILE;
    if (stat.kind == RP_VFS_DIRECTORY) {
        opened->kind = RP_DESCRIPTOR_DIRECTORY;
        applying = RP_RIGHTS_DIRECTORY;
        opened->rights_inheriting = call->args[6] & RP_RIGHTS_INHERITED;
    } else if (stat.kind == RP_VFS_DEVICE) {
        opened->kind = RP_DESCRIPTOR_DEVICE;
        opened->device = stat.device;
        applying = rp_wasi_device_rights(rp_device_get(stat.device));
    } else {
        RP_ASSERT(stat.kind == RP_VFS_FILE);
        applying &= ~(opened->read_only ? RP_RIGHTS_WRITING : 0);
    }
    opened->rights_base = call->args[5] & applying;
}

uint32_t rp_wasi_path_open(struct rp_wasi_call *call)
{
    struct rp_wasi *wasi = call->wasi;
    struct open_request request;
    uint32_t answer = load_open_request(call, &request);
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    struct rp_descriptor opened = {.flags = (uint16_t)request.fdflags,
                                   .read_only = request.arg.start.read_only};
    switch (rp_descriptor_reserve(&wasi->descriptors, 1)) { /* the table may move */
    case RP_DESCRIPTOR_ROOM:
        break;
    case RP_DESCRIPTOR_NO_ROOM:
        return RP_WASI_ERRNO_MFILE;
    case RP_DESCRIPTOR_NO_MEMORY:
        return rp_wasi_fail_memory(call);
    }
    rp_wasi_touch_clock(call);
    enum rp_vfs_error error = rp_vfs_open(wasi->vfs, request.arg.start, request.arg.path,
                                          request.vfs_flags, &opened.inode);
    if (error != RP_VFS_OK) {
        return rp_wasi_from_vfs(call, error);
    }
    describe_opened(call, &opened);
    rp_put_u32(request.result, rp_descriptor_add(&wasi->descriptors, &opened));
    return RP_WASI_ERRNO_SUCCESS;
}

/* ---- the rest ---- */

uint32_t rp_wasi_path_readlink(struct rp_wasi_call *call)
{
    struct path_arg arg;
    uint32_t size = rp_arg_u32(call, 4);
    uint8_t *buffer = rp_guest_bytes(call, rp_arg_u32(call, 3), size);
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 5), 4);
    uint32_t answer = load_path_arg(call, 0, 1, RP_RIGHT_PATH_READLINK, &arg);
    if (answer == RP_WASI_ERRNO_SUCCESS && (buffer == NULL || result == NULL)) {
        answer = RP_WASI_ERRNO_FAULT;
    }
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    uint64_t inode = RP_VFS_NONE;
    size_t count = 0;
    enum rp_vfs_error error = rp_vfs_resolve(call->wasi->vfs, arg.start, arg.path, false, &inode);
    if (error == RP_VFS_OK) {
        error = rp_vfs_read_link(call->wasi->vfs, inode, buffer, size, &count);
    }
    if (error == RP_VFS_OK) {
        rp_put_u32(result, (uint32_t)count);
    }
    return rp_wasi_from_vfs(call, error);
}

uint32_t rp_wasi_path_remove_directory(struct rp_wasi_call *call)
{
    struct path_arg arg;
    uint32_t answer = load_path_arg(call, 0, 1, RP_RIGHT_PATH_REMOVE_DIRECTORY, &arg);
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    rp_wasi_touch_clock(call);
    return rp_wasi_from_vfs(call, rp_vfs_remove_directory(call->wasi->vfs, arg.start, arg.path));
}

uint32_t rp_wasi_path_rename(struct rp_wasi_call *call)
{
    struct path_arg old_arg;
    struct path_arg new_arg;
    uint32_t answer = load_path_arg(call, 0, 1, RP_RIGHT_PATH_RENAME_SOURCE, &old_arg);
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer = load_path_arg(call, 3, 4, RP_RIGHT_PATH_RENAME_TARGET, &new_arg);
    }
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    rp_wasi_touch_clock(call);
    return rp_wasi_from_vfs(call, rp_vfs_rename(call->wasi->vfs, old_arg.start, old_arg.path,
                                                new_arg.start, new_arg.path));
}

uint32_t rp_wasi_path_symlink(struct rp_wasi_call *call)
{
    struct path_arg arg;
    struct rp_vfs_path target = {0};
    uint32_t answer = load_path_arg(call, 2, 3, RP_RIGHT_PATH_SYMLINK, &arg);
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer = load_path(call, 0, &target);
    }
    if (answer == RP_WASI_ERRNO_SUCCESS && target.size > 0 && target.bytes[0] == '/') {
        answer = RP_WASI_ERRNO_PERM; /* preview 1 has no absolute paths */
    }
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    rp_wasi_touch_clock(call);
    return rp_wasi_from_vfs(call,
                            rp_vfs_make_symlink(call->wasi->vfs, arg.start, arg.path, target));
}

uint32_t rp_wasi_path_unlink_file(struct rp_wasi_call *call)
{
    struct path_arg arg;
    uint32_t answer = load_path_arg(call, 0, 1, RP_RIGHT_PATH_UNLINK_FILE, &arg);
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    rp_wasi_touch_clock(call);
    return rp_wasi_from_vfs(call, rp_vfs_unlink(call->wasi->vfs, arg.start, arg.path));
}
