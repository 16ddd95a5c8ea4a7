/* The adapter for jansson (layer 0). A struct rp_json is a json_t; nobody else includes jansson.h.
 *
 * Objects keep the order in which their members came, in the text or by rp_json_set. jansson uses
 * malloc itself. */
#include "core/json.h"

#include "core/assert.h"
#include "core/reader.h"
#include "core/report.h"

#include <jansson.h>
#include <string.h>

static json_t *native(struct rp_json *value)
{
    return (json_t *)(void *)value;
}

static const json_t *native_const(const struct rp_json *value)
{
    return (const json_t *)(const void *)value;
}

static struct rp_json *ours(json_t *value)
{
    return (struct rp_json *)(void *)value;
}

/* jansson's iterators take a non-const object although they change nothing. */
static json_t *native_mutable(const struct rp_json *value)
{
    return (json_t *)(uintptr_t)value;
}

rp_status rp_json_parse(const void *data, size_t size, struct rp_json **out_root, rp_report *report)
{
    json_error_t error;
    size_t flags = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY;
    json_t *root = json_loadb(size == 0 ? "" : (const char *)data, size, flags, &error);
    if (root == NULL) {
        if (json_error_code(&error) == json_error_out_of_memory) {
            return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory left for a JSON text");
        }
        return rp_report_fail(report, RP_ERROR_ARGUMENT, "JSON: line %d, column %d: %s", error.line,
                              error.column, error.text);
    }
    *out_root = ours(root);
    return RP_OK;
}

void rp_json_release(struct rp_json *root)
{
    json_decref(native(root));
}

bool rp_json_is_object(const struct rp_json *value)
{
    return json_is_object(native_const(value));
}

bool rp_json_is_array(const struct rp_json *value)
{
    return json_is_array(native_const(value));
}

bool rp_json_is_null(const struct rp_json *value)
{
    return value == NULL || json_is_null(native_const(value));
}

size_t rp_json_count(const struct rp_json *value)
{
    if (rp_json_is_object(value)) {
        return json_object_size(native_const(value));
    }
    return json_array_size(native_const(value)); /* 0 for what is no array */
}

const struct rp_json *rp_json_get(const struct rp_json *object, const char *name)
{
    return ours(json_object_get(native_const(object), name));
}

const struct rp_json *rp_json_at(const struct rp_json *array, size_t index)
{
    return ours(json_array_get(native_const(array), index));
}

static void *member_at(const struct rp_json *object, size_t index)
{
    json_t *value = native_mutable(object);
    void *member = json_object_iter(value);
    for (size_t i = 0; i < index && member != NULL; i++) {
        member = json_object_iter_next(value, member);
    }
    return member;
}

const char *rp_json_name_at(const struct rp_json *object, size_t index)
{
    void *member = member_at(object, index);
    return member == NULL ? NULL : json_object_iter_key(member);
}

const struct rp_json *rp_json_value_at(const struct rp_json *object, size_t index)
{
    void *member = member_at(object, index);
    return member == NULL ? NULL : ours(json_object_iter_value(member));
}

bool rp_json_string(const struct rp_json *value, const char **out_data, size_t *out_size)
{
    if (!json_is_string(native_const(value))) {
        return false;
    }
    *out_data = json_string_value(native_const(value));
    *out_size = json_string_length(native_const(value));
    return true;
}

bool rp_json_int(const struct rp_json *value, int64_t *out_value)
{
    static_assert(sizeof(json_int_t) == sizeof(int64_t), "jansson must keep 64-bit integers");
    if (!json_is_integer(native_const(value))) {
        return false;
    }
    *out_value = json_integer_value(native_const(value));
    return true;
}

bool rp_json_f64(const struct rp_json *value, uint64_t *out_bits)
{
    if (!json_is_number(native_const(value))) {
        return false;
    }
    double number = json_number_value(native_const(value));
    memcpy(out_bits, &number, sizeof number);
    return true;
}

struct rp_json *rp_json_new_object(void)
{
    return ours(json_object());
}

