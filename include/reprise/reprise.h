/* Reprise: the deterministic WebAssembly engine. Run it again. Exactly.
 *
 * Life: an engine fixes features, gas schedule and semantics; a module is loaded for an engine; a
 * store holds instances and all their state, and is the unit of running and of gas. Handles are
 * opaque; `create` and `load` make them, `destroy` ends them.
 *
 * Threads: an engine and its modules may be used from any thread at once. A store belongs to one
 * thread at a time; only rp_store_interrupt may be called from others, and from a signal handler.
 *
 * Gas and determinism: a function costs no gas and is no host event unless it says so. Of what an
 * embedder does, the host events, and the order of instantiations and calls, are all that reaches
 * the state (docs/embedding.md). Functions that need native memory may answer ERROR_NO_MEMORY, also
 * where that is not said; then nothing has changed.
 *
 * Three kinds of bad news: a bug in Reprise aborts; a failed request is an rp_status (with text in
 * an optional rp_report); how a guest's run ended is an rp_outcome, which is data. Results are
 * written only on success unless a function says otherwise. */
#ifndef REPRISE_REPRISE_H
#define REPRISE_REPRISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RP_API __attribute__((visibility("default")))

#define RP_VERSION "0.1.0"
#define RP_SEMANTICS_VERSION 0 /* provisional until 1 is frozen */

typedef enum rp_status {
#define X(name, value, text) RP_##name = value,
#include "reprise/status.def"
#undef X
} rp_status;

/* "ERROR_INVALID", and a sentence about it; "unknown" for a value that is none. */
RP_API const char *rp_status_name(rp_status status);
RP_API const char *rp_status_text(rp_status status);

/* Text about a failed request, owned by the caller, initialised by `= {0}`. The first failure is
 * kept. */
typedef struct rp_report {
    rp_status status;
    bool has_offset;
    uint64_t offset; /* byte in the module, if has_offset */
    char text[480];
} rp_report;

typedef enum rp_trap_code {
#define X(name, value, code, text) RP_TRAP_##name = value,
#include "reprise/trap.def"
#undef X
} rp_trap_code;

RP_API const char *rp_trap_name(rp_trap_code code); /* "integer_divide_by_zero" */
RP_API const char *rp_trap_text(rp_trap_code code); /* "integer divide by zero" */

typedef struct rp_engine rp_engine;
typedef struct rp_module rp_module;
typedef struct rp_store rp_store;
typedef struct rp_instance rp_instance; /* owned by its store */
typedef struct rp_caller rp_caller;     /* a host function's view of the call */

/* ---- values ---- */

typedef enum rp_valkind {
    RP_I32 = 0x7f,
    RP_I64 = 0x7e,
    RP_F32 = 0x7d,
    RP_F64 = 0x7c,
    RP_V128 = 0x7b,
    RP_FUNCREF = 0x70,
    RP_EXTERNREF = 0x6f,
} rp_valkind;

/* Floats are bits. A reference is null (`ref` RP_REF_NULL), a function's index in the store, or an
 * external id of the embedder (any 64-bit number but RP_REF_NULL). */
#define RP_REF_NULL UINT64_MAX
typedef struct rp_value {
    rp_valkind kind;
    union {
        int32_t i32;
        int64_t i64;
        uint32_t f32_bits;
        uint64_t f64_bits;
        uint64_t ref;
        uint8_t v128[16];
    } of;
} rp_value;

typedef struct rp_functype {
    const rp_valkind *params;
    size_t param_count;
    const rp_valkind *results;
    size_t result_count;
} rp_functype;

/* ---- engine ---- */

typedef struct rp_engine_config {
    size_t struct_size;        /* sizeof(rp_engine_config) */
    const char *schedule_json; /* another gas schedule (docs/gas.md); NULL: the built-in one */
    size_t schedule_json_size;
    uint64_t allocation_limit_bytes; /* 0: no limit; for the engine and its modules together */
} rp_engine_config;

/* `config` may be NULL. ERROR_SCHEDULE if the schedule is refused. */
RP_API rp_status rp_engine_create(const rp_engine_config *config, rp_engine **out_engine,
                                  rp_report *report);
/* All modules and stores of the engine must be destroyed before. NULL is a no-op, as for every
 * destroy. */
