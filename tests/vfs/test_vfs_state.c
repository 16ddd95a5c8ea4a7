/* Tests of vfs/vfs_save.c and vfs/vfs_load.c: one tree has one encoding, what is no tree's is
 * refused by name. */
#include "tests/support/pack_text.h"
#include "tests/vfs/vfs_scene.h"

static void save_scene(struct saved *out_saved)
{
    struct tree tree;
    make_scene(&tree);
    save_tree(tree.vfs, out_saved);
    free_tree(&tree);
}

/* ---- the encoding ---- */

struct encoding {
    const char *what;
    void (*make)(struct tree *tree);
    const char *text;
};

static const struct encoding encodings[] = {
    {"an empty tree", make_nothing, "[1000 100000 50 [[1 0 1000 1000 1000 0 1 2 0 0 [] []]]]"},
    {"the scene", make_scene,
     "[70000 100000 50 ["
     "[1 0 1000 1000 1000 0 1 8 0 0"
     " [['again' 4 4] ['d' 2 3] ['link' 5 5] ['null' 6 6] ['sparse' 7 7]] []]"
     "[2 0 1000 1000 1000 1 1 6 6 1 [['e' 3 3] ['hello' 4 4]] [[6 'gone']]]"
     "[3 0 1000 1000 1000 0 2 2 0 0 [] []]"
     "[4 1 1000 1000 1000 0 5 [[0 'hello']]]"
     "[5 2 1000 1000 1000 0 'd/hello']"
     "[6 3 1000 1000 1000 0 1]"
     "[7 1 1000 1000 1000 0 20484 [[1 2] [5 'tail']]]"
     "[8 4 1000 1000 1000 10 2 1 'its']"
     "[9 1 1000 1000 1000 1 4 [[0 'lost']]]"
     "[10 0 1000 1000 1000 1 0 2 0 0 [] []]"
     "]]"},
    {"runs as long as they can be", make_runs,
     "[1000 100000 50 [[1 0 1000 1000 1000 0 1 3 0 0 [['f' 2 3]] []]"
     "[2 1 1000 1000 1000 0 40967 [[0 x8192] [2 1] [4 x3.4096] [10 'xxxxxxx']]]]]"},
};

static void one_tree_has_these_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(encodings); i++) {
        struct tree tree;
        struct saved saved;
        struct saved expected;
        encodings[i].make(&tree);
        save_tree(tree.vfs, &saved);
        rp_allocator_init(&expected.allocator, 0);
        rp_buffer_init(&expected.bytes, &expected.allocator);
        rp_pack_text(&expected.bytes, encodings[i].text);
        assert_int_equal(saved.bytes.size, expected.bytes.size);
        assert_memory_equal(saved.bytes.data, expected.bytes.data, expected.bytes.size);
        rp_vfs_destroy(assert_round_trip(&tree.allocator, tree.vfs));
        free_saved(&expected);
        free_saved(&saved);
        free_tree(&tree);
    }
}

static void a_run_longer_than_the_longest_is_written_in_two(void **state)
{
    (void)state;
    static uint8_t page[RP_VFS_PAGE_BYTES] = {1};
    struct tree tree;
    struct saved saved;
    size_t count = 0;
    tree_init(&tree);
    uint64_t inode = tree_write(&tree, "f", page, sizeof page);
    for (uint64_t i = 1; i < RP_VFS_RUN_PAGES_MAX + 2; i++) {
        must(rp_vfs_write(tree.vfs, inode, i * sizeof page, page, sizeof page, &count));
    }
    rp_vfs_destroy(assert_round_trip(&tree.allocator, tree.vfs));
    save_tree(tree.vfs, &saved);
    /* the second run: an array of 2, a page number, bytes of two pages */
    static const uint8_t second[] = {0x92, 0xcd, 0x10, 0x00, 0xc5, 0x20, 0x00, 0x01};
    assert_memory_equal(saved.bytes.data + saved.bytes.size - 2 * sizeof page - 7, second,
                        sizeof second);
    free_saved(&saved);
    free_tree(&tree);
}

/* ---- bytes that are no tree's ---- */

/* What every bad input must do: a named error, or (if it is a tree's after all) a sound tree that
 * saves to exactly these bytes. Returns the status. */
