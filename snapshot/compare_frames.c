/* What differs between two stopped calls, and the names of functions (layer 3; the grammar of
 * frames stands in engine/state_frames_save.c). */
#include "engine/module.h"
#include "engine/state_value.h"
#include "snapshot/compare.h"

#include <stdio.h>
#include <string.h>

/* ---- the functions of a side ---- */

static bool begin_section(const struct rp_compare_side *side, const char *name,
                          struct rp_msgpack *out_reader)
{
    const struct rp_wsnp *wsnp = &side->opened.wsnp;
    const struct rp_wsnp_section *section = rp_wsnp_find(wsnp, name);
    if (section == NULL) {
        return false;
    }
    size_t start = (size_t)(section->body.data - wsnp->data);
    rp_msgpack_init(out_reader, wsnp->data, start, start + section->body.size);
    return true;
}

/* A module by its hash: of the list, else of the engine's cache (a handle, then in `found`). */
static const rp_module *find_module(struct rp_compare_side *side, rp_engine *engine,
                                    const uint8_t *hash, rp_module **out_found)
{
    for (size_t i = 0; i < side->list.count; i++) {
        if (memcmp(side->list.modules[i]->hash, hash, RP_HASH_BYTES) == 0) {
            return side->list.modules[i];
        }
    }
    if (engine != NULL && rp_engine_find_module(engine, hash, out_found) == RP_OK) {
        return *out_found;
    }
    return NULL;
}

static bool read_modules(struct rp_compare_side *side, rp_engine *engine)
{
    struct rp_msgpack in;
    if (!begin_section(side, "modules", &in)) {
        return true;
    }
    uint32_t count = rp_msgpack_array(&in, UINT32_MAX);
    side->modules = rp_arena_alloc(&side->arena, count, sizeof *side->modules);
    side->found = rp_arena_alloc(&side->arena, count, sizeof *side->found);
    if (side->modules == NULL || side->found == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *hash = rp_msgpack_fixed_bytes(&in, RP_HASH_BYTES);
        if (hash == NULL) {
            break;
        }
        side->modules[i] = find_module(side, engine, hash, &side->found[i]);
        side->module_count = i + 1;
    }
    return true;
}

static bool read_instances(struct rp_compare_side *side)
{
    struct rp_msgpack in;
    if (!begin_section(side, "instances", &in) || !rp_msgpack_tuple(&in, 2)) {
        return true;
    }
    uint32_t count = rp_msgpack_array(&in, UINT32_MAX);
    side->instance_modules = rp_arena_alloc(&side->arena, count, sizeof *side->instance_modules);
    if (side->instance_modules == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count && in.error == NULL; i++) {
        uint32_t fields = rp_msgpack_array(&in, UINT32_MAX);
        side->instance_modules[i] = (uint32_t)rp_msgpack_uint(&in, UINT32_MAX);
        for (; fields > 1 && in.error == NULL; fields--) {
            rp_compare_skip(&in);
        }
        side->instance_count = in.error == NULL ? i + 1 : i;
    }
    return true;
}

static bool read_hosts(struct rp_compare_side *side)
{
    struct rp_msgpack in;
    if (!begin_section(side, "hosts", &in)) {
        return true;
    }
    uint32_t count = rp_msgpack_array(&in, UINT32_MAX);
    side->hosts = rp_arena_alloc(&side->arena, count, sizeof *side->hosts);
    if (side->hosts == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count && rp_msgpack_tuple(&in, 4); i++) {
        side->hosts[i][0] = rp_msgpack_text(&in, UINT32_MAX);
        side->hosts[i][1] = rp_msgpack_text(&in, UINT32_MAX);
        rp_compare_skip(&in);
        rp_compare_skip(&in);
        side->host_count = in.error == NULL ? i + 1 : i;
    }
    return true;
}

static bool read_funcs(struct rp_compare_side *side)
{
    struct rp_msgpack in;
    if (!begin_section(side, "functions", &in)) {
        return true;
    }
    uint32_t count = rp_msgpack_array(&in, UINT32_MAX);
    side->funcs = rp_arena_alloc(&side->arena, count, sizeof *side->funcs);
    if (side->funcs == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < count && in.error == NULL; i++) {
        uint32_t fields = rp_msgpack_array(&in, 3);
        struct rp_compare_func *func = &side->funcs[i];
        func->kind = (uint32_t)rp_msgpack_uint(&in, UINT32_MAX);
        func->owner = (uint32_t)rp_msgpack_uint(&in, UINT32_MAX);
        func->index = fields == 3 ? (uint32_t)rp_msgpack_uint(&in, UINT32_MAX) : 0;
        side->func_count = in.error == NULL ? i + 1 : i;
    }
    return true;
}

