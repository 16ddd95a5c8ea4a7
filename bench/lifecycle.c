/* The seven calls of a sandbox, in microseconds: bench_lifecycle ROUNDS
 *
 * Each round makes a sandbox on one engine, loads a module of 10 KB (whose hash is new, so that no
 * cache answers), executes, saves, restores and destroys. Prints a line for each call: its name and
 * the median in nanoseconds. */
#include "core/buffer.h"
#include "core/platform.h"
#include "reprise/sandbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE_BYTES 10240
#define FILLERS 150
#define WARM 100 /* executions between two clocks */

enum step { CREATE, LOAD, ADD, ADD_WARM, JSON, FIB, SNAPSHOT, RESTORE, DESTROY, STEPS };
static const char *const step_names[STEPS] = {"create",
                                              "load 10 KB",
                                              "execute add",
                                              "execute add, warm",
                                              "execute echo (JSON)",
                                              "execute fib(20)",
                                              "snapshot",
                                              "restore",
                                              "destroy"};

/* ---- the module ---- */

static void put_section(struct rp_buffer *module, uint8_t id, const struct rp_buffer *contents)
{
    rp_buffer_byte(module, id);
    rp_buffer_leb_u(module, contents->size);
    rp_buffer_append(module, contents->data, contents->size);
}

static void put_export(struct rp_buffer *out, const char *name, uint8_t kind, uint8_t index)
{
    rp_buffer_leb_u(out, strlen(name));
    rp_buffer_append(out, name, strlen(name));
    rp_buffer_byte(out, kind);
    rp_buffer_byte(out, index);
}

static const uint8_t add_body[] = {7, 0, 0x20, 0, 0x20, 1, 0x6a, 0x0b};
static const uint8_t fib_body[] = {28, 0,    0x20, 0,    0x41, 2, 0x49, 0x04, 0x7f, 0x20,
                                   0,  0x05, 0x20, 0,    0x41, 1, 0x6b, 0x10, 1,    0x20,
                                   0,  0x41, 2,    0x6b, 0x10, 1, 0x6a, 0x0b, 0x0b};
static const uint8_t alloc_body[] = {5, 0, 0x41, 0x80, 0x08, 0x0b};
static const uint8_t echo_body[] = {12,   0,    0x20, 0,    0xad, 0x42, 32,
                                    0x86, 0x20, 1,    0xad, 0x84, 0x0b};

