/* Tests of vfs/pipe.c. */
#include "tests/vfs/tree.h"

#define END_READ RP_VFS_END_READ
#define END_WRITE RP_VFS_END_WRITE

static uint8_t input[2 * RP_VFS_PIPE_BYTES_MAX];
static uint8_t output[2 * RP_VFS_PIPE_BYTES_MAX];

static uint64_t make_pipe(struct tree *tree, uint32_t capacity)
{
    uint64_t pipe = RP_VFS_NONE;
    must(rp_vfs_make_pipe(tree->vfs, capacity, &pipe));
    return pipe;
}

static void put(struct tree *tree, uint64_t pipe, const char *text)
{
    size_t count = 0;
    must(rp_vfs_pipe_write(tree->vfs, pipe, text, strlen(text), &count));
    assert_int_equal(count, strlen(text));
}

static void take(struct rp_vfs *vfs, uint64_t pipe, const char *expected)
{
    char data[64] = {0};
    size_t count = 0;
    must(rp_vfs_pipe_read(vfs, pipe, data, strlen(expected), &count));
    assert_int_equal(count, strlen(expected));
    assert_string_equal(data, expected);
}

static void drop_both(struct tree *tree, uint64_t pipe)
{
    must(rp_vfs_pipe_drop(tree->vfs, pipe, END_READ));
    must(rp_vfs_pipe_drop(tree->vfs, pipe, END_WRITE));
}

/* What the contract says a write of `size` bytes answers. */
static enum rp_vfs_error expected_write(uint32_t capacity, size_t waiting, size_t size,
                                        size_t *out_count)
{
    size_t room = capacity - waiting;
    bool whole = size <= RP_VFS_PIPE_ATOMIC_BYTES && size <= capacity;
    *out_count = whole || size < room ? size : room;
    return size > 0 && (room == 0 || (whole && size > room)) ? RP_VFS_AGAIN : RP_VFS_OK;
}

/* Bytes go in and out in random portions; a byte's value follows from its place in the stream. */
static void run_stream(uint32_t capacity, uint64_t random)
{
    struct tree tree;
    tree_init(&tree);
    uint64_t pipe = make_pipe(&tree, capacity);
    uint64_t written = 0;
    uint64_t taken = 0;
    for (unsigned step = 0; step < 2000; step++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t size = (size_t)(random >> 40) % (2 * (size_t)capacity + 2);
        size_t waiting = (size_t)(written - taken);
        size_t count = 12345;
        size_t expected = 0;
        if ((random >> 33) % 2 == 0) {
            for (size_t i = 0; i < size; i++) {
                input[i] = (uint8_t)((written + i) * 7 + (written + i) / 256);
            }
            enum rp_vfs_error answer = expected_write(capacity, waiting, size, &expected);
            assert_int_equal(rp_vfs_pipe_write(tree.vfs, pipe, input, size, &count), answer);
            assert_int_equal(count, answer == RP_VFS_OK ? expected : 12345);
            written += answer == RP_VFS_OK ? count : 0;
        } else if (size > 0 && waiting == 0) {
            assert_int_equal(rp_vfs_pipe_read(tree.vfs, pipe, output, size, &count), RP_VFS_AGAIN);
        } else {
            must(rp_vfs_pipe_read(tree.vfs, pipe, output, size, &count));
            assert_int_equal(count, size < waiting ? size : waiting);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(output[i], (uint8_t)((taken + i) * 7 + (taken + i) / 256));
            }
            taken += count;
        }
        assert_int_equal(tree_stat(&tree, pipe).size, written - taken);
        assert_null(rp_vfs_check(tree.vfs));
    }
    drop_both(&tree, pipe);
    tree_deinit(&tree);
}

static void bytes_come_out_as_they_went_in(void **state)
{
    (void)state;
    static const uint32_t capacities[] = {1, 2, 100, 4095, 4096, 4097, 20000};
    for (unsigned i = 0; i < RP_ARRAY_COUNT(capacities); i++) {
        run_stream(capacities[i], i);
    }
}

