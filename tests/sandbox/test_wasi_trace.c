/* Claims about the trace of WASI calls: what its lines say, that they have no effect, and that no
 * guest can make one that is wrong. `test_wasi_trace --rewrite` writes the golden files anew. */
#include "sandbox/wasi_trace.h"

#include "core/json.h"
#include "core/reader.h"
#include "tests/sandbox/guest.h"

#include <stdio.h>
#include <stdlib.h>

#define OUTSIDE 0xfffffff0u
#define LINES_BYTES 2000000u

/* ---- a guest that is traced ---- */

struct traced {
    struct guest guest;
    struct rp_wasi_call call;
    char lines[LINES_BYTES]; /* as they came, each with a line end */
    size_t size;
    const char *last;
    size_t last_size;
    unsigned line_count;
    bool trace_fails;
    bool is_traced;
};

static rp_status take_line(void *user, const char *line, size_t size, rp_report *report)
{
    struct traced *traced = user;
    if (traced->trace_fails) {
        return rp_report_fail(report, RP_ERROR_IO, "the disk of the trace is full");
    }
    if (traced->size + size + 1 > sizeof traced->lines) {
        traced->size = 0;
    }
    assert_true(size + 1 <= sizeof traced->lines);
    traced->last = traced->lines + traced->size;
    traced->last_size = size;
    memcpy(traced->lines + traced->size, line, size);
    traced->lines[traced->size + size] = '\n';
    traced->size += size + 1;
    traced->line_count++;
    return RP_OK;
}

static void traced_init(struct traced *traced, rp_wasi_trace_format format)
{
    static const char *const args[] = {"program", "-v", "two words\n"};
    static const char *const env[] = {"HOME=/home/user", "ODD=\xff\x01"};
    rp_wasi_config config;
    guest_config(&traced->guest, &config);
    config.args = args;
    config.arg_count = RP_ARRAY_COUNT(args);
    config.env = env;
    config.env_count = RP_ARRAY_COUNT(env);
    config.vfs_bytes_max = 1000000;
    guest_init(&traced->guest, &config);
    traced->guest.input = "input";
    traced->size = 0;
    traced->line_count = 0;
    traced->trace_fails = false;
    traced->is_traced = true;
    rp_wasi_set_trace(traced->guest.wasi, format, take_line, traced);
}

/* One call on `memory`, as the engine's callback does it; gas and price are those of the line's
 * number. */
static uint32_t run_in(struct traced *traced, uint8_t *memory, uint64_t memory_size,
                       enum rp_wasi_version version, unsigned index, const uint64_t *args)
{
    const struct rp_wasi_function *function = &rp_wasi_functions[index];
    struct rp_wasi_trace_line line;
    traced->call = (struct rp_wasi_call){.wasi = traced->guest.wasi,
                                         .host = &traced->guest.host,
                                         .version = version,
                                         .memory = memory,
                                         .memory_size = memory_size,
                                         .args = args};
    if (!traced->is_traced) {
        return function->implementation(&traced->call);
    }
    uint64_t gas = UINT64_C(1000) * (traced->line_count + 1);
    rp_wasi_trace_begin(&line, &traced->call, function, gas, 50 + traced->line_count);
    return rp_wasi_trace_end(&line, &traced->call, function->implementation(&traced->call));
}

static uint32_t run(struct traced *traced, enum rp_wasi_version version, unsigned index,
                    const uint64_t *args)
{
    return run_in(traced, traced->guest.memory, GUEST_BYTES, version, index, args);
}

#define run_call(traced, name, ...)                       \
    run((traced), RP_WASI_PREVIEW1, RP_WASI_INDEX_##name, \
        (const uint64_t[RP_WASI_PARAMS_MAX]){__VA_ARGS__})

static void assert_last(const struct traced *traced, const char *expected)
{
    if (traced->last_size != strlen(expected) ||
        memcmp(traced->last, expected, traced->last_size) != 0) {
        fail_msg("%.*s\nis not\n%s", (int)traced->last_size, traced->last, expected);
    }
}

/* ---- every function, well and badly called ---- */

enum place {
    FILE_NAME = 0x100,
    DIR_NAME = 0x110,
    ODD_NAME = 0x120,
    LINK_NAME = 0x130,
    COPY_NAME = 0x140,
    MISSING_NAME = 0x150,
    WRITES = 0x200,
    LONG_WRITE = 0x220,
    READS = 0x240,
    BAD_VECTOR = 0x260,
    SELF_READ = 0x280,
    SUBSCRIPTIONS = 0x300,
    RESULT = 0x600,
    RESULT2 = 0x608,
    HELLO = 0x1000,
    BINARY = 0x1010,
    BUFFER = 0x3000,
    STRINGS = 0x3800,
    LONG_TEXT = 0xe000
};

