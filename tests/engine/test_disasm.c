/* Claims about engine/disasm*.c and engine/name_section.c: text for every part of a module, clean
 * refusals. That other assemblers turn the text back into the same bytes is tested in tests/cli. */
#include "engine/disasm.h"

#include "core/opcode.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#include <stdio.h>
#include <stdlib.h>

#define CUSTOM 0

static bool collect(void *user, const void *data, size_t size)
{
    struct rp_buffer *out = user;
    rp_buffer_append(out, data, size);
    return !out->failed;
}

static struct rp_allocator printed_allocator;
static struct rp_buffer printed; /* the last text, with a zero behind it */

static rp_status print_bytes(const void *bytes, size_t size, struct rp_allocator *allocator,
                             rp_report *report)
{
    rp_buffer_deinit(&printed);
    rp_allocator_init(&printed_allocator, UINT64_MAX);
    rp_buffer_init(&printed, &printed_allocator);
    rp_status status = rp_disasm_print(
        bytes, size, allocator, (struct rp_text_sink){.write = collect, .user = &printed}, report);
    rp_buffer_byte(&printed, 0);
    assert_false(printed.failed);
    return status;
}

/* Without the offsets and the blanks before them. */
static const char *print_plain(struct rp_span module)
{
    struct rp_allocator allocator;
    rp_report report = {0};
    rp_allocator_init(&allocator, UINT64_MAX);
    assert_int_equal(print_bytes(module.data, module.size, &allocator, &report), RP_OK);
    assert_int_equal(allocator.used_bytes, 0);
    char *text = (char *)printed.data;
    char *to = text;
    for (char *from = text; *from;) {
        char *end = strchr(from, '\n');
        char *comment = strstr(from, ";; 0x");
        size_t size = (size_t)((comment && comment < end ? comment : end) - from);
        while (size != 0 && from[size - 1] == ' ') {
            size--;
        }
        memmove(to, from, size);
        to += size;
        *to++ = '\n';
        from = end + 1;
    }
    *to = 0;
    return text;
}

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("\"%s\" is missing in:\n%s", part, text);
    }
}

static int close_printed(void **state)
{
    (void)state;
    rp_buffer_deinit(&printed);
    return 0;
}

static void empty_module_is_text(void **state)
{
    (void)state;
    struct rp_span module = {(const uint8_t *)"\0asm\1\0\0", 8};
    assert_string_equal(print_plain(module), "(module\n)\n");
}

/* A module with something of everything that the builder can make. */
static struct rp_span build_module(struct rp_wasm *wasm)
{
    static const uint32_t funcs[] = {0, 1};
    rp_wasm_init(wasm);
    uint32_t unary = rp_wasm_type(wasm, "i", "i");
    uint32_t empty = rp_wasm_type(wasm, "", "");
    rp_wasm_import_func(wasm, "env", "two words\n", unary);
    rp_wasm_import_global(wasm, "env", "g", 'l', true);
    rp_wasm_table(wasm, 'r', 2, 10);
    rp_wasm_memory(wasm, 1, 2);
    rp_wasm_global_i32(wasm, true, -1);
    uint32_t main = rp_wasm_func_begin(wasm, empty, "iilf");
    rp_wasm_block(wasm, RP_OP_block, 'i');
    rp_wasm_i32_const(wasm, 7);
    rp_wasm_op_index(wasm, RP_OP_br, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op_index(wasm, RP_OP_call, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 0, 16);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "main", RP_EXTERN_FUNC, main);
    rp_wasm_start(wasm, main);
    rp_wasm_elem(wasm, 0, 1, funcs, 1);
    rp_wasm_elem_passive(wasm, funcs, 2);
    rp_wasm_elem_declare(wasm, funcs, 1);
    rp_wasm_data(wasm, 8, "a\"\\\x01", 4);
    rp_wasm_data_passive(wasm, "", 0);
    rp_wasm_name_func(wasm, 0, "imported");
    rp_wasm_name_func(wasm, 1, "the main one");
    return rp_wasm_finish(wasm);
}

