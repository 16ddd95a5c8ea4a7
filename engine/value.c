/* Values at the border between embedder and guest (layer 2). */
#include "core/assert.h"
#include "engine/store.h"

#include <string.h>

uint64_t rp_value_to_slot(const rp_value *value)
{
    switch (value->kind) {
    case RP_I32:
        return (uint32_t)value->of.i32;
    case RP_I64:
        return (uint64_t)value->of.i64;
    case RP_F32:
        return value->of.f32_bits;
    case RP_F64:
        return value->of.f64_bits;
    default:
        return value->of.ref + 1; /* RP_REF_NULL is 0 */
    }
}

void rp_value_from_slot(rp_value *out_value, uint32_t type, uint64_t slot)
{
    memset(out_value, 0, sizeof *out_value);
    out_value->kind = (rp_valkind)type;
    switch (type) {
    case RP_TYPE_I32:
        out_value->of.i32 = (int32_t)(uint32_t)slot;
        break;
    case RP_TYPE_I64:
        out_value->of.i64 = (int64_t)slot;
        break;
    case RP_TYPE_F32:
        out_value->of.f32_bits = (uint32_t)slot;
        break;
    case RP_TYPE_F64:
        out_value->of.f64_bits = slot;
        break;
    default:
        RP_ASSERT(rp_type_is_reference(type));
        out_value->of.ref = slot - 1;
        break;
    }
}

bool rp_value_check(const struct rp_store *store, const rp_value *value, uint32_t type)
{
    if ((uint32_t)value->kind != type) {
        return false;
    }
    return type != RP_TYPE_FUNCREF || value->of.ref == RP_REF_NULL ||
           value->of.ref < store->func_count;
}
