/* The program that calls every WASI function (tests). */
#include "tests/walks/wasi_tour.h"

#include "core/assert.h"
#include "tests/support/wasm_builder.h"

/* Memory: what the plan puts there, then results, a buffer, answers. */
#define RESULT 8192u
#define RESULT_B 8256u
#define EVENTS 8320u
#define BUFFER 12288u
#define BUFFER_BYTES 4096u
#define BEYOND 0xfffffff0u
#define CLOSED 99u
#define ROOT 3u
#define FIRST 4u /* the number of what is opened first */
#define FOLLOW RP_LOOKUP_SYMLINK_FOLLOW

/* ---- writing the plan ---- */

static void add_call(struct rp_tour *tour, enum rp_wasi_version version, uint32_t expected,
                     enum rp_wasi_index function, const uint64_t args[RP_WASI_PARAMS_MAX])
{
    RP_ASSERT(tour->count < RP_TOUR_CALLS_MAX);
    struct rp_tour_call *call = &tour->calls[tour->count++];
    *call = (struct rp_tour_call){.version = version, .function = function, .expected = expected};
    memcpy(call->args, args, sizeof call->args);
}

/* CALL(errno, name, arguments): needs `tour` and `version`. */
#define CALL(errno, name, ...)                                           \
    add_call(tour, version, RP_WASI_ERRNO_##errno, RP_WASI_INDEX_##name, \
             (const uint64_t[RP_WASI_PARAMS_MAX]){__VA_ARGS__})

static uint32_t put_data(struct rp_tour *tour, const void *data, size_t size)
{
    uint32_t address = (tour->data_size + 7u) & ~7u;
    RP_ASSERT(address + size <= sizeof tour->data);
    memcpy(tour->data + address, data, size);
    tour->data_size = address + (uint32_t)size;
    return address;
}

/* Two arguments: a text in memory and its length. */
#define TEXT(text) put_data(tour, text, strlen(text)), strlen(text)

static uint32_t put_vector(struct rp_tour *tour, uint32_t address, uint32_t size)
{
    uint8_t vector[RP_WASI_VECTOR_BYTES];
    rp_put_u32(vector, address);
    rp_put_u32(vector + 4, size);
    return put_data(tour, vector, sizeof vector);
}

static uint32_t put_clock(struct rp_tour *tour, enum rp_wasi_version version, uint32_t clock,
                          uint64_t timeout)
{
    const struct rp_wasi_layout *layout = &rp_wasi_layouts[version];
    uint8_t subscription[64] = {0};
    subscription[8] = RP_EVENTTYPE_CLOCK;
    rp_put_u32(subscription + layout->subscription_clock, clock);
    rp_put_u64(subscription + layout->subscription_clock + 8, timeout);
    return put_data(tour, subscription, layout->subscription_bytes);
}

static uint32_t put_descriptor(struct rp_tour *tour, enum rp_wasi_version version, uint32_t fd)
{
    uint8_t subscription[64] = {0};
    subscription[8] = RP_EVENTTYPE_FD_READ;
    rp_put_u32(subscription + RP_WASI_SUBSCRIPTION_FD, fd);
    return put_data(tour, subscription, rp_wasi_layouts[version].subscription_bytes);
}

/* ---- the stations ---- */

static void visit_process(struct rp_tour *tour, enum rp_wasi_version version)
{
    CALL(SUCCESS, args_sizes_get, RESULT, RESULT_B);
    CALL(FAULT, args_sizes_get, RESULT, BEYOND);
    CALL(SUCCESS, args_get, RESULT, BUFFER);
    CALL(FAULT, args_get, BEYOND, BUFFER);
    CALL(SUCCESS, environ_sizes_get, RESULT, RESULT_B);
    CALL(FAULT, environ_sizes_get, BEYOND, RESULT_B);
    CALL(SUCCESS, environ_get, RESULT, BUFFER);
    CALL(FAULT, environ_get, RESULT, BEYOND);
    CALL(SUCCESS, clock_res_get, RP_CLOCK_REALTIME, RESULT);
    CALL(INVAL, clock_res_get, 4, RESULT);
    CALL(SUCCESS, clock_time_get, RP_CLOCK_MONOTONIC, 1, RESULT);
    CALL(FAULT, clock_time_get, RP_CLOCK_REALTIME, 1, BEYOND);
    CALL(SUCCESS, random_get, BUFFER, 100);
    CALL(FAULT, random_get, BUFFER, UINT32_MAX);
    CALL(SUCCESS, sched_yield, 0);
    CALL(SUCCESS, proc_raise, 17);
    CALL(INVAL, proc_raise, 31);
    CALL(SUCCESS, poll_oneoff, put_clock(tour, version, RP_CLOCK_REALTIME, 1000), EVENTS, 1,
         RESULT);
    CALL(SUCCESS, poll_oneoff, put_descriptor(tour, version, 0), EVENTS, 1, RESULT);
    CALL(INVAL, poll_oneoff, 0, EVENTS, 0, RESULT);
    CALL(FAULT, poll_oneoff, BEYOND, EVENTS, 1, RESULT);
}

