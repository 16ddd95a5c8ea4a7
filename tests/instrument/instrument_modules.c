/* The modules of instrument_modules.h (tests). */
#include "tests/instrument/instrument_modules.h"

static void get(struct rp_wasm *w, uint32_t local)
{
    rp_wasm_op_index(w, RP_OP_local_get, local);
}

static void set(struct rp_wasm *w, uint32_t local)
{
    rp_wasm_op_index(w, RP_OP_local_set, local);
}

/* local += delta, for an i32. */
static void step(struct rp_wasm *w, uint32_t local, int32_t delta)
{
    get(w, local);
    rp_wasm_i32_const(w, delta);
    rp_wasm_op(w, RP_OP_i32_add);
    set(w, local);
}

/* sum += the i64 on top. */
static void accumulate(struct rp_wasm *w, uint32_t sum)
{
    get(w, sum);
    rp_wasm_op(w, RP_OP_i64_add);
    set(w, sum);
}

static void accumulate_i32(struct rp_wasm *w, uint32_t sum)
{
    rp_wasm_op(w, RP_OP_i64_extend_i32_s);
    accumulate(w, sum);
}

static uint32_t begin_run(struct rp_wasm *w, const char *locals)
{
    uint32_t func = rp_wasm_func_begin(w, rp_wasm_type(w, "i", "l"), locals);
    rp_wasm_export(w, "run", RP_EXTERN_FUNC, func);
    rp_wasm_name_func(w, func, "run");
    return func;
}

/* Nine i64: more values than one unit of the MOVED term. */
static void push_nine(struct rp_wasm *w)
{
    for (int64_t i = 1; i <= 9; i++) {
        rp_wasm_i64_const(w, i * i);
    }
}

static void add_nine(struct rp_wasm *w, uint32_t sum)
{
    for (int i = 0; i < 9; i++) {
        accumulate(w, sum);
    }
}

/* ---- recursion: many parameters, large and small frames ---- */

static void build_recursion(struct rp_wasm *w)
{
    uint32_t type = rp_wasm_type(w, "illlllllll", "l");
    uint32_t deep = rp_wasm_func_begin(w, type, "dddddddddddddddddddd");
    rp_wasm_name_func(w, deep, "deep");
    get(w, 0);
    rp_wasm_op(w, RP_OP_i32_eqz);
    rp_wasm_block(w, RP_OP_if, 'l');
    get(w, 9);
    rp_wasm_op(w, RP_OP_else);
    get(w, 0);
    rp_wasm_i32_const(w, -1);
    rp_wasm_op(w, RP_OP_i32_add);
    for (uint32_t i = 2; i <= 9; i++) {
        get(w, i);
    }
    get(w, 1);
    rp_wasm_op_index(w, RP_OP_call, deep);
    rp_wasm_i64_const(w, 3);
    rp_wasm_op(w, RP_OP_i64_mul);
    rp_wasm_op(w, RP_OP_end);
    rp_wasm_func_end(w);
    begin_run(w, "");
    get(w, 0);
    push_nine(w);
    rp_wasm_op_index(w, RP_OP_call, deep);
    rp_wasm_func_end(w);
}

/* ---- branches: every label kind, several values, dead code ---- */

/* (i32) -> nine i64, left by `return`, by a branch to the function's label, or at its end. */
static uint32_t build_leaver(struct rp_wasm *w)
{
    uint32_t func = rp_wasm_func_begin(w, rp_wasm_type(w, "i", "lllllllll"), "");
    push_nine(w);
    get(w, 0);
    rp_wasm_op_index(w, RP_OP_br_if, 0);
    get(w, 0);
    rp_wasm_i32_const(w, 1);
    rp_wasm_op(w, RP_OP_i32_shr_u);
    rp_wasm_block(w, RP_OP_if, RP_WASM_VOID);
    push_nine(w);
    rp_wasm_op(w, RP_OP_return);
    rp_wasm_op(w, RP_OP_end);
    rp_wasm_func_end(w);
    return func;
}

