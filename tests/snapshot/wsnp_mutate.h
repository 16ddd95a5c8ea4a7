/* Changes a snapshot as MessagePack: a value becomes another, and the checksums fit again (layer 7,
 * tests). What is changed follows from the seed alone. */
#ifndef RP_TESTS_SNAPSHOT_WSNP_MUTATE_H
#define RP_TESTS_SNAPSHOT_WSNP_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* Changes `size` bytes in place to at most `size_max`; answers the new size. libFuzzer's
 * LLVMFuzzerMutate is one. */
typedef size_t (*rp_byte_mutator)(uint8_t *data, size_t size, size_t size_max);

/* Changes a canonical file whose framing opens; anything else, and now and then such a file too, is
 * changed by `bytes` alone, as are the contents of text and bin. */
size_t rp_wsnp_mutate(uint8_t *data, size_t size, size_t size_max, unsigned seed,
                      rp_byte_mutator bytes);

#endif
