/* Tests of vfs/visit.c: the walk can be ended anywhere, and the check sees each invariant that is
 * broken on purpose. */
#include "tests/vfs/tree.h"
#include "vfs/inode.h"

/* a (a file of a page and a half), b/ (in it one entry, and one that went while it was read), c ->
 * a, null (a device), a file that is open and unlinked, and two pipes, one of them empty. */
struct scene {
    struct tree tree;
    uint64_t file;
    uint64_t directory;
    uint64_t symlink;
    uint64_t device;
    uint64_t unlinked;
    uint64_t pipe;
    uint64_t empty_pipe;
};

static void scene_init(struct scene *scene)
{
    static const uint8_t data[RP_VFS_PAGE_BYTES + RP_VFS_PAGE_BYTES / 2] = {1};
    struct tree *tree = &scene->tree;
    size_t count = 0;
    tree_init(tree);
    scene->file = tree_write(tree, "a", data, sizeof data);
    tree_mkdir(tree, "b");
    scene->directory = tree_find(tree, "b");
    tree_symlink(tree, "c", "a");
    scene->symlink = tree_find(tree, "c");
    must(rp_vfs_mount_device(tree->vfs, at_root, path_of("null"), 1));
    scene->device = tree_find(tree, "null");
    must(rp_vfs_open(tree->vfs, at_root, path_of("gone"), RP_VFS_OPEN_CREATE, &scene->unlinked));
    must(rp_vfs_unlink(tree->vfs, at_root, path_of("gone")));
    tree_file(tree, "b/stays");
    tree_file(tree, "b/went");
    must(rp_vfs_reader_begin(tree->vfs, scene->directory));
    must(rp_vfs_reader_gave(tree->vfs, scene->directory, 100));
    must(rp_vfs_unlink(tree->vfs, at_root, path_of("b/went")));
    must(rp_vfs_make_pipe(tree->vfs, 5000, &scene->pipe));
    must(rp_vfs_pipe_write(tree->vfs, scene->pipe, data, 5000, &count));
    must(rp_vfs_make_pipe(tree->vfs, 5000, &scene->empty_pipe));
}

/* ---- the walk ---- */

struct counter {
    unsigned calls;
    unsigned stop_at; /* 0: never */
};

static bool count_call(void *user)
{
    struct counter *counter = user;
    counter->calls++;
    return counter->calls != counter->stop_at;
}

static bool see_inode(void *user, const struct rp_vfs_stat *stat, uint32_t holds)
{
    (void)stat;
    (void)holds;
    return count_call(user);
}

static bool see_page(void *user, uint64_t inode, uint64_t index, const uint8_t *bytes)
{
    (void)inode;
    (void)index;
    (void)bytes;
    return count_call(user);
}

static bool see_directory(void *user, uint64_t inode, uint64_t parent, uint64_t cookie_last,
                          uint64_t cookie_given, uint32_t readers)
{
    (void)inode;
    (void)parent;
    (void)cookie_last;
    (void)cookie_given;
    (void)readers;
    return count_call(user);
}

static bool see_entry(void *user, uint64_t inode, const struct rp_vfs_entry *entry)
{
    (void)inode;
    (void)entry;
    return count_call(user);
}

static bool see_bytes(void *user, uint64_t inode, const char *target, size_t size)
{
    (void)inode;
    (void)target;
    (void)size;
    return count_call(user);
}

static bool see_pipe(void *user, uint64_t inode, const struct rp_vfs_pipe_state *found)
{
    (void)inode;
    (void)found;
    return count_call(user);
}

static bool see_waiting(void *user, uint64_t inode, const uint8_t *bytes, size_t size)
{
    return see_page(user, inode, size, bytes);
}

static void the_walk_ends_wherever_a_callback_says_so(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    struct counter counter = {0};
    const struct rp_vfs_visitor visitor = {.user = &counter,
                                           .inode = see_inode,
                                           .page = see_page,
                                           .directory = see_directory,
                                           .entry = see_entry,
                                           .gone = see_entry,
                                           .target = see_bytes,
                                           .pipe = see_pipe,
                                           .waiting = see_waiting};
    assert_true(rp_vfs_walk(scene.tree.vfs, &visitor));
    /* inodes, pages, directories, entries, gone ones, targets, pipes, pieces */
    unsigned total = counter.calls;
    assert_int_equal(total, 9 + 3 + 2 + 5 + 1 + 1 + 2 + 2);
    for (unsigned stop = 1; stop <= total; stop++) {
        counter = (struct counter){.stop_at = stop};
        assert_false(rp_vfs_walk(scene.tree.vfs, &visitor));
        assert_int_equal(counter.calls, stop);
    }
    tree_deinit(&scene.tree);
}

/* ---- the check ---- */

static struct rp_inode *inode_of(struct scene *scene, uint64_t number)
{
    return rp_inode_owned(scene->tree.vfs, number);
}

static struct rp_dirent *entry_of_root(struct scene *scene, const char *name)
{
    struct rp_inode *root = inode_of(scene, RP_VFS_ROOT);
    const struct rp_dirent *entry = rp_directory_find(root, name, (uint32_t)strlen(name));
    return rp_radix_get(&root->of.directory.entries, entry->cookie);
}

/* Expects that the check says this, and puts `object` back as it was `before`. */
#define EXPECT_BROKEN(scene, object, before, text)                    \
    do {                                                              \
        assert_string_equal(rp_vfs_check((scene)->tree.vfs), (text)); \
        *(object) = (before);                                         \
        assert_null(rp_vfs_check((scene)->tree.vfs));                 \
    } while (0)

