/* Fuzz target: WASI functions with arbitrary arguments and memory (tests; wasi_script.h is the
 * language of its inputs).
 *
 * After each call: tree and descriptors are sound, quotas are kept, the error number exists; a call
 * that is refused has changed nothing at all, one that succeeds has changed no memory but its
 * results. Every input runs twice, the second time with clones of the tree taken on the way; both
 * runs show the same, and each clone still is what it was. */
#include "tests/fuzz/wasi_script.h"

#include "core/alloc.h"
#include "tests/support/fuzz.h"
#include "tests/support/wasi_print.h"

#include <stdio.h>
#include <stdlib.h>

#define CALLS_MAX 400u
#define CLONES_MAX 8u
#define RESULTS_MAX (RP_WASI_VECTORS_MAX + 8u) /* ranges that a call may write */
#define START_NS UINT64_C(1700000000000000000)

struct range {
    uint64_t address;
    uint64_t size;
};

struct play {
    const uint8_t *bytes; /* what is left of the input */
    size_t size;
    unsigned settings;
    struct rp_wasi *wasi;
    struct rp_wasi_host host;
    uint8_t *memory; /* on the heap, so that the sanitizer sees its end */
    uint8_t *before; /* memory before the call */
    uint64_t now_ns;
    uint64_t random;
    uint64_t output;   /* print of what was written */
    uint64_t consumed; /* bytes of input */
    uint64_t trail;    /* print of all answers */
    uint64_t fail_at;  /* allocation of the next call that fails; 0: none */
    bool over;
    struct range ranges[RESULTS_MAX];
    unsigned range_count;
    bool clones_wanted;
    struct rp_vfs *clones[CLONES_MAX];
    uint64_t clone_prints[CLONES_MAX];
    unsigned clone_count;
};

static void fail(const struct play *play, const struct rp_wasi_function *function, const char *what)
{
    (void)fprintf(stderr, "%s: %s\n", function == NULL ? "input" : function->name, what);
    (void)play;
    abort();
}

/* ---- the world of the guest ---- */

static uint64_t world_time(void *context)
{
    return ((struct play *)context)->now_ns;
}

static void world_sleep(void *context, uint64_t ns)
{
    struct play *play = context;
    play->now_ns = ns > UINT64_MAX - play->now_ns ? UINT64_MAX : play->now_ns + ns;
}

static void world_random(void *context, void *data, size_t size)
{
    struct play *play = context;
    for (size_t i = 0; i < size; i++) {
        play->random = play->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        ((uint8_t *)data)[i] = (uint8_t)(play->random >> 56);
    }
}

static rp_status world_write(void *user, unsigned stream, const void *data, size_t size,
                             rp_report *report)
{
    (void)report;
    struct play *play = user;
    play->output = rp_print_bytes(play->output ^ stream, data, size);
    return RP_OK;
}

static rp_status world_read(void *user, void *data, size_t size, size_t *out_count,
                            rp_report *report)
{
    (void)report;
    struct play *play = user;
    size_t count = play->consumed > 300 ? 0 : size < 7 ? size : 7;
    memset(data, 'a' + (int)(play->consumed % 26), count);
    play->consumed += count;
    *out_count = count;
    return RP_OK;
}

static void fill_memory(uint8_t *memory)
{
    for (uint32_t i = 0; i < SCRIPT_PATH_COUNT; i++) {
        memcpy(memory + SCRIPT_PATHS + i * SCRIPT_PATH_BYTES, script_paths[i],
               strlen(script_paths[i]));
    }
    for (uint32_t i = 0; i < SCRIPT_VECTOR_COUNT; i++) {
        uint8_t *at = memory + SCRIPT_VECTORS + (size_t)i * RP_WASI_VECTOR_BYTES;
        rp_put_u32(at, SCRIPT_DATA + 256 * i);
        rp_put_u32(at + 4, i * 17);
    }
    for (uint32_t i = 0; i < 4096; i++) {
        memory[SCRIPT_DATA + i] = (uint8_t)('A' + i % 61);
    }
    memset(memory + SCRIPT_LONG, 'n', 256);
    for (uint32_t i = 0; i < 7000; i++) {
        memory[SCRIPT_DEEP + i] = (uint8_t)("../"[i % 3]);
    }
}

