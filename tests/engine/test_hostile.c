/* Hostile modules (tests): each is refused or loaded with the right word, without harm, in time
 * linear in its bytes and load gas.
 *
 * Status and text are asserted. Times are printed as a table and not asserted: machines differ.
 * What is quadratic shows there as ns per byte and per unit of load gas far above the other rows.
 */
#include "core/limits.h"
#include "core/platform.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

struct hostile {
    const char *name;
    void (*build)(struct rp_wasm *wasm);
    rp_status status;
    const char *text; /* in the report */
};

/* ---- helpers ---- */

static void begin_function(struct rp_wasm *wasm, const char *params, const char *results)
{
    rp_wasm_func_begin(wasm, rp_wasm_type(wasm, params, results), "");
}

static const char *repeat_letter(char letter, size_t count)
{
    static char letters[2048];
    assert_true(count < sizeof letters);
    memset(letters, letter, count);
    letters[count] = 0;
    return letters;
}

/* ---- nesting and operands ---- */

static void nest(struct rp_wasm *wasm, uint32_t depth, enum rp_op op, bool dead)
{
    begin_function(wasm, "", "");
    if (dead) {
        rp_wasm_op(wasm, RP_OP_unreachable);
    }
    for (uint32_t i = 0; i < depth; i++) {
        if (op == RP_OP_if && !dead) {
            rp_wasm_i32_const(wasm, 1);
        }
        rp_wasm_block(wasm, op, RP_WASM_VOID);
    }
    for (uint32_t i = 0; i < depth; i++) {
        if (op == RP_OP_if) {
            rp_wasm_op(wasm, RP_OP_else);
        }
        rp_wasm_op(wasm, RP_OP_end);
    }
    rp_wasm_func_end(wasm);
}

static void blocks_at_the_limit(struct rp_wasm *wasm)
{
    nest(wasm, RP_LIMIT_BLOCK_DEPTH - 1, RP_OP_block, false);
}

static void blocks_past_the_limit(struct rp_wasm *wasm)
{
    nest(wasm, RP_LIMIT_BLOCK_DEPTH + 1, RP_OP_block, false);
}

static void dead_loops_past_the_limit(struct rp_wasm *wasm)
{
    nest(wasm, 4 * RP_LIMIT_BLOCK_DEPTH, RP_OP_loop, true);
}

static void ifs_deep(struct rp_wasm *wasm)
{
    nest(wasm, RP_LIMIT_BLOCK_DEPTH - 1, RP_OP_if, false);
}

static void push_operands(struct rp_wasm *wasm, uint32_t count)
{
    begin_function(wasm, "", "");
    for (uint32_t i = 0; i < count; i++) {
        rp_wasm_i32_const(wasm, 0);
    }
    rp_wasm_op(wasm, RP_OP_return);
    rp_wasm_func_end(wasm);
}

static void operands_at_the_limit(struct rp_wasm *wasm)
{
    push_operands(wasm, RP_LIMIT_OPERANDS);
}

static void operands_past_the_limit(struct rp_wasm *wasm)
{
    push_operands(wasm, RP_LIMIT_OPERANDS + 1);
}

/* ---- branches ---- */

/* `branches` conditional branches out of `depth` blocks at once: their fix-ups wait for one end. */
static void branch_outwards(struct rp_wasm *wasm, uint32_t depth, uint32_t branches)
{
    begin_function(wasm, "", "");
    for (uint32_t i = 0; i < depth; i++) {
        rp_wasm_block(wasm, RP_OP_block, RP_WASM_VOID);
    }
    for (uint32_t i = 0; i < branches; i++) {
        rp_wasm_i32_const(wasm, 0);
        rp_wasm_op_index(wasm, RP_OP_br_if, depth - 1);
    }
    for (uint32_t i = 0; i < depth; i++) {
        rp_wasm_op(wasm, RP_OP_end);
    }
    rp_wasm_func_end(wasm);
}

static void branches_to_the_outermost(struct rp_wasm *wasm)
{
    branch_outwards(wasm, 50000, 300000);
}

