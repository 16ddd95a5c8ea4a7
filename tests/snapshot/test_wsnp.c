/* The framing of canonical snapshots: what is written is read; what was cut, changed or lies is
 * refused by name (tests; docs/wsnp.md, "The canonical file"). */
#include "snapshot/wsnp.h"

#include "core/compiler.h"
#include "snapshot/bytes.h"
#include "tests/snapshot/wsnp_edit.h"
#include "tests/support/unit.h"

#include <stdio.h>

struct fixture {
    struct rp_allocator allocator;
    struct rp_buffer file;
    struct rp_wsnp wsnp;
    rp_report report;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){0};
    rp_allocator_init(&f->allocator, 0);
    rp_buffer_init(&f->file, &f->allocator);
}

static void end(struct fixture *f)
{
    rp_wsnp_close(&f->wsnp);
    rp_buffer_deinit(&f->file);
    assert_int_equal(f->allocator.used_bytes, 0);
}

/* Three sections; the second has no bytes. */
static void write_file(struct fixture *f)
{
    struct rp_wsnp_writer writer;
    rp_wsnp_begin(&writer, &f->file, &f->allocator);
    rp_wsnp_section_begin(&writer, "numbers");
    for (uint64_t i = 0; i < 70; i++) {
        rp_msgpack_put_uint(&f->file, i * i * i);
    }
    rp_wsnp_section_end(&writer);
    rp_wsnp_section_begin(&writer, "nothing");
    rp_wsnp_section_end(&writer);
    rp_wsnp_section_begin(&writer, "memory0");
    rp_msgpack_put_array(&f->file, 2);
    rp_msgpack_put_text(&f->file, "page", 4);
    rp_msgpack_put_bytes(&f->file, "\0\1\2", 3);
    rp_wsnp_section_end(&writer);
    assert_true(rp_wsnp_finish(&writer));
}

/* Opens a copy of exactly this size, so that the sanitizer sees a read behind its end. */
static rp_status open_copy(struct fixture *f, const uint8_t *data, size_t size)
{
    uint8_t *copy = test_malloc(size + (size == 0));
    memcpy(copy, data, size);
    f->report = (rp_report){0};
    rp_status status = rp_wsnp_open(&f->wsnp, copy, size, &f->report);
    if (status != RP_OK) {
        assert_int_equal(f->report.status, status);
        assert_int_not_equal(f->report.text[0], '\0');
        assert_null(f->wsnp.sections);
    }
    rp_wsnp_close(&f->wsnp);
    test_free(copy);
    return status;
}

static bool is_named(rp_status status)
{
    return status == RP_ERROR_NOT_SNAPSHOT || status == RP_ERROR_SNAPSHOT_VERSION ||
           status == RP_ERROR_SNAPSHOT_TRUNCATED || status == RP_ERROR_SNAPSHOT_CHECKSUM ||
           status == RP_ERROR_SNAPSHOT_ENCODING;
}

static void open_finds_what_was_written(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    write_file(&f);
    assert_int_equal(rp_wsnp_open(&f.wsnp, f.file.data, f.file.size, NULL), RP_OK);
    assert_int_equal(f.wsnp.section_count, 3);
    const struct rp_wsnp_section *numbers = rp_wsnp_find(&f.wsnp, "numbers");
    assert_ptr_equal(numbers, &f.wsnp.sections[0]);
    assert_ptr_equal(numbers->body.data, f.file.data + RP_WSNP_PREFIX_BYTES);
    assert_int_equal(rp_wsnp_find(&f.wsnp, "nothing")->body.size, 0);
    const struct rp_wsnp_section *memory = rp_wsnp_find(&f.wsnp, "memory0");
    assert_int_equal(memory->body.size, 1 + 5 + 5);
    assert_memory_equal(memory->body.data, "\x92\xa4page\xc4\3\0\1\2", 11);
    assert_null(rp_wsnp_find(&f.wsnp, "memory"));
    end(&f);
}

