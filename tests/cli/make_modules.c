/* Writes the modules that tests/cli runs into a folder (tests): make_cli_modules FOLDER. */
#include "tests/support/wasm_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WASI "wasi_snapshot_preview1"

static const char *folder;

static void write_module(struct rp_wasm *wasm, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/%s.wasm", folder, name);
    struct rp_span bytes = rp_wasm_finish(wasm);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes.data, 1, bytes.size, file) != bytes.size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    rp_wasm_deinit(wasm);
}

static void call(struct rp_wasm *wasm, uint32_t func)
{
    rp_wasm_op_index(wasm, RP_OP_call, func);
}

static void constants(struct rp_wasm *wasm, size_t count, const int32_t *values)
{
    for (size_t i = 0; i < count; i++) {
        rp_wasm_i32_const(wasm, values[i]);
    }
}
#define CONSTANTS(wasm, ...) \
    constants(wasm, sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t), (int32_t[]){__VA_ARGS__})

/* Stores an i32 that an earlier instruction left at `address` as a vector's length. */
static void copy_word(struct rp_wasm *wasm, int32_t from, int32_t to)
{
    rp_wasm_i32_const(wasm, to);
    rp_wasm_i32_const(wasm, from);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_op_memory(wasm, RP_OP_i32_store, 2, 0);
}

static void store_word(struct rp_wasm *wasm, int32_t address, int32_t value)
{
    rp_wasm_i32_const(wasm, address);
    rp_wasm_i32_const(wasm, value);
    rp_wasm_op_memory(wasm, RP_OP_i32_store, 2, 0);
}

/* fd_write(fd, vector at 0, 1, 12). */
static void write_vector(struct rp_wasm *wasm, uint32_t fd_write, int32_t fd)
{
    CONSTANTS(wasm, fd, 0, 1, 12);
    call(wasm, fd_write);
    rp_wasm_op(wasm, RP_OP_drop);
}

static void make_hello(void)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t fd_write =
        rp_wasm_import_func(&wasm, WASI, "fd_write", rp_wasm_type(&wasm, "iiii", "i"));
    rp_wasm_export(&wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(&wasm, 1, RP_WASM_NO_MAX));
    uint32_t start = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    store_word(&wasm, 0, 64);
    store_word(&wasm, 4, 6);
    write_vector(&wasm, fd_write, 1);
    store_word(&wasm, 0, 80);
    store_word(&wasm, 4, 4);
    write_vector(&wasm, fd_write, 2);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, start);
    rp_wasm_data(&wasm, 64, "hello\n", 6);
    rp_wasm_data(&wasm, 80, "err\n", 4);
    write_module(&wasm, "hello");
}

/* Writes what `sizes_get` and `get` of the arguments or the environment give. */
static void make_strings(const char *name, const char *sizes_name, const char *get_name)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t pair = rp_wasm_type(&wasm, "ii", "i");
    uint32_t fd_write =
        rp_wasm_import_func(&wasm, WASI, "fd_write", rp_wasm_type(&wasm, "iiii", "i"));
    uint32_t sizes = rp_wasm_import_func(&wasm, WASI, sizes_name, pair);
    uint32_t get = rp_wasm_import_func(&wasm, WASI, get_name, pair);
    rp_wasm_export(&wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(&wasm, 1, RP_WASM_NO_MAX));
    uint32_t start = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    CONSTANTS(&wasm, 16, 20);
    call(&wasm, sizes);
    rp_wasm_op(&wasm, RP_OP_drop);
    CONSTANTS(&wasm, 64, 4096);
    call(&wasm, get);
    rp_wasm_op(&wasm, RP_OP_drop);
    store_word(&wasm, 0, 4096);
    copy_word(&wasm, 20, 4);
    write_vector(&wasm, fd_write, 1);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, start);
    write_module(&wasm, name);
}

/* Copies descriptor `fd` to stdout; in a loop until the end. */
static void copy_stream(struct rp_wasm *wasm, uint32_t fd_read, uint32_t fd_write, int32_t fd)
{
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    store_word(wasm, 0, 1024);
    store_word(wasm, 4, 256);
    CONSTANTS(wasm, fd, 0, 1, 4);
    call(wasm, fd_read);
    rp_wasm_op(wasm, RP_OP_drop);
    write_vector(wasm, fd_write, 1);
    rp_wasm_i32_const(wasm, 4);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
}