static void branches_at_every_depth(struct rp_wasm *wasm)
{
    begin_function(wasm, "", "");
    for (uint32_t i = 0; i < 50000; i++) {
        rp_wasm_block(wasm, RP_OP_block, RP_WASM_VOID);
        rp_wasm_i32_const(wasm, 0);
        rp_wasm_op_index(wasm, RP_OP_br_if, i);
        rp_wasm_i32_const(wasm, 0);
        rp_wasm_op_index(wasm, RP_OP_br_if, i / 2);
    }
    for (uint32_t i = 0; i < 50000; i++) {
        rp_wasm_op(wasm, RP_OP_end);
    }
    rp_wasm_func_end(wasm);
}

/* Backward branches of a long loop, and straight-line code that closes no run: what is given back
 * when such a run is left early is found by decoding it again. */
static void branches_to_a_loop(struct rp_wasm *wasm)
{
    begin_function(wasm, "", "");
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    for (uint32_t i = 0; i < 300000; i++) {
        rp_wasm_i32_const(wasm, 0);
        rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    }
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
}

/* A br_table of many labels, each with the values of a wide block. */
static void table_of_labels(struct rp_wasm *wasm, uint32_t labels, size_t arity)
{
    uint32_t block = rp_wasm_type(wasm, "", repeat_letter('i', arity));
    begin_function(wasm, "", "");
    rp_wasm_block_type(wasm, RP_OP_block, block);
    rp_wasm_block_type(wasm, RP_OP_block, block);
    for (size_t i = 0; i < arity; i++) {
        rp_wasm_i32_const(wasm, 0);
    }
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op(wasm, RP_OP_br_table);
    rp_buffer_leb_u(&wasm->code, labels);
    for (uint32_t i = 0; i <= labels; i++) {
        rp_buffer_byte(&wasm->code, i % 2);
    }
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_return);
    rp_wasm_func_end(wasm);
}

static void br_table_at_the_limit(struct rp_wasm *wasm)
{
    table_of_labels(wasm, RP_LIMIT_BR_TABLE, 0);
}

static void br_table_past_the_limit(struct rp_wasm *wasm)
{
    table_of_labels(wasm, RP_LIMIT_BR_TABLE + 1, 0);
}

static void br_table_of_wide_labels(struct rp_wasm *wasm)
{
    table_of_labels(wasm, 100000, RP_LIMIT_RESULTS);
}

static void br_table_count_that_lies(struct rp_wasm *wasm)
{
    begin_function(wasm, "", "");
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_code_bytes(wasm, "\x0e\xff\xff\x3f\x00\x00", 6); /* 1,048,575 labels */
    rp_wasm_func_end(wasm);
}

/* br_if with 1,000 values on the stack: 1,000 pops and pushes for two bytes. */
static void br_if_with_many_values(struct rp_wasm *wasm)
{
    uint32_t block = rp_wasm_type(wasm, "", repeat_letter('i', RP_LIMIT_RESULTS));
    begin_function(wasm, "", "");
    rp_wasm_block_type(wasm, RP_OP_block, block);
    for (size_t i = 0; i < RP_LIMIT_RESULTS; i++) {
        rp_wasm_i32_const(wasm, 0);
    }
    for (size_t i = 0; i < 20000; i++) {
        rp_wasm_i32_const(wasm, 0);
        rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    }
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op(wasm, RP_OP_return);
    rp_wasm_func_end(wasm);
}

static void calls_with_many_values(struct rp_wasm *wasm)
{
    const char *letters = repeat_letter('l', RP_LIMIT_PARAMS);
    uint32_t type = rp_wasm_type(wasm, letters, letters);
    uint32_t func = rp_wasm_import_func(wasm, "m", "f", type);
    begin_function(wasm, "", "");
    for (size_t i = 0; i < RP_LIMIT_PARAMS; i++) {
        rp_wasm_i64_const(wasm, 0);
    }
    for (size_t i = 0; i < 20000; i++) {
        rp_wasm_op_index(wasm, RP_OP_call, func);
    }
    rp_wasm_op(wasm, RP_OP_return);
    rp_wasm_func_end(wasm);
}

static void long_straight_line(struct rp_wasm *wasm)
{
    begin_function(wasm, "", "");
    for (uint32_t i = 0; i < 2500000; i++) {
        rp_wasm_op(wasm, RP_OP_nop);
    }
    rp_wasm_func_end(wasm);
}

