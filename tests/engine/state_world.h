/* A store with every kind of object and value, stopped where a test of states wants it (tests). */
#ifndef RP_TESTS_ENGINE_STATE_WORLD_H
#define RP_TESTS_ENGINE_STATE_WORLD_H

#include "tests/support/wasm_builder.h"

/* X(NAME, how the store is stopped) */
#define RP_WORLD_STOPS(X)                                                      \
    X(IDLE, "not at all")                                                      \
    X(DEEP, "in a function called directly by one that was called indirectly") \
    X(ENTRY, "before the entry's frame")                                       \
    X(HOST_ENTRY, "at an entry that is a host function and waits")             \
    X(PENDING, "at a host call that waits")                                    \
    X(RETURNED, "the same, completed by RETURN")                               \
    X(TRAPPED, "the same, completed by TRAP")                                  \
    X(EXITED, "the same, completed by EXIT")                                   \
    X(RELAYED, "in what a host function calls, which another called")          \
    X(RELAYING, "before the frame of what a host function calls")              \
    X(RELAY_WAITS, "at a host function that waits for its answer after its call")

enum rp_world_stop {
#define X(name, text) RP_WORLD_##name,
    RP_WORLD_STOPS(X)
#undef X
        RP_WORLD_STOP_COUNT
};
extern const char *const rp_world_stop_texts[RP_WORLD_STOP_COUNT];

/* Functions of the store. */
enum rp_world_func {
    RP_WORLD_ADD,    /* host (i) -> (i): arg + 1, at once or later */
    RP_WORLD_NOBODY, /* not offered, () -> () */
    RP_WORLD_RELAY,  /* host (i) -> (i): calls run or itself, then answers from all that it has */
    RP_WORLD_LEAF,   /* (i) -> (i), with dead code */
    RP_WORLD_MIDDLE, /* (i) -> (i), holds a value of each type; calls leaf */
    RP_WORLD_RUN,    /* (i) -> (i), calls middle by way of a table */
    RP_WORLD_ASK,    /* (i) -> (i), calls add, then relay */
    RP_WORLD_OTHER,  /* (i) -> (i), calls nothing */
    RP_WORLD_VOID,   /* () -> () */
    RP_WORLD_FUNC_COUNT
};
/* Offsets in the bodies of leaf, middle and run. */
enum {
    RP_WORLD_LEAF_CONST = 2,
    RP_WORLD_LEAF_ADD = 5,
    RP_WORLD_LEAF_DEAD = 7,
    RP_WORLD_SIZE_MANY = 1000
};

#define RP_WORLD_EXTERNAL 0x8000000000000000u /* registered */

struct rp_world {
    struct rp_wasm wasm;
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance;
    bool answers_later; /* add */
    uint32_t relays;    /* how often relay calls itself before it calls run */
    bool relay_waits;   /* relay answers later, once what it called has ended */
    int32_t result;     /* of the latest call that returned */
    rp_outcome outcome;
    rp_report report;
};

/* `world` must not move until rp_world_end. */
void rp_world_begin(struct rp_world *world, enum rp_world_stop stop);
void rp_world_end(struct rp_world *world);

/* Goes on to the end, completing what waits, and answers a number that says how it ended. */
int64_t rp_world_finish(struct rp_world *world, rp_store *store);

#endif
