/* fd_filestat_set_size: growing, cutting, zeros, what is refused (tests). */
#include "tests/wasi/raw.h"

static __wasi_filesize_t size_of(__wasi_fd_t fd)
{
    __wasi_filestat_t stat;
    check("fd_filestat_get", 0, __wasi_fd_filestat_get(fd, &stat));
    return stat.size;
}

/* The sum of the bytes from `offset` on. */
static int64_t sum_at(__wasi_fd_t fd, __wasi_filesize_t offset, size_t size)
{
    uint8_t bytes[64];
    __wasi_iovec_t vector = {bytes, size};
    __wasi_size_t count = 0;
    check("fd_pread", 0, __wasi_fd_pread(fd, &vector, 1, offset, &count));
    check("bytes read", (int64_t)size, (int64_t)count);
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += bytes[i];
    }
    return sum;
}

static void check_file(void)
{
    make_file("f", "abcdefghij");
    __wasi_fd_t fd = open_file("f");
    __wasi_filesize_t offset;
    check("seek", 0, __wasi_fd_seek(fd, 7, __WASI_WHENCE_SET, &offset));
    check("cutting", 0, __wasi_fd_filestat_set_size(fd, 3));
    check("size after cutting", 3, (int64_t)size_of(fd));
    check("tell", 0, __wasi_fd_tell(fd, &offset));
    check("the offset stays", 7, (int64_t)offset);
    check("growing", 0, __wasi_fd_filestat_set_size(fd, 10));
    check("size after growing", 10, (int64_t)size_of(fd));
    check("what was cut is zero", 'a' + 'b' + 'c', sum_at(fd, 0, 10));
    check("far growing", 0, __wasi_fd_filestat_set_size(fd, UINT64_C(1) << 33));
    check("far size", INT64_C(1) << 33, (int64_t)size_of(fd));
    check("far zeros", 0, sum_at(fd, (UINT64_C(1) << 33) - 20, 20));
    check("to nothing", 0, __wasi_fd_filestat_set_size(fd, 0));
    check("size of nothing", 0, (int64_t)size_of(fd));
    check("beyond 2^63", __WASI_ERRNO_INVAL, __wasi_fd_filestat_set_size(fd, UINT64_C(1) << 63));
    check("2^64-1", __WASI_ERRNO_INVAL, __wasi_fd_filestat_set_size(fd, UINT64_MAX));
    check("size after refusals", 0, (int64_t)size_of(fd));
}

int main(void)
{
    check_file();
    check("a closed descriptor", __WASI_ERRNO_BADF, __wasi_fd_filestat_set_size(CLOSED, 1));
    check("a directory", __WASI_ERRNO_BADF, __wasi_fd_filestat_set_size(open_folder(), 1));
    check("a stream", __WASI_ERRNO_INVAL, __wasi_fd_filestat_set_size(1, 1));
    __wasi_fd_t weak = open_rights("f", 0, __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_FILESTAT_GET);
    check("without the right", __WASI_ERRNO_NOTCAPABLE, __wasi_fd_filestat_set_size(weak, 1));
    check("size after all", 0, (int64_t)size_of(weak));
    return check_end();
}
