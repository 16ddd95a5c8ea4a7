/* Values of a trace, as text or as JSON (layer 4). See trace_writer.h.
 *
 * JSON is written without being built first: all memory is the buffer's. */
#include "sandbox/trace_writer.h"

#include "core/assert.h"
#include "core/json.h"
#include "core/reader.h"

#include <string.h>

#define NS_PER_S 1000000000u

void rp_trace_writer_init(struct rp_trace_writer *writer, struct rp_allocator *allocator,
                          bool is_json)
{
    *writer = (struct rp_trace_writer){
        .is_json = is_json, .bytes_left = RP_TRACE_JSON_BYTES, .items_left = RP_TRACE_JSON_ITEMS};
    rp_buffer_init(&writer->text, allocator);
}

void rp_trace_writer_deinit(struct rp_trace_writer *writer)
{
    rp_buffer_deinit(&writer->text);
}

void rp_trace_raw(struct rp_trace_writer *writer, const char *text)
{
    rp_buffer_append(&writer->text, text, strlen(text));
}

void rp_trace_next(struct rp_trace_writer *writer)
{
    if (writer->follows) {
        rp_trace_raw(writer, writer->is_json ? "," : ", ");
    }
    writer->follows = true;
}

void rp_trace_name(struct rp_trace_writer *writer, const char *name, size_t name_size,
                   const char *suffix)
{
    const char *quote = writer->is_json ? "\"" : "";
    rp_trace_next(writer);
    rp_trace_raw(writer, quote);
    rp_buffer_append(&writer->text, name, name_size);
    rp_trace_raw(writer, suffix);
    rp_trace_raw(writer, quote);
    rp_trace_raw(writer, writer->is_json ? ":" : "=");
}

void rp_trace_open(struct rp_trace_writer *writer, char bracket)
{
    RP_ASSERT(bracket == '{' || bracket == '[');
    rp_buffer_byte(&writer->text, (uint8_t)bracket);
    writer->follows = false;
    if (bracket == '[' && !writer->is_json) {
        writer->items_left = RP_TRACE_LIST_ITEMS;
    }
}

void rp_trace_close(struct rp_trace_writer *writer, char bracket)
{
    RP_ASSERT(bracket == '}' || bracket == ']');
    rp_buffer_byte(&writer->text, (uint8_t)bracket);
    writer->follows = true;
}

void rp_trace_omit(struct rp_trace_writer *writer, const char *what, uint64_t count)
{
    rp_trace_next(writer);
    if (writer->is_json) {
        rp_buffer_printf(&writer->text, "{\"%s\":%llu}", what, (unsigned long long)count);
    } else {
        rp_trace_raw(writer, "...");
    }
}

bool rp_trace_more(struct rp_trace_writer *writer, uint64_t left)
{
    if (left == 0) {
        return false;
    }
    if (writer->items_left == 0) {
        rp_trace_omit(writer, "more", left);
        return false;
    }
    rp_trace_next(writer);
    writer->items_left--;
    return true;
}

void rp_trace_u64(struct rp_trace_writer *writer, uint64_t number)
{
    const char *quote = writer->is_json && number > INT64_MAX ? "\"" : "";
    rp_buffer_printf(&writer->text, "%s%llu%s", quote, (unsigned long long)number, quote);
}

void rp_trace_i64(struct rp_trace_writer *writer, int64_t number)
{
    rp_buffer_printf(&writer->text, "%lld", (long long)number);
}

void rp_trace_time(struct rp_trace_writer *writer, uint64_t ns)
{
    if (writer->is_json) {
        rp_trace_u64(writer, ns);
        return;
    }
    rp_buffer_printf(&writer->text, "%llu.%09u", (unsigned long long)(ns / NS_PER_S),
                     (unsigned)(ns % NS_PER_S));
}

void rp_trace_word(struct rp_trace_writer *writer, const char *word)
{
    const char *quote = writer->is_json ? "\"" : "";
    rp_trace_raw(writer, quote);
    rp_trace_raw(writer, word);
    rp_trace_raw(writer, quote);
}

void rp_trace_address(struct rp_trace_writer *writer, uint32_t address)
{
    rp_buffer_printf(&writer->text, writer->is_json ? "{\"address\":%u}" : "0x%x",
                     (unsigned)address);
}

void rp_trace_choice(struct rp_trace_writer *writer, const char *const *words, size_t count,
                     uint64_t number)
{
    if (number < count) {
        rp_trace_word(writer, words[number]);
    } else {
        rp_trace_u64(writer, number);
    }
}

/* ---- flags ---- */

static void put_json_flags(struct rp_trace_writer *writer, const char *const *words, size_t count,
                           uint64_t flags)
{
    const char *comma = "";
    rp_trace_raw(writer, "[");
    for (size_t i = 0; i < count; i++) {
        if ((flags >> i & 1) != 0) {
            rp_trace_raw(writer, comma);
            rp_trace_word(writer, words[i]);
            comma = ",";
        }
    }
    uint64_t rest = flags >> count << count;
    if (rest != 0) {
        rp_trace_raw(writer, comma);
        rp_trace_u64(writer, rest);
    }
    rp_trace_raw(writer, "]");
}

