/* The file (layer 3; docs/wsnp.md): canonical bytes in sections with checksums, and the envelope
 * that carries them.
 *
 *   file      = prefix canonical | prefix envelope
 *   prefix    = "WSNP" version:u8 form:u8 0 0        form 0: canonical, 1: envelope
 *   canonical = body* index index_size:u64le check   check: XXH3-128 of prefix, index, index_size
 *   index     = msgpack array of [name:text, size:uint, xxh3_128:bin16], in order of the bodies
 *   envelope  = head check payload                    check: XXH3-128 of prefix and head
 *   head      = msgpack [module:bin|nil, method:uint, size:uint, parent:bin32|nil,
 *                        payload_size:uint, payload_check:bin16|nil]
 *   payload   = a whole canonical file of `size` bytes by `method`: 0 as it is, 1 zstd, 2 zstd with
 *               the parent's canonical file as prefix; `parent` is BLAKE2b-256 of that file, nil
 *               unless method 2; `payload_check` is XXH3-128 of the payload, nil for method 0,
 *               whose payload has checksums of its own
 */
#ifndef RP_SNAPSHOT_WSNP_H
#define RP_SNAPSHOT_WSNP_H

#include "core/buffer.h"
#include "core/fast_hash.h"
#include "core/hash.h"
#include "core/msgpack.h"
#include "reprise/snapshot.h"

#define RP_WSNP_VERSION 1u
#define RP_WSNP_PREFIX_BYTES 8u
#define RP_WSNP_SECTIONS_MAX 4096u
#define RP_WSNP_NAME_BYTES_MAX 31u

enum rp_wsnp_form { RP_WSNP_CANONICAL = 0, RP_WSNP_ENVELOPE = 1 };
void rp_wsnp_put_prefix(struct rp_buffer *out, enum rp_wsnp_form form);
/* ERROR_NOT_SNAPSHOT, ERROR_SNAPSHOT_VERSION, _TRUNCATED, _ENCODING. */
rp_status rp_wsnp_read_prefix(const uint8_t *data, size_t size, enum rp_wsnp_form *out_form,
                              rp_report *report);
/* Names of sections: lower-case letters, digits and `_`, beginning with a letter. */
bool rp_wsnp_name_valid(const uint8_t *name, size_t size);

/* ---- writing: prefix, then for each section begin, bytes into the buffer, end; then finish ----
 */

struct rp_wsnp_writer {
    struct rp_buffer *out;
    struct rp_buffer index;
    size_t section_start;
    uint32_t section_count;
    const char *section_name;
};
void rp_wsnp_begin(struct rp_wsnp_writer *writer, struct rp_buffer *out,
                   struct rp_allocator *allocator);
void rp_wsnp_section_begin(struct rp_wsnp_writer *writer, const char *name);
void rp_wsnp_section_end(struct rp_wsnp_writer *writer);
/* False: no memory. Frees the writer in either case. */
bool rp_wsnp_finish(struct rp_wsnp_writer *writer) RP_NODISCARD;

/* ---- reading: framing and checksums; the bodies are borrowed from the bytes ---- */

struct rp_wsnp_section {
    char name[RP_WSNP_NAME_BYTES_MAX + 1];
    struct rp_span body;
    uint8_t hash[RP_FAST_HASH_BYTES]; /* of the body; checked */
};
struct rp_wsnp {
    const uint8_t *data;
    size_t size;
    struct rp_wsnp_section *sections;
    uint32_t section_count;
    uint32_t section_capacity;
    struct rp_allocator allocator; /* of the sections */
};
/* Reads the framing of canonical bytes and checks all checksums. ERROR_NOT_SNAPSHOT,
 * ERROR_SNAPSHOT_VERSION, _TRUNCATED, _CHECKSUM, _ENCODING, ERROR_NO_MEMORY. Closed in either case,
 * but after a failure that is a no-op. */
rp_status rp_wsnp_open(struct rp_wsnp *wsnp, const uint8_t *data, size_t size, rp_report *report);
void rp_wsnp_close(struct rp_wsnp *wsnp);
const struct rp_wsnp_section *rp_wsnp_find(const struct rp_wsnp *wsnp, const char *name); /* NULL */
/* "memory0", "memory1", ... */
void rp_wsnp_memory_name(uint32_t memory_index, char out_name[RP_WSNP_NAME_BYTES_MAX + 1]);
/* Whether section `modules` has this hash. */
bool rp_wsnp_has_module(const struct rp_wsnp *wsnp, const uint8_t hash[RP_HASH_BYTES]);
/* Reads values to the end: the encoding of each is checked, their meaning is not. */
void rp_wsnp_check_values(struct rp_msgpack *in);

/* Takes an envelope off, if there is one: *out_canonical is borrowed from `data`, or owned by
 * `scratch`, an empty buffer, when it had to be decoded. *out_module is borrowed from `data`, of
 * size 0 if there is none. Checks the envelope; of the canonical bytes only the size. `options` may
 * be NULL. ERROR_NOT_SNAPSHOT, ERROR_SNAPSHOT_VERSION, _TRUNCATED, _CHECKSUM, _ENCODING, _PARENT,
 * ERROR_LIMIT, ERROR_ARGUMENT (struct_size), ERROR_NO_MEMORY. */
rp_status rp_wsnp_unwrap(const uint8_t *data, size_t size, const rp_restore_options *options,
                         struct rp_buffer *scratch, struct rp_span *out_canonical,
                         struct rp_span *out_module, rp_report *report);

#endif
