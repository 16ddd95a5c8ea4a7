/* The opcode table (layer 0): what core/opcode.def says, as enumerations and arrays. */
#ifndef RP_CORE_OPCODE_H
#define RP_CORE_OPCODE_H

#include "core/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds of immediates: RP_IMM_* (core specification, 5.4). Index pairs are in the order of the
 * bytes. */
/* clang-format off */
#define RP_IMMEDIATES(X) \
    X(NONE) X(BLOCK) X(TRY_TABLE) X(LABEL) X(BR_TABLE) X(BR_ON_CAST) X(FUNC) X(CALL_INDIRECT) \
    X(TYPE) X(TYPE_FIELD) X(TYPE_U32) X(TYPE_DATA) X(TYPE_ELEM) X(TYPE_TYPE) X(TAG) X(LOCAL) \
    X(GLOBAL) X(TABLE) X(TABLE_TABLE) X(ELEM) X(ELEM_TABLE) X(DATA) X(DATA_MEMORY) X(MEMORY) \
    X(MEMORY_MEMORY) X(MEMARG) X(MEMARG_LANE) X(I32) X(I64) X(F32) X(F64) X(V128) X(LANE) \
    X(LANES16) X(SELECT_T) X(HEAPTYPE)
/* clang-format on */

enum rp_immediate {
#define X(name) RP_IMM_##name,
    RP_IMMEDIATES(X)
#undef X
};

/* Signatures: operands (first pushed first), then results; RP_SIG_poly is typed by the validator.
 * X(name) */
/* clang-format off */
#define RP_SIGNATURES(X) \
    X(poly) X(_) X(_a) X(_d) X(_f) X(_i) X(_l) X(_v) X(a_a) X(a_d) X(a_f) X(a_i) X(a_l) X(a_v) \
    X(ad_) X(af_) X(ai_) X(al_) X(av_) X(av_v) X(d_d) X(d_f) X(d_i) X(d_l) X(d_v) X(dd_d) \
    X(dd_i) X(f_d) X(f_f) X(f_i) X(f_l) X(f_v) X(ff_f) X(ff_i) X(i_d) X(i_f) X(i_i) X(i_l) \
    X(i_v) X(ii_i) X(l_d) X(l_f) X(l_i) X(l_l) X(l_v) X(ll_i) X(ll_l) X(v_d) X(v_f) X(v_i) \
    X(v_l) X(v_v) X(vd_v) X(vf_v) X(vi_v) X(vl_v) X(vv_v) X(vvv_v)
/* clang-format on */

enum rp_signature {
#define X(name) RP_SIG_##name,
    RP_SIGNATURES(X)
#undef X
        RP_SIG_COUNT
};

/* Features of WebAssembly 3.0 beyond the MVP. X(NAME, "name as in messages and results", in scope
 * of this build) */
/* clang-format off */
#define RP_FEATURES(X) \
    X(MVP, "mvp", 1) \
    X(SIGN_EXTENSION, "sign-extension", 1) \
    X(SATURATING_CONVERSION, "saturating-float-to-int", 1) \
    X(MULTI_VALUE, "multi-value", 1) \
    X(BULK_MEMORY, "bulk-memory", 1) \
    X(REFERENCE_TYPES, "reference-types", 1) \
    X(MUTABLE_GLOBALS, "mutable-global", 1) \
    X(SIMD, "simd", 0) \
    X(RELAXED_SIMD, "relaxed-simd", 0) \
    X(TAIL_CALL, "tail-call", 0) \
    X(EXCEPTIONS, "exceptions", 0) \
    X(MULTI_MEMORY, "multi-memory", 0) \
    X(MEMORY64, "memory64", 0) \
    X(EXTENDED_CONST, "extended-const", 0) \
    X(FUNCTION_REFERENCES, "function-references", 0) \
    X(GC, "gc", 0) \
    X(THREADS, "threads", 0)
/* clang-format on */

enum rp_feature {
#define X(name, text, here) RP_FEATURE_##name,
    RP_FEATURES(X)
#undef X
        RP_FEATURE_COUNT
};

/* Flags. */
#define RP_OP_TRAPS 1u
#define RP_OP_ENDS_RUN 2u
#define RP_OP_MOVES 4u
#define RP_OP_SIZED 8u

enum rp_op {
#define X(id, prefix, code, text, immediate, signature, gas_class, feature, flags) RP_OP_##id,
#include "core/opcode.def"
#undef X
    RP_OP_COUNT,
    RP_OP_NONE = RP_OP_COUNT
};

struct rp_op_info {
    const char *text;
    uint16_t code;
    uint8_t prefix;
    uint8_t immediate; /* enum rp_immediate */
    uint8_t signature; /* enum rp_signature */
    uint8_t feature;   /* enum rp_feature */
    uint8_t flags;
};

extern const struct rp_op_info rp_op_infos[RP_OP_COUNT];

/* Operand and result letters of a signature: "ii_i"; "poly". */
extern const char *const rp_signature_names[RP_SIG_COUNT];
extern const char *const rp_feature_names[RP_FEATURE_COUNT];

/* The row of an opcode, RP_OP_NONE if there is none. `prefix` 0 or the prefix byte. Constant time.
 */
enum rp_op rp_op_find(uint8_t prefix, uint32_t code);

/* Number of operands and results of a signature; both 0 for RP_SIG_poly. */
unsigned rp_signature_operands(enum rp_signature signature);
unsigned rp_signature_results(enum rp_signature signature);

#endif
