/* Tests of core/json.c. */
#include "core/json.h"
#include "tests/support/unit.h"

static struct rp_json *parse_text(const char *text, size_t size)
{
    struct rp_json *root = NULL;
    rp_report report = {0};
    rp_status status = rp_json_parse(text, size, &root, &report);
    if (status != RP_OK) {
        fail_msg("%s", report.text);
    }
    return root;
}

static void values_are_read_in_the_order_of_the_text(void **state)
{
    (void)state;
    static const char text[] = "{\"z\": 1, \"a\": [true, null, \"s\"], \"m\": {}}";
    struct rp_json *root = parse_text(text, sizeof text - 1);
    assert_true(rp_json_is_object(root));
    assert_false(rp_json_is_array(root));
    assert_int_equal(rp_json_count(root), 3);
    assert_string_equal(rp_json_name_at(root, 0), "z");
    assert_string_equal(rp_json_name_at(root, 1), "a");
    assert_string_equal(rp_json_name_at(root, 2), "m");
    assert_null(rp_json_name_at(root, 3));
    assert_null(rp_json_value_at(root, 3));
    assert_ptr_equal(rp_json_value_at(root, 1), rp_json_get(root, "a"));
    const struct rp_json *array = rp_json_get(root, "a");
    assert_true(rp_json_is_array(array));
    assert_int_equal(rp_json_count(array), 3);
    assert_false(rp_json_is_null(rp_json_at(array, 0)));
    assert_true(rp_json_is_null(rp_json_at(array, 1)));
    assert_null(rp_json_at(array, 3));
    rp_json_release(root);
}

static void absent_and_mistaken_values_are_harmless(void **state)
{
    (void)state;
    struct rp_json *root = parse_text("[1]", 3);
    const char *data = NULL;
    size_t size = 0;
    int64_t number = 0;
    assert_null(rp_json_get(root, "a"));
    assert_null(rp_json_name_at(root, 0));
    assert_null(rp_json_at(rp_json_at(root, 0), 0));
    assert_false(rp_json_string(rp_json_at(root, 0), &data, &size));
    assert_false(rp_json_int(root, &number));
    assert_false(rp_json_int(NULL, &number));
    assert_false(rp_json_string(NULL, &data, &size));
    assert_true(rp_json_is_null(NULL));
    assert_false(rp_json_is_object(NULL));
    assert_false(rp_json_is_array(NULL));
    assert_int_equal(rp_json_count(NULL), 0);
    assert_int_equal(rp_json_count(rp_json_at(root, 0)), 0);
    rp_json_release(root);
    rp_json_release(NULL);
}

static void integers_are_exact_to_64_bits(void **state)
{
    (void)state;
    static const char text[] = "[9223372036854775807,-9223372036854775808,9007199254740993,1.0]";
    struct rp_json *root = parse_text(text, sizeof text - 1);
    int64_t value = 0;
    assert_true(rp_json_int(rp_json_at(root, 0), &value));
    assert_true(value == INT64_MAX);
    assert_true(rp_json_int(rp_json_at(root, 1), &value));
    assert_true(value == INT64_MIN);
    assert_true(rp_json_int(rp_json_at(root, 2), &value));
    assert_true(value == 9007199254740993);
    assert_false(rp_json_int(rp_json_at(root, 3), &value));
    rp_json_release(root);
}

static void strings_may_hold_the_null_character(void **state)
{
    (void)state;
    struct rp_json *root = parse_text("\"a\\u0000b\"", 10);
    const char *data = NULL;
    size_t size = 0;
    assert_true(rp_json_string(root, &data, &size));
    assert_int_equal(size, 3);
    assert_memory_equal(data, "a\0b", 3);
    rp_json_release(root);
}

