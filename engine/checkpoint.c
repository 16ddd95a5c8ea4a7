/* Checkpoints in memory (layer 2). See checkpoint.h.
 *
 * A checkpoint holds what can change of each object: memories without their pages of zeros, tables,
 * globals, flags of dropped segments. Its cost is one look at each byte of memory and a copy of
 * what is not zero; made again, of what differs. Rolling back writes only what differs, so that who
 * watches for changed pages sees those alone. */
#include "engine/checkpoint.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/call.h"
#include "engine/checkpoint_memory.h"
#include "engine/observe.h"
#include "engine/store_check.h"
#include "engine/store_part.h"

#include <string.h>

struct table_copy {
    uint64_t count;
    uint64_t *elements;
};

struct rp_checkpoint {
    struct rp_store *store;
    struct rp_object_counts counts;
    uint64_t last_serial; /* of the latest instance, if there is one */
    bool spoiled;         /* no memory when it was made again: only to be destroyed */
    uint32_t depth;       /* 0: outside of host functions; else 1 + nested calls around */
    struct rp_memory_copy *memories;
    struct table_copy *tables;
    uint64_t *globals;
    uint8_t *dropped; /* a byte for each segment: elements, then data, instance by instance */
    size_t dropped_count;
    struct rp_pcg64 pcg;
    struct rp_virtual_clock clock;
    struct rp_registration *registrations;
    void **parts; /* what each part gave, in order */
    uint32_t part_count;
};

/* Inside of a host function the native stack holds what a roll back must not take away. */
static uint32_t depth_of(const struct rp_store *store)
{
    return store->running ? store->host_depth + 1 : 0;
}

/* ---- making one ---- */

static bool copy_table(struct rp_store *store, const struct rp_table *table,
                       struct table_copy *copy)
{
    copy->count = table->count;
    copy->elements = rp_alloc(&store->handle_allocator, table->count * sizeof *copy->elements);
    if (copy->elements == NULL) {
        return false;
    }
    if (table->count != 0) {
        memcpy(copy->elements, table->elements, table->count * sizeof *copy->elements);
    }
    return true;
}

static size_t count_segments(const struct rp_store *store)
{
    size_t count = 0;
    for (uint32_t i = 0; i < store->instance_count; i++) {
        const struct rp_module *module = store->instances[i]->module;
        count += (size_t)module->element_count + module->data_count;
    }
    return count;
}

static void copy_dropped(const struct rp_store *store, uint8_t *flags)
{
    for (uint32_t i = 0; i < store->instance_count; i++) {
        const struct rp_instance *instance = store->instances[i];
        for (uint32_t j = 0; j < instance->module->element_count; j++) {
            *flags++ = instance->elements[j].dropped;
        }
        for (uint32_t j = 0; j < instance->module->data_count; j++) {
            *flags++ = instance->data_dropped[j];
        }
    }
}

static bool copy_parts(struct rp_store *store, struct rp_checkpoint *checkpoint)
{
    uint32_t count = 0;
    for (const struct rp_store_part *part = store->parts; part != NULL; part = part->next) {
        count++;
    }
    checkpoint->parts = rp_alloc_zero(&store->handle_allocator, count, sizeof *checkpoint->parts);
    if (checkpoint->parts == NULL) {
        return false;
    }
    checkpoint->part_count = count;
    void **copy = checkpoint->parts;
    for (const struct rp_store_part *part = store->parts; part != NULL; part = part->next) {
        *copy = part->checkpoint(part->user);
        if (*copy++ == NULL) {
            return false;
        }
    }
    return true;
}

static bool copy_objects(struct rp_store *store, struct rp_checkpoint *checkpoint)
{
    struct rp_allocator *allocator = &store->handle_allocator;
    const struct rp_object_counts *counts = &checkpoint->counts;
    checkpoint->memories =
        rp_alloc_zero(allocator, counts->memories, sizeof(struct rp_memory_copy));
    checkpoint->tables = rp_alloc_zero(allocator, counts->tables, sizeof(struct table_copy));
    checkpoint->globals = rp_alloc(allocator, counts->globals * sizeof(uint64_t));
    checkpoint->dropped_count = count_segments(store);
    checkpoint->dropped = rp_alloc(allocator, checkpoint->dropped_count);
    if (checkpoint->memories == NULL || checkpoint->tables == NULL || checkpoint->globals == NULL ||
        checkpoint->dropped == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < counts->globals; i++) {
        checkpoint->globals[i] = store->globals[i]->value;
    }
    copy_dropped(store, checkpoint->dropped);
    bool copied = true;
    for (uint32_t i = 0; copied && i < counts->tables; i++) {
        copied = copy_table(store, store->tables[i], &checkpoint->tables[i]);
    }
    for (uint32_t i = 0; copied && i < counts->memories; i++) {
        copied = rp_memory_copy_update(&checkpoint->memories[i], allocator, store->memories[i]);
    }
    return copied;
}

