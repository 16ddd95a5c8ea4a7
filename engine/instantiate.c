/* Instantiation (layer 2; core specification 4.5.4), in its order: link, allocate, globals, element
 * segments, data segments, start.
 *
 * Until everything is linked and allocated the store is unchanged; from the first segment on, what
 * was written stays. */
#include "engine/instantiate.h"
#include "core/assert.h"
#include "core/report.h"
#include "engine/call.h"
#include "engine/checkpoint.h"
#include "engine/link.h"
#include "engine/module_cache.h"
#include "engine/store_check.h"

#include <string.h>

struct rp_object_counts rp_store_count_objects(const struct rp_store *store)
{
    return (struct rp_object_counts){store->func_count, store->table_count, store->memory_count,
                                     store->global_count, store->instance_count};
}

void rp_store_remove_objects(struct rp_store *store, const struct rp_object_counts *before)
{
    for (uint32_t i = before->memories; i < store->memory_count; i++) {
        struct rp_memory *memory = store->memories[i];
        store->memory_used_bytes -= memory->size_bytes;
        rp_platform_release(memory->data, memory->reserved_bytes);
    }
    for (uint32_t i = before->tables; i < store->table_count; i++) {
        struct rp_table *table = store->tables[i];
        store->table_used_elements -= table->count;
        rp_free(&store->allocator, table->elements, table->capacity * sizeof(uint64_t));
    }
    for (uint32_t i = before->instances; i < store->instance_count; i++) {
        rp_instance_release_module(store->instances[i]);
    }
    store->func_count = before->funcs;
    store->table_count = before->tables;
    store->memory_count = before->memories;
    store->global_count = before->globals;
    store->instance_count = before->instances;
}

/* ---- checks before anything is made ---- */

struct import_failure {
    struct rp_buffer text;
    uint32_t count;
    const rp_module *module;
};

static void note_import(void *user, size_t index, bool linked, const char *offered)
{
    struct import_failure *failure = user;
    if (linked) {
        return;
    }
    char wanted[160];
    rp_import_info info = rp_module_import(failure->module, index);
    rp_module_import_type(failure->module, index, wanted, sizeof wanted);
    rp_buffer_printf(&failure->text, "%s\"%.*s\".\"%.*s\": wanted %s, offered %s",
                     failure->count++ == 0 ? "" : "; ", (int)info.module.size, info.module.data,
                     (int)info.name.size, info.name.data, wanted, offered);
}

static rp_status refuse_imports(struct rp_store *store, const struct rp_module *module,
                                rp_report *report)
{
    struct import_failure failure = {.module = module};
    rp_buffer_init(&failure.text, &store->allocator);
    rp_status status = rp_store_visit_imports(store, module, note_import, &failure);
    rp_buffer_byte(&failure.text, 0);
    if (status == RP_OK && !failure.text.failed) {
        status = rp_report_fail(report, RP_ERROR_IMPORT, "%u imports are not offered: %s",
                                failure.count, (const char *)failure.text.data);
    } else {
        status = rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for linking");
    }
    rp_buffer_deinit(&failure.text);
    return status;
}

static rp_status find_links(struct rp_store *store, const struct rp_module *module,
                            struct rp_link *links, rp_report *report)
{
    for (uint32_t i = 0; i < module->import_count; i++) {
        bool may_trap = store->trap_unknown_imports && module->imports[i].kind == RP_EXTERN_FUNC;
        if (!rp_link_find(store, module, i, &links[i]) && !may_trap) {
            return refuse_imports(store, module, report);
        }
    }
    return RP_OK;
}