struct rp_json *rp_json_new_array(void)
{
    return ours(json_array());
}

/* A string of the valid sequences of `data`, each other byte replaced by U+FFFD. */
static json_t *make_repaired_string(const char *data, size_t size)
{
    struct rp_allocator allocator;
    struct rp_buffer buffer;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&buffer, &allocator);
    const uint8_t *bytes = (const uint8_t *)data;
    for (size_t at = 0; at < size;) {
        size_t length = rp_utf8_sequence(bytes + at, size - at);
        if (length == 0) {
            rp_buffer_append(&buffer, "\xef\xbf\xbd", 3);
            at++;
        } else {
            rp_buffer_append(&buffer, bytes + at, length);
            at += length;
        }
    }
    json_t *string = buffer.failed ? NULL : json_stringn((const char *)buffer.data, buffer.size);
    rp_buffer_deinit(&buffer);
    return string;
}

struct rp_json *rp_json_new_string(const char *data, size_t size)
{
    if (rp_utf8_valid((const uint8_t *)data, size)) {
        return ours(json_stringn_nocheck(size == 0 ? "" : data, size));
    }
    return ours(make_repaired_string(data, size));
}

struct rp_json *rp_json_new_int(int64_t value)
{
    return ours(json_integer(value));
}

struct rp_json *rp_json_new_bool(bool value)
{
    return ours(json_boolean(value));
}

struct rp_json *rp_json_new_null(void)
{
    return ours(json_null());
}

bool rp_json_set(struct rp_json *object, const char *name, struct rp_json *value)
{
    return json_object_set_new(native(object), name, native(value)) == 0;
}

bool rp_json_add(struct rp_json *array, struct rp_json *value)
{
    return json_array_append_new(native(array), native(value)) == 0;
}

void rp_json_append_string(struct rp_buffer *out_text, const char *data, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)data;
    rp_buffer_byte(out_text, '"');
    for (size_t at = 0; at < size;) {
        size_t length = rp_utf8_sequence(bytes + at, size - at);
        if (length == 0) {
            rp_buffer_append(out_text, "\xef\xbf\xbd", 3);
        } else if (bytes[at] == '"' || bytes[at] == '\\') {
            rp_buffer_byte(out_text, '\\');
            rp_buffer_byte(out_text, bytes[at]);
        } else if (bytes[at] == '\n') {
            rp_buffer_append(out_text, "\\n", 2);
        } else if (bytes[at] < 0x20 || bytes[at] == 0x7f) {
            rp_buffer_printf(out_text, "\\u%04x", bytes[at]);
        } else {
            rp_buffer_append(out_text, bytes + at, length);
        }
        at += length == 0 ? 1 : length;
    }
    rp_buffer_byte(out_text, '"');
}

static int append_text(const char *data, size_t size, void *user)
{
    struct rp_buffer *buffer = user;
    rp_buffer_append(buffer, data, size);
    return buffer->failed ? -1 : 0;
}

void rp_json_append_f64(struct rp_buffer *out_text, uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    json_t *value = json_real(number);
    if (value == NULL) {
        out_text->failed = true;
        return;
    }
    char text[40];
    size_t size = 0;
    for (size_t digits = 15; digits <= 17; digits++) {
        size_t flags = JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits);
        size = json_dumpb(value, text, sizeof text, flags);
        RP_ASSERT(size != 0 && size <= sizeof text);
        json_t *again = json_loadb(text, size, JSON_DECODE_ANY, NULL);
        double same = json_real_value(again);
        json_decref(again);
        if (memcmp(&same, &number, sizeof same) == 0) {
            break;
        }
    }
    json_decref(value);
    rp_buffer_append(out_text, text, size);
}

bool rp_json_write(const struct rp_json *root, struct rp_buffer *out_text)
{
    RP_ASSERT(root != NULL);
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    return json_dump_callback(native_const(root), append_text, out_text, flags) == 0 &&
           !out_text->failed;
}
