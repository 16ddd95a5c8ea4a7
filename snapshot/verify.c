/* What a snapshot says before it is restored: its configuration, and whether it is sound (layer 3;
 * include/reprise/snapshot.h). */
#include "core/limits.h"
#include "core/report.h"
#include "engine/store_state.h"
#include "snapshot/opened.h"
#include "vfs/vfs.h"

#include <string.h>

static void read_body(const struct rp_wsnp *wsnp, const struct rp_wsnp_section *section,
                      struct rp_msgpack *out_reader)
{
    size_t start = (size_t)(section->body.data - wsnp->data);
    rp_msgpack_init(out_reader, wsnp->data, start, start + section->body.size);
}

/* ---- configuration ---- */

static rp_status read_config(const struct rp_wsnp *wsnp, struct rp_state_config *out_config,
                             rp_report *report)
{
    struct rp_msgpack in;
    const struct rp_wsnp_section *section = rp_wsnp_find(wsnp, rp_section_names[RP_SECTION_config]);
    if (section == NULL) {
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING,
                              "the snapshot has no section \"config\"");
    }
    read_body(wsnp, section, &in);
    return rp_state_read_config(&in, out_config, report);
}

rp_status rp_snapshot_read_config(const void *snapshot, size_t size,
                                  const rp_restore_options *options, rp_snapshot_config *out_config,
                                  rp_report *report)
{
    struct rp_opened opened;
    struct rp_state_config config;
    rp_status status = rp_opened_init(&opened, snapshot, size, options, report);
    if (status == RP_OK) {
        status = read_config(&opened.wsnp, &config, report);
    }
    if (status == RP_OK) {
        *out_config = (rp_snapshot_config){.store = config.store,
                                           .semantics_version = config.semantics_version};
        memcpy(out_config->schedule_hash, config.schedule_hash, sizeof out_config->schedule_hash);
    }
    rp_opened_deinit(&opened);
    return status;
}

/* ---- what can be checked without modules ---- */

static rp_status check_values(const struct rp_wsnp *wsnp, const struct rp_wsnp_section *section,
                              rp_report *report)
{
    struct rp_msgpack in;
    read_body(wsnp, section, &in);
    rp_wsnp_check_values(&in);
    return in.error == NULL ? RP_OK
                            : rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING,
                                             "section \"%s\" of the snapshot at byte %td: %s",
                                             section->name, in.error_at - wsnp->data, in.error);
}

/* The sections of the store stand in their order, the memories behind `memories`; *out_parts is the
 * number of the first section that is a part's. */
static rp_status check_order(const struct rp_wsnp *wsnp, uint32_t *out_parts, rp_report *report)
{
    uint32_t at = 0;
    for (unsigned i = 0; i < RP_SECTION_COUNT; i++) {
        if (at >= wsnp->section_count ||
            strcmp(wsnp->sections[at].name, rp_section_names[i]) != 0) {
            return rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING,
                                  "the snapshot has section \"%s\" where \"%s\" must be",
                                  at < wsnp->section_count ? wsnp->sections[at].name : "nothing",
                                  rp_section_names[i]);
        }
        at++;
        for (uint32_t j = 0; i == RP_SECTION_memories && at < wsnp->section_count; j++, at++) {
            char name[RP_WSNP_NAME_BYTES_MAX + 1];
            rp_wsnp_memory_name(j, name);
            if (strcmp(wsnp->sections[at].name, name) != 0) {
                break;
            }
        }
    }
    *out_parts = at;
    return RP_OK;
}

/* A part that this layer knows is checked whole; *out_known says whether it does. */
static rp_status check_part(const struct rp_wsnp *wsnp, const struct rp_wsnp_section *section,
                            bool *out_known, rp_report *report)
{
    *out_known = strcmp(section->name, "vfs") == 0;
    if (!*out_known) {
        return RP_OK;
    }
    struct rp_msgpack in;
    struct rp_allocator allocator;
    uint8_t root[RP_HASH_BYTES];
    rp_allocator_init(&allocator, 0);
    read_body(wsnp, section, &in);
    return rp_vfs_root_of(&allocator, &in, root, report);
}

