/* The envelope: what carries a canonical snapshot from place to place (layer 3; docs/wsnp.md, "The
 * envelope"). It is taken off before anything is hashed, compared or restored. */
#include "core/assert.h"
#include "core/compress.h"
#include "core/hash.h"
#include "core/report.h"
#include "engine/module.h"
#include "engine/store_check.h"
#include "snapshot/bytes.h"
#include "snapshot/wsnp.h"

#include <inttypes.h>
#include <string.h>

enum method { METHOD_STORED, METHOD_ZSTD, METHOD_DELTA, METHOD_COUNT };

struct head {
    struct rp_span module; /* size 0: none */
    uint64_t method;       /* enum method */
    uint64_t size;         /* of the canonical file */
    const uint8_t *parent; /* its hash; NULL: none */
    uint64_t payload_size;
    const uint8_t *payload_check; /* NULL: none */
    struct rp_span payload;
};

/* ---- reading ---- */

static void read_fields(struct rp_msgpack *in, struct head *head)
{
    const uint8_t *at = in->pos;
    rp_msgpack_tuple(in, 6);
    if (!rp_msgpack_is_nil(in)) {
        head->module = rp_msgpack_bytes(in, UINT32_MAX);
        if (in->error == NULL && head->module.size == 0) {
            rp_msgpack_fail(in, at, "embeds a module without bytes");
        }
    }
    head->method = rp_msgpack_uint(in, METHOD_COUNT - 1);
    head->size = rp_msgpack_uint(in, UINT64_MAX);
    head->parent = rp_msgpack_is_nil(in) ? NULL : rp_msgpack_fixed_bytes(in, RP_HASH_BYTES);
    head->payload_size = rp_msgpack_uint(in, UINT64_MAX);
    head->payload_check =
        rp_msgpack_is_nil(in) ? NULL : rp_msgpack_fixed_bytes(in, RP_FAST_HASH_BYTES);
    bool delta = head->method == METHOD_DELTA;
    bool stored = head->method == METHOD_STORED;
    if (in->error == NULL &&
        (delta != (head->parent != NULL) || stored != (head->payload_check == NULL) ||
         (stored && head->size != head->payload_size))) {
        rp_msgpack_fail(in, at, "fields that its method does not have, or lacks");
    }
}

/* The head's form is read before its checksum can be: a head that cannot be read to its end was
 * changed or is a lie, and which of both cannot be told. */
static rp_status read_head(const uint8_t *data, size_t size, struct head *out_head,
                           rp_report *report)
{
    struct rp_msgpack in;
    *out_head = (struct head){0};
    rp_msgpack_init(&in, data, RP_WSNP_PREFIX_BYTES, size);
    read_fields(&in, out_head);
    if (in.error != NULL) {
        return rp_report_fail(report, rp_msgpack_status(&in),
                              "the snapshot's envelope at byte %td: %s", in.error_at - data,
                              in.error);
    }
    size_t head_end = (size_t)(in.pos - data);
    if (size - head_end < RP_FAST_HASH_BYTES) {
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_TRUNCATED,
                              "the snapshot ends after %zu bytes, inside of its envelope", size);
    }
    uint8_t check[RP_FAST_HASH_BYTES];
    rp_fast_hash(data, head_end, check);
    if (memcmp(check, data + head_end, sizeof check) != 0) {
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_CHECKSUM,
                              "the snapshot's envelope was changed: its checksum differs");
    }
    size_t payload = head_end + RP_FAST_HASH_BYTES;
    out_head->payload = (struct rp_span){data + payload, size - payload};
    return RP_OK;
}

static rp_status check_payload(const struct head *head, rp_report *report)
{
    if (head->payload.size != head->payload_size) {
        bool shorter = head->payload.size < head->payload_size;
        return rp_report_fail(
            report, shorter ? RP_ERROR_SNAPSHOT_TRUNCATED : RP_ERROR_SNAPSHOT_ENCODING,
            "the snapshot has %zu bytes behind its envelope's head, which states %" PRIu64,
            head->payload.size, head->payload_size);
    }
    if (head->payload_check == NULL) {
        return RP_OK;
    }
    uint8_t check[RP_FAST_HASH_BYTES];
    rp_fast_hash(head->payload.data, head->payload.size, check);
    if (memcmp(check, head->payload_check, sizeof check) != 0) {
        return rp_report_fail(
            report, RP_ERROR_SNAPSHOT_CHECKSUM,
            "the snapshot's compressed bytes were changed: their checksum differs");
    }
    return RP_OK;
}

