/* Contents of files: sparse pages, copy-on-write (layer 2).
 *
 * Writing first makes every page that it will need (which may fail, with nothing changed), then
 * moves the bytes (which cannot). */
#include "vfs/inode.h"

#include <string.h>

void rp_page_free(struct rp_allocator *allocator, void *page)
{
    rp_free(allocator, page, sizeof(struct rp_vfs_page));
}

void rp_file_release(struct rp_allocator *allocator, struct rp_vfs_file *file)
{
    rp_radix_release(&file->pages, allocator, rp_page_free);
}

static uint64_t page_of(uint64_t offset)
{
    return offset / RP_VFS_PAGE_BYTES;
}

enum rp_vfs_error rp_vfs_read(const struct rp_vfs *vfs, uint64_t number, uint64_t offset,
                              void *data, size_t size, size_t *out_count)
{
    const struct rp_inode *inode = rp_inode_get(vfs, number);
    if (inode == NULL || inode->kind != RP_VFS_FILE) {
        return RP_VFS_INVAL;
    }
    *out_count = 0;
    if (offset >= inode->size || size == 0) {
        return RP_VFS_OK;
    }
    uint64_t left = inode->size - offset;
    size_t count = left < size ? (size_t)left : size;
    for (size_t done = 0; done < count;) {
        uint64_t at = offset + done;
        size_t inside = (size_t)(at % RP_VFS_PAGE_BYTES);
        size_t part = RP_VFS_PAGE_BYTES - inside;
        part = part < count - done ? part : count - done;
        const struct rp_vfs_page *page = rp_radix_get(&inode->of.file.pages, page_of(at));
        if (page != NULL) {
            memcpy((uint8_t *)data + done, page->bytes + inside, part);
        } else {
            memset((uint8_t *)data + done, 0, part);
        }
        done += part;
    }
    *out_count = count;
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_next_data(const struct rp_vfs *vfs, uint64_t number, uint64_t offset,
                                   uint64_t *out_offset)
{
    const struct rp_inode *inode = rp_inode_get(vfs, number);
    if (inode == NULL || inode->kind != RP_VFS_FILE) {
        return RP_VFS_INVAL;
    }
    uint64_t index = 0;
    void *page = NULL;
    if (offset >= inode->size ||
        !rp_radix_next(&inode->of.file.pages, page_of(offset), &index, &page)) {
        *out_offset = inode->size;
        return RP_VFS_OK;
    }
    uint64_t start = index * RP_VFS_PAGE_BYTES;
    RP_ASSERT(start < inode->size);
    *out_offset = start > offset ? start : offset;
    return RP_VFS_OK;
}

/* Pages first..end-1 of a file will be written: how many must be made, and how many of these are
 * new to it (the quota's count). */
struct page_plan {
    uint64_t first;
    uint64_t end;
    uint64_t new_pages;
    uint64_t copied_pages;
    /* bytes that will be written at once: a page within needs no contents */
    uint64_t written_from;
    uint64_t written_to;
};

/* Fills in the counts and owns the paths to the pages. Ends the plan before the page that the
 * quota does not allow. False: no memory. */
static bool plan_pages(struct rp_vfs *vfs, struct rp_inode *inode, struct page_plan *plan)
{
    struct rp_radix *pages = &inode->of.file.pages;
    uint64_t room = (vfs->limits.bytes_max - vfs->bytes_used) / RP_VFS_PAGE_BYTES;
    uint64_t end = plan->end;
    for (uint64_t index = plan->first; index < end; index++) {
        if (rp_radix_get(pages, index) == NULL && plan->new_pages == room) {
            plan->end = index;
            break;
        }
        if (!rp_radix_reserve(pages, vfs->allocator, index)) {
            return false;
        }
        const struct rp_vfs_page *page = rp_radix_get(pages, index);
        if (page == NULL) {
            plan->new_pages++;
        } else if (!rp_shared_is_own(page)) {
            plan->copied_pages++;
        }
    }
    return true;
}

static void free_spare_pages(struct rp_allocator *allocator, struct rp_vfs_page *spare)
{
    while (spare != NULL) {
        struct rp_vfs_page *next = spare->next;
        rp_page_free(allocator, spare);
        spare = next;
    }
}

/* A chain of `count` fresh pages; NULL with *out_failed when the host has no memory. */
static struct rp_vfs_page *make_spare_pages(struct rp_allocator *allocator, uint64_t count,
                                            bool *out_failed)
{
    struct rp_vfs_page *spare = NULL;
    *out_failed = false;
    for (uint64_t i = 0; i < count; i++) {
        struct rp_vfs_page *page = rp_alloc(allocator, sizeof *page);
        if (page == NULL) {
            free_spare_pages(allocator, spare);
            *out_failed = true;
            return NULL;
        }
        page->shared.owners = 1;
        page->known = 0;
        page->next = spare;
        spare = page;
    }
    return spare;
}

/* Makes the pages of the plan exist and belong to this file alone. New ones are zero, unless they
 * will be written. */
static enum rp_vfs_error make_pages(struct rp_vfs *vfs, struct rp_inode *inode,
                                    const struct page_plan *plan)
{
    bool failed = false;
    struct rp_vfs_page *spare =
        make_spare_pages(vfs->allocator, plan->new_pages + plan->copied_pages, &failed);
    if (failed) {
        return RP_VFS_NOMEM;
    }
    struct rp_radix *pages = &inode->of.file.pages;
    for (uint64_t index = plan->first; index < plan->end; index++) {
        struct rp_vfs_page *page = rp_radix_get(pages, index);
        if (page != NULL && rp_shared_is_own(page)) {
            continue;
        }
        RP_ASSERT(spare != NULL);
        struct rp_vfs_page *fresh = spare;
        spare = fresh->next;
        fresh->next = NULL;
        bool written = index * RP_VFS_PAGE_BYTES >= plan->written_from &&
                       (index + 1) * RP_VFS_PAGE_BYTES <= plan->written_to;
        if (page != NULL) {
            if (!written) {
                memcpy(fresh->bytes, page->bytes, sizeof fresh->bytes);
            }
            bool was_last = rp_shared_drop(page);
            RP_ASSERT(!was_last);
        } else if (!written) {
            memset(fresh->bytes, 0, sizeof fresh->bytes);
        }
        (void)rp_radix_exchange(pages, vfs->allocator, index, fresh);
    }
    RP_ASSERT(spare == NULL);
    inode->of.file.page_count += plan->new_pages;
    vfs->bytes_used += plan->new_pages * RP_VFS_PAGE_BYTES;
    return RP_VFS_OK;
}

static void copy_in(struct rp_inode *inode, uint64_t offset, const uint8_t *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        uint64_t at = offset + done;
        size_t inside = (size_t)(at % RP_VFS_PAGE_BYTES);
        size_t part = RP_VFS_PAGE_BYTES - inside;
        part = part < size - done ? part : size - done;
        struct rp_vfs_page *page = rp_radix_get(&inode->of.file.pages, page_of(at));
        RP_ASSERT(page != NULL && rp_shared_is_own(page));
        page->known = 0;
        memcpy(page->bytes + inside, data + done, part);
        done += part;
    }
}

