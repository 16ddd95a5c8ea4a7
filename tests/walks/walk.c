/* Programs for the walks (tests): reading, running, fingerprints, samples. */
#include "tests/walks/walk.h"

#include "core/assert.h"
#include "tests/support/state_copy.h"
#include "tests/support/wasi_print.h"
#include "tests/walks/wasi_tour.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void build_tour(struct rp_buffer *out)
{
    static struct rp_tour tour;
    rp_tour_plan(&tour);
    rp_tour_build(&tour, out);
}

struct rp_walk_program rp_walk_programs[] = {
    {.name = "fib"},
    {.name = "nqueens"},
    {.name = "nbody"},
    {.name = "siphash"},
    {.name = "sha256"},
    {.name = "vm"},
    {.name = "search"},
    {.name = "edit"},
    {.name = "dispatch"},
    {.name = "gcd"},
    {.name = "rays"},
    {.name = "bulk"},
    {.name = "hello", .is_wasi = true}, /* the others have more than 10,000 instructions */
    {.name = "leave", .is_wasi = true},
    {.name = "files", .is_wasi = true},
    {.name = "tour", .is_wasi = true, .build = build_tour},
};
const size_t rp_walk_program_count = RP_ARRAY_COUNT(rp_walk_programs);

/* ---- reading ---- */

static bool read_bytes(struct rp_walk_program *program)
{
    const char *folder = getenv("REPRISE_BINARY_DIR");
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/guest/%s/%s.wasm", folder == NULL ? ".." : folder,
                   program->is_wasi ? "programs" : "kernels", program->name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)printf("skipped: %s is not built\n", path);
        return false;
    }
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    RP_ASSERT(size > 0 && fseek(file, 0, SEEK_SET) == 0);
    program->size = (size_t)size;
    program->bytes = malloc(program->size);
    RP_ASSERT(program->bytes != NULL);
    size_t count = fread(program->bytes, 1, program->size, file);
    RP_ASSERT(count == program->size);
    (void)fclose(file);
    return true;
}

static void build_bytes(struct rp_walk_program *program)
{
    struct rp_allocator allocator;
    struct rp_buffer bytes;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&bytes, &allocator);
    program->build(&bytes);
    program->size = bytes.size;
    program->bytes = malloc(bytes.size);
    RP_ASSERT(program->bytes != NULL);
    memcpy(program->bytes, bytes.data, bytes.size);
    rp_buffer_deinit(&bytes);
}

/* Fills in a kernel's size and checksum from guest/kernels/kernels.txt. */
static void read_kernel(struct rp_walk_program *program)
{
    const char *folder = getenv("REPRISE_SOURCE_DIR");
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/guest/kernels/kernels.txt",
                   folder == NULL ? "." : folder);
    FILE *file = fopen(path, "r");
    RP_ASSERT(file != NULL);
    char line[256];
    bool found = false;
    while (!found && fgets(line, sizeof line, file) != NULL) {
        size_t size = strlen(program->name);
        found = strncmp(line, program->name, size) == 0 && line[size] == ' ';
    }
    RP_ASSERT(found);
    char *rest = strchr(line, ' ');
    program->n = (int32_t)strtol(rest, &rest, 10);
    (void)strtol(rest, &rest, 10); /* the size for bench/ */
    program->value = (uint64_t)strtoll(rest, &rest, 10);
    (void)fclose(file);
}

static bool open_program(struct rp_walk_program *program)
{
    if (program->build != NULL) {
        build_bytes(program);
    } else if (!read_bytes(program)) {
        return false;
    }
    if (!program->is_wasi) {
        read_kernel(program);
    }
    rp_report report = {0};
    rp_status status = rp_engine_create(NULL, &program->engine, &report);
    if (status == RP_OK) {
        status = rp_module_load(program->engine, program->bytes, program->size, &program->module,
                                &report);
    }
    if (status != RP_OK) {
        (void)printf("%s: %s\n", program->name, report.text);
    }
    RP_ASSERT(status == RP_OK);
    return true;
}

bool rp_walk_open_programs(void)
{
    for (size_t i = 0; i < rp_walk_program_count; i++) {
        if (!open_program(&rp_walk_programs[i])) {
            rp_walk_close_programs();
            return false;
        }
    }
    return true;
}

