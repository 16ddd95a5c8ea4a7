/* Reading the stopped call without trusting it (layer 2; docs/design/snapshot.md, section 3; the
 * grammar stands in state_frames_save.c).
 *
 * First the frames are read in their order: functions, offsets, how many values; from these follow
 * the places of all frames on the stack, and the limits are kept. Then they are visited in the
 * order of their code (state_locate.h): the offset must begin a reachable instruction, the values
 * must be those that the validator knows there, and a frame that waits must stand behind a call of
 * the function above it. So the work is linear in the bytes and in the functions on the stack, with
 * the logarithm of sorting. */
#include "core/assert.h"
#include "core/opcode.h"
#include "engine/host_call.h"
#include "engine/instruction.h"
#include "engine/state_loader.h"
#include "engine/state_locate.h"
#include "engine/state_value.h"

#include <string.h>

/* What a frame's entry says, and where its values stand in the bytes. */
struct head {
    struct rp_func *func;
    struct rp_msgpack values; /* reader in front of the values */
    struct rp_slot *fp;
    uint32_t offset;
    uint32_t value_count;
    uint32_t slots_used;
};

struct frames_loader {
    struct rp_state_loader *loader;
    struct head *heads;
    uint32_t count;
    uint32_t code_count; /* frames that are no host function's */
};

/* ---- reading in order ---- */

static bool take_func(struct rp_state_loader *loader, const char *what, uint32_t frame,
                      struct rp_func **out_func)
{
    uint64_t index = rp_msgpack_uint(loader->in, UINT64_MAX);
    if (loader->in->error != NULL || index >= loader->store->func_count) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "%s %u: function %llu, there are %u", what, frame,
                               (unsigned long long)index, loader->store->func_count);
    }
    *out_func = loader->store->funcs[index];
    return true;
}

/* Notes where the values stand and moves over them. */
static bool skip_values(struct rp_state_loader *loader, struct head *head)
{
    struct rp_msgpack *in = loader->in;
    head->value_count = rp_msgpack_array(in, UINT32_MAX);
    head->values = *in;
    for (uint32_t i = 0; i < head->value_count && in->error == NULL; i++) {
        (void)rp_state_take_value(in);
    }
    return in->error == NULL;
}

static bool load_callee(struct rp_state_loader *loader, uint32_t index, bool is_top,
                        struct rp_host_frame *host)
{
    if (rp_msgpack_is_nil(loader->in)) {
        return true;
    }
    struct rp_func *callee = NULL;
    if (!take_func(loader, "callee of frame", index, &callee)) {
        return false;
    }
    if (!is_top) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_FRAMES,
                               "frame %u is about to call, with a frame above it", index);
    }
    host->callee = callee;
    return true;
}

static bool load_share(struct rp_state_loader *loader, uint32_t index, struct rp_host_frame *host)
{
    bool given;
    uint64_t share_end = rp_state_take_optional(loader, &given);
    const struct rp_store *store = loader->store;
    int64_t around = store->host_frame_count > 1 ? host[-1].share_end : RP_GAS_UNLIMITED;
    if (given && share_end >= (uint64_t)RP_GAS_UNLIMITED) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_ENCODING,
                               "frame %u: a share of gas up to %llu", index,
                               (unsigned long long)share_end);
    }
    host->share_end = given ? (int64_t)share_end : RP_GAS_UNLIMITED;
    if (host->share_end > around) {
        return rp_state_refuse(
            loader, RP_ERROR_SNAPSHOT_STATE,
            "frame %u: a share of gas up to %lld, the one around it ends at %lld", index,
            (long long)host->share_end, (long long)around);
    }
    bool waits = index + 1 == loader->frame_count && host->callee == NULL;
    if (waits && host->share_end != around) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "frame %u waits for its answer and has a share of gas", index);
    }
    return true;
}

