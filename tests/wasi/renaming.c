/* rename in all its cases, and link (tests; POSIX.1-2017, rename). */
#include "tests/wasi/posix.h"

static int rename_error(const char *from, const char *to)
{
    return error_of(rename(from, to));
}

static long long ino_of(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 ? (long long)status.st_ino : -1;
}

static void check_files(void)
{
    make_file("a", "a");
    make_file("b", "b");
    long long ino = ino_of("a");
    check("to a new name", 0, rename_error("a", "c"));
    check("the same file", ino, ino_of("c"));
    check("the old name is gone", -1, ino_of("a"));
    check("onto a file", 0, rename_error("c", "b"));
    check("the file is replaced", ino, ino_of("b"));
    check("onto itself", 0, rename_error("b", "b"));
    check("link", 0, link("b", "b2"));
    check("onto another link of it", 0, rename_error("b", "b2"));
    check("both links stay", 1, ino_of("b") == ino && ino_of("b2") == ino);
    check("a file onto a directory", EISDIR, rename_error("b", "d"));
    check("a directory onto a file", ENOTDIR, rename_error("d", "b"));
    check("nothing", ENOENT, rename_error("no", "x"));
    check("into nothing", ENOENT, rename_error("b", "no/x"));
    check("below a file", ENOTDIR, rename_error("b", "b2/x"));
    check("a file to a name with a slash", ENOTDIR, rename_error("b", "x/"));
}

static void check_directories(void)
{
    check("mkdir", 0, mkdir("d/e", 0755));
    check("a directory into itself", EINVAL, rename_error("d", "d/x"));
    check("a directory far into itself", EINVAL, rename_error("d", "d/e/x"));
    check("onto its parent", ENOTEMPTY, rename_error("d/e", "d"));
    check("onto an empty directory", 0, rename_error("d", "empty"));
    check("what was in it", 1, ino_of("empty/e") != -1);
    check("mkdir again", 0, mkdir("d", 0755));
    check("onto a directory with entries", ENOTEMPTY, rename_error("d", "empty"));
    check("to a name with a slash", 0, rename_error("d", "d2/"));
    check("from a name with a slash", 0, rename_error("d2/", "d3"));
    check("of .", 1, rename_error("d3/.", "x") == EINVAL || errno == EBUSY);
    check("to ..", 1,
          rename_error("d3", "empty/..") == EINVAL || errno == EBUSY || errno == ENOTEMPTY);
}

static void check_symlinks(void)
{
    char target[8] = {0};
    check("symlink", 0, symlink("b", "l"));
    check("a symlink is renamed itself", 0, rename_error("l", "l2"));
    check("its target stays", 1, readlink("l2", target, 7) == 1 && target[0] == 'b');
    make_file("new", "n");
    check("onto a symlink", 0, rename_error("new", "l2"));
    struct stat status;
    check("lstat", 0, lstat("l2", &status));
    check("the symlink is replaced", 1, S_ISREG(status.st_mode));
    check("link of a directory", EPERM, error_of(link("d3", "d4")));
    check("link onto a name", EEXIST, error_of(link("b", "b2")));
    check("link of nothing", ENOENT, error_of(link("no", "x")));
}

/* What is open stays what it was, whatever becomes of its name. */
static void check_open(void)
{
    char byte = 0;
    make_file("old", "o");
    make_file("new", "n");
    int fd = open("old", O_RDONLY);
    check("onto an open file", 0, rename_error("new", "old"));
    check("read of the replaced file", 1, read(fd, &byte, 1));
    check("its contents", 'o', byte);
    struct stat status;
    check("fstat", 0, fstat(fd, &status));
    check("its links", 0, (int64_t)status.st_nlink);
}

int main(void)
{
    check("d", 0, mkdir("d", 0755));
    check("empty", 0, mkdir("empty", 0755));
    check_files();
    check_directories();
    check_symlinks();
    check_open();
    return check_end();
}
