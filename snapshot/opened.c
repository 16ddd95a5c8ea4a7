/* A snapshot as it is opened for use, and the modules at hand for it (layer 3). */
#include "snapshot/opened.h"
#include "core/report.h"
#include "engine/module.h"

#include <string.h>

rp_status rp_opened_init(struct rp_opened *opened, const void *snapshot, size_t size,
                         const rp_restore_options *options, rp_report *report)
{
    *opened = (struct rp_opened){0};
    rp_allocator_init(&opened->allocator, 0);
    rp_buffer_init(&opened->scratch, &opened->allocator);
    struct rp_span canonical;
    rp_status status = rp_wsnp_unwrap(snapshot, size, options, &opened->scratch, &canonical,
                                      &opened->embedded, report);
    return status == RP_OK ? rp_wsnp_open(&opened->wsnp, canonical.data, canonical.size, report)
                           : status;
}

void rp_opened_deinit(struct rp_opened *opened)
{
    rp_wsnp_close(&opened->wsnp);
    rp_buffer_deinit(&opened->scratch);
}

/* The bytes are hashed before they are decoded: what the snapshot does not use costs no more. */
static rp_status load_embedded(struct rp_module_list *list, rp_engine *engine,
                               const struct rp_opened *opened, rp_report *report)
{
    struct rp_span bytes = opened->embedded;
    uint8_t hash[RP_HASH_BYTES];
    rp_hash(bytes.data, bytes.size, hash);
    if (!rp_wsnp_has_module(&opened->wsnp, hash)) {
        return rp_report_fail(report, RP_ERROR_SNAPSHOT_MODULE,
                              "the module in the envelope is none of the snapshot's");
    }
    rp_report reason = {0};
    rp_status status = rp_module_load(engine, bytes.data, bytes.size, &list->embedded, &reason);
    if (status == RP_OK) {
        list->modules[list->count++] = list->embedded;
        return RP_OK;
    }
    return rp_report_fail(
        report, status == RP_ERROR_NO_MEMORY ? RP_ERROR_NO_MEMORY : RP_ERROR_SNAPSHOT_MODULE,
        "the module in the envelope is refused: %s", reason.text);
}

rp_status rp_module_list_init(struct rp_module_list *list, rp_engine *engine,
                              const rp_restore_options *options, struct rp_opened *opened,
                              rp_report *report)
{
    *list = (struct rp_module_list){.allocator = &opened->allocator};
    size_t count = options == NULL ? 0 : options->module_count;
    list->modules = rp_alloc_zero(list->allocator, count + 1, sizeof *list->modules);
    if (list->modules == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for a list of modules");
    }
    list->capacity = count + 1;
    for (size_t i = 0; i < count; i++) {
        if (options->modules[i]->engine != engine) {
            return rp_report_fail(report, RP_ERROR_ARGUMENT,
                                  "module %zu of rp_restore_options was loaded for another engine",
                                  i);
        }
        list->modules[list->count++] = options->modules[i];
    }
    return opened->embedded.size == 0 ? RP_OK : load_embedded(list, engine, opened, report);
}

void rp_module_list_deinit(struct rp_module_list *list)
{
    rp_module_destroy(list->embedded);
    if (list->modules != NULL) {
        rp_free(list->allocator, (void *)list->modules, list->capacity * sizeof *list->modules);
    }
    *list = (struct rp_module_list){0};
}
