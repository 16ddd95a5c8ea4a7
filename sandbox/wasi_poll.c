/* poll_oneoff (layer 4): waiting is advancing the virtual clock.
 *
 * Files, devices and standard streams never make anyone wait: output is taken at once, and reading
 * input waits by itself. A pipe may not be ready. So a poll either answers at once or, if clocks
 * are asked, sleeps until the earliest of them; if there is none, nothing could ever happen, and
 * the answer is `again`. Waiting for a processor-time clock spends processor time, so that it ends.
 * Events come in the order of their subscriptions. */
#include "sandbox/wasi_call.h"

/* One subscription, or what it turned into. */
struct poll_item {
    uint64_t userdata;
    uint32_t type;
    uint32_t error;
    bool ready;           /* answers at once */
    bool spends;          /* waiting for it takes processor time */
    uint64_t deadline_ns; /* virtual time; UINT64_MAX of a pipe that is not ready */
    uint64_t bytes;       /* that can be read or written */
    uint16_t flags;       /* eventrwflags */
};

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/* INVAL for what no program may send; an error of one subscription becomes its event. */
static uint32_t load_clock(const struct rp_wasi_call *call, const uint8_t *subscription,
                           uint64_t now_ns, struct poll_item *item)
{
    const uint8_t *fields = subscription + rp_wasi_layout_of(call)->subscription_clock;
    uint32_t clock = rp_get_u32(fields);
    uint64_t timeout = rp_get_u64(fields + 8);
    uint16_t flags = rp_get_u16(fields + 24);
    if ((flags & ~RP_SUBCLOCKFLAG_ABSTIME) != 0) {
        return RP_WASI_ERRNO_INVAL;
    }
    if (clock > RP_CLOCK_THREAD_CPUTIME) {
        item->ready = true;
        item->error = RP_WASI_ERRNO_INVAL;
        return RP_WASI_ERRNO_SUCCESS;
    }
    uint64_t distance = timeout;
    if ((flags & RP_SUBCLOCKFLAG_ABSTIME) != 0) {
        uint64_t value = rp_wasi_clock_value(call->wasi, clock, now_ns);
        distance = timeout > value ? timeout - value : 0;
    }
    item->deadline_ns = add_saturating(now_ns, distance);
    item->ready = distance == 0;
    item->spends = !item->ready && clock > RP_CLOCK_MONOTONIC;
    return RP_WASI_ERRNO_SUCCESS;
}

static void load_pipe(const struct rp_wasi *wasi, const struct rp_descriptor *descriptor,
                      struct poll_item *item)
{
    struct rp_vfs_pipe_state state;
    enum rp_vfs_error error = rp_vfs_pipe_get_state(wasi->vfs, descriptor->inode, &state);
    RP_ASSERT(error == RP_VFS_OK);
    bool reads = descriptor->end == RP_VFS_END_READ;
    bool alone = (reads ? state.writers : state.readers) == 0;
    uint32_t enough =
        state.capacity < RP_VFS_PIPE_ATOMIC_BYTES ? state.capacity : RP_VFS_PIPE_ATOMIC_BYTES;
    item->bytes = reads ? state.waiting : state.capacity - state.waiting;
    item->flags = alone ? RP_EVENTRWFLAG_HANGUP : 0;
    item->ready = alone || item->bytes >= (reads ? 1 : enough);
    item->deadline_ns = UINT64_MAX;
    if (!item->ready) {
        item->bytes = 0;
    }
}