static void touch(struct rp_vfs *vfs, struct rp_inode *inode)
{
    inode->modified_ns = vfs->now_ns;
    inode->changed_ns = vfs->now_ns;
}

enum rp_vfs_error rp_vfs_write(struct rp_vfs *vfs, uint64_t number, uint64_t offset,
                               const void *data, size_t size, size_t *out_count)
{
    const struct rp_inode *shared = rp_inode_get(vfs, number);
    if (shared == NULL || shared->kind != RP_VFS_FILE) {
        return RP_VFS_INVAL;
    }
    if (size == 0) {
        *out_count = 0;
        return RP_VFS_OK;
    }
    if (offset >= RP_VFS_FILE_BYTES_MAX) {
        return RP_VFS_FBIG;
    }
    uint64_t room = RP_VFS_FILE_BYTES_MAX - offset;
    uint64_t count = size < room ? size : room;
    struct page_plan plan = {.first = page_of(offset), .end = page_of(offset + count - 1) + 1};
    struct rp_inode *inode = rp_inode_own(vfs, number);
    if (inode == NULL || !plan_pages(vfs, inode, &plan)) {
        return RP_VFS_NOMEM;
    }
    if (plan.end == plan.first) {
        return RP_VFS_NOSPC;
    }
    if (plan.end * RP_VFS_PAGE_BYTES - offset < count) {
        count = plan.end * RP_VFS_PAGE_BYTES - offset;
    }
    plan.written_from = offset;
    plan.written_to = offset + count;
    if (make_pages(vfs, inode, &plan) != RP_VFS_OK) {
        return RP_VFS_NOMEM;
    }
    copy_in(inode, offset, data, (size_t)count);
    if (offset + count > inode->size) {
        inode->size = offset + count;
    }
    touch(vfs, inode);
    *out_count = (size_t)count;
    return RP_VFS_OK;
}

