/* Pipes: bytes that wait, bounded, copy-on-write (layer 2).
 *
 * The ring is an array of shared pages, so a clone costs nothing and a write copies the pages that
 * it puts bytes into. A page belongs to the ring from the first byte in it until the pipe is
 * empty; making one is invisible, so a write makes all that it needs, and then moves the bytes,
 * which cannot fail. */
#include "vfs/inode.h"

#include <string.h>

void rp_pipe_release(struct rp_allocator *allocator, struct rp_vfs_pipe *pipe)
{
    rp_radix_release(&pipe->pages, allocator, rp_page_free);
}

static const struct rp_inode *get_pipe(const struct rp_vfs *vfs, uint64_t number)
{
    const struct rp_inode *inode = rp_inode_get(vfs, number);
    return inode != NULL && inode->kind == RP_VFS_FIFO ? inode : NULL;
}

static uint32_t ring_bytes(const struct rp_vfs_pipe *pipe)
{
    return (pipe->capacity + RP_VFS_PAGE_BYTES - 1) / RP_VFS_PAGE_BYTES * RP_VFS_PAGE_BYTES;
}

/* The bytes of a ring that lie in one page from `position` on, at most `size`. */
static size_t part_of_page(uint32_t position, size_t size)
{
    size_t part = RP_VFS_PAGE_BYTES - position % RP_VFS_PAGE_BYTES;
    return part < size ? part : size;
}

/* The `skip`-th waiting byte and those behind it. */
static void copy_out(const struct rp_vfs_pipe *pipe, size_t skip, uint8_t *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        uint32_t at = (uint32_t)((pipe->head + skip + done) % ring_bytes(pipe));
        size_t part = part_of_page(at, size - done);
        const struct rp_vfs_page *page = rp_radix_get(&pipe->pages, at / RP_VFS_PAGE_BYTES);
        RP_ASSERT(page != NULL);
        memcpy(data + done, page->bytes + at % RP_VFS_PAGE_BYTES, part);
        done += part;
    }
}

/* A page of the ring that belongs to this tree alone; NULL: no memory. */
static struct rp_vfs_page *own_page(struct rp_allocator *allocator, struct rp_radix *pages,
                                    uint64_t index)
{
    if (!rp_radix_reserve(pages, allocator, index)) {
        return NULL;
    }
    struct rp_vfs_page *page = rp_radix_get(pages, index);
    if (page != NULL && rp_shared_is_own(page)) {
        return page;
    }
    struct rp_vfs_page *own = rp_alloc(allocator, sizeof *own);
    if (own == NULL) {
        return NULL;
    }
    own->shared.owners = 1;
    own->known = 0;
    own->next = NULL;
    if (page != NULL) {
        memcpy(own->bytes, page->bytes, sizeof own->bytes);
        bool was_last = rp_shared_drop(page);
        RP_ASSERT(!was_last);
    }
    (void)rp_radix_exchange(pages, allocator, index, own);
    return own;
}

/* Nothing waits any more. */
static void empty_pipe(struct rp_vfs *vfs, struct rp_inode *inode)
{
    rp_pipe_release(vfs->allocator, &inode->of.pipe);
    inode->of.pipe.head = 0;
    inode->size = 0;
}

enum rp_vfs_error rp_vfs_make_pipe(struct rp_vfs *vfs, uint32_t capacity, uint64_t *out_inode)
{
    if (capacity == 0 || capacity > RP_VFS_PIPE_BYTES_MAX) {
        return RP_VFS_INVAL;
    }
    uint64_t number = RP_VFS_NONE;
    enum rp_vfs_error error = rp_inode_create(vfs, RP_VFS_FIFO, &number);
    if (error != RP_VFS_OK) {
        return error;
    }
    if (!rp_vfs_has_room(vfs, capacity)) {
        rp_inode_collect(vfs, number);
        return RP_VFS_NOSPC;
    }
    struct rp_inode *inode = rp_inode_owned(vfs, number);
    inode->holds = 2;
    inode->of.pipe.capacity = capacity;
    inode->of.pipe.readers = 1;
    inode->of.pipe.writers = 1;
    vfs->bytes_used += capacity;
    *out_inode = number;
    return RP_VFS_OK;
}

