/* Objects of eight kinds that call each other through a table of functions: indirect calls with
 * changing targets. */
#include "kernel.h"

#define OBJECTS 64

struct object {
    uint64_t (*visit)(struct object *self, uint64_t value);
    struct object *next;
    uint64_t memory;
};

static struct object objects[OBJECTS];

static uint64_t add(struct object *self, uint64_t value)
{
    return value + self->memory++;
}

static uint64_t subtract(struct object *self, uint64_t value)
{
    return value - (self->memory ^= value);
}

static uint64_t multiply(struct object *self, uint64_t value)
{
    return value * (self->memory | 1);
}

static uint64_t shift(struct object *self, uint64_t value)
{
    return value ^ value >> (self->memory & 63);
}

static uint64_t remember(struct object *self, uint64_t value)
{
    uint64_t old = self->memory;
    self->memory = value;
    return old;
}

static uint64_t delegate(struct object *self, uint64_t value)
{
    return self->memory++ & 1 ? self->next->visit(self->next, value ^ 1) : value;
}

static uint64_t branch(struct object *self, uint64_t value)
{
    return value & 1 ? value + self->memory : value >> 1;
}

static uint64_t keep(struct object *self, uint64_t value)
{
    return self->memory < value ? value : self->memory;
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    static uint64_t (*const kinds[8])(struct object *, uint64_t) = {
        add, subtract, multiply, shift, remember, delegate, branch, keep};
    uint64_t state = 9, value = 1;
    for (int i = 0; i < OBJECTS; i++) {
        int kind = i % 8 == 5 ? 5 : (int)(kernel_random(&state) & 7);
        objects[i] = (struct object){kinds[kind], &objects[i ^ 1], (uint64_t)i};
        objects[i].visit =
            kind == 5 && i % 2 == 0 ? add : objects[i].visit; /* delegation ends after one step */
    }
    for (int32_t i = 0; i < n; i++) {
        struct object *object = &objects[(value ^ (uint64_t)i) % OBJECTS];
        value = kernel_mix(object->visit(object, value), (uint64_t)i);
    }
    return (int64_t)value;
}
