/* Calls (tests): states, types, requests to stop, nested calls from host functions. */
#include "core/limits.h"
#include "core/platform.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#include <pthread.h>

/* ---- the guest ---- */

enum { CALL_BACK, WIDE, ADD, SPIN, TRAP, ENTER, NEST, ENTER_WIDE, NOTHING }; /* functions */

/* What the host function `call_back` does with the guest. */
struct plan {
    uint32_t func; /* called, if `calls` is not 0 */
    uint32_t calls;
    uint32_t depth; /* of host functions now */
    uint32_t deepest;
    uint32_t trap_depth; /* from which on it traps instead; 0: never */
    rp_status status;    /* of the innermost refused call */
    rp_outcome outcome;  /* of the latest nested call, or of the innermost */
    bool keep_first;     /* the innermost */
    uint64_t gas_before, gas_after;
    rp_stop interrupt; /* asked for inside */
    int64_t limit;     /* set inside, unless -1 */
    uint64_t gas_at_interrupt;
};

struct guest {
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance;
    rp_outcome outcome;
    rp_value results[4];
    rp_status status;
    rp_report report;
    struct plan plan;
};

static rp_host_result call_back(void *user, rp_caller *caller, const rp_value *args,
                                rp_value *results)
{
    (void)args;
    (void)results;
    struct plan *plan = user;
    rp_store *store = rp_caller_store(caller);
    if (plan->interrupt != RP_STOP_NONE) {
        rp_store_interrupt(store, plan->interrupt);
        plan->gas_at_interrupt = rp_store_gas_used(store);
        plan->interrupt = RP_STOP_NONE;
    }
    if (plan->limit >= 0) {
        rp_store_set_gas_limit(store, plan->limit);
    }
    plan->depth++;
    plan->deepest = plan->deepest < plan->depth ? plan->depth : plan->deepest;
    bool traps = plan->trap_depth != 0 && plan->depth >= plan->trap_depth;
    for (uint32_t i = 0; i < plan->calls && !traps; i++) {
        plan->gas_before = rp_store_gas_used(store);
        rp_outcome outcome = {0};
        rp_status status = rp_store_call(store, plan->func, NULL, 0, NULL, 0, &outcome, NULL);
        if (!plan->keep_first || plan->outcome.kind != RP_OUTCOME_TRAPPED) {
            plan->outcome = outcome;
        }
        plan->gas_after = rp_store_gas_used(store);
        if (status != RP_OK) {
            plan->status = status;
        }
    }
    plan->depth--;
    return traps ? RP_HOST_TRAP : RP_HOST_RETURN;
}

/* 1,000 parameters and 1,000 results: calls back as the other does. */
static rp_host_result call_back_wide(void *user, rp_caller *caller, const rp_value *args,
                                     rp_value *results)
{
    for (size_t i = 0; i < RP_LIMIT_PARAMS; i++) {
        results[i].of.i64 = args[RP_LIMIT_PARAMS - 1 - i].of.i64;
    }
    return call_back(user, caller, NULL, NULL);
}

