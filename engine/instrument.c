/* Rewriting a module's sections for the instrumenter (layer 2; core specification 5.5). The module
 * has been loaded before, so its bytes are valid and are read without checks. */
#include "engine/instrument.h"

#include "core/assert.h"
#include "core/limits.h"
#include "core/report.h"
#include "engine/engine.h"
#include "engine/instruction.h"
#include "engine/instrument_code.h"

#include <string.h>

#define COUNTER_GLOBAL "reprise_gas"
#define COUNTER_MODULE "reprise"
#define COUNTER_NAME "gas"

enum section_id {
    SECTION_CUSTOM,
    SECTION_TYPE,
    SECTION_IMPORT,
    SECTION_FUNCTION,
    SECTION_TABLE,
    SECTION_MEMORY,
    SECTION_GLOBAL,
    SECTION_EXPORT,
    SECTION_START,
    SECTION_ELEMENT,
    SECTION_CODE,
    SECTION_DATA,
    SECTION_DATA_COUNT,
    SECTION_TAG,
};

/* Place in the order of sections. */
static const uint8_t section_ranks[] = {
    [SECTION_TYPE] = 1,   [SECTION_IMPORT] = 2,   [SECTION_FUNCTION] = 3,    [SECTION_TABLE] = 4,
    [SECTION_MEMORY] = 5, [SECTION_TAG] = 6,      [SECTION_GLOBAL] = 7,      [SECTION_EXPORT] = 8,
    [SECTION_START] = 9,  [SECTION_ELEMENT] = 10, [SECTION_DATA_COUNT] = 11, [SECTION_CODE] = 12,
    [SECTION_DATA] = 13,
};

/* The features whose instructions and sections the instrumenter knows. */
static const uint32_t known_features = 1u << RP_FEATURE_MVP | 1u << RP_FEATURE_SIGN_EXTENSION |
                                       1u << RP_FEATURE_SATURATING_CONVERSION |
                                       1u << RP_FEATURE_MULTI_VALUE | 1u << RP_FEATURE_BULK_MEMORY |
                                       1u << RP_FEATURE_REFERENCE_TYPES |
                                       1u << RP_FEATURE_MUTABLE_GLOBALS;

static bool name_equals(struct rp_span name, const char *text)
{
    return name.size == strlen(text) && memcmp(name.data, text, name.size) == 0;
}

static bool name_starts(struct rp_span name, const char *text)
{
    return name.size >= strlen(text) && memcmp(name.data, text, strlen(text)) == 0;
}

static void put_name(struct rp_buffer *out, const char *text)
{
    rp_buffer_leb_u(out, strlen(text));
    rp_buffer_append(out, text, strlen(text));
}

static void copy_to_end(struct rp_reader *reader, struct rp_buffer *out)
{
    rp_buffer_append(out, reader->pos, rp_reader_left(reader));
    reader->pos = reader->end;
}

/* ---- what is refused ---- */

static rp_status refuse_name(const struct rp_instrumenter *instrumenter)
{
    const struct rp_module *module = instrumenter->module;
    if (instrumenter->counter == RP_INSTRUMENT_GLOBAL) {
        if (rp_module_find_export(module, COUNTER_GLOBAL, strlen(COUNTER_GLOBAL)) != NULL) {
            return rp_report_fail(instrumenter->report, RP_ERROR_ARGUMENT,
                                  "instrument: the module exports \"" COUNTER_GLOBAL
                                  "\" already; use the counter \"import\"");
        }
        return RP_OK;
    }
    for (uint32_t i = 0; i < module->import_count; i++) {
        if (name_equals(module->imports[i].module, COUNTER_MODULE) &&
            name_equals(module->imports[i].name, COUNTER_NAME)) {
            return rp_report_fail(instrumenter->report, RP_ERROR_ARGUMENT,
                                  "instrument: the module imports \"" COUNTER_MODULE
                                  "\" \"" COUNTER_NAME "\" already; use the counter \"global\"");
        }
    }
    return RP_OK;
}

static rp_status refuse_count(const struct rp_instrumenter *instrumenter, const char *what,
                              uint32_t count, uint32_t limit)
{
    if (count < limit) {
        return RP_OK;
    }
    return rp_report_fail(instrumenter->report, RP_ERROR_LIMIT,
                          "instrument: %u %s and the counter's, the limit is %u", count, what,
                          limit);
}

