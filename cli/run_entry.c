/* What a run calls: `_start`, or the export of --invoke with its arguments (layer 7). See run.h. */
#include "cli/run.h"

#include "cli/parse.h"
#include "engine/summary.h"

#include <string.h>

#define LISTED_MAX 20u
/* What is called is noted in the state (run_state.c), with up to RP_INVOKE_VALUES_MAX values. */
#define INVOKE_NAME_BYTES_MAX 16384u

/* Appends the exported functions: " it exports the functions a, b"; at most LISTED_MAX of them. */
static void list_functions(struct rp_cli_run *run)
{
    size_t count = 0;
    struct rp_buffer *out = &run->error;
    for (size_t i = 0; i < rp_module_export_count(run->module); i++) {
        rp_export_info export = rp_module_export(run->module, i);
        if (export.kind != RP_EXTERN_FUNC) {
            continue;
        }
        if (count < LISTED_MAX) {
            rp_buffer_printf(out, "%s", count == 0 ? "; it exports the functions " : ", ");
            rp_cli_append_plain(out, export.name.data, export.name.size);
        }
        count++;
    }
    if (count == 0) {
        rp_buffer_printf(out, "; it exports no function");
    } else if (count > LISTED_MAX) {
        rp_buffer_printf(out, " and %zu more", count - LISTED_MAX);
    }
}

/* The place of an export among them all, SIZE_MAX if there is none of that name. */
static size_t find_export(const rp_module *module, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < rp_module_export_count(module); i++) {
        rp_export_info export = rp_module_export(module, i);
        if (export.name.size == size && memcmp(export.name.data, name, size) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool read_arguments(struct rp_cli_run *run)
{
    const struct rp_cli_arguments *given = &run->cli->arguments;
    const char *name = given->values[RP_OPTION_INVOKE].text;
    size_t count = given->operand_count - 1;
    if (count != run->param_count) {
        return rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
                             "--invoke %s: the function takes %zu argument%s, %zu given", name,
                             run->param_count, run->param_count == 1 ? "" : "s", count);
    }
    for (size_t i = 0; i < count; i++) {
        const char *text = given->operands[1 + i];
        const char *error = rp_parse_value(text, run->types[i], &run->arguments[i]);
        if (error) {
            return rp_run_refuse(run, RP_ERROR_ARGUMENT, RP_EXIT_MISUSE,
                                 "--invoke %s: argument %zu, %s: %s %s", name, i + 1,
                                 rp_print_valkind(run->types[i]), text, error);
        }
    }
    return true;
}

bool rp_run_find_entry(struct rp_cli_run *run)
{
    const char *invoked = run->cli->arguments.values[RP_OPTION_INVOKE].text;
    const char *name = invoked ? invoked : "_start";
    size_t index = find_export(run->module, name);
    bool is_func = index != SIZE_MAX &&
                   rp_module_export_signature(run->module, index, run->types, RP_INVOKE_VALUES_MAX,
                                              &run->param_count, &run->result_count);
    run->entry = (rp_name){name, strlen(name)};
    if (run->entry.size > INVOKE_NAME_BYTES_MAX) {
        return rp_run_refuse(run, RP_ERROR_LIMIT, RP_EXIT_MISUSE,
                             "--invoke: a name of %zu bytes, at most %u", run->entry.size,
                             INVOKE_NAME_BYTES_MAX);
    }
    run->is_invoked = invoked != NULL;
    if (invoked && !is_func) {
        (void)rp_run_refuse(run, RP_ERROR_NOT_FOUND, RP_EXIT_MISUSE,
                            "--invoke %s: %s exports no function of that name", name, run->path);
        list_functions(run);
        return false;
    }
    if (invoked) {
        return read_arguments(run);
    }
    if (!is_func) {
        (void)rp_run_refuse(
            run, RP_ERROR_NOT_FOUND, RP_EXIT_INVALID,
            "%s: the module exports no function _start; --invoke NAME calls another", run->path);
        list_functions(run);
        return false;
    }
    if (run->param_count != 0 || run->result_count != 0) {
        return rp_run_refuse(run, RP_ERROR_TYPE, RP_EXIT_INVALID,
                             "%s: its _start takes or gives values; --invoke _start calls it with "
                             "arguments",
                             run->path);
    }
    return true;
}

bool rp_run_print_results(struct rp_cli_run *run)
{
    struct rp_buffer out;
    rp_buffer_init(&out, &run->cli->allocator);
    for (size_t i = 0; i < run->result_count; i++) {
        char text[RP_VALUE_TEXT_BYTES];
        rp_print_value(&run->results[i], text);
        rp_buffer_printf(&out, "%s\n", text);
    }
    return rp_cli_flush(&out) == RP_EXIT_OK;
}