static void paint_subscriptions(struct guest *guest, enum rp_wasi_version version)
{
    const struct rp_wasi_layout *layout = &rp_wasi_layouts[version];
    for (unsigned i = 0; i < 4; i++) {
        uint8_t *at = guest->memory + SUBSCRIPTIONS + i * layout->subscription_bytes;
        rp_put_u64(at, UINT64_MAX - i);
        if (i == 1 || i == 2) {
            at[8] = (uint8_t)i; /* fd_read, fd_write */
            rp_put_u32(at + RP_WASI_SUBSCRIPTION_FD, i == 1 ? 4 : 99);
            continue;
        }
        at[8] = i == 0 ? RP_EVENTTYPE_CLOCK : 7;
        rp_put_u32(at + layout->subscription_clock, RP_CLOCK_MONOTONIC);
        rp_put_u64(at + layout->subscription_clock + 8, 2500000000u);
        rp_put_u64(at + layout->subscription_clock + 16, 1);
        rp_put_u16(at + layout->subscription_clock + 24, 3);
        if (i == 0) {
            rp_put_u16(at + layout->subscription_clock + 24, RP_SUBCLOCKFLAG_ABSTIME);
        }
    }
}

/* Memory as every step finds it. */
static void paint_memory(struct guest *guest, enum rp_wasi_version version)
{
    memset(guest->memory, 0, GUEST_BYTES);
    guest_text(guest, FILE_NAME, "file");
    guest_text(guest, DIR_NAME, "dir");
    guest_text(guest, ODD_NAME, "\xc3\xa9\n\"\\\xff");
    guest_text(guest, LINK_NAME, "link");
    guest_text(guest, COPY_NAME, "copy");
    guest_text(guest, MISSING_NAME, "missing");
    guest_text(guest, HELLO, "hello\n");
    memcpy(guest->memory + BINARY,
           "\0\xff"
           "A",
           3);
    memset(guest->memory + LONG_TEXT, 'x', 300);
    guest_text(guest, LONG_TEXT + 63, "\xc3\xa9"); /* across the 64th byte */
    guest_vector(guest, WRITES, HELLO, 6);
    guest_vector(guest, WRITES + 8, BINARY, 3);
    guest_vector(guest, LONG_WRITE, LONG_TEXT, 300);
    guest_vector(guest, READS, 0x2000, 4);
    guest_vector(guest, READS + 8, 0x2100, 100);
    guest_vector(guest, BAD_VECTOR, HELLO, 6);
    guest_vector(guest, BAD_VECTOR + 8, OUTSIDE, 100);
    guest_vector(guest, SELF_READ, SELF_READ, 8);
    paint_subscriptions(guest, version);
}

struct step {
    unsigned index;
    enum rp_wasi_version version;
    uint64_t args[RP_WASI_PARAMS_MAX];
};
#define STEP(name, ...)                         \
    {                                           \
        RP_WASI_INDEX_##name, RP_WASI_PREVIEW1, \
        {                                       \
            __VA_ARGS__                         \
        }                                       \
    }
#define BARE(name) {RP_WASI_INDEX_##name, RP_WASI_PREVIEW1, {0}}
#define UNSTABLE(name, ...)                     \
    {                                           \
        RP_WASI_INDEX_##name, RP_WASI_UNSTABLE, \
        {                                       \
            __VA_ARGS__                         \
        }                                       \
    }
#define EVERY_RIGHT UINT64_MAX
#define SOME_RIGHTS (RP_RIGHT_FD_READ | RP_RIGHT_FD_SEEK)

