/* Claims about host calls that are answered later (docs/host-functions.md, "Answering later"). */
#include "engine/store.h"
#include "tests/engine/host_guest.h"

/* ---- the same run, answered at once ---- */

struct figures {
    rp_outcome_kind kind;
    int32_t result;
    uint64_t gas;
    uint64_t host_gas;
};

static struct figures read_figures(const struct host_guest *guest)
{
    return (struct figures){guest->outcome.kind, guest->result.of.i32,
                            rp_store_gas_used(guest->store), rp_store_gas(guest->store).host};
}

static struct figures run_at_once(const char *name, int32_t n, bool metered)
{
    struct host_guest guest;
    host_guest_begin(&guest, metered);
    host_guest_call(&guest, name, n);
    struct figures figures = read_figures(&guest);
    host_guest_end(&guest);
    return figures;
}

static void assert_figures_equal(struct figures left, struct figures right)
{
    assert_int_equal(left.kind, right.kind);
    assert_int_equal(left.result, right.result);
    assert_int_equal(left.gas, right.gas);
    assert_int_equal(left.host_gas, right.host_gas);
}

static const struct {
    const char *name;
    int32_t n;
    unsigned asks;
} programs[] = {{"direct", 4, 1}, {"indirect", 5, 1}, {"sum", 6, 6}, {"deep", 9, 1}, {"ask", 3, 1}};

static void completed_later_ends_as_if_answered_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(programs); i++) {
        for (int metered = 0; metered < 2; metered++) {
            struct figures wanted = run_at_once(programs[i].name, programs[i].n, metered == 1);
            struct host_guest guest;
            host_guest_begin(&guest, metered == 1);
            guest.ask = host_guest_pending;
            rp_outcome_kind kind = host_guest_call(&guest, programs[i].name, programs[i].n);
            for (uint64_t request = 1; request <= programs[i].asks; request++) {
                assert_int_equal(kind, RP_OUTCOME_SUSPENDED);
                assert_int_equal(guest.outcome.reason, RP_REASON_PENDING);
                assert_int_equal(rp_store_get_state(guest.store), RP_STORE_PENDING);
                rp_pending pending;
                assert_int_equal(rp_store_pending(guest.store, &pending), RP_OK);
                assert_int_equal(pending.request, request);
                assert_int_equal(pending.arg_count, 1);
                assert_int_equal(pending.args[0].kind, RP_I32);
                assert_memory_equal(pending.module.data, "host", 4);
                assert_memory_equal(pending.name.data, "ask", 3);
                assert_false(pending.completed);
                host_guest_complete(&guest, 3 * pending.args[0].of.i32);
                kind = host_guest_resume(&guest);
            }
            assert_figures_equal(read_figures(&guest), wanted);
            assert_int_equal(guest.asked, programs[i].asks);
            assert_int_equal(rp_store_get_state(guest.store), RP_STORE_IDLE);
            host_guest_end(&guest);
        }
    }
}

/* ---- gas ---- */

/* Where the store waits is the boundary before the call: a run that is answered at once stops there
 * too if it is told to, and cannot stop before it has paid instruction and host. */
static void waiting_has_charged_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(programs); i++) {
        struct host_guest waits;
        host_guest_begin(&waits, i % 2 == 0);
        waits.ask = host_guest_pending;
        host_guest_call(&waits, programs[i].name, programs[i].n);
        uint64_t gas = rp_store_gas_used(waits.store);
        assert_int_equal(rp_store_gas(waits.store).host, 0);
        struct host_guest other;
        host_guest_begin(&other, i % 2 != 0);
        rp_store_set_until_gas(other.store, (int64_t)gas);
        assert_int_equal(host_guest_call(&other, programs[i].name, programs[i].n),
                         RP_OUTCOME_SUSPENDED);
        assert_int_equal(rp_store_gas_used(other.store), gas);
        assert_int_equal(other.asked, 0);
        host_guest_end(&other);
        host_guest_end(&waits);
    }
}

