/* A plug-in that computes with floats, which the host's policy refuses. */

#define EXPORT(name) __attribute__((export_name(name)))

static char text[4096];

EXPORT("__alloc") void *reserve(unsigned size)
{
    return size > sizeof text ? (void *)0 : text;
}

EXPORT("transform") unsigned long long transform(char *json, unsigned size)
{
    double half = size * 0.5;
    return (unsigned long long)(unsigned long)json << 32 | (unsigned)half;
}
