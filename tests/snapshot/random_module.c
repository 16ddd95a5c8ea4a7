/* Valid modules at random (tests): statements and typed expressions over a fixed set of objects. */
#include "tests/snapshot/random_module.h"

#include "core/assert.h"

#include <string.h>

enum { MIX, ASK, IMPORTS }; /* imported functions */
enum { FUNCTIONS = 5 };     /* defined; the first recurses, the last is `run` */
enum { RECURSION = IMPORTS, LAST = IMPORTS + FUNCTIONS - 1 };
enum { REFS_TABLE, EXTERNS_TABLE };
enum { LARGE_PAGES = 64 }; /* roots find what changed in a large memory by other means */
enum { SLOTS = 8, SEGMENTS = 3, LOOPS = 3, DEPTH_MAX = 4 };

/* Of every function, behind its parameters: two of each number type, two references, a counter for
 * each nesting of loops. */
static const char locals[] = "iillffddrxiii";
enum { REF_LOCAL = 8, EXTERN_LOCAL = 9, COUNTERS = 10 };
static const char globals[] = "iillffdd";

struct signature {
    const char *params;
    const char *results;
};
static const struct signature signatures[] = {{"l", "l"},  {"i", "i"},    {"i", "l"}, {"il", "i"},
                                              {"fd", "d"}, {"llf", "il"}, {"", "l"}};
enum { RECURSION_TYPE = 2, RUN_TYPE = 6, TYPES = 7 };

struct generator {
    struct rp_wasm *wasm;
    struct rp_pcg64 *random;
    uint32_t func; /* the one that is being written */
    uint32_t types[LAST + 1];
    uint32_t slots[SLOTS]; /* functions in the table at first */
    unsigned loops;        /* around this place */
    unsigned fuel;         /* statements and expressions that may still be begun */
};

/* ---- chance ---- */

static uint32_t below(struct generator *gen, uint32_t count)
{
    return (uint32_t)(rp_pcg64_next(gen->random) % count);
}

/* Small, at a border, or anything. */
static uint64_t number(struct generator *gen)
{
    static const uint64_t borders[] = {0,          1,          0x7f,       0x80,       0xff,
                                       0x7fffffff, 0x80000000, 0xffffffff, UINT64_MAX, INT64_MAX};
    uint64_t any = rp_pcg64_next(gen->random);
    switch (below(gen, 3)) {
    case 0:
        return any & 15;
    case 1:
        return borders[any % RP_ARRAY_COUNT(borders)];
    default:
        return any;
    }
}

/* Whether there is fuel for something that contains more. */
static bool goes_deeper(struct generator *gen, unsigned depth)
{
    if (depth >= DEPTH_MAX || gen->fuel == 0) {
        return false;
    }
    gen->fuel--;
    return true;
}

/* ---- operators ---- */

/* Whether a row is a numeric operator, load or store (`group`), that traps not by its operands. */
static bool is_of_group(const struct rp_op_info *info, enum rp_immediate group)
{
    bool here = info->feature == RP_FEATURE_MVP || info->feature == RP_FEATURE_SIGN_EXTENSION ||
                info->feature == RP_FEATURE_SATURATING_CONVERSION;
    bool traps = group == RP_IMM_NONE && (info->flags & RP_OP_TRAPS) != 0;
    return here && !traps && info->immediate == (uint8_t)group && info->signature != RP_SIG_poly &&
           info->signature != RP_SIG__;
}

/* One of the rows of a group with these results. */
static enum rp_op pick_op(struct generator *gen, enum rp_immediate group, const char *results)
{
    enum rp_op found[RP_OP_COUNT];
    uint32_t count = 0;
    for (unsigned op = 0; op < RP_OP_COUNT; op++) {
        const char *behind = strchr(rp_signature_names[rp_op_infos[op].signature], '_');
        if (is_of_group(&rp_op_infos[op], group) && strcmp(behind + 1, results) == 0) {
            found[count++] = (enum rp_op)op;
        }
    }
    RP_ASSERT(count > 0);
    return found[below(gen, count)];
}

/* ---- expressions: each leaves one value of type `type` ---- */

static void write_expr(struct generator *gen, char type, unsigned depth);

static void write_const(struct generator *gen, char type)
{
    uint64_t value = number(gen);
    switch (type) {
    case 'i':
        rp_wasm_i32_const(gen->wasm, (int32_t)(uint32_t)value);
        break;
    case 'l':
        rp_wasm_i64_const(gen->wasm, (int64_t)value);
        break;
    case 'f':
        rp_wasm_f32_const(gen->wasm, (uint32_t)value);
        break;
    default:
        rp_wasm_f64_const(gen->wasm, value);
        break;
    }
}