static const struct step steps[] = {
    STEP(args_get, BUFFER, STRINGS),
    STEP(args_get, OUTSIDE, OUTSIDE + 1),
    STEP(args_sizes_get, RESULT, RESULT2),
    STEP(args_sizes_get, OUTSIDE, RESULT2),
    STEP(environ_get, BUFFER, STRINGS),
    STEP(environ_get, BUFFER, OUTSIDE),
    STEP(environ_sizes_get, RESULT, RESULT2),
    STEP(environ_sizes_get, RESULT, GUEST_BYTES - 3),
    STEP(clock_res_get, 1, RESULT),
    STEP(clock_res_get, 7, RESULT),
    STEP(clock_time_get, 0, 1500000000, RESULT),
    STEP(clock_time_get, 2, 0, GUEST_BYTES - 7),
    STEP(path_create_directory, 3, DIR_NAME, 3),
    STEP(path_create_directory, 3, DIR_NAME, 3),
    STEP(path_create_directory, 3, OUTSIDE, 3),
    STEP(path_open, 3, 1, FILE_NAME, 4, 5, RP_RIGHTS_FILE, RP_RIGHTS_INHERITED, 0, RESULT),
    STEP(path_open, 3, 0, MISSING_NAME, 7, 0, EVERY_RIGHT, 0, 0, RESULT),
    STEP(path_open, 3, 9, ODD_NAME, 6, 47, SOME_RIGHTS, 1, 0xff, OUTSIDE),
    STEP(fd_write, 4, WRITES, 3, RESULT),
    STEP(fd_write, 4, BAD_VECTOR, 2, RESULT),
    STEP(fd_write, 4, OUTSIDE, 2, RESULT),
    STEP(fd_write, 4, 0x8000, 2000, RESULT),
    STEP(fd_write, 1, LONG_WRITE, 1, RESULT),
    STEP(fd_pwrite, 4, WRITES, 1, 20, RESULT),
    STEP(fd_pwrite, 9, WRITES, 1, UINT64_MAX, RESULT),
    STEP(fd_seek, 4, (uint64_t)-4, RP_WHENCE_END, RESULT),
    STEP(fd_seek, 4, 0, 9, RESULT),
    UNSTABLE(fd_seek, 4, 1, 0, RESULT),
    UNSTABLE(fd_seek, 4, 0, 2, RESULT),
    UNSTABLE(fd_seek, 4, 0, 3, RESULT),
    STEP(fd_tell, 4, RESULT),
    STEP(fd_tell, 99, RESULT),
    STEP(fd_read, 4, READS, 2, RESULT),
    STEP(fd_read, 4, READS, 1, RESULT),
    STEP(fd_read, 0, READS, 2, RESULT),
    STEP(fd_read, 4, BAD_VECTOR, 2, RESULT),
    STEP(fd_read, 4, GUEST_BYTES - 1, 1, OUTSIDE),
    STEP(fd_pread, 4, READS, 2, 2, RESULT),
    STEP(fd_pread, 4, SELF_READ, 1, 0, RESULT),
    STEP(fd_pread, 4, SELF_READ, 2, 0, RESULT),
    STEP(fd_pread, 99, READS, 2, 0, RESULT),
    STEP(fd_advise, 4, 0, 10, 3),
    STEP(fd_advise, 4, 0, 10, 17),
    STEP(fd_allocate, 4, 0, 40),
    STEP(fd_allocate, 1, 0, 40),
    STEP(fd_datasync, 4),
    STEP(fd_datasync, 99),
    STEP(fd_sync, 4),
    STEP(fd_sync, UINT32_MAX),
    STEP(fd_fdstat_get, 4, BUFFER),
    STEP(fd_fdstat_get, 3, BUFFER),
    STEP(fd_fdstat_get, 4, OUTSIDE),
    STEP(fd_fdstat_set_flags, 4, 17),
    STEP(fd_fdstat_set_flags, 4, 32),
    STEP(fd_fdstat_set_rights, 4, RP_RIGHTS_FILE, 0),
    STEP(fd_fdstat_set_rights, 4, EVERY_RIGHT, RP_RIGHTS_DIRECTORY),
    STEP(fd_filestat_get, 4, BUFFER),
    UNSTABLE(fd_filestat_get, 4, BUFFER),
    STEP(fd_filestat_get, 99, OUTSIDE),
    STEP(fd_filestat_set_size, 4, 12),
    STEP(fd_filestat_set_size, 4, UINT64_MAX),
    STEP(fd_filestat_set_times, 4, 5000000005, 0, 9),
    STEP(fd_filestat_set_times, 4, 1, 2, 3),
    STEP(fd_prestat_get, 3, RESULT),
    STEP(fd_prestat_get, 4, RESULT),
    STEP(fd_prestat_dir_name, 3, BUFFER, 10),
    STEP(fd_prestat_dir_name, 3, BUFFER, 0),
    STEP(path_filestat_get, 3, 1, FILE_NAME, 4, BUFFER),
    UNSTABLE(path_filestat_get, 3, 0, FILE_NAME, 4, GUEST_BYTES - 56),
    STEP(path_filestat_get, 3, 0, OUTSIDE, 10, BUFFER),
    STEP(path_filestat_set_times, 3, 1, FILE_NAME, 4, 1, 2, 5),
    STEP(path_filestat_set_times, 3, 0, MISSING_NAME, 7, 0, 0, 16),
    STEP(path_link, 3, 0, FILE_NAME, 4, 3, COPY_NAME, 4),
    STEP(path_link, 3, 0, FILE_NAME, 4, 3, COPY_NAME, 4),
    STEP(path_symlink, FILE_NAME, 4, 3, LINK_NAME, 4),
    STEP(path_symlink, FILE_NAME, 0, 99, LINK_NAME, 4),
    STEP(path_readlink, 3, LINK_NAME, 4, BUFFER, 100, RESULT),
    STEP(path_readlink, 3, LINK_NAME, 4, BUFFER, 2, RESULT),
    STEP(path_readlink, 3, LINK_NAME, 4, LINK_NAME, 4, RESULT),
    STEP(path_readlink, 3, FILE_NAME, 4, OUTSIDE, 2, RESULT),
    STEP(fd_readdir, 3, BUFFER, 4096, 0, RESULT),
    STEP(fd_readdir, 3, BUFFER, 60, 0, RESULT),
    STEP(fd_readdir, 4, OUTSIDE, 60, 0, RESULT),
    STEP(path_rename, 3, COPY_NAME, 4, 3, ODD_NAME, 5),
    STEP(path_rename, 3, COPY_NAME, 4, 3, ODD_NAME, 6),
    STEP(path_unlink_file, 3, ODD_NAME, 5),
    STEP(path_unlink_file, 3, ODD_NAME, 6),
    STEP(path_remove_directory, 3, DIR_NAME, 3),
    STEP(path_remove_directory, 3, DIR_NAME, 0),
    STEP(poll_oneoff, SUBSCRIPTIONS, BUFFER, 3, RESULT),
    STEP(poll_oneoff, SUBSCRIPTIONS, BUFFER, 1, RESULT),
    STEP(poll_oneoff, SUBSCRIPTIONS, BUFFER, 4, RESULT),
    STEP(poll_oneoff, SUBSCRIPTIONS, BUFFER, 0, RESULT),
    STEP(poll_oneoff, SUBSCRIPTIONS, OUTSIDE, 1, RESULT),
    STEP(poll_oneoff, OUTSIDE, BUFFER, 1, RESULT),
    UNSTABLE(poll_oneoff, SUBSCRIPTIONS, BUFFER, 3, RESULT),
    STEP(random_get, BUFFER, 8),
    STEP(random_get, BUFFER, UINT32_MAX),
    BARE(sched_yield),
    STEP(sock_accept, 4, 4, RESULT),
    STEP(sock_recv, 4, READS, 2, 3, RESULT, RESULT2),
    STEP(sock_recv, 99, READS, 2, 4, RESULT, GUEST_BYTES - 1),
    STEP(sock_send, 4, WRITES, 2, 1, RESULT),
    STEP(sock_shutdown, 4, 3),
    STEP(path_open, 3, 0, FILE_NAME, 4, 0, SOME_RIGHTS, 0, 1, RESULT),
    STEP(fd_renumber, 5, 4),
    STEP(fd_renumber, 9, 4),
    STEP(fd_close, 4),
    STEP(fd_close, 4),
    STEP(proc_raise, 16),
    STEP(proc_raise, 99),
    STEP(proc_raise, 6),
    STEP(proc_exit, 3),
    STEP(fd_write, 2, WRITES, 1, RESULT), /* the host fails */
};

