/* The guest whose host answers later (tests): its module, its host functions, its run. */
#include "tests/walks/asking.h"

#include "core/assert.h"
#include "reprise/snapshot.h"

#include <string.h>

/* ---- the guest ---- */

enum { ASK, RELAY, WORK, RUN, START };  /* its functions; the first two are imported */
enum { ROUND, SUM };                    /* locals of run */
enum { ONE_TYPE, RUN_TYPE, VOID_TYPE }; /* its types */

/* work(n): writes n below itself n % 8 deep, and answers the sum of what it wrote. */
static void build_work(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, ONE_TYPE, "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_op(wasm, RP_OP_i32_mul);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_store, 2, 20000);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, 7);
    rp_wasm_op(wasm, RP_OP_i32_and);
    rp_wasm_block(wasm, RP_OP_if, 'i');
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_sub);
    rp_wasm_op_index(wasm, RP_OP_call, WORK);
    rp_wasm_op(wasm, RP_OP_else);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
}

/* sum = sum * 31 + the i32 on top */
static void add_to_sum(struct rp_wasm *wasm)
{
    rp_wasm_op(wasm, RP_OP_i64_extend_i32_s);
    rp_wasm_op_index(wasm, RP_OP_local_get, SUM);
    rp_wasm_i64_const(wasm, 31);
    rp_wasm_op(wasm, RP_OP_i64_mul);
    rp_wasm_op(wasm, RP_OP_i64_add);
    rp_wasm_op_index(wasm, RP_OP_local_set, SUM);
}

/* run(n): from n down to 1, asks directly and then through the table: ask, relay and work in turn.
 */
static void build_run(struct rp_wasm *wasm)
{
    rp_wasm_func_begin(wasm, RUN_TYPE, "l");
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    rp_wasm_op_index(wasm, RP_OP_local_get, ROUND);
    rp_wasm_op_index(wasm, RP_OP_call, ASK);
    add_to_sum(wasm);
    rp_wasm_op_index(wasm, RP_OP_local_get, ROUND);
    rp_wasm_op_index(wasm, RP_OP_local_get, ROUND);
    rp_wasm_i32_const(wasm, 3);
    rp_wasm_op(wasm, RP_OP_i32_rem_u);
    rp_wasm_op_indices(wasm, RP_OP_call_indirect, ONE_TYPE, 0);
    add_to_sum(wasm);
    rp_wasm_op_index(wasm, RP_OP_local_get, ROUND);
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_op(wasm, RP_OP_i32_mul);
    rp_wasm_op_index(wasm, RP_OP_local_get, SUM);
    rp_wasm_op_memory(wasm, RP_OP_i64_store, 3, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, ROUND);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_sub);
    rp_wasm_op_index(wasm, RP_OP_local_tee, ROUND);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op_index(wasm, RP_OP_local_get, SUM);
    rp_wasm_func_end(wasm);
}

static struct rp_span build_guest(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    rp_wasm_type(wasm, "i", "i");
    rp_wasm_type(wasm, "i", "l");
    rp_wasm_type(wasm, "", "");
    rp_wasm_import_func(wasm, "host", "ask", ONE_TYPE);
    rp_wasm_import_func(wasm, "host", "relay", ONE_TYPE);
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(wasm, 1, 1));
    rp_wasm_table(wasm, 'r', 3, 3);
    rp_wasm_elem(wasm, 0, 0, (uint32_t[]){ASK, RELAY, WORK}, 3);
    build_work(wasm);
    build_run(wasm);
    rp_wasm_start(wasm, rp_wasm_func_begin(wasm, VOID_TYPE, ""));
    rp_wasm_i32_const(wasm, 40);
    rp_wasm_op_index(wasm, RP_OP_call, ASK);
    rp_wasm_op_index(wasm, RP_OP_call, RELAY);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "work", RP_EXTERN_FUNC, WORK);
    rp_wasm_export(wasm, "run", RP_EXTERN_FUNC, RUN);
    return rp_wasm_finish(wasm);
}

/* ---- the host ---- */

static rp_host_result ask(void *user, rp_caller *caller, const rp_value *args, rp_value *results)
{
    (void)user;
    (void)caller;
    (void)args;
    (void)results;
    return RP_HOST_PENDING;
}

/* Calls `work` twice, the second time with the answer of the first. */
static rp_host_result call_work(rp_caller *caller, int32_t n, uint8_t calls_left)
{
    rp_extern work;
    rp_report report = {0};
    rp_value arg = {.kind = RP_I32, .of.i32 = n};
    rp_status status = rp_instance_export(rp_caller_instance(caller), (rp_name){"work", 4}, &work);
    RP_ASSERT(status == RP_OK);
    status = rp_caller_call_then(caller, work.index, &arg, 1, 100000, &calls_left, 1, &report);
    return status == RP_OK ? RP_HOST_CALL : RP_HOST_FAIL;
}

static rp_host_result relay(void *user, rp_caller *caller, const rp_value *args, rp_value *results)
{
    (void)user;
    (void)results;
    return call_work(caller, args[0].of.i32 & 1023, 1);
}

