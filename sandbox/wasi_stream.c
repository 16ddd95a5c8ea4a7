/* Reading and writing what has no contents of its own in the tree: standard streams, devices,
 * pipes (layer 4). */
#include "sandbox/device.h"
#include "sandbox/wasi_call.h"

/* The largest piece of input that is asked for in one go when several vectors receive it. */
#define INPUT_PIECE_BYTES 65536u

/* Spreads `count` bytes over the vectors, from the `first` one on. */
static void scatter_bytes(const struct rp_wasi_vectors *vectors, uint32_t first,
                          const uint8_t *bytes, size_t count)
{
    for (size_t done = 0; done < count; first++) {
        RP_ASSERT(first < vectors->count);
        size_t left = count - done;
        size_t part = left < vectors->items[first].size ? left : vectors->items[first].size;
        memcpy(vectors->items[first].bytes, bytes + done, part);
        done += part;
    }
}

/* One piece of input into the vectors: what is there now, as a pipe would answer. */
static uint32_t read_input(struct rp_wasi_call *call, const struct rp_wasi_vectors *vectors,
                           uint32_t *out_total)
{
    uint32_t first = 0;
    while (first < vectors->count && vectors->items[first].size == 0) {
        first++;
    }
    size_t count = 0;
    if (first == vectors->count || vectors->items[first].size == vectors->total) {
        uint8_t *bytes = first < vectors->count ? vectors->items[first].bytes : NULL;
        uint32_t answer = rp_wasi_bring_input(call, bytes, (size_t)vectors->total, &count);
        *out_total = (uint32_t)count;
        return answer;
    }
    size_t size = vectors->total < INPUT_PIECE_BYTES ? (size_t)vectors->total : INPUT_PIECE_BYTES;
    uint8_t *piece = rp_alloc(&call->wasi->allocator, size);
    if (piece == NULL) {
        return rp_wasi_fail_memory(call);
    }
    uint32_t answer = rp_wasi_bring_input(call, piece, size, &count);
    if (answer == RP_WASI_ERRNO_SUCCESS) {
        scatter_bytes(vectors, first, piece, count);
    }
    rp_free(&call->wasi->allocator, piece, size);
    *out_total = (uint32_t)count;
    return answer;
}

/* All vectors, unbuffered, as far as the output limit allows. */
static uint32_t write_output(struct rp_wasi_call *call, unsigned stream,
                             const struct rp_wasi_vectors *vectors, uint32_t *out_total)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < vectors->count; i++) {
        size_t count = 0;
        uint32_t answer = rp_wasi_take_output(call, stream, vectors->items[i].bytes,
                                              vectors->items[i].size, &count);
        if (answer == RP_WASI_FAILS || (answer != RP_WASI_ERRNO_SUCCESS && total == 0)) {
            return answer;
        }
        total += (uint32_t)count;
        if (count < vectors->items[i].size) {
            break;
        }
    }
    *out_total = total;
    return RP_WASI_ERRNO_SUCCESS;
}

/* ---- devices ---- */

uint32_t rp_wasi_read_device(struct rp_wasi_call *call, uint32_t device,
                             const struct rp_wasi_vectors *vectors, uint32_t *out_total)
{
    enum rp_device_source source = rp_device_get(device)->source;
    RP_ASSERT(source != RP_SOURCE_NONE);
    if (source == RP_SOURCE_INPUT) {
        return read_input(call, vectors, out_total);
    }
    *out_total = 0;
    for (uint32_t i = 0; i < vectors->count && source != RP_SOURCE_END; i++) {
        if (source == RP_SOURCE_RANDOM) {
            call->host->random_bytes(call->host->context, vectors->items[i].bytes,
                                     vectors->items[i].size);
        } else if (vectors->items[i].size > 0) {
            memset(vectors->items[i].bytes, 0, vectors->items[i].size);
        }
        *out_total += vectors->items[i].size;
    }
    return RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_write_device(struct rp_wasi_call *call, uint32_t device,
                              const struct rp_wasi_vectors *vectors, uint32_t *out_total)
{
    enum rp_device_sink sink = rp_device_get(device)->sink;
    RP_ASSERT(sink != RP_SINK_NONE);
    if (sink == RP_SINK_OUTPUT || sink == RP_SINK_ERRORS) {
        return write_output(call, sink == RP_SINK_OUTPUT ? 1 : 2, vectors, out_total);
    }
    if (sink == RP_SINK_FULL && vectors->total > 0) {
        return RP_WASI_ERRNO_NOSPC;
    }
    *out_total = (uint32_t)vectors->total;
    return RP_WASI_ERRNO_SUCCESS;
}

/* ---- pipes ---- */

uint32_t rp_wasi_read_pipe(struct rp_wasi_call *call, uint64_t inode,
                           const struct rp_wasi_vectors *vectors, uint32_t *out_total)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < vectors->count; i++) {
        size_t count = 0;
        enum rp_vfs_error error = rp_vfs_pipe_read(call->wasi->vfs, inode, vectors->items[i].bytes,
                                                   vectors->items[i].size, &count);
        if (error != RP_VFS_OK && (total == 0 || error == RP_VFS_NOMEM)) {
            return rp_wasi_from_vfs(call, error);
        }
        total += (uint32_t)count;
        if (error != RP_VFS_OK || count < vectors->items[i].size) {
            break;
        }
    }
    *out_total = total;
    return RP_WASI_ERRNO_SUCCESS;
}

