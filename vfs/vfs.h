/* The guest's file tree, in memory (layer 2; docs/design/vfs.md).
 *
 * Inodes have numbers from 1 (the root), the lowest free one for each new inode. Everything is
 * found by number, a directory's entries are in byte-wise order, and rp_vfs_walk visits the
 * whole state in one canonical order. Time is a number that the user sets; nothing here reads a
 * clock. Functions either do all of what they say or answer an error and change nothing (NOMEM
 * included); rp_vfs_write may do a part, and says how much.
 *
 * Invariants (checked by rp_vfs_check): link counts equal the entries that name the inode (a
 * directory: 2 + its subdirectories); an inode without links exists only while it is held, a pipe
 * by its ends; bytes_used is the sum of the charges; a page beyond a file's size does not exist,
 * and the bytes of the last page behind the size are zero; a device has one link; at most
 * `capacity` bytes wait in a pipe. */
#ifndef RP_VFS_VFS_H
#define RP_VFS_VFS_H

#include "core/alloc.h"
#include "core/hash.h"
#include "core/msgpack.h"
#include "core/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RP_VFS_PAGE_BYTES 4096u
#define RP_VFS_NAME_BYTES_MAX 255u
#define RP_VFS_PATH_BYTES_MAX 4095u
#define RP_VFS_SYMLINK_DEPTH_MAX 40u
#define RP_VFS_LINKS_MAX 65000u
#define RP_VFS_FILE_BYTES_MAX INT64_MAX
#define RP_VFS_ENTRY_BYTES 32u /* charged for a directory entry beside the bytes of its name */
#define RP_VFS_ROOT 1u
#define RP_VFS_NONE 0u

/* Cookies of a listing: where it goes on. Entries have cookies from RP_VFS_COOKIE_FIRST + 1. */
#define RP_VFS_COOKIE_START 0u
#define RP_VFS_COOKIE_DOT 1u
#define RP_VFS_COOKIE_FIRST 2u /* behind `..` */

enum rp_vfs_error {
#define X(name, text) RP_VFS_##name,
#include "vfs/vfs_error.def"
#undef X
    RP_VFS_ERROR_COUNT
};

const char *rp_vfs_error_name(enum rp_vfs_error error); /* "NOENT" */
const char *rp_vfs_error_text(enum rp_vfs_error error);

/* A FIFO is a pipe. */
enum rp_vfs_kind {
    /* these numbers are in snapshots: never changed */
    RP_VFS_DIRECTORY = 0,
    RP_VFS_FILE = 1,
    RP_VFS_SYMLINK = 2,
    RP_VFS_DEVICE = 3,
    RP_VFS_FIFO = 4
};

struct rp_vfs_limits {
    uint64_t bytes_max;  /* pages of files, targets of symlinks, directory entries, pipes */
    uint32_t inodes_max; /* 0 is 1: the root */
};

struct rp_vfs_stat {
    uint64_t inode;
    enum rp_vfs_kind kind;
    uint64_t link_count;
    uint64_t size; /* bytes of a file, of a target or waiting in a pipe; else 0 */
    uint64_t accessed_ns;
    uint64_t modified_ns;
    uint64_t changed_ns;
    uint64_t page_count;
    uint32_t device; /* of a device: its number */
};

/* Where a path begins: a directory that `..` and absolute symlinks do not leave. Through a
 * read-only start nothing is written. */
struct rp_vfs_start {
    uint64_t directory;
    bool read_only;
};

struct rp_vfs_path {
    const char *bytes; /* no terminating zero needed */
    size_t size;
};

struct rp_vfs;

/* A tree with an empty root directory. NULL: no memory. */
struct rp_vfs *rp_vfs_create(struct rp_allocator *allocator, const struct rp_vfs_limits *limits,
                             uint64_t now_ns);
void rp_vfs_destroy(struct rp_vfs *vfs);
/* A second tree with the same contents, in constant time; the two share what neither changes.
 * NULL: no memory. */
struct rp_vfs *rp_vfs_clone(const struct rp_vfs *vfs);
/* Makes `vfs` what `other` is, as if it were a clone of it; of one allocator. Takes the time of
 * destroying what `vfs` held alone. Cannot fail. */
void rp_vfs_become(struct rp_vfs *vfs, const struct rp_vfs *other);

