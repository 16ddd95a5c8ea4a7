/* Open descriptors (layer 4).
 *
 * Invariants: the number of a new descriptor is the lowest free one; an open descriptor on an
 * inode holds it (of a pipe: its end), and is a reader of its directory if and only if `reads` is
 * set. Everything is by index: the table is state. */
#ifndef RP_SANDBOX_DESCRIPTOR_H
#define RP_SANDBOX_DESCRIPTOR_H

#include "core/alloc.h"
#include "vfs/vfs.h"

enum rp_descriptor_kind {
    /* these numbers are in snapshots: never changed */
    RP_DESCRIPTOR_CLOSED = 0,
    RP_DESCRIPTOR_STREAM = 1, /* a standard stream from the start: a `device` without an inode */
    RP_DESCRIPTOR_FILE = 2,
    RP_DESCRIPTOR_DIRECTORY = 3,
    RP_DESCRIPTOR_DEVICE = 4, /* opened by its path */
    RP_DESCRIPTOR_PIPE = 5,   /* one `end` */
};

struct rp_descriptor {
    enum rp_descriptor_kind kind;
    uint32_t device; /* of STREAM and DEVICE: its number (sandbox/device.h) */
    enum rp_vfs_end end;
    bool read_only; /* opened beneath a read-only preopen */
    bool reads;     /* a listing is going on */
    uint16_t flags; /* fdflags */
    uint64_t rights_base;
    uint64_t rights_inheriting;
    uint64_t inode;
    uint64_t offset;
    char *preopen_name; /* a shared text; NULL: not a preopen */
    size_t preopen_name_size;
};

struct rp_descriptor_table {
    struct rp_allocator *allocator;
    struct rp_descriptor *items;
    uint32_t count; /* items in use are below this */
    uint32_t capacity;
    uint32_t open_count;
    uint32_t lowest_free; /* all below are open */
    uint32_t max;
};

void rp_descriptor_table_init(struct rp_descriptor_table *table, struct rp_allocator *allocator,
                              uint32_t max);
/* Frees the table; the inodes' holds die with the tree. */
void rp_descriptor_table_deinit(struct rp_descriptor_table *table);

/* Makes room for this many numbers. False: no memory. */
bool rp_descriptor_table_make_room(struct rp_descriptor_table *table,
                                   uint32_t capacity) RP_NODISCARD;
/* Makes `table` a copy of `other`, of the same allocator and maximum; there is room. The inodes'
 * holds are the caller's. */
void rp_descriptor_table_become(struct rp_descriptor_table *table,
                                const struct rp_descriptor_table *other);
/* Opens `number`, which is above all that are open; there is room. Takes the name over. */
void rp_descriptor_put(struct rp_descriptor_table *table, uint32_t number,
                       const struct rp_descriptor *descriptor);

/* NULL if the number is not open. */
struct rp_descriptor *rp_descriptor_get(struct rp_descriptor_table *table, uint32_t number);

enum rp_descriptor_room { RP_DESCRIPTOR_ROOM, RP_DESCRIPTOR_NO_ROOM, RP_DESCRIPTOR_NO_MEMORY };
/* Makes sure that the next `count` rp_descriptor_add cannot fail. */
enum rp_descriptor_room rp_descriptor_reserve(struct rp_descriptor_table *table, uint32_t count);
/* After a reserve. Takes the hold on the inode and the name over. */
uint32_t rp_descriptor_add(struct rp_descriptor_table *table,
                           const struct rp_descriptor *descriptor);
/* NOMEM: the descriptor is still open. */
enum rp_vfs_error rp_descriptor_close(struct rp_descriptor_table *table, struct rp_vfs *vfs,
                                      uint32_t number);
/* Has no offset: a standard stream, by number or by path, or an end of a pipe. */
bool rp_descriptor_is_stream(const struct rp_descriptor *descriptor);
/* Lets `to`, which is open, be what `from` is: `to` is closed, `from` is closed without anything
 * happening to what it names. The same number twice changes nothing. NOMEM: nothing changed. */
enum rp_vfs_error rp_descriptor_renumber(struct rp_descriptor_table *table, struct rp_vfs *vfs,
                                         uint32_t from, uint32_t to);

#endif
