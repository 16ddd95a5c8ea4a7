/* The disassembler's sections but types and code (layer 2; core specification, 5.5 and 6.6). See
 * disasm_context.h. */
#include "engine/disasm_context.h"

#include "core/assert.h"

#define LIMITS_HAS_MAX 1u
#define LIMITS_SHARED 2u
#define LIMITS_64 4u
#define LIMITS_PAGE_SIZE 8u

#define ELEMENT_NOT_ACTIVE 1u
#define ELEMENT_EXPLICIT 2u /* an active one names its table; else: declared */
#define ELEMENT_EXPRESSIONS 4u

#define DATA_STRING_BYTES 24u /* of a segment on one line */

enum extern_kind { KIND_FUNC, KIND_TABLE, KIND_MEMORY, KIND_GLOBAL, KIND_TAG, KIND_COUNT };

static const enum rp_name_kind name_kinds[KIND_COUNT] = {
    RP_NAME_FUNCTION, RP_NAME_TABLE, RP_NAME_MEMORY, RP_NAME_GLOBAL, RP_NAME_TAG};
static const char *const extern_words[KIND_COUNT] = {"(func", "(table", "(memory", "(global",
                                                     "(tag"};

/* " i64 1 2 shared (pagesize 1)" */
static void put_limits(struct rp_disasm *disasm, struct rp_reader *reader)
{
    struct rp_text *text = &disasm->text;
    const uint8_t *at = reader->pos;
    uint8_t flags = rp_read_byte(reader);
    if (flags >= 2 * LIMITS_PAGE_SIZE) {
        rp_reader_fail(reader, at, "malformed limits flags");
    }
    rp_text_put(text, flags & LIMITS_64 ? " i64 " : " ");
    rp_text_u64(text, rp_read_u64(reader));
    if (flags & LIMITS_HAS_MAX) {
        rp_text_byte(text, ' ');
        rp_text_u64(text, rp_read_u64(reader));
    }
    rp_text_put(text, flags & LIMITS_SHARED ? " shared" : "");
    if (flags & LIMITS_PAGE_SIZE) {
        uint32_t log2 = rp_read_u32(reader);
        if (log2 > 63) {
            rp_reader_fail(reader, at, "malformed page size");
        }
        rp_text_put(text, " (pagesize ");
        rp_text_u64(text, (uint64_t)1 << (log2 & 63));
        rp_text_byte(text, ')');
    }
}

/* Limits stand before the element type in text, behind it in the bytes. */
static void put_table_type(struct rp_disasm *disasm, struct rp_reader *reader)
{
    struct rp_reader element = *reader;
    rp_instruction_skip_type(reader);
    put_limits(disasm, reader);
    rp_disasm_value_type(disasm, &element);
    if (element.error) {
        rp_reader_fail(reader, element.error_at, element.error);
    }
}

static void put_global_type(struct rp_disasm *disasm, struct rp_reader *reader)
{
    struct rp_reader type = *reader;
    rp_instruction_skip_type(reader);
    const uint8_t *at = reader->pos;
    uint8_t mutability = rp_read_byte(reader);
    if (mutability > 1) {
        rp_reader_fail(reader, at, "malformed mutability");
    }
    rp_text_put(&disasm->text, mutability ? " (mut" : "");
    rp_disasm_value_type(disasm, &type);
    rp_text_put(&disasm->text, mutability ? ")" : "");
    if (type.error) {
        rp_reader_fail(reader, type.error_at, type.error);
    }
}

static void put_tag_type(struct rp_disasm *disasm, struct rp_reader *reader)
{
    const uint8_t *at = reader->pos;
    if (rp_read_byte(reader) != 0) {
        rp_reader_fail(reader, at, "malformed tag attribute");
    }
    rp_disasm_type_use(disasm, rp_read_u32(reader), false);
}