static rp_status check_limits(const struct rp_store *store, const struct rp_module *module,
                              const struct rp_link *links, const struct rp_takeover *taken,
                              rp_report *report)
{
    uint64_t bytes = store->memory_used_bytes;
    for (uint32_t i = 0; i < module->import_count; i++) {
        if (links[i].offered_memory) {
            bytes += module->memories[module->imports[i].index].min * RP_PAGE_BYTES;
        }
    }
    for (uint32_t i = module->memory_import_count; i < module->memory_count; i++) {
        bool is_taken = taken->memories != NULL && taken->memories[i] != NULL;
        bytes += is_taken ? 0 : module->memories[i].min * RP_PAGE_BYTES;
    }
    if (bytes > store->memory_max_bytes) {
        return rp_report_fail(
            report, RP_ERROR_LIMIT, "initial memory of %llu bytes, the limit is %llu",
            (unsigned long long)bytes, (unsigned long long)store->memory_max_bytes);
    }
    uint64_t elements = store->table_used_elements;
    for (uint32_t i = module->table_import_count; i < module->table_count; i++) {
        elements += module->tables[i].limits.min;
    }
    if (elements > store->table_max_elements) {
        return rp_report_fail(
            report, RP_ERROR_LIMIT, "initial tables of %llu elements, the limit is %llu",
            (unsigned long long)elements, (unsigned long long)store->table_max_elements);
    }
    return RP_OK;
}

/* ---- allocation ---- */

static void *array(struct rp_store *store, uint64_t count, size_t size)
{
    return rp_arena_alloc(&store->arena, count, size);
}

struct rp_func *rp_store_add_host_func(struct rp_store *store,
                                       const struct rp_host_binding *binding,
                                       const struct rp_module *module, uint32_t import_index)
{
    struct rp_func *func = array(store, 1, sizeof *func);
    if (func == NULL) {
        return NULL;
    }
    if (binding == NULL) {
        const struct rp_import *import = &module->imports[import_index];
        struct rp_host_binding *unknown = array(store, 1, sizeof *unknown);
        if (unknown == NULL) {
            return NULL;
        }
        *unknown = (struct rp_host_binding){.module = import->module,
                                            .name = import->name,
                                            .type = rp_module_func_type(module, import->index),
                                            .import_index = import_index};
        binding = unknown;
    }
    func->host = binding;
    func->type = binding->type;
    return rp_store_add_func(store, func);
}

static bool place_import(struct rp_store *store, struct rp_instance *instance,
                         uint32_t import_index, const struct rp_link *link)
{
    const struct rp_import *import = &instance->module->imports[import_index];
    switch (import->kind) {
    case RP_EXTERN_FUNC:
        instance->funcs[import->index] =
            link->func != NULL
                ? link->func
                : rp_store_add_host_func(store, link->host, instance->module, import_index);
        return instance->funcs[import->index] != NULL;
    case RP_EXTERN_TABLE:
        instance->tables[import->index] = link->table;
        return true;
    case RP_EXTERN_MEMORY:
        instance->memories[import->index] =
            link->offered_memory
                ? rp_store_add_memory(store, &instance->module->memories[import->index])
                : link->memory;
        return instance->memories[import->index] != NULL;
    default:
        instance->globals[import->index] = link->global;
        return true;
    }
}

bool rp_instance_allocate_objects(struct rp_instance *instance)
{
    struct rp_store *store = instance->store;
    const struct rp_module *module = instance->module;
    static struct rp_memory no_memory;
    rp_module_retain(module);
    instance->holds_module = true;
    instance->serial = __atomic_add_fetch(&store->engine->instance_serial, 1, __ATOMIC_RELAXED);
    instance->tables = array(store, module->table_count, sizeof *instance->tables);
    instance->memories = array(store, module->memory_count, sizeof *instance->memories);
    instance->globals = array(store, module->global_count, sizeof *instance->globals);
    instance->elements = array(store, module->element_count, sizeof *instance->elements);
    instance->data_dropped = array(store, module->data_count, 1);
    instance->memory0 = &no_memory;
    return instance->tables != NULL && instance->memories != NULL && instance->globals != NULL &&
           instance->elements != NULL && instance->data_dropped != NULL;
}

bool rp_instance_allocate_funcs(struct rp_instance *instance)
{
    struct rp_store *store = instance->store;
    const struct rp_module *module = instance->module;
    instance->funcs = array(store, module->func_count, sizeof *instance->funcs);
    instance->own_funcs =
        array(store, module->func_count - module->func_import_count, sizeof *instance->own_funcs);
    if (instance->funcs == NULL || instance->own_funcs == NULL) {
        return false;
    }
    for (uint32_t i = module->func_import_count; i < module->func_count; i++) {
        instance->own_funcs[i - module->func_import_count] =
            (struct rp_func){.code = rp_module_code(module, i),
                             .instance = instance,
                             .type = rp_module_func_type(module, i),
                             .module_index = i};
    }
    return true;
}

