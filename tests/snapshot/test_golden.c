/* The golden snapshots: those that this build writes are the same bytes, and those that lie there
 * are read, restored and run to the same end, with the roots in roots.txt (tests; read_wsnp.py
 * reads the same files with no code of ours).
 *
 * `test_golden --rewrite` writes them anew. */
#include "tests/snapshot/sample.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define ROOTS_BYTES 4096u
#define HEX_BYTES (2 * RP_ROOT_BYTES + 1)

/* How a golden file is packed. What zstd writes differs between its releases: such files are only
 * read; those are in a folder of their own, as the independent reader does not know zstd. */
enum packing { CANONICAL, WITH_MODULE, ZSTD, DELTA };
static const struct golden {
    const char *name;
    enum rp_sample_kind kind;
    enum packing packing;
} goldens[] = {
    {"empty.wsnp", RP_SAMPLE_EMPTY, CANONICAL},
    {"counter.wsnp", RP_SAMPLE_COUNTER, CANONICAL},
    {"recursion.wsnp", RP_SAMPLE_RECURSION, CANONICAL},
    {"files.wsnp", RP_SAMPLE_FILES, CANONICAL},
    {"pending.wsnp", RP_SAMPLE_PENDING, CANONICAL},
    {"completed.wsnp", RP_SAMPLE_COMPLETED, CANONICAL},
    {"continuation.wsnp", RP_SAMPLE_CONTINUATION, CANONICAL},
    {"objects.wsnp", RP_SAMPLE_OBJECTS, CANONICAL},
    {"recursion_module.wsnp", RP_SAMPLE_RECURSION, WITH_MODULE},
    {"packed/files_zstd.wsnp", RP_SAMPLE_FILES, ZSTD},
    {"packed/completed_delta.wsnp", RP_SAMPLE_COMPLETED, DELTA},
};
static const char parent_name[] = "pending.wsnp"; /* of the delta */

struct file {
    uint8_t *data;
    size_t size;
};

static const char *golden_path(const char *name)
{
    static char path[4096];
    const char *source = getenv("REPRISE_SOURCE_DIR");
    (void)snprintf(path, sizeof path, "%s/tests/snapshot/golden/%s", source != NULL ? source : ".",
                   name);
    return path;
}

static struct file read_golden(const char *name)
{
    struct file golden = {0};
    FILE *file = fopen(golden_path(name), "rb");
    if (file == NULL) {
        fail_msg("%s cannot be read", golden_path(name));
    }
    (void)fseek(file, 0, SEEK_END);
    golden.size = (size_t)ftell(file);
    rewind(file);
    golden.data = test_malloc(golden.size);
    assert_int_equal(fread(golden.data, 1, golden.size, file), golden.size);
    (void)fclose(file);
    return golden;
}

static void write_golden(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(golden_path(name), "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        fail_msg("%s cannot be written", golden_path(name));
    }
}

static rp_bytes make(const struct golden *golden, const struct file *parent)
{
    struct rp_sample sample;
    rp_bytes canonical = {0};
    rp_bytes packed = {0};
    rp_sample_make(&sample, golden->kind, false);
    assert_int_equal(rp_store_snapshot(sample.store, &canonical, NULL), RP_OK);
    rp_pack_options pack = {.struct_size = sizeof pack, .compress = golden->packing == ZSTD};
    if (golden->packing == WITH_MODULE) {
        pack.module = sample.modules[0];
    }
    if (golden->packing == DELTA) {
        pack.parent = parent->data;
        pack.parent_size = parent->size;
    }
    if (golden->packing != CANONICAL) {
        assert_int_equal(rp_snapshot_pack(canonical.data, canonical.size, &pack, &packed, NULL),
                         RP_OK);
        rp_bytes_release(&canonical);
    } else {
        packed = canonical;
    }
    rp_sample_end(&sample);
    return packed;
}