/* For each amount of gas that is too small the completed call stays, and nothing is charged. */
static void check_short_of_gas(struct host_guest *guest)
{
    guest->ask = host_guest_pending;
    guest->extra_price = 5;
    host_guest_call(guest, "direct", 4);
    int64_t waiting = (int64_t)rp_store_gas_used(guest->store);
    host_guest_complete(guest, 12);
    assert_int_equal(rp_store_get_state(guest->store), RP_STORE_STOPPED);
    uint64_t call_price = 0;
    for (int64_t more = 0; more < 100; more++) {
        rp_store_set_gas_limit(guest->store, waiting + more);
        rp_outcome_kind kind = host_guest_resume(guest);
        rp_pending pending;
        if (rp_store_pending(guest->store, &pending) == RP_ERROR_NOT_FOUND) {
            call_price = (uint64_t)more;
            assert_int_equal(kind, RP_OUTCOME_OUT_OF_GAS);
            assert_int_equal(rp_store_gas_used(guest->store), waiting + more);
            assert_int_equal(rp_store_gas(guest->store).host, 12);
            break;
        }
        assert_int_equal(kind, RP_OUTCOME_OUT_OF_GAS);
        assert_true(pending.completed);
        assert_int_equal(rp_store_gas_used(guest->store), waiting);
        assert_int_equal(rp_store_get_state(guest->store), RP_STORE_STOPPED);
    }
    assert_true(call_price > 12);
    rp_store_set_gas_limit(guest->store, RP_GAS_UNLIMITED);
    assert_int_equal(host_guest_resume(guest), RP_OUTCOME_RETURNED);
    assert_int_equal(guest->result.of.i32, 112);
    assert_int_equal(guest->asked, 1);
}

static void a_completed_call_that_does_not_fit_stays_completed(void **state)
{
    (void)state;
    host_guest_both(check_short_of_gas);
}

/* The price is asked again when the call executes. */
static void check_price(struct host_guest *guest)
{
    guest->ask = host_guest_pending;
    host_guest_call(guest, "direct", 4);
    host_guest_complete(guest, 1);
    guest->extra_price = 1000;
    assert_int_equal(host_guest_resume(guest), RP_OUTCOME_RETURNED);
    assert_int_equal(rp_store_gas(guest->store).host, 1007);
}

static void the_price_is_asked_when_the_call_executes(void **state)
{
    (void)state;
    host_guest_both(check_price);
}

/* ---- where it stands ---- */

static const struct rp_func *find_at(struct host_guest *guest, const char *name, uint64_t gas)
{
    rp_store_set_until_gas(guest->store, (int64_t)(rp_store_gas_used(guest->store) + gas));
    assert_int_equal(host_guest_call(guest, name, 1), RP_OUTCOME_SUSPENDED);
    const struct rp_func *func = rp_pending_find(guest->store);
    assert_int_equal(rp_store_abandon(guest->store, NULL), RP_OK);
    return func;
}

/* For who reads a state: a host call can only wait where one stands. */
static void only_a_host_call_that_would_be_made_is_found(void **state)
{
    (void)state;
    struct host_guest guest;
    rp_pending pending;
    rp_value value;
    host_guest_begin(&guest, false);
    const uint32_t ask = host_guest_index(&guest, "ask");
    assert_null(rp_pending_find(guest.store)); /* nothing is stopped */
    guest.ask = host_guest_pending;
    host_guest_call(&guest, "indirect", 1);
    assert_int_equal(rp_pending_find(guest.store)->index, ask);
    uint64_t gas = rp_store_gas_used(guest.store);
    assert_int_equal(rp_store_pending(guest.store, &pending), RP_OK);
    assert_int_equal(rp_store_abandon(guest.store, NULL), RP_OK);
    assert_int_equal(find_at(&guest, "indirect", gas)->index, ask);
    assert_null(find_at(&guest, "indirect", gas - 1)); /* a constant stands there */
    assert_null(find_at(&guest, "bump_trap", gas));    /* the call of a guest function */
    assert_int_equal(find_at(&guest, "ask", 0)->index, ask);
    assert_null(find_at(&guest, "bump", 0)); /* the entry is a guest function */
    for (uint64_t element = 0; element < 4; element++) {
        /* play has another type, bump is a guest function, null traps. */
        const rp_value null = {.kind = RP_FUNCREF, .of.ref = RP_REF_NULL};
        value = null;
        if (element < 3) {
            assert_int_equal(rp_store_table_get(guest.store, 0, element, &value), RP_OK);
        }
        assert_int_equal(rp_store_table_set(guest.store, 0, 0, &value), RP_OK);
        const struct rp_func *func = find_at(&guest, "indirect", gas);
        assert_true(element == 0 ? func != NULL && func->index == ask : func == NULL);
    }
    host_guest_end(&guest);
}