static void load_descriptor(const struct rp_wasi_call *call, const uint8_t *subscription,
                            struct poll_item *item)
{
    struct rp_wasi *wasi = call->wasi;
    const struct rp_descriptor *descriptor =
        rp_descriptor_get(&wasi->descriptors, rp_get_u32(subscription + RP_WASI_SUBSCRIPTION_FD));
    bool reads = item->type == RP_EVENTTYPE_FD_READ;
    uint64_t right = reads ? RP_RIGHT_FD_READ : RP_RIGHT_FD_WRITE;
    item->ready = true;
    if (descriptor == NULL || (descriptor->rights_base & right) == 0) {
        item->error = RP_WASI_ERRNO_BADF;
        return;
    }
    if ((descriptor->rights_base & RP_RIGHT_POLL_FD_READWRITE) == 0) {
        item->error = RP_WASI_ERRNO_NOTCAPABLE;
        return;
    }
    if (descriptor->kind == RP_DESCRIPTOR_PIPE) {
        load_pipe(wasi, descriptor, item);
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
    rp_put_u16(at + 24, item->flags);
}

/* What all subscriptions together come to. */
struct survey {
    bool any_ready;
    bool any_clock; /* that is not ready */
    bool spends;
    uint64_t earliest_ns; /* of the clocks */
};

static uint32_t load_at(const struct rp_wasi_call *call, const uint8_t *subscriptions,
                        uint32_t index, uint64_t now_ns, struct poll_item *out_item)
{
    size_t offset = (size_t)index * rp_wasi_layout_of(call)->subscription_bytes;
    return load_item(call, subscriptions + offset, now_ns, out_item);
}

static uint32_t survey_all(const struct rp_wasi_call *call, const uint8_t *subscriptions,
                           uint32_t count, uint64_t now_ns, struct survey *out_survey)
{
    *out_survey = (struct survey){.earliest_ns = UINT64_MAX};
    for (uint32_t i = 0; i < count; i++) {
        struct poll_item item;
        uint32_t answer = load_at(call, subscriptions, i, now_ns, &item);
        if (answer != RP_WASI_ERRNO_SUCCESS) {
            return answer;
        }
        out_survey->any_ready = out_survey->any_ready || item.ready;
        out_survey->spends = out_survey->spends || item.spends;
        if (!item.ready && item.type == RP_EVENTTYPE_CLOCK) {
            out_survey->any_clock = true;
            if (item.deadline_ns < out_survey->earliest_ns) {
                out_survey->earliest_ns = item.deadline_ns;
            }
        }
    }
    return RP_WASI_ERRNO_SUCCESS;
}

/* Sleeps, or spends processor time, until the earliest clock. */
static void wait_until(struct rp_wasi_call *call, const struct survey *survey, uint64_t now_ns)
{
    uint64_t duration_ns = survey->earliest_ns - now_ns;
    call->host->sleep_ns(call->host->context, duration_ns);
    if (!survey->spends) {
        call->wasi->slept_ns = add_saturating(call->wasi->slept_ns, duration_ns);
    }
}

/* Writes the events of what is ready at `until_ns`; returns their count. */
static uint32_t put_events(const struct rp_wasi_call *call, const uint8_t *subscriptions,
                           uint32_t count, uint64_t now_ns, uint64_t until_ns, uint8_t *events)
{
    uint32_t written = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct poll_item item;
        uint32_t answer = load_at(call, subscriptions, i, now_ns, &item);
        RP_ASSERT(answer == RP_WASI_ERRNO_SUCCESS);
        bool reached = item.type == RP_EVENTTYPE_CLOCK && item.deadline_ns <= until_ns;
        if (item.ready || reached) {
            put_event(events + (size_t)written * RP_WASI_EVENT_BYTES, &item);
            written++;
        }
    }
    return written;
}

uint32_t rp_wasi_poll_oneoff(struct rp_wasi_call *call)
{
    uint32_t count = rp_arg_u32(call, 2);
    if (count == 0 || count > RP_WASI_SUBSCRIPTIONS_MAX) {
        return RP_WASI_ERRNO_INVAL;
    }
    uint64_t in_size = (uint64_t)count * rp_wasi_layout_of(call)->subscription_bytes;
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
    struct survey survey;
    uint32_t answer = survey_all(call, subscriptions, count, now_ns, &survey);
    if (answer == RP_WASI_ERRNO_SUCCESS && !survey.any_ready && !survey.any_clock) {
        answer = RP_WASI_ERRNO_AGAIN;
    }
    if (answer != RP_WASI_ERRNO_SUCCESS) {
        return answer;
    }
    if (!survey.any_ready) {
        wait_until(call, &survey, now_ns);
        until_ns = survey.earliest_ns;
    }
    rp_put_u32(result, put_events(call, subscriptions, count, now_ns, until_ns, events));
    return RP_WASI_ERRNO_SUCCESS;
}
