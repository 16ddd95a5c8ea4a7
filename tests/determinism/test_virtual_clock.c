/* Claims about determinism/virtual_clock.h. */
#include "determinism/virtual_clock.h"
#include "tests/support/unit.h"

#include "core/compiler.h"

static void time_is_start_plus_gas_plus_sleeps_and_saturates(void **state)
{
    (void)state;
    static const struct {
        struct rp_virtual_clock clock;
        uint64_t gas;
        uint64_t expected;
    } cases[] = {
        {{1767225600000000000, 0, 0, 0}, 0, 1767225600000000000},
        {{1767225600000000000, 0, 0, 0}, UINT64_MAX, 1767225600000000000},
        {{100, 3, 7, 0}, 5, 122},
        {{0, 1, 0, 0}, UINT64_MAX, UINT64_MAX},
        {{1, 1, 0, 0}, UINT64_MAX, UINT64_MAX},
        {{0, 1, 1, 0}, UINT64_MAX - 1, UINT64_MAX},
        {{0, 2, 0, 0}, (uint64_t)1 << 63, UINT64_MAX},
        {{0, 2, 0, 0}, ((uint64_t)1 << 63) - 1, UINT64_MAX - 1},
        {{0, (uint64_t)1 << 32, 0, 0}, (uint64_t)1 << 32, UINT64_MAX},
        {{UINT64_MAX, 0, UINT64_MAX, 0}, 0, UINT64_MAX},
        {{UINT64_MAX, UINT64_MAX, UINT64_MAX, 0}, UINT64_MAX, UINT64_MAX},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        assert_int_equal(rp_virtual_clock_now(&cases[i].clock, cases[i].gas), cases[i].expected);
    }
}

static void time_set_anew_counts_from_that_position(void **state)
{
    (void)state;
    struct rp_virtual_clock clock = {.start_ns = 10, .ns_per_gas = 3, .slept_ns = 5};
    rp_virtual_clock_set(&clock, 7, 1000);
    assert_int_equal(rp_virtual_clock_now(&clock, 1000), 7);
    assert_int_equal(rp_virtual_clock_now(&clock, 1002), 13);
    rp_virtual_clock_sleep(&clock, 1);
    assert_int_equal(rp_virtual_clock_now(&clock, 1002), 14);
}

static void sleeps_add_up_and_saturate(void **state)
{
    (void)state;
    struct rp_virtual_clock clock = {.start_ns = 10, .ns_per_gas = 0, .slept_ns = 0};
    rp_virtual_clock_sleep(&clock, 5);
    rp_virtual_clock_sleep(&clock, 0);
    rp_virtual_clock_sleep(&clock, 6);
    assert_int_equal(rp_virtual_clock_now(&clock, 1000), 21);
    rp_virtual_clock_sleep(&clock, UINT64_MAX - 10);
    assert_int_equal(clock.slept_ns, UINT64_MAX);
    rp_virtual_clock_sleep(&clock, UINT64_MAX);
    assert_int_equal(clock.slept_ns, UINT64_MAX);
    assert_int_equal(rp_virtual_clock_now(&clock, 0), UINT64_MAX);
}

static void time_never_goes_back(void **state)
{
    (void)state;
    struct rp_virtual_clock clock = {
        .start_ns = UINT64_MAX / 2, .ns_per_gas = 1000003, .slept_ns = 0};
    uint64_t before = 0;
    for (unsigned shift = 0; shift < 64; shift++) {
        const uint64_t now = rp_virtual_clock_now(&clock, (uint64_t)1 << shift);
        assert_true(now >= before);
        before = now;
        rp_virtual_clock_sleep(&clock, (uint64_t)1 << shift);
    }
    assert_int_equal(before, UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_start_plus_gas_plus_sleeps_and_saturates),
        cmocka_unit_test(time_set_anew_counts_from_that_position),
        cmocka_unit_test(sleeps_add_up_and_saturate),
        cmocka_unit_test(time_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
