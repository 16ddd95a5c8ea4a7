/* Stores worth a snapshot (layer 7, tests). The programs are pinned by golden files: one that is
 * changed needs them written anew. */
#include "tests/snapshot/sample.h"

#include "core/assert.h"

#include <stdio.h>
#include <string.h>

const char *const rp_sample_names[RP_SAMPLE_COUNT] = {
    "empty", "counter", "recursion", "files", "pending", "completed", "continuation", "objects",
};

#define EXTERNAL 0x123456789u

static void require(rp_status status, const rp_report *report)
{
    if (status != RP_OK) {
        (void)fprintf(stderr, "%s: %s\n", rp_status_name(status), report->text);
    }
    RP_ASSERT(status == RP_OK);
}

/* ---- the programs ---- */

static void get(struct rp_wasm *wasm, uint32_t local)
{
    rp_wasm_op_index(wasm, RP_OP_local_get, local);
}

/* add(n): adds n to a global, keeps it in memory too, answers it. */
static void build_counter(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "i", "i");
    rp_wasm_memory(wasm, 1, 2);
    rp_wasm_global_i32(wasm, true, 100);
    rp_wasm_data(wasm, 0x2ff0, "the last bytes of a page", 24);
    uint32_t add = rp_wasm_func_begin(wasm, type, "");
    rp_wasm_i32_const(wasm, 0x1010);
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    get(wasm, 0);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_global_set, 0);
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_store, 2, 0);
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "run", RP_EXTERN_FUNC, add);
}

/* sum(n) = n + sum(n - 1), with a float and a long at hand. */
static void build_recursion(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "i", "i");
    uint32_t sum = rp_wasm_func_begin(wasm, type, "ld");
    rp_wasm_f64_const(wasm, UINT64_C(0x7ff8000000000000));
    rp_wasm_op_index(wasm, RP_OP_local_set, 2);
    rp_wasm_i64_const(wasm, -1);
    rp_wasm_op_index(wasm, RP_OP_local_set, 1);
    get(wasm, 0);
    rp_wasm_op(wasm, RP_OP_i32_eqz);
    rp_wasm_block(wasm, RP_OP_if, RP_WASM_VOID);
    rp_wasm_i32_const(wasm, 7);
    rp_wasm_op(wasm, RP_OP_return);
    rp_wasm_op(wasm, RP_OP_end);
    get(wasm, 0);
    get(wasm, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_sub);
    rp_wasm_op_index(wasm, RP_OP_call, sum);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "run", RP_EXTERN_FUNC, sum);
    rp_wasm_name_func(wasm, sum, "sum");
}

/* Counts local 0 down to 0 and drops the time that takes. */
static void build_spin(struct rp_wasm *wasm)
{
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    get(wasm, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_sub);
    rp_wasm_op_index(wasm, RP_OP_local_tee, 0);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
}

/* Memory of `files`. */
enum {
    FD_GONE = 0x20,
    FD_KEPT = 0x24,
    COUNT = 0x28,
    NAME_GONE = 0x100,
    NAME_KEPT = 0x120,
    VECTOR_TEXT = 0x200,
    VECTOR_ZEROS = 0x210,
    TEXT = 0x300,
    ZEROS = 0x2000,
    ANSWER = 0x400
};

static void open_file(struct rp_wasm *wasm, uint32_t path_open, int32_t name, int32_t name_size,
                      int32_t fd)
{
    rp_wasm_i32_const(wasm, 3);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, name);
    rp_wasm_i32_const(wasm, name_size);
    rp_wasm_i32_const(wasm, 1); /* create */
    rp_wasm_i64_const(wasm, 0x1fffffff);
    rp_wasm_i64_const(wasm, 0x1fffffff);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, fd);
    rp_wasm_op_index(wasm, RP_OP_call, path_open);
    rp_wasm_op(wasm, RP_OP_drop);
}

/* fd_read, fd_write: descriptor, vectors, their count, where the count of bytes goes. */
static void transfer(struct rp_wasm *wasm, uint32_t func, int32_t fd, int32_t vector)
{
    rp_wasm_i32_const(wasm, fd);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_i32_const(wasm, vector);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_i32_const(wasm, COUNT);
    rp_wasm_op_index(wasm, RP_OP_call, func);
    rp_wasm_op(wasm, RP_OP_drop);
}

