/* docs/determinism.md names the constants that the code has: each is written as the page writes it
 * and looked for there. */
#include "determinism/pcg64.h"
#include "reprise/reprise.h"
#include "tests/support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE_BYTES_MAX 65536

static char page[PAGE_BYTES_MAX + 1];

static int read_page(void **state)
{
    (void)state;
    const char *root = getenv("REPRISE_SOURCE_DIR");
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/docs/determinism.md", root == NULL ? "." : root);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_error("%s: cannot be read; REPRISE_SOURCE_DIR names the repository\n", path);
        return -1;
    }
    const size_t size = fread(page, 1, PAGE_BYTES_MAX, file);
    (void)fclose(file);
    page[size] = 0;
    return size == PAGE_BYTES_MAX ? -1 : 0;
}

static void expect_in_page(const char *text)
{
    if (strstr(page, text) == NULL) {
        fail_msg("docs/determinism.md lacks: %s", text);
    }
}

static void the_page_names_the_defaults_of_the_header(void **state)
{
    (void)state;
    char row[128];
    (void)snprintf(row, sizeof(row), "| seed | `0x%" PRIx64 "` (%" PRIu64 ")",
                   (uint64_t)RP_DEFAULT_SEED, (uint64_t)RP_DEFAULT_SEED);
    expect_in_page(row);
    (void)snprintf(row, sizeof(row), "| start of time | `%" PRIu64 "` ns",
                   (uint64_t)RP_DEFAULT_TIME_NS);
    expect_in_page(row);
}

/* The multiplier and the stream are told by what they do: from the state 1 and the increment 1 the
 * next state is the multiplier plus 1. */
static void the_page_names_the_generators_constants(void **state)
{
    (void)state;
    char row[128];
    struct rp_pcg64 pcg = {.state = 1, .increment = 1};
    (void)rp_pcg64_next(&pcg);
    const unsigned __int128 multiplier = pcg.state - 1;
    (void)snprintf(row, sizeof(row), "multiplier = 0x%016" PRIx64 "%016" PRIx64,
                   (uint64_t)(multiplier >> 64), (uint64_t)multiplier);
    expect_in_page(row);
    rp_pcg64_seed_u64(&pcg, 1);
    (void)snprintf(row, sizeof(row), "| stream of the generator | `0x%" PRIx64 "`",
                   (uint64_t)(pcg.increment >> 1));
    expect_in_page(row);
}

static void the_page_shows_the_first_numbers(void **state)
{
    (void)state;
    char row[128];
    struct rp_pcg64 pcg;
    rp_pcg64_seed(&pcg, 42, 54);
    size_t used = 0;
    for (int i = 0; i < 4; i++) {
        used += (size_t)snprintf(row + used, sizeof(row) - used, "%s%016" PRIx64, i == 0 ? "" : " ",
                                 rp_pcg64_next(&pcg));
    }
    expect_in_page(row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_names_the_defaults_of_the_header),
        cmocka_unit_test(the_page_names_the_generators_constants),
        cmocka_unit_test(the_page_shows_the_first_numbers),
    };
    return cmocka_run_group_tests(tests, read_page, NULL);
}
