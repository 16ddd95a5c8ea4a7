/* Directory entries, their order and their cookies (layer 2).
 *
 * An entry's cookie is its number in order of making, never used twice. A listing goes on behind
 * the name that a cookie stands for. When an entry goes that a reader may have been given the
 * cookie of, its name is remembered in `gone` until the last reader ends or the only one starts
 * again; it stays charged until then, so this memory has a bound. */
#include "vfs/inode.h"

#include <string.h>

void rp_directory_release(struct rp_allocator *allocator, struct rp_vfs_directory *directory)
{
    rp_name_tree_release(&directory->names, allocator);
    rp_radix_release(&directory->entries, allocator, rp_dirent_free);
    rp_radix_release(&directory->gone, allocator, rp_dirent_free);
}

const struct rp_dirent *rp_directory_find(const struct rp_inode *directory, const char *name,
                                          uint32_t name_size)
{
    RP_ASSERT(directory->kind == RP_VFS_DIRECTORY);
    return rp_name_tree_find(&directory->of.directory.names, name, name_size);
}

enum rp_vfs_error rp_directory_add(struct rp_vfs *vfs, uint64_t number, const char *name,
                                   uint32_t name_size, uint64_t inode, uint64_t credit)
{
    uint64_t charge = rp_dirent_charge(name_size);
    if (charge > credit && !rp_vfs_has_room(vfs, charge - credit)) {
        return RP_VFS_NOSPC;
    }
    struct rp_inode *owner = rp_inode_own(vfs, number);
    if (owner == NULL) {
        return RP_VFS_NOMEM;
    }
    struct rp_vfs_directory *directory = &owner->of.directory;
    uint64_t cookie = directory->cookie_last + 1;
    struct rp_dirent *entry = rp_dirent_create(vfs->allocator, name, name_size, inode, cookie);
    if (entry == NULL) {
        return RP_VFS_NOMEM;
    }
    entry->kind = (uint8_t)rp_inode_get(vfs, inode)->kind;
    if (!rp_radix_reserve(&directory->entries, vfs->allocator, cookie) ||
        !rp_name_tree_insert(&directory->names, vfs->allocator, entry)) {
        rp_dirent_release(vfs->allocator, entry);
        return RP_VFS_NOMEM;
    }
    void *old = rp_radix_exchange(&directory->entries, vfs->allocator, cookie, entry);
    RP_ASSERT(old == NULL);
    directory->cookie_last = cookie;
    directory->entry_count++;
    directory->charge += charge;
    vfs->bytes_used += charge;
    owner->modified_ns = vfs->now_ns;
    owner->changed_ns = vfs->now_ns;
    return RP_VFS_OK;
}

enum rp_vfs_error rp_directory_redirect(struct rp_vfs *vfs, uint64_t number, const char *name,
                                        uint32_t name_size, uint64_t inode)
{
    struct rp_inode *owner = rp_inode_own(vfs, number);
    if (owner == NULL) {
        return RP_VFS_NOMEM;
    }
    struct rp_vfs_directory *directory = &owner->of.directory;
    const struct rp_dirent *old = rp_directory_find(owner, name, name_size);
    RP_ASSERT(old != NULL);
    uint64_t cookie = old->cookie;
    struct rp_dirent *entry = rp_dirent_create(vfs->allocator, name, name_size, inode, cookie);
    if (entry == NULL) {
        return RP_VFS_NOMEM;
    }
    entry->kind = (uint8_t)rp_inode_get(vfs, inode)->kind;
    if (!rp_radix_reserve(&directory->entries, vfs->allocator, cookie) ||
        !rp_name_tree_reserve(&directory->names, vfs->allocator, name, name_size)) {
        rp_dirent_release(vfs->allocator, entry);
        return RP_VFS_NOMEM;
    }
    rp_name_tree_replace(&directory->names, vfs->allocator, entry);
    rp_dirent_release(vfs->allocator,
                      rp_radix_exchange(&directory->entries, vfs->allocator, cookie, entry));
    owner->modified_ns = vfs->now_ns;
    owner->changed_ns = vfs->now_ns;
    return RP_VFS_OK;
}