void rp_walk_close_programs(void)
{
    for (size_t i = 0; i < rp_walk_program_count; i++) {
        struct rp_walk_program *program = &rp_walk_programs[i];
        rp_module_destroy(program->module);
        rp_engine_destroy(program->engine);
        free(program->bytes);
        program->module = NULL;
        program->engine = NULL;
        program->bytes = NULL;
    }
}

struct rp_walk_program *rp_walk_find(const char *name)
{
    for (size_t i = 0; i < rp_walk_program_count; i++) {
        if (strcmp(rp_walk_programs[i].name, name) == 0) {
            return &rp_walk_programs[i];
        }
    }
    RP_ASSERT(rp_walk_program_count == 0); /* no program of that name */
    return NULL;
}

/* ---- fingerprints ---- */

#define LANES 4

/* A quick hash for comparisons within one process: four lanes of multiplication and rotation. */
static uint64_t hash_bytes(uint64_t seed, const uint8_t *data, size_t size)
{
    const uint64_t factor = 0x9e3779b97f4a7c15u;
    uint64_t lanes[LANES] = {seed, seed + factor, seed ^ factor, ~seed};
    size_t at = 0;
    for (; size - at >= sizeof lanes; at += sizeof lanes) {
        for (size_t i = 0; i < LANES; i++) {
            uint64_t word;
            memcpy(&word, data + at + 8 * i, sizeof word);
            lanes[i] = (lanes[i] ^ word) * factor;
            lanes[i] ^= lanes[i] >> 29;
        }
    }
    uint64_t sum = size;
    for (; at < size; at++) {
        sum = (sum ^ data[at]) * factor;
    }
    for (size_t i = 0; i < LANES; i++) {
        sum = (sum ^ lanes[i] ^ lanes[i] >> 31) * factor;
    }
    return sum ^ sum >> 32;
}

uint64_t rp_walk_store_print(const rp_store *store)
{
    struct rp_state_copy state;
    rp_state_copy_init(&state);
    rp_status status = rp_state_copy_save(&state, store, NULL);
    RP_ASSERT(status == RP_OK);
    uint64_t hash = hash_bytes(1, state.bytes.data, state.bytes.size);
    rp_state_copy_deinit(&state);
    return hash;
}

uint64_t rp_walk_fingerprint(const struct rp_walk_run *run)
{
    const char *broken = run->wasi == NULL ? NULL : rp_print_check_wasi(run->wasi);
    if (broken != NULL) {
        (void)printf("%s: %s\n", run->program->name, broken);
    }
    RP_ASSERT(broken == NULL);
    uint64_t parts[5] = {
        rp_walk_store_print(run->store),
        run->wasi == NULL ? 0 : rp_print_wasi(run->wasi),
        run->output.size,
        run->output.hash,
        run->input_given,
    };
    return hash_bytes(2, (const uint8_t *)parts, sizeof parts);
}

/* ---- running ---- */

static rp_status take_output(void *user, unsigned stream, const void *data, size_t size,
                             rp_report *report)
{
    (void)report;
    struct rp_walk_output *output = &((struct rp_walk_run *)user)->output;
    for (size_t i = 0; i < size; i++) { /* byte by byte: chunks are not observable */
        uint8_t pair[2] = {(uint8_t)stream, ((const uint8_t *)data)[i]};
        output->hash = hash_bytes(output->hash, pair, sizeof pair);
    }
    output->size += size;
    return RP_OK;
}

static rp_status bring_input(void *user, void *data, size_t size, size_t *out_count,
                             rp_report *report)
{
    (void)report;
    struct rp_walk_run *run = user;
    size_t left = strlen(RP_TOUR_INPUT) - run->input_given;
    *out_count = size < left ? size : left;
    memcpy(data, &RP_TOUR_INPUT[run->input_given], *out_count);
    run->input_given += *out_count;
    return RP_OK;
}

static rp_status make_wasi(struct rp_walk_run *run)
{
    const char *args[] = {run->program->name, "/"};
    rp_wasi_config config;
    rp_wasi_config_init(&config);
    config.args = args;
    config.arg_count = RP_ARRAY_COUNT(args);
    config.write = take_output;
    config.read = bring_input;
    config.user = run;
    rp_status status = rp_wasi_create(&config, &run->wasi, &run->report);
    if (status == RP_OK) {
        status = run->program->build != NULL ? rp_wasi_default_tree(run->wasi, &run->report)
                                             : rp_wasi_preopen(run->wasi, "/", false, &run->report);
    }
    return status == RP_OK ? rp_wasi_define(run->wasi, run->store, &run->report) : status;
}

