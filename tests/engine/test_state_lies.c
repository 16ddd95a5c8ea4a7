/* States that lie (tests): each lie is refused by its name and leaves everything as it was; what is
 * not refused is another state, in its one encoding, that can be run. */
#include "core/assert.h"
#include "engine/store_state.h"
#include "tests/engine/state_edit.h"
#include "tests/engine/state_world.h"
#include "tests/support/pack_text.h"
#include "tests/support/state_copy.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- a world and its state ---- */

struct state {
    struct rp_world world;
    struct rp_state_copy copy;   /* as it is */
    struct rp_state_copy edited; /* with a lie */
};

static void save(struct rp_state_copy *copy, const rp_store *store)
{
    rp_report report = {0};
    rp_status status = rp_state_copy_save(copy, store, &report);
    if (status != RP_OK) {
        fail_msg("%s: %s", rp_status_name(status), report.text);
    }
}

/* `edited` becomes what the store is again. */
static void take_back(struct state *state)
{
    rp_state_copy_deinit(&state->edited);
    rp_state_copy_init(&state->edited);
    save(&state->edited, state->world.store);
}

static void begin(struct state *state, enum rp_world_stop stop)
{
    rp_world_begin(&state->world, stop);
    rp_state_copy_init(&state->copy);
    rp_state_copy_init(&state->edited);
    save(&state->copy, state->world.store);
    save(&state->edited, state->world.store);
}

static void end(struct state *state)
{
    rp_state_copy_deinit(&state->copy);
    rp_state_copy_deinit(&state->edited);
    rp_world_end(&state->world);
}

/* Loads `edited`. What is accepted re-encodes to itself and goes on to some end. */
static rp_status load(struct state *state, rp_report *report)
{
    rp_store *beside = NULL;
    *report = (rp_report){0};
    rp_status status = rp_state_copy_load(&state->edited, state->world.store, &beside, report);
    if (status != RP_OK) {
        assert_true(status == RP_ERROR_SNAPSHOT_ENCODING || report->text[0] != 0);
        return status;
    }
    struct rp_state_copy again;
    rp_state_copy_init(&again);
    save(&again, beside);
    const char *difference = rp_state_copy_difference(&again, &state->edited);
    if (difference != NULL) {
        fail_msg("accepted, and section %s is written otherwise", difference);
    }
    rp_state_copy_deinit(&again);
    rp_store_set_gas_limit(beside, (int64_t)rp_store_gas_used(beside) < INT64_MAX - 5000
                                       ? (int64_t)rp_store_gas_used(beside) + 5000
                                       : INT64_MAX);
    if (rp_store_is_stopped(beside)) {
        rp_value results[RP_WORLD_FUNC_COUNT];
        rp_outcome outcome;
        size_t count = rp_store_func_type(beside, beside->entry->index).result_count;
        (void)rp_store_resume(beside, results, count, &outcome, NULL);
    }
    rp_store_destroy(beside);
    return RP_OK;
}

/* ---- planted lies ---- */

struct lie {
    const char *what;
    enum rp_world_stop stop;
    enum rp_section section;
    const char *path;
    const char *value; /* in its place, as rp_pack_text reads it */
    rp_status status;
};

