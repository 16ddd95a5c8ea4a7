/* The framing of a snapshot: sections, their checksums and the index behind them (layer 3;
 * docs/wsnp.md, "The canonical file"). What is in a section is not looked at here. */
#include "snapshot/wsnp.h"

#include "core/assert.h"
#include "core/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const uint8_t magic[4] = {'W', 'S', 'N', 'P'};

/* The index of the most sections with the longest names, and what stands around it. */
#define INDEX_ENTRY_BYTES_MAX (1u + 1u + RP_WSNP_NAME_BYTES_MAX + 9u + 2u + RP_FAST_HASH_BYTES)
#define INDEX_BYTES_MAX (3u + RP_WSNP_SECTIONS_MAX * INDEX_ENTRY_BYTES_MAX)
#define SIZE_BYTES 8u
#define TAIL_BYTES (SIZE_BYTES + RP_FAST_HASH_BYTES)

/* ---- writing ---- */

void rp_wsnp_put_prefix(struct rp_buffer *out, enum rp_wsnp_form form)
{
    rp_buffer_append(out, magic, sizeof magic);
    const uint8_t rest[4] = {RP_WSNP_VERSION, (uint8_t)form, 0, 0};
    rp_buffer_append(out, rest, sizeof rest);
}

void rp_wsnp_begin(struct rp_wsnp_writer *writer, struct rp_buffer *out,
                   struct rp_allocator *allocator)
{
    RP_ASSERT(out->size == 0);
    *writer = (struct rp_wsnp_writer){.out = out};
    rp_buffer_init(&writer->index, allocator);
    rp_wsnp_put_prefix(out, RP_WSNP_CANONICAL);
}

void rp_wsnp_section_begin(struct rp_wsnp_writer *writer, const char *name)
{
    RP_ASSERT(writer->section_name == NULL && writer->section_count < RP_WSNP_SECTIONS_MAX);
    RP_ASSERT(rp_wsnp_name_valid((const uint8_t *)name, strlen(name)));
    writer->section_name = name;
    writer->section_start = writer->out->size;
}

void rp_wsnp_section_end(struct rp_wsnp_writer *writer)
{
    RP_ASSERT(writer->section_name != NULL);
    size_t size = writer->out->size - writer->section_start;
    uint8_t hash[RP_FAST_HASH_BYTES] = {0};
    if (!writer->out->failed) {
        rp_fast_hash(writer->out->data + writer->section_start, size, hash);
    }
    rp_msgpack_put_array(&writer->index, 3);
    rp_msgpack_put_text(&writer->index, writer->section_name,
                        (uint32_t)strlen(writer->section_name));
    rp_msgpack_put_uint(&writer->index, size);
    rp_msgpack_put_bytes(&writer->index, hash, sizeof hash);
    writer->section_name = NULL;
    writer->section_count++;
}

bool rp_wsnp_finish(struct rp_wsnp_writer *writer)
{
    RP_ASSERT(writer->section_name == NULL);
    struct rp_buffer *out = writer->out;
    struct rp_buffer checked;
    rp_buffer_init(&checked, writer->index.allocator);
    rp_wsnp_put_prefix(&checked, RP_WSNP_CANONICAL);
    rp_msgpack_put_array(&checked, writer->section_count);
    rp_buffer_append(&checked, writer->index.data, writer->index.size);
    rp_buffer_u64le(&checked, checked.size - RP_WSNP_PREFIX_BYTES);
    bool written = !writer->index.failed && !checked.failed;
    if (written) {
        uint8_t check[RP_FAST_HASH_BYTES];
        rp_fast_hash(checked.data, checked.size, check);
        rp_buffer_append(out, checked.data + RP_WSNP_PREFIX_BYTES,
                         checked.size - RP_WSNP_PREFIX_BYTES);
        rp_buffer_append(out, check, sizeof check);
    }
    rp_buffer_deinit(&checked);
    rp_buffer_deinit(&writer->index);
    return written && !out->failed;
}

/* ---- reading ---- */

bool rp_wsnp_name_valid(const uint8_t *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool letter = name[i] >= 'a' && name[i] <= 'z';
        bool other = (name[i] >= '0' && name[i] <= '9') || name[i] == '_';
        if (!letter && !(other && i > 0)) {
            return false;
        }
    }
    return size > 0 && size <= RP_WSNP_NAME_BYTES_MAX;
}

