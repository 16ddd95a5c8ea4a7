/* Writing the side table and pricing runs in the pass that validates (layer 2;
 * docs/design/frame.md, sections 4 and 5). */
#include "engine/validator.h"

#include "core/assert.h"
#include "core/limits.h"

#define SIDE_TABLE_WORDS_MAX 0x40000000u

static bool reserve_words(struct rp_validator *v, uint32_t count)
{
    if (RP_LIKELY(v->word_count + count <= v->word_capacity)) {
        return true;
    }
    if (v->word_count + (uint64_t)count > SIDE_TABLE_WORDS_MAX) {
        return rp_validator_fail(v, RP_ERROR_LIMIT, v->at,
                                 "the module's control flow needs more than %u words",
                                 SIDE_TABLE_WORDS_MAX);
    }
    uint32_t *words = rp_grow(v->allocator, v->words, &v->word_capacity,
                              (uint64_t)v->word_count + count, sizeof *words);
    if (words == NULL) {
        return rp_validator_fail(v, RP_ERROR_NO_MEMORY, v->at, "no memory for the side table");
    }
    v->words = words;
    return true;
}

static uint32_t cap_price(uint64_t price)
{
    return price > RP_RUN_PRICE_MAX ? RP_RUN_PRICE_MAX : (uint32_t)price;
}

void rp_run_begin_function(struct rp_validator *v)
{
    v->run_price = 0;
    v->run_waiting = 0;
    v->first_run_open = true;
    v->first_run_price = 0;
}

void rp_run_close(struct rp_validator *v)
{
    uint32_t price = cap_price(v->run_price);
    if (v->first_run_open) {
        v->first_run_price = price;
        v->first_run_open = false;
    }
    for (uint32_t link = v->run_waiting; link != 0;) {
        uint32_t *word = &v->words[link - 1];
        link = *word;
        *word = price;
    }
    v->run_waiting = 0;
    v->run_price = 0;
}

static void wait_for_run(struct rp_validator *v, uint32_t index)
{
    v->words[index] = v->run_waiting;
    v->run_waiting = index + 1;
}

bool rp_table_word(struct rp_validator *v, uint32_t word)
{
    if (!reserve_words(v, 1)) {
        return false;
    }
    v->words[v->word_count++] = word;
    return true;
}

bool rp_table_next(struct rp_validator *v)
{
    if (!reserve_words(v, 1)) {
        return false;
    }
    wait_for_run(v, v->word_count++);
    return true;
}

/* Links the entry at `index` into a chain: word 0 is the link, word 1 the position its distance
 * counts from. */
static void join_chain(struct rp_validator *v, uint32_t index, const uint8_t *base, uint32_t *chain)
{
    v->words[index] = *chain;
    v->words[index + 1] = (uint32_t)(base - v->body);
    *chain = index + 1;
}

bool rp_table_forward(struct rp_validator *v, const uint8_t *base, uint32_t *chain)
{
    if (!reserve_words(v, 3)) {
        return false;
    }
    uint32_t index = v->word_count;
    v->word_count += 3;
    v->words[index + 2] = 0;
    join_chain(v, index, base, chain);
    return true;
}

void rp_table_resolve(struct rp_validator *v, uint32_t chain, const uint8_t *target)
{
    uint32_t target_offset = (uint32_t)(target - v->body);
    while (chain != 0) {
        uint32_t index = chain - 1;
        chain = v->words[index];
        v->words[index] = target_offset - v->words[index + 1];
        v->words[index + 1] = v->word_count - index;
        wait_for_run(v, index + 2);
    }
}

bool rp_table_branch(struct rp_validator *v, uint32_t depth, const uint8_t *base, uint32_t height)
{
    if (!reserve_words(v, 4)) {
        return false;
    }
    uint32_t index = v->word_count;
    v->word_count += 4;
    uint32_t *entry = &v->words[index];
    struct rp_control *label = &v->controls[v->control_count - 1 - depth];
    if (label == v->controls) {
        entry[0] = entry[1] = entry[2] = entry[3] = 0;
        return true;
    }
    bool is_loop = label->kind == RP_OP_loop;
    uint32_t arity = is_loop ? label->param_count : label->result_count;
    RP_ASSERT(height >= label->base + arity);
    uint32_t drop = height - arity - label->base;
    entry[3] = arity | drop << 10 | (is_loop ? label->header_size << 27 : 0);
    if (is_loop) {
        entry[0] = label->body_offset - (uint32_t)(base - v->body);
        entry[1] = label->entry + 1 - index;
        entry[2] =
            cap_price(rp_gas_static_price(v->schedule, RP_OP_loop, 0) + v->words[label->entry]);
    } else {
        entry[2] = 0;
        join_chain(v, index, base, &label->pending);
    }
    return true;
}
