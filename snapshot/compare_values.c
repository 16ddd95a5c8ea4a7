/* What differs between two sections that are arrays of values (layer 3). A shape names the values
 * of a section that is known; what it does not cover is told by number, so a section of a part that
 * nobody here knows is compared too. */
#include "engine/types.h"
#include "snapshot/compare.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 32u
#define SHOWN_BYTES_MAX 64u

/* ---- shapes ---- */

enum shape_kind {
    SHAPE_PLAIN,
    SHAPE_TYPE,  /* of the values that follow in the tuple */
    SHAPE_VALUE, /* of that type */
    SHAPE_FUNC,  /* index of a function */
    SHAPE_LIST,
    SHAPE_KEYED, /* a list of tuples that begin with a number, ascending, and a kind */
    SHAPE_TUPLE
};

struct shape {
    const char *name; /* of the value in its tuple; of each in its list */
    enum shape_kind kind;
    uint32_t count;         /* TUPLE, KEYED */
    const struct shape *of; /* TUPLE: `count` of them; LIST: one for all; KEYED: by kind */
};

#define PLAIN(text) {.name = (text), .kind = SHAPE_PLAIN}
#define LEAF(text, leaf_kind) {.name = (text), .kind = (leaf_kind)}
#define LIST(text, element) {.name = (text), .kind = SHAPE_LIST, .of = (element)}
#define KEYED(text, kinds) \
    {.name = (text), .kind = SHAPE_KEYED, .count = sizeof(kinds) / sizeof(kinds)[0], .of = (kinds)}
#define TUPLE(text, fields)                       \
    {.name = (text),                              \
     .kind = SHAPE_TUPLE,                         \
     .count = sizeof(fields) / sizeof(fields)[0], \
     .of = (fields)}

static const struct shape config_fields[] = {
    PLAIN("semantics version"),
    PLAIN("features"),
    PLAIN("gas schedule"),
    PLAIN("most bytes of memory"),
    PLAIN("most elements of tables"),
    PLAIN("most frames"),
    PLAIN("most stack slots"),
    PLAIN("most nested host calls"),
    PLAIN("seed"),
    PLAIN("start time in ns"),
    PLAIN("ns per gas"),
};
static const struct shape config_shape = TUPLE("", config_fields);

static const struct shape module_shape = PLAIN("module");
static const struct shape modules_shape = LIST("", &module_shape);

static const struct shape param_shape = LEAF("parameter", SHAPE_TYPE);
static const struct shape result_shape = LEAF("result", SHAPE_TYPE);
static const struct shape host_fields[] = {PLAIN("module"), PLAIN("name"), LIST("", &param_shape),
                                           LIST("", &result_shape)};
static const struct shape host_shape = TUPLE("host function", host_fields);
static const struct shape hosts_shape = LIST("", &host_shape);

static const struct shape func_import_shape = LEAF("imported function", SHAPE_FUNC);
static const struct shape table_index_shape = PLAIN("table");
static const struct shape memory_index_shape = PLAIN("memory");
static const struct shape global_index_shape = PLAIN("global");
static const struct shape reference_shape = PLAIN("element");
static const struct shape elements_shape = LIST("element segment", &reference_shape);
static const struct shape dropped_shape = PLAIN("data segment dropped,");
static const struct shape instance_fields[] = {
    PLAIN("module"),
    LIST("", &func_import_shape),
    LIST("", &table_index_shape),
    LIST("", &memory_index_shape),
    LIST("", &global_index_shape),
    LIST("", &elements_shape),
    LIST("", &dropped_shape),
};
static const struct shape instance_shape = TUPLE("instance", instance_fields);
static const struct shape registration_fields[] = {PLAIN("name"), PLAIN("instance")};
static const struct shape registration_shape = TUPLE("registered name", registration_fields);
static const struct shape instances_fields[] = {LIST("", &instance_shape),
                                                LIST("", &registration_shape)};
static const struct shape instances_shape = TUPLE("", instances_fields);

