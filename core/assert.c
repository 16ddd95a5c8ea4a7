/* What a failed assertion does (layer 0). */
#include "core/assert.h"

#include <stdio.h>
#include <stdlib.h>

void rp_assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "reprise: %s:%d: assertion failed: %s\nThis is a bug in Reprise.\n", file, line,
            condition);
    abort();
}
