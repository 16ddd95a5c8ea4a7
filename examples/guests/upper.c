/* A plug-in: `transform` takes a JSON string and gives it back in capitals. */

#define EXPORT(name) __attribute__((export_name(name)))

__attribute__((import_module("host"), import_name("log"))) void host_log(int number);

static char text[4096];

EXPORT("__alloc") void *reserve(unsigned size)
{
    if (size > sizeof text) {
        __builtin_trap();
    }
    return text;
}

EXPORT("transform") unsigned long long transform(char *json, unsigned size)
{
    for (unsigned i = 1; i < size; i++) {
        if (json[i - 1] != '\\' && json[i] >= 'a' && json[i] <= 'z') {
            json[i] = (char)(json[i] - 'a' + 'A');
        }
    }
    host_log((int)size);
    return (unsigned long long)(unsigned long)json << 32 | size;
}
