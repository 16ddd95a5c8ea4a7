/* The disassembler's types (layer 2; core specification, 5.3 and 6.4). See disasm_context.h. */
#include "engine/disasm_context.h"

#include "core/assert.h"
#include "core/limits.h"

#define FORM_REC 0x4eu
#define FORM_SUB_FINAL 0x4fu
#define FORM_SUB 0x50u
#define TYPE_REF_NULL 0x63
#define TYPE_REF 0x64

struct type_word {
    uint8_t code;
    const char *value; /* as a value type */
    const char *heap;  /* as a heap type; NULL: is none */
};

static const struct type_word type_words[] = {
    {0x7f, "i32", NULL},
    {0x7e, "i64", NULL},
    {0x7d, "f32", NULL},
    {0x7c, "f64", NULL},
    {0x7b, "v128", NULL},
    {0x78, "i8", NULL},
    {0x77, "i16", NULL},
    {0x74, "nullexnref", "noexn"},
    {0x73, "nullfuncref", "nofunc"},
    {0x72, "nullexternref", "noextern"},
    {0x71, "nullref", "none"},
    {0x70, "funcref", "func"},
    {0x6f, "externref", "extern"},
    {0x6e, "anyref", "any"},
    {0x6d, "eqref", "eq"},
    {0x6c, "i31ref", "i31"},
    {0x6b, "structref", "struct"},
    {0x6a, "arrayref", "array"},
    {0x69, "exnref", "exn"},
};

/* The row of a negative type code; NULL if there is none. */
static const struct type_word *find_word(int64_t code)
{
    for (size_t i = 0; i < RP_ARRAY_COUNT(type_words); i++) {
        if (code + 0x80 == type_words[i].code) {
            return &type_words[i];
        }
    }
    return NULL;
}

void rp_disasm_heap_type(struct rp_disasm *disasm, struct rp_reader *reader)
{
    const uint8_t *at = reader->pos;
    int64_t code = rp_read_s33(reader);
    const struct type_word *word = code < 0 ? find_word(code) : NULL;
    if (code >= 0) {
        rp_disasm_put_index(disasm, RP_NAME_TYPE, (uint32_t)code);
    } else if (word && word->heap) {
        rp_text_byte(&disasm->text, ' ');
        rp_text_put(&disasm->text, word->heap);
    } else {
        rp_reader_fail(reader, at, "malformed heap type");
    }
}

void rp_disasm_value_type(struct rp_disasm *disasm, struct rp_reader *reader)
{
    struct rp_text *text = &disasm->text;
    const uint8_t *at = reader->pos;
    int64_t code = rp_read_s33(reader);
    const struct type_word *word = find_word(code);
    rp_text_byte(text, ' ');
    if (word) {
        rp_text_put(text, word->value);
    } else if (code + 0x80 == TYPE_REF || code + 0x80 == TYPE_REF_NULL) {
        rp_text_put(text, code + 0x80 == TYPE_REF ? "(ref" : "(ref null");
        rp_disasm_heap_type(disasm, reader);
        rp_text_byte(text, ')');
    } else {
        rp_reader_fail(reader, at, "malformed value type");
    }
}

/* A list of types as one clause: " (param i32 i64)"; nothing for an empty list. */
static void put_type_list(struct rp_disasm *disasm, struct rp_reader *reader, const char *clause)
{
    uint32_t count = rp_read_u32(reader);
    if (count == 0) {
        return;
    }
    rp_text_put(&disasm->text, clause);
    for (uint32_t i = 0; i < count && !reader->error; i++) {
        rp_disasm_value_type(disasm, reader);
    }
    rp_text_byte(&disasm->text, ')');
}

/* Parameters, each in a clause of its own where it has a name in maps[kind], in common ones
 * else. */
static void put_named_params(struct rp_disasm *disasm, struct rp_reader *reader,
                             enum rp_name_kind kind)
{
    uint32_t count = rp_read_u32(reader);
    bool open = false;
    for (uint32_t i = 0; i < count && !reader->error; i++) {
        bool named = rp_name_map_get(&disasm->maps[kind], i).data != NULL;
        if (open && named) {
            rp_text_byte(&disasm->text, ')');
        }
        if (!open || named) {
            rp_text_put(&disasm->text, " (param");
        }
        if (named) {
            rp_disasm_put_name(disasm, kind, i);
        }
        rp_disasm_value_type(disasm, reader);
        if (named) {
            rp_text_byte(&disasm->text, ')');
        }
        open = !named;
    }
    if (open) {
        rp_text_byte(&disasm->text, ')');
    }
}