static void root_of(const void *data, size_t size, const struct file *parent,
                    char out_hex[HEX_BYTES])
{
    uint8_t root[RP_ROOT_BYTES];
    rp_restore_options options = {
        .struct_size = sizeof options, .parent = parent->data, .parent_size = parent->size};
    assert_int_equal(rp_snapshot_root(data, size, &options, root, NULL, NULL, NULL), RP_OK);
    for (size_t i = 0; i < RP_ROOT_BYTES; i++) {
        (void)snprintf(out_hex + 2 * i, 3, "%02x", root[i]);
    }
}

static int rewrite(void)
{
    char roots[ROOTS_BYTES] = "";
    struct file parent = {0};
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        char hex[HEX_BYTES];
        if (goldens[i].packing == DELTA) {
            parent = read_golden(parent_name);
        }
        rp_bytes bytes = make(&goldens[i], &parent);
        write_golden(goldens[i].name, bytes.data, bytes.size);
        root_of(bytes.data, bytes.size, &parent, hex);
        if (goldens[i].packing < ZSTD) {
            size_t used = strlen(roots);
            (void)snprintf(roots + used, sizeof roots - used, "%s %s\n", goldens[i].name, hex);
        }
        rp_bytes_release(&bytes);
    }
    write_golden("roots.txt", roots, strlen(roots));
    test_free(parent.data);
    return 0;
}

static void this_build_writes_the_golden_bytes(void **state)
{
    (void)state;
    struct file parent = read_golden(parent_name);
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        if (goldens[i].packing >= ZSTD) {
            continue;
        }
        struct file golden = read_golden(goldens[i].name);
        rp_bytes bytes = make(&goldens[i], &parent);
        if (bytes.size != golden.size || memcmp(bytes.data, golden.data, golden.size) != 0) {
            fail_msg("%s: other bytes are written now", goldens[i].name);
        }
        rp_bytes_release(&bytes);
        test_free(golden.data);
    }
    test_free(parent.data);
}

static void the_golden_files_have_the_roots_of_the_list(void **state)
{
    (void)state;
    struct file roots = read_golden("roots.txt");
    struct file parent = read_golden(parent_name);
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        char line[256];
        char hex[HEX_BYTES];
        struct file golden = read_golden(goldens[i].name);
        root_of(golden.data, golden.size, &parent, hex);
        (void)snprintf(line, sizeof line, " %s\n", hex); /* packed ones have their sample's */
        bool listed = false;
        for (size_t at = 0; at + strlen(line) <= roots.size && !listed; at++) {
            listed = memcmp(roots.data + at, line, strlen(line)) == 0;
        }
        if (!listed) {
            fail_msg("%s has root %s", goldens[i].name, hex);
        }
        test_free(golden.data);
    }
    test_free(parent.data);
    test_free(roots.data);
}

static void the_golden_files_run_to_their_end(void **state)
{
    (void)state;
    struct file parent = read_golden(parent_name);
    rp_restore_options options = {
        .struct_size = sizeof options, .parent = parent.data, .parent_size = parent.size};
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        struct rp_sample sample, restored;
        struct file golden = read_golden(goldens[i].name);
        rp_sample_make(&sample, goldens[i].kind, false);
        rp_sample_make_empty(&restored, goldens[i].kind, true);
        if (rp_store_restore(restored.store, golden.data, golden.size, &options,
                             &restored.report) != RP_OK) {
            fail_msg("%s: %s", goldens[i].name, restored.report.text);
        }
        assert_int_equal(rp_sample_finish(&restored), rp_sample_finish(&sample));
        assert_int_equal(rp_store_gas_used(restored.store), rp_store_gas_used(sample.store));
        rp_sample_end(&restored);
        rp_sample_end(&sample);
        test_free(golden.data);
    }
    test_free(parent.data);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--rewrite") == 0) {
        return rewrite();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_build_writes_the_golden_bytes),
        cmocka_unit_test(the_golden_files_have_the_roots_of_the_list),
        cmocka_unit_test(the_golden_files_run_to_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