/* Zeros the last page behind `size`, which is not a multiple of pages. */
static enum rp_vfs_error clear_tail(struct rp_vfs *vfs, struct rp_inode *inode, uint64_t size)
{
    struct page_plan plan = {.first = page_of(size), .end = page_of(size) + 1};
    if (rp_radix_get(&inode->of.file.pages, plan.first) == NULL) {
        return RP_VFS_OK;
    }
    if (!plan_pages(vfs, inode, &plan) || make_pages(vfs, inode, &plan) != RP_VFS_OK) {
        return RP_VFS_NOMEM;
    }
    struct rp_vfs_page *own = rp_radix_get(&inode->of.file.pages, plan.first);
    size_t inside = (size_t)(size % RP_VFS_PAGE_BYTES);
    own->known = 0;
    memset(own->bytes + inside, 0, RP_VFS_PAGE_BYTES - inside);
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_truncate(struct rp_vfs *vfs, uint64_t number, uint64_t size)
{
    const struct rp_inode *shared = rp_inode_get(vfs, number);
    if (shared == NULL || shared->kind != RP_VFS_FILE) {
        return RP_VFS_INVAL;
    }
    if (size > RP_VFS_FILE_BYTES_MAX) {
        return RP_VFS_FBIG;
    }
    struct rp_inode *inode = rp_inode_own(vfs, number);
    if (inode == NULL) {
        return RP_VFS_NOMEM;
    }
    if (size < inode->size) {
        uint64_t first_gone = page_of(size) + (size % RP_VFS_PAGE_BYTES != 0);
        struct rp_radix *pages = &inode->of.file.pages;
        if (first_gone > 0 && !rp_radix_reserve(pages, vfs->allocator, first_gone)) {
            return RP_VFS_NOMEM;
        }
        if (size % RP_VFS_PAGE_BYTES != 0 && clear_tail(vfs, inode, size) != RP_VFS_OK) {
            return RP_VFS_NOMEM;
        }
        uint64_t removed = rp_radix_cut(pages, vfs->allocator, first_gone, rp_page_free);
        RP_ASSERT(inode->of.file.page_count >= removed);
        inode->of.file.page_count -= removed;
        vfs->bytes_used -= removed * RP_VFS_PAGE_BYTES;
    }
    inode->size = size;
    touch(vfs, inode);
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_allocate(struct rp_vfs *vfs, uint64_t number, uint64_t offset,
                                  uint64_t size)
{
    const struct rp_inode *shared = rp_inode_get(vfs, number);
    if (shared == NULL || shared->kind != RP_VFS_FILE || size == 0) {
        return RP_VFS_INVAL;
    }
    if (offset > RP_VFS_FILE_BYTES_MAX || size > RP_VFS_FILE_BYTES_MAX - offset) {
        return RP_VFS_FBIG;
    }
    uint64_t end = page_of(offset + size - 1) + 1;
    struct page_plan plan = {.first = page_of(offset), .end = end};
    if (end - plan.first > vfs->limits.bytes_max / RP_VFS_PAGE_BYTES) {
        return RP_VFS_NOSPC;
    }
    struct rp_inode *inode = rp_inode_own(vfs, number);
    if (inode == NULL || !plan_pages(vfs, inode, &plan)) {
        return RP_VFS_NOMEM;
    }
    if (plan.end != end) {
        return RP_VFS_NOSPC;
    }
    if (make_pages(vfs, inode, &plan) != RP_VFS_OK) {
        return RP_VFS_NOMEM;
    }
    if (offset + size > inode->size) {
        inode->size = offset + size;
    }
    touch(vfs, inode);
    return RP_VFS_OK;
}
