/* Saving and loading after every operation of random histories: the tree that was loaded is the
 * tree that was saved, and goes on as it would have.
 *
 * usage: test_vfs_state_random [OPERATIONS [SEED]]; 10,000 operations, with REPRISE_TEST_LONG=1 a
 * million. The line that is printed first reproduces a failure.
 *
 * Two trees live side by side: one is never saved, the other is loaded anew from its bytes every
 * few operations; both get the same operations, must answer the same, and must save to the same
 * bytes. */
#include "tests/vfs/vfs_state.h"

#define NAMES 8u
#define HANDLES 6u
#define CLONES 3u
#define INODES_AT_MOST 40u

static const char *const names[NAMES] = {"a", "b", "ab", "B", "x.txt", "\xc3\xa9", "a ", "0"};

static unsigned long operations;
static unsigned long seed = 20261122;

enum handle_kind { FREE, OPEN_FILE, OPEN_DIRECTORY, OPEN_PIPE };

struct handle {
    enum handle_kind kind;
    uint64_t inode;
    uint64_t cookie; /* of the listing that goes on; 0: none does */
    bool listing;
    unsigned readers;
    unsigned writers;
};

struct model {
    struct rp_allocator allocator;
    struct rp_vfs *vfs[2];
    struct rp_vfs *clones[CLONES];
    struct handle handles[HANDLES];
    uint64_t random;
    uint64_t answered;
    uint64_t failed;
    uint64_t loaded;
};

static unsigned pick(struct model *model, unsigned count)
{
    model->random = model->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(model->random >> 33) % count;
}

static const char *pick_path(struct model *model, char path[32])
{
    unsigned steps = 1 + pick(model, 3);
    path[0] = '\0';
    for (unsigned i = 0; i < steps; i++) {
        (void)strcat(path, i > 0 ? "/" : "");
        (void)strcat(path, names[pick(model, i + 1 < steps ? 3 : NAMES)]);
    }
    return path;
}

static struct rp_vfs_start pick_start(struct model *model)
{
    const struct handle *handle = &model->handles[pick(model, HANDLES)];
    bool other = handle->kind == OPEN_DIRECTORY && pick(model, 3) == 0;
    return (struct rp_vfs_start){.directory = other ? handle->inode : RP_VFS_ROOT};
}

/* Does the same to both trees and compares the answers. */
#define BOTH(model, call)                            \
    do {                                             \
        enum rp_vfs_error answers[2];                \
        for (unsigned side = 0; side < 2; side++) {  \
            struct rp_vfs *vfs = (model)->vfs[side]; \
            answers[side] = (call);                  \
        }                                            \
        assert_int_equal(answers[0], answers[1]);    \
        error = answers[0];                          \
        (model)->answered++;                         \
        (model)->failed += error != RP_VFS_OK;       \
    } while (0)

static struct handle *pick_handle(struct model *model, enum handle_kind kind)
{
    unsigned from = pick(model, HANDLES);
    for (unsigned i = 0; i < HANDLES; i++) {
        struct handle *handle = &model->handles[(from + i) % HANDLES];
        if (handle->kind == kind) {
            return handle;
        }
    }
    return NULL;
}

static void do_name(struct model *model)
{
    char path[32];
    char other[32];
    struct rp_vfs_start start = pick_start(model);
    struct rp_vfs_start other_start = pick_start(model);
    struct rp_vfs_path first = path_of(pick_path(model, path));
    struct rp_vfs_path second = path_of(pick_path(model, other));
    enum rp_vfs_error error = RP_VFS_OK;
    bool full = rp_vfs_inode_count(model->vfs[0]) > INODES_AT_MOST;
    switch (pick(model, full ? 4 : 9)) {
    case 0:
        BOTH(model, rp_vfs_unlink(vfs, start, first));
        break;
    case 1:
        BOTH(model, rp_vfs_remove_directory(vfs, start, first));
        break;
    case 2:
    case 3:
        BOTH(model, rp_vfs_rename(vfs, start, first, other_start, second));
        break;
    case 4:
        BOTH(model, rp_vfs_link(vfs, start, first, pick(model, 1) != 0, other_start, second));
        break;
    case 5:
        BOTH(model, rp_vfs_make_symlink(vfs, start, first, second));
        break;
    case 6:
        if (pick(model, 20) == 0) {
            BOTH(model, rp_vfs_mount_device(vfs, start, first, 7));
            break;
        }
        BOTH(model, rp_vfs_link(vfs, start, first, false, other_start, second));
        break;
    default:
        BOTH(model, rp_vfs_make_directory(vfs, start, first));
        break;
    }
}

