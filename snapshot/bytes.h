/* Bytes that are handed out (layer 3): rp_bytes has no allocator, so what becomes one must be alone
 * in the account of the allocator that it came from. */
#ifndef RP_SNAPSHOT_BYTES_H
#define RP_SNAPSHOT_BYTES_H

#include "core/buffer.h"
#include "reprise/snapshot.h"

/* Makes the block of `bytes` an empty buffer's, to be written into again; `allocator` is
 * initialised. `bytes` is empty until it gets the block back. */
void rp_bytes_borrow(rp_bytes *bytes, struct rp_allocator *allocator, struct rp_buffer *out_buffer);
/* The buffer's block becomes that of `bytes`, whose old one is released; the buffer is then empty.
 */
void rp_bytes_replace(rp_bytes *bytes, struct rp_buffer *buffer);

#endif
