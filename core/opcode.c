/* The opcode table (layer 0): everything here is derived from core/opcode.def.
 *
 * Two rows with one (prefix, code) do not compile: both compilers warn about a designated
 * initializer given twice. */
#include "core/opcode.h"

#include "core/assert.h"

const struct rp_op_info rp_op_infos[RP_OP_COUNT] = {
#define X(id, prefix_byte, code_value, mnemonic, immediate_kind, sig, gas_class, feature_bit, \
          flag_bits)                                                                          \
    [RP_OP_##id] = {                                                                          \
        .text = mnemonic,                                                                     \
        .code = code_value,                                                                   \
        .prefix = prefix_byte,                                                                \
        .immediate = RP_IMM_##immediate_kind,                                                 \
        .signature = RP_SIG_##sig,                                                            \
        .feature = RP_FEATURE_##feature_bit,                                                  \
        .flags = flag_bits,                                                                   \
    },
#include "core/opcode.def"
#undef X
};

const char *const rp_signature_names[RP_SIG_COUNT] = {
#define X(name) [RP_SIG_##name] = #name,
    RP_SIGNATURES(X)
#undef X
};

const char *const rp_feature_names[RP_FEATURE_COUNT] = {
#define X(name, text, here) [RP_FEATURE_##name] = text,
    RP_FEATURES(X)
#undef X
};

#define PREFIX_COUNT 4
#define PREFIX_INDEX(prefix) \
    ((prefix) == 0xfb ? 1 : (prefix) == 0xfc ? 2 : (prefix) == 0xfd ? 3 : 0)
#define CODE_COUNT 0x114 /* relaxed SIMD ends at 0x113 */

static_assert(RP_OP_COUNT < UINT16_MAX, "an opcode must fit into find_table");

/* One more than the opcode; 0: unassigned. */
static const uint16_t find_table[PREFIX_COUNT][CODE_COUNT] = {
#define X(id, prefix, code, text, immediate, signature, gas_class, feature, flags) \
    [PREFIX_INDEX(prefix)][code] = RP_OP_##id + 1,
#include "core/opcode.def"
#undef X
};

enum rp_op rp_op_find(uint8_t prefix, uint32_t code)
{
    int index = PREFIX_INDEX(prefix);
    if (code >= CODE_COUNT || (index == 0 && prefix != 0)) {
        return RP_OP_NONE;
    }
    uint16_t found = find_table[index][code];
    return found == 0 ? RP_OP_NONE : (enum rp_op)(found - 1);
}

unsigned rp_signature_operands(enum rp_signature signature)
{
    RP_ASSERT(signature < RP_SIG_COUNT);
    if (signature == RP_SIG_poly) {
        return 0;
    }
    const char *name = rp_signature_names[signature];
    unsigned count = 0;
    while (name[count] != '_') {
        count++;
    }
    return count;
}

unsigned rp_signature_results(enum rp_signature signature)
{
    if (signature == RP_SIG_poly) {
        return 0;
    }
    const char *results = rp_signature_names[signature] + rp_signature_operands(signature) + 1;
    unsigned count = 0;
    while (results[count] != '\0') {
        count++;
    }
    return count;
}
