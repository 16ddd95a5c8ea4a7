/* rp_sandbox: one module in one sandbox, in seven calls: create, load, execute, snapshot, restore,
 * get_metrics, destroy (docs/sandbox.md).
 *
 * A sandbox takes JSON actions. `execute("deposit", "{...}")` writes the payload through the
 * guest's exported `__alloc(size: i32) -> i32`, calls the export `deposit(ptr: i32, len: i32) ->
 * i64` and reads JSON from the answer, ptr << 32 | len, both unsigned. An export with another
 * signature of numbers, or in a module without `__alloc` or memory, is a numeric action: it takes a
 * JSON array with one number for each parameter and answers null, a number, or an array of several.
 * Integers are exact to 64 bits; a float that JSON cannot say is an error.
 *
 * Deterministic: the same module, configuration and calls give the same values, gas, snapshots and
 * errors; only durations and what a timeout does depend on real time. Threads: a sandbox belongs to
 * one thread at a time; different sandboxes may run at once. */
#ifndef REPRISE_SANDBOX_H
#define REPRISE_SANDBOX_H

#include "reprise/reprise.h"
#include "reprise/snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rp_sandbox rp_sandbox;

typedef enum rp_sandbox_error_code {
#define X(name, value, code, text) RP_SANDBOX_##name = value,
#include "reprise/sandbox_error.def"
#undef X
} rp_sandbox_error_code;

/* "GAS_EXHAUSTED"; "UNKNOWN" for a value that is none. */
RP_API const char *rp_sandbox_error_name(rp_sandbox_error_code code);

/* What went wrong, with its data. Owned by the caller, initialised by `= {0}`; written whenever a
 * function answers something else than RP_SANDBOX_OK. */
typedef struct rp_sandbox_error {
    rp_sandbox_error_code code;
    uint64_t used;            /* GAS_EXHAUSTED: gas; MEMORY_EXCEEDED: bytes held; TIMEOUT: ms */
    uint64_t limit;           /* of the same */
    uint64_t gas_used;        /* by the execution that failed */
    rp_trap_code trap;        /* WASM_TRAP */
    rp_backtrace_frame frame; /* WASM_TRAP: the innermost one, module NULL if there is none */
    char function[128];       /* HOST_FUNCTION_ERROR, UNKNOWN_ACTION, missing import: its name,
                                 "module.name" where it is an import */
    rp_status status;         /* of the library below, if one of its calls failed */
    char message[480];
} rp_sandbox_error;

typedef enum rp_sandbox_status {
    RP_SANDBOX_CREATED,
    RP_SANDBOX_LOADED,
    RP_SANDBOX_RUNNING, /* seen from inside of a host function */
    RP_SANDBOX_SUSPENDED,
    RP_SANDBOX_DESTROYED, /* rp_sandbox_destroy was called; the handle lives until rp_sandbox_free
                           */
} rp_sandbox_status;
RP_API const char *rp_sandbox_status_name(rp_sandbox_status status); /* "created" */

/* What happens to an execution that a limit stops (GAS_EXHAUSTED, MEMORY_EXCEEDED, TIMEOUT,
 * INTERRUPTED), and to one that fails otherwise. */
typedef enum rp_on_stop {
    RP_ON_STOP_ROLLBACK, /* the state before the execution, gas spent; status loaded */
    RP_ON_STOP_SUSPEND,  /* stopped: resumable (rp_sandbox_resume), status suspended; failed: what
                            it did stays */
    RP_ON_STOP_KEEP,     /* the call is dropped, what it did stays; after TIMEOUT and INTERRUPTED,
                            which depend on real time, rolled back */
} rp_on_stop;
typedef enum rp_on_grow_denied {
    RP_ON_GROW_ANSWER, /* -1 to the guest */
    RP_ON_GROW_STOP,   /* MEMORY_EXCEEDED before the instruction, then as on_stop says */
} rp_on_grow_denied;

