/* Globals without later features (tests): every type, constants, sharing, and what must be refused.
 *
 * The official suite's file global is carried by one module that needs extended constants; this
 * covers its ground without them. */
#include "tests/support/rig.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#define F32_NAN_WITH_PAYLOAD 0xffa12345u
#define F64_NAN_WITH_PAYLOAD UINT64_C(0x7ff4000000abcdef)

struct sample {
    char letter;
    rp_value initial;
    rp_value other;
};

/* NaNs keep their bits: globals move values, they do not compute. */
static const struct sample samples[] = {
    {'i', {RP_I32, {.i32 = -2}}, {RP_I32, {.i32 = INT32_MIN}}},
    {'l', {RP_I64, {.i64 = -5}}, {RP_I64, {.i64 = INT64_MAX}}},
    {'f', {RP_F32, {.f32_bits = 0xc0400000u}}, {RP_F32, {.f32_bits = F32_NAN_WITH_PAYLOAD}}},
    {'d', {RP_F64, {.f64_bits = 1}}, {RP_F64, {.f64_bits = F64_NAN_WITH_PAYLOAD}}},
    {'x', {RP_EXTERNREF, {.ref = RP_REF_NULL}}, {RP_EXTERNREF, {.ref = 0}}},
    {'r', {RP_FUNCREF, {.ref = RP_REF_NULL}}, {RP_FUNCREF, {.ref = 1}}},
    {'r', {RP_FUNCREF, {.ref = 0}}, {RP_FUNCREF, {.ref = RP_REF_NULL}}},
};

static void assert_value(const rp_value *got, const rp_value *expected)
{
    assert_int_equal(got->kind, expected->kind);
    switch (expected->kind) {
    case RP_I32:
        assert_int_equal(got->of.i32, expected->of.i32);
        break;
    case RP_F32:
        assert_int_equal(got->of.f32_bits, expected->of.f32_bits);
        break;
    default:
        assert_true(got->of.f64_bits == expected->of.f64_bits);
        break;
    }
}

/* Functions 0 `get` and 1 `set`, global 0 `g`. */
static void build_accessors(struct rp_wasm *wasm, const struct sample *sample)
{
    const char letter[] = {sample->letter, 0};
    rp_wasm_init(wasm);
    uint32_t getter = rp_wasm_type(wasm, "", letter);
    uint32_t setter = rp_wasm_type(wasm, letter, "");
    rp_wasm_global(wasm, true, sample->initial);
    rp_wasm_export(wasm, "g", RP_EXTERN_GLOBAL, 0);
    rp_wasm_export(wasm, "get", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, getter, ""));
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "set", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, setter, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_global_set, 0);
    rp_wasm_func_end(wasm);
}

static void call_set(struct rp_rig *rig, const rp_value *value)
{
    uint32_t func = rp_rig_export(rig, "set", RP_EXTERN_FUNC);
    rp_status status =
        rp_store_call(rig->store, func, value, 1, NULL, 0, &rig->outcome, &rig->report);
    assert_int_equal(status, RP_OK);
    assert_int_equal(rig->outcome.kind, RP_OUTCOME_RETURNED);
}

static void global_keeps_a_value_of_every_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(samples); i++) {
        struct rp_wasm wasm;
        struct rp_rig rig;
        rp_value value;
        build_accessors(&wasm, &samples[i]);
        rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
        uint32_t global = rp_rig_export(&rig, "g", RP_EXTERN_GLOBAL);
        assert_int_equal(rp_store_global_get(rig.store, global, &value), RP_OK);
        assert_value(&value, &samples[i].initial);
        assert_int_equal(rp_rig_call(&rig, "get", ""), RP_OUTCOME_RETURNED);
        assert_value(&rig.results[0], &samples[i].initial);
        call_set(&rig, &samples[i].other);
        assert_int_equal(rp_rig_call(&rig, "get", ""), RP_OUTCOME_RETURNED);
        assert_value(&rig.results[0], &samples[i].other);
        assert_int_equal(rp_store_global_set(rig.store, global, &samples[i].initial), RP_OK);
        assert_int_equal(rp_rig_call(&rig, "get", ""), RP_OUTCOME_RETURNED);
        assert_value(&rig.results[0], &samples[i].initial);
        rp_rig_deinit(&rig);
        rp_wasm_deinit(&wasm);
    }
}

