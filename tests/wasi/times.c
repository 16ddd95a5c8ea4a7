/* utimensat, futimens, stat: nanoseconds, UTIME_OMIT; reading does not touch, writing does. "Now"
 * is in fd_filestat_set_times: Debian's wasi-libc sets zero or refuses instead (tests). */
#include "tests/wasi/posix.h"

#include <time.h>

static long long ns_of(struct timespec time)
{
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static struct stat stat_of(const char *path)
{
    struct stat status;
    check("stat", 0, stat(path, &status));
    return status;
}

static void check_setting(void)
{
    struct timespec times[2] = {{1234567890, 123456789}, {987654321, 1}};
    check("utimensat", 0, utimensat(AT_FDCWD, "f", times, 0));
    check("atim", 1234567890123456789, ns_of(stat_of("f").st_atim));
    check("mtim", 987654321000000001, ns_of(stat_of("f").st_mtim));
    times[0] = (struct timespec){5, UTIME_OMIT};
    times[1] = (struct timespec){7, 999999999};
    check("utimensat that omits", 0, utimensat(AT_FDCWD, "f", times, 0));
    check("atim omitted", 1234567890123456789, ns_of(stat_of("f").st_atim));
    check("mtim beside it", 7999999999, ns_of(stat_of("f").st_mtim));
    times[0] = (struct timespec){5, 6};
    times[1] = (struct timespec){5, 7};
    int fd = open("f", O_RDWR);
    check("futimens", 0, futimens(fd, times));
    check("atim of futimens", 5000000006, ns_of(stat_of("f").st_atim));
    check("close", 0, close(fd));
    times[0] = (struct timespec){5, 1000000000};
    check("10^9 nanoseconds", EINVAL, error_of(utimensat(AT_FDCWD, "f", times, 0)));
    check("nothing there", ENOENT, error_of(utimensat(AT_FDCWD, "no", NULL, 0)));
}

static void check_touching(void)
{
    struct timespec times[2] = {{11, 12}, {13, 14}};
    char bytes[4];
    check("utimensat again", 0, utimensat(AT_FDCWD, "f", times, 0));
    int fd = open("f", O_RDWR);
    check("read", 4, read(fd, bytes, 4));
    check("mtim after reading", 13000000014, ns_of(stat_of("f").st_mtim));
    check("write", 1, write(fd, "x", 1));
    check("mtim after writing", 1, stat_of("f").st_mtim.tv_sec > 1000000);
    check("close again", 0, close(fd));
    check("mkdir", 0, mkdir("d", 0755));
    check("utimensat of a directory", 0, utimensat(AT_FDCWD, "d", times, 0));
    check("mtim of a directory", 13000000014, ns_of(stat_of("d").st_mtim));
    make_file("d/f", "");
    check("mtim after making in it", 1, stat_of("d").st_mtim.tv_sec > 1000000);
}

static void check_symlinks(void)
{
    struct timespec times[2] = {{21, 22}, {23, 24}};
    struct stat status;
    check("symlink", 0, symlink("f", "l"));
    check("utimensat of a symlink", 0, utimensat(AT_FDCWD, "l", times, AT_SYMLINK_NOFOLLOW));
    check("lstat", 0, lstat("l", &status));
    check("mtim of a symlink", 23000000024, ns_of(status.st_mtim));
    check("mtim of its target", 1, stat_of("f").st_mtim.tv_sec != 23);
}

int main(void)
{
    make_file("f", "0123456789");
    check_setting();
    check_touching();
    check_symlinks();
    return check_end();
}