#define LIE(stop, section, what, path, value, status) \
    {what, RP_WORLD_##stop, RP_SECTION_##section, path, value, RP_ERROR_##status}
#define HASH "x32"

static const struct lie config_lies[] = {
    LIE(IDLE, config, "another semantics version", "0/0", "1", SNAPSHOT_SEMANTICS),
    LIE(IDLE, config, "other features", "0/1", "1", SNAPSHOT_SEMANTICS),
    LIE(IDLE, config, "another schedule", "0/2", HASH, SNAPSHOT_SCHEDULE),
    LIE(IDLE, config, "a hash that is too short", "0/2", "x31", SNAPSHOT_ENCODING),
    LIE(IDLE, config, "more memory", "0/3", "196609", SNAPSHOT_CONFIG),
    LIE(IDLE, config, "fewer table elements", "0/4", "15", SNAPSHOT_CONFIG),
    LIE(IDLE, config, "more frames", "0/5", "9", SNAPSHOT_CONFIG),
    LIE(IDLE, config, "no frames", "0/5", "0", SNAPSHOT_CONFIG),
    LIE(IDLE, config, "frames beyond every store's", "0/5", "67108865", SNAPSHOT_CONFIG),
    LIE(IDLE, config, "more slots", "0/6", "37", SNAPSHOT_CONFIG),
    LIE(IDLE, config, "more nested calls", "0/7", "33", SNAPSHOT_CONFIG),
    LIE(IDLE, config, "a field less", "0", "[0 1]", SNAPSHOT_ENCODING),
    LIE(IDLE, config, "a number in place of the section", "0", "1", SNAPSHOT_ENCODING),
    LIE(IDLE, config, "nil in place of a number", "0/8", "nil", SNAPSHOT_ENCODING),
};

static const struct lie object_lies[] = {
    LIE(IDLE, modules, "another module", "0/0", HASH, SNAPSHOT_MODULE),
    LIE(IDLE, modules, "no module", "0", "[]", SNAPSHOT_STATE),
    LIE(IDLE, hosts, "a host function with parameters of another type", "0/0/2", "[126]",
        SNAPSHOT_HOST),
    LIE(IDLE, hosts, "a host function with more results", "0/0/3", "[127 127]", SNAPSHOT_HOST),
    LIE(IDLE, hosts, "a name that is no text", "0/0/1", "'add'", SNAPSHOT_ENCODING),
    LIE(IDLE, hosts, "no host functions", "0", "[]", SNAPSHOT_STATE),
    LIE(IDLE, hosts, "more host functions than there are", "0", "[1 2 3 4 5]", SNAPSHOT_HOST),
    LIE(IDLE, instances, "an instance of module 1", "0/0/0/0", "1", SNAPSHOT_STATE),
    LIE(IDLE, instances, "an import linked to a function of another type", "0/0/0/1", "[1 1 2]",
        SNAPSHOT_STATE),
    LIE(IDLE, instances, "an import linked to a later function", "0/0/0/1", "[3 1 2]",
        SNAPSHOT_STATE),
    LIE(IDLE, instances, "an import too few", "0/0/0/1", "[0 1]", SNAPSHOT_ENCODING),
    LIE(IDLE, instances, "tables of other types", "0/0/0/2", "[1 0]", SNAPSHOT_STATE),
    LIE(IDLE, instances, "a table that does not exist", "0/0/0/2", "[0 2]", SNAPSHOT_STATE),
    LIE(IDLE, instances, "a memory that does not exist", "0/0/0/3", "[1]", SNAPSHOT_STATE),
    LIE(IDLE, instances, "globals of other types", "0/0/0/4", "[1 0 2 3 4]", SNAPSHOT_STATE),
    LIE(IDLE, instances, "an immutable global for a mutable one", "0/0/0/4", "[0 1 2 2 4]",
        SNAPSHOT_STATE),
    LIE(IDLE, instances, "a global that does not exist", "0/0/0/4", "[0 1 2 3 5]", SNAPSHOT_STATE),
    LIE(IDLE, instances, "a segment with a function that does not exist", "0/0/0/5/2", "[3 9]",
        SNAPSHOT_STATE),
    LIE(IDLE, instances, "a segment with a function beyond all", "0/0/0/5/2",
        "[3 18446744073709551615]", SNAPSHOT_STATE),
    LIE(IDLE, instances, "a segment that is too long", "0/0/0/5/2", "[3 1 1]", SNAPSHOT_ENCODING),
    LIE(IDLE, instances, "a flag that is a number", "0/0/0/6/0", "1", SNAPSHOT_ENCODING),
    LIE(IDLE, instances, "a name twice", "0/1", "[['' 0] ['' 0]]", SNAPSHOT_ENCODING),
    LIE(IDLE, instances, "names not in order", "0/1", "[['world' 0] ['' 0]]", SNAPSHOT_ENCODING),
    LIE(IDLE, instances, "a name for no instance", "0/1", "[['' 1]]", SNAPSHOT_STATE),
    LIE(IDLE, functions, "a host function for another import", "0/0", "[1 1]", SNAPSHOT_ENCODING),
    LIE(IDLE, functions, "the first host function again", "0/2", "[1 0]", SNAPSHOT_STATE),
    LIE(IDLE, functions, "a host function that is not listed", "0/2", "[1 2]", SNAPSHOT_STATE),
    LIE(IDLE, functions, "an import offered by nobody, of another number", "0/1", "[2 0 2]",
        SNAPSHOT_STATE),
    LIE(IDLE, functions, "an import offered by nobody, of another instance", "0/1", "[2 1 1]",
        SNAPSHOT_STATE),
    LIE(IDLE, functions, "an instance's function in place of a host function", "0/0", "[0 0 3]",
        SNAPSHOT_STATE),
    LIE(IDLE, functions, "an instance's function out of order", "0/3", "[0 0 4]", SNAPSHOT_STATE),
    LIE(IDLE, functions, "an instance's function of another instance", "0/3", "[0 1 3]",
        SNAPSHOT_STATE),
    LIE(IDLE, functions, "an unknown kind", "0/3", "[3 0 3]", SNAPSHOT_STATE),
    LIE(IDLE, functions, "a function too few", "0", "[[1 0] [2 0 1] [1 1]]", SNAPSHOT_STATE),
    LIE(IDLE, tables, "elements of a number's type", "0/0/0", "127", SNAPSHOT_STATE),
    LIE(IDLE, tables, "elements of the other type", "0/0/0", "111", EXTERNAL),
    LIE(IDLE, tables, "fewer elements than the least", "0/0/1", "5", SNAPSHOT_STATE),
    LIE(IDLE, tables, "a most below the least", "0/0/2", "3", SNAPSHOT_STATE),
    LIE(IDLE, tables, "more elements than the type allows", "0/0/2", "2", SNAPSHOT_STATE),
    LIE(IDLE, tables, "a most that the module does not allow", "0/0/2", "9", SNAPSHOT_STATE),
    LIE(IDLE, tables, "a most that no type has", "0/1/2", "4294967296", SNAPSHOT_STATE),
    LIE(IDLE, tables, "elements beyond the most", "0/0/3", "[nil nil nil nil nil nil nil nil nil]",
        SNAPSHOT_STATE),
    LIE(IDLE, tables, "a table of another type", "0/0", "[111 4 8 [nil nil nil nil]]",
        SNAPSHOT_STATE),
    LIE(IDLE, tables, "a function that does not exist", "0/0/3/0", "9", SNAPSHOT_STATE),
    LIE(IDLE, tables, "more elements than the store allows", "0/1/3",
        "[nil nil nil nil nil nil nil nil nil nil nil nil nil]", SNAPSHOT_STATE),
    LIE(IDLE, tables, "an external reference beyond all", "0/1/3/1", "18446744073709551615",
        SNAPSHOT_STATE),
    LIE(IDLE, tables, "no tables", "0", "[]", SNAPSHOT_STATE),
    LIE(IDLE, globals, "a value of more bits than its type", "0/0/2", "4294967296", SNAPSHOT_STATE),
    LIE(IDLE, globals, "null where none may be", "0/1/2", "nil", SNAPSHOT_STATE),
    LIE(IDLE, globals, "another type", "0/0/0", "126", SNAPSHOT_STATE),
    LIE(IDLE, globals, "no type", "0/0/0", "1", SNAPSHOT_STATE),
    LIE(IDLE, globals, "a vector", "0/0/0", "123", SNAPSHOT_STATE),
    LIE(IDLE, globals, "an immutable global that is mutable", "0/2/1", "true", SNAPSHOT_STATE),
    LIE(IDLE, globals, "a function that does not exist", "0/3/2", "9", SNAPSHOT_STATE),
    LIE(IDLE, globals, "no globals", "0", "[]", SNAPSHOT_STATE),
    LIE(IDLE, memories, "no memory", "0", "0", SNAPSHOT_STATE),
    LIE(IDLE, embedder, "no bytes", "0", "nil", SNAPSHOT_ENCODING),
    LIE(IDLE, embedder, "too many bytes", "0", "x65537", SNAPSHOT_ENCODING),
};

/* The frames of DEEP: run (5), middle (4), leaf (3); behind the calls are the offsets 9 and
 * MIDDLE_BEHIND. */
static const struct lie frame_lies[] = {
    LIE(IDLE, frames, "a call that begins nowhere", "0", "[]", SNAPSHOT_ENCODING),
    LIE(DEEP, frames, "an entry that does not exist", "0/0", "9", SNAPSHOT_STATE),
    LIE(DEEP, frames, "another entry", "0/0", "3", SNAPSHOT_FRAMES),
    LIE(DEEP, frames, "no frames", "0/2", "[]", SNAPSHOT_STATE),
    LIE(DEEP, frames, "too many frames", "0/2", "[1 2 3 4 5 6 7 8 9]", SNAPSHOT_STATE),
    LIE(DEEP, frames, "a frame of a function that does not exist", "0/2/2/0", "9", SNAPSHOT_STATE),
    LIE(DEEP, frames, "a frame of a host function", "0/2/2/0", "0", SNAPSHOT_STATE),
    LIE(DEEP, frames, "a frame of a function offered by nobody", "0/2/2", "[1 [] nil nil '']",
        SNAPSHOT_HOST),
    LIE(DEEP, frames, "a frame of a host function that does not continue", "0/2/2",
        "[0 [5] nil nil '']", SNAPSHOT_HOST),
    LIE(DEEP, frames, "a function that is not called there", "0/2/2", "[7 0 [20]]",
        SNAPSHOT_FRAMES),
    LIE(DEEP, frames, "a function of another type where the call is by table", "0/2/1", "[8 0 []]",
        SNAPSHOT_FRAMES),
    LIE(DEEP, frames, "an offset inside of an instruction", "0/2/2/1", "3", SNAPSHOT_OFFSET),
    LIE(DEEP, frames, "an offset in dead code", "0/2/2/1", "7", SNAPSHOT_OFFSET),
    LIE(DEEP, frames, "the dead end of the function", "0/2/2/1", "9", SNAPSHOT_OFFSET),
    LIE(DEEP, frames, "an offset behind the function", "0/2/2/1", "10", SNAPSHOT_OFFSET),
    LIE(DEEP, frames, "an offset beyond all functions", "0/2/2/1", "4294967295", SNAPSHOT_OFFSET),
    LIE(DEEP, frames, "an offset of more than 32 bits", "0/2/2/1", "4294967296", SNAPSHOT_ENCODING),
    LIE(DEEP, frames, "a reachable offset with other operands", "0/2/2/1", "2", SNAPSHOT_OPERANDS),
    LIE(DEEP, frames, "an operand too few", "0/2/2/2", "[20 20]", SNAPSHOT_OPERANDS),
    LIE(DEEP, frames, "an operand too many", "0/2/2/2", "[20 20 300 1]", SNAPSHOT_OPERANDS),
    LIE(DEEP, frames, "more operands than the function ever has", "0/2/2/2", "[20 20 300 1 1 1]",
        SNAPSHOT_OPERANDS),
    LIE(DEEP, frames, "a local of more than 32 bits", "0/2/2/2/0", "4294967296", SNAPSHOT_OPERANDS),
    LIE(DEEP, frames, "an operand of more than 32 bits", "0/2/2/2/2", "18446744073709551615",
        SNAPSHOT_OPERANDS),
    LIE(DEEP, frames, "null for an i32", "0/2/2/2/1", "nil", SNAPSHOT_OPERANDS),
    LIE(DEEP, frames, "null for an i64", "0/2/1/2/1", "nil", SNAPSHOT_OPERANDS),
    LIE(DEEP, frames, "a float of more than 32 bits", "0/2/1/2/2", "4294967296", SNAPSHOT_OPERANDS),
    LIE(DEEP, frames, "a function reference to none", "0/2/1/2/4", "9", SNAPSHOT_OPERANDS),
    LIE(DEEP, frames, "an external reference beyond all", "0/2/1/2/5", "18446744073709551615",
        SNAPSHOT_OPERANDS),
    LIE(DEEP, frames, "bytes for a value", "0/2/2/2/1", "'x'", SNAPSHOT_ENCODING),
    LIE(DEEP, frames, "a frame that waits before its call", "0/2/0/1", "6", SNAPSHOT_FRAMES),
    LIE(DEEP, frames, "a frame that waits at its first instruction", "0/2/0/1", "0",
        SNAPSHOT_FRAMES),
    LIE(DEEP, frames, "a frame that waits with the results there", "0/2/0/2", "[20 5 1]",
        SNAPSHOT_OPERANDS),
    LIE(DEEP, frames, "more slots than the stack may have", "0/2",
        "[[5 9 [20 5]] [5 9 [20 5]] [5 9 [20 5]] [5 9 [20 5]] [5 9 [20 5]] [5 9 [20 5]]"
        " [3 5 [20 20 300]]]",
        SNAPSHOT_STATE),
    LIE(DEEP, frames, "a field too many", "0/2/2", "[3 5 [20 20 300] 1]", SNAPSHOT_STATE),
    LIE(ENTRY, frames, "an argument too few", "0/1", "[]", SNAPSHOT_OPERANDS),
    LIE(ENTRY, frames, "an argument too many", "0/1", "[1 2]", SNAPSHOT_OPERANDS),
    LIE(ENTRY, frames, "an argument of more than 32 bits", "0/1/0", "4294967296",
        SNAPSHOT_OPERANDS),
    LIE(ENTRY, frames, "null for an argument", "0/1/0", "nil", SNAPSHOT_OPERANDS),
    LIE(ENTRY, frames, "frames of an entry that has none", "0/2", "[[5 0 [20]]]",
        SNAPSHOT_ENCODING),
    LIE(ENTRY, frames, "neither arguments nor frames", "0/1", "nil", SNAPSHOT_STATE),
};

/* The frames of RELAYED: ask, relay, relay, run, middle, leaf. */
static const struct lie host_lies[] = {
    LIE(RELAYED, frames, "a host function that calls with a frame above it", "0/2/1/2", "5",
        SNAPSHOT_FRAMES),
    LIE(RELAYED, frames, "a share beyond the one around it", "0/2/1/3", "10", SNAPSHOT_STATE),
    LIE(RELAYED, frames, "a share without an end", "0/2/2/3", "9223372036854775807",
        SNAPSHOT_ENCODING),
    LIE(RELAYED, frames, "a share beyond all", "0/2/2/3", "9223372036854775808", SNAPSHOT_ENCODING),
    LIE(RELAYED, frames, "an argument too few", "0/2/1/1", "[]", SNAPSHOT_OPERANDS),
    LIE(RELAYED, frames, "an argument of more than 32 bits", "0/2/1/1/0", "4294967296",
        SNAPSHOT_OPERANDS),
    LIE(RELAYED, frames, "a state that is too long", "0/2/1/4", "x1025", SNAPSHOT_ENCODING),
    LIE(RELAYED, frames, "the fields of guest code", "0/2/1", "[2 0 [21]]", SNAPSHOT_STATE),
    LIE(RELAYING, frames, "a callee that does not exist", "0/2/2/2", "9", SNAPSHOT_STATE),
    LIE(RELAYING, frames, "a callee with other parameters", "0/2/2/2", "8", SNAPSHOT_OPERANDS),
    LIE(RELAYING, frames, "a host function that neither calls nor waits", "0/2/2",
        "[2 [21] nil nil '']", SNAPSHOT_STATE),
    LIE(RELAY_WAITS, frames, "a state while it waits", "0/2/1/4", "'more'", SNAPSHOT_STATE),
    LIE(RELAY_WAITS, frames, "a share while it waits", "0/2/1/3", "1000000", SNAPSHOT_STATE),
    LIE(RELAY_WAITS, counters, "a host frame that does not wait", "0/13", "nil", SNAPSHOT_STATE),
    LIE(IDLE, counters, "a host call waits, and no call is stopped", "0/13", "[1 nil]",
        SNAPSHOT_STATE),
    LIE(DEEP, counters, "a host call waits at an addition", "0/13", "[1 nil]", SNAPSHOT_STATE),
    LIE(PENDING, counters, "request 0", "0/13/0", "0", SNAPSHOT_STATE),
    LIE(PENDING, counters, "a request that was not made", "0/13/0", "2", SNAPSHOT_STATE),
    LIE(PENDING, counters, "a completion of no kind", "0/13/1", "[3 nil]", SNAPSHOT_STATE),
    LIE(PENDING, counters, "a failure as completion", "0/13/1", "[4 nil]", SNAPSHOT_STATE),
    LIE(PENDING, counters, "a completion without results", "0/13/1", "[0 []]", SNAPSHOT_ENCODING),
    LIE(PENDING, counters, "a result of more than 32 bits", "0/13/1", "[0 [4294967296]]",
        SNAPSHOT_STATE),
    LIE(PENDING, counters, "a null result", "0/13/1", "[0 [nil]]", SNAPSHOT_STATE),
    LIE(PENDING, counters, "an exit code of more than 32 bits", "0/13/1", "[2 4294967296]",
        SNAPSHOT_ENCODING),
    LIE(PENDING, counters, "a message with a zero", "0/13/1", "[1 x1.2]", SNAPSHOT_STATE),
    LIE(PENDING, counters, "a message that is too long", "0/13/1", "[1 x240]", SNAPSHOT_ENCODING),
    LIE(RELAYED, counters, "a position beyond all", "0/2", "9223372036854775807", SNAPSHOT_STATE),
    LIE(IDLE, counters, "an account beyond all", "0/3", "9223372036854775808", SNAPSHOT_ENCODING),
    LIE(RELAYED, counters, "a position behind the share of gas", "0/2", "1000000", SNAPSHOT_STATE),
    LIE(IDLE, counters, "an even increment", "0/7", "2", SNAPSHOT_STATE),
    LIE(IDLE, counters, "time that was set in the future", "0/9", "1000000", SNAPSHOT_STATE),
};

/* The memory: min, max, pages, two runs of pages, nil. */
static const struct lie memory_lies[] = {
    LIE(IDLE, memories, "fewer pages than the least", "0", "3", SNAPSHOT_STATE),
    LIE(IDLE, memories, "a most below the least", "1", "0", SNAPSHOT_STATE),
    LIE(IDLE, memories, "no most where the module wants one", "1", "nil", SNAPSHOT_STATE),
    LIE(IDLE, memories, "a most beyond all", "1", "65537", SNAPSHOT_STATE),
    LIE(IDLE, memories, "more pages than the most", "1", "1", SNAPSHOT_STATE),
    LIE(IDLE, memories, "more pages than the store allows", "2", "4", SNAPSHOT_STATE),
    LIE(IDLE, memories, "more pages than there are bytes", "2", "562949953421312", SNAPSHOT_STATE),
    LIE(IDLE, memories, "no pages", "2", "0", SNAPSHOT_STATE),
    LIE(IDLE, memories, "a page of zeros", "3", "[0 z4096]", SNAPSHOT_ENCODING),
    LIE(IDLE, memories, "a page of zeros behind another", "3", "[0 x4096.8192]", SNAPSHOT_ENCODING),
    LIE(IDLE, memories, "a piece of a page", "3", "[0 x4095]", SNAPSHOT_ENCODING),
    LIE(IDLE, memories, "a page and a piece", "3", "[0 x4097]", SNAPSHOT_ENCODING),
    LIE(IDLE, memories, "no bytes", "3", "[0 '']", SNAPSHOT_ENCODING),
    LIE(IDLE, memories, "a page twice", "3", "[15 x4096]", SNAPSHOT_ENCODING),
    LIE(IDLE, memories, "two runs that are one", "3", "[14 x4096]", SNAPSHOT_ENCODING),
    LIE(IDLE, memories, "a run in front of another", "5", "[3 x4096] nil", SNAPSHOT_ENCODING),
    LIE(IDLE, memories, "a page behind the memory", "4", "[32 x4096]", SNAPSHOT_STATE),
    LIE(IDLE, memories, "pages that begin in the memory and end behind it", "4", "[31 x8192]",
        SNAPSHOT_STATE),
    LIE(IDLE, memories, "a page beyond all", "4", "[18446744073709551615 x4096]", SNAPSHOT_STATE),
    LIE(IDLE, memories, "a second end", "5", "nil nil", SNAPSHOT_ENCODING),
};

static void replace_value(struct rp_state_copy *copy, uint32_t place, const char *path,
                          const char *text)
{
    struct rp_allocator allocator;
    struct rp_buffer bytes;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&bytes, &allocator);
    rp_pack_text(&bytes, text);
    rp_state_replace(copy, place, path, bytes.data, bytes.size);
    rp_buffer_deinit(&bytes);
}

