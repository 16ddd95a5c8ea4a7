/* BLAKE2b-256 (adapter for libsodium, layer 0). */
#ifndef RP_CORE_HASH_H
#define RP_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define RP_HASH_BYTES 32
#define RP_HASH_HEX_BYTES 65 /* with the terminating 0 */

struct rp_hash_state {
    _Alignas(64) uint8_t opaque[384];
};

void rp_hash(const void *data, size_t size, uint8_t out_hash[RP_HASH_BYTES]);
/* BLAKE2b-256 under a personalisation (RFC 7693 leaves it to BLAKE2's parameter block): the same
 * bytes in another role have another hash. */
#define RP_HASH_PERSONAL_BYTES 16
void rp_hash_as(const uint8_t personal[RP_HASH_PERSONAL_BYTES], const void *data, size_t size,
                uint8_t out_hash[RP_HASH_BYTES]);
void rp_hash_init(struct rp_hash_state *state);
void rp_hash_init_as(struct rp_hash_state *state, const uint8_t personal[RP_HASH_PERSONAL_BYTES]);
void rp_hash_update(struct rp_hash_state *state, const void *data, size_t size);
void rp_hash_final(struct rp_hash_state *state, uint8_t out_hash[RP_HASH_BYTES]);
void rp_hash_hex(const uint8_t hash[RP_HASH_BYTES],
                 char out_hex[RP_HASH_HEX_BYTES]); /* lower case */

#endif
