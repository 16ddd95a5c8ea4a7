/* The store (layer 2): instances and all objects in it, frames, gas, randomness, time. The unit of
 * running, gas and snapshots.
 *
 * Objects are indexed in order of creation; indices are the state, pointers are rebuilt from them
 * (store_state.c). Invariants:
 * - an object never moves and lives as long as the store;
 * - a reference is 0 (null) or index + 1, in slots, tables, globals and segments alike;
 * - between two runs `frame` is NULL unless `stopped`. */
#ifndef RP_ENGINE_STORE_H
#define RP_ENGINE_STORE_H

#include "core/buffer.h"
#include "determinism/float_env.h"
#include "determinism/pcg64.h"
#include "determinism/virtual_clock.h"
#include "engine/engine.h"
#include "engine/gas.h"
#include "engine/module.h"

struct rp_slot {
    uint64_t lo;
};

struct rp_memory {
    uint8_t *data; /* reserved once, committed on growth */
    uint64_t size_bytes;
    uint64_t reserved_bytes;
    struct rp_limits limits; /* the type: pages */
    uint32_t index;
};

struct rp_table {
    uint64_t *elements;
    uint64_t count;
    uint64_t capacity;
    struct rp_table_type type;
    uint32_t index;
};

struct rp_global {
    uint64_t value;
    struct rp_global_type type;
    uint32_t index;
};

/* A host function offered under a name. Configuration of the store, no state. */
struct rp_host_binding {
    struct rp_host_binding *next;
    struct rp_span module;
    struct rp_span name;
    const struct rp_func_type *type;
    rp_host_callback callback;          /* NULL: an import that is not offered; traps when called */
    rp_host_continue continue_callback; /* NULL: it never answers RP_HOST_CALL */
    rp_host_price price;
    uint64_t base_price;
    void *user;
    void (*finalize)(void *user); /* when the handle ends; NULL: none */
    bool is_pure;
    uint32_t import_index; /* without callback: of the import in its module */
    bool offers_memory;    /* no function: a memory for each instance that imports it; type NULL */
};

struct rp_func {
    const struct rp_code *code;   /* NULL: a host function */
    struct rp_instance *instance; /* NULL: a host function */
    const struct rp_host_binding *host;
    const struct rp_func_type *type;
    uint32_t index;        /* in the store */
    uint32_t module_index; /* in the module */
};

/* An element segment at run time: evaluated references, until dropped. */
struct rp_elements {
    uint64_t *refs;
    uint32_t count; /* 0 when dropped */
    bool dropped;
};

struct rp_instance {
    struct rp_store *store;
    const struct rp_module *module;
    struct rp_func **funcs; /* by module index; so are the others */
    struct rp_table **tables;
    struct rp_memory **memories;
    struct rp_global **globals;
    struct rp_elements *elements;
    uint8_t *data_dropped;
    struct rp_memory *memory0; /* the first memory, or an empty one */
    struct rp_func *own_funcs; /* the functions of the module itself */
    uint32_t index;
    bool holds_module; /* it is a reference to its module (module_cache.h) */
    uint64_t serial;   /* unique in the engine; no state */
};

/* A frame on the stack. The bytecode position is that of the next instruction (stopped), or the one
 * behind the call (waiting). The frame of a host function (func->code is NULL) has no position; its
 * locals are its arguments, and a struct rp_host_frame belongs to it. */
struct rp_frame {
    struct rp_func *func;
    const uint8_t *pc;
    const uint32_t *st;
    struct rp_slot *fp;
    uint32_t slots_used; /* of this frame and all below, as the limit counts */
    uint32_t result_count;
};

/* What a host function that answered RP_HOST_CALL left (docs/design/frame.md, section 9). One for
 * each frame of a host function on the stack, in the same order.
 *
 * Invariant: a host frame below the top waits for the frame above it. On top it either has a
 * `callee`, which is called next with the operands above the host function's arguments, or the
 * store's pending call is its own. */
struct rp_host_frame {
    uint32_t frame_index;         /* in stack.frames; state, told by the order of the frames */
    const struct rp_func *callee; /* state: to be called next, on top only; NULL: none */
    int64_t share_end;   /* state: position at which the share of what it calls ends; at most
                            that of the host frame below */
    uint8_t *state;      /* state: bytes to continue with; of the store's allocator */
    uint32_t state_size; /* state: at most RP_CONTINUE_BYTES_MAX */
};

