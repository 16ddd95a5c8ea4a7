/* Programs that check themselves, inside of a sandbox (tests).
 *
 * A check has a name that is its own within the program, an expected and a seen number. One that
 * fails is a line on standard error, `not ok: NAME: expected E, seen S`; run_programs compares
 * these lines with differences.tsv when another engine runs the program. Include posix.h or
 * unstable.h, which say how to print. */
#ifndef RP_TESTS_WASI_CHECK_H
#define RP_TESTS_WASI_CHECK_H

#include <stddef.h>
#include <stdint.h>

static void check_print(const char *text, size_t size);

static unsigned check_failures;

static inline size_t check_length(const char *text)
{
    size_t size = 0;
    while (text[size] != '\0') {
        size++;
    }
    return size;
}

static inline size_t append_text(char *line, size_t at, const char *text)
{
    for (size_t i = 0; i < check_length(text) && at < 400; i++) {
        line[at++] = text[i];
    }
    return at;
}

static inline size_t append_number(char *line, size_t at, int64_t number)
{
    char digits[24];
    size_t count = 0;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0) {
        line[at++] = '-';
    }
    while (count > 0) {
        line[at++] = digits[--count];
    }
    return at;
}

static inline void check(const char *name, int64_t expected, int64_t seen)
{
    char line[512];
    if (expected == seen) {
        return;
    }
    check_failures++;
    size_t at = append_text(line, 0, "not ok: ");
    at = append_text(line, at, name);
    at = append_text(line, at, ": expected ");
    at = append_number(line, at, expected);
    at = append_text(line, at, ", seen ");
    at = append_number(line, at, seen);
    at = append_text(line, at, "\n");
    check_print(line, at);
}

/* The exit code of the program. */
static inline int check_end(void)
{
    return check_failures == 0 ? 0 : 1;
}

#endif
