/* Tests of snapshot/compare*.c: which components differ, and the lines that say so. */
#include "engine/store.h"
#include "snapshot/wsnp.h"
#include "tests/support/rig.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"
#include "vfs/vfs.h"

#include <stdio.h>
#include <stdlib.h>

#define LINES_MAX 64u
#define NO_LIMIT 1000u

/* ---- collecting lines: "component: text" ---- */

struct lines {
    uint32_t count;
    char text[LINES_MAX][400];
    uint32_t components; /* the answer's count */
};

static void take_line(void *user, const char *component, const char *text)
{
    struct lines *lines = user;
    assert_true(lines->count < LINES_MAX);
    (void)snprintf(lines->text[lines->count++], sizeof lines->text[0], "%s: %s", component, text);
}

static struct lines *compare(rp_engine *engine, const rp_bytes *a, const rp_bytes *b, uint32_t most)
{
    struct lines *lines = calloc(1, sizeof *lines);
    rp_report report = {0};
    assert_non_null(lines);
    rp_status status = rp_snapshot_compare(engine, a->data, a->size, b->data, b->size, NULL, most,
                                           take_line, lines, &lines->components, &report);
    if (status != RP_OK) {
        fail_msg("%s", report.text);
    }
    return lines;
}

static void print_lines(const struct lines *lines)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        (void)fprintf(stderr, "  %s\n", lines->text[i]);
    }
}

static bool has_line(const struct lines *lines, const char *wanted)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        if (strcmp(lines->text[i], wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* Exactly these lines, up to a NULL, in any order. */
static void assert_lines(rp_engine *engine, const rp_bytes *a, const rp_bytes *b,
                         uint32_t components, const char *const *wanted)
{
    struct lines *lines = compare(engine, a, b, NO_LIMIT);
    uint32_t count = 0;
    for (; wanted[count] != NULL; count++) {
        if (!has_line(lines, wanted[count])) {
            print_lines(lines);
            fail_msg("no line \"%s\"", wanted[count]);
        }
    }
    if (count != lines->count || components != lines->components) {
        print_lines(lines);
        fail_msg("%u lines in %u components", lines->count, lines->components);
    }
    free(lines);
}

/* ---- a store to compare with itself, later ---- */

struct world {
    struct rp_wasm wasm;
    struct rp_rig rig;
    rp_bytes snapshots[2];
};

static void build_module(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t two = rp_wasm_type(wasm, "ii", "i");
    uint32_t memory = rp_wasm_memory(wasm, 1, 4);
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, memory);
    rp_wasm_global_i64(wasm, true, 5);
    rp_wasm_global(wasm, true, (rp_value){.kind = RP_F32, .of.f32_bits = 0x3f800000});
    uint32_t table = rp_wasm_table(wasm, 'r', 3, 9);
    /* sum(n, m): n + sum(n - 1, m), and m at the bottom */
    uint32_t sum = rp_wasm_func_begin(wasm, two, "l");
    rp_wasm_export(wasm, "sum", RP_EXTERN_FUNC, sum);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_block(wasm, RP_OP_if, 'i');
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, -1);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op_index(wasm, RP_OP_call, sum);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op(wasm, RP_OP_else);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
    rp_wasm_name_func(wasm, sum, "sum_up");
    rp_wasm_elem(wasm, table, 1, &sum, 1);
}

static void init_world(struct world *world)
{
    memset(world, 0, sizeof *world);
    build_module(&world->wasm);
    rp_rig_init(&world->rig, rp_wasm_finish(&world->wasm), NULL);
}

static void deinit_world(struct world *world)
{
    rp_bytes_release(&world->snapshots[0]);
    rp_bytes_release(&world->snapshots[1]);
    rp_rig_deinit(&world->rig);
    rp_wasm_deinit(&world->wasm);
}

static void save(struct world *world, unsigned number)
{
    rp_report report = {0};
    rp_status status = rp_store_snapshot(world->rig.store, &world->snapshots[number], &report);
    if (status != RP_OK) {
        fail_msg("%s", report.text);
    }
}

