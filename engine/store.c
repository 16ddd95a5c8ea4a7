/* Stores and their objects (layer 2): creation, limits, growth. */
#include "engine/store.h"

#include "core/assert.h"
#include "core/limits.h"
#include "core/report.h"
#include "engine/store_part.h"

#include <string.h>

/* Operands and results of calls from outside lie on the same stack as frames. */
#define BORDER_SLOTS (RP_LIMIT_PARAMS + RP_LIMIT_RESULTS)

void rp_store_config_init(rp_store_config *config)
{
    *config = (rp_store_config){
        .struct_size = sizeof *config,
        .memory_max_bytes = RP_DEFAULT_MEMORY_BYTES,
        .table_max_elements = RP_LIMIT_TABLE_ELEMENTS,
        .call_depth_max = RP_DEFAULT_CALL_DEPTH,
        .stack_slots_max = RP_DEFAULT_STACK_SLOTS,
        .host_depth_max = RP_DEFAULT_HOST_DEPTH,
        .seed = RP_DEFAULT_SEED,
        .time_ns = RP_DEFAULT_TIME_NS,
    };
}

static rp_status check_config(const rp_store_config *config, rp_report *report)
{
    if (config->struct_size != sizeof *config) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "rp_store_config: struct_size is %zu, this library's is %zu",
                              config->struct_size, sizeof *config);
    }
    if (config->call_depth_max > RP_LIMIT_CALL_DEPTH) {
        return rp_report_fail(report, RP_ERROR_LIMIT, "call_depth_max is %u, at most %u",
                              config->call_depth_max, RP_LIMIT_CALL_DEPTH);
    }
    if (config->stack_slots_max > RP_LIMIT_STACK_SLOTS) {
        return rp_report_fail(report, RP_ERROR_LIMIT, "stack_slots_max is %llu, at most %u",
                              (unsigned long long)config->stack_slots_max, RP_LIMIT_STACK_SLOTS);
    }
    if (config->host_depth_max > RP_LIMIT_HOST_DEPTH) {
        return rp_report_fail(report, RP_ERROR_LIMIT, "host_depth_max is %u, at most %u",
                              config->host_depth_max, RP_LIMIT_HOST_DEPTH);
    }
    return RP_OK;
}

static uint64_t or_default(uint64_t value, uint64_t fallback)
{
    return value == 0 ? fallback : value;
}

static bool create_stack(struct rp_store *store, uint64_t slots_max)
{
    struct rp_stack *stack = &store->stack;
    size_t page = rp_platform_page_bytes();
    size_t frame_bytes = ((size_t)store->call_depth_max + 1) * sizeof(struct rp_frame);
    frame_bytes = (frame_bytes + page - 1) / page * page;
    size_t slots = (size_t)slots_max + (size_t)BORDER_SLOTS * (store->host_depth_max + 1u);
    size_t slot_bytes = (slots * sizeof(struct rp_slot) + page - 1) / page * page;
    stack->reserved_bytes = frame_bytes + slot_bytes;
    stack->base = rp_platform_reserve(stack->reserved_bytes);
    if (stack->base == NULL) {
        return false;
    }
    stack->frames = (struct rp_frame *)(void *)stack->base;
    stack->slots = (struct rp_slot *)(void *)(stack->base + frame_bytes);
    return rp_platform_commit(stack->base, stack->reserved_bytes);
}

static void init_store(struct rp_store *store, const rp_store_config *config)
{
    struct rp_machine *vm = &store->machine;
    store->memory_max_bytes = or_default(config->memory_max_bytes, RP_DEFAULT_MEMORY_BYTES);
    store->table_max_elements = or_default(config->table_max_elements, RP_LIMIT_TABLE_ELEMENTS);
    store->call_depth_max = (uint32_t)or_default(config->call_depth_max, RP_DEFAULT_CALL_DEPTH);
    store->host_depth_max = (uint32_t)or_default(config->host_depth_max, RP_DEFAULT_HOST_DEPTH);
    store->gas_limit = RP_GAS_UNLIMITED;
    store->until_gas = RP_GAS_UNLIMITED;
    store->share_end = RP_GAS_UNLIMITED;
    store->stop_on_grow_denied = config->stop_on_grow_denied;
    store->seed = config->seed;
    store->time_ns = config->time_ns;
    rp_pcg64_seed_u64(&store->pcg, config->seed);
    store->clock =
        (struct rp_virtual_clock){.start_ns = config->time_ns, .ns_per_gas = config->ns_per_gas};
    vm->store = store;
    vm->slots_max = or_default(config->stack_slots_max, RP_DEFAULT_STACK_SLOTS);
    vm->only_metered = config->metered;
    vm->byte_prices = store->engine->byte_prices;
}

