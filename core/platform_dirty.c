/* Written pages by way of Linux's PAGEMAP_SCAN (layer 0). Elsewhere there are no means.
 *
 * One userfaultfd and one pagemap serve the process: many stores would else use up its descriptors.
 * A child has copies of both that still speak of its parent's memory, so `alive` lies in a page
 * that reads as zero in a child, and nothing is asked of descriptors that are not alive. */
#define _GNU_SOURCE /* madvise, syscall */

#include "core/platform_dirty.h"

#if defined(__linux__)

#include "core/assert.h"
#include "core/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What Linux 6.7 has and older headers lack: linux/userfaultfd.h, linux/fs.h. */
#define FEATURE_WP_ASYNC (UINT64_C(1) << 15)
#define CATEGORY_WRITTEN (UINT64_C(1) << 1)
#define CATEGORY_PRESENT (UINT64_C(1) << 3)
#define CATEGORY_SWAPPED (UINT64_C(1) << 4)
#define SCAN_PROTECT_MATCHING (UINT64_C(1) << 0)
#define SCAN_CHECK_ASYNC (UINT64_C(1) << 1)

struct page_region {
    uint64_t start;
    uint64_t end;
    uint64_t categories;
};

struct scan_argument {
    uint64_t size;
    uint64_t flags;
    uint64_t start;
    uint64_t end;
    uint64_t walk_end;
    uint64_t regions;
    uint64_t region_count;
    uint64_t pages_max;
    uint64_t category_inverted;
    uint64_t category_mask;
    uint64_t category_anyof_mask;
    uint64_t return_mask;
};

#define SCAN_REQUEST _IOWR('f', 16, struct scan_argument)
#define REGIONS 128u

static struct {
    pthread_mutex_t mutex;
    unsigned users;
    int fault;       /* userfaultfd */
    int pages;       /* /proc/self/pagemap */
    uint64_t ticket; /* counts openings, from 1 */
    uint8_t *alive;  /* in a page of its own, wiped in a child; NULL: not open */
} shared = {.mutex = PTHREAD_MUTEX_INITIALIZER, .fault = -1, .pages = -1};

static void close_descriptor(int *descriptor)
{
    if (*descriptor >= 0) {
        (void)close(*descriptor);
        *descriptor = -1;
    }
}

static void close_shared(void)
{
    close_descriptor(&shared.fault);
    close_descriptor(&shared.pages);
    if (shared.alive != NULL) {
        int failed = munmap(shared.alive, rp_platform_page_bytes());
        RP_ASSERT(failed == 0);
        shared.alive = NULL;
    }
}

static bool open_descriptors(void)
{
    struct uffdio_api api = {.api = UFFD_API, .features = FEATURE_WP_ASYNC};
    shared.fault = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
    if (shared.fault < 0 || ioctl(shared.fault, UFFDIO_API, &api) != 0) {
        return false;
    }
    shared.pages = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    return shared.pages >= 0;
}

static void count_bytes(void *user, size_t start, size_t end)
{
    *(size_t *)user += end - start;
}

/* Whether the kernel does what it is asked: sees a page that is written, and no other. */
static bool try_scan(void)
{
    size_t page = rp_platform_page_bytes();
    uint8_t *area =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) {
        return false;
    }
    uint64_t ticket = 0;
    size_t first = 0;
    size_t second = 0;
    area[0] = area[page] = 1;
    bool right = rp_dirty_watch(area, 2 * page, &ticket) &&
                 rp_dirty_scan(ticket, area, 2 * page, count_bytes, &first);
    area[page] = 2;
    right = right && rp_dirty_scan(ticket, area, 2 * page, count_bytes, &second) &&
            first == 2 * page && second == page;
    int failed = munmap(area, 2 * page);
    RP_ASSERT(failed == 0);
    return right;
}

static bool open_shared(void)
{
    void *page = mmap(NULL, rp_platform_page_bytes(), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return false;
    }
    shared.alive = page;
    shared.ticket++;
    if (madvise(page, rp_platform_page_bytes(), MADV_WIPEONFORK) != 0 || !open_descriptors()) {
        return false;
    }
    __atomic_store_n(shared.alive, 1, __ATOMIC_SEQ_CST);
    return try_scan();
}

