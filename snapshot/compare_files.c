/* What differs between two trees of files, by path (layer 3; the grammar stands in vfs/vfs_save.c).
 */
#include "core/page_hash.h"
#include "snapshot/compare.h"
#include "vfs/vfs.h"

#include <stdio.h>
#include <string.h>

#define PATH_NAMES_MAX 64u /* names of a path that are shown */

struct inode {
    uint64_t number;
    uint64_t kind;        /* enum rp_vfs_kind */
    struct rp_msgpack in; /* at the values behind the kind */
    uint64_t parent;      /* the directory with its first name; 0: it has no name */
    struct rp_span name;
};

struct tree {
    struct inode *inodes; /* by number */
    uint32_t count;
};

/* ---- reading ---- */

static struct inode *find_inode(const struct tree *tree, uint64_t number)
{
    uint32_t first = 0;
    uint32_t end = tree->count;
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (tree->inodes[middle].number < number) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first < tree->count && tree->inodes[first].number == number ? &tree->inodes[first]
                                                                       : NULL;
}

static void read_inode(struct rp_msgpack *in, struct inode *inode)
{
    uint32_t left = rp_msgpack_array(in, UINT32_MAX);
    inode->number = rp_msgpack_uint(in, UINT64_MAX);
    inode->kind = rp_msgpack_uint(in, RP_VFS_FIFO);
    inode->in = *in;
    for (; left > 2 && in->error == NULL; left--) {
        rp_compare_skip(in);
    }
}

/* Passes over the values of a directory up to its entries; their count. */
static uint32_t begin_entries(struct rp_msgpack *in)
{
    for (unsigned i = 0; i < 8; i++) { /* three times, holds, parent, two cookies, readers */
        rp_compare_skip(in);
    }
    return rp_msgpack_array(in, UINT32_MAX);
}

struct entry {
    struct rp_span name;
    uint64_t inode;
    uint64_t cookie;
};

static struct entry read_entry(struct rp_msgpack *in)
{
    struct entry entry = {0};
    rp_msgpack_tuple(in, 3);
    entry.name = rp_msgpack_bytes(in, UINT32_MAX);
    entry.inode = rp_msgpack_uint(in, UINT64_MAX);
    entry.cookie = rp_msgpack_uint(in, UINT64_MAX);
    return entry;
}

static void name_children(struct tree *tree, const struct inode *directory)
{
    struct rp_msgpack in = directory->in;
    for (uint32_t left = begin_entries(&in); left > 0 && in.error == NULL; left--) {
        struct entry entry = read_entry(&in);
        struct inode *child = in.error == NULL ? find_inode(tree, entry.inode) : NULL;
        if (child != NULL && child->parent == 0) {
            child->parent = directory->number;
            child->name = entry.name;
        }
    }
}

/* Reads the list of inodes at which the reader stands. False: no memory. */
static bool read_tree(struct tree *tree, struct rp_arena *arena, struct rp_msgpack *in)
{
    uint32_t count = rp_msgpack_array(in, UINT32_MAX);
    tree->inodes = rp_arena_alloc(arena, count, sizeof *tree->inodes);
    if (tree->inodes == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count && in->error == NULL; i++) {
        read_inode(in, &tree->inodes[i]);
        if (i > 0 && tree->inodes[i].number <= tree->inodes[i - 1].number) {
            rp_msgpack_fail(in, in->pos, "the inodes are not in order of their numbers");
        }
        tree->count = in->error == NULL ? i + 1 : i;
    }
    for (uint32_t i = 0; i < tree->count; i++) {
        if (tree->inodes[i].kind == RP_VFS_DIRECTORY) {
            name_children(tree, &tree->inodes[i]);
        }
    }
    return true;
}

/* ---- paths ---- */

static void append(char text[RP_COMPARE_TEXT_BYTES], size_t *used, const char *piece, size_t size)
{
    size_t room = RP_COMPARE_TEXT_BYTES / 2 - 1 - *used;
    size = size < room ? size : room;
    if (size > 0) {
        memcpy(text + *used, piece, size);
    }
    *used += size;
    text[*used] = '\0';
}

