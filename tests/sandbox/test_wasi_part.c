/* Tests of sandbox/wasi_part*.c: WASI's two sections saved, read beside, checked against each
 * other, exchanged; checkpoints. The part is driven as snapshot/ drives it, without a store. */
#include "core/page_hash.h"
#include "sandbox/wasi_part.h"
#include "tests/sandbox/guest.h"
#include "tests/support/pack_text.h"

#define SECTIONS ((unsigned)RP_WASI_SECTION_COUNT)
#define PIPE_BYTES 100u

struct sections {
    struct rp_allocator allocator;
    struct rp_buffer bytes[2];
};

static void sections_init(struct sections *sections)
{
    rp_allocator_init(&sections->allocator, 0);
    for (unsigned i = 0; i < SECTIONS; i++) {
        rp_buffer_init(&sections->bytes[i], &sections->allocator);
    }
}

static void sections_free(struct sections *sections)
{
    for (unsigned i = 0; i < SECTIONS; i++) {
        rp_buffer_deinit(&sections->bytes[i]);
    }
    assert_int_equal(sections->allocator.used_bytes, 0);
}

static void save_guest(const struct guest *guest, struct sections *out)
{
    struct rp_store_part *part = &guest->wasi->part;
    sections_init(out);
    for (unsigned i = 0; i < SECTIONS; i++) {
        assert_int_equal(part->save(part->user, i, &out->bytes[i], NULL), RP_OK);
    }
}

/* Reads both sections beside the live state; *out_beside NULL if they were refused. Nothing that is
 * refused leaves a trace. */
static rp_status load_beside(struct guest *guest, const struct sections *sections,
                             void **out_beside, rp_report *report)
{
    struct rp_store_part *part = &guest->wasi->part;
    uint64_t used = guest->wasi->allocator.used_bytes;
    void *beside = NULL;
    rp_status status = RP_OK;
    for (unsigned i = 0; i < SECTIONS && status == RP_OK; i++) {
        struct rp_msgpack in;
        rp_msgpack_init(&in, sections->bytes[i].data, 0, sections->bytes[i].size);
        status = part->load(part->user, i, &in, &beside, report);
        if (status == RP_OK && in.pos != in.end) {
            status = rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING, "something is behind");
        }
    }
    if (status == RP_OK) {
        status = part->finish(part->user, beside, report);
    }
    if (status != RP_OK && beside != NULL) {
        part->discard(part->user, beside);
        beside = NULL;
    }
    if (status != RP_OK) {
        assert_int_equal(guest->wasi->allocator.used_bytes, used);
    }
    *out_beside = beside;
    return status;
}

static void restore_guest(struct guest *guest, const struct sections *sections)
{
    struct rp_store_part *part = &guest->wasi->part;
    rp_report report = {0};
    void *beside = NULL;
    if (load_beside(guest, sections, &beside, &report) != RP_OK) {
        fail_msg("%s", report.text);
    }
    part->exchange(part->user, beside);
    part->discard(part->user, beside);
}

static void assert_sections_equal(const struct sections *a, const struct sections *b)
{
    for (unsigned i = 0; i < SECTIONS; i++) {
        assert_int_equal(a->bytes[i].size, b->bytes[i].size);
        assert_memory_equal(a->bytes[i].data, b->bytes[i].data, a->bytes[i].size);
    }
}

static void assert_saves_to(const struct guest *guest, const struct sections *expected)
{
    struct sections saved;
    save_guest(guest, &saved);
    assert_sections_equal(&saved, expected);
    sections_free(&saved);
}

/* ---- guests ---- */

static const char *const args[] = {"prog", "", "--x"};
static const char *const env[] = {"A=1", "EMPTY=", "B=x=y"};

static void guest_prepare(struct guest *guest)
{
    rp_wasi_config config;
    guest_config(guest, &config);
    config.args = args;
    config.arg_count = RP_ARRAY_COUNT(args);
    config.env = env;
    config.env_count = RP_ARRAY_COUNT(env);
    config.descriptors_max = 20;
    config.inodes_max = 60;
    config.vfs_bytes_max = 200000;
    config.output_bytes_max = 1000;
    guest_init(guest, &config);
    assert_int_equal(rp_wasi_default_tree(guest->wasi, NULL), RP_OK);
    assert_int_equal(rp_wasi_preopen(guest->wasi, "/ro", true, NULL), RP_OK);
    rp_wasi_part_init(guest->wasi);
}