static void make_cat(void)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t four = rp_wasm_type(&wasm, "iiii", "i");
    uint32_t fd_write = rp_wasm_import_func(&wasm, WASI, "fd_write", four);
    uint32_t fd_read = rp_wasm_import_func(&wasm, WASI, "fd_read", four);
    rp_wasm_export(&wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(&wasm, 1, RP_WASM_NO_MAX));
    uint32_t start = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    copy_stream(&wasm, fd_read, fd_write, 0);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, start);
    write_module(&wasm, "cat");
}

/* Prints the first preopen's name and the file "file.txt" in it; exits with the code of path_open.
 */
static void make_folder(void)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t four = rp_wasm_type(&wasm, "iiii", "i");
    uint32_t fd_write = rp_wasm_import_func(&wasm, WASI, "fd_write", four);
    uint32_t fd_read = rp_wasm_import_func(&wasm, WASI, "fd_read", four);
    uint32_t prestat =
        rp_wasm_import_func(&wasm, WASI, "fd_prestat_get", rp_wasm_type(&wasm, "ii", "i"));
    uint32_t name =
        rp_wasm_import_func(&wasm, WASI, "fd_prestat_dir_name", rp_wasm_type(&wasm, "iii", "i"));
    uint32_t path_open =
        rp_wasm_import_func(&wasm, WASI, "path_open", rp_wasm_type(&wasm, "iiiiillii", "i"));
    uint32_t leave = rp_wasm_import_func(&wasm, WASI, "proc_exit", rp_wasm_type(&wasm, "i", ""));
    rp_wasm_export(&wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(&wasm, 1, RP_WASM_NO_MAX));
    uint32_t start = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "i");
    CONSTANTS(&wasm, 3, 16);
    call(&wasm, prestat);
    rp_wasm_op(&wasm, RP_OP_drop);
    CONSTANTS(&wasm, 3, 2048);
    rp_wasm_i32_const(&wasm, 20);
    rp_wasm_op_memory(&wasm, RP_OP_i32_load, 2, 0);
    call(&wasm, name);
    rp_wasm_op(&wasm, RP_OP_drop);
    store_word(&wasm, 0, 2048);
    copy_word(&wasm, 20, 4);
    write_vector(&wasm, fd_write, 1);
    CONSTANTS(&wasm, 3, 0, 512, 8, 0);
    rp_wasm_i64_const(&wasm, 2); /* the right to read */
    rp_wasm_i64_const(&wasm, 0);
    CONSTANTS(&wasm, 0, 24);
    call(&wasm, path_open);
    rp_wasm_op_index(&wasm, RP_OP_local_tee, 0);
    rp_wasm_block(&wasm, RP_OP_if, RP_WASM_VOID);
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    call(&wasm, leave);
    rp_wasm_op(&wasm, RP_OP_end);
    copy_stream(&wasm, fd_read, fd_write, 4);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, start);
    rp_wasm_data(&wasm, 512, "file.txt", 8);
    write_module(&wasm, "folder");
}

/* The functions that the module `writer` imports. */
struct writer {
    uint32_t fd_write;
    uint32_t path_open;
    uint32_t mkdir;
    uint32_t symlink;
    uint32_t link;
    uint32_t leave;
    uint32_t raise;
};

static void import_writer(struct rp_wasm *wasm, struct writer *writer)
{
    writer->fd_write = rp_wasm_import_func(wasm, WASI, "fd_write", rp_wasm_type(wasm, "iiii", "i"));
    writer->path_open =
        rp_wasm_import_func(wasm, WASI, "path_open", rp_wasm_type(wasm, "iiiiillii", "i"));
    writer->mkdir =
        rp_wasm_import_func(wasm, WASI, "path_create_directory", rp_wasm_type(wasm, "iii", "i"));
    writer->symlink =
        rp_wasm_import_func(wasm, WASI, "path_symlink", rp_wasm_type(wasm, "iiiii", "i"));
    writer->link = rp_wasm_import_func(wasm, WASI, "path_link", rp_wasm_type(wasm, "iiiiiii", "i"));
    writer->leave = rp_wasm_import_func(wasm, WASI, "proc_exit", rp_wasm_type(wasm, "i", ""));
    writer->raise = rp_wasm_import_func(wasm, WASI, "proc_raise", rp_wasm_type(wasm, "i", "i"));
}

