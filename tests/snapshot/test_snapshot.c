/* Stores saved and restored: what is restored is what was saved; what is refused changes nothing
 * (tests; docs/wsnp.md, docs/design/snapshot.md). */
#include "core/compiler.h"
#include "snapshot/wsnp.h"
#include "tests/snapshot/sample.h"
#include "tests/snapshot/wsnp_edit.h"
#include "tests/support/unit.h"

#include <stdlib.h>

static rp_bytes save(const rp_store *store)
{
    rp_bytes bytes = {0};
    rp_report report = {0};
    if (rp_store_snapshot(store, &bytes, &report) != RP_OK) {
        fail_msg("%s", report.text);
    }
    return bytes;
}

static void assert_same_bytes(const rp_bytes *a, const rp_bytes *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->data, b->data, a->size);
}

/* Asserts that the store's state still is, or now is, what `expected` says. */
static void assert_state(rp_store *store, const rp_bytes *expected)
{
    uint8_t root[RP_ROOT_BYTES];
    uint8_t expected_root[RP_ROOT_BYTES];
    rp_bytes now = save(store);
    assert_same_bytes(&now, expected);
    assert_int_equal(rp_store_root(store, root, NULL, NULL, NULL), RP_OK);
    assert_int_equal(
        rp_snapshot_root(expected->data, expected->size, NULL, expected_root, NULL, NULL, NULL),
        RP_OK);
    assert_memory_equal(root, expected_root, sizeof root);
    rp_bytes_release(&now);
}

static void assert_restores(struct rp_sample *sample, const void *data, size_t size,
                            const rp_restore_options *options)
{
    sample->report = (rp_report){0};
    if (rp_store_restore(sample->store, data, size, options, &sample->report) != RP_OK) {
        fail_msg("%s: %s", rp_sample_names[sample->kind], sample->report.text);
    }
}

static rp_status restore(struct rp_sample *sample, const void *data, size_t size,
                         const rp_restore_options *options)
{
    sample->report = (rp_report){0};
    rp_status status = rp_store_restore(sample->store, data, size, options, &sample->report);
    assert_int_equal(status, sample->report.status);
    return status;
}

static bool is_refusal(rp_status status)
{
    return status >= RP_ERROR_NOT_SNAPSHOT && status <= RP_ERROR_SNAPSHOT_PARENT;
}

/* ---- what is restored is what was saved ---- */

static void a_store_is_restored_in_place(void **state)
{
    (void)state;
    for (enum rp_sample_kind kind = RP_SAMPLE_EMPTY; kind < RP_SAMPLE_COUNT; kind++) {
        struct rp_sample sample;
        rp_sample_make(&sample, kind, false);
        rp_bytes saved = save(sample.store);
        int64_t result = rp_sample_finish(&sample);
        rp_bytes finished = save(sample.store);
        assert_restores(&sample, saved.data, saved.size, NULL);
        assert_state(sample.store, &saved);
        assert_int_equal(rp_sample_finish(&sample), result);
        assert_state(sample.store, &finished);
        rp_bytes_release(&saved);
        rp_bytes_release(&finished);
        rp_sample_end(&sample);
    }
}

/* As another process would: its own engine, modules loaded anew, the other dispatch table. */
static void a_store_goes_on_elsewhere_in_the_other_table(void **state)
{
    (void)state;
    for (enum rp_sample_kind kind = RP_SAMPLE_EMPTY; kind < RP_SAMPLE_COUNT; kind++) {
        for (int metered = 0; metered < 2; metered++) {
            struct rp_sample first, second;
            rp_sample_make(&first, kind, metered != 0);
            rp_bytes saved = save(first.store);
            rp_sample_make_empty(&second, kind, metered == 0);
            assert_restores(&second, saved.data, saved.size, NULL);
            assert_state(second.store, &saved);
            assert_int_equal(rp_sample_finish(&second), rp_sample_finish(&first));
            rp_bytes finished = save(first.store);
            assert_state(second.store, &finished);
            rp_sample_end(&second);
            rp_sample_end(&first);
            rp_bytes_release(&finished);
            rp_bytes_release(&saved);
        }
    }
}

static void saving_keeps_the_block_and_the_state(void **state)
{
    (void)state;
    struct rp_sample sample;
    rp_sample_make(&sample, RP_SAMPLE_COUNTER, false);
    rp_bytes first = save(sample.store);
    rp_bytes second = save(sample.store);
    const uint8_t *block = second.data;
    assert_int_equal(rp_store_snapshot(sample.store, &second, NULL), RP_OK);
    assert_ptr_equal(second.data, block);
    assert_same_bytes(&first, &second);
    rp_bytes_release(&first);
    rp_bytes_release(&second);
    rp_sample_end(&sample);
}

