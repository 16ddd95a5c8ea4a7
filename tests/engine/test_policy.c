/* Claims about upload policies (include/reprise/reprise.h, rp_policy): each rule refuses what it is
 * for, by name, and lets the border case pass. */
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

/* ---- modules ---- */

static void build_plain(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "i", "i");
    rp_wasm_import_func(wasm, "env", "log", type);
    rp_wasm_import_func(wasm, "a.b", "c", type);
    rp_wasm_memory(wasm, 2, 3);
    rp_wasm_table(wasm, 'r', 5, 5);
    rp_wasm_global_i32(wasm, true, 0);
    rp_wasm_global_i64(wasm, true, 0);
    rp_wasm_export(wasm, "f", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, type, "il"));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, type, "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    for (int i = 0; i < 10; i++) {
        rp_wasm_op(wasm, RP_OP_nop);
    }
    rp_wasm_func_end(wasm);
    rp_wasm_data(wasm, 0, "x", 1);
    rp_wasm_data(wasm, 8, "y", 1);
}

static void build_open_memory(struct rp_wasm *wasm)
{
    rp_wasm_memory(wasm, 1, RP_WASM_NO_MAX);
}

static void build_start(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "", "");
    rp_wasm_start(wasm, rp_wasm_func_begin(wasm, type, ""));
    rp_wasm_func_end(wasm);
}

static void build_float_type(struct rp_wasm *wasm)
{
    rp_wasm_type(wasm, "if", "i");
}

static void build_float_global(struct rp_wasm *wasm)
{
    rp_wasm_global(wasm, false, (rp_value){.kind = RP_F64});
}

static void build_float_local(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "", "");
    rp_wasm_func_begin(wasm, type, "iid");
    rp_wasm_func_end(wasm);
}

static void build_float_block(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "", "");
    rp_wasm_func_begin(wasm, type, "");
    rp_wasm_block(wasm, RP_OP_block, 'f');
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_func_end(wasm);
}

static void build_float_code(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "", "");
    rp_wasm_func_begin(wasm, type, "");
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_f64_convert_i32_s);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_func_end(wasm);
}

static void build_bulk(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "", "");
    rp_wasm_memory(wasm, 1, 1);
    rp_wasm_func_begin(wasm, type, "");
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_memory_fill, 0);
    rp_wasm_func_end(wasm);
}

static rp_status check(void (*build)(struct rp_wasm *wasm), const rp_policy *policy,
                       rp_report *report)
{
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    rp_wasm_init(&wasm);
    build(&wasm);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(engine, bytes.data, bytes.size, &module, report), RP_OK);
    rp_policy sized = *policy;
    if (sized.struct_size == 0) {
        sized.struct_size = sizeof sized;
    }
    if (sized.module_bytes_max == UINT64_MAX - 1) { /* "one byte less than it has" */
        sized.module_bytes_max = bytes.size - 1;
    } else if (sized.module_bytes_max == UINT64_MAX) {
        sized.module_bytes_max = bytes.size;
    }
    rp_status status = rp_module_check_policy(module, &sized, report);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    rp_wasm_deinit(&wasm);
    return status;
}

/* ---- the rules ---- */

static const char *const none[] = {""};
static const char *const both[] = {"env.*", "a.b.c"};
static const char *const one[] = {"env.log", "a.b.d"};
static const char *const prefix[] = {"env.lo", "a.*"};
static const char *const exports[] = {"f"};
static const char *const other_exports[] = {"f", "g"};
static const char *const bulk[] = {"bulk-memory"};
static const char *const sign[] = {"sign-extension"};

