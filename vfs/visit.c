/* The whole state in canonical order, and its invariants (layer 2). */
#include "vfs/inode.h"

#include <string.h>

static struct rp_vfs_entry entry_of(const struct rp_dirent *entry, bool gone)
{
    return (struct rp_vfs_entry){.name = entry->name,
                                 .name_size = entry->name_size,
                                 .inode = gone ? RP_VFS_NONE : entry->inode,
                                 .kind = gone ? RP_VFS_FILE : (enum rp_vfs_kind)entry->kind,
                                 .cookie = entry->cookie};
}

static bool walk_pages(const struct rp_inode *inode, uint64_t number,
                       const struct rp_vfs_visitor *visitor)
{
    uint64_t index = 0;
    void *leaf = NULL;
    while (rp_radix_next(&inode->of.file.pages, index, &index, &leaf)) {
        const struct rp_vfs_page *page = leaf;
        if (!visitor->page(visitor->user, number, index, page->bytes)) {
            return false;
        }
        index++;
    }
    return true;
}

static bool walk_directory(const struct rp_inode *inode, uint64_t number,
                           const struct rp_vfs_visitor *visitor)
{
    const struct rp_vfs_directory *directory = &inode->of.directory;
    if (visitor->directory != NULL &&
        !visitor->directory(visitor->user, number, directory->parent, directory->cookie_last,
                            directory->cookie_given, directory->readers)) {
        return false;
    }
    const struct rp_dirent *entry = rp_name_tree_first(&directory->names);
    while (visitor->entry != NULL && entry != NULL) {
        struct rp_vfs_entry described = entry_of(entry, false);
        if (!visitor->entry(visitor->user, number, &described)) {
            return false;
        }
        entry = rp_name_tree_after(&directory->names, entry->name, entry->name_size);
    }
    uint64_t cookie = 0;
    void *leaf = NULL;
    while (visitor->gone != NULL && rp_radix_next(&directory->gone, cookie, &cookie, &leaf)) {
        struct rp_vfs_entry described = entry_of(leaf, true);
        if (!visitor->gone(visitor->user, number, &described)) {
            return false;
        }
        cookie++;
    }
    return true;
}

static bool walk_inode(const struct rp_vfs *vfs, uint64_t number,
                       const struct rp_vfs_visitor *visitor)
{
    const struct rp_inode *inode = rp_inode_get(vfs, number);
    struct rp_vfs_stat stat;
    enum rp_vfs_error error = rp_vfs_stat(vfs, number, &stat);
    RP_ASSERT(error == RP_VFS_OK);
    if (visitor->inode != NULL && !visitor->inode(visitor->user, &stat, inode->holds)) {
        return false;
    }
    switch (inode->kind) {
    case RP_VFS_DIRECTORY:
        return walk_directory(inode, number, visitor);
    case RP_VFS_FILE:
        return visitor->page == NULL || walk_pages(inode, number, visitor);
    case RP_VFS_SYMLINK:
        return visitor->target == NULL ||
               visitor->target(visitor->user, number, inode->of.target->bytes, (size_t)inode->size);
    case RP_VFS_FIFO:
        return rp_pipe_walk(inode, number, visitor);
    case RP_VFS_DEVICE:
        break;
    }
    return true;
}

bool rp_vfs_walk(const struct rp_vfs *vfs, const struct rp_vfs_visitor *visitor)
{
    uint64_t index = 0;
    void *leaf = NULL;
    while (rp_radix_next(&vfs->inodes, index, &index, &leaf)) {
        if (!walk_inode(vfs, index + 1, visitor)) {
            return false;
        }
        index++;
    }
    return true;
}

/* ---- invariants ---- */

/* How many entries name each inode, by number. */
struct link_counts {
    struct rp_allocator allocator; /* its own: checking leaves the tree's account alone */
    uint64_t *links;
    size_t size;
};

static bool count_link(void *user, uint64_t directory, const struct rp_vfs_entry *entry)
{
    struct link_counts *counts = user;
    (void)directory;
    if (entry->inode < counts->size) {
        counts->links[entry->inode]++;
    }
    return true;
}