static bool add_own_funcs(struct rp_store *store, struct rp_instance *instance)
{
    const struct rp_module *module = instance->module;
    for (uint32_t i = module->func_import_count; i < module->func_count; i++) {
        instance->funcs[i] =
            rp_store_add_func(store, &instance->own_funcs[i - module->func_import_count]);
        if (instance->funcs[i] == NULL) {
            return false;
        }
    }
    return true;
}

/* The value of a validated constant expression as a slot; `reader` moves behind its `end`. */
static uint64_t evaluate(const struct rp_instance *instance, struct rp_reader *reader)
{
    uint64_t value = 0;
    uint8_t op = rp_read_byte(reader);
    switch (op) {
    case 0x41:
        value = (uint32_t)rp_read_s32(reader);
        break;
    case 0x42:
        value = (uint64_t)rp_read_s64(reader);
        break;
    case 0x43:
        value = rp_read_f32_bits(reader);
        break;
    case 0x44:
        value = rp_read_f64_bits(reader);
        break;
    case 0x23:
        value = instance->globals[rp_read_u32(reader)]->value;
        break;
    case 0xd0:
        rp_read_s33(reader);
        break;
    default:
        RP_ASSERT(op == 0xd2);
        value = (uint64_t)instance->funcs[rp_read_u32(reader)]->index + 1;
        break;
    }
    uint8_t end = rp_read_byte(reader);
    RP_ASSERT(end == 0x0b && reader->error == NULL);
    return value;
}

static uint64_t evaluate_expr(const struct rp_instance *instance, const struct rp_const_expr *expr)
{
    struct rp_reader reader;
    rp_reader_init(&reader, instance->module->bytes, expr->offset,
                   (size_t)expr->offset + expr->size);
    return evaluate(instance, &reader);
}

static bool add_own_objects(struct rp_store *store, struct rp_instance *instance,
                            const struct rp_takeover *taken)
{
    const struct rp_module *module = instance->module;
    for (uint32_t i = module->table_import_count; i < module->table_count; i++) {
        instance->tables[i] = rp_store_add_table(store, &module->tables[i]);
        if (instance->tables[i] == NULL) {
            return false;
        }
    }
    for (uint32_t i = module->memory_import_count; i < module->memory_count; i++) {
        instance->memories[i] = taken->memories != NULL && taken->memories[i] != NULL
                                    ? taken->memories[i]
                                    : rp_store_add_memory(store, &module->memories[i]);
        if (instance->memories[i] == NULL) {
            return false;
        }
    }
    if (module->memory_count != 0) {
        instance->memory0 = instance->memories[0];
    }
    for (uint32_t i = module->global_import_count; i < module->global_count; i++) {
        if (taken->globals != NULL && taken->globals[i] != NULL) {
            instance->globals[i] = taken->globals[i];
            continue;
        }
        uint64_t value = evaluate_expr(instance, &module->globals[i].init);
        instance->globals[i] = rp_store_add_global(store, &module->globals[i].type, value);
        if (instance->globals[i] == NULL) {
            return false;
        }
    }
    return true;
}

static bool evaluate_elements(struct rp_store *store, struct rp_instance *instance)
{
    const struct rp_module *module = instance->module;
    for (uint32_t i = 0; i < module->element_count; i++) {
        const struct rp_element_segment *segment = &module->elements[i];
        struct rp_elements *elements = &instance->elements[i];
        elements->refs = array(store, segment->count, sizeof *elements->refs);
        if (elements->refs == NULL) {
            return false;
        }
        elements->count = segment->count;
        struct rp_reader reader;
        rp_reader_init(&reader, module->bytes, segment->items_offset, module->size);
        for (uint32_t j = 0; j < segment->count; j++) {
            elements->refs[j] = segment->uses_expressions
                                    ? evaluate(instance, &reader)
                                    : (uint64_t)instance->funcs[rp_read_u32(&reader)]->index + 1;
        }
    }
    return true;
}