static rp_status open_envelope(const uint8_t *data, size_t size, struct head *out_head,
                               rp_report *report)
{
    rp_status status = read_head(data, size, out_head, report);
    return status == RP_OK ? check_payload(out_head, report) : status;
}

static rp_status check_options(const rp_restore_options *options, rp_report *report)
{
    return options == NULL ? RP_OK
                           : rp_struct_size_check("rp_restore_options", options->struct_size,
                                                  sizeof *options, sizeof *options, report);
}

static rp_status decode(const struct head *head, const rp_restore_options *options,
                        struct rp_span prefix, struct rp_buffer *scratch, rp_report *report)
{
    uint64_t size_max =
        options == NULL || options->size_max == 0 ? RP_SNAPSHOT_BYTES_MAX : options->size_max;
    if (head->size > size_max) {
        return rp_report_fail(report, RP_ERROR_LIMIT,
                              "the snapshot unfolds to %" PRIu64 " bytes; the limit is %" PRIu64
                              " (size_max of rp_restore_options)",
                              head->size, size_max);
    }
    const char *error = NULL;
    switch (rp_decompress(scratch, head->payload, prefix, head->size, &error)) {
    case RP_DECOMPRESS_OK:
        return RP_OK;
    case RP_DECOMPRESS_NO_MEMORY:
        return rp_report_fail(report, RP_ERROR_NO_MEMORY,
                              "no memory to unfold a snapshot of %" PRIu64 " bytes", head->size);
    case RP_DECOMPRESS_DAMAGED:
    default:
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING,
                              "the snapshot's compressed bytes: %s", error);
    }
}

static rp_status decode_delta(const struct head *head, const rp_restore_options *options,
                              struct rp_buffer *scratch, rp_report *report)
{
    if (options == NULL || options->parent == NULL) {
        return rp_report_fail(
            report, RP_ERROR_SNAPSHOT_PARENT,
            "the snapshot is a delta: the snapshot that it was written against is "
            "needed");
    }
    struct rp_buffer parent_scratch;
    struct rp_span parent;
    struct rp_span module;
    rp_buffer_init(&parent_scratch, scratch->allocator);
    rp_restore_options without_parent = *options;
    without_parent.parent = NULL;
    rp_status status = rp_wsnp_unwrap(options->parent, options->parent_size, &without_parent,
                                      &parent_scratch, &parent, &module, report);
    if (status == RP_OK) {
        uint8_t hash[RP_HASH_BYTES];
        rp_hash(parent.data, parent.size, hash);
        if (memcmp(hash, head->parent, sizeof hash) != 0) {
            status = rp_report_fail(report, RP_ERROR_SNAPSHOT_PARENT,
                                    "the snapshot is a delta against another snapshot than the one "
                                    "that was given");
        }
    }
    if (status == RP_OK) {
        status = decode(head, options, parent, scratch, report);
    }
    rp_buffer_deinit(&parent_scratch);
    return status;
}

rp_status rp_wsnp_unwrap(const uint8_t *data, size_t size, const rp_restore_options *options,
                         struct rp_buffer *scratch, struct rp_span *out_canonical,
                         struct rp_span *out_module, rp_report *report)
{
    RP_ASSERT(scratch->size == 0);
    enum rp_wsnp_form form = RP_WSNP_CANONICAL;
    struct head head = {.payload = {data, size}};
    rp_status status = check_options(options, report);
    if (status == RP_OK) {
        status = rp_wsnp_read_prefix(data, size, &form, report);
    }
    if (status == RP_OK && form == RP_WSNP_ENVELOPE) {
        status = open_envelope(data, size, &head, report);
    }
    if (status != RP_OK) {
        return status;
    }
    *out_canonical = head.payload;
    if (head.method != METHOD_STORED) {
        status = head.method == METHOD_DELTA
                     ? decode_delta(&head, options, scratch, report)
                     : decode(&head, options, (struct rp_span){0}, scratch, report);
        *out_canonical = (struct rp_span){scratch->data, scratch->size};
    }
    *out_module = head.module;
    return status;
}

