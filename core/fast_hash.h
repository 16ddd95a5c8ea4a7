/* XXH3-128 (adapter for xxHash, layer 0): finds accidents in files quickly. It is no evidence:
 * whoever wants to can make two inputs with one value. For that there is core/hash.h. */
#ifndef RP_CORE_FAST_HASH_H
#define RP_CORE_FAST_HASH_H

#include <stddef.h>
#include <stdint.h>

#define RP_FAST_HASH_BYTES 16

/* The canonical form: 16 bytes, the high half first, each half big-endian. */
void rp_fast_hash(const void *data, size_t size, uint8_t out_hash[RP_FAST_HASH_BYTES]);

#endif
