/* Reading modules, host functions, instances and functions of a state (layer 2; docs/wsnp.md).
 *
 * What is allocated for an entry is at most a constant times its bytes: the counts of an instance's
 * objects are its module's, so an entry must have as many bytes; its functions are made once the
 * section `functions` is found to have as many entries. */
#include "core/limits.h"
#include "engine/module_cache.h"
#include "engine/state_loader.h"
#include "engine/state_value.h"

#include <string.h>

/* ---- modules ---- */

static bool has_hash(const rp_module *module, const uint8_t *hash)
{
    uint8_t own[RP_HASH_BYTES];
    rp_module_hash(module, own);
    return memcmp(own, hash, RP_HASH_BYTES) == 0;
}

static bool find_module(struct rp_state_loader *loader, uint32_t number, const uint8_t *hash)
{
    for (size_t i = 0; i < loader->offered_count; i++) {
        if (loader->offered[i]->engine == loader->from->engine &&
            has_hash(loader->offered[i], hash)) {
            loader->modules[number] = loader->offered[i];
            return true;
        }
    }
    loader->retained[number] = rp_module_cache_find(&loader->from->engine->modules, hash);
    loader->modules[number] = loader->retained[number];
    if (loader->modules[number] != NULL) {
        return true;
    }
    char hex[RP_HASH_HEX_BYTES];
    rp_hash_hex(hash, hex);
    return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_MODULE,
                           "module %u, BLAKE2b %s, is not at hand: load it, or give it in the "
                           "options",
                           number, hex);
}

bool rp_state_load_modules(struct rp_state_loader *loader)
{
    uint32_t count = rp_msgpack_array(loader->in, UINT32_MAX);
    loader->modules = rp_state_scratch(loader, count, sizeof *loader->modules);
    loader->retained = rp_state_scratch(loader, count, sizeof *loader->retained);
    if (loader->modules == NULL || loader->retained == NULL) {
        return false;
    }
    for (; loader->module_count < count; loader->module_count++) {
        const uint8_t *hash = rp_msgpack_fixed_bytes(loader->in, RP_HASH_BYTES);
        if (hash == NULL || !find_module(loader, loader->module_count, hash)) {
            return false;
        }
    }
    return true;
}

/* ---- host functions ---- */

/* Types of values, at most `most`. */
static uint32_t take_types(struct rp_state_loader *loader, uint32_t *types, uint32_t most)
{
    uint32_t count = rp_msgpack_array(loader->in, most);
    for (uint32_t i = 0; i < count; i++) {
        types[i] = (uint32_t)rp_msgpack_uint(loader->in, UINT32_MAX);
    }
    return count;
}

static bool same_type(const struct rp_func_type *type, const uint32_t *types, uint32_t param_count,
                      uint32_t result_count)
{
    uint32_t count = param_count + result_count;
    return type->param_count == param_count && type->result_count == result_count &&
           (count == 0 || memcmp(type->types, types, count * sizeof *types) == 0);
}

static bool load_host(struct rp_state_loader *loader, uint32_t number)
{
    struct rp_msgpack *in = loader->in;
    uint32_t types[RP_LIMIT_PARAMS + RP_LIMIT_RESULTS];
    if (!rp_msgpack_tuple(in, 4)) {
        return false;
    }
    struct rp_span module = rp_msgpack_text(in, RP_LIMIT_NAME_BYTES);
    struct rp_span name = rp_msgpack_text(in, RP_LIMIT_NAME_BYTES);
    uint32_t params = take_types(loader, types, RP_LIMIT_PARAMS);
    uint32_t results = take_types(loader, types + params, RP_LIMIT_RESULTS);
    const struct rp_host_binding *host = loader->from->bindings;
    for (; host != NULL; host = host->next) {
        if (host->type != NULL && rp_span_equal(host->name, name) &&
            rp_span_equal(host->module, module) && same_type(host->type, types, params, results)) {
            break;
        }
    }
    if (host == NULL) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_HOST,
                               "host function \"%.*s\".\"%.*s\" is not defined with this type",
                               (int)(module.size < 100 ? module.size : 100), module.data,
                               (int)(name.size < 100 ? name.size : 100), name.data);
    }
    for (uint32_t i = 0; i < number; i++) {
        if (loader->hosts[i] == host) {
            return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_ENCODING,
                                   "host functions %u and %u are the same", i, number);
        }
    }
    loader->hosts[number] = host;
    return true;
}