/* (i32) -> i64 with a br_table into three nested blocks, one of which nobody else ends. */
static uint32_t build_switch(struct rp_wasm *w)
{
    static const uint32_t labels[] = {0, 1, 2, 1};
    uint32_t func = rp_wasm_func_begin(w, rp_wasm_type(w, "i", "l"), "");
    rp_wasm_block(w, RP_OP_block, 'l');
    rp_wasm_block(w, RP_OP_block, 'l');
    rp_wasm_block(w, RP_OP_block, 'l');
    rp_wasm_i64_const(w, 5);
    get(w, 0);
    rp_wasm_br_table(w, labels, 4, 2);
    rp_wasm_op(w, RP_OP_nop); /* dead from here to the end */
    rp_wasm_block(w, RP_OP_block, RP_WASM_VOID);
    rp_wasm_op_index(w, RP_OP_br, 0);
    rp_wasm_op(w, RP_OP_end);
    rp_wasm_op(w, RP_OP_end);
    rp_wasm_i64_const(w, 10);
    rp_wasm_op(w, RP_OP_i64_add);
    rp_wasm_op(w, RP_OP_end);
    rp_wasm_i64_const(w, 100);
    rp_wasm_op(w, RP_OP_i64_add);
    rp_wasm_op(w, RP_OP_end);
    rp_wasm_func_end(w);
    return func;
}

/* (i32) -> i64: arms that never reach their end, an `if` without `else`, an end without a branch.
 */
static uint32_t build_arms(struct rp_wasm *w)
{
    uint32_t func = rp_wasm_func_begin(w, rp_wasm_type(w, "i", "l"), "l");
    rp_wasm_block(w, RP_OP_block, RP_WASM_VOID); /* local 1: the sum */
    get(w, 0);
    rp_wasm_i32_const(w, 3);
    rp_wasm_op(w, RP_OP_i32_and);
    rp_wasm_block(w, RP_OP_if, RP_WASM_VOID);
    get(w, 0);
    rp_wasm_i32_const(w, 1);
    rp_wasm_op(w, RP_OP_i32_and);
    rp_wasm_block(w, RP_OP_if, RP_WASM_VOID); /* then: out of both; else: falls to its end */
    rp_wasm_op_index(w, RP_OP_br, 2);
    rp_wasm_op(w, RP_OP_else);
    rp_wasm_block(w, RP_OP_block, RP_WASM_VOID);
    rp_wasm_i64_const(w, 7);
    set(w, 1);
    rp_wasm_op(w, RP_OP_end);
    rp_wasm_op(w, RP_OP_end);
    rp_wasm_op(w, RP_OP_nop);
    rp_wasm_op(w, RP_OP_else); /* reached by falling; the other arm leaves the function */
    rp_wasm_i64_const(w, 11);
    rp_wasm_op(w, RP_OP_return);
    rp_wasm_op(w, RP_OP_end);
    rp_wasm_i64_const(w, 1);
    accumulate(w, 1);
    rp_wasm_op(w, RP_OP_end);
    get(w, 1);
    rp_wasm_func_end(w);
    return func;
}

