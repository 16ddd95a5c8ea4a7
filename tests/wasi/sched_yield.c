/* sched_yield answers and nothing happens (tests). */
#include "tests/wasi/raw.h"

#include <sched.h>

int main(void)
{
    __wasi_timestamp_t before, after;
    check("clock before", 0, __wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &before));
    for (int i = 0; i < 1000; i++) {
        check("sched_yield", 0, __wasi_sched_yield());
    }
    check("sched_yield of libc", 0, sched_yield());
    check("clock after", 0, __wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &after));
    check("the clock does not run backwards", 1, after >= before);
    return check_end();
}