/* One of each kind of descriptor, in all the ways that they can be. */
static void guest_scene(struct guest *guest)
{
    guest_prepare(guest);
    uint32_t file = guest_open(guest, "f", RP_OFLAG_CREAT);
    guest_text(guest, 100, "hello");
    guest_vector(guest, 0, 100, 5);
    assert_int_equal(call(guest, fd_write, file, 0, 1, 200), SUCCESS);
    assert_int_equal(call(guest, fd_write, 1, 0, 1, 200), SUCCESS);
    (void)guest_open(guest, "dev/zero", 0);
    uint32_t directory = guest_open(guest, "dev", RP_OFLAG_DIRECTORY);
    assert_int_equal(call(guest, fd_readdir, directory, 1000, 100, 0, 200), SUCCESS);
    assert_int_equal(call(guest, fd_fdstat_set_flags, file, RP_FDFLAG_APPEND), SUCCESS);
    uint32_t fds[2];
    assert_int_equal(guest_pipe(guest, PIPE_BYTES, fds), SUCCESS);
    assert_int_equal(call(guest, fd_write, fds[1], 0, 1, 200), SUCCESS);
    uint32_t closed = guest_open(guest, "g", RP_OFLAG_CREAT);
    (void)guest_open(guest, "g", 0);
    assert_int_equal(call(guest, fd_close, closed), SUCCESS);
    assert_int_equal(call(guest, path_unlink_file, 3, 60000, 1), SUCCESS); /* "g" */
    assert_int_equal(call(guest, fd_close, 2), SUCCESS);
    guest_subscribe(guest, 0, RP_EVENTTYPE_CLOCK, RP_CLOCK_MONOTONIC, 7, 0);
    assert_int_equal(call(guest, poll_oneoff, 0, 1000, 1, 2000), SUCCESS);
}

/* ---- the encoding ---- */

/* What guest_scene is, as the document says it. */
static const char scene_wasi[] =
    "[1000 20 5 5000000000 7 ['prog' '' '--x'] ['A=1' 'EMPTY=' 'B=x=y'] ["
    "[0 1 0 136314890 6] [1 1 0 136314952 7]"
    "[3 3 0 130023064 1 false 268435455 false '/']"
    "[4 3 0 130023064 17 true 268435455 false '/ro']"
    "[5 2 1 148898303 18 false 5] [6 4 0 144703743 10 false]"
    "[7 3 0 130023064 8 false 268435455 true nil]"
    "[8 5 0 144703498 19 0] [9 5 0 144703560 19 1]"
    "[11 2 0 148898303 20 false 0]]]";

static void the_section_has_these_bytes(void **state)
{
    (void)state;
    static struct guest guest;
    struct sections saved;
    struct sections expected;
    guest_scene(&guest);
    save_guest(&guest, &saved);
    sections_init(&expected);
    rp_pack_text(&expected.bytes[1], scene_wasi);
    assert_int_equal(saved.bytes[1].size, expected.bytes[1].size);
    assert_memory_equal(saved.bytes[1].data, expected.bytes[1].data, saved.bytes[1].size);
    sections_free(&expected);
    sections_free(&saved);
    guest_deinit(&guest);
}

static void what_is_restored_is_what_was_saved(void **state)
{
    (void)state;
    static struct guest guest;
    static struct guest other;
    struct sections saved;
    guest_scene(&guest);
    save_guest(&guest, &saved);
    guest_prepare(&other);
    (void)guest_open(&other, "of no importance", RP_OFLAG_CREAT);
    restore_guest(&other, &saved);
    assert_saves_to(&other, &saved);
    other.now_ns = guest.now_ns;
    memcpy(other.memory, guest.memory, sizeof guest.memory);
    assert_true(guest_digest(&other) == guest_digest(&guest));
    assert_int_equal(other.wasi->descriptors.lowest_free, 2);
    /* the lowest free number is the next one in both */
    assert_int_equal(guest_open(&guest, "n", RP_OFLAG_CREAT), 2);
    assert_int_equal(guest_open(&other, "n", RP_OFLAG_CREAT), 2);
    /* the time of the start is the other run's */
    assert_int_equal(other.wasi->start_ns, guest.wasi->start_ns);
    sections_free(&saved);
    guest_deinit(&guest);
    guest_deinit(&other);
}