rp_status rp_store_create(rp_engine *engine, const rp_store_config *config, rp_store **out_store,
                          rp_report *report)
{
    rp_store_config defaults;
    if (config == NULL) {
        rp_store_config_init(&defaults);
        config = &defaults;
    }
    rp_status status = check_config(config, report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, or_default(config->allocation_limit_bytes, UINT64_MAX));
    struct rp_store *store = rp_alloc_zero(&allocator, 1, sizeof *store);
    if (store == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "store: no memory for %zu bytes",
                              sizeof *store);
    }
    store->allocator = allocator;
    store->engine = engine;
    rp_allocator_init(&store->handle_allocator, 0);
    rp_arena_init(&store->handle_arena, &store->handle_allocator);
    rp_arena_init(&store->arena, &store->allocator);
    rp_buffer_init(&store->embedder, &store->allocator);
    init_store(store, config);
    if (!create_stack(store, store->machine.slots_max)) {
        rp_store_destroy(store);
        return rp_report_fail(
            report, RP_ERROR_NO_MEMORY, "store: no address space for the stack of %llu slots",
            (unsigned long long)or_default(config->stack_slots_max, RP_DEFAULT_STACK_SLOTS));
    }
    store->machine.frame_end = store->stack.frames + store->call_depth_max;
    store->machine.sp = store->stack.slots;
    *out_store = store;
    return RP_OK;
}

void rp_store_destroy(rp_store *store)
{
    if (store == NULL) {
        return;
    }
    RP_ASSERT(!store->running);
    rp_store_release_border(store);
    if (store->root_cache != NULL) {
        store->root_cache->destroy(store->root_cache);
    }
    for (uint32_t i = 0; i < store->memory_count; i++) {
        rp_platform_release(store->memories[i]->data, store->memories[i]->reserved_bytes);
    }
    for (uint32_t i = 0; i < store->table_count; i++) {
        struct rp_table *table = store->tables[i];
        rp_free(&store->allocator, table->elements, table->capacity * sizeof *table->elements);
    }
    rp_platform_release(store->stack.base, store->stack.reserved_bytes);
    rp_buffer_deinit(&store->embedder);
    rp_arena_deinit(&store->arena);
    rp_arena_deinit(&store->handle_arena);
    RP_ASSERT(store->handle_allocator.used_bytes == 0);
    struct rp_allocator allocator = store->allocator;
    rp_free(&allocator, (void *)store->funcs, store->func_capacity * sizeof *store->funcs);
    rp_free(&allocator, (void *)store->tables, store->table_capacity * sizeof *store->tables);
    rp_free(&allocator, (void *)store->memories, store->memory_capacity * sizeof *store->memories);
    rp_free(&allocator, (void *)store->globals, store->global_capacity * sizeof *store->globals);
    rp_free(&allocator, (void *)store->instances,
            store->instance_capacity * sizeof *store->instances);
    rp_free(&allocator, store, sizeof *store);
    RP_ASSERT(allocator.used_bytes == 0);
}

void rp_store_add_part(struct rp_store *store, struct rp_store_part *part)
{
    struct rp_store_part **last = &store->parts;
    while (*last != NULL) {
        RP_ASSERT(*last != part);
        last = &(*last)->next;
    }
    part->next = NULL;
    *last = part;
}

const struct rp_schedule *rp_store_schedule(const rp_store *store)
{
    return &store->engine->schedule;
}

/* Room for one more pointer in an object table; the count is raised by the caller. */
static bool make_room(struct rp_store *store, void **objects, uint32_t count, uint32_t *capacity)
{
    void *larger =
        rp_grow(&store->allocator, *objects, capacity, (uint64_t)count + 1, sizeof(void *));
    if (larger == NULL) {
        return false;
    }
    *objects = larger;
    return true;
}

struct rp_func *rp_store_add_func(struct rp_store *store, struct rp_func *func)
{
    void *funcs = (void *)store->funcs;
    if (!make_room(store, &funcs, store->func_count, &store->func_capacity)) {
        return NULL;
    }
    store->funcs = funcs;
    func->index = store->func_count;
    store->funcs[store->func_count++] = func;
    return func;
}

struct rp_global *rp_store_add_global(struct rp_store *store, const struct rp_global_type *type,
                                      uint64_t value)
{
    void *globals = (void *)store->globals;
    struct rp_global *global = rp_arena_alloc(&store->arena, 1, sizeof *global);
    if (global == NULL ||
        !make_room(store, &globals, store->global_count, &store->global_capacity)) {
        return NULL;
    }
    store->globals = globals;
    *global = (struct rp_global){.value = value, .type = *type, .index = store->global_count};
    store->globals[store->global_count++] = global;
    return global;
}

struct rp_instance *rp_store_add_instance(struct rp_store *store)
{
    void *instances = (void *)store->instances;
    struct rp_instance *instance = rp_arena_alloc(&store->arena, 1, sizeof *instance);
    if (instance == NULL ||
        !make_room(store, &instances, store->instance_count, &store->instance_capacity)) {
        return NULL;
    }
    store->instances = instances;
    instance->store = store;
    instance->index = store->instance_count;
    store->instances[store->instance_count++] = instance;
    return instance;
}

