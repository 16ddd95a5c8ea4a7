/* Writing and reading the raw state of a store (layer 2). Writing and reading functions stand in
 * pairs, in the order of the stream. */
#include "engine/store_state.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/validate.h"

#include <string.h>

#define STATE_PAGE 4096u
#define LAST_PAGE UINT64_MAX

struct loader {
    const struct rp_store *from;
    struct rp_store *store;
    struct rp_reader reader;
    struct rp_validator *validator; /* of `validated` */
    const struct rp_module *validated;
    const struct rp_func
        *located; /* the last function and offset, and its location: recursion repeats them */
    uint32_t located_offset;
    struct rp_code_location location;
    rp_report *report;
};

static uint32_t get_u32(struct loader *loader)
{
    return rp_read_f32_bits(&loader->reader); /* four bytes, little endian */
}

static uint64_t get_u64(struct loader *loader)
{
    return rp_read_f64_bits(&loader->reader);
}

/* ---- functions ---- */

enum func_kind { FUNC_WASM, FUNC_HOST, FUNC_UNKNOWN };

static uint32_t binding_number(const struct rp_store *store, const struct rp_host_binding *binding)
{
    uint32_t number = 0;
    for (const struct rp_host_binding *b = store->bindings; b != binding; b = b->next) {
        RP_ASSERT(b != NULL);
        number++;
    }
    return number;
}

/* The instance whose module has the unknown import. */
static uint32_t importing_instance(const struct rp_store *store, const struct rp_func *func)
{
    for (uint32_t i = 0; i < store->instance_count; i++) {
        const struct rp_instance *instance = store->instances[i];
        for (uint32_t j = 0; j < instance->module->func_import_count; j++) {
            if (instance->funcs[j] == func) {
                return i;
            }
        }
    }
    RP_ASSERT(store->instance_count == UINT32_MAX); /* somebody imports it */
    return 0;
}

static void save_func(const struct rp_store *store, const struct rp_func *func,
                      struct rp_buffer *out)
{
    if (func->code != NULL) {
        rp_buffer_u32le(out, FUNC_WASM);
        rp_buffer_u32le(out, func->instance->index);
        rp_buffer_u32le(out, func->module_index);
    } else if (func->host->callback != NULL) {
        rp_buffer_u32le(out, FUNC_HOST);
        rp_buffer_u32le(out, binding_number(store, func->host));
    } else {
        rp_buffer_u32le(out, FUNC_UNKNOWN);
        rp_buffer_u32le(out, importing_instance(store, func));
        rp_buffer_u32le(out, func->host->import_index);
    }
}

static bool load_func(struct loader *loader)
{
    struct rp_store *store = loader->store;
    uint32_t kind = get_u32(loader);
    uint32_t number = get_u32(loader);
    if (kind == FUNC_WASM) {
        struct rp_instance *instance = store->instances[number];
        uint32_t own = get_u32(loader) - instance->module->func_import_count;
        return rp_store_add_func(store, &instance->own_funcs[own]) != NULL;
    }
    if (kind == FUNC_UNKNOWN) {
        return rp_store_add_host_func(store, NULL, store->instances[number]->module,
                                      get_u32(loader)) != NULL;
    }
    const struct rp_host_binding *binding = store->bindings;
    for (; number != 0; number--) {
        binding = binding->next;
    }
    return rp_store_add_host_func(store, binding, NULL, 0) != NULL;
}

/* ---- tables, memories, globals ---- */

static void save_limits(const struct rp_limits *limits, struct rp_buffer *out)
{
    rp_buffer_u64le(out, limits->min);
    rp_buffer_u64le(out, limits->has_max ? limits->max : UINT64_MAX);
}

static struct rp_limits load_limits(struct loader *loader)
{
    struct rp_limits limits = {.min = get_u64(loader)};
    limits.max = get_u64(loader);
    limits.has_max = limits.max != UINT64_MAX;
    limits.max = limits.has_max ? limits.max : 0;
    return limits;
}

static void save_table(const struct rp_table *table, struct rp_buffer *out)
{
    rp_buffer_u32le(out, table->type.element_type);
    save_limits(&table->type.limits, out);
    rp_buffer_u64le(out, table->count);
    for (uint64_t i = 0; i < table->count; i++) {
        rp_buffer_u64le(out, table->elements[i]);
    }
}

