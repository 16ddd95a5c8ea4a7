/* `spectest` without `table64` (layer 7; the suite's spectest.wat). */
#include "conformance/spec_host.h"

#include "core/compiler.h"

#include <string.h>

enum { KIND_FUNC, KIND_TABLE, KIND_MEMORY, KIND_GLOBAL };

static const struct {
    const char *name;
    uint8_t kind;
    uint8_t index;
} host_exports[] = {
    {"global_i32", KIND_GLOBAL, 0},  {"global_i64", KIND_GLOBAL, 1},
    {"global_f32", KIND_GLOBAL, 2},  {"global_f64", KIND_GLOBAL, 3},
    {"table", KIND_TABLE, 0},        {"memory", KIND_MEMORY, 0},
    {"print", KIND_FUNC, 0},         {"print_i32", KIND_FUNC, 1},
    {"print_i64", KIND_FUNC, 2},     {"print_f32", KIND_FUNC, 3},
    {"print_f64", KIND_FUNC, 4},     {"print_i32_f32", KIND_FUNC, 5},
    {"print_f64_f64", KIND_FUNC, 6},
};

/* Parameters of function and type i, as bytes of value types; no function has results. */
static const char *const host_params[] = {"",     "\x7f",     "\x7e",    "\x7d",
                                          "\x7c", "\x7f\x7d", "\x7c\x7c"};

static void write_section(struct rp_buffer *out, uint8_t id, const struct rp_buffer *contents)
{
    rp_buffer_byte(out, id);
    rp_buffer_leb_u(out, contents->size);
    rp_buffer_append(out, contents->data, contents->size);
}

static void write_types(struct rp_buffer *out)
{
    rp_buffer_leb_u(out, RP_ARRAY_COUNT(host_params));
    for (size_t i = 0; i < RP_ARRAY_COUNT(host_params); i++) {
        size_t count = strlen(host_params[i]);
        rp_buffer_byte(out, 0x60);
        rp_buffer_leb_u(out, count);
        rp_buffer_append(out, host_params[i], count);
        rp_buffer_leb_u(out, 0);
    }
}

static void write_functions(struct rp_buffer *out)
{
    rp_buffer_leb_u(out, RP_ARRAY_COUNT(host_params));
    for (size_t i = 0; i < RP_ARRAY_COUNT(host_params); i++) {
        rp_buffer_leb_u(out, i);
    }
}

/* Immutable, 666 and 666.6. */
static void write_globals(struct rp_buffer *out)
{
    static const double f64_value = 666.6;
    static const float f32_value = 666.6f;
    rp_buffer_leb_u(out, 4);
    rp_buffer_append(out, "\x7f\x00\x41", 3);
    rp_buffer_leb_s(out, 666);
    rp_buffer_append(out, "\x0b\x7e\x00\x42", 4);
    rp_buffer_leb_s(out, 666);
    rp_buffer_append(out, "\x0b\x7d\x00\x43", 4);
    rp_buffer_append(out, &f32_value, sizeof f32_value);
    rp_buffer_append(out, "\x0b\x7c\x00\x44", 4);
    rp_buffer_append(out, &f64_value, sizeof f64_value);
    rp_buffer_byte(out, 0x0b);
}

static void write_exports(struct rp_buffer *out)
{
    rp_buffer_leb_u(out, RP_ARRAY_COUNT(host_exports));
    for (size_t i = 0; i < RP_ARRAY_COUNT(host_exports); i++) {
        size_t size = strlen(host_exports[i].name);
        rp_buffer_leb_u(out, size);
        rp_buffer_append(out, host_exports[i].name, size);
        rp_buffer_byte(out, host_exports[i].kind);
        rp_buffer_byte(out, host_exports[i].index);
    }
}

static void write_table(struct rp_buffer *out)
{
    rp_buffer_append(out, "\x01\x70\x01\x0a\x14", 5); /* one: funcref, 10 to 20 */
}

static void write_memory(struct rp_buffer *out)
{
    rp_buffer_append(out, "\x01\x01\x01\x02", 4); /* one: 1 to 2 pages */
}

static void write_code(struct rp_buffer *out)
{
    rp_buffer_leb_u(out, RP_ARRAY_COUNT(host_params));
    for (size_t i = 0; i < RP_ARRAY_COUNT(host_params); i++) {
        rp_buffer_append(out, "\x02\x00\x0b", 3); /* no locals, end */
    }
}

void rp_spec_host_write(struct rp_buffer *out)
{
    static const struct {
        uint8_t id;
        void (*write)(struct rp_buffer *out);
    } sections[] = {{1, write_types},   {3, write_functions}, {4, write_table}, {5, write_memory},
                    {6, write_globals}, {7, write_exports},   {10, write_code}};
    struct rp_buffer contents;
    rp_buffer_init(&contents, out->allocator);
    rp_buffer_append(out, "\0asm\1\0\0\0", 8);
    for (size_t i = 0; i < RP_ARRAY_COUNT(sections); i++) {
        contents.size = 0;
        sections[i].write(&contents);
        write_section(out, sections[i].id, &contents);
    }
    out->failed |= contents.failed;
    rp_buffer_deinit(&contents);
}
