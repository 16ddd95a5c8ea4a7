/* Matching of imports (tests): what an import accepts of each kind, and that a refusal names all of
 * it.
 *
 * In the official suite's file imports most modules link to one that needs exceptions; this covers
 * its ground without them. */
#include "tests/support/rig.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#define NONE RP_WASM_NO_MAX

/* One import of module "m". `type`: parameters and results with a '>' between; a letter, for
 * globals behind "mut " if mutable; for tables. */
struct wanted {
    const char *name;
    rp_extern_kind kind;
    const char *type;
    uint64_t min;
    uint64_t max;
    bool fits;
};

/* What "m" offers: functions f (i)->(l), g ()->(); globals fixed i32, free mut i64, ref funcref;
 * tables t 10 20 funcref, x 5 externref; memories: see offered_memories. */
static const struct wanted wanted_imports[] = {
    {"f", RP_EXTERN_FUNC, "i>l", 0, 0, true},
    {"f", RP_EXTERN_FUNC, "i>", 0, 0, false},
    {"f", RP_EXTERN_FUNC, ">l", 0, 0, false},
    {"f", RP_EXTERN_FUNC, "i>i", 0, 0, false},
    {"f", RP_EXTERN_FUNC, "l>l", 0, 0, false},
    {"f", RP_EXTERN_FUNC, "ii>l", 0, 0, false},
    {"f", RP_EXTERN_FUNC, "i>ll", 0, 0, false},
    {"g", RP_EXTERN_FUNC, ">", 0, 0, true},
    {"g", RP_EXTERN_FUNC, ">i", 0, 0, false},
    {"fixed", RP_EXTERN_GLOBAL, "i", 0, 0, true},
    {"fixed", RP_EXTERN_GLOBAL, "mut i", 0, 0, false},
    {"fixed", RP_EXTERN_GLOBAL, "l", 0, 0, false},
    {"fixed", RP_EXTERN_GLOBAL, "f", 0, 0, false},
    {"free", RP_EXTERN_GLOBAL, "mut l", 0, 0, true},
    {"free", RP_EXTERN_GLOBAL, "l", 0, 0, false},
    {"free", RP_EXTERN_GLOBAL, "mut i", 0, 0, false},
    {"ref", RP_EXTERN_GLOBAL, "r", 0, 0, true},
    {"ref", RP_EXTERN_GLOBAL, "x", 0, 0, false},
    {"t", RP_EXTERN_TABLE, "r", 10, 20, true},
    {"t", RP_EXTERN_TABLE, "r", 0, NONE, true},
    {"t", RP_EXTERN_TABLE, "r", 10, 21, true},
    {"t", RP_EXTERN_TABLE, "r", 11, 20, false},
    {"t", RP_EXTERN_TABLE, "r", 10, 19, false},
    {"t", RP_EXTERN_TABLE, "x", 10, 20, false},
    {"x", RP_EXTERN_TABLE, "x", 5, NONE, true},
    {"x", RP_EXTERN_TABLE, "x", 5, 1000, false},
    {"memory", RP_EXTERN_MEMORY, "", 2, 4, true},
    {"memory", RP_EXTERN_MEMORY, "", 0, NONE, true},
    {"memory", RP_EXTERN_MEMORY, "", 0, 5, true},
    {"memory", RP_EXTERN_MEMORY, "", 3, 4, false},
    {"memory", RP_EXTERN_MEMORY, "", 2, 3, false},
    {"f", RP_EXTERN_GLOBAL, "i", 0, 0, false},
    {"f", RP_EXTERN_TABLE, "r", 0, NONE, false},
    {"f", RP_EXTERN_MEMORY, "", 0, NONE, false},
    {"fixed", RP_EXTERN_FUNC, ">", 0, 0, false},
    {"t", RP_EXTERN_MEMORY, "", 0, NONE, false},
    {"memory", RP_EXTERN_TABLE, "r", 0, NONE, false},
    {"absent", RP_EXTERN_FUNC, ">", 0, 0, false},
    {"", RP_EXTERN_FUNC, ">", 0, 0, false},
    {"F", RP_EXTERN_FUNC, "i>l", 0, 0, false},
};

static void build_offer(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t unary = rp_wasm_type(wasm, "i", "l");
    uint32_t nullary = rp_wasm_type(wasm, "", "");
    rp_wasm_table(wasm, 'r', 10, 20);
    rp_wasm_table(wasm, 'x', 5, NONE);
    rp_wasm_memory(wasm, 2, 4);
    rp_wasm_export(wasm, "t", RP_EXTERN_TABLE, 0);
    rp_wasm_export(wasm, "x", RP_EXTERN_TABLE, 1);
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, 0);
    rp_wasm_export(wasm, "fixed", RP_EXTERN_GLOBAL, rp_wasm_global_i32(wasm, false, 1));
    rp_wasm_export(wasm, "free", RP_EXTERN_GLOBAL, rp_wasm_global_i64(wasm, true, 2));
    rp_value null = {.kind = RP_FUNCREF, .of.ref = RP_REF_NULL};
    rp_wasm_export(wasm, "ref", RP_EXTERN_GLOBAL, rp_wasm_global(wasm, false, null));
    rp_wasm_export(wasm, "f", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, unary, ""));
    rp_wasm_i64_const(wasm, 3);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "g", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, nullary, ""));
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "grow_memory", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, unary, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_memory_grow, 0);
    rp_wasm_op(wasm, RP_OP_i64_extend_i32_s);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "grow_table", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, unary, ""));
    rp_wasm_ref_null(wasm, 'r');
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_table_grow, 0);
    rp_wasm_op(wasm, RP_OP_i64_extend_i32_s);
    rp_wasm_func_end(wasm);
}

