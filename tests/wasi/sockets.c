/* sock_accept, sock_recv, sock_send, sock_shutdown: there are no sockets (tests). */
#include "tests/wasi/raw.h"

static void check_descriptor(const char *const names[4], __wasi_fd_t fd, int64_t expected)
{
    uint8_t bytes[16] = {0};
    __wasi_iovec_t in = {bytes, sizeof bytes};
    __wasi_ciovec_t out = {bytes, sizeof bytes};
    __wasi_size_t count = 99;
    __wasi_roflags_t flags = 99;
    __wasi_fd_t accepted = 99;
    check(names[0], expected, __wasi_sock_accept(fd, 0, &accepted));
    check(names[1], expected, __wasi_sock_recv(fd, &in, 1, 0, &count, &flags));
    check(names[2], expected, __wasi_sock_send(fd, &out, 1, 0, &count));
    check(names[3], expected, __wasi_sock_shutdown(fd, __WASI_SDFLAGS_RD));
    check("a refused call writes nothing", 3 * 99, (int64_t)count + flags + accepted);
}

int main(void)
{
    static const char *const closed[] = {
        "accept of a closed descriptor", "recv of a closed descriptor",
        "send of a closed descriptor", "shutdown of a closed descriptor"};
    static const char *const file[] = {"accept of a file", "recv of a file", "send of a file",
                                       "shutdown of a file"};
    static const char *const folder[] = {"accept of a directory", "recv of a directory",
                                         "send of a directory", "shutdown of a directory"};
    static const char *const input[] = {"accept of input", "recv of input", "send of input",
                                        "shutdown of input"};
    static const char *const output[] = {"accept of output", "recv of output", "send of output",
                                         "shutdown of output"};
    check_descriptor(closed, CLOSED, __WASI_ERRNO_BADF);
    check_descriptor(file, open_file("f"), __WASI_ERRNO_NOTSOCK);
    check_descriptor(folder, open_folder(), __WASI_ERRNO_NOTSOCK);
    check_descriptor(input, 0, __WASI_ERRNO_NOTSOCK);
    check_descriptor(output, 1, __WASI_ERRNO_NOTSOCK);
    return check_end();
}