bool rp_compare_side_init(struct rp_compare_side *side, rp_engine *engine,
                          const rp_restore_options *options)
{
    rp_arena_init(&side->arena, &side->opened.allocator);
    /* Names are all that modules are for: one that does not load is one that is not there. */
    if (engine != NULL && rp_module_list_init(&side->list, engine, options, &side->opened, NULL) ==
                              RP_ERROR_NO_MEMORY) {
        return false;
    }
    return read_modules(side, engine) && read_instances(side) && read_hosts(side) &&
           read_funcs(side);
}

void rp_compare_side_deinit(struct rp_compare_side *side)
{
    for (uint32_t i = 0; i < side->module_count; i++) {
        rp_module_destroy(side->found[i]);
    }
    if (side->arena.allocator != NULL) {
        rp_arena_deinit(&side->arena);
    }
    rp_module_list_deinit(&side->list);
}

static const rp_module *module_of(const struct rp_compare_side *side,
                                  const struct rp_compare_func *func)
{
    if (func->kind == RP_STATE_FUNC_HOST || func->owner >= side->instance_count) {
        return NULL;
    }
    uint32_t number = side->instance_modules[func->owner];
    const rp_module *module = number < side->module_count ? side->modules[number] : NULL;
    return module != NULL && func->index < module->func_count ? module : NULL;
}

static void describe_host(const struct rp_compare_side *side, uint64_t func_index, uint32_t number,
                          char out_text[RP_COMPARE_TEXT_BYTES])
{
    if (number >= side->host_count) {
        (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "host function %llu",
                       (unsigned long long)func_index);
        return;
    }
    const struct rp_span *name = side->hosts[number];
    (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "host function %llu (%.*s.%.*s)",
                   (unsigned long long)func_index, (int)(name[0].size < 100 ? name[0].size : 100),
                   (const char *)name[0].data, (int)(name[1].size < 100 ? name[1].size : 100),
                   (const char *)name[1].data);
}

void rp_compare_describe_func(const struct rp_compare_side *side, uint64_t func_index,
                              char out_text[RP_COMPARE_TEXT_BYTES])
{
    if (func_index >= side->func_count) {
        (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "function %llu of the store",
                       (unsigned long long)func_index);
        return;
    }
    const struct rp_compare_func *func = &side->funcs[func_index];
    if (func->kind == RP_STATE_FUNC_HOST) {
        describe_host(side, func_index, func->owner, out_text);
        return;
    }
    const rp_module *module = module_of(side, func);
    rp_name name = {0};
    if (module != NULL && func->kind == RP_STATE_FUNC_CODE) {
        name = rp_module_func_name(module, func->index);
    }
    char owner[40] = "";
    if (side->instance_count > 1) {
        (void)snprintf(owner, sizeof owner, " of instance %u", func->owner);
    }
    (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "%s %u%s%s%.*s%s",
                   func->kind == RP_STATE_FUNC_CODE ? "function" : "import that is not offered",
                   func->index, owner, name.size > 0 ? " (" : "",
                   (int)(name.size < 200 ? name.size : 200), name.size > 0 ? name.data : "",
                   name.size > 0 ? ")" : "");
}

const struct rp_code *rp_compare_find_code(const struct rp_compare_side *side, uint64_t func_index)
{
    if (func_index >= side->func_count) {
        return NULL;
    }
    const struct rp_compare_func *func = &side->funcs[func_index];
    const rp_module *module = module_of(side, func);
    bool has_code = module != NULL && func->kind == RP_STATE_FUNC_CODE &&
                    func->index >= module->func_import_count;
    return has_code ? rp_module_code(module, func->index) : NULL;
}

/* ---- reading frames ---- */

struct values {
    struct rp_msgpack in; /* at the first */
    uint32_t count;
};

static struct values read_values(struct rp_msgpack *in)
{
    struct values values = {.count = rp_msgpack_array(in, UINT32_MAX)};
    values.in = *in;
    for (uint32_t left = values.count; left > 0 && in->error == NULL; left--) {
        (void)rp_state_take_value(in);
    }
    return values;
}

struct frame {
    uint64_t func;
    bool is_host;
    uint64_t offset; /* of code */
    struct values values;
    struct rp_state_value callee; /* of a host function */
    struct rp_state_value share;
    struct rp_span state;
};

