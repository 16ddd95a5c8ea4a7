/* Tests of snapshot/root.c: the root that a store keeps up to date is that of its snapshot,
 * whatever has changed it and however the change was found. */
#include "core/platform_dirty.h"
#include "determinism/pcg64.h"
#include "snapshot/root.h"
#include "snapshot/wsnp.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGES_MAX 24
#define COMPONENTS_MAX 24u

/* ---- a store with a memory that guest and host write ---- */

struct world {
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance;
    struct rp_pcg64 pcg; /* of the host function */
    bool asks_root;      /* inside of the host function */
    rp_status asked;
    rp_report report;
};

/* Writes where the guest says, through the borrowed pointer. */
static rp_host_result touch(void *user, rp_caller *caller, const rp_value *args, rp_value *results)
{
    struct world *world = user;
    uint8_t *data = NULL;
    uint64_t size = 0;
    (void)results;
    assert_true(rp_caller_memory(caller, &data, &size));
    data[(uint32_t)args[0].of.i32 % size] = (uint8_t)rp_pcg64_next(&world->pcg);
    if (world->asks_root) {
        uint8_t root[RP_ROOT_BYTES];
        world->asked = rp_store_root(rp_caller_store(caller), root, NULL, NULL, NULL);
    }
    return RP_HOST_RETURN;
}

static void build_module(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t one = rp_wasm_type(wasm, "i", "");
    uint32_t three = rp_wasm_type(wasm, "iii", "");
    uint32_t answer = rp_wasm_type(wasm, "i", "i");
    uint32_t touched = rp_wasm_import_func(wasm, "env", "touch", one);
    uint32_t memory = rp_wasm_memory(wasm, 2, PAGES_MAX);
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, memory);
    uint32_t global = rp_wasm_global_i64(wasm, true, 5);
    rp_wasm_export(wasm, "global", RP_EXTERN_GLOBAL, global);
    uint32_t table = rp_wasm_table(wasm, 'r', 3, 9);
    rp_wasm_export(wasm, "table", RP_EXTERN_TABLE, table);
    rp_wasm_elem(wasm, table, 1, &touched, 1);
    static const uint8_t words[] = "begin";
    rp_wasm_data(wasm, 70000, words, sizeof words);

    rp_wasm_export(wasm, "fill", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, three, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op_index(wasm, RP_OP_local_get, 2);
    rp_wasm_op_index(wasm, RP_OP_memory_fill, 0);
    rp_wasm_func_end(wasm);

    rp_wasm_export(wasm, "grow", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, answer, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_memory_grow, 0);
    rp_wasm_func_end(wasm);

    rp_wasm_export(wasm, "touch", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, one, ""));
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_call, touched);
    rp_wasm_func_end(wasm);

    /* Calls itself n deep, writing a word at each depth. */
    uint32_t deep = rp_wasm_func_begin(wasm, one, "i");
    rp_wasm_export(wasm, "deep", RP_EXTERN_FUNC, deep);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_block(wasm, RP_OP_if, RP_WASM_VOID);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, 4099);
    rp_wasm_op(wasm, RP_OP_i32_mul);
    rp_wasm_i32_const(wasm, 77);
    rp_wasm_op_memory(wasm, RP_OP_i32_store, 0, 4);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, -1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_call, deep);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
}

static void require(rp_status status, const rp_report *report)
{
    if (status != RP_OK) {
        (void)fprintf(stderr, "%s: %s\n", rp_status_name(status), report->text);
    }
    assert_int_equal(status, RP_OK);
}

static void init_world(struct world *world, bool metered)
{
    memset(world, 0, sizeof *world);
    rp_pcg64_seed_u64(&world->pcg, 3);
    build_module(&world->wasm);
    struct rp_span bytes = rp_wasm_finish(&world->wasm);
    require(rp_engine_create(NULL, &world->engine, &world->report), &world->report);
    require(rp_module_load(world->engine, bytes.data, bytes.size, &world->module, &world->report),
            &world->report);
    rp_store_config config;
    rp_store_config_init(&config);
    config.metered = metered;
    require(rp_store_create(world->engine, &config, &world->store, &world->report), &world->report);
    static const rp_valkind params[] = {RP_I32};
    rp_host_func func = {.struct_size = sizeof func,
                         .module = "env",
                         .name = "touch",
                         .type = {.params = params, .param_count = 1},
                         .callback = touch,
                         .user = world};
    require(rp_store_define_func(world->store, &func, &world->report), &world->report);
    rp_outcome outcome;
    require(rp_store_instantiate(world->store, world->module, &world->instance, &outcome,
                                 &world->report),
            &world->report);
    assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
}

