/* Tests of core/fast_hash.c against vectors made with another implementation's binding (Python's
 * xxhash.xxh3_128, hexdigest: the canonical form). */
#include "core/fast_hash.h"
#include "tests/support/unit.h"

#include <stdio.h>

struct vector {
    size_t size;
    unsigned factor; /* byte i is i * factor + first */
    unsigned first;
    const char *hex;
};

static const struct vector vectors[] = {
    {0, 0, 0, "99aa06d3014798d86001c324468d497f"},
    {1, 0, 'a', "a96faf705af16834e6c632b61e964e1f"},
    {3, 1, 'a', "06b05ab6733a618578af5f94892f3950"},
    {256, 1, 0, "f1f8a93f50849ac39408a4433b952d71"},
    {1000, 7, 3, "6bcc7eff62da44c26c4f14bd97bd9e82"},
};

static void fast_hash_is_xxh3_128_in_canonical_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t data[1000];
        for (size_t at = 0; at < vectors[i].size; at++) {
            data[at] = (uint8_t)(at * vectors[i].factor + vectors[i].first);
        }
        uint8_t hash[RP_FAST_HASH_BYTES];
        rp_fast_hash(data, vectors[i].size, hash);
        char hex[2 * RP_FAST_HASH_BYTES + 1];
        for (size_t at = 0; at < sizeof hash; at++) {
            (void)snprintf(hex + 2 * at, 3, "%02x", hash[at]);
        }
        assert_string_equal(hex, vectors[i].hex);
    }
}

static void every_bit_counts(void **state)
{
    (void)state;
    uint8_t data[300] = {0};
    uint8_t plain[RP_FAST_HASH_BYTES];
    rp_fast_hash(data, sizeof data, plain);
    for (size_t bit = 0; bit < 8 * sizeof data; bit++) {
        data[bit / 8] = (uint8_t)(data[bit / 8] ^ 1u << bit % 8);
        uint8_t flipped[RP_FAST_HASH_BYTES];
        rp_fast_hash(data, sizeof data, flipped);
        assert_memory_not_equal(flipped, plain, sizeof plain);
        data[bit / 8] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fast_hash_is_xxh3_128_in_canonical_form),
        cmocka_unit_test(every_bit_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