static void the_largest_pipe_takes_its_capacity_and_no_more(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    uint64_t pipe = make_pipe(&tree, RP_VFS_PIPE_BYTES_MAX);
    size_t count = 0;
    memset(input, 5, sizeof input);
    must(rp_vfs_pipe_write(tree.vfs, pipe, input, sizeof input, &count));
    assert_int_equal(count, RP_VFS_PIPE_BYTES_MAX);
    assert_int_equal(rp_vfs_pipe_write(tree.vfs, pipe, "x", 1, &count), RP_VFS_AGAIN);
    must(rp_vfs_pipe_read(tree.vfs, pipe, output, 1, &count));
    must(rp_vfs_pipe_write(tree.vfs, pipe, "x", 1, &count));
    must(rp_vfs_pipe_read(tree.vfs, pipe, output, sizeof output, &count));
    assert_int_equal(count, RP_VFS_PIPE_BYTES_MAX);
    assert_int_equal(output[count - 1], 'x');
    drop_both(&tree, pipe);
    tree_deinit(&tree);
}

struct write_case {
    uint32_t capacity;
    size_t waiting;
    size_t size;
    enum rp_vfs_error expected;
    size_t count;
};

static const struct write_case write_cases[] = {
    {10000, 0, 0, RP_VFS_OK, 0},
    {10000, 10000, 0, RP_VFS_OK, 0},
    {10000, 0, 4096, RP_VFS_OK, 4096},
    {10000, 5904, 4096, RP_VFS_OK, 4096},
    {10000, 5905, 4096, RP_VFS_AGAIN, 0},
    {10000, 5905, 4097, RP_VFS_OK, 4095},
    {10000, 9999, 4097, RP_VFS_OK, 1},
    {10000, 10000, 4097, RP_VFS_AGAIN, 0},
    {10000, 10000, 1, RP_VFS_AGAIN, 0},
    {10000, 9999, 1, RP_VFS_OK, 1},
    {10000, 9999, 2, RP_VFS_AGAIN, 0},
    {100, 0, 100, RP_VFS_OK, 100},
    {100, 1, 100, RP_VFS_AGAIN, 0},
    {100, 1, 101, RP_VFS_OK, 99}, /* could never be whole */
    {100, 100, 101, RP_VFS_AGAIN, 0},
    {1, 0, 1, RP_VFS_OK, 1},
    {1, 0, 2, RP_VFS_OK, 1},
};

static void short_writes_are_whole_and_long_ones_take_what_fits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RP_ARRAY_COUNT(write_cases); i++) {
        const struct write_case *row = &write_cases[i];
        struct tree tree;
        tree_init(&tree);
        uint64_t pipe = make_pipe(&tree, row->capacity);
        size_t count = 0;
        for (size_t done = 0; done < row->waiting; done += count) {
            size_t part = row->waiting - done < 1000 ? row->waiting - done : 1000;
            must(rp_vfs_pipe_write(tree.vfs, pipe, input, part, &count));
        }
        uint64_t before = vfs_digest(tree.vfs);
        count = 0;
        assert_int_equal(rp_vfs_pipe_write(tree.vfs, pipe, input, row->size, &count),
                         row->expected);
        assert_int_equal(count, row->count);
        assert_int_equal(vfs_digest(tree.vfs) == before, row->count == 0);
        drop_both(&tree, pipe);
        tree_deinit(&tree);
    }
}