static void plant(const struct lie *lies, size_t count, bool in_memory)
{
    for (size_t i = 0; i < count; i++) {
        const struct lie *lie = &lies[i];
        struct state state;
        rp_report report;
        begin(&state, lie->stop);
        uint32_t place = rp_state_copy_place(&state.edited, lie->section) + (in_memory ? 1 : 0);
        replace_value(&state.edited, place, lie->path, lie->value);
        rp_status status = load(&state, &report);
        if (status != lie->status) {
            fail_msg("%s: %s, not %s: %s", lie->what, rp_status_name(status),
                     rp_status_name(lie->status), report.text);
        }
        take_back(&state);
        assert_null(rp_state_copy_difference(&state.copy, &state.edited)); /* untouched */
        end(&state);
    }
}

static void lies_about_the_configuration_are_refused(void **state)
{
    (void)state;
    plant(config_lies, RP_ARRAY_COUNT(config_lies), false);
}

static void lies_about_objects_are_refused(void **state)
{
    (void)state;
    plant(object_lies, RP_ARRAY_COUNT(object_lies), false);
}

static void lies_about_memories_are_refused(void **state)
{
    (void)state;
    plant(memory_lies, RP_ARRAY_COUNT(memory_lies), true);
}

static void lies_about_frames_are_refused(void **state)
{
    (void)state;
    plant(frame_lies, RP_ARRAY_COUNT(frame_lies), false);
}