static rp_status assert_refused_or_canonical(const uint8_t *bytes, size_t size)
{
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    rp_report report = {0};
    struct rp_vfs *vfs = NULL;
    uint8_t roots[2][RP_HASH_BYTES];
    rp_status status = load_bytes(&allocator, NULL, bytes, size, &vfs, &report);
    assert_int_equal(root_of_bytes(bytes, size, roots[0]), status);
    if (status == RP_OK) {
        struct saved saved;
        assert_sound(vfs);
        save_tree(vfs, &saved);
        assert_int_equal(saved.bytes.size, size);
        assert_memory_equal(saved.bytes.data, bytes, size);
        assert_true(rp_vfs_root(vfs, roots[1]));
        assert_memory_equal(roots[0], roots[1], RP_HASH_BYTES);
        free_saved(&saved);
        rp_vfs_destroy(vfs);
    } else {
        assert_true(status == RP_ERROR_SNAPSHOT_TRUNCATED || status == RP_ERROR_SNAPSHOT_ENCODING ||
                    status == RP_ERROR_SNAPSHOT_STATE);
        assert_null(vfs);
    }
    assert_int_equal(allocator.used_bytes, 0);
    return status;
}

static void every_flipped_bit_is_refused_or_another_tree(void **state)
{
    (void)state;
    struct saved saved;
    save_scene(&saved);
    uint8_t *bytes = saved.bytes.data;
    uint8_t root[RP_HASH_BYTES];
    unsigned taken = 0;
    assert_int_equal(root_of_bytes(bytes, saved.bytes.size, root), RP_OK);
    for (size_t bit = 0; bit < 8 * saved.bytes.size; bit++) {
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
        if (assert_refused_or_canonical(bytes, saved.bytes.size) == RP_OK) {
            uint8_t other[RP_HASH_BYTES];
            taken++;
            assert_int_equal(root_of_bytes(bytes, saved.bytes.size, other), RP_OK);
            assert_memory_not_equal(other, root, RP_HASH_BYTES);
        }
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
    }
    print_message("%zu bits, %u flips are another tree\n", 8 * saved.bytes.size, taken);
    assert_true(taken > 0);
    free_saved(&saved);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    struct saved saved;
    save_scene(&saved);
    for (size_t size = 0; size < saved.bytes.size; size++) {
        assert_int_not_equal(assert_refused_or_canonical(saved.bytes.data, size), RP_OK);
    }
    rp_buffer_byte(&saved.bytes, 0);
    assert_int_not_equal(assert_refused_or_canonical(saved.bytes.data, saved.bytes.size), RP_OK);
    free_saved(&saved);
}

/* The bytes with `head_size` of them at `at` replaced. */
static void replace(const struct saved *saved, size_t at, size_t head_size, const uint8_t *head,
                    size_t size, struct rp_buffer *out)
{
    out->size = 0;
    rp_buffer_append(out, saved->bytes.data, at);
    rp_buffer_append(out, head, size);
    rp_buffer_append(out, saved->bytes.data + at + head_size, saved->bytes.size - at - head_size);
    assert_false(out->failed);
}

static size_t put_wide(uint8_t out[9], uint8_t head, uint64_t number, unsigned width)
{
    out[0] = head;
    for (unsigned i = 0; i < width; i++) {
        out[1 + i] = (uint8_t)(number >> (8 * (width - 1 - i)));
    }
    return 1 + width;
}

static void every_form_that_is_not_the_shortest_is_refused(void **state)
{
    (void)state;
    struct saved saved;
    save_scene(&saved);
    struct rp_buffer changed;
    rp_buffer_init(&changed, &saved.allocator);
    struct rp_pack_value value = {0};
    for (size_t at = 0; at < saved.bytes.size;) {
        at = rp_pack_value_at(saved.bytes.data, at, &value);
        for (unsigned form = 0; form < 4; form++) {
            unsigned width = 1u << form;
            uint8_t first = value.kind == RP_PACK_NUMBER  ? 0xcc
                            : value.kind == RP_PACK_BYTES ? 0xc4
                                                          : 0xdb; /* 0xdb is never used */
            bool exists = value.kind == RP_PACK_NUMBER ||
                          (value.kind == RP_PACK_BYTES && form < 3) ||
                          (value.kind == RP_PACK_ARRAY && (form == 1 || form == 2));
            if (!exists || 1 + width <= value.size) {
                continue;
            }
            uint8_t head[9];
            size_t size = put_wide(head, (uint8_t)(first + form), value.number, width);
            replace(&saved, value.at, value.size, head, size, &changed);
            assert_int_equal(assert_refused_or_canonical(changed.data, changed.size),
                             RP_ERROR_SNAPSHOT_ENCODING);
        }
    }
    rp_buffer_deinit(&changed);
    free_saved(&saved);
}

