/* wasi_unstable: vectors, whence (another order than in preview 1), listing (tests). */
#include "tests/wasi/unstable.h"

static void check_seek(uint32_t fd)
{
    uint64_t at = 0;
    check("seek from the start", 0, fd_seek(fd, 2, WHENCE_SET, &at));
    check("position from the start", 2, (int64_t)at);
    check("seek from here", 0, fd_seek(fd, 3, WHENCE_CUR, &at));
    check("position from here", 5, (int64_t)at);
    check("seek from the end", 0, fd_seek(fd, -4, WHENCE_END, &at));
    check("position from the end", 6, (int64_t)at);
    check("seek back", 0, fd_seek(fd, -1, WHENCE_CUR, &at));
    check("position after seeking back", 5, (int64_t)at);
    check("seek before the start", ERROR_INVAL, fd_seek(fd, -1, WHENCE_SET, &at));
    check("whence 3", ERROR_INVAL, fd_seek(fd, 0, 3, &at));
    check("tell", 0, fd_tell(fd, &at));
    check("position after refusals", 5, (int64_t)at);
}

static void check_vectors(uint32_t fd)
{
    uint8_t bytes[12] = "############";
    struct vector vectors[] = {{bytes, 2}, {bytes + 6, 0}, {bytes + 8, 3}};
    uint32_t count = 0;
    check("fd_read", 0, fd_read(fd, vectors, 3, &count));
    check("fd_read: count", 5, count);
    check("fd_read: first vector", 'f' << 8 | 'g', bytes[0] << 8 | bytes[1]);
    check("fd_read: between", '#', bytes[2]);
    check("fd_read: last vector", 'h' << 16 | 'i' << 8 | 'j',
          bytes[8] << 16 | bytes[9] << 8 | bytes[10]);
    check("fd_read: behind", '#', bytes[11]);
    check("fd_pread", 0, fd_pread(fd, vectors, 1, 1, &count));
    check("fd_pread: bytes", 'b' << 8 | 'c', bytes[0] << 8 | bytes[1]);
}

/* Lists the folder in pieces of `size`, answers how many entries there are and adds up their
 * names' first letters and types. */
static int64_t list(uint32_t fd, uint32_t size, int64_t *out_letters, int64_t *out_types)
{
    static uint8_t buffer[1024];
    uint64_t cookie = 0;
    int64_t entries = 0;
    *out_letters = 0;
    *out_types = 0;
    for (uint32_t used = size; used == size;) {
        check("fd_readdir", 0, fd_readdir(fd, buffer, size, cookie, &used));
        for (uint32_t at = 0; at + sizeof(struct dirent) <= used;) {
            struct dirent entry;
            __builtin_memcpy(&entry, buffer + at, sizeof entry);
            at += sizeof entry;
            if (at + entry.name_size > used) {
                break;
            }
            *out_letters += buffer[at];
            *out_types += entry.type;
            cookie = entry.next;
            at += entry.name_size;
            entries++;
        }
    }
    return entries;
}

static void check_listing(void)
{
    uint32_t fd = CLOSED;
    int64_t letters, types;
    check("create a directory", 0, path_create_directory(FOLDER, "dir", 3));
    check("create it again", ERROR_EXIST, path_create_directory(FOLDER, "dir", 3));
    check("symlink", 0, path_symlink("f", 1, FOLDER, "link", 4));
    check("open the folder", 0,
          path_open(FOLDER, 1, ".", 1, OPEN_DIRECTORY, FOLDER_RIGHTS, 0, 0, &fd));
    check("entries", 5, list(fd, 1024, &letters, &types)); /* . .. dir f link */
    check("first letters", '.' + '.' + 'd' + 'f' + 'l', letters);
    check("types", 3 * TYPE_DIRECTORY + TYPE_FILE + TYPE_SYMLINK, types);
    check("entries in pieces", 5, list(fd, 40, &letters, &types));
    check("first letters in pieces", '.' + '.' + 'd' + 'f' + 'l', letters);
}

static void run(void)
{
    uint32_t fd = make_file("f", "abcdefghij");
    check_seek(fd);
    check_vectors(fd);
    check_listing();
}