static void lies_about_host_calls_and_counters_are_refused(void **state)
{
    (void)state;
    plant(host_lies, RP_ARRAY_COUNT(host_lies), false);
}

/* What is no lie, for once: the table would also be green if everything were refused. */
static void other_states_are_accepted(void **state)
{
    (void)state;
    static const struct lie truths[] = {
        {"another seed", RP_WORLD_IDLE, RP_SECTION_config, "0/8", "0", RP_OK},
        {"another time", RP_WORLD_IDLE, RP_SECTION_config, "0/9", "18446744073709551615", RP_OK},
        {"a null element", RP_WORLD_IDLE, RP_SECTION_tables, "0/0/3/0", "nil", RP_OK},
        {"a larger table", RP_WORLD_IDLE, RP_SECTION_tables, "0/0/3", "[nil 8 7 6 5 4]", RP_OK},
        {"a dropped segment", RP_WORLD_IDLE, RP_SECTION_instances, "0/0/0/5/2", "nil", RP_OK},
        {"a segment back", RP_WORLD_IDLE, RP_SECTION_instances, "0/0/0/5/0", "[8 nil]", RP_OK},
        {"data back", RP_WORLD_IDLE, RP_SECTION_instances, "0/0/0/6/0", "false", RP_OK},
        {"another local", RP_WORLD_DEEP, RP_SECTION_frames, "0/2/2/2/0", "4294967295", RP_OK},
        {"a null reference", RP_WORLD_DEEP, RP_SECTION_frames, "0/2/1/2/4", "nil", RP_OK},
        {"another instruction", RP_WORLD_DEEP, RP_SECTION_frames, "0/2/2", "[3 0 [1]]", RP_OK},
        {"leaf by table", RP_WORLD_DEEP, RP_SECTION_frames, "0/2",
         "[[5 9 [20 5]] [3 5 [20 20 300]]]", RP_OK},
        {"a frame alone", RP_WORLD_DEEP, RP_SECTION_frames, "0", "[3 nil [[3 5 [20 20 300]]]]",
         RP_OK},
        {"no call", RP_WORLD_DEEP, RP_SECTION_frames, "0", "nil", RP_OK},
        {"another answer", RP_WORLD_PENDING, RP_SECTION_counters, "0/13/1", "[0 [4294967295]]",
         RP_OK},
        {"an exit", RP_WORLD_PENDING, RP_SECTION_counters, "0/13/1", "[2 4294967295]", RP_OK},
        {"another state to continue with", RP_WORLD_RELAYING, RP_SECTION_frames, "0/2/2/4", "''",
         RP_OK},
    };
    plant(truths, RP_ARRAY_COUNT(truths), false);
}

