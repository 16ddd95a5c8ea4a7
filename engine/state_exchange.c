/* Exchanging the contents of two stores (layer 2). */
#include "core/assert.h"
#include "engine/store_state.h"

#include <stddef.h>
#include <string.h>

#define CONTENTS_OFFSET offsetof(struct rp_store, allocator)
#define CONTENTS_BYTES (sizeof(struct rp_store) - CONTENTS_OFFSET)

static void swap_bytes(uint8_t *a, uint8_t *b, size_t size)
{
    uint8_t block[256];
    for (size_t at = 0; at < size; at += sizeof block) {
        size_t count = size - at < sizeof block ? size - at : sizeof block;
        memcpy(block, a + at, count);
        memcpy(a + at, b + at, count);
        memcpy(b + at, block, count);
    }
}

/* Makes contents the store's own. What of the machine is configuration stays as it was. */
static void adopt_contents(struct rp_store *store, const struct rp_machine *was)
{
    store->arena.allocator = &store->allocator;
    store->embedder.allocator = &store->allocator;
    store->machine.store = store;
    store->machine.only_metered = was->only_metered;
    store->machine.observed = was->observed;
    for (uint32_t i = 0; i < store->instance_count; i++) {
        store->instances[i]->store = store;
    }
}

void rp_store_exchange(struct rp_store *a, struct rp_store *b)
{
    RP_ASSERT(a->engine == b->engine && !a->running && !b->running);
    RP_ASSERT(a->borrow.memory == NULL && b->borrow.memory == NULL);
    RP_ASSERT(a->bindings == b->bindings);
    RP_ASSERT(a->memory_max_bytes == b->memory_max_bytes &&
              a->table_max_elements == b->table_max_elements &&
              a->call_depth_max == b->call_depth_max && a->host_depth_max == b->host_depth_max &&
              a->machine.slots_max == b->machine.slots_max);
    RP_ASSERT(a->allocator.limit_bytes == b->allocator.limit_bytes);
    struct rp_machine machines[2] = {a->machine, b->machine};
    swap_bytes((uint8_t *)a + CONTENTS_OFFSET, (uint8_t *)b + CONTENTS_OFFSET, CONTENTS_BYTES);
    adopt_contents(a, &machines[0]);
    adopt_contents(b, &machines[1]);
}
