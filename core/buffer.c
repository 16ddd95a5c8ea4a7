/* The growable byte buffer (layer 0). */
#include "core/buffer.h"

#include "core/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void rp_buffer_init(struct rp_buffer *buffer, struct rp_allocator *allocator)
{
    *buffer = (struct rp_buffer){.allocator = allocator};
}

void rp_buffer_deinit(struct rp_buffer *buffer)
{
    rp_free(buffer->allocator, buffer->data, buffer->capacity);
    rp_buffer_init(buffer, buffer->allocator);
}

/* Makes room for `more` bytes; false if the buffer has failed, now or before. */
static bool reserve_room(struct rp_buffer *buffer, size_t more)
{
    if (buffer->failed) {
        return false;
    }
    RP_ASSERT(buffer->size <= buffer->capacity);
    if (more <= buffer->capacity - buffer->size) {
        return true;
    }
    size_t needed;
    if (__builtin_add_overflow(buffer->size, more, &needed) || needed > SIZE_MAX / 4) {
        buffer->failed = true;
        return false;
    }
    size_t wanted = buffer->capacity + buffer->capacity / 2;
    wanted = wanted < 64 ? 64 : wanted;
    wanted = wanted < needed ? needed : wanted;
    uint8_t *moved = rp_realloc(buffer->allocator, buffer->data, buffer->capacity, wanted);
    if (moved == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = moved;
    buffer->capacity = wanted;
    return true;
}

void rp_buffer_append(struct rp_buffer *buffer, const void *data, size_t size)
{
    if (size > 0 && reserve_room(buffer, size)) {
        memcpy(buffer->data + buffer->size, data, size);
        buffer->size += size;
    }
}

void rp_buffer_byte(struct rp_buffer *buffer, uint8_t byte)
{
    if (reserve_room(buffer, 1)) {
        buffer->data[buffer->size++] = byte;
    }
}

void rp_buffer_u32le(struct rp_buffer *buffer, uint32_t value)
{
    rp_buffer_append(buffer, &value, sizeof value); /* hosts are little-endian: core/compiler.h */
}

void rp_buffer_u64le(struct rp_buffer *buffer, uint64_t value)
{
    rp_buffer_append(buffer, &value, sizeof value);
}

void rp_buffer_leb_u(struct rp_buffer *buffer, uint64_t value)
{
    while (value >= 0x80) {
        rp_buffer_byte(buffer, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    rp_buffer_byte(buffer, (uint8_t)value);
}

void rp_buffer_leb_s(struct rp_buffer *buffer, int64_t value)
{
    while (value < -64 || value > 63) {
        rp_buffer_byte(buffer, (uint8_t)((uint64_t)value | 0x80));
        value >>= 7; /* arithmetic on gcc and clang */
    }
    rp_buffer_byte(buffer, (uint8_t)((uint64_t)value & 0x7f));
}

void rp_buffer_printf(struct rp_buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        buffer->failed = true;
        return;
    }
    if (!reserve_room(buffer,
                      (size_t)length + 1)) { /* vsnprintf ends with a 0, which is not kept */
        return;
    }
    va_start(args, format);
    (void)vsnprintf((char *)buffer->data + buffer->size, (size_t)length + 1, format, args);
    va_end(args);
    buffer->size += (size_t)length;
}