static void visit_streams(struct rp_tour *tour, enum rp_wasi_version version)
{
    uint32_t two = put_vector(tour, put_data(tour, "hello ", 6), 6);
    (void)put_vector(tour, put_data(tour, "world\n", 6), 6);
    uint32_t apart[2] = {put_vector(tour, BUFFER, 3), put_vector(tour, BUFFER + 100, 2)};
    RP_ASSERT(apart[1] == apart[0] + RP_WASI_VECTOR_BYTES);
    CALL(SUCCESS, fd_write, 1, two, 1, RESULT);
    CALL(SUCCESS, fd_write, 2, two, 1, RESULT);
    CALL(BADF, fd_write, 0, two, 1, RESULT);
    CALL(SUCCESS, fd_read, 0, apart[0], 2, RESULT);
    CALL(BADF, fd_read, 1, apart[0], 2, RESULT);
    CALL(SPIPE, fd_seek, 1, 0, 0, RESULT);
    CALL(SUCCESS, fd_fdstat_get, 1, RESULT);
    CALL(SUCCESS, fd_filestat_get, 0, RESULT);
    if (version == RP_WASI_PREVIEW1) {
        CALL(NOTSOCK, sock_accept, 0, 0, RESULT);
    }
    CALL(NOTSOCK, sock_recv, 0, apart[0], 2, 0, RESULT, RESULT_B);
    CALL(BADF, sock_send, CLOSED, two, 1, 0, RESULT);
    CALL(NOTSOCK, sock_shutdown, 1, 3);
}

/* Opens, fills, changes and examines a file; it stays. */
static void visit_file(struct rp_tour *tour, enum rp_wasi_version version)
{
    uint32_t out = put_vector(tour, put_data(tour, "0123456789", 10), 10);
    uint32_t in = put_vector(tour, BUFFER, 7);
    uint32_t whence[RP_WASI_VERSION_COUNT] = {RP_WHENCE_SET, 2};
    CALL(SUCCESS, path_open, ROOT, FOLLOW, TEXT("tmp/f"), RP_OFLAG_CREAT, RP_RIGHTS_FILE, 0, 0,
         RESULT);
    CALL(EXIST, path_open, ROOT, FOLLOW, TEXT("tmp/f"), RP_OFLAG_CREAT | RP_OFLAG_EXCL,
         RP_RIGHTS_FILE, 0, 0, RESULT);
    CALL(SUCCESS, fd_write, FIRST, out, 1, RESULT);
    CALL(SUCCESS, fd_pwrite, FIRST, out, 1, 5000, RESULT);
    CALL(INVAL, fd_pwrite, FIRST, out, 1, UINT64_MAX, RESULT);
    CALL(SUCCESS, fd_seek, FIRST, 4, whence[version], RESULT);
    CALL(INVAL, fd_seek, FIRST, 4, 3, RESULT);
    CALL(SUCCESS, fd_read, FIRST, in, 1, RESULT);
    CALL(SUCCESS, fd_pread, FIRST, in, 1, 2, RESULT);
    CALL(FAULT, fd_pread, FIRST, BEYOND, 1, 2, RESULT);
    CALL(SUCCESS, fd_tell, FIRST, RESULT);
    CALL(BADF, fd_tell, ROOT, RESULT);
    CALL(SUCCESS, fd_advise, FIRST, 0, 10, 3);
    CALL(INVAL, fd_advise, FIRST, 0, 10, 6);
    CALL(SUCCESS, fd_allocate, FIRST, 0, 9000);
    CALL(NOSPC, fd_allocate, FIRST, 0, INT64_MAX);
    CALL(SUCCESS, fd_filestat_set_size, FIRST, 4097);
    CALL(INVAL, fd_filestat_set_size, FIRST, UINT64_MAX);
    CALL(SUCCESS, fd_filestat_set_times, FIRST, 12345, 0, RP_FSTFLAG_ATIM | RP_FSTFLAG_MTIM_NOW);
    CALL(INVAL, fd_filestat_set_times, FIRST, 12345, 0, RP_FSTFLAG_ATIM | RP_FSTFLAG_ATIM_NOW);
    CALL(SUCCESS, fd_filestat_get, FIRST, RESULT);
    CALL(BADF, fd_filestat_get, CLOSED, RESULT);
    CALL(SUCCESS, fd_fdstat_get, FIRST, RESULT);
    CALL(FAULT, fd_fdstat_get, FIRST, BEYOND);
    CALL(SUCCESS, fd_fdstat_set_flags, FIRST, RP_FDFLAG_APPEND);
    CALL(INVAL, fd_fdstat_set_flags, FIRST, 32);
    CALL(SUCCESS, fd_datasync, FIRST);
    CALL(BADF, fd_datasync, CLOSED);
    CALL(SUCCESS, fd_sync, FIRST);
    CALL(BADF, fd_sync, CLOSED);
    CALL(SUCCESS, fd_fdstat_set_rights, FIRST, RP_RIGHT_FD_READ, 0);
    CALL(NOTCAPABLE, fd_fdstat_set_rights, FIRST, RP_RIGHTS_FILE, 0);
    CALL(SUCCESS, path_open, ROOT, FOLLOW, TEXT("dev/zero"), 0, RP_RIGHTS_FILE, 0, 0, RESULT);
    CALL(SUCCESS, fd_read, FIRST + 1, in, 1, RESULT);
    CALL(SUCCESS, fd_renumber, FIRST + 1, FIRST);
    CALL(BADF, fd_renumber, FIRST + 1, FIRST);
    CALL(SUCCESS, fd_close, FIRST);
    CALL(BADF, fd_close, FIRST);
    CALL(SUCCESS, path_open, ROOT, FOLLOW, TEXT("tmp/f"), RP_OFLAG_TRUNC, RP_RIGHTS_FILE, 0, 0,
         RESULT);
    CALL(SUCCESS, fd_close, FIRST);
}

