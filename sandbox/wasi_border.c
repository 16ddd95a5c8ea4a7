/* The border of a run (layer 4): one function brings input in, one takes output out. Everything
 * else that a guest reads or writes is state. */
#include "sandbox/wasi_call.h"

uint32_t rp_wasi_bring_input(struct rp_wasi_call *call, void *data, size_t size, size_t *out_count)
{
    const struct rp_wasi *wasi = call->wasi;
    *out_count = 0;
    if (wasi->read == NULL || size == 0) {
        return RP_WASI_ERRNO_SUCCESS;
    }
    rp_status status = wasi->read(wasi->user, data, size, out_count, &call->report);
    if (status != RP_OK) {
        rp_report_fail(&call->report, status, "standard input: %s", rp_status_text(status));
        return RP_WASI_FAILS;
    }
    RP_ASSERT(*out_count <= size);
    if (call->host->count_input != NULL) {
        call->host->count_input(call->host->context);
    }
    return RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_take_output(struct rp_wasi_call *call, unsigned stream, const void *data,
                             size_t size, size_t *out_count)
{
    struct rp_wasi *wasi = call->wasi;
    RP_ASSERT(stream == 1 || stream == 2);
    RP_ASSERT(wasi->output_bytes <= wasi->output_bytes_max);
    uint64_t room = wasi->output_bytes_max - wasi->output_bytes;
    size_t count = size < room ? size : (size_t)room;
    *out_count = 0;
    if (count == 0) {
        return size == 0 ? RP_WASI_ERRNO_SUCCESS : RP_WASI_ERRNO_DQUOT;
    }
    if (wasi->write != NULL) {
        rp_status status = wasi->write(wasi->user, stream, data, count, &call->report);
        if (status != RP_OK) {
            rp_report_fail(&call->report, status, "standard %s: %s",
                           stream == 1 ? "output" : "error", rp_status_text(status));
            return RP_WASI_FAILS;
        }
    }
    wasi->output_bytes += count;
    *out_count = count;
    return RP_WASI_ERRNO_SUCCESS;
}