static const struct shape func_fields[] = {PLAIN("kind"), PLAIN("owner"), PLAIN("index")};
static const struct shape func_shape = TUPLE("function", func_fields);
static const struct shape functions_shape = LIST("", &func_shape);

static const struct shape element_shape = LEAF("element", SHAPE_VALUE);
static const struct shape table_fields[] = {LEAF("type", SHAPE_TYPE), PLAIN("minimum"),
                                            PLAIN("maximum"), LIST("", &element_shape)};
static const struct shape table_shape = TUPLE("table", table_fields);
static const struct shape tables_shape = LIST("", &table_shape);

static const struct shape global_fields[] = {LEAF("type", SHAPE_TYPE), PLAIN("mutable"),
                                             LEAF("value", SHAPE_VALUE)};
static const struct shape global_shape = TUPLE("global", global_fields);
static const struct shape globals_shape = LIST("", &global_shape);

static const struct shape memories_shape = PLAIN("number of memories");

static const struct shape counter_fields[] = {
    PLAIN("gas of loading"),
    PLAIN("gas of instantiation"),
    PLAIN("gas of instructions"),
    PLAIN("gas of host calls"),
    PLAIN("random state, high half"),
    PLAIN("random state, low half"),
    PLAIN("random stream, high half"),
    PLAIN("random stream, low half"),
    PLAIN("clock: ns at its start"),
    PLAIN("clock: gas at its start"),
    PLAIN("clock: ns slept"),
    PLAIN("host events"),
    PLAIN("host calls answered later"),
    PLAIN("host call that waits"),
};
static const struct shape counters_shape = TUPLE("", counter_fields);

static const struct shape embedder_shape = PLAIN("");

/* sandbox/wasi_part.c */
static const struct shape argument_shape = PLAIN("argument");
static const struct shape variable_shape = PLAIN("variable");
static const struct shape stream_fields[] = {PLAIN("number"), PLAIN("kind"), PLAIN("flags"),
                                             PLAIN("rights"), PLAIN("device")};
static const struct shape file_fields[] = {PLAIN("number"), PLAIN("kind"),  PLAIN("flags"),
                                           PLAIN("rights"), PLAIN("inode"), PLAIN("read only"),
                                           PLAIN("offset")};
static const struct shape directory_fields[] = {PLAIN("number"),
                                                PLAIN("kind"),
                                                PLAIN("flags"),
                                                PLAIN("rights"),
                                                PLAIN("inode"),
                                                PLAIN("read only"),
                                                PLAIN("inherited rights"),
                                                PLAIN("is being listed"),
                                                PLAIN("name")};
static const struct shape device_fields[] = {PLAIN("number"), PLAIN("kind"),  PLAIN("flags"),
                                             PLAIN("rights"), PLAIN("inode"), PLAIN("read only")};
static const struct shape pipe_fields[] = {PLAIN("number"), PLAIN("kind"),  PLAIN("flags"),
                                           PLAIN("rights"), PLAIN("inode"), PLAIN("end")};
static const struct shape descriptor_kinds[] = {
    PLAIN("closed"),
    TUPLE("stream", stream_fields),
    TUPLE("file", file_fields),
    TUPLE("directory", directory_fields),
    TUPLE("device", device_fields),
    TUPLE("pipe", pipe_fields),
};
static const struct shape wasi_fields[] = {
    PLAIN("most bytes of output"),
    PLAIN("most descriptors"),
    PLAIN("bytes of output"),
    PLAIN("ns at the start"),
    PLAIN("ns slept"),
    LIST("", &argument_shape),
    LIST("", &variable_shape),
    KEYED("descriptor", descriptor_kinds),
};
static const struct shape wasi_shape = TUPLE("", wasi_fields);