static void body_past_the_limit(struct rp_wasm *wasm)
{
    begin_function(wasm, "", "");
    for (uint32_t i = 0; i < RP_LIMIT_FUNCTION_BYTES; i++) {
        rp_wasm_op(wasm, RP_OP_nop);
    }
    rp_wasm_func_end(wasm);
}

/* ---- locals ---- */

static void declare_locals(struct rp_wasm *wasm, uint32_t groups, uint32_t group_size)
{
    struct rp_buffer body;
    rp_buffer_init(&body, &wasm->allocator);
    rp_buffer_leb_u(&body, groups);
    for (uint32_t i = 0; i < groups; i++) {
        rp_buffer_leb_u(&body, group_size);
        rp_buffer_byte(&body, i % 2 == 0 ? RP_I32 : RP_F64);
    }
    rp_buffer_byte(&body, 0x0b);
    rp_wasm_func_bytes(wasm, rp_wasm_type(wasm, "", ""), body.data, body.size);
    rp_buffer_deinit(&body);
}

static void locals_at_the_limit(struct rp_wasm *wasm)
{
    declare_locals(wasm, RP_LIMIT_LOCALS, 1);
}

static void locals_past_the_limit(struct rp_wasm *wasm)
{
    declare_locals(wasm, RP_LIMIT_LOCALS + 1, 1);
}

static void locals_in_one_group(struct rp_wasm *wasm)
{
    declare_locals(wasm, 1, UINT32_MAX);
}

static void locals_that_overflow(struct rp_wasm *wasm)
{
    declare_locals(wasm, 2, 0x80000000u);
}

static void empty_groups_of_locals(struct rp_wasm *wasm)
{
    declare_locals(wasm, 1000000, 0);
}

/* Every function with the greatest number of locals: what a function costs must not be what its
 * locals would. */
static void many_functions_with_all_locals(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "", "");
    for (uint32_t i = 0; i < 20000; i++) {
        rp_wasm_func_bytes(wasm, type, "\x01\xd0\x86\x03\x7f\x0b", 6);
    }
}

/* ---- numbers of things ---- */

static void tiny_functions(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "", "");
    for (uint32_t i = 0; i < RP_LIMIT_FUNCTIONS; i++) {
        rp_wasm_func_bytes(wasm, type, "\x00\x0b", 2);
    }
}

static void functions_past_the_limit(struct rp_wasm *wasm)
{
    tiny_functions(wasm);
    rp_wasm_func_bytes(wasm, 0, "\x00\x0b", 2);
}

static void equal_types(struct rp_wasm *wasm)
{
    for (uint32_t i = 0; i < RP_LIMIT_TYPES; i++) {
        rp_wasm_entry(wasm, RP_WASM_TYPE, "\x60\x00\x00", 3, 1);
    }
}

static void types_past_the_limit(struct rp_wasm *wasm)
{
    equal_types(wasm);
    rp_wasm_type(wasm, "", "");
}

/* 4^9 types of nine parameters: all different, with the same hash of nothing. */
static void different_types(struct rp_wasm *wasm)
{
    static const char letters[] = "ilfd";
    char params[10] = {0};
    for (uint32_t i = 0; i < 262144; i++) {
        for (unsigned k = 0; k < 9; k++) {
            params[k] = letters[(i >> (2 * k)) & 3];
        }
        rp_wasm_type(wasm, params, "");
    }
}

static void wide_types(struct rp_wasm *wasm)
{
    const char *letters = repeat_letter('d', RP_LIMIT_PARAMS);
    for (uint32_t i = 0; i < 1000; i++) {
        rp_wasm_type(wasm, letters, letters);
    }
}

static void params_past_the_limit(struct rp_wasm *wasm)
{
    rp_wasm_type(wasm, repeat_letter('i', RP_LIMIT_PARAMS + 1), "");
}

static void results_past_the_limit(struct rp_wasm *wasm)
{
    rp_wasm_type(wasm, "", repeat_letter('i', RP_LIMIT_RESULTS + 1));
}

