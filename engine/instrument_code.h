/* The instrumenter's work on function bodies, shared with the part that rewrites sections (layer
 * 2). */
#ifndef RP_ENGINE_INSTRUMENT_CODE_H
#define RP_ENGINE_INSTRUMENT_CODE_H

#include "engine/gas.h"
#include "engine/instrument.h"

struct rp_instrument_label;

struct rp_instrumenter {
    const struct rp_module *module;
    const struct rp_schedule *schedule;
    struct rp_allocator allocator; /* of the working memory */
    rp_report *report;
    enum rp_instrument_counter counter;
    uint32_t counter_index; /* of the global or function, in the rewritten module */

    /* The body being rewritten. The run's increment belongs at `run_start` and is put there when
     * the run ends; `is_reachable` is false behind an instruction that never goes on. */
    struct rp_buffer code;
    struct rp_buffer scratch;
    size_t run_start;
    uint64_t run_price;
    bool is_reachable;
    uint32_t scratch_local; /* the first of two i32 locals for size terms */
    bool uses_scratch;
    struct rp_instrument_label *labels;
    uint32_t label_count;
    uint32_t label_capacity;
};

size_t rp_instrument_label_bytes(void); /* of one item of `labels` */

/* The index in the rewritten module of a function of the given one. */
uint32_t rp_instrument_func_index(const struct rp_instrumenter *instrumenter, uint32_t func_index);

/* Copies the constant expression at the cursor, its `end` included, with function indices
 * translated. */
void rp_instrument_const_expr(struct rp_instrumenter *instrumenter, struct rp_reader *reader,
                              struct rp_buffer *out);

/* Appends the rewritten body (size, locals, code) of the function whose locals begin at the cursor.
 */
rp_status rp_instrument_body(struct rp_instrumenter *instrumenter, uint32_t func_index,
                             struct rp_reader *reader, struct rp_buffer *out);

/* Appends the rewritten contents of a section "name". False if it is malformed. */
bool rp_instrument_names(const struct rp_instrumenter *instrumenter, struct rp_span contents,
                         struct rp_buffer *out);

#endif