static bool must(rp_status status)
{
    RP_ASSERT(status == RP_OK);
    return true;
}

static void begin(struct play *play, const uint8_t *bytes, size_t size, bool clones_wanted)
{
    *play = (struct play){.clones_wanted = clones_wanted, .now_ns = START_NS};
    play->settings = size > 0 ? bytes[0] : 0;
    play->bytes = bytes + (size > 0);
    play->size = size - (size > 0);
    unsigned settings = play->settings;
    play->host = (struct rp_wasi_host){play, world_time, world_sleep, world_random, NULL};
    rp_wasi_config config;
    const char *args[] = {"fuzz", "", "third"};
    const char *env[] = {"A=b"};
    rp_wasi_config_init(&config);
    config.args = args;
    config.arg_count = RP_ARRAY_COUNT(args);
    config.env = env;
    config.env_count = RP_ARRAY_COUNT(env);
    config.vfs_bytes_max = (settings & SCRIPT_FEW_BYTES) != 0 ? 9000 : 100000;
    config.inodes_max = (settings & SCRIPT_FEW_BYTES) != 0 ? 24 : 200;
    config.descriptors_max = (settings & SCRIPT_FEW_DESCRIPTORS) != 0 ? 7 : 40;
    config.output_bytes_max = (settings & SCRIPT_LITTLE_OUTPUT) != 0 ? 20 : 0;
    config.time_ns = START_NS;
    config.read = (settings & SCRIPT_INPUT) != 0 ? world_read : NULL;
    config.write = world_write;
    config.user = play;
    rp_report report = {0};
    must(rp_wasi_create(&config, &play->wasi, &report));
    if ((settings & SCRIPT_DEFAULT_TREE) != 0) {
        must(rp_wasi_default_tree(play->wasi, &report));
    } else {
        must(rp_wasi_preopen(play->wasi, "/", false, &report));
    }
    must(rp_wasi_write_file(play->wasi, "/b", "contents of b", 13, &report));
    if ((settings & SCRIPT_READ_ONLY) != 0) {
        must(rp_wasi_preopen(play->wasi, "/", true, &report));
    }
    play->before = calloc(1, SCRIPT_MEMORY_BYTES);
    play->memory = calloc(1, SCRIPT_MEMORY_BYTES);
    RP_ASSERT(play->memory != NULL && play->before != NULL);
    fill_memory(play->memory);
}

static void end(struct play *play)
{
    const char *broken = rp_print_check_wasi(play->wasi);
    if (broken != NULL) {
        fail(play, NULL, broken);
    }
    for (unsigned i = 0; i < play->clone_count; i++) {
        if (rp_print_vfs(play->clones[i]) != play->clone_prints[i] ||
            rp_vfs_check(play->clones[i]) != NULL) {
            fail(play, NULL, "a clone of the tree has changed with the tree");
        }
        rp_vfs_destroy(play->clones[i]);
    }
    rp_wasi_destroy(play->wasi);
    free(play->memory);
    free(play->before);
}

/* Everything that a call may change, but memory. */
static uint64_t print_world(const struct play *play)
{
    uint64_t numbers[] = {rp_print_wasi(play->wasi), play->now_ns, play->random, play->output,
                          play->consumed};
    return rp_print_bytes(3, numbers, sizeof numbers);
}

/* ---- reading the input ---- */

static uint8_t take(struct play *play)
{
    if (play->size == 0) {
        return 0;
    }
    play->size--;
    return *play->bytes++;
}

