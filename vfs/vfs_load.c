/* A tree from its canonical bytes, which nobody vouches for (layer 2; the grammar stands in
 * vfs_save.c).
 *
 * Inodes are read one after the other, each checked as far as it goes by itself. Then the
 * directories are walked from the root, which counts links and finds what no name leads to: a
 * directory is reached once, from the one that it says is its parent, or it is refused; so there
 * are no cycles. Nothing here recurses, and no number from the bytes sizes anything before it has
 * been compared with what is left of them. */
#include "core/page_hash.h"
#include "core/section_reader.h"
#include "vfs/inode.h"

struct loader {
    struct rp_allocator *allocator;
    struct rp_section_reader reader;
    struct rp_vfs *vfs; /* that is being built */
    /* NULL: build everything. Else files get no pages; here goes what the root hashes: the bytes,
     * those of pages replaced by hashes. */
    struct rp_buffer *root;
    const uint8_t *copied;    /* up to here the bytes are in `root` */
    struct rp_vfs_page *zero; /* shared by the pages of zeros; NULL: none so far */
    uint64_t directory_count;
};

static struct rp_section_reader read_section(struct rp_msgpack *in, rp_report *report)
{
    return (struct rp_section_reader){
        .in = in, .section = "vfs", .thing = "inode", .report = report};
}

static uint64_t read_number(struct loader *loader)
{
    return rp_msgpack_uint(loader->reader.in, UINT64_MAX);
}

static bool read_u32(struct loader *loader, uint32_t *out_number, const char *what)
{
    uint64_t number = read_number(loader);
    *out_number = (uint32_t)number;
    return number <= UINT32_MAX || rp_section_refuse_state(&loader->reader, what);
}

/* ---- files ---- */

static bool charge(struct loader *loader, uint64_t bytes)
{
    if (!rp_vfs_has_room(loader->vfs, bytes)) {
        return rp_section_refuse_state(&loader->reader, "the tree has more bytes than its limit");
    }
    loader->vfs->bytes_used += bytes;
    return true;
}

static bool put_page(struct loader *loader, struct rp_inode *inode, uint64_t index,
                     struct rp_vfs_page *page)
{
    struct rp_radix *pages = &inode->of.file.pages;
    if (!rp_radix_reserve(pages, loader->allocator, index)) {
        return rp_section_no_memory(&loader->reader);
    }
    void *old = rp_radix_exchange(pages, loader->allocator, index, page);
    RP_ASSERT(old == NULL);
    return true;
}

static struct rp_vfs_page *new_page(struct loader *loader, uint8_t known)
{
    struct rp_vfs_page *page = rp_alloc(loader->allocator, sizeof *page);
    if (page == NULL) {
        (void)rp_section_no_memory(&loader->reader);
        return NULL;
    }
    page->shared.owners = 1;
    page->known = known;
    page->next = NULL;
    return page;
}

static bool add_page(struct loader *loader, struct rp_inode *inode, uint64_t index,
                     const uint8_t *bytes, size_t size)
{
    struct rp_vfs_page *page = new_page(loader, RP_PAGE_SEEN);
    if (page == NULL) {
        return false;
    }
    memcpy(page->bytes, bytes, size);
    memset(page->bytes + size, 0, sizeof page->bytes - size);
    if (!put_page(loader, inode, index, page)) {
        rp_page_free(loader->allocator, page);
        return false;
    }
    return true;
}

static void release_zero(struct loader *loader)
{
    if (loader->zero != NULL && rp_shared_drop(loader->zero)) {
        rp_page_free(loader->allocator, loader->zero);
    }
    loader->zero = NULL;
}

/* A page of zeros is the same page for all, until one of them is written. */
static bool add_zero_page(struct loader *loader, struct rp_inode *inode, uint64_t index)
{
    if (loader->zero != NULL && loader->zero->shared.owners == UINT32_MAX) {
        release_zero(loader);
    }
    if (loader->zero == NULL) {
        loader->zero = new_page(loader, RP_PAGE_SEEN | RP_PAGE_ZERO);
        if (loader->zero == NULL) {
            return false;
        }
        memset(loader->zero->bytes, 0, sizeof loader->zero->bytes);
    }
    if (!put_page(loader, inode, index, loader->zero)) {
        return false;
    }
    rp_shared_keep(loader->zero);
    return true;
}