/* Opens "made/file" below descriptor 3 for writing; its descriptor to address 24. */
static void open_made_file(struct rp_wasm *wasm, const struct writer *writer)
{
    CONSTANTS(wasm, 3, 0, 520, 9, 1);
    rp_wasm_i64_const(wasm, 64); /* the right to write */
    rp_wasm_i64_const(wasm, 0);
    CONSTANTS(wasm, 0, 24);
    call(wasm, writer->path_open);
    rp_wasm_op(wasm, RP_OP_drop);
}

/* made/file, made/hard (a link to it), made/link -> ../../away, below the first preopen. */
static void add_make(struct rp_wasm *wasm, const struct writer *writer, uint32_t *out_make)
{
    *out_make = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "", ""), "");
    CONSTANTS(wasm, 3, 520, 4);
    call(wasm, writer->mkdir);
    rp_wasm_op(wasm, RP_OP_drop);
    open_made_file(wasm, writer);
    store_word(wasm, 0, 560);
    store_word(wasm, 4, 5);
    rp_wasm_i32_const(wasm, 24);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    CONSTANTS(wasm, 0, 1, 12);
    call(wasm, writer->fd_write);
    rp_wasm_op(wasm, RP_OP_drop);
    CONSTANTS(wasm, 570, 10, 3, 540, 9);
    call(wasm, writer->symlink);
    rp_wasm_op(wasm, RP_OP_drop);
    CONSTANTS(wasm, 3, 0, 520, 9, 3, 550, 9);
    call(wasm, writer->link);
    rp_wasm_op(wasm, RP_OP_drop);
    rp_wasm_func_end(wasm);
    rp_wasm_data(wasm, 520, "made/file", 9);
    rp_wasm_data(wasm, 540, "made/link", 9);
    rp_wasm_data(wasm, 550, "made/hard", 9);
    rp_wasm_data(wasm, 560, "bytes", 5);
    rp_wasm_data(wasm, 570, "../../away", 10);
}

/* fill and say: one write of 4,096 bytes after the other to made/file or stdout until one fails;
 * the error number and the bytes written. */
static void add_until_error(struct rp_wasm *wasm, const struct writer *writer, const char *name,
                            bool to_file, int32_t piece)
{
    uint32_t func = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "", "ii"), "ii");
    if (to_file) {
        CONSTANTS(wasm, 3, 520, 4);
        call(wasm, writer->mkdir);
        rp_wasm_op(wasm, RP_OP_drop);
        open_made_file(wasm, writer);
    } else {
        store_word(wasm, 24, 1);
    }
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    store_word(wasm, 0, 4096);
    store_word(wasm, 4, piece);
    store_word(wasm, 12, 0);
    rp_wasm_i32_const(wasm, 24);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    CONSTANTS(wasm, 0, 1, 12);
    call(wasm, writer->fd_write);
    rp_wasm_op_index(wasm, RP_OP_local_set, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_i32_const(wasm, 12);
    rp_wasm_op_memory(wasm, RP_OP_i32_load, 2, 0);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_local_set, 1);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op(wasm, RP_OP_i32_eqz);
    rp_wasm_op_index(wasm, RP_OP_br_if, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, name, RP_EXTERN_FUNC, func);
}

static void make_writer(void)
{
    struct rp_wasm wasm;
    struct writer writer;
    uint32_t make = 0;
    rp_wasm_init(&wasm);
    import_writer(&wasm, &writer);
    rp_wasm_export(&wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(&wasm, 2, RP_WASM_NO_MAX));
    add_make(&wasm, &writer, &make);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, make);
    uint32_t leave = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "i", ""), "");
    call(&wasm, make);
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    call(&wasm, writer.leave);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "exit", RP_EXTERN_FUNC, leave);
    rp_wasm_export(&wasm, "raise", RP_EXTERN_FUNC, writer.raise);
    uint32_t trap = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    call(&wasm, make);
    rp_wasm_op(&wasm, RP_OP_unreachable);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "trap", RP_EXTERN_FUNC, trap);
    uint32_t spin = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    call(&wasm, make);
    rp_wasm_block(&wasm, RP_OP_loop, RP_WASM_VOID);
    rp_wasm_op_index(&wasm, RP_OP_br, 0);
    rp_wasm_op(&wasm, RP_OP_end);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "spin", RP_EXTERN_FUNC, spin);
    add_until_error(&wasm, &writer, "fill", true, 65536);
    add_until_error(&wasm, &writer, "say", false, 10);
    write_module(&wasm, "writer");
}

