/* wasi_unstable: subscriptions of 56 bytes, on both clocks and on descriptors (tests). */
#include "tests/wasi/unstable.h"

#define MS UINT64_C(1000000)

static struct subscription on_clock(uint32_t clock, uint64_t timeout, uint16_t flags)
{
    struct subscription subscription = {.userdata = 1000 + clock, .type = EVENT_CLOCK};
    subscription.of.clock.identifier = UINT64_C(0xeeeeeeeeeeeeeeee);
    subscription.of.clock.id = clock;
    subscription.of.clock.timeout = timeout;
    subscription.of.clock.flags = flags;
    return subscription;
}

static uint64_t now(uint32_t clock)
{
    uint64_t time = 0;
    check("clock_time_get", 0, clock_time_get(clock, 1, &time));
    return time;
}

static void check_clock(uint32_t clock)
{
    struct event event;
    uint32_t count = 0;
    uint64_t before = now(clock);
    struct subscription relative = on_clock(clock, 20 * MS, 0);
    check("relative", 0, poll_oneoff(&relative, &event, 1, &count));
    check("relative: events", 1, count);
    check("relative: userdata", 1000 + (int64_t)clock, (int64_t)event.userdata);
    check("relative: error", 0, event.error);
    check("relative: type", EVENT_CLOCK, event.type);
    check("relative: long enough", 1, now(clock) - before >= 20 * MS);
    check("relative: not too long", 1, now(clock) - before < 5000 * MS);
    before = now(clock);
    struct subscription absolute = on_clock(clock, before + 20 * MS, 1);
    check("absolute", 0, poll_oneoff(&absolute, &event, 1, &count));
    check("absolute: long enough", 1, now(clock) - before >= 20 * MS);
    check("absolute: not too long", 1, now(clock) - before < 5000 * MS);
    absolute = on_clock(clock, before, 1);
    check("in the past", 0, poll_oneoff(&absolute, &event, 1, &count));
    check("in the past: events", 1, count);
}

static void check_descriptors(void)
{
    uint32_t fd = make_file("f", "0123456789");
    struct subscription subscriptions[3] = {
        {.userdata = 7, .type = EVENT_READ, .of.fd = fd},
        {.userdata = 8, .type = EVENT_WRITE, .of.fd = 1},
        on_clock(1, 60000 * MS, 0),
    };
    struct event events[3];
    uint32_t count = 0;
    uint64_t at = 0;
    check("seek", 0, fd_seek(fd, 4, WHENCE_SET, &at));
    check("poll", 0, poll_oneoff(subscriptions, events, 3, &count));
    check("poll: events", 2, count);
    check("poll: userdata of the file", 7, (int64_t)events[0].userdata);
    check("poll: type of the file", EVENT_READ, events[0].type);
    check("poll: error of the file", 0, events[0].error);
    check("poll: bytes of the file", 6, (int64_t)events[0].bytes);
    check("poll: userdata of output", 8, (int64_t)events[1].userdata);
    check("poll: type of output", EVENT_WRITE, events[1].type);
    subscriptions[0].of.fd = CLOSED;
    check("poll of a closed descriptor", 0, poll_oneoff(subscriptions, events, 1, &count));
    check("poll of a closed descriptor: error", ERROR_BADF, events[0].error);
    check("poll of nothing", ERROR_INVAL, poll_oneoff(subscriptions, events, 0, &count));
}

static void run(void)
{
    check_clock(0);
    check_clock(1);
    check_descriptors();
}