/* The frames above it would lie behind the stack. */
static void frame_of_more_values_than_the_stack_has_is_refused(void **unused)
{
    (void)unused;
    struct state state;
    struct rp_buffer values;
    rp_report report;
    begin(&state, RP_WORLD_DEEP);
    rp_buffer_init(&values, &state.copy.allocator);
    rp_msgpack_put_array(&values, 3000000);
    for (uint32_t i = 0; i < 3000000; i++) {
        rp_msgpack_put_uint(&values, 0);
    }
    rp_state_replace(&state.edited, rp_state_copy_place(&state.edited, RP_SECTION_frames),
                     "0/2/0/2", values.data, values.size);
    rp_buffer_deinit(&values);
    assert_int_equal(load(&state, &report), RP_ERROR_SNAPSHOT_OPERANDS);
    end(&state);
}

/* Of who makes a store for a snapshot. */
static void configuration_is_read_strictly(void **unused)
{
    (void)unused;
    static const struct {
        const char *path;
        const char *value;
        rp_status status;
    } cases[] = {
        {"0/8", "1", RP_OK},
        {"0/3", "18446744073709551615", RP_OK},
        {"0/3", "0", RP_ERROR_SNAPSHOT_CONFIG},
        {"0/4", "0", RP_ERROR_SNAPSHOT_CONFIG},
        {"0/5", "67108865", RP_ERROR_SNAPSHOT_CONFIG},
        {"0/6", "1073741825", RP_ERROR_SNAPSHOT_CONFIG},
        {"0/7", "201", RP_ERROR_SNAPSHOT_CONFIG},
        {"0/10", "1 1", RP_ERROR_SNAPSHOT_ENCODING},
        {"0", "[]", RP_ERROR_SNAPSHOT_ENCODING},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct state state;
        struct rp_msgpack in;
        struct rp_state_config config;
        rp_report report = {0};
        begin(&state, RP_WORLD_IDLE);
        replace_value(&state.edited, 0, cases[i].path, cases[i].value);
        rp_msgpack_init(&in, state.edited.bytes.data, 0, state.edited.ends[0]);
        assert_int_equal(rp_state_read_config(&in, &config, &report), cases[i].status);
        if (cases[i].status == RP_OK) {
            assert_int_equal(config.store.call_depth_max, 8);
            assert_int_equal(config.store.stack_slots_max, 36);
        }
        end(&state);
    }
}

