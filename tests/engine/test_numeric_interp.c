/* Every numeric instruction in the interpreter, through the public interface, against the oracle:
 * in the fast and in the metered table, with operands from parameters and from memory (where no NaN
 * may change on its way), and in a host whose floating-point mode is hostile.
 *
 * The seed is printed; `REPRISE_TEST_SEED=N test_numeric_interp` reproduces a run,
 * REPRISE_TEST_LONG=1 lengthens it. */
#include "tests/determinism/host_mode.h"
#include "tests/engine/numeric_inputs.h"
#include "tests/engine/numeric_oracle.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#include <inttypes.h>
#include <stdio.h>

#define RANDOM_COUNT 1000
#define LEFT_ADDRESS 0
#define RIGHT_ADDRESS 8
#define RESULT_ADDRESS 16

/* One instruction in a module of its own: `direct` takes its operands as parameters, `memory` from
 * the addresses above. */
struct numeric_rig {
    enum rp_op op;
    bool metered;
    bool hostile; /* calls are made in the hostile mode of host_mode.h */
    struct rp_oracle_signature signature;
    rp_engine *engine;
    rp_module *module;
    rp_store *store;
    uint32_t direct;
    uint32_t memory;
};

static const struct {
    char letter;
    rp_valkind kind;
    enum rp_op load;
    enum rp_op store;
    unsigned align_log2;
} types[] = {
    {'i', RP_I32, RP_OP_i32_load, RP_OP_i32_store, 2},
    {'l', RP_I64, RP_OP_i64_load, RP_OP_i64_store, 3},
    {'f', RP_F32, RP_OP_f32_load, RP_OP_f32_store, 2},
    {'d', RP_F64, RP_OP_f64_load, RP_OP_f64_store, 3},
};

static size_t find_type(char letter)
{
    size_t i = 0;
    while (i < RP_ARRAY_COUNT(types) && types[i].letter != letter) {
        i++;
    }
    assert_true(i < RP_ARRAY_COUNT(types));
    return i;
}

static void write_direct(struct rp_wasm *wasm, const struct numeric_rig *rig)
{
    char params[3] = {0};
    const char results[2] = {rig->signature.result, 0};
    memcpy(params, rig->signature.operands, rig->signature.operand_count);
    const uint32_t func = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, params, results), "");
    for (uint32_t i = 0; i < rig->signature.operand_count; i++) {
        rp_wasm_op_index(wasm, RP_OP_local_get, i);
    }
    rp_wasm_op(wasm, rig->op);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "direct", RP_EXTERN_FUNC, func);
}

static void write_memory(struct rp_wasm *wasm, const struct numeric_rig *rig)
{
    const uint32_t memory = rp_wasm_memory(wasm, 1, 1);
    const uint32_t func = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "", ""), "");
    rp_wasm_i32_const(wasm, 0);
    for (uint32_t i = 0; i < rig->signature.operand_count; i++) {
        const size_t type = find_type(rig->signature.operands[i]);
        rp_wasm_i32_const(wasm, 0);
        rp_wasm_op_memory(wasm, types[type].load, types[type].align_log2,
                          i == 0 ? LEFT_ADDRESS : RIGHT_ADDRESS);
    }
    rp_wasm_op(wasm, rig->op);
    const size_t type = find_type(rig->signature.result);
    rp_wasm_op_memory(wasm, types[type].store, types[type].align_log2, RESULT_ADDRESS);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "memory", RP_EXTERN_FUNC, func);
    rp_wasm_export(wasm, "m", RP_EXTERN_MEMORY, memory);
}

static void expect_ok(rp_status status, const rp_report *report)
{
    if (status != RP_OK) {
        fail_msg("%s: %s", rp_status_name(status), report->text);
    }
}

static uint32_t find_export(rp_instance *instance, const char *name)
{
    rp_extern found;
    const rp_name wanted = {name, strlen(name)};
    assert_int_equal(rp_instance_export(instance, wanted, &found), RP_OK);
    return found.index;
}