static bool load_host_state(struct rp_state_loader *loader, uint32_t index,
                            struct rp_host_frame *host)
{
    struct rp_span bytes = rp_msgpack_bytes(loader->in, RP_CONTINUE_BYTES_MAX);
    bool waits = index + 1 == loader->frame_count && host->callee == NULL;
    if (waits && bytes.size != 0) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "frame %u waits for its answer and has a state to continue with",
                               index);
    }
    host->state = rp_alloc(&loader->store->allocator, bytes.size);
    if (host->state == NULL) {
        return rp_state_no_memory(loader);
    }
    host->state_size = (uint32_t)bytes.size;
    if (bytes.size != 0) {
        memcpy(host->state, bytes.data, bytes.size);
    }
    return true;
}

/* The values of a host function's frame: its arguments, then those of its callee. They are read at
 * once, as nothing has to be found for it. */
static bool load_host_values(struct rp_state_loader *loader, uint32_t index,
                             const struct rp_host_frame *host, const struct head *head)
{
    const struct rp_func_type *own = head->func->type;
    const struct rp_func_type *next = host->callee == NULL ? NULL : host->callee->type;
    uint32_t expected = own->param_count + (next == NULL ? 0 : next->param_count);
    if (head->value_count != expected) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_OPERANDS,
                               "frame %u: %u values, the host function has %u", index,
                               head->value_count, expected);
    }
    struct rp_msgpack *behind = loader->in;
    struct rp_msgpack values = head->values;
    bool taken = true;
    loader->in = &values;
    for (uint32_t i = 0; i < expected && taken; i++) {
        uint32_t type = i < own->param_count ? own->types[i] : next->types[i - own->param_count];
        taken = rp_state_take(loader, type, RP_ERROR_SNAPSHOT_OPERANDS, &head->fp[i].lo,
                              "frame %u value %u", index, i);
    }
    loader->in = behind;
    return taken;
}

static bool load_host_head(struct rp_state_loader *loader, uint32_t index, struct head *head)
{
    const struct rp_host_binding *binding = head->func->host;
    bool is_top = index + 1 == loader->frame_count;
    if (binding->continue_callback == NULL) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_HOST,
                               "frame %u is of a host function that does not continue", index);
    }
    struct rp_host_frame *host = rp_host_frames_push(loader->store, index);
    if (host == NULL) {
        return rp_state_no_memory(loader);
    }
    return skip_values(loader, head) && load_callee(loader, index, is_top, host) &&
           load_share(loader, index, host) && load_host_state(loader, index, host) &&
           load_host_values(loader, index, host, head);
}

static bool load_code_head(struct rp_state_loader *loader, uint32_t index, struct head *head)
{
    head->offset = (uint32_t)rp_msgpack_uint(loader->in, UINT32_MAX);
    if (!skip_values(loader, head)) {
        return false;
    }
    const struct rp_code *code = head->func->code;
    if (head->value_count > code->local_count + code->operand_max) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_OPERANDS,
                               "frame %u: %u values, the function has at most %u locals and "
                               "operands",
                               index, head->value_count, code->local_count + code->operand_max);
    }
    return true;
}

/* Reads a frame's entry. `below` is the frame below, NULL for the outermost. */
static bool load_head(struct frames_loader *frames, uint32_t index)
{
    struct rp_state_loader *loader = frames->loader;
    struct rp_store *store = loader->store;
    struct head *head = &frames->heads[index];
    const struct head *below = index == 0 ? NULL : head - 1;
    uint32_t fields = rp_msgpack_array(loader->in, 5);
    if (!take_func(loader, "frame", index, &head->func)) {
        return false;
    }
    bool is_code = head->func->code != NULL;
    if (fields != (is_code ? 3u : 5u)) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "frame %u has not the fields of its kind of function", index);
    }
    head->fp = below == NULL ? store->stack.slots : below->fp + below->value_count;
    uint64_t slots =
        (below == NULL ? 0 : below->slots_used) +
        (is_code ? head->func->code->frame_slots : rp_host_frame_slots(head->func->type));
    if (slots > store->machine.slots_max) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "frame %u: %llu stack slots are used, the limit is %llu", index,
                               (unsigned long long)slots,
                               (unsigned long long)store->machine.slots_max);
    }
    head->slots_used = (uint32_t)slots;
    frames->code_count += is_code;
    return is_code ? load_code_head(loader, index, head) : load_host_head(loader, index, head);
}

/* ---- checking in the order of the code ---- */