/* ---- every prefix, every bit, every form ---- */

static void expect_refusal(struct state *state, uint32_t place, size_t at)
{
    rp_report report;
    rp_status status = load(state, &report);
    if (status != RP_ERROR_SNAPSHOT_TRUNCATED && status != RP_ERROR_SNAPSHOT_ENCODING) {
        fail_msg("section %u, %zu: %s: %s", place, at, rp_status_name(status), report.text);
    }
}

static void every_prefix_of_a_section_is_refused(void **unused)
{
    (void)unused;
    for (unsigned stop = 0; stop < RP_WORLD_STOP_COUNT; stop++) {
        struct state state;
        begin(&state, (enum rp_world_stop)stop);
        for (uint32_t place = 0; place < state.copy.count; place++) {
            size_t start = rp_state_copy_start(&state.copy, place);
            size_t size = state.copy.ends[place] - start;
            size_t step = size > 2000 ? 97 : 1; /* within pages all bytes are alike */
            for (size_t cut = 0; cut < size; cut += step) {
                rp_state_copy_replace(&state.edited, place, state.copy.bytes.data + start, cut);
                expect_refusal(&state, place, cut);
            }
            rp_state_copy_replace(&state.edited, place, state.copy.bytes.data + start, size);
        }
        end(&state);
    }
}

