/* Tests of engine/instrument.c: what the rewritten module counts, and what becomes of its parts.
 * Other engines run the same modules in tests/instrument. */
#include "tests/support/unit.h"

#include "core/limits.h"
#include "engine/instrument.h"
#include "tests/instrument/instrument_modules.h"
#include "tests/instrument/instrument_run.h"

static const enum rp_instrument_counter counters[] = {RP_INSTRUMENT_GLOBAL, RP_INSTRUMENT_IMPORT};

struct fixture {
    rp_engine *engine;
    struct rp_allocator allocator;
    struct rp_buffer out;
    struct rp_wasm wasm;
    rp_report report;
};

static void begin(struct fixture *f, const rp_engine_config *config)
{
    *f = (struct fixture){0};
    assert_int_equal(rp_engine_create(config, &f->engine, &f->report), RP_OK);
    rp_allocator_init(&f->allocator, UINT64_MAX);
    rp_buffer_init(&f->out, &f->allocator);
    rp_wasm_init(&f->wasm);
}

static void end(struct fixture *f)
{
    rp_wasm_deinit(&f->wasm);
    rp_buffer_deinit(&f->out);
    rp_engine_destroy(f->engine);
}

static rp_status instrument(struct fixture *f, struct rp_span module,
                            enum rp_instrument_counter counter)
{
    const struct rp_instrument_options options = {.counter = counter};
    f->out.size = 0;
    f->report = (rp_report){0};
    return rp_module_instrument(f->engine, module.data, module.size, &options, &f->out, &f->report);
}

static struct rp_span output(const struct fixture *f)
{
    return (struct rp_span){f->out.data, f->out.size};
}

static void check_case(struct fixture *f, const struct rp_instrument_case *item,
                       enum rp_instrument_counter counter)
{
    rp_wasm_deinit(&f->wasm);
    rp_wasm_init(&f->wasm);
    item->build(&f->wasm);
    struct rp_span module = rp_wasm_finish(&f->wasm);
    struct rp_instrument_run plain = rp_instrument_run(f->engine, module, item->argument);
    assert_int_equal(plain.kind, item->exits ? RP_OUTCOME_EXITED : RP_OUTCOME_RETURNED);
    assert_int_equal(instrument(f, module, counter), RP_OK);
    struct rp_instrument_run counting = rp_instrument_run(f->engine, output(f), item->argument);
    assert_int_equal(counting.kind, plain.kind);
    assert_true(counting.result == plain.result);
    if (counting.counted != plain.instructions) {
        fail_msg("%s: counted %llu, the account is %llu", item->name,
                 (unsigned long long)counting.counted, (unsigned long long)plain.instructions);
    }
}

static void instrumented_modules_count_the_account_in_both_forms(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    for (size_t i = 0; i < RP_INSTRUMENT_CASES; i++) {
        check_case(&f, &rp_instrument_cases[i], RP_INSTRUMENT_GLOBAL);
        check_case(&f, &rp_instrument_cases[i], RP_INSTRUMENT_IMPORT);
    }
    end(&f);
}

/* Units and prices that no shift or small constant hides. */
static void instrumented_modules_count_by_any_schedule(void **state)
{
    (void)state;
    static const char json[] =
        "{\"version\":7,\"classes\":{\"simple\":3,\"branch\":17,\"call\":999999,"
        "\"call_indirect\":1000000,\"bulk\":77,\"memory_grow\":5},"
        "\"terms\":{\"moved_values\":{\"unit\":3,\"price\":1000},"
        "\"frame_slots\":{\"unit\":1,\"price\":1000000},\"bytes\":{\"unit\":7,\"price\":11},"
        "\"elements\":{\"unit\":1,\"price\":13},\"pages\":{\"unit\":3,\"price\":999983}}}";
    rp_engine_config config = {
        .struct_size = sizeof config, .schedule_json = json, .schedule_json_size = sizeof json - 1};
    struct fixture f;
    begin(&f, &config);
    for (size_t i = 0; i < RP_INSTRUMENT_CASES; i++) {
        check_case(&f, &rp_instrument_cases[i], RP_INSTRUMENT_GLOBAL);
        check_case(&f, &rp_instrument_cases[i], RP_INSTRUMENT_IMPORT);
    }
    end(&f);
}

