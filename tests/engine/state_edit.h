/* Lies about a state: values found by a path and replaced, sections taken value by value (tests).
 */
#ifndef RP_TESTS_ENGINE_STATE_EDIT_H
#define RP_TESTS_ENGINE_STATE_EDIT_H

#include "tests/support/state_copy.h"

/* A value in the bytes of a section. */
struct rp_state_spot {
    size_t start; /* in the copy's bytes */
    size_t size;
};

/* The value at a path such as "0/2/1": value 0 of the section (most have one), its element 2, of
 * that element 1. Aborts if there is none. */
struct rp_state_spot rp_state_find(const struct rp_state_copy *copy, uint32_t place,
                                   const char *path);
/* Puts bytes in the place of a value. */
void rp_state_replace(struct rp_state_copy *copy, uint32_t place, const char *path,
                      const void *data, size_t size);
/* Calls `visit` for every value of a section, arrays before their elements. */
void rp_state_visit(const struct rp_state_copy *copy, uint32_t place,
                    void (*visit)(void *user, struct rp_state_spot spot), void *user);

#endif
