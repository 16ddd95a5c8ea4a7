/* The state of the model test; comparing the tree with the host (layer 7, test support). */
#ifndef RP_TESTS_VFS_HOST_COMPARE_H
#define RP_TESTS_VFS_HOST_COMPARE_H

#include "tests/vfs/host_tree.h"
#include "tests/vfs/tree.h"

#define HANDLES 6u
#define PATH_ROOM 8192u
#define CONTENTS_BYTES 32768u
#define LONG_NAME_BYTES 255u
#define NAMES 8u

/* The names that files have; the last one is of LONG_NAME_BYTES. */
extern const char *model_names[NAMES];

/* What is open on both sides. A directory may be listed meanwhile; names are bits. */
struct handle {
    uint64_t inode; /* RP_VFS_NONE: free */
    int file;
    bool directory;
    bool writable;
    bool listing;
    uint64_t cookie;
    char last[LONG_NAME_BYTES + 1];
    unsigned seen;
    unsigned always; /* names that have been there since the listing began */
};

struct model {
    struct tree tree;
    struct rp_vfs *clone; /* of an earlier state */
    uint64_t clone_digest;
    uint64_t top; /* where our paths start */
    struct host_tree host;
    struct handle handles[HANDLES];
    uint64_t random;
    unsigned long seed;
    unsigned long step;
    unsigned long compared; /* answers */
    unsigned long failed;   /* of them, errors */
    unsigned long escaped;
    char log[700]; /* the operation under way */
};

#define DIFFER(model, ...)                                                                        \
    do {                                                                                          \
        print_error("seed %lu, operation %lu, %s: ", (model)->seed, (model)->step, (model)->log); \
        print_error(__VA_ARGS__);                                                                 \
        fail();                                                                                   \
    } while (0)

/* The state of one inode. */
void compare_stat(struct model *model, uint64_t inode, const struct stat *host);
/* At most CONTENTS_BYTES from an offset; the beginning and the end of a file. */
void compare_range(struct model *model, uint64_t inode, int file, uint64_t offset, size_t size);
void compare_contents(struct model *model, uint64_t inode, int file);
void compare_link(struct model *model, uint64_t inode, int directory, const char *name);
/* The names in a directory. */
void compare_names(struct model *model, uint64_t directory, int file);
/* Everything below the top. */
void compare_trees(struct model *model);

/* The names that exist as bits: 0 for others. */
unsigned name_bit(const char *name);
/* Which of them are in a directory of the tree. */
unsigned present_names(const struct model *model, uint64_t directory);

#endif
