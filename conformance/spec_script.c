/* Reading a script of the official suite from JSON (layer 7). */
#include "conformance/spec_script.h"

#include "core/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *const rp_spec_command_names[RP_SPEC_COMMAND_TYPE_COUNT] = {
#define X(name, text) text,
    RP_SPEC_COMMANDS(X)
#undef X
};

static bool read_string(const struct rp_json *object, const char *member, rp_name *out_string)
{
    return rp_json_string(rp_json_get(object, member), &out_string->data, &out_string->size);
}

static bool equals_text(rp_name string, const char *text)
{
    return string.size == strlen(text) && memcmp(string.data, text, string.size) == 0;
}

static rp_status read_values(struct rp_spec_script *script, const struct rp_json *list,
                             struct rp_spec_value **out_values, uint32_t *out_count,
                             rp_report *report)
{
    if (!rp_json_is_array(list) || rp_json_count(list) > UINT16_MAX) {
        return rp_report_fail(report, RP_ERROR_MALFORMED, "a list of values is missing");
    }
    size_t count = rp_json_count(list);
    struct rp_spec_value *values = rp_arena_alloc(&script->arena, count, sizeof *values);
    if (values == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for a script");
    }
    for (size_t i = 0; i < count; i++) {
        rp_status status = rp_spec_value_parse(rp_json_at(list, i), &values[i], report);
        if (status != RP_OK) {
            return status;
        }
    }
    *out_values = values;
    *out_count = (uint32_t)count;
    return RP_OK;
}

static rp_status read_action(struct rp_spec_script *script, const struct rp_json *json,
                             struct rp_spec_action *action, rp_report *report)
{
    rp_name type;
    if (!read_string(json, "type", &type) || !read_string(json, "field", &action->field)) {
        return rp_report_fail(report, RP_ERROR_MALFORMED, "an action without type or field");
    }
    action->has_name = read_string(json, "module", &action->instance);
    action->is_get = equals_text(type, "get");
    if (action->is_get) {
        return RP_OK;
    }
    if (!equals_text(type, "invoke")) {
        return rp_report_fail(report, RP_ERROR_MALFORMED, "an action of an unknown type");
    }
    return read_values(script, rp_json_get(json, "args"), &action->args, &action->arg_count,
                       report);
}

/* Which fields a command must have. */
static bool has_action(enum rp_spec_command_type type)
{
    return type >= RP_SPEC_ACTION && type <= RP_SPEC_ASSERT_EXCEPTION;
}

static bool has_file(enum rp_spec_command_type type)
{
    return type <= RP_SPEC_MODULE_DEFINITION || type >= RP_SPEC_ASSERT_INVALID;
}

static rp_status read_command(struct rp_spec_script *script, const struct rp_json *json,
                              struct rp_spec_command *command, rp_report *report)
{
    rp_name type;
    int64_t line;
    if (!read_string(json, "type", &type) || !rp_json_int(rp_json_get(json, "line"), &line) ||
        line < 0 || line > INT32_MAX) {
        return rp_report_fail(report, RP_ERROR_MALFORMED, "a command without type or line");
    }
    command->line = (uint32_t)line;
    command->type = RP_SPEC_COMMAND_TYPE_COUNT;
    for (unsigned i = 0; i < RP_SPEC_COMMAND_TYPE_COUNT; i++) {
        if (equals_text(type, rp_spec_command_names[i])) {
            command->type = (enum rp_spec_command_type)i;
        }
    }
    if (command->type == RP_SPEC_COMMAND_TYPE_COUNT) {
        return rp_report_fail(report, RP_ERROR_MALFORMED, "line %u: a command of an unknown type",
                              command->line);
    }
    bool instance = command->type == RP_SPEC_MODULE_INSTANCE;
    bool registers = command->type == RP_SPEC_REGISTER;
    command->has_name = read_string(json, instance ? "instance" : "name", &command->name);
    command->has_source = read_string(json, registers ? "as" : "module", &command->source);
    bool has_filename = read_string(json, "filename", &command->filename);
    (void)read_string(json, "text", &command->text);
    if ((has_file(command->type) && !has_filename) || (registers && !command->has_source)) {
        return rp_report_fail(report, RP_ERROR_MALFORMED, "line %u: %s misses a field",
                              command->line, rp_spec_command_names[command->type]);
    }
    rp_status status = RP_OK;
    if (has_action(command->type)) {
        status = read_action(script, rp_json_get(json, "action"), &command->action, report);
    }
    if (status == RP_OK && command->type == RP_SPEC_ASSERT_RETURN) {
        status = read_values(script, rp_json_get(json, "expected"), &command->expected,
                             &command->expected_count, report);
    }
    return status;
}

static rp_status read_commands(struct rp_spec_script *script, rp_report *report)
{
    const struct rp_json *list = rp_json_get(script->json, "commands");
    if (!rp_json_is_array(list) || rp_json_count(list) > INT32_MAX) {
        return rp_report_fail(report, RP_ERROR_MALFORMED, "the list `commands` is missing");
    }
    script->command_count = (uint32_t)rp_json_count(list);
    script->commands =
        rp_arena_alloc(&script->arena, script->command_count, sizeof *script->commands);
    if (script->commands == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for a script");
    }
    for (uint32_t i = 0; i < script->command_count; i++) {
        rp_status status = read_command(script, rp_json_at(list, i), &script->commands[i], report);
        if (status != RP_OK) {
            return status;
        }
    }
    return RP_OK;
}

rp_status rp_spec_script_init(struct rp_spec_script *script, struct rp_allocator *allocator,
                              const void *text, size_t size, rp_report *report)
{
    *script = (struct rp_spec_script){0};
    rp_arena_init(&script->arena, allocator);
    rp_status status = rp_json_parse(text, size, &script->json, report);
    if (status == RP_OK) {
        status = read_commands(script, report);
    }
    if (status != RP_OK) {
        rp_spec_script_deinit(script);
    }
    return status;
}

void rp_spec_script_deinit(struct rp_spec_script *script)
{
    rp_json_release(script->json);
    script->json = NULL;
    rp_arena_deinit(&script->arena);
}

rp_status rp_spec_file_read(const char *path, struct rp_buffer *out_bytes, rp_report *report)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return rp_report_fail(report, RP_ERROR_IO, "%s: %s", path, strerror(errno));
    }
    char block[16384];
    size_t size;
    while ((size = fread(block, 1, sizeof block, file)) > 0) {
        rp_buffer_append(out_bytes, block, size);
    }
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    if (failed) {
        return rp_report_fail(report, RP_ERROR_IO, "%s: reading failed", path);
    }
    if (out_bytes->failed) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "%s: no memory to read it", path);
    }
    return RP_OK;
}