static void globals_at_the_limit(struct rp_wasm *wasm)
{
    for (uint32_t i = 0; i < RP_LIMIT_GLOBALS; i++) {
        rp_wasm_entry(wasm, RP_WASM_GLOBAL, "\x7f\x01\x41\x00\x0b", 5, 1);
    }
}

static void tables_past_the_limit(struct rp_wasm *wasm)
{
    for (uint32_t i = 0; i <= RP_LIMIT_TABLES; i++) {
        rp_wasm_table(wasm, 'r', 0, RP_WASM_NO_MAX);
    }
}

static void table_of_too_many_elements(struct rp_wasm *wasm)
{
    rp_wasm_table(wasm, 'r', UINT32_MAX, RP_WASM_NO_MAX);
}

static void memory_of_too_many_pages(struct rp_wasm *wasm)
{
    rp_wasm_memory(wasm, RP_LIMIT_MEMORY_PAGES + 1, RP_WASM_NO_MAX);
}

static void data_segments_past_the_limit(struct rp_wasm *wasm)
{
    for (uint32_t i = 0; i <= RP_LIMIT_DATA_SEGMENTS; i++) {
        rp_wasm_data_passive(wasm, "", 0);
    }
}

static void elements_of_one_segment(struct rp_wasm *wasm)
{
    static uint32_t funcs[1000000];
    uint32_t type = rp_wasm_type(wasm, "", "");
    rp_wasm_func_bytes(wasm, type, "\x00\x0b", 2);
    rp_wasm_elem_passive(wasm, funcs, RP_ARRAY_COUNT(funcs));
}

static void element_segments(struct rp_wasm *wasm)
{
    for (uint32_t i = 0; i < 300000; i++) {
        rp_wasm_elem_passive(wasm, NULL, 0);
    }
}

static void custom_sections(struct rp_wasm *wasm)
{
    for (uint32_t i = 0; i < 300000; i++) {
        rp_wasm_write_section(&wasm->module, RP_WASM_CUSTOM, "\x00", 1);
    }
}

/* ---- names ---- */

static void equal_exports(struct rp_wasm *wasm)
{
    rp_wasm_memory(wasm, 0, 0);
    for (uint32_t i = 0; i < 100000; i++) {
        rp_wasm_export(wasm, "the same name", RP_EXTERN_MEMORY, 0);
    }
}

/* Names that differ in their last bytes only. */
static void export_long_names(struct rp_wasm *wasm, uint32_t count, bool repeats)
{
    char name[208];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = 0;
    rp_wasm_memory(wasm, 0, 0);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = repeats && i + 1 == count ? count / 2 : i * 7919 % count;
        for (unsigned k = 0; k < 6; k++) {
            name[206 - k] = (char)('0' + number % 10);
            number /= 10;
        }
        rp_wasm_export(wasm, name, RP_EXTERN_MEMORY, 0);
    }
}

static void different_exports(struct rp_wasm *wasm)
{
    export_long_names(wasm, 100000, false);
}

static void one_export_twice_among_many(struct rp_wasm *wasm)
{
    export_long_names(wasm, 100000, true);
}

static void imports_many(struct rp_wasm *wasm)
{
    uint32_t type = rp_wasm_type(wasm, "", "");
    for (uint32_t i = 0; i < 200000; i++) {
        rp_wasm_import_func(wasm, "env", "f", type);
    }
}

static void name_past_the_limit(struct rp_wasm *wasm)
{
    static char name[RP_LIMIT_NAME_BYTES + 2];
    memset(name, 'n', RP_LIMIT_NAME_BYTES + 1);
    rp_wasm_memory(wasm, 0, 0);
    rp_wasm_export(wasm, name, RP_EXTERN_MEMORY, 0);
}

static void name_that_is_no_utf8(struct rp_wasm *wasm)
{
    rp_wasm_memory(wasm, 0, 0);
    rp_wasm_export(wasm, "\xed\xa0\x80", RP_EXTERN_MEMORY, 0);
}