static void a_module_travels_in_the_envelope(void **state)
{
    (void)state;
    struct rp_sample sample, other;
    rp_sample_make(&sample, RP_SAMPLE_RECURSION, false);
    rp_sample_make_empty(&other, RP_SAMPLE_RECURSION, false);
    rp_module_destroy(other.modules[0]);
    other.module_count = 0;
    rp_bytes saved = save(sample.store);
    rp_bytes packed = {0};
    rp_pack_options pack = {.struct_size = sizeof pack, .module = sample.modules[0]};
    assert_int_equal(restore(&other, saved.data, saved.size, NULL), RP_ERROR_SNAPSHOT_MODULE);
    for (int i = 0; i < 2; i++) {
        pack.compress = i == 1;
        assert_int_equal(rp_snapshot_pack(saved.data, saved.size, &pack, &packed, NULL), RP_OK);
        assert_restores(&other, packed.data, packed.size, NULL);
        assert_state(other.store, &saved);
    }
    assert_int_equal(rp_sample_finish(&other), rp_sample_finish(&sample));
    rp_bytes_release(&packed);
    rp_bytes_release(&saved);
    rp_sample_end(&other);
    rp_sample_end(&sample);
}

/* An envelope as rp_snapshot_pack does not write it. */
static rp_status restore_with_module(struct rp_sample *sample, const struct rp_buffer *canonical,
                                     const char *module)
{
    struct rp_allocator allocator;
    struct rp_buffer file;
    uint8_t check[RP_FAST_HASH_BYTES];
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&file, &allocator);
    rp_wsnp_put_prefix(&file, RP_WSNP_ENVELOPE);
    rp_msgpack_put_array(&file, 6);
    rp_msgpack_put_bytes(&file, module, (uint32_t)strlen(module));
    rp_msgpack_put_uint(&file, 0);
    rp_msgpack_put_uint(&file, canonical->size);
    rp_msgpack_put_nil(&file);
    rp_msgpack_put_uint(&file, canonical->size);
    rp_msgpack_put_nil(&file);
    rp_fast_hash(file.data, file.size, check);
    rp_buffer_append(&file, check, sizeof check);
    rp_buffer_append(&file, canonical->data, canonical->size);
    rp_status status = restore(sample, file.data, file.size, NULL);
    rp_buffer_deinit(&file);
    return status;
}

static void a_module_in_the_envelope_must_be_the_snapshots_and_load(void **state)
{
    (void)state;
    static const char garbage[] = "this is no module";
    struct rp_sample sample;
    struct rp_edit edit;
    struct rp_buffer file;
    uint8_t hash[RP_HASH_BYTES];
    rp_sample_make(&sample, RP_SAMPLE_COUNTER, false);
    rp_bytes saved = save(sample.store);
    assert_true(rp_edit_init(&edit, saved.data, saved.size));
    rp_buffer_init(&file, &edit.allocator);
    rp_edit_write(&edit, NULL, &file);
    assert_int_equal(restore_with_module(&sample, &file, garbage), RP_ERROR_SNAPSHOT_MODULE);
    assert_non_null(strstr(sample.report.text, "none of the snapshot's"));
    rp_hash(garbage, strlen(garbage), hash);
    struct rp_buffer *modules = &rp_edit_find(&edit, "modules")->body;
    rp_splice(modules, modules->size - sizeof hash, sizeof hash, hash, sizeof hash);
    file.size = 0;
    rp_edit_write(&edit, NULL, &file);
    assert_int_equal(restore_with_module(&sample, &file, garbage), RP_ERROR_SNAPSHOT_MODULE);
    assert_non_null(strstr(sample.report.text, "is refused"));
    assert_state(sample.store, &saved);
    rp_buffer_deinit(&file);
    rp_edit_deinit(&edit);
    rp_bytes_release(&saved);
    rp_sample_end(&sample);
}

static void a_module_of_the_options_is_used(void **state)
{
    (void)state;
    struct rp_sample sample, other, third;
    rp_sample_make(&sample, RP_SAMPLE_COUNTER, false);
    rp_sample_make_empty(&other, RP_SAMPLE_COUNTER, false);
    rp_sample_make_empty(&third, RP_SAMPLE_RECURSION, false);
    rp_bytes saved = save(sample.store);
    rp_restore_options options = {
        .struct_size = sizeof options, .modules = other.modules, .module_count = 1};
    assert_restores(&other, saved.data, saved.size, &options);
    assert_state(other.store, &saved);
    options.modules = third.modules; /* of another engine */
    assert_int_equal(restore(&other, saved.data, saved.size, &options), RP_ERROR_ARGUMENT);
    options.struct_size--;
    assert_int_equal(restore(&other, saved.data, saved.size, &options), RP_ERROR_ARGUMENT);
    assert_state(other.store, &saved);
    rp_bytes_release(&saved);
    rp_sample_end(&third);
    rp_sample_end(&other);
    rp_sample_end(&sample);
}

