/* Fibonacci numbers by the doubly recursive definition: direct calls and little else. */
#include "kernel.h"

static __attribute__((noinline)) int64_t fib(int32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    return fib(kernel_clamp(n, 45));
}