static void bad_texts_are_refused_with_their_place(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",      "{",           "[1,]",  "{\"a\":1,\"a\":2}",    "nul",
        "[1] x", "\"\xff\"",    "'a'",   "9223372036854775808",  "{\"a\" 1}",
        "[01]",  "\"\\ud800\"", "{1:2}", "-9223372036854775809", "\"\n\"",
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(texts); i++) {
        struct rp_json *root = NULL;
        rp_report report = {0};
        assert_int_equal(rp_json_parse(texts[i], strlen(texts[i]), &root, &report),
                         RP_ERROR_ARGUMENT);
        assert_null(root);
        assert_memory_equal(report.text, "JSON: line ", 11);
    }
    struct rp_json *root = NULL;
    assert_int_equal(rp_json_parse(NULL, 0, &root, NULL), RP_ERROR_ARGUMENT);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    char text[20000];
    memset(text, '[', sizeof text);
    struct rp_json *root = NULL;
    rp_report report = {0};
    assert_int_equal(rp_json_parse(text, sizeof text, &root, &report), RP_ERROR_ARGUMENT);
    assert_non_null(strstr(report.text, "depth"));
}

static void assert_written(const struct rp_json *root, const char *expected)
{
    struct rp_allocator allocator;
    struct rp_buffer buffer;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&buffer, &allocator);
    assert_true(rp_json_write(root, &buffer));
    rp_buffer_byte(&buffer, 0);
    assert_string_equal((const char *)buffer.data, expected);
    rp_buffer_deinit(&buffer);
}

static void built_values_are_written_on_one_line(void **state)
{
    (void)state;
    struct rp_json *root = rp_json_new_object();
    struct rp_json *array = rp_json_new_array();
    assert_true(rp_json_add(array, rp_json_new_int(INT64_MIN)));
    assert_true(rp_json_add(array, rp_json_new_null()));
    assert_true(rp_json_add(array, rp_json_new_string("a\0\"\n", 4)));
    assert_true(rp_json_add(array, rp_json_new_string(NULL, 0)));
    assert_true(rp_json_set(root, "z", array));
    assert_true(rp_json_set(root, "a", rp_json_new_int(1)));
    assert_true(rp_json_set(root, "a", rp_json_new_int(2)));
    assert_written(root, "{\"z\":[-9223372036854775808,null,\"a\\u0000\\\"\\n\",\"\"],\"a\":2}");
    rp_json_release(root);
    root = rp_json_new_int(5);
    assert_written(root, "5");
    rp_json_release(root);
}

static void invalid_utf8_is_replaced(void **state)
{
    (void)state;
    struct rp_json *root = rp_json_new_string("a\xff\xe2\x82z\xc3\xa9", 7);
    const char *data = NULL;
    size_t size = 0;
    assert_true(rp_json_string(root, &data, &size));
    static const char expected[] = "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xc3\xa9";
    assert_int_equal(size, sizeof expected - 1);
    assert_memory_equal(data, expected, size);
    rp_json_release(root);
}

static void appended_string_reads_back(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t size;
        const char *expected;
    } cases[] = {
        {"", 0, "\"\""},
        {"a\"b\\c", 5, "\"a\\\"b\\\\c\""},
        {"\n\t\0\x1f\x7f", 5, "\"\\n\\u0009\\u0000\\u001f\\u007f\""},
        {"\xc3\xa9\xf0\x9f\x98\x80", 6, "\"\xc3\xa9\xf0\x9f\x98\x80\""},
        {"\xff"
         "a\xc3",
         3,
         "\"\xef\xbf\xbd"
         "a\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct rp_allocator allocator;
        struct rp_buffer text;
        rp_allocator_init(&allocator, 0);
        rp_buffer_init(&text, &allocator);
        rp_json_append_string(&text, cases[i].data, cases[i].size);
        assert_int_equal(text.size, strlen(cases[i].expected));
        assert_memory_equal(text.data, cases[i].expected, text.size);
        struct rp_json *read = NULL;
        assert_int_equal(rp_json_parse(text.data, text.size, &read, NULL), RP_OK);
        struct rp_json *built = rp_json_new_string(cases[i].data, cases[i].size);
        const char *left = NULL;
        const char *right = NULL;
        size_t left_size = 0;
        size_t right_size = 0;
        assert_true(rp_json_string(read, &left, &left_size));
        assert_true(rp_json_string(built, &right, &right_size));
        assert_int_equal(left_size, right_size);
        assert_memory_equal(left, right, left_size);
        rp_json_release(built);
        rp_json_release(read);
        rp_buffer_deinit(&text);
    }
}

