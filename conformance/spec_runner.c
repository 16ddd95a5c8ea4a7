/* Running one script of the official suite (layer 7). */
#include "conformance/spec_runner.h"

#include "conformance/spec_host.h"
#include "conformance/spec_imports.h"
#include "conformance/spec_subjects.h"
#include "core/assert.h"
#include "core/report.h"

#include <stdio.h>
#include <string.h>

/* The suite needs 64 MiB in one memory; a store holds the instances of a whole file. */
#define MEMORY_MAX_BYTES (UINT64_C(1) << 30)
#define VALUES_MAX 64
#define PATH_BYTES 4096

enum verdict { PASSED, FAILED, OUT_OF_SCOPE };

struct runner {
    const struct rp_spec_settings *settings;
    const char *file;
    const char *folder;
    struct rp_spec_drive drive;
    struct rp_spec_bindings definitions;
    struct rp_spec_bindings instances;
    struct rp_spec_bindings registered;
    struct rp_spec_subject current;
    struct rp_spec_subject latest_definition;
    rp_module **modules; /* all that were loaded; they outlive the store */
    uint32_t module_count;
    uint32_t module_capacity;
    bool lacks_table64; /* spectest does */
    rp_report missing;  /* about a file of the suite that cannot be read */
    struct rp_spec_counts counts;

    /* About the present command. */
    enum rp_feature feature; /* of OUT_OF_SCOPE */
    struct rp_buffer got;    /* of FAILED: "expected …, got …" */
    rp_outcome outcome;
    rp_value results[VALUES_MAX];
    size_t result_count;
};

/* ---- saying what was wrong ---- */

static enum verdict fail(struct runner *runner, const char *expected)
{
    runner->got.size = 0;
    rp_buffer_printf(&runner->got, "expected %s, got ", expected);
    return FAILED;
}

static enum verdict fail_status(struct runner *runner, const char *expected, rp_status status,
                                const rp_report *report)
{
    fail(runner, expected);
    rp_buffer_printf(&runner->got, "%s: %s", rp_status_name(status), report->text);
    return FAILED;
}

static enum verdict fail_text(struct runner *runner, const char *expected, const char *got)
{
    fail(runner, expected);
    rp_buffer_printf(&runner->got, "%s", got);
    return FAILED;
}

static void print_outcome(struct runner *runner)
{
    static const char *const texts[] = {"results",    "an exit",      "a trap",
                                        "out of gas", "a suspension", "a timeout"};
    const rp_outcome *outcome = &runner->outcome;
    if (outcome->kind == RP_OUTCOME_TRAPPED) {
        rp_buffer_printf(&runner->got, "trap \"%s\"", rp_trap_text(outcome->trap));
        return;
    }
    rp_buffer_printf(&runner->got, "%s", texts[outcome->kind]);
    for (size_t i = 0; outcome->kind == RP_OUTCOME_RETURNED && i < runner->result_count; i++) {
        rp_buffer_printf(&runner->got, " ");
        rp_spec_value_print_got(&runner->got, &runner->results[i]);
    }
}

static enum verdict fail_outcome(struct runner *runner, const char *expected)
{
    fail(runner, expected);
    print_outcome(runner);
    return FAILED;
}

static void print_string(struct rp_buffer *out, rp_name string)
{
    rp_buffer_byte(out, '"');
    for (size_t i = 0; i < string.size; i++) {
        uint8_t byte = (uint8_t)string.data[i];
        if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f) {
            rp_buffer_printf(out, "\\%02x", byte);
        } else {
            rp_buffer_byte(out, byte);
        }
    }
    rp_buffer_byte(out, '"');
}