RP_API void rp_engine_destroy(rp_engine *engine);
/* The canonical hash of the gas schedule: engines with equal hashes charge alike (docs/gas.md). */
RP_API void rp_engine_schedule_hash(const rp_engine *engine, uint8_t out_hash[32]);

/* ---- modules ---- */

/* Decodes and validates in one linear pass; the bytes are copied. The engine keeps its modules by
 * their hash: bytes that are loaded already give the same module again, at once, with one more
 * handle to destroy. ERROR_MALFORMED, _INVALID, _UNSUPPORTED, _LIMIT with the offset in the report.
 */
RP_API rp_status rp_module_load(rp_engine *engine, const void *bytes, size_t size,
                                rp_module **out_module, rp_report *report);
/* Gives the handle back; the module lives on while other handles and stores use it. Any thread. */
RP_API void rp_module_destroy(rp_module *module);
RP_API void rp_module_hash(const rp_module *module,
                           uint8_t out_hash[32]);            /* BLAKE2b-256 of the bytes */
RP_API uint64_t rp_module_load_gas(const rp_module *module); /* the account *load* */
/* The module of this hash that the engine has, with one more handle; ERROR_NOT_FOUND. */
RP_API rp_status rp_engine_find_module(rp_engine *engine, const uint8_t hash[32],
                                       rp_module **out_module);

/* What may be uploaded, as data: a host that takes modules from strangers refuses what it does not
 * want before anything runs. Zero means no limit. */
typedef struct rp_policy {
    size_t struct_size; /* sizeof(rp_policy) */
    bool refuse_floats; /* any float type or instruction, also in signatures */
    bool refuse_simd;
    bool refuse_start; /* a start function */
    const char *const
        *features; /* features that are allowed beside the first version's; NULL: all */
    size_t feature_count;
    uint64_t module_bytes_max;
    uint32_t functions_max;      /* not counting imports */
    uint32_t function_bytes_max; /* of one body */
    uint32_t globals_max;
    uint32_t data_segments_max;
    uint64_t table_elements_max; /* initial, all tables together */
    uint64_t memory_pages_max;   /* initial, all memories together */
    bool require_memory_maximum; /* every memory declares one */
    const char *const *imports;  /* allowed: "module.name" or "module.*"; NULL: all */
    size_t import_count;
    const char *const *exports; /* demanded: "name" */
    size_t export_count;
} rp_policy;
/* ERROR_POLICY naming the rule, the thing and the limit. */
RP_API rp_status rp_module_check_policy(const rp_module *module, const rp_policy *policy,
                                        rp_report *report);

typedef enum rp_extern_kind {
    RP_EXTERN_FUNC,
    RP_EXTERN_TABLE,
    RP_EXTERN_MEMORY,
    RP_EXTERN_GLOBAL,
    RP_EXTERN_TAG
} rp_extern_kind;

/* Names are UTF-8 with a length, borrowed from the module. */
typedef struct rp_name {
    const char *data;
    size_t size;
} rp_name;

typedef struct rp_import_info {
    rp_name module;
    rp_name name;
    rp_extern_kind kind;
} rp_import_info;

/* What the module imports, in its order; the names are the module's. */
/* In the order of declaration. */
RP_API size_t rp_module_import_count(const rp_module *module);
RP_API rp_import_info rp_module_import(const rp_module *module, size_t index); /* index < count */
/* The type in words, "(i32, i64) -> (i32)", "memory 1 2", "table 10 funcref", "global mut i32", cut
 * to the buffer. */
RP_API void rp_module_import_type(const rp_module *module, size_t index, char *out_text,
                                  size_t size);

typedef struct rp_export_info {
    rp_name name;
    rp_extern_kind kind;
    uint32_t index; /* in the module's index space of that kind */
} rp_export_info;

/* What the module exports, in its order; `index` is below the count. Types in words as above. */
/* In the order of declaration; the type as for imports. */
RP_API size_t rp_module_export_count(const rp_module *module);
RP_API rp_export_info rp_module_export(const rp_module *module, size_t index);
RP_API void rp_module_export_type(const rp_module *module, size_t index, char *out_text,
                                  size_t size);

/* ---- outcomes ---- */

