/* Paths (layer 2; POSIX.1-2017 4.13 "Pathname Resolution", with Linux where POSIX leaves a
 * choice).
 *
 * Invariant: the walk never stands above the directory that it started from: `..` there is PERM,
 * and so is an absolute path or symlink unless the walk started at the root of the tree. */
#include "vfs/inode.h"

#include <string.h>

/* What is left of the path and of the targets of symlinks on the way; the last piece is walked
 * first. */
struct walk {
    const struct rp_vfs *vfs;
    uint64_t start;
    uint64_t at; /* the directory that the next step is taken in */
    struct rp_vfs_path pieces[RP_VFS_SYMLINK_DEPTH_MAX + 1];
    unsigned piece_count;
    unsigned symlinks;
};

/* Drops slashes in front, and pieces that are used up. True if there was a slash. */
static bool skip_slashes(struct walk *walk)
{
    bool slash = false;
    while (walk->piece_count > 0) {
        struct rp_vfs_path *piece = &walk->pieces[walk->piece_count - 1];
        while (piece->size > 0 && piece->bytes[0] == '/') {
            piece->bytes++;
            piece->size--;
            slash = true;
        }
        if (piece->size > 0) {
            break;
        }
        walk->piece_count--;
    }
    return slash;
}

static struct rp_vfs_path take_step(struct walk *walk)
{
    struct rp_vfs_path *piece = &walk->pieces[walk->piece_count - 1];
    const char *slash = memchr(piece->bytes, '/', piece->size);
    size_t size = slash != NULL ? (size_t)(slash - piece->bytes) : piece->size;
    struct rp_vfs_path step = {piece->bytes, size};
    piece->bytes += size;
    piece->size -= size;
    return step;
}

static enum rp_vfs_error enter_symlink(struct walk *walk, const struct rp_inode *symlink)
{
    if (walk->symlinks == RP_VFS_SYMLINK_DEPTH_MAX) {
        return RP_VFS_LOOP;
    }
    walk->symlinks++;
    const struct rp_vfs_target *target = symlink->of.target;
    if (target->bytes[0] == '/') {
        if (walk->start != RP_VFS_ROOT) {
            return RP_VFS_PERM;
        }
        walk->at = RP_VFS_ROOT;
    }
    RP_ASSERT(walk->piece_count < RP_VFS_SYMLINK_DEPTH_MAX + 1);
    walk->pieces[walk->piece_count] = (struct rp_vfs_path){target->bytes, target->size};
    walk->piece_count++;
    return RP_VFS_OK;
}

static enum rp_vfs_error check_path(const struct rp_vfs *vfs, uint64_t start,
                                    struct rp_vfs_path path)
{
    if (!rp_vfs_is_directory(vfs, start)) {
        return RP_VFS_NOTDIR;
    }
    if (path.size == 0) {
        return RP_VFS_NOENT;
    }
    if (path.size > RP_VFS_PATH_BYTES_MAX) {
        return RP_VFS_NAMETOOLONG;
    }
    if (memchr(path.bytes, 0, path.size) != NULL) {
        return RP_VFS_INVAL;
    }
    return path.bytes[0] == '/' ? RP_VFS_PERM : RP_VFS_OK;
}

/* `.` or `..`: moves, and describes the place in case it is the last. */
static enum rp_vfs_error take_dots(struct walk *walk, bool up, struct rp_place *place)
{
    if (up) {
        if (walk->at == walk->start) {
            return RP_VFS_PERM;
        }
        walk->at = rp_inode_get(walk->vfs, walk->at)->of.directory.parent;
        RP_ASSERT(walk->at != RP_VFS_NONE); /* it was reached by its name */
    }
    *place = (struct rp_place){.kind = up ? RP_PLACE_DOTDOT : RP_PLACE_DOT,
                               .directory = walk->at,
                               .name = up ? ".." : ".",
                               .name_size = up ? 2 : 1,
                               .inode = walk->at};
    return RP_VFS_OK;
}

