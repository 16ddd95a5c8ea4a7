/* Files and deep recursion: writes lines from the bottom of a recursion, reads them back, lists and
 * removes them.
 *
 * Runs in the first preopened directory that holds "." or "/"; prints what it found, sorted by its
 * own order of work. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH 200

static int write_lines(FILE *file, int depth)
{
    char line[32];
    int size = snprintf(line, sizeof line, "line %d\n", depth);
    int below = depth > 0 ? write_lines(file, depth - 1) : 0;
    return below + (int)fwrite(line, 1, (size_t)size, file);
}

static unsigned checksum(FILE *file)
{
    unsigned sum = 2166136261u;
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
        sum = (sum ^ (unsigned)c) * 16777619u;
    }
    return sum;
}

static int make_file(const char *path, int depth)
{
    FILE *file = fopen(path, "w+");
    if (file == NULL) {
        printf("%s: %s\n", path, strerror(errno));
        return 1;
    }
    int size = write_lines(file, depth);
    rewind(file);
    printf("%s: %d bytes, checksum %08x\n", path, size, checksum(file));
    return fclose(file) != 0;
}

static int list(const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL) {
        printf("%s: %s\n", path, strerror(errno));
        return 1;
    }
    int count = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        count += entry->d_name[0] != '.';
    }
    printf("%s: %d entries\n", path, count);
    return closedir(directory) != 0;
}

int main(int argc, char **argv)
{
    const char *root = argc > 1 ? argv[1] : "/";
    if (chdir(root) != 0 || mkdir("work", 0777) != 0) {
        printf("%s: %s\n", root, strerror(errno));
        return 1;
    }
    struct stat status;
    int failed = make_file("work/first", DEPTH) | make_file("work/second", 10);
    failed |= rename("work/second", "work/third") != 0 || stat("work/third", &status) != 0;
    printf("work/third: %lld bytes\n", (long long)status.st_size);
    failed |= list("work");
    failed |= unlink("work/first") != 0 || unlink("work/third") != 0 || rmdir("work") != 0;
    printf("%s\n", failed ? "failed" : "done");
    return failed ? 1 : 0;
}