rp_status rp_snapshot_module(const void *snapshot, size_t size, const uint8_t **out_data,
                             size_t *out_size, rp_report *report)
{
    enum rp_wsnp_form form = RP_WSNP_CANONICAL;
    struct head head = {0};
    rp_status status = rp_wsnp_read_prefix(snapshot, size, &form, report);
    if (status == RP_OK && form == RP_WSNP_ENVELOPE) {
        status = open_envelope(snapshot, size, &head, report);
    }
    if (status == RP_OK) {
        *out_data = head.module.data;
        *out_size = head.module.size;
    }
    return status;
}

/* ---- writing ---- */

struct packing {
    struct rp_span canonical;
    struct rp_span module; /* size 0: none */
    struct rp_span parent; /* canonical; size 0: none */
    enum method method;
    int level;
};

static void put_hash_or_nil(struct rp_buffer *out, bool present, const uint8_t *hash, uint32_t size)
{
    if (present) {
        rp_msgpack_put_bytes(out, hash, size);
    } else {
        rp_msgpack_put_nil(out);
    }
}

static void put_head(const struct packing *packing, struct rp_span payload, struct rp_buffer *out)
{
    uint8_t parent[RP_HASH_BYTES] = {0};
    uint8_t check[RP_FAST_HASH_BYTES] = {0};
    if (packing->method == METHOD_DELTA) {
        rp_hash(packing->parent.data, packing->parent.size, parent);
    }
    if (packing->method != METHOD_STORED) {
        rp_fast_hash(payload.data, payload.size, check);
    }
    rp_wsnp_put_prefix(out, RP_WSNP_ENVELOPE);
    rp_msgpack_put_array(out, 6);
    if (packing->module.size != 0) {
        rp_msgpack_put_bytes(out, packing->module.data, (uint32_t)packing->module.size);
    } else {
        rp_msgpack_put_nil(out);
    }
    rp_msgpack_put_uint(out, packing->method);
    rp_msgpack_put_uint(out, packing->canonical.size);
    put_hash_or_nil(out, packing->method == METHOD_DELTA, parent, sizeof parent);
    rp_msgpack_put_uint(out, payload.size);
    put_hash_or_nil(out, packing->method != METHOD_STORED, check, sizeof check);
    if (!out->failed) {
        rp_fast_hash(out->data, out->size, check);
        rp_buffer_append(out, check, sizeof check);
    }
}

static rp_status put_envelope(const struct packing *packing, struct rp_allocator *allocator,
                              struct rp_buffer *out, rp_report *report)
{
    struct rp_buffer packed;
    rp_buffer_init(&packed, allocator);
    struct rp_span payload = packing->canonical;
    bool written = true;
    if (packing->method != METHOD_STORED) {
        written = rp_compress(&packed, packing->canonical, packing->parent, packing->level);
        payload = (struct rp_span){packed.data, packed.size};
    }
    if (written) {
        put_head(packing, payload, out);
        rp_buffer_append(out, payload.data, payload.size);
        written = !out->failed;
    }
    rp_buffer_deinit(&packed);
    return written ? RP_OK
                   : rp_report_fail(report, RP_ERROR_NO_MEMORY,
                                    "no memory to pack a snapshot of %zu bytes",
                                    packing->canonical.size);
}

