/* Roots at a thousand gas positions of real programs (tests): equal in both dispatch tables and, by
 * the golden list, in every build.
 *
 * golden/positions.txt has a line for each program, "program NAME HASH", the first 16 hex digits of
 * its module's hash, and behind it a line for each position, "GAS ROOT": the boundary where the run
 * stopped and the first 16 hex digits of the state root there. Programs that were compiled by
 * another compiler than the list's have another module, so other roots: they are passed over with a
 * word. Those that are built by tests/support/wasm_builder.h never are.
 *
 * usage: test_positions [--rewrite]   --rewrite: writes the list, in the folder of the source */
#include "core/assert.h"
#include "core/hash.h"
#include "reprise/snapshot.h"
#include "tests/support/unit.h"
#include "tests/walks/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DIGITS 16
#define TOUR_POSITIONS 100u /* of a program that is always the same */
#define POSITIONS 66u       /* of every other program */
#define LINES_MAX 2000u

struct position {
    char program[32];
    char module[DIGITS + 1];
    int64_t gas;
    char root[DIGITS + 1];
};

static struct position golden[LINES_MAX];
static size_t golden_count;

/* ---- the list ---- */

static const char *golden_path(void)
{
    static char path[4096];
    const char *source = getenv("REPRISE_SOURCE_DIR");
    (void)snprintf(path, sizeof path, "%s/tests/snapshot/golden/positions.txt",
                   source == NULL ? "." : source);
    return path;
}

/* Fills in `golden`; a line that is none fails. */
static void read_golden(void)
{
    FILE *file = fopen(golden_path(), "r");
    if (file == NULL) {
        fail_msg("%s cannot be read", golden_path());
    }
    struct position position = {.gas = -1};
    char line[128];
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        if (strncmp(line, "program ", 8) == 0) {
            assert_int_equal(sscanf(line, "program %31s %16s", position.program, position.module),
                             2);
            continue;
        }
        char *rest = line;
        position.gas = strtoll(line, &rest, 10);
        assert_int_equal(sscanf(rest, "%16s", position.root), 1);
        assert_true(golden_count < LINES_MAX && strlen(position.root) == DIGITS);
        golden[golden_count++] = position;
    }
    (void)fclose(file);
}

/* ---- runs ---- */

static void hex_of(const uint8_t *hash, char out_text[DIGITS + 1])
{
    char hex[RP_HASH_HEX_BYTES];
    rp_hash_hex(hash, hex);
    memcpy(out_text, hex, DIGITS);
    out_text[DIGITS] = '\0';
}

static void module_of(const struct rp_walk_program *program, char out_text[DIGITS + 1])
{
    uint8_t hash[RP_HASH_BYTES];
    rp_module_hash(program->module, hash);
    hex_of(hash, out_text);
}

/* Begins the run, or goes on with it. */
static void go_to(struct rp_walk_run *run, const struct rp_walk_program *program, bool begins,
                  bool metered, int64_t until)
{
    struct rp_walk_limits limits = {
        .metered = metered, .gas_limit = RP_GAS_UNLIMITED, .until_gas = until};
    if (begins) {
        rp_walk_begin(run, program, &limits);
    } else {
        rp_walk_resume(run, RP_GAS_UNLIMITED, until);
    }
    assert_int_equal(run->status, RP_OK);
}

static void root_of(const struct rp_walk_run *run, char out_text[DIGITS + 1])
{
    uint8_t root[RP_ROOT_BYTES];
    rp_report report = {0};
    if (rp_store_root(run->store, root, NULL, NULL, &report) != RP_OK) {
        fail_msg("%s: %s", run->program->name, report.text);
    }
    hex_of(root, out_text);
}

/* ---- comparing ---- */