static uint32_t *holders_of(struct rp_vfs_pipe *pipe, enum rp_vfs_end end)
{
    return end == RP_VFS_END_READ ? &pipe->readers : &pipe->writers;
}

/* The pipe to be changed, with an end that somebody holds. */
static enum rp_vfs_error own_held(struct rp_vfs *vfs, uint64_t number, enum rp_vfs_end end,
                                  struct rp_inode **out_inode)
{
    const struct rp_inode *shared = get_pipe(vfs, number);
    if (shared == NULL) {
        return RP_VFS_INVAL;
    }
    const struct rp_vfs_pipe *pipe = &shared->of.pipe;
    if ((end == RP_VFS_END_READ ? pipe->readers : pipe->writers) == 0) {
        return RP_VFS_INVAL;
    }
    *out_inode = rp_inode_own(vfs, number);
    return *out_inode != NULL ? RP_VFS_OK : RP_VFS_NOMEM;
}

enum rp_vfs_error rp_vfs_pipe_hold(struct rp_vfs *vfs, uint64_t number, enum rp_vfs_end end)
{
    struct rp_inode *inode = NULL;
    enum rp_vfs_error error = own_held(vfs, number, end, &inode);
    if (error == RP_VFS_OK) {
        RP_ASSERT(inode->holds < UINT32_MAX);
        inode->holds++;
        (*holders_of(&inode->of.pipe, end))++;
    }
    return error;
}