/* What the checkpoint holds, not yet or no longer. */
static void release_contents(struct rp_checkpoint *checkpoint)
{
    struct rp_store *store = checkpoint->store;
    struct rp_allocator *allocator = &store->handle_allocator;
    const struct rp_object_counts *counts = &checkpoint->counts;
    for (uint32_t i = 0; checkpoint->memories != NULL && i < counts->memories; i++) {
        rp_memory_copy_release(&checkpoint->memories[i], allocator);
    }
    for (uint32_t i = 0; checkpoint->tables != NULL && i < counts->tables; i++) {
        const struct table_copy *copy = &checkpoint->tables[i];
        rp_free(allocator, copy->elements,
                copy->elements == NULL ? 0 : copy->count * sizeof *copy->elements);
    }
    rp_free(allocator, checkpoint->memories,
            checkpoint->memories == NULL ? 0 : counts->memories * sizeof(struct rp_memory_copy));
    rp_free(allocator, checkpoint->tables,
            checkpoint->tables == NULL ? 0 : counts->tables * sizeof(struct table_copy));
    rp_free(allocator, checkpoint->globals,
            checkpoint->globals == NULL ? 0 : counts->globals * sizeof(uint64_t));
    rp_free(allocator, checkpoint->dropped,
            checkpoint->dropped == NULL ? 0 : checkpoint->dropped_count);
    checkpoint->memories = NULL;
    checkpoint->tables = NULL;
    checkpoint->globals = NULL;
    checkpoint->dropped = NULL;
}

static void forget_parts(struct rp_checkpoint *checkpoint)
{
    struct rp_store *store = checkpoint->store;
    const struct rp_store_part *part = store->parts;
    for (uint32_t i = 0; i < checkpoint->part_count; i++, part = part->next) {
        if (checkpoint->parts[i] != NULL) {
            part->forget(part->user, checkpoint->parts[i]);
        }
    }
    rp_free(&store->handle_allocator, (void *)checkpoint->parts,
            checkpoint->parts == NULL ? 0 : checkpoint->part_count * sizeof(void *));
    checkpoint->parts = NULL;
    checkpoint->part_count = 0;
}

static uint64_t last_serial(const struct rp_store *store)
{
    uint32_t count = store->instance_count;
    return count == 0 ? 0 : store->instances[count - 1]->serial;
}

/* What is no copy of an object. */
static void copy_rest(const struct rp_store *store, struct rp_checkpoint *checkpoint)
{
    checkpoint->depth = depth_of(store);
    checkpoint->pcg = store->pcg;
    checkpoint->clock = store->clock;
    checkpoint->registrations = store->registrations;
}

rp_status rp_store_checkpoint(rp_store *store, rp_checkpoint **out_checkpoint, rp_report *report)
{
    rp_status status =
        rp_store_require(store, RP_WHILE_IDLE | RP_WHILE_RUNNING, "rp_store_checkpoint", report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_checkpoint *checkpoint =
        rp_alloc_zero(&store->handle_allocator, 1, sizeof *checkpoint);
    if (checkpoint != NULL) {
        checkpoint->store = store;
        checkpoint->counts = rp_store_count_objects(store);
        checkpoint->last_serial = last_serial(store);
        copy_rest(store, checkpoint);
    }
    if (checkpoint == NULL || !copy_objects(store, checkpoint) || !copy_parts(store, checkpoint)) {
        rp_checkpoint_destroy(checkpoint);
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no native memory for a checkpoint");
    }
    *out_checkpoint = checkpoint;
    return RP_OK;
}

/* Copies of the same objects of an earlier time become those of now. */
static bool update_objects(struct rp_store *store, struct rp_checkpoint *checkpoint)
{
    struct rp_allocator *allocator = &store->handle_allocator;
    const struct rp_object_counts *counts = &checkpoint->counts;
    for (uint32_t i = 0; i < counts->globals; i++) {
        checkpoint->globals[i] = store->globals[i]->value;
    }
    copy_dropped(store, checkpoint->dropped);
    for (uint32_t i = 0; i < counts->tables; i++) {
        struct table_copy *copy = &checkpoint->tables[i];
        rp_free(allocator, copy->elements, copy->count * sizeof *copy->elements);
        *copy = (struct table_copy){0};
        if (!copy_table(store, store->tables[i], copy)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < counts->memories; i++) {
        if (!rp_memory_copy_update(&checkpoint->memories[i], allocator, store->memories[i])) {
            return false;
        }
    }
    return true;
}

/* Whether the objects are those that the checkpoint has copies of. */
static bool has_same_objects(const struct rp_store *store, const struct rp_checkpoint *checkpoint)
{
    struct rp_object_counts now = rp_store_count_objects(store);
    return !checkpoint->spoiled && memcmp(&now, &checkpoint->counts, sizeof now) == 0 &&
           last_serial(store) == checkpoint->last_serial;
}

rp_status rp_store_checkpoint_again(rp_store *store, rp_checkpoint *checkpoint, rp_report *report)
{
    rp_status status = rp_store_require(store, RP_WHILE_IDLE | RP_WHILE_RUNNING,
                                        "rp_store_checkpoint_again", report);
    if (status != RP_OK) {
        return status;
    }
    if (checkpoint->store != store) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "rp_store_checkpoint_again: the checkpoint is of another store");
    }
    bool copied = false;
    forget_parts(checkpoint);
    if (has_same_objects(store, checkpoint)) {
        copied = update_objects(store, checkpoint);
    } else {
        release_contents(checkpoint);
        checkpoint->counts = rp_store_count_objects(store);
        checkpoint->last_serial = last_serial(store);
        copied = copy_objects(store, checkpoint);
    }
    copy_rest(store, checkpoint);
    checkpoint->spoiled = !copied || !copy_parts(store, checkpoint);
    return checkpoint->spoiled
               ? rp_report_fail(report, RP_ERROR_NO_MEMORY, "no native memory for a checkpoint")
               : RP_OK;
}