/* A program's lines of the list, in both tables; the last is the end of the run. */
static void compare_program(const struct rp_walk_program *program, const struct position *lines,
                            size_t count)
{
    for (unsigned metered = 0; metered < 2; metered++) {
        struct rp_walk_run run;
        for (size_t i = 0; i < count; i++) {
            char root[DIGITS + 1];
            bool last = i + 1 == count;
            go_to(&run, program, i == 0, metered == 1, last ? RP_GAS_UNLIMITED : lines[i].gas);
            assert_true(rp_walk_is_stopped(&run) != last);
            root_of(&run, root);
            if ((int64_t)rp_store_gas_used(run.store) != lines[i].gas ||
                strcmp(root, lines[i].root) != 0) {
                fail_msg("%s, %s table: root %s at gas %" PRIu64 ", the list says %s at %" PRId64,
                         program->name, metered == 1 ? "metered" : "fast", root,
                         rp_store_gas_used(run.store), lines[i].root, lines[i].gas);
            }
        }
        assert_true(rp_walk_is_right(&run));
        rp_walk_end(&run);
    }
}

static void roots_are_those_of_the_list(void **state)
{
    (void)state;
    read_golden();
    assert_true(golden_count >= 1000);
    size_t compared = 0;
    for (size_t first = 0; first < golden_count;) {
        const struct rp_walk_program *program = rp_walk_find(golden[first].program);
        char module[DIGITS + 1];
        size_t behind = first + 1;
        while (behind < golden_count &&
               strcmp(golden[behind].program, golden[first].program) == 0) {
            behind++;
        }
        module_of(program, module);
        if (strcmp(module, golden[first].module) == 0) {
            compare_program(program, &golden[first], behind - first);
            compared += behind - first;
        } else {
            (void)printf("passed over: %s is module %s here and %s in the list\n", program->name,
                         module, golden[first].module);
            assert_null(program->build);
        }
        first = behind;
    }
    (void)printf("%zu of %zu positions compared\n", compared, golden_count);
    assert_true(compared >= TOUR_POSITIONS);
}

/* ---- rewriting ---- */

static void write_position(FILE *file, const struct rp_walk_run *run)
{
    char text[DIGITS + 1];
    root_of(run, text);
    (void)fprintf(file, "%" PRIu64 " %s\n", rp_store_gas_used(run->store), text);
}

/* Boundaries in equal steps, moved a little by chance; and the end. */
static void write_program(FILE *file, const struct rp_walk_program *program, uint64_t *random)
{
    struct rp_walk_run run;
    struct rp_walk_path path;
    char text[DIGITS + 1];
    rp_walk_find_path(program, &path);
    module_of(program, text);
    (void)fprintf(file, "program %s %s\n", program->name, text);
    size_t step = path.count / (program->build != NULL ? TOUR_POSITIONS : POSITIONS);
    for (size_t at = 0; at + step <= path.count; at += step) {
        *random = *random * 6364136223846793005u + 1442695040888963407u;
        go_to(&run, program, at == 0, false, path.positions[at + (size_t)(*random >> 33) % step]);
        write_position(file, &run);
    }
    go_to(&run, program, false, false, RP_GAS_UNLIMITED);
    write_position(file, &run);
    rp_walk_end(&run);
    rp_walk_free_path(&path);
}

static void write_list(void **state)
{
    (void)state;
    FILE *file = fopen(golden_path(), "w");
    if (file == NULL) {
        fail_msg("%s cannot be written", golden_path());
    }
    (void)fprintf(file, "# State roots of tests/snapshot/test_positions.c, which says what a line "
                        "is; written with --rewrite.\n");
    uint64_t random = 1;
    for (size_t i = 0; i < rp_walk_program_count; i++) {
        write_program(file, &rp_walk_programs[i], &random);
    }
    assert_int_equal(fclose(file), 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(roots_are_those_of_the_list)};
    static const struct CMUnitTest rewriting[] = {cmocka_unit_test(write_list)};
    bool rewrites = argc == 2 && strcmp(argv[1], "--rewrite") == 0;
    if (!rp_walk_open_programs()) {
        return 77;
    }
    int failed = rewrites ? cmocka_run_group_tests(rewriting, NULL, NULL)
                          : cmocka_run_group_tests(tests, NULL, NULL);
    rp_walk_close_programs();
    return failed;
}