static void the_configuration_makes_a_store_that_fits(void **state)
{
    (void)state;
    struct rp_sample sample;
    rp_sample_make(&sample, RP_SAMPLE_COUNTER, false);
    rp_bytes saved = save(sample.store);
    rp_snapshot_config config;
    uint8_t schedule[32];
    rp_store *store = NULL;
    assert_int_equal(rp_snapshot_read_config(saved.data, saved.size, NULL, &config, NULL), RP_OK);
    rp_engine_schedule_hash(sample.engine, schedule);
    assert_memory_equal(config.schedule_hash, schedule, sizeof schedule);
    assert_int_equal(config.semantics_version, RP_SEMANTICS_VERSION);
    assert_int_equal(config.store.seed, 11);
    assert_int_equal(config.store.ns_per_gas, 3);
    assert_int_equal(config.store.memory_max_bytes, 1u << 20);
    assert_int_equal(rp_store_create(sample.engine, &config.store, &store, NULL), RP_OK);
    assert_int_equal(rp_store_restore(store, saved.data, saved.size, NULL, NULL), RP_OK);
    assert_state(store, &saved);
    rp_store_destroy(store);
    rp_bytes_release(&saved);
    rp_sample_end(&sample);
}

/* ---- what is refused changes nothing ---- */

struct victim {
    struct rp_sample sample;
    rp_bytes before; /* its state, another one than the snapshot's */
    rp_bytes saved;  /* the snapshot */
    rp_status alone; /* what verifying without an engine answers for the latest edited file */
};

static void begin(struct victim *victim, enum rp_sample_kind kind)
{
    rp_sample_make(&victim->sample, kind, false);
    victim->saved = save(victim->sample.store);
    (void)rp_sample_finish(&victim->sample);
    victim->before = save(victim->sample.store);
}

static void end(struct victim *victim)
{
    assert_state(victim->sample.store, &victim->before);
    assert_restores(&victim->sample, victim->saved.data, victim->saved.size, NULL);
    assert_state(victim->sample.store, &victim->saved);
    rp_bytes_release(&victim->before);
    rp_bytes_release(&victim->saved);
    rp_sample_end(&victim->sample);
}

static void assert_unchanged(struct victim *victim)
{
    rp_bytes now = save(victim->sample.store);
    assert_same_bytes(&now, &victim->before);
    rp_bytes_release(&now);
}

static void each_prefix_is_refused(void **state)
{
    (void)state;
    struct victim victim;
    begin(&victim, RP_SAMPLE_RECURSION);
    for (size_t size = 0; size < victim.saved.size; size++) {
        uint8_t *copy = test_malloc(size + (size == 0));
        memcpy(copy, victim.saved.data, size);
        rp_status status = restore(&victim.sample, copy, size, NULL);
        test_free(copy);
        if (!is_refusal(status)) {
            fail_msg("%zu bytes: %s", size, rp_status_name(status));
        }
    }
    end(&victim);
}

static void each_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct victim victim;
    begin(&victim, RP_SAMPLE_COUNTER);
    for (size_t bit = 0; bit < 8 * victim.saved.size; bit++) {
        victim.saved.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        rp_status status = restore(&victim.sample, victim.saved.data, victim.saved.size, NULL);
        victim.saved.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (!is_refusal(status)) {
            fail_msg("bit %zu: %s", bit, rp_status_name(status));
        }
    }
    end(&victim);
}

/* Restores the file with one piece of a section replaced and checksums that fit. */
static rp_status restore_edited(struct victim *victim, struct rp_edit *edit,
                                struct rp_edit_section *section, const struct rp_token *token,
                                size_t size, const struct rp_buffer *put)
{
    struct rp_buffer kept = section->body;
    struct rp_buffer file;
    rp_buffer_init(&file, &edit->allocator);
    rp_buffer_init(&section->body, &edit->allocator);
    rp_buffer_append(&section->body, kept.data, kept.size);
    rp_splice(&section->body, token->offset, size, put->data, put->size);
    rp_edit_write(edit, NULL, &file);
    rp_status status = restore(&victim->sample, file.data, file.size, NULL);
    bool complete = true;
    victim->alone = rp_snapshot_verify(NULL, file.data, file.size, NULL, &complete, NULL);
    if (status == RP_OK) { /* another state: it must be the one that the file says */
        rp_bytes now = save(victim->sample.store);
        assert_int_equal(now.size, file.size);
        assert_memory_equal(now.data, file.data, file.size);
        rp_bytes_release(&now);
        assert_restores(&victim->sample, victim->before.data, victim->before.size, NULL);
    }
    assert_unchanged(victim);
    rp_buffer_deinit(&file);
    rp_buffer_deinit(&section->body);
    section->body = kept;
    return status;
}

