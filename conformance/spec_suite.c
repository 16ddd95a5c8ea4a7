/* The official suite as a whole (layer 7). */
#include "conformance/spec_suite.h"

#include "conformance/spec_report.h"
#include "core/platform.h"
#include "core/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES 4096
#define COLUMN_FILE 0
#define COLUMN_COMMANDS 1
#define COLUMNS_READ 2

struct suite {
    const struct rp_spec_options *options;
    struct rp_allocator allocator;
    struct rp_buffer manifest;
    struct rp_spec_exceptions exceptions;
    struct rp_spec_settings settings;
    struct rp_spec_report report;
    bool shows_progress;
    char spectest_path[PATH_BYTES];
};

static rp_status format_path(char out_path[PATH_BYTES], rp_report *report, const char *root,
                             const char *folder, const char *name)
{
    int size =
        snprintf(out_path, PATH_BYTES, "%s/%s%s%s", root, folder, folder[0] ? "/" : "", name);
    return size >= 0 && size < PATH_BYTES
               ? RP_OK
               : rp_report_fail(report, RP_ERROR_IO, "%s: the path is too long", root);
}

static void clear_progress(const struct suite *suite)
{
    if (suite->shows_progress) {
        (void)fputs("\r\033[K", stderr);
    }
}

static void show_progress(const struct suite *suite, const char *file)
{
    if (suite->shows_progress) {
        (void)fprintf(stderr, "\r\033[K%u commands, %u failed: %s", suite->report.totals.commands,
                      suite->report.totals.failed, file);
        (void)fflush(stderr);
    }
}

static void tell_line(void *user, const char *line)
{
    const struct suite *suite = user;
    clear_progress(suite);
    (void)printf("FAILED %s\n", line);
}

static bool matches_filter(const char *filter, const char *file)
{
    if (filter == NULL) {
        return true;
    }
    size_t size = strlen(filter);
    return strncmp(filter, file, size) == 0 && (file[size] == 0 || file[size] == '/');
}

static void tell_scope(struct suite *suite, const char *file, const struct rp_spec_counts *counts)
{
    if (counts->out_of_scope == 0) {
        return;
    }
    struct rp_buffer features;
    rp_buffer_init(&features, &suite->allocator);
    rp_spec_counts_print_features(counts, &features);
    clear_progress(suite);
    (void)printf("%s: %u of %u commands out of scope: %.*s\n", file, counts->out_of_scope,
                 counts->commands, (int)features.size, (const char *)features.data);
    rp_buffer_deinit(&features);
}

/* Runs one row of the manifest; rows without commands have no file. */
static rp_status run_file(struct suite *suite, const char *file, uint32_t command_count,
                          rp_report *report)
{
    const struct rp_spec_options *options = suite->options;
    const char *slash = strrchr(file, '/');
    const char *base = slash != NULL ? slash + 1 : file;
    char folder[PATH_BYTES];
    char path[PATH_BYTES];
    rp_status status = format_path(folder, report, options->root, options->folder, file);
    if (status != RP_OK || command_count == 0) {
        return status;
    }
    int size = snprintf(path, sizeof path, "%s/%s.json", folder, base);
    if (size < 0 || (size_t)size >= sizeof path) {
        return rp_report_fail(report, RP_ERROR_IO, "%s: the path is too long", folder);
    }
    struct rp_buffer text;
    struct rp_spec_script script = {0};
    struct rp_spec_counts counts = {0};
    rp_buffer_init(&text, &suite->allocator);
    show_progress(suite, file);
    status = rp_spec_file_read(path, &text, report);
    if (status == RP_OK) {
        status = rp_spec_script_init(&script, &suite->allocator, text.data, text.size, report);
    }
    if (status == RP_OK) {
        status =
            script.command_count == command_count
                ? rp_spec_script_run(&suite->settings, &script, file, folder, &counts, report)
                : rp_report_fail(report, RP_ERROR_MALFORMED, "%u commands, the manifest counts %u",
                                 script.command_count, command_count);
        rp_spec_script_deinit(&script);
    }
    if (status == RP_OK) {
        rp_spec_report_add(&suite->report, file, &counts);
        tell_scope(suite, file, &counts);
    }
    rp_buffer_deinit(&text);
    return status;
}

