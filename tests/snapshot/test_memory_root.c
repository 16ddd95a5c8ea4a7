/* Tests of snapshot/memory_root.c: whatever happens to a memory, every way to follow it gives the
 * root of a tree made from scratch. */
#define _GNU_SOURCE /* madvise */

#include "core/platform.h"
#include "core/platform_dirty.h"
#include "determinism/pcg64.h"
#include "snapshot/memory_root.h"
#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define STEP_BYTES 65536u
#define RESERVED_BYTES (64u * STEP_BYTES)

static bool watches; /* rp_dirty_open answered true */

struct memory {
    uint8_t *data;
    uint64_t size_bytes;
};

static void init_memory(struct memory *memory)
{
    memory->data = rp_platform_reserve(RESERVED_BYTES);
    memory->size_bytes = 0;
    assert_non_null(memory->data);
}

static void deinit_memory(struct memory *memory)
{
    rp_platform_release(memory->data, RESERVED_BYTES);
}

static void grow(struct memory *memory, uint64_t bytes)
{
    assert_true(memory->size_bytes + bytes <= RESERVED_BYTES);
    assert_true(rp_platform_commit(memory->data + memory->size_bytes, (size_t)bytes));
    memory->size_bytes += bytes;
}

static void assert_right_root(struct rp_memory_root *root, struct rp_allocator *allocator,
                              enum rp_root_method method, const struct memory *memory)
{
    uint8_t found[RP_HASH_BYTES];
    uint8_t expected[RP_HASH_BYTES];
    assert_true(rp_memory_root_update(root, allocator, method, memory->data, memory->size_bytes,
                                      RESERVED_BYTES, found));
    /* Afterwards: reading a page that was given back makes the kernel notice it. */
    struct rp_tree *tree = rp_tree_create(allocator, RP_TREE_DEPTH_32);
    assert_non_null(tree);
    for (uint64_t at = 0; at < memory->size_bytes; at += RP_TREE_PAGE_BYTES) {
        assert_true(rp_tree_set_page(tree, at / RP_TREE_PAGE_BYTES, memory->data + at));
    }
    rp_tree_root(tree, expected);
    rp_tree_destroy(tree);
    assert_memory_equal(found, expected, RP_HASH_BYTES);
}

static void change(struct memory *memory, struct rp_pcg64 *pcg)
{
    uint64_t kind = rp_pcg64_next(pcg) % 8;
    uint64_t at = rp_pcg64_next(pcg) % memory->size_bytes;
    uint64_t page = at / RP_TREE_PAGE_BYTES * RP_TREE_PAGE_BYTES;
    if (kind == 0 && memory->size_bytes < RESERVED_BYTES) {
        grow(memory, STEP_BYTES);
    } else if (kind == 1) {
        memset(memory->data + page, 0, RP_TREE_PAGE_BYTES);
    } else if (kind == 2) {
        memory->data[at] = memory->data[at]; /* written, but as it was */
    } else if (kind == 3) {
        rp_pcg64_bytes(pcg, memory->data + page, RP_TREE_PAGE_BYTES);
    } else if (kind == 4) { /* given back to the host: reads as zero */
        uint64_t size = memory->size_bytes - page;
        size = size < 5 * RP_TREE_PAGE_BYTES ? size : 5 * RP_TREE_PAGE_BYTES;
        assert_int_equal(madvise(memory->data + page, (size_t)size, MADV_DONTNEED), 0);
    } else {
        memory->data[at] = (uint8_t)rp_pcg64_next(pcg);
    }
}

static const enum rp_root_method methods[] = {RP_ROOT_AUTO, RP_ROOT_SCAN, RP_ROOT_COPY,
                                              RP_ROOT_ALL};

static void each_way_gives_the_root_of_the_pages(void **state)
{
    (void)state;
    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
        struct rp_allocator allocator;
        struct rp_memory_root root = {.may_scan = watches};
        struct memory memory;
        struct rp_pcg64 pcg;
        rp_allocator_init(&allocator, 0);
        rp_pcg64_seed_u64(&pcg, 7);
        init_memory(&memory);
        assert_right_root(&root, &allocator, methods[m], &memory); /* of no bytes */
        grow(&memory, 4 * STEP_BYTES);
        for (unsigned step = 0; step < 300; step++) {
            for (uint64_t i = rp_pcg64_next(&pcg) % 6; i > 0; i--) {
                change(&memory, &pcg);
            }
            assert_right_root(&root, &allocator, methods[m], &memory);
        }
        rp_memory_root_clear(&root);
        assert_int_equal(allocator.used_bytes, 0);
        deinit_memory(&memory);
    }
}

static void ways_may_change_in_between(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    struct rp_memory_root root = {.may_scan = watches};
    struct memory memory;
    struct rp_pcg64 pcg;
    rp_allocator_init(&allocator, 0);
    rp_pcg64_seed_u64(&pcg, 8);
    init_memory(&memory);
    grow(&memory, 8 * STEP_BYTES);
    for (unsigned step = 0; step < 200; step++) {
        change(&memory, &pcg);
        assert_right_root(&root, &allocator, methods[rp_pcg64_next(&pcg) % 4], &memory);
    }
    rp_memory_root_clear(&root);
    deinit_memory(&memory);
}

