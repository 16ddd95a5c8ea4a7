/* Claims about cli/options.c and the table cli/options.def. */
#include "cli/options.h"

#include "core/compiler.h"
#include "tests/support/unit.h"

#define MESSAGE_BYTES 512

struct parsed {
    bool ok;
    struct rp_allocator allocator;
    struct rp_cli_arguments arguments;
    char message[MESSAGE_BYTES];
};

/* Words behind the program's name, up to NULL. */
static void parse(struct parsed *parsed, const char *const *words)
{
    size_t count = 0;
    while (words[count]) {
        count++;
    }
    rp_allocator_init(&parsed->allocator, UINT64_MAX);
    parsed->message[0] = 0;
    parsed->ok = rp_cli_parse(words, count, &parsed->allocator, &parsed->arguments, parsed->message,
                              MESSAGE_BYTES);
}
#define PARSE(parsed, ...) parse(parsed, (const char *const[]){__VA_ARGS__, NULL})

static void close_parsed(struct parsed *parsed)
{
    rp_cli_arguments_deinit(&parsed->arguments, &parsed->allocator);
    assert_int_equal(parsed->allocator.used_bytes, 0);
}

static void table_is_sound(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RP_OPTION_COUNT; i++) {
        const struct rp_cli_option_info *option = &rp_cli_options[i];
        assert_int_equal(option->argument == NULL, option->kind == RP_KIND_FLAG);
        assert_true(option->commands != 0);
        assert_true(strlen(option->name) >= 2 && strlen(option->name) <= 32);
        assert_non_null(option->meaning);
        bool is_number = option->kind == RP_KIND_NUMBER || option->kind == RP_KIND_SIZE;
        assert_int_equal(option->maximum != 0, is_number);
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(option->name, rp_cli_options[j].name);
            assert_true(option->letter == 0 || option->letter != rp_cli_options[j].letter);
        }
    }
    for (size_t i = 1; i < rp_cli_exit_count; i++) {
        assert_true(rp_cli_exits[i].value > rp_cli_exits[i - 1].value);
    }
    for (unsigned i = 0; i < RP_CLI_COMMAND_COUNT; i++) {
        assert_int_equal(rp_cli_find_command(rp_cli_commands[i].name), i);
    }
    assert_int_equal(rp_cli_find_command("runs"), RP_CLI_COMMAND_COUNT);
}

static void command_is_the_first_word_or_run(void **state)
{
    (void)state;
    struct parsed parsed;
    PARSE(&parsed, "inspect", "a.wasm");
    assert_int_equal(parsed.arguments.command, RP_CLI_INSPECT);
    assert_false(parsed.arguments.is_default);
    close_parsed(&parsed);
    PARSE(&parsed, "--gas", "1", "inspect"); /* a program of that name */
    assert_int_equal(parsed.arguments.command, RP_CLI_RUN);
    assert_true(parsed.arguments.is_default);
    assert_string_equal(parsed.arguments.operands[0], "inspect");
    close_parsed(&parsed);
    parse(&parsed, (const char *const[]){NULL});
    assert_true(parsed.ok);
    assert_int_equal(parsed.arguments.operand_count, 0);
    close_parsed(&parsed);
}

static void options_of_run_end_at_the_file_and_others_nowhere(void **state)
{
    (void)state;
    struct parsed parsed;
    PARSE(&parsed, "--gas=5", "a.wasm", "--gas", "x", "-h");
    assert_true(parsed.ok);
    assert_int_equal(parsed.arguments.values[RP_OPTION_GAS].number, 5);
    assert_int_equal(parsed.arguments.operand_count, 4);
    assert_string_equal(parsed.arguments.operands[3], "-h");
    assert_false(parsed.arguments.values[RP_OPTION_HELP].given);
    close_parsed(&parsed);
    PARSE(&parsed, "instrument", "in.wasm", "-o", "out.wasm", "--counter", "import");
    assert_true(parsed.ok);
    assert_int_equal(parsed.arguments.operand_count, 1);
    assert_string_equal(parsed.arguments.values[RP_OPTION_OUTPUT].text, "out.wasm");
    assert_int_equal(parsed.arguments.values[RP_OPTION_COUNTER].number, 1);
    close_parsed(&parsed);
    PARSE(&parsed, "validate", "a", "--", "-o", "--json");
    assert_true(parsed.ok);
    assert_int_equal(parsed.arguments.operand_count, 3);
    close_parsed(&parsed);
}

static void values_stand_behind_or_inside(void **state)
{
    (void)state;
    struct parsed parsed;
    PARSE(&parsed, "--env", "A=1", "--env=B=2", "--env=", "--memory-max", "1KiB", "--strict", "-");
    assert_true(parsed.ok);
    const struct rp_cli_value *env = &parsed.arguments.values[RP_OPTION_ENV];
    assert_int_equal(env->item_count, 3);
    assert_string_equal(env->items[0], "A=1");
    assert_string_equal(env->items[1], "B=2");
    assert_string_equal(env->items[2], "");
    assert_int_equal(parsed.arguments.values[RP_OPTION_MEMORY_MAX].number, 1024);
    assert_true(parsed.arguments.values[RP_OPTION_STRICT].given);
    assert_string_equal(parsed.arguments.operands[0], "-");
    close_parsed(&parsed);
    PARSE(&parsed, "instrument", "-oout.wasm", "in.wasm");
    assert_string_equal(parsed.arguments.values[RP_OPTION_OUTPUT].text, "out.wasm");
    close_parsed(&parsed);
}