/* The function that the instruction calls must be `callee`: it is the one, or of its type. */
static bool calls(const struct rp_func *caller, const uint8_t *at, const struct rp_func *callee)
{
    struct rp_instruction call;
    struct rp_reader reader = {.start = caller->code->body,
                               .pos = at,
                               .end = caller->code->body + caller->code->body_size};
    const struct rp_instance *instance = caller->instance;
    if (!rp_instruction_read(&reader, &call)) {
        return false;
    }
    return (call.op == RP_OP_call && instance->funcs[call.index[0]] == callee) ||
           (call.op == RP_OP_call_indirect &&
            instance->module->types[call.index[0]] == callee->type);
}

static bool check_chain(struct frames_loader *frames, uint32_t index,
                        const struct rp_code_location *location)
{
    const struct head *head = &frames->heads[index];
    if (location->previous == NULL || !calls(head->func, location->previous, head[1].func)) {
        return rp_state_refuse(frames->loader, RP_ERROR_SNAPSHOT_FRAMES,
                               "frame %u waits at offset %u of function %u, which is not behind a "
                               "call of function %u",
                               index, head->offset, head->func->index, head[1].func->index);
    }
    return true;
}

static bool load_values(struct frames_loader *frames, uint32_t index,
                        const struct rp_code_location *location)
{
    struct rp_state_loader *loader = frames->loader;
    const struct head *head = &frames->heads[index];
    struct rp_msgpack values = head->values;
    uint32_t locals = location->local_count;
    loader->in = &values;
    bool taken = true;
    for (uint32_t i = 0; i < head->value_count && taken; i++) {
        bool is_local = i < locals;
        taken = rp_state_take(
            loader, is_local ? location->local_types[i] : location->operand_types[i - locals],
            RP_ERROR_SNAPSHOT_OPERANDS, &head->fp[i].lo, "frame %u %s %u", index,
            is_local ? "local" : "operand", is_local ? i : i - locals);
    }
    return taken;
}

/* Checks one frame of code and makes it. */
static bool load_frame(struct frames_loader *frames, uint32_t index,
                       const struct rp_code_location *location)
{
    struct rp_state_loader *loader = frames->loader;
    const struct head *head = &frames->heads[index];
    const struct rp_func *func = head->func;
    bool waits = index + 1 < frames->count;
    if (location == NULL) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_OFFSET,
                               "frame %u: no reachable instruction begins at offset %u of function "
                               "%u",
                               index, head->offset, func->index);
    }
    if (waits && !check_chain(frames, index, location)) {
        return false;
    }
    uint32_t results = waits ? head[1].func->type->result_count : 0;
    RP_ASSERT(results <= location->operand_count);
    uint32_t expected = location->local_count + location->operand_count - results;
    if (head->value_count != expected) {
        return rp_state_refuse(
            loader, RP_ERROR_SNAPSHOT_OPERANDS,
            "frame %u: %u locals and operands, at offset %u of function %u there "
            "are %u",
            index, head->value_count, head->offset, func->index, expected);
    }
    const struct rp_code *code = func->code;
    struct rp_frame *frame = &loader->store->stack.frames[index];
    frame->pc = code->body + head->offset;
    frame->st = code->side_table + location->side_table_index - (waits ? 1 : 0);
    return load_values(frames, index, location);
}

static rp_status visit_frame(void *user, uint32_t index, const struct rp_code_location *location)
{
    struct frames_loader *frames = user;
    struct rp_msgpack *in = frames->loader->in;
    bool loaded = load_frame(frames, index, location);
    frames->loader->in = in;
    return loaded ? RP_OK : frames->loader->status;
}

static bool visit_frames(struct frames_loader *frames)
{
    struct rp_state_loader *loader = frames->loader;
    struct rp_state_place *places = rp_state_scratch(loader, frames->code_count, sizeof *places);
    if (places == NULL) {
        return false;
    }
    uint32_t next = 0;
    for (uint32_t i = 0; i < frames->count; i++) {
        struct rp_func *func = frames->heads[i].func;
        if (func->code != NULL) {
            uint64_t module = loader->instances[func->instance->index].module;
            places[next++] = (struct rp_state_place){.code = module << 32 | func->module_index,
                                                     .offset = frames->heads[i].offset,
                                                     .frame = i,
                                                     .func = func};
        }
    }
    rp_status status = rp_state_visit_places(&loader->allocator, places, next, visit_frame, frames,
                                             loader->report);
    if (status != RP_OK && loader->status == RP_OK) {
        RP_ASSERT(status == RP_ERROR_NO_MEMORY);
        return rp_state_no_memory(loader);
    }
    return status == RP_OK;
}