static void roots_are_those_of_the_bytes(void **state)
{
    (void)state;
    static struct guest guest;
    struct sections saved;
    guest_scene(&guest);
    save_guest(&guest, &saved);
    struct rp_store_part *part = &guest.wasi->part;
    for (unsigned i = 0; i < SECTIONS; i++) {
        uint8_t roots[3][RP_HASH_BYTES];
        struct rp_span bytes = {saved.bytes[i].data, saved.bytes[i].size};
        struct rp_allocator allocator;
        rp_allocator_init(&allocator, 0);
        assert_int_equal(part->root(part->user, i, roots[0], NULL), RP_OK);
        assert_int_equal(part->root_of(&allocator, i, bytes, roots[1], NULL), RP_OK);
        assert_memory_equal(roots[0], roots[1], RP_HASH_BYTES);
        bytes.size--;
        assert_int_not_equal(part->root_of(&allocator, i, bytes, roots[1], NULL), RP_OK);
        rp_buffer_byte(&saved.bytes[i], 0);
        bytes = (struct rp_span){saved.bytes[i].data, saved.bytes[i].size};
        assert_int_equal(part->root_of(&allocator, i, bytes, roots[1], NULL),
                         RP_ERROR_SNAPSHOT_ENCODING);
        assert_int_equal(allocator.used_bytes, 0);
    }
    /* that of a small section is the hash of its bytes */
    uint8_t hash[RP_HASH_BYTES];
    uint8_t root[RP_HASH_BYTES];
    rp_component_hash(saved.bytes[1].data, saved.bytes[1].size - 1, hash);
    assert_int_equal(part->root(part->user, 1, root, NULL), RP_OK);
    assert_memory_equal(root, hash, sizeof root);
    sections_free(&saved);
    guest_deinit(&guest);
}

/* ---- bytes that are no state's ---- */

static void assert_refused_or_canonical(struct guest *guest, const struct sections *sections,
                                        unsigned *taken)
{
    void *beside = NULL;
    rp_report report = {0};
    struct rp_store_part *part = &guest->wasi->part;
    rp_status status = load_beside(guest, sections, &beside, &report);
    if (status == RP_OK) {
        part->exchange(part->user, beside);
        assert_saves_to(guest, sections);
        part->exchange(part->user, beside);
        part->discard(part->user, beside);
        ++*taken;
        return;
    }
    assert_true(status == RP_ERROR_SNAPSHOT_TRUNCATED || status == RP_ERROR_SNAPSHOT_ENCODING ||
                status == RP_ERROR_SNAPSHOT_STATE || status == RP_ERROR_SNAPSHOT_CONFIG);
    assert_true(report.text[0] != '\0');
}

static void every_flipped_bit_is_refused_or_another_state(void **state)
{
    (void)state;
    static struct guest guest;
    struct sections saved;
    unsigned taken = 0;
    guest_scene(&guest);
    save_guest(&guest, &saved);
    for (unsigned i = 0; i < SECTIONS; i++) {
        for (size_t bit = 0; bit < 8 * saved.bytes[i].size; bit++) {
            uint8_t *byte = &saved.bytes[i].data[bit / 8];
            *byte = (uint8_t)(*byte ^ 1u << bit % 8);
            assert_refused_or_canonical(&guest, &saved, &taken);
            *byte = (uint8_t)(*byte ^ 1u << bit % 8);
        }
        assert_true(taken > 0);
    }
    assert_saves_to(&guest, &saved);
    sections_free(&saved);
    guest_deinit(&guest);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    static struct guest guest;
    struct sections saved;
    unsigned taken = 0;
    guest_scene(&guest);
    save_guest(&guest, &saved);
    for (unsigned i = 0; i < SECTIONS; i++) {
        size_t whole = saved.bytes[i].size;
        for (size_t size = 0; size < whole; size++) {
            saved.bytes[i].size = size;
            assert_refused_or_canonical(&guest, &saved, &taken);
        }
        saved.bytes[i].size = whole;
    }
    assert_int_equal(taken, 0);
    sections_free(&saved);
    guest_deinit(&guest);
}

/* A tree with a file 2, a directory 3, a device 4, a pipe 5, each held as often as the text says.
 */
#define VFS(limits, file, directory, readers, device, number, pipe)               \
    "[0 " limits " [[1 0 0 0 0 0 1 5 0 0 [['d' 3 3] ['f' 2 4] ['z' 4 5]] []]"     \
    "[2 1 0 0 0 " file " 0 []] [3 0 0 0 0 " directory " 1 2 0 " readers " [] []]" \
    "[4 3 0 0 0 " device " " number "]" pipe "]]"
#define LIMITS "200000 60"
#define PLAIN_VFS VFS(LIMITS, "0", "0", "0", "0", "2", "")
#define WASI(descriptors) "[1000 20 0 0 0 [] [] [" descriptors "]]"

struct lie {
    const char *vfs;
    const char *wasi;
    rp_status status;
    const char *message; /* a part of it; NULL: it is a state */
};