static void numbers_are_read_as_binary64(void **state)
{
    (void)state;
    const struct {
        const char *text;
        double number;
    } cases[] = {{"0.5", 0.5},
                 {"-3", -3.0},
                 {"9007199254740993", 9007199254740992.0},
                 {"-0.0", -0.0},
                 {"5e-324", 5e-324}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rp_json *root;
        uint64_t bits;
        assert_int_equal(rp_json_parse(cases[i].text, strlen(cases[i].text), &root, NULL), RP_OK);
        assert_true(rp_json_f64(root, &bits));
        assert_memory_equal(&bits, &cases[i].number, sizeof bits);
        rp_json_release(root);
    }
    struct rp_json *text = rp_json_new_string("1", 1);
    uint64_t bits;
    assert_false(rp_json_f64(text, &bits));
    assert_false(rp_json_f64(NULL, &bits));
    rp_json_release(text);
}

static void floats_are_written_with_enough_digits(void **state)
{
    (void)state;
    const struct {
        double number;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {2.0, "2.0"},
                 {1.0 / 3.0, "0.3333333333333333"},
                 {-0.0, "-0.0"},
                 {1e23, "1e23"},
                 {1.7976931348623157e308, "1.7976931348623157e308"},
                 {5e-324, "4.94065645841247e-324"},
                 {123456789012345.5, "123456789012345.5"}};
    struct rp_allocator allocator;
    struct rp_buffer buffer;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&buffer, &allocator);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t bits;
        memcpy(&bits, &cases[i].number, sizeof bits);
        buffer.size = 0;
        rp_json_append_f64(&buffer, bits);
        assert_int_equal(buffer.size, strlen(cases[i].text));
        assert_memory_equal(buffer.data, cases[i].text, buffer.size);
    }
    rp_buffer_deinit(&buffer);
}

static void missing_values_make_setters_fail(void **state)
{
    (void)state;
    struct rp_json *object = rp_json_new_object();
    struct rp_json *array = rp_json_new_array();
    assert_false(rp_json_set(object, "a", NULL));
    assert_false(rp_json_add(array, NULL));
    assert_false(rp_json_set(array, "a", rp_json_new_int(1)));
    assert_false(rp_json_add(object, rp_json_new_int(1)));
    assert_false(rp_json_set(NULL, "a", rp_json_new_int(1)));
    assert_written(object, "{}");
    rp_json_release(object);
    rp_json_release(array);
}

static void writing_fails_cleanly_without_memory(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    struct rp_buffer buffer;
    rp_allocator_init(&allocator, 0);
    allocator.fail_call = 1;
    rp_buffer_init(&buffer, &allocator);
    struct rp_json *root = rp_json_new_int(1);
    assert_false(rp_json_write(root, &buffer));
    rp_json_release(root);
    rp_buffer_deinit(&buffer);
    assert_int_equal(allocator.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_in_the_order_of_the_text),
        cmocka_unit_test(absent_and_mistaken_values_are_harmless),
        cmocka_unit_test(integers_are_exact_to_64_bits),
        cmocka_unit_test(strings_may_hold_the_null_character),
        cmocka_unit_test(bad_texts_are_refused_with_their_place),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(built_values_are_written_on_one_line),
        cmocka_unit_test(invalid_utf8_is_replaced),
        cmocka_unit_test(appended_string_reads_back),
        cmocka_unit_test(numbers_are_read_as_binary64),
        cmocka_unit_test(floats_are_written_with_enough_digits),
        cmocka_unit_test(missing_values_make_setters_fail),
        cmocka_unit_test(writing_fails_cleanly_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