/* Custom sections have no say: a name section of garbage is no reason to refuse. */
static void name_section_of_garbage(struct rp_wasm *wasm)
{
    struct rp_buffer contents;
    rp_buffer_init(&contents, &wasm->allocator);
    rp_buffer_append(&contents, "\x04name", 5);
    uint32_t random = 1;
    for (uint32_t i = 0; i < 1000000; i++) {
        random = random * 1664525 + 1013904223;
        rp_buffer_byte(&contents, (uint8_t)(random >> 24));
    }
    rp_wasm_write_section(&wasm->module, RP_WASM_CUSTOM, contents.data, contents.size);
    rp_buffer_deinit(&contents);
}

/* ---- bytes that lie ---- */

static void leb_too_long(struct rp_wasm *wasm)
{
    rp_wasm_write_section(&wasm->module, RP_WASM_TYPE, "\x80\x80\x80\x80\x80\x00", 6);
}

static void leb_too_large(struct rp_wasm *wasm)
{
    rp_wasm_write_section(&wasm->module, RP_WASM_TYPE, "\xff\xff\xff\xff\x7f", 5);
}

/* An abstract heap type is one byte; a padded negative number is none. */
static void heap_type_padded(struct rp_wasm *wasm)
{
    rp_wasm_func_bytes(wasm, rp_wasm_type(wasm, "", ""), "\x00\xd0\xf0\x7f\x1a\x0b", 6);
}

static void heap_type_padded_in_constant(struct rp_wasm *wasm)
{
    rp_wasm_entry(wasm, RP_WASM_GLOBAL, "\x6f\x00\xd0\xef\xff\x7f\x0b", 7, 1);
}

/* A memory index is a number since WebAssembly 3.0, and no longer a byte 0. */
static void memory_index_padded(struct rp_wasm *wasm)
{
    rp_wasm_memory(wasm, 1, 1);
    rp_wasm_func_bytes(wasm, rp_wasm_type(wasm, "", "i"), "\x00\x3f\x80\x80\x00\x0b", 6);
}

static void section_longer_than_the_module(struct rp_wasm *wasm)
{
    rp_buffer_append(&wasm->module, "\x01\xff\xff\xff\xff\x0f\x00", 7);
}

static void body_longer_than_its_section(struct rp_wasm *wasm)
{
    rp_wasm_type(wasm, "", "");
    rp_wasm_entry(wasm, RP_WASM_FUNCTION, "\x00", 1, 1);
    rp_wasm_entry(wasm, RP_WASM_CODE, "\xff\xff\x7f\x00\x0b", 5, 1);
}

static void body_shorter_than_its_code(struct rp_wasm *wasm)
{
    rp_wasm_type(wasm, "", "");
    rp_wasm_entry(wasm, RP_WASM_FUNCTION, "\x00", 1, 1);
    rp_wasm_entry(wasm, RP_WASM_CODE, "\x02\x00\x01\x0b", 4, 1);
}

static void data_longer_than_its_section(struct rp_wasm *wasm)
{
    rp_wasm_entry(wasm, RP_WASM_DATA, "\x01\xff\xff\xff\xff\x0f", 6, 1);
}

static void functions_without_code(struct rp_wasm *wasm)
{
    rp_wasm_type(wasm, "", "");
    rp_wasm_entry(wasm, RP_WASM_FUNCTION, "\x00", 1, 1);
}

static void sections_out_of_order(struct rp_wasm *wasm)
{
    rp_wasm_write_section(&wasm->module, RP_WASM_FUNCTION, "\x00", 1);
    rp_wasm_write_section(&wasm->module, RP_WASM_TYPE, "\x00", 1);
}

static void section_of_no_kind(struct rp_wasm *wasm)
{
    rp_wasm_write_section(&wasm->module, 99, "\x00", 1);
}

#define OK(build) {#build, build, RP_OK, ""}
#define REFUSED(build, status, text) {#build, build, RP_ERROR_##status, text}

