/* What the embedder reads and changes of a store from outside (layer 2): gas, time, randomness,
 * objects by index, borrowed memory, registered external references.
 *
 * A change counts as one host event (store_check.h). Nothing here costs gas. */
#include "core/assert.h"
#include "core/report.h"
#include "engine/store_check.h"

#include <string.h>

/* ---- gas ---- */

rp_gas_accounts rp_store_gas(const rp_store *store)
{
    uint64_t position = (uint64_t)rp_store_position(store);
    return (rp_gas_accounts){.load = store->load_gas,
                             .instantiation = store->instantiation_gas,
                             .instructions = position - store->host_gas,
                             .host = store->host_gas};
}

uint64_t rp_store_gas_used(const rp_store *store)
{
    return (uint64_t)rp_store_position(store);
}

void rp_store_set_gas_limit(rp_store *store, int64_t limit)
{
    store->gas_limit = limit < 0 ? 0 : limit;
    rp_store_end_portion(store);
}

void rp_store_set_until_gas(rp_store *store, int64_t position)
{
    store->until_gas = position < 0 ? 0 : position;
    rp_store_end_portion(store);
}

void rp_store_refill(rp_store *store, uint64_t amount)
{
    uint64_t used = rp_store_gas_used(store);
    uint64_t room = (uint64_t)RP_GAS_UNLIMITED - used;
    int64_t limit = (int64_t)(amount < room ? used + amount : (uint64_t)RP_GAS_UNLIMITED);
    if (limit > store->gas_limit) {
        rp_store_set_gas_limit(store, limit);
    }
}

void rp_store_stop_on_grow_denied(rp_store *store, bool on)
{
    store->stop_on_grow_denied = on;
}

void rp_store_interrupt(rp_store *store, rp_stop why)
{
    store->stop_word = (int)why;
}

/* ---- time and randomness ---- */

uint64_t rp_store_time_ns(const rp_store *store)
{
    return rp_virtual_clock_now(&store->clock, (uint64_t)rp_store_position(store));
}

void rp_store_sleep_ns(rp_store *store, uint64_t ns)
{
    rp_store_count_change(store);
    rp_virtual_clock_sleep(&store->clock, ns);
}

rp_status rp_store_set_time_ns(rp_store *store, uint64_t time_ns, rp_report *report)
{
    rp_status status = rp_store_require(store, RP_WHILE_IDLE, "rp_store_set_time_ns", report);
    if (status == RP_OK) {
        rp_store_count_change(store);
        rp_virtual_clock_set(&store->clock, time_ns, rp_store_gas_used(store));
    }
    return status;
}

rp_status rp_store_set_seed(rp_store *store, uint64_t seed, rp_report *report)
{
    rp_status status = rp_store_require(store, RP_WHILE_IDLE, "rp_store_set_seed", report);
    if (status == RP_OK) {
        rp_store_count_change(store);
        rp_pcg64_seed_u64(&store->pcg, seed);
    }
    return status;
}

uint64_t rp_store_random_u64(rp_store *store)
{
    rp_store_count_change(store);
    return rp_pcg64_next(&store->pcg);
}

void rp_store_random_bytes(rp_store *store, void *data, size_t size)
{
    rp_store_count_change(store);
    rp_pcg64_bytes(&store->pcg, data, size);
}

uint64_t rp_store_host_events(const rp_store *store)
{
    return store->host_events;
}

/* ---- functions and globals ---- */

rp_functype rp_store_func_type(const rp_store *store, uint32_t func_index)
{
    RP_ASSERT(func_index < store->func_count);
    const struct rp_func *func = store->funcs[func_index];
    const rp_valkind *kinds = (const rp_valkind *)func->type->types;
    static_assert(sizeof(rp_valkind) == sizeof(uint32_t), "a kind is its type's number");
    return (rp_functype){.params = kinds,
                         .param_count = func->type->param_count,
                         .results = kinds + func->type->param_count,
                         .result_count = func->type->result_count};
}