static void build_branches(struct rp_wasm *w)
{
    uint32_t leaver = build_leaver(w), switcher = build_switch(w), arms = build_arms(w);
    uint32_t nine = rp_wasm_type(w, "", "lllllllll");
    uint32_t nine_to_one = rp_wasm_type(w, "lllllllll", "l");
    begin_run(w, "lil"); /* 0 count, 1 sum, 2 spare, 3 kept */
    rp_wasm_block(w, RP_OP_loop, RP_WASM_VOID);
    get(w, 0);
    rp_wasm_op_index(w, RP_OP_call, leaver);
    add_nine(w, 1);
    get(w, 0);
    rp_wasm_op_index(w, RP_OP_call, switcher);
    accumulate(w, 1);
    get(w, 0);
    rp_wasm_op_index(w, RP_OP_call, arms);
    accumulate(w, 1);
    rp_wasm_block_type(w, RP_OP_block, nine);
    push_nine(w);
    get(w, 0);
    rp_wasm_op_index(w, RP_OP_br_if, 0);
    rp_wasm_op(w, RP_OP_end);
    rp_wasm_block_type(w, RP_OP_loop, nine_to_one); /* goes round while an odd sum is left */
    set(w, 3);
    accumulate(w, 1);
    get(w, 3);
    rp_wasm_i64_const(w, 2);
    rp_wasm_op(w, RP_OP_i64_div_u);
    rp_wasm_i64_const(w, 0);
    get(w, 3);
    rp_wasm_i64_const(w, 1);
    rp_wasm_op(w, RP_OP_i64_and);
    rp_wasm_op(w, RP_OP_i32_wrap_i64);
    rp_wasm_op_index(w, RP_OP_br_if, 0);
    for (int i = 0; i < 8; i++) {
        rp_wasm_op(w, RP_OP_drop);
    }
    rp_wasm_op(w, RP_OP_end);
    accumulate(w, 1);
    step(w, 0, -1);
    get(w, 0);
    rp_wasm_op_index(w, RP_OP_br_if, 0);
    rp_wasm_op(w, RP_OP_end);
    get(w, 1);
    rp_wasm_func_end(w);
}

/* ---- growth: answers -1 cost the base price only ---- */

static void build_growth(struct rp_wasm *w)
{
    rp_wasm_memory(w, 1, 4);
    uint32_t table = rp_wasm_table(w, 'r', 3, 20);
    begin_run(w, "l");
    rp_wasm_block(w, RP_OP_loop, RP_WASM_VOID);
    get(w, 0);
    rp_wasm_op_index(w, RP_OP_memory_grow, 0);
    accumulate_i32(w, 1);
    rp_wasm_ref_null(w, 'r');
    get(w, 0);
    rp_wasm_i32_const(w, 7);
    rp_wasm_op(w, RP_OP_i32_mul);
    rp_wasm_op_index(w, RP_OP_table_grow, table);
    accumulate_i32(w, 1);
    rp_wasm_i32_const(w, 0);
    rp_wasm_op_index(w, RP_OP_memory_grow, 0);
    accumulate_i32(w, 1);
    rp_wasm_i32_const(w, -1);
    rp_wasm_op_index(w, RP_OP_memory_grow, 0);
    accumulate_i32(w, 1);
    step(w, 0, -1);
    get(w, 0);
    rp_wasm_op_index(w, RP_OP_br_if, 0);
    rp_wasm_op(w, RP_OP_end);
    get(w, 1);
    rp_wasm_func_end(w);
}

/* ---- bulk: sizes from 0 to the argument ---- */

static void push_triple(struct rp_wasm *w, int32_t first, int32_t second, uint32_t size_local)
{
    rp_wasm_i32_const(w, first);
    rp_wasm_i32_const(w, second);
    get(w, size_local);
}

