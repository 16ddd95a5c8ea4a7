/* What several WASI functions share: vectors, structures, errors, times (layer 4). */
#include "sandbox/wasi_call.h"

static const uint16_t errno_of_vfs[RP_VFS_ERROR_COUNT] = {
    [RP_VFS_OK] = RP_WASI_ERRNO_SUCCESS,
    [RP_VFS_PERM] = RP_WASI_ERRNO_PERM,
    [RP_VFS_NOENT] = RP_WASI_ERRNO_NOENT,
    [RP_VFS_EXIST] = RP_WASI_ERRNO_EXIST,
    [RP_VFS_NOTDIR] = RP_WASI_ERRNO_NOTDIR,
    [RP_VFS_ISDIR] = RP_WASI_ERRNO_ISDIR,
    [RP_VFS_NOTEMPTY] = RP_WASI_ERRNO_NOTEMPTY,
    [RP_VFS_LOOP] = RP_WASI_ERRNO_LOOP,
    [RP_VFS_NAMETOOLONG] = RP_WASI_ERRNO_NAMETOOLONG,
    [RP_VFS_NOSPC] = RP_WASI_ERRNO_NOSPC,
    [RP_VFS_DQUOT] = RP_WASI_ERRNO_DQUOT,
    [RP_VFS_FBIG] = RP_WASI_ERRNO_FBIG,
    [RP_VFS_MLINK] = RP_WASI_ERRNO_MLINK,
    [RP_VFS_INVAL] = RP_WASI_ERRNO_INVAL,
    [RP_VFS_BUSY] = RP_WASI_ERRNO_BUSY,
    [RP_VFS_ROFS] = RP_WASI_ERRNO_ROFS,
    [RP_VFS_XDEV] = RP_WASI_ERRNO_XDEV,
    [RP_VFS_AGAIN] = RP_WASI_ERRNO_AGAIN,
    [RP_VFS_PIPE] = RP_WASI_ERRNO_PIPE,
};

uint32_t rp_wasi_fail_memory(struct rp_wasi_call *call)
{
    rp_report_fail(&call->report, RP_ERROR_NO_MEMORY,
                   "WASI: the host has no memory left, or allocation_limit_bytes is reached");
    return RP_WASI_FAILS;
}

uint32_t rp_wasi_from_vfs(struct rp_wasi_call *call, enum rp_vfs_error error)
{
    return error == RP_VFS_NOMEM ? rp_wasi_fail_memory(call) : errno_of_vfs[error];
}

void rp_wasi_touch_clock(struct rp_wasi_call *call)
{
    rp_vfs_set_time(call->wasi->vfs, call->host->time_ns(call->host->context));
}

struct rp_descriptor *rp_wasi_descriptor(const struct rp_wasi_call *call, unsigned index)
{
    return rp_descriptor_get(&call->wasi->descriptors, rp_arg_u32(call, index));
}

uint32_t rp_wasi_filetype(enum rp_vfs_kind kind)
{
    switch (kind) {
    case RP_VFS_DIRECTORY:
        return RP_FILETYPE_DIRECTORY;
    case RP_VFS_FILE:
        return RP_FILETYPE_REGULAR_FILE;
    case RP_VFS_SYMLINK:
        return RP_FILETYPE_SYMBOLIC_LINK;
    case RP_VFS_DEVICE:
        return RP_FILETYPE_CHARACTER_DEVICE;
    case RP_VFS_FIFO:
        break;
    }
    return RP_FILETYPE_UNKNOWN;
}

void rp_wasi_store_filestat(const struct rp_wasi_call *call, uint8_t *at,
                            const struct rp_vfs_stat *stat)
{
    const struct rp_wasi_layout *layout = rp_wasi_layout_of(call);
    RP_ASSERT(stat->link_count <= UINT32_MAX);
    memset(at, 0, layout->filestat_bytes);
    rp_put_u64(at, stat->inode != RP_VFS_NONE ? 1 : 0); /* the one device */
    rp_put_u64(at + 8, stat->inode);
    at[16] = (uint8_t)rp_wasi_filetype(stat->kind);
    rp_put_u32(at + layout->filestat_nlink, (uint32_t)stat->link_count);
    at += layout->filestat_size;
    rp_put_u64(at, stat->size);
    rp_put_u64(at + 8, stat->accessed_ns);
    rp_put_u64(at + 16, stat->modified_ns);
    rp_put_u64(at + 24, stat->changed_ns);
}

