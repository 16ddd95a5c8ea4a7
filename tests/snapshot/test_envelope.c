/* Envelopes: what is packed comes out again; what was cut, changed or lies is refused by name
 * (tests; docs/wsnp.md, "The envelope"). */
#include "core/compress.h"
#include "core/hash.h"
#include "snapshot/wsnp.h"
#include "tests/snapshot/wsnp_edit.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#define PAGES 40u

struct fixture {
    struct rp_allocator allocator;
    rp_engine *engine;
    rp_module *module;
    struct rp_buffer module_bytes;
    struct rp_buffer snapshot;
    struct rp_buffer parent; /* differs in a few bytes */
    rp_bytes packed;
    rp_bytes unpacked;
    rp_report report;
};

/* A canonical file: the module's hash, and pages that do not compress by themselves. */
static void write_snapshot(struct fixture *f, const uint8_t *module_hash, uint64_t change,
                           struct rp_buffer *out)
{
    struct rp_wsnp_writer writer;
    rp_wsnp_begin(&writer, out, &f->allocator);
    rp_wsnp_section_begin(&writer, "modules");
    rp_msgpack_put_array(out, 1);
    rp_msgpack_put_bytes(out, module_hash, RP_HASH_BYTES);
    rp_wsnp_section_end(&writer);
    rp_wsnp_section_begin(&writer, "memory0");
    uint64_t random = 1;
    for (uint32_t page = 0; page < PAGES; page++) {
        uint8_t bytes[4096];
        for (size_t i = 0; i < sizeof bytes; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            bytes[i] = (uint8_t)(random >> 56);
        }
        bytes[page] ^= (uint8_t)change;
        rp_msgpack_put_bytes(out, bytes, sizeof bytes);
    }
    rp_wsnp_section_end(&writer);
    assert_true(rp_wsnp_finish(&writer));
}

static int begin(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    struct rp_wasm wasm;
    rp_allocator_init(&f->allocator, 0);
    rp_buffer_init(&f->module_bytes, &f->allocator);
    rp_buffer_init(&f->snapshot, &f->allocator);
    rp_buffer_init(&f->parent, &f->allocator);
    rp_wasm_init(&wasm);
    (void)rp_wasm_memory(&wasm, 1, 1);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    rp_buffer_append(&f->module_bytes, bytes.data, bytes.size);
    rp_wasm_deinit(&wasm);
    assert_int_equal(rp_engine_create(NULL, &f->engine, NULL), RP_OK);
    assert_int_equal(
        rp_module_load(f->engine, f->module_bytes.data, f->module_bytes.size, &f->module, NULL),
        RP_OK);
    uint8_t hash[RP_HASH_BYTES];
    rp_module_hash(f->module, hash);
    write_snapshot(f, hash, 0, &f->snapshot);
    write_snapshot(f, hash, 0x55, &f->parent);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    rp_bytes_release(&f->packed);
    rp_bytes_release(&f->unpacked);
    rp_module_destroy(f->module);
    rp_engine_destroy(f->engine);
    rp_buffer_deinit(&f->module_bytes);
    rp_buffer_deinit(&f->snapshot);
    rp_buffer_deinit(&f->parent);
    assert_int_equal(f->allocator.used_bytes, 0);
    test_free(f);
    return 0;
}

enum packing { PLAIN, WITH_MODULE, ZSTD, ZSTD_WITH_MODULE, DELTA, DELTA_WITH_MODULE, PACKINGS };

static rp_status pack(struct fixture *f, enum packing packing, const void *snapshot, size_t size)
{
    rp_pack_options options = {.struct_size = sizeof options};
    options.module = packing % 2 == 1 ? f->module : NULL;
    options.compress = packing == ZSTD || packing == ZSTD_WITH_MODULE;
    if (packing >= DELTA) {
        options.parent = f->parent.data;
        options.parent_size = f->parent.size;
    }
    f->report = (rp_report){0};
    return rp_snapshot_pack(snapshot, size, &options, &f->packed, &f->report);
}