static const struct {
    const char *rule; /* NULL: it passes */
    void (*build)(struct rp_wasm *wasm);
    rp_policy policy;
} cases[] = {
    {NULL, build_plain, {.refuse_floats = true, .refuse_simd = true, .refuse_start = true}},
    {NULL, build_plain, {.module_bytes_max = UINT64_MAX}},
    {"module_bytes_max", build_plain, {.module_bytes_max = UINT64_MAX - 1}},
    {NULL, build_plain, {.functions_max = 2}},
    {"functions_max", build_plain, {.functions_max = 1}},
    {NULL, build_plain, {.function_bytes_max = 14}},
    {"function_bytes_max", build_plain, {.function_bytes_max = 13}},
    {NULL, build_plain, {.globals_max = 2}},
    {"globals_max", build_plain, {.globals_max = 1}},
    {NULL, build_plain, {.data_segments_max = 2}},
    {"data_segments_max", build_plain, {.data_segments_max = 1}},
    {NULL, build_plain, {.table_elements_max = 5}},
    {"table_elements_max", build_plain, {.table_elements_max = 4}},
    {NULL, build_plain, {.memory_pages_max = 2}},
    {"memory_pages_max", build_plain, {.memory_pages_max = 1}},
    {NULL, build_plain, {.require_memory_maximum = true}},
    {"require_memory_maximum", build_open_memory, {.require_memory_maximum = true}},
    {NULL, build_start, {.refuse_floats = true}},
    {"refuse_start", build_start, {.refuse_start = true}},
    {NULL, build_float_type, {.refuse_simd = true}},
    {"refuse_floats", build_float_type, {.refuse_floats = true}},
    {"refuse_floats", build_float_global, {.refuse_floats = true}},
    {"refuse_floats", build_float_local, {.refuse_floats = true}},
    {"refuse_floats", build_float_block, {.refuse_floats = true}},
    {"refuse_floats", build_float_code, {.refuse_floats = true}},
    {NULL, build_bulk, {.features = bulk, .feature_count = 1}},
    {"features", build_bulk, {.features = sign, .feature_count = 1}},
    {"features", build_bulk, {.features = sign}},
    {NULL, build_plain, {.features = none, .feature_count = 1}},
    {NULL, build_plain, {.imports = both, .import_count = 2}},
    {"imports", build_plain, {.imports = both, .import_count = 1}},
    {"imports", build_plain, {.imports = one, .import_count = 2}},
    {"imports", build_plain, {.imports = prefix, .import_count = 2}},
    {"imports", build_plain, {.imports = none}},
    {NULL, build_bulk, {.imports = none}},
    {NULL, build_plain, {.exports = exports, .export_count = 1}},
    {"exports", build_plain, {.exports = other_exports, .export_count = 2}},
};

static void every_rule_refuses_by_name_and_passes_at_its_border(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        rp_report report = {0};
        rp_status status = check(cases[i].build, &cases[i].policy, &report);
        if (cases[i].rule == NULL) {
            if (status != RP_OK) {
                fail_msg("case %zu: %s", i, report.text);
            }
            continue;
        }
        if (status != RP_ERROR_POLICY ||
            strncmp(report.text, cases[i].rule, strlen(cases[i].rule)) != 0) {
            fail_msg("case %zu: %s: %s", i, cases[i].rule, report.text);
        }
    }
}

static void a_refused_instruction_is_told_with_its_offset(void **state)
{
    (void)state;
    const rp_policy policy = {.refuse_floats = true};
    rp_report report = {0};
    assert_int_equal(check(build_float_code, &policy, &report), RP_ERROR_POLICY);
    assert_true(report.has_offset);
    assert_non_null(strstr(report.text, "f64.convert_i32_s"));
}

static void unknown_sizes_of_the_structure_are_refused(void **state)
{
    (void)state;
    rp_report report = {0};
    const rp_policy larger = {.struct_size = sizeof larger + 1};
    assert_int_equal(check(build_plain, &larger, &report), RP_ERROR_ARGUMENT);
    assert_non_null(strstr(report.text, "struct_size"));
    const rp_policy smaller = {.struct_size = 8};
    assert_int_equal(check(build_plain, &smaller, NULL), RP_ERROR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_refuses_by_name_and_passes_at_its_border),
        cmocka_unit_test(a_refused_instruction_is_told_with_its_offset),
        cmocka_unit_test(unknown_sizes_of_the_structure_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