static bool count_links(const struct rp_vfs *vfs, struct link_counts *out_counts)
{
    uint64_t index = 0;
    uint64_t last = 0;
    void *leaf = NULL;
    for (uint64_t from = 0; rp_radix_next(&vfs->inodes, from, &index, &leaf); from = index + 1) {
        last = index + 1;
    }
    rp_allocator_init(&out_counts->allocator, 0);
    out_counts->size = (size_t)last + 1;
    out_counts->links =
        rp_alloc_zero(&out_counts->allocator, out_counts->size, sizeof *out_counts->links);
    if (out_counts->links == NULL) {
        return false;
    }
    struct rp_vfs_visitor visitor = {.user = out_counts, .entry = count_link};
    return rp_vfs_walk(vfs, &visitor);
}

static const char *check_file(const struct rp_inode *inode, uint64_t *bytes)
{
    const struct rp_vfs_file *file = &inode->of.file;
    if (rp_radix_count(&file->pages) != file->page_count) {
        return "a file's page count is not that of its pages";
    }
    *bytes += file->page_count * RP_VFS_PAGE_BYTES;
    uint64_t index = 0;
    void *leaf = NULL;
    uint64_t behind = inode->size / RP_VFS_PAGE_BYTES + (inode->size % RP_VFS_PAGE_BYTES != 0);
    if (rp_radix_next(&file->pages, behind, &index, &leaf)) {
        return "a page lies behind the end of its file";
    }
    const struct rp_vfs_page *page = rp_radix_get(&file->pages, inode->size / RP_VFS_PAGE_BYTES);
    for (size_t at = inode->size % RP_VFS_PAGE_BYTES; page != NULL && at < RP_VFS_PAGE_BYTES;
         at++) {
        if (page->bytes[at] != 0) {
            return "the bytes behind the end of a file are not zero";
        }
    }
    return NULL;
}

static const char *check_cookies(const struct rp_vfs_directory *directory)
{
    uint64_t cookie = 0;
    void *leaf = NULL;
    if (directory->cookie_given > directory->cookie_last ||
        (directory->readers == 0 && directory->cookie_given != 0) ||
        rp_radix_next(&directory->entries, directory->cookie_last + 1, &cookie, &leaf) ||
        rp_radix_next(&directory->gone, directory->cookie_given + 1, &cookie, &leaf)) {
        return "the cookies of a directory do not fit each other";
    }
    for (cookie = 0; rp_radix_next(&directory->gone, cookie, &cookie, &leaf); cookie++) {
        if (rp_radix_get(&directory->entries, cookie) != NULL) {
            return "an entry that is gone is there";
        }
    }
    return NULL;
}

static const char *check_directory(const struct rp_vfs *vfs, const struct rp_inode *inode,
                                   uint64_t number, uint64_t *bytes)
{
    const struct rp_vfs_directory *directory = &inode->of.directory;
    uint64_t entries = 0;
    uint64_t subdirectories = 0;
    uint64_t charge = 0;
    const struct rp_dirent *before = NULL;
    for (const struct rp_dirent *entry = rp_name_tree_first(&directory->names); entry != NULL;
         entry = rp_name_tree_after(&directory->names, entry->name, entry->name_size)) {
        size_t common = before != NULL && before->name_size < entry->name_size ? before->name_size
                                                                               : entry->name_size;
        int order = before != NULL ? memcmp(before->name, entry->name, common) : -1;
        if (order > 0 || (order == 0 && before->name_size >= entry->name_size)) {
            return "the names of a directory are not in byte-wise order";
        }
        const struct rp_inode *child = rp_inode_get(vfs, entry->inode);
        if (child == NULL) {
            return "an entry names an inode that does not exist";
        }
        if (child->kind != (enum rp_vfs_kind)entry->kind) {
            return "an entry's kind is not that of its inode";
        }
        if (child->kind == RP_VFS_DIRECTORY && child->of.directory.parent != number) {
            return "a directory's parent is not where its entry is";
        }
        if (rp_radix_get(&directory->entries, entry->cookie) != entry) {
            return "an entry is not found by its cookie";
        }
        entries++;
        subdirectories += child->kind == RP_VFS_DIRECTORY ? 1 : 0;
        charge += rp_dirent_charge(entry->name_size);
        before = entry;
    }
    uint64_t cookie = 0;
    void *leaf = NULL;
    while (rp_radix_next(&directory->gone, cookie, &cookie, &leaf)) {
        charge += rp_dirent_charge(((const struct rp_dirent *)leaf)->name_size);
        cookie++;
    }
    *bytes += charge;
    if (entries != directory->entry_count || entries != rp_radix_count(&directory->entries)) {
        return "a directory's entry count is not that of its entries";
    }
    if (charge != directory->charge) {
        return "a directory's charge is not that of its entries";
    }
    if (directory->readers == 0 && directory->gone.root != NULL) {
        return "gone entries are remembered without a reader";
    }
    bool removed = inode->link_count == 0;
    return !removed && inode->link_count != 2 + subdirectories ? "a directory's link count is wrong"
                                                               : check_cookies(directory);
}

