/* zstd (adapter, layer 0): bytes made smaller for transport. What comes out of rp_decompress is
 * what went into rp_compress; the compressed bytes themselves differ between releases of zstd and
 * are never hashed or compared.
 *
 * A prefix is content that both sides have: what the data shares with it costs next to nothing. */
#ifndef RP_CORE_COMPRESS_H
#define RP_CORE_COMPRESS_H

#include "core/buffer.h"
#include "core/reader.h"

#define RP_COMPRESS_LEVEL_MIN 1
#define RP_COMPRESS_LEVEL_MAX 19
#define RP_COMPRESS_LEVEL_DEFAULT 3

/* No zstd frame grows by more: a block has at least 4 bytes and at most 128 KiB of content. */
#define RP_COMPRESS_RATIO_MAX 32768u

/* Appends one frame that says how much it holds. `prefix` of size 0: none. False: no memory. */
bool rp_compress(struct rp_buffer *out, struct rp_span data, struct rp_span prefix,
                 int level) RP_NODISCARD;

enum rp_decompress_result {
    RP_DECOMPRESS_OK,
    RP_DECOMPRESS_DAMAGED, /* not one whole frame with `content_size` bytes */
    RP_DECOMPRESS_NO_MEMORY,
};

/* Replaces what is in `out` by the content of one frame, which must be all of `data` and hold
 * exactly `content_size` bytes. Trusts neither: nothing is allocated for a size that so few bytes
 * cannot have, the buffer grows with what was decoded, and the decoder's window is at most that of
 * the content. *out_error is a constant, set unless the result is OK. */
enum rp_decompress_result rp_decompress(struct rp_buffer *out, struct rp_span data,
                                        struct rp_span prefix, uint64_t content_size,
                                        const char **out_error) RP_NODISCARD;

#endif
