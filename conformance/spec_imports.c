/* What a module imports, read from its bytes alone (layer 7; core specification, 5.5.5 and 5.3). */
#include "conformance/spec_imports.h"

#define PREAMBLE_BYTES 8
#define SECTION_IMPORT 2
#define LIMITS_HAS_MAX 1u
#define TYPE_REF_NULL 0x63 /* (ref null ht); 0x64: (ref ht) */
#define TYPE_REF 0x64

static void skip_value_type(struct rp_reader *reader)
{
    uint8_t byte = rp_read_byte(reader);
    if (byte == TYPE_REF || byte == TYPE_REF_NULL) {
        (void)rp_read_s33(reader);
    }
}

static void skip_limits(struct rp_reader *reader)
{
    uint8_t flags = rp_read_byte(reader);
    (void)rp_read_u64(reader);
    if ((flags & LIMITS_HAS_MAX) != 0) {
        (void)rp_read_u64(reader);
    }
}

/* Reads the type of an import; true if what it describes can be written to. */
static bool skip_extern_type(struct rp_reader *reader)
{
    switch (rp_read_byte(reader)) {
    case RP_EXTERN_FUNC:
        (void)rp_read_u32(reader);
        return false;
    case RP_EXTERN_TABLE:
        skip_value_type(reader);
        skip_limits(reader);
        return true;
    case RP_EXTERN_MEMORY:
        skip_limits(reader);
        return true;
    case RP_EXTERN_GLOBAL:
        skip_value_type(reader);
        return rp_read_byte(reader) != 0;
    case RP_EXTERN_TAG:
        (void)rp_read_byte(reader);
        (void)rp_read_u32(reader);
        return false;
    default:
        rp_reader_fail(reader, reader->pos, "an import of an unknown kind");
        return false;
    }
}

static void visit_section(struct rp_reader *reader, void (*visit)(void *user, rp_name name),
                          void *user)
{
    uint32_t count = rp_read_u32(reader);
    for (uint32_t i = 0; i < count && reader->error == NULL; i++) {
        struct rp_span module = rp_read_name(reader);
        (void)rp_read_name(reader);
        if (skip_extern_type(reader) && reader->error == NULL) {
            visit(user, (rp_name){.data = (const char *)module.data, .size = module.size});
        }
    }
}

void rp_spec_imports_visit(struct rp_span module, void (*visit)(void *user, rp_name name),
                           void *user)
{
    struct rp_reader reader;
    if (module.size < PREAMBLE_BYTES) {
        return;
    }
    rp_reader_init(&reader, module.data, PREAMBLE_BYTES, module.size);
    while (reader.error == NULL && rp_reader_left(&reader) != 0) {
        uint8_t id = rp_read_byte(&reader);
        struct rp_span contents = rp_read_bytes(&reader, rp_read_u32(&reader));
        if (id == SECTION_IMPORT && reader.error == NULL) {
            struct rp_reader section;
            size_t offset = (size_t)(contents.data - module.data);
            rp_reader_init(&section, module.data, offset, offset + contents.size);
            visit_section(&section, visit, user);
            return;
        }
    }
}