static void add_arithmetic(struct rp_wasm *wasm)
{
    uint32_t binary = rp_wasm_type(wasm, "ii", "i");
    uint32_t div = rp_wasm_func_begin(wasm, binary, "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    rp_wasm_op(wasm, RP_OP_i32_div_s);
    rp_wasm_func_end(wasm);
    rp_wasm_name_func(wasm, div, "divide");
    rp_wasm_export(wasm, "div", RP_EXTERN_FUNC, div);
    uint32_t outer = rp_wasm_func_begin(wasm, binary, "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(wasm, RP_OP_local_get, 1);
    call(wasm, div);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "outer", RP_EXTERN_FUNC, outer);
    uint32_t all = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "ilfdrx", "ilfdrx"), "");
    for (uint32_t i = 0; i < 6; i++) {
        rp_wasm_op_index(wasm, RP_OP_local_get, i);
    }
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "all", RP_EXTERN_FUNC, all);
}

static void add_endless(struct rp_wasm *wasm, uint32_t empty)
{
    uint32_t spin = rp_wasm_func_begin(wasm, empty, "");
    rp_wasm_block(wasm, RP_OP_loop, RP_WASM_VOID);
    rp_wasm_op_index(wasm, RP_OP_br, 0);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "spin", RP_EXTERN_FUNC, spin);
    uint32_t recurse = rp_wasm_func_begin(wasm, empty, "");
    call(wasm, recurse);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "recurse", RP_EXTERN_FUNC, recurse);
}

static void make_functions(void)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t empty = rp_wasm_type(&wasm, "", "");
    uint32_t take = rp_wasm_type(&wasm, "i", "");
    uint32_t leave = rp_wasm_import_func(&wasm, WASI, "proc_exit", take);
    uint32_t give = rp_wasm_type(&wasm, "", "l");
    uint32_t now = rp_wasm_import_func(&wasm, "reprise", "time_ns", give);
    uint32_t random = rp_wasm_import_func(&wasm, "reprise", "random_u64", give);
    rp_wasm_export(&wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(&wasm, 1, RP_WASM_NO_MAX));
    add_arithmetic(&wasm);
    add_endless(&wasm, empty);
    uint32_t end = rp_wasm_func_begin(&wasm, take, "");
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    call(&wasm, leave);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "exit", RP_EXTERN_FUNC, end);
    uint32_t grow = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "i", "i"), "");
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_op_index(&wasm, RP_OP_memory_grow, 0);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "grow", RP_EXTERN_FUNC, grow);
    rp_wasm_export(&wasm, "now", RP_EXTERN_FUNC, now);
    rp_wasm_export(&wasm, "random", RP_EXTERN_FUNC, random);
    uint32_t fall = rp_wasm_func_begin(&wasm, empty, "");
    rp_wasm_op(&wasm, RP_OP_unreachable);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "\x1b[31mfall\n", RP_EXTERN_FUNC, fall);
    write_module(&wasm, "functions");
}

