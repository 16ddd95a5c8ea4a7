/* lseek: the three ways, a wrong whence, before the start, on what has no offset (tests). */
#include "tests/wasi/posix.h"

int main(void)
{
    make_file("f", "0123456789");
    int fd = open("f", O_RDWR);
    check("SEEK_SET", 4, lseek(fd, 4, SEEK_SET));
    check("SEEK_CUR", 6, lseek(fd, 2, SEEK_CUR));
    check("SEEK_END", 7, lseek(fd, -3, SEEK_END));
    check("behind the end", 1000, lseek(fd, 990, SEEK_END));
    char byte;
    check("reading behind the end", 0, read(fd, &byte, 1));
    check("before the start", EINVAL, error_of(lseek(fd, -1, SEEK_SET)));
    check("before the start from the end", EINVAL, error_of(lseek(fd, -11, SEEK_END)));
    check("the offset after refusals", 1000, lseek(fd, 0, SEEK_CUR));
    check("2^62", 1LL << 62, lseek(fd, 1LL << 62, SEEK_SET));
    check("beyond 2^63", EOVERFLOW, error_of(lseek(fd, INT64_MAX, SEEK_CUR)));
    check("of output", ESPIPE, error_of(lseek(1, 0, SEEK_CUR)));
    check("of a closed descriptor", EBADF, error_of(lseek(77, 0, SEEK_SET)));
    static const int wrong[] = {3, 4, 77, 255, -1};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check("a wrong whence", EINVAL, error_of(lseek(fd, 0, wrong[i])));
    }
    check("the offset after a wrong whence", 1LL << 62, lseek(fd, 0, SEEK_CUR));
    return check_end();
}
