/* Stores and their objects (layer 2): creation, limits, growth. */
#include "engine/store.h"

#include "core/assert.h"
#include "core/limits.h"
#include "core/report.h"

#include <string.h>

/* Operands and results of calls from outside lie on the same stack as frames. */
#define BORDER_SLOTS (RP_LIMIT_PARAMS + RP_LIMIT_RESULTS)
#define STACK_SLOTS_LIMIT 0x40000000u
#define CALL_DEPTH_LIMIT 0x4000000u
#define HOST_DEPTH_LIMIT 200u

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
    if (config->call_depth_max > CALL_DEPTH_LIMIT) {
        return rp_report_fail(report, RP_ERROR_LIMIT, "call_depth_max is %u, at most %u",
                              config->call_depth_max, CALL_DEPTH_LIMIT);
    }
    if (config->stack_slots_max > STACK_SLOTS_LIMIT) {
        return rp_report_fail(report, RP_ERROR_LIMIT, "stack_slots_max is %llu, at most %u",
                              (unsigned long long)config->stack_slots_max, STACK_SLOTS_LIMIT);
    }
    if (config->host_depth_max > HOST_DEPTH_LIMIT) {
        return rp_report_fail(report, RP_ERROR_LIMIT, "host_depth_max is %u, at most %u",
                              config->host_depth_max, HOST_DEPTH_LIMIT);
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
    rp_arena_init(&store->arena, &store->allocator);
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
    for (uint32_t i = 0; i < store->memory_count; i++) {
        rp_platform_release(store->memories[i]->data, store->memories[i]->reserved_bytes);
    }
    for (uint32_t i = 0; i < store->table_count; i++) {
        struct rp_table *table = store->tables[i];
        rp_free(&store->allocator, table->elements, table->capacity * sizeof *table->elements);
    }
    rp_platform_release(store->stack.base, store->stack.reserved_bytes);
    rp_arena_deinit(&store->arena);
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

rp_instance *rp_store_instance(const rp_store *store, uint32_t index)
{
    return index < store->instance_count ? store->instances[index] : NULL;
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

static uint64_t memory_pages_max(const struct rp_memory *memory)
{
    bool bounded = memory->limits.has_max && memory->limits.max < RP_LIMIT_MEMORY_PAGES;
    return bounded ? memory->limits.max : RP_LIMIT_MEMORY_PAGES;
}

bool rp_memory_may_grow(const struct rp_memory *memory, const struct rp_store *store,
                        uint64_t pages)
{
    if (pages > memory_pages_max(memory)) {
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
    uint64_t most = memory_pages_max(memory) * RP_PAGE_BYTES;
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

void rp_store_interrupt(rp_store *store, rp_stop why)
{
    store->stop_word = (int)why;
}

bool rp_store_is_stopped(const rp_store *store)
{
    return store->stopped;
}

uint64_t rp_store_time_ns(const rp_store *store)
{
    return rp_virtual_clock_now(&store->clock, (uint64_t)rp_store_position(store));
}

void rp_store_sleep_ns(rp_store *store, uint64_t ns)
{
    rp_virtual_clock_sleep(&store->clock, ns);
}

uint64_t rp_store_random_u64(rp_store *store)
{
    return rp_pcg64_next(&store->pcg);
}

void rp_store_random_bytes(rp_store *store, void *data, size_t size)
{
    rp_pcg64_bytes(&store->pcg, data, size);
}

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
    global->value = rp_value_to_slot(value);
    return RP_OK;
}

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
    memcpy(bytes, data, size);
    return RP_OK;
}

uint64_t rp_store_memory_bytes(const rp_store *store)
{
    return store->memory_used_bytes;
}
