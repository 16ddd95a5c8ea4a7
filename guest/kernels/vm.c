/* A stack machine that runs a small program n times round its outer loop: one switch in a loop. */
#include "kernel.h"

enum { PUSH, LOAD, SAVE, ADD, SUB, MUL, MOD, XOR, LESS, JUMP, JUMP_ZERO, FETCH, PUT, HALT };

/* Variables: 0 the count left, 1 inner index, 2 accumulator.
 * while (v0) { v1 = 0; while (v1 < 16) { v2 = (v2 * 31 + m[v1]) ^ v1; m[v1] = v2 % 1009; v1++; }
 * v0--; } */
static const int32_t program[] = {
    LOAD, 0, JUMP_ZERO, 55,                                     /* 0 */
    PUSH, 0, SAVE,      1,                                      /* 4 */
    LOAD, 1, PUSH,      16,   LESS, JUMP_ZERO, 46,              /* 8 */
    LOAD, 2, PUSH,      31,   MUL,  LOAD,      1,   FETCH, ADD, /* 15 */
    LOAD, 1, XOR,       SAVE, 2,                                /* 24 */
    LOAD, 1, LOAD,      2,    PUSH, 1009,      MOD, PUT,        /* 29 */
    LOAD, 1, PUSH,      1,    ADD,  SAVE,      1,   JUMP,  8,   /* 37 */
    LOAD, 0, PUSH,      1,    SUB,  SAVE,      0,   JUMP,  0,   /* 46 */
    HALT,                                                       /* 55 */
};

static uint32_t cells[16];

static uint32_t interpret(uint32_t count)
{
    uint32_t stack[16], variables[3] = {count, 0, 0};
    uint32_t *top = stack;
    const int32_t *next = program;
    for (;;) {
        switch (*next++) {
        case PUSH:
            *top++ = (uint32_t)*next++;
            break;
        case LOAD:
            *top++ = variables[*next++];
            break;
        case SAVE:
            variables[*next++] = *--top;
            break;
        case ADD:
            top--, top[-1] += top[0];
            break;
        case SUB:
            top--, top[-1] -= top[0];
            break;
        case MUL:
            top--, top[-1] *= top[0];
            break;
        case MOD:
            top--, top[-1] %= top[0];
            break;
        case XOR:
            top--, top[-1] ^= top[0];
            break;
        case LESS:
            top--, top[-1] = top[-1] < top[0];
            break;
        case JUMP:
            next = program + *next;
            break;
        case JUMP_ZERO:
            next = *--top == 0 ? program + *next : next + 1;
            break;
        case FETCH:
            top[-1] = cells[top[-1] & 15];
            break;
        case PUT:
            top -= 2, cells[top[0] & 15] = top[1];
            break;
        default:
            return variables[2];
        }
    }
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    for (uint32_t i = 0; i < 16; i++) {
        cells[i] = i * i;
    }
    uint64_t sum = interpret((uint32_t)kernel_clamp(n, INT32_MAX));
    for (int i = 0; i < 16; i++) {
        sum = kernel_mix(sum, cells[i]);
    }
    return (int64_t)sum;
}