typedef enum rp_outcome_kind {
    RP_OUTCOME_RETURNED,
    RP_OUTCOME_EXITED,     /* a host function ended the program: exit_code */
    RP_OUTCOME_TRAPPED,    /* trap */
    RP_OUTCOME_OUT_OF_GAS, /* stopped before the instruction that does not fit;
                              rp_store_set_gas_limit and resume */
    RP_OUTCOME_SUSPENDED,  /* stopped by until-gas or an interrupt (reason); resume */
    RP_OUTCOME_TIMED_OUT,  /* stopped by rp_store_interrupt with RP_STOP_TIMEOUT; resume */
} rp_outcome_kind;

typedef enum rp_suspend_reason {
    RP_REASON_NONE,
    RP_REASON_UNTIL_GAS,
    RP_REASON_INTERRUPT,
    RP_REASON_PENDING,    /* a host function answered RP_HOST_PENDING: complete it, then resume */
    RP_REASON_GROW_DENIED /* memory.grow beyond the store's limit, if the store stops there */
} rp_suspend_reason;

typedef struct rp_backtrace_frame {
    const rp_module *module; /* NULL: a host function that waits for what it called */
    uint32_t func_index;     /* in the module; of a host function: in the store */
    uint64_t
        offset; /* of the instruction, from the start of the module; waiting frames: of the call */
} rp_backtrace_frame;

#define RP_BACKTRACE_MAX 64

typedef struct rp_outcome {
    rp_outcome_kind kind;
    rp_suspend_reason reason;
    uint32_t exit_code;
    rp_trap_code trap;
    char message[240];    /* the trap's text, for people; host traps: the host's */
    uint32_t frame_count; /* frames on the stack at a trap; the first RP_BACKTRACE_MAX of them,
                             innermost first, follow */
    rp_backtrace_frame frames[RP_BACKTRACE_MAX];
} rp_outcome;

/* The name of a function from the name section, else its export or import name; size 0 if there is
 * none. Borrowed from the module. */
RP_API rp_name rp_module_func_name(const rp_module *module, uint32_t func_index);

/* ---- stores ---- */

typedef struct rp_store_config {
    size_t struct_size;          /* sizeof(rp_store_config) */
    uint64_t memory_max_bytes;   /* all memories together; 0: the default of 4 GiB. Growth beyond it
                                    answers -1 */
    uint64_t table_max_elements; /* all tables together; 0: the default */
    uint32_t call_depth_max;     /* frames; 0: the default */
    uint64_t stack_slots_max;    /* wasm slots (docs/design/frame.md); 0: the default */
    uint32_t host_depth_max;     /* nested calls from host functions; 0: the default */
    uint64_t
        seed; /* of the PRNG; RP_DEFAULT_SEED is the default's value, 0 is a seed like others */
    uint64_t time_ns;    /* virtual time at the start, ns since the epoch; see RP_DEFAULT_TIME_NS */
    uint64_t ns_per_gas; /* virtual nanoseconds per gas unit; 0: time stands still but for sleeps */
    uint64_t allocation_limit_bytes; /* native memory of the store outside of linear memories and
                                        the stack; 0: no limit */
    bool metered;                    /* always the metered table: same results, slower */
    /* memory.grow beyond memory_max_bytes stops before the instruction (SUSPENDED, GROW_DENIED)
     * instead of answering -1; resumed, it is tried again. Not part of the state. */
    bool stop_on_grow_denied;
} rp_store_config;

#define RP_DEFAULT_SEED 0x5265707269736521u     /* "Reprise!" */
#define RP_DEFAULT_TIME_NS 1767225600000000000u /* 2026-01-01T00:00:00Z */
#define RP_GAS_UNLIMITED INT64_MAX

/* The defaults. */
RP_API void rp_store_config_init(rp_store_config *config);
/* An empty store; `config` NULL: the defaults. It keeps its modules alive, and must be destroyed
 * before its engine, not from inside of a host function; its instances, checkpoints and whatever
 * was borrowed end with it. ERROR_ARGUMENT, ERROR_LIMIT (a limit too large), ERROR_NO_MEMORY. */
/* `config` NULL: the defaults. Reserves address space for the stack. ERROR_ARGUMENT (struct_size),
 * ERROR_LIMIT. */