/* ---- other answers ---- */

static void check_trap_and_exit(struct host_guest *guest)
{
    rp_pending pending;
    guest->ask = host_guest_pending;
    host_guest_call(guest, "direct", 4);
    assert_int_equal(rp_store_pending(guest->store, &pending), RP_OK);
    assert_int_equal(rp_store_complete(guest->store, pending.request, RP_HOST_TRAP, NULL, 0,
                                       "no such account", 0, NULL),
                     RP_OK);
    assert_int_equal(host_guest_resume(guest), RP_OUTCOME_TRAPPED);
    assert_int_equal(guest->outcome.trap, RP_TRAP_HOST);
    assert_string_equal(guest->outcome.message, "no such account");
    assert_int_equal(guest->outcome.frame_count, 1);
    host_guest_call(guest, "indirect", 4);
    assert_int_equal(rp_store_pending(guest->store, &pending), RP_OK);
    assert_int_equal(pending.request, 2);
    assert_int_equal(
        rp_store_complete(guest->store, pending.request, RP_HOST_EXIT, NULL, 0, NULL, 41, NULL),
        RP_OK);
    assert_int_equal(host_guest_resume(guest), RP_OUTCOME_EXITED);
    assert_int_equal(guest->outcome.exit_code, 41);
    assert_int_equal(rp_store_gas(guest->store).host, 14);
}

static void completion_may_trap_or_exit(void **state)
{
    (void)state;
    host_guest_both(check_trap_and_exit);
}

/* ---- refusals ---- */

static void check_refusals(struct host_guest *guest)
{
    const rp_value i32 = {.kind = RP_I32, .of.i32 = 1};
    const rp_value i64 = {.kind = RP_I64, .of.i64 = 1};
    rp_store *store = guest->store;
    rp_pending pending;
    assert_int_equal(rp_store_pending(store, &pending), RP_ERROR_NOT_FOUND);
    assert_int_equal(rp_store_complete(store, 1, RP_HOST_RETURN, &i32, 1, NULL, 0, NULL),
                     RP_ERROR_STATE);
    rp_store_set_gas_limit(store, 2);
    host_guest_call(guest, "direct", 1);
    assert_int_equal(guest->outcome.kind, RP_OUTCOME_OUT_OF_GAS);
    assert_int_equal(rp_store_pending(store, &pending), RP_ERROR_NOT_FOUND);
    assert_int_equal(rp_store_complete(store, 1, RP_HOST_RETURN, &i32, 1, NULL, 0, NULL),
                     RP_ERROR_STATE);
    rp_store_set_gas_limit(store, RP_GAS_UNLIMITED);
    guest->ask = host_guest_pending;
    host_guest_resume(guest);
    uint64_t events = rp_store_host_events(store);
    const struct {
        uint64_t request;
        rp_host_result result;
        const rp_value *values;
        size_t count;
        rp_status status;
    } cases[] = {
        {2, RP_HOST_RETURN, &i32, 1, RP_ERROR_ARGUMENT},
        {0, RP_HOST_RETURN, &i32, 1, RP_ERROR_ARGUMENT},
        {1, RP_HOST_RETURN, &i64, 1, RP_ERROR_TYPE},
        {1, RP_HOST_RETURN, &i32, 0, RP_ERROR_TYPE},
        {1, RP_HOST_RETURN, &i32, 2, RP_ERROR_TYPE},
        {1, RP_HOST_FAIL, NULL, 0, RP_ERROR_ARGUMENT},
        {1, RP_HOST_PENDING, NULL, 0, RP_ERROR_ARGUMENT},
        {1, RP_HOST_CALL, NULL, 0, RP_ERROR_ARGUMENT},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        assert_int_equal(rp_store_complete(store, cases[i].request, cases[i].result,
                                           cases[i].values, cases[i].count, NULL, 0, NULL),
                         cases[i].status);
    }
    assert_int_equal(rp_store_resume(store, &guest->result, 1, &guest->outcome, NULL),
                     RP_ERROR_STATE);
    assert_int_equal(rp_store_host_events(store), events);
    host_guest_complete(guest, 9);
    assert_int_equal(rp_store_host_events(store), events + 1);
    assert_int_equal(rp_store_complete(store, 1, RP_HOST_RETURN, &i32, 1, NULL, 0, NULL),
                     RP_ERROR_ARGUMENT);
    assert_int_equal(host_guest_resume(guest), RP_OUTCOME_RETURNED);
    assert_int_equal(guest->result.of.i32, 109);
    assert_int_equal(rp_store_host_events(store), events + 1);
}