static void open_accepts_no_sections_and_the_most(void **state)
{
    (void)state;
    const uint32_t counts[] = {0, 1, 15, 16, RP_WSNP_SECTIONS_MAX};
    for (size_t i = 0; i < RP_ARRAY_COUNT(counts); i++) {
        struct fixture f;
        struct rp_wsnp_writer writer;
        begin(&f);
        rp_wsnp_begin(&writer, &f.file, &f.allocator);
        for (uint32_t j = 0; j < counts[i]; j++) {
            char name[RP_WSNP_NAME_BYTES_MAX + 1];
            (void)snprintf(name, sizeof name, "a_name_of_thirty_one_bytes_%04u", j % 10000);
            assert_int_equal(strlen(name), RP_WSNP_NAME_BYTES_MAX);
            rp_wsnp_section_begin(&writer, name);
            rp_msgpack_put_uint(&f.file, j);
            rp_wsnp_section_end(&writer);
        }
        assert_true(rp_wsnp_finish(&writer));
        assert_int_equal(rp_wsnp_open(&f.wsnp, f.file.data, f.file.size, &f.report), RP_OK);
        assert_int_equal(f.wsnp.section_count, counts[i]);
        end(&f);
    }
}

/* The editor of the tests shares no code with the writer. */
static void the_writer_writes_what_the_document_says(void **state)
{
    (void)state;
    struct fixture f;
    struct rp_edit edit;
    struct rp_buffer again;
    begin(&f);
    write_file(&f);
    assert_true(rp_edit_init(&edit, f.file.data, f.file.size));
    rp_buffer_init(&again, &edit.allocator);
    rp_edit_write(&edit, NULL, &again);
    assert_int_equal(again.size, f.file.size);
    assert_memory_equal(again.data, f.file.data, again.size);
    rp_buffer_deinit(&again);
    rp_edit_deinit(&edit);
    end(&f);
}

static void open_refuses_each_prefix_by_name(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    write_file(&f);
    for (size_t size = 0; size < f.file.size; size++) {
        rp_status status = open_copy(&f, f.file.data, size);
        rp_status expected = size == 0 ? RP_ERROR_NOT_SNAPSHOT : RP_ERROR_SNAPSHOT_TRUNCATED;
        if (status != expected) {
            fail_msg("%zu of %zu bytes: %s", size, f.file.size, rp_status_name(status));
        }
    }
    end(&f);
}

static void open_refuses_each_flipped_bit_by_name(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    write_file(&f);
    for (size_t bit = 0; bit < 8 * f.file.size; bit++) {
        f.file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        rp_status status = open_copy(&f, f.file.data, f.file.size);
        f.file.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (!is_named(status)) {
            fail_msg("bit %zu of byte %zu: %s", bit % 8, bit / 8, rp_status_name(status));
        }
    }
    end(&f);
}

static void open_names_what_the_prefix_is(void **state)
{
    (void)state;
    static const struct {
        uint8_t prefix[8];
        rp_status status;
    } cases[] = {
        {{'W', 'S', 'N', 'Q', 1, 0, 0, 0}, RP_ERROR_NOT_SNAPSHOT},
        {{'\0', 'a', 's', 'm', 1, 0, 0, 0}, RP_ERROR_NOT_SNAPSHOT},
        {{'W', 'S', 'N', 'P', 0, 0, 0, 0}, RP_ERROR_SNAPSHOT_VERSION},
        {{'W', 'S', 'N', 'P', 2, 0, 0, 0}, RP_ERROR_SNAPSHOT_VERSION},
        {{'W', 'S', 'N', 'P', 1, 1, 0, 0}, RP_ERROR_SNAPSHOT_ENCODING},
        {{'W', 'S', 'N', 'P', 1, 2, 0, 0}, RP_ERROR_SNAPSHOT_ENCODING},
        {{'W', 'S', 'N', 'P', 1, 0, 1, 0}, RP_ERROR_SNAPSHOT_ENCODING},
        {{'W', 'S', 'N', 'P', 1, 0, 0, 1}, RP_ERROR_SNAPSHOT_ENCODING},
    };
    struct fixture f;
    begin(&f);
    write_file(&f);
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        memcpy(f.file.data, cases[i].prefix, sizeof cases[i].prefix);
        assert_int_equal(open_copy(&f, f.file.data, f.file.size), cases[i].status);
    }
    end(&f);
}

/* Writes the file with an index of the test's, well hashed. */
static rp_status open_with_index(struct fixture *f, const struct rp_edit *edit,
                                 const struct rp_buffer *index)
{
    struct rp_buffer file;
    rp_buffer_init(&file, &f->allocator);
    rp_edit_write(edit, index, &file);
    rp_status status = open_copy(f, file.data, file.size);
    rp_buffer_deinit(&file);
    return status;
}

