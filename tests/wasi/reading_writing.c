/* Files: append, truncate, holes, open but unlinked, modes of opening (tests). */
#include "tests/wasi/posix.h"

static long long size_of(int fd)
{
    struct stat status;
    check("fstat", 0, fstat(fd, &status));
    return status.st_size;
}

static void check_append(void)
{
    char bytes[16] = {0};
    make_file("a", "start");
    int fd = open("a", O_RDWR | O_APPEND);
    check("append: offset at first", 0, lseek(fd, 0, SEEK_CUR));
    check("append", 2, write(fd, "+1", 2));
    check("append: offset behind it", 7, lseek(fd, 0, SEEK_CUR));
    check("append: seek", 0, lseek(fd, 0, SEEK_SET));
    check("append: write after a seek", 2, write(fd, "+2", 2));
    check("append: all of it", 9, pread(fd, bytes, sizeof bytes, 0));
    check("append: contents", 0, strcmp(bytes, "start+1+2"));
    check("append: fcntl", O_APPEND, fcntl(fd, F_GETFL) & O_APPEND);
    check("append off", 0, fcntl(fd, F_SETFL, 0));
    check("append off: seek", 0, lseek(fd, 0, SEEK_SET));
    check("append off: write", 1, write(fd, "S", 1));
    check("append off: size", 9, size_of(fd));
}

static void check_truncate(void)
{
    char bytes[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    make_file("t", "0123456789");
    int fd = open("t", O_RDWR);
    check("ftruncate to less", 0, ftruncate(fd, 4));
    check("ftruncate to more", 0, ftruncate(fd, 8));
    check("ftruncate: size", 8, size_of(fd));
    check("ftruncate: pread", 8, pread(fd, bytes, 8, 0));
    check("ftruncate: contents", 0, memcmp(bytes, "0123\0\0\0\0", 8));
    check("ftruncate to -1", EINVAL, error_of(ftruncate(fd, -1)));
    int reader = open("t", O_RDONLY);
    check("ftruncate of a reader", 1, error_of(ftruncate(reader, 1)) != 0);
    check("write of a reader", EBADF, error_of(write(reader, "x", 1)));
    int writer = open("t", O_WRONLY | O_TRUNC);
    check("O_TRUNC", 0, size_of(fd));
    check("read of a writer", EBADF, error_of(read(writer, bytes, 1)));
    check("truncate by path", 0, truncate("t", 100));
    check("truncate: size", 100, size_of(fd));
}

static void check_holes(void)
{
    char bytes[4] = {1, 1, 1, 1};
    int fd = open("h", O_CREAT | O_EXCL | O_RDWR, 0644);
    check("write far behind the end", 1, pwrite(fd, "x", 1, 1LL << 32));
    check("size with a hole", (1LL << 32) + 1, size_of(fd));
    check("read of a hole", 4, pread(fd, bytes, 4, 1LL << 31));
    check("a hole is zero", 0, bytes[0] | bytes[1] | bytes[2] | bytes[3]);
    check("read around the end of a hole", 3, pread(fd, bytes, 4, (1LL << 32) - 2));
    check("what is behind it", 'x', bytes[2]);
    check("O_EXCL again", EEXIST, error_of(open("h", O_CREAT | O_EXCL | O_RDWR, 0644)));
    check("posix_fallocate", 0, posix_fallocate(fd, 0, 10000));
    check("size after posix_fallocate", (1LL << 32) + 1, size_of(fd));
}

static void check_unlinked(void)
{
    char bytes[8] = {0};
    struct stat status;
    make_file("u", "still here");
    int fd = open("u", O_RDWR);
    check("unlink", 0, unlink("u"));
    check("it has no name", ENOENT, error_of(access("u", F_OK)));
    check("unlinked: fstat", 0, fstat(fd, &status));
    check("unlinked: links", 0, (int64_t)status.st_nlink);
    check("unlinked: read", 5, pread(fd, bytes, 5, 0));
    check("unlinked: contents", 0, strcmp(bytes, "still"));
    check("unlinked: write", 3, pwrite(fd, "xyz", 3, 10));
    check("unlinked: size", 13, size_of(fd));
    make_file("u", "another");
    check("unlinked: size beside a new one", 13, size_of(fd));
    check("unlinked: close", 0, close(fd));
    check("mkdir", 0, mkdir("gone", 0755));
    int folder = open("gone", O_RDONLY | O_DIRECTORY);
    check("rmdir of an open directory", 0, rmdir("gone"));
    check("making in a removed directory", ENOENT, error_of(mkdirat(folder, "x", 0755)));
}

int main(void)
{
    check_append();
    check_truncate();
    check_holes();
    check_unlinked();
    return check_end();
}
