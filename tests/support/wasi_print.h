/* Fingerprints of what a WASI program can change (layer 7, test support): the file tree, the
 * descriptors, what was written. Equal numbers stand for equal states, within one process. */
#ifndef RP_TESTS_SUPPORT_WASI_PRINT_H
#define RP_TESTS_SUPPORT_WASI_PRINT_H

#include "sandbox/wasi_call.h"

uint64_t rp_print_bytes(uint64_t print, const void *data, size_t size);
/* The whole tree, in canonical order; which pieces are shared does not count. */
uint64_t rp_print_vfs(const struct rp_vfs *vfs);
uint64_t rp_print_descriptors(const struct rp_descriptor_table *table);
/* Tree, descriptors, counts of output and of sleep. */
uint64_t rp_print_wasi(const struct rp_wasi *wasi);

/* Whether table and tree agree: rp_vfs_check; the lowest free number, counts and limits; each
 * inode is held, and each directory read, as often as open descriptors say. NULL, or what is
 * wrong. */
const char *rp_print_check_wasi(const struct rp_wasi *wasi);

#endif
