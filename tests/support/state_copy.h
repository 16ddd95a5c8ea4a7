/* The state of a store as bytes, section by section (layer 7, test support): saved, compared,
 * loaded, and with places at which a test can lie. */
#ifndef RP_TESTS_SUPPORT_STATE_COPY_H
#define RP_TESTS_SUPPORT_STATE_COPY_H

#include "engine/store_state.h"

#define RP_STATE_COPY_MEMORIES_MAX 4u
#define RP_STATE_COPY_SECTIONS (RP_SECTION_COUNT + RP_STATE_COPY_MEMORIES_MAX)

/* Sections in the order of the file: the memories stand behind `memories`. */
struct rp_state_copy {
    struct rp_allocator allocator;
    struct rp_buffer bytes; /* all sections, one behind the other */
    uint32_t count;
    uint32_t memory_count;
    size_t ends[RP_STATE_COPY_SECTIONS]; /* of each section */
};

void rp_state_copy_init(struct rp_state_copy *copy);
void rp_state_copy_deinit(struct rp_state_copy *copy);

/* Replaces the copy by the store's state. */
rp_status rp_state_copy_save(struct rp_state_copy *copy, const rp_store *store, rp_report *report);
/* A new store with this state and the configuration of `from`. The copy need not be one of a state.
 */
rp_status rp_state_copy_load(const struct rp_state_copy *copy, const rp_store *from,
                             rp_store **out_store, rp_report *report);

/* The number of a section, the first memory of its place. */
uint32_t rp_state_copy_place(const struct rp_state_copy *copy, enum rp_section section);
size_t rp_state_copy_start(const struct rp_state_copy *copy, uint32_t place);
/* Puts `size` bytes in the place of a section. */
void rp_state_copy_replace(struct rp_state_copy *copy, uint32_t place, const uint8_t *data,
                           size_t size);
/* The first section that differs, by name; NULL: the copies are equal. */
const char *rp_state_copy_difference(const struct rp_state_copy *a, const struct rp_state_copy *b);

#endif