static struct frame read_frame(struct rp_msgpack *in)
{
    struct frame frame = {0};
    uint32_t fields = rp_msgpack_array(in, 5);
    frame.is_host = fields == 5;
    frame.func = rp_msgpack_uint(in, UINT32_MAX);
    if (frame.is_host) {
        frame.values = read_values(in);
        frame.callee = rp_state_take_value(in);
        frame.share = rp_state_take_value(in);
        frame.state = rp_msgpack_bytes(in, UINT32_MAX);
    } else {
        frame.offset = rp_msgpack_uint(in, UINT32_MAX);
        frame.values = read_values(in);
    }
    return frame;
}

/* The stopped call up to its frames, at which the reader stands. */
struct stopped {
    bool is; /* false: no call is stopped */
    uint64_t entry;
    bool pending; /* the entry has no frame yet */
    struct values arguments;
    uint32_t frame_count;
};

static struct stopped read_stopped(struct rp_msgpack *in)
{
    struct stopped stopped = {0};
    if (rp_msgpack_is_nil(in)) {
        return stopped;
    }
    stopped.is = rp_msgpack_tuple(in, 3);
    stopped.entry = rp_msgpack_uint(in, UINT32_MAX);
    stopped.pending = !rp_msgpack_is_nil(in);
    if (stopped.pending) {
        stopped.arguments = read_values(in);
    }
    stopped.frame_count = rp_msgpack_array(in, UINT32_MAX);
    return stopped;
}

/* ---- telling ---- */

/* "function 12 (fib) at 0x1f4": the place in the module's file, if it is at hand. */
static void describe_frame(const struct rp_compare_side *side, const struct frame *frame,
                           char out_text[RP_COMPARE_TEXT_BYTES])
{
    rp_compare_describe_func(side, frame->func, out_text);
    if (frame->is_host) {
        return;
    }
    const struct rp_code *code = rp_compare_find_code(side, frame->func);
    size_t used = strlen(out_text);
    if (code == NULL) {
        (void)snprintf(out_text + used, RP_COMPARE_TEXT_BYTES - used, " at byte %llu of its code",
                       (unsigned long long)frame->offset);
        return;
    }
    const rp_module *module = module_of(side, &side->funcs[frame->func]);
    (void)snprintf(out_text + used, RP_COMPARE_TEXT_BYTES - used, " at 0x%llx",
                   (unsigned long long)((uint64_t)(code->body - module->bytes) + frame->offset));
}

static void print_value(struct rp_state_value value, char out_text[24])
{
    if (value.is_null) {
        (void)snprintf(out_text, 24, "null");
    } else {
        (void)snprintf(out_text, 24, "%llu", (unsigned long long)value.number);
    }
}

static void tell_value(struct rp_comparing *comparing, const char *place, struct rp_state_value a,
                       struct rp_state_value b)
{
    if (a.is_null != b.is_null || a.number != b.number) {
        char text[2][24];
        print_value(a, text[0]);
        print_value(b, text[1]);
        rp_compare_tell(comparing, "%s: %s and %s", place, text[0], text[1]);
    }
}

/* Locals, then operands, where it is known how many locals there are. */
static void name_value(const struct frame *frame, const struct rp_code *code, uint32_t index,
                       const char *of, char out_text[RP_COMPARE_TEXT_BYTES])
{
    const char *word = frame == NULL || frame->is_host ? "argument" : "value";
    if (frame != NULL && !frame->is_host && code != NULL) {
        word = index < code->local_count ? "local" : "operand";
        index = index < code->local_count ? index : index - code->local_count;
    }
    (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "%s: %s %u", of, word, index);
}

static void compare_value_lists(struct rp_comparing *comparing, const struct frame *frame,
                                const char *of, struct values *a, struct values *b)
{
    const struct rp_code *code =
        frame == NULL ? NULL : rp_compare_find_code(&comparing->sides[0], frame->func);
    uint32_t common = a->count < b->count ? a->count : b->count;
    for (uint32_t i = 0; i < common; i++) {
        char place[RP_COMPARE_TEXT_BYTES] = "";
        if (!rp_compare_is_full(comparing)) {
            name_value(frame, code, i, of, place);
        }
        struct rp_state_value left = rp_state_take_value(&a->in);
        struct rp_state_value right = rp_state_take_value(&b->in);
        tell_value(comparing, place, left, right);
    }
    if (a->count != b->count) {
        rp_compare_tell(comparing, "%s: %u and %u values", of, a->count, b->count);
    }
}