/* Another mapping, of the same or another size, also in the old one's place. */
static void another_memory_is_hashed_anew(void **state)
{
    (void)state;
    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
        struct rp_allocator allocator;
        struct rp_memory_root root = {.may_scan = watches};
        struct memory memories[2];
        rp_allocator_init(&allocator, 0);
        for (unsigned i = 0; i < 2; i++) {
            init_memory(&memories[i]);
            grow(&memories[i], (2 + i) * STEP_BYTES);
            memset(memories[i].data, (int)(1 + i), STEP_BYTES);
            assert_right_root(&root, &allocator, methods[m], &memories[i]);
        }
        assert_right_root(&root, &allocator, methods[m], &memories[0]);
        void *again = mmap(memories[0].data, RESERVED_BYTES, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        assert_ptr_equal(again, memories[0].data);
        memories[0].size_bytes = 0;
        grow(&memories[0], 2 * STEP_BYTES);
        assert_right_root(&root, &allocator, methods[m], &memories[0]);
        memories[0].data[3 * RP_TREE_PAGE_BYTES] = 9;
        assert_right_root(&root, &allocator, methods[m], &memories[0]);
        rp_memory_root_clear(&root);
        deinit_memory(&memories[0]);
        deinit_memory(&memories[1]);
        assert_int_equal(allocator.used_bytes, 0);
    }
}

static void little_change_costs_little(void **state)
{
    (void)state;
    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
        struct rp_allocator allocator;
        struct rp_memory_root root = {.may_scan = watches};
        struct memory memory;
        uint64_t pages = RESERVED_BYTES / RP_TREE_PAGE_BYTES;
        rp_allocator_init(&allocator, 0);
        init_memory(&memory);
        grow(&memory, RESERVED_BYTES);
        memset(memory.data, 3, RESERVED_BYTES);
        assert_right_root(&root, &allocator, methods[m], &memory);
        assert_int_equal(root.hashed_pages, pages);
        assert_right_root(&root, &allocator, methods[m], &memory); /* AUTO may make its copy now */
        memory.data[70000] = 1;
        memory.data[700000] = 1;
        assert_right_root(&root, &allocator, methods[m], &memory);
        assert_int_equal(root.hashed_pages, root.method == RP_ROOT_ALL ? pages : 2);
        assert_int_equal(root.method == RP_ROOT_ALL, methods[m] == RP_ROOT_ALL);
        rp_memory_root_clear(&root);
        deinit_memory(&memory);
    }
}

/* A large memory with few pages must not cost what its size says. */
static void untouched_memory_costs_no_memory(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    struct rp_memory_root root = {.may_scan = watches};
    uint8_t hash[RP_HASH_BYTES];
    uint64_t size = UINT64_C(1) << 30;
    rp_allocator_init(&allocator, 0);
    uint8_t *data = rp_platform_reserve((size_t)size);
    assert_non_null(data);
    assert_true(rp_platform_commit(data, (size_t)size));
    for (uint64_t at = 0; at < size; at += size / 16) {
        data[at] = 1;
    }
    assert_true(rp_memory_root_update(&root, &allocator, RP_ROOT_AUTO, data, size, size, hash));
    assert_true(allocator.used_bytes < 1u << 17);
    if (root.method == RP_ROOT_SCAN) {
        assert_true(root.hashed_pages < size / RP_TREE_PAGE_BYTES / 16);
    }
    rp_memory_root_clear(&root);
    rp_platform_release(data, (size_t)size);
}

static void failed_allocations_are_told_and_forgotten(void **state)
{
    (void)state;
    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
        struct rp_allocator allocator;
        struct rp_memory_root root = {.may_scan = watches};
        struct memory memory;
        uint8_t hash[RP_HASH_BYTES];
        bool done = false;
        rp_allocator_init(&allocator, 0);
        init_memory(&memory);
        grow(&memory, 64 * STEP_BYTES);
        memset(memory.data, 1, 4 * STEP_BYTES);
        assert_right_root(&root, &allocator, methods[m], &memory);
        assert_right_root(&root, &allocator, methods[m], &memory);
        for (uint64_t call = 1; !done; call++) {
            assert_true(call < 1000);
            memset(memory.data, (int)call, memory.size_bytes);
            rp_alloc_inject(call, 1);
            done = rp_memory_root_update(&root, &allocator, methods[m], memory.data,
                                         memory.size_bytes, RESERVED_BYTES, hash);
            rp_alloc_inject(0, 0);
            assert_right_root(&root, &allocator, methods[m], &memory);
            memset(memory.data + 4 * STEP_BYTES, 0, memory.size_bytes - 4 * STEP_BYTES);
            assert_right_root(&root, &allocator, methods[m], &memory);
        }
        rp_memory_root_clear(&root);
        assert_int_equal(allocator.used_bytes, 0);
        deinit_memory(&memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_gives_the_root_of_the_pages),
        cmocka_unit_test(ways_may_change_in_between),
        cmocka_unit_test(another_memory_is_hashed_anew),
        cmocka_unit_test(little_change_costs_little),
        cmocka_unit_test(untouched_memory_costs_no_memory),
        cmocka_unit_test(failed_allocations_are_told_and_forgotten),
    };
    watches = rp_dirty_open();
    (void)printf("written pages are %s by the kernel on this host\n",
                 watches ? "told" : "not told");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (watches) {
        rp_dirty_close();
    }
    return failed;
}
