/* Gas counting for other engines (layer 2; docs/gas.md): rewrites a module so that it counts the
 * account *instructions* itself.
 *
 * For a run that ends normally (returned, or ended by `proc_exit`), the count is exactly the
 * account *instructions* of the same run here, whatever engine runs the rewritten module. After a
 * trap it may be too high by the rest of the straight-line run that was left. The count wraps at
 * 2^64.
 *
 * The rewritten module computes what the given one computes. Its counter is, by option,
 *   GLOBAL  an exported mutable i64 global `reprise_gas`, 0 at instantiation, or
 *   IMPORT  a function `reprise`.`gas` of type (i64) -> () that it imports and calls with the price
 *           of what it is about to execute, or has just executed. */
#ifndef RP_ENGINE_INSTRUMENT_H
#define RP_ENGINE_INSTRUMENT_H

#include "core/buffer.h"
#include "reprise/reprise.h"

enum rp_instrument_counter { RP_INSTRUMENT_GLOBAL, RP_INSTRUMENT_IMPORT };

struct rp_instrument_options {
    enum rp_instrument_counter counter;
};

/* Appends the rewritten module to `out`; on failure `out` keeps its size. Prices are those of the
 * engine's schedule. `options` NULL: GLOBAL.
 *
 * Function indices shift by one behind the imports in the form IMPORT; the section "name" follows,
 * and is dropped if it is malformed. Custom sections that hold code offsets or function indices are
 * dropped: `.debug_*`, `reloc.*`, `linking`, `metadata.code.*`, `sourceMappingURL`,
 * `external_debug_info`. All others are kept at their places.
 *
 * Fails as rp_module_load does; with ERROR_ARGUMENT if the module has the counter's name already,
 * with ERROR_LIMIT if the counter would pass a limit of modules, with ERROR_NO_MEMORY. */
rp_status rp_module_instrument(rp_engine *engine, const void *bytes, size_t size,
                               const struct rp_instrument_options *options, struct rp_buffer *out,
                               rp_report *report);

#endif
