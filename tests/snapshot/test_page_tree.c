/* The tree over a memory's pages against a straightforward recomputation from its definition. */
#include "core/page_hash.h"
#include "determinism/pcg64.h"
#include "snapshot/page_tree.h"
#include "tests/support/unit.h"

#include <stdlib.h>

#define MODEL_PAGES 64u

/* What the tree should hold: pages by number, in order. */
struct model {
    unsigned depth;
    size_t count;
    uint64_t numbers[MODEL_PAGES];
    uint8_t bytes[MODEL_PAGES][RP_TREE_PAGE_BYTES];
};

static void hash_as(const char *personal, const void *data, size_t size, uint8_t out[32])
{
    uint8_t padded[RP_HASH_PERSONAL_BYTES] = {0};
    memcpy(padded, personal, strlen(personal));
    rp_hash_as(padded, data, size, out);
}

/* The root of the 2^height pages from `first`, which are `pages` to `end` of the model. */
static void recompute(const struct model *model, unsigned height, uint64_t first, size_t page,
                      size_t end, uint8_t out[32])
{
    static const uint8_t zero[RP_TREE_PAGE_BYTES];
    static uint8_t zeros[RP_TREE_DEPTH_64 + 1][32]; /* computed once: 2^36 leaves take too long */
    static bool zeros_known[RP_TREE_DEPTH_64 + 1];
    if (page == end && zeros_known[height]) {
        memcpy(out, zeros[height], 32);
        return;
    }
    if (height == 0) {
        hash_as("reprise.leaf", page == end ? zero : model->bytes[page], RP_TREE_PAGE_BYTES, out);
    } else {
        uint8_t pair[64];
        uint64_t half = UINT64_C(1) << (height - 1);
        size_t middle = page;
        while (middle < end && model->numbers[middle] < first + half) {
            middle++;
        }
        recompute(model, height - 1, first, page, middle, pair);
        recompute(model, height - 1, first + half, middle, end, pair + 32);
        hash_as("reprise.node", pair, sizeof pair, out);
    }
    if (page == end) {
        memcpy(zeros[height], out, 32);
        zeros_known[height] = true;
    }
}

static void model_root(const struct model *model, uint8_t out[32])
{
    recompute(model, model->depth, 0, 0, model->count, out);
}

static void model_remove(struct model *model, uint64_t number)
{
    for (size_t i = 0; i < model->count; i++) {
        if (model->numbers[i] == number) {
            model->count--;
            memmove(&model->numbers[i], &model->numbers[i + 1],
                    (model->count - i) * sizeof model->numbers[0]);
            memmove(&model->bytes[i], &model->bytes[i + 1],
                    (model->count - i) * sizeof model->bytes[0]);
            return;
        }
    }
}

static void model_set(struct model *model, uint64_t number, const uint8_t *bytes)
{
    model_remove(model, number);
    assert_true(model->count < MODEL_PAGES);
    size_t at = model->count++;
    for (; at > 0 && model->numbers[at - 1] > number; at--) {
        model->numbers[at] = model->numbers[at - 1];
        memcpy(model->bytes[at], model->bytes[at - 1], RP_TREE_PAGE_BYTES);
    }
    model->numbers[at] = number;
    memcpy(model->bytes[at], bytes, RP_TREE_PAGE_BYTES);
}

static void assert_equal_roots(struct rp_tree *tree, const struct model *model)
{
    uint8_t found[32];
    uint8_t expected[32];
    rp_tree_root(tree, found);
    model_root(model, expected);
    assert_memory_equal(found, expected, 32);
}

static const unsigned depths[] = {RP_TREE_DEPTH_32, RP_TREE_DEPTH_64};

static void roots_equal_a_recomputation(void **state)
{
    (void)state;
    struct model *model = calloc(1, sizeof *model);
    assert_non_null(model);
    for (size_t d = 0; d < 2; d++) {
        struct rp_allocator allocator;
        struct rp_pcg64 pcg;
        rp_allocator_init(&allocator, 0);
        rp_pcg64_seed_u64(&pcg, 20 + d);
        struct rp_tree *tree = rp_tree_create(&allocator, depths[d]);
        assert_non_null(tree);
        *model = (struct model){.depth = depths[d]};
        assert_equal_roots(tree, model);
        for (unsigned step = 0; step < 600; step++) {
            uint64_t random = rp_pcg64_next(&pcg);
            /* Near each other, near both ends, and anywhere. */
            uint64_t last = (UINT64_C(1) << depths[d]) - 1;
            uint64_t number = rp_pcg64_next(&pcg) & last;
            number = random % 4 == 0 ? number & 63 : number;
            number = random % 4 == 1 ? last - (number & 63) : number;
            bool removes = random / 4 % 3 == 0 || model->count == MODEL_PAGES;
            if (removes) {
                number = model->count > 0 && random % 2 == 0
                             ? model->numbers[random / 16 % model->count]
                             : number;
                rp_tree_set_zero(tree, number);
                model_remove(model, number);
            } else {
                uint8_t page[RP_TREE_PAGE_BYTES] = {0};
                page[random / 16 % sizeof page] = (uint8_t)(1 + step % 255);
                assert_true(rp_tree_set_page(tree, number, page));
                model_set(model, number, page);
            }
            if (random / 64 % 3 == 0) {
                assert_equal_roots(tree, model);
            }
        }
        assert_equal_roots(tree, model);
        rp_tree_clear(tree);
        model->count = 0;
        assert_equal_roots(tree, model);
        rp_tree_destroy(tree);
        assert_int_equal(allocator.used_bytes, 0);
    }
    free(model);
}

