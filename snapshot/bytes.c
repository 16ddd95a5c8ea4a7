/* Bytes that are handed out (layer 3). */
#include "snapshot/bytes.h"

#include "core/assert.h"

void rp_bytes_borrow(rp_bytes *bytes, struct rp_allocator *allocator, struct rp_buffer *out_buffer)
{
    RP_ASSERT(bytes->size <= bytes->capacity && (bytes->data != NULL || bytes->capacity == 0));
    rp_allocator_init(allocator, 0);
    allocator->used_bytes = bytes->capacity;
    rp_buffer_init(out_buffer, allocator);
    out_buffer->data = bytes->data;
    out_buffer->capacity = bytes->capacity;
    *bytes = (rp_bytes){0};
}

void rp_bytes_replace(rp_bytes *bytes, struct rp_buffer *buffer)
{
    rp_bytes_release(bytes);
    *bytes = (rp_bytes){buffer->data, buffer->size, buffer->capacity};
    buffer->allocator->used_bytes -= buffer->capacity;
    rp_buffer_init(buffer, buffer->allocator);
}

void rp_bytes_release(rp_bytes *bytes)
{
    struct rp_allocator allocator;
    struct rp_buffer buffer;
    rp_bytes_borrow(bytes, &allocator, &buffer);
    rp_buffer_deinit(&buffer);
}
