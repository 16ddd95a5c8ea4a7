/* Compiler extensions beyond C17, each behind one name (layer 0).
 *
 * This is the complete list: __int128, vector types, `musttail`, `preserve_none`, computed goto,
 * the attributes below, and the square root instruction. */
#ifndef RP_CORE_COMPILER_H
#define RP_CORE_COMPILER_H

#include <assert.h>
#include <float.h>
#include <stdint.h>

#define RP_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define RP_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define RP_NODISCARD __attribute__((warn_unused_result))
#define RP_PRINTF(format_index, first_index) \
    __attribute__((format(printf, format_index, first_index)))
#define RP_COLD __attribute__((cold, noinline))
#define RP_NOINLINE __attribute__((noinline))
#define RP_ALWAYS_INLINE inline __attribute__((always_inline))
#define RP_UNUSED __attribute__((unused))
#define RP_FALLTHROUGH __attribute__((fallthrough))
/* In the body of a loop: keeps the compiler from turning it into a call of memset or memmove, which
 * would spill every register of a handler. */
#define RP_NO_LIBRARY_CALL() __asm__ volatile("" ::: "memory")
#define RP_ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Guaranteed tail calls with all registers for arguments: the interpreter's fast dispatch.
 * RP_PORTABLE_DISPATCH (the `portable` preset) switches it off to test the fallback that other
 * compilers get. */
#if defined(__clang__) && __clang_major__ >= 19 && !defined(RP_PORTABLE_DISPATCH) && \
    (defined(__x86_64__) || defined(__aarch64__))
#define RP_TAIL_DISPATCH 1
#define RP_MUSTTAIL __attribute__((musttail))
#define RP_PRESERVE_NONE __attribute__((preserve_none))
#else
#define RP_TAIL_DISPATCH 0
#endif

/* Square roots as one instruction: __builtin_sqrt may call libm for errno's sake. */
#if defined(__clang__)
static inline float rp_sqrt_f32(float value)
{
    return __builtin_elementwise_sqrt(value);
}

static inline double rp_sqrt_f64(double value)
{
    return __builtin_elementwise_sqrt(value);
}
#elif defined(__x86_64__)
static inline float rp_sqrt_f32(float value)
{
    const float lanes __attribute__((vector_size(16))) = {value, 0.0F, 0.0F, 0.0F};
    return __builtin_ia32_sqrtss(lanes)[0];
}

static inline double rp_sqrt_f64(double value)
{
    const double lanes __attribute__((vector_size(16))) = {value, 0.0};
    return __builtin_ia32_sqrtsd(lanes)[0];
}
#elif defined(__aarch64__)
static inline float rp_sqrt_f32(float value)
{
    const float lanes __attribute__((vector_size(8))) = {value, 0.0F};
    return __builtin_aarch64_sqrtv2sf(lanes)[0];
}

static inline double rp_sqrt_f64(double value)
{
    return __builtin_aarch64_sqrtdf(value);
}
#else
#error "Reprise needs a square root instruction: name it here"
#endif

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "Reprise needs a little-endian host");
static_assert(sizeof(void *) == 8, "Reprise needs a 64-bit host");
static_assert(FLT_EVAL_METHOD == 0, "floating-point operations must round to their own type");

#endif
