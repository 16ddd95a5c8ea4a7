/* The allocator (layer 0): libc's malloc behind an account of bytes, a limit and failure on demand.
 */
#include "core/alloc.h"

#include "core/assert.h"

#include <stdlib.h>

/* What an allocation of 0 bytes gives: a block that is not NULL and holds nothing. */
static _Alignas(16) uint8_t empty_block[16];

/* What rp_alloc_inject asks for. */
static _Thread_local struct {
    uint64_t calls;
    uint64_t fail_call;
    int fail_onward;
} injection;

void rp_alloc_inject(uint64_t call, int onward)
{
    injection.calls = 0;
    injection.fail_call = call;
    injection.fail_onward = onward;
}

uint64_t rp_alloc_injected_calls(void)
{
    return injection.calls;
}

bool rp_alloc_admit(void)
{
    injection.calls++;
    if (RP_LIKELY(injection.fail_call == 0) || injection.calls < injection.fail_call) {
        return true;
    }
    return injection.calls != injection.fail_call && injection.fail_onward == 0;
}

void rp_allocator_init(struct rp_allocator *allocator, uint64_t limit_bytes)
{
    *allocator = (struct rp_allocator){
        .limit_bytes = limit_bytes == 0 ? UINT64_MAX : limit_bytes,
    };
}

/* Counts a call that asks for `more` bytes; false if it must fail. */
static bool admit_growth(struct rp_allocator *allocator, uint64_t more)
{
    allocator->calls++;
    if (!rp_alloc_admit()) {
        return false;
    }
    if (allocator->fail_call != 0) {
        bool onward = allocator->fail_onward != 0 && allocator->calls > allocator->fail_call;
        if (onward || allocator->calls == allocator->fail_call) {
            return false;
        }
    }
    RP_ASSERT(allocator->used_bytes <= allocator->limit_bytes);
    if (more > PTRDIFF_MAX) {
        return false;
    }
    return more <= allocator->limit_bytes - allocator->used_bytes;
}

static void account_change(struct rp_allocator *allocator, size_t old_size, size_t new_size)
{
    RP_ASSERT(allocator->used_bytes >= old_size);
    allocator->used_bytes = allocator->used_bytes - old_size + new_size;
    if (allocator->used_bytes > allocator->peak_bytes) {
        allocator->peak_bytes = allocator->used_bytes;
    }
}

void *rp_realloc(struct rp_allocator *allocator, void *block, size_t old_size, size_t new_size)
{
    RP_ASSERT(old_size == 0 || (block != NULL && block != empty_block));
    if (new_size == 0) {
        rp_free(allocator, block, old_size);
        return NULL;
    }
    if (new_size > old_size && !admit_growth(allocator, new_size - old_size)) {
        return NULL;
    }
    void *moved = realloc(old_size == 0 ? NULL : block, new_size);
    if (moved == NULL) {
        if (new_size > old_size) {
            return NULL;
        }
        moved = block; /* a shrink never fails: the old block is large enough */
    }
    account_change(allocator, old_size, new_size);
    return moved;
}

void *rp_alloc(struct rp_allocator *allocator, size_t size)
{
    return size == 0 ? empty_block : rp_realloc(allocator, NULL, 0, size);
}

void *rp_alloc_zero(struct rp_allocator *allocator, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        return NULL;
    }
    if (total == 0) {
        return empty_block;
    }
    if (!admit_growth(allocator, total)) {
        return NULL;
    }
    void *block = calloc(1, total); /* large blocks come as untouched zero pages */
    if (block != NULL) {
        account_change(allocator, 0, total);
    }
    return block;
}

void rp_free(struct rp_allocator *allocator, void *block, size_t size)
{
    if (size == 0) {
        RP_ASSERT(block == NULL || block == empty_block);
        return;
    }
    RP_ASSERT(block != NULL);
    account_change(allocator, size, 0);
    free(block);
}

void *rp_grow(struct rp_allocator *allocator, void *array, uint32_t *capacity, uint64_t needed,
              size_t item_size)
{
    RP_ASSERT(item_size > 0);
    if (needed <= *capacity) {
        return array == NULL ? empty_block : array;
    }
    if (needed > UINT32_MAX) {
        return NULL;
    }
    uint64_t wanted = (uint64_t)*capacity + *capacity / 2;
    wanted = wanted < 8 ? 8 : wanted;
    wanted = wanted < needed ? needed : wanted;
    wanted = wanted > UINT32_MAX ? UINT32_MAX : wanted;
    size_t new_size;
    if (__builtin_mul_overflow((size_t)wanted, item_size, &new_size)) {
        return NULL;
    }
    void *moved = rp_realloc(allocator, array, (size_t)*capacity * item_size, new_size);
    if (moved != NULL) {
        *capacity = (uint32_t)wanted;
    }
    return moved;
}