/* down(n): calls itself n times; negative: without an end. */
static uint32_t add_down(struct rp_wasm *wasm)
{
    uint32_t down = rp_wasm_func_begin(wasm, rp_wasm_type(wasm, "i", ""), "");
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_block(wasm, RP_OP_if, RP_WASM_VOID);
    rp_wasm_op_index(wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(wasm, 1);
    rp_wasm_op(wasm, RP_OP_i32_sub);
    call(wasm, down);
    rp_wasm_op(wasm, RP_OP_end);
    rp_wasm_func_end(wasm);
    rp_wasm_export(wasm, "down", RP_EXTERN_FUNC, down);
    return down;
}

static uint32_t add_nop(struct rp_wasm *wasm, uint32_t type)
{
    uint32_t func = rp_wasm_func_begin(wasm, type, "");
    rp_wasm_op(wasm, RP_OP_nop);
    rp_wasm_func_end(wasm);
    return func;
}

/* Calls functions with every kind of name, and writes between them. */
static void make_calls(void)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t empty = rp_wasm_type(&wasm, "", "");
    uint32_t fd_write =
        rp_wasm_import_func(&wasm, WASI, "fd_write", rp_wasm_type(&wasm, "iiii", "i"));
    uint32_t absent = rp_wasm_import_func(&wasm, "no;body", "there", empty);
    rp_wasm_export(&wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(&wasm, 1, RP_WASM_NO_MAX));
    uint32_t named = add_nop(&wasm, empty);
    rp_wasm_name_func(&wasm, named, "odd; \"name\"\\\n\x1b");
    uint32_t exported = add_nop(&wasm, empty);
    rp_wasm_export(&wasm, "exported", RP_EXTERN_FUNC, exported);
    rp_wasm_export(&wasm, "again", RP_EXTERN_FUNC, exported);
    uint32_t nameless = add_nop(&wasm, empty);
    rp_wasm_start(&wasm, nameless);
    uint32_t down = add_down(&wasm);
    uint32_t start = rp_wasm_func_begin(&wasm, empty, "");
    call(&wasm, named);
    store_word(&wasm, 0, 64);
    store_word(&wasm, 4, 4);
    write_vector(&wasm, fd_write, 2);
    call(&wasm, exported);
    rp_wasm_i32_const(&wasm, 1);
    call(&wasm, down);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, start);
    uint32_t lost = rp_wasm_func_begin(&wasm, empty, "");
    call(&wasm, absent);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "lost", RP_EXTERN_FUNC, lost);
    rp_wasm_data(&wasm, 64, "err\n", 4);
    write_module(&wasm, "calls");
}

/* Works a while and yields, without an end. */
static void make_yields(void)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t yield = rp_wasm_import_func(&wasm, WASI, "sched_yield", rp_wasm_type(&wasm, "", "i"));
    rp_wasm_export(&wasm, "memory", RP_EXTERN_MEMORY, rp_wasm_memory(&wasm, 1, RP_WASM_NO_MAX));
    uint32_t start = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "i");
    rp_wasm_block(&wasm, RP_OP_loop, RP_WASM_VOID);
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_i32_const(&wasm, 1);
    rp_wasm_op(&wasm, RP_OP_i32_add);
    rp_wasm_op_index(&wasm, RP_OP_local_tee, 0);
    rp_wasm_i32_const(&wasm, 0xfffff);
    rp_wasm_op(&wasm, RP_OP_i32_and);
    rp_wasm_op_index(&wasm, RP_OP_br_if, 0);
    call(&wasm, yield);
    rp_wasm_op(&wasm, RP_OP_drop);
    rp_wasm_op_index(&wasm, RP_OP_br, 0);
    rp_wasm_op(&wasm, RP_OP_end);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, start);
    write_module(&wasm, "yields");
}

/* A start function with one instruction, or a loop. */
static void make_start(const char *name, bool loops)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t empty = rp_wasm_type(&wasm, "", "");
    uint32_t start = rp_wasm_func_begin(&wasm, empty, "");
    if (loops) {
        rp_wasm_block(&wasm, RP_OP_loop, RP_WASM_VOID);
        rp_wasm_op_index(&wasm, RP_OP_br, 0);
        rp_wasm_op(&wasm, RP_OP_end);
    } else {
        rp_wasm_op(&wasm, RP_OP_unreachable);
    }
    rp_wasm_func_end(&wasm);
    rp_wasm_start(&wasm, start);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, start);
    write_module(&wasm, name);
}

/* Writes a digit behind those in the global. */
static void append_digit(struct rp_wasm *wasm, uint32_t global, int32_t digit)
{
    rp_wasm_op_index(wasm, RP_OP_global_get, global);
    rp_wasm_i32_const(wasm, 10);
    rp_wasm_op(wasm, RP_OP_i32_mul);
    rp_wasm_i32_const(wasm, digit);
    rp_wasm_op(wasm, RP_OP_i32_add);
    rp_wasm_op_index(wasm, RP_OP_global_set, global);
}