static void put_func_import(struct rp_disasm *disasm, struct rp_reader *reader, uint32_t index)
{
    uint32_t type_index = rp_read_u32(reader);
    struct rp_span *splits = disasm->splits[RP_NAME_LOCAL];
    struct rp_span names = splits ? splits[index] : (struct rp_span){0};
    uint32_t count = rp_disasm_param_count(disasm, type_index);
    if (!rp_name_map_fill(&disasm->maps[RP_NAME_LOCAL], disasm->allocator, disasm->bytes, names,
                          count)) {
        disasm->out_of_memory = true;
    }
    rp_disasm_type_use(disasm, type_index, true);
}

/* The type of an import of a kind that scanning has checked. */
static void put_import_type(struct rp_disasm *disasm, struct rp_reader *reader,
                            enum extern_kind kind, uint32_t index)
{
    switch (kind) {
    case KIND_FUNC:
        put_func_import(disasm, reader, index);
        break;
    case KIND_TABLE:
        put_table_type(disasm, reader);
        break;
    case KIND_MEMORY:
        put_limits(disasm, reader);
        break;
    case KIND_GLOBAL:
        put_global_type(disasm, reader);
        break;
    case KIND_TAG:
    case KIND_COUNT:
        put_tag_type(disasm, reader);
        break;
    }
}

static void print_import(struct rp_disasm *disasm, struct rp_reader *reader)
{
    uint64_t offset = rp_reader_offset(reader);
    struct rp_text *text = &disasm->text;
    rp_text_put(text, "  (import ");
    rp_text_quoted(text, rp_read_name(reader));
    rp_text_byte(text, ' ');
    rp_text_quoted(text, rp_read_name(reader));
    const uint8_t *at = reader->pos;
    uint8_t code = rp_read_byte(reader);
    if (code >= KIND_COUNT) {
        rp_reader_fail(reader, at, "malformed import kind");
        return;
    }
    enum extern_kind kind = (enum extern_kind)code;
    rp_text_byte(text, ' ');
    rp_text_put(text, extern_words[kind]);
    uint32_t index = disasm->next[name_kinds[kind]]++;
    rp_disasm_put_definition(disasm, name_kinds[kind], index);
    put_import_type(disasm, reader, kind, index);
    rp_text_put(text, "))");
    rp_disasm_end_line(disasm, offset);
}

static void skip_limits(struct rp_reader *reader)
{
    uint8_t flags = rp_read_byte(reader);
    (void)rp_read_u64(reader);
    if (flags & LIMITS_HAS_MAX) {
        (void)rp_read_u64(reader);
    }
    if (flags & LIMITS_PAGE_SIZE) {
        (void)rp_read_u32(reader);
    }
}

static void scan_import(struct rp_disasm *disasm, struct rp_reader *reader)
{
    (void)rp_read_name(reader);
    (void)rp_read_name(reader);
    const uint8_t *at = reader->pos;
    uint8_t kind = rp_read_byte(reader);
    switch (kind) {
    case KIND_FUNC: {
        uint32_t type_index = rp_read_u32(reader);
        if (disasm->func_types) {
            disasm->func_types[disasm->func_import_count] = type_index;
        }
        disasm->func_import_count++;
        break;
    }
    case KIND_TABLE:
        rp_instruction_skip_type(reader);
        skip_limits(reader);
        break;
    case KIND_MEMORY:
        skip_limits(reader);
        break;
    case KIND_GLOBAL:
        rp_instruction_skip_type(reader);
        (void)rp_read_byte(reader);
        break;
    case KIND_TAG:
        (void)rp_read_byte(reader);
        (void)rp_read_u32(reader);
        break;
    default:
        rp_reader_fail(reader, at, "malformed import kind");
        return;
    }
    disasm->counts[name_kinds[kind]]++;
}

void rp_disasm_scan_imports(struct rp_disasm *disasm, struct rp_reader *reader)
{
    uint32_t count = rp_read_u32(reader);
    for (uint32_t i = 0; i < count && !reader->error; i++) {
        scan_import(disasm, reader);
    }
}