static void open_refuses_each_longer_form_in_the_index(void **state)
{
    (void)state;
    struct fixture f;
    struct rp_edit edit;
    struct rp_buffer index;
    begin(&f);
    write_file(&f);
    assert_true(rp_edit_init(&edit, f.file.data, f.file.size));
    rp_buffer_init(&index, &f.allocator);
    rp_edit_index(&edit, &index);
    struct rp_token token;
    unsigned tried = 0;
    for (size_t at = 0; rp_token_next(&index, &at, &token);) {
        for (unsigned width = 1; width <= 8; width *= 2) {
            struct rp_buffer longer, changed;
            rp_buffer_init(&longer, &f.allocator);
            rp_buffer_init(&changed, &f.allocator);
            rp_buffer_append(&changed, index.data, index.size);
            if (rp_token_write(&longer, token.kind, token.number, width) &&
                longer.size != token.head_size) {
                rp_splice(&changed, token.offset, token.head_size, longer.data, longer.size);
                assert_int_equal(open_with_index(&f, &edit, &changed), RP_ERROR_SNAPSHOT_ENCODING);
                tried++;
            }
            rp_buffer_deinit(&changed);
            rp_buffer_deinit(&longer);
        }
    }
    /* Four arrays, three names, sizes in 2, 1 and 1 bytes, three hashes. */
    assert_int_equal(tried, 4 * 2 + 3 * 3 + (3 + 4 + 4) + 3 * 2);
    rp_buffer_deinit(&index);
    rp_edit_deinit(&edit);
    end(&f);
}

/* What an index with one lie is refused for. `find` is replaced by `put`, both of a fixed size. */
static void open_refuses_an_index_that_lies(void **state)
{
    (void)state;
    static const struct {
        const char *find, *put;
        size_t find_size, put_size;
    } cases[] = {
        {"\x93\xa7numbers", "\x93\xa7nothing", 9, 9}, /* two of one name */
        {"\xa7numbers", "\xa7Numbers", 8, 8},         /* no name */
        {"\xa7numbers", "\xa7numb\0rs", 8, 8},        /* no name */
        {"\xa7numbers",
         "\xa7"
         "0umbers",
         8, 8},                                     /* no name */
        {"\xa7numbers", "\xa0", 8, 1},              /* no name */
        {"\xa7numbers", "\xa7numb\xc3\x28s", 8, 8}, /* not UTF-8 */
        {"\xa7numbers",
         "\xbf"
         "a234567890123456789012345678901",
         8, 32}, /* fits: another error */
        {"\xa7numbers",
         "\xd9\x20"
         "a2345678901234567890123456789012",
         8, 34},                                  /* too long */
        {"\xa7nothing\0", "\xa7nothing\1", 9, 9}, /* more bytes than there are */
        {"\xa7nothing\0", "\xa7nothing\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, 17},
        {"\xa7memory0\x0b", "\xa7memory0\x0a", 9, 9}, /* a byte that belongs to none */
        {"\x93\xa7memory0", "\x92\xa7memory0", 9, 9}, /* lacks the hash */
        {"\x93\xa7memory0", "\x94\xa7memory0", 9, 9},
        {"\xa7memory0", "\xc4\7memory0", 8, 9}, /* bytes, not text */
        {"\xa7memory0", "\7", 8, 1},
        {"\xc4\x10", "\xb0", 2, 1}, /* text, not bytes */
    };
    struct fixture f;
    struct rp_edit edit;
    struct rp_buffer index;
    begin(&f);
    write_file(&f);
    assert_true(rp_edit_init(&edit, f.file.data, f.file.size));
    rp_buffer_init(&index, &f.allocator);
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        index.size = 0;
        rp_edit_index(&edit, &index);
        size_t at = 0;
        while (memcmp(index.data + at, cases[i].find, cases[i].find_size) != 0) {
            at++;
            assert_true(at + cases[i].find_size <= index.size);
        }
        rp_splice(&index, at, cases[i].find_size, cases[i].put, cases[i].put_size);
        rp_status expected = cases[i].put_size == 32 ? RP_OK : RP_ERROR_SNAPSHOT_ENCODING;
        rp_status status = open_with_index(&f, &edit, &index);
        if (status != expected) {
            fail_msg("case %zu: %s, %s", i, rp_status_name(status), f.report.text);
        }
    }
    rp_buffer_deinit(&index);
    rp_edit_deinit(&edit);
    end(&f);
}