static void every_number_may_lie(void **state)
{
    (void)state;
    static const uint64_t lies[] = {0,          1,
                                    2,          3,
                                    4,          9,
                                    10,         255,
                                    4096,       100000,
                                    UINT32_MAX, UINT64_C(1) << 32,
                                    INT64_MAX,  UINT64_C(1) << 63,
                                    UINT64_MAX};
    struct saved saved;
    save_scene(&saved);
    struct rp_buffer changed;
    struct rp_buffer number;
    rp_buffer_init(&changed, &saved.allocator);
    rp_buffer_init(&number, &saved.allocator);
    struct rp_pack_value value = {0};
    for (size_t at = 0; at < saved.bytes.size;) {
        at = rp_pack_value_at(saved.bytes.data, at, &value);
        for (size_t i = 0; i < RP_ARRAY_COUNT(lies) && value.kind == RP_PACK_NUMBER; i++) {
            for (uint64_t delta = 0; delta < 3; delta++) {
                number.size = 0;
                rp_msgpack_put_uint(&number, delta == 0 ? lies[i] : value.number + delta * 2 - 3);
                replace(&saved, value.at, value.size, number.data, number.size, &changed);
                (void)assert_refused_or_canonical(changed.data, changed.size);
            }
        }
    }
    rp_buffer_deinit(&number);
    rp_buffer_deinit(&changed);
    free_saved(&saved);
}

#define TREE(inodes) "[0 100000 50 [" inodes "]]"
#define ROOT(cookie_last, entries) "[1 0 0 0 0 0 1 " cookie_last " 0 0 [" entries "] []]"
#define FILE_OF(size, runs) TREE(ROOT("3", "['f' 2 3]") "[2 1 0 0 0 0 " size " [" runs "]]")
#define NAMED(name) TREE(ROOT("3", "[" name " 2 3]") "[2 1 0 0 0 0 0 []]")

struct lie {
    const char *text;
    rp_status status;
    const char *message; /* a part of it; NULL: it is a tree */
};