static const struct lie lies[] = {
    {PLAIN_VFS, WASI(""), RP_OK, NULL},
    /* quotas */
    {VFS("200001 60", "0", "0", "0", "0", "2", ""), WASI(""), RP_ERROR_SNAPSHOT_CONFIG, "200001"},
    {VFS("200000 61", "0", "0", "0", "0", "2", ""), WASI(""), RP_ERROR_SNAPSHOT_CONFIG, "61"},
    {PLAIN_VFS, "[1001 20 0 0 0 [] [] []]", RP_ERROR_SNAPSHOT_CONFIG, "output_bytes_max is 1001"},
    {PLAIN_VFS, "[1000 21 0 0 0 [] [] []]", RP_ERROR_SNAPSHOT_CONFIG, "descriptors_max is 21"},
    {PLAIN_VFS, "[0 20 0 0 0 [] [] []]", RP_ERROR_SNAPSHOT_STATE, "quota"},
    {PLAIN_VFS, "[1000 2 0 0 0 [] [] []]", RP_ERROR_SNAPSHOT_STATE, "quota"},
    {PLAIN_VFS, "[1000 4294967296 0 0 0 [] [] []]", RP_ERROR_SNAPSHOT_STATE, "quota"},
    {PLAIN_VFS, "[1000 20 1000 0 0 [] [] []]", RP_OK, NULL},
    {PLAIN_VFS, "[1000 20 1001 0 0 [] [] []]", RP_ERROR_SNAPSHOT_STATE, "more output"},
    {PLAIN_VFS, "[1000 20 0 0 0 [] [] [] 0]", RP_ERROR_SNAPSHOT_ENCODING, "size"},
    /* arguments and environment */
    {PLAIN_VFS, "[1000 20 0 0 0 ['' 'a'] ['a='] []]", RP_OK, NULL},
    {PLAIN_VFS, "[1000 20 0 0 0 [x1.2] [] []]", RP_ERROR_SNAPSHOT_STATE, "argument"},
    {PLAIN_VFS, "[1000 20 0 0 0 [] [x1.2] []]", RP_ERROR_SNAPSHOT_STATE, "NAME=value"},
    {PLAIN_VFS, "[1000 20 0 0 0 [] ['a'] []]", RP_ERROR_SNAPSHOT_STATE, "NAME=value"},
    {PLAIN_VFS, "[1000 20 0 0 0 [] ['=a'] []]", RP_ERROR_SNAPSHOT_STATE, "NAME=value"},
    {PLAIN_VFS, "[1000 20 0 0 0 [x2097151] [] []]", RP_OK, NULL},
    {PLAIN_VFS, "[1000 20 0 0 0 [x2097151 ''] [] []]", RP_ERROR_SNAPSHOT_STATE, "more arguments"},
    /* numbers, kinds and flags */
    {PLAIN_VFS, WASI("[0 1 31 0 6] [19 1 0 0 7]"), RP_OK, NULL},
    {PLAIN_VFS, WASI("[20 1 0 0 6]"), RP_ERROR_SNAPSHOT_STATE, "beyond the limit"},
    {PLAIN_VFS, WASI("[18446744073709551615 1 0 0 6]"), RP_ERROR_SNAPSHOT_STATE, "limit"},
    {PLAIN_VFS, WASI("[1 1 0 0 6] [0 1 0 0 7]"), RP_ERROR_SNAPSHOT_ENCODING, "in order"},
    {PLAIN_VFS, WASI("[1 1 0 0 6] [1 1 0 0 7]"), RP_ERROR_SNAPSHOT_ENCODING, "in order"},
    {PLAIN_VFS, WASI("[0 0 0 0 6]"), RP_ERROR_SNAPSHOT_STATE, "kind"},
    {PLAIN_VFS, WASI("[0 6 0 0 6]"), RP_ERROR_SNAPSHOT_STATE, "kind"},
    {PLAIN_VFS, WASI("[0 1 0 0 6 0]"), RP_ERROR_SNAPSHOT_ENCODING, "more or fewer"},
    {PLAIN_VFS, WASI("[0 1 32 0 6]"), RP_ERROR_SNAPSHOT_STATE, "flag"},
    /* streams */
    {PLAIN_VFS, WASI("[0 1 0 136314890 6] [1 1 0 136314952 7] [2 1 0 136314952 8]"), RP_OK, NULL},
    {PLAIN_VFS, WASI("[0 1 0 64 6]"), RP_ERROR_SNAPSHOT_STATE, "right"},
    {PLAIN_VFS, WASI("[0 1 0 2 7]"), RP_ERROR_SNAPSHOT_STATE, "right"},
    {PLAIN_VFS, WASI("[0 1 0 0 5]"), RP_ERROR_SNAPSHOT_STATE, "stream"},
    {PLAIN_VFS, WASI("[0 1 0 0 9]"), RP_ERROR_SNAPSHOT_STATE, "stream"},
    {PLAIN_VFS, WASI("[0 1 0 0 6] [4 1 0 0 6]"), RP_ERROR_SNAPSHOT_STATE, "twice"},
    /* files */
    {VFS(LIMITS, "2", "0", "0", "0", "2", ""),
     WASI("[1 2 0 148898303 2 false 9223372036854775807] [5 2 0 148898303 2 true 0]"),
     RP_ERROR_SNAPSHOT_STATE, "right"},
    {VFS(LIMITS, "2", "0", "0", "0", "2", ""),
     WASI("[1 2 0 148898303 2 false 9223372036854775807] [5 2 0 2 2 true 0]"), RP_OK, NULL},
    {VFS(LIMITS, "1", "0", "0", "0", "2", ""), WASI("[1 2 0 0 2 false 9223372036854775808]"),
     RP_ERROR_SNAPSHOT_STATE, "offset"},
    {VFS(LIMITS, "1", "0", "0", "0", "2", ""), WASI("[1 2 0 512 2 false 0]"),
     RP_ERROR_SNAPSHOT_STATE, "right"},
    {PLAIN_VFS, WASI("[1 2 0 0 2 false 0]"), RP_ERROR_SNAPSHOT_STATE, "not held"},
    {VFS(LIMITS, "1", "0", "0", "0", "2", ""), WASI(""), RP_ERROR_SNAPSHOT_STATE, "not held"},
    {VFS(LIMITS, "2", "0", "0", "0", "2", ""), WASI("[1 2 0 0 2 false 0]"), RP_ERROR_SNAPSHOT_STATE,
     "not held"},
    {PLAIN_VFS, WASI("[1 2 0 0 9 false 0]"), RP_ERROR_SNAPSHOT_STATE, "does not exist"},
    {PLAIN_VFS, WASI("[1 2 0 0 0 false 0]"), RP_ERROR_SNAPSHOT_STATE, "does not exist"},
    {VFS(LIMITS, "0", "1", "0", "0", "2", ""), WASI("[1 2 0 0 3 false 0]"), RP_ERROR_SNAPSHOT_STATE,
     "another kind"},
    {VFS(LIMITS, "0", "0", "0", "1", "2", ""), WASI("[1 2 0 0 4 false 0]"), RP_ERROR_SNAPSHOT_STATE,
     "another kind"},
    /* directories */
    {VFS(LIMITS, "0", "2", "1", "0", "2", ""),
     WASI("[1 3 0 130023064 3 false 268435455 true nil] [2 3 0 0 3 true 0 false 'x']"), RP_OK,
     NULL},
    {VFS(LIMITS, "0", "1", "0", "0", "2", ""), WASI("[1 3 0 0 3 false 0 true nil]"),
     RP_ERROR_SNAPSHOT_STATE, "readers"},
    {VFS(LIMITS, "0", "1", "1", "0", "2", ""), WASI("[1 3 0 0 3 false 0 false nil]"),
     RP_ERROR_SNAPSHOT_STATE, "readers"},
    {VFS(LIMITS, "0", "1", "0", "0", "2", ""), WASI("[1 3 0 2 3 false 0 false nil]"),
     RP_ERROR_SNAPSHOT_STATE, "right"},
    {VFS(LIMITS, "0", "1", "0", "0", "2", ""), WASI("[1 3 0 0 3 false 268435456 false nil]"),
     RP_ERROR_SNAPSHOT_STATE, "right"},
    {VFS(LIMITS, "0", "1", "0", "0", "2", ""), WASI("[1 3 0 0 3 false 0 false '']"),
     RP_ERROR_SNAPSHOT_STATE, "preopen"},
    {VFS(LIMITS, "0", "1", "0", "0", "2", ""), WASI("[1 3 0 0 3 false 0 false '/a/../b']"),
     RP_ERROR_SNAPSHOT_STATE, "preopen"},
    {VFS(LIMITS, "0", "1", "0", "0", "2", ""), WASI("[1 3 0 0 3 false 0 false x1.2]"),
     RP_ERROR_SNAPSHOT_STATE, "preopen"},
    {VFS(LIMITS, "0", "1", "0", "0", "2", ""), WASI("[1 3 0 0 3 false 0 false true]"),
     RP_ERROR_SNAPSHOT_ENCODING, "type"},
    {VFS(LIMITS, "1", "0", "0", "0", "2", ""), WASI("[1 3 0 0 2 false 0 false nil]"),
     RP_ERROR_SNAPSHOT_STATE, "another kind"},
    /* devices */
    {VFS(LIMITS, "0", "0", "0", "1", "2", ""), WASI("[1 4 0 144703743 4 false]"), RP_OK, NULL},
    {VFS(LIMITS, "0", "0", "0", "1", "6", ""), WASI("[1 4 0 64 4 false]"), RP_ERROR_SNAPSHOT_STATE,
     "device"},
    {VFS(LIMITS, "0", "0", "0", "0", "0", ""), WASI(""), RP_ERROR_SNAPSHOT_STATE, "device"},
    {VFS(LIMITS, "0", "0", "0", "0", "9", ""), WASI(""), RP_ERROR_SNAPSHOT_STATE, "device"},
    {VFS(LIMITS, "1", "0", "0", "0", "2", ""), WASI("[1 4 0 0 2 false]"), RP_ERROR_SNAPSHOT_STATE,
     "another kind"},
    /* pipes */
    {VFS(LIMITS, "0", "0", "0", "0", "2", "[5 4 0 0 0 9 1 2 'a']"),
     WASI("[1 5 0 144703498 5 0] [2 5 0 144703560 5 1] [3 5 0 0 5 1]"), RP_OK, NULL},
    {VFS(LIMITS, "0", "0", "0", "0", "2", "[5 4 0 0 0 9 1 2 'a']"),
     WASI("[1 5 0 0 5 0] [2 5 0 0 5 1] [3 5 0 0 5 0]"), RP_ERROR_SNAPSHOT_STATE, "end of a pipe"},
    {VFS(LIMITS, "0", "0", "0", "0", "2", "[5 4 0 0 0 9 1 1 '']"), WASI("[1 5 0 0 5 0]"),
     RP_ERROR_SNAPSHOT_STATE, "not held"},
    {VFS(LIMITS, "0", "0", "0", "0", "2", "[5 4 0 0 0 9 1 0 '']"), WASI("[1 5 0 64 5 0]"),
     RP_ERROR_SNAPSHOT_STATE, "right"},
    {VFS(LIMITS, "0", "0", "0", "0", "2", "[5 4 0 0 0 9 1 0 '']"), WASI("[1 5 0 0 5 2]"),
     RP_ERROR_SNAPSHOT_STATE, "end"},
    {VFS(LIMITS, "0", "0", "0", "0", "2", "[5 4 0 0 0 9 1 0 '']"), WASI("[1 2 0 0 5 false 0]"),
     RP_ERROR_SNAPSHOT_STATE, "another kind"},
    {VFS(LIMITS, "1", "0", "0", "0", "2", ""), WASI("[1 5 0 0 2 0]"), RP_ERROR_SNAPSHOT_STATE,
     "another kind"},
};

