/* See sandbox_guest.h. */
#include "tests/sandbox/sandbox_guest.h"

#include <string.h>

#define FIXED_AT 16
#define FIXED_TEXT "{\"ok\":true}"
#define GARBAGE_AT 64
#define GARBAGE_TEXT "{\"ok\":"

struct guest {
    struct rp_wasm *wasm;
    uint32_t ask;
    uint32_t random;
    uint32_t time;
    uint32_t counter; /* global i64 */
    uint32_t heap;    /* global i32 */
};

static void export_func(struct guest *guest, const char *name, uint32_t func)
{
    rp_wasm_export(guest->wasm, name, RP_EXTERN_FUNC, func);
}

static uint32_t begin(struct guest *guest, const char *params, const char *results,
                      const char *locals)
{
    return rp_wasm_func_begin(guest->wasm, rp_wasm_type(guest->wasm, params, results), locals);
}

static void get(struct guest *guest, uint32_t local)
{
    rp_wasm_op_index(guest->wasm, RP_OP_local_get, local);
}

/* A function of its parameters, all pushed, then one operation. */
static void add_simple(struct guest *guest, const char *name, const char *params,
                       const char *results, enum rp_op op)
{
    uint32_t func = begin(guest, params, results, "");
    for (uint32_t i = 0; i < strlen(params); i++) {
        get(guest, i);
    }
    rp_wasm_op(guest->wasm, op);
    rp_wasm_func_end(guest->wasm);
    export_func(guest, name, func);
}

static void count_in_memory(struct guest *guest)
{
    struct rp_wasm *wasm = guest->wasm;
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_op_memory(wasm, RP_OP_i64_load, 3, 0);
    rp_wasm_i64_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i64_add);
    rp_wasm_op_memory(wasm, RP_OP_i64_store, 3, 0);
}

static void add_numeric(struct guest *guest)
{
    struct rp_wasm *wasm = guest->wasm;
    add_simple(guest, "add", "ii", "i", RP_OP_i32_add);
    add_simple(guest, "add64", "ll", "l", RP_OP_i64_add);
    add_simple(guest, "divide", "dd", "d", RP_OP_f64_div);
    add_simple(guest, "nothing", "", "", RP_OP_nop);
    add_simple(guest, "fail", "", "", RP_OP_unreachable);
    add_simple(guest, "ref", "r", "", RP_OP_drop);

    uint32_t func = begin(guest, "lfd", "d", "");
    get(guest, 0);
    rp_wasm_op(wasm, RP_OP_f64_convert_i64_s);
    get(guest, 1);
    rp_wasm_op(wasm, RP_OP_f64_promote_f32);
    rp_wasm_op(wasm, RP_OP_f64_add);
    get(guest, 2);
    rp_wasm_op(wasm, RP_OP_f64_add);
    rp_wasm_func_end(wasm);
    export_func(guest, "sum", func);

    func = begin(guest, "i", "il", "");
    get(guest, 0);
    get(guest, 0);
    rp_wasm_op(wasm, RP_OP_i64_extend_i32_s);
    rp_wasm_func_end(wasm);
    export_func(guest, "pair", func);

    func = begin(guest, "", "l", "");
    count_in_memory(guest);
    rp_wasm_op_index(wasm, RP_OP_global_get, guest->counter);
    rp_wasm_i64_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i64_add);
    rp_wasm_op_index(wasm, RP_OP_global_set, guest->counter);
    rp_wasm_op_index(wasm, RP_OP_global_get, guest->counter);
    rp_wasm_func_end(wasm);
    export_func(guest, "bump", func);
}

static void add_fib(struct guest *guest)
{
    struct rp_wasm *wasm = guest->wasm;
    uint32_t func = begin(guest, "i", "i", "");
    get(guest, 0);
    rp_wasm_i32_const(wasm, 2);
    rp_wasm_op(wasm, RP_OP_i32_lt_u);
    rp_wasm_block(wasm, RP_OP_if, 'i');
    get(guest, 0);
    rp_wasm_op(wasm, RP_OP_else);
    for (int32_t i = 1; i <= 2; i++) {
        get(guest, 0);
        rp_wasm_i32_const(wasm, i);
        rp_wasm_op(wasm, RP_OP_i32_sub);
        rp_wasm_op_index(wasm, RP_OP_call, func);
    }
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
    export_func(guest, "fib", func);
}

