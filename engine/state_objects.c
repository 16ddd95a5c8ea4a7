/* Reading tables, globals, memories, counters and the embedder's bytes (layer 2; docs/wsnp.md). The
 * types of objects must fit those of every instance that has them. */
#include "core/assert.h"
#include "core/limits.h"
#include "engine/link.h"
#include "engine/state_loader.h"
#include "engine/state_value.h"

#include <string.h>

/* ---- types ---- */

/* Whether they hold for the present size is checked with it, which also puts them in order. */
static bool load_limits(struct rp_state_loader *loader, uint64_t most, struct rp_limits *out_limits)
{
    out_limits->min = rp_msgpack_uint(loader->in, UINT64_MAX);
    out_limits->max = rp_state_take_optional(loader, &out_limits->has_max);
    if (out_limits->has_max && out_limits->max > most) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "a maximum of %llu, types have at most %llu",
                               (unsigned long long)out_limits->max, (unsigned long long)most);
    }
    return loader->in->error == NULL;
}

static bool is_value_type(uint64_t type)
{
    return (type >= RP_TYPE_F64 && type <= RP_TYPE_I32) || type == RP_TYPE_FUNCREF ||
           type == RP_TYPE_EXTERNREF;
}

/* An instance's object `index` of the store, of which there are `count`. */
static bool check_index(struct rp_state_loader *loader, const char *kind, uint32_t instance,
                        uint32_t index, uint32_t count)
{
    return index < count ? true
                         : rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                                           "instance %u has %s %u, there are %u", instance, kind,
                                           index, count);
}

static bool refuse_type(struct rp_state_loader *loader, const char *kind, uint32_t instance,
                        uint32_t at, uint32_t index)
{
    return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                           "instance %u has %s %u as its %s %u, which is of another type", instance,
                           kind, index, kind, at);
}

/* ---- tables ---- */

static bool load_table(struct rp_state_loader *loader, uint32_t index)
{
    struct rp_store *store = loader->store;
    struct rp_msgpack *in = loader->in;
    struct rp_table_type type;
    if (!rp_msgpack_tuple(in, 4)) {
        return false;
    }
    type.element_type = (uint32_t)rp_msgpack_uint(in, UINT32_MAX);
    if (!load_limits(loader, UINT32_MAX, &type.limits)) {
        return false;
    }
    uint64_t count = rp_msgpack_array(in, UINT32_MAX);
    if (!rp_type_is_reference(type.element_type)) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE, "table %u: elements of type 0x%x",
                               index, type.element_type);
    }
    if (count < type.limits.min || (type.limits.has_max && count > type.limits.max) ||
        count > store->table_max_elements - store->table_used_elements) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "table %u: %llu elements are outside of its limits or the store's",
                               index, (unsigned long long)count);
    }
    struct rp_table *table = rp_store_add_table(store, &type);
    if (table == NULL || !rp_table_grow(table, store, count, 0)) {
        return rp_state_no_memory(loader);
    }
    for (uint64_t i = 0; i < count; i++) {
        if (!rp_state_take(loader, type.element_type, RP_ERROR_SNAPSHOT_STATE, &table->elements[i],
                           "table %u element %llu", index, (unsigned long long)i)) {
            return false;
        }
    }
    return true;
}

static bool link_tables(struct rp_state_loader *loader, struct rp_instance *instance)
{
    const struct rp_store *store = loader->store;
    const uint32_t *indices = loader->instances[instance->index].tables;
    for (uint32_t i = 0; i < instance->module->table_count; i++) {
        const struct rp_table_type *wanted = &instance->module->tables[i];
        if (!check_index(loader, "table", instance->index, indices[i], store->table_count)) {
            return false;
        }
        struct rp_table *table = store->tables[indices[i]];
        if (table->type.element_type != wanted->element_type ||
            !rp_limits_match(table->count, &table->type.limits, &wanted->limits)) {
            return refuse_type(loader, "table", instance->index, i, indices[i]);
        }
        instance->tables[i] = table;
    }
    return true;
}

bool rp_state_load_tables(struct rp_state_loader *loader)
{
    uint32_t count = rp_msgpack_array(loader->in, UINT32_MAX);
    for (uint32_t i = 0; i < count; i++) {
        if (!load_table(loader, i)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < loader->store->instance_count; i++) {
        if (!link_tables(loader, loader->store->instances[i])) {
            return false;
        }
    }
    return true;
}

/* ---- globals ---- */

static bool load_global(struct rp_state_loader *loader, uint32_t index)
{
    struct rp_msgpack *in = loader->in;
    if (!rp_msgpack_tuple(in, 3)) {
        return false;
    }
    struct rp_global_type type = {.type = (uint32_t)rp_msgpack_uint(in, UINT32_MAX)};
    type.is_mutable = rp_msgpack_bool(in);
    if (in->error != NULL || !is_value_type(type.type)) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE, "global %u of type 0x%x", index,
                               type.type);
    }
    uint64_t slot = 0;
    if (!rp_state_take(loader, type.type, RP_ERROR_SNAPSHOT_STATE, &slot, "global %u", index)) {
        return false;
    }
    return rp_store_add_global(loader->store, &type, slot) != NULL || rp_state_no_memory(loader);
}