static rp_status refuse_module(const struct rp_instrumenter *instrumenter)
{
    const struct rp_module *module = instrumenter->module;
    uint32_t unknown = module->features & ~known_features;
    if (unknown != 0) {
        return rp_report_fail(instrumenter->report, RP_ERROR_UNSUPPORTED,
                              "instrument: the module needs the feature \"%s\"",
                              rp_feature_names[__builtin_ctz(unknown)]);
    }
    rp_status status = refuse_name(instrumenter);
    if (status != RP_OK) {
        return status;
    }
    if (instrumenter->counter == RP_INSTRUMENT_GLOBAL) {
        status = refuse_count(instrumenter, "globals", module->global_count, RP_LIMIT_GLOBALS);
        return status != RP_OK
                   ? status
                   : refuse_count(instrumenter, "exports", module->export_count, RP_LIMIT_EXPORTS);
    }
    status = refuse_count(instrumenter, "types", module->type_count, RP_LIMIT_TYPES);
    if (status == RP_OK) {
        status = refuse_count(instrumenter, "imports", module->import_count, RP_LIMIT_IMPORTS);
    }
    return status != RP_OK
               ? status
               : refuse_count(instrumenter, "functions", module->func_count, RP_LIMIT_FUNCTIONS);
}

/* ---- what the counter adds ---- */

/* Whether the counter adds an entry to a section. */
static bool is_extended(const struct rp_instrumenter *instrumenter, uint8_t id)
{
    return instrumenter->counter == RP_INSTRUMENT_GLOBAL
               ? id == SECTION_GLOBAL || id == SECTION_EXPORT
               : id == SECTION_TYPE || id == SECTION_IMPORT;
}

static void put_counter_entry(const struct rp_instrumenter *instrumenter, uint8_t id,
                              struct rp_buffer *out)
{
    switch ((enum section_id)id) {
    case SECTION_TYPE: { /* (i64) -> () */
        static const uint8_t type[] = {0x60, 1, RP_TYPE_I64, 0};
        rp_buffer_append(out, type, sizeof type);
        break;
    }
    case SECTION_IMPORT:
        put_name(out, COUNTER_MODULE);
        put_name(out, COUNTER_NAME);
        rp_buffer_byte(out, 0);
        rp_buffer_leb_u(out, instrumenter->module->type_count);
        break;
    case SECTION_GLOBAL: { /* mut i64, i64.const 0 */
        static const uint8_t global[] = {RP_TYPE_I64, 1, 0x42, 0, 0x0b};
        rp_buffer_append(out, global, sizeof global);
        break;
    }
    case SECTION_EXPORT:
        put_name(out, COUNTER_GLOBAL);
        rp_buffer_byte(out, 3);
        rp_buffer_leb_u(out, instrumenter->counter_index);
        break;
    default:
        RP_ASSERT(false);
    }
}

/* ---- sections ---- */

static void rewrite_global(struct rp_instrumenter *instrumenter, struct rp_reader *reader,
                           struct rp_buffer *out)
{
    const uint8_t *type = reader->pos;
    rp_instruction_skip_type(reader);
    (void)rp_read_byte(reader);
    rp_buffer_append(out, type, (size_t)(reader->pos - type));
    rp_instrument_const_expr(instrumenter, reader, out);
}

static void rewrite_export(struct rp_instrumenter *instrumenter, struct rp_reader *reader,
                           struct rp_buffer *out)
{
    const uint8_t *name = reader->pos;
    (void)rp_read_name(reader);
    uint8_t kind = rp_read_byte(reader);
    rp_buffer_append(out, name, (size_t)(reader->pos - name));
    uint32_t index = rp_read_u32(reader);
    rp_buffer_leb_u(out,
                    kind == RP_EXTERN_FUNC ? rp_instrument_func_index(instrumenter, index) : index);
}

/* Flags of an element segment: bit 0 not active, bit 1 table given or declared, bit 2 expressions.
 */
static void rewrite_element(struct rp_instrumenter *instrumenter, struct rp_reader *reader,
                            struct rp_buffer *out)
{
    uint32_t flags = rp_read_u32(reader);
    rp_buffer_leb_u(out, flags);
    if ((flags & 3) == 2) {
        rp_buffer_leb_u(out, rp_read_u32(reader));
    }
    if ((flags & 1) == 0) {
        rp_instrument_const_expr(instrumenter, reader, out);
    }
    if ((flags & 3) != 0) { /* element kind, or reference type */
        const uint8_t *type = reader->pos;
        rp_instruction_skip_type(reader);
        rp_buffer_append(out, type, (size_t)(reader->pos - type));
    }
    uint32_t count = rp_read_u32(reader);
    rp_buffer_leb_u(out, count);
    for (uint32_t i = 0; i < count; i++) {
        if ((flags & 4) != 0) {
            rp_instrument_const_expr(instrumenter, reader, out);
        } else {
            rp_buffer_leb_u(out, rp_instrument_func_index(instrumenter, rp_read_u32(reader)));
        }
    }
}

