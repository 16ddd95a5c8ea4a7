/* writev and readv take all their vectors, many of them, empty ones too (tests). */
#include "tests/wasi/posix.h"

#include <sys/uio.h>

#define MANY 1024

static char text[MANY * 3];
static char back[MANY * 3];

int main(void)
{
    static struct iovec vectors[MANY + 1];
    for (int i = 0; i < MANY * 3; i++) {
        text[i] = (char)('a' + i % 26);
    }
    size_t at = 0;
    for (int i = 0; i < MANY; i++) {
        vectors[i] = (struct iovec){text + at, (size_t)(i % 4)};
        at += (size_t)(i % 4);
    }
    int fd = open("f", O_CREAT | O_RDWR, 0644);
    check("writev", (int64_t)at, writev(fd, vectors, MANY));
    check("writev to output", 0, writev(1, vectors, 1));
    check("lseek", 0, lseek(fd, 0, SEEK_SET));
    size_t from = 0;
    for (int i = 0; i < MANY; i++) {
        vectors[i] = (struct iovec){back + from, (size_t)((i + 1) % 4)};
        from += (size_t)((i + 1) % 4);
    }
    check("readv", (int64_t)at, readv(fd, vectors, MANY));
    check("what comes back", 0, memcmp(text, back, at));
    check("readv at the end", 0, readv(fd, vectors, MANY));
    check("writev of nothing", 0, writev(fd, vectors, 0));
    check("1025 vectors", EINVAL, error_of(writev(fd, vectors, MANY + 1)));
    check("-1 vectors", EINVAL, error_of(writev(fd, vectors, -1)));
    check("pwrite", 2, pwrite(fd, "XY", 2, 1));
    check("pread", 4, pread(fd, back, 4, 0));
    check("what pread brings", 0, memcmp(back, "aXYd", 4));
    check("the offset stays", (int64_t)at, lseek(fd, 0, SEEK_CUR));
    return check_end();
}
