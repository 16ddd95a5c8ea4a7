/* Writing the stopped call (layer 2; docs/wsnp.md, "frames"):
 *
 *   frames     = nil | [entry:uint, arguments, [frame*]]
 *   arguments  = nil | [value*]             of an entry whose frame does not exist yet; then no
 * frames frame      = [func:uint, offset:uint, [value*]]                  locals, then operands |
 * [func:uint, [value*], callee, share, state:bin]     of a host function callee     = nil | uint to
 * be called next with the operands above the arguments share      = nil | uint position at which
 * the share of gas ends
 *
 * Outermost first. Whether a value is a reference follows from the frame's place in the code, so
 * frames of modules that have references are located; others hold numbers only. */
#include "core/assert.h"
#include "core/opcode.h"
#include "engine/state_locate.h"
#include "engine/state_save.h"
#include "engine/state_value.h"

struct frames_saver {
    struct rp_state_saver *saver;
    const struct rp_frame *frames;
    uint32_t count;
    uint8_t *types; /* by slot from the stack's bottom; NULL: all are numbers */
};

static const struct rp_slot *frame_end(const struct frames_saver *frames, uint32_t index)
{
    return index + 1 < frames->count ? frames->frames[index + 1].fp
                                     : frames->saver->store->machine.sp;
}

/* Whether the frame's function can have locals or operands that are references. */
static bool may_hold_references(const struct rp_frame *frame)
{
    const struct rp_func *func = frame->func;
    return func->code != NULL &&
           (func->instance->module->features >> RP_FEATURE_REFERENCE_TYPES & 1) != 0;
}

static uint32_t frame_offset(const struct frames_saver *frames, uint32_t index)
{
    const struct rp_frame *frame = &frames->frames[index];
    const uint8_t *pc = index + 1 < frames->count ? frame->pc : frames->saver->store->machine.pc;
    return (uint32_t)(pc - frame->func->code->body);
}

static rp_status note_types(void *user, uint32_t index, const struct rp_code_location *location)
{
    struct frames_saver *frames = user;
    const struct rp_frame *frame = &frames->frames[index];
    RP_ASSERT(location != NULL);
    uint32_t count = (uint32_t)(frame_end(frames, index) - frame->fp);
    RP_ASSERT(count >= location->local_count &&
              count - location->local_count <= location->operand_count);
    uint8_t *types = frames->types + (frame->fp - frames->saver->store->stack.slots);
    for (uint32_t i = 0; i < location->local_count; i++) {
        types[i] = (uint8_t)location->local_types[i];
    }
    for (uint32_t i = location->local_count; i < count; i++) {
        types[i] = (uint8_t)location->operand_types[i - location->local_count];
    }
    return RP_OK;
}

static uint32_t count_places(const struct frames_saver *frames)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < frames->count; i++) {
        count += may_hold_references(&frames->frames[i]);
    }
    return count;
}

/* Finds the types of the slots of frames that may hold references; the others' stay numbers. */
static rp_status find_types(struct frames_saver *frames, struct rp_arena *arena)
{
    const struct rp_store *store = frames->saver->store;
    uint32_t count = count_places(frames);
    if (count == 0) {
        return RP_OK;
    }
    uint64_t slots = (uint64_t)(store->machine.sp - store->stack.slots);
    struct rp_state_place *places = rp_arena_alloc(arena, count, sizeof *places);
    frames->types = rp_arena_alloc(arena, slots, 1);
    if (places == NULL || frames->types == NULL) {
        return RP_ERROR_NO_MEMORY;
    }
    uint32_t next = 0;
    for (uint32_t i = 0; i < frames->count; i++) {
        const struct rp_frame *frame = &frames->frames[i];
        if (may_hold_references(frame)) {
            places[next++] = (struct rp_state_place){.code = (uintptr_t)frame->func->code,
                                                     .offset = frame_offset(frames, i),
                                                     .frame = i,
                                                     .func = frame->func};
        }
    }
    return rp_state_visit_places(arena->allocator, places, count, note_types, frames,
                                 frames->saver->report);
}