/* A name in the directory that the walk stands in. */
static struct rp_place look_up(const struct walk *walk, struct rp_vfs_path step)
{
    struct rp_place place = {.kind = RP_PLACE_NAME,
                             .directory = walk->at,
                             .name = step.bytes,
                             .name_size = (uint32_t)step.size,
                             .inode = RP_VFS_NONE};
    const struct rp_inode *directory = rp_inode_get(walk->vfs, walk->at);
    if (directory->link_count == 0) {
        place.lookup = RP_VFS_NOENT;
    } else if (step.size > RP_VFS_NAME_BYTES_MAX) {
        place.lookup = RP_VFS_NAMETOOLONG;
    } else {
        const struct rp_dirent *entry =
            rp_directory_find(directory, step.bytes, (uint32_t)step.size);
        place.inode = entry != NULL ? entry->inode : RP_VFS_NONE;
    }
    return place;
}

/* Whether a symlink at the place is entered. */
static bool follows(enum rp_follow follow, bool last, bool slash)
{
    return !last || follow == RP_FOLLOW_LAST || (follow == RP_FOLLOW_SLASH && slash) ||
           (follow == RP_FOLLOW_PLAIN && !slash);
}

enum rp_vfs_error rp_place_walk(const struct rp_vfs *vfs, uint64_t start, struct rp_vfs_path path,
                                enum rp_follow follow, struct rp_place *out_place)
{
    enum rp_vfs_error error = check_path(vfs, start, path);
    if (error != RP_VFS_OK) {
        return error;
    }
    struct walk walk = {.vfs = vfs, .start = start, .at = start, .piece_count = 1};
    walk.pieces[0] = path;
    bool must_be_directory = false;
    for (;;) {
        struct rp_place place = {0};
        struct rp_vfs_path step = take_step(&walk);
        bool dot = step.size == 1 && step.bytes[0] == '.';
        bool dotdot = step.size == 2 && step.bytes[0] == '.' && step.bytes[1] == '.';
        if (dot || dotdot) {
            error = take_dots(&walk, dotdot, &place);
            if (error != RP_VFS_OK) {
                return error;
            }
        } else {
            place = look_up(&walk, step);
        }
        bool slash = skip_slashes(&walk);
        bool last = walk.piece_count == 0;
        must_be_directory = must_be_directory || (last && slash);
        const struct rp_inode *inode = rp_inode_get(vfs, place.inode);
        if (inode != NULL && inode->kind == RP_VFS_SYMLINK &&
            follows(follow, last, must_be_directory)) {
            error = enter_symlink(&walk, inode);
            if (error != RP_VFS_OK) {
                return error;
            }
            (void)skip_slashes(&walk);
            if (walk.piece_count > 0) {
                continue;
            }
            error = take_dots(&walk, false, &place); /* the target was the root */
        }
        if (walk.piece_count == 0) {
            place.slash = must_be_directory;
            *out_place = place;
            return error;
        }
        if (inode == NULL) {
            return place.lookup != RP_VFS_OK ? place.lookup : RP_VFS_NOENT;
        }
        if (inode->kind != RP_VFS_DIRECTORY) {
            return RP_VFS_NOTDIR;
        }
        walk.at = place.inode;
    }
}

enum rp_vfs_error rp_place_find(const struct rp_vfs *vfs, uint64_t start, struct rp_vfs_path path,
                                enum rp_follow follow, struct rp_place *out_place)
{
    enum rp_vfs_error error = rp_place_walk(vfs, start, path, follow, out_place);
    return error != RP_VFS_OK ? error : out_place->lookup;
}

enum rp_vfs_error rp_vfs_resolve(const struct rp_vfs *vfs, struct rp_vfs_start start,
                                 struct rp_vfs_path path, bool follow, uint64_t *out_inode)
{
    struct rp_place place;
    enum rp_vfs_error error = rp_place_find(vfs, start.directory, path,
                                            follow ? RP_FOLLOW_LAST : RP_FOLLOW_SLASH, &place);
    if (error != RP_VFS_OK) {
        return error;
    }
    if (place.inode == RP_VFS_NONE) {
        return RP_VFS_NOENT;
    }
    if (place.slash && !rp_vfs_is_directory(vfs, place.inode)) {
        return RP_VFS_NOTDIR;
    }
    *out_inode = place.inode;
    return RP_VFS_OK;
}