/* Calls `visit` for each value of each section; long bytes are one value. */
typedef void (*token_visitor)(struct victim *victim, struct rp_edit *edit,
                              struct rp_edit_section *section, const struct rp_token *token);

static void visit_tokens(enum rp_sample_kind kind, token_visitor visit)
{
    struct victim victim;
    struct rp_edit edit;
    begin(&victim, kind);
    assert_true(rp_edit_init(&edit, victim.saved.data, victim.saved.size));
    for (uint32_t i = 0; i < edit.count; i++) {
        struct rp_edit_section *section = &edit.sections[i];
        struct rp_token token;
        size_t at = 0;
        while (rp_token_next(&section->body, &at, &token)) {
            visit(&victim, &edit, section, &token);
        }
        assert_int_equal(at, section->body.size);
    }
    rp_edit_deinit(&edit);
    end(&victim);
}

static void widen(struct victim *victim, struct rp_edit *edit, struct rp_edit_section *section,
                  const struct rp_token *token)
{
    for (unsigned width = 1; width <= 8; width *= 2) {
        struct rp_buffer longer;
        rp_buffer_init(&longer, &edit->allocator);
        if (rp_token_write(&longer, token->kind, token->number, width) &&
            longer.size != token->head_size) {
            rp_status status =
                restore_edited(victim, edit, section, token, token->head_size, &longer);
            assert_int_equal(victim->alone, RP_ERROR_SNAPSHOT_ENCODING);
            if (status != RP_ERROR_SNAPSHOT_ENCODING) {
                fail_msg("%s: %s at %zu in %u bytes: %s, %s", rp_sample_names[victim->sample.kind],
                         section->name, token->offset, width, rp_status_name(status),
                         victim->sample.report.text);
            }
        }
        rp_buffer_deinit(&longer);
    }
}

static void each_longer_form_of_each_number_is_refused(void **state)
{
    (void)state;
    for (enum rp_sample_kind kind = RP_SAMPLE_EMPTY; kind < RP_SAMPLE_COUNT; kind++) {
        visit_tokens(kind, widen);
    }
}

/* A change of a value that keeps the encoding canonical: refused, or another state that is saved
 * as it was read. */
static void try_value(struct victim *victim, struct rp_edit *edit, struct rp_edit_section *section,
                      const struct rp_token *token, enum rp_token_kind kind, uint64_t number)
{
    struct rp_buffer put;
    rp_buffer_init(&put, &edit->allocator);
    (void)rp_token_write(&put, kind, number, 0);
    rp_status status = restore_edited(victim, edit, section, token, token->head_size, &put);
    assert_true(status != RP_OK || victim->alone == RP_OK);
    if (status != RP_OK && !is_refusal(status) && status != RP_ERROR_EXTERNAL &&
        status != RP_ERROR_NO_MEMORY) {
        fail_msg("%s: %s at %zu becomes %llu: %s", rp_sample_names[victim->sample.kind],
                 section->name, token->offset, (unsigned long long)number, rp_status_name(status));
    }
    rp_buffer_deinit(&put);
}

static void change(struct victim *victim, struct rp_edit *edit, struct rp_edit_section *section,
                   const struct rp_token *token)
{
    static const uint64_t numbers[] = {
        0, 1, 2, 127, 128, UINT32_MAX, UINT64_C(1) << 32, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < RP_ARRAY_COUNT(numbers) && token->kind == RP_TOKEN_UINT; i++) {
        if (numbers[i] != token->number) {
            try_value(victim, edit, section, token, RP_TOKEN_UINT, numbers[i]);
        }
    }
    if (token->kind == RP_TOKEN_UINT || token->kind == RP_TOKEN_ARRAY) {
        try_value(victim, edit, section, token, token->kind, token->number + 1);
        try_value(victim, edit, section, token, token->kind, token->number - 1);
        try_value(victim, edit, section, token, RP_TOKEN_NIL, 0);
    }
    if (token->kind == RP_TOKEN_BOOL) {
        try_value(victim, edit, section, token, RP_TOKEN_BOOL, token->number ^ 1);
    }
    if (token->kind == RP_TOKEN_NIL) {
        try_value(victim, edit, section, token, RP_TOKEN_UINT, 0);
        try_value(victim, edit, section, token, RP_TOKEN_ARRAY, 0);
    }
    if (token->kind == RP_TOKEN_TEXT || token->kind == RP_TOKEN_BYTES) {
        bool is_text = token->kind == RP_TOKEN_TEXT;
        try_value(victim, edit, section, token, is_text ? RP_TOKEN_BYTES : RP_TOKEN_TEXT,
                  token->number);
        try_value(victim, edit, section, token, token->kind, token->number - 1);
        try_value(victim, edit, section, token, token->kind, token->number + 1);
    }
}

