/* Tests of core/reader.c. */
#include "core/reader.h"
#include "tests/support/unit.h"

enum leb_kind { LEB_U32, LEB_U64, LEB_S32, LEB_S33, LEB_S64 };

struct leb_case {
    const char *bytes;
    size_t size;
    enum leb_kind kind;
    uint64_t value;    /* sign-extended for the signed kinds */
    const char *error; /* NULL: accepted */
    size_t error_at;
};

#define BYTES(text) text, sizeof(text) - 1
#define TOO_LONG "integer representation too long"
#define TOO_LARGE "integer too large"
#define AT_END "unexpected end"

static const struct leb_case leb_cases[] = {
    {BYTES("\x00"), LEB_U32, 0, NULL, 0},
    {BYTES("\x7f"), LEB_U32, 127, NULL, 0},
    {BYTES("\x80\x01"), LEB_U32, 128, NULL, 0},
    {BYTES("\x80\x00"), LEB_U32, 0, NULL, 0},
    {BYTES("\x80\x80\x80\x80\x00"), LEB_U32, 0, NULL, 0},
    {BYTES("\xff\xff\xff\xff\x0f"), LEB_U32, UINT32_MAX, NULL, 0},
    {BYTES("\xff\xff\xff\xff\x1f"), LEB_U32, 0, TOO_LARGE, 4},
    {BYTES("\x80\x80\x80\x80\x10"), LEB_U32, 0, TOO_LARGE, 4},
    {BYTES("\x80\x80\x80\x80\x40"), LEB_U32, 0, TOO_LARGE, 4},
    {BYTES("\x80\x80\x80\x80\x80\x00"), LEB_U32, 0, TOO_LONG, 4},
    {BYTES("\xff\xff\xff\xff\xff"), LEB_U32, 0, TOO_LONG, 4},
    {BYTES(""), LEB_U32, 0, AT_END, 0},
    {BYTES("\x80"), LEB_U32, 0, AT_END, 1},
    {BYTES("\x80\x80\x80\x80"), LEB_U32, 0, AT_END, 4},

    {BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), LEB_U64, UINT64_MAX, NULL, 0},
    {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), LEB_U64, 0, NULL, 0},
    {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"), LEB_U64, 0, TOO_LARGE, 9},
    {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f"), LEB_U64, 0, TOO_LARGE, 9},
    {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), LEB_U64, 0, TOO_LONG, 9},
    {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80"), LEB_U64, 0, AT_END, 9},

    {BYTES("\x00"), LEB_S32, 0, NULL, 0},
    {BYTES("\x3f"), LEB_S32, 63, NULL, 0},
    {BYTES("\x40"), LEB_S32, (uint64_t)-64, NULL, 0},
    {BYTES("\x7f"), LEB_S32, (uint64_t)-1, NULL, 0},
    {BYTES("\xff\x7f"), LEB_S32, (uint64_t)-1, NULL, 0},
    {BYTES("\x80\x7f"), LEB_S32, (uint64_t)-128, NULL, 0},
    {BYTES("\xff\xff\xff\xff\x7f"), LEB_S32, (uint64_t)-1, NULL, 0},
    {BYTES("\xff\xff\xff\xff\x07"), LEB_S32, INT32_MAX, NULL, 0},
    {BYTES("\x80\x80\x80\x80\x78"), LEB_S32, (uint64_t)INT32_MIN, NULL, 0},
    {BYTES("\x80\x80\x80\x80\x08"), LEB_S32, 0, TOO_LARGE, 4},
    {BYTES("\xff\xff\xff\xff\x0f"), LEB_S32, 0, TOO_LARGE, 4},
    {BYTES("\xff\xff\xff\xff\x4f"), LEB_S32, 0, TOO_LARGE, 4},
    {BYTES("\x80\x80\x80\x80\x70"), LEB_S32, 0, TOO_LARGE, 4},
    {BYTES("\x80\x80\x80\x80\x80\x00"), LEB_S32, 0, TOO_LONG, 4},
    {BYTES("\x80\x80"), LEB_S32, 0, AT_END, 2},

    {BYTES("\x40"), LEB_S33, (uint64_t)-64, NULL, 0},
    {BYTES("\xff\xff\xff\xff\x0f"), LEB_S33, UINT32_MAX, NULL, 0},
    {BYTES("\x80\x80\x80\x80\x70"), LEB_S33, (uint64_t)-4294967296, NULL, 0},
    {BYTES("\x80\x80\x80\x80\x10"), LEB_S33, 0, TOO_LARGE, 4},
    {BYTES("\x80\x80\x80\x80\x60"), LEB_S33, 0, TOO_LARGE, 4},
    {BYTES("\x80\x80\x80\x80\x80\x00"), LEB_S33, 0, TOO_LONG, 4},

    {BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00"), LEB_S64, INT64_MAX, NULL, 0},
    {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f"), LEB_S64, (uint64_t)INT64_MIN, NULL, 0},
    {BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), LEB_S64, (uint64_t)-1, NULL, 0},
    {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), LEB_S64, 0, TOO_LARGE, 9},
    {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7e"), LEB_S64, 0, TOO_LARGE, 9},
    {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\xff\x7f"), LEB_S64, 0, TOO_LONG, 9},
    {BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x40"), LEB_S64, UINT64_MAX << 62, NULL, 0},
};

static uint64_t read_leb_of_kind(struct rp_reader *reader, enum leb_kind kind)
{
    switch (kind) {
    case LEB_U32:
        return rp_read_u32(reader);
    case LEB_U64:
        return rp_read_u64(reader);
    case LEB_S32:
        return (uint64_t)rp_read_s32(reader);
    case LEB_S33:
        return (uint64_t)rp_read_s33(reader);
    case LEB_S64:
        return (uint64_t)rp_read_s64(reader);
    }
    return 0;
}

static void leb128_is_read_or_refused_by_the_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(leb_cases); i++) {
        const struct leb_case *c = &leb_cases[i];
        const uint8_t *bytes = (const uint8_t *)c->bytes;
        struct rp_reader reader;
        rp_reader_init(&reader, bytes, 0, c->size);
        uint64_t value = read_leb_of_kind(&reader, c->kind);
        if (c->error == NULL) {
            assert_null(reader.error);
            assert_true(value == c->value);
            assert_ptr_equal(reader.pos, reader.end);
        } else {
            assert_non_null(reader.error);
            assert_string_equal(reader.error, c->error);
            assert_int_equal(reader.error_at - bytes, c->error_at);
            assert_int_equal(value, 0);
        }
    }
}

static void first_error_wins_and_later_reads_give_nothing(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8};
    struct rp_reader reader;
    rp_reader_init(&reader, bytes, 0, sizeof bytes);
    assert_int_equal(rp_read_u32(&reader), 0);
    assert_int_equal(rp_read_byte(&reader), 0);
    assert_int_equal(rp_read_u32(&reader), 0);
    assert_int_equal(rp_read_s64(&reader), 0);
    assert_int_equal(rp_read_f32_bits(&reader), 0);
    assert_true(rp_read_f64_bits(&reader) == 0);
    assert_null(rp_read_bytes(&reader, 1).data);
    assert_int_equal(rp_read_name(&reader).size, 0);
    rp_reader_fail(&reader, bytes, "another");
    assert_string_equal(reader.error, TOO_LONG);
    assert_ptr_equal(reader.error_at, bytes + 4);
    assert_int_equal(rp_reader_left(&reader), 0);
}

static void reader_stays_within_its_window(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {9, 1, 2, 3, 9};
    struct rp_reader reader;
    rp_reader_init(&reader, bytes, 1, 4);
    assert_int_equal(rp_reader_offset(&reader), 1);
    assert_int_equal(rp_reader_left(&reader), 3);
    assert_int_equal(rp_read_byte(&reader), 1);
    struct rp_span span = rp_read_bytes(&reader, 2);
    assert_ptr_equal(span.data, bytes + 2);
    assert_int_equal(span.size, 2);
    assert_int_equal(rp_reader_offset(&reader), 4);
    assert_null(reader.error);
    assert_int_equal(rp_read_byte(&reader), 0);
    assert_string_equal(reader.error, AT_END);
    rp_reader_init(&reader, bytes, 1, 4);
    assert_null(rp_read_bytes(&reader, SIZE_MAX).data);
    assert_string_equal(reader.error, AT_END);
}

static void floats_are_little_endian_bits(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x01, 0x02, 0xa0, 0x7f, 1, 2, 3, 4, 5, 6, 0xf7, 0xff};
    struct rp_reader reader;
    rp_reader_init(&reader, bytes, 0, sizeof bytes);
    assert_int_equal(rp_read_f32_bits(&reader), 0x7fa00201);
    assert_true(rp_read_f64_bits(&reader) == 0xfff7060504030201u);
    assert_null(reader.error);
    rp_reader_init(&reader, bytes, 0, 3);
    assert_int_equal(rp_read_f32_bits(&reader), 0);
    assert_string_equal(reader.error, AT_END);
}