static void print_command(struct rp_buffer *out, const struct rp_spec_command *command)
{
    const struct rp_spec_action *action = &command->action;
    rp_buffer_printf(out, "%s", rp_spec_command_names[command->type]);
    if (command->filename.size != 0) {
        rp_buffer_printf(out, " %.*s", (int)command->filename.size, command->filename.data);
    }
    if (action->field.data == NULL) {
        return;
    }
    rp_buffer_printf(out, action->is_get ? " get " : " invoke ");
    if (action->has_name) {
        rp_buffer_printf(out, "%.*s.", (int)action->instance.size, action->instance.data);
    }
    print_string(out, action->field);
    for (uint32_t i = 0; i < action->arg_count; i++) {
        rp_buffer_printf(out, i == 0 ? " (" : ", ");
        rp_spec_value_print(out, &action->args[i]);
    }
    rp_buffer_printf(out, action->arg_count == 0 ? "" : ")");
}

static void tell_failure(struct runner *runner, const struct rp_spec_command *command)
{
    struct rp_buffer line;
    rp_buffer_init(&line, runner->settings->allocator);
    rp_buffer_printf(&line, "%s:%u: ", runner->file, command->line);
    print_command(&line, command);
    rp_buffer_printf(&line, ": ");
    rp_buffer_append(&line, runner->got.data, runner->got.size);
    rp_buffer_byte(&line, 0);
    runner->settings->tell(runner->settings->user, line.failed
                                                       ? "a failure, and no memory to tell it"
                                                       : (const char *)line.data);
    rp_buffer_deinit(&line);
}

/* ---- modules ---- */

/* The feature that a report says is missing; false if it names none. */
static bool find_feature(const rp_report *report, enum rp_feature *out_feature)
{
    static const char words[] = "needs the feature \"";
    const char *start = strstr(report->text, words);
    if (start == NULL) {
        return false;
    }
    start += sizeof words - 1;
    for (unsigned i = 0; i < RP_FEATURE_COUNT; i++) {
        size_t size = strlen(rp_feature_names[i]);
        if (strncmp(start, rp_feature_names[i], size) == 0 && start[size] == '"') {
            *out_feature = (enum rp_feature)i;
            return true;
        }
    }
    return false;
}

/* Loads a module and keeps it until the script is over. */
static rp_status load_bytes(struct runner *runner, const void *bytes, size_t size,
                            rp_module **out_module, rp_report *report)
{
    rp_module **modules =
        rp_grow(runner->settings->allocator, runner->modules, &runner->module_capacity,
                runner->module_count + 1u, sizeof *modules);
    if (modules == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for a script's modules");
    }
    runner->modules = modules;
    rp_module *module = NULL;
    rp_status status = rp_module_load(runner->settings->engine, bytes, size, &module, report);
    if (status == RP_OK) {
        modules[runner->module_count++] = module;
        *out_module = module;
    }
    return status;
}

static rp_status load_path(struct runner *runner, const char *path, rp_module **out_module,
                           rp_report *report)
{
    struct rp_buffer bytes;
    rp_buffer_init(&bytes, runner->settings->allocator);
    rp_status status = rp_spec_file_read(path, &bytes, report);
    if (status == RP_ERROR_IO) {
        runner->missing = *report;
    }
    if (status == RP_OK) {
        status = load_bytes(runner, bytes.data, bytes.size, out_module, report);
    }
    rp_buffer_deinit(&bytes);
    return status;
}

static rp_status format_path(const struct runner *runner, rp_name filename,
                             char out_path[PATH_BYTES], rp_report *report)
{
    int size = snprintf(out_path, PATH_BYTES, "%s/%.*s", runner->folder, (int)filename.size,
                        filename.data);
    return size >= 0 && size < PATH_BYTES
               ? RP_OK
               : rp_report_fail(report, RP_ERROR_IO, "%s: the path is too long", runner->folder);
}

static rp_status load_file(struct runner *runner, rp_name filename, rp_module **out_module,
                           rp_report *report)
{
    char path[PATH_BYTES];
    rp_status status = format_path(runner, filename, path, report);
    return status == RP_OK ? load_path(runner, path, out_module, report) : status;
}

