/* The inode table: numbers, holds, times, clones (layer 2). Invariants: vfs.h. */
#include "vfs/inode.h"

static const char *const error_names[RP_VFS_ERROR_COUNT] = {
#define X(name, text) #name,
#include "vfs/vfs_error.def"
#undef X
};

static const char *const error_texts[RP_VFS_ERROR_COUNT] = {
#define X(name, text) text,
#include "vfs/vfs_error.def"
#undef X
};

const char *rp_vfs_error_name(enum rp_vfs_error error)
{
    return error < RP_VFS_ERROR_COUNT ? error_names[error] : "unknown";
}

const char *rp_vfs_error_text(enum rp_vfs_error error)
{
    return error < RP_VFS_ERROR_COUNT ? error_texts[error] : "unknown";
}

static void release_target(struct rp_allocator *allocator, struct rp_vfs_target *target)
{
    if (target != NULL && rp_shared_drop(target)) {
        rp_free(allocator, target, sizeof *target + target->size);
    }
}

/* Frees an inode whose last owner is gone (an rp_radix_release_leaf). */
static void free_inode(struct rp_allocator *allocator, void *leaf)
{
    struct rp_inode *inode = leaf;
    switch (inode->kind) {
    case RP_VFS_DIRECTORY:
        rp_directory_release(allocator, &inode->of.directory);
        break;
    case RP_VFS_FILE:
        rp_file_release(allocator, &inode->of.file);
        break;
    case RP_VFS_SYMLINK:
        release_target(allocator, inode->of.target);
        break;
    case RP_VFS_FIFO:
        rp_pipe_release(allocator, &inode->of.pipe);
        break;
    case RP_VFS_DEVICE:
        break;
    }
    rp_free(allocator, inode, sizeof *inode);
}

