/* State roots of stores and of files (layer 3; snapshot/root.h, docs/wsnp.md, "Roots"). */
#include "snapshot/root.h"

#include "core/assert.h"
#include "core/page_hash.h"
#include "core/platform_dirty.h"
#include "core/report.h"
#include "engine/store_part.h"
#include "engine/store_state.h"
#include "snapshot/memory_body.h"
#include "snapshot/opened.h"
#include "vfs/vfs.h"

#include <string.h>

static const uint8_t personal_root[RP_HASH_PERSONAL_BYTES] = "reprise.root";

/* A scratch buffer that has grown beyond this is given back. */
#define SCRATCH_KEPT_BYTES (1u << 20)

static rp_status fail_memory(rp_report *report)
{
    return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for computing the state root");
}

/* ---- the sum over the components ---- */

struct sum {
    struct rp_hash_state hash;
    rp_root_visitor visitor;
    void *user;
};

static void begin_sum(struct sum *sum, rp_root_visitor visitor, void *user)
{
    rp_hash_init_as(&sum->hash, personal_root);
    sum->visitor = visitor;
    sum->user = user;
}

/* The name as MessagePack text: at most 31 bytes, so its head is one byte. */
static size_t write_name(const char *name, uint8_t out[1 + RP_WSNP_NAME_BYTES_MAX])
{
    size_t size = strlen(name);
    RP_ASSERT(size <= RP_WSNP_NAME_BYTES_MAX);
    out[0] = (uint8_t)(0xa0 | size);
    memcpy(out + 1, name, size);
    return 1 + size;
}

static void add_component(struct sum *sum, const char *name, const uint8_t root[RP_HASH_BYTES])
{
    uint8_t text[1 + RP_WSNP_NAME_BYTES_MAX];
    rp_hash_update(&sum->hash, text, write_name(name, text));
    rp_hash_update(&sum->hash, root, RP_HASH_BYTES);
    if (sum->visitor != NULL) {
        sum->visitor(sum->user, name, root);
    }
}

/* A component by two pieces of bytes behind its name. */
static void add_pieces(struct sum *sum, const char *name, struct rp_span first,
                       struct rp_span second)
{
    struct rp_hash_state hash;
    uint8_t text[1 + RP_WSNP_NAME_BYTES_MAX];
    uint8_t root[RP_HASH_BYTES];
    rp_component_hash_init(&hash);
    rp_hash_update(&hash, text, write_name(name, text));
    rp_hash_update(&hash, first.data, first.size);
    rp_hash_update(&hash, second.data, second.size);
    rp_hash_final(&hash, root);
    add_component(sum, name, root);
}

/* ---- what a store remembers ---- */

struct cache {
    struct rp_store_cache base; /* first */
    struct rp_allocator allocator;
    struct rp_buffer scratch;
    struct rp_memory_root *memories; /* by index */
    uint32_t memory_count, memory_capacity;
    enum rp_root_method method;
    bool asked_host; /* rp_dirty_open was called */
    bool may_scan;   /* and answered true */
};

static struct cache *cache_of(const struct rp_store *store)
{
    return (struct cache *)(void *)store->root_cache;
}

static void forget_memories(struct cache *cache, uint32_t from)
{
    while (cache->memory_count > from) {
        rp_memory_root_clear(&cache->memories[--cache->memory_count]);
    }
}

static void destroy_cache(struct rp_store_cache *base)
{
    struct cache *cache = (struct cache *)(void *)base;
    forget_memories(cache, 0);
    rp_buffer_deinit(&cache->scratch);
    rp_free(&cache->allocator, cache->memories, cache->memory_capacity * sizeof *cache->memories);
    struct rp_allocator allocator = cache->allocator;
    if (cache->may_scan) {
        rp_dirty_close();
    }
    rp_free(&allocator, cache, sizeof *cache);
    RP_ASSERT(allocator.used_bytes == 0);
}

/* Made at the first root. NULL: no memory. */
static struct cache *make_cache(struct rp_store *store)
{
    if (store->root_cache != NULL) {
        return cache_of(store);
    }
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, store->allocator.limit_bytes);
    struct cache *cache = rp_alloc_zero(&allocator, 1, sizeof *cache);
    if (cache == NULL) {
        return NULL;
    }
    cache->base.destroy = destroy_cache;
    cache->allocator = allocator;
    rp_buffer_init(&cache->scratch, &cache->allocator);
    store->root_cache = &cache->base;
    return cache;
}

bool rp_root_set_method(struct rp_store *store, enum rp_root_method method)
{
    struct cache *cache = make_cache(store);
    if (cache != NULL) {
        forget_memories(cache, 0);
        cache->method = method;
    }
    return cache != NULL;
}

