/* What the files that write a state share (layer 2; store_state.c, state_frames_save.c). */
#ifndef RP_ENGINE_STATE_SAVE_H
#define RP_ENGINE_STATE_SAVE_H

#include "engine/store_state.h"

struct rp_state_saver {
    const struct rp_store *store;
    struct rp_buffer *out;
    rp_report *report;
};

/* Writes the value in `slot`; ERROR_EXTERNAL if it is an external reference that is not registered,
 * at the place that the text names. */
rp_status rp_state_save_value(struct rp_state_saver *saver, uint32_t type, uint64_t slot,
                              const char *place, ...) RP_PRINTF(4, 5);

/* The sections of more than a few lines. ERROR_EXTERNAL, ERROR_NO_MEMORY for working memory; what
 * the buffer refuses is seen at the end. */
rp_status rp_state_save_frames(struct rp_state_saver *saver);
/* The runs of pages that are not all zero, and the end (state_memory.c). */
void rp_state_save_pages(const struct rp_memory *memory, struct rp_buffer *out);

#endif
