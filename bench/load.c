/* Loads a module once: bench_load FILE
 *
 * Prints the bytes of the module, the nanoseconds of CPU for decoding, validating and hashing, and
 * the resident bytes that the loaded module holds, its own copy of the bytes included. */
#include "bench/file.h"
#include "core/platform.h"
#include "reprise/reprise.h"

#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    struct bench_file file;
    if (argc != 2 || !bench_file_read(argv[1], &file)) {
        (void)fprintf(stderr, "use: %s FILE\n", argv[0]);
        return 2;
    }
    rp_report report = {0};
    rp_engine *engine;
    rp_module *module;
    if (rp_engine_create(NULL, &engine, &report) != RP_OK) {
        (void)fprintf(stderr, "%s\n", report.text);
        return 1;
    }
    size_t size = file.size;
    uint64_t resident_before = bench_resident_bytes() - size;
    uint64_t start = rp_platform_cpu_ns();
    rp_status status = rp_module_load(engine, file.data, file.size, &module, &report);
    uint64_t end = rp_platform_cpu_ns();
    if (status != RP_OK) {
        (void)fprintf(stderr, "%s: %s\n", argv[1], report.text);
        return 1;
    }
    bench_file_release(&file);
    uint64_t held = bench_resident_bytes() - resident_before;
    printf("%zu %" PRIu64 " %" PRIu64 "\n", size, end - start, held);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    return 0;
}