static void build_add(struct rp_wasm *wasm, uint32_t type)
{
    rp_wasm_export(wasm, "add", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, type, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
}

/* Pushes 1,000 numbers, calls `wide`, and traps unless the first result is the last number. */
static void build_enter_wide(struct rp_wasm *wasm, uint32_t type)
{
    rp_wasm_func_begin(wasm, type, "l");
    for (uint32_t i = 0; i < RP_LIMIT_PARAMS; i++) {
        rp_wasm_i64_const(wasm, i);
    }
    rp_wasm_op_index(wasm, RP_OP_call, WIDE);
    for (uint32_t i = 0; i < RP_LIMIT_PARAMS - 1; i++) {
        rp_wasm_op(wasm, RP_OP_drop);
    }
    rp_wasm_i64_const(wasm, RP_LIMIT_PARAMS - 1);
    rp_wasm_op(wasm, RP_OP_i64_ne);
    rp_wasm_block(wasm, RP_OP_if, RP_WASM_VOID);
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
}

static struct rp_span build(struct rp_wasm *wasm)
{
    static char wide[RP_LIMIT_PARAMS + 1];
    memset(wide, 'l', RP_LIMIT_PARAMS);
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "", "");
    uint32_t wide_type = rp_wasm_type(wasm, wide, wide);
    uint32_t add_type = rp_wasm_type(wasm, "ii", "i");
    uint32_t ref_type = rp_wasm_type(wasm, "r", "r");
    rp_wasm_import_func(wasm, "host", "call_back", type);
    rp_wasm_import_func(wasm, "host", "wide", wide_type);
    build_add(wasm, add_type);
    rp_wasm_func_begin(wasm, type, ""); /* SPIN */
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    rp_wasm_op_index(wasm, RP_OP_br, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, ""); /* TRAP */
    rp_wasm_op(wasm, RP_OP_nop);
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, ""); /* ENTER */
    rp_wasm_op_index(wasm, RP_OP_call, CALL_BACK);
    rp_wasm_op(wasm, RP_OP_nop);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, ""); /* NEST */
    rp_wasm_op_index(wasm, RP_OP_call, ENTER);
    rp_wasm_op_index(wasm, RP_OP_call, SPIN);
    rp_wasm_func_end(wasm);
    build_enter_wide(wasm, type);
    rp_wasm_func_begin(wasm, type, ""); /* NOTHING */
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, ref_type, "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_func_end(wasm);
    for (uint32_t i = 0; i < NOTHING + 2; i++) {
        const char name[2] = {(char)('a' + (int)i), 0};
        rp_wasm_export(wasm, name, RP_EXTERN_FUNC, i);
    }
    return rp_wasm_finish(wasm);
}

