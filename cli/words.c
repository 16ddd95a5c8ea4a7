/* The command's words to people, and its results (layer 7). See cli.h. */
#include "cli/cli.h"

#include "cli/run_control.h"
#include "core/hash.h"
#include "core/platform_process.h"
#include "core/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 character at `data`, 0 if there is none; controls count as none. */
static size_t find_character(const uint8_t *data, size_t size)
{
    bool is_control =
        data[0] < 0x20 || data[0] == 0x7f || (size >= 2 && data[0] == 0xc2 && data[1] < 0xa0);
    return is_control ? 0 : rp_utf8_sequence(data, size);
}

void rp_cli_append_plain(struct rp_buffer *buffer, const char *data, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)data;
    for (size_t i = 0; i < size;) {
        size_t length = find_character(bytes + i, size - i);
        if (length == 0) {
            rp_buffer_printf(buffer, "\\x%02x", bytes[i]);
            i++;
        } else {
            rp_buffer_append(buffer, bytes + i, length);
            i += length;
        }
    }
}

/* One line, or several of ours: line ends are kept, other controls are not. */
static RP_PRINTF(1, 0) void say(const char *format, va_list arguments)
{
    struct rp_allocator allocator;
    struct rp_buffer line;
    rp_allocator_init(&allocator, UINT64_MAX);
    rp_buffer_init(&line, &allocator);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = length < 0 ? NULL : rp_alloc(&allocator, (size_t)length + 1);
    rp_buffer_append(&line, "reprise: ", 9);
    if (text) {
        (void)vsnprintf(text, (size_t)length + 1, format, arguments);
        const char *at = text;
        for (const char *end = strchr(at, '\n'); end; end = strchr(at, '\n')) {
            rp_cli_append_plain(&line, at, (size_t)(end - at));
            rp_buffer_byte(&line, '\n');
            at = end + 1;
        }
        rp_cli_append_plain(&line, at, strlen(at));
        rp_free(&allocator, text, (size_t)length + 1);
    } else {
        rp_buffer_append(&line, format, strlen(format)); /* out of memory: at least the kind */
    }
    rp_buffer_byte(&line, '\n');
    rp_run_control_clear_present();
    /* There is nobody to tell that stderr cannot be written. */
    const char *error = line.failed ? NULL : rp_stream_write(RP_STREAM_ERR, line.data, line.size);
    (void)error;
    rp_buffer_deinit(&line);
}

void rp_cli_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

int rp_cli_misuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    return RP_EXIT_MISUSE;
}

/* Whether a write to stdout has failed: one word about it is enough. */
static bool stdout_failed;

const char *rp_cli_write_quietly(const void *data, size_t size)
{
    const char *error = rp_stream_write(RP_STREAM_OUT, data, size);
    stdout_failed = stdout_failed || error;
    return error;
}

bool rp_cli_write(const void *data, size_t size)
{
    bool failed_before = stdout_failed;
    const char *error = rp_cli_write_quietly(data, size);
    if (error && !failed_before) {
        rp_cli_say("stdout cannot be written: %s", error);
    }
    return !error;
}

int rp_cli_flush(struct rp_buffer *buffer)
{
    bool written = false;
    if (buffer->failed) {
        rp_cli_say("out of memory");
    } else {
        written = rp_cli_write(buffer->data, buffer->size);
    }
    rp_buffer_deinit(buffer);
    return written ? RP_EXIT_OK : RP_EXIT_HOST;
}

bool rp_cli_open_json(const struct rp_cli *cli, int *out_descriptor)
{
    const char *path = cli->arguments.values[RP_OPTION_JSON].text;
    *out_descriptor = -1;
    if (!path || strcmp(path, "-") == 0) {
        return true;
    }
    const char *error = rp_file_open_output(path, out_descriptor);
    if (error) {
        rp_cli_say("--json %s: %s", path, error);
    }
    return !error;
}

void rp_cli_result_init(struct rp_cli_result *result, const char *schema)
{
    *result = (struct rp_cli_result){.object = rp_json_new_object()};
    result->failed = !result->object;
    if (schema) {
        rp_cli_put_text(result, "schema", schema);
    }
}

void rp_cli_put(struct rp_cli_result *result, const char *name, struct rp_json *value)
{
    if (result->failed) {
        rp_json_release(value);
    } else {
        result->failed = !rp_json_set(result->object, name, value);
    }
}

void rp_cli_put_text(struct rp_cli_result *result, const char *name, const char *text)
{
    rp_cli_put(result, name, text ? rp_json_new_string(text, strlen(text)) : rp_json_new_null());
}

void rp_cli_put_number(struct rp_cli_result *result, const char *name, uint64_t number)
{
    rp_cli_put(result, name, rp_json_new_int(number > INT64_MAX ? INT64_MAX : (int64_t)number));
}

void rp_cli_put_hash(struct rp_cli_result *result, const char *name, const uint8_t hash[32])
{
    char hex[RP_HASH_HEX_BYTES];
    rp_hash_hex(hash, hex);
    rp_cli_put_text(result, name, hex);
}

void rp_cli_put_error(struct rp_cli_result *result, rp_status status, const char *message)
{
    struct rp_cli_result error;
    rp_cli_result_init(&error, NULL);
    rp_cli_put_text(&error, "code", rp_status_name(status));
    rp_cli_put_text(&error, "message", message);
    result->failed = result->failed || error.failed;
    rp_cli_put(result, "error", error.object);
}

void rp_cli_put_item(struct rp_cli_result *result, struct rp_json *array,
                     struct rp_cli_result *item)
{
    bool added = array && rp_json_add(array, item->object);
    result->failed = result->failed || item->failed || !added;
}

bool rp_cli_write_json(struct rp_cli *cli, struct rp_cli_result *result, int descriptor)
{
    const char *path = cli->arguments.values[RP_OPTION_JSON].text;
    if (!path) {
        rp_json_release(result->object);
        return true;
    }
    struct rp_buffer line;
    rp_buffer_init(&line, &cli->allocator);
    bool built = !result->failed && rp_json_write(result->object, &line);
    rp_json_release(result->object);
    rp_buffer_byte(&line, '\n');
    bool to_stdout = descriptor < 0;
    bool failed_before = to_stdout && stdout_failed;
    const char *error = NULL;
    if (!built || line.failed) {
        line.size = 0;
        error = "out of memory";
    }
    if (!to_stdout) {
        const char *write_error = rp_file_write(descriptor, line.data, line.size);
        error = error ? error : write_error;
    } else if (!error) {
        error = rp_cli_write_quietly(line.data, line.size);
    }
    if (error && !failed_before) {
        rp_cli_say("--json %s: the result cannot be written: %s", path, error);
    }
    rp_buffer_deinit(&line);
    return !error;
}
