/* The custom section "name" (layer 2; core specification, 7.4.1). See name_section.h. */
#include "engine/name_section.h"

#include "core/assert.h"

#include <string.h>

static struct rp_reader open_span(const uint8_t *module_bytes, struct rp_span span)
{
    struct rp_reader reader;
    size_t offset = span.size == 0 ? 0 : (size_t)(span.data - module_bytes);
    rp_reader_init(&reader, module_bytes, offset, offset + span.size);
    return reader;
}

bool rp_names_read(struct rp_names *out_names, const uint8_t *module_bytes, struct rp_span contents)
{
    *out_names = (struct rp_names){0};
    struct rp_reader reader = open_span(module_bytes, contents);
    while (rp_reader_left(&reader) != 0) {
        uint8_t kind = rp_read_byte(&reader);
        struct rp_span bytes = rp_read_bytes(&reader, rp_read_u32(&reader));
        if (reader.error) {
            *out_names = (struct rp_names){0};
            return false;
        }
        if (kind < RP_NAME_KIND_COUNT && out_names->subsections[kind].size == 0) {
            out_names->subsections[kind] = bytes;
        }
    }
    struct rp_span module = out_names->subsections[RP_NAME_MODULE];
    if (module.size != 0) {
        reader = open_span(module_bytes, module);
        struct rp_span name = rp_read_name(&reader);
        if (!reader.error && rp_reader_left(&reader) == 0) {
            out_names->module_name = name;
        }
    }
    return true;
}

/* Orders by bytes, then by index. */
static bool name_before(const struct rp_name_map *map, uint32_t left, uint32_t right)
{
    struct rp_span a = map->names[left];
    struct rp_span b = map->names[right];
    size_t common = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, common);
    if (order == 0) {
        return a.size != b.size ? a.size < b.size : left < right;
    }
    return order < 0;
}

static void sift_down(const struct rp_name_map *map, uint32_t *heap, size_t root, size_t count)
{
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && name_before(map, heap[child], heap[child + 1])) {
            child++;
        }
        if (!name_before(map, heap[root], heap[child])) {
            return;
        }
        uint32_t moved = heap[root];
        heap[root] = heap[child];
        heap[child] = moved;
        root = child;
    }
}

/* Heap sort: in place, and no worse on hostile names. */
static void sort_names(const struct rp_name_map *map, uint32_t *order, size_t count)
{
    for (size_t i = count / 2; i-- > 0;) {
        sift_down(map, order, i, count);
    }
    for (size_t end = count; end > 1; end--) {
        uint32_t moved = order[0];
        order[0] = order[end - 1];
        order[end - 1] = moved;
        sift_down(map, order, 0, end - 1);
    }
}

static bool same_name(struct rp_span a, struct rp_span b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static void find_identifiers(struct rp_name_map *map)
{
    size_t named = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        if (map->names[i].data) {
            map->order[named++] = i;
        }
    }
    sort_names(map, map->order, named);
    for (size_t i = 0; i < named; i++) {
        struct rp_span name = map->names[map->order[i]];
        bool first = i == 0 || !same_name(name, map->names[map->order[i - 1]]);
        map->is_identifier[map->order[i]] = first && name.size != 0;
    }
}

static bool reserve_map(struct rp_name_map *map, struct rp_allocator *allocator, uint32_t count)
{
    if (count <= map->capacity) {
        return true;
    }
    rp_name_map_deinit(map, allocator);
    map->names = rp_alloc(allocator, count * sizeof(*map->names));
    map->order = rp_alloc(allocator, count * sizeof(*map->order));
    map->is_identifier = rp_alloc(allocator, count);
    map->capacity = count;
    if (!map->names || !map->order || !map->is_identifier) {
        rp_name_map_deinit(map, allocator);
        return false;
    }
    return true;
}

bool rp_name_map_fill(struct rp_name_map *map, struct rp_allocator *allocator,
                      const uint8_t *module_bytes, struct rp_span bytes, uint32_t count)
{
    map->count = 0;
    if (bytes.size == 0 || count == 0) {
        return true;
    }
    if (!reserve_map(map, allocator, count)) {
        return false;
    }
    memset(map->names, 0, count * sizeof(*map->names));
    memset(map->is_identifier, 0, count);
    struct rp_reader reader = open_span(module_bytes, bytes);
    uint32_t entries = rp_read_u32(&reader);
    for (uint32_t i = 0; i < entries && !reader.error; i++) {
        uint32_t index = rp_read_u32(&reader);
        struct rp_span name = rp_read_name(&reader);
        if (!reader.error && index < count && !map->names[index].data) {
            map->names[index] = name;
        }
    }
    if (!reader.error && rp_reader_left(&reader) == 0) {
        map->count = count;
        find_identifiers(map);
    }
    return true;
}

void rp_name_map_deinit(struct rp_name_map *map, struct rp_allocator *allocator)
{
    if (map->names) {
        rp_free(allocator, map->names, map->capacity * sizeof(*map->names));
    }
    if (map->order) {
        rp_free(allocator, map->order, map->capacity * sizeof(*map->order));
    }
    if (map->is_identifier) {
        rp_free(allocator, map->is_identifier, map->capacity);
    }
    *map = (struct rp_name_map){0};
}

struct rp_span rp_name_map_get(const struct rp_name_map *map, uint32_t index)
{
    return index < map->count ? map->names[index] : (struct rp_span){0};
}

bool rp_name_map_is_identifier(const struct rp_name_map *map, uint32_t index)
{
    return index < map->count && map->is_identifier[index];
}

/* Moves over a name map and answers its bytes. */
static struct rp_span skip_map(struct rp_reader *reader)
{
    struct rp_span span = {.data = reader->pos};
    uint32_t entries = rp_read_u32(reader);
    for (uint32_t i = 0; i < entries && !reader->error; i++) {
        (void)rp_read_u32(reader);
        (void)rp_read_name(reader);
    }
    span.size = (size_t)(reader->pos - span.data);
    return span;
}

bool rp_names_split(const uint8_t *module_bytes, struct rp_span bytes, struct rp_span *out_maps,
                    uint32_t count)
{
    RP_ASSERT(count == 0 || out_maps);
    if (bytes.size == 0) {
        return true;
    }
    struct rp_reader reader = open_span(module_bytes, bytes);
    uint32_t entries = rp_read_u32(&reader);
    for (uint32_t i = 0; i < entries && !reader.error; i++) {
        uint32_t index = rp_read_u32(&reader);
        struct rp_span map = skip_map(&reader);
        if (!reader.error && index < count && out_maps[index].size == 0) {
            out_maps[index] = map;
        }
    }
    return !reader.error && rp_reader_left(&reader) == 0;
}
