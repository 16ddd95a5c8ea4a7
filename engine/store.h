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

/* A host function offered under a name. */
struct rp_host_binding {
    struct rp_host_binding *next;
    struct rp_span module;
    struct rp_span name;
    const struct rp_func_type *type;
    rp_host_callback callback; /* NULL: an import that is not offered; traps when called */
    rp_host_price price;
    uint64_t base_price;
    void *user;
    uint32_t import_index; /* without callback: of the import in its module */
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
};

/* A frame on the stack. The bytecode position is that of the next instruction (stopped), or the one
 * behind the call (waiting). */
struct rp_frame {
    struct rp_func *func;
    const uint8_t *pc;
    const uint32_t *st;
    struct rp_slot *fp;
    uint32_t slots_used; /* of this frame and all below, as the limit counts */
    uint32_t result_count;
};

/* Why the interpreter came back. */
enum rp_event {
    RP_EVENT_NONE,
    RP_EVENT_SWITCH, /* go on in the other table */
    RP_EVENT_DONE,   /* the outermost frame returned; results lie at sp - result_count */
    RP_EVENT_TRAP,
    RP_EVENT_EXIT,
    RP_EVENT_STOP, /* before an instruction: see stop_kind, stop_reason */
    RP_EVENT_FAIL  /* the host failed */
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

struct rp_registration {
    struct rp_registration *next; /* newest first */
    struct rp_span name;
    struct rp_instance *instance;
};

struct rp_store {
    rp_engine *engine;
    struct rp_allocator allocator;
    struct rp_arena arena; /* objects; live as long as the store */
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

    struct rp_host_binding *bindings; /* newest first */
    struct rp_registration *registrations;
    bool trap_unknown_imports;

    /* Limits. */
    uint64_t memory_max_bytes;
    uint64_t memory_used_bytes;
    uint64_t table_max_elements;
    uint64_t table_used_elements;
    uint32_t call_depth_max;
    uint32_t host_depth_max;
    uint32_t host_depth;

    /* Gas. Position = portion_end - machine.budget. */
    int64_t portion_end;
    int64_t gas_limit;
    int64_t until_gas;
    uint64_t host_gas;
    uint64_t load_gas;
    uint64_t instantiation_gas;
    volatile int stop_word; /* rp_stop; set from anywhere */
    rp_outcome_kind stop_kind;
    rp_suspend_reason stop_reason;

    struct rp_float_env float_env; /* the host's, while guest code runs */
    struct rp_pcg64 pcg;
    struct rp_virtual_clock clock;

    /* The call in progress or stopped. */
    bool running;
    bool stopped;
    const struct rp_func *entry; /* the function called by the embedder */
    bool entry_pending; /* its frame does not exist yet: arguments lie at the stack's bottom */

    rp_outcome *outcome; /* where a trap is described while running */
    uint32_t exit_code;
    char message[240];
    rp_status host_status;
    rp_report *report;
    rp_call_observer observer; /* while machine.observed */
};

/* Borrowed; NULL outside of [0, count). */
rp_instance *rp_store_instance(const rp_store *store, uint32_t index);
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
/* The arrays of an instance whose module is set, and its own functions, not yet in the store. */
bool rp_instance_allocate(struct rp_instance *instance);

/* Whether a memory may grow to `pages`, by its type and the store's limit alone. */
bool rp_memory_may_grow(const struct rp_memory *memory, const struct rp_store *store,
                        uint64_t pages);
/* Commits the pages; false: the host refuses native memory (a host failure). */
bool rp_memory_grow(struct rp_memory *memory, struct rp_store *store, uint64_t pages) RP_NODISCARD;
bool rp_table_may_grow(const struct rp_table *table, const struct rp_store *store, uint64_t count);
bool rp_table_grow(struct rp_table *table, struct rp_store *store, uint64_t count,
                   uint64_t ref) RP_NODISCARD;

#define RP_PAGE_BYTES 65536u

/* Values at the border. */
uint64_t rp_value_to_slot(const rp_value *value);
void rp_value_from_slot(rp_value *out_value, uint32_t type, uint64_t slot);
/* Whether a value may be passed as `type` to this store: its kind, a function reference that
 * exists. */
bool rp_value_check(const struct rp_store *store, const rp_value *value, uint32_t type);

/* What a host function is given. */
struct rp_caller {
    struct rp_store *store;
    struct rp_instance
        *instance; /* the calling one; NULL when the embedder calls an exported host function */
};

/* Writes the trap's message for a call of an import that is not offered. */
void rp_store_describe_unknown_import(struct rp_store *store,
                                      const struct rp_host_binding *binding);

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