/* Calls sum(n, m) until `gas` more is used. */
static void stop_in_sum(struct world *world, int32_t n, int32_t m, int64_t gas)
{
    int64_t used = (int64_t)rp_store_gas_used(world->rig.store);
    rp_store_set_until_gas(world->rig.store, used + gas);
    assert_int_equal(rp_rig_call(&world->rig, "sum", "ii", n, m), RP_OUTCOME_SUSPENDED);
}

static void go_on(struct world *world, int64_t gas)
{
    int64_t used = (int64_t)rp_store_gas_used(world->rig.store);
    rp_store_set_until_gas(world->rig.store, gas < 0 ? RP_GAS_UNLIMITED : used + gas);
    (void)rp_rig_resume(&world->rig);
}

static void equal_snapshots_differ_in_nothing(void **state)
{
    (void)state;
    struct world world;
    init_world(&world);
    stop_in_sum(&world, 9, 1, 60);
    save(&world, 0);
    save(&world, 1);
    assert_lines(world.rig.engine, &world.snapshots[0], &world.snapshots[1], 0,
                 (const char *const[]){NULL});
    deinit_world(&world);
}

static void pages_are_told_with_their_bytes(void **state)
{
    (void)state;
    struct world world;
    init_world(&world);
    rp_store *store = world.rig.store;
    assert_int_equal(rp_store_memory_write(store, 0, 5, "a", 1), RP_OK);
    assert_int_equal(rp_store_memory_write(store, 0, 8192, "old", 3), RP_OK);
    save(&world, 0);
    assert_int_equal(rp_store_memory_write(store, 0, 12304, "*", 1), RP_OK);
    assert_int_equal(rp_store_memory_write(store, 0, 13000, "*", 1), RP_OK);
    assert_int_equal(rp_store_memory_write(store, 0, 8192, "\0\0\0", 3), RP_OK);
    save(&world, 1);
    assert_lines(world.rig.engine, &world.snapshots[0], &world.snapshots[1], 2,
                 (const char *const[]){
                     "memory0: page 2 (bytes 8192 to 12287): 3 bytes differ, the first at 0x2000: "
                     "6f and 00",
                     "memory0: page 3 (bytes 12288 to 16383): 2 bytes differ, the first at 0x3010: "
                     "00 and 2a",
                     "counters: host events: 2 and 5", NULL});
    deinit_world(&world);
}

static void values_are_told_by_name(void **state)
{
    (void)state;
    struct world world;
    init_world(&world);
    rp_store *store = world.rig.store;
    save(&world, 0);
    rp_value value = {.kind = RP_I64, .of.i64 = 7};
    assert_int_equal(rp_store_global_set(store, 0, &value), RP_OK);
    value = (rp_value){.kind = RP_F32, .of.f32_bits = 0x40000000};
    assert_int_equal(rp_store_global_set(store, 1, &value), RP_OK);
    value = (rp_value){.kind = RP_FUNCREF, .of.ref = RP_REF_NULL};
    assert_int_equal(rp_store_table_set(store, 0, 1, &value), RP_OK);
    assert_int_equal(rp_store_set_embedder_data(store, "note", 4, NULL), RP_OK);
    save(&world, 1);
    assert_lines(world.rig.engine, &world.snapshots[0], &world.snapshots[1], 4,
                 (const char *const[]){"globals: global 0, value: 5 and 7",
                                       "globals: global 1, value: 0x3f800000 and 0x40000000",
                                       "tables: table 0, element 1: function 0 (sum_up) and null",
                                       "embedder: no bytes and \"note\"",
                                       "counters: host events: 0 and 3", NULL});
    deinit_world(&world);
}