static rp_status save_code_frame(struct frames_saver *frames, uint32_t index)
{
    const struct rp_frame *frame = &frames->frames[index];
    struct rp_buffer *out = frames->saver->out;
    uint32_t count = (uint32_t)(frame_end(frames, index) - frame->fp);
    const uint8_t *types = frames->types == NULL
                               ? NULL
                               : frames->types + (frame->fp - frames->saver->store->stack.slots);
    rp_msgpack_put_array(out, 3);
    rp_msgpack_put_uint(out, frame->func->index);
    rp_msgpack_put_uint(out, frame_offset(frames, index));
    rp_msgpack_put_array(out, count);
    uint32_t locals = frame->func->code->local_count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t type = types == NULL || types[i] == 0 ? RP_TYPE_I64 : types[i];
        rp_status status =
            rp_state_save_value(frames->saver, type, frame->fp[i].lo, "frame %u %s %u", index,
                                i < locals ? "local" : "operand", i < locals ? i : i - locals);
        if (status != RP_OK) {
            return status;
        }
    }
    return RP_OK;
}

/* The arguments of a function, from `slots` on. */
static rp_status save_arguments(struct rp_state_saver *saver, const struct rp_func_type *type,
                                const struct rp_slot *slots, const char *of, uint32_t index)
{
    for (uint32_t i = 0; i < type->param_count; i++) {
        rp_status status = rp_state_save_value(saver, type->types[i], slots[i].lo,
                                               "%s %u argument %u", of, index, i);
        if (status != RP_OK) {
            return status;
        }
    }
    return RP_OK;
}

static rp_status save_host_frame(struct frames_saver *frames, uint32_t index,
                                 const struct rp_host_frame *host)
{
    struct rp_state_saver *saver = frames->saver;
    struct rp_buffer *out = saver->out;
    const struct rp_frame *frame = &frames->frames[index];
    const struct rp_func_type *type = frame->func->type;
    const struct rp_func *callee = host->callee;
    RP_ASSERT(host->frame_index == index && (callee == NULL || index + 1 == frames->count));
    rp_msgpack_put_array(out, 5);
    rp_msgpack_put_uint(out, frame->func->index);
    rp_msgpack_put_array(out, type->param_count + (callee == NULL ? 0 : callee->type->param_count));
    rp_status status = save_arguments(saver, type, frame->fp, "frame", index);
    if (status == RP_OK && callee != NULL) {
        status = save_arguments(saver, callee->type, frame->fp + type->param_count,
                                "callee of frame", index);
    }
    if (callee == NULL) {
        rp_msgpack_put_nil(out);
    } else {
        rp_msgpack_put_uint(out, callee->index);
    }
    if (host->share_end == RP_GAS_UNLIMITED) {
        rp_msgpack_put_nil(out);
    } else {
        rp_msgpack_put_uint(out, (uint64_t)host->share_end);
    }
    rp_msgpack_put_bytes(out, host->state, host->state_size);
    return status;
}

static rp_status save_frames(struct frames_saver *frames)
{
    const struct rp_host_frame *host = frames->saver->store->host_frames;
    rp_msgpack_put_array(frames->saver->out, frames->count);
    for (uint32_t i = 0; i < frames->count; i++) {
        rp_status status = frames->frames[i].func->code == NULL ? save_host_frame(frames, i, host++)
                                                                : save_code_frame(frames, i);
        if (status != RP_OK) {
            return status;
        }
    }
    const struct rp_store *store = frames->saver->store;
    RP_ASSERT(store->host_frame_count == 0 || host == store->host_frames + store->host_frame_count);
    return RP_OK;
}

rp_status rp_state_save_frames(struct rp_state_saver *saver)
{
    const struct rp_store *store = saver->store;
    struct rp_buffer *out = saver->out;
    if (!store->stopped) {
        rp_msgpack_put_nil(out);
        return RP_OK;
    }
    rp_msgpack_put_array(out, 3);
    rp_msgpack_put_uint(out, store->entry->index);
    if (store->entry_pending) {
        rp_msgpack_put_array(out, store->entry->type->param_count);
        rp_status status =
            save_arguments(saver, store->entry->type, store->stack.slots, "entry", 0);
        rp_msgpack_put_array(out, 0);
        return status;
    }
    rp_msgpack_put_nil(out);
    struct frames_saver frames = {
        .saver = saver,
        .frames = store->stack.frames,
        .count = (uint32_t)(store->machine.frame - store->stack.frames) + 1,
    };
    struct rp_allocator allocator;
    struct rp_arena arena;
    rp_allocator_init(&allocator, 0);
    rp_arena_init(&arena, &allocator);
    rp_status status = find_types(&frames, &arena);
    if (status == RP_OK) {
        status = save_frames(&frames);
    }
    rp_arena_deinit(&arena);
    return status;
}