static void lies_are_refused_by_name(void **state)
{
    (void)state;
    static struct guest guest;
    guest_prepare(&guest);
    for (size_t i = 0; i < RP_ARRAY_COUNT(lies); i++) {
        struct sections sections;
        sections_init(&sections);
        rp_pack_text(&sections.bytes[0], lies[i].vfs);
        rp_pack_text(&sections.bytes[1], lies[i].wasi);
        void *beside = NULL;
        rp_report report = {0};
        rp_status status = load_beside(&guest, &sections, &beside, &report);
        if (status != lies[i].status ||
            (lies[i].message != NULL && strstr(report.text, lies[i].message) == NULL)) {
            fail_msg("%s\n%s\n gives status %d: %s", lies[i].vfs, lies[i].wasi, (int)status,
                     report.text);
        }
        if (beside != NULL) {
            guest.wasi->part.discard(guest.wasi, beside);
            unsigned taken = 0;
            assert_refused_or_canonical(&guest, &sections, &taken);
        }
        sections_free(&sections);
    }
    guest_deinit(&guest);
}

/* A few bytes that claim much: the memory that looking at them takes is small. */
static void small_lies_cost_little(void **state)
{
    (void)state;
    static struct guest guest;
    guest_prepare(&guest);
    struct sections sections;
    sections_init(&sections);
    rp_pack_text(&sections.bytes[1],
                 "[1000 4294967295 0 0 0 [] [] [[7 1 0 0 6] [4294967294 1 0 0 7]]]");
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    uint8_t root[RP_HASH_BYTES];
    struct rp_span bytes = {sections.bytes[1].data, sections.bytes[1].size};
    assert_int_equal(guest.wasi->part.root_of(&allocator, 1, bytes, root, NULL), RP_OK);
    assert_true(allocator.peak_bytes < 10000);
    sections_free(&sections);
    guest_deinit(&guest);
}

