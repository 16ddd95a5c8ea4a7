/* --export: what is written to the host when the guest has ended (layer 7). See run.h. */
#include "cli/run.h"

#include "core/platform_stage.h"

#include <stdio.h>
#include <string.h>

#define PATH_BYTES 8192u

struct export
{
    const char *item;
    char *guest; /* both in one block of `size` bytes */
    const char *host;
    size_t size;
};

/* GUEST::HOST. */
static bool split_item(struct rp_cli_run *run, const char *item, struct export *out_export)
{
    const char *separator = strstr(item, "::");
    if (!separator || separator == item || separator[2] == 0) {
        return rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
                             "--export %s: must be GUEST::HOST", item);
    }
    size_t size = strlen(item) + 1;
    char *copy = rp_alloc(&run->cli->allocator, size);
    if (!copy) {
        return rp_run_refuse(run, RP_ERROR_NO_MEMORY, RP_EXIT_HOST, "out of memory");
    }
    memcpy(copy, item, size);
    size_t guest_size = (size_t)(separator - item);
    copy[guest_size] = 0;
    *out_export =
        (struct export){.item = item, .guest = copy, .host = copy + guest_size + 2, .size = size};
    return true;
}

static void free_export(struct rp_cli_run *run, const struct export *export)
{
    rp_free(&run->cli->allocator, export->guest, export->size);
}

/* ---- before the run ---- */

static bool refuse_item(struct rp_cli_run *run, const char *item, rp_status status,
                        const char *text, const char *remedy)
{
    int code = status == RP_ERROR_NO_MEMORY ? RP_EXIT_HOST : RP_EXIT_MISUSE;
    return rp_run_refuse(run, status, code, "--export %s: %s%s", item, text, remedy);
}

static bool check_host(struct rp_cli_run *run, const struct export *export)
{
    bool force = rp_run_option(run, RP_OPTION_FORCE)->given;
    rp_report report = {0};
    rp_status status = rp_wasi_check_export(export->host, force, &report);
    if (status == RP_OK) {
        return true;
    }
    bool helps = !force && rp_wasi_check_export(export->host, true, NULL) == RP_OK;
    return refuse_item(run, export->item, status, report.text,
                       helps ? "; --force replaces it" : "");
}

/* A path that is there or is not there is well-formed. */
static bool check_guest(struct rp_cli_run *run, const struct export *export)
{
    rp_wasi_kind kind;
    uint64_t size;
    rp_report report = {0};
    rp_status status = rp_wasi_stat(run->wasi, export->guest, &kind, &size, &report);
    return status == RP_OK || status == RP_ERROR_NOT_FOUND ||
           refuse_item(run, export->item, status, report.text, "");
}

/* Whether `path` is `folder` or below it. */
static bool is_inside(const char *path, const char *folder)
{
    size_t size = strlen(folder);
    return strncmp(path, folder, size) == 0 && (path[size] == 0 || path[size] == '/');
}

/* Options that name a file which the run writes: such a file must not lie where an export goes. */
static bool check_written_files(struct rp_cli_run *run, const char *item, const char *place)
{
    static const enum rp_cli_option ids[] = {RP_OPTION_JSON, RP_OPTION_TRACE_FILE,
                                             RP_OPTION_PROFILE, RP_OPTION_SNAPSHOT};
    char path[PATH_BYTES];
    for (size_t i = 0; i < RP_ARRAY_COUNT(ids); i++) {
        const char *text = rp_run_option(run, ids[i])->text;
        if (text && strcmp(text, "-") != 0 &&
            rp_disk_locate(text, path, sizeof(path), NULL) == RP_OK && is_inside(path, place)) {
            return rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
                                 "--export %s: the file of --%s lies in it; name another place for "
                                 "one of them",
                                 item, rp_cli_options[ids[i]].name);
        }
    }
    return true;
}

/* Two exports must not meet. `places`: PATH_BYTES for each of the exports so far, and for this
 * one. */
static bool check_place(struct rp_cli_run *run, const struct export *export, char *places,
                        uint32_t index)
{
    const char *const *items = rp_run_option(run, RP_OPTION_EXPORT)->items;
    char *place = places + (size_t)index * PATH_BYTES;
    rp_report report = {0};
    rp_status status = rp_disk_locate(export->host, place, PATH_BYTES, &report);
    if (status != RP_OK) {
        return refuse_item(run, export->item, status, report.text, "");
    }
    for (uint32_t i = 0; i < index; i++) {
        const char *other = places + (size_t)i * PATH_BYTES;
        if (is_inside(place, other) || is_inside(other, place)) {
            return rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
                                 "--export %s: it goes to the same place as --export %s, or one "
                                 "into the other",
                                 export->item, items[i]);
        }
    }
    return check_written_files(run, export->item, place);
}