void rp_vfs_set_time(struct rp_vfs *vfs, uint64_t now_ns);
uint64_t rp_vfs_bytes_used(const struct rp_vfs *vfs);
uint64_t rp_vfs_bytes_max(const struct rp_vfs *vfs);
struct rp_vfs_limits rp_vfs_get_limits(const struct rp_vfs *vfs);
uint32_t rp_vfs_inode_count(const struct rp_vfs *vfs);

/* ---- inodes ---- */

/* An open descriptor holds its inode: held inodes outlive their last link. INVAL for a pipe, which
 * is held by its ends (rp_vfs_pipe_hold). */
enum rp_vfs_error rp_vfs_hold(struct rp_vfs *vfs, uint64_t inode);
enum rp_vfs_error rp_vfs_drop(struct rp_vfs *vfs, uint64_t inode);

/* The inode must exist. */
enum rp_vfs_error rp_vfs_stat(const struct rp_vfs *vfs, uint64_t inode,
                              struct rp_vfs_stat *out_stat);
bool rp_vfs_is_directory(const struct rp_vfs *vfs, uint64_t inode);

struct rp_vfs_times {
    const uint64_t *accessed_ns; /* NULL: stays */
    const uint64_t *modified_ns;
};
enum rp_vfs_error rp_vfs_set_times(struct rp_vfs *vfs, uint64_t inode,
                                   const struct rp_vfs_times *times);

/* ---- contents of files (kind FILE, else INVAL) ---- */

/* Up to `size` bytes from `offset`; holes are zeros; *out_count 0 at and behind the end. */
enum rp_vfs_error rp_vfs_read(const struct rp_vfs *vfs, uint64_t inode, uint64_t offset, void *data,
                              size_t size, size_t *out_count);
/* The first byte at or after `offset` that lies in a page of the file: what is before it is a hole.
 * *out_offset is the file's size if there is none. */
enum rp_vfs_error rp_vfs_next_data(const struct rp_vfs *vfs, uint64_t inode, uint64_t offset,
                                   uint64_t *out_offset);
/* Writes at `offset`, growing the file. When the quota is met, writes what fits; NOSPC if that
 * is nothing. FBIG likewise. */
enum rp_vfs_error rp_vfs_write(struct rp_vfs *vfs, uint64_t inode, uint64_t offset,
                               const void *data, size_t size, size_t *out_count);
/* Makes the file exactly this large; new bytes are a hole. */
enum rp_vfs_error rp_vfs_truncate(struct rp_vfs *vfs, uint64_t inode, uint64_t size);
/* Makes pages for [offset, offset + size), so that writing there cannot meet the quota, and
 * grows the file to contain it. */
enum rp_vfs_error rp_vfs_allocate(struct rp_vfs *vfs, uint64_t inode, uint64_t offset,
                                  uint64_t size);

/* ---- devices and pipes ---- */

/* Puts a device at a path where nothing is. It is a mount point: removing it, renaming it and
 * renaming something onto it is BUSY, linking it XDEV (as if it were a file system of its own); the
 * directories above it are as any other. What reading and writing it does is the user's matter, by
 * its number; the functions for files answer INVAL for it. It is opened as a file is, except that
 * TRUNCATE does nothing and that WRITE is allowed through a read-only start, because the tree does
 * not change. */
enum rp_vfs_error rp_vfs_mount_device(struct rp_vfs *vfs, struct rp_vfs_start start,
                                      struct rp_vfs_path path, uint32_t device);

/* A pipe: bytes that wait, in order, at most `capacity` of them (1 to RP_VFS_PIPE_BYTES_MAX, else
 * INVAL); an inode without links that its open ends hold. The capacity is charged to the byte quota
 * while the pipe exists. Made with one reader and one writer. NOSPC, DQUOT. The functions below
 * answer INVAL for what is no pipe. */
#define RP_VFS_PIPE_BYTES_MAX 1048576u
#define RP_VFS_PIPE_ATOMIC_BYTES 4096u                         /* POSIX PIPE_BUF */
enum rp_vfs_end { RP_VFS_END_READ = 0, RP_VFS_END_WRITE = 1 }; /* in snapshots: never changed */
enum rp_vfs_error rp_vfs_make_pipe(struct rp_vfs *vfs, uint32_t capacity, uint64_t *out_inode);
/* One more, or one less, who holds this end; INVAL if nobody does. With the last reader goes what
 * waits, since nobody can read it any more; with the last end the pipe is gone. */
