/* Making, linking, renaming and removing names (layer 2).
 *
 * Every function first does all that may fail, owning what it will change, and then changes it.
 * Which error wins when several apply follows Linux, so that a tree on the host can serve as the
 * oracle. */
#include "vfs/inode.h"

#include <string.h>

static bool is_mount_point(const struct rp_vfs *vfs, uint64_t number)
{
    const struct rp_inode *inode = rp_inode_get(vfs, number);
    return inode != NULL && inode->kind == RP_VFS_DEVICE;
}

/* A new inode under a name that is absent. `links` are the inode's own. */
static enum rp_vfs_error make_entry(struct rp_vfs *vfs, const struct rp_place *place,
                                    enum rp_vfs_kind kind, uint64_t *out_inode)
{
    uint64_t number = RP_VFS_NONE;
    enum rp_vfs_error error = rp_inode_create(vfs, kind, &number);
    if (error != RP_VFS_OK) {
        return error;
    }
    error = rp_directory_add(vfs, place->directory, place->name, place->name_size, number, 0);
    if (error != RP_VFS_OK) {
        rp_inode_collect(vfs, number);
        return error;
    }
    rp_inode_owned(vfs, number)->link_count = 1;
    *out_inode = number;
    return RP_VFS_OK;
}

/* The place of a name that shall be made: absent, in a directory that may be written. */
static enum rp_vfs_error find_absent(const struct rp_vfs *vfs, struct rp_vfs_start start,
                                     struct rp_vfs_path path, bool is_directory,
                                     struct rp_place *out_place)
{
    enum rp_vfs_error error = rp_place_find(vfs, start.directory, path, RP_FOLLOW_NEVER, out_place);
    if (error != RP_VFS_OK) {
        return error;
    }
    if (out_place->inode != RP_VFS_NONE) {
        return RP_VFS_EXIST;
    }
    if (out_place->slash && !is_directory) {
        return RP_VFS_NOENT;
    }
    return start.read_only ? RP_VFS_ROFS : RP_VFS_OK;
}

static enum rp_vfs_error open_existing(struct rp_vfs *vfs, struct rp_vfs_start start,
                                       const struct rp_place *place, unsigned flags)
{
    enum rp_vfs_kind kind = rp_inode_get(vfs, place->inode)->kind;
    if ((flags & RP_VFS_OPEN_CREATE) != 0 && (flags & RP_VFS_OPEN_EXCLUSIVE) != 0) {
        return RP_VFS_EXIST;
    }
    if (kind == RP_VFS_SYMLINK) {
        return (flags & RP_VFS_OPEN_DIRECTORY) != 0 ? RP_VFS_NOTDIR : RP_VFS_LOOP;
    }
    if (kind == RP_VFS_DIRECTORY &&
        (flags & (RP_VFS_OPEN_WRITE | RP_VFS_OPEN_TRUNCATE | RP_VFS_OPEN_CREATE)) != 0) {
        return RP_VFS_ISDIR;
    }
    if (kind != RP_VFS_DIRECTORY && ((flags & RP_VFS_OPEN_DIRECTORY) != 0 || place->slash)) {
        return RP_VFS_NOTDIR;
    }
    bool changes = (flags & (RP_VFS_OPEN_WRITE | RP_VFS_OPEN_TRUNCATE)) != 0;
    if (start.read_only && changes && kind != RP_VFS_DEVICE) {
        return RP_VFS_ROFS;
    }
    enum rp_vfs_error error = rp_vfs_hold(vfs, place->inode);
    if (error == RP_VFS_OK && (flags & RP_VFS_OPEN_TRUNCATE) != 0 && kind == RP_VFS_FILE) {
        error = rp_vfs_truncate(vfs, place->inode, 0);
        if (error != RP_VFS_OK) {
            rp_inode_owned(vfs, place->inode)->holds--;
        }
    }
    return error;
}

