/* Leaves of a state root: the hash of a page of 4 KiB, and of a component (layer 0; docs/wsnp.md,
 * "Roots"). Memories and files have the same leaves. */
#ifndef RP_CORE_PAGE_HASH_H
#define RP_CORE_PAGE_HASH_H

#include "core/hash.h"

#include <stdbool.h>

#define RP_PAGE_HASH_BYTES 4096u /* of a page */

/* BLAKE2b-256 of the page under "reprise.leaf", padded with zeros to 16 bytes. */
void rp_page_hash(const uint8_t page[RP_PAGE_HASH_BYTES], uint8_t out_hash[RP_HASH_BYTES]);
/* That of a page of zeros. */
extern const uint8_t rp_page_hash_zero[RP_HASH_BYTES];

/* Whether the page is one of zeros; ends at the first 64 bytes that are not. */
bool rp_page_is_zero(const uint8_t page[RP_PAGE_HASH_BYTES]);

/* BLAKE2b-256 of a component's bytes under "reprise.comp", padded with zeros to 16 bytes. */
void rp_component_hash(const void *data, size_t size, uint8_t out_hash[RP_HASH_BYTES]);
/* The same in pieces: rp_hash_update and rp_hash_final follow. */
void rp_component_hash_init(struct rp_hash_state *state);

#endif