static const struct lie lies[] = {
    /* the head and the root */
    {"[0 100000 50 [] 5]", RP_ERROR_SNAPSHOT_ENCODING, "another size"},
    {"[0 100000 0 []]", RP_ERROR_SNAPSHOT_STATE, "limit of inodes is 0"},
    {"[0 100000 4294967296 []]", RP_ERROR_SNAPSHOT_STATE, "beyond 32 bits"},
    {TREE(""), RP_ERROR_SNAPSHOT_STATE, "no root"},
    {TREE("[2 0 0 0 0 1 0 2 0 0 [] []]"), RP_ERROR_SNAPSHOT_STATE, "no root"},
    {TREE("[1 1 0 0 0 1 0 []]"), RP_ERROR_SNAPSHOT_STATE, "no root"},
    {TREE("[1 0 0 0 0 0 0 2 0 0 [] []]"), RP_ERROR_SNAPSHOT_STATE, "no root"},
    {TREE("[1 0 0 0 0 0 1 2 0 0 [] []]"), RP_OK, NULL},
    {"[0 100000 1 [" ROOT("3", "['f' 2 3]") "[2 1 0 0 0 0 0 []]]]", RP_ERROR_SNAPSHOT_STATE,
     "more inodes"},
    {"[0 34 2 [" ROOT("3", "['ff' 2 3]") "[2 1 0 0 0 0 0 []]]]", RP_OK, NULL},
    {"[0 33 2 [" ROOT("3", "['ff' 2 3]") "[2 1 0 0 0 0 0 []]]]", RP_ERROR_SNAPSHOT_STATE,
     "more bytes"},
    /* numbers and kinds of inodes */
    {TREE(ROOT("3", "['f' 50 3]") "[50 1 0 0 0 0 0 []]"), RP_OK, NULL},
    {TREE(ROOT("3", "['f' 51 3]") "[51 1 0 0 0 0 0 []]"), RP_ERROR_SNAPSHOT_STATE,
     "beyond the limit of inodes"},
    {TREE("[0 1 0 0 0 1 0 []]"), RP_ERROR_SNAPSHOT_ENCODING, "in order of their numbers"},
    {TREE(ROOT("2", "") "[3 1 0 0 0 1 0 []] [2 1 0 0 0 1 0 []]"), RP_ERROR_SNAPSHOT_ENCODING,
     "in order of their numbers"},
    {TREE(ROOT("2", "") "[2 1 0 0 0 1 0 []] [2 1 0 0 0 1 0 []]"), RP_ERROR_SNAPSHOT_ENCODING,
     "in order of their numbers"},
    {TREE(ROOT("2", "") "[2 5 0 0 0 1 0 []]"), RP_ERROR_SNAPSHOT_STATE, "does not exist"},
    {TREE(ROOT("2", "") "[2 1 0 0 0 1 0 [] 0]"), RP_ERROR_SNAPSHOT_ENCODING, "more or fewer"},
    {TREE(ROOT("2", "") "[2 1 0 0 0 4294967296 0 []]"), RP_ERROR_SNAPSHOT_STATE, "too often"},
    /* names */
    {NAMED("'a'"), RP_OK, NULL},
    {NAMED("x255"), RP_OK, NULL},
    {NAMED("x256"), RP_ERROR_SNAPSHOT_ENCODING, "limit"},
    {NAMED("''"), RP_ERROR_SNAPSHOT_STATE, "no entry can have"},
    {NAMED("'.'"), RP_ERROR_SNAPSHOT_STATE, "no entry can have"},
    {NAMED("'..'"), RP_ERROR_SNAPSHOT_STATE, "no entry can have"},
    {NAMED("'...'"), RP_OK, NULL},
    {NAMED("'a/b'"), RP_ERROR_SNAPSHOT_STATE, "no entry can have"},
    {NAMED("x1.2"), RP_ERROR_SNAPSHOT_STATE, "no entry can have"},
    {TREE(ROOT("4", "['a' 2 3] ['a' 2 4]") "[2 1 0 0 0 0 0 []]"), RP_ERROR_SNAPSHOT_ENCODING,
     "byte-wise order"},
    {TREE(ROOT("4", "['b' 2 3] ['a' 2 4]") "[2 1 0 0 0 0 0 []]"), RP_ERROR_SNAPSHOT_ENCODING,
     "byte-wise order"},
    {TREE(ROOT("4", "['ab' 2 3] ['a' 2 4]") "[2 1 0 0 0 0 0 []]"), RP_ERROR_SNAPSHOT_ENCODING,
     "byte-wise order"},
    {TREE(ROOT("4", "['a' 2 4] ['ab' 2 3]") "[2 1 0 0 0 0 0 []]"), RP_OK, NULL},
    /* cookies */
    {TREE(ROOT("2", "['f' 2 3]") "[2 1 0 0 0 0 0 []]"), RP_ERROR_SNAPSHOT_STATE, "cookie"},
    {TREE(ROOT("3", "['f' 2 2]") "[2 1 0 0 0 0 0 []]"), RP_ERROR_SNAPSHOT_STATE, "cookie"},
    {TREE(ROOT("3", "['a' 2 3] ['b' 2 3]") "[2 1 0 0 0 0 0 []]"), RP_ERROR_SNAPSHOT_STATE,
     "cookie"},
    {TREE(ROOT("1", "")), RP_ERROR_SNAPSHOT_STATE, "cookies"},
    {TREE(ROOT("9223372036854775807", "")), RP_OK, NULL},
    {TREE(ROOT("9223372036854775808", "")), RP_ERROR_SNAPSHOT_STATE, "cookies"},
    {TREE("[1 0 0 0 0 0 1 9 9 1 [] []]"), RP_OK, NULL},
    {TREE("[1 0 0 0 0 0 1 9 10 1 [] []]"), RP_ERROR_SNAPSHOT_STATE, "cookies"},
    {TREE("[1 0 0 0 0 0 1 9 9 0 [] []]"), RP_ERROR_SNAPSHOT_STATE, "cookies"},
    {TREE("[1 0 0 0 0 0 1 9 9 4294967296 [] []]"), RP_ERROR_SNAPSHOT_STATE, "too many readers"},
    {TREE("[1 0 0 0 0 0 1 9 5 1 [] [[3 'a'] [5 'b']]]"), RP_OK, NULL},
    {TREE("[1 0 0 0 0 0 1 9 5 1 [] [[5 'a'] [3 'b']]]"), RP_ERROR_SNAPSHOT_ENCODING,
     "in order of their cookies"},
    {TREE("[1 0 0 0 0 0 1 9 5 1 [] [[6 'a']]]"), RP_ERROR_SNAPSHOT_STATE, "nobody was given"},
    {TREE("[1 0 0 0 0 0 1 9 0 0 [] [[3 'a']]]"), RP_ERROR_SNAPSHOT_STATE, "nobody was given"},
    {TREE("[1 0 0 0 0 0 1 9 5 1 [] [[2 'a']]]"), RP_ERROR_SNAPSHOT_STATE, "cookie"},
    {TREE("[1 0 0 0 0 0 1 9 5 1 [] [[3 '/']]]"), RP_ERROR_SNAPSHOT_STATE, "no entry can have"},
    {TREE("[1 0 0 0 0 0 1 9 5 1 [['f' 2 3]] [[3 'a']]] [2 1 0 0 0 0 0 []]"),
     RP_ERROR_SNAPSHOT_STATE, "cookie"},
    /* links */
    {TREE(ROOT("3", "['f' 2 3]")), RP_ERROR_SNAPSHOT_STATE, "does not exist"},
    {TREE(ROOT("3", "['f' 0 3]")), RP_ERROR_SNAPSHOT_STATE, "does not exist"},
    {TREE(ROOT("3", "['f' 18446744073709551615 3]")), RP_ERROR_SNAPSHOT_STATE, "does not exist"},
    {TREE(ROOT("2", "") "[2 1 0 0 0 0 0 []]"), RP_ERROR_SNAPSHOT_STATE, "nobody holds"},
    {TREE(ROOT("2", "") "[2 1 0 0 0 1 0 []]"), RP_OK, NULL},
    {TREE(ROOT("3", "['r' 1 3]")), RP_ERROR_SNAPSHOT_STATE, "another place"},
    {TREE(ROOT("3", "['d' 2 3]") "[2 0 0 0 0 0 1 2 0 0 [] []]"), RP_OK, NULL},
    {TREE(ROOT("3", "['d' 2 3]") "[2 0 0 0 0 0 2 2 0 0 [] []]"), RP_ERROR_SNAPSHOT_STATE,
     "another place"},
    {TREE(ROOT("3", "['d' 2 3]") "[2 0 0 0 0 1 0 2 0 0 [] []]"), RP_ERROR_SNAPSHOT_STATE,
     "another place"},
    {TREE(ROOT("4", "['d' 2 3] ['e' 2 4]") "[2 0 0 0 0 0 1 2 0 0 [] []]"), RP_ERROR_SNAPSHOT_STATE,
     "another place"},
    {TREE(ROOT("3", "['d' 2 3]") "[2 0 0 0 0 0 1 3 0 0 [['r' 1 3]] []]"), RP_ERROR_SNAPSHOT_STATE,
     "another place"},
    {TREE(ROOT("2", "") "[2 0 0 0 0 1 0 2 0 0 [] []]"), RP_OK, NULL},
    {TREE(ROOT("2", "") "[2 0 0 0 0 0 0 2 0 0 [] []]"), RP_ERROR_SNAPSHOT_STATE, "nobody holds"},
    {TREE(ROOT("2", "") "[2 0 0 0 0 1 1 2 0 0 [] []]"), RP_ERROR_SNAPSHOT_STATE, "no path"},
    {TREE(ROOT("2", "") "[2 0 0 0 0 1 0 3 0 0 [['f' 3 3]] []] [3 1 0 0 0 0 0 []]"),
     RP_ERROR_SNAPSHOT_STATE, "was removed has entries"},
    /* a cycle beside the tree */
    {TREE(
         ROOT("2", "") "[2 0 0 0 0 1 3 3 0 0 [['d' 3 3]] []] [3 0 0 0 0 1 2 3 0 0 [['d' 2 3]] []]"),
     RP_ERROR_SNAPSHOT_STATE, "no path"},
    {TREE(ROOT("2", "") "[2 0 0 0 0 1 2 3 0 0 [['d' 2 3]] []]"), RP_ERROR_SNAPSHOT_STATE,
     "no path"},
    /* devices, symlinks, pipes */
    {TREE(ROOT("3", "['d' 2 3]") "[2 3 0 0 0 0 4294967295]"), RP_OK, NULL},
    {TREE(ROOT("3", "['d' 2 3]") "[2 3 0 0 0 0 4294967296]"), RP_ERROR_SNAPSHOT_STATE, "32 bits"},
    {TREE(ROOT("4", "['d' 2 3] ['e' 2 4]") "[2 3 0 0 0 0 1]"), RP_ERROR_SNAPSHOT_STATE,
     "has a name already"},
    {TREE(ROOT("2", "") "[2 3 0 0 0 1 1]"), RP_ERROR_SNAPSHOT_STATE, "nobody holds"},
    {TREE(ROOT("3", "['s' 2 3]") "[2 2 0 0 0 0 x4095]"), RP_OK, NULL},
    {TREE(ROOT("3", "['s' 2 3]") "[2 2 0 0 0 0 x4096]"), RP_ERROR_SNAPSHOT_ENCODING, "limit"},
    {TREE(ROOT("3", "['s' 2 3]") "[2 2 0 0 0 0 '']"), RP_ERROR_SNAPSHOT_STATE, "target"},
    {TREE(ROOT("3", "['s' 2 3]") "[2 2 0 0 0 0 x1.3]"), RP_ERROR_SNAPSHOT_STATE, "target"},
    {TREE(ROOT("2", "") "[2 4 0 0 0 5 1 0 'abcde']"), RP_OK, NULL},
    {TREE(ROOT("2", "") "[2 4 0 0 0 4 1 0 'abcde']"), RP_ERROR_SNAPSHOT_STATE, "wait"},
    {TREE(ROOT("2", "") "[2 4 0 0 0 5 0 1 'a']"), RP_ERROR_SNAPSHOT_STATE, "wait"},
    {TREE(ROOT("2", "") "[2 4 0 0 0 5 0 1 '']"), RP_OK, NULL},
    {TREE(ROOT("2", "") "[2 4 0 0 0 5 0 0 '']"), RP_ERROR_SNAPSHOT_STATE, "nobody holds"},
    {TREE(ROOT("2", "") "[2 4 0 0 0 0 1 0 '']"), RP_ERROR_SNAPSHOT_STATE, "capacity"},
    {TREE(ROOT("2", "") "[2 4 0 0 0 1048577 1 0 '']"), RP_ERROR_SNAPSHOT_STATE, "capacity"},
    {TREE(ROOT("2", "") "[2 4 0 0 0 100001 1 0 '']"), RP_ERROR_SNAPSHOT_STATE, "more bytes"},
    {TREE(ROOT("2", "") "[2 4 0 0 0 5 4294967295 1 '']"), RP_ERROR_SNAPSHOT_STATE, "ends"},
    {TREE(ROOT("2", "") "[2 4 0 0 0 5 4294967296 1 '']"), RP_ERROR_SNAPSHOT_STATE, "readers"},
    {TREE(ROOT("2", "") "[2 4 0 0 0 5 1 4294967296 '']"), RP_ERROR_SNAPSHOT_STATE, "writers"},
    {TREE(ROOT("3", "['p' 2 3]") "[2 4 0 0 0 5 1 1 '']"), RP_ERROR_SNAPSHOT_STATE, "pipe"},
    /* pages */
    {FILE_OF("9223372036854775807", ""), RP_OK, NULL},
    {FILE_OF("9223372036854775808", ""), RP_ERROR_SNAPSHOT_STATE, "larger than files"},
    {FILE_OF("9223372036854775807", "[2251799813685247 1]"), RP_OK, NULL},
    {FILE_OF("9223372036854775807", "[2251799813685248 1]"), RP_ERROR_SNAPSHOT_STATE, "behind"},
    {FILE_OF("9223372036854775807", "[0 2251799813685248]"), RP_ERROR_SNAPSHOT_STATE, "bytes"},
    {FILE_OF("9223372036854775807", "[1 18446744073709551615]"), RP_ERROR_SNAPSHOT_STATE, "behind"},
    {FILE_OF("5", "[0 'abcde']"), RP_OK, NULL},
    {FILE_OF("5", "[0 'abcd']"), RP_ERROR_SNAPSHOT_ENCODING, "ends within"},
    {FILE_OF("5", "[0 'abcdef']"), RP_ERROR_SNAPSHOT_STATE, "behind"},
    {FILE_OF("5", "[0 '']"), RP_ERROR_SNAPSHOT_ENCODING, "ends within"},
    {FILE_OF("5", "[1 'a']"), RP_ERROR_SNAPSHOT_STATE, "behind"},
    {FILE_OF("5", "[0 z5]"), RP_ERROR_SNAPSHOT_ENCODING, "zeros"},
    {FILE_OF("5", "[0 1]"), RP_OK, NULL},
    {FILE_OF("5", "[0 2]"), RP_ERROR_SNAPSHOT_STATE, "behind"},
    {FILE_OF("5", "[0 0]"), RP_ERROR_SNAPSHOT_ENCODING, "no pages"},
    {FILE_OF("5", "[0 nil]"), RP_ERROR_SNAPSHOT_ENCODING, "type"},
    {FILE_OF("8192", "[0 x8192]"), RP_OK, NULL},
    {FILE_OF("8192", "[0 x4096.8192]"), RP_ERROR_SNAPSHOT_ENCODING, "zeros"},
    {FILE_OF("8192", "[0 x4096] [1 x4096]"), RP_ERROR_SNAPSHOT_ENCODING, "in two"},
    {FILE_OF("8192", "[0 1] [1 1]"), RP_ERROR_SNAPSHOT_ENCODING, "in two"},
    {FILE_OF("8192", "[1 2]"), RP_ERROR_SNAPSHOT_STATE, "behind"},
    {FILE_OF("8192", "[0 1] [1 x4096]"), RP_OK, NULL},
    {FILE_OF("8192", "[0 x4096] [1 1]"), RP_OK, NULL},
    {FILE_OF("8192", "[1 1] [0 x4096]"), RP_ERROR_SNAPSHOT_ENCODING, "in order"},
    {FILE_OF("8192", "[0 2] [1 x4096]"), RP_ERROR_SNAPSHOT_ENCODING, "in order"},
    {FILE_OF("8192", "[0 x5000]"), RP_ERROR_SNAPSHOT_ENCODING, "ends within"},
    {FILE_OF("100000", "[0 24]"), RP_OK, NULL},
    {FILE_OF("100000", "[0 25]"), RP_ERROR_SNAPSHOT_STATE, "more bytes"},
};