static const struct hostile hostiles[] = {
    OK(blocks_at_the_limit),
    REFUSED(blocks_past_the_limit, LIMIT, "100000"),
    REFUSED(dead_loops_past_the_limit, LIMIT, "100000"),
    OK(ifs_deep),
    OK(operands_at_the_limit),
    REFUSED(operands_past_the_limit, LIMIT, "100000"),
    OK(branches_to_the_outermost),
    OK(branches_at_every_depth),
    OK(branches_to_a_loop),
    OK(br_table_at_the_limit),
    REFUSED(br_table_past_the_limit, LIMIT, "1000000"),
    OK(br_table_of_wide_labels),
    REFUSED(br_table_count_that_lies, LIMIT, "1000000"),
    OK(br_if_with_many_values),
    OK(calls_with_many_values),
    OK(long_straight_line),
    REFUSED(body_past_the_limit, LIMIT, "7654321"),
    OK(locals_at_the_limit),
    REFUSED(locals_past_the_limit, LIMIT, "50000"),
    REFUSED(locals_in_one_group, LIMIT, "50000"),
    REFUSED(locals_that_overflow, MALFORMED, "too many locals"),
    OK(empty_groups_of_locals),
    OK(many_functions_with_all_locals),
    OK(tiny_functions),
    REFUSED(functions_past_the_limit, LIMIT, "1000000"),
    OK(equal_types),
    REFUSED(types_past_the_limit, LIMIT, "1000000"),
    OK(different_types),
    OK(wide_types),
    REFUSED(params_past_the_limit, LIMIT, "1000"),
    REFUSED(results_past_the_limit, LIMIT, "1000"),
    OK(globals_at_the_limit),
    REFUSED(tables_past_the_limit, LIMIT, "100"),
    OK(table_of_too_many_elements), /* its instances are refused */
    REFUSED(memory_of_too_many_pages, INVALID, "65536"),
    REFUSED(data_segments_past_the_limit, LIMIT, "100000"),
    OK(elements_of_one_segment),
    OK(element_segments),
    OK(custom_sections),
    REFUSED(equal_exports, INVALID, "the same name"),
    OK(different_exports),
    REFUSED(one_export_twice_among_many, INVALID, "duplicate export name"),
    OK(imports_many),
    REFUSED(name_past_the_limit, LIMIT, "100000"),
    REFUSED(name_that_is_no_utf8, MALFORMED, "UTF-8"),
    OK(name_section_of_garbage),
    REFUSED(leb_too_long, MALFORMED, "integer representation too long"),
    REFUSED(leb_too_large, MALFORMED, "integer too large"),
    REFUSED(heap_type_padded, MALFORMED, "malformed heap type"),
    REFUSED(heap_type_padded_in_constant, MALFORMED, "malformed heap type"),
    OK(memory_index_padded),
    REFUSED(section_longer_than_the_module, MALFORMED, "length out of bounds"),
    REFUSED(body_longer_than_its_section, MALFORMED, "unexpected end"),
    REFUSED(body_shorter_than_its_code, MALFORMED, "unexpected end"),
    REFUSED(data_longer_than_its_section, MALFORMED, "unexpected end"),
    REFUSED(functions_without_code, MALFORMED, "inconsistent lengths"),
    REFUSED(sections_out_of_order, MALFORMED, "unexpected content after last section"),
    REFUSED(section_of_no_kind, MALFORMED, "malformed section id"),
};

/* The bytes: what the builder holds, and behind it the sections that the case wrote by hand. */
static struct rp_span finish(struct rp_wasm *wasm, struct rp_buffer *out_bytes)
{
    struct rp_buffer written = wasm->module;
    rp_buffer_init(&wasm->module, &wasm->allocator);
    struct rp_span bytes = rp_wasm_finish(wasm);
    rp_buffer_init(out_bytes, &wasm->allocator);
    rp_buffer_append(out_bytes, bytes.data, bytes.size);
    rp_buffer_append(out_bytes, written.data, written.size);
    rp_buffer_deinit(&written);
    assert_false(out_bytes->failed);
    return (struct rp_span){.data = out_bytes->data, .size = out_bytes->size};
}

