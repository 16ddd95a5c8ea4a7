/* Tests of core/buffer.c. */
#include "core/buffer.h"
#include "core/reader.h"
#include "tests/support/unit.h"

static void buffer_collects_what_is_appended(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    struct rp_buffer buffer;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&buffer, &allocator);
    rp_buffer_append(&buffer, NULL, 0);
    rp_buffer_append(&buffer, "ab", 2);
    rp_buffer_byte(&buffer, 0);
    rp_buffer_u32le(&buffer, 0x04030201u);
    rp_buffer_u64le(&buffer, 0x0807060504030201u);
    rp_buffer_printf(&buffer, "%d-%s", 7, "x");
    static const uint8_t expected[] = "ab\0\1\2\3\4\1\2\3\4\5\6\7\10"
                                      "7-x";
    assert_int_equal(buffer.size, sizeof expected - 1);
    assert_memory_equal(buffer.data, expected, buffer.size);
    assert_false(buffer.failed);
    rp_buffer_deinit(&buffer);
    assert_int_equal(allocator.used_bytes, 0);
    assert_null(buffer.data);
}

static void buffer_prints_texts_longer_than_itself(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    struct rp_buffer buffer;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&buffer, &allocator);
    for (int i = 0; i < 100; i++) {
        rp_buffer_printf(&buffer, "%0200d", i);
    }
    assert_int_equal(buffer.size, 20000);
    assert_memory_equal(buffer.data + buffer.size - 4, "0099", 4);
    rp_buffer_deinit(&buffer);
}

static void buffer_leb128_is_minimal_and_reads_back(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    struct rp_buffer buffer;
    rp_allocator_init(&allocator, 0);
    for (unsigned bit = 0; bit < 64; bit++) {
        for (unsigned around = 0; around < 3; around++) {
            uint64_t value = ((uint64_t)1 << bit) + around - 1;
            rp_buffer_init(&buffer, &allocator);
            rp_buffer_leb_u(&buffer, value);
            size_t unsigned_size = buffer.size;
            rp_buffer_leb_s(&buffer, (int64_t)value);
            size_t signed_size = buffer.size - unsigned_size;
            rp_buffer_leb_s(&buffer, (int64_t)(0 - value));
            struct rp_reader reader;
            rp_reader_init(&reader, buffer.data, 0, buffer.size);
            assert_true(rp_read_u64(&reader) == value);
            assert_true(rp_read_s64(&reader) == (int64_t)value);
            assert_true(rp_read_s64(&reader) == (int64_t)(0 - value));
            assert_null(reader.error);
            assert_int_equal(rp_reader_left(&reader), 0);
            unsigned bits = value == 0 ? 1 : 64 - (unsigned)__builtin_clzll(value);
            assert_int_equal(unsigned_size, (bits + 6) / 7);
            unsigned redundant = (unsigned)__builtin_clrsbll((long long)value);
            assert_int_equal(signed_size, (64 - redundant + 6) / 7);
            rp_buffer_deinit(&buffer);
        }
    }
}

static void buffer_stays_failed_and_keeps_its_bytes(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    struct rp_buffer buffer;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&buffer, &allocator);
    rp_buffer_append(&buffer, "kept", 4);
    allocator.fail_call = allocator.calls + 1;
    char large[4096] = {0};
    rp_buffer_append(&buffer, large, sizeof large);
    assert_true(buffer.failed);
    rp_buffer_byte(&buffer, 1);
    rp_buffer_append(&buffer, "x", 1);
    rp_buffer_leb_u(&buffer, 300);
    rp_buffer_printf(&buffer, "%d", 1);
    assert_true(buffer.failed);
    assert_int_equal(buffer.size, 4);
    assert_memory_equal(buffer.data, "kept", 4);
    rp_buffer_deinit(&buffer);
    assert_int_equal(allocator.used_bytes, 0);
}

static void buffer_refuses_sizes_that_overflow(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    struct rp_buffer buffer;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&buffer, &allocator);
    rp_buffer_byte(&buffer, 1);
    rp_buffer_append(&buffer, buffer.data, SIZE_MAX);
    assert_true(buffer.failed);
    assert_int_equal(buffer.size, 1);
    rp_buffer_deinit(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_collects_what_is_appended),
        cmocka_unit_test(buffer_prints_texts_longer_than_itself),
        cmocka_unit_test(buffer_leb128_is_minimal_and_reads_back),
        cmocka_unit_test(buffer_stays_failed_and_keeps_its_bytes),
        cmocka_unit_test(buffer_refuses_sizes_that_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
