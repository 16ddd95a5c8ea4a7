/* Each limit is met exactly: names and paths, symlinks on a walk, depth, links, descriptors
 * (tests). The limits are those of Reprise's document of WASI. */
#include "tests/wasi/posix.h"

static char name[300];
static char path[5000];

static void check_names(void)
{
    memset(name, 'n', 256);
    name[255] = '\0';
    check("a name of 255", 0, mkdir(name, 0755));
    check("a name of 255: stat", 0, access(name, F_OK));
    name[255] = 'n';
    check("a name of 256", ENAMETOOLONG, error_of(mkdir(name, 0755)));
    check("a name of 256: stat", ENAMETOOLONG, error_of(access(name, F_OK)));
    memset(path, '/', 4096);
    memcpy(path, "./", 2);
    path[4094] = '.';
    path[4095] = '\0';
    check("a path of 4095", 0, access(path, F_OK));
    path[4094] = '/';
    path[4095] = '.';
    path[4096] = '\0';
    check("a path of 4096", ENAMETOOLONG, error_of(access(path, F_OK)));
}

/* mkdir -p of a path that is as deep as a path can be. */
static void check_depth(void)
{
    size_t size = 0;
    for (int depth = 0; depth < 2000; depth++) {
        size += (size_t)snprintf(path + size, sizeof path - size, depth == 0 ? "p" : "/p");
        if (mkdir(path, 0755) != 0) {
            check("mkdir at a depth", 0, errno);
            return;
        }
    }
    check("stat at a depth", 0, access(path, F_OK));
    for (int depth = 2000; depth > 0; depth--) {
        check("rmdir at a depth", 0, rmdir(path));
        path[size = size > 1 ? size - 2 : 0] = '\0';
    }
}

static void check_symlinks(void)
{
    char from[16], to[16];
    make_file("link0", "");
    for (int i = 1; i <= 41; i++) {
        (void)snprintf(from, sizeof from, "link%d", i);
        (void)snprintf(to, sizeof to, "link%d", i - 1);
        check("symlink", 0, symlink(to, from));
    }
    check("40 symlinks on a walk", 0, access("link40", F_OK));
    check("41 symlinks on a walk", ELOOP, error_of(access("link41", F_OK)));
}

static void check_descriptors(void)
{
    int count = 4; /* three streams and the folder */
    int fd = open("link0", O_RDONLY);
    int first = fd;
    for (; fd >= 0; fd = open("link0", O_RDONLY)) {
        check("the lowest free number", count, fd);
        count++;
    }
    check("descriptors: errno", EMFILE, errno);
    check("descriptors", 1024, count);
    check("opening a directory", EMFILE, error_of(open(".", O_RDONLY | O_DIRECTORY)));
    check("close", 0, close(500));
    check("the number that was closed", 500, open("link0", O_RDONLY));
    check("descriptors again", EMFILE, error_of(open("link0", O_RDONLY)));
    for (fd = first; fd < count; fd++) {
        check("close all", 0, close(fd));
    }
}

static void check_links(void)
{
    int links = 1;
    make_file("many", "");
    do {
        (void)snprintf(path, sizeof path, "many%d", links);
        links++;
    } while (link("many", path) == 0);
    check("links: errno", EMLINK, errno);
    check("links", 65000, links - 1);
}

int main(void)
{
    check_names();
    check_depth();
    check_symlinks();
    check_descriptors();
    check_links();
    return check_end();
}
