/* Telling what differs between two snapshots (layer 3; include/reprise/snapshot.h). */
#include "snapshot/compare.h"

#include "core/report.h"
#include "snapshot/memory_body.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- lines ---- */

void rp_compare_tell(struct rp_comparing *comparing, const char *format, ...)
{
    if (!rp_compare_is_full(comparing) && comparing->visitor != NULL) {
        char text[2 * RP_COMPARE_TEXT_BYTES];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof text, format, args);
        va_end(args);
        comparing->visitor(comparing->user, comparing->component, text);
    }
    comparing->told++;
}

static void end_component(struct rp_comparing *comparing)
{
    if (comparing->told > comparing->difference_max && comparing->visitor != NULL) {
        char text[64];
        (void)snprintf(text, sizeof text, "and %llu more",
                       (unsigned long long)(comparing->told - comparing->difference_max));
        comparing->visitor(comparing->user, comparing->component, text);
    }
}

void rp_compare_describe_bytes(const uint8_t *a, const uint8_t *b, size_t size, uint64_t base,
                               char out_text[RP_COMPARE_TEXT_BYTES])
{
    size_t count = 0;
    size_t first = 0;
    for (size_t i = size; i > 0; i--) {
        if (a[i - 1] != b[i - 1]) {
            count++;
            first = i - 1;
        }
    }
    (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES,
                   "%zu byte%s, the first at 0x%llx: %02x and %02x", count,
                   count == 1 ? " differs" : "s differ", (unsigned long long)(base + first),
                   a[first], b[first]);
}

/* ---- components ---- */

static rp_comparer comparer_of(const char *name)
{
    if (rp_memory_body_is_named(name)) {
        return rp_compare_memory;
    }
    if (strcmp(name, "frames") == 0) {
        return rp_compare_frames;
    }
    if (strcmp(name, "vfs") == 0) {
        return rp_compare_files;
    }
    return rp_compare_values;
}

static void read_body(const struct rp_wsnp *wsnp, const struct rp_wsnp_section *section,
                      struct rp_msgpack *out_reader)
{
    size_t start = (size_t)(section->body.data - wsnp->data);
    rp_msgpack_init(out_reader, wsnp->data, start, start + section->body.size);
}

/* The body's encoding; what it means is looked at by whoever compares. */
static rp_status check_section(const struct rp_wsnp *wsnp, const struct rp_wsnp_section *section,
                               const struct rp_msgpack *read, rp_report *report)
{
    struct rp_msgpack in;
    read_body(wsnp, section, &in);
    rp_wsnp_check_values(&in);
    const struct rp_msgpack *failed = in.error != NULL ? &in : read;
    return failed->error == NULL
               ? RP_OK
               : rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING,
                                "section \"%s\" of the snapshot at byte %td: %s", section->name,
                                failed->error_at - wsnp->data, failed->error);
}

static rp_status compare_section(struct rp_comparing *comparing,
                                 const struct rp_wsnp_section *sections[2], bool *out_differs,
                                 rp_report *report)
{
    struct rp_msgpack in[2];
    struct rp_span a = sections[0]->body;
    struct rp_span b = sections[1]->body;
    *out_differs = a.size != b.size || (a.size > 0 && memcmp(a.data, b.data, a.size) != 0);
    comparing->component = sections[0]->name;
    comparing->told = 0;
    for (unsigned i = 0; i < 2; i++) {
        read_body(&comparing->sides[i].opened.wsnp, sections[i], &in[i]);
    }
    if (*out_differs) {
        comparer_of(comparing->component)(comparing, in);
    }
    if (comparing->no_memory) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for comparing snapshots");
    }
    for (unsigned i = 0; i < 2; i++) {
        rp_status status =
            check_section(&comparing->sides[i].opened.wsnp, sections[i], &in[i], report);
        if (status != RP_OK) {
            return status;
        }
    }
    if (*out_differs && comparing->told == 0) {
        rp_compare_tell(comparing, "%zu bytes and %zu bytes", a.size, b.size);
    }
    end_component(comparing);
    return RP_OK;
}

static void tell_missing(struct rp_comparing *comparing, const char *name, unsigned side)
{
    comparing->component = name;
    comparing->told = 0;
    rp_compare_tell(comparing, "only in the %s snapshot", side == 0 ? "first" : "second");
    end_component(comparing);
}

static rp_status compare_all(struct rp_comparing *comparing, uint32_t *out_count, rp_report *report)
{
    const struct rp_wsnp *a = &comparing->sides[0].opened.wsnp;
    const struct rp_wsnp *b = &comparing->sides[1].opened.wsnp;
    for (uint32_t i = 0; i < a->section_count; i++) {
        const struct rp_wsnp_section *sections[2] = {&a->sections[i],
                                                     rp_wsnp_find(b, a->sections[i].name)};
        bool differs = true;
        if (sections[1] == NULL) {
            tell_missing(comparing, sections[0]->name, 0);
        } else {
            rp_status status = compare_section(comparing, sections, &differs, report);
            if (status != RP_OK) {
                return status;
            }
        }
        *out_count += differs;
    }
    for (uint32_t i = 0; i < b->section_count; i++) {
        if (rp_wsnp_find(a, b->sections[i].name) == NULL) {
            tell_missing(comparing, b->sections[i].name, 1);
            *out_count += 1;
        }
    }
    return RP_OK;
}

rp_status rp_snapshot_compare(rp_engine *engine, const void *a, size_t a_size, const void *b,
                              size_t b_size, const rp_restore_options *options,
                              uint32_t difference_max, rp_difference_visitor visitor, void *user,
                              uint32_t *out_count, rp_report *report)
{
    struct rp_comparing comparing = {
        .visitor = visitor, .user = user, .difference_max = difference_max};
    rp_allocator_init(&comparing.allocator, 0);
    struct rp_compare_side *sides = comparing.sides;
    uint32_t count = 0;
    rp_status status = rp_opened_init(&sides[0].opened, a, a_size, options, report);
    if (status == RP_OK) {
        status = rp_opened_init(&sides[1].opened, b, b_size, options, report);
        for (unsigned i = 0; i < 2 && status == RP_OK; i++) {
            if (!rp_compare_side_init(&sides[i], engine, options)) {
                status =
                    rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for comparing snapshots");
            }
        }
        if (status == RP_OK) {
            status = compare_all(&comparing, &count, report);
        }
        rp_compare_side_deinit(&sides[1]);
        rp_opened_deinit(&sides[1].opened);
    }
    rp_compare_side_deinit(&sides[0]);
    rp_opened_deinit(&sides[0].opened);
    if (status == RP_OK) {
        *out_count = count;
    }
    return status;
}
