/* Code upgrades with memory kept (layer 2; docs/embedding.md, "Upgrading code").
 *
 * The new module is instantiated as if it imported the memories and globals that it takes over;
 * everything else is as in any instantiation. It is all or nothing by a checkpoint. */
#include "core/report.h"
#include "engine/call.h"
#include "engine/checkpoint.h"
#include "engine/instantiate.h"
#include "engine/link.h"
#include "engine/store_check.h"

#include <string.h>

/* Whether the export is the module's own object of that kind. */
static bool is_own(const struct rp_module *module, const struct rp_export *export)
{
    switch (export->kind) {
    case RP_EXTERN_MEMORY:
        return export->index >= module->memory_import_count;
    case RP_EXTERN_GLOBAL:
        return export->index >= module->global_import_count;
    default:
        return false;
    }
}

/* What `old` exports under the same name and as the same kind; NULL if there is nothing. */
static const struct rp_export *find_old(const struct rp_instance *old,
                                        const struct rp_export *export)
{
    const struct rp_export *found =
        rp_module_find_export(old->module, (const char *)export->name.data, export->name.size);
    return found != NULL && found->kind == export->kind ? found : NULL;
}

/* As if the memory was imported. */
static rp_status take_memory(struct rp_takeover *taken, const struct rp_module *module,
                             const struct rp_export *export, struct rp_memory *memory,
                             rp_report *report)
{
    struct rp_memory **place = &taken->memories[export->index];
    if (*place != NULL && *place != memory) {
        return rp_report_fail(report, RP_ERROR_TYPE,
                              "upgrade: memory %u has several names that meant several memories",
                              export->index);
    }
    if (!rp_limits_match(memory->size_bytes / RP_PAGE_BYTES, &memory->limits,
                         &module->memories[export->index])) {
        char wanted[64];
        rp_module_export_type(module, (size_t)(export - module->exports), wanted, sizeof wanted);
        return rp_report_fail(
            report, RP_ERROR_TYPE,
            "upgrade: \"%.*s\": wanted %s, the old one has %llu pages and %s %llu",
            (int)export->name.size, (const char *)export->name.data, wanted,
            (unsigned long long)(memory->size_bytes / RP_PAGE_BYTES),
            memory->limits.has_max ? "at most" : "no maximum, within",
            (unsigned long long)rp_memory_pages_max(memory));
    }
    *place = memory;
    return RP_OK;
}

static void take_global(struct rp_takeover *taken, const struct rp_module *module,
                        const struct rp_export *export, struct rp_global *global)
{
    const struct rp_global_type *type = &module->globals[export->index].type;
    if (taken->globals[export->index] == NULL && type->is_mutable && global->type.is_mutable &&
        type->type == global->type.type) {
        taken->globals[export->index] = global;
    }
}

static rp_status find_taken(struct rp_takeover *taken, const struct rp_module *module,
                            const struct rp_instance *old, rp_report *report)
{
    rp_status status = RP_OK;
    for (uint32_t i = 0; status == RP_OK && i < module->export_count; i++) {
        const struct rp_export *export = &module->exports[i];
        const struct rp_export *before = is_own(module, export) ? find_old(old, export) : NULL;
        if (before == NULL) {
            continue;
        }
        if (export->kind == RP_EXTERN_MEMORY) {
            status = take_memory(taken, module, export, old->memories[before->index], report);
        } else {
            take_global(taken, module, export, old->globals[before->index]);
        }
    }
    return status;
}

/* Names under which `old` is found mean `instance` from now on. */
static rp_status move_names(struct rp_store *store, const struct rp_instance *old,
                            struct rp_instance *instance, rp_report *report)
{
    rp_status status = RP_OK;
    const struct rp_registration *newest = store->registrations;
    for (const struct rp_registration *r = newest; status == RP_OK && r != NULL; r = r->next) {
        const struct rp_registration *meant = newest;
        while (!rp_span_equal(meant->name, r->name)) {
            meant = meant->next;
        }
        if (meant == r && r->instance == old) {
            rp_name name = {(const char *)r->name.data, r->name.size};
            status = rp_store_register(store, name, instance, report);
        }
    }
    return status;
}

static rp_status upgrade(struct rp_store *store, struct rp_instance *old,
                         const struct rp_module *module, struct rp_takeover *taken,
                         struct rp_instance **out_instance, rp_outcome *out_outcome,
                         rp_report *report)
{
    rp_status status = find_taken(taken, module, old, report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_checkpoint *before = NULL;
    status = rp_store_checkpoint(store, &before, report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_instance *instance = NULL;
    status = rp_store_instantiate_with(store, module, taken, &instance, out_outcome, report);
    bool returned = status == RP_OK && out_outcome->kind == RP_OUTCOME_RETURNED;
    if (returned) {
        status = move_names(store, old, instance, report);
    }
    if (returned && status == RP_OK) {
        rp_store_count_change(store);
        *out_instance = instance;
    } else {
        rp_call_clear(store);
        rp_checkpoint_restore(store, before);
        *out_instance = NULL;
    }
    rp_checkpoint_destroy(before);
    return status;
}

rp_status rp_store_upgrade(rp_store *store, rp_instance *old, const rp_module *module,
                           rp_instance **out_instance, rp_outcome *out_outcome, rp_report *report)
{
    rp_status status = rp_store_require(store, RP_WHILE_IDLE, "rp_store_upgrade", report);
    if (status != RP_OK) {
        return status;
    }
    if (old->store != store || module->engine != store->engine) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "rp_store_upgrade: the instance is of another store or the module "
                              "of another engine");
    }
    struct rp_arena arena;
    rp_arena_init(&arena, &store->handle_allocator);
    struct rp_takeover taken = {
        .memories = rp_arena_alloc(&arena, module->memory_count, sizeof(struct rp_memory *)),
        .globals = rp_arena_alloc(&arena, module->global_count, sizeof(struct rp_global *)),
    };
    if (taken.memories == NULL || taken.globals == NULL) {
        status = rp_report_fail(report, RP_ERROR_NO_MEMORY, "no native memory for an upgrade");
    } else {
        status = upgrade(store, old, module, &taken, out_instance, out_outcome, report);
    }
    rp_arena_deinit(&arena);
    return status;
}
