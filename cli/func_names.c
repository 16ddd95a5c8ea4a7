/* Names of functions by number (layer 7). See func_names.h. */
#include "cli/func_names.h"

#include "cli/cli.h"
#include "core/assert.h"
#include "engine/module.h"
#include "engine/name_section.h"

#include <stdio.h>
#include <string.h>

struct rp_name_source {
    const rp_module *module; /* NULL: the host */
    uint32_t *ids;
    uint32_t capacity;
    struct rp_name_map map; /* of the name section */
};

void rp_func_names_init(struct rp_func_names *names, struct rp_allocator *allocator,
                        enum rp_name_form form)
{
    *names = (struct rp_func_names){.allocator = allocator, .form = form};
    rp_buffer_init(&names->text, allocator);
}

void rp_func_names_deinit(struct rp_func_names *names)
{
    for (uint32_t i = 0; i < names->source_count; i++) {
        struct rp_name_source *source = &names->sources[i];
        rp_name_map_deinit(&source->map, names->allocator);
        rp_free(names->allocator, source->ids, source->capacity * sizeof(*source->ids));
    }
    rp_free(names->allocator, names->sources, names->source_capacity * sizeof(*names->sources));
    rp_free(names->allocator, names->ends, names->capacity * sizeof(*names->ends));
    rp_buffer_deinit(&names->text);
    *names = (struct rp_func_names){0};
}

/* ---- sources ---- */

static struct rp_name_source *find_source(const struct rp_func_names *names,
                                          const rp_module *module)
{
    for (uint32_t i = 0; i < names->source_count; i++) {
        if (names->sources[i].module == module) {
            return &names->sources[i];
        }
    }
    return NULL;
}

static bool read_name_section(struct rp_func_names *names, struct rp_name_source *source)
{
    struct rp_names sections;
    const rp_module *module = source->module;
    if (!module || !module->name_section.data ||
        !rp_names_read(&sections, module->bytes, module->name_section)) {
        return true;
    }
    return rp_name_map_fill(&source->map, names->allocator, module->bytes,
                            sections.subsections[RP_NAME_FUNCTION], module->func_count);
}

static struct rp_name_source *add_source(struct rp_func_names *names, const rp_module *module)
{
    struct rp_name_source *sources =
        rp_grow(names->allocator, names->sources, &names->source_capacity,
                (uint64_t)names->source_count + 1, sizeof(*sources));
    if (!sources) {
        return NULL;
    }
    names->sources = sources;
    struct rp_name_source *source = &sources[names->source_count];
    *source = (struct rp_name_source){.module = module};
    if (!read_name_section(names, source)) {
        rp_name_map_deinit(&source->map, names->allocator);
        return NULL;
    }
    names->source_count++;
    return source;
}

/* Makes room for the id of function `index`. */
static bool grow_ids(struct rp_func_names *names, struct rp_name_source *source, uint32_t index)
{
    uint32_t before = source->capacity;
    uint32_t *ids = rp_grow(names->allocator, source->ids, &source->capacity, (uint64_t)index + 1,
                            sizeof(*ids));
    if (!ids) {
        return false;
    }
    source->ids = ids;
    memset(ids + before, 0, (source->capacity - before) * sizeof(*ids));
    return true;
}

/* ---- names ---- */

static void append_part(struct rp_func_names *names, rp_name part)
{
    if (names->form == RP_NAME_QUOTED) {
        rp_buffer_append(&names->text, part.data, part.size);
        return;
    }
    size_t from = names->text.size;
    rp_cli_append_plain(&names->text, part.data, part.size);
    for (size_t i = from; names->form == RP_NAME_COLLAPSED && i < names->text.size; i++) {
        if (names->text.data[i] == ';') {
            names->text.data[i] = ':';
        }
    }
}

static rp_name name_of_guest(const struct rp_name_source *source, uint32_t index, char *number,
                             size_t number_size)
{
    const rp_module *module = source->module;
    struct rp_span name = rp_name_map_get(&source->map, index);
    for (uint32_t i = 0; name.size == 0 && i < module->export_count; i++) {
        const struct rp_export *export = &module->exports[i];
        if (export->kind == RP_EXTERN_FUNC && export->index == index) {
            name = export->name;
        }
    }
    if (name.size != 0) {
        return (rp_name){(const char *)name.data, name.size};
    }
    int length = snprintf(number, number_size, "func[%u]", index);
    RP_ASSERT(length > 0 && (size_t)length < number_size);
    return (rp_name){number, (size_t)length};
}

/* The name that was appended to `text` from `from` on becomes a number. */
static uint32_t finish_name(struct rp_func_names *names, size_t from)
{
    if (names->form == RP_NAME_QUOTED && !names->text.failed) {
        struct rp_buffer raw;
        rp_buffer_init(&raw, names->allocator);
        rp_buffer_append(&raw, names->text.data + from, names->text.size - from);
        names->text.size = from;
        rp_json_append_string(&names->text, (const char *)raw.data, raw.size);
        names->text.failed = names->text.failed || raw.failed;
        rp_buffer_deinit(&raw);
    }
    size_t *ends = rp_grow(names->allocator, names->ends, &names->capacity,
                           (uint64_t)names->count + 1, sizeof(*ends));
    names->ends = ends ? ends : names->ends;
    if (!ends || names->text.failed) {
        return RP_NO_FUNC_NAME;
    }
    ends[names->count] = names->text.size;
    return names->count++;
}

static uint32_t add_name(struct rp_func_names *names, const rp_call_info *info)
{
    struct rp_name_source *source = find_source(names, info->module);
    if (!source) {
        source = add_source(names, info->module);
    }
    if (!source || !grow_ids(names, source, info->func_index)) {
        return RP_NO_FUNC_NAME;
    }
    size_t from = names->text.size;
    if (info->module) {
        char number[24];
        append_part(names, name_of_guest(source, info->func_index, number, sizeof(number)));
    } else {
        append_part(names, info->host_module);
        rp_buffer_byte(&names->text, '.');
        append_part(names, info->host_name);
    }
    uint32_t id = finish_name(names, from);
    if (id != RP_NO_FUNC_NAME) {
        source->ids[info->func_index] = id + 1;
    }
    return id;
}

uint32_t rp_func_names_find(struct rp_func_names *names, const rp_call_info *info)
{
    const struct rp_name_source *source = find_source(names, info->module);
    if (source && info->func_index < source->capacity && source->ids[info->func_index] != 0) {
        return source->ids[info->func_index] - 1;
    }
    return add_name(names, info);
}

uint32_t rp_func_names_add(struct rp_func_names *names, const char *text)
{
    size_t from = names->text.size;
    append_part(names, (rp_name){text, strlen(text)});
    return finish_name(names, from);
}

rp_name rp_func_names_get(const struct rp_func_names *names, uint32_t id)
{
    RP_ASSERT(id < names->count);
    size_t from = id == 0 ? 0 : names->ends[id - 1];
    return (rp_name){(const char *)names->text.data + from, names->ends[id] - from};
}
