/* Tests of core/hash.c against vectors made with another implementation (Python's hashlib.blake2b,
 * digest_size 32). */
#include "core/hash.h"
#include "tests/support/unit.h"

struct vector {
    const char *data;
    size_t size;
    const char *hex;
};

static const struct vector vectors[] = {
    {"", 0, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"},
    {"abc", 3, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     128, "ae2aa48507885c4c950fb809b2076f959cde9f8ea6da260d9a3587df33dac450"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "a",
     129, "2f64744a6de0d2c0b56e64cf6e29a5aaa255010d415d51c75ccc82f73dccd865"},
};

static void hash_is_blake2b_of_32_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t hash[RP_HASH_BYTES];
        char hex[RP_HASH_HEX_BYTES];
        rp_hash(vectors[i].data, vectors[i].size, hash);
        rp_hash_hex(hash, hex);
        assert_string_equal(hex, vectors[i].hex);
    }
}

static void hash_in_pieces_equals_hash_at_once(void **state)
{
    (void)state;
    uint8_t data[1000];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7 + 3);
    }
    uint8_t whole[RP_HASH_BYTES];
    rp_hash(data, sizeof data, whole);
    for (size_t piece = 1; piece < 300; piece += 13) {
        struct rp_hash_state hash_state;
        uint8_t pieces[RP_HASH_BYTES];
        rp_hash_init(&hash_state);
        for (size_t at = 0; at < sizeof data; at += piece) {
            size_t size = sizeof data - at < piece ? sizeof data - at : piece;
            rp_hash_update(&hash_state, data + at, size);
            rp_hash_update(&hash_state, NULL, 0);
        }
        rp_hash_final(&hash_state, pieces);
        assert_memory_equal(pieces, whole, RP_HASH_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_blake2b_of_32_bytes),
        cmocka_unit_test(hash_in_pieces_equals_hash_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
