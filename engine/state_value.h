/* Values and names of a state, as they stand in its sections (layer 2; docs/wsnp.md, "Values"):
 *
 *   value = nil          a null reference
 *         | uint         i32, f32 (below 2^32), i64, f64: their bits; a function's index in the
 * store; an external id (below 2^64 - 1)
 *
 * Which it is follows from the type, which stands elsewhere. */
#ifndef RP_ENGINE_STATE_VALUE_H
#define RP_ENGINE_STATE_VALUE_H

#include "core/msgpack.h"
#include "engine/store.h"

void rp_state_put_value(struct rp_buffer *out, uint32_t type, uint64_t slot);

/* What was read, before its type is known. */
struct rp_state_value {
    bool is_null;
    uint64_t number;
};
struct rp_state_value rp_state_take_value(struct rp_msgpack *in);

/* Whether `value` is one of `type` in this store; else a text that says why not ("does not fit").
 * Function references are bounded by the functions that the store has so far. */
const char *rp_state_check_value(const struct rp_store *store, uint32_t type,
                                 struct rp_state_value value);
uint64_t rp_state_value_slot(uint32_t type, struct rp_state_value value); /* of a checked one */

/* Whether the reference in `slot` of `type` can be saved: it is no external one, or registered. */
bool rp_state_may_save(const struct rp_store *store, uint32_t type, uint64_t slot);

/* What an entry of the section `functions` begins with. */
enum rp_state_func_kind {
    RP_STATE_FUNC_CODE,   /* instance, index in the module */
    RP_STATE_FUNC_HOST,   /* number of the host function */
    RP_STATE_FUNC_UNKNOWN /* instance, number of the import that is not offered */
};

#define RP_STATE_PAGE_BYTES 4096u
#define RP_STATE_RUN_PAGES_MAX 16384u /* pages in one piece of a memory */

/* The text of rp_state_check_value for an external reference that is not registered; its status is
 * ERROR_EXTERNAL. */
extern const char rp_state_text_external[];

#endif
