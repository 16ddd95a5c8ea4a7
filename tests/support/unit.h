/* What a cmocka test includes: cmocka with the headers that it needs before it (tests). */
#ifndef RP_TESTS_SUPPORT_UNIT_H
#define RP_TESTS_SUPPORT_UNIT_H

/* The order is cmocka's. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <string.h>

#endif
