/* Numbers, sizes, times and values as text (layer 7). See parse.h. */
#include "cli/parse.h"

#include "core/assert.h"
#include "core/compiler.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1000000000u
#define PLAIN_EXPONENT_MIN (-7) /* decimals beyond these are printed with an exponent */
#define PLAIN_EXPONENT_MAX 20

static const char error_number[] = "is not a number (decimal or 0x)";
static const char error_large[] = "does not fit into 64 bits";

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    char lower = (char)(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

/* Reads digits up to the first other character. */
static const char *read_digits(const char **text, unsigned base, uint64_t *out_number)
{
    uint64_t number = 0;
    const char *start = *text;
    while ((unsigned)digit_value(**text) < base) {
        if (__builtin_mul_overflow(number, base, &number) ||
            __builtin_add_overflow(number, (uint64_t)digit_value(**text), &number)) {
            return error_large;
        }
        (*text)++;
    }
    *out_number = number;
    return *text == start ? error_number : NULL;
}

static const char *read_number(const char **text, uint64_t *out_number)
{
    bool is_hex = (*text)[0] == '0' && ((*text)[1] | 0x20) == 'x';
    *text += is_hex ? 2 : 0;
    return read_digits(text, is_hex ? 16 : 10, out_number);
}

const char *rp_parse_number(const char *text, uint64_t *out_number)
{
    uint64_t number = 0;
    const char *error = read_number(&text, &number);
    if (error || *text) {
        return error ? error : error_number;
    }
    *out_number = number;
    return NULL;
}

const char *rp_parse_size(const char *text, uint64_t *out_bytes)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } units[] = {
        {"", 1},
        {"B", 1},
        {"K", (uint64_t)1 << 10},
        {"KiB", (uint64_t)1 << 10},
        {"kB", 1000},
        {"M", (uint64_t)1 << 20},
        {"MiB", (uint64_t)1 << 20},
        {"MB", 1000000},
        {"G", (uint64_t)1 << 30},
        {"GiB", (uint64_t)1 << 30},
        {"GB", 1000000000},
        {"T", (uint64_t)1 << 40},
        {"TiB", (uint64_t)1 << 40},
        {"TB", 1000000000000},
    };
    uint64_t number = 0;
    const char *error = read_number(&text, &number);
    if (error) {
        return error == error_number ? "is not a number of bytes (as 65536, 64KiB or 4GiB)" : error;
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(units); i++) {
        if (strcmp(text, units[i].text) == 0) {
            return __builtin_mul_overflow(number, units[i].bytes, out_bytes) ? error_large : NULL;
        }
    }
    return "has an unknown unit; there are B, KiB, MiB, GiB, TiB and kB, MB, GB, TB";
}

/* ---- times ---- */

static const char error_time[] =
    "is no time: nanoseconds since 1970, a date as 2026-01-31T12:00:00Z, or now";

/* Reads exactly `count` decimal digits. */
static bool read_fixed(const char **text, unsigned count, uint64_t *out_number)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(**text - '0');
    }
    *out_number = number;
    return true;
}

static bool read_char(const char **text, char wanted)
{
    if (**text != wanted && **text != (wanted | 0x20)) {
        return false;
    }
    (*text)++;
    return true;
}