bool rp_state_load_hosts(struct rp_state_loader *loader)
{
    uint32_t offered = 0;
    for (const struct rp_host_binding *b = loader->from->bindings; b != NULL; b = b->next) {
        offered++;
    }
    uint32_t count = rp_msgpack_array(loader->in, UINT32_MAX);
    loader->hosts = rp_state_scratch(loader, count, sizeof *loader->hosts);
    if (loader->hosts == NULL) {
        return false;
    }
    if (count > offered) { /* also keeps the search for equal ones short */
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_HOST, "%u host functions, %u are defined",
                               count, offered);
    }
    for (; loader->host_count < count; loader->host_count++) {
        if (!load_host(loader, loader->host_count)) {
            return false;
        }
    }
    return true;
}

/* ---- instances ---- */

/* Indices, as many as `count`; what they name is checked when it is read. */
static uint32_t *take_indices(struct rp_state_loader *loader, uint32_t count)
{
    if (!rp_msgpack_tuple(loader->in, count)) {
        return NULL;
    }
    uint32_t *indices = rp_state_scratch(loader, count, sizeof *indices);
    for (uint32_t i = 0; i < count && indices != NULL; i++) {
        indices[i] = (uint32_t)rp_msgpack_uint(loader->in, UINT32_MAX);
    }
    return indices;
}

/* References to functions are checked when the functions are known. */
static bool load_element_segment(struct rp_state_loader *loader, struct rp_instance *instance,
                                 uint32_t index)
{
    struct rp_msgpack *in = loader->in;
    struct rp_elements *elements = &instance->elements[index];
    uint32_t type = instance->module->elements[index].type;
    if (rp_msgpack_is_nil(in)) {
        elements->dropped = true;
        return true;
    }
    if (!rp_msgpack_tuple(in, instance->module->elements[index].count)) {
        return false;
    }
    elements->count = instance->module->elements[index].count;
    elements->refs = rp_arena_alloc(&loader->store->arena, elements->count, sizeof *elements->refs);
    if (elements->refs == NULL) {
        return rp_state_no_memory(loader);
    }
    for (uint32_t i = 0; i < elements->count; i++) {
        if (type == RP_TYPE_FUNCREF) {
            struct rp_state_value value = rp_state_take_value(in);
            elements->refs[i] = value.is_null ? 0 : value.number + 1;
            if (!value.is_null && value.number >= UINT32_MAX) {
                return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                                       "instance %u element segment %u reference %u: no function",
                                       instance->index, index, i);
            }
        } else if (!rp_state_take(loader, type, RP_ERROR_SNAPSHOT_STATE, &elements->refs[i],
                                  "instance %u element segment %u reference %u", instance->index,
                                  index, i)) {
            return false;
        }
    }
    return true;
}

static bool load_segments(struct rp_state_loader *loader, struct rp_instance *instance)
{
    const struct rp_module *module = instance->module;
    if (!rp_msgpack_tuple(loader->in, module->element_count)) {
        return false;
    }
    for (uint32_t i = 0; i < module->element_count; i++) {
        if (!load_element_segment(loader, instance, i)) {
            return false;
        }
    }
    if (!rp_msgpack_tuple(loader->in, module->data_count)) {
        return false;
    }
    for (uint32_t i = 0; i < module->data_count; i++) {
        instance->data_dropped[i] = rp_msgpack_bool(loader->in);
    }
    return true;
}

/* Which counts an entry has is the module's to say, so nothing is allocated that the bytes do not
 * hold: an entry of too few bytes fails at its arrays. */
static bool check_entry_bytes(struct rp_state_loader *loader, const struct rp_module *module)
{
    uint64_t least = (uint64_t)module->func_import_count + module->table_count +
                     module->memory_count + module->global_count + module->element_count +
                     module->data_count;
    if (least > (uint64_t)(loader->in->end - loader->in->pos)) {
        rp_msgpack_fail(loader->in, loader->in->pos,
                        "instance with fewer bytes than its module has objects");
        return false;
    }
    return true;
}

static bool load_instance(struct rp_state_loader *loader, struct rp_state_instance *entry,
                          uint32_t *modules_used)
{
    struct rp_msgpack *in = loader->in;
    if (!rp_msgpack_tuple(in, 7)) {
        return false;
    }
    entry->module = (uint32_t)rp_msgpack_uint(in, UINT32_MAX);
    if (in->error != NULL || entry->module >= loader->module_count) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE, "module %u, there are %u",
                               entry->module, loader->module_count);
    }
    if (entry->module > *modules_used) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_ENCODING,
                               "module %u is used before module %u", entry->module, *modules_used);
    }
    *modules_used += entry->module == *modules_used;
    const struct rp_module *module = loader->modules[entry->module];
    if (!check_entry_bytes(loader, module)) {
        return false;
    }
    struct rp_instance *instance = rp_store_add_instance(loader->store);
    if (instance == NULL) {
        return rp_state_no_memory(loader);
    }
    instance->module = module;
    if (!rp_instance_allocate_objects(instance)) {
        return rp_state_no_memory(loader);
    }
    entry->funcs = take_indices(loader, module->func_import_count);
    entry->tables = take_indices(loader, module->table_count);
    entry->memories = take_indices(loader, module->memory_count);
    entry->globals = take_indices(loader, module->global_count);
    return loader->status == RP_OK && in->error == NULL && load_segments(loader, instance);
}

