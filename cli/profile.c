/* Gas by context of calls (layer 7). See profile.h. */
#include "cli/profile.h"

#include "core/assert.h"
#include "core/json.h"

#include <string.h>

#define ROOT 0u
#define NO_NODE UINT32_MAX
#define TABLE_SIZE_FIRST 4096u /* a power of two */
#define PENDING_BYTES 65536u
#define PATH_MAX_NODES (RP_PROFILE_DEPTH_MAX + 2) /* with `[deeper]` and a function below it */

struct rp_profile_node {
    uint64_t gas; /* of the context itself, without what it calls */
    uint32_t parent;
    uint32_t name;
    uint32_t depth; /* functions on the path */
};

/* A call that is not left yet. */
struct rp_profile_frame {
    uint32_t node;
    uint32_t marker; /* the `[deeper]` below which all that is called is counted; ROOT: none */
};

enum rp_profile_format rp_profile_format_of(const char *path)
{
    size_t size = strlen(path);
    bool is_json = size >= 5 && memcmp(path + size - 5, ".json", 5) == 0;
    return is_json ? RP_PROFILE_SPEEDSCOPE : RP_PROFILE_COLLAPSED;
}

/* ---- the tree ---- */

static uint32_t hash_child(uint32_t parent, uint32_t name)
{
    uint64_t mixed = ((uint64_t)parent << 32 | name) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mixed >> 32);
}

/* The place of a child in the table, or the free one where it would be. */
static uint32_t find_place(const struct rp_profile *profile, uint32_t parent, uint32_t name)
{
    uint32_t mask = profile->table_size - 1;
    uint32_t place = hash_child(parent, name) & mask;
    for (;; place = (place + 1) & mask) {
        uint32_t number = profile->table[place];
        const struct rp_profile_node *node = &profile->nodes[number];
        if (number == 0 || (node->parent == parent && node->name == name)) {
            return place;
        }
    }
}

static bool grow_table(struct rp_profile *profile)
{
    uint32_t size = profile->table_size == 0 ? TABLE_SIZE_FIRST : profile->table_size * 2;
    uint32_t *table = rp_alloc_zero(profile->allocator, size, sizeof(*table));
    if (!table) {
        return false;
    }
    rp_free(profile->allocator, profile->table, profile->table_size * sizeof(*table));
    profile->table = table;
    profile->table_size = size;
    for (uint32_t i = 1; i < profile->node_count; i++) {
        const struct rp_profile_node *node = &profile->nodes[i];
        table[find_place(profile, node->parent, node->name)] = i;
    }
    return true;
}

/* Makes a node, reachable from the root or not. NO_NODE: out of memory. */
static uint32_t add_node(struct rp_profile *profile, uint32_t parent, uint32_t name)
{
    struct rp_profile_node *nodes =
        rp_grow(profile->allocator, profile->nodes, &profile->node_capacity,
                (uint64_t)profile->node_count + 1, sizeof(*nodes));
    if (!nodes) {
        return NO_NODE;
    }
    profile->nodes = nodes;
    uint32_t number = profile->node_count++;
    uint32_t depth = number == ROOT ? 0 : nodes[parent].depth + 1;
    nodes[number] = (struct rp_profile_node){.parent = parent, .name = name, .depth = depth};
    if (number != ROOT) {
        profile->table[find_place(profile, parent, name)] = number;
    }
    return profile->node_count * 2 <= profile->table_size || grow_table(profile) ? number : NO_NODE;
}

/* The child of that name, made if it is not there; when the tree is full, below `[other contexts]`
 * instead. NO_NODE: out of memory. */
static uint32_t enter_child(struct rp_profile *profile, uint32_t parent, uint32_t name)
{
    uint32_t found = profile->table[find_place(profile, parent, name)];
    if (found != 0) {
        return found;
    }
    if (profile->node_count >= RP_PROFILE_NODES_MAX && parent != profile->others) {
        return enter_child(profile, profile->others, name);
    }
    return add_node(profile, parent, name);
}

/* ---- events ---- */

