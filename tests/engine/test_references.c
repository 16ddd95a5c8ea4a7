/* References of the two kinds that every module may use (tests): null or not, through locals,
 * tables, globals, blocks and calls.
 *
 * The official suite's files ref_is_null and ref_null are each carried by one module with later
 * features; this covers their ground without them. */
#include "tests/support/rig.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

/* For one kind of reference: the identity by way of a block, ref.is_null, table and global as
 * places, select, and a local that was never set. */
static void build(struct rp_wasm *wasm, char letter)
{
    const char one[] = {letter, 0};
    const char place[] = {'i', letter, 0};
    const char choice[] = {letter, letter, 'i', 0};
    rp_wasm_init(wasm);
    uint32_t identity = rp_wasm_type(wasm, one, one);
    uint32_t test = rp_wasm_type(wasm, one, "i");
    uint32_t store = rp_wasm_type(wasm, place, "");
    uint32_t fetch = rp_wasm_type(wasm, "i", one);
    uint32_t clear = rp_wasm_type(wasm, "i", "");
    uint32_t choose = rp_wasm_type(wasm, choice, one);
    uint32_t constant = rp_wasm_type(wasm, "", one);
    rp_wasm_table(wasm, letter, 4, 8);
    rp_wasm_export(wasm, "identity", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, identity, one));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_set, 1);
    rp_wasm_block(wasm, RP_OP_block, letter);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op_index(wasm, RP_OP_br, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "is_null", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, test, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_call, 0); /* identity */
    rp_wasm_op(wasm, RP_OP_ref_is_null);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "store", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, store, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op_index(wasm, RP_OP_table_set, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "fetch", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, fetch, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_table_get, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "clear", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, clear, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_ref_null(wasm, letter);
    rp_wasm_op_index(wasm, RP_OP_table_set, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "choose", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, choose, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op_index(wasm, RP_OP_local_get, 2);
    rp_wasm_select_t(wasm, letter);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "unset", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, constant, one));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_func_end(wasm);
}

/* Null, and references that are none: an index of the store for funcref, any number for externref.
 */
static const struct {
    char letter;
    const char
        *types[3]; /* of one reference; an index and a reference; two references and an index */
    uint64_t refs[4];
} kinds[] = {
    {'r', {"r", "ir", "rri"}, {RP_REF_NULL, 0, 1, 6}},
    {'x', {"x", "ix", "xxi"}, {RP_REF_NULL, 0, 1, UINT64_MAX - 1}},
};

static void expect_ref(struct rp_rig *rig, uint64_t ref)
{
    assert_int_equal(rig->outcome.kind, RP_OUTCOME_RETURNED);
    assert_true(rig->results[0].of.ref == ref);
}

static void reference_passes_unchanged_through_every_place(void **state)
{
    (void)state;
    for (size_t k = 0; k < RP_ARRAY_COUNT(kinds); k++) {
        struct rp_wasm wasm;
        struct rp_rig rig;
        build(&wasm, kinds[k].letter);
        rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
        for (size_t i = 0; i < 4; i++) {
            uint64_t ref = kinds[k].refs[i];
            uint64_t other = kinds[k].refs[3 - i];
            rp_rig_call(&rig, "identity", kinds[k].types[0], ref);
            expect_ref(&rig, ref);
            rp_rig_call(&rig, "is_null", kinds[k].types[0], ref);
            assert_int_equal(rig.results[0].of.i32, ref == RP_REF_NULL);
            rp_rig_call(&rig, "fetch", "i", (int32_t)i);
            expect_ref(&rig, RP_REF_NULL);
            rp_rig_call(&rig, "store", kinds[k].types[1], (int32_t)i, ref);
            rp_rig_call(&rig, "fetch", "i", (int32_t)i);
            expect_ref(&rig, ref);
            rp_rig_call(&rig, "choose", kinds[k].types[2], ref, other, 1);
            expect_ref(&rig, ref);
            rp_rig_call(&rig, "choose", kinds[k].types[2], ref, other, 0);
            expect_ref(&rig, other);
            rp_rig_call(&rig, "clear", "i", (int32_t)i);
            rp_rig_call(&rig, "fetch", "i", (int32_t)i);
            expect_ref(&rig, RP_REF_NULL);
        }
        rp_rig_call(&rig, "unset", "");
        expect_ref(&rig, RP_REF_NULL);
        rp_rig_deinit(&rig);
        rp_wasm_deinit(&wasm);
    }
}

