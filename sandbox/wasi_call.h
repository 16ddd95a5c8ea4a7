/* One call of a WASI function, without the engine (layer 4): guest memory is a pointer and a
 * size, the store is five functions.
 *
 * Contract of every implementation: all pointers, lengths and flags are checked before anything
 * changes; what is refused changes nothing. The answer is an error number, or RP_WASI_EXITS or
 * RP_WASI_FAILS. */
#ifndef RP_SANDBOX_WASI_CALL_H
#define RP_SANDBOX_WASI_CALL_H

#include "core/assert.h"
#include "core/report.h"
#include "engine/store_part.h"
#include "reprise/wasi.h"
#include "sandbox/descriptor.h"
#include "sandbox/wasi_abi.h"
#include "vfs/vfs.h"

#include <stdatomic.h>
#include <string.h>

#define RP_WASI_EXITS 0x10000u /* the program ends with call->exit_code */
#define RP_WASI_FAILS 0x10001u /* the host failed; call->report says how */

/* What WASI needs of the store that it is defined for. */
struct rp_wasi_host {
    void *context;
    uint64_t (*time_ns)(void *context);
    void (*sleep_ns)(void *context, uint64_t ns);
    void (*random_bytes)(void *context, void *data, size_t size);
    void (*count_input)(
        void *context); /* a host event: the embedder was asked; NULL: not counted */
};

struct rp_wasi_function;

/* A function offered to a store: what its callback is handed. */
struct rp_wasi_binding {
    struct rp_wasi *wasi;
    const struct rp_wasi_function *function;
    enum rp_wasi_version version;
};

/* Arguments and environment, each: as much as Linux gives a process. */
#define RP_WASI_STRINGS_BYTES_MAX 2097152u

/* Strings as args_get and environ_get lay them out: each with its terminating zero. */
struct rp_wasi_strings {
    char *bytes; /* a shared text (sandbox/shared_text.h); NULL: none */
    uint32_t size;
    uint32_t count;
};

struct rp_wasi_import {
    char *host;
    char *guest;
    uint8_t hash[32];
};

struct rp_wasi {
    struct rp_allocator allocator;
    struct rp_store *store; /* that it is defined for; NULL before, and when the store is gone */
    struct rp_vfs *vfs;
    struct rp_descriptor_table descriptors;
    struct rp_wasi_strings args;
    struct rp_wasi_strings env;
    rp_wasi_read read;
    rp_wasi_write write;
    void *user;
    uint64_t output_bytes;
    uint64_t output_bytes_max;
    uint64_t start_ns; /* virtual time when it was defined: start of the run */
    uint64_t slept_ns; /* by poll_oneoff: no processor time */
    struct rp_wasi_import *imports;
    uint32_t import_count;
    uint32_t import_capacity;
    rp_wasi_trace trace; /* NULL: nobody watches */
    void *trace_user;
    rp_wasi_trace_format trace_format;
    atomic_bool export_stopped;
    struct rp_wasi_binding *bindings; /* RP_WASI_BINDING_COUNT of them, once defined */
    struct rp_store_part part;        /* of the store that it is defined for (wasi_part.h) */
};

struct rp_wasi_call {
    struct rp_wasi *wasi;
    const struct rp_wasi_host *host;
    enum rp_wasi_version version; /* the module name that the guest called it by */
    uint8_t *memory;
    uint64_t memory_size;
    const uint64_t *args; /* i32 zero-extended */
    uint32_t exit_code;
    rp_report report;
};

typedef uint32_t (*rp_wasi_implementation)(struct rp_wasi_call *call);

#define RP_WASI(name, versions, params, offer, lengths, trace) \
    uint32_t rp_wasi_##name(struct rp_wasi_call *call);
#include "sandbox/wasi.def"
#undef RP_WASI

/* ---- the table (wasi_table.c) ---- */

enum rp_wasi_offer {
    RP_OFFER_NONE,
    RP_OFFER_LENGTHS,
    RP_OFFER_VECTORS,
    RP_OFFER_SUBSCRIPTIONS,
    RP_OFFER_ARGS,
    RP_OFFER_ENVIRONMENT,
};

struct rp_wasi_function {
    const char *name;
    const char *params;
    const char *trace;
    bool preview1_only;
    rp_wasi_implementation implementation;
    enum rp_wasi_offer offer;
    unsigned lengths;
    bool returns;
};

#define RP_WASI_PARAMS_MAX 9

enum rp_wasi_index {
#define RP_WASI(name, versions, params, offer, lengths, trace) RP_WASI_INDEX_##name,
#include "sandbox/wasi.def"
#undef RP_WASI
    RP_WASI_FUNCTION_COUNT
};

/* By version, then by function; the places of functions that a version has not stay empty. */
#define RP_WASI_BINDING_COUNT ((unsigned)RP_WASI_VERSION_COUNT * (unsigned)RP_WASI_FUNCTION_COUNT)

extern const struct rp_wasi_function rp_wasi_functions[RP_WASI_FUNCTION_COUNT];
extern const char *const rp_wasi_version_names[RP_WASI_VERSION_COUNT]; /* names of modules */
/* "noent" in upper case: "NOENT" */
extern const char *const rp_wasi_errno_names[RP_WASI_ERRNO_COUNT];

/* The bytes that a call offers, from its arguments alone; changes nothing. Saturates. */
uint64_t rp_wasi_offered_bytes(const struct rp_wasi_function *function,
                               const struct rp_wasi_call *call);

/* ---- arguments and guest memory ---- */

static inline uint32_t rp_arg_u32(const struct rp_wasi_call *call, unsigned index)
{
    return (uint32_t)call->args[index];
}