static void build_bulk(struct rp_wasm *w)
{
    static const char text[] = "a passive segment of some forty-odd bytes";
    rp_wasm_memory(w, 1, 1);
    uint32_t data = rp_wasm_data_passive(w, text, sizeof text);
    uint32_t table = rp_wasm_table(w, 'r', 200, RP_WASM_NO_MAX);
    uint32_t run = w->imports[RP_EXTERN_FUNC];
    uint32_t funcs[40];
    for (size_t i = 0; i < 40; i++) {
        funcs[i] = run;
    }
    uint32_t elem = rp_wasm_elem_passive(w, funcs, 40);
    begin_run(w, "li"); /* 0 largest size, 1 sum, 2 size */
    rp_wasm_block(w, RP_OP_loop, RP_WASM_VOID);
    push_triple(w, 500, 'x', 2);
    rp_wasm_op_index(w, RP_OP_memory_fill, 0);
    push_triple(w, 1000, 0, 2);
    rp_wasm_op_indices(w, RP_OP_memory_init, data, 0);
    push_triple(w, 1010, 1000, 2);
    rp_wasm_op_indices(w, RP_OP_memory_copy, 0, 0);
    push_triple(w, 0, 0, 2);
    rp_wasm_op_indices(w, RP_OP_table_init, elem, table);
    push_triple(w, 10, 0, 2);
    rp_wasm_op_indices(w, RP_OP_table_copy, table, table);
    rp_wasm_i32_const(w, 100);
    rp_wasm_ref_null(w, 'r');
    get(w, 2);
    rp_wasm_op_index(w, RP_OP_table_fill, table);
    get(w, 2);
    rp_wasm_op_memory(w, RP_OP_i64_load, 3, 1000);
    accumulate(w, 1);
    step(w, 2, 1);
    get(w, 2);
    get(w, 0);
    rp_wasm_op(w, RP_OP_i32_le_u);
    rp_wasm_op_index(w, RP_OP_br_if, 0);
    rp_wasm_op(w, RP_OP_end);
    rp_wasm_op_index(w, RP_OP_data_drop, data);
    rp_wasm_op_index(w, RP_OP_elem_drop, elem);
    get(w, 1);
    rp_wasm_func_end(w);
}

/* ---- start: counted as every other function ---- */

static void build_start(struct rp_wasm *w)
{
    uint32_t total = rp_wasm_global_i64(w, true, 1);
    uint32_t start = rp_wasm_func_begin(w, rp_wasm_type(w, "", ""), "i");
    rp_wasm_name_func(w, start, "initialise");
    rp_wasm_block(w, RP_OP_loop, RP_WASM_VOID);
    rp_wasm_op_index(w, RP_OP_global_get, total);
    rp_wasm_i64_const(w, 3);
    rp_wasm_op(w, RP_OP_i64_mul);
    rp_wasm_op_index(w, RP_OP_global_set, total);
    step(w, 0, 1);
    get(w, 0);
    rp_wasm_i32_const(w, 1000);
    rp_wasm_op(w, RP_OP_i32_lt_u);
    rp_wasm_op_index(w, RP_OP_br_if, 0);
    rp_wasm_op(w, RP_OP_end);
    rp_wasm_func_end(w);
    rp_wasm_start(w, start);
    begin_run(w, "");
    rp_wasm_op_index(w, RP_OP_global_get, total);
    rp_wasm_func_end(w);
}

/* ---- exit: proc_exit(0) from the bottom of a recursion ---- */

static void build_exit(struct rp_wasm *w)
{
    uint32_t exit =
        rp_wasm_import_func(w, "wasi_snapshot_preview1", "proc_exit", rp_wasm_type(w, "i", ""));
    rp_wasm_memory(w, 1, RP_WASM_NO_MAX);
    rp_wasm_export(w, "memory", RP_EXTERN_MEMORY, 0);
    uint32_t sink = rp_wasm_func_begin(w, rp_wasm_type(w, "i", ""), "l");
    rp_wasm_name_func(w, sink, "sink");
    get(w, 0);
    rp_wasm_op(w, RP_OP_i32_eqz);
    rp_wasm_block(w, RP_OP_if, RP_WASM_VOID);
    rp_wasm_i32_const(w, 0);
    rp_wasm_op_index(w, RP_OP_call, exit);
    rp_wasm_op(w, RP_OP_unreachable);
    rp_wasm_op(w, RP_OP_end);
    get(w, 0);
    rp_wasm_i32_const(w, 1);
    rp_wasm_op(w, RP_OP_i32_sub);
    rp_wasm_op_index(w, RP_OP_call, sink);
    rp_wasm_i64_const(w, 1);
    accumulate(w, 1);
    rp_wasm_func_end(w);
    begin_run(w, "");
    get(w, 0);
    rp_wasm_op_index(w, RP_OP_call, sink);
    rp_wasm_i64_const(w, 0);
    rp_wasm_func_end(w);
}