/* The hash of a page whose bytes end at `size`. */
static void append_hash(struct rp_buffer *root, const uint8_t *bytes, size_t size)
{
    uint8_t hash[RP_HASH_BYTES];
    if (size == RP_VFS_PAGE_BYTES) {
        rp_page_hash(bytes, hash);
    } else {
        uint8_t page[RP_VFS_PAGE_BYTES] = {0};
        memcpy(page, bytes, size);
        rp_page_hash(page, hash);
    }
    rp_buffer_append(root, hash, sizeof hash);
}

struct run {
    uint64_t page;
    uint64_t count;
    bool zero;
};

static bool read_bytes_run(struct loader *loader, struct rp_inode *inode, struct run *run)
{
    const uint8_t *head = loader->reader.in->pos;
    struct rp_span bytes =
        rp_msgpack_bytes(loader->reader.in, RP_VFS_RUN_PAGES_MAX * RP_VFS_PAGE_BYTES);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    uint64_t left = inode->size - run->page * RP_VFS_PAGE_BYTES;
    if (bytes.size > left) {
        return rp_section_refuse_state(&loader->reader, "pages lie behind the end of their file");
    }
    if (bytes.size == 0 || (bytes.size % RP_VFS_PAGE_BYTES != 0 && bytes.size != left)) {
        return rp_section_refuse_encoding(&loader->reader, "a run of pages ends within one");
    }
    run->count = (bytes.size + RP_VFS_PAGE_BYTES - 1) / RP_VFS_PAGE_BYTES;
    if (!charge(loader, run->count * RP_VFS_PAGE_BYTES)) {
        return false;
    }
    if (loader->root != NULL) {
        rp_buffer_append(loader->root, loader->copied, (size_t)(head - loader->copied));
        rp_msgpack_put_bytes_head(loader->root, (uint32_t)run->count * RP_HASH_BYTES);
        loader->copied = loader->reader.in->pos;
    }
    for (uint64_t i = 0; i < run->count; i++) {
        size_t done = (size_t)i * RP_VFS_PAGE_BYTES;
        size_t part = bytes.size - done < RP_VFS_PAGE_BYTES ? bytes.size - done : RP_VFS_PAGE_BYTES;
        if (rp_page_bytes_are_zero(bytes.data + done, part)) {
            return rp_section_refuse_encoding(&loader->reader,
                                              "a page of zeros is written with its bytes");
        }
        if (loader->root != NULL) {
            append_hash(loader->root, bytes.data + done, part);
        } else if (!add_page(loader, inode, run->page + i, bytes.data + done, part)) {
            return false;
        }
    }
    return true;
}

static bool read_zero_run(struct loader *loader, struct rp_inode *inode, uint64_t page_end,
                          struct run *run)
{
    run->count = read_number(loader);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (run->count == 0) {
        return rp_section_refuse_encoding(&loader->reader, "a run of no pages");
    }
    if (run->count > page_end - run->page) {
        return rp_section_refuse_state(&loader->reader, "pages lie behind the end of their file");
    }
    /* no overflow: a file has less than 2^52 pages */
    if (!charge(loader, run->count * RP_VFS_PAGE_BYTES)) {
        return false;
    }
    for (uint64_t i = 0; i < run->count && loader->root == NULL; i++) {
        if (!add_zero_page(loader, inode, run->page + i)) {
            return false;
        }
    }
    return true;
}

/* Whether `run` could have been a part of the one before. */
static bool continues(const struct run *before, const struct run *run)
{
    return before->count > 0 && before->page + before->count == run->page &&
           before->zero == run->zero && (run->zero || before->count < RP_VFS_RUN_PAGES_MAX);
}

