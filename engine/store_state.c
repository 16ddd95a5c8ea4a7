/* Writing the sections of a state (layer 2; docs/wsnp.md has their grammar). Frames are written in
 * state_frames_save.c, memories in state_memory.c; reading stands in state_load.c and behind it. */
#include "engine/store_state.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/state_save.h"
#include "engine/state_value.h"
#include "engine/store_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const rp_section_names[RP_SECTION_COUNT] = {
#define X(name) #name,
#include "engine/section.def"
#undef X
};

rp_status rp_state_save_value(struct rp_state_saver *saver, uint32_t type, uint64_t slot,
                              const char *place, ...)
{
    rp_state_put_value(saver->out, type, slot);
    if (RP_LIKELY(rp_state_may_save(saver->store, type, slot))) {
        return RP_OK;
    }
    char text[96];
    va_list args;
    va_start(args, place);
    (void)vsnprintf(text, sizeof text, place, args);
    va_end(args);
    return rp_report_fail(saver->report, RP_ERROR_EXTERNAL, "%s: %llu %s", text,
                          (unsigned long long)(slot - 1), rp_state_text_external);
}

/* ---- numbers for things that a state names: 0, 1, … in order of first use ---- */

struct numbering {
    struct rp_allocator allocator;
    const void **keys; /* open addressing, never more than half full */
    uint32_t *numbers;
    uint32_t capacity; /* power of two */
    uint32_t count;
};

static void begin_numbering(struct numbering *numbering)
{
    *numbering = (struct numbering){0};
    rp_allocator_init(&numbering->allocator, 0);
}

static void end_numbering(struct numbering *numbering)
{
    rp_free(&numbering->allocator, (void *)numbering->keys,
            numbering->capacity * sizeof *numbering->keys);
    rp_free(&numbering->allocator, numbering->numbers,
            numbering->capacity * sizeof *numbering->numbers);
}

/* The place of the key, or the free one for it. */
static uint32_t find_key(const struct numbering *numbering, const void *key)
{
    uint32_t mask = numbering->capacity - 1;
    uint32_t at = (uint32_t)(((uint64_t)(uintptr_t)key >> 4) * 0x9e3779b97f4a7c15u >> 32) & mask;
    while (numbering->keys[at] != NULL && numbering->keys[at] != key) {
        at = (at + 1) & mask;
    }
    return at;
}

static bool grow_numbering(struct numbering *numbering)
{
    struct numbering larger = *numbering;
    larger.capacity = numbering->capacity == 0 ? 16 : numbering->capacity * 2;
    larger.keys = rp_alloc_zero(&larger.allocator, larger.capacity, sizeof *larger.keys);
    larger.numbers = rp_alloc_zero(&larger.allocator, larger.capacity, sizeof *larger.numbers);
    if (larger.keys == NULL || larger.numbers == NULL) {
        rp_free(&larger.allocator, (void *)larger.keys,
                larger.keys == NULL ? 0 : larger.capacity * sizeof *larger.keys);
        rp_free(&larger.allocator, larger.numbers,
                larger.numbers == NULL ? 0 : larger.capacity * sizeof *larger.numbers);
        return false;
    }
    for (uint32_t i = 0; i < numbering->capacity; i++) {
        if (numbering->keys[i] != NULL) {
            uint32_t at = find_key(&larger, numbering->keys[i]);
            larger.keys[at] = numbering->keys[i];
            larger.numbers[at] = numbering->numbers[i];
        }
    }
    rp_free(&larger.allocator, (void *)numbering->keys,
            numbering->capacity * sizeof *numbering->keys);
    rp_free(&larger.allocator, numbering->numbers,
            numbering->capacity * sizeof *numbering->numbers);
    *numbering = larger;
    return true;
}

