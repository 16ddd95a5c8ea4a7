/* The file tree against a folder of the host: bench_vfs FOLDER [FILES [ROUNDS]]
 *
 * FOLDER should be on tmpfs. Each round does the same on a fresh tree and in a fresh folder, one
 * phase after the other on both, FILES files in folders of 1,000. Prints one line for each phase:
 * its name, nanoseconds of CPU for each file in the tree and on the host (medians of the rounds);
 * then `clone` with those for cloning and destroying the whole tree and for the first write into a
 * clone, and `held` with the bytes of native memory for each byte stored in files of 64 KiB + 1
 * and of 1 MiB. */
#define _GNU_SOURCE /* mkdtemp */

#include "vfs/vfs.h"
#include "core/platform.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_FILES 1000u
#define FILE_BYTES 4096u
#define NAME_BYTES 48u
#define ROUNDS_MAX 99u
#define CLONES 20000u

#define PHASES(X) \
    X(create)     \
    X(open)       \
    X(write)      \
    X(read)       \
    X(rename)     \
    X(readdir)    \
    X(unlink)

enum phase {
#define X(name) PHASE_##name,
    PHASES(X)
#undef X
        PHASE_COUNT
};

static const char *const phase_names[PHASE_COUNT] = {
#define X(name) #name,
    PHASES(X)
#undef X
};

struct bench {
    struct rp_allocator allocator;
    struct rp_vfs *vfs;
    int folder;
    unsigned files;
    char (*names)[NAME_BYTES]; /* of files; made beforehand */
    char (*others)[NAME_BYTES];
    uint8_t data[FILE_BYTES];
    uint64_t ours_ns[PHASE_COUNT][ROUNDS_MAX];
    uint64_t host_ns[PHASE_COUNT][ROUNDS_MAX];
};

static const struct rp_vfs_start at_root = {.directory = RP_VFS_ROOT};

static _Noreturn void stop(const char *what, const char *path)
{
    (void)fprintf(stderr, "bench_vfs: %s failed: %s\n", what, path);
    exit(1);
}

static void must(bool done, const char *what, const char *path)
{
    if (!done) {
        stop(what, path);
    }
}

static struct rp_vfs_path path_of(const char *text)
{
    return (struct rp_vfs_path){text, strlen(text)};
}

/* Names of no order: the low digits first. */
static void name_file(char name[NAME_BYTES], unsigned file, const char *word)
{
    (void)snprintf(name, NAME_BYTES, "d%u/%03u-%s-%u", file / FOLDER_FILES, file * 7919u % 1000u,
                   word, file);
}

static void name_folder(char name[NAME_BYTES], unsigned folder)
{
    (void)snprintf(name, NAME_BYTES, "d%u", folder);
}

/* ---- the tree ---- */

static void do_our_file(struct bench *bench, enum phase phase, const char *name, const char *other)
{
    static const unsigned flags[] = {
        [PHASE_create] = RP_VFS_OPEN_CREATE | RP_VFS_OPEN_WRITE,
        [PHASE_open] = RP_VFS_OPEN_FOLLOW,
        [PHASE_write] = RP_VFS_OPEN_WRITE | RP_VFS_OPEN_FOLLOW,
        [PHASE_read] = RP_VFS_OPEN_FOLLOW,
    };
    struct rp_vfs *vfs = bench->vfs;
    uint64_t inode = RP_VFS_NONE;
    size_t count = FILE_BYTES;
    enum rp_vfs_error error = RP_VFS_OK;
    if (phase == PHASE_rename) {
        error = rp_vfs_rename(vfs, at_root, path_of(name), at_root, path_of(other));
    } else if (phase == PHASE_unlink) {
        error = rp_vfs_unlink(vfs, at_root, path_of(other));
    } else {
        error = rp_vfs_open(vfs, at_root, path_of(name), flags[phase], &inode);
        if (error == RP_VFS_OK && phase == PHASE_write) {
            error = rp_vfs_write(vfs, inode, 0, bench->data, FILE_BYTES, &count);
        } else if (error == RP_VFS_OK && phase == PHASE_read) {
            error = rp_vfs_read(vfs, inode, 0, bench->data, FILE_BYTES, &count);
        }
        error = error == RP_VFS_OK ? rp_vfs_drop(vfs, inode) : error;
    }
    must(error == RP_VFS_OK && count == FILE_BYTES, phase_names[phase], name);
}

