/* A counter that takes and gives JSON: add({"by":3}) answers {"count":3,"calls":1}. */

#define EXPORT(name) __attribute__((export_name(name)))

static char payload[4096]; /* where the host writes; one execution at a time */
static char answer[96];
static long long count;
static unsigned calls;

EXPORT("__alloc") void *reserve(unsigned size)
{
    if (size > sizeof payload) {
        __builtin_trap();
    }
    return payload;
}

/* The first integer in the text; 1 if there is none. */
static long long find_number(const char *text, unsigned size)
{
    unsigned at = 0;
    while (at < size && (text[at] < '0' || text[at] > '9')) {
        at++;
    }
    if (at == size) {
        return 1;
    }
    int negative = at > 0 && text[at - 1] == '-';
    long long number = 0;
    for (; at < size && text[at] >= '0' && text[at] <= '9'; at++) {
        number = number * 10 + (text[at] - '0');
    }
    return negative ? -number : number;
}

static char *put_text(char *to, const char *text)
{
    while (*text != 0) {
        *to++ = *text++;
    }
    return to;
}

static char *put_number(char *to, long long number)
{
    char digits[20];
    unsigned used = 0;
    unsigned long long rest =
        number < 0 ? 0 - (unsigned long long)number : (unsigned long long)number;
    do {
        digits[used++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0) {
        *to++ = '-';
    }
    while (used > 0) {
        *to++ = digits[--used];
    }
    return to;
}

EXPORT("add") unsigned long long add(const char *text, unsigned size)
{
    count += find_number(text, size);
    calls++;
    char *end = put_text(answer, "{\"count\":");
    end = put_number(end, count);
    end = put_text(end, ",\"calls\":");
    end = put_number(end, calls);
    end = put_text(end, "}");
    return (unsigned long long)(unsigned long)answer << 32 | (unsigned)(end - answer);
}