static void print_table(struct rp_disasm *disasm, struct rp_reader *reader)
{
    bool has_init = rp_reader_left(reader) >= 2 && reader->pos[0] == 0x40 && reader->pos[1] == 0;
    if (has_init) {
        reader->pos += 2;
    }
    put_table_type(disasm, reader);
    if (has_init) {
        rp_disasm_const_expr(disasm, reader);
    }
}

static void print_global(struct rp_disasm *disasm, struct rp_reader *reader)
{
    put_global_type(disasm, reader);
    rp_disasm_const_expr(disasm, reader);
}

static void print_export(struct rp_disasm *disasm, struct rp_reader *reader)
{
    uint64_t offset = rp_reader_offset(reader);
    rp_text_put(&disasm->text, "  (export ");
    rp_text_quoted(&disasm->text, rp_read_name(reader));
    const uint8_t *at = reader->pos;
    uint8_t kind = rp_read_byte(reader);
    uint32_t index = rp_read_u32(reader);
    if (kind >= KIND_COUNT) {
        rp_reader_fail(reader, at, "malformed export kind");
        return;
    }
    rp_text_byte(&disasm->text, ' ');
    rp_text_put(&disasm->text, extern_words[kind]);
    rp_disasm_put_index(disasm, name_kinds[kind], index);
    rp_text_put(&disasm->text, "))");
    rp_disasm_end_line(disasm, offset);
}

/* Where an active segment goes: " (table 1) (offset i32.const 0)". */
static void put_placement(struct rp_disasm *disasm, struct rp_reader *reader,
                          enum rp_name_kind kind, bool is_explicit)
{
    if (is_explicit) {
        rp_text_put(&disasm->text, kind == RP_NAME_TABLE ? " (table" : " (memory");
        rp_disasm_put_index(disasm, kind, rp_read_u32(reader));
        rp_text_byte(&disasm->text, ')');
    }
    rp_text_put(&disasm->text, " (offset");
    rp_disasm_const_expr(disasm, reader);
    rp_text_byte(&disasm->text, ')');
}

static void put_items(struct rp_disasm *disasm, struct rp_reader *reader, bool expressions)
{
    uint32_t count = rp_read_u32(reader);
    for (uint32_t i = 0; i < count && !reader->error; i++) {
        if (disasm->text.column > RP_DISASM_WRAP_COLUMN) {
            rp_text_put(&disasm->text, "\n   ");
        }
        if (expressions) {
            rp_text_put(&disasm->text, " (item");
            rp_disasm_const_expr(disasm, reader);
            rp_text_byte(&disasm->text, ')');
        } else {
            rp_disasm_put_index(disasm, RP_NAME_FUNCTION, rp_read_u32(reader));
        }
    }
}

static void print_element(struct rp_disasm *disasm, struct rp_reader *reader)
{
    const uint8_t *at = reader->pos;
    uint32_t flags = rp_read_u32(reader);
    if (flags > (ELEMENT_NOT_ACTIVE | ELEMENT_EXPLICIT | ELEMENT_EXPRESSIONS)) {
        rp_reader_fail(reader, at, "malformed elements segment kind");
        return;
    }
    bool expressions = flags & ELEMENT_EXPRESSIONS;
    if (!(flags & ELEMENT_NOT_ACTIVE)) {
        put_placement(disasm, reader, RP_NAME_TABLE, flags & ELEMENT_EXPLICIT);
    } else if (flags & ELEMENT_EXPLICIT) {
        rp_text_put(&disasm->text, " declare");
    }
    if (!(flags & (ELEMENT_NOT_ACTIVE | ELEMENT_EXPLICIT))) {
        rp_text_put(&disasm->text, expressions ? " funcref" : " func");
    } else if (expressions) {
        rp_disasm_value_type(disasm, reader);
    } else {
        at = reader->pos;
        if (rp_read_byte(reader) != 0) {
            rp_reader_fail(reader, at, "malformed element kind");
        }
        rp_text_put(&disasm->text, " func");
    }
    put_items(disasm, reader, expressions);
}