static bool load_table(struct loader *loader)
{
    struct rp_table_type type = {.element_type = get_u32(loader)};
    type.limits = load_limits(loader);
    uint64_t count = get_u64(loader);
    struct rp_table *table = rp_store_add_table(loader->store, &type);
    if (table == NULL || !rp_table_grow(table, loader->store, count, 0)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        table->elements[i] = get_u64(loader);
    }
    return true;
}

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, STATE_PAGE - 1) == 0;
}

static void save_memory(const struct rp_memory *memory, struct rp_buffer *out)
{
    save_limits(&memory->limits, out);
    rp_buffer_u64le(out, memory->size_bytes / RP_PAGE_BYTES);
    for (uint64_t at = 0; at < memory->size_bytes; at += STATE_PAGE) {
        if (!is_zero(memory->data + at)) {
            rp_buffer_u64le(out, at);
            rp_buffer_append(out, memory->data + at, STATE_PAGE);
        }
    }
    rp_buffer_u64le(out, LAST_PAGE);
}

static bool load_memory(struct loader *loader)
{
    struct rp_limits limits = load_limits(loader);
    uint64_t pages = get_u64(loader);
    struct rp_memory *memory = rp_store_add_memory(loader->store, &limits);
    if (memory == NULL || !rp_memory_grow(memory, loader->store, pages)) {
        return false;
    }
    for (uint64_t at; (at = get_u64(loader)) != LAST_PAGE;) {
        memcpy(memory->data + at, rp_read_bytes(&loader->reader, STATE_PAGE).data, STATE_PAGE);
    }
    return true;
}

static void save_global(const struct rp_global *global, struct rp_buffer *out)
{
    rp_buffer_u32le(out, global->type.type);
    rp_buffer_u32le(out, global->type.is_mutable);
    rp_buffer_u64le(out, global->value);
}

static bool load_global(struct loader *loader)
{
    struct rp_global_type type = {.type = get_u32(loader)};
    type.is_mutable = get_u32(loader) != 0;
    return rp_store_add_global(loader->store, &type, get_u64(loader)) != NULL;
}

/* ---- instances ---- */

static void save_instance(const struct rp_instance *instance, struct rp_buffer *out)
{
    const struct rp_module *module = instance->module;
    for (uint32_t i = 0; i < module->func_count; i++) {
        rp_buffer_u32le(out, instance->funcs[i]->index);
    }
    for (uint32_t i = 0; i < module->table_count; i++) {
        rp_buffer_u32le(out, instance->tables[i]->index);
    }
    for (uint32_t i = 0; i < module->memory_count; i++) {
        rp_buffer_u32le(out, instance->memories[i]->index);
    }
    for (uint32_t i = 0; i < module->global_count; i++) {
        rp_buffer_u32le(out, instance->globals[i]->index);
    }
    for (uint32_t i = 0; i < module->element_count; i++) {
        rp_buffer_u32le(out, instance->elements[i].dropped);
        rp_buffer_u32le(out, instance->elements[i].count);
        for (uint32_t j = 0; j < instance->elements[i].count; j++) {
            rp_buffer_u64le(out, instance->elements[i].refs[j]);
        }
    }
    for (uint32_t i = 0; i < module->data_count; i++) {
        rp_buffer_u32le(out, instance->data_dropped[i]);
    }
}

static bool load_segments(struct loader *loader, struct rp_instance *instance)
{
    const struct rp_module *module = instance->module;
    for (uint32_t i = 0; i < module->element_count; i++) {
        struct rp_elements *elements = &instance->elements[i];
        elements->dropped = get_u32(loader) != 0;
        elements->count = get_u32(loader);
        elements->refs =
            rp_arena_alloc(&loader->store->arena, elements->count, sizeof *elements->refs);
        if (elements->refs == NULL) {
            return false;
        }
        for (uint32_t j = 0; j < elements->count; j++) {
            elements->refs[j] = get_u64(loader);
        }
    }
    for (uint32_t i = 0; i < module->data_count; i++) {
        instance->data_dropped[i] = get_u32(loader) != 0;
    }
    return true;
}

