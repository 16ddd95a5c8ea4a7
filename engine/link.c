/* Host functions, registered instances, and the matching of imports against them (layer 2; core
 * specification 3.4.12 and 4.5.4). */
#include "engine/link.h"

#include "core/limits.h"
#include "core/report.h"
#include "engine/store_check.h"

#include <string.h>

static bool copy_span(struct rp_arena *arena, const char *data, size_t size,
                      struct rp_span *out_span)
{
    uint8_t *copy = rp_arena_alloc(arena, size + 1, 1);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, data, size);
    *out_span = (struct rp_span){copy, size};
    return true;
}

static const struct rp_func_type *intern_functype(struct rp_store *store, const rp_functype *type)
{
    uint32_t types[RP_LIMIT_PARAMS + RP_LIMIT_RESULTS];
    for (size_t i = 0; i < type->param_count; i++) {
        types[i] = (uint32_t)type->params[i];
    }
    for (size_t i = 0; i < type->result_count; i++) {
        types[type->param_count + i] = (uint32_t)type->results[i];
    }
    return rp_type_intern(&store->engine->types, types, (uint32_t)type->param_count,
                          (uint32_t)type->result_count);
}

static const struct rp_host_binding *find_binding(const struct rp_store *store,
                                                  struct rp_span module, struct rp_span name,
                                                  const struct rp_func_type *type)
{
    for (const struct rp_host_binding *b = store->bindings; b != NULL; b = b->next) {
        if (b->type == type && rp_span_equal(b->name, name) && rp_span_equal(b->module, module)) {
            return b;
        }
    }
    return NULL;
}

/* Reads the caller's structure, which may be of an older layout. */
static rp_status read_host_func(const rp_host_func *func, rp_host_func *out_func, rp_report *report)
{
    *out_func = (rp_host_func){0};
    const size_t least = offsetof(rp_host_func, user) + sizeof func->user;
    rp_status status =
        rp_struct_size_check("rp_host_func", func->struct_size, least, sizeof *func, report);
    if (status != RP_OK) {
        return status;
    }
    memcpy(out_func, func, func->struct_size);
    if (out_func->module == NULL || out_func->name == NULL || out_func->callback == NULL) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "a host function needs a module, a name and a callback");
    }
    if (out_func->type.param_count > RP_LIMIT_PARAMS ||
        out_func->type.result_count > RP_LIMIT_RESULTS) {
        return rp_report_fail(report, RP_ERROR_LIMIT,
                              "host function \"%s\".\"%s\": more than %u parameters or results",
                              out_func->module, out_func->name, RP_LIMIT_PARAMS);
    }
    return RP_OK;
}

rp_status rp_store_define_func(rp_store *store, const rp_host_func *func, rp_report *report)
{
    rp_host_func given;
    rp_status status = read_host_func(func, &given, report);
    if (status != RP_OK) {
        return status;
    }
    const struct rp_func_type *type = intern_functype(store, &given.type);
    struct rp_host_binding *binding =
        type == NULL ? NULL : rp_arena_alloc(&store->handle_arena, 1, sizeof *binding);
    if (binding == NULL ||
        !copy_span(&store->handle_arena, given.module, strlen(given.module), &binding->module) ||
        !copy_span(&store->handle_arena, given.name, strlen(given.name), &binding->name)) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for a host function");
    }
    if (find_binding(store, binding->module, binding->name, type) != NULL) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "host function \"%s\".\"%s\" is defined with this type already",
                              given.module, given.name);
    }
    binding->type = type;
    binding->callback = given.callback;
    binding->continue_callback = given.continue_callback;
    binding->price = given.price;
    binding->base_price = given.base_price;
    binding->user = given.user;
    binding->finalize = given.finalize;
    binding->is_pure = given.is_pure;
    binding->next = store->bindings;
    store->bindings = binding;
    return RP_OK;
}

void rp_store_release_bindings(struct rp_store *store)
{
    if (store->is_beside) {
        return; /* borrowed */
    }
    for (const struct rp_host_binding *b = store->bindings; b != NULL; b = b->next) {
        if (b->finalize != NULL) {
            b->finalize(b->user);
        }
    }
}

rp_status rp_store_offer_memory(rp_store *store, const char *module, const char *name,
                                rp_report *report)
{
    struct rp_host_binding *binding = rp_arena_alloc(&store->handle_arena, 1, sizeof *binding);
    if (binding == NULL ||
        !copy_span(&store->handle_arena, module, strlen(module), &binding->module) ||
        !copy_span(&store->handle_arena, name, strlen(name), &binding->name)) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the offer of a memory");
    }
    binding->offers_memory = true;
    binding->next = store->bindings;
    store->bindings = binding;
    return RP_OK;
}

