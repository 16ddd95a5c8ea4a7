/* WASI preview 1 for Reprise: a guest tree in memory, descriptors, arguments, environment,
 * streams (docs/wasi.md).
 *
 * Life: create from a configuration, import folders and files, define for one store, run;
 * destroy after the store. Everything the guest sees is state: files are in memory, time is
 * virtual, random bytes come from the store. The only ways in and out are the imports and the
 * two stream callbacks.
 *
 * Threads: an rp_wasi belongs to the thread of its store. Paths and names are bytes without
 * U+0000; guest paths are absolute or taken from the root, and `..` is refused in them. */
#ifndef REPRISE_WASI_H
#define REPRISE_WASI_H

#include "reprise/reprise.h"
#include "reprise/snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rp_wasi rp_wasi;

/* Brings input in: up to `size` bytes of standard input into `data`, *out_count of them; 0 is
 * the end of the input. May wait. All input of the guest passes here. On failure it writes a
 * report and returns its status: a host failure, which the guest never sees. */
typedef rp_status (*rp_wasi_read)(void *user, void *data, size_t size, size_t *out_count,
                                  rp_report *report);
/* Takes output out: all `size` bytes, for `stream` 1 (standard output) or 2 (standard error).
 * Failure as above: stdout closed, disk full. */
typedef rp_status (*rp_wasi_write)(void *user, unsigned stream, const void *data, size_t size,
                                   rp_report *report);

typedef struct rp_wasi_config {
    size_t struct_size;      /* sizeof(rp_wasi_config) */
    const char *const *args; /* args[0] is argv[0]; copied */
    size_t arg_count;
    const char *const *env; /* "NAME=value" each; the whole environment; copied */
    size_t env_count;
    /* bytes of files, symlinks and names; 0: RP_WASI_DEFAULT_VFS_BYTES */
    uint64_t vfs_bytes_max;
    uint32_t inodes_max; /* files, directories, symlinks; 0: RP_WASI_DEFAULT_INODES */
    /* open at once, standard streams included; 0: RP_WASI_DEFAULT_DESCRIPTORS */
    uint32_t descriptors_max;
    /* bytes of stdout and stderr together; 0: no limit. What does not fit answers `dquot` */
    uint64_t output_bytes_max;
    /* times of everything that exists at the start; use the store's time_ns */
    uint64_t time_ns;
    rp_wasi_read read;               /* NULL: standard input is empty */
    rp_wasi_write write;             /* NULL: output is counted and dropped */
    void *user;                      /* handed to both */
    uint64_t allocation_limit_bytes; /* native memory; 0: no limit. Reaching it is a host failure */
} rp_wasi_config;

#define RP_WASI_DEFAULT_VFS_BYTES 1073741824u
#define RP_WASI_DEFAULT_INODES 1048576u
#define RP_WASI_DEFAULT_DESCRIPTORS 1024u

/* the defaults: no arguments, empty environment, RP_DEFAULT_TIME_NS */
RP_API void rp_wasi_config_init(rp_wasi_config *config);

/* ERROR_ARGUMENT by name: an environment entry without a name or `=`. */
RP_API rp_status rp_wasi_create(const rp_wasi_config *config, rp_wasi **out_wasi,
                                rp_report *report);
/* After the store that it is defined for. NULL is a no-op. */
RP_API void rp_wasi_destroy(rp_wasi *wasi);

/* Offers the functions of `wasi_snapshot_preview1` and of `wasi_unstable` (docs/wasi.md lists them)
 * to the modules instantiated later. Once per rp_wasi: a second call is ERROR_STATE. The rp_wasi
 * must outlive the store. */
RP_API rp_status rp_wasi_define(rp_wasi *wasi, rp_store *store, rp_report *report);

/* Fills in what an rp_wasi must have for a restore of this snapshot (rp_store_restore): its quotas.
 * The rest (files, descriptors, arguments, environment, counts) comes with the restore. *out_found
 * false: the snapshot has no WASI state. */
RP_API rp_status rp_wasi_config_from_snapshot(const void *snapshot, size_t size,
                                              const rp_restore_options *options,
                                              rp_wasi_config *config, bool *out_found,
                                              rp_report *report);

/* Copies the folder `host_path` into the guest's tree as `guest_path` and preopens it under
 * exactly that name. Folders that exist are merged; a file that exists, a device, a socket, a
 * pipe and a loop of symlinks in `host_path` itself are refused by name, with nothing done.
 * Symlinks are kept as symlinks. Contents, names and kinds count; the host's order, times,
 * owners and permissions do not. `read_only`: writing through this preopen answers `rofs`.
 * ERROR_IO, ERROR_LIMIT (a quota), ERROR_ARGUMENT, ERROR_NO_MEMORY. */
RP_API rp_status rp_wasi_import_dir(rp_wasi *wasi, const char *host_path, const char *guest_path,
                                    bool read_only, rp_report *report);

