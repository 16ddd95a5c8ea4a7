/* What programs that call WASI preview 1 by its own functions include (tests). The folder of the
 * test is the preopen with descriptor 3; it is empty. */
#ifndef RP_TESTS_WASI_RAW_H
#define RP_TESTS_WASI_RAW_H

#include "tests/wasi/posix.h"

#include <wasi/api.h>

#define FOLDER 3
#define CLOSED 77 /* nothing is open there */
#define ALL_RIGHTS ((UINT64_C(1) << 28) - 1)
#define BEYOND ((void *)0xfffffff0) /* no memory there */

/* path_open with these rights; 2 is the exit code of a test that cannot begin. */
static inline __wasi_fd_t open_rights(const char *path, __wasi_oflags_t flags, uint64_t rights)
{
    __wasi_fd_t fd;
    __wasi_errno_t answer = __wasi_path_open(FOLDER, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, path, flags,
                                             rights, ALL_RIGHTS, 0, &fd);
    if (answer != __WASI_ERRNO_SUCCESS) {
        check("path_open", 0, answer);
        exit(2);
    }
    return fd;
}

#define FILE_RIGHTS                                                                      \
    (__WASI_RIGHTS_FD_DATASYNC | __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK |         \
     __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS | __WASI_RIGHTS_FD_SYNC | __WASI_RIGHTS_FD_TELL | \
     __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_ADVISE | __WASI_RIGHTS_FD_ALLOCATE |      \
     __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE |                \
     __WASI_RIGHTS_FD_FILESTAT_SET_TIMES | __WASI_RIGHTS_POLL_FD_READWRITE)
#define DIRECTORY_RIGHTS (__WASI_RIGHTS_FD_READDIR | __WASI_RIGHTS_PATH_OPEN)

static inline __wasi_fd_t open_file(const char *path)
{
    return open_rights(path, __WASI_OFLAGS_CREAT, FILE_RIGHTS);
}

static inline __wasi_fd_t open_folder(void)
{
    return open_rights(".", __WASI_OFLAGS_DIRECTORY, DIRECTORY_RIGHTS);
}

#endif