static bool read_run(struct loader *loader, struct rp_inode *inode, const struct run *before,
                     struct run *out_run)
{
    uint64_t page_end =
        inode->size / RP_VFS_PAGE_BYTES + (inode->size % RP_VFS_PAGE_BYTES != 0 ? 1 : 0);
    (void)rp_msgpack_tuple(loader->reader.in, 2);
    struct run run = {.page = read_number(loader)};
    run.zero = !rp_msgpack_next_is_bytes(loader->reader.in);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (run.page < before->page + before->count) {
        return rp_section_refuse_encoding(&loader->reader, "the pages of a file are not in order");
    }
    if (run.page >= page_end) {
        return rp_section_refuse_state(&loader->reader, "pages lie behind the end of their file");
    }
    if (continues(before, &run)) {
        return rp_section_refuse_encoding(&loader->reader, "a run of pages is written in two");
    }
    *out_run = run;
    return run.zero ? read_zero_run(loader, inode, page_end, out_run)
                    : read_bytes_run(loader, inode, out_run);
}

static bool read_file(struct loader *loader, struct rp_inode *inode)
{
    inode->size = read_number(loader);
    uint32_t run_count = rp_msgpack_array(loader->reader.in, UINT32_MAX);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (inode->size > RP_VFS_FILE_BYTES_MAX) {
        inode->size = 0;
        return rp_section_refuse_state(&loader->reader, "a file is larger than files can be");
    }
    struct run before = {0};
    for (uint32_t i = 0; i < run_count; i++) {
        struct run run;
        if (!read_run(loader, inode, &before, &run)) {
            return false;
        }
        inode->of.file.page_count += run.count;
        before = run;
    }
    return true;
}

/* ---- directories ---- */

static bool name_is_valid(struct rp_span name)
{
    bool dots = (name.size == 1 && name.data[0] == '.') ||
                (name.size == 2 && name.data[0] == '.' && name.data[1] == '.');
    return name.size > 0 && name.size <= RP_VFS_NAME_BYTES_MAX && !dots &&
           memchr(name.data, 0, name.size) == NULL && memchr(name.data, '/', name.size) == NULL;
}

static bool name_is_behind(const struct rp_dirent *before, struct rp_span name)
{
    if (before == NULL) {
        return true;
    }
    size_t common = before->name_size < name.size ? before->name_size : name.size;
    int order = memcmp(before->name, name.data, common);
    return order < 0 || (order == 0 && before->name_size < name.size);
}

/* A name and its cookie, in `entries` or `gone`; NULL: refused. */
static struct rp_dirent *add_name(struct loader *loader, struct rp_vfs_directory *directory,
                                  struct rp_radix *place, struct rp_span name, uint64_t inode,
                                  uint64_t cookie)
{
    if (!name_is_valid(name)) {
        (void)rp_section_refuse_state(&loader->reader, "a name that no entry can have");
        return NULL;
    }
    if (cookie <= RP_VFS_COOKIE_FIRST || cookie > directory->cookie_last ||
        rp_radix_get(&directory->entries, cookie) != NULL) {
        (void)rp_section_refuse_state(&loader->reader,
                                      "a cookie that the directory did not give, or gave twice");
        return NULL;
    }
    uint64_t bytes = rp_dirent_charge((uint32_t)name.size);
    if (!charge(loader, bytes)) {
        return NULL;
    }
    directory->charge += bytes;
    struct rp_dirent *entry = rp_dirent_create(loader->allocator, (const char *)name.data,
                                               (uint32_t)name.size, inode, cookie);
    if (entry == NULL || !rp_radix_reserve(place, loader->allocator, cookie)) {
        (void)rp_section_no_memory(&loader->reader);
        if (entry != NULL) {
            rp_dirent_release(loader->allocator, entry);
        }
        return NULL;
    }
    void *old = rp_radix_exchange(place, loader->allocator, cookie, entry);
    RP_ASSERT(old == NULL);
    return entry;
}

