/* Fingerprints of what a WASI program can change (tests). */
#include "tests/support/wasi_print.h"

#include "core/alloc.h"

uint64_t rp_print_bytes(uint64_t print, const void *data, size_t size)
{
    const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
    const uint8_t *bytes = data;
    uint64_t word = 0;
    for (; size >= sizeof word; size -= sizeof word, bytes += sizeof word) {
        memcpy(&word, bytes, sizeof word);
        print = (print ^ word) * factor;
        print ^= print >> 29;
    }
    word = (uint64_t)size << 56;
    memcpy(&word, bytes, size);
    print = (print ^ word) * factor;
    return print ^ print >> 31;
}

static bool add_inode(void *user, const struct rp_vfs_stat *stat, uint32_t holds)
{
    uint64_t numbers[] = {
        stat->inode,       (uint64_t)stat->kind, stat->link_count, stat->size,   stat->accessed_ns,
        stat->modified_ns, stat->changed_ns,     stat->page_count, stat->device, holds};
    uint64_t *print = user;
    *print = rp_print_bytes(*print, numbers, sizeof numbers);
    return true;
}

static bool add_page(void *user, uint64_t inode, uint64_t index, const uint8_t *bytes)
{
    uint64_t numbers[] = {inode, index};
    uint64_t *print = user;
    *print = rp_print_bytes(*print, numbers, sizeof numbers);
    *print = rp_print_bytes(*print, bytes, RP_VFS_PAGE_BYTES);
    return true;
}

static bool add_directory(void *user, uint64_t inode, uint64_t parent, uint64_t cookie_last,
                          uint64_t cookie_given, uint32_t readers)
{
    uint64_t numbers[] = {inode, parent, cookie_last, cookie_given, readers};
    uint64_t *print = user;
    *print = rp_print_bytes(*print, numbers, sizeof numbers);
    return true;
}

static bool add_entry(void *user, uint64_t inode, const struct rp_vfs_entry *entry)
{
    uint64_t numbers[] = {inode, entry->inode, (uint64_t)entry->kind, entry->cookie};
    uint64_t *print = user;
    *print = rp_print_bytes(*print, numbers, sizeof numbers);
    *print = rp_print_bytes(*print, entry->name, entry->name_size);
    return true;
}

static bool add_target(void *user, uint64_t inode, const char *target, size_t size)
{
    uint64_t *print = user;
    *print = rp_print_bytes(*print, &inode, sizeof inode);
    *print = rp_print_bytes(*print, target, size);
    return true;
}

static bool add_pipe(void *user, uint64_t inode, const struct rp_vfs_pipe_state *state)
{
    uint64_t numbers[] = {inode, state->capacity, state->waiting, state->readers, state->writers};
    uint64_t *print = user;
    *print = rp_print_bytes(*print, numbers, sizeof numbers);
    return true;
}

static bool add_waiting(void *user, uint64_t inode, const uint8_t *bytes, size_t size)
{
    uint64_t *print = user;
    *print = rp_print_bytes(*print, &inode, sizeof inode);
    *print = rp_print_bytes(*print, bytes, size);
    return true;
}

uint64_t rp_print_vfs(const struct rp_vfs *vfs)
{
    uint64_t print = rp_vfs_bytes_used(vfs);
    struct rp_vfs_visitor visitor = {.user = &print,
                                     .inode = add_inode,
                                     .page = add_page,
                                     .directory = add_directory,
                                     .entry = add_entry,
                                     .gone = add_entry,
                                     .target = add_target,
                                     .pipe = add_pipe,
                                     .waiting = add_waiting};
    bool whole = rp_vfs_walk(vfs, &visitor);
    RP_ASSERT(whole);
    return print;
}

uint64_t rp_print_descriptors(const struct rp_descriptor_table *table)
{
    uint64_t print = 1;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct rp_descriptor *item = &table->items[i];
        if (item->kind == RP_DESCRIPTOR_CLOSED) {
            continue;
        }
        uint64_t numbers[] = {
            i,           (uint64_t)item->kind, item->device,       item->read_only,
            item->reads, item->flags,          item->rights_base,  item->rights_inheriting,
            item->inode, item->offset,         (uint64_t)item->end};
        print = rp_print_bytes(print, numbers, sizeof numbers);
        if (item->preopen_name != NULL) {
            print = rp_print_bytes(print, item->preopen_name, item->preopen_name_size);
        }
    }
    return print;
}

