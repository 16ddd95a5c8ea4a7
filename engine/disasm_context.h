/* What the parts of the disassembler share (layer 2, internal to disasm*.c).
 *
 * Invariant: `type_offsets` and `func_types` cover all types and functions that the sections
 * declare; a type index in `func_types` may name nothing. */
#ifndef RP_ENGINE_DISASM_CONTEXT_H
#define RP_ENGINE_DISASM_CONTEXT_H

#include "core/arena.h"
#include "engine/disasm.h"
#include "engine/instruction.h"
#include "engine/name_section.h"

#define RP_DISASM_COMMENT_COLUMN 56u
#define RP_DISASM_WRAP_COLUMN 96u
#define RP_DISASM_INDENT_MAX 40u /* levels: deep nesting must not make the text quadratic */

#define RP_TYPE_FORM_FUNC 0x60u
#define RP_TYPE_FORM_STRUCT 0x5fu
#define RP_TYPE_FORM_ARRAY 0x5eu

struct rp_disasm {
    struct rp_text text;
    const uint8_t *bytes;
    size_t size;
    struct rp_allocator *allocator;
    struct rp_arena arena;
    bool out_of_memory;

    uint32_t *type_offsets; /* of each composite type, behind `sub` and its supertypes */
    uint32_t type_count;
    uint32_t *func_types;
    uint32_t func_count;
    uint32_t func_import_count;
    uint32_t counts[RP_NAME_KIND_COUNT]; /* sizes of the index spaces, by the kind of their names */
    uint32_t next[RP_NAME_KIND_COUNT];   /* index of the next definition to be printed */

    struct rp_names names;
    struct rp_span name_section; /* contents; data NULL if there is none that can be read */
    struct rp_name_map maps[RP_NAME_KIND_COUNT]; /* the split kinds: those of the present
                                                    function or type */
    struct rp_span *splits[RP_NAME_KIND_COUNT]; /* LOCAL and LABEL by function, FIELD and TYPE_PARAM
                                                    by type; NULL for the other kinds */
};

/* ---- tokens ---- */

/* Ends the line with the offset as a comment. */
void rp_disasm_end_line(struct rp_disasm *disasm, uint64_t offset);
/* The use of an index: " $name" or " 3". */
void rp_disasm_put_index(struct rp_disasm *disasm, enum rp_name_kind kind, uint32_t index);
/* Name and index of a definition: " $name (;3;)". */
void rp_disasm_put_definition(struct rp_disasm *disasm, enum rp_name_kind kind, uint32_t index);
/* " $name" and the annotation of a name that is no identifier. */
void rp_disasm_put_name(struct rp_disasm *disasm, enum rp_name_kind kind, uint32_t index);

/* ---- types ---- */

/* Reads a type at the cursor and prints it. */
void rp_disasm_value_type(struct rp_disasm *disasm, struct rp_reader *reader);
void rp_disasm_heap_type(struct rp_disasm *disasm, struct rp_reader *reader);
/* Moves over one entry of the type section (a recursive group is several types) and records it. */
void rp_disasm_scan_types(struct rp_disasm *disasm, struct rp_reader *reader);
void rp_disasm_print_types(struct rp_disasm *disasm, struct rp_reader *reader);
/* " (type 3) (param i32) (result i64)"; parameters by their names in maps[RP_NAME_LOCAL] if
 * asked. */
void rp_disasm_type_use(struct rp_disasm *disasm, uint32_t type_index, bool named_params);
/* Parameters of a function type; 0 if the index names none. */
uint32_t rp_disasm_param_count(const struct rp_disasm *disasm, uint32_t type_index);

/* ---- code ---- */

/* Reads a constant expression with its `end` and prints it: " i32.const 1". */
void rp_disasm_const_expr(struct rp_disasm *disasm, struct rp_reader *reader);
/* Prints the functions of the code section. */
void rp_disasm_print_code(struct rp_disasm *disasm, struct rp_reader *reader);

/* ---- sections ---- */

/* Moves over the import section, counting index spaces; `func_types` is filled if it is there. */
void rp_disasm_scan_imports(struct rp_disasm *disasm, struct rp_reader *reader);
/* Prints a section that is neither type nor code nor custom. */
void rp_disasm_print_section(struct rp_disasm *disasm, uint8_t id, struct rp_reader *reader);

enum rp_section_id {
    RP_SECTION_CUSTOM = 0,
    RP_SECTION_TYPE = 1,
    RP_SECTION_IMPORT = 2,
    RP_SECTION_FUNCTION = 3,
    RP_SECTION_TABLE = 4,
    RP_SECTION_MEMORY = 5,
    RP_SECTION_GLOBAL = 6,
    RP_SECTION_EXPORT = 7,
    RP_SECTION_START = 8,
    RP_SECTION_ELEMENT = 9,
    RP_SECTION_CODE = 10,
    RP_SECTION_DATA = 11,
    RP_SECTION_DATA_COUNT = 12,
    RP_SECTION_TAG = 13,
    RP_SECTION_COUNT = 14
};

#endif