static const struct {
    const char *section;
    const struct shape *shape;
} shapes[] = {
    {"config", &config_shape},       {"modules", &modules_shape},     {"hosts", &hosts_shape},
    {"instances", &instances_shape}, {"functions", &functions_shape}, {"tables", &tables_shape},
    {"globals", &globals_shape},     {"memories", &memories_shape},   {"counters", &counters_shape},
    {"embedder", &embedder_shape},   {"wasi", &wasi_shape},
};

static const struct shape *find_shape(const char *section)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (strcmp(shapes[i].section, section) == 0) {
            return shapes[i].shape;
        }
    }
    return NULL;
}

/* ---- reading ---- */

enum value_kind { VALUE_UINT, VALUE_NIL, VALUE_BOOL, VALUE_TEXT, VALUE_BYTES, VALUE_ARRAY };

static enum value_kind next_kind(const struct rp_msgpack *in)
{
    uint8_t head = in->pos < in->end ? *in->pos : 0;
    if (head == 0xc0) {
        return VALUE_NIL;
    }
    if (head == 0xc2 || head == 0xc3) {
        return VALUE_BOOL;
    }
    if (head >= 0xc4 && head <= 0xc6) {
        return VALUE_BYTES;
    }
    if ((head >= 0xa0 && head <= 0xbf) || (head >= 0xd9 && head <= 0xdb)) {
        return VALUE_TEXT;
    }
    bool is_array = (head >= 0x90 && head <= 0x9f) || head == 0xdc || head == 0xdd;
    return is_array ? VALUE_ARRAY : VALUE_UINT;
}

/* Reads a value that is no array; the elements of an array follow, and their count is the answer.
 */
static uint32_t skip_one(struct rp_msgpack *in)
{
    switch (next_kind(in)) {
    case VALUE_NIL:
        (void)rp_msgpack_is_nil(in);
        return 0;
    case VALUE_BOOL:
        (void)rp_msgpack_bool(in);
        return 0;
    case VALUE_TEXT:
        (void)rp_msgpack_text(in, UINT32_MAX);
        return 0;
    case VALUE_BYTES:
        (void)rp_msgpack_bytes(in, UINT32_MAX);
        return 0;
    case VALUE_ARRAY:
        return rp_msgpack_array(in, UINT32_MAX);
    case VALUE_UINT:
        break;
    }
    (void)rp_msgpack_uint(in, UINT64_MAX);
    return 0;
}

void rp_compare_skip(struct rp_msgpack *in)
{
    for (uint64_t left = 1; left > 0 && in->error == NULL; left--) {
        left += skip_one(in);
    }
}

/* ---- the walk ---- */

struct walk {
    struct rp_comparing *comparing;
    struct rp_msgpack *in[2];
    uint64_t types[2]; /* the latest TYPE of each side */
    unsigned depth;
    size_t path_size;
    char path[RP_COMPARE_TEXT_BYTES];
};

static size_t push_path(struct walk *walk, const char *format, ...) RP_PRINTF(2, 3);

/* Appends to the path; answers its size before, to go back to. */
static size_t push_path(struct walk *walk, const char *format, ...)
{
    size_t before = walk->path_size;
    va_list args;
    va_start(args, format);
    int size = vsnprintf(walk->path + before, sizeof walk->path - before, format, args);
    va_end(args);
    size_t room = sizeof walk->path - before - 1;
    walk->path_size += size < 0 ? 0 : (size_t)size < room ? (size_t)size : room;
    return before;
}

static void pop_path(struct walk *walk, size_t before)
{
    walk->path_size = before;
    walk->path[before] = '\0';
}

static void tell(struct walk *walk, const char *a, const char *b)
{
    rp_compare_tell(walk->comparing, "%s%s%s and %s", walk->path, walk->path_size > 0 ? ": " : "",
                    a, b);
}

