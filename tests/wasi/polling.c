/* poll: regular files and standard streams are ready, closed descriptors are told of, a timeout
 * ends it (tests). The runner gives it "input\n" as standard input. */
#include "tests/wasi/posix.h"

#include <poll.h>

int main(void)
{
    make_file("f", "0123456789");
    struct pollfd polls[1] = {{.fd = open("f", O_RDWR), .events = POLLIN}};
    check("a file to read", 1, poll(polls, 1, 5000));
    check("a file to read: ready", POLLIN, polls[0].revents & POLLIN);
    check("a file without a timeout", 1, poll(polls, 1, -1));
    check("a file at once", 1, poll(polls, 1, 0));
    polls[0].events = POLLOUT;
    check("a file to write", 1, poll(polls, 1, 5000));
    check("a file to write: ready", POLLOUT, polls[0].revents & POLLOUT);
    polls[0] = (struct pollfd){.fd = 0, .events = POLLIN};
    check("input", 1, poll(polls, 1, 5000));
    check("input: ready", POLLIN, polls[0].revents & POLLIN);
    char line[16] = {0};
    check("reading it", 6, read(0, line, sizeof line));
    check("what it brings", 0, strcmp(line, "input\n"));
    polls[0] = (struct pollfd){.fd = 1, .events = POLLOUT};
    check("output", 1, poll(polls, 1, 5000));
    check("output: ready", POLLOUT, polls[0].revents & POLLOUT);
    polls[0] = (struct pollfd){.fd = 77, .events = POLLIN};
    check("a closed descriptor", 1, poll(polls, 1, 5000));
    check("a closed descriptor: told", POLLNVAL, polls[0].revents & POLLNVAL);
    check("a timeout alone", 0, poll(NULL, 0, 20));
    return check_end();
}