void rp_profile_init(struct rp_profile *profile, struct rp_allocator *allocator,
                     enum rp_profile_format format)
{
    bool is_collapsed = format == RP_PROFILE_COLLAPSED;
    *profile = (struct rp_profile){.allocator = allocator, .format = format};
    rp_func_names_init(&profile->names, allocator,
                       is_collapsed ? RP_NAME_COLLAPSED : RP_NAME_QUOTED);
    uint32_t others_name = rp_func_names_add(&profile->names, "[other contexts]");
    profile->deeper_name = rp_func_names_add(&profile->names, "[deeper]");
    profile->failed = others_name == RP_NO_FUNC_NAME || profile->deeper_name == RP_NO_FUNC_NAME ||
                      !grow_table(profile) || add_node(profile, ROOT, RP_NO_FUNC_NAME) != ROOT;
    if (!profile->failed) {
        profile->others = add_node(profile, ROOT, others_name);
        profile->failed = profile->others == NO_NODE;
    }
}

void rp_profile_deinit(struct rp_profile *profile)
{
    struct rp_allocator *allocator = profile->allocator;
    if (!allocator) {
        return;
    }
    rp_free(allocator, profile->nodes, profile->node_capacity * sizeof(*profile->nodes));
    rp_free(allocator, profile->table, profile->table_size * sizeof(*profile->table));
    rp_free(allocator, profile->stack, profile->stack_capacity * sizeof(*profile->stack));
    rp_func_names_deinit(&profile->names);
    *profile = (struct rp_profile){0};
}

/* Gas up to a position belongs to the innermost call. The frame of an outermost call is charged
 * before it is entered: with nobody to bear it, it waits for that call. */
static void attribute(struct rp_profile *profile, uint64_t gas)
{
    RP_ASSERT(gas >= profile->gas);
    if (profile->depth != 0) {
        profile->nodes[profile->stack[profile->depth - 1].node].gas += gas - profile->gas;
        profile->gas = gas;
    }
}

/* The frame of a call made by the innermost one. node NO_NODE: out of memory. */
static struct rp_profile_frame make_frame(struct rp_profile *profile, uint32_t name)
{
    struct rp_profile_frame caller = {.node = ROOT, .marker = ROOT};
    if (profile->depth != 0) {
        caller = profile->stack[profile->depth - 1];
    }
    struct rp_profile_frame frame = {.node = NO_NODE, .marker = caller.marker};
    if (caller.marker == ROOT && profile->nodes[caller.node].depth >= RP_PROFILE_DEPTH_MAX) {
        frame.marker = enter_child(profile, caller.node, profile->deeper_name);
    }
    if (frame.marker != NO_NODE) {
        frame.node = enter_child(profile, frame.marker != ROOT ? frame.marker : caller.node, name);
    }
    return frame;
}

void rp_profile_enter(struct rp_profile *profile, const rp_call_info *info)
{
    if (profile->failed) {
        return;
    }
    attribute(profile, info->gas);
    uint32_t name = rp_func_names_find(&profile->names, info);
    struct rp_profile_frame *stack =
        rp_grow(profile->allocator, profile->stack, &profile->stack_capacity,
                (uint64_t)profile->depth + 1, sizeof(*stack));
    profile->stack = stack ? stack : profile->stack;
    struct rp_profile_frame frame = {.node = NO_NODE};
    if (stack && name != RP_NO_FUNC_NAME) {
        frame = make_frame(profile, name);
    }
    if (frame.node == NO_NODE) {
        profile->failed = true;
        return;
    }
    stack[profile->depth++] = frame;
}

void rp_profile_leave(struct rp_profile *profile, const rp_call_info *info)
{
    if (profile->failed) {
        return;
    }
    RP_ASSERT(profile->depth != 0);
    attribute(profile, info->gas);
    profile->depth--;
}

void rp_profile_end(struct rp_profile *profile, uint64_t gas)
{
    if (!profile->failed) {
        attribute(profile, gas);
        RP_ASSERT(profile->gas == gas);
    }
}

/* ---- files ---- */

/* The path of a node from the root, `size` nodes of it. */
static uint32_t find_path(const struct rp_profile *profile, uint32_t number,
                          uint32_t path[PATH_MAX_NODES])
{
    uint32_t size = profile->nodes[number].depth;
    RP_ASSERT(size <= PATH_MAX_NODES);
    for (uint32_t i = size; i-- > 0; number = profile->nodes[number].parent) {
        path[i] = number;
    }
    return size;
}

struct writer {
    struct rp_buffer pending;
    rp_profile_sink sink;
    void *user;
    const char *error;
};

static void flush(struct writer *writer)
{
    if (!writer->error) {
        writer->error = writer->pending.failed ? "out of memory"
                                               : writer->sink(writer->user, writer->pending.data,
                                                              writer->pending.size);
    }
    writer->pending.size = 0;
}

