/* fd_filestat_set_times and path_filestat_set_times: nanoseconds are kept, NOW, both at once
 * (tests). */
#include "tests/wasi/raw.h"

#include <time.h>

#define ATIM __WASI_FSTFLAGS_ATIM
#define ATIM_NOW __WASI_FSTFLAGS_ATIM_NOW
#define MTIM __WASI_FSTFLAGS_MTIM
#define MTIM_NOW __WASI_FSTFLAGS_MTIM_NOW
#define EARLY UINT64_C(1234567890123456789)
#define LATER UINT64_C(1700000000000000001)

static __wasi_filestat_t stat_of(__wasi_fd_t fd)
{
    __wasi_filestat_t stat;
    check("fd_filestat_get", 0, __wasi_fd_filestat_get(fd, &stat));
    return stat;
}

/* 1 if the time is that of the clock, to within two minutes. */
static int is_now(__wasi_timestamp_t time)
{
    __wasi_timestamp_t now;
    check("clock_time_get", 0, __wasi_clock_time_get(__WASI_CLOCKID_REALTIME, 1, &now));
    return time <= now && now - time < UINT64_C(120000000000);
}

static void check_times(__wasi_fd_t fd)
{
    check("both", 0, __wasi_fd_filestat_set_times(fd, EARLY, LATER, ATIM | MTIM));
    check("atim has nanoseconds", (int64_t)EARLY, (int64_t)stat_of(fd).atim);
    check("mtim has nanoseconds", (int64_t)LATER, (int64_t)stat_of(fd).mtim);
    check("ctim is now", 1, is_now(stat_of(fd).ctim));
    check("atim alone", 0, __wasi_fd_filestat_set_times(fd, LATER, 5, ATIM));
    check("atim was set", (int64_t)LATER, (int64_t)stat_of(fd).atim);
    check("mtim stays", (int64_t)LATER, (int64_t)stat_of(fd).mtim);
    check("mtim alone", 0, __wasi_fd_filestat_set_times(fd, 5, EARLY, MTIM));
    check("atim stays", (int64_t)LATER, (int64_t)stat_of(fd).atim);
    check("mtim was set", (int64_t)EARLY, (int64_t)stat_of(fd).mtim);
    check("atim now", 0, __wasi_fd_filestat_set_times(fd, 5, 5, ATIM_NOW));
    check("atim is now", 1, is_now(stat_of(fd).atim));
    check("mtim stays with atim now", (int64_t)EARLY, (int64_t)stat_of(fd).mtim);
    check("mtim now", 0, __wasi_fd_filestat_set_times(fd, 7, 5, ATIM | MTIM_NOW));
    check("atim beside mtim now", 7, (int64_t)stat_of(fd).atim);
    check("mtim is now", 1, is_now(stat_of(fd).mtim));
    check("nothing", 0, __wasi_fd_filestat_set_times(fd, 5, 5, 0));
    check("atim stays with nothing", 7, (int64_t)stat_of(fd).atim);
    check("zero", 0, __wasi_fd_filestat_set_times(fd, 0, 0, ATIM | MTIM));
    check("mtim is zero", 0, (int64_t)stat_of(fd).mtim);
}

static void check_refusals(__wasi_fd_t fd)
{
    check("set before", 0, __wasi_fd_filestat_set_times(fd, 11, 12, ATIM | MTIM));
    check("atim twice", __WASI_ERRNO_INVAL,
          __wasi_fd_filestat_set_times(fd, 5, 5, ATIM | ATIM_NOW));
    check("mtim twice", __WASI_ERRNO_INVAL,
          __wasi_fd_filestat_set_times(fd, 5, 5, MTIM | MTIM_NOW));
    check("all flags", __WASI_ERRNO_INVAL, __wasi_fd_filestat_set_times(fd, 5, 5, 15));
    check("atim after refusals", 11, (int64_t)stat_of(fd).atim);
    check("mtim after refusals", 12, (int64_t)stat_of(fd).mtim);
    check("a closed descriptor", __WASI_ERRNO_BADF,
          __wasi_fd_filestat_set_times(CLOSED, 5, 5, ATIM));
    check("a stream", __WASI_ERRNO_NOTCAPABLE, __wasi_fd_filestat_set_times(1, 5, 5, ATIM));
    __wasi_fd_t weak = open_rights("f", 0, __WASI_RIGHTS_FD_READ);
    check("without the right", __WASI_ERRNO_NOTCAPABLE,
          __wasi_fd_filestat_set_times(weak, 5, 5, ATIM));
}

static void check_paths(__wasi_fd_t fd)
{
    const __wasi_lookupflags_t follow = __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
    __wasi_filestat_t stat;
    check("symlink", 0, symlink("f", "l"));
    check("through a symlink", 0,
          __wasi_path_filestat_set_times(FOLDER, follow, "l", EARLY, LATER, ATIM | MTIM));
    check("atim through a symlink", (int64_t)EARLY, (int64_t)stat_of(fd).atim);
    check("of a symlink", 0,
          __wasi_path_filestat_set_times(FOLDER, 0, "l", LATER, EARLY, ATIM | MTIM));
    check("atim of its target stays", (int64_t)EARLY, (int64_t)stat_of(fd).atim);
    check("stat of a symlink", 0, __wasi_path_filestat_get(FOLDER, 0, "l", &stat));
    check("mtim of a symlink", (int64_t)EARLY, (int64_t)stat.mtim);
    check("path: atim twice", __WASI_ERRNO_INVAL,
          __wasi_path_filestat_set_times(FOLDER, follow, "f", 5, 5, ATIM | ATIM_NOW));
    check("path: nothing there", __WASI_ERRNO_NOENT,
          __wasi_path_filestat_set_times(FOLDER, follow, "no", 5, 5, ATIM));
}

int main(void)
{
    __wasi_fd_t file = open_file("f");
    check_times(file);
    check_refusals(file);
    check_paths(file);
    check("an unknown flag", __WASI_ERRNO_INVAL, __wasi_fd_filestat_set_times(file, 5, 5, 16));
    return check_end();
}