static bool read_entries(struct loader *loader, struct rp_vfs_directory *directory)
{
    uint32_t count = rp_msgpack_array(loader->reader.in, UINT32_MAX);
    const struct rp_dirent *before = NULL;
    for (uint32_t i = 0; i < count; i++) {
        (void)rp_msgpack_tuple(loader->reader.in, 3);
        struct rp_span name = rp_msgpack_bytes(loader->reader.in, RP_VFS_NAME_BYTES_MAX);
        uint64_t inode = read_number(loader);
        uint64_t cookie = read_number(loader);
        if (!rp_section_read_well(&loader->reader)) {
            return false;
        }
        if (!name_is_behind(before, name)) {
            return rp_section_refuse_encoding(
                &loader->reader, "the names of a directory are not in byte-wise order");
        }
        struct rp_dirent *entry =
            add_name(loader, directory, &directory->entries, name, inode, cookie);
        if (entry == NULL) {
            return false;
        }
        if (!rp_name_tree_insert(&directory->names, loader->allocator, entry)) {
            return rp_section_no_memory(&loader->reader);
        }
        directory->entry_count++;
        before = entry;
    }
    return true;
}

static bool read_gone(struct loader *loader, struct rp_vfs_directory *directory)
{
    uint32_t count = rp_msgpack_array(loader->reader.in, UINT32_MAX);
    uint64_t before = 0;
    for (uint32_t i = 0; i < count; i++) {
        (void)rp_msgpack_tuple(loader->reader.in, 2);
        uint64_t cookie = read_number(loader);
        struct rp_span name = rp_msgpack_bytes(loader->reader.in, RP_VFS_NAME_BYTES_MAX);
        if (!rp_section_read_well(&loader->reader)) {
            return false;
        }
        if (cookie <= before) {
            return rp_section_refuse_encoding(&loader->reader,
                                              "gone entries are not in order of their cookies");
        }
        if (cookie > directory->cookie_given) {
            return rp_section_refuse_state(&loader->reader,
                                           "a gone entry is remembered that nobody was given");
        }
        if (add_name(loader, directory, &directory->gone, name, RP_VFS_NONE, cookie) == NULL) {
            return false;
        }
        before = cookie;
    }
    return true;
}

