/* The entry point of a fuzz target (tests): called by libFuzzer, or by replay_corpus.c once per
 * corpus file. */
#ifndef RP_TESTS_SUPPORT_FUZZ_H
#define RP_TESTS_SUPPORT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0. Must accept every input, keep no state between calls and free what it allocates. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
