/* Moving a store (layer 3): write, read, destroy. */
#include "snapshot/move.h"

#include "engine/store_state.h"

rp_status rp_store_move(rp_store **store, rp_report *report)
{
    struct rp_allocator allocator;
    struct rp_buffer state;
    rp_store *moved = NULL;
    rp_allocator_init(&allocator, UINT64_MAX);
    rp_buffer_init(&state, &allocator);
    rp_status status = rp_store_save_state(*store, &state, report);
    if (status == RP_OK) {
        status = rp_store_load_state(*store, state.data, state.size, &moved, report);
    }
    rp_buffer_deinit(&state);
    if (status == RP_OK) {
        rp_store_destroy(*store);
        *store = moved;
    }
    return status;
}
