/* The stencil experiment (tests): native code leaves the canonical frame, and the interpreter goes
 * on from it to the same end.
 *
 * For every gas limit k a program runs in native code until a side exit and then in the
 * interpreter; outcome, trap, backtrace, results, gas and the whole state of the store must be
 * those of the fast and of the metered table with limit k. */
#include "tests/stencils/stencil_code.h"
#include "tests/support/state_copy.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#define RESULTS_MAX 2
#define PAGE_END 65536

/* ---- programs ---- */

enum program_func { TICK, FIB, QUOTIENTS, FILL, DEEP, KEEP, PAIR, HELPER, MIXED, SPIN };

static void get(struct rp_wasm *wasm, uint32_t local)
{
    rp_wasm_op_index(wasm, RP_OP_local_get, local);
}

/* local += amount, by i32.add */
static void add_to(struct rp_wasm *wasm, uint32_t local, int32_t amount)
{
    get(wasm, local);
    rp_wasm_i32_const(wasm, amount);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_local_set, local);
}

/* fib(n), recursive; an early return behind a branch over it. */
static void build_fib(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "i", "i"), "");
    rp_wasm_block(wasm, RP_OP_block, RP_WASM_VOID);
    get(wasm, 0);
    rp_wasm_i32_const(wasm, 2);
    rp_wasm_op(wasm, RP_OP_i32_lt_s);
    rp_wasm_op(wasm, RP_OP_i32_eqz);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    get(wasm, 0);
    rp_wasm_op(wasm, RP_OP_return);
    rp_wasm_op(wasm, RP_OP_end);
    for (int32_t less = 1; less <= 2; less++) {
        get(wasm, 0);
        rp_wasm_i32_const(wasm, less);
        rp_wasm_op(wasm, RP_OP_i32_sub);
        rp_wasm_op_index(wasm, RP_OP_call, FIB);
    }
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
}

/* quotients(p, count, d): each of `count` numbers at p is divided by d, d - 1, … in place; their
 * sum. */
static void build_quotients(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "iii", "i"), "i");
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    get(wasm, 0);
    get(wasm, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    get(wasm, 2);
    rp_wasm_op(wasm, RP_OP_i32_div_s);
    rp_wasm_op_memory(wasm, RP_OP_i32_store, 2, 0);
    get(wasm, 3);
    get(wasm, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_local_set, 3);
    add_to(wasm, 0, 4);
    add_to(wasm, 2, -1);
    add_to(wasm, 1, -1);
    get(wasm, 1);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
    get(wasm, 3);
    rp_wasm_func_end(wasm);
}

/* fill(p, count): stores count, count - 1, … from p + 8 on. */
static void build_fill(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "ii", ""), "");
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    get(wasm, 0);
    get(wasm, 1);
    rp_wasm_op_memory(wasm, RP_OP_i32_store, 2, 8);
    add_to(wasm, 0, 4);
    get(wasm, 1);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_sub);
    rp_wasm_op_index(wasm, RP_OP_local_tee, 1);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
}

/* deep(n): recursion without end, with a local of its own. */
static void build_deep(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "i", "i"), "i");
    get(wasm, 1);
    get(wasm, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_local_tee, 1);
    rp_wasm_op_index(wasm, RP_OP_call, DEEP);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
}

/* keep(n): branches that keep operands and drop others, taken if n is not 0; the last one returns.
 */
static void build_keep(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "i", "i"), "");
    rp_wasm_block(wasm, RP_OP_block, 'i');
    rp_wasm_i32_const(wasm, 7);
    rp_wasm_i32_const(wasm, -8);
    get(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_block(wasm, RP_OP_block, 'i');
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_nop);
    rp_wasm_i32_const(wasm, 2);
    rp_wasm_i32_const(wasm, 3);
    rp_wasm_op_index(wasm, RP_OP_br, 0);
    rp_wasm_block(wasm, RP_OP_block, RP_WASM_VOID); /* cannot be reached */
    rp_wasm_op_index(wasm, RP_OP_br, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_i32_add);
    get(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_i32_const(wasm, 6);
    rp_wasm_func_end(wasm);
}

