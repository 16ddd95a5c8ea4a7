/* Many stores of one small module at once: bench_stores FILE COUNT N
 *
 * Creates COUNT stores, instantiates the module in each and calls `run(N)`. Prints the resident
 * bytes of the process, the number of its mappings and the nanoseconds of CPU per store while all
 * are alive. */
#include "bench/file.h"
#include "core/platform.h"
#include "reprise/reprise.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool start_store(rp_engine *engine, const rp_module *module, int32_t n, rp_store **out_store,
                        rp_report *report)
{
    rp_instance *instance;
    rp_outcome outcome;
    rp_extern run;
    rp_value result = {.kind = RP_I64};
    const rp_value arg = {.kind = RP_I32, .of.i32 = n};
    const rp_name name = {.data = "run", .size = 3};
    return rp_store_create(engine, NULL, out_store, report) == RP_OK &&
           rp_store_instantiate(*out_store, module, &instance, &outcome, report) == RP_OK &&
           rp_instance_export(instance, name, &run) == RP_OK &&
           rp_store_call(*out_store, run.index, &arg, 1, &result, 1, &outcome, report) == RP_OK &&
           outcome.kind == RP_OUTCOME_RETURNED;
}

int main(int argc, char **argv)
{
    struct bench_file file;
    if (argc != 4 || !bench_file_read(argv[1], &file)) {
        (void)fprintf(stderr, "use: %s FILE COUNT N\n", argv[0]);
        return 2;
    }
    rp_report report = {0};
    rp_engine *engine;
    rp_module *module;
    size_t count = (size_t)strtoull(argv[2], NULL, 10);
    int32_t n = (int32_t)strtol(argv[3], NULL, 10);
    rp_store **stores = calloc(count + 1, sizeof *stores);
    if (stores == NULL || rp_engine_create(NULL, &engine, &report) != RP_OK ||
        rp_module_load(engine, file.data, file.size, &module, &report) != RP_OK) {
        (void)fprintf(stderr, "%s: %s\n", argv[1], report.text);
        return 1;
    }
    uint64_t start = rp_platform_cpu_ns();
    for (size_t i = 0; i < count; i++) {
        if (!start_store(engine, module, n, &stores[i], &report)) {
            (void)fprintf(stderr, "store %zu: %s\n", i, report.text);
            return 1;
        }
    }
    uint64_t end = rp_platform_cpu_ns();
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", bench_resident_bytes(), bench_mapping_count(),
           (end - start) / (count + (count == 0)));
    for (size_t i = 0; i < count; i++) {
        rp_store_destroy(stores[i]);
    }
    free(stores);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    bench_file_release(&file);
    return 0;
}
