/* Facts about a module for tools (layer 2): sections, counts, the types of exported functions. */
#ifndef RP_ENGINE_SUMMARY_H
#define RP_ENGINE_SUMMARY_H

#include "core/opcode.h"
#include "core/reader.h"
#include "reprise/reprise.h"

struct rp_module_summary {
    uint64_t size_bytes;
    uint64_t code_bytes; /* of all function bodies, locals included */
    uint32_t func_count; /* imported ones included, as in all counts */
    uint32_t func_import_count;
    uint32_t named_count; /* functions with a name in the name section */
    uint32_t type_count;
    uint32_t table_count;
    uint32_t table_import_count;
    uint32_t memory_count;
    uint32_t memory_import_count;
    uint32_t global_count;
    uint32_t global_import_count;
    uint32_t element_count;
    uint32_t data_count;
    uint32_t features; /* bit per enum rp_feature that the module needs */
    bool has_start;
    uint32_t start_func;
};

void rp_module_summarize(const rp_module *module, struct rp_module_summary *out_summary);

/* The type of a memory or table in words: "memory 1 2", cut to the buffer. */
void rp_module_memory_type(const rp_module *module, uint32_t index, char *out_text, size_t size);
void rp_module_table_type(const rp_module *module, uint32_t index, char *out_text, size_t size);

struct rp_section_info {
    uint8_t id;
    const char *name;    /* "type"; "custom" */
    rp_name custom_name; /* of a custom section */
    uint64_t offset;     /* of the contents, behind id and size */
    uint64_t size;
    uint32_t count; /* entries; 0 for custom and start sections */
};

/* Walks the sections in order: start with *cursor 0. False behind the last one. */
bool rp_module_next_section(const rp_module *module, uint64_t *cursor,
                            struct rp_section_info *out_section);

/* The function that an export is: counts, and its types (parameters, then results) as far as
 * `capacity` goes. False if the export is no function. */
bool rp_module_export_signature(const rp_module *module, size_t export_index, rp_valkind *out_types,
                                size_t capacity, size_t *out_param_count, size_t *out_result_count);

#endif