enum rp_vfs_error rp_vfs_pipe_hold(struct rp_vfs *vfs, uint64_t inode, enum rp_vfs_end end);
enum rp_vfs_error rp_vfs_pipe_drop(struct rp_vfs *vfs, uint64_t inode, enum rp_vfs_end end);
/* Takes up to `size` waiting bytes. None: AGAIN while there is a writer, else OK and a count of 0.
 * A `size` of 0 is OK. */
enum rp_vfs_error rp_vfs_pipe_read(struct rp_vfs *vfs, uint64_t inode, void *data, size_t size,
                                   size_t *out_count);
/* Puts bytes behind those that wait: all of them if they are at most RP_VFS_PIPE_ATOMIC_BYTES and
 * at most the capacity, else as many as fit. AGAIN: no room. PIPE: there is no reader. A `size` of
 * 0 is OK. */
enum rp_vfs_error rp_vfs_pipe_write(struct rp_vfs *vfs, uint64_t inode, const void *data,
                                    size_t size, size_t *out_count);
struct rp_vfs_pipe_state {
    uint32_t capacity;
    uint32_t waiting; /* bytes */
    uint32_t readers;
    uint32_t writers;
};
enum rp_vfs_error rp_vfs_pipe_get_state(const struct rp_vfs *vfs, uint64_t inode,
                                        struct rp_vfs_pipe_state *out_state);

/* ---- paths ---- */

/* What is at a path. A symlink at its end is followed if `follow` or if a slash is behind it. */
enum rp_vfs_error rp_vfs_resolve(const struct rp_vfs *vfs, struct rp_vfs_start start,
                                 struct rp_vfs_path path, bool follow, uint64_t *out_inode);

#define RP_VFS_OPEN_CREATE 1u
#define RP_VFS_OPEN_DIRECTORY 2u
#define RP_VFS_OPEN_EXCLUSIVE 4u
#define RP_VFS_OPEN_TRUNCATE 8u
#define RP_VFS_OPEN_FOLLOW 16u
#define RP_VFS_OPEN_WRITE 32u /* refused for directories, and through a read-only start */

/* Finds or makes what shall be opened and holds it. */
enum rp_vfs_error rp_vfs_open(struct rp_vfs *vfs, struct rp_vfs_start start,
                              struct rp_vfs_path path, unsigned flags, uint64_t *out_inode);

enum rp_vfs_error rp_vfs_make_directory(struct rp_vfs *vfs, struct rp_vfs_start start,
                                        struct rp_vfs_path path);
/* `target` is kept as it is; an empty one is NOENT. */
enum rp_vfs_error rp_vfs_make_symlink(struct rp_vfs *vfs, struct rp_vfs_start start,
                                      struct rp_vfs_path path, struct rp_vfs_path target);
/* Up to `size` bytes of the target. INVAL: no symlink. */
enum rp_vfs_error rp_vfs_read_link(const struct rp_vfs *vfs, uint64_t inode, void *data,
                                   size_t size, size_t *out_count);
enum rp_vfs_error rp_vfs_link(struct rp_vfs *vfs, struct rp_vfs_start old_start,
                              struct rp_vfs_path old_path, bool follow,
                              struct rp_vfs_start new_start, struct rp_vfs_path new_path);
enum rp_vfs_error rp_vfs_unlink(struct rp_vfs *vfs, struct rp_vfs_start start,
                                struct rp_vfs_path path);
enum rp_vfs_error rp_vfs_remove_directory(struct rp_vfs *vfs, struct rp_vfs_start start,
                                          struct rp_vfs_path path);
enum rp_vfs_error rp_vfs_rename(struct rp_vfs *vfs, struct rp_vfs_start old_start,
                                struct rp_vfs_path old_path, struct rp_vfs_start new_start,
                                struct rp_vfs_path new_path);

/* ---- listing ---- */

struct rp_vfs_entry {
    const char *name; /* borrowed until the tree changes */
    uint32_t name_size;
    uint64_t inode;
    enum rp_vfs_kind kind;
    uint64_t cookie; /* the listing goes on behind this entry */
};

/* A reader of a directory. While there is one, cookies that were given out stay valid though
 * their entries go. Each `begin` needs one `end`; the last `end` forgets the entries that went.
 * `rewind` is for a reader that starts again. */
enum rp_vfs_error rp_vfs_reader_begin(struct rp_vfs *vfs, uint64_t directory);
enum rp_vfs_error rp_vfs_reader_rewind(struct rp_vfs *vfs, uint64_t directory);
enum rp_vfs_error rp_vfs_reader_end(struct rp_vfs *vfs, uint64_t directory);