static void print_uint(const struct walk *walk, unsigned side, enum shape_kind kind, uint64_t value,
                       char out_text[RP_COMPARE_TEXT_BYTES])
{
    uint64_t type = walk->types[side];
    bool is_func = kind == SHAPE_FUNC || (kind == SHAPE_VALUE && type == RP_TYPE_FUNCREF);
    bool is_float = kind == SHAPE_VALUE && (type == RP_TYPE_F32 || type == RP_TYPE_F64);
    if (is_func) {
        rp_compare_describe_func(&walk->comparing->sides[side], value, out_text);
    } else if (kind == SHAPE_TYPE && value >= RP_TYPE_EXTERNREF && value <= RP_TYPE_I32) {
        (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "%s", rp_type_name((uint32_t)value));
    } else {
        (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, is_float ? "0x%llx" : "%llu",
                       (unsigned long long)value);
    }
}

static bool is_printable(struct rp_span bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

static void print_bytes(struct rp_span bytes, char out_text[RP_COMPARE_TEXT_BYTES])
{
    if (bytes.size == 0) {
        (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "no bytes");
        return;
    }
    if (bytes.size > SHOWN_BYTES_MAX) {
        (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "%zu bytes", bytes.size);
        return;
    }
    if (is_printable(bytes)) {
        (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "\"%.*s\"", (int)bytes.size,
                       (const char *)bytes.data);
        return;
    }
    size_t used = (size_t)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "[");
    for (size_t i = 0; i < bytes.size; i++) {
        used +=
            (size_t)snprintf(out_text + used, RP_COMPARE_TEXT_BYTES - used, "%02x", bytes.data[i]);
    }
    (void)snprintf(out_text + used, RP_COMPARE_TEXT_BYTES - used, "]");
}

/* Reads a value and says what it is. */
static void print_value(struct walk *walk, unsigned side, enum shape_kind kind,
                        char out_text[RP_COMPARE_TEXT_BYTES])
{
    struct rp_msgpack *in = walk->in[side];
    struct rp_span text;
    switch (next_kind(in)) {
    case VALUE_NIL:
        rp_compare_skip(in);
        (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, kind == SHAPE_VALUE ? "null" : "none");
        break;
    case VALUE_BOOL:
        (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, rp_msgpack_bool(in) ? "true" : "false");
        break;
    case VALUE_TEXT:
        text = rp_msgpack_text(in, UINT32_MAX);
        (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "\"%.*s\"",
                       (int)(text.size < SHOWN_BYTES_MAX ? text.size : SHOWN_BYTES_MAX),
                       (const char *)text.data);
        break;
    case VALUE_BYTES:
        print_bytes(rp_msgpack_bytes(in, UINT32_MAX), out_text);
        break;
    case VALUE_ARRAY: {
        struct rp_msgpack ahead = *in;
        uint32_t count = rp_msgpack_array(&ahead, UINT32_MAX);
        rp_compare_skip(in);
        (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "%u values", count);
        break;
    }
    case VALUE_UINT:
        print_uint(walk, side, kind, rp_msgpack_uint(in, UINT64_MAX), out_text);
        break;
    }
}

/* Notes the type on each side, which the values behind it have. */
static void note_types(struct walk *walk)
{
    for (unsigned side = 0; side < 2; side++) {
        struct rp_msgpack ahead = *walk->in[side];
        walk->types[side] = rp_msgpack_uint(&ahead, UINT64_MAX);
    }
}

/* Passes over a value that is the same on both sides; false: they differ, nothing is read. */
static bool skip_equal(struct walk *walk)
{
    struct rp_msgpack ahead[2] = {*walk->in[0], *walk->in[1]};
    rp_compare_skip(&ahead[0]);
    rp_compare_skip(&ahead[1]);
    size_t size = (size_t)(ahead[0].pos - walk->in[0]->pos);
    bool is_equal = ahead[0].error == NULL && ahead[1].error == NULL &&
                    size == (size_t)(ahead[1].pos - walk->in[1]->pos) &&
                    memcmp(walk->in[0]->pos, walk->in[1]->pos, size) == 0;
    if (is_equal) {
        *walk->in[0] = ahead[0];
        *walk->in[1] = ahead[1];
    }
    return is_equal;
}

