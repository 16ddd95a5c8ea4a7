/* The official WASI preview 1 suite (layer 7). */
#include "conformance/wasi_runner.h"

#include "core/buffer.h"
#include "core/json.h"
#include "core/platform_files.h"
#include "core/report.h"
#include "reprise/wasi.h"

#include <stdio.h>
#include <string.h>

#define PATH_BYTES 4096
#define STRINGS_MAX 64
#define EXIT_TRAP 134u
#define OUTPUT_KEPT_BYTES 65536u

enum verdict { PASSED, FAILED, OUT_OF_SCOPE };

/* What NAME.json asks for. Strings are borrowed from `json`. */
struct spec {
    struct rp_json *json;
    const char *args[STRINGS_MAX];
    size_t arg_count;
    char env[STRINGS_MAX][256];
    const char *env_pointers[STRINGS_MAX];
    size_t env_count;
    const char *root;
    int64_t exit_code;
    const char *expected[3]; /* by stream, 1 and 2; NULL: not checked */
};

struct suite {
    const struct rp_conformance_wasi_options *options;
    const char *dir;
    struct rp_allocator allocator;
    struct rp_json *files;
    unsigned counts[3];
};

/* One run: what it wrote, and why it failed. */
struct run {
    struct rp_allocator *allocator;
    struct rp_buffer output[3];
    rp_report report;
    char reason[640];
};

static rp_status read_whole(struct rp_allocator *allocator, const char *path,
                            struct rp_buffer *out_bytes, rp_report *report)
{
    struct rp_disk_file *file = NULL;
    rp_buffer_init(out_bytes, allocator);
    rp_status status = rp_disk_open(path, &file, report);
    while (status == RP_OK) {
        uint8_t piece[16384];
        size_t count = 0;
        status = rp_disk_read(file, piece, sizeof piece, &count, report);
        if (count == 0) {
            break;
        }
        rp_buffer_append(out_bytes, piece, count);
    }
    rp_disk_close(file);
    if (status == RP_OK && out_bytes->failed) {
        status = rp_report_fail(report, RP_ERROR_NO_MEMORY, "%s: no memory to read it", path);
    }
    return status;
}

/* ---- specifications ---- */

static const char *string_of(const struct rp_json *value)
{
    const char *text = NULL;
    size_t size = 0;
    return rp_json_string(value, &text, &size) ? text : NULL;
}

static bool load_args(struct spec *spec, const struct rp_json *args)
{
    for (size_t i = 0; i < rp_json_count(args); i++) {
        const char *text = string_of(rp_json_at(args, i));
        if (text == NULL || spec->arg_count == STRINGS_MAX) {
            return false;
        }
        spec->args[spec->arg_count] = text;
        spec->arg_count++;
    }
    return true;
}

static bool load_env(struct spec *spec, const struct rp_json *env)
{
    for (size_t i = 0; i < rp_json_count(env); i++) {
        const char *value = string_of(rp_json_value_at(env, i));
        if (value == NULL || spec->env_count == STRINGS_MAX) {
            return false;
        }
        char *entry = spec->env[spec->env_count];
        int size = snprintf(entry, sizeof spec->env[0], "%s=%s", rp_json_name_at(env, i), value);
        if (size < 0 || (size_t)size >= sizeof spec->env[0]) {
            return false;
        }
        spec->env_pointers[spec->env_count] = entry;
        spec->env_count++;
    }
    return true;
}

/* Every member must be known: a specification that asks for more than this runner does would
 * pass unseen. */
static bool load_member(struct spec *spec, const char *name, const struct rp_json *value)
{
    if (strcmp(name, "args") == 0) {
        return load_args(spec, value);
    }
    if (strcmp(name, "env") == 0) {
        return load_env(spec, value);
    }
    if (strcmp(name, "exit_code") == 0) {
        return rp_json_int(value, &spec->exit_code);
    }
    const char *text = string_of(value);
    if (strcmp(name, "root") == 0) {
        spec->root = text;
    } else if (strcmp(name, "stdout") == 0) {
        spec->expected[1] = text;
    } else if (strcmp(name, "stderr") == 0) {
        spec->expected[2] = text;
    } else {
        return false;
    }
    return text != NULL;
}

