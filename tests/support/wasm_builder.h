/* A small assembler of WebAssembly modules for tests (layer 7, test support; core specification,
 * chapter 5).
 *
 * Tests say what a module holds, in any order of sections, and get its bytes; nothing is validated,
 * so wrong modules can be built as well as right ones. Codes come from the opcode table. A wrong
 * use of the builder itself (no function open, imports after definitions) and running out of memory
 * abort: it serves tests only.
 *
 *     struct rp_wasm wasm;
 *     rp_wasm_init(&wasm);
 *     uint32_t type = rp_wasm_type(&wasm, "ii", "i");
 *     uint32_t add = rp_wasm_func_begin(&wasm, type, "");
 *     rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
 *     rp_wasm_op_index(&wasm, RP_OP_local_get, 1);
 *     rp_wasm_op(&wasm, RP_OP_i32_add);
 *     rp_wasm_func_end(&wasm);
 *     rp_wasm_export(&wasm, "add", RP_EXTERN_FUNC, add);
 *     struct rp_span bytes = rp_wasm_finish(&wasm);
 *     ... rp_module_load(engine, bytes.data, bytes.size, &module, &report) ...
 *     rp_wasm_deinit(&wasm);
 *
 * Value types are letters, as in core/opcode.def: i i32, l i64, f f32, d f64, v v128; and r
 * funcref, x externref. */
#ifndef RP_TESTS_SUPPORT_WASM_BUILDER_H
#define RP_TESTS_SUPPORT_WASM_BUILDER_H

#include "core/buffer.h"
#include "core/opcode.h"
#include "core/reader.h"
#include "reprise/reprise.h"

enum rp_wasm_section {
    RP_WASM_CUSTOM = 0,
    RP_WASM_TYPE = 1,
    RP_WASM_IMPORT = 2,
    RP_WASM_FUNCTION = 3,
    RP_WASM_TABLE = 4,
    RP_WASM_MEMORY = 5,
    RP_WASM_GLOBAL = 6,
    RP_WASM_EXPORT = 7,
    RP_WASM_START = 8,
    RP_WASM_ELEMENT = 9,
    RP_WASM_CODE = 10,
    RP_WASM_DATA = 11,
    RP_WASM_DATA_COUNT = 12,
    RP_WASM_TAG = 13,
    RP_WASM_SECTION_COUNT = 14
};

#define RP_WASM_NO_MAX UINT64_MAX
#define RP_WASM_VOID (-64) /* block type without parameters and results */

/* Invariant: counts[s] entries of section s lie encoded in sections[s], without the count itself.
 * The fields are read by tests at most; they may raise counts[] to tell a lie. */
struct rp_wasm {
    struct rp_allocator allocator;
    struct rp_buffer sections[RP_WASM_SECTION_COUNT];
    uint32_t counts[RP_WASM_SECTION_COUNT];
    uint32_t imports[5];   /* imported objects by rp_extern_kind */
    uint32_t defined[5];   /* defined objects by rp_extern_kind */
    struct rp_buffer code; /* body of the open function, locals first */
    struct rp_buffer names;
    struct rp_buffer module;
    uint32_t name_count;
    bool func_open;
    bool needs_data_count;
};

void rp_wasm_init(struct rp_wasm *wasm);
void rp_wasm_deinit(struct rp_wasm *wasm);

/* The module's bytes, good until the next call of rp_wasm_finish or deinit. The builder stays
 * usable. Sections stand in the specification's order, LEBs are minimal; a `name` section follows
 * if names were given, a data count section precedes the code if a passive segment or
 * rp_wasm_data_count asks for it. */
struct rp_span rp_wasm_finish(struct rp_wasm *wasm);

/* ---- types and imports. All answer the new index in its index space. ---- */

uint32_t rp_wasm_type(struct rp_wasm *wasm, const char *params, const char *results);
uint32_t rp_wasm_import_func(struct rp_wasm *wasm, const char *module, const char *name,
                             uint32_t type_index);
uint32_t rp_wasm_import_table(struct rp_wasm *wasm, const char *module, const char *name, char type,
                              uint64_t min, uint64_t max);
uint32_t rp_wasm_import_memory(struct rp_wasm *wasm, const char *module, const char *name,
                               uint64_t min, uint64_t max);
uint32_t rp_wasm_import_global(struct rp_wasm *wasm, const char *module, const char *name,
                               char type, bool is_mutable);

/* ---- definitions ---- */

uint32_t rp_wasm_table(struct rp_wasm *wasm, char type, uint64_t min, uint64_t max);
uint32_t rp_wasm_memory(struct rp_wasm *wasm, uint64_t min, uint64_t max); /* pages */
/* The initial value is a constant; a funcref is `of.ref`, a function index of this module, or
 * RP_REF_NULL. */