uint64_t rp_print_wasi(const struct rp_wasi *wasi)
{
    uint64_t numbers[] = {rp_print_vfs(wasi->vfs), rp_print_descriptors(&wasi->descriptors),
                          wasi->output_bytes, wasi->slept_ns};
    return rp_print_bytes(2, numbers, sizeof numbers);
}

/* ---- agreement ---- */

struct agreement {
    const struct rp_descriptor_table *table;
    const char *broken;
};

static bool check_holds(void *user, const struct rp_vfs_stat *stat, uint32_t holds)
{
    struct agreement *agreement = user;
    uint32_t count = 0;
    for (uint32_t i = 0; i < agreement->table->count; i++) {
        const struct rp_descriptor *item = &agreement->table->items[i];
        count += item->kind != RP_DESCRIPTOR_CLOSED && item->inode == stat->inode;
    }
    if (stat->kind != RP_VFS_FIFO && count != holds) {
        agreement->broken = "an inode is not held as often as it is open";
    }
    return agreement->broken == NULL;
}

static bool check_readers(void *user, uint64_t inode, uint64_t parent, uint64_t cookie_last,
                          uint64_t cookie_given, uint32_t readers)
{
    (void)parent;
    (void)cookie_last;
    (void)cookie_given;
    struct agreement *agreement = user;
    uint32_t count = 0;
    for (uint32_t i = 0; i < agreement->table->count; i++) {
        const struct rp_descriptor *item = &agreement->table->items[i];
        count += item->kind != RP_DESCRIPTOR_CLOSED && item->inode == inode && item->reads;
    }
    if (count != readers) {
        agreement->broken = "a directory has not as many readers as listings go on";
    }
    return agreement->broken == NULL;
}

static bool check_ends(void *user, uint64_t inode, const struct rp_vfs_pipe_state *state)
{
    struct agreement *agreement = user;
    uint32_t counts[2] = {0};
    for (uint32_t i = 0; i < agreement->table->count; i++) {
        const struct rp_descriptor *item = &agreement->table->items[i];
        if (item->kind == RP_DESCRIPTOR_PIPE && item->inode == inode) {
            counts[item->end]++;
        }
    }
    if (counts[RP_VFS_END_READ] != state->readers || counts[RP_VFS_END_WRITE] != state->writers) {
        agreement->broken = "an end of a pipe is not held as often as it is open";
    }
    return agreement->broken == NULL;
}

static const char *check_table(const struct rp_descriptor_table *table)
{
    uint32_t open = 0;
    uint32_t lowest = table->count;
    for (uint32_t i = 0; i < table->count; i++) {
        bool closed = table->items[i].kind == RP_DESCRIPTOR_CLOSED;
        open += !closed;
        lowest = closed && i < lowest ? i : lowest;
    }
    if (open != table->open_count || open > table->max || table->count > table->capacity) {
        return "the count of open descriptors is wrong";
    }
    return lowest == table->lowest_free ? NULL : "the lowest free descriptor is wrong";
}

const char *rp_print_check_wasi(const struct rp_wasi *wasi)
{
    struct agreement agreement = {.table = &wasi->descriptors, .broken = rp_vfs_check(wasi->vfs)};
    if (agreement.broken == NULL) {
        agreement.broken = check_table(&wasi->descriptors);
    }
    if (agreement.broken == NULL && wasi->output_bytes > wasi->output_bytes_max) {
        agreement.broken = "more output than the limit";
    }
    if (agreement.broken == NULL) {
        struct rp_vfs_visitor visitor = {.user = &agreement,
                                         .inode = check_holds,
                                         .directory = check_readers,
                                         .pipe = check_ends};
        (void)rp_vfs_walk(wasi->vfs, &visitor);
    }
    return agreement.broken;
}
