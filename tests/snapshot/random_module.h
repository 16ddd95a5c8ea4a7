/* Valid modules at random (layer 7, tests): a memory, two tables, globals of every type, segments,
 * functions that call each other directly, through the table and deep into a recursion, and two
 * host functions. All instructions of the first version and its in-scope successors are drawn from
 * the opcode table, so a run meets every kind of operand, local and frame.
 *
 * Exports: "run" () -> (i64). Imports: "host.mix" (i64) -> (i64) and "host.ask" (i32) -> (i32). */
#ifndef RP_TESTS_SNAPSHOT_RANDOM_MODULE_H
#define RP_TESTS_SNAPSHOT_RANDOM_MODULE_H

#include "determinism/pcg64.h"
#include "tests/support/wasm_builder.h"

/* Initialises `wasm` and builds into it; the same numbers give the same module. */
struct rp_span rp_random_module(struct rp_wasm *wasm, struct rp_pcg64 *random);

#endif