static void instrumented_counter_begins_at_zero_and_is_mutable(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    assert_int_equal(instrument(&f, rp_wasm_finish(&f.wasm), RP_INSTRUMENT_GLOBAL), RP_OK);
    rp_module *module;
    assert_int_equal(rp_module_load(f.engine, f.out.data, f.out.size, &module, &f.report), RP_OK);
    assert_int_equal(rp_module_export_count(module), 1);
    rp_export_info info = rp_module_export(module, 0);
    assert_int_equal(info.kind, RP_EXTERN_GLOBAL);
    assert_memory_equal(info.name.data, "reprise_gas", info.name.size);
    char type[64];
    rp_module_export_type(module, 0, type, sizeof type);
    assert_string_equal(type, "global mut i64");
    rp_module_destroy(module);
    end(&f);
}

static void instrumented_empty_module_gets_the_sections_it_lacks(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    assert_int_equal(instrument(&f, rp_wasm_finish(&f.wasm), RP_INSTRUMENT_IMPORT), RP_OK);
    rp_module *module;
    assert_int_equal(rp_module_load(f.engine, f.out.data, f.out.size, &module, &f.report), RP_OK);
    assert_int_equal(rp_module_import_count(module), 1);
    rp_import_info info = rp_module_import(module, 0);
    assert_memory_equal(info.module.data, "reprise", info.module.size);
    assert_memory_equal(info.name.data, "gas", info.name.size);
    char type[64];
    rp_module_import_type(module, 0, type, sizeof type);
    assert_string_equal(type, "(i64) -> ()");
    rp_module_destroy(module);
    end(&f);
}

static void instrument_refuses_a_name_that_exists(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    uint32_t type = rp_wasm_type(&f.wasm, "l", "");
    uint32_t gas = rp_wasm_import_func(&f.wasm, "reprise", "gas", type);
    rp_wasm_export(&f.wasm, "reprise_gas", RP_EXTERN_FUNC, gas);
    struct rp_span module = rp_wasm_finish(&f.wasm);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(instrument(&f, module, counters[i]), RP_ERROR_ARGUMENT);
        assert_int_equal(f.out.size, 0);
        assert_non_null(strstr(f.report.text, "already"));
    }
    end(&f);
}

static void instrument_allows_names_that_only_resemble(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    uint32_t type = rp_wasm_type(&f.wasm, "l", "");
    uint32_t gas = rp_wasm_import_func(&f.wasm, "reprise", "gas_left", type);
    rp_wasm_import_func(&f.wasm, "env", "gas", type);
    rp_wasm_export(&f.wasm, "reprise_ga", RP_EXTERN_FUNC, gas);
    struct rp_span module = rp_wasm_finish(&f.wasm);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(instrument(&f, module, counters[i]), RP_OK);
    }
    end(&f);
}

static void instrument_refuses_what_does_not_load(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    struct rp_span cut = {(const uint8_t *)"\0asm\1\0\0", 7};
    assert_int_equal(instrument(&f, cut, RP_INSTRUMENT_GLOBAL), RP_ERROR_MALFORMED);
    uint32_t func = rp_wasm_func_begin(&f.wasm, rp_wasm_type(&f.wasm, "", "i"), "");
    (void)func;
    rp_wasm_func_end(&f.wasm);
    assert_int_equal(instrument(&f, rp_wasm_finish(&f.wasm), RP_INSTRUMENT_GLOBAL),
                     RP_ERROR_INVALID);
    assert_int_equal(f.out.size, 0);
    end(&f);
}

static void instrument_refuses_a_function_without_room_for_two_locals(void **state)
{
    (void)state;
    static const struct {
        unsigned locals;
        rp_status status;
    } table[] = {{RP_LIMIT_LOCALS - 2, RP_OK}, {RP_LIMIT_LOCALS - 1, RP_ERROR_LIMIT}};
    for (size_t i = 0; i < RP_ARRAY_COUNT(table); i++) {
        struct fixture f;
        begin(&f, NULL);
        rp_wasm_memory(&f.wasm, 1, 1);
        struct rp_buffer body;
        rp_buffer_init(&body, &f.allocator);
        rp_buffer_byte(&body, 1);
        rp_buffer_leb_u(&body, table[i].locals);
        static const uint8_t code[] = {0x7f, 0x41, 0, 0x40, 0, 0x1a, 0x0b}; /* memory.grow of 0 */
        rp_buffer_append(&body, code, sizeof code);
        rp_wasm_func_bytes(&f.wasm, rp_wasm_type(&f.wasm, "", ""), body.data, body.size);
        assert_int_equal(instrument(&f, rp_wasm_finish(&f.wasm), RP_INSTRUMENT_GLOBAL),
                         table[i].status);
        rp_buffer_deinit(&body);
        end(&f);
    }
}