static void exclude_source(void *user, rp_name name)
{
    struct runner *runner = user;
    struct rp_spec_subject source = rp_spec_bindings_get(&runner->registered, name);
    if (source.standing != RP_SPEC_READY || rp_spec_name_equals(name, "spectest")) {
        return;
    }
    rp_spec_bindings_exclude(&runner->instances, source.instance, runner->feature);
    rp_spec_bindings_exclude(&runner->registered, source.instance, runner->feature);
    if (runner->current.standing == RP_SPEC_READY && runner->current.instance == source.instance) {
        runner->current.standing = RP_SPEC_OUT_OF_SCOPE;
        runner->current.feature = runner->feature;
    }
}

/* A module that is out of scope would have written to what it imports: the instances that this
 * comes from do not have the state that the script expects, so they are out of scope from here on.
 * All but spectest, on which every file depends. */
static void exclude_sources(struct runner *runner, rp_name filename)
{
    char path[PATH_BYTES];
    rp_report report = {0};
    struct rp_buffer bytes;
    rp_buffer_init(&bytes, runner->settings->allocator);
    if (format_path(runner, filename, path, &report) == RP_OK &&
        rp_spec_file_read(path, &bytes, &report) == RP_OK) {
        struct rp_span module = {.data = bytes.data, .size = bytes.size};
        rp_spec_imports_visit(module, exclude_source, runner);
    }
    rp_buffer_deinit(&bytes);
}

/* The verdict on a module that has to be valid; `out_subject` is made in any case. */
static enum verdict load_valid(struct runner *runner, rp_name filename,
                               struct rp_spec_subject *out_subject)
{
    rp_report report = {0};
    *out_subject = (struct rp_spec_subject){.standing = RP_SPEC_BROKEN, .filename = filename};
    rp_status status = load_file(runner, filename, &out_subject->module, &report);
    if (status == RP_OK) {
        out_subject->standing = RP_SPEC_READY;
        return PASSED;
    }
    if (status == RP_ERROR_UNSUPPORTED && find_feature(&report, &out_subject->feature)) {
        out_subject->standing = RP_SPEC_OUT_OF_SCOPE;
        runner->feature = out_subject->feature;
        return OUT_OF_SCOPE;
    }
    return fail_status(runner, "a valid module", status, &report);
}

/* Whether a module imports from something that is out of scope. */
static bool imports_out_of_scope(struct runner *runner, const rp_module *module)
{
    for (size_t i = 0; i < rp_module_import_count(module); i++) {
        rp_import_info import = rp_module_import(module, i);
        struct rp_spec_subject source = rp_spec_bindings_get(&runner->registered, import.module);
        if (source.standing == RP_SPEC_OUT_OF_SCOPE) {
            runner->feature = source.feature;
            return true;
        }
        if (runner->lacks_table64 && rp_spec_name_equals(import.module, "spectest") &&
            rp_spec_name_equals(import.name, "table64")) {
            runner->feature = RP_FEATURE_MEMORY64;
            return true;
        }
    }
    return false;
}

/* Instantiates a READY definition; `subject` becomes the instance, or what hinders it. */
static enum verdict instantiate(struct runner *runner, struct rp_spec_subject *subject)
{
    RP_ASSERT(subject->standing == RP_SPEC_READY);
    rp_report report = {0};
    if (imports_out_of_scope(runner, subject->module)) {
        subject->standing = RP_SPEC_OUT_OF_SCOPE;
        subject->feature = runner->feature;
        return OUT_OF_SCOPE;
    }
    rp_status status = rp_spec_drive_instantiate(&runner->drive, subject->module,
                                                 &subject->instance, &runner->outcome, &report);
    if (status == RP_OK && runner->outcome.kind == RP_OUTCOME_RETURNED) {
        return PASSED;
    }
    subject->standing = RP_SPEC_BROKEN;
    runner->result_count = 0;
    return status != RP_OK ? fail_status(runner, "an instance", status, &report)
                           : fail_outcome(runner, "an instance");
}

/* The verdict on a command whose subject is not READY. */
static enum verdict judge_standing(struct runner *runner, const struct rp_spec_subject *subject)
{
    if (subject->standing == RP_SPEC_OUT_OF_SCOPE) {
        runner->feature = subject->feature;
        return OUT_OF_SCOPE;
    }
    return fail_text(runner, "its module or instance",
                     subject->standing == RP_SPEC_ABSENT ? "nothing of that name"
                                                         : "one that failed before");
}

