/* Moving a store (layer 3): write, read, exchange, destroy. */
#include "snapshot/move.h"

#include "core/assert.h"
#include "engine/store_state.h"

/* Writes a section into `bytes` and reads it back. */
static rp_status copy_section(const struct rp_store *store, struct rp_state_loader *loader,
                              enum rp_section section, struct rp_buffer *bytes, rp_report *report)
{
    struct rp_msgpack in;
    bytes->size = 0;
    rp_status status = rp_store_save_section(store, section, bytes, report);
    if (status != RP_OK) {
        return status;
    }
    rp_msgpack_init(&in, bytes->data, 0, bytes->size);
    return rp_state_load_section(loader, section, &in, report);
}

static rp_status copy_memories(const struct rp_store *store, struct rp_state_loader *loader,
                               struct rp_buffer *bytes, rp_report *report)
{
    rp_status status = RP_OK;
    RP_ASSERT(rp_state_loader_memory_count(loader) == store->memory_count);
    for (uint32_t i = 0; i < store->memory_count && status == RP_OK; i++) {
        struct rp_msgpack in;
        bytes->size = 0;
        status = rp_store_save_memory(store, i, bytes, report);
        if (status == RP_OK) {
            rp_msgpack_init(&in, bytes->data, 0, bytes->size);
            status = rp_state_load_memory(loader, i, &in, report);
        }
    }
    return status;
}

static rp_status copy_state(const struct rp_store *store, struct rp_state_loader *loader,
                            struct rp_buffer *bytes, rp_report *report)
{
    rp_status status = RP_OK;
    for (unsigned i = 0; i < RP_SECTION_COUNT && status == RP_OK; i++) {
        status = copy_section(store, loader, (enum rp_section)i, bytes, report);
        if (status == RP_OK && i == RP_SECTION_memories) {
            status = copy_memories(store, loader, bytes, report);
        }
    }
    return status == RP_OK ? rp_state_loader_finish(loader, report) : status;
}

/* What is no state and stands in the contents: how the store was stopped. */
static void keep_stop(struct rp_store *to, const struct rp_store *from)
{
    to->cut = from->cut;
    to->stop_kind = from->stop_kind;
    to->stop_reason = from->stop_reason;
}

rp_status rp_store_move(rp_store *store, rp_report *report)
{
    struct rp_allocator allocator;
    struct rp_buffer bytes;
    struct rp_state_loader *loader = NULL;
    bool any_external = store->any_external;
    rp_allocator_init(&allocator, 0);
    rp_buffer_init(&bytes, &allocator);
    store->any_external = true;
    rp_status status = rp_state_loader_create(store, NULL, 0, &loader, report);
    if (status == RP_OK) {
        status = copy_state(store, loader, &bytes, report);
    }
    if (status == RP_OK) {
        struct rp_store *beside = rp_state_loader_take(loader);
        keep_stop(beside, store);
        rp_store_exchange(store, beside);
        rp_store_destroy(beside);
    }
    store->any_external = any_external;
    rp_state_loader_destroy(loader);
    rp_buffer_deinit(&bytes);
    return status;
}
