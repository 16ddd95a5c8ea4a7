/* The section "name" of an instrumented module (layer 2; core specification, appendix "Name
 * Section"): function indices shift by the imported counter, which gets a name too. */
#include "engine/instrument_code.h"

#define FUNCTION_NAMES 1
#define LOCAL_NAMES 2
#define LABEL_NAMES 3

#define COUNTER_TEXT "reprise.gas"

/* A name, or a map from indices to names, as it stands. */
static struct rp_span read_entry(struct rp_reader *reader, uint8_t id)
{
    const uint8_t *start = reader->pos;
    if (id == FUNCTION_NAMES) {
        (void)rp_read_name(reader);
    } else {
        uint32_t count = rp_read_u32(reader);
        for (uint32_t i = 0; i < count && reader->error == NULL; i++) {
            (void)rp_read_u32(reader);
            (void)rp_read_name(reader);
        }
    }
    return (struct rp_span){start, reader->error != NULL ? 0 : (size_t)(reader->pos - start)};
}

static void put_counter_name(const struct rp_instrumenter *instrumenter, struct rp_buffer *out)
{
    rp_buffer_leb_u(out, instrumenter->counter_index);
    rp_buffer_leb_u(out, sizeof COUNTER_TEXT - 1);
    rp_buffer_append(out, COUNTER_TEXT, sizeof COUNTER_TEXT - 1);
}

/* A map whose keys are function indices. */
static void rewrite_map(const struct rp_instrumenter *instrumenter, uint8_t id,
                        struct rp_reader *reader, struct rp_buffer *out)
{
    uint32_t count = rp_read_u32(reader);
    bool is_named = id != FUNCTION_NAMES; /* whether the counter's own name stands already */
    rp_buffer_leb_u(out, (uint64_t)count + !is_named);
    for (uint32_t i = 0; i < count && reader->error == NULL; i++) {
        uint32_t index = rp_read_u32(reader);
        struct rp_span entry = read_entry(reader, id);
        if (index >= instrumenter->module->func_count) {
            rp_reader_fail(reader, reader->pos, "name of a function that is not there");
        } else if (!is_named && index >= instrumenter->counter_index) {
            put_counter_name(instrumenter, out);
            is_named = true;
        }
        rp_buffer_leb_u(out, rp_instrument_func_index(instrumenter, index));
        rp_buffer_append(out, entry.data, entry.size);
    }
    if (!is_named) {
        put_counter_name(instrumenter, out);
    }
}

bool rp_instrument_names(const struct rp_instrumenter *instrumenter, struct rp_span contents,
                         struct rp_buffer *out)
{
    struct rp_reader reader;
    rp_reader_init(&reader, contents.data, 0, contents.size);
    struct rp_buffer map;
    rp_buffer_init(&map, out->allocator);
    while (rp_reader_left(&reader) > 0 && reader.error == NULL) {
        uint8_t id = rp_read_byte(&reader);
        uint32_t size = rp_read_u32(&reader);
        struct rp_span subsection = rp_read_bytes(&reader, size);
        if (reader.error != NULL) {
            break;
        }
        map.size = 0;
        if (id >= FUNCTION_NAMES && id <= LABEL_NAMES) {
            struct rp_reader inner;
            rp_reader_init(&inner, subsection.data, 0, subsection.size);
            rewrite_map(instrumenter, id, &inner, &map);
            if (inner.error != NULL || rp_reader_left(&inner) > 0) {
                rp_reader_fail(&reader, reader.pos, "malformed map of names");
            }
        } else {
            rp_buffer_append(&map, subsection.data, subsection.size);
        }
        rp_buffer_byte(out, id);
        rp_buffer_leb_u(out, map.size);
        rp_buffer_append(out, map.data, map.size);
    }
    out->failed |= map.failed;
    rp_buffer_deinit(&map);
    return reader.error == NULL;
}