static void lies_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(lies); i++) {
        struct rp_allocator allocator;
        rp_allocator_init(&allocator, 0);
        struct rp_buffer bytes;
        rp_buffer_init(&bytes, &allocator);
        rp_pack_text(&bytes, lies[i].text);
        rp_status status = assert_refused_or_canonical(bytes.data, bytes.size);
        rp_report report = {0};
        struct rp_vfs *vfs = NULL;
        (void)load_bytes(&allocator, NULL, bytes.data, bytes.size, &vfs, &report);
        if (status != lies[i].status ||
            (lies[i].message != NULL && strstr(report.text, lies[i].message) == NULL)) {
            fail_msg("%s\n gives status %d: %s", lies[i].text, (int)status, report.text);
        }
        rp_vfs_destroy(vfs);
        rp_buffer_deinit(&bytes);
        assert_int_equal(allocator.used_bytes, 0);
    }
}

/* 65000 links are the most: the border, in both directions. */
static void more_links_than_can_be_are_refused(void **state)
{
    (void)state;
    for (unsigned is_directory = 0; is_directory < 2; is_directory++) {
        for (uint32_t more = 0; more < 2; more++) {
            uint32_t count = RP_VFS_LINKS_MAX + more - (is_directory != 0 ? 2 : 0);
            struct rp_allocator allocator;
            rp_allocator_init(&allocator, 0);
            struct rp_buffer bytes;
            rp_buffer_init(&bytes, &allocator);
            rp_msgpack_put_array(&bytes, 4);
            rp_pack_text(&bytes, "0 10000000 100000");
            rp_msgpack_put_array(&bytes, is_directory != 0 ? 1 + count : 2);
            rp_msgpack_put_array(&bytes, 12);
            rp_pack_text(&bytes, "1 0 0 0 0 0 1 100000 0 0");
            rp_msgpack_put_array(&bytes, count);
            for (uint32_t i = 0; i < count; i++) {
                char name[9];
                (void)snprintf(name, sizeof name, "%08u", i);
                rp_msgpack_put_array(&bytes, 3);
                rp_msgpack_put_bytes(&bytes, name, 8);
                rp_msgpack_put_uint(&bytes, is_directory != 0 ? 2 + i : 2);
                rp_msgpack_put_uint(&bytes, 3 + i);
            }
            rp_pack_text(&bytes, is_directory != 0 ? "[]" : "[] [2 1 0 0 0 0 0 []]");
            for (uint32_t i = 0; i < count && is_directory != 0; i++) {
                rp_msgpack_put_array(&bytes, 12);
                rp_msgpack_put_uint(&bytes, 2 + i);
                rp_pack_text(&bytes, "0 0 0 0 0 1 2 0 0 [] []");
            }
            assert_int_equal(assert_refused_or_canonical(bytes.data, bytes.size),
                             more == 0 ? RP_OK : RP_ERROR_SNAPSHOT_STATE);
            rp_buffer_deinit(&bytes);
        }
    }
}