rp_status rp_wsnp_read_prefix(const uint8_t *data, size_t size, enum rp_wsnp_form *out_form,
                              rp_report *report)
{
    size_t compared = size < sizeof magic ? size : sizeof magic;
    if (size == 0 || memcmp(data, magic, compared) != 0) {
        return rp_report_fail(report, RP_ERROR_NOT_SNAPSHOT,
                              "not a snapshot: it does not begin with \"WSNP\"");
    }
    if (size < RP_WSNP_PREFIX_BYTES) {
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_TRUNCATED,
                              "the snapshot ends after %zu bytes, inside of its prefix", size);
    }
    if (data[4] != RP_WSNP_VERSION) {
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_VERSION,
                              "the snapshot is of version %u; this build reads version %u", data[4],
                              RP_WSNP_VERSION);
    }
    if (data[5] > RP_WSNP_ENVELOPE || data[6] != 0 || data[7] != 0) {
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING,
                              "the snapshot's prefix has form %u and %u, %u behind it; forms are 0 "
                              "and 1, the rest is 0",
                              data[5], data[6], data[7]);
    }
    *out_form = data[5] == RP_WSNP_CANONICAL ? RP_WSNP_CANONICAL : RP_WSNP_ENVELOPE;
    return RP_OK;
}

static rp_status fail_memory(rp_report *report)
{
    return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the index of a snapshot");
}

/* Finds the index from the end of the file and checks it, with the prefix that it covers. */
static rp_status check_index(struct rp_wsnp *wsnp, struct rp_span *out_index, rp_report *report)
{
    if (wsnp->size < RP_WSNP_PREFIX_BYTES + 1 + TAIL_BYTES) {
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_TRUNCATED,
                              "the snapshot ends after %zu bytes, before its index", wsnp->size);
    }
    const uint8_t *tail = wsnp->data + wsnp->size - TAIL_BYTES;
    uint64_t size;
    memcpy(&size, tail, sizeof size); /* hosts are little-endian: core/compiler.h */
    size_t room = wsnp->size - RP_WSNP_PREFIX_BYTES - TAIL_BYTES;
    if (size > room || size > INDEX_BYTES_MAX) {
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_TRUNCATED,
                              "the snapshot ends too early: where the size of its index should be "
                              "is %" PRIu64 ", in %zu bytes",
                              size, wsnp->size);
    }
    *out_index = (struct rp_span){tail - size, (size_t)size};
    struct rp_buffer checked;
    rp_buffer_init(&checked, &wsnp->allocator);
    rp_buffer_append(&checked, wsnp->data, RP_WSNP_PREFIX_BYTES);
    rp_buffer_append(&checked, out_index->data, out_index->size + SIZE_BYTES);
    uint8_t check[RP_FAST_HASH_BYTES] = {0};
    bool has_memory = !checked.failed;
    if (has_memory) {
        rp_fast_hash(checked.data, checked.size, check);
    }
    rp_buffer_deinit(&checked);
    if (!has_memory) {
        return fail_memory(report);
    }
    if (memcmp(check, tail + SIZE_BYTES, sizeof check) != 0) {
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_CHECKSUM,
                              "the snapshot's prefix or index was changed: its checksum differs");
    }
    return RP_OK;
}

/* Reads an entry of the index; its body begins at *body and ends at or before `bodies_end`. */
static bool read_entry(struct rp_msgpack *in, struct rp_wsnp *wsnp, const uint8_t **body,
                       const uint8_t *bodies_end)
{
    const uint8_t *at = in->pos;
    rp_msgpack_tuple(in, 3);
    struct rp_span name = rp_msgpack_text(in, RP_WSNP_NAME_BYTES_MAX);
    uint64_t size = rp_msgpack_uint(in, (uint64_t)(bodies_end - *body));
    const uint8_t *hash = rp_msgpack_fixed_bytes(in, RP_FAST_HASH_BYTES);
    if (in->error != NULL) {
        return false;
    }
    if (!rp_wsnp_name_valid(name.data, name.size)) {
        rp_msgpack_fail(in, at, "name of a section that is none");
        return false;
    }
    struct rp_wsnp_section *section = &wsnp->sections[wsnp->section_count];
    memcpy(section->name, name.data, name.size);
    section->name[name.size] = '\0';
    if (rp_wsnp_find(wsnp, section->name) != NULL) {
        rp_msgpack_fail(in, at, "second section of one name");
        return false;
    }
    section->body = (struct rp_span){*body, (size_t)size};
    memcpy(section->hash, hash, sizeof section->hash);
    *body += size;
    wsnp->section_count++;
    return true;
}

static rp_status read_index(struct rp_wsnp *wsnp, struct rp_span index, rp_report *report)
{
    struct rp_msgpack in;
    size_t start = (size_t)(index.data - wsnp->data);
    rp_msgpack_init(&in, wsnp->data, start, start + index.size);
    const uint8_t *body = wsnp->data + RP_WSNP_PREFIX_BYTES;
    uint32_t count = rp_msgpack_array(&in, RP_WSNP_SECTIONS_MAX);
    wsnp->sections = rp_alloc_zero(&wsnp->allocator, count, sizeof *wsnp->sections);
    if (wsnp->sections == NULL) {
        return fail_memory(report);
    }
    wsnp->section_capacity = count;
    while (wsnp->section_count < count && read_entry(&in, wsnp, &body, index.data)) {}
    if (in.error == NULL && (in.pos != in.end || body != index.data)) {
        rp_msgpack_fail(&in, in.pos, "bytes that no entry of the index explains");
    }
    if (in.error != NULL) {
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING,
                              "the snapshot's index at byte %td: %s", in.error_at - wsnp->data,
                              in.error);
    }
    return RP_OK;
}