static void each_changed_value_is_refused_or_saved_as_it_was_read(void **state)
{
    (void)state;
    for (enum rp_sample_kind kind = RP_SAMPLE_EMPTY; kind < RP_SAMPLE_COUNT; kind++) {
        visit_tokens(kind, change);
    }
}

/* ---- sections ---- */

static rp_status restore_file(struct victim *victim, const struct rp_edit *edit)
{
    struct rp_allocator allocator;
    struct rp_buffer file;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&file, &allocator);
    rp_edit_write(edit, NULL, &file);
    rp_status status = restore(&victim->sample, file.data, file.size, NULL);
    rp_buffer_deinit(&file);
    assert_unchanged(victim);
    return status;
}

static void each_section_has_its_place(void **state)
{
    (void)state;
    struct victim victim;
    struct rp_edit edit;
    begin(&victim, RP_SAMPLE_FILES);
    assert_true(rp_edit_init(&edit, victim.saved.data, victim.saved.size));
    for (uint32_t i = 0; i < edit.count; i++) {
        struct rp_edit_section removed = edit.sections[i];
        uint32_t behind = edit.count - i - 1;
        memmove(&edit.sections[i], &edit.sections[i + 1], behind * sizeof removed);
        edit.count--;
        assert_true(is_refusal(restore_file(&victim, &edit)));
        memmove(&edit.sections[i + 1], &edit.sections[i], behind * sizeof removed);
        edit.sections[i] = removed;
        edit.count++;
        if (i > 0) {
            edit.sections[i] = edit.sections[i - 1];
            edit.sections[i - 1] = removed;
            assert_int_equal(restore_file(&victim, &edit), RP_ERROR_SNAPSHOT_ENCODING);
            edit.sections[i - 1] = edit.sections[i];
            edit.sections[i] = removed;
        }
        rp_buffer_byte(&edit.sections[i].body, 0xc0);
        assert_int_equal(restore_file(&victim, &edit), RP_ERROR_SNAPSHOT_ENCODING);
        edit.sections[i].body.size--;
    }
    (void)rp_edit_add(&edit, "other");
    assert_int_equal(restore_file(&victim, &edit), RP_ERROR_SNAPSHOT_HOST);
    rp_edit_deinit(&edit);
    end(&victim);
}

static void a_part_that_only_one_side_has_is_refused(void **state)
{
    (void)state;
    struct rp_sample files, plain;
    rp_sample_make(&files, RP_SAMPLE_FILES, false);
    rp_sample_make(&plain, RP_SAMPLE_EMPTY, false);
    rp_bytes with = save(files.store);
    rp_bytes without = save(plain.store);
    assert_int_equal(restore(&files, without.data, without.size, NULL), RP_ERROR_SNAPSHOT_HOST);
    assert_non_null(strstr(files.report.text, "vfs"));
    assert_state(files.store, &with);
    rp_restore_options options = {
        .struct_size = sizeof options, .modules = files.modules, .module_count = 1};
    assert_int_equal(restore(&plain, with.data, with.size, &options), RP_ERROR_ARGUMENT);
    struct rp_sample other; /* has the module, and a host that is not WASI */
    rp_sample_make_empty(&other, RP_SAMPLE_EMPTY, false);
    rp_bytes packed = {0};
    rp_pack_options pack = {.struct_size = sizeof pack, .module = files.modules[0]};
    assert_int_equal(rp_snapshot_pack(with.data, with.size, &pack, &packed, NULL), RP_OK);
    assert_int_equal(restore(&other, packed.data, packed.size, NULL), RP_ERROR_SNAPSHOT_HOST);
    rp_bytes_release(&packed);
    rp_bytes_release(&with);
    rp_bytes_release(&without);
    rp_sample_end(&other);
    rp_sample_end(&plain);
    rp_sample_end(&files);
}

