/* What programs with wasi-libc include (tests): checks that print with write, errno as an answer.
 */
#ifndef RP_TESTS_WASI_POSIX_H
#define RP_TESTS_WASI_POSIX_H

#include "tests/wasi/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_print(const char *text, size_t size)
{
    (void)!write(2, text, size);
}

/* The errno of a call that fails with -1, else 0. */
static inline int error_of(long long answer)
{
    return answer == -1 ? errno : 0;
}

/* Makes a file with a text in it; what exists is replaced. */
static inline void make_file(const char *path, const char *text)
{
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    ssize_t size = (ssize_t)strlen(text);
    if (fd < 0 || write(fd, text, (size_t)size) != size || close(fd) != 0) {
        check("make_file", 0, errno);
        exit(2);
    }
}

#endif
