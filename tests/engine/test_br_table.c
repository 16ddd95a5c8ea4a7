/* br_table without later features (tests): which label an index selects, what is carried and
 * dropped, every place where one can stand.
 *
 * The official suite's file br_table is one module that needs typed function references; this
 * covers its ground without them. Every case runs in the fast and in the metered table and must
 * give the same outcome and gas. */
#include "tests/support/rig.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#define FAR_INDEX 0x01000000

/* Calls `f` of the module with one i32 in both tables; the outcome and results are those of the
 * last. */
static void call_both(struct rp_wasm *wasm, struct rp_rig *rig, int32_t argument)
{
    struct rp_span bytes = rp_wasm_finish(wasm);
    uint64_t gas[2];
    rp_value first[2];
    rp_outcome_kind kinds[2];
    for (int metered = 0; metered < 2; metered++) {
        rp_store_config config;
        rp_store_config_init(&config);
        config.metered = metered == 1;
        rp_rig_init(rig, bytes, &config);
        kinds[metered] = rp_rig_call(rig, "f", "i", argument);
        gas[metered] = rp_store_gas_used(rig->store);
        first[metered] = rig->results[0];
        if (metered == 0) {
            rp_rig_deinit(rig);
        }
    }
    assert_int_equal(kinds[0], kinds[1]);
    assert_true(gas[0] == gas[1]);
    if (kinds[0] == RP_OUTCOME_RETURNED && rig->result_count != 0) {
        assert_int_equal(first[0].kind, first[1].kind);
        assert_memory_equal(&first[0].of, &first[1].of, sizeof first[0].of);
    }
}

static void expect_i32(struct rp_wasm *wasm, int32_t argument, int32_t expected)
{
    struct rp_rig rig;
    call_both(wasm, &rig, argument);
    assert_int_equal(rig.outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(rig.results[0].of.i32, expected);
    rp_rig_deinit(&rig);
}

static uint32_t begin_f(struct rp_wasm *wasm, const char *results, const char *locals)
{
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "i", results);
    uint32_t func = rp_wasm_func_begin(wasm, type, locals);
    rp_wasm_export(wasm, "f", RP_EXTERN_FUNC, func);
    return func;
}

/* n blocks; label k leads behind the block that answers 100 + k; the default is label n - 1. */
static void build_selection(struct rp_wasm *wasm, uint32_t block_count, uint32_t label_count)
{
    uint32_t labels[64];
    begin_f(wasm, "i", "");
    for (uint32_t i = 0; i < block_count; i++) {
        rp_wasm_block(wasm, RP_OP_block, RP_WASM_VOID);
    }
    for (uint32_t i = 0; i < label_count; i++) {
        labels[i] = i % block_count;
    }
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_br_table(wasm, labels, label_count, block_count - 1);
    for (uint32_t i = 0; i < block_count; i++) {
        rp_wasm_op(wasm, RP_OP_end);
        rp_wasm_i32_const(wasm, 100 + (int32_t)i);
        rp_wasm_op(wasm, RP_OP_return);
    }
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_func_end(wasm);
}

static void br_table_selects_by_unsigned_index(void **state)
{
    (void)state;
    static const uint32_t shapes[][2] = {{1, 0}, {1, 1}, {2, 0}, {5, 1}, {5, 5}, {5, 17}, {40, 40}};
    static const uint32_t indices[] = {0,  1,  2,  4,    5,          16,         17,
                                       18, 39, 40, 1000, 0x7fffffff, 0x80000000, 0xffffffff};
    for (size_t s = 0; s < RP_ARRAY_COUNT(shapes); s++) {
        uint32_t blocks = shapes[s][0];
        uint32_t labels = shapes[s][1];
        struct rp_wasm wasm;
        build_selection(&wasm, blocks, labels);
        for (size_t i = 0; i < RP_ARRAY_COUNT(indices); i++) {
            uint32_t label = indices[i] < labels ? indices[i] % blocks : blocks - 1;
            expect_i32(&wasm, (int32_t)indices[i], 100 + (int32_t)label);
        }
        rp_wasm_deinit(&wasm);
    }
}

