/* Claims about determinism/pcg64.h. The vectors of pcg64_srandom(42, 54) are those that the
 * author's check program prints. */
#include "determinism/pcg64.h"
#include "tests/support/unit.h"

static void pcg64_gives_the_authors_vectors(void **state)
{
    (void)state;
    static const uint64_t expected[] = {0x86b1da1d72062b68, 0x1304aa46c9853d39, 0xa3670e9e0dd50358,
                                        0xf9090e529a7dae00, 0xc85b9fd837996f2c, 0x606121f8e3919196};
    struct rp_pcg64 pcg;
    rp_pcg64_seed(&pcg, 42, 54);
    for (size_t i = 0; i < RP_ARRAY_COUNT(expected); i++) {
        assert_int_equal(rp_pcg64_next(&pcg), expected[i]);
    }
}

/* Written from the definition alone: (state, increment) -> next state, with the multiplication done
 * on 32-bit digits. */
static void multiply_add_128(uint32_t state[4], const uint32_t increment[4])
{
    static const uint32_t multiplier[4] = {0x9fccf645, 0x4385df64, 0x1fc65da4, 0x2360ed05};
    uint64_t product[4] = {increment[0], increment[1], increment[2], increment[3]};
    for (unsigned i = 0; i < 4; i++) {
        uint64_t carry = 0;
        for (unsigned j = 0; i + j < 4; j++) {
            const uint64_t sum = (uint64_t)state[i] * multiplier[j] + product[i + j] + carry;
            product[i + j] = (uint32_t)sum;
            carry = sum >> 32;
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        state[i] = (uint32_t)product[i];
    }
}

static void the_state_advances_by_its_definition(void **state)
{
    (void)state;
    struct rp_pcg64 pcg;
    rp_pcg64_seed(&pcg, (unsigned __int128)0x0123456789abcdef << 64 | 0xfedcba9876543210, 99);
    uint32_t digits[4];
    uint32_t increment[4];
    memcpy(digits, &pcg.state, sizeof(digits));
    memcpy(increment, &pcg.increment, sizeof(increment));
    assert_int_equal(increment[0], 99 * 2 + 1);
    for (int i = 0; i < 1000; i++) {
        multiply_add_128(digits, increment);
        (void)rp_pcg64_next(&pcg);
        assert_memory_equal(digits, &pcg.state, sizeof(digits));
    }
}

static void the_stores_seeding_uses_the_documented_stream(void **state)
{
    (void)state;
    struct rp_pcg64 named;
    struct rp_pcg64 stores;
    rp_pcg64_seed(&named, 7, 0xda3e39cb94b95bdb);
    rp_pcg64_seed_u64(&stores, 7);
    assert_true(named.state == stores.state && named.increment == stores.increment);
    assert_int_equal(rp_pcg64_next(&named), rp_pcg64_next(&stores));
}

static void different_seeds_and_streams_give_different_numbers(void **state)
{
    (void)state;
    struct rp_pcg64 pcg[3];
    rp_pcg64_seed(&pcg[0], 1, 1);
    rp_pcg64_seed(&pcg[1], 2, 1);
    rp_pcg64_seed(&pcg[2], 1, 2);
    const uint64_t first = rp_pcg64_next(&pcg[0]);
    assert_int_not_equal(first, rp_pcg64_next(&pcg[1]));
    assert_int_not_equal(first, rp_pcg64_next(&pcg[2]));
}

static void bytes_are_little_endian_numbers_and_the_rest_is_dropped(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 33; size++) {
        struct rp_pcg64 filled;
        struct rp_pcg64 counted;
        rp_pcg64_seed_u64(&filled, 5);
        rp_pcg64_seed_u64(&counted, 5);
        uint8_t bytes[34];
        memset(bytes, 0xee, sizeof(bytes));
        rp_pcg64_bytes(&filled, bytes, size);
        uint64_t number = 0;
        for (size_t i = 0; i < size; i++) {
            number = i % 8 == 0 ? rp_pcg64_next(&counted) : number >> 8;
            assert_int_equal(bytes[i], (uint8_t)number);
        }
        assert_int_equal(bytes[size], 0xee);
        assert_true(filled.state == counted.state);
    }
}

static void a_double_is_the_53_high_bits_in_unit_interval(void **state)
{
    (void)state;
    struct rp_pcg64 floats;
    struct rp_pcg64 numbers;
    rp_pcg64_seed_u64(&floats, 3);
    rp_pcg64_seed_u64(&numbers, 3);
    for (int i = 0; i < 1000; i++) {
        const double value = rp_pcg64_f64(&floats);
        assert_true(value >= 0.0 && value < 1.0);
        assert_int_equal((uint64_t)(value * 0x1p53), rp_pcg64_next(&numbers) >> 11);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcg64_gives_the_authors_vectors),
        cmocka_unit_test(the_state_advances_by_its_definition),
        cmocka_unit_test(the_stores_seeding_uses_the_documented_stream),
        cmocka_unit_test(different_seeds_and_streams_give_different_numbers),
        cmocka_unit_test(bytes_are_little_endian_numbers_and_the_rest_is_dropped),
        cmocka_unit_test(a_double_is_the_53_high_bits_in_unit_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
