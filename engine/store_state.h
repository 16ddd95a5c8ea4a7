/* The state of a store, enumerated in one order for writing and for reading (layer 2;
 * docs/design/frame.md, sections 1 and 7).
 *
 * The stream holds values and indices only, never an address, a side-table position or an operand
 * height: those are found again by validating each frame's function up to its offset. This raw form
 * is neither versioned nor checked against hostile input; it serves copies within one process. */
#ifndef RP_ENGINE_STORE_STATE_H
#define RP_ENGINE_STORE_STATE_H

#include "engine/store.h"

/* Appends the state of a store that is not running. ERROR_STATE, ERROR_NO_MEMORY. */
rp_status rp_store_save_state(const struct rp_store *store, struct rp_buffer *out,
                              rp_report *report);

/* A new store with the configuration of `from` (limits, host functions with their user data), and
 * the state in the stream. `from` gives the modules of its instances beside that; it is not
 * changed. ERROR_NO_MEMORY. */
rp_status rp_store_load_state(const struct rp_store *from, const uint8_t *data, size_t size,
                              struct rp_store **out_store, rp_report *report);

#endif