/* Fills maps[kind] with the names that belong to a type: of `count` fields or parameters. */
static void fill_type_names(struct rp_disasm *disasm, enum rp_name_kind kind, uint32_t type_index,
                            uint32_t count)
{
    struct rp_span *splits = disasm->splits[kind];
    struct rp_span names = splits ? splits[type_index] : (struct rp_span){0};
    if (!rp_name_map_fill(&disasm->maps[kind], disasm->allocator, disasm->bytes, names, count)) {
        disasm->out_of_memory = true;
    }
}

static void put_field(struct rp_disasm *disasm, struct rp_reader *reader)
{
    struct rp_reader ahead = *reader;
    rp_instruction_skip_type(&ahead);
    const uint8_t *mutability = ahead.pos;
    bool is_mutable = rp_read_byte(&ahead) == 1;
    if (!ahead.error && *mutability > 1) {
        rp_reader_fail(reader, mutability, "malformed mutability");
        return;
    }
    rp_text_put(&disasm->text, is_mutable ? " (mut" : "");
    rp_disasm_value_type(disasm, reader);
    (void)rp_read_byte(reader);
    rp_text_put(&disasm->text, is_mutable ? ")" : "");
}

static void put_struct(struct rp_disasm *disasm, struct rp_reader *reader, uint32_t type_index)
{
    uint32_t count = rp_read_u32(reader);
    fill_type_names(disasm, RP_NAME_FIELD, type_index, count <= rp_reader_left(reader) ? count : 0);
    for (uint32_t i = 0; i < count && !reader->error; i++) {
        rp_text_put(&disasm->text, " (field");
        rp_disasm_put_name(disasm, RP_NAME_FIELD, i);
        put_field(disasm, reader);
        rp_text_byte(&disasm->text, ')');
    }
}

static void put_composite(struct rp_disasm *disasm, struct rp_reader *reader, uint32_t type_index)
{
    const uint8_t *at = reader->pos;
    switch (rp_read_byte(reader)) {
    case RP_TYPE_FORM_FUNC:
        rp_text_put(&disasm->text, " (func");
        fill_type_names(disasm, RP_NAME_TYPE_PARAM, type_index,
                        rp_disasm_param_count(disasm, type_index));
        put_named_params(disasm, reader, RP_NAME_TYPE_PARAM);
        put_type_list(disasm, reader, " (result");
        break;
    case RP_TYPE_FORM_STRUCT:
        rp_text_put(&disasm->text, " (struct");
        put_struct(disasm, reader, type_index);
        break;
    case RP_TYPE_FORM_ARRAY:
        rp_text_put(&disasm->text, " (array");
        put_field(disasm, reader);
        break;
    default:
        rp_reader_fail(reader, at, "malformed definition type");
        break;
    }
    rp_text_byte(&disasm->text, ')');
}

/* One type definition, with its line. */
static void put_type(struct rp_disasm *disasm, struct rp_reader *reader, unsigned indent)
{
    uint64_t offset = rp_reader_offset(reader);
    uint32_t index = disasm->next[RP_NAME_TYPE]++;
    rp_text_spaces(&disasm->text, indent);
    rp_text_put(&disasm->text, "(type");
    rp_disasm_put_definition(disasm, RP_NAME_TYPE, index);
    uint8_t form = reader->pos < reader->end ? *reader->pos : 0;
    if (form == FORM_SUB || form == FORM_SUB_FINAL) {
        (void)rp_read_byte(reader);
        rp_text_put(&disasm->text, form == FORM_SUB ? " (sub" : " (sub final");
        uint32_t count = rp_read_u32(reader);
        for (uint32_t i = 0; i < count && !reader->error; i++) {
            rp_disasm_put_index(disasm, RP_NAME_TYPE, rp_read_u32(reader));
        }
        put_composite(disasm, reader, index);
        rp_text_byte(&disasm->text, ')');
    } else {
        put_composite(disasm, reader, index);
    }
    rp_text_byte(&disasm->text, ')');
    rp_disasm_end_line(disasm, offset);
}

