/* Ctrl-C, timeout and progress of a run (layer 7). See run_control.h. */
#include "cli/run_control.h"

#include "core/assert.h"
#include "core/platform.h"
#include "core/platform_process.h"

#include <stdio.h>
#include <string.h>

#define PROGRESS_FIRST_NS 1000000000u
#define PROGRESS_EVERY_NS 250000000u
#define NS_PER_MS 1000000u
#define LINE_BYTES 200u

static struct rp_run_control *present; /* for the signal handler */

static void ask_to_stop(struct rp_run_control *control, rp_stop why)
{
    rp_store *store = atomic_load(&control->store);
    if (store) {
        rp_store_interrupt(store, why);
    }
}

static void handle_interrupt(void)
{
    atomic_store(&present->interrupted, true);
    atomic_store(&present->stop, true);
    ask_to_stop(present, RP_STOP_INTERRUPT);
    rp_wasi *wasi = atomic_load(&present->wasi);
    if (wasi) {
        rp_wasi_stop_export(wasi);
    }
}

static void handle_timeout(void *user)
{
    struct rp_run_control *control = user;
    atomic_store(&control->timed_out, true);
    atomic_store(&control->stop, true);
    ask_to_stop(control, RP_STOP_TIMEOUT);
}

static void put_line(struct rp_run_control *control, const char *text)
{
    char line[LINE_BYTES];
    const char *dim = control->uses_color ? "\x1b[2m" : "";
    const char *plain = control->uses_color ? "\x1b[0m" : "";
    int size = snprintf(line, sizeof(line), "\r\x1b[K%s%s%s", dim, text, plain);
    if (size > 0 && (size_t)size < sizeof(line)) {
        atomic_store(&control->line_shown, true);
        /* A terminal that cannot be written to misses its progress, no more. */
        const char *error = rp_stream_write(RP_STREAM_ERR, line, (size_t)size);
        (void)error;
    }
}

void rp_run_control_clear_line(struct rp_run_control *control)
{
    if (atomic_exchange(&control->line_shown, false)) {
        const char *error = rp_stream_write(RP_STREAM_ERR, "\r\x1b[K", 4);
        (void)error;
    }
}

static void handle_tick(void *user)
{
    struct rp_run_control *control = user;
    if (atomic_load(&control->store)) {
        ask_to_stop(control, RP_STOP_INTERRUPT);
        return;
    }
    char text[LINE_BYTES / 2];
    uint64_t elapsed_ns = rp_platform_monotonic_ns() - control->started_ns;
    (void)snprintf(text, sizeof(text), "reprise: %s, %.1f s", control->phase,
                   (double)elapsed_ns / 1e9);
    put_line(control, text);
}

/* 1234567 as "1.23 M". */
static void print_count(uint64_t count, char out[24])
{
    static const char *const units[] = {"", " k", " M", " G", " T", " P", " E"};
    double number = (double)count;
    size_t unit = 0;
    while (number >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        number /= 1000;
        unit++;
    }
    int digits = unit == 0 || number >= 99.95 ? 0 : number >= 9.995 ? 1 : 2;
    (void)snprintf(out, 24, "%.*f%s", digits, number, units[unit]);
}

static void show_progress(struct rp_run_control *control, const rp_store *store)
{
    char gas[24];
    char rate[24];
    char text[LINE_BYTES / 2];
    uint64_t elapsed_ns = rp_platform_monotonic_ns() - control->started_ns;
    uint64_t used = rp_store_gas_used(store);
    double seconds = (double)elapsed_ns / 1e9;
    print_count(used, gas);
    print_count((uint64_t)((double)used / seconds), rate);
    (void)snprintf(text, sizeof(text), "reprise: %s gas, %s gas/s, %.1f s", gas, rate, seconds);
    put_line(control, text);
}

static void start(struct rp_run_control *control, const char *phase, bool may_show)
{
    RP_ASSERT(!present);
    const char *terminal = rp_process_variable("TERM");
    const char *no_color = rp_process_variable("NO_COLOR");
    *control = (struct rp_run_control){.phase = phase};
    control->started_ns = rp_platform_monotonic_ns();
    control->shows_progress = may_show && rp_platform_is_terminal(RP_STREAM_ERR) && terminal &&
                              strcmp(terminal, "dumb") != 0;
    control->uses_color = !no_color || no_color[0] == 0;
    present = control;
    if (control->shows_progress) {
        control->ticks = rp_timer_start(PROGRESS_FIRST_NS, PROGRESS_EVERY_NS, handle_tick, control);
    }
}

void rp_run_control_start(struct rp_run_control *control)
{
    start(control, "loading", true);
    rp_process_on_interrupt(handle_interrupt);
}

void rp_run_control_start_export(struct rp_run_control *control, rp_wasi *wasi)
{
    start(control, "exporting", true);
    atomic_store(&control->wasi, wasi);
    rp_process_on_interrupt(handle_interrupt);
}

void rp_run_control_watch(struct rp_run_control *control, const char *phase)
{
    start(control, phase, !rp_platform_is_terminal(RP_STREAM_OUT));
}

void rp_run_control_clear_present(void)
{
    if (present) {
        rp_run_control_clear_line(present);
    }
}

bool rp_run_control_attach(struct rp_run_control *control, rp_store *store,
                           const uint64_t *timeout_ms)
{
    atomic_store(&control->store, store);
    if (timeout_ms && *timeout_ms == 0) {
        handle_timeout(control);
    } else if (timeout_ms) {
        control->timeout = rp_timer_start(*timeout_ms * NS_PER_MS, 0, handle_timeout, control);
        if (!control->timeout) {
            return false;
        }
    }
    if (atomic_load(&control->interrupted)) { /* while there was no store */
        ask_to_stop(control, RP_STOP_INTERRUPT);
    }
    return true;
}

bool rp_run_control_goes_on(struct rp_run_control *control, const rp_outcome *outcome)
{
    rp_store *store = atomic_load(&control->store);
    RP_ASSERT(store);
    if (outcome->kind != RP_OUTCOME_SUSPENDED || outcome->reason != RP_REASON_INTERRUPT ||
        atomic_load(&control->interrupted)) {
        return false;
    }
    if (atomic_load(&control->timed_out)) { /* a tick came between */
        rp_store_interrupt(store, RP_STOP_TIMEOUT);
    } else {
        show_progress(control, store);
    }
    return true;
}

void rp_run_control_finish(struct rp_run_control *control)
{
    rp_timer_stop(control->ticks);
    rp_timer_stop(control->timeout);
    control->ticks = NULL;
    control->timeout = NULL;
    atomic_store(&control->store, NULL);
    rp_process_on_interrupt(NULL);
    rp_run_control_clear_line(control);
    present = NULL;
}
