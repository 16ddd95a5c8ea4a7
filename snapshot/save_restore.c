/* Saving a store into a snapshot and restoring it (layer 3; docs/design/snapshot.md, sections 1 and
 * 2; docs/wsnp.md, "Sections").
 *
 * Invariant of restoring: until all sections are read and checked nothing of the store changes;
 * what comes after that cannot fail. */
#include "snapshot/opened.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/observe.h"
#include "engine/store_check.h"
#include "engine/store_part.h"
#include "engine/store_state.h"
#include "snapshot/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint32_t count_part_sections(const struct rp_store *store)
{
    uint32_t count = 0;
    for (const struct rp_store_part *part = store->parts; part != NULL; part = part->next) {
        count += part->section_count;
    }
    return count;
}

/* ---- saving ---- */

static rp_status save_memories(const rp_store *store, struct rp_wsnp_writer *writer,
                               rp_report *report)
{
    rp_status status = RP_OK;
    for (uint32_t i = 0; status == RP_OK && i < store->memory_count; i++) {
        char name[RP_WSNP_NAME_BYTES_MAX + 1];
        rp_wsnp_memory_name(i, name);
        rp_wsnp_section_begin(writer, name);
        status = rp_store_save_memory(store, i, writer->out, report);
        rp_wsnp_section_end(writer);
    }
    return status;
}

static rp_status save_parts(const rp_store *store, struct rp_wsnp_writer *writer, rp_report *report)
{
    rp_status status = RP_OK;
    for (const struct rp_store_part *part = store->parts; part != NULL; part = part->next) {
        for (unsigned i = 0; status == RP_OK && i < part->section_count; i++) {
            rp_wsnp_section_begin(writer, part->sections[i]);
            status = part->save(part->user, i, writer->out, report);
            rp_wsnp_section_end(writer);
        }
    }
    return status;
}

static rp_status save_sections(const rp_store *store, struct rp_wsnp_writer *writer,
                               rp_report *report)
{
    rp_status status = RP_OK;
    for (unsigned i = 0; status == RP_OK && i < RP_SECTION_COUNT; i++) {
        rp_wsnp_section_begin(writer, rp_section_names[i]);
        status = rp_store_save_section(store, (enum rp_section)i, writer->out, report);
        rp_wsnp_section_end(writer);
        if (status == RP_OK && i == RP_SECTION_memories) {
            status = save_memories(store, writer, report);
        }
    }
    return status == RP_OK ? save_parts(store, writer, report) : status;
}

rp_status rp_store_snapshot(const rp_store *store, rp_bytes *bytes, rp_report *report)
{
    uint64_t section_count =
        (uint64_t)RP_SECTION_COUNT + store->memory_count + count_part_sections(store);
    if (section_count > RP_WSNP_SECTIONS_MAX) {
        return rp_report_fail(report, RP_ERROR_LIMIT,
                              "the store has %" PRIu32 " memories: a snapshot of %" PRIu64
                              " sections, and the most are %u",
                              store->memory_count, section_count, RP_WSNP_SECTIONS_MAX);
    }
    struct rp_allocator allocator;
    struct rp_buffer out;
    struct rp_wsnp_writer writer;
    rp_bytes_borrow(bytes, &allocator, &out);
    rp_wsnp_begin(&writer, &out, &allocator);
    rp_status status = save_sections(store, &writer, report);
    if (!rp_wsnp_finish(&writer) && status == RP_OK) {
        status = rp_report_fail(report, RP_ERROR_NO_MEMORY,
                                "no memory for a snapshot of more than %zu bytes", out.size);
    }
    if (status != RP_OK) {
        out.size = 0;
    }
    rp_bytes_replace(bytes, &out);
    return status;
}

/* ---- restoring ---- */

struct restoring {
    struct rp_store *store;
    const struct rp_wsnp *wsnp;
    uint32_t section; /* to be read next */
    struct rp_state_loader *loader;
    struct rp_store *beside;
    struct rp_allocator allocator;
    void **parts_beside; /* by part; NULL: not made */
    uint32_t part_count;
    rp_report *report;
};