/* The guest's bytes at `address`, NULL if they are not all inside of its memory. Never NULL for
 * an empty range inside. */
static inline uint8_t *rp_guest_bytes(const struct rp_wasi_call *call, uint32_t address,
                                      uint64_t size)
{
    static uint8_t none; /* a module without memory has no address but may name empty ranges at 0 */
    if (address > call->memory_size || size > call->memory_size - address) {
        return NULL;
    }
    return call->memory != NULL ? call->memory + address : &none;
}

static inline uint16_t rp_get_u16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint32_t rp_get_u32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t rp_get_u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline void rp_put_u16(uint8_t *at, uint16_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline void rp_put_u32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline void rp_put_u64(uint8_t *at, uint64_t value)
{
    memcpy(at, &value, sizeof value);
}

/* The error number of an error of the tree; NOMEM is a host failure. */
uint32_t rp_wasi_from_vfs(struct rp_wasi_call *call, enum rp_vfs_error error);
uint32_t rp_wasi_fail_memory(struct rp_wasi_call *call);
/* Tells the tree the virtual time. */
void rp_wasi_touch_clock(struct rp_wasi_call *call);
/* What one of the clocks (RP_CLOCK_*) says at a virtual time (wasi_misc.c). */
uint64_t rp_wasi_clock_value(const struct rp_wasi *wasi, uint32_t clock, uint64_t now_ns);
/* The open descriptor of parameter `index`, NULL if there is none. */
struct rp_descriptor *rp_wasi_descriptor(const struct rp_wasi_call *call, unsigned index);
/* The layouts of the module name that the call came by. */
static inline const struct rp_wasi_layout *rp_wasi_layout_of(const struct rp_wasi_call *call)
{
    return &rp_wasi_layouts[call->version];
}
/* Writes a filestat, rp_wasi_layout_of(call)->filestat_bytes of them. */
void rp_wasi_store_filestat(const struct rp_wasi_call *call, uint8_t *at,
                            const struct rp_vfs_stat *stat);
uint32_t rp_wasi_filetype(enum rp_vfs_kind kind);
/* Sets the times that `flags` (fstflags) name. */
uint32_t rp_wasi_set_times(struct rp_wasi_call *call, uint64_t inode, uint64_t accessed_ns,
                           uint64_t modified_ns, uint32_t flags);

/* An array of (pointer, length) pairs, checked: every range lies in memory. */
struct rp_wasi_vectors {
    uint32_t count;
    uint64_t total;
    struct {
        uint8_t *bytes;
        uint32_t size;
    } items[RP_WASI_VECTORS_MAX];
};
/* SUCCESS, FAULT, or INVAL: too many, more than 2^31-1 bytes, or (`writes`) ranges that overlap. */
uint32_t rp_wasi_load_vectors(const struct rp_wasi_call *call, uint32_t address, uint32_t count,
                              bool writes, struct rp_wasi_vectors *out_vectors);

/* ---- the border (wasi_border.c) ---- */

/* Up to `size` bytes of input; 0 at its end. All input of the guest passes here. */
uint32_t rp_wasi_bring_input(struct rp_wasi_call *call, void *data, size_t size, size_t *out_count);
/* What of `size` bytes the output limit allows, to stream 1 or 2; DQUOT if that is nothing. All
 * output of the guest passes here. */
uint32_t rp_wasi_take_output(struct rp_wasi_call *call, unsigned stream, const void *data,
                             size_t size, size_t *out_count);

/* ---- devices and pipes (wasi_stream.c) ---- */

/* The device can be read (written). */
uint32_t rp_wasi_read_device(struct rp_wasi_call *call, uint32_t device,
                             const struct rp_wasi_vectors *vectors, uint32_t *out_total);
uint32_t rp_wasi_write_device(struct rp_wasi_call *call, uint32_t device,
                              const struct rp_wasi_vectors *vectors, uint32_t *out_total);
/* AGAIN where POSIX would wait. */
uint32_t rp_wasi_read_pipe(struct rp_wasi_call *call, uint64_t inode,
                           const struct rp_wasi_vectors *vectors, uint32_t *out_total);
uint32_t rp_wasi_write_pipe(struct rp_wasi_call *call, uint64_t inode,
                            const struct rp_wasi_vectors *vectors, uint32_t *out_total);
/* A pipe and descriptors of its two ends, the reading one first: the lowest free numbers. MFILE,
 * NOSPC (the capacity counts as bytes of the tree), DQUOT, INVAL (capacity). */
uint32_t rp_wasi_make_pipe(struct rp_wasi_call *call, uint32_t capacity, uint32_t out_fds[2]);

/* All rights that a descriptor of a device can have (wasi_path.c). */
struct rp_device;
uint64_t rp_wasi_device_rights(const struct rp_device *device);

/* ---- imports and preopens (wasi.c) ---- */

/* A guest path of the embedder as a path from the root; ERROR_ARGUMENT for `..` and for one that
 * is empty. */
rp_status rp_wasi_guest_path(const char *guest_path, struct rp_vfs_path *out_path,
                             rp_report *report);
/* Makes every directory on the path that is not there. */
enum rp_vfs_error rp_wasi_make_directories(struct rp_vfs *vfs, struct rp_vfs_path path);
rp_status rp_wasi_report_vfs(rp_report *report, const char *path, enum rp_vfs_error error);
/* Preopens the directory at the path, which exists. */
rp_status rp_wasi_add_preopen(struct rp_wasi *wasi, const char *guest_path, bool read_only,
                              rp_report *report);
char *rp_wasi_copy_string(struct rp_allocator *allocator, const char *text);
void rp_wasi_free_string(struct rp_allocator *allocator, char *text); /* NULL is a no-op */

#endif