/* The host call that was answered RP_HOST_PENDING: the instruction at which the store is stopped,
 * the entry whose frame does not exist yet, or the host frame on top (rp_pending_find). */
struct rp_pending_call {
    bool waits;            /* state: there is one; only while `stopped` */
    uint64_t request;      /* state: 1 or more, at most store.request_count */
    bool completed;        /* state; what follows is then state too */
    rp_host_result result; /* RETURN, TRAP or EXIT */
    uint64_t *results;     /* RETURN: slots, as many as the function has results */
    uint32_t result_count;
    uint32_t exit_code; /* EXIT */
    char message[240];  /* TRAP: terminated; else empty */
    /* Not state: what rp_store_pending lends. */
    rp_value *args;
    uint32_t arg_count;
};

/* Why the interpreter came back. */
enum rp_event {
    RP_EVENT_NONE,
    RP_EVENT_SWITCH, /* go on in the other table */
    RP_EVENT_DONE,   /* the outermost frame returned; results lie at sp - result_count */
    RP_EVENT_TRAP,
    RP_EVENT_EXIT,
    RP_EVENT_STOP, /* before an instruction: see stop_kind, stop_reason */
    RP_EVENT_FAIL, /* the host failed */
    RP_EVENT_CALL  /* a host function wants a call: its frame is on top, with a callee */
};

/* The interpreter's registers, where they lie while it is not running, and what it needs at hand.
 */
struct rp_machine {
    const uint8_t *pc;
    struct rp_slot *sp;
    struct rp_slot *fp;
    const uint32_t *st;
    int64_t budget;
    struct rp_frame *frame;
    struct rp_frame *base_frame;  /* returning from it ends the run */
    struct rp_frame *frame_end;   /* the call depth's limit */
    struct rp_instance *instance; /* of the current frame */
    struct rp_global **globals;
    struct rp_memory *memory0;   /* the instance's memory 0, or an empty one */
    const uint32_t *byte_prices; /* of one-byte opcodes; 0: ask rp_code_price_at */
    uint64_t slots_max;
    struct rp_store *store;
    const struct rp_func *callee; /* for the cold parts of a call */
    const uint8_t *at;  /* first byte of the instruction in work, where that is not pc - 1 */
    uint32_t popped;    /* operands above the arguments of a call */
    uint64_t want;      /* gas that an instruction needs beside its static price */
    uint32_t run_price; /* of the run that does not fit */
    uint32_t run_back;  /* bytes back to the `loop` that begins it */
    rp_trap_code trap;
    enum rp_event event;
    bool use_metered;  /* the table to go on in */
    bool only_metered; /* never the fast one */
    bool observed;     /* calls are told to store.observer; never the fast table either */
};

struct rp_stack {
    uint8_t *base; /* one reservation: frames, then slots */
    size_t reserved_bytes;
    struct rp_frame *frames;
    struct rp_slot *slots;
};

struct rp_store_part;

/* What a layer above remembers of the contents of a store and can compute again: snapshot/root.c
 * begins its own structure with this one. No state. */
struct rp_store_cache {
    void (*destroy)(struct rp_store_cache *cache);
};

struct rp_registration {
    struct rp_registration *next; /* newest first */
    struct rp_span name;
    struct rp_instance *instance;
};

/* A piece of memory that the embedder changes in place, between rp_store_memory_begin and _end. */
struct rp_borrow {
    const struct rp_memory *memory; /* NULL: none */
    uint64_t address;
    size_t size;
    uint8_t *before; /* the bytes as they were */
};

/* Two halves. The handle's stays with its address whatever is restored into it; the contents are
 * what rp_store_exchange exchanges: all members from `allocator` on. So each new member belongs to
 * the half that it stands in. What is allocated for the handle comes from `handle_allocator`. */
