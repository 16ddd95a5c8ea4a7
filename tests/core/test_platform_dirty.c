/* Tests of core/platform_dirty.c; skipped where the host does not offer or permit its means. */
#define _GNU_SOURCE /* madvise */

#include "core/platform.h"
#include "core/platform_dirty.h"
#include "tests/support/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 2048u
#define EXIT_SKIPPED 77

struct area {
    uint8_t *data;
    size_t size;
    size_t page;
    uint64_t ticket;
    bool seen[PAGES]; /* by the latest scan */
    size_t seen_count;
    size_t last_end;
};

static void see(void *user, size_t start, size_t end)
{
    struct area *area = user;
    assert_true(start >= area->last_end && start < end && end <= area->size);
    area->last_end = end;
    for (size_t page = start / area->page; page < end / area->page; page++) {
        assert_false(area->seen[page]);
        area->seen[page] = true;
        area->seen_count++;
    }
}

static void forget_seen(struct area *area)
{
    memset(area->seen, 0, sizeof area->seen);
    area->seen_count = 0;
    area->last_end = 0;
}

static bool scan(struct area *area)
{
    forget_seen(area);
    return rp_dirty_scan(area->ticket, area->data, area->size, see, area);
}

static void init_area(struct area *area)
{
    memset(area, 0, sizeof *area);
    area->page = rp_platform_page_bytes();
    area->size = PAGES * area->page;
    area->data = rp_platform_reserve(area->size);
    assert_non_null(area->data);
    assert_true(rp_platform_commit(area->data, area->size));
}

/* Watched, with every page written and seen. */
static void init_watched(struct area *area)
{
    init_area(area);
    memset(area->data, 1, area->size);
    assert_true(rp_dirty_watch(area->data, area->size, &area->ticket));
    assert_true(scan(area));
    assert_int_equal(area->seen_count, PAGES);
}

static void assert_seen(struct area *area, const size_t *pages, size_t count)
{
    assert_true(scan(area));
    assert_int_equal(area->seen_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(area->seen[pages[i]]);
    }
    assert_true(scan(area)); /* and only once */
    assert_int_equal(area->seen_count, 0);
}

static void sees_the_pages_that_were_written(void **state)
{
    (void)state;
    struct area area;
    init_watched(&area);
    assert_seen(&area, NULL, 0);
    static const size_t pages[] = {0, 1, 77, 511, 512, 513, 1024, PAGES - 1};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        area.data[pages[i] * area.page + i * 511 % area.page] = 1; /* what was there already */
    }
    assert_seen(&area, pages, sizeof pages / sizeof pages[0]);
    for (size_t i = 0; i < PAGES; i += 2) {
        area.data[i * area.page]++;
    }
    assert_true(scan(&area));
    assert_int_equal(area.seen_count,
                     PAGES / 2); /* more regions than one call of the kernel takes */
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < area.size; i += 64) {
        sum = (uint8_t)(sum + area.data[i]);
    }
    assert_seen(&area, NULL, 0); /* reading is not writing */
    rp_platform_release(area.data, area.size);
}

static void sees_what_the_kernel_writes(void **state)
{
    (void)state;
    struct area area;
    init_watched(&area);
    int zero = open("/dev/zero", O_RDONLY);
    assert_true(zero >= 0);
    assert_int_equal(read(zero, area.data + 3 * area.page - 1, 2), 2);
    assert_seen(&area, (const size_t[]){2, 3}, 2);
    assert_int_equal(close(zero), 0);
    rp_platform_release(area.data, area.size);
}

static void sees_first_writes_to_untouched_pages(void **state)
{
    (void)state;
    struct area area;
    init_area(&area);
    assert_true(rp_dirty_watch(area.data, area.size, &area.ticket));
    area.data[700 * area.page] = 1;
    assert_true(scan(&area));
    assert_true(area.seen[700]);
    volatile uint8_t sum = area.data[5 * area.page] + area.data[1500 * area.page];
    (void)sum;
    assert_true(scan(&area)); /* a read of an untouched page may be taken for a write */
    area.data[5 * area.page] = 1;
    area.data[6 * area.page] = 1;
    area.data[1500 * area.page] = 1;
    area.data[1999 * area.page] = 1;
    assert_true(scan(&area));
    assert_true(area.seen[5] && area.seen[6] && area.seen[1500] && area.seen[1999]);
    assert_seen(&area, NULL, 0);
    rp_platform_release(area.data, area.size);
}

