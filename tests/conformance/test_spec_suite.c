/* The runner of the official suite on a small suite of our own (tests): every kind of command and
 * verdict, and damaged data.
 *
 * The suite is written into the folder of the test run; what it asserts is right in some commands
 * and wrong in others, and the runner must find each. */
#include "conformance/spec_suite.h"

#include "conformance/spec_script.h"
#include "tests/support/unit.h"
#include "tests/support/wasm_builder.h"

#include <stdio.h>
#include <sys/stat.h>

#define ROOT "spec_suite_of_test"
#define REPORT ROOT "/report.json"

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

static void write_module(const char *path, struct rp_wasm *wasm)
{
    struct rp_span bytes = rp_wasm_finish(wasm);
    write_file(path, bytes.data, bytes.size);
    rp_wasm_deinit(wasm);
}

/* add (i32 i32)->(i32), divide (i32 i32)->(i32), nan ()->(f32) with a payload, count ()->(i32) from
 * a memory, global `g` 7. */
static void build_good(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t binary = rp_wasm_type(wasm, "ii", "i");
    uint32_t constant = rp_wasm_type(wasm, "", "f");
    uint32_t counter = rp_wasm_type(wasm, "", "i");
    rp_wasm_memory(wasm, 1, 1);
    rp_wasm_export(wasm, "memory", RP_EXTERN_MEMORY, 0);
    rp_wasm_export(wasm, "g", RP_EXTERN_GLOBAL, rp_wasm_global_i32(wasm, true, 7));
    static const struct {
        const char *name;
        enum rp_op op;
    } binaries[] = {{"add", RP_OP_i32_add}, {"divide", RP_OP_i32_div_s}};
    for (size_t i = 0; i < RP_ARRAY_COUNT(binaries); i++) {
        rp_wasm_export(wasm, binaries[i].name, RP_EXTERN_FUNC,
                       rp_wasm_func_begin(wasm, binary, ""));
        rp_wasm_op_index(wasm, RP_OP_local_get, 0);
        rp_wasm_op_index(wasm, RP_OP_local_get, 1);
        rp_wasm_op(wasm, binaries[i].op);
        rp_wasm_func_end(wasm);
    }
    rp_wasm_export(wasm, "nan", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, constant, ""));
    rp_wasm_f32_const(wasm, 0x7fc00001u);
    rp_wasm_func_end(wasm);
    uint32_t count = rp_wasm_func_begin(wasm, counter, "");
    rp_wasm_export(wasm, "count", RP_EXTERN_FUNC, count);
    rp_wasm_i32_const(wasm, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "deep", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, counter, ""));
    rp_wasm_op_index(wasm, RP_OP_call, count + 1);
    rp_wasm_func_end(wasm);
}

/* Imports "m".add; use () -> (i32) is add(40, 2). */
static void build_user(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t binary = rp_wasm_type(wasm, "ii", "i");
    uint32_t constant = rp_wasm_type(wasm, "", "i");
    rp_wasm_import_func(wasm, "m", "add", binary);
    rp_wasm_export(wasm, "use", RP_EXTERN_FUNC, rp_wasm_func_begin(wasm, constant, ""));
    rp_wasm_i32_const(wasm, 40);
    rp_wasm_i32_const(wasm, 2);
    rp_wasm_op_index(wasm, RP_OP_call, 0);
    rp_wasm_func_end(wasm);
}

/* Out of scope: two memories. Imports "m"'s memory, to whose byte 0 it would write. */
static void build_later(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    rp_wasm_import_memory(wasm, "m", "memory", 1, RP_WASM_NO_MAX);
    rp_wasm_memory(wasm, 1, 1);
    rp_wasm_export(wasm, "other", RP_EXTERN_MEMORY, 1);
    rp_wasm_data(wasm, 0, "\x2a", 1);
}

/* Imports a memory of "later". */
static void build_import_of_later(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    rp_wasm_import_memory(wasm, "later", "other", 1, RP_WASM_NO_MAX);
}

static void build_missing_import(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    rp_wasm_import_func(wasm, "m", "nowhere", rp_wasm_type(wasm, "", ""));
}

static void build_trapping_start(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t start = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "", ""), "");
    rp_wasm_op(wasm, RP_OP_unreachable);
    rp_wasm_func_end(wasm);
    rp_wasm_start(wasm, start);
}

static void build_invalid(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "", "i"), "");
    rp_wasm_func_end(wasm);
}