/* The key's number, the next one if it is new; UINT32_MAX: no memory. */
static uint32_t number_of(struct numbering *numbering, const void *key)
{
    if ((numbering->count + 1) * 2 > numbering->capacity && !grow_numbering(numbering)) {
        return UINT32_MAX;
    }
    uint32_t at = find_key(numbering, key);
    if (numbering->keys[at] == NULL) {
        numbering->keys[at] = key;
        numbering->numbers[at] = numbering->count++;
    }
    return numbering->numbers[at];
}

/* ---- config, modules, hosts ---- */

static rp_status save_config(struct rp_state_saver *saver)
{
    const struct rp_store *store = saver->store;
    struct rp_buffer *out = saver->out;
    rp_msgpack_put_array(out, 11);
    rp_msgpack_put_uint(out, RP_SEMANTICS_VERSION);
    rp_msgpack_put_uint(out, store->engine->features);
    rp_msgpack_put_bytes(out, store->engine->schedule.hash, RP_HASH_BYTES);
    rp_msgpack_put_uint(out, store->memory_max_bytes);
    rp_msgpack_put_uint(out, store->table_max_elements);
    rp_msgpack_put_uint(out, store->call_depth_max);
    rp_msgpack_put_uint(out, store->machine.slots_max);
    rp_msgpack_put_uint(out, store->host_depth_max);
    rp_msgpack_put_uint(out, store->seed);
    rp_msgpack_put_uint(out, store->time_ns);
    rp_msgpack_put_uint(out, store->clock.ns_per_gas);
    return RP_OK;
}

static rp_status number_modules(const struct rp_store *store, struct numbering *modules)
{
    begin_numbering(modules);
    for (uint32_t i = 0; i < store->instance_count; i++) {
        if (number_of(modules, store->instances[i]->module) == UINT32_MAX) {
            return RP_ERROR_NO_MEMORY;
        }
    }
    return RP_OK;
}

static rp_status save_modules(struct rp_state_saver *saver)
{
    const struct rp_store *store = saver->store;
    struct numbering modules;
    rp_status status = number_modules(store, &modules);
    if (status == RP_OK) {
        rp_msgpack_put_array(saver->out, modules.count);
        end_numbering(&modules);
        begin_numbering(&modules);
    }
    for (uint32_t i = 0; i < store->instance_count && status == RP_OK; i++) {
        uint32_t before = modules.count;
        if (number_of(&modules, store->instances[i]->module) == UINT32_MAX) {
            status = RP_ERROR_NO_MEMORY;
        } else if (modules.count > before) {
            uint8_t hash[RP_HASH_BYTES];
            rp_module_hash(store->instances[i]->module, hash);
            rp_msgpack_put_bytes(saver->out, hash, RP_HASH_BYTES);
        }
    }
    end_numbering(&modules);
    return status;
}

/* A host function that is offered; an import that is not has no callback and no place here. */
static const struct rp_host_binding *offered_host(const struct rp_func *func)
{
    return func->code == NULL && func->host->callback != NULL ? func->host : NULL;
}

static rp_status number_hosts(const struct rp_store *store, struct numbering *hosts)
{
    begin_numbering(hosts);
    for (uint32_t i = 0; i < store->func_count; i++) {
        const struct rp_host_binding *host = offered_host(store->funcs[i]);
        if (host != NULL && number_of(hosts, host) == UINT32_MAX) {
            return RP_ERROR_NO_MEMORY;
        }
    }
    return RP_OK;
}

static void put_types(struct rp_buffer *out, const uint32_t *types, uint32_t count)
{
    rp_msgpack_put_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        rp_msgpack_put_uint(out, types[i]);
    }
}

static void put_host(struct rp_buffer *out, const struct rp_host_binding *host)
{
    const struct rp_func_type *type = host->type;
    rp_msgpack_put_array(out, 4);
    rp_msgpack_put_text(out, host->module.data, (uint32_t)host->module.size);
    rp_msgpack_put_text(out, host->name.data, (uint32_t)host->name.size);
    put_types(out, type->types, type->param_count);
    put_types(out, type->types + type->param_count, type->result_count);
}

