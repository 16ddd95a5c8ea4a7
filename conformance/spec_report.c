/* The report of a suite's run (layer 7). */
#include "conformance/spec_report.h"

#include <string.h>

static void set_string(struct rp_json *object, const char *name, const char *text)
{
    (void)rp_json_set(object, name, rp_json_new_string(text, strlen(text)));
}

/* Members that cannot be made leave the object short, which only want of memory can do. */
static bool set_counts(struct rp_json *object, const struct rp_spec_counts *counts)
{
    struct rp_json *features = rp_json_new_object();
    bool good = features != NULL;
    for (unsigned i = 0; good && i < RP_FEATURE_COUNT; i++) {
        if (counts->by_feature[i] != 0) {
            good =
                rp_json_set(features, rp_feature_names[i], rp_json_new_int(counts->by_feature[i]));
        }
    }
    return rp_json_set(object, "commands", rp_json_new_int(counts->commands)) &&
           rp_json_set(object, "passed", rp_json_new_int(counts->passed)) &&
           rp_json_set(object, "failed", rp_json_new_int(counts->failed)) &&
           rp_json_set(object, "out_of_scope", rp_json_new_int(counts->out_of_scope)) &&
           rp_json_set(object, "features", features) &&
           rp_json_set(object, "gas_used", rp_json_new_int((int64_t)counts->gas_used)) &&
           rp_json_set(object, "moves", rp_json_new_int((int64_t)counts->moves)) &&
           rp_json_set(object, "boundaries", rp_json_new_int((int64_t)counts->boundaries)) && good;
}

void rp_spec_report_init(struct rp_spec_report *report, enum rp_spec_mode mode)
{
    *report = (struct rp_spec_report){.root = rp_json_new_object(), .files = rp_json_new_array()};
    if (report->root == NULL) {
        return;
    }
    set_string(report->root, "schema", "reprise.conformance.v1");
    set_string(report->root, "suite", "spec");
    set_string(report->root, "mode", rp_spec_mode_names[mode]);
}

void rp_spec_report_deinit(struct rp_spec_report *report)
{
    rp_json_release(report->root);
    rp_json_release(report->files);
    *report = (struct rp_spec_report){0};
}

void rp_spec_report_add(struct rp_spec_report *report, const char *file,
                        const struct rp_spec_counts *counts)
{
    struct rp_spec_counts *totals = &report->totals;
    totals->commands += counts->commands;
    totals->passed += counts->passed;
    totals->failed += counts->failed;
    totals->out_of_scope += counts->out_of_scope;
    totals->gas_used += counts->gas_used;
    totals->moves += counts->moves;
    totals->boundaries += counts->boundaries;
    for (unsigned i = 0; i < RP_FEATURE_COUNT; i++) {
        totals->by_feature[i] += counts->by_feature[i];
    }
    struct rp_json *row = rp_json_new_object();
    if (row == NULL || report->files == NULL) {
        rp_json_release(row);
        return;
    }
    set_string(row, "file", file);
    (void)set_counts(row, counts);
    (void)rp_json_add(report->files, row);
}

bool rp_spec_report_finish(struct rp_spec_report *report, struct rp_buffer *out_text)
{
    struct rp_json *files = report->files;
    struct rp_json *totals = rp_json_new_object();
    report->files = NULL;
    if (report->root == NULL || totals == NULL) {
        rp_json_release(files);
        rp_json_release(totals);
        return false;
    }
    bool good = set_counts(totals, &report->totals);
    good = rp_json_set(report->root, "files", files) && good;
    good = rp_json_set(report->root, "totals", totals) && good;
    good = good && rp_json_write(report->root, out_text);
    rp_buffer_byte(out_text, '\n');
    return good && !out_text->failed;
}

void rp_spec_counts_print_features(const struct rp_spec_counts *counts, struct rp_buffer *out_text)
{
    const char *separator = "";
    for (unsigned i = 0; i < RP_FEATURE_COUNT; i++) {
        if (counts->by_feature[i] != 0) {
            rp_buffer_printf(out_text, "%s%s %u", separator, rp_feature_names[i],
                             counts->by_feature[i]);
            separator = ", ";
        }
    }
}