static void broken_files_are_seen(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    struct rp_inode *file = inode_of(&scene, scene.file);
    struct rp_inode before = *file;
    file->of.file.page_count++;
    EXPECT_BROKEN(&scene, file, before, "a file's page count is not that of its pages");
    file->size = RP_VFS_PAGE_BYTES;
    EXPECT_BROKEN(&scene, file, before, "a page lies behind the end of its file");
    struct rp_vfs_page *page = rp_radix_get(&file->of.file.pages, 1);
    page->bytes[RP_VFS_PAGE_BYTES - 1] = 1;
    EXPECT_BROKEN(&scene, &page->bytes[RP_VFS_PAGE_BYTES - 1], 0,
                  "the bytes behind the end of a file are not zero");
    file->link_count++;
    EXPECT_BROKEN(&scene, file, before,
                  "an inode's link count is not that of the entries that name it");
    struct rp_inode *unlinked = inode_of(&scene, scene.unlinked);
    unlinked->holds = 0;
    EXPECT_BROKEN(&scene, &unlinked->holds, 1, "an inode exists without links and holds");
    struct rp_inode *symlink = inode_of(&scene, scene.symlink);
    symlink->size++;
    EXPECT_BROKEN(&scene, &symlink->size, 1, "a symlink's size is not that of its target");
    struct rp_inode *device = inode_of(&scene, scene.device);
    device->size++;
    EXPECT_BROKEN(&scene, &device->size, 0, "a device has more than one link, or a size");
    tree_deinit(&scene.tree);
}

static void broken_directories_are_seen(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    struct rp_dirent *entry = entry_of_root(&scene, "c");
    entry->name[0] = 'a';
    EXPECT_BROKEN(&scene, &entry->name[0], 'c',
                  "the names of a directory are not in byte-wise order");
    uint64_t number = entry->inode;
    entry->inode = 999;
    EXPECT_BROKEN(&scene, &entry->inode, number, "an entry names an inode that does not exist");
    entry->kind = RP_VFS_FILE;
    EXPECT_BROKEN(&scene, &entry->kind, RP_VFS_SYMLINK, "an entry's kind is not that of its inode");
    uint64_t cookie = entry->cookie;
    entry->cookie++;
    EXPECT_BROKEN(&scene, &entry->cookie, cookie, "an entry is not found by its cookie");
    struct rp_inode *inside = inode_of(&scene, scene.directory);
    struct rp_inode before = *inside;
    inside->of.directory.parent = scene.directory;
    EXPECT_BROKEN(&scene, inside, before, "a directory's parent is not where its entry is");
    inside->of.directory.entry_count++;
    EXPECT_BROKEN(&scene, inside, before, "a directory's entry count is not that of its entries");
    inside->of.directory.charge++;
    EXPECT_BROKEN(&scene, inside, before, "a directory's charge is not that of its entries");
    inside->of.directory.readers = 0;
    EXPECT_BROKEN(&scene, inside, before, "gone entries are remembered without a reader");
    inside->link_count++;
    EXPECT_BROKEN(&scene, inside, before, "a directory's link count is wrong");
    inside->of.directory.cookie_given++;
    EXPECT_BROKEN(&scene, inside, before, "the cookies of a directory do not fit each other");
    inside->of.directory.cookie_given -= 2;
    EXPECT_BROKEN(&scene, inside, before, "the cookies of a directory do not fit each other");
    struct rp_inode *root = inode_of(&scene, RP_VFS_ROOT);
    struct rp_inode root_before = *root;
    root->of.directory.cookie_given = 3;
    EXPECT_BROKEN(&scene, root, root_before, "the cookies of a directory do not fit each other");
    root->of.directory.cookie_last -= 2; /* the newest entry is gone */
    EXPECT_BROKEN(&scene, root, root_before, "the cookies of a directory do not fit each other");
    tree_deinit(&scene.tree);
}

static void broken_pipes_are_seen(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    struct rp_inode *inode = inode_of(&scene, scene.pipe);
    struct rp_inode before = *inode;
    inode->of.pipe.readers++;
    EXPECT_BROKEN(&scene, inode, before, "a pipe's holds are not those of its ends");
    inode->size++;
    EXPECT_BROKEN(&scene, inode, before,
                  "bytes wait in a pipe that has no place or no reader for them");
    inode->of.pipe.readers = 0;
    inode->holds = 1;
    EXPECT_BROKEN(&scene, inode, before,
                  "bytes wait in a pipe that has no place or no reader for them");
    inode->of.pipe.head = 8192;
    EXPECT_BROKEN(&scene, inode, before, "a pipe's ring is larger than its capacity needs");
    inode->size = 0;
    EXPECT_BROKEN(&scene, inode, before, "an empty pipe holds pages");
    struct rp_inode *empty = inode_of(&scene, scene.empty_pipe);
    empty->size = 1;
    EXPECT_BROKEN(&scene, &empty->size, 0, "bytes wait in a page that does not exist");
    tree_deinit(&scene.tree);
}

static void broken_sums_are_seen(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    struct rp_vfs *vfs = scene.tree.vfs;
    struct rp_vfs before = *vfs;
    vfs->inode_count++;
    EXPECT_BROKEN(&scene, vfs, before, "the inode count is not that of the inodes");
    vfs->bytes_used++;
    EXPECT_BROKEN(&scene, vfs, before, "bytes_used is not the sum of the charges");
    rp_alloc_inject(1, 0);
    assert_string_equal(rp_vfs_check(vfs), "there is no memory to check the tree");
    rp_alloc_inject(0, 0);
    tree_deinit(&scene.tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_walk_ends_wherever_a_callback_says_so),
        cmocka_unit_test(broken_files_are_seen),
        cmocka_unit_test(broken_directories_are_seen),
        cmocka_unit_test(broken_pipes_are_seen),
        cmocka_unit_test(broken_sums_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