static void every_section_is_printed_in_standard_text(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    const char *text = print_plain(build_module(&wasm));
    assert_string_equal(
        text, "(module\n"
              "  (type (;0;) (func (param i32) (result i32)))\n"
              "  (type (;1;) (func))\n"
              "  (import \"env\" \"two words\\0a\" (func $imported (;0;) (type 0) (param i32) "
              "(result i32)))\n"
              "  (import \"env\" \"g\" (global (;0;) (mut i64)))\n"
              "  (table (;0;) 2 10 funcref)\n"
              "  (memory (;0;) 1 2)\n"
              "  (global (;1;) (mut i32) i32.const -1)\n"
              "  (export \"main\" (func $\"the main one\"))\n"
              "  (start $\"the main one\")\n"
              "  (elem (;0;) (offset i32.const 1) func $imported)\n"
              "  (elem (;1;) func $imported $\"the main one\")\n"
              "  (elem (;2;) declare func $imported)\n"
              "  (func $\"the main one\" (;1;) (type 1)\n"
              "    (local i32 i32) (local i64) (local f32)\n"
              "    block (result i32) (;@1;)\n"
              "      i32.const 7\n"
              "      br 0 (;@1;)\n"
              "    end\n"
              "    call $imported\n"
              "    i32.load offset=16 align=1\n"
              "    drop\n"
              "  )\n"
              "  (data (;0;) (offset i32.const 8)\n"
              "    \"a\\22\\5c\\01\")\n"
              "  (data (;1;))\n"
              ")\n");
    rp_wasm_deinit(&wasm);
}

static void offsets_in_comments_are_those_of_the_bytes(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_allocator allocator;
    rp_report report = {0};
    rp_allocator_init(&allocator, UINT64_MAX);
    struct rp_span module = build_module(&wasm);
    assert_int_equal(print_bytes(module.data, module.size, &allocator, &report), RP_OK);
    const char *line = strstr((const char *)printed.data, "    drop");
    assert_non_null(line);
    const char *comment = strstr(line, ";; 0x");
    assert_non_null(comment);
    unsigned long offset = strtoul(comment + 3, NULL, 16);
    assert_true(offset < module.size);
    assert_int_equal(module.data[offset], rp_op_infos[RP_OP_drop].code);
    rp_wasm_deinit(&wasm);
}

/* A body of one instruction whose immediates are all small numbers. */
static bool build_one(struct rp_wasm *wasm, enum rp_op op)
{
    static const uint8_t zeros[16] = {0};
    const struct rp_op_info *info = &rp_op_infos[op];
    rp_wasm_init(wasm);
    (void)rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "", ""), "");
    uint8_t bytes[2] = {info->prefix, (uint8_t)info->code};
    if (info->prefix) {
        struct rp_buffer code;
        rp_buffer_init(&code, &wasm->allocator);
        rp_buffer_byte(&code, info->prefix);
        rp_buffer_leb_u(&code, info->code);
        rp_wasm_code_bytes(wasm, code.data, code.size);
        rp_buffer_deinit(&code);
    } else {
        rp_wasm_code_bytes(wasm, bytes + 1, 1);
    }
    switch ((enum rp_immediate)info->immediate) {
    case RP_IMM_NONE:
        break;
    case RP_IMM_BLOCK:
        rp_wasm_code_bytes(wasm, "\x40\x0b", 2);
        break;
    case RP_IMM_TRY_TABLE:
        rp_wasm_code_bytes(wasm, "\x40\x00\x0b", 3);
        break;
    case RP_IMM_BR_ON_CAST:
        rp_wasm_code_bytes(wasm, "\x01\x00\x6e\x6c", 4);
        break;
    case RP_IMM_HEAPTYPE:
        rp_wasm_code_bytes(wasm, "\x70", 1);
        break;
    case RP_IMM_SELECT_T:
        rp_wasm_code_bytes(wasm, "\x01\x7f", 2);
        break;
    case RP_IMM_V128:
    case RP_IMM_LANES16:
        rp_wasm_code_bytes(wasm, zeros, 16);
        break;
    case RP_IMM_MEMARG_LANE:
        rp_wasm_code_bytes(wasm, zeros, 3);
        break;
    case RP_IMM_F32:
        rp_wasm_code_bytes(wasm, zeros, 4);
        break;
    case RP_IMM_F64:
        rp_wasm_code_bytes(wasm, zeros, 8);
        break;
    case RP_IMM_BR_TABLE:
    case RP_IMM_MEMARG:
    case RP_IMM_CALL_INDIRECT:
    case RP_IMM_TYPE_FIELD:
    case RP_IMM_TYPE_U32:
    case RP_IMM_TYPE_DATA:
    case RP_IMM_TYPE_ELEM:
    case RP_IMM_TYPE_TYPE:
    case RP_IMM_TABLE_TABLE:
    case RP_IMM_ELEM_TABLE:
    case RP_IMM_DATA_MEMORY:
    case RP_IMM_MEMORY_MEMORY:
        rp_wasm_code_bytes(wasm, zeros, 2);
        break;
    default:
        rp_wasm_code_bytes(wasm, zeros, 1);
        break;
    }
    rp_wasm_func_end(wasm);
    return op != RP_OP_end && op != RP_OP_else; /* these end something that is not there */
}