static bool allocate_instance(struct rp_store *store, const struct rp_module *module,
                              const struct rp_link *links, const struct rp_takeover *taken,
                              struct rp_instance **out_instance)
{
    struct rp_instance *instance = rp_store_add_instance(store);
    if (instance == NULL) {
        return false;
    }
    instance->module = module;
    if (!rp_instance_allocate_objects(instance) || !rp_instance_allocate_funcs(instance)) {
        return false;
    }
    for (uint32_t i = 0; i < module->import_count; i++) {
        if (!place_import(store, instance, i, &links[i])) {
            return false;
        }
    }
    *out_instance = instance;
    return add_own_funcs(store, instance) && add_own_objects(store, instance, taken) &&
           evaluate_elements(store, instance);
}

/* ---- the account *instantiation* ---- */

static uint64_t instantiation_price(const struct rp_store *store, const struct rp_module *module,
                                    const struct rp_takeover *taken)
{
    const struct rp_schedule *schedule = &store->engine->schedule;
    uint64_t objects = (uint64_t)module->func_count + module->global_count + module->table_count +
                       module->memory_count + module->element_count + module->data_count;
    uint64_t pages = 0;
    uint64_t elements = 0;
    uint64_t bytes = 0;
    for (uint32_t i = module->memory_import_count; i < module->memory_count; i++) {
        bool is_taken = taken->memories != NULL && taken->memories[i] != NULL;
        pages += is_taken ? 0 : module->memories[i].min;
    }
    for (uint32_t i = module->table_import_count; i < module->table_count; i++) {
        elements += module->tables[i].limits.min;
    }
    for (uint32_t i = 0; i < module->element_count; i++) {
        elements += module->elements[i].count;
    }
    for (uint32_t i = 0; module->data != NULL && i < module->data_count; i++) {
        bytes += module->data[i].mode == RP_SEGMENT_ACTIVE ? module->data[i].bytes.size : 0;
    }
    return (uint64_t)schedule->flat_prices[RP_GAS_FLAT_INSTANCE] +
           rp_schedule_term(schedule, RP_GAS_TERM_INSTANCE_OBJECTS, objects) +
           rp_schedule_term(schedule, RP_GAS_TERM_INSTANCE_PAGES, pages) +
           rp_schedule_term(schedule, RP_GAS_TERM_INSTANCE_ELEMENTS, elements) +
           rp_schedule_term(schedule, RP_GAS_TERM_INSTANCE_BYTES, bytes);
}

/* ---- segments ---- */

static void trap_outcome(rp_outcome *out_outcome, rp_trap_code code, const char *what,
                         uint32_t index)
{
    memset(out_outcome, 0, sizeof *out_outcome);
    out_outcome->kind = RP_OUTCOME_TRAPPED;
    out_outcome->trap = code;
    rp_outcome_describe(out_outcome, "%s: active %s segment %u does not fit", rp_trap_text(code),
                        what, index);
}

static bool copy_element_segments(struct rp_instance *instance, rp_outcome *out_outcome)
{
    const struct rp_module *module = instance->module;
    for (uint32_t i = 0; i < module->element_count; i++) {
        const struct rp_element_segment *segment = &module->elements[i];
        struct rp_elements *elements = &instance->elements[i];
        if (segment->mode == RP_SEGMENT_ACTIVE) {
            struct rp_table *table = instance->tables[segment->table];
            uint64_t offset = evaluate_expr(instance, &segment->table_offset);
            if (offset > table->count || elements->count > table->count - offset) {
                trap_outcome(out_outcome, RP_TRAP_TABLE_OUT_OF_BOUNDS, "element", i);
                return false;
            }
            if (elements->count != 0) {
                memcpy(table->elements + offset, elements->refs,
                       elements->count * sizeof *elements->refs);
            }
        }
        if (segment->mode != RP_SEGMENT_PASSIVE) {
            elements->count = 0;
            elements->dropped = true;
        }
    }
    return true;
}

