/* Tests of vfs/directory.c: order, cookies, readers. */
#include "tests/vfs/tree.h"

static bool list_next(const struct tree *tree, uint64_t directory, uint64_t cookie,
                      struct rp_vfs_entry *entry)
{
    bool found = false;
    must(rp_vfs_list(tree->vfs, directory, cookie, &found, entry));
    return found;
}

static void make_numbered(struct tree *tree, unsigned count)
{
    char name[16];
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "%u", i * 7919u % count);
        tree_file(tree, name);
    }
}

static void listing_is_in_byte_order_behind_the_dots(void **state)
{
    (void)state;
    static const char *const made[] = {"b", "a", "\xc3\xa9", "Z", "a!", "-", "aa"};
    static const char *const listed[] = {".", "..", "-", "Z", "a", "a!", "aa", "b", "\xc3\xa9"};
    struct tree tree;
    tree_init(&tree);
    for (size_t i = 0; i < RP_ARRAY_COUNT(made); i++) {
        tree_mkdir(&tree, made[i]);
    }
    uint64_t cookie = RP_VFS_COOKIE_START;
    struct rp_vfs_entry entry;
    for (size_t i = 0; i < RP_ARRAY_COUNT(listed); i++) {
        assert_true(list_next(&tree, RP_VFS_ROOT, cookie, &entry));
        assert_int_equal(entry.name_size, strlen(listed[i]));
        assert_memory_equal(entry.name, listed[i], entry.name_size);
        cookie = entry.cookie;
    }
    assert_false(list_next(&tree, RP_VFS_ROOT, cookie, &entry));
    tree_deinit(&tree);
}

/* A reader as fd_readdir is one: takes `portion` entries, then the entries are removed, and it
 * goes on behind the last. */
static unsigned remove_while_listing(struct tree *tree, unsigned portion)
{
    unsigned seen = 0;
    uint64_t cookie = RP_VFS_COOKIE_FIRST;
    must(rp_vfs_reader_begin(tree->vfs, RP_VFS_ROOT));
    for (;;) {
        char names[64][RP_VFS_NAME_BYTES_MAX];
        uint32_t sizes[64];
        unsigned taken = 0;
        struct rp_vfs_entry entry;
        uint64_t given = 0;
        while (taken < portion && list_next(tree, RP_VFS_ROOT, cookie, &entry)) {
            memcpy(names[taken], entry.name, entry.name_size);
            sizes[taken] = entry.name_size;
            cookie = entry.cookie;
            given = cookie > given ? cookie : given;
            taken++;
        }
        must(rp_vfs_reader_gave(tree->vfs, RP_VFS_ROOT, given));
        for (unsigned i = 0; i < taken; i++) {
            must(rp_vfs_unlink(tree->vfs, at_root, (struct rp_vfs_path){names[i], sizes[i]}));
            assert_null(rp_vfs_check(tree->vfs));
        }
        seen += taken;
        if (taken == 0) {
            break;
        }
    }
    must(rp_vfs_reader_end(tree->vfs, RP_VFS_ROOT));
    return seen;
}

static void listing_sees_every_entry_though_they_are_removed_meanwhile(void **state)
{
    (void)state;
    static const unsigned portions[] = {1, 3, 64};
    for (size_t i = 0; i < RP_ARRAY_COUNT(portions); i++) {
        struct tree tree;
        tree_init(&tree);
        make_numbered(&tree, 150);
        assert_int_equal(remove_while_listing(&tree, portions[i]), 150);
        assert_int_equal(rp_vfs_bytes_used(tree.vfs), 0);
        tree_deinit(&tree);
    }
}