/* Runs the steps. *seen: of each function a bit for SUCCESS, one for what is refused, one for the
 * end of the program. */
static void run_steps(struct traced *traced, rp_wasi_trace_format format,
                      unsigned seen[RP_WASI_FUNCTION_COUNT])
{
    traced_init(traced, format);
    for (size_t i = 0; i < RP_ARRAY_COUNT(steps); i++) {
        paint_memory(&traced->guest, steps[i].version);
        traced->guest.write_fails = i + 1 == RP_ARRAY_COUNT(steps);
        uint32_t answer = run(traced, steps[i].version, steps[i].index, steps[i].args);
        assert_int_equal(traced->line_count, i + 1);
        seen[steps[i].index] |= answer == SUCCESS ? 1u : answer < RP_WASI_ERRNO_COUNT ? 2u : 4u;
        if (i + 1 == RP_ARRAY_COUNT(steps)) {
            assert_int_equal(answer, RP_WASI_FAILS);
        }
    }
    guest_deinit(&traced->guest);
}

static bool rewrites;

static void compare_golden(const struct traced *traced, const char *name)
{
    const char *source = getenv("REPRISE_SOURCE_DIR");
    static char golden[LINES_BYTES];
    char path[4096];
    if (source == NULL) {
        skip();
    }
    (void)snprintf(path, sizeof path, "%s/tests/sandbox/golden/%s", source, name);
    FILE *file = fopen(path, rewrites ? "wb" : "rb");
    if (file == NULL) {
        fail_msg("%s cannot be opened", path);
        return;
    }
    if (rewrites) {
        assert_int_equal(fwrite(traced->lines, 1, traced->size, file), traced->size);
        assert_int_equal(fclose(file), 0);
        return;
    }
    size_t size = fread(golden, 1, sizeof golden, file);
    (void)fclose(file);
    size_t begin = 0; /* of the present line */
    for (size_t at = 0; at < size || at < traced->size; at++) {
        if (at == size || at == traced->size || golden[at] != traced->lines[at]) {
            fail_msg("%s, at byte %zu: the line\n%.*s\nis not\n%.*s", name, at,
                     (int)strcspn(traced->lines + begin, "\n"), traced->lines + begin,
                     (int)strcspn(golden + begin, "\n"), golden + begin);
        }
        begin = golden[at] == '\n' ? at + 1 : begin;
    }
}

