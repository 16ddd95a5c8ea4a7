/* Loading of modules (layer 2): the order of sections, types in the binary format (core
 * specification 5.3, 5.5). */
#include "engine/module_decode.h"

#include "core/assert.h"
#include "core/limits.h"
#include "core/report.h"
#include "engine/engine.h"
#include "engine/module_cache.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

rp_status rp_module_refuse_feature(rp_report *report, uint64_t offset, enum rp_feature feature)
{
    return rp_report_fail_at(report, RP_ERROR_UNSUPPORTED, offset, "needs the feature \"%s\"",
                             rp_feature_names[feature]);
}

rp_status rp_decoder_fail(struct rp_decoder *decoder, rp_status status, uint64_t offset,
                          const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return rp_report_fail_at(decoder->report, status, offset, "%s", text);
}

rp_status rp_decoder_check(struct rp_decoder *decoder)
{
    const struct rp_reader *reader = &decoder->reader;
    if (reader->error == NULL) {
        return RP_OK;
    }
    return rp_decoder_fail(decoder, RP_ERROR_MALFORMED,
                           (uint64_t)(reader->error_at - reader->start), "%s", reader->error);
}

rp_status rp_decoder_count(struct rp_decoder *decoder, const char *what, uint64_t already,
                           uint32_t limit, uint32_t *out_count)
{
    uint64_t offset = rp_reader_offset(&decoder->reader);
    uint32_t count = rp_read_u32(&decoder->reader);
    rp_status status = rp_decoder_check(decoder);
    if (status != RP_OK) {
        return status;
    }
    if (count > limit || already + count > limit) {
        return rp_decoder_fail(decoder, RP_ERROR_LIMIT, offset, "%llu %s, the limit is %u",
                               (unsigned long long)(already + count), what, limit);
    }
    if (count > rp_reader_left(&decoder->reader)) {
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, offset,
                               "unexpected end: %u %s in %zu bytes", count, what,
                               rp_reader_left(&decoder->reader));
    }
    *out_count = count;
    return RP_OK;
}

rp_status rp_decoder_name(struct rp_decoder *decoder, struct rp_span *out_name)
{
    uint64_t offset = rp_reader_offset(&decoder->reader);
    struct rp_span name = rp_read_name(&decoder->reader);
    rp_status status = rp_decoder_check(decoder);
    if (status == RP_OK && name.size > RP_LIMIT_NAME_BYTES) {
        return rp_decoder_fail(decoder, RP_ERROR_LIMIT, offset,
                               "a name of %zu bytes, the limit is %u", name.size,
                               RP_LIMIT_NAME_BYTES);
    }
    *out_name = name;
    return status;
}

/* The feature that a value type's first byte belongs to; FEATURE_MVP if the byte is no type at all.
 */
static enum rp_feature feature_of_type_byte(uint8_t byte)
{
    switch (byte) {
    case 0x7b:
        return RP_FEATURE_SIMD;
    case 0x63:
    case 0x64:
        return RP_FEATURE_FUNCTION_REFERENCES;
    case 0x69:
    case 0x74:
        return RP_FEATURE_EXCEPTIONS;
    case 0x6e:
    case 0x6d:
    case 0x6c:
    case 0x6b:
    case 0x6a:
    case 0x71:
    case 0x72:
    case 0x73:
        return RP_FEATURE_GC;
    default:
        return RP_FEATURE_MVP;
    }
}

rp_status rp_decoder_value_type(struct rp_decoder *decoder, uint32_t *out_type)
{
    uint64_t offset = rp_reader_offset(&decoder->reader);
    uint8_t byte = rp_read_byte(&decoder->reader);
    rp_status status = rp_decoder_check(decoder);
    if (status != RP_OK) {
        return status;
    }
    switch (byte) {
    case RP_TYPE_FUNCREF:
    case RP_TYPE_EXTERNREF:
        decoder->module->features |= 1u << RP_FEATURE_REFERENCE_TYPES;
        RP_FALLTHROUGH;
    case RP_TYPE_I32:
    case RP_TYPE_I64:
    case RP_TYPE_F32:
    case RP_TYPE_F64:
        *out_type = byte;
        return RP_OK;
    default:
        break;
    }
    enum rp_feature feature = feature_of_type_byte(byte);
    if (feature != RP_FEATURE_MVP) {
        return rp_module_refuse_feature(decoder->report, offset, feature);
    }
    return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, offset, "malformed value type 0x%02x",
                           byte);
}

