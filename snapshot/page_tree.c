/* The Merkle tree over the pages of a memory (layer 3; docs/wsnp.md, "Roots").
 *
 * A chunk holds four levels of the tree: 16 slots and the 15 nodes above them, in the order of a
 * heap. The slots of a bottom chunk are leaves; those of the others are the tops of chunks below.
 * Invariants, of every chunk that exists:
 * - `present` has the bit of each slot that is not a subtree of zero pages; of a chunk above the
 *   bottom these are the slots with a chunk below them;
 * - nodes are those of the slots unless a slot below them is in `stale`. A stale slot above the
 *   bottom is not that of its chunk until the next root. */
#include "snapshot/page_tree.h"

#include "core/assert.h"
#include "core/page_hash.h"

#include <string.h>

#define CHUNK_LEVELS 4u
#define SLOTS 16u
#define TOP 1u /* the node over all slots; slot i is node SLOTS + i */

struct chunk {
    uint32_t present;
    uint32_t stale;
    uint8_t nodes[2 * SLOTS][RP_HASH_BYTES]; /* from TOP */
};

struct inner_chunk {
    struct chunk chunk; /* first: a chunk above the bottom is one of these */
    struct chunk *below[SLOTS];
};

struct rp_tree {
    struct rp_allocator *allocator;
    struct chunk *top;                                 /* NULL: all pages are zero */
    unsigned layers;                                   /* of chunks */
    uint8_t zero[RP_TREE_DEPTH_64 + 1][RP_HASH_BYTES]; /* subtrees of zero pages, by height */
};

const uint8_t rp_personal_node[RP_HASH_PERSONAL_BYTES] = "reprise.node";

static_assert(RP_TREE_PAGE_BYTES == RP_PAGE_HASH_BYTES, "a leaf is a page");
static_assert(RP_TREE_DEPTH_32 % CHUNK_LEVELS == 0 && RP_TREE_DEPTH_64 % CHUNK_LEVELS == 0,
              "the tree is cut into whole chunks");

static void hash_pair(const uint8_t pair[2 * RP_HASH_BYTES], uint8_t out_hash[RP_HASH_BYTES])
{
    rp_hash_as(rp_personal_node, pair, 2 * RP_HASH_BYTES, out_hash);
}

struct rp_tree *rp_tree_create(struct rp_allocator *allocator, unsigned depth)
{
    RP_ASSERT(depth == RP_TREE_DEPTH_32 || depth == RP_TREE_DEPTH_64);
    struct rp_tree *tree = rp_alloc_zero(allocator, 1, sizeof *tree);
    if (tree == NULL) {
        return NULL;
    }
    tree->allocator = allocator;
    tree->layers = depth / CHUNK_LEVELS;
    memcpy(tree->zero[0], rp_page_hash_zero, RP_HASH_BYTES);
    for (unsigned height = 1; height <= depth; height++) {
        uint8_t pair[2 * RP_HASH_BYTES];
        memcpy(pair, tree->zero[height - 1], RP_HASH_BYTES);
        memcpy(pair + RP_HASH_BYTES, tree->zero[height - 1], RP_HASH_BYTES);
        hash_pair(pair, tree->zero[height]);
    }
    return tree;
}

/* ---- chunks; layer 0 is the bottom ---- */

static struct inner_chunk *inner(struct chunk *chunk)
{
    return (struct inner_chunk *)(void *)chunk;
}

static const struct chunk *below_of(const struct chunk *chunk, unsigned slot)
{
    return ((const struct inner_chunk *)(const void *)chunk)->below[slot];
}

static size_t chunk_size(unsigned layer)
{
    return layer == 0 ? sizeof(struct chunk) : sizeof(struct inner_chunk);
}

/* A chunk of zero pages. */
static struct chunk *create_chunk(struct rp_tree *tree, unsigned layer)
{
    struct chunk *chunk = rp_alloc_zero(tree->allocator, 1, chunk_size(layer));
    if (chunk == NULL) {
        return NULL;
    }
    unsigned height = (layer + 1) * CHUNK_LEVELS;
    for (unsigned first = TOP; first <= SLOTS; first *= 2, height--) {
        for (unsigned node = first; node < 2 * first; node++) {
            memcpy(chunk->nodes[node], tree->zero[height], RP_HASH_BYTES);
        }
    }
    return chunk;
}

static void destroy_chunk(struct rp_tree *tree, struct chunk *chunk, unsigned layer)
{
    if (chunk == NULL) {
        return;
    }
    for (unsigned slot = 0; layer > 0 && slot < SLOTS; slot++) {
        destroy_chunk(tree, inner(chunk)->below[slot], layer - 1);
    }
    rp_free(tree->allocator, chunk, chunk_size(layer));
}

void rp_tree_clear(struct rp_tree *tree)
{
    destroy_chunk(tree, tree->top, tree->layers - 1);
    tree->top = NULL;
}

void rp_tree_destroy(struct rp_tree *tree)
{
    if (tree != NULL) {
        rp_tree_clear(tree);
        rp_free(tree->allocator, tree, sizeof *tree);
    }
}

/* ---- leaves ---- */

static unsigned slot_of(uint64_t page, unsigned layer)
{
    return (unsigned)(page >> (layer * CHUNK_LEVELS)) & (SLOTS - 1);
}