static const uint64_t borders[] = {
    0,
    1,
    UINT32_MAX,
    UINT32_MAX - 1,
    UINT32_MAX - 7,
    0x7fffffff,
    0x80000000u,
    SCRIPT_MEMORY_BYTES,
    SCRIPT_MEMORY_BYTES - 1,
    SCRIPT_MEMORY_BYTES - 4,
    SCRIPT_MEMORY_BYTES - 8,
    SCRIPT_MEMORY_BYTES - 24,
    SCRIPT_MEMORY_BYTES - 56,
    SCRIPT_MEMORY_BYTES - 64,
    SCRIPT_MEMORY_BYTES + 1,
    UINT64_MAX,
    UINT64_MAX - 1,
    INT64_MAX,
    (uint64_t)INT64_MAX - 1,
    (uint64_t)INT64_MAX + 1,
    UINT64_C(1) << 32,
    (UINT64_C(1) << 32) + 1,
    (UINT64_C(1) << 32) + 8,
    4096,
    4097,
    1025,
    99999,
    100000,
    100001,
    SCRIPT_VECTORS,
    SCRIPT_SUBSCRIPTIONS,
    SCRIPT_PATHS,
};
_Static_assert(sizeof borders / sizeof *borders == 256 - SCRIPT_BORDER, "one for each byte");

static const uint64_t amounts[] = {0,    1,    2,    3,    4,    5,     7,     8,
                                   13,   17,   100,  255,  256,  300,   4000,  4095,
                                   4096, 4097, 8191, 8192, 9000, 20000, 65536, 1000000};

static const uint64_t rights[] = {RP_RIGHTS_INHERITED,
                                  RP_RIGHTS_DIRECTORY,
                                  RP_RIGHTS_FILE,
                                  RP_RIGHT_FD_READ,
                                  RP_RIGHT_FD_READ | RP_RIGHT_FD_WRITE,
                                  RP_RIGHT_FD_WRITE | RP_RIGHT_FD_SEEK,
                                  RP_RIGHT_PATH_OPEN | RP_RIGHT_FD_READDIR,
                                  0};

static void pick_path(uint8_t byte, uint64_t *args)
{
    uint32_t choice = byte % (uint32_t)SCRIPT_PATH_CHOICES;
    if (choice < SCRIPT_PATH_COUNT) {
        args[0] = SCRIPT_PATHS + choice * SCRIPT_PATH_BYTES;
        args[1] = strlen(script_paths[choice]);
        return;
    }
    static const struct range longs[] = {
        {SCRIPT_LONG, 255}, {SCRIPT_LONG, 256}, {SCRIPT_DEEP, 7000}, {SCRIPT_DEEP, 300}};
    args[0] = longs[choice - SCRIPT_PATH_COUNT].address;
    args[1] = longs[choice - SCRIPT_PATH_COUNT].size;
}

/* Something plausible for one or two parameters of a kind. */
static void pick(char kind, uint8_t byte, enum rp_wasi_version version, uint64_t *args)
{
    switch (kind) {
    case 'f':
        args[0] = byte % 12;
        break;
    case 'p':
        pick_path(byte, args);
        break;
    case 'v':
    case 'z':
        args[0] = SCRIPT_VECTORS + (byte & 7u) * RP_WASI_VECTOR_BYTES;
        args[1] = (byte >> 3) % 5u;
        break;
    case 'S':
        args[0] = SCRIPT_SUBSCRIPTIONS + (byte & 3u) * rp_wasi_layouts[version].subscription_bytes;
        break;
    case 'E':
        args[0] = SCRIPT_EVENTS + 8u * byte;
        break;
    case 'b':
    case 'P':
    case 'N':
    case 'D':
        args[0] = SCRIPT_BUFFER;
        args[1] = amounts[byte % RP_ARRAY_COUNT(amounts)];
        break;
    case 'A':
        args[0] = SCRIPT_RESULTS + byte;
        args[1] = SCRIPT_BUFFER + byte;
        break;
    case 'r':
        args[0] = byte < RP_ARRAY_COUNT(rights) ? rights[byte] : UINT64_C(1) << byte % 30;
        break;
    case 't':
    case 'd':
    case 'u':
        args[0] = (byte & 128u) != 0 ? 0 - amounts[byte % RP_ARRAY_COUNT(amounts)]
                                     : amounts[byte % RP_ARRAY_COUNT(amounts)];
        break;
    default:
        args[0] = strchr("48TRsqkE", kind) != NULL ? SCRIPT_RESULTS + 8u * byte : byte & 31u;
        break;
    }
}

