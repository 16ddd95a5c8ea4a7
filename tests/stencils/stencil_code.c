/* From functions to native code, and in and out of it (tests).
 *
 * Two passes place the same stencils: the first finds where everything lies, the second knows all
 * labels. Side exits lie apart, behind the main code, so that code falls through. */
#include "tests/stencils/stencil_code.h"

#include "core/assert.h"
#include "core/platform.h"
#include "engine/gas.h"
#include "engine/instruction.h"
#include "engine/interp.h"

#include <string.h>

#define CODE_BYTES ((size_t)1 << 20)

/* One pass over one function. Offsets count from the body's first instruction. */
struct compiler {
    struct rp_stencil_code *code;
    const struct rp_func_type *type;
    const struct rp_code *func;
    uint8_t *main;       /* where the next stencil goes */
    uint8_t *cold;       /* where the next side exit goes */
    uint32_t *run_price; /* by offset: of the run that begins there; 0: none */
    bool in_run;         /* the instruction can be reached */
    uint64_t left;       /* prepaid prices of this instruction and the rest of its run */
    /* The instruction. */
    struct rp_instruction instruction;
    const uint8_t *pc;
    uint32_t offset;
    uint32_t next_offset;
    const uint32_t *st;
};

static const void **entry_at(const struct compiler *c, uint32_t offset)
{
    return &c->code->entries[(size_t)(c->func->body - c->code->module->bytes) + offset];
}

/* ---- placing ---- */

static const void *place(const struct rp_stencil *stencil, uint8_t **cursor,
                         struct rp_stencil_values values)
{
    uint8_t *at = *cursor;
    *cursor += stencil->size;
    values.next = values.next == NULL ? *cursor : values.next;
    rp_stencil_place(stencil, at, &values);
    return at;
}

/* The side exit before the instruction at `offset`; `run_price` if it is for want of gas. */
static const void *place_exit(struct compiler *c, uint32_t offset, const uint32_t *st,
                              uint64_t prepaid, uint64_t run_price)
{
    struct rp_stencil_values values = {
        .offset = offset,
        .st_index = (uint64_t)(st - c->func->side_table),
        .prepaid = prepaid,
        .price = run_price,
    };
    return place(&c->code->exit_stencil, &c->cold, values);
}

/* The charge of a run that begins at `offset`; `next` NULL: behind it. */
static const void *place_charge(struct compiler *c, uint8_t **cursor, uint32_t offset,
                                const uint32_t *st, uint32_t price, const void *next)
{
    struct rp_stencil_values values = {.price = price, .next = next};
    values.exit = place_exit(c, offset, st, price, price);
    const void *at = place(&c->code->charge_stencil, cursor, values);
    *entry_at(c, offset) = at;
    return at;
}

static void place_instruction(struct compiler *c, struct rp_stencil_values values)
{
    enum rp_op op = c->instruction.op;
    if ((rp_op_infos[op].flags & RP_OP_TRAPS) != 0) {
        values.exit = place_exit(c, c->offset, c->st, c->left, 0);
    }
    place(&c->code->stencils[op], &c->main, values);
}

/* ---- instructions ---- */

static void begin_run(struct compiler *c, uint32_t offset, uint32_t price)
{
    RP_ASSERT(c->run_price[offset] == 0 || c->run_price[offset] == price);
    c->run_price[offset] = price;
}

/* Where the branch with this entry goes on. */
static const void *branch_target(struct compiler *c, const uint32_t *entry)
{
    uint32_t behind_loop = entry[3] >> 27;
    uint32_t target = c->offset + 1 + entry[0];
    if (behind_loop == 0) {
        begin_run(c, target, entry[2]);
    }
    return *entry_at(c, target - behind_loop);
}

static const void *place_return(struct compiler *c, uint8_t **cursor)
{
    struct rp_stencil_values values = {.results = c->type->result_count};
    return place(&c->code->stencils[RP_OP_return], cursor, values);
}

/* A taken branch: the moves of its entry, or a return. */
static const void *place_branch(struct compiler *c, uint8_t **cursor)
{
    if (c->st[0] == 0) {
        return place_return(c, cursor);
    }
    struct rp_stencil_values values = {
        .count = c->st[3] & 0x3ff,
        .drop = c->st[3] >> 10 & 0x1ffff,
        .taken = branch_target(c, c->st),
    };
    return place(&c->code->stencils[RP_OP_br], cursor, values);
}