static bool contains(const struct rp_buffer *buffer, const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i + size <= buffer->size; i++) {
        if (memcmp(buffer->data + i, text, size) == 0) {
            return true;
        }
    }
    return false;
}

static void put_custom(struct rp_buffer *out, const char *name, const char *contents)
{
    struct rp_allocator *allocator = out->allocator;
    struct rp_buffer section;
    rp_buffer_init(&section, allocator);
    rp_buffer_leb_u(&section, strlen(name));
    rp_buffer_append(&section, name, strlen(name));
    rp_buffer_append(&section, contents, strlen(contents));
    rp_wasm_write_section(out, RP_WASM_CUSTOM, section.data, section.size);
    rp_buffer_deinit(&section);
}

static void instrument_drops_sections_that_hold_code_offsets(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool is_kept;
    } table[] = {
        {".debug_info", false},
        {".debug_line", false},
        {"reloc.CODE", false},
        {"linking", false},
        {"metadata.code.branch_hint", false},
        {"sourceMappingURL", false},
        {"external_debug_info", false},
        {"producers", true},
        {"target_features", true},
        {"debug", true},
        {"metadata", true},
        {"linking2", true},
        {"", true},
    };
    for (size_t i = 0; i < 2 * RP_ARRAY_COUNT(table); i++) {
        struct fixture f;
        begin(&f, NULL);
        struct rp_span empty = rp_wasm_finish(&f.wasm);
        struct rp_buffer bytes;
        rp_buffer_init(&bytes, &f.allocator);
        rp_buffer_append(&bytes, empty.data, empty.size);
        put_custom(&bytes, table[i / 2].name, "<contents>");
        struct rp_span module = {bytes.data, bytes.size};
        assert_int_equal(instrument(&f, module, counters[i % 2]), RP_OK);
        assert_int_equal(contains(&f.out, "<contents>"), table[i / 2].is_kept);
        rp_buffer_deinit(&bytes);
        end(&f);
    }
}

static void assert_func_name(const rp_module *module, uint32_t index, const char *name)
{
    rp_name actual = rp_module_func_name(module, index);
    assert_int_equal(actual.size, strlen(name));
    assert_memory_equal(actual.data, name, actual.size);
}

static void instrument_shifts_names_of_functions_and_their_locals(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL);
    uint32_t type = rp_wasm_type(&f.wasm, "", "");
    rp_wasm_import_func(&f.wasm, "env", "first", type);
    for (int i = 0; i < 2; i++) {
        rp_wasm_func_begin(&f.wasm, type, "i");
        rp_wasm_func_end(&f.wasm);
    }
    struct rp_span module = rp_wasm_finish(&f.wasm);
    struct rp_buffer bytes;
    rp_buffer_init(&bytes, &f.allocator);
    rp_buffer_append(&bytes, module.data, module.size);
    static const uint8_t names[] = {
        4, 'n', 'a', 'm', 'e',                              /* the section's name */
        0, 2,   1,   'm',                                   /* the module's */
        1, 10,  3,   0,   1,   'a', 1, 1,   'b', 2, 1, 'c', /* functions 0, 1, 2 */
        2, 6,   1,   1,   1,   0,   1, 'x',                 /* local 0 of function 1 */
        3, 6,   1,   2,   1,   0,   1, 'y',                 /* label 0 of function 2 */
        4, 4,   1,   0,   1,   't',                         /* type 0 */
    };
    rp_wasm_write_section(&bytes, RP_WASM_CUSTOM, names, sizeof names);
    struct rp_span named = {bytes.data, bytes.size};
    assert_int_equal(instrument(&f, named, RP_INSTRUMENT_IMPORT), RP_OK);
    rp_module *rewritten;
    assert_int_equal(rp_module_load(f.engine, f.out.data, f.out.size, &rewritten, &f.report),
                     RP_OK);
    assert_func_name(rewritten, 0, "a");
    assert_func_name(rewritten, 1, "reprise.gas");
    assert_func_name(rewritten, 2, "b");
    assert_func_name(rewritten, 3, "c");
    static const char tail[] = {2, 6, 1, 2, 1,   0, 1, 'x', 3, 6, 1,
                                3, 1, 0, 1, 'y', 4, 4, 1,   0, 1, 't'};
    assert_memory_equal(f.out.data + f.out.size - sizeof tail, tail, sizeof tail);
    rp_module_destroy(rewritten);
    rp_buffer_deinit(&bytes);
    end(&f);
}