static bool load_registrations(struct rp_state_loader *loader)
{
    struct rp_msgpack *in = loader->in;
    struct rp_span last = {NULL, 0};
    uint32_t count = rp_msgpack_array(in, UINT32_MAX);
    for (uint32_t i = 0; i < count; i++) {
        if (!rp_msgpack_tuple(in, 2)) {
            return false;
        }
        struct rp_span name = rp_msgpack_bytes(in, UINT32_MAX);
        uint64_t index = rp_msgpack_uint(in, UINT64_MAX);
        if (in->error != NULL || index >= loader->store->instance_count) {
            return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                                   "name %u is registered for instance %llu, there are %u", i,
                                   (unsigned long long)index, loader->store->instance_count);
        }
        if (i > 0 && rp_span_compare(last, name) >= 0) {
            return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_ENCODING,
                                   "names %u and %u are not in order", i - 1, i);
        }
        last = name;
        if (rp_store_register(loader->store, (rp_name){(const char *)name.data, name.size},
                              loader->store->instances[index], loader->report) != RP_OK) {
            return rp_state_no_memory(loader);
        }
    }
    return true;
}

bool rp_state_load_instances(struct rp_state_loader *loader)
{
    if (!rp_msgpack_tuple(loader->in, 2)) {
        return false;
    }
    uint32_t count = rp_msgpack_array(loader->in, UINT32_MAX);
    loader->instances = rp_state_scratch(loader, count, sizeof *loader->instances);
    if (loader->instances == NULL) {
        return false;
    }
    uint32_t modules_used = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!load_instance(loader, &loader->instances[i], &modules_used)) {
            return false;
        }
    }
    if (modules_used != loader->module_count) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_ENCODING,
                               "module %u is used by no instance", modules_used);
    }
    return load_registrations(loader);
}

/* ---- functions ---- */

static struct rp_func *load_host_func(struct rp_state_loader *loader,
                                      const struct rp_import *import, uint32_t *hosts_used)
{
    uint64_t number = rp_msgpack_uint(loader->in, UINT64_MAX);
    if (loader->in->error != NULL || number >= loader->host_count) {
        rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                        "function %u: host function %llu, there are %u", loader->store->func_count,
                        (unsigned long long)number, loader->host_count);
        return NULL;
    }
    if (number > *hosts_used) {
        rp_state_refuse(loader, RP_ERROR_SNAPSHOT_ENCODING,
                        "host function %llu is used before host function %u",
                        (unsigned long long)number, *hosts_used);
        return NULL;
    }
    *hosts_used += number == *hosts_used;
    const struct rp_host_binding *host = loader->hosts[number];
    if (!rp_span_equal(host->module, import->module) || !rp_span_equal(host->name, import->name)) {
        rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                        "function %u: host function %llu has not the name of the import",
                        loader->store->func_count, (unsigned long long)number);
        return NULL;
    }
    struct rp_func *func = rp_store_add_host_func(loader->store, host, NULL, 0);
    if (func == NULL) {
        rp_state_no_memory(loader);
    }
    return func;
}

/* The function that was made for import `import_index` of an instance. */
static struct rp_func *load_imported_func(struct rp_state_loader *loader,
                                          const struct rp_instance *instance, uint32_t import_index,
                                          uint32_t *hosts_used)
{
    struct rp_msgpack *in = loader->in;
    uint32_t fields = rp_msgpack_array(in, 3);
    uint64_t kind = rp_msgpack_uint(in, UINT64_MAX);
    if (fields == 2 && kind == RP_STATE_FUNC_HOST) {
        return load_host_func(loader, &instance->module->imports[import_index], hosts_used);
    }
    uint64_t instance_index = rp_msgpack_uint(in, UINT64_MAX);
    uint64_t import = rp_msgpack_uint(in, UINT64_MAX);
    if (in->error != NULL || fields != 3 || kind != RP_STATE_FUNC_UNKNOWN ||
        instance_index != instance->index || import != import_index) {
        rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                        "function %u is not what import %u of instance %u was linked to",
                        loader->store->func_count, import_index, instance->index);
        return NULL;
    }
    struct rp_func *func =
        rp_store_add_host_func(loader->store, NULL, instance->module, import_index);
    if (func == NULL) {
        rp_state_no_memory(loader);
    }
    return func;
}