/* `argv0` is the first argument; a test without a specification has an empty one. */
static bool load_spec(struct suite *suite, const char *path, bool present, const char *argv0,
                      struct spec *out_spec, rp_report *report)
{
    *out_spec = (struct spec){.arg_count = 1};
    out_spec->args[0] = argv0;
    for (unsigned i = 0; i < suite->options->env_count; i++) {
        out_spec->env_pointers[i] = suite->options->env[i];
    }
    out_spec->env_count = suite->options->env_count;
    if (!present) {
        return true;
    }
    struct rp_buffer text;
    bool good = read_whole(&suite->allocator, path, &text, report) == RP_OK &&
                rp_json_parse(text.data, text.size, &out_spec->json, report) == RP_OK;
    rp_buffer_deinit(&text);
    for (size_t i = 0; good && i < rp_json_count(out_spec->json); i++) {
        const char *name = rp_json_name_at(out_spec->json, i);
        good = load_member(out_spec, name, rp_json_value_at(out_spec->json, i));
        if (!good) {
            rp_report_fail(report, RP_ERROR_MALFORMED, "%s: the member '%s' is not understood",
                           path, name);
        }
    }
    return good;
}

/* ---- one test ---- */

static rp_status keep_output(void *user, unsigned stream, const void *data, size_t size,
                             rp_report *report)
{
    struct run *run = user;
    struct rp_buffer *kept = &run->output[stream];
    (void)report;
    size_t room = OUTPUT_KEPT_BYTES - kept->size;
    rp_buffer_append(kept, data, size < room ? size : room);
    return RP_OK;
}

static bool check_output(struct run *run, const struct spec *spec)
{
    for (unsigned stream = 1; stream <= 2; stream++) {
        const char *expected = spec->expected[stream];
        size_t size = expected != NULL ? strlen(expected) : 0;
        const struct rp_buffer *output = &run->output[stream];
        if (size > output->size || (size > 0 && memcmp(output->data, expected, size) != 0)) {
            (void)snprintf(run->reason, sizeof run->reason,
                           "std%s does not begin with the expected text",
                           stream == 1 ? "out" : "err");
            return false;
        }
    }
    return true;
}

static enum verdict judge_outcome(struct run *run, const struct spec *spec,
                                  const rp_outcome *outcome)
{
    uint32_t code = 0;
    if (outcome->kind == RP_OUTCOME_EXITED) {
        code = outcome->exit_code;
    } else if (outcome->kind == RP_OUTCOME_TRAPPED) {
        code = EXIT_TRAP;
    } else if (outcome->kind != RP_OUTCOME_RETURNED) {
        (void)snprintf(run->reason, sizeof run->reason, "it did not end");
        return FAILED;
    }
    if (code != (uint64_t)spec->exit_code) {
        const struct rp_buffer *said = &run->output[2];
        (void)snprintf(run->reason, sizeof run->reason, "exit code %u, expected %lld%s%s: %.*s",
                       code, (long long)spec->exit_code,
                       outcome->kind == RP_OUTCOME_TRAPPED ? "; trap: " : "",
                       outcome->kind == RP_OUTCOME_TRAPPED ? outcome->message : "",
                       (int)(said->size < 400 ? said->size : 400),
                       said->data != NULL ? (const char *)said->data : "");
        return FAILED;
    }
    return check_output(run, spec) ? PASSED : FAILED;
}

/* Calls `_start` of the instance. */
static rp_status start_program(rp_store *store, const rp_instance *instance, rp_outcome *outcome,
                               rp_report *report)
{
    rp_extern start;
    rp_status status = rp_instance_export(instance, (rp_name){"_start", 6}, &start);
    if (status != RP_OK || start.kind != RP_EXTERN_FUNC) {
        return rp_report_fail(report, RP_ERROR_NOT_FOUND, "the module has no function '_start'");
    }
    return rp_store_call(store, start.index, NULL, 0, NULL, 0, outcome, report);
}

static enum verdict run_in_store(struct run *run, const struct spec *spec, const rp_module *module,
                                 rp_store *store, rp_wasi *wasi)
{
    rp_outcome outcome;
    rp_instance *instance = NULL;
    rp_status status = rp_wasi_define(wasi, store, &run->report);
    if (status == RP_OK) {
        status = rp_store_instantiate(store, module, &instance, &outcome, &run->report);
    }
    if (status == RP_ERROR_IMPORT) {
        (void)snprintf(run->reason, sizeof run->reason, "%s", run->report.text);
        return OUT_OF_SCOPE;
    }
    if (status == RP_OK && outcome.kind == RP_OUTCOME_RETURNED) {
        status = start_program(store, instance, &outcome, &run->report);
    }
    if (status != RP_OK) {
        (void)snprintf(run->reason, sizeof run->reason, "%s", run->report.text);
        return FAILED;
    }
    return judge_outcome(run, spec, &outcome);
}