/* Files of one state and descriptors of another: each is sound, together they are not. */
static void the_sections_of_a_part_are_checked_against_each_other(void **state)
{
    (void)state;
    struct victim victim;
    struct rp_edit edit, other;
    struct rp_sample fresh;
    begin(&victim, RP_SAMPLE_FILES);
    rp_sample_make_empty(&fresh, RP_SAMPLE_FILES, false);
    rp_bytes bytes = save(fresh.store);
    assert_true(rp_edit_init(&edit, victim.saved.data, victim.saved.size));
    assert_true(rp_edit_init(&other, bytes.data, bytes.size));
    const char *const names[] = {"vfs", "wasi"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        struct rp_buffer *body = &rp_edit_find(&edit, names[i])->body;
        struct rp_buffer kept = *body;
        *body = rp_edit_find(&other, names[i])->body;
        assert_int_equal(restore_file(&victim, &edit), RP_ERROR_SNAPSHOT_STATE);
        *body = kept;
    }
    rp_edit_deinit(&other);
    rp_edit_deinit(&edit);
    rp_bytes_release(&bytes);
    rp_sample_end(&fresh);
    end(&victim);
}

static void another_configuration_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        size_t member; /* of rp_store_config */
        const char *name;
    } limits[] = {
        {offsetof(rp_store_config, memory_max_bytes), "memory_max_bytes"},
        {offsetof(rp_store_config, table_max_elements), "table_max_elements"},
        {offsetof(rp_store_config, stack_slots_max), "stack_slots_max"},
    };
    struct rp_sample sample;
    rp_sample_make(&sample, RP_SAMPLE_COUNTER, false);
    rp_bytes saved = save(sample.store);
    rp_snapshot_config config;
    assert_int_equal(rp_snapshot_read_config(saved.data, saved.size, NULL, &config, NULL), RP_OK);
    for (size_t i = 0; i < RP_ARRAY_COUNT(limits); i++) {
        rp_store_config other = config.store;
        uint64_t limit;
        rp_store *store = NULL;
        rp_report report = {0};
        memcpy(&limit, (uint8_t *)&other + limits[i].member, sizeof limit);
        limit += 65536;
        memcpy((uint8_t *)&other + limits[i].member, &limit, sizeof limit);
        assert_int_equal(rp_store_create(sample.engine, &other, &store, NULL), RP_OK);
        assert_int_equal(rp_store_restore(store, saved.data, saved.size, NULL, &report),
                         RP_ERROR_SNAPSHOT_CONFIG);
        assert_non_null(strstr(report.text, limits[i].name));
        rp_store_destroy(store);
    }
    rp_store_config seeds = config.store; /* come with the state */
    rp_store *store = NULL;
    seeds.seed++;
    seeds.time_ns++;
    seeds.ns_per_gas++;
    assert_int_equal(rp_store_create(sample.engine, &seeds, &store, NULL), RP_OK);
    assert_int_equal(rp_store_restore(store, saved.data, saved.size, NULL, NULL), RP_OK);
    assert_state(store, &saved);
    rp_store_destroy(store);
    rp_bytes_release(&saved);
    rp_sample_end(&sample);
}

/* ---- verifying ---- */

static void what_is_sound_is_verified(void **state)
{
    (void)state;
    for (enum rp_sample_kind kind = RP_SAMPLE_EMPTY; kind < RP_SAMPLE_COUNT; kind++) {
        struct rp_sample sample;
        rp_sample_make(&sample, kind, false);
        rp_bytes saved = save(sample.store);
        rp_report report = {0};
        bool complete = true;
        rp_status status =
            rp_snapshot_verify(NULL, saved.data, saved.size, NULL, &complete, &report);
        assert_string_equal(report.text, "");
        assert_int_equal(status, RP_OK);
        assert_false(complete);
        status =
            rp_snapshot_verify(sample.engine, saved.data, saved.size, NULL, &complete, &report);
        assert_string_equal(report.text, "");
        assert_int_equal(status, RP_OK);
        assert_int_equal(complete, kind != RP_SAMPLE_FILES); /* WASI is for its layer to check */
        assert_state(sample.store, &saved);
        rp_bytes_release(&saved);
        rp_sample_end(&sample);
    }
}

static void without_a_module_verifying_is_not_complete(void **state)
{
    (void)state;
    struct rp_sample sample, other;
    bool complete = true;
    rp_sample_make(&sample, RP_SAMPLE_RECURSION, false);
    rp_sample_make(&other, RP_SAMPLE_EMPTY, false);
    rp_bytes saved = save(sample.store);
    assert_int_equal(
        rp_snapshot_verify(other.engine, saved.data, saved.size, NULL, &complete, NULL), RP_OK);
    assert_false(complete);
    rp_bytes packed = {0};
    rp_pack_options pack = {.struct_size = sizeof pack, .module = sample.modules[0]};
    assert_int_equal(rp_snapshot_pack(saved.data, saved.size, &pack, &packed, NULL), RP_OK);
    assert_int_equal(
        rp_snapshot_verify(other.engine, packed.data, packed.size, NULL, &complete, NULL), RP_OK);
    assert_true(complete);
    rp_bytes_release(&packed);
    rp_bytes_release(&saved);
    rp_sample_end(&other);
    rp_sample_end(&sample);
}