static void every_instruction_is_printed_by_its_text(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RP_OP_COUNT; i++) {
        struct rp_wasm wasm;
        if (build_one(&wasm, (enum rp_op)i)) {
            char line[64];
            (void)snprintf(line, sizeof(line), "\n    %s", rp_op_infos[i].text);
            assert_contains(print_plain(rp_wasm_finish(&wasm)), line);
        }
        rp_wasm_deinit(&wasm);
    }
}

/* Appends a name section to an encoded module. */
static void append_names(struct rp_buffer *out, struct rp_span module, const void *names,
                         size_t size)
{
    rp_buffer_append(out, module.data, module.size);
    struct rp_buffer contents;
    rp_buffer_init(&contents, out->allocator);
    rp_buffer_append(&contents, "\4name", 5);
    rp_buffer_append(&contents, names, size);
    rp_wasm_write_section(out, CUSTOM, contents.data, contents.size);
    rp_buffer_deinit(&contents);
}

static const char *print_with_names(const void *names, size_t size)
{
    struct rp_wasm wasm;
    struct rp_buffer module;
    rp_wasm_init(&wasm);
    uint32_t type = rp_wasm_type(&wasm, "ii", "");
    for (int i = 0; i < 3; i++) {
        (void)rp_wasm_func_begin(&wasm, type, "l");
        rp_wasm_block(&wasm, RP_OP_loop, RP_WASM_VOID);
        rp_wasm_op_index(&wasm, RP_OP_local_get, 1);
        rp_wasm_op(&wasm, RP_OP_drop);
        rp_wasm_op(&wasm, RP_OP_end);
        rp_wasm_op_index(&wasm, RP_OP_call, 2);
        rp_wasm_func_end(&wasm);
    }
    rp_buffer_init(&module, &wasm.allocator);
    append_names(&module, rp_wasm_finish(&wasm), names, size);
    const char *text = print_plain((struct rp_span){module.data, module.size});
    rp_buffer_deinit(&module);
    rp_wasm_deinit(&wasm);
    return text;
}

#define NAMES(literal) print_with_names(literal, sizeof(literal) - 1)