/* run: makes two files, removes the name of one; spin(n): waits, then reads back from it. */
static void build_files(struct rp_wasm *wasm)
{
    static const char wasi[] = "wasi_snapshot_preview1";
    uint32_t open_type = rp_wasm_type(wasm, "iiiiillii", "i");
    uint32_t transfer_type = rp_wasm_type(wasm, "iiii", "i");
    uint32_t path_type = rp_wasm_type(wasm, "iii", "i");
    uint32_t seek_type = rp_wasm_type(wasm, "ilii", "i");
    uint32_t type = rp_wasm_type(wasm, "i", "i");
    uint32_t path_open = rp_wasm_import_func(wasm, wasi, "path_open", open_type);
    uint32_t fd_write = rp_wasm_import_func(wasm, wasi, "fd_write", transfer_type);
    uint32_t fd_read = rp_wasm_import_func(wasm, wasi, "fd_read", transfer_type);
    uint32_t unlink = rp_wasm_import_func(wasm, wasi, "path_unlink_file", path_type);
    uint32_t seek = rp_wasm_import_func(wasm, wasi, "fd_seek", seek_type);
    static const uint8_t vectors[24] = {0, 3, 0, 0, 32, 0,    0, 0, 0, 0,  0, 0,
                                        0, 0, 0, 0, 0,  0x20, 0, 0, 0, 16, 0, 0};
    rp_wasm_memory(wasm, 1, 1);
    rp_wasm_data(wasm, NAME_GONE, "gone.txt", 8);
    rp_wasm_data(wasm, NAME_KEPT, "kept.txt", 8);
    rp_wasm_data(wasm, TEXT, "what was written before it stops", 32);
    rp_wasm_data(wasm, VECTOR_TEXT, vectors, sizeof vectors);
    uint32_t run = rp_wasm_func_begin(wasm, type, "");
    open_file(wasm, path_open, NAME_GONE, 8, FD_GONE);
    open_file(wasm, path_open, NAME_KEPT, 8, FD_KEPT);
    transfer(wasm, fd_write, FD_GONE, VECTOR_TEXT);
    transfer(wasm, fd_write, FD_KEPT, VECTOR_ZEROS);
    transfer(wasm, fd_write, FD_KEPT, VECTOR_TEXT);
    rp_wasm_i32_const(wasm, 3);
    rp_wasm_i32_const(wasm, NAME_GONE);
    rp_wasm_i32_const(wasm, 8);
    rp_wasm_op_index(wasm, RP_OP_call, unlink);
    rp_wasm_func_end(wasm);
    uint32_t spin = rp_wasm_func_begin(wasm, type, "");
    build_spin(wasm);
    rp_wasm_i32_const(wasm, FD_GONE);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_i64_const(wasm, 5);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_i32_const(wasm, COUNT);
    rp_wasm_op_index(wasm, RP_OP_call, seek);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_i32_const(wasm, VECTOR_TEXT);
    rp_wasm_i32_const(wasm, ANSWER);
    rp_wasm_op_memory(wasm, RP_OP_i32_store, 2, 0);
    transfer(wasm, fd_read, FD_GONE, VECTOR_TEXT);
    rp_wasm_i32_const(wasm, ANSWER);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "run", RP_EXTERN_FUNC, run);
    rp_wasm_export(wasm, "spin", RP_EXTERN_FUNC, spin);
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, 0);
}

/* run(n) = ask(n) + 1000 */
static void build_pending(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "i", "i");
    uint32_t ask = rp_wasm_import_func(wasm, "host", "ask", type);
    uint32_t run = rp_wasm_func_begin(wasm, type, "");
    rp_wasm_i32_const(wasm, 1000);
    get(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_call, ask);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "run", RP_EXTERN_FUNC, run);
}

/* run(n) = forward(n) + 1, and forward has spin(n) called */
static void build_continuation(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "i", "i");
    uint32_t forward = rp_wasm_import_func(wasm, "host", "forward", type);
    uint32_t spin = rp_wasm_func_begin(wasm, type, "");
    build_spin(wasm);
    rp_wasm_i32_const(wasm, 20);
    rp_wasm_func_end(wasm);
    uint32_t run = rp_wasm_func_begin(wasm, type, "");
    get(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_call, forward);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "spin", RP_EXTERN_FUNC, spin);
    rp_wasm_export(wasm, "run", RP_EXTERN_FUNC, run);
}

