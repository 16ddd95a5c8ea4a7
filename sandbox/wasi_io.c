/* Reading, writing and seeking (layer 4): fd_read, fd_pread, fd_write, fd_pwrite, fd_seek,
 * fd_tell. */
#include "sandbox/wasi_call.h"

/* Whether the descriptor can be read from or written to at all: `right` is FD_READ or FD_WRITE. */
static uint32_t check_transfer(const struct rp_descriptor *descriptor, uint64_t right)
{
    RP_ASSERT(right == RP_RIGHT_FD_READ || right == RP_RIGHT_FD_WRITE);
    if (descriptor == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    if (descriptor->kind == RP_DESCRIPTOR_DIRECTORY) {
        return right == RP_RIGHT_FD_READ ? RP_WASI_ERRNO_ISDIR : RP_WASI_ERRNO_BADF;
    }
    return (descriptor->rights_base & right) != 0 ? RP_WASI_ERRNO_SUCCESS : RP_WASI_ERRNO_BADF;
}

static uint32_t read_file(struct rp_wasi_call *call, const struct rp_descriptor *descriptor,
                          uint64_t offset, const struct rp_wasi_vectors *vectors,
                          uint32_t *out_total)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < vectors->count; i++) {
        size_t count = 0;
        enum rp_vfs_error error =
            rp_vfs_read(call->wasi->vfs, descriptor->inode, offset + total, vectors->items[i].bytes,
                        vectors->items[i].size, &count);
        if (error != RP_VFS_OK) {
            return rp_wasi_from_vfs(call, error);
        }
        total += (uint32_t)count;
        if (count < vectors->items[i].size) {
            break;
        }
    }
    *out_total = total;
    return RP_WASI_ERRNO_SUCCESS;
}

/* `offset` matters for files alone. */
static uint32_t read_descriptor(struct rp_wasi_call *call, const struct rp_descriptor *descriptor,
                                uint64_t offset, const struct rp_wasi_vectors *vectors,
                                uint32_t *out_total)
{
    switch (descriptor->kind) {
    case RP_DESCRIPTOR_STREAM:
    case RP_DESCRIPTOR_DEVICE:
        return rp_wasi_read_device(call, descriptor->device, vectors, out_total);
    case RP_DESCRIPTOR_PIPE:
        return rp_wasi_read_pipe(call, descriptor->inode, vectors, out_total);
    case RP_DESCRIPTOR_FILE:
    case RP_DESCRIPTOR_DIRECTORY:
    case RP_DESCRIPTOR_CLOSED:
        break;
    }
    RP_ASSERT(descriptor->kind == RP_DESCRIPTOR_FILE);
    return read_file(call, descriptor, offset, vectors, out_total);
}

uint32_t rp_wasi_fd_read(struct rp_wasi_call *call)
{
    struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 3), 4);
    uint32_t answer = check_transfer(descriptor, RP_RIGHT_FD_READ);
    struct rp_wasi_vectors vectors;
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer =
            rp_wasi_load_vectors(call, rp_arg_u32(call, 1), rp_arg_u32(call, 2), true, &vectors);
    }
    if (answer == RP_WASI_ERRNO_SUCCESS && result == NULL) {
        answer = RP_WASI_ERRNO_FAULT;
    }
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    uint32_t total = 0;
    answer = read_descriptor(call, descriptor, descriptor->offset, &vectors, &total);
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        descriptor->offset += descriptor->kind == RP_DESCRIPTOR_FILE ? total : 0;
        rp_put_u32(result, total);
    }
    return answer;
}