static const char *check_links(const struct rp_inode *inode, uint64_t number, uint64_t links)
{
    bool root = number == RP_VFS_ROOT;
    bool directory = inode->kind == RP_VFS_DIRECTORY;
    uint64_t expected = !directory ? inode->link_count : inode->link_count > 0 && !root ? 1 : 0;
    if (links != expected) {
        return "an inode's link count is not that of the entries that name it";
    }
    if (inode->link_count == 0 && inode->holds == 0) {
        return "an inode exists without links and holds";
    }
    return NULL;
}

/* What is no file and no directory. */
static const char *check_small(const struct rp_inode *inode, uint64_t *bytes)
{
    switch (inode->kind) {
    case RP_VFS_FIFO:
        *bytes += inode->of.pipe.capacity;
        return rp_pipe_check(inode);
    case RP_VFS_DEVICE:
        return inode->link_count == 1 && inode->size == 0
                   ? NULL
                   : "a device has more than one link, or a size";
    case RP_VFS_SYMLINK:
        *bytes += inode->size;
        return inode->of.target != NULL && inode->of.target->size == inode->size
                   ? NULL
                   : "a symlink's size is not that of its target";
    case RP_VFS_FILE:
    case RP_VFS_DIRECTORY:
        break;
    }
    return NULL;
}

static const char *check_inodes(const struct rp_vfs *vfs)
{
    uint64_t bytes = 0;
    uint32_t inodes = 0;
    uint64_t index = 0;
    void *leaf = NULL;
    for (; rp_radix_next(&vfs->inodes, index, &index, &leaf); index++) {
        const struct rp_inode *inode = leaf;
        const char *broken = inode->kind == RP_VFS_FILE ? check_file(inode, &bytes)
                             : inode->kind == RP_VFS_DIRECTORY
                                 ? check_directory(vfs, inode, index + 1, &bytes)
                                 : check_small(inode, &bytes);
        if (broken != NULL) {
            return broken;
        }
        inodes++;
    }
    if (inodes != vfs->inode_count) {
        return "the inode count is not that of the inodes";
    }
    return bytes == vfs->bytes_used ? NULL : "bytes_used is not the sum of the charges";
}

static const char *check_all_links(const struct rp_vfs *vfs)
{
    struct link_counts counts;
    if (!count_links(vfs, &counts)) {
        return "there is no memory to check the tree";
    }
    const char *broken = NULL;
    uint64_t index = 0;
    void *leaf = NULL;
    for (; broken == NULL && rp_radix_next(&vfs->inodes, index, &index, &leaf); index++) {
        broken = check_links(leaf, index + 1, counts.links[index + 1]);
    }
    rp_free(&counts.allocator, counts.links, counts.size * sizeof *counts.links);
    return broken;
}

const char *rp_vfs_check(const struct rp_vfs *vfs)
{
    /* first the inodes: names out of order would keep a walk over them from ending */
    const char *broken = check_inodes(vfs);
    return broken != NULL ? broken : check_all_links(vfs);
}
