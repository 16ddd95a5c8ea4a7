/* The object file of stencils.c: finding stencils, copying and patching them (tests).
 *
 * Reads ELF64 for x86-64 as clang writes it at build time. The file is part of the build: what is
 * wrong with it is a bug and aborts. */
#ifndef RP_TESTS_STENCILS_STENCIL_OBJECT_H
#define RP_TESTS_STENCILS_STENCIL_OBJECT_H

#include "core/alloc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_stencil_object {
    struct rp_allocator allocator;
    uint8_t *bytes;
    size_t size;
};

/* The machine code of one stencil. Borrowed from the object. */
struct rp_stencil {
    const uint8_t *code; /* NULL: there is none */
    size_t size;
    const void *relocations;
    size_t relocation_count;
    const void *symbols;
    const char *names;
};

/* What goes into the holes of one copy, by their names in stencil_holes.def. */
struct rp_stencil_values {
#define VALUE(name) uint64_t name;
#define LABEL(name) const void *name;
#include "tests/stencils/stencil_holes.def"
#undef VALUE
#undef LABEL
};

void rp_stencil_object_init(struct rp_stencil_object *object, const char *path);
void rp_stencil_object_deinit(struct rp_stencil_object *object);

/* The stencil `stencil_NAME`. One that refers to anything but holes (constants in .rodata, library
 * functions) cannot be copied and is not found: `code` is NULL. */
struct rp_stencil rp_stencil_object_find(const struct rp_stencil_object *object, const char *name);

/* Copies the stencil to `to` and fills its holes. A value that does not fit its hole aborts:
 * labels lie within 2 GiB of the copy, numbers are below 2^31, but `number` below 2^32. */
void rp_stencil_place(const struct rp_stencil *stencil, uint8_t *to,
                      const struct rp_stencil_values *values);

#endif
