/* Visiting the places of frames in the order of their code (layer 2). See state_locate.h. */
#include "engine/state_locate.h"

#include "core/assert.h"

static bool is_before(const struct rp_state_place *left, const struct rp_state_place *right)
{
    if (left->code != right->code) {
        return left->code < right->code;
    }
    return left->offset != right->offset ? left->offset < right->offset
                                         : left->frame < right->frame;
}

static void sift_down(struct rp_state_place *places, uint32_t root, uint32_t count)
{
    struct rp_state_place moved = places[root];
    for (uint32_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        child += child + 1 < count && is_before(&places[child], &places[child + 1]);
        if (!is_before(&moved, &places[child])) {
            break;
        }
        places[root] = places[child];
        root = child;
    }
    places[root] = moved;
}

/* Heap sort: in place, and no worse on hostile frames. */
static void sort_places(struct rp_state_place *places, uint32_t count)
{
    for (uint32_t i = count / 2; i-- > 0;) {
        sift_down(places, i, count);
    }
    for (uint32_t i = count; i-- > 1;) {
        struct rp_state_place largest = places[0];
        places[0] = places[i];
        places[i] = largest;
        sift_down(places, 0, i);
    }
}

struct walk {
    struct rp_allocator *allocator;
    rp_report *report;
    const struct rp_module *module; /* of the validator */
    struct rp_validator *validator;
    const struct rp_state_place *last; /* whose location is known; NULL: none */
    struct rp_code_location location;
};

static rp_status begin_code(struct walk *walk, const struct rp_func *func)
{
    const struct rp_module *module = func->instance->module;
    if (walk->module != module) {
        if (walk->validator != NULL) {
            rp_validator_destroy(walk->validator);
            walk->validator = NULL;
        }
        rp_status status =
            rp_validator_create(module, walk->allocator, &walk->validator, walk->report);
        if (status != RP_OK) {
            return status;
        }
        walk->module = module;
    }
    return rp_code_locate_begin(walk->validator, func->module_index);
}

static rp_status find_location(struct walk *walk, const struct rp_state_place *place)
{
    const struct rp_state_place *last = walk->last;
    bool same_code = last != NULL && last->code == place->code;
    if (same_code && last->offset == place->offset) {
        return RP_OK;
    }
    walk->last = place;
    rp_status status = same_code ? RP_OK : begin_code(walk, place->func);
    return status == RP_OK ? rp_code_locate_next(walk->validator, place->offset, &walk->location)
                           : status;
}

rp_status rp_state_visit_places(struct rp_allocator *allocator, struct rp_state_place *places,
                                uint32_t count, rp_state_place_visitor visitor, void *user,
                                rp_report *report)
{
    struct walk walk = {.allocator = allocator, .report = report};
    rp_status status = RP_OK;
    sort_places(places, count);
    for (uint32_t i = 0; i < count && status == RP_OK; i++) {
        RP_ASSERT(places[i].func->code != NULL);
        status = find_location(&walk, &places[i]);
        if (status == RP_OK) {
            status = visitor(user, places[i].frame, &walk.location);
        } else if (status == RP_ERROR_INVALID) {
            status = visitor(user, places[i].frame, NULL);
            RP_ASSERT(status != RP_OK);
        }
    }
    if (walk.validator != NULL) {
        rp_validator_destroy(walk.validator);
    }
    return status;
}