/* An import is linked to a function that was there before the instance, or to the next one, made
 * for it. */
static bool load_func_imports(struct rp_state_loader *loader, struct rp_instance *instance,
                              uint32_t *hosts_used)
{
    const struct rp_module *module = instance->module;
    const uint32_t *indices = loader->instances[instance->index].funcs;
    uint32_t before = loader->store->func_count;
    for (uint32_t i = 0; i < module->import_count; i++) {
        const struct rp_import *import = &module->imports[i];
        if (import->kind != RP_EXTERN_FUNC) {
            continue;
        }
        uint32_t index = indices[import->index];
        struct rp_func *func = NULL;
        if (index < before) {
            func = loader->store->funcs[index];
        } else if (index == loader->store->func_count) {
            func = load_imported_func(loader, instance, i, hosts_used);
            if (func == NULL) {
                return false;
            }
        } else {
            return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                                   "instance %u imports function %u, which was not there",
                                   instance->index, index);
        }
        if (func->type != rp_module_func_type(module, import->index)) {
            return rp_state_refuse(
                loader, RP_ERROR_SNAPSHOT_STATE,
                "instance %u imports function %u as its function %u, which is of "
                "another type",
                instance->index, index, import->index);
        }
        instance->funcs[import->index] = func;
    }
    return true;
}

static bool load_own_funcs(struct rp_state_loader *loader, struct rp_instance *instance)
{
    const struct rp_module *module = instance->module;
    struct rp_msgpack *in = loader->in;
    for (uint32_t i = module->func_import_count; i < module->func_count; i++) {
        uint64_t kind = UINT64_MAX;
        uint64_t instance_index = 0;
        uint64_t index = 0;
        if (rp_msgpack_tuple(in, 3)) {
            kind = rp_msgpack_uint(in, UINT64_MAX);
            instance_index = rp_msgpack_uint(in, UINT64_MAX);
            index = rp_msgpack_uint(in, UINT64_MAX);
        }
        if (in->error != NULL || kind != RP_STATE_FUNC_CODE || instance_index != instance->index ||
            index != i) {
            return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                                   "function %u should be function %u of instance %u",
                                   loader->store->func_count, i, instance->index);
        }
        instance->funcs[i] =
            rp_store_add_func(loader->store, &instance->own_funcs[i - module->func_import_count]);
        if (instance->funcs[i] == NULL) {
            return rp_state_no_memory(loader);
        }
    }
    return true;
}

/* Function references in segments, read before there were functions. */
static bool check_element_segments(struct rp_state_loader *loader)
{
    const struct rp_store *store = loader->store;
    for (uint32_t i = 0; i < store->instance_count; i++) {
        const struct rp_instance *instance = store->instances[i];
        for (uint32_t j = 0; j < instance->module->element_count; j++) {
            const struct rp_elements *elements = &instance->elements[j];
            bool is_func = instance->module->elements[j].type == RP_TYPE_FUNCREF;
            for (uint32_t k = 0; is_func && k < elements->count; k++) {
                if (elements->refs[k] > store->func_count) {
                    return rp_state_refuse(
                        loader, RP_ERROR_SNAPSHOT_STATE,
                        "instance %u element segment %u reference %u: function %llu, there are %u",
                        i, j, k, (unsigned long long)(elements->refs[k] - 1), store->func_count);
                }
            }
        }
    }
    return true;
}

bool rp_state_load_functions(struct rp_state_loader *loader)
{
    struct rp_store *store = loader->store;
    uint32_t count = rp_msgpack_array(loader->in, UINT32_MAX);
    uint64_t own = 0;
    for (uint32_t i = 0; i < store->instance_count; i++) {
        const struct rp_module *module = store->instances[i]->module;
        own += module->func_count - module->func_import_count;
    }
    if (own > count) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "%u functions, the instances have %llu", count,
                               (unsigned long long)own);
    }
    uint32_t hosts_used = 0;
    for (uint32_t i = 0; i < store->instance_count; i++) {
        struct rp_instance *instance = store->instances[i];
        if (!rp_instance_allocate_funcs(instance)) {
            return rp_state_no_memory(loader);
        }
        if (!load_func_imports(loader, instance, &hosts_used) ||
            !load_own_funcs(loader, instance)) {
            return false;
        }
    }
    if (store->func_count != count) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "%u functions, the instances have %u", count, store->func_count);
    }
    if (hosts_used != loader->host_count) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_ENCODING,
                               "host function %u is used by no function", hosts_used);
    }
    return check_element_segments(loader);
}