/* Waits at the end, for every second argument. */
static rp_host_result continue_relay(void *user, rp_caller *caller, const rp_value *args,
                                     const void *state, size_t state_size,
                                     const rp_outcome *outcome, const rp_value *returned,
                                     size_t returned_count, rp_value *results)
{
    (void)user;
    RP_ASSERT(state_size == 1 && outcome->kind == RP_OUTCOME_RETURNED && returned_count == 1);
    uint8_t calls_left = *(const uint8_t *)state;
    if (calls_left > 0) {
        return call_work(caller, returned[0].of.i32 & 1023, (uint8_t)(calls_left - 1));
    }
    results[0].of.i32 = returned[0].of.i32 + 5;
    return args[0].of.i32 % 2 == 0 ? RP_HOST_PENDING : RP_HOST_RETURN;
}

static void define_hosts(struct rp_asking *asking)
{
    static const rp_valkind kinds[] = {RP_I32};
    rp_host_func func = {
        .struct_size = sizeof func,
        .module = "host",
        .name = "ask",
        .type = {.params = kinds, .param_count = 1, .results = kinds, .result_count = 1},
        .callback = ask,
    };
    rp_status status = rp_store_define_func(asking->store, &func, &asking->report);
    RP_ASSERT(status == RP_OK);
    func.name = "relay";
    func.callback = relay;
    func.continue_callback = continue_relay;
    status = rp_store_define_func(asking->store, &func, &asking->report);
    RP_ASSERT(status == RP_OK);
}

/* Answers from what the request says alone, and writes memory with it. */
static void complete(struct rp_asking *asking)
{
    rp_pending pending;
    rp_status status = rp_store_pending(asking->store, &pending);
    RP_ASSERT(status == RP_OK && !pending.completed && pending.arg_count == 1);
    int32_t n = pending.args[0].of.i32;
    uint64_t request = pending.request;
    rp_value answer = {.kind = RP_I32, .of.i32 = 3 * (n & 0xffff) + (int32_t)request};
    status = rp_store_memory_write(asking->store, 0, 40000 + request % 16 * 8, &request, 8);
    RP_ASSERT(status == RP_OK);
    status = rp_store_complete(asking->store, request, RP_HOST_RETURN, &answer, 1, NULL, 0,
                               &asking->report);
    RP_ASSERT(status == RP_OK);
    asking->waits++;
}

/* ---- its run ---- */

static void make_store(struct rp_asking *asking, const rp_store_config *config)
{
    rp_status status = rp_store_create(asking->engine, config, &asking->store, &asking->report);
    RP_ASSERT(status == RP_OK);
    define_hosts(asking);
}

void rp_asking_begin(struct rp_asking *asking, bool metered, int64_t until_gas)
{
    *asking = (struct rp_asking){0};
    rp_store_config config;
    rp_instance *instance;
    struct rp_span bytes = build_guest(&asking->wasm);
    rp_store_config_init(&config);
    config.metered = metered;
    rp_status status = rp_engine_create(NULL, &asking->engine, &asking->report);
    RP_ASSERT(status == RP_OK);
    status =
        rp_module_load(asking->engine, bytes.data, bytes.size, &asking->module, &asking->report);
    RP_ASSERT(status == RP_OK);
    make_store(asking, &config);
    rp_store_set_until_gas(asking->store, until_gas);
    status = rp_store_instantiate(asking->store, asking->module, &instance, &asking->outcome,
                                  &asking->report);
    RP_ASSERT(status == RP_OK);
}

static void call_run(struct rp_asking *asking)
{
    rp_extern run;
    rp_value arg = {.kind = RP_I32, .of.i32 = RP_ASKING_ROUNDS};
    rp_status status =
        rp_instance_export(rp_store_instance(asking->store, 0), (rp_name){"run", 3}, &run);
    RP_ASSERT(status == RP_OK);
    status = rp_store_call(asking->store, run.index, &arg, 1, &asking->result, 1, &asking->outcome,
                           &asking->report);
    RP_ASSERT(status == RP_OK);
    asking->was_called = true;
}

void rp_asking_go(struct rp_asking *asking, int64_t until_gas)
{
    RP_ASSERT(!asking->has_ended);
    if (rp_store_get_state(asking->store) == RP_STORE_PENDING) {
        complete(asking);
        return;
    }
    rp_store_set_until_gas(asking->store, until_gas);
    if (rp_store_is_stopped(asking->store)) {
        rp_status status =
            rp_store_resume(asking->store, &asking->result, asking->was_called ? 1 : 0,
                            &asking->outcome, &asking->report);
        RP_ASSERT(status == RP_OK);
    }
    if (!rp_store_is_stopped(asking->store) && !asking->was_called) {
        call_run(asking);
    }
    asking->has_ended = !rp_store_is_stopped(asking->store);
    RP_ASSERT(!asking->has_ended || asking->outcome.kind == RP_OUTCOME_RETURNED);
}

rp_status rp_asking_restore(struct rp_asking *asking, const void *snapshot, size_t size,
                            bool metered)
{
    rp_snapshot_config config;
    rp_status status = rp_snapshot_read_config(snapshot, size, NULL, &config, &asking->report);
    if (status != RP_OK) {
        return status;
    }
    config.store.metered = metered;
    rp_store_destroy(asking->store);
    make_store(asking, &config.store);
    return rp_store_restore(asking->store, snapshot, size, NULL, &asking->report);
}

void rp_asking_end(struct rp_asking *asking)
{
    rp_store_destroy(asking->store);
    rp_module_destroy(asking->module);
    rp_engine_destroy(asking->engine);
    rp_wasm_deinit(&asking->wasm);
}
