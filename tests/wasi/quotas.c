/* The byte quota is met exactly: `quotas BYTES`, run with --vfs-max BYTES. Charged are pages of
 * 4096 bytes, and for each name its bytes and 32 more (tests). */
#include "tests/wasi/posix.h"

#define ENTRY 32
#define PAGE 4096

static char block[20 * PAGE];

static long long fill_pages(int fd, long long left)
{
    long long pages = left / PAGE;
    check("write of all pages and one more", pages * PAGE,
          write(fd, block, (size_t)((pages + 1) * PAGE)));
    check("write of one more byte", ENOSPC, error_of(write(fd, block, 1)));
    check("a page that exists", 4, pwrite(fd, "over", 4, 0));
    return left - pages * PAGE;
}

/* Uses up what is left with names, to the last byte. */
static void fill_names(long long left)
{
    char name[300];
    int count = 0;
    for (; left > 400; left -= 100 + ENTRY) {
        (void)snprintf(name, sizeof name, "%0100d", count++);
        check("mkdir", 0, mkdir(name, 0755));
    }
    memset(name, 'x', sizeof name);
    long long half = left / 2 - ENTRY;
    name[half] = '\0';
    check("mkdir of half", 0, mkdir(name, 0755));
    left -= half + ENTRY;
    name[half] = 'x';
    name[0] = 'y';
    name[left - ENTRY + 1] = '\0';
    check("a name that is one byte too long", ENOSPC, error_of(mkdir(name, 0755)));
    check("a file of that name", ENOSPC, error_of(open(name, O_CREAT | O_RDWR, 0644)));
    check("a link of that name", ENOSPC, error_of(link("f", name)));
    name[left - ENTRY] = '\0';
    check("a symlink of that name", ENOSPC, error_of(symlink("t", name)));
    check("a name that fits exactly", 0, mkdir(name, 0755));
    check("one more", ENOSPC, error_of(mkdir("z", 0755)));
    check("removing gives it back", 0, rmdir(name));
    check("the name again", 0, mkdir(name, 0755));
}

int main(int argc, char **argv)
{
    long long left = argc > 1 ? atoll(argv[1]) : 0;
    int fd = open("f", O_CREAT | O_RDWR, 0644);
    left = fill_pages(fd, left - 1 - ENTRY);
    fill_names(left);
    check("cutting gives pages back", 0, ftruncate(fd, PAGE));
    check("write after cutting", PAGE, pwrite(fd, block, PAGE, PAGE));
    check("posix_fallocate beyond the quota", ENOSPC, posix_fallocate(fd, 0, sizeof block));
    return check_end();
}