/* A host function of a sandbox. Answering RP_HOST_TRAP or RP_HOST_FAIL is HOST_FUNCTION_ERROR, with
 * the text of rp_caller_message. RP_HOST_PENDING suspends the sandbox: complete the call
 * (rp_store_complete on rp_sandbox_store), then rp_sandbox_resume. A handler must not call the
 * sandbox but for its status and metrics. */
typedef rp_host_result (*rp_sandbox_handler)(void *user, rp_caller *caller, const rp_value *args,
                                             rp_value *results);
typedef struct rp_sandbox_host_func {
    const char *module; /* NULL: "env" */
    const char *name;
    rp_functype type;
    rp_sandbox_handler handler;
    void *user;
} rp_sandbox_host_func;

typedef struct rp_sandbox_config {
    size_t struct_size;         /* sizeof(rp_sandbox_config) */
    uint64_t memory_max_bytes;  /* rounded up to pages of 64 KiB; 0: 16 MiB */
    uint64_t gas_per_execution; /* 0: RP_SANDBOX_DEFAULT_GAS */
    int64_t timeout_ms;         /* of one execution, wall clock; 0 stops at once; < 0: none */
    const rp_sandbox_host_func *host_funcs; /* copied */
    size_t host_func_count;
    uint64_t seed;
    uint64_t timestamp_ms; /* of the event: the guest's time; since the epoch */
    rp_on_stop on_stop;
    rp_on_grow_denied on_grow_denied;
    const rp_policy *policy; /* for load; NULL: none; copied */
    bool wasi;               /* offers WASI over an empty file tree */
} rp_sandbox_config;
#define RP_SANDBOX_DEFAULT_MEMORY_BYTES 16777216u
#define RP_SANDBOX_DEFAULT_GAS 100000000u
/* The defaults: no timeout, RP_DEFAULT_SEED, RP_DEFAULT_TIME_NS, rollback, -1 to the guest. */
RP_API void rp_sandbox_config_init(rp_sandbox_config *config);

/* `engine` NULL: the sandbox makes its own. `config` NULL: the defaults. INVALID_ARGUMENT,
 * HOST_FAILURE. */
RP_API rp_sandbox_error_code rp_sandbox_create(rp_engine *engine, const rp_sandbox_config *config,
                                               rp_sandbox **out_sandbox, rp_sandbox_error *error);
/* 16 bytes in hex, unique in the process; no part of the state. Good until rp_sandbox_free. */
RP_API const char *rp_sandbox_id(const rp_sandbox *sandbox);
RP_API rp_sandbox_status rp_sandbox_get_status(const rp_sandbox *sandbox);
/* The store below, for what the seven calls do not offer; NULL unless loaded, running or suspended.
 * Good until the next load, restore or destroy. */
RP_API rp_store *rp_sandbox_store(rp_sandbox *sandbox);

/* Loads a module and instantiates it; `env.memory` is offered. On failure the sandbox is as before.
 * Loading a second time replaces. INVALID_MODULE (also: initial or imported memory above the limit,
 * the policy, a missing import), WASM_TRAP, GAS_EXHAUSTED, TIMEOUT (in `start`). */
RP_API rp_sandbox_error_code rp_sandbox_load(rp_sandbox *sandbox, const void *bytes, size_t size,
                                             rp_sandbox_error *error);

typedef struct rp_sandbox_metrics {
    uint64_t memory_bytes, memory_max_bytes;
    uint64_t gas_used, gas_max;            /* of the last execution, and of one execution */
    uint64_t gas_total;                    /* over the life of the state */
    uint64_t duration_ms, duration_max_ms; /* of the last execution; UINT64_MAX: no limit */
    uint64_t executions;                   /* begun since load or restore */
} rp_sandbox_metrics;

typedef struct rp_sandbox_result {
    char *value; /* JSON, UTF-8, terminated; released with rp_sandbox_result_release */
    size_t value_size;
    uint64_t gas_used;
    uint64_t duration_ns; /* wall clock: the one thing here that is not deterministic */
    rp_sandbox_metrics metrics;
} rp_sandbox_result;
RP_API void rp_sandbox_result_release(rp_sandbox_result *result); /* afterwards {0} */