static void lines_of_every_function_are_the_golden_ones(void **state)
{
    (void)state;
    static struct traced traced;
    unsigned seen[RP_WASI_FUNCTION_COUNT] = {0};
    run_steps(&traced, RP_WASI_TRACE_TEXT, seen);
    compare_golden(&traced, "wasi_trace.txt");
    for (unsigned i = 0; i < RP_WASI_FUNCTION_COUNT; i++) {
        bool is_socket = strncmp(rp_wasi_functions[i].name, "sock_", 5) == 0;
        bool cannot_fail = i == RP_WASI_INDEX_sched_yield || i == RP_WASI_INDEX_proc_exit;
        if (((seen[i] & 1) == 0 && !is_socket && i != RP_WASI_INDEX_proc_exit) ||
            ((seen[i] & 2) == 0 && !cannot_fail)) {
            fail_msg("%s: not both well and badly called", rp_wasi_functions[i].name);
        }
    }
    assert_int_equal(seen[RP_WASI_INDEX_proc_exit], 4);
    assert_int_equal(seen[RP_WASI_INDEX_proc_raise], 7);
}

static void lines_of_json_are_the_golden_ones(void **state)
{
    (void)state;
    static struct traced traced;
    unsigned seen[RP_WASI_FUNCTION_COUNT] = {0};
    run_steps(&traced, RP_WASI_TRACE_JSON, seen);
    compare_golden(&traced, "wasi_trace.jsonl");
}

/* ---- a line of JSON ---- */

static void assert_member(const struct rp_json *object, size_t index, const char *name)
{
    assert_non_null(rp_json_name_at(object, index));
    assert_string_equal(rp_json_name_at(object, index), name);
}

/* One object with the members that are promised. */
static void check_json(const char *line, size_t size, uint32_t answer)
{
    static const char *const names[] = {"trace",    "gas",  "cost",  "module",
                                        "function", "args", "errno", "results"};
    struct rp_json *root = NULL;
    rp_report report = {0};
    if (rp_json_parse(line, size, &root, &report) != RP_OK) {
        fail_msg("%.*s\n%s", (int)(size < 2000 ? size : 2000), line, report.text);
    }
    assert_true(rp_json_is_object(root));
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        assert_member(root, i, names[i]);
    }
    const char *error = NULL;
    size_t error_size = 0;
    bool returned = answer < RP_WASI_ERRNO_COUNT;
    assert_int_equal(rp_json_string(rp_json_get(root, "errno"), &error, &error_size), returned);
    if (returned) {
        assert_string_equal(error, rp_wasi_errno_names[answer]);
    }
    assert_true(rp_json_is_object(rp_json_get(root, "args")));
    assert_true(rp_json_is_object(rp_json_get(root, "results")));
    size_t more = returned ? 0 : 1;
    assert_int_equal(rp_json_count(root), RP_ARRAY_COUNT(names) + more);
    if (!returned) {
        assert_member(root, RP_ARRAY_COUNT(names),
                      answer == RP_WASI_EXITS ? "exit_code" : "host_failure");
    }
    rp_json_release(root);
}

/* Printable UTF-8 in one line. */
static void check_characters(const char *line, size_t size)
{
    assert_true(rp_utf8_valid((const uint8_t *)line, size));
    for (size_t i = 0; i < size; i++) {
        assert_true((uint8_t)line[i] >= 0x20 && line[i] != 0x7f);
    }
}

static void whole_numbers_are_exact(void **state)
{
    (void)state;
    static struct traced traced;
    traced_init(&traced, RP_WASI_TRACE_JSON);
    run_call(&traced, fd_allocate, 99, INT64_MAX, UINT64_MAX);
    assert_last(
        &traced,
        "{\"trace\":\"wasi\",\"gas\":1000,\"cost\":50,\"module\":\"wasi_snapshot_preview1\","
        "\"function\":\"fd_allocate\",\"args\":{\"fd\":99,\"offset\":9223372036854775807,"
        "\"len\":\"18446744073709551615\"},\"errno\":\"BADF\",\"results\":{}}");
    guest_deinit(&traced.guest);
}

/* ---- bounds ---- */