static rp_status check_alone(const struct rp_wsnp *wsnp, bool *out_parts_known, rp_report *report)
{
    uint32_t first_part = 0;
    struct rp_state_config config;
    rp_status status = check_order(wsnp, &first_part, report);
    for (uint32_t i = 0; status == RP_OK && i < wsnp->section_count; i++) {
        status = check_values(wsnp, &wsnp->sections[i], report);
    }
    if (status == RP_OK) {
        status = read_config(wsnp, &config, report);
    }
    *out_parts_known = true;
    for (uint32_t i = first_part; status == RP_OK && i < wsnp->section_count; i++) {
        bool known = false;
        status = check_part(wsnp, &wsnp->sections[i], &known, report);
        *out_parts_known = *out_parts_known && known;
    }
    return status;
}

/* ---- what needs the modules ---- */

static bool has_module(rp_engine *engine, const struct rp_module_list *modules, const uint8_t *hash)
{
    for (size_t i = 0; i < modules->count; i++) {
        uint8_t found[RP_HASH_BYTES];
        rp_module_hash(modules->modules[i], found);
        if (memcmp(found, hash, sizeof found) == 0) {
            return true;
        }
    }
    rp_module *module = NULL;
    bool cached = rp_engine_find_module(engine, hash, &module) == RP_OK;
    rp_module_destroy(module);
    return cached;
}

static bool has_modules(rp_engine *engine, const struct rp_module_list *modules,
                        const struct rp_wsnp *wsnp)
{
    struct rp_msgpack in;
    read_body(wsnp, rp_wsnp_find(wsnp, rp_section_names[RP_SECTION_modules]), &in);
    bool has_all = true;
    for (uint32_t left = rp_msgpack_array(&in, UINT32_MAX); has_all && left > 0; left--) {
        const uint8_t *hash = rp_msgpack_fixed_bytes(&in, RP_HASH_BYTES);
        has_all = hash == NULL || has_module(engine, modules, hash); /* NULL: found when loading */
    }
    return has_all;
}

/* Stands for the host functions that the state refers to: never called. */
static rp_host_result refuse_call(void *user, rp_caller *caller, const rp_value *args,
                                  rp_value *results)
{
    (void)user;
    (void)caller;
    (void)args;
    (void)results;
    return RP_HOST_FAIL;
}

static rp_host_result refuse_to_continue(void *user, rp_caller *caller, const rp_value *args,
                                         const void *state, size_t state_size,
                                         const rp_outcome *outcome, const rp_value *returned,
                                         size_t returned_count, rp_value *results)
{
    (void)state;
    (void)state_size;
    (void)outcome;
    (void)returned;
    (void)returned_count;
    return refuse_call(user, caller, args, results);
}

/* Defining one looks at all that are there: a bound for hostile snapshots. */
#define HOSTS_MAX 4096u

/* Room for the strings and types of one host function. */
struct host_room {
    struct rp_buffer names; /* both, each with a 0 behind it */
    rp_valkind types[RP_LIMIT_PARAMS + RP_LIMIT_RESULTS];
};

static bool is_valkind(uint64_t code)
{
    switch (code) {
    case RP_I32:
    case RP_I64:
    case RP_F32:
    case RP_F64:
    case RP_V128:
    case RP_FUNCREF:
    case RP_EXTERNREF:
        return true;
    default:
        return false;
    }
}

static size_t take_types(struct rp_msgpack *in, uint32_t count_max, rp_valkind *types)
{
    uint32_t count = rp_msgpack_array(in, count_max);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = in->pos;
        uint64_t code = rp_msgpack_uint(in, UINT8_MAX);
        if (!is_valkind(code)) {
            rp_msgpack_fail(in, at, "value type that does not exist");
            return 0;
        }
        types[i] = (rp_valkind)code;
    }
    return count;
}

