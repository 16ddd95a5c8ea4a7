/* The arena (layer 0): a list of chunks, each twice as large as the one before up to a maximum.
 *
 * Invariant: `chunk_used` counts the bytes handed out of the first chunk of the list; the other
 * chunks are full or hold one large allocation each. */
#include "core/arena.h"

#include "core/assert.h"

#include <stdbool.h>
#include <string.h>

#define ARENA_ALIGNMENT 16u
#define ARENA_CHUNK_MIN 1024u
#define ARENA_CHUNK_MAX 262144u

struct rp_arena_chunk {
    _Alignas(16) struct rp_arena_chunk *next;
    size_t size; /* of `data` */
    _Alignas(16) uint8_t data[];
};

/* What an allocation of no bytes gives. */
static _Alignas(16) uint8_t empty_item[16];

void rp_arena_init(struct rp_arena *arena, struct rp_allocator *allocator)
{
    *arena = (struct rp_arena){.allocator = allocator};
}

void rp_arena_deinit(struct rp_arena *arena)
{
    struct rp_arena_chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        struct rp_arena_chunk *next = chunk->next;
        rp_free(arena->allocator, chunk, sizeof *chunk + chunk->size);
        chunk = next;
    }
    arena->chunks = NULL;
    arena->chunk_used = 0;
}

static struct rp_arena_chunk *make_chunk(struct rp_arena *arena, size_t size)
{
    size_t total;
    if (__builtin_add_overflow(size, sizeof(struct rp_arena_chunk), &total)) {
        return NULL;
    }
    struct rp_arena_chunk *chunk = rp_alloc(arena->allocator, total);
    if (chunk != NULL) {
        chunk->next = NULL;
        chunk->size = size;
    }
    return chunk;
}

/* Memory for an allocation that does not fit into the first chunk. */
static uint8_t *take_from_new_chunk(struct rp_arena *arena, size_t size)
{
    size_t wanted = arena->chunks == NULL ? ARENA_CHUNK_MIN : arena->chunks->size * 2;
    wanted = wanted > ARENA_CHUNK_MAX ? ARENA_CHUNK_MAX : wanted;
    wanted = wanted < ARENA_CHUNK_MIN ? ARENA_CHUNK_MIN : wanted;
    bool is_large = size > wanted / 2;
    struct rp_arena_chunk *chunk = make_chunk(arena, is_large ? size : wanted);
    if (chunk == NULL) {
        return NULL;
    }
    if (is_large && arena->chunks != NULL) {
        /* Behind the first chunk, whose rest stays in use. */
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
        return chunk->data;
    }
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->chunk_used = size;
    return chunk->data;
}

void *rp_arena_alloc(struct rp_arena *arena, uint64_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total) ||
        __builtin_add_overflow(total, ARENA_ALIGNMENT - 1, &total)) {
        return NULL;
    }
    total &= ~(size_t)(ARENA_ALIGNMENT - 1);
    if (total == 0) {
        return empty_item;
    }
    uint8_t *item;
    if (arena->chunks != NULL && total <= arena->chunks->size - arena->chunk_used) {
        item = arena->chunks->data + arena->chunk_used;
        arena->chunk_used += total;
        RP_ASSERT(arena->chunk_used <= arena->chunks->size);
    } else {
        item = take_from_new_chunk(arena, total);
        if (item == NULL) {
            return NULL;
        }
    }
    memset(item, 0, total);
    return item;
}