RP_API rp_status rp_store_create(rp_engine *engine, const rp_store_config *config,
                                 rp_store **out_store, rp_report *report);
/* In every state but from inside of its own host functions, where it aborts. Its instances are gone
 * and its host functions are finalized; checkpoints must be destroyed before. */
RP_API void rp_store_destroy(rp_store *store);

/* What a host function answers. */
typedef enum rp_host_result {
    RP_HOST_RETURN,  /* results are written */
    RP_HOST_TRAP,    /* the guest traps; say why with rp_caller_message */
    RP_HOST_EXIT,    /* the program ends with rp_caller_set_exit_code */
    RP_HOST_FAIL,    /* the host itself failed (disk full, out of native memory): the call returns
                        ERROR_HOST */
    RP_HOST_PENDING, /* the answer comes later: the store stops before the call, nothing charged,
                        the arguments in place (rp_store_pending, rp_store_complete) */
    RP_HOST_CALL,    /* call what rp_caller_call_then said, then ask this function to continue */
} rp_host_result;

/* `args` and `results` have the counts of the function's type; `results` comes with kinds set and
 * zero values. */
typedef rp_host_result (*rp_host_callback)(void *user, rp_caller *caller, const rp_value *args,
                                           rp_value *results);
/* The price of a call from its arguments, before it runs; must not change anything. */
typedef uint64_t (*rp_host_price)(void *user, rp_caller *caller, const rp_value *args);

/* Continues a host function. `state` is what it left; `outcome` how the call ended (RETURNED,
 * TRAPPED, or OUT_OF_GAS of its own limit), `returned` its results. `args` and `results` as in the
 * callback. It may answer anything that the callback may. */
typedef rp_host_result (*rp_host_continue)(void *user, rp_caller *caller, const rp_value *args,
                                           const void *state, size_t state_size,
                                           const rp_outcome *outcome, const rp_value *returned,
                                           size_t returned_count, rp_value *results);

typedef struct rp_host_func {
    size_t struct_size; /* sizeof(rp_host_func) */
    const char *module;
    const char *name;
    rp_functype type;
    rp_host_callback callback;
    rp_host_price price; /* NULL: `base_price` alone; else its answer is added */
    uint64_t base_price; /* 0: the schedule's price of a host call */
    void *user;
    /* Once, when the store is destroyed; NULL: none. Not if the definition is refused. */
    void (*finalize)(void *user);
    /* Its results depend on its arguments and on state alone: no host event. */
    bool is_pure;
    /* Asked when what RP_HOST_CALL called has ended (rp_caller_call_then); NULL: it never does
     * that. */
    rp_host_continue continue_callback;
} rp_host_func;

/* Offers a host function to the modules instantiated later. The strings and types are copied. One
 * name may be offered with several types; linking takes the one that the import declares.
 * ERROR_ARGUMENT if the name is taken with this type, or for struct_size; ERROR_LIMIT. What it may
 * do, what it costs and what it means for determinism: docs/host-functions.md. */
RP_API rp_status rp_store_define_func(rp_store *store, const rp_host_func *func, rp_report *report);
/* Offers a memory: each instance that imports it gets one of its own, new, with the limits that the
 * import declares, within memory_max_bytes. A registered instance's export of that name comes
 * first. ERROR_NO_MEMORY. */
RP_API rp_status rp_store_offer_memory(rp_store *store, const char *module, const char *name,
                                       rp_report *report);
/* Offers all exports of an instance under a module name, which is copied; a later registration
 * replaces. ERROR_STATE after a timeout or an interrupt. */
RP_API rp_status rp_store_register(rp_store *store, rp_name module_name, rp_instance *instance,
                                   rp_report *report);
/* Imports that are missing, or functions of another type, are filled by functions that trap by name
 * when called. */
RP_API void rp_store_trap_unknown_imports(rp_store *store, bool on);

/* Tells for each import of a module whether it would be linked, and what is offered under its name:
 * types in words, or "nothing". ERROR_NO_MEMORY. */
typedef void (*rp_import_visitor)(void *user, size_t import_index, bool linked,
                                  const char *offered);
