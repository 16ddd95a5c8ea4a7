/* nanosleep, clock_nanosleep, poll and select with a timeout: relative and absolute, on both clocks
 * (tests). */
#include "tests/wasi/posix.h"

#include <poll.h>
#include <sys/select.h>
#include <time.h>

#define MS 1000000LL

static long long now(clockid_t clock)
{
    struct timespec time;
    check("clock_gettime", 0, clock_gettime(clock, &time));
    return time.tv_sec * 1000 * MS + time.tv_nsec;
}

static struct timespec time_of(long long ns)
{
    return (struct timespec){.tv_sec = ns / (1000 * MS), .tv_nsec = (long)(ns % (1000 * MS))};
}

static void check_span(const char *name, long long before, clockid_t clock)
{
    long long span = now(clock) - before;
    check(name, 1, span >= 30 * MS && span < 5000 * MS);
}

static void check_clock(clockid_t clock)
{
    struct timespec time = time_of(30 * MS);
    long long before = now(clock);
    check("clock_nanosleep", 0, clock_nanosleep(clock, 0, &time, NULL));
    check_span("clock_nanosleep: time", before, clock);
    before = now(clock);
    time = time_of(before + 30 * MS);
    check("clock_nanosleep to a time", 0, clock_nanosleep(clock, TIMER_ABSTIME, &time, NULL));
    check_span("clock_nanosleep to a time: time", before, clock);
    time = time_of(before);
    check("clock_nanosleep to the past", 0, clock_nanosleep(clock, TIMER_ABSTIME, &time, NULL));
    time.tv_nsec = 1000000000;
    check("clock_nanosleep with 10^9 ns", EINVAL, clock_nanosleep(clock, 0, &time, NULL));
}

int main(void)
{
    struct timespec time = time_of(30 * MS);
    long long before = now(CLOCK_MONOTONIC);
    check("nanosleep", 0, nanosleep(&time, NULL));
    check_span("nanosleep: time", before, CLOCK_MONOTONIC);
    before = now(CLOCK_REALTIME);
    check("usleep", 0, usleep(30000));
    check_span("usleep: real time", before, CLOCK_REALTIME);
    check_clock(CLOCK_REALTIME);
    check_clock(CLOCK_MONOTONIC);
    before = now(CLOCK_MONOTONIC);
    struct timeval timeout = {0, 30000};
    check("select with nothing but a timeout", 0, select(0, NULL, NULL, NULL, &timeout));
    check_span("select: time", before, CLOCK_MONOTONIC);
    return check_end();
}
