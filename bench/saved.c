/* A snapshot of a real program, opened and saved again: bench_saved FILE.wsnp [ROUNDS]
 *
 * FILE is one of `reprise run --snapshot`, with its module. Prints a line for each thing: its name,
 * nanoseconds of CPU (median of the rounds) and bytes: restore, root (the first one), save, pack
 * (zstd at its default level), unpack. The bytes are those of the canonical file, for pack those of
 * the packed one. */
#include "bench/file.h"
#include "core/platform.h"
#include "reprise/wasi.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS_MAX 99u

#define WORKS(X) X(restore) X(root) X(save) X(pack) X(unpack)

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
    struct bench_file file;
    rp_engine *engine;
    rp_module *module;
    uint64_t ns[WORK_COUNT][ROUNDS_MAX];
    size_t bytes[WORK_COUNT];
};

static void must(rp_status status, const char *what, const rp_report *report)
{
    if (status != RP_OK) {
        (void)fprintf(stderr, "bench_saved: %s failed: %s\n", what, report->text);
        exit(1);
    }
}

static void make_store(const struct bench *bench, rp_store **out_store, rp_wasi **out_wasi)
{
    bool found = false;
    rp_report report = {0};
    rp_snapshot_config config;
    rp_wasi_config wasi_config;
    rp_wasi_config_init(&wasi_config);
    must(rp_snapshot_read_config(bench->file.data, bench->file.size, NULL, &config, &report),
         "config", &report);
    must(rp_store_create(bench->engine, &config.store, out_store, &report), "store", &report);
    must(rp_store_define_builtins(*out_store, &report), "builtins", &report);
    must(rp_wasi_config_from_snapshot(bench->file.data, bench->file.size, NULL, &wasi_config,
                                      &found, &report),
         "WASI's config", &report);
    *out_wasi = NULL;
    if (found) {
        must(rp_wasi_create(&wasi_config, out_wasi, &report), "WASI", &report);
        must(rp_wasi_define(*out_wasi, *out_store, &report), "WASI", &report);
    }
}

static void run_round(struct bench *bench, unsigned round)
{
    rp_store *store = NULL;
    rp_wasi *wasi = NULL;
    rp_report report = {0};
    rp_bytes saved = {0}, packed = {0}, unpacked = {0};
    uint8_t root[RP_ROOT_BYTES];
    const rp_pack_options options = {.struct_size = sizeof options, .compress = true};
    make_store(bench, &store, &wasi);
    uint64_t times[WORK_COUNT + 1];
    times[WORK_restore] = rp_platform_cpu_ns();
    must(rp_store_restore(store, bench->file.data, bench->file.size, NULL, &report), "restore",
         &report);
    times[WORK_root] = rp_platform_cpu_ns();
    must(rp_store_root(store, root, NULL, NULL, &report), "root", &report);
    times[WORK_save] = rp_platform_cpu_ns();
    must(rp_store_snapshot(store, &saved, &report), "save", &report);
    times[WORK_pack] = rp_platform_cpu_ns();
    must(rp_snapshot_pack(saved.data, saved.size, &options, &packed, &report), "pack", &report);
    times[WORK_unpack] = rp_platform_cpu_ns();
    must(rp_snapshot_unpack(packed.data, packed.size, NULL, &unpacked, &report), "unpack", &report);
    times[WORK_COUNT] = rp_platform_cpu_ns();
    for (unsigned i = 0; i < WORK_COUNT; i++) {
        bench->ns[i][round] = times[i + 1] - times[i];
        bench->bytes[i] = i == WORK_pack ? packed.size : saved.size;
    }
    rp_bytes_release(&saved);
    rp_bytes_release(&packed);
    rp_bytes_release(&unpacked);
    rp_store_destroy(store);
    rp_wasi_destroy(wasi);
}

static int compare_ns(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    rp_report report = {0};
    unsigned long rounds = argc == 3 ? strtoul(argv[2], NULL, 10) : 3;
    if (argc < 2 || argc > 3 || rounds == 0 || rounds > ROUNDS_MAX) {
        (void)fprintf(stderr, "usage: bench_saved FILE.wsnp [ROUNDS]\n");
        return 125;
    }
    if (!bench_file_read(argv[1], &bench.file)) {
        return 1;
    }
    const uint8_t *module = NULL;
    size_t module_size = 0;
    must(rp_engine_create(NULL, &bench.engine, &report), "engine", &report);
    must(rp_snapshot_module(bench.file.data, bench.file.size, &module, &module_size, &report),
         "module", &report);
    must(rp_module_load(bench.engine, module, module_size, &bench.module, &report), "module",
         &report);
    for (unsigned i = 0; i < rounds; i++) {
        run_round(&bench, i);
    }
    for (unsigned i = 0; i < WORK_COUNT; i++) {
        qsort(bench.ns[i], rounds, sizeof bench.ns[i][0], compare_ns);
        (void)printf("%s %" PRIu64 " %zu\n", work_names[i], bench.ns[i][rounds / 2],
                     bench.bytes[i]);
    }
    rp_module_destroy(bench.module);
    rp_engine_destroy(bench.engine);
    bench_file_release(&bench.file);
    return 0;
}