rp_status rp_store_global_get(const rp_store *store, uint32_t global_index, rp_value *out_value)
{
    if (global_index >= store->global_count) {
        return RP_ERROR_NOT_FOUND;
    }
    const struct rp_global *global = store->globals[global_index];
    rp_value_from_slot(out_value, global->type.type, global->value);
    return RP_OK;
}

rp_status rp_store_global_set(rp_store *store, uint32_t global_index, const rp_value *value)
{
    if (global_index >= store->global_count) {
        return RP_ERROR_NOT_FOUND;
    }
    struct rp_global *global = store->globals[global_index];
    if (!global->type.is_mutable) {
        return RP_ERROR_ARGUMENT;
    }
    if (!rp_value_check(store, value, global->type.type)) {
        return RP_ERROR_TYPE;
    }
    rp_status status = rp_store_require(store, RP_UNLESS_CUT, "rp_store_global_set", NULL);
    if (status != RP_OK) {
        return status;
    }
    rp_store_count_change(store);
    global->value = rp_value_to_slot(value);
    return RP_OK;
}

/* ---- memories ---- */

uint64_t rp_store_memory_size(const rp_store *store, uint32_t memory_index)
{
    return memory_index < store->memory_count ? store->memories[memory_index]->size_bytes : 0;
}

/* The bytes [address, address + size) of a memory; NULL if they are not all in it. */
static uint8_t *memory_range(const struct rp_store *store, uint32_t memory_index, uint64_t address,
                             size_t size)
{
    uint64_t end = rp_store_memory_size(store, memory_index);
    return address <= end && size <= end - address && end != 0
               ? store->memories[memory_index]->data + address
               : NULL;
}

rp_status rp_store_memory_read(const rp_store *store, uint32_t memory_index, uint64_t address,
                               void *data, size_t size)
{
    const uint8_t *bytes = memory_range(store, memory_index, address, size);
    if (bytes == NULL) {
        return RP_ERROR_ARGUMENT;
    }
    memcpy(data, bytes, size);
    return RP_OK;
}

rp_status rp_store_memory_write(rp_store *store, uint32_t memory_index, uint64_t address,
                                const void *data, size_t size)
{
    uint8_t *bytes = memory_range(store, memory_index, address, size);
    if (bytes == NULL) {
        return RP_ERROR_ARGUMENT;
    }
    rp_status status = rp_store_require(store, RP_UNLESS_CUT, "rp_store_memory_write", NULL);
    if (status == RP_OK) {
        rp_store_count_change(store);
        memcpy(bytes, data, size);
    }
    return status;
}

uint64_t rp_store_memory_bytes(const rp_store *store)
{
    return store->memory_used_bytes;
}

static void end_borrow(struct rp_store *store)
{
    rp_free(&store->handle_allocator, store->borrow.before, store->borrow.size);
    store->borrow = (struct rp_borrow){0};
}

rp_status rp_store_memory_begin(rp_store *store, uint32_t memory_index, uint64_t address,
                                size_t size, uint8_t **out_data, rp_report *report)
{
    rp_status status =
        rp_store_require(store, RP_UNLESS_CUT & ~RP_WHILE_RUNNING, "rp_store_memory_begin", report);
    if (status != RP_OK) {
        return status;
    }
    uint8_t *bytes = memory_range(store, memory_index, address, size);
    if (bytes == NULL) {
        return rp_report_fail(
            report, RP_ERROR_ARGUMENT, "bytes %llu to %llu of memory %u, which has %llu",
            (unsigned long long)address, (unsigned long long)address + (unsigned long long)size,
            memory_index, (unsigned long long)rp_store_memory_size(store, memory_index));
    }
    uint8_t *before = rp_alloc(&store->handle_allocator, size);
    if (before == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory to borrow %zu bytes", size);
    }
    memcpy(before, bytes, size);
    store->borrow = (struct rp_borrow){store->memories[memory_index], address, size, before};
    *out_data = bytes;
    return RP_OK;
}

