/* Claims about the modules of an engine (include/reprise/reprise.h, "modules"): loaded once, found
 * by hash, kept while somebody needs them. */
#include "tests/engine/host_guest.h"

#include <pthread.h>

/* A module whose export "f" answers `number`. */
static struct rp_span build(struct rp_wasm *wasm, int32_t number)
{
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "", "i");
    rp_wasm_export(wasm, "f", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, type, ""));
    rp_wasm_i32_const(wasm, number);
    rp_wasm_func_end(wasm);
    return rp_wasm_finish(wasm);
}

static rp_module *load(rp_engine *engine, int32_t number)
{
    struct rp_wasm wasm;
    rp_module *module = NULL;
    struct rp_span bytes = build(&wasm, number);
    assert_int_equal(rp_module_load(engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    rp_wasm_deinit(&wasm);
    return module;
}

static void equal_bytes_give_the_same_module(void **state)
{
    (void)state;
    rp_engine *engine;
    rp_engine *other;
    uint8_t hash[32];
    rp_module *found = NULL;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    assert_int_equal(rp_engine_create(NULL, &other, NULL), RP_OK);
    rp_module *first = load(engine, 1);
    rp_module *second = load(engine, 1);
    rp_module *different = load(engine, 2);
    rp_module *elsewhere = load(other, 1);
    assert_ptr_equal(first, second);
    assert_ptr_not_equal(first, different);
    assert_ptr_not_equal(first, elsewhere);
    rp_module_hash(first, hash);
    rp_module_destroy(first);
    assert_int_equal(rp_engine_find_module(engine, hash, &found), RP_OK); /* `second` holds it */
    assert_ptr_equal(found, second);
    rp_module_destroy(found);
    rp_module_destroy(second);
    found = NULL;
    assert_int_equal(rp_engine_find_module(engine, hash, &found), RP_ERROR_NOT_FOUND);
    assert_null(found);
    assert_int_equal(rp_engine_find_module(other, hash, &found), RP_OK);
    rp_module_destroy(found);
    rp_module_destroy(elsewhere);
    rp_module_destroy(different);
    rp_module_destroy(NULL);
    rp_engine_destroy(engine);
    rp_engine_destroy(other);
}

static void what_is_refused_is_not_kept(void **state)
{
    (void)state;
    static const uint8_t bad[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 99};
    rp_engine *engine;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    for (int i = 0; i < 2; i++) {
        rp_module *module = NULL;
        rp_report report = {0};
        assert_int_equal(rp_module_load(engine, bad, sizeof bad, &module, &report),
                         RP_ERROR_MALFORMED);
        assert_true(report.has_offset);
        assert_null(module);
    }
    rp_engine_destroy(engine);
}

static void a_store_keeps_the_modules_of_its_instances(void **state)
{
    (void)state;
    rp_engine *engine;
    rp_store *store;
    rp_instance *instance;
    rp_outcome outcome;
    uint8_t hash[32];
    rp_module *found = NULL;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    rp_module *module = load(engine, 77);
    rp_module_hash(module, hash);
    assert_int_equal(rp_store_create(engine, NULL, &store, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(store, module, &instance, &outcome, NULL), RP_OK);
    assert_ptr_equal(rp_instance_module(instance), module);
    rp_module_destroy(module);
    rp_extern f;
    rp_value result;
    assert_int_equal(rp_instance_export(instance, (rp_name){"f", 1}, &f), RP_OK);
    assert_int_equal(rp_store_call(store, f.index, NULL, 0, &result, 1, &outcome, NULL), RP_OK);
    assert_int_equal(result.of.i32, 77);
    assert_int_equal(rp_engine_find_module(engine, hash, &found), RP_OK);
    rp_store_destroy(store);
    rp_module_destroy(found);
    assert_int_equal(rp_engine_find_module(engine, hash, &found), RP_ERROR_NOT_FOUND);
    rp_engine_destroy(engine);
}

/* An instance that could not be made, or was dropped, lets go of its module. */
static void dropped_instances_let_go_of_their_modules(void **state)
{
    (void)state;
    struct host_guest guest;
    rp_checkpoint *checkpoint;
    rp_instance *instance;
    uint8_t hash[32];
    rp_module *found = NULL;
    host_guest_begin(&guest, false);
    assert_int_equal(rp_store_checkpoint(guest.store, &checkpoint, NULL), RP_OK);
    rp_module *module = load(guest.engine, 5);
    rp_module_hash(module, hash);
    for (uint64_t failed = 1;; failed++) {
        rp_alloc_inject(failed, 0);
        rp_status status =
            rp_store_instantiate(guest.store, module, &instance, &guest.outcome, NULL);
        rp_alloc_inject(0, 0);
        if (status == RP_OK) {
            break;
        }
        assert_int_equal(status, RP_ERROR_NO_MEMORY);
    }
    rp_module_destroy(module);
    assert_int_equal(rp_engine_find_module(guest.engine, hash, &found), RP_OK);
    rp_module_destroy(found);
    assert_int_equal(rp_store_rollback(guest.store, checkpoint, NULL), RP_OK);
    assert_int_equal(rp_engine_find_module(guest.engine, hash, &found), RP_ERROR_NOT_FOUND);
    rp_checkpoint_destroy(checkpoint);
    host_guest_end(&guest);
}

/* ---- threads ---- */

struct worker {
    rp_engine *engine;
    struct rp_span bytes[4];
    bool failed;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    for (unsigned i = 0; i < 400; i++) {
        struct rp_span bytes = worker->bytes[i % 4];
        rp_module *module;
        rp_module *found;
        uint8_t hash[32];
        if (rp_module_load(worker->engine, bytes.data, bytes.size, &module, NULL) != RP_OK) {
            worker->failed = true;
            return NULL;
        }
        rp_module_hash(module, hash);
        if (rp_engine_find_module(worker->engine, hash, &found) != RP_OK || found != module) {
            worker->failed = true;
            return NULL;
        }
        rp_module_destroy(module);
        rp_module_destroy(found);
    }
    return NULL;
}

static void threads_may_load_and_destroy_at_once(void **state)
{
    (void)state;
    struct rp_wasm wasm[4];
    struct worker worker = {0};
    pthread_t threads[3];
    assert_int_equal(rp_engine_create(NULL, &worker.engine, NULL), RP_OK);
    for (int32_t i = 0; i < 4; i++) {
        worker.bytes[i] = build(&wasm[i], i);
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, &worker), 0);
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_false(worker.failed);
    for (int i = 0; i < 4; i++) {
        rp_wasm_deinit(&wasm[i]);
    }
    rp_engine_destroy(worker.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bytes_give_the_same_module),
        cmocka_unit_test(what_is_refused_is_not_kept),
        cmocka_unit_test(a_store_keeps_the_modules_of_its_instances),
        cmocka_unit_test(dropped_instances_let_go_of_their_modules),
        cmocka_unit_test(threads_may_load_and_destroy_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
