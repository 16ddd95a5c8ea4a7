/* Inodes and the table that holds them: the inside of vfs/ (layer 2). Invariants: vfs.h. */
#ifndef RP_VFS_INODE_H
#define RP_VFS_INODE_H

#include "vfs/name_tree.h"
#include "vfs/radix.h"
#include "vfs/vfs.h"

#include <string.h>

/* What is known of the bytes of a page, to be forgotten when they are written. */
#define RP_PAGE_SEEN 1u   /* whether they are all zero: */
#define RP_PAGE_ZERO 2u   /* they are */
#define RP_PAGE_HASHED 4u /* `hash` is theirs */

struct rp_vfs_page {
    struct rp_shared shared;
    uint8_t known;            /* RP_PAGE_*; no state */
    struct rp_vfs_page *next; /* links pages that are not yet in a file */
    uint8_t hash[RP_HASH_BYTES];
    uint8_t bytes[RP_VFS_PAGE_BYTES];
};

static inline bool rp_page_bytes_are_zero(const uint8_t *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* The target of a symlink; never changes. */
struct rp_vfs_target {
    struct rp_shared shared;
    uint32_t size;
    char bytes[];
};

struct rp_vfs_file {
    struct rp_radix pages; /* rp_vfs_page by index */
    uint64_t page_count;
};

struct rp_vfs_directory {
    struct rp_name_tree names;
    struct rp_radix entries; /* rp_dirent by cookie: the same objects as in `names` */
    struct rp_radix gone;    /* entries that went while a reader may be behind them, by cookie */
    uint64_t parent;         /* the root's is itself; RP_VFS_NONE when removed */
    uint64_t entry_count;
    uint64_t charge;       /* bytes of entries, gone ones included */
    uint64_t cookie_last;  /* the newest entry's */
    uint64_t cookie_given; /* the largest that a present reader may hold */
    uint32_t readers;
};

/* A ring of as many pages as the capacity needs, made when bytes come to lie in them; an empty pipe
 * has none. The inode's size is the number of bytes that wait, from `head` on. Where the head is
 * cannot be observed and is no state. */
struct rp_vfs_pipe {
    struct rp_radix pages; /* rp_vfs_page by index */
    uint32_t capacity;
    uint32_t head;
    uint32_t readers;
    uint32_t writers;
};

struct rp_inode {
    struct rp_shared shared;
    enum rp_vfs_kind kind;
    uint32_t holds; /* of a pipe: the sum of its readers and writers */
    uint64_t link_count;
    uint64_t size;
    uint64_t accessed_ns;
    uint64_t modified_ns;
    uint64_t changed_ns;
    union {
        struct rp_vfs_file file;
        struct rp_vfs_directory directory;
        struct rp_vfs_target *target;
        struct rp_vfs_pipe pipe;
        uint32_t device;
    } of;
};

struct rp_vfs {
    struct rp_allocator *allocator;
    struct rp_vfs_limits limits;
    uint64_t now_ns;
    uint64_t bytes_used;
    uint32_t inode_count;
    struct rp_radix inodes; /* rp_inode by number - 1 */
};

/* Borrowed; NULL if there is none of that number. */
const struct rp_inode *rp_inode_get(const struct rp_vfs *vfs, uint64_t number);
/* The inode, belonging to this tree alone, to be changed. NULL: no memory. The pointer is good
 * until a clone is made. */
struct rp_inode *rp_inode_own(struct rp_vfs *vfs, uint64_t number);
/* As rp_inode_own for an inode that has been owned since the last clone: cannot fail. */
struct rp_inode *rp_inode_owned(struct rp_vfs *vfs, uint64_t number);

/* A new inode with the lowest free number, without links. DQUOT, NOMEM. */
enum rp_vfs_error rp_inode_create(struct rp_vfs *vfs, enum rp_vfs_kind kind, uint64_t *out_number);
/* Frees the inode if it has neither links nor holds. It must be owned. */
void rp_inode_collect(struct rp_vfs *vfs, uint64_t number);

static inline bool rp_vfs_has_room(const struct rp_vfs *vfs, uint64_t bytes)
{
    return bytes <= vfs->limits.bytes_max - vfs->bytes_used;
}

/* ---- directory.c: entries ---- */

static inline uint64_t rp_dirent_charge(uint32_t name_size)
{
    return RP_VFS_ENTRY_BYTES + (uint64_t)name_size;
}

const struct rp_dirent *rp_directory_find(const struct rp_inode *directory, const char *name,
                                          uint32_t name_size);
/* Adds an absent name; link counts are the caller's. `credit` is what the caller will give back to
 * the byte quota in the same operation. NOSPC, NOMEM: nothing changed. */
enum rp_vfs_error rp_directory_add(struct rp_vfs *vfs, uint64_t directory, const char *name,
                                   uint32_t name_size, uint64_t inode, uint64_t credit);
/* What removing a name that is there will give back. */
uint64_t rp_directory_credit(const struct rp_vfs *vfs, uint64_t directory, const char *name,
                             uint32_t name_size);
/* Lets a name that is there point to another inode, keeping its cookie. */
enum rp_vfs_error rp_directory_redirect(struct rp_vfs *vfs, uint64_t directory, const char *name,
                                        uint32_t name_size, uint64_t inode);
/* Removing in two steps: after `prepare` (NOMEM) and other changes that keep the name, `remove`
 * cannot fail. */
enum rp_vfs_error rp_directory_prepare_remove(struct rp_vfs *vfs, uint64_t directory,
                                              const char *name, uint32_t name_size);
void rp_directory_remove(struct rp_vfs *vfs, uint64_t directory, const char *name,
                         uint32_t name_size);

void rp_directory_release(struct rp_allocator *allocator, struct rp_vfs_directory *directory);
void rp_file_release(struct rp_allocator *allocator, struct rp_vfs_file *file);
/* Frees a page whose last owner is gone (an rp_radix_release_leaf). */
void rp_page_free(struct rp_allocator *allocator, void *page);

/* ---- pipe.c ---- */

void rp_pipe_release(struct rp_allocator *allocator, struct rp_vfs_pipe *pipe);
/* Visits the pipe and what waits in it. */
bool rp_pipe_walk(const struct rp_inode *inode, uint64_t number,
                  const struct rp_vfs_visitor *visitor);
/* Puts bytes behind those that wait; there is room. The size is the caller's. False: no memory. */
bool rp_pipe_put(struct rp_vfs *vfs, struct rp_inode *inode, const uint8_t *data,
                 size_t size) RP_NODISCARD;
/* NULL, or the invariant that is broken. */
const char *rp_pipe_check(const struct rp_inode *inode);

/* ---- vfs_save.c ---- */

/* How many values an inode has in the saved state. */
uint32_t rp_inode_value_count(enum rp_vfs_kind kind);

/* ---- resolve.c: paths ---- */

enum rp_place_kind { RP_PLACE_NAME, RP_PLACE_DOT, RP_PLACE_DOTDOT };

/* The last step of a path. */
struct rp_place {
    enum rp_place_kind kind;
    bool slash;         /* a slash was behind the name: it must be a directory */
    uint64_t directory; /* that holds the name; of DOT and DOTDOT: the directory itself */
    const char *name;   /* in the path or in a symlink's target */
    uint32_t name_size;
    uint64_t inode; /* RP_VFS_NONE: nothing of that name */
    /* why the name cannot even be looked up: NAMETOOLONG, NOENT in a removed directory; else OK */
    enum rp_vfs_error lookup;
};

enum rp_follow {
    RP_FOLLOW_NEVER, /* the name itself, for making and removing: not even with a slash behind it */
    RP_FOLLOW_SLASH, /* a symlink at the end only with a slash behind it */
    RP_FOLLOW_PLAIN, /* a symlink at the end only without a slash behind it: for open with CREATE */
    RP_FOLLOW_LAST,
};

/* Walks to the last step; what is missing there is no error, and what cannot be looked up is one of
 * rp_place_find alone. */
enum rp_vfs_error rp_place_walk(const struct rp_vfs *vfs, uint64_t start, struct rp_vfs_path path,
                                enum rp_follow follow, struct rp_place *out_place);
enum rp_vfs_error rp_place_find(const struct rp_vfs *vfs, uint64_t start, struct rp_vfs_path path,
                                enum rp_follow follow, struct rp_place *out_place);

#endif