static rp_restore_options with_parent(const struct fixture *f)
{
    return (rp_restore_options){.struct_size = sizeof(rp_restore_options),
                                .parent = f->parent.data,
                                .parent_size = f->parent.size};
}

/* Unpacks a copy of exactly this size, so that the sanitizer sees a read behind its end. */
static rp_status unpack(struct fixture *f, const uint8_t *data, size_t size,
                        const rp_restore_options *options)
{
    uint8_t *copy = test_malloc(size + (size == 0));
    memcpy(copy, data, size);
    f->report = (rp_report){0};
    rp_status status = rp_snapshot_unpack(copy, size, options, &f->unpacked, &f->report);
    test_free(copy);
    assert_int_equal(f->report.status, status);
    return status;
}

static void assert_unpacks(struct fixture *f)
{
    rp_restore_options options = with_parent(f);
    assert_int_equal(unpack(f, f->packed.data, f->packed.size, &options), RP_OK);
    assert_int_equal(f->unpacked.size, f->snapshot.size);
    assert_memory_equal(f->unpacked.data, f->snapshot.data, f->snapshot.size);
}

static void what_is_packed_comes_out_again(void **state)
{
    struct fixture *f = *state;
    for (enum packing packing = PLAIN; packing < PACKINGS; packing++) {
        assert_int_equal(pack(f, packing, f->snapshot.data, f->snapshot.size), RP_OK);
        assert_unpacks(f);
        const uint8_t *module = NULL;
        size_t module_size = 1;
        assert_int_equal(
            rp_snapshot_module(f->packed.data, f->packed.size, &module, &module_size, NULL), RP_OK);
        assert_int_equal(module_size, packing % 2 == 1 ? f->module_bytes.size : 0);
        if (module_size != 0) {
            assert_in_range((uintptr_t)module, (uintptr_t)f->packed.data,
                            (uintptr_t)f->packed.data + f->packed.size - module_size);
            assert_memory_equal(module, f->module_bytes.data, module_size);
        }
    }
}

static void a_canonical_file_is_its_own_unpacking_and_has_no_module(void **state)
{
    struct fixture *f = *state;
    const uint8_t *module = (const uint8_t *)"";
    size_t module_size = 1;
    assert_int_equal(unpack(f, f->snapshot.data, f->snapshot.size, NULL), RP_OK);
    assert_memory_equal(f->unpacked.data, f->snapshot.data, f->snapshot.size);
    assert_int_equal(
        rp_snapshot_module(f->snapshot.data, f->snapshot.size, &module, &module_size, NULL), RP_OK);
    assert_int_equal(module_size, 0);
}

static void packing_takes_an_envelope_off_first(void **state)
{
    struct fixture *f = *state;
    for (enum packing first = PLAIN; first < PACKINGS; first++) {
        assert_int_equal(pack(f, first, f->snapshot.data, f->snapshot.size), RP_OK);
        rp_bytes inner = f->packed;
        f->packed = (rp_bytes){0};
        enum packing second = first >= DELTA ? DELTA_WITH_MODULE : ZSTD;
        assert_int_equal(pack(f, second, inner.data, inner.size), RP_OK);
        rp_bytes_release(&inner);
        assert_unpacks(f);
    }
}

static void the_output_may_be_the_input(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(pack(f, PLAIN, f->snapshot.data, f->snapshot.size), RP_OK);
    assert_int_equal(pack(f, ZSTD, f->packed.data, f->packed.size), RP_OK);
    assert_unpacks(f);
    assert_int_equal(rp_snapshot_unpack(f->packed.data, f->packed.size, NULL, &f->packed, NULL),
                     RP_OK);
    assert_int_equal(f->packed.size, f->snapshot.size);
    assert_memory_equal(f->packed.data, f->snapshot.data, f->snapshot.size);
}