static void compare_value(struct walk *walk, const struct shape *shape);

static void compare_leaves(struct walk *walk, enum shape_kind kind)
{
    char text[2][RP_COMPARE_TEXT_BYTES];
    bool are_bytes = next_kind(walk->in[0]) == VALUE_BYTES && next_kind(walk->in[1]) == VALUE_BYTES;
    if (are_bytes) {
        struct rp_msgpack ahead[2] = {*walk->in[0], *walk->in[1]};
        struct rp_span a = rp_msgpack_bytes(&ahead[0], UINT32_MAX);
        struct rp_span b = rp_msgpack_bytes(&ahead[1], UINT32_MAX);
        if (a.size == b.size && a.size > SHOWN_BYTES_MAX) {
            rp_compare_describe_bytes(a.data, b.data, a.size, 0, text[0]);
            rp_compare_tell(walk->comparing, "%s%s%s", walk->path, walk->path_size > 0 ? ": " : "",
                            text[0]);
            *walk->in[0] = ahead[0];
            *walk->in[1] = ahead[1];
            return;
        }
    }
    print_value(walk, 0, kind, text[0]);
    print_value(walk, 1, kind, text[1]);
    tell(walk, text[0], text[1]);
}

/* The shape of an element, and the path to it. */
static const struct shape *enter_element(struct walk *walk, const struct shape *shape,
                                         uint32_t count, uint32_t index)
{
    const char *comma = walk->path_size > 0 ? ", " : "";
    const struct shape *element = NULL;
    if (shape != NULL && shape->kind == SHAPE_TUPLE && shape->count == count) {
        element = &shape->of[index];
        if (element->name[0] != '\0' && element->kind != SHAPE_KEYED) {
            (void)push_path(walk, "%s%s", comma, element->name);
        }
    } else if (shape != NULL && shape->kind == SHAPE_LIST && shape->of->name[0] != '\0') {
        element = shape->of;
        (void)push_path(walk, "%s%s %u", comma, element->name, index);
    } else {
        (void)push_path(walk, "%svalue %u", comma, index);
    }
    return element;
}

static void compare_arrays(struct walk *walk, const struct shape *shape)
{
    uint32_t counts[2];
    for (unsigned side = 0; side < 2; side++) {
        counts[side] = rp_msgpack_array(walk->in[side], UINT32_MAX);
    }
    uint32_t common = counts[0] < counts[1] ? counts[0] : counts[1];
    uint32_t count = counts[0] == counts[1] ? common : UINT32_MAX; /* tuples have one size */
    for (uint32_t i = 0; i < common && walk->in[0]->error == NULL && walk->in[1]->error == NULL;
         i++) {
        size_t before = walk->path_size;
        const struct shape *element = enter_element(walk, shape, count, i);
        compare_value(walk, element);
        pop_path(walk, before);
    }
    if (counts[0] != counts[1]) {
        bool is_list = shape != NULL && shape->kind == SHAPE_LIST && shape->of->name[0] != '\0';
        char text[2][RP_COMPARE_TEXT_BYTES];
        (void)snprintf(text[0], sizeof text[0], "%u", counts[0]);
        (void)snprintf(text[1], sizeof text[1], "%u", counts[1]);
        size_t before = push_path(walk, "%snumber of %s%s", walk->path_size > 0 ? ", " : "",
                                  is_list ? shape->of->name : "value", is_list ? " entries" : "s");
        tell(walk, text[0], text[1]);
        pop_path(walk, before);
        for (unsigned side = 0; side < 2; side++) {
            for (uint32_t left = counts[side] - common; left > 0; left--) {
                rp_compare_skip(walk->in[side]);
            }
        }
    }
}

/* ---- lists by number ---- */

struct keyed {
    uint64_t number;
    uint64_t kind;
};