static bool copy_data_segments(struct rp_instance *instance, rp_outcome *out_outcome)
{
    const struct rp_module *module = instance->module;
    for (uint32_t i = 0; i < module->data_count; i++) {
        const struct rp_data_segment *segment = &module->data[i];
        if (segment->mode != RP_SEGMENT_ACTIVE) {
            continue;
        }
        struct rp_memory *memory = instance->memories[segment->memory];
        uint64_t offset = evaluate_expr(instance, &segment->memory_offset);
        if (offset > memory->size_bytes || segment->bytes.size > memory->size_bytes - offset) {
            trap_outcome(out_outcome, RP_TRAP_MEMORY_OUT_OF_BOUNDS, "data", i);
            return false;
        }
        if (segment->bytes.size != 0) {
            memcpy(memory->data + offset, segment->bytes.data, segment->bytes.size);
        }
        instance->data_dropped[i] = 1;
    }
    return true;
}

/* ---- all of it ---- */

static rp_status make_instance(struct rp_store *store, const struct rp_module *module,
                               const struct rp_takeover *taken, struct rp_instance **out_instance,
                               rp_report *report)
{
    size_t link_bytes = (size_t)module->import_count * sizeof(struct rp_link);
    struct rp_link *links =
        rp_alloc_zero(&store->allocator, (size_t)module->import_count + 1, sizeof *links);
    if (links == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for %u imports",
                              module->import_count);
    }
    struct rp_object_counts before = rp_store_count_objects(store);
    rp_status status = find_links(store, module, links, report);
    if (status == RP_OK) {
        status = check_limits(store, module, links, taken, report);
    }
    if (status == RP_OK && !allocate_instance(store, module, links, taken, out_instance)) {
        rp_store_remove_objects(store, &before);
        status = rp_report_fail(report, RP_ERROR_NO_MEMORY, "no native memory for the instance");
    }
    rp_free(&store->allocator, links, link_bytes + sizeof *links);
    return status;
}

rp_status rp_store_instantiate(rp_store *store, const rp_module *module, rp_instance **out_instance,
                               rp_outcome *out_outcome, rp_report *report)
{
    static const struct rp_takeover nothing;
    return rp_store_instantiate_with(store, module, &nothing, out_instance, out_outcome, report);
}

rp_status rp_store_instantiate_with(struct rp_store *store, const struct rp_module *module,
                                    const struct rp_takeover *taken,
                                    struct rp_instance **out_instance, rp_outcome *out_outcome,
                                    rp_report *report)
{
    rp_status status = rp_store_require(store, RP_WHILE_IDLE, "rp_store_instantiate", report);
    if (status != RP_OK) {
        return status;
    }
    if (module->engine != store->engine) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "the module was loaded for another engine");
    }
    struct rp_instance *instance = NULL;
    status = make_instance(store, module, taken, &instance, report);
    if (status != RP_OK) {
        return status;
    }
    store->load_gas += module->load_gas;
    store->instantiation_gas += instantiation_price(store, module, taken);
    *out_instance = NULL;
    if (!copy_element_segments(instance, out_outcome) ||
        !copy_data_segments(instance, out_outcome)) {
        return RP_OK;
    }
    if (module->has_start) {
        status = rp_store_call(store, instance->funcs[module->start_func]->index, NULL, 0, NULL, 0,
                               out_outcome, report);
        bool goes_on =
            out_outcome->kind != RP_OUTCOME_TRAPPED && out_outcome->kind != RP_OUTCOME_EXITED;
        *out_instance = status == RP_OK && goes_on ? instance : NULL;
        return status;
    }
    memset(out_outcome, 0, sizeof *out_outcome);
    *out_instance = instance;
    return RP_OK;
}

rp_status rp_instance_export(const rp_instance *instance, rp_name name, rp_extern *out_extern)
{
    const struct rp_export *export = rp_module_find_export(instance->module, name.data, name.size);
    if (export == NULL) {
        return RP_ERROR_NOT_FOUND;
    }
    out_extern->kind = (rp_extern_kind) export->kind;
    switch (export->kind) {
    case RP_EXTERN_FUNC:
        out_extern->index = instance->funcs[export->index]->index;
        break;
    case RP_EXTERN_TABLE:
        out_extern->index = instance->tables[export->index]->index;
        break;
    case RP_EXTERN_MEMORY:
        out_extern->index = instance->memories[export->index]->index;
        break;
    default:
        out_extern->index = instance->globals[export->index]->index;
        break;
    }
    return RP_OK;
}