/* As many bytes as can be, each of which takes the most room. */
static void paint_worst(struct guest *guest)
{
    memset(guest->memory, 1, GUEST_BYTES);
    for (uint32_t i = 0; i < RP_WASI_VECTORS_MAX; i++) {
        guest_vector(guest, 8 * i, 0x4000, 40000);
    }
}

static void longest_lines_keep_their_bounds(void **state)
{
    (void)state;
    static struct traced traced;
    static const size_t max[] = {[RP_WASI_TRACE_TEXT] = RP_WASI_TRACE_TEXT_MAX,
                                 [RP_WASI_TRACE_JSON] = RP_WASI_TRACE_JSON_MAX};
    for (int format = RP_WASI_TRACE_TEXT; format <= RP_WASI_TRACE_JSON; format++) {
        size_t longest = 0;
        traced_init(&traced, (rp_wasi_trace_format)format);
        paint_worst(&traced.guest);
        run_call(&traced, path_rename, 3, 0x3000, 30000, 3, 0x3000, 30000);
        longest = traced.last_size > longest ? traced.last_size : longest;
        run_call(&traced, fd_write, 99, 0, RP_WASI_VECTORS_MAX, 0);
        longest = traced.last_size > longest ? traced.last_size : longest;
        run_call(&traced, path_open, 99, 1, 0x3000, 60000, 15, 0x155555555555, 1, 31, OUTSIDE);
        memset(traced.guest.memory, 0x80, GUEST_BYTES);
        run_call(&traced, poll_oneoff, 0, 0, 1000, 0);
        longest = traced.last_size > longest ? traced.last_size : longest;
        assert_true(longest <= max[format]);
        assert_true(longest > max[format] / 4); /* else the bound says nothing */
        guest_deinit(&traced.guest);
    }
}

/* ---- what a call writes over ---- */

static void arguments_are_those_before_the_call(void **state)
{
    (void)state;
    static struct traced traced;
    traced_init(&traced, RP_WASI_TRACE_TEXT);
    paint_memory(&traced.guest, RP_WASI_PREVIEW1);
    assert_int_equal(run_call(&traced, path_symlink, FILE_NAME, 4, 3, LINK_NAME, 4), SUCCESS);
    assert_int_equal(run_call(&traced, path_readlink, 3, LINK_NAME, 4, LINK_NAME, 4, RESULT),
                     SUCCESS);
    assert_last(&traced, "        2000 path_readlink(fd=3, path=\"link\", target_len=4) = SUCCESS "
                         "target=\"file\", used=4  [gas 51]");
    guest_vector(&traced.guest, 0x40, 0x40, 8); /* the bytes go over their vector */
    traced.guest.input = "ABCDEFGHIJ";
    assert_int_equal(run_call(&traced, fd_read, 0, 0x40, 1, RESULT), SUCCESS);
    assert_memory_equal(traced.guest.memory + 0x40, "ABCDEFGH", 8);
    assert_last(&traced, "        3000 fd_read(fd=0, iovs_len=[8]) = SUCCESS iovs=[\"ABCDEFGH\"], "
                         "nread=8  [gas 52]");
    guest_deinit(&traced.guest);
}

/* ---- failures of the host ---- */

static void line_that_cannot_be_told_is_a_host_failure(void **state)
{
    (void)state;
    static struct traced traced;
    traced_init(&traced, RP_WASI_TRACE_TEXT);
    traced.trace_fails = true;
    assert_int_equal(run_call(&traced, sched_yield, 0), RP_WASI_FAILS);
    assert_string_equal(traced.call.report.text, "the disk of the trace is full");
    paint_memory(&traced.guest, RP_WASI_PREVIEW1);
    traced.guest.write_fails = true;
    assert_int_equal(run_call(&traced, fd_write, 1, WRITES, 1, RESULT), RP_WASI_FAILS);
    assert_string_equal(traced.call.report.text, "stream 1: closed"); /* the first one counts */
    guest_deinit(&traced.guest);
}

static void failing_allocation_is_a_host_failure_without_a_leak(void **state)
{
    (void)state;
    static struct traced traced;
    traced_init(&traced, RP_WASI_TRACE_JSON);
    struct rp_allocator *allocator = &traced.guest.wasi->allocator;
    uint64_t used = allocator->used_bytes;
    uint32_t answer = RP_WASI_FAILS;
    uint64_t k = 0;
    while (answer == RP_WASI_FAILS) {
        k++;
        paint_memory(&traced.guest, RP_WASI_PREVIEW1);
        guest_text(&traced.guest, 0x2000, "....");
        traced.guest.input = "input";
        allocator->fail_call = allocator->calls + k;
        answer = run_call(&traced, fd_read, 0, READS, 2, RESULT);
        allocator->fail_call = 0;
        assert_int_equal(allocator->used_bytes, used);
        assert_true(answer == RP_WASI_FAILS || traced.line_count == 1);
        if (answer == RP_WASI_FAILS) {
            assert_int_equal(traced.call.report.status, RP_ERROR_NO_MEMORY);
        }
        if (traced.line_count > 0) { /* the memory of the line did not fail */
            check_json(traced.last, traced.last_size, answer);
            traced.line_count = 0;
        }
    }
    assert_int_equal(answer, SUCCESS);
    assert_true(k > 3); /* the line and the vectors that are remembered */
    guest_deinit(&traced.guest);
}

