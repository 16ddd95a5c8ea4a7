/* Descriptors: closing, what they are, flags, sizes, times, listing, preopens (layer 4). */
#include "sandbox/wasi_call.h"

/* A regular file with a right; else the error, which for what has no end is `other`. */
static uint32_t check_file(const struct rp_descriptor *descriptor, uint64_t rights, uint32_t other)
{
    if (descriptor == NULL || descriptor->kind == RP_DESCRIPTOR_DIRECTORY) {
        return RP_WASI_ERRNO_BADF;
    }
    if (descriptor->kind != RP_DESCRIPTOR_FILE) {
        return other;
    }
    return (descriptor->rights_base & rights) != 0 ? RP_WASI_ERRNO_SUCCESS
                                                   : RP_WASI_ERRNO_NOTCAPABLE;
}

uint32_t rp_wasi_fd_advise(struct rp_wasi_call *call)
{
    const struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint32_t answer = RP_WASI_ERRNO_SUCCESS;
    if (descriptor == NULL || descriptor->kind == RP_DESCRIPTOR_DIRECTORY) {
        answer = RP_WASI_ERRNO_BADF;
    } else if (rp_descriptor_is_stream(descriptor)) {
        answer = RP_WASI_ERRNO_SPIPE;
    } else if ((descriptor->rights_base & RP_RIGHT_FD_ADVISE) == 0) {
        answer = RP_WASI_ERRNO_NOTCAPABLE;
    }
    bool valid = rp_arg_u32(call, 3) <= RP_ADVICE_MAX && call->args[1] <= INT64_MAX &&
                 call->args[2] <= INT64_MAX;
    return answer != RP_WASI_ERRNO_SUCCESS || valid ? answer : RP_WASI_ERRNO_INVAL;
}

uint32_t rp_wasi_fd_allocate(struct rp_wasi_call *call)
{
    const struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    bool stream = descriptor != NULL && rp_descriptor_is_stream(descriptor);
    uint32_t answer = check_file(descriptor, RP_RIGHT_FD_ALLOCATE,
                                 stream ? RP_WASI_ERRNO_SPIPE : RP_WASI_ERRNO_NODEV);
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    if (call->args[1] > INT64_MAX || call->args[2] > INT64_MAX) {
        return RP_WASI_ERRNO_INVAL;
    }
    rp_wasi_touch_clock(call);
    return rp_wasi_from_vfs(
        call, rp_vfs_allocate(call->wasi->vfs, descriptor->inode, call->args[1], call->args[2]));
}

