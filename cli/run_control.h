/* What may stop a run from outside, and what is shown while it lasts (layer 7): Ctrl-C, the
 * timeout, the progress line.
 *
 * One control exists at a time. Progress needs the store's gas, which only its own thread may read:
 * the ticks of a timer interrupt the run, the line is written, the run goes on. Nothing of this can
 * be seen in a result. */
#ifndef RP_CLI_RUN_CONTROL_H
#define RP_CLI_RUN_CONTROL_H

#include "reprise/wasi.h"

#include <stdatomic.h>

struct rp_timer;

struct rp_run_control {
    _Atomic(rp_store *) store; /* while attached */
    _Atomic(rp_wasi *) wasi;   /* while it is exported */
    atomic_bool interrupted;
    atomic_bool timed_out;
    atomic_bool stop; /* one of both: waiting for input ends */
    atomic_bool line_shown;
    const char *phase; /* what is done before there is a store: "loading" */
    bool shows_progress;
    bool uses_color;
    uint64_t started_ns;
    struct rp_timer *ticks;
    struct rp_timer *timeout;
};

/* Begins a run: interrupts are caught, and if stderr is a terminal, progress is shown from the
 * first second on. */
void rp_run_control_start(struct rp_run_control *control);
/* Begins work without a guest: progress alone, and only if stdout is no terminal too. `phase` says
 * what is done: "validating". */
void rp_run_control_watch(struct rp_run_control *control, const char *phase);
/* The run of this store begins. `timeout_ms` NULL: none. False if the host refuses a timer. */
bool rp_run_control_attach(struct rp_run_control *control, rp_store *store,
                           const uint64_t *timeout_ms);
/* After a stop: true if nothing but progress asked for it, or the stop has to be asked for again:
 * the run is to be resumed. */
bool rp_run_control_goes_on(struct rp_run_control *control, const rp_outcome *outcome);
/* Begins the exports of a run that is over: an interrupt stops them. Ended by finish. */
void rp_run_control_start_export(struct rp_run_control *control, rp_wasi *wasi);
/* Ends what attach began; interrupts are as at the process's start. */
void rp_run_control_finish(struct rp_run_control *control);
/* Takes the progress line off the terminal, before anything else is written to it. */
void rp_run_control_clear_line(struct rp_run_control *control);
/* The same for whatever control there is, if any. */
void rp_run_control_clear_present(void);

#endif