static void global_set_by_the_embedder_keeps_type_and_mutability(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    rp_wasm_init(&wasm);
    rp_wasm_export(&wasm, "fixed", RP_EXTERN_GLOBAL, rp_wasm_global_i32(&wasm, false, 3));
    rp_wasm_export(&wasm, "free", RP_EXTERN_GLOBAL, rp_wasm_global_i32(&wasm, true, 4));
    rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
    uint32_t fixed = rp_rig_export(&rig, "fixed", RP_EXTERN_GLOBAL);
    uint32_t free = rp_rig_export(&rig, "free", RP_EXTERN_GLOBAL);
    const rp_value integer = {.kind = RP_I32, .of.i32 = 9};
    const rp_value wide = {.kind = RP_I64, .of.i64 = 9};
    rp_value value;
    assert_int_equal(rp_store_global_set(rig.store, fixed, &integer), RP_ERROR_ARGUMENT);
    assert_int_equal(rp_store_global_set(rig.store, free, &wide), RP_ERROR_TYPE);
    assert_int_equal(rp_store_global_set(rig.store, free, &integer), RP_OK);
    assert_int_equal(rp_store_global_get(rig.store, fixed, &value), RP_OK);
    assert_int_equal(value.of.i32, 3);
    assert_int_equal(rp_store_global_get(rig.store, free, &value), RP_OK);
    assert_int_equal(value.of.i32, 9);
    assert_int_not_equal(rp_store_global_get(rig.store, 1000, &value), RP_OK);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

/* Operand order: the value of a get is taken before a later set. */
static void global_get_is_evaluated_in_order(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "", "ii");
    rp_wasm_global_i32(&wasm, true, 1);
    rp_wasm_export(&wasm, "f", RP_EXTERN_FUNC, rp_wasm_func_begin(&wasm, type, ""));
    rp_wasm_op_index(&wasm, RP_OP_global_get, 0);
    rp_wasm_op_index(&wasm, RP_OP_global_get, 0);
    rp_wasm_i32_const(&wasm, 41);
    rp_wasm_op(&wasm, RP_OP_i32_add);
    rp_wasm_op_index(&wasm, RP_OP_global_set, 0);
    rp_wasm_op_index(&wasm, RP_OP_global_get, 0);
    rp_wasm_func_end(&wasm);
    rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
    assert_int_equal(rp_rig_call(&rig, "f", ""), RP_OUTCOME_RETURNED);
    assert_int_equal(rig.results[0].of.i32, 1);
    assert_int_equal(rig.results[1].of.i32, 42);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

/* Loads and instantiates one more module in a rig's store; the module is the caller's to destroy
 * after the rig's store. */
static rp_status add_instance(struct rp_rig *rig, struct rp_wasm *wasm, rp_module **out_module,
                              rp_instance **out_instance)
{
    struct rp_span bytes = rp_wasm_finish(wasm);
    assert_int_equal(rp_module_load(rig->engine, bytes.data, bytes.size, out_module, &rig->report),
                     RP_OK);
    return rp_store_instantiate(rig->store, *out_module, out_instance, &rig->outcome, &rig->report);
}

static int32_t read_i32(const struct rp_rig *rig, const rp_instance *instance, const char *name)
{
    rp_extern object;
    rp_value value;
    rp_name export_name = {.data = name, .size = strlen(name)};
    assert_int_equal(rp_instance_export(instance, export_name, &object), RP_OK);
    assert_int_equal(rp_store_global_get(rig->store, object.index, &value), RP_OK);
    assert_int_equal(value.kind, RP_I32);
    return value.of.i32;
}

static void global_of_another_instance_is_shared_and_initialises_others(void **state)
{
    (void)state;
    struct rp_wasm first;
    struct rp_wasm second;
    struct rp_rig rig;
    rp_module *module = NULL;
    rp_instance *instance = NULL;
    rp_wasm_init(&first);
    rp_wasm_export(&first, "fixed", RP_EXTERN_GLOBAL, rp_wasm_global_i32(&first, false, 77));
    rp_wasm_export(&first, "free", RP_EXTERN_GLOBAL, rp_wasm_global_i32(&first, true, 5));
    rp_rig_init(&rig, rp_wasm_finish(&first), NULL);
    assert_int_equal(rp_store_register(rig.store, (rp_name){"first", 5}, rig.instance, NULL),
                     RP_OK);

    rp_wasm_init(&second);
    uint32_t type = rp_wasm_type(&second, "", "");
    rp_wasm_import_global(&second, "first", "fixed", 'i', false);
    rp_wasm_import_global(&second, "first", "free", 'i', true);
    rp_wasm_export(&second, "copy", RP_EXTERN_GLOBAL, rp_wasm_global_from(&second, 'i', true, 0));
    rp_wasm_export(&second, "again", RP_EXTERN_GLOBAL, 1);
    uint32_t start = rp_wasm_func_begin(&second, type, "");
    rp_wasm_op_index(&second, RP_OP_global_get, 0);
    rp_wasm_op_index(&second, RP_OP_global_get, 1);
    rp_wasm_op(&second, RP_OP_i32_add);
    rp_wasm_op_index(&second, RP_OP_global_set, 1);
    rp_wasm_func_end(&second);
    rp_wasm_start(&second, start);
    assert_int_equal(add_instance(&rig, &second, &module, &instance), RP_OK);
    assert_int_equal(read_i32(&rig, instance, "copy"), 77);
    assert_int_equal(read_i32(&rig, instance, "again"), 82);
    assert_int_equal(read_i32(&rig, rig.instance, "free"), 82);
    assert_int_equal(read_i32(&rig, rig.instance, "fixed"), 77);

    rp_store_destroy(rig.store);
    rig.store = NULL;
    rp_module_destroy(module);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&first);
    rp_wasm_deinit(&second);
}

