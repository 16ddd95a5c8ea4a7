/* Open descriptors (layer 4). */
#include "sandbox/descriptor.h"

#include "core/assert.h"
#include "sandbox/device.h"
#include "sandbox/shared_text.h"

#include <string.h>

void rp_descriptor_table_init(struct rp_descriptor_table *table, struct rp_allocator *allocator,
                              uint32_t max)
{
    *table = (struct rp_descriptor_table){.allocator = allocator, .max = max};
}

static void free_name(struct rp_allocator *allocator, struct rp_descriptor *descriptor)
{
    rp_shared_text_release(allocator, descriptor->preopen_name, descriptor->preopen_name_size);
    descriptor->preopen_name = NULL;
}

void rp_descriptor_table_deinit(struct rp_descriptor_table *table)
{
    for (uint32_t number = 0; number < table->count; number++) {
        free_name(table->allocator, &table->items[number]);
    }
    rp_free(table->allocator, table->items, table->capacity * sizeof *table->items);
    *table = (struct rp_descriptor_table){0};
}

bool rp_descriptor_table_make_room(struct rp_descriptor_table *table, uint32_t capacity)
{
    if (capacity <= table->capacity) {
        return true;
    }
    void *items =
        rp_grow(table->allocator, table->items, &table->capacity, capacity, sizeof *table->items);
    if (items != NULL) {
        table->items = items;
    }
    return items != NULL;
}

void rp_descriptor_table_become(struct rp_descriptor_table *table,
                                const struct rp_descriptor_table *other)
{
    RP_ASSERT(table->allocator == other->allocator && table->max == other->max &&
              table->capacity >= other->count);
    for (uint32_t number = 0; number < table->count; number++) {
        free_name(table->allocator, &table->items[number]);
    }
    if (other->count > 0) {
        memcpy(table->items, other->items, other->count * sizeof *table->items);
    }
    for (uint32_t number = 0; number < other->count; number++) {
        rp_shared_text_keep(table->items[number].preopen_name);
    }
    table->count = other->count;
    table->open_count = other->open_count;
    table->lowest_free = other->lowest_free;
}

void rp_descriptor_put(struct rp_descriptor_table *table, uint32_t number,
                       const struct rp_descriptor *descriptor)
{
    RP_ASSERT(number >= table->count && number < table->capacity);
    for (; table->count < number; table->count++) {
        table->items[table->count] = (struct rp_descriptor){0};
    }
    table->items[table->count++] = *descriptor;
    table->open_count++;
    if (number == table->lowest_free) {
        table->lowest_free++;
    }
}

struct rp_descriptor *rp_descriptor_get(struct rp_descriptor_table *table, uint32_t number)
{
    if (number >= table->count || table->items[number].kind == RP_DESCRIPTOR_CLOSED) {
        return NULL;
    }
    return &table->items[number];
}

enum rp_descriptor_room rp_descriptor_reserve(struct rp_descriptor_table *table, uint32_t count)
{
    RP_ASSERT(table->open_count <= table->max && table->open_count <= table->count);
    if (count > table->max - table->open_count) {
        return RP_DESCRIPTOR_NO_ROOM;
    }
    uint32_t free_count = table->count - table->open_count;
    if (count <= free_count) {
        return RP_DESCRIPTOR_ROOM;
    }
    void *items = rp_grow(table->allocator, table->items, &table->capacity,
                          (uint64_t)table->count + (count - free_count), sizeof *table->items);
    if (items == NULL) {
        return RP_DESCRIPTOR_NO_MEMORY;
    }
    table->items = items;
    return RP_DESCRIPTOR_ROOM;
}

/* The lowest free number has been taken: on to the next one. */
static void pass_open(struct rp_descriptor_table *table)
{
    do {
        table->lowest_free++;
    } while (table->lowest_free < table->count &&
             table->items[table->lowest_free].kind != RP_DESCRIPTOR_CLOSED);
}

uint32_t rp_descriptor_add(struct rp_descriptor_table *table,
                           const struct rp_descriptor *descriptor)
{
    uint32_t number = table->lowest_free;
    RP_ASSERT(number < table->capacity && table->open_count < table->max);
    table->items[number] = *descriptor;
    table->open_count++;
    if (number == table->count) {
        table->count++;
    }
    pass_open(table);
    return number;
}

static void forget_number(struct rp_descriptor_table *table, uint32_t number)
{
    table->items[number] = (struct rp_descriptor){0};
    table->open_count--;
    if (number < table->lowest_free) {
        table->lowest_free = number;
    }
}

bool rp_descriptor_is_stream(const struct rp_descriptor *descriptor)
{
    switch (descriptor->kind) {
    case RP_DESCRIPTOR_STREAM:
    case RP_DESCRIPTOR_PIPE:
        return true;
    case RP_DESCRIPTOR_DEVICE:
        return rp_device_is_stream(rp_device_get(descriptor->device));
    case RP_DESCRIPTOR_CLOSED:
    case RP_DESCRIPTOR_FILE:
    case RP_DESCRIPTOR_DIRECTORY:
        break;
    }
    return false;
}

static enum rp_vfs_error drop_inode(struct rp_vfs *vfs, struct rp_descriptor *descriptor)
{
    if (descriptor->kind == RP_DESCRIPTOR_STREAM) {
        return RP_VFS_OK;
    }
    if (descriptor->kind == RP_DESCRIPTOR_PIPE) {
        return rp_vfs_pipe_drop(vfs, descriptor->inode, descriptor->end);
    }
    if (descriptor->reads) {
        enum rp_vfs_error error = rp_vfs_reader_end(vfs, descriptor->inode);
        if (error != RP_VFS_OK) {
            return error;
        }
        descriptor->reads = false;
    }
    return rp_vfs_drop(vfs, descriptor->inode);
}

enum rp_vfs_error rp_descriptor_close(struct rp_descriptor_table *table, struct rp_vfs *vfs,
                                      uint32_t number)
{
    struct rp_descriptor *descriptor = rp_descriptor_get(table, number);
    RP_ASSERT(descriptor != NULL);
    enum rp_vfs_error error = drop_inode(vfs, descriptor);
    if (error != RP_VFS_OK) {
        return error;
    }
    free_name(table->allocator, descriptor);
    forget_number(table, number);
    return RP_VFS_OK;
}

enum rp_vfs_error rp_descriptor_renumber(struct rp_descriptor_table *table, struct rp_vfs *vfs,
                                         uint32_t from, uint32_t to)
{
    RP_ASSERT(rp_descriptor_get(table, from) != NULL && rp_descriptor_get(table, to) != NULL);
    if (from == to) {
        return RP_VFS_OK;
    }
    struct rp_descriptor moved = table->items[from];
    enum rp_vfs_error error = rp_descriptor_close(table, vfs, to);
    if (error != RP_VFS_OK) {
        return error;
    }
    forget_number(table, from);
    table->items[to] = moved;
    table->open_count++;
    if (to == table->lowest_free) {
        pass_open(table);
    }
    return RP_VFS_OK;
}
