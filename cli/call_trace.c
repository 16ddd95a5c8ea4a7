/* The lines of --trace=calls (layer 7). See call_trace.h. */
#include "cli/call_trace.h"

#include "core/assert.h"

#include <string.h>

#define NUMBER_BYTES 20u /* of a 64-bit number in decimal */

void rp_call_trace_init(struct rp_call_trace *calls, struct rp_cli_trace *trace,
                        struct rp_allocator *allocator)
{
    bool is_json = trace->format == RP_WASI_TRACE_JSON;
    calls->trace = trace;
    rp_func_names_init(&calls->names, allocator, is_json ? RP_NAME_QUOTED : RP_NAME_PLAIN);
    rp_buffer_init(&calls->line, allocator);
}

void rp_call_trace_deinit(struct rp_call_trace *calls)
{
    rp_func_names_deinit(&calls->names);
    rp_buffer_deinit(&calls->line);
}

/* ---- parts of a line; printf would take half of the time ---- */

static void append_text(struct rp_buffer *line, const char *text)
{
    rp_buffer_append(line, text, strlen(text));
}

/* Decimal, right-aligned in at least `columns`. */
static void append_number(struct rp_buffer *line, uint64_t number, size_t columns)
{
    char digits[NUMBER_BYTES];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (sizeof(digits) - at < columns && at != 0) {
        digits[--at] = ' ';
    }
    rp_buffer_append(line, digits + at, sizeof(digits) - at);
}

static void append_indent(struct rp_buffer *line, uint32_t depth)
{
    static const char blanks[] = "                                        "
                                 "                                        ";
    static_assert(sizeof(blanks) - 1 == (size_t)2 * RP_CALL_TRACE_DEPTH_MAX, "two for each");
    bool is_deep = depth > RP_CALL_TRACE_DEPTH_MAX;
    rp_buffer_append(line, blanks, (size_t)2 * (is_deep ? RP_CALL_TRACE_DEPTH_MAX : depth));
    if (is_deep) {
        rp_buffer_byte(line, '[');
        append_number(line, depth, 0);
        append_text(line, "] ");
    }
}

static void begin_json(struct rp_buffer *line, uint64_t gas, const char *event)
{
    append_text(line, "{\"trace\":\"calls\",\"gas\":");
    append_number(line, gas, 0);
    append_text(line, ",\"event\":\"");
    append_text(line, event);
    append_text(line, "\"");
}

static void tell_line(struct rp_call_trace *calls)
{
    if (calls->line.failed) {
        rp_cli_trace_fail(calls->trace, RP_ERROR_NO_MEMORY, "out of memory");
        return;
    }
    rp_status status =
        rp_cli_trace_line(calls->trace, (const char *)calls->line.data, calls->line.size, NULL);
    (void)status; /* the trace keeps it, and has the run stopped */
}

/* ---- lines ---- */

static void write_json(struct rp_call_trace *calls, const rp_call_info *info, rp_name name,
                       const char *event)
{
    struct rp_buffer *line = &calls->line;
    begin_json(line, info->gas, event);
    append_text(line, ",\"depth\":");
    append_number(line, info->depth, 0);
    if (info->module) {
        append_text(line, ",\"index\":");
        append_number(line, info->func_index, 0);
    } else {
        append_text(line, ",\"index\":null");
    }
    append_text(line, ",\"name\":");
    rp_buffer_append(line, name.data, name.size);
}

static void write_text(struct rp_call_trace *calls, const rp_call_info *info, rp_name name,
                       const char *arrow)
{
    struct rp_buffer *line = &calls->line;
    append_number(line, info->gas, RP_TRACE_GAS_COLUMNS);
    rp_buffer_byte(line, ' ');
    append_indent(line, info->depth);
    append_text(line, arrow);
    rp_buffer_append(line, name.data, name.size);
}

/* Begins a line; false if the trace has failed. */
static bool begin_line(struct rp_call_trace *calls)
{
    calls->line.size = 0;
    return calls->trace->failure.status == RP_OK;
}

static rp_name name_of(struct rp_call_trace *calls, const rp_call_info *info)
{
    uint32_t id = rp_func_names_find(&calls->names, info);
    calls->line.failed = calls->line.failed || id == RP_NO_FUNC_NAME;
    return id == RP_NO_FUNC_NAME ? (rp_name){"", 0} : rp_func_names_get(&calls->names, id);
}

void rp_call_trace_enter(struct rp_call_trace *calls, const rp_call_info *info)
{
    if (!begin_line(calls)) {
        return;
    }
    rp_name name = name_of(calls, info);
    if (calls->trace->format == RP_WASI_TRACE_JSON) {
        write_json(calls, info, name, "enter");
        rp_buffer_byte(&calls->line, '}');
    } else {
        write_text(calls, info, name, "-> ");
    }
    tell_line(calls);
}

void rp_call_trace_leave(struct rp_call_trace *calls, const rp_call_info *info, bool returned)
{
    if (!begin_line(calls)) {
        return;
    }
    rp_name name = name_of(calls, info);
    if (calls->trace->format == RP_WASI_TRACE_JSON) {
        write_json(calls, info, name, "leave");
        append_text(&calls->line, returned ? ",\"returned\":true}" : ",\"returned\":false}");
    } else {
        write_text(calls, info, name, returned ? "<- " : "<! ");
    }
    tell_line(calls);
}

void rp_call_trace_end(struct rp_call_trace *calls, uint64_t gas, const char *outcome,
                       const char *detail)
{
    struct rp_buffer *line = &calls->line;
    if (!begin_line(calls)) {
        return;
    }
    if (calls->trace->format == RP_WASI_TRACE_JSON) {
        begin_json(line, gas, "end");
        append_text(line, ",\"outcome\":");
        rp_json_append_string(line, outcome, strlen(outcome));
        append_text(line, ",\"detail\":");
        if (detail) {
            rp_json_append_string(line, detail, strlen(detail));
        } else {
            append_text(line, "null");
        }
        rp_buffer_byte(line, '}');
    } else {
        append_number(line, gas, RP_TRACE_GAS_COLUMNS);
        append_text(line, " == ");
        append_text(line, outcome);
        if (detail) {
            append_text(line, ": ");
            rp_cli_append_plain(line, detail, strlen(detail));
        }
    }
    tell_line(calls);
}
