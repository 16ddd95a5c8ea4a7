/* Claims about engine/text.c: numbers, strings and identifiers of the text format. */
#include "engine/text.h"

#include "core/compiler.h"
#include "tests/support/unit.h"

struct collected {
    char data[65536];
    size_t size;
    size_t refuse_at; /* bytes from which on the sink refuses; 0: never */
};

static bool collect(void *user, const void *data, size_t size)
{
    struct collected *out = user;
    if (out->refuse_at != 0 && out->size + size > out->refuse_at) {
        return false;
    }
    assert_true(out->size + size < sizeof(out->data));
    memcpy(out->data + out->size, data, size);
    out->size += size;
    out->data[out->size] = 0;
    return true;
}

static struct rp_text text;
static struct collected out;

static void begin(void)
{
    out.size = 0;
    out.data[0] = 0;
    out.refuse_at = 0;
    rp_text_init(&text, (struct rp_text_sink){.write = collect, .user = &out});
}

static const char *end(void)
{
    assert_true(rp_text_finish(&text));
    return out.data;
}

static void floats_are_exact_hexadecimal(void **state)
{
    (void)state;
    static const struct {
        uint64_t bits;
        bool is_f64;
        const char *expected;
    } cases[] = {
        {0, false, "0x0p+0"},
        {0x80000000, false, "-0x0p+0"},
        {0x3f800000, false, "0x1p+0"},
        {0xc0200000, false, "-0x1.4p+1"},
        {0x00000001, false, "0x1p-149"},
        {0x007fffff, false, "0x1.fffffcp-127"},
        {0x00800000, false, "0x1p-126"},
        {0x7f7fffff, false, "0x1.fffffep+127"},
        {0x7f800000, false, "inf"},
        {0xff800000, false, "-inf"},
        {0x7fc00000, false, "nan"},
        {0xffc00000, false, "-nan"},
        {0x7fa00000, false, "nan:0x200000"},
        {0x7fffffff, false, "nan:0x7fffff"},
        {0x3ff0000000000000, true, "0x1p+0"},
        {0x400921fb54442d18, true, "0x1.921fb54442d18p+1"},
        {0x0000000000000001, true, "0x1p-1074"},
        {0x000fffffffffffff, true, "0x1.ffffffffffffep-1023"},
        {0x7fefffffffffffff, true, "0x1.fffffffffffffp+1023"},
        {0x8000000000000000, true, "-0x0p+0"},
        {0x7ff8000000000000, true, "nan"},
        {0xfff0000000000001, true, "-nan:0x1"},
        {0x7ff0000000000000, true, "inf"},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        begin();
        rp_text_float(&text, cases[i].bits, cases[i].is_f64 ? 11 : 8, cases[i].is_f64 ? 52 : 23);
        assert_string_equal(end(), cases[i].expected);
    }
}

static void integers_reach_their_limits(void **state)
{
    (void)state;
    begin();
    rp_text_u64(&text, UINT64_MAX);
    rp_text_byte(&text, ' ');
    rp_text_i64(&text, INT64_MIN);
    rp_text_byte(&text, ' ');
    rp_text_i64(&text, 0);
    rp_text_byte(&text, ' ');
    rp_text_hex(&text, UINT64_MAX);
    rp_text_byte(&text, ' ');
    rp_text_hex(&text, 0);
    assert_string_equal(end(),
                        "18446744073709551615 -9223372036854775808 0 0xffffffffffffffff 0x0");
}

static void strings_and_identifiers_are_ascii(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t size;
        const char *quoted;
        const char *identifier;
    } cases[] = {
        {"main", 4, "\"main\"", "$main"},
        {"a.b/c'<>:^|~!#%&*+=?@_`-\\", 25, "\"a.b/c'<>:^|~!#%&*+=?@_`-\\5c\"",
         "$a.b/c'<>:^|~!#%&*+=?@_`-\\"},
        {"two words", 9, "\"two words\"", "$\"two words\""},
        {"f(i,j)", 6, "\"f(i,j)\"", "$\"f(i,j)\""},
        {"a[0];{}", 7, "\"a[0];{}\"", "$\"a[0];{}\""},
        {"say \"x\"", 7, "\"say \\22x\\22\"", "$\"say \\22x\\22\""},
        {"\0\n\x7f", 3, "\"\\00\\0a\\7f\"", "$\"\\00\\0a\\7f\""},
        {"\xc3\xa9", 2, "\"\\c3\\a9\"", "$\"\\c3\\a9\""},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct rp_span span = {(const uint8_t *)cases[i].data, cases[i].size};
        begin();
        rp_text_quoted(&text, span);
        assert_string_equal(end(), cases[i].quoted);
        begin();
        rp_text_identifier(&text, span);
        assert_string_equal(end(), cases[i].identifier);
    }
}

static void long_text_arrives_whole(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < 3 * RP_TEXT_CHUNK + 5; i++) {
        rp_text_byte(&text, (char)('a' + i % 26));
    }
    assert_int_equal(text.column, 3 * RP_TEXT_CHUNK + 5);
    rp_text_put(&text, "\nx");
    assert_int_equal(text.column, 1);
    const char *data = end();
    assert_int_equal(out.size, 3 * RP_TEXT_CHUNK + 7);
    for (unsigned i = 0; i < 3 * RP_TEXT_CHUNK + 5; i++) {
        assert_int_equal(data[i], 'a' + i % 26);
    }
}

static void refused_text_is_told_at_the_end(void **state)
{
    (void)state;
    begin();
    out.refuse_at = RP_TEXT_CHUNK + 1;
    rp_text_spaces(&text, (size_t)4 * RP_TEXT_CHUNK);
    assert_true(text.failed);
    assert_false(rp_text_finish(&text));
    assert_int_equal(out.size, RP_TEXT_CHUNK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_exact_hexadecimal),
        cmocka_unit_test(integers_reach_their_limits),
        cmocka_unit_test(strings_and_identifiers_are_ascii),
        cmocka_unit_test(long_text_arrives_whole),
        cmocka_unit_test(refused_text_is_told_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
