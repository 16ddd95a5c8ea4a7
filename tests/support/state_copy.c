/* States as bytes (layer 7, test support). See state_copy.h. */
#include "tests/support/state_copy.h"

#include "core/assert.h"

#include <string.h>

void rp_state_copy_init(struct rp_state_copy *copy)
{
    memset(copy, 0, sizeof *copy);
    rp_allocator_init(&copy->allocator, 0);
    rp_buffer_init(&copy->bytes, &copy->allocator);
}

void rp_state_copy_deinit(struct rp_state_copy *copy)
{
    rp_buffer_deinit(&copy->bytes);
}

static void end_section(struct rp_state_copy *copy)
{
    RP_ASSERT(copy->count < RP_STATE_COPY_SECTIONS);
    copy->ends[copy->count++] = copy->bytes.size;
}

rp_status rp_state_copy_save(struct rp_state_copy *copy, const rp_store *store, rp_report *report)
{
    RP_ASSERT(store->memory_count <= RP_STATE_COPY_MEMORIES_MAX);
    copy->bytes.size = 0;
    copy->bytes.failed = false;
    copy->count = 0;
    copy->memory_count = store->memory_count;
    rp_status status = RP_OK;
    for (unsigned i = 0; i < RP_SECTION_COUNT && status == RP_OK; i++) {
        status = rp_store_save_section(store, (enum rp_section)i, &copy->bytes, report);
        end_section(copy);
        for (uint32_t j = 0; i == RP_SECTION_memories && j < store->memory_count; j++) {
            if (status == RP_OK) {
                status = rp_store_save_memory(store, j, &copy->bytes, report);
            }
            end_section(copy);
        }
    }
    return status;
}

static struct rp_msgpack section_reader(const struct rp_state_copy *copy, uint32_t place)
{
    struct rp_msgpack in;
    rp_msgpack_init(&in, copy->bytes.data, rp_state_copy_start(copy, place), copy->ends[place]);
    return in;
}

static rp_status load_sections(const struct rp_state_copy *copy, struct rp_state_loader *loader,
                               rp_report *report)
{
    uint32_t place = 0;
    for (unsigned i = 0; i < RP_SECTION_COUNT; i++) {
        struct rp_msgpack in = section_reader(copy, place++);
        rp_status status = rp_state_load_section(loader, (enum rp_section)i, &in, report);
        if (status != RP_OK) {
            return status;
        }
        if (i != RP_SECTION_memories) {
            continue;
        }
        if (rp_state_loader_memory_count(loader) != copy->memory_count) {
            return RP_ERROR_SNAPSHOT_ENCODING; /* as who reads a file finds another section */
        }
        for (uint32_t j = 0; j < copy->memory_count; j++) {
            in = section_reader(copy, place++);
            status = rp_state_load_memory(loader, j, &in, report);
            if (status != RP_OK) {
                return status;
            }
        }
    }
    return rp_state_loader_finish(loader, report);
}

rp_status rp_state_copy_load(const struct rp_state_copy *copy, const rp_store *from,
                             rp_store **out_store, rp_report *report)
{
    struct rp_state_loader *loader = NULL;
    rp_status status = rp_state_loader_create(from, NULL, 0, &loader, report);
    if (status == RP_OK) {
        status = load_sections(copy, loader, report);
    }
    if (status == RP_OK) {
        *out_store = rp_state_loader_take(loader);
    }
    rp_state_loader_destroy(loader);
    return status;
}

uint32_t rp_state_copy_place(const struct rp_state_copy *copy, enum rp_section section)
{
    return (uint32_t)section + (section > RP_SECTION_memories ? copy->memory_count : 0);
}

size_t rp_state_copy_start(const struct rp_state_copy *copy, uint32_t place)
{
    return place == 0 ? 0 : copy->ends[place - 1];
}

void rp_state_copy_replace(struct rp_state_copy *copy, uint32_t place, const uint8_t *data,
                           size_t size)
{
    size_t start = rp_state_copy_start(copy, place);
    size_t behind = copy->bytes.size - copy->ends[place];
    size_t old_size = copy->ends[place] - start;
    if (size > old_size) {
        static const uint8_t room[64];
        for (size_t more = size - old_size; more != 0;) {
            size_t step = more < sizeof room ? more : sizeof room;
            rp_buffer_append(&copy->bytes, room, step);
            more -= step;
        }
        RP_ASSERT(!copy->bytes.failed);
    }
    uint8_t *base = copy->bytes.data;
    memmove(base + start + size, base + copy->ends[place], behind);
    if (size != 0) {
        memcpy(base + start, data, size);
    }
    copy->bytes.size = start + size + behind;
    for (uint32_t i = place; i < copy->count; i++) {
        copy->ends[i] = copy->ends[i] - old_size + size;
    }
}

static const char *section_name(const struct rp_state_copy *copy, uint32_t place)
{
    if (place <= RP_SECTION_memories) {
        return rp_section_names[place];
    }
    return place <= RP_SECTION_memories + copy->memory_count
               ? "memory"
               : rp_section_names[place - copy->memory_count];
}

const char *rp_state_copy_difference(const struct rp_state_copy *a, const struct rp_state_copy *b)
{
    if (a->count != b->count) {
        return "memories";
    }
    for (uint32_t i = 0; i < a->count; i++) {
        size_t start = rp_state_copy_start(a, i);
        if (a->ends[i] != b->ends[i] ||
            memcmp(a->bytes.data + start, b->bytes.data + start, a->ends[i] - start) != 0) {
            return section_name(a, i);
        }
    }
    return NULL;
}