static void frames_are_told_with_functions_and_places(void **state)
{
    (void)state;
    struct world world;
    init_world(&world);
    save(&world, 0);
    stop_in_sum(&world, 9, 1, 60);
    save(&world, 1);
    struct lines *lines = compare(world.rig.engine, &world.snapshots[0], &world.snapshots[1], 9);
    assert_true(lines->count > 0);
    if (strstr(lines->text[0],
               "frames: no call is stopped and a call stands in function 0 (sum_up) at 0x") !=
        lines->text[0]) {
        fail_msg("%s", lines->text[0]);
    }
    free(lines);

    /* The same place, other values. */
    save(&world, 0);
    go_on(&world, -1);
    stop_in_sum(&world, 9, 2, 60);
    save(&world, 1);
    lines = compare(world.rig.engine, &world.snapshots[0], &world.snapshots[1], NO_LIMIT);
    char text[100];
    uint32_t found = 0;
    for (uint32_t i = 0; i < lines->count; i++) {
        (void)snprintf(text, sizeof text, "frames: frame %u, function 0 (sum_up) at 0x", found);
        const char *at = strstr(lines->text[i], text);
        if (at == lines->text[i] && strstr(at, ": local 1: 1 and 2") != NULL) {
            found++;
        }
    }
    assert_true(found > 3);
    assert_false(has_line(lines, "frames: 1 and 2 frames"));
    free(lines);

    /* Deeper. */
    save(&world, 0);
    go_on(&world, 15);
    save(&world, 1);
    lines = compare(world.rig.engine, &world.snapshots[0], &world.snapshots[1], NO_LIMIT);
    (void)snprintf(text, sizeof text, "frames: %u and %u frames", found, found + 1);
    if (!has_line(lines, text)) {
        print_lines(lines);
        fail_msg("no line \"%s\"", text);
    }
    free(lines);
    deinit_world(&world);
}

static void functions_have_numbers_without_an_engine(void **state)
{
    (void)state;
    struct world world;
    init_world(&world);
    save(&world, 0);
    stop_in_sum(&world, 9, 1, 12);
    save(&world, 1);
    struct lines *lines = compare(NULL, &world.snapshots[0], &world.snapshots[1], NO_LIMIT);
    const char *wanted = "frames: no call is stopped and a call stands in function 0 at byte ";
    if (strstr(lines->text[0], wanted) != lines->text[0]) {
        fail_msg("%s", lines->text[0]);
    }
    free(lines);
    deinit_world(&world);
}

static void lines_beyond_the_most_are_counted(void **state)
{
    (void)state;
    struct world world;
    init_world(&world);
    save(&world, 0);
    for (uint64_t page = 0; page < 16; page++) {
        assert_int_equal(rp_store_memory_write(world.rig.store, 0, page * 4096, "x", 1), RP_OK);
    }
    save(&world, 1);
    struct lines *lines = compare(world.rig.engine, &world.snapshots[0], &world.snapshots[1], 3);
    assert_int_equal(lines->count, 5); /* three, how many more, and the counters' */
    assert_string_equal(lines->text[3], "memory0: and 13 more");
    assert_int_equal(lines->components, 2);
    free(lines);
    lines = compare(world.rig.engine, &world.snapshots[0], &world.snapshots[1], 0);
    assert_int_equal(lines->count, 2);
    assert_string_equal(lines->text[0], "memory0: and 16 more");
    free(lines);
    uint32_t count = 0;
    assert_int_equal(rp_snapshot_compare(NULL, world.snapshots[0].data, world.snapshots[0].size,
                                         world.snapshots[1].data, world.snapshots[1].size, NULL, 3,
                                         NULL, NULL, &count, NULL),
                     RP_OK);
    assert_int_equal(count, 2);
    deinit_world(&world);
}

static void growth_and_more_instances_are_told(void **state)
{
    (void)state;
    struct world world;
    init_world(&world);
    rp_store *store = world.rig.store;
    save(&world, 0);
    assert_true(rp_memory_grow(store->memories[0], store, 2));
    rp_instance *second = NULL;
    rp_outcome outcome;
    assert_int_equal(
        rp_store_instantiate(store, world.rig.module, &second, &outcome, &world.rig.report), RP_OK);
    save(&world, 1);
    struct lines *lines =
        compare(world.rig.engine, &world.snapshots[0], &world.snapshots[1], NO_LIMIT);
    static const char *const wanted[] = {
        "memory0: size: 65536 and 131072 bytes",
        "memory1: only in the second snapshot",
        "memories: number of memories: 1 and 2",
        "instances: number of instance entries: 1 and 2",
        "functions: number of function entries: 1 and 2",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!has_line(lines, wanted[i])) {
            print_lines(lines);
            fail_msg("no line \"%s\"", wanted[i]);
        }
    }
    free(lines);
    deinit_world(&world);
}