static rp_status save_hosts(struct rp_state_saver *saver)
{
    const struct rp_store *store = saver->store;
    struct numbering hosts;
    rp_status status = number_hosts(store, &hosts);
    if (status == RP_OK) {
        rp_msgpack_put_array(saver->out, hosts.count);
        end_numbering(&hosts);
        begin_numbering(&hosts);
    }
    for (uint32_t i = 0; i < store->func_count && status == RP_OK; i++) {
        const struct rp_host_binding *host = offered_host(store->funcs[i]);
        uint32_t before = hosts.count;
        if (host != NULL && number_of(&hosts, host) == UINT32_MAX) {
            status = RP_ERROR_NO_MEMORY;
        } else if (hosts.count > before) {
            put_host(saver->out, host);
        }
    }
    end_numbering(&hosts);
    return status;
}

/* ---- instances ---- */

/* The indices of an instance's tables, memories or globals; the structures differ, their index does
 * not. */
#define PUT_INDICES(out, objects, count)                    \
    do {                                                    \
        rp_msgpack_put_array(out, count);                   \
        for (uint32_t at = 0; at < (count); at++) {         \
            rp_msgpack_put_uint(out, (objects)[at]->index); \
        }                                                   \
    } while (0)

static rp_status save_segments(struct rp_state_saver *saver, const struct rp_instance *instance)
{
    const struct rp_module *module = instance->module;
    rp_msgpack_put_array(saver->out, module->element_count);
    for (uint32_t i = 0; i < module->element_count; i++) {
        const struct rp_elements *elements = &instance->elements[i];
        if (elements->dropped) {
            rp_msgpack_put_nil(saver->out);
            continue;
        }
        rp_msgpack_put_array(saver->out, elements->count);
        for (uint32_t j = 0; j < elements->count; j++) {
            rp_status status = rp_state_save_value(
                saver, module->elements[i].type, elements->refs[j],
                "instance %u element segment %u reference %u", instance->index, i, j);
            if (status != RP_OK) {
                return status;
            }
        }
    }
    rp_msgpack_put_array(saver->out, module->data_count);
    for (uint32_t i = 0; i < module->data_count; i++) {
        rp_msgpack_put_bool(saver->out, instance->data_dropped[i] != 0);
    }
    return RP_OK;
}

static rp_status save_instance(struct rp_state_saver *saver, const struct rp_instance *instance,
                               uint32_t module_number)
{
    const struct rp_module *module = instance->module;
    struct rp_buffer *out = saver->out;
    rp_msgpack_put_array(out, 7);
    rp_msgpack_put_uint(out, module_number);
    PUT_INDICES(out, instance->funcs, module->func_import_count);
    PUT_INDICES(out, instance->tables, module->table_count);
    PUT_INDICES(out, instance->memories, module->memory_count);
    PUT_INDICES(out, instance->globals, module->global_count);
    return save_segments(saver, instance);
}

/* Merge sort by name: stable, so of equal names the later registration stays in front, as in the
 * store's list. Both arrays have room for all; answers the one that holds them sorted. */
static const struct rp_registration **sort_registrations(const struct rp_registration **from,
                                                         const struct rp_registration **to,
                                                         uint32_t count)
{
    for (uint32_t width = 1; width < count; width *= 2) {
        for (uint32_t start = 0, next = 0; start < count; start += 2 * width) {
            uint32_t left = start;
            uint32_t middle = count - start < width ? count : start + width;
            uint32_t right = middle;
            uint32_t end = count - start < 2 * width ? count : start + 2 * width;
            while (left < middle || right < end) {
                bool take_left =
                    right == end ||
                    (left < middle && rp_span_compare(from[left]->name, from[right]->name) <= 0);
                to[next++] = from[take_left ? left++ : right++];
            }
        }
        const struct rp_registration **sorted = to;
        to = from;
        from = sorted;
    }
    return from;
}