static bool load_instance(struct loader *loader, struct rp_instance *instance)
{
    const struct rp_store *store = loader->store;
    const struct rp_module *module = instance->module;
    for (uint32_t i = 0; i < module->func_count; i++) {
        instance->funcs[i] = store->funcs[get_u32(loader)];
    }
    for (uint32_t i = 0; i < module->table_count; i++) {
        instance->tables[i] = store->tables[get_u32(loader)];
    }
    for (uint32_t i = 0; i < module->memory_count; i++) {
        instance->memories[i] = store->memories[get_u32(loader)];
    }
    if (module->memory_count != 0) {
        instance->memory0 = instance->memories[0];
    }
    for (uint32_t i = 0; i < module->global_count; i++) {
        instance->globals[i] = store->globals[get_u32(loader)];
    }
    return load_segments(loader, instance);
}

/* ---- gas, randomness, time ---- */

static void save_numbers(const struct rp_store *store, struct rp_buffer *out)
{
    rp_buffer_u64le(out, (uint64_t)rp_store_position(store));
    rp_buffer_u64le(out, store->host_gas);
    rp_buffer_u64le(out, store->load_gas);
    rp_buffer_u64le(out, store->instantiation_gas);
    rp_buffer_append(out, &store->pcg, sizeof store->pcg);
    rp_buffer_append(out, &store->clock, sizeof store->clock);
}

static void load_numbers(struct loader *loader)
{
    struct rp_store *store = loader->store;
    store->portion_end = (int64_t)get_u64(loader);
    store->machine.budget = 0;
    store->host_gas = get_u64(loader);
    store->load_gas = get_u64(loader);
    store->instantiation_gas = get_u64(loader);
    memcpy(&store->pcg, rp_read_bytes(&loader->reader, sizeof store->pcg).data, sizeof store->pcg);
    memcpy(&store->clock, rp_read_bytes(&loader->reader, sizeof store->clock).data,
           sizeof store->clock);
}

/* ---- the stopped call ---- */

static void save_slots(const struct rp_slot *from, const struct rp_slot *to, struct rp_buffer *out)
{
    rp_buffer_u32le(out, (uint32_t)(to - from));
    for (; from < to; from++) {
        rp_buffer_u64le(out, from->lo);
    }
}

static uint32_t load_slots(struct loader *loader, struct rp_slot *to)
{
    uint32_t count = get_u32(loader);
    for (uint32_t i = 0; i < count; i++) {
        to[i].lo = get_u64(loader);
    }
    return count;
}

static void save_call(const struct rp_store *store, struct rp_buffer *out)
{
    const struct rp_machine *vm = &store->machine;
    rp_buffer_u32le(out, store->stopped);
    if (!store->stopped) {
        return;
    }
    rp_buffer_u32le(out, store->entry->index);
    rp_buffer_u32le(out, store->entry_pending);
    if (store->entry_pending) {
        save_slots(store->stack.slots, vm->sp, out);
        return;
    }
    rp_buffer_u32le(out, (uint32_t)(vm->frame - store->stack.frames) + 1);
    for (const struct rp_frame *frame = store->stack.frames; frame <= vm->frame; frame++) {
        bool innermost = frame == vm->frame;
        rp_buffer_u32le(out, frame->func->index);
        rp_buffer_u32le(out,
                        (uint32_t)((innermost ? vm->pc : frame->pc) - frame->func->code->body));
        save_slots(frame->fp, innermost ? vm->sp : frame[1].fp, out);
    }
}

static rp_status locate(struct loader *loader, const struct rp_func *func, uint32_t offset,
                        struct rp_code_location *out_location)
{
    if (loader->located == func && loader->located_offset == offset) {
        *out_location = loader->location;
        return RP_OK;
    }
    const struct rp_module *module = func->instance->module;
    if (loader->validated != module) {
        if (loader->validator != NULL) {
            rp_validator_destroy(loader->validator);
            loader->validator = NULL;
            loader->validated = NULL;
        }
        rp_status status = rp_validator_create(module, &loader->store->allocator,
                                               &loader->validator, loader->report);
        if (status != RP_OK) {
            return status;
        }
        loader->validated = module;
    }
    rp_status status =
        rp_code_locate(loader->validator, func->module_index, offset, &loader->location);
    loader->located = status == RP_OK ? func : NULL;
    loader->located_offset = offset;
    *out_location = loader->location;
    return status;
}

/* Reads a frame and rebuilds what its function and offset determine. A waiting frame lacks the
 * operands that are the results of the call it waits for. */
