/* The adapter for xxHash (layer 0). */
#include "core/fast_hash.h"

#include "core/assert.h"

#include <string.h>
#include <xxhash.h>

static_assert(sizeof(XXH128_canonical_t) == RP_FAST_HASH_BYTES, "XXH3-128 has 16 bytes");

void rp_fast_hash(const void *data, size_t size, uint8_t out_hash[RP_FAST_HASH_BYTES])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, size));
    memcpy(out_hash, &canonical, sizeof canonical);
}