static unsigned list_our_folder(struct bench *bench, const char *name)
{
    uint64_t inode = RP_VFS_NONE;
    struct rp_vfs_entry entry = {.cookie = RP_VFS_COOKIE_START};
    bool found = true;
    unsigned count = 0;
    bool done = rp_vfs_open(bench->vfs, at_root, path_of(name), RP_VFS_OPEN_DIRECTORY, &inode) ==
                    RP_VFS_OK &&
                rp_vfs_reader_begin(bench->vfs, inode) == RP_VFS_OK;
    while (done && found) {
        uint64_t cookie = entry.cookie;
        done = rp_vfs_list(bench->vfs, inode, cookie, &found, &entry) == RP_VFS_OK;
        count += found;
        if (found && count % 64 == 0) { /* as a reader with a buffer does */
            done = rp_vfs_reader_gave(bench->vfs, inode, entry.cookie) == RP_VFS_OK;
        }
    }
    done = done && rp_vfs_reader_end(bench->vfs, inode) == RP_VFS_OK &&
           rp_vfs_drop(bench->vfs, inode) == RP_VFS_OK;
    must(done, "listing", name);
    return count;
}

/* ---- the host ---- */

static void do_host_file(struct bench *bench, enum phase phase, const char *name, const char *other)
{
    static const int flags[] = {
        [PHASE_create] = O_CREAT | O_WRONLY,
        [PHASE_open] = O_RDONLY,
        [PHASE_write] = O_WRONLY,
        [PHASE_read] = O_RDONLY,
    };
    bool done = true;
    if (phase == PHASE_rename) {
        done = renameat(bench->folder, name, bench->folder, other) == 0;
    } else if (phase == PHASE_unlink) {
        done = unlinkat(bench->folder, other, 0) == 0;
    } else {
        int file = openat(bench->folder, name, flags[phase], 0644);
        done = file >= 0;
        if (done && phase == PHASE_write) {
            done = pwrite(file, bench->data, FILE_BYTES, 0) == FILE_BYTES;
        } else if (done && phase == PHASE_read) {
            done = pread(file, bench->data, FILE_BYTES, 0) == FILE_BYTES;
        }
        done = done && close(file) == 0;
    }
    must(done, phase_names[phase], name);
}

static unsigned list_host_folder(struct bench *bench, const char *name)
{
    int folder = openat(bench->folder, name, O_RDONLY | O_DIRECTORY);
    DIR *listing = folder >= 0 ? fdopendir(folder) : NULL;
    must(listing != NULL, "listing", name);
    unsigned count = 0;
    while (readdir(listing) != NULL) {
        count++;
    }
    must(closedir(listing) == 0, "listing", name);
    return count;
}

/* ---- rounds ---- */

static uint64_t time_phase(struct bench *bench, enum phase phase, bool ours)
{
    unsigned listed = 0;
    uint64_t start = rp_platform_cpu_ns();
    if (phase == PHASE_readdir) {
        for (unsigned folder = 0; folder < bench->files / FOLDER_FILES; folder++) {
            char name[NAME_BYTES];
            name_folder(name, folder);
            listed += ours ? list_our_folder(bench, name) : list_host_folder(bench, name);
        }
        must(listed == bench->files / FOLDER_FILES * (FOLDER_FILES + 2), "listing", "count");
    } else {
        for (unsigned file = 0; file < bench->files; file++) {
            if (ours) {
                do_our_file(bench, phase, bench->names[file], bench->others[file]);
            } else {
                do_host_file(bench, phase, bench->names[file], bench->others[file]);
            }
        }
    }
    return (rp_platform_cpu_ns() - start) / bench->files;
}

static void make_tree(struct bench *bench)
{
    struct rp_vfs_limits limits = {.bytes_max = UINT64_C(1) << 40, .inodes_max = UINT32_MAX};
    bench->vfs = rp_vfs_create(&bench->allocator, &limits, 0);
    must(bench->vfs != NULL, "making", "the tree");
    for (unsigned folder = 0; folder < bench->files / FOLDER_FILES; folder++) {
        char name[NAME_BYTES];
        name_folder(name, folder);
        must(rp_vfs_make_directory(bench->vfs, at_root, path_of(name)) == RP_VFS_OK, "mkdir", name);
    }
}

static void do_round(struct bench *bench, const char *top, unsigned round)
{
    char path[512];
    char name[NAME_BYTES];
    (void)snprintf(path, sizeof path, "%s/reprise-bench-XXXXXX", top);
    must(mkdtemp(path) != NULL, "mkdtemp", path);
    bench->folder = open(path, O_RDONLY | O_DIRECTORY);
    must(bench->folder >= 0, "open", path);
    make_tree(bench);
    unsigned folders = bench->files / FOLDER_FILES;
    for (unsigned folder = 0; folder < folders; folder++) {
        name_folder(name, folder);
        must(mkdirat(bench->folder, name, 0755) == 0, "mkdir", name);
    }
    for (unsigned phase = 0; phase < PHASE_COUNT; phase++) {
        bench->ours_ns[phase][round] = time_phase(bench, phase, true);
        bench->host_ns[phase][round] = time_phase(bench, phase, false);
    }
    for (unsigned folder = 0; folder < folders; folder++) {
        name_folder(name, folder);
        must(unlinkat(bench->folder, name, AT_REMOVEDIR) == 0, "rmdir", name);
    }
    must(close(bench->folder) == 0 && rmdir(path) == 0, "rmdir", path);
    rp_vfs_destroy(bench->vfs);
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return (*left > *right) - (*left < *right);
}