static rp_status define_host(rp_store *store, struct rp_msgpack *in, struct host_room *room,
                             rp_report *report)
{
    rp_msgpack_tuple(in, 4);
    struct rp_span module = rp_msgpack_text(in, RP_LIMIT_NAME_BYTES);
    struct rp_span name = rp_msgpack_text(in, RP_LIMIT_NAME_BYTES);
    room->names.size = 0;
    rp_buffer_append(&room->names, module.data, module.size);
    rp_buffer_byte(&room->names, 0);
    rp_buffer_append(&room->names, name.data, name.size);
    rp_buffer_byte(&room->names, 0);
    if (room->names.failed) {
        return RP_ERROR_NO_MEMORY;
    }
    rp_host_func func = {.struct_size = sizeof func,
                         .module = (const char *)room->names.data,
                         .name = (const char *)room->names.data + module.size + 1,
                         .callback = refuse_call,
                         .continue_callback = refuse_to_continue};
    func.type.params = room->types;
    func.type.param_count = take_types(in, RP_LIMIT_PARAMS, room->types);
    func.type.results = room->types + func.type.param_count;
    func.type.result_count = take_types(in, RP_LIMIT_RESULTS, room->types + func.type.param_count);
    return in->error != NULL ? RP_ERROR_SNAPSHOT_ENCODING
                             : rp_store_define_func(store, &func, report);
}

static rp_status define_hosts(rp_store *store, const struct rp_wsnp *wsnp, rp_report *report)
{
    struct rp_msgpack in;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    struct host_room *room = rp_alloc_zero(&allocator, 1, sizeof *room);
    if (room == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for a host function");
    }
    rp_report reason = {0};
    rp_status status = RP_OK;
    rp_buffer_init(&room->names, &allocator);
    read_body(wsnp, rp_wsnp_find(wsnp, rp_section_names[RP_SECTION_hosts]), &in);
    for (uint32_t left = rp_msgpack_array(&in, HOSTS_MAX); status == RP_OK && left > 0; left--) {
        status = define_host(store, &in, room, &reason);
    }
    rp_buffer_deinit(&room->names);
    rp_free(&allocator, room, sizeof *room);
    if (in.error != NULL) {
        status = RP_ERROR_SNAPSHOT_ENCODING;
    }
    if (status == RP_OK || status == RP_ERROR_NO_MEMORY) {
        return status == RP_OK ? status
                               : rp_report_fail(report, status, "no memory for a host function");
    }
    return rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING,
                          "section \"hosts\" of the snapshot at byte %td: %s", in.pos - wsnp->data,
                          in.error != NULL ? in.error : reason.text);
}

/* In a store that is made for it, as the snapshot's configuration says. */
static rp_status check_with_modules(rp_engine *engine, const struct rp_wsnp *wsnp,
                                    const struct rp_module_list *modules, rp_report *report)
{
    rp_store *store = NULL;
    struct rp_state_config config;
    rp_status status = read_config(wsnp, &config, report);
    if (status == RP_OK) {
        status = rp_store_create(engine, &config.store, &store, report);
    }
    if (status == RP_OK) {
        store->any_external = true; /* which ones mean something is for who restores to say */
        status = define_hosts(store, wsnp, report);
    }
    if (status == RP_OK) {
        status = rp_store_check_snapshot(store, wsnp, modules, report);
    }
    rp_store_destroy(store);
    return status;
}

rp_status rp_snapshot_verify(rp_engine *engine, const void *snapshot, size_t size,
                             const rp_restore_options *options, bool *out_complete,
                             rp_report *report)
{
    struct rp_opened opened;
    struct rp_module_list modules = {0};
    bool parts_known = false;
    bool complete = false;
    rp_status status = rp_opened_init(&opened, snapshot, size, options, report);
    if (status == RP_OK) {
        status = check_alone(&opened.wsnp, &parts_known, report);
    }
    if (status == RP_OK && engine != NULL) {
        status = rp_module_list_init(&modules, engine, options, &opened, report);
        complete = status == RP_OK && has_modules(engine, &modules, &opened.wsnp);
    }
    if (status == RP_OK && complete) {
        status = check_with_modules(engine, &opened.wsnp, &modules, report);
    }
    rp_module_list_deinit(&modules);
    rp_opened_deinit(&opened);
    if (status == RP_OK) {
        *out_complete = complete && parts_known;
    }
    return status;
}
