/* Tests of vfs/name_tree.c: against a plain sorted array. */
#include "tests/support/unit.h"
#include "vfs/name_tree.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"a",     "ab",       "abc",   "b",       "\x01", "\x7f", "\x80",
                                    "\xff",  "\xff\xff", "aa",    "a!",      "z",    "zz",   "file",
                                    "file1", "file10",   "file2", ".hidden", "...",  "-"};

static int compare_texts(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    return strcmp(*left, *right);
}

static void add(struct rp_name_tree *tree, struct rp_allocator *allocator, const char *name,
                uint64_t inode)
{
    struct rp_dirent *entry =
        rp_dirent_create(allocator, name, (uint32_t)strlen(name), inode, inode);
    assert_non_null(entry);
    assert_true(rp_name_tree_insert(tree, allocator, entry));
    rp_dirent_release(allocator, entry);
}

static void drop(struct rp_name_tree *tree, struct rp_allocator *allocator, const char *name)
{
    assert_true(rp_name_tree_reserve(tree, allocator, name, (uint32_t)strlen(name)));
    rp_name_tree_remove(tree, allocator, name, (uint32_t)strlen(name));
}

static bool entry_is(const struct rp_dirent *entry, const char *name)
{
    return entry != NULL && entry->name_size == strlen(name) &&
           memcmp(entry->name, name, entry->name_size) == 0;
}

/* The tree holds exactly the sorted names, and finds the next of every name, present or not. */
static void check_against(const struct rp_name_tree *tree, const char *const *sorted, size_t count)
{
    const struct rp_dirent *entry = rp_name_tree_first(tree);
    for (size_t i = 0; i < count; i++) {
        assert_true(entry_is(entry, sorted[i]));
        entry = rp_name_tree_after(tree, entry->name, entry->name_size);
    }
    assert_null(entry);
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        const char *next = NULL;
        bool present = false;
        for (size_t k = 0; k < count; k++) {
            present = present || strcmp(sorted[k], names[i]) == 0;
            if (next == NULL && strcmp(sorted[k], names[i]) > 0) {
                next = sorted[k];
            }
        }
        const struct rp_dirent *after =
            rp_name_tree_after(tree, names[i], (uint32_t)strlen(names[i]));
        assert_int_equal(rp_name_tree_find(tree, names[i], (uint32_t)strlen(names[i])) != NULL,
                         present);
        assert_true(next != NULL ? entry_is(after, next) : after == NULL);
    }
}

static void name_tree_keeps_byte_order_whatever_the_history(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    srand(1);
    for (unsigned round = 0; round < 200; round++) {
        struct rp_name_tree tree = {0};
        const char *present[RP_ARRAY_COUNT(names)];
        size_t count = 0;
        for (unsigned step = 0; step < 60; step++) {
            const char *name = names[(size_t)rand() % RP_ARRAY_COUNT(names)];
            size_t at = 0;
            while (at < count && strcmp(present[at], name) != 0) {
                at++;
            }
            if (at < count) {
                drop(&tree, &allocator, name);
                count--;
                present[at] = present[count];
            } else {
                add(&tree, &allocator, name, step + 1);
                present[count] = name;
                count++;
            }
        }
        qsort(present, count, sizeof *present, compare_texts);
        check_against(&tree, present, count);
        rp_name_tree_release(&tree, &allocator);
        assert_int_equal(allocator.used_bytes, 0);
    }
}

static void name_tree_clones_do_not_see_each_others_changes(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    struct rp_name_tree first = {0};
    const char *sorted[RP_ARRAY_COUNT(names)];
    for (size_t i = 0; i < RP_ARRAY_COUNT(names); i++) {
        sorted[i] = names[i];
        add(&first, &allocator, names[i], i + 1);
    }
    qsort(sorted, RP_ARRAY_COUNT(names), sizeof *sorted, compare_texts);
    struct rp_name_tree second = rp_name_tree_clone(&first);
    for (size_t i = 1; i < RP_ARRAY_COUNT(names); i++) {
        drop(&second, &allocator, sorted[i]);
    }
    struct rp_dirent *entry =
        rp_dirent_create(&allocator, sorted[0], (uint32_t)strlen(sorted[0]), 77, 1);
    assert_true(rp_name_tree_reserve(&second, &allocator, sorted[0], (uint32_t)strlen(sorted[0])));
    rp_name_tree_replace(&second, &allocator, entry);
    rp_dirent_release(&allocator, entry);
    check_against(&first, sorted, RP_ARRAY_COUNT(names));
    check_against(&second, sorted, 1);
    assert_int_equal(rp_name_tree_first(&second)->inode, 77);
    assert_int_not_equal(rp_name_tree_first(&first)->inode, 77);
    rp_name_tree_release(&first, &allocator);
    check_against(&second, sorted, 1);
    rp_name_tree_release(&second, &allocator);
    assert_int_equal(allocator.used_bytes, 0);
}

static void name_tree_insert_that_fails_leaves_the_names(void **state)
{
    (void)state;
    struct rp_allocator allocator;
    rp_allocator_init(&allocator, 0);
    const char *sorted[] = {"a", "b", "file", "z"};
    struct rp_name_tree tree = {0};
    for (size_t i = 0; i < RP_ARRAY_COUNT(sorted); i++) {
        add(&tree, &allocator, sorted[i], i + 1);
    }
    struct rp_name_tree shared = rp_name_tree_clone(&tree);
    struct rp_dirent *entry = rp_dirent_create(&allocator, "aa", 2, 9, 9);
    unsigned failures = 0;
    for (uint64_t k = 1;; k++) {
        allocator.fail_call = allocator.calls + k;
        bool inserted = rp_name_tree_insert(&tree, &allocator, entry);
        allocator.fail_call = 0;
        if (inserted) {
            break;
        }
        failures++;
        check_against(&tree, sorted, RP_ARRAY_COUNT(sorted));
    }
    assert_true(failures >= 2);
    check_against(&shared, sorted, RP_ARRAY_COUNT(sorted));
    rp_dirent_release(&allocator, entry);
    rp_name_tree_release(&tree, &allocator);
    rp_name_tree_release(&shared, &allocator);
    assert_int_equal(allocator.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_tree_keeps_byte_order_whatever_the_history),
        cmocka_unit_test(name_tree_clones_do_not_see_each_others_changes),
        cmocka_unit_test(name_tree_insert_that_fails_leaves_the_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