static rp_status bind_name(struct runner *runner, struct rp_spec_bindings *bindings,
                           const struct rp_spec_command *command, struct rp_spec_subject subject,
                           rp_report *report)
{
    return command->has_name ? rp_spec_bindings_set(bindings, runner->settings->allocator,
                                                    command->name, subject, report)
                             : RP_OK;
}

static rp_status run_module(struct runner *runner, const struct rp_spec_command *command,
                            enum verdict *out_verdict, rp_report *report)
{
    struct rp_spec_subject subject;
    *out_verdict = load_valid(runner, command->filename, &subject);
    runner->latest_definition = subject;
    rp_status status = bind_name(runner, &runner->definitions, command, subject, report);
    if (status != RP_OK || command->type == RP_SPEC_MODULE_DEFINITION) {
        return status;
    }
    if (subject.standing == RP_SPEC_READY) {
        *out_verdict = instantiate(runner, &subject);
    }
    if (*out_verdict == OUT_OF_SCOPE) {
        exclude_sources(runner, subject.filename);
    }
    runner->current = subject;
    return bind_name(runner, &runner->instances, command, subject, report);
}

static rp_status run_module_instance(struct runner *runner, const struct rp_spec_command *command,
                                     enum verdict *out_verdict, rp_report *report)
{
    struct rp_spec_subject subject =
        command->has_source ? rp_spec_bindings_get(&runner->definitions, command->source)
                            : runner->latest_definition;
    *out_verdict = subject.standing == RP_SPEC_READY ? instantiate(runner, &subject)
                                                     : judge_standing(runner, &subject);
    if (*out_verdict == OUT_OF_SCOPE) {
        exclude_sources(runner, subject.filename);
    }
    runner->current = subject;
    return bind_name(runner, &runner->instances, command, subject, report);
}

static rp_status run_register(struct runner *runner, const struct rp_spec_command *command,
                              enum verdict *out_verdict, rp_report *report)
{
    struct rp_spec_subject subject = command->has_name
                                         ? rp_spec_bindings_get(&runner->instances, command->name)
                                         : runner->current;
    *out_verdict = PASSED;
    if (subject.standing != RP_SPEC_READY) {
        *out_verdict = judge_standing(runner, &subject);
    } else {
        rp_report refusal = {0};
        rp_status status =
            rp_store_register(runner->drive.store, command->source,
                              rp_spec_drive_instance(&runner->drive, subject.instance), &refusal);
        if (status != RP_OK) {
            *out_verdict = fail_status(runner, "a registration", status, &refusal);
        }
    }
    return rp_spec_bindings_set(&runner->registered, runner->settings->allocator, command->source,
                                subject, report);
}

/* A module that must be refused. */
static enum verdict run_refusal(struct runner *runner, const struct rp_spec_command *command)
{
    rp_report report = {0};
    rp_module *module;
    rp_status status = load_file(runner, command->filename, &module, &report);
    bool custom = command->type == RP_SPEC_ASSERT_INVALID_CUSTOM;
    if (status == RP_ERROR_MALFORMED || status == RP_ERROR_INVALID ||
        (custom && status == RP_OK)) { /* custom sections are ignored */
        return PASSED;
    }
    if (status == RP_ERROR_UNSUPPORTED && find_feature(&report, &runner->feature)) {
        return OUT_OF_SCOPE;
    }
    return status == RP_OK
               ? fail_text(runner, "a refusal", "a valid module")
               : fail_status(runner, "a refusal as malformed or invalid", status, &report);
}

/* ---- actions ---- */

static bool trap_matches(const struct runner *runner, rp_name text)
{
    const char *trap = rp_trap_text(runner->outcome.trap);
    size_t size = strlen(trap);
    return runner->outcome.kind == RP_OUTCOME_TRAPPED && text.size >= size &&
           memcmp(text.data, trap, size) == 0;
}