RP_API rp_status rp_store_visit_imports(rp_store *store, const rp_module *module,
                                        rp_import_visitor visitor, void *user);

/* Links by name. ERROR_IMPORT with the list of what is missing (module, name, type wanted, what is
 * offered). Charges the account *instantiation*, runs segments and `start`; the outcome says how
 * that ended (RETURNED: instantiated). On a trap the instance remains in the store but
 * *out_instance is NULL; what it wrote stays. If start is stopped, *out_instance is set and the run
 * is continued with rp_store_resume. */
RP_API rp_status rp_store_instantiate(rp_store *store, const rp_module *module,
                                      rp_instance **out_instance, rp_outcome *out_outcome,
                                      rp_report *report);

typedef struct rp_extern {
    rp_extern_kind kind;
    uint32_t index; /* of the object in the store */
} rp_extern;

/* The object of the store that an instance exports. ERROR_NOT_FOUND. */
/* ERROR_NOT_FOUND. */
RP_API rp_status rp_instance_export(const rp_instance *instance, rp_name name,
                                    rp_extern *out_extern);
RP_API rp_functype rp_store_func_type(const rp_store *store,
                                      uint32_t func_index); /* borrowed from the store */

/* Calls function `func_index` of the store. `results` (result_count of the type) is written if the
 * outcome is RETURNED. Costs the frame of the callee, or the price of a host call, and what it
 * executes; a call that stops stays on the stack, to be resumed. ERROR_TYPE if the arguments do not
 * match, ERROR_NOT_FOUND, ERROR_STATE, ERROR_HOST and what a host function failed with. Nested
 * calls from host functions are allowed up to host_depth_max (ERROR_LIMIT); one that stops is
 * dropped, its gas spent, and one that would wait for an answer is ERROR_PINNED. */
RP_API rp_status rp_store_call(rp_store *store, uint32_t func_index, const rp_value *args,
                               size_t arg_count, rp_value *results, size_t result_count,
                               rp_outcome *out_outcome, rp_report *report);
/* Goes on where a call stopped (OUT_OF_GAS, SUSPENDED, TIMED_OUT). ERROR_STATE if nothing is
 * stopped or the host call that waits is not completed, ERROR_TYPE for result_count; else as
 * rp_store_call. */
RP_API rp_status rp_store_resume(rp_store *store, rp_value *results, size_t result_count,
                                 rp_outcome *out_outcome, rp_report *report);
/* Drops a stopped call: its frames are gone, everything else stays. ERROR_STATE inside of a host
 * function and, because where the call stopped depended on real time, after a timeout or an
 * interrupt: such a store can be resumed, restored, rolled back or destroyed. No-op on an idle
 * store, else a host event. */
RP_API rp_status rp_store_abandon(rp_store *store, rp_report *report);
/* Whether a call can be resumed, or could if its host call were completed. */
RP_API bool rp_store_is_stopped(const rp_store *store);

typedef enum rp_store_state {
    RP_STORE_IDLE,
    RP_STORE_RUNNING, /* seen from inside of a host function */
    RP_STORE_STOPPED, /* by gas, until-gas, a denied growth */
    RP_STORE_PENDING, /* at a host call that waits for its completion */
    RP_STORE_CUT,     /* by a timeout or an interrupt */
} rp_store_state;
/* What may be called when: docs/embedding.md has the table of functions and states. A function
 * called in a state that it is not for answers ERROR_STATE and changes nothing. */
RP_API rp_store_state rp_store_get_state(const rp_store *store);

/* ---- host calls answered later ---- */

/* The host call that waits. Arguments borrowed until the store changes. */
typedef struct rp_pending {
    uint64_t request; /* counted from 1 over the life of the state */
    rp_name module;
    rp_name name;
    const rp_value *args;
    size_t arg_count;
    bool completed;
} rp_pending;
/* ERROR_NOT_FOUND: none waits. Also right after a restore, and for a call that is completed and not
 * yet executed. */
RP_API rp_status rp_store_pending(rp_store *store, rp_pending *out_pending);
/* Supplies the answer of `request`: RP_HOST_RETURN with results, RP_HOST_TRAP with a message, or
 * RP_HOST_EXIT. rp_store_resume then charges and executes the call without asking the host again.
 * Guest memory that the answer fills is written before, with rp_store_memory_write. The answer is
 * part of the state. ERROR_STATE, ERROR_ARGUMENT (another request, a second completion),
 * ERROR_TYPE. A host event. */