static void name_is_length_and_utf8(void **state)
{
    (void)state;
    struct rp_reader reader;
    rp_reader_init(&reader, (const uint8_t *)"\x03\xe2\x82\xac", 0, 4);
    struct rp_span name = rp_read_name(&reader);
    assert_int_equal(name.size, 3);
    assert_null(reader.error);
    rp_reader_init(&reader, (const uint8_t *)"\x00", 0, 1);
    assert_int_equal(rp_read_name(&reader).size, 0);
    assert_null(reader.error);
    rp_reader_init(&reader, (const uint8_t *)"\x02\xe2\x82\xac", 0, 4);
    (void)rp_read_name(&reader);
    assert_string_equal(reader.error, "malformed UTF-8 encoding");
    rp_reader_init(&reader, (const uint8_t *)"\x05\xe2\x82\xac", 0, 4);
    (void)rp_read_name(&reader);
    assert_string_equal(reader.error, AT_END);
}

static const struct {
    const char *bytes;
    size_t size;
    bool valid;
} utf8_cases[] = {
    {BYTES(""), true},
    {BYTES("a\0b"), true},
    {BYTES("\x7f"), true},
    {BYTES("\x80"), false},
    {BYTES("\xbf"), false},
    {BYTES("\xc0\x80"), false}, /* overlong U+0000 */
    {BYTES("\xc1\xbf"), false},
    {BYTES("\xc2\x80"), true},
    {BYTES("\xdf\xbf"), true},
    {BYTES("\xc2"), false},
    {BYTES("\xc2\x41"), false},
    {BYTES("\xe0\x9f\xbf"), false}, /* overlong */
    {BYTES("\xe0\xa0\x80"), true},
    {BYTES("\xed\x9f\xbf"), true},
    {BYTES("\xed\xa0\x80"), false}, /* surrogates */
    {BYTES("\xed\xbf\xbf"), false},
    {BYTES("\xee\x80\x80"), true},
    {BYTES("\xef\xbf\xbf"), true},
    {BYTES("\xe2\x82"), false},
    {BYTES("\xe2\x82\x41"), false},
    {BYTES("\xf0\x8f\xbf\xbf"), false}, /* overlong */
    {BYTES("\xf0\x90\x80\x80"), true},
    {BYTES("\xf4\x8f\xbf\xbf"), true},
    {BYTES("\xf4\x90\x80\x80"), false}, /* above U+10FFFF */
    {BYTES("\xf5\x80\x80\x80"), false},
    {BYTES("\xf0\x90\x80"), false},
    {BYTES("\xf0\x90\x80\xc0"), false},
    {BYTES("\xfe"), false},
    {BYTES("\xff"), false},
    {BYTES("ok\xf0\x9f\x98\x80ok"), true},
    {BYTES("ok\xf0\x9f\x98ok"), false},
};