static void watching_again_counts_all_as_written(void **state)
{
    (void)state;
    struct area area;
    init_watched(&area);
    assert_true(rp_dirty_watch(area.data, area.size, &area.ticket));
    assert_true(scan(&area));
    assert_int_equal(area.seen_count, PAGES);
    rp_platform_release(area.data, area.size);
}

static void finds_pages_that_were_given_back(void **state)
{
    (void)state;
    struct area area;
    init_watched(&area);
    forget_seen(&area);
    assert_true(rp_dirty_scan_absent(area.ticket, area.data, area.size, see, &area));
    assert_int_equal(area.seen_count, 0);
    assert_int_equal(madvise(area.data + 10 * area.page, 1500 * area.page, MADV_DONTNEED), 0);
    assert_true(rp_dirty_scan_absent(area.ticket, area.data, area.size, see, &area));
    assert_int_equal(area.seen_count, 1500);
    assert_true(area.seen[10] && area.seen[1509]);
    rp_platform_release(area.data, area.size);
}

static void a_mapping_that_was_replaced_is_not_known(void **state)
{
    (void)state;
    struct area area;
    init_watched(&area);
    void *again = mmap(area.data + 512 * area.page, 512 * area.page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    assert_ptr_equal(again, area.data + 512 * area.page);
    assert_false(scan(&area));
    forget_seen(&area);
    assert_false(rp_dirty_scan_absent(area.ticket, area.data, area.size, see, &area));
    assert_true(rp_dirty_watch(area.data, area.size, &area.ticket));
    assert_true(scan(&area));
    rp_platform_release(area.data, area.size);
}

/* In a child: nothing inherited may be taken for knowledge of the child's memory, and what the
 * child watches is its own. */
static int run_child(struct area *area)
{
    area->data[9 * area->page] = 9;
    if (scan(area) || rp_dirty_watch(area->data, area->size, &area->ticket)) {
        return 1;
    }
    if (!rp_dirty_open() || !rp_dirty_watch(area->data, area->size, &area->ticket) || !scan(area) ||
        area->seen_count != PAGES) {
        return 2;
    }
    area->data[11 * area->page] = 9;
    if (!scan(area) || area->seen_count != 1 || !area->seen[11]) {
        return 3;
    }
    rp_dirty_close();
    return 0;
}

static void a_child_inherits_nothing(void **state)
{
    (void)state;
    struct area area;
    init_watched(&area);
    area.data[5 * area.page] = 2;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(run_child(&area));
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    area.data[6 * area.page] = 2;
    assert_seen(&area, (const size_t[]){5, 6}, 2);
    rp_platform_release(area.data, area.size);
}

static void huge_pages_are_seen_in_small_ones(void **state)
{
    (void)state;
    struct area area;
    init_area(&area);
    (void)madvise(area.data, area.size, MADV_HUGEPAGE);
    memset(area.data, 1, area.size);
    assert_true(rp_dirty_watch(area.data, area.size, &area.ticket));
    assert_true(scan(&area));
    assert_int_equal(area.seen_count, PAGES);
    area.data[1000 * area.page] = 2;
    assert_seen(&area, (const size_t[]){1000}, 1);
    rp_platform_release(area.data, area.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_the_pages_that_were_written),
        cmocka_unit_test(sees_what_the_kernel_writes),
        cmocka_unit_test(sees_first_writes_to_untouched_pages),
        cmocka_unit_test(watching_again_counts_all_as_written),
        cmocka_unit_test(finds_pages_that_were_given_back),
        cmocka_unit_test(a_mapping_that_was_replaced_is_not_known),
        cmocka_unit_test(a_child_inherits_nothing),
        cmocka_unit_test(huge_pages_are_seen_in_small_ones),
    };
    if (!rp_dirty_open()) {
        (void)printf("skipped: this host has no PAGEMAP_SCAN with asynchronous write protection\n");
        return EXIT_SKIPPED;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rp_dirty_close();
    return failed;
}