uint32_t rp_wasi_set_times(struct rp_wasi_call *call, uint64_t inode, uint64_t accessed_ns,
                           uint64_t modified_ns, uint32_t flags)
{
    uint64_t now = call->host->time_ns(call->host->context);
    struct rp_vfs_times times = {0};
    if ((flags & (RP_FSTFLAG_ATIM | RP_FSTFLAG_ATIM_NOW)) != 0) {
        times.accessed_ns = (flags & RP_FSTFLAG_ATIM_NOW) != 0 ? &now : &accessed_ns;
    }
    if ((flags & (RP_FSTFLAG_MTIM | RP_FSTFLAG_MTIM_NOW)) != 0) {
        times.modified_ns = (flags & RP_FSTFLAG_MTIM_NOW) != 0 ? &now : &modified_ns;
    }
    rp_wasi_touch_clock(call);
    return rp_wasi_from_vfs(call, rp_vfs_set_times(call->wasi->vfs, inode, &times));
}

/* Restores the heap order of keys[0..count-1] below `root`. */
static void sink_key(uint64_t *keys, uint32_t root, uint32_t count)
{
    for (uint32_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && keys[child + 1] > keys[child]) {
            child++;
        }
        if (keys[child] <= keys[root]) {
            return;
        }
        uint64_t key = keys[root];
        keys[root] = keys[child];
        keys[child] = key;
        root = child;
    }
}

/* Whether two of the ranges (address << 32 | size, none empty) share a byte. Sorts them: in n
 * log n, so that no guest makes a call slow. */
static bool ranges_overlap(uint64_t *keys, uint32_t count)
{
    for (uint32_t root = count / 2; root > 0; root--) {
        sink_key(keys, root - 1, count);
    }
    for (uint32_t left = count; left > 1; left--) {
        uint64_t largest = keys[0];
        keys[0] = keys[left - 1];
        keys[left - 1] = largest;
        sink_key(keys, 0, left - 1);
    }
    for (uint32_t i = 1; i < count; i++) {
        if ((keys[i - 1] >> 32) + (uint32_t)keys[i - 1] > keys[i] >> 32) {
            return true;
        }
    }
    return false;
}

uint32_t rp_wasi_load_vectors(const struct rp_wasi_call *call, uint32_t address, uint32_t count,
                              bool writes, struct rp_wasi_vectors *out_vectors)
{
    if (count > RP_WASI_VECTORS_MAX) {
        return RP_WASI_ERRNO_INVAL;
    }
    const uint8_t *array = rp_guest_bytes(call, address, (uint64_t)count * RP_WASI_VECTOR_BYTES);
    if (array == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    uint64_t keys[RP_WASI_VECTORS_MAX];
    uint32_t key_count = 0;
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = rp_get_u32(array + (size_t)i * RP_WASI_VECTOR_BYTES);
        uint32_t size = rp_get_u32(array + (size_t)i * RP_WASI_VECTOR_BYTES + 4);
        uint8_t *bytes = rp_guest_bytes(call, at, size);
        if (bytes == NULL) {
            return RP_WASI_ERRNO_FAULT;
        }
        out_vectors->items[i].bytes = bytes;
        out_vectors->items[i].size = size;
        total += size;
        if (size > 0) {
            keys[key_count] = (uint64_t)at << 32 | size;
            key_count++;
        }
    }
    if (total > INT32_MAX || (writes && ranges_overlap(keys, key_count))) {
        return RP_WASI_ERRNO_INVAL;
    }
    out_vectors->count = count;
    out_vectors->total = total;
    return RP_WASI_ERRNO_SUCCESS;
}