static void a_delta_costs_what_differs(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(pack(f, ZSTD, f->snapshot.data, f->snapshot.size), RP_OK);
    assert_true(f->packed.size > PAGES * 4096u);
    assert_int_equal(pack(f, DELTA, f->snapshot.data, f->snapshot.size), RP_OK);
    assert_true(f->packed.size < 60 * PAGES);
    assert_unpacks(f);
}

static void a_delta_needs_its_parent(void **state)
{
    struct fixture *f = *state;
    rp_restore_options options = {.struct_size = sizeof options};
    assert_int_equal(pack(f, DELTA, f->snapshot.data, f->snapshot.size), RP_OK);
    assert_int_equal(unpack(f, f->packed.data, f->packed.size, NULL), RP_ERROR_SNAPSHOT_PARENT);
    assert_int_equal(unpack(f, f->packed.data, f->packed.size, &options), RP_ERROR_SNAPSHOT_PARENT);
    options.parent = f->snapshot.data; /* another one */
    options.parent_size = f->snapshot.size;
    assert_int_equal(unpack(f, f->packed.data, f->packed.size, &options), RP_ERROR_SNAPSHOT_PARENT);
    options.parent = f->packed.data; /* itself: a delta whose parent is not there */
    options.parent_size = f->packed.size;
    assert_int_equal(unpack(f, f->packed.data, f->packed.size, &options), RP_ERROR_SNAPSHOT_PARENT);
    options.parent = "no snapshot";
    options.parent_size = 11;
    assert_int_equal(unpack(f, f->packed.data, f->packed.size, &options), RP_ERROR_NOT_SNAPSHOT);
    const uint8_t *module;
    size_t size;
    assert_int_equal(rp_snapshot_module(f->packed.data, f->packed.size, &module, &size, NULL),
                     RP_OK);
}

static void a_parent_may_be_packed(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(pack(f, DELTA, f->snapshot.data, f->snapshot.size), RP_OK);
    rp_bytes delta = f->packed;
    f->packed = (rp_bytes){0};
    assert_int_equal(pack(f, ZSTD, f->parent.data, f->parent.size), RP_OK);
    rp_restore_options options = {
        .struct_size = sizeof options, .parent = f->packed.data, .parent_size = f->packed.size};
    assert_int_equal(unpack(f, delta.data, delta.size, &options), RP_OK);
    assert_memory_equal(f->unpacked.data, f->snapshot.data, f->snapshot.size);
    rp_pack_options again = {
        .struct_size = sizeof again, .parent = f->packed.data, .parent_size = f->packed.size};
    assert_int_equal(rp_snapshot_pack(f->snapshot.data, f->snapshot.size, &again, &f->packed, NULL),
                     RP_OK);
    assert_unpacks(f);
    rp_bytes_release(&delta);
}

static void packing_refuses_what_it_cannot_pack(void **state)
{
    struct fixture *f = *state;
    rp_pack_options options = {.struct_size = sizeof options - 1};
    assert_int_equal(
        rp_snapshot_pack(f->snapshot.data, f->snapshot.size, &options, &f->packed, NULL),
        RP_ERROR_ARGUMENT);
    const int levels[] = {-1, 20};
    for (size_t i = 0; i < 2; i++) {
        options = (rp_pack_options){.struct_size = sizeof options, .level = levels[i]};
        assert_int_equal(
            rp_snapshot_pack(f->snapshot.data, f->snapshot.size, &options, &f->packed, NULL),
            RP_ERROR_ARGUMENT);
    }
    assert_int_equal(pack(f, ZSTD, "WSNQ", 4), RP_ERROR_NOT_SNAPSHOT);
    f->snapshot.data[4000] ^= 1;
    assert_int_equal(pack(f, ZSTD, f->snapshot.data, f->snapshot.size), RP_ERROR_SNAPSHOT_CHECKSUM);
    f->snapshot.data[4000] ^= 1;
    f->parent.data[4000] ^= 1;
    assert_int_equal(pack(f, DELTA, f->snapshot.data, f->snapshot.size),
                     RP_ERROR_SNAPSHOT_CHECKSUM);
    assert_null(f->packed.data);
}