/* A valid module that cannot be linked, or whose instantiation traps. */
static enum verdict run_unready(struct runner *runner, const struct rp_spec_command *command)
{
    struct rp_spec_subject subject;
    enum verdict verdict = load_valid(runner, command->filename, &subject);
    if (verdict == PASSED && imports_out_of_scope(runner, subject.module)) {
        verdict = OUT_OF_SCOPE;
    }
    if (verdict == OUT_OF_SCOPE && command->type == RP_SPEC_ASSERT_UNINSTANTIABLE) {
        exclude_sources(runner, command->filename);
    }
    if (verdict != PASSED) {
        return verdict;
    }
    rp_report report = {0};
    rp_status status = rp_spec_drive_instantiate(&runner->drive, subject.module, &subject.instance,
                                                 &runner->outcome, &report);
    runner->result_count = 0;
    if (command->type == RP_SPEC_ASSERT_UNLINKABLE) {
        if (status == RP_ERROR_IMPORT) {
            return PASSED;
        }
        return status == RP_OK ? fail_outcome(runner, "a refused import")
                               : fail_status(runner, "a refused import", status, &report);
    }
    if (status != RP_OK) {
        return fail_status(runner, "a trap", status, &report);
    }
    if (trap_matches(runner, command->text)) {
        return PASSED;
    }
    fail_outcome(runner, "a trap");
    rp_buffer_printf(&runner->got, " (the suite says: %.*s)", (int)command->text.size,
                     command->text.data);
    return FAILED;
}

static enum verdict run_get(struct runner *runner, const rp_extern *object)
{
    if (object->kind != RP_EXTERN_GLOBAL) {
        return fail_text(runner, "a global", "another kind of export");
    }
    rp_status status = rp_store_global_get(runner->drive.store, object->index, &runner->results[0]);
    if (status != RP_OK) {
        return fail_text(runner, "a global's value", rp_status_name(status));
    }
    runner->outcome = (rp_outcome){.kind = RP_OUTCOME_RETURNED};
    runner->result_count = 1;
    return PASSED;
}

static enum verdict run_invoke(struct runner *runner, const struct rp_spec_action *action,
                               const rp_extern *object)
{
    rp_value args[VALUES_MAX];
    if (object->kind != RP_EXTERN_FUNC) {
        return fail_text(runner, "a function", "another kind of export");
    }
    rp_functype type = rp_store_func_type(runner->drive.store, object->index);
    if (type.result_count > VALUES_MAX || action->arg_count > VALUES_MAX) {
        return fail_text(runner, "at most 64 arguments and results", "more");
    }
    for (uint32_t i = 0; i < action->arg_count; i++) {
        if (!rp_spec_value_argument(&action->args[i], &args[i])) {
            return fail_text(runner, "an argument of a kind that the engine has",
                             action->args[i].kind_name);
        }
    }
    rp_report report = {0};
    runner->result_count = type.result_count;
    rp_status status =
        rp_spec_drive_call(&runner->drive, object->index, args, action->arg_count, runner->results,
                           runner->result_count, &runner->outcome, &report);
    return status == RP_OK ? PASSED : fail_status(runner, "an outcome", status, &report);
}

/* Does the action; PASSED means that there is an outcome to judge. */
static enum verdict perform(struct runner *runner, const struct rp_spec_action *action)
{
    struct rp_spec_subject subject =
        action->has_name ? rp_spec_bindings_get(&runner->instances, action->instance)
                         : runner->current;
    if (subject.standing != RP_SPEC_READY) {
        return judge_standing(runner, &subject);
    }
    rp_extern object;
    rp_status status = rp_instance_export(rp_spec_drive_instance(&runner->drive, subject.instance),
                                          action->field, &object);
    if (status != RP_OK) {
        return fail_text(runner, "an export of that name", rp_status_name(status));
    }
    return action->is_get ? run_get(runner, &object) : run_invoke(runner, action, &object);
}