static rp_status load_frame(struct loader *loader, bool innermost, struct rp_frame *frame)
{
    struct rp_store *store = loader->store;
    struct rp_machine *vm = &store->machine;
    struct rp_func *func = store->funcs[get_u32(loader)];
    uint32_t offset = get_u32(loader);
    struct rp_code_location location;
    rp_status status = locate(loader, func, offset, &location);
    if (status != RP_OK) {
        return status;
    }
    const struct rp_code *code = func->code;
    *frame =
        (struct rp_frame){.func = func,
                          .pc = code->body + offset,
                          .st = code->side_table + location.side_table_index - (innermost ? 0 : 1),
                          .fp = vm->sp,
                          .slots_used = vm->frame == NULL ? 0 : vm->frame->slots_used,
                          .result_count = code->type->result_count};
    frame->slots_used += code->frame_slots;
    uint32_t count = load_slots(loader, vm->sp);
    RP_ASSERT(innermost ? count == code->local_count + location.operand_count
                        : count <= code->local_count + location.operand_count);
    vm->sp += count;
    vm->frame = frame;
    return RP_OK;
}

static rp_status load_call(struct loader *loader)
{
    struct rp_store *store = loader->store;
    struct rp_machine *vm = &store->machine;
    store->stopped = get_u32(loader) != 0;
    if (!store->stopped) {
        return RP_OK;
    }
    store->entry = store->funcs[get_u32(loader)];
    store->entry_pending = get_u32(loader) != 0;
    if (store->entry_pending) {
        vm->sp += load_slots(loader, vm->sp);
        return RP_OK;
    }
    uint32_t frame_count = get_u32(loader);
    for (uint32_t i = 0; i < frame_count; i++) {
        rp_status status = load_frame(loader, i + 1 == frame_count, &store->stack.frames[i]);
        if (status != RP_OK) {
            return status;
        }
    }
    const struct rp_frame *top = vm->frame;
    vm->pc = top->pc;
    vm->st = top->st;
    vm->fp = top->fp;
    vm->base_frame = store->stack.frames;
    struct rp_instance *instance = top->func->instance;
    vm->instance = instance;
    vm->globals = instance->globals;
    vm->memory0 = instance->memory0;
    return RP_OK;
}

/* ---- registrations ---- */

static void save_registrations(const struct rp_registration *registration, struct rp_buffer *out)
{
    if (registration == NULL) {
        return;
    }
    save_registrations(registration->next, out); /* oldest first */
    rp_buffer_u32le(out, registration->instance->index);
    rp_buffer_u32le(out, (uint32_t)registration->name.size);
    rp_buffer_append(out, registration->name.data, registration->name.size);
}

static rp_status load_registration(struct loader *loader)
{
    struct rp_instance *instance = loader->store->instances[get_u32(loader)];
    uint32_t size = get_u32(loader);
    struct rp_span name = rp_read_bytes(&loader->reader, size);
    return rp_store_register(loader->store, (rp_name){(const char *)name.data, name.size}, instance,
                             loader->report);
}

/* ---- all of it ---- */

rp_status rp_store_save_state(const struct rp_store *store, struct rp_buffer *out,
                              rp_report *report)
{
    if (store->running) {
        return rp_report_fail(report, RP_ERROR_STATE, "the store is running");
    }
    rp_buffer_u32le(out, store->func_count);
    for (uint32_t i = 0; i < store->func_count; i++) {
        save_func(store, store->funcs[i], out);
    }
    rp_buffer_u32le(out, store->table_count);
    for (uint32_t i = 0; i < store->table_count; i++) {
        save_table(store->tables[i], out);
    }
    rp_buffer_u32le(out, store->memory_count);
    for (uint32_t i = 0; i < store->memory_count; i++) {
        save_memory(store->memories[i], out);
    }
    rp_buffer_u32le(out, store->global_count);
    for (uint32_t i = 0; i < store->global_count; i++) {
        save_global(store->globals[i], out);
    }
    for (uint32_t i = 0; i < store->instance_count; i++) {
        save_instance(store->instances[i], out);
    }
    save_numbers(store, out);
    save_call(store, out);
    uint32_t registrations = 0;
    for (const struct rp_registration *r = store->registrations; r != NULL; r = r->next) {
        registrations++;
    }
    rp_buffer_u32le(out, registrations);
    save_registrations(store->registrations, out);
    return out->failed
               ? rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the store's state")
               : RP_OK;
}