static void ends_decide_what_reading_and_writing_answer(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    uint64_t pipe = make_pipe(&tree, 100);
    char data[10];
    size_t count = 77;
    assert_int_equal(rp_vfs_pipe_read(tree.vfs, pipe, data, sizeof data, &count), RP_VFS_AGAIN);
    assert_int_equal(count, 77);
    must(rp_vfs_pipe_read(tree.vfs, pipe, data, 0, &count));
    assert_int_equal(count, 0);
    put(&tree, pipe, "last");
    must(rp_vfs_pipe_hold(tree.vfs, pipe, END_WRITE));
    must(rp_vfs_pipe_drop(tree.vfs, pipe, END_WRITE));
    must(rp_vfs_pipe_drop(tree.vfs, pipe, END_WRITE));
    take(tree.vfs, pipe, "last"); /* what waits outlives its writers */
    must(rp_vfs_pipe_read(tree.vfs, pipe, data, sizeof data, &count));
    assert_int_equal(count, 0);
    assert_int_equal(rp_vfs_pipe_hold(tree.vfs, pipe, END_WRITE), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_pipe_drop(tree.vfs, pipe, END_WRITE), RP_VFS_INVAL);
    must(rp_vfs_pipe_drop(tree.vfs, pipe, END_READ));
    assert_int_equal(rp_vfs_inode_count(tree.vfs), 1);
    assert_int_equal(rp_vfs_pipe_drop(tree.vfs, pipe, END_READ), RP_VFS_INVAL);

    pipe = make_pipe(&tree, 100);
    put(&tree, pipe, "nobody will read this");
    must(rp_vfs_pipe_drop(tree.vfs, pipe, END_READ));
    assert_int_equal(tree_stat(&tree, pipe).size, 0);
    assert_int_equal(rp_vfs_pipe_write(tree.vfs, pipe, "x", 1, &count), RP_VFS_PIPE);
    must(rp_vfs_pipe_write(tree.vfs, pipe, "x", 0, &count));
    assert_int_equal(rp_vfs_pipe_hold(tree.vfs, pipe, END_READ), RP_VFS_INVAL);
    assert_null(rp_vfs_check(tree.vfs));
    must(rp_vfs_pipe_drop(tree.vfs, pipe, END_WRITE));
    tree_deinit(&tree);
}

static void a_pipe_is_an_inode_of_its_own_kind(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    uint64_t pipe = make_pipe(&tree, 100);
    size_t count = 0;
    char data[4];
    uint64_t time = 7;
    rp_vfs_set_time(tree.vfs, 5000);
    put(&tree, pipe, "abc");
    struct rp_vfs_stat stat = tree_stat(&tree, pipe);
    assert_int_equal(stat.kind, RP_VFS_FIFO);
    assert_int_equal(stat.size, 3);
    assert_int_equal(stat.link_count, 0);
    assert_int_equal(stat.page_count, 0);
    assert_int_equal(stat.modified_ns, 5000);
    assert_int_equal(stat.accessed_ns, TREE_TIME_NS);
    must(rp_vfs_set_times(tree.vfs, pipe, &(struct rp_vfs_times){.accessed_ns = &time}));
    assert_int_equal(tree_stat(&tree, pipe).accessed_ns, 7);
    assert_false(rp_vfs_is_directory(tree.vfs, pipe));

    struct rp_vfs_pipe_state found;
    must(rp_vfs_pipe_get_state(tree.vfs, pipe, &found));
    assert_int_equal(found.capacity, 100);
    assert_int_equal(found.waiting, 3);
    assert_int_equal(found.readers, 1);
    assert_int_equal(found.writers, 1);

    assert_int_equal(rp_vfs_hold(tree.vfs, pipe), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_drop(tree.vfs, pipe), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_read(tree.vfs, pipe, 0, data, 4, &count), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_write(tree.vfs, pipe, 0, data, 4, &count), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_truncate(tree.vfs, pipe, 0), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_allocate(tree.vfs, pipe, 0, 1), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_read_link(tree.vfs, pipe, data, 4, &count), RP_VFS_INVAL);
    struct rp_vfs_start inside = {.directory = pipe};
    uint64_t inode = 0;
    assert_int_equal(rp_vfs_resolve(tree.vfs, inside, path_of("x"), true, &inode), RP_VFS_NOTDIR);
    drop_both(&tree, pipe);
    tree_deinit(&tree);
}

