/* The loader's life, failures, single values (layer 2). See state_loader.h. */
#include "engine/state_loader.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/module_cache.h"
#include "engine/state_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- failures ---- */

rp_status rp_state_tell_bytes(const struct rp_msgpack *in, const char *section, rp_report *report)
{
    return rp_report_fail(report, rp_msgpack_status(in), "snapshot section %s: byte %llu: %s",
                          section, (unsigned long long)(in->error_at - in->start), in->error);
}

bool rp_state_refuse(struct rp_state_loader *loader, rp_status status, const char *format, ...)
{
    if (loader->status != RP_OK) {
        return false;
    }
    if (loader->in->error != NULL) {
        loader->status = rp_state_tell_bytes(loader->in, loader->section, loader->report);
        return false;
    }
    char text[320];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    loader->status =
        rp_report_fail(loader->report, status, "snapshot section %s: %s", loader->section, text);
    return false;
}

bool rp_state_no_memory(struct rp_state_loader *loader)
{
    return rp_state_refuse(loader, RP_ERROR_NO_MEMORY, "no native memory for what it holds");
}

void *rp_state_scratch(struct rp_state_loader *loader, uint64_t count, size_t size)
{
    void *scratch = rp_arena_alloc(&loader->arena, count, size);
    if (scratch == NULL) {
        rp_state_no_memory(loader);
    }
    return scratch;
}

bool rp_state_take(struct rp_state_loader *loader, uint32_t type, rp_status status,
                   uint64_t *out_slot, const char *place, ...)
{
    struct rp_state_value value = rp_state_take_value(loader->in);
    const char *wrong = rp_state_check_value(loader->store, type, value);
    if (RP_LIKELY(wrong == NULL)) {
        *out_slot = rp_state_value_slot(type, value);
        return loader->in->error == NULL ? true : rp_state_refuse(loader, status, "%s", place);
    }
    char text[96];
    va_list args;
    va_start(args, place);
    (void)vsnprintf(text, sizeof text, place, args);
    va_end(args);
    char number[32] = "null";
    if (!value.is_null) {
        (void)snprintf(number, sizeof number, "%llu", (unsigned long long)value.number);
    }
    return rp_state_refuse(loader, wrong == rp_state_text_external ? RP_ERROR_EXTERNAL : status,
                           "%s: %s, a value of type %s, %s", text, number, rp_type_name(type),
                           wrong);
}

uint64_t rp_state_take_optional(struct rp_state_loader *loader, bool *out_given)
{
    *out_given = !rp_msgpack_is_nil(loader->in);
    return *out_given ? rp_msgpack_uint(loader->in, UINT64_MAX) : 0;
}

/* ---- life ---- */

/* A store with the limits of `from`, whose host functions and externals it borrows. */
static rp_status create_beside(const struct rp_store *from, struct rp_store **out_store,
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
    rp_status status = rp_store_create(from->engine, &config, out_store, report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_store *store = *out_store;
    store->is_beside = true;
    store->bindings = from->bindings;
    store->externals = from->externals;
    store->external_count = from->external_count;
    store->any_external = from->any_external;
    return RP_OK;
}

rp_status rp_state_loader_create(const struct rp_store *from, rp_module *const *modules,
                                 size_t module_count, struct rp_state_loader **out_loader,
                                 rp_report *report)
{
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    struct rp_state_loader *loader = rp_alloc_zero(&allocator, 1, sizeof *loader);
    if (loader == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for reading a state");
    }
    loader->allocator = allocator;
    rp_arena_init(&loader->arena, &loader->allocator);
    loader->from = from;
    loader->offered = modules;
    loader->offered_count = module_count;
    rp_status status = create_beside(from, &loader->store, report);
    if (status != RP_OK) {
        rp_state_loader_destroy(loader);
        return status;
    }
    *out_loader = loader;
    return RP_OK;
}

void rp_state_loader_destroy(struct rp_state_loader *loader)
{
    if (loader == NULL) {
        return;
    }
    rp_store_destroy(loader->store);
    for (uint32_t i = 0; i < loader->module_count; i++) {
        if (loader->retained[i] != NULL) {
            rp_module_release(loader->retained[i]);
        }
    }
    rp_arena_deinit(&loader->arena);
    struct rp_allocator allocator = loader->allocator;
    rp_free(&allocator, loader, sizeof *loader);
    RP_ASSERT(allocator.used_bytes == 0);
}

/* ---- sections in order ---- */

/* Reads with `load` and checks that nothing is left. */
static rp_status load_with(struct rp_state_loader *loader, bool (*load)(struct rp_state_loader *),
                           struct rp_msgpack *in, const char *section, rp_report *report)
{
    RP_ASSERT(loader->status == RP_OK); /* a failed loader can only be destroyed */
    loader->in = in;
    loader->section = section;
    loader->report = report;
    bool loaded = load(loader);
    if (loaded && in->error == NULL && in->pos != in->end) {
        rp_msgpack_fail(in, in->pos, "bytes behind the section's end");
    }
    if (!loaded || in->error != NULL) {
        rp_state_refuse(loader, RP_ERROR_SNAPSHOT_ENCODING, "cannot be read"); /* tells the bytes */
    }
    loader->in = NULL;
    loader->report = NULL;
    return loader->status;
}

rp_status rp_state_load_section(struct rp_state_loader *loader, enum rp_section section,
                                struct rp_msgpack *in, rp_report *report)
{
    static bool (*const loaders[RP_SECTION_COUNT])(struct rp_state_loader *) = {
#define X(name) [RP_SECTION_##name] = rp_state_load_##name,
#include "engine/section.def"
#undef X
    };
    RP_ASSERT(section < RP_SECTION_COUNT && section == loader->next_section);
    RP_ASSERT(section != RP_SECTION_frames || loader->store->memory_count == loader->memory_count);
    loader->next_section++;
    return load_with(loader, loaders[section], in, rp_section_names[section], report);
}

rp_status rp_state_load_memory(struct rp_state_loader *loader, uint32_t memory_index,
                               struct rp_msgpack *in, rp_report *report)
{
    char name[24];
    RP_ASSERT(loader->next_section == RP_SECTION_memories + 1);
    RP_ASSERT(memory_index == loader->store->memory_count && memory_index < loader->memory_count);
    (void)snprintf(name, sizeof name, "memory%u", memory_index);
    return load_with(loader, rp_state_load_one_memory, in, name, report);
}

uint32_t rp_state_loader_memory_count(const struct rp_state_loader *loader)
{
    return loader->memory_count;
}

rp_status rp_state_loader_finish(struct rp_state_loader *loader, rp_report *report)
{
    (void)report; /* each section is checked against those before it */
    RP_ASSERT(loader->status == RP_OK && loader->next_section == RP_SECTION_COUNT);
    loader->finished = true;
    return RP_OK;
}

struct rp_store *rp_state_loader_take(struct rp_state_loader *loader)
{
    struct rp_store *store = loader->store;
    RP_ASSERT(loader->finished && store != NULL);
    loader->store = NULL;
    return store;
}
