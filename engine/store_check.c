/* States of a store (layer 2). See store_check.h. */
#include "engine/store_check.h"

#include "core/report.h"

rp_store_state rp_store_get_state(const rp_store *store)
{
    if (store->running) {
        return RP_STORE_RUNNING;
    }
    if (!store->stopped) {
        return RP_STORE_IDLE;
    }
    if (store->pending.waits && !store->pending.completed) {
        return RP_STORE_PENDING;
    }
    return store->cut ? RP_STORE_CUT : RP_STORE_STOPPED;
}

bool rp_store_is_stopped(const rp_store *store)
{
    return store->stopped;
}

rp_status rp_store_require(const struct rp_store *store, unsigned states, const char *function,
                           rp_report *report)
{
    static const char *const hints[] = {
        [RP_STORE_IDLE] = "no call is stopped",
        [RP_STORE_RUNNING] = "the store is running: it is called from inside of a host function",
        [RP_STORE_STOPPED] = "a call is stopped: resume or abandon it",
        [RP_STORE_PENDING] = "a host call waits for its answer: complete it, or abandon the call",
        [RP_STORE_CUT] = "a timeout or an interrupt has cut the call: resume it or roll back",
    };
    if (store->borrow.memory != NULL) {
        return rp_report_fail(report, RP_ERROR_STATE,
                              "%s: guest memory is borrowed until rp_store_memory_end", function);
    }
    const rp_store_state state = rp_store_get_state(store);
    if ((states >> state & 1u) == 0) {
        return rp_report_fail(report, RP_ERROR_STATE, "%s: %s", function, hints[state]);
    }
    return RP_OK;
}

void rp_store_count_change(struct rp_store *store)
{
    if (!store->running) {
        rp_store_count_host_event(store);
    }
}

rp_status rp_struct_size_check(const char *name, size_t size, size_t least, size_t known,
                               rp_report *report)
{
    if (size < least || size > known) {
        return rp_report_fail(report, RP_ERROR_ARGUMENT,
                              "%s: struct_size is %zu, this library reads %zu to %zu", name, size,
                              least, known);
    }
    return RP_OK;
}