/* ---- the host's memory ---- */

static void every_failed_allocation_leaves_the_state_alone(void **state)
{
    (void)state;
    static struct guest guest;
    struct sections saved;
    guest_scene(&guest);
    save_guest(&guest, &saved);
    uint64_t used = guest.wasi->allocator.used_bytes;
    struct rp_store_part *part = &guest.wasi->part;
    bool done = false;
    for (uint64_t fail_call = 1; !done; fail_call++) {
        void *beside = NULL;
        rp_alloc_inject(fail_call, 1);
        rp_status status = load_beside(&guest, &saved, &beside, NULL);
        rp_alloc_inject(0, 0);
        done = status == RP_OK;
        assert_true(done || status == RP_ERROR_NO_MEMORY);
        if (done) {
            part->discard(part->user, beside);
        }
        assert_int_equal(guest.wasi->allocator.used_bytes, used);
    }
    for (uint64_t fail_call = 1;; fail_call++) {
        rp_alloc_inject(fail_call, 1);
        void *checkpoint = part->checkpoint(part->user);
        rp_alloc_inject(0, 0);
        if (checkpoint != NULL) {
            part->forget(part->user, checkpoint);
            break;
        }
        assert_int_equal(guest.wasi->allocator.used_bytes, used);
    }
    for (unsigned i = 0; i < SECTIONS; i++) {
        uint8_t root[RP_HASH_BYTES];
        struct rp_buffer bytes;
        rp_buffer_init(&bytes, &saved.allocator);
        rp_alloc_inject(1, 1);
        assert_int_equal(part->root(part->user, i, root, NULL), RP_ERROR_NO_MEMORY);
        assert_int_equal(part->save(part->user, i, &bytes, NULL), RP_ERROR_NO_MEMORY);
        rp_alloc_inject(0, 0);
        rp_buffer_deinit(&bytes);
    }
    assert_saves_to(&guest, &saved);
    sections_free(&saved);
    guest_deinit(&guest);
}

