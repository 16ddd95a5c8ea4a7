/* Tests of vfs/radix.c. */
#include "tests/support/unit.h"
#include "vfs/radix.h"

struct leaf {
    struct rp_shared shared;
    uint64_t value;
};

static void free_leaf(struct rp_allocator *allocator, void *leaf)
{
    rp_free(allocator, leaf, sizeof(struct leaf));
}

static struct leaf *new_leaf(struct rp_allocator *allocator, uint64_t value)
{
    struct leaf *leaf = rp_alloc(allocator, sizeof *leaf);
    assert_non_null(leaf);
    *leaf = (struct leaf){.shared = {1}, .value = value};
    return leaf;
}

static void put(struct rp_radix *radix, struct rp_allocator *allocator, uint64_t index,
                uint64_t value)
{
    assert_true(rp_radix_reserve(radix, allocator, index));
    void *old = rp_radix_exchange(radix, allocator, index, new_leaf(allocator, value));
    if (old != NULL && rp_shared_drop(old)) {
        free_leaf(allocator, old);
    }
}

static void take(struct rp_radix *radix, struct rp_allocator *allocator, uint64_t index)
{
    assert_true(rp_radix_reserve(radix, allocator, index));
    void *old = rp_radix_exchange(radix, allocator, index, NULL);
    assert_non_null(old);
    if (rp_shared_drop(old)) {
        free_leaf(allocator, old);
    }
}

static uint64_t value_at(const struct rp_radix *radix, uint64_t index)
{
    const struct leaf *leaf = rp_radix_get(radix, index);
    return leaf != NULL ? leaf->value : 0;
}

static const uint64_t indices[] = {0,
                                   1,
                                   63,
                                   64,
                                   65,
                                   4095,
                                   4096,
                                   262143,
                                   262144,
                                   UINT64_C(1) << 40,
                                   (UINT64_C(1) << 60) - 1,
                                   UINT64_C(1) << 60,
                                   UINT64_MAX};

static void radix_finds_every_index_at_the_borders_of_its_levels(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    struct rp_radix radix = {0};
    for (size_t i = 0; i < RP_ARRAY_COUNT(indices); i++) {
        put(&radix, &allocator, indices[i], i + 1);
    }
    assert_int_equal(rp_radix_count(&radix), RP_ARRAY_COUNT(indices));
    uint64_t from = 0;
    for (size_t i = 0; i < RP_ARRAY_COUNT(indices); i++) {
        assert_int_equal(value_at(&radix, indices[i]), i + 1);
        uint64_t index = 0;
        void *leaf = NULL;
        assert_true(rp_radix_next(&radix, from, &index, &leaf));
        assert_int_equal(index, indices[i]);
        from = index + 1;
    }
    assert_null(rp_radix_get(&radix, 2));
    assert_null(rp_radix_get(&radix, (UINT64_C(1) << 40) + 1));
    for (size_t i = 0; i < RP_ARRAY_COUNT(indices); i++) {
        take(&radix, &allocator, indices[i]);
    }
    assert_null(radix.root);
    assert_int_equal(allocator.used_bytes, 0);
}

static void radix_answers_the_lowest_free_index(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    struct rp_radix radix = {0};
    for (uint64_t i = 0; i < 4200; i++) {
        assert_int_equal(rp_radix_lowest_free(&radix), i);
        put(&radix, &allocator, i, 1);
    }
    static const uint64_t holes[] = {0, 5, 63, 64, 4095, 4096, 4199};
    for (size_t i = RP_ARRAY_COUNT(holes); i > 0; i--) {
        take(&radix, &allocator, holes[i - 1]);
        assert_int_equal(rp_radix_lowest_free(&radix), holes[i - 1]);
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(holes); i++) {
        assert_int_equal(rp_radix_lowest_free(&radix), holes[i]);
        put(&radix, &allocator, holes[i], 1);
    }
    assert_int_equal(rp_radix_lowest_free(&radix), 4200);
    rp_radix_release(&radix, &allocator, free_leaf);
    assert_int_equal(allocator.used_bytes, 0);
}

