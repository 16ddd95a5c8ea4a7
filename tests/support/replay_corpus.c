/* Runs a fuzz target over files and folders of files, each once, in the order of their names
 * (tests). So the corpus is a regression test where there is no libFuzzer. A folder that yields no
 * file is an error. */
#define _POSIX_C_SOURCE 200809L

#include "tests/support/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    (void)fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    /* A block of exactly the size of the input, so that the sanitizer sees a read behind its end.
     */
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    int failed = size < 0 || data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size;
    (void)fclose(file);
    if (!failed) {
        failed = LLVMFuzzerTestOneInput(data, (size_t)size) != 0;
    }
    free(data);
    if (failed) {
        fprintf(stderr, "%s: cannot be read, or was not accepted\n", path);
        return -1;
    }
    return 1;
}

static int replay_folder(const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        perror(path);
        return -1;
    }
    int replayed = 0;
    for (int i = 0; i < count; i++) {
        char child[4096];
        int length = snprintf(child, sizeof child, "%s/%s", path, entries[i]->d_name);
        struct stat status;
        if (replayed >= 0 && length < (int)sizeof child && stat(child, &status) == 0 &&
            S_ISREG(status.st_mode)) {
            replayed = replay_file(child) < 0 ? -1 : replayed + 1;
        }
        free(entries[i]);
    }
    free(entries);
    return replayed;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct stat status;
        int is_folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
        int replayed = is_folder ? replay_folder(argv[i]) : replay_file(argv[i]);
        if (replayed <= 0) {
            fprintf(stderr, "%s: no input was replayed\n", argv[i]);
            return 1;
        }
        printf("%s: %d inputs replayed\n", argv[i], replayed);
    }
    return 0;
}