/* ---- memories ---- */

uint64_t rp_memory_pages_max(const struct rp_memory *memory)
{
    bool bounded = memory->limits.has_max && memory->limits.max < RP_LIMIT_MEMORY_PAGES;
    return bounded ? memory->limits.max : RP_LIMIT_MEMORY_PAGES;
}

bool rp_memory_may_grow(const struct rp_memory *memory, const struct rp_store *store,
                        uint64_t pages)
{
    if (pages > rp_memory_pages_max(memory)) {
        return false;
    }
    uint64_t others = store->memory_used_bytes - memory->size_bytes;
    return pages * RP_PAGE_BYTES <= store->memory_max_bytes - others;
}

bool rp_memory_grow(struct rp_memory *memory, struct rp_store *store, uint64_t pages)
{
    uint64_t size = pages * RP_PAGE_BYTES;
    RP_ASSERT(size >= memory->size_bytes && size <= memory->reserved_bytes);
    if (size > memory->size_bytes &&
        !rp_platform_commit(memory->data + memory->size_bytes, size - memory->size_bytes)) {
        return false;
    }
    store->memory_used_bytes += size - memory->size_bytes;
    memory->size_bytes = size;
    return true;
}

struct rp_memory *rp_store_add_memory(struct rp_store *store, const struct rp_limits *limits)
{
    void *memories = (void *)store->memories;
    struct rp_memory *memory = rp_arena_alloc(&store->arena, 1, sizeof *memory);
    if (memory == NULL ||
        !make_room(store, &memories, store->memory_count, &store->memory_capacity)) {
        return NULL;
    }
    store->memories = memories;
    memory->limits = *limits;
    memory->index = store->memory_count;
    uint64_t most = rp_memory_pages_max(memory) * RP_PAGE_BYTES;
    uint64_t allowed = store->memory_max_bytes / RP_PAGE_BYTES * RP_PAGE_BYTES;
    memory->reserved_bytes = most < allowed ? most : allowed;
    if (memory->reserved_bytes != 0) {
        memory->data = rp_platform_reserve(memory->reserved_bytes);
        if (memory->data == NULL) {
            return NULL;
        }
    }
    store->memories[store->memory_count++] = memory;
    return rp_memory_grow(memory, store, limits->min) ? memory : NULL;
}

/* ---- tables ---- */

bool rp_table_may_grow(const struct rp_table *table, const struct rp_store *store, uint64_t count)
{
    uint64_t most = table->type.limits.has_max ? table->type.limits.max : UINT32_MAX;
    return count <= most &&
           count - table->count <= store->table_max_elements - store->table_used_elements;
}

bool rp_table_grow(struct rp_table *table, struct rp_store *store, uint64_t count, uint64_t ref)
{
    if (count > table->capacity) {
        uint64_t capacity = table->count == 0 ? count : count + count / 2;
        uint64_t *elements =
            rp_realloc(&store->allocator, table->elements, table->capacity * sizeof *elements,
                       capacity * sizeof *elements);
        if (elements == NULL) {
            return false;
        }
        table->elements = elements;
        table->capacity = capacity;
    }
    for (uint64_t i = table->count; i < count; i++) {
        table->elements[i] = ref;
    }
    store->table_used_elements += count - table->count;
    table->count = count;
    return true;
}

struct rp_table *rp_store_add_table(struct rp_store *store, const struct rp_table_type *type)
{
    void *tables = (void *)store->tables;
    struct rp_table *table = rp_arena_alloc(&store->arena, 1, sizeof *table);
    if (table == NULL || !make_room(store, &tables, store->table_count, &store->table_capacity)) {
        return NULL;
    }
    store->tables = tables;
    table->type = *type;
    table->index = store->table_count;
    store->tables[store->table_count++] = table;
    return rp_table_grow(table, store, type->limits.min, 0) ? table : NULL;
}

/* ---- the embedder's view ---- */

rp_status rp_store_set_embedder_data(rp_store *store, const void *data, size_t size,
                                     rp_report *report)
{
    if (size > RP_EMBEDDER_BYTES_MAX) {
        return rp_report_fail(report, RP_ERROR_LIMIT, "embedder data of %zu bytes, at most %u",
                              size, RP_EMBEDDER_BYTES_MAX);
    }
    struct rp_buffer fresh;
    rp_buffer_init(&fresh, &store->allocator);
    rp_buffer_append(&fresh, data, size);
    if (fresh.failed) {
        rp_buffer_deinit(&fresh);
        return rp_report_fail(report, RP_ERROR_NO_MEMORY,
                              "no memory for %zu bytes of embedder data", size);
    }
    rp_buffer_deinit(&store->embedder);
    store->embedder = fresh;
    return RP_OK;
}

const uint8_t *rp_store_embedder_data(const rp_store *store, size_t *out_size)
{
    *out_size = store->embedder.size;
    return store->embedder.data;
}