static void begin_guest(struct guest *guest, const rp_store_config *config)
{
    static rp_valkind kinds[RP_LIMIT_PARAMS];
    for (size_t i = 0; i < RP_LIMIT_PARAMS; i++) {
        kinds[i] = RP_I64;
    }
    *guest = (struct guest){.plan.limit = -1};
    struct rp_span bytes = build(&guest->wasm);
    rp_host_func func = {.struct_size = sizeof(rp_host_func),
                         .module = "host",
                         .name = "call_back",
                         .callback = call_back,
                         .base_price = 10,
                         .user = &guest->plan};
    rp_host_func wide = {.struct_size = sizeof(rp_host_func),
                         .module = "host",
                         .name = "wide",
                         .type = {kinds, RP_LIMIT_PARAMS, kinds, RP_LIMIT_PARAMS},
                         .callback = call_back_wide,
                         .user = &guest->plan};
    assert_int_equal(rp_engine_create(NULL, &guest->engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(guest->engine, bytes.data, bytes.size, &guest->module, NULL),
                     RP_OK);
    assert_int_equal(rp_store_create(guest->engine, config, &guest->store, NULL), RP_OK);
    assert_int_equal(rp_store_define_func(guest->store, &func, NULL), RP_OK);
    assert_int_equal(rp_store_define_func(guest->store, &wide, NULL), RP_OK);
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

static uint32_t index_of(const struct guest *guest, uint32_t func)
{
    const char name[2] = {(char)('a' + (int)func), 0};
    rp_extern found;
    assert_int_equal(rp_instance_export(guest->instance, (rp_name){name, 1}, &found), RP_OK);
    return found.index;
}

static rp_outcome_kind call(struct guest *guest, uint32_t func)
{
    guest->report = (rp_report){0};
    guest->status = rp_store_call(guest->store, index_of(guest, func), NULL, 0, guest->results, 0,
                                  &guest->outcome, &guest->report);
    assert_int_equal(guest->status, RP_OK);
    return guest->outcome.kind;
}

static rp_outcome_kind resume(struct guest *guest)
{
    guest->status =
        rp_store_resume(guest->store, guest->results, 0, &guest->outcome, &guest->report);
    assert_int_equal(guest->status, RP_OK);
    return guest->outcome.kind;
}

/* Every test runs in both tables. */
static void for_both_tables(void (*test)(struct guest *))
{
    for (int metered = 0; metered < 2; metered++) {
        struct guest guest;
        rp_store_config config;
        rp_store_config_init(&config);
        config.metered = metered == 1;
        begin_guest(&guest, &config);
        test(&guest);
        end_guest(&guest);
    }
}

/* ---- states and types ---- */

static void check_states(struct guest *guest)
{
    assert_int_equal(rp_store_resume(guest->store, NULL, 0, &guest->outcome, NULL), RP_ERROR_STATE);
    rp_store_set_gas_limit(guest->store, 100);
    assert_int_equal(call(guest, SPIN), RP_OUTCOME_OUT_OF_GAS);
    assert_true(rp_store_is_stopped(guest->store));
    rp_instance *instance = NULL;
    rp_outcome outcome;
    assert_int_equal(
        rp_store_call(guest->store, index_of(guest, ADD), NULL, 0, NULL, 0, &outcome, NULL),
        RP_ERROR_STATE);
    assert_int_equal(rp_store_instantiate(guest->store, guest->module, &instance, &outcome, NULL),
                     RP_ERROR_STATE);
    assert_null(instance);
    assert_int_equal(rp_store_resume(guest->store, guest->results, 1, &outcome, NULL),
                     RP_ERROR_TYPE);
    assert_true(rp_store_is_stopped(guest->store));
    uint64_t gas = rp_store_gas_used(guest->store);
    rp_store_abandon(guest->store, NULL);
    assert_false(rp_store_is_stopped(guest->store));
    assert_int_equal(rp_store_gas_used(guest->store), gas);
    rp_store_set_gas_limit(guest->store, RP_GAS_UNLIMITED);
    assert_int_equal(call(guest, NOTHING), RP_OUTCOME_RETURNED);
    assert_int_equal(rp_store_gas_used(guest->store), gas + 2);
}

static void calls_in_the_wrong_state_are_refused(void **state)
{
    (void)state;
    for_both_tables(check_states);
}

static void values_of_other_types_are_refused(void **state)
{
    (void)state;
    struct guest guest;
    begin_guest(&guest, NULL);
    rp_value ints[3] = {{.kind = RP_I32, .of.i32 = 2}, {.kind = RP_I32, .of.i32 = 3}};
    rp_value mixed[2] = {{.kind = RP_I32}, {.kind = RP_I64}};
    rp_value bad_ref = {.kind = RP_FUNCREF, .of.ref = 1000};
    rp_value good_ref = {.kind = RP_FUNCREF, .of.ref = 3};
    rp_value result;
    uint32_t add = index_of(&guest, ADD);
    uint32_t echo = index_of(&guest, NOTHING + 1);
    const struct {
        uint32_t func;
        const rp_value *args;
        size_t arg_count, result_count;
        rp_status status;
    } cases[] = {
        {add, ints, 2, 1, RP_OK},
        {add, ints, 1, 1, RP_ERROR_TYPE},
        {add, ints, 3, 1, RP_ERROR_TYPE},
        {add, ints, 2, 0, RP_ERROR_TYPE},
        {add, mixed, 2, 1, RP_ERROR_TYPE},
        {999, ints, 0, 0, RP_ERROR_NOT_FOUND},
        {echo, &bad_ref, 1, 1, RP_ERROR_TYPE},
        {echo, &good_ref, 1, 1, RP_OK},
        {echo, ints, 1, 1, RP_ERROR_TYPE},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        assert_int_equal(rp_store_call(guest.store, cases[i].func, cases[i].args,
                                       cases[i].arg_count, &result, cases[i].result_count,
                                       &guest.outcome, NULL),
                         cases[i].status);
        if (cases[i].status == RP_OK) {
            assert_int_equal(guest.outcome.kind, RP_OUTCOME_RETURNED);
        }
    }
    assert_int_equal(result.of.ref, 3);
    end_guest(&guest);
}

/* The embedder may call an exported host function, and be stopped before it. */
static void check_host_entry(struct guest *guest)
{
    uint32_t func = index_of(guest, CALL_BACK);
    rp_store_set_gas_limit(guest->store, 9);
    assert_int_equal(rp_store_call(guest->store, func, NULL, 0, NULL, 0, &guest->outcome, NULL),
                     RP_OK);
    assert_int_equal(guest->outcome.kind, RP_OUTCOME_OUT_OF_GAS);
    assert_int_equal(rp_store_gas_used(guest->store), 0);
    rp_store_set_gas_limit(guest->store, 10);
    assert_int_equal(resume(guest), RP_OUTCOME_RETURNED);
    assert_int_equal(rp_store_gas(guest->store).host, 10);
    assert_int_equal(rp_store_gas(guest->store).instructions, 0);
    assert_int_equal(guest->plan.deepest, 1);
}

static void host_function_can_be_the_entry(void **state)
{
    (void)state;
    for_both_tables(check_host_entry);
}

/* ---- requests to stop ---- */

static void check_request_before(struct guest *guest)
{
    static const rp_stop words[] = {RP_STOP_INTERRUPT, RP_STOP_TIMEOUT};
    for (size_t i = 0; i < RP_ARRAY_COUNT(words); i++) {
        uint64_t gas = rp_store_gas_used(guest->store);
        rp_store_interrupt(guest->store, words[i]);
        rp_outcome_kind kind = call(guest, NOTHING);
        bool timeout = words[i] == RP_STOP_TIMEOUT;
        assert_int_equal(kind, timeout ? RP_OUTCOME_TIMED_OUT : RP_OUTCOME_SUSPENDED);
        assert_int_equal(guest->outcome.reason, timeout ? RP_REASON_NONE : RP_REASON_INTERRUPT);
        assert_int_equal(rp_store_gas_used(guest->store), gas);
        rp_store_interrupt(guest->store, words[i]); /* and again before it goes on */
        assert_int_equal(resume(guest), kind);
        assert_int_equal(rp_store_gas_used(guest->store), gas);
        assert_int_equal(resume(guest), RP_OUTCOME_RETURNED);
        assert_int_equal(rp_store_gas_used(guest->store), gas + 2);
        rp_store_interrupt(guest->store, words[i]);
        rp_store_interrupt(guest->store, RP_STOP_NONE); /* taken back */
        assert_int_equal(call(guest, NOTHING), RP_OUTCOME_RETURNED);
    }
}

static void request_before_a_call_stops_it_at_once(void **state)
{
    (void)state;
    for_both_tables(check_request_before);
}

/* From inside of a host function: the place of the request is known to the unit. */
static void check_request_inside(struct guest *guest)
{
    guest->plan.interrupt = RP_STOP_INTERRUPT;
    assert_int_equal(call(guest, NEST), RP_OUTCOME_SUSPENDED);
    assert_int_equal(guest->outcome.reason, RP_REASON_INTERRUPT);
    uint64_t gas = rp_store_gas_used(guest->store);
    assert_true(gas >= guest->plan.gas_at_interrupt);
    assert_true(gas - guest->plan.gas_at_interrupt <= RP_GAS_PORTION);
    rp_store_interrupt(guest->store, RP_STOP_TIMEOUT);
    assert_int_equal(resume(guest), RP_OUTCOME_TIMED_OUT);
    assert_int_equal(rp_store_gas_used(guest->store), gas);
    rp_store_abandon(guest->store, NULL);
}

static void request_is_honoured_within_a_portion(void **state)
{
    (void)state;
    for_both_tables(check_request_inside);
}

static void *interrupt_later(void *user)
{
    uint64_t begin = rp_platform_monotonic_ns();
    while (rp_platform_monotonic_ns() - begin < 5000000) {}
    rp_store_interrupt(user, RP_STOP_INTERRUPT);
    return NULL;
}

static void check_thread(struct guest *guest)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_later, guest->store), 0);
    assert_int_equal(call(guest, SPIN), RP_OUTCOME_SUSPENDED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    uint64_t gas = rp_store_gas_used(guest->store);
    assert_int_not_equal(gas % 3, 0); /* frame 1, loop 1, br 2, loop 1, br 2 ... */
    rp_store_set_gas_limit(guest->store, (int64_t)gas + 3);
    assert_int_equal(resume(guest), RP_OUTCOME_OUT_OF_GAS);
    assert_int_equal(rp_store_gas_used(guest->store), gas + 3);
    rp_store_abandon(guest->store, NULL);
}