/* Of a name that is registered twice the later registration counts. */
static uint32_t drop_hidden(const struct rp_registration **sorted, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (kept == 0 || !rp_span_equal(sorted[kept - 1]->name, sorted[i]->name)) {
            sorted[kept++] = sorted[i];
        }
    }
    return kept;
}

static rp_status save_registrations(struct rp_state_saver *saver)
{
    uint32_t count = 0;
    for (const struct rp_registration *r = saver->store->registrations; r != NULL; r = r->next) {
        count++;
    }
    struct rp_allocator allocator;
    struct rp_arena arena;
    rp_allocator_init(&allocator, 0);
    rp_arena_init(&arena, &allocator);
    const struct rp_registration **list = rp_arena_alloc(&arena, count, sizeof *list);
    const struct rp_registration **room = rp_arena_alloc(&arena, count, sizeof *room);
    if (list == NULL || room == NULL) {
        rp_arena_deinit(&arena);
        return RP_ERROR_NO_MEMORY;
    }
    uint32_t next = 0;
    for (const struct rp_registration *r = saver->store->registrations; r != NULL; r = r->next) {
        list[next++] = r;
    }
    list = sort_registrations(list, room, count);
    count = drop_hidden(list, count);
    rp_msgpack_put_array(saver->out, count);
    for (uint32_t i = 0; i < count; i++) {
        rp_msgpack_put_array(saver->out, 2);
        rp_msgpack_put_bytes(saver->out, list[i]->name.data, (uint32_t)list[i]->name.size);
        rp_msgpack_put_uint(saver->out, list[i]->instance->index);
    }
    rp_arena_deinit(&arena);
    return RP_OK;
}

static rp_status save_instances(struct rp_state_saver *saver)
{
    const struct rp_store *store = saver->store;
    struct numbering modules;
    rp_msgpack_put_array(saver->out, 2);
    rp_msgpack_put_array(saver->out, store->instance_count);
    rp_status status = number_modules(store, &modules);
    for (uint32_t i = 0; i < store->instance_count && status == RP_OK; i++) {
        const struct rp_instance *instance = store->instances[i];
        status = save_instance(saver, instance, number_of(&modules, instance->module));
    }
    end_numbering(&modules);
    return status == RP_OK ? save_registrations(saver) : status;
}

/* ---- functions, tables, globals, memories ---- */

static void put_code_func(struct rp_buffer *out, const struct rp_func *func)
{
    rp_msgpack_put_array(out, 3);
    rp_msgpack_put_uint(out, RP_STATE_FUNC_CODE);
    rp_msgpack_put_uint(out, func->instance->index);
    rp_msgpack_put_uint(out, func->module_index);
}

static void put_host_func(struct rp_buffer *out, const struct rp_func *func,
                          struct numbering *hosts, uint32_t importer)
{
    if (offered_host(func) != NULL) {
        rp_msgpack_put_array(out, 2);
        rp_msgpack_put_uint(out, RP_STATE_FUNC_HOST);
        rp_msgpack_put_uint(out, number_of(hosts, func->host));
    } else {
        rp_msgpack_put_array(out, 3);
        rp_msgpack_put_uint(out, RP_STATE_FUNC_UNKNOWN);
        rp_msgpack_put_uint(out, importer);
        rp_msgpack_put_uint(out, func->host->import_index);
    }
}

/* In order of creation: with an instance come the host functions that were made for its imports,
 * then its own functions. An import that is linked to a function that was there has a smaller
 * index. */
static rp_status save_functions(struct rp_state_saver *saver)
{
    const struct rp_store *store = saver->store;
    struct numbering hosts;
    rp_status status = number_hosts(store, &hosts);
    uint32_t next = 0;
    rp_msgpack_put_array(saver->out, store->func_count);
    for (uint32_t i = 0; i < store->instance_count && status == RP_OK; i++) {
        const struct rp_instance *instance = store->instances[i];
        const struct rp_module *module = instance->module;
        for (uint32_t j = 0; j < module->func_count; j++) {
            const struct rp_func *func = instance->funcs[j];
            if (func->index != next) {
                RP_ASSERT(j < module->func_import_count && func->index < next);
            } else if (func->code == NULL) {
                put_host_func(saver->out, func, &hosts, i);
                next++;
            } else {
                put_code_func(saver->out, func);
                next++;
            }
        }
    }
    RP_ASSERT(status != RP_OK || next == store->func_count);
    end_numbering(&hosts);
    return status;
}

