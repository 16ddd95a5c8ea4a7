/* The disassembler: the walk over the sections (layer 2; core specification, 5.5). See disasm.h.
 *
 * Two walks: the first counts and records what text needs before its place in the bytes (types,
 * names, the types of functions), the second prints. */
#include "engine/disasm.h"

#include "core/assert.h"
#include "core/report.h"
#include "engine/disasm_context.h"

#include <string.h>

static const char *const section_words[RP_SECTION_COUNT] = {
    NULL,     "type",  "import", "func", "table", "memory",    "global",
    "export", "start", "elem",   "code", "data",  "datacount", "tag"};

void rp_disasm_end_line(struct rp_disasm *disasm, uint64_t offset)
{
    struct rp_text *text = &disasm->text;
    size_t column = text->column;
    rp_text_spaces(text,
                   column + 2 < RP_DISASM_COMMENT_COLUMN ? RP_DISASM_COMMENT_COLUMN - column : 2);
    rp_text_put(text, ";; ");
    rp_text_hex(text, offset);
    rp_text_byte(text, '\n');
}

void rp_disasm_put_index(struct rp_disasm *disasm, enum rp_name_kind kind, uint32_t index)
{
    rp_text_byte(&disasm->text, ' ');
    if (rp_name_map_is_identifier(&disasm->maps[kind], index)) {
        rp_text_identifier(&disasm->text, rp_name_map_get(&disasm->maps[kind], index));
    } else {
        rp_text_u64(&disasm->text, index);
    }
}

void rp_disasm_put_name(struct rp_disasm *disasm, enum rp_name_kind kind, uint32_t index)
{
    struct rp_span name = rp_name_map_get(&disasm->maps[kind], index);
    if (rp_name_map_is_identifier(&disasm->maps[kind], index)) {
        rp_text_byte(&disasm->text, ' ');
        rp_text_identifier(&disasm->text, name);
    } else if (name.data) {
        rp_text_put(&disasm->text, " (@name ");
        rp_text_quoted(&disasm->text, name);
        rp_text_byte(&disasm->text, ')');
    }
}

void rp_disasm_put_definition(struct rp_disasm *disasm, enum rp_name_kind kind, uint32_t index)
{
    rp_disasm_put_name(disasm, kind, index);
    rp_text_put(&disasm->text, " (;");
    rp_text_u64(&disasm->text, index);
    rp_text_put(&disasm->text, ";)");
}

/* The next section; false at the end or on an error. */
static bool next_section(struct rp_reader *reader, uint8_t *out_id, struct rp_reader *out_contents)
{
    if (rp_reader_left(reader) == 0) {
        return false;
    }
    *out_id = rp_read_byte(reader);
    if (*out_id >= RP_SECTION_COUNT) {
        rp_reader_fail(reader, reader->pos - 1, "malformed section id");
    }
    struct rp_span contents = rp_read_bytes(reader, rp_read_u32(reader));
    if (reader->error) {
        return false;
    }
    *out_contents = *reader;
    out_contents->pos = contents.data;
    out_contents->end = contents.data + contents.size;
    return true;
}

static void *alloc_array(struct rp_disasm *disasm, uint64_t count, size_t size)
{
    void *array = rp_arena_alloc(&disasm->arena, count, size);
    if (!array) {
        disasm->out_of_memory = true;
    }
    return array;
}

/* Types: counted once without an array, then recorded in one of the right size. */
static void scan_type_section(struct rp_disasm *disasm, struct rp_reader *contents)
{
    for (int pass = 0; pass < 2 && !contents->error; pass++) {
        struct rp_reader reader = *contents;
        if (pass == 1) {
            disasm->type_offsets = alloc_array(disasm, disasm->type_count, sizeof(uint32_t));
            disasm->type_count = 0;
            if (!disasm->type_offsets) {
                return;
            }
        }
        uint32_t count = rp_read_u32(&reader);
        for (uint32_t i = 0; i < count && !reader.error; i++) {
            rp_disasm_scan_types(disasm, &reader);
        }
        if (reader.error) {
            rp_reader_fail(contents, reader.error_at, reader.error);
        }
    }
    disasm->counts[RP_NAME_TYPE] = disasm->type_count;
}

/* Imports are walked twice like types: to count, then, when the functions are known, to record.
 * `functions` NULL: no function section. */
static void scan_functions(struct rp_disasm *disasm, struct rp_reader imports,
                           struct rp_reader *functions)
{
    uint32_t count = functions ? rp_read_u32(functions) : 0;
    if (functions && count > rp_reader_left(functions)) {
        rp_reader_fail(functions, functions->pos, "length out of bounds");
        return;
    }
    disasm->func_count = disasm->func_import_count + count;
    disasm->func_types = alloc_array(disasm, disasm->func_count, sizeof(uint32_t));
    if (!disasm->func_types) {
        return;
    }
    uint32_t counts[RP_NAME_KIND_COUNT];
    memcpy(counts, disasm->counts, sizeof(counts));
    disasm->func_import_count = 0;
    rp_disasm_scan_imports(disasm, &imports);
    memcpy(disasm->counts, counts, sizeof(counts));
    for (uint32_t i = 0; i < count; i++) {
        disasm->func_types[disasm->func_import_count + i] = rp_read_u32(functions);
    }
    disasm->counts[RP_NAME_FUNCTION] = disasm->func_count;
}