RP_API rp_status rp_store_complete(rp_store *store, uint64_t request, rp_host_result result,
                                   const rp_value *results, size_t result_count,
                                   const char *message, uint32_t exit_code, rp_report *report);

/* Gas. All numbers are positions: totals since just before the first `start` function. Limits are
 * no part of the state and may be set at any time, also inside of a host function. A run ends with
 * OUT_OF_GAS before the first instruction that does not fit under the limit, and SUSPENDED at the
 * last boundary that is not past until-gas. */
RP_API void rp_store_set_gas_limit(rp_store *store, int64_t limit); /* RP_GAS_UNLIMITED at first */
RP_API void rp_store_set_until_gas(rp_store *store, int64_t position); /* RP_GAS_UNLIMITED: none */
/* Raises the limit to `amount` above what is used, for a store that ran out; never lowers it.
 * Saturates. */
RP_API void rp_store_refill(rp_store *store, uint64_t amount);
typedef struct rp_gas_accounts {
    uint64_t load;          /* of the modules instantiated here; in no position */
    uint64_t instantiation; /* in no position */
    uint64_t instructions;
    uint64_t host;
} rp_gas_accounts;
RP_API rp_gas_accounts
rp_store_gas(const rp_store *store); /* exact at every stop and in host functions */
RP_API uint64_t rp_store_gas_used(const rp_store *store); /* instructions + host */

/* Sets rp_store_config.stop_on_grow_denied anew, at any time: a store that was stopped by it then
 * goes on with -1 when it is resumed. */
RP_API void rp_store_stop_on_grow_denied(rp_store *store, bool on);
typedef enum rp_stop { RP_STOP_NONE, RP_STOP_INTERRUPT, RP_STOP_TIMEOUT } rp_stop;
/* Asks a running store to stop at an instruction boundary within one portion of gas; from any
 * thread or a signal handler. Asked of a store that is not running, its next run stops at once;
 * RP_STOP_NONE takes the request back. */
RP_API void rp_store_interrupt(rp_store *store, rp_stop why);

/* ---- watching calls ---- */

/* A function that is entered or left. */
typedef struct rp_call_info {
    const rp_module *module; /* NULL: a host function */
    uint32_t func_index;     /* in the module; of a host function: in the store */
    rp_name host_module;     /* of a host function; borrowed, else empty */
    rp_name host_name;
    uint32_t depth; /* calls around this one; the outermost has 0 */
    uint64_t gas;   /* position. A call instruction, its frame included, is charged before the
                       function is entered; the price of a host call after it */
} rp_call_info;

/* Is told of every call, of guest functions and of host functions. It must not change the store nor
 * call it, and has no effect on results or gas. `returned` false: left by a trap, an exit, a host
 * failure or rp_store_abandon, or dropped because a nested call was stopped or another state was
 * restored, whose calls are then announced with `enter`. An outermost call that is stopped (out of
 * gas, suspended) is not left, nor is anything when the store is destroyed. */
typedef struct rp_call_observer {
    void *user;
    void (*enter)(void *user, const rp_call_info *info);
    void (*leave)(void *user, const rp_call_info *info, bool returned);
} rp_call_observer;

/* NULL ends it. While a store is observed it runs in the metered table. Calls that are on the stack
 * are announced with `enter`, outermost first, at the present position. ERROR_STATE inside of a
 * host function. */
RP_API rp_status rp_store_observe(rp_store *store, const rp_call_observer *observer,
                                  rp_report *report);

/* ---- checkpoints ---- */

/* A copy in memory of everything but gas, host-event count and the stack: to fall back to when what
 * is tried now fails. */
typedef struct rp_checkpoint rp_checkpoint;
/* For an idle store, or inside of a host function. Linear in the size of the memories. ERROR_STATE,
 * ERROR_NO_MEMORY. */
RP_API rp_status rp_store_checkpoint(rp_store *store, rp_checkpoint **out_checkpoint,
                                     rp_report *report);