/* A copy that shares the contents; the caller's ownership of `inode` passes into it. */
static struct rp_inode *copy_inode(struct rp_allocator *allocator, struct rp_inode *inode)
{
    struct rp_inode *copy = rp_alloc(allocator, sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *inode;
    copy->shared.owners = 1;
    switch (copy->kind) {
    case RP_VFS_DIRECTORY:
        copy->of.directory.names = rp_name_tree_clone(&inode->of.directory.names);
        copy->of.directory.entries = rp_radix_clone(&inode->of.directory.entries);
        copy->of.directory.gone = rp_radix_clone(&inode->of.directory.gone);
        break;
    case RP_VFS_FILE:
        copy->of.file.pages = rp_radix_clone(&inode->of.file.pages);
        break;
    case RP_VFS_SYMLINK:
        if (copy->of.target != NULL) {
            rp_shared_keep(copy->of.target);
        }
        break;
    case RP_VFS_FIFO:
        copy->of.pipe.pages = rp_radix_clone(&inode->of.pipe.pages);
        break;
    case RP_VFS_DEVICE:
        break;
    }
    bool was_last = rp_shared_drop(inode);
    RP_ASSERT(!was_last);
    return copy;
}

const struct rp_inode *rp_inode_get(const struct rp_vfs *vfs, uint64_t number)
{
    return number != RP_VFS_NONE ? rp_radix_get(&vfs->inodes, number - 1) : NULL;
}

struct rp_inode *rp_inode_own(struct rp_vfs *vfs, uint64_t number)
{
    RP_ASSERT(rp_inode_get(vfs, number) != NULL);
    if (!rp_radix_reserve(&vfs->inodes, vfs->allocator, number - 1)) {
        return NULL;
    }
    struct rp_inode *inode = rp_radix_get(&vfs->inodes, number - 1);
    if (rp_shared_is_own(inode)) {
        return inode;
    }
    struct rp_inode *copy = copy_inode(vfs->allocator, inode);
    if (copy != NULL) {
        (void)rp_radix_exchange(&vfs->inodes, vfs->allocator, number - 1, copy);
    }
    return copy;
}

struct rp_inode *rp_inode_owned(struct rp_vfs *vfs, uint64_t number)
{
    struct rp_inode *inode = rp_radix_get(&vfs->inodes, number - 1);
    RP_ASSERT(inode != NULL && rp_shared_is_own(inode));
    return inode;
}

enum rp_vfs_error rp_inode_create(struct rp_vfs *vfs, enum rp_vfs_kind kind, uint64_t *out_number)
{
    if (vfs->inode_count >= vfs->limits.inodes_max) {
        return RP_VFS_DQUOT;
    }
    uint64_t index = rp_radix_lowest_free(&vfs->inodes);
    if (!rp_radix_reserve(&vfs->inodes, vfs->allocator, index)) {
        return RP_VFS_NOMEM;
    }
    struct rp_inode *inode = rp_alloc_zero(vfs->allocator, 1, sizeof *inode);
    if (inode == NULL) {
        return RP_VFS_NOMEM;
    }
    inode->shared.owners = 1;
    inode->kind = kind;
    inode->accessed_ns = vfs->now_ns;
    inode->modified_ns = vfs->now_ns;
    inode->changed_ns = vfs->now_ns;
    if (kind == RP_VFS_DIRECTORY) {
        inode->of.directory.cookie_last = RP_VFS_COOKIE_FIRST;
    }
    void *old = rp_radix_exchange(&vfs->inodes, vfs->allocator, index, inode);
    RP_ASSERT(old == NULL);
    vfs->inode_count++;
    *out_number = index + 1;
    return RP_VFS_OK;
}

void rp_inode_collect(struct rp_vfs *vfs, uint64_t number)
{
    struct rp_inode *inode = rp_inode_owned(vfs, number);
    if (inode->link_count > 0 || inode->holds > 0) {
        return;
    }
    uint64_t charge = 0;
    switch (inode->kind) {
    case RP_VFS_DIRECTORY:
        charge = inode->of.directory.charge;
        break;
    case RP_VFS_FILE:
        charge = inode->of.file.page_count * RP_VFS_PAGE_BYTES;
        break;
    case RP_VFS_SYMLINK:
        charge = inode->size;
        break;
    case RP_VFS_FIFO:
        charge = inode->of.pipe.capacity;
        break;
    case RP_VFS_DEVICE:
        break;
    }
    RP_ASSERT(vfs->bytes_used >= charge && vfs->inode_count > 0);
    vfs->bytes_used -= charge;
    vfs->inode_count--;
    void *old = rp_radix_exchange(&vfs->inodes, vfs->allocator, number - 1, NULL);
    RP_ASSERT(old == inode);
    free_inode(vfs->allocator, inode);
}

struct rp_vfs *rp_vfs_create(struct rp_allocator *allocator, const struct rp_vfs_limits *limits,
                             uint64_t now_ns)
{
    struct rp_vfs *vfs = rp_alloc_zero(allocator, 1, sizeof *vfs);
    if (vfs == NULL) {
        return NULL;
    }
    vfs->allocator = allocator;
    vfs->limits = *limits;
    if (vfs->limits.inodes_max == 0) {
        vfs->limits.inodes_max = 1; /* the root */
    }
    vfs->now_ns = now_ns;
    uint64_t number = RP_VFS_NONE;
    if (rp_inode_create(vfs, RP_VFS_DIRECTORY, &number) != RP_VFS_OK) {
        rp_vfs_destroy(vfs);
        return NULL;
    }
    RP_ASSERT(number == RP_VFS_ROOT);
    struct rp_inode *root = rp_inode_owned(vfs, number);
    root->link_count = 2;
    root->of.directory.parent = RP_VFS_ROOT;
    return vfs;
}

void rp_vfs_destroy(struct rp_vfs *vfs)
{
    if (vfs == NULL) {
        return;
    }
    rp_radix_release(&vfs->inodes, vfs->allocator, free_inode);
    rp_free(vfs->allocator, vfs, sizeof *vfs);
}

struct rp_vfs *rp_vfs_clone(const struct rp_vfs *vfs)
{
    struct rp_vfs *clone = rp_alloc(vfs->allocator, sizeof *clone);
    if (clone == NULL) {
        return NULL;
    }
    *clone = *vfs;
    clone->inodes = rp_radix_clone(&vfs->inodes);
    return clone;
}

void rp_vfs_become(struct rp_vfs *vfs, const struct rp_vfs *other)
{
    RP_ASSERT(vfs->allocator == other->allocator);
    struct rp_radix inodes = rp_radix_clone(&other->inodes);
    rp_radix_release(&vfs->inodes, vfs->allocator, free_inode);
    *vfs = *other;
    vfs->inodes = inodes;
}

void rp_vfs_set_time(struct rp_vfs *vfs, uint64_t now_ns)
{
    vfs->now_ns = now_ns;
}

uint64_t rp_vfs_bytes_max(const struct rp_vfs *vfs)
{
    return vfs->limits.bytes_max;
}

struct rp_vfs_limits rp_vfs_get_limits(const struct rp_vfs *vfs)
{
    return vfs->limits;
}

uint64_t rp_vfs_bytes_used(const struct rp_vfs *vfs)
{
    return vfs->bytes_used;
}

uint32_t rp_vfs_inode_count(const struct rp_vfs *vfs)
{
    return vfs->inode_count;
}

static bool is_pipe(const struct rp_vfs *vfs, uint64_t number)
{
    const struct rp_inode *inode = rp_inode_get(vfs, number);
    return inode != NULL && inode->kind == RP_VFS_FIFO;
}

enum rp_vfs_error rp_vfs_hold(struct rp_vfs *vfs, uint64_t number)
{
    if (is_pipe(vfs, number)) {
        return RP_VFS_INVAL;
    }
    struct rp_inode *inode = rp_inode_own(vfs, number);
    if (inode == NULL) {
        return RP_VFS_NOMEM;
    }
    RP_ASSERT(inode->holds < UINT32_MAX);
    inode->holds++;
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_drop(struct rp_vfs *vfs, uint64_t number)
{
    if (is_pipe(vfs, number)) {
        return RP_VFS_INVAL;
    }
    struct rp_inode *inode = rp_inode_own(vfs, number);
    if (inode == NULL) {
        return RP_VFS_NOMEM;
    }
    RP_ASSERT(inode->holds > 0);
    inode->holds--;
    rp_inode_collect(vfs, number);
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_stat(const struct rp_vfs *vfs, uint64_t number,
                              struct rp_vfs_stat *out_stat)
{
    const struct rp_inode *inode = rp_inode_get(vfs, number);
    if (inode == NULL) {
        return RP_VFS_NOENT;
    }
    *out_stat = (struct rp_vfs_stat){
        .inode = number,
        .kind = inode->kind,
        .link_count = inode->link_count,
        .size = inode->size,
        .accessed_ns = inode->accessed_ns,
        .modified_ns = inode->modified_ns,
        .changed_ns = inode->changed_ns,
        .page_count = inode->kind == RP_VFS_FILE ? inode->of.file.page_count : 0,
        .device = inode->kind == RP_VFS_DEVICE ? inode->of.device : 0,
    };
    return RP_VFS_OK;
}

bool rp_vfs_is_directory(const struct rp_vfs *vfs, uint64_t number)
{
    const struct rp_inode *inode = rp_inode_get(vfs, number);
    return inode != NULL && inode->kind == RP_VFS_DIRECTORY;
}

enum rp_vfs_error rp_vfs_set_times(struct rp_vfs *vfs, uint64_t number,
                                   const struct rp_vfs_times *times)
{
    struct rp_inode *inode = rp_inode_own(vfs, number);
    if (inode == NULL) {
        return RP_VFS_NOMEM;
    }
    if (times->accessed_ns != NULL) {
        inode->accessed_ns = *times->accessed_ns;
    }
    if (times->modified_ns != NULL) {
        inode->modified_ns = *times->modified_ns;
    }
    inode->changed_ns = vfs->now_ns;
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_read_link(const struct rp_vfs *vfs, uint64_t number, void *data,
                                   size_t size, size_t *out_count)
{
    const struct rp_inode *inode = rp_inode_get(vfs, number);
    if (inode == NULL || inode->kind != RP_VFS_SYMLINK) {
        return RP_VFS_INVAL;
    }
    size_t count = inode->size < size ? (size_t)inode->size : size;
    for (size_t i = 0; i < count; i++) {
        ((char *)data)[i] = inode->of.target->bytes[i];
    }
    *out_count = count;
    return RP_VFS_OK;
}