/* A few bytes that claim much: the memory that refusing them takes is small. */
static void small_lies_cost_little(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[0 18446744073709551615 4294967295 [" ROOT(
            "3", "['f' 4294967295 3]") "[4294967295 1 0 0 0 0 9223372036854775807 [[0 "
                                       "1000000000000] [2000000000000 nil]]]]]",
        "[0 18446744073709551615 4294967295 [" ROOT(
            "9223372036854775807",
            "['f' 2 9223372036854775807]") "[2 1 0 0 0 0 9223372036854775807 [[1125899906842624 "
                                           "1]]]]]",
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(texts); i++) {
        struct rp_allocator allocator;
        rp_allocator_init(&allocator, 0);
        struct rp_buffer bytes;
        rp_buffer_init(&bytes, &allocator);
        rp_pack_text(&bytes, texts[i]);
        struct rp_allocator used;
        rp_allocator_init(&used, 0);
        struct rp_msgpack in;
        uint8_t root[RP_HASH_BYTES];
        rp_msgpack_init(&in, bytes.data, 0, bytes.size);
        rp_status status = rp_vfs_root_of(&used, &in, root, NULL);
        assert_int_equal(status, i == 0 ? RP_ERROR_SNAPSHOT_ENCODING : RP_OK);
        assert_true(used.peak_bytes < 20000);
        rp_buffer_deinit(&bytes);
    }
}