struct rp_store {
    rp_engine *engine;
    struct rp_allocator handle_allocator;
    struct rp_arena handle_arena;     /* host functions; lives as long as the handle */
    struct rp_host_binding *bindings; /* newest first */
    bool is_beside; /* made to be exchanged: bindings and externals are another store's, borrowed */
    bool trap_unknown_imports;
    bool stop_on_grow_denied; /* configuration, no state */
    bool any_external; /* every external reference counts as registered: a copy in one process */
    /* External references that mean the same in another process; configuration, no state. */
    uint64_t *externals; /* ascending */
    uint32_t external_count, external_capacity;
    struct rp_store_part *parts; /* in order of registration (engine/store_part.h) */

    /* Limits. */
    uint64_t memory_max_bytes;
    uint64_t table_max_elements;
    uint32_t call_depth_max;
    uint32_t host_depth_max;
    int64_t gas_limit;
    int64_t until_gas;
    volatile int stop_word; /* rp_stop; set from anywhere */

    struct rp_float_env float_env; /* the host's, while guest code runs */
    bool running;
    uint32_t host_depth;
    rp_outcome *outcome; /* where a trap is described while running */
    uint32_t exit_code;
    char message[240];
    rp_status host_status;
    rp_report *report;
    rp_call_observer observer; /* while machine.observed */
    struct rp_borrow borrow;   /* of guest memory by the embedder */

    /* ---- contents ---- */

    struct rp_allocator allocator;
    struct rp_arena arena; /* objects; live as long as the contents */
    struct rp_machine machine;
    struct rp_stack stack;

    struct rp_func **funcs;
    uint32_t func_count, func_capacity;
    struct rp_table **tables;
    uint32_t table_count, table_capacity;
    struct rp_memory **memories;
    uint32_t memory_count, memory_capacity;
    struct rp_global **globals;
    uint32_t global_count, global_capacity;
    struct rp_instance **instances;
    uint32_t instance_count, instance_capacity;
    struct rp_registration *registrations;

    uint64_t memory_used_bytes;
    uint64_t table_used_elements;

    /* Gas. Position = portion_end - machine.budget. */
    int64_t portion_end;
    uint64_t host_gas;
    uint64_t load_gas;
    uint64_t instantiation_gas;
    rp_outcome_kind stop_kind;
    rp_suspend_reason stop_reason;

    uint64_t seed;    /* as configured */
    uint64_t time_ns; /* as configured */
    struct rp_pcg64 pcg;
    struct rp_virtual_clock clock;

    /* The call that is stopped, or in progress. */
    bool stopped;
    const struct rp_func *entry; /* the function called by the embedder */
    bool entry_pending; /* its frame does not exist yet: arguments lie at the stack's bottom */
    bool cut;           /* stopped by a timeout or an interrupt; no state */
    struct rp_host_frame *host_frames; /* outermost first; section frames */
    uint32_t host_frame_count, host_frame_capacity;
    struct rp_pending_call pending; /* section counters */
    int64_t share_end; /* of the innermost share of gas, else RP_GAS_UNLIMITED; no state: while
                          nothing runs that of the innermost host frame */
    bool share_spent;  /* why a run stopped: the share, not a limit of the embedder */

    /* Counts over the life of the state; section counters. */
    uint64_t host_events;
    uint64_t request_count; /* host calls that were answered RP_HOST_PENDING */

    struct rp_buffer embedder; /* bytes of the embedder's own */

    struct rp_store_cache *root_cache; /* what is known of these contents' root; NULL: nothing */
};

const struct rp_schedule *rp_store_schedule(const rp_store *store);

/* Objects. NULL when native memory is refused. `limits` in pages or elements; both count against
 * the store's limits, which the caller has checked. */
struct rp_memory *rp_store_add_memory(struct rp_store *store, const struct rp_limits *limits);
struct rp_table *rp_store_add_table(struct rp_store *store, const struct rp_table_type *type);
struct rp_global *rp_store_add_global(struct rp_store *store, const struct rp_global_type *type,
                                      uint64_t value);
struct rp_func *rp_store_add_func(struct rp_store *store,
                                  struct rp_func *func);           /* gives it its index */
struct rp_instance *rp_store_add_instance(struct rp_store *store); /* empty */

/* A function for a host binding; without one, a function that traps when called, for import
 * `import_index` of a module. */
