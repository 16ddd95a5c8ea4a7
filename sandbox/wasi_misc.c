/* Arguments, environment, clocks, randomness, the process, sockets (layer 4). */
#include "sandbox/wasi_call.h"

static uint32_t put_sizes(struct rp_wasi_call *call, const struct rp_wasi_strings *strings)
{
    uint8_t *count = rp_guest_bytes(call, rp_arg_u32(call, 0), 4);
    uint8_t *size = rp_guest_bytes(call, rp_arg_u32(call, 1), 4);
    if (count == NULL || size == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    rp_put_u32(count, strings->count);
    rp_put_u32(size, strings->size);
    return RP_WASI_ERRNO_SUCCESS;
}

/* An array of pointers at parameter 0, the strings they point to at parameter 1. */
static uint32_t put_strings(struct rp_wasi_call *call, const struct rp_wasi_strings *strings)
{
    uint32_t address = rp_arg_u32(call, 1);
    uint8_t *pointers = rp_guest_bytes(call, rp_arg_u32(call, 0), (uint64_t)strings->count * 4);
    uint8_t *bytes = rp_guest_bytes(call, address, strings->size);
    if (pointers == NULL || bytes == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    uint32_t at = 0;
    for (uint32_t i = 0; i < strings->count; i++) {
        rp_put_u32(pointers + (size_t)i * 4, address + at);
        at += (uint32_t)strlen(strings->bytes + at) + 1;
    }
    RP_ASSERT(at == strings->size);
    if (strings->size > 0) {
        memcpy(bytes, strings->bytes, strings->size);
    }
    return RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_args_get(struct rp_wasi_call *call)
{
    return put_strings(call, &call->wasi->args);
}

uint32_t rp_wasi_args_sizes_get(struct rp_wasi_call *call)
{
    return put_sizes(call, &call->wasi->args);
}

uint32_t rp_wasi_environ_get(struct rp_wasi_call *call)
{
    return put_strings(call, &call->wasi->env);
}

uint32_t rp_wasi_environ_sizes_get(struct rp_wasi_call *call)
{
    return put_sizes(call, &call->wasi->env);
}

uint32_t rp_wasi_clock_res_get(struct rp_wasi_call *call)
{
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 1), 8);
    if (rp_arg_u32(call, 0) > RP_CLOCK_THREAD_CPUTIME) {
        return RP_WASI_ERRNO_INVAL;
    }
    if (result == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    rp_put_u64(result, 1);
    return RP_WASI_ERRNO_SUCCESS;
}

static uint64_t subtract_to_zero(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

uint64_t rp_wasi_clock_value(const struct rp_wasi *wasi, uint32_t clock, uint64_t now_ns)
{
    RP_ASSERT(clock <= RP_CLOCK_THREAD_CPUTIME);
    uint64_t running_ns = subtract_to_zero(now_ns, wasi->start_ns);
    switch (clock) {
    case RP_CLOCK_REALTIME:
        return now_ns;
    case RP_CLOCK_MONOTONIC:
        return running_ns > UINT64_MAX - RP_WASI_MONOTONIC_START_NS
                   ? UINT64_MAX
                   : running_ns + RP_WASI_MONOTONIC_START_NS;
    default:
        return subtract_to_zero(running_ns, wasi->slept_ns);
    }
}

uint32_t rp_wasi_clock_time_get(struct rp_wasi_call *call)
{
    uint32_t clock = rp_arg_u32(call, 0);
    uint8_t *result = rp_guest_bytes(call, rp_arg_u32(call, 2), 8);
    if (clock > RP_CLOCK_THREAD_CPUTIME) {
        return RP_WASI_ERRNO_INVAL;
    }
    if (result == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    uint64_t now_ns = call->host->time_ns(call->host->context);
    rp_put_u64(result, rp_wasi_clock_value(call->wasi, clock, now_ns));
    return RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_random_get(struct rp_wasi_call *call)
{
    uint32_t size = rp_arg_u32(call, 1);
    uint8_t *bytes = rp_guest_bytes(call, rp_arg_u32(call, 0), size);
    if (bytes == NULL) {
        return RP_WASI_ERRNO_FAULT;
    }
    call->host->random_bytes(call->host->context, bytes, size);
    return RP_WASI_ERRNO_SUCCESS;
}

uint32_t rp_wasi_proc_exit(struct rp_wasi_call *call)
{
    call->exit_code = rp_arg_u32(call, 0);
    return RP_WASI_EXITS;
}

/* What the specification says that a signal does which nobody handles: those that are ignored do
 * nothing, `pipe` among them, and so does `cont`; those that stop a process cannot be had, since
 * nobody could continue it; all others end the program with 128 and the number, as a shell would
 * tell it. `none` is reserved. */
uint32_t rp_wasi_proc_raise(struct rp_wasi_call *call)
{
    uint32_t signal = rp_arg_u32(call, 0);
    if (signal == RP_SIGNAL_NONE || signal > RP_SIGNAL_MAX) {
        return RP_WASI_ERRNO_INVAL;
    }
    if ((RP_SIGNALS_IGNORED >> signal & 1u) != 0) {
        return RP_WASI_ERRNO_SUCCESS;
    }
    if ((RP_SIGNALS_STOPPING >> signal & 1u) != 0) {
        return RP_WASI_ERRNO_NOTSUP;
    }
    call->exit_code = 128 + signal;
    return RP_WASI_EXITS;
}

uint32_t rp_wasi_sched_yield(struct rp_wasi_call *call)
{
    (void)call;
    return RP_WASI_ERRNO_SUCCESS;
}

/* There are no sockets: an open descriptor is something else. */
static uint32_t refuse_socket(const struct rp_wasi_call *call)
{
    return rp_wasi_descriptor(call, 0) == NULL ? RP_WASI_ERRNO_BADF : RP_WASI_ERRNO_NOTSOCK;
}

uint32_t rp_wasi_sock_accept(struct rp_wasi_call *call)
{
    return refuse_socket(call);
}

uint32_t rp_wasi_sock_recv(struct rp_wasi_call *call)
{
    return refuse_socket(call);
}

uint32_t rp_wasi_sock_send(struct rp_wasi_call *call)
{
    return refuse_socket(call);
}

uint32_t rp_wasi_sock_shutdown(struct rp_wasi_call *call)
{
    return refuse_socket(call);
}
