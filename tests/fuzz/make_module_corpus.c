/* Writes the corpus of fuzz_module (tests): small programs, each with something of its own. Run by
 * hand when a part is added: make_module_corpus FOLDER. */
#include "tests/support/wasm_builder.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t begin(struct rp_wasm *wasm, const char *params, const char *results,
                      const char *locals)
{
    uint32_t func = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, params, results), locals);
    char name[16];
    (void)snprintf(name, sizeof name, "f%u", func);
    rp_wasm_export(wasm, name, RP_EXTERN_FUNC, func);
    return func;
}

static void write_empty(struct rp_wasm *wasm)
{
    (void)wasm;
}

/* Sums down from 10 in a loop, by way of if and br_if. */
static void write_loop(struct rp_wasm *wasm)
{
    begin(wasm, "i", "i", "ii");
    rp_wasm_i32_const(wasm, 10);
    rp_wasm_op_index(wasm, RP_OP_local_set, 1);
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op_index(wasm, RP_OP_local_get, 2);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_local_set, 2);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_sub);
    rp_wasm_op_index(wasm, RP_OP_local_tee, 1);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op_index(wasm, RP_OP_local_get, 2);
    rp_wasm_block(wasm, RP_OP_if, 'i');
    rp_wasm_op_index(wasm, RP_OP_local_get, 2);
    rp_wasm_op(wasm, RP_OP_else);
    rp_wasm_i32_const(wasm, -1);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
}

static void write_recursion(struct rp_wasm *wasm)
{
    uint32_t self = begin(wasm, "l", "l", "l");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i64_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i64_add);
    rp_wasm_op_index(wasm, RP_OP_call, self);
    rp_wasm_func_end(wasm);
}

static void write_memory(struct rp_wasm *wasm)
{
    rp_wasm_memory(wasm, 1, 3);
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, 0);
    rp_wasm_data(wasm, 8, "reprise", 7);
    rp_wasm_data_passive(wasm, "passive", 7);
    begin(wasm, "i", "i", "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_memory(wasm, RP_OP_i64_load, 3, 8);
    rp_wasm_op_memory(wasm, RP_OP_i64_store, 3, 64);
    rp_wasm_i32_const(wasm, 100);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 7);
    rp_wasm_op_indices(wasm, RP_OP_memory_init, 1, 0);
    rp_wasm_i32_const(wasm, 200);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 150);
    rp_wasm_op_indices(wasm, RP_OP_memory_copy, 0, 0);
    rp_wasm_i32_const(wasm, 400);
    rp_wasm_i32_const(wasm, 7);
    rp_wasm_i32_const(wasm, 33);
    rp_wasm_op_index(wasm, RP_OP_memory_fill, 0);
    rp_wasm_op_index(wasm, RP_OP_data_drop, 1);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_index(wasm, RP_OP_memory_grow, 0);
    rp_wasm_op_index(wasm, RP_OP_memory_size, 0);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
}