/* The section that must come next; NULL if it does not. */
static const struct rp_wsnp_section *expect_section(struct restoring *work, const char *name)
{
    const char *found = "nothing";
    if (work->section < work->wsnp->section_count) {
        const struct rp_wsnp_section *section = &work->wsnp->sections[work->section];
        if (strcmp(section->name, name) == 0) {
            work->section++;
            return section;
        }
        found = section->name;
    }
    (void)rp_report_fail(work->report, RP_ERROR_SNAPSHOT_ENCODING,
                         "the snapshot has section \"%s\" where \"%s\" must be", found, name);
    return NULL;
}

static void read_body(const struct restoring *work, const struct rp_wsnp_section *section,
                      struct rp_msgpack *out_reader)
{
    size_t start = (size_t)(section->body.data - work->wsnp->data);
    rp_msgpack_init(out_reader, work->wsnp->data, start, start + section->body.size);
}

/* What a reader left behind when the section's own checks found nothing. */
static rp_status check_end(const struct restoring *work, const struct rp_wsnp_section *section,
                           const struct rp_msgpack *in)
{
    if (in->error == NULL && in->pos == in->end) {
        return RP_OK;
    }
    bool failed = in->error != NULL;
    const uint8_t *at = failed ? in->error_at : in->pos;
    return rp_report_fail(work->report, RP_ERROR_SNAPSHOT_ENCODING,
                          "section \"%s\" of the snapshot at byte %td: %s", section->name,
                          at - work->wsnp->data,
                          failed ? in->error : "bytes behind the section's last value");
}

static rp_status load_memories(struct restoring *work)
{
    uint32_t count = rp_state_loader_memory_count(work->loader);
    for (uint32_t i = 0; i < count; i++) {
        char name[RP_WSNP_NAME_BYTES_MAX + 1];
        rp_wsnp_memory_name(i, name);
        const struct rp_wsnp_section *section = expect_section(work, name);
        if (section == NULL) {
            return RP_ERROR_SNAPSHOT_ENCODING;
        }
        struct rp_msgpack in;
        read_body(work, section, &in);
        rp_status status = rp_state_load_memory(work->loader, i, &in, work->report);
        if (status == RP_OK) {
            status = check_end(work, section, &in);
        }
        if (status != RP_OK) {
            return status;
        }
    }
    return RP_OK;
}

static rp_status load_sections(struct restoring *work)
{
    for (unsigned i = 0; i < RP_SECTION_COUNT; i++) {
        const struct rp_wsnp_section *section = expect_section(work, rp_section_names[i]);
        if (section == NULL) {
            return RP_ERROR_SNAPSHOT_ENCODING;
        }
        struct rp_msgpack in;
        read_body(work, section, &in);
        rp_status status =
            rp_state_load_section(work->loader, (enum rp_section)i, &in, work->report);
        if (status == RP_OK) {
            status = check_end(work, section, &in);
        }
        if (status == RP_OK && i == RP_SECTION_memories) {
            status = load_memories(work);
        }
        if (status != RP_OK) {
            return status;
        }
    }
    return rp_state_loader_finish(work->loader, work->report);
}

static rp_status load_store(struct restoring *work, const struct rp_module_list *modules)
{
    rp_status status = rp_state_loader_create(work->store, modules->modules, modules->count,
                                              &work->loader, work->report);
    if (status == RP_OK) {
        status = load_sections(work);
    }
    if (status == RP_OK) {
        work->beside = rp_state_loader_take(work->loader);
    }
    return status;
}