static bool is_leap_year(uint64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint64_t month_days(uint64_t year, uint64_t month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap_year(year) ? 1u : 0u);
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar, from 1970 on. */
static uint64_t count_days(uint64_t year, uint64_t month, uint64_t day)
{
    uint64_t before = year - 1;
    uint64_t days = 365 * (year - 1970) + (before / 4 - before / 100 + before / 400) - 477;
    for (uint64_t i = 1; i < month; i++) {
        days += month_days(year, i);
    }
    return days + day - 1;
}

/* "T12:00:00.5" as nanoseconds of the day. */
static bool read_clock(const char **text, uint64_t *out_ns)
{
    uint64_t hour = 0;
    uint64_t minute = 0;
    uint64_t second = 0;
    uint64_t fraction = 0;
    if (!read_char(text, 'T') || !read_fixed(text, 2, &hour) || !read_char(text, ':') ||
        !read_fixed(text, 2, &minute) || !read_char(text, ':') || !read_fixed(text, 2, &second) ||
        hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    if (**text == '.') {
        (*text)++;
        unsigned digits = 0;
        for (; **text >= '0' && **text <= '9'; (*text)++, digits++) {
            fraction = digits < 9 ? fraction * 10 + (uint64_t)(**text - '0') : fraction;
        }
        for (unsigned i = digits; i < 9; i++) {
            fraction *= 10;
        }
        if (digits == 0) {
            return false;
        }
    }
    *out_ns = (hour * 3600 + minute * 60 + second) * NS_PER_S + fraction;
    return true;
}

/* "Z" or "+01:00", in seconds to be taken off. */
static bool read_zone(const char **text, int64_t *out_seconds)
{
    if (read_char(text, 'Z')) {
        *out_seconds = 0;
        return true;
    }
    uint64_t hour = 0;
    uint64_t minute = 0;
    bool is_east = **text == '+';
    if (!is_east && **text != '-') {
        return false;
    }
    (*text)++;
    if (!read_fixed(text, 2, &hour) || !read_char(text, ':') || !read_fixed(text, 2, &minute) ||
        hour > 23 || minute > 59) {
        return false;
    }
    int64_t seconds = (int64_t)(hour * 3600 + minute * 60);
    *out_seconds = is_east ? seconds : -seconds;
    return true;
}

static const char *parse_date(const char *text, uint64_t *out_ns)
{
    uint64_t year = 0;
    uint64_t month = 0;
    uint64_t day = 0;
    uint64_t clock_ns = 0;
    int64_t zone = 0;
    if (!read_fixed(&text, 4, &year) || !read_char(&text, '-') || !read_fixed(&text, 2, &month) ||
        !read_char(&text, '-') || !read_fixed(&text, 2, &day) || month < 1 || month > 12 ||
        day < 1 || day > month_days(year, month) || !read_clock(&text, &clock_ns) ||
        !read_zone(&text, &zone) || *text) {
        return error_time;
    }
    if (year < 1970) {
        return "is before 1970";
    }
    __int128 ns = ((__int128)count_days(year, month, day) * 86400 - zone) * NS_PER_S + clock_ns;
    if (ns < 0) {
        return "is before 1970";
    }
    if (ns > (__int128)UINT64_MAX) {
        return error_large;
    }
    *out_ns = (uint64_t)ns;
    return NULL;
}

const char *rp_parse_time(const char *text, uint64_t *out_ns)
{
    if (strchr(text, '-') || strchr(text, ':')) {
        return parse_date(text, out_ns);
    }
    const char *error = rp_parse_number(text, out_ns);
    return error == error_number ? error_time : error;
}

/* ---- values ---- */

/* An integer of `bits` bits: signed or unsigned, as its bit pattern. */
static const char *parse_integer(const char *text, unsigned bits, uint64_t *out_bits)
{
    bool negative = text[0] == '-';
    uint64_t number = 0;
    const char *error = rp_parse_number(text + (negative || text[0] == '+' ? 1 : 0), &number);
    if (error == error_number) {
        return error;
    }
    uint64_t limit = negative ? (uint64_t)1 << (bits - 1) : UINT64_MAX >> (64 - bits);
    if (error || number > limit) {
        return bits == 32 ? "does not fit into 32 bits" : error_large;
    }
    *out_bits = negative ? 0 - number : number;
    return NULL;
}

/* nan, nan:0x200000, inf; the sign is taken already. False if the text is none of these. */
static bool parse_special(const char *text, unsigned mantissa_bits, uint64_t exponent,
                          uint64_t *out_bits, const char **out_error)
{
    uint64_t payload = (uint64_t)1 << (mantissa_bits - 1);
    *out_error = NULL;
    if (strcmp(text, "inf") == 0) {
        payload = 0;
    } else if (strncmp(text, "nan:", 4) == 0) {
        *out_error = rp_parse_number(text + 4, &payload);
        if (!*out_error && (payload == 0 || payload >> mantissa_bits != 0)) {
            *out_error = "has a payload outside of its type's range";
        }
    } else if (strcmp(text, "nan") != 0) {
        return false;
    }
    *out_bits = exponent << mantissa_bits | payload;
    return true;
}

static const char *parse_float(const char *text, bool is_f64, uint64_t *out_bits)
{
    static const char error_float[] = "is not a number (decimal, 0x, inf, nan or nan:0x...)";
    bool negative = text[0] == '-';
    const char *unsigned_text = text + (negative || text[0] == '+' ? 1 : 0);
    uint64_t bits = 0;
    const char *error = NULL;
    if (!parse_special(unsigned_text, is_f64 ? 52 : 23, is_f64 ? 0x7ff : 0xff, &bits, &error)) {
        bool starts =
            (unsigned_text[0] >= '0' && unsigned_text[0] <= '9') || unsigned_text[0] == '.';
        char *end = NULL;
        double f64 = 0;
        float f32 = 0;
        if (is_f64) {
            f64 = strtod(unsigned_text, &end);
            memcpy(&bits, &f64, sizeof(f64));
        } else {
            f32 = strtof(unsigned_text, &end);
            memcpy(&bits, &f32, sizeof(f32));
        }
        if (!starts || end == unsigned_text || *end) {
            return error_float;
        }
        if (isinf(f64) || isinf(f32)) {
            return "is too large for its type";
        }
    }
    *out_bits = bits | (uint64_t)negative << (is_f64 ? 63 : 31);
    return error;
}

static const char *parse_reference(const char *text, rp_valkind kind, uint64_t *out_reference)
{
    if (strcmp(text, "null") == 0) {
        *out_reference = RP_REF_NULL;
        return NULL;
    }
    if (kind == RP_FUNCREF) {
        return "must be null: functions cannot be named here";
    }
    const char *error = rp_parse_number(text, out_reference);
    return !error && *out_reference == RP_REF_NULL ? error_large : error;
}

const char *rp_parse_value(const char *text, rp_valkind kind, rp_value *out_value)
{
    uint64_t bits = 0;
    const char *error = NULL;
    rp_value value = {.kind = kind};
    switch (kind) {
    case RP_I32:
        error = parse_integer(text, 32, &bits);
        value.of.i32 = (int32_t)(uint32_t)bits;
        break;
    case RP_I64:
        error = parse_integer(text, 64, &bits);
        value.of.i64 = (int64_t)bits;
        break;
    case RP_F32:
        error = parse_float(text, false, &bits);
        value.of.f32_bits = (uint32_t)bits;
        break;
    case RP_F64:
        error = parse_float(text, true, &bits);
        value.of.f64_bits = bits;
        break;
    case RP_FUNCREF:
    case RP_EXTERNREF:
        error = parse_reference(text, kind, &bits);
        value.of.ref = bits;
        break;
    case RP_V128:
        error = "has a type that cannot be given on the command line";
        break;
    }
    if (!error) {
        *out_value = value;
    }
    return error;
}

/* The shortest digits that read back as the same number: "d.ddde+xx" into `out`. */
static void find_digits(double number, bool is_f64, char out[RP_VALUE_TEXT_BYTES])
{
    for (int digits = 0; digits <= (is_f64 ? 16 : 8); digits++) {
        (void)snprintf(out, RP_VALUE_TEXT_BYTES, "%.*e", digits, number);
        double back = is_f64 ? strtod(out, NULL) : (double)strtof(out, NULL);
        if (memcmp(&back, &number, sizeof(back)) == 0) {
            return;
        }
    }
}

/* Puts the point where readers expect it: 0.001, 1500, 1e21. */
static void print_decimal(double number, bool is_f64, char out[RP_VALUE_TEXT_BYTES])
{
    char text[RP_VALUE_TEXT_BYTES];
    char digits[24];
    int count = 0;
    find_digits(fabs(number), is_f64, text);
    const char *at = text;
    for (; *at != 'e'; at++) {
        if (*at != '.') {
            digits[count++] = *at;
        }
    }
    digits[count] = 0;
    int exponent = (int)strtol(at + 1, NULL, 10);
    const char *sign = signbit(number) ? "-" : "";
    if (exponent < PLAIN_EXPONENT_MIN || exponent > PLAIN_EXPONENT_MAX) {
        (void)snprintf(out, RP_VALUE_TEXT_BYTES, "%s%c%s%se%d", sign, digits[0],
                       count > 1 ? "." : "", digits + 1, exponent);
    } else if (exponent < 0) {
        (void)snprintf(out, RP_VALUE_TEXT_BYTES, "%s0.%.*s%s", sign, -exponent - 1, "000000",
                       digits);
    } else if (count <= exponent + 1) {
        (void)snprintf(out, RP_VALUE_TEXT_BYTES, "%s%s%.*s", sign, digits, exponent + 1 - count,
                       "00000000000000000000");
    } else {
        (void)snprintf(out, RP_VALUE_TEXT_BYTES, "%s%.*s.%s", sign, exponent + 1, digits,
                       digits + exponent + 1);
    }
}

static void print_float(uint64_t bits, bool is_f64, char out[RP_VALUE_TEXT_BYTES])
{
    unsigned mantissa_bits = is_f64 ? 52 : 23;
    uint64_t exponent_max = is_f64 ? 0x7ff : 0xff;
    uint64_t mantissa = bits & (((uint64_t)1 << mantissa_bits) - 1);
    bool negative = bits >> (is_f64 ? 63 : 31) & 1;
    if ((bits >> mantissa_bits & exponent_max) == exponent_max) {
        const char *sign = negative ? "-" : "";
        if (mantissa == 0 || mantissa == (uint64_t)1 << (mantissa_bits - 1)) {
            (void)snprintf(out, RP_VALUE_TEXT_BYTES, "%s%s", sign, mantissa ? "nan" : "inf");
        } else {
            (void)snprintf(out, RP_VALUE_TEXT_BYTES, "%snan:0x%llx", sign,
                           (unsigned long long)mantissa);
        }
        return;
    }
    double number = 0;
    if (is_f64) {
        memcpy(&number, &bits, sizeof(number));
    } else {
        uint32_t low = (uint32_t)bits;
        float f32 = 0;
        memcpy(&f32, &low, sizeof(f32));
        number = (double)f32;
    }
    print_decimal(number, is_f64, out);
}

void rp_print_value(const rp_value *value, char out_text[RP_VALUE_TEXT_BYTES])
{
    switch (value->kind) {
    case RP_F32:
        print_float(value->of.f32_bits, false, out_text);
        break;
    case RP_F64:
        print_float(value->of.f64_bits, true, out_text);
        break;
    default:
        rp_print_value_exact(value, out_text);
        break;
    }
}

static void print_vector(const uint8_t lanes[16], char out[RP_VALUE_TEXT_BYTES])
{
    (void)snprintf(out, RP_VALUE_TEXT_BYTES, "0x");
    for (unsigned i = 0; i < 16; i++) {
        (void)snprintf(out + 2 + (size_t)2 * i, 3, "%02x", lanes[15 - i]);
    }
}

void rp_print_value_exact(const rp_value *value, char out_text[RP_VALUE_TEXT_BYTES])
{
    switch (value->kind) {
    case RP_I32:
        (void)snprintf(out_text, RP_VALUE_TEXT_BYTES, "%ld", (long)value->of.i32);
        break;
    case RP_I64:
        (void)snprintf(out_text, RP_VALUE_TEXT_BYTES, "%lld", (long long)value->of.i64);
        break;
    case RP_F32:
        (void)snprintf(out_text, RP_VALUE_TEXT_BYTES, "%lu", (unsigned long)value->of.f32_bits);
        break;
    case RP_F64:
        (void)snprintf(out_text, RP_VALUE_TEXT_BYTES, "%llu",
                       (unsigned long long)value->of.f64_bits);
        break;
    case RP_FUNCREF:
    case RP_EXTERNREF:
        if (value->of.ref == RP_REF_NULL) {
            (void)snprintf(out_text, RP_VALUE_TEXT_BYTES, "null");
        } else {
            (void)snprintf(out_text, RP_VALUE_TEXT_BYTES, "%llu",
                           (unsigned long long)value->of.ref);
        }
        break;
    case RP_V128:
        print_vector(value->of.v128, out_text);
        break;
    }
}

const char *rp_print_valkind(rp_valkind kind)
{
    switch (kind) {
    case RP_I32:
        return "i32";
    case RP_I64:
        return "i64";
    case RP_F32:
        return "f32";
    case RP_F64:
        return "f64";
    case RP_V128:
        return "v128";
    case RP_FUNCREF:
        return "funcref";
    case RP_EXTERNREF:
        return "externref";
    }
    return "unknown";
}