/* "/data/a.txt"; without a name "inode 12". */
static void describe_path(const struct tree *tree, const struct inode *inode,
                          char out_text[RP_COMPARE_TEXT_BYTES])
{
    struct rp_span names[PATH_NAMES_MAX];
    unsigned count = 0;
    size_t used = 0;
    out_text[0] = '\0';
    if (inode->number == RP_VFS_ROOT) {
        append(out_text, &used, "/", 1);
        return;
    }
    while (inode != NULL && inode->number != RP_VFS_ROOT && inode->parent != 0 &&
           count < PATH_NAMES_MAX) {
        names[count++] = inode->name;
        inode = find_inode(tree, inode->parent);
    }
    if (inode != NULL && inode->number != RP_VFS_ROOT) { /* a name in what has none itself */
        char number[40];
        int size = snprintf(number, sizeof number, "inode %llu", (unsigned long long)inode->number);
        append(out_text, &used, number, (size_t)size);
    }
    while (count > 0) {
        count--;
        append(out_text, &used, "/", 1);
        append(out_text, &used, (const char *)names[count].data, names[count].size);
    }
}

/* ---- contents of files ---- */

enum page_state { PAGE_ABSENT, PAGE_ZERO, PAGE_BYTES };

/* A cursor over the runs of a file. */
struct runs {
    struct rp_msgpack *in;
    uint32_t left;  /* runs behind this one */
    uint64_t first; /* of the run in work; UINT64_MAX: there is none */
    uint64_t end;
    struct rp_span bytes; /* data NULL: pages of zeros */
};

static void next_run(struct runs *runs)
{
    runs->first = runs->end = UINT64_MAX;
    if (runs->left == 0 || !rp_msgpack_tuple(runs->in, 2)) {
        return;
    }
    runs->left--;
    uint64_t first = rp_msgpack_uint(runs->in, UINT64_MAX >> 1);
    uint64_t count = 0;
    runs->bytes = (struct rp_span){0};
    if (rp_msgpack_next_is_bytes(runs->in)) {
        runs->bytes = rp_msgpack_bytes(runs->in, UINT32_MAX);
        count = (runs->bytes.size + RP_VFS_PAGE_BYTES - 1) / RP_VFS_PAGE_BYTES;
    } else {
        count = rp_msgpack_uint(runs->in, UINT64_MAX >> 1);
    }
    if (runs->in->error == NULL) {
        runs->first = first;
        runs->end = first + count;
    }
}

static void begin_runs(struct runs *runs, struct rp_msgpack *in)
{
    *runs = (struct runs){.in = in, .left = rp_msgpack_array(in, UINT32_MAX)};
    next_run(runs);
}

/* What stands at a page, and the first page behind it where that may change. */
static enum page_state look(struct runs *runs, uint64_t page, uint64_t *out_end)
{
    while (runs->first != UINT64_MAX && runs->end <= page) {
        next_run(runs);
    }
    if (page < runs->first) {
        *out_end = runs->first;
        return PAGE_ABSENT;
    }
    *out_end = runs->bytes.data == NULL ? runs->end : page + 1;
    return runs->bytes.data == NULL ? PAGE_ZERO : PAGE_BYTES;
}

/* The page's bytes, zero behind the end of the file. */
static void copy_page(const struct runs *runs, enum page_state state, uint64_t page,
                      uint8_t out_bytes[RP_VFS_PAGE_BYTES])
{
    memset(out_bytes, 0, RP_VFS_PAGE_BYTES);
    if (state == PAGE_BYTES) {
        size_t at = (size_t)(page - runs->first) * RP_VFS_PAGE_BYTES;
        size_t left = runs->bytes.size - at;
        memcpy(out_bytes, runs->bytes.data + at,
               left < RP_VFS_PAGE_BYTES ? left : RP_VFS_PAGE_BYTES);
    }
}

