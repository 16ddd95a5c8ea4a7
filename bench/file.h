/* Files and memory figures for the benchmarks (layer 7). */
#ifndef RP_BENCH_FILE_H
#define RP_BENCH_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_file {
    uint8_t *data;
    size_t size;
};

/* Reads a whole file; on failure says so on stderr. */
bool bench_file_read(const char *path, struct bench_file *out_file);
void bench_file_release(struct bench_file *file);

/* Resident bytes of this process; 0 if the system does not say. */
uint64_t bench_resident_bytes(void);
/* Mappings of this process; 0 if the system does not say. */
uint64_t bench_mapping_count(void);

#endif
