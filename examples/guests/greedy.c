/* A plug-in that never gives back control. */

#define EXPORT(name) __attribute__((export_name(name)))

static char text[64];

EXPORT("__alloc") void *reserve(unsigned size)
{
    (void)size;
    return text;
}

EXPORT("transform") unsigned long long transform(const char *json, unsigned size)
{
    volatile unsigned turns = size;
    while (json != 0) {
        turns++;
    }
    return 0;
}