static void cookies_stay_valid_while_entries_come_and_go(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    tree_file(&tree, "b");
    tree_file(&tree, "d");
    tree_file(&tree, "f");
    must(rp_vfs_reader_begin(tree.vfs, RP_VFS_ROOT));
    struct rp_vfs_entry entry;
    assert_true(list_next(&tree, RP_VFS_ROOT, RP_VFS_COOKIE_FIRST, &entry));
    assert_true(list_next(&tree, RP_VFS_ROOT, entry.cookie, &entry));
    assert_int_equal(entry.name[0], 'd');
    uint64_t cookie = entry.cookie;
    must(rp_vfs_reader_gave(tree.vfs, RP_VFS_ROOT, cookie));
    must(rp_vfs_unlink(tree.vfs, at_root, path_of("d")));
    tree_file(&tree, "a");
    tree_file(&tree, "e");
    assert_true(list_next(&tree, RP_VFS_ROOT, cookie, &entry));
    assert_int_equal(entry.name[0], 'e');
    tree_file(&tree, "d"); /* the same name again is another entry at the same place */
    assert_true(list_next(&tree, RP_VFS_ROOT, cookie, &entry));
    assert_int_equal(entry.name[0], 'e');
    must(rp_vfs_reader_end(tree.vfs, RP_VFS_ROOT));
    bool found = false;
    assert_int_equal(rp_vfs_list(tree.vfs, RP_VFS_ROOT, cookie, &found, &entry), RP_VFS_INVAL);
    assert_int_equal(rp_vfs_list(tree.vfs, RP_VFS_ROOT, UINT64_MAX, &found, &entry), RP_VFS_INVAL);
    tree_deinit(&tree);
}

static void a_rename_onto_a_name_keeps_its_cookie(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    tree_file(&tree, "a");
    tree_file(&tree, "b");
    struct rp_vfs_entry entry;
    assert_true(list_next(&tree, RP_VFS_ROOT, RP_VFS_COOKIE_FIRST, &entry));
    uint64_t cookie = entry.cookie;
    must(rp_vfs_rename(tree.vfs, at_root, path_of("b"), at_root, path_of("a")));
    assert_true(list_next(&tree, RP_VFS_ROOT, RP_VFS_COOKIE_FIRST, &entry));
    assert_int_equal(entry.cookie, cookie);
    assert_false(list_next(&tree, RP_VFS_ROOT, cookie, &entry));
    tree_deinit(&tree);
}

static void gone_entries_are_charged_until_nobody_needs_them(void **state)
{
    (void)state;
    struct tree tree;
    tree_init(&tree);
    make_numbered(&tree, 10);
    uint64_t full = rp_vfs_bytes_used(tree.vfs);
    must(rp_vfs_reader_begin(tree.vfs, RP_VFS_ROOT));
    must(rp_vfs_reader_begin(tree.vfs, RP_VFS_ROOT));
    must(rp_vfs_reader_gave(tree.vfs, RP_VFS_ROOT, RP_VFS_COOKIE_FIRST + 5)); /* the five oldest */
    char name[4];
    for (unsigned i = 0; i < 10; i++) {
        (void)snprintf(name, sizeof name, "%u", i);
        must(rp_vfs_unlink(tree.vfs, at_root, path_of(name)));
    }
    uint64_t names = 5 * (RP_VFS_ENTRY_BYTES + 1);
    assert_int_equal(rp_vfs_bytes_used(tree.vfs), full - 10 * RP_VFS_PAGE_BYTES - names);
    must(rp_vfs_reader_rewind(tree.vfs, RP_VFS_ROOT)); /* the other reader may still need them */
    assert_int_equal(rp_vfs_bytes_used(tree.vfs), names);
    must(rp_vfs_reader_end(tree.vfs, RP_VFS_ROOT));
    must(rp_vfs_reader_rewind(tree.vfs, RP_VFS_ROOT));
    assert_int_equal(rp_vfs_bytes_used(tree.vfs), 0);
    must(rp_vfs_reader_end(tree.vfs, RP_VFS_ROOT));
    tree_deinit(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listing_is_in_byte_order_behind_the_dots),
        cmocka_unit_test(listing_sees_every_entry_though_they_are_removed_meanwhile),
        cmocka_unit_test(cookies_stay_valid_while_entries_come_and_go),
        cmocka_unit_test(a_rename_onto_a_name_keeps_its_cookie),
        cmocka_unit_test(gone_entries_are_charged_until_nobody_needs_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