static void build_library(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "i", "i");
    rp_wasm_memory(wasm, 1, RP_WASM_NO_MAX);
    rp_wasm_table(wasm, 'r', 4, 10);
    rp_wasm_global(wasm, true, (rp_value){.kind = RP_I64, .of.i64 = INT64_MIN});
    uint32_t spin = rp_wasm_func_begin(wasm, type, "l");
    build_spin(wasm);
    rp_wasm_i32_const(wasm, 3);
    rp_wasm_func_end(wasm);
    rp_wasm_elem(wasm, 0, 1, &spin, 1);
    rp_wasm_export(wasm, "m", RP_EXTERN_MEMORY, 0);
    rp_wasm_export(wasm, "t", RP_EXTERN_TABLE, 0);
    rp_wasm_export(wasm, "g", RP_EXTERN_GLOBAL, 0);
    rp_wasm_export(wasm, "spin", RP_EXTERN_FUNC, spin);
}

/* Imports all of the library; keeps references in locals and operands across the call that stops.
 */
static void build_objects(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "i", "i");
    uint32_t keep_type = rp_wasm_type(wasm, "x", "");
    uint32_t spin = rp_wasm_import_func(wasm, "lib", "spin", type);
    uint32_t ask = rp_wasm_import_func(wasm, "host", "ask", type);
    uint32_t nobody = rp_wasm_import_func(wasm, "no", "body", type);
    rp_wasm_import_table(wasm, "lib", "t", 'r', 4, RP_WASM_NO_MAX);
    rp_wasm_import_global(wasm, "lib", "g", 'l', true);
    rp_wasm_table(wasm, 'x', 2, 2);
    rp_wasm_memory(wasm, 0, 3);
    rp_wasm_global(wasm, false, (rp_value){.kind = RP_F32, .of.f32_bits = 0xffc00001});
    rp_wasm_global(wasm, true, (rp_value){.kind = RP_F64, .of.f64_bits = UINT64_C(1) << 63});
    rp_wasm_global(wasm, true, (rp_value){.kind = RP_FUNCREF, .of.ref = nobody});
    rp_wasm_global(wasm, true, (rp_value){.kind = RP_EXTERNREF, .of.ref = RP_REF_NULL});
    rp_wasm_elem_passive(wasm, (uint32_t[]){ask, spin}, 2);
    rp_wasm_elem_passive(wasm, (uint32_t[]){ask, nobody, ask}, 3);
    rp_wasm_data_passive(wasm, "gone", 4);
    rp_wasm_data_passive(wasm, "here", 4);
    uint32_t keep = rp_wasm_func_begin(wasm, keep_type, "");
    rp_wasm_i32_const(wasm, 1);
    get(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_table_set, 1);
    get(wasm, 0);
    rp_wasm_op_index(wasm, RP_OP_global_set, 4);
    rp_wasm_op_index(wasm, RP_OP_elem_drop, 0);
    rp_wasm_op_index(wasm, RP_OP_data_drop, 0);
    rp_wasm_func_end(wasm);
    uint32_t run = rp_wasm_func_begin(wasm, type, "rx");
    rp_wasm_op_index(wasm, RP_OP_ref_func, nobody);
    rp_wasm_op_index(wasm, RP_OP_local_set, 1);
    rp_wasm_op_index(wasm, RP_OP_global_get, 4); /* waits below the call */
    rp_wasm_i32_const(wasm, 40);
    get(wasm, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_indices(wasm, RP_OP_call_indirect, type, 0);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_local_set, 0);
    rp_wasm_op_index(wasm, RP_OP_local_set, 2);
    get(wasm, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "keep", RP_EXTERN_FUNC, keep);
    rp_wasm_export(wasm, "run", RP_EXTERN_FUNC, run);
}

/* ---- host functions ---- */

static rp_host_result ask(void *user, rp_caller *caller, const rp_value *args, rp_value *results)
{
    (void)user;
    (void)caller;
    (void)args;
    (void)results;
    return RP_HOST_PENDING;
}

static uint32_t find(const struct rp_sample *sample, uint32_t instance, const char *name)
{
    rp_extern object;
    rp_status status = rp_instance_export(rp_store_instance(sample->store, instance),
                                          (rp_name){name, strlen(name)}, &object);
    RP_ASSERT(status == RP_OK);
    return object.index;
}

/* Host functions trap where the state is not the sample's: fuzz targets bring others. */
static rp_host_result forward(void *user, rp_caller *caller, const rp_value *args,
                              rp_value *results)
{
    (void)results;
    struct rp_sample *sample = user;
    rp_extern object;
    const rp_instance *instance = rp_store_instance(sample->store, 0);
    bool found =
        instance != NULL && rp_instance_export(instance, (rp_name){"spin", 4}, &object) == RP_OK &&
        rp_caller_call_then(caller, object.index, args, 1, 100000, "left here", 9, NULL) == RP_OK;
    return found ? RP_HOST_CALL : RP_HOST_TRAP;
}

