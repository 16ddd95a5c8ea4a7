/* Claims about profiles (tests; cli/profile.h): sums are exact, whatever the shape of the calls,
 * and the tree is bounded. */
#include "cli/profile.h"

#include "core/compiler.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture {
    struct rp_allocator allocator;
    struct rp_profile profile;
    struct rp_buffer text;
    uint64_t gas;
    uint32_t depth;
    char names[8];
};

static void begin(struct fixture *fixture, enum rp_profile_format format)
{
    *fixture = (struct fixture){0};
    rp_allocator_init(&fixture->allocator, 0);
    rp_buffer_init(&fixture->text, &fixture->allocator);
    rp_profile_init(&fixture->profile, &fixture->allocator, format);
}

static void end(struct fixture *fixture)
{
    rp_profile_deinit(&fixture->profile);
    rp_buffer_deinit(&fixture->text);
    assert_int_equal(fixture->allocator.used_bytes, 0);
}

/* Function `index` is the host's `m.f<index>`. */
static rp_call_info info_of(struct fixture *fixture, uint32_t index)
{
    (void)snprintf(fixture->names, sizeof(fixture->names), "f%u", index);
    return (rp_call_info){.func_index = index,
                          .host_module = {"m", 1},
                          .host_name = {fixture->names, strlen(fixture->names)},
                          .depth = fixture->depth,
                          .gas = fixture->gas};
}

static void enter(struct fixture *fixture, uint32_t index, uint64_t gas)
{
    fixture->gas += gas;
    rp_call_info info = info_of(fixture, index);
    rp_profile_enter(&fixture->profile, &info);
    fixture->depth++;
}

static void leave(struct fixture *fixture, uint64_t gas)
{
    fixture->gas += gas;
    fixture->depth--;
    rp_call_info info = info_of(fixture, 0);
    rp_profile_leave(&fixture->profile, &info);
}

static const char *append(void *user, const void *data, size_t size)
{
    rp_buffer_append(user, data, size);
    return NULL;
}

static const char *finish(struct fixture *fixture, uint64_t gas)
{
    fixture->gas += gas;
    rp_profile_end(&fixture->profile, fixture->gas);
    assert_null(rp_profile_write(&fixture->profile, "a \"title\"", append, &fixture->text));
    rp_buffer_byte(&fixture->text, 0);
    assert_false(fixture->text.failed);
    return (const char *)fixture->text.data;
}

/* The sum of the weights at the ends of the lines; also those of lines that end in `name`. */
static uint64_t sum_lines(const char *text, const char *name, uint64_t *out_own)
{
    uint64_t sum = 0;
    *out_own = 0;
    for (const char *line = text; *line != 0; line = strchr(line, '\n') + 1) {
        const char *line_end = strchr(line, '\n');
        const char *blank = line_end;
        while (*blank != ' ') {
            blank--;
        }
        uint64_t weight = strtoull(blank + 1, NULL, 10);
        size_t size = strlen(name);
        sum += weight;
        if (blank - line >= (ptrdiff_t)size && memcmp(blank - size, name, size) == 0) {
            *out_own += weight;
        }
    }
    return sum;
}

static void contexts_are_told_apart_and_counted_together(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, RP_PROFILE_COLLAPSED);
    for (int i = 0; i < 2; i++) {
        enter(&fixture, 1, 10); /* before the outermost call: its own */
        enter(&fixture, 2, 3);
        leave(&fixture, 5);
        enter(&fixture, 3, 1);
        enter(&fixture, 2, 0);
        leave(&fixture, 7);
        leave(&fixture, 0);
        leave(&fixture, 2);
    }
    assert_string_equal(finish(&fixture, 0), "m.f1 32\nm.f1;m.f2 10\nm.f1;m.f3;m.f2 14\n");
    end(&fixture);
}

static void calls_that_are_not_left_get_the_rest(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, RP_PROFILE_COLLAPSED);
    enter(&fixture, 1, 4);
    enter(&fixture, 2, 4);
    assert_string_equal(finish(&fixture, 100), "m.f1 8\nm.f1;m.f2 100\n");
    end(&fixture);
}