static uint32_t param_count(const struct generator *gen)
{
    return (uint32_t)strlen(signatures[gen->types[gen->func]].params);
}

/* One of the function's two locals of a number type. */
static uint32_t pick_local(struct generator *gen, char type)
{
    uint32_t first = (uint32_t)(strchr(locals, type) - locals);
    return param_count(gen) + first + below(gen, 2);
}

static uint32_t pick_global(struct generator *gen, char type)
{
    return (uint32_t)(strchr(globals, type) - globals) + below(gen, 2);
}

/* Mostly inside of the memory. */
static void write_address(struct generator *gen, unsigned depth)
{
    write_expr(gen, 'i', depth + 1);
    rp_wasm_i32_const(gen->wasm, below(gen, 50) == 0 ? 0x7ffff : 0xffff);
    rp_wasm_op(gen->wasm, RP_OP_i32_and);
}

static void write_load(struct generator *gen, char type, unsigned depth)
{
    char results[2] = {type, '\0'};
    write_address(gen, depth);
    rp_wasm_op_memory(gen->wasm, pick_op(gen, RP_IMM_MEMARG, results), 0, below(gen, 60000));
}

static void write_operator(struct generator *gen, char type, unsigned depth)
{
    char results[2] = {type, '\0'};
    enum rp_op op = pick_op(gen, RP_IMM_NONE, results);
    const char *operands = rp_signature_names[rp_op_infos[op].signature];
    for (; *operands != '_'; operands++) {
        write_expr(gen, *operands, depth + 1);
    }
    rp_wasm_op(gen->wasm, op);
}

/* Arguments of a call; those of the recursion are small. */
static void write_args(struct generator *gen, uint32_t func, unsigned depth)
{
    for (const char *param = signatures[gen->types[func]].params; *param != '\0'; param++) {
        write_expr(gen, *param, depth + 1);
    }
    if (func == RECURSION) {
        rp_wasm_i32_const(gen->wasm, 31);
        rp_wasm_op(gen->wasm, RP_OP_i32_and);
    }
}

/* Calls something that was written before, directly or through the table, where guest and embedder
 * may have put something else. */
static void write_call(struct generator *gen, uint32_t func, unsigned depth)
{
    write_args(gen, func, depth);
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        if (gen->slots[slot] == func && below(gen, 3) == 0) {
            rp_wasm_i32_const(gen->wasm, (int32_t)slot);
            rp_wasm_op_indices(gen->wasm, RP_OP_call_indirect, gen->types[func], REFS_TABLE);
            return;
        }
    }
    rp_wasm_op_index(gen->wasm, RP_OP_call, func);
}

/* A function before this one with this result alone; this one, if there is none. */
static uint32_t pick_callee(struct generator *gen, char type)
{
    for (unsigned tries = 0; tries < 8; tries++) {
        uint32_t func = below(gen, gen->func);
        const char *results = signatures[gen->types[func]].results;
        if (results[0] == type && results[1] == '\0') {
            return func;
        }
    }
    return gen->func;
}

static void write_if(struct generator *gen, char type, unsigned depth)
{
    write_expr(gen, 'i', depth + 1);
    rp_wasm_block(gen->wasm, RP_OP_if, type);
    write_expr(gen, type, depth + 1);
    rp_wasm_op(gen->wasm, RP_OP_else);
    write_expr(gen, type, depth + 1);
    rp_wasm_op(gen->wasm, RP_OP_end);
}

static void write_select(struct generator *gen, char type, unsigned depth)
{
    write_expr(gen, type, depth + 1);
    write_expr(gen, type, depth + 1);
    write_expr(gen, 'i', depth + 1);
    rp_wasm_op(gen->wasm, RP_OP_select);
}

/* What is asked of the objects, as an i32. */
static void write_question(struct generator *gen)
{
    switch (below(gen, 3)) {
    case 0:
        rp_wasm_op_index(gen->wasm, RP_OP_memory_size, 0);
        break;
    case 1:
        rp_wasm_op_index(gen->wasm, RP_OP_table_size, below(gen, 2));
        break;
    default:
        rp_wasm_op_index(gen->wasm, RP_OP_local_get, param_count(gen) + REF_LOCAL + below(gen, 2));
        rp_wasm_op(gen->wasm, RP_OP_ref_is_null);
        break;
    }
}