static void br_table_of_many_thousand_labels_selects_each(void **state)
{
    (void)state;
    enum { COUNT = 30000 };
    static uint32_t labels[COUNT];
    struct rp_wasm wasm;
    begin_f(&wasm, "i", "");
    rp_wasm_block(&wasm, RP_OP_block, RP_WASM_VOID);
    rp_wasm_block(&wasm, RP_OP_block, RP_WASM_VOID);
    rp_wasm_block(&wasm, RP_OP_block, RP_WASM_VOID);
    for (uint32_t i = 0; i < COUNT; i++) {
        labels[i] = i * 7 % 3;
    }
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_br_table(&wasm, labels, COUNT, 2);
    for (int32_t i = 0; i < 3; i++) {
        rp_wasm_op(&wasm, RP_OP_end);
        rp_wasm_i32_const(&wasm, i);
        rp_wasm_op(&wasm, RP_OP_return);
    }
    rp_wasm_op(&wasm, RP_OP_unreachable);
    rp_wasm_func_end(&wasm);
    struct rp_rig rig;
    rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
    for (int32_t i = 0; i < COUNT + 10; i++) {
        assert_int_equal(rp_rig_call(&rig, "f", "i", i), RP_OUTCOME_RETURNED);
        assert_int_equal(rig.results[0].of.i32, i < COUNT ? (int32_t)labels[i] : 2);
    }
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

/* Pushes a constant of each type that is no zero: n of that type. */
static void push_constant(struct rp_wasm *wasm, char type, int32_t n)
{
    switch (type) {
    case 'i':
        rp_wasm_i32_const(wasm, n);
        break;
    case 'l':
        rp_wasm_i64_const(wasm, INT64_C(0x100000000) + n);
        break;
    case 'f':
        rp_wasm_f32_const(wasm, 0x3f800000u + (uint32_t)n);
        break;
    case 'd':
        rp_wasm_f64_const(wasm, UINT64_C(0x3ff0000000000000) + (uint64_t)n);
        break;
    case 'x':
        rp_wasm_ref_null(wasm, 'x');
        break;
    default:
        rp_wasm_op_index(wasm, RP_OP_ref_func, 0);
        break;
    }
}

static void check_constant(const rp_value *value, char type, int32_t n)
{
    switch (type) {
    case 'i':
        assert_int_equal(value->of.i32, n);
        break;
    case 'l':
        assert_true(value->of.i64 == INT64_C(0x100000000) + n);
        break;
    case 'f':
        assert_int_equal(value->of.f32_bits, 0x3f800000u + (uint32_t)n);
        break;
    case 'd':
        assert_true(value->of.f64_bits == UINT64_C(0x3ff0000000000000) + (uint64_t)n);
        break;
    case 'x':
        assert_true(value->of.ref == RP_REF_NULL);
        break;
    default:
        assert_true(value->of.ref != RP_REF_NULL);
        break;
    }
}

/* `below` operands lie in each of three blocks under the values that the table carries to a block,
 * to its parents, or to the function. */
static void check_carried(const char *types, uint32_t below)
{
    static const uint32_t labels[] = {0, 1, 2, 3};
    struct rp_wasm wasm;
    begin_f(&wasm, types, "");
    uint32_t block = rp_wasm_type(&wasm, "", types);
    size_t count = strlen(types);
    for (int depth = 0; depth < 3; depth++) {
        for (uint32_t i = 0; i < below; i++) {
            rp_wasm_i64_const(&wasm, -7);
        }
        rp_wasm_block_type(&wasm, RP_OP_block, block);
    }
    for (uint32_t i = 0; i < below; i++) {
        rp_wasm_f32_const(&wasm, 0xffffffffu);
    }
    for (size_t i = 0; i < count; i++) {
        push_constant(&wasm, types[i], (int32_t)i + 11);
    }
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_br_table(&wasm, labels, RP_ARRAY_COUNT(labels), 1);
    for (int depth = 0; depth < 3; depth++) {
        rp_wasm_op(&wasm, RP_OP_end);
        rp_wasm_op_index(&wasm, RP_OP_br, (uint32_t)(2 - depth));
    }
    rp_wasm_func_end(&wasm);
    rp_wasm_elem_declare(&wasm, &(uint32_t){0}, 1);
    for (int32_t index = -1; index < 6; index++) {
        struct rp_rig rig;
        call_both(&wasm, &rig, index);
        assert_int_equal(rig.outcome.kind, RP_OUTCOME_RETURNED);
        for (size_t i = 0; i < count; i++) {
            check_constant(&rig.results[i], types[i], (int32_t)i + 11);
        }
        rp_rig_deinit(&rig);
    }
    rp_wasm_deinit(&wasm);
}

static void br_table_carries_values_of_every_type_and_drops_what_lies_below(void **state)
{
    (void)state;
    static const char *const types[] = {
        "", "i", "l", "f", "d", "x", "r", "il", "rxfd", "iiiii", "ddddddddddddd"};
    for (size_t t = 0; t < RP_ARRAY_COUNT(types); t++) {
        for (uint32_t below = 0; below < 4; below++) {
            check_carried(types[t], below);
        }
    }
}

/* A loop whose parameter counts down while the index selects the loop, and leaves when it is 0. */
static void br_table_to_a_loop_goes_on_with_its_parameters(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    begin_f(&wasm, "i", "i");
    uint32_t loop = rp_wasm_type(&wasm, "i", "i");
    rp_wasm_block(&wasm, RP_OP_block, 'i');
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_block_type(&wasm, RP_OP_loop, loop);
    rp_wasm_op_index(&wasm, RP_OP_local_set, 0);
    rp_wasm_op_index(&wasm, RP_OP_local_get, 1);
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_op(&wasm, RP_OP_i32_add);
    rp_wasm_op_index(&wasm, RP_OP_local_set, 1);
    rp_wasm_i64_const(&wasm, 5); /* lies below what is carried */
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(&wasm, 1);
    rp_wasm_op(&wasm, RP_OP_i32_sub);
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_br_table(&wasm, &(uint32_t){1}, 1, 0);
    rp_wasm_op(&wasm, RP_OP_end);
    rp_wasm_op(&wasm, RP_OP_end);
    rp_wasm_op(&wasm, RP_OP_drop);
    rp_wasm_op_index(&wasm, RP_OP_local_get, 1);
    rp_wasm_func_end(&wasm);
    expect_i32(&wasm, 0, 0);
    expect_i32(&wasm, 1, 1);
    expect_i32(&wasm, 1000, 500500);
    rp_wasm_deinit(&wasm);
}

static void br_table_to_the_functions_label_returns(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    begin_f(&wasm, "i", "");
    rp_wasm_i32_const(&wasm, 5);
    rp_wasm_i32_const(&wasm, 6);
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_br_table(&wasm, &(uint32_t){0}, 1, 0);
    rp_wasm_func_end(&wasm);
    expect_i32(&wasm, 0, 6);
    expect_i32(&wasm, FAR_INDEX, 6);
    rp_wasm_deinit(&wasm);
}

/* Instructions with the operands in front of the one that is a br_table; the rest of the operands
 * is never made. */
struct position {
    const char *name;
    const char *operands_before; /* letters */
    const char *operands_behind;
    enum rp_op op;
    char immediate; /* ' ' none, 'n' index 0, '1' index 1, 'm' memory, 'c' call_indirect, 'b' block
                     */
    char result;    /* letter, ' ' none */
};

static const struct position positions[] = {
    {"if, condition", "", "", RP_OP_if, 'b', ' '},
    {"br, value", "", "", RP_OP_br, 'n', ' '},
    {"br_if, value", "", "i", RP_OP_br_if, 'n', 'i'},
    {"br_if, condition", "i", "", RP_OP_br_if, 'n', 'i'},
    {"br_table, value", "", "i", RP_OP_br_table, 't', ' '},
    {"br_table, index", "i", "", RP_OP_br_table, 't', ' '},
    {"return, value", "", "", RP_OP_return, ' ', ' '},
    {"select, first", "", "ii", RP_OP_select, ' ', 'i'},
    {"select, second", "i", "i", RP_OP_select, ' ', 'i'},
    {"select, condition", "ii", "", RP_OP_select, ' ', 'i'},
    {"call, first", "", "ii", RP_OP_call, '1', 'i'},
    {"call, middle", "i", "i", RP_OP_call, '1', 'i'},
    {"call, last", "ii", "", RP_OP_call, '1', 'i'},
    {"call_indirect, first", "", "iii", RP_OP_call_indirect, 'c', 'i'},
    {"call_indirect, middle", "i", "ii", RP_OP_call_indirect, 'c', 'i'},
    {"call_indirect, last", "ii", "i", RP_OP_call_indirect, 'c', 'i'},
    {"call_indirect, index", "iii", "", RP_OP_call_indirect, 'c', 'i'},
    {"local.set", "", "", RP_OP_local_set, 'n', ' '},
    {"local.tee", "", "", RP_OP_local_tee, 'n', 'i'},
    {"global.set", "", "", RP_OP_global_set, 'n', ' '},
    {"table.get", "", "", RP_OP_table_get, 'n', 'r'},
    {"table.set, index", "", "r", RP_OP_table_set, 'n', ' '},
    {"table.set, value", "i", "", RP_OP_table_set, 'n', ' '},
    {"f32.load", "", "", RP_OP_f32_load, 'm', 'f'},
    {"i64.load8_s", "", "", RP_OP_i64_load8_s, 'm', 'l'},
    {"f64.store, address", "", "d", RP_OP_f64_store, 'm', ' '},
    {"i64.store, value", "i", "", RP_OP_i64_store, 'm', ' '},
    {"i32.store8, address", "", "i", RP_OP_i32_store8, 'm', ' '},
    {"i64.store16, value", "i", "", RP_OP_i64_store16, 'm', ' '},
    {"f32.neg", "", "", RP_OP_f32_neg, ' ', 'f'},
    {"i32.add, left", "", "i", RP_OP_i32_add, ' ', 'i'},
    {"i64.sub, right", "l", "", RP_OP_i64_sub, ' ', 'l'},
    {"i32.eqz", "", "", RP_OP_i32_eqz, ' ', 'i'},
    {"f64.le, left", "", "d", RP_OP_f64_le, ' ', 'i'},
    {"f32.ne, right", "f", "", RP_OP_f32_ne, ' ', 'i'},
    {"i32.wrap_i64", "", "", RP_OP_i32_wrap_i64, ' ', 'i'},
    {"f64.promote_f32", "", "", RP_OP_f64_promote_f32, ' ', 'd'},
    {"memory.grow", "", "", RP_OP_memory_grow, 'n', 'i'},
    {"memory.fill, value", "i", "i", RP_OP_memory_fill, 'n', ' '},
    {"ref.is_null", "", "", RP_OP_ref_is_null, ' ', 'i'},
    {"drop", "", "", RP_OP_drop, ' ', ' '},
};

static void push_all(struct rp_wasm *wasm, const char *types)
{
    for (; *types != 0; types++) {
        push_constant(wasm, *types, 1);
    }
}

static void write_consumer(struct rp_wasm *wasm, const struct position *position)
{
    switch (position->immediate) {
    case ' ':
        rp_wasm_op(wasm, position->op);
        break;
    case 'm':
        rp_wasm_op_memory(wasm, position->op, 0, 0);
        break;
    case 'c':
        rp_wasm_op_indices(wasm, position->op, 1, 0);
        break;
    case 't':
        rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 0);
        break;
    case 'b':
        rp_wasm_block(wasm, position->op, RP_WASM_VOID);
        rp_wasm_op(wasm, RP_OP_unreachable);
        rp_wasm_op(wasm, RP_OP_end);
        break;
    default:
        rp_wasm_op_index(wasm, position->op, position->immediate == '1');
        break;
    }
    if (position->result != ' ') {
        rp_wasm_op(wasm, RP_OP_drop);
    }
}

