/* Writes programs and their instrumented forms for other engines to run (tests).
 *
 * use: instrument_cases OUT KERNELS.TXT KERNELS PROGRAMS
 *
 * OUT gets NAME.global.wasm and NAME.import.wasm of the small modules of instrument_modules.c, of
 * the kernels (list, folder of .wasm) and of the WASI program `leave`; and OUT/cases.txt with a
 * line per program: name, argument, how it ends (returned, exited), result, account *instructions*.
 */
#include "core/assert.h"
#include "engine/instrument.h"
#include "tests/instrument/instrument_modules.h"
#include "tests/instrument/instrument_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PATH_BYTES 1024

static FILE *open_file(const char *folder, const char *name, const char *suffix, const char *mode)
{
    char path[PATH_BYTES];
    int size = snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
    FILE *file = size < PATH_BYTES ? fopen(path, mode) : NULL;
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

static struct rp_span read_file(const char *folder, const char *name)
{
    FILE *file = open_file(folder, name, ".wasm", "rb");
    uint8_t *data = NULL;
    size_t size = 0, room = 0, got = 0;
    do {
        size += got;
        room = 2 * size + 4096;
        data = realloc(data, room);
        RP_ASSERT(data != NULL);
        got = fread(data + size, 1, room - size, file);
    } while (got > 0);
    (void)fclose(file);
    return (struct rp_span){data, size};
}

static void write_form(rp_engine *engine, const char *out, const char *name, struct rp_span module,
                       enum rp_instrument_counter counter)
{
    struct rp_allocator allocator;
    struct rp_buffer bytes;
    rp_report report = {0};
    const struct rp_instrument_options options = {.counter = counter};
    rp_allocator_init(&allocator, UINT64_MAX);
    rp_buffer_init(&bytes, &allocator);
    rp_status status =
        rp_module_instrument(engine, module.data, module.size, &options, &bytes, &report);
    if (status != RP_OK) {
        (void)fprintf(stderr, "%s: %s\n", name, report.text);
        exit(1);
    }
    const char *suffix = counter == RP_INSTRUMENT_GLOBAL ? ".global.wasm" : ".import.wasm";
    FILE *file = open_file(out, name, suffix, "wb");
    size_t written = fwrite(bytes.data, 1, bytes.size, file);
    RP_ASSERT(written == bytes.size);
    (void)fclose(file);
    rp_buffer_deinit(&bytes);
}

static void write_case(rp_engine *engine, const char *out, FILE *list, const char *name,
                       struct rp_span module, int32_t argument)
{
    struct rp_instrument_run run = rp_instrument_run(engine, module, argument);
    if (run.kind != RP_OUTCOME_RETURNED && run.kind != RP_OUTCOME_EXITED) {
        (void)fprintf(stderr, "%s: does not end normally: %s\n", name, rp_trap_name(run.trap));
        exit(1);
    }
    const char *kind = run.kind == RP_OUTCOME_RETURNED ? "returned" : "exited";
    (void)fprintf(list, "%s %" PRId32 " %s %" PRId64 " %" PRIu64 "\n", name, argument, kind,
                  run.result, run.instructions);
    write_form(engine, out, name, module, RP_INSTRUMENT_GLOBAL);
    write_form(engine, out, name, module, RP_INSTRUMENT_IMPORT);
}

static void write_small_modules(rp_engine *engine, const char *out, FILE *list)
{
    for (size_t i = 0; i < RP_INSTRUMENT_CASES; i++) {
        const struct rp_instrument_case *item = &rp_instrument_cases[i];
        struct rp_wasm wasm;
        rp_wasm_init(&wasm);
        item->build(&wasm);
        write_case(engine, out, list, item->name, rp_wasm_finish(&wasm), item->argument);
        rp_wasm_deinit(&wasm);
    }
}

static void write_kernels(rp_engine *engine, const char *out, FILE *list, const char *kernels_txt,
                          const char *folder)
{
    FILE *file = fopen(kernels_txt, "r");
    RP_ASSERT(file != NULL);
    char line[256], name[64];
    int32_t size;
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        int fields = sscanf(line, "%63s %" SCNd32, name, &size);
        RP_ASSERT(fields == 2);
        struct rp_span module = read_file(folder, name);
        write_case(engine, out, list, name, module, size);
        free((void *)(uintptr_t)module.data);
    }
    (void)fclose(file);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        (void)fprintf(stderr, "use: %s OUT KERNELS.TXT KERNELS PROGRAMS\n", argv[0]);
        return 2;
    }
    rp_engine *engine;
    rp_report report = {0};
    rp_status status = rp_engine_create(NULL, &engine, &report);
    RP_ASSERT(status == RP_OK);
    FILE *list = open_file(argv[1], "cases.txt", "", "w");
    write_small_modules(engine, argv[1], list);
    write_kernels(engine, argv[1], list, argv[2], argv[3]);
    struct rp_span leave = read_file(argv[4], "leave");
    write_case(engine, argv[1], list, "leave", leave, 0);
    free((void *)(uintptr_t)leave.data);
    (void)fclose(list);
    rp_engine_destroy(engine);
    return 0;
}
