/* A sandbox from the inside (layer 4; docs/sandbox.md).
 *
 * Invariants:
 * - `live` has a store, an instance and a module while the status is loaded, running or suspended,
 *   else none of them;
 * - `spare` is a store with the sandbox's host functions in which nothing was instantiated, kept
 *   for the next load or restore; or nothing;
 * - `run.phase` is not NONE exactly while the status is running or suspended (but in `start`), and
 *   the store's embedder data are the record of a suspended run and else empty. */
#ifndef RP_SANDBOX_SANDBOX_STATE_H
#define RP_SANDBOX_SANDBOX_STATE_H

#include "core/arena.h"
#include "core/buffer.h"
#include "core/watchdog.h"
#include "reprise/sandbox.h"
#include "reprise/wasi.h"

#define RP_SANDBOX_ID_BYTES 33
#define RP_SANDBOX_PAYLOAD_KEPT_MAX 64000u /* bytes that a record can carry */
#define RP_SANDBOX_ACTION_BYTES_MAX 1000u  /* of an action's name */

struct rp_sandbox_world {
    rp_store *store;
    rp_wasi *wasi;
    rp_module *module;
    rp_instance *instance; /* the store's instance 0 */
    uint64_t seed;         /* at the store's creation, like time_ns */
    uint64_t time_ns;
    rp_checkpoint *checkpoint; /* of the latest execution that needed one, to be made again */
};

/* What is called for a host function: its handler, and a note of who failed. */
struct rp_sandbox_host {
    rp_sandbox *sandbox;
    const rp_sandbox_host_func *func;
};

enum rp_sandbox_phase { RP_PHASE_NONE, RP_PHASE_ALLOC, RP_PHASE_ACTION };

/* An export that can be executed. */
struct rp_sandbox_action {
    rp_functype type;
    uint32_t func_index;
    bool is_json;
    uint32_t alloc_index; /* of `__alloc`, if is_json; likewise */
    uint32_t memory_index;
};

/* The execution in progress or suspended. */
struct rp_sandbox_run {
    enum rp_sandbox_phase phase;
    struct rp_buffer name;    /* the action's, terminated */
    struct rp_buffer payload; /* of a JSON action until the guest has it */
    struct rp_sandbox_action action;
    uint64_t gas_begin;  /* position */
    uint64_t ns;         /* of the parts so far */
    uint64_t part_begin; /* position */
    uint64_t part_ns;
    uint64_t gas;       /* limit of this part */
    int64_t timeout_ms; /* of this part */
    bool unwatched;     /* the host has no thread for it */
    bool can_roll_back; /* live.checkpoint is of its beginning */
};

struct rp_sandbox {
    struct rp_allocator allocator;
    struct rp_arena arena; /* what is copied from the configuration */
    rp_engine *engine;
    bool owns_engine;
    rp_sandbox_config config;
    rp_policy policy;
    struct rp_sandbox_host *hosts;
    const struct rp_sandbox_host *failed_host; /* the latest that trapped or failed */
    char id[RP_SANDBOX_ID_BYTES];
    rp_sandbox_status status;
    struct rp_sandbox_world live;
    struct rp_sandbox_world spare;
    struct rp_sandbox_run run;
    rp_sandbox_metrics last; /* gas_used, duration_ms and executions */
};

/* ---- errors: each answers its code; `error` may be NULL ---- */

rp_sandbox_error_code rp_sandbox_fail(rp_sandbox_error *error, rp_sandbox_error_code code,
                                      const char *format, ...) RP_PRINTF(3, 4);
/* A call of the library below that failed. */
rp_sandbox_error_code rp_sandbox_fail_below(rp_sandbox_error *error, rp_sandbox_error_code code,
                                            const rp_report *report);
/* The status does not allow the call. */
rp_sandbox_error_code rp_sandbox_refuse(const rp_sandbox *sandbox, const char *call,
                                        rp_sandbox_error *error);
bool rp_sandbox_is_in(const rp_sandbox *sandbox, unsigned statuses); /* bits 1 << status */
#define RP_SANDBOX_BIT(status) (1u << RP_SANDBOX_##status)