/* What spectest is for an engine without memory64: a module that it refuses by name. */
static void build_spectest(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    rp_wasm_entry(wasm, RP_WASM_TABLE, "\x70\x05\x0a\x14", 4, 1); /* 64-bit indices */
}

static void build_print_user(struct rp_wasm *wasm)
{
    rp_wasm_init(wasm);
    uint32_t type = rp_wasm_type(wasm, "i", "");
    rp_wasm_import_func(wasm, "spectest", "print_i32", type);
    rp_wasm_import_global(wasm, "spectest", "global_f32", 'f', false);
    rp_wasm_import_table(wasm, "spectest", "table", 'r', 10, 20);
    rp_wasm_export(wasm, "print", RP_EXTERN_FUNC, 0);
    rp_wasm_export(wasm, "value", RP_EXTERN_GLOBAL, 0);
}

/* A command, and what the runner must say about it: p passed, f failed, o out of scope. */
struct line {
    char verdict;
    const char *json; /* without braces and line number */
};

#define MODULE(file) "\"type\":\"module\",\"filename\":\"" file "\",\"module_type\":\"binary\""
#define NAMED(name, file) MODULE(file) ",\"name\":\"" name "\""
#define REFUSE(type, file)                                                      \
    "\"type\":\"" type "\",\"filename\":\"" file "\",\"text\":\"unreachable\"," \
    "\"module_type\":\"binary\""
#define REGISTER(name, as) "\"type\":\"register\",\"name\":\"" name "\",\"as\":\"" as "\""
#define I32(n) "{\"type\":\"i32\",\"value\":\"" n "\"}"
#define CALL(field, args) \
    "\"action\":{\"type\":\"invoke\",\"field\":\"" field "\",\"args\":[" args "]}"
#define CALL_IN(module, field, args)                                               \
    "\"action\":{\"type\":\"invoke\",\"module\":\"" module "\",\"field\":\"" field \
    "\",\"args\":[" args "]}"
#define GET(module, field) \
    "\"action\":{\"type\":\"get\",\"module\":\"" module "\",\"field\":\"" field "\"}"
#define RETURNS(action, results) "\"type\":\"assert_return\"," action ",\"expected\":[" results "]"
#define TRAPS(action, text) "\"type\":\"assert_trap\"," action ",\"text\":\"" text "\""
#define NAN_F32 "{\"type\":\"f32\",\"value\":\"nan:arithmetic\"}"

static const struct line lines[] = {
    {'p', NAMED("good", "good.wasm")},
    {'p', RETURNS(CALL("add", I32("1") "," I32("-3")), I32("-2"))},
    {'f', RETURNS(CALL("add", I32("1") "," I32("-3")), I32("2"))},
    {'f', RETURNS(CALL("add", I32("1") "," I32("-3")), "")},
    {'f', RETURNS(CALL("add", I32("1")), I32("1"))},
    {'f', RETURNS(CALL("nothing", ""), "")},
    {'f', RETURNS(CALL("divide", I32("1") "," I32("0")), I32("0"))},
    {'p', TRAPS(CALL("divide", I32("1") "," I32("0")), "integer divide by zero, it says")},
    {'f', TRAPS(CALL("divide", I32("1") "," I32("0")), "integer overflow")},
    {'f', TRAPS(CALL("divide", I32("1") "," I32("1")), "integer overflow")},
    {'p', "\"type\":\"assert_exhaustion\"," CALL("deep", "") ",\"text\":\"call stack exhausted\""},
    {'f', "\"type\":\"assert_exhaustion\"," CALL("count", "") ",\"text\":\"call stack exhausted\""},
    {'f', "\"type\":\"assert_exception\"," CALL("deep", "")},
    {'p', "\"type\":\"action\"," CALL("count", "")},
    {'f', "\"type\":\"action\"," CALL("divide", I32("1") "," I32("0"))},
    {'p', RETURNS(GET("good", "g"), I32("7"))},
    {'f', RETURNS(GET("good", "add"), I32("7"))},
    {'f', RETURNS(GET("nobody", "g"), I32("7"))},
    {'f', RETURNS(CALL("nan", ""), NAN_F32)},
    {'p', RETURNS(CALL("nan", ""), NAN_F32)}, /* has a row in deterministic.tsv */
    {'p', REGISTER("good", "m")},
    {'f', REGISTER("nobody", "n")},
    {'p', MODULE("user.wasm")},
    {'p', RETURNS(CALL("use", ""), I32("42"))},
    {'p', REFUSE("assert_invalid", "invalid.wasm")},
    {'f', REFUSE("assert_invalid", "good.wasm")},
    {'p', REFUSE("assert_malformed", "own.json")},
    {'o', REFUSE("assert_invalid", "later.wasm")},
    {'p', REFUSE("assert_unlinkable", "missing_import.wasm")},
    {'f', REFUSE("assert_unlinkable", "user.wasm")},
    {'p', REFUSE("assert_uninstantiable", "trapping_start.wasm")},
    {'f', REFUSE("assert_uninstantiable", "user.wasm")},
    {'p', RETURNS(CALL("use", ""), I32("42"))}, /* failed assertions leave the current instance */
    {'f', MODULE("trapping_start.wasm")},
    {'f', RETURNS(CALL("use", ""), I32("42"))}, /* a failed module does not */
    {'p', MODULE("print_user.wasm")},
    {'p', RETURNS(CALL("print", I32("5")), "")},
    {'p', "\"type\":\"module_definition\",\"filename\":\"good.wasm\",\"module_type\":\"binary\""},
    {'p', "\"type\":\"module_instance\",\"instance\":\"again\""},
    {'p', RETURNS(CALL_IN("again", "count", ""), I32("0"))},
    {'p', RETURNS(CALL_IN("good", "count", ""), I32("0"))},
    {'o', NAMED("later", "later.wasm")},
    {'o', RETURNS(CALL("use", ""), I32("42"))},
    {'o', REGISTER("later", "later")},
    {'o', MODULE("import_of_later.wasm")},
    {'o', RETURNS(CALL_IN("good", "count", ""), I32("42"))}, /* `later` would have written */
    {'p', RETURNS(CALL_IN("again", "count", ""), I32("0"))},
    {'o', MODULE("user.wasm")}, /* imports from `good` */
};

