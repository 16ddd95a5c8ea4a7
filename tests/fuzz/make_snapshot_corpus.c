/* Writes the seeds of fuzz_snapshot into a folder: the samples, plain and packed (tests). */
#include "tests/snapshot/sample.h"

#include <stdio.h>
#include <stdlib.h>

static bool write_file(const char *folder, const char *name, const char *suffix,
                       const rp_bytes *bytes)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s%s", folder, name, suffix);
    FILE *file = fopen(path, "wb");
    bool good = file != NULL && fwrite(bytes->data, 1, bytes->size, file) == bytes->size;
    good = file != NULL && fclose(file) == 0 && good;
    if (!good) {
        perror(path);
    }
    return good;
}

static bool write_sample(const char *folder, enum rp_sample_kind kind)
{
    struct rp_sample sample;
    rp_bytes canonical = {0};
    rp_bytes packed = {0};
    rp_sample_make(&sample, kind, false);
    rp_pack_options pack = {
        .struct_size = sizeof pack, .module = sample.modules[0], .compress = kind % 2 == 0};
    const char *name = rp_sample_names[kind];
    bool good = rp_store_snapshot(sample.store, &canonical, NULL) == RP_OK &&
                write_file(folder, name, "", &canonical) &&
                rp_snapshot_pack(canonical.data, canonical.size, &pack, &packed, NULL) == RP_OK &&
                write_file(folder, name, "_packed", &packed);
    rp_bytes_release(&packed);
    rp_bytes_release(&canonical);
    rp_sample_end(&sample);
    return good;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: make_snapshot_corpus FOLDER\n");
        return EXIT_FAILURE;
    }
    for (enum rp_sample_kind kind = RP_SAMPLE_EMPTY; kind < RP_SAMPLE_COUNT; kind++) {
        if (!write_sample(argv[1], kind)) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