static bool is_pair(char kind)
{
    return strchr(SCRIPT_PAIRS, kind) != NULL;
}

/* ---- what a call may write ---- */

static void allow(struct play *play, uint64_t address, uint64_t size)
{
    RP_ASSERT(play->range_count < RESULTS_MAX);
    play->ranges[play->range_count++] = (struct range){(uint32_t)address, size};
}

static void allow_vectors(struct play *play, const uint64_t *args)
{
    for (uint32_t i = 0; i < (uint32_t)args[1] && i < RP_WASI_VECTORS_MAX; i++) {
        uint64_t at = (uint32_t)args[0] + (uint64_t)i * RP_WASI_VECTOR_BYTES;
        if (at + RP_WASI_VECTOR_BYTES <= SCRIPT_MEMORY_BYTES) {
            allow(play, rp_get_u32(play->memory + at), rp_get_u32(play->memory + at + 4));
        }
    }
}

static void allow_results(struct play *play, char kind, enum rp_wasi_version version,
                          const uint64_t *args, const uint64_t *all)
{
    switch (kind) {
    case '4':
    case '8':
        allow(play, args[0], (uint64_t)(kind - '0'));
        break;
    case 'T':
        allow(play, args[0], 8);
        break;
    case 'R':
        allow(play, args[0], 2);
        break;
    case 's':
        allow(play, args[0], rp_wasi_layouts[version].filestat_bytes);
        break;
    case 'q':
        allow(play, args[0], RP_WASI_FDSTAT_BYTES);
        break;
    case 'k':
        allow(play, args[0], RP_WASI_PRESTAT_BYTES);
        break;
    case 'E':
        allow(play, args[0], (uint64_t)(uint32_t)all[2] * RP_WASI_EVENT_BYTES);
        break;
    case 'b':
    case 'P':
    case 'N':
    case 'D':
        allow(play, args[0], (uint32_t)args[1]);
        break;
    case 'A':
        allow(play, args[0], 4u * 3);
        allow(play, args[1], play->wasi->args.size);
        break;
    case 'z':
        allow_vectors(play, args);
        break;
    default:
        break;
    }
}

static uint64_t clip(uint64_t number)
{
    return number < SCRIPT_MEMORY_BYTES ? number : SCRIPT_MEMORY_BYTES;
}

/* Whether memory is as before, but for what was allowed. */
static bool memory_is_kept(const struct play *play)
{
    static uint8_t seen[SCRIPT_MEMORY_BYTES];
    memcpy(seen, play->memory, sizeof seen);
    for (unsigned i = 0; i < play->range_count; i++) {
        uint64_t from = clip(play->ranges[i].address);
        uint64_t to = clip(play->ranges[i].address + play->ranges[i].size);
        memcpy(seen + from, play->before + from, to - from);
    }
    return memcmp(seen, play->before, sizeof seen) == 0;
}

/* ---- records ---- */

/* Reads the arguments and notes what the call may write. */
static void read_args(struct play *play, const struct rp_wasi_function *function,
                      enum rp_wasi_version version, uint64_t args[RP_WASI_PARAMS_MAX])
{
    char kinds[RP_WASI_PARAMS_MAX] = {0};
    unsigned count = 0;
    for (const char *at = strchr(function->trace, ':'); at != NULL; at = strchr(at + 1, ':')) {
        uint8_t byte = take(play);
        if (byte < SCRIPT_BORDER) {
            pick(at[1], byte, version, args + count);
        } else {
            args[count] = borders[byte - SCRIPT_BORDER];
            if (is_pair(at[1])) {
                args[count + 1] = borders[take(play) % RP_ARRAY_COUNT(borders)];
            }
        }
        kinds[count] = at[1];
        count += is_pair(at[1]) ? 2 : 1;
    }
    RP_ASSERT(count == strlen(function->params));
    for (unsigned i = 0; i < count; i++) {
        args[i] = function->params[i] == 'I' ? args[i] : (uint32_t)args[i];
    }
    play->range_count = 0;
    for (unsigned i = 0; i < count; i++) {
        allow_results(play, kinds[i], version, args + i, args);
    }
}