static void put_bytes(struct rp_disasm *disasm, struct rp_span bytes)
{
    for (size_t i = 0; i < bytes.size; i += DATA_STRING_BYTES) {
        size_t left = bytes.size - i;
        size_t size = left < DATA_STRING_BYTES ? left : DATA_STRING_BYTES;
        rp_text_put(&disasm->text, "\n    ");
        rp_text_quoted(&disasm->text, (struct rp_span){.data = bytes.data + i, .size = size});
    }
}

static void print_data(struct rp_disasm *disasm, struct rp_reader *reader)
{
    const uint8_t *at = reader->pos;
    uint32_t flags = rp_read_u32(reader);
    if (flags > 2) {
        rp_reader_fail(reader, at, "malformed data segment kind");
        return;
    }
    if (flags != 1) {
        put_placement(disasm, reader, RP_NAME_MEMORY, flags == 2);
    }
    put_bytes(disasm, rp_read_bytes(reader, rp_read_u32(reader)));
}

static void print_start(struct rp_disasm *disasm, struct rp_reader *reader)
{
    uint64_t offset = rp_reader_offset(reader);
    rp_text_put(&disasm->text, "  (start");
    rp_disasm_put_index(disasm, RP_NAME_FUNCTION, rp_read_u32(reader));
    rp_text_byte(&disasm->text, ')');
    rp_disasm_end_line(disasm, offset);
}

/* Prints `count` definitions of one index space: "  (global $g (;0;) …)". */
static void print_definitions(struct rp_disasm *disasm, struct rp_reader *reader, const char *word,
                              enum rp_name_kind kind,
                              void (*print)(struct rp_disasm *, struct rp_reader *))
{
    uint32_t count = rp_read_u32(reader);
    for (uint32_t i = 0; i < count && !reader->error && !disasm->text.failed; i++) {
        uint64_t offset = rp_reader_offset(reader);
        rp_text_put(&disasm->text, "  ");
        rp_text_put(&disasm->text, word);
        rp_disasm_put_definition(disasm, kind, disasm->next[kind]++);
        print(disasm, reader);
        rp_text_byte(&disasm->text, ')');
        rp_disasm_end_line(disasm, offset);
    }
}

static void print_each(struct rp_disasm *disasm, struct rp_reader *reader,
                       void (*print)(struct rp_disasm *, struct rp_reader *))
{
    uint32_t count = rp_read_u32(reader);
    for (uint32_t i = 0; i < count && !reader->error && !disasm->text.failed; i++) {
        print(disasm, reader);
    }
}

void rp_disasm_print_section(struct rp_disasm *disasm, uint8_t id, struct rp_reader *reader)
{
    switch ((enum rp_section_id)id) {
    case RP_SECTION_IMPORT:
        print_each(disasm, reader, print_import);
        break;
    case RP_SECTION_TABLE:
        print_definitions(disasm, reader, "(table", RP_NAME_TABLE, print_table);
        break;
    case RP_SECTION_MEMORY:
        print_definitions(disasm, reader, "(memory", RP_NAME_MEMORY, put_limits);
        break;
    case RP_SECTION_GLOBAL:
        print_definitions(disasm, reader, "(global", RP_NAME_GLOBAL, print_global);
        break;
    case RP_SECTION_EXPORT:
        print_each(disasm, reader, print_export);
        break;
    case RP_SECTION_START:
        print_start(disasm, reader);
        break;
    case RP_SECTION_ELEMENT:
        print_definitions(disasm, reader, "(elem", RP_NAME_ELEMENT, print_element);
        break;
    case RP_SECTION_DATA:
        print_definitions(disasm, reader, "(data", RP_NAME_DATA, print_data);
        break;
    case RP_SECTION_TAG:
        print_definitions(disasm, reader, "(tag", RP_NAME_TAG, put_tag_type);
        break;
    default: /* functions are printed with their code; the data count says nothing new */
        reader->pos = reader->end;
        break;
    }
}