static bool read_directory(struct loader *loader, struct rp_inode *inode)
{
    struct rp_vfs_directory *directory = &inode->of.directory;
    directory->parent = read_number(loader);
    directory->cookie_last = read_number(loader);
    directory->cookie_given = read_number(loader);
    if (!read_u32(loader, &directory->readers, "a directory has too many readers") ||
        !rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (directory->cookie_last < RP_VFS_COOKIE_FIRST ||
        directory->cookie_last > RP_VFS_COOKIE_MAX ||
        directory->cookie_given > directory->cookie_last ||
        (directory->readers == 0 && directory->cookie_given != 0)) {
        return rp_section_refuse_state(&loader->reader,
                                       "the cookies of a directory do not fit each other");
    }
    loader->directory_count++;
    if (!read_entries(loader, directory) || !read_gone(loader, directory) ||
        !rp_section_read_well(&loader->reader)) {
        return false;
    }
    return directory->parent != RP_VFS_NONE || directory->entry_count == 0 ||
           rp_section_refuse_state(&loader->reader, "a directory that was removed has entries");
}

/* ---- what is small ---- */

static bool read_symlink(struct loader *loader, struct rp_inode *inode)
{
    struct rp_span target = rp_msgpack_bytes(loader->reader.in, RP_VFS_PATH_BYTES_MAX);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (target.size == 0 || memchr(target.data, 0, target.size) != NULL) {
        return rp_section_refuse_state(&loader->reader, "a target that no symlink can have");
    }
    struct rp_vfs_target *text = rp_alloc(loader->allocator, sizeof *text + target.size);
    if (text == NULL) {
        return rp_section_no_memory(&loader->reader);
    }
    *text = (struct rp_vfs_target){.shared = {1}, .size = (uint32_t)target.size};
    memcpy(text->bytes, target.data, target.size);
    inode->of.target = text;
    inode->size = target.size;
    return charge(loader, target.size);
}

static bool read_pipe(struct loader *loader, struct rp_inode *inode)
{
    struct rp_vfs_pipe *pipe = &inode->of.pipe;
    uint64_t capacity = read_number(loader);
    if (!read_u32(loader, &pipe->readers, "a pipe has too many readers") ||
        !read_u32(loader, &pipe->writers, "a pipe has too many writers")) {
        return false;
    }
    struct rp_span waiting = rp_msgpack_bytes(loader->reader.in, RP_VFS_PIPE_BYTES_MAX);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (capacity == 0 || capacity > RP_VFS_PIPE_BYTES_MAX) {
        return rp_section_refuse_state(&loader->reader, "a pipe of a capacity that none can have");
    }
    if (waiting.size > capacity || (waiting.size > 0 && pipe->readers == 0)) {
        return rp_section_refuse_state(&loader->reader,
                                       "bytes wait in a pipe without room or reader for them");
    }
    if (pipe->readers > UINT32_MAX - pipe->writers) {
        return rp_section_refuse_state(&loader->reader, "a pipe has too many ends");
    }
    pipe->capacity = (uint32_t)capacity;
    inode->holds = pipe->readers + pipe->writers;
    if (!charge(loader, capacity)) {
        return false;
    }
    if (waiting.size > 0 && !rp_pipe_put(loader->vfs, inode, waiting.data, waiting.size)) {
        return rp_section_no_memory(&loader->reader);
    }
    inode->size = waiting.size;
    return true;
}

/* ---- inodes ---- */

/* An inode of this kind and number in the tree, to be filled. */
static struct rp_inode *new_inode(struct loader *loader, enum rp_vfs_kind kind, uint64_t number)
{
    struct rp_vfs *vfs = loader->vfs;
    struct rp_inode *inode = rp_alloc_zero(loader->allocator, 1, sizeof *inode);
    if (inode == NULL || !rp_radix_reserve(&vfs->inodes, loader->allocator, number - 1)) {
        rp_free(loader->allocator, inode, inode != NULL ? sizeof *inode : 0);
        (void)rp_section_no_memory(&loader->reader);
        return NULL;
    }
    inode->shared.owners = 1;
    inode->kind = kind;
    void *old = rp_radix_exchange(&vfs->inodes, loader->allocator, number - 1, inode);
    RP_ASSERT(old == NULL);
    vfs->inode_count++;
    return inode;
}

static bool read_rest(struct loader *loader, struct rp_inode *inode)
{
    if (inode->kind != RP_VFS_FIFO &&
        !read_u32(loader, &inode->holds, "an inode is held too often")) {
        return false;
    }
    switch (inode->kind) {
    case RP_VFS_DIRECTORY:
        return read_directory(loader, inode);
    case RP_VFS_FILE:
        return read_file(loader, inode);
    case RP_VFS_SYMLINK:
        return read_symlink(loader, inode);
    case RP_VFS_DEVICE:
        return read_u32(loader, &inode->of.device, "a device has a number beyond 32 bits");
    case RP_VFS_FIFO:
        break;
    }
    return read_pipe(loader, inode);
}

static bool read_inode(struct loader *loader)
{
    uint32_t value_count = rp_msgpack_array(loader->reader.in, UINT32_MAX);
    uint64_t number = read_number(loader);
    uint64_t kind = read_number(loader);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (number <= loader->reader.number) {
        return rp_section_refuse_encoding(&loader->reader,
                                          "the inodes are not in order of their numbers");
    }
    loader->reader.number = number;
    if (kind > RP_VFS_FIFO) {
        return rp_section_refuse_state(&loader->reader, "an inode of a kind that does not exist");
    }
    if (value_count != rp_inode_value_count((enum rp_vfs_kind)kind)) {
        return rp_section_refuse_encoding(&loader->reader,
                                          "an inode with more or fewer values than its kind has");
    }
    /* each new inode gets the lowest free number */
    if (number > loader->vfs->limits.inodes_max) {
        return rp_section_refuse_state(&loader->reader,
                                       "an inode has a number beyond the limit of inodes");
    }
    struct rp_inode *inode = new_inode(loader, (enum rp_vfs_kind)kind, number);
    if (inode == NULL) {
        return false;
    }
    inode->accessed_ns = read_number(loader);
    inode->modified_ns = read_number(loader);
    inode->changed_ns = read_number(loader);
    return read_rest(loader, inode) && rp_section_read_well(&loader->reader);
}

/* ---- names and links ---- */

/* Directories that were reached and not yet looked into, in order. */
struct queue {
    uint64_t *numbers;
    uint64_t first;
    uint64_t end;
};

static bool connect_entry(struct loader *loader, struct queue *queue, uint64_t number,
                          struct rp_dirent *entry)
{
    struct rp_vfs *vfs = loader->vfs;
    struct rp_inode *parent = rp_inode_owned(vfs, number);
    if (rp_inode_get(vfs, entry->inode) == NULL) {
        return rp_section_refuse_state(&loader->reader,
                                       "an entry names an inode that does not exist");
    }
    struct rp_inode *child = rp_inode_owned(vfs, entry->inode);
    entry->kind = (uint8_t)child->kind;
    if (child->kind == RP_VFS_FIFO || (child->kind == RP_VFS_DEVICE && child->link_count > 0)) {
        return rp_section_refuse_state(
            &loader->reader, "an entry names a pipe, or a device that has a name already");
    }
    if (child->kind != RP_VFS_DIRECTORY) {
        child->link_count++;
        return child->link_count <= RP_VFS_LINKS_MAX ||
               rp_section_refuse_state(&loader->reader, "an inode has too many links");
    }
    if (child->link_count > 0 || child->of.directory.parent != number) {
        return rp_section_refuse_state(&loader->reader,
                                       "an entry names a directory that has another place");
    }
    child->link_count = 2;
    parent->link_count++;
    RP_ASSERT(queue->end < loader->directory_count);
    queue->numbers[queue->end++] = entry->inode;
    return parent->link_count <= RP_VFS_LINKS_MAX ||
           rp_section_refuse_state(&loader->reader, "a directory has too many subdirectories");
}

static bool connect_from_root(struct loader *loader, struct queue *queue)
{
    rp_inode_owned(loader->vfs, RP_VFS_ROOT)->link_count = 2;
    queue->numbers[queue->end++] = RP_VFS_ROOT;
    while (queue->first < queue->end) {
        uint64_t number = queue->numbers[queue->first++];
        const struct rp_vfs_directory *directory = &rp_inode_get(loader->vfs, number)->of.directory;
        loader->reader.number = number;
        uint64_t cookie = 0;
        void *leaf = NULL;
        for (; rp_radix_next(&directory->entries, cookie, &cookie, &leaf); cookie++) {
            if (!connect_entry(loader, queue, number, leaf)) {
                return false;
            }
        }
    }
    return true;
}

static bool connect_names(struct loader *loader)
{
    struct queue queue = {0};
    queue.numbers =
        rp_alloc_zero(loader->allocator, (size_t)loader->directory_count, sizeof *queue.numbers);
    if (queue.numbers == NULL) {
        return rp_section_no_memory(&loader->reader);
    }
    bool connected = connect_from_root(loader, &queue);
    rp_free(loader->allocator, queue.numbers,
            (size_t)loader->directory_count * sizeof *queue.numbers);
    return connected;
}

/* What only counting all names can tell. */
static bool check_links(struct loader *loader)
{
    uint64_t index = 0;
    void *leaf = NULL;
    for (; rp_radix_next(&loader->vfs->inodes, index, &index, &leaf); index++) {
        const struct rp_inode *inode = leaf;
        loader->reader.number = index + 1;
        if (inode->kind == RP_VFS_DIRECTORY && inode->link_count == 0 &&
            inode->of.directory.parent != RP_VFS_NONE) {
            return rp_section_refuse_state(&loader->reader, "a directory that no path leads to");
        }
        if (inode->link_count == 0 && (inode->holds == 0 || inode->kind == RP_VFS_DEVICE)) {
            return rp_section_refuse_state(&loader->reader,
                                           "an inode without links that nobody holds");
        }
    }
    return true;
}

/* ---- the whole ---- */

static bool read_head(struct loader *loader, const struct rp_vfs_limits *limits)
{
    struct rp_vfs *vfs = loader->vfs;
    (void)rp_msgpack_tuple(loader->reader.in, 4);
    vfs->now_ns = read_number(loader);
    vfs->limits.bytes_max = read_number(loader);
    if (!read_u32(loader, &vfs->limits.inodes_max, "the limit of inodes is beyond 32 bits") ||
        !rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (vfs->limits.inodes_max == 0) {
        return rp_section_refuse_state(&loader->reader, "the limit of inodes is 0");
    }
    if (limits == NULL) {
        return true;
    }
    uint32_t inodes_max = limits->inodes_max != 0 ? limits->inodes_max : 1;
    if (vfs->limits.bytes_max != limits->bytes_max || vfs->limits.inodes_max != inodes_max) {
        loader->reader.status = rp_report_fail(
            loader->reader.report, RP_ERROR_SNAPSHOT_CONFIG,
            "vfs: the snapshot's limits are %llu bytes and %u inodes; here they are %llu and %u",
            (unsigned long long)vfs->limits.bytes_max, vfs->limits.inodes_max,
            (unsigned long long)limits->bytes_max, inodes_max);
        return false;
    }
    return true;
}

static bool read_tree(struct loader *loader, const struct rp_vfs_limits *limits)
{
    if (!read_head(loader, limits)) {
        return false;
    }
    uint32_t count = rp_msgpack_array(loader->reader.in, UINT32_MAX);
    if (!rp_section_read_well(&loader->reader)) {
        return false;
    }
    if (count > loader->vfs->limits.inodes_max) {
        return rp_section_refuse_state(&loader->reader, "the tree has more inodes than its limit");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!read_inode(loader)) {
            return false;
        }
    }
    const struct rp_inode *root = rp_inode_get(loader->vfs, RP_VFS_ROOT);
    if (root == NULL || root->kind != RP_VFS_DIRECTORY ||
        root->of.directory.parent != RP_VFS_ROOT) {
        return rp_section_refuse_state(&loader->reader, "inode 1 is no root directory");
    }
    return connect_names(loader) && check_links(loader);
}

/* On success the tree is loader->vfs, else it is freed. */
static rp_status load_tree(struct loader *loader, const struct rp_vfs_limits *limits)
{
    loader->vfs = rp_alloc_zero(loader->allocator, 1, sizeof *loader->vfs);
    if (loader->vfs == NULL) {
        (void)rp_section_no_memory(&loader->reader);
        return loader->reader.status;
    }
    loader->vfs->allocator = loader->allocator;
    bool loaded = read_tree(loader, limits);
    RP_ASSERT(loaded == (loader->reader.status == RP_OK));
    release_zero(loader);
    if (!loaded) {
        rp_vfs_destroy(loader->vfs);
        loader->vfs = NULL;
    }
    return loader->reader.status;
}

rp_status rp_vfs_load(struct rp_allocator *allocator, const struct rp_vfs_limits *limits,
                      struct rp_msgpack *in, struct rp_vfs **out_vfs, rp_report *report)
{
    struct loader loader = {.allocator = allocator, .reader = read_section(in, report)};
    rp_status status = load_tree(&loader, limits);
    if (status == RP_OK) {
        *out_vfs = loader.vfs;
    }
    return status;
}

rp_status rp_vfs_root_of(struct rp_allocator *allocator, struct rp_msgpack *in,
                         uint8_t out_root[RP_HASH_BYTES], rp_report *report)
{
    struct rp_buffer root;
    rp_buffer_init(&root, allocator);
    struct loader loader = {.allocator = allocator,
                            .root = &root,
                            .copied = in->pos,
                            .reader = read_section(in, report)};
    rp_status status = load_tree(&loader, NULL);
    if (status == RP_OK) {
        rp_vfs_destroy(loader.vfs);
        rp_buffer_append(&root, loader.copied, (size_t)(in->pos - loader.copied));
        if (root.failed) {
            (void)rp_section_no_memory(&loader.reader);
            status = loader.reader.status;
        } else {
            rp_component_hash(root.data, root.size, out_root);
        }
    }
    rp_buffer_deinit(&root);
    return status;
}

rp_status rp_vfs_read_limits(struct rp_msgpack *in, struct rp_vfs_limits *out_limits,
                             rp_report *report)
{
    struct rp_vfs vfs = {0};
    struct loader loader = {.vfs = &vfs, .reader = read_section(in, report)};
    if (read_head(&loader, NULL)) {
        *out_limits = vfs.limits;
    }
    return loader.reader.status;
}