static rp_status check_sections(const struct rp_wsnp *wsnp, rp_report *report)
{
    for (uint32_t i = 0; i < wsnp->section_count; i++) {
        uint8_t hash[RP_FAST_HASH_BYTES];
        const struct rp_wsnp_section *section = &wsnp->sections[i];
        rp_fast_hash(section->body.data, section->body.size, hash);
        if (memcmp(hash, section->hash, sizeof hash) != 0) {
            return rp_report_fail(report, RP_ERROR_SNAPSHOT_CHECKSUM,
                                  "section \"%s\" of the snapshot (bytes %td to %td) was changed: "
                                  "its checksum differs",
                                  section->name, section->body.data - wsnp->data,
                                  section->body.data + section->body.size - wsnp->data);
        }
    }
    return RP_OK;
}

rp_status rp_wsnp_open(struct rp_wsnp *wsnp, const uint8_t *data, size_t size, rp_report *report)
{
    enum rp_wsnp_form form = RP_WSNP_CANONICAL;
    *wsnp = (struct rp_wsnp){.data = data, .size = size};
    rp_allocator_init(&wsnp->allocator, 0);
    rp_status status = rp_wsnp_read_prefix(data, size, &form, report);
    if (status == RP_OK && form != RP_WSNP_CANONICAL) {
        status = rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING,
                                "an envelope stands where a canonical snapshot must be");
    }
    struct rp_span index = {0};
    if (status == RP_OK) {
        status = check_index(wsnp, &index, report);
    }
    if (status == RP_OK) {
        status = read_index(wsnp, index, report);
    }
    if (status == RP_OK) {
        status = check_sections(wsnp, report);
    }
    if (status != RP_OK) {
        rp_wsnp_close(wsnp);
    }
    return status;
}

void rp_wsnp_close(struct rp_wsnp *wsnp)
{
    if (wsnp->sections != NULL) {
        rp_free(&wsnp->allocator, wsnp->sections, wsnp->section_capacity * sizeof *wsnp->sections);
    }
    wsnp->sections = NULL;
    wsnp->section_capacity = 0;
    wsnp->section_count = 0;
}

void rp_wsnp_memory_name(uint32_t memory_index, char out_name[RP_WSNP_NAME_BYTES_MAX + 1])
{
    int length = snprintf(out_name, RP_WSNP_NAME_BYTES_MAX + 1, "memory%" PRIu32, memory_index);
    RP_ASSERT(length > 0 && length <= (int)RP_WSNP_NAME_BYTES_MAX);
}

const struct rp_wsnp_section *rp_wsnp_find(const struct rp_wsnp *wsnp, const char *name)
{
    for (uint32_t i = 0; i < wsnp->section_count; i++) {
        if (strcmp(wsnp->sections[i].name, name) == 0) {
            return &wsnp->sections[i];
        }
    }
    return NULL;
}

/* ---- the encoding of a section that nobody here knows ---- */

#define DEPTH_MAX 32u

/* Reads the value that is next; the count of its elements if it is an array. */
static uint32_t read_value(struct rp_msgpack *in)
{
    uint8_t head = *in->pos;
    bool is_array = (head >= 0x90 && head <= 0x9f) || head == 0xdc || head == 0xdd;
    if (is_array) {
        return rp_msgpack_array(in, UINT32_MAX);
    }
    if (head == 0xc0) {
        (void)rp_msgpack_is_nil(in);
    } else if (head == 0xc2 || head == 0xc3) {
        (void)rp_msgpack_bool(in);
    } else if (head >= 0xc4 && head <= 0xc6) {
        (void)rp_msgpack_bytes(in, UINT32_MAX);
    } else if ((head >= 0xa0 && head <= 0xbf) || (head >= 0xd9 && head <= 0xdb)) {
        (void)rp_msgpack_text(in, UINT32_MAX);
    } else {
        (void)rp_msgpack_uint(in, UINT64_MAX);
    }
    return 0;
}

void rp_wsnp_check_values(struct rp_msgpack *in)
{
    uint32_t left[DEPTH_MAX]; /* elements to come, of each array that is open */
    unsigned depth = 0;
    while (in->error == NULL && (in->pos < in->end || depth > 0)) {
        const uint8_t *at = in->pos;
        if (at == in->end) {
            rp_msgpack_fail(in, at, "ends inside of an array");
            return;
        }
        uint32_t count = read_value(in);
        if (count > 0 && depth == DEPTH_MAX) {
            rp_msgpack_fail(in, at, "arrays are nested too deep");
        } else if (count > 0) {
            left[depth++] = count;
            continue;
        }
        while (depth > 0 && --left[depth - 1] == 0) {
            depth--;
        }
    }
}