static void every_byte_of_a_page_counts(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    struct rp_tree *tree = rp_tree_create(&allocator, RP_TREE_DEPTH_32);
    uint8_t zero_root[32];
    rp_tree_root(tree, zero_root);
    for (size_t at = 0; at < RP_TREE_PAGE_BYTES; at++) {
        uint8_t page[RP_TREE_PAGE_BYTES] = {0};
        uint8_t root[32];
        page[at] = 1;
        assert_true(rp_tree_set_page(tree, 5, page));
        rp_tree_root(tree, root);
        assert_memory_not_equal(root, zero_root, 32);
        page[at] = 0;
        assert_true(rp_tree_set_page(tree, 5, page));
        rp_tree_root(tree, root);
        assert_memory_equal(root, zero_root, 32);
    }
    rp_tree_destroy(tree);
}

/* A page of zeros that is set, one that became zero and one that never was are the same, and cost
 * nothing. */
static void zero_pages_are_absent(void **state)
{
    (void)state;
    static const uint8_t zero[RP_TREE_PAGE_BYTES];
    static const uint8_t one[RP_TREE_PAGE_BYTES] = {1};
    for (size_t d = 0; d < 2; d++) {
        struct rp_allocator allocator;
        rp_allocator_init(&allocator, 0);
        struct rp_tree *tree = rp_tree_create(&allocator, depths[d]);
        uint64_t empty_bytes = allocator.used_bytes;
        uint8_t empty[32];
        uint8_t root[32];
        rp_tree_root(tree, empty);
        for (uint64_t page = 0; page < 1000; page++) {
            assert_true(rp_tree_set_page(tree, page, zero));
        }
        assert_int_equal(allocator.used_bytes, empty_bytes);
        for (uint64_t page = 0; page < 1000; page++) {
            assert_true(rp_tree_set_page(tree, page * 1039, one));
        }
        rp_tree_root(tree, root);
        assert_memory_not_equal(root, empty, 32);
        for (uint64_t page = 0; page < 1000; page++) {
            rp_tree_set_zero(tree, page * 1039);
        }
        rp_tree_root(tree, root);
        assert_memory_equal(root, empty, 32);
        assert_int_equal(allocator.used_bytes, empty_bytes);
        rp_tree_destroy(tree);
    }
}

static void memory_is_proportional_to_pages(void **state)
{
    (void)state;
    static const uint8_t one[RP_TREE_PAGE_BYTES] = {1};
    struct rp_allocator allocator;
    uint8_t root[32];
    rp_allocator_init(&allocator, 0);
    struct rp_tree *tree = rp_tree_create(&allocator, RP_TREE_DEPTH_32);
    for (uint64_t page = 0; page < 64; page++) { /* far apart in 4 GiB */
        assert_true(rp_tree_set_page(tree, page << 14, one));
    }
    rp_tree_root(tree, root);
    assert_true(allocator.used_bytes < 64 * 4096);
    rp_tree_clear(tree);
    for (uint64_t page = 0; page < 16384; page++) { /* 64 MiB without a hole */
        assert_true(rp_tree_set_page(tree, page, one));
    }
    rp_tree_root(tree, root);
    assert_true(allocator.used_bytes < UINT64_C(16384) * 4096 / 40);
    rp_tree_destroy(tree);
    assert_int_equal(allocator.used_bytes, 0);
}

static void failed_allocations_leave_the_other_leaves(void **state)
{
    (void)state;
    static const uint8_t one[RP_TREE_PAGE_BYTES] = {1};
    for (uint64_t fail = 1; fail <= 12; fail++) {
        struct rp_allocator allocator;
        rp_allocator_init(&allocator, 0);
        struct rp_tree *tree = rp_tree_create(&allocator, RP_TREE_DEPTH_64);
        uint8_t before[32];
        uint8_t after[32];
        assert_true(rp_tree_set_page(tree, 7, one));
        rp_tree_root(tree, before);
        allocator.fail_call = allocator.calls + fail;
        bool done = rp_tree_set_page(tree, UINT64_C(1) << 35, one);
        assert_int_equal(done, fail > 8); /* the chunks on the path below the common top */
        allocator.fail_call = 0;
        if (done) {
            rp_tree_set_zero(tree, UINT64_C(1) << 35);
        }
        rp_tree_root(tree, after);
        assert_memory_equal(before, after, 32);
        rp_tree_destroy(tree);
        assert_int_equal(allocator.used_bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_equal_a_recomputation),
        cmocka_unit_test(every_byte_of_a_page_counts),
        cmocka_unit_test(zero_pages_are_absent),
        cmocka_unit_test(memory_is_proportional_to_pages),
        cmocka_unit_test(failed_allocations_leave_the_other_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
