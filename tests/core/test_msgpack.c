/* Tests of core/msgpack.c: every form of the MessagePack specification, written and read; every
 * form that is not the shortest, every truncation and every bound refused. */
#include "core/msgpack.h"
#include "tests/support/unit.h"

#include <stdlib.h>

enum kind { UINT, BOOL, NIL, TEXT, BYTES, ARRAY };

/* A value and the head that it must have; text, bytes and arrays have `number` bytes or items. */
struct form {
    enum kind kind;
    uint64_t number;
    uint8_t head[9];
    unsigned head_size;
};

static const struct form forms[] = {
    {UINT, 0, {0x00}, 1},
    {UINT, 1, {0x01}, 1},
    {UINT, 127, {0x7f}, 1},
    {UINT, 128, {0xcc, 0x80}, 2},
    {UINT, 255, {0xcc, 0xff}, 2},
    {UINT, 256, {0xcd, 0x01, 0x00}, 3},
    {UINT, 65535, {0xcd, 0xff, 0xff}, 3},
    {UINT, 65536, {0xce, 0x00, 0x01, 0x00, 0x00}, 5},
    {UINT, UINT32_MAX, {0xce, 0xff, 0xff, 0xff, 0xff}, 5},
    {UINT, UINT64_C(1) << 32, {0xcf, 0, 0, 0, 1, 0, 0, 0, 0}, 9},
    {UINT, UINT64_MAX, {0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 9},
    {BOOL, 0, {0xc2}, 1},
    {BOOL, 1, {0xc3}, 1},
    {NIL, 0, {0xc0}, 1},
    {TEXT, 0, {0xa0}, 1},
    {TEXT, 31, {0xbf}, 1},
    {TEXT, 32, {0xd9, 32}, 2},
    {TEXT, 255, {0xd9, 0xff}, 2},
    {TEXT, 256, {0xda, 0x01, 0x00}, 3},
    {TEXT, 65535, {0xda, 0xff, 0xff}, 3},
    {TEXT, 65536, {0xdb, 0x00, 0x01, 0x00, 0x00}, 5},
    {BYTES, 0, {0xc4, 0x00}, 2},
    {BYTES, 255, {0xc4, 0xff}, 2},
    {BYTES, 256, {0xc5, 0x01, 0x00}, 3},
    {BYTES, 65535, {0xc5, 0xff, 0xff}, 3},
    {BYTES, 65536, {0xc6, 0x00, 0x01, 0x00, 0x00}, 5},
    {ARRAY, 0, {0x90}, 1},
    {ARRAY, 15, {0x9f}, 1},
    {ARRAY, 16, {0xdc, 0x00, 0x10}, 3},
    {ARRAY, 65535, {0xdc, 0xff, 0xff}, 3},
    {ARRAY, 65536, {0xdd, 0x00, 0x01, 0x00, 0x00}, 5},
};

#define CONTENTS_MAX 65536u
static uint8_t contents[CONTENTS_MAX];

struct rig {
    struct rp_allocator allocator;
    struct rp_buffer bytes;
};

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rp_allocator_init(&rig->allocator, 0);
    rp_buffer_init(&rig->bytes, &rig->allocator);
    memset(contents, 'x', sizeof contents);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    rp_buffer_deinit(&rig->bytes);
    assert_int_equal(rig->allocator.used_bytes, 0);
    free(rig);
    return 0;
}

static void put(struct rp_buffer *out, enum kind kind, uint64_t number)
{
    switch (kind) {
    case UINT:
        rp_msgpack_put_uint(out, number);
        break;
    case BOOL:
        rp_msgpack_put_bool(out, number != 0);
        break;
    case NIL:
        rp_msgpack_put_nil(out);
        break;
    case TEXT:
        rp_msgpack_put_text(out, contents, (uint32_t)number);
        break;
    case BYTES:
        rp_msgpack_put_bytes(out, contents, (uint32_t)number);
        break;
    case ARRAY:
        rp_msgpack_put_array(out, (uint32_t)number);
        rp_buffer_append(out, contents, (size_t)number);
        break;
    }
}