static void add_import(struct rp_wasm *wasm, const struct wanted *wanted)
{
    char params[8] = {0};
    const char *split;
    bool is_mutable;
    switch (wanted->kind) {
    case RP_EXTERN_FUNC:
        split = strchr(wanted->type, '>');
        memcpy(params, wanted->type, (size_t)(split - wanted->type));
        rp_wasm_import_func(wasm, "m", wanted->name, rp_wasm_type(wasm, params, split + 1));
        break;
    case RP_EXTERN_GLOBAL:
        is_mutable = strncmp(wanted->type, "mut ", 4) == 0;
        rp_wasm_import_global(wasm, "m", wanted->name, wanted->type[is_mutable ? 4 : 0],
                              is_mutable);
        break;
    case RP_EXTERN_TABLE:
        rp_wasm_import_table(wasm, "m", wanted->name, wanted->type[0], wanted->min, wanted->max);
        break;
    default:
        rp_wasm_import_memory(wasm, "m", wanted->name, wanted->min, wanted->max);
        break;
    }
}

/* Links a module; on success it stays in the store, which the rig ends first. */
static rp_status link_module(struct rp_rig *rig, struct rp_wasm *wasm, rp_module **out_module,
                             rp_report *report)
{
    struct rp_span bytes = rp_wasm_finish(wasm);
    rp_instance *instance = NULL;
    rp_outcome outcome;
    *out_module = NULL;
    assert_int_equal(rp_module_load(rig->engine, bytes.data, bytes.size, out_module, report),
                     RP_OK);
    return rp_store_instantiate(rig->store, *out_module, &instance, &outcome, report);
}

static void make_offer(struct rp_rig *rig)
{
    struct rp_wasm wasm;
    build_offer(&wasm);
    rp_rig_init(rig, rp_wasm_finish(&wasm), NULL);
    rp_wasm_deinit(&wasm);
    assert_int_equal(rp_store_register(rig->store, (rp_name){"m", 1}, rig->instance, NULL), RP_OK);
}

static void end_rig(struct rp_rig *rig, rp_module **modules, size_t count)
{
    rp_store_destroy(rig->store);
    rig->store = NULL;
    for (size_t i = 0; i < count; i++) {
        rp_module_destroy(modules[i]);
    }
    rp_rig_deinit(rig);
}

static void import_accepts_exactly_what_matches(void **state)
{
    (void)state;
    struct rp_rig rig;
    rp_module *modules[RP_ARRAY_COUNT(wanted_imports)];
    make_offer(&rig);
    for (size_t i = 0; i < RP_ARRAY_COUNT(wanted_imports); i++) {
        const struct wanted *wanted = &wanted_imports[i];
        struct rp_wasm wasm;
        rp_report report = {0};
        rp_wasm_init(&wasm);
        add_import(&wasm, wanted);
        rp_status status = link_module(&rig, &wasm, &modules[i], &report);
        if (status != (wanted->fits ? RP_OK : RP_ERROR_IMPORT)) {
            print_error("%zu \"%s\" %s: %s %s\n", i, wanted->name, wanted->type,
                        rp_status_name(status), report.text);
        }
        assert_int_equal(status, wanted->fits ? RP_OK : RP_ERROR_IMPORT);
        assert_true(wanted->fits || strstr(report.text, wanted->name) != NULL);
        rp_wasm_deinit(&wasm);
    }
    end_rig(&rig, modules, RP_ARRAY_COUNT(modules));
}

/* A growth is seen by later imports: their minimum is compared with the present size. */
static void import_is_compared_with_the_present_size(void **state)
{
    (void)state;
    static const struct wanted grown[] = {{"memory", RP_EXTERN_MEMORY, "", 3, 4, true},
                                          {"t", RP_EXTERN_TABLE, "r", 15, 20, true}};
    struct rp_rig rig;
    rp_module *modules[4];
    size_t count = 0;
    make_offer(&rig);
    for (int step = 0; step < 2; step++) {
        for (size_t i = 0; i < RP_ARRAY_COUNT(grown); i++) {
            struct rp_wasm wasm;
            rp_report report = {0};
            rp_wasm_init(&wasm);
            add_import(&wasm, &grown[i]);
            rp_status status = link_module(&rig, &wasm, &modules[count++], &report);
            assert_int_equal(status, step == 0 ? RP_ERROR_IMPORT : RP_OK);
            rp_wasm_deinit(&wasm);
        }
        if (step == 0) {
            assert_int_equal(rp_rig_call(&rig, "grow_memory", "i", 1), RP_OUTCOME_RETURNED);
            assert_true(rig.results[0].of.i64 == 2);
            assert_int_equal(rp_rig_call(&rig, "grow_table", "i", 5), RP_OUTCOME_RETURNED);
            assert_true(rig.results[0].of.i64 == 10);
        }
    }
    end_rig(&rig, modules, count);
}

