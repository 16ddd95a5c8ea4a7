/* The host's floating-point mode (layer 1). The one file that reads and writes the control
 * registers.
 *
 * Nothing stops a C compiler from moving an operation on values that it has in registers across
 * these functions: what is to run in a mode must read its operands from memory behind the call, as
 * guest code does. */
#include "determinism/float_env.h"

#include "core/compiler.h"

#if defined(__x86_64__)

/* MXCSR: all exceptions masked, none recorded, to nearest, no FTZ, no DAZ: the state after reset.
 */
#define GUEST_MODE 0x1f80u

static uint64_t read_mode(void)
{
    return __builtin_ia32_stmxcsr();
}

static void write_mode(uint64_t mode)
{
    __builtin_ia32_ldmxcsr((unsigned)mode);
}

#elif defined(__aarch64__)

/* FPCR (low half) and FPSR (high half): to nearest, no FZ, no DN, no alternative handling, no
 * traps, no flags. */
#define GUEST_MODE 0u

#if defined(__clang__)
#define READ_REGISTER(name) __builtin_arm_rsr64(#name)
#define WRITE_REGISTER(name, value) __builtin_arm_wsr64(#name, value)
#else
#define READ_REGISTER(name) __builtin_aarch64_get_##name()
#define WRITE_REGISTER(name, value) __builtin_aarch64_set_##name((unsigned)(value))
#endif

static uint64_t read_mode(void)
{
    return (uint64_t)READ_REGISTER(fpsr) << 32 | (uint32_t)READ_REGISTER(fpcr);
}

static void write_mode(uint64_t mode)
{
    WRITE_REGISTER(fpcr, mode & UINT32_MAX);
    WRITE_REGISTER(fpsr, mode >> 32);
}

#else
#error "Reprise must set the floating-point mode: name the control register here"
#endif

void rp_float_env_enter(struct rp_float_env *env)
{
    env->saved = read_mode();
    write_mode(GUEST_MODE);
}

void rp_float_env_leave(const struct rp_float_env *env)
{
    write_mode(env->saved);
}