static void write_tables(struct rp_wasm *wasm)
{
    uint32_t target = rp_wasm_type(wasm, "", "i");
    rp_wasm_table(wasm, 'r', 4, 20);
    rp_wasm_table(wasm, 'x', 2, RP_WASM_NO_MAX);
    rp_wasm_elem(wasm, 0, 1, (uint32_t[]){0, 1}, 2);
    rp_wasm_elem_passive(wasm, (uint32_t[]){1, 0}, 2);
    rp_wasm_func_begin(wasm, target, "");
    rp_wasm_i32_const(wasm, 5);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "i", ""), "");
    rp_wasm_func_end(wasm);
    begin(wasm, "", "i", "");
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 2);
    rp_wasm_op_indices(wasm, RP_OP_table_init, 1, 0);
    rp_wasm_i32_const(wasm, 2);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, 2);
    rp_wasm_op_indices(wasm, RP_OP_table_copy, 0, 0);
    rp_wasm_op_index(wasm, RP_OP_elem_drop, 1);
    rp_wasm_ref_null(wasm, 'r');
    rp_wasm_i32_const(wasm, 3);
    rp_wasm_op_index(wasm, RP_OP_table_grow, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_indices(wasm, RP_OP_call_indirect, target, 0);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
    begin(wasm, "i", "i", "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_indices(wasm, RP_OP_call_indirect, target, 0);
    rp_wasm_func_end(wasm);
}

static void write_floats(struct rp_wasm *wasm)
{
    static const enum rp_op unary[] = {RP_OP_f64_sqrt, RP_OP_f64_neg, RP_OP_f64_nearest};
    static const enum rp_op binary[] = {RP_OP_f64_div, RP_OP_f64_mul, RP_OP_f64_min,
                                        RP_OP_f64_copysign};
    begin(wasm, "dd", "dil", "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    for (size_t i = 0; i < RP_ARRAY_COUNT(binary); i++) {
        rp_wasm_op_index(wasm, RP_OP_local_get, 1);
        rp_wasm_op(wasm, binary[i]);
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(unary); i++) {
        rp_wasm_op(wasm, unary[i]);
    }
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op(wasm, RP_OP_f32_demote_f64);
    rp_wasm_op(wasm, RP_OP_i32_trunc_sat_f32_s);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op(wasm, RP_OP_i64_trunc_f64_u);
    rp_wasm_func_end(wasm);
}

static void write_br_table(struct rp_wasm *wasm)
{
    uint32_t pair = rp_wasm_type(wasm, "", "il");
    begin(wasm, "i", "il", "");
    rp_wasm_block_type(wasm, RP_OP_block, pair);
    rp_wasm_f32_const(wasm, 1);
    rp_wasm_i32_const(wasm, 9);
    rp_wasm_i64_const(wasm, 8);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_br_table(wasm, (uint32_t[]){0, 1, 0}, 3, 1);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
}

static void write_imports(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "ii", "i");
    uint32_t host = rp_wasm_import_func(wasm, "env", "f", type);
    begin(wasm, "", "i", "");
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_i32_const(wasm, 2);
    rp_wasm_op_index(wasm, RP_OP_call, host);
    rp_wasm_func_end(wasm);
    rp_wasm_name_func(wasm, host, "host");
    rp_wasm_name_func(wasm, host + 1, "caller");
}

static void write_start(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "", "");
    rp_wasm_global_i64(wasm, true, 7);
    rp_wasm_global(wasm, false, (rp_value){.kind = RP_FUNCREF, .of.ref = 0});
    rp_wasm_export(wasm, "g", RP_EXTERN_GLOBAL, 0);
    uint32_t start = rp_wasm_func_begin(wasm, type, "");
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_i64_const(wasm, -3);
    rp_wasm_op(wasm, RP_OP_i64_div_s);
    rp_wasm_op_index(wasm, RP_OP_global_set, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_start(wasm, start);
    begin(wasm, "", "l", "");
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_op_index(wasm, RP_OP_global_get, 1);
    rp_wasm_op(wasm, RP_OP_ref_is_null);
    rp_wasm_op(wasm, RP_OP_i64_extend_i32_u);
    rp_wasm_op(wasm, RP_OP_i64_rotl);
    rp_wasm_func_end(wasm);
}

static void write_traps(struct rp_wasm *wasm)
{
    begin(wasm, "i", "i", "");
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op(wasm, RP_OP_i32_div_u);
    rp_wasm_func_end(wasm);
    begin(wasm, "x", "r", "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op(wasm, RP_OP_ref_is_null);
    rp_wasm_block(wasm, RP_OP_if, RP_WASM_VOID);
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_ref_null(wasm, 'r');
    rp_wasm_func_end(wasm);
}

/* No instruction that is reached has an entry in the side table, which is empty. */
static void write_no_side_table(struct rp_wasm *wasm)
{
    begin(wasm, "i", "", "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_func_end(wasm);
}

static const struct {
    const char *name;
    void (*write)(struct rp_wasm *wasm);
} seeds[] = {
    {"empty", write_empty},
    {"loop", write_loop},
    {"recursion", write_recursion},
    {"memory", write_memory},
    {"tables", write_tables},
    {"floats", write_floats},
    {"br_table", write_br_table},
    {"imports", write_imports},
    {"start", write_start},
    {"traps", write_traps},
    {"no_side_table", write_no_side_table},
};

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_module_corpus FOLDER\n");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(seeds); i++) {
        char path[4096];
        struct rp_wasm wasm;
        rp_wasm_init(&wasm);
        seeds[i].write(&wasm);
        struct rp_span bytes = rp_wasm_finish(&wasm);
        (void)snprintf(path, sizeof path, "%s/%s.wasm", argv[1], seeds[i].name);
        FILE *file = fopen(path, "wb");
        bool good = file != NULL && fwrite(bytes.data, 1, bytes.size, file) == bytes.size;
        good = file != NULL && fclose(file) == 0 && good;
        rp_wasm_deinit(&wasm);
        if (!good) {
            perror(path);
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
