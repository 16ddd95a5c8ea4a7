/* Snapshots changed value by value, well hashed, through the claims of tests/fuzz/fuzz_snapshot.c
 * (tests). `test_mutants FIRST` runs a batch and prints each seed before it is tried. */
#include "core/compiler.h"
#include "tests/snapshot/sample.h"
#include "tests/snapshot/wsnp_mutate.h"
#include "tests/support/fuzz.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define SIZE_MAX_BYTES 65536u
#define MUTANTS_QUICK 3000u
#define MUTANTS_LONG 200000u
#define BATCH 250u

static rp_bytes seeds[RP_SAMPLE_COUNT];
static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % below);
}

/* What libFuzzer's own mutator is to the target. */
static size_t change_bytes(uint8_t *data, size_t size, size_t size_max)
{
    if (size < size_max && draw(3) == 0) {
        size_t at = draw((uint32_t)size + 1);
        memmove(data + at + 1, data + at, size - at);
        data[at] = (uint8_t)draw(256);
        return size + 1;
    }
    if (size > 0 && draw(3) == 0) {
        size_t at = draw((uint32_t)size);
        memmove(data + at, data + at + 1, size - at - 1);
        return size - 1;
    }
    if (size > 0) {
        data[draw((uint32_t)size)] ^= (uint8_t)(1u << draw(8));
    }
    return size;
}

static void try_seed(unsigned seed)
{
    static uint8_t data[SIZE_MAX_BYTES];
    const rp_bytes *source = &seeds[seed % RP_SAMPLE_COUNT];
    random_state = seed;
    memcpy(data, source->data, source->size);
    size_t size = rp_wsnp_mutate(data, source->size, sizeof data, seed, change_bytes);
    uint8_t *copy = malloc(size + (size == 0)); /* exactly, so that a read behind it is seen */
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void make_seeds(void)
{
    for (enum rp_sample_kind kind = RP_SAMPLE_EMPTY; kind < RP_SAMPLE_COUNT; kind++) {
        struct rp_sample sample;
        rp_sample_make(&sample, kind, false);
        assert_int_equal(rp_store_snapshot(sample.store, &seeds[kind], NULL), RP_OK);
        rp_sample_end(&sample);
    }
}

static void mutants_are_refused_or_are_states(void **state)
{
    (void)state;
    const char *asked = getenv("REPRISE_TEST_LONG");
    unsigned count = asked != NULL && strcmp(asked, "1") == 0 ? MUTANTS_LONG : MUTANTS_QUICK;
    make_seeds();
    for (unsigned seed = 0; seed < count; seed++) {
        if (seed % BATCH == 0) {
            (void)fprintf(stderr, "test_mutants %u\n",
                          seed); /* where to look if the target aborts */
        }
        try_seed(seed);
    }
    for (enum rp_sample_kind kind = RP_SAMPLE_EMPTY; kind < RP_SAMPLE_COUNT; kind++) {
        rp_bytes_release(&seeds[kind]);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        unsigned first = (unsigned)strtoul(argv[1], NULL, 10);
        make_seeds();
        for (unsigned seed = first; seed < first + BATCH; seed++) {
            (void)fprintf(stderr, "seed %u\n", seed);
            try_seed(seed);
        }
        return 0;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(mutants_are_refused_or_are_states)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
