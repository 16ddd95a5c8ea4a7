/* Times a kernel in Reprise: bench_kernel FILE N [metered]
 *
 * Prints the checksum of `run(N)` and the nanoseconds of CPU that the call took, loading and
 * instantiation left out. Built twice: with gas, and as bench_kernel_no_charge with the charge
 * compiled out. */
#include "bench/file.h"
#include "core/platform.h"
#include "reprise/reprise.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what, const rp_report *report)
{
    (void)fprintf(stderr, "%s: %s\n", what, report->text);
    return 1;
}

static int time_call(rp_store *store, const rp_instance *instance, int32_t n)
{
    rp_report report = {0};
    rp_extern run;
    rp_outcome outcome;
    rp_value result = {.kind = RP_I64};
    const rp_value arg = {.kind = RP_I32, .of.i32 = n};
    const rp_name name = {.data = "run", .size = 3};
    if (rp_instance_export(instance, name, &run) != RP_OK) {
        (void)fprintf(stderr, "the module exports no function run\n");
        return 1;
    }
    uint64_t start = rp_platform_cpu_ns();
    rp_status status = rp_store_call(store, run.index, &arg, 1, &result, 1, &outcome, &report);
    uint64_t end = rp_platform_cpu_ns();
    if (status != RP_OK) {
        return fail("run", &report);
    }
    if (outcome.kind != RP_OUTCOME_RETURNED) {
        (void)fprintf(stderr, "run: %s\n", outcome.message);
        return 1;
    }
    printf("%" PRId64 " %" PRIu64 "\n", result.of.i64, end - start);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        (void)fprintf(stderr, "use: %s FILE N [metered]\n", argv[0]);
        return 2;
    }
    struct bench_file file;
    if (!bench_file_read(argv[1], &file)) {
        return 1;
    }
    rp_report report = {0};
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance;
    rp_outcome outcome;
    rp_store_config config;
    rp_store_config_init(&config);
    config.metered = argc == 4 && strcmp(argv[3], "metered") == 0;
    if (rp_engine_create(NULL, &engine, &report) != RP_OK ||
        rp_module_load(engine, file.data, file.size, &module, &report) != RP_OK ||
        rp_store_create(engine, &config, &store, &report) != RP_OK ||
        rp_store_instantiate(store, module, &instance, &outcome, &report) != RP_OK) {
        return fail(argv[1], &report);
    }
    int code = time_call(store, instance, (int32_t)strtol(argv[2], NULL, 10));
    rp_store_destroy(store);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    bench_file_release(&file);
    return code;
}