rp_status rp_decoder_reference_type(struct rp_decoder *decoder, uint32_t *out_type)
{
    uint64_t offset = rp_reader_offset(&decoder->reader);
    uint32_t type = RP_TYPE_BOTTOM;
    rp_status status = rp_decoder_value_type(decoder, &type);
    if (status == RP_OK && !rp_type_is_reference(type)) {
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, offset,
                               "malformed reference type 0x%02x", type);
    }
    *out_type = type;
    return status;
}

rp_status rp_decoder_limits(struct rp_decoder *decoder, const char *what, uint64_t limit,
                            struct rp_limits *out_limits)
{
    struct rp_reader *reader = &decoder->reader;
    uint64_t offset = rp_reader_offset(reader);
    uint8_t flags = rp_read_byte(reader);
    if (reader->error == NULL && flags > 1) {
        if (flags < 8) {
            return rp_module_refuse_feature(decoder->report, offset,
                                            (flags & 2) != 0 ? RP_FEATURE_THREADS
                                                             : RP_FEATURE_MEMORY64);
        }
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, offset, "malformed limits flags 0x%02x",
                               flags);
    }
    struct rp_limits limits = {.has_max = flags == 1};
    limits.min = rp_read_u64(reader);
    limits.max = limits.has_max ? rp_read_u64(reader) : 0;
    rp_status status = rp_decoder_check(decoder);
    if (status != RP_OK) {
        return status;
    }
    if (limits.min > limit || limits.max > limit) {
        return rp_decoder_fail(decoder, RP_ERROR_INVALID, offset, "%s size must be at most %llu",
                               what, (unsigned long long)limit);
    }
    if (limits.has_max && limits.min > limits.max) {
        return rp_decoder_fail(decoder, RP_ERROR_INVALID, offset,
                               "size minimum must not be greater than maximum: %s of %llu to %llu",
                               what, (unsigned long long)limits.min,
                               (unsigned long long)limits.max);
    }
    *out_limits = limits;
    return RP_OK;
}

rp_status rp_decoder_global_type(struct rp_decoder *decoder, struct rp_global_type *out_type)
{
    rp_status status = rp_decoder_value_type(decoder, &out_type->type);
    if (status != RP_OK) {
        return status;
    }
    uint64_t offset = rp_reader_offset(&decoder->reader);
    uint8_t mutability = rp_read_byte(&decoder->reader);
    if (decoder->reader.error == NULL && mutability > 1) {
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, offset, "malformed mutability 0x%02x",
                               mutability);
    }
    out_type->is_mutable = mutability == 1;
    return rp_decoder_check(decoder);
}

rp_status rp_decoder_table_type(struct rp_decoder *decoder, struct rp_table_type *out_type)
{
    uint32_t features = decoder->module->features;
    rp_status status = rp_decoder_reference_type(decoder, &out_type->element_type);
    if (status == RP_OK && out_type->element_type == RP_TYPE_FUNCREF) {
        decoder->module->features = features; /* tables of functions are as old as WebAssembly */
    }
    return status != RP_OK ? status
                           : rp_decoder_limits(decoder, "table", UINT32_MAX, &out_type->limits);
}

struct section {
    const char *name;
    uint8_t rank; /* required order; sections of a module have rising ranks */
    rp_status (*decode)(struct rp_decoder *decoder);
};

static const struct section sections[] = {
    [1] = {"type", 1, rp_decode_types},
    [2] = {"import", 2, rp_decode_imports},
    [3] = {"function", 3, rp_decode_functions},
    [4] = {"table", 4, rp_decode_tables},
    [5] = {"memory", 5, rp_decode_memories},
    [6] = {"global", 7, rp_decode_globals},
    [7] = {"export", 8, rp_decode_exports},
    [8] = {"start", 9, rp_decode_start},
    [9] = {"element", 10, rp_decode_elements},
    [10] = {"code", 12, rp_decode_code},
    [11] = {"data", 13, rp_decode_data},
    [12] = {"data count", 11, rp_decode_data_count},
    [13] = {"tag", 6, NULL},
};