static void instrument_drops_a_name_section_that_is_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *contents;
        size_t size;
    } table[] = {
        {"\x01\x7f", 2},                     /* a subsection behind the end */
        {"\x01\x04\x05\x00\x01q", 6},        /* five names announced, one there */
        {"\x01\x04\x01\x09\x01q", 6},        /* a function that is not there */
        {"\x01\x05\x01\x00\x01q!", 7},       /* a byte too many */
        {"\x02\x06\x01\x00\x7f\x00\x01q", 8} /* 127 locals announced */
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(table); i++) {
        struct fixture f;
        begin(&f, NULL);
        rp_wasm_func_begin(&f.wasm, rp_wasm_type(&f.wasm, "", ""), "");
        rp_wasm_func_end(&f.wasm);
        struct rp_span module = rp_wasm_finish(&f.wasm);
        struct rp_buffer section, bytes;
        rp_buffer_init(&section, &f.allocator);
        rp_buffer_append(&section, "\4name", 5);
        rp_buffer_append(&section, table[i].contents, table[i].size);
        rp_buffer_init(&bytes, &f.allocator);
        rp_buffer_append(&bytes, module.data, module.size);
        rp_wasm_write_section(&bytes, RP_WASM_CUSTOM, section.data, section.size);
        struct rp_span named = {bytes.data, bytes.size};
        assert_int_equal(instrument(&f, named, RP_INSTRUMENT_IMPORT), RP_OK);
        assert_false(contains(&f.out, "name"));
        assert_int_equal(instrument(&f, named, RP_INSTRUMENT_GLOBAL), RP_OK); /* no index shifts */
        assert_true(contains(&f.out, "name"));
        rp_buffer_deinit(&section);
        rp_buffer_deinit(&bytes);
        end(&f);
    }
}

/* The walk of allocation k, on the caller's buffer and on the engine's limit. */
static void instrument_fails_cleanly_at_every_allocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint64_t calls = 1;
        for (uint64_t k = 0; k <= calls; k++) {
            struct fixture f;
            begin(&f, NULL);
            rp_instrument_cases[6].build(&f.wasm);
            struct rp_span module = rp_wasm_finish(&f.wasm);
            f.allocator.fail_call = k;
            rp_status status = instrument(&f, module, counters[i]);
            assert_int_equal(status, k == 0 ? RP_OK : RP_ERROR_NO_MEMORY);
            assert_int_equal(f.out.size == 0, k != 0);
            calls = k == 0 ? f.allocator.calls : calls;
            end(&f);
        }
    }
}

static void instrument_keeps_the_engines_allocation_limit(void **state)
{
    (void)state;
    bool has_succeeded = false;
    for (uint64_t limit = 1; !has_succeeded; limit += 97) {
        rp_engine_config config = {.struct_size = sizeof config, .allocation_limit_bytes = limit};
        struct fixture f = {0};
        rp_status status = rp_engine_create(&config, &f.engine, &f.report);
        if (status == RP_OK) {
            rp_allocator_init(&f.allocator, UINT64_MAX);
            rp_buffer_init(&f.out, &f.allocator);
            rp_wasm_init(&f.wasm);
            rp_instrument_cases[1].build(&f.wasm);
            status = instrument(&f, rp_wasm_finish(&f.wasm), RP_INSTRUMENT_IMPORT);
            has_succeeded = status == RP_OK;
            assert_int_equal(f.out.size != 0, has_succeeded);
            end(&f);
        }
        assert_true(has_succeeded || status == RP_ERROR_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instrumented_modules_count_the_account_in_both_forms),
        cmocka_unit_test(instrumented_modules_count_by_any_schedule),
        cmocka_unit_test(instrumented_counter_begins_at_zero_and_is_mutable),
        cmocka_unit_test(instrumented_empty_module_gets_the_sections_it_lacks),
        cmocka_unit_test(instrument_refuses_a_name_that_exists),
        cmocka_unit_test(instrument_allows_names_that_only_resemble),
        cmocka_unit_test(instrument_refuses_what_does_not_load),
        cmocka_unit_test(instrument_refuses_a_function_without_room_for_two_locals),
        cmocka_unit_test(instrument_drops_sections_that_hold_code_offsets),
        cmocka_unit_test(instrument_shifts_names_of_functions_and_their_locals),
        cmocka_unit_test(instrument_drops_a_name_section_that_is_malformed),
        cmocka_unit_test(instrument_fails_cleanly_at_every_allocation),
        cmocka_unit_test(instrument_keeps_the_engines_allocation_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