void rp_checkpoint_destroy(rp_checkpoint *checkpoint)
{
    if (checkpoint != NULL) {
        forget_parts(checkpoint);
        release_contents(checkpoint);
        rp_free(&checkpoint->store->handle_allocator, checkpoint, sizeof *checkpoint);
    }
}

/* ---- rolling back ---- */

/* A table's room is never given back, so what it once held fits. */
static void restore_table(struct rp_store *store, struct rp_table *table,
                          const struct table_copy *copy)
{
    RP_ASSERT(copy->count <= table->capacity);
    if (copy->count != 0) {
        memcpy(table->elements, copy->elements, copy->count * sizeof *copy->elements);
    }
    store->table_used_elements += copy->count;
    store->table_used_elements -= table->count;
    table->count = copy->count;
}

static void restore_dropped(struct rp_store *store, const uint8_t *flags)
{
    for (uint32_t i = 0; i < store->instance_count; i++) {
        struct rp_instance *instance = store->instances[i];
        for (uint32_t j = 0; j < instance->module->element_count; j++) {
            struct rp_elements *elements = &instance->elements[j];
            elements->dropped = *flags++ != 0;
            elements->count = elements->dropped ? 0 : instance->module->elements[j].count;
        }
        for (uint32_t j = 0; j < instance->module->data_count; j++) {
            instance->data_dropped[j] = *flags++;
        }
    }
}

void rp_checkpoint_restore(struct rp_store *store, const struct rp_checkpoint *checkpoint)
{
    const struct rp_object_counts *counts = &checkpoint->counts;
    RP_ASSERT(store == checkpoint->store && store->instance_count >= counts->instances);
    rp_store_remove_objects(store, counts);
    RP_ASSERT(count_segments(store) == checkpoint->dropped_count);
    for (uint32_t i = 0; i < counts->memories; i++) {
        rp_memory_copy_restore(&checkpoint->memories[i], store, store->memories[i]);
    }
    for (uint32_t i = 0; i < counts->tables; i++) {
        restore_table(store, store->tables[i], &checkpoint->tables[i]);
    }
    for (uint32_t i = 0; i < counts->globals; i++) {
        store->globals[i]->value = checkpoint->globals[i];
    }
    restore_dropped(store, checkpoint->dropped);
    store->pcg = checkpoint->pcg;
    store->clock = checkpoint->clock;
    store->registrations = checkpoint->registrations;
    const struct rp_store_part *part = store->parts;
    for (uint32_t i = 0; i < checkpoint->part_count; i++, part = part->next) {
        part->rollback(part->user, checkpoint->parts[i]);
    }
}

rp_status rp_store_rollback(rp_store *store, const rp_checkpoint *checkpoint, rp_report *report)
{
    rp_status status = rp_store_require(store, RP_WHILE_ANY, "rp_store_rollback", report);
    if (status != RP_OK) {
        return status;
    }
    if (checkpoint->store != store) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "rp_store_rollback: the checkpoint is of another store");
    }
    if (checkpoint->spoiled) {
        return rp_report_fail(report, RP_ERROR_STATE,
                              "rp_store_rollback: rp_store_checkpoint_again failed for it");
    }
    const uint32_t instances = checkpoint->counts.instances;
    if (instances != 0 && (store->instance_count < instances ||
                           store->instances[instances - 1]->serial != checkpoint->last_serial)) {
        return rp_report_fail(report, RP_ERROR_STATE,
                              "rp_store_rollback: instances of the checkpoint are gone by a "
                              "restore or another roll back");
    }
    if (store->running && checkpoint->depth != depth_of(store)) {
        return rp_report_fail(report, RP_ERROR_STATE,
                              "rp_store_rollback: the checkpoint was made outside of this depth "
                              "of host functions");
    }
    if (store->running && store->instance_count != instances) {
        return rp_report_fail(report, RP_ERROR_STATE,
                              "rp_store_rollback: instances made since may be running");
    }
    rp_store_count_change(store);
    if (!store->running) {
        rp_observe_drop(&store->machine, NULL);
        rp_call_clear(store);
    }
    rp_checkpoint_restore(store, checkpoint);
    return RP_OK;
}