/* The entry behind `cookie`: `.`, `..`, then the names in byte-wise order. *out_found false at
 * the end. INVAL: a cookie that this directory does not know. A directory that was removed lists
 * nothing. */
enum rp_vfs_error rp_vfs_list(const struct rp_vfs *vfs, uint64_t directory, uint64_t cookie,
                              bool *out_found, struct rp_vfs_entry *out_entry);
/* Says that cookies up to this one, of those that exist, have been given out. */
enum rp_vfs_error rp_vfs_reader_gave(struct rp_vfs *vfs, uint64_t directory, uint64_t cookie);

/* ---- the whole state ---- */

/* Everything in canonical order: inodes by number; of each, what it is, then its pages by index
 * (absent ones skipped), entries by name, gone entries that readers may go on behind by cookie,
 * the target, or the pipe and then what waits in it. A callback that answers false ends the walk;
 * one that is NULL is not called. */
struct rp_vfs_visitor {
    void *user;
    bool (*inode)(void *user, const struct rp_vfs_stat *stat, uint32_t holds);
    bool (*page)(void *user, uint64_t inode, uint64_t index, const uint8_t *bytes);
    bool (*directory)(void *user, uint64_t inode, uint64_t parent, uint64_t cookie_last,
                      uint64_t cookie_given, uint32_t readers);
    bool (*entry)(void *user, uint64_t inode, const struct rp_vfs_entry *entry);
    bool (*gone)(void *user, uint64_t inode, const struct rp_vfs_entry *entry);
    bool (*target)(void *user, uint64_t inode, const char *target, size_t size);
    bool (*pipe)(void *user, uint64_t inode, const struct rp_vfs_pipe_state *state);
    /* what waits in a pipe, in order: pieces of RP_VFS_PAGE_BYTES, the last one may be shorter */
    bool (*waiting)(void *user, uint64_t inode, const uint8_t *bytes, size_t size);
};
bool rp_vfs_walk(const struct rp_vfs *vfs, const struct rp_vfs_visitor *visitor);

/* ---- saving and loading (docs/wsnp.md, "vfs"; the grammar stands in vfs_save.c) ---- */

/* The longest run of pages that is written as one. */
#define RP_VFS_RUN_PAGES_MAX 4096u
/* Larger cookies cannot come to be: each costs gas, and gas positions end here. */
#define RP_VFS_COOKIE_MAX INT64_MAX

/* Appends the whole state: one state has one encoding, whatever is shared. Failure is the
 * buffer's. */
void rp_vfs_save(const struct rp_vfs *vfs, struct rp_buffer *out);
/* The hash that stands for the state: of what rp_vfs_save writes, with the hash of each page
 * instead of its bytes. Pages remember theirs until they are written, so a second one costs inodes
 * and pages, not bytes. False: no memory. */
bool rp_vfs_root(const struct rp_vfs *vfs, uint8_t out_root[RP_HASH_BYTES]) RP_NODISCARD;
/* Reads a whole tree and nothing behind it. Trusts nothing: what rp_vfs_save would not write is
 * refused, as is a tree that rp_vfs_check would not accept. Time is linear in the bytes, memory in
 * the bytes and in the quota (pages of zeros cost 9 bytes each). `limits` other than
 * those of the tree are ERROR_SNAPSHOT_CONFIG; NULL: not compared. ERROR_SNAPSHOT_TRUNCATED,
 * _ENCODING, _STATE, ERROR_NO_MEMORY. */
rp_status rp_vfs_load(struct rp_allocator *allocator, const struct rp_vfs_limits *limits,
                      struct rp_msgpack *in, struct rp_vfs **out_vfs, rp_report *report);
/* The root of the tree that rp_vfs_load would read, which is checked as there, in memory that is
 * linear in the bytes alone. */
rp_status rp_vfs_root_of(struct rp_allocator *allocator, struct rp_msgpack *in,
                         uint8_t out_root[RP_HASH_BYTES], rp_report *report);
/* What the tree says its limits are; nothing else is looked at. */
rp_status rp_vfs_read_limits(struct rp_msgpack *in, struct rp_vfs_limits *out_limits,
                             rp_report *report);

/* NULL, or the invariant that is broken. Linear; for tests. */
const char *rp_vfs_check(const struct rp_vfs *vfs);

#endif