/* What was imported by rp_wasi_import_dir, in order of the calls; strings borrowed. `hash` is
 * BLAKE2b-256 of the canonical listing (docs/wasi.md). */
typedef struct rp_wasi_import_info {
    const char *host;
    const char *guest;
    uint8_t hash[32];
} rp_wasi_import_info;
RP_API size_t rp_wasi_import_count(const rp_wasi *wasi);
RP_API rp_wasi_import_info rp_wasi_import(const rp_wasi *wasi, size_t index); /* index < count */

/* Preopens a directory of the guest's tree, made (with its parents) if it is not there. Preopens
 * get the descriptors from 3 in order of these calls and of rp_wasi_import_dir. ERROR_STATE
 * after rp_wasi_define. */
RP_API rp_status rp_wasi_preopen(rp_wasi *wasi, const char *guest_path, bool read_only,
                                 rp_report *report);

/* Makes a file with these bytes, parents included; an existing file is replaced. Once the rp_wasi
 * is defined for a store, a host event, unless it happens inside of a host function; and
 * ERROR_STATE after a timeout or an interrupt. */
RP_API rp_status rp_wasi_write_file(rp_wasi *wasi, const char *guest_path, const void *data,
                                    size_t size, rp_report *report);

typedef enum rp_wasi_kind {
    RP_WASI_FILE,
    RP_WASI_DIRECTORY,
    RP_WASI_SYMLINK,
    RP_WASI_DEVICE
} rp_wasi_kind;

/* What is at a path; a symlink at its end is not followed. ERROR_NOT_FOUND. */
RP_API rp_status rp_wasi_stat(const rp_wasi *wasi, const char *guest_path, rp_wasi_kind *out_kind,
                              uint64_t *out_size, rp_report *report);
/* Reads up to `size` bytes from `offset` of a file (of a symlink: its target). *out_count below
 * `size` only at the end. */
RP_API rp_status rp_wasi_read_file(const rp_wasi *wasi, const char *guest_path, uint64_t offset,
                                   void *data, size_t size, size_t *out_count, rp_report *report);

/* The usual places: `/tmp`, `/home/user`, `/bin`, `/usr/bin`, and `/dev` with the devices null,
 * zero, full, random, urandom, stdin, stdout and stderr (docs/wasi.md); preopens `/`. What exists
 * already stays. ERROR_STATE after rp_wasi_define. */
RP_API rp_status rp_wasi_default_tree(rp_wasi *wasi, rp_report *report);

/* Writes a folder or a file of the guest's tree to the host: first beside `host_path`, under a name
 * of its own, then renamed, so that `host_path` is there whole or not at all. Symlinks stay
 * symlinks, inodes with several links are written once and linked, devices and pipes are left out.
 * Nothing is followed (but a symlink at `guest_path` itself, in the guest's tree: `host_path` is
 * always a folder or a file) and nothing outside of the new folder is written. Files have mode
 * 0644, folders 0755 (less the umask), and the guest's times; holes stay holes. `host_path` may be
 * absent or an empty folder; something else is replaced in one step if `replace`, else refused with
 * ERROR_ARGUMENT, as is a mount point. ERROR_NOT_FOUND (no such guest path), ERROR_IO,
 * ERROR_NO_MEMORY. */
RP_API rp_status rp_wasi_export(const rp_wasi *wasi, const char *guest_path, const char *host_path,
                                bool replace, rp_report *report);
/* Says beforehand whether rp_wasi_export could write to `host_path` (its folder exists, nothing is
 * in the way). Nothing is left behind. */
RP_API rp_status rp_wasi_check_export(const char *host_path, bool replace, rp_report *report);
/* Lets an rp_wasi_export that runs, and every later one, end with ERROR_STATE and nothing written.
 * From any thread, also from a signal handler. */
RP_API void rp_wasi_stop_export(rp_wasi *wasi);

typedef enum rp_wasi_trace_format { RP_WASI_TRACE_TEXT, RP_WASI_TRACE_JSON } rp_wasi_trace_format;
/* Takes one call of the guest, as a line without its end (docs/wasi.md, "Trace"). Failure is a host
 * failure. */
typedef rp_status (*rp_wasi_trace)(void *user, const char *line, size_t size, rp_report *report);
/* Lets every later call be told, after it was executed, with its arguments, results, error number,
 * price and gas position. NULL: none. No effect on results or gas. */
RP_API void rp_wasi_set_trace(rp_wasi *wasi, rp_wasi_trace_format format, rp_wasi_trace trace,
                              void *user);

RP_API uint64_t rp_wasi_output_bytes(const rp_wasi *wasi); /* bytes of stdout and stderr so far */
RP_API uint64_t rp_wasi_vfs_bytes(const rp_wasi *wasi);    /* as vfs_bytes_max counts them */

#ifdef __cplusplus
}
#endif

#endif