static void run_without_gas_has_an_empty_profile(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, RP_PROFILE_COLLAPSED);
    assert_string_equal(finish(&fixture, 0), "");
    end(&fixture);
}

static void speedscope_has_samples_with_weights(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, RP_PROFILE_SPEEDSCOPE);
    enter(&fixture, 7, 4);
    enter(&fixture, 8, UINT64_C(9007199254740993));
    leave(&fixture, 3);
    const char *text = finish(&fixture, 0);
    assert_non_null(strstr(text, "\"name\":\"a \\\"title\\\"\""));
    assert_non_null(strstr(text, "{\"name\":\"m.f7\"},\n{\"name\":\"m.f8\"}]"));
    assert_non_null(strstr(text, "\"endValue\":9007199254741000,"));
    assert_non_null(strstr(text, "\"samples\":[\n[2],\n[2,3]],\n\"weights\":[9007199254740997,3]"));
    end(&fixture);
}

/* Recursion far beyond the limit: the output grows no further, and every function keeps its gas. */
static void deep_calls_are_counted_below_a_node_named_for_them(void **state)
{
    (void)state;
    const uint32_t count = 100000;
    struct fixture fixture;
    begin(&fixture, RP_PROFILE_COLLAPSED);
    uint64_t own = 0;
    for (uint32_t i = 0; i < count; i++) {
        enter(&fixture, i % 3, 1);
    }
    for (uint32_t i = count; i-- > 0;) {
        leave(&fixture, 2 + i % 3);
        own += i % 3 == 1 ? 3 : 0;
    }
    assert_true(fixture.profile.node_count < RP_PROFILE_DEPTH_MAX + 10);
    const char *text = finish(&fixture, 0);
    assert_true(fixture.text.size < 500000);
    assert_non_null(strstr(text, ";[deeper];m.f2 "));
    assert_null(strstr(text, ";[deeper];m.f2;"));
    uint64_t found;
    assert_int_equal(sum_lines(text, "m.f1", &found), fixture.gas);
    own += count / 3; /* the gas before the next enter */
    assert_int_equal(found, own);
    end(&fixture);
}

/* The depth limit is met exactly: 256 functions are shown, the next is deeper. */
static void deepest_function_that_is_shown_is_the_256th(void **state)
{
    (void)state;
    for (uint32_t count = RP_PROFILE_DEPTH_MAX; count <= RP_PROFILE_DEPTH_MAX + 1; count++) {
        struct fixture fixture;
        begin(&fixture, RP_PROFILE_COLLAPSED);
        for (uint32_t i = 0; i < count; i++) {
            enter(&fixture, 1, 1);
        }
        bool is_deeper = strstr(finish(&fixture, 1), "[deeper];m.f1 1\n") != NULL;
        assert_int_equal(is_deeper, count > RP_PROFILE_DEPTH_MAX);
        end(&fixture);
    }
}

/* More contexts than nodes: the new ones are counted by function. */
static void contexts_beyond_the_limit_are_counted_below_a_node_named_for_them(void **state)
{
    (void)state;
    const uint32_t count = 1100; /* its square is beyond the limit */
    struct fixture fixture;
    begin(&fixture, RP_PROFILE_COLLAPSED);
    enter(&fixture, 0, 0);
    for (uint32_t i = 0; i < count; i++) {
        enter(&fixture, i, 1);
        for (uint32_t k = 0; k < count; k++) {
            enter(&fixture, k, 0);
            leave(&fixture, 1 + k % 7);
        }
        leave(&fixture, 1);
    }
    leave(&fixture, 0);
    uint64_t found;
    assert_in_range(fixture.profile.node_count, RP_PROFILE_NODES_MAX,
                    RP_PROFILE_NODES_MAX + count + 10);
    const char *text = finish(&fixture, 0);
    assert_non_null(strstr(text, "\n[other contexts];m.f1099 "));
    assert_int_equal(sum_lines(text, ";m.f900", &found), fixture.gas);
    assert_int_equal(found, count * (1 + 900 % 7) + 1);
    end(&fixture);
}