static bool check_hostile(rp_engine *engine, const struct hostile *hostile)
{
    struct rp_wasm wasm;
    struct rp_buffer buffer;
    rp_module *module = NULL;
    rp_report report = {0};
    rp_wasm_init(&wasm);
    hostile->build(&wasm);
    struct rp_span bytes = finish(&wasm, &buffer);
    uint64_t start = rp_platform_cpu_ns();
    rp_status status = rp_module_load(engine, bytes.data, bytes.size, &module, &report);
    uint64_t elapsed_ns = rp_platform_cpu_ns() - start;
    uint64_t gas = status == RP_OK ? rp_module_load_gas(module) : 0;
    print_message("%-32s %9zu bytes %8.1f ms %7.1f ns/byte", hostile->name, bytes.size,
                  (double)elapsed_ns / 1e6, (double)elapsed_ns / (double)bytes.size);
    if (gas != 0) {
        print_message(" %6.2f ns/gas", (double)elapsed_ns / (double)gas);
    }
    print_message("  %s\n", status == RP_OK ? "valid" : report.text);
    bool good = status == hostile->status && strstr(report.text, hostile->text) != NULL &&
                (status == RP_OK || report.has_offset);
    if (!good) {
        print_error("%s: expected %s \"%s\", got %s \"%s\"\n", hostile->name,
                    rp_status_name(hostile->status), hostile->text, rp_status_name(status),
                    report.text);
    }
    rp_module_destroy(module);
    rp_buffer_deinit(&buffer);
    rp_wasm_deinit(&wasm);
    return good;
}

static void hostile_module_gets_the_right_word(void **state)
{
    (void)state;
    rp_engine *engine;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    size_t wrong = 0;
    for (size_t i = 0; i < RP_ARRAY_COUNT(hostiles); i++) {
        wrong += !check_hostile(engine, &hostiles[i]);
    }
    rp_engine_destroy(engine);
    assert_int_equal(wrong, 0);
}

/* Every section, with a count near 2^32 and nothing behind it: refused before anything is allocated
 * for it. */
static void count_that_lies_is_refused_before_allocation(void **state)
{
    (void)state;
    static const unsigned sections[] = {RP_WASM_TYPE,   RP_WASM_IMPORT,    RP_WASM_FUNCTION,
                                        RP_WASM_TABLE,  RP_WASM_MEMORY,    RP_WASM_GLOBAL,
                                        RP_WASM_EXPORT, RP_WASM_ELEMENT,   RP_WASM_CODE,
                                        RP_WASM_DATA,   RP_WASM_DATA_COUNT};
    static const char *const counts[] = {"\xff\xff\xff\xff\x0f", "\xff\xff\xff\xff\x07",
                                         "\x80\x94\xeb\xdc\x03"};
    rp_engine_config config = {.struct_size = sizeof config, .allocation_limit_bytes = 8u << 20};
    rp_engine *engine;
    assert_int_equal(rp_engine_create(&config, &engine, NULL), RP_OK);
    for (size_t s = 0; s < RP_ARRAY_COUNT(sections); s++) {
        for (size_t c = 0; c < RP_ARRAY_COUNT(counts); c++) {
            struct rp_wasm wasm;
            rp_module *module = NULL;
            rp_report report = {0};
            rp_wasm_init(&wasm);
            rp_wasm_write_preamble(&wasm.module);
            rp_wasm_write_section(&wasm.module, sections[s], counts[c], 5);
            rp_status status =
                rp_module_load(engine, wasm.module.data, wasm.module.size, &module, &report);
            if (status != RP_ERROR_MALFORMED && status != RP_ERROR_LIMIT) {
                print_error("section %u: %s %s\n", sections[s], rp_status_name(status),
                            report.text);
            }
            assert_true(status == RP_ERROR_MALFORMED || status == RP_ERROR_LIMIT);
            rp_wasm_deinit(&wasm);
        }
    }
    rp_engine_destroy(engine);
}

/* The size is checked before the first byte is read: these bytes cannot be. */
static void module_past_the_limit_is_refused_unread(void **state)
{
    (void)state;
    size_t size = (size_t)RP_LIMIT_MODULE_BYTES + 1;
    void *bytes = rp_platform_reserve(size);
    rp_engine *engine;
    rp_module *module = NULL;
    rp_report report = {0};
    assert_non_null(bytes);
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    assert_int_equal(rp_module_load(engine, bytes, size, &module, &report), RP_ERROR_LIMIT);
    assert_non_null(strstr(report.text, "1073741824"));
    rp_engine_destroy(engine);
    rp_platform_release(bytes, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_module_gets_the_right_word),
        cmocka_unit_test(count_that_lies_is_refused_before_allocation),
        cmocka_unit_test(module_past_the_limit_is_refused_unread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
