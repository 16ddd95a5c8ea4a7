/* fd_fdstat_set_rights: rights are given up and never come back (tests). */
#include "tests/wasi/raw.h"

static __wasi_fdstat_t stat_of(__wasi_fd_t fd)
{
    __wasi_fdstat_t stat;
    check("fd_fdstat_get", 0, __wasi_fd_fdstat_get(fd, &stat));
    return stat;
}

int main(void)
{
    make_file("f", "text");
    __wasi_fd_t fd = open_file("f");
    char bytes[4];
    __wasi_iovec_t in = {(uint8_t *)bytes, 1};
    __wasi_ciovec_t out = {(const uint8_t *)bytes, 1};
    __wasi_size_t count;
    __wasi_rights_t all = stat_of(fd).fs_rights_base;
    check("the same again", 0, __wasi_fd_fdstat_set_rights(fd, all, 0));
    check("reading at first", 0, __wasi_fd_read(fd, &in, 1, &count));
    check("without reading", 0, __wasi_fd_fdstat_set_rights(fd, all & ~__WASI_RIGHTS_FD_READ, 0));
    check("reading", __WASI_ERRNO_BADF, __wasi_fd_read(fd, &in, 1, &count));
    check("writing", 0, __wasi_fd_write(fd, &out, 1, &count));
    check("taking it back", __WASI_ERRNO_NOTCAPABLE, __wasi_fd_fdstat_set_rights(fd, all, 0));
    check("what is left", (int64_t)(all & ~__WASI_RIGHTS_FD_READ),
          (int64_t)stat_of(fd).fs_rights_base);
    check("without any", 0, __wasi_fd_fdstat_set_rights(fd, 0, 0));
    check("writing without any", __WASI_ERRNO_BADF, __wasi_fd_write(fd, &out, 1, &count));
    __wasi_filestat_t stat;
    check("stat without any", __WASI_ERRNO_NOTCAPABLE, __wasi_fd_filestat_get(fd, &stat));
    check("fdstat without any", 0, (int64_t)stat_of(fd).fs_rights_base);
    check("close without any", 0, __wasi_fd_close(fd));
    check("a closed descriptor", __WASI_ERRNO_BADF, __wasi_fd_fdstat_set_rights(fd, 0, 0));
    return check_end();
}