/* pair(n): two results, by a branch to the function's label. */
static void build_pair(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "i", "ii"), "");
    rp_wasm_i32_const(wasm, 9);
    get(wasm, 0);
    rp_wasm_i32_const(wasm, 5);
    rp_wasm_op_index(wasm, RP_OP_br, 0);
    rp_wasm_func_end(wasm);
}

/* helper(n): fib(n), and `select`, which has no stencil: never native. */
static void build_helper(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "i", "i"), "");
    get(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_call, FIB);
    rp_wasm_i32_const(wasm, 0);
    get(wasm, 0);
    rp_wasm_op(wasm, RP_OP_select);
    rp_wasm_func_end(wasm);
}

/* mixed(n): calls native code, code that is not, and the host. */
static void build_mixed(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "i", "i"), "");
    get(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_call, PAIR);
    rp_wasm_op_index(wasm, RP_OP_call, HELPER);
    rp_wasm_op_index(wasm, RP_OP_call, TICK);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
}

/* spin(n): n times round a loop. */
static void build_spin(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "i", "i"), "");
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    add_to(wasm, 0, -1);
    get(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
    get(wasm, 0);
    rp_wasm_func_end(wasm);
}

static void build_module(struct rp_wasm *wasm)
{
    static const int32_t numbers[] = {100, -200, 300, 4000, INT32_MIN, 60};
    rp_wasm_init(wasm);
    rp_wasm_import_func(wasm, "env", "tick", rp_wasm_type(wasm, "i", "i"));
    rp_wasm_memory(wasm, 1, 1);
    rp_wasm_data(wasm, 0, numbers, sizeof numbers);
    build_fib(wasm);
    build_quotients(wasm);
    build_fill(wasm);
    build_deep(wasm);
    build_keep(wasm);
    build_pair(wasm);
    build_helper(wasm);
    build_mixed(wasm);
    build_spin(wasm);
}

/* ---- runs ---- */

static const char *object_path;

struct machine_code {
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    struct rp_stencil_object object;
    struct rp_stencil_code code;
};

