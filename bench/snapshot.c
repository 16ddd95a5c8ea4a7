/* Snapshots and roots of a store with a full memory: bench_snapshot [MIB [ROUNDS]]
 *
 * A memory of MIB (64) is filled with bytes that do not repeat. Each round does everything once,
 * ours and beside it the work that cannot be avoided, on the same bytes. Prints a line for each
 * thing: its name and nanoseconds of CPU, ours and the other's (medians of the rounds):
 *
 *   write        rp_store_snapshot into a buffer    memcpy and XXH3 of the memory
 *   read         rp_store_restore from it           the same into memory that is fresh from the
 * host read_warm    as read                            the same into memory that was written before
 *   root         the first root of a store          BLAKE2b of the memory
 *   root_scan_1  the root when 1 % of the pages     rp_page_hash of these pages
 *   root_copy_1  have changed, by scan and copy
 *   root_same    the root when nothing has changed  nothing (0)
 *
 * root_scan_1 is left out where the host does not tell what was written. */
#include "core/fast_hash.h"
#include "core/page_hash.h"
#include "core/platform.h"
#include "snapshot/root.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 99u
#define MIB_MAX 1024u
#define MIB (1u << 20)
#define PAGE RP_TREE_PAGE_BYTES

#define WORKS(X)   \
    X(write)       \
    X(read)        \
    X(read_warm)   \
    X(root)        \
    X(root_scan_1) \
    X(root_copy_1) \
    X(root_same)

enum work {
#define X(name) WORK_##name,
    WORKS(X)
#undef X
        WORK_COUNT
};

static const char *const work_names[WORK_COUNT] = {
#define X(name) #name,
    WORKS(X)
#undef X
};

struct bench {
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    size_t size;
    uint8_t *bytes; /* what the memory was filled with */
    uint8_t *other; /* a buffer of the same size, written before */
    rp_bytes snapshot;
    bool scans;
    uint64_t ours_ns[WORK_COUNT][ROUNDS_MAX];
    uint64_t other_ns[WORK_COUNT][ROUNDS_MAX];
};

static void must(bool done, const char *what, const rp_report *report)
{
    if (!done) {
        (void)fprintf(stderr, "bench_snapshot: %s failed: %s\n", what,
                      report == NULL ? "" : report->text);
        exit(1);
    }
}

/* (module (memory (export "memory") PAGES)) */
static size_t write_module(uint8_t *out, uint32_t pages)
{
    static const uint8_t head[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 5, 5, 1, 0};
    static const uint8_t tail[] = {7, 10, 1, 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0};
    memcpy(out, head, sizeof head);
    size_t size = sizeof head;
    out[size++] = (uint8_t)(0x80 | (pages & 0x7f));
    out[size++] = (uint8_t)(0x80 | (pages >> 7 & 0x7f));
    out[size++] = (uint8_t)(pages >> 14);
    memcpy(out + size, tail, sizeof tail);
    return size + sizeof tail;
}

static void fill(uint8_t *bytes, size_t size)
{
    uint64_t state = 1;
    for (size_t at = 0; at < size; at += 8) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        memcpy(bytes + at, &state, 8);
    }
}

static void init_bench(struct bench *bench)
{
    uint8_t bytes[64];
    rp_report report = {0};
    rp_store_config config;
    rp_instance *instance;
    rp_outcome outcome;
    size_t size = write_module(bytes, (uint32_t)(bench->size / RP_PAGE_BYTES));
    rp_store_config_init(&config);
    config.memory_max_bytes = bench->size;
    must(rp_engine_create(NULL, &bench->engine, &report) == RP_OK, "engine", &report);
    must(rp_module_load(bench->engine, bytes, size, &bench->module, &report) == RP_OK, "module",
         &report);
    must(rp_store_create(bench->engine, &config, &bench->store, &report) == RP_OK, "store",
         &report);
    must(rp_store_instantiate(bench->store, bench->module, &instance, &outcome, &report) == RP_OK,
         "instance", &report);
    bench->bytes = malloc(bench->size);
    bench->other = malloc(bench->size);
    must(bench->bytes != NULL && bench->other != NULL, "malloc", NULL);
    fill(bench->bytes, bench->size);
    memset(bench->other, 1, bench->size);
    must(rp_store_memory_write(bench->store, 0, 0, bench->bytes, bench->size) == RP_OK, "filling",
         NULL);
}

static volatile uint8_t kept; /* a byte of each result */

static uint64_t now(void)
{
    return rp_platform_cpu_ns();
}

static uint64_t time_copy(struct bench *bench, uint8_t *to)
{
    uint8_t hash[RP_FAST_HASH_BYTES];
    uint64_t start = now();
    memcpy(to, bench->bytes, bench->size);
    rp_fast_hash(to, bench->size, hash);
    kept = hash[0];
    return now() - start;
}