/* ---- what must be refused ---- */

/* A global section with one entry of the given bytes, beside an imported mutable and an imported
 * immutable i32. */
struct refusal {
    const char *name;
    const char *bytes;
    size_t size;
};

#define BYTES(text) (text), sizeof(text) - 1

static const struct refusal refused_entries[] = {
    {"initial value of another type", BYTES("\x7f\x00\x42\x00\x0b")},
    {"two initial values", BYTES("\x7f\x00\x41\x00\x41\x00\x0b")},
    {"no initial value", BYTES("\x7f\x00\x0b")},
    {"an instruction that is no constant", BYTES("\x7f\x00\x41\x00\x67\x0b")},
    {"nop", BYTES("\x7f\x00\x01\x41\x00\x0b")},
    {"global.get of a mutable import", BYTES("\x7f\x00\x23\x00\x0b")},
    {"global.get of an import of another type", BYTES("\x7e\x00\x23\x01\x0b")},
    {"global.get of itself", BYTES("\x7f\x00\x23\x02\x0b")},
    {"global.get outside of the index space", BYTES("\x7f\x00\x23\x07\x0b")},
    {"ref.func outside of the index space", BYTES("\x70\x00\xd2\x00\x0b")},
    {"mutability neither 0 nor 1", BYTES("\x7f\x02\x41\x00\x0b")},
    {"type that is none", BYTES("\x40\x00\x41\x00\x0b")},
    {"constant without end", BYTES("\x7f\x00\x41\x00")},
};