/* ---- checkpoints ---- */

static void change_guest(struct guest *guest, unsigned round)
{
    guest_text(guest, 100, "other");
    guest_vector(guest, 0, 100, 5);
    assert_int_equal(call(guest, fd_write, 5, 0, 1, 200), SUCCESS);
    assert_int_equal(call(guest, fd_write, 1, 0, 1, 200), SUCCESS);
    assert_int_equal(call(guest, fd_close, 4), SUCCESS); /* a preopen */
    for (unsigned i = 0; i < 4 + round; i++) {
        (void)guest_open(guest, "many", RP_OFLAG_CREAT);
    }
    guest_subscribe(guest, 0, RP_EVENTTYPE_CLOCK, RP_CLOCK_MONOTONIC, 9, 0);
    assert_int_equal(call(guest, poll_oneoff, 0, 1000, 1, 2000), SUCCESS);
}

static void rolling_back_returns_to_the_checkpoint_and_allocates_nothing(void **state)
{
    (void)state;
    static struct guest guest;
    struct sections saved;
    guest_scene(&guest);
    save_guest(&guest, &saved);
    struct rp_store_part *part = &guest.wasi->part;
    void *checkpoint = part->checkpoint(part->user);
    assert_non_null(checkpoint);
    for (unsigned round = 0; round < 3; round++) {
        change_guest(&guest, round);
        rp_alloc_inject(1, 1);
        part->rollback(part->user, checkpoint);
        assert_int_equal(rp_alloc_injected_calls(), 0);
        rp_alloc_inject(0, 0);
        assert_saves_to(&guest, &saved);
    }
    part->forget(part->user, checkpoint);
    assert_saves_to(&guest, &saved);
    sections_free(&saved);
    guest_deinit(&guest);
}

/* A state with fewer descriptors and other arguments comes between checkpoint and rollback. */
static void rolling_back_works_across_a_restore(void **state)
{
    (void)state;
    static struct guest guest;
    struct sections small;
    struct sections saved;
    guest_scene(&guest);
    save_guest(&guest, &saved);
    sections_init(&small);
    rp_pack_text(&small.bytes[0], PLAIN_VFS);
    rp_pack_text(&small.bytes[1], WASI(""));
    struct rp_store_part *part = &guest.wasi->part;
    void *checkpoint = part->checkpoint(part->user);
    assert_non_null(checkpoint);
    for (unsigned round = 0; round < 3; round++) {
        restore_guest(&guest, &small);
        assert_saves_to(&guest, &small);
        restore_guest(&guest, &small);
        rp_alloc_inject(1, 1);
        part->rollback(part->user, checkpoint);
        rp_alloc_inject(0, 0);
        assert_saves_to(&guest, &saved);
    }
    part->forget(part->user, checkpoint);
    sections_free(&small);
    sections_free(&saved);
    guest_deinit(&guest);
}

/* ---- random histories ---- */

struct script {
    uint64_t random;
};

static unsigned pick(struct script *script, unsigned count)
{
    script->random = script->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(script->random >> 33) % count;
}

static const char *const paths[] = {"a", "b", "d", "d/a", "d/b", "dev/zero", "dev/stdout", "tmp/x"};

/* One call with the same arguments in both guests; they must answer the same. */
static void call_both(struct guest *guests, enum rp_wasi_index index, const uint64_t *numbers)
{
    uint32_t answers[2];
    for (unsigned i = 0; i < 2; i++) {
        answers[i] = call_args(&guests[i], index, numbers);
    }
    assert_int_equal(answers[0], answers[1]);
    assert_memory_equal(guests[0].memory, guests[1].memory, GUEST_BYTES);
}