/* ---- whatever a guest passes ---- */

#define WILD_BYTES 3001u /* an odd number: nothing ends at a border of words */

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 24;
}

static uint64_t pick_number(uint64_t *seed)
{
    static const uint64_t edges[] = {
        WILD_BYTES,  WILD_BYTES - 1, WILD_BYTES - 24, WILD_BYTES + 1,      0x7fffffff,
        0x80000000u, UINT32_MAX - 7, UINT32_MAX,      (uint64_t)INT64_MAX, UINT64_MAX};
    uint64_t kind = next_random(seed) % 16;
    if (kind < 6) {
        return next_random(seed) % 6;
    }
    if (kind < 13) {
        return next_random(seed) % WILD_BYTES;
    }
    return kind < 15 ? edges[next_random(seed) % RP_ARRAY_COUNT(edges)] : next_random(seed);
}

/* Small numbers, plausible pointers and texts among noise. */
static void paint_wild(uint8_t *memory, uint64_t *seed)
{
    for (size_t i = 0; i < WILD_BYTES; i++) {
        memory[i] = (uint8_t)next_random(seed);
    }
    for (unsigned i = 0; i < 200; i++) {
        size_t at = next_random(seed) % (WILD_BYTES - 8) & ~UINT64_C(3);
        rp_put_u32(memory + at, (uint32_t)pick_number(seed));
    }
    for (unsigned i = 0; i < 20; i++) {
        static const char *const texts[] = {"file", "dir/..", "dir/file", "link", "/", "\xc3\xa9"};
        const char *text = texts[next_random(seed) % RP_ARRAY_COUNT(texts)];
        memcpy(memory + next_random(seed) % (WILD_BYTES - 8), text, strlen(text));
    }
}

static void make_tree(struct traced *traced)
{
    struct guest *guest = &traced->guest;
    guest_text(guest, 4096, "dir");
    guest_text(guest, 5000, "link");
    assert_int_equal(guest_open(guest, "file", RP_OFLAG_CREAT), 4);
    assert_int_equal(call(guest, path_create_directory, 3, 4096, 3), SUCCESS);
    assert_int_equal(guest_open(guest, "dir", RP_OFLAG_DIRECTORY), 5);
    assert_int_equal(call(guest, path_symlink, 4096, 3, 3, 5000, 4), SUCCESS);
}

/* Two guests do the same, one is traced: nothing differs, and its lines are well-formed. */
static void wild_calls_give_one_line_and_no_effect(void **state)
{
    (void)state;
    static struct traced traced;
    static struct traced plain;
    const char *is_long = getenv("REPRISE_TEST_LONG");
    unsigned rounds = is_long != NULL && strcmp(is_long, "1") == 0 ? 3000000 : 30000;
    uint8_t *memory = malloc(WILD_BYTES);
    uint8_t *other = malloc(WILD_BYTES);
    assert_true(memory != NULL && other != NULL);
    uint64_t seed = 20261121;
    unsigned succeeded = 0;
    for (unsigned round = 0; round < rounds; round++) {
        if (round % 300 == 0) {
            rp_wasi_trace_format format =
                round % 600 == 0 ? RP_WASI_TRACE_TEXT : RP_WASI_TRACE_JSON;
            traced_init(&traced, format);
            traced_init(&plain, format);
            plain.is_traced = false;
            make_tree(&traced);
            make_tree(&plain);
        }
        unsigned index = (unsigned)(next_random(&seed) % RP_WASI_FUNCTION_COUNT);
        uint64_t args[RP_WASI_PARAMS_MAX] = {0};
        for (unsigned i = 0; rp_wasi_functions[index].params[i] != '\0'; i++) {
            uint64_t number = pick_number(&seed);
            args[i] = rp_wasi_functions[index].params[i] == 'I' ? number : (uint32_t)number;
        }
        if (round % 7 == 0) {
            paint_wild(memory, &seed);
            memcpy(other, memory, WILD_BYTES);
        }
        enum rp_wasi_version version =
            next_random(&seed) % 2 == 0 ? RP_WASI_PREVIEW1 : RP_WASI_UNSTABLE;
        unsigned before = traced.line_count;
        uint32_t answer = run_in(&traced, memory, WILD_BYTES, version, index, args);
        assert_int_equal(run_in(&plain, other, WILD_BYTES, version, index, args), answer);
        assert_memory_equal(memory, other, WILD_BYTES);
        assert_int_equal(traced.line_count, before + 1);
        check_characters(traced.last, traced.last_size);
        if (traced.guest.wasi->trace_format == RP_WASI_TRACE_JSON) {
            check_json(traced.last, traced.last_size, answer);
        }
        succeeded += answer == SUCCESS;
        if (round % 300 == 299) {
            assert_int_equal(guest_digest(&traced.guest), guest_digest(&plain.guest));
            guest_deinit(&traced.guest);
            guest_deinit(&plain.guest);
        }
    }
    assert_true(succeeded > rounds / 10);
    free(memory);
    free(other);
}