static void radix_cut_removes_exactly_what_is_at_or_behind_the_border(void **state)
{
    (void)state;
    for (size_t border = 0; border < RP_ARRAY_COUNT(indices); border++) {
        for (uint64_t shift = 0; shift < 2; shift++) {
            struct rp_allocator allocator;
            rp_allocator_init(&allocator, 0);
            struct rp_radix radix = {0};
            for (size_t i = 0; i < RP_ARRAY_COUNT(indices); i++) {
                put(&radix, &allocator, indices[i], i + 1);
            }
            uint64_t from = indices[border] + (indices[border] == UINT64_MAX ? 0 : shift);
            uint64_t expected = 0;
            for (size_t i = 0; i < RP_ARRAY_COUNT(indices); i++) {
                expected += indices[i] >= from ? 1 : 0;
            }
            assert_true(rp_radix_reserve(&radix, &allocator, from));
            assert_int_equal(rp_radix_cut(&radix, &allocator, from, free_leaf), expected);
            for (size_t i = 0; i < RP_ARRAY_COUNT(indices); i++) {
                assert_int_equal(value_at(&radix, indices[i]), indices[i] >= from ? 0 : i + 1);
            }
            rp_radix_release(&radix, &allocator, free_leaf);
            assert_int_equal(allocator.used_bytes, 0);
        }
    }
}

static void radix_clones_do_not_see_each_others_changes(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    struct rp_radix first = {0};
    for (uint64_t i = 0; i < 100; i++) {
        put(&first, &allocator, i * 50, i + 1);
    }
    struct rp_radix second = rp_radix_clone(&first);
    put(&second, &allocator, 50, 1000);
    take(&second, &allocator, 100);
    put(&first, &allocator, 150, 2000);
    assert_int_equal(value_at(&first, 50), 2);
    assert_int_equal(value_at(&first, 100), 3);
    assert_int_equal(value_at(&first, 150), 2000);
    assert_int_equal(value_at(&second, 50), 1000);
    assert_int_equal(value_at(&second, 100), 0);
    assert_int_equal(value_at(&second, 150), 4);
    assert_true(rp_radix_reserve(&second, &allocator, 2000));
    (void)rp_radix_cut(&second, &allocator, 2000, free_leaf);
    assert_int_equal(rp_radix_count(&first), 100);
    assert_int_equal(rp_radix_count(&second), 39);
    rp_radix_release(&first, &allocator, free_leaf);
    assert_int_equal(value_at(&second, 50), 1000);
    assert_int_equal(value_at(&second, 1950), 40);
    rp_radix_release(&second, &allocator, free_leaf);
    assert_int_equal(allocator.used_bytes, 0);
}

static void radix_reserve_that_fails_leaves_the_contents(void **state)
{
    (void)state;
    for (uint64_t k = 1; k < 12; k++) {
        struct rp_allocator allocator;
        rp_allocator_init(&allocator, 0);
        struct rp_radix radix = {0};
        put(&radix, &allocator, 7, 70);
        allocator.fail_call = allocator.calls + k;
        bool reserved = rp_radix_reserve(&radix, &allocator, UINT64_C(1) << 30);
        allocator.fail_call = 0;
        assert_int_equal(value_at(&radix, 7), 70);
        assert_int_equal(rp_radix_count(&radix), 1);
        assert_int_equal(rp_radix_lowest_free(&radix), 0);
        if (reserved) {
            assert_true(k > 5);
        }
        rp_radix_release(&radix, &allocator, free_leaf);
        assert_int_equal(allocator.used_bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(radix_finds_every_index_at_the_borders_of_its_levels),
        cmocka_unit_test(radix_answers_the_lowest_free_index),
        cmocka_unit_test(radix_cut_removes_exactly_what_is_at_or_behind_the_border),
        cmocka_unit_test(radix_clones_do_not_see_each_others_changes),
        cmocka_unit_test(radix_reserve_that_fails_leaves_the_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