static void init_rig(struct numeric_rig *rig, rp_engine *engine, enum rp_op op, bool metered)
{
    *rig = (struct numeric_rig){.op = op, .metered = metered, .engine = engine};
    assert_true(rp_oracle_signature(op, &rig->signature));
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    write_direct(&wasm, rig);
    write_memory(&wasm, rig);
    const struct rp_span bytes = rp_wasm_finish(&wasm);
    rp_report report = {0};
    expect_ok(rp_module_load(engine, bytes.data, bytes.size, &rig->module, &report), &report);
    rp_wasm_deinit(&wasm);
    rp_store_config config;
    rp_store_config_init(&config);
    config.metered = metered;
    expect_ok(rp_store_create(engine, &config, &rig->store, &report), &report);
    rp_instance *instance;
    rp_outcome outcome;
    expect_ok(rp_store_instantiate(rig->store, rig->module, &instance, &outcome, &report), &report);
    assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
    rig->direct = find_export(instance, "direct");
    rig->memory = find_export(instance, "memory");
}

static void deinit_rig(struct numeric_rig *rig)
{
    rp_store_destroy(rig->store);
    rp_module_destroy(rig->module);
}

static rp_value make_value(char letter, uint64_t bits)
{
    rp_value value = {.kind = types[find_type(letter)].kind};
    switch (value.kind) {
    case RP_I32:
        value.of.i32 = (int32_t)(uint32_t)bits;
        break;
    case RP_F32:
        value.of.f32_bits = (uint32_t)bits;
        break;
    case RP_I64:
        value.of.i64 = (int64_t)bits;
        break;
    default:
        value.of.f64_bits = bits;
        break;
    }
    return value;
}

static uint64_t read_value(const rp_value *value)
{
    switch (value->kind) {
    case RP_I32:
        return (uint32_t)value->of.i32;
    case RP_F32:
        return value->of.f32_bits;
    case RP_I64:
        return (uint64_t)value->of.i64;
    default:
        return value->of.f64_bits;
    }
}

static rp_outcome call_export(struct numeric_rig *rig, uint32_t func, const rp_value *args,
                              size_t arg_count, rp_value *result)
{
    rp_outcome outcome;
    rp_report report = {0};
    const uint64_t host = rp_host_mode_read();
    if (rig->hostile) {
        rp_host_mode_write(rp_host_mode_hostile());
    }
    const rp_status status = rp_store_call(rig->store, func, args, arg_count, result,
                                           result == NULL ? 0 : 1, &outcome, &report);
    const uint64_t after = rp_host_mode_read();
    rp_host_mode_write(host);
    expect_ok(status, &report);
    assert_int_equal(after, rig->hostile ? rp_host_mode_hostile() : host);
    return outcome;
}

static rp_trap_code call_direct(struct numeric_rig *rig, const uint64_t *operands,
                                uint64_t *out_result)
{
    const rp_value args[2] = {
        make_value(rig->signature.operands[0], operands[0]),
        make_value(rig->signature.operand_count == 2 ? rig->signature.operands[1] : 'l',
                   operands[1]),
    };
    rp_value result;
    const rp_outcome outcome =
        call_export(rig, rig->direct, args, rig->signature.operand_count, &result);
    if (outcome.kind == RP_OUTCOME_TRAPPED) {
        return outcome.trap;
    }
    assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(result.kind, types[find_type(rig->signature.result)].kind);
    *out_result = read_value(&result);
    return RP_TRAP_NONE;
}

static rp_trap_code call_memory(struct numeric_rig *rig, const uint64_t *operands,
                                uint64_t *out_result)
{
    const uint64_t bytes[3] = {operands[0], operands[1], 0};
    assert_int_equal(rp_store_memory_write(rig->store, 0, LEFT_ADDRESS, bytes, sizeof(bytes)),
                     RP_OK);
    const rp_outcome outcome = call_export(rig, rig->memory, NULL, 0, NULL);
    if (outcome.kind == RP_OUTCOME_TRAPPED) {
        return outcome.trap;
    }
    assert_int_equal(outcome.kind, RP_OUTCOME_RETURNED);
    assert_int_equal(
        rp_store_memory_read(rig->store, 0, RESULT_ADDRESS, out_result, sizeof(*out_result)),
        RP_OK);
    return RP_TRAP_NONE;
}