static void refusal_lists_every_import_that_is_missing(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    rp_module *module;
    rp_report report = {0};
    make_offer(&rig);
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "il", "f");
    rp_wasm_import_func(&wasm, "m", "nowhere", type);
    rp_wasm_import_func(&wasm, "m", "g", type);
    rp_wasm_import_func(&wasm, "elsewhere", "h", type);
    rp_wasm_import_global(&wasm, "m", "fixed", 'i', false);
    assert_int_equal(link_module(&rig, &wasm, &module, &report), RP_ERROR_IMPORT);
    assert_non_null(strstr(report.text, "nowhere"));
    assert_non_null(strstr(report.text, "elsewhere"));
    assert_non_null(strstr(report.text, "(i32, i64) -> (f32)")); /* wanted */
    assert_non_null(strstr(report.text, "() -> ()"));            /* offered as g */
    assert_null(strstr(report.text, "fixed"));
    rp_wasm_deinit(&wasm);
    end_rig(&rig, &module, 1);
}

/* A refused module leaves nothing behind: neither objects nor segments written. */
static void refused_import_changes_nothing(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    rp_module *module;
    rp_report report = {0};
    uint8_t byte = 0;
    make_offer(&rig);
    uint64_t memory_bytes = rp_store_memory_bytes(rig.store);
    uint64_t gas = rp_store_gas_used(rig.store);
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "", "");
    rp_wasm_import_memory(&wasm, "m", "memory", 1, NONE);
    rp_wasm_import_func(&wasm, "m", "nowhere", type);
    rp_wasm_data(&wasm, 0, "\xff", 1);
    assert_int_equal(link_module(&rig, &wasm, &module, &report), RP_ERROR_IMPORT);
    uint32_t memory = rp_rig_export(&rig, "memory", RP_EXTERN_MEMORY);
    assert_int_equal(rp_store_memory_read(rig.store, memory, 0, &byte, 1), RP_OK);
    assert_int_equal(byte, 0);
    assert_true(rp_store_memory_bytes(rig.store) == memory_bytes);
    assert_true(rp_store_gas_used(rig.store) == gas);
    rp_wasm_deinit(&wasm);
    end_rig(&rig, &module, 1);
}

/* One object may be imported many times, under several indices, and exported again. */
static void object_imported_twice_is_one_object(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    rp_module *module;
    rp_instance *instance = NULL;
    rp_outcome outcome;
    rp_extern first;
    rp_extern second;
    make_offer(&rig);
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "", "");
    rp_wasm_import_global(&wasm, "m", "free", 'l', true);
    rp_wasm_import_global(&wasm, "m", "free", 'l', true);
    rp_wasm_export(&wasm, "a", RP_EXTERN_GLOBAL, 0);
    rp_wasm_export(&wasm, "b", RP_EXTERN_GLOBAL, 1);
    uint32_t start = rp_wasm_func_begin(&wasm, type, "");
    rp_wasm_op_index(&wasm, RP_OP_global_get, 1);
    rp_wasm_i64_const(&wasm, 40);
    rp_wasm_op(&wasm, RP_OP_i64_add);
    rp_wasm_op_index(&wasm, RP_OP_global_set, 0);
    rp_wasm_func_end(&wasm);
    rp_wasm_start(&wasm, start);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    assert_int_equal(rp_module_load(rig.engine, bytes.data, bytes.size, &module, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(rig.store, module, &instance, &outcome, NULL), RP_OK);
    assert_int_equal(rp_instance_export(instance, (rp_name){"a", 1}, &first), RP_OK);
    assert_int_equal(rp_instance_export(instance, (rp_name){"b", 1}, &second), RP_OK);
    assert_int_equal(first.index, second.index);
    assert_int_equal(first.index, rp_rig_export(&rig, "free", RP_EXTERN_GLOBAL));
    rp_value value;
    assert_int_equal(rp_store_global_get(rig.store, first.index, &value), RP_OK);
    assert_true(value.of.i64 == 42);
    rp_wasm_deinit(&wasm);
    end_rig(&rig, &module, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(import_accepts_exactly_what_matches),
        cmocka_unit_test(import_is_compared_with_the_present_size),
        cmocka_unit_test(refusal_lists_every_import_that_is_missing),
        cmocka_unit_test(refused_import_changes_nothing),
        cmocka_unit_test(object_imported_twice_is_one_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
