/* Writes the corpus of fuzz_wasi (tests): small sequences of calls, each with something of its own.
 * Run by hand when a part is added: make_wasi_corpus FOLDER. */
#include "tests/fuzz/wasi_script.h"

#include <stdio.h>
#include <stdlib.h>

struct script {
    uint8_t bytes[8192];
    size_t size;
};

static void put_bytes(struct script *script, const uint8_t *bytes, size_t size)
{
    RP_ASSERT(script->size + size <= sizeof script->bytes);
    memcpy(script->bytes + script->size, bytes, size);
    script->size += size;
}

/* BYTES(script, 1, 2, 3) */
#define BYTES(script, ...) \
    put_bytes(script, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__})
/* CALL(script, fd_close, version, a byte for each thing) */
#define CALL(script, name, ...) BYTES(script, (uint8_t)RP_WASI_INDEX_##name, __VA_ARGS__)

enum { ONE = 0, OLD = 1 }; /* the versions */

static uint8_t path(const char *text)
{
    for (uint8_t i = 0; i < SCRIPT_PATH_COUNT; i++) {
        if (strcmp(script_paths[i], text) == 0) {
            return i;
        }
    }
    RP_ASSERT(text == NULL);
    return 0;
}

enum { ALL = 0, AS_DIRECTORY = 1, AS_FILE = 2, MAKE = 1, ONLY_DIRECTORY = 2, CUT = 8 };

static void open_path(struct script *script, const char *name, uint8_t oflags, uint8_t rights)
{
    CALL(script, path_open, ONE, 3, 1, path(name), oflags, rights, ALL, 0, 40);
}

static void write_files(struct script *script)
{
    BYTES(script, SCRIPT_TICKS);
    open_path(script, "a", MAKE, AS_FILE); /* 4 */
    CALL(script, fd_write, ONE, 4, 8 * 4 + 3, 1);
    CALL(script, fd_seek, ONE, 4, 2, 0, 2);
    CALL(script, fd_read, ONE, 4, 8 * 2 + 5, 3);
    CALL(script, fd_pwrite, ONE, 4, 8 * 1 + 6, 17, 1);
    CALL(script, fd_pread, OLD, 4, 8 * 1 + 6, 3, 1);
    CALL(script, fd_tell, OLD, 4, 5);
    CALL(script, fd_seek, OLD, 4, 2, 2, 5);
    CALL(script, fd_allocate, ONE, 4, 10, 18);
    CALL(script, fd_filestat_set_size, ONE, 4, 10);
    CALL(script, fd_filestat_set_times, ONE, 4, 5, 6, 5);
    CALL(script, fd_filestat_get, OLD, 4, 60);
    CALL(script, fd_filestat_get, ONE, 4, 60);
    CALL(script, fd_fdstat_set_flags, ONE, 4, 1);
    CALL(script, fd_write, ONE, 4, 8 * 2 + 3, 1);
    CALL(script, fd_advise, ONE, 4, 0, 0, 3);
    CALL(script, fd_datasync, ONE, 4);
    CALL(script, fd_sync, ONE, 4);
    BYTES(script, SCRIPT_CLONE);
    CALL(script, fd_write, ONE, 4, 8 * 2 + 3, 1);
    CALL(script, fd_close, ONE, 4);
}

static void write_tree(struct script *script)
{
    BYTES(script, SCRIPT_TICKS | SCRIPT_DEFAULT_TREE);
    CALL(script, path_create_directory, ONE, 3, path("d"));
    CALL(script, path_create_directory, ONE, 3, path("d/d"));
    CALL(script, path_symlink, ONE, path("d/d"), 3, path("l"));
    open_path(script, "l/a", MAKE, AS_FILE);
    CALL(script, path_link, ONE, 3, 1, path("d/d/a"), 3, path("c"));
    BYTES(script, SCRIPT_CLONE);
    CALL(script, path_rename, ONE, 3, path("c"), 3, path("d/a"));
    CALL(script, path_rename, ONE, 3, path("d"), 3, path("d/d"));
    CALL(script, path_rename, ONE, 3, path("d/d"), 3, path("m"));
    CALL(script, path_unlink_file, ONE, 3, path("d/a"));
    CALL(script, path_remove_directory, ONE, 3, path("d/"));
    CALL(script, path_remove_directory, ONE, 3, path("d/.."));
    CALL(script, path_filestat_get, OLD, 3, 1, path("l"), 70);
    CALL(script, path_filestat_get, ONE, 3, 0, path("l"), 70);
    CALL(script, path_filestat_set_times, ONE, 3, 1, path("b"), 3, 4, 10);
    CALL(script, path_readlink, ONE, 3, path("l"), 5, 1);
    CALL(script, path_unlink_file, ONE, 3, path("l"));
}