static enum verdict judge_results(struct runner *runner, const struct rp_spec_command *command)
{
    const struct rp_spec_exception *exception =
        rp_spec_exceptions_find(runner->settings->exceptions, runner->file, command->line);
    bool good = runner->outcome.kind == RP_OUTCOME_RETURNED &&
                runner->result_count == command->expected_count;
    for (uint32_t i = 0; good && i < command->expected_count; i++) {
        struct rp_spec_value expected = command->expected[i];
        if (exception != NULL) {
            bool is_number = expected.form == RP_SPEC_BITS;
            expected.form = RP_SPEC_BITS;
            expected.kind = is_number ? expected.kind : RP_V128;
            memcpy(expected.bits, exception->result, sizeof expected.bits);
        }
        good = rp_spec_value_matches(&expected, &runner->results[i]);
    }
    if (good) {
        return PASSED;
    }
    runner->got.size = 0;
    rp_buffer_printf(&runner->got, "expected results");
    for (uint32_t i = 0; i < command->expected_count; i++) {
        rp_buffer_printf(&runner->got, " ");
        rp_spec_value_print(&runner->got, &command->expected[i]);
    }
    rp_buffer_printf(&runner->got, exception != NULL ? " by deterministic.tsv, got " : ", got ");
    print_outcome(runner);
    return FAILED;
}

static enum verdict judge_trap(struct runner *runner, const struct rp_spec_command *command)
{
    bool good = trap_matches(runner, command->text);
    if (command->type == RP_SPEC_ASSERT_EXHAUSTION) {
        good = runner->outcome.kind == RP_OUTCOME_TRAPPED &&
               runner->outcome.trap == RP_TRAP_STACK_EXHAUSTED;
    } else if (command->type == RP_SPEC_ASSERT_EXCEPTION) {
        good = runner->outcome.kind == RP_OUTCOME_TRAPPED &&
               strcmp(rp_trap_name(runner->outcome.trap), "uncaught_exception") == 0;
    }
    if (good) {
        return PASSED;
    }
    if (command->type == RP_SPEC_ASSERT_EXCEPTION) {
        return fail_outcome(runner, "an uncaught exception");
    }
    char expected[160];
    (void)snprintf(expected, sizeof expected, "trap \"%.*s\"", (int)command->text.size,
                   command->text.data);
    return fail_outcome(runner, expected);
}

static enum verdict run_action(struct runner *runner, const struct rp_spec_command *command)
{
    enum verdict verdict = perform(runner, &command->action);
    if (verdict != PASSED) {
        return verdict;
    }
    switch (command->type) {
    case RP_SPEC_ACTION:
        return runner->outcome.kind == RP_OUTCOME_RETURNED ? PASSED
                                                           : fail_outcome(runner, "no trap");
    case RP_SPEC_ASSERT_RETURN:
        return judge_results(runner, command);
    default:
        return judge_trap(runner, command);
    }
}

/* ---- the script ---- */

static rp_status run_command(struct runner *runner, const struct rp_spec_command *command,
                             enum verdict *out_verdict, rp_report *report)
{
    switch (command->type) {
    case RP_SPEC_MODULE:
    case RP_SPEC_MODULE_DEFINITION:
        return run_module(runner, command, out_verdict, report);
    case RP_SPEC_MODULE_INSTANCE:
        return run_module_instance(runner, command, out_verdict, report);
    case RP_SPEC_REGISTER:
        return run_register(runner, command, out_verdict, report);
    case RP_SPEC_ASSERT_INVALID:
    case RP_SPEC_ASSERT_MALFORMED:
    case RP_SPEC_ASSERT_INVALID_CUSTOM:
        *out_verdict = run_refusal(runner, command);
        return RP_OK;
    case RP_SPEC_ASSERT_UNLINKABLE:
    case RP_SPEC_ASSERT_UNINSTANTIABLE:
        *out_verdict = run_unready(runner, command);
        return RP_OK;
    default:
        *out_verdict = run_action(runner, command);
        return RP_OK;
    }
}

static void count_verdict(struct runner *runner, enum verdict verdict,
                          const struct rp_spec_command *command)
{
    struct rp_spec_counts *counts = &runner->counts;
    counts->commands++;
    switch (verdict) {
    case PASSED:
        counts->passed++;
        break;
    case OUT_OF_SCOPE:
        counts->out_of_scope++;
        counts->by_feature[runner->feature]++;
        break;
    case FAILED:
        counts->failed++;
        tell_failure(runner, command);
        break;
    }
}

