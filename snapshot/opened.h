/* A snapshot opened for use, and the modules at hand for it (layer 3). */
#ifndef RP_SNAPSHOT_OPENED_H
#define RP_SNAPSHOT_OPENED_H

#include "reprise/snapshot.h"
#include "snapshot/wsnp.h"

/* A snapshot without its envelope, its framing read and its checksums checked. Stays where it was
 * initialised. */
struct rp_opened {
    struct rp_allocator allocator;
    struct rp_buffer scratch; /* the canonical bytes, if they had to be decoded */
    struct rp_span embedded;  /* the module in the envelope; size 0: none */
    struct rp_wsnp wsnp;
};
/* ERROR_NOT_SNAPSHOT, ERROR_SNAPSHOT_*, as rp_wsnp_unwrap and rp_wsnp_open. */
rp_status rp_opened_init(struct rp_opened *opened, const void *snapshot, size_t size,
                         const rp_restore_options *options, rp_report *report);
void rp_opened_deinit(struct rp_opened *opened); /* also after a failure */

/* The modules that a caller has at hand for a snapshot: those of the options, and the one in the
 * envelope, loaded for the engine. Zero: empty. */
struct rp_module_list {
    struct rp_allocator *allocator;
    rp_module **modules; /* borrowed, but for `embedded` */
    size_t count;
    size_t capacity;
    rp_module *embedded; /* NULL: none */
};
/* Ends before `opened` does. ERROR_SNAPSHOT_MODULE if the embedded module does not load or is none
 * of the snapshot's, ERROR_ARGUMENT for a module of another engine, ERROR_NO_MEMORY. */
rp_status rp_module_list_init(struct rp_module_list *list, rp_engine *engine,
                              const rp_restore_options *options, struct rp_opened *opened,
                              rp_report *report);
void rp_module_list_deinit(struct rp_module_list *list); /* also after a failure */

/* Checks the sections of the store itself as rp_store_restore does; those of parts are not looked
 * at. The store stays as it was. */
rp_status rp_store_check_snapshot(rp_store *store, const struct rp_wsnp *wsnp,
                                  const struct rp_module_list *modules, rp_report *report);

#endif