/* A listing goes on while its entries go. */
static void write_listing(struct script *script)
{
    BYTES(script, 0);
    static const char *const names[] = {"a", "c", "e//f", "m", "a b", "d"};
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        CALL(script, path_create_directory, ONE, 3, path(names[i]));
    }
    open_path(script, ".", ONLY_DIRECTORY, AS_DIRECTORY); /* 4 */
    for (uint8_t cookie = 0; cookie < 7; cookie++) {
        CALL(script, fd_readdir, cookie % 2, 4, 10, cookie, 1);
        CALL(script, path_remove_directory, ONE, 3, path(names[cookie % RP_ARRAY_COUNT(names)]));
        CALL(script, path_create_directory, ONE, 3, path("d/d"));
    }
    BYTES(script, SCRIPT_CLONE);
    CALL(script, fd_readdir, ONE, 4, 13, 0, 1);
    CALL(script, fd_renumber, ONE, 4, 3);
    CALL(script, fd_readdir, ONE, 3, 13, 0, 1);
    CALL(script, fd_close, ONE, 3);
}

static void write_devices(struct script *script)
{
    BYTES(script, SCRIPT_DEFAULT_TREE | SCRIPT_INPUT | SCRIPT_LITTLE_OUTPUT);
    static const char *const names[] = {"dev/null",  "dev/zero",   "dev/full", "dev/random",
                                        "dev/stdin", "dev/stdout", "dev"};
    for (uint8_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        open_path(script, names[i], CUT * (i % 2), AS_FILE);
        CALL(script, fd_read, ONE, 4 + i, 8 * 3 + 2, 1);
        CALL(script, fd_write, ONE, 4 + i, 8 * 3 + 2, 1);
        CALL(script, fd_seek, ONE, 4 + i, 4, 0, 1);
        CALL(script, fd_filestat_get, ONE, 4 + i, 60);
        CALL(script, fd_fdstat_get, ONE, 4 + i, 60);
        CALL(script, fd_allocate, ONE, 4 + i, 0, 3);
        CALL(script, path_unlink_file, ONE, 3, path(names[i]));
        CALL(script, path_rename, ONE, 3, path("b"), 3, path(names[i]));
    }
}

static void write_quotas(struct script *script)
{
    BYTES(script, SCRIPT_FEW_BYTES | SCRIPT_FEW_DESCRIPTORS | SCRIPT_LITTLE_OUTPUT);
    open_path(script, "a", MAKE, AS_FILE);
    BYTES(script, SCRIPT_VECTOR, 0, 0, 15, SCRIPT_VECTOR, 1, 50, 20);
    CALL(script, fd_write, ONE, 4, 8 * 2, 1);
    CALL(script, fd_pwrite, ONE, 4, 8 * 1, 15, 1);
    CALL(script, fd_pwrite, ONE, 4, 8 * 1, 18, 1);
    CALL(script, fd_write, ONE, 1, 8 * 1 + 1, 1);
    CALL(script, fd_write, ONE, 1, 8 * 1 + 1, 1);
    CALL(script, fd_write, ONE, 2, 8 * 1 + 1, 1);
    for (uint8_t i = 0; i < 12; i++) {
        open_path(script, script_paths[i], MAKE, ALL);
        CALL(script, path_create_directory, ONE, 3, i);
    }
    CALL(script, path_create_directory, ONE, 3, (uint8_t)SCRIPT_PATH_COUNT);
    CALL(script, path_create_directory, ONE, 3, (uint8_t)SCRIPT_PATH_COUNT + 1);
    CALL(script, path_create_directory, ONE, 3, (uint8_t)SCRIPT_PATH_COUNT + 2);
    CALL(script, path_symlink, ONE, path("l"), 3, path("l"));
    open_path(script, "l/a", MAKE, ALL);
}

static void write_polls(struct script *script)
{
    BYTES(script, SCRIPT_INPUT | SCRIPT_TICKS);
    open_path(script, "b", 0, AS_FILE);
    for (uint8_t version = ONE; version <= OLD; version++) {
        BYTES(script, SCRIPT_SUBSCRIPTION, 0, version, 0, 1, 7, 0);
        BYTES(script, SCRIPT_SUBSCRIPTION, 1, version, 0, 0, 9, 1);
        BYTES(script, SCRIPT_SUBSCRIPTION, 2, version, 1, 4, 0, 0);
        BYTES(script, SCRIPT_SUBSCRIPTION, 3, version, 2, 1, 0, 0);
        CALL(script, poll_oneoff, version, 0, 0, 1, 1);
        CALL(script, poll_oneoff, version, 0, 0, 2, 1);
        CALL(script, poll_oneoff, version, 0, 0, 4, 1);
        CALL(script, poll_oneoff, version, 3, 0, 1, 1);
        CALL(script, clock_time_get, version, 1, 0, 3);
    }
}