/* At most RP_VFS_PIPE_ATOMIC_BYTES in several vectors: all or none of them. */
static enum rp_vfs_error write_atomic(struct rp_vfs *vfs, uint64_t inode,
                                      const struct rp_wasi_vectors *vectors, size_t *out_count)
{
    uint8_t bytes[RP_VFS_PIPE_ATOMIC_BYTES];
    size_t size = 0;
    for (uint32_t i = 0; i < vectors->count; i++) {
        if (vectors->items[i].size > 0) {
            memcpy(bytes + size, vectors->items[i].bytes, vectors->items[i].size);
            size += vectors->items[i].size;
        }
    }
    return rp_vfs_pipe_write(vfs, inode, bytes, size, out_count);
}

/* As much as fits of more than that. */
static enum rp_vfs_error write_pieces(struct rp_vfs *vfs, uint64_t inode,
                                      const struct rp_wasi_vectors *vectors, size_t *out_count)
{
    struct rp_vfs_pipe_state state;
    enum rp_vfs_error error = rp_vfs_pipe_get_state(vfs, inode, &state);
    RP_ASSERT(error == RP_VFS_OK);
    size_t room = state.capacity - state.waiting;
    if (state.readers == 0 || room == 0) {
        return state.readers == 0 ? RP_VFS_PIPE : RP_VFS_AGAIN;
    }
    for (uint32_t i = 0; i < vectors->count && room > 0; i++) {
        size_t size = vectors->items[i].size < room ? vectors->items[i].size : room;
        size_t count = 0;
        error = rp_vfs_pipe_write(vfs, inode, vectors->items[i].bytes, size, &count);
        if (error != RP_VFS_OK) {
            return error;
        }
        RP_ASSERT(count == size);
        room -= size;
        *out_count += size;
    }
    return RP_VFS_OK;
}

uint32_t rp_wasi_write_pipe(struct rp_wasi_call *call, uint64_t inode,
                            const struct rp_wasi_vectors *vectors, uint32_t *out_total)
{
    size_t count = 0;
    rp_wasi_touch_clock(call);
    enum rp_vfs_error error = vectors->total <= RP_VFS_PIPE_ATOMIC_BYTES
                                  ? write_atomic(call->wasi->vfs, inode, vectors, &count)
                                  : write_pieces(call->wasi->vfs, inode, vectors, &count);
    if (error == RP_VFS_OK) {
        *out_total = (uint32_t)count;
    }
    return rp_wasi_from_vfs(call, error);
}

uint32_t rp_wasi_make_pipe(struct rp_wasi_call *call, uint32_t capacity, uint32_t out_fds[2])
{
    struct rp_wasi *wasi = call->wasi;
    switch (rp_descriptor_reserve(&wasi->descriptors, 2)) {
    case RP_DESCRIPTOR_ROOM:
        break;
    case RP_DESCRIPTOR_NO_ROOM:
        return RP_WASI_ERRNO_MFILE;
    case RP_DESCRIPTOR_NO_MEMORY:
        return rp_wasi_fail_memory(call);
    }
    rp_wasi_touch_clock(call);
    uint64_t inode = RP_VFS_NONE;
    enum rp_vfs_error error = rp_vfs_make_pipe(wasi->vfs, capacity, &inode);
    if (error != RP_VFS_OK) {
        return rp_wasi_from_vfs(call, error);
    }
    struct rp_descriptor reader = {.kind = RP_DESCRIPTOR_PIPE,
                                   .end = RP_VFS_END_READ,
                                   .inode = inode,
                                   .rights_base = RP_RIGHTS_PIPE | RP_RIGHT_FD_READ};
    struct rp_descriptor writer = {.kind = RP_DESCRIPTOR_PIPE,
                                   .end = RP_VFS_END_WRITE,
                                   .inode = inode,
                                   .rights_base = RP_RIGHTS_PIPE | RP_RIGHT_FD_WRITE};
    out_fds[0] = rp_descriptor_add(&wasi->descriptors, &reader);
    out_fds[1] = rp_descriptor_add(&wasi->descriptors, &writer);
    return RP_WASI_ERRNO_SUCCESS;
}
