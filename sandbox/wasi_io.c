/* Reading, writing and seeking (layer 4): fd_read, fd_pread, fd_write, fd_pwrite, fd_seek,
 * fd_tell. */
#include "sandbox/wasi_call.h"

/* The largest piece of input that is asked for in one go when several vectors receive it. */
#define INPUT_PIECE_BYTES 65536u

/* Whether the descriptor can be read from or written to at all: `right` is FD_READ or FD_WRITE. */
static uint32_t check_transfer(const struct rp_descriptor *descriptor, uint64_t right)
{
    if (descriptor == NULL) {
        return RP_WASI_ERRNO_BADF;
    }
    if (descriptor->kind == RP_DESCRIPTOR_DIRECTORY) {
        return right == RP_RIGHT_FD_READ ? RP_WASI_ERRNO_ISDIR : RP_WASI_ERRNO_BADF;
    }
    return (descriptor->rights_base & right) != 0 ? RP_WASI_ERRNO_SUCCESS : RP_WASI_ERRNO_BADF;
}

static uint32_t fail_input(struct rp_wasi_call *call, rp_status status)
{
    rp_report_fail(&call->report, status, "standard input: %s", rp_status_text(status));
    return RP_WASI_FAILS;
}

/* All input of the guest passes here. */
static uint32_t bring_input(struct rp_wasi_call *call, void *data, size_t size, size_t *out_count)
{
    struct rp_wasi *wasi = call->wasi;
    *out_count = 0;
    if (wasi->read == NULL || size == 0) {
        return RP_WASI_ERRNO_SUCCESS;
    }
    rp_status status = wasi->read(wasi->user, data, size, out_count, &call->report);
    RP_ASSERT(status != RP_OK || *out_count <= size);
    return status == RP_OK ? RP_WASI_ERRNO_SUCCESS : fail_input(call, status);
}

/* One piece of input into the vectors: what is there now, as a pipe would answer. */
static uint32_t read_stream(struct rp_wasi_call *call, const struct rp_wasi_vectors *vectors,
                            uint32_t *out_total)
{
    uint32_t first = 0;
    while (first < vectors->count && vectors->items[first].size == 0) {
        first++;
    }
    size_t count = 0;
    if (first == vectors->count || vectors->items[first].size == vectors->total) {
        uint8_t *bytes = first < vectors->count ? vectors->items[first].bytes : NULL;
        uint32_t answer = bring_input(call, bytes, (size_t)vectors->total, &count);
        *out_total = (uint32_t)count;
        return answer;
    }
    size_t size = vectors->total < INPUT_PIECE_BYTES ? (size_t)vectors->total : INPUT_PIECE_BYTES;
    uint8_t *piece = rp_alloc(&call->wasi->allocator, size);
    if (piece == NULL) {
        return rp_wasi_fail_memory(call);
    }
    uint32_t answer = bring_input(call, piece, size, &count);
    for (size_t done = 0; answer == RP_WASI_ERRNO_SUCCESS && done < count; first++) {
        size_t part =
            count - done < vectors->items[first].size ? count - done : vectors->items[first].size;
        memcpy(vectors->items[first].bytes, piece + done, part);
        done += part;
    }
    rp_free(&call->wasi->allocator, piece, size);
    *out_total = (uint32_t)count;
    return answer;
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
    bool stream = descriptor->kind == RP_DESCRIPTOR_STREAM;
    answer = stream ? read_stream(call, &vectors, &total)
                    : read_file(call, descriptor, descriptor->offset, &vectors, &total);
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        descriptor->offset += stream ? 0 : total;
        rp_put_u32(result, total);
    }
    return answer;
}

uint32_t rp_wasi_fd_pread(struct rp_wasi_call *call)
{
    const struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    uint64_t offset = call->args[3];
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 4), 4);
    uint32_t answer = check_transfer(descriptor, RP_RIGHT_FD_READ);
    if (answer == RP_WASI_ERRNO_SUCCESS && descriptor->kind == RP_DESCRIPTOR_STREAM) {
        answer = RP_WASI_ERRNO_SPIPE;
    }
    if (answer == RP_WASI_ERRNO_SUCCESS && offset > INT64_MAX) {
        answer = RP_WASI_ERRNO_INVAL;
    }
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
        answer = read_file(call, descriptor, offset, &vectors, &total);
    }
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        rp_put_u32(result, total);
    }
    return answer;
}