static void choices_are_a_list_and_add_up(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        uint64_t number;
    } cases[] = {
        {{"--trace=wasi"}, 1},
        {{"--trace", "calls"}, 2},
        {{"--trace=wasi,calls"}, 3},
        {{"--trace=calls,wasi,calls"}, 3},
        {{"--trace=wasi", "--trace=calls"}, 3},
        {{"--trace=wasi", "--trace=wasi"}, 1},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct parsed parsed;
        parse(&parsed, cases[i].words);
        assert_true(parsed.ok);
        assert_true(parsed.arguments.values[RP_OPTION_TRACE].given);
        assert_int_equal(parsed.arguments.values[RP_OPTION_TRACE].number, cases[i].number);
        close_parsed(&parsed);
    }
}

static void misuse_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        const char *message;
    } cases[] = {
        {{"--invok", "f"}, "there is no option --invok; did you mean --invoke?"},
        {{"--sede=1"}, "there is no option --sede=1; did you mean --seed?"},
        {{"--dispach", "fast"}, "there is no option --dispach; did you mean --dispatch?"},
        {{"--qqqqqqqq"}, "there is no option --qqqqqqqq; see `reprise help run`"},
        {{"inspect", "--gas", "1"},
         "--gas is no option of `reprise inspect`; see `reprise help inspect`"},
        {{"-q"}, "there is no option -q; see `reprise help run`"},
        {{"--dispatch"}, "--dispatch needs a value: --dispatch fast|metered"},
        {{"--dispatch", ""}, "--dispatch : must be one of fast|metered"},
        {{"--dispatch", "fast|metered"}, "--dispatch fast|metered: must be one of fast|metered"},
        {{"--trace=wasi,call"},
         "--trace wasi,call: must be one or several of wasi|calls, with commas between"},
        {{"--trace="}, "--trace : must be one or several of wasi|calls, with commas between"},
        {{"--trace=wasi,"},
         "--trace wasi,: must be one or several of wasi|calls, with commas between"},
        {{"--trace", "wasi|calls"},
         "--trace wasi|calls: must be one or several of wasi|calls, with commas between"},
        {{"--gas=1", "--gas=1"}, "--gas 1: the option is given twice"},
        {{"--json="}, "--json \"\": the path is empty"},
        {{"--log-imports="}, "--log-imports : the option takes no value"},
    };
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        struct parsed parsed;
        parse(&parsed, cases[i].words);
        assert_false(parsed.ok);
        assert_string_equal(parsed.message, cases[i].message);
        close_parsed(&parsed);
    }
}

static void long_words_are_refused_and_fit_their_buffer(void **state)
{
    (void)state;
    char word[5000] = "--";
    struct parsed parsed;
    memset(word + 2, 'g', sizeof(word) - 3);
    PARSE(&parsed, word);
    assert_false(parsed.ok);
    assert_true(strlen(parsed.message) < MESSAGE_BYTES);
    close_parsed(&parsed);
    word[5] = '=';
    memcpy(word + 2, "gas", 3);
    PARSE(&parsed, word);
    assert_false(parsed.ok);
    assert_true(strlen(parsed.message) < MESSAGE_BYTES);
    close_parsed(&parsed);
    assert_null(rp_cli_guess_command(word));
}

static void failing_allocation_is_misuse_without_a_leak(void **state)
{
    (void)state;
    static const char *const words[] = {"--env", "A=1", "--env", "B=2", "--dir", "x", "a.wasm"};
    bool ok = false;
    for (uint64_t k = 1; !ok; k++) {
        struct parsed parsed;
        rp_allocator_init(&parsed.allocator, UINT64_MAX);
        parsed.allocator.fail_call = k;
        ok = rp_cli_parse(words, RP_ARRAY_COUNT(words), &parsed.allocator, &parsed.arguments,
                          parsed.message, MESSAGE_BYTES);
        assert_true(ok || strcmp(parsed.message, "out of memory") == 0);
        close_parsed(&parsed);
        assert_true(k < 20);
    }
}

static void guesses_are_near(void **state)
{
    (void)state;
    assert_string_equal(rp_cli_guess_command("rnu"), "run");
    assert_string_equal(rp_cli_guess_command("valid"), "validate");
    assert_string_equal(rp_cli_guess_command("dissasm"), "disasm");
    assert_string_equal(rp_cli_guess_command("instrment"), "instrument");
    assert_null(rp_cli_guess_command("prog.wasm"));
    assert_null(rp_cli_guess_command(""));
    assert_null(rp_cli_guess_command("x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sound),
        cmocka_unit_test(command_is_the_first_word_or_run),
        cmocka_unit_test(options_of_run_end_at_the_file_and_others_nowhere),
        cmocka_unit_test(values_stand_behind_or_inside),
        cmocka_unit_test(choices_are_a_list_and_add_up),
        cmocka_unit_test(misuse_is_named),
        cmocka_unit_test(long_words_are_refused_and_fit_their_buffer),
        cmocka_unit_test(failing_allocation_is_misuse_without_a_leak),
        cmocka_unit_test(guesses_are_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