/* f(index) = 40 + index's label, by a br_table in the given place; the consumer behind it never
 * runs. */
static void build_position(struct rp_wasm *wasm, const struct position *position)
{
    begin_f(wasm, "i", "");
    rp_wasm_block(wasm, RP_OP_block, 'i');
    rp_wasm_block(wasm, RP_OP_block, 'i');
    push_all(wasm, position->operands_before);
    rp_wasm_i32_const(wasm, 40);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 1);
    push_all(wasm, position->operands_behind);
    write_consumer(wasm, position);
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_i32_const(wasm, -1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
    uint32_t three = rp_wasm_type(wasm, "iii", "i");
    rp_wasm_func_begin(wasm, three, "");
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_func_end(wasm);
    rp_wasm_memory(wasm, 1, 2);
    rp_wasm_table(wasm, 'r', 2, RP_WASM_NO_MAX);
    rp_wasm_global_i32(wasm, true, 3);
    rp_wasm_elem(wasm, 0, 0, &(uint32_t){0}, 1);
}

static void br_table_may_stand_wherever_an_operand_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(positions); i++) {
        struct rp_wasm wasm;
        build_position(&wasm, &positions[i]);
        expect_i32(&wasm, 0, 40);
        expect_i32(&wasm, 1, 41);
        rp_wasm_deinit(&wasm);
    }
}