static bool link_globals(struct rp_state_loader *loader, struct rp_instance *instance)
{
    const struct rp_store *store = loader->store;
    const uint32_t *indices = loader->instances[instance->index].globals;
    for (uint32_t i = 0; i < instance->module->global_count; i++) {
        const struct rp_global_type *wanted = &instance->module->globals[i].type;
        if (!check_index(loader, "global", instance->index, indices[i], store->global_count)) {
            return false;
        }
        struct rp_global *global = store->globals[indices[i]];
        if (global->type.type != wanted->type || global->type.is_mutable != wanted->is_mutable) {
            return refuse_type(loader, "global", instance->index, i, indices[i]);
        }
        instance->globals[i] = global;
    }
    return true;
}

bool rp_state_load_globals(struct rp_state_loader *loader)
{
    uint32_t count = rp_msgpack_array(loader->in, UINT32_MAX);
    for (uint32_t i = 0; i < count; i++) {
        if (!load_global(loader, i)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < loader->store->instance_count; i++) {
        if (!link_globals(loader, loader->store->instances[i])) {
            return false;
        }
    }
    return true;
}

/* ---- memories ---- */

static bool link_memories(struct rp_state_loader *loader, struct rp_instance *instance)
{
    const struct rp_store *store = loader->store;
    const uint32_t *indices = loader->instances[instance->index].memories;
    for (uint32_t i = 0; i < instance->module->memory_count; i++) {
        if (!check_index(loader, "memory", instance->index, indices[i], store->memory_count)) {
            return false;
        }
        struct rp_memory *memory = store->memories[indices[i]];
        if (!rp_limits_match(memory->size_bytes / RP_PAGE_BYTES, &memory->limits,
                             &instance->module->memories[i])) {
            return refuse_type(loader, "memory", instance->index, i, indices[i]);
        }
        instance->memories[i] = memory;
    }
    if (instance->module->memory_count != 0) {
        instance->memory0 = instance->memories[0];
    }
    return true;
}

/* Once the last memory is there. */
static bool link_all_memories(struct rp_state_loader *loader)
{
    if (loader->store->memory_count < loader->memory_count) {
        return true;
    }
    for (uint32_t i = 0; i < loader->store->instance_count; i++) {
        if (!link_memories(loader, loader->store->instances[i])) {
            return false;
        }
    }
    return true;
}

bool rp_state_load_memories(struct rp_state_loader *loader)
{
    loader->memory_count = (uint32_t)rp_msgpack_uint(loader->in, UINT32_MAX);
    return loader->in->error == NULL && link_all_memories(loader);
}

bool rp_state_load_one_memory(struct rp_state_loader *loader)
{
    struct rp_store *store = loader->store;
    struct rp_limits limits;
    if (!load_limits(loader, RP_LIMIT_MEMORY_PAGES, &limits)) {
        return false;
    }
    uint64_t pages = rp_msgpack_uint(loader->in, UINT64_MAX);
    uint64_t most =
        limits.has_max && limits.max < RP_LIMIT_MEMORY_PAGES ? limits.max : RP_LIMIT_MEMORY_PAGES;
    if (loader->in->error != NULL || pages < limits.min || pages > most ||
        pages * RP_PAGE_BYTES > store->memory_max_bytes - store->memory_used_bytes) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "%llu pages are outside of its limits or the store's",
                               (unsigned long long)pages);
    }
    struct rp_memory *memory = rp_store_add_memory(store, &limits);
    if (memory == NULL || !rp_memory_grow(memory, store, pages)) {
        return rp_state_no_memory(loader);
    }
    return rp_state_load_pages(loader, memory) && link_all_memories(loader);
}

/* ---- counters ---- */

static unsigned __int128 take_u128(struct rp_msgpack *in)
{
    unsigned __int128 high = rp_msgpack_uint(in, UINT64_MAX);
    return high << 64 | rp_msgpack_uint(in, UINT64_MAX);
}

static bool load_results(struct rp_state_loader *loader, const struct rp_func_type *type,
                         struct rp_pending_call *pending)
{
    if (!rp_msgpack_tuple(loader->in, type->result_count)) {
        return false;
    }
    pending->results =
        rp_alloc_zero(&loader->store->allocator, type->result_count, sizeof *pending->results);
    if (pending->results == NULL) {
        return rp_state_no_memory(loader);
    }
    pending->result_count = type->result_count;
    for (uint32_t i = 0; i < type->result_count; i++) {
        if (!rp_state_take(loader, type->types[type->param_count + i], RP_ERROR_SNAPSHOT_STATE,
                           &pending->results[i], "result %u of the host call that waits", i)) {
            return false;
        }
    }
    return true;
}

