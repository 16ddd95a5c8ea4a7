/* Computes for ever, or for as many rounds as the argument says: for limits, timeouts and stop
 * requests. */
#include <stdio.h>

static unsigned long read_number(const char *text)
{
    unsigned long value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        value = 10 * value + (unsigned long)(*text - '0');
    }
    return value;
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? read_number(argv[1]) : 0;
    volatile unsigned value = 1;
    for (unsigned long i = 0; rounds == 0 || i < rounds; i++) {
        value = value * 1664525u + 1013904223u;
    }
    printf("%u\n", value);
    return 0;
}