static void write_leaf(struct generator *gen, char type)
{
    switch (below(gen, type == 'i' ? 5 : 4)) {
    case 0:
        write_const(gen, type);
        break;
    case 1:
        rp_wasm_op_index(gen->wasm, RP_OP_global_get, pick_global(gen, type));
        break;
    case 4:
        write_question(gen);
        break;
    default:
        rp_wasm_op_index(gen->wasm, RP_OP_local_get, pick_local(gen, type));
        break;
    }
}

static void write_expr(struct generator *gen, char type, unsigned depth)
{
    if (!goes_deeper(gen, depth)) {
        write_leaf(gen, type);
        return;
    }
    uint32_t callee = gen->func;
    switch (below(gen, 8)) {
    case 0:
        write_load(gen, type, depth);
        break;
    case 1:
        write_if(gen, type, depth);
        break;
    case 2:
        write_select(gen, type, depth);
        break;
    case 3:
        callee = pick_callee(gen, type);
        if (callee != gen->func) {
            write_call(gen, callee, depth);
            break;
        }
        write_leaf(gen, type);
        break;
    case 4:
        write_leaf(gen, type);
        break;
    default:
        write_operator(gen, type, depth);
        break;
    }
}

/* ---- references ---- */

/* A reference for a table of functions, or of externals. */
static void write_ref(struct generator *gen, uint32_t table)
{
    uint32_t local = param_count(gen) + (table == REFS_TABLE ? REF_LOCAL : EXTERN_LOCAL);
    switch (below(gen, 4)) {
    case 0:
        rp_wasm_ref_null(gen->wasm, table == REFS_TABLE ? 'r' : 'x');
        break;
    case 1:
        rp_wasm_i32_const(gen->wasm, (int32_t)below(gen, SLOTS));
        rp_wasm_op_index(gen->wasm, RP_OP_table_get, table);
        break;
    case 2:
        if (table == REFS_TABLE) {
            rp_wasm_op_index(gen->wasm, RP_OP_ref_func, below(gen, LAST + 1));
            break;
        }
        RP_FALLTHROUGH;
    default:
        rp_wasm_op_index(gen->wasm, RP_OP_local_get, local);
        break;
    }
}

static void push_slots(struct generator *gen, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        rp_wasm_i32_const(gen->wasm, (int32_t)below(gen, SLOTS / 2));
    }
}

static void write_table_statement(struct generator *gen)
{
    uint32_t table = below(gen, 2);
    switch (below(gen, 6)) {
    case 0:
        rp_wasm_i32_const(gen->wasm, (int32_t)(SLOTS / 2 + below(gen, SLOTS / 2)));
        write_ref(gen, table);
        rp_wasm_op_index(gen->wasm, RP_OP_table_set, table);
        break;
    case 1:
        write_ref(gen, table);
        rp_wasm_i32_const(gen->wasm, (int32_t)below(gen, 3));
        rp_wasm_op_index(gen->wasm, RP_OP_table_grow, table);
        rp_wasm_op(gen->wasm, RP_OP_drop);
        break;
    case 2:
        rp_wasm_i32_const(gen->wasm, (int32_t)(SLOTS - 1));
        write_ref(gen, table);
        rp_wasm_i32_const(gen->wasm, 1);
        rp_wasm_op_index(gen->wasm, RP_OP_table_fill, table);
        break;
    case 3:
        push_slots(gen, 3);
        rp_wasm_op_indices(gen->wasm, RP_OP_table_copy, table, table);
        break;
    case 4:
        rp_wasm_op_index(gen->wasm, RP_OP_elem_drop, 1);
        break;
    default:
        write_ref(gen, table);
        rp_wasm_op_index(gen->wasm, RP_OP_local_set,
                         param_count(gen) + (table == REFS_TABLE ? REF_LOCAL : EXTERN_LOCAL));
        break;
    }
}

/* ---- statements: nothing is left ---- */

static void write_block(struct generator *gen, unsigned depth);

static void write_store(struct generator *gen, unsigned depth)
{
    enum rp_op op = pick_op(gen, RP_IMM_MEMARG, "");
    write_address(gen, depth);
    write_expr(gen, rp_signature_names[rp_op_infos[op].signature][1], depth + 1);
    rp_wasm_op_memory(gen->wasm, op, 0, below(gen, 60000));
}