bool rp_wsnp_has_module(const struct rp_wsnp *wsnp, const uint8_t hash[RP_HASH_BYTES])
{
    const struct rp_wsnp_section *section = rp_wsnp_find(wsnp, "modules");
    if (section == NULL) {
        return false;
    }
    struct rp_msgpack in;
    rp_msgpack_init(&in, section->body.data, 0, section->body.size);
    for (uint32_t left = rp_msgpack_array(&in, UINT32_MAX); left > 0; left--) {
        const uint8_t *found = rp_msgpack_fixed_bytes(&in, RP_HASH_BYTES);
        if (found != NULL && memcmp(found, hash, RP_HASH_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* Checks a canonical snapshot's framing, and that it uses `module` if that is not NULL. */
static rp_status check_packed(struct rp_span canonical, const rp_module *module, rp_report *report)
{
    struct rp_wsnp wsnp;
    rp_status status = rp_wsnp_open(&wsnp, canonical.data, canonical.size, report);
    if (status != RP_OK || module == NULL) {
        rp_wsnp_close(&wsnp);
        return status;
    }
    uint8_t hash[RP_HASH_BYTES];
    rp_module_hash(module, hash);
    bool has_module = rp_wsnp_has_module(&wsnp, hash);
    rp_wsnp_close(&wsnp);
    return has_module ? RP_OK
                      : rp_report_fail(report, RP_ERROR_SNAPSHOT_MODULE,
                                       "the module to embed is none of the snapshot's");
}

static rp_status check_pack_options(const rp_pack_options *options, rp_report *report)
{
    rp_status status = rp_struct_size_check("rp_pack_options", options->struct_size,
                                            sizeof *options, sizeof *options, report);
    if (status != RP_OK) {
        return status;
    }
    if (options->level < 0 || options->level > RP_COMPRESS_LEVEL_MAX) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "a compression level of %d; there are %d to %d, and 0 for %d",
                              options->level, RP_COMPRESS_LEVEL_MIN, RP_COMPRESS_LEVEL_MAX,
                              RP_COMPRESS_LEVEL_DEFAULT);
    }
    return RP_OK;
}

static void choose(const rp_pack_options *options, struct packing *packing)
{
    packing->method = options->compress ? METHOD_ZSTD : METHOD_STORED;
    packing->method = options->parent != NULL ? METHOD_DELTA : packing->method;
    packing->level = options->level != 0 ? options->level : RP_COMPRESS_LEVEL_DEFAULT;
    if (options->module != NULL) {
        packing->module = (struct rp_span){options->module->bytes, options->module->size};
    }
}

/* Finds the canonical bytes of what is to be packed and of the parent, which the buffers own if
 * they had to be decoded. */
static rp_status unwrap_both(struct rp_span snapshot, const rp_pack_options *options,
                             struct rp_buffer scratch[2], struct packing *packing,
                             rp_report *report)
{
    struct rp_span unused;
    rp_restore_options unwrap = {.struct_size = sizeof unwrap,
                                 .parent = options->parent,
                                 .parent_size = options->parent_size};
    rp_status status = rp_wsnp_unwrap(snapshot.data, snapshot.size, &unwrap, &scratch[0],
                                      &packing->canonical, &unused, report);
    if (status == RP_OK) {
        status = check_packed(packing->canonical, options->module, report);
    }
    if (status == RP_OK && options->parent != NULL) {
        unwrap.parent = NULL;
        status = rp_wsnp_unwrap(options->parent, options->parent_size, &unwrap, &scratch[1],
                                &packing->parent, &unused, report);
        if (status == RP_OK) {
            status = check_packed(packing->parent, NULL, report);
        }
    }
    return status;
}

rp_status rp_snapshot_pack(const void *snapshot, size_t size, const rp_pack_options *options,
                           rp_bytes *out_bytes, rp_report *report)
{
    struct rp_allocator allocator;
    struct rp_buffer scratch[2], out;
    struct packing packing = {0};
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&scratch[0], &allocator);
    rp_buffer_init(&scratch[1], &allocator);
    rp_buffer_init(&out, &allocator);
    rp_status status = check_pack_options(options, report);
    if (status == RP_OK) {
        status = unwrap_both((struct rp_span){snapshot, size}, options, scratch, &packing, report);
    }
    if (status == RP_OK) {
        choose(options, &packing);
        status = put_envelope(&packing, &allocator, &out, report);
    }
    if (status == RP_OK) {
        rp_bytes_replace(out_bytes, &out);
    }
    rp_buffer_deinit(&out);
    rp_buffer_deinit(&scratch[1]);
    rp_buffer_deinit(&scratch[0]);
    return status;
}

rp_status rp_snapshot_unpack(const void *snapshot, size_t size, const rp_restore_options *options,
                             rp_bytes *out_bytes, rp_report *report)
{
    struct rp_allocator allocator;
    struct rp_buffer out;
    struct rp_span canonical, module;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&out, &allocator);
    rp_status status = rp_wsnp_unwrap(snapshot, size, options, &out, &canonical, &module, report);
    if (status == RP_OK) {
        status = check_packed(canonical, NULL, report);
    }
    if (status == RP_OK && out.data == NULL) { /* borrowed: there was nothing to decode */
        rp_buffer_append(&out, canonical.data, canonical.size);
        if (out.failed) {
            status = rp_report_fail(report, RP_ERROR_NO_MEMORY,
                                    "no memory for a snapshot of %zu bytes", canonical.size);
        }
    }
    if (status == RP_OK) {
        rp_bytes_replace(out_bytes, &out);
    }
    rp_buffer_deinit(&out);
    return status;
}
