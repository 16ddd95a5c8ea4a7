/* The immutable module (layer 2): what decoding and validation leave for instantiation and
 * execution. Shared between stores and threads.
 *
 * Invariants: the bytes are owned and never change; every index in these structures is in range;
 * spans and offsets point into the bytes; the side table has the form of docs/design/frame.md,
 * section 5. */
#ifndef RP_ENGINE_MODULE_H
#define RP_ENGINE_MODULE_H

#include "core/hash.h"
#include "core/reader.h"
#include "engine/types.h"
#include "metering/schedule.h"

struct rp_limits {
    uint64_t min;
    uint64_t max; /* if has_max */
    bool has_max;
};

struct rp_table_type {
    uint32_t element_type;
    struct rp_limits limits;
};

struct rp_global_type {
    uint32_t type;
    bool is_mutable;
};

/* A constant expression, its `end` included, as a range of the module's bytes. */
struct rp_const_expr {
    uint32_t offset;
    uint32_t size;
};

struct rp_import {
    struct rp_span module;
    struct rp_span name;
    uint8_t kind;   /* rp_extern_kind */
    uint32_t index; /* in the index space of that kind, where the type is found */
};

struct rp_export {
    struct rp_span name;
    uint8_t kind;
    uint32_t index;
};

struct rp_global_def {
    struct rp_global_type type;
    struct rp_const_expr init; /* not for imports */
};

enum rp_segment_mode { RP_SEGMENT_ACTIVE, RP_SEGMENT_PASSIVE, RP_SEGMENT_DECLARED };

struct rp_element_segment {
    uint8_t mode; /* enum rp_segment_mode */
    bool uses_expressions;
    uint32_t type;
    uint32_t table;
    struct rp_const_expr table_offset; /* active */
    uint32_t count;
    uint32_t items_offset; /* in the bytes: `count` function indices or constant expressions */
};

struct rp_data_segment {
    uint8_t mode;
    uint32_t memory;
    struct rp_const_expr memory_offset; /* active */
    struct rp_span bytes;
};

/* A function's code. `wide`: some parameter, local or operand is v128. */
struct rp_code {
    const uint8_t *body;        /* first instruction */
    const uint32_t *side_table; /* of the function */
    const struct rp_func_type *type;
    uint64_t frame_price;  /* the FRAME term of frame_slots */
    uint32_t entry_offset; /* of the locals in front of the body, from the start of the module */
    uint32_t body_size;    /* up to behind the last `end` */
    uint32_t local_count;  /* parameters included */
    uint32_t operand_max;  /* largest operand height, in values */
    uint32_t frame_slots;  /* 2 + parameters + locals + largest operand height, v128 counting 2 */
    uint32_t run_price;    /* of the first run, capped like the side table's prices */
    uint32_t side_table_words;
    bool wide;
};

struct rp_custom_section {
    struct rp_span name;
    uint32_t offset; /* of the contents behind the name */
    uint32_t size;
};

/* How a module is shared: the part of it that changes, under the lock of the engine's modules. */
struct rp_module_share {
    struct rp_module_share *next; /* in the cache */
    struct rp_module *module;
    uint64_t references; /* handles and instances */
};

struct rp_module {
    rp_engine *engine;
    struct rp_module_share *share;
    uint8_t hash[RP_HASH_BYTES];   /* of the bytes */
    struct rp_allocator allocator; /* of everything here, this structure included */
    struct rp_arena arena;
    uint8_t *bytes;
    size_t size;

    const struct rp_func_type **types;
    uint32_t type_count;
    struct rp_import *imports;
    uint32_t import_count;
    struct rp_export *exports;
    uint32_t export_count;

    /* Index spaces, imports first. */
    uint32_t *func_types; /* type index by function index */
    uint32_t func_count;
    uint32_t func_import_count;
    struct rp_table_type *tables;
    uint32_t table_count;
    uint32_t table_import_count;
    struct rp_limits *memories; /* pages */
    uint32_t memory_count;
    uint32_t memory_import_count;
    struct rp_global_def *globals;
    uint32_t global_count;
    uint32_t global_import_count;

    struct rp_code *codes; /* by function index minus func_import_count */
    struct rp_element_segment *elements;
    uint32_t element_count;
    struct rp_data_segment *data;
    uint32_t data_count;
    bool has_data_count;
    bool has_start;
    uint32_t start_func;

    uint32_t *side_table; /* of all functions */
    uint32_t side_table_count;
    uint32_t side_table_capacity;
    uint32_t *export_order; /* indices of exports, sorted by name bytes */

    struct rp_custom_section *customs;
    uint32_t custom_count;
    uint32_t custom_capacity;
    struct rp_span name_section; /* contents of the first custom section "name"; size 0 if none */
    uint32_t features;           /* bit per enum rp_feature that the module needs */
    uint64_t load_gas;
};

static inline const struct rp_func_type *rp_module_func_type(const struct rp_module *module,
                                                             uint32_t func_index)
{
    return module->types[module->func_types[func_index]];
}

/* The code of a function that is no import. */
static inline const struct rp_code *rp_module_code(const struct rp_module *module,
                                                   uint32_t func_index)
{
    return func_index < module->func_import_count
               ? NULL
               : &module->codes[func_index - module->func_import_count];
}

/* Fails with ERROR_UNSUPPORTED and the text `needs the feature "…"`: the one place where a feature
 * is refused. */
rp_status rp_module_refuse_feature(rp_report *report, uint64_t offset, enum rp_feature feature);

/* Appends the type of an import or export in words: "(i32) -> ()", "memory 1 2", "table 10
 * funcref", "global mut i32". */
void rp_module_print_type(const struct rp_module *module, rp_extern_kind kind, uint32_t index,
                          struct rp_buffer *out);

/* The export of a name; NULL if there is none. Logarithmic. */
const struct rp_export *rp_module_find_export(const struct rp_module *module, const char *name,
                                              size_t size);

#endif