static void flip_bits(struct state *state, uint32_t place, uint64_t *out_accepted)
{
    size_t start = rp_state_copy_start(&state->copy, place);
    size_t size = state->copy.ends[place] - start;
    size_t step = size > 2000 ? 61 : 1;
    for (size_t at = 0; at < size; at += step) {
        for (unsigned bit = 0; bit < 8; bit++) {
            rp_report report;
            state->edited.bytes.data[start + at] ^= (uint8_t)(1u << bit);
            *out_accepted += load(state, &report) == RP_OK;
            state->edited.bytes.data[start + at] ^= (uint8_t)(1u << bit);
        }
    }
}

/* A bit may lie in a number, and then the state is another one; `load` sees that it is canonical
 * and can be run. */
static void every_flipped_bit_is_refused_or_another_state(void **unused)
{
    (void)unused;
    for (unsigned stop = 0; stop < RP_WORLD_STOP_COUNT; stop++) {
        struct state state;
        uint64_t accepted = 0;
        begin(&state, (enum rp_world_stop)stop);
        for (uint32_t place = 0; place < state.copy.count; place++) {
            flip_bits(&state, place, &accepted);
        }
        assert_true(accepted > 100);
        take_back(&state);
        assert_null(rp_state_copy_difference(&state.copy, &state.edited));
        end(&state);
    }
}