static void deinit_world(struct world *world)
{
    rp_store_destroy(world->store);
    rp_module_destroy(world->module);
    rp_engine_destroy(world->engine);
    rp_wasm_deinit(&world->wasm);
}

static rp_outcome_kind call(struct world *world, const char *name, size_t count, int32_t a,
                            int32_t b, int32_t c)
{
    rp_extern object;
    rp_value args[3] = {{.kind = RP_I32, .of.i32 = a},
                        {.kind = RP_I32, .of.i32 = b},
                        {.kind = RP_I32, .of.i32 = c}};
    rp_value result;
    rp_outcome outcome;
    rp_instance *instance = rp_store_instance(world->store, 0); /* a restore makes another one */
    require(rp_instance_export(instance, (rp_name){.data = name, .size = strlen(name)}, &object),
            &world->report);
    size_t results = rp_store_func_type(world->store, object.index).result_count;
    require(rp_store_call(world->store, object.index, args, count, &result, results, &outcome,
                          &world->report),
            &world->report);
    return outcome.kind;
}

/* ---- roots ---- */

struct roots {
    uint32_t count;
    char names[COMPONENTS_MAX][RP_WSNP_NAME_BYTES_MAX + 1];
    uint8_t components[COMPONENTS_MAX][RP_ROOT_BYTES];
    uint8_t whole[RP_ROOT_BYTES];
};

static void note_component(void *user, const char *component, const uint8_t root[RP_ROOT_BYTES])
{
    struct roots *roots = user;
    assert_true(roots->count < COMPONENTS_MAX);
    (void)snprintf(roots->names[roots->count], sizeof roots->names[0], "%s", component);
    memcpy(roots->components[roots->count++], root, RP_ROOT_BYTES);
}

static void roots_of_store(struct world *world, struct roots *out)
{
    *out = (struct roots){0};
    require(rp_store_root(world->store, out->whole, note_component, out, &world->report),
            &world->report);
}

static void roots_of_snapshot(struct world *world, struct roots *out)
{
    rp_bytes bytes = {0};
    *out = (struct roots){0};
    require(rp_store_snapshot(world->store, &bytes, &world->report), &world->report);
    require(rp_snapshot_root(bytes.data, bytes.size, NULL, out->whole, note_component, out,
                             &world->report),
            &world->report);
    rp_bytes_release(&bytes);
}

static void assert_equal_roots(const struct roots *a, const struct roots *b)
{
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        assert_string_equal(a->names[i], b->names[i]);
        assert_memory_equal(a->components[i], b->components[i], RP_ROOT_BYTES);
    }
    assert_memory_equal(a->whole, b->whole, RP_ROOT_BYTES);
}

/* Answers the root, after comparing it with that of the snapshot, which is computed from nothing.
 */
static struct roots checked_roots(struct world *world)
{
    struct roots kept;
    struct roots fresh;
    roots_of_store(world, &kept);
    roots_of_snapshot(world, &fresh);
    assert_equal_roots(&kept, &fresh);
    return kept;
}

/* Exactly the components named differ, and the whole. */
static void assert_differ_in(const struct roots *a, const struct roots *b, const char *names)
{
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        char word[RP_WSNP_NAME_BYTES_MAX + 3];
        (void)snprintf(word, sizeof word, " %s ", a->names[i]);
        bool differs = memcmp(a->components[i], b->components[i], RP_ROOT_BYTES) != 0;
        if (differs != (strstr(names, word) != NULL)) {
            fail_msg("component %s", a->names[i]);
        }
    }
    assert_int_equal(memcmp(a->whole, b->whole, RP_ROOT_BYTES) == 0, names[0] == '\0');
}

static void components_are_the_sections_in_order(void **state)
{
    (void)state;
    struct world world;
    init_world(&world, false);
    struct roots roots = checked_roots(&world);
    static const char *const names[] = {
#define X(name) #name,
#include "engine/section.def"
#undef X
    };
    uint32_t at = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_string_equal(roots.names[at++], names[i]);
        if (strcmp(names[i], "memories") == 0) {
            assert_string_equal(roots.names[at++], "memory0");
        }
    }
    assert_int_equal(at, roots.count);
    deinit_world(&world);
}

/* ---- what changes the root ---- */