static rp_status rewrite_code_section(struct rp_instrumenter *instrumenter, uint32_t count,
                                      struct rp_reader *reader, struct rp_buffer *out)
{
    for (uint32_t i = 0; i < count; i++) {
        (void)rp_read_u32(reader);
        uint32_t func_index = instrumenter->module->func_import_count + i;
        rp_status status = rp_instrument_body(instrumenter, func_index, reader, out);
        if (status != RP_OK) {
            return status;
        }
    }
    return RP_OK;
}

/* The entries of a section that is a list, behind its count. */
static rp_status rewrite_entries(struct rp_instrumenter *instrumenter, uint8_t id, uint32_t count,
                                 struct rp_reader *reader, struct rp_buffer *out)
{
    void (*rewrite)(struct rp_instrumenter *, struct rp_reader *, struct rp_buffer *) = NULL;
    switch ((enum section_id)id) {
    case SECTION_CODE:
        return rewrite_code_section(instrumenter, count, reader, out);
    case SECTION_GLOBAL:
        rewrite = rewrite_global;
        break;
    case SECTION_EXPORT:
        rewrite = rewrite_export;
        break;
    case SECTION_ELEMENT:
        rewrite = rewrite_element;
        break;
    default:
        copy_to_end(reader, out);
        return RP_OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        rewrite(instrumenter, reader, out);
    }
    return RP_OK;
}

static void put_section(struct rp_buffer *out, uint8_t id, const struct rp_buffer *contents)
{
    rp_buffer_byte(out, id);
    rp_buffer_leb_u(out, contents->size);
    rp_buffer_append(out, contents->data, contents->size);
    out->failed |= contents->failed;
}

static rp_status rewrite_section(struct rp_instrumenter *instrumenter, uint8_t id,
                                 struct rp_reader *reader, struct rp_buffer *out)
{
    struct rp_buffer contents;
    rp_buffer_init(&contents, &instrumenter->allocator);
    rp_status status = RP_OK;
    if (id == SECTION_START) {
        rp_buffer_leb_u(&contents, rp_instrument_func_index(instrumenter, rp_read_u32(reader)));
    } else {
        uint32_t count = rp_read_u32(reader);
        bool is_longer = is_extended(instrumenter, id);
        rp_buffer_leb_u(&contents, (uint64_t)count + is_longer);
        status = rewrite_entries(instrumenter, id, count, reader, &contents);
        if (is_longer) {
            put_counter_entry(instrumenter, id, &contents);
        }
    }
    RP_ASSERT(status != RP_OK || contents.failed || reader->pos == reader->end);
    if (status == RP_OK) {
        put_section(out, id, &contents);
    }
    rp_buffer_deinit(&contents);
    return status;
}

/* Sections that hold places in the code, or function indices in a form of their own. */
static bool is_dropped(struct rp_span name)
{
    return name_starts(name, ".debug_") || name_starts(name, "reloc.") ||
           name_starts(name, "metadata.code.") || name_equals(name, "linking") ||
           name_equals(name, "sourceMappingURL") || name_equals(name, "external_debug_info");
}

static void rewrite_custom(struct rp_instrumenter *instrumenter, struct rp_reader *reader,
                           struct rp_buffer *out)
{
    struct rp_reader whole = *reader;
    struct rp_span name = rp_read_name(reader);
    if (is_dropped(name)) {
        return;
    }
    struct rp_buffer contents;
    rp_buffer_init(&contents, &instrumenter->allocator);
    bool is_kept = true;
    if (name_equals(name, "name") && instrumenter->counter == RP_INSTRUMENT_IMPORT) {
        put_name(&contents, "name");
        is_kept = rp_instrument_names(
            instrumenter, (struct rp_span){reader->pos, rp_reader_left(reader)}, &contents);
    } else {
        copy_to_end(&whole, &contents);
    }
    if (is_kept) {
        put_section(out, SECTION_CUSTOM, &contents);
    }
    rp_buffer_deinit(&contents);
}

/* ---- the module ---- */