/* add, fib, __alloc and echo, then functions that fill it up; `salt` makes its hash a new one. */
static void build_module(struct rp_buffer *module, struct rp_allocator *allocator, uint32_t salt)
{
    static const uint8_t preamble[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    static const uint8_t types[] = {3,    0x60, 2,    0x7f, 0x7f, 1,    0x7f, 0x60, 1,
                                    0x7f, 1,    0x7f, 0x60, 2,    0x7f, 0x7f, 1,    0x7e};
    static const uint8_t memory[] = {1, 0, 1};
    struct rp_buffer part;
    rp_buffer_init(&part, allocator);
    module->size = 0;
    rp_buffer_append(module, preamble, sizeof preamble);
    rp_buffer_append(&part, types, sizeof types);
    put_section(module, 1, &part);
    part.size = 0;
    rp_buffer_leb_u(&part, 4 + FILLERS);
    rp_buffer_append(&part, "\0\1\1\2", 4);
    for (int i = 0; i < FILLERS; i++) {
        rp_buffer_byte(&part, 0);
    }
    put_section(module, 3, &part);
    part.size = 0;
    rp_buffer_append(&part, memory, sizeof memory);
    put_section(module, 5, &part);
    part.size = 0;
    rp_buffer_byte(&part, 5);
    put_export(&part, "memory", 2, 0);
    put_export(&part, "add", 0, 0);
    put_export(&part, "fib", 0, 1);
    put_export(&part, "__alloc", 0, 2);
    put_export(&part, "echo", 0, 3);
    put_section(module, 7, &part);
    part.size = 0;
    rp_buffer_leb_u(&part, 4 + FILLERS);
    rp_buffer_append(&part, add_body, sizeof add_body);
    rp_buffer_append(&part, fib_body, sizeof fib_body);
    rp_buffer_append(&part, alloc_body, sizeof alloc_body);
    rp_buffer_append(&part, echo_body, sizeof echo_body);
    struct rp_buffer body;
    rp_buffer_init(&body, allocator);
    for (uint32_t i = 0; i < FILLERS; i++) {
        body.size = 0;
        rp_buffer_byte(&body, 0);
        rp_buffer_append(&body, "\x20\0", 2);
        for (int j = 0; j < 9; j++) {
            static const uint8_t step[] = {0x20, 1, 0x6a, 0x41};
            rp_buffer_append(&body, step, sizeof step);
            rp_buffer_leb_s(&body, (int64_t)(salt % 1000 + i));
            rp_buffer_byte(&body, 0x6c);
        }
        rp_buffer_byte(&body, 0x0b);
        rp_buffer_leb_u(&part, body.size);
        rp_buffer_append(&part, body.data, body.size);
    }
    put_section(module, 10, &part);
    part.size = 0;
    rp_buffer_append(&part, "\4salt", 5);
    while (module->size + part.size + 3 < MODULE_BYTES) {
        rp_buffer_byte(&part, (uint8_t)(salt >> part.size % 4 * 8));
    }
    put_section(module, 0, &part);
    rp_buffer_deinit(&body);
    rp_buffer_deinit(&part);
}

/* ---- the calls ---- */

static void require(rp_sandbox_error_code code, const rp_sandbox_error *error)
{
    if (code != RP_SANDBOX_OK) {
        (void)fprintf(stderr, "%s: %s\n", rp_sandbox_error_name(code), error->message);
        exit(1);
    }
}

static void execute(rp_sandbox *sandbox, const char *action, const char *payload, const char *value)
{
    rp_sandbox_result result = {0};
    rp_sandbox_error error = {0};
    require(rp_sandbox_execute(sandbox, action, payload, strlen(payload), NULL, &result, &error),
            &error);
    if (strcmp(result.value, value) != 0) {
        (void)fprintf(stderr, "%s answers %s, not %s\n", action, result.value, value);
        exit(1);
    }
    rp_sandbox_result_release(&result);
}

/* The time since the last call of it. */
static uint64_t lap(uint64_t *last)
{
    uint64_t now = rp_platform_monotonic_ns();
    uint64_t passed = now - *last;
    *last = now;
    return passed;
}

static void run_round(rp_engine *engine, const struct rp_buffer *module, rp_bytes *state,
                      uint64_t times[STEPS])
{
    rp_sandbox *sandbox;
    rp_sandbox_error error = {0};
    rp_sandbox_config config;
    rp_sandbox_config_init(&config);
    config.timeout_ms = -1;
    uint64_t last = rp_platform_monotonic_ns();
    require(rp_sandbox_create(engine, &config, &sandbox, &error), &error);
    times[CREATE] = lap(&last);
    require(rp_sandbox_load(sandbox, module->data, module->size, &error), &error);
    times[LOAD] = lap(&last);
    execute(sandbox, "add", "[2,3]", "5");
    times[ADD] = lap(&last);
    for (int i = 0; i < WARM; i++) {
        execute(sandbox, "add", "[2,3]", "5");
    }
    times[ADD_WARM] = lap(&last) / WARM;
    execute(sandbox, "echo", "{\"to\":7}", "{\"to\":7}");
    times[JSON] = lap(&last);
    execute(sandbox, "fib", "[20]", "6765");
    times[FIB] = lap(&last);
    require(rp_sandbox_snapshot(sandbox, state, &error), &error);
    times[SNAPSHOT] = lap(&last);
    require(rp_sandbox_restore(sandbox, state->data, state->size, &error), &error);
    times[RESTORE] = lap(&last);
    rp_sandbox_free(sandbox);
    times[DESTROY] = lap(&last);
}

static int compare_times(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    size_t rounds = argc == 2 ? (size_t)strtoull(argv[1], NULL, 10) : 0;
    uint64_t *times = calloc(rounds * STEPS + 1, sizeof *times);
    rp_engine *engine;
    if (rounds == 0 || times == NULL || rp_engine_create(NULL, &engine, NULL) != RP_OK) {
        (void)fprintf(stderr, "use: %s ROUNDS\n", argv[0]);
        return 2;
    }
    struct rp_allocator allocator;
    struct rp_buffer module;
    rp_bytes state = {0};
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&module, &allocator);
    for (size_t i = 0; i < rounds; i++) {
        uint64_t round[STEPS];
        build_module(&module, &allocator, (uint32_t)i + 1);
        run_round(engine, &module, &state, round);
        for (size_t step = 0; step < STEPS; step++) {
            times[step * rounds + i] = round[step];
        }
    }
    printf("module %zu bytes, snapshot %zu bytes\n", module.size, state.size);
    for (size_t step = 0; step < STEPS; step++) {
        qsort(times + step * rounds, rounds, sizeof *times, compare_times);
        printf("%s\t%" PRIu64 "\n", step_names[step], times[step * rounds + rounds / 2]);
    }
    rp_bytes_release(&state);
    rp_buffer_deinit(&module);
    rp_engine_destroy(engine);
    free(times);
    return 0;
}