static void do_open(struct model *model)
{
    struct handle *handle = pick_handle(model, FREE);
    if (handle == NULL) {
        return;
    }
    enum rp_vfs_error error = RP_VFS_OK;
    uint64_t inodes[2] = {0};
    unsigned which = pick(model, 8);
    if (which == 0) {
        uint32_t capacity = 1 + pick(model, 9000);
        BOTH(model, rp_vfs_make_pipe(vfs, capacity, &inodes[side]));
        if (error == RP_VFS_OK) {
            *handle =
                (struct handle){.kind = OPEN_PIPE, .inode = inodes[0], .readers = 1, .writers = 1};
        }
    } else {
        static const unsigned modes[] = {RP_VFS_OPEN_CREATE | RP_VFS_OPEN_WRITE,
                                         RP_VFS_OPEN_DIRECTORY, RP_VFS_OPEN_WRITE,
                                         RP_VFS_OPEN_WRITE | RP_VFS_OPEN_TRUNCATE};
        unsigned flags = modes[pick(model, 4)];
        char path[32];
        struct rp_vfs_start start = pick_start(model);
        struct rp_vfs_path name = path_of(pick_path(model, path));
        BOTH(model, rp_vfs_open(vfs, start, name, flags, &inodes[side]));
        if (error == RP_VFS_OK) {
            bool directory = rp_vfs_is_directory(model->vfs[0], inodes[0]);
            *handle =
                (struct handle){.kind = directory ? OPEN_DIRECTORY : OPEN_FILE, .inode = inodes[0]};
        }
    }
    assert_int_equal(inodes[0], inodes[1]);
}

static void close_handle(struct model *model, struct handle *handle)
{
    enum rp_vfs_error error = RP_VFS_OK;
    if (handle->kind == OPEN_PIPE) {
        for (unsigned i = 0; i < handle->readers; i++) {
            BOTH(model, rp_vfs_pipe_drop(vfs, handle->inode, RP_VFS_END_READ));
        }
        for (unsigned i = 0; i < handle->writers; i++) {
            BOTH(model, rp_vfs_pipe_drop(vfs, handle->inode, RP_VFS_END_WRITE));
        }
    } else if (handle->kind != FREE) {
        if (handle->listing) {
            BOTH(model, rp_vfs_reader_end(vfs, handle->inode));
        }
        BOTH(model, rp_vfs_drop(vfs, handle->inode));
    }
    *handle = (struct handle){0};
}

static void do_file(struct model *model)
{
    const struct handle *handle = pick_handle(model, OPEN_FILE);
    if (handle == NULL) {
        return;
    }
    static uint8_t data[6000];
    enum rp_vfs_error error = RP_VFS_OK;
    size_t counts[2] = {0};
    uint64_t offset = pick(model, 5) == 0 ? (uint64_t)pick(model, 100) << 30 : pick(model, 30000);
    size_t size = pick(model, pick(model, 3) == 0 ? sizeof data : 100);
    switch (pick(model, 6)) {
    case 0:
        BOTH(model, rp_vfs_truncate(vfs, handle->inode, offset));
        break;
    case 1:
        BOTH(model, rp_vfs_allocate(vfs, handle->inode, offset, size));
        break;
    case 2: {
        uint64_t time_ns = pick(model, 1000);
        struct rp_vfs_times times = {.accessed_ns = &time_ns};
        BOTH(model, rp_vfs_set_times(vfs, handle->inode, &times));
        break;
    }
    default:
        /* zeros, too: a page of them is written another way */
        memset(data, (int)pick(model, 3), sizeof data);
        BOTH(model, rp_vfs_write(vfs, handle->inode, offset, data, size, &counts[side]));
        break;
    }
    assert_int_equal(counts[0], counts[1]);
}

static void do_directory(struct model *model)
{
    struct handle *handle = pick_handle(model, OPEN_DIRECTORY);
    if (handle == NULL) {
        return;
    }
    enum rp_vfs_error error = RP_VFS_OK;
    if (!handle->listing) {
        BOTH(model, rp_vfs_reader_begin(vfs, handle->inode));
        handle->listing = true;
        handle->cookie = RP_VFS_COOKIE_START;
        return;
    }
    if (pick(model, 10) == 0) {
        BOTH(model, rp_vfs_reader_rewind(vfs, handle->inode));
        handle->cookie = RP_VFS_COOKIE_START;
        return;
    }
    struct rp_vfs_entry entries[2] = {0};
    bool found[2] = {false, false};
    BOTH(model, rp_vfs_list(vfs, handle->inode, handle->cookie, &found[side], &entries[side]));
    assert_int_equal(found[0], found[1]);
    if (!found[0]) {
        BOTH(model, rp_vfs_reader_end(vfs, handle->inode));
        handle->listing = false;
        return;
    }
    assert_int_equal(entries[0].cookie, entries[1].cookie);
    assert_int_equal(entries[0].kind, entries[1].kind);
    handle->cookie = entries[0].cookie;
    BOTH(model, rp_vfs_reader_gave(vfs, handle->inode, handle->cookie));
}

