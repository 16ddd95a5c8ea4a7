/* Code that cannot be reached (tests): operands of unknown type, what stays checked, and that none
 * of it runs or costs gas.
 *
 * The official suite's file unreached-valid is carried by one module that needs typed function
 * references; this covers its ground without them. */
#include "tests/support/rig.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

/* A body without locals and without the last end: bytes of instructions. The function is [] ->
 * [i32]. */
struct body {
    const char *name;
    const char *code;
    size_t size;
};

#define BODY(name, text) {name, text, sizeof(text) - 1}

#define UNREACHABLE "\x00"
#define DROP "\x1a"
#define SELECT "\x1b"
#define I32_0 "\x41\x00"
#define I32_EQZ "\x45"
#define I64_EQZ "\x50"
#define I32_ADD "\x6a"
#define BLOCK "\x02\x40"
#define BLOCK_I32 "\x02\x7f"
#define LOOP_I32 "\x03\x7f"
#define IF_I32 "\x04\x7f"
#define ELSE "\x05"
#define END "\x0b"
#define RETURN "\x0f"
#define CALL_ID "\x10\x01"
#define REF_IS_NULL "\xd1"

/* Each traps with `unreachable` at its first instruction. */
static const struct body valid_bodies[] = {
    BODY("nothing behind it", UNREACHABLE),
    BODY("operands from nowhere", UNREACHABLE I32_ADD),
    BODY("one operand from nowhere", UNREACHABLE I32_0 I32_ADD),
    BODY("a chain of unknown operands", UNREACHABLE I64_EQZ I32_EQZ DROP I32_0),
    BODY("drop of unknown operands", UNREACHABLE DROP DROP DROP),
    BODY("select of unknown operands", UNREACHABLE SELECT),
    BODY("select of an unknown and a known operand", UNREACHABLE I32_0 I32_0 SELECT),
    BODY("select of unknown operands, used as i64", UNREACHABLE SELECT I64_EQZ),
    BODY("block result from nowhere", UNREACHABLE BLOCK_I32 UNREACHABLE END),
    BODY("block in dead code", UNREACHABLE BLOCK END),
    BODY("loop in dead code", UNREACHABLE LOOP_I32 I32_0 END),
    BODY("if with an unknown condition", UNREACHABLE IF_I32 I32_0 ELSE I32_0 END),
    BODY("br_if with unknown operands", UNREACHABLE "\x0d\x00"),
    BODY("br_table with unknown operands", UNREACHABLE "\x0e\x01\x00\x00"),
    BODY("call with an unknown argument", UNREACHABLE CALL_ID),
    BODY("return with an unknown result", UNREACHABLE RETURN),
    BODY("local.tee of an unknown operand", UNREACHABLE "\x22\x00"),
    BODY("ref.is_null of an unknown operand", UNREACHABLE REF_IS_NULL),
    BODY("store of unknown operands", UNREACHABLE "\x36\x02\x00" I32_0),
    BODY("memory.grow of an unknown operand", UNREACHABLE "\x40\x00"),
    BODY("typed select of unknown operands", UNREACHABLE "\x1c\x01\x7f"),
};

/* Dead code is checked as far as its types are known. */
static const struct body invalid_bodies[] = {
    BODY("known operand of another type", UNREACHABLE "\x42\x00" I32_EQZ),
    BODY("result of another type", UNREACHABLE I32_0 I32_EQZ I64_EQZ),
    BODY("too many results", UNREACHABLE I32_0 I32_0 I32_0),
    BODY("an operand more than the block's result", UNREACHABLE BLOCK_I32 I32_0 I32_0 END),
    BODY("select of different types", UNREACHABLE "\x42\x00" I32_0 I32_0 SELECT),
    BODY("select of an unknown and an i64, used as i32",
         UNREACHABLE "\x42\x00" I32_0 SELECT I32_EQZ),
    BODY("select of references", UNREACHABLE "\xd0\x70" I32_0 SELECT),
    BODY("unknown local", UNREACHABLE "\x20\x05"),
    BODY("unknown label", UNREACHABLE "\x0c\x05"),
    BODY("unknown function", UNREACHABLE "\x10\x05"),
    BODY("unknown global", UNREACHABLE "\x23\x05"),
    BODY("alignment above the natural one", UNREACHABLE "\x28\x03\x00"),
    BODY("ref.is_null of a number", UNREACHABLE I32_0 REF_IS_NULL),
    BODY("reachability does not outlive its block", BLOCK UNREACHABLE END),
    BODY("operand behind a block that ends in dead code", BLOCK "\x0c\x00" END I32_EQZ),
    BODY("dead then-arm, live else-arm without a result", I32_0 IF_I32 UNREACHABLE ELSE END),
};