/* Makes a checkpoint of this store, from whatever time, one of the present state, as
 * rp_store_checkpoint makes a new one: cheaper, because only what differs is copied. ERROR_STATE,
 * ERROR_ARGUMENT (of another store), ERROR_NO_MEMORY: then it can only be made again or
 * destroyed. */
RP_API rp_status rp_store_checkpoint_again(rp_store *store, rp_checkpoint *checkpoint,
                                           rp_report *report);
/* Memories, tables, globals, segments, instances, randomness, time and attached parts are as they
 * were; gas stays spent. An idle, stopped or cut store becomes idle; inside of a host function only
 * at the depth where the checkpoint was made. Instances made since are gone; a checkpoint of
 * instances that are gone is ERROR_STATE. It may be used again. A host event. ERROR_STATE,
 * ERROR_ARGUMENT (of another store). */
RP_API rp_status rp_store_rollback(rp_store *store, const rp_checkpoint *checkpoint,
                                   rp_report *report);
RP_API void rp_checkpoint_destroy(rp_checkpoint *checkpoint); /* before its store */

/* ---- the embedder changes state: each a host event ---- */

/* Time and randomness of the executions that follow. ERROR_STATE unless idle. */
RP_API rp_status rp_store_set_time_ns(rp_store *store, uint64_t time_ns, rp_report *report);
RP_API rp_status rp_store_set_seed(rp_store *store, uint64_t seed, rp_report *report);
/* How many host events there were: answers of host functions that are not pure, bytes of standard
 * input, gas_left, and every call of the embedder that changed the state. Part of the state. */
RP_API uint64_t rp_store_host_events(const rp_store *store);
/* Bytes of the embedder's own that travel with the state: in snapshots, roots and restores, not in
 * checkpoints. Copied; at most RP_EMBEDDER_BYTES_MAX, else ERROR_LIMIT. ERROR_NO_MEMORY. No host
 * event. */
#define RP_EMBEDDER_BYTES_MAX 65536u
RP_API rp_status rp_store_set_embedder_data(rp_store *store, const void *data, size_t size,
                                            rp_report *report);
/* Borrowed until it is set again or the state is restored; size 0 at first. */
RP_API const uint8_t *rp_store_embedder_data(const rp_store *store, size_t *out_size);
/* Says that an external reference means the same in another process: a store whose state holds one
 * that is not registered cannot be saved. ERROR_NO_MEMORY. */
RP_API rp_status rp_store_register_external(rp_store *store, uint64_t id, rp_report *report);

/* Virtual time, at the present gas position, and randomness: what guests get. Inside of a host
 * function part of its answer; else what changes the state (all but reading the time) is a host
 * event. */
RP_API uint64_t rp_store_time_ns(const rp_store *store);
RP_API void rp_store_sleep_ns(rp_store *store, uint64_t ns); /* advances virtual time; saturates */
RP_API uint64_t rp_store_random_u64(rp_store *store);
RP_API void rp_store_random_bytes(rp_store *store, void *data, size_t size);

/* The functions of the namespaces `reprise` and `env` (docs/host-functions.md). ERROR_ARGUMENT if
 * one is defined already. */
RP_API rp_status rp_store_define_builtins(rp_store *store, rp_report *report);

/* Objects by store index (rp_instance_export). ERROR_NOT_FOUND. Globals: ERROR_TYPE, ERROR_ARGUMENT
 * if immutable. Memory: ERROR_ARGUMENT outside of its bounds. Tables: ERROR_TYPE, ERROR_ARGUMENT
 * outside. Writing is a host event from outside of host functions, and ERROR_STATE after a timeout
 * or an interrupt; a table's elements also while a host call waits. */
RP_API rp_status rp_store_global_get(const rp_store *store, uint32_t global_index,
                                     rp_value *out_value);
RP_API rp_status rp_store_global_set(rp_store *store, uint32_t global_index, const rp_value *value);
RP_API uint64_t rp_store_memory_size(const rp_store *store, uint32_t memory_index); /* bytes */
RP_API rp_status rp_store_memory_read(const rp_store *store, uint32_t memory_index,
                                      uint64_t address, void *data, size_t size);
RP_API rp_status rp_store_memory_write(rp_store *store, uint32_t memory_index, uint64_t address,
                                       const void *data, size_t size);