void rp_disasm_print_types(struct rp_disasm *disasm, struct rp_reader *reader)
{
    uint32_t count = rp_read_u32(reader);
    for (uint32_t i = 0; i < count && !reader->error; i++) {
        if (reader->pos == reader->end || *reader->pos != FORM_REC) {
            put_type(disasm, reader, 2);
            continue;
        }
        rp_text_put(&disasm->text, "  (rec");
        rp_disasm_end_line(disasm, rp_reader_offset(reader));
        (void)rp_read_byte(reader);
        uint32_t members = rp_read_u32(reader);
        for (uint32_t j = 0; j < members && !reader->error; j++) {
            put_type(disasm, reader, 4);
        }
        rp_text_put(&disasm->text, "  )\n");
    }
}

static void skip_list(struct rp_reader *reader, bool fields)
{
    uint32_t count = rp_read_u32(reader);
    for (uint32_t i = 0; i < count && !reader->error; i++) {
        rp_instruction_skip_type(reader);
        if (fields) {
            (void)rp_read_byte(reader);
        }
    }
}

static void scan_type(struct rp_disasm *disasm, struct rp_reader *reader)
{
    uint8_t form = rp_read_byte(reader);
    if (form == FORM_SUB || form == FORM_SUB_FINAL) {
        uint32_t count = rp_read_u32(reader);
        for (uint32_t i = 0; i < count && !reader->error; i++) {
            (void)rp_read_u32(reader);
        }
        form = rp_read_byte(reader);
    }
    if (disasm->type_offsets) {
        disasm->type_offsets[disasm->type_count] = (uint32_t)rp_reader_offset(reader) - 1;
    }
    disasm->type_count++;
    if (form == RP_TYPE_FORM_FUNC) {
        skip_list(reader, false);
        skip_list(reader, false);
    } else if (form == RP_TYPE_FORM_STRUCT) {
        skip_list(reader, true);
    } else if (form == RP_TYPE_FORM_ARRAY) {
        rp_instruction_skip_type(reader);
        (void)rp_read_byte(reader);
    } else if (!reader->error) {
        rp_reader_fail(reader, reader->pos - 1, "malformed definition type");
    }
}

void rp_disasm_scan_types(struct rp_disasm *disasm, struct rp_reader *reader)
{
    if (reader->pos == reader->end || *reader->pos != FORM_REC) {
        scan_type(disasm, reader);
        return;
    }
    (void)rp_read_byte(reader);
    uint32_t members = rp_read_u32(reader);
    for (uint32_t i = 0; i < members && !reader->error; i++) {
        scan_type(disasm, reader);
    }
}

/* Puts the cursor on the parameters of a function type. False if the index names none. */
static bool open_func_type(const struct rp_disasm *disasm, uint32_t type_index,
                           struct rp_reader *out_reader)
{
    if (type_index >= disasm->type_count) {
        return false;
    }
    rp_reader_init(out_reader, disasm->bytes, disasm->type_offsets[type_index], disasm->size);
    return rp_read_byte(out_reader) == RP_TYPE_FORM_FUNC;
}

uint32_t rp_disasm_param_count(const struct rp_disasm *disasm, uint32_t type_index)
{
    struct rp_reader reader;
    return open_func_type(disasm, type_index, &reader) ? rp_read_u32(&reader) : 0;
}

void rp_disasm_type_use(struct rp_disasm *disasm, uint32_t type_index, bool named_params)
{
    rp_text_put(&disasm->text, " (type");
    rp_disasm_put_index(disasm, RP_NAME_TYPE, type_index);
    rp_text_byte(&disasm->text, ')');
    struct rp_reader reader;
    if (!open_func_type(disasm, type_index, &reader)) {
        return;
    }
    if (named_params) {
        put_named_params(disasm, &reader, RP_NAME_LOCAL);
    } else {
        put_type_list(disasm, &reader, " (param");
    }
    put_type_list(disasm, &reader, " (result");
}