static uint32_t add_spin(struct guest *guest)
{
    struct rp_wasm *wasm = guest->wasm;
    uint32_t func = begin(guest, "", "", "");
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    rp_wasm_op_index(wasm, RP_OP_br, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
    export_func(guest, "spin", func);
    return func;
}

static void add_growers(struct guest *guest)
{
    struct rp_wasm *wasm = guest->wasm;
    uint32_t func = begin(guest, "", "i", "");
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_index(wasm, RP_OP_memory_grow, 0);
    rp_wasm_i32_const(wasm, -1);
    rp_wasm_op(wasm, RP_OP_i32_ne);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op_index(wasm, RP_OP_memory_size, 0);
    rp_wasm_func_end(wasm);
    export_func(guest, "hog", func);

    func = begin(guest, "", "i", "i"); /* a page after every 1,000 turns */
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    get(guest, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_local_tee, 0);
    rp_wasm_i32_const(wasm, 1000);
    rp_wasm_op(wasm, RP_OP_i32_rem_u);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_index(wasm, RP_OP_memory_grow, 0);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_op_index(wasm, RP_OP_br, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_func_end(wasm);
    export_func(guest, "rush", func);
}

static void add_askers(struct guest *guest)
{
    struct rp_wasm *wasm = guest->wasm;
    uint32_t func = begin(guest, "i", "i", "");
    count_in_memory(guest);
    get(guest, 0);
    rp_wasm_op_index(wasm, RP_OP_call, guest->ask);
    rp_wasm_func_end(wasm);
    export_func(guest, "ask", func);

    func = begin(guest, "l", "l", "");
    rp_wasm_op_index(wasm, RP_OP_global_get, guest->counter);
    rp_wasm_i64_const(wasm, 1099511628211);
    rp_wasm_op(wasm, RP_OP_i64_mul);
    get(guest, 0);
    rp_wasm_op(wasm, RP_OP_i64_xor);
    rp_wasm_op_index(wasm, RP_OP_call, guest->random);
    rp_wasm_op(wasm, RP_OP_i64_add);
    rp_wasm_op_index(wasm, RP_OP_call, guest->time);
    rp_wasm_op(wasm, RP_OP_i64_xor);
    get(guest, 0);
    rp_wasm_op(wasm, RP_OP_i32_wrap_i64);
    rp_wasm_op_index(wasm, RP_OP_call, guest->ask);
    rp_wasm_op(wasm, RP_OP_i64_extend_i32_u);
    rp_wasm_op(wasm, RP_OP_i64_add);
    rp_wasm_op_index(wasm, RP_OP_global_set, guest->counter);
    count_in_memory(guest);
    rp_wasm_op_index(wasm, RP_OP_global_get, guest->counter);
    rp_wasm_func_end(wasm);
    export_func(guest, "mixed", func);
}

/* A JSON action that answers a constant. */
static void add_constant(struct guest *guest, const char *name, uint64_t address, uint64_t size)
{
    uint32_t func = begin(guest, "ii", "l", "");
    rp_wasm_i64_const(guest->wasm, (int64_t)(address << 32 | size));
    rp_wasm_func_end(guest->wasm);
    export_func(guest, name, func);
}

static void add_json(struct guest *guest)
{
    struct rp_wasm *wasm = guest->wasm;
    uint32_t func = begin(guest, "ii", "l", "");
    get(guest, 0);
    rp_wasm_op(wasm, RP_OP_i64_extend_i32_u);
    rp_wasm_i64_const(wasm, 32);
    rp_wasm_op(wasm, RP_OP_i64_shl);
    get(guest, 1);
    rp_wasm_op(wasm, RP_OP_i64_extend_i32_u);
    rp_wasm_op(wasm, RP_OP_i64_or);
    rp_wasm_func_end(wasm);
    export_func(guest, "echo", func);
    add_constant(guest, "fixed", FIXED_AT, strlen(FIXED_TEXT));
    add_constant(guest, "garbage", GARBAGE_AT, strlen(GARBAGE_TEXT));
    add_constant(guest, "outside", 0xfffffff0u, 32);
    add_constant(guest, "empty", 0, 0);
}

static void add_alloc(struct guest *guest, enum guest_alloc kind, uint32_t spin)
{
    struct rp_wasm *wasm = guest->wasm;
    if (kind == GUEST_ALLOC_NONE) {
        return;
    }
    uint32_t func = begin(guest, kind == GUEST_ALLOC_LONG ? "l" : "i", "i", "");
    switch (kind) {
    case GUEST_ALLOC_OUTSIDE:
        rp_wasm_i32_const(wasm, -1);
        break;
    case GUEST_ALLOC_LONG:
        rp_wasm_i32_const(wasm, 0);
        break;
    case GUEST_ALLOC_TRAPS:
        rp_wasm_op(wasm, RP_OP_unreachable);
        break;
    case GUEST_ALLOC_SPINS:
        rp_wasm_op_index(wasm, RP_OP_call, spin);
        rp_wasm_i32_const(wasm, 0);
        break;
    default:
        rp_wasm_op_index(wasm, RP_OP_global_get, guest->heap);
        rp_wasm_op_index(wasm, RP_OP_global_get, guest->heap);
        get(guest, 0);
        rp_wasm_op(wasm, RP_OP_i32_add);
        rp_wasm_op_index(wasm, RP_OP_global_set, guest->heap);
        break;
    }
    rp_wasm_func_end(wasm);
    export_func(guest, "__alloc", func);
}

static void add_start(struct guest *guest, enum guest_start kind, uint32_t spin)
{
    struct rp_wasm *wasm = guest->wasm;
    if (kind == GUEST_START_NONE) {
        return;
    }
    uint32_t func = begin(guest, "", "", "");
    if (kind == GUEST_START_TRAPS) {
        rp_wasm_op(wasm, RP_OP_unreachable);
    } else if (kind == GUEST_START_SPINS) {
        rp_wasm_op_index(wasm, RP_OP_call, spin);
    } else {
        rp_wasm_i32_const(wasm, 7);
        rp_wasm_op_index(wasm, RP_OP_call, guest->ask);
        rp_wasm_op(wasm, RP_OP_drop);
    }
    rp_wasm_func_end(wasm);
    rp_wasm_start(wasm, func);
}

struct rp_span guest_build(struct rp_wasm *wasm, const struct guest_options *options)
{
    struct guest guest = {.wasm = wasm};
    uint64_t pages = options->pages == 0 ? 1 : options->pages;
    guest.ask = rp_wasm_import_func(wasm, "env", "ask", rp_wasm_type(wasm, "i", "i"));
    guest.random = rp_wasm_import_func(wasm, "reprise", "random_u64", rp_wasm_type(wasm, "", "l"));
    guest.time = rp_wasm_import_func(wasm, "env", "__get_time", rp_wasm_type(wasm, "", "l"));
    if (options->imports_missing) {
        rp_wasm_import_func(wasm, "env", "missing", rp_wasm_type(wasm, "", ""));
    }
    if (options->imports_memory) {
        rp_wasm_import_memory(wasm, "env", "memory", pages, RP_WASM_NO_MAX);
    } else {
        rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY,
                       rp_wasm_memory(wasm, pages, RP_WASM_NO_MAX));
    }
    guest.counter = rp_wasm_global_i64(wasm, true, 0);
    guest.heap = rp_wasm_global_i32(wasm, true, 1024);
    rp_wasm_data(wasm, FIXED_AT, FIXED_TEXT, strlen(FIXED_TEXT));
    rp_wasm_data(wasm, GARBAGE_AT, GARBAGE_TEXT, strlen(GARBAGE_TEXT));
    add_numeric(&guest);
    add_fib(&guest);
    uint32_t spin = add_spin(&guest);
    add_growers(&guest);
    add_askers(&guest);
    add_json(&guest);
    add_alloc(&guest, options->alloc, spin);
    add_start(&guest, options->start, spin);
    return rp_wasm_finish(wasm);
}