static rp_host_result go_on(void *user, rp_caller *caller, const rp_value *args, const void *state,
                            size_t state_size, const rp_outcome *outcome, const rp_value *returned,
                            size_t returned_count, rp_value *results)
{
    (void)user;
    (void)caller;
    (void)args;
    if (outcome->kind != RP_OUTCOME_RETURNED || returned_count != 1 || state_size != 9 ||
        memcmp(state, "left here", 9) != 0) {
        return RP_HOST_TRAP;
    }
    results[0].of.i32 = returned[0].of.i32 + 300;
    return RP_HOST_RETURN;
}

static void define_host(struct rp_sample *sample)
{
    static const rp_valkind number = RP_I32;
    rp_host_func func = {.struct_size = sizeof func,
                         .module = "host",
                         .name = "ask",
                         .type = {&number, 1, &number, 1},
                         .callback = ask,
                         .user = sample};
    require(rp_store_define_func(sample->store, &func, &sample->report), &sample->report);
    func.name = "forward";
    func.callback = forward;
    func.continue_callback = go_on;
    require(rp_store_define_func(sample->store, &func, &sample->report), &sample->report);
    require(rp_store_register_external(sample->store, EXTERNAL, &sample->report), &sample->report);
    rp_store_trap_unknown_imports(sample->store, true);
}

/* ---- making one ---- */

static void load(struct rp_sample *sample, void (*build)(struct rp_wasm *wasm))
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    build(&wasm);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    require(rp_module_load(sample->engine, bytes.data, bytes.size,
                           &sample->modules[sample->module_count++], &sample->report),
            &sample->report);
    rp_wasm_deinit(&wasm);
}

static void define_wasi(struct rp_sample *sample)
{
    static const char *const args[] = {"files", "\xff"};
    static const char *const env[] = {"A=1"};
    rp_wasi_config config;
    rp_wasi_config_init(&config);
    config.args = args;
    config.arg_count = 2;
    config.env = env;
    config.env_count = 1;
    require(rp_wasi_create(&config, &sample->wasi, &sample->report), &sample->report);
    require(rp_wasi_preopen(sample->wasi, "/data", false, &sample->report), &sample->report);
    require(rp_wasi_define(sample->wasi, sample->store, &sample->report), &sample->report);
}

static void (*const builders[RP_SAMPLE_COUNT])(struct rp_wasm *wasm) = {
    [RP_SAMPLE_COUNTER] = build_counter,   [RP_SAMPLE_RECURSION] = build_recursion,
    [RP_SAMPLE_FILES] = build_files,       [RP_SAMPLE_PENDING] = build_pending,
    [RP_SAMPLE_COMPLETED] = build_pending, [RP_SAMPLE_CONTINUATION] = build_continuation,
    [RP_SAMPLE_OBJECTS] = build_objects,
};

void rp_sample_load_all(struct rp_sample *sample)
{
    RP_ASSERT(sample->kind == RP_SAMPLE_EMPTY || sample->kind == RP_SAMPLE_FILES);
    load(sample, build_library);
    for (enum rp_sample_kind kind = RP_SAMPLE_EMPTY; kind < RP_SAMPLE_COUNT; kind++) {
        if (builders[kind] != NULL && kind != sample->kind && kind != RP_SAMPLE_COMPLETED) {
            load(sample, builders[kind]);
        }
    }
}

void rp_sample_make_empty(struct rp_sample *sample, enum rp_sample_kind kind, bool metered)
{
    *sample = (struct rp_sample){.kind = kind};
    rp_store_config config;
    rp_store_config_init(&config);
    config.memory_max_bytes = 1u << 20;
    config.stack_slots_max = 4096;
    config.call_depth_max = 256;
    config.seed = 11;
    config.ns_per_gas = 3;
    config.metered = metered;
    require(rp_engine_create(NULL, &sample->engine, &sample->report), &sample->report);
    require(rp_store_create(sample->engine, &config, &sample->store, &sample->report),
            &sample->report);
    define_host(sample);
    if (kind == RP_SAMPLE_FILES) {
        define_wasi(sample);
    }
    if (kind == RP_SAMPLE_OBJECTS) {
        load(sample, build_library);
    }
    if (builders[kind] != NULL) {
        load(sample, builders[kind]);
    }
}