struct rp_func *rp_store_add_host_func(struct rp_store *store,
                                       const struct rp_host_binding *binding,
                                       const struct rp_module *module, uint32_t import_index);
/* The arrays of an instance whose module is set; the first retains the module, whatever the answer,
 * the second makes its own functions, not yet in the store. */
bool rp_instance_allocate_objects(struct rp_instance *instance) RP_NODISCARD;
bool rp_instance_allocate_funcs(struct rp_instance *instance) RP_NODISCARD;
void rp_instance_release_module(struct rp_instance *instance);

/* The most that a memory may have by its type. */
uint64_t rp_memory_pages_max(const struct rp_memory *memory);
/* Whether a memory may grow to `pages`, by its type and the store's limit alone. */
bool rp_memory_may_grow(const struct rp_memory *memory, const struct rp_store *store,
                        uint64_t pages);
/* Commits the pages; false: the host refuses native memory (a host failure). */
bool rp_memory_grow(struct rp_memory *memory, struct rp_store *store, uint64_t pages) RP_NODISCARD;
bool rp_table_may_grow(const struct rp_table *table, const struct rp_store *store, uint64_t count);
bool rp_table_grow(struct rp_table *table, struct rp_store *store, uint64_t count,
                   uint64_t ref) RP_NODISCARD;

#define RP_PAGE_BYTES 65536u

/* Lets go of the host functions, which finalizes them; of borrowed ones nothing. */
void rp_store_release_bindings(struct rp_store *store);
/* Whether an external reference is registered. */
bool rp_store_has_external(const struct rp_store *store, uint64_t id);
/* Frees what the store holds beside its objects, its stack and its arena: host functions, host
 * frames, the pending call, externals, a borrow, its modules. For rp_store_destroy. */
void rp_store_release_border(struct rp_store *store);

/* The call that waits is gone, with its answer. No-op if none waits. */
void rp_pending_clear(struct rp_store *store);
/* The host function at which a stopped store stands: to be called by the instruction at the
 * position, the host frame on top, the callee that this frame has, or the entry without a frame.
 * NULL if a guest function stands there, or an instruction that is no call, or one that traps. */
const struct rp_func *rp_pending_find(const struct rp_store *store);

/* Frees the state of the host frames above the first `count`, which are the innermost. The shares
 * of gas end with them. */
void rp_host_frames_drop(struct rp_store *store, uint32_t count);
/* Makes room for one more, zeroed but for frame_index; NULL: no memory. */
struct rp_host_frame *rp_host_frames_push(struct rp_store *store, uint32_t frame_index);

/* Values at the border. */
uint64_t rp_value_to_slot(const rp_value *value);
void rp_value_from_slot(rp_value *out_value, uint32_t type, uint64_t slot);
/* Whether a value may be passed as `type` to this store: its kind, a function reference that
 * exists. */
bool rp_value_check(const struct rp_store *store, const rp_value *value, uint32_t type);

/* What a host function wants called when it answers RP_HOST_CALL. */
struct rp_call_then {
    const struct rp_func *func; /* NULL: nothing was said */
    uint64_t gas_max;
    uint64_t *args; /* slots; of the store's allocator, like the state */
    uint8_t *state;
    uint32_t state_size;
};

/* What a host function is given. */
struct rp_caller {
    struct rp_store *store;
    /* The calling one; NULL when the embedder or a host function calls. */
    struct rp_instance *instance;
    const struct rp_func *func; /* the host function */
    struct rp_call_then then;
};

/* Writes the trap's message for a call of an import that is not offered. */
void rp_store_describe_unknown_import(struct rp_store *store,
                                      const struct rp_host_binding *binding);

/* Something has entered from outside: an answer of a host function that is not pure, bytes of
 * standard input, a change by the embedder. */
static inline void rp_store_count_host_event(struct rp_store *store)
{
    store->host_events++;
}

/* Gas positions. */
static inline int64_t rp_store_position(const struct rp_store *store)
{
    return store->portion_end - store->machine.budget;
}

/* The next look at the limits and at the stop word is before the next run. */
static inline void rp_store_end_portion(struct rp_store *store)
{
    store->portion_end = rp_store_position(store);
    store->machine.budget = 0;
}

#endif