uint32_t rp_wasm_global(struct rp_wasm *wasm, bool is_mutable, rp_value initial);
uint32_t rp_wasm_global_i32(struct rp_wasm *wasm, bool is_mutable, int32_t initial);
uint32_t rp_wasm_global_i64(struct rp_wasm *wasm, bool is_mutable, int64_t initial);
/* A global initialised by global.get of another. */
uint32_t rp_wasm_global_from(struct rp_wasm *wasm, char type, bool is_mutable,
                             uint32_t global_index);

void rp_wasm_export(struct rp_wasm *wasm, const char *name, rp_extern_kind kind, uint32_t index);
void rp_wasm_start(struct rp_wasm *wasm, uint32_t func_index);

uint32_t rp_wasm_data(struct rp_wasm *wasm, int32_t address, const void *data,
                      size_t size); /* active, memory 0 */
uint32_t rp_wasm_data_passive(struct rp_wasm *wasm, const void *data, size_t size);
void rp_wasm_data_count(struct rp_wasm *wasm); /* write the data count section in any case */
uint32_t rp_wasm_elem(struct rp_wasm *wasm, uint32_t table, int32_t offset, const uint32_t *funcs,
                      size_t count);
uint32_t rp_wasm_elem_passive(struct rp_wasm *wasm, const uint32_t *funcs, size_t count);
uint32_t rp_wasm_elem_declare(struct rp_wasm *wasm, const uint32_t *funcs, size_t count);

/* Entry of the name section; indices must be given in rising order. */
void rp_wasm_name_func(struct rp_wasm *wasm, uint32_t func_index, const char *name);

/* ---- code: one function is open at a time ---- */

/* Opens a function with the locals given as letters ("iil"); answers its index. */
uint32_t rp_wasm_func_begin(struct rp_wasm *wasm, uint32_t type_index, const char *locals);
/* Writes the function's last `end` and closes it. */
void rp_wasm_func_end(struct rp_wasm *wasm);
/* A whole function from bytes: `body` begins with the local declarations and holds the last `end`,
 * or not, as the test likes. */
uint32_t rp_wasm_func_bytes(struct rp_wasm *wasm, uint32_t type_index, const void *body,
                            size_t size);

void rp_wasm_op(struct rp_wasm *wasm, enum rp_op op); /* without immediates; also `end`, `else` */
void rp_wasm_op_index(struct rp_wasm *wasm, enum rp_op op, uint32_t index);
/* Two indices in the order of the bytes: call_indirect (type, table), memory.init (data, memory),
 * table.copy (destination, source) … */
void rp_wasm_op_indices(struct rp_wasm *wasm, enum rp_op op, uint32_t first, uint32_t second);
void rp_wasm_op_memory(struct rp_wasm *wasm, enum rp_op op, uint32_t align_log2, uint64_t offset);
void rp_wasm_i32_const(struct rp_wasm *wasm, int32_t value);
void rp_wasm_i64_const(struct rp_wasm *wasm, int64_t value);
void rp_wasm_f32_const(struct rp_wasm *wasm, uint32_t bits);
void rp_wasm_f64_const(struct rp_wasm *wasm, uint64_t bits);
/* block, loop, if: `type` is RP_WASM_VOID, a letter, or as rp_wasm_block_type a type index. */
void rp_wasm_block(struct rp_wasm *wasm, enum rp_op op, int type);
void rp_wasm_block_type(struct rp_wasm *wasm, enum rp_op op, uint32_t type_index);
void rp_wasm_br_table(struct rp_wasm *wasm, const uint32_t *labels, size_t count,
                      uint32_t default_label);
void rp_wasm_ref_null(struct rp_wasm *wasm, char type);
void rp_wasm_select_t(struct rp_wasm *wasm, char type);

/* ---- to build what is wrong ---- */

void rp_wasm_code_bytes(struct rp_wasm *wasm, const void *data,
                        size_t size); /* into the open function */
/* Appends one entry's bytes to a section and counts `entries`. */
void rp_wasm_entry(struct rp_wasm *wasm, enum rp_wasm_section section, const void *data,
                   size_t size, uint32_t entries);
/* Appends the preamble, or a section with any id and contents, to a buffer of the caller: modules
 * that the builder would not write. */
void rp_wasm_write_preamble(struct rp_buffer *out);
void rp_wasm_write_section(struct rp_buffer *out, unsigned id, const void *contents, size_t size);
/* Unsigned LEB128 in exactly `width` bytes: padded, and too long if width says so. */
void rp_wasm_write_leb_padded(struct rp_buffer *out, uint64_t value, unsigned width);

#endif