static void write_bulk(struct generator *gen, unsigned depth)
{
    if (below(gen, 4) == 0) {
        rp_wasm_i32_const(gen->wasm, (int32_t)below(gen, 2));
        rp_wasm_op_index(gen->wasm, RP_OP_memory_grow, 0);
        rp_wasm_op(gen->wasm, RP_OP_drop);
        return;
    }
    write_address(gen, depth);
    switch (below(gen, 4)) {
    case 0:
        write_expr(gen, 'i', depth + 1); /* often 0: a page that was written is zero again */
        rp_wasm_i32_const(gen->wasm, (int32_t)below(gen, 9000));
        rp_wasm_op_index(gen->wasm, RP_OP_memory_fill, 0);
        break;
    case 1:
        write_address(gen, depth);
        rp_wasm_i32_const(gen->wasm, (int32_t)below(gen, 5000));
        rp_wasm_op_indices(gen->wasm, RP_OP_memory_copy, 0, 0);
        break;
    case 2:
        rp_wasm_i32_const(gen->wasm, 0);
        rp_wasm_i32_const(gen->wasm, (int32_t)(below(gen, 8) == 0 ? 4 : 0));
        rp_wasm_op_indices(gen->wasm, RP_OP_memory_init, below(gen, SEGMENTS), 0);
        break;
    default:
        rp_wasm_op(gen->wasm, RP_OP_drop);
        rp_wasm_op_index(gen->wasm, RP_OP_data_drop, below(gen, SEGMENTS));
        break;
    }
}

/* A loop of a few rounds. */
static void write_loop(struct generator *gen, unsigned depth)
{
    uint32_t counter = param_count(gen) + COUNTERS + gen->loops;
    rp_wasm_i32_const(gen->wasm, (int32_t)(1 + below(gen, 6)));
    rp_wasm_op_index(gen->wasm, RP_OP_local_set, counter);
    rp_wasm_block(gen->wasm, RP_OP_loop, RP_WASM_VOID);
    gen->loops++;
    write_block(gen, depth + 1);
    gen->loops--;
    rp_wasm_op_index(gen->wasm, RP_OP_local_get, counter);
    rp_wasm_i32_const(gen->wasm, 1);
    rp_wasm_op(gen->wasm, RP_OP_i32_sub);
    rp_wasm_op_index(gen->wasm, RP_OP_local_tee, counter);
    rp_wasm_op_index(gen->wasm, RP_OP_br_if, 0);
    rp_wasm_op(gen->wasm, RP_OP_end);
}

/* Two blocks, left by a branch from within. */
static void write_branches(struct generator *gen, unsigned depth)
{
    rp_wasm_block(gen->wasm, RP_OP_block, RP_WASM_VOID);
    rp_wasm_block(gen->wasm, RP_OP_block, RP_WASM_VOID);
    write_expr(gen, 'i', depth + 1);
    if (below(gen, 2) == 0) {
        rp_wasm_op_index(gen->wasm, RP_OP_br_if, below(gen, 2));
        write_block(gen, depth + 1);
    } else {
        rp_wasm_br_table(gen->wasm, (uint32_t[]){1, 0, 1}, 3, below(gen, 2));
    }
    rp_wasm_op(gen->wasm, RP_OP_end);
    write_block(gen, depth + 1);
    rp_wasm_op(gen->wasm, RP_OP_end);
}

static void write_call_statement(struct generator *gen, unsigned depth)
{
    uint32_t func = below(gen, gen->func);
    write_call(gen, func, depth);
    for (const char *result = signatures[gen->types[func]].results; *result != '\0'; result++) {
        rp_wasm_op(gen->wasm, RP_OP_drop);
    }
}

static void write_set(struct generator *gen, unsigned depth)
{
    char type = "ilfd"[below(gen, 4)];
    write_expr(gen, type, depth + 1);
    if (below(gen, 3) == 0) {
        rp_wasm_op_index(gen->wasm, RP_OP_global_set, pick_global(gen, type));
    } else {
        rp_wasm_op_index(gen->wasm, RP_OP_local_set, pick_local(gen, type));
    }
}

static void write_statement(struct generator *gen, unsigned depth)
{
    switch (below(gen, 8)) {
    case 0:
        write_store(gen, depth);
        break;
    case 1:
        write_bulk(gen, depth);
        break;
    case 2:
        write_table_statement(gen);
        break;
    case 3:
        if (gen->loops < LOOPS) {
            write_loop(gen, depth);
            break;
        }
        RP_FALLTHROUGH;
    case 4:
        write_branches(gen, depth);
        break;
    case 5:
        write_call_statement(gen, depth);
        break;
    default:
        write_set(gen, depth);
        break;
    }
}

