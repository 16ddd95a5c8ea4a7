/* A scene for the walks (tests): two linked instances that use every kind of object, with a start
 * function, host functions, an import that is not offered, dropped segments, growth, several
 * results, recursion and an indirect call between instances. */
#ifndef RP_TESTS_WALKS_SCENE_H
#define RP_TESTS_WALKS_SCENE_H

#include "reprise/reprise.h"
#include "tests/support/wasm_builder.h"

#define RP_SCENE_ROUNDS 3
#define RP_SCENE_HOST_CALLS (2 * RP_SCENE_ROUNDS) /* two in a round */

/* How a host call goes. */
struct rp_scene_host {
    uint32_t calls;     /* so far */
    uint32_t bend_call; /* the call of this number (from 1) answers `bend`; 0: none */
    rp_host_result bend;
    uint64_t gas_at_bend;  /* rp_store_gas_used inside of it */
    uint64_t host_at_bend; /* the account *host* inside of it */
};

struct rp_scene {
    struct rp_wasm wasm[2]; /* the library's and the program's bytes */
    struct rp_span bytes[2];
    rp_engine *engine;
    rp_module *library; /* registered as "lib" */
    rp_module *program;
    rp_store *store;
    rp_instance *instance; /* the latest */
    uint32_t run;          /* store index of the program's function */
    uint32_t steps_done;   /* of loading and linking */
    struct rp_scene_host host;
    rp_value results[2];
    rp_outcome outcome;
    rp_report report;
};

void rp_scene_init(struct rp_scene *scene); /* `scene` must not move until rp_scene_deinit */
void rp_scene_deinit(struct rp_scene *scene);

/* Makes the engine, modules, store and instances, answering the first failure; called again, goes
 * on with the step that failed. */
rp_status rp_scene_make(struct rp_scene *scene, const rp_store_config *config);
/* With RP_SCENE_ROUNDS segments are copied and dropped, which works once; with fewer it can be
 * called again and again. */
rp_status rp_scene_call(struct rp_scene *scene, int32_t rounds);
rp_status rp_scene_resume(struct rp_scene *scene);
/* Puts a store made afresh in the place of the scene's, with the state of a snapshot. */
rp_status rp_scene_restore(struct rp_scene *scene, const void *snapshot, size_t size, bool metered);
/* Ends all that rp_scene_make has made. */
void rp_scene_unmake(struct rp_scene *scene);

#endif