static bool load_message(struct rp_state_loader *loader, struct rp_pending_call *pending)
{
    struct rp_span message = rp_msgpack_bytes(loader->in, sizeof pending->message - 1);
    if (message.size != 0) {
        if (memchr(message.data, 0, message.size) != NULL) {
            return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                                   "a message of the host call that waits has a byte 0");
        }
        memcpy(pending->message, message.data, message.size);
    }
    return true;
}

static bool load_completion(struct rp_state_loader *loader, const struct rp_func *func,
                            struct rp_pending_call *pending)
{
    struct rp_msgpack *in = loader->in;
    if (rp_msgpack_is_nil(in)) {
        return true;
    }
    if (!rp_msgpack_tuple(in, 2)) {
        return false;
    }
    pending->completed = true;
    uint64_t result = rp_msgpack_uint(in, UINT64_MAX);
    switch (result) {
    case RP_HOST_RETURN:
        pending->result = RP_HOST_RETURN;
        return load_results(loader, func->type, pending);
    case RP_HOST_TRAP:
        pending->result = RP_HOST_TRAP;
        return load_message(loader, pending);
    case RP_HOST_EXIT:
        pending->result = RP_HOST_EXIT;
        pending->exit_code = (uint32_t)rp_msgpack_uint(in, UINT32_MAX);
        return true;
    default:
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "the host call that waits was completed with %llu",
                               (unsigned long long)result);
    }
}

/* A host frame on top that calls nothing waits for its own answer. */
static bool check_top_frame(struct rp_state_loader *loader)
{
    const struct rp_store *store = loader->store;
    bool is_host =
        store->stopped && !store->entry_pending && store->machine.frame->func->code == NULL;
    if (is_host && store->host_frames[store->host_frame_count - 1].callee == NULL &&
        !store->pending.waits) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "the host function on top of the stack neither calls nor waits");
    }
    return true;
}

static bool load_pending(struct rp_state_loader *loader)
{
    struct rp_store *store = loader->store;
    struct rp_msgpack *in = loader->in;
    struct rp_pending_call *pending = &store->pending;
    const struct rp_func *func = store->stopped ? rp_pending_find(store) : NULL;
    if (rp_msgpack_is_nil(in)) {
        return check_top_frame(loader);
    }
    if (!rp_msgpack_tuple(in, 2)) {
        return false;
    }
    pending->request = rp_msgpack_uint(in, UINT64_MAX);
    if (in->error != NULL || pending->request == 0 || pending->request > store->request_count) {
        return rp_state_refuse(
            loader, RP_ERROR_SNAPSHOT_STATE, "request %llu waits, there were %llu",
            (unsigned long long)pending->request, (unsigned long long)store->request_count);
    }
    if (func == NULL) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "a host call waits, and the store is stopped at none");
    }
    pending->waits = true;
    return load_completion(loader, func, pending);
}

bool rp_state_load_counters(struct rp_state_loader *loader)
{
    struct rp_store *store = loader->store;
    struct rp_msgpack *in = loader->in;
    if (!rp_msgpack_tuple(in, 14)) {
        return false;
    }
    store->load_gas = rp_msgpack_uint(in, UINT64_MAX);
    store->instantiation_gas = rp_msgpack_uint(in, UINT64_MAX);
    uint64_t instructions = rp_msgpack_uint(in, INT64_MAX);
    store->host_gas = rp_msgpack_uint(in, INT64_MAX);
    if (instructions > (uint64_t)INT64_MAX - store->host_gas) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE, "a gas position beyond 2^63 - 1");
    }
    store->portion_end = (int64_t)(instructions + store->host_gas);
    store->machine.budget = 0;
    store->pcg.state = take_u128(in);
    store->pcg.increment = take_u128(in);
    if (in->error == NULL && (store->pcg.increment & 1) == 0) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "the increment of the random numbers is even");
    }
    store->clock.start_ns = rp_msgpack_uint(in, UINT64_MAX);
    store->clock.start_gas = rp_msgpack_uint(in, UINT64_MAX);
    store->clock.slept_ns = rp_msgpack_uint(in, UINT64_MAX);
    if (store->clock.start_gas > (uint64_t)store->portion_end) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "the time was set at gas %llu, behind the position %lld",
                               (unsigned long long)store->clock.start_gas,
                               (long long)store->portion_end);
    }
    if (store->share_end < store->portion_end) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "a share of gas ends at %lld, before the position %lld",
                               (long long)store->share_end, (long long)store->portion_end);
    }
    store->host_events = rp_msgpack_uint(in, UINT64_MAX);
    store->request_count = rp_msgpack_uint(in, UINT64_MAX);
    return in->error == NULL && load_pending(loader);
}

/* ---- the embedder's bytes ---- */

bool rp_state_load_embedder(struct rp_state_loader *loader)
{
    struct rp_span bytes = rp_msgpack_bytes(loader->in, RP_EMBEDDER_BYTES_MAX);
    struct rp_buffer *embedder = &loader->store->embedder;
    RP_ASSERT(embedder->size == 0);
    rp_buffer_append(embedder, bytes.data, bytes.size);
    return !embedder->failed || rp_state_no_memory(loader);
}