/* Everything that a run needs, made and destroyed in order. */
static enum verdict run_module(struct run *run, const struct spec *spec,
                               const struct rp_buffer *bytes, const char *root)
{
    rp_engine *engine = NULL;
    rp_module *module = NULL;
    rp_store *store = NULL;
    rp_wasi *wasi = NULL;
    rp_wasi_config config;
    rp_wasi_config_init(&config);
    config.args = spec->args;
    config.arg_count = spec->arg_count;
    config.env = spec->env_pointers;
    config.env_count = spec->env_count;
    config.write = keep_output;
    config.user = run;
    rp_status status = rp_engine_create(NULL, &engine, &run->report);
    if (status == RP_OK) {
        status = rp_module_load(engine, bytes->data, bytes->size, &module, &run->report);
    }
    if (status == RP_OK) {
        status = rp_store_create(engine, NULL, &store, &run->report);
    }
    if (status == RP_OK) {
        status = rp_wasi_create(&config, &wasi, &run->report);
    }
    if (status == RP_OK && root != NULL) {
        status = rp_wasi_import_dir(wasi, root, "/", false, &run->report);
    }
    enum verdict verdict = FAILED;
    if (status == RP_OK) {
        verdict = run_in_store(run, spec, module, store, wasi);
    } else {
        (void)snprintf(run->reason, sizeof run->reason, "%s", run->report.text);
    }
    rp_store_destroy(store);
    rp_wasi_destroy(wasi);
    rp_module_destroy(module);
    rp_engine_destroy(engine);
    return verdict;
}

static void init_run(struct run *run, struct rp_allocator *allocator)
{
    *run = (struct run){.allocator = allocator};
    for (unsigned i = 0; i < 3; i++) {
        rp_buffer_init(&run->output[i], allocator);
    }
}

static void deinit_run(struct run *run)
{
    for (unsigned i = 0; i < 3; i++) {
        rp_buffer_deinit(&run->output[i]);
    }
}

static enum verdict run_test(struct suite *suite, const char *folder, const char *name,
                             bool has_spec, struct run *run)
{
    char module_path[PATH_BYTES];
    char spec_path[PATH_BYTES];
    char root_path[PATH_BYTES];
    char argv0[256];
    (void)snprintf(module_path, sizeof module_path, "%s/%s/%s.wasm", suite->dir, folder, name);
    (void)snprintf(spec_path, sizeof spec_path, "%s/%s/%s.json", suite->dir, folder, name);
    (void)snprintf(argv0, sizeof argv0, "%s.wasm", name);
    struct spec spec;
    struct rp_buffer bytes;
    enum verdict verdict = FAILED;
    if (load_spec(suite, spec_path, has_spec, argv0, &spec, &run->report) &&
        read_whole(&suite->allocator, module_path, &bytes, &run->report) == RP_OK) {
        (void)snprintf(root_path, sizeof root_path, "%s/%s/%s", suite->dir, folder,
                       spec.root != NULL ? spec.root : "");
        verdict = run_module(run, &spec, &bytes, spec.root != NULL ? root_path : NULL);
        rp_buffer_deinit(&bytes);
    } else {
        (void)snprintf(run->reason, sizeof run->reason, "%s", run->report.text);
    }
    rp_json_release(spec.json);
    return verdict;
}

/* ---- the suite ---- */

static void add_to_report(struct suite *suite, const char *file, enum verdict verdict,
                          const char *reason)
{
    static const char *const keys[] = {"passed", "failed", "out_of_scope"};
    struct rp_json *object = rp_json_new_object();
    bool good = object != NULL &&
                rp_json_set(object, "file", rp_json_new_string(file, strlen(file))) &&
                rp_json_set(object, "commands", rp_json_new_int(1));
    for (unsigned i = 0; good && i < 3; i++) {
        good = rp_json_set(object, keys[i], rp_json_new_int(verdict == (enum verdict)i));
    }
    if (good && verdict != PASSED) {
        good = rp_json_set(object, "reason", rp_json_new_string(reason, strlen(reason)));
    }
    if (good) {
        (void)rp_json_add(suite->files, object);
    } else {
        rp_json_release(object);
    }
}