static rp_status make_instance(struct rp_walk_run *run, rp_instance **out_instance)
{
    rp_status status = run->program->is_wasi ? make_wasi(run) : RP_OK;
    if (status == RP_OK) {
        status = rp_store_instantiate(run->store, run->program->module, out_instance, &run->outcome,
                                      &run->report);
    }
    return status;
}

static rp_status call_program(struct rp_walk_run *run, const rp_instance *instance)
{
    bool is_wasi = run->program->is_wasi;
    rp_name name = is_wasi ? (rp_name){"_start", 6} : (rp_name){"run", 3};
    rp_value arg = {.kind = RP_I32, .of.i32 = run->program->n};
    rp_extern func;
    rp_status status = rp_instance_export(instance, name, &func);
    RP_ASSERT(status == RP_OK && func.kind == RP_EXTERN_FUNC);
    run->result_count = is_wasi ? 0 : 1;
    return rp_store_call(run->store, func.index, &arg, is_wasi ? 0 : 1, &run->result,
                         run->result_count, &run->outcome, &run->report);
}

void rp_walk_begin(struct rp_walk_run *run, const struct rp_walk_program *program,
                   const struct rp_walk_limits *limits)
{
    *run = (struct rp_walk_run){.program = program};
    rp_store_config config;
    rp_store_config_init(&config);
    config.metered = limits->metered;
    run->status = rp_store_create(program->engine, &config, &run->store, &run->report);
    rp_instance *instance = NULL;
    if (run->status == RP_OK) {
        run->status = make_instance(run, &instance);
    }
    if (run->status == RP_OK) {
        rp_store_set_gas_limit(run->store, limits->gas_limit);
        rp_store_set_until_gas(run->store, limits->until_gas);
        run->status = call_program(run, instance);
    }
}

void rp_walk_resume(struct rp_walk_run *run, int64_t gas_limit, int64_t until_gas)
{
    rp_store_set_gas_limit(run->store, gas_limit);
    rp_store_set_until_gas(run->store, until_gas);
    run->status =
        rp_store_resume(run->store, &run->result, run->result_count, &run->outcome, &run->report);
}

void rp_walk_end(struct rp_walk_run *run)
{
    rp_store_destroy(run->store);
    rp_wasi_destroy(run->wasi);
    run->store = NULL;
    run->wasi = NULL;
}

static rp_status make_restored_wasi(struct rp_walk_run *run, const void *snapshot, size_t size)
{
    bool found = false;
    rp_wasi_config config;
    rp_wasi_config_init(&config);
    rp_status status =
        rp_wasi_config_from_snapshot(snapshot, size, NULL, &config, &found, &run->report);
    RP_ASSERT(status != RP_OK || found);
    config.write = take_output;
    config.read = bring_input;
    config.user = run;
    if (status == RP_OK) {
        status = rp_wasi_create(&config, &run->wasi, &run->report);
    }
    return status == RP_OK ? rp_wasi_define(run->wasi, run->store, &run->report) : status;
}

void rp_walk_restore(struct rp_walk_run *run, const void *snapshot, size_t size, bool metered)
{
    rp_snapshot_config config;
    rp_walk_end(run);
    run->status = rp_snapshot_read_config(snapshot, size, NULL, &config, &run->report);
    if (run->status == RP_OK) {
        config.store.metered = metered;
        run->status =
            rp_store_create(run->program->engine, &config.store, &run->store, &run->report);
    }
    if (run->status == RP_OK && run->program->is_wasi) {
        run->status = make_restored_wasi(run, snapshot, size);
    }
    if (run->status == RP_OK) {
        run->status = rp_store_restore(run->store, snapshot, size, NULL, &run->report);
    }
}

bool rp_walk_is_stopped(const struct rp_walk_run *run)
{
    return run->status == RP_OK && rp_store_is_stopped(run->store);
}