static bool load_objects(struct loader *loader)
{
    struct rp_store *store = loader->store;
    bool loaded = true;
    for (uint32_t count = get_u32(loader); loaded && count != 0; count--) {
        loaded = load_func(loader);
    }
    if (!loaded) {
        return false;
    }
    for (uint32_t count = get_u32(loader); loaded && count != 0; count--) {
        loaded = load_table(loader);
    }
    if (!loaded) {
        return false;
    }
    for (uint32_t count = get_u32(loader); loaded && count != 0; count--) {
        loaded = load_memory(loader);
    }
    if (!loaded) {
        return false;
    }
    for (uint32_t count = get_u32(loader); loaded && count != 0; count--) {
        loaded = load_global(loader);
    }
    for (uint32_t i = 0; loaded && i < store->instance_count; i++) {
        loaded = load_instance(loader, store->instances[i]);
    }
    return loaded;
}

/* Instances exist before the functions that belong to them. */
static bool make_instances(struct loader *loader)
{
    for (uint32_t i = 0; i < loader->from->instance_count; i++) {
        struct rp_instance *instance = rp_store_add_instance(loader->store);
        if (instance == NULL) {
            return false;
        }
        instance->module = loader->from->instances[i]->module;
        if (!rp_instance_allocate(instance)) {
            return false;
        }
    }
    return true;
}

static bool copy_bindings(struct rp_store *store, const struct rp_host_binding *binding)
{
    struct rp_host_binding **last = &store->bindings;
    for (; binding != NULL; binding = binding->next) {
        struct rp_host_binding *copy = rp_arena_alloc(&store->arena, 1, sizeof *copy);
        uint8_t *names =
            rp_arena_alloc(&store->arena, binding->module.size + binding->name.size + 1, 1);
        if (copy == NULL || names == NULL) {
            return false;
        }
        *copy = *binding;
        memcpy(names, binding->module.data, binding->module.size);
        memcpy(names + binding->module.size, binding->name.data, binding->name.size);
        copy->module.data = names;
        copy->name.data = names + binding->module.size;
        copy->next = NULL;
        *last = copy;
        last = &copy->next;
    }
    return true;
}

static rp_status create_like(const struct rp_store *from, struct rp_store **out_store,
                             rp_report *report)
{
    rp_store_config config;
    rp_store_config_init(&config);
    config.memory_max_bytes = from->memory_max_bytes;
    config.table_max_elements = from->table_max_elements;
    config.call_depth_max = from->call_depth_max;
    config.stack_slots_max = from->machine.slots_max;
    config.host_depth_max = from->host_depth_max;
    config.allocation_limit_bytes = from->allocator.limit_bytes;
    config.metered = from->machine.only_metered;
    rp_status status = rp_store_create(from->engine, &config, out_store, report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_store *store = *out_store;
    store->gas_limit = from->gas_limit;
    store->until_gas = from->until_gas;
    store->stop_word = from->stop_word;
    store->trap_unknown_imports = from->trap_unknown_imports;
    if (!copy_bindings(store, from->bindings)) {
        rp_store_destroy(store);
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for host functions");
    }
    return RP_OK;
}

rp_status rp_store_load_state(const struct rp_store *from, const uint8_t *data, size_t size,
                              struct rp_store **out_store, rp_report *report)
{
    struct loader loader = {.from = from, .report = report};
    rp_reader_init(&loader.reader, data, 0, size);
    rp_status status = create_like(from, &loader.store, report);
    if (status != RP_OK) {
        return status;
    }
    if (!make_instances(&loader) || !load_objects(&loader)) {
        status = rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the store's objects");
    }
    if (status == RP_OK) {
        load_numbers(&loader);
        status = load_call(&loader);
    }
    if (loader.validator != NULL) {
        rp_validator_destroy(loader.validator);
    }
    if (status == RP_OK) {
        for (uint32_t count = get_u32(&loader); status == RP_OK && count != 0; count--) {
            status = load_registration(&loader);
        }
    }
    if (status != RP_OK) {
        rp_store_destroy(loader.store);
        return status;
    }
    RP_ASSERT(loader.reader.error == NULL && rp_reader_left(&loader.reader) == 0);
    *out_store = loader.store;
    return RP_OK;
}
