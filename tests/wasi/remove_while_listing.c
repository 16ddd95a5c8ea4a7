/* rm -r: a loop that reads a directory and deletes from it sees every entry; `.` and `..` are
 * listed; names come once each (tests). */
#include "tests/wasi/posix.h"

#include <dirent.h>

#define FILES 1000

static void make_tree(void)
{
    check("mkdir", 0, mkdir("tree", 0755));
    for (int i = 0; i < FILES; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "tree/file-%d-with-a-name-of-some-length",
                       i * 7919 % FILES);
        make_file(path, "x");
    }
    check("mkdir below", 0, mkdir("tree/folder", 0755));
    make_file("tree/folder/inner", "y");
    check("symlink", 0, symlink("folder", "tree/link"));
}

/* Removes everything below an open directory while it is read. */
static int remove_all(const char *path, int *out_dots)
{
    int removed = 0;
    DIR *dir = opendir(path);
    check("opendir", 1, dir != NULL);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char child[300];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            check("type of a dot", DT_DIR, entry->d_type);
            ++*out_dots;
            continue;
        }
        (void)snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR) {
            removed += remove_all(child, out_dots);
            check("rmdir below", 0, rmdir(child));
        } else {
            check("unlink", 0, unlink(child));
        }
        removed++;
    }
    check("closedir", 0, closedir(dir));
    return removed;
}

static void check_listing(void)
{
    static unsigned char seen[FILES];
    int number, count = 0;
    DIR *dir = opendir("tree");
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strncmp(entry->d_name, "file-", 5) == 0) {
            number = atoi(entry->d_name + 5);
            check("a name comes once", 0, seen[number]);
            seen[number] = 1;
            count++;
        }
    }
    check("all names are listed", FILES, count);
    rewinddir(dir);
    check("rewinddir", 1, readdir(dir) != NULL);
    check("closedir of the listing", 0, closedir(dir));
}

int main(void)
{
    int dots = 0;
    make_tree();
    check_listing();
    check("everything is seen and removed", FILES + 3, remove_all("tree", &dots));
    check("dots", 4, dots);
    check("rmdir", 0, rmdir("tree"));
    check("it is gone", ENOENT, error_of(access("tree", F_OK)));
    return check_end();
}
