/* fd_advise: every advice, no effect, and what refuses it (tests). */
#include "tests/wasi/raw.h"

int main(void)
{
    make_file("f", "0123456789");
    __wasi_fd_t file = open_file("f");
    for (__wasi_advice_t advice = 0; advice <= 5; advice++) {
        check("advice of each kind", 0, __wasi_fd_advise(file, 0, 10, advice));
    }
    check("advice behind the end", 0, __wasi_fd_advise(file, 1000, 1000, 0));
    check("advice for nothing", 0, __wasi_fd_advise(file, 5, 0, 4));
    check("an offset beyond 2^63", __WASI_ERRNO_INVAL,
          __wasi_fd_advise(file, UINT64_C(1) << 63, 1, 0));
    check("a length beyond 2^63", __WASI_ERRNO_INVAL,
          __wasi_fd_advise(file, 0, UINT64_C(1) << 63, 0));
    check("a closed descriptor", __WASI_ERRNO_BADF, __wasi_fd_advise(CLOSED, 0, 1, 0));
    check("descriptor 2^32-1", __WASI_ERRNO_BADF, __wasi_fd_advise(-1, 0, 1, 0));
    check("a directory", __WASI_ERRNO_BADF, __wasi_fd_advise(open_folder(), 0, 1, 0));
    check("a stream", __WASI_ERRNO_SPIPE, __wasi_fd_advise(1, 0, 1, 0));
    __wasi_filestat_t stat;
    check("its size afterwards: errno", 0, __wasi_fd_filestat_get(file, &stat));
    check("its size afterwards", 10, (int64_t)stat.size);
    __wasi_fd_t weak = open_rights("f", 0, __WASI_RIGHTS_FD_READ);
    check("without the right", __WASI_ERRNO_NOTCAPABLE, __wasi_fd_advise(weak, 0, 1, 0));
    check("advice 6", __WASI_ERRNO_INVAL, __wasi_fd_advise(file, 0, 10, 6));
    check("advice 255", __WASI_ERRNO_INVAL, __wasi_fd_advise(file, 0, 10, 255));
    return check_end();
}