static void run_row(struct suite *suite, const char *folder, const char *name, bool has_spec)
{
    static const char *const words[] = {"passed", "failed", "out of scope"};
    struct run run;
    char file[512];
    init_run(&run, &suite->allocator);
    enum verdict verdict = run_test(suite, folder, name, has_spec, &run);
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    suite->counts[verdict]++;
    if (verdict != PASSED) {
        (void)printf("%s: %s: %s\n", file, words[verdict], run.reason);
    }
    add_to_report(suite, file, verdict, run.reason);
    deinit_run(&run);
}

/* The next tab-separated field of a line; NULL behind the last. */
static char *take_field(char **line)
{
    char *field = *line;
    if (field == NULL) {
        return NULL;
    }
    char *tab = strchr(field, '\t');
    if (tab != NULL) {
        *tab = '\0';
    }
    *line = tab != NULL ? tab + 1 : NULL;
    return field;
}

/* suite, test, bytes, sha256, upstream_bytes, upstream_sha256, spec. */
static bool run_line(struct suite *suite, char *line)
{
    char *fields[7];
    for (unsigned i = 0; i < 7; i++) {
        fields[i] = take_field(&line);
        if (fields[i] == NULL) {
            return false;
        }
    }
    run_row(suite, fields[0], fields[1], strcmp(fields[6], "json") == 0);
    return true;
}

static bool run_manifest(struct suite *suite, char *text)
{
    bool good = true;
    char *line = strchr(text, '\n'); /* behind the column names */
    while (good && line != NULL && line[1] != '\0') {
        char *start = line + 1;
        line = strchr(start, '\n');
        if (line != NULL) {
            *line = '\0';
        }
        good = run_line(suite, start);
    }
    return good;
}

/* Takes suite->files over. */
static bool write_report(struct suite *suite, const char *path)
{
    static const char *const keys[] = {"passed", "failed", "out_of_scope"};
    struct rp_json *root = rp_json_new_object();
    struct rp_json *totals = rp_json_new_object();
    struct rp_buffer text;
    rp_buffer_init(&text, &suite->allocator);
    unsigned commands = suite->counts[0] + suite->counts[1] + suite->counts[2];
    bool good = rp_json_set(totals, "commands", rp_json_new_int(commands));
    for (unsigned i = 0; good && i < 3; i++) {
        good = rp_json_set(totals, keys[i], rp_json_new_int(suite->counts[i]));
    }
    good = rp_json_set(root, "schema", rp_json_new_string("reprise.conformance.v1", 22)) && good;
    good = rp_json_set(root, "suite", rp_json_new_string("wasi", 4)) && good;
    good = rp_json_set(root, "mode", rp_json_new_string("fast", 4)) && good;
    good = rp_json_set(root, "files", suite->files) && good;
    good = rp_json_set(root, "totals", totals) && good;
    suite->files = NULL;
    good = good && rp_json_write(root, &text);
    rp_buffer_byte(&text, '\n');
    bool to_stdout = strcmp(path, "-") == 0;
    FILE *file = to_stdout ? stdout : fopen(path, "wb");
    good =
        good && !text.failed && file != NULL && fwrite(text.data, 1, text.size, file) == text.size;
    if (file != NULL && !to_stdout && fclose(file) != 0) {
        good = false;
    }
    rp_json_release(root);
    rp_buffer_deinit(&text);
    return good;
}

int rp_conformance_wasi(const struct rp_conformance_wasi_options *options)
{
    const char *dir = options->dir;
    const char *json_path = options->json_path;
    struct suite suite = {.options = options, .dir = dir, .files = rp_json_new_array()};
    rp_allocator_init(&suite.allocator, 0);
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/MANIFEST.tsv", dir);
    struct rp_buffer manifest;
    rp_report report = {0};
    int code = 3;
    if (read_whole(&suite.allocator, path, &manifest, &report) != RP_OK) {
        (void)fprintf(stderr, "reprise-conformance: %s\n", report.text);
    } else {
        rp_buffer_byte(&manifest, 0);
        bool good = run_manifest(&suite, (char *)manifest.data);
        if (!good) {
            (void)fprintf(stderr, "reprise-conformance: %s: a line has fewer than 7 columns\n",
                          path);
        }
        if (json_path != NULL && !write_report(&suite, json_path)) {
            (void)fprintf(stderr, "reprise-conformance: %s: the report cannot be written\n",
                          json_path);
            good = false;
        }
        code = good && suite.counts[FAILED] == 0 ? 0 : 1;
        (void)printf("%u passed, %u failed, %u out of scope\n", suite.counts[PASSED],
                     suite.counts[FAILED], suite.counts[OUT_OF_SCOPE]);
    }
    rp_buffer_deinit(&manifest);
    rp_json_release(suite.files);
    return code;
}
