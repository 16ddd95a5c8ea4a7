/* Handlers as machine-code stencils (tests): compiled by clang at build time, copied and patched by
 * stencil_code.c.
 *
 * Registers are those of the interpreter in their order (engine/interp_dispatch.inc), but two of
 * them are static in compiled code: that of `pc` carries the tier, that of `st` is free. Operands
 * and locals lie where the interpreter keeps them.
 *
 * Only the happy path is here. An instruction that would do anything else changes nothing and goes
 * to its side exit, which leaves the canonical frame *before* it; so no stencil knows a trap. */
#include "tests/stencils/stencil.h"

#include "determinism/float_rules.h"
#include "determinism/int_rules.h"

#include <string.h>

/* A tail call is written as the return of a void expression. */
#pragma clang diagnostic ignored "-Wpedantic"

#define PARAMS                                                                            \
    const struct rp_tier *tier, struct rp_slot *sp, struct rp_slot *fp, const void *free, \
        uint8_t *mem, uint64_t mem_size, int64_t budget, struct rp_machine *vm
#define ARGS tier, sp, fp, free, mem, mem_size, budget, vm

typedef RP_PRESERVE_NONE void stencil_handler(PARAMS);

#define VALUE(name) extern const char hole_##name[];
#define LABEL(name) extern stencil_handler label_##name;
#include "tests/stencils/stencil_holes.def"
#undef VALUE
#undef LABEL

#define HOLE(name) ((uint64_t)(uintptr_t)hole_##name)
#define GO(name) RP_MUSTTAIL return label_##name(ARGS)
#define STENCIL(id)               \
    stencil_handler stencil_##id; \
    RP_PRESERVE_NONE void stencil_##id(PARAMS)
#define TOP(n) (sp[-(n)].lo)

/* ---- in and out ---- */

rp_tier_enter stencil_enter;
void stencil_enter(struct rp_machine *vm, const struct rp_tier *tier, const void *code)
{
    stencil_handler *handler = (stencil_handler *)(uintptr_t)code;
    handler(tier, vm->sp, vm->fp, NULL, vm->memory0->data, vm->memory0->size_bytes, vm->budget, vm);
}

#define SYNC() (vm->sp = sp, vm->fp = fp, vm->budget = budget)
#define UNUSED_ARGS() ((void)tier, (void)free, (void)mem, (void)mem_size)

/* The side exit of one boundary: everything from this instruction on is given back. `price` is 0,
 * or that of the run which begins here and did not fit. */
STENCIL(exit)
{
    const struct rp_code *code = vm->frame->func->code;
    budget += (int64_t)HOLE(prepaid);
    SYNC();
    vm->pc = code->body + HOLE(offset);
    vm->st = code->side_table + HOLE(st_index);
    vm->run_price = (uint32_t)HOLE(price);
    vm->use_metered = true;
    vm->event = RP_EVENT_SWITCH;
    UNUSED_ARGS();
}

/* Return to a frame that has no native code behind its call: a run begins there. */
STENCIL(leave)
{
    SYNC();
    vm->pc = vm->frame->pc;
    vm->st = vm->frame->st + 1;
    vm->run_price = 0;
    vm->use_metered = true;
    vm->event = RP_EVENT_SWITCH;
    UNUSED_ARGS();
}

/* ---- control ---- */

STENCIL(charge)
{
    budget -= (int64_t)HOLE(price);
    if (RP_UNLIKELY(budget < 0)) {
        GO(exit);
    }
    GO(next);
}

/* The compiler takes no address for 0; these numbers may be. */
static inline uint64_t perhaps_zero(uint64_t number)
{
    __asm__("" : "+r"(number));
    return number;
}

static inline void move_values(struct rp_slot *to, const struct rp_slot *from, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        to[i] = from[i];
        RP_NO_LIBRARY_CALL();
    }
}

/* Of a branch: keeps `count` operands and drops `drop` below them. */
STENCIL(br)
{
    uint64_t count = perhaps_zero(HOLE(count));
    struct rp_slot *from = sp - count;
    move_values(from - HOLE(drop), from, count);
    sp -= HOLE(drop);
    GO(taken);
}

STENCIL(br_if)
{
    sp--;
    if ((uint32_t)sp->lo != 0) {
        GO(taken);
    }
    GO(next);
}