static rp_status run_files(struct suite *suite, rp_report *report)
{
    rp_name columns[COLUMNS_READ];
    char file[256];
    size_t pos = 0;
    (void)rp_spec_table_next(&suite->manifest, &pos, columns, COLUMNS_READ); /* the heads */
    while (rp_spec_table_next(&suite->manifest, &pos, columns, COLUMNS_READ) != 0) {
        uint32_t command_count;
        if (!rp_spec_table_number(columns[COLUMN_COMMANDS], &command_count) ||
            columns[COLUMN_FILE].size >= sizeof file) {
            return rp_report_fail(report, RP_ERROR_MALFORMED, "a row of the manifest");
        }
        memcpy(file, columns[COLUMN_FILE].data, columns[COLUMN_FILE].size);
        file[columns[COLUMN_FILE].size] = 0;
        if (!matches_filter(suite->options->filter, file)) {
            continue;
        }
        rp_report cause = {0};
        rp_status status = run_file(suite, file, command_count, &cause);
        if (status != RP_OK) {
            return rp_report_fail(report, status, "%s: %s", file, cause.text);
        }
    }
    clear_progress(suite);
    return RP_OK;
}

static rp_status write_json(struct suite *suite, rp_report *report)
{
    const char *path = suite->options->json_path;
    if (path == NULL) {
        return RP_OK;
    }
    struct rp_buffer text;
    rp_buffer_init(&text, &suite->allocator);
    rp_status status = RP_OK;
    if (!rp_spec_report_finish(&suite->report, &text)) {
        status = rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the report");
    } else {
        bool to_stdout = strcmp(path, "-") == 0;
        FILE *file = to_stdout ? stdout : fopen(path, "wb");
        bool good = file != NULL && fwrite(text.data, 1, text.size, file) == text.size;
        good = file != NULL && (to_stdout ? fflush(file) : fclose(file)) == 0 && good;
        if (!good) {
            status = rp_report_fail(report, RP_ERROR_IO, "%s: the report cannot be written", path);
        }
    }
    rp_buffer_deinit(&text);
    return status;
}

static rp_status prepare(struct suite *suite, rp_report *report)
{
    const struct rp_spec_options *options = suite->options;
    char path[PATH_BYTES];
    rp_status status = format_path(path, report, options->root, options->folder, "MANIFEST.tsv");
    if (status == RP_OK) {
        status = rp_spec_file_read(path, &suite->manifest, report);
    }
    if (status == RP_OK) {
        status = format_path(path, report, options->root, "core", "deterministic.tsv");
    }
    if (status == RP_OK) {
        status = rp_spec_exceptions_init(&suite->exceptions, &suite->allocator, path, report);
    }
    if (status == RP_OK) {
        status = format_path(suite->spectest_path, report, options->root, "", "spectest.wasm");
    }
    if (status == RP_OK) {
        status = rp_engine_create(NULL, &suite->settings.engine, report);
    }
    suite->settings.allocator = &suite->allocator;
    suite->settings.mode = options->mode;
    suite->settings.every = options->every;
    suite->settings.sample = options->sample;
    suite->settings.spectest_path = suite->spectest_path;
    suite->settings.exceptions = &suite->exceptions;
    suite->settings.tell = tell_line;
    suite->settings.user = suite;
    return status;
}

int rp_spec_suite_run(const struct rp_spec_options *options)
{
    struct suite suite = {.options = options};
    rp_report report = {0};
    rp_allocator_init(&suite.allocator, UINT64_MAX);
    rp_buffer_init(&suite.manifest, &suite.allocator);
    rp_buffer_init(&suite.exceptions.text, &suite.allocator);
    rp_spec_report_init(&suite.report, options->mode);
    suite.shows_progress = rp_platform_is_terminal(2);
    rp_status status = prepare(&suite, &report);
    if (status == RP_OK) {
        status = run_files(&suite, &report);
    }
    if (status == RP_OK) {
        status = write_json(&suite, &report);
    }
    const struct rp_spec_counts *totals = &suite.report.totals;
    if (status == RP_OK && totals->commands == 0) {
        status = rp_report_fail(&report, RP_ERROR_NOT_FOUND, "%s: no file of the manifest matches",
                                options->filter != NULL ? options->filter : options->root);
    }
    int exit_code = RP_SUITE_NO_DATA;
    if (status == RP_OK && totals->boundaries != 0) {
        (void)printf("moved at %" PRIu64 " of %" PRIu64 " boundaries\n", totals->moves,
                     totals->boundaries);
    }
    if (status == RP_OK) {
        (void)printf("%u passed, %u failed, %u out of scope\n", totals->passed, totals->failed,
                     totals->out_of_scope);
        exit_code = totals->failed == 0 ? RP_SUITE_PASSED : RP_SUITE_FAILED;
    } else {
        clear_progress(&suite);
        (void)fprintf(stderr, "reprise-conformance: %s\n", report.text);
    }
    rp_spec_report_deinit(&suite.report);
    rp_engine_destroy(suite.settings.engine);
    rp_spec_exceptions_deinit(&suite.exceptions);
    rp_buffer_deinit(&suite.manifest);
    return exit_code;
}