static void a_module_of_another_snapshot_is_not_embedded(void **state)
{
    struct fixture *f = *state;
    struct rp_edit edit;
    struct rp_buffer file;
    assert_true(rp_edit_init(&edit, f->snapshot.data, f->snapshot.size));
    rp_buffer_init(&file, &edit.allocator);
    rp_edit_find(&edit, "modules")->body.data[10] ^= 1;
    rp_edit_write(&edit, NULL, &file);
    assert_int_equal(pack(f, PLAIN, file.data, file.size), RP_OK);
    assert_int_equal(pack(f, WITH_MODULE, file.data, file.size), RP_ERROR_SNAPSHOT_MODULE);
    rp_buffer_deinit(&file);
    rp_edit_deinit(&edit);
}

static void each_level_packs(void **state)
{
    struct fixture *f = *state;
    for (int level = 1; level <= RP_COMPRESS_LEVEL_MAX; level += 3) {
        for (int delta = 0; delta < 2; delta++) {
            rp_pack_options options = {.struct_size = sizeof options,
                                       .compress = true,
                                       .level = level,
                                       .parent = delta != 0 ? f->parent.data : NULL,
                                       .parent_size = delta != 0 ? f->parent.size : 0};
            assert_int_equal(
                rp_snapshot_pack(f->snapshot.data, f->snapshot.size, &options, &f->packed, NULL),
                RP_OK);
            assert_unpacks(f);
        }
    }
}

/* ---- what was cut or changed ---- */

static bool is_named(rp_status status)
{
    return status == RP_ERROR_NOT_SNAPSHOT || status == RP_ERROR_SNAPSHOT_VERSION ||
           status == RP_ERROR_SNAPSHOT_TRUNCATED || status == RP_ERROR_SNAPSHOT_CHECKSUM ||
           status == RP_ERROR_SNAPSHOT_ENCODING;
}

/* The positions to try: all of a small part at both ends, and some between. */
static size_t next_position(size_t at, size_t size)
{
    return at < 600 || at + 200 > size ? at + 1 : at + 997;
}

static void each_prefix_of_an_envelope_is_refused_by_name(void **state)
{
    struct fixture *f = *state;
    rp_restore_options options = with_parent(f);
    for (enum packing packing = PLAIN; packing < PACKINGS; packing++) {
        assert_int_equal(pack(f, packing, f->snapshot.data, f->snapshot.size), RP_OK);
        for (size_t size = 0; size < f->packed.size; size = next_position(size, f->packed.size)) {
            rp_status status = unpack(f, f->packed.data, size, &options);
            rp_status expected = size == 0 ? RP_ERROR_NOT_SNAPSHOT : RP_ERROR_SNAPSHOT_TRUNCATED;
            if (status != expected) {
                fail_msg("packing %d, %zu bytes: %s", (int)packing, size, f->report.text);
            }
        }
    }
}

static void each_flipped_bit_of_an_envelope_is_refused_by_name(void **state)
{
    struct fixture *f = *state;
    rp_restore_options options = with_parent(f);
    for (enum packing packing = PLAIN; packing < PACKINGS; packing++) {
        assert_int_equal(pack(f, packing, f->snapshot.data, f->snapshot.size), RP_OK);
        for (size_t at = 0; at < f->packed.size; at = next_position(at, f->packed.size)) {
            for (unsigned bit = 0; bit < 8; bit++) {
                f->packed.data[at] ^= (uint8_t)(1u << bit);
                rp_status status = unpack(f, f->packed.data, f->packed.size, &options);
                f->packed.data[at] ^= (uint8_t)(1u << bit);
                if (!is_named(status)) {
                    fail_msg("packing %d, bit %u of byte %zu: %s", (int)packing, bit, at,
                             rp_status_name(status));
                }
            }
        }
    }
}