enum rp_root_method rp_root_get_method(const struct rp_store *store, uint32_t memory_index)
{
    const struct cache *cache = cache_of(store);
    bool known = cache != NULL && memory_index < cache->memory_count;
    return known ? cache->memories[memory_index].method : RP_ROOT_AUTO;
}

uint64_t rp_root_hashed_pages(const struct rp_store *store)
{
    const struct cache *cache = cache_of(store);
    uint64_t pages = 0;
    for (uint32_t i = 0; cache != NULL && i < cache->memory_count; i++) {
        pages += cache->memories[i].hashed_pages;
    }
    return pages;
}

/* ---- the root of a store ---- */

static bool make_room_for_memories(struct cache *cache, uint32_t count)
{
    forget_memories(cache, count);
    if (count > cache->memory_capacity) {
        void *larger = rp_grow(&cache->allocator, cache->memories, &cache->memory_capacity, count,
                               sizeof *cache->memories);
        if (larger == NULL) {
            return false;
        }
        cache->memories = larger;
    }
    for (; cache->memory_count < count; cache->memory_count++) {
        cache->memories[cache->memory_count] = (struct rp_memory_root){0};
    }
    return true;
}

/* Small memories do without the host: opening its means costs more than comparing them. */
static bool ask_host(struct cache *cache, uint64_t size_bytes)
{
    bool wants = cache->method == RP_ROOT_SCAN ||
                 (cache->method == RP_ROOT_AUTO && size_bytes >= RP_ROOT_SCAN_BYTES);
    if (wants && !cache->asked_host) {
        cache->asked_host = true;
        cache->may_scan = rp_dirty_open();
    }
    return cache->may_scan;
}

static rp_status add_memories(struct sum *sum, struct rp_store *store, struct cache *cache,
                              rp_report *report)
{
    if (!make_room_for_memories(cache, store->memory_count)) {
        return fail_memory(report);
    }
    for (uint32_t i = 0; i < store->memory_count; i++) {
        const struct rp_memory *memory = store->memories[i];
        uint8_t root[RP_HASH_BYTES];
        char name[RP_WSNP_NAME_BYTES_MAX + 1];
        cache->memories[i].may_scan = ask_host(cache, memory->size_bytes);
        if (!rp_memory_root_update(&cache->memories[i], &cache->allocator, cache->method,
                                   memory->data, memory->size_bytes, memory->reserved_bytes,
                                   root)) {
            return fail_memory(report);
        }
        cache->scratch.size = 0;
        rp_store_save_memory_head(store, i, &cache->scratch);
        if (cache->scratch.failed) {
            return fail_memory(report);
        }
        rp_wsnp_memory_name(i, name);
        add_pieces(sum, name, (struct rp_span){cache->scratch.data, cache->scratch.size},
                   (struct rp_span){root, sizeof root});
    }
    return RP_OK;
}

static rp_status add_sections(struct sum *sum, struct rp_store *store, struct cache *cache,
                              rp_report *report)
{
    for (enum rp_section section = 0; section < RP_SECTION_COUNT; section++) {
        cache->scratch.size = 0;
        rp_status status = rp_store_save_section(store, section, &cache->scratch, report);
        if (status == RP_OK && cache->scratch.failed) {
            status = fail_memory(report);
        }
        if (status == RP_OK) {
            add_pieces(sum, rp_section_names[section],
                       (struct rp_span){cache->scratch.data, cache->scratch.size},
                       (struct rp_span){0});
        }
        if (status == RP_OK && section == RP_SECTION_memories) {
            status = add_memories(sum, store, cache, report);
        }
        if (status != RP_OK) {
            return status;
        }
    }
    return RP_OK;
}

static rp_status add_parts(struct sum *sum, struct rp_store *store, rp_report *report)
{
    for (struct rp_store_part *part = store->parts; part != NULL; part = part->next) {
        for (unsigned section = 0; section < part->section_count; section++) {
            uint8_t root[RP_HASH_BYTES];
            rp_status status = part->root(part->user, section, root, report);
            if (status != RP_OK) {
                return status;
            }
            add_component(sum, part->sections[section], root);
        }
    }
    return RP_OK;
}

rp_status rp_store_root(rp_store *store, uint8_t out_root[RP_ROOT_BYTES], rp_root_visitor visitor,
                        void *user, rp_report *report)
{
    struct cache *cache = make_cache(store);
    if (cache == NULL) {
        return fail_memory(report);
    }
    struct sum sum;
    begin_sum(&sum, visitor, user);
    rp_status status = add_sections(&sum, store, cache, report);
    if (status == RP_OK) {
        status = add_parts(&sum, store, report);
    }
    if (cache->scratch.failed || cache->scratch.capacity > SCRATCH_KEPT_BYTES) {
        rp_buffer_deinit(&cache->scratch);
        rp_buffer_init(&cache->scratch, &cache->allocator);
    }
    if (status == RP_OK) {
        rp_hash_final(&sum.hash, out_root);
    }
    return status;
}

