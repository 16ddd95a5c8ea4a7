/* Tests of core/alloc.c. */
#include "core/alloc.h"
#include "tests/support/unit.h"

static void allocator_accounts_for_every_byte(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    uint8_t *first = rp_alloc(&allocator, 100);
    uint8_t *second = rp_alloc_zero(&allocator, 10, 20);
    assert_non_null(first);
    assert_non_null(second);
    assert_int_equal(allocator.used_bytes, 300);
    for (size_t i = 0; i < 200; i++) {
        assert_int_equal(second[i], 0);
    }
    memset(first, 0x5a, 100);
    first = rp_realloc(&allocator, first, 100, 1000);
    assert_non_null(first);
    assert_int_equal(first[99], 0x5a);
    assert_int_equal(allocator.used_bytes, 1200);
    first = rp_realloc(&allocator, first, 1000, 10);
    assert_int_equal(allocator.used_bytes, 210);
    assert_int_equal(first[9], 0x5a);
    assert_null(rp_realloc(&allocator, first, 10, 0));
    rp_free(&allocator, second, 200);
    assert_int_equal(allocator.used_bytes, 0);
    assert_int_equal(allocator.peak_bytes, 1200);
    assert_int_equal(allocator.calls, 3);
}

static void allocator_keeps_its_limit(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 128);
    assert_null(rp_alloc(&allocator, 129));
    void *block = rp_alloc(&allocator, 128);
    assert_non_null(block);
    assert_null(rp_alloc(&allocator, 1));
    assert_null(rp_alloc_zero(&allocator, 1, 1));
    assert_null(rp_realloc(&allocator, block, 128, 129));
    assert_int_equal(allocator.used_bytes, 128);
    block = rp_realloc(&allocator, block, 128, 64);
    void *other = rp_alloc(&allocator, 64);
    assert_non_null(other);
    rp_free(&allocator, other, 64);
    rp_free(&allocator, block, 64);
    assert_int_equal(allocator.used_bytes, 0);
}

static void allocator_refuses_products_that_overflow(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    assert_null(rp_alloc_zero(&allocator, SIZE_MAX / 2, 3));
    uint32_t capacity = 0;
    assert_null(rp_grow(&allocator, NULL, &capacity, (uint64_t)UINT32_MAX + 1, 1));
    assert_null(rp_grow(&allocator, NULL, &capacity, UINT32_MAX, SIZE_MAX / 2));
    assert_int_equal(capacity, 0);
    assert_int_equal(allocator.used_bytes, 0);
}

static void allocation_of_nothing_is_no_failure(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 1);
    void *block = rp_alloc(&allocator, 0);
    assert_non_null(block);
    assert_non_null(rp_alloc_zero(&allocator, 0, 8));
    rp_free(&allocator, block, 0);
    rp_free(&allocator, NULL, 0);
    block = rp_realloc(&allocator, block, 0, 1);
    assert_non_null(block);
    rp_free(&allocator, block, 1);
    assert_int_equal(allocator.used_bytes, 0);
}

/* Five calls, of which the numbered ones fail. */
static unsigned count_successes(uint64_t fail_call, int fail_onward)
{
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    allocator.fail_call = fail_call;
    allocator.fail_onward = fail_onward;
    unsigned successes = 0;
    for (size_t i = 0; i < 5; i++) {
        void *block = i % 2 == 0 ? rp_alloc(&allocator, 8) : rp_alloc_zero(&allocator, 2, 4);
        if (block != NULL) {
            successes++;
            rp_free(&allocator, block, 8);
        }
    }
    assert_int_equal(allocator.used_bytes, 0);
    assert_int_equal(allocator.calls, 5);
    return successes;
}

static void allocation_k_fails_on_request(void **state)
{
    (void)state;
    assert_int_equal(count_successes(0, 0), 5);
    for (unsigned k = 1; k <= 5; k++) {
        assert_int_equal(count_successes(k, 0), 4);
        assert_int_equal(count_successes(k, 1), k - 1);
    }
    assert_int_equal(count_successes(6, 1), 5);
}

static void failed_growth_keeps_the_array(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    uint32_t capacity = 0;
    uint64_t *array = rp_grow(&allocator, NULL, &capacity, 3, sizeof *array);
    assert_non_null(array);
    assert_true(capacity >= 3);
    array[2] = 42;
    uint32_t before = capacity;
    assert_ptr_equal(rp_grow(&allocator, array, &capacity, before, sizeof *array), array);
    allocator.fail_call = allocator.calls + 1;
    assert_null(rp_grow(&allocator, array, &capacity, (uint64_t)before + 1, sizeof *array));
    assert_int_equal(capacity, before);
    assert_int_equal(array[2], 42);
    array = rp_grow(&allocator, array, &capacity, 1000, sizeof *array);
    assert_non_null(array);
    assert_int_equal(capacity, 1000);
    assert_int_equal(array[2], 42);
    rp_free(&allocator, array, capacity * sizeof *array);
    assert_int_equal(allocator.used_bytes, 0);
}

static void growth_takes_amortised_constant_calls(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    uint32_t capacity = 0;
    uint32_t *array = NULL;
    for (uint32_t i = 0; i < 100000; i++) {
        array = rp_grow(&allocator, array, &capacity, (uint64_t)i + 1, sizeof *array);
        assert_non_null(array);
        array[i] = i;
    }
    assert_in_range(allocator.calls, 10, 40);
    rp_free(&allocator, array, capacity * sizeof *array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocator_accounts_for_every_byte),
        cmocka_unit_test(allocator_keeps_its_limit),
        cmocka_unit_test(allocator_refuses_products_that_overflow),
        cmocka_unit_test(allocation_of_nothing_is_no_failure),
        cmocka_unit_test(allocation_k_fails_on_request),
        cmocka_unit_test(failed_growth_keeps_the_array),
        cmocka_unit_test(growth_takes_amortised_constant_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