static void wrong_completions_are_refused_by_name(void **state)
{
    (void)state;
    host_guest_both(check_refusals);
}

static void check_abandon(struct host_guest *guest)
{
    rp_pending pending;
    guest->ask = host_guest_pending;
    host_guest_call(guest, "direct", 4);
    host_guest_complete(guest, 9);
    assert_int_equal(rp_store_abandon(guest->store, NULL), RP_OK);
    assert_int_equal(rp_store_pending(guest->store, &pending), RP_ERROR_NOT_FOUND);
    guest->ask = host_guest_triple;
    assert_int_equal(host_guest_call(guest, "direct", 4), RP_OUTCOME_RETURNED);
    assert_int_equal(guest->result.of.i32, 112);
    guest->ask = host_guest_pending;
    host_guest_call(guest, "direct", 4);
    assert_int_equal(rp_store_pending(guest->store, &pending), RP_OK);
    assert_int_equal(pending.request, 2); /* numbers are not used again */
}

static void an_abandoned_call_takes_its_answer_along(void **state)
{
    (void)state;
    host_guest_both(check_abandon);
}

static void check_no_memory(struct host_guest *guest)
{
    rp_pending pending;
    const rp_value answer = {.kind = RP_I32, .of.i32 = 8};
    guest->ask = host_guest_pending;
    host_guest_call(guest, "direct", 4);
    rp_alloc_inject(1, 1);
    assert_int_equal(rp_store_pending(guest->store, &pending), RP_ERROR_NO_MEMORY);
    assert_int_equal(rp_store_complete(guest->store, 1, RP_HOST_RETURN, &answer, 1, NULL, 0, NULL),
                     RP_ERROR_NO_MEMORY);
    rp_alloc_inject(0, 0);
    assert_int_equal(rp_store_get_state(guest->store), RP_STORE_PENDING);
    host_guest_complete(guest, 8);
    assert_int_equal(host_guest_resume(guest), RP_OUTCOME_RETURNED);
    assert_int_equal(guest->result.of.i32, 108);
}

static void a_completion_that_finds_no_memory_changes_nothing(void **state)
{
    (void)state;
    host_guest_both(check_no_memory);
}

/* ---- inside of nested calls ---- */

static rp_host_result nest(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                           rp_value *results)
{
    rp_status *status = guest->plan;
    rp_outcome outcome;
    rp_report report = {0};
    *status = rp_store_call(rp_caller_store(caller), host_guest_index(guest, "direct"), &args[1], 1,
                            results, 1, &outcome, &report);
    if (*status != RP_OK) {
        assert_non_null(strstr(report.text, "\"host\".\"ask\""));
    }
    results[0] = (rp_value){.kind = RP_I32, .of.i32 = 5};
    return RP_HOST_RETURN;
}

static void check_nested(struct host_guest *guest)
{
    rp_status status = RP_OK;
    rp_pending pending;
    guest->play = nest;
    guest->ask = host_guest_pending;
    guest->plan = &status;
    assert_int_equal(host_guest_call(guest, "twice", 1), RP_OUTCOME_RETURNED);
    assert_int_equal(status, RP_ERROR_PINNED);
    assert_int_equal(rp_store_pending(guest->store, &pending), RP_ERROR_NOT_FOUND);
    assert_int_equal(guest->result.of.i32, 5);
}

static void answering_later_is_refused_inside_of_a_nested_call(void **state)
{
    (void)state;
    host_guest_both(check_nested);
}

/* ---- start functions ---- */

static rp_host_result later(void *user, rp_caller *caller, const rp_value *args, rp_value *results)
{
    (void)user;
    (void)caller;
    (void)args;
    (void)results;
    return RP_HOST_PENDING;
}

