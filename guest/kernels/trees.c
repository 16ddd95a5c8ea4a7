/* Binary trees built, walked and released over and over, with a free list of our own: pointers,
 * calls, scattered loads. */
#include "kernel.h"

#define NODES (1 << 20)

struct node {
    struct node *left, *right;
};

static struct node pool[NODES];
static struct node *free_nodes;
static int32_t pool_used;

static struct node *make_node(void)
{
    struct node *node = free_nodes;
    if (node != NULL) {
        free_nodes = node->left;
        return node;
    }
    return &pool[pool_used++];
}

static struct node *build(int32_t depth)
{
    struct node *node = make_node();
    node->left = depth > 0 ? build(depth - 1) : NULL;
    node->right = depth > 0 ? build(depth - 1) : NULL;
    return node;
}

static int32_t count(const struct node *node)
{
    return node->left == NULL ? 1 : 1 + count(node->left) + count(node->right);
}

static void release(struct node *node)
{
    if (node->left != NULL) {
        release(node->left);
        release(node->right);
    }
    node->left = free_nodes;
    free_nodes = node;
}

KERNEL_EXPORT int64_t run(int32_t n)
{
    int32_t depth_max = kernel_clamp(n, 18);
    uint64_t sum = 0;
    free_nodes = NULL;
    pool_used = 0;
    struct node *kept = build(depth_max);
    for (int32_t depth = 2; depth <= depth_max; depth += 2) {
        for (int32_t i = 0; i < 1 << (depth_max - depth); i++) {
            struct node *tree = build(depth);
            sum = kernel_mix(sum, (uint64_t)count(tree));
            release(tree);
        }
    }
    return (int64_t)kernel_mix(sum, (uint64_t)count(kept));
}
