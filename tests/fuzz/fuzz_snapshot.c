/* Fuzz target: bytes that want to be a snapshot (tests; docs/wsnp.md).
 *
 * They are restored into a store that has the modules and host functions of all samples. What is
 * refused has changed nothing. What is accepted is saved as the same bytes, has the file's root, is
 * accepted by the checks that need no store, goes on for some gas and can be restored again. */
#include "core/assert.h"
#include "snapshot/wsnp.h"
#include "tests/snapshot/sample.h"
#include "tests/support/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAS 2000
#define UNFOLDED_MAX (1u << 22)

static void fail(const char *what, const rp_report *report)
{
    (void)fprintf(stderr, "%s: %s\n", what, report->text);
    abort();
}

static rp_bytes save(const rp_store *store)
{
    rp_bytes bytes = {0};
    rp_report report = {0};
    if (rp_store_snapshot(store, &bytes, &report) != RP_OK) {
        fail("a restored store cannot be saved", &report);
    }
    return bytes;
}

static bool are_equal(const rp_bytes *a, const rp_bytes *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static bool has_files(const uint8_t *data, size_t size, const rp_restore_options *options)
{
    struct rp_allocator allocator;
    struct rp_buffer scratch;
    struct rp_span canonical, module;
    struct rp_wsnp wsnp;
    bool found = false;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&scratch, &allocator);
    if (rp_wsnp_unwrap(data, size, options, &scratch, &canonical, &module, NULL) == RP_OK &&
        rp_wsnp_open(&wsnp, canonical.data, canonical.size, NULL) == RP_OK) {
        found = rp_wsnp_find(&wsnp, "vfs") != NULL;
        rp_wsnp_close(&wsnp);
    }
    rp_buffer_deinit(&scratch);
    return found;
}

static void check_refusal(const struct rp_sample *sample, const rp_bytes *before, rp_status status,
                          const rp_report *report)
{
    bool named = (status >= RP_ERROR_NOT_SNAPSHOT && status <= RP_ERROR_SNAPSHOT_PARENT) ||
                 status == RP_ERROR_EXTERNAL || status == RP_ERROR_LIMIT ||
                 status == RP_ERROR_NO_MEMORY;
    if (!named || report->text[0] == '\0') {
        fail(rp_status_name(status), report);
    }
    rp_bytes now = save(sample->store);
    if (!are_equal(&now, before)) {
        fail("what was refused has changed the store", report);
    }
    rp_bytes_release(&now);
}

static void check_root(struct rp_sample *sample, const rp_bytes *canonical)
{
    uint8_t of_store[RP_ROOT_BYTES];
    uint8_t of_file[RP_ROOT_BYTES];
    rp_report report = {0};
    if (rp_store_root(sample->store, of_store, NULL, NULL, &report) != RP_OK ||
        rp_snapshot_root(canonical->data, canonical->size, NULL, of_file, NULL, NULL, &report) !=
            RP_OK ||
        memcmp(of_store, of_file, sizeof of_file) != 0) {
        fail("store and file have different roots", &report);
    }
}

static void check_accepted(struct rp_sample *sample, const uint8_t *data, size_t size,
                           const rp_restore_options *options)
{
    rp_report report = {0};
    rp_bytes canonical = {0};
    bool complete = false;
    if (rp_snapshot_unpack(data, size, options, &canonical, &report) != RP_OK) {
        fail("what was restored cannot be unpacked", &report);
    }
    rp_bytes now = save(sample->store);
    if (!are_equal(&now, &canonical)) {
        fail("what was restored is saved as other bytes", &report);
    }
    if (rp_snapshot_verify(sample->engine, canonical.data, canonical.size, NULL, &complete,
                           &report) != RP_OK) {
        fail("what was restored is not verified", &report);
    }
    check_root(sample, &canonical);
    if (rp_store_is_stopped(sample->store)) {
        int64_t until = INT64_MAX - GAS;
        int64_t used = (int64_t)rp_store_gas_used(sample->store);
        rp_value results[16];
        rp_store_set_until_gas(sample->store, used < until ? used + GAS : INT64_MAX);
        (void)rp_store_resume(sample->store, results, 0, &sample->outcome, NULL);
        rp_store_set_until_gas(sample->store, RP_GAS_UNLIMITED);
    }
    if (rp_store_restore(sample->store, now.data, now.size, NULL, &report) != RP_OK) {
        fail("what was restored cannot be restored again", &report);
    }
    rp_bytes again = save(sample->store);
    if (!are_equal(&again, &now)) {
        fail("what was restored again is saved as other bytes", &report);
    }
    rp_bytes_release(&again);
    rp_bytes_release(&now);
    rp_bytes_release(&canonical);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rp_restore_options options = {.struct_size = sizeof options, .size_max = UNFOLDED_MAX};
    struct rp_sample sample;
    bool complete = false;
    uint8_t root[RP_ROOT_BYTES];
    rp_report report = {0};
    rp_sample_make_empty(&sample,
                         has_files(data, size, &options) ? RP_SAMPLE_FILES : RP_SAMPLE_EMPTY,
                         size % 2 == 1);
    rp_sample_load_all(&sample);
    rp_bytes before = save(sample.store);
    rp_status status = rp_store_restore(sample.store, data, size, &options, &report);
    if (status == RP_OK) {
        check_accepted(&sample, data, size, &options);
    } else {
        check_refusal(&sample, &before, status, &report);
    }
    (void)rp_snapshot_verify(sample.engine, data, size, &options, &complete, NULL);
    (void)rp_snapshot_root(data, size, &options, root, NULL, NULL, NULL);
    rp_bytes_release(&before);
    rp_sample_end(&sample);
    return 0;
}
