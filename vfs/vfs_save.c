/* The state of a tree in canonical bytes, and the hash that stands for it (layer 2; docs/wsnp.md,
 * "vfs"). In MessagePack, where text in brackets is an array:
 *
 *   vfs       = [now_ns, bytes_max, inodes_max, [inode ...]]     inodes by number
 *   inode     = [number, kind, accessed_ns, modified_ns, changed_ns, rest]
 *   rest of 0 = holds, parent, cookie_last, cookie_given, readers, [entry ...], [gone ...]
 *   rest of 1 = holds, size, [run ...]
 *   rest of 2 = holds, target:bin
 *   rest of 3 = holds, device
 *   rest of 4 = capacity, readers, writers, waiting:bin
 *   entry     = [name:bin, inode, cookie]                        by name, byte-wise
 *   gone      = [cookie, name:bin]                               by cookie
 *   run       = [page, bytes:bin]     pages that are there, none of them all zero
 *             | [page, count]         pages that are there, all of them all zero
 *
 * Runs are as long as they can be, those with bytes at most RP_VFS_RUN_PAGES_MAX pages; the bytes
 * end with the file. For the hash they are replaced by 32 for each page, its leaf hash.
 *
 * Link counts, charges and page counts follow from the rest and are not written. */
#include "core/page_hash.h"
#include "vfs/inode.h"

static_assert(RP_VFS_PAGE_BYTES == RP_PAGE_HASH_BYTES, "a leaf is a page");

struct saver {
    struct rp_buffer *out;
    bool hashes; /* in the place of the pages' bytes */
};

/* ---- files ---- */

struct run {
    uint64_t page;
    uint64_t count;
    bool zero;
};

static bool page_is_zero(struct rp_vfs_page *page)
{
    if ((page->known & RP_PAGE_SEEN) == 0) {
        bool zero = rp_page_bytes_are_zero(page->bytes, sizeof page->bytes);
        page->known |= (uint8_t)(zero ? RP_PAGE_SEEN | RP_PAGE_ZERO : RP_PAGE_SEEN);
    }
    return (page->known & RP_PAGE_ZERO) != 0;
}

static const uint8_t *page_hash(struct rp_vfs_page *page)
{
    if ((page->known & RP_PAGE_HASHED) == 0) {
        rp_page_hash(page->bytes, page->hash);
        page->known |= RP_PAGE_HASHED;
    }
    return page->hash;
}

/* The first run at or after `from`; false if there is none. */
static bool find_run(const struct rp_radix *pages, uint64_t from, struct run *out_run)
{
    uint64_t index = 0;
    void *leaf = NULL;
    if (!rp_radix_next(pages, from, &index, &leaf)) {
        return false;
    }
    *out_run = (struct run){.page = index, .count = 1, .zero = page_is_zero(leaf)};
    while (out_run->zero || out_run->count < RP_VFS_RUN_PAGES_MAX) {
        leaf = rp_radix_get(pages, index + out_run->count);
        if (leaf == NULL || page_is_zero(leaf) != out_run->zero) {
            break;
        }
        out_run->count++;
    }
    return true;
}

/* The size of a run's bytes, which end with the file. */
static uint32_t run_bytes(const struct rp_inode *inode, const struct run *run)
{
    uint64_t left = inode->size - run->page * RP_VFS_PAGE_BYTES;
    uint64_t size = run->count * RP_VFS_PAGE_BYTES;
    return (uint32_t)(size < left ? size : left);
}

static void save_run(const struct saver *saver, const struct rp_inode *inode, const struct run *run)
{
    rp_msgpack_put_array(saver->out, 2);
    rp_msgpack_put_uint(saver->out, run->page);
    if (run->zero) {
        rp_msgpack_put_uint(saver->out, run->count);
        return;
    }
    uint32_t left = saver->hashes ? (uint32_t)run->count * RP_HASH_BYTES : run_bytes(inode, run);
    rp_msgpack_put_bytes_head(saver->out, left);
    for (uint64_t i = 0; i < run->count; i++) {
        struct rp_vfs_page *page = rp_radix_get(&inode->of.file.pages, run->page + i);
        uint32_t part = saver->hashes              ? RP_HASH_BYTES
                        : left < RP_VFS_PAGE_BYTES ? left
                                                   : RP_VFS_PAGE_BYTES;
        rp_buffer_append(saver->out, saver->hashes ? page_hash(page) : page->bytes, part);
        left -= part;
    }
    RP_ASSERT(left == 0);
}

static void save_file(const struct saver *saver, const struct rp_inode *inode)
{
    const struct rp_radix *pages = &inode->of.file.pages;
    struct run run = {0};
    uint32_t count = 0;
    for (uint64_t from = 0; find_run(pages, from, &run); from = run.page + run.count) {
        RP_ASSERT(count < UINT32_MAX);
        count++;
    }
    rp_msgpack_put_uint(saver->out, inode->size);
    rp_msgpack_put_array(saver->out, count);
    for (uint64_t from = 0; find_run(pages, from, &run); from = run.page + run.count) {
        save_run(saver, inode, &run);
    }
}

/* ---- directories ---- */