/* Whether fd_pread and fd_pwrite may: with FD_READ or FD_WRITE, and FD_SEEK. */
static uint32_t check_positioned(const struct rp_descriptor *descriptor, uint64_t right,
                                 uint64_t offset)
{
    uint32_t answer = check_transfer(descriptor, right);
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    if (rp_descriptor_is_stream(descriptor)) {
        return RP_WASI_ERRNO_SPIPE;
    }
    if ((descriptor->rights_base & RP_RIGHT_FD_SEEK) == 0) {
        return RP_WASI_ERRNO_NOTCAPABLE;
    }
    return offset > INT64_MAX ? RP_WASI_ERRNO_INVAL : RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_fd_pread(struct rp_wasi_call *call)
{
    const struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint64_t offset = call->args[3];
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 4), 4);
    uint32_t answer = check_positioned(descriptor, RP_RIGHT_FD_READ, offset);
    struct rp_wasi_vectors vectors;
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer =
            rp_wasi_load_vectors(call, rp_arg_u32(call, 1), rp_arg_u32(call, 2), true, &vectors);
    }
    if (answer == RP_WASI_ERRNO_SUCCESS && result == NULL) {
        answer = RP_WASI_ERRNO_FAULT;
    }
    uint32_t total = 0;
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer = read_descriptor(call, descriptor, offset, &vectors, &total);
    }
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        rp_put_u32(result, total);
    }
    return answer;
}

/* *out_end: the offset behind what was written. */
static uint32_t write_file(struct rp_wasi_call *call, const struct rp_descriptor *descriptor,
                           uint64_t offset, const struct rp_wasi_vectors *vectors,
                           uint32_t *out_total, uint64_t *out_end)
{
    rp_wasi_touch_clock(call);
    if ((descriptor->flags & RP_FDFLAG_APPEND) != 0) {
        struct rp_vfs_stat stat;
        enum rp_vfs_error error = rp_vfs_stat(call->wasi->vfs, descriptor->inode, &stat);
        RP_ASSERT(error == RP_VFS_OK);
        offset = stat.size;
    }
    uint32_t total = 0;
    for (uint32_t i = 0; i < vectors->count; i++) {
        size_t count = 0;
        enum rp_vfs_error error =
            rp_vfs_write(call->wasi->vfs, descriptor->inode, offset + total,
                         vectors->items[i].bytes, vectors->items[i].size, &count);
        if (error != RP_VFS_OK && (total == 0 || error == RP_VFS_NOMEM)) {
            return rp_wasi_from_vfs(call, error);
        }
        if (error != RP_VFS_OK) {
            break;
        }
        total += (uint32_t)count;
        if (count < vectors->items[i].size) {
            break;
        }
    }
    *out_total = total;
    *out_end = offset + total;
    return RP_WASI_ERRNO_SUCCESS;
}

/* *out_end: the offset behind what was written, of a file; else 0. */
static uint32_t write_descriptor(struct rp_wasi_call *call, const struct rp_descriptor *descriptor,
                                 uint64_t offset, const struct rp_wasi_vectors *vectors,
                                 uint32_t *out_total, uint64_t *out_end)
{
    *out_end = 0;
    switch (descriptor->kind) {
    case RP_DESCRIPTOR_STREAM:
    case RP_DESCRIPTOR_DEVICE:
        return rp_wasi_write_device(call, descriptor->device, vectors, out_total);
    case RP_DESCRIPTOR_PIPE:
        return rp_wasi_write_pipe(call, descriptor->inode, vectors, out_total);
    case RP_DESCRIPTOR_FILE:
    case RP_DESCRIPTOR_DIRECTORY:
    case RP_DESCRIPTOR_CLOSED:
        break;
    }
    RP_ASSERT(descriptor->kind == RP_DESCRIPTOR_FILE);
    return write_file(call, descriptor, offset, vectors, out_total, out_end);
}

uint32_t rp_wasi_fd_write(struct rp_wasi_call *call)
{
    struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 3), 4);
    uint32_t answer = check_transfer(descriptor, RP_RIGHT_FD_WRITE);
    struct rp_wasi_vectors vectors;
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer =
            rp_wasi_load_vectors(call, rp_arg_u32(call, 1), rp_arg_u32(call, 2), false, &vectors);
    }
    if (answer == RP_WASI_ERRNO_SUCCESS && result == NULL) {
        answer = RP_WASI_ERRNO_FAULT;
    }
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    uint32_t total = 0;
    uint64_t end = 0;
    answer = write_descriptor(call, descriptor, descriptor->offset, &vectors, &total, &end);
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        descriptor->offset = end;
        rp_put_u32(result, total);
    }
    return answer;
}

