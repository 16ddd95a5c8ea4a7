/* Claims about determinism/float_env.h: an embedder that flushes subnormals, rounds toward zero and
 * raises signals on floating-point exceptions cannot be told from another by the guest, and gets
 * its own mode back.
 *
 * Operands and results are volatile, so that each operation happens where it stands. */
#include "determinism/float_env.h"

#include "determinism/float_rules.h"
#include "tests/determinism/host_mode.h"
#include "tests/support/unit.h"

/* In every row the answer in the guest's mode differs from that in the hostile one, or the latter
 * raises a signal. */
static const struct {
    char op;
    double a;
    double b;
    uint64_t expected;
} cases[] = {
    {'*', 1e-310, 1.0, 0x000012688b70e62b},        /* a subnormal operand is kept */
    {'*', 0x1p-1000, 0x1p-70, 0x0000000000000010}, /* a subnormal result is kept */
    {'+', 1.0, 0x1.8p-53, 0x3ff0000000000001},     /* to nearest: up */
    {'+', 0x1.fffffffffffffp1023, 0x1p970,
     RP_F64_INFINITY},                       /* overflow is an infinity, not the largest number */
    {'+', 1.0, 0x1p-53, 0x3ff0000000000000}, /* a tie goes to even */
    {'/', 1.0, 0.0, RP_F64_INFINITY},        /* no signal */
    {'/', 0.0, 0.0, RP_F64_NAN},             /* no signal, and the canonical NaN */
};

static uint64_t compute(size_t index)
{
    const volatile uint64_t a = rp_f64_to_bits(cases[index].a);
    const volatile uint64_t b = rp_f64_to_bits(cases[index].b);
    volatile uint64_t result; /* written before the mode changes again */
    switch (cases[index].op) {
    case '+':
        result = rp_f64_add(a, b);
        break;
    case '*':
        result = rp_f64_mul(a, b);
        break;
    default:
        result = rp_f64_div(a, b);
        break;
    }
    return result;
}

static void guest_arithmetic_ignores_the_hosts_mode(void **state)
{
    (void)state;
    const uint64_t host = rp_host_mode_read();
    uint64_t results[RP_ARRAY_COUNT(cases)];
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct rp_float_env env;
        rp_host_mode_write(rp_host_mode_hostile());
        rp_float_env_enter(&env);
        results[i] = compute(i);
        rp_float_env_leave(&env);
        rp_host_mode_write(host);
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        assert_int_equal(results[i], cases[i].expected);
    }
}

static void the_host_gets_back_exactly_what_it_had(void **state)
{
    (void)state;
    const uint64_t host = rp_host_mode_read();
    rp_host_mode_write(rp_host_mode_hostile());
    const uint64_t before = rp_host_mode_read();
    struct rp_float_env env;
    rp_float_env_enter(&env);
    const uint64_t inside = rp_host_mode_read();
    /* Division by zero, overflow and invalid are recorded inside, none of them may be seen outside.
     */
    const uint64_t result = compute(3) ^ compute(5) ^ compute(6);
    rp_float_env_leave(&env);
    const uint64_t after = rp_host_mode_read();
    rp_host_mode_write(host);
    assert_int_equal(result, RP_F64_NAN);
    assert_int_not_equal(inside, before);
    assert_int_equal(before, rp_host_mode_hostile());
    assert_int_equal(after, before);
}

/* After leave the host's flush to zero is in force again: the tests above would else prove nothing
 * about the mode. */
static void the_hosts_mode_is_in_force_again_after_leave(void **state)
{
    (void)state;
    const uint64_t host = rp_host_mode_read();
    struct rp_float_env env;
    rp_host_mode_write(rp_host_mode_hostile() | (host & 0x1f80));
    rp_float_env_enter(&env);
    const uint64_t guest = compute(0);
    rp_float_env_leave(&env);
    const uint64_t flushed = compute(0);
    const uint64_t toward_zero = compute(2);
    rp_host_mode_write(host);
    assert_int_equal(guest, cases[0].expected);
    assert_int_equal(flushed, 0);
    assert_int_equal(toward_zero, 0x3ff0000000000000);
}

static void modes_nest_as_calls_of_host_functions_do(void **state)
{
    (void)state;
    const uint64_t host = rp_host_mode_read();
    struct rp_float_env outer;
    struct rp_float_env inner;
    rp_float_env_enter(&outer);
    rp_float_env_leave(&outer);
    assert_int_equal(rp_host_mode_read(), host);
    rp_float_env_enter(&outer);
    const uint64_t guest = rp_host_mode_read();
    rp_float_env_enter(&inner);
    assert_int_equal(rp_host_mode_read(), guest);
    rp_float_env_leave(&inner);
    assert_int_equal(rp_host_mode_read(), guest);
    rp_float_env_leave(&outer);
    assert_int_equal(rp_host_mode_read(), host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_arithmetic_ignores_the_hosts_mode),
        cmocka_unit_test(the_host_gets_back_exactly_what_it_had),
        cmocka_unit_test(the_hosts_mode_is_in_force_again_after_leave),
        cmocka_unit_test(modes_nest_as_calls_of_host_functions_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