static void a_change_shows_in_its_component(void **state)
{
    (void)state;
    struct world world;
    init_world(&world, false);
    struct roots before = checked_roots(&world);
    rp_store *store = world.store;

    rp_store_set_gas_limit(store, 1000000); /* no state */
    struct roots after = checked_roots(&world);
    assert_differ_in(&before, &after, "");

    uint8_t byte = 1;
    require(rp_store_memory_write(store, 0, 131071, &byte, 1), NULL);
    after = checked_roots(&world);
    assert_differ_in(&before, &after, " memory0 counters ");
    before = after;

    rp_value value = {.kind = RP_I64, .of.i64 = 6};
    require(rp_store_global_set(store, 0, &value), NULL);
    after = checked_roots(&world);
    assert_differ_in(&before, &after, " globals counters ");
    before = after;

    value = (rp_value){.kind = RP_FUNCREF, .of.ref = 1};
    require(rp_store_table_set(store, 0, 2, &value), NULL);
    after = checked_roots(&world);
    assert_differ_in(&before, &after, " tables counters ");
    before = after;

    (void)rp_store_random_u64(store);
    after = checked_roots(&world);
    assert_differ_in(&before, &after, " counters ");
    before = after;

    require(rp_store_set_embedder_data(store, "x", 1, NULL), NULL);
    after = checked_roots(&world);
    assert_differ_in(&before, &after, " embedder ");
    before = after;

    assert_int_equal(call(&world, "grow", 1, 1, 0, 0), RP_OUTCOME_RETURNED);
    after = checked_roots(&world); /* pages of zeros, but another size */
    assert_differ_in(&before, &after, " memory0 counters ");
    before = after;

    rp_store_set_until_gas(store, (int64_t)rp_store_gas_used(store) + 30);
    assert_int_equal(call(&world, "deep", 1, 5, 0, 0), RP_OUTCOME_SUSPENDED);
    after = checked_roots(&world);
    assert_differ_in(&before, &after, " memory0 frames counters ");
    before = after;

    rp_outcome outcome;
    rp_store_set_until_gas(store, RP_GAS_UNLIMITED);
    require(rp_store_resume(store, NULL, 0, &outcome, &world.report), &world.report);
    after = checked_roots(&world);
    assert_differ_in(&before, &after, " memory0 frames counters ");
    deinit_world(&world);
}

/* ---- every boundary, both tables ---- */

static void roots_agree_at_every_instruction_of_both_tables(void **state)
{
    (void)state;
    struct world worlds[2];
    for (unsigned i = 0; i < 2; i++) {
        init_world(&worlds[i], i == 1);
        rp_store_set_until_gas(worlds[i].store, 0);
        assert_int_equal(call(&worlds[i], "deep", 1, 9, 0, 0), RP_OUTCOME_SUSPENDED);
    }
    unsigned stops = 0;
    for (int64_t until = 0; rp_store_is_stopped(worlds[0].store); until++) {
        struct roots roots[2];
        for (unsigned i = 0; i < 2; i++) {
            rp_outcome outcome;
            roots[i] = checked_roots(&worlds[i]);
            rp_store_set_until_gas(worlds[i].store, until + 1);
            require(rp_store_resume(worlds[i].store, NULL, 0, &outcome, &worlds[i].report),
                    &worlds[i].report);
        }
        assert_equal_roots(&roots[0], &roots[1]);
        stops++;
    }
    assert_true(stops > 100);
    assert_false(rp_store_is_stopped(worlds[1].store));
    deinit_world(&worlds[0]);
    deinit_world(&worlds[1]);
}

/* ---- every way to follow a memory, under everything that may change it ---- */

struct saved {
    rp_bytes snapshot;
    rp_checkpoint *checkpoint;
};

static void forget_saved(struct saved *saved)
{
    rp_checkpoint_destroy(saved->checkpoint);
    rp_bytes_release(&saved->snapshot);
    *saved = (struct saved){0};
}

static void change_by_host(struct world *world, struct rp_pcg64 *pcg, uint64_t at, uint64_t size)
{
    uint8_t bytes[9000];
    uint64_t count = rp_pcg64_next(pcg) % sizeof bytes;
    count = count < size - at ? count : size - at;
    rp_pcg64_bytes(pcg, bytes, sizeof bytes);
    if (rp_pcg64_next(pcg) % 2 == 0) {
        require(rp_store_memory_write(world->store, 0, at, bytes, (size_t)count), NULL);
        return;
    }
    uint8_t *data = NULL;
    require(rp_store_memory_begin(world->store, 0, at, (size_t)count, &data, &world->report),
            &world->report);
    memcpy(data, bytes, (size_t)count);
    require(rp_store_memory_end(world->store, &world->report), &world->report);
}

