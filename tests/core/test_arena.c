/* Tests of core/arena.c. */
#include "core/arena.h"
#include "tests/support/unit.h"

/* Leaves freed blocks full of ones for the next arena to be given. */
static void soil_freed_memory(struct rp_allocator *allocator)
{
    struct rp_arena arena;
    rp_arena_init(&arena, allocator);
    for (size_t size = 16; size <= 65536; size *= 2) {
        void *item = rp_arena_alloc(&arena, size, 1);
        assert_non_null(item);
        memset(item, 0xff, size);
    }
    rp_arena_deinit(&arena);
}

static void arena_items_are_zero_aligned_and_apart(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    struct rp_arena arena;
    rp_allocator_init(&allocator, 0);
    soil_freed_memory(&allocator);
    rp_arena_init(&arena, &allocator);
    static const size_t sizes[] = {1, 16, 17, 400, 900, 5000, 3, 100000, 1, 300000, 64};
    uint8_t *items[RP_ARRAY_COUNT(sizes)];
    for (size_t i = 0; i < RP_ARRAY_COUNT(sizes); i++) {
        items[i] = rp_arena_alloc(&arena, sizes[i], 1);
        assert_non_null(items[i]);
        assert_int_equal((uintptr_t)items[i] % 16, 0);
        for (size_t at = 0; at < sizes[i]; at++) {
            assert_int_equal(items[i][at], 0);
        }
        memset(items[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(sizes); i++) {
        for (size_t at = 0; at < sizes[i]; at++) {
            assert_int_equal(items[i][at], i + 1);
        }
    }
    rp_arena_deinit(&arena);
    assert_int_equal(allocator.used_bytes, 0);
}

static void arena_wastes_less_than_it_holds(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    struct rp_arena arena;
    rp_allocator_init(&allocator, 0);
    rp_arena_init(&arena, &allocator);
    for (size_t i = 0; i < 10000; i++) {
        assert_non_null(rp_arena_alloc(&arena, 4, 8));
        if (i % 100 == 0) {
            assert_non_null(rp_arena_alloc(&arena, 200000, 1));
        }
    }
    uint64_t asked = 10000 * 32 + 100 * 200000;
    assert_true(allocator.used_bytes < asked * 11 / 10);
    assert_true(allocator.calls < 200);
    rp_arena_deinit(&arena);
    assert_int_equal(allocator.used_bytes, 0);
}

static void arena_allocation_of_nothing_is_no_failure(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    struct rp_arena arena;
    rp_allocator_init(&allocator, 0);
    rp_arena_init(&arena, &allocator);
    assert_non_null(rp_arena_alloc(&arena, 0, 8));
    assert_non_null(rp_arena_alloc(&arena, 8, 0));
    assert_int_equal(allocator.calls, 0);
    rp_arena_deinit(&arena);
}

static void arena_refuses_overflow_and_survives_refusal(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    struct rp_arena arena;
    rp_allocator_init(&allocator, 0);
    rp_arena_init(&arena, &allocator);
    assert_null(rp_arena_alloc(&arena, UINT64_MAX, 2));
    assert_null(rp_arena_alloc(&arena, SIZE_MAX, 1));
    assert_null(rp_arena_alloc(&arena, SIZE_MAX - 31, 1));
    allocator.fail_call = allocator.calls + 1;
    assert_null(rp_arena_alloc(&arena, 1, 1));
    uint8_t *item = rp_arena_alloc(&arena, 1, 1);
    assert_non_null(item);
    allocator.fail_call = allocator.calls + 1;
    allocator.fail_onward = 1;
    assert_null(rp_arena_alloc(&arena, 1000000, 1));
    assert_non_null(rp_arena_alloc(&arena, 16, 1)); /* the first chunk has room */
    rp_arena_deinit(&arena);
    assert_int_equal(allocator.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_items_are_zero_aligned_and_apart),
        cmocka_unit_test(arena_wastes_less_than_it_holds),
        cmocka_unit_test(arena_allocation_of_nothing_is_no_failure),
        cmocka_unit_test(arena_refuses_overflow_and_survives_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