static void check_answer(const struct numeric_rig *rig, const char *path, const uint64_t *operands,
                         rp_trap_code trap, uint64_t result)
{
    uint64_t expected = 0;
    rp_trap_code expected_trap;
    assert_true(rp_oracle_eval(rig->op, operands, &expected, &expected_trap));
    if (trap != expected_trap || (trap == RP_TRAP_NONE && result != expected)) {
        fail_msg("%s, %s table, %s: (0x%" PRIx64 ", 0x%" PRIx64 ") = 0x%" PRIx64
                 " trap %s, expected 0x%" PRIx64 " trap %s",
                 rp_op_infos[rig->op].text, rig->metered ? "metered" : "fast", path, operands[0],
                 operands[1], result, rp_trap_name(trap), expected, rp_trap_name(expected_trap));
    }
}

static void check_direct(struct numeric_rig *rig, const uint64_t *operands)
{
    uint64_t result = 0;
    const rp_trap_code trap = call_direct(rig, operands, &result);
    check_answer(rig, "parameters", operands, trap, result);
}

static void check_memory(struct numeric_rig *rig, const uint64_t *operands)
{
    uint64_t result = 0;
    const rp_trap_code trap = call_memory(rig, operands, &result);
    check_answer(rig, "memory", operands, trap, result);
}

/* All special values as left operand; as right operand one of `step`, at a place that moves. */
static void check_specials(struct numeric_rig *rig, size_t step)
{
    uint64_t left[RP_NUMERIC_SPECIAL_MAX];
    uint64_t right[RP_NUMERIC_SPECIAL_MAX] = {0};
    const size_t left_count = rp_numeric_specials(rig->signature.operands[0], left);
    const size_t right_count = rig->signature.operand_count == 2
                                   ? rp_numeric_specials(rig->signature.operands[1], right)
                                   : 1;
    for (size_t i = 0; i < left_count; i++) {
        for (size_t j = right_count == 1 ? 0 : i % step; j < right_count; j += step) {
            const uint64_t operands[2] = {left[i], right[j]};
            check_direct(rig, operands);
            if (j < step) {
                check_memory(rig, operands);
            }
        }
    }
}

static void check_random(struct numeric_rig *rig, const struct rp_numeric_plan *plan)
{
    struct rp_pcg64 pcg;
    rp_pcg64_seed(&pcg, plan->seed, (unsigned)rig->op);
    for (uint64_t i = 0; i < plan->random_count; i++) {
        uint64_t operands[2] = {0, 0};
        rp_numeric_random(&pcg, rig->signature.operands, rig->signature.operand_count, operands);
        check_direct(rig, operands);
        check_memory(rig, operands);
    }
}

static void check_table(bool metered, bool hostile)
{
    const struct rp_numeric_plan plan = rp_numeric_plan(RANDOM_COUNT);
    const bool is_long = plan.random_count != RANDOM_COUNT;
    print_message("%" PRIu64
                  " random operands per instruction; to reproduce: REPRISE_TEST_SEED=%" PRIu64
                  "%s test_numeric_interp\n",
                  plan.random_count, plan.seed, is_long ? " REPRISE_TEST_LONG=1" : "");
    rp_engine *engine;
    rp_report report = {0};
    expect_ok(rp_engine_create(NULL, &engine, &report), &report);
    unsigned count = 0;
    for (int op = 0; op < RP_OP_COUNT; op++) {
        struct rp_oracle_signature signature;
        if (!rp_oracle_signature((enum rp_op)op, &signature)) {
            continue;
        }
        struct numeric_rig rig;
        init_rig(&rig, engine, (enum rp_op)op, metered);
        rig.hostile = hostile;
        check_specials(&rig, is_long ? 1 : 13);
        check_random(&rig, &plan);
        deinit_rig(&rig);
        count++;
    }
    rp_engine_destroy(engine);
    assert_int_equal(count, 136);
}

static void the_fast_table_agrees_with_the_oracle(void **state)
{
    (void)state;
    check_table(false, false);
}

static void the_metered_table_agrees_with_the_oracle(void **state)
{
    (void)state;
    check_table(true, false);
}

static void the_hosts_mode_changes_no_answer_and_is_given_back(void **state)
{
    (void)state;
    check_table(false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fast_table_agrees_with_the_oracle),
        cmocka_unit_test(the_metered_table_agrees_with_the_oracle),
        cmocka_unit_test(the_hosts_mode_changes_no_answer_and_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