static void open_refuses_a_count_that_lies(void **state)
{
    (void)state;
    struct fixture f;
    struct rp_edit edit;
    struct rp_buffer index;
    begin(&f);
    write_file(&f);
    assert_true(rp_edit_init(&edit, f.file.data, f.file.size));
    rp_buffer_init(&index, &f.allocator);
    rp_edit_index(&edit, &index);
    const char *const heads[] = {"\x92", "\x94", "\xdc\x40\x00", "\xdd\xff\xff\xff\xff"};
    const size_t sizes[] = {1, 1, 3, 5};
    for (size_t i = 0; i < RP_ARRAY_COUNT(heads); i++) {
        struct rp_buffer changed;
        rp_buffer_init(&changed, &f.allocator);
        rp_buffer_append(&changed, heads[i], sizes[i]);
        rp_buffer_append(&changed, index.data + 1, index.size - 1);
        assert_int_equal(open_with_index(&f, &edit, &changed), RP_ERROR_SNAPSHOT_ENCODING);
        rp_buffer_deinit(&changed);
    }
    rp_buffer_byte(&index, 0xc0); /* a byte behind the last entry */
    assert_int_equal(open_with_index(&f, &edit, &index), RP_ERROR_SNAPSHOT_ENCODING);
    rp_buffer_deinit(&index);
    rp_edit_deinit(&edit);
    end(&f);
}

static void open_refuses_bytes_without_sections(void **state)
{
    (void)state;
    struct fixture f;
    struct rp_edit edit;
    struct rp_buffer index;
    begin(&f);
    assert_true(rp_edit_init(&edit, NULL, 0));
    rp_buffer_append(&rp_edit_add(&edit, "numbers")->body, "\1", 1);
    rp_buffer_init(&index, &f.allocator);
    rp_buffer_byte(&index, 0x90);
    assert_int_equal(open_with_index(&f, &edit, &index), RP_ERROR_SNAPSHOT_ENCODING);
    rp_buffer_deinit(&index);
    rp_edit_deinit(&edit);
    end(&f);
}

static void open_and_finish_survive_each_failed_allocation(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    write_file(&f);
    unsigned failures = 0;
    for (uint64_t call = 1;; call++) {
        uint8_t *copy = test_malloc(f.file.size);
        memcpy(copy, f.file.data, f.file.size);
        rp_alloc_inject(call, 0);
        rp_status status = rp_wsnp_open(&f.wsnp, copy, f.file.size, NULL);
        rp_alloc_inject(0, 0);
        rp_wsnp_close(&f.wsnp);
        test_free(copy);
        if (status == RP_OK) {
            break;
        }
        assert_int_equal(status, RP_ERROR_NO_MEMORY);
        failures++;
    }
    assert_true(failures >= 2);
    for (uint64_t call = 1; call < 4; call++) {
        struct rp_wsnp_writer writer;
        struct rp_buffer out;
        rp_buffer_init(&out, &f.allocator);
        rp_alloc_inject(call, 1);
        rp_wsnp_begin(&writer, &out, &f.allocator);
        rp_wsnp_section_begin(&writer, "a");
        rp_msgpack_put_uint(&out, 1);
        rp_wsnp_section_end(&writer);
        bool finished = rp_wsnp_finish(&writer);
        rp_alloc_inject(0, 0);
        assert_false(finished);
        rp_buffer_deinit(&out);
    }
    end(&f);
}

