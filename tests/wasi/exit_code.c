/* Ends with the code that it is told, in the way that it is told (tests). */
#include "tests/wasi/posix.h"

int main(int argc, char **argv)
{
    int code = argc > 1 ? atoi(argv[1]) : 0;
    if (argc > 2) {
        _Exit(code);
    }
    return code;
}