/* "a|b"; `bar`: what stands before the first. */
static const char *put_bits(struct rp_trace_writer *writer, const char *const *words, size_t count,
                            uint64_t flags, const char *bar)
{
    for (size_t i = 0; i < count; i++) {
        if ((flags >> i & 1) != 0) {
            rp_trace_raw(writer, bar);
            rp_trace_raw(writer, words[i]);
            bar = "|";
        }
    }
    return bar;
}

void rp_trace_flags(struct rp_trace_writer *writer, const char *const *words, size_t count,
                    uint64_t flags, size_t group)
{
    RP_ASSERT(count < 64 && group <= count);
    if (writer->is_json) {
        put_json_flags(writer, words, count, flags);
        return;
    }
    uint64_t known = (UINT64_C(1) << count) - 1;
    uint64_t whole = (UINT64_C(1) << group) - 1;
    uint64_t missing = ~flags & whole;
    uint64_t listed = flags & known;
    const char *bar = "";
    if ((size_t)__builtin_popcountll(missing) < group / 2) {
        rp_trace_raw(writer, missing == 0 ? "all" : "~(");
        (void)put_bits(writer, words, count, missing, "");
        rp_trace_raw(writer, missing == 0 ? "" : ")");
        listed &= ~whole;
        bar = "|";
    }
    bar = put_bits(writer, words, count, listed, bar);
    if ((flags & ~known) != 0) {
        rp_buffer_printf(&writer->text, "%s0x%llx", bar, (unsigned long long)(flags & ~known));
    } else if (flags == 0) {
        rp_trace_raw(writer, "0");
    }
}

/* ---- strings ---- */

/* Where a string of which `max` bytes are shown is cut: before a character, not inside. */
static size_t cut_string(const uint8_t *data, uint64_t size, size_t max)
{
    if (size <= max) {
        return (size_t)size;
    }
    size_t cut = max;
    for (unsigned i = 0; i < 3 && cut > 0 && (data[cut] & 0xc0) == 0x80; i++) {
        cut--;
    }
    return cut;
}

/* Length of the character that is shown as it is; 0: its byte is escaped. */
static size_t find_character(const uint8_t *data, size_t size)
{
    bool is_control =
        data[0] < 0x20 || data[0] == 0x7f || (size >= 2 && data[0] == 0xc2 && data[1] < 0xa0);
    return is_control ? 0 : rp_utf8_sequence(data, size);
}

static void put_text_byte(struct rp_trace_writer *writer, uint8_t byte)
{
    static const char codes[] = "\n\t\r\v\f";
    static const char letters[] = "ntrvf";
    const char *code = byte != 0 ? strchr(codes, byte) : NULL;
    if (code != NULL) {
        rp_buffer_printf(&writer->text, "\\%c", letters[code - codes]);
    } else {
        rp_buffer_printf(&writer->text, "\\x%02x", byte);
    }
}

static void put_text_string(struct rp_trace_writer *writer, const uint8_t *data, size_t size)
{
    rp_trace_raw(writer, "\"");
    for (size_t at = 0; at < size;) {
        size_t length = find_character(data + at, size - at);
        if (length == 0) {
            put_text_byte(writer, data[at]);
            at++;
            continue;
        }
        if (data[at] == '"' || data[at] == '\\') {
            rp_trace_raw(writer, "\\");
        }
        rp_buffer_append(&writer->text, data + at, length);
        at += length;
    }
    rp_trace_raw(writer, "\"");
}

static void put_hex(struct rp_trace_writer *writer, const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    rp_trace_raw(writer, "\"");
    for (size_t i = 0; i < size; i++) {
        rp_buffer_byte(&writer->text, (uint8_t)digits[data[i] >> 4]);
        rp_buffer_byte(&writer->text, (uint8_t)digits[data[i] & 15]);
    }
    rp_trace_raw(writer, "\"");
}

static void put_json_string(struct rp_trace_writer *writer, const uint8_t *data, uint64_t size)
{
    size_t shown = cut_string(data, size, writer->bytes_left);
    bool is_text = rp_utf8_valid(data, shown);
    bool is_plain = is_text && shown == size;
    writer->bytes_left -= shown;
    if (!is_plain) {
        rp_trace_raw(writer, is_text ? "{\"text\":" : "{\"hex\":");
    }
    if (is_text) {
        rp_json_append_string(&writer->text, (const char *)data, shown);
    } else {
        put_hex(writer, data, shown);
    }
    if (shown != size) {
        rp_buffer_printf(&writer->text, ",\"size\":%llu", (unsigned long long)size);
    }
    if (!is_plain) {
        rp_trace_raw(writer, "}");
    }
}

void rp_trace_string(struct rp_trace_writer *writer, const uint8_t *data, uint64_t size,
                     size_t text_max)
{
    RP_ASSERT(data != NULL);
    if (writer->is_json) {
        put_json_string(writer, data, size);
        return;
    }
    size_t shown = cut_string(data, size, text_max);
    put_text_string(writer, data, shown);
    if (shown != size) {
        rp_trace_raw(writer, "...");
    }
}