static void visit_paths(struct rp_tour *tour, enum rp_wasi_version version)
{
    CALL(SUCCESS, path_create_directory, ROOT, TEXT("tmp/d"));
    CALL(EXIST, path_create_directory, ROOT, TEXT("tmp/d"));
    CALL(SUCCESS, path_symlink, TEXT("d/.."), ROOT, TEXT("tmp/l"));
    CALL(EXIST, path_symlink, TEXT("d"), ROOT, TEXT("tmp/l"));
    CALL(SUCCESS, path_readlink, ROOT, TEXT("tmp/l"), BUFFER, 2, RESULT);
    CALL(INVAL, path_readlink, ROOT, TEXT("tmp"), BUFFER, 2, RESULT);
    CALL(SUCCESS, path_link, ROOT, 0, TEXT("tmp/f"), ROOT, TEXT("tmp/l/g"));
    CALL(PERM, path_link, ROOT, 0, TEXT("tmp/d"), ROOT, TEXT("tmp/h"));
    CALL(SUCCESS, path_filestat_get, ROOT, FOLLOW, TEXT("tmp/l"), RESULT);
    CALL(NOENT, path_filestat_get, ROOT, FOLLOW, TEXT("tmp/no"), RESULT);
    CALL(SUCCESS, path_filestat_set_times, ROOT, 0, TEXT("tmp/l"), 1, 2,
         RP_FSTFLAG_ATIM | RP_FSTFLAG_MTIM);
    CALL(INVAL, path_filestat_set_times, ROOT, 2, TEXT("tmp/l"), 1, 2, RP_FSTFLAG_ATIM);
    CALL(SUCCESS, path_open, ROOT, FOLLOW, TEXT("tmp"), RP_OFLAG_DIRECTORY, RP_RIGHTS_DIRECTORY,
         RP_RIGHTS_INHERITED, 0, RESULT);
    CALL(SUCCESS, fd_readdir, FIRST, BUFFER, 60, 0, RESULT);
    CALL(INVAL, fd_readdir, FIRST, BUFFER, 60, 12345678, RESULT);
    CALL(SUCCESS, path_rename, FIRST, TEXT("f"), FIRST, TEXT("d/f"));
    CALL(INVAL, path_rename, FIRST, TEXT("d"), FIRST, TEXT("d/e"));
    CALL(BUSY, path_rename, FIRST, TEXT("g"), ROOT, TEXT("dev/null"));
    CALL(SUCCESS, fd_readdir, FIRST, BUFFER, BUFFER_BYTES, RP_VFS_COOKIE_DOT, RESULT);
    CALL(SUCCESS, path_unlink_file, FIRST, TEXT("d/f"));
    CALL(ISDIR, path_unlink_file, FIRST, TEXT("d"));
    CALL(SUCCESS, path_unlink_file, FIRST, TEXT("g"));
    CALL(SUCCESS, path_unlink_file, FIRST, TEXT("l"));
    CALL(SUCCESS, path_remove_directory, FIRST, TEXT("d/"));
    CALL(NOENT, path_remove_directory, FIRST, TEXT("d/"));
    CALL(SUCCESS, fd_close, FIRST);
    CALL(SUCCESS, fd_prestat_get, ROOT, RESULT);
    CALL(BADF, fd_prestat_get, FIRST, RESULT);
    CALL(SUCCESS, fd_prestat_dir_name, ROOT, BUFFER, 1);
    CALL(NAMETOOLONG, fd_prestat_dir_name, ROOT, BUFFER, 0);
}

