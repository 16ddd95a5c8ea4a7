/* The table of WASI functions and what derives from it (layer 4). */
#include "sandbox/wasi_call.h"

const struct rp_wasi_function rp_wasi_functions[RP_WASI_FUNCTION_COUNT] = {
#define ONLY_BOTH false
#define ONLY_PREVIEW1 true
#define RP_WASI(function, versions, letters, offered, length_bits, shown) \
    {.name = #function,                                                   \
     .params = letters,                                                   \
     .trace = shown,                                                      \
     .preview1_only = ONLY_##versions,                                    \
     .implementation = rp_wasi_##function,                                \
     .offer = RP_OFFER_##offered,                                         \
     .lengths = (length_bits),                                            \
     .returns = RP_WASI_INDEX_##function != RP_WASI_INDEX_proc_exit},
#include "sandbox/wasi.def"
#undef RP_WASI
};

const char *const rp_wasi_errno_names[RP_WASI_ERRNO_COUNT] = {
#define X(name) #name,
#include "sandbox/wasi_errno.def"
#undef X
};

const char *const rp_wasi_version_names[RP_WASI_VERSION_COUNT] = {
    [RP_WASI_PREVIEW1] = "wasi_snapshot_preview1",
    [RP_WASI_UNSTABLE] = "wasi_unstable",
};

const struct rp_wasi_layout rp_wasi_layouts[RP_WASI_VERSION_COUNT] = {
    [RP_WASI_PREVIEW1] = {.filestat_bytes = 64,
                          .filestat_nlink = 24,
                          .filestat_nlink_bytes = 8,
                          .filestat_size = 32,
                          .subscription_bytes = 48,
                          .subscription_clock = 16,
                          .whence = {RP_WHENCE_SET, RP_WHENCE_CUR, RP_WHENCE_END}},
    [RP_WASI_UNSTABLE] = {.filestat_bytes = 56,
                          .filestat_nlink = 20,
                          .filestat_nlink_bytes = 4,
                          .filestat_size = 24,
                          .subscription_bytes = 56,
                          .subscription_clock = 24,
                          .whence = {RP_WHENCE_CUR, RP_WHENCE_END, RP_WHENCE_SET}},
};

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/* The bytes that the vectors name, their own included; vectors beyond memory or beyond the bound
 * count nothing, since the call will refuse. */
static uint64_t vector_bytes(const struct rp_wasi_call *call)
{
    uint32_t count = rp_arg_u32(call, 2);
    if (count > RP_WASI_VECTORS_MAX) {
        return 0;
    }
    uint64_t own = (uint64_t)count * RP_WASI_VECTOR_BYTES;
    const uint8_t *vectors = rp_guest_bytes(call, rp_arg_u32(call, 1), own);
    if (vectors == NULL) {
        return 0;
    }
    uint64_t total = own;
    for (uint32_t i = 0; i < count; i++) {
        total += rp_get_u32(vectors + (size_t)i * RP_WASI_VECTOR_BYTES + 4);
    }
    return total;
}

uint64_t rp_wasi_offered_bytes(const struct rp_wasi_function *function,
                               const struct rp_wasi_call *call)
{
    uint64_t total = 0;
    switch (function->offer) {
    case RP_OFFER_NONE:
        break;
    case RP_OFFER_LENGTHS:
        for (unsigned i = 0; function->params[i] != '\0'; i++) {
            if ((function->lengths >> i & 1u) != 0) {
                total = add_saturating(total, call->args[i]);
            }
        }
        break;
    case RP_OFFER_VECTORS:
        total = vector_bytes(call);
        break;
    case RP_OFFER_SUBSCRIPTIONS:
        total = (uint64_t)rp_arg_u32(call, 2) * rp_wasi_layout_of(call)->subscription_bytes;
        break;
    case RP_OFFER_ARGS:
        total = call->wasi->args.size;
        break;
    case RP_OFFER_ENVIRONMENT:
        total = call->wasi->env.size;
        break;
    }
    return total;
}