/* Loads what the builder holds and compiles it. */
static void make_code(struct machine_code *native)
{
    struct rp_span bytes = rp_wasm_finish(&native->wasm);
    assert_int_equal(rp_engine_create(NULL, &native->engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(native->engine, bytes.data, bytes.size, &native->module, NULL),
                     RP_OK);
    rp_stencil_object_init(&native->object, object_path);
    rp_stencil_code_init(&native->code, &native->object, native->module);
}

static void drop_code(struct machine_code *native)
{
    rp_stencil_code_deinit(&native->code);
    rp_stencil_object_deinit(&native->object);
    rp_module_destroy(native->module);
    rp_engine_destroy(native->engine);
    rp_wasm_deinit(&native->wasm);
}

static int set_up(void **state)
{
    static struct machine_code native;
    build_module(&native.wasm);
    make_code(&native);
    *state = &native;
    return 0;
}

static int tear_down(void **state)
{
    drop_code(*state);
    return 0;
}

/* A call in a store of its own, and how it ended, whoever ran it. */
struct run {
    rp_store *store;
    uint32_t func;
    rp_outcome outcome;
    rp_value results[RESULTS_MAX];
    size_t result_count;
    struct rp_state_copy state; /* of the store at the end */
};

struct run_case {
    const char *name;
    uint32_t func; /* in the module */
    int64_t args[3];
    uint32_t call_depth; /* limits; 0: the defaults */
    uint64_t stack_slots;
    rp_outcome_kind outcome;
    rp_trap_code trap;
    enum rp_op exit_op; /* where native code leaves in a run without limit; NONE: nowhere */
};

static rp_host_result tick(void *user, rp_caller *caller, const rp_value *args, rp_value *results)
{
    (void)user;
    (void)caller;
    results[0].of.i32 = args[0].of.i32 * 3;
    return RP_HOST_RETURN;
}

static void begin(struct run *run, const struct machine_code *native, const struct run_case *test,
                  bool metered)
{
    static const rp_valkind kinds[] = {RP_I32};
    rp_store_config config;
    rp_store_config_init(&config);
    config.metered = metered;
    config.call_depth_max = test->call_depth;
    config.stack_slots_max = test->stack_slots;
    config.memory_max_bytes = PAGE_END;
    *run = (struct run){0};
    assert_int_equal(rp_store_create(native->engine, &config, &run->store, NULL), RP_OK);
    rp_host_func host = {.struct_size = sizeof(rp_host_func),
                         .module = "env",
                         .name = "tick",
                         .type = {kinds, 1, kinds, 1},
                         .callback = tick};
    assert_int_equal(rp_store_define_func(run->store, &host, NULL), RP_OK);
    rp_instance *instance = NULL;
    assert_int_equal(
        rp_store_instantiate(run->store, native->module, &instance, &run->outcome, NULL), RP_OK);
    run->func = instance->funcs[test->func]->index;
    run->result_count = rp_store_func_type(run->store, run->func).result_count;
}

static void call(struct run *run, const struct run_case *test)
{
    rp_functype type = rp_store_func_type(run->store, run->func);
    size_t count = type.param_count;
    rp_value args[3];
    for (size_t i = 0; i < count; i++) {
        args[i] = (rp_value){.kind = type.params[i], .of.i64 = test->args[i]};
    }
    assert_int_equal(rp_store_call(run->store, run->func, args, count, run->results,
                                   run->result_count, &run->outcome, NULL),
                     RP_OK);
}

static void resume(struct run *run)
{
    assert_int_equal(
        rp_store_resume(run->store, run->results, run->result_count, &run->outcome, NULL), RP_OK);
}

/* Keeps the state at the end of a run; all limits are gone from it. */
static void finish(struct run *run)
{
    rp_store_set_gas_limit(run->store, RP_GAS_UNLIMITED);
    rp_state_copy_init(&run->state);
    assert_int_equal(rp_state_copy_save(&run->state, run->store, NULL), RP_OK);
}

static void drop_run(struct run *run)
{
    rp_state_copy_deinit(&run->state);
    rp_store_destroy(run->store);
}

static void interpret(struct run *run, const struct machine_code *native,
                      const struct run_case *test, bool metered, int64_t limit)
{
    begin(run, native, test, metered);
    rp_store_set_gas_limit(run->store, limit);
    call(run, test);
    finish(run);
}

/* Native code from where the store is stopped; if it leaves, the frame is left to whoever goes on.
 */
static bool go_native(struct run *run, struct rp_stencil_code *code)
{
    if (!rp_stencil_code_run(code, run->store)) {
        return false;
    }
    const struct rp_machine *vm = &run->store->machine;
    const struct rp_func_type *type = run->store->funcs[run->func]->type;
    for (size_t i = 0; i < run->result_count; i++) {
        rp_value_from_slot(&run->results[i], type->types[type->param_count + i],
                           (vm->sp - run->result_count)[i].lo);
    }
    run->outcome = (rp_outcome){.kind = RP_OUTCOME_RETURNED};
    rp_store_abandon(run->store, NULL);
    run->store->host_events--; /* it counts as one, which a return does not */
    return true;
}

/* The call as far as its first instruction, by a limit that holds the frame alone; false if `limit`
 * does not. */
static bool stop_at_start(struct run *run, const struct run_case *test, int64_t limit)
{
    int64_t frame_price = (int64_t)run->store->funcs[run->func]->code->frame_price;
    rp_store_set_gas_limit(run->store, limit < frame_price ? limit : frame_price);
    call(run, test);
    assert_int_equal(run->outcome.kind, RP_OUTCOME_OUT_OF_GAS);
    return limit >= frame_price;
}

static void run_native(struct run *run, struct machine_code *native, const struct run_case *test,
                       int64_t limit)
{
    begin(run, native, test, false);
    if (stop_at_start(run, test, limit)) {
        rp_store_set_gas_limit(run->store, limit);
        if (!go_native(run, &native->code)) {
            resume(run);
        }
    }
    finish(run);
}

static void assert_same_run(const struct run *a, const struct run *b)
{
    assert_int_equal(a->outcome.kind, b->outcome.kind);
    assert_int_equal(a->outcome.trap, b->outcome.trap);
    assert_string_equal(a->outcome.message, b->outcome.message);
    assert_int_equal(a->outcome.frame_count, b->outcome.frame_count);
    for (uint32_t i = 0; i < a->outcome.frame_count && i < RP_BACKTRACE_MAX; i++) {
        assert_int_equal(a->outcome.frames[i].func_index, b->outcome.frames[i].func_index);
        assert_int_equal(a->outcome.frames[i].offset, b->outcome.frames[i].offset);
    }
    assert_int_equal(rp_store_gas_used(a->store), rp_store_gas_used(b->store));
    for (size_t i = 0; i < a->result_count && a->outcome.kind == RP_OUTCOME_RETURNED; i++) {
        assert_int_equal(a->results[i].kind, b->results[i].kind);
        assert_int_equal(rp_value_to_slot(&a->results[i]), rp_value_to_slot(&b->results[i]));
    }
    const char *difference = rp_state_copy_difference(&a->state, &b->state);
    if (difference != NULL) {
        fail_msg("section %s differs", difference);
    }
}

/* ---- tests ---- */

#define RETURNS RP_OUTCOME_RETURNED, RP_TRAP_NONE
#define TRAPS(code) RP_OUTCOME_TRAPPED, RP_TRAP_##code
static const struct run_case cases[] = {
    {"fib", FIB, {6}, 0, 0, RETURNS, RP_OP_NONE},
    {"quotients", QUOTIENTS, {0, 5, 9}, 0, 0, RETURNS, RP_OP_NONE},
    {"zero", QUOTIENTS, {0, 5, 2}, 0, 0, TRAPS(INTEGER_DIVIDE_BY_ZERO), RP_OP_i32_div_s},
    {"overflow", QUOTIENTS, {16, 9, -1}, 0, 0, TRAPS(INTEGER_OVERFLOW), RP_OP_i32_div_s},
    {"load", QUOTIENTS, {PAGE_END - 9, 9, 90}, 0, 0, TRAPS(MEMORY_OUT_OF_BOUNDS), RP_OP_i32_load},
    {"far load", QUOTIENTS, {-4, 9, 9}, 0, 0, TRAPS(MEMORY_OUT_OF_BOUNDS), RP_OP_i32_load},
    {"fill", FILL, {32, 6}, 0, 0, RETURNS, RP_OP_NONE},
    {"store", FILL, {PAGE_END - 19, 6}, 0, 0, TRAPS(MEMORY_OUT_OF_BOUNDS), RP_OP_i32_store},
    {"call depth", DEEP, {0}, 7, 0, TRAPS(STACK_EXHAUSTED), RP_OP_call},
    {"stack slots", DEEP, {0}, 0, 45, TRAPS(STACK_EXHAUSTED), RP_OP_call},
    {"branches not taken", KEEP, {0}, 0, 0, RETURNS, RP_OP_NONE},
    {"branches taken", KEEP, {4}, 0, 0, RETURNS, RP_OP_NONE},
    {"two results", PAIR, {3}, 0, 0, RETURNS, RP_OP_NONE},
    {"calls of other code", MIXED, {3}, 0, 0, RETURNS, RP_OP_call},
};

static int64_t total_gas(const struct machine_code *native, const struct run_case *test)
{
    struct run run;
    interpret(&run, native, test, false, RP_GAS_UNLIMITED);
    assert_int_equal(run.outcome.kind, test->outcome);
    assert_int_equal(run.outcome.trap, test->trap);
    int64_t gas = (int64_t)rp_store_gas_used(run.store);
    drop_run(&run);
    return gas;
}

static void all_functions_but_one_have_native_code(void **state)
{
    const struct machine_code *native = *state;
    for (uint32_t i = FIB; i <= SPIN; i++) {
        assert_int_equal(native->code.is_compiled[i - 1], i != HELPER);
    }
}

static void side_exit_at_any_gas_limit_goes_on_to_the_same_end(void **state)
{
    struct machine_code *native = *state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        int64_t gas = total_gas(native, &cases[i]);
        for (int64_t limit = 0; limit <= gas + 1; limit++) {
            struct run fast;
            struct run metered;
            struct run mixed;
            interpret(&fast, native, &cases[i], false, limit);
            interpret(&metered, native, &cases[i], true, limit);
            run_native(&mixed, native, &cases[i], limit);
            assert_int_equal(fast.outcome.kind == RP_OUTCOME_OUT_OF_GAS, limit < gas);
            assert_same_run(&mixed, &fast);
            assert_same_run(&mixed, &metered);
            drop_run(&fast);
            drop_run(&metered);
            drop_run(&mixed);
        }
    }
}