/* ---- configuration (sandbox_config.c) ---- */

/* Copies it, checked, into the sandbox. */
rp_sandbox_error_code rp_sandbox_take_config(rp_sandbox *sandbox, const rp_sandbox_config *config,
                                             rp_sandbox_error *error);

/* ---- worlds (sandbox_world.c) ---- */

/* A store with everything that a module may import. *out_world is written on success. */
rp_sandbox_error_code rp_sandbox_make_world(rp_sandbox *sandbox, uint64_t seed, uint64_t time_ns,
                                            struct rp_sandbox_world *out_world,
                                            rp_sandbox_error *error);
/* Makes world.checkpoint one of now; that of the last execution is mostly right still. */
rp_status rp_sandbox_make_checkpoint(struct rp_sandbox_world *world, rp_report *report);
void rp_sandbox_end_world(struct rp_sandbox_world *world); /* afterwards {0} */

/* ---- running (sandbox_run.c) ---- */

/* A call of a guest function under the limits of `run`, from its beginning or from where it
 * stopped. The code says how it ended; OK: `results` is written. */
struct rp_sandbox_call {
    struct rp_sandbox_world *world;
    bool resume;
    uint32_t func_index;
    const rp_value *args;
    size_t arg_count;
    rp_value *results;
    size_t result_count;
};
void rp_sandbox_begin_limits(rp_sandbox *sandbox, struct rp_sandbox_world *world,
                             struct rp_watch *watch, uint64_t gas, int64_t timeout_ms);
/* Adds the time to run.ns; the store has no limits afterwards. */
void rp_sandbox_end_limits(rp_sandbox *sandbox, struct rp_sandbox_world *world,
                           struct rp_watch *watch);
rp_sandbox_error_code rp_sandbox_call(rp_sandbox *sandbox, const struct rp_sandbox_call *call,
                                      rp_sandbox_error *error);
/* What an outcome means. */
rp_sandbox_error_code rp_sandbox_judge(rp_sandbox *sandbox, const struct rp_sandbox_world *world,
                                       rp_status status, const rp_outcome *outcome,
                                       const rp_report *report, rp_sandbox_error *error);
void rp_sandbox_clear_run(rp_sandbox *sandbox);

/* ---- actions and values (sandbox_action.c) ---- */

rp_sandbox_error_code rp_sandbox_find_action(const rp_sandbox *sandbox, const char *name,
                                             struct rp_sandbox_action *out_action,
                                             rp_sandbox_error *error);
/* Checks a JSON action's payload. */
rp_sandbox_error_code rp_sandbox_check_payload(const char *payload, size_t size,
                                               rp_sandbox_error *error);
/* Reads the arguments of a numeric action, param_count of them. */
rp_sandbox_error_code rp_sandbox_read_args(const struct rp_sandbox_action *action,
                                           const char *payload, size_t size, rp_value *args,
                                           rp_sandbox_error *error);
/* The answer of an action as JSON, checked; *out_value is made with rp_sandbox_make_value. */
rp_sandbox_error_code rp_sandbox_read_answer(const rp_sandbox *sandbox,
                                             const struct rp_sandbox_action *action,
                                             const rp_value *results, char **out_value,
                                             size_t *out_size, rp_sandbox_error *error);

/* ---- the record of a suspended run (sandbox_record.c) ---- */

/* Writes the run into the store's embedder data; with its payload if the guest does not have it
 * yet. */
rp_sandbox_error_code rp_sandbox_save_record(rp_sandbox *sandbox, rp_sandbox_error *error);
rp_sandbox_error_code rp_sandbox_clear_record(rp_sandbox *sandbox, rp_sandbox_error *error);
/* Whether the record holds all that another sandbox needs to go on. */
bool rp_sandbox_record_is_whole(const rp_sandbox *sandbox);
/* Reads the record of a world that was just restored; the sandbox is changed on success only. */
rp_sandbox_error_code rp_sandbox_load_record(rp_sandbox *sandbox,
                                             const struct rp_sandbox_world *world,
                                             struct rp_sandbox_run *out_run,
                                             rp_sandbox_error *error);

#endif