/* Random calls; the gas of each function is that of a plain count. */
static void random_calls_have_the_sums_of_a_plain_count(void **state)
{
    (void)state;
    uint64_t own[5] = {0};
    uint32_t stack[600];
    uint64_t random = 1;
    struct fixture fixture;
    begin(&fixture, RP_PROFILE_COLLAPSED);
    for (int i = 0; i < 200000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint32_t gas = (uint32_t)(random >> 40) % 9;
        uint32_t index = (uint32_t)(random >> 33) % 5;
        bool enters = fixture.depth == 0 || (fixture.depth < 600 && (random >> 60) < 8);
        if (fixture.depth != 0) {
            own[stack[fixture.depth - 1]] += gas;
        } else {
            own[index] += gas;
        }
        if (enters) {
            stack[fixture.depth] = index;
            enter(&fixture, index, gas);
        } else {
            leave(&fixture, gas);
        }
    }
    const char *text = finish(&fixture, 0);
    for (uint32_t i = 0; i < 5; i++) {
        char name[8];
        uint64_t found;
        (void)snprintf(name, sizeof(name), "m.f%u", i);
        assert_int_equal(sum_lines(text, name, &found), fixture.gas);
        assert_int_equal(found, own[i]);
    }
    end(&fixture);
}

/* The walk with `count` contexts: allocation k fails. */
static void walk_allocations(enum rp_profile_format format, uint32_t count)
{
    bool was_short = true;
    for (uint64_t k = 1; was_short; k++) {
        struct fixture fixture = {0};
        struct rp_allocator text_allocator;
        rp_allocator_init(&text_allocator, 0);
        rp_allocator_init(&fixture.allocator, 0);
        rp_buffer_init(&fixture.text, &text_allocator);
        fixture.allocator.fail_call = k;
        rp_profile_init(&fixture.profile, &fixture.allocator, format);
        for (uint32_t i = 0; i < count; i++) {
            enter(&fixture, i, 1);
            if (i % 3 != 0) {
                leave(&fixture, 1);
            }
        }
        rp_profile_end(&fixture.profile, fixture.gas);
        const char *error = rp_profile_write(&fixture.profile, "title", append, &fixture.text);
        was_short = k <= fixture.allocator.calls;
        assert_int_equal(error != NULL, was_short);
        rp_buffer_deinit(&fixture.text);
        rp_buffer_init(&fixture.text, &fixture.allocator);
        end(&fixture);
    }
}

static void failed_allocation_is_a_failure_and_leaves_nothing(void **state)
{
    (void)state;
    walk_allocations(RP_PROFILE_COLLAPSED, 5000);
    walk_allocations(RP_PROFILE_SPEEDSCOPE, 50);
}

static void format_follows_the_name(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum rp_profile_format format;
    } cases[] = {{"a.json", RP_PROFILE_SPEEDSCOPE},    {"a.speedscope.json", RP_PROFILE_SPEEDSCOPE},
                 {".json", RP_PROFILE_SPEEDSCOPE},     {"json", RP_PROFILE_COLLAPSED},
                 {"a.json.txt", RP_PROFILE_COLLAPSED}, {"", RP_PROFILE_COLLAPSED}};
    for (size_t i = 0; i < RP_ARRAY_COUNT(cases); i++) {
        assert_int_equal(rp_profile_format_of(cases[i].path), cases[i].format);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts_are_told_apart_and_counted_together),
        cmocka_unit_test(calls_that_are_not_left_get_the_rest),
        cmocka_unit_test(run_without_gas_has_an_empty_profile),
        cmocka_unit_test(speedscope_has_samples_with_weights),
        cmocka_unit_test(deep_calls_are_counted_below_a_node_named_for_them),
        cmocka_unit_test(deepest_function_that_is_shown_is_the_256th),
        cmocka_unit_test(contexts_beyond_the_limit_are_counted_below_a_node_named_for_them),
        cmocka_unit_test(random_calls_have_the_sums_of_a_plain_count),
        cmocka_unit_test(failed_allocation_is_a_failure_and_leaves_nothing),
        cmocka_unit_test(format_follows_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