static void native_code_leaves_only_where_it_must(void **state)
{
    struct machine_code *native = *state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct rp_stencil_code before = native->code;
        struct run run;
        run_native(&run, native, &cases[i], RP_GAS_UNLIMITED);
        assert_int_equal(run.outcome.kind, cases[i].outcome);
        for (uint32_t op = 1; op < RP_OP_COUNT; op++) {
            assert_int_equal(native->code.op_exits[op] - before.op_exits[op],
                             op == cases[i].exit_op);
        }
        assert_int_equal(native->code.leaves, before.leaves);
        drop_run(&run);
    }
}

/* The gas limit rises by `slice`; at each stop native code goes on if a run with code begins there,
 * else the interpreter. */
static void run_in_slices(struct run *run, struct machine_code *native, const struct run_case *test,
                          int64_t slice)
{
    begin(run, native, test, false);
    stop_at_start(run, test, RP_GAS_UNLIMITED);
    bool is_done = false;
    for (int64_t limit = slice; !is_done; limit += slice) {
        const uint8_t *pc = run->store->machine.pc;
        rp_store_set_gas_limit(run->store, limit);
        is_done = rp_stencil_code_entry(&native->code, pc) != NULL && go_native(run, &native->code);
        if (!is_done) {
            resume(run);
            is_done = run->outcome.kind != RP_OUTCOME_OUT_OF_GAS;
        }
    }
    finish(run);
}