enum rp_vfs_error rp_vfs_open(struct rp_vfs *vfs, struct rp_vfs_start start,
                              struct rp_vfs_path path, unsigned flags, uint64_t *out_inode)
{
    bool creates = (flags & RP_VFS_OPEN_CREATE) != 0;
    bool exclusive = creates && (flags & RP_VFS_OPEN_EXCLUSIVE) != 0;
    if (creates && (flags & RP_VFS_OPEN_DIRECTORY) != 0) {
        return RP_VFS_INVAL;
    }
    bool follows = (flags & RP_VFS_OPEN_FOLLOW) != 0 && !exclusive;
    enum rp_follow follow = follows ? RP_FOLLOW_LAST : RP_FOLLOW_SLASH;
    if (creates) {
        follow = follows ? RP_FOLLOW_PLAIN : RP_FOLLOW_NEVER;
    }
    struct rp_place place;
    enum rp_vfs_error error = rp_place_walk(vfs, start.directory, path, follow, &place);
    if (error != RP_VFS_OK) {
        return error;
    }
    if (creates && place.slash && place.kind == RP_PLACE_NAME) {
        return RP_VFS_ISDIR;
    }
    if (place.lookup != RP_VFS_OK) {
        return place.lookup;
    }
    if (place.inode != RP_VFS_NONE) {
        error = open_existing(vfs, start, &place, flags);
        if (error == RP_VFS_OK) {
            *out_inode = place.inode;
        }
        return error;
    }
    if (!creates) {
        return RP_VFS_NOENT;
    }
    if (start.read_only) {
        return RP_VFS_ROFS;
    }
    uint64_t number = RP_VFS_NONE;
    error = make_entry(vfs, &place, RP_VFS_FILE, &number);
    if (error == RP_VFS_OK) {
        rp_inode_owned(vfs, number)->holds = 1;
        *out_inode = number;
    }
    return error;
}