static void names_become_identifiers_or_annotations(void **state)
{
    (void)state;
    assert_contains(NAMES("\x00\x02\x01m"), "(module $m\n");
    assert_contains(NAMES("\x00\x01\x00"), "(module (@name \"\")\n");
    /* functions 0 and 2 share a name; 1 has an empty one */
    const char *text = NAMES("\x01\x09\x03\x00\x01"
                             "f\x01\x00\x02\x01"
                             "f");
    assert_contains(text, "(func $f (;0;)");
    assert_contains(text, "(func (@name \"\") (;1;)");
    assert_contains(text, "(func (@name \"f\") (;2;)");
    assert_contains(text, "call 2\n");
    /* local 1 of function 0, local 2 of function 1 */
    text = NAMES("\x02\x0c\x02\x00\x01\x01\x02"
                 "ab\x01\x01\x02\x01"
                 "c");
    assert_contains(text, "(type 0) (param i32) (param $ab i32)\n    (local i64)\n");
    assert_contains(text, "local.get $ab\n");
    assert_contains(text, "(type 0) (param i32 i32)\n    (local $c i64)\n");
    /* label 0 of function 0 */
    assert_contains(NAMES("\x03\x07\x01\x00\x01\x00\x02"
                          "lp"),
                    "loop $lp (;@1;)\n");
    /* type 0 and its parameter 1 */
    assert_contains(NAMES("\x04\x04\x01\x00\x01t"), "(type $t (;0;) (func (param i32 i32)))");
    assert_contains(NAMES("\x0c\x06\x01\x00\x01\x01\x01p"), "(func (param i32) (param $p i32)))");
    /* a name of a function that does not exist */
    assert_contains(NAMES("\x01\x04\x01\x63\x01x"), "(func (;0;)");
}

static void malformed_names_name_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *names;
        size_t size;
        bool is_custom; /* the section as a whole cannot be split */
    } cases[] = {
        {"\x01\x20\x01\x00\x01x", 6, true},      /* longer than the section */
        {"\x01\x04\x02\x00\x01x", 6, false},     /* more names announced than there are */
        {"\x01\x04\x01\x00\x01\xff", 6, false},  /* no UTF-8 */
        {"\x01\x05\x01\x00\x01x\x00", 7, false}, /* bytes left over */
        {"\x02\x04\x01\x00\x02\x00", 6, false},  /* locals: cut */
        {"\x01", 1, true},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        const char *text = print_with_names(cases[i].names, cases[i].size);
        assert_contains(text, "(func (;0;) (type 0) (param i32 i32)\n");
        assert_int_equal(strstr(text, "(@custom \"name\" (after code)") != NULL,
                         cases[i].is_custom);
    }
}

static void custom_sections_keep_their_place(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_buffer module;
    rp_wasm_init(&wasm);
    rp_buffer_init(&module, &wasm.allocator);
    rp_wasm_write_preamble(&module);
    rp_wasm_write_section(&module, CUSTOM, "\1aone", 5);
    rp_wasm_write_section(&module, RP_WASM_TYPE, "\1\x60\0\0", 4);
    rp_wasm_write_section(&module, CUSTOM, "\1b\0\xff", 4);
    const char *text = print_plain((struct rp_span){module.data, module.size});
    assert_string_equal(text, "(module\n"
                              "  (@custom \"a\" (before first) \"one\")\n"
                              "  (type (;0;) (func))\n"
                              "  (@custom \"b\" (after type) \"\\00\\ff\")\n"
                              ")\n");
    rp_buffer_deinit(&module);
    rp_wasm_deinit(&wasm);
}

/* Deep nesting and many locals must not make text that grows faster than the module. */
static void deep_nesting_has_bounded_indentation(void **state)
{
    (void)state;
    const unsigned depth = 2000;
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    (void)rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    for (unsigned i = 0; i < depth; i++) {
        rp_wasm_block(&wasm, RP_OP_block, RP_WASM_VOID);
    }
    for (unsigned i = 0; i < depth; i++) {
        rp_wasm_op(&wasm, RP_OP_end);
    }
    rp_wasm_func_end(&wasm);
    const char *text = print_plain(rp_wasm_finish(&wasm));
    assert_true(strlen(text) < (size_t)depth * 2 * 120);
    rp_wasm_deinit(&wasm);
}

static void every_truncation_is_refused_or_printed_without_a_leak(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_span module = build_module(&wasm);
    for (size_t size = 0; size < module.size; size++) {
        struct rp_allocator allocator;
        rp_report report = {0};
        rp_allocator_init(&allocator, UINT64_MAX);
        uint8_t *copy = rp_alloc(&allocator, size + 1); /* so that reading behind it is seen */
        assert_non_null(copy);
        memcpy(copy, module.data, size);
        uint64_t before = allocator.used_bytes;
        rp_status status = print_bytes(copy, size, &allocator, &report);
        assert_true(status == RP_OK || status == RP_ERROR_MALFORMED);
        if (status != RP_OK) {
            assert_true(report.has_offset && report.offset <= size);
        }
        assert_int_equal(allocator.used_bytes, before);
        rp_free(&allocator, copy, size + 1);
    }
    rp_wasm_deinit(&wasm);
}