static void write_block(struct generator *gen, unsigned depth)
{
    for (uint32_t left = 1 + below(gen, 3); left > 0 && goes_deeper(gen, depth); left--) {
        write_statement(gen, depth);
    }
}

/* ---- functions ---- */

/* if n != 0 then itself(n - 1) else n */
static void write_recursion(struct generator *gen)
{
    rp_wasm_op_index(gen->wasm, RP_OP_local_get, 0);
    rp_wasm_block(gen->wasm, RP_OP_if, 'l');
    write_expr(gen, 'l', DEPTH_MAX); /* an operand below the call */
    rp_wasm_op_index(gen->wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(gen->wasm, 1);
    rp_wasm_op(gen->wasm, RP_OP_i32_sub);
    rp_wasm_op_index(gen->wasm, RP_OP_call, RECURSION);
    rp_wasm_op(gen->wasm, RP_OP_i64_xor);
    rp_wasm_op(gen->wasm, RP_OP_else);
    rp_wasm_op_index(gen->wasm, RP_OP_local_get, 0);
    rp_wasm_op(gen->wasm, RP_OP_i64_extend_i32_u);
    rp_wasm_op(gen->wasm, RP_OP_end);
}

static void write_function(struct generator *gen, uint32_t func)
{
    gen->func = func;
    gen->fuel = func == RECURSION ? 12 : 80;
    const char *results = signatures[gen->types[func]].results;
    uint32_t index = rp_wasm_func_begin(gen->wasm, gen->types[func], locals);
    RP_ASSERT(index == func);
    do {
        write_block(gen, 0);
    } while (func != RECURSION && gen->fuel > 20);
    if (func == RECURSION) {
        write_recursion(gen);
    } else {
        for (; *results != '\0'; results++) {
            write_expr(gen, *results, 1);
        }
    }
    rp_wasm_func_end(gen->wasm);
}

/* ---- the module ---- */

static void write_objects(struct generator *gen)
{
    struct rp_wasm *wasm = gen->wasm;
    uint32_t all[LAST + 1];
    for (uint32_t i = 0; i <= LAST; i++) {
        all[i] = i;
    }
    uint32_t pages = below(gen, 16) == 0 ? LARGE_PAGES : 2 + below(gen, 2);
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(wasm, pages, pages + 3));
    rp_wasm_table(wasm, 'r', SLOTS, 20);
    rp_wasm_table(wasm, 'x', SLOTS, 20);
    for (const char *type = globals; *type != '\0'; type++) {
        rp_value value = {.of.i64 = (int64_t)number(gen)};
        value.kind = *type == 'i' ? RP_I32 : *type == 'l' ? RP_I64 : *type == 'f' ? RP_F32 : RP_F64;
        rp_wasm_global(wasm, true, value);
    }
    rp_wasm_elem(wasm, REFS_TABLE, 0, gen->slots, SLOTS);
    rp_wasm_elem_passive(wasm, all, LAST + 1);
    rp_wasm_elem_declare(wasm, all, LAST + 1);
    for (unsigned i = 0; i < SEGMENTS; i++) {
        rp_wasm_data_passive(wasm, "some passive data", 4 + 4 * i);
    }
    rp_wasm_data(wasm, (int32_t)below(gen, 100000), "active", 6);
}

struct rp_span rp_random_module(struct rp_wasm *wasm, struct rp_pcg64 *random)
{
    struct generator gen = {.wasm = wasm, .random = random};
    rp_wasm_init(wasm);
    for (unsigned i = 0; i < TYPES; i++) {
        uint32_t type = rp_wasm_type(wasm, signatures[i].params, signatures[i].results);
        RP_ASSERT(type == i);
    }
    gen.types[MIX] = 0;
    gen.types[ASK] = 1;
    rp_wasm_import_func(wasm, "host", "mix", gen.types[MIX]);
    rp_wasm_import_func(wasm, "host", "ask", gen.types[ASK]);
    for (uint32_t func = IMPORTS; func <= LAST; func++) {
        gen.types[func] = func == RECURSION ? RECURSION_TYPE
                          : func == LAST    ? RUN_TYPE
                                            : 1 + below(&gen, TYPES - 1);
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        gen.slots[i] = below(&gen, LAST); /* all but `run` */
    }
    write_objects(&gen);
    for (uint32_t func = IMPORTS; func <= LAST; func++) {
        write_function(&gen, func);
    }
    rp_wasm_export(wasm, "run", RP_EXTERN_FUNC, LAST);
    return rp_wasm_finish(wasm);
}