/* ---- what lies ---- */

/* An envelope of a head and a payload of the test's, well hashed. */
static void write_envelope(const struct rp_buffer *head, struct rp_span payload,
                           struct rp_buffer *out)
{
    static const uint8_t prefix[8] = {'W', 'S', 'N', 'P', 1, 1, 0, 0};
    uint8_t check[RP_FAST_HASH_BYTES];
    rp_buffer_append(out, prefix, sizeof prefix);
    rp_buffer_append(out, head->data, head->size);
    rp_fast_hash(out->data, out->size, check);
    rp_buffer_append(out, check, sizeof check);
    rp_buffer_append(out, payload.data, payload.size);
    assert_false(out->failed);
}

static rp_status unpack_head(struct fixture *f, const struct rp_buffer *head,
                             struct rp_span payload, const rp_restore_options *options)
{
    struct rp_buffer file;
    rp_buffer_init(&file, &f->allocator);
    write_envelope(head, payload, &file);
    rp_status status = unpack(f, file.data, file.size, options);
    rp_buffer_deinit(&file);
    return status;
}

struct head {
    const char *module; /* NULL: nil */
    uint64_t method;
    uint64_t size;
    const void *parent;
    uint64_t payload_size;
    bool has_check;
};

static void put_head(const struct head *head, struct rp_span payload, struct rp_buffer *out)
{
    uint8_t check[RP_FAST_HASH_BYTES];
    rp_fast_hash(payload.data, payload.size, check);
    rp_msgpack_put_array(out, 6);
    if (head->module != NULL) {
        rp_msgpack_put_bytes(out, head->module, (uint32_t)strlen(head->module));
    } else {
        rp_msgpack_put_nil(out);
    }
    rp_msgpack_put_uint(out, head->method);
    rp_msgpack_put_uint(out, head->size);
    if (head->parent != NULL) {
        rp_msgpack_put_bytes(out, head->parent, RP_HASH_BYTES);
    } else {
        rp_msgpack_put_nil(out);
    }
    rp_msgpack_put_uint(out, head->payload_size);
    if (head->has_check) {
        rp_msgpack_put_bytes(out, check, sizeof check);
    } else {
        rp_msgpack_put_nil(out);
    }
}

static rp_status unpack_lie(struct fixture *f, struct head head, struct rp_span payload)
{
    struct rp_buffer bytes;
    rp_restore_options options = with_parent(f);
    rp_buffer_init(&bytes, &f->allocator);
    put_head(&head, payload, &bytes);
    rp_status status = unpack_head(f, &bytes, payload, &options);
    rp_buffer_deinit(&bytes);
    return status;
}

