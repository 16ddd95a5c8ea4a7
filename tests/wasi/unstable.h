/* `wasi_unstable` from C (tests): every structure as its headers of 2019 laid it out, and the
 * functions by which they pass. Programs are linked without the C library's start, so that they
 * import nothing else. The folder of the test is the preopen with descriptor 3; it is empty. */
#ifndef RP_TESTS_WASI_UNSTABLE_H
#define RP_TESTS_WASI_UNSTABLE_H

#include "tests/wasi/check.h"

struct vector {
    uint8_t *bytes;
    uint32_t size;
};
_Static_assert(sizeof(struct vector) == 8 && offsetof(struct vector, size) == 4, "vector");

struct filestat {
    uint64_t dev;
    uint64_t ino;
    uint8_t filetype;
    uint32_t nlink;
    uint64_t size;
    uint64_t atim;
    uint64_t mtim;
    uint64_t ctim;
};
_Static_assert(sizeof(struct filestat) == 56, "filestat");
_Static_assert(offsetof(struct filestat, filetype) == 16, "filestat");
_Static_assert(offsetof(struct filestat, nlink) == 20, "filestat");
_Static_assert(offsetof(struct filestat, size) == 24, "filestat");
_Static_assert(offsetof(struct filestat, ctim) == 48, "filestat");

struct fdstat {
    uint8_t filetype;
    uint16_t flags;
    uint64_t rights_base;
    uint64_t rights_inheriting;
};
_Static_assert(sizeof(struct fdstat) == 24, "fdstat");
_Static_assert(offsetof(struct fdstat, flags) == 2, "fdstat");
_Static_assert(offsetof(struct fdstat, rights_base) == 8, "fdstat");

struct prestat {
    uint8_t tag;
    uint32_t name_size;
};
_Static_assert(sizeof(struct prestat) == 8 && offsetof(struct prestat, name_size) == 4, "prestat");

struct dirent {
    uint64_t next;
    uint64_t ino;
    uint32_t name_size;
    uint8_t type;
};
_Static_assert(sizeof(struct dirent) == 24 && offsetof(struct dirent, type) == 20, "dirent");

struct subscription {
    uint64_t userdata;
    uint8_t type;
    union {
        struct {
            uint64_t identifier;
            uint32_t id;
            uint64_t timeout;
            uint64_t precision;
            uint16_t flags;
        } clock;
        uint32_t fd;
    } of;
};
_Static_assert(sizeof(struct subscription) == 56, "subscription");
_Static_assert(offsetof(struct subscription, of.fd) == 16, "subscription");
_Static_assert(offsetof(struct subscription, of.clock.id) == 24, "subscription");
_Static_assert(offsetof(struct subscription, of.clock.timeout) == 32, "subscription");
_Static_assert(offsetof(struct subscription, of.clock.flags) == 48, "subscription");

struct event {
    uint64_t userdata;
    uint16_t error;
    uint8_t type;
    uint64_t bytes;
    uint16_t flags;
};
_Static_assert(sizeof(struct event) == 32, "event");
_Static_assert(offsetof(struct event, type) == 10, "event");
_Static_assert(offsetof(struct event, bytes) == 16, "event");
_Static_assert(offsetof(struct event, flags) == 24, "event");

enum { WHENCE_CUR, WHENCE_END, WHENCE_SET };
enum { TYPE_UNKNOWN, TYPE_DIRECTORY = 3, TYPE_FILE = 4, TYPE_SYMLINK = 7 };
enum { EVENT_CLOCK, EVENT_READ, EVENT_WRITE };
enum { ERROR_BADF = 8, ERROR_EXIST = 20, ERROR_INVAL = 28, ERROR_NOENT = 44 };
enum { OPEN_CREATE = 1, OPEN_DIRECTORY = 2 };
#define FOLDER 3
#define CLOSED 77
#define FILE_RIGHTS UINT64_C(0x8e001ff) /* all that a file can have */
#define FOLDER_RIGHTS (UINT64_C(1) << 14 | UINT64_C(1) << 21)