static void bodies_that_cannot_be_text_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body; /* locals first */
        size_t size;
        const char *text;
    } cases[] = {
        {"\x00\x0b\x0b", 3, "operators remaining after end of function"},
        {"\x00\x05\x0b", 3, "else without if"},
        {"\x00\x01", 2, "unexpected end"},
        {"\x01\xff\xff\xff\xff\x0f\x7f\x0b", 8, "too many locals"},
        {"\x02\xff\xff\xff\xff\x0f\x7f\x01", 8, "too many locals"},
        {"\x01\x01\x7a\x0b", 4, "malformed value type"},
        {"\x00\x02\x7a\x0b\x0b", 5, "malformed value type"},
        {"\x00\xd0\x7f\x1a\x0b", 5, "malformed heap type"},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct rp_wasm wasm;
        struct rp_allocator allocator;
        rp_report report = {0};
        rp_wasm_init(&wasm);
        rp_allocator_init(&allocator, UINT64_MAX);
        (void)rp_wasm_func_bytes(&wasm, rp_wasm_type(&wasm, "", ""), cases[i].body, cases[i].size);
        struct rp_span module = rp_wasm_finish(&wasm);
        assert_int_equal(print_bytes(module.data, module.size, &allocator, &report),
                         RP_ERROR_MALFORMED);
        assert_string_equal(report.text, cases[i].text);
        assert_int_equal(allocator.used_bytes, 0);
        rp_wasm_deinit(&wasm);
    }
}

static void failing_allocation_is_reported_and_leaks_nothing(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_span module = build_module(&wasm);
    rp_status status = RP_ERROR_NO_MEMORY;
    for (uint64_t k = 1; status != RP_OK; k++) {
        struct rp_allocator allocator;
        rp_report report = {0};
        rp_allocator_init(&allocator, UINT64_MAX);
        allocator.fail_call = k;
        allocator.fail_onward = k % 2 != 0;
        status = print_bytes(module.data, module.size, &allocator, &report);
        assert_true(status == RP_OK || status == RP_ERROR_NO_MEMORY);
        assert_int_equal(allocator.used_bytes, 0);
        assert_true(k < 100);
    }
    rp_wasm_deinit(&wasm);
}

static bool refuse(void *user, const void *data, size_t size)
{
    (void)user;
    (void)data;
    (void)size;
    return false;
}

static void refused_text_is_an_io_error(void **state)
{
    (void)state;
    struct rp_wasm wasm;
    struct rp_allocator allocator;
    rp_report report = {0};
    struct rp_span module = build_module(&wasm);
    rp_allocator_init(&allocator, UINT64_MAX);
    assert_int_equal(rp_disasm_print(module.data, module.size, &allocator,
                                     (struct rp_text_sink){.write = refuse}, &report),
                     RP_ERROR_IO);
    assert_int_equal(allocator.used_bytes, 0);
    rp_wasm_deinit(&wasm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_module_is_text),
        cmocka_unit_test(every_section_is_printed_in_standard_text),
        cmocka_unit_test(offsets_in_comments_are_those_of_the_bytes),
        cmocka_unit_test(every_instruction_is_printed_by_its_text),
        cmocka_unit_test(names_become_identifiers_or_annotations),
        cmocka_unit_test(malformed_names_name_nothing),
        cmocka_unit_test(custom_sections_keep_their_place),
        cmocka_unit_test(deep_nesting_has_bounded_indentation),
        cmocka_unit_test(every_truncation_is_refused_or_printed_without_a_leak),
        cmocka_unit_test(bodies_that_cannot_be_text_are_refused),
        cmocka_unit_test(failing_allocation_is_reported_and_leaks_nothing),
        cmocka_unit_test(refused_text_is_an_io_error),
    };
    return cmocka_run_group_tests(tests, NULL, close_printed);
}
