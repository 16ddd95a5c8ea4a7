/* Interning of function types (layer 2). */
#include "engine/types.h"

#include <string.h>

rp_status rp_type_table_init(struct rp_type_table *table, struct rp_allocator *allocator)
{
    *table = (struct rp_type_table){0};
    rp_arena_init(&table->arena, allocator);
    table->bucket_count = 64;
    table->buckets = rp_alloc_zero(allocator, table->bucket_count, sizeof *table->buckets);
    table->mutex = table->buckets == NULL ? NULL : rp_mutex_create();
    if (table->mutex == NULL) {
        rp_type_table_deinit(table);
        return RP_ERROR_NO_MEMORY;
    }
    return RP_OK;
}

void rp_type_table_deinit(struct rp_type_table *table)
{
    if (table->buckets != NULL) {
        rp_free(table->arena.allocator, (void *)table->buckets,
                table->bucket_count * sizeof *table->buckets);
    }
    if (table->mutex != NULL) {
        rp_mutex_destroy(table->mutex);
    }
    rp_arena_deinit(&table->arena);
    table->buckets = NULL;
    table->mutex = NULL;
}

static uint32_t hash_type(const uint32_t *types, uint32_t param_count, uint32_t result_count)
{
    uint32_t hash = 2166136261u ^ param_count;
    for (uint32_t i = 0; i < param_count + result_count; i++) {
        hash = (hash ^ types[i]) * 16777619u;
    }
    return hash ^ hash >> 15;
}

/* The bucket that holds the type or is free for it; open addressing, never more than half full. */
static uint32_t find_bucket(const struct rp_type_table *table, const uint32_t *types,
                            uint32_t param_count, uint32_t result_count)
{
    uint32_t mask = table->bucket_count - 1;
    uint32_t bucket = hash_type(types, param_count, result_count) & mask;
    for (;; bucket = (bucket + 1) & mask) {
        const struct rp_func_type *entry = table->buckets[bucket];
        if (entry == NULL ||
            (entry->param_count == param_count && entry->result_count == result_count &&
             memcmp(entry->types, types, (param_count + result_count) * sizeof *types) == 0)) {
            return bucket;
        }
    }
}

static bool grow_buckets(struct rp_type_table *table)
{
    struct rp_type_table larger = *table;
    larger.bucket_count = table->bucket_count * 2;
    larger.buckets =
        rp_alloc_zero(table->arena.allocator, larger.bucket_count, sizeof *larger.buckets);
    if (larger.buckets == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < table->bucket_count; i++) {
        const struct rp_func_type *entry = table->buckets[i];
        if (entry != NULL) {
            larger.buckets[find_bucket(&larger, entry->types, entry->param_count,
                                       entry->result_count)] = entry;
        }
    }
    rp_free(table->arena.allocator, (void *)table->buckets,
            table->bucket_count * sizeof *table->buckets);
    *table = larger;
    return true;
}

static const struct rp_func_type *add_type(struct rp_type_table *table, const uint32_t *types,
                                           uint32_t param_count, uint32_t result_count)
{
    if ((table->count + 1) * 2 > table->bucket_count && !grow_buckets(table)) {
        return NULL;
    }
    struct rp_func_type *entry = rp_arena_alloc(&table->arena, 1, sizeof *entry);
    uint32_t *copy = rp_arena_alloc(&table->arena, param_count + result_count, sizeof *copy);
    if (entry == NULL || copy == NULL) {
        return NULL;
    }
    if (param_count + result_count != 0) {
        memcpy(copy, types, (param_count + result_count) * sizeof *copy);
    }
    *entry = (struct rp_func_type){.types = copy,
                                   .param_count = param_count,
                                   .result_count = result_count,
                                   .id = table->count};
    table->buckets[find_bucket(table, types, param_count, result_count)] = entry;
    table->count++;
    return entry;
}

const struct rp_func_type *rp_type_intern(struct rp_type_table *table, const uint32_t *types,
                                          uint32_t param_count, uint32_t result_count)
{
    rp_mutex_lock(table->mutex);
    const struct rp_func_type *entry =
        table->buckets[find_bucket(table, types, param_count, result_count)];
    if (entry == NULL) {
        entry = add_type(table, types, param_count, result_count);
    }
    rp_mutex_unlock(table->mutex);
    return entry;
}

const char *rp_type_name(uint32_t type)
{
    switch (type) {
    case RP_TYPE_I32:
        return "i32";
    case RP_TYPE_I64:
        return "i64";
    case RP_TYPE_F32:
        return "f32";
    case RP_TYPE_F64:
        return "f64";
    case RP_TYPE_V128:
        return "v128";
    case RP_TYPE_FUNCREF:
        return "funcref";
    case RP_TYPE_EXTERNREF:
        return "externref";
    default:
        return "any type";
    }
}

void rp_func_type_print(struct rp_buffer *out, const struct rp_func_type *type)
{
    for (uint32_t i = 0; i < type->param_count; i++) {
        rp_buffer_printf(out, "%s%s", i == 0 ? "(" : ", ", rp_type_name(type->types[i]));
    }
    rp_buffer_printf(out, type->param_count == 0 ? "() -> (" : ") -> (");
    for (uint32_t i = 0; i < type->result_count; i++) {
        rp_buffer_printf(out, "%s%s", i == 0 ? "" : ", ",
                         rp_type_name(type->types[type->param_count + i]));
    }
    rp_buffer_byte(out, ')');
}