static rp_status load_part(struct restoring *work, const struct rp_store_part *part, void **beside)
{
    for (unsigned i = 0; i < part->section_count; i++) {
        if (rp_wsnp_find(work->wsnp, part->sections[i]) == NULL) {
            return rp_report_fail(work->report, RP_ERROR_SNAPSHOT_HOST,
                                  "the store has a part \"%s\", which the snapshot lacks",
                                  part->sections[i]);
        }
        const struct rp_wsnp_section *section = expect_section(work, part->sections[i]);
        if (section == NULL) {
            return RP_ERROR_SNAPSHOT_ENCODING;
        }
        struct rp_msgpack in;
        read_body(work, section, &in);
        rp_status status = part->load(part->user, i, &in, beside, work->report);
        if (status == RP_OK) {
            status = check_end(work, section, &in);
        }
        if (status != RP_OK) {
            return status;
        }
    }
    return part->finish(part->user, *beside, work->report);
}

static rp_status load_parts(struct restoring *work)
{
    for (const struct rp_store_part *part = work->store->parts; part != NULL; part = part->next) {
        work->part_count++;
    }
    work->parts_beside =
        rp_alloc_zero(&work->allocator, work->part_count, sizeof *work->parts_beside);
    if (work->parts_beside == NULL) {
        work->part_count = 0;
        return rp_report_fail(work->report, RP_ERROR_NO_MEMORY, "no memory for parts of a store");
    }
    unsigned index = 0;
    for (const struct rp_store_part *part = work->store->parts; part != NULL; part = part->next) {
        rp_status status = load_part(work, part, &work->parts_beside[index]);
        index++;
        if (status != RP_OK) {
            return status;
        }
    }
    if (work->section < work->wsnp->section_count) {
        return rp_report_fail(work->report, RP_ERROR_SNAPSHOT_HOST,
                              "the snapshot has a section \"%s\", of a part that is not defined in "
                              "the store",
                              work->wsnp->sections[work->section].name);
    }
    return RP_OK;
}

static void exchange(struct restoring *work)
{
    rp_observe_drop(&work->store->machine, NULL);
    rp_store_exchange(work->store, work->beside);
    unsigned index = 0;
    for (const struct rp_store_part *part = work->store->parts; part != NULL; part = part->next) {
        part->exchange(part->user, work->parts_beside[index++]);
    }
    rp_observe_announce(work->store);
}

/* Frees what stands beside: the snapshot's state if it was refused, else the store's former one. */
static void end_restoring(struct restoring *work)
{
    const struct rp_store_part *part = work->store->parts;
    for (uint32_t i = 0; i < work->part_count; i++, part = part->next) {
        if (work->parts_beside[i] != NULL) {
            part->discard(part->user, work->parts_beside[i]);
        }
    }
    if (work->parts_beside != NULL) {
        rp_free(&work->allocator, (void *)work->parts_beside,
                work->part_count * sizeof *work->parts_beside);
    }
    rp_store_destroy(work->beside);
    if (work->loader != NULL) {
        rp_state_loader_destroy(work->loader);
    }
}

rp_status rp_store_restore(rp_store *store, const void *snapshot, size_t size,
                           const rp_restore_options *options, rp_report *report)
{
    rp_status status =
        rp_store_require(store, RP_WHILE_ANY & ~RP_WHILE_RUNNING, "rp_store_restore", report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_opened opened;
    struct rp_module_list modules = {0};
    struct restoring work = {.store = store, .wsnp = &opened.wsnp, .report = report};
    rp_allocator_init(&work.allocator, 0);
    status = rp_opened_init(&opened, snapshot, size, options, report);
    if (status == RP_OK) {
        status = rp_module_list_init(&modules, store->engine, options, &opened, report);
    }
    if (status == RP_OK) {
        status = load_store(&work, &modules);
    }
    if (status == RP_OK) {
        status = load_parts(&work);
    }
    if (status == RP_OK) {
        exchange(&work);
    }
    end_restoring(&work);
    rp_module_list_deinit(&modules);
    rp_opened_deinit(&opened);
    return status;
}

rp_status rp_store_check_snapshot(rp_store *store, const struct rp_wsnp *wsnp,
                                  const struct rp_module_list *modules, rp_report *report)
{
    struct restoring work = {.store = store, .wsnp = wsnp, .report = report};
    rp_allocator_init(&work.allocator, 0);
    rp_status status = load_store(&work, modules);
    end_restoring(&work);
    return status;
}