static void put_limits(struct rp_buffer *out, const struct rp_limits *limits)
{
    rp_msgpack_put_uint(out, limits->min);
    if (limits->has_max) {
        rp_msgpack_put_uint(out, limits->max);
    } else {
        rp_msgpack_put_nil(out);
    }
}

static rp_status save_tables(struct rp_state_saver *saver)
{
    const struct rp_store *store = saver->store;
    rp_msgpack_put_array(saver->out, store->table_count);
    for (uint32_t i = 0; i < store->table_count; i++) {
        const struct rp_table *table = store->tables[i];
        uint32_t type = table->type.element_type;
        rp_msgpack_put_array(saver->out, 4);
        rp_msgpack_put_uint(saver->out, type);
        put_limits(saver->out, &table->type.limits);
        RP_ASSERT(table->count <= UINT32_MAX);
        rp_msgpack_put_array(saver->out, (uint32_t)table->count);
        for (uint64_t j = 0; j < table->count; j++) {
            rp_status status = rp_state_save_value(
                saver, type, table->elements[j], "table %u element %llu", i, (unsigned long long)j);
            if (status != RP_OK) {
                return status;
            }
        }
    }
    return RP_OK;
}

static rp_status save_globals(struct rp_state_saver *saver)
{
    const struct rp_store *store = saver->store;
    rp_msgpack_put_array(saver->out, store->global_count);
    for (uint32_t i = 0; i < store->global_count; i++) {
        const struct rp_global *global = store->globals[i];
        rp_msgpack_put_array(saver->out, 3);
        rp_msgpack_put_uint(saver->out, global->type.type);
        rp_msgpack_put_bool(saver->out, global->type.is_mutable);
        rp_status status =
            rp_state_save_value(saver, global->type.type, global->value, "global %u", i);
        if (status != RP_OK) {
            return status;
        }
    }
    return RP_OK;
}

static rp_status save_memories(struct rp_state_saver *saver)
{
    rp_msgpack_put_uint(saver->out, saver->store->memory_count);
    return RP_OK;
}

/* ---- counters, embedder ---- */

static void put_u128(struct rp_buffer *out, unsigned __int128 value)
{
    rp_msgpack_put_uint(out, (uint64_t)(value >> 64));
    rp_msgpack_put_uint(out, (uint64_t)value);
}

static rp_status save_completion(struct rp_state_saver *saver,
                                 const struct rp_pending_call *pending)
{
    struct rp_buffer *out = saver->out;
    if (!pending->completed) {
        rp_msgpack_put_nil(out);
        return RP_OK;
    }
    rp_msgpack_put_array(out, 2);
    rp_msgpack_put_uint(out, (uint64_t)pending->result);
    if (pending->result == RP_HOST_TRAP) {
        rp_msgpack_put_bytes(out, pending->message, (uint32_t)strlen(pending->message));
        return RP_OK;
    }
    if (pending->result == RP_HOST_EXIT) {
        rp_msgpack_put_uint(out, pending->exit_code);
        return RP_OK;
    }
    const struct rp_func *func = rp_pending_find(saver->store);
    RP_ASSERT(func != NULL && func->type->result_count == pending->result_count);
    const uint32_t *types = func->type->types + func->type->param_count;
    rp_msgpack_put_array(out, pending->result_count);
    for (uint32_t i = 0; i < pending->result_count; i++) {
        rp_status status = rp_state_save_value(saver, types[i], pending->results[i],
                                               "result %u of the host call that waits", i);
        if (status != RP_OK) {
            return status;
        }
    }
    return RP_OK;
}