/* ---- limits ---- */

static void other_limits_are_refused_by_name(void **state)
{
    (void)state;
    struct saved saved;
    save_scene(&saved);
    for (unsigned i = 0; i < 4; i++) {
        struct rp_allocator allocator;
        rp_allocator_init(&allocator, 0);
        struct rp_vfs_limits limits = {.bytes_max = 100000 + (i & 1), .inodes_max = 50 + (i >> 1)};
        struct rp_vfs *vfs = NULL;
        rp_report report = {0};
        rp_status status =
            load_bytes(&allocator, &limits, saved.bytes.data, saved.bytes.size, &vfs, &report);
        assert_int_equal(status, i == 0 ? RP_OK : RP_ERROR_SNAPSHOT_CONFIG);
        assert_true(i == 0 || strstr(report.text, "100000 bytes and 50 inodes") != NULL);
        rp_vfs_destroy(vfs);
        assert_int_equal(allocator.used_bytes, 0);
    }
    struct rp_msgpack in;
    struct rp_vfs_limits limits = {0};
    rp_msgpack_init(&in, saved.bytes.data, 0, saved.bytes.size);
    assert_int_equal(rp_vfs_read_limits(&in, &limits, NULL), RP_OK);
    assert_int_equal(limits.bytes_max, 100000);
    assert_int_equal(limits.inodes_max, 50);
    free_saved(&saved);
}