/* The bottom chunk of a page, made if it is missing; NULL: no memory. */
static struct chunk *make_bottom(struct rp_tree *tree, uint64_t page)
{
    struct chunk **place = &tree->top;
    for (unsigned layer = tree->layers - 1;; layer--) {
        if (*place == NULL) {
            *place = create_chunk(tree, layer);
            if (*place == NULL) {
                return NULL;
            }
        }
        if (layer == 0) {
            return *place;
        }
        unsigned slot = slot_of(page, layer);
        /* Stale before the chunk below exists: if that fails, the next root clears up. */
        (*place)->stale |= 1u << slot;
        place = &inner(*place)->below[slot];
    }
}

/* The same if it exists; its path becomes stale. */
static struct chunk *find_bottom(struct rp_tree *tree, uint64_t page)
{
    struct chunk *chunk = tree->top;
    for (unsigned layer = tree->layers - 1; layer > 0 && chunk != NULL; layer--) {
        unsigned slot = slot_of(page, layer);
        struct chunk *below = inner(chunk)->below[slot];
        if (below != NULL) {
            chunk->stale |= 1u << slot;
        }
        chunk = below;
    }
    return chunk;
}

bool rp_tree_set_page(struct rp_tree *tree, uint64_t page, const uint8_t bytes[RP_TREE_PAGE_BYTES])
{
    RP_ASSERT(page >> (tree->layers * CHUNK_LEVELS) == 0);
    if (rp_page_is_zero(bytes)) {
        rp_tree_set_zero(tree, page);
        return true;
    }
    struct chunk *chunk = make_bottom(tree, page);
    if (chunk == NULL) {
        return false;
    }
    unsigned slot = slot_of(page, 0);
    rp_page_hash(bytes, chunk->nodes[SLOTS + slot]);
    chunk->present |= 1u << slot;
    chunk->stale |= 1u << slot;
    return true;
}

void rp_tree_set_zero(struct rp_tree *tree, uint64_t page)
{
    RP_ASSERT(page >> (tree->layers * CHUNK_LEVELS) == 0);
    struct chunk *chunk = find_bottom(tree, page);
    if (chunk != NULL) {
        unsigned slot = slot_of(page, 0);
        memcpy(chunk->nodes[SLOTS + slot], tree->zero[0], RP_HASH_BYTES);
        chunk->present &= ~(1u << slot);
        chunk->stale |= 1u << slot;
    }
}

/* The first page at or behind `from`, counted from the chunk's first. */
static bool find_next(const struct chunk *chunk, unsigned layer, uint64_t from, uint64_t *out_page)
{
    unsigned shift = layer * CHUNK_LEVELS;
    for (uint64_t slot = from >> shift; slot < SLOTS; slot++) {
        uint64_t first = slot << shift;
        uint64_t inside = from > first ? from - first : 0;
        if (layer == 0) {
            if ((chunk->present & 1u << slot) != 0) {
                *out_page = slot;
                return true;
            }
        } else {
            const struct chunk *below = below_of(chunk, (unsigned)slot);
            if (below != NULL && find_next(below, layer - 1, inside, out_page)) {
                *out_page += first;
                return true;
            }
        }
    }
    return false;
}

bool rp_tree_next(const struct rp_tree *tree, uint64_t from, uint64_t *out_page)
{
    return tree->top != NULL && find_next(tree->top, tree->layers - 1, from, out_page);
}

/* ---- the root ---- */

/* Computes the nodes over stale slots. */
static void hash_chunk(const struct rp_tree *tree, struct chunk *chunk, unsigned layer)
{
    uint32_t stale = chunk->stale << SLOTS;     /* by node */
    uint32_t present = chunk->present << SLOTS; /* by node */
    unsigned height = layer * CHUNK_LEVELS;
    for (unsigned first = SLOTS / 2; first >= TOP; first /= 2) {
        height++;
        for (unsigned node = first; node < 2 * first; node++) {
            uint32_t both = 3u << (2 * node);
            bool holds = (present & both) != 0;
            present |= (uint32_t)holds << node;
            if ((stale & both) == 0) {
                continue;
            }
            stale |= 1u << node;
            if (holds) {
                hash_pair(chunk->nodes[2 * node], chunk->nodes[node]);
            } else {
                memcpy(chunk->nodes[node], tree->zero[height], RP_HASH_BYTES);
            }
        }
    }
    chunk->stale = 0;
}

/* Makes the chunk right from the bottom up; gives it back if it has become zero. */
static struct chunk *settle_chunk(struct rp_tree *tree, struct chunk *chunk, unsigned layer)
{
    for (unsigned slot = 0; layer > 0 && slot < SLOTS; slot++) {
        uint32_t bit = 1u << slot;
        if ((chunk->stale & bit) == 0) {
            continue;
        }
        struct chunk *below = inner(chunk)->below[slot];
        below = below == NULL ? NULL : settle_chunk(tree, below, layer - 1);
        inner(chunk)->below[slot] = below;
        const uint8_t *node = below == NULL ? tree->zero[layer * CHUNK_LEVELS] : below->nodes[TOP];
        memcpy(chunk->nodes[SLOTS + slot], node, RP_HASH_BYTES);
        chunk->present = below == NULL ? chunk->present & ~bit : chunk->present | bit;
    }
    if (chunk->present == 0) {
        destroy_chunk(tree, chunk, layer);
        return NULL;
    }
    if (chunk->stale != 0) {
        hash_chunk(tree, chunk, layer);
    }
    return chunk;
}

void rp_tree_root(struct rp_tree *tree, uint8_t out_root[RP_HASH_BYTES])
{
    if (tree->top != NULL) {
        tree->top = settle_chunk(tree, tree->top, tree->layers - 1);
    }
    const uint8_t *root =
        tree->top == NULL ? tree->zero[tree->layers * CHUNK_LEVELS] : tree->top->nodes[TOP];
    memcpy(out_root, root, RP_HASH_BYTES);
}
