/* fd_sync and fd_datasync: on files, directories, streams and without rights (tests). */
#include "tests/wasi/raw.h"

int main(void)
{
    __wasi_fd_t file = open_file("f");
    check("fd_sync of a file", 0, __wasi_fd_sync(file));
    check("fd_datasync of a file", 0, __wasi_fd_datasync(file));
    check("fd_sync of a closed descriptor", __WASI_ERRNO_BADF, __wasi_fd_sync(CLOSED));
    check("fd_datasync of a closed descriptor", __WASI_ERRNO_BADF, __wasi_fd_datasync(CLOSED));
    check("fd_sync of a stream", __WASI_ERRNO_INVAL, __wasi_fd_sync(1));
    check("fd_datasync of a stream", __WASI_ERRNO_INVAL, __wasi_fd_datasync(1));
    __wasi_fd_t folder =
        open_rights(".", __WASI_OFLAGS_DIRECTORY, DIRECTORY_RIGHTS | __WASI_RIGHTS_FD_SYNC);
    check("fd_sync of a directory", 0, __wasi_fd_sync(folder));
    __wasi_fd_t weak = open_rights("f", 0, __WASI_RIGHTS_FD_READ);
    check("fd_sync without the right", __WASI_ERRNO_NOTCAPABLE, __wasi_fd_sync(weak));
    check("fd_datasync without the right", __WASI_ERRNO_NOTCAPABLE, __wasi_fd_datasync(weak));
    check("fd_close", 0, __wasi_fd_close(file));
    check("fd_sync behind fd_close", __WASI_ERRNO_BADF, __wasi_fd_sync(file));
    return check_end();
}