#define IMPORT(name) __attribute__((import_module("wasi_unstable"), import_name(#name)))

IMPORT(fd_write)
uint32_t fd_write(uint32_t fd, const struct vector *vectors, uint32_t count, uint32_t *written);
IMPORT(fd_read)
uint32_t fd_read(uint32_t fd, const struct vector *vectors, uint32_t count, uint32_t *read);
IMPORT(fd_pread)
uint32_t fd_pread(uint32_t fd, const struct vector *vectors, uint32_t count, uint64_t offset,
                  uint32_t *read);
IMPORT(fd_seek)
uint32_t fd_seek(uint32_t fd, int64_t offset, uint32_t whence, uint64_t *position);
IMPORT(fd_tell) uint32_t fd_tell(uint32_t fd, uint64_t *position);
IMPORT(fd_filestat_get) uint32_t fd_filestat_get(uint32_t fd, struct filestat *stat);
IMPORT(path_filestat_get)
uint32_t path_filestat_get(uint32_t fd, uint32_t flags, const char *path, uint32_t size,
                           struct filestat *stat);
IMPORT(fd_filestat_set_times)
uint32_t fd_filestat_set_times(uint32_t fd, uint64_t atim, uint64_t mtim, uint32_t flags);
IMPORT(fd_fdstat_get) uint32_t fd_fdstat_get(uint32_t fd, struct fdstat *stat);
IMPORT(fd_prestat_get) uint32_t fd_prestat_get(uint32_t fd, struct prestat *prestat);
IMPORT(fd_prestat_dir_name) uint32_t fd_prestat_dir_name(uint32_t fd, char *name, uint32_t size);
IMPORT(fd_readdir)
uint32_t fd_readdir(uint32_t fd, void *buffer, uint32_t size, uint64_t cookie, uint32_t *used);
IMPORT(poll_oneoff)
uint32_t poll_oneoff(const struct subscription *in, struct event *out, uint32_t count,
                     uint32_t *happened);
IMPORT(clock_time_get) uint32_t clock_time_get(uint32_t clock, uint64_t precision, uint64_t *time);
IMPORT(path_open)
uint32_t path_open(uint32_t fd, uint32_t lookup, const char *path, uint32_t size, uint32_t flags,
                   uint64_t base, uint64_t inheriting, uint32_t fdflags, uint32_t *opened);
IMPORT(path_symlink)
uint32_t path_symlink(const char *target, uint32_t target_size, uint32_t fd, const char *path,
                      uint32_t size);
IMPORT(path_link)
uint32_t path_link(uint32_t old_fd, uint32_t flags, const char *old, uint32_t old_size, uint32_t fd,
                   const char *path, uint32_t size);
IMPORT(path_create_directory)
uint32_t path_create_directory(uint32_t fd, const char *path, uint32_t size);
IMPORT(proc_exit) _Noreturn void proc_exit(uint32_t code);

static void check_print(const char *text, size_t size)
{
    struct vector vector = {(uint8_t *)(uintptr_t)text, size};
    uint32_t written;
    (void)fd_write(2, &vector, 1, &written);
}

/* An open file with these bytes in it. */
static inline uint32_t make_file(const char *name, const char *text)
{
    struct vector vector = {(uint8_t *)(uintptr_t)text, check_length(text)};
    uint32_t fd = CLOSED;
    uint32_t written = 0;
    check("path_open", 0,
          path_open(FOLDER, 1, name, check_length(name), OPEN_CREATE, FILE_RIGHTS, 0, 0, &fd));
    check("fd_write", 0, fd_write(fd, &vector, 1, &written));
    check("fd_write: count", vector.size, written);
    return fd;
}

static void run(void);

void _start(void);
void _start(void)
{
    run();
    proc_exit((uint32_t)check_end());
}

#endif