/* ---- all of it ---- */

static void set_registers(struct frames_loader *frames)
{
    struct rp_store *store = frames->loader->store;
    struct rp_machine *vm = &store->machine;
    for (uint32_t i = 0; i < frames->count; i++) {
        const struct head *head = &frames->heads[i];
        struct rp_frame *frame = &store->stack.frames[i];
        frame->func = head->func;
        frame->fp = head->fp;
        frame->slots_used = head->slots_used;
        frame->result_count = head->func->type->result_count;
    }
    const struct head *top = &frames->heads[frames->count - 1];
    uint32_t host_frames = store->host_frame_count;
    vm->frame = &store->stack.frames[frames->count - 1];
    vm->base_frame = store->stack.frames;
    vm->fp = top->fp;
    vm->sp = top->fp + top->value_count;
    vm->pc = vm->frame->pc;
    vm->st = vm->frame->st;
    if (top->func->code != NULL) {
        struct rp_instance *instance = vm->frame->func->instance;
        vm->instance = instance;
        vm->globals = instance->globals;
        vm->memory0 = instance->memory0;
    }
    if (host_frames != 0) {
        const struct rp_host_frame *innermost = &store->host_frames[host_frames - 1];
        store->share_end = innermost->share_end;
    }
}

static bool load_stack(struct rp_state_loader *loader)
{
    struct rp_store *store = loader->store;
    struct frames_loader frames = {.loader = loader};
    uint32_t count = rp_msgpack_array(loader->in, UINT32_MAX);
    if (loader->in->error != NULL || count == 0 || count > store->call_depth_max) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_STATE,
                               "%u frames, a stopped call has 1 to %u", count,
                               store->call_depth_max);
    }
    frames.heads = rp_state_scratch(loader, count, sizeof *frames.heads);
    if (frames.heads == NULL) {
        return false;
    }
    frames.count = count;
    loader->frame_count = count;
    for (uint32_t i = 0; i < count; i++) {
        if (!load_head(&frames, i)) {
            return false;
        }
    }
    if (frames.heads[0].func != store->entry) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_FRAMES,
                               "function %u was called, frame 0 is of function %u",
                               store->entry->index, frames.heads[0].func->index);
    }
    if (!visit_frames(&frames)) {
        return false;
    }
    set_registers(&frames);
    return true;
}

/* The arguments of an entry that has no frame yet; no frames follow. */
static bool load_arguments(struct rp_state_loader *loader)
{
    struct rp_store *store = loader->store;
    const struct rp_func_type *type = store->entry->type;
    uint32_t count = rp_msgpack_array(loader->in, UINT32_MAX);
    if (loader->in->error != NULL || count != type->param_count) {
        return rp_state_refuse(loader, RP_ERROR_SNAPSHOT_OPERANDS,
                               "entry: %u arguments, the function takes %u", count,
                               type->param_count);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!rp_state_take(loader, type->types[i], RP_ERROR_SNAPSHOT_OPERANDS,
                           &store->stack.slots[i].lo, "entry argument %u", i)) {
            return false;
        }
    }
    store->machine.sp = store->stack.slots + count;
    store->entry_pending = true;
    return rp_msgpack_tuple(loader->in, 0);
}

bool rp_state_load_frames(struct rp_state_loader *loader)
{
    struct rp_msgpack *in = loader->in;
    if (rp_msgpack_is_nil(in)) {
        return true;
    }
    struct rp_func *entry = NULL;
    if (!rp_msgpack_tuple(in, 3) || !take_func(loader, "entry", 0, &entry)) {
        return false;
    }
    loader->store->stopped = true;
    loader->store->entry = entry;
    return rp_msgpack_is_nil(in) ? load_stack(loader) : load_arguments(loader);
}