static void table_access_outside_of_its_bounds_traps(void **state)
{
    (void)state;
    static const int32_t indices[] = {4, 5, INT32_MAX, INT32_MIN, -1};
    struct rp_wasm wasm;
    struct rp_rig rig;
    build(&wasm, 'x');
    rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
    for (size_t i = 0; i < RP_ARRAY_COUNT(indices); i++) {
        assert_int_equal(rp_rig_call(&rig, "fetch", "i", indices[i]), RP_OUTCOME_TRAPPED);
        assert_int_equal(rig.outcome.trap, RP_TRAP_TABLE_OUT_OF_BOUNDS);
        assert_int_equal(rp_rig_call(&rig, "store", "ix", indices[i], UINT64_C(1)),
                         RP_OUTCOME_TRAPPED);
        assert_int_equal(rig.outcome.trap, RP_TRAP_TABLE_OUT_OF_BOUNDS);
    }
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

static void argument_that_is_no_reference_of_the_store_is_refused(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    build(&wasm, 'r');
    rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
    uint32_t func = rp_rig_export(&rig, "identity", RP_EXTERN_FUNC);
    const rp_value refused[] = {{.kind = RP_FUNCREF, .of.ref = 7},
                                {.kind = RP_FUNCREF, .of.ref = UINT64_MAX - 1},
                                {.kind = RP_EXTERNREF, .of.ref = RP_REF_NULL},
                                {.kind = RP_I64, .of.i64 = 0}};
    for (size_t i = 0; i < RP_ARRAY_COUNT(refused); i++) {
        rp_report report = {0};
        rp_status status =
            rp_store_call(rig.store, func, &refused[i], 1, rig.results, 1, &rig.outcome, &report);
        assert_int_equal(status, RP_ERROR_TYPE);
        assert_int_not_equal(report.text[0], 0);
    }
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

/* Bodies of [] -> [] that mix up the kinds. */
static const struct {
    const char *name;
    const char *code;
    size_t size;
} mixed_bodies[] = {
    {"is_null of a number", "\x41\x00\xd1\x1a", 4},
    {"is_null without an operand", "\xd1\x1a", 2},
    {"externref into a funcref table", "\x41\x00\xd0\x6f\x26\x00", 6},
    {"externref into a funcref local", "\xd0\x6f\x21\x00", 4},
    {"select without a type", "\xd0\x70\xd0\x70\x41\x00\x1b\x1a", 8},
    {"select with two types", "\xd0\x70\xd0\x70\x41\x00\x1c\x02\x70\x70\x1a", 11},
    {"select with another type", "\xd0\x70\xd0\x70\x41\x00\x1c\x01\x6f\x1a", 10},
    {"ref.func of an undeclared function", "\xd2\x00\x1a", 3},
    {"ref.func of no function", "\xd2\x09\x1a", 3},
    {"null as a number", "\xd0\x6f\x45\x1a", 4},
    {"block of another kind", "\x02\x70\xd0\x6f\x0b\x1a", 6},
};

static void mixed_up_references_are_invalid(void **state)
{
    (void)state;
    rp_engine *engine;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    for (size_t i = 0; i < RP_ARRAY_COUNT(mixed_bodies); i++) {
        struct rp_wasm wasm;
        rp_module *module = NULL;
        rp_report report = {0};
        rp_wasm_init(&wasm);
        uint32_t type = rp_wasm_type(&wasm, "", "");
        rp_wasm_table(&wasm, 'r', 1, 1);
        rp_wasm_func_begin(&wasm, type, "r");
        rp_wasm_code_bytes(&wasm, mixed_bodies[i].code, mixed_bodies[i].size);
        rp_wasm_func_end(&wasm);
        struct rp_span bytes = rp_wasm_finish(&wasm);
        rp_status status = rp_module_load(engine, bytes.data, bytes.size, &module, &report);
        if (status != RP_ERROR_INVALID) {
            print_error("%s: %s %s\n", mixed_bodies[i].name, rp_status_name(status), report.text);
        }
        assert_int_equal(status, RP_ERROR_INVALID);
        rp_wasm_deinit(&wasm);
    }
    rp_engine_destroy(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_passes_unchanged_through_every_place),
        cmocka_unit_test(table_access_outside_of_its_bounds_traps),
        cmocka_unit_test(argument_that_is_no_reference_of_the_store_is_refused),
        cmocka_unit_test(mixed_up_references_are_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