static void global_with_a_wrong_declaration_is_refused(void **state)
{
    (void)state;
    rp_engine *engine;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    for (size_t i = 0; i < RP_ARRAY_COUNT(refused_entries); i++) {
        struct rp_wasm wasm;
        rp_module *module = NULL;
        rp_report report = {0};
        rp_wasm_init(&wasm);
        rp_wasm_import_global(&wasm, "m", "free", 'i', true);
        rp_wasm_import_global(&wasm, "m", "fixed", 'i', false);
        rp_wasm_entry(&wasm, RP_WASM_GLOBAL, refused_entries[i].bytes, refused_entries[i].size, 1);
        struct rp_span bytes = rp_wasm_finish(&wasm);
        rp_status status = rp_module_load(engine, bytes.data, bytes.size, &module, &report);
        if (status != RP_ERROR_INVALID && status != RP_ERROR_MALFORMED) {
            print_error("%s: %s %s\n", refused_entries[i].name, rp_status_name(status),
                        report.text);
        }
        assert_true(status == RP_ERROR_INVALID || status == RP_ERROR_MALFORMED);
        assert_true(report.has_offset);
        rp_wasm_deinit(&wasm);
    }
    rp_engine_destroy(engine);
}

struct access {
    const char *name;
    enum rp_op op;
    uint32_t index;
    char operand; /* ' ': none */
};

/* Global 0 is an immutable import, 1 an immutable i32 of the module, 2 a mutable i32. */
static const struct access refused_accesses[] = {
    {"set of an immutable import", RP_OP_global_set, 0, 'i'},
    {"set of an immutable global", RP_OP_global_set, 1, 'i'},
    {"set of another type", RP_OP_global_set, 2, 'l'},
    {"set without an operand", RP_OP_global_set, 2, ' '},
    {"set outside of the index space", RP_OP_global_set, 3, 'i'},
    {"get outside of the index space", RP_OP_global_get, 3, ' '},
    {"get far outside of the index space", RP_OP_global_get, UINT32_MAX, ' '},
};

static void global_access_that_does_not_fit_is_invalid(void **state)
{
    (void)state;
    rp_engine *engine;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    for (size_t i = 0; i < RP_ARRAY_COUNT(refused_accesses); i++) {
        const struct access *access = &refused_accesses[i];
        struct rp_wasm wasm;
        rp_module *module = NULL;
        rp_report report = {0};
        rp_wasm_init(&wasm);
        uint32_t type = rp_wasm_type(&wasm, "", "");
        rp_wasm_import_global(&wasm, "m", "fixed", 'i', false);
        rp_wasm_global_i32(&wasm, false, 0);
        rp_wasm_global_i32(&wasm, true, 0);
        rp_wasm_func_begin(&wasm, type, "");
        if (access->operand == 'i') {
            rp_wasm_i32_const(&wasm, 0);
        } else if (access->operand == 'l') {
            rp_wasm_i64_const(&wasm, 0);
        }
        rp_wasm_op_index(&wasm, access->op, access->index);
        if (access->op == RP_OP_global_get) {
            rp_wasm_op(&wasm, RP_OP_drop);
        }
        rp_wasm_func_end(&wasm);
        struct rp_span bytes = rp_wasm_finish(&wasm);
        rp_status status = rp_module_load(engine, bytes.data, bytes.size, &module, &report);
        if (status != RP_ERROR_INVALID) {
            print_error("%s: %s %s\n", access->name, rp_status_name(status), report.text);
        }
        assert_int_equal(status, RP_ERROR_INVALID);
        rp_wasm_deinit(&wasm);
    }
    rp_engine_destroy(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(global_keeps_a_value_of_every_type),
        cmocka_unit_test(global_set_by_the_embedder_keeps_type_and_mutability),
        cmocka_unit_test(global_get_is_evaluated_in_order),
        cmocka_unit_test(global_of_another_instance_is_shared_and_initialises_others),
        cmocka_unit_test(global_with_a_wrong_declaration_is_refused),
        cmocka_unit_test(global_access_that_does_not_fit_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
