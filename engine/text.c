/* Writing WebAssembly text (layer 2; core specification, chapter 6). See text.h. */
#include "engine/text.h"

#include "core/assert.h"

#include <string.h>

static const char HEX_DIGITS[] = "0123456789abcdef";

void rp_text_init(struct rp_text *text, struct rp_text_sink sink)
{
    text->sink = sink;
    text->used = 0;
    text->column = 0;
    text->failed = false;
}

static void flush_chunk(struct rp_text *text)
{
    if (text->used != 0 && !text->failed) {
        text->failed = !text->sink.write(text->sink.user, text->chunk, text->used);
    }
    text->used = 0;
}

bool rp_text_finish(struct rp_text *text)
{
    flush_chunk(text);
    return !text->failed;
}

void rp_text_byte(struct rp_text *text, char byte)
{
    if (text->used == RP_TEXT_CHUNK) {
        flush_chunk(text);
    }
    text->chunk[text->used++] = byte;
    text->column = byte == '\n' ? 0 : text->column + 1;
}

void rp_text_bytes(struct rp_text *text, const void *data, size_t size)
{
    const char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        rp_text_byte(text, bytes[i]);
    }
}

void rp_text_put(struct rp_text *text, const char *string)
{
    rp_text_bytes(text, string, strlen(string));
}

void rp_text_spaces(struct rp_text *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rp_text_byte(text, ' ');
    }
}

static void put_number(struct rp_text *text, uint64_t number, unsigned base)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = HEX_DIGITS[number % base];
        number /= base;
    } while (number != 0);
    while (count != 0) {
        rp_text_byte(text, digits[--count]);
    }
}

void rp_text_u64(struct rp_text *text, uint64_t number)
{
    put_number(text, number, 10);
}

void rp_text_i64(struct rp_text *text, int64_t number)
{
    if (number < 0) {
        rp_text_byte(text, '-');
    }
    put_number(text, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10);
}

void rp_text_hex(struct rp_text *text, uint64_t number)
{
    rp_text_put(text, "0x");
    put_number(text, number, 16);
}

/* The hexadecimal digits behind the point; `fraction` has `bits` bits, a multiple of 4. */
static void put_fraction(struct rp_text *text, uint64_t fraction, unsigned bits)
{
    if (fraction == 0) {
        return;
    }
    rp_text_byte(text, '.');
    while (fraction != 0) {
        bits -= 4;
        rp_text_byte(text, HEX_DIGITS[fraction >> bits & 15]);
        fraction &= ((uint64_t)1 << bits) - 1;
    }
}

void rp_text_float(struct rp_text *text, uint64_t bits, unsigned exponent_bits,
                   unsigned mantissa_bits)
{
    RP_ASSERT(exponent_bits + mantissa_bits < 64);
    uint64_t mantissa = bits & (((uint64_t)1 << mantissa_bits) - 1);
    unsigned exponent_max = (1u << exponent_bits) - 1;
    unsigned exponent = (unsigned)(bits >> mantissa_bits) & exponent_max;
    int bias = (int)(exponent_max / 2);
    if (bits >> (exponent_bits + mantissa_bits) & 1) {
        rp_text_byte(text, '-');
    }
    if (exponent == exponent_max) {
        rp_text_put(text, mantissa == 0 ? "inf" : "nan");
        if (mantissa != 0 && mantissa != (uint64_t)1 << (mantissa_bits - 1)) {
            rp_text_byte(text, ':');
            rp_text_hex(text, mantissa);
        }
        return;
    }
    int power = (int)exponent - bias;
    if (exponent == 0) { /* zero, or subnormal: moved up until the leading bit stands first */
        power = mantissa == 0 ? 0 : 1 - bias;
        while (mantissa != 0 && mantissa >> mantissa_bits == 0) {
            mantissa <<= 1;
            power--;
        }
    }
    bool is_zero = exponent == 0 && mantissa == 0;
    uint64_t fraction = mantissa & (((uint64_t)1 << mantissa_bits) - 1);
    unsigned fraction_bits = (mantissa_bits + 3) / 4 * 4;
    rp_text_put(text, is_zero ? "0x0" : "0x1");
    put_fraction(text, fraction << (fraction_bits - mantissa_bits), fraction_bits);
    rp_text_put(text, power < 0 ? "p-" : "p+");
    rp_text_u64(text, (uint64_t)(power < 0 ? -power : power));
}

void rp_text_quoted(struct rp_text *text, struct rp_span string)
{
    rp_text_byte(text, '"');
    for (size_t i = 0; i < string.size; i++) {
        uint8_t byte = string.data[i];
        if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
            rp_text_byte(text, (char)byte);
        } else {
            rp_text_byte(text, '\\');
            rp_text_byte(text, HEX_DIGITS[byte >> 4]);
            rp_text_byte(text, HEX_DIGITS[byte & 15]);
        }
    }
    rp_text_byte(text, '"');
}

static bool is_identifier_byte(uint8_t byte)
{
    return byte > 0x20 && byte < 0x7f && !strchr("\"(),;[]{}", byte);
}

void rp_text_identifier(struct rp_text *text, struct rp_span name)
{
    RP_ASSERT(name.size != 0);
    bool plain = true;
    for (size_t i = 0; i < name.size; i++) {
        plain = plain && is_identifier_byte(name.data[i]);
    }
    rp_text_byte(text, '$');
    if (plain) {
        rp_text_bytes(text, name.data, name.size);
    } else {
        rp_text_quoted(text, name);
    }
}