bool rp_walk_is_right(const struct rp_walk_run *run)
{
    if (run->status != RP_OK) {
        return false;
    }
    if (!run->program->is_wasi) {
        return run->outcome.kind == RP_OUTCOME_RETURNED &&
               (uint64_t)run->result.of.i64 == run->program->value;
    }
    return run->outcome.kind == RP_OUTCOME_RETURNED ||
           (run->outcome.kind == RP_OUTCOME_EXITED &&
            run->outcome.exit_code == run->program->value);
}

/* ---- paths ---- */

#define IDLE_GAS_MAX 1000 /* single steps without a boundary */

static void add_boundary(struct rp_walk_path *path, int64_t position)
{
    if (path->count == path->capacity) {
        path->capacity = path->capacity * 2 + 1024;
        path->positions = realloc(path->positions, path->capacity * sizeof *path->positions);
        RP_ASSERT(path->positions != NULL);
    }
    path->positions[path->count++] = position;
}

static bool passes(const struct rp_walk_program *program, int64_t position, int64_t until)
{
    struct rp_walk_run run;
    struct rp_walk_limits limits = {
        .metered = true, .gas_limit = RP_GAS_UNLIMITED, .until_gas = until};
    rp_walk_begin(&run, program, &limits);
    bool past = !rp_walk_is_stopped(&run) || (int64_t)rp_store_gas_used(run.store) > position;
    rp_walk_end(&run);
    return past;
}

/* The first limit that passes `position`, which limit `low` does not. */
static int64_t find_next(const struct rp_walk_program *program, int64_t position, int64_t low)
{
    int64_t high = position + 2 * (low - position);
    while (!passes(program, position, high)) {
        low = high;
        high = position + 2 * (low - position);
    }
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (passes(program, position, middle)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return high;
}

void rp_walk_find_path(const struct rp_walk_program *program, struct rp_walk_path *out_path)
{
    *out_path = (struct rp_walk_path){0};
    struct rp_walk_run run;
    struct rp_walk_limits limits = {.metered = true, .gas_limit = RP_GAS_UNLIMITED};
    rp_walk_begin(&run, program, &limits);
    int64_t seen = -1;
    for (int64_t until = 0; rp_walk_is_stopped(&run);) {
        RP_ASSERT(run.outcome.kind == RP_OUTCOME_SUSPENDED &&
                  run.outcome.reason == RP_REASON_UNTIL_GAS);
        int64_t position = (int64_t)rp_store_gas_used(run.store);
        if (position != seen) {
            RP_ASSERT(position == until); /* the first limit that reaches a boundary meets it */
            add_boundary(out_path, position);
            seen = position;
        }
        until = until - seen < IDLE_GAS_MAX ? until + 1 : find_next(program, seen, until);
        rp_walk_resume(&run, RP_GAS_UNLIMITED, until);
    }
    RP_ASSERT(rp_walk_is_right(&run) && out_path->count > 0);
    out_path->total = (int64_t)rp_store_gas_used(run.store);
    rp_walk_end(&run);
}

void rp_walk_free_path(struct rp_walk_path *path)
{
    free(path->positions);
    *path = (struct rp_walk_path){0};
}

size_t rp_walk_boundary(const struct rp_walk_path *path, int64_t gas)
{
    size_t low = 0;
    size_t high = path->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (path->positions[middle] <= gas) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- samples ---- */

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

struct rp_walk_sample rp_walk_sample_of(const char *what, uint64_t count, uint64_t most)
{
    const char *seed = getenv("REPRISE_TEST_SEED");
    const char *is_long = getenv("REPRISE_TEST_LONG");
    bool all = count <= most || (is_long != NULL && is_long[0] == '1');
    struct rp_walk_sample sample = {.seed = seed == NULL ? 1 : strtoull(seed, NULL, 0),
                                    .divisor = all ? 1 : (count + most - 1) / most};
    if (all) {
        (void)printf("%s: all of %" PRIu64 "\n", what, count);
    } else {
        (void)printf("%s: 1 in %" PRIu64 " of %" PRIu64 "; REPRISE_TEST_SEED=%" PRIu64
                     " repeats it, REPRISE_TEST_LONG=1 takes all\n",
                     what, sample.divisor, count, sample.seed);
    }
    (void)fflush(stdout);
    return sample;
}

bool rp_walk_takes(const struct rp_walk_sample *sample, uint64_t k)
{
    return mix(sample->seed * 0x9e3779b97f4a7c15u + k) % sample->divisor == 0;
}
