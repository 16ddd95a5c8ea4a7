/* Trees for the tests of saving and loading (layer 7, test support). */
#ifndef RP_TESTS_VFS_VFS_SCENE_H
#define RP_TESTS_VFS_VFS_SCENE_H

#include "tests/vfs/vfs_state.h"

/* A little of everything, in few bytes: hard links, a symlink, a device, a pipe with something in
 * it, a file and a directory that are open and have no name, a reader with gone entries, pages of
 * zeros, a hole. */
static inline void make_scene(struct tree *tree)
{
    size_t count = 0;
    uint64_t inode = RP_VFS_NONE;
    tree_init_limited(tree, 100000, 50);
    tree_mkdir(tree, "d");
    tree_mkdir(tree, "d/e");
    (void)tree_write(tree, "d/hello", "hello", 5);
    must(rp_vfs_link(tree->vfs, at_root, path_of("d/hello"), false, at_root, path_of("again")));
    tree_symlink(tree, "link", "d/hello");
    must(rp_vfs_mount_device(tree->vfs, at_root, path_of("null"), 1));
    uint64_t sparse = tree_write(tree, "sparse", "", 0);
    must(rp_vfs_allocate(tree->vfs, sparse, 4096, 8192));
    must(rp_vfs_write(tree->vfs, sparse, 20480, "tail", 4, &count));
    must(rp_vfs_make_pipe(tree->vfs, 10, &inode));
    must(rp_vfs_pipe_write(tree->vfs, inode, "waits", 5, &count));
    must(rp_vfs_pipe_read(tree->vfs, inode, &(char[2]){0}, 2, &count));
    must(rp_vfs_pipe_hold(tree->vfs, inode, RP_VFS_END_READ));
    must(rp_vfs_open(tree->vfs, at_root, path_of("lost"), RP_VFS_OPEN_CREATE | RP_VFS_OPEN_WRITE,
                     &inode));
    must(rp_vfs_write(tree->vfs, inode, 0, "lost", 4, &count));
    must(rp_vfs_unlink(tree->vfs, at_root, path_of("lost")));
    tree_mkdir(tree, "d/removed");
    must(rp_vfs_open(tree->vfs, at_root, path_of("d/removed"), RP_VFS_OPEN_DIRECTORY, &inode));
    must(rp_vfs_remove_directory(tree->vfs, at_root, path_of("d/removed")));
    tree_file(tree, "d/gone");
    must(rp_vfs_open(tree->vfs, at_root, path_of("d"), RP_VFS_OPEN_DIRECTORY, &inode));
    must(rp_vfs_reader_begin(tree->vfs, inode));
    must(rp_vfs_reader_gave(tree->vfs, inode, 6));
    must(rp_vfs_unlink(tree->vfs, at_root, path_of("d/gone")));
    rp_vfs_set_time(tree->vfs, 70000);
}

static inline void free_tree(struct tree *tree)
{
    rp_vfs_destroy(tree->vfs);
    assert_int_equal(tree->allocator.used_bytes, 0);
}

static inline void make_nothing(struct tree *tree)
{
    tree_init_limited(tree, 100000, 50);
}

static inline void make_runs(struct tree *tree)
{
    static uint8_t x[3 * RP_VFS_PAGE_BYTES];
    size_t count = 0;
    make_nothing(tree);
    memset(x, 'x', sizeof x);
    uint64_t inode = tree_write(tree, "f", x, 2 * RP_VFS_PAGE_BYTES);
    must(rp_vfs_allocate(tree->vfs, inode, 2 * RP_VFS_PAGE_BYTES, RP_VFS_PAGE_BYTES));
    must(rp_vfs_write(tree->vfs, inode, 4 * RP_VFS_PAGE_BYTES, x, 3, &count));
    must(rp_vfs_truncate(tree->vfs, inode, 10 * RP_VFS_PAGE_BYTES));
    must(rp_vfs_write(tree->vfs, inode, 10 * RP_VFS_PAGE_BYTES, x, 7, &count));
}

#endif
