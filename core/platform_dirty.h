/* Which pages of a mapping were written (layer 0; platform_dirty.c): Linux's PAGEMAP_SCAN with
 * asynchronous write protection by userfaultfd, from Linux 6.7 on, where the host permits it.
 *
 * For private anonymous mappings that nobody else watches. The kernel notices every write: by this
 * process, by the kernel on its behalf, by another process. It costs the first write to each page
 * behind a scan about a microsecond, and nothing afterwards. Pages are those of the host; a range
 * may be reported that has not changed. No effect on what the pages hold.
 *
 * Any thread; calls on one range are made by one thread at a time. A child process inherits
 * nothing: there, every scan of a range that the parent watched fails. */
#ifndef RP_CORE_PLATFORM_DIRTY_H
#define RP_CORE_PLATFORM_DIRTY_H

#include "core/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A user of the host's means, which the process opens once for all. False: the host has none or
 * permits none. */
bool rp_dirty_open(void) RP_NODISCARD;
void rp_dirty_close(void); /* for each rp_dirty_open that answered true */

/* Watches [address, address + size), page aligned and readable and writable; in the next scan all
 * its pages with memory behind them count as written. *out_ticket names the watch for scans: the
 * same number for all ranges of this process. False: refused. A range is no longer watched when it
 * is unmapped. */
bool rp_dirty_watch(void *address, size_t size, uint64_t *out_ticket) RP_NODISCARD;

/* Bytes [start, end) behind the address. */
typedef void (*rp_dirty_visitor)(void *user, size_t start, size_t end);

/* Visits, in order, the pages that were written since the last scan, or since rp_dirty_watch, and
 * have memory behind them. False: any page may have been written, and what was visited is of no
 * use; watch the range again. */
bool rp_dirty_scan(uint64_t ticket, void *address, size_t size, rp_dirty_visitor visitor,
                   void *user) RP_NODISCARD;
/* Visits, in order, the pages that have no memory behind them: zero because they were never touched
 * or were given back to the host; and those that are swapped out. False: as above. */
bool rp_dirty_scan_absent(uint64_t ticket, void *address, size_t size, rp_dirty_visitor visitor,
                          void *user) RP_NODISCARD;

#endif