static void do_pipe(struct model *model)
{
    struct handle *handle = pick_handle(model, OPEN_PIPE);
    if (handle == NULL) {
        return;
    }
    static uint8_t data[2][9000];
    enum rp_vfs_error error = RP_VFS_OK;
    size_t counts[2] = {0};
    size_t size = pick(model, sizeof data[0]);
    switch (pick(model, 8)) {
    case 0:
        BOTH(model, rp_vfs_pipe_hold(vfs, handle->inode, RP_VFS_END_READ));
        handle->readers += error == RP_VFS_OK;
        break;
    case 1:
        if (handle->readers + handle->writers > 1 && handle->readers > 0) {
            BOTH(model, rp_vfs_pipe_drop(vfs, handle->inode, RP_VFS_END_READ));
            handle->readers--;
        }
        break;
    case 2:
    case 3:
    case 4:
        memset(data, (int)('a' + pick(model, 26)), sizeof data);
        BOTH(model, rp_vfs_pipe_write(vfs, handle->inode, data[side], size, &counts[side]));
        break;
    default:
        memset(data, 0, sizeof data);
        BOTH(model, rp_vfs_pipe_read(vfs, handle->inode, data[side], size, &counts[side]));
        assert_memory_equal(data[0], data[1], sizeof data[0]);
        break;
    }
    assert_int_equal(counts[0], counts[1]);
}

/* Clones share pieces with the tree that is never loaded anew. */
static void do_clone(struct model *model)
{
    struct rp_vfs **clone = &model->clones[pick(model, CLONES)];
    if (*clone != NULL) {
        struct rp_vfs *loaded = assert_round_trip(&model->allocator, *clone);
        rp_vfs_destroy(loaded);
        rp_vfs_destroy(*clone);
    }
    *clone = rp_vfs_clone(model->vfs[0]);
    assert_non_null(*clone);
}

static void do_operation(struct model *model)
{
    unsigned which = pick(model, 100);
    if (which < 35) {
        do_name(model);
    } else if (which < 50) {
        do_open(model);
    } else if (which < 70) {
        do_file(model);
    } else if (which < 82) {
        do_directory(model);
    } else if (which < 90) {
        do_pipe(model);
    } else if (which < 98) {
        close_handle(model, &model->handles[pick(model, HANDLES)]);
    } else {
        do_clone(model);
    }
    for (unsigned side = 0; side < 2; side++) {
        rp_vfs_set_time(model->vfs[side], model->answered);
    }
}

static void compare_sides(struct model *model)
{
    struct saved sides[2];
    save_tree(model->vfs[0], &sides[0]);
    save_tree(model->vfs[1], &sides[1]);
    assert_int_equal(sides[0].bytes.size, sides[1].bytes.size);
    assert_memory_equal(sides[0].bytes.data, sides[1].bytes.data, sides[0].bytes.size);
    free_saved(&sides[0]);
    free_saved(&sides[1]);
    struct rp_vfs *again = assert_round_trip(&model->allocator, model->vfs[0]);
    if (pick(model, 3) == 0) {
        rp_vfs_destroy(model->vfs[1]);
        model->vfs[1] = again;
        model->loaded++;
    } else {
        rp_vfs_destroy(again);
    }
}

static void loading_is_a_no_op_on_the_rest_of_the_run(void **state)
{
    (void)state;
    print_message("test_vfs_state_random %lu %lu\n", operations, seed);
    struct model model = {.random = seed};
    rp_allocator_init(&model.allocator, 0);
    struct rp_vfs_limits limits = {.bytes_max = 90000, .inodes_max = 50};
    for (unsigned side = 0; side < 2; side++) {
        model.vfs[side] = rp_vfs_create(&model.allocator, &limits, 5);
        assert_non_null(model.vfs[side]);
    }
    for (unsigned long i = 0; i < operations; i++) {
        do_operation(&model);
        compare_sides(&model);
    }
    print_message("%lu answers, %lu of them errors, loaded anew %lu times\n",
                  (unsigned long)model.answered, (unsigned long)model.failed,
                  (unsigned long)model.loaded);
    for (unsigned i = 0; i < HANDLES; i++) {
        close_handle(&model, &model.handles[i]);
    }
    assert_sound(model.vfs[1]);
    for (unsigned i = 0; i < CLONES; i++) {
        rp_vfs_destroy(model.clones[i]);
    }
    rp_vfs_destroy(model.vfs[0]);
    rp_vfs_destroy(model.vfs[1]);
    assert_int_equal(model.allocator.used_bytes, 0);
}

int main(int argc, char **argv)
{
    operations = getenv("REPRISE_TEST_LONG") != NULL ? 1000000 : 10000;
    if (argc > 1) {
        operations = strtoul(argv[1], NULL, 0);
    }
    if (argc > 2) {
        seed = strtoul(argv[2], NULL, 0);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loading_is_a_no_op_on_the_rest_of_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