/* ---- references: function indices in every place where they can stand ---- */

static uint32_t build_adder(struct rp_wasm *w, uint32_t type, int64_t amount)
{
    uint32_t func = rp_wasm_func_begin(w, type, "");
    get(w, 0);
    rp_wasm_i64_const(w, amount);
    rp_wasm_op(w, RP_OP_i64_add);
    rp_wasm_func_end(w);
    return func;
}

static void build_references(struct rp_wasm *w)
{
    uint32_t type = rp_wasm_type(w, "l", "l");
    uint32_t one = build_adder(w, type, 1), ten = build_adder(w, type, 10);
    uint32_t hundred = build_adder(w, type, 100);
    uint32_t table = rp_wasm_table(w, 'r', 8, 8);
    uint32_t funcs[] = {one, ten};
    rp_wasm_elem(w, table, 1, funcs, 2);
    rp_wasm_elem_declare(w, &hundred, 1);
    /* Active, with expressions: slot 3 gets `ten`. */
    const uint8_t active[] = {4, 0x41, 3, 0x0b, 1, 0xd2, (uint8_t)ten, 0x0b};
    rp_wasm_entry(w, RP_WASM_ELEMENT, active, sizeof active, 1);
    /* Active in an explicit table, with expressions of a type: slot 5 of table 11, whose index is
     * the byte of `end`, gets `hundred` and null. */
    uint32_t last = table;
    while (last < 11) {
        last = rp_wasm_table(w, 'r', 8, 8);
    }
    const uint8_t typed[] = {6,    (uint8_t)last,    0x41, 5,    0x0b, 0x70, 2,
                             0xd2, (uint8_t)hundred, 0x0b, 0xd0, 0x70, 0x0b};
    rp_wasm_entry(w, RP_WASM_ELEMENT, typed, sizeof typed, 1);
    uint32_t held = rp_wasm_global(w, false, (rp_value){.kind = RP_FUNCREF, .of.ref = one});
    begin_run(w, "l");
    rp_wasm_i32_const(w, 0);
    rp_wasm_op_index(w, RP_OP_ref_func, hundred);
    rp_wasm_op_index(w, RP_OP_table_set, table);
    rp_wasm_i32_const(w, 4);
    rp_wasm_op_index(w, RP_OP_global_get, held);
    rp_wasm_op_index(w, RP_OP_table_set, table);
    rp_wasm_i32_const(w, 5); /* slot 5 of the last table to slot 5 of the first */
    rp_wasm_i32_const(w, 5);
    rp_wasm_op_index(w, RP_OP_table_get, last);
    rp_wasm_op_index(w, RP_OP_table_set, table);
    rp_wasm_block(w, RP_OP_loop, RP_WASM_VOID);
    get(w, 1);
    get(w, 0);
    rp_wasm_i32_const(w, 6);
    rp_wasm_op(w, RP_OP_i32_rem_u);
    rp_wasm_op_indices(w, RP_OP_call_indirect, type, table);
    set(w, 1);
    step(w, 0, -1);
    get(w, 0);
    rp_wasm_op_index(w, RP_OP_br_if, 0);
    rp_wasm_op(w, RP_OP_end);
    get(w, 1);
    rp_wasm_func_end(w);
}

const struct rp_instrument_case rp_instrument_cases[RP_INSTRUMENT_CASES] = {
    {"recursion", build_recursion, 300, false},
    {"branches", build_branches, 50, false},
    {"growth", build_growth, 3, false},
    {"segments", build_bulk, 40, false},
    {"start", build_start, 1, false},
    {"exit", build_exit, 100, true},
    {"references", build_references, 100, false},
};