/* Reads a value with its greatest bound. Of an array the count only. */
static uint64_t get(struct rp_msgpack *reader, enum kind kind)
{
    switch (kind) {
    case UINT:
        return rp_msgpack_uint(reader, UINT64_MAX);
    case BOOL:
        return rp_msgpack_bool(reader);
    case NIL:
        if (!rp_msgpack_is_nil(reader)) {
            rp_msgpack_fail(reader, reader->pos, "not nil");
        }
        return 0;
    case TEXT:
        return rp_msgpack_text(reader, UINT32_MAX).size;
    case BYTES:
        return rp_msgpack_bytes(reader, UINT32_MAX).size;
    case ARRAY:
        return rp_msgpack_array(reader, UINT32_MAX);
    }
    return 0;
}

static bool has_contents(const struct form *form)
{
    return form->kind == TEXT || form->kind == BYTES || form->kind == ARRAY;
}

/* A reader of a copy in a block of exactly this size, so that a sanitizer sees every byte beyond.
 */
static struct rp_msgpack read_copy(const uint8_t *bytes, size_t size, uint8_t **out_copy)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    struct rp_msgpack reader;
    rp_msgpack_init(&reader, copy, 0, size);
    *out_copy = copy;
    return reader;
}

static void every_value_is_written_in_its_shortest_form(void **state)
{
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct form *form = &forms[i];
        rig->bytes.size = 0;
        put(&rig->bytes, form->kind, form->number);
        size_t behind = has_contents(form) ? (size_t)form->number : 0;
        assert_false(rig->bytes.failed);
        assert_int_equal(rig->bytes.size, form->head_size + behind);
        assert_memory_equal(rig->bytes.data, form->head, form->head_size);
        if (behind > 0) {
            assert_memory_equal(rig->bytes.data + form->head_size, contents, behind);
        }
    }
}

static void every_value_is_read_as_it_was_written(void **state)
{
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct form *form = &forms[i];
        rig->bytes.size = 0;
        put(&rig->bytes, form->kind, form->number);
        struct rp_msgpack reader;
        rp_msgpack_init(&reader, rig->bytes.data, 0, rig->bytes.size);
        assert_int_equal(get(&reader, form->kind), form->number);
        assert_null(reader.error);
        size_t read = form->kind == ARRAY ? form->head_size : rig->bytes.size;
        assert_int_equal(rp_msgpack_offset(&reader), read);
    }
}

/* Array items are not the array reader's: it refuses a count beyond the bytes that are left. */
static void every_prefix_is_refused_at_its_value(void **state)
{
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct form *form = &forms[i];
        rig->bytes.size = 0;
        put(&rig->bytes, form->kind, form->number);
        size_t size = rig->bytes.size;
        for (size_t cut = 0; cut < size; cut += cut > 20 && cut + 20 < size ? 997 : 1) {
            uint8_t *copy = NULL;
            struct rp_msgpack reader = read_copy(rig->bytes.data, cut < size ? cut : 0, &copy);
            assert_int_equal(get(&reader, form->kind), 0);
            assert_non_null(reader.error);
            assert_ptr_equal(reader.error_at, copy);
            assert_ptr_equal(reader.pos, reader.end);
            free(copy);
        }
    }
}

struct padded {
    enum kind kind;
    uint8_t bytes[9];
    unsigned size;
};

static const struct padded padded[] = {
    {UINT, {0xcc, 0x00}, 2},
    {UINT, {0xcc, 0x7f}, 2},
    {UINT, {0xcd, 0x00, 0x00}, 3},
    {UINT, {0xcd, 0x00, 0xff}, 3},
    {UINT, {0xce, 0x00, 0x00, 0x00, 0x00}, 5},
    {UINT, {0xce, 0x00, 0x00, 0xff, 0xff}, 5},
    {UINT, {0xcf, 0, 0, 0, 0, 0, 0, 0, 0}, 9},
    {UINT, {0xcf, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, 9},
    {TEXT, {0xd9, 0x00}, 2},
    {TEXT, {0xd9, 0x01, 'x'}, 3},
    {TEXT, {0xda, 0x00, 0x01, 'x'}, 4},
    {TEXT, {0xdb, 0x00, 0x00, 0x00, 0x01, 'x'}, 6},
    {BYTES, {0xc5, 0x00, 0x00}, 3},
    {BYTES, {0xc5, 0x00, 0x01, 'x'}, 4},
    {BYTES, {0xc6, 0x00, 0x00, 0x00, 0x01, 'x'}, 6},
    {ARRAY, {0xdc, 0x00, 0x00}, 3},
    {ARRAY, {0xdc, 0x00, 0x01, 0x00}, 4},
    {ARRAY, {0xdd, 0x00, 0x00, 0x00, 0x01, 0x00}, 6},
};

static void forms_that_are_not_the_shortest_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof padded / sizeof padded[0]; i++) {
        uint8_t *copy = NULL;
        struct rp_msgpack reader = read_copy(padded[i].bytes, padded[i].size, &copy);
        assert_int_equal(get(&reader, padded[i].kind), 0);
        assert_string_equal(reader.error, "value that is not in its shortest form");
        assert_ptr_equal(reader.error_at, copy);
        free(copy);
    }
}