static rp_status decode_custom(struct rp_decoder *decoder, uint32_t *custom_capacity)
{
    struct rp_module *module = decoder->module;
    struct rp_span name;
    rp_status status = rp_decoder_name(decoder, &name);
    if (status != RP_OK) {
        return status;
    }
    struct rp_custom_section *customs =
        rp_grow(&module->allocator, module->customs, custom_capacity,
                (uint64_t)module->custom_count + 1, sizeof *customs);
    if (customs == NULL) {
        return rp_decoder_fail(decoder, RP_ERROR_NO_MEMORY, rp_reader_offset(&decoder->reader),
                               "no memory for custom sections");
    }
    module->customs = customs;
    module->custom_capacity = *custom_capacity;
    customs[module->custom_count++] =
        (struct rp_custom_section){.name = name,
                                   .offset = (uint32_t)rp_reader_offset(&decoder->reader),
                                   .size = (uint32_t)rp_reader_left(&decoder->reader)};
    if (name.size == 4 && memcmp(name.data, "name", 4) == 0 && module->name_section.data == NULL) {
        module->name_section =
            (struct rp_span){decoder->reader.pos, rp_reader_left(&decoder->reader)};
    }
    decoder->reader.pos = decoder->reader.end;
    return RP_OK;
}

static rp_status decode_section(struct rp_decoder *decoder, uint8_t id, uint64_t id_offset,
                                unsigned *rank, uint32_t *custom_capacity)
{
    if (id == 0) {
        return decode_custom(decoder, custom_capacity);
    }
    if (id >= RP_ARRAY_COUNT(sections)) {
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, id_offset, "malformed section id %u",
                               id);
    }
    const struct section *section = &sections[id];
    if (section->rank <= *rank) {
        return rp_decoder_fail(
            decoder, RP_ERROR_MALFORMED, id_offset,
            "unexpected content after last section: the %s section is repeated or out of order",
            section->name);
    }
    *rank = section->rank;
    if (section->decode == NULL) {
        return rp_module_refuse_feature(decoder->report, id_offset, RP_FEATURE_EXCEPTIONS);
    }
    rp_status status = section->decode(decoder);
    if (status == RP_OK) {
        status = rp_decoder_check(decoder);
    }
    if (status == RP_OK && rp_reader_left(&decoder->reader) != 0) {
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, rp_reader_offset(&decoder->reader),
                               "section size mismatch: %zu bytes left in the %s section",
                               rp_reader_left(&decoder->reader), section->name);
    }
    return status;
}

static rp_status decode_header(struct rp_decoder *decoder)
{
    const struct rp_module *module = decoder->module;
    if (module->size < 4 || memcmp(module->bytes, "\0asm", 4) != 0) {
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, 0,
                               "magic header not detected: not a WebAssembly module");
    }
    if (module->size < 8 || memcmp(module->bytes + 4, "\1\0\0\0", 4) != 0) {
        return rp_decoder_fail(decoder, RP_ERROR_MALFORMED, 4, "unknown binary version");
    }
    return RP_OK;
}

static rp_status decode_sections(struct rp_decoder *decoder)
{
    struct rp_module *module = decoder->module;
    rp_status status = decode_header(decoder);
    unsigned rank = 0;
    uint32_t custom_capacity = 0;
    size_t offset = 8;
    while (status == RP_OK && offset < module->size) {
        struct rp_reader outer;
        rp_reader_init(&outer, module->bytes, offset, module->size);
        uint8_t id = rp_read_byte(&outer);
        uint32_t size = rp_read_u32(&outer);
        if (outer.error == NULL && size > rp_reader_left(&outer)) {
            rp_reader_fail(&outer, outer.pos,
                           "length out of bounds: a section ends behind the module's end");
        }
        if (outer.error != NULL) {
            return rp_decoder_fail(decoder, RP_ERROR_MALFORMED,
                                   (uint64_t)(outer.error_at - outer.start), "%s", outer.error);
        }
        size_t start = rp_reader_offset(&outer);
        rp_reader_init(&decoder->reader, module->bytes, start, start + size);
        status = decode_section(decoder, id, offset, &rank, &custom_capacity);
        offset = start + size;
    }
    return status;
}

static rp_status check_counts(struct rp_decoder *decoder)
{
    const struct rp_module *module = decoder->module;
    if (decoder->code_count != decoder->declared_func_count) {
        return rp_decoder_fail(
            decoder, RP_ERROR_MALFORMED, module->size,
            "function and code section have inconsistent lengths: %u functions, %u bodies",
            decoder->declared_func_count, decoder->code_count);
    }
    uint32_t segments = module->data == NULL ? 0 : module->data_count;
    if (module->has_data_count && segments != decoder->expected_data_count) {
        return rp_decoder_fail(
            decoder, RP_ERROR_MALFORMED, module->size,
            "data count and data section have inconsistent lengths: %u announced, %u segments",
            decoder->expected_data_count, segments);
    }
    return RP_OK;
}

/* Gives the side table its final place: functions were validated in order, each with its number of
 * words. */
