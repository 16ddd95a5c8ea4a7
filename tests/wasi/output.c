/* The output limit is met exactly: `output BYTES`, run with --output-max BYTES (tests). */
#include "tests/wasi/posix.h"

int main(int argc, char **argv)
{
    int limit = argc > 1 ? atoi(argv[1]) : 0;
    static char block[65536];
    memset(block, '.', sizeof block);
    int bad = write(1, block, (size_t)(limit - 10)) != limit - 10;
    bad |= write(2, block, 4) != 4;
    bad |= write(1, block, 10) != 6; /* what is left, of both streams */
    bad |= error_of(write(1, block, 1)) != EDQUOT;
    bad |= error_of(write(2, block, 1)) != EDQUOT;
    bad |= write(1, block, 0) != 0;
    return bad;
}