/* ---- what must be refused ---- */

static void label_out_of_range(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_br_table(wasm, &(uint32_t){2}, 1, 0);
}

static void default_out_of_range(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 2);
}

static void label_far_out_of_range(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_br_table(wasm, &(uint32_t){0x10000001}, 1, 0);
}

static void labels_of_different_arity(struct rp_wasm *wasm)
{
    rp_wasm_block(wasm, RP_OP_block, 'i');
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 1);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void labels_of_different_arity_in_dead_code(struct rp_wasm *wasm)
{
    rp_wasm_block(wasm, RP_OP_block, 'i');
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 1);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void labels_of_different_types(struct rp_wasm *wasm)
{
    rp_wasm_block(wasm, RP_OP_block, 'i');
    rp_wasm_block(wasm, RP_OP_block, 'f');
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 1);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void value_missing(struct rp_wasm *wasm)
{
    rp_wasm_block(wasm, RP_OP_block, 'i');
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void value_of_another_type(struct rp_wasm *wasm)
{
    rp_wasm_block(wasm, RP_OP_block, 'i');
    rp_wasm_i64_const(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void value_below_the_block(struct rp_wasm *wasm)
{
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_block(wasm, RP_OP_block, 'i');
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void index_missing(struct rp_wasm *wasm)
{
    rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 0);
}

static void index_of_another_type(struct rp_wasm *wasm)
{
    rp_wasm_i64_const(wasm, 0);
    rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 0);
}

static void index_of_another_type_in_dead_code(struct rp_wasm *wasm)
{
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_f32_const(wasm, 0);
    rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 0);
}

static void refused_reference(struct rp_wasm *wasm)
{
    rp_wasm_block(wasm, RP_OP_block, 'r');
    rp_wasm_ref_null(wasm, 'x');
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_br_table(wasm, &(uint32_t){0}, 1, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void br_table_that_does_not_fit_its_labels_is_invalid(void **state)
{
    (void)state;
    static void (*const bodies[])(struct rp_wasm *wasm) = {
        label_out_of_range,
        default_out_of_range,
        label_far_out_of_range,
        labels_of_different_arity,
        labels_of_different_types,
        labels_of_different_arity_in_dead_code,
        value_missing,
        value_of_another_type,
        value_below_the_block,
        index_missing,
        index_of_another_type,
        index_of_another_type_in_dead_code,
        refused_reference,
    };
    rp_engine *engine;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    for (size_t i = 0; i < RP_ARRAY_COUNT(bodies); i++) {
        struct rp_wasm wasm;
        rp_wasm_init(&wasm);
        uint32_t type = rp_wasm_type(&wasm, "", "");
        rp_wasm_func_begin(&wasm, type, "");
        rp_wasm_block(&wasm, RP_OP_block, RP_WASM_VOID);
        bodies[i](&wasm);
        rp_wasm_op(&wasm, RP_OP_end);
        rp_wasm_func_end(&wasm);
        struct rp_span bytes = rp_wasm_finish(&wasm);
        rp_module *module = NULL;
        rp_report report = {0};
        rp_status status = rp_module_load(engine, bytes.data, bytes.size, &module, &report);
        if (status != RP_ERROR_INVALID) {
            print_error("body %zu: %s %s\n", i, rp_status_name(status), report.text);
        }
        assert_int_equal(status, RP_ERROR_INVALID);
        assert_true(report.has_offset);
        rp_wasm_deinit(&wasm);
    }
    rp_engine_destroy(engine);
}

/* In code that cannot be reached labels may have different types, as long as their arity is one. */
static void br_table_in_dead_code_takes_labels_of_different_types(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    begin_f(&wasm, "i", "");
    rp_wasm_block(&wasm, RP_OP_block, 'd');
    rp_wasm_block(&wasm, RP_OP_block, 'f');
    rp_wasm_op(&wasm, RP_OP_unreachable);
    rp_wasm_i32_const(&wasm, 1);
    rp_wasm_br_table(&wasm, (uint32_t[]){0, 1, 1}, 3, 1);
    rp_wasm_op(&wasm, RP_OP_end);
    rp_wasm_op(&wasm, RP_OP_drop);
    rp_wasm_f64_const(&wasm, 0);
    rp_wasm_op(&wasm, RP_OP_end);
    rp_wasm_op(&wasm, RP_OP_drop);
    rp_wasm_i32_const(&wasm, 1);
    rp_wasm_func_end(&wasm);
    struct rp_rig rig;
    call_both(&wasm, &rig, 0);
    assert_int_equal(rig.outcome.kind, RP_OUTCOME_TRAPPED);
    assert_int_equal(rig.outcome.trap, RP_TRAP_UNREACHABLE);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(br_table_selects_by_unsigned_index),
        cmocka_unit_test(br_table_of_many_thousand_labels_selects_each),
        cmocka_unit_test(br_table_carries_values_of_every_type_and_drops_what_lies_below),
        cmocka_unit_test(br_table_to_a_loop_goes_on_with_its_parameters),
        cmocka_unit_test(br_table_to_the_functions_label_returns),
        cmocka_unit_test(br_table_may_stand_wherever_an_operand_does),
        cmocka_unit_test(br_table_that_does_not_fit_its_labels_is_invalid),
        cmocka_unit_test(br_table_in_dead_code_takes_labels_of_different_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
