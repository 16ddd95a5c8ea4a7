/* See file.h (layer 7). Memory figures come from /proc, so they are Linux's. */
#include "bench/file.h"

#include "core/platform.h"

#include <inttypes.h>
#include <stdio.h>

static size_t round_to_pages(size_t size)
{
    size_t page = rp_platform_page_bytes();
    return (size + page - 1) / page * page;
}

bool bench_file_read(const char *path, struct bench_file *out_file)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    (void)fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    /* A reservation of its own, so that releasing it gives its pages back. */
    size_t room = round_to_pages(size <= 0 ? 1 : (size_t)size);
    uint8_t *data = rp_platform_reserve(room);
    bool is_read = size >= 0 && data != NULL && rp_platform_commit(data, room) &&
                   fread(data, 1, (size_t)size, file) == (size_t)size;
    (void)fclose(file);
    if (!is_read) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    *out_file = (struct bench_file){data, (size_t)size};
    return true;
}

void bench_file_release(struct bench_file *file)
{
    rp_platform_release(file->data, round_to_pages(file->size == 0 ? 1 : file->size));
    *file = (struct bench_file){0};
}

uint64_t bench_resident_bytes(void)
{
    uint64_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        if (fscanf(file, "%*u %" SCNu64, &pages) != 1) {
            pages = 0;
        }
        (void)fclose(file);
    }
    return pages * rp_platform_page_bytes();
}

uint64_t bench_mapping_count(void)
{
    uint64_t lines = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    if (file != NULL) {
        for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
            lines += c == '\n';
        }
        (void)fclose(file);
    }
    return lines;
}
