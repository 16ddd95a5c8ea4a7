/* The host's floating-point control register for tests (layer 7): what an embedder may have made of
 * it.
 *
 * rp_host_mode_read and rp_host_mode_write move the whole register; rp_host_mode_hostile answers a
 * mode that flushes subnormals, rounds toward zero, raises signals on every exception and has an
 * exception recorded. */
#ifndef RP_TESTS_DETERMINISM_HOST_MODE_H
#define RP_TESTS_DETERMINISM_HOST_MODE_H

#include <stdint.h>

#if defined(__x86_64__)

static inline uint64_t rp_host_mode_read(void)
{
    return __builtin_ia32_stmxcsr();
}

static inline void rp_host_mode_write(uint64_t mode)
{
    __builtin_ia32_ldmxcsr((unsigned)mode);
}

/* FTZ 0x8000, toward zero 0x6000, DAZ 0x0040, masks 0x1f80 clear, the inexact flag 0x0020 set. */
static inline uint64_t rp_host_mode_hostile(void)
{
    return 0xe060u;
}

#elif defined(__aarch64__)

static inline uint64_t rp_host_mode_read(void)
{
    uint64_t control;
    uint64_t status;
    __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr" : "=r"(control), "=r"(status));
    return status << 32 | (uint32_t)control;
}

static inline void rp_host_mode_write(uint64_t mode)
{
    const uint64_t control = (uint32_t)mode;
    const uint64_t status = mode >> 32;
    __asm__ volatile("msr fpcr, %0\n\tmsr fpsr, %1" : : "r"(control), "r"(status));
}

/* FZ bit 24, DN bit 25, toward zero bits 22 and 23; the inexact flag is bit 4 of FPSR. Traps are
 * optional in hardware. */
static inline uint64_t rp_host_mode_hostile(void)
{
    return (uint64_t)0x10 << 32 | 0x03c00000u;
}

#endif

#endif