/* The forms of the MessagePack specification that are longer than the value needs. */
static size_t pad(const uint8_t *value, unsigned form, uint8_t *out)
{
    uint8_t head = value[0];
    unsigned width = 1u << form;
    uint64_t number = head;
    uint8_t first = 0xcc;
    if (head < 0x80) {
        number = head;
    } else if (head >= 0xcc && head <= 0xce && (1u << (head - 0xcc)) < width) {
        number = 0;
        for (unsigned i = 1; i <= 1u << (head - 0xcc); i++) {
            number = number << 8 | value[i];
        }
    } else if ((head & 0xf0) == 0x90 && form > 0 && form < 3) {
        number = head & 0x0f;
        first = 0xdb;
    } else {
        return 0;
    }
    out[0] = (uint8_t)(first + form);
    for (unsigned i = 0; i < width; i++) {
        out[1 + i] = (uint8_t)(number >> 8 * (width - 1 - i));
    }
    return 1 + width;
}

struct padding {
    struct state *state;
    uint32_t place;
    uint64_t count;
};

static void pad_value(void *user, struct rp_state_spot spot)
{
    struct padding *padding = user;
    struct state *state = padding->state;
    const uint8_t *bytes = state->copy.bytes.data;
    size_t start = rp_state_copy_start(&state->copy, padding->place);
    size_t end_at = state->copy.ends[padding->place];
    size_t head = bytes[spot.start] >= 0xcc && bytes[spot.start] <= 0xce
                      ? 1 + ((size_t)1 << (bytes[spot.start] - 0xcc))
                      : 1;
    for (unsigned form = 0; form < 4; form++) {
        uint8_t padded[9];
        size_t size = pad(bytes + spot.start, form, padded);
        if (size == 0) {
            continue;
        }
        size_t before = spot.start - start;
        size_t behind = end_at - spot.start - head;
        uint8_t *section = malloc(before + size + behind);
        RP_ASSERT(section != NULL);
        memcpy(section, bytes + start, before);
        memcpy(section + before, padded, size);
        memcpy(section + before + size, bytes + spot.start + head, behind);
        rp_state_copy_replace(&state->edited, padding->place, section, before + size + behind);
        free(section);
        rp_report report;
        assert_int_equal(load(state, &report), RP_ERROR_SNAPSHOT_ENCODING);
        padding->count++;
    }
}

static void every_value_in_a_longer_form_is_refused(void **unused)
{
    (void)unused;
    for (unsigned stop = 0; stop < RP_WORLD_STOP_COUNT; stop++) {
        struct state state;
        begin(&state, (enum rp_world_stop)stop);
        for (uint32_t place = 0; place < state.copy.count; place++) {
            struct padding padding = {.state = &state, .place = place};
            size_t start = rp_state_copy_start(&state.copy, place);
            rp_state_visit(&state.copy, place, pad_value, &padding);
            rp_state_copy_replace(&state.edited, place, state.copy.bytes.data + start,
                                  state.copy.ends[place] - start);
            assert_true(padding.count > 0 || place + 1 == state.copy.count ||
                        place == rp_state_copy_place(&state.copy, RP_SECTION_frames));
        }
        end(&state);
    }
}

static void bytes_behind_a_section_are_refused(void **unused)
{
    (void)unused;
    struct state state;
    begin(&state, RP_WORLD_DEEP);
    for (uint32_t place = 0; place < state.copy.count; place++) {
        size_t start = rp_state_copy_start(&state.copy, place);
        size_t size = state.copy.ends[place] - start;
        uint8_t *section = malloc(size + 1);
        RP_ASSERT(section != NULL);
        memcpy(section, state.copy.bytes.data + start, size);
        section[size] = 0xc0;
        rp_state_copy_replace(&state.edited, place, section, size + 1);
        rp_report report;
        assert_int_equal(load(&state, &report), RP_ERROR_SNAPSHOT_ENCODING);
        rp_state_copy_replace(&state.edited, place, section, size);
        free(section);
    }
    end(&state);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        cmocka_unit_test(other_states_are_accepted),
        cmocka_unit_test(lies_about_the_configuration_are_refused),
        cmocka_unit_test(lies_about_objects_are_refused),
        cmocka_unit_test(lies_about_memories_are_refused),
        cmocka_unit_test(lies_about_frames_are_refused),
        cmocka_unit_test(lies_about_host_calls_and_counters_are_refused),
        cmocka_unit_test(frame_of_more_values_than_the_stack_has_is_refused),
        cmocka_unit_test(configuration_is_read_strictly),
        cmocka_unit_test(every_prefix_of_a_section_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused_or_another_state),
        cmocka_unit_test(every_value_in_a_longer_form_is_refused),
        cmocka_unit_test(bytes_behind_a_section_are_refused),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
