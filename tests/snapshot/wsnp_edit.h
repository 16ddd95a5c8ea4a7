/* Snapshots taken apart, changed and put together again with checksums that fit (layer 7, tests):
 * so that a lie is found by who reads the value, not by a checksum. Running out of memory aborts.
 */
#ifndef RP_TESTS_SNAPSHOT_WSNP_EDIT_H
#define RP_TESTS_SNAPSHOT_WSNP_EDIT_H

#include "snapshot/wsnp.h"

/* A value's head: what it is, and where it and what it holds lie in the bytes. */
enum rp_token_kind {
    RP_TOKEN_UINT,
    RP_TOKEN_NIL,
    RP_TOKEN_BOOL,
    RP_TOKEN_TEXT,
    RP_TOKEN_BYTES,
    RP_TOKEN_ARRAY,
    RP_TOKEN_OTHER
};
struct rp_token {
    enum rp_token_kind kind;
    size_t offset;
    size_t head_size;
    uint64_t number;     /* the value, or the count of bytes or elements; of a boolean 0 or 1 */
    size_t content_size; /* of text and bytes */
};
/* Reads the head at *offset and moves behind the value (behind the head of an array). False at the
 * end, or where nothing can be read. */
bool rp_token_next(const struct rp_buffer *bytes, size_t *offset, struct rp_token *out_token);
/* Writes a head that takes the form `width` (1, 2, 4 or 8 bytes of number), fit or not; width 0:
 * the shortest. False: the kind has no such form, or the number does not fit in it. */
bool rp_token_write(struct rp_buffer *out, enum rp_token_kind kind, uint64_t number,
                    unsigned width);

/* Replaces `size` bytes at `offset`. */
void rp_splice(struct rp_buffer *bytes, size_t offset, size_t size, const void *data,
               size_t data_size);

struct rp_edit_section {
    char name[64];
    struct rp_buffer body;
};
struct rp_edit { /* stays where it was initialised */
    struct rp_allocator allocator;
    struct rp_edit_section *sections;
    uint32_t count;
    uint32_t capacity;
};
/* Of no sections if `canonical` is NULL. False: the framing does not open. Nothing to deinit then.
 */
bool rp_edit_init(struct rp_edit *edit, const void *canonical, size_t size);
void rp_edit_deinit(struct rp_edit *edit);
struct rp_edit_section *rp_edit_find(struct rp_edit *edit, const char *name); /* NULL */
struct rp_edit_section *rp_edit_add(struct rp_edit *edit, const char *name);  /* at the end */
/* The index as it should be. */
void rp_edit_index(const struct rp_edit *edit, struct rp_buffer *out);
/* The file, with `index` in place of the true one if it is not NULL. */
void rp_edit_write(const struct rp_edit *edit, const struct rp_buffer *index,
                   struct rp_buffer *out);

#endif
