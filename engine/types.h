/* Value types and function types (layer 2; core specification 2.3, 5.3).
 *
 * A value type is a 32-bit number: the byte of its binary encoding for number, vector and nullable
 * abstract reference types. Function types are interned per engine: two types are equal exactly if
 * their ids are; ids depend on the order of loading, so only their equality may influence a result.
 */
#ifndef RP_ENGINE_TYPES_H
#define RP_ENGINE_TYPES_H

#include "core/arena.h"
#include "core/buffer.h"
#include "core/platform.h"
#include "reprise/reprise.h"

#define RP_TYPE_BOTTOM 0u /* in the validator: any type, after unreachable code */
#define RP_TYPE_I32 0x7fu
#define RP_TYPE_I64 0x7eu
#define RP_TYPE_F32 0x7du
#define RP_TYPE_F64 0x7cu
#define RP_TYPE_V128 0x7bu
#define RP_TYPE_FUNCREF 0x70u
#define RP_TYPE_EXTERNREF 0x6fu

struct rp_func_type {
    const uint32_t *types; /* parameters, then results */
    uint32_t param_count;
    uint32_t result_count;
    uint32_t id; /* canonical in the engine */
};

/* The interned function types of an engine; locked by its own mutex. Entries never move and live as
 * long as the engine. */
struct rp_type_table {
    struct rp_mutex *mutex;
    struct rp_arena arena;
    const struct rp_func_type **buckets;
    uint32_t bucket_count; /* power of two */
    uint32_t count;
};

rp_status rp_type_table_init(struct rp_type_table *table, struct rp_allocator *allocator);
void rp_type_table_deinit(struct rp_type_table *table);

/* The one entry equal to the given type; NULL when the allocator refuses. `types` is copied. */
const struct rp_func_type *rp_type_intern(struct rp_type_table *table, const uint32_t *types,
                                          uint32_t param_count, uint32_t result_count);

static inline bool rp_type_is_reference(uint32_t type)
{
    return type == RP_TYPE_FUNCREF || type == RP_TYPE_EXTERNREF;
}

/* Slots of a value as the limits count them. */
static inline uint32_t rp_type_slots(uint32_t type)
{
    return type == RP_TYPE_V128 ? 2 : 1;
}

const char *rp_type_name(uint32_t type); /* "i32", "funcref" */

/* Appends "(i32, i64) -> (f32)". */
void rp_func_type_print(struct rp_buffer *out, const struct rp_func_type *type);

#endif
