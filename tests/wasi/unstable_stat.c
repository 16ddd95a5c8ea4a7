/* wasi_unstable: filestat, fdstat and prestat, field by field (tests). */
#include "tests/wasi/unstable.h"

static void fill(void *at, size_t size)
{
    uint8_t *bytes = at;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = 0xa5;
    }
}

static void check_filestat(uint32_t fd)
{
    struct {
        struct filestat stat;
        uint64_t behind;
    } room;
    fill(&room, sizeof room);
    check("times", 0, fd_filestat_set_times(fd, 1234567890123456789, 1700000000000000001, 1 | 4));
    check("link", 0, path_link(FOLDER, 0, "f", 1, FOLDER, "second", 6));
    check("fd_filestat_get", 0, fd_filestat_get(fd, &room.stat));
    check("filestat: filetype", TYPE_FILE, room.stat.filetype);
    check("filestat: nlink", 2, room.stat.nlink);
    check("filestat: size", 11, (int64_t)room.stat.size);
    check("filestat: atim", 1234567890123456789, (int64_t)room.stat.atim);
    check("filestat: mtim", 1700000000000000001, (int64_t)room.stat.mtim);
    check("filestat: ctim is later", 1, room.stat.ctim > room.stat.mtim);
    check("filestat: nothing behind it", 1, room.behind == UINT64_C(0xa5a5a5a5a5a5a5a5));
    uint64_t ino = room.stat.ino;
    uint64_t dev = room.stat.dev;
    fill(&room, sizeof room);
    check("path_filestat_get", 0, path_filestat_get(FOLDER, 0, "second", 6, &room.stat));
    check("path filestat: ino", 1, room.stat.ino == ino && room.stat.dev == dev);
    check("path filestat: nlink", 2, room.stat.nlink);
    check("path filestat: size", 11, (int64_t)room.stat.size);
    check("path filestat: nothing behind it", 1, room.behind == UINT64_C(0xa5a5a5a5a5a5a5a5));
    check("symlink", 0, path_symlink("f", 1, FOLDER, "link", 4));
    check("path_filestat_get of a symlink", 0, path_filestat_get(FOLDER, 0, "link", 4, &room.stat));
    check("symlink: filetype", TYPE_SYMLINK, room.stat.filetype);
    check("symlink: size", 1, (int64_t)room.stat.size);
    check("path_filestat_get through it", 0, path_filestat_get(FOLDER, 1, "link", 4, &room.stat));
    check("through a symlink: filetype", TYPE_FILE, room.stat.filetype);
    check("path_filestat_get of nothing", ERROR_NOENT,
          path_filestat_get(FOLDER, 1, "no", 2, &room.stat));
}

static void check_fdstat(uint32_t fd)
{
    struct fdstat stat;
    fill(&stat, sizeof stat);
    check("fd_fdstat_get", 0, fd_fdstat_get(fd, &stat));
    check("fdstat: filetype", TYPE_FILE, stat.filetype);
    check("fdstat: flags", 0, stat.flags);
    check("fdstat: can read and write", 1 << 1 | 1 << 6,
          (int64_t)(stat.rights_base & (1u << 1 | 1u << 6)));
    fill(&stat, sizeof stat);
    check("fd_fdstat_get of the preopen", 0, fd_fdstat_get(FOLDER, &stat));
    check("fdstat of the preopen: filetype", TYPE_DIRECTORY, stat.filetype);
    check("fdstat of the preopen: can open", 1 << 13, (int64_t)(stat.rights_base & 1u << 13));
    check("fdstat of the preopen: passes on reading", 1 << 1,
          (int64_t)(stat.rights_inheriting & 1u << 1));
    check("fd_fdstat_get of a closed descriptor", ERROR_BADF, fd_fdstat_get(CLOSED, &stat));
}

static void check_prestat(void)
{
    struct prestat prestat;
    char name[4] = "####";
    fill(&prestat, sizeof prestat);
    check("fd_prestat_get", 0, fd_prestat_get(FOLDER, &prestat));
    check("prestat: tag", 0, prestat.tag);
    check("prestat: size of the name", 1, prestat.name_size);
    check("fd_prestat_dir_name", 0, fd_prestat_dir_name(FOLDER, name, prestat.name_size));
    check("name of the preopen", '/', name[0]);
    check("no terminating zero", '#', name[1]);
    check("fd_prestat_get behind the last", ERROR_BADF, fd_prestat_get(FOLDER + 2, &prestat));
}

static void run(void)
{
    uint32_t fd = make_file("f", "hello world");
    check_prestat();
    check_filestat(fd);
    check_fdstat(fd);
}
