/* A checkpoint made again is as good as a new one (tests; engine/checkpoint_memory.c). */
#include "tests/support/unit.h"

#include "core/alloc.h"
#include "tests/support/rig.h"
#include "tests/support/wasm_builder.h"

#define ROUNDS 60

/* One memory of 2 to 40 pages, a table, two globals; grow(n) and put(element). */
static struct rp_span build(struct rp_wasm *wasm)
{
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(wasm, 2, 40));
    rp_wasm_table(wasm, 'x', 3, 100);
    uint32_t global = rp_wasm_global_i64(wasm, true, 1);
    rp_wasm_export(wasm, "global", RP_EXTERN_GLOBAL, global);
    uint32_t func = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "i", "i"), "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_memory_grow, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "grow", RP_EXTERN_FUNC, func);
    func = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "x", "i"), "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op_index(wasm, RP_OP_table_grow, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "put", RP_EXTERN_FUNC, func);
    return rp_wasm_finish(wasm);
}

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* Some pages written, cleared and left, sometimes a growth. */
static void stir(struct rp_rig *rig, uint64_t *seed)
{
    uint64_t size = rp_store_memory_size(rig->store, 0);
    uint8_t page[4096];
    for (int i = 0; i < 6; i++) {
        memset(page, next(seed) % 3 == 0 ? 0 : (int)(next(seed) & 0xff), sizeof page);
        uint64_t at = next(seed) % (size / sizeof page) * sizeof page;
        assert_int_equal(rp_store_memory_write(rig->store, 0, at, page, sizeof page), RP_OK);
    }
    if (next(seed) % 4 == 0) {
        rp_rig_call(rig, "grow", "i", (int32_t)(next(seed) % 3));
    }
    if (next(seed) % 4 == 0) {
        rp_rig_call(rig, "put", "x", next(seed));
    }
    rp_value value = {.kind = RP_I64, .of.i64 = (int64_t)next(seed)};
    assert_int_equal(rp_store_global_set(rig->store, 0, &value), RP_OK);
}

struct picture {
    uint8_t memory[40 * 65536];
    uint64_t size;
    uint64_t table_size;
    uint64_t last;
    int64_t global;
};

static void take_picture(struct rp_rig *rig, struct picture *picture)
{
    memset(picture, 0, sizeof *picture);
    picture->size = rp_store_memory_size(rig->store, 0);
    assert_int_equal(rp_store_memory_read(rig->store, 0, 0, picture->memory, (size_t)picture->size),
                     RP_OK);
    picture->table_size = rp_store_table_size(rig->store, 0);
    rp_value value;
    assert_int_equal(rp_store_table_get(rig->store, 0, picture->table_size - 1, &value), RP_OK);
    picture->last = value.of.ref;
    assert_int_equal(rp_store_global_get(rig->store, 0, &value), RP_OK);
    picture->global = value.of.i64;
}

static void a_checkpoint_made_again_holds_the_new_state(void **state)
{
    (void)state;
    static struct picture wanted;
    static struct picture found;
    struct rp_wasm wasm;
    struct rp_rig rig;
    rp_wasm_init(&wasm);
    rp_rig_init(&rig, build(&wasm), NULL);
    uint64_t seed = 1;
    rp_checkpoint *checkpoint;
    assert_int_equal(rp_store_checkpoint(rig.store, &checkpoint, NULL), RP_OK);
    for (int round = 0; round < ROUNDS; round++) {
        stir(&rig, &seed);
        if (round % 5 == 3) { /* memory and table shrink between two times */
            assert_int_equal(rp_store_rollback(rig.store, checkpoint, NULL), RP_OK);
        }
        assert_int_equal(rp_store_checkpoint_again(rig.store, checkpoint, NULL), RP_OK);
        take_picture(&rig, &wanted);
        stir(&rig, &seed);
        stir(&rig, &seed);
        assert_int_equal(rp_store_rollback(rig.store, checkpoint, NULL), RP_OK);
        take_picture(&rig, &found);
        assert_memory_equal(&found, &wanted, sizeof wanted);
        stir(&rig, &seed);
    }
    rp_checkpoint_destroy(checkpoint);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

static void it_follows_new_instances(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_rig rig;
    rp_wasm_init(&wasm);
    rp_rig_init(&rig, build(&wasm), NULL);
    rp_checkpoint *checkpoint;
    assert_int_equal(rp_store_checkpoint(rig.store, &checkpoint, NULL), RP_OK);
    rp_instance *second;
    rp_outcome outcome;
    assert_int_equal(rp_store_instantiate(rig.store, rig.module, &second, &outcome, NULL), RP_OK);
    uint8_t byte = 9;
    assert_int_equal(rp_store_memory_write(rig.store, 1, 5, &byte, 1), RP_OK);
    assert_int_equal(rp_store_checkpoint_again(rig.store, checkpoint, NULL), RP_OK);
    byte = 10;
    assert_int_equal(rp_store_memory_write(rig.store, 1, 5, &byte, 1), RP_OK);
    assert_int_equal(rp_store_rollback(rig.store, checkpoint, NULL), RP_OK);
    assert_non_null(rp_store_instance(rig.store, 1));
    assert_int_equal(rp_store_memory_read(rig.store, 1, 5, &byte, 1), RP_OK);
    assert_int_equal(byte, 9);
    rp_checkpoint_destroy(checkpoint);
    rp_rig_deinit(&rig);
    rp_wasm_deinit(&wasm);
}

static void without_memory_it_can_only_be_made_again(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    struct rp_span module = build(&wasm);
    unsigned failures = 0;
    for (uint64_t k = 1;; k++) {
        struct rp_rig rig;
        rp_rig_init(&rig, module, NULL);
        rp_checkpoint *checkpoint;
        assert_int_equal(rp_store_checkpoint(rig.store, &checkpoint, NULL), RP_OK);
        uint64_t seed = 3;
        for (int i = 0; i < 5; i++) {
            stir(&rig, &seed);
        }
        rp_alloc_inject(k, 0);
        rp_status status = rp_store_checkpoint_again(rig.store, checkpoint, NULL);
        rp_alloc_inject(0, 0);
        if (status == RP_ERROR_NO_MEMORY) {
            failures++;
            assert_int_equal(rp_store_rollback(rig.store, checkpoint, NULL), RP_ERROR_STATE);
            assert_int_equal(rp_store_checkpoint_again(rig.store, checkpoint, NULL), RP_OK);
        } else {
            assert_int_equal(status, RP_OK);
        }
        assert_int_equal(rp_store_rollback(rig.store, checkpoint, NULL), RP_OK);
        rp_checkpoint_destroy(checkpoint);
        rp_rig_deinit(&rig);
        if (status == RP_OK) {
            break;
        }
    }
    assert_true(failures >= 2);
    rp_wasm_deinit(&wasm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_made_again_holds_the_new_state),
        cmocka_unit_test(it_follows_new_instances),
        cmocka_unit_test(without_memory_it_can_only_be_made_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