/* The index space that a section's entries belong to; RP_NAME_KIND_COUNT: none of the simple
 * ones. */
static enum rp_name_kind find_index_space(uint8_t id)
{
    switch ((enum rp_section_id)id) {
    case RP_SECTION_TABLE:
        return RP_NAME_TABLE;
    case RP_SECTION_MEMORY:
        return RP_NAME_MEMORY;
    case RP_SECTION_GLOBAL:
        return RP_NAME_GLOBAL;
    case RP_SECTION_ELEMENT:
        return RP_NAME_ELEMENT;
    case RP_SECTION_DATA:
        return RP_NAME_DATA;
    case RP_SECTION_TAG:
        return RP_NAME_TAG;
    default:
        return RP_NAME_KIND_COUNT;
    }
}

/* The contents of a custom section called "name"; data NULL if it is called otherwise. */
static struct rp_span find_name_contents(struct rp_reader contents)
{
    struct rp_span name = rp_read_name(&contents);
    bool found = !contents.error && name.size == 4 && memcmp(name.data, "name", 4) == 0;
    return found ? (struct rp_span){.data = contents.pos, .size = rp_reader_left(&contents)}
                 : (struct rp_span){0};
}

static void scan_section(struct rp_disasm *disasm, uint8_t id, struct rp_reader *contents,
                         struct rp_reader *imports)
{
    struct rp_span names = {0};
    switch ((enum rp_section_id)id) {
    case RP_SECTION_CUSTOM:
        names = find_name_contents(*contents);
        if (names.data && !disasm->name_section.data &&
            rp_names_read(&disasm->names, disasm->bytes, names)) {
            disasm->name_section = names;
        }
        break;
    case RP_SECTION_TYPE:
        if (!disasm->type_offsets) {
            scan_type_section(disasm, contents);
        }
        break;
    case RP_SECTION_IMPORT:
        if (!disasm->func_types && imports->pos == imports->end) {
            *imports = *contents;
            rp_disasm_scan_imports(disasm, contents);
        }
        break;
    case RP_SECTION_FUNCTION:
        if (!disasm->func_types) {
            scan_functions(disasm, *imports, contents);
        }
        break;
    default:
        if (find_index_space(id) != RP_NAME_KIND_COUNT) {
            uint32_t count = rp_read_u32(contents);
            uint32_t left = (uint32_t)rp_reader_left(contents);
            disasm->counts[find_index_space(id)] += count < left ? count : left;
        }
    }
}

static bool is_split(enum rp_name_kind kind)
{
    return kind == RP_NAME_LOCAL || kind == RP_NAME_LABEL || kind == RP_NAME_FIELD ||
           kind == RP_NAME_TYPE_PARAM;
}

/* Names by index, for every index space; those that are split by their outer index. */
static void read_names(struct rp_disasm *disasm)
{
    for (unsigned i = RP_NAME_FUNCTION; i < RP_NAME_KIND_COUNT && !disasm->out_of_memory; i++) {
        enum rp_name_kind kind = (enum rp_name_kind)i;
        struct rp_span bytes = disasm->names.subsections[kind];
        if (bytes.size == 0) {
            continue;
        }
        if (!is_split(kind)) {
            disasm->out_of_memory = !rp_name_map_fill(&disasm->maps[kind], disasm->allocator,
                                                      disasm->bytes, bytes, disasm->counts[kind]);
            continue;
        }
        bool by_func = kind == RP_NAME_LOCAL || kind == RP_NAME_LABEL;
        uint32_t count = by_func ? disasm->func_count : disasm->type_count;
        disasm->splits[kind] = alloc_array(disasm, count, sizeof(struct rp_span));
        if (disasm->splits[kind] &&
            !rp_names_split(disasm->bytes, bytes, disasm->splits[kind], count)) {
            disasm->splits[kind] = NULL;
        }
    }
}

/* The first walk. */
static void scan_module(struct rp_disasm *disasm, struct rp_reader *reader)
{
    uint8_t id = 0;
    struct rp_reader contents;
    struct rp_reader imports = *reader;
    imports.pos = imports.end;
    while (next_section(reader, &id, &contents)) {
        scan_section(disasm, id, &contents, &imports);
        if (contents.error) {
            rp_reader_fail(reader, contents.error_at, contents.error);
        }
        if (disasm->out_of_memory) {
            return;
        }
    }
    if (!disasm->func_types && !reader->error) { /* imported functions alone */
        scan_functions(disasm, imports, NULL);
    }
    if (!disasm->out_of_memory && !reader->error) {
        read_names(disasm);
    }
}

