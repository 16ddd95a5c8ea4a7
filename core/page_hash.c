/* Hashes of pages and components, BLAKE2b-256 with a personalisation each (layer 0). */
#include "core/page_hash.h"

#include <string.h>

static const uint8_t personal_leaf[RP_HASH_PERSONAL_BYTES] = "reprise.leaf";
static const uint8_t personal_component[RP_HASH_PERSONAL_BYTES] = "reprise.comp";

const uint8_t rp_page_hash_zero[RP_HASH_BYTES] = {
    0x2d, 0x8f, 0x80, 0x2c, 0xbf, 0x66, 0xd9, 0x9e, 0x84, 0x50, 0x04, 0x5a, 0x92, 0xcc, 0x6a, 0x9f,
    0x43, 0x73, 0xe1, 0xb6, 0xec, 0x4a, 0x68, 0xd7, 0x64, 0xe8, 0xc6, 0xb3, 0xb4, 0xe1, 0x48, 0xab,
};

void rp_page_hash(const uint8_t page[RP_PAGE_HASH_BYTES], uint8_t out_hash[RP_HASH_BYTES])
{
    rp_hash_as(personal_leaf, page, RP_PAGE_HASH_BYTES, out_hash);
}

bool rp_page_is_zero(const uint8_t page[RP_PAGE_HASH_BYTES])
{
    uint64_t words[8];
    uint64_t any = 0;
    for (size_t at = 0; at < RP_PAGE_HASH_BYTES && any == 0; at += sizeof words) {
        memcpy(words, page + at, sizeof words);
        any = words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] | words[7];
    }
    return any == 0;
}

void rp_component_hash(const void *data, size_t size, uint8_t out_hash[RP_HASH_BYTES])
{
    rp_hash_as(personal_component, data, size, out_hash);
}

void rp_component_hash_init(struct rp_hash_state *state)
{
    rp_hash_init_as(state, personal_component);
}
