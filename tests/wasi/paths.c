/* Paths: O_NOFOLLOW, symlinks with `..`, trailing slashes, rmdir("a/b/") (tests). */
#include "tests/wasi/posix.h"

static int open_error(const char *path, int flags)
{
    int fd = open(path, flags, 0644);
    int error = error_of(fd);
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

static void check_nofollow(void)
{
    check("O_NOFOLLOW of a file", 0, open_error("f", O_RDONLY | O_NOFOLLOW));
    check("O_NOFOLLOW of a symlink", ELOOP, open_error("to_f", O_RDONLY | O_NOFOLLOW));
    check("O_NOFOLLOW of a symlink to a directory", ELOOP,
          open_error("to_d", O_RDONLY | O_NOFOLLOW));
    check("O_NOFOLLOW of a symlink as a directory", ENOTDIR,
          open_error("to_d", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
    check("O_NOFOLLOW of a symlink on the way", 0, open_error("to_d/g", O_RDONLY | O_NOFOLLOW));
    check("O_NOFOLLOW of a dangling symlink", ELOOP, open_error("to_no", O_RDONLY | O_NOFOLLOW));
    check("following a symlink", 0, open_error("to_f", O_RDONLY));
    check("a dangling symlink", ENOENT, open_error("to_no", O_RDONLY));
    check("O_EXCL at a dangling symlink", EEXIST, open_error("to_no", O_RDWR | O_CREAT | O_EXCL));
    check("creating through a dangling symlink", 0, open_error("to_no", O_RDWR | O_CREAT));
    check("what was created", 0, access("no", F_OK));
    check("a symlink to itself", ELOOP, open_error("loop", O_RDONLY));
}

static void check_dots(void)
{
    check("a symlink with ..", 0, open_error("d/up", O_RDONLY));
    check("a symlink with .. twice", 0, open_error("d/e/upper/f", O_RDONLY));
    check("a symlink above the folder", EPERM, open_error("out", O_RDONLY));
    check("d/e/../g", 0, open_error("d/e/../g", O_RDONLY));
    check("no/../f", ENOENT, open_error("missing/../f", O_RDONLY));
    check("f/../f", ENOTDIR, open_error("f/../f", O_RDONLY));
    check("to_d/../f: .. of where it leads", 0, open_error("to_d/../f", O_RDONLY));
    check("././/d//g", 0, open_error("././/d//g", O_RDONLY));
    check("rmdir of .", EINVAL, error_of(rmdir("d/e/.")));
    check("rmdir of ..", ENOTEMPTY, error_of(rmdir("d/e/..")));
    check("mkdir of .", EEXIST, error_of(mkdir("d/.", 0755)));
    check("mkdir of ..", EEXIST, error_of(mkdir("d/..", 0755)));
}

static void check_slashes(void)
{
    struct stat status;
    check("open f/", ENOTDIR, open_error("f/", O_RDONLY));
    check("open d/", 0, open_error("d/", O_RDONLY | O_DIRECTORY));
    check("create new/", EISDIR, open_error("new/", O_RDWR | O_CREAT));
    check("stat f/", ENOTDIR, error_of(stat("f/", &status)));
    check("lstat to_d/", 0, lstat("to_d/", &status));
    check("lstat to_d/: the directory", 1, S_ISDIR(status.st_mode));
    check("unlink f/", ENOTDIR, error_of(unlink("f/")));
    check("unlink to_d/", ENOTDIR, error_of(unlink("to_d/")));
    check("unlink d", 1, error_of(unlink("d")) == EISDIR || errno == EPERM);
    check("mkdir a/", 0, mkdir("a/", 0755));
    check("mkdir a/b/", 0, mkdir("a/b/", 0755));
    check("rmdir a", ENOTEMPTY, error_of(rmdir("a")));
    check("rmdir a/b/", 0, rmdir("a/b/"));
    check("rmdir a/", 0, rmdir("a/"));
    check("rmdir f/", ENOTDIR, error_of(rmdir("f/")));
    check("rmdir to_d/", ENOTDIR, error_of(rmdir("to_d/")));
    check("symlink s/", ENOENT, error_of(symlink("f", "s/")));
    check("link to f/", ENOENT, error_of(link("f", "g2/")));
}

int main(void)
{
    make_file("f", "f");
    check("mkdir", 0, mkdir("d", 0755));
    check("mkdir below", 0, mkdir("d/e", 0755));
    make_file("d/g", "g");
    check("to_f", 0, symlink("f", "to_f"));
    check("to_d", 0, symlink("d", "to_d"));
    check("to_no", 0, symlink("no", "to_no"));
    check("loop", 0, symlink("loop", "loop"));
    check("d/up", 0, symlink("../f", "d/up"));
    check("d/e/upper", 0, symlink("../..", "d/e/upper"));
    check("out", 0, symlink("../f", "out"));
    check_nofollow();
    check_dots();
    check_slashes();
    return check_end();
}
