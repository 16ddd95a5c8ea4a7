/* A growable byte buffer (layer 0). A failed append sets `failed` and all later ones are no-ops, so
 * a writer checks once at the end. */
#ifndef RP_CORE_BUFFER_H
#define RP_CORE_BUFFER_H

#include "core/alloc.h"

#include <stdbool.h>

struct rp_buffer {
    struct rp_allocator *allocator;
    uint8_t *data;
    size_t size;
    size_t capacity;
    bool failed;
};

void rp_buffer_init(struct rp_buffer *buffer, struct rp_allocator *allocator);
void rp_buffer_deinit(struct rp_buffer *buffer);
void rp_buffer_append(struct rp_buffer *buffer, const void *data, size_t size);
void rp_buffer_byte(struct rp_buffer *buffer, uint8_t byte);
void rp_buffer_u32le(struct rp_buffer *buffer, uint32_t value);
void rp_buffer_u64le(struct rp_buffer *buffer, uint64_t value);
void rp_buffer_leb_u(struct rp_buffer *buffer, uint64_t value); /* minimal unsigned LEB128 */
void rp_buffer_leb_s(struct rp_buffer *buffer, int64_t value);  /* minimal signed LEB128 */
void rp_buffer_printf(struct rp_buffer *buffer, const char *format, ...) RP_PRINTF(2, 3);

#endif
