/* Whether a tree and a table of descriptors agree (layer 4).
 *
 * The descriptors are put in order of their inodes; then one walk over the tree, which visits
 * inodes in order, passes both at once. So the cost is that of the walk and of sorting. */
#include "sandbox/device.h"
#include "sandbox/wasi_part.h"

struct check {
    struct rp_descriptor_table *table;
    uint32_t *numbers; /* of the descriptors with an inode, in its order */
    uint32_t count;
    uint32_t from; /* of the inode in work: the descriptors from here … */
    uint32_t to;   /* … to before here */
    const char *broken;
    uint64_t inode;
};

static struct rp_descriptor *descriptor_at(const struct check *check, uint32_t index)
{
    return &check->table->items[check->numbers[index]];
}

/* ---- in order of inodes: heapsort, which needs no memory and has no bad case ---- */

static void sift_down(struct check *check, uint32_t root, uint32_t end)
{
    for (;;) {
        uint64_t child = 2 * (uint64_t)root + 1;
        if (child >= end) {
            return;
        }
        if (child + 1 < end && descriptor_at(check, (uint32_t)child)->inode <
                                   descriptor_at(check, (uint32_t)child + 1)->inode) {
            child++;
        }
        if (descriptor_at(check, root)->inode >= descriptor_at(check, (uint32_t)child)->inode) {
            return;
        }
        uint32_t number = check->numbers[root];
        check->numbers[root] = check->numbers[child];
        check->numbers[child] = number;
        root = (uint32_t)child;
    }
}

static void sort_numbers(struct check *check)
{
    for (uint32_t root = check->count / 2; root > 0; root--) {
        sift_down(check, root - 1, check->count);
    }
    for (uint32_t end = check->count; end > 1; end--) {
        uint32_t number = check->numbers[0];
        check->numbers[0] = check->numbers[end - 1];
        check->numbers[end - 1] = number;
        sift_down(check, 0, end - 1);
    }
}

/* ---- one inode after the other ---- */

static bool break_off(struct check *check, const char *broken)
{
    check->broken = broken;
    return false;
}

static bool kind_fits(const struct rp_descriptor *descriptor, enum rp_vfs_kind kind)
{
    switch (descriptor->kind) {
    case RP_DESCRIPTOR_FILE:
        return kind == RP_VFS_FILE;
    case RP_DESCRIPTOR_DIRECTORY:
        return kind == RP_VFS_DIRECTORY;
    case RP_DESCRIPTOR_DEVICE:
        return kind == RP_VFS_DEVICE;
    case RP_DESCRIPTOR_PIPE:
        return kind == RP_VFS_FIFO;
    case RP_DESCRIPTOR_STREAM:
    case RP_DESCRIPTOR_CLOSED:
        break;
    }
    return false;
}

static bool check_descriptor(struct check *check, struct rp_descriptor *descriptor,
                             const struct rp_vfs_stat *stat)
{
    if (!kind_fits(descriptor, stat->kind)) {
        return break_off(check, "a descriptor of another kind than its inode");
    }
    if (descriptor->kind == RP_DESCRIPTOR_DEVICE) {
        descriptor->device = stat->device;
        if ((descriptor->rights_base & ~rp_wasi_device_rights(rp_device_get(stat->device))) != 0) {
            return break_off(check, "a descriptor with a right that its device cannot give");
        }
    }
    return true;
}

static bool check_inode(void *user, const struct rp_vfs_stat *stat, uint32_t holds)
{
    struct check *check = user;
    check->inode = stat->inode;
    check->from = check->to;
    if (stat->kind == RP_VFS_DEVICE && (stat->device < 1 || stat->device > RP_DEVICE_COUNT)) {
        return break_off(check, "a device that does not exist");
    }
    if (check->to < check->count && descriptor_at(check, check->to)->inode < stat->inode) {
        return break_off(check, "a descriptor of an inode that does not exist, below this one");
    }
    while (check->to < check->count && descriptor_at(check, check->to)->inode == stat->inode) {
        if (!check_descriptor(check, descriptor_at(check, check->to), stat)) {
            return false;
        }
        check->to++;
    }
    if (check->to - check->from != holds) {
        return break_off(check, "an inode is not held as often as it is open");
    }
    return true;
}

static bool check_readers(void *user, uint64_t inode, uint64_t parent, uint64_t cookie_last,
                          uint64_t cookie_given, uint32_t readers)
{
    struct check *check = user;
    RP_ASSERT(inode == check->inode);
    (void)parent;
    (void)cookie_last;
    (void)cookie_given;
    uint32_t count = 0;
    for (uint32_t i = check->from; i < check->to; i++) {
        count += descriptor_at(check, i)->reads;
    }
    return count == readers ||
           break_off(check, "a directory has not as many readers as listings go on");
}

static bool check_ends(void *user, uint64_t inode, const struct rp_vfs_pipe_state *state)
{
    struct check *check = user;
    RP_ASSERT(inode == check->inode);
    uint32_t writers = 0;
    for (uint32_t i = check->from; i < check->to; i++) {
        writers += descriptor_at(check, i)->end == RP_VFS_END_WRITE;
    }
    /* together they are as many as there are holds */
    return writers == state->writers ||
           break_off(check, "an end of a pipe is not held as often as it is open");
}

static void check_agreement(struct check *check, const struct rp_vfs *vfs)
{
    struct rp_vfs_visitor visitor = {
        .user = check, .inode = check_inode, .directory = check_readers, .pipe = check_ends};
    if (rp_vfs_walk(vfs, &visitor) && check->to < check->count) {
        check->inode = descriptor_at(check, check->to)->inode;
        check->broken = "a descriptor of an inode that does not exist";
    }
}

rp_status rp_wasi_copy_check(struct rp_wasi_copy *copy, struct rp_allocator *allocator,
                             rp_report *report)
{
    struct check check = {.table = &copy->descriptors};
    uint32_t room = copy->descriptors.open_count;
    check.numbers = rp_alloc_zero(allocator, room, sizeof *check.numbers);
    if (check.numbers == NULL) {
        return rp_report_fail(report, RP_ERROR_NO_MEMORY, "no memory for checking descriptors");
    }
    for (uint32_t number = 0; number < copy->descriptors.count; number++) {
        enum rp_descriptor_kind kind = copy->descriptors.items[number].kind;
        if (kind != RP_DESCRIPTOR_CLOSED && kind != RP_DESCRIPTOR_STREAM) {
            check.numbers[check.count++] = number;
        }
    }
    sort_numbers(&check);
    check_agreement(&check, copy->vfs);
    rp_free(allocator, check.numbers, room * sizeof *check.numbers);
    return check.broken == NULL
               ? RP_OK
               : rp_report_fail(report, RP_ERROR_SNAPSHOT_STATE, "vfs and wasi, inode %llu: %s",
                                (unsigned long long)check.inode, check.broken);
}
