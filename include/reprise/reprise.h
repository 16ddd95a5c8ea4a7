/* Reprise: the deterministic WebAssembly engine. Run it again. Exactly.
 *
 * Life: an engine fixes features, gas schedule and semantics; a module is loaded for an engine; a
 * store holds instances and all their state, and is the unit of running and of gas. Handles are
 * opaque; `create` and `load` make them, `destroy` ends them.
 *
 * Threads: an engine and its modules may be used from any thread at once. A store belongs to one
 * thread at a time; only rp_store_interrupt may be called from others, and from a signal handler.
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

/* "ERROR_INVALID"; "unknown" for a value that is none. */
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
RP_API void rp_engine_schedule_hash(const rp_engine *engine, uint8_t out_hash[32]);

/* ---- modules ---- */

/* Decodes and validates in one linear pass; the bytes are copied. MALFORMED, INVALID, UNSUPPORTED,
 * LIMIT with the offset in the report. */
RP_API rp_status rp_module_load(rp_engine *engine, const void *bytes, size_t size,
                                rp_module **out_module, rp_report *report);
RP_API void rp_module_destroy(rp_module *module); /* no store may use it any more */
RP_API void rp_module_hash(const rp_module *module,
                           uint8_t out_hash[32]);            /* BLAKE2b-256 of the bytes */
RP_API uint64_t rp_module_load_gas(const rp_module *module); /* the account *load* */

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
    RP_REASON_INTERRUPT
} rp_suspend_reason;

typedef struct rp_backtrace_frame {
    const rp_module *module;
    uint32_t func_index; /* in the module */
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
} rp_store_config;

#define RP_DEFAULT_SEED 0x5265707269736521u     /* "Reprise!" */
#define RP_DEFAULT_TIME_NS 1767225600000000000u /* 2026-01-01T00:00:00Z */
#define RP_GAS_UNLIMITED INT64_MAX

RP_API void rp_store_config_init(rp_store_config *config); /* the defaults */
RP_API rp_status rp_store_create(rp_engine *engine, const rp_store_config *config,
                                 rp_store **out_store, rp_report *report);
RP_API void rp_store_destroy(rp_store *store);

/* What a host function answers. */
typedef enum rp_host_result {
    RP_HOST_RETURN, /* results are written */
    RP_HOST_TRAP,   /* the guest traps; say why with rp_caller_message */
    RP_HOST_EXIT,   /* the program ends with rp_caller_set_exit_code */
    RP_HOST_FAIL,   /* the host itself failed (disk full, out of native memory): the call returns
                       ERROR_HOST */
} rp_host_result;

/* `args` and `results` have the counts of the function's type; `results` comes with kinds set and
 * zero values. */
typedef rp_host_result (*rp_host_callback)(void *user, rp_caller *caller, const rp_value *args,
                                           rp_value *results);
/* The price of a call from its arguments, before it runs; must not change anything. */
typedef uint64_t (*rp_host_price)(void *user, rp_caller *caller, const rp_value *args);

typedef struct rp_host_func {
    const char *module;
    const char *name;
    rp_functype type;
    rp_host_callback callback;
    rp_host_price price; /* NULL: `base_price` alone; else its answer is added */
    uint64_t base_price; /* 0: the schedule's price of a host call */
    void *user;
} rp_host_func;

/* Offers a host function to the modules instantiated later. The strings and types are copied. One
 * name may be offered with several types; linking takes the one that the import declares.
 * ERROR_ARGUMENT if the name is taken with this type. */
RP_API rp_status rp_store_define_func(rp_store *store, const rp_host_func *func, rp_report *report);
/* Offers all exports of an instance under a module name; a later registration replaces. */
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

RP_API rp_status rp_instance_export(const rp_instance *instance, rp_name name,
                                    rp_extern *out_extern);
RP_API rp_functype rp_store_func_type(const rp_store *store,
                                      uint32_t func_index); /* borrowed from the store */

/* Calls function `func_index` of the store. `results` (result_count of the type) is written if the
 * outcome is RETURNED. ERROR_TYPE if the arguments do not match. Nested calls from host functions
 * are allowed up to host_depth_max. */