static void an_envelope_that_lies_is_refused(void **state)
{
    struct fixture *f = *state;
    struct rp_buffer packed, twice;
    uint8_t parent[RP_HASH_BYTES];
    rp_hash(f->parent.data, f->parent.size, parent);
    struct rp_span plain = {f->snapshot.data, f->snapshot.size};
    rp_buffer_init(&packed, &f->allocator);
    rp_buffer_init(&twice, &f->allocator);
    assert_true(rp_compress(&packed, plain, (struct rp_span){0}, 3));
    struct rp_span zstd = {packed.data, packed.size};
    uint64_t size = plain.size, zsize = zstd.size;
    const struct {
        struct head head;
        struct rp_span payload;
        rp_status status;
    } cases[] = {
        {{NULL, 0, size, NULL, size, false}, plain, RP_OK},
        {{NULL, 1, size, NULL, zsize, true}, zstd, RP_OK},
        {{"\1", 0, size, NULL, size, false}, plain, RP_OK}, /* for who loads it to refuse */
        {{"", 0, size, NULL, size, false}, plain, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 3, size, NULL, size, true}, plain, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 0, size, NULL, size, true}, plain, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 0, size + 1, NULL, size, false}, plain, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 0, size + 1, NULL, size + 1, false}, plain, RP_ERROR_SNAPSHOT_TRUNCATED},
        {{NULL, 0, size - 1, NULL, size - 1, false}, plain, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 0, size, parent, size, false}, plain, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 1, size, NULL, zsize, false}, zstd, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 1, size, parent, zsize, true}, zstd, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 2, size, NULL, zsize, true}, zstd, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 1, size + 1, NULL, zsize, true}, zstd, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 1, 0, NULL, zsize, true}, zstd, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 1, UINT64_MAX, NULL, zsize, true}, zstd, RP_ERROR_LIMIT},
        {{NULL, 1, RP_SNAPSHOT_BYTES_MAX + 1, NULL, zsize, true}, zstd, RP_ERROR_LIMIT},
        {{NULL, 1, RP_SNAPSHOT_BYTES_MAX, NULL, zsize, true}, zstd, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 1, size, NULL, size, true}, plain, RP_ERROR_SNAPSHOT_ENCODING},
        {{NULL, 1, size, NULL, 0, true}, {plain.data, 0}, RP_ERROR_SNAPSHOT_ENCODING},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        rp_status status = unpack_lie(f, cases[i].head, cases[i].payload);
        if (status != cases[i].status) {
            fail_msg("case %zu: %s, %s", i, rp_status_name(status), f->report.text);
        }
    }
    rp_buffer_append(&twice, packed.data, packed.size); /* a second frame behind the first */
    rp_buffer_append(&twice, packed.data, packed.size);
    assert_int_equal(unpack_lie(f, (struct head){NULL, 1, size, NULL, twice.size, true},
                                (struct rp_span){twice.data, twice.size}),
                     RP_ERROR_SNAPSHOT_ENCODING);
    twice.size = packed.size; /* a frame that says nothing behind the first */
    rp_buffer_append(&twice, "\x50\x2a\x4d\x18\0\0\0\0", 8);
    assert_int_equal(unpack_lie(f, (struct head){NULL, 1, size, NULL, twice.size, true},
                                (struct rp_span){twice.data, twice.size}),
                     RP_ERROR_SNAPSHOT_ENCODING);
    rp_buffer_deinit(&twice);
    rp_buffer_deinit(&packed);
}

/* A frame of blocks without compression that states its content's size, or does not. */
static void write_raw_frame(struct rp_buffer *out, struct rp_span content, bool states_size)
{
    rp_buffer_append(out, "\x28\xb5\x2f\xfd", 4);
    if (states_size) {
        rp_buffer_byte(out, 0xe0);
        rp_buffer_u64le(out, content.size);
    } else {
        rp_buffer_append(out, "\0\x58", 2); /* a window of 2 MiB */
    }
    for (size_t at = 0; at < content.size;) {
        size_t size = content.size - at < 65536 ? content.size - at : 65536;
        uint32_t head = (uint32_t)size << 3 | (at + size == content.size);
        rp_buffer_append(out, &head, 3);
        rp_buffer_append(out, content.data + at, size);
        at += size;
    }
    assert_false(out->failed);
}

static void a_frame_states_the_size_of_its_content(void **state)
{
    struct fixture *f = *state;
    struct rp_span content = {f->snapshot.data, f->snapshot.size};
    for (int i = 0; i < 2; i++) {
        struct rp_buffer frame;
        rp_buffer_init(&frame, &f->allocator);
        write_raw_frame(&frame, content, i == 0);
        struct rp_span payload = {frame.data, frame.size};
        assert_int_equal(
            unpack_lie(f, (struct head){NULL, 1, content.size, NULL, payload.size, true}, payload),
            i == 0 ? RP_OK : RP_ERROR_SNAPSHOT_ENCODING);
        rp_buffer_deinit(&frame);
    }
}

