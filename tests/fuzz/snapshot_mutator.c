/* libFuzzer's way to the mutator of snapshots (tests; only in the fuzz preset). */
#include "tests/snapshot/wsnp_mutate.h"

/* libFuzzer's; it has no header. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    return rp_wsnp_mutate(data, size, size_max, seed, LLVMFuzzerMutate);
}