/* The run behind a loop is charged here; branches to it charge `loop` with it, and lie apart. */
static void compile_loop(struct compiler *c)
{
    uint32_t price = c->st[0];
    uint64_t loop_price = rp_code_price_at(c->code->module, c->func, c->pc, c->st);
    place_charge(c, &c->main, c->next_offset, c->st + 1, price, NULL);
    place_charge(c, &c->cold, c->offset, c->st, (uint32_t)loop_price + price, c->main);
    c->in_run = true;
    c->left = price;
}

static void compile_end(struct compiler *c)
{
    if (c->st[0] == RP_FUNCTION_END) {
        place_return(c, &c->main);
    } else if (c->st[0] != 0) {
        begin_run(c, c->next_offset, c->st[0]);
    }
}

static void compile_call(struct compiler *c)
{
    const struct rp_module *module = c->code->module;
    uint32_t index = c->instruction.index[0];
    begin_run(c, c->next_offset, c->st[0]);
    const struct rp_code *callee = rp_module_code(module, index);
    if (callee == NULL || !c->code->is_compiled[index - module->func_import_count]) {
        uint8_t *cold = c->cold;
        c->cold = c->main;
        place_exit(c, c->offset, c->st, c->left, 0);
        c->main = c->cold;
        c->cold = cold;
        return;
    }
    struct rp_stencil_values values = {
        .offset = c->next_offset,
        .st_index = (uint64_t)(c->st - c->func->side_table),
        .index = index,
        .params = callee->type->param_count,
        .locals = callee->local_count,
        .results = callee->type->result_count,
        .slots = callee->frame_slots,
        .frame_price = callee->frame_price,
        .taken = c->code->entries[callee->body - module->bytes],
    };
    place_instruction(c, values);
}

static void compile_instruction(struct compiler *c)
{
    const struct rp_instruction *instruction = &c->instruction;
    bool is_memory = rp_op_infos[instruction->op].immediate == RP_IMM_MEMARG;
    struct rp_stencil_values values = {
        .index = is_memory ? instruction->memory_offset : instruction->index[0],
        .number = (uint32_t)instruction->number,
    };
    switch (instruction->op) {
    case RP_OP_nop:
    case RP_OP_block:
        break;
    case RP_OP_loop:
        compile_loop(c);
        break;
    case RP_OP_end:
        compile_end(c);
        break;
    case RP_OP_br:
        place_branch(c, &c->main);
        break;
    case RP_OP_br_if:
        begin_run(c, c->next_offset, c->st[4]);
        values.taken = place_branch(c, &c->cold);
        place_instruction(c, values);
        break;
    case RP_OP_return:
        place_return(c, &c->main);
        break;
    case RP_OP_call:
        compile_call(c);
        break;
    default:
        place_instruction(c, values);
        break;
    }
}

/* ---- functions ---- */

/* Sets what is known of the instruction at `pc`; false if the validator calls it unreachable. */
static bool locate(struct compiler *c, uint32_t func_index)
{
    struct rp_reader reader = {
        .start = c->pc, .pos = c->pc, .end = c->func->body + c->func->body_size};
    RP_ASSERT(rp_instruction_read(&reader, &c->instruction));
    c->offset = (uint32_t)(c->pc - c->func->body);
    c->next_offset = (uint32_t)(reader.pos - c->func->body);
    struct rp_code_location location;
    if (rp_code_locate(c->code->validator, func_index, c->offset, &location) != RP_OK) {
        return false;
    }
    c->st = c->func->side_table + location.side_table_index;
    return true;
}

/* What is prepaid behind the instruction, by the interpreter's rule; what is counted from the begin
 * of the run must be the same. */
static uint64_t prepaid_behind(const struct compiler *c)
{
    const struct rp_module *module = c->code->module;
    uint64_t rest = rp_code_rest_price(module, c->func, c->pc, c->st);
    RP_ASSERT(c->left == rp_code_price_at(module, c->func, c->pc, c->st) + rest);
    return rest;
}