static bool must_remember(const struct rp_vfs_directory *directory, uint64_t cookie)
{
    return directory->readers > 0 && cookie <= directory->cookie_given;
}

uint64_t rp_directory_credit(const struct rp_vfs *vfs, uint64_t number, const char *name,
                             uint32_t name_size)
{
    const struct rp_inode *owner = rp_inode_get(vfs, number);
    const struct rp_dirent *entry = rp_directory_find(owner, name, name_size);
    RP_ASSERT(entry != NULL);
    return must_remember(&owner->of.directory, entry->cookie) ? 0 : rp_dirent_charge(name_size);
}

enum rp_vfs_error rp_directory_prepare_remove(struct rp_vfs *vfs, uint64_t number, const char *name,
                                              uint32_t name_size)
{
    struct rp_inode *owner = rp_inode_own(vfs, number);
    if (owner == NULL) {
        return RP_VFS_NOMEM;
    }
    struct rp_vfs_directory *directory = &owner->of.directory;
    const struct rp_dirent *entry = rp_directory_find(owner, name, name_size);
    RP_ASSERT(entry != NULL);
    bool ready = rp_name_tree_reserve(&directory->names, vfs->allocator, name, name_size) &&
                 rp_radix_reserve(&directory->entries, vfs->allocator, entry->cookie);
    if (ready && must_remember(directory, entry->cookie)) {
        ready = rp_radix_reserve(&directory->gone, vfs->allocator, entry->cookie);
    }
    return ready ? RP_VFS_OK : RP_VFS_NOMEM;
}

void rp_directory_remove(struct rp_vfs *vfs, uint64_t number, const char *name, uint32_t name_size)
{
    struct rp_inode *owner = rp_inode_owned(vfs, number);
    struct rp_vfs_directory *directory = &owner->of.directory;
    const struct rp_dirent *found = rp_directory_find(owner, name, name_size);
    RP_ASSERT(found != NULL);
    uint64_t cookie = found->cookie;
    uint64_t charge = rp_dirent_charge(found->name_size);
    rp_name_tree_remove(&directory->names, vfs->allocator, name, name_size);
    struct rp_dirent *entry = rp_radix_exchange(&directory->entries, vfs->allocator, cookie, NULL);
    RP_ASSERT(entry != NULL);
    if (must_remember(directory, cookie)) {
        void *old = rp_radix_exchange(&directory->gone, vfs->allocator, cookie, entry);
        RP_ASSERT(old == NULL);
    } else {
        rp_dirent_release(vfs->allocator, entry);
        directory->charge -= charge;
        vfs->bytes_used -= charge;
    }
    RP_ASSERT(directory->entry_count > 0);
    directory->entry_count--;
    owner->modified_ns = vfs->now_ns;
    owner->changed_ns = vfs->now_ns;
}

/* ---- readers ---- */

static void forget_gone(struct rp_vfs *vfs, struct rp_vfs_directory *directory)
{
    uint64_t cookie = 0;
    void *leaf = NULL;
    uint64_t charge = 0;
    while (rp_radix_next(&directory->gone, cookie, &cookie, &leaf)) {
        const struct rp_dirent *entry = leaf;
        charge += rp_dirent_charge(entry->name_size);
        cookie++;
    }
    rp_radix_release(&directory->gone, vfs->allocator, rp_dirent_free);
    RP_ASSERT(directory->charge >= charge && vfs->bytes_used >= charge);
    directory->charge -= charge;
    vfs->bytes_used -= charge;
    directory->cookie_given = 0;
}

