/* poll_oneoff (layer 4): waiting is advancing the virtual clock.
 *
 * Descriptors never make anyone wait: files are ready, output is taken at once, and reading
 * input waits by itself. So a poll either answers at once or, if only clocks are asked, sleeps
 * until the earliest of them. Events come in the order of their subscriptions. */
#include "sandbox/wasi_call.h"

/* One subscription, or what it turned into. */
struct poll_item {
    uint64_t userdata;
    uint32_t type;
    uint32_t error;
    bool ready;           /* answers at once */
    uint64_t deadline_ns; /* virtual time; of a clock that is not ready */
    uint64_t bytes;       /* that a file has left */
};

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/* INVAL for what no program may send; an error of one subscription becomes its event. */
static uint32_t load_clock(const struct rp_wasi_call *call, const uint8_t *subscription,
                           uint64_t now_ns, struct poll_item *item)
{
    uint32_t clock = rp_get_u32(subscription + 16);
    uint64_t timeout = rp_get_u64(subscription + 24);
    uint16_t flags = rp_get_u16(subscription + 40);
    if ((flags & ~RP_SUBCLOCKFLAG_ABSTIME) != 0) {
        return RP_WASI_ERRNO_INVAL;
    }
    if (clock > RP_CLOCK_MONOTONIC) {
        item->ready = true;
        item->error = clock > RP_CLOCK_THREAD_CPUTIME ? RP_WASI_ERRNO_INVAL : RP_WASI_ERRNO_NOTSUP;
        return RP_WASI_ERRNO_SUCCESS;
    }
    if ((flags & RP_SUBCLOCKFLAG_ABSTIME) == 0) {
        item->deadline_ns = add_saturating(now_ns, timeout);
    } else {
        item->deadline_ns =
            clock == RP_CLOCK_MONOTONIC ? add_saturating(timeout, call->wasi->start_ns) : timeout;
    }
    item->ready = item->deadline_ns <= now_ns;
    return RP_WASI_ERRNO_SUCCESS;
}

static void load_descriptor(const struct rp_wasi_call *call, const uint8_t *subscription,
                            struct poll_item *item)
{
    struct rp_wasi *wasi = call->wasi;
    const struct rp_descriptor *descriptor =
        rp_descriptor_get(&wasi->descriptors, rp_get_u32(subscription + 16));
    bool reads = item->type == RP_EVENTTYPE_FD_READ;
    item->ready = true;
    if (descriptor == NULL ||
        (descriptor->kind == RP_DESCRIPTOR_STREAM && reads != (descriptor->stream == 0))) {
        item->error = RP_WASI_ERRNO_BADF;
        return;
    }
    struct rp_vfs_stat stat;
    if (reads && descriptor->kind == RP_DESCRIPTOR_FILE &&
        rp_vfs_stat(wasi->vfs, descriptor->inode, &stat) == RP_VFS_OK &&
        stat.size > descriptor->offset) {
        item->bytes = stat.size - descriptor->offset;
    }
}

static uint32_t load_item(const struct rp_wasi_call *call, const uint8_t *subscription,
                          uint64_t now_ns, struct poll_item *out_item)
{
    *out_item = (struct poll_item){.userdata = rp_get_u64(subscription), .type = subscription[8]};
    if (out_item->type == RP_EVENTTYPE_CLOCK) {
        return load_clock(call, subscription, now_ns, out_item);
    }
    if (out_item->type > RP_EVENTTYPE_FD_WRITE) {
        return RP_WASI_ERRNO_INVAL;
    }
    load_descriptor(call, subscription, out_item);
    return RP_WASI_ERRNO_SUCCESS;
}

static void put_event(uint8_t *at, const struct poll_item *item)
{
    memset(at, 0, RP_WASI_EVENT_BYTES);
    rp_put_u64(at, item->userdata);
    rp_put_u16(at + 8, (uint16_t)item->error);
    at[10] = (uint8_t)item->type;
    rp_put_u64(at + 16, item->bytes);
}

/* Checks all subscriptions and finds whether any is ready and the earliest deadline. */
static uint32_t survey(const struct rp_wasi_call *call, const uint8_t *subscriptions,
                       uint32_t count, uint64_t now_ns, bool *out_any_ready,
                       uint64_t *out_earliest_ns)
{
    bool any_ready = false;
    uint64_t earliest_ns = UINT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        struct poll_item item;
        uint32_t answer =
            load_item(call, subscriptions + (size_t)i * RP_WASI_SUBSCRIPTION_BYTES, now_ns, &item);
        if (answer != RP_WASI_ERRNO_SUCCESS) {
            return answer;
        }
        any_ready = any_ready || item.ready;
        if (!item.ready && item.deadline_ns < earliest_ns) {
            earliest_ns = item.deadline_ns;
        }
    }
    *out_any_ready = any_ready;
    *out_earliest_ns = earliest_ns;
    return RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_poll_oneoff(struct rp_wasi_call *call)
{
    uint32_t count = rp_arg_u32(call, 2);
    if (count == 0 || count > RP_WASI_SUBSCRIPTIONS_MAX) {
        return RP_WASI_ERRNO_INVAL;
    }
    uint64_t in_size = (uint64_t)count * RP_WASI_SUBSCRIPTION_BYTES;
    uint64_t out_size = (uint64_t)count * RP_WASI_EVENT_BYTES;
    const uint8_t *subscriptions = rp_guest_bytes(call, rp_arg_u32(call, 0), in_size);
    uint8_t *events = rp_guest_bytes(call, rp_arg_u32(call, 1), out_size);
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 3), 4);
    if (subscriptions == NULL || events == NULL || result == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    if (events < subscriptions + in_size && subscriptions < events + out_size) {
        return RP_WASI_ERRNO_INVAL;
    }
    uint64_t now_ns = call->host->time_ns(call->host->context);
    uint64_t until_ns = now_ns;
    bool any_ready = false;
    uint32_t answer = survey(call, subscriptions, count, now_ns, &any_ready, &until_ns);
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    if (!any_ready) {
        call->host->sleep_ns(call->host->context, until_ns - now_ns);
        call->wasi->slept_ns = add_saturating(call->wasi->slept_ns, until_ns - now_ns);
    } else {
        until_ns = now_ns;
    }
    uint32_t written = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct poll_item item;
        answer =
            load_item(call, subscriptions + (size_t)i * RP_WASI_SUBSCRIPTION_BYTES, now_ns, &item);
        RP_ASSERT(answer == RP_WASI_ERRNO_SUCCESS);
        if (item.ready || item.deadline_ns <= until_ns) {
            put_event(events + (size_t)written * RP_WASI_EVENT_BYTES, &item);
            written++;
        }
    }
    rp_put_u32(result, written);
    return RP_WASI_ERRNO_SUCCESS;
}