static void compile_function(struct compiler *c, uint32_t func_index)
{
    c->in_run = false;
    begin_run(c, 0, c->func->run_price);
    for (c->pc = c->func->body; c->pc < c->func->body + c->func->body_size;
         c->pc = c->func->body + c->next_offset) {
        bool is_live = locate(c, func_index);
        if (c->run_price[c->offset] != 0) {
            c->left = c->run_price[c->offset];
            place_charge(c, &c->main, c->offset, c->st, c->run_price[c->offset], NULL);
            c->in_run = true;
        }
        if (!c->in_run) {
            continue;
        }
        RP_ASSERT(is_live);
        uint64_t behind = prepaid_behind(c);
        bool ends_run = rp_code_ends_run(c->instruction.op, c->st);
        RP_ASSERT(!ends_run || behind == 0);
        c->in_run = !ends_run;
        compile_instruction(c);
        if (c->instruction.op != RP_OP_loop) {
            c->left = behind;
        }
    }
}

/* ---- the module ---- */

/* Whether a stencil can hold the instruction. */
static bool has_stencil(const struct rp_stencil_code *code,
                        const struct rp_instruction *instruction)
{
    switch (instruction->op) {
    case RP_OP_nop:
    case RP_OP_block:
    case RP_OP_loop:
    case RP_OP_end:
        return true;
    default:
        return code->stencils[instruction->op].code != NULL && instruction->memory_index == 0 &&
               instruction->memory_offset < INT32_MAX - 8;
    }
}

static bool is_compilable(const struct rp_stencil_code *code, const struct rp_code *func)
{
    struct rp_reader reader = {
        .start = func->body, .pos = func->body, .end = func->body + func->body_size};
    while (reader.pos < reader.end) {
        struct rp_instruction instruction;
        RP_ASSERT(rp_instruction_read(&reader, &instruction));
        if (!has_stencil(code, &instruction)) {
            return false;
        }
    }
    return !func->wide && func->frame_price <= INT32_MAX;
}