static void each_longer_form_in_the_head_is_refused(void **state)
{
    struct fixture *f = *state;
    struct rp_buffer head;
    rp_restore_options options = with_parent(f);
    uint8_t parent[RP_HASH_BYTES];
    rp_hash(f->parent.data, f->parent.size, parent);
    struct rp_span payload = {f->snapshot.data, f->snapshot.size};
    rp_buffer_init(&head, &f->allocator);
    put_head(&(struct head){"module", 2, 100, parent, payload.size, true}, payload, &head);
    struct rp_token token;
    unsigned tried = 0;
    for (size_t at = 0; rp_token_next(&head, &at, &token);) {
        for (unsigned width = 1; width <= 8; width *= 2) {
            struct rp_buffer longer, changed;
            rp_buffer_init(&longer, &f->allocator);
            rp_buffer_init(&changed, &f->allocator);
            rp_buffer_append(&changed, head.data, head.size);
            if (rp_token_write(&longer, token.kind, token.number, width) &&
                longer.size != token.head_size) {
                rp_splice(&changed, token.offset, token.head_size, longer.data, longer.size);
                assert_int_equal(unpack_head(f, &changed, payload, &options),
                                 RP_ERROR_SNAPSHOT_ENCODING);
                assert_non_null(strstr(f->report.text, "shortest"));
                tried++;
            }
            rp_buffer_deinit(&changed);
            rp_buffer_deinit(&longer);
        }
    }
    assert_int_equal(tried, 2 + 2 + 4 + 4 + 2 + 1 + 2);
    rp_buffer_deinit(&head);
}

/* ---- bombs ---- */

static void a_bomb_ends_at_the_limit_of_the_caller(void **state)
{
    struct fixture *f = *state;
    struct rp_allocator allocator;
    struct rp_buffer zeros, packed;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&zeros, &allocator);
    rp_buffer_init(&packed, &allocator);
    zeros.size = zeros.capacity = 100u << 20;
    zeros.data = rp_alloc_zero(&allocator, zeros.size, 1);
    assert_non_null(zeros.data);
    assert_true(
        rp_compress(&packed, (struct rp_span){zeros.data, zeros.size}, (struct rp_span){0}, 19));
    assert_true(packed.size < 16384);
    struct rp_span payload = {packed.data, packed.size};
    struct rp_buffer head;
    rp_buffer_init(&head, &f->allocator);
    put_head(&(struct head){NULL, 1, zeros.size, NULL, packed.size, true}, payload, &head);
    rp_restore_options options = {.struct_size = sizeof options, .size_max = zeros.size - 1};
    assert_int_equal(unpack_head(f, &head, payload, &options), RP_ERROR_LIMIT);
    options.size_max++;
    assert_int_equal(unpack_head(f, &head, payload, &options), RP_ERROR_NOT_SNAPSHOT);

    /* The same bytes as a frame that states more than they have: the room for it never comes. */
    struct rp_buffer out;
    const char *error = NULL;
    rp_buffer_init(&out, &allocator);
    uint64_t before = allocator.peak_bytes = allocator.used_bytes;
    assert_int_equal(rp_decompress(&out, payload, (struct rp_span){0}, UINT64_C(1) << 40, &error),
                     RP_DECOMPRESS_DAMAGED);
    assert_non_null(error);
    assert_int_equal(allocator.peak_bytes, before);

    /* A limit of the allocator ends it, however the room grows. */
    allocator.limit_bytes = allocator.used_bytes + (60u << 20);
    assert_int_equal(rp_decompress(&out, payload, (struct rp_span){0}, zeros.size, &error),
                     RP_DECOMPRESS_NO_MEMORY);
    rp_buffer_deinit(&out);
    allocator.limit_bytes = UINT64_MAX;
    rp_buffer_init(&out, &allocator);
    assert_int_equal(rp_decompress(&out, payload, (struct rp_span){0}, zeros.size, &error),
                     RP_DECOMPRESS_OK);
    assert_int_equal(out.size, zeros.size);
    assert_memory_equal(out.data, zeros.data, out.size);
    rp_buffer_deinit(&out);
    rp_buffer_deinit(&head);
    rp_buffer_deinit(&packed);
    rp_buffer_deinit(&zeros);
}