static void check_answer(struct play *play, const struct rp_wasi_function *function,
                         uint32_t answer, bool injected, uint64_t before)
{
    if (answer == RP_WASI_FAILS && !injected) {
        fail(play, function, "the host fails, without a reason");
    }
    if (answer == RP_WASI_EXITS && function->returns &&
        function != &rp_wasi_functions[RP_WASI_INDEX_proc_raise]) {
        fail(play, function, "it exits");
    }
    if (answer >= RP_WASI_ERRNO_COUNT && answer != RP_WASI_FAILS && answer != RP_WASI_EXITS) {
        fail(play, function, "the error number does not exist");
    }
    uint64_t after = print_world(play);
    const char *broken = after != before ? rp_print_check_wasi(play->wasi) : NULL;
    if (broken != NULL) {
        fail(play, function, broken);
    }
    bool refused = answer != RP_WASI_ERRNO_SUCCESS && answer != RP_WASI_FAILS;
    play->range_count = refused ? 0 : play->range_count;
    if (refused && after != before) {
        (void)fprintf(stderr, "answer %u\n", answer);
        fail(play, function, "it is refused and has changed something");
    }
    if (!memory_is_kept(play)) {
        fail(play, function, "it has changed memory that is not its result");
    }
    uint64_t numbers[] = {answer, answer == RP_WASI_FAILS ? 0 : after};
    play->trail = rp_print_bytes(play->trail, numbers, sizeof numbers);
}

static void play_call(struct play *play, unsigned index)
{
    const struct rp_wasi_function *function = &rp_wasi_functions[index];
    enum rp_wasi_version version = take(play) % 2 == 0 ? RP_WASI_PREVIEW1 : RP_WASI_UNSTABLE;
    uint64_t args[RP_WASI_PARAMS_MAX + 1] = {0};
    if (function->preview1_only) {
        version = RP_WASI_PREVIEW1;
    }
    read_args(play, function, version, args);
    bool has_memory = (play->settings & SCRIPT_NO_MEMORY) == 0;
    struct rp_wasi_call call = {.wasi = play->wasi,
                                .host = &play->host,
                                .version = version,
                                .memory = has_memory ? play->memory : NULL,
                                .memory_size = has_memory ? SCRIPT_MEMORY_BYTES : 0,
                                .args = args};
    play->now_ns += (play->settings & SCRIPT_TICKS) != 0 && play->now_ns < UINT64_MAX - 1000;
    memcpy(play->before, play->memory, SCRIPT_MEMORY_BYTES);
    uint64_t before = print_world(play);
    uint64_t offered = rp_wasi_offered_bytes(function, &call);
    play->trail = rp_print_bytes(play->trail, &offered, sizeof offered);
    rp_alloc_inject(play->fail_at, 0);
    uint32_t answer = function->implementation(&call);
    rp_alloc_inject(0, 0);
    check_answer(play, function, answer, play->fail_at != 0, before);
    play->fail_at = 0;
    play->over = answer >= RP_WASI_ERRNO_COUNT;
}

static void play_patch(struct play *play)
{
    uint32_t address = take(play);
    address |= (uint32_t)take(play) << 8;
    for (uint32_t left = take(play) % 64u; left > 0; left--) {
        play->memory[address++ % SCRIPT_MEMORY_BYTES] = take(play);
    }
}

static void play_vector(struct play *play)
{
    uint8_t *at =
        play->memory + SCRIPT_VECTORS + (take(play) % SCRIPT_VECTOR_COUNT) * RP_WASI_VECTOR_BYTES;
    uint8_t address = take(play);
    uint8_t size = take(play);
    rp_put_u32(at, address < SCRIPT_BORDER ? SCRIPT_DATA + 16u * address
                                           : (uint32_t)borders[address - SCRIPT_BORDER]);
    rp_put_u32(at + 4, size < SCRIPT_BORDER
                           ? (uint32_t)amounts[size % RP_ARRAY_COUNT(amounts)] % 20001u
                           : (uint32_t)borders[size - SCRIPT_BORDER]);
}