/* ---- the root of a file ---- */

static rp_status fail_section(const struct rp_wsnp *wsnp, const struct rp_wsnp_section *section,
                              const struct rp_msgpack *in, rp_report *report)
{
    bool failed = in->error != NULL;
    const uint8_t *at = failed ? in->error_at : in->pos;
    return rp_report_fail(report, RP_ERROR_SNAPSHOT_ENCODING,
                          "section \"%s\" of the snapshot at byte %td: %s", section->name,
                          at - wsnp->data,
                          failed ? in->error : "bytes behind the section's last value");
}

static rp_status add_memory_section(struct sum *sum, struct rp_allocator *allocator,
                                    const struct rp_wsnp *wsnp,
                                    const struct rp_wsnp_section *section, rp_report *report)
{
    struct rp_msgpack in;
    struct rp_memory_body body;
    struct rp_span bytes;
    uint64_t first = 0;
    size_t start = (size_t)(section->body.data - wsnp->data);
    rp_msgpack_init(&in, wsnp->data, start, start + section->body.size);
    struct rp_tree *tree = rp_tree_create(allocator, RP_TREE_DEPTH_32);
    bool has_memory = tree != NULL;
    rp_memory_body_begin(&body, &in);
    while (has_memory && rp_memory_body_next(&body, &first, &bytes)) {
        for (size_t at = 0; has_memory && at < bytes.size; at += RP_TREE_PAGE_BYTES) {
            has_memory = rp_tree_set_page(tree, first + at / RP_TREE_PAGE_BYTES, bytes.data + at);
        }
    }
    rp_status status = RP_OK;
    if (!has_memory) {
        status = fail_memory(report);
    } else if (in.error != NULL || in.pos != in.end) {
        status = fail_section(wsnp, section, &in, report);
    } else {
        uint8_t root[RP_HASH_BYTES];
        rp_tree_root(tree, root);
        add_pieces(sum, section->name, body.head, (struct rp_span){root, sizeof root});
    }
    rp_tree_destroy(tree);
    return status;
}

static bool is_of_store(const char *name)
{
    for (unsigned i = 0; i < RP_SECTION_COUNT; i++) {
        if (strcmp(rp_section_names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static rp_status add_plain_section(struct sum *sum, const struct rp_wsnp *wsnp,
                                   const struct rp_wsnp_section *section, rp_report *report)
{
    struct rp_msgpack in;
    size_t start = (size_t)(section->body.data - wsnp->data);
    rp_msgpack_init(&in, wsnp->data, start, start + section->body.size);
    rp_wsnp_check_values(&in);
    if (in.error != NULL) {
        return fail_section(wsnp, section, &in, report);
    }
    if (is_of_store(section->name)) {
        add_pieces(sum, section->name, section->body, (struct rp_span){0});
    } else {
        uint8_t root[RP_HASH_BYTES];
        rp_component_hash(section->body.data, section->body.size, root);
        add_component(sum, section->name, root);
    }
    return RP_OK;
}

static rp_status add_vfs_section(struct sum *sum, struct rp_allocator *allocator,
                                 const struct rp_wsnp *wsnp, const struct rp_wsnp_section *section,
                                 rp_report *report)
{
    struct rp_msgpack in;
    uint8_t root[RP_HASH_BYTES];
    size_t start = (size_t)(section->body.data - wsnp->data);
    rp_msgpack_init(&in, wsnp->data, start, start + section->body.size);
    rp_status status = rp_vfs_root_of(allocator, &in, root, report);
    if (status == RP_OK && in.pos != in.end) {
        status = fail_section(wsnp, section, &in, report);
    }
    if (status == RP_OK) {
        add_component(sum, section->name, root);
    }
    return status;
}

rp_status rp_snapshot_root(const void *snapshot, size_t size, const rp_restore_options *options,
                           uint8_t out_root[RP_ROOT_BYTES], rp_root_visitor visitor, void *user,
                           rp_report *report)
{
    struct rp_opened opened;
    struct sum sum;
    rp_status status = rp_opened_init(&opened, snapshot, size, options, report);
    begin_sum(&sum, visitor, user);
    for (uint32_t i = 0; status == RP_OK && i < opened.wsnp.section_count; i++) {
        const struct rp_wsnp_section *section = &opened.wsnp.sections[i];
        if (rp_memory_body_is_named(section->name)) {
            status = add_memory_section(&sum, &opened.allocator, &opened.wsnp, section, report);
        } else if (strcmp(section->name, "vfs") == 0) {
            status = add_vfs_section(&sum, &opened.allocator, &opened.wsnp, section, report);
        } else {
            status = add_plain_section(&sum, &opened.wsnp, section, report);
        }
    }
    if (status == RP_OK) {
        rp_hash_final(&sum.hash, out_root);
    }
    rp_opened_deinit(&opened);
    return status;
}