/* Each of the start function, _initialize and `get` writes a digit; `get` adds its argument. */
static void make_phases(void)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t global = rp_wasm_global_i32(&wasm, true, 0);
    uint32_t empty = rp_wasm_type(&wasm, "", "");
    uint32_t start = rp_wasm_func_begin(&wasm, empty, "");
    append_digit(&wasm, global, 1);
    rp_wasm_func_end(&wasm);
    rp_wasm_start(&wasm, start);
    uint32_t initialize = rp_wasm_func_begin(&wasm, empty, "");
    append_digit(&wasm, global, 2);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_initialize", RP_EXTERN_FUNC, initialize);
    uint32_t get = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "i", "i"), "");
    append_digit(&wasm, global, 3);
    rp_wasm_op_index(&wasm, RP_OP_global_get, global);
    rp_wasm_op_index(&wasm, RP_OP_local_get, 0);
    rp_wasm_op(&wasm, RP_OP_i32_add);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "get", RP_EXTERN_FUNC, get);
    write_module(&wasm, "phases");
}

/* _initialize sets a global that `get` gives. */
static void make_reactor(void)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t global = rp_wasm_global_i32(&wasm, true, 0);
    uint32_t initialize = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    rp_wasm_op_index(&wasm, RP_OP_global_get, global);
    rp_wasm_i32_const(&wasm, 21);
    rp_wasm_op(&wasm, RP_OP_i32_add);
    rp_wasm_op_index(&wasm, RP_OP_global_set, global);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_initialize", RP_EXTERN_FUNC, initialize);
    uint32_t get = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", "i"), "");
    rp_wasm_op_index(&wasm, RP_OP_global_get, global);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "get", RP_EXTERN_FUNC, get);
    write_module(&wasm, "reactor");
}

/* Imports that nobody offers, and one with another type. */
static void make_imports(void)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    uint32_t take = rp_wasm_type(&wasm, "i", "");
    uint32_t missing = rp_wasm_import_func(&wasm, "game", "missing", take);
    (void)rp_wasm_import_func(&wasm, WASI, "fd_write", take);
    uint32_t start = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, start);
    uint32_t use = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    rp_wasm_i32_const(&wasm, 1);
    call(&wasm, missing);
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "use", RP_EXTERN_FUNC, use);
    write_module(&wasm, "imports");
}

static void make_import_memory(void)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    (void)rp_wasm_import_memory(&wasm, "env", "memory", 1, RP_WASM_NO_MAX);
    uint32_t start = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, start);
    write_module(&wasm, "import_memory");
}

/* Small modules with one peculiarity each. */
static void make_odd(void)
{
    struct rp_wasm wasm;
    rp_wasm_init(&wasm);
    rp_wasm_memory(&wasm, 1, 1);
    rp_wasm_data(&wasm, 65536, "x", 1);
    uint32_t start = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, start);
    write_module(&wasm, "data_outside");

    rp_wasm_init(&wasm);
    rp_wasm_memory(&wasm, 100, RP_WASM_NO_MAX);
    start = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "");
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, start);
    write_module(&wasm, "large_memory");

    rp_wasm_init(&wasm);
    start = rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "i", ""), "");
    rp_wasm_func_end(&wasm);
    rp_wasm_export(&wasm, "_start", RP_EXTERN_FUNC, start);
    write_module(&wasm, "start_takes");

    rp_wasm_init(&wasm);
    write_module(&wasm, "empty");

    rp_wasm_init(&wasm);
    (void)rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", "i"), "");
    rp_wasm_func_end(&wasm);
    write_module(&wasm, "invalid");

    rp_wasm_init(&wasm);
    (void)rp_wasm_func_begin(&wasm, rp_wasm_type(&wasm, "", ""), "v");
    rp_wasm_func_end(&wasm);
    write_module(&wasm, "vector");
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_cli_modules FOLDER\n");
        return 2;
    }
    folder = argv[1];
    make_hello();
    make_strings("arguments", "args_sizes_get", "args_get");
    make_strings("environment", "environ_sizes_get", "environ_get");
    make_cat();
    make_folder();
    make_writer();
    make_functions();
    make_calls();
    make_yields();
    make_start("start_traps", false);
    make_start("start_loops", true);
    make_phases();
    make_reactor();
    make_imports();
    make_import_memory();
    make_odd();
    return 0;
}