/* Of one execution. */
typedef struct rp_execute_options {
    size_t struct_size;           /* sizeof(rp_execute_options) */
    const uint64_t *timestamp_ms; /* NULL: time goes on where the state has it */
    const uint64_t *seed;         /* NULL: the random numbers go on where the state has them */
    const uint64_t *gas;          /* NULL: as configured */
    const int64_t *timeout_ms;    /* NULL: as configured */
} rp_execute_options;
/* Results are written on success only. UNKNOWN_ACTION, BAD_PAYLOAD: nothing ran. BAD_RESULT,
 * WASM_TRAP, HOST_FUNCTION_ERROR and the limits: as on_stop says. A payload of size 0 is `null`,
 * for a numeric action an empty array. `options` may be NULL. */
RP_API rp_sandbox_error_code rp_sandbox_execute(rp_sandbox *sandbox, const char *action,
                                                const char *payload_json, size_t payload_size,
                                                const rp_execute_options *options,
                                                rp_sandbox_result *out_result,
                                                rp_sandbox_error *error);
/* Goes on with a suspended execution, with another portion of gas and time; timestamp and seed are
 * not for it (INVALID_ARGUMENT). gas_used is that of the whole execution. What was restored while
 * suspended has no state before the execution: where on_stop would roll back, what it did stays,
 * and after a timeout it stays suspended. */
RP_API rp_sandbox_error_code rp_sandbox_resume(rp_sandbox *sandbox,
                                               const rp_execute_options *options,
                                               rp_sandbox_result *out_result,
                                               rp_sandbox_error *error);

/* The whole state as canonical bytes (rp_store_snapshot), also of a suspended sandbox.
 * SNAPSHOT_ERROR, also if the execution stopped in `__alloc` and its payload is larger than 64,000
 * bytes: it travels with the state. */
RP_API rp_sandbox_error_code rp_sandbox_snapshot(rp_sandbox *sandbox, rp_bytes *bytes,
                                                 rp_sandbox_error *error);
/* All or nothing; status loaded or suspended, as the snapshot has it. Seed and times come with the
 * state; the memory limit must be the same. The module is the loaded one, or comes from the
 * snapshot's envelope or from the engine. SNAPSHOT_ERROR. */
RP_API rp_sandbox_error_code rp_sandbox_restore(rp_sandbox *sandbox, const void *snapshot,
                                                size_t size, rp_sandbox_error *error);
RP_API rp_sandbox_error_code rp_sandbox_get_metrics(const rp_sandbox *sandbox,
                                                    rp_sandbox_metrics *out_metrics,
                                                    rp_sandbox_error *error);
/* Frees everything but the handle, so that later calls answer INSTANCE_DESTROYED. A stopped
 * execution is dropped. INVALID_STATE inside of a host function. */
RP_API rp_sandbox_error_code rp_sandbox_destroy(rp_sandbox *sandbox, rp_sandbox_error *error);
RP_API void rp_sandbox_free(rp_sandbox *sandbox); /* destroys too, not inside of a host function;
                                                     NULL is a no-op */

/* ---- determinism, checked ---- */

typedef struct rp_determinism {
    bool equal;
    uint64_t gas[2];
    uint8_t root[2][RP_ROOT_BYTES];
    char difference[480]; /* where they differ first: error, value, gas, or the state's first
                             difference (rp_snapshot_compare); empty if they are equal */
} rp_determinism;
/* Executes, restores, executes again, restores; compares value, gas, error and state byte for byte.
 * The sandbox is as before. Finds host functions that answer differently. An execution that fails
 * alike twice is equal; one that is stopped by real time gives no verdict: TIMEOUT or INTERRUPTED.
 * Status loaded, else INVALID_STATE. */
RP_API rp_sandbox_error_code rp_validate_determinism(rp_sandbox *sandbox, const char *action,
                                                     const char *payload_json, size_t payload_size,
                                                     const rp_execute_options *options,
                                                     rp_determinism *out_report,
                                                     rp_sandbox_error *error);

#ifdef __cplusplus
}
#endif

#endif