static int64_t call(struct rp_sample *sample, uint32_t instance, const char *name, rp_value arg)
{
    rp_value result = {.kind = RP_I32};
    uint32_t func = find(sample, instance, name);
    size_t results = rp_store_func_type(sample->store, func).result_count;
    require(rp_store_call(sample->store, func, &arg, 1, &result, results, &sample->outcome,
                          &sample->report),
            &sample->report);
    return result.of.i32;
}

static rp_value number(int32_t value)
{
    return (rp_value){.kind = RP_I32, .of.i32 = value};
}

/* Calls, and stops after so much gas. */
static void call_some(struct rp_sample *sample, uint32_t instance, const char *name, int32_t arg,
                      int64_t gas)
{
    rp_store_set_until_gas(sample->store, (int64_t)rp_store_gas_used(sample->store) + gas);
    (void)call(sample, instance, name, number(arg));
    RP_ASSERT(sample->outcome.kind == RP_OUTCOME_SUSPENDED);
    rp_store_set_until_gas(sample->store, RP_GAS_UNLIMITED);
}

static void instantiate(struct rp_sample *sample)
{
    for (size_t i = 0; i < sample->module_count; i++) {
        rp_instance *instance = NULL;
        require(rp_store_instantiate(sample->store, sample->modules[i], &instance, &sample->outcome,
                                     &sample->report),
                &sample->report);
        RP_ASSERT(sample->outcome.kind == RP_OUTCOME_RETURNED);
        if (i + 1 < sample->module_count) {
            require(
                rp_store_register(sample->store, (rp_name){"lib", 3}, instance, &sample->report),
                &sample->report);
        }
    }
}

static void complete(struct rp_sample *sample)
{
    rp_pending pending;
    rp_value answer = number(42);
    require(rp_store_pending(sample->store, &pending), &sample->report);
    require(rp_store_complete(sample->store, pending.request, RP_HOST_RETURN, &answer, 1, NULL, 0,
                              &sample->report),
            &sample->report);
}

void rp_sample_make(struct rp_sample *sample, enum rp_sample_kind kind, bool metered)
{
    rp_sample_make_empty(sample, kind, metered);
    instantiate(sample);
    switch (kind) {
    case RP_SAMPLE_COUNTER:
        for (int32_t i = 1; i <= 3; i++) {
            (void)call(sample, 0, "run", number(i));
        }
        require(rp_store_set_embedder_data(sample->store, "mine", 4, &sample->report),
                &sample->report);
        (void)rp_store_random_u64(sample->store);
        rp_store_sleep_ns(sample->store, 12345);
        break;
    case RP_SAMPLE_RECURSION:
        call_some(sample, 0, "run", 60, 700);
        break;
    case RP_SAMPLE_FILES:
        (void)call(sample, 0, "run", number(0));
        call_some(sample, 0, "spin", 1000, 500);
        break;
    case RP_SAMPLE_PENDING:
    case RP_SAMPLE_COMPLETED:
        (void)call(sample, 0, "run", number(5));
        RP_ASSERT(sample->outcome.reason == RP_REASON_PENDING);
        if (kind == RP_SAMPLE_COMPLETED) {
            complete(sample);
        }
        break;
    case RP_SAMPLE_CONTINUATION:
        call_some(sample, 0, "run", 1000, 3000);
        break;
    case RP_SAMPLE_OBJECTS:
        (void)call(sample, 1, "keep", (rp_value){.kind = RP_EXTERNREF, .of.ref = EXTERNAL});
        call_some(sample, 1, "run", 100, 100);
        break;
    case RP_SAMPLE_EMPTY:
    case RP_SAMPLE_COUNT:
    default:
        break;
    }
}

int64_t rp_sample_finish(struct rp_sample *sample)
{
    rp_value result = {.kind = RP_I32};
    if (sample->kind == RP_SAMPLE_EMPTY) {
        return 0;
    }
    if (sample->kind == RP_SAMPLE_COUNTER) {
        return call(sample, 0, "run", number(1000));
    }
    if (sample->kind == RP_SAMPLE_PENDING) {
        complete(sample);
    }
    require(rp_store_resume(sample->store, &result, 1, &sample->outcome, &sample->report),
            &sample->report);
    RP_ASSERT(sample->outcome.kind == RP_OUTCOME_RETURNED);
    return result.of.i32;
}

void rp_sample_end(struct rp_sample *sample)
{
    rp_store_destroy(sample->store);
    rp_wasi_destroy(sample->wasi);
    for (size_t i = 0; i < sample->module_count; i++) {
        rp_module_destroy(sample->modules[i]);
    }
    rp_engine_destroy(sample->engine);
}