static void another_thread_stops_a_run_at_a_boundary(void **state)
{
    (void)state;
    for_both_tables(check_thread);
}

/* ---- nested calls ---- */

static void check_nested_gas(struct guest *guest)
{
    guest->plan.func = index_of(guest, NOTHING);
    guest->plan.calls = 3;
    assert_int_equal(call(guest, ENTER), RP_OUTCOME_RETURNED);
    assert_int_equal(guest->plan.outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(guest->plan.gas_after - guest->plan.gas_before, 2);
    assert_int_equal(rp_store_gas_used(guest->store), 1 + 5 + 10 + 3 * 2 + 1 + 1);
    assert_int_equal(rp_store_gas(guest->store).host, 10);
}

static void nested_calls_spend_the_gas_of_the_store(void **state)
{
    (void)state;
    for_both_tables(check_nested_gas);
}

static void check_nested_trap(struct guest *guest)
{
    guest->plan.func = index_of(guest, TRAP);
    guest->plan.calls = 1;
    assert_int_equal(call(guest, ENTER), RP_OUTCOME_RETURNED);
    const rp_outcome *outcome = &guest->plan.outcome;
    assert_int_equal(outcome->kind, RP_OUTCOME_TRAPPED);
    assert_int_equal(outcome->trap, RP_TRAP_UNREACHABLE);
    assert_int_equal(guest->plan.gas_after - guest->plan.gas_before, 3);
    assert_int_equal(rp_store_gas_used(guest->store), 1 + 5 + 10 + 3 + 1 + 1);
    assert_int_equal(outcome->frame_count, 2);
    assert_int_equal(outcome->frames[0].func_index, TRAP);
    assert_int_equal(outcome->frames[1].func_index, ENTER);
    struct rp_span bytes = rp_wasm_finish(&guest->wasm);
    assert_int_equal(bytes.data[outcome->frames[0].offset], 0x00); /* unreachable */
    assert_int_equal(bytes.data[outcome->frames[1].offset], 0x10); /* call */
}

static void trap_inside_is_an_outcome_of_the_nested_call(void **state)
{
    (void)state;
    for_both_tables(check_nested_trap);
}

/* A host function without a frame of its own: the backtrace begins with the call that waits. */
static void check_nested_host(struct guest *guest)
{
    guest->plan.func = index_of(guest, CALL_BACK);
    guest->plan.calls = 1;
    guest->plan.trap_depth = 2;
    assert_int_equal(call(guest, ENTER), RP_OUTCOME_RETURNED);
    const rp_outcome *outcome = &guest->plan.outcome;
    assert_int_equal(outcome->kind, RP_OUTCOME_TRAPPED);
    assert_int_equal(outcome->trap, RP_TRAP_HOST);
    assert_int_equal(guest->plan.gas_after - guest->plan.gas_before, 10);
    assert_int_equal(outcome->frame_count, 1);
    struct rp_span bytes = rp_wasm_finish(&guest->wasm);
    assert_int_equal(bytes.data[outcome->frames[0].offset], 0x10); /* call */
}

static void nested_host_function_traps_at_the_call_that_waits(void **state)
{
    (void)state;
    for_both_tables(check_nested_host);
}

/* The nested call is stopped and dropped; the one around it stops as well and can go on. */
static void check_nested_stop(struct guest *guest)
{
    guest->plan.func = index_of(guest, SPIN);
    guest->plan.calls = 1;
    rp_store_set_gas_limit(guest->store, 1000);
    assert_int_equal(call(guest, ENTER), RP_OUTCOME_OUT_OF_GAS);
    assert_int_equal(guest->plan.outcome.kind, RP_OUTCOME_OUT_OF_GAS);
    /* 1 + 5 + 10, frame 1, loop 1, and 327 times 3: the next br would need 2. */
    assert_int_equal(guest->plan.gas_after, 999);
    assert_int_equal(rp_store_gas_used(guest->store), 1000); /* the nop around it still fits */
    rp_store_set_gas_limit(guest->store, RP_GAS_UNLIMITED);
    assert_int_equal(resume(guest), RP_OUTCOME_RETURNED);
    assert_int_equal(rp_store_gas_used(guest->store), 1001);
}

static void nested_call_that_stops_is_dropped(void **state)
{
    (void)state;
    for_both_tables(check_nested_stop);
}

static void check_nested_request(struct guest *guest)
{
    static const rp_stop words[] = {RP_STOP_INTERRUPT, RP_STOP_TIMEOUT};
    static const rp_outcome_kind kinds[] = {RP_OUTCOME_SUSPENDED, RP_OUTCOME_TIMED_OUT};
    guest->plan.func = index_of(guest, SPIN);
    guest->plan.calls = 2; /* the second stops at once */
    for (size_t i = 0; i < RP_ARRAY_COUNT(words); i++) {
        guest->plan.interrupt = words[i];
        assert_int_equal(call(guest, ENTER), kinds[i]);
        assert_int_equal(guest->plan.outcome.kind, kinds[i]);
        assert_int_equal(guest->plan.gas_before, guest->plan.gas_after);
        assert_int_equal(resume(guest), RP_OUTCOME_RETURNED);
    }
}

static void request_to_stop_reaches_the_outermost_call(void **state)
{
    (void)state;
    for_both_tables(check_nested_request);
}

static void check_limit_inside(struct guest *guest)
{
    guest->plan.limit = 17;
    assert_int_equal(call(guest, ENTER), RP_OUTCOME_OUT_OF_GAS);
    assert_int_equal(rp_store_gas_used(guest->store), 17); /* 1 + 5 + 10 + nop */
}

static void host_function_can_set_the_limit(void **state)
{
    (void)state;
    for_both_tables(check_limit_inside);
}

/* To the deepest that is allowed, with the largest host functions: the native stack holds it. */
static void nesting_is_bounded(void **state)
{
    (void)state;
    static const struct {
        uint32_t max;
        uint32_t expected;
        uint32_t func;
    } cases[] = {
        {0, RP_DEFAULT_HOST_DEPTH, ENTER},
        {1, 1, ENTER},
        {7, 7, ENTER},
        {200, 200, ENTER},
        {200, 200, ENTER_WIDE},
    };
    for (size_t i = 0; i < 2 * RP_ARRAY_COUNT(cases); i++) {
        struct guest guest;
        rp_store_config config;
        rp_store_config_init(&config);
        config.host_depth_max = cases[i / 2].max;
        config.metered = i % 2 == 1;
        begin_guest(&guest, &config);
        guest.plan.func = index_of(&guest, cases[i / 2].func);
        guest.plan.calls = 1;
        assert_int_equal(call(&guest, cases[i / 2].func), RP_OUTCOME_RETURNED);
        assert_int_equal(guest.plan.deepest, cases[i / 2].expected + 1);
        assert_int_equal(guest.plan.status, RP_ERROR_LIMIT);
        end_guest(&guest);
    }
}

/* With two frames the guest's ENTER has room for one more in a nested call, and that one for none:
 * the backtrace of the call that fails names the places where the others wait. */
static void nested_frames_count_against_the_stack(void **state)
{
    (void)state;
    for (int metered = 0; metered < 2; metered++) {
        struct guest guest;
        rp_store_config config;
        rp_store_config_init(&config);
        config.call_depth_max = 2;
        config.metered = metered == 1;
        begin_guest(&guest, &config);
        guest.plan.func = index_of(&guest, ENTER);
        guest.plan.calls = 1;
        guest.plan.keep_first = true;
        assert_int_equal(call(&guest, ENTER), RP_OUTCOME_RETURNED);
        assert_int_equal(guest.plan.deepest, 2);
        const rp_outcome *outcome = &guest.plan.outcome;
        assert_int_equal(outcome->kind, RP_OUTCOME_TRAPPED);
        assert_int_equal(outcome->trap, RP_TRAP_STACK_EXHAUSTED);
        assert_int_equal(outcome->frame_count, 2);
        struct rp_span bytes = rp_wasm_finish(&guest.wasm);
        for (uint32_t i = 0; i < 2; i++) {
            assert_int_equal(outcome->frames[i].func_index, ENTER);
            assert_int_equal(bytes.data[outcome->frames[i].offset], 0x10);
        }
        end_guest(&guest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_in_the_wrong_state_are_refused),
        cmocka_unit_test(values_of_other_types_are_refused),
        cmocka_unit_test(host_function_can_be_the_entry),
        cmocka_unit_test(request_before_a_call_stops_it_at_once),
        cmocka_unit_test(request_is_honoured_within_a_portion),
        cmocka_unit_test(another_thread_stops_a_run_at_a_boundary),
        cmocka_unit_test(nested_calls_spend_the_gas_of_the_store),
        cmocka_unit_test(trap_inside_is_an_outcome_of_the_nested_call),
        cmocka_unit_test(nested_host_function_traps_at_the_call_that_waits),
        cmocka_unit_test(nested_call_that_stops_is_dropped),
        cmocka_unit_test(request_to_stop_reaches_the_outermost_call),
        cmocka_unit_test(host_function_can_set_the_limit),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(nested_frames_count_against_the_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