/* The greatest number that a narrower form would hold, in the wider one: at the border. */
static void the_border_of_each_long_form_is_exact(void **state)
{
    (void)state;
    static const struct {
        enum kind kind;
        uint8_t head;
        unsigned width;
        uint64_t last_short; /* needs no such form */
    } borders[] = {
        {TEXT, 0xd9, 1, 31},     {TEXT, 0xda, 2, 255},    {TEXT, 0xdb, 4, 65535},
        {BYTES, 0xc5, 2, 255},   {BYTES, 0xc6, 4, 65535}, {ARRAY, 0xdc, 2, 15},
        {ARRAY, 0xdd, 4, 65535},
    };
    static uint8_t bytes[5 + CONTENTS_MAX];
    memset(bytes, 'x', sizeof bytes);
    for (size_t i = 0; i < sizeof borders / sizeof borders[0]; i++) {
        for (unsigned more = 0; more < 2; more++) {
            uint64_t number = borders[i].last_short + more;
            bytes[0] = borders[i].head;
            for (unsigned at = 0; at < borders[i].width; at++) {
                bytes[1 + at] = (uint8_t)(number >> (8 * (borders[i].width - 1 - at)));
            }
            struct rp_msgpack reader;
            rp_msgpack_init(&reader, bytes, 0, sizeof bytes);
            uint64_t read = get(&reader, borders[i].kind);
            assert_int_equal(read, more == 0 ? 0 : number);
            assert_int_equal(reader.error == NULL, more == 1);
        }
    }
}

/* Every head of the specification that is not one of a kind's. */
static void values_of_another_type_are_refused(void **state)
{
    (void)state;
    for (unsigned head = 0; head < 256; head++) {
        bool is[] = {
            [UINT] = head <= 0x7f || (head >= 0xcc && head <= 0xcf),
            [BOOL] = head == 0xc2 || head == 0xc3,
            [NIL] = head == 0xc0,
            [TEXT] = (head >= 0xa0 && head <= 0xbf) || (head >= 0xd9 && head <= 0xdb),
            [BYTES] = head >= 0xc4 && head <= 0xc6,
            [ARRAY] = (head >= 0x90 && head <= 0x9f) || head == 0xdc || head == 0xdd,
        };
        uint8_t bytes[64] = {(uint8_t)head};
        for (unsigned kind = UINT; kind <= ARRAY; kind++) {
            struct rp_msgpack reader;
            rp_msgpack_init(&reader, bytes, 0, sizeof bytes);
            (void)get(&reader, (enum kind)kind);
            bool other =
                reader.error != NULL && kind != NIL &&
                strcmp(reader.error, "value of another type than the format has here") == 0;
            assert_int_equal(kind == NIL ? reader.error != NULL : other, !is[kind]);
        }
    }
}

static void numbers_beyond_their_bound_are_refused(void **state)
{
    struct rig *rig = *state;
    static const uint64_t bounds[] = {
        0, 1, 127, 128, 255, 256, 65535, 65536, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX - 1};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        for (unsigned more = 0; more < 2; more++) {
            rig->bytes.size = 0;
            rp_msgpack_put_uint(&rig->bytes, bounds[i] + more);
            struct rp_msgpack reader;
            rp_msgpack_init(&reader, rig->bytes.data, 0, rig->bytes.size);
            assert_int_equal(rp_msgpack_uint(&reader, bounds[i]), more == 0 ? bounds[i] : 0);
            assert_int_equal(reader.error == NULL, more == 0);
        }
    }
}