static bool is_alive(void)
{
    return shared.alive != NULL && __atomic_load_n(shared.alive, __ATOMIC_SEQ_CST) != 0;
}

bool rp_dirty_open(void)
{
    int failed = pthread_mutex_lock(&shared.mutex);
    RP_ASSERT(failed == 0);
    bool opened = is_alive();
    if (!opened) { /* the first user, or the first one in a child */
        close_shared();
        opened = open_shared();
        if (!opened) {
            close_shared();
        }
    }
    shared.users += opened;
    failed = pthread_mutex_unlock(&shared.mutex);
    RP_ASSERT(failed == 0);
    return opened;
}

void rp_dirty_close(void)
{
    int failed = pthread_mutex_lock(&shared.mutex);
    RP_ASSERT(failed == 0 && shared.users > 0);
    if (--shared.users == 0) {
        close_shared();
    }
    failed = pthread_mutex_unlock(&shared.mutex);
    RP_ASSERT(failed == 0);
}

bool rp_dirty_watch(void *address, size_t size, uint64_t *out_ticket)
{
    if (!is_alive()) {
        return false;
    }
    struct uffdio_range range = {(uintptr_t)address, size};
    struct uffdio_register watch = {.range = range, .mode = UFFDIO_REGISTER_MODE_WP};
    /* Who watched before has left marks; ending his watch takes them away. A huge page would be
     * reported as a whole. */
    (void)ioctl(shared.fault, UFFDIO_UNREGISTER, &range);
    (void)madvise(address, size, MADV_NOHUGEPAGE);
    if (ioctl(shared.fault, UFFDIO_REGISTER, &watch) != 0) {
        return false;
    }
    *out_ticket = shared.ticket;
    return true;
}

static bool scan(uint64_t ticket, void *address, size_t size, struct scan_argument *argument,
                 rp_dirty_visitor visitor, void *user)
{
    struct page_region regions[REGIONS];
    uint64_t base = (uintptr_t)address;
    argument->size = sizeof *argument;
    argument->start = base;
    argument->end = base + size;
    argument->regions = (uintptr_t)regions;
    argument->region_count = REGIONS;
    while (argument->start < argument->end) {
        if (!is_alive() || ticket != shared.ticket) {
            return false;
        }
        int count = ioctl(shared.pages, SCAN_REQUEST, argument);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0 || argument->walk_end <= argument->start) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            visitor(user, (size_t)(regions[i].start - base), (size_t)(regions[i].end - base));
        }
        argument->start = argument->walk_end;
    }
    return true;
}

bool rp_dirty_scan(uint64_t ticket, void *address, size_t size, rp_dirty_visitor visitor,
                   void *user)
{
    struct scan_argument argument = {.flags = SCAN_PROTECT_MATCHING | SCAN_CHECK_ASYNC,
                                     .category_mask = CATEGORY_WRITTEN,
                                     .category_anyof_mask = CATEGORY_PRESENT | CATEGORY_SWAPPED,
                                     .return_mask = CATEGORY_WRITTEN};
    return scan(ticket, address, size, &argument, visitor, user);
}

bool rp_dirty_scan_absent(uint64_t ticket, void *address, size_t size, rp_dirty_visitor visitor,
                          void *user)
{
    struct scan_argument argument = {.flags = SCAN_CHECK_ASYNC,
                                     .category_inverted = CATEGORY_PRESENT,
                                     .category_mask = CATEGORY_PRESENT,
                                     .return_mask = CATEGORY_PRESENT};
    return scan(ticket, address, size, &argument, visitor, user);
}

#else

bool rp_dirty_open(void)
{
    return false;
}

void rp_dirty_close(void)
{
}

bool rp_dirty_watch(void *address, size_t size, uint64_t *out_ticket)
{
    (void)address;
    (void)size;
    (void)out_ticket;
    return false;
}

bool rp_dirty_scan(uint64_t ticket, void *address, size_t size, rp_dirty_visitor visitor,
                   void *user)
{
    (void)ticket;
    (void)address;
    (void)size;
    (void)visitor;
    (void)user;
    return false;
}

bool rp_dirty_scan_absent(uint64_t ticket, void *address, size_t size, rp_dirty_visitor visitor,
                          void *user)
{
    return rp_dirty_scan(ticket, address, size, visitor, user);
}

#endif