/* Whatever a restore refuses, verifying refuses too; and the other way round. */
static void compare_verdicts(struct victim *victim, struct rp_edit *edit,
                             struct rp_edit_section *section, const struct rp_token *token)
{
    if (token->kind != RP_TOKEN_UINT) {
        return;
    }
    struct rp_buffer kept = section->body;
    struct rp_buffer file, put;
    rp_buffer_init(&put, &edit->allocator);
    rp_buffer_init(&file, &edit->allocator);
    rp_buffer_init(&section->body, &edit->allocator);
    rp_buffer_append(&section->body, kept.data, kept.size);
    (void)rp_token_write(&put, RP_TOKEN_UINT, token->number + 1, 0);
    rp_splice(&section->body, token->offset, token->head_size, put.data, put.size);
    rp_edit_write(edit, NULL, &file);
    rp_status status = restore(&victim->sample, file.data, file.size, NULL);
    bool complete = false;
    rp_report report = {0};
    rp_status verdict =
        rp_snapshot_verify(victim->sample.engine, file.data, file.size, NULL, &complete, &report);
    bool is_config = strcmp(section->name, "config") == 0; /* verified for a store of its own */
    bool is_host = strcmp(section->name, "hosts") == 0;
    if ((status == RP_OK) != (verdict == RP_OK) && !is_config && !is_host) {
        fail_msg("%s: %s at %zu: %s, %s: %s", rp_sample_names[victim->sample.kind], section->name,
                 token->offset, rp_status_name(status), rp_status_name(verdict), report.text);
    }
    assert_true(verdict == RP_OK || is_refusal(verdict));
    if (status == RP_OK) {
        assert_restores(&victim->sample, victim->before.data, victim->before.size, NULL);
    }
    rp_buffer_deinit(&put);
    rp_buffer_deinit(&file);
    rp_buffer_deinit(&section->body);
    section->body = kept;
}

static void verifying_and_restoring_agree(void **state)
{
    (void)state;
    const enum rp_sample_kind kinds[] = {RP_SAMPLE_COUNTER, RP_SAMPLE_RECURSION, RP_SAMPLE_PENDING,
                                         RP_SAMPLE_CONTINUATION};
    for (size_t i = 0; i < RP_ARRAY_COUNT(kinds); i++) {
        visit_tokens(kinds[i], compare_verdicts);
    }
}

/* ---- when a store cannot be saved ---- */

struct probe {
    unsigned depth;
    rp_status saved[2]; /* by depth */
    rp_status restored[2];
    const rp_bytes *snapshot;
};

/* Tries to save and restore from inside; the outer call calls the guest, and so this again. */
static rp_host_result probe_store(void *user, rp_caller *caller, const rp_value *args,
                                  rp_value *results)
{
    struct probe *probe = user;
    rp_store *store = rp_caller_store(caller);
    rp_bytes bytes = {0};
    unsigned depth = probe->depth++;
    if (depth == 0) {
        rp_extern run;
        rp_outcome outcome;
        assert_int_equal(rp_instance_export(rp_caller_instance(caller), (rp_name){"run", 3}, &run),
                         RP_OK);
        assert_int_equal(
            rp_caller_call(caller, run.index, args, 1, 10000, false, results, 1, &outcome, NULL),
            RP_OK);
        assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
    }
    probe->saved[depth] = rp_store_snapshot(store, &bytes, NULL);
    probe->restored[depth] =
        rp_store_restore(store, probe->snapshot->data, probe->snapshot->size, NULL, NULL);
    assert_int_equal(bytes.size, 0);
    rp_bytes_release(&bytes);
    return RP_HOST_RETURN;
}