static void sizes_and_counts_beyond_their_bound_are_refused(void **state)
{
    struct rig *rig = *state;
    static const enum kind kinds[] = {TEXT, BYTES, ARRAY};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        rig->bytes.size = 0;
        put(&rig->bytes, kinds[i], 40);
        for (uint32_t bound = 39; bound <= 40; bound++) {
            struct rp_msgpack reader;
            rp_msgpack_init(&reader, rig->bytes.data, 0, rig->bytes.size);
            uint64_t read = kinds[i] == TEXT    ? rp_msgpack_text(&reader, bound).size
                            : kinds[i] == BYTES ? rp_msgpack_bytes(&reader, bound).size
                                                : rp_msgpack_array(&reader, bound);
            assert_int_equal(read, bound == 40 ? 40 : 0);
            assert_int_equal(reader.error == NULL, bound == 40);
        }
    }
}

static void a_count_that_the_bytes_cannot_hold_is_refused(void **state)
{
    (void)state;
    static const uint8_t lie[] = {0xdd, 0xff, 0xff, 0xff, 0xff, 0, 0, 0};
    struct rp_msgpack reader;
    rp_msgpack_init(&reader, lie, 0, sizeof lie);
    assert_int_equal(rp_msgpack_array(&reader, UINT32_MAX), 0);
    assert_non_null(reader.error);
    static const uint8_t exact[] = {0x93, 1, 2, 3};
    for (size_t size = 1; size <= sizeof exact; size++) {
        rp_msgpack_init(&reader, exact, 0, size);
        assert_int_equal(rp_msgpack_array(&reader, UINT32_MAX), size == sizeof exact ? 3 : 0);
    }
}

static void tuples_and_fixed_bytes_have_exactly_their_size(void **state)
{
    struct rig *rig = *state;
    rig->bytes.size = 0;
    put(&rig->bytes, ARRAY, 3);
    for (uint32_t count = 0; count <= 5; count++) {
        struct rp_msgpack reader;
        rp_msgpack_init(&reader, rig->bytes.data, 0, rig->bytes.size);
        assert_int_equal(rp_msgpack_tuple(&reader, count), count == 3);
        assert_int_equal(reader.error == NULL, count == 3);
    }
    rig->bytes.size = 0;
    put(&rig->bytes, BYTES, 3);
    for (uint32_t size = 0; size <= 5; size++) {
        struct rp_msgpack reader;
        rp_msgpack_init(&reader, rig->bytes.data, 0, rig->bytes.size);
        const uint8_t *read = rp_msgpack_fixed_bytes(&reader, size);
        assert_ptr_equal(read, size == 3 ? rig->bytes.data + 2 : NULL);
        assert_int_equal(reader.error == NULL, size == 3);
    }
}

static void text_must_be_utf8(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[8];
        bool valid;
    } texts[] = {
        {{0xa2, 0xc3, 0xa9}, true},  {{0xa4, 0xf0, 0x9f, 0x99, 0x82}, true},
        {{0xa1, 0x80}, false},       {{0xa1, 0xff}, false},
        {{0xa2, 0xc0, 0x80}, false}, {{0xa3, 0xed, 0xa0, 0x80}, false},
        {{0xa1, 0xc3, 0xa9}, false}, {{0xa4, 0xf4, 0x90, 0x80, 0x80}, false},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct rp_msgpack reader;
        rp_msgpack_init(&reader, texts[i].bytes, 0, sizeof texts[i].bytes);
        struct rp_span text = rp_msgpack_text(&reader, UINT32_MAX);
        assert_int_equal(text.size > 0, texts[i].valid);
        assert_int_equal(reader.error == NULL, texts[i].valid);
    }
}

static void nil_is_taken_only_if_it_is_next(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xc0, 0x05};
    struct rp_msgpack reader;
    rp_msgpack_init(&reader, bytes, 0, sizeof bytes);
    assert_true(rp_msgpack_is_nil(&reader));
    assert_false(rp_msgpack_is_nil(&reader));
    assert_int_equal(rp_msgpack_uint(&reader, 5), 5);
    assert_false(rp_msgpack_is_nil(&reader));
    assert_null(reader.error);
}

