/* How the tree and the host are compared in the model test (layer 7, test support). */
#define _GNU_SOURCE /* the host's types */

#include "tests/vfs/host_compare.h"

#include <unistd.h>

const char *model_names[NAMES] = {"a", "b", "c", "d", "e", "f", "aa", ""};

void compare_stat(struct model *model, uint64_t inode, const struct stat *host)
{
    struct rp_vfs_stat ours = tree_stat(&model->tree, inode);
    enum rp_vfs_kind kind = S_ISDIR(host->st_mode)   ? RP_VFS_DIRECTORY
                            : S_ISLNK(host->st_mode) ? RP_VFS_SYMLINK
                                                     : RP_VFS_FILE;
    if (ours.kind != kind) {
        DIFFER(model, "kind %d, on the host %d\n", (int)ours.kind, (int)kind);
    }
    if (kind != RP_VFS_DIRECTORY && ours.size != (uint64_t)host->st_size) {
        DIFFER(model, "size %lu, on the host %lu\n", (unsigned long)ours.size,
               (unsigned long)host->st_size);
    }
    bool counted = kind != RP_VFS_DIRECTORY || model->host.counts_subdirectories;
    if (counted && ours.link_count != host->st_nlink) {
        DIFFER(model, "%lu links, on the host %lu\n", (unsigned long)ours.link_count,
               (unsigned long)host->st_nlink);
    }
}

void compare_range(struct model *model, uint64_t inode, int file, uint64_t offset, size_t size)
{
    static uint8_t ours[CONTENTS_BYTES];
    static uint8_t theirs[CONTENTS_BYTES];
    size_t count = 0;
    size_t host_count = 0;
    must(rp_vfs_read(model->tree.vfs, inode, offset, ours, size, &count));
    must(host_read(file, offset, theirs, size, &host_count));
    if (count != host_count || memcmp(ours, theirs, count) != 0) {
        DIFFER(model, "contents at %lu differ (%zu bytes, on the host %zu)\n",
               (unsigned long)offset, count, host_count);
    }
}

void compare_contents(struct model *model, uint64_t inode, int file)
{
    uint64_t size = tree_stat(&model->tree, inode).size;
    compare_range(model, inode, file, 0, CONTENTS_BYTES);
    compare_range(model, inode, file, size > 5000 ? size - 5000 : 0, CONTENTS_BYTES);
}

unsigned name_bit(const char *name)
{
    for (unsigned i = 0; i < NAMES; i++) {
        if (strcmp(model_names[i], name) == 0) {
            return 1u << i;
        }
    }
    return 0;
}

unsigned present_names(const struct model *model, uint64_t directory)
{
    unsigned present = 0;
    struct rp_vfs_start start = {.directory = directory};
    for (unsigned i = 0; i < NAMES; i++) {
        uint64_t inode = RP_VFS_NONE;
        enum rp_vfs_error error =
            rp_vfs_resolve(model->tree.vfs, start, path_of(model_names[i]), false, &inode);
        present |= error == RP_VFS_OK ? 1u << i : 0;
    }
    return present;
}

struct host_names {
    unsigned bits;
    unsigned count;
};

static void see_host_name(void *user, const char *name)
{
    struct host_names *host = user;
    host->bits |= name_bit(name);
    host->count++;
}

void compare_names(struct model *model, uint64_t directory, int file)
{
    struct host_names host = {0};
    must(host_list(file, see_host_name, &host));
    unsigned ours = present_names(model, directory);
    struct rp_vfs_entry entry;
    unsigned count = 0;
    uint64_t cookie = RP_VFS_COOKIE_START;
    bool found = false;
    must(rp_vfs_list(model->tree.vfs, directory, cookie, &found, &entry));
    while (found) {
        count++;
        must(rp_vfs_list(model->tree.vfs, directory, entry.cookie, &found, &entry));
    }
    if (ours != host.bits || count != host.count) {
        DIFFER(model, "names %x (%u entries), on the host %x (%u)\n", ours, count, host.bits,
               host.count);
    }
}

/* Two names are one inode here if and only if they are on the host. */
struct identities {
    struct {
        uint64_t ours;
        ino_t host;
    } pairs[4096];
    unsigned count;
};

static void compare_identity(struct model *model, struct identities *known, uint64_t ours,
                             ino_t host)
{
    for (unsigned i = 0; i < known->count; i++) {
        if ((known->pairs[i].ours == ours) != (known->pairs[i].host == host)) {
            DIFFER(model, "inode %lu is not the one that it is on the host\n", (unsigned long)ours);
        }
    }
    if (known->count < RP_ARRAY_COUNT(known->pairs)) {
        known->pairs[known->count].ours = ours;
        known->pairs[known->count].host = host;
        known->count++;
    }
}

void compare_link(struct model *model, uint64_t inode, int directory, const char *name)
{
    static char ours[PATH_ROOM];
    static char theirs[PATH_ROOM];
    size_t count = 0;
    size_t host_count = 0;
    must(rp_vfs_read_link(model->tree.vfs, inode, ours, sizeof ours, &count));
    must(host_read_link(directory, name, theirs, sizeof theirs, &host_count));
    if (count != host_count || memcmp(ours, theirs, count) != 0) {
        DIFFER(model, "the target of %s differs\n", name);
    }
}

/* Everything below a directory. */
static void compare_below(struct model *model, struct identities *known, uint64_t directory,
                          int file)
{
    compare_names(model, directory, file);
    unsigned present = present_names(model, directory);
    struct rp_vfs_start start = {.directory = directory};
    for (unsigned i = 0; i < NAMES; i++) {
        if ((present & 1u << i) == 0) {
            continue;
        }
        uint64_t inode = RP_VFS_NONE;
        struct stat host;
        int inside = -1;
        must(rp_vfs_resolve(model->tree.vfs, start, path_of(model_names[i]), false, &inode));
        must(host_stat(file, model_names[i], false, &host));
        compare_stat(model, inode, &host);
        compare_identity(model, known, inode, host.st_ino);
        if (S_ISLNK(host.st_mode)) {
            compare_link(model, inode, file, model_names[i]);
            continue;
        }
        must(host_open(file, model_names[i], 0, &inside));
        if (S_ISDIR(host.st_mode)) {
            compare_below(model, known, inode, inside);
        } else {
            compare_contents(model, inode, inside);
        }
        assert_int_equal(close(inside), 0);
    }
}

void compare_trees(struct model *model)
{
    static struct identities known;
    known.count = 0;
    compare_below(model, &known, model->top, model->host.folder);
}