#define NAN_LINE 20 /* of the second command on `nan`, from 1 */

static void write_script(const char *path)
{
    struct rp_allocator allocator;
    struct rp_buffer text;
    rp_allocator_init(&allocator, UINT64_MAX);
    rp_buffer_init(&text, &allocator);
    rp_buffer_printf(&text, "{\"source_filename\":\"own.wast\",\"commands\":[");
    for (size_t i = 0; i < RP_ARRAY_COUNT(lines); i++) {
        rp_buffer_printf(&text, "%s\n{\"line\":%zu,%s}", i == 0 ? "" : ",", i + 1, lines[i].json);
    }
    rp_buffer_printf(&text, "]}\n");
    assert_false(text.failed);
    write_file(path, text.data, text.size);
    rp_buffer_deinit(&text);
}

static void write_manifest(size_t command_count)
{
    char text[256];
    (void)snprintf(text, sizeof text,
                   "file\tcommands\tmodule\ngroup/own\t%zu\t9\nempty\t0\t0\nabsent\t3\t1\n",
                   command_count);
    write_text(ROOT "/core/MANIFEST.tsv", text);
}

static int write_suite(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*build)(struct rp_wasm *wasm);
    } modules[] = {{"good", build_good},
                   {"user", build_user},
                   {"later", build_later},
                   {"import_of_later", build_import_of_later},
                   {"missing_import", build_missing_import},
                   {"trapping_start", build_trapping_start},
                   {"invalid", build_invalid},
                   {"print_user", build_print_user},
                   {"../../../spectest", build_spectest}};
    (void)mkdir(ROOT, 0777);
    (void)mkdir(ROOT "/core", 0777);
    (void)mkdir(ROOT "/core/group", 0777);
    (void)mkdir(ROOT "/core/group/own", 0777);
    for (size_t i = 0; i < RP_ARRAY_COUNT(modules); i++) {
        char path[256];
        struct rp_wasm wasm;
        (void)snprintf(path, sizeof path, ROOT "/core/group/own/%s.wasm", modules[i].name);
        modules[i].build(&wasm);
        write_module(path, &wasm);
    }
    char exceptions[256];
    (void)snprintf(exceptions, sizeof exceptions,
                   "file\tline\twhat\talternatives\tallowed\tresult\n"
                   "group/own\t%d\tnan\t1\t0\t0100c07f000000000000000000000000\n",
                   NAN_LINE);
    write_text(ROOT "/core/deterministic.tsv", exceptions);
    write_script(ROOT "/core/group/own/own.json");
    write_manifest(RP_ARRAY_COUNT(lines));
    return 0;
}

static int64_t read_count(const struct rp_json *object, const char *name)
{
    int64_t count = -1;
    assert_true(rp_json_int(rp_json_get(object, name), &count));
    return count;
}

static size_t count_verdicts(char verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < RP_ARRAY_COUNT(lines); i++) {
        count += lines[i].verdict == verdict;
    }
    return count;
}