/* A fresh instance of spectest, registered: the suite's file, or while the engine refuses it the
 * one without table64. */
static rp_status add_spectest(struct runner *runner, rp_report *report)
{
    static const rp_name name = {.data = "spectest", .size = 8};
    struct rp_spec_subject subject = {.standing = RP_SPEC_READY};
    rp_report refusal = {0};
    rp_status status =
        load_path(runner, runner->settings->spectest_path, &subject.module, &refusal);
    if (status == RP_ERROR_UNSUPPORTED) {
        struct rp_buffer bytes;
        rp_buffer_init(&bytes, runner->settings->allocator);
        rp_spec_host_write(&bytes);
        runner->lacks_table64 = true;
        status = load_bytes(runner, bytes.data, bytes.size, &subject.module, report);
        rp_buffer_deinit(&bytes);
    } else if (status != RP_OK) {
        return rp_report_fail(report, status, "spectest: %s", refusal.text);
    }
    if (status == RP_OK && instantiate(runner, &subject) != PASSED) {
        status = rp_report_fail(report, RP_ERROR_STATE, "spectest: %.*s", (int)runner->got.size,
                                (const char *)runner->got.data);
    }
    if (status == RP_OK) {
        status =
            rp_store_register(runner->drive.store, name,
                              rp_spec_drive_instance(&runner->drive, subject.instance), report);
    }
    if (status == RP_OK) {
        status = rp_spec_bindings_set(&runner->registered, runner->settings->allocator, name,
                                      subject, report);
    }
    return status;
}

static void end_runner(struct runner *runner)
{
    struct rp_allocator *allocator = runner->settings->allocator;
    rp_store_destroy(runner->drive.store);
    for (uint32_t i = 0; i < runner->module_count; i++) {
        rp_module_destroy(runner->modules[i]);
    }
    rp_free(allocator, runner->modules, runner->module_capacity * sizeof(rp_module *));
    rp_spec_bindings_deinit(&runner->definitions, allocator);
    rp_spec_bindings_deinit(&runner->instances, allocator);
    rp_spec_bindings_deinit(&runner->registered, allocator);
    rp_buffer_deinit(&runner->got);
}

rp_status rp_spec_script_run(const struct rp_spec_settings *settings,
                             const struct rp_spec_script *script, const char *file,
                             const char *folder, struct rp_spec_counts *out_counts,
                             rp_report *report)
{
    struct runner runner = {.settings = settings, .file = file, .folder = folder};
    runner.drive = (struct rp_spec_drive){
        .mode = settings->mode, .every = settings->every, .sample = settings->sample};
    rp_buffer_init(&runner.got, settings->allocator);
    rp_store_config config;
    rp_store_config_init(&config);
    config.memory_max_bytes = MEMORY_MAX_BYTES;
    config.metered = settings->mode == RP_SPEC_MODE_METERED;
    rp_status status = rp_store_create(settings->engine, &config, &runner.drive.store, report);
    if (status == RP_OK) {
        status = add_spectest(&runner, report);
    }
    for (uint32_t i = 0; status == RP_OK && i < script->command_count; i++) {
        enum verdict verdict = FAILED;
        runner.got.size = 0;
        status = run_command(&runner, &script->commands[i], &verdict, report);
        if (runner.missing.status != RP_OK) {
            status = rp_report_fail(report, runner.missing.status, "%s", runner.missing.text);
        }
        if (status == RP_OK) {
            count_verdict(&runner, verdict, &script->commands[i]);
        }
    }
    if (status == RP_OK) {
        RP_ASSERT(runner.counts.commands == script->command_count);
        runner.counts.gas_used = rp_store_gas_used(runner.drive.store);
        runner.counts.moves = runner.drive.move_count;
        runner.counts.boundaries = runner.drive.boundary_count;
        *out_counts = runner.counts;
    }
    end_runner(&runner);
    return status;
}