static void what_is_no_pipe_is_refused(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    tree_file(&tree, "f");
    tree_symlink(&tree, "l", "f");
    must(rp_vfs_mount_device(tree.vfs, at_root, path_of("null"), 1));
    uint64_t others[] = {RP_VFS_NONE,
                         RP_VFS_ROOT,
                         tree_find(&tree, "f"),
                         tree_find(&tree, "l"),
                         tree_find(&tree, "null"),
                         99};
    uint64_t before = vfs_digest(tree.vfs);
    for (unsigned i = 0; i < RP_ARRAY_COUNT(others); i++) {
        size_t count = 0;
        char data = 'x';
        struct rp_vfs_pipe_state found;
        assert_int_equal(rp_vfs_pipe_hold(tree.vfs, others[i], END_READ), RP_VFS_INVAL);
        assert_int_equal(rp_vfs_pipe_drop(tree.vfs, others[i], END_WRITE), RP_VFS_INVAL);
        assert_int_equal(rp_vfs_pipe_read(tree.vfs, others[i], &data, 1, &count), RP_VFS_INVAL);
        assert_int_equal(rp_vfs_pipe_write(tree.vfs, others[i], &data, 1, &count), RP_VFS_INVAL);
        assert_int_equal(rp_vfs_pipe_get_state(tree.vfs, others[i], &found), RP_VFS_INVAL);
    }
    assert_int_equal(vfs_digest(tree.vfs), before);
    tree_deinit(&tree);
}

static void capacity_is_bounded_and_charged(void **state)
{
    (void)state;
    struct tree tree;
    tree_init_limited(&tree, 10000, 3);
    uint64_t pipe = RP_VFS_NONE;
    uint64_t second = RP_VFS_NONE;
    assert_int_equal(rp_vfs_make_pipe(tree.vfs, 0, &pipe), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_make_pipe(tree.vfs, RP_VFS_PIPE_BYTES_MAX + 1, &pipe), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_make_pipe(tree.vfs, 10001, &pipe), RP_VFS_NOSPC);
    assert_int_equal(rp_vfs_inode_count(tree.vfs), 1);
    must(rp_vfs_make_pipe(tree.vfs, 9000, &pipe));
    assert_int_equal(rp_vfs_make_pipe(tree.vfs, 1001, &second), RP_VFS_NOSPC);
    must(rp_vfs_make_pipe(tree.vfs, 1000, &second));
    assert_int_equal(rp_vfs_bytes_used(tree.vfs), 10000);
    assert_int_equal(rp_vfs_make_pipe(tree.vfs, 1, &second), RP_VFS_DQUOT);
    size_t count = 0;
    must(rp_vfs_pipe_write(tree.vfs, pipe, input, 9000, &count)); /* paid for already */
    assert_int_equal(count, 9000);
    assert_null(rp_vfs_check(tree.vfs));
    drop_both(&tree, second);
    drop_both(&tree, pipe);
    assert_int_equal(rp_vfs_bytes_used(tree.vfs), 0);
    tree_deinit(&tree);
}

static void clones_of_a_pipe_diverge(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    uint64_t pipe = make_pipe(&tree, 100000);
    size_t count = 0;
    must(rp_vfs_pipe_write(tree.vfs, pipe, input, 5000, &count));
    must(rp_vfs_pipe_read(tree.vfs, pipe, output, 5000 - 3, &count));
    must(rp_vfs_pipe_read(tree.vfs, pipe, output, 3, &count));
    put(&tree, pipe, "common ");
    struct rp_vfs *clone = rp_vfs_clone(tree.vfs);
    assert_non_null(clone);
    assert_int_equal(vfs_digest(clone), vfs_digest(tree.vfs));
    put(&tree, pipe, "first");
    must(rp_vfs_pipe_write(clone, pipe, "second!", 7, &count));
    must(rp_vfs_pipe_drop(clone, pipe, END_WRITE));
    take(tree.vfs, pipe, "common first");
    take(clone, pipe, "common second!");
    must(rp_vfs_pipe_read(clone, pipe, output, 1, &count));
    assert_int_equal(count, 0);
    assert_int_equal(rp_vfs_pipe_read(tree.vfs, pipe, output, 1, &count), RP_VFS_AGAIN);
    assert_null(rp_vfs_check(clone));
    rp_vfs_destroy(clone);
    drop_both(&tree, pipe);
    tree_deinit(&tree);
}

struct piece_reader {
    size_t size;
};

/* Puts the pieces together in `output`. */
static bool read_piece(void *user, uint64_t inode, const uint8_t *bytes, size_t size)
{
    struct piece_reader *reader = user;
    (void)inode;
    memcpy(output + reader->size, bytes, size);
    reader->size += size;
    return true;
}