static void print_custom(struct rp_disasm *disasm, struct rp_reader contents, uint8_t last_id)
{
    struct rp_text *text = &disasm->text;
    if (disasm->name_section.data &&
        find_name_contents(contents).data == disasm->name_section.data) {
        return;
    }
    uint64_t offset = rp_reader_offset(&contents);
    struct rp_span name = rp_read_name(&contents);
    if (contents.error) {
        return;
    }
    rp_text_put(text, "  (@custom ");
    rp_text_quoted(text, name);
    if (last_id == RP_SECTION_CUSTOM) {
        rp_text_put(text, " (before first) ");
    } else {
        rp_text_put(text, " (after ");
        rp_text_put(text, section_words[last_id]);
        rp_text_put(text, ") ");
    }
    rp_text_quoted(text, rp_read_bytes(&contents, rp_reader_left(&contents)));
    rp_text_byte(text, ')');
    rp_disasm_end_line(disasm, offset);
}

/* The second walk. */
static void print_module(struct rp_disasm *disasm, struct rp_reader *reader)
{
    struct rp_text *text = &disasm->text;
    rp_text_put(text, "(module");
    struct rp_span name = disasm->names.module_name;
    if (name.size != 0) {
        rp_text_byte(text, ' ');
        rp_text_identifier(text, name);
    } else if (name.data) {
        rp_text_put(text, " (@name \"\")");
    }
    rp_text_byte(text, '\n');
    uint8_t id = 0;
    uint8_t last_id = RP_SECTION_CUSTOM;
    struct rp_reader contents;
    while (!text->failed && !disasm->out_of_memory && next_section(reader, &id, &contents)) {
        if (id == RP_SECTION_CUSTOM) {
            print_custom(disasm, contents, last_id);
            continue;
        }
        if (id == RP_SECTION_TYPE) {
            rp_disasm_print_types(disasm, &contents);
        } else if (id == RP_SECTION_CODE) {
            rp_disasm_print_code(disasm, &contents);
        } else {
            rp_disasm_print_section(disasm, id, &contents);
        }
        if (!contents.error && contents.pos != contents.end && !text->failed) {
            rp_reader_fail(&contents, contents.pos, "section size mismatch");
        }
        if (contents.error) {
            rp_reader_fail(reader, contents.error_at, contents.error);
        }
        last_id = id;
    }
    rp_text_put(text, ")\n");
}

static void deinit_disasm(struct rp_disasm *disasm)
{
    for (unsigned i = 0; i < RP_NAME_KIND_COUNT; i++) {
        rp_name_map_deinit(&disasm->maps[i], disasm->allocator);
    }
    rp_arena_deinit(&disasm->arena);
}

/* Runs both walks; the reader holds the error if there is one. */
static void run_walks(struct rp_disasm *disasm, struct rp_reader *reader)
{
    static const uint8_t preamble[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    struct rp_span head = rp_read_bytes(reader, sizeof(preamble));
    if (reader->error || memcmp(head.data, preamble, sizeof(preamble)) != 0) {
        rp_reader_fail(reader, disasm->bytes, "magic header or binary version not detected");
        return;
    }
    struct rp_reader again = *reader;
    scan_module(disasm, reader);
    if (!reader->error && !disasm->out_of_memory) {
        *reader = again;
        print_module(disasm, reader);
    }
}

rp_status rp_disasm_print(const void *bytes, size_t size, struct rp_allocator *allocator,
                          struct rp_text_sink sink, rp_report *report)
{
    RP_ASSERT(bytes && allocator);
    struct rp_disasm *disasm = rp_alloc_zero(allocator, 1, sizeof(*disasm));
    if (!disasm) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for the disassembler");
    }
    disasm->bytes = bytes;
    disasm->size = size;
    disasm->allocator = allocator;
    rp_arena_init(&disasm->arena, allocator);
    rp_text_init(&disasm->text, sink);
    struct rp_reader reader;
    rp_reader_init(&reader, bytes, 0, size);
    run_walks(disasm, &reader);
    rp_status status = RP_OK;
    if (!rp_text_finish(&disasm->text)) {
        status = rp_report_fail(report, RP_ERROR_IO, "the text cannot be written");
    } else if (disasm->out_of_memory) {
        status = rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for names and types");
    } else if (reader.error) {
        uint64_t offset = (uint64_t)(reader.error_at - disasm->bytes);
        status = rp_report_fail_at(report, RP_ERROR_MALFORMED, offset, "%s", reader.error);
    }
    deinit_disasm(disasm);
    rp_free(allocator, disasm, sizeof(*disasm));
    return status;
}
