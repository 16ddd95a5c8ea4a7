/* The integer operations of the WebAssembly specification (4.3.2) that C does not spell in one
 * defined expression (layer 1).
 *
 * Invariant: defined for every input, without undefined behaviour and without a call: a count of
 * zeros of 0 is the width, distances are taken modulo the width, signed operands are given as their
 * two's complement bits. No effect on gas. The quotients and remainders are defined where the trap
 * function of the same instruction answers RP_TRAP_NONE. */
#ifndef RP_DETERMINISM_INT_RULES_H
#define RP_DETERMINISM_INT_RULES_H

#include "core/compiler.h"
#include "reprise/reprise.h"

#include <stdint.h>

static RP_ALWAYS_INLINE uint32_t rp_i32_clz(uint32_t a)
{
    return RP_LIKELY(a != 0) ? (uint32_t)__builtin_clz(a) : 32u;
}

static RP_ALWAYS_INLINE uint32_t rp_i32_ctz(uint32_t a)
{
    return RP_LIKELY(a != 0) ? (uint32_t)__builtin_ctz(a) : 32u;
}

/* Sums of bits in fields of 2, 4, 8 and 32 bits: without a popcount instruction the compiler's
 * builtin may be a call. */
static RP_ALWAYS_INLINE uint32_t rp_i32_popcnt(uint32_t a)
{
    a -= (a >> 1) & 0x55555555u;
    a = (a & 0x33333333u) + ((a >> 2) & 0x33333333u);
    a = (a + (a >> 4)) & 0x0f0f0f0fu;
    return (a * 0x01010101u) >> 24;
}

static RP_ALWAYS_INLINE uint32_t rp_i32_rotl(uint32_t a, uint32_t b)
{
    return (a << (b & 31u)) | (a >> ((0u - b) & 31u));
}

static RP_ALWAYS_INLINE uint32_t rp_i32_rotr(uint32_t a, uint32_t b)
{
    return (a >> (b & 31u)) | (a << ((0u - b) & 31u));
}

static RP_ALWAYS_INLINE rp_trap_code rp_i32_div_s_trap(uint32_t a, uint32_t b)
{
    if (RP_UNLIKELY(b == 0)) {
        return RP_TRAP_INTEGER_DIVIDE_BY_ZERO;
    }
    return RP_UNLIKELY(b == UINT32_MAX && a == 0x80000000u) ? RP_TRAP_INTEGER_OVERFLOW
                                                            : RP_TRAP_NONE;
}

static RP_ALWAYS_INLINE rp_trap_code rp_i32_zero_trap(uint32_t b)
{
    return RP_UNLIKELY(b == 0) ? RP_TRAP_INTEGER_DIVIDE_BY_ZERO : RP_TRAP_NONE;
}

static RP_ALWAYS_INLINE uint32_t rp_i32_div_s(uint32_t a, uint32_t b)
{
    return (uint32_t)((int32_t)a / (int32_t)b);
}

/* The remainder by -1 is 0 also where the quotient overflows. */
static RP_ALWAYS_INLINE uint32_t rp_i32_rem_s(uint32_t a, uint32_t b)
{
    return RP_UNLIKELY(b == UINT32_MAX) ? 0u : (uint32_t)((int32_t)a % (int32_t)b);
}

static RP_ALWAYS_INLINE uint64_t rp_i64_clz(uint64_t a)
{
    return RP_LIKELY(a != 0) ? (uint64_t)__builtin_clzll(a) : 64u;
}

static RP_ALWAYS_INLINE uint64_t rp_i64_ctz(uint64_t a)
{
    return RP_LIKELY(a != 0) ? (uint64_t)__builtin_ctzll(a) : 64u;
}

static RP_ALWAYS_INLINE uint64_t rp_i64_popcnt(uint64_t a)
{
    a -= (a >> 1) & 0x5555555555555555u;
    a = (a & 0x3333333333333333u) + ((a >> 2) & 0x3333333333333333u);
    a = (a + (a >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (a * 0x0101010101010101u) >> 56;
}

static RP_ALWAYS_INLINE uint64_t rp_i64_rotl(uint64_t a, uint64_t b)
{
    return (a << (b & 63u)) | (a >> ((0u - b) & 63u));
}

static RP_ALWAYS_INLINE uint64_t rp_i64_rotr(uint64_t a, uint64_t b)
{
    return (a >> (b & 63u)) | (a << ((0u - b) & 63u));
}

static RP_ALWAYS_INLINE rp_trap_code rp_i64_div_s_trap(uint64_t a, uint64_t b)
{
    if (RP_UNLIKELY(b == 0)) {
        return RP_TRAP_INTEGER_DIVIDE_BY_ZERO;
    }
    return RP_UNLIKELY(b == UINT64_MAX && a == 0x8000000000000000u) ? RP_TRAP_INTEGER_OVERFLOW
                                                                    : RP_TRAP_NONE;
}

static RP_ALWAYS_INLINE rp_trap_code rp_i64_zero_trap(uint64_t b)
{
    return RP_UNLIKELY(b == 0) ? RP_TRAP_INTEGER_DIVIDE_BY_ZERO : RP_TRAP_NONE;
}

static RP_ALWAYS_INLINE uint64_t rp_i64_div_s(uint64_t a, uint64_t b)
{
    return (uint64_t)((int64_t)a / (int64_t)b);
}

static RP_ALWAYS_INLINE uint64_t rp_i64_rem_s(uint64_t a, uint64_t b)
{
    return RP_UNLIKELY(b == UINT64_MAX) ? 0u : (uint64_t)((int64_t)a % (int64_t)b);
}

#endif