#define BOTH(name, ...) \
    call_both(guests, RP_WASI_INDEX_##name, (const uint64_t[RP_WASI_PARAMS_MAX]){__VA_ARGS__})

static void act_on_paths(struct script *script, struct guest *guests)
{
    const char *path = paths[pick(script, RP_ARRAY_COUNT(paths))];
    const char *other = paths[pick(script, RP_ARRAY_COUNT(paths))];
    uint32_t size = (uint32_t)strlen(path);
    uint32_t other_size = (uint32_t)strlen(other);
    for (unsigned i = 0; i < 2; i++) {
        (void)guest_text(&guests[i], 10000, path);
        (void)guest_text(&guests[i], 11000, other);
    }
    uint32_t fd = 3 + pick(script, 2);
    switch (pick(script, 10)) {
    case 0:
        BOTH(path_unlink_file, fd, 10000, size);
        break;
    case 1:
        BOTH(path_create_directory, fd, 10000, size);
        break;
    case 2:
        BOTH(path_remove_directory, fd, 10000, size);
        break;
    case 3:
        BOTH(path_rename, fd, 10000, size, 3, 11000, other_size);
        break;
    case 4:
        BOTH(path_symlink, 10000, size, fd, 11000, other_size);
        break;
    default: {
        uint64_t rights = pick(script, 4) == 0 ? (uint64_t)pick(script, 1u << 28) : ALL_RIGHTS;
        BOTH(path_open, fd, 1, 10000, size, pick(script, 16), rights, ALL_RIGHTS, pick(script, 32),
             12000);
        break;
    }
    }
}

static void act_on_descriptors(struct script *script, struct guest *guests)
{
    uint32_t fd = pick(script, 20);
    uint32_t size = pick(script, 2) == 0 ? pick(script, 5000) : pick(script, 20);
    for (unsigned i = 0; i < 2; i++) {
        guest_vector(&guests[i], 0, 20000, size);
        memset(guests[i].memory + 20000, (int)(script->random & 1), 5000);
    }
    switch (pick(script, 12)) {
    case 0:
        BOTH(fd_close, 5 + pick(script, 15));
        break;
    case 1:
        BOTH(fd_renumber, fd, 5 + pick(script, 15));
        break;
    case 2:
    case 3:
        BOTH(fd_write, fd, 0, 1, 200);
        break;
    case 4:
        BOTH(fd_read, fd, 0, 1, 200);
        break;
    case 5:
        BOTH(fd_seek, fd, pick(script, 10000), pick(script, 3), 200);
        break;
    case 6:
    case 7:
        BOTH(fd_readdir, fd, 30000, pick(script, 200), pick(script, 10), 200);
        break;
    case 8:
        BOTH(fd_fdstat_set_flags, fd, pick(script, 32));
        break;
    case 9:
        BOTH(fd_fdstat_set_rights, 5 + pick(script, 15), pick(script, 1u << 28), ALL_RIGHTS);
        break;
    case 10: {
        uint32_t fds[2][2] = {{0}};
        assert_int_equal(guest_pipe(&guests[0], 1 + size, fds[0]),
                         guest_pipe(&guests[1], 1 + size, fds[1]));
        assert_memory_equal(fds[0], fds[1], sizeof fds[0]);
        break;
    }
    default:
        BOTH(fd_filestat_set_size, fd, size);
        break;
    }
}

static void loading_is_a_no_op_on_the_rest_of_the_run(void **state)
{
    (void)state;
    static struct guest guests[2];
    unsigned long rounds = getenv("REPRISE_TEST_LONG") != NULL ? 1000000 : 10000;
    struct script script = {.random = 20261123};
    guest_prepare(&guests[0]);
    guest_prepare(&guests[1]);
    for (unsigned long i = 0; i < rounds; i++) {
        if (pick(&script, 2) == 0) {
            act_on_paths(&script, guests);
        } else {
            act_on_descriptors(&script, guests);
        }
        struct sections saved;
        save_guest(&guests[1], &saved);
        assert_saves_to(&guests[0], &saved);
        if (pick(&script, 3) == 0) {
            restore_guest(&guests[1], &saved);
            assert_saves_to(&guests[1], &saved);
        }
        sections_free(&saved);
        guests[0].now_ns++;
        guests[1].now_ns++;
    }
    guest_deinit(&guests[0]);
    guest_deinit(&guests[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_section_has_these_bytes),
        cmocka_unit_test(what_is_restored_is_what_was_saved),
        cmocka_unit_test(roots_are_those_of_the_bytes),
        cmocka_unit_test(every_flipped_bit_is_refused_or_another_state),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(lies_are_refused_by_name),
        cmocka_unit_test(small_lies_cost_little),
        cmocka_unit_test(every_failed_allocation_leaves_the_state_alone),
        cmocka_unit_test(rolling_back_returns_to_the_checkpoint_and_allocates_nothing),
        cmocka_unit_test(rolling_back_works_across_a_restore),
        cmocka_unit_test(loading_is_a_no_op_on_the_rest_of_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
