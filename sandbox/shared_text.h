/* Text that never changes and has several owners (layer 4): arguments, environment and names of
 * preopens, in a state and in its checkpoints. Counts are plain: all owners belong to one thread
 * and use one allocator. */
#ifndef RP_SANDBOX_SHARED_TEXT_H
#define RP_SANDBOX_SHARED_TEXT_H

#include "core/alloc.h"

/* `size` bytes, a copy of `data` or (`data` NULL) to be filled in, and a zero behind them; one
 * owner. NULL: no memory. */
char *rp_shared_text_create(struct rp_allocator *allocator, const void *data,
                            size_t size) RP_NODISCARD;
/* One more owner, one less; NULL is a no-op. */
void rp_shared_text_keep(char *text);
void rp_shared_text_release(struct rp_allocator *allocator, char *text, size_t size);

#endif