static rp_status save_pending(struct rp_state_saver *saver)
{
    const struct rp_pending_call *pending = &saver->store->pending;
    if (!pending->waits) {
        rp_msgpack_put_nil(saver->out);
        return RP_OK;
    }
    rp_msgpack_put_array(saver->out, 2);
    rp_msgpack_put_uint(saver->out, pending->request);
    return save_completion(saver, pending);
}

static rp_status save_counters(struct rp_state_saver *saver)
{
    const struct rp_store *store = saver->store;
    struct rp_buffer *out = saver->out;
    rp_gas_accounts gas = rp_store_gas(store);
    rp_msgpack_put_array(out, 14);
    rp_msgpack_put_uint(out, gas.load);
    rp_msgpack_put_uint(out, gas.instantiation);
    rp_msgpack_put_uint(out, gas.instructions);
    rp_msgpack_put_uint(out, gas.host);
    put_u128(out, store->pcg.state);
    put_u128(out, store->pcg.increment);
    rp_msgpack_put_uint(out, store->clock.start_ns);
    rp_msgpack_put_uint(out, store->clock.start_gas);
    rp_msgpack_put_uint(out, store->clock.slept_ns);
    rp_msgpack_put_uint(out, store->host_events);
    rp_msgpack_put_uint(out, store->request_count);
    return save_pending(saver);
}

static rp_status save_embedder(struct rp_state_saver *saver)
{
    const struct rp_buffer *embedder = &saver->store->embedder;
    rp_msgpack_put_bytes(saver->out, embedder->data, (uint32_t)embedder->size);
    return RP_OK;
}

/* ---- all of it ---- */

static rp_status save_frames(struct rp_state_saver *saver)
{
    return rp_state_save_frames(saver);
}

static rp_status check_saving(const struct rp_store *store, rp_report *report)
{
    if (store->running && store->host_depth > 0) {
        return rp_report_fail(report, RP_ERROR_PINNED,
                              "the store is inside of a nested call, which holds the native stack");
    }
    return rp_store_require(store, RP_WHILE_ANY & ~RP_WHILE_RUNNING, "saving", report);
}

static rp_status finish_saving(rp_status status, const struct rp_buffer *out, rp_report *report)
{
    if (status == RP_OK && out->failed) {
        status = RP_ERROR_NO_MEMORY;
    }
    return status == RP_ERROR_NO_MEMORY
               ? rp_report_fail(report, status, "no memory for the store's state")
               : status;
}

rp_status rp_store_save_section(const struct rp_store *store, enum rp_section section,
                                struct rp_buffer *out, rp_report *report)
{
    static rp_status (*const savers[RP_SECTION_COUNT])(struct rp_state_saver *) = {
#define X(name) [RP_SECTION_##name] = save_##name,
#include "engine/section.def"
#undef X
    };
    RP_ASSERT(section < RP_SECTION_COUNT);
    rp_status status = check_saving(store, report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_state_saver saver = {.store = store, .out = out, .report = report};
    return finish_saving(savers[section](&saver), out, report);
}

void rp_store_save_memory_head(const struct rp_store *store, uint32_t memory_index,
                               struct rp_buffer *out)
{
    RP_ASSERT(memory_index < store->memory_count);
    const struct rp_memory *memory = store->memories[memory_index];
    put_limits(out, &memory->limits);
    rp_msgpack_put_uint(out, memory->size_bytes / RP_PAGE_BYTES);
}

rp_status rp_store_save_memory(const struct rp_store *store, uint32_t memory_index,
                               struct rp_buffer *out, rp_report *report)
{
    RP_ASSERT(memory_index < store->memory_count);
    rp_status status = check_saving(store, report);
    if (status != RP_OK) {
        return status;
    }
    rp_store_save_memory_head(store, memory_index, out);
    rp_state_save_pages(store->memories[memory_index], out);
    return finish_saving(RP_OK, out, report);
}
