/* The places in code at which frames stand (layer 2; docs/design/snapshot.md, section 3): each
 * function on the stack is validated once, up to the last offset that some frame has in it,
 * whatever the number of frames and in whatever order they come. So the work is linear in the
 * number of frames (times its logarithm, for sorting) and in the sizes of the functions on the
 * stack. */
#ifndef RP_ENGINE_STATE_LOCATE_H
#define RP_ENGINE_STATE_LOCATE_H

#include "engine/store.h"
#include "engine/validate.h"

struct rp_state_place {
    uint64_t code;   /* equal exactly for the same code; places are visited in its order */
    uint32_t offset; /* then in order of this */
    uint32_t frame;  /* then of this */
    const struct rp_func *func;
};

/* Is told each place; `location` is NULL if no reachable instruction begins there. A status other
 * than OK ends the walk and is its answer. */
typedef rp_status (*rp_state_place_visitor)(void *user, uint32_t frame,
                                            const struct rp_code_location *location);

/* Sorts the places and visits them. ERROR_NO_MEMORY; the visitor's statuses. */
rp_status rp_state_visit_places(struct rp_allocator *allocator, struct rp_state_place *places,
                                uint32_t count, rp_state_place_visitor visitor, void *user,
                                rp_report *report);

#endif