/* Between two items: what is pending goes out when it is much. */
static bool may_go_on(struct writer *writer)
{
    if (writer->pending.size >= PENDING_BYTES || writer->pending.failed) {
        flush(writer);
    }
    return !writer->error;
}

static void write_collapsed(const struct rp_profile *profile, struct writer *writer)
{
    struct rp_buffer *out = &writer->pending;
    uint32_t path[PATH_MAX_NODES];
    for (uint32_t i = ROOT + 1; i < profile->node_count && may_go_on(writer); i++) {
        const struct rp_profile_node *node = &profile->nodes[i];
        uint32_t size = node->gas == 0 ? 0 : find_path(profile, i, path);
        for (uint32_t k = 0; k < size; k++) {
            rp_name name = rp_func_names_get(&profile->names, profile->nodes[path[k]].name);
            rp_buffer_append(out, name.data, name.size);
            rp_buffer_byte(out, k + 1 < size ? ';' : ' ');
        }
        if (size != 0) {
            rp_buffer_printf(out, "%llu\n", (unsigned long long)node->gas);
        }
    }
}

static void write_frames(const struct rp_profile *profile, struct writer *writer)
{
    struct rp_buffer *out = &writer->pending;
    for (uint32_t i = 0; i < profile->names.count && may_go_on(writer); i++) {
        rp_name name = rp_func_names_get(&profile->names, i);
        rp_buffer_printf(out, "%s{\"name\":", i == 0 ? "\n" : ",\n");
        rp_buffer_append(out, name.data, name.size);
        rp_buffer_byte(out, '}');
    }
}

static void write_samples(const struct rp_profile *profile, struct writer *writer)
{
    struct rp_buffer *out = &writer->pending;
    uint32_t path[PATH_MAX_NODES];
    const char *separator = "\n[";
    for (uint32_t i = ROOT + 1; i < profile->node_count && may_go_on(writer); i++) {
        uint32_t size = profile->nodes[i].gas == 0 ? 0 : find_path(profile, i, path);
        for (uint32_t k = 0; k < size; k++) {
            rp_buffer_printf(out, "%s%u", k == 0 ? separator : ",", profile->nodes[path[k]].name);
        }
        if (size != 0) {
            rp_buffer_byte(out, ']');
            separator = ",\n[";
        }
    }
}

static void write_weights(const struct rp_profile *profile, struct writer *writer)
{
    const char *separator = "";
    for (uint32_t i = ROOT + 1; i < profile->node_count && may_go_on(writer); i++) {
        if (profile->nodes[i].gas != 0) {
            rp_buffer_printf(&writer->pending, "%s%llu", separator,
                             (unsigned long long)profile->nodes[i].gas);
            separator = ",";
        }
    }
}

/* The parts of speedscope's format that it needs: one profile, of samples with weights. */
static void write_speedscope(const struct rp_profile *profile, const char *title,
                             struct writer *writer)
{
    struct rp_buffer *out = &writer->pending;
    rp_buffer_printf(out, "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n"
                          "\"exporter\":\"reprise " RP_VERSION "\",\n\"name\":");
    rp_json_append_string(out, title, strlen(title));
    rp_buffer_printf(out, ",\n\"activeProfileIndex\":0,\n\"shared\":{\"frames\":[");
    write_frames(profile, writer);
    rp_buffer_printf(out,
                     "]},\n\"profiles\":[{\"type\":\"sampled\",\"name\":\"gas\",\n"
                     "\"unit\":\"none\",\"startValue\":0,\"endValue\":%llu,\n\"samples\":[",
                     (unsigned long long)profile->gas);
    write_samples(profile, writer);
    rp_buffer_printf(out, "],\n\"weights\":[");
    write_weights(profile, writer);
    rp_buffer_printf(out, "]}]}\n");
}

const char *rp_profile_write(const struct rp_profile *profile, const char *title,
                             rp_profile_sink sink, void *user)
{
    if (profile->failed) {
        return "out of memory";
    }
    struct writer writer = {.sink = sink, .user = user};
    rp_buffer_init(&writer.pending, profile->allocator);
    if (profile->format == RP_PROFILE_SPEEDSCOPE) {
        write_speedscope(profile, title, &writer);
    } else {
        write_collapsed(profile, &writer);
    }
    flush(&writer);
    rp_buffer_deinit(&writer.pending);
    return writer.error;
}
