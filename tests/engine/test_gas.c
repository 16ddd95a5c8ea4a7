/* Gas to the unit (tests; docs/gas.md): what each trap, size term and host call costs, counted by
 * hand, in both tables; what does not fit is not executed and not charged. */
#include "engine/store.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"
#include "tests/walks/walk.h"

/* ---- a module around one instruction ---- */

enum { HOST, NOBODY, TARGET, GIANT, F }; /* functions */
#define FRAME 1 /* of f: 2 slots and at most 6 operands are one unit of 8 */

static rp_host_result host_answer;
static uint64_t host_extra; /* price beside the base */
static uint64_t host_saw;   /* the gas position inside the host function */
static unsigned host_calls;

static rp_host_result host_call(void *user, rp_caller *caller, const rp_value *args,
                                rp_value *results)
{
    (void)user;
    (void)args;
    (void)results;
    host_calls++;
    host_saw = rp_store_gas_used(rp_caller_store(caller));
    return host_answer;
}

static uint64_t host_price(void *user, rp_caller *caller, const rp_value *args)
{
    (void)user;
    (void)caller;
    (void)args;
    return host_extra;
}

struct guest {
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance;
    rp_outcome outcome;
    rp_status status;
};

/* f() is: nop, the case, three nops. */
static struct rp_span build(struct rp_wasm *wasm, void (*emit)(struct rp_wasm *))
{
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "", "");
    rp_wasm_type(wasm, "i", "i");
    rp_wasm_import_func(wasm, "host", "call", type);
    rp_wasm_import_func(wasm, "nobody", "there", type);
    rp_wasm_memory(wasm, 1, 3);
    rp_wasm_table(wasm, 'r', 8, 20);
    rp_wasm_func_begin(wasm, type, ""); /* TARGET */
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiii"); /* GIANT: 31 locals */
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "f", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, type, ""));
    rp_wasm_op(wasm, RP_OP_nop);
    emit(wasm);
    rp_wasm_op(wasm, RP_OP_nop);
    rp_wasm_op(wasm, RP_OP_nop);
    rp_wasm_op(wasm, RP_OP_nop);
    rp_wasm_func_end(wasm);
    rp_wasm_elem(wasm, 0, 0, (uint32_t[]){TARGET}, 1);
    rp_wasm_elem_passive(wasm, (uint32_t[]){TARGET, TARGET, TARGET, TARGET, TARGET}, 5);
    rp_wasm_data_passive(wasm, "seventeen bytes..", 17);
    return rp_wasm_finish(wasm);
}