STENCIL(call)
{
    struct rp_frame *frame = vm->frame;
    const struct rp_code *code = frame->func->code;
    uint64_t slots = frame->slots_used + HOLE(slots);
    if (RP_UNLIKELY(frame + 1 >= vm->frame_end || slots > vm->slots_max ||
                    (int64_t)HOLE(frame_price) > budget)) {
        GO(exit);
    }
    budget -= (int64_t)HOLE(frame_price);
    frame->pc = code->body + HOLE(offset);
    frame->st = code->side_table + HOLE(st_index);
    struct rp_slot *local = sp;
    fp = sp - HOLE(params);
    sp = fp + HOLE(locals);
    for (; local < sp; local++) {
        local->lo = 0;
        RP_NO_LIBRARY_CALL();
    }
    frame++;
    frame->func = vm->instance->funcs[HOLE(index)];
    frame->fp = fp;
    frame->slots_used = (uint32_t)slots;
    frame->result_count = (uint32_t)HOLE(results);
    vm->frame = frame;
    GO(taken);
}

/* Also the function's last `end` and a branch to the function's label. */
STENCIL(return)
{
    struct rp_frame *frame = vm->frame;
    uint64_t count = perhaps_zero(HOLE(results));
    move_values(fp, sp - count, count);
    sp = fp + count;
    if (RP_UNLIKELY(frame == vm->base_frame)) {
        SYNC();
        vm->event = RP_EVENT_DONE;
        return;
    }
    const struct rp_instance *instance = frame->func->instance;
    frame--;
    vm->frame = frame;
    fp = frame->fp;
    if (RP_UNLIKELY(frame->func->instance != instance)) {
        RP_MUSTTAIL return stencil_leave(ARGS);
    }
    const void *entry = tier->entries[frame->pc - tier->bytes];
    stencil_handler *handler = (stencil_handler *)(uintptr_t)entry;
    RP_MUSTTAIL return handler(ARGS);
}

/* ---- operands, variables, memory ---- */

STENCIL(drop)
{
    sp--;
    GO(next);
}

STENCIL(local_get)
{
    *sp++ = fp[HOLE(index)];
    GO(next);
}

STENCIL(local_set)
{
    fp[HOLE(index)] = *--sp;
    GO(next);
}

STENCIL(local_tee)
{
    fp[HOLE(index)] = sp[-1];
    GO(next);
}

STENCIL(i32_const)
{
    sp->lo = (uint32_t)HOLE(number);
    sp++;
    GO(next);
}

STENCIL(i32_load)
{
    uint32_t value;
    uint64_t address = (uint32_t)TOP(1) + HOLE(index);
    if (RP_UNLIKELY(address + sizeof value > mem_size)) {
        GO(exit);
    }
    memcpy(&value, mem + address, sizeof value);
    TOP(1) = value;
    GO(next);
}

STENCIL(i32_store)
{
    uint32_t value = (uint32_t)TOP(1);
    uint64_t address = (uint32_t)TOP(2) + HOLE(index);
    if (RP_UNLIKELY(address + sizeof value > mem_size)) {
        GO(exit);
    }
    memcpy(mem + address, &value, sizeof value);
    sp -= 2;
    GO(next);
}

/* ---- numbers: the interpreter's own expressions ---- */

#define BITS_i32 uint32_t
#define BITS_i64 uint64_t
#define BITS_f32 uint32_t
#define BITS_f64 uint64_t

#define RP_UNARY(id, result, operand, expression)       \
    STENCIL(id)                                         \
    {                                                   \
        BITS_##operand a = (BITS_##operand)TOP(1);      \
        TOP(1) = (uint64_t)(BITS_##result)(expression); \
        GO(next);                                       \
    }
#define RP_BINARY(id, result, operand_a, operand_b, expression) \
    STENCIL(id)                                                 \
    {                                                           \
        BITS_##operand_a a = (BITS_##operand_a)TOP(2);          \
        BITS_##operand_b b = (BITS_##operand_b)TOP(1);          \
        TOP(2) = (uint64_t)(BITS_##result)(expression);         \
        sp--;                                                   \
        GO(next);                                               \
    }
#define RP_UNARY_TRAP(id, result, operand, trap_expression, expression) \
    STENCIL(id)                                                         \
    {                                                                   \
        BITS_##operand a = (BITS_##operand)TOP(1);                      \
        if (RP_UNLIKELY((trap_expression) != RP_TRAP_NONE)) {           \
            GO(exit);                                                   \
        }                                                               \
        TOP(1) = (uint64_t)(BITS_##result)(expression);                 \
        GO(next);                                                       \
    }
#define RP_BINARY_TRAP(id, result, operand_a, operand_b, trap_expression, expression) \
    STENCIL(id)                                                                       \
    {                                                                                 \
        BITS_##operand_a a = (BITS_##operand_a)TOP(2);                                \
        BITS_##operand_b b = (BITS_##operand_b)TOP(1);                                \
        if (RP_UNLIKELY((trap_expression) != RP_TRAP_NONE)) {                         \
            GO(exit);                                                                 \
        }                                                                             \
        TOP(2) = (uint64_t)(BITS_##result)(expression);                               \
        sp--;                                                                         \
        GO(next);                                                                     \
    }
#include "engine/numeric.def"