static uint64_t median(uint64_t *values, unsigned count)
{
    qsort(values, count, sizeof *values, compare_numbers);
    return values[count / 2];
}

/* ---- clones and bytes ---- */

static void time_clones(struct bench *bench, unsigned rounds)
{
    static struct rp_vfs *clones[CLONES];
    static uint64_t ns[3][ROUNDS_MAX];
    make_tree(bench);
    (void)time_phase(bench, PHASE_create, true);
    (void)time_phase(bench, PHASE_write, true);
    const char *name = bench->names[bench->files / 2];
    uint64_t inode = RP_VFS_NONE;
    size_t count = 0;
    must(rp_vfs_resolve(bench->vfs, at_root, path_of(name), true, &inode) == RP_VFS_OK, "finding",
         name);
    for (unsigned round = 0; round < rounds; round++) {
        uint64_t times[4];
        times[0] = rp_platform_cpu_ns();
        for (unsigned i = 0; i < CLONES; i++) {
            clones[i] = rp_vfs_clone(bench->vfs);
            must(clones[i] != NULL, "cloning", "the tree");
        }
        times[1] = rp_platform_cpu_ns();
        for (unsigned i = 0; i < CLONES; i++) {
            must(rp_vfs_write(clones[i], inode, 0, "x", 1, &count) == RP_VFS_OK, "writing", name);
        }
        times[2] = rp_platform_cpu_ns();
        for (unsigned i = 0; i < CLONES; i++) {
            rp_vfs_destroy(clones[i]);
        }
        times[3] = rp_platform_cpu_ns();
        for (unsigned i = 0; i < 3; i++) {
            ns[i][round] = (times[i + 1] - times[i]) / CLONES;
        }
    }
    printf("clone %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", median(ns[0], rounds),
           median(ns[1], rounds), median(ns[2], rounds));
    rp_vfs_destroy(bench->vfs);
}

/* Native bytes for each byte of 100 files, names and inodes included. */
static double bytes_held(struct bench *bench, uint64_t size)
{
    make_tree(bench);
    uint64_t before = bench->allocator.used_bytes;
    for (unsigned file = 0; file < 100; file++) {
        const char *name = bench->names[file];
        uint64_t inode = RP_VFS_NONE;
        bool done = rp_vfs_open(bench->vfs, at_root, path_of(name), RP_VFS_OPEN_CREATE, &inode) ==
                    RP_VFS_OK;
        for (uint64_t at = 0; done && at < size;) {
            uint64_t left = size - at;
            size_t count = left < FILE_BYTES ? (size_t)left : FILE_BYTES;
            done = rp_vfs_write(bench->vfs, inode, at, bench->data, count, &count) == RP_VFS_OK;
            at += count;
        }
        must(done && rp_vfs_drop(bench->vfs, inode) == RP_VFS_OK, "filling", name);
    }
    double held = (double)(bench->allocator.used_bytes - before) / (100.0 * (double)size);
    rp_vfs_destroy(bench->vfs);
    return held;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    bench.files = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 100000;
    unsigned rounds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 5;
    if (argc < 2 || bench.files < FOLDER_FILES || bench.files % FOLDER_FILES != 0 || rounds == 0 ||
        rounds > ROUNDS_MAX) {
        (void)fprintf(stderr,
                      "use: %s FOLDER [FILES [ROUNDS]] (FILES in thousands, ROUNDS to %u)\n",
                      argv[0], ROUNDS_MAX);
        return 2;
    }
    rp_allocator_init(&bench.allocator, 0);
    memset(bench.data, 7, sizeof bench.data);
    bench.names = malloc(bench.files * sizeof *bench.names);
    bench.others = malloc(bench.files * sizeof *bench.others);
    must(bench.names != NULL && bench.others != NULL, "malloc", "names");
    for (unsigned file = 0; file < bench.files; file++) {
        name_file(bench.names[file], file, "file");
        name_file(bench.others[file], file, "renamed");
    }
    for (unsigned round = 0; round < rounds; round++) {
        do_round(&bench, argv[1], round);
    }
    for (unsigned phase = 0; phase < PHASE_COUNT; phase++) {
        printf("%s %" PRIu64 " %" PRIu64 "\n", phase_names[phase],
               median(bench.ours_ns[phase], rounds), median(bench.host_ns[phase], rounds));
    }
    time_clones(&bench, rounds);
    printf("held %.3f %.3f\n", bytes_held(&bench, 65537), bytes_held(&bench, 1048576));
    free(bench.names);
    free(bench.others);
    return 0;
}