void rp_tour_plan(struct rp_tour *tour)
{
    *tour = (struct rp_tour){.data_size = 64};
    for (unsigned number = 0; number < RP_WASI_VERSION_COUNT; number++) {
        enum rp_wasi_version version = (enum rp_wasi_version)number;
        visit_process(tour, version);
        visit_streams(tour, version);
        visit_file(tour, version);
        visit_paths(tour, version);
    }
    enum rp_wasi_version version = RP_WASI_PREVIEW1;
    CALL(SUCCESS, proc_exit, 0);
}

/* ---- the module ---- */

static void import_functions(struct rp_wasm *wasm,
                             uint32_t funcs[RP_WASI_VERSION_COUNT][RP_WASI_FUNCTION_COUNT])
{
    static const char *const names[RP_WASI_VERSION_COUNT] = {"wasi_snapshot_preview1",
                                                             "wasi_unstable"};
    for (unsigned version = 0; version < RP_WASI_VERSION_COUNT; version++) {
        for (unsigned i = 0; i < RP_WASI_FUNCTION_COUNT; i++) {
            const struct rp_wasi_function *function = &rp_wasi_functions[i];
            char params[RP_WASI_PARAMS_MAX + 1] = {0};
            for (size_t k = 0; function->params[k] != '\0'; k++) {
                params[k] = function->params[k] == 'I' ? 'l' : 'i';
            }
            if (version == RP_WASI_PREVIEW1 || !function->preview1_only) {
                uint32_t type = rp_wasm_type(wasm, params, function->returns ? "i" : "");
                funcs[version][i] = rp_wasm_import_func(wasm, names[version], function->name, type);
            }
        }
    }
}

void rp_tour_build(const struct rp_tour *tour, struct rp_buffer *out)
{
    static uint32_t funcs[RP_WASI_VERSION_COUNT][RP_WASI_FUNCTION_COUNT];
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    import_functions(&wasm, funcs);
    rp_wasm_export(&wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(&wasm, 1, 1));
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC,
                   rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), ""));
    for (uint32_t i = 0; i < tour->count; i++) {
        const struct rp_tour_call *call = &tour->calls[i];
        const struct rp_wasi_function *function = &rp_wasi_functions[call->function];
        rp_wasm_i32_const(&wasm, (int32_t)(RP_TOUR_ANSWERS + 4 * i));
        for (size_t k = 0; function->params[k] != '\0'; k++) {
            if (function->params[k] == 'I') {
                rp_wasm_i64_const(&wasm, (int64_t)call->args[k]);
            } else {
                rp_wasm_i32_const(&wasm, (int32_t)(uint32_t)call->args[k]);
            }
        }
        rp_wasm_op_index(&wasm, RP_OP_call, funcs[call->version][call->function]);
        if (function->returns) {
            rp_wasm_op_memory(&wasm, RP_OP_i32_store, 2, 0);
        } else {
            rp_wasm_op(&wasm, RP_OP_drop);
        }
    }
    rp_wasm_func_end(&wasm);
    rp_wasm_data(&wasm, 0, tour->data, tour->data_size);
    struct rp_span bytes = rp_wasm_finish(&wasm);
    rp_buffer_append(out, bytes.data, bytes.size);
    RP_ASSERT(!out->failed);
    rp_wasm_deinit(&wasm);
}