/* The counts of the verdicts in every mode; what the runner prints about each is for people. */
static void runner_finds_what_is_right_wrong_and_out_of_scope(void **state)
{
    (void)state;
    for (unsigned mode = 0; mode < RP_SPEC_MODE_COUNT; mode++) {
        struct rp_spec_options options = {.root = ROOT,
                                          .folder = "core",
                                          .mode = (enum rp_spec_mode)mode,
                                          .json_path = REPORT,
                                          .filter = "group"};
        assert_int_equal(rp_spec_suite_run(&options), RP_SUITE_FAILED);
        struct rp_allocator allocator;
        struct rp_buffer text;
        struct rp_json *report = NULL;
        rp_allocator_init(&allocator, UINT64_MAX);
        rp_buffer_init(&text, &allocator);
        assert_int_equal(rp_spec_file_read(REPORT, &text, NULL), RP_OK);
        assert_int_equal(rp_json_parse(text.data, text.size, &report, NULL), RP_OK);
        const struct rp_json *totals = rp_json_get(report, "totals");
        assert_int_equal(read_count(totals, "commands"), RP_ARRAY_COUNT(lines));
        assert_int_equal(read_count(totals, "passed"), count_verdicts('p'));
        assert_int_equal(read_count(totals, "failed"), count_verdicts('f'));
        assert_int_equal(read_count(totals, "out_of_scope"), count_verdicts('o'));
        assert_int_equal(read_count(rp_json_get(totals, "features"), "multi-memory"),
                         count_verdicts('o'));
        assert_int_equal(rp_json_count(rp_json_get(report, "files")), 1);
        assert_int_equal(read_count(totals, "moves") != 0,
                         mode == RP_SPEC_MODE_MOVE || mode == RP_SPEC_MODE_SNAPSHOT);
        rp_json_release(report);
        rp_buffer_deinit(&text);
    }
}

static int run_options(const char *root, const char *filter)
{
    struct rp_spec_options options = {.root = root, .folder = "core", .filter = filter};
    return rp_spec_suite_run(&options);
}

static void data_that_are_missing_or_damaged_end_the_run(void **state)
{
    (void)state;
    assert_int_equal(run_options(ROOT "/nowhere", NULL), RP_SUITE_NO_DATA);
    assert_int_equal(run_options(ROOT, "nothing-of-that-name"), RP_SUITE_NO_DATA);
    assert_int_equal(run_options(ROOT, "absent"), RP_SUITE_NO_DATA);
    assert_int_equal(run_options(ROOT, "group/own"), RP_SUITE_FAILED);
    write_manifest(RP_ARRAY_COUNT(lines) + 1); /* a command is gone */
    assert_int_equal(run_options(ROOT, "group/own"), RP_SUITE_NO_DATA);
    write_manifest(RP_ARRAY_COUNT(lines));
    assert_int_equal(remove(ROOT "/core/group/own/invalid.wasm"), 0);
    assert_int_equal(run_options(ROOT, "group/own"), RP_SUITE_NO_DATA);
    static const char *const scripts[] = {
        "",
        "{",
        "[]",
        "{\"commands\":7}",
        "{\"commands\":[{\"line\":1}]}",
        "{\"commands\":[{\"type\":\"module\",\"line\":1}]}",
        "{\"commands\":[{\"type\":\"thread\",\"line\":1}]}",
        "{\"commands\":[{\"type\":\"register\",\"line\":1}]}",
        "{\"commands\":[{\"type\":\"action\",\"line\":1}]}",
        "{\"commands\":[{\"type\":\"action\",\"line\":1,\"action\":{\"type\":\"invoke\","
        "\"field\":\"f\"}}]}",
        "{\"commands\":[{\"type\":\"assert_return\",\"line\":1,\"action\":{\"type\":\"get\","
        "\"field\":\"f\"}}]}",
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(scripts); i++) {
        write_text(ROOT "/core/group/own/own.json", scripts[i]);
        assert_int_equal(run_options(ROOT, "group/own"), RP_SUITE_NO_DATA);
    }
    write_script(ROOT "/core/group/own/own.json");
    write_text(ROOT "/core/deterministic.tsv", "file\tline\ngroup/own\tx\n");
    assert_int_equal(run_options(ROOT, "group/own"), RP_SUITE_NO_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(runner_finds_what_is_right_wrong_and_out_of_scope, write_suite),
        cmocka_unit_test_setup(data_that_are_missing_or_damaged_end_the_run, write_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
