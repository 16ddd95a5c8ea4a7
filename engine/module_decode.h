/* State of one pass over a module's bytes (layer 2), shared by the files that decode it. */
#ifndef RP_ENGINE_MODULE_DECODE_H
#define RP_ENGINE_MODULE_DECODE_H

#include "engine/module.h"
#include "engine/validate.h"

struct rp_decoder {
    struct rp_module *module;
    struct rp_reader reader; /* of the present section */
    struct rp_validator *validator;
    rp_report *report;
    uint32_t declared_func_count; /* from the function section */
    uint32_t code_count;
    uint32_t expected_data_count;
};

/* Fails at an offset with a status and a text. */
rp_status rp_decoder_fail(struct rp_decoder *decoder, rp_status status, uint64_t offset,
                          const char *format, ...) RP_PRINTF(4, 5);
/* The reader's error as MALFORMED; OK if it has none. */
rp_status rp_decoder_check(struct rp_decoder *decoder);

/* Reads a count, checked against a limit and against the bytes left (an item takes at least one).
 */
rp_status rp_decoder_count(struct rp_decoder *decoder, const char *what, uint64_t already,
                           uint32_t limit, uint32_t *out_count);
/* A name, checked against its limit. */
rp_status rp_decoder_name(struct rp_decoder *decoder, struct rp_span *out_name);
rp_status rp_decoder_value_type(struct rp_decoder *decoder, uint32_t *out_type);
rp_status rp_decoder_reference_type(struct rp_decoder *decoder, uint32_t *out_type);
/* `limit` bounds both numbers: pages of a memory, elements of a table. */
rp_status rp_decoder_limits(struct rp_decoder *decoder, const char *what, uint64_t limit,
                            struct rp_limits *out_limits);
rp_status rp_decoder_global_type(struct rp_decoder *decoder, struct rp_global_type *out_type);
rp_status rp_decoder_table_type(struct rp_decoder *decoder, struct rp_table_type *out_type);

/* Frees a module that nothing refers to any more; module_cache.c says when. */
void rp_module_free(struct rp_module *module);

/* The sections, module_sections.c. Each reads its section's contents to the end. */
rp_status rp_decode_types(struct rp_decoder *decoder);
rp_status rp_decode_imports(struct rp_decoder *decoder);
rp_status rp_decode_functions(struct rp_decoder *decoder);
rp_status rp_decode_tables(struct rp_decoder *decoder);
rp_status rp_decode_memories(struct rp_decoder *decoder);
rp_status rp_decode_globals(struct rp_decoder *decoder);
rp_status rp_decode_exports(struct rp_decoder *decoder);
rp_status rp_decode_start(struct rp_decoder *decoder);
rp_status rp_decode_elements(struct rp_decoder *decoder);
rp_status rp_decode_data_count(struct rp_decoder *decoder);
rp_status rp_decode_code(struct rp_decoder *decoder);
rp_status rp_decode_data(struct rp_decoder *decoder);

#endif