static void find_stencils(struct rp_stencil_code *code, const struct rp_stencil_object *object)
{
#define X(id, prefix, number, text, immediate, signature, gas_class, feature, flags) \
    code->stencils[RP_OP_##id] = rp_stencil_object_find(object, #id);
#include "core/opcode.def"
#undef X
    code->enter_stencil = rp_stencil_object_find(object, "enter");
    code->exit_stencil = rp_stencil_object_find(object, "exit");
    code->leave_stencil = rp_stencil_object_find(object, "leave");
    code->charge_stencil = rp_stencil_object_find(object, "charge");
}

/* UBSan looks for a function's type in the 8 bytes before it: the first function is not at the
 * mapping's start. */
#define BEFORE_CODE_BYTES 16

/* One pass over all functions. */
static void place_module(struct rp_stencil_code *code)
{
    const struct rp_module *module = code->module;
    struct compiler c = {.code = code,
                         .main = code->memory + BEFORE_CODE_BYTES,
                         .cold = code->memory + CODE_BYTES / 2};
    const void *enter = place(&code->enter_stencil, &c.main, (struct rp_stencil_values){0});
    code->enter = (rp_tier_enter *)(uintptr_t)enter;
    code->leave = place(&code->leave_stencil, &c.main, (struct rp_stencil_values){0});
    for (size_t i = 0; i < module->size; i++) {
        code->entries[i] = code->entries[i] == NULL ? code->leave : code->entries[i];
    }
    for (uint32_t i = 0; i < module->func_count - module->func_import_count; i++) {
        if (!code->is_compiled[i]) {
            continue;
        }
        c.func = &module->codes[i];
        c.type = c.func->type;
        size_t size = c.func->body_size + (size_t)1;
        c.run_price = rp_alloc_zero(&code->allocator, size, sizeof *c.run_price);
        RP_ASSERT(c.run_price != NULL);
        compile_function(&c, i + module->func_import_count);
        rp_free(&code->allocator, c.run_price, size * sizeof *c.run_price);
    }
    RP_ASSERT(c.main < code->memory + CODE_BYTES / 2 && c.cold < code->memory + CODE_BYTES);
}

void rp_stencil_code_init(struct rp_stencil_code *code, const struct rp_stencil_object *object,
                          const struct rp_module *module)
{
    *code = (struct rp_stencil_code){.module = module, .memory_bytes = CODE_BYTES};
    rp_allocator_init(&code->allocator, 0);
    find_stencils(code, object);
    rp_status status = rp_validator_create(module, &code->allocator, &code->validator, NULL);
    RP_ASSERT(status == RP_OK);
    code->memory = rp_platform_reserve(CODE_BYTES);
    RP_ASSERT(code->memory != NULL && rp_platform_commit(code->memory, CODE_BYTES));
    uint32_t func_count = module->func_count - module->func_import_count;
    code->is_compiled = rp_alloc_zero(&code->allocator, func_count, sizeof *code->is_compiled);
    code->entries = rp_alloc_zero(&code->allocator, module->size, sizeof *code->entries);
    RP_ASSERT(code->is_compiled != NULL && code->entries != NULL);
    for (uint32_t i = 0; i < func_count; i++) {
        code->is_compiled[i] = is_compilable(code, &module->codes[i]);
    }
    place_module(code);
    place_module(code);
    RP_ASSERT(rp_platform_make_executable(code->memory, CODE_BYTES));
    code->tier = (struct rp_tier){.bytes = module->bytes, .entries = code->entries};
}

void rp_stencil_code_deinit(struct rp_stencil_code *code)
{
    const struct rp_module *module = code->module;
    uint32_t func_count = module->func_count - module->func_import_count;
    rp_platform_release(code->memory, code->memory_bytes);
    rp_free(&code->allocator, code->is_compiled, func_count * sizeof *code->is_compiled);
    rp_free(&code->allocator, (void *)code->entries, module->size * sizeof *code->entries);
    rp_validator_destroy(code->validator);
    RP_ASSERT(code->allocator.used_bytes == 0);
}

/* ---- the driver ---- */

const void *rp_stencil_code_entry(const struct rp_stencil_code *code, const uint8_t *pc)
{
    RP_ASSERT(pc >= code->module->bytes && pc < code->module->bytes + code->module->size);
    const void *entry = code->entries[pc - code->module->bytes];
    return entry == code->leave ? NULL : entry;
}

/* The frame that a side exit wrote is the canonical one: side table and operands as validation
 * finds them from the offset, which alone a snapshot would keep. */
static void check_frame(struct rp_stencil_code *code, const struct rp_machine *vm)
{
    const struct rp_func *func = vm->frame->func;
    if (func->instance->module != code->module) {
        return;
    }
    struct rp_code_location location;
    uint32_t offset = (uint32_t)(vm->pc - func->code->body);
    rp_status status = rp_code_locate(code->validator, func->module_index, offset, &location);
    RP_ASSERT(status == RP_OK);
    RP_ASSERT(vm->fp == vm->frame->fp && vm->budget >= 0);
    RP_ASSERT(vm->st == func->code->side_table + location.side_table_index);
    RP_ASSERT(vm->sp == vm->fp + func->code->local_count + location.operand_count);
}

static void count_exit(struct rp_stencil_code *code, const struct rp_machine *vm)
{
    const struct rp_func *func = vm->frame->func;
    if (vm->run_price != 0) {
        code->run_exits++;
    } else if (func->instance->module == code->module &&
               code->is_compiled[func->module_index - code->module->func_import_count]) {
        code->op_exits[rp_code_op_at(vm->pc)]++;
    } else {
        code->leaves++;
    }
}

bool rp_stencil_code_run(struct rp_stencil_code *code, struct rp_store *store)
{
    struct rp_machine *vm = &store->machine;
    RP_ASSERT(store->stopped && !store->running && !store->entry_pending);
    bool is_done = false;
    do {
        const void *entry = rp_stencil_code_entry(code, vm->pc);
        RP_ASSERT(entry != NULL);
        code->entered++;
        rp_float_env_enter(&store->float_env);
        code->enter(vm, &code->tier, entry);
        rp_float_env_leave(&store->float_env);
        is_done = vm->event == RP_EVENT_DONE;
        if (!is_done) {
            RP_ASSERT(vm->event == RP_EVENT_SWITCH);
            rp_machine_set_instance(vm, vm->frame->func->instance);
            count_exit(code, vm);
            check_frame(code, vm);
        }
    } while (!is_done && vm->run_price != 0 && rp_gas_refill(vm, vm->run_price));
    return is_done;
}
