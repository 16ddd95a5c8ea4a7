/* Text with several owners (layer 4). */
#include "sandbox/shared_text.h"

#include "core/assert.h"

#include <string.h>

struct shared_text {
    uint32_t owners;
    char bytes[];
};

static struct shared_text *block_of(char *text)
{
    return (struct shared_text *)(void *)(text - offsetof(struct shared_text, bytes));
}

static size_t block_bytes(size_t size)
{
    return sizeof(struct shared_text) + size + 1;
}

char *rp_shared_text_create(struct rp_allocator *allocator, const void *data, size_t size)
{
    struct shared_text *block = rp_alloc(allocator, block_bytes(size));
    if (block == NULL) {
        return NULL;
    }
    block->owners = 1;
    if (data != NULL && size > 0) {
        memcpy(block->bytes, data, size);
    }
    block->bytes[size] = '\0';
    return block->bytes;
}

void rp_shared_text_keep(char *text)
{
    if (text != NULL) {
        struct shared_text *block = block_of(text);
        RP_ASSERT(block->owners > 0 && block->owners < UINT32_MAX);
        block->owners++;
    }
}

void rp_shared_text_release(struct rp_allocator *allocator, char *text, size_t size)
{
    if (text == NULL) {
        return;
    }
    struct shared_text *block = block_of(text);
    RP_ASSERT(block->owners > 0);
    block->owners--;
    if (block->owners == 0) {
        rp_free(allocator, block, block_bytes(size));
    }
}