static void native_code_and_interpreter_take_turns_at_every_entry(void **state)
{
    static const int64_t slices[] = {1, 2, 3, 7, 19, 40, 101};
    struct machine_code *native = *state;
    uint64_t leaves = native->code.leaves;
    uint64_t entered = native->code.entered;
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct run fast;
        interpret(&fast, native, &cases[i], false, RP_GAS_UNLIMITED);
        for (size_t j = 0; j < RP_ARRAY_COUNT(slices); j++) {
            struct run run;
            run_in_slices(&run, native, &cases[i], slices[j]);
            assert_same_run(&run, &fast);
            drop_run(&run);
        }
        drop_run(&fast);
    }
    assert_true(native->code.entered > entered + 500);
    assert_true(native->code.leaves > leaves);
}

static void native_code_stays_over_many_portions_of_gas(void **state)
{
    static const struct run_case test = {"spin", SPIN,      {600000}, 0, 0, RP_OUTCOME_RETURNED,
                                         0,      RP_OP_NONE};
    struct machine_code *native = *state;
    uint64_t exits = native->code.run_exits;
    struct run fast;
    struct run run;
    interpret(&fast, native, &test, false, RP_GAS_UNLIMITED);
    run_native(&run, native, &test, RP_GAS_UNLIMITED);
    assert_same_run(&run, &fast);
    assert_true(rp_store_gas_used(run.store) > 4 << 20);
    assert_true(native->code.run_exits - exits >= 4);
    drop_run(&run);
    drop_run(&fast);
}