/* ---- the host's memory ---- */

static void every_failed_allocation_is_said(void **state)
{
    (void)state;
    struct tree tree;
    struct saved saved;
    make_scene(&tree);
    save_tree(tree.vfs, &saved);
    uint8_t root[RP_HASH_BYTES];
    for (unsigned what = 0; what < 4; what++) {
        bool done = false;
        for (uint64_t call = 1; !done; call++) {
            struct rp_allocator allocator;
            rp_allocator_init(&allocator, 0);
            struct rp_msgpack in;
            rp_msgpack_init(&in, saved.bytes.data, 0, saved.bytes.size);
            struct rp_vfs *vfs = NULL;
            struct rp_buffer bytes;
            rp_buffer_init(&bytes, &allocator);
            rp_alloc_inject(call, 1);
            if (what == 0) {
                rp_status status = rp_vfs_load(&allocator, NULL, &in, &vfs, NULL);
                done = status == RP_OK;
                assert_true(done || status == RP_ERROR_NO_MEMORY);
            } else if (what == 1) {
                rp_status status = rp_vfs_root_of(&allocator, &in, root, NULL);
                done = status == RP_OK;
                assert_true(done || status == RP_ERROR_NO_MEMORY);
            } else if (what == 2) {
                done = rp_vfs_root(tree.vfs, root);
            } else {
                rp_vfs_save(tree.vfs, &bytes);
                done = !bytes.failed;
            }
            rp_alloc_inject(0, 0);
            rp_vfs_destroy(vfs);
            rp_buffer_deinit(&bytes);
            assert_int_equal(allocator.used_bytes, 0);
            assert_true(call < 1000);
        }
    }
    free_saved(&saved);
    free_tree(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_tree_has_these_bytes),
        cmocka_unit_test(a_run_longer_than_the_longest_is_written_in_two),
        cmocka_unit_test(every_flipped_bit_is_refused_or_another_tree),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_form_that_is_not_the_shortest_is_refused),
        cmocka_unit_test(every_number_may_lie),
        cmocka_unit_test(lies_are_refused_by_name),
        cmocka_unit_test(more_links_than_can_be_are_refused),
        cmocka_unit_test(small_lies_cost_little),
        cmocka_unit_test(other_limits_are_refused_by_name),
        cmocka_unit_test(every_failed_allocation_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