rp_status rp_store_register(rp_store *store, rp_name module_name, rp_instance *instance,
                            rp_report *report)
{
    rp_status status = rp_store_require(store, RP_UNLESS_CUT, "rp_store_register", report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_registration *registration = rp_arena_alloc(&store->arena, 1, sizeof *registration);
    if (registration == NULL ||
        !copy_span(&store->arena, module_name.data, module_name.size, &registration->name)) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for a registration");
    }
    registration->instance = instance;
    registration->next = store->registrations;
    store->registrations = registration;
    return RP_OK;
}

void rp_store_trap_unknown_imports(rp_store *store, bool on)
{
    store->trap_unknown_imports = on;
}

/* ---- matching ---- */

bool rp_limits_match(uint64_t present, const struct rp_limits *offered,
                     const struct rp_limits *wanted)
{
    return present >= wanted->min &&
           (!wanted->has_max || (offered->has_max && offered->max <= wanted->max));
}

static bool link_export(const struct rp_module *module, const struct rp_import *import,
                        const struct rp_instance *instance, const struct rp_export *export,
                        struct rp_link *link)
{
    switch (import->kind) {
    case RP_EXTERN_FUNC:
        link->func = instance->funcs[export->index];
        return link->func->type == rp_module_func_type(module, import->index);
    case RP_EXTERN_TABLE:
        link->table = instance->tables[export->index];
        return link->table->type.element_type == module->tables[import->index].element_type &&
               rp_limits_match(link->table->count, &link->table->type.limits,
                               &module->tables[import->index].limits);
    case RP_EXTERN_MEMORY:
        link->memory = instance->memories[export->index];
        return rp_limits_match(link->memory->size_bytes / RP_PAGE_BYTES, &link->memory->limits,
                               &module->memories[import->index]);
    default:
        link->global = instance->globals[export->index];
        return link->global->type.type == module->globals[import->index].type.type &&
               link->global->type.is_mutable == module->globals[import->index].type.is_mutable;
    }
}

static const struct rp_registration *find_registration(const struct rp_store *store,
                                                       struct rp_span name)
{
    const struct rp_registration *r = store->registrations;
    while (r != NULL && !rp_span_equal(r->name, name)) {
        r = r->next;
    }
    return r;
}

bool rp_link_find(const struct rp_store *store, const struct rp_module *module, uint32_t index,
                  struct rp_link *out_link)
{
    const struct rp_import *import = &module->imports[index];
    *out_link = (struct rp_link){0};
    const struct rp_registration *registration = find_registration(store, import->module);
    if (registration != NULL) {
        const struct rp_instance *instance = registration->instance;
        const struct rp_export *export = rp_module_find_export(
            instance->module, (const char *)import->name.data, import->name.size);
        if (export != NULL) {
            return export->kind == import->kind &&
                   link_export(module, import, instance, export, out_link);
        }
    }
    if (import->kind == RP_EXTERN_FUNC) {
        out_link->host = find_binding(store, import->module, import->name,
                                      rp_module_func_type(module, import->index));
    }
    if (import->kind == RP_EXTERN_MEMORY) {
        const struct rp_host_binding *offer =
            find_binding(store, import->module, import->name, NULL);
        out_link->offered_memory = offer != NULL && offer->offers_memory;
    }
    return out_link->host != NULL || out_link->offered_memory;
}

/* What is offered under the import's name, of whatever type. */
static void print_offers(const struct rp_store *store, const struct rp_import *import,
                         struct rp_buffer *out)
{
    const char *separator = "";
    const struct rp_registration *registration = find_registration(store, import->module);
    if (registration != NULL) {
        const struct rp_module *module = registration->instance->module;
        const struct rp_export *export =
            rp_module_find_export(module, (const char *)import->name.data, import->name.size);
        if (export != NULL) {
            rp_module_print_type(module, (rp_extern_kind) export->kind, export->index, out);
            separator = ", ";
        }
    }
    for (const struct rp_host_binding *b = store->bindings; b != NULL; b = b->next) {
        if (rp_span_equal(b->name, import->name) && rp_span_equal(b->module, import->module)) {
            rp_buffer_printf(out, "%s", separator);
            if (b->offers_memory) {
                rp_buffer_printf(out, "memory");
            } else {
                rp_func_type_print(out, b->type);
            }
            separator = ", ";
        }
    }
    if (*separator == 0) {
        rp_buffer_printf(out, "nothing");
    }
}

rp_status rp_store_visit_imports(rp_store *store, const rp_module *module,
                                 rp_import_visitor visitor, void *user)
{
    struct rp_buffer text;
    rp_buffer_init(&text, &store->allocator);
    for (uint32_t i = 0; i < module->import_count; i++) {
        struct rp_link link;
        text.size = 0;
        print_offers(store, &module->imports[i], &text);
        rp_buffer_byte(&text, 0);
        if (text.failed) {
            rp_buffer_deinit(&text);
            return RP_ERROR_NO_MEMORY;
        }
        visitor(user, i, rp_link_find(store, module, i, &link), (const char *)text.data);
    }
    rp_buffer_deinit(&text);
    return RP_OK;
}