enum rp_vfs_error rp_vfs_pipe_drop(struct rp_vfs *vfs, uint64_t number, enum rp_vfs_end end)
{
    struct rp_inode *inode = NULL;
    enum rp_vfs_error error = own_held(vfs, number, end, &inode);
    if (error != RP_VFS_OK) {
        return error;
    }
    inode->holds--;
    (*holders_of(&inode->of.pipe, end))--;
    if (inode->of.pipe.readers == 0) {
        empty_pipe(vfs, inode);
    }
    rp_inode_collect(vfs, number);
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_pipe_read(struct rp_vfs *vfs, uint64_t number, void *data, size_t size,
                                   size_t *out_count)
{
    const struct rp_inode *shared = get_pipe(vfs, number);
    if (shared == NULL) {
        return RP_VFS_INVAL;
    }
    if (size > 0 && shared->size == 0 && shared->of.pipe.writers > 0) {
        return RP_VFS_AGAIN;
    }
    size_t count = shared->size < size ? (size_t)shared->size : size;
    if (count == 0) {
        *out_count = 0;
        return RP_VFS_OK;
    }
    struct rp_inode *inode = rp_inode_own(vfs, number);
    if (inode == NULL) {
        return RP_VFS_NOMEM;
    }
    struct rp_vfs_pipe *pipe = &inode->of.pipe;
    copy_out(pipe, 0, data, count);
    if (count == inode->size) {
        empty_pipe(vfs, inode);
    } else {
        pipe->head = (uint32_t)((pipe->head + count) % ring_bytes(pipe));
        inode->size -= count;
    }
    *out_count = count;
    return RP_VFS_OK;
}

bool rp_pipe_put(struct rp_vfs *vfs, struct rp_inode *inode, const uint8_t *data, size_t size)
{
    struct rp_vfs_pipe *pipe = &inode->of.pipe;
    uint32_t tail = (uint32_t)((pipe->head + inode->size) % ring_bytes(pipe));
    uint32_t at = tail;
    for (size_t done = 0; done < size;) {
        size_t part = part_of_page(at, size - done);
        if (own_page(vfs->allocator, &pipe->pages, at / RP_VFS_PAGE_BYTES) == NULL) {
            if (inode->size == 0) {
                empty_pipe(vfs, inode);
            }
            return false;
        }
        done += part;
        at = (uint32_t)((at + part) % ring_bytes(pipe));
    }
    at = tail;
    for (size_t done = 0; done < size;) {
        size_t part = part_of_page(at, size - done);
        struct rp_vfs_page *page = rp_radix_get(&pipe->pages, at / RP_VFS_PAGE_BYTES);
        RP_ASSERT(page != NULL && rp_shared_is_own(page));
        memcpy(page->bytes + at % RP_VFS_PAGE_BYTES, data + done, part);
        done += part;
        at = (uint32_t)((at + part) % ring_bytes(pipe));
    }
    return true;
}

enum rp_vfs_error rp_vfs_pipe_write(struct rp_vfs *vfs, uint64_t number, const void *data,
                                    size_t size, size_t *out_count)
{
    const struct rp_inode *shared = get_pipe(vfs, number);
    if (shared == NULL) {
        return RP_VFS_INVAL;
    }
    if (size == 0) {
        *out_count = 0;
        return RP_VFS_OK;
    }
    const struct rp_vfs_pipe *pipe = &shared->of.pipe;
    if (pipe->readers == 0) {
        return RP_VFS_PIPE;
    }
    size_t room = pipe->capacity - (size_t)shared->size;
    bool whole = size <= RP_VFS_PIPE_ATOMIC_BYTES && size <= pipe->capacity;
    if (room == 0 || (whole && size > room)) {
        return RP_VFS_AGAIN;
    }
    size_t count = size < room ? size : room;
    struct rp_inode *inode = rp_inode_own(vfs, number);
    if (inode == NULL || !rp_pipe_put(vfs, inode, data, count)) {
        return RP_VFS_NOMEM;
    }
    inode->size += count;
    inode->modified_ns = vfs->now_ns;
    inode->changed_ns = vfs->now_ns;
    *out_count = count;
    return RP_VFS_OK;
}

static struct rp_vfs_pipe_state state_of(const struct rp_inode *inode)
{
    return (struct rp_vfs_pipe_state){.capacity = inode->of.pipe.capacity,
                                      .waiting = (uint32_t)inode->size,
                                      .readers = inode->of.pipe.readers,
                                      .writers = inode->of.pipe.writers};
}

enum rp_vfs_error rp_vfs_pipe_get_state(const struct rp_vfs *vfs, uint64_t number,
                                        struct rp_vfs_pipe_state *out_state)
{
    const struct rp_inode *inode = get_pipe(vfs, number);
    if (inode == NULL) {
        return RP_VFS_INVAL;
    }
    *out_state = state_of(inode);
    return RP_VFS_OK;
}

bool rp_pipe_walk(const struct rp_inode *inode, uint64_t number,
                  const struct rp_vfs_visitor *visitor)
{
    struct rp_vfs_pipe_state state = state_of(inode);
    if (visitor->pipe != NULL && !visitor->pipe(visitor->user, number, &state)) {
        return false;
    }
    uint8_t piece[RP_VFS_PAGE_BYTES];
    for (uint64_t done = 0; visitor->waiting != NULL && done < inode->size;) {
        uint64_t left = inode->size - done;
        size_t size = left < sizeof piece ? (size_t)left : sizeof piece;
        copy_out(&inode->of.pipe, (size_t)done, piece, size);
        if (!visitor->waiting(visitor->user, number, piece, size)) {
            return false;
        }
        done += size;
    }
    return true;
}

const char *rp_pipe_check(const struct rp_inode *inode)
{
    const struct rp_vfs_pipe *pipe = &inode->of.pipe;
    if (inode->holds != (uint64_t)pipe->readers + pipe->writers) {
        return "a pipe's holds are not those of its ends";
    }
    if (inode->link_count != 0) {
        return "a pipe has a link";
    }
    if (inode->size > pipe->capacity || (inode->size > 0 && pipe->readers == 0)) {
        return "bytes wait in a pipe that has no place or no reader for them";
    }
    uint32_t ring = ring_bytes(pipe);
    uint64_t index = 0;
    void *leaf = NULL;
    if (rp_radix_next(&pipe->pages, ring / RP_VFS_PAGE_BYTES, &index, &leaf) ||
        pipe->head >= ring) {
        return "a pipe's ring is larger than its capacity needs";
    }
    if (inode->size == 0 && (rp_radix_count(&pipe->pages) > 0 || pipe->head != 0)) {
        return "an empty pipe holds pages";
    }
    for (uint64_t done = 0; done < inode->size;) {
        uint32_t at = (uint32_t)((pipe->head + done) % ring);
        if (rp_radix_get(&pipe->pages, at / RP_VFS_PAGE_BYTES) == NULL) {
            return "bytes wait in a page that does not exist";
        }
        done += part_of_page(at, (size_t)(inode->size - done));
    }
    return NULL;
}
