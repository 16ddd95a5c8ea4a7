/* A module with the actions that the tests of sandboxes execute (tests). */
#ifndef RP_TESTS_SANDBOX_SANDBOX_GUEST_H
#define RP_TESTS_SANDBOX_SANDBOX_GUEST_H

#include "reprise/sandbox.h"
#include "tests/support/wasm_builder.h"

enum guest_alloc {
    GUEST_ALLOC_BUMP,    /* right: from address 1024 on */
    GUEST_ALLOC_OUTSIDE, /* answers 4294967295 */
    GUEST_ALLOC_TRAPS,
    GUEST_ALLOC_SPINS,
    GUEST_ALLOC_LONG, /* takes an i64: it is another function */
    GUEST_ALLOC_NONE  /* no `__alloc`: everything is numeric */
};
enum guest_start { GUEST_START_NONE, GUEST_START_TRAPS, GUEST_START_SPINS, GUEST_START_ASKS };

struct guest_options {
    enum guest_alloc alloc;
    enum guest_start start;
    uint64_t pages;       /* initial; 0: 1 */
    bool imports_memory;  /* env.memory, else its own, exported as "memory" */
    bool imports_missing; /* also env.missing, which nobody offers */
};

/* The exports, beside "memory" and "__alloc":
 *
 *   add(i32, i32) -> i32          add64(i64, i64) -> i64      sum(i64, f32, f64) -> f64
 *   divide(f64, f64) -> f64       pair(i32) -> i32 i64        nothing()
 *   bump() -> i64                 adds 1 to a global and to the i64 at address 8
 *   fib(i32) -> i32               spin()                      fail(), an `unreachable`
 *   hog() -> i32                  grows by one page until -1, then answers the size in pages
 *   rush() -> i32                 the same without an end, spinning in between
 *   ask(i32) -> i32               adds 1 to the i64 at 8, then calls env.ask
 *   mixed(i64) -> i64             stirs random numbers, time, env.ask and a counter together
 *   echo, fixed, garbage, outside, empty: JSON actions; `fixed` answers {"ok":true}
 *   ref(funcref)                  no action */
struct rp_span guest_build(struct rp_wasm *wasm, const struct guest_options *options);

#endif