rp_status rp_store_memory_end(rp_store *store, rp_report *report)
{
    const struct rp_borrow *borrow = &store->borrow;
    if (borrow->memory == NULL) {
        return rp_report_fail(report, RP_ERROR_STATE, "rp_store_memory_end: nothing is borrowed");
    }
    if (memcmp(borrow->before, borrow->memory->data + borrow->address, borrow->size) != 0) {
        rp_store_count_change(store);
    }
    end_borrow(store);
    return RP_OK;
}

/* ---- tables ---- */

uint64_t rp_store_table_size(const rp_store *store, uint32_t table_index)
{
    return table_index < store->table_count ? store->tables[table_index]->count : 0;
}

rp_status rp_store_table_get(const rp_store *store, uint32_t table_index, uint64_t element,
                             rp_value *out_value)
{
    if (table_index >= store->table_count) {
        return RP_ERROR_NOT_FOUND;
    }
    const struct rp_table *table = store->tables[table_index];
    if (element >= table->count) {
        return RP_ERROR_ARGUMENT;
    }
    rp_value_from_slot(out_value, table->type.element_type, table->elements[element]);
    return RP_OK;
}

rp_status rp_store_table_set(rp_store *store, uint32_t table_index, uint64_t element,
                             const rp_value *value)
{
    if (table_index >= store->table_count) {
        return RP_ERROR_NOT_FOUND;
    }
    struct rp_table *table = store->tables[table_index];
    if (element >= table->count) {
        return RP_ERROR_ARGUMENT;
    }
    if (!rp_value_check(store, value, table->type.element_type)) {
        return RP_ERROR_TYPE;
    }
    rp_status status = rp_store_require(store, RP_UNLESS_CUT, "rp_store_table_set", NULL);
    /* The call that waits is an element of a table, perhaps: it must stay the same. */
    if (status == RP_OK && store->pending.waits) {
        status = RP_ERROR_STATE;
    }
    if (status == RP_OK) {
        rp_store_count_change(store);
        table->elements[element] = rp_value_to_slot(value);
    }
    return status;
}

rp_instance *rp_store_instance(const rp_store *store, uint32_t index)
{
    return index < store->instance_count ? store->instances[index] : NULL;
}

const rp_module *rp_instance_module(const rp_instance *instance)
{
    return instance->module;
}

/* ---- external references ---- */

/* The place of `id`, or where it would be. */
static uint32_t find_external(const struct rp_store *store, uint64_t id)
{
    uint32_t low = 0;
    uint32_t high = store->external_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (store->externals[middle] < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool rp_store_has_external(const struct rp_store *store, uint64_t id)
{
    uint32_t place = find_external(store, id);
    return place < store->external_count && store->externals[place] == id;
}

static bool add_external(struct rp_store *store, uint64_t id)
{
    if (rp_store_has_external(store, id)) {
        return true;
    }
    uint64_t *externals =
        rp_grow(&store->handle_allocator, store->externals, &store->external_capacity,
                (uint64_t)store->external_count + 1, sizeof *externals);
    if (externals == NULL) {
        return false;
    }
    store->externals = externals;
    uint32_t place = find_external(store, id);
    memmove(externals + place + 1, externals + place,
            (size_t)(store->external_count - place) * sizeof *externals);
    externals[place] = id;
    store->external_count++;
    return true;
}

rp_status rp_store_register_external(rp_store *store, uint64_t id, rp_report *report)
{
    if (id == RP_REF_NULL) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "the null reference needs no registration");
    }
    return add_external(store, id)
               ? RP_OK
               : rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for an external reference");
}

/* ---- the end of a store ---- */

void rp_store_release_border(struct rp_store *store)
{
    rp_pending_clear(store);
    rp_host_frames_drop(store, 0);
    rp_free(&store->allocator, store->host_frames,
            store->host_frame_capacity * sizeof *store->host_frames);
    if (!store->is_beside) {
        rp_free(&store->handle_allocator, store->externals,
                store->external_capacity * sizeof *store->externals);
    }
    if (store->borrow.memory != NULL) {
        end_borrow(store);
    }
    rp_store_release_bindings(store);
    for (uint32_t i = 0; i < store->instance_count; i++) {
        rp_instance_release_module(store->instances[i]);
    }
}