static void a_start_function_may_wait(void **state)
{
    (void)state;
    static const rp_valkind kind = RP_I32;
    struct host_guest guest;
    struct rp_wasm wasm;
    host_guest_begin(&guest, false);
    rp_wasm_init(&wasm);
    uint32_t ask_type = rp_wasm_type(&wasm, "", "i");
    uint32_t type = rp_wasm_type(&wasm, "", "");
    rp_wasm_import_func(&wasm, "host", "later", ask_type);
    rp_wasm_export(&wasm, "g", RP_EXTERN_GLOBAL, rp_wasm_global_i32(&wasm, true, 0));
    uint32_t start = rp_wasm_func_begin(&wasm, type, "");
    rp_wasm_op_index(&wasm, RP_OP_call, 0);
    rp_wasm_op_index(&wasm, RP_OP_global_set, 0);
    rp_wasm_func_end(&wasm);
    rp_wasm_start(&wasm, start);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    rp_module *module;
    rp_instance *instance = NULL;
    const rp_host_func func = {.struct_size = sizeof func,
                               .module = "host",
                               .name = "later",
                               .type = {.results = &kind, .result_count = 1},
                               .callback = later};
    assert_int_equal(rp_store_define_func(guest.store, &func, NULL), RP_OK);
    assert_int_equal(rp_module_load(guest.engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(guest.store, module, &instance, &guest.outcome, NULL),
                     RP_OK);
    assert_int_equal(guest.outcome.reason, RP_REASON_PENDING);
    assert_non_null(instance);
    host_guest_complete(&guest, 23);
    assert_int_equal(rp_store_resume(guest.store, NULL, 0, &guest.outcome, NULL), RP_OK);
    assert_int_equal(guest.outcome.kind, RP_OUTCOME_RETURNED);
    guest.instance = instance;
    assert_int_equal(host_guest_global(&guest), 23);
    rp_wasm_deinit(&wasm);
    rp_module_destroy(module);
    host_guest_end(&guest);
}

/* ---- pure functions ---- */

static void a_pure_function_must_answer_at_once(void **state)
{
    (void)state;
    struct host_guest guest;
    struct rp_wasm wasm;
    host_guest_begin(&guest, false);
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "", "");
    rp_wasm_export(&wasm, "f", RP_EXTERN_FUNC, rp_wasm_import_func(&wasm, "host", "later", type));
    struct rp_span bytes = rp_wasm_finish(&wasm);
    rp_module *module;
    rp_instance *instance = NULL;
    const rp_host_func func = {.struct_size = sizeof func,
                               .module = "host",
                               .name = "later",
                               .callback = later,
                               .is_pure = true};
    assert_int_equal(rp_store_define_func(guest.store, &func, NULL), RP_OK);
    assert_int_equal(rp_module_load(guest.engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(guest.store, module, &instance, &guest.outcome, NULL),
                     RP_OK);
    rp_extern found;
    assert_int_equal(rp_instance_export(instance, (rp_name){"f", 1}, &found), RP_OK);
    assert_int_equal(
        rp_store_call(guest.store, found.index, NULL, 0, NULL, 0, &guest.outcome, &guest.report),
        RP_ERROR_HOST);
    assert_non_null(strstr(guest.report.text, "pure"));
    assert_int_equal(rp_store_get_state(guest.store), RP_STORE_IDLE);
    rp_wasm_deinit(&wasm);
    rp_module_destroy(module);
    host_guest_end(&guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(completed_later_ends_as_if_answered_at_once),
        cmocka_unit_test(waiting_has_charged_nothing),
        cmocka_unit_test(a_completed_call_that_does_not_fit_stays_completed),
        cmocka_unit_test(the_price_is_asked_when_the_call_executes),
        cmocka_unit_test(only_a_host_call_that_would_be_made_is_found),
        cmocka_unit_test(completion_may_trap_or_exit),
        cmocka_unit_test(wrong_completions_are_refused_by_name),
        cmocka_unit_test(an_abandoned_call_takes_its_answer_along),
        cmocka_unit_test(a_completion_that_finds_no_memory_changes_nothing),
        cmocka_unit_test(answering_later_is_refused_inside_of_a_nested_call),
        cmocka_unit_test(a_start_function_may_wait),
        cmocka_unit_test(a_pure_function_must_answer_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