uint32_t rp_wasi_fd_close(struct rp_wasi_call *call)
{
    if (rp_wasi_descriptor(call, 0) == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    struct rp_wasi *wasi = call->wasi;
    return rp_wasi_from_vfs(
        call, rp_descriptor_close(&wasi->descriptors, wasi->vfs, rp_arg_u32(call, 0)));
}

/* Files are in memory: there is nothing to write back. */
static uint32_t sync_file(const struct rp_descriptor *descriptor, uint64_t rights)
{
    if (descriptor != NULL && descriptor->kind == RP_DESCRIPTOR_DIRECTORY) {
        return (descriptor->rights_base & RP_RIGHT_FD_SYNC) != 0 ? RP_WASI_ERRNO_SUCCESS
                                                                 : RP_WASI_ERRNO_NOTCAPABLE;
    }
    return check_file(descriptor, rights, RP_WASI_ERRNO_INVAL);
}

uint32_t rp_wasi_fd_datasync(struct rp_wasi_call *call)
{
    return sync_file(rp_wasi_descriptor(call, 0), RP_RIGHT_FD_DATASYNC);
}

uint32_t rp_wasi_fd_sync(struct rp_wasi_call *call)
{
    return sync_file(rp_wasi_descriptor(call, 0), RP_RIGHT_FD_SYNC);
}

/* Streams are of unknown type, by path too: none shall be taken for a terminal. */
static uint32_t descriptor_type(const struct rp_descriptor *descriptor)
{
    if (rp_descriptor_is_stream(descriptor)) {
        return RP_FILETYPE_UNKNOWN;
    }
    switch (descriptor->kind) {
    case RP_DESCRIPTOR_DIRECTORY:
        return RP_FILETYPE_DIRECTORY;
    case RP_DESCRIPTOR_DEVICE:
        return RP_FILETYPE_CHARACTER_DEVICE;
    case RP_DESCRIPTOR_FILE:
    case RP_DESCRIPTOR_STREAM:
    case RP_DESCRIPTOR_PIPE:
    case RP_DESCRIPTOR_CLOSED:
        break;
    }
    RP_ASSERT(descriptor->kind == RP_DESCRIPTOR_FILE);
    return RP_FILETYPE_REGULAR_FILE;
}

uint32_t rp_wasi_fd_fdstat_get(struct rp_wasi_call *call)
{
    const struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 1), RP_WASI_FDSTAT_BYTES);
    if (descriptor == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    if (result == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    memset(result, 0, RP_WASI_FDSTAT_BYTES);
    result[0] = (uint8_t)descriptor_type(descriptor);
    rp_put_u16(result + 2, descriptor->flags);
    rp_put_u64(result + 8, descriptor->rights_base);
    rp_put_u64(result + 16, descriptor->rights_inheriting);
    return RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_fd_fdstat_set_flags(struct rp_wasi_call *call)
{
    struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint32_t flags = rp_arg_u32(call, 1);
    if (descriptor == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    if ((flags & ~RP_FDFLAGS_ALL) != 0) {
        return RP_WASI_ERRNO_INVAL;
    }
    if ((descriptor->rights_base & RP_RIGHT_FD_FDSTAT_SET_FLAGS) == 0) {
        return RP_WASI_ERRNO_NOTCAPABLE;
    }
    descriptor->flags = (uint16_t)flags;
    return RP_WASI_ERRNO_SUCCESS;
}

/* Rights can be given up, never taken back. */
uint32_t rp_wasi_fd_fdstat_set_rights(struct rp_wasi_call *call)
{
    struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    if (descriptor == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    uint64_t base = call->args[1];
    uint64_t inheriting = call->args[2];
    if ((base & ~descriptor->rights_base) != 0 ||
        (inheriting & ~descriptor->rights_inheriting) != 0) {
        return RP_WASI_ERRNO_NOTCAPABLE;
    }
    descriptor->rights_base = base;
    descriptor->rights_inheriting = inheriting;
    return RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_fd_renumber(struct rp_wasi_call *call)
{
    if (rp_wasi_descriptor(call, 0) == NULL || rp_wasi_descriptor(call, 1) == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    struct rp_wasi *wasi = call->wasi;
    return rp_wasi_from_vfs(call, rp_descriptor_renumber(&wasi->descriptors, wasi->vfs,
                                                         rp_arg_u32(call, 0), rp_arg_u32(call, 1)));
}

uint32_t rp_wasi_fd_filestat_get(struct rp_wasi_call *call)
{
    const struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint8_t *result =
        rp_guest_bytes(call, rp_arg_u32(call, 1), rp_wasi_layout_of(call)->filestat_bytes);
    if (descriptor == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    if (result == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    if ((descriptor->rights_base & RP_RIGHT_FD_FILESTAT_GET) == 0) {
        return RP_WASI_ERRNO_NOTCAPABLE;
    }
    struct rp_vfs_stat stat = {.kind = RP_VFS_FIFO, .link_count = 1}; /* without an inode */
    if (descriptor->kind != RP_DESCRIPTOR_STREAM) {
        enum rp_vfs_error error = rp_vfs_stat(call->wasi->vfs, descriptor->inode, &stat);
        RP_ASSERT(error == RP_VFS_OK);
    }
    rp_wasi_store_filestat(call, result, &stat);
    return RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_fd_filestat_set_size(struct rp_wasi_call *call)
{
    const struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint32_t answer = check_file(descriptor, RP_RIGHT_FD_FILESTAT_SET_SIZE, RP_WASI_ERRNO_INVAL);
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    if (call->args[1] > INT64_MAX) {
        return RP_WASI_ERRNO_INVAL;
    }
    rp_wasi_touch_clock(call);
    return rp_wasi_from_vfs(call,
                            rp_vfs_truncate(call->wasi->vfs, descriptor->inode, call->args[1]));
}

uint32_t rp_wasi_fd_filestat_set_times(struct rp_wasi_call *call)
{
    const struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint32_t flags = rp_arg_u32(call, 3);
    uint32_t both_accessed = RP_FSTFLAG_ATIM | RP_FSTFLAG_ATIM_NOW;
    uint32_t both_modified = RP_FSTFLAG_MTIM | RP_FSTFLAG_MTIM_NOW;
    if (descriptor == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    if ((flags & ~RP_FSTFLAGS_ALL) != 0 || (flags & both_accessed) == both_accessed ||
        (flags & both_modified) == both_modified) {
        return RP_WASI_ERRNO_INVAL;
    }
    if ((descriptor->rights_base & RP_RIGHT_FD_FILESTAT_SET_TIMES) == 0) {
        return RP_WASI_ERRNO_NOTCAPABLE;
    }
    RP_ASSERT(descriptor->kind != RP_DESCRIPTOR_STREAM);
    if (descriptor->read_only) {
        return RP_WASI_ERRNO_ROFS;
    }
    return rp_wasi_set_times(call, descriptor->inode, call->args[1], call->args[2], flags);
}

/* A preopen that was not closed. */
static const struct rp_descriptor *find_preopen(const struct rp_wasi_call *call)
{
    const struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    return descriptor != NULL && descriptor->preopen_name != NULL ? descriptor : NULL;
}

uint32_t rp_wasi_fd_prestat_get(struct rp_wasi_call *call)
{
    const struct rp_descriptor *preopen = find_preopen(call);
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 1), RP_WASI_PRESTAT_BYTES);
    if (preopen == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    if (result == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    memset(result, 0, RP_WASI_PRESTAT_BYTES); /* tag 0: a directory */
    rp_put_u32(result + 4, (uint32_t)preopen->preopen_name_size);
    return RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_fd_prestat_dir_name(struct rp_wasi_call *call)
{
    const struct rp_descriptor *preopen = find_preopen(call);
    uint32_t size = rp_arg_u32(call, 2);
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 1), size);
    if (preopen == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    if (result == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    if (size < preopen->preopen_name_size) {
        return RP_WASI_ERRNO_NAMETOOLONG;
    }
    memcpy(result, preopen->preopen_name, preopen->preopen_name_size);
    return RP_WASI_ERRNO_SUCCESS;
}

/* ---- listing ---- */

/* Copies as much of an entry as fits; returns how much. */
static size_t put_entry(uint8_t *at, size_t room, const struct rp_vfs_entry *entry)
{
    uint8_t head[RP_WASI_DIRENT_BYTES] = {0};
    rp_put_u64(head, entry->cookie);
    rp_put_u64(head + 8, entry->inode);
    rp_put_u32(head + 16, entry->name_size);
    head[20] = (uint8_t)rp_wasi_filetype(entry->kind);
    size_t head_part = room < sizeof head ? room : sizeof head;
    memcpy(at, head, head_part);
    size_t left = room - head_part;
    size_t name_part = left < entry->name_size ? left : entry->name_size;
    memcpy(at + head_part, entry->name, name_part);
    return head_part + name_part;
}

static enum rp_vfs_error begin_listing(struct rp_vfs *vfs, struct rp_descriptor *descriptor,
                                       uint64_t cookie)
{
    if (!descriptor->reads) {
        enum rp_vfs_error error = rp_vfs_reader_begin(vfs, descriptor->inode);
        descriptor->reads = error == RP_VFS_OK;
        return error;
    }
    return cookie == RP_VFS_COOKIE_START ? rp_vfs_reader_rewind(vfs, descriptor->inode) : RP_VFS_OK;
}

static enum rp_vfs_error fill_listing(struct rp_vfs *vfs, uint64_t directory, uint64_t cookie,
                                      uint8_t *buffer, size_t size, size_t *out_used)
{
    size_t used = 0;
    uint64_t given = 0;
    while (used < size) {
        bool found = false;
        struct rp_vfs_entry entry;
        enum rp_vfs_error error = rp_vfs_list(vfs, directory, cookie, &found, &entry);
        if (error != RP_VFS_OK) {
            return error;
        }
        if (!found) {
            break;
        }
        used += put_entry(buffer + used, size - used, &entry);
        cookie = entry.cookie;
        given = cookie > given ? cookie : given;
    }
    *out_used = used;
    return rp_vfs_reader_gave(vfs, directory, given);
}

uint32_t rp_wasi_fd_readdir(struct rp_wasi_call *call)
{
    struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint32_t size = rp_arg_u32(call, 2);
    uint8_t *buffer = rp_guest_bytes(call, rp_arg_u32(call, 1), size);
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 4), 4);
    if (descriptor == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    if (descriptor->kind != RP_DESCRIPTOR_DIRECTORY) {
        return RP_WASI_ERRNO_NOTDIR;
    }
    if (buffer == NULL || result == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    if ((descriptor->rights_base & RP_RIGHT_FD_READDIR) == 0) {
        return RP_WASI_ERRNO_NOTCAPABLE;
    }
    struct rp_vfs *vfs = call->wasi->vfs;
    uint64_t cookie = call->args[3];
    bool found = false;
    struct rp_vfs_entry entry;
    enum rp_vfs_error error = rp_vfs_list(vfs, descriptor->inode, cookie, &found, &entry);
    if (error == RP_VFS_OK) {
        error = begin_listing(vfs, descriptor, cookie);
    }
    size_t used = 0;
    if (error == RP_VFS_OK) {
        error = fill_listing(vfs, descriptor->inode, cookie, buffer, size, &used);
    }
    if (error == RP_VFS_OK) {
        rp_put_u32(result, (uint32_t)used);
    }
    return rp_wasi_from_vfs(call, error);
}
