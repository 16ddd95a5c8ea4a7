/* The adapter for zstd (layer 0).
 *
 * zstd allocates its tables itself, outside of the account of bytes: what they take is bounded by
 * the level when writing and by the window when reading, which is never larger than the content. */
#include "core/compress.h"

#include "core/assert.h"

#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_LOG_PLAIN 27 /* what every decoder of zstd accepts: 128 MiB */
#define WINDOW_LOG_PREFIX 31
#define FIRST_STEP_BYTES ((size_t)16 << 20)

static const char text_memory[] = "no memory for decompression";

/* Makes room for `room` bytes behind what is there. */
static bool reserve(struct rp_buffer *out, size_t room)
{
    if (out->failed || room > SIZE_MAX / 4 - out->size) {
        out->failed = true;
        return false;
    }
    if (room <= out->capacity - out->size) {
        return true;
    }
    uint8_t *moved = rp_realloc(out->allocator, out->data, out->capacity, out->size + room);
    if (moved == NULL) {
        out->failed = true;
        return false;
    }
    out->data = moved;
    out->capacity = out->size + room;
    return true;
}

/* ---- writing ---- */

static void set(ZSTD_CCtx *context, ZSTD_cParameter parameter, int value)
{
    size_t result = ZSTD_CCtx_setParameter(context, parameter, value);
    RP_ASSERT(ZSTD_isError(result) == 0);
}

/* The window that reaches back over the whole prefix from the end of the data. */
static int window_log(size_t bytes)
{
    int log = 10;
    while (log < WINDOW_LOG_PREFIX && (bytes >> log) != 0) {
        log++;
    }
    return log;
}

static void set_prefix(ZSTD_CCtx *context, struct rp_span prefix, size_t size)
{
    set(context, ZSTD_c_enableLongDistanceMatching, 1);
    set(context, ZSTD_c_windowLog, window_log(prefix.size + size));
    size_t result = ZSTD_CCtx_refPrefix(context, prefix.data, prefix.size);
    RP_ASSERT(ZSTD_isError(result) == 0);
}

bool rp_compress(struct rp_buffer *out, struct rp_span data, struct rp_span prefix, int level)
{
    RP_ASSERT(level >= RP_COMPRESS_LEVEL_MIN && level <= RP_COMPRESS_LEVEL_MAX);
    if (!reserve(out, ZSTD_compressBound(data.size))) {
        return false;
    }
    ZSTD_CCtx *context = rp_alloc_admit() ? ZSTD_createCCtx() : NULL;
    if (context == NULL) {
        return false;
    }
    set(context, ZSTD_c_compressionLevel, level);
    if (prefix.size != 0) {
        set_prefix(context, prefix, data.size);
    }
    size_t written = ZSTD_compress2(context, out->data + out->size, out->capacity - out->size,
                                    data.data, data.size);
    (void)ZSTD_freeCCtx(context);
    if (ZSTD_isError(written) != 0) { /* there is room for the worst: its tables found no memory */
        RP_ASSERT(ZSTD_getErrorCode(written) == ZSTD_error_memory_allocation);
        return false;
    }
    out->size += written;
    return true;
}

/* ---- reading ---- */

/* Whether `data` is one frame that says it has `content_size` bytes and could have them. */
static bool check_frame(struct rp_span data, uint64_t content_size, const char **out_error)
{
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd}; /* not those of older formats */
    bool begins = data.size >= sizeof magic;
    for (size_t i = 0; begins && i < sizeof magic; i++) {
        begins = data.data[i] == magic[i];
    }
    if (!begins || ZSTD_getFrameContentSize(data.data, data.size) != content_size) {
        *out_error = "no zstd frame of the size that is stated";
        return false;
    }
    if (content_size / RP_COMPRESS_RATIO_MAX > data.size) {
        *out_error = "states more content than so few bytes can have";
        return false;
    }
    size_t frame_size = ZSTD_findFrameCompressedSize(data.data, data.size);
    if (ZSTD_isError(frame_size) != 0 || frame_size != data.size) {
        *out_error = "is not one whole zstd frame";
        return false;
    }
    return true;
}

/* How much room to make when `have` bytes are decoded: all that is missing if it is little for so
 * much data, else as much as there is already. */
static size_t next_step(size_t have, uint64_t content_size, size_t data_size)
{
    size_t step = have != 0 ? have : FIRST_STEP_BYTES;
    step = have == 0 && data_size < SIZE_MAX / 64 && step < 16 * data_size ? 16 * data_size : step;
    uint64_t missing = content_size - have;
    return missing < step ? (size_t)missing : step;
}

static enum rp_decompress_result decode(ZSTD_DCtx *context, struct rp_buffer *out,
                                        struct rp_span data, uint64_t content_size,
                                        const char **out_error)
{
    ZSTD_inBuffer in = {data.data, data.size, 0};
    size_t left = 1; /* not yet 0: the frame is not at its end */
    while (left != 0) {
        if (out->size == out->capacity && out->size < content_size &&
            !reserve(out, next_step(out->size, content_size, data.size))) {
            *out_error = text_memory;
            return RP_DECOMPRESS_NO_MEMORY;
        }
        ZSTD_outBuffer room = {out->data, out->capacity, out->size};
        size_t in_before = in.pos;
        left = ZSTD_decompressStream(context, &room, &in);
        if (ZSTD_isError(left) != 0) {
            bool memory = ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation;
            *out_error = memory ? text_memory : ZSTD_getErrorName(left);
            return memory ? RP_DECOMPRESS_NO_MEMORY : RP_DECOMPRESS_DAMAGED;
        }
        bool moved = room.pos != out->size || in.pos != in_before;
        out->size = room.pos;
        if (left != 0 && !moved) {
            break;
        }
    }
    if (left != 0 || in.pos != in.size || out->size != content_size) {
        *out_error = "holds another number of bytes than it states";
        return RP_DECOMPRESS_DAMAGED;
    }
    return RP_DECOMPRESS_OK;
}

enum rp_decompress_result rp_decompress(struct rp_buffer *out, struct rp_span data,
                                        struct rp_span prefix, uint64_t content_size,
                                        const char **out_error)
{
    if (!check_frame(data, content_size, out_error)) {
        return RP_DECOMPRESS_DAMAGED;
    }
    out->size = 0;
    ZSTD_DCtx *context = rp_alloc_admit() ? ZSTD_createDCtx() : NULL;
    if (context == NULL) {
        *out_error = text_memory;
        return RP_DECOMPRESS_NO_MEMORY;
    }
    size_t result = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax,
                                           prefix.size != 0 ? WINDOW_LOG_PREFIX : WINDOW_LOG_PLAIN);
    RP_ASSERT(ZSTD_isError(result) == 0);
    if (prefix.size != 0) {
        result = ZSTD_DCtx_refPrefix(context, prefix.data, prefix.size);
    }
    enum rp_decompress_result answer = RP_DECOMPRESS_NO_MEMORY;
    *out_error = text_memory;
    if (ZSTD_isError(result) == 0) { /* else: no memory for its note of the prefix */
        answer = decode(context, out, data, content_size, out_error);
    }
    (void)ZSTD_freeDCtx(context);
    return answer;
}