/* A pipe whose ring begins elsewhere is the same state. */
static void the_state_is_what_waits_not_where(void **state)
{
    (void)state;
    uint64_t digests[2];
    for (unsigned i = 0; i < 2; i++) {
        struct tree tree;
        tree_init(&tree);
        uint64_t pipe = make_pipe(&tree, 20000);
        size_t count = 0;
        for (unsigned at = 0; at < 20000; at++) {
            input[at] = (uint8_t)(at * 7 + at / 256);
        }
        if (i == 1) {
            must(rp_vfs_pipe_write(tree.vfs, pipe, input, 15000, &count));
        }
        must(rp_vfs_pipe_write(tree.vfs, pipe, input, 5000, &count));
        if (i == 1) {
            must(rp_vfs_pipe_read(tree.vfs, pipe, output, 15000, &count));
        }
        must(rp_vfs_pipe_write(tree.vfs, pipe, input + 5000, 10000, &count));
        struct piece_reader reader = {0};
        struct rp_vfs_visitor visitor = {.user = &reader, .waiting = read_piece};
        assert_true(rp_vfs_walk(tree.vfs, &visitor));
        assert_int_equal(reader.size, 15000);
        assert_memory_equal(output, input, 15000);
        digests[i] = vfs_digest(tree.vfs);
        drop_both(&tree, pipe);
        tree_deinit(&tree);
    }
    assert_int_equal(digests[0], digests[1]);
}

struct stopping {
    unsigned calls;
    unsigned stop_at;
    size_t sizes[8];
};

static bool see_pipe(void *user, uint64_t inode, const struct rp_vfs_pipe_state *found)
{
    struct stopping *stopping = user;
    (void)inode;
    assert_int_equal(found->waiting, 9000);
    return ++stopping->calls != stopping->stop_at;
}

static bool see_piece(void *user, uint64_t inode, const uint8_t *bytes, size_t size)
{
    struct stopping *stopping = user;
    (void)inode;
    (void)bytes;
    stopping->sizes[stopping->calls] = size;
    return ++stopping->calls != stopping->stop_at;
}

static void the_walk_gives_pieces_of_a_page_and_may_be_ended(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    uint64_t pipe = make_pipe(&tree, 9000);
    size_t count = 0;
    must(rp_vfs_pipe_write(tree.vfs, pipe, input, 8000, &count));
    must(rp_vfs_pipe_read(tree.vfs, pipe, output, 7999, &count));
    must(rp_vfs_pipe_write(tree.vfs, pipe, input, 8999, &count));
    for (unsigned stop = 0; stop <= 4; stop++) {
        struct stopping stopping = {.stop_at = stop};
        struct rp_vfs_visitor visitor = {.user = &stopping, .pipe = see_pipe, .waiting = see_piece};
        assert_int_equal(rp_vfs_walk(tree.vfs, &visitor), stop == 0);
        assert_int_equal(stopping.calls, stop == 0 ? 4 : stop);
        assert_int_equal(stopping.sizes[3], stop == 0 || stop == 4 ? 808 : 0);
        assert_int_equal(stopping.sizes[1], stop == 1 ? 0 : RP_VFS_PAGE_BYTES);
    }
    struct rp_vfs_visitor nothing = {0};
    assert_true(rp_vfs_walk(tree.vfs, &nothing));
    drop_both(&tree, pipe);
    tree_deinit(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_as_they_went_in),
        cmocka_unit_test(the_largest_pipe_takes_its_capacity_and_no_more),
        cmocka_unit_test(short_writes_are_whole_and_long_ones_take_what_fits),
        cmocka_unit_test(ends_decide_what_reading_and_writing_answer),
        cmocka_unit_test(a_pipe_is_an_inode_of_its_own_kind),
        cmocka_unit_test(what_is_no_pipe_is_refused),
        cmocka_unit_test(capacity_is_bounded_and_charged),
        cmocka_unit_test(clones_of_a_pipe_diverge),
        cmocka_unit_test(the_state_is_what_waits_not_where),
        cmocka_unit_test(the_walk_gives_pieces_of_a_page_and_may_be_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