/* Adds sections that only the counter needs, of ranks above `after` and below `before`. */
static void put_missing_sections(struct rp_instrumenter *instrumenter, unsigned after,
                                 unsigned before, struct rp_buffer *out)
{
    static const uint8_t ids[] = {SECTION_TYPE, SECTION_IMPORT, SECTION_GLOBAL, SECTION_EXPORT};
    for (size_t i = 0; i < RP_ARRAY_COUNT(ids); i++) {
        unsigned rank = section_ranks[ids[i]];
        if (!is_extended(instrumenter, ids[i]) || rank <= after || rank >= before) {
            continue;
        }
        struct rp_buffer contents;
        rp_buffer_init(&contents, &instrumenter->allocator);
        rp_buffer_leb_u(&contents, 1);
        put_counter_entry(instrumenter, ids[i], &contents);
        put_section(out, ids[i], &contents);
        rp_buffer_deinit(&contents);
    }
}

/* The rank of the next section that is not custom; above all ranks if there is none. */
static unsigned find_next_rank(struct rp_reader reader)
{
    while (rp_reader_left(&reader) > 0) {
        uint8_t id = rp_read_byte(&reader);
        if (id != SECTION_CUSTOM) {
            return section_ranks[id];
        }
        (void)rp_read_bytes(&reader, rp_read_u32(&reader));
    }
    return UINT8_MAX;
}

static rp_status rewrite_module(struct rp_instrumenter *instrumenter, struct rp_buffer *out)
{
    const struct rp_module *module = instrumenter->module;
    struct rp_reader reader;
    rp_reader_init(&reader, module->bytes, 8, module->size);
    rp_buffer_append(out, module->bytes, 8);
    unsigned next_rank = find_next_rank(reader);
    put_missing_sections(instrumenter, 0, next_rank, out);
    rp_status status = RP_OK;
    while (status == RP_OK && rp_reader_left(&reader) > 0) {
        uint8_t id = rp_read_byte(&reader);
        uint32_t size = rp_read_u32(&reader);
        struct rp_reader contents;
        size_t offset = rp_reader_offset(&reader);
        rp_reader_init(&contents, module->bytes, offset, offset + size);
        (void)rp_read_bytes(&reader, size);
        if (id == SECTION_CUSTOM) {
            rewrite_custom(instrumenter, &contents, out);
            continue;
        }
        status = rewrite_section(instrumenter, id, &contents, out);
        next_rank = find_next_rank(reader);
        put_missing_sections(instrumenter, section_ranks[id], next_rank, out);
    }
    if (status == RP_OK && out->failed) {
        return rp_report_fail(instrumenter->report, RP_ERROR_NO_MEMORY,
                              "instrument: no memory for the rewritten module");
    }
    return status;
}

static rp_status instrument_module(struct rp_instrumenter *instrumenter, struct rp_buffer *out)
{
    const struct rp_module *module = instrumenter->module;
    rp_status status = refuse_module(instrumenter);
    if (status != RP_OK) {
        return status;
    }
    rp_allocator_init(&instrumenter->allocator, module->engine->allocation_limit_bytes);
    instrumenter->counter_index = instrumenter->counter == RP_INSTRUMENT_GLOBAL
                                      ? module->global_count
                                      : module->func_import_count;
    rp_buffer_init(&instrumenter->code, &instrumenter->allocator);
    rp_buffer_init(&instrumenter->scratch, &instrumenter->allocator);
    size_t size_before = out->size;
    status = rewrite_module(instrumenter, out);
    if (status != RP_OK) {
        out->size = size_before;
    }
    rp_buffer_deinit(&instrumenter->code);
    rp_buffer_deinit(&instrumenter->scratch);
    rp_free(&instrumenter->allocator, instrumenter->labels,
            instrumenter->label_capacity * rp_instrument_label_bytes());
    RP_ASSERT(instrumenter->allocator.used_bytes == 0);
    return status;
}

rp_status rp_module_instrument(rp_engine *engine, const void *bytes, size_t size,
                               const struct rp_instrument_options *options, struct rp_buffer *out,
                               rp_report *report)
{
    struct rp_module *module = NULL;
    rp_status status = rp_module_load(engine, bytes, size, &module, report);
    if (status != RP_OK) {
        return status;
    }
    struct rp_instrumenter instrumenter = {
        .module = module,
        .schedule = &engine->schedule,
        .report = report,
        .counter = options == NULL ? RP_INSTRUMENT_GLOBAL : options->counter,
    };
    status = instrument_module(&instrumenter, out);
    rp_module_destroy(module);
    return status;
}
