/* The accounts *load* and *instantiation*, by hand from docs/gas.md. */
#include "tests/support/rig.h"
#include "tests/support/wasm_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Each builds the body of a function (i32) -> (); the numbers are its validation steps. */
struct load_case {
    const char *name;
    void (*build)(struct rp_wasm *wasm);
    uint64_t steps;
    const char *locals;
};

static void nothing(struct rp_wasm *wasm)
{
    (void)wasm;
}

/* 1 + 1, then 2 popped and 1 pushed, then 1 popped. */
static void sum(struct rp_wasm *wasm)
{
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op(wasm, RP_OP_drop);
}

/* The value, the condition's push and pop, the label's value popped and pushed, the block's result
 * popped and pushed, the drop. */
static void branch_with_value(struct rp_wasm *wasm)
{
    rp_wasm_block(wasm, RP_OP_block, 'i');
    rp_wasm_i32_const(wasm, 7);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_drop);
}

/* The selector's push and pop, and three labels without values. */
static void table_of_labels(struct rp_wasm *wasm)
{
    const uint32_t labels[] = {0, 0};
    rp_wasm_block(wasm, RP_OP_block, RP_WASM_VOID);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_br_table(wasm, labels, 2, 1);
    rp_wasm_op(wasm, RP_OP_end);
}

/* Dead code counts: the constant and its drop. */
static void dead(struct rp_wasm *wasm)
{
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_i32_const(wasm, 7);
    rp_wasm_op(wasm, RP_OP_drop);
}

static const struct load_case cases[] = {
    {"nothing", nothing, 0, ""},
    {"sum", sum, 6, ""},
    {"branch with value", branch_with_value, 8, ""},
    {"table of labels", table_of_labels, 5, ""},
    {"dead code", dead, 2, ""},
    {"one group of 33 locals", nothing, 3, "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii"},
    {"two groups of locals", nothing, 2, "il"},
};

static void load_costs_the_bytes_and_the_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct rp_wasm wasm;
        struct rp_rig rig;
        rp_wasm_init(&wasm);
        rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "i", ""), cases[i].locals);
        cases[i].build(&wasm);
        rp_wasm_func_end(&wasm);
        struct rp_span bytes = rp_wasm_finish(&wasm);
        rp_rig_init(&rig, bytes, NULL);
        uint64_t steps = rp_module_load_gas(rig.module) - bytes.size;
        if (steps != cases[i].steps) {
            print_error("%s: %llu steps\n", cases[i].name, (unsigned long long)steps);
        }
        assert_int_equal(steps, cases[i].steps);
        assert_int_equal(rp_store_gas(rig.store).load, rp_module_load_gas(rig.module));
        rp_rig_deinit(&rig);
        rp_wasm_deinit(&wasm);
    }
}

/* 1000 + 2 for each of: 1 function, 1 global, 1 table, 1 memory, 2 segments; 2 pages at 2000; 5 + 1
 * elements in twos; 33 bytes in sixteens. */
static void instantiation_costs_what_is_made(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    const uint32_t funcs[] = {0};
    const char data[33] = {0};
    rp_wasm_init(&wasm);
    rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    rp_wasm_func_end(&wasm);
    rp_wasm_table(&wasm, 'r', 5, 5);
    rp_wasm_memory(&wasm, 2, 2);
    rp_wasm_global_i32(&wasm, true, 1);
    rp_wasm_elem(&wasm, 0, 0, funcs, 1);
    rp_wasm_data(&wasm, 0, data, sizeof data);
    rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
    assert_int_equal(rp_store_gas(rig.store).instantiation, 1000 + 2 * 6 + 2 * 2000 + 3 + 3);
    assert_int_equal(rp_store_gas_used(rig.store), 0);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load_costs_the_bytes_and_the_steps),
        cmocka_unit_test(instantiation_costs_what_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