static void change_back(struct world *world, struct rp_pcg64 *pcg, struct saved *saved)
{
    uint64_t kind = rp_pcg64_next(pcg) % 4;
    if (kind == 0) {
        forget_saved(saved);
        require(rp_store_snapshot(world->store, &saved->snapshot, &world->report), &world->report);
    } else if (kind == 1) {
        rp_checkpoint_destroy(saved->checkpoint);
        saved->checkpoint = NULL;
        require(rp_store_checkpoint(world->store, &saved->checkpoint, &world->report),
                &world->report);
    } else if (kind == 2 && saved->checkpoint != NULL) {
        require(rp_store_rollback(world->store, saved->checkpoint, &world->report), &world->report);
    } else if (kind == 3 && saved->snapshot.size > 0) {
        rp_checkpoint_destroy(saved->checkpoint);
        saved->checkpoint = NULL;
        require(rp_store_restore(world->store, saved->snapshot.data, saved->snapshot.size, NULL,
                                 &world->report),
                &world->report);
    }
}

static void change(struct world *world, struct rp_pcg64 *pcg, struct saved *saved)
{
    uint64_t size = rp_store_memory_size(world->store, 0);
    uint64_t at = rp_pcg64_next(pcg) % size;
    uint64_t count = rp_pcg64_next(pcg) % 5000;
    int32_t value = (int32_t)(rp_pcg64_next(pcg) % 3); /* often zeros */
    switch (rp_pcg64_next(pcg) % 6) {
    case 0:
        (void)call(world, "grow", 1, 1, 0, 0);
        break;
    case 1:
        (void)call(world, "touch", 1, (int32_t)at, 0, 0);
        break;
    case 2:
        change_by_host(world, pcg, at, size);
        break;
    case 3:
        change_back(world, pcg, saved);
        break;
    default:
        count = count < size - at ? count : size - at;
        (void)call(world, "fill", 3, (int32_t)at, value, (int32_t)count);
        break;
    }
}

static const enum rp_root_method methods[] = {RP_ROOT_AUTO, RP_ROOT_SCAN, RP_ROOT_COPY,
                                              RP_ROOT_ALL};

static void each_way_sees_whatever_changes_the_store(void **state)
{
    (void)state;
    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
        struct world world;
        struct rp_pcg64 pcg;
        struct saved saved = {0};
        rp_pcg64_seed_u64(&pcg, 11);
        init_world(&world, false);
        for (unsigned step = 0; step < 150; step++) {
            if (rp_root_get_method(world.store, 0) == RP_ROOT_AUTO) { /* fresh, or restored */
                assert_true(rp_root_set_method(world.store, methods[m]));
            }
            for (uint64_t i = rp_pcg64_next(&pcg) % 4; i > 0; i--) {
                change(&world, &pcg, &saved);
            }
            (void)checked_roots(&world);
        }
        forget_saved(&saved);
        deinit_world(&world);
    }
}

static void a_second_root_costs_what_changed(void **state)
{
    (void)state;
    struct world world;
    init_world(&world, false);
    uint64_t pages = rp_store_memory_size(world.store, 0) / RP_TREE_PAGE_BYTES;
    assert_int_equal(call(&world, "fill", 3, 0, 7, 131072), RP_OUTCOME_RETURNED);
    struct roots roots = checked_roots(&world);
    assert_int_equal(rp_root_hashed_pages(world.store), pages);
    struct roots again = checked_roots(&world); /* without a kernel's help it makes its copy now */
    assert_equal_roots(&roots, &again);
    assert_int_equal(call(&world, "touch", 1, 4096 * 3 + 5, 0, 0), RP_OUTCOME_RETURNED);
    (void)checked_roots(&world);
    assert_int_equal(rp_root_hashed_pages(world.store), 1);
    (void)checked_roots(&world);
    assert_int_equal(rp_root_hashed_pages(world.store), 0);
    assert_true(rp_root_get_method(world.store, 0) != RP_ROOT_AUTO);
    assert_true(rp_root_set_method(world.store, RP_ROOT_ALL));
    assert_int_equal(rp_root_get_method(world.store, 0), RP_ROOT_AUTO);
    (void)checked_roots(&world);
    assert_int_equal(rp_root_get_method(world.store, 0), RP_ROOT_ALL);
    assert_int_equal(rp_root_hashed_pages(world.store), pages);
    deinit_world(&world);
}

/* ---- failures ---- */

static void a_running_store_has_no_root(void **state)
{
    (void)state;
    struct world world;
    init_world(&world, false);
    world.asks_root = true;
    assert_int_equal(call(&world, "touch", 1, 0, 0, 0), RP_OUTCOME_RETURNED);
    assert_true(world.asked == RP_ERROR_STATE || world.asked == RP_ERROR_PINNED);
    (void)checked_roots(&world);
    deinit_world(&world);
}