static void build(struct rp_wasm *wasm, const struct body *body)
{
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "", "i");
    uint32_t unary = rp_wasm_type(wasm, "i", "i");
    rp_wasm_memory(wasm, 1, 2);
    rp_wasm_export(wasm, "f", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, type, "i"));
    rp_wasm_code_bytes(wasm, body->code, body->size);
    rp_wasm_func_end(wasm);
    rp_wasm_func_begin(wasm, unary, "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_func_end(wasm);
}

static void dead_code_may_take_operands_from_nowhere(void **state)
{
    (void)state;
    uint64_t gas = 0;
    for (size_t i = 0; i < RP_ARRAY_COUNT(valid_bodies); i++) {
        struct rp_wasm wasm;
        struct rp_rig rig;
        build(&wasm, &valid_bodies[i]);
        rp_rig_init(&rig, rp_wasm_finish(&wasm), NULL);
        assert_int_equal(rp_rig_call(&rig, "f", ""), RP_OUTCOME_TRAPPED);
        assert_int_equal(rig.outcome.trap, RP_TRAP_UNREACHABLE);
        if (i == 0) {
            gas = rp_store_gas_used(rig.store);
        }
        assert_true(rp_store_gas_used(rig.store) == gas);
        rp_rig_deinit(&rig);
        rp_wasm_deinit(&wasm);
    }
}

static void dead_code_is_checked_as_far_as_its_types_are_known(void **state)
{
    (void)state;
    rp_engine *engine;
    assert_int_equal(rp_engine_create(NULL, &engine, NULL), RP_OK);
    for (size_t i = 0; i < RP_ARRAY_COUNT(invalid_bodies); i++) {
        struct rp_wasm wasm;
        rp_module *module = NULL;
        rp_report report = {0};
        build(&wasm, &invalid_bodies[i]);
        struct rp_span bytes = rp_wasm_finish(&wasm);
        rp_status status = rp_module_load(engine, bytes.data, bytes.size, &module, &report);
        if (status != RP_ERROR_INVALID) {
            print_error("%s: %s %s\n", invalid_bodies[i].name, rp_status_name(status), report.text);
        }
        assert_int_equal(status, RP_ERROR_INVALID);
        rp_wasm_deinit(&wasm);
    }
    rp_engine_destroy(engine);
}

/* Instructions behind each kind of transfer of control: skipped, and never charged. */
static const struct body skipping_bodies[] = {
    BODY("br out of a block", BLOCK_I32 "\x41\x2a\x0c\x00" I32_ADD I32_EQZ END),
    BODY("br to the function", "\x41\x2a\x0c\x00" DROP DROP I32_0 I32_0 I32_ADD),
    BODY("return", "\x41\x2a" RETURN I32_EQZ DROP I32_0),
    BODY("br_table", BLOCK_I32 "\x41\x2a\x41\x00\x0e\x00\x00" I32_ADD END),
    BODY("dead arm", "\x41\x01\x04\x7f\x41\x2a\x0c\x00" I32_ADD ELSE UNREACHABLE END),
    BODY("nested dead blocks",
         BLOCK_I32 "\x41\x2a\x0c\x00" BLOCK LOOP_I32 UNREACHABLE END DROP END I32_0 END),
};

static void dead_code_is_skipped_in_both_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < RP_ARRAY_COUNT(skipping_bodies); i++) {
        uint64_t gas[2];
        for (int metered = 0; metered < 2; metered++) {
            struct rp_wasm wasm;
            struct rp_rig rig;
            rp_store_config config;
            rp_store_config_init(&config);
            config.metered = metered == 1;
            build(&wasm, &skipping_bodies[i]);
            rp_rig_init(&rig, rp_wasm_finish(&wasm), &config);
            assert_int_equal(rp_rig_call(&rig, "f", ""), RP_OUTCOME_RETURNED);
            assert_int_equal(rig.results[0].of.i32, 42);
            gas[metered] = rp_store_gas_used(rig.store);
            rp_rig_deinit(&rig);
            rp_wasm_deinit(&wasm);
        }
        assert_true(gas[0] == gas[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dead_code_may_take_operands_from_nowhere),
        cmocka_unit_test(dead_code_is_checked_as_far_as_its_types_are_known),
        cmocka_unit_test(dead_code_is_skipped_in_both_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