/* ---- files and descriptors ---- */

static const struct rp_vfs_start at_root = {.directory = RP_VFS_ROOT};

static void write_file(struct rp_vfs *vfs, const char *path, uint64_t at, const char *text)
{
    uint64_t inode = 0;
    size_t count = 0;
    struct rp_vfs_path place = {path, strlen(path)};
    assert_int_equal(
        rp_vfs_open(vfs, at_root, place, RP_VFS_OPEN_CREATE | RP_VFS_OPEN_WRITE, &inode),
        RP_VFS_OK);
    assert_int_equal(rp_vfs_write(vfs, inode, at, text, strlen(text), &count), RP_VFS_OK);
    assert_int_equal(rp_vfs_drop(vfs, inode), RP_VFS_OK);
}

struct files {
    struct rp_allocator allocator;
    struct rp_vfs *vfs;
    uint64_t offset; /* of descriptor 4 */
    bool has_five;
};

static void save_files(struct files *files, rp_bytes *out_bytes)
{
    struct rp_buffer out;
    struct rp_wsnp_writer writer;
    rp_buffer_init(&out, &files->allocator);
    rp_wsnp_begin(&writer, &out, &files->allocator);
    rp_wsnp_section_begin(&writer, "vfs");
    rp_vfs_save(files->vfs, &out);
    rp_wsnp_section_end(&writer);
    rp_wsnp_section_begin(&writer, "wasi");
    rp_msgpack_put_array(&out, 8);
    for (unsigned i = 0; i < 5; i++) {
        rp_msgpack_put_uint(&out, 100 + i);
    }
    rp_msgpack_put_array(&out, 0);
    rp_msgpack_put_array(&out, 0);
    rp_msgpack_put_array(&out, 1 + files->has_five);
    static const uint64_t four[] = {4, 2, 0, 63, 9};
    rp_msgpack_put_array(&out, 7);
    for (size_t i = 0; i < 5; i++) {
        rp_msgpack_put_uint(&out, four[i]);
    }
    rp_msgpack_put_bool(&out, false);
    rp_msgpack_put_uint(&out, files->offset);
    static const uint64_t five[] = {5, 1, 0, 63, 2};
    rp_msgpack_put_array(&out, 5);
    for (size_t i = 0; i < 5; i++) {
        rp_msgpack_put_uint(&out, five[i]);
    }
    if (!files->has_five) {
        out.size -= 6;
    }
    rp_wsnp_section_end(&writer);
    assert_true(rp_wsnp_finish(&writer));
    out_bytes->data = malloc(out.size);
    assert_non_null(out_bytes->data);
    memcpy(out_bytes->data, out.data, out.size);
    out_bytes->size = out.size;
    rp_buffer_deinit(&out);
}

