/* A scene for the walks (tests): two linked instances that use every kind of object, with a start
 * function, host functions, an import that is not offered, dropped segments, growth, several
 * results, recursion and an indirect call between instances. */
#ifndef RP_TESTS_WALKS_SCENE_H
#define RP_TESTS_WALKS_SCENE_H

#include "reprise/reprise.h"

#define RP_SCENE_ROUNDS 3
#define RP_SCENE_HOST_CALLS (2 * RP_SCENE_ROUNDS) /* of a whole run */

/* How a host call goes. */
struct rp_scene_host {
    uint32_t calls;         /* so far */
    uint32_t bend_call;     /* the call of this number (from 1) answers `bend`; 0: none */
    rp_host_result bend;
    uint64_t gas_at_bend;   /* rp_store_gas_used inside of it */
    uint64_t host_at_bend;  /* the account *host* inside of it */
};

struct rp_scene {
    rp_engine *engine;
    rp_module *library; /* registered as "lib" */
    rp_module *program;
    rp_store *store;
    uint32_t run; /* store index of the program's function, once instantiated */
    struct rp_scene_host host;
    rp_value results[2];
    rp_outcome outcome;
    rp_report report;
};

/* The steps of a scene's life; each answers the first failure, after which only rp_scene_destroy
 * may follow, or the same step again. rp_scene_create loads engine and modules. */
rp_status rp_scene_create(struct rp_scene *scene);
rp_status rp_scene_link(struct rp_scene *scene, const rp_store_config *config);
rp_status rp_scene_call(struct rp_scene *scene);
rp_status rp_scene_resume(struct rp_scene *scene);
void rp_scene_destroy(struct rp_scene *scene);

#endif