static void save_directory(const struct saver *saver, const struct rp_inode *inode)
{
    const struct rp_vfs_directory *directory = &inode->of.directory;
    rp_msgpack_put_uint(saver->out, directory->parent);
    rp_msgpack_put_uint(saver->out, directory->cookie_last);
    rp_msgpack_put_uint(saver->out, directory->cookie_given);
    rp_msgpack_put_uint(saver->out, directory->readers);
    RP_ASSERT(directory->entry_count <= UINT32_MAX && directory->cookie_last <= RP_VFS_COOKIE_MAX);
    rp_msgpack_put_array(saver->out, (uint32_t)directory->entry_count);
    for (const struct rp_dirent *entry = rp_name_tree_first(&directory->names); entry != NULL;
         entry = rp_name_tree_after(&directory->names, entry->name, entry->name_size)) {
        rp_msgpack_put_array(saver->out, 3);
        rp_msgpack_put_bytes(saver->out, entry->name, entry->name_size);
        rp_msgpack_put_uint(saver->out, entry->inode);
        rp_msgpack_put_uint(saver->out, entry->cookie);
    }
    uint64_t gone = rp_radix_count(&directory->gone);
    RP_ASSERT(gone <= UINT32_MAX);
    rp_msgpack_put_array(saver->out, (uint32_t)gone);
    uint64_t cookie = 0;
    void *leaf = NULL;
    for (; rp_radix_next(&directory->gone, cookie, &cookie, &leaf); cookie++) {
        const struct rp_dirent *entry = leaf;
        rp_msgpack_put_array(saver->out, 2);
        rp_msgpack_put_uint(saver->out, cookie);
        rp_msgpack_put_bytes(saver->out, entry->name, entry->name_size);
    }
}

/* ---- pipes ---- */

static bool save_waiting(void *user, uint64_t inode, const uint8_t *bytes, size_t size)
{
    struct rp_buffer *out = user;
    (void)inode;
    rp_buffer_append(out, bytes, size);
    return !out->failed;
}

static void save_pipe(const struct saver *saver, const struct rp_inode *inode, uint64_t number)
{
    rp_msgpack_put_uint(saver->out, inode->of.pipe.capacity);
    rp_msgpack_put_uint(saver->out, inode->of.pipe.readers);
    rp_msgpack_put_uint(saver->out, inode->of.pipe.writers);
    rp_msgpack_put_bytes_head(saver->out, (uint32_t)inode->size);
    struct rp_vfs_visitor visitor = {.user = saver->out, .waiting = save_waiting};
    (void)rp_pipe_walk(inode, number, &visitor);
}

/* ---- the whole ---- */

/* How many values the array of an inode has, by its kind. */
static const uint8_t value_counts[] = {[RP_VFS_DIRECTORY] = 12,
                                       [RP_VFS_FILE] = 8,
                                       [RP_VFS_SYMLINK] = 7,
                                       [RP_VFS_DEVICE] = 7,
                                       [RP_VFS_FIFO] = 9};

uint32_t rp_inode_value_count(enum rp_vfs_kind kind)
{
    return value_counts[kind];
}

static void save_inode(const struct saver *saver, const struct rp_inode *inode, uint64_t number)
{
    rp_msgpack_put_array(saver->out, rp_inode_value_count(inode->kind));
    rp_msgpack_put_uint(saver->out, number);
    rp_msgpack_put_uint(saver->out, (uint64_t)inode->kind);
    rp_msgpack_put_uint(saver->out, inode->accessed_ns);
    rp_msgpack_put_uint(saver->out, inode->modified_ns);
    rp_msgpack_put_uint(saver->out, inode->changed_ns);
    if (inode->kind != RP_VFS_FIFO) {
        rp_msgpack_put_uint(saver->out, inode->holds);
    }
    switch (inode->kind) {
    case RP_VFS_DIRECTORY:
        save_directory(saver, inode);
        break;
    case RP_VFS_FILE:
        save_file(saver, inode);
        break;
    case RP_VFS_SYMLINK:
        rp_msgpack_put_bytes(saver->out, inode->of.target->bytes, inode->of.target->size);
        break;
    case RP_VFS_DEVICE:
        rp_msgpack_put_uint(saver->out, inode->of.device);
        break;
    case RP_VFS_FIFO:
        save_pipe(saver, inode, number);
        break;
    }
}

static void save_tree(const struct saver *saver, const struct rp_vfs *vfs)
{
    rp_msgpack_put_array(saver->out, 4);
    rp_msgpack_put_uint(saver->out, vfs->now_ns);
    rp_msgpack_put_uint(saver->out, vfs->limits.bytes_max);
    rp_msgpack_put_uint(saver->out, vfs->limits.inodes_max);
    rp_msgpack_put_array(saver->out, vfs->inode_count);
    uint64_t index = 0;
    void *leaf = NULL;
    for (; rp_radix_next(&vfs->inodes, index, &index, &leaf) && !saver->out->failed; index++) {
        save_inode(saver, leaf, index + 1);
    }
}

void rp_vfs_save(const struct rp_vfs *vfs, struct rp_buffer *out)
{
    struct saver saver = {.out = out};
    save_tree(&saver, vfs);
}

bool rp_vfs_root(const struct rp_vfs *vfs, uint8_t out_root[RP_HASH_BYTES])
{
    struct rp_allocator allocator; /* its own: hashing leaves the tree's account alone */
    rp_allocator_init(&allocator, 0);
    struct rp_buffer bytes;
    rp_buffer_init(&bytes, &allocator);
    struct saver saver = {.out = &bytes, .hashes = true};
    save_tree(&saver, vfs);
    bool whole = !bytes.failed;
    if (whole) {
        rp_component_hash(bytes.data, bytes.size, out_root);
    }
    rp_buffer_deinit(&bytes);
    return whole;
}
