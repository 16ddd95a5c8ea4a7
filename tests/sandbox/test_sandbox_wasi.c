/* Sandboxes with WASI and with an imported memory: what is set up, saved and restored (tests). */
#include "tests/sandbox/box.h"

/* `_initialize` sets a global to 5; `draw` answers it with 8 bytes of random_get added; `open`
 * opens a new file "f" and answers its descriptor, or minus the error number. */
static struct rp_span build_wasi(struct rp_wasm *wasm)
{
    const char *wasi = "wasi_snapshot_preview1";
    uint32_t random = rp_wasm_import_func(wasm, wasi, "random_get", rp_wasm_type(wasm, "ii", "i"));
    uint32_t open =
        rp_wasm_import_func(wasm, wasi, "path_open", rp_wasm_type(wasm, "iiiiillii", "i"));
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(wasm, 1, 1));
    uint32_t global = rp_wasm_global_i64(wasm, true, 0);
    rp_wasm_data(wasm, 64, "f", 1);

    uint32_t func = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "", ""), "");
    rp_wasm_i64_const(wasm, 5);
    rp_wasm_op_index(wasm, RP_OP_global_set, global);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "_initialize", RP_EXTERN_FUNC, func);

    func = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "", "l"), "");
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_op_index(wasm, RP_OP_call, random);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_op_memory(wasm, RP_OP_i64_load, 3, 0);
    rp_wasm_op_index(wasm, RP_OP_global_get, global);
    rp_wasm_op(wasm, RP_OP_i64_add);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "draw", RP_EXTERN_FUNC, func);

    func = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "", "l"), "i");
    const int32_t args[] = {3, 0, 64, 1, 1};
    for (int i = 0; i < 5; i++) {
        rp_wasm_i32_const(wasm, args[i]);
    }
    rp_wasm_i64_const(wasm, 64); /* the right to write */
    rp_wasm_i64_const(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 32);
    rp_wasm_op_index(wasm, RP_OP_call, open);
    rp_wasm_op_index(wasm, RP_OP_local_tee, 0);
    rp_wasm_block(wasm, RP_OP_if, 'l');
    rp_wasm_i64_const(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op(wasm, RP_OP_i64_extend_i32_u);
    rp_wasm_op(wasm, RP_OP_i64_sub);
    rp_wasm_op(wasm, RP_OP_else);
    rp_wasm_i32_const(wasm, 32);
    rp_wasm_op_memory(wasm, RP_OP_i64_load32_u, 2, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "open", RP_EXTERN_FUNC, func);
    return rp_wasm_finish(wasm);
}

static void create_wasi(struct box *box)
{
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    config.wasi = true;
    box_create(box, NULL, &config);
}

static void load_wasi(struct box *box)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    struct rp_span bytes = build_wasi(&wasm);
    if (rp_sandbox_load(box->sandbox, bytes.data, bytes.size, &box->error) != RP_SANDBOX_OK) {
        fail_msg("load: %s", box->error.message);
    }
    rp_wasm_deinit(&wasm);
}

static void files_and_randomness_are_saved_and_restored(void **state)
{
    (void)state;
    struct box box;
    char drawn[32];
    create_wasi(&box);
    load_wasi(&box);
    box_expect(&box, "open", NULL, "4");
    rp_bytes bytes = {0};
    box_snapshot(&box, &bytes);
    assert_int_equal(box_execute(&box, "draw", NULL), RP_SANDBOX_OK);
    strcpy(drawn, box.result.value);
    box_expect(&box, "open", NULL, "5");
    box_restore(&box, &bytes);
    assert_int_equal(box_execute(&box, "draw", NULL), RP_SANDBOX_OK);
    assert_string_equal(box.result.value, drawn);
    box_expect(&box, "open", NULL, "5");
    rp_bytes_release(&bytes);
    box_deinit(&box);
}

static void files_are_rolled_back(void **state)
{
    (void)state;
    struct box box;
    create_wasi(&box);
    load_wasi(&box);
    uint64_t gas = 0;
    rp_execute_options options = {.struct_size = sizeof options, .gas = &gas};
    rp_sandbox_error_code code = RP_SANDBOX_GAS_EXHAUSTED;
    while (code == RP_SANDBOX_GAS_EXHAUSTED) { /* at every gas, also behind the host call */
        code = box_execute_with(&box, "open", NULL, &options);
        gas++;
    }
    assert_int_equal(code, RP_SANDBOX_OK);
    assert_string_equal(box.result.value, "4");
    box_deinit(&box);
}

static void initialize_is_called_by_load_with_wasi_alone(void **state)
{
    (void)state;
    struct box box;
    create_wasi(&box);
    load_wasi(&box);
    rp_value global;
    assert_int_equal(rp_store_global_get(rp_sandbox_store(box.sandbox), 0, &global), RP_OK);
    assert_int_equal(global.of.i64, 5);
    box_deinit(&box);

    box_create(&box, NULL, NULL);
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    struct rp_span bytes = build_wasi(&wasm);
    assert_int_equal(rp_sandbox_load(box.sandbox, bytes.data, bytes.size, &box.error),
                     RP_SANDBOX_INVALID_MODULE);
    assert_string_equal(box.error.function, "wasi_snapshot_preview1.random_get");
    rp_wasm_deinit(&wasm);
    box_deinit(&box);
}

static void an_imported_memory_is_saved_and_restored(void **state)
{
    (void)state;
    struct box box;
    box_create(&box, NULL, NULL);
    struct guest_options options = {.imports_memory = true, .pages = 2};
    assert_int_equal(box_load(&box, &options), RP_SANDBOX_OK);
    box_expect(&box, "bump", NULL, "1");
    rp_bytes bytes = {0};
    rp_bytes again = {0};
    box_snapshot(&box, &bytes);
    box_expect(&box, "bump", NULL, "2");
    box_expect(&box, "hog", NULL, "256");
    box_restore(&box, &bytes);
    assert_int_equal(box_metrics(&box).memory_bytes, 2 * 65536);
    box_snapshot(&box, &again);
    assert_int_equal(bytes.size, again.size);
    assert_memory_equal(bytes.data, again.data, bytes.size);
    box_expect(&box, "bump", NULL, "2");
    box_expect(&box, "echo", "[1]", "[1]");
    box_expect(&box, "hog", NULL, "256");
    rp_bytes_release(&bytes);
    rp_bytes_release(&again);
    box_deinit(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_randomness_are_saved_and_restored),
        cmocka_unit_test(files_are_rolled_back),
        cmocka_unit_test(initialize_is_called_by_load_with_wasi_alone),
        cmocka_unit_test(an_imported_memory_is_saved_and_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