RP_API uint64_t rp_store_memory_bytes(const rp_store *store); /* sum over all memories */
/* Borrows [address, address + size) for reading and writing, until rp_store_memory_end; one borrow
 * at a time, during which nothing else may be called on the store. At the end what was changed is a
 * host event. ERROR_ARGUMENT, ERROR_STATE. */
RP_API rp_status rp_store_memory_begin(rp_store *store, uint32_t memory_index, uint64_t address,
                                       size_t size, uint8_t **out_data, rp_report *report);
RP_API rp_status rp_store_memory_end(rp_store *store, rp_report *report);
RP_API uint64_t rp_store_table_size(const rp_store *store, uint32_t table_index); /* elements */
RP_API rp_status rp_store_table_get(const rp_store *store, uint32_t table_index, uint64_t element,
                                    rp_value *out_value);
RP_API rp_status rp_store_table_set(rp_store *store, uint32_t table_index, uint64_t element,
                                    const rp_value *value);
/* Instances in order of creation; NULL behind the last. */
RP_API rp_instance *rp_store_instance(const rp_store *store, uint32_t index);
RP_API const rp_module *rp_instance_module(const rp_instance *instance);

/* Code upgrade: instantiates `module` in an idle store and lets it take over, under the same export
 * names, the memories, and the mutable globals of equal type, of `old`; then `old`'s registered
 * names mean the new instance. All or nothing. What is charged and what is refused:
 * docs/embedding.md, "Upgrading code". ERROR_STATE, ERROR_TYPE (a memory that does not fit the new
 * type), and as rp_store_instantiate. */
RP_API rp_status rp_store_upgrade(rp_store *store, rp_instance *old, const rp_module *module,
                                  rp_instance **out_instance, rp_outcome *out_outcome,
                                  rp_report *report);

/* ---- inside a host function ---- */

/* A caller is good until the callback that was given it returns. */

/* The store that runs: its memories, globals and tables may be read and written, time and
 * randomness be used; calls go through rp_caller_call or rp_store_call. */
RP_API rp_store *rp_caller_store(rp_caller *caller);
/* The memory that the calling instance exports as "memory", else its memory 0; false if it has
 * none. The pointer is good until the host function returns or calls the guest. */
RP_API bool rp_caller_memory(rp_caller *caller, uint8_t **out_data, uint64_t *out_size);
/* The instance that calls; NULL when the embedder, or another host function, calls. */
RP_API rp_instance *rp_caller_instance(rp_caller *caller);
/* Calls the guest from inside of a host function with its own share of gas, at most `gas_max` of
 * what is left. With `fall_back`, everything that the call changed is undone unless it returned;
 * gas stays spent. The outcome is OUT_OF_GAS when the share is spent; then the call is dropped.
 * Holds the native stack (ERROR_PINNED for who saves inside). Otherwise as rp_store_call. */
RP_API rp_status rp_caller_call(rp_caller *caller, uint32_t func_index, const rp_value *args,
                                size_t arg_count, uint64_t gas_max, bool fall_back,
                                rp_value *results, size_t result_count, rp_outcome *out_outcome,
                                rp_report *report);
#define RP_CONTINUE_BYTES_MAX 1024u
/* Before answering RP_HOST_CALL: which function to call, with what share of gas, and the state to
 * continue with, which is copied (at most RP_CONTINUE_BYTES_MAX bytes). Nothing stays on the native
 * stack: the store can stop and be saved inside of the call. The last one before the answer counts.
 * ERROR_TYPE, ERROR_LIMIT, ERROR_NOT_FOUND, ERROR_ARGUMENT (no continue_callback). */
RP_API rp_status rp_caller_call_then(rp_caller *caller, uint32_t func_index, const rp_value *args,
                                     size_t arg_count, uint64_t gas_max, const void *state,
                                     size_t state_size, rp_report *report);
/* For RP_HOST_EXIT. */
RP_API void rp_caller_set_exit_code(rp_caller *caller, uint32_t exit_code);
/* For RP_HOST_TRAP and RP_HOST_FAIL: text for people; no state. */
RP_API void rp_caller_message(rp_caller *caller, const char *text); /* copied, cut at 239 bytes */

#ifdef __cplusplus
}
#endif

#endif
