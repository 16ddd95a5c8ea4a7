/* Tests of core/page_hash.c against vectors made with another implementation (Python's
 * hashlib.blake2b, digest_size 32, person). */
#include "core/page_hash.h"
#include "tests/support/unit.h"

static void assert_hash(const uint8_t hash[RP_HASH_BYTES], const char *hex)
{
    char found[RP_HASH_HEX_BYTES];
    rp_hash_hex(hash, found);
    assert_string_equal(found, hex);
}

static void page_hash_is_personalised_blake2b(void **state)
{
    (void)state;
    uint8_t page[RP_PAGE_HASH_BYTES];
    for (size_t i = 0; i < sizeof page; i++) {
        page[i] = (uint8_t)(i * 7 + 3);
    }
    uint8_t hash[RP_HASH_BYTES];
    rp_page_hash(page, hash);
    assert_hash(hash, "2eb7cd0866c14bdcb56bc3702fe28e17ef78d668d2251905b0cd687a197d92b0");
}

static void the_constant_is_the_hash_of_a_page_of_zeros(void **state)
{
    (void)state;
    static const uint8_t page[RP_PAGE_HASH_BYTES];
    uint8_t hash[RP_HASH_BYTES];
    rp_page_hash(page, hash);
    assert_memory_equal(hash, rp_page_hash_zero, RP_HASH_BYTES);
    assert_hash(hash, "2d8f802cbf66d99e8450045a92cc6a9f4373e1b6ec4a68d764e8c6b3b4e148ab");
}

static void component_hash_is_personalised_blake2b(void **state)
{
    (void)state;
    uint8_t hash[RP_HASH_BYTES];
    rp_component_hash("", 0, hash);
    assert_hash(hash, "2a292cfa596973f48a83540f51b84e6a53d6518cbea9726f65c558a69a3335c7");
    rp_component_hash("abc", 3, hash);
    assert_hash(hash, "3ce4278006c554426e57bc76a1edf8b1487cc27d2cdc9660013f68f55507c763");
}

static void pieces_hash_as_the_whole(void **state)
{
    (void)state;
    struct rp_hash_state pieces;
    uint8_t hash[RP_HASH_BYTES];
    rp_component_hash_init(&pieces);
    rp_hash_update(&pieces, "a", 1);
    rp_hash_update(&pieces, "bc", 2);
    rp_hash_final(&pieces, hash);
    assert_hash(hash, "3ce4278006c554426e57bc76a1edf8b1487cc27d2cdc9660013f68f55507c763");
}

static void a_page_is_zero_if_all_its_bytes_are(void **state)
{
    (void)state;
    static uint8_t page[RP_PAGE_HASH_BYTES];
    assert_true(rp_page_is_zero(page));
    for (size_t at = 0; at < sizeof page; at++) {
        page[at] = 1;
        assert_false(rp_page_is_zero(page));
        page[at] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_hash_is_personalised_blake2b),
        cmocka_unit_test(the_constant_is_the_hash_of_a_page_of_zeros),
        cmocka_unit_test(component_hash_is_personalised_blake2b),
        cmocka_unit_test(pieces_hash_as_the_whole),
        cmocka_unit_test(a_page_is_zero_if_all_its_bytes_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
