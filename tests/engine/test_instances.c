/* Several instances of one module (tests): what each has for itself, what they share, and what a
 * later registration changes.
 *
 * In the official suite's file instance every module needs later features; this covers its ground
 * without them. */
#include "tests/support/rig.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

/* Exports: memory, table, global `g` from 1, and bump() that adds 1 to `g`, to byte 0 of the memory
 * and answers `g`. */
static void build_counter(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "", "i");
    rp_wasm_memory(wasm, 1, 1);
    rp_wasm_table(wasm, 'r', 1, 1);
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, 0);
    rp_wasm_export(wasm, "table", RP_EXTERN_TABLE, 0);
    rp_wasm_export(wasm, "g", RP_EXTERN_GLOBAL, rp_wasm_global_i32(wasm, true, 1));
    rp_wasm_export(wasm, "bump", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, type, ""));
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_load8_u, 0, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_memory(wasm, RP_OP_i32_store8, 0, 0);
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_global_set, 0);
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_elem(wasm, 0, 0, &(uint32_t){0}, 1);
}

/* Imports bump of "a" and "b"; both() calls a.bump, then b.bump, and answers 100 times the first
 * plus the second. */
static void build_user(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "", "i");
    rp_wasm_import_func(wasm, "a", "bump", type);
    rp_wasm_import_func(wasm, "b", "bump", type);
    rp_wasm_export(wasm, "both", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, type, ""));
    rp_wasm_op_index(wasm, RP_OP_call, 0);
    rp_wasm_i32_const(wasm, 100);
    rp_wasm_op(wasm, RP_OP_i32_mul);
    rp_wasm_op_index(wasm, RP_OP_call, 1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
}

struct pair {
    struct rp_rig rig; /* its instance is the first counter */
    rp_instance *second;
    rp_module *user_module;
};

static void make_pair(struct pair *pair)
{
    struct rp_wasm wasm;
    build_counter(&wasm);
    *pair = (struct pair){0};
    rp_rig_init(&pair->rig, rp_wasm_finish(&wasm), NULL);
    rp_wasm_deinit(&wasm);
    assert_int_equal(rp_store_instantiate(pair->rig.store, pair->rig.module, &pair->second,
                                          &pair->rig.outcome, NULL),
                     RP_OK);
    build_user(&wasm);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    assert_int_equal(
        rp_module_load(pair->rig.engine, bytes.data, bytes.size, &pair->user_module, NULL), RP_OK);
    rp_wasm_deinit(&wasm);
}

static void end_pair(struct pair *pair)
{
    rp_store_destroy(pair->rig.store);
    pair->rig.store = NULL;
    rp_module_destroy(pair->user_module);
    rp_rig_deinit(&pair->rig);
}

static rp_instance *link_user(struct pair *pair, rp_instance *as_a, rp_instance *as_b)
{
    rp_instance *user = NULL;
    rp_store *store = pair->rig.store;
    assert_int_equal(rp_store_register(store, (rp_name){"a", 1}, as_a, NULL), RP_OK);
    assert_int_equal(rp_store_register(store, (rp_name){"b", 1}, as_b, NULL), RP_OK);
    assert_int_equal(
        rp_store_instantiate(store, pair->user_module, &user, &pair->rig.outcome, NULL), RP_OK);
    return user;
}

static int32_t call_i32(struct pair *pair, rp_instance *instance, const char *name)
{
    rp_instance *kept = pair->rig.instance;
    pair->rig.instance = instance;
    assert_int_equal(rp_rig_call(&pair->rig, name, ""), RP_OUTCOME_RETURNED);
    pair->rig.instance = kept;
    return pair->rig.results[0].of.i32;
}

static uint8_t read_byte(const struct pair *pair, const rp_instance *instance)
{
    rp_extern memory;
    uint8_t byte = 0;
    assert_int_equal(rp_instance_export(instance, (rp_name){"memory", 6}, &memory), RP_OK);
    assert_int_equal(rp_store_memory_read(pair->rig.store, memory.index, 0, &byte, 1), RP_OK);
    return byte;
}

static void instances_of_one_module_have_their_own_objects(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t size;
    } exports[] = {{"memory", 6}, {"table", 5}, {"g", 1}, {"bump", 4}};
    struct pair pair;
    make_pair(&pair);
    for (size_t i = 0; i < RP_ARRAY_COUNT(exports); i++) {
        rp_name name = {exports[i].name, exports[i].size};
        rp_extern first;
        rp_extern second;
        assert_int_equal(rp_instance_export(pair.rig.instance, name, &first), RP_OK);
        assert_int_equal(rp_instance_export(pair.second, name, &second), RP_OK);
        assert_int_equal(first.kind, second.kind);
        assert_int_not_equal(first.index, second.index);
    }
    assert_int_equal(call_i32(&pair, pair.rig.instance, "bump"), 2);
    assert_int_equal(call_i32(&pair, pair.rig.instance, "bump"), 3);
    assert_int_equal(call_i32(&pair, pair.second, "bump"), 2);
    assert_int_equal(read_byte(&pair, pair.rig.instance), 2);
    assert_int_equal(read_byte(&pair, pair.second), 1);
    end_pair(&pair);
}

/* Functions run in the instance that they come from, whoever calls. */
static void imports_reach_the_instance_that_was_registered(void **state)
{
    (void)state;
    struct pair pair;
    make_pair(&pair);
    rp_instance *different = link_user(&pair, pair.rig.instance, pair.second);
    assert_int_equal(call_i32(&pair, different, "both"), 202);
    assert_int_equal(call_i32(&pair, different, "both"), 303);
    rp_instance *same = link_user(&pair, pair.second, pair.second);
    assert_int_equal(call_i32(&pair, same, "both"), 405);
    assert_int_equal(read_byte(&pair, pair.rig.instance), 2);
    assert_int_equal(read_byte(&pair, pair.second), 4);
    end_pair(&pair);
}

/* A later registration replaces the name for later imports; what is linked stays linked. */
static void later_registration_leaves_what_is_linked(void **state)
{
    (void)state;
    struct pair pair;
    make_pair(&pair);
    rp_instance *before = link_user(&pair, pair.rig.instance, pair.rig.instance);
    rp_instance *after = link_user(&pair, pair.second, pair.second);
    assert_int_equal(call_i32(&pair, before, "both"), 203);
    assert_int_equal(call_i32(&pair, after, "both"), 203);
    assert_int_equal(call_i32(&pair, before, "both"), 405);
    end_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_of_one_module_have_their_own_objects),
        cmocka_unit_test(imports_reach_the_instance_that_was_registered),
        cmocka_unit_test(later_registration_leaves_what_is_linked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