/* ---- numbers ---- */

#define LETTER_i32 "i"
#define LETTER_i64 "l"
#define LETTER_f32 "f"
#define LETTER_f64 "d"

static const struct {
    enum rp_op op;
    const char *operands;
    const char *result;
} numeric_ops[] = {
#define RP_UNARY(id, result, operand, expression) {RP_OP_##id, LETTER_##operand, LETTER_##result},
#define RP_BINARY(id, result, operand_a, operand_b, expression) \
    {RP_OP_##id, LETTER_##operand_a LETTER_##operand_b, LETTER_##result},
#define RP_UNARY_TRAP(id, result, operand, trap, expression) \
    {RP_OP_##id, LETTER_##operand, LETTER_##result},
#define RP_BINARY_TRAP(id, result, operand_a, operand_b, trap, expression) \
    {RP_OP_##id, LETTER_##operand_a LETTER_##operand_b, LETTER_##result},
#include "engine/numeric.def"
};

/* As both operands of every numeric instruction, in both sizes: zero, one, minus one, the least
 * integers, and the bits of 1.5 and of a NaN. */
static const int64_t numeric_inputs[] = {
    0, 1, -1, INT32_MIN, INT64_MIN, 0x3ff800003fc00000, 0x7ff4000000000001, 0x7fa00001};

/* A function for each numeric instruction. */
static void build_numbers(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    for (size_t i = 0; i < RP_ARRAY_COUNT(numeric_ops); i++) {
        uint32_t type = rp_wasm_type(wasm, numeric_ops[i].operands, numeric_ops[i].result);
        rp_wasm_func_begin(wasm, type, "");
        for (uint32_t local = 0; local < strlen(numeric_ops[i].operands); local++) {
            get(wasm, local);
        }
        rp_wasm_op(wasm, numeric_ops[i].op);
        rp_wasm_func_end(wasm);
    }
}

static void compare_number(struct machine_code *native, uint32_t func, int64_t a, int64_t b)
{
    struct run_case test = {.func = func, .args = {a, b}};
    struct run fast;
    struct run run;
    interpret(&fast, native, &test, false, RP_GAS_UNLIMITED);
    run_native(&run, native, &test, RP_GAS_UNLIMITED);
    assert_same_run(&run, &fast);
    drop_run(&run);
    drop_run(&fast);
}

static void numeric_stencils_compute_what_the_interpreter_does(void **state)
{
    (void)state;
    struct machine_code native;
    uint32_t compiled = 0;
    build_numbers(&native.wasm);
    make_code(&native);
    for (uint32_t i = 0; i < RP_ARRAY_COUNT(numeric_ops); i++) {
        if (!native.code.is_compiled[i]) {
            continue; /* its stencil needs constants in memory */
        }
        compiled++;
        bool is_binary = strlen(numeric_ops[i].operands) == 2;
        for (size_t a = 0; a < RP_ARRAY_COUNT(numeric_inputs); a++) {
            for (size_t b = 0; b < (is_binary ? RP_ARRAY_COUNT(numeric_inputs) : 1); b++) {
                compare_number(&native, i, numeric_inputs[a], numeric_inputs[b]);
            }
        }
    }
    assert_true(compiled >= 100);
    drop_code(&native);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        print_error("usage: test_stencils OBJECT\n");
        return 2;
    }
    object_path = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_functions_but_one_have_native_code),
        cmocka_unit_test(side_exit_at_any_gas_limit_goes_on_to_the_same_end),
        cmocka_unit_test(native_code_leaves_only_where_it_must),
        cmocka_unit_test(native_code_and_interpreter_take_turns_at_every_entry),
        cmocka_unit_test(native_code_stays_over_many_portions_of_gas),
        cmocka_unit_test(numeric_stencils_compute_what_the_interpreter_does),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