enum rp_vfs_error rp_vfs_reader_begin(struct rp_vfs *vfs, uint64_t number)
{
    struct rp_inode *owner = rp_inode_own(vfs, number);
    if (owner == NULL) {
        return RP_VFS_NOMEM;
    }
    RP_ASSERT(owner->kind == RP_VFS_DIRECTORY && owner->of.directory.readers < UINT32_MAX);
    owner->of.directory.readers++;
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_reader_rewind(struct rp_vfs *vfs, uint64_t number)
{
    struct rp_inode *owner = rp_inode_own(vfs, number);
    if (owner == NULL) {
        return RP_VFS_NOMEM;
    }
    RP_ASSERT(owner->of.directory.readers > 0);
    if (owner->of.directory.readers == 1) {
        forget_gone(vfs, &owner->of.directory);
    }
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_reader_end(struct rp_vfs *vfs, uint64_t number)
{
    struct rp_inode *owner = rp_inode_own(vfs, number);
    if (owner == NULL) {
        return RP_VFS_NOMEM;
    }
    RP_ASSERT(owner->of.directory.readers > 0);
    owner->of.directory.readers--;
    if (owner->of.directory.readers == 0) {
        forget_gone(vfs, &owner->of.directory);
    }
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_reader_gave(struct rp_vfs *vfs, uint64_t number, uint64_t cookie)
{
    const struct rp_inode *shared = rp_inode_get(vfs, number);
    RP_ASSERT(shared != NULL && shared->of.directory.readers > 0);
    uint64_t newest = shared->of.directory.cookie_last; /* no larger one exists yet */
    cookie = cookie < newest ? cookie : newest;
    if (cookie <= shared->of.directory.cookie_given) {
        return RP_VFS_OK;
    }
    struct rp_inode *owner = rp_inode_own(vfs, number);
    if (owner == NULL) {
        return RP_VFS_NOMEM;
    }
    owner->of.directory.cookie_given = cookie;
    return RP_VFS_OK;
}

/* `.` or `..` as an entry. */
static struct rp_vfs_entry dot_entry(const char *name, uint64_t inode, uint64_t cookie)
{
    return (struct rp_vfs_entry){.name = name,
                                 .name_size = (uint32_t)strlen(name),
                                 .inode = inode,
                                 .kind = RP_VFS_DIRECTORY,
                                 .cookie = cookie};
}

enum rp_vfs_error rp_vfs_list(const struct rp_vfs *vfs, uint64_t number, uint64_t cookie,
                              bool *out_found, struct rp_vfs_entry *out_entry)
{
    const struct rp_inode *owner = rp_inode_get(vfs, number);
    RP_ASSERT(owner != NULL && owner->kind == RP_VFS_DIRECTORY);
    const struct rp_vfs_directory *directory = &owner->of.directory;
    if (owner->link_count == 0) {
        *out_found = false;
        return RP_VFS_OK;
    }
    if (cookie < RP_VFS_COOKIE_FIRST) {
        bool dot = cookie == RP_VFS_COOKIE_START;
        *out_entry = dot ? dot_entry(".", number, RP_VFS_COOKIE_DOT)
                         : dot_entry("..", directory->parent, RP_VFS_COOKIE_FIRST);
        *out_found = true;
        return RP_VFS_OK;
    }
    const struct rp_dirent *entry = NULL;
    if (cookie == RP_VFS_COOKIE_FIRST) {
        entry = rp_name_tree_first(&directory->names);
    } else {
        const struct rp_dirent *before = rp_radix_get(&directory->entries, cookie);
        if (before == NULL) {
            before = rp_radix_get(&directory->gone, cookie);
        }
        if (before == NULL) {
            return RP_VFS_INVAL;
        }
        entry = rp_name_tree_after(&directory->names, before->name, before->name_size);
    }
    *out_found = entry != NULL;
    if (entry != NULL) {
        *out_entry = (struct rp_vfs_entry){.name = entry->name,
                                           .name_size = entry->name_size,
                                           .inode = entry->inode,
                                           .kind = (enum rp_vfs_kind)entry->kind,
                                           .cookie = entry->cookie};
    }
    return RP_VFS_OK;
}