static void compare_pages(struct rp_comparing *comparing, const char *path, struct runs runs[2],
                          const enum page_state states[2], uint64_t page, uint64_t end)
{
    static const char *const words[] = {"absent", "zeros", "bytes"};
    char text[RP_COMPARE_TEXT_BYTES];
    if (states[0] != PAGE_BYTES && states[1] != PAGE_BYTES) {
        if (states[0] != states[1]) {
            rp_compare_tell(comparing, "%s: pages %llu to %llu: %s and %s", path,
                            (unsigned long long)page, (unsigned long long)(end - 1),
                            words[states[0]], words[states[1]]);
        }
        return;
    }
    uint8_t bytes[2][RP_VFS_PAGE_BYTES];
    copy_page(&runs[0], states[0], page, bytes[0]);
    copy_page(&runs[1], states[1], page, bytes[1]);
    if (memcmp(bytes[0], bytes[1], RP_VFS_PAGE_BYTES) != 0) {
        rp_compare_describe_bytes(bytes[0], bytes[1], RP_VFS_PAGE_BYTES, page * RP_VFS_PAGE_BYTES,
                                  text);
        rp_compare_tell(comparing, "%s: page %llu: %s", path, (unsigned long long)page, text);
    }
}

static void compare_contents(struct rp_comparing *comparing, const char *path,
                             struct rp_msgpack in[2])
{
    struct runs runs[2];
    begin_runs(&runs[0], &in[0]);
    begin_runs(&runs[1], &in[1]);
    for (uint64_t page = 0; in[0].error == NULL && in[1].error == NULL;) {
        uint64_t ends[2];
        enum page_state states[2] = {look(&runs[0], page, &ends[0]),
                                     look(&runs[1], page, &ends[1])};
        uint64_t end = ends[0] < ends[1] ? ends[0] : ends[1];
        if (end == UINT64_MAX) {
            return;
        }
        compare_pages(comparing, path, runs, states, page, end);
        page = end;
    }
}

/* ---- directories ---- */