static uint64_t time_fresh_copy(struct bench *bench)
{
    uint64_t start = now();
    uint8_t *fresh = rp_platform_reserve(bench->size);
    must(fresh != NULL && rp_platform_commit(fresh, bench->size), "memory", NULL);
    (void)time_copy(bench, fresh);
    rp_platform_release(fresh, bench->size);
    return now() - start;
}

static uint64_t time_root(struct bench *bench)
{
    rp_report report = {0};
    uint8_t root[RP_ROOT_BYTES];
    uint64_t start = now();
    must(rp_store_root(bench->store, root, NULL, NULL, &report) == RP_OK, "root", &report);
    uint64_t ns = now() - start;
    kept = root[0];
    return ns;
}

static void do_snapshot(struct bench *bench, unsigned round)
{
    rp_report report = {0};
    bench->other_ns[WORK_write][round] = time_copy(bench, bench->other);
    uint64_t start = now();
    must(rp_store_snapshot(bench->store, &bench->snapshot, &report) == RP_OK, "saving", &report);
    bench->ours_ns[WORK_write][round] = now() - start;

    bench->other_ns[WORK_read][round] = time_fresh_copy(bench);
    bench->other_ns[WORK_read_warm][round] = time_copy(bench, bench->other);
    start = now();
    must(rp_store_restore(bench->store, bench->snapshot.data, bench->snapshot.size, NULL,
                          &report) == RP_OK,
         "restoring", &report);
    bench->ours_ns[WORK_read][round] = bench->ours_ns[WORK_read_warm][round] = now() - start;
}

static void do_first_root(struct bench *bench, unsigned round)
{
    uint8_t hash[RP_HASH_BYTES];
    uint64_t start = now();
    rp_hash(bench->bytes, bench->size, hash);
    kept = hash[0];
    bench->other_ns[WORK_root][round] = now() - start;
    must(rp_root_set_method(bench->store, RP_ROOT_AUTO), "root", NULL);
    bench->ours_ns[WORK_root][round] = time_root(bench);
    bench->scans = rp_root_get_method(bench->store, 0) == RP_ROOT_SCAN;
    bench->ours_ns[WORK_root_same][round] = time_root(bench);
}

/* Every hundredth page gets another first word. */
static void do_little_root(struct bench *bench, enum work work, enum rp_root_method method,
                           unsigned round)
{
    uint8_t hash[RP_HASH_BYTES];
    must(rp_root_set_method(bench->store, method), "root", NULL);
    (void)time_root(bench);
    for (size_t at = (round % 100) * PAGE; at < bench->size; at += 100 * PAGE) {
        uint32_t word = round + 1;
        must(rp_store_memory_write(bench->store, 0, at, &word, sizeof word) == RP_OK, "writing",
             NULL);
    }
    bench->ours_ns[work][round] = time_root(bench);
    uint64_t start = now();
    for (size_t at = (round % 100) * PAGE; at < bench->size; at += 100 * PAGE) {
        rp_page_hash(bench->bytes + at, hash);
        kept = hash[0];
    }
    bench->other_ns[work][round] = now() - start;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return (*left > *right) - (*left < *right);
}

static uint64_t median(uint64_t *values, unsigned count)
{
    qsort(values, count, sizeof *values, compare_numbers);
    return values[count / 2];
}

int main(int argc, char **argv)
{
    static struct bench bench;
    unsigned mib = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 64;
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 9;
    if (mib == 0 || mib > MIB_MAX || rounds == 0 || rounds > ROUNDS_MAX) {
        (void)fprintf(stderr, "use: %s [MIB [ROUNDS]] (MIB to %u, ROUNDS to %u)\n", argv[0],
                      MIB_MAX, ROUNDS_MAX);
        return 2;
    }
    bench.size = (size_t)mib * MIB;
    init_bench(&bench);
    for (unsigned round = 0; round < rounds; round++) {
        do_snapshot(&bench, round);
        do_first_root(&bench, round);
        if (bench.scans) {
            do_little_root(&bench, WORK_root_scan_1, RP_ROOT_SCAN, round);
        }
        do_little_root(&bench, WORK_root_copy_1, RP_ROOT_COPY, round);
    }
    for (unsigned work = 0; work < WORK_COUNT; work++) {
        if (work != WORK_root_scan_1 || bench.scans) {
            printf("%s %" PRIu64 " %" PRIu64 "\n", work_names[work],
                   median(bench.ours_ns[work], rounds), median(bench.other_ns[work], rounds));
        }
    }
    rp_bytes_release(&bench.snapshot);
    rp_store_destroy(bench.store);
    rp_module_destroy(bench.module);
    rp_engine_destroy(bench.engine);
    free(bench.bytes);
    free(bench.other);
    return 0;
}