static void compare_host_frames(struct rp_comparing *comparing, const char *of,
                                const struct frame *a, const struct frame *b)
{
    char place[RP_COMPARE_TEXT_BYTES + 32];
    (void)snprintf(place, sizeof place, "%s: function to be called", of);
    tell_value(comparing, place, a->callee, b->callee);
    (void)snprintf(place, sizeof place, "%s: end of its share of gas", of);
    tell_value(comparing, place, a->share, b->share);
    if (a->state.size != b->state.size) {
        rp_compare_tell(comparing, "%s: state of %zu and %zu bytes", of, a->state.size,
                        b->state.size);
    } else if (a->state.size > 0 && memcmp(a->state.data, b->state.data, a->state.size) != 0) {
        char text[RP_COMPARE_TEXT_BYTES];
        rp_compare_describe_bytes(a->state.data, b->state.data, a->state.size, 0, text);
        rp_compare_tell(comparing, "%s: state: %s", of, text);
    }
}

static void compare_frame(struct rp_comparing *comparing, uint32_t number, struct frame *a,
                          struct frame *b)
{
    char text[2][RP_COMPARE_TEXT_BYTES];
    char of[RP_COMPARE_TEXT_BYTES];
    describe_frame(&comparing->sides[0], a, text[0]);
    describe_frame(&comparing->sides[1], b, text[1]);
    if (a->func != b->func || a->is_host != b->is_host || a->offset != b->offset) {
        rp_compare_tell(comparing, "frame %u: %s and %s", number, text[0], text[1]);
        return;
    }
    (void)snprintf(of, sizeof of, "frame %u, %.440s", number, text[0]);
    compare_value_lists(comparing, a, of, &a->values, &b->values);
    if (a->is_host) {
        compare_host_frames(comparing, of, a, b);
    }
}

/* Where a call stands: its innermost frame. Reads the frames. */
static void describe_stopped(const struct rp_compare_side *side, const struct stopped *stopped,
                             struct rp_msgpack *in, char out_text[RP_COMPARE_TEXT_BYTES])
{
    char place[RP_COMPARE_TEXT_BYTES] = "";
    if (!stopped->is) {
        (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "no call is stopped");
        return;
    }
    if (stopped->frame_count == 0) {
        rp_compare_describe_func(side, stopped->entry, place);
    }
    for (uint32_t left = stopped->frame_count; left > 0 && in->error == NULL; left--) {
        struct frame frame = read_frame(in);
        if (left == 1) {
            describe_frame(side, &frame, place);
        }
    }
    (void)snprintf(out_text, RP_COMPARE_TEXT_BYTES, "a call stands %s %.440s",
                   stopped->frame_count == 0 ? "before" : "in", place);
}

void rp_compare_frames(struct rp_comparing *comparing, struct rp_msgpack in[2])
{
    struct stopped stopped[2] = {read_stopped(&in[0]), read_stopped(&in[1])};
    char text[2][RP_COMPARE_TEXT_BYTES];
    if (stopped[0].is != stopped[1].is || stopped[0].pending != stopped[1].pending) {
        for (unsigned i = 0; i < 2; i++) {
            describe_stopped(&comparing->sides[i], &stopped[i], &in[i], text[i]);
        }
        rp_compare_tell(comparing, "%s and %s", text[0], text[1]);
        return;
    }
    if (stopped[0].entry != stopped[1].entry) {
        for (unsigned i = 0; i < 2; i++) {
            rp_compare_describe_func(&comparing->sides[i], stopped[i].entry, text[i]);
        }
        rp_compare_tell(comparing, "the call is one of %s and %s", text[0], text[1]);
    }
    if (stopped[0].pending) {
        compare_value_lists(comparing, NULL, "the call", &stopped[0].arguments,
                            &stopped[1].arguments);
    }
    uint32_t counts[2] = {stopped[0].frame_count, stopped[1].frame_count};
    if (counts[0] != counts[1]) {
        rp_compare_tell(comparing, "%u and %u frames", counts[0], counts[1]);
    }
    /* Outermost first: frame 0 is that of the call itself. */
    for (uint32_t i = 0; i < counts[0] && i < counts[1]; i++) {
        struct frame a = read_frame(&in[0]);
        struct frame b = read_frame(&in[1]);
        if (in[0].error != NULL || in[1].error != NULL) {
            return;
        }
        compare_frame(comparing, i, &a, &b);
    }
}