static int compare_names(struct rp_span a, struct rp_span b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static void tell_entry(struct rp_comparing *comparing, const char *path, const struct entry *entry,
                       unsigned side)
{
    rp_compare_tell(comparing, "%s%s%.*s: only in the %s snapshot", path,
                    strcmp(path, "/") == 0 ? "" : "/",
                    (int)(entry->name.size < 200 ? entry->name.size : 200),
                    (const char *)entry->name.data, side == 0 ? "first" : "second");
}

/* The lists of names, at which both readers stand. */
static void compare_entries(struct rp_comparing *comparing, const char *path,
                            struct rp_msgpack in[2])
{
    uint32_t left[2];
    struct entry entries[2];
    for (unsigned side = 0; side < 2; side++) {
        left[side] = rp_msgpack_array(&in[side], UINT32_MAX);
        entries[side] = left[side] > 0 ? read_entry(&in[side]) : (struct entry){0};
    }
    while ((left[0] > 0 || left[1] > 0) && in[0].error == NULL && in[1].error == NULL) {
        int order = left[0] == 0   ? 1
                    : left[1] == 0 ? -1
                                   : compare_names(entries[0].name, entries[1].name);
        if (order != 0) {
            tell_entry(comparing, path, &entries[order > 0], order > 0);
        } else if (entries[0].inode != entries[1].inode || entries[0].cookie != entries[1].cookie) {
            rp_compare_tell(
                comparing,
                "%s: entry %.*s is inode %llu with cookie %llu and inode %llu with "
                "cookie %llu",
                path, (int)(entries[0].name.size < 200 ? entries[0].name.size : 200),
                (const char *)entries[0].name.data, (unsigned long long)entries[0].inode,
                (unsigned long long)entries[0].cookie, (unsigned long long)entries[1].inode,
                (unsigned long long)entries[1].cookie);
        }
        for (unsigned side = 0; side < 2; side++) {
            if (order == 0 || side == (order > 0)) {
                left[side]--;
                entries[side] = left[side] > 0 ? read_entry(&in[side]) : (struct entry){0};
            }
        }
    }
}

/* ---- inodes ---- */

/* The values of an inode behind its kind. NULL ends them; "*" is one that has its own comparison.
 */
static const char *const field_names[][9] = {
    [RP_VFS_DIRECTORY] = {"time of access", "time of modification", "time of change", "holds",
                          "parent", "last cookie", "cookie given", "readers", "*"},
    [RP_VFS_FILE] = {"time of access", "time of modification", "time of change", "holds", "size",
                     "*"},
    [RP_VFS_SYMLINK] = {"time of access", "time of modification", "time of change", "holds",
                        "target"},
    [RP_VFS_DEVICE] = {"time of access", "time of modification", "time of change", "holds",
                       "device"},
    [RP_VFS_FIFO] = {"time of access", "time of modification", "time of change", "capacity",
                     "readers", "writers", "bytes that wait"},
};

static void compare_inodes(struct rp_comparing *comparing, const char *path, const struct inode *a,
                           const struct inode *b)
{
    struct rp_msgpack in[2] = {a->in, b->in};
    for (unsigned i = 0; i < 9 && field_names[a->kind][i] != NULL; i++) {
        if (field_names[a->kind][i][0] == '*') {
            if (a->kind == RP_VFS_FILE) {
                compare_contents(comparing, path, in);
                return;
            }
            compare_entries(comparing, path, in);
            break;
        }
        char name[RP_COMPARE_TEXT_BYTES];
        (void)snprintf(name, sizeof name, "%s, %s", path, field_names[a->kind][i]);
        rp_compare_one(comparing, name, in);
    }
    if (a->kind == RP_VFS_DIRECTORY) {
        char name[RP_COMPARE_TEXT_BYTES];
        (void)snprintf(name, sizeof name, "%s, removed entries", path);
        rp_compare_one(comparing, name, in);
    }
}

/* What has a name is told where the name is. */
static void tell_alone(struct rp_comparing *comparing, const struct inode *inode, unsigned side)
{
    if (inode->parent == 0) {
        rp_compare_tell(comparing, "inode %llu, without a name: only in the %s snapshot",
                        (unsigned long long)inode->number, side == 0 ? "first" : "second");
    }
}

static void compare_trees(struct rp_comparing *comparing, const struct tree trees[2])
{
    static const char *const kinds[] = {[RP_VFS_DIRECTORY] = "a directory",
                                        [RP_VFS_FILE] = "a file",
                                        [RP_VFS_SYMLINK] = "a symbolic link",
                                        [RP_VFS_DEVICE] = "a device",
                                        [RP_VFS_FIFO] = "a pipe"};
    uint32_t at[2] = {0, 0};
    while (at[0] < trees[0].count || at[1] < trees[1].count) {
        const struct inode *a = at[0] < trees[0].count ? &trees[0].inodes[at[0]] : NULL;
        const struct inode *b = at[1] < trees[1].count ? &trees[1].inodes[at[1]] : NULL;
        if (a == NULL || (b != NULL && b->number < a->number)) {
            tell_alone(comparing, b, 1);
            at[1]++;
            continue;
        }
        if (b == NULL || a->number < b->number) {
            tell_alone(comparing, a, 0);
            at[0]++;
            continue;
        }
        char path[RP_COMPARE_TEXT_BYTES];
        describe_path(&trees[0], a, path);
        if (a->kind != b->kind) {
            rp_compare_tell(comparing, "%s: %s and %s", path, kinds[a->kind], kinds[b->kind]);
        } else {
            compare_inodes(comparing, path, a, b);
        }
        at[0]++;
        at[1]++;
    }
}

void rp_compare_files(struct rp_comparing *comparing, struct rp_msgpack in[2])
{
    struct rp_arena arena;
    struct tree trees[2] = {0};
    rp_arena_init(&arena, &comparing->allocator);
    if (rp_msgpack_tuple(&in[0], 4) && rp_msgpack_tuple(&in[1], 4)) {
        rp_compare_one(comparing, "time", in);
        rp_compare_one(comparing, "most bytes", in);
        rp_compare_one(comparing, "most inodes", in);
        comparing->no_memory =
            !read_tree(&trees[0], &arena, &in[0]) || !read_tree(&trees[1], &arena, &in[1]);
        if (!comparing->no_memory && in[0].error == NULL && in[1].error == NULL) {
            compare_trees(comparing, trees);
        }
    }
    rp_arena_deinit(&arena);
}