static void play_subscription(struct play *play)
{
    uint32_t slot = take(play) % SCRIPT_SUBSCRIPTION_COUNT;
    const struct rp_wasi_layout *layout = &rp_wasi_layouts[take(play) % 2];
    uint8_t *at = play->memory + SCRIPT_SUBSCRIPTIONS + (size_t)slot * layout->subscription_bytes;
    uint8_t bytes[SCRIPT_SUBSCRIPTION_BYTES];
    for (unsigned i = 0; i < SCRIPT_SUBSCRIPTION_BYTES; i++) {
        bytes[i] = take(play);
    }
    memset(at, 0, layout->subscription_bytes);
    rp_put_u64(at, 1000u + slot);
    at[8] = bytes[0] % 4;
    if (at[8] != RP_EVENTTYPE_CLOCK) {
        rp_put_u32(at + RP_WASI_SUBSCRIPTION_FD, bytes[1]);
        return;
    }
    uint8_t *clock = at + layout->subscription_clock;
    rp_put_u32(clock, bytes[1] % 5u);
    rp_put_u64(clock + 8, bytes[2] < SCRIPT_BORDER ? START_NS * (bytes[2] & 1u) + 100u * bytes[2]
                                                   : borders[bytes[2] - SCRIPT_BORDER]);
    rp_put_u16(clock + 24, bytes[3] % 3u);
}

static void play_clone(struct play *play)
{
    if (play->clones_wanted && play->clone_count < CLONES_MAX) {
        struct rp_vfs *clone = rp_vfs_clone(play->wasi->vfs);
        RP_ASSERT(clone != NULL);
        play->clones[play->clone_count] = clone;
        play->clone_prints[play->clone_count++] = rp_print_vfs(clone);
    }
}

/* As a host would give a program one. */
static void play_pipe(struct play *play)
{
    struct rp_wasi_call call = {.wasi = play->wasi, .host = &play->host};
    uint32_t ends[2];
    uint32_t answer = rp_wasi_make_pipe(&call, 1u + take(play) * 40u, ends);
    const char *broken = rp_print_check_wasi(play->wasi);
    if (broken != NULL || answer >= RP_WASI_ERRNO_COUNT) {
        fail(play, NULL, broken != NULL ? broken : "a pipe cannot be made");
    }
    play->trail = rp_print_bytes(play->trail, &answer, sizeof answer);
}

/* The print of all that an input shows. */
static uint64_t play_input(const uint8_t *data, size_t size, bool clones_wanted)
{
    struct play play;
    begin(&play, data, size, clones_wanted);
    for (unsigned calls = 0; play.size > 0 && !play.over && calls < CALLS_MAX; calls++) {
        uint8_t byte = take(&play);
        if (byte < SCRIPT_PATCH) {
            play_call(&play, byte % RP_WASI_FUNCTION_COUNT);
        } else if (byte < SCRIPT_VECTOR) {
            play_patch(&play);
        } else if (byte < SCRIPT_SUBSCRIPTION) {
            play_vector(&play);
        } else if (byte < SCRIPT_FAIL) {
            play_subscription(&play);
        } else if (byte >= SCRIPT_PIPE && byte < SCRIPT_CLONE) {
            play_pipe(&play);
        } else if (byte < SCRIPT_PIPE) {
            play.fail_at = 1u + take(&play) % 16u;
        } else {
            play_clone(&play);
        }
    }
    uint64_t memory = rp_print_bytes(5, play.memory, SCRIPT_MEMORY_BYTES);
    uint64_t numbers[] = {play.trail, play.over ? 0 : print_world(&play), play.over ? 0 : memory};
    uint64_t print = rp_print_bytes(4, numbers, sizeof numbers);
    end(&play);
    return print;
}

/* Whether an allocation is made depends on what is shared with clones, so inputs that let some fail
 * run without. */
static bool fails_allocations(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] >= SCRIPT_FAIL && data[i] < SCRIPT_PIPE) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool clones_wanted = !fails_allocations(data, size);
    uint64_t first = play_input(data, size, false);
    uint64_t second = play_input(data, size, clones_wanted);
    if (first != second) {
        fail(NULL, NULL, "two runs differ");
    }
    return 0;
}