static void files_are_told_by_path(void **state)
{
    (void)state;
    struct files files = {.offset = 3};
    rp_bytes bytes[2] = {0};
    rp_allocator_init(&files.allocator, 0);
    struct rp_vfs_limits limits = {.bytes_max = 1u << 24, .inodes_max = 100};
    files.vfs = rp_vfs_create(&files.allocator, &limits, 7);
    assert_non_null(files.vfs);
    assert_int_equal(rp_vfs_make_directory(files.vfs, at_root, (struct rp_vfs_path){"data", 4}),
                     RP_VFS_OK);
    write_file(files.vfs, "data/kept", 0, "kept");
    write_file(files.vfs, "data/changed", 5000, "before");
    write_file(files.vfs, "gone", 0, "gone");
    save_files(&files, &bytes[0]);
    write_file(files.vfs, "data/changed", 5002, "xyz and more");
    write_file(files.vfs, "data/new", 0, "new");
    assert_int_equal(rp_vfs_unlink(files.vfs, at_root, (struct rp_vfs_path){"gone", 4}), RP_VFS_OK);
    files.offset = 4;
    files.has_five = true;
    save_files(&files, &bytes[1]);
    struct lines *lines = compare(NULL, &bytes[0], &bytes[1], NO_LIMIT);
    static const char *const wanted[] = {
        "vfs: /data/changed, size: 5006 and 5014",
        "vfs: /data/changed: page 1: 12 bytes differ, the first at 0x138a: 66 and 78",
        "vfs: /data/new: only in the second snapshot",
        "vfs: /gone: only in the first snapshot",
        "wasi: descriptor 4, offset: 3 and 4",
        "wasi: descriptor 5: only in the second snapshot, a stream",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (!has_line(lines, wanted[i])) {
            print_lines(lines);
            fail_msg("no line \"%s\"", wanted[i]);
        }
    }
    for (uint32_t i = 0; i < lines->count; i++) {
        if (strstr(lines->text[i], "kept") != NULL) {
            fail_msg("%s", lines->text[i]);
        }
    }
    assert_int_equal(lines->components, 2);
    free(lines);
    free(bytes[0].data);
    free(bytes[1].data);
    rp_vfs_destroy(files.vfs);
    assert_int_equal(files.allocator.used_bytes, 0);
}

/* ---- components that differ are those with another root ---- */

struct roots {
    uint32_t count;
    char names[LINES_MAX][RP_WSNP_NAME_BYTES_MAX + 1];
    uint8_t roots[LINES_MAX][RP_ROOT_BYTES];
};

static void note_root(void *user, const char *component, const uint8_t root[RP_ROOT_BYTES])
{
    struct roots *roots = user;
    (void)snprintf(roots->names[roots->count], sizeof roots->names[0], "%s", component);
    memcpy(roots->roots[roots->count++], root, RP_ROOT_BYTES);
}

static void components_differ_as_their_roots_do(void **state)
{
    (void)state;
    struct world world;
    init_world(&world);
    stop_in_sum(&world, 30, 1, 1);
    save(&world, 0);
    for (unsigned step = 0; step < 200 && rp_store_is_stopped(world.rig.store); step++) {
        struct roots roots[2] = {0};
        uint8_t whole[2][RP_ROOT_BYTES];
        go_on(&world, 1 + step % 5);
        save(&world, 1);
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(rp_snapshot_root(world.snapshots[i].data, world.snapshots[i].size,
                                              NULL, whole[i], note_root, &roots[i], NULL),
                             RP_OK);
        }
        uint32_t differ = 0;
        for (uint32_t i = 0; i < roots[0].count; i++) {
            differ += memcmp(roots[0].roots[i], roots[1].roots[i], RP_ROOT_BYTES) != 0;
        }
        struct lines *lines =
            compare(world.rig.engine, &world.snapshots[0], &world.snapshots[1], 2);
        assert_int_equal(lines->components, differ);
        assert_true(lines->count >= differ && lines->count <= 3 * differ);
        free(lines);
    }
    deinit_world(&world);
}

/* ---- what cannot be compared ---- */

static void damaged_snapshots_are_refused(void **state)
{
    (void)state;
    struct world world;
    init_world(&world);
    stop_in_sum(&world, 9, 1, 60);
    save(&world, 0);
    save(&world, 1);
    for (size_t size = 0; size < world.snapshots[1].size; size += 1 + size / 50) {
        uint32_t count = 77;
        rp_status status = rp_snapshot_compare(world.rig.engine, world.snapshots[0].data,
                                               world.snapshots[0].size, world.snapshots[1].data,
                                               size, NULL, NO_LIMIT, NULL, NULL, &count, NULL);
        assert_true(status != RP_OK && count == 77);
        status = rp_snapshot_compare(world.rig.engine, world.snapshots[1].data, size,
                                     world.snapshots[0].data, world.snapshots[0].size, NULL,
                                     NO_LIMIT, NULL, NULL, &count, NULL);
        assert_true(status != RP_OK && count == 77);
    }
    deinit_world(&world);
}