static void bytes_are_seen_before_they_are_taken(void **state)
{
    (void)state;
    for (unsigned head = 0; head < 256; head++) {
        uint8_t bytes[2] = {(uint8_t)head};
        struct rp_msgpack reader;
        rp_msgpack_init(&reader, bytes, 0, sizeof bytes);
        assert_int_equal(rp_msgpack_next_is_bytes(&reader), head >= 0xc4 && head <= 0xc6);
        assert_int_equal(rp_msgpack_offset(&reader), 0);
        rp_msgpack_init(&reader, bytes, 0, 0);
        assert_false(rp_msgpack_next_is_bytes(&reader));
    }
}

static void the_first_error_wins_and_the_cursor_stands_still(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x01, 0xc0, 0xc3, 0x90, 0xa0, 0xc4, 0x00};
    struct rp_msgpack reader;
    rp_msgpack_init(&reader, bytes, 0, sizeof bytes);
    assert_int_equal(rp_msgpack_uint(&reader, 9), 1);
    assert_int_equal(rp_msgpack_uint(&reader, 9), 0); /* nil */
    const char *first = reader.error;
    assert_non_null(first);
    assert_int_equal(reader.error_at - bytes, 1);
    assert_false(rp_msgpack_is_nil(&reader));
    assert_false(rp_msgpack_bool(&reader));
    assert_int_equal(rp_msgpack_array(&reader, 9), 0);
    assert_false(rp_msgpack_tuple(&reader, 0));
    assert_int_equal(rp_msgpack_text(&reader, 9).size, 0);
    assert_int_equal(rp_msgpack_bytes(&reader, 9).size, 0);
    assert_null(rp_msgpack_fixed_bytes(&reader, 0));
    rp_msgpack_fail(&reader, bytes, "a later one");
    assert_ptr_equal(reader.error, first);
    assert_int_equal(reader.error_at - bytes, 1);
    assert_int_equal(rp_msgpack_offset(&reader), sizeof bytes);
}

static void reading_begins_and_ends_where_it_was_told(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xff, 0x07, 0xcc, 0x80};
    struct rp_msgpack reader;
    rp_msgpack_init(&reader, bytes, 1, 3);
    assert_int_equal(rp_msgpack_offset(&reader), 1);
    assert_int_equal(rp_msgpack_uint(&reader, 255), 7);
    assert_int_equal(rp_msgpack_uint(&reader, 255), 0); /* its second byte lies behind the end */
    assert_string_equal(reader.error, "ends in the middle of a value");
    assert_int_equal(reader.error_at - bytes, 2);
}

static void a_failed_allocation_is_the_buffers(void **state)
{
    (void)state;
    for (uint64_t call = 1; call <= 2; call++) {
        struct rp_allocator allocator;
        rp_allocator_init(&allocator, 0);
        allocator.fail_call = call;
        allocator.fail_onward = 1;
        struct rp_buffer bytes;
        rp_buffer_init(&bytes, &allocator);
        for (unsigned i = 0; i < 10; i++) {
            rp_msgpack_put_bytes(&bytes, contents, 4000);
        }
        assert_true(bytes.failed);
        rp_buffer_deinit(&bytes);
        assert_int_equal(allocator.used_bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_written_in_its_shortest_form),
        cmocka_unit_test(every_value_is_read_as_it_was_written),
        cmocka_unit_test(every_prefix_is_refused_at_its_value),
        cmocka_unit_test(forms_that_are_not_the_shortest_are_refused),
        cmocka_unit_test(the_border_of_each_long_form_is_exact),
        cmocka_unit_test(values_of_another_type_are_refused),
        cmocka_unit_test(numbers_beyond_their_bound_are_refused),
        cmocka_unit_test(sizes_and_counts_beyond_their_bound_are_refused),
        cmocka_unit_test(a_count_that_the_bytes_cannot_hold_is_refused),
        cmocka_unit_test(tuples_and_fixed_bytes_have_exactly_their_size),
        cmocka_unit_test(text_must_be_utf8),
        cmocka_unit_test(nil_is_taken_only_if_it_is_next),
        cmocka_unit_test(bytes_are_seen_before_they_are_taken),
        cmocka_unit_test(the_first_error_wins_and_the_cursor_stands_still),
        cmocka_unit_test(reading_begins_and_ends_where_it_was_told),
        cmocka_unit_test(a_failed_allocation_is_the_buffers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
