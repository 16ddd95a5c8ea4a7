/* A guest that calls host functions which the test plays (tests): for host calls that are answered
 * later, that call and continue, nested calls, checkpoints.
 *
 * Exports, all (i32) -> (i32) unless said:
 *   direct, indirect   ask(n) + 100, by call and by call_indirect
 *   sum                the sum of ask(i), i from n down to 1
 *   twice              play(0, play(1, n))
 *   bump               adds n to the i32 at 0 and to global "g", answers g
 *   bump_trap          the same, then traps
 *   spin               the same without end
 *   grow               memory.grow by n
 *   deep               calls itself n times, then ask(n)
 *   ask, play          the host functions themselves: (i32) -> (i32), (i32, i32) -> (i32)
 * and "memory" (1 page, at most 4), "table" (ask, play, bump), "g". */
#ifndef RP_TESTS_ENGINE_HOST_GUEST_H
#define RP_TESTS_ENGINE_HOST_GUEST_H

#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

struct host_guest;
/* What a host function does; `n` is its last argument. */
typedef rp_host_result (*host_play)(struct host_guest *guest, rp_caller *caller,
                                    const rp_value *args, rp_value *results);

struct host_guest {
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    rp_instance *instance;
    rp_outcome outcome;
    rp_value result;
    rp_status status;
    rp_report report;
    host_play ask;
    host_play play;
    rp_host_continue continue_play; /* its user data is the guest */
    unsigned asked;                 /* how often ask was */
    unsigned played;
    uint64_t extra_price; /* beside 7 */
    void *plan;           /* the test's */
};

/* ask answers 3 n, play answers n. */
rp_host_result host_guest_triple(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                                 rp_value *results);
rp_host_result host_guest_same(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                               rp_value *results);
rp_host_result host_guest_pending(struct host_guest *guest, rp_caller *caller, const rp_value *args,
                                  rp_value *results);

/* An engine, a store and an instance; `metered` says in which table. */
void host_guest_begin(struct host_guest *guest, bool metered);
void host_guest_begin_with(struct host_guest *guest, const rp_store_config *config);
void host_guest_end(struct host_guest *guest);
/* The same test in both tables. */
void host_guest_both(void (*test)(struct host_guest *guest));

uint32_t host_guest_index(const struct host_guest *guest, const char *name);
/* The request must be accepted; its outcome is answered. */
rp_outcome_kind host_guest_call(struct host_guest *guest, const char *name, int32_t n);
rp_outcome_kind host_guest_resume(struct host_guest *guest);
/* Supplies an i32 for the call that waits. */
void host_guest_complete(struct host_guest *guest, int32_t answer);
/* The i32 at address 0; global g. */
int32_t host_guest_memory(const struct host_guest *guest);
int32_t host_guest_global(const struct host_guest *guest);

#endif