static void a_running_store_is_neither_saved_nor_restored(void **state)
{
    (void)state;
    struct rp_sample sample;
    rp_bytes saved;
    struct probe probe = {.snapshot = &saved};
    rp_sample_make_empty(&sample, RP_SAMPLE_PENDING, false);
    saved = save(sample.store);
    rp_store *store = NULL;
    rp_snapshot_config config;
    assert_int_equal(rp_snapshot_read_config(saved.data, saved.size, NULL, &config, NULL), RP_OK);
    assert_int_equal(rp_store_create(sample.engine, &config.store, &store, NULL), RP_OK);
    static const rp_valkind number = RP_I32;
    rp_host_func func = {.struct_size = sizeof func,
                         .module = "host",
                         .name = "ask",
                         .type = {&number, 1, &number, 1},
                         .callback = probe_store,
                         .user = &probe};
    rp_instance *instance = NULL;
    rp_outcome outcome;
    rp_extern run;
    rp_value value = {.kind = RP_I32};
    assert_int_equal(rp_store_define_func(store, &func, NULL), RP_OK);
    assert_int_equal(rp_store_instantiate(store, sample.modules[0], &instance, &outcome, NULL),
                     RP_OK);
    assert_int_equal(rp_instance_export(instance, (rp_name){"run", 3}, &run), RP_OK);
    assert_int_equal(rp_store_call(store, run.index, &value, 1, &value, 1, &outcome, NULL), RP_OK);
    assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(probe.depth, 2);
    assert_int_equal(probe.saved[0], RP_ERROR_STATE);
    assert_int_equal(probe.saved[1], RP_ERROR_PINNED);
    assert_int_equal(probe.restored[0], RP_ERROR_STATE);
    assert_int_equal(probe.restored[1], RP_ERROR_STATE);
    rp_store_destroy(store);
    rp_bytes_release(&saved);
    rp_sample_end(&sample);
}

/* ---- when the host fails ---- */

static void each_failed_allocation_of_a_restore_changes_nothing(void **state)
{
    (void)state;
    const enum rp_sample_kind kinds[] = {RP_SAMPLE_FILES, RP_SAMPLE_OBJECTS,
                                         RP_SAMPLE_CONTINUATION};
    for (size_t i = 0; i < RP_ARRAY_COUNT(kinds); i++) {
        struct victim victim;
        begin(&victim, kinds[i]);
        unsigned failures = 0;
        for (uint64_t call = 1;; call++) {
            rp_alloc_inject(call, 0);
            rp_status status = restore(&victim.sample, victim.saved.data, victim.saved.size, NULL);
            rp_alloc_inject(0, 0);
            if (status == RP_OK) {
                break;
            }
            if (status != RP_ERROR_NO_MEMORY) {
                fail_msg("%s: allocation %llu: %s", rp_sample_names[kinds[i]],
                         (unsigned long long)call, victim.sample.report.text);
            }
            assert_unchanged(&victim);
            failures++;
        }
        assert_in_range(failures, 9, 1000);
        assert_state(victim.sample.store, &victim.saved);
        assert_restores(&victim.sample, victim.before.data, victim.before.size, NULL);
        end(&victim);
    }
}

static void each_failed_allocation_of_saving_is_reported(void **state)
{
    (void)state;
    struct rp_sample sample;
    rp_sample_make(&sample, RP_SAMPLE_FILES, false);
    rp_bytes expected = save(sample.store);
    for (uint64_t call = 1;; call++) {
        rp_bytes bytes = {0};
        rp_alloc_inject(call, 0);
        rp_status status = rp_store_snapshot(sample.store, &bytes, NULL);
        rp_alloc_inject(0, 0);
        if (status == RP_OK) {
            assert_same_bytes(&bytes, &expected);
            rp_bytes_release(&bytes);
            break;
        }
        assert_int_equal(status, RP_ERROR_NO_MEMORY);
        assert_int_equal(bytes.size, 0);
        rp_bytes_release(&bytes);
    }
    assert_state(sample.store, &expected);
    rp_bytes_release(&expected);
    rp_sample_end(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_is_restored_in_place),
        cmocka_unit_test(a_store_goes_on_elsewhere_in_the_other_table),
        cmocka_unit_test(saving_keeps_the_block_and_the_state),
        cmocka_unit_test(a_module_travels_in_the_envelope),
        cmocka_unit_test(a_module_in_the_envelope_must_be_the_snapshots_and_load),
        cmocka_unit_test(a_module_of_the_options_is_used),
        cmocka_unit_test(the_configuration_makes_a_store_that_fits),
        cmocka_unit_test(each_prefix_is_refused),
        cmocka_unit_test(each_flipped_bit_is_refused),
        cmocka_unit_test(each_longer_form_of_each_number_is_refused),
        cmocka_unit_test(each_changed_value_is_refused_or_saved_as_it_was_read),
        cmocka_unit_test(each_section_has_its_place),
        cmocka_unit_test(a_part_that_only_one_side_has_is_refused),
        cmocka_unit_test(the_sections_of_a_part_are_checked_against_each_other),
        cmocka_unit_test(another_configuration_is_refused_by_name),
        cmocka_unit_test(what_is_sound_is_verified),
        cmocka_unit_test(without_a_module_verifying_is_not_complete),
        cmocka_unit_test(verifying_and_restoring_agree),
        cmocka_unit_test(a_running_store_is_neither_saved_nor_restored),
        cmocka_unit_test(each_failed_allocation_of_a_restore_changes_nothing),
        cmocka_unit_test(each_failed_allocation_of_saving_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