static void begin_guest(struct guest *guest, void (*emit)(struct rp_wasm *), bool metered,
                        const char *schedule)
{
    static const rp_host_func call = {.struct_size = sizeof(rp_host_func),
                                      .module = "host",
                                      .name = "call",
                                      .callback = host_call,
                                      .price = host_price};
    *guest = (struct guest){0};
    struct rp_span bytes = build(&guest->wasm, emit);
    rp_engine_config engine_config = {.struct_size = sizeof engine_config,
                                      .schedule_json = schedule,
                                      .schedule_json_size =
                                          schedule == NULL ? 0 : strlen(schedule)};
    rp_store_config config;
    rp_store_config_init(&config);
    config.metered = metered;
    config.stack_slots_max = 36;
    host_calls = 0;
    assert_int_equal(rp_engine_create(&engine_config, &guest->engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(guest->engine, bytes.data, bytes.size, &guest->module, NULL),
                     RP_OK);
    assert_int_equal(rp_store_create(guest->engine, &config, &guest->store, NULL), RP_OK);
    assert_int_equal(rp_store_define_func(guest->store, &call, NULL), RP_OK);
    rp_store_trap_unknown_imports(guest->store, true);
    assert_int_equal(
        rp_store_instantiate(guest->store, guest->module, &guest->instance, &guest->outcome, NULL),
        RP_OK);
}

static void end_guest(struct guest *guest)
{
    rp_store_destroy(guest->store);
    rp_module_destroy(guest->module);
    rp_engine_destroy(guest->engine);
    rp_wasm_deinit(&guest->wasm);
}

/* Calls f under a limit; answers the gas used. */
static uint64_t call_f(struct guest *guest, int64_t limit)
{
    rp_extern f;
    assert_int_equal(rp_instance_export(guest->instance, (rp_name){"f", 1}, &f), RP_OK);
    rp_store_set_gas_limit(guest->store, limit);
    guest->status = rp_store_call(guest->store, f.index, NULL, 0, NULL, 0, &guest->outcome, NULL);
    assert_int_equal(guest->status, RP_OK);
    return rp_store_gas_used(guest->store);
}

static uint64_t resume_f(struct guest *guest, int64_t limit)
{
    rp_store_set_gas_limit(guest->store, limit);
    guest->status = rp_store_resume(guest->store, NULL, 0, &guest->outcome, NULL);
    assert_int_equal(guest->status, RP_OK);
    return rp_store_gas_used(guest->store);
}

/* ---- traps ---- */

static void emit_consts(struct rp_wasm *wasm, int32_t a, int32_t b, int32_t c)
{
    rp_wasm_i32_const(wasm, a);
    rp_wasm_i32_const(wasm, b);
    rp_wasm_i32_const(wasm, c);
}

static void emit_binary(struct rp_wasm *wasm, enum rp_op op, int32_t a, int32_t b)
{
    rp_wasm_i32_const(wasm, a);
    rp_wasm_i32_const(wasm, b);
    rp_wasm_op(wasm, op);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void trap_unreachable(struct rp_wasm *wasm)
{
    rp_wasm_op(wasm, RP_OP_unreachable);
}

static void trap_division(struct rp_wasm *wasm)
{
    emit_binary(wasm, RP_OP_i32_div_s, 7, 0);
}

static void trap_remainder(struct rp_wasm *wasm)
{
    emit_binary(wasm, RP_OP_i32_rem_u, 7, 0);
}

static void trap_overflow(struct rp_wasm *wasm)
{
    emit_binary(wasm, RP_OP_i32_div_s, INT32_MIN, -1);
}

static void trap_conversion(struct rp_wasm *wasm)
{
    rp_wasm_f64_const(wasm, 0x7ff8000000000000u);
    rp_wasm_op(wasm, RP_OP_i32_trunc_f64_s);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void trap_too_large(struct rp_wasm *wasm)
{
    rp_wasm_f32_const(wasm, 0x7f000000u);
    rp_wasm_op(wasm, RP_OP_i64_trunc_f32_u);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void trap_load(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 65533);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void trap_store(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, -1);
    rp_wasm_i64_const(wasm, 1);
    rp_wasm_op_memory(wasm, RP_OP_i64_store, 3, 0xffffffff);
}

static void trap_memory_copy(struct rp_wasm *wasm)
{
    emit_consts(wasm, 0, 65530, 7);
    rp_wasm_op_indices(wasm, RP_OP_memory_copy, 0, 0);
}

static void trap_memory_fill(struct rp_wasm *wasm)
{
    emit_consts(wasm, 65530, 0, 7);
    rp_wasm_op_index(wasm, RP_OP_memory_fill, 0);
}

static void trap_memory_init(struct rp_wasm *wasm)
{
    emit_consts(wasm, 0, 0, 18);
    rp_wasm_op_indices(wasm, RP_OP_memory_init, 0, 0);
}

static void trap_table_copy(struct rp_wasm *wasm)
{
    emit_consts(wasm, 7, 0, 2);
    rp_wasm_op_indices(wasm, RP_OP_table_copy, 0, 0);
}

static void trap_table_fill(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_ref_null(wasm, 'r');
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_index(wasm, RP_OP_table_fill, 0);
}

static void trap_table_init(struct rp_wasm *wasm)
{
    emit_consts(wasm, 0, 3, 3);
    rp_wasm_op_indices(wasm, RP_OP_table_init, 1, 0);
}

static void trap_table_get(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_op_index(wasm, RP_OP_table_get, 0);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void trap_table_set(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_ref_null(wasm, 'r');
    rp_wasm_op_index(wasm, RP_OP_table_set, 0);
}

static void trap_undefined(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_op_indices(wasm, RP_OP_call_indirect, 0, 0);
}

static void trap_uninitialized(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_indices(wasm, RP_OP_call_indirect, 0, 0);
}

static void trap_other_type(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_indices(wasm, RP_OP_call_indirect, 1, 0);
    rp_wasm_op(wasm, RP_OP_drop);
}

/* f has 2 + 1 slots, GIANT 33, together one less than the limit; the two constants make it too
 * many. */
static void trap_exhausted(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_call, GIANT);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void call_nobody(struct rp_wasm *wasm)
{
    rp_wasm_op_index(wasm, RP_OP_call, NOBODY);
}

static void call_the_host(struct rp_wasm *wasm)
{
    rp_wasm_op_index(wasm, RP_OP_call, HOST);
}

struct trap_case {
    void (*emit)(struct rp_wasm *);
    rp_trap_code trap;
    uint64_t operands; /* price of the instructions between the nop and the one that traps */
    uint64_t base;     /* its static price, and that of a host function */
};

static const struct trap_case traps[] = {
    {trap_unreachable, RP_TRAP_UNREACHABLE, 0, 1},
    {trap_division, RP_TRAP_INTEGER_DIVIDE_BY_ZERO, 2, 4},
    {trap_remainder, RP_TRAP_INTEGER_DIVIDE_BY_ZERO, 2, 4},
    {trap_overflow, RP_TRAP_INTEGER_OVERFLOW, 2, 4},
    {trap_conversion, RP_TRAP_INVALID_CONVERSION, 1, 2},
    {trap_too_large, RP_TRAP_INTEGER_OVERFLOW, 1, 2},
    {trap_load, RP_TRAP_MEMORY_OUT_OF_BOUNDS, 1, 2},
    {trap_store, RP_TRAP_MEMORY_OUT_OF_BOUNDS, 2, 2},
    {trap_memory_copy, RP_TRAP_MEMORY_OUT_OF_BOUNDS, 3, 10},
    {trap_memory_fill, RP_TRAP_MEMORY_OUT_OF_BOUNDS, 3, 10},
    {trap_memory_init, RP_TRAP_MEMORY_OUT_OF_BOUNDS, 3, 10},
    {trap_table_copy, RP_TRAP_TABLE_OUT_OF_BOUNDS, 3, 10},
    {trap_table_fill, RP_TRAP_TABLE_OUT_OF_BOUNDS, 3, 10},
    {trap_table_init, RP_TRAP_TABLE_OUT_OF_BOUNDS, 3, 10},
    {trap_table_get, RP_TRAP_TABLE_OUT_OF_BOUNDS, 1, 2},
    {trap_table_set, RP_TRAP_TABLE_OUT_OF_BOUNDS, 2, 2},
    {trap_undefined, RP_TRAP_UNDEFINED_ELEMENT, 1, 8},
    {trap_uninitialized, RP_TRAP_UNINITIALIZED_ELEMENT, 1, 8},
    {trap_other_type, RP_TRAP_INDIRECT_CALL_TYPE, 2, 9}, /* moves a value */
    {trap_exhausted, RP_TRAP_STACK_EXHAUSTED, 2, 5},
    {call_nobody, RP_TRAP_UNKNOWN_IMPORT, 0, 5},
    {call_the_host, RP_TRAP_HOST, 0, 55},
};

/* Under every limit: below the trap's price it is not reached; from there on it traps, and what
 * stands behind it in the run is given back. */
static void every_trap_costs_its_static_price(void **state)
{
    (void)state;
    host_answer = RP_HOST_TRAP;
    host_extra = 0;
    for (size_t i = 0; i < RP_ARRAY_COUNT(traps); i++) {
        const struct trap_case *test = &traps[i];
        uint64_t before = FRAME + 1 + test->operands;
        uint64_t total = before + test->base;
        for (uint64_t k = 0; k < 2 * (total + 6); k++) {
            struct guest guest;
            begin_guest(&guest, test->emit, k % 2 == 1, NULL);
            uint64_t used = call_f(&guest, (int64_t)(k / 2));
            if (k / 2 < total) {
                assert_int_equal(guest.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
                assert_true(used <= k / 2 && (k / 2 < before || used == before));
                used = resume_f(&guest, (int64_t)total);
            }
            assert_int_equal(guest.outcome.kind, RP_OUTCOME_TRAPPED);
            assert_int_equal(guest.outcome.trap, test->trap);
            assert_int_equal(used, total);
            assert_int_equal(rp_store_gas(guest.store).host, test->emit == call_the_host ? 50 : 0);
            end_guest(&guest);
        }
    }
}

/* ---- size terms ---- */

static void size_memory_copy(struct rp_wasm *wasm)
{
    emit_consts(wasm, 100, 0, 16);
    rp_wasm_op_indices(wasm, RP_OP_memory_copy, 0, 0);
}

static void size_memory_fill(struct rp_wasm *wasm)
{
    emit_consts(wasm, 100, 1, 33);
    rp_wasm_op_index(wasm, RP_OP_memory_fill, 0);
}

static void size_memory_init(struct rp_wasm *wasm)
{
    emit_consts(wasm, 100, 0, 17);
    rp_wasm_op_indices(wasm, RP_OP_memory_init, 0, 0);
}

static void size_table_copy(struct rp_wasm *wasm)
{
    emit_consts(wasm, 1, 0, 3);
    rp_wasm_op_indices(wasm, RP_OP_table_copy, 0, 0);
}

static void size_table_fill(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_ref_null(wasm, 'r');
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_op_index(wasm, RP_OP_table_fill, 0);
}

static void size_table_init(struct rp_wasm *wasm)
{
    emit_consts(wasm, 2, 0, 5);
    rp_wasm_op_indices(wasm, RP_OP_table_init, 1, 0);
}

static void size_nothing(struct rp_wasm *wasm)
{
    emit_consts(wasm, 0, 0, 0);
    rp_wasm_op_index(wasm, RP_OP_memory_fill, 0);
}

static void emit_memory_grow(struct rp_wasm *wasm, int32_t pages)
{
    rp_wasm_i32_const(wasm, pages);
    rp_wasm_op_index(wasm, RP_OP_memory_grow, 0);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void size_memory_grow(struct rp_wasm *wasm)
{
    emit_memory_grow(wasm, 2);
}

static void size_memory_too_large(struct rp_wasm *wasm)
{
    emit_memory_grow(wasm, 3);
}

static void emit_table_grow(struct rp_wasm *wasm, int32_t count)
{
    rp_wasm_ref_null(wasm, 'r');
    rp_wasm_i32_const(wasm, count);
    rp_wasm_op_index(wasm, RP_OP_table_grow, 0);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void size_table_grow(struct rp_wasm *wasm)
{
    emit_table_grow(wasm, 11);
}

static void size_table_too_large(struct rp_wasm *wasm)
{
    emit_table_grow(wasm, 13);
}

static void size_frame(struct rp_wasm *wasm)
{
    rp_wasm_op_index(wasm, RP_OP_call, GIANT);
}

static void size_frame_indirect(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_indices(wasm, RP_OP_call_indirect, 0, 0);
}

struct size_case {
    void (*emit)(struct rp_wasm *);
    uint64_t operands;
    uint64_t price;  /* static price and size term */
    uint64_t behind; /* of what follows before the three nops and the end: a drop, a callee's end */
};

static const struct size_case sizes[] = {
    {size_memory_copy, 3, 10 + 1, 0},   {size_memory_fill, 3, 10 + 3, 0},
    {size_memory_init, 3, 10 + 2, 0},   {size_table_copy, 3, 10 + 2, 0},
    {size_table_fill, 3, 10 + 4, 0},    {size_table_init, 3, 10 + 3, 0},
    {size_nothing, 3, 10, 0},           {size_memory_grow, 1, 50 + 4000, 1},
    {size_memory_too_large, 1, 50, 1},  {size_table_grow, 2, 50 + 6, 1},
    {size_table_too_large, 2, 50, 1},   {size_frame, 0, 5 + 5, 1},
    {size_frame_indirect, 1, 8 + 1, 1}, {call_the_host, 0, 5 + 50 + 100, 0},
};

/* Below the whole price the instruction is not begun: position and state are those before it. */
static void check_limit(const struct size_case *test, uint64_t limit, bool metered)
{
    uint64_t before = FRAME + 1 + test->operands;
    uint64_t total = before + test->price + test->behind + 4;
    struct guest guest;
    begin_guest(&guest, test->emit, metered, NULL);
    call_f(&guest, (int64_t)before);
    assert_int_equal(rp_store_gas_used(guest.store), before);
    uint64_t print = rp_walk_store_print(guest.store);
    uint64_t used = resume_f(&guest, (int64_t)limit);
    assert_int_equal(guest.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
    if (limit < before + test->price) {
        assert_int_equal(used, before);
        assert_true(rp_walk_store_print(guest.store) == print);
        assert_int_equal(host_calls, 0);
    } else {
        assert_int_equal(used, before + test->price);
        assert_true(rp_walk_store_print(guest.store) != print);
    }
    assert_int_equal(resume_f(&guest, RP_GAS_UNLIMITED), total);
    assert_int_equal(guest.outcome.kind, RP_OUTCOME_RETURNED);
    end_guest(&guest);
    /* The same limit in one go. */
    begin_guest(&guest, test->emit, metered, NULL);
    assert_int_equal(call_f(&guest, (int64_t)limit), used);
    assert_int_equal(guest.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
    end_guest(&guest);
}

static void size_terms_that_do_not_fit_are_not_executed(void **state)
{
    (void)state;
    host_answer = RP_HOST_RETURN;
    host_extra = 100;
    for (size_t i = 0; i < RP_ARRAY_COUNT(sizes); i++) {
        uint64_t before = FRAME + 1 + sizes[i].operands;
        uint64_t price = sizes[i].price;
        const uint64_t limits[] = {before, before + 1, before + price / 2, before + price - 1,
                                   before + price};
        for (size_t j = 0; j < 2 * RP_ARRAY_COUNT(limits); j++) {
            check_limit(&sizes[i], limits[j / 2], j % 2 == 1);
        }
    }
}

/* ---- host functions ---- */

static void gas_is_exact_inside_host_functions(void **state)
{
    (void)state;
    host_answer = RP_HOST_RETURN;
    for (int metered = 0; metered < 2; metered++) {
        struct guest guest;
        host_extra = 7;
        begin_guest(&guest, call_the_host, metered == 1, NULL);
        assert_int_equal(call_f(&guest, RP_GAS_UNLIMITED), FRAME + 1 + 5 + 57 + 4);
        assert_int_equal(host_saw, FRAME + 1 + 5 + 57);
        rp_gas_accounts accounts = rp_store_gas(guest.store);
        assert_int_equal(accounts.host, 57);
        assert_int_equal(accounts.instructions, FRAME + 1 + 5 + 4);
        end_guest(&guest);
    }
}

/* A price above 2^63 - 1 fits under no limit, and none is no limit either. */
static void price_that_overflows_never_fits(void **state)
{
    (void)state;
    static const uint64_t prices[] = {UINT64_MAX, (uint64_t)INT64_MAX, (uint64_t)INT64_MAX - 50};
    host_answer = RP_HOST_RETURN;
    for (size_t i = 0; i < 2 * RP_ARRAY_COUNT(prices); i++) {
        struct guest guest;
        host_extra = prices[i / 2];
        begin_guest(&guest, call_the_host, i % 2 == 1, NULL);
        assert_int_equal(call_f(&guest, RP_GAS_UNLIMITED), FRAME + 1);
        assert_int_equal(guest.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
        assert_int_equal(host_calls, 0);
        host_extra = 0;
        resume_f(&guest, RP_GAS_UNLIMITED);
        assert_int_equal(guest.outcome.kind, RP_OUTCOME_RETURNED);
        end_guest(&guest);
    }
    /* The largest that fits: everything but what the rest of f needs is spent at once. */
    struct guest guest;
    host_extra = (uint64_t)INT64_MAX - FRAME - 1 - 5 - 50;
    begin_guest(&guest, call_the_host, false, NULL);
    assert_int_equal(call_f(&guest, RP_GAS_UNLIMITED), INT64_MAX);
    assert_int_equal(guest.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
    assert_int_equal(host_calls, 1);
    end_guest(&guest);
}

/* ---- portions and other schedules ---- */

static void count_down(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 1000000);
    rp_wasm_op_memory(wasm, RP_OP_i32_store, 2, 0);
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_sub);
    rp_wasm_op_memory(wasm, RP_OP_i32_store, 2, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
}

static void gas_is_exact_across_portions(void **state)
{
    (void)state;
    const uint64_t total = FRAME + 1 + 4 + 1000000u * 14u + 1 + 4;
    for (int metered = 0; metered < 2; metered++) {
        struct guest guest;
        begin_guest(&guest, count_down, metered == 1, NULL);
        assert_int_equal(call_f(&guest, RP_GAS_UNLIMITED), total);
        end_guest(&guest);
        begin_guest(&guest, count_down, metered == 1, NULL);
        assert_int_equal(call_f(&guest, (int64_t)total - 1), total - 1);
        assert_int_equal(guest.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
        assert_int_equal(resume_f(&guest, (int64_t)total), total);
        assert_int_equal(guest.outcome.kind, RP_OUTCOME_RETURNED);
        end_guest(&guest);
    }
}

/* With the dearest schedule no run fits into a portion. */
static void runs_dearer_than_a_portion_are_charged_exactly(void **state)
{
    (void)state;
    static const char schedule[] =
        "{\"classes\":{\"simple\":1000000,\"bulk\":1000000},\"terms\":{\"bytes\":"
        "{\"unit\":1,\"price\":1000000}}}";
    const uint64_t before = FRAME + 4 * 1000000u;
    const uint64_t price = 34 * 1000000u;
    for (int metered = 0; metered < 2; metered++) {
        struct guest guest;
        begin_guest(&guest, size_memory_fill, metered == 1, schedule);
        assert_int_equal(call_f(&guest, (int64_t)(before + price - 1)), before);
        assert_int_equal(resume_f(&guest, (int64_t)(before + price)), before + price);
        assert_int_equal(resume_f(&guest, RP_GAS_UNLIMITED), before + price + 4 * 1000000u);
        end_guest(&guest);
        begin_guest(&guest, size_memory_fill, metered == 1, schedule);
        assert_int_equal(call_f(&guest, RP_GAS_UNLIMITED), before + price + 4 * 1000000u);
        end_guest(&guest);
    }
}

/* Of two limits the nearer one stops; at the same place it is until-gas. */
static void nearer_limit_stops(void **state)
{
    (void)state;
    static const struct {
        int64_t limit, until;
        rp_outcome_kind kind;
        uint64_t used;
    } cases[] = {
        {3, 5, RP_OUTCOME_OUT_OF_GAS, 2},    {5, 3, RP_OUTCOME_SUSPENDED, 2},
        {2, 2, RP_OUTCOME_SUSPENDED, 2},     {0, 0, RP_OUTCOME_SUSPENDED, 0},
        {-1, 100, RP_OUTCOME_OUT_OF_GAS, 0}, {100, -1, RP_OUTCOME_SUSPENDED, 0},
    };
    for (size_t i = 0; i < 2 * RP_ARRAY_COUNT(cases); i++) {
        struct guest guest;
        begin_guest(&guest, size_frame, i % 2 == 1, NULL);
        rp_store_set_until_gas(guest.store, cases[i / 2].until);
        assert_int_equal(call_f(&guest, cases[i / 2].limit), cases[i / 2].used);
        assert_int_equal(guest.outcome.kind, cases[i / 2].kind);
        end_guest(&guest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_trap_costs_its_static_price),
        cmocka_unit_test(size_terms_that_do_not_fit_are_not_executed),
        cmocka_unit_test(gas_is_exact_inside_host_functions),
        cmocka_unit_test(price_that_overflows_never_fits),
        cmocka_unit_test(gas_is_exact_across_portions),
        cmocka_unit_test(runs_dearer_than_a_portion_are_charged_exactly),
        cmocka_unit_test(nearer_limit_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
