/* The scene (tests): its two modules and its host functions. */
#include "tests/walks/scene.h"

#include "core/assert.h"
#include "reprise/snapshot.h"

#include <string.h>

/* ---- the library ---- */

/* fact(n) = n < 2 ? 1 : n * fact(n - 1) */
static void build_fact(struct rp_wasm *wasm, uint32_t type, uint32_t self)
{
    rp_wasm_func_begin(wasm, type, "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i64_const(wasm, 2);
    rp_wasm_op(wasm, RP_OP_i64_lt_u);
    rp_wasm_block(wasm, RP_OP_if, 'l');
    rp_wasm_i64_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_else);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i64_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i64_sub);
    rp_wasm_op_index(wasm, RP_OP_call, self);
    rp_wasm_op(wasm, RP_OP_i64_mul);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
}

/* swap(a, b) = (b, a) by way of a block with parameters */
static void build_swap(struct rp_wasm *wasm, uint32_t type)
{
    rp_wasm_func_begin(wasm, type, "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_block_type(wasm, RP_OP_block, type);
    rp_wasm_op_index(wasm, RP_OP_local_set, 1);
    rp_wasm_op_index(wasm, RP_OP_local_set, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_br, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
}

static struct rp_span build_library(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t fact_type = rp_wasm_type(wasm, "l", "l");
    uint32_t swap_type = rp_wasm_type(wasm, "il", "li");
    uint32_t start_type = rp_wasm_type(wasm, "", "");
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(wasm, 1, 8));
    rp_wasm_export(wasm, "table", RP_EXTERN_TABLE, rp_wasm_table(wasm, 'r', 4, 64));
    rp_wasm_export(wasm, "g", RP_EXTERN_GLOBAL, rp_wasm_global_i64(wasm, true, 1));
    build_fact(wasm, fact_type, 0);
    build_swap(wasm, swap_type);
    rp_wasm_start(wasm, rp_wasm_func_begin(wasm, start_type, ""));
    rp_wasm_i64_const(wasm, 5);
    rp_wasm_op_index(wasm, RP_OP_global_set, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "fact", RP_EXTERN_FUNC, 0);
    rp_wasm_export(wasm, "swap", RP_EXTERN_FUNC, 1);
    rp_wasm_elem(wasm, 0, 0, &(uint32_t){0}, 1);
    rp_wasm_data(wasm, 8, "library", 7);
    return rp_wasm_finish(wasm);
}

/* ---- the program ---- */

enum { MIX, TELL, UNKNOWN, FACT, SWAP }; /* its imported functions */
enum { FACT_TYPE, SWAP_TYPE, MIX_TYPE, TELL_TYPE, VOID_TYPE, RUN_TYPE };
enum { ROUND, SUM, FLAG }; /* locals of run */

static void push_all(struct rp_wasm *wasm, int32_t a, int32_t b, int32_t c)
{
    rp_wasm_i32_const(wasm, a);
    rp_wasm_i32_const(wasm, b);
    rp_wasm_i32_const(wasm, c);
}

/* Bulk work on the shared memory and table, both grown by a little, and segments dropped. */
static void build_bulk(struct rp_wasm *wasm)
{
    push_all(wasm, 100, 0, 12);
    rp_wasm_op_index(wasm, RP_OP_local_get, ROUND);
    rp_wasm_i32_const(wasm, RP_SCENE_ROUNDS);
    rp_wasm_op(wasm, RP_OP_i32_eq); /* once the segment is dropped, nothing is left to copy */
    rp_wasm_op(wasm, RP_OP_i32_mul);
    rp_wasm_op_indices(wasm, RP_OP_memory_init, 0, 0);
    rp_wasm_op_index(wasm, RP_OP_data_drop, 0);
    push_all(wasm, 300, 100, 40);
    rp_wasm_op_indices(wasm, RP_OP_memory_copy, 0, 0);
    push_all(wasm, 200, 77, 33);
    rp_wasm_op_index(wasm, RP_OP_memory_fill, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_index(wasm, RP_OP_memory_grow, 0);
    rp_wasm_op_index(wasm, RP_OP_local_set, FLAG);
    push_all(wasm, 1, 0, 2);
    rp_wasm_op_index(wasm, RP_OP_local_get, ROUND);
    rp_wasm_i32_const(wasm, RP_SCENE_ROUNDS);
    rp_wasm_op(wasm, RP_OP_i32_eq);
    rp_wasm_op(wasm, RP_OP_i32_mul);
    rp_wasm_op_indices(wasm, RP_OP_table_init, 0, 0);
    rp_wasm_op_index(wasm, RP_OP_elem_drop, 0);
    push_all(wasm, 2, 0, 2);
    rp_wasm_op_indices(wasm, RP_OP_table_copy, 0, 0);
    rp_wasm_op_index(wasm, RP_OP_ref_func, FACT);
    rp_wasm_i32_const(wasm, 6);
    rp_wasm_op_index(wasm, RP_OP_table_grow, 0);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_ref_null(wasm, 'x');
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_index(wasm, RP_OP_table_fill, 1);
}

/* sum += mix(round, sum); tell(); sum += the indirect call of fact(10) */
static void build_calls(struct rp_wasm *wasm)
{
    rp_wasm_op_index(wasm, RP_OP_local_get, ROUND);
    rp_wasm_op_index(wasm, RP_OP_local_get, SUM);
    rp_wasm_op_index(wasm, RP_OP_call, MIX);
    rp_wasm_op_index(wasm, RP_OP_local_get, SUM);
    rp_wasm_op(wasm, RP_OP_i64_add);
    rp_wasm_op_index(wasm, RP_OP_local_set, SUM);
    rp_wasm_op_index(wasm, RP_OP_call, TELL);
    rp_wasm_i64_const(wasm, 10);
    rp_wasm_i32_const(wasm, 5); /* grown into the table */
    rp_wasm_op_indices(wasm, RP_OP_call_indirect, FACT_TYPE, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, SUM);
    rp_wasm_op(wasm, RP_OP_i64_xor);
    rp_wasm_op_index(wasm, RP_OP_local_set, SUM);
    rp_wasm_op_index(wasm, RP_OP_local_get, ROUND);
    rp_wasm_op_index(wasm, RP_OP_local_get, SUM);
    rp_wasm_op_index(wasm, RP_OP_call, SWAP);
    rp_wasm_op_index(wasm, RP_OP_local_set, FLAG);
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_op(wasm, RP_OP_i64_add);
    rp_wasm_op_index(wasm, RP_OP_global_set, 0);
}

static void build_run(struct rp_wasm *wasm)
{
    uint32_t run = rp_wasm_func_begin(wasm, RUN_TYPE, "li");
    rp_wasm_export(wasm, "run", RP_EXTERN_FUNC, run);
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    build_bulk(wasm);
    build_calls(wasm);
    rp_wasm_op_index(wasm, RP_OP_local_get, ROUND);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_sub);
    rp_wasm_op_index(wasm, RP_OP_local_tee, ROUND);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op_index(wasm, RP_OP_global_get, 0);
    rp_wasm_i32_const(wasm, 300);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_func_end(wasm);
}

static struct rp_span build_program(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    rp_wasm_type(wasm, "l", "l");
    rp_wasm_type(wasm, "il", "li");
    rp_wasm_type(wasm, "il", "l");
    rp_wasm_type(wasm, "", "");
    rp_wasm_type(wasm, "", "");
    rp_wasm_type(wasm, "i", "li");
    rp_wasm_import_func(wasm, "host", "mix", MIX_TYPE);
    rp_wasm_import_func(wasm, "host", "tell", TELL_TYPE);
    rp_wasm_import_func(wasm, "nobody", "there", VOID_TYPE);
    rp_wasm_import_func(wasm, "lib", "fact", FACT_TYPE);
    rp_wasm_import_func(wasm, "lib", "swap", SWAP_TYPE);
    rp_wasm_import_memory(wasm, "lib", "memory", 1, 8);
    rp_wasm_import_table(wasm, "lib", "table", 'r', 4, 64);
    rp_wasm_import_global(wasm, "lib", "g", 'l', true);
    rp_wasm_table(wasm, 'x', 3, RP_WASM_NO_MAX);
    build_run(wasm);
    rp_wasm_elem_passive(wasm, (uint32_t[]){SWAP, UNKNOWN}, 2);
    rp_wasm_elem_declare(wasm, (uint32_t[]){FACT}, 1);
    rp_wasm_data_passive(wasm, "passive data", 12);
    return rp_wasm_finish(wasm);
}

/* ---- host functions ---- */

static rp_host_result answer(struct rp_scene_host *host, rp_caller *caller)
{
    host->calls++;
    if (host->calls != host->bend_call) {
        return RP_HOST_RETURN;
    }
    host->gas_at_bend = rp_store_gas_used(rp_caller_store(caller));
    host->host_at_bend = rp_store_gas(rp_caller_store(caller)).host;
    rp_caller_set_exit_code(caller, 300 + host->calls);
    rp_caller_message(caller, "bent");
    return host->bend;
}

/* Answers from its arguments, the seeded randomness and the memory, and moves the clock. */
static rp_host_result host_mix(void *user, rp_caller *caller, const rp_value *args,
                               rp_value *results)
{
    rp_store *store = rp_caller_store(caller);
    uint8_t *memory;
    uint64_t size;
    bool has_memory = rp_caller_memory(caller, &memory, &size);
    RP_ASSERT(has_memory && size >= 65536);
    rp_store_sleep_ns(store, 1000);
    memory[400]++;
    uint64_t sum = rp_store_random_u64(store) ^ rp_store_time_ns(store) ^ memory[8];
    results[0].of.i64 = (int64_t)(sum + (uint64_t)args[0].of.i32 + (uint64_t)args[1].of.i64);
    return answer(user, caller);
}

static uint64_t mix_price(void *user, rp_caller *caller, const rp_value *args)
{
    (void)user;
    (void)caller;
    return (uint64_t)args[0].of.i32 * 7;
}

static rp_host_result host_tell(void *user, rp_caller *caller, const rp_value *args,
                                rp_value *results)
{
    (void)args;
    (void)results;
    return answer(user, caller);
}

static rp_status define_mix(struct rp_scene *scene)
{
    static const rp_valkind kinds[] = {RP_I32, RP_I64};
    rp_host_func mix = {
        .struct_size = sizeof(rp_host_func),
        .module = "host",
        .name = "mix",
        .type = {.params = kinds, .param_count = 2, .results = kinds + 1, .result_count = 1},
        .callback = host_mix,
        .price = mix_price,
        .base_price = 11,
        .user = &scene->host,
    };
    return rp_store_define_func(scene->store, &mix, &scene->report);
}

static rp_status define_tell(struct rp_scene *scene)
{
    rp_host_func tell = {.struct_size = sizeof(rp_host_func),
                         .module = "host",
                         .name = "tell",
                         .callback = host_tell,
                         .user = &scene->host};
    return rp_store_define_func(scene->store, &tell, &scene->report);
}

/* ---- its life ---- */

void rp_scene_init(struct rp_scene *scene)
{
    *scene = (struct rp_scene){0};
    scene->bytes[0] = build_library(&scene->wasm[0]);
    scene->bytes[1] = build_program(&scene->wasm[1]);
}

void rp_scene_deinit(struct rp_scene *scene)
{
    rp_scene_unmake(scene);
    rp_wasm_deinit(&scene->wasm[0]);
    rp_wasm_deinit(&scene->wasm[1]);
}

static rp_status load(struct rp_scene *scene, size_t index, rp_module **out_module)
{
    return rp_module_load(scene->engine, scene->bytes[index].data, scene->bytes[index].size,
                          out_module, &scene->report);
}

static rp_status instantiate(struct rp_scene *scene, const rp_module *module)
{
    return rp_store_instantiate(scene->store, module, &scene->instance, &scene->outcome,
                                &scene->report);
}

static rp_status find_run(struct rp_scene *scene)
{
    rp_extern run;
    rp_status status = rp_instance_export(scene->instance, (rp_name){"run", 3}, &run);
    RP_ASSERT(status == RP_OK && run.kind == RP_EXTERN_FUNC);
    scene->run = run.index;
    return status;
}

#define STEP_COUNT 9

static rp_status make_step(struct rp_scene *scene, const rp_store_config *config)
{
    switch (scene->steps_done) {
    case 0:
        return rp_engine_create(NULL, &scene->engine, &scene->report);
    case 1:
        return load(scene, 0, &scene->library);
    case 2:
        return load(scene, 1, &scene->program);
    case 3:
        return rp_store_create(scene->engine, config, &scene->store, &scene->report);
    case 4:
        rp_store_trap_unknown_imports(scene->store, true);
        return define_mix(scene);
    case 5:
        return define_tell(scene);
    case 6:
        return instantiate(scene, scene->library);
    case 7:
        return rp_store_register(scene->store, (rp_name){"lib", 3}, scene->instance,
                                 &scene->report);
    default:
        return instantiate(scene, scene->program);
    }
}

rp_status rp_scene_make(struct rp_scene *scene, const rp_store_config *config)
{
    for (; scene->steps_done < STEP_COUNT; scene->steps_done++) {
        rp_status status = make_step(scene, config);
        if (status != RP_OK) {
            return status;
        }
    }
    return find_run(scene);
}

rp_status rp_scene_restore(struct rp_scene *scene, const void *snapshot, size_t size, bool metered)
{
    rp_snapshot_config config;
    rp_status status = rp_snapshot_read_config(snapshot, size, NULL, &config, &scene->report);
    rp_store_destroy(scene->store);
    scene->store = NULL;
    scene->instance = NULL;
    if (status == RP_OK) {
        config.store.metered = metered;
        status = rp_store_create(scene->engine, &config.store, &scene->store, &scene->report);
    }
    if (status == RP_OK) {
        status = define_mix(scene);
    }
    if (status == RP_OK) {
        status = define_tell(scene);
    }
    return status == RP_OK ? rp_store_restore(scene->store, snapshot, size, NULL, &scene->report)
                           : status;
}

void rp_scene_unmake(struct rp_scene *scene)
{
    rp_store_destroy(scene->store);
    rp_module_destroy(scene->program);
    rp_module_destroy(scene->library);
    rp_engine_destroy(scene->engine);
    scene->store = NULL;
    scene->program = NULL;
    scene->library = NULL;
    scene->engine = NULL;
    scene->steps_done = 0;
    scene->host = (struct rp_scene_host){0};
    scene->report = (rp_report){0};
}

rp_status rp_scene_call(struct rp_scene *scene, int32_t rounds)
{
    rp_value arg = {.kind = RP_I32, .of.i32 = rounds};
    return rp_store_call(scene->store, scene->run, &arg, 1, scene->results, 2, &scene->outcome,
                         &scene->report);
}

rp_status rp_scene_resume(struct rp_scene *scene)
{
    return rp_store_resume(scene->store, scene->results, 2, &scene->outcome, &scene->report);
}