/* A file of one section, with bytes that its checksums cover. */
static void write_section(struct rp_allocator *allocator, const char *name, const uint8_t *bytes,
                          size_t size, struct rp_buffer *out)
{
    struct rp_wsnp_writer writer;
    rp_buffer_init(out, allocator);
    rp_wsnp_begin(&writer, out, allocator);
    rp_wsnp_section_begin(&writer, name);
    rp_buffer_append(out, bytes, size);
    rp_wsnp_section_end(&writer);
    assert_true(rp_wsnp_finish(&writer));
}

/* Whatever stands in a section, comparing ends, with lines or a failure: each section of a
 * snapshot, with each of its bytes bent, cut anywhere. */
static void sections_that_lie_do_no_harm(void **state)
{
    (void)state;
    struct world world;
    init_world(&world);
    stop_in_sum(&world, 3, 1, 40);
    save(&world, 0);
    struct rp_wsnp wsnp;
    assert_int_equal(rp_wsnp_open(&wsnp, world.snapshots[0].data, world.snapshots[0].size, NULL),
                     RP_OK);
    static const uint8_t bends[] = {0x00, 0x80, 0x91, 0xc0, 0xc4, 0xdd, 0xff};
    for (uint32_t i = 0; i < wsnp.section_count; i++) {
        struct rp_span body = wsnp.sections[i].body;
        size_t step = 1 + body.size / 100;
        uint8_t *bent = malloc(body.size + 1);
        assert_non_null(bent);
        for (size_t at = 0; at <= body.size; at += step) {
            for (size_t b = 0; b < sizeof bends; b++) {
                struct rp_allocator allocator;
                struct rp_buffer files[2];
                uint32_t count = 0;
                memcpy(bent, body.data, body.size);
                bent[at] = bends[b];
                size_t size = b == 0 ? at : body.size;
                rp_allocator_init(&allocator, 0);
                write_section(&allocator, wsnp.sections[i].name, body.data, body.size, &files[0]);
                write_section(&allocator, wsnp.sections[i].name, bent, size, &files[1]);
                for (unsigned turn = 0; turn < 2; turn++) {
                    (void)rp_snapshot_compare(world.rig.engine, files[turn].data, files[turn].size,
                                              files[!turn].data, files[!turn].size, NULL, NO_LIMIT,
                                              NULL, NULL, &count, NULL);
                }
                rp_buffer_deinit(&files[0]);
                rp_buffer_deinit(&files[1]);
                assert_int_equal(allocator.used_bytes, 0);
            }
        }
        free(bent);
    }
    rp_wsnp_close(&wsnp);
    deinit_world(&world);
}

static void failed_allocations_are_told(void **state)
{
    (void)state;
    struct world world;
    init_world(&world);
    save(&world, 0);
    stop_in_sum(&world, 9, 1, 60);
    save(&world, 1);
    rp_status status = RP_ERROR_NO_MEMORY;
    for (uint64_t number = 1; status != RP_OK; number++) {
        uint32_t count = 77;
        assert_true(number < 200);
        rp_alloc_inject(number, 1);
        status =
            rp_snapshot_compare(world.rig.engine, world.snapshots[0].data, world.snapshots[0].size,
                                world.snapshots[1].data, world.snapshots[1].size, NULL, NO_LIMIT,
                                NULL, NULL, &count, NULL);
        rp_alloc_inject(0, 0);
        assert_true(status == RP_OK || (status == RP_ERROR_NO_MEMORY && count == 77));
    }
    deinit_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_snapshots_differ_in_nothing),
        cmocka_unit_test(pages_are_told_with_their_bytes),
        cmocka_unit_test(values_are_told_by_name),
        cmocka_unit_test(frames_are_told_with_functions_and_places),
        cmocka_unit_test(functions_have_numbers_without_an_engine),
        cmocka_unit_test(lines_beyond_the_most_are_counted),
        cmocka_unit_test(growth_and_more_instances_are_told),
        cmocka_unit_test(files_are_told_by_path),
        cmocka_unit_test(components_differ_as_their_roots_do),
        cmocka_unit_test(damaged_snapshots_are_refused),
        cmocka_unit_test(sections_that_lie_do_no_harm),
        cmocka_unit_test(failed_allocations_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
