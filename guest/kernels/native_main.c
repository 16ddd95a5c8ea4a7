/* The native side of a kernel: `kernel N` prints the checksum and the nanoseconds of CPU that
 * run(N) took.
 */
#define _POSIX_C_SOURCE 200809L
#include "kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t read_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "use: %s N\n", argv[0]);
        return 2;
    }
    int32_t n = (int32_t)strtol(argv[1], NULL, 10);
    int64_t start = read_ns();
    int64_t checksum = run(n);
    int64_t end = read_ns();
    printf("%" PRId64 " %" PRId64 "\n", checksum, end - start);
    return 0;
}