/* Of the tuple that is next, which stays. */
static struct keyed look_at_keyed(const struct rp_msgpack *in)
{
    struct rp_msgpack ahead = *in;
    struct keyed keyed = {0};
    (void)rp_msgpack_array(&ahead, UINT32_MAX);
    keyed.number = rp_msgpack_uint(&ahead, UINT64_MAX);
    keyed.kind = rp_msgpack_uint(&ahead, UINT64_MAX);
    return keyed;
}

static const struct shape *shape_of_kind(const struct shape *shape, uint64_t kind)
{
    return kind < shape->count ? &shape->of[kind] : NULL;
}

static void compare_pair(struct walk *walk, const struct shape *shape, struct keyed a,
                         struct keyed b)
{
    const struct shape *kinds[2] = {shape_of_kind(shape, a.kind), shape_of_kind(shape, b.kind)};
    size_t before = push_path(walk, "%s %llu", shape->name, (unsigned long long)a.number);
    if (a.kind == b.kind) {
        compare_value(walk, kinds[0]);
    } else {
        rp_compare_skip(walk->in[0]);
        rp_compare_skip(walk->in[1]);
        tell(walk, kinds[0] == NULL ? "something" : kinds[0]->name,
             kinds[1] == NULL ? "something" : kinds[1]->name);
    }
    pop_path(walk, before);
}

static void compare_keyed(struct walk *walk, const struct shape *shape)
{
    uint32_t left[2];
    for (unsigned side = 0; side < 2; side++) {
        left[side] = rp_msgpack_array(walk->in[side], UINT32_MAX);
    }
    while ((left[0] > 0 || left[1] > 0) && walk->in[0]->error == NULL &&
           walk->in[1]->error == NULL) {
        struct keyed a = look_at_keyed(walk->in[0]);
        struct keyed b = look_at_keyed(walk->in[1]);
        if (left[0] > 0 && left[1] > 0 && a.number == b.number) {
            compare_pair(walk, shape, a, b);
            left[0]--;
            left[1]--;
            continue;
        }
        unsigned side = left[0] == 0 || (left[1] > 0 && b.number < a.number);
        rp_compare_skip(walk->in[side]);
        left[side]--;
        const struct shape *kind = shape_of_kind(shape, side == 0 ? a.kind : b.kind);
        rp_compare_tell(walk->comparing, "%s %llu: only in the %s snapshot, a %s", shape->name,
                        (unsigned long long)(side == 0 ? a.number : b.number),
                        side == 0 ? "first" : "second", kind == NULL ? "thing" : kind->name);
    }
}

static void compare_value(struct walk *walk, const struct shape *shape)
{
    enum shape_kind kind = shape == NULL ? SHAPE_PLAIN : shape->kind;
    if (kind == SHAPE_TYPE) {
        note_types(walk);
    }
    if (skip_equal(walk)) {
        return;
    }
    bool are_arrays =
        next_kind(walk->in[0]) == VALUE_ARRAY && next_kind(walk->in[1]) == VALUE_ARRAY;
    if (are_arrays && walk->depth < DEPTH_MAX) {
        walk->depth++;
        if (kind == SHAPE_KEYED) {
            compare_keyed(walk, shape);
        } else {
            compare_arrays(walk, shape);
        }
        walk->depth--;
    } else {
        compare_leaves(walk, kind);
    }
}

void rp_compare_one(struct rp_comparing *comparing, const char *path, struct rp_msgpack in[2])
{
    struct walk walk = {.comparing = comparing, .in = {&in[0], &in[1]}};
    (void)push_path(&walk, "%s", path);
    compare_value(&walk, NULL);
}

void rp_compare_values(struct rp_comparing *comparing, struct rp_msgpack in[2])
{
    struct walk walk = {.comparing = comparing, .in = {&in[0], &in[1]}};
    const struct shape *shape = find_shape(comparing->component);
    if (shape != NULL && shape->kind < SHAPE_LIST && shape->name[0] != '\0') {
        (void)push_path(&walk, "%s", shape->name);
    }
    compare_value(&walk, shape);
}