uint32_t rp_wasi_fd_pwrite(struct rp_wasi_call *call)
{
    const struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint64_t offset = call->args[3];
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 4), 4);
    uint32_t answer = check_positioned(descriptor, RP_RIGHT_FD_WRITE, offset);
    struct rp_wasi_vectors vectors;
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer =
            rp_wasi_load_vectors(call, rp_arg_u32(call, 1), rp_arg_u32(call, 2), false, &vectors);
    }
    if (answer == RP_WASI_ERRNO_SUCCESS && result == NULL) {
        answer = RP_WASI_ERRNO_FAULT;
    }
    uint32_t total = 0;
    uint64_t end = 0;
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer = write_descriptor(call, descriptor, offset, &vectors, &total, &end);
    }
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        rp_put_u32(result, total);
    }
    return answer;
}

/* Regular files have an offset, and devices one that is always 0. */
static uint32_t check_offset(const struct rp_descriptor *descriptor, uint64_t rights)
{
    if (descriptor == NULL || descriptor->kind == RP_DESCRIPTOR_DIRECTORY) {
        return RP_WASI_ERRNO_BADF;
    }
    if (rp_descriptor_is_stream(descriptor)) {
        return RP_WASI_ERRNO_SPIPE;
    }
    return (descriptor->rights_base & rights) != 0 ? RP_WASI_ERRNO_SUCCESS
                                                   : RP_WASI_ERRNO_NOTCAPABLE;
}

/* The offset that is `distance` from where `whence` (RP_WHENCE_*) says. */
static uint32_t find_offset(const struct rp_wasi_call *call, const struct rp_descriptor *descriptor,
                            int64_t distance, uint32_t whence, uint64_t *out_offset)
{
    uint64_t from = 0;
    if (whence == RP_WHENCE_CUR) {
        from = descriptor->offset;
    } else if (whence == RP_WHENCE_END) {
        struct rp_vfs_stat stat;
        enum rp_vfs_error error = rp_vfs_stat(call->wasi->vfs, descriptor->inode, &stat);
        RP_ASSERT(error == RP_VFS_OK);
        from = stat.size;
    }
    RP_ASSERT(from <= INT64_MAX);
    if (distance > 0 && distance > INT64_MAX - (int64_t)from) {
        return RP_WASI_ERRNO_OVERFLOW;
    }
    int64_t target = (int64_t)from + distance;
    if (target < 0) {
        return RP_WASI_ERRNO_INVAL;
    }
    *out_offset = descriptor->kind == RP_DESCRIPTOR_FILE ? (uint64_t)target : 0;
    return RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_fd_seek(struct rp_wasi_call *call)
{
    struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    int64_t distance = (int64_t)call->args[1];
    uint32_t number = rp_arg_u32(call, 2);
    bool known = number < RP_ARRAY_COUNT(rp_wasi_layout_of(call)->whence);
    uint32_t whence = known ? rp_wasi_layout_of(call)->whence[number] : RP_WHENCE_SET;
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 3), 8);
    bool tells = known && whence == RP_WHENCE_CUR && distance == 0;
    uint32_t answer =
        check_offset(descriptor, tells ? RP_RIGHT_FD_SEEK | RP_RIGHT_FD_TELL : RP_RIGHT_FD_SEEK);
    if (answer == RP_WASI_ERRNO_SUCCESS && result == NULL) {
        answer = RP_WASI_ERRNO_FAULT;
    }
    if (answer == RP_WASI_ERRNO_SUCCESS && !known) {
        answer = RP_WASI_ERRNO_INVAL;
    }
    uint64_t offset = 0;
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        answer = find_offset(call, descriptor, distance, whence, &offset);
    }
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        descriptor->offset = offset;
        rp_put_u64(result, offset);
    }
    return answer;
}

uint32_t rp_wasi_fd_tell(struct rp_wasi_call *call)
{
    const struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 1), 8);
    uint32_t answer = check_offset(descriptor, RP_RIGHT_FD_SEEK | RP_RIGHT_FD_TELL);
    if (answer == RP_WASI_ERRNO_SUCCESS && result == NULL) {
        answer = RP_WASI_ERRNO_FAULT;
    }
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        rp_put_u64(result, descriptor->offset);
    }
    return answer;
}