static void names_of_sections_are_short_words(void **state)
{
    (void)state;
    const char *const good[] = {"a", "memory0", "vfs", "a_b", "abcdefghijklmnopqrstuvwxyz01234"};
    const char *const bad[] = {"",    "0",   "_a", "A",     "a b",
                               "a.b", "a-b", "ä",  "a\x80", "abcdefghijklmnopqrstuvwxyz012345"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(good); i++) {
        assert_true(rp_wsnp_name_valid((const uint8_t *)good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(bad); i++) {
        assert_false(rp_wsnp_name_valid((const uint8_t *)bad[i], strlen(bad[i])));
    }
}

static void values_are_checked_without_their_meaning(void **state)
{
    (void)state;
#define BYTES(text) text, sizeof(text) - 1
    static const struct {
        const char *bytes;
        size_t size;
        bool good;
    } cases[] = {
        {BYTES(""), true},
        {BYTES("\0\x7f\xcc\x80\xcd\1\0\xc0\xc2\xc3"), true},
        {BYTES("\x90"), true},
        {BYTES("\x93\1\x91\x90\3"), true},
        {BYTES("\x92\xc4\2ab\xa2xy"), true},
        {BYTES("\xc4\0"), true},
        {BYTES("\x92\1"), false}, /* an element is missing */
        {BYTES("\x91\x92\1"), false},
        {BYTES("\x91"), false},
        {BYTES("\xcc\x7f"), false}, /* longer than needed */
        {BYTES("\xdc\0\1\1"), false},
        {BYTES("\xc5\0\1a"), false},
        {BYTES("\xd9\1a"), false},
        {BYTES("\xa2\xc3\x28"), false}, /* not UTF-8 */
        {BYTES("\xff"), false},         /* a negative number */
        {BYTES("\xd0\1"), false},
        {BYTES("\x80"), false},         /* a map */
        {BYTES("\xca\0\0\0\0"), false}, /* a float */
        {BYTES("\xc1"), false},
        {BYTES("\xc7\0\1"), false}, /* an extension */
        {BYTES("\xc4\3ab"), false},
    };
#undef BYTES
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct rp_msgpack in;
        rp_msgpack_init(&in, (const uint8_t *)cases[i].bytes, 0, cases[i].size);
        rp_wsnp_check_values(&in);
        if ((in.error == NULL) != cases[i].good) {
            fail_msg("case %zu: %s", i, in.error == NULL ? "accepted" : in.error);
        }
    }
}

static void values_nest_to_a_bound(void **state)
{
    (void)state;
    uint8_t bytes[40];
    for (size_t depth = 1; depth < sizeof bytes; depth++) {
        struct rp_msgpack in;
        memset(bytes, 0x91, depth);
        bytes[depth] = 0;
        rp_msgpack_init(&in, bytes, 0, depth + 1);
        rp_wsnp_check_values(&in);
        assert_int_equal(in.error == NULL, depth <= 32);
    }
}

static void bytes_keep_their_block_for_the_next_time(void **state)
{
    (void)state;
    rp_bytes bytes = {0};
    struct rp_allocator allocator;
    struct rp_buffer buffer;
    rp_bytes_release(&bytes);
    rp_bytes_borrow(&bytes, &allocator, &buffer);
    rp_buffer_append(&buffer, "0123456789", 10);
    rp_bytes_replace(&bytes, &buffer);
    assert_int_equal(bytes.size, 10);
    assert_int_equal(allocator.used_bytes, 0);
    const uint8_t *block = bytes.data;
    rp_bytes_borrow(&bytes, &allocator, &buffer);
    assert_null(bytes.data);
    rp_buffer_append(&buffer, "abc", 3);
    rp_bytes_replace(&bytes, &buffer);
    assert_ptr_equal(bytes.data, block);
    assert_int_equal(bytes.size, 3);
    assert_memory_equal(bytes.data, "abc3456789", 10);
    rp_bytes_release(&bytes);
    assert_null(bytes.data);
    assert_int_equal(bytes.capacity, 0);
    rp_bytes_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_finds_what_was_written),
        cmocka_unit_test(open_accepts_no_sections_and_the_most),
        cmocka_unit_test(the_writer_writes_what_the_document_says),
        cmocka_unit_test(open_refuses_each_prefix_by_name),
        cmocka_unit_test(open_refuses_each_flipped_bit_by_name),
        cmocka_unit_test(open_names_what_the_prefix_is),
        cmocka_unit_test(open_refuses_each_longer_form_in_the_index),
        cmocka_unit_test(open_refuses_an_index_that_lies),
        cmocka_unit_test(open_refuses_a_count_that_lies),
        cmocka_unit_test(open_refuses_bytes_without_sections),
        cmocka_unit_test(open_and_finish_survive_each_failed_allocation),
        cmocka_unit_test(names_of_sections_are_short_words),
        cmocka_unit_test(values_are_checked_without_their_meaning),
        cmocka_unit_test(values_nest_to_a_bound),
        cmocka_unit_test(bytes_keep_their_block_for_the_next_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