static void guest_without_memory_is_traced(void **state)
{
    (void)state;
    static struct traced traced;
    traced_init(&traced, RP_WASI_TRACE_JSON);
    for (unsigned index = 0; index < RP_WASI_FUNCTION_COUNT; index++) {
        static const uint64_t args[RP_WASI_PARAMS_MAX] = {0};
        uint32_t answer = run_in(&traced, NULL, 0, RP_WASI_UNSTABLE, index, args);
        assert_int_equal(traced.line_count, index + 1);
        check_json(traced.last, traced.last_size, answer);
    }
    guest_deinit(&traced.guest);
}

/* ---- the table ---- */

/* The parts of a row take all of its parameters. */
static void rows_name_every_parameter(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RP_WASI_FUNCTION_COUNT; i++) {
        const struct rp_wasi_function *row = &rp_wasi_functions[i];
        size_t count = 0;
        for (const char *at = strchr(row->trace, ':'); at != NULL; at = strchr(at + 1, ':')) {
            assert_non_null(strchr("fdutcwaloxrmhijgS48TRsqkEpvbPNDzA", at[1]));
            count += strchr("pvbPNDzA", at[1]) != NULL ? 2 : 1;
            assert_true(at[2] == ' ' || at[2] == '\0');
        }
        if (count != strlen(row->params)) {
            fail_msg("%s: its trace has %zu parameters of %zu", row->name, count,
                     strlen(row->params));
        }
    }
}

/* What docs/wasi.md says of the bounds. */
static void document_states_the_bounds(void **state)
{
    (void)state;
    static char text[262144];
    static const struct {
        unsigned number;
        const char *words;
    } bounds[] = {
        {RP_TRACE_CONTENTS_BYTES, "64 bytes of\n  contents are shown"},
        {RP_TRACE_NAME_BYTES, "255 of a name"},
        {RP_TRACE_PATH_BYTES, "4,096 of a path"},
        {RP_TRACE_LIST_ITEMS, "32 items are shown"},
        {RP_TRACE_JSON_BYTES, "65,536 bytes of strings"},
        {RP_TRACE_JSON_ITEMS, "1,024 items of lists"},
        {RP_WASI_TRACE_TEXT_MAX, "A line of text has at most 40,960 bytes"},
        {RP_WASI_TRACE_JSON_MAX, "1,048,576 bytes. A line"},
    };
    const char *source = getenv("REPRISE_SOURCE_DIR");
    char path[4096];
    if (source == NULL) {
        skip();
    }
    (void)snprintf(path, sizeof path, "%s/docs/wasi.md", source);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    for (size_t i = 0; i < RP_ARRAY_COUNT(bounds); i++) {
        if (strstr(text, bounds[i].words) == NULL) {
            fail_msg("docs/wasi.md does not say: %s", bounds[i].words);
        }
        unsigned said = 0; /* the first number in the words */
        const char *at = bounds[i].words + strcspn(bounds[i].words, "0123456789");
        for (; (*at >= '0' && *at <= '9') || *at == ','; at++) {
            said = *at == ',' ? said : said * 10 + (unsigned)(*at - '0');
        }
        assert_int_equal(said, bounds[i].number);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_name_every_parameter),
        cmocka_unit_test(document_states_the_bounds),
        cmocka_unit_test(lines_of_every_function_are_the_golden_ones),
        cmocka_unit_test(lines_of_json_are_the_golden_ones),
        cmocka_unit_test(whole_numbers_are_exact),
        cmocka_unit_test(longest_lines_keep_their_bounds),
        cmocka_unit_test(arguments_are_those_before_the_call),
        cmocka_unit_test(line_that_cannot_be_told_is_a_host_failure),
        cmocka_unit_test(failing_allocation_is_a_host_failure_without_a_leak),
        cmocka_unit_test(wild_calls_give_one_line_and_no_effect),
        cmocka_unit_test(guest_without_memory_is_traced),
    };
    rewrites = argc == 2 && strcmp(argv[1], "--rewrite") == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