enum rp_vfs_error rp_vfs_make_directory(struct rp_vfs *vfs, struct rp_vfs_start start,
                                        struct rp_vfs_path path)
{
    struct rp_place place;
    enum rp_vfs_error error = find_absent(vfs, start, path, true, &place);
    if (error != RP_VFS_OK) {
        return error;
    }
    if (rp_inode_get(vfs, place.directory)->link_count >= RP_VFS_LINKS_MAX) {
        return RP_VFS_MLINK;
    }
    uint64_t number = RP_VFS_NONE;
    error = make_entry(vfs, &place, RP_VFS_DIRECTORY, &number);
    if (error != RP_VFS_OK) {
        return error;
    }
    struct rp_inode *made = rp_inode_owned(vfs, number);
    made->link_count = 2;
    made->of.directory.parent = place.directory;
    rp_inode_owned(vfs, place.directory)->link_count++;
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_make_symlink(struct rp_vfs *vfs, struct rp_vfs_start start,
                                      struct rp_vfs_path path, struct rp_vfs_path target)
{
    if (target.size == 0) {
        return RP_VFS_NOENT;
    }
    if (target.size > RP_VFS_PATH_BYTES_MAX) {
        return RP_VFS_NAMETOOLONG;
    }
    if (memchr(target.bytes, 0, target.size) != NULL) {
        return RP_VFS_INVAL;
    }
    struct rp_place place;
    enum rp_vfs_error error = find_absent(vfs, start, path, false, &place);
    if (error != RP_VFS_OK) {
        return error;
    }
    if (!rp_vfs_has_room(vfs, rp_dirent_charge(place.name_size) + target.size)) {
        return RP_VFS_NOSPC;
    }
    struct rp_vfs_target *text = rp_alloc(vfs->allocator, sizeof *text + target.size);
    if (text == NULL) {
        return RP_VFS_NOMEM;
    }
    *text = (struct rp_vfs_target){.shared = {1}, .size = (uint32_t)target.size};
    memcpy(text->bytes, target.bytes, target.size);
    uint64_t number = RP_VFS_NONE;
    error = make_entry(vfs, &place, RP_VFS_SYMLINK, &number);
    if (error != RP_VFS_OK) {
        rp_free(vfs->allocator, text, sizeof *text + target.size);
        return error;
    }
    struct rp_inode *symlink = rp_inode_owned(vfs, number);
    symlink->of.target = text;
    symlink->size = target.size;
    vfs->bytes_used += target.size;
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_mount_device(struct rp_vfs *vfs, struct rp_vfs_start start,
                                      struct rp_vfs_path path, uint32_t device)
{
    struct rp_place place;
    enum rp_vfs_error error = find_absent(vfs, start, path, false, &place);
    if (error != RP_VFS_OK) {
        return error;
    }
    uint64_t number = RP_VFS_NONE;
    error = make_entry(vfs, &place, RP_VFS_DEVICE, &number);
    if (error == RP_VFS_OK) {
        rp_inode_owned(vfs, number)->of.device = device;
    }
    return error;
}

enum rp_vfs_error rp_vfs_link(struct rp_vfs *vfs, struct rp_vfs_start old_start,
                              struct rp_vfs_path old_path, bool follow,
                              struct rp_vfs_start new_start, struct rp_vfs_path new_path)
{
    uint64_t number = RP_VFS_NONE;
    enum rp_vfs_error error = rp_vfs_resolve(vfs, old_start, old_path, follow, &number);
    if (error != RP_VFS_OK) {
        return error;
    }
    struct rp_place place;
    error = find_absent(vfs, new_start, new_path, false, &place);
    if (error != RP_VFS_OK) {
        return error;
    }
    const struct rp_inode *linked = rp_inode_get(vfs, number);
    if (old_start.read_only || linked->kind == RP_VFS_DEVICE) {
        return RP_VFS_XDEV;
    }
    if (linked->kind == RP_VFS_DIRECTORY) {
        return RP_VFS_PERM;
    }
    RP_ASSERT(linked->link_count > 0); /* it was found under a name */
    if (linked->link_count >= RP_VFS_LINKS_MAX) {
        return RP_VFS_MLINK;
    }
    if (rp_inode_own(vfs, number) == NULL) {
        return RP_VFS_NOMEM;
    }
    error = rp_directory_add(vfs, place.directory, place.name, place.name_size, number, 0);
    if (error != RP_VFS_OK) {
        return error;
    }
    struct rp_inode *inode = rp_inode_owned(vfs, number);
    inode->link_count++;
    inode->changed_ns = vfs->now_ns;
    return RP_VFS_OK;
}

/* Takes a name away and one link from what it named; the inode must be owned and the removal
 * prepared. */
static void remove_entry(struct rp_vfs *vfs, const struct rp_place *place)
{
    rp_directory_remove(vfs, place->directory, place->name, place->name_size);
    struct rp_inode *inode = rp_inode_owned(vfs, place->inode);
    inode->changed_ns = vfs->now_ns;
    if (inode->kind == RP_VFS_DIRECTORY) {
        inode->link_count = 0;
        inode->of.directory.parent = RP_VFS_NONE;
        rp_inode_owned(vfs, place->directory)->link_count--;
    } else {
        inode->link_count--;
    }
    rp_inode_collect(vfs, place->inode);
}

/* The common end of unlinking and removing a directory. */
static enum rp_vfs_error remove_place(struct rp_vfs *vfs, struct rp_vfs_start start,
                                      const struct rp_place *place)
{
    if (start.read_only) {
        return RP_VFS_ROFS;
    }
    if (is_mount_point(vfs, place->inode)) {
        return RP_VFS_BUSY;
    }
    if (rp_inode_own(vfs, place->inode) == NULL ||
        rp_directory_prepare_remove(vfs, place->directory, place->name, place->name_size) !=
            RP_VFS_OK) {
        return RP_VFS_NOMEM;
    }
    remove_entry(vfs, place);
    return RP_VFS_OK;
}

enum rp_vfs_error rp_vfs_unlink(struct rp_vfs *vfs, struct rp_vfs_start start,
                                struct rp_vfs_path path)
{
    struct rp_place place;
    enum rp_vfs_error error = rp_place_find(vfs, start.directory, path, RP_FOLLOW_NEVER, &place);
    if (error != RP_VFS_OK) {
        return error;
    }
    if (place.kind != RP_PLACE_NAME) {
        return RP_VFS_ISDIR;
    }
    if (place.inode == RP_VFS_NONE) {
        return RP_VFS_NOENT;
    }
    if (rp_vfs_is_directory(vfs, place.inode)) {
        return RP_VFS_ISDIR;
    }
    return place.slash ? RP_VFS_NOTDIR : remove_place(vfs, start, &place);
}

enum rp_vfs_error rp_vfs_remove_directory(struct rp_vfs *vfs, struct rp_vfs_start start,
                                          struct rp_vfs_path path)
{
    struct rp_place place;
    enum rp_vfs_error error = rp_place_find(vfs, start.directory, path, RP_FOLLOW_NEVER, &place);
    if (error != RP_VFS_OK) {
        return error;
    }
    if (place.kind != RP_PLACE_NAME) {
        return place.kind == RP_PLACE_DOT ? RP_VFS_INVAL : RP_VFS_NOTEMPTY;
    }
    const struct rp_inode *inode = rp_inode_get(vfs, place.inode);
    if (inode == NULL) {
        return RP_VFS_NOENT;
    }
    if (inode->kind != RP_VFS_DIRECTORY) {
        return RP_VFS_NOTDIR;
    }
    return inode->of.directory.entry_count > 0 ? RP_VFS_NOTEMPTY : remove_place(vfs, start, &place);
}

/* ---- rename ---- */

/* Whether `ancestor` is `directory` or above it. */
static bool is_above(const struct rp_vfs *vfs, uint64_t ancestor, uint64_t directory)
{
    for (uint64_t at = directory;; at = rp_inode_get(vfs, at)->of.directory.parent) {
        if (at == ancestor) {
            return true;
        }
        if (at == RP_VFS_ROOT || at == RP_VFS_NONE) {
            return false;
        }
    }
}

/* What POSIX asks before anything is renamed. *out_same: both names are the same inode, nothing
 * is to be done. */
static enum rp_vfs_error check_rename(const struct rp_vfs *vfs, const struct rp_place *from,
                                      const struct rp_place *to, bool *out_same)
{
    *out_same = false;
    if (from->kind != RP_PLACE_NAME || to->kind != RP_PLACE_NAME) {
        return RP_VFS_BUSY;
    }
    if (from->inode == RP_VFS_NONE) {
        return from->lookup != RP_VFS_OK ? from->lookup : RP_VFS_NOENT;
    }
    if (to->lookup != RP_VFS_OK) {
        return to->lookup;
    }
    bool moves_directory = rp_vfs_is_directory(vfs, from->inode);
    if (!moves_directory && (from->slash || to->slash)) {
        return RP_VFS_NOTDIR;
    }
    if (moves_directory && is_above(vfs, from->inode, to->directory)) {
        return RP_VFS_INVAL;
    }
    if (to->inode == RP_VFS_NONE) {
        return is_mount_point(vfs, from->inode) ? RP_VFS_BUSY : RP_VFS_OK;
    }
    const struct rp_inode *target = rp_inode_get(vfs, to->inode);
    bool onto_directory = target->kind == RP_VFS_DIRECTORY;
    if (onto_directory && is_above(vfs, to->inode, from->directory)) {
        return RP_VFS_NOTEMPTY;
    }
    if (from->inode == to->inode) {
        *out_same = true;
        return RP_VFS_OK;
    }
    if (moves_directory != onto_directory) {
        return moves_directory ? RP_VFS_NOTDIR : RP_VFS_ISDIR;
    }
    if (is_mount_point(vfs, from->inode) || is_mount_point(vfs, to->inode)) {
        return RP_VFS_BUSY;
    }
    return onto_directory && target->of.directory.entry_count > 0 ? RP_VFS_NOTEMPTY : RP_VFS_OK;
}

/* The moved inode has its new name; now it loses the old one, and what the new name named before
 * loses that. */
static void finish_rename(struct rp_vfs *vfs, const struct rp_place *from,
                          const struct rp_place *to)
{
    rp_directory_remove(vfs, from->directory, from->name, from->name_size);
    struct rp_inode *moved = rp_inode_owned(vfs, from->inode);
    moved->changed_ns = vfs->now_ns;
    if (moved->kind == RP_VFS_DIRECTORY) {
        moved->of.directory.parent = to->directory;
        rp_inode_owned(vfs, from->directory)->link_count--;
        rp_inode_owned(vfs, to->directory)->link_count++;
    }
    if (to->inode == RP_VFS_NONE) {
        return;
    }
    struct rp_inode *replaced = rp_inode_owned(vfs, to->inode);
    replaced->changed_ns = vfs->now_ns;
    if (replaced->kind == RP_VFS_DIRECTORY) {
        replaced->link_count = 0;
        replaced->of.directory.parent = RP_VFS_NONE;
        rp_inode_owned(vfs, to->directory)->link_count--;
    } else {
        replaced->link_count--;
    }
    rp_inode_collect(vfs, to->inode);
}

static enum rp_vfs_error do_rename(struct rp_vfs *vfs, const struct rp_place *from,
                                   const struct rp_place *to)
{
    bool adds_subdirectory = rp_vfs_is_directory(vfs, from->inode) && to->inode == RP_VFS_NONE &&
                             from->directory != to->directory;
    if (adds_subdirectory && rp_inode_get(vfs, to->directory)->link_count >= RP_VFS_LINKS_MAX) {
        return RP_VFS_MLINK;
    }
    if (rp_inode_own(vfs, from->inode) == NULL || rp_inode_own(vfs, to->directory) == NULL ||
        (to->inode != RP_VFS_NONE && rp_inode_own(vfs, to->inode) == NULL) ||
        rp_directory_prepare_remove(vfs, from->directory, from->name, from->name_size) !=
            RP_VFS_OK) {
        return RP_VFS_NOMEM;
    }
    uint64_t credit = rp_directory_credit(vfs, from->directory, from->name, from->name_size);
    enum rp_vfs_error error =
        to->inode != RP_VFS_NONE
            ? rp_directory_redirect(vfs, to->directory, to->name, to->name_size, from->inode)
            : rp_directory_add(vfs, to->directory, to->name, to->name_size, from->inode, credit);
    if (error == RP_VFS_OK) {
        finish_rename(vfs, from, to);
    }
    return error;
}

enum rp_vfs_error rp_vfs_rename(struct rp_vfs *vfs, struct rp_vfs_start old_start,
                                struct rp_vfs_path old_path, struct rp_vfs_start new_start,
                                struct rp_vfs_path new_path)
{
    struct rp_place from;
    struct rp_place to;
    enum rp_vfs_error error =
        rp_place_walk(vfs, old_start.directory, old_path, RP_FOLLOW_NEVER, &from);
    if (error == RP_VFS_OK) {
        error = rp_place_walk(vfs, new_start.directory, new_path, RP_FOLLOW_NEVER, &to);
    }
    bool same = false;
    if (error == RP_VFS_OK) {
        error = check_rename(vfs, &from, &to, &same);
    }
    if (error != RP_VFS_OK) {
        return error;
    }
    if (old_start.read_only || new_start.read_only) {
        return old_start.read_only == new_start.read_only ? RP_VFS_ROFS : RP_VFS_XDEV;
    }
    return same ? RP_VFS_OK : do_rename(vfs, &from, &to);
}