static void write_pipes(struct script *script)
{
    BYTES(script, SCRIPT_TICKS, SCRIPT_PIPE, 3); /* 4 reads, 5 writes */
    CALL(script, fd_read, ONE, 4, 8 * 2 + 3, 1);
    for (int i = 0; i < 4; i++) {
        CALL(script, fd_write, ONE, 5, 8 * 2 + 3, 1);
    }
    BYTES(script, SCRIPT_CLONE, SCRIPT_SUBSCRIPTION, 0, ONE, 1, 4, 0, 0);
    BYTES(script, SCRIPT_SUBSCRIPTION, 1, ONE, 2, 5, 0, 0);
    CALL(script, poll_oneoff, ONE, 0, 0, 2, 1);
    CALL(script, fd_read, ONE, 4, 8 * 2 + 3, 1);
    CALL(script, fd_seek, ONE, 4, 0, 0, 1);
    CALL(script, fd_filestat_get, ONE, 4, 60);
    CALL(script, fd_fdstat_get, ONE, 5, 60);
    CALL(script, fd_close, ONE, 4);
    CALL(script, fd_write, ONE, 5, 8 * 2 + 3, 1);
    CALL(script, poll_oneoff, ONE, 0, 0, 2, 1);
    CALL(script, fd_close, ONE, 5);
    BYTES(script, SCRIPT_PIPE, 200);
    CALL(script, fd_close, ONE, 5);
    CALL(script, fd_read, ONE, 4, 8 * 2 + 3, 1);
    CALL(script, fd_renumber, ONE, 4, 1);
}

static void write_rest(struct script *script)
{
    BYTES(script, SCRIPT_READ_ONLY);
    for (uint8_t version = ONE; version <= OLD; version++) {
        CALL(script, args_sizes_get, version, 1, 2);
        CALL(script, args_get, version, 1);
        CALL(script, environ_sizes_get, version, 1, 2);
        CALL(script, environ_get, version, 1);
        CALL(script, clock_res_get, version, 2, 1);
        CALL(script, fd_prestat_get, version, 3, 1);
        CALL(script, fd_prestat_dir_name, version, 3, 1);
        CALL(script, fd_fdstat_get, version, 3, 1);
        CALL(script, fd_fdstat_set_rights, version, 4, 6, 7);
        CALL(script, random_get, version, 10);
        CALL(script, sched_yield, version);
        CALL(script, sock_accept, version, 1, 0, 1);
        CALL(script, sock_recv, version, 1, 8, 0, 1, 2);
        CALL(script, sock_send, version, 1, 8, 0, 1);
        CALL(script, sock_shutdown, version, 9, 1);
        CALL(script, proc_raise, version, 17);
        CALL(script, path_create_directory, version, 4, path("a"));
        CALL(script, path_open, version, 4, 1, path("b"), 0, AS_FILE, ALL, 0, 40);
    }
    CALL(script, proc_exit, ONE, 7);
}

/* Every function with a bad argument in each of its places. */
static void write_borders(struct script *script)
{
    BYTES(script, SCRIPT_READ_ONLY);
    for (uint8_t index = 0; index < RP_WASI_FUNCTION_COUNT; index++) {
        if (index == RP_WASI_INDEX_proc_exit || index == RP_WASI_INDEX_proc_raise) {
            continue;
        }
        static const uint8_t bad[] = {SCRIPT_BORDER + 2, SCRIPT_BORDER + 9, SCRIPT_BORDER + 15};
        for (size_t i = 0; i < RP_ARRAY_COUNT(bad); i++) {
            BYTES(script, index, (uint8_t)(i & 1u));
            for (const char *at = strchr(rp_wasi_functions[index].trace, ':'); at != NULL;
                 at = strchr(at + 1, ':')) {
                bool pair = strchr(SCRIPT_PAIRS, at[1]) != NULL;
                put_bytes(script, (const uint8_t[]){bad[i], bad[2 - i]}, pair ? 2 : 1);
            }
        }
    }
}

static void write_failures(struct script *script)
{
    BYTES(script, 0, SCRIPT_FAIL, 0);
    CALL(script, path_create_directory, ONE, 3, path("d"));
    for (uint8_t k = 0; k < 6; k++) {
        BYTES(script, SCRIPT_FAIL, k);
        CALL(script, path_open, ONE, 3, 1, path("a"), MAKE, AS_FILE, ALL, 0, 40);
    }
}

static void write_no_memory(struct script *script)
{
    BYTES(script, SCRIPT_NO_MEMORY);
    for (uint8_t index = 0; index < RP_WASI_FUNCTION_COUNT; index++) {
        BYTES(script, index, ONE, 3, SCRIPT_BORDER, SCRIPT_BORDER, SCRIPT_BORDER, SCRIPT_BORDER);
    }
}

static const struct {
    const char *name;
    void (*write)(struct script *script);
} seeds[] = {
    {"files", write_files},       {"tree", write_tree},           {"listing", write_listing},
    {"devices", write_devices},   {"quotas", write_quotas},       {"polls", write_polls},
    {"rest", write_rest},         {"pipes", write_pipes},         {"borders", write_borders},
    {"failures", write_failures}, {"no_memory", write_no_memory},
};

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_wasi_corpus FOLDER\n");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < RP_ARRAY_COUNT(seeds); i++) {
        char place[4096];
        static struct script script;
        script.size = 0;
        seeds[i].write(&script);
        (void)snprintf(place, sizeof place, "%s/%s", argv[1], seeds[i].name);
        FILE *file = fopen(place, "wb");
        bool good = file != NULL && fwrite(script.bytes, 1, script.size, file) == script.size;
        good = file != NULL && fclose(file) == 0 && good;
        if (!good) {
            perror(place);
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