static void failed_allocations_leave_the_root_right(void **state)
{
    (void)state;
    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
        struct world world;
        init_world(&world, false);
        bool done = false;
        for (uint64_t number = 1; !done; number++) {
            assert_true(number < 1000);
            assert_int_equal(call(&world, "fill", 3, 100, (int32_t)(number % 7), 70000),
                             RP_OUTCOME_RETURNED);
            uint8_t root[RP_ROOT_BYTES];
            rp_alloc_inject(number, 1);
            bool set = rp_root_set_method(world.store, methods[m]);
            rp_status status = rp_store_root(world.store, root, NULL, NULL, NULL);
            rp_alloc_inject(0, 0);
            done = set && status == RP_OK;
            assert_true(status == RP_OK || status == RP_ERROR_NO_MEMORY);
            (void)checked_roots(&world);
        }
        deinit_world(&world);
    }
}

/* ---- sections of memories that lie ---- */

struct lie {
    const char *words; /* of the report */
    uint64_t size;     /* in pages of 64 KiB */
    uint64_t first[2];
    size_t bytes[2]; /* 0: no run */
    uint8_t fill;
    bool ends; /* with nil */
    bool more; /* behind it */
};

static const struct lie lies[] = {
    {NULL, 1, {0, 15}, {4096, 4096}, 1, true, false},
    {"behind those before", 1, {3, 2}, {4096, 4096}, 1, true, false},
    {"behind those before", 1, {2, 3}, {4096, 4096}, 1, true, false},
    {"no whole pages", 1, {2, 4}, {4095, 4096}, 1, true, false},
    {"behind the end", 1, {15, 0}, {8192, 0}, 1, true, false},
    {"behind the end", 1, {16, 0}, {4096, 0}, 1, true, false},
    {"behind the end", 1, {UINT64_MAX, 0}, {4096, 0}, 1, true, false},
    {"all zero", 1, {2, 0}, {4096, 0}, 0, true, false},
    {"ends in the middle", 1, {2, 0}, {4096, 0}, 1, false, false},
    {"behind the section's last", 1, {2, 0}, {4096, 0}, 1, true, true},
    {"beyond its limit", 65537, {2, 0}, {4096, 0}, 1, true, false},
};

static void write_lie(const struct lie *lie, struct rp_allocator *allocator, struct rp_buffer *out)
{
    static uint8_t bytes[8192];
    struct rp_wsnp_writer writer;
    rp_buffer_init(out, allocator);
    rp_wsnp_begin(&writer, out, allocator);
    rp_wsnp_section_begin(&writer, "memory0");
    rp_msgpack_put_uint(out, 1);
    rp_msgpack_put_nil(out);
    rp_msgpack_put_uint(out, lie->size);
    memset(bytes, lie->fill, sizeof bytes);
    for (unsigned i = 0; i < 2; i++) {
        if (lie->bytes[i] > 0) {
            rp_msgpack_put_array(out, 2);
            rp_msgpack_put_uint(out, lie->first[i]);
            rp_msgpack_put_bytes(out, bytes, (uint32_t)lie->bytes[i]);
        }
    }
    for (int nils = lie->ends + lie->more; nils > 0; nils--) {
        rp_msgpack_put_nil(out);
    }
    rp_wsnp_section_end(&writer);
    assert_true(rp_wsnp_finish(&writer));
}

static void memories_that_lie_have_no_root(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct rp_allocator allocator;
        struct rp_buffer file;
        rp_report report = {0};
        uint8_t root[RP_ROOT_BYTES];
        rp_allocator_init(&allocator, 0);
        write_lie(&lies[i], &allocator, &file);
        rp_status status = rp_snapshot_root(file.data, file.size, NULL, root, NULL, NULL, &report);
        assert_int_equal(status, lies[i].words == NULL ? RP_OK : RP_ERROR_SNAPSHOT_ENCODING);
        if (lies[i].words != NULL && strstr(report.text, lies[i].words) == NULL) {
            fail_msg("%s", report.text);
        }
        rp_buffer_deinit(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_are_the_sections_in_order),
        cmocka_unit_test(a_change_shows_in_its_component),
        cmocka_unit_test(roots_agree_at_every_instruction_of_both_tables),
        cmocka_unit_test(each_way_sees_whatever_changes_the_store),
        cmocka_unit_test(a_second_root_costs_what_changed),
        cmocka_unit_test(a_running_store_has_no_root),
        cmocka_unit_test(failed_allocations_leave_the_root_right),
        cmocka_unit_test(memories_that_lie_have_no_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