RP_API rp_status rp_store_call(rp_store *store, uint32_t func_index, const rp_value *args,
                               size_t arg_count, rp_value *results, size_t result_count,
                               rp_outcome *out_outcome, rp_report *report);
/* Goes on where a call stopped (OUT_OF_GAS, SUSPENDED, TIMED_OUT). ERROR_STATE if nothing is
 * stopped. */
RP_API rp_status rp_store_resume(rp_store *store, rp_value *results, size_t result_count,
                                 rp_outcome *out_outcome, rp_report *report);
/* Drops a stopped call: its frames are gone, everything else stays. */
RP_API void rp_store_abandon(rp_store *store);
RP_API bool rp_store_is_stopped(const rp_store *store);

/* Gas. All numbers are positions: totals since just before the first `start` function. */
RP_API void rp_store_set_gas_limit(rp_store *store, int64_t limit); /* RP_GAS_UNLIMITED at first */
RP_API void rp_store_set_until_gas(rp_store *store, int64_t position); /* RP_GAS_UNLIMITED: none */
typedef struct rp_gas_accounts {
    uint64_t load;          /* of the modules instantiated here; in no position */
    uint64_t instantiation; /* in no position */
    uint64_t instructions;
    uint64_t host;
} rp_gas_accounts;
RP_API rp_gas_accounts
rp_store_gas(const rp_store *store); /* exact at every stop and in host functions */
RP_API uint64_t rp_store_gas_used(const rp_store *store); /* instructions + host */

typedef enum rp_stop { RP_STOP_NONE, RP_STOP_INTERRUPT, RP_STOP_TIMEOUT } rp_stop;
/* Asks a running store to stop at an instruction boundary within one portion of gas; from any
 * thread or a signal handler. */
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
 * failure or rp_store_abandon, or dropped because a nested call was stopped. An outermost call that
 * is stopped (out of gas, suspended) is not left, nor is anything when the store is destroyed. */
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

/* Virtual time and randomness. */
RP_API uint64_t rp_store_time_ns(const rp_store *store);
RP_API void rp_store_sleep_ns(rp_store *store, uint64_t ns); /* advances virtual time; saturates */
RP_API uint64_t rp_store_random_u64(rp_store *store);
RP_API void rp_store_random_bytes(rp_store *store, void *data, size_t size);

/* The functions of the namespaces `reprise` and `env` (docs/host-functions.md). */
RP_API rp_status rp_store_define_builtins(rp_store *store, rp_report *report);

/* Objects by store index. Globals: ERROR_TYPE, ERROR_ARGUMENT if immutable. Memory: ERROR_ARGUMENT
 * outside of its bounds. */
RP_API rp_status rp_store_global_get(const rp_store *store, uint32_t global_index,
                                     rp_value *out_value);
RP_API rp_status rp_store_global_set(rp_store *store, uint32_t global_index, const rp_value *value);
RP_API uint64_t rp_store_memory_size(const rp_store *store, uint32_t memory_index); /* bytes */
RP_API rp_status rp_store_memory_read(const rp_store *store, uint32_t memory_index,
                                      uint64_t address, void *data, size_t size);
RP_API rp_status rp_store_memory_write(rp_store *store, uint32_t memory_index, uint64_t address,
                                       const void *data, size_t size);
RP_API uint64_t rp_store_memory_bytes(const rp_store *store); /* sum over all memories */

/* ---- inside a host function ---- */

RP_API rp_store *rp_caller_store(rp_caller *caller);
/* The memory that the calling instance exports as "memory", else its memory 0; false if it has
 * none. The pointer is good until the host function returns or calls the guest. */
RP_API bool rp_caller_memory(rp_caller *caller, uint8_t **out_data, uint64_t *out_size);
RP_API void rp_caller_set_exit_code(rp_caller *caller, uint32_t exit_code);
RP_API void rp_caller_message(rp_caller *caller, const char *text); /* copied, cut at 239 bytes */

#ifdef __cplusplus
}
#endif

#endif