bool rp_run_check_exports(struct rp_cli_run *run)
{
    const struct rp_cli_value *given = rp_run_option(run, RP_OPTION_EXPORT);
    if (given->item_count == 0) {
        return !rp_run_option(run, RP_OPTION_FORCE)->given ||
               rp_run_option(run, RP_OPTION_SNAPSHOT)->given ||
               rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
                             "--force: there is no --export and no --snapshot that could replace "
                             "anything");
    }
    size_t size = (size_t)given->item_count * PATH_BYTES;
    char *places = rp_alloc(&run->cli->allocator, size);
    if (!places) {
        return rp_run_refuse(run, RP_ERROR_NO_MEMORY, RP_EXIT_HOST, "out of memory");
    }
    bool ok = true;
    for (uint32_t i = 0; ok && i < given->item_count; i++) {
        struct export export;
        ok = split_item(run, given->items[i], &export);
        if (ok) {
            ok = check_guest(run, &export) && check_host(run, &export) &&
                 check_place(run, &export, places, i);
            free_export(run, &export);
        }
    }
    rp_free(&run->cli->allocator, places, size);
    return ok;
}

/* ---- after the run ---- */

static const char *reason_for_none(const struct rp_cli_run *run)
{
    if (run->status != RP_OK || run->code == RP_EXIT_HOST) {
        return "the host failed";
    }
    switch (run->outcome.kind) {
    case RP_OUTCOME_RETURNED:
    case RP_OUTCOME_EXITED:
        return NULL;
    case RP_OUTCOME_TRAPPED:
        return "the program trapped";
    case RP_OUTCOME_OUT_OF_GAS:
        return "the program ran out of gas";
    case RP_OUTCOME_TIMED_OUT:
        return "the program timed out";
    case RP_OUTCOME_SUSPENDED:
        return "the program was stopped";
    }
    return NULL;
}

static void fail_export(struct rp_cli_run *run, const char *item, rp_status status,
                        const rp_report *report)
{
    char lost[64] = "";
    int code = status == RP_ERROR_ARGUMENT || status == RP_ERROR_NOT_FOUND ? RP_EXIT_MISUSE
               : status == RP_ERROR_STATE                                  ? RP_EXIT_INTERRUPTED
                                                                           : RP_EXIT_HOST;
    if (run->outcome.kind == RP_OUTCOME_EXITED) {
        (void)snprintf(lost, sizeof(lost), " (the program exited with %lu)",
                       (unsigned long)run->outcome.exit_code);
    }
    (void)rp_run_refuse(run, status, code, "--export %s: %s%s", item,
                        status == RP_ERROR_STATE ? "interrupted; nothing is written" : report->text,
                        lost);
    rp_run_say_error(run);
}

static bool write_export(struct rp_cli_run *run, const char *item)
{
    struct export export;
    rp_report report = {0};
    if (!split_item(run, item, &export)) { /* was well-formed before: out of memory */
        rp_run_say_error(run);
        return false;
    }
    rp_status status = rp_wasi_export(run->wasi, export.guest, export.host,
                                      rp_run_option(run, RP_OPTION_FORCE)->given, &report);
    free_export(run, &export);
    if (status != RP_OK) {
        fail_export(run, item, status, &report);
    }
    return status == RP_OK;
}

void rp_run_export(struct rp_cli_run *run)
{
    const struct rp_cli_value *given = rp_run_option(run, RP_OPTION_EXPORT);
    bool is_refused = run->status != RP_OK && run->code != RP_EXIT_HOST;
    if (given->item_count == 0 || is_refused) {
        return;
    }
    const char *reason = reason_for_none(run);
    if (reason) {
        rp_cli_say("%s: nothing is exported: %s", run->path, reason);
        return;
    }
    bool was_interrupted = atomic_load(&run->control.interrupted);
    run->has_ended = true;
    rp_run_control_start_export(&run->control, run->wasi);
    if (was_interrupted) { /* when the guest was already at its end */
        rp_wasi_stop_export(run->wasi);
    }
    for (uint32_t i = 0; i < given->item_count && write_export(run, given->items[i]); i++) {}
    rp_run_control_finish(&run->control);
}