static void utf8_corner_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(utf8_cases); i++) {
        const uint8_t *bytes = (const uint8_t *)utf8_cases[i].bytes;
        assert_int_equal(rp_utf8_valid(bytes, utf8_cases[i].size), utf8_cases[i].valid);
    }
}

/* Writes a code point without looking whether it is one. */
static size_t encode_utf8(uint32_t code_point, uint8_t *out_bytes)
{
    if (code_point < 0x80) {
        out_bytes[0] = (uint8_t)code_point;
        return 1;
    }
    size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out_bytes[i] = (uint8_t)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    out_bytes[0] = (uint8_t)((0xf00u >> length) | code_point);
    return length;
}

static void utf8_accepts_exactly_the_unicode_scalar_values(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point < 0x1fffff; code_point++) {
        uint8_t bytes[4];
        size_t length = encode_utf8(code_point, bytes);
        bool is_surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
        bool expected = code_point <= 0x10ffff && !is_surrogate;
        if (rp_utf8_valid(bytes, length) != expected) {
            fail_msg("U+%04X", code_point);
        }
        if (rp_utf8_sequence(bytes, length) != (expected ? length : 0)) {
            fail_msg("U+%04X", code_point);
        }
    }
    assert_int_equal(rp_utf8_sequence(NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leb128_is_read_or_refused_by_the_specification),
        cmocka_unit_test(first_error_wins_and_later_reads_give_nothing),
        cmocka_unit_test(reader_stays_within_its_window),
        cmocka_unit_test(floats_are_little_endian_bits),
        cmocka_unit_test(name_is_length_and_utf8),
        cmocka_unit_test(utf8_corner_cases),
        cmocka_unit_test(utf8_accepts_exactly_the_unicode_scalar_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
