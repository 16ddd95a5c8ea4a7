/* Values of a state (layer 2). See state_value.h. */
#include "engine/state_value.h"

#include "core/assert.h"

const char rp_state_text_external[] = "is an external reference that is not registered";

void rp_state_put_value(struct rp_buffer *out, uint32_t type, uint64_t slot)
{
    if (!rp_type_is_reference(type)) {
        rp_msgpack_put_uint(out, slot);
    } else if (slot == 0) {
        rp_msgpack_put_nil(out);
    } else {
        rp_msgpack_put_uint(out, slot - 1);
    }
}

struct rp_state_value rp_state_take_value(struct rp_msgpack *in)
{
    if (rp_msgpack_is_nil(in)) {
        return (struct rp_state_value){.is_null = true};
    }
    return (struct rp_state_value){.number = rp_msgpack_uint(in, UINT64_MAX)};
}

static bool is_registered(const struct rp_store *store, uint64_t id)
{
    return store->any_external || rp_store_has_external(store, id);
}

const char *rp_state_check_value(const struct rp_store *store, uint32_t type,
                                 struct rp_state_value value)
{
    bool is_reference = rp_type_is_reference(type);
    if (value.is_null) {
        return is_reference ? NULL : "is null and may not be";
    }
    switch (type) {
    case RP_TYPE_I32:
    case RP_TYPE_F32:
        return value.number <= UINT32_MAX ? NULL : "has more than 32 bits";
    case RP_TYPE_I64:
    case RP_TYPE_F64:
        return NULL;
    case RP_TYPE_FUNCREF:
        return value.number < store->func_count ? NULL : "is a function that does not exist";
    default:
        RP_ASSERT(type == RP_TYPE_EXTERNREF);
        if (value.number == RP_REF_NULL) {
            return "is no external reference";
        }
        return is_registered(store, value.number) ? NULL : rp_state_text_external;
    }
}

uint64_t rp_state_value_slot(uint32_t type, struct rp_state_value value)
{
    if (!rp_type_is_reference(type)) {
        return value.number;
    }
    return value.is_null ? 0 : value.number + 1;
}

bool rp_state_may_save(const struct rp_store *store, uint32_t type, uint64_t slot)
{
    return type != RP_TYPE_EXTERNREF || slot == 0 || is_registered(store, slot - 1);
}