/* Standard output or error: all vectors, unbuffered, as far as the output limit allows. */
static uint32_t write_stream(struct rp_wasi_call *call, const struct rp_descriptor *descriptor,
                             const struct rp_wasi_vectors *vectors, uint32_t *out_total)
{
    struct rp_wasi *wasi = call->wasi;
    uint64_t room = wasi->output_bytes_max - wasi->output_bytes;
    if (room == 0 && vectors->total > 0) {
        return RP_WASI_ERRNO_DQUOT;
    }
    uint32_t total = 0;
    for (uint32_t i = 0; i < vectors->count && room > 0; i++) {
        size_t size = vectors->items[i].size < room ? vectors->items[i].size : (size_t)room;
        if (size == 0) {
            continue;
        }
        rp_status status = RP_OK;
        if (wasi->write != NULL) {
            status = wasi->write(wasi->user, descriptor->stream, vectors->items[i].bytes, size,
                                 &call->report);
        }
        if (status != RP_OK) {
            rp_report_fail(&call->report, status, "standard %s: %s",
                           descriptor->stream == 1 ? "output" : "error", rp_status_text(status));
            return RP_WASI_FAILS;
        }
        wasi->output_bytes += size;
        room -= size;
        total += (uint32_t)size;
    }
    *out_total = total;
    return RP_WASI_ERRNO_SUCCESS;
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
    uint64_t end = descriptor->offset;
    answer = descriptor->kind == RP_DESCRIPTOR_STREAM
                 ? write_stream(call, descriptor, &vectors, &total)
                 : write_file(call, descriptor, descriptor->offset, &vectors, &total, &end);
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
    uint32_t answer = check_transfer(descriptor, RP_RIGHT_FD_WRITE);
    if (answer == RP_WASI_ERRNO_SUCCESS && descriptor->kind == RP_DESCRIPTOR_STREAM) {
        answer = RP_WASI_ERRNO_SPIPE;
    }
    if (answer == RP_WASI_ERRNO_SUCCESS && offset > INT64_MAX) {
        answer = RP_WASI_ERRNO_INVAL;
    }
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
        answer = write_file(call, descriptor, offset, &vectors, &total, &end);
    }
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        rp_put_u32(result, total);
    }
    return answer;
}

/* Only regular files have an offset. */
static uint32_t check_offset(const struct rp_descriptor *descriptor, uint64_t rights)
{
    if (descriptor == NULL || descriptor->kind == RP_DESCRIPTOR_DIRECTORY) {
        return RP_WASI_ERRNO_BADF;
    }
    if (descriptor->kind == RP_DESCRIPTOR_STREAM) {
        return RP_WASI_ERRNO_SPIPE;
    }
    return (descriptor->rights_base & rights) != 0 ? RP_WASI_ERRNO_SUCCESS
                                                   : RP_WASI_ERRNO_NOTCAPABLE;
}

uint32_t rp_wasi_fd_seek(struct rp_wasi_call *call)
{
    struct rp_descriptor *descriptor = rp_wasi_descriptor(call, 0);
    int64_t distance = (int64_t)call->args[1];
    uint32_t whence = rp_arg_u32(call, 2);
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 3), 8);
    bool tells = whence == RP_WHENCE_CUR && distance == 0;
    uint32_t answer =
        check_offset(descriptor, tells ? RP_RIGHT_FD_SEEK | RP_RIGHT_FD_TELL : RP_RIGHT_FD_SEEK);
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    if (result == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    if (whence > RP_WHENCE_END) {
        return RP_WASI_ERRNO_INVAL;
    }
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
    descriptor->offset = (uint64_t)target;
    rp_put_u64(result, descriptor->offset);
    return RP_WASI_ERRNO_SUCCESS;
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