/* A frame of `blocks` empty blocks that states `size` bytes of content. */
static void write_hollow_frame(struct rp_buffer *out, uint64_t size, uint32_t blocks)
{
    rp_buffer_append(out, "\x28\xb5\x2f\xfd\xe0", 5);
    rp_buffer_u64le(out, size);
    for (uint32_t i = 0; i < blocks; i++) {
        rp_buffer_append(out, i + 1 == blocks ? "\1\0\0" : "\0\0\0", 3);
    }
    assert_false(out->failed);
}

static void a_frame_that_states_more_than_it_has_gets_no_room_for_it(void **state)
{
    static const struct {
        uint64_t size;
        uint32_t blocks;
        uint64_t room_max;
    } cases[] = {
        {UINT64_C(1) << 60, 1, 0},
        {UINT64_C(1) << 30, 1, 0},
        {UINT64_C(1) << 30, 20000, 17u << 20}, /* so many bytes could have that much */
    };
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct rp_allocator allocator, allocator_out;
        struct rp_buffer frame, out;
        const char *error = NULL;
        rp_allocator_init(&allocator, 0);
        rp_allocator_init(&allocator_out, 0);
        rp_buffer_init(&frame, &allocator);
        rp_buffer_init(&out, &allocator_out);
        write_hollow_frame(&frame, cases[i].size, cases[i].blocks);
        assert_int_equal(rp_decompress(&out, (struct rp_span){frame.data, frame.size},
                                       (struct rp_span){0}, cases[i].size, &error),
                         RP_DECOMPRESS_DAMAGED);
        assert_in_range(allocator_out.peak_bytes, 0, cases[i].room_max);
        rp_buffer_deinit(&out);
        rp_buffer_deinit(&frame);
    }
}

static void each_failed_allocation_is_reported(void **state)
{
    struct fixture *f = *state;
    rp_restore_options options = with_parent(f);
    unsigned failures = 0;
    for (uint64_t call = 1;; call++) {
        rp_alloc_inject(call, 0);
        rp_status status = pack(f, DELTA_WITH_MODULE, f->snapshot.data, f->snapshot.size);
        rp_alloc_inject(0, 0);
        if (status == RP_OK) {
            break;
        }
        assert_int_equal(status, RP_ERROR_NO_MEMORY);
        assert_null(f->packed.data);
        failures++;
    }
    assert_true(failures >= 4);
    for (uint64_t call = 1;; call++) {
        rp_alloc_inject(call, 0);
        rp_status status =
            rp_snapshot_unpack(f->packed.data, f->packed.size, &options, &f->unpacked, NULL);
        rp_alloc_inject(0, 0);
        if (status == RP_OK) {
            break;
        }
        assert_int_equal(status, RP_ERROR_NO_MEMORY);
        assert_null(f->unpacked.data);
    }
    assert_unpacks(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_packed_comes_out_again),
        TEST(a_canonical_file_is_its_own_unpacking_and_has_no_module),
        TEST(packing_takes_an_envelope_off_first),
        TEST(the_output_may_be_the_input),
        TEST(a_delta_costs_what_differs),
        TEST(a_delta_needs_its_parent),
        TEST(a_parent_may_be_packed),
        TEST(packing_refuses_what_it_cannot_pack),
        TEST(a_module_of_another_snapshot_is_not_embedded),
        TEST(each_level_packs),
        TEST(each_prefix_of_an_envelope_is_refused_by_name),
        TEST(each_flipped_bit_of_an_envelope_is_refused_by_name),
        TEST(an_envelope_that_lies_is_refused),
        TEST(a_frame_states_the_size_of_its_content),
        TEST(each_longer_form_in_the_head_is_refused),
        TEST(a_bomb_ends_at_the_limit_of_the_caller),
        TEST(a_frame_that_states_more_than_it_has_gets_no_room_for_it),
        TEST(each_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