static void place_side_tables(struct rp_module *module)
{
    uint32_t *words = rp_realloc(&module->allocator, module->side_table,
                                 module->side_table_capacity * sizeof *module->side_table,
                                 module->side_table_count * sizeof *module->side_table);
    if (words != NULL || module->side_table_count == 0) {
        module->side_table = words;
        module->side_table_capacity = module->side_table_count;
    }
    static const uint32_t
        no_words[1]; /* of a function that never branches or ends: `unreachable` */
    uint32_t first = 0;
    for (uint32_t i = 0; i < module->func_count - module->func_import_count; i++) {
        bool any = module->codes[i].side_table_words != 0;
        module->codes[i].side_table = any ? module->side_table + first : no_words;
        first += module->codes[i].side_table_words;
    }
    RP_ASSERT(first == module->side_table_count);
}

static rp_status decode_module(struct rp_module *module, rp_report *report)
{
    struct rp_decoder decoder = {.module = module, .report = report};
    rp_status status = rp_validator_create(module, &module->allocator, &decoder.validator, report);
    if (status != RP_OK) {
        return status;
    }
    status = decode_sections(&decoder);
    if (status == RP_OK) {
        status = check_counts(&decoder);
    }
    if (status == RP_OK) {
        rp_validator_finish(decoder.validator, module);
        place_side_tables(module);
        const struct rp_schedule *schedule = &module->engine->schedule;
        module->load_gas = rp_schedule_term(schedule, RP_GAS_TERM_LOAD_BYTES, module->size) +
                           rp_schedule_term(schedule, RP_GAS_TERM_LOAD_STEPS,
                                            rp_validator_steps(decoder.validator));
    }
    rp_validator_destroy(decoder.validator);
    return status;
}

/* A module around a copy of the bytes, to be decoded; NULL: no memory. */
static struct rp_module *create_module(rp_engine *engine, const void *bytes, size_t size,
                                       const uint8_t hash[RP_HASH_BYTES])
{
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, engine->allocation_limit_bytes);
    struct rp_module *module = rp_alloc_zero(&allocator, 1, sizeof *module);
    uint8_t *copy = module == NULL ? NULL : rp_alloc(&allocator, size + 1);
    if (copy == NULL) {
        rp_free(&allocator, module, module == NULL ? 0 : sizeof *module);
        return NULL;
    }
    module->allocator = allocator;
    module->engine = engine;
    module->bytes = copy;
    module->size = size;
    if (size != 0) {
        memcpy(copy, bytes, size);
    }
    copy[size] = 0;
    memcpy(module->hash, hash, RP_HASH_BYTES);
    rp_arena_init(&module->arena, &module->allocator);
    module->share = rp_arena_alloc(&module->arena, 1, sizeof *module->share);
    if (module->share == NULL) {
        rp_module_free(module);
        return NULL;
    }
    *module->share = (struct rp_module_share){.module = module, .references = 1};
    return module;
}

rp_status rp_module_load(rp_engine *engine, const void *bytes, size_t size, rp_module **out_module,
                         rp_report *report)
{
    if (size > RP_LIMIT_MODULE_BYTES) {
        return rp_report_fail(report, RP_ERROR_LIMIT, "module of %zu bytes, the limit is %u", size,
                              RP_LIMIT_MODULE_BYTES);
    }
    uint8_t hash[RP_HASH_BYTES];
    rp_hash(bytes, size, hash);
    struct rp_module *module = rp_module_cache_find(&engine->modules, hash);
    if (module == NULL) {
        module = create_module(engine, bytes, size, hash);
        if (module == NULL) {
            return rp_report_fail(report, RP_ERROR_NO_MEMORY, "module: no memory for %zu bytes",
                                  size);
        }
        rp_status status = decode_module(module, report);
        if (status != RP_OK) {
            rp_module_free(module);
            return status;
        }
        module = rp_module_cache_add(&engine->modules, module);
    }
    *out_module = module;
    return RP_OK;
}

void rp_module_free(struct rp_module *module)
{
    rp_arena_deinit(&module->arena);
    struct rp_allocator allocator = module->allocator;
    rp_free(&allocator, module->side_table,
            module->side_table_capacity * sizeof *module->side_table);
    rp_free(&allocator, module->customs, module->custom_capacity * sizeof *module->customs);
    rp_free(&allocator, module->bytes, module->size + 1);
    rp_free(&allocator, module, sizeof *module);
    RP_ASSERT(allocator.used_bytes == 0);
}
