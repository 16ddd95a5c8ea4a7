/* The adapter for libsodium's BLAKE2b (layer 0); no other file includes its headers for hashing.
 *
 * sodium_init selects the fastest code for this machine, once for the process; all of it computes
 * the same. */
#include "core/hash.h"

#include "core/assert.h"

#include <sodium.h>

static_assert(sizeof(crypto_generichash_blake2b_state) <= sizeof(struct rp_hash_state),
              "struct rp_hash_state is too small for libsodium's state");
static_assert(_Alignof(crypto_generichash_blake2b_state) <= _Alignof(struct rp_hash_state),
              "struct rp_hash_state is not aligned for libsodium's state");
static_assert(RP_HASH_BYTES >= crypto_generichash_blake2b_BYTES_MIN &&
                  RP_HASH_BYTES <= crypto_generichash_blake2b_BYTES_MAX,
              "libsodium has no BLAKE2b of this length");

static crypto_generichash_blake2b_state *state_of(struct rp_hash_state *state)
{
    return (crypto_generichash_blake2b_state *)(void *)state->opaque;
}

static void select_code(void)
{
    int selected = sodium_init();
    RP_ASSERT(selected >= 0);
}

void rp_hash(const void *data, size_t size, uint8_t out_hash[RP_HASH_BYTES])
{
    struct rp_hash_state state;
    rp_hash_init(&state);
    rp_hash_update(&state, data, size);
    rp_hash_final(&state, out_hash);
}

void rp_hash_as(const uint8_t personal[RP_HASH_PERSONAL_BYTES], const void *data, size_t size,
                uint8_t out_hash[RP_HASH_BYTES])
{
    static_assert(RP_HASH_PERSONAL_BYTES == crypto_generichash_blake2b_PERSONALBYTES,
                  "libsodium's personalisation has another length");
    select_code();
    int failed = crypto_generichash_blake2b_salt_personal(out_hash, RP_HASH_BYTES, data, size, NULL,
                                                          0, NULL, personal);
    RP_ASSERT(failed == 0);
}

void rp_hash_init(struct rp_hash_state *state)
{
    select_code();
    int failed = crypto_generichash_blake2b_init(state_of(state), NULL, 0, RP_HASH_BYTES);
    RP_ASSERT(failed == 0);
}

void rp_hash_init_as(struct rp_hash_state *state, const uint8_t personal[RP_HASH_PERSONAL_BYTES])
{
    select_code();
    int failed = crypto_generichash_blake2b_init_salt_personal(state_of(state), NULL, 0,
                                                               RP_HASH_BYTES, NULL, personal);
    RP_ASSERT(failed == 0);
}

void rp_hash_update(struct rp_hash_state *state, const void *data, size_t size)
{
    if (size > 0) {
        int failed = crypto_generichash_blake2b_update(state_of(state), data, size);
        RP_ASSERT(failed == 0);
    }
}

void rp_hash_final(struct rp_hash_state *state, uint8_t out_hash[RP_HASH_BYTES])
{
    int failed = crypto_generichash_blake2b_final(state_of(state), out_hash, RP_HASH_BYTES);
    RP_ASSERT(failed == 0);
}

void rp_hash_hex(const uint8_t hash[RP_HASH_BYTES], char out_hex[RP_HASH_HEX_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < RP_HASH_BYTES; i++) {
        out_hex[2 * i] = digits[hash[i] >> 4];
        out_hex[2 * i + 1] = digits[hash[i] & 15];
    }
    out_hex[RP_HASH_HEX_BYTES - 1] = '\0';
}
