/* path_readlink: whole, cut, into nothing; long targets; what is no symlink (tests). */
#include "tests/wasi/raw.h"

static char target[1001];

static __wasi_errno_t read_link(const char *path, char *buffer, size_t size, __wasi_size_t *out)
{
    *out = 12345;
    return __wasi_path_readlink(FOLDER, path, (uint8_t *)buffer, size, out);
}

static void check_cuts(void)
{
    char buffer[32];
    __wasi_size_t count;
    for (size_t size = 0; size <= 12; size++) {
        memset(buffer, '#', sizeof buffer);
        check("a short buffer: errno", 0, read_link("l", buffer, size, &count));
        check("a short buffer: count", (int64_t)(size < 10 ? size : 10), (int64_t)count);
        check("a short buffer: bytes", 0, memcmp(buffer, "some/where", count));
        check("a short buffer: nothing behind it", '#', buffer[count]);
    }
}

int main(void)
{
    char buffer[1001];
    __wasi_size_t count;
    check("symlink", 0, symlink("some/where", "l"));
    check_cuts();
    memset(target, 't', 1000);
    check("a long symlink", 0, symlink(target, "long"));
    check("a long target: errno", 0, read_link("long", buffer, sizeof buffer, &count));
    check("a long target: count", 1000, (int64_t)count);
    check("a long target: bytes", 0, memcmp(buffer, target, 1000));
    make_file("f", "");
    check("a file", __WASI_ERRNO_INVAL, read_link("f", buffer, 10, &count));
    check("a directory", __WASI_ERRNO_INVAL, read_link(".", buffer, 10, &count));
    check("nothing there", __WASI_ERRNO_NOENT, read_link("no", buffer, 10, &count));
    check("an empty path", __WASI_ERRNO_NOENT, read_link("", buffer, 10, &count));
    check("below a file", __WASI_ERRNO_NOTDIR, read_link("f/x", buffer, 10, &count));
    check("above the folder", __WASI_ERRNO_PERM, read_link("../l", buffer, 10, &count));
    check("the count of a refused call", 12345, (int64_t)count);
    check("a closed descriptor", __WASI_ERRNO_BADF,
          __wasi_path_readlink(CLOSED, "l", (uint8_t *)buffer, 10, &count));
    check("an empty target", ENOENT, error_of(symlink("", "empty")));
    check("a buffer beyond memory", __WASI_ERRNO_FAULT, read_link("l", BEYOND, 10, &count));
    return check_end();
}
